"""The two lists that are compared, as the frames of their runs, and which pupils and schools stand in both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pumpurs_risk.model import AdditiveModel
from pumpurs_risk.monitoring.noise import Bools, Ints
from pumpurs_risk.monitoring.result import Compared

CONTEXT = {
    "pupil_id", "school_id", "class_id", "level", "programme", "age", "first_year", "days_known", "semester", "as_of",
    "unexcused_raw", "unexcused_semester", "open_raw",
}  # fmt: skip


@dataclass(frozen=True)
class MadeList:
    """One finished list: what was known, what was said, what staff decided on it.

    Parameters
    ----------
    as_of : datetime.date
        Its day.
    factors, flags : pandas.DataFrame
        The factor table and the flags; ``pupil_id`` and ``school_id`` in both.
    model : AdditiveModel
        As it scored.
    digest : str
        Of the model's file; empty if it was never written, then the models themselves are compared.
    decisions : pandas.DataFrame
        ``pupil_id``, ``decision``: what is known to have been decided on this list or before.
    added : pandas.DataFrame
        ``school_id``, ``pupil_id`` (may be empty): whom staff added to this list.
    titles : mapping of str to str
        Names of schools by id.
    threshold : float
        Risk that counts as "above".
    made_up : bool
        Whether its pupils, or those its model learned from, do not exist.
    """

    as_of: dt.date
    factors: pd.DataFrame
    flags: pd.DataFrame
    model: AdditiveModel
    digest: str = ""
    decisions: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"pupil_id": [], "decision": []}, dtype="str"))
    added: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"school_id": [], "pupil_id": []}, dtype="str"))
    titles: Mapping[str, str] = field(default_factory=dict)
    threshold: float = 0.10
    made_up: bool = False

    @property
    def semester(self) -> str:
        """Semester that most pupils' counts cover; empty if not known."""
        if "semester" not in self.factors:
            return ""
        named = self.factors["semester"].dropna()
        named = named[named.astype(str) != ""]
        return str(named.mode().iloc[0]) if len(named) else ""


@dataclass(frozen=True)
class Aligned:
    """Both lists' pupils under one numbering.

    Parameters
    ----------
    first, second : ndarray of int, shape (pupils,)
        Row of each pupil in the first and in the second list's frames, -1 where not in it.
    schools : tuple of str
        Schools of both lists in the order of their ids.
    first_school, second_school : ndarray of int, shape (pupils,)
        Position in `schools`, -1 where not in the list.
    common : ndarray of bool, shape (schools,)
        Schools that are in both lists.
    """

    first: Ints
    second: Ints
    schools: tuple[str, ...]
    first_school: Ints
    second_school: Ints
    common: Bools

    @classmethod
    def of(cls, first: MadeList, second: MadeList) -> Aligned:
        """Number the pupils of two lists."""
        one, two = first.factors, second.factors
        ids = pd.Index(one["pupil_id"].astype(str)).union(pd.Index(two["pupil_id"].astype(str)), sort=False)
        rows = [pd.Index(frame["pupil_id"].astype(str)).get_indexer(ids) for frame in (one, two)]
        named = [pd.factorize(frame["school_id"].astype(str), sort=True) for frame in (one, two)]
        schools = np.union1d(*(np.asarray(names, dtype=object) for _, names in named))
        codes = [np.searchsorted(schools, np.asarray(names, dtype=object))[code] for code, names in named]
        placed = [
            np.where(row >= 0, code[row], -1) if len(code) else row for row, code in zip(rows, codes, strict=True)
        ]
        there = [np.bincount(code, minlength=len(schools)) > 0 for code in codes]
        common = there[0] & there[1]
        return cls(rows[0], rows[1], tuple(schools.tolist()), placed[0], placed[1], common)

    @property
    def in_both(self) -> Bools:
        """Pupils of both lists."""
        return np.asarray((self.first >= 0) & (self.second >= 0))

    def within_common(self) -> Aligned:
        """Leave out whoever is, in a list, in a school that the other list does not have."""
        first = np.where((self.first >= 0) & self.common[self.first_school], self.first, -1)
        second = np.where((self.second >= 0) & self.common[self.second_school], self.second, -1)
        return Aligned(
            first, second, self.schools, np.where(first >= 0, self.first_school, -1),
            np.where(second >= 0, self.second_school, -1), self.common,
        )  # fmt: skip


def factor_names(first: MadeList, second: MadeList) -> list[str]:
    """Factors of both tables, in the second's order."""
    return [str(name) for name in second.factors if name not in CONTEXT and name in first.factors]


def compared(first: MadeList, second: MadeList, aligned: Aligned) -> Compared:
    """Say which lists are compared, and what makes them hard to compare."""
    schools = np.array(aligned.schools, dtype=object)
    codes = (aligned.first_school, aligned.second_school)
    in_first, in_second = (np.bincount(code[code >= 0], minlength=len(schools)) > 0 for code in codes)
    halves = [made.semester.rpartition("-")[2] for made in (first, second)]
    versions = [{shape.factor: shape.version for shape in made.model.shapes} for made in (first, second)]
    same = first.digest == second.digest if first.digest and second.digest else first.model == second.model
    return Compared(
        first_as_of=first.as_of.isoformat(),
        second_as_of=second.as_of.isoformat(),
        first_semester=first.semester,
        second_semester=second.semester,
        first_pupils=len(first.factors),
        second_pupils=len(second.factors),
        in_both=int(aligned.in_both.sum()),
        schools_in_both=tuple(schools[in_first & in_second]),
        schools_left=tuple(schools[in_first & ~in_second]),
        schools_joined=tuple(schools[~in_first & in_second]),
        season="unknown" if not all(halves) else ("same" if halves[0] == halves[1] else "other"),
        first_model=first.model.name,
        second_model=second.model.name,
        same_model=same,
        redefined=tuple(f for f, v in versions[1].items() if versions[0].get(f, v) != v),
    )

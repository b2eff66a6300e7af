"""`PlanFrames`: what is known of pupils, as a plan needs it; frames only, never a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

Row = Any
"""A row of a frame, by attribute."""
Rows = dict[str, list[Row]]
DISMISSED, CONFIRMED = "dismissed", "confirmed"


def _empty(*columns: str) -> Callable[[], pd.DataFrame]:
    return lambda: pd.DataFrame({name: pd.Series(dtype=object) for name in columns})


class Pupil(NamedTuple):
    """All that is known of one pupil, rows as named tuples."""

    flag: Row
    facts: Row
    """Row of the factor table."""
    reasons: list[Row]
    evidence: list[Row]
    questions: list[Row]
    signals: list[Row]
    why_added: str | None
    """What staff wrote when they added the pupil; None if they did not."""
    since: dict[str, Any]
    """Day (ISO text) of an earlier list that named a construct, by construct; empty if there was none."""
    on_earlier_list: bool


@dataclass(frozen=True, eq=False)
class PlanFrames:
    """The tables of a scored semester that a plan is drafted from.

    Parameters
    ----------
    flags, reasons, factors, evidence, questions, signals : pandas.DataFrame
        As `flag`, `reasons` (with ``details=True`` further factors are told as well), `factor_table`, `evidence`,
        `questions` and `signals` give them.
    schools : pandas.DataFrame
        ``school_id``, ``title``, ``municipality``.
    offers : pandas.DataFrame
        ``school_id``, ``measure``, ``role``, ``places``: what a school can give. Of a school without a row it is unknown.
    decisions, added : pandas.DataFrame
        What staff decided (``pupil_id``, ``decision``) and whom they added (``pupil_id``, ``why``).
    earlier_reasons : pandas.DataFrame
        ``pupil_id``, ``construct``, ``as_of`` of risks that earlier lists told; a row without a construct says that the
        pupil was scored then.
    """

    flags: pd.DataFrame
    reasons: pd.DataFrame
    factors: pd.DataFrame
    evidence: pd.DataFrame = field(default_factory=_empty("pupil_id", "factor"))
    questions: pd.DataFrame = field(default_factory=_empty("pupil_id", "factor"))
    signals: pd.DataFrame = field(default_factory=_empty("pupil_id", "signal"))
    schools: pd.DataFrame = field(default_factory=_empty("school_id", "title", "municipality"))
    offers: pd.DataFrame = field(default_factory=_empty("school_id", "measure", "role", "places"))
    decisions: pd.DataFrame = field(default_factory=_empty("pupil_id", "decision"))
    added: pd.DataFrame = field(default_factory=_empty("pupil_id", "why"))
    earlier_reasons: pd.DataFrame = field(default_factory=_empty("pupil_id", "construct", "as_of"))

    def dismissed(self) -> set[str]:
        """Pupils whom staff dismissed."""
        ids = set(self.decisions.loc[self.decisions["decision"] == DISMISSED, "pupil_id"])
        if "set_aside" in self.flags:
            ids |= set(self.flags.loc[self.flags["set_aside"].astype(bool), "pupil_id"])
        return ids

    def by_people(self) -> set[str]:
        """Pupils whom staff confirmed or added."""
        confirmed = set(self.decisions.loc[self.decisions["decision"] == CONFIRMED, "pupil_id"])
        added = set(self.added["pupil_id"].dropna())
        if "added" in self.flags:
            added |= set(self.flags.loc[self.flags["added"].astype(bool), "pupil_id"])
        return (confirmed | added) - {""}

    def pupils(self, ids: set[str]) -> list[Pupil]:
        """Put together what is known of some pupils, in the order of `flags`."""
        flags = self.flags[self.flags["pupil_id"].isin(ids)]
        tables = {
            name: rows_by_pupil(frame, ids)
            for name, frame in (
                ("reasons", self.reasons), ("evidence", self.evidence), ("questions", self.questions),
                ("signals", self.signals), ("factors", self.factors), ("earlier", self.earlier_reasons),
            )
        }  # fmt: skip
        why = dict(zip(self.added["pupil_id"], self.added["why"], strict=True))
        found = []
        for flag in flags.itertuples(index=False):
            pupil = str(flag.pupil_id)
            earlier = tables["earlier"].get(pupil, [])
            since: dict[str, Any] = {}
            for row in earlier:
                day = str(row.as_of)[:10]
                since[row.construct] = min(day, since.get(row.construct, day))
            found.append(
                Pupil(
                    flag=flag,
                    facts=tables["factors"][pupil][0],
                    reasons=tables["reasons"].get(pupil, []),
                    evidence=tables["evidence"].get(pupil, []),
                    questions=tables["questions"].get(pupil, []),
                    signals=tables["signals"].get(pupil, []),
                    why_added=None if pupil not in why else str(why[pupil] or ""),
                    since=since,
                    on_earlier_list=bool(earlier),
                )
            )
        return found

    @cached_property
    def titles(self) -> dict[str, tuple[str, str]]:
        """Title and municipality of every school."""
        rows = self.schools.itertuples(index=False)
        return {str(row.school_id): (_text(row.title) or str(row.school_id), _text(row.municipality)) for row in rows}


def rows_by_pupil(frame: pd.DataFrame, ids: set[str]) -> Rows:
    """Give the rows of some pupils, by pupil, in the frame's order."""
    rows: Rows = {}
    for row in frame[frame["pupil_id"].isin(ids)].itertuples(index=False):
        rows.setdefault(str(row.pupil_id), []).append(row)
    return rows


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

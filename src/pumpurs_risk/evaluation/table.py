"""From records, or from a training table, to the rows that are learned from and the rows that judge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pumpurs_risk.errors import EvaluationError
from pumpurs_risk.evaluation.figures.ranking import Floats
from pumpurs_risk.evaluation.refusals import AccountError, check_names
from pumpurs_risk.evaluation.temporal import as_days
from pumpurs_risk.flags import FlagPolicy
from pumpurs_risk.model.inputs import as_frame

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class StackedRows:
    """Rows of several days, one below the other.

    Parameters
    ----------
    X : pandas.DataFrame, n rows
        What was known.
    y, weight : ndarray of float, shape (n,)
        1 left, 0 stayed, NaN not known; weight of each row.
    pupil : ndarray of object, shape (n,)
        Whose row it is; the row's own number where nobody says.
    pupils_given : bool
        Whether somebody says.
    day : ndarray of datetime64, shape (n,)
        Day of the list; NaT where the table has no days.
    school : ndarray of object, shape (n,)
        Its school; the same for all where the table has none.
    repeated : int
        Rows that said the same of the same pupil and day once more, and were left out.
    """

    X: pd.DataFrame
    y: Floats
    weight: Floats
    pupil: NDArray[np.object_]
    pupils_given: bool
    day: NDArray[np.datetime64]
    school: NDArray[np.object_]
    repeated: int = 0

    @property
    def days(self) -> tuple[dt.date, ...]:
        """Days of the rows, in order."""
        known = np.unique(self.day[~np.isnat(self.day)])
        return tuple(day.astype("datetime64[D]").astype(object) for day in known)

    def on(self, days: Sequence[dt.date]) -> Rows:
        """Rows of these days."""
        return np.flatnonzero(np.isin(self.day, np.array(days, dtype="datetime64[D]").astype(self.day.dtype)))


def stacked_rows(
    records_or_table: Any,
    days: Sequence[dt.date],
    horizon: str,
    *,
    outcomes: Any = None,
    follow_up: Any = None,
    pos_label: Any = None,
    catalogue: Catalogue | None = None,
) -> StackedRows:
    """Make rows of records, or take a table (X, y, weight, groups) as it is.

    Parameters
    ----------
    records_or_table : SchoolRecords, or tuple
        Of a tuple everything after y may be left out or None.
    days : sequence of datetime.date
        For records.
    horizon : str
        For records.
    outcomes, follow_up
        For records, as in `training_table_of`.
    pos_label : optional
        Which label of y means that a pupil left.
    catalogue : Catalogue, optional
        The shipped one by default.

    Returns
    -------
    StackedRows

    Raises
    ------
    EvaluationError
        If a tuple does not fit together, labels cannot be read, or rows of one pupil and day contradict each other.
    RecordsError
        As from `training_table_of`.
    """
    from pumpurs_risk.records.school_records import SchoolRecords

    if isinstance(records_or_table, SchoolRecords):
        from pumpurs_risk.factors import training_table_of

        if not days:
            raise EvaluationError("evaluation_days")
        table: Any = training_table_of(
            records_or_table, days, horizon, outcomes=outcomes, follow_up=follow_up, catalogue=catalogue
        )
    else:
        table = records_or_table
    given = (*table, None, None)[:4] if isinstance(table, tuple | list) else ()
    if len(given) < 4 or given[0] is None or given[1] is None:
        raise EvaluationError("evaluation_table", rows="?", outcomes="?")
    X = as_frame(given[0]).reset_index(drop=True)
    y = outcomes_of(given[1], pos_label)
    if len(X) != len(y) or not len(X):
        raise EvaluationError("evaluation_table", rows=len(X), outcomes=len(y))
    weight = np.ones(len(X)) if given[2] is None else np.asarray(given[2], dtype=float)
    pupils = given[3] if given[3] is not None else X.get("pupil_id")
    pupil = np.asarray(np.arange(len(X)) if pupils is None else pupils, dtype=object)
    day = (
        pd.to_datetime(X["as_of"]).to_numpy(dtype="datetime64[D]") if "as_of" in X else np.full(len(X), "NaT", "M8[D]")
    )
    school = X["school_id"].astype(object).where(X["school_id"].notna(), "") if "school_id" in X else [""] * len(X)
    rows = StackedRows(X, y, weight, pupil, pupils is not None, day, np.asarray(school, dtype=object))
    return _once(rows) if rows.pupils_given and rows.days else rows


def _once(rows: StackedRows) -> StackedRows:
    """Leave out rows that repeat what is said of a pupil on a day; refuse those that contradict each other."""
    keys = pd.DataFrame({"pupil": rows.pupil.astype(str), "day": rows.day})
    several = np.flatnonzero(keys.duplicated(keep=False).to_numpy() & ~np.isnat(rows.day))
    if not len(several):
        return rows
    of_pupil = keys.iloc[several].groupby(["pupil", "day"]).ngroup().to_numpy()
    X = rows.X.iloc[several]
    said = pd.DataFrame({"y": rows.y[several], "school": rows.school[several].astype(str)})
    said = pd.concat(
        [said, *(X[name].astype(str).reset_index(drop=True).rename(i) for i, name in enumerate(X))], axis=1
    )
    said.insert(0, "of_pupil", of_pupil)
    kinds = said[~said.duplicated()].groupby("of_pupil").size()
    if (kinds > 1).any():
        count = int((kinds > 1).sum())
        raise AccountError("contradicting_rows", count=count, n=count)
    again = np.zeros(len(rows.y), dtype=bool)
    again[several] = pd.Series(of_pupil).duplicated().to_numpy()
    kept = np.flatnonzero(~again)
    return StackedRows(
        rows.X.iloc[kept].reset_index(drop=True),
        rows.y[kept],
        rows.weight[kept],
        rows.pupil[kept],
        rows.pupils_given,
        rows.day[kept],
        rows.school[kept],
        int(again.sum()),
    )


def outcomes_of(y: Any, pos_label: Any = None) -> Floats:
    """Read outcomes as 1, 0 and NaN.

    Parameters
    ----------
    y : array-like, shape (n,)
        Numbers, booleans, or two labels.
    pos_label : optional
        Which label means that a pupil left.

    Returns
    -------
    ndarray of float, shape (n,)

    Raises
    ------
    EvaluationError
        If it cannot be told which of the labels it is.

    Examples
    --------
    >>> outcomes_of(["out", "in", None], pos_label="out").tolist()
    [1.0, 0.0, nan]
    """
    values = np.asarray(y, dtype=object).ravel()
    known = ~pd.isna(values)
    labels = list(pd.unique(pd.Series(values[known], dtype=object)))
    found = np.full(len(values), np.nan)
    if pos_label is not None:
        if pos_label not in labels or len(labels) > 2:
            raise EvaluationError("evaluation_labels", labels=", ".join(map(repr, labels[:5])))
        found[known] = values[known] == pos_label
    elif all(not isinstance(label, str) and label in (0, 1) for label in labels):
        found[known] = values[known].astype(float)
    else:
        raise EvaluationError("evaluation_labels", labels=", ".join(map(repr, labels[:5])))
    return found


def places_of(
    rows: StackedRows, at: Rows, places: Any, policy: FlagPolicy | None, schools: pd.DataFrame | None
) -> tuple[NDArray[np.int64], Floats]:
    """Say of each row which list it is on, one school on one day, and its places, never more than its roll.

    Parameters
    ----------
    rows : StackedRows
    at : ndarray of int, shape (m,)
        The rows in question.
    places : int, mapping of school to int, or None
        Stronger than the policy's, which are stronger than the schools' own.
    policy : FlagPolicy, optional
        Share of the roll where nobody states places.
    schools : pandas.DataFrame, optional
        school_id and places, as records have them.

    Returns
    -------
    lists, places : ndarray, shape (m,)

    Raises
    ------
    EvaluationError
        If places are no whole numbers from 0, or are stated for a school that nobody knows.
    """
    policy = policy or FlagPolicy()
    if isinstance(places, Mapping):
        known_schools = () if schools is None else schools["school_id"]
        check_names("schools", places, [*np.unique(rows.school.astype(str)), *known_schools])
        places = {str(school): number for school, number in places.items()}
    stated: Any = places if places is not None else policy.places
    if (stated is None or isinstance(stated, Mapping)) and schools is not None and "places" in schools:
        known = schools[schools["places"].notna()]
        own = {str(s): int(n) for s, n in zip(known["school_id"], known["places"], strict=True)}
        stated = own | dict(stated or {})
    try:
        policy = FlagPolicy(places=stated, share_of_roll=policy.share_of_roll)
    except Exception as error:  # the policy's refusal speaks of lists; here it is about judging
        raise EvaluationError("evaluation_places", places=str(stated)) from error
    keys = pd.MultiIndex.from_arrays([rows.day[at], rows.school[at].astype(str)])
    lists, names = pd.factorize(keys, sort=True)
    rolls = np.bincount(lists, minlength=len(names))
    each = [min(policy.places_of(str(name[1]), int(roll)), int(roll)) for name, roll in zip(names, rolls, strict=True)]
    return lists.astype(np.int64), np.array(each, dtype=float)[lists]


def school_list(previous: Any, pupil: NDArray[np.object_], day: NDArray[np.datetime64]) -> Floats:
    """1 for the rows of pupils on a list that a school had, else 0.

    Parameters
    ----------
    previous : table, or mapping of day to pupil_ids
        pupil_id, and as_of if it is a list of one day alone; a column ``listed`` or ``decision`` says which rows count.
    pupil, day : ndarray, shape (n,)
        Of the rows.

    Returns
    -------
    ndarray of float, shape (n,)
    """
    if isinstance(previous, Mapping) and "pupil_id" not in previous:
        previous = pd.DataFrame(
            [{"pupil_id": one, "as_of": each} for each, ids in previous.items() for one in ids],
            columns=["pupil_id", "as_of"],
        )
    frame = as_frame(previous)
    if "listed" in frame:
        frame = frame[frame["listed"].astype(bool)]
    if "decision" in frame:
        frame = frame[frame["decision"].isin(["confirmed", "added"])]
    if "as_of" not in frame:
        return np.isin(pupil.astype(str), frame["pupil_id"].astype(str).to_numpy()).astype(float)
    listed = pd.MultiIndex.from_arrays(
        [frame["pupil_id"].astype(str), pd.to_datetime(frame["as_of"]).to_numpy(dtype="datetime64[D]")]
    )
    asked = pd.MultiIndex.from_arrays([pupil.astype(str), day])
    return asked.isin(listed).astype(float)


def staff_decisions(records: Any, days: Sequence[dt.date], catalogue: Catalogue) -> pd.DataFrame:
    """Pupils whom staff confirmed or added in the semester of each day's list: pupil_id, as_of.

    Parameters
    ----------
    records : SchoolRecords
    days : sequence of datetime.date
        Days of the lists.
    catalogue : Catalogue
        Its calendar says which semester a day is in.

    Returns
    -------
    pandas.DataFrame
        Without rows where there are no decisions.
    """
    import narwhals as nw

    from pumpurs_risk.factors.engines import Engine, to_pandas

    empty = pd.DataFrame(columns=["pupil_id", "as_of"])
    if records.tables.get("decisions") is None:
        return empty
    types = dict.fromkeys(("pupil_id", "semester", "decision"), nw.String)
    with Engine.of(records) as engine:
        found = to_pandas(engine.arrow(engine.enter(records.tables["decisions"], types)))
    found = found[found["decision"].isin(["confirmed", "added"])]
    semester_of = {catalogue.calendar.semester_of(day): day for day in as_days(days)}
    found = found.assign(as_of=found["semester"].map(semester_of)).dropna(subset=["as_of"])
    return found[["pupil_id", "as_of"]].drop_duplicates() if len(found) else empty

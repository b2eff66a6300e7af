"""Accounts for every row and pupil: who is in scope, and how many rows were used, not used and rejected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.locale import date_text, text
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.uniting.event_tables import NOT_USED, REJECTED, USED, EventTable
from pumpurs_risk.records.uniting.sorting import SortedTable

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

SHEET_TABLE = "sheet"
"""What a factor sheet is called among the counts."""
OUT_OF_SCOPE_COLUMNS = ("pupil_id", "school_id", "class_id", "reason")


def scope_of(catalogue: Catalogue, lower_grades: bool = False) -> dict[str, tuple[float, float]]:
    """Lowest and highest level that lists are about, by programme.

    Parameters
    ----------
    catalogue : Catalogue
        Whose support programme says it.
    lower_grades : bool
        Whether the levels that are looked at on request are among them.
    """
    programme = catalogue.programme
    found: dict[str, tuple[float, float]] = {}
    for name, (low, high) in programme.scope.items():
        on_request = programme.on_request.get(name) if lower_grades else None
        found[name] = (min(low, on_request[0]), max(high, on_request[1])) if on_request else (low, high)
    return found


def split_scope(
    rows: pd.DataFrame, catalogue: Catalogue, lang: str, lower_grades: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split off the pupils whose level the programme does not look at; an unknown level stays in.

    Parameters
    ----------
    rows : pandas.DataFrame
        With pupil_id, school_id, class_id, programme, level.
    catalogue : Catalogue
        Whose support programme says which levels are looked at.
    lang : {"lv", "en"}
        Language of the reason.
    lower_grades : bool
        Whether the levels that are looked at on request are in scope.

    Returns
    -------
    inside : pandas.DataFrame
        Rows in scope.
    outside : pandas.DataFrame
        pupil_id, school_id, class_id, reason; one row per pupil who has no row in scope.
    """
    outside = np.zeros(len(rows), bool)
    reason = np.full(len(rows), "", dtype=object)
    level = rows["level"].to_numpy()
    for name, (lowest, highest) in scope_of(catalogue, lower_grades).items():
        mine = (rows["programme"] == name).to_numpy() & ((level < lowest) | (level > highest))
        outside |= mine
        for value in np.unique(level[mine]):
            said = text(f"problems.out_of_scope.{name}", lang, level=int(value), low=lowest, high=highest)
            reason[mine & (level == value)] = said
    left = rows.loc[~outside]
    out = rows.loc[outside, ["pupil_id", "school_id", "class_id"]].assign(reason=reason[outside])
    if len(out):
        out = out[~out["pupil_id"].isin(set(left["pupil_id"]))].drop_duplicates("pupil_id", ignore_index=True)
    return left, out[list(OUT_OF_SCOPE_COLUMNS)]


def split_later(rows: pd.DataFrame, day: np.datetime64 | None, lang: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split off the rows that speak of a later day than the list's.

    Parameters
    ----------
    rows : pandas.DataFrame
        With pupil_id, school_id, class_id, as_of.
    day : numpy.datetime64 or None
        The list's day; None where nobody stated one, so that no row is later.
    lang : {"lv", "en"}
        Language of the reason.

    Returns
    -------
    told : pandas.DataFrame
        Rows up to the day, and those without one.
    later : pandas.DataFrame
        pupil_id, school_id, class_id, reason; one row per pupil who has no other row.
    """
    late = np.zeros(len(rows), bool) if day is None else (rows["as_of"] > day).to_numpy(dtype=bool)
    told = rows.loc[~late]
    said = "" if day is None else date_text(dt.date.fromisoformat(str(day)), lang)
    reason = text("problems.out_of_scope.later", lang, day=said)
    later = rows.loc[late & ~rows["pupil_id"].isin(told["pupil_id"]), ["pupil_id", "school_id", "class_id"]]
    return told, later.drop_duplicates("pupil_id", ignore_index=True).assign(reason=reason)


def rows_left_out(raw: RawTable) -> int:
    """Count the rows of the file that the mapping left out, or brought together with another row of the same pupil."""
    counts = {notice.code: notice for notice in raw.notices}
    gone = 0
    if "mapping.rows_left_out" in counts:
        gone += int(counts["mapping.rows_left_out"].value)
    if "mapping.rows_grouped" in counts:
        gone += int(counts["mapping.rows_grouped"].detail) - int(counts["mapping.rows_grouped"].value)
    return gone


def count_rows(counted_already: Iterable[RowCount], events: Iterable[EventTable]) -> list[tuple[Any, ...]]:
    """Count per school, file and table: rows in = used + not used + rejected.

    Parameters
    ----------
    counted_already : iterable of RowCount
        The factor sheets, and the copies of files.
    events : iterable of EventTable
        The event tables, every row's state settled.

    Returns
    -------
    list of tuple
        In the order of ``report.COUNT_COLUMNS``.
    """
    by_place: dict[tuple[str, str, str, str], np.ndarray[Any, Any]] = {}

    def add(school_id: str, raw: RawTable, table: str, counted: Any) -> None:
        place = (school_id, raw.file, raw.sheet, table)
        by_place[place] = by_place.get(place, np.zeros(3, np.int64)) + counted

    for table, name, school_id, state in [
        *((each.table, each.table.name or SHEET_TABLE, each.school_id, each.state) for each in counted_already),
        *((each.sorted, each.name, each.school_id, each.state) for each in events),
    ]:
        code, schools = pd.factorize(school_id)
        sizes = np.bincount(code * 3 + state, minlength=3 * max(len(schools), 1)).reshape(-1, 3)
        sizes[0] += (table.unfit, rows_left_out(table.raw), 0)
        for school, counted in zip(list(schools) or [table.school_id], sizes, strict=True):
            add(str(school), table.raw, name, counted)
    return [
        (*place, int(counted.sum()), int(counted[USED]), int(counted[NOT_USED]), int(counted[REJECTED]))
        for place, counted in by_place.items()
    ]


@dataclass(frozen=True)
class RowCount:
    """What became of the rows of one table.

    Parameters
    ----------
    table : SortedTable
        The table.
    school_id : numpy.ndarray of object, shape (n,)
        School of each row.
    state : numpy.ndarray of int8, shape (n,)
        As ``EventTable.state``.
    """

    table: SortedTable
    school_id: np.ndarray[Any, Any]
    state: np.ndarray[Any, Any]

    @classmethod
    def of(cls, table: SortedTable, school_id: np.ndarray[Any, Any], kept: Any, used: Any) -> RowCount:
        """Count a sheet of which some rows are somebody's, and some of these stand on the united sheet."""
        state = np.full(len(school_id), REJECTED, np.int8)
        state[kept] = NOT_USED
        state[used] = USED
        return cls(table, school_id, state)

    @classmethod
    def unused(cls, table: SortedTable) -> RowCount:
        """Count a table of which nothing is used."""
        size = len(table.raw.rows)
        return cls(table, np.full(size, table.school_id, dtype=object), np.full(size, NOT_USED, np.int8))

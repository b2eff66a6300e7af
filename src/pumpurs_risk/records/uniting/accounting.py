"""Accounts for every row and pupil: who is in scope, and how many rows were used, not used and rejected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.locale import date_text, text
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.uniting.rows import TABLE
from pumpurs_risk.records.validation.report import ProblemLog

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

OUT_OF_SCOPE_COLUMNS = ("pupil_id", "school_id", "class_id", "reason")


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
    programme = catalogue.programme
    outside = np.zeros(len(rows), bool)
    reason = np.full(len(rows), "", dtype=object)
    level = rows["level"].to_numpy()
    for name, (low, high) in programme.scope.items():
        on_request = programme.on_request.get(name) if lower_grades else None
        lowest, highest = (min(low, on_request[0]), max(high, on_request[1])) if on_request else (low, high)
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


def count_rows(
    tables: Sequence[RawTable], rows: pd.DataFrame, used: pd.DataFrame, log: ProblemLog
) -> list[tuple[Any, ...]]:
    """Count per school and table: rows in = used + not used + rejected.

    Parameters
    ----------
    tables : sequence of RawTable
        In the order that ``_table`` of the rows names.
    rows, used : pandas.DataFrame
        All rows that are somebody's; those of them that stand in the sheet. With ``_table`` and ``school_id``.
    log : ProblemLog
        Knows the rejected rows.

    Returns
    -------
    list of tuple
        In the order of ``report.COUNT_COLUMNS``.
    """
    rejected = log.rejected_rows()
    by_place: dict[tuple[str, str, str], list[int]] = {}
    n_used = _sizes(used)
    for (number, school_id), n in _sizes(rows).items():
        raw = tables[number]
        in_use = n_used.get((number, school_id), 0)
        by_place[raw.file, raw.sheet, school_id] = [in_use, n - in_use]
    for raw in tables:
        first = next((place for place in (*by_place, *rejected) if place[:2] == (raw.file, raw.sheet)), None)
        if first is not None:
            by_place.setdefault(first, [0, 0])[1] += rows_left_out(raw)
    counts = []
    for place in dict.fromkeys((*by_place, *rejected)):
        in_use, not_used = by_place.get(place, [0, 0])
        file, sheet, school_id = place
        n_rejected = rejected.get(place, 0)
        counts.append((school_id, file, sheet, in_use + not_used + n_rejected, in_use, not_used, n_rejected))
    return counts


def _sizes(rows: pd.DataFrame) -> Mapping[tuple[int, str], int]:
    sizes = rows.groupby([TABLE, "school_id"], sort=False).size()
    pairs = zip(sizes.index.get_level_values(0), sizes.index.get_level_values(1), sizes.tolist(), strict=True)
    return {(int(number), str(school_id)): n for number, school_id, n in pairs}

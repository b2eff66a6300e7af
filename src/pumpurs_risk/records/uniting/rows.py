"""Brings the rows of all tables together: one row per pupil and day.

Rows that repeat a pupil collapse; a known cell completes an unknown one; cells that contradict each other become unknown
and are named. No row's place among the others decides a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pumpurs_risk.records.contract import SheetContract
from pumpurs_risk.records.validation.cells import NAT, CheckedTable
from pumpurs_risk.records.validation.report import ProblemLog

TABLE, POSITION = "_table", "_position"
_KEY = ["pupil_id", "as_of"]
_ALWAYS = ("pupil_id", "school_id", "class_id", "level", "programme", "semester", "as_of")
_FAR = np.iinfo(np.int64).max


def stack(tables: Sequence[CheckedTable], pupil_id: Sequence[Any], contract: SheetContract) -> pd.DataFrame:
    """Put the rows of all tables below one another.

    Parameters
    ----------
    tables : sequence of CheckedTable
        In the order of files.
    pupil_id : sequence of array of str
        Pupils of each table's rows.
    contract : SheetContract
        Gives the order of columns.

    Returns
    -------
    pandas.DataFrame
        pupil_id, school_id, every column that any table has (unknown where a table lacks it), and two columns that say
        where a row comes from: ``_table`` (index) and ``_position`` (among the table's kept rows).
    """
    sizes = [len(table.where.kept) for table in tables]
    columns: dict[str, Any] = {
        "pupil_id": _joined([pa.array(ids, pa.string()) for ids in pupil_id]),
        "school_id": pd.Series(np.concatenate([table.where.school_id for table in tables]), dtype=object),
    }
    for field_id in contract.fields:
        parts = [table.columns.get(field_id) for table in tables]
        sample = next((part for part in parts if part is not None), None)
        if sample is None:
            continue
        if isinstance(sample, np.ndarray):
            nothing = NAT if sample.dtype.kind == "M" else np.nan
            filled = [np.full(n, nothing) if part is None else part for part, n in zip(parts, sizes, strict=True)]
            joined = np.concatenate(filled)
            columns[field_id] = joined.astype("datetime64[s]") if joined.dtype.kind == "M" else joined
        else:
            columns[field_id] = _joined(
                [pa.nulls(n, pa.string()) if part is None else part for part, n in zip(parts, sizes, strict=True)]
            )
    columns[TABLE] = np.repeat(np.arange(len(tables)), sizes)
    columns[POSITION] = np.concatenate([np.arange(n) for n in sizes])
    return pd.DataFrame(columns)


def no_sheet() -> pd.DataFrame:
    """Make a sheet without a row: the columns that every sheet has.

    Examples
    --------
    >>> list(no_sheet())
    ['pupil_id', 'school_id', 'class_id', 'level', 'programme', 'semester', 'as_of']
    """
    texts = {name: pd.Series(dtype=object) for name in _ALWAYS}
    return pd.DataFrame(texts).astype({"level": float, "as_of": "datetime64[s]"})


def unite(
    rows: pd.DataFrame, tables: Sequence[CheckedTable], contract: SheetContract, log: ProblemLog, lang: str = "lv"
) -> pd.DataFrame:
    """Make one row of all rows that speak of one pupil on one day.

    Parameters
    ----------
    rows : pandas.DataFrame
        As ``stack`` returns it.
    tables : sequence of CheckedTable
        Where the rows come from.
    contract : SheetContract
        For headings.
    log : ProblemLog
        Gets ``contradicting_duplicates`` for cells, ``two_schools`` for a pupil whom two schools hand in, and
        ``duplicate_row`` for rows that say nothing else.
    lang : {"lv", "en"}
        Language of a heading that a table itself does not have.

    Returns
    -------
    pandas.DataFrame
        At most as many rows; the first of each pupil's stays, in its place.
    """
    repeated = rows.duplicated(_KEY, keep=False).to_numpy()
    if not repeated.any():
        return rows
    some = rows.loc[repeated].reset_index(drop=True)
    pupil = some.groupby(_KEY, sort=False, dropna=False).ngroup()
    places = _Places(some, tables)
    quarrel = np.zeros(len(some), bool)
    united: dict[str, Any] = {}
    for field_id in some.columns.drop([*_KEY, TABLE, POSITION]):
        cells = some[field_id]
        first = cells.groupby(pupil).transform("first")
        differs = (cells.notna() & (cells != first)).to_numpy(dtype=bool)
        apart = pd.Series(differs).groupby(pupil).transform("any").to_numpy(dtype=bool)
        named = apart & cells.notna().to_numpy()
        if named.any():
            told = places.name(contract.fields[field_id], named, differs, pupil, log, lang)
            quarrel |= named & told
            if field_id != "school_id" and (told.any() or isinstance(first.iloc[0], float)):
                first = first.mask(apart)
        united[field_id] = first
    head = ~pupil.duplicated().to_numpy()
    _name_repeats(some, places, pupil, head, quarrel, log)
    merged = some.assign(**united)[head]
    kept = rows.loc[~repeated | ~rows.duplicated(_KEY, keep="first").to_numpy()].copy()
    at = kept.index.isin(np.flatnonzero(repeated))
    for field_id in united:
        kept.loc[at, field_id] = merged[field_id].to_numpy()
    whole: pd.DataFrame = kept.reset_index(drop=True)
    return whole


class _Places:
    """Where repeated rows stand, for naming them."""

    def __init__(self, some: pd.DataFrame, tables: Sequence[CheckedTable]) -> None:
        self.tables = tables
        self.table = some[TABLE].to_numpy()
        self.position = some[POSITION].to_numpy()

    def where(self, at: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """``file:row`` of rows, given by index."""
        text = np.full(len(at), "", dtype=object)
        for number in np.unique(self.table[at]):
            mine = self.table[at] == number
            source = self.tables[number].where
            label = source.raw.file + (f" / {source.raw.sheet}" if source.raw.sheet else "")
            row = source.raw.rows[source.kept[self.position[at[mine]]]]
            text[mine] = label + ":" + row.astype("U20").astype(object)
        return text

    def name(
        self,
        column: Any,
        named: np.ndarray[Any, Any],
        differs: np.ndarray[Any, Any],
        pupil: pd.Series[Any],
        log: ProblemLog,
        lang: str,
    ) -> np.ndarray[Any, Any]:
        """Log cells that contradict one another, each with the place of one that says something else."""
        order = np.arange(len(named))
        agrees = pd.Series(np.where(named & ~differs, order, _FAR)).groupby(pupil).transform("min").to_numpy()
        other = pd.Series(np.where(differs, order, _FAR)).groupby(pupil).transform("min").to_numpy()
        against = np.where(differs, agrees, other)
        told = np.zeros(len(named), bool)
        for number in np.unique(self.table[named]):
            source = self.tables[number].where
            of_school = column.id == "school_id"  # a sub-folder or cover may say it; the pupil stays with the first
            if column.id not in source.headings and not of_school:
                continue
            mine = np.flatnonzero(named & (self.table == number))
            told[mine] = True
            log.add(
                "two_schools" if of_school else "contradicting_duplicates",
                file=source.raw.file,
                sheet=source.raw.sheet,
                school_id=source.school_id[self.position[mine]],
                column=source.heading(column, lang),
                rows=source.raw.rows[source.kept[self.position[mine]]],
                values=source.school_id[self.position[mine]]
                if of_school
                else source.cells(column.id, self.position[mine]),
                detail=self.where(against[mine]),
            )
        return told


def _name_repeats(
    some: pd.DataFrame,
    places: _Places,
    pupil: pd.Series[Any],
    head: np.ndarray[Any, Any],
    quarrel: np.ndarray[Any, Any],
    log: ProblemLog,
) -> None:
    quiet = ~pd.Series(quarrel).groupby(pupil).transform("any").to_numpy(dtype=bool) & ~head
    first = pd.Series(np.arange(len(some))).groupby(pupil).transform("min").to_numpy()
    for number in np.unique(places.table[quiet]):
        source = places.tables[number].where
        mine = np.flatnonzero(quiet & (places.table == number))
        log.add(
            "duplicate_row",
            file=source.raw.file,
            sheet=source.raw.sheet,
            school_id=source.school_id[places.position[mine]],
            rows=source.raw.rows[source.kept[places.position[mine]]],
            detail=places.where(first[mine]),
            severity="notice",
            action="row_collapsed",
        )


def _joined(parts: Sequence[pa.Array[Any]]) -> pd.Series[Any]:
    return pd.Series(pa.chunked_array(list(parts), type=pa.string()).to_pandas())

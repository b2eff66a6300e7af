"""Turns columns into rows: a journal with a column per day becomes one row per entry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.records.mapping.cells import Bools, Floats, Whole, known, numbers, take, texts
from pumpurs_risk.records.mapping.periods import heading_date

if TYPE_CHECKING:
    from pumpurs_risk.records.mapping.plan import Melt

MOST_TIMES = 1000
"""More absences than this in one cell are no count."""
_BETWEEN_ENTRIES = re.compile(r"\s*[;\n]\s*|,\s+|(?<![|/\s])\s+(?![\s(|/%])")  # "7 (p.d.)", "4 | 7" and "85 %" are one


@dataclass(frozen=True)
class MeltedHeadings:
    """What the melted headings say.

    Parameters
    ----------
    names : list of str or None
        A day as ISO text where the headings are dates; None where it is none.
    beside : list of str or None
        What else stands in the heading.
    number : list of int
        How many equal names came up to this one, itself included.
    equal : list of int
        How many equal names there are.
    lacking_year : list of str
        Headings whose year nobody says.
    impossible : list of int
        Positions of headings that look like a date and are none.
    """

    names: list[str | None]
    beside: list[str | None]
    number: list[int]
    equal: list[int]
    lacking_year: list[str]
    impossible: list[int]


def read_headings(headings: Sequence[str], melt: Melt, school_year: str) -> MeltedHeadings:
    """Read the headings that are melted.

    Parameters
    ----------
    headings : sequence of str
        As the file has them, in order.
    melt : Melt
        Whether they are dates.
    school_year : str
        For dates without a year; "" if nobody says.

    Returns
    -------
    MeltedHeadings
        One entry per heading.
    """
    names: list[str | None] = list(headings)
    beside: list[str | None] = [None] * len(headings)
    lacking: list[str] = []
    impossible: list[int] = []
    if melt.dates:
        for place, heading in enumerate(headings):
            read = heading_date(heading, school_year)
            names[place] = None if read.day is None else read.day.isoformat()
            beside[place] = read.beside or None
            if read.lacks_year:
                lacking.append(heading)
            elif read.day is None:
                impossible.append(place)
    came: dict[str | None, int] = {}
    number = []
    for name in names:
        came[name] = came.get(name, 0) + 1
        number.append(came[name])
    return MeltedHeadings(names, beside, number, [came[name] for name in names], lacking, impossible)


@dataclass(frozen=True)
class MeltedCells:
    """The cells of melted columns as rows.

    Parameters
    ----------
    row : ndarray of int64, shape (m,)
        Position of the row that each cell stood in; the rows stay in order.
    column : ndarray of int64, shape (m,)
        Position of its heading.
    values : pyarrow.Array of str, length m
        What stands there.
    entries : ndarray of int64, shape (m,)
        How many entries stand in the cell.
    bad : ndarray of bool, shape (m,)
        Cells that should be a number of times and are none.
    """

    row: Whole
    column: Whole
    values: pa.Array[Any]
    entries: Whole
    bad: Bools


def melt_cells(columns: Sequence[Any], melt: Melt, missing: Sequence[str], decimal: str | None) -> MeltedCells:
    """Make a row of every cell.

    Parameters
    ----------
    columns : sequence of pyarrow.Array or ndarray, each of length n
        One at least.
    melt : Melt
        What to do with empty cells, several entries, and counts.
    missing : sequence of str
        Texts that mean an empty cell.
    decimal : str or None
        The decimal mark of counts.

    Returns
    -------
    MeltedCells
        Row by row, within a row by column.

    Examples
    --------
    >>> from pumpurs_risk.records.mapping.plan import Melt
    >>> two = [pa.array(["n", None]), pa.array(["7 (p.d.) nv", "8,5"])]
    >>> found = melt_cells(two, Melt(1, (), (), "day", "entry", split=True, keep_empty=False), (), None)
    >>> found.values.to_pylist(), found.row.tolist(), found.column.tolist()
    (['n', '7 (p.d.)', 'nv', '8,5'], [0, 0, 0, 1], [0, 1, 1, 1])
    """
    k, n = len(columns), len(columns[0])
    stacked = pa.concat_arrays([texts(cells, missing) for cells in columns])
    values: Any = take(stacked, np.arange(n * k).reshape(k, n).T.ravel())
    row, column = np.repeat(np.arange(n), k), np.tile(np.arange(k), n)
    if not melt.keep_empty:
        there = np.flatnonzero(known(values))
        row, column, values = row[there], column[there], take(values, there)
    bad = np.zeros(row.size, dtype=bool)
    source = np.arange(row.size)
    if melt.split:
        values, source = _entries(values)
    if melt.repeat:
        times, bad = _times(*numbers(values, decimal))
        source = np.repeat(source, times)
        values = take(values, source)
    entries = np.bincount(source, minlength=row.size)[source] if row.size else source
    return MeltedCells(row[source], column[source], values, entries, bad[source])


def _times(counts: Floats, bad: Bools) -> tuple[Whole, Bools]:
    """How many rows each cell makes; one that is no number of times makes one row, so that it is not lost."""
    wrong = bad | (counts < 0) | (counts > MOST_TIMES) | (counts != np.floor(counts)) & ~np.isnan(counts)
    return np.where(wrong, 1, np.nan_to_num(np.where(wrong, 0, counts))).astype(np.int64), wrong


def _entries(values: Any) -> tuple[Any, Whole]:
    """Split cells into their entries, and say which cell each came from; an empty cell stays one."""
    encoded = values.dictionary_encode()
    split = [
        [each for each in _BETWEEN_ENTRIES.split(word) if each] or [word] for word in encoded.dictionary.to_pylist()
    ]
    entries: Any = pa.array([*split, [None]], pa.list_(pa.string()))
    index = encoded.indices.fill_null(len(split)).to_numpy(zero_copy_only=False).astype(np.int64)
    chosen = entries.take(pa.array(index))
    source = pc.list_parent_indices(chosen).to_numpy(zero_copy_only=False).astype(np.int64)
    return pc.list_flatten(chosen), source


def number_of_entry(made: MeltedCells, read: MeltedHeadings) -> Whole:
    """Number the entries that have equal headings, so that no two of a row have the same number.

    Parameters
    ----------
    made : MeltedCells
        Rows of one cell stand together.
    read : MeltedHeadings
        What their headings say.

    Returns
    -------
    ndarray of int64, shape (m,)
        The number of the heading where a cell makes one row; of two lessons on one day, a cell of the second that makes two
        rows gives 2 and 4.
    """
    if not made.row.size:
        return made.row
    number, equal = np.array(read.number)[made.column], np.array(read.equal)[made.column]
    starts = np.flatnonzero((np.diff(made.row, prepend=-1) != 0) | (np.diff(made.column, prepend=-1) != 0))
    within = np.arange(made.row.size) - np.repeat(starts, np.diff(np.append(starts, made.row.size)))
    numbered: Whole = (number + within * equal).astype(np.int64)
    return numbered

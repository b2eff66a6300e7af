"""Several cells become one: of one row, or of all rows of a pupil."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyarrow import compute

from pumpurs_risk.records.mapping.cells import Bools, Cells, Floats, Whole, known, take, texts, tidied
from pumpurs_risk.records.mapping.plan import Reduction

pc: Any = compute  # its type stubs know scalars better than arrays


def combined(columns: Sequence[Cells], how: Reduction, separator: str = " ") -> tuple[Cells, Bools]:
    """Make one cell of several in each row.

    Parameters
    ----------
    columns : sequence of pyarrow.Array or ndarray
        Floats where the operation counts with numbers.
    how : Reduction
        The operation. ``sum``, ``add``, ``subtract`` and ``divide`` need every cell; the others take the known ones.
    separator : str
        Stands between the texts of ``join``.

    Returns
    -------
    cells : pyarrow.Array or ndarray
        One cell per row.
    divided_by_zero : ndarray of bool, shape (n,)
        Where a division failed.
    """
    zero = np.zeros(len(columns[0]), dtype=bool)
    if how.name == "first":
        if not all(isinstance(cells, np.ndarray) for cells in columns):
            return pc.coalesce(*(texts(cells) for cells in columns)), zero
        result = columns[0]
        for cells in columns[1:]:
            result = np.where(np.isnan(result), cells, result)
        return result, zero
    if how.name == "join":
        joined = texts(columns[0])
        for cells in columns[1:]:  # Arrow's own null_handling="skip" drops rows in which everything is null
            joined = pc.coalesce(pc.binary_join_element_wise(joined, texts(cells), separator), joined, texts(cells))
        return joined, zero
    if how.name == "count":
        return np.sum([known(cells) for cells in columns], axis=0).astype(np.float64), zero
    if how.name in ("add", "subtract"):
        result = columns[0] + columns[1] if how.name == "add" else columns[0] - columns[1]
        return tidied(result, np.maximum(np.abs(columns[0]), np.abs(columns[1]))), zero
    if how.name == "divide":
        zero = (columns[1] == 0) & ~np.isnan(columns[0])
        return tidied(columns[0] / np.where(columns[1] == 0, np.nan, columns[1])), zero
    total, count = np.zeros(zero.size), np.zeros(zero.size)
    for cells in columns:
        there = ~np.isnan(cells)
        count += there
        if how.name in ("min", "max"):
            better = np.minimum if how.name == "min" else np.maximum
            total = np.where(there, np.where(count == 1, cells, better(total, cells)), total)
        else:
            total += np.where(there, _counted(cells, how), 0.0)
    return _reduced(total, count, len(columns), how), zero


def _counted(values: Floats, how: Reduction) -> Floats:
    """Give what each value adds to the sum that the operation is made of."""
    if how.name == "count_below":
        return (values < how.threshold).astype(np.float64)
    if how.name == "count_at_least":
        return (values >= how.threshold).astype(np.float64)
    return (values != 0).astype(np.float64) if how.name == "any" else values


def _reduced(total: Floats, count: Floats, asked: Floats | int, how: Reduction) -> Floats:
    """Finish a sum over the ``count`` known ones of ``asked`` cells; a sum that lacks a cell is not known.

    Everything that is calculated is rounded to 12 significant digits: 12.4, 12.5 and 12.7 must not say 37.60000000000001
    to a person, nor miss a whole number by a hair.
    """
    if how.name == "sum":
        return tidied(np.where(count == asked, total, np.nan))
    if how.name == "mean":
        total = total / np.maximum(count, 1)
    if how.name == "any":
        total = np.minimum(total, 1)
    return tidied(np.where(count > 0, total, np.nan))


@dataclass(frozen=True, slots=True)
class Groups:
    """Which rows belong together: rows with the same keys; a row whose key is incomplete stands alone.

    Parameters
    ----------
    of : ndarray of int64, shape (n,)
        Group of each row, numbered by first appearance.
    first : ndarray of int64, shape (g,)
        First row of each group.
    """

    of: Whole
    first: Whole

    @classmethod
    def by(cls, keys: Sequence[Cells]) -> Groups:
        """Group rows by one or more columns."""
        code = np.zeros(len(keys[0]), dtype=np.int64)
        alone = np.zeros(code.size, dtype=bool)
        for cells in keys:
            encoded = texts(cells).dictionary_encode()
            index = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
            alone |= index < 0
            _, code = np.unique(code * (len(encoded.dictionary) + 1) + index, return_inverse=True)
        code = np.where(alone, -1 - np.arange(code.size), code)
        _, first, of = np.unique(code, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty(order.size, dtype=np.int64)
        rank[order] = np.arange(order.size)
        return cls(rank[of], first[order])


def aggregated(cells: Cells, groups: Groups, how: Reduction, matched: Bools | None = None) -> Cells:
    """Make one cell of all rows of a group.

    Parameters
    ----------
    cells : pyarrow.Array or ndarray, length n
        Floats where the operation counts with numbers.
    groups : Groups
        Which rows belong together.
    how : Reduction
        The operation, on the cells that are known; a ``sum`` needs every cell.
    matched : ndarray of bool, shape (n,), optional
        Rows that count. A group without any such row has a sum, a count and an ``any`` of 0: its rows are in the file,
        and none of them is of this kind.

    Returns
    -------
    pyarrow.Array or ndarray, length g
        One cell per group.
    """
    g = groups.first.size
    there = known(cells) if matched is None else known(cells) & matched
    rows = np.flatnonzero(there)
    of = groups.of[rows]
    count = np.bincount(of, minlength=g).astype(np.float64)
    if how.name in ("first", "last"):
        chosen = np.full(g, -1, dtype=np.int64)
        ordered = rows[::-1] if how.name == "first" else rows  # of several assignments to one place the last stays
        chosen[groups.of[ordered]] = ordered
        return take(cells, chosen)
    if how.name == "count":
        return count
    values = cells[rows]
    if how.name in ("min", "max"):
        result = np.full(g, np.inf if how.name == "min" else -np.inf)
        (np.minimum if how.name == "min" else np.maximum).at(result, of, values)
        result = np.where(count > 0, result, np.nan)
    else:
        asked = np.bincount(groups.of if matched is None else groups.of[matched], minlength=g).astype(np.float64)
        result = _reduced(_sums(_counted(values, how), of, g), count, asked, how)
        if matched is not None and how.name == "any":
            result = np.where(asked == 0, 0.0, result)
    return result


def _sums(values: Floats, of: Whole, g: int) -> Floats:
    """Sum within groups, the smallest value first, so that the order of the rows changes no bit of the result."""
    order = np.lexsort((values, of))
    starts = np.flatnonzero(np.diff(of[order], prepend=-1))
    sums = np.zeros(g)
    if order.size:
        sums[of[order][starts]] = np.add.reduceat(values[order], starts)
    return sums


def differing(cells: Cells, groups: Groups) -> Bools:
    """Which known cells differ from the first known cell of their group."""
    encoded = texts(cells).dictionary_encode()
    code = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.float64)
    code = np.where(code < 0, np.nan, code)
    first = aggregated(code, groups, Reduction("first"))
    other: Bools = ~np.isnan(code) & (code != first[groups.of])
    return other

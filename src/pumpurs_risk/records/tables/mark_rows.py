"""Rows of marks: a cell with several marks becomes several rows, a cell without one becomes none."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.records.cell_texts import cell_texts
from pumpurs_risk.records.contract import Field
from pumpurs_risk.records.tables.codes import CodeWords
from pumpurs_risk.records.tables.columns import kept_cells, spread
from pumpurs_risk.records.tables.contract import TableContract, arrow_type, table_contracts
from pumpurs_risk.records.tables.mark_cells import MARK_COLUMNS, MarkCells, MarkWords, read_cells
from pumpurs_risk.records.tables.typed_rows import TypedRows
from pumpurs_risk.records.validation.cells import Whereabouts
from pumpurs_risk.records.validation.parsing import BoolArray, tidy

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

_MARK_LIKE = re.compile(r"(?i)nv|\d+([.,]\d+)?%?(\([^()]*\))?([ ;,|]+\d+([.,]\d+)?%?(\([^()]*\))?)*")
_LIMITS = {"out_of_range": "1–10", "share_out_of_range": "0–100\u00a0%"}
_PLAIN_KIND = "daily"


def looks_like_mark(written: str) -> bool:
    """Whether a cell holds what stands in a journal's columns of marks and nowhere else.

    Examples
    --------
    >>> looks_like_mark("7(p.d.)"), looks_like_mark("nv"), looks_like_mark("ns")
    (True, True, False)
    """
    return _MARK_LIKE.fullmatch(written) is not None


class MarkRows:
    """The marks in the cells of one table.

    Parameters
    ----------
    where : Whereabouts
        The table and its kept rows.
    contract : TableContract
        Of the table of marks.
    catalogue : Catalogue
        For the words of absences, which may stand among the marks by mistake.
    note : callable
        ``note(code, column, rows, severity)`` says something once for a column.
    """

    def __init__(
        self, where: Whereabouts, contract: TableContract, catalogue: Catalogue, note: Callable[..., None]
    ) -> None:
        self.where, self.contract, self.catalogue, self.note = where, contract, catalogue, note
        unknown = contract.words.get("unknown", ())
        self._words = MarkWords(contract.fields["sign"], contract.fields["kind"], unknown)

    def spread(
        self, typed: Mapping[str, pa.Array[Any]], chosen: np.ndarray[Any, Any], rejected: np.ndarray[Any, Any]
    ) -> TypedRows:
        """Make the typed rows.

        Parameters
        ----------
        typed : mapping of str to pyarrow.Array, each of shape (m,)
            All other columns.
        chosen, rejected : numpy.ndarray of int64
            Positions of the rows that can be used, and of the others.

        Returns
        -------
        TypedRows
            Marks in the order of rows and, within a cell, as written.
        """
        n = len(self.where.kept)
        columns = dict(typed) | self._corrected(typed)
        heading = self.contract.fields["mark"]
        encoded = cell_texts(kept_cells(self.where, "mark")).dictionary_encode()
        texts = tidy(encoded.dictionary).to_pylist()
        read = read_cells(texts, self._words)
        usable = np.zeros(n, dtype=bool)
        usable[chosen] = True
        self._name(texts, read, encoded.indices, usable, heading)
        index = pc.fill_null(encoded.indices, len(texts)).to_numpy(zero_copy_only=False)
        others = [columns[each] for each in MARK_COLUMNS[1:5] if each in columns]
        said = np.zeros(n, dtype=bool)
        for each in others:
            said |= np.asarray(pc.is_valid(each))
        silent = np.append(read.count == 0, True)[index]
        handed = np.append(read.not_handed_in, False)[index]
        count = np.where(silent & said, 1, np.append(read.count, 0)[index])
        self.note("tables.rows_without_mark", heading, usable & silent & ~said & ~handed)
        repeats = count[chosen]
        source = np.repeat(chosen, repeats)
        within = np.arange(len(source)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        start = np.append(read.start, 0)[index]
        has_mark = ~silent[source]
        mark_at = pa.array(np.where(has_mark, start[source] + within, 0), mask=~has_mark)
        take = pa.array(source)
        spread_columns = {each: values.take(take) for each, values in columns.items()}
        for each in MARK_COLUMNS:
            values = pa.array(read.columns[each], arrow_type(self.contract.fields[each])).take(mark_at)
            own = spread_columns.get(each)
            if each == "kind":
                assert own is not None
                named = pc.and_(pc.is_valid(values), pc.equal(own, _PLAIN_KIND))
                values = pc.if_else(named, values, own)
            elif own is not None:
                values = pc.coalesce(values, own)
            if own is not None or each in ("mark", "sign", "percent") or values.null_count < len(values):
                spread_columns[each] = values
        ordered = {each: spread_columns[each] for each in self.contract.columns if each in spread_columns}
        return TypedRows(ordered, source, rejected)

    def _corrected(self, typed: Mapping[str, pa.Array[Any]]) -> dict[str, pa.Array[Any]]:
        """A column of corrected marks: one mark or sign a cell."""
        if "corrected_mark" not in self.where.headings:
            return {}
        column = self.contract.fields["corrected_mark"]
        encoded = cell_texts(kept_cells(self.where, "corrected_mark")).dictionary_encode()
        texts = tidy(encoded.dictionary).to_pylist()
        read = [self._words.read(text or "") for text in texts]
        marks = [each[0].mark if len(each) == 1 else None for each in read]
        signs = [each[0].sign if len(each) == 1 else None for each in read]
        faults = {
            code: np.array([any(mark.fault == code for mark in each) for each in read], dtype=bool)
            for code in ("out_of_range", "share_out_of_range", "not_a_mark")
        }
        useless = [len(each) > 1 or any(mark.percent is not None for mark in each) for each in read]
        faults["not_a_mark"] |= np.array(useless, dtype=bool) & ~faults["out_of_range"] & ~faults["share_out_of_range"]
        self._name_faults(faults, encoded.indices, column)
        found = {"corrected_mark": pa.array(marks, pa.float64()).take(encoded.indices)}
        sign = pa.array(signs, pa.string()).take(encoded.indices)
        if "corrected_sign" in typed:
            sign = pc.coalesce(sign, typed["corrected_sign"])
        if "corrected_sign" in typed or sign.null_count < len(sign):
            found["corrected_sign"] = sign
        return found

    def _name(
        self, texts: list[str | None], read: MarkCells, indices: pa.Array[Any], usable: BoolArray, column: Field
    ) -> None:
        """Name what cannot be used: row by row what is no mark, once for the column what is no mark by custom."""
        absent = CodeWords(table_contracts(self.catalogue)["absences"].fields["status"])
        wrong = read.fault == "not_a_mark"
        codes = [absent.code(each or "") for each in texts]
        absences = wrong & np.array([code is not None for code in codes], dtype=bool)
        faults = {code: read.fault == code for code in _LIMITS} | {"not_a_mark": wrong & ~absences}
        self._name_faults(faults, indices, column)
        name = f"tables.{self.contract.mistaken_for['mark']}_in_marks"
        self.note(name, column, usable & spread(absences, indices), "set_aside")
        self.note("tables.not_handed_in", column, usable & spread(read.not_handed_in, indices))
        self.note("tables.unknown_kind_of_work", column, usable & spread(read.unknown_kind != "", indices))

    def _name_faults(self, faults: Mapping[str, BoolArray], indices: pa.Array[Any], column: Field) -> None:
        for code, bad in faults.items():
            name = "tables.not_a_mark" if code == "not_a_mark" else "out_of_range"
            self.where.name(name, column, spread(bad.astype(bool), indices), detail=_LIMITS.get(code, ""))

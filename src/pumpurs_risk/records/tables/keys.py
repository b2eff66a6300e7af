"""Rows that repeat a key: identical ones collapse, versions of a record stay, contradicting ones are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.records.tables.contract import TableContract
from pumpurs_risk.records.validation.cells import Whereabouts
from pumpurs_risk.records.validation.details import places
from pumpurs_risk.records.validation.parsing import BoolArray
from pumpurs_risk.records.validation.report import ProblemLog

IntArray = np.ndarray[Any, np.dtype[np.int64]]
_ROWS_NAMED = 1000  # of more repeated rows only the file of the other one is told: a whole file was handed in twice
_VERSION = ("recorded_on", "record_id")


@dataclass(frozen=True)
class Places:
    """Where the rows of a table come from, for naming them.

    Parameters
    ----------
    tables : sequence of Whereabouts
        The raw tables whose rows stand one below another.
    table : numpy.ndarray of int64, shape (n,)
        Index into ``tables`` of each row.
    position : numpy.ndarray of int64, shape (n,)
        Position of each row among its table's kept rows (``TypedRows.source``).
    """

    tables: Sequence[Whereabouts]
    table: IntArray
    position: IntArray

    def labels(self, rows: IntArray, *, with_row: bool = True) -> np.ndarray[Any, Any]:
        """File, sheet and row of some rows, as a problem's detail keeps them.

        Parameters
        ----------
        rows : numpy.ndarray of int64, shape (m,)
            Indexes of rows.
        with_row : bool
            Whether to tell the row too.

        Returns
        -------
        numpy.ndarray of object, shape (m,)
        """
        said = np.full(len(rows), "", dtype=object)
        for number in np.unique(self.table[rows]):
            mine = self.table[rows] == number
            raw, kept = self.tables[number].raw, self.tables[number].kept
            seen = raw.rows[kept[self.position[rows[mine]]]]
            said[mine] = places(raw.file, raw.sheet, seen if with_row else np.zeros_like(seen))
        return said


def collapse(
    table: pa.Table, contract: TableContract, places: Places, log: ProblemLog, *, lang: str = "lv"
) -> pa.Table:
    """Make one row of rows that say the same; name what contradicts.

    Rows that agree in every column collapse into one. Of the others with one key, those with a ``record_id`` are left as
    they are: the version known on a day counts. Without one, rows recorded on different days are versions of one record
    and get an id; rows recorded on the same day become one, in which what contradicts is unknown (or what the contract
    says for such a case). The several marks of one cell, and absences of one file that say neither lesson nor subject, are
    never taken for repeats.

    Parameters
    ----------
    table : pyarrow.Table
        All typed rows of one kind, ``pupil_id`` included; columns beyond the contract's are carried along.
    contract : TableContract
        What tells rows apart.
    places : Places
        Aligned with the rows of ``table``.
    log : ProblemLog
        Gets a notice per collapsed row (action ``row_collapsed``) and every cell that contradicts the first of its key
        (``cell_unknown``).
    lang : {"lv", "en"}
        Language of a heading that a file itself does not have.

    Returns
    -------
    pyarrow.Table
        At most as many rows, in the order given. What it says does not depend on the order of files.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> from pumpurs_risk.records.raw_table import RawTable
    >>> from pumpurs_risk.records.tables.contract import table_contracts
    >>> raw = RawTable("k.csv", "", "", {}, np.array([2, 3]))
    >>> where = Whereabouts(raw, np.arange(2), np.full(2, "", object), {}, ProblemLog())
    >>> rows = pa.table({"pupil_id": ["7", "7"], "date": ["2026-10-05"] * 2, "lesson": ["1"] * 2, "status": ["late"] * 2})
    >>> absences, places = table_contracts(Catalogue.load())["absences"], Places([where], np.zeros(2, int), np.arange(2))
    >>> collapse(rows, absences, places, where.log).num_rows
    1
    """
    repeated = np.flatnonzero(_repeats(_group(table, [each for each in contract.key if each in table.column_names])))
    if not len(repeated):
        return table
    some = table.take(pa.array(repeated))
    own = [each for each in contract.columns if each in table.column_names]
    alike = _group(some, own)
    nth = _nth_of_its_kind(some, alike, contract, places, repeated, log)
    alike = pd.factorize(alike * (int(nth.max()) + 1) + nth)[0].astype(np.int64)
    first = _first_of(alike)
    again = first != np.arange(len(first))
    _name_repeats(places, repeated, again, first, log)
    some, at, kept = some.filter(pa.array(~again)), repeated[~again], np.ones(table.num_rows, dtype=bool)
    kept[repeated[again]] = False
    united, dropped = _unite(some, own, contract, places, at, log, lang)
    kept[at[dropped]] = False
    for each, values in united.items():
        if each not in table.column_names:
            table = table.append_column(each, pa.nulls(table.num_rows, values.type))
        table = table.set_column(table.column_names.index(each), each, _put(table[each], at, values))
    return table.filter(pa.array(kept))


def _unite(
    some: pa.Table,
    own: list[str],
    contract: TableContract,
    places: Places,
    at: IntArray,
    log: ProblemLog,
    lang: str,
) -> tuple[dict[str, pa.Array[Any]], BoolArray]:
    """Rows of one key without a record id: versions get an id, rows of one day become one; only columns that change."""
    n = some.num_rows
    nothing = np.zeros(n, dtype=bool)
    strict = _is_strict(some, contract)
    key = _group(some, [each for each in contract.key if each in some.column_names])
    key = np.where(strict, key, n + np.arange(n))
    if not (strict & _repeats(key)).any():
        return {}, nothing
    day = _group(some, ["recorded_on"]) if "recorded_on" in own else np.zeros(n, dtype=np.int64)
    together = pd.factorize(key * (n + 1) + day)[0].astype(np.int64)
    versions = strict & (pd.Series(day).groupby(key).transform("nunique").to_numpy() > 1)
    first = _first_of(together)
    dropped = first != np.arange(n)
    columns = {each: some[each].combine_chunks() for each in own}
    united: dict[str, pa.Array[Any]] = {}
    told = np.zeros(n, dtype=bool)
    for each in own:
        if each in contract.key or each in _VERSION:
            continue
        codes = _codes(columns[each]).astype(float)
        known = _mask(pc.is_valid(columns[each]))
        codes[~known] = np.nan
        grouped = pd.Series(codes).groupby(together)
        apart = grouped.transform("nunique").to_numpy() > 1
        chosen = pd.Series(np.where(known, np.arange(n), n)).groupby(together).transform("min").to_numpy()
        values = columns[each].take(pa.array(chosen, mask=chosen == n))
        united[each] = pc.if_else(pa.array(apart), pa.scalar(None, values.type), values)
        settles = apart & _settles(columns[each], together, contract, each)
        if settles.any():
            settled = pa.scalar(contract.settled[each], values.type)
            united[each] = pc.if_else(pa.array(settles), settled, united[each])
        differs = apart & known
        differs[differs] = codes[differs] != codes[chosen[differs]]
        told |= differs
        for code, those in ((_settled_code(contract, each), settles), ("tables.contradiction", ~settles)):
            named = np.flatnonzero(differs & those)
            _name_quarrel(code, places, at, named, chosen, contract, each, log, lang)
    _name_repeats(places, at, dropped & ~told, first, log)
    if versions.any():
        said = columns.get("record_id", pa.nulls(n, pa.string()))
        texts = [pc.fill_null(columns[part].cast(pa.string()), "") for part in contract.key if part in columns]
        made = pc.binary_join_element_wise(*texts, "|")
        united["record_id"] = pc.if_else(pa.array(versions), pc.coalesce(said, made), said)
    return united, dropped


def _settles(values: pa.Array[Any], together: IntArray, contract: TableContract, column: str) -> BoolArray:
    """Rows of a key whose contradiction has a settled outcome: always, or where all that is said is among some values."""
    if column not in contract.settled:
        return np.zeros(len(together), dtype=bool)
    among = contract.settled_among.get(column)
    if among is None:
        return np.ones(len(together), dtype=bool)
    fits = _mask(pc.or_kleene(pc.is_null(values), pc.is_in(values, value_set=pa.array(list(among), values.type))))
    return np.asarray(pd.Series(fits).groupby(together).transform("all").to_numpy(), dtype=bool)


def _settled_code(contract: TableContract, column: str) -> str:
    """The problem's code: what is used instead stands in its sentence."""
    return f"tables.contradiction_{contract.settled.get(column, '').partition('_')[0]}"


def _is_strict(some: pa.Table, contract: TableContract) -> BoolArray:
    """Rows that cannot stand beside another one of the same key."""
    strict = np.ones(some.num_rows, dtype=bool)
    if "record_id" in some.column_names:
        strict &= _mask(pc.is_null(some["record_id"]))
    for each in contract.open_key:
        strict &= _mask(pc.is_valid(some[each])) if each in some.column_names else False
    for column, values in contract.several.items():
        if column in some.column_names:
            strict &= ~_mask(pc.is_in(some[column], value_set=pa.array(list(values), pa.string())))
    return strict


def _nth_of_its_kind(
    some: pa.Table, alike: IntArray, contract: TableContract, places: Places, at: IntArray, log: ProblemLog
) -> IntArray:
    """Which of several equal rows each is, where equal rows are several events: in one cell, or in one file without lesson."""
    table, position = places.table[at], places.position[at]
    one_row = pd.DataFrame({"alike": alike, "table": table, "position": position})
    nth = one_row.groupby(["alike", "table", "position"], sort=False).cumcount().to_numpy()
    if not contract.alike_unless:
        return np.asarray(nth, dtype=np.int64)
    unsaid = np.ones(len(at), dtype=bool)
    for each in contract.alike_unless:
        if each in some.column_names:
            unsaid &= _mask(pc.is_null(some[each]))
    within = one_row.groupby(["alike", "table"], sort=False).cumcount().to_numpy()
    for number in np.unique(table[unsaid & (within > 0)]):
        mine = unsaid & (table == number)
        source = places.tables[number]
        first = np.flatnonzero(mine & (within > 0))[:1]
        row = source.kept[position[first]]
        log.add(
            "tables.lesson_unsaid",
            file=source.raw.file,
            sheet=source.raw.sheet,
            school_id=source.school_id[position[first]],
            rows=source.raw.rows[row],
            detail=str(int((mine & (within > 0)).sum())),
            severity="notice",
            action="none",
        )
    return np.where(unsaid, within, nth).astype(np.int64)


def _name_repeats(places: Places, at: IntArray, again: BoolArray, first: IntArray, log: ProblemLog) -> None:
    """Say which rows of which files repeat another one; a row of which another mark is left is not named."""
    row = pd.DataFrame({"table": places.table[at], "position": places.position[at]})
    whole = pd.Series(again).groupby([row["table"], row["position"]]).transform("all").to_numpy(dtype=bool)
    once = ~row.duplicated().to_numpy()
    hit = np.flatnonzero(again & whole & once)
    few = len(hit) <= _ROWS_NAMED
    details = places.labels(at[first[hit]], with_row=few)
    for number in np.unique(places.table[at[hit]]):
        mine = places.table[at[hit]] == number
        source, position = places.tables[number], places.position[at[hit[mine]]]
        log.add(
            "tables.duplicate_row",
            file=source.raw.file,
            sheet=source.raw.sheet,
            school_id=source.school_id[position],
            rows=source.raw.rows[source.kept[position]],
            detail=details[mine],
            severity="notice",
            action="row_collapsed",
        )


def _name_quarrel(
    code: str,
    places: Places,
    at: IntArray,
    named: IntArray,
    other: np.ndarray[Any, Any],
    contract: TableContract,
    column: str,
    log: ProblemLog,
    lang: str,
) -> None:
    """Name the cells that contradict the first row of their key that says anything, with its place."""
    details = places.labels(at[other[named]])
    for number in np.unique(places.table[at[named]]):
        mine = places.table[at[named]] == number
        source, position = places.tables[number], places.position[at[named[mine]]]
        log.add(
            code,
            file=source.raw.file,
            sheet=source.raw.sheet,
            school_id=source.school_id[position],
            column=source.heading(contract.fields[column], lang),
            rows=source.raw.rows[source.kept[position]],
            values=source.cells(column, position),
            detail=details[mine],
        )


def _group(table: pa.Table, columns: Sequence[str]) -> IntArray:
    """Number of each row's combination of values; null is a value like others."""
    group = np.zeros(table.num_rows, dtype=np.int64)
    for each in columns:
        codes = _codes(table[each])
        group = pd.factorize(group * (int(codes.max(initial=0)) + 1) + codes)[0].astype(np.int64)
    return group


def _codes(values: Any) -> IntArray:
    column = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    codes = pc.fill_null(encoded.indices.cast(pa.int64()), len(encoded.dictionary))
    return np.asarray(codes.to_numpy(zero_copy_only=False), dtype=np.int64)


def _repeats(group: IntArray) -> BoolArray:
    return np.asarray(pd.Series(group).duplicated(keep=False).to_numpy(), dtype=bool)


def _first_of(group: IntArray) -> IntArray:
    """Index of the first row of each row's group."""
    order = pd.Series(np.arange(len(group)))
    return np.asarray(order.groupby(group).transform("min").to_numpy(), dtype=np.int64)


def _put(values: Any, at: IntArray, new: Any) -> Any:
    """A column with other values at some rows."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    index = np.arange(len(whole))
    index[at] = len(whole) + np.arange(len(at))
    fresh = new.combine_chunks() if isinstance(new, pa.ChunkedArray) else new
    return pa.chunked_array([pa.concat_arrays([whole, fresh.cast(whole.type)]).take(pa.array(index))])


def _mask(array: Any) -> BoolArray:
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), dtype=bool)

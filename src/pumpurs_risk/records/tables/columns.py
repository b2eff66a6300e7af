"""One column of a table: its cells as written to typed values, and what is wrong with which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.records.cell_texts import cell_texts
from pumpurs_risk.records.contract import Field
from pumpurs_risk.records.identity.personal_codes import find_personal_codes, hide_codes
from pumpurs_risk.records.tables.codes import CodeWords
from pumpurs_risk.records.tables.contract import arrow_type
from pumpurs_risk.records.validation.cells import Whereabouts, fault_detail, typed_column
from pumpurs_risk.records.validation.details import in_languages
from pumpurs_risk.records.validation.parsing import BoolArray, parse, tidy

_ZONED = r"(?i)^\s*\d{4}-\d{1,2}-\d{1,2}[ t]\d{1,2}:\d{2}[^+zZ-]*(z|[+-]\d{2}:?(\d{2})?)\s*$"
_CLOCK = r"^(\s*\d{1,2}\. ?\d{1,2}\. ?\d{4}\.?),?\s+(?:plkst\. ?)?\d{1,2}[:.]\d{2}(?:[:.]\d{2})?\s*$"
_REMARK = re.compile(r"([^–—:]+?)(?: ?[–—:]| -) ?(.+)")
_PERCENT_SIGN = r"\s*%\s*$"


@dataclass(frozen=True)
class TypedColumn:
    """A typed column.

    Parameters
    ----------
    values : pyarrow.Array, shape (n,)
        Null where the cell is empty or bad.
    faults : mapping of str to numpy.ndarray of bool, shape (n,)
        By problem code.
    details : mapping of str to str or numpy.ndarray of str, shape (n,)
        What belongs to a code, for all rows or per row.
    zoned : numpy.ndarray of bool, shape (n,), or None
        Times of which the date alone was taken although they name a time zone.
    """

    values: pa.Array[Any]
    faults: Mapping[str, BoolArray] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    zoned: BoolArray | None = None


def type_column(cells: pa.Array[Any], column: Field, words: Mapping[str, Any]) -> TypedColumn:
    """Type the cells of a column over its distinct values.

    Parameters
    ----------
    cells : pyarrow.Array, shape (n,)
        Text or a primitive type.
    column : Field
        What they should hold.
    words : mapping
        What people write for yes, no and unknown.

    Returns
    -------
    TypedColumn

    Examples
    --------
    >>> day = Field("date", "date", {}, earliest="1990-01-01")
    >>> typed = type_column(pa.array(["05.10.2026.", "31.02.2026", "2026-10-05T08:30:00+03:00"]), day, {})
    >>> typed.values.to_pylist()
    [datetime.date(2026, 10, 5), None, datetime.date(2026, 10, 5)]
    >>> typed.faults["not_a_date"].tolist(), typed.zoned.tolist()
    ([False, True, False], [False, False, True])
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if column.kind == "code":
        return _codes(cells, column, words)
    if column.kind in ("text", "name"):
        return _texts(cells, column, words)
    zoned: BoolArray | None = None
    if column.kind == "date":
        cells, zoned = _local_days(cells)
        if not pa.types.is_temporal(cells.type):
            return _days(cells, column, words)
    elif column.unit.get("en") == "%" and not pa.types.is_floating(cells.type):
        cells = pc.replace_substring_regex(cell_texts(cells), _PERCENT_SIGN, "")
    values, faults, details = typed_column(cells, column, words)
    told = {code: fault_detail(code, details, column) for code in faults}
    return TypedColumn(as_arrow(values, column), faults, told, zoned)


def split_remarks(cells: pa.Array[Any], column: Field) -> tuple[pa.Array[Any], pa.Array[Any]]:
    """Part code words from what people write behind them.

    Parameters
    ----------
    cells : pyarrow.Array, shape (n,)
        Of a code column.
    column : Field
        With its words.

    Returns
    -------
    codes, remarks : pyarrow.Array of string, each of shape (n,)
        A cell without a known word before a dash or colon is left whole.

    Examples
    --------
    >>> decision = Field("decision", "code", {}, words={"dismissed": ("noraidīts",)})
    >>> split_remarks(pa.array(["noraidīts – pāries pats", "noraidīts", "zirgs - x"]), decision)[1].to_pylist()
    ['pāries pats', None, None]
    """
    encoded = cell_texts(cells).dictionary_encode()
    known, words, remarks = CodeWords(column), [], []
    for written in tidy(encoded.dictionary).to_pylist():
        found = _REMARK.fullmatch(written or "") if known.code(written or "") is None else None
        parted = found is not None and known.code(found[1]) is not None
        words.append(found[1] if found is not None and parted else written)
        remarks.append(found[2] if found is not None and parted else None)
    parts = (pa.array(each, pa.string()).take(encoded.indices) for each in (words, remarks))
    first, second = parts
    return first, second


def kept_cells(where: Whereabouts, column: str) -> pa.Array[Any]:
    """Cells of a column as written, of the rows that are looked at.

    Parameters
    ----------
    where : Whereabouts
        The table and its kept rows.
    column : str
        Id of a column that the table has.

    Returns
    -------
    pyarrow.Array, shape (m,)
    """
    whole: Any = where.raw.columns[where.headings[column]]
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.combine_chunks()
    everything = len(where.kept) == len(whole)  # positions are distinct and ascend
    kept: pa.Array[Any] = whole if everything else whole.take(pa.array(where.kept))
    return kept


def as_arrow(values: Any, column: Field) -> pa.Array[Any]:
    """Typed values as an Arrow array of the column's type; NaN and NaT are null."""
    made = values if isinstance(values, pa.Array) else pa.array(values, from_pandas=True)
    return made if made.type == arrow_type(column) else made.cast(arrow_type(column))


def spread(of_distinct: BoolArray, indices: pa.Array[Any]) -> BoolArray:
    """A mask over the distinct cells as one over the rows; False where the cell is empty."""
    index = pc.fill_null(indices, len(of_distinct)).to_numpy(zero_copy_only=False)
    return np.asarray(np.append(of_distinct, False)[index], dtype=bool)


def _texts(cells: pa.Array[Any], column: Field, words: Mapping[str, Any]) -> TypedColumn:
    encoded = cell_texts(cells).dictionary_encode()
    parsed = parse(encoded.dictionary, column, words)
    bare = _keyed(parsed.values) if column.id == "record_id" else hide_codes(parsed.values)
    values = pc.cast(bare, pa.string()).take(encoded.indices)
    faults = {code: spread(bad, encoded.indices) for code, bad in parsed.faults.items() if bad.any()}
    return TypedColumn(values, faults, parsed.details)


def _keyed(record_ids: pa.Array[Any]) -> pa.Array[Any]:
    """Record numbers in which personal codes stand as digests: still one record, no longer a code to be seen."""
    coded = find_personal_codes(record_ids)
    if not coded.any():
        return record_ids
    told = record_ids.to_pylist()
    for at in np.flatnonzero(coded):
        told[at] = sha256(told[at].encode()).hexdigest()[:24]
    return pa.array(told, pa.string())


def _days(cells: pa.Array[Any], column: Field, words: Mapping[str, Any]) -> TypedColumn:
    encoded = cell_texts(cells).dictionary_encode()
    parsed = parse(pc.replace_substring_regex(encoded.dictionary, _CLOCK, r"\1"), column, words)
    values = pa.array(parsed.values, from_pandas=True).cast(pa.date32()).take(encoded.indices)
    faults = {code: spread(bad, encoded.indices) for code, bad in parsed.faults.items() if bad.any()}
    zoned = _mask(pc.match_substring_regex(encoded.dictionary, _ZONED))
    told = {code: fault_detail(code, parsed.details, column) for code in faults}
    return TypedColumn(values, faults, told, spread(zoned, encoded.indices) if zoned.any() else None)


def _local_days(cells: pa.Array[Any]) -> tuple[pa.Array[Any], BoolArray | None]:
    """Moments with a time zone as the wall clock of that zone shows them."""
    if pa.types.is_timestamp(cells.type) and cells.type.tz:
        return pc.local_timestamp(cells), _mask(pc.is_valid(cells))
    return cells, None


def _codes(cells: pa.Array[Any], column: Field, words: Mapping[str, Any]) -> TypedColumn:
    encoded = cell_texts(cells).dictionary_encode()
    known, unknown = CodeWords(column), set(words.get("unknown", ()))
    distinct = [each or "" for each in tidy(encoded.dictionary).to_pylist()]
    codes = [known.code(each) if each else None for each in distinct]
    wrong = np.array(
        [
            bool(each) and code is None and each.casefold() not in unknown
            for each, code in zip(distinct, codes, strict=True)
        ],
        dtype=bool,
    )
    values = pa.array(codes, pa.string()).take(encoded.indices)
    if not wrong.any():
        return TypedColumn(values)
    near = np.full(len(distinct) + 1, "", dtype=object)
    near[np.flatnonzero(wrong)] = known.nearest([distinct[at] for at in np.flatnonzero(wrong)])
    index = pc.fill_null(encoded.indices, len(distinct)).to_numpy(zero_copy_only=False)
    alone = wrong & (near[:-1] == "")
    faults = {"tables.unknown_word": wrong & ~alone, "tables.unknown_word_alone": alone}
    return TypedColumn(
        values,
        {code: spread(bad, encoded.indices) for code, bad in faults.items() if bad.any()},
        {"tables.unknown_word": near[index], "tables.unknown_word_alone": allowed_words(column)},
    )


def allowed_words(column: Field, most: int = 8) -> str:
    """What a code column may hold, as people of each language write it: one word per code."""
    told = [(code, words) for code, words in column.words.items() if not column.allowed or code in column.allowed]
    return in_languages(
        lambda lang: ", ".join(words[0] if words and lang == "lv" else code for code, words in told[:most])
    )


def _mask(array: Any) -> BoolArray:
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), dtype=bool)

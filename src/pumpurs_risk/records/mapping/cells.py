"""Whole columns of cells at once: as text, as numbers, as dates, recoded, scaled.

Cells are an Arrow array (null is unknown) or, once they are numbers, a float64 array (NaN is unknown). Nothing here
loops over pupils: Python sees columns, codes and the words of a mapping only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from pumpurs_risk.records.cell_texts import cell_texts
from pumpurs_risk.records.mapping.plan import KEEP, UNKNOWN, Value
from pumpurs_risk.records.validation.parsing import calendar_days

pc: Any = compute  # its type stubs know scalars better than arrays
Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Whole = np.ndarray[Any, np.dtype[np.int64]]
Cells = Any
"""An Arrow array, or Floats."""
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$"
_LONGEST_NUMBER = 40
_BLANKS = r"[\s\x{00a0}\x{2007}\x{2009}\x{202f}'’]"
_EXACT_WHOLE = 2.0**53
_PERCENT = r"\d[.,]?[\s\x{00a0}\x{2007}\x{2009}\x{202f}]*%\s*$"
_DIGITS = 12
"""Significant digits of a calculated number; what a float has beyond them may be noise."""
_EXACT_POWERS = 22
"""10 to this power is exact as a float, higher ones are not."""


def known(cells: Cells) -> Bools:
    """Which cells hold something."""
    if isinstance(cells, np.ndarray):
        return ~np.isnan(cells)
    mask: Bools = pc.is_valid(cells).to_numpy(zero_copy_only=False)
    return mask


def as_array(cells: Cells) -> pa.Array[Any]:
    """Cells as an Arrow array, unknown as null."""
    return pa.array(cells, from_pandas=True) if isinstance(cells, np.ndarray) else cells


def take(cells: Cells, index: Whole) -> Cells:
    """Cells at these positions; -1 is unknown."""
    if isinstance(cells, np.ndarray):
        return np.where(index < 0, np.nan, cells[index]) if cells.size else np.full(index.size, np.nan)
    return cells.take(pa.array(index, mask=index < 0))


def texts(cells: Cells, missing: Sequence[str] = ()) -> pa.Array[Any]:
    """Cells as trimmed text; a whole number is written without a decimal point, an empty text is null.

    Examples
    --------
    >>> texts(pa.array([3.0, 2.5, None])).to_pylist(), texts(pa.array([" a ", ""])).to_pylist()
    (['3', '2.5', None], ['a', None])
    """
    text = pc.utf8_trim_whitespace(cell_texts(cells))
    empty = pc.equal(text, "")
    if missing:
        lowered = pa.array([word.strip().lower() for word in missing], pa.string())
        empty = pc.or_(empty, pc.is_in(pc.utf8_lower(text), value_set=lowered))
    tidy: pa.Array[Any] = pc.if_else(empty, pa.scalar(None, pa.string()), text)
    return tidy


def numbers(cells: Cells, decimal: str | None = None) -> tuple[Floats, Bools]:
    """Cells as numbers.

    Parameters
    ----------
    cells : pyarrow.Array or ndarray
        Text (``7,5``, ``7.5``, ``1 234``, ``85 %``) or numbers.
    decimal : {",", "."}, optional
        The decimal mark; the other mark then separates thousands. None takes a single mark for the decimal mark.

    Returns
    -------
    values : ndarray of float64, shape (n,)
        NaN where there is no number.
    bad : ndarray of bool, shape (n,)
        Where there is something, but no number.

    Examples
    --------
    >>> numbers(pa.array(["7,5", "1 200", "85 %", "nv", None]))
    (array([   7.5, 1200. ,   85. ,    nan,    nan]), array([False, False, False,  True, False]))
    """
    if isinstance(cells, np.ndarray):
        return cells, np.zeros(cells.size, dtype=bool)
    kind = cells.type
    if (
        pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
    ):
        values = cells.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64)
        bad = np.isinf(values)
        return np.where(bad, np.nan, values), bad
    encoded = texts(cells).dictionary_encode()  # a column of marks has few distinct texts
    index = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    values, bad = _parsed(encoded.dictionary, decimal)
    return np.append(values, np.nan)[index], np.append(bad, False)[index]


def _parsed(written: pa.Array[Any], decimal: str | None) -> tuple[Floats, Bools]:
    """Read number texts; none of them is null."""
    plain = _plain_digits(written, decimal)
    fits = pc.and_(pc.match_substring_regex(plain, _NUMBER), pc.less_equal(pc.utf8_length(plain), _LONGEST_NUMBER))
    values = pc.if_else(fits, plain, pa.scalar(None, pa.string())).cast(pa.float64())
    bad: Bools = pc.invert(fits).to_numpy(zero_copy_only=False)
    return values.to_numpy(zero_copy_only=False).astype(np.float64), bad


def _plain_digits(text: pa.Array[Any], decimal: str | None) -> pa.Array[Any]:
    """Write number text with a decimal point and nothing between its digits."""
    text = pc.replace_substring_regex(text, _BLANKS, "")
    text = pc.replace_substring_regex(pc.replace_substring(text, "\N{MINUS SIGN}", "-"), r"%$", "")
    for point, comma in ((".", ","), (",", ".")):  # the mark of thousands, the decimal mark
        if decimal == point:
            continue
        grouped = pc.match_substring_regex(text, rf"^[+-]?\d{{1,3}}(\{point}\d{{3}})+(\{comma}\d+)?$")
        if decimal is None:  # thousands are only believed where both marks stand in one number
            grouped = pc.and_(grouped, pc.match_substring(text, comma))
        text = pc.if_else(grouped, pc.replace_substring(text, point, ""), text)
    if decimal == ",":
        text = pc.replace_substring(text, ".", "?")  # a point that separates no thousands is not a number here
    if decimal != ".":
        text = pc.replace_substring(text, ",", ".")
    return text


def dates(cells: Cells, order: str) -> tuple[Cells, Bools]:
    """Write dates as ISO text.

    Parameters
    ----------
    cells : pyarrow.Array or ndarray
        Text, such as ``03/14/2011``; dates of a workbook stay as they are.
    order : {"dmy", "mdy", "ymd"}
        In which order day, month and year stand.

    Returns
    -------
    cells : pyarrow.Array
        Such as ``2011-03-14``; null where there is no such day.
    bad : ndarray of bool, shape (n,)
        Where there is something, but no date.

    Examples
    --------
    >>> dates(pa.array(["03/14/2011", "14/03/2011"]), "mdy")[0].to_pylist()
    ['2011-03-14', None]
    """
    if not isinstance(cells, np.ndarray) and pa.types.is_temporal(cells.type):
        return cells, np.zeros(len(cells), dtype=bool)
    parts = {"d": r"(?P<d>\d{1,2})", "m": r"(?P<m>\d{1,2})", "y": r"(?P<y>\d{4})"}
    pattern = "^" + r"\D{1,2}".join(parts[part] for part in order) + r"(?:\D.*)?$"
    encoded = texts(cells).dictionary_encode()
    found = pc.extract_regex(encoded.dictionary, pattern)
    year, month, day = (
        pc.fill_null(pc.cast(pc.struct_field(found, part), pa.int64()), 0).to_numpy(zero_copy_only=False)
        for part in "ymd"
    )
    days = calendar_days(year, month, day)
    wrong = np.isnat(days)
    index = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return take(pa.array(days.astype(str), mask=wrong), index), np.append(wrong, False)[index]


def filled(cells: Cells, value: Value | None, empty: Bools) -> Cells:
    """Put a value into the cells that are empty in the file; None leaves them.

    Parameters
    ----------
    cells : pyarrow.Array or ndarray, length n
        As recoded; one that became unknown stays so.
    value : str or float, optional
        What an empty cell stands for.
    empty : ndarray of bool, shape (n,)
        Which cells are empty in the file.

    Returns
    -------
    pyarrow.Array or ndarray, length n
        Floats stay floats if the value is a number.

    Examples
    --------
    >>> filled(np.array([1.0, np.nan, np.nan]), 0.0, np.array([False, True, False]))
    array([ 1.,  0., nan])
    """
    if value is None or value == UNKNOWN or not empty.any():
        return cells
    if isinstance(cells, np.ndarray) and not isinstance(value, str):
        return np.where(empty, value, cells)
    return pc.if_else(pa.array(empty), pa.scalar(as_text(value), pa.string()), texts(cells))


def has_percent(cells: Cells) -> bool:
    """Whether any cell is a number with a percent sign.

    Examples
    --------
    >>> has_percent(pa.array(["9.4 %", None])), has_percent(pa.array(["9.4", "all %"]))
    (True, False)
    """
    if isinstance(cells, np.ndarray) or not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        return False
    return bool(pc.any(pc.match_substring_regex(cells, _PERCENT)).as_py())


def as_text(value: Value) -> str:
    """Write a value of a mapping file as a cell writes it."""
    if isinstance(value, str):
        return value
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT_WHOLE else repr(value)


def recoded(cells: Cells, codes: Mapping[str, Value], other: Value | None) -> tuple[Cells, Bools]:
    """Replace cells by a table of codes.

    A cell is compared as written, then without regard to case, then as a number ("3" is the code of "3.0").

    Parameters
    ----------
    cells : pyarrow.Array or ndarray
        Text or numbers.
    codes : mapping of str to str or float
        What a cell becomes; ``"unknown"`` empties it.
    other : str or float, optional
        What an uncoded cell becomes: ``"keep"``, ``"unknown"`` or a value; None makes it unknown and reports it.

    Returns
    -------
    cells : pyarrow.Array or ndarray
        Floats if every outcome is a number, else text.
    uncoded : ndarray of bool, shape (n,)
        Cells to report: uncoded, with no ``other``.

    Examples
    --------
    >>> recoded(pa.array(["A", "b", "x"]), {"A": 10.0, "B": 8.0}, None)
    (array([10.,  8., nan]), array([False, False,  True]))
    """
    encoded = texts(cells).dictionary_encode()
    words: pa.Array[Any] = encoded.dictionary
    place = _code_of(words, list(codes))
    keep = other == KEEP
    outcomes = [*codes.values(), UNKNOWN if other is None or keep else other]
    place = np.where(place < 0, len(codes), place)
    uncoded = place == len(codes)
    if keep or any(isinstance(value, str) and value != UNKNOWN for value in outcomes):
        result: Cells = pa.array([None if value == UNKNOWN else as_text(value) for value in outcomes], pa.string())
        result = result.take(pa.array(place))
        if keep:
            result = pc.if_else(pa.array(uncoded), words, result)
    else:
        result = np.array([np.nan if isinstance(value, str) else value for value in outcomes])[place]
    index = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    reported = np.append(uncoded if other is None else np.zeros(len(words), dtype=bool), False)
    return take(result, index), reported[index]


def _code_of(words: pa.Array[Any], codes: list[str]) -> Whole:
    """Position of the code that each word fits; -1 if none does."""
    trimmed = [code.strip() for code in codes]
    place = pc.index_in(words, value_set=pa.array(trimmed, pa.string()))
    lowered = pc.index_in(pc.utf8_lower(words), value_set=pc.utf8_lower(pa.array(trimmed, pa.string())))
    found: Whole = pc.fill_null(pc.coalesce(place, lowered), -1).to_numpy(zero_copy_only=False).astype(np.int64)
    code_numbers, _ = numbers(pa.array(trimmed, pa.string()))
    word_numbers, _ = numbers(words)
    numeric = np.flatnonzero(~np.isnan(code_numbers))
    if numeric.size and words:
        ranked = numeric[np.argsort(code_numbers[numeric], kind="stable")]
        spot = np.minimum(np.searchsorted(code_numbers[ranked], word_numbers), ranked.size - 1)
        same = code_numbers[ranked][spot] == word_numbers
        found = np.where((found < 0) & same, ranked[spot], found)
    return found


def scaled(values: Floats, multiply: float, add: float) -> Floats:
    """``values * multiply + add``, as one would calculate by hand.

    3 * 0.0125 is 0.0375, not 0.037500000000000006, and 1 * -1.8 + 11.8 is 10, not a hair above the scale.

    Examples
    --------
    >>> float(scaled(np.array([3.0]), 0.0125, 0.0)[0])
    0.0375
    """
    product = values * multiply
    return tidied(product + add, np.maximum(np.abs(product), abs(add)))


def tidied(values: Floats, size: Floats | None = None) -> Floats:
    """Leave off the noise of calculating with binary fractions: round to 12 significant digits.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Calculated; NaN is unknown. Whole numbers stay as they are.
    size : ndarray of float64, shape (n,), optional
        The largest number that went into each value, whose digits count (the difference of 1.1 and 1 has the noise of
        1.1); by default the value itself.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> tidied(np.array([12.4 + 12.5 + 12.7, 1 / 3])).tolist(), tidied(np.array([1.1 - 1]), np.array([1.1])).tolist()
    ([37.6, 0.333333333333], [0.1])
    """
    largest = np.abs(values) if size is None else size
    fit = np.isfinite(largest) & (largest > 0) & (values != np.floor(values))
    decimals = _DIGITS - 1 - np.floor(np.log10(np.where(fit, largest, 1.0)))
    fit &= (decimals >= 0) & (decimals <= _EXACT_POWERS)
    power = 10.0 ** np.where(fit, decimals, 0.0)
    return np.where(fit, np.round(np.where(fit, values, 0.0) * power) / power + 0.0, values)


def rounded(values: Floats, decimals: int) -> Floats:
    """Round to so many decimals, half away from zero: 2.5 becomes 3, -2.5 becomes -3.

    Examples
    --------
    >>> rounded(np.array([2.5, -2.5, 2.4, np.nan]), 0).tolist(), rounded(np.array([0.285]), 2).tolist()
    ([3.0, -3.0, 2.0, nan], [0.29])
    """
    power = 10.0**decimals
    return np.sign(values) * np.floor(tidied(np.abs(values) * power) + 0.5) / power + 0.0

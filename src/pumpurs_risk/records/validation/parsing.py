"""Cells as people write them, to typed values: decimal commas, percent signs, dates, yes and no, grades.

Every function looks at the *distinct* texts of a column and works on whole arrays; ``cells.py`` spreads the result
over the rows. A text that cannot be read gives "unknown" and a fault; an empty one gives "unknown" alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.contract import Field

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
_DIGITS = r"(?:\d+(?:[.,]\d*)?|[.,]\d+)"
_NUMBER = rf"^[+-]?{_DIGITS}(?:e[+-]?\d+)?$"
_PERCENT = rf"^[+-]?{_DIGITS} ?%$"
_THOUSANDS = r"^[+-]?\d{1,3}(?: \d{3})+(?:[.,]\d+)?$"
_DATES = (
    r"^(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?:[ t]\d{1,2}:\d{2}.*)?$",
    r"^(?P<d>\d{1,2})\. ?(?P<m>\d{1,2})\. ?(?P<y>\d{4})\.?$",
    r"^(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})$",
)
_SEMESTER = r"^(?P<from>20\d{2})\D{1,3}(?:20)?(?P<to>\d{2})\D.*?(?P<n>[12])\D*$"
_CLASS = r"^(?P<n>\d{1,2})(?:[.,]0+)?(?:$|[ .,\-/a-zāčēģīķļņšūž].*$)"
_ROMAN = r"^(?P<n>[ivx]{1,4})(?:$|[ .\-].*$)"
_REFUSALS = {"yes_no": "not_yes_no", "rated": "not_on_scale"}
_ROMAN_NUMBERS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")


@dataclass(frozen=True, slots=True)
class Parsed:
    """Typed values of distinct texts, and what is wrong with which.

    Parameters
    ----------
    values : numpy.ndarray or pyarrow.Array, shape (k,)
        float64 with NaN, datetime64[D] with NaT, or text with null.
    faults : mapping of str to numpy.ndarray of bool, shape (k,)
        By problem code; a faulty text is unknown.
    details : mapping of str to str
        What belongs to a code, such as the allowed range.
    """

    values: Any
    faults: Mapping[str, BoolArray] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)


def tidy(texts: pa.Array[Any]) -> pa.Array[Any]:
    """Trim, make every kind of space one plain space, drop Excel's leading apostrophe and invisible signs; "" is null.

    Examples
    --------
    >>> import pyarrow as pa
    >>> tidy(pa.array(["'007", " 12\u00a0,4 % ", "", None])).to_pylist()
    ['007', '12 ,4 %', None, None]
    """
    clean = _composed(pc.cast(texts, pa.string()))
    clean = pc.replace_substring_regex(clean, r"[\x{200b}\x{200e}\x{200f}\x{feff}\x00]", "")
    clean = pc.utf8_trim_whitespace(
        pc.replace_substring_regex(clean, r"[\s\x{a0}\x{2000}-\x{200a}\x{202f}\x{3000}]+", " ")
    )
    clean = pc.replace_substring_regex(clean, r"^['\x{2019}] *", "")
    return pc.if_else(pc.equal(clean, ""), pa.scalar(None, pa.string()), clean)


def _composed(texts: pa.Array[Any]) -> pa.Array[Any]:
    """Make one letter of a letter and its mark; pyarrow before 26 takes them apart whatever form it is asked for."""
    if pc.all(pc.string_is_ascii(texts), min_count=0).as_py():
        return texts
    written = texts.dictionary_encode()
    distinct = [None if text is None else normalize("NFC", text) for text in written.dictionary.to_pylist()]
    return pa.array(distinct, pa.string()).take(written.indices)


def parse(texts: pa.Array[Any], column: Field, words: Mapping[str, Any]) -> Parsed:
    """Read distinct texts as a column's kind demands.

    Parameters
    ----------
    texts : pyarrow.Array of string, shape (k,)
        Distinct cells as written.
    column : Field
        Kind, limits and scale.
    words : mapping
        What people write for yes, no, unknown, the programmes and formula errors.

    Returns
    -------
    Parsed
        Aligned with ``texts``.

    Examples
    --------
    >>> import pyarrow as pa
    >>> share = Field("absence_share", "share", {"lv": "", "en": ""}, minimum=0, maximum=1)
    >>> parsed = parse(pa.array(["12,4 %", "0.124", "12,4"]), share, {})
    >>> parsed.values.tolist(), parsed.faults["share_without_percent"].tolist()
    ([0.124, 0.124, nan], [False, False, True])
    """
    clean = tidy(texts)
    if column.kind in ("text", "name"):
        return _text(clean, column, words)
    folded = pc.utf8_lower(clean)
    broken = _is_in(folded, words.get("formula_errors", ())) | _matches(folded, r"^(#{2,}|err:\d+)$")
    if column.kind == "date":
        parsed = _dates(folded, column, words)
    elif column.kind == "programme":
        parsed = _programmes(folded, words)
    elif column.kind == "semester":
        parsed = _semesters(folded, words)
    elif column.kind == "level":
        parsed = _levels(folded, words)
    else:
        parsed = _quantities(folded, column, words)
    if not broken.any():
        return parsed
    faults = {code: mask & ~broken for code, mask in parsed.faults.items()}
    return Parsed(parsed.values, {**faults, "formula_error": broken}, parsed.details)


def check_range(values: FloatArray, column: Field) -> Parsed:
    """Refuse numbers outside a column's limits, and fractions where only whole numbers make sense.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (k,)
        NaN where unknown.
    column : Field
        Kind and limits.

    Returns
    -------
    Parsed
        Refused values are NaN.
    """
    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum
    known = ~np.isnan(values)
    outside = known & ((values < low) | (values > high) | np.isinf(values))
    faults = {}
    if column.kind == "share":
        faults["share_without_percent"] = outside & (values > 1) & (values <= 100)
        outside &= ~faults["share_without_percent"]
    if column.kind in ("whole", "year", "level"):
        faults["not_whole"] = known & ~outside & (values != np.round(values))
    if column.kind == "yes_no":
        outside = known & ~np.isin(values, (0.0, 1.0))
    faults[_REFUSALS.get(column.kind, "out_of_range")] = outside
    bad = np.logical_or.reduce(list(faults.values()))
    return Parsed(np.where(bad, np.nan, values), faults, {"out_of_range": limits_text(column)})


def limits_text(column: Field) -> str:
    """A column's limits for people, such as ``1–10``; ``≥ 0`` where it has one only."""
    low, high = (None if limit is None else f"{limit:g}" for limit in (column.minimum, column.maximum))
    if low is not None and high is not None:
        return f"{low}–{high}"
    return f"≥ {low}" if low is not None else f"≤ {high}" if high is not None else ""


def is_course(texts: pa.Array[Any], words: Mapping[str, Any]) -> BoolArray:
    """Whether a class is called a course ("1. kurss"), as only vocational schools do.

    Examples
    --------
    >>> import pyarrow as pa
    >>> is_course(pa.array(["1. kurss", "9.a", None]), {"course": ["kurss"]}).tolist()
    [True, False, False]
    """
    found = np.zeros(len(texts), bool)
    folded = pc.utf8_lower(pc.cast(texts, pa.string()))
    for word in words.get("course", ()):
        found |= _matches(folded, rf"(^|[^\p{{L}}]){word}($|[^\p{{L}}])")
    return found


def _text(clean: pa.Array[Any], column: Field, words: Mapping[str, Any]) -> Parsed:
    folded = pc.utf8_lower(clean)
    broken = _is_in(folded, words.get("formula_errors", ())) | _matches(folded, r"^(#{2,}|err:\d+)$")
    faults = {"formula_error": broken}
    bad = broken
    if column.allowed:
        faults["not_allowed"] = _known(clean) & ~_is_in(clean, column.allowed) & ~broken
        bad = bad | faults["not_allowed"]
    values = pc.if_else(pa.array(bad), pa.scalar(None, pa.string()), clean)
    return Parsed(values, faults, {"not_allowed": ", ".join(column.allowed[:6])})


def _quantities(folded: pa.Array[Any], column: Field, words: Mapping[str, Any]) -> Parsed:
    values, read = _numbers(folded, column)
    for number, names in _value_words(column, words).items():
        said = _is_in(folded, names)
        values[said] = number
        read |= said
    empty = ~_known(folded) | (~read & _is_in(folded, words.get("unknown", ())))
    checked = check_range(values, column)
    code = _REFUSALS.get(column.kind, "not_a_number")
    unread = ~read & ~empty
    if "share_without_percent" in checked.faults:  # "120 %" has its sign
        signed = checked.faults["share_without_percent"] & _matches(folded, "%$")
        checked.faults["share_without_percent"][signed] = False
        checked.faults["out_of_range"][signed] = True
    faults = {**checked.faults, code: unread | checked.faults.get(code, np.zeros(len(values), bool))}
    return Parsed(checked.values, faults, checked.details)


def _numbers(folded: pa.Array[Any], column: Field) -> tuple[FloatArray, BoolArray]:
    texts = pc.replace_substring(folded, "\u2212", "-")
    if column.kind == "mark":  # "4|7" was corrected to 7; "7(p.d.)" names the kind of work
        texts = pc.replace_substring_regex(texts, r"^.*\|\s*", "")
        texts = pc.replace_substring_regex(texts, r"^([\d.,]+) ?\([^()]*\)$", r"\1")
    grouped = _matches(texts, _THOUSANDS)
    if grouped.any():
        texts = pc.if_else(pa.array(grouped), pc.replace_substring(texts, " ", ""), texts)
    values = np.full(len(texts), np.nan)
    plain = _matches(texts, _NUMBER)
    values[plain] = _cast(texts.filter(pa.array(plain)))
    read = plain
    if column.kind == "share":
        percent = _matches(texts, _PERCENT)
        digits = pc.replace_substring_regex(texts.filter(pa.array(percent)), r" ?%$", "")
        values[percent] = _cast(pc.binary_join_element_wise(digits, "e-2", ""))  # exact: 12,4 % is the float 0.124
        read = plain | percent
    elif column.kind == "year":
        days = _read_dates(texts)
        dated = ~np.isnat(days) & ~plain
        values[dated] = days[dated].astype("datetime64[Y]").astype(int) + 1970
        read = plain | dated
    endless = np.isinf(values)
    values[endless] = np.nan
    return values, read & ~endless


def _cast(numbers: pa.Array[Any]) -> FloatArray:
    point = pc.replace_substring(numbers, ",", ".")
    point = pc.replace_substring_regex(point, r"^\+", "")
    return np.asarray(pc.cast(point, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _value_words(column: Field, words: Mapping[str, Any]) -> dict[float, list[str]]:
    if column.kind == "yes_no":
        return {1.0: list(words.get("yes", ())), 0.0: list(words.get("no", ()))}
    said: dict[float, list[str]] = {}
    for scale in column.scale.values():
        for value, word in enumerate(scale):
            forms = (word, f"{value} – {word}", f"{value} - {word}", f"{value} {word}", f"{value} ({word})")
            said.setdefault(float(value), []).extend(form.casefold() for form in forms)
    return said


def _dates(folded: pa.Array[Any], column: Field, words: Mapping[str, Any]) -> Parsed:
    days = _read_dates(folded)
    empty = ~_known(folded) | _is_in(folded, words.get("unknown", ()))
    bad = np.isnat(days) & ~empty
    early = np.zeros(len(days), bool)
    if column.earliest:
        early = days < np.datetime64(column.earliest)
        days[early] = np.datetime64("NaT")
    return Parsed(days, {"not_a_date": bad, "out_of_range": early}, {"out_of_range": f"≥ {column.earliest}"})


def _read_dates(folded: pa.Array[Any]) -> np.ndarray[Any, Any]:
    days = np.full(len(folded), np.datetime64("NaT"), dtype="datetime64[D]")
    for pattern in _DATES:
        hit = _matches(folded, pattern)
        if hit.any():
            parts = pc.extract_regex(folded.filter(pa.array(hit)), pattern)
            year, month, day = (
                pc.cast(pc.struct_field(parts, part), pa.int64()).to_numpy(zero_copy_only=False) for part in "ymd"
            )
            days[hit] = calendar_days(year, month, day)
    return days


def as_day(day: Any) -> np.datetime64:
    """Read one day as a caller writes it.

    Parameters
    ----------
    day : date, timestamp or text
        2027-01-15 or 15.01.2027.

    Returns
    -------
    numpy.datetime64
        With the unit of days.

    Raises
    ------
    RecordsError
        If it is no date.

    Examples
    --------
    >>> str(as_day("15.01.2027."))
    '2027-01-15'
    """
    if not isinstance(day, str):
        return np.datetime64(day, "D")
    found = _read_dates(tidy(pa.array([day], pa.string())))[0]
    if np.isnat(found):
        raise RecordsError("date_needed", value=day)
    return np.datetime64(found, "D")


def calendar_days(
    year: np.ndarray[Any, Any], month: np.ndarray[Any, Any], day: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Make dates of three arrays of whole numbers; NaT where the calendar has no such day (31 February).

    Examples
    --------
    >>> calendar_days(np.array([2027, 2027]), np.array([1, 2]), np.array([15, 31])).astype(str).tolist()
    ['2027-01-15', 'NaT']
    """
    possible = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year >= 1)
    months = (np.where(possible, year, 1970) - 1970) * 12 + np.where(possible, month, 1) - 1
    first = months.astype("datetime64[M]")
    days = first.astype("datetime64[D]") + np.where(possible, day - 1, 0)
    days[~possible | (days.astype("datetime64[M]") != first)] = np.datetime64("NaT")
    return days


def _programmes(folded: pa.Array[Any], words: Mapping[str, Any]) -> Parsed:
    named = {word: programme for programme, said in words.get("programmes", {}).items() for word in said}
    values = _looked_up(folded, named)
    bad = _known(folded) & ~_known(values) & ~_is_in(folded, words.get("unknown", ()))
    return Parsed(values, {"not_a_programme": bad})


def _semesters(folded: pa.Array[Any], words: Mapping[str, Any]) -> Parsed:
    parts = pc.extract_regex(folded, _SEMESTER)
    first, last, half = (pc.struct_field(parts, part) for part in ("from", "to", "n"))
    values = pc.binary_join_element_wise(first, pc.binary_join_element_wise("20", last, ""), "/")
    values = pc.binary_join_element_wise(values, half, "-")
    follows = pc.equal(
        pc.cast(pc.utf8_slice_codeunits(first, 2, 4), pa.int64()), pc.subtract(pc.cast(last, pa.int64()), 1)
    )
    values = pc.if_else(pc.fill_null(follows, False), values, pa.scalar(None, pa.string()))
    bad = _known(folded) & ~_known(values) & ~_is_in(folded, words.get("unknown", ()))
    return Parsed(values, {"not_a_semester": bad})


def _levels(folded: pa.Array[Any], words: Mapping[str, Any]) -> Parsed:
    values = np.full(len(folded), np.nan)
    arabic = pc.struct_field(pc.extract_regex(folded, _CLASS), "n")
    roman = _looked_up(
        pc.struct_field(pc.extract_regex(folded, _ROMAN), "n"),
        {numeral: str(value) for value, numeral in enumerate(_ROMAN_NUMBERS, start=1)},
    )
    number = pc.coalesce(arabic, roman)
    known = _known(number)
    values[known] = pc.cast(number.filter(pa.array(known)), pa.float64()).to_numpy(zero_copy_only=False)
    values[(values < 1) | (values > 12)] = np.nan
    bad = _known(folded) & np.isnan(values) & ~_is_in(folded, words.get("unknown", ()))
    return Parsed(values, {"not_a_level": bad})


def _looked_up(texts: pa.Array[Any], names: Mapping[str, str]) -> pa.Array[Any]:
    where = pc.index_in(texts, value_set=pa.array(list(names), pa.string()))
    return pa.array(list(names.values()), pa.string()).take(where)


def _known(texts: pa.Array[Any]) -> BoolArray:
    return _mask(pc.is_valid(texts))


def _is_in(texts: pa.Array[Any], words: Any) -> BoolArray:
    return _mask(pc.is_in(texts, value_set=pa.array(list(words), pa.string()))) & _known(texts)


def _matches(texts: pa.Array[Any], pattern: str) -> BoolArray:
    return _mask(pc.fill_null(pc.match_substring_regex(texts, pattern), False))


def _mask(array: Any) -> BoolArray:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)

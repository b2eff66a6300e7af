"""Marks: the final mark of each subject, as corrected by the day, and what follows from all of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import narwhals as nw
import pyarrow as pa

from pumpurs_risk.factors.expressions.days import coded

if TYPE_CHECKING:
    from pumpurs_risk.factors.engines import Frame
    from pumpurs_risk.factors.known import KnownRecords

SIGNS = ("nv", "exempt", "fail", "pass", "S", "T", "A", "P")
"""Final signs that are no mark; of one day and kind a mark counts before any of them, then the later of this list."""
_LEVELS = ("S", "T", "A", "P")
_CODES = {sign: code for code, sign in enumerate(SIGNS, start=1)}
_LOWEST = 10
"""Tenths of the lowest mark: codes below it are signs."""
PASS_TENTHS = 40
LEAST_MARKS = 3
"""Daily and test marks from which a provisional mark is made."""
_CODE, _KIND, _DAYS = 256, 2, 512
"""A final mark as one number: year and day of the year, whether it is a semester's, its value."""
_NEEDED = (
    "pupil_id", "subject", "date", "kind", "semester", "mark", "sign", "corrected_mark", "corrected_sign", "corrected_on",
)  # fmt: skip
_PLACES = ("before", "first", "second")


def marks_of_the_day(known: KnownRecords, columns: tuple[str, ...] | None = None) -> Frame:
    """Rows of the table of marks with every correction that was made before the day, and no later one.

    Parameters
    ----------
    known : KnownRecords
        With or without marks.
    columns : tuple of str, optional
        Columns needed; by default those of the contract.

    Returns
    -------
    LazyFrame
        In these columns; ``mark`` and ``sign`` are those of the day.
    """
    rows = known.rows("marks", columns)
    when = nw.col("corrected_on")
    made = when.is_null() | (when < nw.lit(known.window.as_of, nw.Date))
    corrected = made & (~nw.col("corrected_mark").is_null() | ~nw.col("corrected_sign").is_null())
    return rows.with_columns(
        mark=nw.when(corrected).then(nw.col("corrected_mark")).otherwise(nw.col("mark")),
        sign=nw.when(corrected).then(nw.col("corrected_sign")).otherwise(nw.col("sign")),
    )


def mark_keys(known: KnownRecords) -> Frame:
    """One row per pupil and subject that anybody marked in the window, or finally in the semester before it.

    Returns
    -------
    LazyFrame
        pupil_id, subject; ``_before``, ``_first``, ``_second``: the latest final mark of the semester before, of the
        completed and of the running one, as a number made of day, kind and value (0: none); ``_marks`` and ``_tenths``:
        number and sum of the window's daily and test marks.
    """
    window, base = known.window, _first_day(known)
    kind, date = nw.col("kind"), nw.col("date")
    final, small = (kind == "semester") | (kind == "year"), (kind == "daily") | (kind == "test")
    since, start, end = (nw.lit(each, nw.Date) for each in (base, window.start, window.end))
    rows = marks_of_the_day(known, _NEEDED)
    rows = rows.filter((final & (date >= since)) | (small & (date >= start) & (date < end) & ~nw.col("mark").is_null()))
    tenths = (nw.col("mark") * 10).round().cast(nw.Int64)
    number = (date.dt.year().cast(nw.Int64) - base.year) * _DAYS + date.dt.ordinal_day().cast(nw.Int64)
    newer = nw.when(kind == "semester").then(nw.lit(1)).otherwise(nw.lit(0))
    code = nw.coalesce(tenths, coded(nw.col("sign"), _CODES).cast(nw.Int64))
    rows = rows.select(
        "pupil_id", "subject", "date", "semester", _key=(number * _KIND + newer) * _CODE + code, _is_final=final,
        _mark=nw.when(small).then(tenths.cast(nw.Float64)),
    )  # fmt: skip
    names = {"before": window.previous, "first": window.completed}
    names |= {"second": window.latest} if len(window.semesters) == 2 else {}
    columns: dict[str, nw.Expr] = {}
    for name in _PLACES:
        semester = names.get(name)
        if semester is None:
            columns[f"_{name}"] = nw.lit(0).cast(nw.Int64)
            continue
        first, last = (nw.lit(each, nw.Date) for each in _final_span(known, semester))
        by_date = nw.col("semester").is_null() & (date >= first) & (date < last)
        mine = nw.col("_is_final") & ((nw.col("semester") == semester) | by_date)
        columns[f"_{name}"] = nw.when(mine).then(nw.col("_key")).otherwise(nw.lit(0))
    columns["_marks"] = nw.when(~nw.col("_mark").is_null()).then(nw.lit(1.0)).otherwise(nw.lit(0.0))
    columns["_tenths"] = nw.col("_mark").fill_null(0.0)
    keys = rows.select("pupil_id", "subject", **columns).group_by("pupil_id", "subject")
    found = keys.agg(*[nw.col(f"_{name}").max() for name in _PLACES], nw.col("_marks").sum(), nw.col("_tenths").sum())
    keys_filled = {f"_{name}": nw.col(f"_{name}").fill_null(0) for name in _PLACES}
    sums = {name: nw.col(name).cast(nw.Int64) for name in ("_marks", "_tenths")}
    return found.with_columns(**keys_filled, **sums)


def _subjects(known: KnownRecords) -> Frame:
    """Code of each subject's mark (tenths, or a sign), of the final mark before it, and the key that holds its day."""
    later, first = nw.col("_second") > 0, nw.col("_first") > 0
    chosen = nw.when(later).then(nw.col("_second")).otherwise(nw.col("_first"))
    before = nw.when(later).then(nw.col("_first")).otherwise(nw.col("_before"))
    many = nw.col("_marks") >= LEAST_MARKS
    count = nw.when(many).then(nw.col("_marks")).otherwise(nw.lit(1))
    half_up = (2 * nw.col("_tenths") + 10 * count) // (20 * count) * 10
    found = mark_keys(known).with_columns(_key=chosen, _key_before=before, _provisional=half_up)
    final = nw.col("_key") > 0
    code = nw.when(final).then(_code_of("_key")).when(many).then(nw.col("_provisional")).otherwise(nw.lit(0))
    found = found.with_columns(_final=later | first, _code=code.cast(nw.Int64), _code_before=_code_of("_key_before"))
    return found.filter(nw.col("_code") > 0)


def mark_columns(known: KnownRecords, rows: Frame) -> Frame:
    """Add failing_subjects, mean_mark, mark_trend, not_assessed, low_levels.

    A pupil without a mark in any subject is unknown, not without failing marks; without a final mark or sign it is unknown
    whether any is missing.
    """
    code, before = nw.col("_code"), nw.col("_code_before")
    is_mark, both = code >= _LOWEST, (code >= _LOWEST) & (before >= _LOWEST)

    def number(condition: nw.Expr) -> nw.Expr:
        return nw.when(condition).then(nw.lit(1.0)).otherwise(nw.lit(0.0))

    final = nw.col("_final")
    counted = _subjects(known).select(
        "pupil_id",
        _n=number(is_mark),
        _failing=number(is_mark & (code < PASS_TENTHS)),
        _sum=nw.when(is_mark).then(code.cast(nw.Float64)).otherwise(nw.lit(0.0)),
        _pairs=number(both),
        _change=nw.when(both).then((code - before).cast(nw.Float64)).otherwise(nw.lit(0.0)),
        _finals=number(final),
        _nv=number(final & (code == _CODES["nv"])),
        _levels=number(final & code.is_in([_CODES[sign] for sign in _LEVELS])),
        _low=number(final & (code == _CODES["S"])),
    )
    names = ["_n", "_failing", "_sum", "_pairs", "_change", "_finals", "_nv", "_levels", "_low"]
    sums = counted.group_by("pupil_id").agg(*[nw.col(name).sum() for name in names])

    def of(top: str, some: str, per: float = 1.0, each: str = "") -> nw.Expr:
        value = nw.col(top)
        return nw.when(nw.col(some) > 0).then(value / (per * nw.col(each)) if each else value)

    found = sums.select(
        "pupil_id",
        failing_subjects=of("_failing", "_n"),
        mean_mark=of("_sum", "_n", 10.0, "_n"),
        mark_trend=of("_change", "_pairs", 10.0, "_pairs"),
        not_assessed=of("_nv", "_finals"),
        low_levels=of("_low", "_levels"),
    )
    return rows.join(known.engine.settle(found), on="pupil_id", how="left")


def subject_marks(known: KnownRecords) -> Frame:
    """One row per pupil and subject: tenths, previous_tenths, sign, date, kind."""
    base, as_of = _first_day(known), known.window.as_of
    every = [base + dt.timedelta(days=n) for n in range((as_of - base).days)]
    numbers = [(day.year - base.year) * _DAYS + day.timetuple().tm_yday for day in every]
    calendar = known.engine.small({"_day": numbers, "date": every}, {"_day": pa.int64(), "date": pa.date32()})
    key = nw.col("_key") // _CODE
    code, before, final = nw.col("_code"), nw.col("_code_before"), nw.col("_final")
    kind = nw.when(key - key // _KIND * _KIND == 1).then(nw.lit("semester")).otherwise(nw.lit("year"))
    sign = coded(code, {number: sign for sign, number in _CODES.items()})
    found = _subjects(known).select(
        "pupil_id",
        "subject",
        tenths=nw.when(code >= _LOWEST).then(code),
        previous_tenths=nw.when(before >= _LOWEST).then(before),
        sign=sign,
        kind=nw.when(final).then(kind).otherwise(nw.lit("provisional")),
        _day=nw.when(final).then(key // _KIND),
    )
    return found.join(calendar, on="_day", how="left").select(
        "pupil_id", "subject", "tenths", "previous_tenths", "sign", "date", "kind"
    )


def _code_of(key: str) -> nw.Expr:
    return nw.col(key) - nw.col(key) // _CODE * _CODE


def _final_span(known: KnownRecords, semester: str) -> tuple[dt.date, dt.date]:
    """First day, and first day no longer, on which a final mark that names no semester belongs to this one."""
    names = list(known.window.calendar)
    place = names.index(semester)
    following = names[place + 1] if place + 1 < len(names) else None
    until = known.window.final_marks_from(following) if following else known.window.as_of
    return known.window.final_marks_from(semester), until


def _first_day(known: KnownRecords) -> dt.date:
    """First day on which a final mark can count: half a year before the semester before the window."""
    window = known.window
    start = window.calendar.bounds(window.previous)[0] if window.previous else window.start
    return start - dt.timedelta(days=183)

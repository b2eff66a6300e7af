"""Absences: what was missed, how much of it without excuse, against the lessons held."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import narwhals as nw

from pumpurs_risk.factors.expressions.lessons import INTERVALS, LEAST_DAYS, intervals

if TYPE_CHECKING:
    from pumpurs_risk.factors.engines import Frame
    from pumpurs_risk.factors.known import KnownRecords

ABSENT, EXCUSED = "absent_", "excused_"
"""How the statuses begin of which one row is one lesson."""
HUNDREDTHS = 100.0
"""Lessons are summed as whole hundredths: floats hold them exactly, so that no order of rows shows in the bits."""
_PER = 100.0
_NEEDED = ("subject", "pupil_id", "date", "status", "lessons_missed", "lessons_held", "excused_on")


def statuses_of_the_day(
    known: KnownRecords, since: dt.date | None, until: dt.date, columns: tuple[str, ...] | None = None
) -> Frame:
    """Rows of the table of absences with the status that was known on the day.

    An excuse counts from its date on. An absence whose excuse has no date, and an unexcused one, are open as long as they
    are of the last 7 days.

    Parameters
    ----------
    known : KnownRecords
        With or without absences.
    since, until : datetime.date
        First day (None: ever), and first day no longer.
    columns : tuple of str, optional
        Columns needed; by default those of the contract.

    Returns
    -------
    LazyFrame
        In these columns; lessons_missed is as given.
    """
    day, settled = nw.lit(known.window.as_of, nw.Date), nw.lit(known.window.settled, nw.Date)
    date, status, excused_on = nw.col("date"), nw.col("status"), nw.col("excused_on")
    rows = known.rows("absences", columns).filter(date < nw.lit(until, nw.Date))
    if since is not None:
        rows = rows.filter(date >= nw.lit(since, nw.Date))
    undated, later = excused_on.is_null(), (excused_on >= day).fill_null(False)
    is_open = (
        (status.str.starts_with(EXCUSED) & (later | (undated & (date >= settled))))
        | ((status == "absent_unexcused") & (date >= settled))
        | ((status == "absent_open") & (undated | later))
    )
    turned = (status == "absent_open") & ~undated & ~later
    known_as = nw.when(is_open).then(nw.lit("absent_open")).otherwise(status)
    return rows.with_columns(status=nw.when(turned).then(nw.lit("excused_other")).otherwise(known_as))


def lessons_of_rows(known: KnownRecords, since: dt.date, until: dt.date, *, subjects: bool = False) -> Frame:
    """Lessons that each row of a time tells of, in whole hundredths: their sums do not depend on order.

    What stays open for more than 7 days is unexcused: its time for an excuse is over. A school event is no absence. A row
    without a number of lessons is one lesson.

    Parameters
    ----------
    known : KnownRecords
        With or without absences.
    since, until : datetime.date
        First day, and first day no longer.
    subjects : bool
        Whether the subject is needed too.

    Returns
    -------
    LazyFrame
        pupil_id, date, missed, unexcused, open, late, held, and ``register``: 1 where the row can only stem from a
        register of lessons held.
    """
    rows = statuses_of_the_day(known, since, until, _NEEDED if subjects else _NEEDED[1:])
    settled = nw.lit(known.window.settled, nw.Date)
    status, none = nw.col("status"), nw.lit(0.0)
    given = (nw.col("lessons_missed") * HUNDREDTHS).round()
    lessons = nw.coalesce(given, nw.when(is_whole()).then(nw.lit(HUNDREDTHS)).otherwise(none))
    is_open, settled_row = status == "absent_open", nw.col("date") < settled
    unexcused = (status == "absent_unexcused") | (is_open & settled_row)
    missed = (is_whole() & (status != "excused_school_event")) | (status == "left_early")
    held = (nw.col("lessons_held") * HUNDREDTHS).round()
    of_register = (status == "present") | ((nw.col("lessons_missed") == 0) & (nw.col("lessons_held") > 0))

    def where(condition: nw.Expr, value: nw.Expr) -> nw.Expr:
        return nw.when(condition).then(value).otherwise(none)

    return rows.select(
        *(["subject"] if subjects else []),
        "pupil_id",
        "date",
        missed=where(missed, lessons),
        unexcused=where(unexcused, lessons),
        open=where(is_open & ~settled_row, lessons),
        late=where(status == "late", nw.lit(HUNDREDTHS)),
        held=nw.coalesce(held, nw.max_horizontal(lessons, nw.lit(HUNDREDTHS))),
        register=where(of_register, nw.lit(1.0)),
    )


def absences_of_window(known: KnownRecords) -> Frame:
    """Rows of the window that tell of an absence: pupil_id, date, subject, missed, unexcused, open, late, semester."""
    window = known.window
    rows = lessons_of_rows(known, window.start, window.end, subjects=True)
    first = nw.col("date") < nw.lit(window.split, nw.Date)
    semester = nw.when(first).then(nw.lit(window.completed)).otherwise(nw.lit(window.latest))
    lessons = {name: nw.col(name) / HUNDREDTHS for name in ("missed", "unexcused", "open", "late")}
    return rows.select("pupil_id", "date", "subject", **lessons, semester=semester)


def absence_columns(known: KnownRecords, rows: Frame) -> Frame:
    """Add the factors made from absences, and the raw counts that travel beside them.

    Parameters
    ----------
    known : KnownRecords
        With absences.
    rows : LazyFrame
        The roll; with ``_held_<interval>`` and ``_days_<interval>``.

    Returns
    -------
    LazyFrame
        With absence_share, unexcused_lessons, absence_recent, absence_trend, lateness, unexcused_raw, unexcused_semester,
        open_raw, and ``_lessons_<interval>``: lessons held in hundredths as a register says, else as stated or usual.
    """
    rows = rows.join(known.engine.settle(_sums(known)), on="pupil_id", how="left")
    sums = [f"_{name}" for name in _summed()]
    rows = rows.with_columns(**{name: nw.col(name).fill_null(0.0) for name in sums})
    registers = {f"_by_{name}": nw.col(f"_register_{name}").max().over("school_id") for name in INTERVALS}
    rows = rows.with_columns(**registers)
    held = {}
    for name in INTERVALS:
        registered = nw.col(f"_held_rows_{name}") / HUNDREDTHS
        lessons = nw.when(nw.col(f"_by_{name}") > 0).then(registered).otherwise(nw.col(f"_held_{name}"))
        enough = (nw.col(f"_days_{name}") >= LEAST_DAYS) & (lessons > 0)
        held[f"_lessons_{name}"] = nw.when(enough).then(lessons)
    rows = rows.with_columns(**held)
    share = {name: _at_most(_of_held("missed", name, 1.0), 1.0) for name in INTERVALS}
    first, second = nw.col("_unexcused_first"), nw.col("_unexcused_second")
    more_in_second = second > first
    raw = nw.when(more_in_second).then(second).otherwise(first) / HUNDREDTHS
    named = nw.when(more_in_second).then(nw.lit(known.window.latest)).otherwise(nw.lit(known.window.completed))
    unexcused = (first + second) / HUNDREDTHS
    return rows.with_columns(
        absence_share=share["window"],
        absence_recent=share["recent"],
        absence_trend=share["recent"] - share["before"],
        unexcused_lessons=_at_most(_PER * unexcused / nw.col("_lessons_window"), _PER),
        lateness=_at_most(_of_held("late", "window", _PER), _PER),
        unexcused_raw=raw,
        unexcused_semester=named,
        open_raw=nw.col("_open_window") / HUNDREDTHS,
    )


def is_whole() -> nw.Expr:
    """Whether a row without a number of lessons is one lesson."""
    return nw.col("status").str.starts_with(ABSENT) | nw.col("status").str.starts_with(EXCUSED)


def _summed() -> tuple[str, ...]:
    each = [f"{what}_{interval}" for what in ("missed", "held_rows", "register") for interval in INTERVALS]
    return (*each, "open_window", "late_window", "unexcused_first", "unexcused_second")


def _sums(known: KnownRecords) -> Frame:
    window, spans = known.window, intervals(known)
    since, until = min(first for first, _ in spans.values()), max(last for _, last in spans.values())
    rows = lessons_of_rows(known, since, until)
    date, none = nw.col("date"), nw.lit(0.0)

    def within(first: dt.date, last: dt.date, value: str) -> nw.Expr:
        inside = (date >= nw.lit(first, nw.Date)) & (date < nw.lit(last, nw.Date))
        return nw.when(inside).then(nw.col(value)).otherwise(none)

    columns = {}
    for name, span in spans.items():
        columns[f"_missed_{name}"] = within(*span, "missed")
        columns[f"_held_rows_{name}"] = within(*span, "held")
        columns[f"_register_{name}"] = within(*span, "register")
    columns["_open_window"] = within(window.start, window.end, "open")
    columns["_late_window"] = within(window.start, window.end, "late")
    columns["_unexcused_first"] = within(window.start, window.split, "unexcused")
    columns["_unexcused_second"] = within(window.split, window.end, "unexcused")
    selected = rows.select("pupil_id", **columns)
    return selected.group_by("pupil_id").agg(*[nw.col(name).sum() for name in columns])


def _of_held(what: str, interval: str, per: float) -> nw.Expr:
    return per * (nw.col(f"_{what}_{interval}") / HUNDREDTHS) / nw.col(f"_lessons_{interval}")


def _at_most(value: nw.Expr, limit: float) -> nw.Expr:
    return nw.when(value > limit).then(nw.lit(limit)).otherwise(value)

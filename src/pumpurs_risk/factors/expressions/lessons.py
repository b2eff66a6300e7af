"""How many lessons were held for a pupil in a time: as a register says, as the school states, or as is usual."""

from __future__ import annotations

import datetime as dt
from functools import reduce
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa

from pumpurs_risk.factors.expressions.days import coded
from pumpurs_risk.factors.expressions.roll import window_days

if TYPE_CHECKING:
    from pumpurs_risk.factors.engines import Frame
    from pumpurs_risk.factors.known import KnownRecords

INTERVALS = ("window", "recent", "before")
LEAST_DAYS = 5
"""School days that must have been held for a share to say anything."""
_KEYS = ("school_id", "programme", "class_id")
_WEIGHT = {"school_id": 2, "programme": 1, "class_id": 4}
_EMPTY: frozenset[str] = frozenset()


def intervals(known: KnownRecords) -> dict[str, tuple[dt.date, dt.date]]:
    """First day, and first day no longer, of the review window, the last 30 days and the 30 days before those."""
    window = known.window
    return {
        "window": (window.start, window.end),
        "recent": (window.recent, window.as_of),
        "before": (window.before, window.recent),
    }


def lessons_stated_or_usual(known: KnownRecords, rows: Frame) -> Frame:
    """Add ``_held_<interval>``, lessons held while a pupil was enrolled, and ``_days_<interval>``, school days of it.

    Parameters
    ----------
    known : KnownRecords
        The windows, and what schools state in the table of semesters: of several rows that fit a pupil the most specific.
    rows : LazyFrame
        The roll; with ``_days_before``, school days before the enrolment.

    Returns
    -------
    LazyFrame
        Unknown where nobody states the lessons and the calendar does not know the level.
    """
    spans = {name: known.window.semesters_within(*both) for name, both in intervals(known).items()}
    semesters = sorted({semester for inside in spans.values() for semester in inside})
    rows, rates = _rates(known, rows, semesters)
    days: dict[str, dict[str, nw.Expr]] = {}
    for name, inside in spans.items():
        days[name] = {semester: _days_enrolled(known, *both) for semester, both in inside.items()}
    columns: dict[str, Any] = {}
    for name, inside_days in days.items():
        if not inside_days:
            columns |= {f"_days_{name}": nw.lit(0), f"_held_{name}": nw.lit(None, nw.Float64)}
            continue
        columns[f"_days_{name}"] = _sum(list(inside_days.values()))
        columns[f"_held_{name}"] = _sum([rates[each] * count.cast(nw.Float64) for each, count in inside_days.items()])
    return rows.with_columns(**columns)


def _sum(expressions: list[nw.Expr]) -> nw.Expr:
    return reduce(lambda one, other: one + other, expressions)


def _days_enrolled(known: KnownRecords, start: dt.date, end: dt.date) -> nw.Expr:
    """School days between two days, from the enrolment if it was later."""
    first, last = window_days(known, start), window_days(known, end)
    since = nw.max_horizontal(nw.lit(first), nw.col("_days_before"))
    return nw.max_horizontal(nw.lit(0), nw.lit(last) - since)


def _rates(known: KnownRecords, rows: Frame, semesters: list[str]) -> tuple[Frame, dict[str, nw.Expr]]:
    """Lessons per school day in each semester."""
    usual = _usual_lessons(known)
    stated = _stated_rates(known, semesters)
    columns: dict[str, list[nw.Expr]] = {semester: [] for semester in semesters}
    for number, keys in enumerate(sorted(stated, key=lambda each: -sum(_WEIGHT[key] for key in each))):
        some = stated[keys]
        if not keys:
            for semester, rate in some[()].items():
                columns[semester].append(nw.lit(rate))
            continue
        names = {semester: f"_rate_{number}_{place}" for place, semester in enumerate(semesters)}
        values: dict[str, list[Any]] = {key: [found[i] for found in some] for i, key in enumerate(keys)}
        values |= {names[semester]: [rates.get(semester) for rates in some.values()] for semester in semesters}
        schema = dict.fromkeys(keys, pa.string()) | dict.fromkeys(names.values(), pa.float64())
        rows = rows.join(known.engine.small(values, schema), on=list(keys), how="left")
        for semester, name in names.items():
            columns[semester].append(nw.col(name))
    return rows, {semester: nw.coalesce(*found, usual) if found else usual for semester, found in columns.items()}


def _stated_rates(
    known: KnownRecords, semesters: list[str]
) -> dict[tuple[str, ...], dict[tuple[str, ...], dict[str, float]]]:
    """Stated lessons per school day, by which of school, programme and class a row names, then by their values."""
    from pumpurs_risk.factors.known import own_semesters

    found: dict[tuple[str, ...], dict[tuple[str, ...], dict[str, float]]] = {}
    for row in own_semesters(known.records, known.catalogue, known.engine):
        semester, lessons = row["semester"], row["lessons_held"]
        if lessons is None or semester not in semesters:
            continue
        first, last = known.window.calendar.bounds(semester)
        days = row["school_days"] or known.window.calendar.school_days(first, last + dt.timedelta(days=1))
        keys = tuple(key for key in _KEYS if row[key] is not None)
        if days:
            values = tuple(row[key] for key in keys)
            found.setdefault(keys, {}).setdefault(values, {})[semester] = float(lessons) / float(days)
    return found


def _usual_lessons(known: KnownRecords) -> nw.Expr:
    """Lessons a school day that the calendar gives by programme and level."""
    chosen: nw.Expr = nw.lit(None, nw.Float64)
    for programme, by_level in known.catalogue.calendar.rules.lessons_per_day.items():
        usual = coded(nw.col("level"), {float(level): lessons for level, lessons in enumerate(by_level, start=1)})
        chosen = nw.when(nw.col("programme") == programme).then(usual).otherwise(chosen)
    return chosen

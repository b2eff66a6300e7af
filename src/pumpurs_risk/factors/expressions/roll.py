"""Who is at which school on the day, and what the table of pupils says of the way there."""

from __future__ import annotations

import datetime as dt
from functools import reduce
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa

from pumpurs_risk.factors.expressions.days import age_on, clipped, coded, day_number
from pumpurs_risk.factors.levels import ENTRY_LEVELS, NEW_STAGE_LEVELS

if TYPE_CHECKING:
    from pumpurs_risk.factors.engines import Frame
    from pumpurs_risk.factors.known import KnownRecords

LEFT = ("died", "dropped_out", "emigrated", "graduated", "transferred")
"""Outcomes after which a pupil is on no roll, until a later roll or enrolment says otherwise."""
ROLL_COLUMNS = (
    "pupil_id",
    "school_id",
    "semester",
    "programme",
    "level",
    "class_id",
    "birth_date",
    "birth_year",
    "enrolled_from",
    "distance",
    "lodging",
    "repeated_level",
    "school_changes",
)
_DAYS_OF_YEAR = 365.25
_DAYS_OF_TWO_YEARS = 731


def roll(known: KnownRecords) -> Frame:
    """Pupils on the roll of these schools: of each school its latest semester that has begun.

    Who has left since that semester began, and has not enrolled anew, is not on it, nor who is at a level on that day that
    the records' lists are not about. Of two schools that have the same pupil in one semester the one counts that has handed
    in no later roll, then where the pupil enrolled later, then the one whose id is greater.

    Parameters
    ----------
    known : KnownRecords
        With a table of pupils.

    Returns
    -------
    LazyFrame
        One row per pupil in the columns of the table of pupils, where repeated_level and school_changes are as the table
        says, else as follows from the semesters that it holds; without who was recorded when, and what is for audits only.
    """
    rolls = [_semesters_of_schools(each) for each in known.everywhere or (known,)]
    rows = nw.concat(rolls) if len(rolls) > 1 else rolls[0]
    rest = [name for name in ROLL_COLUMNS if name not in ("pupil_id", "semester", "enrolled_from", "school_id")]
    newest = nw.when(nw.col("semester") == nw.col("_latest")).then(nw.lit(1)).otherwise(nw.lit(0))
    rows = rows.with_columns(
        _newest=newest
    )  # a roll that its school has not replaced since counts before one that it has
    rows = rows.unique(["pupil_id", "semester"], keep="last", order_by=["_newest", "enrolled_from", "school_id", *rest])
    rows = known.engine.settle(rows)
    latest = rows.filter((nw.col("_newest") == 1) & _in_scope(known))
    rows = latest.join(_histories(rows, known.window.as_of), on=["pupil_id", "semester"], how="inner").with_columns(
        repeated_level=nw.coalesce("repeated_level", "_again"), school_changes=nw.coalesce("school_changes", "_changes")
    )
    if known.has("outcomes"):
        rows = _without_who_left(rows, known)
    return known.at_schools(rows)


def _in_scope(known: KnownRecords) -> nw.Expr:
    """Whether lists are about a pupil's level, as it is on the day; an unknown level is in."""
    outside = nw.lit(False)
    programme, level = nw.col("programme").fill_null("general"), nw.col("level")
    for name, (low, high) in known.records.scope.items():
        outside = outside | ((programme == name) & ((level < low) | (level > high))).fill_null(False)
    return ~outside


def pupils_so_far(known: KnownRecords) -> Frame:
    """Everybody whom a roll of a semester that has begun names: pupil_id, each once. Later rolls do not count.

    Parameters
    ----------
    known : KnownRecords
        With a table of pupils; of any of the day's windows, as all are looked at.
    """
    rolls = [_semesters_of_schools(each).select("pupil_id") for each in known.everywhere or (known,)]
    return (nw.concat(rolls) if len(rolls) > 1 else rolls[0]).unique(["pupil_id"])


def _semesters_of_schools(known: KnownRecords) -> Frame:
    """Rows of the table of pupils up to the running semester, with the latest of each school and its first day.

    A row without a semester speaks of the running one.
    """
    window = known.window
    given = known.engine.columns(known.records.tables["pupils"])
    rows = known.rows("pupils", [*ROLL_COLUMNS, "recorded_on"])
    rows = rows.with_columns(semester=nw.col("semester").fill_null(window.running))
    enrolled = nw.col("enrolled_from")
    here = enrolled.is_null() | (enrolled < nw.lit(window.as_of, nw.Date))
    rows = known.at_schools(rows.filter((nw.col("semester") <= window.running) & here))
    if "recorded_on" in given:
        key = ["pupil_id", "school_id", "semester"]
        rest = [name for name in ROLL_COLUMNS if name not in key]
        rows = rows.unique(key, keep="last", order_by=["recorded_on", *rest])
    starts = {name: window.calendar.bounds(name)[0].toordinal() for name in window.calendar}
    return rows.select(
        *ROLL_COLUMNS, _latest=nw.col("semester").max().over("school_id"), _start=coded(nw.col("semester"), starts)
    )


def _histories(rows: Frame, as_of: dt.date) -> Frame:
    """Of each pupil's last semester: whether the level is the one of the school year before, and the changes of school.

    A level is repeated if the pupil was at it in the school year before, in the same programme. A change of school that
    begins a new stage is none, nor is one more than two years ago; with one semester known, nothing can have changed and
    nothing is known.
    """
    year = nw.col("semester").str.slice(0, 4).cast(nw.Int64)
    recent = nw.col("_start") >= as_of.toordinal() - _DAYS_OF_TWO_YEARS
    rows = rows.select(
        "pupil_id", "semester", "school_id", "programme", "level", _year=year, _recent=recent.fill_null(False)
    )

    def back(name: str, steps: int) -> nw.Expr:
        return nw.col(name).shift(steps).over("pupil_id", order_by="semester")

    before = {f"_{name}_{n}": back(name, n) for n in (1, 2) for name in ("level", "programme", "_year")}
    rows = rows.with_columns(
        **before,
        _school_1=back("school_id", 1),
        _last=back("semester", -1).is_null(),
        _first=back("semester", 1).is_null(),
    )
    same_step = (nw.col("level") == nw.col("_level_1")) & (nw.col("programme") == nw.col("_programme_1"))
    new_stage = (is_at(NEW_STAGE_LEVELS) == 1) & ~same_step.fill_null(False)
    moved = (
        (nw.col("school_id") != nw.col("_school_1")).fill_null(False) & ~new_stage.fill_null(False) & nw.col("_recent")
    )
    rows = rows.with_columns(_moved=moved.cast(nw.Float64))
    changes = nw.when(~nw.col("_first")).then(nw.col("_moved").sum().over("pupil_id"))
    rows = rows.with_columns(_all_changes=changes)

    def year_ago(n: int) -> nw.Expr:
        mine = (nw.col(f"__year_{n}") == nw.col("_year") - 1) & (nw.col(f"_programme_{n}") == nw.col("programme"))
        return nw.when(mine).then(nw.col(f"_level_{n}"))

    in_year = (nw.col("__year_1") == nw.col("_year")).fill_null(False)
    earlier = nw.when(in_year).then(year_ago(2)).otherwise(year_ago(1))
    again = (nw.col("level") == earlier).cast(nw.Float64)
    return rows.filter(nw.col("_last")).select("pupil_id", "semester", _again=again, _changes=nw.col("_all_changes"))


def _without_who_left(rows: Frame, known: KnownRecords) -> Frame:
    outcomes = known.rows("outcomes", ["pupil_id", "date", "outcome"]).filter(~nw.col("outcome").is_null())
    outcomes = outcomes.with_columns(_left=nw.col("outcome").is_in(LEFT).cast(nw.Int64))
    last = outcomes.unique("pupil_id", keep="last", order_by=["date", "_left", "outcome"])
    gone = last.filter(nw.col("_left") == 1).select("pupil_id", _gone=day_number("date"))
    rows = rows.join(gone, on="pupil_id", how="left")
    enrolled = day_number("enrolled_from").fill_null(0)
    there = nw.col("_gone").is_null() | (nw.col("_gone") < nw.col("_start")) | (enrolled >= nw.col("_gone"))
    return rows.filter(there).drop("_gone")


def person_columns(known: KnownRecords, rows: Frame) -> Frame:
    """Add what follows from who a pupil is: age, first_year, days_known, over_age, transition_year, programme_level.

    Parameters
    ----------
    known : KnownRecords
        The day and the catalogue.
    rows : LazyFrame
        The roll; with ``_days_before``, school days before the enrolment.
    """
    window, catalogue = known.window, known.catalogue
    elapsed = (window.as_of - dt.date(window.as_of.year, 1, 1)).days / _DAYS_OF_YEAR
    by_year = window.as_of.year + elapsed - (nw.col("birth_year") + 0.5)
    born_in = nw.coalesce(nw.col("birth_date").dt.year().cast(nw.Float64), nw.col("birth_year"))
    september = nw.lit(window.year_start, nw.Date)
    since_september = window_days(known, window.year_start)
    today = window_days(known, window.as_of)
    new_here = (nw.col("enrolled_from") >= september).cast(nw.Float64)
    first, stage = is_at(ENTRY_LEVELS), is_at(NEW_STAGE_LEVELS)
    either = nw.when((first == 1) | (new_here == 1)).then(nw.lit(1.0)).otherwise(nw.coalesce(first, new_here))
    columns: dict[str, Any] = {
        "age": nw.coalesce(age_on(window.as_of, "birth_date"), by_year),
        "first_year": either,
        "days_known": today - nw.max_horizontal(nw.lit(since_september), nw.col("_days_before")).cast(nw.Float64),
        "transition_year": stage,
    }
    if over_age := catalogue.factors.get("over_age"):
        usual = coded(nw.col("programme"), catalogue.calendar.rules.usual_age)
        older = window.year_start.year - usual - nw.col("level") - born_in
        low, high = over_age.range or (0.0, None)
        columns["over_age"] = clipped(older.cast(nw.Float64), max(low, 0.0), high)
    if level := catalogue.factors.get("programme_level"):
        columns["programme_level"] = _programme_level(level.levels)
    return rows.with_columns(**columns)


def is_at(levels: dict[str, tuple[float, ...]]) -> nw.Expr:
    """Whether a pupil is at one of some levels of the programme; unknown without a level."""
    found = reduce(
        lambda so_far, one: so_far | one,
        [(nw.col("programme") == name) & nw.col("level").is_in(wanted) for name, wanted in levels.items()],
    )
    return nw.when(~nw.col("level").is_null()).then(found.fill_null(False).cast(nw.Float64))


def _programme_level(levels: tuple[str, ...]) -> nw.Expr:
    """Programme and level in one; without a level the programme alone."""
    step = nw.col("level").cast(nw.Int64)
    whole = nw.concat_str(nw.col("programme"), step.cast(nw.String), separator="-")
    exact = nw.when((nw.col("level") == step) & whole.is_in(levels)).then(whole)
    alone = nw.when(nw.col("level").is_null() & nw.col("programme").is_in(levels)).then(nw.col("programme"))
    return nw.coalesce(exact, alone)


def days_before_enrolment(known: KnownRecords, rows: Frame) -> Frame:
    """Add ``_days_before``: school days before the enrolment, counted from the calendar's first; 0 if it is not known.

    Enrolments before the window do not matter to anything that is counted and count as that.
    """
    import numpy as np

    window = known.window
    first = min(window.start, window.year_start, window.before)
    days = np.arange(np.datetime64(first), np.datetime64(window.as_of))
    schema = {"enrolled_from": pa.date32(), "_days_before": pa.int64()}
    counted = window.days_before(days)
    small = known.engine.small({"enrolled_from": days.tolist(), "_days_before": counted.tolist()}, schema)
    rows = rows.join(small, on="enrolled_from", how="left")
    return rows.with_columns(_days_before=nw.col("_days_before").fill_null(0))


def window_days(known: KnownRecords, day: dt.date) -> int:
    """School days before a day, counted from the calendar's first."""
    import numpy as np

    return int(known.window.days_before(np.array([day], dtype="datetime64[D]"))[0])

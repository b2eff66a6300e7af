"""Absences as journals have them: days and lessons missed, when their excuse came, and when anyone wrote them down."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pumpurs_risk.datasets.years.columns import days, numbers, record_ids, words
from pumpurs_risk.datasets.years.parameters import Absences
from pumpurs_risk.datasets.years.subjects import Subjects
from pumpurs_risk.datasets.years.term_roll import TermRoll

Array = np.ndarray[Any, Any]
STATUSES = [
    "absent_open",
    "absent_unexcused",
    "excused_illness",
    "excused_other",
    "excused_school_event",
    "late",
    "left_early",
]
_OPEN, _UNEXCUSED, _ILLNESS, _OTHER, _EVENT, _LATE, _LEFT = range(len(STATUSES))
_POSITIONS = 256  # more than a semester has school days
_UNEXCUSED_KNOWN_AFTER = 10  # days after which a school that keeps versions calls an absence unexcused
_NEVER = np.datetime64("NaT", "D")


def absences(roll: TermRoll, rules: Absences, subjects: Subjects, gaps: float) -> pa.Table:
    """Write one semester's absences.

    Parameters
    ----------
    roll : TermRoll
        Who was there, and their rates.
    rules : Absences
        Parameters.
    subjects : Subjects
        For the lessons' subjects.
    gaps : float
        Share of pupils whose absences nobody entered.

    Returns
    -------
    pyarrow.Table
        In the form of the table ``absences``.
    """
    missed = _days_missed(roll, rules)
    late = _lateness(roll, set_of=missed["key"].to_numpy())
    every = pd.concat([missed, late], ignore_index=True)
    entered = roll.chance("gaps").random(len(roll.rows)) >= gaps
    every = every[entered[every["who"].to_numpy()]]
    return _as_table(roll, _by_lesson(roll, every.sort_values("key", ignore_index=True)), subjects)


def _days_missed(roll: TermRoll, rules: Absences) -> pd.DataFrame:
    """One row per pupil and day with anything missed: from which lesson, how many, status, day of the excuse."""
    excused, unexcused = _excused(roll, rules), _unexcused(roll, rules)
    unexcused = unexcused[~unexcused["key"].isin(excused["key"])]
    return pd.concat([excused, unexcused], ignore_index=True)


def _excused(roll: TermRoll, rules: Absences) -> pd.DataFrame:
    rng, values = roll.chance("excused"), roll.values
    span = np.maximum(roll.end - roll.first, 0)
    length = np.where(values["illness"] == 1, rules.long_spell_days, rules.spell_days)
    count = rng.poisson(values["excused_per_100"] / 100 * span / length)
    who = np.repeat(np.arange(len(span)), count)
    start = roll.first[who] + (rng.random(len(who)) * span[who]).astype(np.int64)
    spell = np.minimum(rng.geometric(1 / length[who]), np.maximum(roll.end[who] - start, 1))
    u = rng.random(len(who))
    status = np.where(u < rules.illness, _ILLNESS, np.where(u < 1 - rules.school_event, _OTHER, _EVENT))
    last_day = roll.term.days[start + spell - 1]
    lag = rng.choice(np.array(rules.note_days), len(who))
    partial = (spell == 1) & (rng.random(len(who)) < rules.partial_day)
    leaves = partial & (rng.random(len(who)) < rules.left_early)
    share = rng.random(len(who))
    each = np.repeat(np.arange(len(who)), spell)
    offset = np.arange(len(each)) - np.repeat(np.cumsum(spell) - spell, spell)
    position = start[each] + offset
    lessons = roll.lessons_on(who[each], position)
    from_lesson = np.where(partial[each], (share[each] * (lessons - 1)).astype(np.int64) + 1, 0)
    frame = pd.DataFrame(
        {
            "key": who[each] * _POSITIONS + position,
            "who": who[each],
            "position": position,
            "from_lesson": from_lesson,
            "lessons": lessons - from_lesson,
            "status": np.where(leaves[each], _LEFT, status[each]),
            "excused_on": np.where(leaves[each], _NEVER, (last_day + lag)[each]),
        }
    )
    return frame.drop_duplicates("key")


def _unexcused(roll: TermRoll, rules: Absences) -> pd.DataFrame:
    rng, values = roll.chance("unexcused"), roll.values
    span = np.maximum(roll.end - roll.first, 0)
    per_day = roll.places.lessons[roll.code] / 5
    count = rng.poisson(values["unexcused_per_100"] / 100 * span * per_day / rules.skipped_lessons)
    who = np.repeat(np.arange(len(span)), count)
    position = roll.first[who] + (rng.random(len(who)) * span[who]).astype(np.int64)
    run = rng.geometric(1 / rules.skipped_lessons, len(who))
    farewell = np.flatnonzero(roll.leaves & (span > 0))
    last_who = np.repeat(farewell, rules.farewell_days)
    last_at = roll.end[last_who] - 1 - np.tile(np.arange(rules.farewell_days), len(farewell))
    gone = (last_at >= roll.first[last_who]) & (rng.random(len(last_who)) < rules.farewell_share)
    who = np.concatenate([last_who[gone], who])
    position = np.concatenate([last_at[gone], position])
    run = np.concatenate([np.full(gone.sum(), 99), run])
    lessons = roll.lessons_on(who, position)
    run = np.minimum(run, lessons)
    frame = pd.DataFrame(
        {
            "key": who * _POSITIONS + position,
            "who": who,
            "position": position,
            "from_lesson": (rng.random(len(who)) * (lessons - run + 1)).astype(np.int64),
            "lessons": run,
            "status": _UNEXCUSED,
            "excused_on": _NEVER,
        }
    )
    return frame.drop_duplicates("key")


def _lateness(roll: TermRoll, set_of: Array) -> pd.DataFrame:
    """Late arrivals, in schools that write conduct down; never on a day that was missed."""
    rng = roll.chance("late")
    span = np.maximum(roll.end - roll.first, 0) * roll.books.conduct[roll.school]
    count = rng.poisson(roll.values["lateness"] / 100 * span * roll.places.lessons[roll.code] / 5)
    who = np.repeat(np.arange(len(span)), count)
    position = roll.first[who] + (rng.random(len(who)) * span[who]).astype(np.int64)
    frame = pd.DataFrame(
        {
            "key": who * _POSITIONS + position,
            "who": who,
            "position": position,
            "from_lesson": np.minimum(rng.geometric(0.6, len(who)) - 1, 3),
            "lessons": 1,
            "status": _LATE,
            "excused_on": _NEVER,
        }
    )
    frame = frame.drop_duplicates("key")
    return frame[~frame["key"].isin(set_of)]


def _by_lesson(roll: TermRoll, by_day: pd.DataFrame) -> dict[str, Array]:
    """Days become one row per lesson in the schools that keep them so."""
    columns = {str(name): by_day[name].to_numpy() for name in by_day}
    fine = roll.books.lesson_rows[roll.school[columns["who"]]]
    copies = np.where(fine, columns["lessons"], 1)
    each = np.repeat(np.arange(len(copies)), copies)
    offset = np.arange(len(each)) - np.repeat(np.cumsum(copies) - copies, copies)
    rows = {name: values[each] for name, values in columns.items()}
    rows["lesson"] = np.where(fine[each] | (rows["status"] == _LATE), rows["from_lesson"] + offset + 1, 0)
    rows["missed"] = np.where(rows["status"] == _LATE, 0, np.where(fine[each], 1, rows["lessons"]))
    return rows


def _as_table(roll: TermRoll, rows: dict[str, Array], subjects: Subjects) -> pa.Table:
    rng = roll.chance("absences written")
    who = rows["who"]
    school = roll.school[who]
    date = roll.term.days[rows["position"]]
    undated, versioned = roll.books.undated[school], roll.books.versions[school]
    delay = np.where(rng.random(len(who)) < 0.9, 0, rng.integers(1, 4, len(who)))
    recorded = np.where(undated, _NEVER, date + delay)
    excused_on = np.maximum(rows["excused_on"], recorded)
    hidden = undated | versioned
    changes = versioned & (rows["status"] != _LATE) & (rows["status"] != _LEFT)
    status = np.where(changes, _OPEN, rows["status"])
    number = np.where(changes, np.arange(len(who)), -1)
    known = np.where(np.isnat(excused_on), recorded + _UNEXCUSED_KNOWN_AFTER, excused_on)
    later = np.flatnonzero(changes)
    order = np.concatenate([np.arange(len(who)), later])
    lesson = rows["lesson"][order]
    programme = roll.places.programme[school[order]]
    weekday = date[order].astype("datetime64[D]").astype(np.int64)
    column = (weekday * 3 + lesson + roll.values["level"][who[order]]) % subjects.columns
    level = roll.values["level"][who[order]]
    column = np.where(subjects.first_level[programme, column] > level, 0, column)
    numbered = np.where(lesson > 0, subjects.number[programme, column], -1)
    return pa.table(
        {
            "pupil_id": roll.pupil_ids(who[order]),
            "date": days(date[order]),
            "lesson": words([str(n) for n in range(12)], np.where(lesson > 0, lesson, -1)),
            "subject": words(subjects.names, numbered),
            "lessons_missed": numbers(rows["missed"][order]),
            "status": words(STATUSES, np.concatenate([status, rows["status"][later]])),
            "excused_on": days(np.where(hidden, _NEVER, excused_on)[order]),
            "recorded_on": days(np.concatenate([recorded, known[later]])),
            "record_id": record_ids(roll.record_prefix("k"), number[order]),
        }
    )

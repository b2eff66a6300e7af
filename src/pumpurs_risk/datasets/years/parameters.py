"""What ``made_years.toml`` says, typed."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec

from pumpurs_risk.datasets.world import Term, Variable


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all entries: immutable, strict."""


class Course(_Entry, frozen=True):
    """How a pupil's state moves from one semester to the next."""

    keep: float
    innovation: float
    slope_sd: float
    drift: float
    per_failed_subject: float
    per_conflict: float
    moved_or_new_stage: float
    crisis: float
    supported: float
    illness_onset: float
    illness_stays: float
    crisis_onset: float
    crisis_stays: float
    work_stays: float
    pregnancy_stays: float
    marriage_stays: float


class Leaving(_Entry, frozen=True):
    """Who leaves within a semester."""

    floor: float
    after_grade_9: float
    terms: dict[str, Term]


class LevelLeaving(_Entry, frozen=True):
    """Share of a level that leaves within a semester, and the intercept that makes it so."""

    leaving: float
    intercept: float


class Choice(_Entry, frozen=True):
    """Log-odds of a way after grade 9."""

    base: float
    ability: float = 0.0
    disengagement: float = 0.0


class CareerRates(_Entry, frozen=True):
    """Moves between grades and schools."""

    emigrates: float
    goes_elsewhere: float
    dies: float
    changes_school: float
    to_evening: float
    returns: float
    comes_late: float
    stays_after_9: float
    retest_passed: float
    held_back: float
    unclear: float
    after_9: dict[str, Choice]


class NotAssessed(_Entry, frozen=True):
    """Log-odds that a subject ends without a mark."""

    base: float
    disengagement: float
    absent_per_100: float
    evening: float


class Marks(_Entry, frozen=True):
    """How marks come about."""

    gift_sd: float
    luck_sd: float
    daily: float
    tests: float
    daily_sd: float
    percent: float
    pass_fail: float
    daily_nv: float
    corrected: float
    versions: float
    not_assessed: NotAssessed


class Absences(_Entry, frozen=True):
    """How absences come about and are excused."""

    spell_days: float
    long_spell_days: float
    partial_day: float
    left_early: float
    illness: float
    school_event: float
    skipped_lessons: float
    note_days: tuple[int, ...]
    farewell_days: int
    farewell_share: float


class Books(_Entry, frozen=True):
    """How schools keep their books."""

    lesson_rows: float
    versions: float
    undated: float
    birth_dates: float
    gaps: float


class Judgements(_Entry, frozen=True):
    """When people judge."""

    a_semester: float
    end_of_semester: float


class Help(_Entry, frozen=True):
    """Who is helped."""

    from_concern: float
    chance: float
    goal_met: float
    added: float


class YearsWorld(_Entry, frozen=True):
    """Everything that ``made_years.toml`` says."""

    course: Course
    leaving: Leaving
    levels: dict[str, LevelLeaving]
    careers: CareerRates
    semester: dict[str, Variable]
    marks: Marks
    absences: Absences
    books: Books
    judgements: Judgements
    help: Help


@cache
def years_world() -> YearsWorld:
    """Read the shipped parameters.

    Examples
    --------
    >>> years_world().course.keep
    0.88
    """
    with Path(__file__).with_name("made_years.toml").open("rb") as handle:
        return msgspec.convert(tomllib.load(handle), YearsWorld)

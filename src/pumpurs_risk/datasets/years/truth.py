"""The true risk of leaving within one year of a day, from the true state of that day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from pumpurs_risk.datasets.years.careers import LAST_LEVEL, Careers
from pumpurs_risk.datasets.years.places import PROGRAMMES, State, taken
from pumpurs_risk.datasets.years.states import Course
from pumpurs_risk.datasets.years.terms import MadeTerm

Array = np.ndarray[Any, Any]
_CONTINUATIONS = 24  # drawn of each pupil's next semester
_AFTER_9 = np.array([10, 10, 1])
_ELSEWHERE = len(PROGRAMMES)


def one_year_risk(
    course: Course,
    careers: Careers,
    state: State,
    hazard: Array,
    term: MadeTerm,
    day: dt.date,
    stretch: dict[str, Array] | None,
    rng: np.random.Generator,
) -> Array:
    """True probability of leaving within a year of a day.

    The day cuts its semester: what is left of it counts with the hazard that is really drawn from; the next semester, and
    the same piece of the one after, with the mean hazard over drawn continuations of the pupil's own course.

    Parameters
    ----------
    course, careers : Course, Careers
        How states and careers move.
    state : dict of str to numpy.ndarray of shape (n,)
        True state, surroundings included, of the pupils on the roll that day.
    hazard : numpy.ndarray of float, shape (n,)
        Probability of leaving within the running semester.
    term : MadeTerm
        The running semester.
    day : datetime.date
        The day.
    stretch : dict of str to numpy.ndarray, optional
        As in `Course.hazard`.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    numpy.ndarray of float, shape (n,)
        Probabilities.
    """
    passed = term.passed(day)
    after = leaves_afterwards(course, state, term)
    within = hazard * (1 - after)
    now = (within * (1 - passed) + hazard * after) / (1 - within * passed)
    next_hazard = np.zeros(len(hazard))
    for _ in range(_CONTINUATIONS):
        next_hazard += _next_hazard(course, careers, state, term, stretch, rng)
    next_hazard /= _CONTINUATIONS
    rules = course.years.careers
    stays = 1 - rules.emigrates - rules.goes_elsewhere - rules.dies
    later = stays * next_hazard + (1 - next_hazard) * stays**2 * passed * next_hazard
    return np.asarray(now + (1 - now) * later)


def leaves_afterwards(course: Course, state: State, term: MadeTerm) -> Array:
    """Share of a semester's leavers who finish it and do not go on: after grade 9."""
    programme = course.places.programme[state["school"]]
    last_basic = (state["level"] == 9) & (programme < 2) & (term.number == 2)
    return np.where(last_basic, course.years.leaving.after_grade_9, 0.0)


def _next_hazard(
    course: Course,
    careers: Careers,
    state: State,
    term: MadeTerm,
    stretch: dict[str, Array] | None,
    rng: np.random.Generator,
) -> Array:
    """Hazard of one drawn continuation; 0 for those who are then no longer here."""
    facts = course.show(state, lambda _: rng).values
    following = facts | {"moved": np.zeros(len(state["ses"]))}
    here = np.ones(len(state["ses"]), dtype=bool)
    if term.number == 2:
        school, level = state["school"].copy(), state["level"].copy()
        programme = course.places.programme[school]
        chooses = np.flatnonzero((level == 9) & (programme < 2))
        here &= level < LAST_LEVEL[programme]
        level[here] += 1
        choice = careers.choices(taken(following, chooses), rng)
        keeps = (choice == programme[chooses]) & (course.places.room[school[chooses], 10] > 0)
        keeps &= (choice == 1) | (rng.random(len(chooses)) < course.years.careers.stays_after_9)
        looks = ~keeps & (choice < _ELSEWHERE)
        found = _doors(course, school[chooses[looks]], choice[looks], rng)
        school[chooses[looks]] = np.where(found >= 0, found, school[chooses[looks]])
        level[chooses] = _AFTER_9[course.places.programme[school[chooses]]]
        here[chooses[choice == _ELSEWHERE]] = False
        here[chooses[looks][found < 0]] = False
        following |= {"school": school, "level": level}
        following["level"] = np.where(here, level, state["level"])
        following["school"] = np.where(here, school, state["school"])
        following["repeated_level"] = np.zeros(len(level))
    return np.where(here, course.hazard(course.begin(following, lambda _: rng), stretch), 0.0)


def _doors(course: Course, school: Array, programme: Array, rng: np.random.Generator) -> Array:
    """A school of the wanted programme in the same municipality, by its first level's size; -1 where there is none."""
    places = course.places
    first = places.room[np.arange(len(places.programme)), _AFTER_9[places.programme]]
    rooms = np.repeat(np.arange(len(first)), first)
    key = places.municipality[rooms] * 4 + places.programme[rooms]
    order = np.argsort(key, kind="stable")
    rooms, key = rooms[order], key[order]
    wanted = places.municipality[school] * 4 + programme
    start, end = np.searchsorted(key, wanted), np.searchsorted(key, wanted, side="right")
    at = start + (rng.random(len(wanted)) * (end - start)).astype(np.int64)
    return np.where(end > start, rooms[np.minimum(at, len(rooms) - 1)], -1)


def truth_of_day(
    ids: Array, term: MadeTerm, day: dt.date, rows: Array, risk: Array, left: Array, left_on: Array
) -> pd.DataFrame:
    """One day's truth.

    Parameters
    ----------
    ids : numpy.ndarray of object
        Ids of all pupils.
    term, day : MadeTerm, datetime.date
        The day, and the semester it lies in.
    rows : numpy.ndarray of int, shape (n,)
        Who was on a roll.
    risk : numpy.ndarray of float, shape (n,)
        True probabilities.
    left, left_on : numpy.ndarray
        Everyone who ever left, and when.

    Returns
    -------
    pandas.DataFrame
        pupil_id, as_of, semester, risk, dropped_out, log_odds.
    """
    year = np.datetime64(_year_later(day))
    within = left[(left_on >= np.datetime64(day)) & (left_on < year)]
    return pd.DataFrame(
        {
            "pupil_id": ids[rows],
            "as_of": np.full(len(rows), day, dtype="datetime64[s]"),
            "semester": term.semester,
            "risk": risk,
            "dropped_out": np.isin(rows, within).astype(np.int8),
            "log_odds": np.log(risk) - np.log1p(-risk),
        }
    )


def _year_later(day: dt.date) -> dt.date:
    return day.replace(year=day.year + 1, day=min(day.day, 28) if day.month == 2 else day.day)

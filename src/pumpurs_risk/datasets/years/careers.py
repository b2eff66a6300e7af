"""Careers: who comes, moves up, is held back, changes school, finishes and comes back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pumpurs_risk.datasets.world import draw_variables
from pumpurs_risk.datasets.years.marking import NOT_ASSESSED, NOT_TAUGHT, PASS
from pumpurs_risk.datasets.years.places import PROGRAMMES, State, taken
from pumpurs_risk.datasets.years.placing import free_rooms, placed, same_grade_elsewhere
from pumpurs_risk.datasets.years.states import CARRIED, Chance, Course
from pumpurs_risk.datasets.years.terms import MadeTerm

Array = np.ndarray[Any, Any]
_GENERAL, _EVENING, _VOCATIONAL = range(3)
_FIRST_HERE = 5  # grades below are not made up; their pupils come from the same school
_BASIC_ENDS, _SCHOOL_ENDS, _COURSE_ENDS = 9, 12, 4
_FIRST_AFTER_9 = np.array([10, 10, 1])  # level, by programme
_MAY_FAIL = 1  # marks below 4 with which grades 4 to 8 move up (Cabinet Regulation No. 11 of 2022)
_RETURN_AGE = 15
_TOWN_RURAL = (
    0.35  # own: share of pupils of schools without a countryside flag of their own who live in the countryside
)
_KEPT = (
    "low_income",
    "distance",
    "lodging",
    "no_internet",
    "home_duties",
    "sibling_care",
    "sick_relative",
    "parents_absent",
    "parental_addiction",
    "out_of_home_care",
    "learning_difficulty",
)
LAST_LEVEL = np.array([_SCHOOL_ENDS, _SCHOOL_ENDS, _COURSE_ENDS])


class Careers:
    """The pupils of a made world, and what becomes of them; `pupils` holds everyone who ever came.

    Parameters
    ----------
    course : Course
        How states move.
    exits : list
        Where statuses are noted: tuples of rows, status, days.
    """

    def __init__(self, course: Course, exits: list[tuple[Array, str, Array]]) -> None:
        self.course = course
        self.rules = course.years.careers
        self.places = course.places
        self.exits = exits
        self.pupils: State = {}

    def on_roll(self) -> Array:
        """Rows of the pupils who are on a roll."""
        return np.flatnonzero(self.pupils["on"])

    def start(self, term: MadeTerm, chance: Chance) -> None:
        """Fill every class of the first autumn; pupils have been in their school for as long as their level says."""
        school, level = np.nonzero(self.places.room)
        rooms = self.places.room[school, level]
        school, level = np.repeat(school, rooms), np.repeat(level, rooms)
        rng = chance("years in school")
        programme = self.places.programme[school]
        since = np.where(
            (programme == _GENERAL) & (level > _BASIC_ENDS) & (rng.random(len(level)) >= self.rules.stays_after_9),
            level - _BASIC_ENDS - 1,
            level - 1,
        )
        since = np.where(programme == _EVENING, np.minimum(rng.geometric(0.6, len(level)) - 1, 4), since)
        self._add(school, level, term, since, chance)

    def september(self, term: MadeTerm, chance: Chance) -> None:
        """Everyone moves up, chooses after grade 9, comes back or comes anew; `term` is the autumn."""
        pupils = self.pupils
        pupils["moved"][:] = 0
        rows = self.on_roll()
        programme = self.places.programme[pupils["school"][rows]]
        level = pupils["level"][rows]
        stays = pupils["held_back"][rows] == 1
        pupils["repeated_level"][rows] = stays
        pupils["held_back"][:] = 0
        finished = ~stays & (level == LAST_LEVEL[programme])
        pupils["on"][rows[finished]] = False
        chooses = ~stays & (level == _BASIC_ENDS) & (programme != _VOCATIONAL)
        moves_up = ~stays & ~finished & ~chooses
        pupils["level"][rows[moves_up]] += 1
        pupils["on"][rows[chooses]] = False  # until they have a place
        self._after_9(rows[chooses], term, chance)
        self._return(term, chance)
        self._change_school(chance, term)
        school, level = free_rooms(self.places, pupils)
        started = self._starts(school, level) | (level == _FIRST_HERE)
        late = ~started & (chance("late").random(len(school)) < self.rules.comes_late)
        years = np.where(level == _FIRST_HERE, level - 1, 0) * (self.places.programme[school] == _GENERAL)
        self._add(school, level, term, years, chance, moved=~started, late=late)

    def winter(self, term: MadeTerm, chance: Chance) -> None:
        """A few change school between the semesters."""
        self.pupils["moved"][:] = 0
        self._change_school(chance, term)

    def june(self, rows: Array, years_marks: Array, term: MadeTerm, chance: Chance) -> Array:
        """Mend marks in August, hold back whom the rules hold back, and note who finished what.

        Parameters
        ----------
        rows : numpy.ndarray of int, shape (n,)
            Pupils who were there to the end.
        years_marks : numpy.ndarray of int, shape (n, n_columns)
            Year marks.
        term : MadeTerm
            The second semester.
        chance : callable
            Generators by name.

        Returns
        -------
        numpy.ndarray of bool, shape (n, n_columns)
            Which marks were mended by a re-test.
        """
        rng = chance("june")
        weak = (years_marks != NOT_TAUGHT) & (years_marks != NOT_ASSESSED) & (years_marks < PASS)
        mended = weak & (rng.random(weak.shape) < self.rules.retest_passed)
        left = (weak & ~mended).sum(axis=1)
        school, level = self.pupils["school"][rows], self.pupils["level"][rows]
        programme = self.places.programme[school]
        basic = (programme == _GENERAL) & (level < _BASIC_ENDS)
        upper = (programme == _GENERAL) & (level > _BASIC_ENDS) & (level < _SCHOOL_ENDS)
        due = (basic & (left > _MAY_FAIL)) | (upper & (left > 0)) | ((level == _BASIC_ENDS) & (left > _MAY_FAIL + 1))
        held = due & (rng.random(len(rows)) < self.rules.held_back)
        self.pupils["held_back"][rows] = held
        end = np.full(len(rows), term.last)
        self.exits.append((rows[held], "repeating", end[held] + np.timedelta64(90, "D")))
        basic_done = ~held & (level == _BASIC_ENDS) & (programme != _VOCATIONAL)
        self.exits.append((rows[basic_done], "graduated basic", end[basic_done] + np.timedelta64(14, "D")))
        done = ~held & (level == LAST_LEVEL[programme])
        for stage, ends in (("secondary", programme != _VOCATIONAL), ("vocational", programme == _VOCATIONAL)):
            chosen = done & ends
            self.exits.append((rows[chosen], f"graduated {stage}", end[chosen] + np.timedelta64(21, "D")))
        return np.asarray(mended)

    def _starts(self, school: Array, level: Array) -> Array:
        """Whether a level is the first of its stage."""
        return np.asarray(level == _FIRST_AFTER_9[self.places.programme[school]])

    def choices(self, state: State, rng: np.random.Generator) -> Array:
        """What pupils do after grade 9: index of a programme, or 3 for a school elsewhere."""
        ways = [self.rules.after_9[name] for name in (*PROGRAMMES, "elsewhere")]
        score = np.stack(
            [way.base + way.ability * state["ability"] + way.disengagement * state["disengagement"] for way in ways]
        )
        return np.asarray((score + rng.gumbel(size=score.shape)).argmax(axis=0))

    def _after_9(self, rows: Array, term: MadeTerm, chance: Chance) -> None:
        pupils, rng = self.pupils, chance("after grade 9")
        gone = pupils["leaves_after_9"][rows] == 1
        pupils["leaves_after_9"][:] = 0
        rows = rows[~gone]
        choice = self.choices(taken(pupils, rows), rng)
        own = pupils["school"][rows]
        first = _FIRST_AFTER_9[np.minimum(choice, 2)]
        keeps_school = (
            (choice == self.places.programme[own])
            & (self.places.room[own, first] > 0)
            & ((choice == _EVENING) | (rng.random(len(rows)) < self.rules.stays_after_9))
        )
        pupils["level"][rows[keeps_school]] = first[keeps_school]
        pupils["on"][rows[keeps_school]] = True
        others = np.flatnonzero(~keeps_school & (choice < len(PROGRAMMES)))
        who, school = placed(self.places, pupils, rows[others], choice[others], first[others], rng)
        pupils["school"][who] = school
        pupils["level"][who] = _FIRST_AFTER_9[self.places.programme[school]]
        pupils["arrival"][who] = term.days[0]
        pupils["on"][who] = True
        elsewhere = rows[~pupils["on"][rows]]
        self.exits.append((elsewhere, "transferred", np.full(len(elsewhere), term.days[0])))

    def _return(self, term: MadeTerm, chance: Chance) -> None:
        """Some leavers come back, into an evening school."""
        pupils, rng = self.pupils, chance("return")
        year_ago = term.days[0] - np.timedelta64(365, "D")
        age = term.begins - pupils["birth_year"]
        gone = ~pupils["on"] & (pupils["left_on"] >= year_ago) & (age >= _RETURN_AGE)
        rows = np.flatnonzero(gone & (rng.random(len(gone)) < self.rules.returns))
        programme = self.places.programme[pupils["school"][rows]]
        done = pupils["level"][rows] + np.where(programme == _VOCATIONAL, _BASIC_ENDS, 0)
        level = np.clip(done, 8, _SCHOOL_ENDS)
        who, school = placed(self.places, pupils, rows, np.full(len(rows), _EVENING), level, rng)
        back = np.searchsorted(rows, who)
        pupils["school"][who], pupils["level"][who] = school, level[back]
        pupils["arrival"][who] = term.days[0]
        pupils["on"][who] = True
        pupils["moved"][who] = 1
        pupils["school_changes"][who] += 1
        pupils["left_on"][who] = np.datetime64("NaT")

    def _change_school(self, chance: Chance, term: MadeTerm) -> None:
        pupils, rng = self.pupils, chance("change school")
        rows = self.on_roll()
        level, programme = pupils["level"][rows], self.places.programme[pupils["school"][rows]]
        u = rng.random(len(rows))
        general = programme == _GENERAL
        to_evening = general & (level >= 8) & (level <= 11)
        pull = self.rules.to_evening * np.exp(0.5 * pupils["disengagement"][rows])
        change = np.where(
            u < self.rules.changes_school,
            programme,
            np.where(to_evening & (u < self.rules.changes_school + pull), _EVENING, -1),
        )
        movers = np.flatnonzero(change >= 0)
        who, school = same_grade_elsewhere(self.places, pupils, rows[movers], change[movers], rng)
        pupils["school"][who] = school
        pupils["arrival"][who] = term.days[0]
        pupils["moved"][who] = 1
        pupils["school_changes"][who] += 1

    def _add(
        self,
        school: Array,
        level: Array,
        term: MadeTerm,
        years_here: Array,
        chance: Chance,
        *,
        moved: Array | None = None,
        late: Array | None = None,
    ) -> None:
        """Add pupils whom nobody here has seen before."""
        course, n = self.course, len(school)
        known = len(self.pupils.get("on", ()))
        rng = chance("newcomers")
        own = self.places.schools["rural"].to_numpy()[school]
        flagged = (self.places.programme[school] == _GENERAL) & (self.places.room[school, 10] == 0)
        vocational = self.places.programme[school] == _VOCATIONAL
        state: State = {
            "school": school.astype(np.int64),
            "level": level.astype(np.int64),
            "key": rng.random(n),
            "male": (rng.random(n) < np.where(vocational, 0.56, 0.51)).astype(float),
            "rural": np.where(flagged, own, rng.random(n) < _TOWN_RURAL).astype(float),
            "slope": course.years.course.slope_sd * rng.standard_normal(n),
            "gifts": rng.standard_normal((n, course.subjects.columns), dtype=np.float32),
            "born": rng.integers(0, 365, n),
            "special": (rng.random(n) < 0.06).astype(float),
        }
        blank = {name: np.zeros(n) for name in ("illness", "crisis", *CARRIED)}
        full = state | self.places.surroundings(state) | blank
        given = {name: values for name, values in full.items() if values.ndim == 1}
        given = draw_variables({name: course.world.pupil[name] for name in ("ses", "ability")}, given, chance)
        given["disengagement"] = course.own_level(given) + state["slope"] / (1 - course.years.course.keep)
        before = ("repeated_level", "over_age", "school_changes", *_KEPT)
        given = draw_variables({name: course.world.pupil[name] for name in before}, given, chance)
        state |= {name: given[name] for name in ("ses", "ability", *before)}
        stage = self.places.stage[self.places.code(school, level)]
        state["birth_year"] = (term.begins - 6 - stage - given["over_age"]).astype(np.int64)
        state["moved"] = np.zeros(n) if moved is None else moved.astype(float)
        state["school_changes"] = state["school_changes"] + state["moved"]
        arrived = (term.begins - years_here - 1970).astype("datetime64[Y]").astype("datetime64[M]")
        arrived = (arrived + np.timedelta64(8, "M")).astype("datetime64[D]")
        if late is not None:
            days = term.days[rng.integers(10, len(term.days) - 10, n)]
            arrived = np.where(late, days, arrived)
        state["arrival"] = np.where(years_here == 0, np.maximum(arrived, term.days[0]), arrived)
        state["supported"] = np.zeros(n)
        state |= {name: np.zeros(n) for name in ("held_back", "leaves_after_9")}
        state["on"] = np.ones(n, dtype=bool)
        state["left_on"] = np.full(n, np.datetime64("NaT", "D"))
        state["last_marks"] = np.zeros((n, course.subjects.columns), dtype=np.int8)
        state = course.enter(state, chance)
        self.pupils = (
            {name: np.concatenate([self.pupils[name], values]) for name, values in state.items()} if known else state
        )

    def divisions(self, rows: Array) -> pd.DataFrame:
        """Divide the levels of each school into classes: school, level, division and how many there are, by row."""
        pupils = self.pupils
        frame = pd.DataFrame(
            {"school": pupils["school"][rows], "level": pupils["level"][rows], "key": pupils["key"][rows]}
        )
        level = frame.groupby(["school", "level"])["key"]
        size = level.transform("size").to_numpy()
        rank = (level.rank(method="first").to_numpy() - 1).astype(np.int64)
        frame["divisions"] = -(-size // 26)
        frame["division"] = rank * frame["divisions"] // size
        return frame

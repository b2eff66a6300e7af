"""Years in the made municipality: semester by semester, who is there, what happens, who leaves, and what gets written."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pumpurs_risk.datasets.names import pupil_names
from pumpurs_risk.datasets.schools import class_names, made_schools
from pumpurs_risk.datasets.world import made_world, stream
from pumpurs_risk.datasets.years import conduct, helping, journal, register
from pumpurs_risk.datasets.years.attendance import absences
from pumpurs_risk.datasets.years.careers import Careers
from pumpurs_risk.datasets.years.columns import record_ids
from pumpurs_risk.datasets.years.judgements import assessed_factors, assessments
from pumpurs_risk.datasets.years.marking import year_marks
from pumpurs_risk.datasets.years.parameters import years_world
from pumpurs_risk.datasets.years.places import PROGRAMMES, Places, State, taken
from pumpurs_risk.datasets.years.states import CARRIED, Chance, Course, Facts
from pumpurs_risk.datasets.years.subjects import made_subjects
from pumpurs_risk.datasets.years.term_roll import BookKeeping, TermRoll
from pumpurs_risk.datasets.years.terms import MadeTerm, made_terms
from pumpurs_risk.datasets.years.truth import leaves_afterwards, one_year_risk, truth_of_day

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

Array = np.ndarray[Any, Any]
_MOVING = ("illness", "crisis", "disengagement", "pregnancy", "marriage", "paid_work_hours")
_NEVER = np.datetime64("NaT", "D")
_SEPTEMBER_DAYS = 13  # within which a school notices that someone who finished grade 9 did not come
_ID_START, _ID_STEP, _ID_COUNT = 417_703, 3_874_207, 10_000_000  # the step shares no divisor with the count


@dataclass(frozen=True)
class MadeYears:
    """Everything that happened in the made years, as it was written down by their end, and the truth.

    Parameters
    ----------
    schools : pandas.DataFrame
        As `made_schools` returns it.
    tables : dict of str to list of pyarrow.Table
        Canonical tables, a part for each semester; nothing is left out yet of what was written after any day.
    names : pandas.DataFrame
        pupil_id, school_id (the last one), name.
    truth : pandas.DataFrame
        pupil_id, as_of, semester, risk, dropped_out, log_odds.
    rolls : list of TermRoll
        Every semester's roll, where they were asked for; empty otherwise.
    """

    schools: pd.DataFrame
    tables: dict[str, list[pa.Table]]
    names: pd.DataFrame
    truth: pd.DataFrame
    rolls: list[TermRoll]


def live_years(
    n_pupils: int,
    random_state: int,
    n_municipalities: int,
    difference: float,
    as_of: dt.date,
    years: int,
    written_until: dt.date,
    followed_until: dt.date | None,
    lived_until: dt.date,
    catalogue: Catalogue,
    share_unknown: float | None = None,
    keep_rolls: bool = False,
    with_truth: bool = True,
) -> MadeYears:
    """Live through the semesters.

    Parameters
    ----------
    n_pupils, random_state, n_municipalities, difference, as_of, years, share_unknown
        As in `make_cohort`.
    written_until : datetime.date
        Semesters that begin on this day or later are lived through, and not written down.
    followed_until : datetime.date, optional
        Day on which a register says of everyone on a roll that they are still enrolled; None for no such day.
    lived_until : datetime.date
        Last day; who has left by then is known to the truth.
    catalogue : Catalogue
        Calendar, factors, measures.
    keep_rolls : bool
        Whether the semesters' rolls are kept: what sheets are filled in from.
    with_truth : bool
        Whether the true risks are worked out.

    Returns
    -------
    MadeYears
        Everything.
    """
    world, years_rules = made_world(), years_world()
    schools = made_schools(world, n_pupils, n_municipalities, difference, stream(random_state, "schools"))
    places = Places.of(world, schools)
    course = Course(world, years_rules, places, made_subjects())
    chronicle = _Chronicle(course, random_state, difference, catalogue, share_unknown)
    chronicle.rolls = [] if keep_rolls else None
    chronicle.with_truth = with_truth
    return chronicle.write(
        made_terms(catalogue.calendar, as_of, years, lived_until), as_of, written_until, followed_until
    )


class _Chronicle:
    """The years as they pass; made for one run of `live_years`."""

    def __init__(
        self, course: Course, random_state: int, difference: float, catalogue: Catalogue, share_unknown: float | None
    ) -> None:
        self.course = course
        self.random_state = random_state
        self.share_unknown = share_unknown
        self.exits: list[tuple[Array, str, Array]] = []
        self.careers = Careers(course, self.exits)
        self.books = _books(course, random_state)
        self.factors = assessed_factors(catalogue, course.world)
        self.offers = helping.offers(course.places, catalogue, stream(random_state, "offers"))
        self.stretch = _stretch(course, difference, random_state)
        self.tables: dict[str, list[pa.Table]] = defaultdict(list)
        self.rolls: list[TermRoll] | None = None
        self.with_truth = True
        self.truths: list[tuple[MadeTerm, dt.date, Array, Array]] = []

    def write(
        self, terms: list[MadeTerm], as_of: dt.date, written_until: dt.date, followed_until: dt.date | None
    ) -> MadeYears:
        """Live and write every semester, then put names to the pupils."""
        for number, term in enumerate(terms):
            chance = partial(self._chance, term)
            if number == 0:
                self.careers.start(term, chance)
            elif term.number == 1:
                self.careers.september(term, chance)
            else:
                self.careers.winter(term, chance)
            roll = self._live(term, chance, [day for day in term.list_days if day <= as_of and self.with_truth])
            closing = self._close(roll)
            if self.rolls is not None:
                self.rolls.append(roll)
            if term.first < np.datetime64(written_until):
                self._write(roll, closing)
            if followed_until is not None and term.first <= np.datetime64(followed_until) <= _next(terms, number):
                self._still_enrolled(roll, np.datetime64(followed_until))
        return self._made()

    def _chance(self, term: MadeTerm, name: str) -> np.random.Generator:
        return stream(self.random_state, f"{term.semester} {name}")

    def _live(self, term: MadeTerm, chance: Chance, list_days: list[dt.date]) -> TermRoll:
        """One semester: states move, some leave, the rest is shown; what carries over is put back."""
        course, pupils = self.course, self.careers.pupils
        rows = self.careers.on_roll()
        state = course.begin(taken(pupils, rows), chance)
        hazard = course.hazard(state, self.stretch)
        exit_on, end = self._leave(rows, state, hazard, term, chance)
        for day in list_days:
            now = np.datetime64(day)
            there = np.flatnonzero(~(exit_on < now) & (state["arrival"] < now))
            risk = one_year_risk(
                course,
                self.careers,
                taken(state, there),
                hazard[there],
                term,
                day,
                self.stretch,
                chance(f"truth {day}"),
            )
            self.truths.append((term, day, rows[there], risk))
        facts = course.show(state, chance)
        unseen = tuple(name for name in course.world.pupil if name not in facts.values)
        values = course.draw(unseen, facts.values, chance)
        for name in (*_MOVING, *CARRIED):
            pupils[name][rows] = values[name]
        classes = self.careers.divisions(rows)
        vocational = course.places.programme[state["school"]] == PROGRAMMES.index("vocational")
        names = class_names(
            classes["level"].to_numpy(), classes["division"].to_numpy(), classes["divisions"].to_numpy(), vocational
        )
        first = np.searchsorted(term.days, state["arrival"])
        return TermRoll(
            term,
            rows,
            made_ids(len(pupils["on"])),
            course.places,
            self.books,
            names,
            first,
            end,
            ~np.isnat(exit_on),
            Facts(values, facts.marks, facts.subject_level),
            chance,
        )

    def _leave(self, rows: Array, state: State, hazard: Array, term: MadeTerm, chance: Chance) -> tuple[Array, Array]:
        """Who leaves this semester, and how; gives each pupil's last day, if any, and its position."""
        rules, pupils, rng = self.course.years.careers, self.careers.pupils, chance("leave")
        n = len(rows)
        leaves = rng.random(n) < hazard
        afterwards = leaves & (rng.random(n) < leaves_afterwards(self.course, state, term))
        u = rng.random(n)
        shares = (("transferred", rules.goes_elsewhere), ("emigrated", rules.emigrates), ("died", rules.dies))
        ways = [("dropped_out", leaves & ~afterwards)]
        low = 0.0
        for status, share in shares:
            ways.append((status, ~leaves & (u >= low) & (u < low + share)))
            low += share
        first = np.searchsorted(term.days, state["arrival"])
        position = np.maximum(
            (rng.random(n) * len(term.days)).astype(np.int64), np.minimum(first, len(term.days) - 2) + 1
        )
        date = term.days[position]
        gone = np.zeros(n, dtype=bool)
        for status, who in ways:
            gone |= who
            self.exits.append((rows[who], status, date[who]))
        autumn = np.datetime64(f"{term.begins + 1}-09-01") + rng.integers(0, _SEPTEMBER_DAYS, n)
        self.exits.append((rows[afterwards], "dropped_out", autumn[afterwards]))
        pupils["left_on"][rows[leaves]] = np.where(afterwards, autumn, date)[leaves]
        pupils["leaves_after_9"][rows] = afterwards
        pupils["on"][rows[gone]] = False
        return np.where(gone, date, _NEVER), np.where(gone, position, len(term.days))

    def _close(self, roll: TermRoll) -> _Closing:
        """What the semester's end brings: year marks, who is held back and finishes, who gets support."""
        pupils, rules = self.careers.pupils, self.course.years
        helped = helping.listed(roll, rules.help)
        pupils["supported"][roll.rows] = 0
        pupils["supported"][roll.rows[helped]] = 1
        year = mended = None
        if roll.term.number == 2:
            year = year_marks(pupils["last_marks"][roll.rows], roll.facts.marks)
            mended = np.zeros(year.shape, dtype=bool)
            goes_on = ~roll.leaves & (pupils["leaves_after_9"][roll.rows] == 0)
            mended[goes_on] = self.careers.june(roll.rows[goes_on], year[goes_on], roll.term, roll.chance)
            ends = roll.rows[~roll.leaves & ~goes_on]
            self.exits.append((ends, "graduated basic", np.full(len(ends), roll.term.last + 14)))
        pupils["last_marks"][roll.rows] = roll.facts.marks
        return _Closing(year, mended, helped)

    def _write(self, roll: TermRoll, closing: _Closing) -> None:
        """Write the semester's tables."""
        rules, tables, subjects = self.course.years, self.tables, self.course.subjects
        tables["pupils"].append(register.pupils(roll))
        tables["semesters"].append(register.semesters(roll))
        tables["absences"].append(absences(roll, rules.absences, subjects, rules.books.gaps))
        tables["marks"] += journal.marks(roll, rules.marks, subjects, closing.year, closing.mended)
        tables["incidents"].append(conduct.incidents(roll))
        tables["assessments"].append(
            assessments(roll, self.course.world, rules.judgements, self.factors, self.share_unknown)
        )
        tables["support"].append(helping.support(roll, rules.help, closing.helped, self.offers))
        tables["decisions"].append(helping.decisions(roll, rules.help, closing.helped))

    def _still_enrolled(self, roll: TermRoll, day: np.datetime64) -> None:
        position = np.where(roll.leaves, np.minimum(roll.end, len(roll.term.days) - 1), 0)
        gone = roll.leaves & (roll.term.days[position] < day)
        rows = roll.rows[~gone & (roll.values["arrival"] < day)]
        self.exits.append((rows, "still_enrolled", np.full(len(rows), day)))

    def _made(self) -> MadeYears:
        pupils, places = self.careers.pupils, self.course.places
        ids = made_ids(len(pupils["on"]))
        chance = partial(stream, self.random_state)
        self.tables["outcomes"].append(
            register.outcomes(self.exits, ids, self.course.years.careers.unclear, lambda name: chance(f"exits {name}"))
        )
        self.tables["offers"].append(self.offers)
        self.tables["schools"].append(register.schools(places))
        id_texts = ids.to_numpy(zero_copy_only=False)
        left = [(rows, dates.astype("datetime64[D]")) for rows, status, dates in self.exits if status == "dropped_out"]
        rows, dates = (np.concatenate(parts) for parts in zip(*left, strict=True))
        truth = [truth_of_day(id_texts, *each, rows, dates) for each in self.truths]
        return MadeYears(
            places.schools,
            dict(self.tables),
            pd.DataFrame(
                {
                    "pupil_id": id_texts,
                    "school_id": places.schools["school_id"].to_numpy()[pupils["school"]],
                    "name": pupil_names(pupils["male"] == 1, pupils["school"], chance("names")),
                }
            ),
            pd.concat(truth, ignore_index=True) if truth else pd.DataFrame(),
            self.rolls or [],
        )


@dataclass(frozen=True)
class _Closing:
    """What a semester's end brought; arrays as the roll, `helped` positions on it."""

    year: Array | None
    mended: Array | None
    helped: Array


def made_ids(n: int) -> pa.Array:
    """Ids of the first n pupils; they look drawn, do not repeat, and say nothing of when a pupil came.

    Examples
    --------
    >>> made_ids(3).to_pylist()
    ['P0417703', 'P4291910', 'P8166117']
    """
    number = (np.arange(n, dtype=np.int64) * _ID_STEP + _ID_START) % _ID_COUNT
    return record_ids("P", number)


def _next(terms: list[MadeTerm], number: int) -> np.datetime64:
    """Day before the next semester; far away for the last."""
    return terms[number + 1].first - 1 if number + 1 < len(terms) else np.datetime64("9999-01-01")


def _books(course: Course, random_state: int) -> BookKeeping:
    """Draw how each school keeps its books."""
    n = len(course.places.schools)

    def keep(name: str, share: float) -> Array:
        return np.asarray(stream(random_state, f"books {name}").random(n) < share)

    rules, habits = course.years.books, course.world.habits
    undated = keep("undated", rules.undated)
    return BookKeeping(
        lesson_rows=keep("lesson_rows", rules.lesson_rows),
        versions=~undated & keep("versions", rules.versions),
        undated=undated,
        birth_dates=keep("birth_dates", rules.birth_dates),
        **{habit: keep(habit, share) for habit, share in habits.items()},
    )


def _stretch(course: Course, difference: float, random_state: int) -> dict[str, Array] | None:
    """What each municipality's coefficients are multiplied by."""
    if difference == 0:
        return None
    names = [name for name in course.years.leaving.terms if name != "school_leaving"]
    size = (len(names), int(course.places.municipality.max()) + 1)
    drawn = np.exp(difference * stream(random_state, "coefficients").standard_normal(size))
    return dict(zip(names, drawn, strict=True))

"""Who is on which roll in a semester, for how long, and how their school keeps its books."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pumpurs_risk.datasets.years.places import Places, State
from pumpurs_risk.datasets.years.states import Chance, Facts
from pumpurs_risk.datasets.years.terms import MadeTerm

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class BookKeeping:
    """How each school keeps its books; arrays over schools.

    Parameters
    ----------
    lesson_rows, versions, undated, birth_dates, conduct, interviews, health : numpy.ndarray of bool
        As ``made_years.toml`` ([books]) and ``made_world.toml`` ([habits]) say.
    """

    lesson_rows: Array
    versions: Array
    undated: Array
    birth_dates: Array
    conduct: Array
    interviews: Array
    health: Array


@dataclass(frozen=True)
class TermRoll:
    """One semester's roll, with everything its tables are written from; arrays have one entry per pupil.

    Parameters
    ----------
    term : MadeTerm
        The semester.
    rows : numpy.ndarray of int
        Position of each pupil among all who ever came.
    ids : pyarrow.Array
        Ids of all who ever came.
    places : Places
        Schools.
    books : BookKeeping
        How schools write.
    class_id : numpy.ndarray of object
        Names of classes.
    first, end : numpy.ndarray of int
        Position among the term's school days of the first day on the roll, and of the first no longer.
    leaves : numpy.ndarray of bool
        Who stops coming before the semester ends.
    facts : Facts
        State, rates, marks.
    chance : callable
        Generators by name.
    """

    term: MadeTerm
    rows: Array
    ids: pa.Array
    places: Places
    books: BookKeeping
    class_id: Array
    first: Array
    end: Array
    leaves: Array
    facts: Facts
    chance: Chance

    @property
    def values(self) -> State:
        """State and facts."""
        return self.facts.values

    @property
    def school(self) -> Array:
        """Each pupil's school."""
        return self.values["school"]

    @property
    def code(self) -> Array:
        """Position of each pupil's programme and level in the made world's levels."""
        return self.places.code(self.school, self.values["level"])

    def pupil_ids(self, who: Array) -> pa.Array:
        """Ids of pupils by their position on this roll."""
        return self.ids.take(pa.array(self.rows[who]))

    def lessons_on(self, who: Array, position: Array) -> Array:
        """How many lessons each of these pupils has on a school day."""
        weekly = self.places.lessons[self.code].astype(np.int64)[who]
        weekday = (self.term.days[position].astype("datetime64[D]").astype(np.int64) + 3) % 7
        return np.asarray(weekly // 5 + (weekday < weekly % 5))

    def record_prefix(self, letter: str) -> str:
        """What the ids of this semester's records of a kind begin with: "k262-" for absences of 2026/2027, semester 2."""
        return f"{letter}{self.term.begins % 100:02d}{self.term.number}-"

    def some_day(self, who: Array, rng: np.random.Generator) -> Array:
        """A position among the term's school days on which each of these pupils was on the roll."""
        span = np.maximum(self.end - self.first, 1)[who]
        return np.asarray(np.minimum(self.first[who] + (rng.random(len(who)) * span).astype(np.int64), self._last))

    @property
    def _last(self) -> int:
        return len(self.term.days) - 1

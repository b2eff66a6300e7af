"""Schools as arrays, and what a school and a level mean for a pupil's state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pumpurs_risk.datasets.schools import made_roll
from pumpurs_risk.datasets.world import MadeWorld

Array = np.ndarray[Any, Any]
State = dict[str, Array]
"""A quantity per pupil, by name: every array has as many rows as there are pupils."""
PROGRAMMES = ("general", "evening", "vocational")
_MOST_LEVELS = 13
_LAST_BASIC = 9


def taken(state: State, rows: Array) -> State:
    """Some pupils' state."""
    return {name: values[rows] for name, values in state.items()}


@dataclass(frozen=True)
class Places:
    """Schools, and how many pupils each has room for in each level.

    Parameters
    ----------
    schools : pandas.DataFrame
        As `made_schools` returns it.
    programme, municipality : numpy.ndarray of int, shape (n_schools,)
        Index in `PROGRAMMES`; number of the municipality.
    room : numpy.ndarray of int, shape (n_schools, 13)
        Pupils by level; 0 where a school does not have the level.
    codes : numpy.ndarray of int, shape (3, 13)
        Position of programme and level in the made world's levels, -1 where there is no such level.
    stage, lessons : numpy.ndarray, shape (n_codes,)
        Years of schooling, and lessons a week, of each position.
    """

    schools: pd.DataFrame
    programme: Array
    municipality: Array
    room: Array
    codes: Array
    stage: Array
    lessons: Array

    @classmethod
    def of(cls, world: MadeWorld, schools: pd.DataFrame) -> Places:
        """Count the made roll of the schools."""
        roll = made_roll(world, schools)
        room = np.zeros((len(schools), _MOST_LEVELS), dtype=np.int64)
        np.add.at(room, (roll["school"].to_numpy(), roll["level"].to_numpy().astype(np.int64)), 1)
        codes = np.full((len(PROGRAMMES), _MOST_LEVELS), -1)
        for position, name in enumerate(world.levels):
            of, _, level = name.rpartition("-")
            codes[PROGRAMMES.index(of), int(level)] = position
        programme = np.array([PROGRAMMES.index(name) for name in schools["programme"]])
        stage = np.array([level.stage for level in world.levels.values()])
        lessons = np.array([level.lessons for level in world.levels.values()])
        municipality = schools["municipality_number"].to_numpy().astype(np.int64)
        return cls(schools, programme, municipality, room, codes, stage, lessons)

    def code(self, school: Array, level: Array) -> Array:
        """Position of each pupil's programme and level in the made world's levels."""
        return self.codes[self.programme[school], level]

    def surroundings(self, state: State) -> State:
        """What a pupil's school and level say, as numbers that the made world's variables can depend on."""
        school, level = state["school"], state["level"]
        programme = self.programme[school]
        stage = self.stage[self.code(school, level)]
        general, evening, vocational = (programme == number for number in range(3))
        flags = {
            "general": general,
            "evening": evening,
            "vocational": vocational,
            "teens": (stage >= 7) & (stage <= _LAST_BASIC),
            "upper": stage > _LAST_BASIC,
            "starts": (general & (level == _LAST_BASIC + 1)) | (vocational & (level == 1)),
            "years_over_13": np.maximum(stage + 6.5 - 13, 0),
            "school_leaving": self.schools["school_leaving"].to_numpy()[school],
            "school_strictness": self.schools["school_strictness"].to_numpy()[school],
        }
        return {name: np.asarray(value, dtype=float) for name, value in flags.items()}

"""Who finds a place where: free rooms of schools, and pupils who look for one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pumpurs_risk.datasets.years.places import Places, State

Array = np.ndarray[Any, Any]


def free_rooms(places: Places, pupils: State) -> tuple[Array, Array]:
    """School and level of every free room.

    Parameters
    ----------
    places : Places
        Schools with their rooms.
    pupils : dict of str to numpy.ndarray
        With school, level and whether they are on a roll.

    Returns
    -------
    (numpy.ndarray of int, numpy.ndarray of int)
        One entry per free room.
    """
    taken = np.zeros_like(places.room)
    on = pupils["on"]
    np.add.at(taken, (pupils["school"][on], pupils["level"][on]), 1)
    free = np.maximum(places.room - taken, 0)
    school, level = np.nonzero(free)
    count = free[school, level]
    return np.repeat(school, count), np.repeat(level, count)


def placed(
    places: Places, pupils: State, rows: Array, programme: Array, level: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Give pupils free rooms of a programme and level in their own municipality, by lot.

    Parameters
    ----------
    places, pupils : Places, dict of str to numpy.ndarray
        As above.
    rows : numpy.ndarray of int, shape (n,)
        Who looks for a place.
    programme, level : numpy.ndarray of int, shape (n,)
        Of what.
    rng : numpy.random.Generator
        The lot.

    Returns
    -------
    (numpy.ndarray of int, numpy.ndarray of int)
        Rows that found a place, and its school; rows in ascending order.
    """
    school, room_level = free_rooms(places, pupils)
    rooms = _in_lots(_key(places, school, places.programme[school], room_level), rng)
    seekers = _in_lots(_key(places, pupils["school"][rows], programme, level), rng)
    met = seekers.merge(rooms, on=["key", "turn"], suffixes=("_who", "_room"))
    met = met.sort_values("at_who")
    return rows[met["at_who"].to_numpy()], school[met["at_room"].to_numpy()]


def same_grade_elsewhere(
    places: Places, pupils: State, rows: Array, programme: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Find another school of a programme with the same level in the same municipality; larger ones more often.

    Returns
    -------
    (numpy.ndarray of int, numpy.ndarray of int)
        Rows that found one, and its school.
    """
    school, level = np.nonzero(places.room)
    options = pd.DataFrame(
        {"key": _key(places, school, places.programme[school], level), "to": school, "size": places.room[school, level]}
    )
    seekers = pd.DataFrame(
        {
            "key": _key(places, pupils["school"][rows], programme, pupils["level"][rows]),
            "at": np.arange(len(rows)),
            "own": pupils["school"][rows],
        }
    )
    pairs = seekers.merge(options, on="key")
    pairs = pairs[pairs["to"] != pairs["own"]]
    pairs = pairs.assign(draw=rng.random(len(pairs)) ** (1 / pairs["size"].to_numpy()))
    best = pairs.sort_values(["at", "draw"]).drop_duplicates("at", keep="last")
    return rows[best["at"].to_numpy()], best["to"].to_numpy()


def _key(places: Places, school: Array, programme: Array, level: Array) -> Array:
    return np.asarray((places.municipality[school] * 4 + programme) * 16 + level)


def _in_lots(key: Array, rng: np.random.Generator) -> pd.DataFrame:
    """Each key's entries in an order of chance."""
    shuffled = rng.permutation(len(key))
    frame = pd.DataFrame({"key": key[shuffled], "at": shuffled})
    return frame.assign(turn=frame.groupby("key").cumcount())

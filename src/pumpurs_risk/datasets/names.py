"""Invented names of pupils, schools and municipalities."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Array = np.ndarray[Any, Any]


@cache
def _lists() -> dict[str, Any]:
    with Path(__file__).with_name("names.toml").open("rb") as handle:
        return tomllib.load(handle)


def pupil_names(male: Array, school: Array, rng: np.random.Generator) -> Array:
    """Give each pupil a first name and a surname, the surname in the form of the pupil's sex.

    Parameters
    ----------
    male : numpy.ndarray of bool, shape (n,)
        True for a boy.
    school : numpy.ndarray of int, shape (n,)
        Number of the pupil's school, from 0.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    numpy.ndarray of object, shape (n,)
        Such as "Reinis Mežrīts" or "Ilze Mežrīta". In a school with fewer than 2,000 boys and 2,000 girls no name is
        given twice.

    Examples
    --------
    >>> len(set(pupil_names(np.arange(1000) % 2 == 0, np.zeros(1000, int), np.random.default_rng(0))))
    1000
    """
    lists = _lists()
    names = np.empty(len(male), dtype=object)
    for form, sex in enumerate(("boys", "girls")):
        chosen = np.flatnonzero(male == (sex == "boys"))
        full = np.array(
            [f"{first} {surname[form]}" for first in lists[sex] for surname in lists["surnames"]], dtype=object
        )
        full = rng.permutation(full)
        schools, which = np.unique(school[chosen], return_inverse=True)
        first_name = rng.integers(len(full), size=len(schools))[which]  # each school walks the list from another place
        names[chosen] = full[(first_name + pd.Series(which).groupby(which).cumcount().to_numpy()) % len(full)]
    return names


def place_title(index: int, kind: str) -> str:
    """Title of the index-th place of a kind: an invented place, with an ordinal once the places are used up.

    Examples
    --------
    >>> place_title(0, "vidusskola"), place_title(0, "novads")
    ('Vizbuļu vidusskola', 'Vizbuļu novads')
    """
    places = _lists()["places"]
    ordinal = index // len(places) + 1
    return f"{places[index % len(places)]} {'' if ordinal == 1 else f'{ordinal}. '}{kind}"

"""Who is taught what: the made schools' subjects, by programme and level."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pumpurs_risk.datasets.years.places import PROGRAMMES

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Subjects:
    """Subjects of the three programmes.

    Parameters
    ----------
    names : list of str
        All subjects, each once.
    number : numpy.ndarray of int, shape (3, n_columns)
        Position in `names` of each programme's subjects; -1 where it has fewer.
    easier : numpy.ndarray of float, shape (3, n_columns)
        How much better than the mean its marks are.
    first_level : numpy.ndarray of int, shape (3, n_columns)
        Level from which it is taught.
    """

    names: list[str]
    number: Array
    easier: Array
    first_level: Array

    @property
    def columns(self) -> int:
        """Most subjects that a programme has."""
        return int(self.number.shape[1])

    def taught(self, programme: Array, level: Array) -> Array:
        """Whether each pupil has each subject, shape (n, n_columns)."""
        return (self.number[programme] >= 0) & (self.first_level[programme] <= level[:, None])


@cache
def made_subjects() -> Subjects:
    """Read ``subjects.toml``.

    Examples
    --------
    >>> made_subjects().names[0]
    'Matemātika'
    """
    with Path(__file__).with_name("subjects.toml").open("rb") as handle:
        lists: dict[str, list[dict[str, Any]]] = tomllib.load(handle)
    names = list(dict.fromkeys(entry["name"] for entries in lists.values() for entry in entries))
    shape = (len(PROGRAMMES), max(map(len, lists.values())))
    number, easier, first = np.full(shape, -1), np.zeros(shape), np.zeros(shape, dtype=np.int64)
    for row, programme in enumerate(PROGRAMMES):
        for column, entry in enumerate(lists[programme]):
            number[row, column] = names.index(entry["name"])
            easier[row, column] = entry.get("easier", 0.0)
            first[row, column] = entry.get("from", 1)
    return Subjects(names, number, easier, first)

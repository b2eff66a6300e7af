"""The made world: a small structural model, read from ``made_world.toml``, that draws pupils and who of them leaves.

Each variable depends on those above it in the file (disengagement on poverty, marks on ability and disengagement ...), so
that factors are correlated as they are in schools: through common causes. Each has its own stream of chance, so that adding a
variable to the file changes none of the others.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

import msgspec
import numpy as np
import pandas as pd

Array = np.ndarray[Any, Any]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all entries: immutable, strict."""


class SchoolKind(_Entry, frozen=True):
    """A kind of school: its size in a block, and how its pupils are spread over levels."""

    pupils: int
    title: str
    programme: Literal["general", "evening", "vocational"]
    levels: dict[str, float]
    places: int
    rural: bool = False
    hands_in: Literal["workbook", "csv", "english", "journal_csv", "journal_workbook", "parquet"] = "workbook"
    more: tuple[str, ...] = ()


class Variable(_Entry, frozen=True):
    """How one quantity comes about; the kinds are explained in the file."""

    kind: Literal["number", "yes_no", "rate", "count", "rated", "amount"]
    base: float = 0.0
    on: dict[str, float] = {}
    spread: float = 0.0
    typical: float = 1.0
    cuts: tuple[float, ...] = ()
    least: float = float("-inf")
    most: float = float("inf")
    decimals: int | None = None


class Recording(_Entry, frozen=True):
    """Who has the factor written down: the share of pupils, and the school habit that it needs."""

    share: float = 1.0
    habit: str = ""


class Term(_Entry, frozen=True):
    """A variable's part in the log-odds of leaving: straight up to ``most``, flat beyond."""

    per_unit: float
    most: float = float("inf")


class Level(_Entry, frozen=True):
    """A grade or course of a programme: years of schooling, lessons a week, and the share that leaves within a year."""

    stage: int
    lessons: float
    leaving: float
    intercept: float


class Leaving(_Entry, frozen=True):
    """Who leaves within a year: a floor nobody can foresee, and the terms of the log-odds."""

    floor: float
    terms: dict[str, Term]


class Mistake(_Entry, frozen=True):
    """What someone in a kind of school mistypes in the sheet, or what stands wrong in the journal's export."""

    school: str
    at: float
    """Which row, as a share of the school's rows."""
    table: str = ""
    """Which event table; empty for the sheet."""
    cells: dict[str, Any] = {}
    again: float | None = None
    """Where the row stands a second time, with these cells; None to mistype the row itself."""


class MadeWorld(_Entry, frozen=True):
    """Everything that ``made_world.toml`` says."""

    block: int
    size_sd: float
    school_sd: float
    strictness_sd: float
    unknown_per_concern: float
    levels: dict[str, Level]
    schools: dict[str, SchoolKind]
    habits: dict[str, float]
    leaving: Leaving
    pupil: dict[str, Variable]
    recorded: dict[str, Recording]
    mistakes: tuple[Mistake, ...]


@cache
def made_world() -> MadeWorld:
    """Read the shipped made world.

    Examples
    --------
    >>> list(made_world().schools)[-1]
    'vocational'
    """
    with Path(__file__).with_name("made_world.toml").open("rb") as handle:
        return msgspec.convert(tomllib.load(handle), MadeWorld)


def stream(random_state: int, name: str) -> np.random.Generator:
    """Chance of its own for a name: the same for the same seed, whatever else is drawn.

    Examples
    --------
    >>> bool(stream(0, "ability").random() == stream(0, "ability").random())
    True
    """
    return np.random.default_rng([random_state, crc32(name.encode())])


def draw_pupils(world: MadeWorld, given: dict[str, Array], random_state: int) -> dict[str, Array]:
    """Draw every variable of the file, in its order.

    Parameters
    ----------
    world : MadeWorld
        The made world's parameters.
    given : dict of str to numpy.ndarray of float, shape (n,)
        What the roll says of each pupil (male, rural, vocational ...).
    random_state : int
        Seed.

    Returns
    -------
    dict of str to numpy.ndarray of float, shape (n,)
        `given`, with every variable of the file added.
    """
    return draw_variables(world.pupil, given, lambda name: stream(random_state, name))


def draw_variables(
    variables: Mapping[str, Variable], given: Mapping[str, Array], chance: Callable[[str], np.random.Generator]
) -> dict[str, Array]:
    """Draw some variables, in their order.

    Parameters
    ----------
    variables : mapping of str to Variable
        What to draw; each may depend on those before it and on what is given.
    given : mapping of str to numpy.ndarray of float, shape (n,)
        What is known of each pupil.
    chance : callable
        Gives the generator that a variable is drawn from.

    Returns
    -------
    dict of str to numpy.ndarray of float, shape (n,)
        `given`, with the variables added.
    """
    values = dict(given)
    n = len(next(iter(values.values())))
    for name, variable in variables.items():
        score = np.full(n, variable.base)
        for cause, effect in variable.on.items():
            score += effect * values[cause]
        drawn = _DRAW[variable.kind](variable, score, chance(name))
        np.clip(drawn, variable.least, variable.most, out=drawn)
        values[name] = drawn if variable.decimals is None else np.round(drawn, variable.decimals)
    return values


def _number(variable: Variable, score: Array, rng: np.random.Generator) -> Array:
    return score + variable.spread * rng.standard_normal(len(score))


def _yes_no(variable: Variable, score: Array, rng: np.random.Generator) -> Array:
    return (rng.random(len(score)) < logistic(score)).astype(float)


def _rate(variable: Variable, score: Array, rng: np.random.Generator) -> Array:
    rate = np.exp(np.minimum(score, 6.0))  # beyond e^6 = 403 the cap of the variable decides anyway
    return rate * rng.gamma(variable.spread, 1 / variable.spread, len(score)) if variable.spread else rate


def _count(variable: Variable, score: Array, rng: np.random.Generator) -> Array:
    return rng.poisson(_rate(variable, score, rng)).astype(float)


def _rated(variable: Variable, score: Array, rng: np.random.Generator) -> Array:
    return np.searchsorted(np.array(variable.cuts), score + rng.standard_normal(len(score))).astype(float)


def _amount(variable: Variable, score: Array, rng: np.random.Generator) -> Array:
    happens = _yes_no(variable, score, rng)
    return happens * variable.typical * np.exp(variable.spread * rng.standard_normal(len(score)))


_DRAW = {"number": _number, "yes_no": _yes_no, "rate": _rate, "count": _count, "rated": _rated, "amount": _amount}


def logistic(x: Array) -> Array:
    """Probability of log-odds, without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def leaving_log_odds(
    world: MadeWorld, values: dict[str, Array], programme_level: Array, stretch: dict[str, Array] | None = None
) -> Array:
    """True log-odds of leaving within one year.

    Parameters
    ----------
    world : MadeWorld
        The made world's parameters.
    values : dict of str to numpy.ndarray of float, shape (n,)
        As `draw_pupils` returns it.
    programme_level : numpy.ndarray of object, shape (n,)
        Such as "general-9".
    stretch : dict of str to numpy.ndarray of float, shape (n,), optional
        Per term, what its coefficient is multiplied by (municipalities that differ).

    Returns
    -------
    numpy.ndarray of float, shape (n,)
        logit(floor + (1 - floor) * logistic(intercept + sum of terms)).
    """
    inverse, groups = pd.factorize(programme_level)
    score = np.array([world.levels[group].intercept for group in groups])[inverse]
    for name, term in world.leaving.terms.items():
        part = term.per_unit * np.minimum(values[name], term.most)
        score += part if stretch is None or name not in stretch else part * stretch[name]
    risk = world.leaving.floor + (1 - world.leaving.floor) * logistic(score)
    return np.log(risk) - np.log1p(-risk)

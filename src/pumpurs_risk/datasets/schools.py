"""The made municipalities' schools, and the roll: which pupil is in which school, grade and class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.datasets.names import place_title
from pumpurs_risk.records.uniting.schools import school_slug

if TYPE_CHECKING:
    from pumpurs_risk.datasets.world import MadeWorld

Array = np.ndarray[Any, Any]
_CLASS_SIZE = 26  # a class is divided when it would be larger
_LETTERS = "abcdefghijklmnoprstuvz"
_TRADES = ("AM", "PV", "DT", "EL")  # car mechanics, cooks, computer design, electricians: groups of a vocational school


def _largest_remainder(weights: Array, total: int) -> Array:
    """Whole numbers in proportion to the weights that sum to the total exactly."""
    exact: Array = weights / weights.sum() * total
    whole: Array = np.floor(exact).astype(np.int64)
    whole[np.argsort(whole - exact, kind="stable")[: total - whole.sum()]] += 1
    return whole


def made_schools(
    world: MadeWorld, n_pupils: int, n_municipalities: int, difference: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw the schools of every municipality.

    Parameters
    ----------
    world : MadeWorld
        The made world's parameters.
    n_pupils : int
        Pupils in all; divided evenly over the municipalities.
    n_municipalities : int
        Municipalities.
    difference : float
        Standard deviation of each municipality's own shift of the log-odds of leaving.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    pandas.DataFrame
        One row per school: municipality_number, kind, school_id, title, municipality, programme, rural, places,
        pupils, school_leaving (log-odds), school_strictness (marks). Schools without a pupil are left out.
    """
    kinds = list(world.schools)
    sizes = np.array([world.schools[kind].pupils for kind in kinds], dtype=float)
    per_municipality = _largest_remainder(np.ones(n_municipalities), n_pupils)
    parts = []
    for number, pupils in enumerate(per_municipality):
        blocks = max(1, round(int(pupils) / world.block))
        weights = np.tile(sizes, blocks)
        if blocks > 1:
            weights = weights * rng.lognormal(0.0, world.size_sd, len(weights))
        parts.append(
            pd.DataFrame(
                {
                    "municipality_number": number,
                    "kind": np.tile(np.array(kinds, dtype=object), blocks),
                    "pupils": _largest_remainder(weights, int(pupils)),
                }
            )
        )
    schools = pd.concat(parts, ignore_index=True)
    schools = schools[schools["pupils"] > 0].reset_index(drop=True)
    first_of_municipality = schools.groupby("municipality_number")["kind"].transform(lambda kind: kind.index[0])
    schools["municipality"] = [place_title(int(first), "novads") for first in first_of_municipality]
    schools["title"] = [place_title(i, world.schools[kind].title) for i, kind in enumerate(schools["kind"])]
    schools["school_id"] = [school_slug(title) for title in schools["title"]]
    schools["programme"] = [world.schools[kind].programme for kind in schools["kind"]]
    schools["rural"] = [float(world.schools[kind].rural) for kind in schools["kind"]]
    share = schools["pupils"] / schools["kind"].map({kind: world.schools[kind].pupils for kind in kinds})
    places = schools["kind"].map({kind: world.schools[kind].places for kind in kinds})
    schools["places"] = np.maximum(1, np.rint(places * share)).astype(np.int64)
    municipality_shift = rng.normal(0.0, 1.0, n_municipalities) * difference
    schools["school_leaving"] = (
        rng.normal(0.0, world.school_sd, len(schools)) + municipality_shift[schools["municipality_number"]]
    )
    schools["school_strictness"] = rng.normal(0.0, world.strictness_sd, len(schools))
    return schools


def made_roll(world: MadeWorld, schools: pd.DataFrame) -> pd.DataFrame:
    """Put pupils into grades and classes.

    Parameters
    ----------
    world : MadeWorld
        The made world's parameters.
    schools : pandas.DataFrame
        As `made_schools` returns it.

    Returns
    -------
    pandas.DataFrame
        One row per pupil, by school, level and class: school (row of `schools`), level, programme_level (categorical,
        such as "general-9"), class_id, own_id.
    """
    names = list(world.levels)
    counts, codes, of_school = [], [], []
    for number, (kind, pupils) in enumerate(zip(schools["kind"], schools["pupils"], strict=True)):
        one = world.schools[kind]
        counts.append(_largest_remainder(np.fromiter(one.levels.values(), float), int(pupils)))
        codes.append([names.index(f"{one.programme}-{level}") for level in one.levels])
        of_school.append(np.full(len(one.levels), number))
    sizes = np.concatenate(counts)  # of each level in each school
    code = np.repeat(np.concatenate(codes), sizes)
    level = np.array([int(name.rpartition("-")[2]) for name in names])[code]
    school = np.repeat(np.concatenate(of_school), sizes)
    in_level = np.repeat(sizes, sizes)
    position = np.arange(len(school)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    divisions = -(-in_level // _CLASS_SIZE)
    division = position * divisions // in_level
    vocational = schools["programme"].to_numpy()[school] == "vocational"
    number_in_school = np.arange(len(school)) - np.searchsorted(school, school)
    return pd.DataFrame(
        {
            "school": school,
            "level": level.astype(float),
            "programme_level": pd.Categorical.from_codes(code, dtype=pd.CategoricalDtype(names)),
            "class_id": class_names(level, division, divisions, vocational),
            "own_id": _numbered(number_in_school + 1),
        }
    )


def class_names(level: Array, division: Array, divisions: Array, vocational: Array) -> Array:
    """Write "9.a", "7." where a grade has one class, "1. kurss AM" in a vocational school, once per distinct class."""
    key = (division * 20 + level) * 4 + 2 * (divisions == 1) + vocational
    distinct, inverse = np.unique(key, return_inverse=True)
    words = []
    for code in distinct:
        rest, alone, trade = code // 4, (code // 2) % 2, code % 2
        number, grade = rest // 20, rest % 20
        if trade:
            repeat = number // len(_TRADES)
            words.append(f"{grade}. kurss {_TRADES[number % len(_TRADES)]}{repeat + 1 if repeat else ''}")
        else:
            repeat = number // len(_LETTERS)
            words.append(
                f"{grade}." if alone else f"{grade}.{_LETTERS[number % len(_LETTERS)]}{repeat + 1 if repeat else ''}"
            )
    return np.array(words, dtype=object)[inverse]


def _numbered(number: Array) -> Array:
    """Pupils' own ids in a school: "001", "002"; leading zeros, as registers have them."""
    distinct, inverse = np.unique(number, return_inverse=True)
    return np.array([f"{n:03d}" for n in distinct], dtype=object)[inverse]

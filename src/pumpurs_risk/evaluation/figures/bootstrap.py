"""How far a figure could be off: pupils drawn again with replacement, all models judged on the same draws.

A pupil is drawn with all rows (a *cluster*), because rows of one pupil are not independent. Which resample is drawn depends
on the seed and on the pupils alone, so that two models, or two runs with another number of workers, see the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pumpurs_risk.evaluation.figures.ranking import Floats, codes_of

Key = tuple[str, ...]
Figures = Callable[[Floats], Mapping[Key, Floats]]
"""From how often each row stands in each resample, shape (resamples, n), to one value per resample and figure."""

_CELLS = 1_000_000  # resamples times rows worked on at once
_MOST_CELLS = 50_000_000  # resamples times rows in all: from 50,000 rows on, fewer resamples are as good
_FEWEST = 100


@dataclass(frozen=True)
class Resampled:
    """Values of every figure in every resample.

    Parameters
    ----------
    values : dict of key to ndarray of float, shape (resamples,)
        NaN where a resample did not allow the figure.
    resamples : int
        How many were drawn.
    level : float
        Of the intervals.
    """

    values: dict[Key, Floats]
    resamples: int
    level: float

    def interval(self, key: Key) -> tuple[float, float]:
        """Percentile interval of a figure; NaN where fewer than half of the resamples allowed it."""
        return self._percentiles(self.values[key])

    def difference(self, key: Key, other: Key) -> tuple[float, float]:
        """Percentile interval of a figure minus another, in the same resamples."""
        return self._percentiles(self.values[key] - self.values[other])

    def not_possible(self, key: Key) -> int:
        """In how many resamples the figure could not be worked out (nobody left, nobody stayed)."""
        return int(np.isnan(self.values[key]).sum())

    def _percentiles(self, values: Floats) -> tuple[float, float]:
        used = values[~np.isnan(values)]
        if len(used) < max(2, self.resamples / 2):
            return np.nan, np.nan
        low, high = np.quantile(used, [(1 - self.level) / 2, (1 + self.level) / 2])
        return float(low), float(high)


def resamples_for(rows: int, wanted: int) -> int:
    """How many resamples are drawn of a table: those wanted, fewer of a very large one, never below 100 of those wanted."""
    return min(wanted, max(_FEWEST, _MOST_CELLS // max(rows, 1)))


def bootstrap(
    figures: Figures,
    pupils: Any,
    resamples: int = 1000,
    *,
    level: float = 0.95,
    random_state: int = 0,
    n_jobs: int = 1,
) -> Resampled:
    """Work out figures on resamples of the pupils.

    Parameters
    ----------
    figures : callable
        Gets how often each row stands in each resample, shape (b, n), and gives for every key the b values.
    pupils : array-like, shape (n,)
        Whose row it is.
    resamples : int
        How many; see `resamples_for`.
    level : float
        Of the intervals.
    random_state : int
        Seed.
    n_jobs : int
        Threads.

    Returns
    -------
    Resampled

    Examples
    --------
    >>> mean = lambda copies: {("mean",): copies @ np.array([0.0, 1.0, 1.0]) / copies.sum(axis=1)}
    >>> low, high = bootstrap(mean, ["a", "b", "c"], 200).interval(("mean",))
    >>> bool(low < 2 / 3 < high)
    True
    """
    from joblib import Parallel, delayed

    codes = codes_of(pupils, len(pupils))
    drawn = resamples_for(len(codes), resamples)
    size = max(1, min(50, _CELLS // max(len(codes), 1)))
    seeds = np.random.SeedSequence(random_state).spawn(-(-drawn // size))
    sizes = [min(size, drawn - size * i) for i in range(len(seeds))]

    def work(seed: np.random.SeedSequence, many: int) -> Mapping[Key, Floats]:
        return figures(_copies(codes, np.random.default_rng(seed), many))

    parts = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(work)(seed, many) for seed, many in zip(seeds, sizes, strict=True)
    )
    values = {key: np.concatenate([np.atleast_1d(part[key]) for part in parts]) for key in parts[0]} if parts else {}
    return Resampled(values, drawn, level)


def _copies(codes: Any, rng: np.random.Generator, many: int) -> Floats:
    n = int(codes.max()) + 1
    copies = np.empty((many, len(codes)))
    for i in range(many):
        copies[i] = np.bincount(rng.integers(0, n, n), minlength=n)[codes]
    return copies

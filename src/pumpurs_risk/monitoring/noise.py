"""Tells chance from change: how far two lists' shares would lie apart if only luck had decided which pupils are there.

The same pupil usually stands in both lists, so chance is drawn pupil by pupil: a pupil is drawn again with both values
(a bootstrap with pupils as clusters), and what such draws move is what luck moves. Values are counted in bins first, so
that a draw costs the same for forty pupils and for a million.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Statistic = Callable[[Floats, Floats], Floats]
"""From shares per bin, shape (repeats, bins), of the first and of the second list, to one number per repeat."""


@dataclass(frozen=True)
class PairedCounts:
    """Pupils of two lists, counted by the bins that their values fall into.

    Parameters
    ----------
    both : ndarray of int, shape (bins, bins)
        Pupils known in both lists: first bin by row, second by column.
    only_first, only_second : ndarray of int, shape (bins,)
        Pupils known in one list alone.

    Examples
    --------
    >>> counts = PairedCounts.of(np.array([0, 1, -1]), np.array([1, 1, 0]), 2)
    >>> counts.both.tolist(), counts.only_second.tolist(), counts.first.tolist()
    ([[0, 1], [0, 1]], [1, 0], [1, 1])
    """

    both: Ints
    only_first: Ints
    only_second: Ints

    @classmethod
    def of(cls, first: Ints, second: Ints, n_bins: int) -> PairedCounts:
        """Count pupils; both arrays have one entry per pupil of either list, -1 where the value is not known."""
        in_first, in_second = first >= 0, second >= 0
        pairs = first[in_first & in_second] * n_bins + second[in_first & in_second]
        return cls(
            np.bincount(pairs, minlength=n_bins * n_bins).reshape(n_bins, n_bins),
            np.bincount(first[in_first & ~in_second], minlength=n_bins),
            np.bincount(second[in_second & ~in_first], minlength=n_bins),
        )

    @property
    def first(self) -> Ints:
        """Pupils of the first list per bin."""
        return np.asarray(self.both.sum(axis=1) + self.only_first, dtype=np.int64)

    @property
    def second(self) -> Ints:
        """Pupils of the second list per bin."""
        return np.asarray(self.both.sum(axis=0) + self.only_second, dtype=np.int64)

    def drawn(self, repeats: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Shares per bin of both lists, shape (repeats, bins), with as many pupils drawn again with replacement."""
        n_bins = len(self.only_first)
        cells = np.concatenate([self.both.ravel(), self.only_first, self.only_second])
        unit, none = np.eye(n_bins), np.zeros((n_bins, n_bins))
        first = np.concatenate([np.repeat(unit, n_bins, axis=0), unit, none])
        second = np.concatenate([np.tile(unit, (n_bins, 1)), none, unit])
        used = cells > 0
        copies = rng.multinomial(cells.sum(), cells[used] / cells.sum(), size=repeats)
        return _shares(copies @ first[used]), _shares(copies @ second[used])


def _shares(counts: npt.NDArray[Any]) -> Floats:
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), dtype=np.float64)


@dataclass(frozen=True)
class Null:
    """Both lists' shares per bin as they were seen, and many draws of what chance alone would have made of equal ones."""

    seen: tuple[Floats, Floats]
    drawn: tuple[Floats, Floats]

    @classmethod
    def of(cls, counts: PairedCounts, repeats: int, rng: np.random.Generator) -> Null:
        """Draw `repeats` times; the draws lie around the mean of both lists, not around their difference."""
        first, second = _shares(counts.first[None, :]), _shares(counts.second[None, :])
        one, two = counts.drawn(repeats, rng)
        luck = (two - one) - (second - first)
        middle = (first + second) / 2
        return cls((first, second), (middle - luck / 2, middle + luck / 2))

    def p_value(self, statistic: Statistic) -> float:
        """Share of draws, the seen one included, in which the statistic is at least as large as the one seen."""
        seen, drawn = float(statistic(*self.seen)[0]), statistic(*self.drawn)
        return float((1 + (drawn >= seen - 1e-12).sum()) / (1 + len(drawn)))

    def beyond_chance(self, statistic: Statistic) -> float:
        """The statistic less what chance alone gives on average, at least 0: small lists differ by chance."""
        return max(0.0, float(statistic(*self.seen)[0]) - float(statistic(*self.drawn).mean()))


def largest_step(first: Floats, second: Floats) -> Floats:
    """Kolmogorov-Smirnov distance over ordered bins: the largest gap between the two cumulative shares."""
    return np.asarray(np.abs(np.cumsum(first - second, axis=1)).max(axis=1), dtype=np.float64)


def total_variation(first: Floats, second: Floats) -> Floats:
    """Share of pupils who would have to be in another bin: half the summed absolute differences; for bins without order."""
    return np.asarray(0.5 * np.abs(first - second).sum(axis=1), dtype=np.float64)


def stability_index(least: float) -> Statistic:
    """Population stability index, sum (q - p) ln(q / p); no share counts as less than `least` (half a pupil)."""

    def index(first: Floats, second: Floats) -> Floats:
        p, q = np.maximum(first, least), np.maximum(second, least)
        return np.asarray(((q - p) * np.log(q / p)).sum(axis=1), dtype=np.float64)

    return index


def earth_moved(places: Floats) -> Statistic:
    """Wasserstein distance over ordered bins whose values are `places`, ascending: how far the mean pupil moved."""

    def moved(first: Floats, second: Floats) -> Floats:
        gap = np.abs(np.cumsum(first - second, axis=1))[:, :-1]
        return np.asarray(gap @ np.diff(places), dtype=np.float64)

    return moved


def adjusted(p: npt.ArrayLike) -> Floats:
    """Benjamini-Hochberg q-values; NaN (not tested) stays NaN and does not count.

    Examples
    --------
    >>> adjusted([0.01, float("nan"), 0.04]).round(3).tolist()
    [0.02, nan, 0.04]
    """
    values = np.asarray(p, dtype=np.float64)
    q = np.full(values.shape, np.nan)
    tested = np.isfinite(values)
    if tested.any():
        q[tested] = stats.false_discovery_control(values[tested])
    return q


def share_change_p(
    known_both: npt.ArrayLike, only_first: npt.ArrayLike, only_second: npt.ArrayLike,
    alone_first: npt.ArrayLike, alone_first_known: npt.ArrayLike, alone_second: npt.ArrayLike,
    alone_second_known: npt.ArrayLike, neither: npt.ArrayLike,
) -> Floats:  # fmt: skip
    """Two-sided p of a change in a share (of pupils whose value is known), pupil by pupil as in `PairedCounts`.

    Parameters
    ----------
    known_both, only_first, only_second, neither : array of int, shape (k,)
        Pupils of both lists, by where their value is known.
    alone_first, alone_second : array of int, shape (k,)
        Pupils of one list alone; `alone_first_known`, `alone_second_known`: those of them whose value is known.

    Returns
    -------
    ndarray of float, shape (k,)
        By the normal law with continuity correction; 1 where nothing can differ.
    """
    a, b, c, s1, t1, s2, t2, d = (
        np.asarray(x, dtype=np.float64)
        for x in (
            known_both, only_first, only_second, alone_first, alone_first_known, alone_second, alone_second_known, neither,
        )
    )  # fmt: skip
    n1, n2 = a + b + c + d + s1, a + b + c + d + s2
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = (a + c + t2) / n2 - (a + b + t1) / n1
        moved, alone, known = b + c, s1 + s2, t1 + t2
        step = 1 / n1 + 1 / n2
        expected = a * (1 / n2 - 1 / n1) + moved / 2 * (1 / n2 - 1 / n1)
        from_first = np.where(alone > 0, s1 * known / np.maximum(alone, 1), 0.0)
        expected = expected + (known - from_first) / n2 - from_first / n1
        spread = np.where(
            alone > 1,
            from_first * (1 - known / np.maximum(alone, 1)) * s2 / np.maximum(alone - 1, 1),
            0.0,
        )
        sd = step * np.sqrt(moved / 4 + spread)
        z = np.maximum(np.abs(seen - expected) - step / 2, 0) / sd
    return np.where(sd > 0, 2 * stats.norm.sf(np.nan_to_num(z)), 1.0)


def clustered_change(pupil: Ints, school: Ints, value: Floats, second: Bools, n_schools: int) -> tuple[Floats, Floats]:
    """Change of each school's mean from the first to the second list, and its variance with pupils as clusters.

    Parameters
    ----------
    pupil, school : ndarray of int, shape (rows,)
        Codes; a row is one pupil in one list.
    value : ndarray of float, shape (rows,)
        Known values only.
    second : ndarray of bool, shape (rows,)
        Whether the row is of the second list.
    n_schools : int
        Number of schools.

    Returns
    -------
    change, variance : ndarray of float, shape (n_schools,)
        NaN where a list holds nobody of the school.
    """
    side = school * 2 + second
    n = np.bincount(side, minlength=2 * n_schools).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.bincount(side, weights=value, minlength=2 * n_schools) / n
        part = (value - means[side]) / n[side] * np.where(second, 1.0, -1.0)
    cluster, where = np.unique(pupil * n_schools + school, return_inverse=True)
    summed = np.bincount(where, weights=part, minlength=len(cluster))
    variance = np.bincount(cluster % n_schools, weights=summed**2, minlength=n_schools)
    return np.asarray(means[1::2] - means[0::2]), np.asarray(variance)

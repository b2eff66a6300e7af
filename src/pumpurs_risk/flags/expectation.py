"""How many of a group would be expected to share a difficulty, how sure that is, and how odd the number seen is.

The expectation comes from pupils of the same level and programme outside the group. A level of which few others are known
leans on its programme, a programme on the run, a run of which nobody else is known on what the catalogue calls typical; how
far levels differ is estimated from the others too. What is not known about the expectation goes into it as a beta
distribution, so that the number affected is beta-binomial. The others are never counted as more pupils than they are, and
one more affected pupil is added to them: none of 200 does not mean that it never happens. Where one level is compared with
the same level the p-value is by this that of Fisher's exact one-sided test, see `Seen.p_value`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

TYPICAL_COUNTS_AS = 10.0
"""Pupils that the catalogue's typical share counts as where next to nobody else is known, a default of ours."""
FEWEST_OTHERS = 5
"""Others from which they alone are the comparison, without the typical share: the smallest group that is looked at, too."""
RUN_COUNTS_AS = 5.0
"""Pupils that the run's share counts as within one programme: programmes differ a lot, an evening school from the others."""
_RAREST = 0.01  # typical shares are known to the nearest percent at best
USUAL_DIFFERENCE = 0.05
"""Correlation within a level that is assumed where few levels can tell, and how many levels that counts as (our own choice)."""
_DIFFERENCE_COUNTS_AS = 5.0
_LEAST_DIFFERENCE, _MOST_DIFFERENCE = 1e-3, 0.5
_NEXT_TO_NONE = 1e-6  # a beta distribution has no parameter of 0


@dataclass(frozen=True)
class Strata:
    """Pupils of a run by group and by level within programme.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        Position of each pupil's group, -1 for none.
    stratum : ndarray of int, shape (n,)
        Position of each pupil's level within programme.
    programme : ndarray of int, shape (n_strata,)
        Position of each stratum's programme.
    n_groups : int
    """

    group: Integers
    stratum: Integers
    programme: Integers
    n_groups: int

    def counts(self, chosen: NDArray[np.bool_]) -> Floats:
        """Count chosen pupils per group and stratum, shape (n_groups, n_strata)."""
        size = self.n_groups * len(self.programme)
        inside = chosen & (self.group >= 0)
        cell = self.group[inside] * len(self.programme) + self.stratum[inside]
        return np.bincount(cell, minlength=size).reshape(self.n_groups, len(self.programme)).astype(float)

    def totals(self, chosen: NDArray[np.bool_]) -> Floats:
        """Count chosen pupils per stratum, shape (n_strata,)."""
        return np.bincount(self.stratum[chosen], minlength=len(self.programme)).astype(float)


@dataclass(frozen=True)
class Seen:
    """What was seen of one difficulty in every group, and what was expected; arrays of shape (n_groups,)."""

    n: Integers
    observed: Integers
    expected_share: Floats
    precision: Floats
    """Pupils that the expectation is worth, never more than the others are."""
    one_more: Floats
    """What one more affected pupil among the others would add to the affected ones that the expectation is worth, 0 to 1."""

    @property
    def p_value(self) -> Floats:
        """Probability of at least so many, were the group like the others.

        Notes
        -----
        With b affected of m others of the same level the share has the beta distribution with b + 1 and m - b: that of the
        (b + 1)th smallest of m uniform numbers. At least k of n lie below it if and only if at most b of the k + b smallest
        of all n + m are among the m, so that the tail is the hypergeometric one of Fisher's test.
        """
        affected = self.expected_share * self.precision + self.one_more
        return beta_binomial_tail(
            self.observed, self.n, affected, np.maximum((1 - self.expected_share) * self.precision, _NEXT_TO_NONE)
        )

    def at(self, rows: Integers) -> Seen:
        """Choose groups."""
        return Seen(*(getattr(self, field.name)[rows] for field in fields(self)))


def look(strata: Strata, known: NDArray[np.bool_], affected: NDArray[np.bool_], typical: float | Floats) -> Seen:
    """Count one difficulty in every group and say what the group's composition lets expect.

    Parameters
    ----------
    strata : Strata
    known, affected : ndarray of bool, shape (n,)
        Whether the fact is recorded and about the pupil; whether the pupil is affected.
    typical : float in [0, 1], or ndarray of shape (n_groups,)
        Share that is usual where fewer than `FEWEST_OTHERS` others are known.

    Returns
    -------
    Seen

    Examples
    --------
    >>> classes = Strata(np.repeat([0, 1, 2], 20), np.zeros(60, dtype=int), np.zeros(1, dtype=int), 3)
    >>> affected = np.zeros(60, dtype=bool)
    >>> affected[[0, 1, 2, 3, 4, 5, 6, 7, 20, 40]] = True
    >>> seen = look(classes, np.ones(60, dtype=bool), affected, 0.1)
    >>> seen.observed.tolist(), (20 * seen.expected_share).round(1).tolist()
    ([8, 1, 1], [1.0, 4.5, 4.5])
    """
    n, a = strata.counts(known), strata.counts(affected & known)
    n_out, a_out = strata.totals(known) - n, strata.totals(affected & known) - a
    same = (strata.programme[:, None] == strata.programme[None, :]).astype(float)
    n_programme, a_programme = n_out @ same, a_out @ same
    others = n_out.sum(axis=1)
    few = others < FEWEST_OTHERS
    usual = np.clip(np.broadcast_to(np.asarray(typical, dtype=float), len(n)), _RAREST, 1 - _RAREST)
    counts_as = np.where(few, TYPICAL_COUNTS_AS, 0.0)
    of_run = (a_out.sum(axis=1) + counts_as * usual) / (others + counts_as)
    mean = (a_programme + RUN_COUNTS_AS * of_run[:, None]) / (n_programme + RUN_COUNTS_AS)
    alike = 1 / _difference(n_out, a_out, mean) - 1
    level = (a_out + alike * mean) / (n_out + alike)
    size = n.sum(axis=1)
    weight = n / np.maximum(size, 1)[:, None]
    share = (weight * level).sum(axis=1)
    # shares of 0 and 1 were not found to be certain: for the variance, half a pupil more is affected, and half a pupil is not
    mean_variance = _spread(mean, n_programme + RUN_COUNTS_AS)
    level_variance = _spread(level, n_out + alike)
    leans = alike / (n_out + alike)
    variance = (weight**2 * level_variance).sum(axis=1) + (weight * leans * np.sqrt(mean_variance)).sum(axis=1) ** 2
    of_all = (weight * _drawn_in(level, n_out + alike)).sum(axis=1)
    precision = np.maximum(of_all * (1 - of_all) / np.where(size > 0, variance, 1.0) - 1, 0.5)
    # a level's pupils are in their programme's mean as well: nobody counts twice
    compared = np.where(few, others + TYPICAL_COUNTS_AS, others)
    precision = np.minimum(precision, compared)
    one_more = np.where(few, 0.0, precision / compared)  # a typical share is no count
    return Seen(size.astype(np.int64), a.sum(axis=1).astype(np.int64), share, precision, one_more)


def _drawn_in(share: Floats, worth: Floats) -> Floats:
    """Keep a share that so many pupils tell of away from 0 and 1, as Jeffreys does."""
    drawn: Floats = (share * worth + 0.5) / (worth + 1)
    return drawn


def _spread(share: Floats, worth: Floats) -> Floats:
    """Variance of a share that so many pupils tell of."""
    drawn = _drawn_in(share, worth)
    return drawn * (1 - drawn) / (worth + 1)


def _difference(n: Floats, a: Floats, mean: Floats) -> Floats:
    """Correlation within levels by the method of moments, shrunken; from the others of every group, shape (n_groups, 1)."""
    there = n > 0
    share = np.divide(a, n, out=mean.copy(), where=there)
    spread = np.where(there, n * (share - mean) ** 2 / np.maximum(mean * (1 - mean), 1e-9), 0.0).sum(axis=1)
    levels = there.sum(axis=1)
    total = n.sum(axis=1)
    free = np.maximum(levels - 1, 0)
    beyond = total - (n**2).sum(axis=1) / np.maximum(total, 1) - free
    found = np.where(beyond > 0, (spread - free) / np.where(beyond > 0, beyond, 1.0), 0.0)
    found = np.clip(found, 0.0, _MOST_DIFFERENCE)
    shrunken = (free * found + _DIFFERENCE_COUNTS_AS * USUAL_DIFFERENCE) / (free + _DIFFERENCE_COUNTS_AS)
    kept: Floats = np.maximum(shrunken, _LEAST_DIFFERENCE)[:, None]
    return kept


def beta_binomial_tail(observed: Integers, n: Integers, a: Floats, b: Floats) -> Floats:
    """Probability of at least `observed` of `n`, if the share has a beta distribution; shapes (m,) to (m,).

    Examples
    --------
    >>> beta_binomial_tail(np.array([0, 3]), np.array([5, 3]), np.array([1.0, 1.0]), np.array([1.0, 1.0])).round(3).tolist()
    [1.0, 0.25]
    """
    found = np.ones(len(observed))
    lgamma = np.vectorize(math.lgamma, otypes=[float])
    for start in range(0, len(observed), 4_096):
        rows = slice(start, start + 4_096)
        k, size, alpha, beta = observed[rows], n[rows], a[rows, None], b[rows, None]
        j = np.arange(int(size.max(initial=0)) + 1)
        steps = np.zeros((len(k), len(j)))
        with np.errstate(divide="ignore", invalid="ignore"):  # beyond n there is nothing
            ratio = (size[:, None] - j[:-1]) * (j[:-1] + alpha) / ((j[:-1] + 1) * (size[:, None] - j[:-1] - 1 + beta))
            steps[:, 1:] = np.log(np.where(j[:-1] < size[:, None], ratio, 1.0))
        first = [lgamma(v) for v in (beta[:, 0] + size, alpha[:, 0] + beta[:, 0], beta[:, 0])]
        last = lgamma(alpha[:, 0] + beta[:, 0] + size)
        log_p = (first[0] + first[1] - first[2] - last)[:, None] + np.cumsum(steps, axis=1)
        inside = (j >= k[:, None]) & (j <= size[:, None])
        found[rows] = np.where(k <= 0, 1.0, np.where(inside, np.exp(log_p), 0.0).sum(axis=1))
    return np.clip(found, 0.0, 1.0)


def adjusted_for_looks(p: Floats) -> Floats:
    """Give Benjamini-Hochberg q-values: the share of false finds among all at least this striking.

    Examples
    --------
    >>> adjusted_for_looks(np.array([0.01, 0.5, 0.03])).round(3).tolist()
    [0.03, 0.5, 0.045]
    """
    if not len(p):
        return p
    order = np.argsort(p)
    raised = p[order] * len(p) / np.arange(1, len(p) + 1)
    found = np.empty(len(p))
    found[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return found


def share_interval(observed: Integers, n: Integers, level: float) -> tuple[Floats, Floats]:
    """Give Wilson's interval of a share: it never leaves 0 to 1, and is not empty at 0 of n.

    Examples
    --------
    >>> lower, upper = share_interval(np.array([9]), np.array([22]), 0.9)
    >>> round(float(lower[0]), 2), round(float(upper[0]), 2)
    (0.26, 0.58)
    """
    from statistics import NormalDist

    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = observed / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return np.clip(middle - reach, 0.0, share), np.clip(middle + reach, share, 1.0)

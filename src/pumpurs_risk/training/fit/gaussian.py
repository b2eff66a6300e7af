"""The Gaussian prior of all coefficients, and the evidence of its widths on a second-order expansion of the likelihood.

Everything here is k x k: no row of data is touched, so that seven widths and twelve sweeps of relevance cost next to
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pumpurs_risk.model.shapes import Floats
from pumpurs_risk.training.fit.quadratic import Mask, inverse_on_free, log_determinant, solve_box

WIDTHS = (0.15, 0.25, 0.4, 0.6, 0.9, 1.4, 2.2)
"""Widths tried: sd of a numeric factor's total effect around the prior, in log-odds."""
USUAL_WIDTH = 0.5
"""Where three independent routes led, and the median of the widths' own prior."""
SCHOOL_SDS = (0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0)
USUAL_SCHOOL_SD = 0.2
_WIDTH_PRIOR_SD = 0.6  # of log width
_SCHOOL_PRIOR_SD = 0.3  # half-normal
_SWEEPS = 12
_LEAST_RELEVANCE = 1e-3
_WIDEST = 10.0  # sd of a total effect that relevance may reach: beyond it outcomes are told apart anyway
_RELEVANCE_PRIOR = 1.0  # 0.3 was measured worse on six data sets of 250 to 650 rows, and the same on larger ones


@dataclass(frozen=True)
class Widths:
    """How wide the prior is.

    Parameters
    ----------
    width : float
        Sd of a numeric factor's total effect.
    relevance : ndarray, shape (n_blocks,)
        What each block's variance is multiplied with besides.
    school_sd : float
        Between-school sd.
    """

    width: float
    relevance: Floats
    school_sd: float = USUAL_SCHOOL_SD


@dataclass(frozen=True)
class GaussianPrior:
    """A prior over all coefficients: blocks that share the width, and others of fixed variance.

    Parameters
    ----------
    mean : ndarray, shape (k,)
    blocks : sequence of (slice, ndarray)
        Where each block lies, and its covariance at width 1.
    fixed : ndarray, shape (k,)
        Variance of the coefficients outside the blocks and schools; NaN inside them.
    schools : slice
        Where the school levels lie.
    lower : ndarray, shape (k,)
        Bounds, ``-inf`` for none.
    given : (slice, ndarray), optional
        A covariance to be used as it is for the terms' coefficients, in place of the blocks.
    """

    mean: Floats
    blocks: Sequence[tuple[slice, Floats]]
    fixed: Floats
    schools: slice
    lower: Floats
    given: tuple[slice, Floats] | None = None
    _inverses: list[Floats] = field(default_factory=list)

    def inverses(self) -> list[Floats]:
        """Inverse of each block's covariance at width 1."""
        if len(self._inverses) != len(self.blocks):
            self._inverses[:] = [np.asarray(np.linalg.inv(spread), dtype=float) for _, spread in self.blocks]
        return self._inverses

    def precision(self, widths: Widths) -> Floats:
        """Inverse covariance of all coefficients."""
        k = len(self.mean)
        out = np.zeros((k, k))
        diagonal = np.where(np.isnan(self.fixed), 0.0, 1 / np.where(np.isnan(self.fixed), 1.0, self.fixed))
        diagonal[self.schools] = 1 / widths.school_sd**2
        out[np.arange(k), np.arange(k)] = diagonal
        for (part, _), inverse, r in zip(self.blocks, self.inverses(), widths.relevance, strict=True):
            out[part, part] = inverse / (widths.width**2 * r)
        if self.given is not None:
            part, covariance = self.given
            out[part, part] = np.linalg.inv(covariance)
        return out


@dataclass(frozen=True)
class Quadratic:
    """The log-likelihood to second order around a point."""

    centre: Floats
    value: float
    score: Floats
    information: Floats

    def mode(self, prior: GaussianPrior, widths: Widths, start: Mask | None = None) -> Solved:
        """Where the posterior is highest, on the expansion."""
        precision = prior.precision(widths)
        A = self.information + precision
        b = self.score + self.information @ self.centre + precision @ prior.mean
        x, free = solve_box(A, b, prior.lower, start)
        return Solved(x, free, A, precision)

    def evidence(self, prior: GaussianPrior, solved: Solved) -> float:
        """Laplace evidence, in nats; only its differences between priors mean anything."""
        step, away = solved.x - self.centre, solved.x - prior.mean
        value = self.value + self.score @ step - step @ self.information @ step / 2
        penalty = away @ solved.precision @ away / 2
        occam = (log_determinant(solved.precision, solved.free) - log_determinant(solved.A, solved.free)) / 2
        return float(value - penalty + occam)


@dataclass(frozen=True)
class Solved:
    """A mode on a quadratic: coefficients, which of them no bound holds, posterior and prior precision."""

    x: Floats
    free: Mask
    A: Floats
    precision: Floats


def best_width(quadratic: Quadratic, prior: GaussianPrior, widths: Widths) -> Widths:
    """Choose the width with the highest evidence and log-normal prior (median 0.5, sd 0.6 on the log)."""
    tried = []
    start = None
    for width in WIDTHS:
        candidate = replace(widths, width=width)
        solved = quadratic.mode(prior, candidate, start)
        start = solved.free
        hyper = -((np.log(width / USUAL_WIDTH) / _WIDTH_PRIOR_SD) ** 2) / 2
        tried.append((quadratic.evidence(prior, solved) + hyper, candidate))
    return max(tried, key=lambda pair: pair[0])[1]


def best_school_sd(quadratic: Quadratic, prior: GaussianPrior, widths: Widths) -> Widths:
    """Choose the between-school sd with the highest evidence and half-normal prior of scale 0.3 (density on its log)."""
    if prior.schools.start == prior.schools.stop:
        return widths
    tried = []
    start = None
    for sd in SCHOOL_SDS:
        candidate = replace(widths, school_sd=sd)
        solved = quadratic.mode(prior, candidate, start)
        start = solved.free
        hyper = np.log(sd) - (sd / _SCHOOL_PRIOR_SD) ** 2 / 2
        tried.append((quadratic.evidence(prior, solved) + hyper, candidate))
    return max(tried, key=lambda pair: pair[0])[1]


def best_relevance(quadratic: Quadratic, prior: GaussianPrior, widths: Widths) -> Widths:
    """Sweep the relevance of every block: its variance follows how far its coefficients go from the prior.

    ``r <- max(.001, (q + 1) / (df + 1))`` with ``q = (e' C^-1 e + tr(C^-1 V)) / width^2``.
    """
    start = None
    for _ in range(_SWEEPS):
        solved = quadratic.mode(prior, widths, start)
        start = solved.free
        V = inverse_on_free(solved.A, solved.free)
        relevance = np.empty(len(prior.blocks))
        for j, ((part, _), inverse) in enumerate(zip(prior.blocks, prior.inverses(), strict=True)):
            e = solved.x[part] - prior.mean[part]
            q = float(e @ inverse @ e + np.sum(inverse * V[part, part])) / widths.width**2
            free = (q + _RELEVANCE_PRIOR) / (len(e) + _RELEVANCE_PRIOR)
            relevance[j] = min(max(_LEAST_RELEVANCE, free), (_WIDEST / widths.width) ** 2)
        widths = replace(widths, relevance=relevance)
    return widths

"""Several likelihoods, one population: the Gaussian algebra of pooling. Everything here is k x k.

Municipality i has its own coefficients ``d_i ~ N(mu, tau^2 C)`` around the pool's ``mu ~ N(m0, P0^-1)``; its summary is the
quadratic ``h_i' d_i - d_i' G_i d_i / 2``. With ``d_i`` integrated out, mu has precision
``A = P0 + sum (I + tau^2 G_i C)^-1 G_i`` and linear term ``b = P0 m0 + sum (I + tau^2 G_i C)^-1 h_i``. In coordinates where C
is the identity and each G_i diagonal, all tau cost little more than one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from pumpurs_risk.model.shapes import Floats
from pumpurs_risk.training.fit.quadratic import solve_box

USUAL_BETWEEN_SD = 0.25
"""Between-municipality sd of a total effect while there are too few summaries to tell."""
EVIDENCE_NEEDS = 5
"""Summaries from which on they tell the between-municipality sd themselves."""
_BETWEEN_PRIOR_SD = 0.3  # half-normal
_BETWEEN_SDS = np.linspace(0.0, 1.2, 25)
_KNOWN = 0.25  # information about a contrast whose prior sd is 1: below, its z is chance alone


@dataclass(frozen=True)
class _Likelihood:
    """A summary in coordinates z with ``d = L z``, turned so that its information is diagonal."""

    turn: Floats  # (k, k), orthogonal
    information: Floats  # (k,)
    linear: Floats  # (k,)


class RandomEffects:
    """The pool of several summaries.

    Parameters
    ----------
    likelihoods : sequence of (ndarray (k, k), ndarray (k,))
        Each summary's matrix and linear term on the same coefficients, zeros where it is silent.
    spread : ndarray, shape (k, k)
        C: covariance of the coefficients for a total effect of sd 1.
    precision, mean : ndarray, shapes (k, k) and (k,)
        Of the prior.
    sign : ndarray, shape (k,)
        Declared direction of each coefficient: 1 or -1 where it may only have that sign, 0 where it is free.
    """

    def __init__(
        self,
        likelihoods: Sequence[tuple[Floats, Floats]],
        spread: Floats,
        precision: Floats,
        mean: Floats,
        sign: Floats,
    ) -> None:
        self._root = np.linalg.cholesky(spread)
        self._precision = self._root.T @ precision @ self._root
        self._pull = self._root.T @ (precision @ mean)
        self._sign = sign
        self._members = [self._turned(G, h) for G, h in likelihoods]

    def _turned(self, G: Floats, h: Floats) -> _Likelihood:
        inside = self._root.T @ G @ self._root
        values, vectors = np.linalg.eigh((inside + inside.T) / 2)
        return _Likelihood(vectors, np.maximum(values, 0.0), vectors.T @ (self._root.T @ h))

    def _pooled(self, between_sd: float, but: Collection[int] = ()) -> tuple[Floats, Floats]:
        A, b = self._precision.copy(), self._pull.copy()
        for i, member in enumerate(self._members):
            if i not in but:
                shrink = 1 / (1 + between_sd**2 * member.information)
                A += (member.turn * (shrink * member.information)) @ member.turn.T
                b += member.turn @ (shrink * member.linear)
        return A, b

    def mean(self, between_sd: float, but: Collection[int] = ()) -> Floats:
        """The pool's coefficients, directions kept: minimiser of ``d' A d / 2 - b' d`` with the declared signs.

        Parameters
        ----------
        between_sd : float
            tau.
        but : collection of int
            Summaries that are not counted.

        Returns
        -------
        ndarray, shape (k,)
        """
        A, b = self._pooled(between_sd, but)
        back = np.linalg.inv(self._root)
        turn = np.where(self._sign < 0, -1.0, 1.0)
        A = back.T @ A @ back * np.outer(turn, turn)
        d, _ = solve_box((A + A.T) / 2, (back.T @ b) * turn, np.where(self._sign == 0, -np.inf, 0.0))
        return turn * d + 0.0

    def covariance(self, between_sd: float) -> Floats:
        """Uncertainty of the pool's coefficients, A^-1: shape (k, k)."""
        A, _ = self._pooled(between_sd)
        out: Floats = self._root @ np.linalg.inv(A) @ self._root.T
        return (out + out.T) / 2

    def log_evidence(self, between_sd: float) -> float:
        """Log of how probable the summaries are; only differences between tau mean anything. Signs are not counted."""
        A, b = self._pooled(between_sd)
        variance = between_sd**2
        total = 0.0
        for member in self._members:
            widened = 1 + variance * member.information
            total += float(np.sum(variance * member.linear**2 / widened - np.log(widened))) / 2
        half = np.linalg.cholesky(A)
        solved = solve_triangular(half, b, lower=True, check_finite=False)
        return total + float(solved @ solved) / 2 - float(np.log(np.diag(half)).sum())

    def likely_between_sd(self) -> float:
        """Mean of tau given the summaries, under a half-normal prior of scale .3.

        Returns
        -------
        float
            To three decimals. A mean is never 0, which the highest point often is with few summaries: the pool would then
            be taken for certain.
        """
        log_density = (
            np.array([self.log_evidence(sd) for sd in _BETWEEN_SDS]) - (_BETWEEN_SDS / _BETWEEN_PRIOR_SD) ** 2 / 2
        )
        density = np.exp(log_density - log_density.max())
        density[[0, -1]] /= 2  # trapezoids
        return round(float(density @ _BETWEEN_SDS / density.sum()), 3)

    def distance(self, index: int, between_sd: float) -> float:
        """How far a summary lies from the pool: root mean squared z over the contrasts that it knows of.

        Against the pool without it if there are at least three. Only chance within the municipality and the pool's own
        uncertainty are counted, so that real differences make it greater than 1.

        Parameters
        ----------
        index : int
            Which summary.
        between_sd : float
            tau.

        Returns
        -------
        float
        """
        but = (index,) if len(self._members) >= 3 else ()
        member = self._members[index]
        z = np.linalg.solve(self._root, self.mean(between_sd, but))
        A, _ = self._pooled(between_sd, but)
        most = float(member.information.max(initial=0.0))
        if most <= 0:
            return 0.0  # nothing of it is in the pool
        known = np.flatnonzero(member.information >= min(_KNOWN, most))
        information, turn = member.information[known], member.turn[:, known]
        away = member.linear[known] - information * (turn.T @ z)
        pool = information[:, None] * (turn.T @ np.linalg.solve(A, turn)) * information
        return float(np.sqrt(away @ np.linalg.solve(np.diag(information) + pool, away) / len(known)))


def solved_out(matrix: Floats, linear: Floats, silent: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Let some coefficients of a quadratic take whatever values they like, and forget them.

    Parameters
    ----------
    matrix : ndarray, shape (k, k)
    linear : ndarray, shape (k,)
    silent : array-like of bool, shape (k,)
        Coefficients to forget.

    Returns
    -------
    matrix, linear : ndarray
        Of the others, in order.
    """
    gone = np.asarray(silent, bool)
    if not gone.any():
        return matrix, linear
    across = matrix[np.ix_(~gone, gone)] @ np.linalg.pinv(matrix[np.ix_(gone, gone)], rcond=1e-10, hermitian=True)
    rest = matrix[np.ix_(~gone, ~gone)] - across @ matrix[np.ix_(gone, ~gone)]
    return (rest + rest.T) / 2, linear[~gone] - across @ linear[gone]

"""The fit: projected Newton on the true likelihood, widths on its second-order expansion."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pumpurs_risk.model.shapes import Floats
from pumpurs_risk.training.fit.gaussian import (
    GaussianPrior,
    Quadratic,
    Widths,
    best_relevance,
    best_school_sd,
    best_width,
)
from pumpurs_risk.training.fit.quadratic import Mask, inverse_on_free, solve_box
from pumpurs_risk.training.likelihood import Design, Rows, information, log_likelihood, score

WIDTH_NEEDS = 10
"""Distinct leavers below which the width stays as it is."""
RELEVANCE_NEEDS = 30
"""Distinct leavers below which every factor has the same width."""
_ROUNDS = 4
_MOST_STEPS = 100


@dataclass(frozen=True)
class Fit:
    """Where the posterior is highest, and its curvature there.

    Parameters
    ----------
    beta : ndarray, shape (k,)
        Coefficients.
    free : ndarray of bool, shape (k,)
        Those that no bound holds.
    gradient : ndarray, shape (k,)
        Of the log posterior: 0 on the free coefficients, not positive on the bound ones.
    score : ndarray, shape (k,)
        Gradient of the log-likelihood alone.
    information : ndarray, shape (k, k)
        Of the likelihood alone.
    precision : ndarray, shape (k, k)
        Of the prior.
    widths : Widths
    width_by : str
        "fixed", "evidence", "given" or "pool".
    value : float
        Log-likelihood.
    """

    beta: Floats
    free: Mask
    gradient: Floats
    score: Floats
    information: Floats
    precision: Floats
    widths: Widths
    width_by: str
    value: float

    @property
    def curvature(self) -> Floats:
        """Minus the Hessian of the log posterior."""
        return self.information + self.precision

    def covariance(self) -> Floats:
        """Posterior covariance: zero for coefficients on a bound."""
        return inverse_on_free(self.curvature, self.free)

    def expansion(self) -> Quadratic:
        """The log-likelihood around the mode."""
        return Quadratic(self.beta, self.value, self.score, self.information)


def fit(
    design: Design,
    rows: Rows,
    prior: GaussianPrior,
    leavers: float,
    *,
    width: float | None = None,
    relevance: bool = True,
) -> Fit:
    """Find the widths and the mode.

    Parameters
    ----------
    design : Design
    rows : Rows
    prior : GaussianPrior
    leavers : float
        Distinct leavers: decides whether widths are searched for.
    width : float, optional
        Fixes the width.
    relevance : bool
        Whether factors may have widths of their own, from 30 leavers on.

    Returns
    -------
    Fit
    """
    widths = Widths(width=0.5 if width is None else width, relevance=np.ones(len(prior.blocks)))
    width_by = "pool" if prior.given is not None else "fixed" if width is None else "given"
    search = width is None and leavers >= WIDTH_NEEDS and prior.given is None
    sweep = relevance and leavers >= RELEVANCE_NEEDS and prior.given is None
    schools = prior.schools.stop > prior.schools.start
    beta = np.maximum(prior.mean, prior.lower)
    if search or sweep or schools:
        beta = newton(design, rows, prior, widths, beta, tolerance=1e-3).beta
        for _ in range(_ROUNDS):
            before = widths
            eta = design.predict(beta)
            quadratic = Quadratic(beta, log_likelihood(eta, rows), *information(design, eta, rows))
            if search:  # with the relevance found so far: one strong factor must not widen all others
                widths, width_by = best_width(quadratic, prior, widths), "evidence"
            widths = best_school_sd(quadratic, prior, widths)
            if sweep:
                widths = best_relevance(quadratic, prior, widths)
            beta = quadratic.mode(prior, widths).x
            if _settled(before, widths):
                break
    done = newton(design, rows, prior, widths, beta, tolerance=1e-8)
    return replace(done, width_by=width_by)


def newton(design: Design, rows: Rows, prior: GaussianPrior, widths: Widths, beta: Floats, *, tolerance: float) -> Fit:
    """Climb the log posterior to its top within the bounds; the information is made again only while steps do not shrink.

    Parameters
    ----------
    design, rows, prior, widths
        As for `fit`.
    beta : ndarray, shape (k,)
        Start.
    tolerance : float
        Largest step, in log-odds, that still counts as no step.

    Returns
    -------
    Fit
    """
    precision = prior.precision(widths)
    eta = design.predict(beta)
    value = log_likelihood(eta, rows)
    s, info = information(design, eta, rows)
    size = np.inf
    fresh = True
    for _ in range(_MOST_STEPS):
        A = info + precision
        gradient = s - precision @ (beta - prior.mean)
        target, free = solve_box(A, A @ beta + gradient, prior.lower)
        step = target - beta
        largest = float(np.abs(step).max(initial=0.0))
        if largest < tolerance:
            beta, eta = target, design.predict(target)
            break
        move = design.predict(beta + step) - eta
        slope = float(gradient @ step)
        t, eta_new, value_new, better = _line_search(rows, prior, precision, beta, step, eta, move, value, slope)
        if not better and fresh:
            break  # no number between here and the top
        if better:
            beta, eta, value = beta + t * step, eta_new, value_new
        shrinking = better and t == 1.0 and largest < 0.3 * size
        size = largest
        fresh = not shrinking
        if fresh:
            s, info = information(design, eta, rows)
        else:
            s = score(design, eta, rows)
    s, info = information(design, eta, rows)
    gradient = s - precision @ (beta - prior.mean)
    return Fit(beta, free, gradient, s, info, precision, widths, "fixed", log_likelihood(eta, rows))


def _line_search(
    rows: Rows,
    prior: GaussianPrior,
    precision: Floats,
    beta: Floats,
    step: Floats,
    eta: Floats,
    move: Floats,
    value: float,
    slope: float,
) -> tuple[float, Floats, float, bool]:
    away = beta - prior.mean
    now = value - away @ precision @ away / 2
    t = 1.0
    for _ in range(30):
        eta_new = eta + t * move
        value_new = log_likelihood(eta_new, rows)
        moved = away + t * step
        if value_new - moved @ precision @ moved / 2 >= now + 1e-4 * t * slope - 1e-10 * abs(now):
            return t, eta_new, value_new, True
        t /= 2
    return 0.0, eta, value, False


def _settled(before: Widths, after: Widths) -> bool:
    same = before.width == after.width and before.school_sd == after.school_sd
    return same and bool(np.abs(np.log(after.relevance / before.relevance)).max(initial=0.0) < 0.05)

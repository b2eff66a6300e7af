"""Probabilities and log-odds."""

from __future__ import annotations

import numpy as np

from pumpurs_risk.model.shapes import Floats


def expit(eta: Floats) -> Floats:
    """Probability of a log-odds, without overflow."""
    return np.where(eta >= 0, 1 / (1 + np.exp(-np.abs(eta))), np.exp(-np.abs(eta)) / (1 + np.exp(-np.abs(eta))))


def logit(p: float) -> float:
    """Log-odds of a probability."""
    return float(np.log(p) - np.log1p(-p))


def shift_to(eta: Floats, prevalence: float) -> float:
    """Constant that moves log-odds so that their mean probability is `prevalence`; found by bisection.

    Raises
    ------
    ValueError
        If `prevalence` is not between 0 and 1, or there are no log-odds.
    """
    if not 0 < prevalence < 1:
        raise ValueError(f"prevalence is a share of pupils between 0 and 1, such as 0.02; got {prevalence!r}")
    if not len(eta):
        raise ValueError("at_prevalence(p, X) needs at least one pupil in X")
    low, high = logit(prevalence) - float(eta.max()), logit(prevalence) - float(eta.min())
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(eta + middle).mean() < prevalence else (low, middle)
    return (low + high) / 2

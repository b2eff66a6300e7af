"""Observed by expected, drawn towards 1 as far as a small group's chance demands (Gamma-Poisson)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SPREADS = np.geomspace(0.02, 1.5, 40)
_USUAL_SPREAD = 0.3  # half-normal, as for schools' levels


def shrunken_ratio(observed: Any, expected: Any, *, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Posterior of each group's ratio of observed to expected leavers, the groups' spread learned from them together.

    ``observed_g ~ Poisson(theta_g expected_g)``, ``theta_g ~ Gamma`` with mean 1 and sd s, s half-normal(.3): few groups say
    little about s, so it is averaged over rather than chosen.

    Parameters
    ----------
    observed, expected : array-like of float, shape (groups,)
        Summed weights of leavers; summed weights times probabilities.
    level : float
        Of the interval.

    Returns
    -------
    ratio, lower, upper : ndarray of float, shape (groups,)
        Posterior mean and equal-tailed interval; where nothing was expected, those of the groups' spread alone.

    References
    ----------
    D. Clayton, J. Kaldor, "Empirical Bayes estimates of age-standardized relative risks for use in disease mapping",
    Biometrics 43 (1987), 671-681.

    Examples
    --------
    >>> ratio, lower, upper = shrunken_ratio([4, 400], [2.0, 402.0])
    >>> bool(1 < ratio[0] < 1.5), round(float(ratio[1]), 2)
    (True, 1.0)
    """
    from scipy.special import gammainc, gammaln

    o, e = np.asarray(observed, dtype=float), np.asarray(expected, dtype=float)
    shape = _SPREADS**-2.0
    a, rate = shape[:, None] + o, shape[:, None] + e
    fit = gammaln(a) - gammaln(shape)[:, None] + (shape * np.log(shape))[:, None] - a * np.log(rate)
    score = fit.sum(axis=1) - 0.5 * (_SPREADS / _USUAL_SPREAD) ** 2 + np.log(_SPREADS)  # the grid is even in log s
    weight = np.exp(score - score.max())
    weight /= weight.sum()
    mean = weight @ (a / rate)
    grid = np.exp(np.linspace(np.log(0.02), np.log(50), 500))
    below = (
        np.stack([weight @ gammainc(a[:, [g]], rate[:, [g]] * grid) for g in range(len(o))])
        if len(o)
        else np.zeros((0, 1))
    )
    tails = (1 - level) / 2, (1 + level) / 2
    lower, upper = (np.array([np.exp(np.interp(tail, cdf, np.log(grid))) for cdf in below]) for tail in tails)
    return mean, lower, upper

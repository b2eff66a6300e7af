"""Are the probabilities right? Slope and intercept, curve with intervals, expected calibration error."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from pumpurs_risk.evaluation.figures.ranking import Floats, Ints, in_order, ratio, rows_of, starts_of
from pumpurs_risk.model.odds import expit

_LEAST = 1e-12  # probabilities of exactly 0 and 1 are kept this far from it
_STEPS = 40
_LARGEST = 50.0  # a slope beyond this is separation, not a number


def log_odds(p: Any) -> Floats:
    """Log-odds of probabilities, finite at 0 and 1."""
    inside = np.clip(np.asarray(p, dtype=float), _LEAST, 1 - _LEAST)
    found: Floats = np.log(inside) - np.log1p(-inside)
    return found


def calibration_line(y: Any, p: Any, weight: Any = None, copies: Any = 1.0) -> tuple[Floats, Floats]:
    """Weighted logistic regression of the outcome on the log-odds of the probability.

    Parameters
    ----------
    y, p, weight : array-like of float, shape (n,)
        Outcomes (NaN counts nowhere), probabilities, weights.
    copies : array-like of float, shape (..., n)
        How often each row stands in a resample.

    Returns
    -------
    intercept, slope : ndarray of float, shape (...)
        0 and 1 are right; a slope below 1 means risks too extreme. NaN where leavers and stayers are separated, one of
        them is missing, or all probabilities are equal.

    References
    ----------
    Cox, D. R. (1958). Two further applications of a model for binary regression. Biometrika 45(3/4),
    doi 10.1093/biomet/45.3-4.562.

    Examples
    --------
    >>> p = np.repeat([0.1, 0.5], 10)
    >>> intercept, slope = calibration_line(np.r_[1, np.zeros(9), np.ones(5), np.zeros(5)], p)
    >>> round(abs(float(intercept)), 6), round(float(slope), 6)
    (0.0, 1.0)
    """
    return CalibrationLine(y, p, weight).fit(copies)


class CalibrationLine:
    """Rows in order of their probability, so that the line of a resample needs sums over equal probabilities alone.

    Parameters
    ----------
    y, p, weight : array-like of float, shape (n,)
        As for `calibration_line`.
    most : int, optional
        Probabilities beyond so many distinct ones are put together in bins at their mean log-odds: enough for the interval
        of a line, which it changes in the third decimal.
    """

    def __init__(self, y: Any, p: Any, weight: Any = None, most: int | None = None) -> None:
        y, p, weight = rows_of(y, p, weight)
        eta = log_odds(p)
        self._order = np.argsort(eta, kind="stable")
        eta, y, weight = eta[self._order], y[self._order], weight[self._order]
        self._starts = starts_of(eta)
        if most is not None and len(self._starts) > most:
            self._starts = starts_of((np.arange(len(eta)) * most) // len(eta))
        self._eta = np.add.reduceat(eta, self._starts) / np.diff([*self._starts, len(eta)])
        self._left = np.where(y == 1, weight, 0.0)
        self._total = np.where(np.isnan(y), 0.0, weight)

    def fit(self, copies: Any = 1.0) -> tuple[Floats, Floats]:
        """Intercept and slope per resample, by Newton's method; see `calibration_line`."""
        shape = np.shape(copies)[:-1]
        ordered = np.atleast_2d(in_order(copies, self._order))
        left = np.add.reduceat(ordered * self._left, self._starts, axis=-1)
        w = np.add.reduceat(ordered * self._total, self._starts, axis=-1)
        eta, total, hits = self._eta, w.sum(axis=1), left.sum(axis=1)
        intercept, slope = log_odds(ratio(hits, total)), np.zeros(len(w))  # from a slope of 1 extreme risks overshoot
        possible = (hits > 0) & (total - hits > 0) & (_spread(w, eta, total) > 1e-12)
        settled = ~possible
        for _ in range(_STEPS):
            active = np.flatnonzero(~settled)
            if not len(active):
                break
            step = _newton(w[active], left[active], eta, intercept[active], slope[active])
            step = np.clip(np.nan_to_num(step), -2.0, 2.0)
            intercept[active] += step[0]
            slope[active] += step[1]
            lost = np.abs(slope[active]) > _LARGEST
            possible[active[lost]] = False
            settled[active[(np.abs(step).max(axis=0) < 1e-9) | lost]] = True
        intercept[~(possible & settled)] = np.nan
        slope[~(possible & settled)] = np.nan
        return intercept.reshape(shape), slope.reshape(shape)


def _spread(w: Floats, eta: Floats, total: Floats) -> Floats:
    mean = ratio(w @ eta, total)
    return np.nan_to_num(ratio(w @ eta**2, total) - mean**2)


def _newton(w: Floats, left: Floats, eta: Floats, intercept: Floats, slope: Floats) -> Floats:
    """One Newton step of intercept and slope, shape (2, resamples)."""
    p = expit(intercept[:, None] + slope[:, None] * eta)
    curve = w * p * (1 - p)
    off = left - w * p
    g0, g1 = off.sum(axis=1), off @ eta
    h00, h01, h11 = curve.sum(axis=1), curve @ eta, curve @ eta**2
    det = h00 * h11 - h01**2
    with np.errstate(divide="ignore", invalid="ignore"):
        step: Floats = np.stack([(h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det])
    return step


def calibration_bins(p: Any, weight: Any = None, bins: int = 10) -> Ints:
    """Divide rows into bins of about equal weight by their probability; equal probabilities stay together.

    Parameters
    ----------
    p, weight : array-like of float, shape (n,)
    bins : int
        At most this many.

    Returns
    -------
    ndarray of int, shape (n,)
        Bins numbered from 0 without gaps.
    """
    p = np.asarray(p, dtype=float)
    weight = np.ones(len(p)) if weight is None else np.asarray(weight, dtype=float)
    values, at = np.unique(p, return_inverse=True)
    total = np.bincount(at.ravel(), weights=weight, minlength=len(values))
    middle = np.cumsum(total) - total / 2
    bin_of = np.minimum((bins * middle / max(total.sum(), 1e-300)).astype(np.int64), bins - 1)
    return np.unique(bin_of, return_inverse=True)[1].astype(np.int64).ravel()[at.ravel()]


def calibration_curve(y: Any, p: Any, weight: Any = None, bins: int = 10, level: float = 0.95) -> pd.DataFrame:
    """Observed share of leavers beside the mean probability, bin by bin, with Wilson's intervals.

    Parameters
    ----------
    y, p, weight : array-like of float, shape (n,)
        Outcomes (NaN counts nowhere), probabilities, weights.
    bins : int
        Bins of about equal weight.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per bin: ``expected`` (mean probability), ``observed``, ``lower``, ``upper``, ``rows``, ``leavers``,
        ``weight``. The interval's sample size is the smaller of the summed weight and Kish's effective size.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22(158),
    doi 10.1080/01621459.1927.10502953.

    Examples
    --------
    >>> curve = calibration_curve([0, 0, 1, 1], [0.1, 0.1, 0.8, 0.8], bins=2)
    >>> curve[["expected", "observed"]].round(3).values.tolist()
    [[0.1, 0.0], [0.8, 1.0]]
    """
    y, p, weight = rows_of(y, p, weight)
    known = ~np.isnan(y)
    y, p, weight = y[known], p[known], weight[known]
    if not len(y):
        return pd.DataFrame(
            columns=["expected", "observed", "lower", "upper", "rows", "leavers", "weight"], dtype=float
        )
    bin_of = calibration_bins(p, weight, bins)
    rows = np.bincount(bin_of)
    total = np.bincount(bin_of, weights=weight)
    observed = ratio(np.bincount(bin_of, weights=weight * y), total)
    effective = np.minimum(total, ratio(total**2, np.bincount(bin_of, weights=weight**2)))
    lower, upper = wilson(observed, effective, level)
    return pd.DataFrame(
        {
            "expected": ratio(np.bincount(bin_of, weights=weight * p), total),
            "observed": observed,
            "lower": lower,
            "upper": upper,
            "rows": rows,
            "leavers": np.bincount(bin_of, weights=y).astype(np.int64),
            "weight": total,
        }
    )


def expected_calibration_error(y: Any, p: Any, weight: Any = None, bins: int = 10, copies: Any = 1.0) -> Floats:
    """Mean distance between observed share and mean probability over bins of about equal weight.

    Parameters
    ----------
    y, p, weight : array-like of float, shape (n,)
        Outcomes (NaN counts nowhere), probabilities, weights.
    bins : int
        Bins.
    copies : array-like of float, shape (..., n)
        How often each row stands in a resample; the bins stay those of the whole table.

    Returns
    -------
    ndarray of float, shape (...)
        It is above 0 even for a perfect model, because the observed shares are noisy: see `noise_of_ece`.
    """
    y, p, weight = rows_of(y, p, weight)
    known = ~np.isnan(y)
    copies = np.broadcast_to(np.asarray(copies, dtype=float), (*np.shape(copies)[:-1], len(y)))
    w = copies[..., known] * weight[known]
    y, p = y[known], p[known]
    bin_of = calibration_bins(p, weight[known], bins)
    order = np.argsort(bin_of, kind="stable")
    starts = np.flatnonzero(np.diff(bin_of[order], prepend=-1))
    gaps = np.abs(np.add.reduceat((w * (y - p))[..., order], starts, axis=-1)).sum(axis=-1)
    return ratio(gaps, w.sum(axis=-1))


def noise_of_ece(p: Any, weight: Any = None, bins: int = 10, draws: int = 200, random_state: int = 0) -> float:
    """Expected calibration error of a perfect model on as many rows: outcomes drawn from the probabilities themselves.

    Parameters
    ----------
    p, weight : array-like of float, shape (n,)
    bins, draws : int
        Bins; how often outcomes are drawn.
    random_state : int
        Seed.

    Returns
    -------
    float
        The mean over the draws; an error of this size is no sign of bad calibration.
    """
    p = np.asarray(p, dtype=float)
    weight = np.ones(len(p)) if weight is None else np.asarray(weight, dtype=float)
    bin_of = calibration_bins(p, weight, bins)
    rng = np.random.default_rng(random_state)
    found = []
    for _ in range(draws):
        off = weight * ((rng.random(len(p)) < p) - p)
        found.append(np.abs(np.bincount(bin_of, weights=off)).sum() / weight.sum())
    return float(np.mean(found))


def wilson(share: Any, n: Any, level: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson's score interval of a share.

    Parameters
    ----------
    share, n : array-like of float
        The observed share, and how many it was observed of.
    level : float
        Of the interval.

    Returns
    -------
    lower, upper : ndarray of float

    Examples
    --------
    >>> [round(float(bound), 4) for bound in wilson(0.0, 10)]
    [0.0, 0.2775]
    """
    share, n = np.asarray(share, dtype=float), np.asarray(n, dtype=float)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)

"""The mathematics of a jump at a cut: local polynomials on both sides, their bandwidth, a robust standard error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_PILOT = 2.576  # rule-of-thumb constant of the triangular kernel, CCT 2014
_LEAST = 1e-300  # no curvature at all: the bandwidth is as wide as the data


@dataclass(frozen=True)
class LocalFit:
    """A polynomial in the distance to the cut, fitted to the rows of one side that lie within a bandwidth.

    Parameters
    ----------
    coefficients : ndarray, shape (order + 1,)
        At the cut: level, slope, and so on.
    pull : ndarray, shape (order + 1, n)
        How much each row's y counts in each coefficient; 0 for rows outside the bandwidth.
    influence : ndarray, shape (order + 1, n)
        What each row adds to the error of each coefficient (residual corrected for the row's own leverage, as HC3).
    bias : ndarray, shape (order + 1,)
        How far each coefficient is off for each unit of the next power of the distance that the polynomial leaves out.
    """

    coefficients: Floats
    pull: Floats
    influence: Floats
    bias: Floats


def local_fit(distance: Floats, y: Floats, order: int, bandwidth: float, weight: Floats | None = None) -> LocalFit:
    """Fit a local polynomial with a triangular kernel.

    Parameters
    ----------
    distance : ndarray, shape (n,)
        To the cut; one side only.
    y : ndarray, shape (n,)
    order : int
        Of the polynomial.
    bandwidth : float
        Distance at which a row stops to count.
    weight : ndarray, shape (n,), optional
        Of the rows.

    Returns
    -------
    LocalFit

    Raises
    ------
    numpy.linalg.LinAlgError
        If fewer different distances than coefficients lie within the bandwidth.
    """
    u = distance / bandwidth
    kernel = np.clip(1 - np.abs(u), 0, None) * (1.0 if weight is None else weight)
    used = kernel > 0
    if len(np.unique(u[used])) <= order:
        raise np.linalg.LinAlgError("too few different distances within the bandwidth")
    scaled, k = np.vander(u[used], order + 1, increasing=True), kernel[used]
    inverse = np.linalg.inv(scaled.T @ (k[:, None] * scaled))
    projector = inverse @ (scaled * k[:, None]).T  # (order + 1, used)
    beta = projector @ y[used]
    leverage = np.einsum("ij,ji->i", scaled, projector)
    residual = (y[used] - scaled @ beta) / np.maximum(1 - leverage, 1e-6)
    power = bandwidth ** np.arange(order + 1.0)
    pull, influence = np.zeros((2, order + 1, len(y)))
    pull[:, used] = projector / power[:, None]
    influence[:, used] = pull[:, used] * residual
    bias = projector @ u[used] ** (order + 1) * bandwidth ** (order + 1)
    return LocalFit(beta / power, pull, influence, bias / power)


def variance_of(influence: Floats, clusters: Ints | None) -> float:
    """Sum the rows' influence within clusters, then square: shape (n,) to a variance."""
    summed = influence if clusters is None else np.bincount(clusters, weights=influence)
    return float(summed @ summed)


@dataclass(frozen=True)
class Jump:
    """By how much the mean of y jumps at the cut."""

    size: float
    standard_error: float
    pull: Floats
    """How much each row's y counts in `size`, shape (n,)."""


def jump(
    distance: Floats,
    y: Floats,
    order: int,
    bandwidth: float,
    clusters: Ints | None = None,
    weight: Floats | None = None,
) -> Jump:
    """Estimate by how much the mean of y jumps at distance 0.

    With ``order=2`` at the bandwidth that is best for a line, this is the line's jump corrected for its bias, with the
    correction's own uncertainty in the standard error: the robust interval of Calonico, Cattaneo and Titiunik (2014,
    remark 7), with equal bandwidths.

    Parameters
    ----------
    distance, y, weight : ndarray, shape (n,)
        `distance` is above 0 inside the list.
    order : int
        1 or 2.
    bandwidth : float
    clusters : ndarray of int, shape (n,), optional
        Rows that are not independent of each other (one pupil's semesters).

    Returns
    -------
    Jump

    Examples
    --------
    >>> x = np.linspace(-1, 1, 200)
    >>> step = jump(x, 0.1 * x + 0.3 * (x > 0), 2, 0.9)
    >>> round(step.size, 6), step.standard_error < 1e-6
    (0.3, True)
    """
    size, pull, influence = 0.0, np.zeros(len(y)), np.zeros(len(y))
    for sign, side in ((1, distance > 0), (-1, distance <= 0)):
        fit = local_fit(distance[side], y[side], order, bandwidth, None if weight is None else weight[side])
        size += sign * float(fit.coefficients[0])
        pull[side] = sign * fit.pull[0]
        influence[side] = sign * fit.influence[0]
    return Jump(size, variance_of(influence, clusters) ** 0.5, pull)


def best_bandwidth(distance: Floats, y: Floats, clusters: Ints | None = None, weight: Floats | None = None) -> float:
    """Find the bandwidth that makes the mean squared error of a local line's jump smallest.

    Three steps, each using the last: for the curvature's own curvature, for the curvature, for the jump; the last two are
    regularised, so that a curvature that is not there does not make the bandwidth endless.

    Parameters
    ----------
    distance, y, weight : ndarray, shape (n,)
    clusters : ndarray of int, shape (n,), optional
        As in `jump`.

    Returns
    -------
    float
        Between 0 and the largest distance.

    References
    ----------
    S. Calonico, M. D. Cattaneo, R. Titiunik, "Robust nonparametric confidence intervals for regression-discontinuity
    designs", Econometrica 82 (2014), 2295-2326; G. Imbens, K. Kalyanaraman, "Optimal bandwidth choice for the regression
    discontinuity estimator", Review of Economic Studies 79 (2012), 933-959.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a side has too few different distances, or y does not vary near the cut.
    """
    quarter, three_quarters = np.percentile(distance, [25, 75])
    spread = min(float(np.std(distance, ddof=1)), float(three_quarters - quarter) / 1.349) or float(np.std(distance))
    reach = float(np.abs(distance).max())
    pilot = min(_PILOT * spread * len(distance) ** -0.2, reach)
    sides = [
        (
            distance[side],
            y[side],
            None if clusters is None else clusters[side],
            None if weight is None else weight[side],
        )
        for side in (distance > 0, distance <= 0)
    ]
    curvature = min(
        _step(sides, 3, 3, pilot, [float(np.abs(side[0]).max()) * (1 + 1e-8) for side in sides], 0.0), reach
    )
    slope = min(_step(sides, 2, 2, pilot, [curvature] * 2, 1.0), reach)
    return min(_step(sides, 1, 0, pilot, [slope] * 2, 1.0), reach)


def _step(
    sides: list[Any], order: int, derivative: int, pilot: float, bias_at: list[float], regularised: float
) -> float:
    """Bandwidth that is best for the difference in one derivative between two local polynomials of one order."""
    variance, bias, doubt = 0.0, 0.0, 0.0
    for sign, (x, y, clusters, weight), bias_bandwidth in zip((1, -1), sides, bias_at, strict=True):
        near = local_fit(x, y, order, pilot, weight)
        wide = local_fit(x, y, order + 1, bias_bandwidth, weight)
        variance += pilot ** (2 * derivative + 1) * variance_of(near.influence[derivative], clusters)
        unit = near.bias[derivative] / pilot ** (order + 1 - derivative)
        bias += sign * unit * wide.coefficients[order + 1]
        doubt += 3 * unit**2 * variance_of(wide.influence[order + 1], clusters)
    if variance <= 0:
        raise np.linalg.LinAlgError("nothing varies near the cut")
    best = (2 * derivative + 1) * variance / max(2 * (order + 1 - derivative) * (bias**2 + regularised * doubt), _LEAST)
    return float(best ** (1 / (2 * order + 3)))

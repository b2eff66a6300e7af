"""Rates of schools and programmes, each pulled towards all others as far as the data say: a logistic model of groups alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pumpurs_risk.evaluation.figures.ranking import Floats
from pumpurs_risk.model.odds import expit

_WIDTHS = (0.1, 0.2, 0.4, 0.7, 1.2)  # sd of log-odds between groups that are tried
_FEW = 10  # leavers below which the widths are not sought
_WIDTH_IF_FEW = 0.4
_BASE_SD = 10.0
_STEPS = 30


@dataclass(frozen=True)
class PooledRates:
    """Level of all, and how much each group differs from it.

    Parameters
    ----------
    base : float
        Log-odds of all.
    levels : dict of column to dict of value to float
        Log-odds that a group adds.
    widths : dict of column to float
        Sd between groups that explains the data best.
    """

    base: float
    levels: dict[str, dict[str, float]]
    widths: dict[str, float]

    def log_odds(self, words: Mapping[str, NDArray[np.object_]], n: int) -> Floats:
        """Add up the levels of each row."""
        total = np.full(n, self.base)
        for name, of_value in self.levels.items():
            values, at = np.unique([str(value) for value in words[name]], return_inverse=True)
            total += np.array([of_value.get(value, 0.0) for value in values])[at]
        return total


def pooled_rates(words: Mapping[str, NDArray[np.object_]], y: Floats, weight: Floats) -> PooledRates:
    """Fit the level of all and of each group, their widths by the Laplace evidence.

    Parameters
    ----------
    words : mapping of column to ndarray of object, shape (n,)
        Groups of each row; None is not known and belongs to no group.
    y, weight : ndarray of float, shape (n,)
        Outcomes, all known, and weights.

    Returns
    -------
    PooledRates
    """
    codes, names = {}, {}
    for column, values in words.items():
        texts = np.array(["" if value is None else str(value) for value in values])
        names[column], codes[column] = np.unique(texts, return_inverse=True)
    cells, at = np.unique(np.stack(list(codes.values())), axis=1, return_inverse=True)
    at = at.ravel()
    left = np.bincount(at, weights=weight * y, minlength=cells.shape[1]).astype(np.float64)
    total = np.bincount(at, weights=weight, minlength=cells.shape[1]).astype(np.float64)
    design = _design(cells, [len(names[column]) for column in words])
    tried = list(product(_WIDTHS, repeat=len(words))) if y.sum() >= _FEW else [(_WIDTH_IF_FEW,) * len(words)]
    fits = [(_fit(design, left, total, _precision(widths, names)), widths) for widths in tried]
    (coefficients, _), widths = max(fits, key=lambda fit: fit[0][1])
    levels: dict[str, dict[str, float]] = {}
    start = 1
    for column in words:
        own = coefficients[start : start + len(names[column])]
        levels[column] = {str(name): float(v) for name, v in zip(names[column], own, strict=True) if name}
        start += len(names[column])
    return PooledRates(float(coefficients[0]), levels, dict(zip(words, widths, strict=True)))


def _design(cells: NDArray[Any], sizes: list[int]) -> Floats:
    columns = [np.ones((cells.shape[1], 1))]
    columns += [np.eye(size)[codes] for size, codes in zip(sizes, cells, strict=True)]
    return np.hstack(columns)


def _precision(widths: tuple[float, ...], names: Mapping[str, NDArray[Any]]) -> Floats:
    parts = [np.full(len(groups), 1 / width**2) for width, groups in zip(widths, names.values(), strict=True)]
    return np.concatenate([[1 / _BASE_SD**2], *parts])


def _fit(design: Floats, left: Floats, total: Floats, precision: Floats) -> tuple[Floats, float]:
    """Mode of the coefficients and the Laplace evidence of the widths."""
    start = float(np.clip(left.sum() / total.sum(), 1e-6, 1 - 1e-6))
    coefficients = np.zeros(design.shape[1])
    coefficients[0] = np.log(start) - np.log1p(-start)
    for _ in range(_STEPS):
        p = expit(design @ coefficients)
        slope = design.T @ (left - total * p) - precision * coefficients
        curve = (design * (total * p * (1 - p))[:, None]).T @ design + np.diag(precision)
        step = np.clip(np.linalg.solve(curve, slope), -3.0, 3.0)
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-8:
            break
    eta = design @ coefficients
    likelihood = float(left @ eta - total @ np.logaddexp(0.0, eta))
    penalty = 0.5 * float(precision @ coefficients**2)
    evidence = likelihood - penalty + 0.5 * np.log(precision).sum() - 0.5 * np.linalg.slogdet(curve)[1]
    return coefficients, float(evidence)

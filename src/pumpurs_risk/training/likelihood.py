"""The mathematics on arrays: weighted Bernoulli log-likelihood, its score and information, summed in blocks of rows.

A design gives blocks of dense columns and, beside them, the number of each row's group (school), whose columns of zeros
and ones are never made. Blocks are summed exactly, so memory does not grow with the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.special import expit

from pumpurs_risk.model.shapes import Floats

Ints = npt.NDArray[np.intp]


class Design(Protocol):
    """Columns of a linear predictor, in blocks of rows."""

    n_rows: int
    n_columns: int
    """Dense columns."""
    n_groups: int
    """Groups; their coefficients come after those of the columns."""
    groups: Ints
    """Group of each row, -1 for none; length 0 if there are no groups."""

    def predict(self, beta: Floats) -> Floats:
        """Log-odds of every row: (n_columns + n_groups,) to (n_rows,)."""
        ...

    def blocks(self) -> Iterator[tuple[slice, Floats]]:
        """Give the rows and their dense columns, block by block."""
        ...


@dataclass(frozen=True)
class Rows:
    """Outcomes and weights of the rows.

    Parameters
    ----------
    y : ndarray of float, shape (n,)
        0 or 1.
    weight : ndarray of float, shape (n,)
        Not negative.
    """

    y: Floats
    weight: Floats


def log_likelihood(eta: Floats, rows: Rows) -> float:
    """Weighted Bernoulli log-likelihood.

    Parameters
    ----------
    eta : ndarray, shape (n,)
        Log-odds.
    rows : Rows

    Returns
    -------
    float
        In nats.

    Examples
    --------
    >>> round(log_likelihood(np.zeros(2), Rows(np.array([0.0, 1.0]), np.ones(2))), 6)
    -1.386294
    """
    return float(rows.weight @ (rows.y * eta - np.logaddexp(0.0, eta)))


def score(design: Design, eta: Floats, rows: Rows) -> Floats:
    """Gradient of the log-likelihood.

    Parameters
    ----------
    design : Design
    eta : ndarray, shape (n_rows,)
        Log-odds where the gradient is taken.
    rows : Rows

    Returns
    -------
    ndarray, shape (n_columns + n_groups,)
    """
    residual = rows.weight * (rows.y - expit(eta))
    total = np.zeros(design.n_columns)
    for part, columns in design.blocks():
        total += residual[part] @ columns
    return np.append(total, _by_group(design, residual))


def information(design: Design, eta: Floats, rows: Rows) -> tuple[Floats, Floats]:
    """Score and information (minus the Hessian of the log-likelihood), in one pass.

    Parameters
    ----------
    design : Design
    eta : ndarray, shape (n_rows,)
        Log-odds where they are taken.
    rows : Rows

    Returns
    -------
    score : ndarray, shape (k,)
    information : ndarray, shape (k, k)
        k = n_columns + n_groups.
    """
    p = expit(eta)
    residual = rows.weight * (rows.y - p)
    curvature = rows.weight * p * (1 - p)
    dense, groups = design.n_columns, design.n_groups
    total = np.zeros(dense)
    matrix = np.zeros((dense + groups, dense + groups))
    for part, columns in design.blocks():
        total += residual[part] @ columns
        scaled = columns * np.sqrt(curvature[part])[:, None]
        matrix[:dense, :dense] += scaled.T @ scaled  # one array by itself: half the work
        if groups:
            matrix[dense:, :dense] += _indicator(design.groups[part], curvature[part], groups) @ columns
    if groups:
        matrix[:dense, dense:] = matrix[dense:, :dense].T
        matrix[np.arange(dense, dense + groups), np.arange(dense, dense + groups)] = _by_group(design, curvature)
    return np.append(total, _by_group(design, residual)), matrix


def _by_group(design: Design, values: Floats) -> Floats:
    if not design.n_groups:
        return np.zeros(0)
    sums: Floats = np.bincount(design.groups + 1, weights=values, minlength=design.n_groups + 1)[1:].astype(float)
    return sums


def _indicator(groups: Ints, values: Floats, n: int) -> csr_array:
    """Sparse (n, rows): each row's value in the row of its group."""
    known = np.flatnonzero(groups >= 0)
    return csr_array((values[known], (groups[known], known)), shape=(n, len(groups)))

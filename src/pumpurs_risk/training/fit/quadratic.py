"""Quadratic programmes with lower bounds, exact: block principal pivoting.

The method is that of Portugal, Judice and Vicente (1994), with the single exchange of Murty as the backup that makes it
end: guess which bounds hold, solve the rest, exchange what contradicts the guess.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from pumpurs_risk.model.shapes import Floats

Mask = npt.NDArray[np.bool_]

_MOST_EXCHANGES = 200
_PATIENCE = 3  # whole exchanges without progress before single ones


def solve_box(A: Floats, b: Floats, lower: Floats, start: Mask | None = None) -> tuple[Floats, Mask]:
    """Minimise ``x' A x / 2 - b' x`` with ``x >= lower``.

    Parameters
    ----------
    A : ndarray, shape (k, k)
        Symmetric and positive definite.
    b : ndarray, shape (k,)
        Linear term.
    lower : ndarray, shape (k,)
        Bounds; ``-inf`` where there is none.
    start : ndarray of bool, shape (k,), optional
        A guess of which coefficients are free.

    Returns
    -------
    x : ndarray, shape (k,)
        The only minimiser.
    free : ndarray of bool, shape (k,)
        Where no bound holds.

    Raises
    ------
    ValueError
        If A is not positive definite.

    Examples
    --------
    >>> x, free = solve_box(np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([1.0, -1.0]), np.array([-np.inf, 0.0]))
    >>> x.round(9).tolist(), free.tolist()
    ([0.5, 0.0], [True, False])
    """
    bounded = np.isfinite(lower)
    free = np.ones(len(b), bool) if start is None else start | ~bounded
    fewest, patience = len(b) + 1, _PATIENCE
    tolerance = 1e-12 * max(1.0, float(np.abs(b).max(initial=0.0)))
    for _ in range(_MOST_EXCHANGES + 10 * len(b)):
        x, pull = _solve_guess(A, b, lower, free)
        wrong = np.where(free, bounded & (x < lower - 1e-14 * np.maximum(1.0, np.abs(lower))), pull < -tolerance)
        count = int(wrong.sum())
        if not count:
            return x, free
        if count < fewest:
            fewest, patience = count, _PATIENCE
        elif patience:
            patience -= 1
        else:  # one exchange, of the last: cannot go round in circles
            last = int(np.flatnonzero(wrong)[-1])
            wrong = np.zeros(len(b), bool)
            wrong[last] = True
        free = free ^ wrong
    return np.maximum(x, lower), free  # rounding alone decides what is left


def _solve_guess(A: Floats, b: Floats, lower: Floats, free: Mask) -> tuple[Floats, Floats]:
    """Solve the free coefficients with the others on their bounds; also the pull of each against its bound."""
    x = np.where(free, 0.0, np.where(np.isfinite(lower), lower, 0.0))
    held = np.flatnonzero(~free)
    inside = np.flatnonzero(free)
    if len(inside):
        right = b[inside] - (A[np.ix_(inside, held)] @ x[held] if len(held) else 0.0)
        x[inside] = cho_solve(_factor(A[np.ix_(inside, inside)]), right)
    pull: Floats = A @ x - b
    return x, pull


def _factor(A: Floats) -> tuple[Floats, bool]:
    """Cholesky factor; a matrix that rounding alone keeps from being positive gets a last bit more on its diagonal."""
    scale = float(np.diag(A).max(initial=0.0))
    for more in (0.0, 1e-14, 1e-12, 1e-10):
        try:
            factor, low = cho_factor(A + more * scale * np.eye(len(A)) if more else A, lower=True, check_finite=False)
            return factor, bool(low)
        except np.linalg.LinAlgError:
            continue
    raise ValueError("the matrix of the quadratic programme is not positive definite")


def inverse_on_free(A: Floats, free: Mask) -> Floats:
    """Give the inverse of A over the free coefficients, with rows and columns of zeros for the others.

    Parameters
    ----------
    A : ndarray, shape (k, k)
        Symmetric, positive definite on the free coefficients.
    free : ndarray of bool, shape (k,)

    Returns
    -------
    ndarray, shape (k, k)
    """
    out = np.zeros_like(A)
    inside = np.flatnonzero(free)
    if len(inside):
        part = np.ix_(inside, inside)
        inverse = cho_solve(_factor(A[part]), np.eye(len(inside)))
        out[part] = (inverse + inverse.T) / 2
    return out


def log_determinant(A: Floats, free: Mask) -> float:
    """Logarithm of the determinant of A over the free coefficients.

    Parameters
    ----------
    A : ndarray, shape (k, k)
        Symmetric, positive definite on the free coefficients.
    free : ndarray of bool, shape (k,)

    Returns
    -------
    float
    """
    inside = np.flatnonzero(free)
    if not len(inside):
        return 0.0
    factor, _ = _factor(A[np.ix_(inside, inside)])
    return 2.0 * float(np.log(np.diag(factor)).sum())

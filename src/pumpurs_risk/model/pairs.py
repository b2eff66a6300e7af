"""Pairs: what two factors add together, beyond what each adds alone."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from pumpurs_risk.model.shapes import Floats


class PairAxis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side of a pair's grid: the factor's knots (straight between, flat outside) or its levels; "unknown" comes last.

    Parameters
    ----------
    factor : str
        Factor id; the column of X.
    knots : tuple of float
        Increasing; empty for a factor of levels.
    levels : tuple of str
        Words; empty for a numeric factor.

    Examples
    --------
    >>> axis = PairAxis(factor="f", knots=(0.0, 2.0, 6.0))
    >>> axis.weights(np.array([-1.0, 1.0, 5.0, np.nan])).tolist()
    [[1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.0, 0.25, 0.75, 0.0], [0.0, 0.0, 0.0, 1.0]]
    """

    factor: str
    knots: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Number of nodes, "unknown" included."""
        return len(self.knots or self.levels) + 1

    def place(self, x: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
        """Where each value lies between the nodes.

        Parameters
        ----------
        x : ndarray, shape (n,)
            Numbers with NaN for unknown, or words; words that the axis does not have are unknown.

        Returns
        -------
        below, above : ndarray of int, shape (n,)
            Positions of the neighbouring nodes.
        share : ndarray of float, shape (n,)
            How far each value is on the way from the one below to the one above, 0 to 1.
        """
        if self.levels:
            import pandas as pd

            codes = pd.Index(self.levels).get_indexer(pd.Index(x, dtype=object)).astype(np.int64)
            codes = np.where(codes < 0, self.size - 1, codes)
            return codes, codes, np.zeros(len(codes))
        knots = np.asarray(self.knots)
        unknown = np.isnan(x)
        known = np.clip(np.where(unknown, knots[0], x), knots[0], knots[-1])
        below = np.clip(np.searchsorted(knots, known, side="right") - 1, 0, len(knots) - 2)
        share = (known - knots[below]) / (knots[below + 1] - knots[below])
        last = self.size - 1
        return np.where(unknown, last, below), np.where(unknown, last, below + 1), np.where(unknown, 0.0, share)

    def weights(self, x: Any) -> Floats:
        """How much each node counts for each value: shape (n,) to (n, size); rows sum to 1."""
        below, above, share = self.place(x)
        found = np.zeros((len(below), self.size))
        rows = np.arange(len(below))
        found[rows, below] += 1 - share
        found[rows, above] += share
        return found

    def problem(self) -> str | None:
        """Say what is inconsistent about the axis, or None."""
        if bool(self.knots) == bool(self.levels):
            return f"the axis of {self.factor} needs either knots or levels"
        if self.levels:
            return (
                None if len(set(self.levels)) == len(self.levels) else f"the levels of {self.factor} must be different"
            )
        if len(self.knots) < 2 or any(b <= a for a, b in zip(self.knots, self.knots[1:], strict=False)):
            return f"the knots of {self.factor} must be at least two numbers that increase"
        return None


class PairShape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A surface over two factors: log-odds at the nodes of a grid, bilinear between them.

    Parameters
    ----------
    left, right : PairAxis
        The two factors.
    values : tuple of tuple of float, shape (left.size, right.size)
        Log-odds at each pair of nodes, centred on the training rows; the last row and column are "unknown".
    mean_row : tuple of float, length left.size * right.size
        Mean of the basis row over the training rows, row by row.

    Examples
    --------
    >>> pair = PairShape(
    ...     left=PairAxis(factor="f", knots=(0.0, 2.0)), right=PairAxis(factor="g", levels=("a", "b")),
    ...     values=((0.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 0.0)), mean_row=(1.0,) + (0.0,) * 8)
    >>> pair.evaluate(np.array([1.0, 1.0, np.nan]), np.array(["b", "a", "b"], dtype=object)).tolist()
    [0.5, 0.0, 0.0]
    """

    left: PairAxis
    right: PairAxis
    values: tuple[tuple[float, ...], ...]
    mean_row: tuple[float, ...]

    @property
    def factors(self) -> tuple[str, str]:
        """The two factor ids."""
        return self.left.factor, self.right.factor

    @property
    def n_coefficients(self) -> int:
        """Number of cells."""
        return self.left.size * self.right.size

    def basis(self, left: Any, right: Any) -> Floats:
        """Weight of each cell: shapes (n,), (n,) to (n, n_coefficients), row by row of `values`."""
        a, b = self.left.weights(left), self.right.weights(right)
        return (a[:, :, None] * b[:, None, :]).reshape(len(a), -1)

    def evaluate(self, left: Any, right: Any) -> Floats:
        """Log-odds that each pair of values adds: shapes (n,), (n,) to (n,)."""
        # Four corners per pupil, element by element: the same bits in any batch, and no n x cells array.
        v = np.asarray(self.values)
        i, j, s = self.left.place(left)
        k, m, t = self.right.place(right)
        first = (1 - t) * v[i, k] + t * v[i, m]
        second = (1 - t) * v[j, k] + t * v[j, m]
        return (1 - s) * first + s * second  # type: ignore[no-any-return]

    def problem(self) -> str | None:
        """Say what is inconsistent about the pair, or None."""
        if self.left.factor == self.right.factor:
            return "its two factors are the same"
        of_axes = self.left.problem() or self.right.problem()
        if of_axes:
            return of_axes
        if len(self.values) != self.left.size or any(len(row) != self.right.size for row in self.values):
            return f"its grid must have {self.left.size} rows of {self.right.size} numbers"
        if len(self.mean_row) != self.n_coefficients:
            return f"its mean row must have {self.n_coefficients} numbers"
        return None

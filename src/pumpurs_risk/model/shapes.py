"""Shapes: what one factor adds to the log-odds, for every value and for "unknown".

A numeric factor has a curve of straight pieces between knots, flat outside them. A factor of levels has one number per
level. Both are linear in their coefficients: ``f(x) = values[0] + basis(x) @ increments`` for a curve, ``f(x) = basis(x) @
values`` for levels, which is what the posterior covariance speaks about.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class PiecewiseLinear(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="shape", tag="curve"
):
    """A curve of straight pieces: value -> log-odds, centred on what is typical.

    Parameters
    ----------
    factor : str
        Factor id; the column of X.
    version : int
        Version of the factor's definition that the curve was made for.
    construct : str
        The construct whose figures the factor shares.
    direction : {-1, 0, 1}
        +1 if more is never less risky, -1 if more is never more risky, 0 if not stated.
    knots, values : tuple of float, length K + 1
        Where the curve bends, increasing, and the log-odds there.
    unknown : float
        Log-odds when the value is not recorded.
    mean_row : tuple of float, length K
        Mean of the basis row over the pupils the curve speaks of (training rows; on day one the catalogue's ``typical``).
    variance : float
        Variance of the curve over the same pupils, in squared log-odds: what not knowing the value costs.
    unknown_variance : float
        Posterior variance of the part of ``unknown`` that was learned; 0 on day one.
    prior_share : float, optional
        Share of the construct's published effect, as the catalogue states it; None once the curve was learned from data.
    share_scale : float
        How many times that share the curve carries, because other factors of the construct are not recorded.

    Examples
    --------
    >>> curve = PiecewiseLinear(factor="f", version=1, construct="c", direction=1, knots=(0.0, 2.0), values=(0.0, 1.0),
    ...                         unknown=0.25, mean_row=(0.25,), variance=0.1)
    >>> curve.evaluate(np.array([-1.0, 1.0, 9.0, np.nan])).tolist()
    [0.0, 0.5, 1.0, 0.25]
    """

    factor: str
    version: int
    construct: str
    direction: Literal[-1, 0, 1]
    knots: tuple[float, ...]
    values: tuple[float, ...]
    unknown: float
    mean_row: tuple[float, ...]
    variance: float
    unknown_variance: float = 0.0
    prior_share: float | None = None
    share_scale: float = 1.0

    @property
    def n_coefficients(self) -> int:
        """Number of increments, K."""
        return len(self.knots) - 1

    def unknown_at(self, x: Floats) -> npt.NDArray[np.bool_]:
        """Where the value is not recorded."""
        return np.isnan(x)

    def evaluate(self, x: Floats) -> Floats:
        """Log-odds that each value adds; NaN is unknown. Shape (n,) to (n,)."""
        found = np.interp(x, self.knots, self.values)
        return np.where(np.isnan(x), self.unknown, found)

    def basis(self, x: Floats) -> Floats:
        """How far each piece of the curve is climbed, 0 to 1: shape (n,) to (n, K); unknown is the mean row."""
        knots = np.asarray(self.knots)
        rows = np.clip((x[:, None] - knots[:-1]) / np.diff(knots), 0.0, 1.0)
        return np.where(np.isnan(x)[:, None], np.asarray(self.mean_row), rows)

    def at_share_scale(self, scale: float) -> PiecewiseLinear:
        """Return the same curve, carrying `scale` times its prior share."""
        by = scale / self.share_scale
        return msgspec.structs.replace(
            self,
            values=tuple(by * v for v in self.values),
            unknown=by * self.unknown,
            variance=by * by * self.variance,
            share_scale=scale,
        )

    def problem(self) -> str | None:
        """Say what is inconsistent about the curve, or None."""
        if len(self.knots) < 2 or any(b <= a for a, b in zip(self.knots, self.knots[1:], strict=False)):
            return "its knots must be at least two numbers that increase"
        if len(self.values) != len(self.knots):
            return f"it has {len(self.knots)} knots but {len(self.values)} values"
        if len(self.mean_row) != self.n_coefficients:
            return f"its mean row must have {self.n_coefficients} numbers"
        steps = np.diff(self.values)
        if self.direction and (self.direction * steps < 0).any():
            return "its values go against its declared direction"
        return _spread_problem(self.variance, self.unknown_variance)


class Levels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="shape", tag="levels"):
    """One number per level, for factors that are words (the programme and year).

    Parameters
    ----------
    factor, version, construct, unknown, variance, unknown_variance, prior_share, share_scale
        As in `PiecewiseLinear`.
    levels : tuple of str, length L
        The words.
    values : tuple of float, length L
        Log-odds of each.
    mean_row : tuple of float, length L
        Share of pupils at each level.
    direction : {0}
        Levels have no direction.

    Examples
    --------
    >>> shape = Levels(factor="f", version=1, construct="c", levels=("a", "b"), values=(0.0, 1.0), unknown=0.3,
    ...                mean_row=(0.7, 0.3), variance=0.2)
    >>> shape.evaluate(np.array(["b", None, "z"], dtype=object)).tolist()
    [1.0, 0.3, 0.3]
    """

    factor: str
    version: int
    construct: str
    levels: tuple[str, ...]
    values: tuple[float, ...]
    unknown: float
    mean_row: tuple[float, ...]
    variance: float
    unknown_variance: float = 0.0
    prior_share: float | None = None
    share_scale: float = 1.0
    direction: Literal[0] = 0

    @property
    def n_coefficients(self) -> int:
        """Number of levels, L."""
        return len(self.levels)

    def codes(self, x: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
        """Position of each word among the levels, -1 for unknown and for words the model has not met."""
        import pandas as pd

        return pd.Index(self.levels).get_indexer(pd.Index(x, dtype=object)).astype(np.int64)

    def unknown_at(self, x: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
        """Where the word is not recorded, or is one that the model has not met."""
        return self.codes(x) < 0

    def evaluate(self, x: npt.NDArray[np.object_]) -> Floats:
        """Log-odds that each word adds. Shape (n,) to (n,)."""
        return np.append(np.asarray(self.values, float), self.unknown)[self.codes(x)]

    def basis(self, x: npt.NDArray[np.object_]) -> Floats:
        """One column per level, 1 where the word is that level: shape (n,) to (n, L); unknown is the mean row."""
        table = np.vstack([np.eye(len(self.levels)), np.asarray(self.mean_row)])
        return table[self.codes(x)]

    def at_share_scale(self, scale: float) -> Levels:
        """Return the same shape, carrying `scale` times its prior share."""
        by = scale / self.share_scale
        return msgspec.structs.replace(
            self,
            values=tuple(by * v for v in self.values),
            unknown=by * self.unknown,
            variance=by * by * self.variance,
            share_scale=scale,
        )

    def problem(self) -> str | None:
        """Say what is inconsistent about the shape, or None."""
        if not self.levels or len(set(self.levels)) != len(self.levels):
            return "its levels must be different words, at least one"
        if len(self.values) != len(self.levels) or len(self.mean_row) != len(self.levels):
            return f"it has {len(self.levels)} levels, but not as many values and mean-row numbers"
        return _spread_problem(self.variance, self.unknown_variance)


Shape = PiecewiseLinear | Levels


def _spread_problem(*variances: float) -> str | None:
    return "its variances must not be negative" if any(v < 0 for v in variances) else None

"""SharedFactor: one factor's place in a summary, and how its values are spread."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from pumpurs_risk.model.shapes import Floats


class SharedFactor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A factor's place in a summary.

    Parameters
    ----------
    factor, construct : str
        Ids.
    version : int
        Version of the factor's definition.
    direction : {-1, 0, 1}
        The direction that the fit kept.
    knots : tuple of float
        Of the curve; empty for levels.
    levels : tuple of str
        Empty for a curve.
    mean_row : tuple of float
        Mean basis row over the rows where the value is known; what is withheld is counted with its neighbour.
    known : float
        Summed weight of these rows, to the nearest 5.
    within : float in [0, 1]
        Variance of the fitted shape over these rows, as a share of what it were if every value lay on a knot.
    withheld : tuple of int
        Positions of the knots or levels that fewer than five pupils hold: the summary says nothing about them.
    """

    factor: str
    version: int
    construct: str
    direction: Literal[-1, 0, 1]
    knots: tuple[float, ...]
    levels: tuple[str, ...]
    mean_row: tuple[float, ...]
    known: float
    within: float
    withheld: tuple[int, ...] = ()

    @property
    def n_coefficients(self) -> int:
        """Steps of the curve, or levels."""
        return len(self.levels) or len(self.knots) - 1

    def problem(self) -> str | None:
        """Say what is inconsistent, or None."""
        if bool(self.knots) == bool(self.levels):
            return "it must have either knots or levels"
        if self.knots and (len(self.knots) < 2 or (np.diff(self.knots) <= 0).any()):
            return "its knots must be at least two numbers that increase"
        if len(set(self.levels)) != len(self.levels) or (self.levels and self.direction):
            return "its levels must be different words without a direction"
        if len(self.mean_row) != self.n_coefficients or not all(0 <= v <= 1 for v in self.mean_row):
            return f"its mean row must be {self.n_coefficients} shares"
        if self.known < 0 or not 0 <= self.within <= 1:
            return "its weight must not be negative and its share of variance from 0 to 1"
        if not all(0 <= cell < len(self.levels or self.knots) for cell in self.withheld):
            return "it withholds what it does not have"
        return None


def spread(shares: Floats, heights: Floats) -> float:
    """Variance of heights over shares that sum to 1 or less."""
    total = float(shares.sum())
    if total <= 0:
        return 0.0
    mean = float(shares @ heights) / total
    return float(shares @ (heights - mean) ** 2) / total

"""What a fit knows about its curves, apart from the prior: the likelihood's information and score at the mode."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from pumpurs_risk.model.shapes import Floats


class FactorInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which coefficients a factor has, and how many pupils stand behind them.

    Parameters
    ----------
    factor, construct : str
        Ids of the catalogue, or the column's name.
    version : int
        Version of the factor's definition.
    direction : {-1, 0, 1}
        The declared direction that was kept.
    knots : tuple of float
        Empty for a factor of levels.
    levels : tuple of str
        Empty for a curve.
    mean_row : tuple of float
        Weighted mean of the basis row over the rows where the value is known.
    variance : float
        Variance of the fitted shape over the same rows.
    known : float
        Summed weight of these rows.
    pupils : tuple of int
        Distinct pupils at each level; for a curve, within each step or at its upper end, after those at or below the first
        knot: one more number than there are steps.
    """

    factor: str
    version: int
    construct: str
    direction: int
    knots: tuple[float, ...]
    levels: tuple[str, ...]
    mean_row: tuple[float, ...]
    variance: float
    known: float
    pupils: tuple[int, ...]

    @property
    def n_coefficients(self) -> int:
        """Steps of the curve, or levels."""
        return len(self.levels) or len(self.knots) - 1


@dataclass(frozen=True)
class Information:
    """The likelihood's second-order view of the shapes, with intercept, unknown terms and school levels profiled out.

    Parameters
    ----------
    factors : tuple of FactorInfo
        In the order of the coefficients.
    matrix : ndarray, shape (k, k)
        Information over the increments of curves and the values of levels.
    score : ndarray, shape (k,)
        The likelihood's gradient at `mode`.
    mode : ndarray, shape (k,)
        Where the posterior was highest.
    rows, pupils, leavers : int
        Rows with a known outcome, distinct pupils, distinct leavers.
    weight : float
        Summed weight of the rows.
    horizon, prior : str
        Of the fit.
    """

    factors: tuple[FactorInfo, ...]
    matrix: Floats
    score: Floats
    mode: Floats
    rows: int
    pupils: int
    leavers: int
    weight: float
    horizon: str
    prior: str

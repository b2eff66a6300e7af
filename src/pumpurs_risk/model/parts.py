"""The parts of a model that are neither base nor shape: posterior, range of base rates, provenance."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from pumpurs_risk.model.shapes import Floats


class CovarianceBlock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Posterior covariance of neighbouring coefficients; what stands in no block is independent of it.

    Parameters
    ----------
    start : int
        Position of the block's first coefficient, counted over all shapes in order.
    matrix : tuple of tuple of float, shape (k, k)
        Symmetric, in squared log-odds.
    """

    start: int
    matrix: tuple[tuple[float, ...], ...]


class RateRange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far published base rates leave the level open: shifts of the log-odds to the low and the high rates, per level."""

    factor: str
    low: dict[str, float]
    high: dict[str, float]

    def shifts(self, levels: npt.NDArray[np.object_]) -> tuple[Floats, Floats]:
        """Shifts to the low and to the high rates of each pupil's level, two arrays of the shape of `levels`."""
        column = pd.Series(levels, dtype=object)
        widest = (min(self.low.values()), max(self.high.values()))  # a pupil of unknown level may be of any
        return (
            np.asarray(column.map(self.low).fillna(widest[0]), dtype=np.float64),
            np.asarray(column.map(self.high).fillna(widest[1]), dtype=np.float64),
        )


class Provenance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a model comes from and what it may be used for."""

    made_by: str
    made_from: str
    population: str
    outcomes: int = 0
    """Distinct leavers of this place that the model has learned from."""
    period: str = ""
    intended_uses: tuple[str, ...] = ()
    forbidden_uses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What was done to the model since it was made (a prevalence shift, shares renormalised)."""

"""The parts of a model that are neither base nor shape: posterior, range of base rates, schools, provenance."""

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


class SchoolLevels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each school's own level, partially pooled: what its pupils have in common beyond their factors.

    Parameters
    ----------
    sd : float
        Between-school sd of the log-odds; a school that was not in the training has level 0 with this sd.
    levels : dict of str to float
        Log-odds that a school adds, by school_id.
    variances : dict of str to float
        Posterior variance of each level.
    """

    sd: float
    levels: dict[str, float]
    variances: dict[str, float]

    def level_of(self, schools: npt.NDArray[np.object_]) -> Floats:
        """Log-odds that each school adds; 0 for one that was not in the training."""
        return _by_name(schools, self.levels, 0.0)

    def variance_of(self, schools: npt.NDArray[np.object_]) -> Floats:
        """Variance of each school's level; ``sd ** 2`` for one that was not in the training."""
        return _by_name(schools, self.variances, self.sd**2)

    def problem(self) -> str | None:
        """Say what is inconsistent about the levels, or None."""
        if self.levels.keys() != self.variances.keys():
            return "its schools' levels and variances are not of the same schools"
        if self.sd < 0 or any(v < 0 for v in self.variances.values()):
            return "its schools' sd and variances must not be negative"
        return None


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a trained model has learned from, counted while it was fitted; none of it identifies a pupil."""

    rows: int
    """Rows with a known outcome."""
    rows_without_outcome: int
    """Rows that were left out because nobody knows what became of the pupil."""
    pupils: int
    """Distinct pupils, or rows where no pupil_id was given."""
    leavers: int
    """Distinct pupils who left."""
    weight: float
    """Sum of the rows' weights."""
    schools: int = 0
    as_of: tuple[str, ...] = ()
    """Days from which the rows look ahead, ISO."""
    prior: str = ""
    """Name of the model that was the prior; empty for none."""
    width: float = 0.5
    """Sd of a numeric factor's total effect around the prior, in log-odds."""
    width_by: str = "fixed"
    """How the width was found: "fixed" (too few leavers), "evidence", "given" or "pool"."""
    relevance: dict[str, float] = {}
    """Per factor, what its prior variance was multiplied with; empty below 30 leavers."""
    freed: tuple[str, ...] = ()
    """Factors whose declared direction the data contradict: fitted without it."""
    conflict_nats: float = 0.0
    """By how many nats a prior that knows nothing explains these data better than this one; negative: worse."""
    conflict_p: float = 1.0
    """Probability of data at least this far from the prior, were it right."""
    conflict: tuple[str, ...] = ()
    """Factors furthest from the prior, where the data contradict it."""
    suspicious: tuple[str, ...] = ()
    """Factors that alone tell leavers from stayers almost without error: hardly known on the day."""
    rows_with_support: int | None = None
    """Rows of pupils who had support by then; None where it is not known."""
    design: tuple[str, ...] = ()
    """Columns that were fitted beside the factors and are no part of the score."""
    ranking_with_design: float | None = None
    """Spearman correlation of the ranking with and without the design columns."""
    left_out: tuple[str, ...] = ()
    """Columns that were handed in and not used."""
    protected: tuple[str, ...] = ()
    """Protected attributes among the factors; only a table without any factor of the catalogue can bring them in."""
    supersedes: str = ""
    """Digest of the model file that this one replaces."""


class Pooling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a pooled prior was made from."""

    members: tuple[str, ...]
    """Municipality ids."""
    periods: tuple[str, ...]
    leavers: tuple[int, ...]
    distances: tuple[float, ...]
    """How far each member's own curves lie from the pool: root mean squared z; about 1 is what chance gives."""
    between_sd: float
    """Between-municipality sd of a total effect, in log-odds."""

    def problem(self) -> str | None:
        """Say what is inconsistent about the account, or None."""
        if len({len(self.members), len(self.periods), len(self.leavers), len(self.distances)}) != 1:
            return "its pooling does not say the same for every member"
        return "its between-municipality sd must not be negative" if self.between_sd < 0 else None


def _by_name(names: npt.NDArray[np.object_], table: dict[str, float], otherwise: float) -> Floats:
    codes, distinct = pd.factorize(names)
    found = [table.get(str(name), otherwise) for name in distinct]  # an id that was read as a number is its text
    return np.asarray([*found, otherwise], dtype=np.float64)[codes]

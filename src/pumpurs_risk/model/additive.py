"""AdditiveModel: base plus one shape per factor. Everything downstream reads this one object."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from pumpurs_risk.model.inputs import as_frame, check_known, shape_column, unknown
from pumpurs_risk.model.odds import expit, logit, shift_to
from pumpurs_risk.model.parts import CovarianceBlock, Provenance, RateRange
from pumpurs_risk.model.posterior import Rows, mean_rows, missing_variance, one_row, quadratic
from pumpurs_risk.model.shapes import Floats, Shape

if TYPE_CHECKING:
    from pumpurs_risk.model.peers import PeerReference

    Reference: TypeAlias = PeerReference | Literal["population", "peers"] | pd.Series[Any] | pd.DataFrame

_RECORDED_BY = 0.5  # a factor counts as recorded by a run if at least half of its pupils have it (DESIGN section 6)


class AdditiveModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """An additive logistic model: plain data, exact, NumPy only.

    ``log_odds = base + sum of one shape per factor``: these terms are the reasons, there is no second model.

    Parameters
    ----------
    name : str
        Short name, such as ``"literature-prior"``.
    horizon : str
        What a probability is about: ``"1y"`` is one year from ``as_of``.
    base : float
        Log-odds of a pupil of whom nothing is known.
    national_mean : float
        The prevalence that `base` stood for when the model was made (`at_prevalence` shifts from it).
    features : tuple of str
        Factor ids in order; one shape each.
    shapes : tuple of PiecewiseLinear or Levels
        What each factor adds.
    covariance : tuple of CovarianceBlock
        Posterior of the coefficients, without the base.
    base_variance : float
        Posterior variance of `base`, common to all pupils.
    rate_range : RateRange, optional
        Low and high base rates while no local outcomes exist.
    provenance : Provenance
        Source, uses, history.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.model import load_model
    >>> model = load_model("literature-prior")
    >>> X = pd.DataFrame({"absence_share": [0.02, 0.25, None], "programme_level": ["general-9"] * 3})
    >>> risk = model.predict_proba(X)[:, 1]
    >>> bool(risk[1] > risk[2] > risk[0])
    True
    """

    name: str
    horizon: str
    base: float
    national_mean: float
    features: tuple[str, ...]
    shapes: tuple[Shape, ...]
    covariance: tuple[CovarianceBlock, ...]
    base_variance: float
    provenance: Provenance
    rate_range: RateRange | None = None

    # ------------------------------------------------------------------ what scikit-learn's tools expect of a classifier
    @property
    def classes_(self) -> npt.NDArray[np.int64]:
        """The two outcomes: 0 stays, 1 leaves."""
        return np.array([0, 1])

    @property
    def feature_names_in_(self) -> npt.NDArray[np.object_]:
        """Factor ids in order."""
        return np.array(self.features, dtype=object)

    @property
    def n_features_in_(self) -> int:
        """Number of factors."""
        return len(self.features)

    @property
    def has_local_outcomes(self) -> bool:
        """Whether the model has learned from leavers of this place; else its level is published evidence only."""
        return self.provenance.outcomes > 0

    # ------------------------------------------------------------------ scores
    def log_odds(self, X: Any) -> Floats:
        """Log-odds of leaving within the horizon.

        Parameters
        ----------
        X : table with named columns, n rows
            Factor values; NaN, None and columns that are not there mean unknown; other columns are ignored.

        Returns
        -------
        ndarray of float, shape (n,)

        Raises
        ------
        TypeError
            If X has no column names.
        ValueError
            If X holds none of the factors, or words where numbers belong.
        """
        frame = self._checked(X)
        total = np.full(len(frame), self.base)
        for shape in self.shapes:
            total += shape.evaluate(shape_column(frame, shape))
        return total

    def predict_proba(self, X: Any) -> Floats:
        """Probability of staying and of leaving within the horizon, shape (n, 2)."""
        p = expit(self.log_odds(X))
        return np.column_stack([1 - p, p])

    def risk(self, X: Any, horizon: Literal["1y", "2y"] = "1y") -> Floats:
        """Probability of leaving within one year, or within two (1 - (1 - p)^2 without a curve of its own), shape (n,)."""
        p = expit(self.log_odds(X))
        return p if horizon == "1y" else 1 - (1 - p) ** 2

    # ------------------------------------------------------------------ reasons
    def contributions(self, X: Any, reference: Reference = "population") -> pd.DataFrame:
        """What each factor adds, against a reference; with `base_values` it adds up exactly to `log_odds`.

        Parameters
        ----------
        X : table with named columns, n rows
            As in `log_odds`.
        reference : {"population", "peers"}, PeerReference, or one row of factor values
            Against whom: what is typical, the median pupil of the same level and programme, or a given pupil.

        Returns
        -------
        pandas.DataFrame, shape (n, n_features_in_)
            Log-odds; the index of X, one column per factor.
        """
        frame = self._checked(X)
        values = self._values(frame)
        values -= self._reference_values(frame, reference)
        return pd.DataFrame(values, index=frame.index, columns=list(self.features))

    def base_values(self, X: Any, reference: Reference = "population") -> Floats:
        """Log-odds of the reference, so that ``base_values + contributions.sum(axis=1) == log_odds``; shape (n,)."""
        frame = self._checked(X)
        against: Floats = self._reference_values(frame, reference).sum(axis=1)  # one row, or one per pupil
        return np.broadcast_to(self.base + against, (len(frame),)).copy()

    def _values(self, frame: pd.DataFrame) -> Floats:
        values = np.empty((len(frame), len(self.shapes)), order="F")
        for j, shape in enumerate(self.shapes):
            values[:, j] = shape.evaluate(shape_column(frame, shape))
        return values

    def _reference_values(self, frame: pd.DataFrame, reference: Reference) -> Floats:
        from pumpurs_risk.model.peers import PeerReference

        if isinstance(reference, str) and reference == "population":
            return np.zeros((1, len(self.shapes)))
        if isinstance(reference, str) and reference == "peers":
            reference = PeerReference.from_table(self, frame)
        if isinstance(reference, PeerReference):
            return reference.reference_values(self, frame)
        if isinstance(reference, pd.Series):
            reference = reference.to_frame().T
        if isinstance(reference, pd.DataFrame) and len(reference) == 1:
            return self._values(self._checked(reference))
        raise ValueError(
            f"reference must be 'population', 'peers', a PeerReference or one row of factor values, got {reference!r}"
        )

    # ------------------------------------------------------------------ how sure
    def sd(self, X: Any) -> Floats:
        """Posterior sd of the log-odds without the base's own (which is common to all), shape (n,).

        ``sd^2 = (x - m)' V (x - m) + sum of var_j over missing factors`` (DESIGN section 7).
        """
        frame = self._checked(X)
        return np.sqrt(quadratic(self, frame, mean_rows) + missing_variance(self.shapes, frame))

    def missing_sd(self, X: Any) -> Floats:
        """The part of `sd` that comes from factors that are not recorded, shape (n,)."""
        return np.sqrt(missing_variance(self.shapes, self._checked(X)))

    def contribution_sd(self, X: Any, factors: Sequence[str], reference: Reference = "population") -> Floats:
        """Posterior sd of the summed contributions of some factors against a reference, shape (n,)."""
        from pumpurs_risk.model.peers import PeerReference

        frame = self._checked(X)
        if isinstance(reference, str) and reference == "peers":
            reference = PeerReference.from_table(self, frame)
        rows: Rows
        if isinstance(reference, PeerReference):
            rows = reference.basis_rows(self, frame)
        elif isinstance(reference, str):
            rows = mean_rows
        else:
            one = reference.to_frame().T if isinstance(reference, pd.Series) else reference
            rows = one_row(one)
        return np.sqrt(quadratic(self, frame, rows, set(factors)))

    def difference_sd(self, X: Any, other: pd.DataFrame) -> Floats:
        """Posterior sd of the difference in log-odds between each pupil and one other, shape (n,).

        Coefficients are common to both, so what they share cancels; what is not recorded of either does not.
        """
        frame = self._checked(X)
        missing = missing_variance(self.shapes, frame) + missing_variance(self.shapes, self._checked(other))
        return np.sqrt(quadratic(self, frame, one_row(other)) + missing)

    def interval(self, X: Any, level: float = 0.9) -> pd.DataFrame:
        """Credible interval of the probability, the base's uncertainty included.

        Parameters
        ----------
        X : table with named columns, n rows
            As in `log_odds`.
        level : float in (0, 1)
            Posterior probability of the interval.

        Returns
        -------
        pandas.DataFrame with columns ``lower`` and ``upper``
            "About 90 %": coverage of .86-.92 was measured where the prior's width was right.
        """
        if not 0 < level < 1:
            raise ValueError(f"level must lie between 0 and 1, got {level!r}")
        frame = self._checked(X)
        centre = self.log_odds(frame)
        reach = NormalDist().inv_cdf(0.5 + level / 2) * np.sqrt(self.sd(frame) ** 2 + self.base_variance)
        return pd.DataFrame({"lower": expit(centre - reach), "upper": expit(centre + reach)}, index=frame.index)

    def evidence_share(
        self, X: Any, factors: Sequence[str] | None = None, applies: npt.NDArray[np.bool_] | None = None
    ) -> Floats:
        """Share of what the factors could tell that is recorded: var(f_j) over known factors by var(f_j) over all.

        Parameters
        ----------
        X : table with named columns, n rows
            As in `log_odds`.
        factors : sequence of str, optional
            Which factors to count; those the model does not have are left out; all of the model's if none is left.
        applies : ndarray of bool, shape (n, len(factors)), optional
            Whom each factor is about; what does not apply counts neither way.

        Returns
        -------
        ndarray of float, shape (n,)
            1 where nothing applies.
        """
        frame = self._checked(X)
        wanted = [f for f in factors or () if f in self._by_factor] or list(self.features)
        known = np.zeros(len(frame))
        total = np.zeros(len(frame))
        for factor in wanted:
            shape = self._by_factor[factor]
            about = np.ones(len(frame), bool)
            if applies is not None and factors is not None and factor in factors:
                about = applies[:, list(factors).index(factor)]
            total += shape.variance * about
            known += shape.variance * (about & ~unknown(shape_column(frame, shape)))
        return np.divide(known, total, out=np.ones(len(frame)), where=total > 0)

    @property
    def unknown_sd(self) -> dict[str, float]:
        """Per factor, the sd of its shape over typical pupils: how much asking about it could tell."""
        return {shape.factor: shape.variance**0.5 for shape in self.shapes}

    def rate_shift(self, X: Any) -> tuple[Floats, Floats]:
        """Shifts of the log-odds to the low and to the high published base rates, two arrays of shape (n,).

        Zero where the model has local outcomes.
        """
        frame = self._checked(X)
        if self.rate_range is None or self.has_local_outcomes:
            return np.zeros(len(frame)), np.zeros(len(frame))
        levels = next(s for s in self.shapes if s.factor == self.rate_range.factor)
        column = pd.Series(shape_column(frame, levels), dtype=object)
        low, high = self.rate_range.low, self.rate_range.high
        widest = (min(low.values()), max(high.values()))  # a pupil of unknown level may be of any
        return (
            np.asarray(column.map(low).fillna(widest[0]), dtype=np.float64),
            np.asarray(column.map(high).fillna(widest[1]), dtype=np.float64),
        )

    # ------------------------------------------------------------------ the same model elsewhere
    def at_prevalence(self, prevalence: float, X: Any = None) -> AdditiveModel:
        """Shift the level to a stated prevalence.

        Parameters
        ----------
        prevalence : float in (0, 1)
            Share of pupils who leave within the horizon.
        X : table, optional
            Pupils whose mean probability shall be `prevalence`; without them the base shifts by
            ``logit(prevalence) - logit(national_mean)``.

        Returns
        -------
        AdditiveModel

        Raises
        ------
        ValueError
            If `prevalence` is not between 0 and 1, or X has no rows.
        """
        if not 0 < prevalence < 1:
            raise ValueError(f"prevalence is a share of pupils between 0 and 1, such as 0.02; got {prevalence!r}")
        if X is None:
            shift = logit(prevalence) - logit(self.national_mean)
        else:
            eta = self.log_odds(X)
            if not len(eta):
                raise ValueError("at_prevalence(p, X) needs at least one pupil in X")
            shift = shift_to(eta, prevalence)
        note = f"base shifted by {shift:+.4f} to a prevalence of {prevalence:.4f}" + (
            "" if X is None else " over a run"
        )
        return msgspec.structs.replace(self, base=self.base + float(shift), provenance=self._noted(note))

    def for_recorded(self, X: Any) -> AdditiveModel:
        """Let the recorded factors of a construct carry its whole published effect (methods: without it risks are too flat).

        Shares are renormalised over the factors that at least half of the pupils have; the others keep theirs, so that one
        pupil's answer still counts. Learned shapes are left alone.

        Parameters
        ----------
        X : table with named columns
            The run's pupils.

        Returns
        -------
        AdditiveModel
        """
        frame = self._checked(X)
        if not len(frame):
            return self
        recorded = {
            s.factor for s in self.shapes if s.prior_share and (~unknown(shape_column(frame, s))).mean() >= _RECORDED_BY
        }
        sums: dict[str, float] = {}
        for shape in self.shapes:
            if shape.factor in recorded:
                sums[shape.construct] = sums.get(shape.construct, 0.0) + (shape.prior_share or 0.0)
        shapes = tuple(s.scaled(1 / sums[s.construct]) if s.factor in recorded else s for s in self.shapes)
        note = "prior shares renormalised over the recorded factors: " + (", ".join(sorted(recorded)) or "none")
        return msgspec.structs.replace(self, shapes=shapes, provenance=self._noted(note))

    def save(self, path: str | Path) -> None:
        """Write ``model.json``; see `pumpurs_risk.model.store`."""
        from pumpurs_risk.model.store import save_model

        save_model(self, path)

    def as_sql(self, dialect: str = "duckdb") -> str:
        """Give the log-odds as one SQL expression over columns named as the factors; see `pumpurs_risk.model.sql`."""
        from pumpurs_risk.model.sql import log_odds_sql

        return log_odds_sql(self, dialect)

    # ------------------------------------------------------------------ inside
    @cached_property
    def _by_factor(self) -> dict[str, Shape]:
        return {shape.factor: shape for shape in self.shapes}

    def _noted(self, note: str) -> Provenance:
        return msgspec.structs.replace(self.provenance, notes=(*self.provenance.notes, note))

    def _checked(self, X: Any) -> pd.DataFrame:
        frame = as_frame(X)
        check_known(frame, self.features)
        return frame


__all__ = ["AdditiveModel", "CovarianceBlock", "Provenance", "RateRange", "expit", "logit"]

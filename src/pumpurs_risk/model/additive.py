"""AdditiveModel: base plus one shape per factor. Everything downstream reads this one object."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from pumpurs_risk.model.inputs import as_frame, check_known, shape_column, word_column
from pumpurs_risk.model.odds import expit, logit, shift_to
from pumpurs_risk.model.parts import CovarianceBlock, Provenance, RateRange
from pumpurs_risk.model.posterior import evidence_share, mean_rows, missing_variance, one_row, quadratic
from pumpurs_risk.model.reference import reference_rows, reference_values, shape_values
from pumpurs_risk.model.shapes import Floats, Shape
from pumpurs_risk.model.shares import carried_by_recorded
from pumpurs_risk.model.sql import log_odds_sql

if TYPE_CHECKING:
    from pumpurs_risk.model.reference import Reference


class AdditiveModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
        The prevalence that `base` stands for (`at_prevalence` shifts from it).
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
    >>> added = model.base_values(X) + model.contributions(X).sum(axis=1)
    >>> bool(abs(added - model.log_odds(X)).max() < 1e-9)
    True
    >>> interval = model.interval(X)
    >>> bool((interval["lower"] < risk).all() and (risk < interval["upper"]).all())
    True
    >>> round(float(model.at_prevalence(0.04, X).risk(X).mean()), 6)
    0.04
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

    def __repr__(self) -> str:
        return f"AdditiveModel({self.name!r}, {len(self.features)} factors, horizon {self.horizon!r}, base {self.base:.4f})"

    # ------------------------------------------------------------------ named as scikit-learn's classifiers name it
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
        """Probability of staying and of leaving within the horizon.

        Parameters
        ----------
        X : table, n rows, as in `log_odds`

        Returns
        -------
        ndarray of float, shape (n, 2)
            Columns in the order of `classes_`; each row sums to 1.
        """
        p = expit(self.log_odds(X))
        return np.column_stack([1 - p, p])

    def risk(self, X: Any, horizon: Literal["1y", "2y"] = "1y") -> Floats:
        """Probability of leaving within one year or within two.

        Parameters
        ----------
        X : table, n rows, as in `log_odds`
        horizon : {"1y", "2y"}
            Two years have no curve of their own: ``1 - (1 - p)^2``.

        Returns
        -------
        ndarray of float, shape (n,)

        Raises
        ------
        ValueError
            For another horizon.
        """
        if horizon not in ("1y", "2y"):
            raise ValueError(f"horizon must be '1y' or '2y', got {horizon!r}")
        p = expit(self.log_odds(X))
        return p if horizon == "1y" else 1 - (1 - p) ** 2

    # ------------------------------------------------------------------ reasons
    def contributions(self, X: Any, reference: Reference = "population") -> pd.DataFrame:
        """What each factor adds, against a reference; with `base_values` it adds up exactly to `log_odds`.

        Parameters
        ----------
        X : table, n rows, as in `log_odds`
        reference : {"population", "peers"}, PeerReference, or one row of factor values
            Against whom: what is typical, the median pupil of the same level and programme, or a given pupil.

        Returns
        -------
        pandas.DataFrame, shape (n, n_features_in_)
            Log-odds; the index of X, one column per factor.

        Raises
        ------
        ValueError
            For another reference, or a PeerReference made with a model of other factors.
        """
        frame = self._checked(X)
        values = shape_values(self, frame)
        values -= reference_values(self, frame, reference)
        return pd.DataFrame(values, index=frame.index, columns=list(self.features))

    def base_values(self, X: Any, reference: Reference = "population") -> Floats:
        """Log-odds of the reference, so that ``base_values + contributions.sum(axis=1) == log_odds``.

        Parameters
        ----------
        X, reference : as in `contributions`

        Returns
        -------
        ndarray of float, shape (n,)
        """
        frame = self._checked(X)
        against: Floats = reference_values(self, frame, reference).sum(axis=1)  # one row, or one per pupil
        return np.broadcast_to(self.base + against, (len(frame),)).copy()

    # ------------------------------------------------------------------ how sure
    def sd(self, X: Any) -> Floats:
        """Posterior sd of the log-odds without the base's own, which is common to all.

        ``sd^2 = (x - m)' V (x - m) + sum of var_j over missing factors``.

        Parameters
        ----------
        X : table, n rows, as in `log_odds`

        Returns
        -------
        ndarray of float, shape (n,)
        """
        frame = self._checked(X)
        return np.sqrt(quadratic(self, frame, mean_rows) + missing_variance(self.shapes, frame))

    def missing_sd(self, X: Any) -> Floats:
        """The part of `sd` that comes from factors that are not recorded.

        Parameters
        ----------
        X : table, n rows, as in `log_odds`

        Returns
        -------
        ndarray of float, shape (n,)
        """
        return np.sqrt(missing_variance(self.shapes, self._checked(X)))

    def contribution_sd(self, X: Any, factors: Sequence[str], reference: Reference = "population") -> Floats:
        """Posterior sd of the summed contributions of some factors, log-odds.

        Parameters
        ----------
        X, reference : as in `contributions`
        factors : sequence of str
            Ids of the factors to sum.

        Returns
        -------
        ndarray of float, shape (n,)
        """
        frame = self._checked(X)
        return np.sqrt(quadratic(self, frame, reference_rows(self, frame, reference), set(factors)))

    def difference_sd(self, X: Any, other: pd.DataFrame) -> Floats:
        """Posterior sd of the difference in log-odds between each pupil and one other.

        Coefficients are common to both, so what they share cancels; what is not recorded of either does not.

        Parameters
        ----------
        X : table, n rows, as in `log_odds`
        other : pandas.DataFrame, one row
            The other pupil's factor values.

        Returns
        -------
        ndarray of float, shape (n,)
        """
        frame = self._checked(X)
        missing = missing_variance(self.shapes, frame) + missing_variance(self.shapes, self._checked(other))
        return np.sqrt(quadratic(self, frame, one_row(other)) + missing)

    def interval(self, X: Any, level: float = 0.9) -> pd.DataFrame:
        """Credible interval of the probability, the base's uncertainty included.

        Parameters
        ----------
        X : table, n rows, as in `log_odds`
        level : float in (0, 1)
            Posterior probability of the interval.

        Returns
        -------
        pandas.DataFrame with columns ``lower`` and ``upper``
            "About 90 %": coverage of .86-.92 was measured where the prior's width was right.

        Raises
        ------
        ValueError
            If `level` is not between 0 and 1.
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
        X : table, n rows, as in `log_odds`
        factors : sequence of str, optional
            Which factors to count; those the model does not have are left out; all of the model's if none is left.
        applies : ndarray of bool, shape (n, len(factors)), optional
            Whom each factor is about; what does not apply counts neither way.

        Returns
        -------
        ndarray of float, shape (n,)
            1 where nothing applies.
        """
        return evidence_share(self.shapes, self._checked(X), factors, applies)

    @property
    def unknown_sd(self) -> dict[str, float]:
        """Per factor, the sd of its shape over typical pupils: how much asking about it could tell."""
        return {shape.factor: shape.variance**0.5 for shape in self.shapes}

    def rate_shift(self, X: Any) -> tuple[Floats, Floats]:
        """Shifts of the log-odds to the low and to the high published base rates; 0 once there are local outcomes.

        Parameters
        ----------
        X : table, n rows, as in `log_odds`

        Returns
        -------
        low, high : ndarray of float, shape (n,)
        """
        frame = self._checked(X)
        if self.rate_range is None or self.has_local_outcomes:
            return np.zeros(len(frame)), np.zeros(len(frame))
        return self.rate_range.shifts(word_column(frame, self.rate_range.factor))

    # ------------------------------------------------------------------ the same model elsewhere
    def at_prevalence(self, prevalence: float, X: Any = None) -> AdditiveModel:
        """Shift the level to a stated prevalence.

        Parameters
        ----------
        prevalence : float in (0, 1)
            Share of pupils who leave within the horizon.
        X : table, n rows, as in `log_odds`, optional
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
        eta = np.array([logit(self.national_mean)]) if X is None else self.log_odds(X)
        shift = shift_to(eta, prevalence)
        note = f"base shifted by {shift:+.4f} to a prevalence of {prevalence:.4f}{'' if X is None else ' over a run'}"
        mean = float(expit(np.array([logit(self.national_mean) + shift]))[0])
        return msgspec.structs.replace(self, base=self.base + shift, national_mean=mean, provenance=self._noted(note))

    def for_recorded(self, X: Any) -> AdditiveModel:
        """Let the recorded factors of a construct carry its whole published effect; without it risks come out too flat.

        Shares are renormalised over the factors that at least half of the pupils have; the others keep theirs, so that one
        pupil's answer still counts. Learned shapes are left alone. Doing it again for the same pupils changes nothing.

        Parameters
        ----------
        X : table, n rows, as in `log_odds`
            The run's pupils.

        Returns
        -------
        AdditiveModel
        """
        shapes, recorded = carried_by_recorded(self.shapes, self._checked(X))
        if shapes == self.shapes:
            return self
        note = "prior shares renormalised over the recorded factors: " + (", ".join(sorted(recorded)) or "none")
        return msgspec.structs.replace(self, shapes=shapes, provenance=self._noted(note))

    def save(self, path: str | Path) -> None:
        """Write ``model.json``, which `load_model` reads; an existing file is replaced.

        Parameters
        ----------
        path : str or Path
            The file.

        Raises
        ------
        ModelFileError
            If the model holds a number that is not finite, or does not fit together.
        """
        from pumpurs_risk.model.store import save_model

        save_model(self, path)

    def as_sql(self, dialect: str = "duckdb") -> str:
        """Give the log-odds as one SQL expression over columns named as the factors, which must all exist.

        Parameters
        ----------
        dialect : {"duckdb"}
            Which database will read it.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            For another dialect.
        """
        return log_odds_sql(self, dialect)

    # ------------------------------------------------------------------ inside
    def _noted(self, note: str) -> Provenance:
        return msgspec.structs.replace(self.provenance, notes=(*self.provenance.notes, note))

    def _checked(self, X: Any) -> pd.DataFrame:
        frame = as_frame(X)
        check_known(frame, self.features)
        return frame


__all__ = ["AdditiveModel", "CovarianceBlock", "Provenance", "RateRange", "expit", "logit"]

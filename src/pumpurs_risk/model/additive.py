"""AdditiveModel: base plus one shape per factor. Everything downstream reads this one object."""

from __future__ import annotations

from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from pumpurs_risk.model.certainty import ModelCertainty
from pumpurs_risk.model.inputs import shape_column, word_column
from pumpurs_risk.model.level import at_prevalence
from pumpurs_risk.model.odds import expit, logit
from pumpurs_risk.model.parts import CovarianceBlock, Provenance, RateRange
from pumpurs_risk.model.reference import reference_values
from pumpurs_risk.model.shapes import Floats
from pumpurs_risk.model.shares import for_recorded
from pumpurs_risk.model.sql import log_odds_sql
from pumpurs_risk.model.terms import school_values, school_variance, shape_values, term_columns

if TYPE_CHECKING:
    from pumpurs_risk.model.reference import Reference


class AdditiveModel(ModelCertainty, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An additive logistic model: plain data, exact, NumPy only.

    ``log_odds = base + school's level + sum of one shape per factor + pairs``: these terms are the reasons, there is no
    second model.

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
        Posterior of the coefficients, without the base: all shapes' in order, then the cells of the pairs.
    base_variance : float
        Posterior variance of `base`, common to all pupils.
    rate_range : RateRange, optional
        Low and high base rates while no local outcomes exist.
    provenance : Provenance
        Source, uses, history.
    pairs : tuple of PairShape
        What two factors add together; each gets half of it as its reason.
    schools : SchoolLevels, optional
        What each school adds, by the column ``school_id`` of X; part of the base values, never a reason.
    training, pooling : Training, Pooling, optional
        What it has learned from.
    two_years : AdditiveModel, optional
        The curves for two years, with the same factors.

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

    two_years: AdditiveModel | None = None

    def __repr__(self) -> str:
        return f"AdditiveModel({self.name!r}, {len(self.features)} factors, horizon {self.horizon!r}, base {self.base:.4f})"

    # ------------------------------------------------------------------ scores
    def log_odds(self, X: Any) -> Floats:
        """Log-odds of leaving within the horizon.

        Parameters
        ----------
        X : table with named columns, n rows
            Factor values; NaN, None and columns that are not there mean unknown. ``school_id`` gives the school's level,
            if the model has one; other columns are ignored.

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
        total = self.base + school_values(self, frame)
        for shape in self.shapes:
            total += shape.evaluate(shape_column(frame, shape))
        for pair in self.pairs:
            total += pair.evaluate(*term_columns(frame, pair))
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
            Two years without curves of their own are ``1 - (1 - p)^2``; with them, never less than one year. Of a model whose
            own `horizon` is two years, one year is ``1 - sqrt(1 - p)``.

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
        if self.horizon == "2y":
            return p if horizon == "2y" else 1 - np.sqrt(1 - p)
        if horizon == "1y":
            return p
        return 1 - (1 - p) ** 2 if self.two_years is None else np.maximum(p, expit(self.two_years.log_odds(X)))

    # ------------------------------------------------------------------ reasons
    def contributions(self, X: Any, reference: Reference = "population") -> pd.DataFrame:
        """What each factor adds, against a reference; with `base_values` it adds up exactly to `log_odds`.

        Half of what a pair adds belongs to each of its two factors.

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
        """Log-odds of the reference in the pupil's own school: ``base_values + contributions.sum(axis=1) == log_odds``.

        Parameters
        ----------
        X, reference : as in `contributions`

        Returns
        -------
        ndarray of float, shape (n,)
        """
        frame = self._checked(X)
        against: Floats = reference_values(self, frame, reference).sum(axis=1)  # one row, or one per pupil
        return self.base + school_values(self, frame) + against

    def interval(self, X: Any, level: float = 0.9) -> pd.DataFrame:
        """Credible interval of the probability, the base's uncertainty and the school's included.

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
        common = self.base_variance + school_variance(self, frame)
        reach = NormalDist().inv_cdf(0.5 + level / 2) * np.sqrt(self.sd(frame) ** 2 + common)
        return pd.DataFrame({"lower": expit(centre - reach), "upper": expit(centre + reach)}, index=frame.index)

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
        """Shift the level to a stated prevalence; curves for two years shift by the same log-odds.

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
        return at_prevalence(self, prevalence, X)

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
        return for_recorded(self, X)

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

        ``school_id`` is such a column too where the model has school levels.

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


__all__ = ["AdditiveModel", "CovarianceBlock", "Provenance", "RateRange", "expit", "logit"]

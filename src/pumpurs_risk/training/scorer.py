"""DropoutScorer: a scikit-learn classifier that grows from published evidence to a model of a place's own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, check_is_fitted, validate_data

from pumpurs_risk.errors import ProtectedAttributeWarning, TrainingError
from pumpurs_risk.factors.horizon import Horizon
from pumpurs_risk.model import AdditiveModel, load_model
from pumpurs_risk.model.inputs import as_frame
from pumpurs_risk.model.odds import expit
from pumpurs_risk.model.shapes import Floats
from pumpurs_risk.training.fit.columns import choose_columns
from pumpurs_risk.training.fit.outcomes import read_outcomes

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.training.information import Information
    from pumpurs_risk.training.summary import ShapeSummary


class DropoutScorer(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Additive logistic model of monotone curves around a prior: published evidence, another model, or none.

    Without outcomes it is the prior; with few it moves the level and what the data speak of; with many the prior stops
    mattering. The result, `model_`, is an `AdditiveModel`: exact reasons, intervals, a file without code.

    Parameters
    ----------
    prior : str, Path, AdditiveModel or None, default="literature-prior"
        Where the curves start: a model or its name; a pooled one (`pool_models`) also brings its own widths. None: flat.
    monotonic_cst : mapping or array-like of {-1, 0, 1}, optional
        Known directions by factor, or one per column; goes before the catalogue's.
    knots : mapping of str to sequence of float, optional
        Where a factor's curve may bend. Factors of the catalogue have standard knots, so that models can be pooled; for
        others up to 9 values or weighted quantiles.
    pairs : None, "auto" or sequence of (str, str), default=None
        Surfaces over two factors besides the curves: none, those that the data show (from 5,000 rows on), or these.
    width : float, optional
        Prior sd of a numeric factor's total effect, in log-odds. By default 0.5 below 10 distinct leavers, else by evidence.
    relevance : bool, default=True
        Whether factors may have widths of their own, from 30 distinct leavers on.
    school_levels : bool, default=True
        Whether schools (column ``school_id``) have partially pooled levels of their own.
    design : sequence of str, optional
        Columns of X that are fitted beside the factors and are no part of any score, such as support already given.
    pos_label : optional
        The label of y that means leaving; by default 1; of two words the one that says so (dropped_out, left, yes), else the
        second in sorted order, with a warning.
    horizon : str, default="1y"
        How far the outcomes look ahead; written into the model.
    name : str, default="trained"
        Name of the model.
    catalogue : Catalogue, optional
        The shipped one by default.

    Attributes
    ----------
    model_ : AdditiveModel
    classes_ : ndarray, shape (2,)
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X had names; the model's own are ``model_.feature_names_in_``.
    information_ : Information or None
        What the data alone say of the curves; None if there were no data.
    n_leavers_ : int
        Distinct leavers: by ``pupil_id``, else the summed weight of rows who left.

    Notes
    -----
    ``pupil_id``, ``school_id``, ``class_id``, ``as_of`` and ``semester`` are never factors. In a table that holds any factor
    of the catalogue, the other context columns and protected attributes (sex, language, ...) are left out too; a table of
    other columns is taken as it is, with a warning where a column names a protected attribute. Rows whose outcome is not
    known are dropped and counted in ``model_.training``. Weigh overlapping windows 1/H (`training_table` does).

    The prior of a curve's increments is a line plus deviations; the width is chosen by Laplace evidence, relevance by
    expectation-maximisation of the same evidence (MacKay, Neural Computation 4, 1992), the rest by projected Newton; the
    posterior is its Laplace approximation on the coefficients that no bound holds. Pairs of a prior go on as they are.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> records = pr.make_cohort(1500, form="tables", random_state=0)
    >>> X, y, weight, groups = pr.training_table(records, as_of=["2026-01-15", "2027-01-15"])
    >>> scorer = DropoutScorer().fit(X, y, sample_weight=weight)
    >>> scorer.model_.has_local_outcomes, scorer.predict_proba(X).shape == (len(X), 2)
    (True, True)
    >>> added = scorer.model_.base_values(X) + scorer.model_.contributions(X).sum(axis=1)
    >>> bool(abs(added - scorer.decision_function(X)).max() < 1e-9)
    True
    """

    def __init__(
        self,
        prior: str | Path | AdditiveModel | None = "literature-prior",
        *,
        monotonic_cst: Mapping[str, int] | Sequence[int] | None = None,
        knots: Mapping[str, Sequence[float]] | None = None,
        pairs: Literal["auto"] | Sequence[tuple[str, str]] | None = None,
        width: float | None = None,
        relevance: bool = True,
        school_levels: bool = True,
        design: Sequence[str] | None = None,
        pos_label: Any = None,
        horizon: str = "1y",
        name: str = "trained",
        catalogue: Catalogue | None = None,
    ) -> None:
        self.prior = prior
        self.monotonic_cst = monotonic_cst
        self.knots = knots
        self.pairs = pairs
        self.width = width
        self.relevance = relevance
        self.school_levels = school_levels
        self.design = design
        self.pos_label = pos_label
        self.horizon = horizon
        self.name = name
        self.catalogue = catalogue

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> DropoutScorer:
        """Learn from rows whose outcome is known.

        Parameters
        ----------
        X : table with named columns or array, n rows
            pandas, Polars or Arrow; NaN is unknown. Words, categories and booleans are levels.
        y : array-like, shape (n,)
            1 left, 0 stayed, NaN not known; or two labels.
        sample_weight : array-like, shape (n,), optional
            Not negative; 1/H for overlapping windows.

        Returns
        -------
        DropoutScorer

        Raises
        ------
        TrainingError
            If no outcome is known, no column is a factor, or pairs are asked of too few rows.
        ValueError
            For parameters or data that cannot be used.
        """
        from pumpurs_risk.training.fit.learning import Task, learn

        if self.width is not None and not (isinstance(self.width, int | float) and 0 < self.width < np.inf):
            raise ValueError(f"width must be a positive number of log-odds, such as 0.5, or None; got {self.width!r}")
        if y is None:
            raise ValueError("This DropoutScorer estimator requires y to be passed, but the target y is None.")
        frame = self._frame(X, reset=True)
        catalogue = self._catalogue()
        prior = load_model(self.prior) if isinstance(self.prior, str | Path) else self.prior
        Horizon.of(self.horizon)
        chosen = choose_columns(list(frame.columns), catalogue, tuple(self.design or ()))
        if not chosen.factors:
            raise TrainingError("training_no_factor", columns=", ".join(map(str, frame.columns[:8])) or "–")
        self._warn_protected(chosen.protected, used=not chosen.of_catalogue)
        self.strict_ = not chosen.of_catalogue
        if not len(frame) and prior is not None:
            return self._as_prior(prior)
        check_consistent_length(frame, y)
        outcomes = read_outcomes(y, self.pos_label)
        weight = _check_sample_weight(sample_weight, frame, dtype=np.float64, ensure_non_negative=True)
        self.classes_ = outcomes.classes
        self.positive_ = outcomes.positive
        task = Task(
            frame=frame, outcomes=outcomes, weight=weight, chosen=chosen, prior=prior, catalogue=catalogue, options=self
        )
        learned = learn(task)
        self.model_: AdditiveModel = learned.model
        self.information_: Information | None = learned.information
        self.n_leavers_: int = learned.leavers
        return self

    def decision_function(self, X: Any) -> Floats:
        """Log-odds of the second class.

        Parameters
        ----------
        X : table or array, n rows, with the columns of `fit`

        Returns
        -------
        ndarray of float, shape (n,)
        """
        check_is_fitted(self)
        eta = self.model_.log_odds(self._frame(X, reset=False))
        return eta if self.positive_ == 1 else -eta

    def predict_proba(self, X: Any) -> Floats:
        """Probability of each class.

        Parameters
        ----------
        X : table or array, n rows, with the columns of `fit`

        Returns
        -------
        ndarray of float, shape (n, 2)
            In the order of `classes_`.
        """
        p = expit(self.decision_function(X))
        return np.column_stack([1 - p, p])

    def predict(self, X: Any) -> Any:
        """Give the more probable class. For a list of pupils use the probabilities and a number of places.

        Parameters
        ----------
        X : table or array, n rows, with the columns of `fit`

        Returns
        -------
        ndarray, shape (n,)
        """
        decided = (self.decision_function(X) > 0).astype(int)
        return self.classes_[decided]

    @property
    def summary_(self) -> ShapeSummary:
        """What may be shared with others without any pupil's row: see `pool_models`.

        Raises
        ------
        TrainingError
            If it would be made from too few leavers or pupils.
        """
        from pumpurs_risk.training.summary import summary_of

        check_is_fitted(self)
        if self.information_ is None:
            raise TrainingError("training_no_outcome", rows=0)
        return summary_of(self.information_)

    def __sklearn_tags__(self) -> Tags:
        """Say what scikit-learn may expect: two classes, NaN allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    # ------------------------------------------------------------------ inside
    def _frame(self, X: Any, *, reset: bool) -> pd.DataFrame:
        """Give X as a frame; arrays are checked as scikit-learn does, and their columns numbered."""
        if hasattr(X, "to_pandas") or isinstance(X, pd.DataFrame) or type(X) is dict:
            frame = as_frame(X)
            if len(frame) != len(frame.index) or any(not isinstance(c, str) for c in frame.columns):
                frame = frame.set_axis([str(c) for c in frame.columns], axis=1)
            if reset or self.strict_:
                validate_data(self, X if isinstance(X, pd.DataFrame) else frame, skip_check_array=True, reset=reset)
            if frame.columns.has_duplicates:
                twice = frame.columns[frame.columns.duplicated()][0]
                raise ValueError(f"X has the column {twice!r} twice.")
            return frame
        values = validate_data(self, X, dtype="numeric", ensure_all_finite="allow-nan", reset=reset)
        return pd.DataFrame(values, columns=[f"x{j}" for j in range(values.shape[1])])

    def _as_prior(self, prior: AdditiveModel) -> DropoutScorer:
        self.model_ = prior
        self.information_ = None
        self.n_leavers_ = 0
        self.classes_ = np.array([0, 1])
        self.positive_ = 1
        return self

    def _catalogue(self) -> Catalogue:
        if self.catalogue is not None:
            return self.catalogue
        return _shipped()

    def _warn_protected(self, names: tuple[str, ...], *, used: bool) -> None:
        if not names:
            return
        said = ", ".join(names)
        if used:
            what = f"Used as factors although they may be protected attributes: {said}. Leave them out unless this is an audit."
        else:
            what = f"Protected attributes are never factors and were left out: {said}. Use them to audit the result."
        warnings.warn(what, ProtectedAttributeWarning, stacklevel=3)


_loaded: list[Any] = []


def _shipped() -> Catalogue:
    """Load the shipped catalogue once."""
    from pumpurs_risk.catalogue import Catalogue

    if not _loaded:
        _loaded.append(Catalogue.load())
    found: Catalogue = _loaded[0]
    return found

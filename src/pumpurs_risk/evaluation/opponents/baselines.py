"""Opponents as scikit-learn classifiers: simple rules, and what school and programme alone say."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from pumpurs_risk.errors import EvaluationError
from pumpurs_risk.evaluation.figures.ranking import Floats, ratio
from pumpurs_risk.evaluation.opponents.pooled_rates import PooledRates, pooled_rates
from pumpurs_risk.evaluation.opponents.rules import Rule, not_recorded, rule_of, shipped_rules
from pumpurs_risk.model.inputs import as_frame, word_column
from pumpurs_risk.model.odds import expit

_MOST_VALUES = 10  # a score with more distinct values has its rates worked out in so many bins
_AS_IF = 10.0  # rows at the overall rate that every value's own rate is shrunk towards
_CONTEXT = ("school_id", "programme_level")


def baseline_classifiers() -> dict[str, RuleClassifier]:
    """One classifier per shipped rule, not fitted yet.

    Returns
    -------
    dict of str to RuleClassifier
        In the order of the file of rules.

    Examples
    --------
    >>> "abc" in baseline_classifiers()
    True
    """
    return {name: RuleClassifier(rule=name) for name in shipped_rules()}


class RuleClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A simple rule: it knows how to rank by itself, and learns at most the rate of leavers per value of its score.

    Parameters
    ----------
    rule : str or Rule
        Id of a shipped rule, or one of your own.

    Attributes
    ----------
    classes_ : ndarray of int
        0 stays, 1 leaves.
    calibrated_ : bool
        Whether outcomes were there to learn the rates from; without them `predict_proba` is a rank from 0 to 1.
    fill_ : ndarray of float
        Per condition the share of the known rows in which it holds: what a row counts with where it is not known.
    edges_, rates_ : ndarray of float
        Bins of the score, and the rate of each, shrunk as if 10 more rows had the overall rate.
    missing_ : tuple of str
        Factors of the rule that the table does not record.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"absence_share": [0.02, 0.15, None, 0.03]})
    >>> rule = RuleClassifier("chronic_absence").fit(X, [0, 1, 0, 0])
    >>> rule.decision_function(X).round(2).tolist()
    [0.0, 1.0, 0.33, 0.0]
    """

    def __init__(self, rule: str | Rule = "abc") -> None:
        self.rule = rule

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> RuleClassifier:
        """Learn what unknown counts for, and the rate per value of the score if outcomes are given.

        Parameters
        ----------
        X : table with named columns, n rows
            With the factors of the rule.
        y : array-like, shape (n,), optional
            1 left, 0 stayed, NaN not known.
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        RuleClassifier

        Raises
        ------
        EvaluationError
            If a factor that the rule needs is not recorded.
        """
        frame, rule = as_frame(X), rule_of(self.rule)
        self.missing_ = not_recorded(rule, frame)
        if self.missing_ and not (rule.partial and len(self.missing_) < len(rule.factors)):
            raise EvaluationError("rule_needs", rule=rule.id or "?", factors=", ".join(self.missing_))
        self.classes_ = np.array([0, 1])
        self.n_features_in_ = len(rule.factors)
        self._used = tuple(each for each in rule.conditions if each.factor not in self.missing_)
        self.fill_ = np.array([float(np.nanmean(condition.holds(frame))) for condition in self._used])
        self.calibrated_ = y is not None
        score = self.decision_function(frame)
        self._low, self._high = float(score.min()), float(score.max())
        if y is not None:
            self._learn_rates(score, np.asarray(y, dtype=float), sample_weight)
        return self

    def _learn_rates(self, score: Floats, y: Floats, sample_weight: Any) -> None:
        known = ~np.isnan(y)
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        score, y, weight = score[known], y[known], weight[known]
        values = np.unique(score)
        if len(values) > _MOST_VALUES:
            values = np.unique(np.quantile(score, np.linspace(0, 1, _MOST_VALUES + 1), method="inverted_cdf")[:-1])
        self.edges_ = values[1:]
        at = np.searchsorted(self.edges_, score, side="right")
        overall = float(ratio((weight * y).sum(), weight.sum()))
        left = np.bincount(at, weights=weight * y, minlength=len(values))
        total = np.bincount(at, weights=weight, minlength=len(values))
        self.rates_ = (left + _AS_IF * overall) / (total + _AS_IF)

    def decision_function(self, X: Any) -> Floats:
        """Score of each row: how many conditions hold, or the value itself.

        Parameters
        ----------
        X : table with named columns, n rows

        Returns
        -------
        ndarray of float, shape (n,)
        """
        check_is_fitted(self, "fill_")
        frame = as_frame(X)
        held = np.stack([each.holds(frame) for each in self._used])
        held = np.where(np.isnan(held), self.fill_[:, None], held)
        score: Floats = held.max(axis=0) if rule_of(self.rule).combine == "any" else held.sum(axis=0)
        return score

    def predict_proba(self, X: Any) -> Floats:
        """Rate of leavers at the row's score; a rank from 0 to 1 where no outcomes were there to learn it from.

        Parameters
        ----------
        X : table with named columns, n rows

        Returns
        -------
        ndarray of float, shape (n, 2)
        """
        score = self.decision_function(X)
        if self.calibrated_:
            p = self.rates_[np.searchsorted(self.edges_, score, side="right")]
        else:
            p = np.clip((score - self._low) / max(self._high - self._low, 1e-12), 0.0, 1.0)
        return np.column_stack([1 - p, p])

    def predict(self, X: Any) -> NDArray[np.int64]:
        """1 where the probability is above one half."""
        return (self.predict_proba(X)[:, 1] > 0.5).astype(np.int64)


class SchoolProgrammeClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What school and programme alone say of a pupil: rates of both, partially pooled, and nothing about the person.

    A fair opponent: small schools are pulled towards the others, as far as the data say. If a model does not beat it, support
    belongs to a school and not to names on a list.

    Parameters
    ----------
    columns : tuple of str
        Columns that it looks at; those that a table does not have are left out.

    Attributes
    ----------
    classes_ : ndarray of int
        0 stays, 1 leaves.
    rates_ : PooledRates
        Log-odds of each school and each programme and level, and how much they differ.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"school_id": ["a"] * 50 + ["b"] * 50})
    >>> classifier = SchoolProgrammeClassifier().fit(X, [1] * 10 + [0] * 40 + [0] * 50)
    >>> a, b = classifier.predict_proba(X)[[0, 99], 1]
    >>> bool(0.2 > a > 0.1 > b > 0.0)
    True
    """

    def __init__(self, columns: tuple[str, ...] = _CONTEXT) -> None:
        self.columns = columns

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> SchoolProgrammeClassifier:
        """Learn the rates.

        Parameters
        ----------
        X : table with named columns, n rows
        y : array-like, shape (n,)
            1 left, 0 stayed, NaN not known.
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        SchoolProgrammeClassifier

        Raises
        ------
        EvaluationError
            If the table has none of the columns, or no outcome is known.
        """
        frame = as_frame(X)
        columns = tuple(name for name in self.columns if name in frame and frame[name].notna().any())
        if not columns:
            raise EvaluationError("rule_needs", rule="school_and_programme", factors=", ".join(self.columns))
        left = np.asarray(y, dtype=float)
        known = ~np.isnan(left)
        if not known.any():
            raise EvaluationError("nothing_known")
        weight = np.ones(len(left)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        self.classes_ = np.array([0, 1])
        self.n_features_in_ = len(columns)
        words = {name: word_column(frame, name)[known] for name in columns}
        self.rates_: PooledRates = pooled_rates(words, left[known], weight[known])
        return self

    def decision_function(self, X: Any) -> Floats:
        """Log-odds; a school or programme that was not in the training has the level of all.

        Parameters
        ----------
        X : table with named columns, n rows

        Returns
        -------
        ndarray of float, shape (n,)
        """
        check_is_fitted(self, "rates_")
        frame = as_frame(X)
        return self.rates_.log_odds({name: word_column(frame, name) for name in self.rates_.levels}, len(frame))

    def predict_proba(self, X: Any) -> Floats:
        """Probability of staying and of leaving.

        Parameters
        ----------
        X : table with named columns, n rows

        Returns
        -------
        ndarray of float, shape (n, 2)
        """
        p = expit(self.decision_function(X))
        return np.column_stack([1 - p, p])

    def predict(self, X: Any) -> NDArray[np.int64]:
        """1 where the probability is above one half."""
        return (self.predict_proba(X)[:, 1] > 0.5).astype(np.int64)

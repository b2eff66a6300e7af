"""Everything that is judged on the same rows: the model, its challengers, the rules, school and programme, the staff's list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pumpurs_risk.errors import EvaluationError, PumpursError
from pumpurs_risk.evaluation.figures.calibration import log_odds
from pumpurs_risk.evaluation.figures.ranking import Floats
from pumpurs_risk.evaluation.figures.scoring import Scored
from pumpurs_risk.evaluation.table import Rows, StackedRows
from pumpurs_risk.factors.horizon import Horizon
from pumpurs_risk.model import AdditiveModel

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

DECIMALS = 9
"""Of the log-odds that count in a ranking; the last bits depend on how a table was split, as in a list."""
APART = ("support_given", "outcome", "weight")
"""Columns of a training table that are neither context nor factor."""
SCHOOL = "school_and_programme"


@dataclass(frozen=True)
class Split:
    """Which rows are learned from and which judge, once or fold by fold.

    Parameters
    ----------
    rows : StackedRows
    parts : sequence of (train, test)
        Row numbers; an empty train where nothing is to be learned.
    kind : {"temporal", "random"}
    horizon : str
        How far ahead outcomes were looked for.
    """

    rows: StackedRows
    parts: Sequence[tuple[Rows, Rows]]
    kind: str
    horizon: str = "1y"

    @property
    def test(self) -> Rows:
        """All rows that judge, in the order in which they are judged."""
        return np.concatenate([test for _, test in self.parts])

    @property
    def can_train(self) -> bool:
        """Whether every part has leavers and stayers to learn from."""
        return all(len(np.unique(self.rows.y[train][~np.isnan(self.rows.y[train])])) == 2 for train, _ in self.parts)


@dataclass
class Opponents:
    """What could be scored, and what could not.

    Parameters
    ----------
    scored : list of Scored
    not_computable : list of dict
        name, kind, code and params of the reason.
    """

    scored: list[Scored] = field(default_factory=list)
    not_computable: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, kind: str, make: Callable[[], Scored]) -> None:
        """Score an opponent, or write down why it cannot be."""
        try:
            self.scored.append(make())
        except PumpursError as error:
            self.not_computable.append({"name": name, "kind": kind, "code": error.code, "params": error.params})
        except Exception as error:  # a challenger is anybody's estimator: what it says is reported, the others go on
            reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200]
            self.not_computable.append(
                {"name": name, "kind": kind, "code": "challenger_failed", "params": {"reason": reason}}
            )


def score_estimator(
    name: str, kind: str, estimator: Any, split: Split, catalogue: Catalogue, pos_label: Any = None
) -> Scored:
    """Score the test rows with a fitted estimator, or fit a clone of an unfitted one on each part's training rows.

    Parameters
    ----------
    name, kind : str
        As for `Scored`.
    estimator : AdditiveModel or classifier
        With ``predict_proba``.
    split : Split
    catalogue : Catalogue
        Says which columns are factors.
    pos_label : optional
        The label of `estimator.classes_` that means that a pupil left.

    Returns
    -------
    Scored

    Raises
    ------
    EvaluationError
        If it gives no probabilities, or is not fitted and there is nothing to learn from.
    """
    if not hasattr(estimator, "predict_proba"):
        raise EvaluationError("evaluation_cannot_score", model=name)
    fitted = is_fitted(estimator)
    if not fitted and not split.can_train:
        days = ", ".join(map(str, split.rows.days))
        given = any(len(train) for train, _ in split.parts)
        raise (
            EvaluationError("evaluation_training_empty", days=days)
            if given
            else EvaluationError("evaluation_not_fitted", model=name)
        )
    score, p = np.empty(0), np.empty(0)
    for train, test in split.parts:
        used = estimator if fitted else _fitted_clone(estimator, split.rows, train, catalogue)
        own_score, own_p = _scores(
            used, split.rows.X.iloc[test].reset_index(drop=True), catalogue, pos_label, split.horizon
        )
        score, p = np.r_[score, own_score], np.r_[p, own_p]
    return Scored(name, kind, score, p)


def is_fitted(estimator: Any) -> bool:
    """Whether something can score already; a model of ours always can."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if isinstance(estimator, AdditiveModel) or not hasattr(estimator, "fit"):
        return True
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def additive_model_in(estimator: Any) -> AdditiveModel | None:
    """The additive model that an estimator is or holds, to know which days it has learned from."""
    if isinstance(estimator, AdditiveModel):
        return estimator
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else getattr(estimator, "best_estimator_", estimator)
    found = getattr(last, "model_", None)
    return found if isinstance(found, AdditiveModel) else None


def _fitted_clone(estimator: Any, rows: StackedRows, train: Rows, catalogue: Catalogue) -> Any:
    from sklearn.base import clone

    from pumpurs_risk.training.fit.columns import choose_columns

    fresh = clone(estimator)
    if knows_our_columns(fresh):
        X = rows.X.iloc[train].reset_index(drop=True)
        return fresh.fit(X, rows.y[train], **_weights(fresh, rows.weight[train]))
    known = train[~np.isnan(rows.y[train])]
    raw = rows.X.iloc[known].reset_index(drop=True)
    names = choose_columns([str(name) for name in raw], catalogue, APART).factors
    X = as_numbers(raw, names).dropna(axis="columns", how="all")  # imputers and trees stumble over what nobody recorded
    fresh.fit(X, rows.y[known].astype(np.int64), **_weights(fresh, rows.weight[known]))
    return _WithColumns(fresh, tuple(X.columns), names)


def _weights(estimator: Any, weight: Floats) -> dict[str, Floats]:
    """How this estimator takes weights, if it takes any."""
    from sklearn.utils.validation import has_fit_parameter

    if hasattr(estimator, "steps"):
        name, last = estimator.steps[-1]
        return {f"{name}__sample_weight": weight} if has_fit_parameter(last, "sample_weight") else {}
    return {"sample_weight": weight} if has_fit_parameter(estimator, "sample_weight") else {}


def knows_our_columns(estimator: Any) -> bool:
    """Whether an estimator, or one inside it, is of this library and takes a factor table as it is."""
    inside = estimator.get_params(deep=True).values() if hasattr(estimator, "get_params") else ()
    return any(type(each).__module__.startswith("pumpurs_risk.") for each in (estimator, *inside))


@dataclass(frozen=True)
class _WithColumns:
    """An estimator that learned from numbers, and the columns that it learned from."""

    estimator: Any
    columns: tuple[str, ...]
    factors: tuple[str, ...]

    @property
    def classes_(self) -> Any:
        return self.estimator.classes_

    def predict_proba(self, X: pd.DataFrame) -> Floats:
        p: Floats = self.estimator.predict_proba(_numbers_named(X, self.factors, self.columns))
        return p


def as_numbers(X: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Columns as numbers for estimators that know no words: each level of a column of words becomes a column of 0 and 1.

    Examples
    --------
    >>> as_numbers(pd.DataFrame({"level": ["a", "b", None], "age": [1, 2, 3]}), ["level", "age"]).columns.tolist()
    ['level=a', 'level=b', 'age']
    """
    parts: dict[str, Any] = {}
    for name in names:
        column = X[name]
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            parts[name] = column.to_numpy(dtype=float, na_value=np.nan)
        else:
            for level in sorted(column.dropna().astype(str).unique()):
                parts[f"{name}={level}"] = (column.astype(str) == level).to_numpy(dtype=float)
    return pd.DataFrame(parts, index=X.index)


def asks_for_two_years(model: AdditiveModel, horizon: str) -> bool:
    """Whether outcomes of two years are asked of a model whose own probabilities are of one."""
    return Horizon.of(horizon).months == 24 and Horizon.of(model.horizon).months == 12


def _scores(
    estimator: Any, X: pd.DataFrame, catalogue: Catalogue, pos_label: Any, horizon: str
) -> tuple[Floats, Floats]:
    """What ranks, and probabilities."""
    if isinstance(estimator, AdditiveModel):
        model = estimator.for_recorded(X)  # as a run does before it makes a list
        if asks_for_two_years(model, horizon):
            p = model.risk(X, "2y")
            return np.round(log_odds(p), DECIMALS), p
        return np.round(model.log_odds(X), DECIMALS), model.predict_proba(X)[:, 1]
    columns = _columns_for(estimator, X, catalogue)
    p = np.asarray(estimator.predict_proba(columns), dtype=float)[:, _left_column(estimator, pos_label)]
    return np.round(log_odds(p), DECIMALS), p


def _columns_for(estimator: Any, X: pd.DataFrame, catalogue: Catalogue) -> Any:
    if isinstance(estimator, _WithColumns) or knows_our_columns(estimator):
        return X
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and set(names) <= set(X.columns):
        return X[list(names)]
    from pumpurs_risk.training.fit.columns import choose_columns

    factors = choose_columns([str(name) for name in X], catalogue, APART).factors
    if names is not None:
        return _numbers_named(X, factors, tuple(names))
    numbers = as_numbers(X, factors)
    return numbers.to_numpy() if numbers.shape[1] == getattr(estimator, "n_features_in_", numbers.shape[1]) else X


def _numbers_named(X: pd.DataFrame, factors: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    numbers = as_numbers(X, factors).reindex(columns=list(names))
    words = [name for name in names if "=" in name and name not in X]
    numbers[words] = numbers[words].fillna(0.0)
    return numbers


def _left_column(estimator: Any, pos_label: Any) -> int:
    classes = list(getattr(estimator, "classes_", [0, 1]))
    wanted = 1 if pos_label is None or pos_label not in classes else pos_label
    return classes.index(wanted) if wanted in classes else len(classes) - 1


def score_rule(name: str, kind: str, classifier: Any, split: Split) -> Scored:
    """Score a rule, or school and programme: rates learned on the training rows if there are any, else a ranking alone.

    Parameters
    ----------
    name, kind : str
        As for `Scored`.
    classifier : RuleClassifier or SchoolProgrammeClassifier
        Not fitted yet.
    split : Split

    Returns
    -------
    Scored

    Raises
    ------
    EvaluationError
        If a factor is not recorded, or if it must learn and there is nothing to learn from.
    """
    from sklearn.base import clone

    from pumpurs_risk.evaluation.opponents.baselines import RuleClassifier

    rows, trains = split.rows, split.can_train
    if not trains and not isinstance(classifier, RuleClassifier):
        raise EvaluationError("evaluation_not_fitted", model=name)
    score, p = np.empty(0), np.empty(0)
    for train, test in split.parts:
        X = rows.X.iloc[test]
        if trains:
            fitted = clone(classifier).fit(rows.X.iloc[train], rows.y[train], rows.weight[train])
            p = np.r_[p, fitted.predict_proba(X)[:, 1]]
        else:
            fitted = clone(classifier).fit(X)
        score = np.r_[score, fitted.decision_function(X)]
    return Scored(name, kind, np.round(score, DECIMALS), p if trains else None)


def programme_rates(name: str, X: pd.DataFrame) -> Scored:
    """What the published base rates say of programme and level alone: the opponent while there is nothing to learn from.

    Parameters
    ----------
    name : str
        As for `Scored`.
    X : pandas.DataFrame, n rows
        With programme_level.

    Returns
    -------
    Scored

    Raises
    ------
    EvaluationError
        If the column is not there.
    """
    from pumpurs_risk.model import load_model

    if "programme_level" not in X or not X["programme_level"].notna().any():
        raise EvaluationError("rule_needs", rule=name, factors="programme_level")
    prior = load_model("literature-prior")
    alone = X[["programme_level"]].reset_index(drop=True)
    return Scored(name, "context", np.round(prior.log_odds(alone), DECIMALS), prior.predict_proba(alone)[:, 1])


def staff_scores(name: str, listed: Floats) -> Scored:
    """A list that people made, as a score of 1 and 0.

    Raises
    ------
    EvaluationError
        If nobody of the test rows is on it.
    """
    if not listed.any():
        raise EvaluationError("no_staff_list")
    return Scored(name, "staff", listed, None)


def named(challengers: Mapping[str, Any] | None, ceiling: bool) -> dict[str, Any]:
    """Challengers by name, the ceiling among them if it is asked for."""
    found = dict(challengers or {})
    if ceiling:
        from sklearn.ensemble import HistGradientBoostingClassifier

        found["ceiling"] = HistGradientBoostingClassifier(
            learning_rate=0.08,
            max_iter=100,
            max_leaf_nodes=8,
            min_samples_leaf=30,
            l2_regularization=1.0,
            random_state=0,
        )
    return found


def number_of_contexts(rows: StackedRows, at: Rows) -> tuple[int, int]:
    """How many schools, and how many programmes and levels, the rows are of."""
    levels: NDArray[np.object_] = (
        rows.X["programme_level"].iloc[at].dropna().unique() if "programme_level" in rows.X else np.array([], object)
    )
    return len(np.unique(rows.school[at].astype(str))), len(levels)

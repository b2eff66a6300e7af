"""What is each datum worth: what it adds to what the lists find, by doing without it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from pumpurs_risk.errors import EvaluationError, TrainingWarning
from pumpurs_risk.evaluation.figures.ranking import Floats, Ints
from pumpurs_risk.evaluation.table import StackedRows, places_of, stacked_rows
from pumpurs_risk.evaluation.worth.listed_share import difference_ends, recalls, share_listed

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

Worth = Literal["adds", "adds_nothing", "cannot_tell"]
Split = tuple[Ints, Ints]
"""Positions of the rows that are learned from, and of those that judge."""

_WITH_ALL = "with_all"


def value_of_data(
    estimator: Any,
    table: tuple[Any, ...],
    *,
    factors: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    places: Any = None,
    cv: int | Literal["days"] | Iterable[tuple[Any, Any]] = 5,
    horizon: str = "1y",
    worth_having: float = 0.02,
    resamples: int = 1000,
    level: float = 0.95,
    random_state: int = 0,
    n_jobs: int = 1,
    catalogue: Catalogue | None = None,
) -> pd.DataFrame:
    """Measure what each datum adds to the share of leavers who are listed, by doing without it.

    Parameters
    ----------
    estimator : classifier, or AdditiveModel
        Fitted again without each datum; a finished model is scored without it instead, its other factors carrying what they
        then must (``for_recorded``).
    table : tuple
        X, y, weight and groups as from ``training_table``; the last two may be left out.
    factors : sequence of str, or mapping of str to sequence of str, optional
        Factors or whole constructs, one at a time; a mapping names sets of columns that are left out together. By default
        every sensitive and special-category factor of which anything is recorded.
    places : int or mapping of school to int, optional
        Places of each list; by default those of ``FlagPolicy()``, a share of the roll.
    cv : int, "days", or pairs of positions, default=5
        Folds by pupil; or every day judged by what was known on it (training days whose horizon had ended); or given splits,
        in which no row judges twice.
    horizon : str, default="1y"
        For ``cv="days"``.
    worth_having : float, default=0.02
        Smallest gain for which one would ask pupils and families such a question: 2 more of 100 leavers on the list.
    resamples, level, random_state
        Of the bootstrap over leavers; the same draws with and without the datum.
    n_jobs : int, default=1
        Processes that fit.
    catalogue : Catalogue, optional
        The shipped one by default.

    Returns
    -------
    pandas.DataFrame
        One row per datum, largest gain first: ``what``, ``factors`` (joined by ";"), ``sensitivity`` (the highest among
        them; "" for columns the catalogue does not know), ``recorded`` (share of rows), ``recall_with``, ``recall_without``,
        ``gain``, ``lower``, ``upper``, ``leavers``, ``verdict``: "adds" (the interval lies above 0), "adds_nothing" (it
        lies below `worth_having`: do not collect it) or "cannot_tell".

    Raises
    ------
    EvaluationError
        If a factor is not in the table, nobody left, no day can be judged, or a row judges twice.

    Notes
    -----
    The interval speaks of these models on other leavers; that another training table would give other models is not in it.
    It is never narrower than so many leavers allow: with few, everything is "cannot_tell".

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"told": rng.normal(size=2000), "noise": rng.normal(size=2000)})
    >>> y = rng.random(2000) < 1 / (1 + np.exp(3 - 2 * X["told"]))
    >>> found = value_of_data(LogisticRegression(), (X, y), factors=["told", "noise"], places=200, resamples=200)
    >>> found[["what", "verdict"]].values.tolist()
    [['told', 'adds'], ['noise', 'adds_nothing']]
    """
    from joblib import Parallel, delayed

    from pumpurs_risk.catalogue import Catalogue

    catalogue = catalogue or Catalogue.load()
    rows = stacked_rows(table, (), horizon)
    sets = _sets(rows.X, factors, catalogue)
    splits = _splits(rows, cv, horizon, random_state, fits=hasattr(estimator, "fit"))
    without: dict[str, tuple[str, ...]] = {_WITH_ALL: (), **sets}
    jobs = [(name, split) for name in without for split in splits]
    scores = Parallel(n_jobs=n_jobs)(
        delayed(_score)(estimator, rows.X, rows.y, rows.weight, without[name], split) for name, split in jobs
    )
    judged = np.concatenate([test for _, test in splits])
    lists, each = places_of(rows, judged, places, None, None)
    by_name = {
        name: np.concatenate([s for (n, _), s in zip(jobs, scores, strict=True) if n == name]) for name in without
    }
    found = {name: share_listed(score, lists, each) for name, score in by_name.items()}
    y, weight, pupil = rows.y[judged], rows.weight[judged], rows.pupil[judged]
    recall, drawn = recalls(y, weight, pupil, found, resamples, level, random_state)
    leavers = len(pd.unique(pd.Series(pupil[y == 1])))
    result = [
        {
            "what": name,
            "factors": ";".join(columns),
            "sensitivity": _sensitivity(columns, catalogue),
            "recorded": float(rows.X[list(columns)].notna().any(axis=1).mean()),
            "recall_with": recall[_WITH_ALL],
            "recall_without": recall[name],
            "gain": recall[_WITH_ALL] - recall[name],
            **difference_ends(
                y, weight, leavers, found[_WITH_ALL], found[name], drawn.difference((_WITH_ALL,), (name,)), level
            ),
            "leavers": leavers,
        }
        for name, columns in sets.items()
    ]
    frame = pd.DataFrame(result)
    frame["verdict"] = [
        _worth(low, high, worth_having) for low, high in zip(frame["lower"], frame["upper"], strict=True)
    ]
    return frame.sort_values("gain", ascending=False, ignore_index=True, kind="stable")


def _worth(lower: float, upper: float, worth_having: float) -> Worth:
    if lower > 0:
        return "adds"
    return "adds_nothing" if upper < worth_having else "cannot_tell"


def _sets(X: pd.DataFrame, factors: Any, catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Columns to do without, by name."""
    if isinstance(factors, Mapping):
        asked = {str(name): tuple(map(str, columns)) for name, columns in factors.items()}
    elif factors is None:
        sensitive = [name for name, factor in catalogue.factors.items() if factor.sensitivity != "ordinary"]
        asked = {name: (name,) for name in sensitive if name in X and X[name].notna().any()}
    else:
        asked = {str(name): _columns(str(name), X, catalogue) for name in factors}
    missing = [column for columns in asked.values() for column in columns if column not in X]
    missing += [name for name, columns in asked.items() if not columns]
    if missing or not asked:
        raise EvaluationError(
            "worth_factors", factors=", ".join(missing) or "–", known=", ".join(map(str, X.columns[:60]))
        )
    return asked


def _columns(name: str, X: pd.DataFrame, catalogue: Catalogue) -> tuple[str, ...]:
    if name in X or name not in catalogue.constructs:
        return (name,)
    return tuple(each for each, factor in catalogue.factors.items() if factor.construct == name and each in X)


def _sensitivity(columns: Sequence[str], catalogue: Catalogue) -> str:
    found = [catalogue.factors[name].sensitivity for name in columns if name in catalogue.factors]
    return max(found, key=("ordinary", "sensitive", "special").index) if found else ""


def _splits(rows: StackedRows, cv: Any, horizon: str, random_state: int, *, fits: bool) -> list[Split]:
    known = ~np.isnan(rows.y)
    everything = np.arange(len(rows.y))
    if not fits:
        return [(everything[:0], everything)]
    if isinstance(cv, str):
        from pumpurs_risk.factors.horizon import Horizon

        span = Horizon.of(horizon)
        days = rows.days
        pairs = [(rows.on([each for each in days if span.end(each) <= day]), rows.on([day])) for day in days]
    elif isinstance(cv, int):
        from pumpurs_risk.evaluation.temporal import grouped_folds

        fold = grouped_folds(rows.pupil, cv, random_state)
        pairs = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(cv)]
    else:
        pairs = [(np.asarray(train), np.asarray(test)) for train, test in cv]
        if np.bincount(np.concatenate([test for _, test in pairs]), minlength=1).max() > 1:
            raise EvaluationError("worth_twice")  # a list would hold a pupil twice
    splits = [(train[known[train]], test) for train, test in pairs]
    splits = [(train, test) for train, test in splits if len(test) and len(np.unique(rows.y[train])) == 2]
    if not splits:
        raise EvaluationError("worth_no_split")
    return splits


def _score(estimator: Any, X: pd.DataFrame, y: Floats, weight: Floats, without: Sequence[str], split: Split) -> Floats:
    """Scores of the rows that judge, by a model that never saw the columns."""
    train, test = split
    kept = X.drop(columns=list(without))
    if not hasattr(estimator, "fit"):
        model = estimator.for_recorded(kept) if hasattr(estimator, "for_recorded") else estimator
        return _positive(model, kept.iloc[test])
    from sklearn.base import clone
    from sklearn.utils.validation import has_fit_parameter

    weighted = {"sample_weight": weight[train]} if has_fit_parameter(estimator, "sample_weight") else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)  # said once, where the model itself is trained
        fitted = clone(estimator).fit(kept.iloc[train], y[train].astype(int), **weighted)
    return _positive(fitted, kept.iloc[test])


def _positive(model: Any, X: pd.DataFrame) -> Floats:
    found: Floats = np.asarray(model.predict_proba(X), dtype=float)[:, 1]
    return found

"""Factors that know too much: what cannot have been known on the day of the list gives itself away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pumpurs_risk.evaluation.figures.ranking import Floats, Ranking, starts_of

_TOO_GOOD = 0.98  # AUROC of one factor alone; nothing that is known on the day comes near it
_TELLTALE = 0.90  # AUROC of whether a factor is recorded at all
_NEARLY_ALL = 0.95  # share of leavers at one end or level of a factor
_RARE = 0.10  # share of leavers among all up to which such an end is astonishing: exam results of half-failing classes are not
_OF_LEAVERS = 0.2  # share of all leavers that stands there
_FEWEST = 10  # leavers below which a perfect separation is chance
_MOST_ROWS = 200_000
_CONTEXTS = ("school_id", "class_id")  # no factors, but what a model of schools can learn from all the same
_SMALLEST_CONTEXT = 5  # pupils; in smaller schools and classes all can leave by chance
_HALF = 0.5  # share of leavers among all up to which a school of leavers alone is astonishing
_COLUMNS = ["factor", "sign", "auroc", "rows", "leavers", "level"]


@dataclass(frozen=True)
class _Sign:
    factor: str
    sign: str
    auroc: float
    rows: int
    leavers: int
    level: str = ""


def suspicious_factors(X: pd.DataFrame, y: Any, factors: Sequence[str], random_state: int = 0) -> pd.DataFrame:
    """Name the factors, schools and classes that alone tell leavers from stayers almost without error.

    Parameters
    ----------
    X : pandas.DataFrame, n rows
        With the factors.
    y : array-like of float, shape (n,)
        Outcome; NaN not known.
    factors : sequence of str
        Columns to look at; school_id and class_id are looked at in any case.
    random_state : int
        For the sample that is looked at of more than 200,000 rows.

    Returns
    -------
    pandas.DataFrame
        factor, sign, auroc (in the direction that separates), rows, leavers, level; the last three of the end or level that
        gives it away (``level`` names schools or classes). ``sign`` is "outcome" (equals the outcome wherever it is known),
        "separates" (AUROC above .98), "one_end" (at one end, or at one level, at least 95 % left, among them a fifth of all
        leavers and ten at least, where no more than 10 % of all left), "recorded" (whether it is recorded tells who left:
        AUROC above .90), or "context" (schools or classes of five pupils or more in which at least 95 % left, among them a
        fifth of all leavers and ten at least, where no more than half of all left: an archive, say; counted in pupils where
        X has pupil_id). Empty with fewer than ten leavers, where chance does the same.

    Examples
    --------
    >>> y = np.r_[np.ones(20), np.zeros(80)]
    >>> X = pd.DataFrame({"copied": y, "honest": np.arange(100) % 7})
    >>> suspicious_factors(X, y, ["copied", "honest"])[["factor", "sign"]].values.tolist()
    [['copied', 'outcome']]
    """
    y = np.asarray(y, dtype=float)
    rows = np.flatnonzero(~np.isnan(y))
    if len(rows) > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(random_state).choice(rows, _MOST_ROWS, replace=False))
    y = y[rows]
    leavers = int(y.sum())
    if leavers < _FEWEST or leavers == len(y):
        return pd.DataFrame(columns=_COLUMNS)
    found = [_sign_of(name, X[name].iloc[rows], y) for name in factors if name in X]
    found += _contexts(X.iloc[rows], y)
    return pd.DataFrame([vars(each) for each in found if each is not None], columns=_COLUMNS)


def _contexts(X: pd.DataFrame, y: Floats) -> list[_Sign]:
    """Schools, or classes, in which nearly all left and in which a good part of all leavers is."""
    for name in (each for each in _CONTEXTS if each in X):
        unknown = X[name].isna().to_numpy()
        if 0 < unknown.sum() < len(y):
            auroc = float(Ranking(y, unknown.astype(float)).auroc())
            if auroc > _TELLTALE:
                return [_Sign(name, "recorded", auroc, int(unknown.sum()), int(y[unknown].sum()))]
        alone = X[name].astype(str).where(~unknown).to_numpy(dtype=object)
        ways = [alone]
        if name == "class_id" and "school_id" in X:
            school = X["school_id"].astype(str).to_numpy(dtype=object)
            ways.append(np.array([None if u else f"{s}, {c}" for u, s, c in zip(unknown, school, alone, strict=True)]))
        for words in ways:
            sign = _sign_of_context(name, X, words, y)
            if sign is not None:
                return [sign]  # the classes of such a school would say it again
    return []


def _sign_of_context(name: str, X: pd.DataFrame, words: Any, y: Floats) -> _Sign | None:
    pupil = X["pupil_id"].to_numpy() if "pupil_id" in X else np.arange(len(y))
    one = (
        pd.DataFrame({"pupil": pupil, "word": words, "left": y})
        .groupby(["pupil", "word"], as_index=False)["left"]
        .max()
    )
    left = one.groupby("word")["left"].agg(["size", "sum"])
    gone = left[(left["size"] >= _SMALLEST_CONTEXT) & (left["sum"] >= _NEARLY_ALL * left["size"])]
    leavers = int(gone["sum"].sum())
    everybody = float(one.groupby("pupil")["left"].max().sum())
    if y.mean() > _HALF or leavers < max(_FEWEST, _OF_LEAVERS * everybody):
        return None
    inside = pd.Series(words, dtype=object).isin(gone.index).to_numpy()
    auroc = float(Ranking(y, inside.astype(float)).auroc())
    return _Sign(name, "context", auroc, int(gone["size"].sum()), leavers, ", ".join(map(str, gone.index)))


def _sign_of(name: str, column: pd.Series[Any], y: Floats) -> _Sign | None:
    unknown = column.isna().to_numpy()
    share = float(y.mean())
    if 0 < unknown.sum() < len(y):
        recorded = float(Ranking(y, unknown.astype(float)).auroc())
        if max(recorded, 1 - recorded) > _TELLTALE:
            telling = unknown if recorded > 0.5 else ~unknown
            return _Sign(name, "recorded", max(recorded, 1 - recorded), int(telling.sum()), int(y[telling].sum()))
    known, left = column[~unknown], y[~unknown]
    if left.sum() < _FEWEST or left.sum() == len(left):
        return None
    values = _ordered(known, left)
    auroc = float(Ranking(left, values).auroc())
    auroc = max(auroc, 1 - auroc)
    if auroc == 1.0 and len(np.unique(values)) == 2:
        return _Sign(name, "outcome", auroc, int(left.sum()), int(left.sum()))
    if auroc > _TOO_GOOD:
        return _Sign(name, "separates", auroc, len(left), int(left.sum()))
    rows, leavers = max((_pure_end(values, left), _pure_end(-values, left)), key=lambda end: end[1])
    if leavers >= max(_FEWEST, _OF_LEAVERS * y.sum()) and share <= _RARE:
        return _Sign(name, "one_end", auroc, rows, leavers)
    return None


def _ordered(known: pd.Series[Any], left: Floats) -> Floats:
    """The column as numbers; words by how often their pupils leave."""
    if pd.api.types.is_numeric_dtype(known) or pd.api.types.is_bool_dtype(known):
        return known.to_numpy(dtype=float)
    codes, _ = pd.factorize(known.astype(str))
    rate: Floats = np.bincount(codes, weights=left) / np.maximum(np.bincount(codes), 1)
    return rate[codes]


def _pure_end(values: Floats, left: Floats) -> tuple[int, int]:
    """Rows and leavers of the longest run from the top in which nearly all left."""
    order = np.argsort(-values, kind="stable")
    starts = starts_of(values[order])
    rows = np.diff([*starts, len(values)]).cumsum()
    leavers = np.add.reduceat(left[order], starts).cumsum()
    pure = leavers >= _NEARLY_ALL * rows
    if not pure.any():
        return 0, 0
    last = int(np.flatnonzero(pure)[-1])
    return int(rows[last]), int(leavers[last])

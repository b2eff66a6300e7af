"""Figures that say how good scores are: weighted, ties handled, unknown outcomes counted nowhere.

``y`` is 1 for a leaver, 0 for a pupil who stayed, NaN where it is not known; ``score`` is any number that is higher for more
risk, ``p`` a probability. A figure that cannot be worked out (nobody left, nobody stayed) is NaN, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pumpurs_risk.evaluation.figures.calibration import (
    calibration_curve,
    calibration_line,
    expected_calibration_error,
    noise_of_ece,
    wilson,
)
from pumpurs_risk.evaluation.figures.ranking import Floats, Lists, Ranking, ratio, rows_of

__all__ = [
    "AtPlaces",
    "auroc",
    "average_precision",
    "brier",
    "calibration_curve",
    "calibration_line",
    "decision_curve",
    "expected_calibration_error",
    "lift",
    "log_loss",
    "noise_of_ece",
    "places_curve",
    "precision_recall_at_places",
    "wilson",
    "within_auroc",
]

_LEAST = 1e-15


def auroc(y: Any, score: Any, weight: Any = None) -> float:
    """Probability that a leaver has a higher score than a pupil who stayed; equal scores count half.

    Parameters
    ----------
    y, score, weight : array-like of float, shape (n,)

    Returns
    -------
    float
        .5 is chance; NaN without a leaver or without a stayer.

    Examples
    --------
    >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    0.875
    """
    return float(Ranking(y, score, weight).auroc())


def within_auroc(y: Any, score: Any, within: Any, weight: Any = None) -> float:
    """AUROC from pairs inside one school (or one list) alone: what is left when schools are not compared.

    Parameters
    ----------
    y, score, weight : array-like of float, shape (n,)
    within : array-like, shape (n,)
        School, or school and day, of each row.

    Returns
    -------
    float
        Mean over schools, weighted by their pairs.

    Examples
    --------
    >>> within_auroc([0, 1, 0, 1], [0.1, 0.2, 0.7, 0.8], ["a", "a", "b", "b"])
    1.0
    """
    return float(Ranking(y, score, weight, within).auroc())


def average_precision(y: Any, score: Any, weight: Any = None) -> float:
    """Mean over leavers of the precision of the list that ends with them.

    Parameters
    ----------
    y, score, weight : array-like of float, shape (n,)

    Returns
    -------
    float
        As scikit-learn's ``average_precision_score``; NaN where nobody left. Chance gives the share of leavers.

    Examples
    --------
    >>> average_precision([0, 1, 1], [0.1, 0.2, 0.3])
    1.0
    """
    return float(Ranking(y, score, weight).average_precision())


@dataclass(frozen=True)
class AtPlaces:
    """What a list of a given length finds: expected under ties, and at best and worst.

    Parameters
    ----------
    recall, recall_best, recall_worst : float
        Share of leavers who are listed.
    precision, precision_best, precision_worst : float
        Share of leavers among the listed of whom it is known what became of them.
    recall_by_lot : float
        Recall of drawing lots inside each school at the same places.
    lift : float
        Precision divided by the share of leavers.
    places : float
        Places in all.
    """

    recall: float
    recall_best: float
    recall_worst: float
    precision: float
    precision_best: float
    precision_worst: float
    recall_by_lot: float
    lift: float
    places: float


def precision_recall_at_places(y: Any, score: Any, school: Any, places: Any, weight: Any = None) -> AtPlaces:
    """Precision and recall when every school lists as many pupils as it has places.

    Parameters
    ----------
    y, score, weight : array-like of float, shape (n,)
        Rows whose outcome is not known take places and count no further.
    school : array-like, shape (n,)
        The list of each row: its school, or school and day.
    places : float, or array-like of float, shape (n,)
        Places of the row's list.

    Returns
    -------
    AtPlaces

    Raises
    ------
    ValueError
        If lengths differ, a score is not finite, or places are negative.

    Examples
    --------
    >>> found = precision_recall_at_places([1, 0, 0, 1], [0.9, 0.5, 0.5, 0.5], ["a"] * 4, 2)
    >>> found.recall_worst, round(found.recall, 3), found.recall_best
    (0.5, 0.667, 1.0)
    """
    lists = Lists(y, score, school, places, weight)
    found = lists.listed()
    known = ~np.isnan(rows_of(y, score, weight)[0])
    y, _, weight = rows_of(y, score, weight)
    share = float(ratio((y * weight)[known].sum(), weight[known].sum()))
    return AtPlaces(
        recall=float(found.recall),
        recall_best=float(found.recall_best),
        recall_worst=float(found.recall_worst),
        precision=float(found.precision),
        precision_best=float(found.precision_best),
        precision_worst=float(found.precision_worst),
        recall_by_lot=float(found.recall_by_lot),
        lift=float(ratio(found.precision, share)),
        places=float(np.minimum(lists.places, lists.rolls).sum()),
    )


def lift(y: Any, score: Any, school: Any, places: Any, weight: Any = None) -> float:
    """How many times more often leavers are among the listed than among all.

    Parameters
    ----------
    y, score, school, places, weight
        As for `precision_recall_at_places`.

    Returns
    -------
    float
        1 is chance.

    Examples
    --------
    >>> lift([1, 0, 0, 0], [0.9, 0.5, 0.4, 0.3], ["a"] * 4, 1)
    4.0
    """
    return precision_recall_at_places(y, score, school, places, weight).lift


def places_curve(y: Any, score: Any, school: Any, shares: Any = None, weight: Any = None) -> pd.DataFrame:
    """Precision, recall and lift at every length of the list, as a share of each school's roll.

    Parameters
    ----------
    y, score, school, weight
        As for `precision_recall_at_places`.
    shares : array-like of float in (0, 1], optional
        Lengths; 1 % to 50 % by default.

    Returns
    -------
    pandas.DataFrame
        share_of_roll, places, precision, recall, recall_best, recall_worst, recall_by_lot, lift.

    Examples
    --------
    >>> places_curve([1, 0, 0, 0], [0.9, 0.5, 0.4, 0.3], ["a"] * 4, [0.25, 1.0])["precision"].tolist()
    [1.0, 0.25]
    """
    shares = (
        np.r_[np.arange(0.01, 0.2, 0.01), np.arange(0.2, 0.51, 0.05)] if shares is None else np.asarray(shares, float)
    )
    y, score, weight = rows_of(y, score, weight)
    lists = Lists(y, score, school, 0.0, weight)
    lists.places = lists.rolls
    known = ~np.isnan(y)
    share_left = ratio((y * weight)[known].sum(), weight[known].sum())
    rows = []
    for share in shares:
        found = lists.listed(scale=float(share))
        rows.append(
            {
                "share_of_roll": float(share),
                "places": float(share * lists.rolls.sum()),
                "precision": float(found.precision),
                "recall": float(found.recall),
                "recall_best": float(found.recall_best),
                "recall_worst": float(found.recall_worst),
                "recall_by_lot": float(found.recall_by_lot),
                "lift": float(ratio(found.precision, share_left)),
            }
        )
    return pd.DataFrame(rows)


def brier(y: Any, p: Any, weight: Any = None) -> float:
    """Mean squared distance between outcome and probability.

    Parameters
    ----------
    y, p, weight : array-like of float, shape (n,)

    Returns
    -------
    float
        0 is perfect; a constant at the share q of leavers gives q (1 - q).

    Examples
    --------
    >>> round(brier([0, 1], [0.2, 0.6]), 3)
    0.1
    """
    y, p, weight = rows_of(y, p, weight)
    return float(mean_of(squared_error(y, p), weight, 1.0))


def log_loss(y: Any, p: Any, weight: Any = None) -> float:
    """Mean negative log-likelihood of the outcomes, in nats.

    Parameters
    ----------
    y, p, weight : array-like of float, shape (n,)

    Returns
    -------
    float
        0 is perfect; probabilities of exactly 0 and 1 count as 1e-15 from it.

    Examples
    --------
    >>> round(log_loss([0, 1], [0.5, 0.5]), 4)
    0.6931
    """
    y, p, weight = rows_of(y, p, weight)
    return float(mean_of(negative_log_likelihood(y, p), weight, 1.0))


def squared_error(y: Floats, p: Floats) -> Floats:
    """Squared distance of each row; NaN where the outcome is not known."""
    error: Floats = (y - p) ** 2
    return error


def negative_log_likelihood(y: Floats, p: Floats) -> Floats:
    """Negative log-likelihood of each row; NaN where the outcome is not known."""
    inside = np.clip(p, _LEAST, 1 - _LEAST)
    loss: Floats = -np.where(y == 1, np.log(inside), np.where(y == 0, np.log1p(-inside), np.nan))
    return loss


def mean_of(values: Floats, weight: Floats, copies: Any) -> Floats:
    """Weighted mean over the rows that have a value, per resample."""
    known = ~np.isnan(values)
    w = np.where(known, weight, 0.0)
    copies = np.broadcast_to(np.asarray(copies, dtype=float), (*np.shape(copies)[:-1], len(values)))
    return ratio(copies @ (w * np.nan_to_num(values)), copies @ w)


def decision_curve(y: Any, p: Any, weight: Any = None, thresholds: Any = None) -> pd.DataFrame:
    """Net benefit of acting at or above a threshold: by the probabilities, for all pupils, and for none.

    Parameters
    ----------
    y, p, weight : array-like of float, shape (n,)
    thresholds : array-like of float in (0, 1), optional
        From which risk one would act; 1 % to 50 % by default.

    Returns
    -------
    pandas.DataFrame
        threshold, model, all, none: leavers reached minus pupils reached in vain, each of them counted as
        ``threshold / (1 - threshold)`` of a leaver, per pupil. Where `model` is not above both others, acting by it gains
        nothing at that threshold.

    References
    ----------
    Vickers, A. J., & Elkin, E. B. (2006). Decision curve analysis. Medical Decision Making 26(6),
    doi 10.1177/0272989X06295361.

    Examples
    --------
    >>> curve = decision_curve([1, 0, 0, 0], [0.9, 0.1, 0.1, 0.1], thresholds=[0.5])
    >>> curve.values.tolist()
    [[0.5, 0.25, -0.5, 0.0]]
    """
    at = (
        np.r_[np.arange(0.01, 0.2, 0.01), np.arange(0.2, 0.51, 0.02)]
        if thresholds is None
        else np.asarray(thresholds, float)
    )
    if not ((at > 0) & (at < 1)).all():
        raise ValueError("thresholds must lie between 0 and 1")
    y, p, weight = rows_of(y, p, weight)
    known = ~np.isnan(y)
    order = np.argsort(-p[known], kind="stable")
    ordered, left, w = p[known][order], y[known][order], weight[known][order]
    total = w.sum()
    hits, reached = np.r_[0.0, np.cumsum(w * left)], np.r_[0.0, np.cumsum(w)]
    upto = np.searchsorted(-ordered, -at, side="right")
    odds = at / (1 - at)
    share = ratio((w * left).sum(), total)
    return pd.DataFrame(
        {
            "threshold": at,
            "model": ratio(hits[upto] - odds * (reached[upto] - hits[upto]), total),
            "all": share - odds * (1 - share),
            "none": np.zeros(len(at)),
        }
    )

"""Who is listed, as a share of 1 under ties, and what two lists find, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np

from pumpurs_risk.errors import EvaluationError
from pumpurs_risk.evaluation.figures.bootstrap import Key, Resampled, bootstrap
from pumpurs_risk.evaluation.figures.ranking import Floats, codes_of, ratio, starts_of


def share_listed(score: Any, lists: Any, places: Any) -> Floats:
    """Say of each row how likely it is listed: 1 inside the places, 0 outside, a share among equal scores at the cut.

    Parameters
    ----------
    score, lists, places
        As for `precision_recall_at_places`.

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> share_listed([0.9, 0.5, 0.5, 0.1], ["a"] * 4, 2).tolist()
    [1.0, 0.5, 0.5, 0.0]
    """
    score = np.asarray(score, dtype=float)
    segment = codes_of(lists, len(score))
    room = np.broadcast_to(np.asarray(places, dtype=float), score.shape)
    order = np.lexsort((-score, segment))
    segment, ranked = segment[order], score[order]
    group = starts_of(segment, ranked)
    size = np.diff([*group, len(score)])
    listed_from = starts_of(segment)
    start = np.repeat(listed_from, np.diff([*listed_from, len(score)]))
    before = (group - start[group]).astype(float)
    share = np.clip((room[order][group] - before) / size, 0.0, 1.0)
    found = np.empty(len(score))
    found[order] = np.repeat(share, size)
    return found


def recall_of(y: Floats, weight: Floats, share: Floats) -> float:
    """Share of leavers who are listed; NaN where nobody left."""
    left = y == 1
    return float(ratio((weight * share)[left].sum(), weight[left].sum()))


def recalls(
    y: Floats, weight: Floats, pupil: Any, shares: Mapping[str, Floats], resamples: int, level: float, random_state: int
) -> tuple[dict[str, float], Resampled]:
    """Recall of several lists, and the same on resamples of the pupils who left; the lists stay as they were made."""
    left = y == 1
    if not left.any():
        raise EvaluationError("worth_nobody_left")
    w = weight[left]

    def figures(copies: Floats) -> Mapping[Key, Floats]:
        total = copies @ w
        return {(name,): ratio(copies @ (w * share[left]), total) for name, share in shares.items()}

    drawn = bootstrap(figures, np.asarray(pupil)[left], resamples, level=level, random_state=random_state)
    return {name: recall_of(y, weight, share) for name, share in shares.items()}, drawn


def difference_ends(
    y: Floats, weight: Floats, leavers: int, share: Floats, other: Floats, drawn: tuple[float, float], level: float
) -> dict[str, float]:
    """Interval of a difference in recall: the wider of the bootstrap's and of one that knows that few leavers say little.

    Where hardly a leaver is listed by one and not by the other, no resample shows how many such leavers there could be. The
    second interval adds one to either kind (D. G. Bonett, R. M. Price, "Adjusted Wald confidence interval for a difference of
    binomial proportions based on paired data", Journal of Educational and Behavioral Statistics 37 (2012), 479-488).
    """
    left = y == 1
    away = (share - other)[left]
    per = leavers / weight[left].sum()
    more = (per * (weight[left] @ np.maximum(away, 0)) + 1) / (leavers + 2)
    fewer = (per * (weight[left] @ np.maximum(-away, 0)) + 1) / (leavers + 2)
    half = NormalDist().inv_cdf(0.5 + level / 2) * np.sqrt((more + fewer - (more - fewer) ** 2) / (leavers + 2))
    return {
        "lower": float(np.fmin(drawn[0], more - fewer - half)),
        "upper": float(np.fmax(drawn[1], more - fewer + half)),
    }

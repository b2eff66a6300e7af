"""What one more place finds, beside what better data would find at the same places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pumpurs_risk.evaluation.figures.ranking import Floats, codes_of, rows_of
from pumpurs_risk.evaluation.worth.listed_share import difference_ends, recall_of, recalls, share_listed

MOST_PLACES = 50
"""More places per list than this are never said to equal better data."""


def one_more_place(
    y: Any,
    p: Any,
    school: Any,
    places: Any,
    *,
    better: Any = None,
    more: Sequence[int] = (1, 2, 5),
    sample_weight: Any = None,
    clusters: Any = None,
    resamples: int = 1000,
    level: float = 0.95,
    random_state: int = 0,
) -> pd.DataFrame:
    """Compare what more places find with what better data would find at the same places.

    Parameters
    ----------
    y : array-like of float, shape (n,)
        1 left, 0 stayed, NaN not known: such rows take places and count no further.
    p : array-like of float, shape (n,)
        The score that the list is made by.
    school : array-like, shape (n,)
        The list of each row: its school, or school and day.
    places : float, or array-like of float, shape (n,)
        Places of the row's list.
    better : array-like of float, shape (n,), optional
        Scores of a model that knows more.
    more : sequence of int
        Additional places on every list.
    sample_weight, clusters : array-like, shape (n,), optional
        Weights; pupil_id.
    resamples, level, random_state
        Of the bootstrap over leavers.

    Returns
    -------
    pandas.DataFrame
        ``what`` ("now", "more_places", "better_model", "perfect": every place goes to a leaver, which nobody can reach),
        ``more`` (places added to each list), ``places`` (in all), ``recall``, ``gain`` over now, ``lower``, ``upper``,
        ``same_as_places`` (places to be added to each list that would find as many; NaN above 50).

    Examples
    --------
    >>> y = np.tile([1, 0, 1, 0, 0], 40)
    >>> p = np.tile([0.9, 0.8, 0.7, 0.2, 0.1], 40)
    >>> worth = one_more_place(y, p, np.repeat(np.arange(40), 5), 1, more=(1, 2), resamples=50)
    >>> worth[["what", "recall", "same_as_places"]].round(2).values.tolist()
    [['now', 0.5, 0.0], ['more_places', 0.5, 1.0], ['more_places', 1.0, 2.0], ['perfect', 0.5, 0.0]]
    """
    y, p, weight = rows_of(y, p, sample_weight)
    lists = codes_of(school, len(y))
    each = np.broadcast_to(np.asarray(places, dtype=float), y.shape)
    pupil = np.arange(len(y)) if clusters is None else np.asarray(clusters)
    asked: dict[tuple[str, int], Floats] = {("now", 0): share_listed(p, lists, each)}
    asked |= {("more_places", k): share_listed(p, lists, each + k) for k in more}
    if better is not None:
        asked["better_model", 0] = share_listed(rows_of(y, better, weight)[1], lists, each)
    asked["perfect", 0] = share_listed(np.nan_to_num(y, nan=0.0), lists, each)
    recall, drawn = recalls(
        y, weight, pupil, {str(key): share for key, share in asked.items()}, resamples, level, random_state
    )
    now = recall[str(("now", 0))]
    leavers = len(pd.unique(pd.Series(pupil[y == 1])))
    reached = [now]
    rolls = np.bincount(lists)
    first = np.unique(lists, return_index=True)[1]
    result = []
    for (what, k), share in asked.items():
        key = str((what, k))
        ends = difference_ends(
            y, weight, leavers, share, asked["now", 0], drawn.difference((key,), (str(("now", 0)),)), level
        )
        while what in ("better_model", "perfect") and reached[-1] < recall[key] - 1e-12 and len(reached) <= MOST_PLACES:
            reached.append(recall_of(y, weight, share_listed(p, lists, each + len(reached))))
        same = float(k) if what in ("now", "more_places") else _places_for(recall[key], reached)
        result.append(
            {
                "what": what,
                "more": k,
                "places": float(np.minimum(each[first] + k, rolls).sum()),
                "recall": recall[key],
                "gain": recall[key] - now,
                "lower": 0.0 if what == "now" else ends["lower"] if what == "better_model" else max(ends["lower"], 0.0),
                "upper": 0.0 if what == "now" else ends["upper"],
                "same_as_places": same,
            }
        )
    return pd.DataFrame(result)


def _places_for(recall: float, reached: Sequence[float]) -> float:
    """How many more places find that share, straight between whole numbers; `reached` by places added."""
    for k, here in enumerate(reached):
        if here >= recall - 1e-12:
            if k == 0:
                return 0.0
            return k - 1 + (recall - reached[k - 1]) / (here - reached[k - 1])
    return float("nan")

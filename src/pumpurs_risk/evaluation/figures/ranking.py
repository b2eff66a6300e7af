"""Rows sorted once, weighed many times: what ranks whom, for one table and for a thousand resamples of it.

Every function of `Ranking` and `Lists` takes ``copies``, how often each row stands in a resample, shape (..., n), and
works on all resamples in one pass of sums over the sorted rows. Ties are never broken: equal scores form one group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Ranking:
    """Rows in order of their score, equal scores together, inside segments that are never compared.

    Parameters
    ----------
    y : array-like of float, shape (n,)
        1 left, 0 stayed, NaN not known: such rows count nowhere.
    score : array-like of float, shape (n,)
        Higher means more at risk.
    weight : array-like of float, shape (n,), optional
        1 each by default.
    within : array-like, shape (n,), optional
        Segment of each row; pairs are formed inside a segment only.

    Raises
    ------
    ValueError
        If a score is not finite, or lengths differ.

    References
    ----------
    Hanley, J. A., & McNeil, B. J. (1982). The meaning and use of the area under a receiver operating characteristic (ROC)
    curve. Radiology 143(1), doi 10.1148/radiology.143.1.7063747.
    """

    def __init__(self, y: Any, score: Any, weight: Any = None, within: Any = None) -> None:
        y, score, weight = rows_of(y, score, weight)
        known = ~np.isnan(y)
        segment = codes_of(within, len(y))
        self._order = np.lexsort((score, segment))
        self._leavers = (np.where(known, np.nan_to_num(y), 0.0) * weight)[self._order]
        self._stayers = (np.where(known, 1 - np.nan_to_num(y), 0.0) * weight)[self._order]
        segment, score = segment[self._order], score[self._order]
        self._starts = starts_of(segment, score)
        self._segments = starts_of(segment[self._starts])
        self._segment_of = np.repeat(np.arange(len(self._segments)), np.diff([*self._segments, len(self._starts)]))

    def _sums(self, copies: Any) -> tuple[Floats, Floats]:
        """Weights of leavers and of stayers in each group of equal scores."""
        ordered = in_order(copies, self._order)
        left = np.add.reduceat(ordered * self._leavers, self._starts, axis=-1)
        stayed = np.add.reduceat(ordered * self._stayers, self._starts, axis=-1)
        return left, stayed

    def auroc(self, copies: Any = 1.0) -> Floats:
        """Share of pairs, a leaver and a stayer of one segment, in which the leaver has the higher score; ties count half.

        Parameters
        ----------
        copies : array-like of float, shape (..., n)

        Returns
        -------
        ndarray of float, shape (...)
            Segments weigh by their pairs; NaN where there is no pair.
        """
        left, stayed = self._sums(copies)
        below = np.cumsum(stayed, axis=-1) - stayed
        below = below - below[..., self._segments][..., self._segment_of]
        right = (left * (below + stayed / 2)).sum(axis=-1)
        all_left = np.add.reduceat(left, self._segments, axis=-1)
        all_stayed = np.add.reduceat(stayed, self._segments, axis=-1)
        return ratio(right, (all_left * all_stayed).sum(axis=-1))

    def average_precision(self, copies: Any = 1.0) -> Floats:
        """Mean, over leavers, of the precision of the list that ends with them (equal scores end together).

        Parameters
        ----------
        copies : array-like of float, shape (..., n)

        Returns
        -------
        ndarray of float, shape (...)
            NaN where nobody left. Made for one segment.
        """
        left, stayed = (values[..., ::-1] for values in self._sums(copies))
        found = np.cumsum(left, axis=-1)
        listed = found + np.cumsum(stayed, axis=-1)
        precision = np.divide(found, listed, out=np.zeros_like(found), where=listed > 0)
        return ratio((left * precision).sum(axis=-1), left.sum(axis=-1))


@dataclass(frozen=True)
class Listed:
    """Weights of who is inside the places, per resample and summed over lists: expected, best and worst under ties."""

    leavers: Floats
    found: Floats
    found_best: Floats
    found_worst: Floats
    stayers: Floats
    stayers_best: Floats
    stayers_worst: Floats
    found_by_lot: Floats
    """What drawing lots inside each list would find at the same places."""

    @property
    def recall(self) -> Floats:
        """Share of leavers who are listed."""
        return ratio(self.found, self.leavers)

    @property
    def recall_best(self) -> Floats:
        """The same if equal scores at the cut fall out well."""
        return ratio(self.found_best, self.leavers)

    @property
    def recall_worst(self) -> Floats:
        """The same if they fall out badly."""
        return ratio(self.found_worst, self.leavers)

    @property
    def recall_by_lot(self) -> Floats:
        """Share of leavers that drawing lots inside each list would find."""
        return ratio(self.found_by_lot, self.leavers)

    @property
    def precision(self) -> Floats:
        """Share of leavers among the listed of whom it is known what became of them."""
        return ratio(self.found, self.found + self.stayers)

    @property
    def precision_best(self) -> Floats:
        """The same if equal scores at the cut fall out well."""
        return ratio(self.found_best, self.found_best + self.stayers_best)

    @property
    def precision_worst(self) -> Floats:
        """The same if they fall out badly."""
        return ratio(self.found_worst, self.found_worst + self.stayers_worst)


class Lists:
    """Rows of each list in order of their score, and how many places the list has.

    Parameters
    ----------
    y, score, weight
        As for `Ranking`; rows of which it is not known what became of them take places too.
    lists : array-like, shape (n,)
        The list of each row: its school, or school and day.
    places : float, or array-like of float, shape (n,)
        Places of the row's list.
    count : array-like of float, shape (n,), optional
        How many pupils a row stands for; 1 by default.

    Raises
    ------
    ValueError
        As for `Ranking`; also if places are negative or not finite.

    Notes
    -----
    In a resample a list's places grow and shrink with its roll, so that the share of pupils listed stays what it is.
    """

    def __init__(self, y: Any, score: Any, lists: Any, places: Any, weight: Any = None, count: Any = None) -> None:
        y, score, weight = rows_of(y, score, weight)
        each = np.broadcast_to(np.asarray(places, dtype=float), y.shape)
        if not np.isfinite(each).all() or (each < 0).any():
            raise ValueError("places must be 0 or more, and finite")
        known = ~np.isnan(y)
        left = known & (y == 1)
        segment = codes_of(lists, len(y))
        self._order = np.lexsort((-score, segment))
        self._left, self._unknown = left.astype(float)[self._order], (~known).astype(float)[self._order]
        self._weight_left = np.where(left, weight, 0.0)[self._order]
        self._weight_stayed = np.where(known & ~left, weight, 0.0)[self._order]
        segment, score = segment[self._order], score[self._order]
        self._starts = starts_of(segment, score)
        self._lists = starts_of(segment[self._starts])
        self._list_of = np.repeat(np.arange(len(self._lists)), np.diff([*self._lists, len(self._starts)]))
        self.places = each[self._order][self._starts][self._lists]
        count = np.ones(len(y)) if count is None else np.asarray(count, dtype=float)
        self.rolls = np.bincount(segment, weights=count[self._order], minlength=len(self._lists))
        self.codes = segment[self._starts][self._lists]

    def _sums(self, ordered: Floats) -> Floats:
        found: Floats = np.add.reduceat(ordered, self._starts, axis=-1)
        return found

    def listed(self, copies: Any = 1.0, scale: float = 1.0, *, per_list: bool = False) -> Listed:
        """Say what the places find.

        Parameters
        ----------
        copies : array-like of float, shape (..., n)
        scale : float
            Every list's places times this.
        per_list : bool
            Whether sums are given per list, in the order of `codes`, and not over all.

        Returns
        -------
        Listed
            Arrays of shape (...), or (..., lists).
        """
        ordered = in_order(copies, self._order)
        here = self._sums(ordered)
        roll = np.add.reduceat(here, self._lists, axis=-1)
        places = np.minimum(scale * self.places / self.rolls, 1.0) * roll
        before = np.cumsum(here, axis=-1) - here
        before = before - before[..., self._lists][..., self._list_of]
        room = np.clip(places[..., self._list_of] - before, 0.0, here)
        left, unknown = self._sums(ordered * self._left), self._sums(ordered * self._unknown)
        stayed = here - left - unknown
        weight_left = self._sums(ordered * self._weight_left)
        weight_stayed = self._sums(ordered * self._weight_stayed)
        total_left = np.add.reduceat(weight_left, self._lists, axis=-1)
        each_left, each_stayed = _quotient(weight_left, left), _quotient(weight_stayed, stayed)
        share = _quotient(room, here)

        def over(values: Floats) -> Floats:
            summed: Floats = np.add.reduceat(values, self._lists, axis=-1) if per_list else values.sum(axis=-1)
            return summed

        by_lot = total_left * _quotient(places, roll)
        return Listed(
            leavers=total_left if per_list else total_left.sum(axis=-1),
            found=over(share * weight_left),
            found_best=over(np.minimum(room, left) * each_left),
            found_worst=over(np.maximum(room - stayed - unknown, 0.0) * each_left),
            stayers=over(share * weight_stayed),
            stayers_best=over(np.maximum(room - left - unknown, 0.0) * each_stayed),
            stayers_worst=over(np.minimum(room, stayed) * each_stayed),
            found_by_lot=by_lot if per_list else by_lot.sum(axis=-1),
        )


def first_in_each_list(score: Any, lists: Any, places: Any, pupil_id: Any) -> NDArray[np.bool_]:
    """Say who is on the list when it must be exactly as long as the places: equal scores in order of pupil_id, as a run does.

    Parameters
    ----------
    score, lists, places
        As for `Lists`.
    pupil_id : array-like, shape (n,)
        Breaks ties.

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> first_in_each_list([0.2, 0.5, 0.5], ["a", "a", "a"], 1, ["3", "2", "1"]).tolist()
    [False, False, True]
    """
    score = np.asarray(score, dtype=float)
    segment = codes_of(lists, len(score))
    places = np.broadcast_to(np.asarray(places, dtype=float), score.shape)
    names = codes_of(pupil_id, len(score))
    order = np.lexsort((names, -score, segment))
    starts = starts_of(segment[order])
    rank = np.arange(len(score)) - np.repeat(starts, np.diff([*starts, len(score)]))
    inside = np.zeros(len(score), dtype=bool)
    inside[order] = rank < places[order]
    return inside


def rows_of(y: Any, score: Any, weight: Any) -> tuple[Floats, Floats, Floats]:
    """Check that outcomes, scores and weights fit together.

    Raises
    ------
    ValueError
        Saying what does not.
    """
    y, score = np.asarray(y, dtype=float).ravel(), np.asarray(score, dtype=float).ravel()
    weight = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=float).ravel()
    if not len(y) == len(score) == len(weight):
        raise ValueError(f"outcomes, scores and weights differ in length: {len(y)}, {len(score)}, {len(weight)}")
    if not np.isfinite(score).all():
        raise ValueError("every row needs a finite score")
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("weights must be 0 or more, and finite")
    if not np.isin(y[~np.isnan(y)], (0.0, 1.0)).all():
        raise ValueError("outcomes must be 0, 1 or missing")
    if not len(y):
        raise ValueError("no rows")
    return y, score, weight


def codes_of(values: Any, n: int) -> Ints:
    """Number the distinct values from 0, in sorted order; one segment without values."""
    if values is None:
        return np.zeros(n, dtype=np.int64)
    array = np.asarray(values)
    if len(array) != n:
        raise ValueError(f"{n} rows, but {len(array)} values that say where they belong")
    if array.dtype == object:
        array = array.astype(str)
    codes: Ints = np.unique(array, return_inverse=True)[1].astype(np.int64).ravel()
    return codes


def in_order(copies: Any, order: Ints) -> Floats:
    """Bring how often each row counts into the order of the sorted rows."""
    copies = np.asarray(copies, dtype=float)
    if copies.ndim == 0:
        return np.full(len(order), float(copies))
    ordered: Floats = copies[..., order]
    return ordered


def starts_of(*keys: NDArray[Any]) -> Ints:
    """Say where runs of equal keys begin in sorted arrays."""
    new = np.ones(len(keys[0]), dtype=bool)
    new[1:] = False
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(new)


def ratio(part: Any, whole: Any) -> Floats:
    """Divide; NaN where the whole is nothing."""
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    found: Floats = np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole > 0)
    return found


def _quotient(part: Floats, whole: Floats) -> Floats:
    found: Floats = np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0)
    return found

"""Finds the smallest changes that suffice: one factor at a time, then two, over all pupils at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from pumpurs_risk.explanation.what_if_steps import Changeable, Steps

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

NONE = -1
"""Position of the factor that is not there."""
_MARGIN = 1e-10  # log-odds by which a change must suffice, so that the last digit of a sum cannot undo it
_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Found:
    """Changes found: equally long arrays, sorted by pupil and rank."""

    pupil: Integers
    rank: Integers
    factor: Integers
    """Position among ``Changeable.factors``; NONE where nothing can be changed."""
    factor_2: Integers
    to: Floats
    to_2: Floats
    effort: Floats

    @classmethod
    def joined(cls, parts: list[Found]) -> Found:
        """Put several tables of changes under one another."""
        return cls(
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__}
        )

    def taken(self, rows: Integers, rank: Integers) -> Found:
        """Choose rows, with their ranks."""
        columns = {name: getattr(self, name)[rows] for name in self.__dataclass_fields__}
        return Found(**(columns | {"rank": rank}))


def search(changeable: Changeable, frame: pd.DataFrame, target: Floats, max_changes: int, top: int) -> Found:
    """Find for every pupil the `top` smallest ways below a log-odds, or what comes nearest.

    Parameters
    ----------
    changeable : Changeable
    frame : pandas.DataFrame, n rows
        Pupils whose log-odds are at or above the target.
    target : ndarray, shape (n,)
        Log-odds to come below.
    max_changes : {1, 2}
    top : int

    Returns
    -------
    Found
    """
    need = target - changeable.model.log_odds(frame) - _MARGIN
    walked = [changeable.steps(frame, factor) for factor in changeable.factors]
    steps = {which: found for which, found in enumerate(walked) if found is not None}
    enough = np.zeros((len(frame), len(walked)), dtype=bool)
    parts = [_empty()]
    for which, of_factor in steps.items():
        suffices = of_factor.alone & (of_factor.adds < need[:, None])
        enough[:, which] = suffices.any(axis=1)
        pupil = np.flatnonzero(enough[:, which])
        at = suffices[pupil].argmax(axis=1)
        parts.append(_single(pupil, which, of_factor, at))
    if max_changes > 1:
        parts += _pairs(changeable, frame, steps, need, enough, enough.sum(axis=1) < top)
    ranked = _ranked(changeable, Found.joined(parts), top)
    without = np.setdiff1d(np.arange(len(frame)), ranked.pupil)
    if not len(without):
        return ranked
    both = Found.joined([ranked, _nearest(steps, without, max_changes)])
    order = np.argsort(both.pupil, kind="stable")
    return both.taken(order, both.rank[order])


def _pairs(
    changeable: Changeable,
    frame: pd.DataFrame,
    steps: dict[int, Steps],
    need: Floats,
    enough: NDArray[np.bool_],
    wanted: NDArray[np.bool_],
) -> list[Found]:
    """Pairs of changes of which neither suffices by itself, for the pupils who lack single ones."""
    found = []
    most = {which: np.where(np.isinf(of.adds), 0.0, of.adds).min(axis=1) for which, of in steps.items()}
    for one, other in combinations(steps, 2):
        joint = changeable.together(changeable.factors[one].id, changeable.factors[other].id)
        may = wanted & ~enough[:, one] & ~enough[:, other]
        if not joint:  # otherwise the two add more, or less, than their sum
            may &= most[one] + most[other] < need
        pupils = np.flatnonzero(may)
        cells = steps[one].adds.shape[1] * steps[other].adds.shape[1]
        at_once = max(_CELLS_AT_ONCE // cells, 1)
        for start in range(0, len(pupils), at_once):
            some = pupils[start : start + at_once]
            found.append(_pair(changeable, frame, (one, other), steps, some, need[some], joint))
    return found


def _pair(
    changeable: Changeable,
    frame: pd.DataFrame,
    which: tuple[int, int],
    steps: dict[int, Steps],
    pupils: Integers,
    need: Floats,
    joint: bool,
) -> Found:
    """The least effort of two changes that suffice together, for the pupils where there is one."""
    one, other = steps[which[0]], steps[which[1]]
    n = len(pupils)
    # columns that no pupil here has a step in cost time and memory
    s, t = (int((~np.isnan(of.values[pupils])).sum(axis=1).max(initial=0)) for of in (one, other))
    effort = one.effort[pupils, :s, None] + other.effort[pupils, None, :t]
    if joint:
        adds = _joint_adds(changeable, frame, one, other, pupils, (s, t))
    else:
        alone = [np.where(of.alone, of.adds, np.inf)[pupils, :w] for of, w in ((one, s), (other, t))]
        adds = alone[0][:, :, None] + alone[1][:, None, :]
    effort = np.where(adds < need[:, None, None], effort, np.inf).reshape(n, s * t)
    if not effort.size:
        return _empty()
    best = effort.argmin(axis=1)
    rows = np.flatnonzero(np.isfinite(effort[np.arange(n), best]))
    i, j = np.divmod(best[rows], t)
    chosen = pupils[rows]
    return Found(
        chosen,
        np.zeros(len(rows), dtype=np.int64),
        np.full(len(rows), which[0]),
        np.full(len(rows), which[1]),
        one.values[chosen, i],
        other.values[chosen, j],
        effort[rows, best[rows]],
    )


def _joint_adds(
    changeable: Changeable, frame: pd.DataFrame, one: Steps, other: Steps, pupils: Integers, size: tuple[int, int]
) -> Floats:
    """Log-odds that each combination of two changes adds, scored as one change; +inf where it is not possible."""
    shape = (len(pupils), *size)
    left = np.broadcast_to(one.values[pupils, : size[0], None], shape)
    right = np.broadcast_to(other.values[pupils, None, : size[1]], shape)
    there = ~np.isnan(left) & ~np.isnan(right)
    row = np.nonzero(there)[0]
    names = one.factor.id, other.factor.id
    some = frame[changeable.columns(frame, *names)].iloc[pupils[row]].reset_index(drop=True)
    changed = dict(zip(names, (left[there], right[there]), strict=True))
    moved = {column: values for name in names for column, values in changeable.moved(some, name, changed[name]).items()}
    found = np.full(shape, np.inf)
    found[there] = np.where(changeable.possible(some, changed), changeable.adds(some, moved), np.inf)
    return found


def _ranked(changeable: Changeable, found: Found, top: int) -> Found:
    """The `top` of every pupil: single changes before pairs, wholly changeable ones first, then by effort."""
    partly = np.array([*(f.changeable == "partly" for f in changeable.factors), False])
    in_part = partly[found.factor] | partly[found.factor_2]
    pair = found.factor_2 != NONE
    effort = np.round(found.effort, 9)  # the last digit must not decide an order
    order = np.lexsort([found.factor_2, found.factor, effort, in_part, pair, found.pupil])
    pupil = found.pupil[order]
    starts = np.flatnonzero(np.diff(pupil, prepend=-1))
    rank = np.arange(len(pupil)) - np.repeat(starts, np.diff(starts, append=len(pupil))) + 1
    keep = rank <= top
    return found.taken(order[keep], rank[keep])


def _nearest(steps: dict[int, Steps], pupils: Integers, max_changes: int) -> Found:
    """What two changes do at most, for pupils whom no change brings below; no factor where nothing helps."""
    n = len(pupils)
    first, second = np.full(n, NONE), np.full(n, NONE)
    to, to_2, effort = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n)
    if steps:
        which = np.array(list(steps))
        adds = [np.where(of.alone, of.adds, np.inf)[pupils] for of in steps.values()]
        step = np.column_stack([a.argmin(axis=1) for a in adds])
        least = np.round(np.column_stack([a.min(axis=1) for a in adds]), 12)
        order = np.argsort(least, axis=1, kind="stable")
        for place, factor, target in ((0, first, to), (1, second, to_2))[:max_changes]:
            if place < order.shape[1]:
                at = order[:, place]
                rows = np.flatnonzero(least[np.arange(n), at] < 0)
                factor[rows] = which[at[rows]]
                for position, of in enumerate(steps.values()):
                    mine = rows[at[rows] == position]
                    s = step[mine, position]
                    target[mine] = of.values[pupils[mine], s]
                    effort[mine] += of.effort[pupils[mine], s]
    return Found(pupils, np.ones(n, dtype=np.int64), first, second, to, to_2, effort)


def _single(pupil: Integers, which: int, steps: Steps, at: Integers) -> Found:
    n = len(pupil)
    none, nan = np.full(n, NONE), np.full(n, np.nan)
    return Found(
        pupil,
        np.zeros(n, dtype=np.int64),
        np.full(n, which),
        none,
        steps.values[pupil, at],
        nan,
        steps.effort[pupil, at],
    )


def _empty() -> Found:
    whole, real = np.empty(0, dtype=np.int64), np.empty(0)
    return Found(whole, whole, whole, whole, real, real, real)

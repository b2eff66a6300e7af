"""Who is missed, who is listed in vain, and whose risks are wrong: group by group, with intervals, small groups named.

Missing leavers of one group more often than others' is the harm that a list can do; being listed without need is the other.
Groups come from ``audit_attributes`` and are never factors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from pumpurs_risk.evaluation.figures.bootstrap import Key, Resampled, bootstrap
from pumpurs_risk.evaluation.figures.ranking import Floats, ratio, rows_of
from pumpurs_risk.evaluation.groups.audit import UNKNOWN
from pumpurs_risk.evaluation.groups.shrinkage import shrunken_ratio

Judged = Literal["judged", "too few to judge", "not shown"]
FIGURES = ("selection_rate", "false_alarm_rate", "miss_rate", "observed_by_expected", "auroc")
DIFFERENCES = ("selection_rate", "false_alarm_rate", "miss_rate")
_FEWEST = 5  # leavers below which nothing that comes from outcomes is a figure
_FEWEST_DRAWN = 10  # leavers below which resamples pretend: 0 of 3 stays 0 of 3 in each
_SHRUNKEN = (
    "observed_by_expected_shrunken",
    "observed_by_expected_shrunken_lower",
    "observed_by_expected_shrunken_upper",
)
_SUMS = (
    "weight",
    "listed",
    "stayed",
    "stayed_listed",
    "left",
    "left_missed",
    "expected",
    "left_placed",
    "stayed_placed",
)


def by_group(
    y: Any,
    p: Any,
    listed: Any,
    attributes: pd.DataFrame,
    *,
    sample_weight: Any = None,
    clusters: Any = None,
    resamples: int = 1000,
    level: float = 0.95,
    smallest_leavers: int = 30,
    smallest_group: int = 5,
    random_state: int = 0,
    n_jobs: int = 1,
) -> pd.DataFrame:
    """Judge a list by groups of pupils.

    Parameters
    ----------
    y : array-like of float, shape (n,)
        1 left, 0 stayed, NaN not known: such rows count for the selection only.
    p : array-like of float, shape (n,)
        Probabilities; any other score without probabilities' meaning leaves ``observed_by_expected`` meaningless.
    listed : array-like of bool, shape (n,)
        Who was on the list.
    attributes : pandas.DataFrame, n rows
        One column per attribute, one word per group; missing means "unknown".
    sample_weight : array-like of float, shape (n,), optional
    clusters : array-like, shape (n,), optional
        pupil_id: rows of one pupil are drawn together, and counted once in ``n`` and ``leavers``.
    resamples : int, default=1000
        Of the bootstrap.
    level : float, default=0.95
        Of all intervals.
    smallest_leavers : int, default=30
        Below so many leavers a group is "too few to judge": half an interval for the missed is then wider than 15 points.
    smallest_group : int, default=5
        Groups of fewer pupils are named without any figure, and a second group with them where the figures of the others
        would give them away.
    random_state : int, default=0
    n_jobs : int, default=1
        Threads.

    Returns
    -------
    pandas.DataFrame
        One row per attribute and group, in the order of attributes and of the size of groups:

        ``attribute``, ``group``, ``n`` (pupils), ``leavers``, ``leavers_rest`` (among all others of whom the attribute is
        recorded), ``missing_outcomes`` (share of rows), ``selection_rate``, ``false_alarm_rate`` (listed among those who
        stayed), ``miss_rate`` (not listed among those who left), ``observed_by_expected`` (leavers by the sum of their
        probabilities), ``auroc``, each with ``_lower`` and ``_upper``;
        ``observed_by_expected_shrunken``, the same drawn towards that of everybody, with ``_lower`` and ``_upper``;
        ``selection_rate_difference``, ``false_alarm_rate_difference``, ``miss_rate_difference`` (this group minus all others)
        and ``observed_by_expected_ratio`` (this group by all others), each with ``_lower`` and ``_upper``;
        ``judged``: "judged", "too few to judge" or "not shown".

        With fewer than 5 leavers all that comes from outcomes is blank, with fewer than 10 every interval of the bootstrap; of
        differences and ratios the leavers on both sides count. An interval without any width is blank too.

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(0, 0.4, 2000)
    >>> groups = pd.DataFrame({"sex": np.where(rng.random(2000) < 0.5, "female", "male")})
    >>> found = by_group(rng.random(2000) < p, p, p > 0.35, groups, resamples=100)
    >>> found[["group", "judged"]].values.tolist()
    [['female', 'judged'], ['male', 'judged']]
    >>> bool((found["miss_rate_difference_lower"] < 0).all())
    True
    """
    y, p, weight = rows_of(y, p, sample_weight)
    listed = np.asarray(listed).astype(float).ravel()
    if not len(listed) == len(attributes) == len(y):
        raise ValueError(f"{len(y)} outcomes, {len(listed)} rows of listed, {len(attributes)} rows of attributes")
    pupil = np.arange(len(y)) if clusters is None else pd.factorize(np.asarray(clusters))[0]
    groups = _groups(attributes, y, pupil, smallest_leavers, smallest_group)
    figures = _Figures(y, p, listed, weight, pupil, groups)
    drawn = bootstrap(
        figures, np.arange(pupil.max() + 1), resamples, level=level, random_state=random_state, n_jobs=n_jobs
    )
    points = figures(np.ones((1, pupil.max() + 1)))
    overall = float(ratio((weight * (y == 1)).sum(), (weight * p)[~np.isnan(y)].sum()))
    rows = [_row(group, points, drawn) for group in groups]
    table = pd.DataFrame(rows, columns=_columns())
    for _, part in table[table["judged"] != "not shown"].groupby("attribute", sort=False):
        sums = figures.sums[[i for i, group in enumerate(groups) if i in part.index]]
        shrunk = shrunken_ratio(sums[:, _SUMS.index("left")], overall * sums[:, _SUMS.index("expected")], level=level)
        table.loc[part.index, list(_SHRUNKEN)] = overall * np.column_stack(shrunk)
    table.loc[table["leavers"].fillna(0) < _FEWEST, list(_SHRUNKEN)] = np.nan
    return table


def _columns() -> list[str]:
    def with_ends(name: str) -> list[str]:
        return [name, f"{name}_lower", f"{name}_upper"]

    found = ["attribute", "group", "n", "leavers", "leavers_rest", "missing_outcomes"]
    found += [each for name in FIGURES for each in with_ends(name)] + list(_SHRUNKEN)
    found += [each for name in DIFFERENCES for each in with_ends(f"{name}_difference")]
    return [*found, *with_ends("observed_by_expected_ratio"), "judged"]


class _Group:
    """Rows of one group, and of all others of whom the attribute is recorded."""

    def __init__(self, attribute: str, name: str, inside: Any, rest: Any, y: Floats, pupil: Any) -> None:
        self.attribute, self.name, self.inside = attribute, name, inside
        self.recorded = name != UNKNOWN
        self.pupils = len(np.unique(pupil[inside]))
        self.leavers = len(np.unique(pupil[inside & (y == 1)]))
        self.leavers_rest = len(np.unique(pupil[rest & (y == 1)]))
        self.missing = float(np.isnan(y[inside]).mean())
        self.judged: Judged = "judged"


def _groups(
    attributes: pd.DataFrame, y: Floats, pupil: Any, smallest_leavers: int, smallest_group: int
) -> list[_Group]:
    found: list[_Group] = []
    for attribute in attributes:
        column = attributes[attribute]
        words = column.where(column.notna(), UNKNOWN).astype(str).to_numpy()
        recorded = words != UNKNOWN
        names, counts = np.unique(words, return_counts=True)
        order = np.lexsort((-counts, names == UNKNOWN))
        members = [
            _Group(str(attribute), str(names[i]), words == names[i], recorded & (words != names[i]), y, pupil)
            for i in order
        ]
        for group in members:
            if group.leavers < max(smallest_leavers, _FEWEST):
                group.judged = "too few to judge"
        _hide(members, smallest_group)
        found += members
    return found


def _hide(members: list[_Group], smallest: int) -> None:
    """Leave out the figures of small groups, and of the next one if what is left out could be found by subtraction."""
    by_size = sorted(members, key=lambda group: group.pupils)
    hidden = [group for group in by_size if group.pupils < smallest]
    if hidden and sum(group.pupils for group in hidden) < smallest:
        hidden = by_size[: len(hidden) + 1]
    for group in hidden:
        group.judged = "not shown"


class _Figures:
    """All figures of all groups, for the table and for any resample of its pupils."""

    def __init__(self, y: Floats, p: Floats, listed: Floats, weight: Floats, pupil: Any, groups: list[_Group]) -> None:
        left, stayed = weight * (y == 1), weight * (y == 0)
        self._groups = groups
        self._pupils, self._sums = [], []
        self._auroc = np.full(len(groups), np.nan)
        for i, group in enumerate(groups):
            rows = np.flatnonzero(group.inside)
            beaten, self._auroc[i] = placements(y[rows], p[rows], weight[rows])
            columns = np.stack(
                [
                    weight[rows],
                    (weight * listed)[rows],
                    stayed[rows],
                    (stayed * listed)[rows],
                    left[rows],
                    (left * (1 - listed))[rows],
                    ((left + stayed) * p)[rows],
                    left[rows] * beaten,
                    stayed[rows] * beaten,
                ],
                axis=1,
            )
            members, at = np.unique(pupil[rows], return_inverse=True)
            self._pupils.append(members)
            self._sums.append(np.stack([np.bincount(at.ravel(), weights=column) for column in columns.T], axis=1))
        self.sums = np.array([each.sum(axis=0) for each in self._sums])

    def __call__(self, copies: Floats) -> Mapping[Key, Floats]:
        sums = [copies[:, members] @ each for members, each in zip(self._pupils, self._sums, strict=True)]
        recorded: dict[str, Floats] = {}
        for group, each in zip(self._groups, sums, strict=True):
            if group.recorded:
                recorded[group.attribute] = recorded.get(group.attribute, 0.0) + each
        found: dict[Key, Floats] = {}
        for group, each, auroc in zip(self._groups, sums, self._auroc, strict=True):
            own = _rates(each)
            rest = _rates(np.maximum(recorded.get(group.attribute, 0.0) - each * group.recorded, 0.0))
            at = (group.attribute, group.name)
            found |= {(*at, name): values for name, values in own.items()}
            found |= {(*at, f"{name}_difference"): own[name] - rest[name] for name in DIFFERENCES}
            found[*at, "observed_by_expected_ratio"] = ratio(own["observed_by_expected"], rest["observed_by_expected"])
            found[*at, "auroc"] = np.clip(_auroc(each, auroc), 0.0, 1.0)
        return found


def _rates(sums: Floats) -> dict[str, Floats]:
    at = {name: sums[:, i] for i, name in enumerate(_SUMS)}
    return {
        "selection_rate": ratio(at["listed"], at["weight"]),
        "false_alarm_rate": ratio(at["stayed_listed"], at["stayed"]),
        "miss_rate": ratio(at["left_missed"], at["left"]),
        "observed_by_expected": ratio(at["left"], at["expected"]),
    }


def _auroc(sums: Floats, overall: float) -> Floats:
    """AUROC of a resample to first order (DeLong 1988): the mean placement of its leavers and of its stayers."""
    at = {name: sums[:, i] for i, name in enumerate(_SUMS)}
    return ratio(at["left_placed"], at["left"]) + ratio(at["stayed_placed"], at["stayed"]) - overall


def placements(y: Floats, score: Floats, weight: Floats) -> tuple[Floats, float]:
    """Say of each row how it is placed among the others: a leaver among those who stayed, and the other way round.

    Parameters
    ----------
    y, score, weight : ndarray of float, shape (n,)
        NaN in `y` counts nowhere.

    Returns
    -------
    placed : ndarray of float, shape (n,)
        Of a leaver the share of stayers with a lower score, of a stayer the share of leavers with a higher one; equal scores
        count half.
    auroc : float
        The weighted mean of either; NaN without leavers or stayers.

    References
    ----------
    E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
    characteristic curves: a nonparametric approach", Biometrics 44 (1988), 837-845.

    Examples
    --------
    >>> placed, area = placements(np.array([0.0, 0, 1]), np.array([0.1, 0.3, 0.3]), np.ones(3))
    >>> placed.tolist(), area
    ([1.0, 0.5, 0.75], 0.75)
    """
    values, at = np.unique(score, return_inverse=True)
    at = at.ravel()
    left, stayed = (np.bincount(at, weights=weight * (y == kind), minlength=len(values)) for kind in (1, 0))
    below = ratio(np.cumsum(stayed) - stayed / 2, stayed.sum())
    above = ratio(left.sum() - np.cumsum(left) + left / 2, left.sum())
    placed = np.nan_to_num(np.where(y == 1, below[at], np.where(y == 0, above[at], 0.0)))
    return placed, float(ratio(left @ np.nan_to_num(below), left.sum())) if stayed.sum() > 0 else np.nan


def _row(group: _Group, points: Mapping[Key, Floats], drawn: Resampled) -> dict[str, Any]:
    row: dict[str, Any] = {"attribute": group.attribute, "group": group.name, "judged": group.judged}
    if group.judged == "not shown":
        return row
    row |= {"n": group.pupils, "leavers": group.leavers, "leavers_rest": group.leavers_rest}
    row["missing_outcomes"] = group.missing
    names = (*FIGURES, *(f"{name}_difference" for name in DIFFERENCES), "observed_by_expected_ratio")
    for name in names:
        key = (group.attribute, group.name, name)
        compares = name.endswith(("_difference", "_ratio"))
        leavers = min(group.leavers, group.leavers_rest) if compares else group.leavers
        row[name] = float(points[key][0]) if leavers >= _FEWEST or name.startswith("selection_rate") else np.nan
        lower, upper = drawn.interval(key)
        drawable = leavers >= _FEWEST_DRAWN and lower < upper
        row[f"{name}_lower"], row[f"{name}_upper"] = (lower, upper) if drawable else (np.nan, np.nan)
    return row

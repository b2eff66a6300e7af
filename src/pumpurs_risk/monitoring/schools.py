"""Factors that changed in one school unlike in the others: the sign of another way of counting there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from scipy import stats

from pumpurs_risk.model.inputs import numeric_column
from pumpurs_risk.monitoring.drift import ALPHA, LEAST_KNOWN
from pumpurs_risk.monitoring.lists import Aligned, MadeList
from pumpurs_risk.monitoring.noise import Floats, Ints, adjusted, clustered_change
from pumpurs_risk.monitoring.result import SchoolChange

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

LARGE_SD_SCHOOL = 0.3
"""Standard deviations from which a school's own change matters; more than for all schools, because schools do differ."""


def school_changes(
    first: MadeList, second: MadeList, aligned: Aligned, names: Sequence[str], catalogue: Catalogue
) -> tuple[SchoolChange, ...]:
    """Compare each school's change of a mean with the change in the other schools, pupils as clusters.

    A change that all schools share (a season, a harder year) cancels. Only ordinary factors are looked at: the mean of a
    sensitive one in one school says too much of few pupils.

    Parameters
    ----------
    first, second, aligned
        The lists, and their pupils under one numbering.
    names : sequence of str
        Factors to compare.
    catalogue : Catalogue
        For the factors' kinds and sensitivity.

    Returns
    -------
    tuple of SchoolChange
        Of schools with at least 30 known values in both lists, where another school has them too.
    """
    found: list[SchoolChange] = []
    for name in names:
        factor = catalogue.factors.get(name)
        numeric = factor.kind != "level" if factor else second.factors[name].dtype.kind in "fiub"
        if numeric and (factor is None or factor.sensitivity == "ordinary"):
            found += _changes_of(name, *_stacked(first, second, aligned, name), aligned.schools)
    q = adjusted([row.p for row in found])
    return tuple(
        msgspec.structs.replace(
            row,
            q=float(each),
            verdict="chance"
            if not each <= ALPHA
            else ("changed" if abs(row.beyond_others_sd) >= LARGE_SD_SCHOOL else "small"),
        )
        for row, each in zip(found, q, strict=True)
    )


def _stacked(first: MadeList, second: MadeList, aligned: Aligned, name: str) -> tuple[Ints, Ints, Floats, Ints]:
    """Known values of both lists one below the other: pupil, school, value, 0 or 1 for the list."""
    parts = []
    for order, (made, rows, school) in enumerate(
        ((first, aligned.first, aligned.first_school), (second, aligned.second, aligned.second_school))
    ):
        column = numeric_column(made.factors, name)
        pupil = np.flatnonzero(rows >= 0)
        pupil = pupil[~np.isnan(column[rows[pupil]])]
        parts.append((pupil, school[pupil], column[rows[pupil]], np.full(len(pupil), order)))
    pupils, schools, values, lists = (np.concatenate(part) for part in zip(*parts, strict=True))
    return pupils, schools, values, lists


def _changes_of(
    name: str, pupil: Ints, school: Ints, value: Floats, order: Ints, schools: tuple[str, ...]
) -> list[SchoolChange]:
    known = np.bincount(school * 2 + order, minlength=2 * len(schools)).reshape(-1, 2)
    enough = np.asarray(known.min(axis=1) >= LEAST_KNOWN)
    sd = float(value.std()) if len(value) else 0.0
    if enough.sum() < 2 or sd == 0:
        return []
    used = enough[school]
    pupil, school, value, order = pupil[used], school[used], value[used], order[used]
    change, variance = clustered_change(pupil, school, value, order.astype(bool), len(schools))
    sums = np.bincount(school * 2 + order, weights=value, minlength=2 * len(schools)).reshape(-1, 2)
    means = sums / np.maximum(known, 1)
    rows = []
    for at in np.flatnonzero(enough):
        others = enough.copy()
        others[at] = False
        common, doubt = _median(change[others], variance[others])
        beyond, spread = float(change[at]) - common, float(variance[at]) + doubt
        p = float(2 * stats.norm.sf(abs(beyond) / np.sqrt(spread))) if spread > 0 else float(beyond == 0)
        rows.append(
            SchoolChange(
                school_id=schools[at], factor=name, first_known=int(known[at, 0]), second_known=int(known[at, 1]),
                first_mean=float(means[at, 0]), second_mean=float(means[at, 1]), beyond_others=beyond,
                beyond_others_sd=beyond / sd, p=p, q=1.0, verdict="chance",
            )
        )  # fmt: skip
    return rows


def _median(change: Floats, variance: Floats) -> tuple[float, float]:
    """The others' common change and its variance: their median, so that one school that went its own way does not move it.

    The variance is that of the mean times pi / 2, a median's where changes are spread normally.
    """
    return float(np.median(change)), float(variance.mean() / len(change) * (np.pi / 2 if len(change) > 2 else 1))

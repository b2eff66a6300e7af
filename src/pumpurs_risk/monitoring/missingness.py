"""What each school does not know, and what it stopped or began to supply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from pumpurs_risk.monitoring.drift import ALPHA
from pumpurs_risk.monitoring.lists import Aligned, MadeList
from pumpurs_risk.monitoring.noise import Floats, Ints, adjusted, share_change_p
from pumpurs_risk.monitoring.result import Missing

LARGE_SHARE = 0.20
"""Change of the share unknown that matters: a fifth of the pupils, about one class in five."""
SUPPLIED = 0.20
"""Share known from which a school counts as supplying a factor."""
FEWEST = 5
"""Pupils in each list below which a school is not judged."""
Found = Literal["stopped", "started", "more", "less", "small", "chance", "too_few"]


def missing_changes(first: MadeList, second: MadeList, aligned: Aligned, names: Sequence[str]) -> tuple[Missing, ...]:
    """Compare the share of pupils of whom a factor is not known, school by school.

    Parameters
    ----------
    first, second, aligned
        The lists, and their pupils under one numbering.
    names : sequence of str
        Factors to look at.

    Returns
    -------
    tuple of Missing
        For schools of both lists, by school and in the order of `names`; a factor that a school knows in neither list is
        left out.
    """
    n_schools = len(aligned.schools)
    counted: list[dict[str, Any]] = []
    for name in names:
        known = [_known(made, rows, name) for made, rows in ((first, aligned.first), (second, aligned.second))]
        table = _by_school(known, aligned, n_schools)
        pupils = [np.bincount(s[s >= 0], minlength=n_schools) for s in (aligned.first_school, aligned.second_school)]
        knowing = [
            np.bincount(s[(s >= 0) & k], minlength=n_schools)
            for s, k in zip((aligned.first_school, aligned.second_school), known, strict=True)
        ]
        p = share_change_p(**table)
        for at in np.flatnonzero(aligned.common & (knowing[0] + knowing[1] > 0)):
            counted.append(
                {
                    "school_id": aligned.schools[at],
                    "factor": name,
                    "first_pupils": int(pupils[0][at]),
                    "second_pupils": int(pupils[1][at]),
                    "first_unknown": float(1 - knowing[0][at] / pupils[0][at]),
                    "second_unknown": float(1 - knowing[1][at] / pupils[1][at]),
                    "p": float(p[at]),
                }
            )
    q = adjusted([row["p"] if min(row["first_pupils"], row["second_pupils"]) >= FEWEST else np.nan for row in counted])
    found = [
        Missing(**row, q=float(each) if np.isfinite(each) else 1.0, verdict=_verdict(row, each))
        for row, each in zip(counted, q, strict=True)
    ]
    order = {name: place for place, name in enumerate(names)}
    return tuple(sorted(found, key=lambda row: (row.school_id, order[row.factor])))


def _known(made: MadeList, rows: Ints, name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    column = made.factors[name].notna().to_numpy() if name in made.factors else np.zeros(len(made.factors), dtype=bool)
    if not len(column):
        return np.zeros(len(rows), dtype=bool)
    return np.asarray((rows >= 0) & column[rows])


def _by_school(known: Sequence[Any], aligned: Aligned, n_schools: int) -> dict[str, Floats]:
    """Count pupils by school and by where they are known; who changed school is in either list alone."""
    one, two = aligned.first_school, aligned.second_school
    same = (one >= 0) & (one == two)
    alone = [(school >= 0) & ~same for school in (one, two)]

    def count(school: Ints, which: Any) -> Floats:
        return np.bincount(school[which], minlength=n_schools).astype(np.float64)

    return {
        "known_both": count(one, same & known[0] & known[1]),
        "only_first": count(one, same & known[0] & ~known[1]),
        "only_second": count(one, same & ~known[0] & known[1]),
        "neither": count(one, same & ~known[0] & ~known[1]),
        "alone_first": count(one, alone[0]),
        "alone_first_known": count(one, alone[0] & known[0]),
        "alone_second": count(two, alone[1]),
        "alone_second_known": count(two, alone[1] & known[1]),
    }


def _verdict(row: dict[str, Any], q: float) -> Found:
    if min(row["first_pupils"], row["second_pupils"]) < FEWEST:
        return "too_few"
    if not q <= ALPHA:
        return "chance"
    before, now = row["first_unknown"], row["second_unknown"]
    if now == 1.0 and before <= 1 - SUPPLIED:
        return "stopped"
    if before == 1.0 and now <= 1 - SUPPLIED:
        return "started"
    if abs(now - before) < LARGE_SHARE:
        return "small"
    return "more" if now > before else "less"

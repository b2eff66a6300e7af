"""Counts of every school for the municipality's page: what its composition lets expect, what is missing, which risks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pumpurs_risk.explanation.applies import applies_to, number_column

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

FEWEST_OTHERS = 20
"""Pupils of the same programme and level in other schools, below which nothing is expected of a school's own; own choice."""


@dataclass(frozen=True)
class Composition:
    """Of one school: how many of its pupils can be compared, and how many above the threshold that lets expect."""

    compared: int
    above: int
    """How many of the compared are above it."""
    expected: float
    variance: float


def expected_above(factors: pd.DataFrame, flags: pd.DataFrame) -> dict[str, Composition]:
    """Count how many pupils above the threshold each school's composition of programme and level lets expect.

    Parameters
    ----------
    factors : pandas.DataFrame
        ``pupil_id``, ``school_id``, ``programme_level`` (``programme`` where that is not known).
    flags : pandas.DataFrame
        ``pupil_id``, ``above``.

    Returns
    -------
    dict of str to Composition
        By school: a pupil's probability is the share above the threshold among pupils of the same programme and level in the
        *other* schools, (k + 1/2) / (m + 1). Pupils for whom there are fewer than `FEWEST_OTHERS` others are not compared. The
        variance is that of the count itself plus that of the shares (indirect standardisation).

    Examples
    --------
    >>> X = pd.DataFrame({"pupil_id": range(150), "school_id": ["a"] * 50 + ["b"] * 100, "programme_level": "general-9"})
    >>> flags = pd.DataFrame({"pupil_id": range(150), "above": [i % 10 == 0 for i in range(150)]})
    >>> found = expected_above(X, flags)["a"]
    >>> found.compared, round(found.expected, 1)
    (50, 5.2)
    """
    level = factors["programme_level"] if "programme_level" in factors else pd.Series(pd.NA, index=factors.index)
    programme = factors["programme"] if "programme" in factors else pd.Series("", index=factors.index)
    table = pd.DataFrame(
        {
            "school": factors["school_id"].to_numpy(dtype=object),
            "cell": level.astype(object).where(level.notna(), programme.astype(object)).fillna("").to_numpy(),
            "above": factors["pupil_id"].map(flags.set_index("pupil_id")["above"]).fillna(False).to_numpy(dtype=bool),
        }
    )
    cells = table.groupby(["school", "cell"], sort=True)["above"].agg(n="size", k="sum").reset_index()
    whole = cells.groupby("cell")[["n", "k"]].transform("sum")
    others, above = whole["n"] - cells["n"], whole["k"] - cells["k"]
    rate = (above + 0.5) / (others + 1)
    spread = rate * (1 - rate)
    cells = cells.assign(
        compared=cells["n"].where(others >= FEWEST_OTHERS, 0),
        seen=cells["k"].where(others >= FEWEST_OTHERS, 0),
        expected=(cells["n"] * rate).where(others >= FEWEST_OTHERS, 0.0),
        variance=(cells["n"] * spread + cells["n"] ** 2 * spread / (others + 1)).where(others >= FEWEST_OTHERS, 0.0),
    )
    sums = cells.groupby("school")[["compared", "seen", "expected", "variance"]].sum()
    return {
        str(school): Composition(int(n), int(seen), float(expected), float(variance))
        for school, n, seen, expected, variance in sums.itertuples()
    }


def core_cells(factors: pd.DataFrame, catalogue: Catalogue) -> dict[str, tuple[int, int]]:
    """Count, by school, how many values of the standard sheet's factors are asked for, and how many of them are not known."""
    asked = np.zeros(len(factors), dtype=np.int64)
    missing = np.zeros(len(factors), dtype=np.int64)
    for factor in catalogue.factors.values():
        if factor.core and factor.kind != "level":
            about = applies_to(factor.applies, factors)
            asked += about
            missing += about & np.isnan(number_column(factors, factor.id))
    sums = pd.DataFrame({"asked": asked, "missing": missing}).groupby(factors["school_id"].to_numpy(dtype=object)).sum()
    return {str(school): (int(n), int(gaps)) for school, n, gaps in sums.itertuples()}


def risk_groups(flags: pd.DataFrame, reasons: pd.DataFrame, catalogue: Catalogue) -> dict[str, dict[str, int]]:
    """Count, by school, pupils above the threshold by the risk groups of the reasons told; a pupil may be in several."""
    group_of = {factor.id: factor.group for factor in catalogue.factors.values()}
    lead = reasons["line"].eq(0) if "line" in reasons else True
    risks = reasons[reasons["kind"].eq("risk") & lead]
    school_of = flags.loc[flags["above"].astype(bool)].set_index("pupil_id")["school_id"]
    told = pd.DataFrame(
        {
            "pupil_id": risks["pupil_id"].to_numpy(dtype=object),
            "school": risks["pupil_id"].map(school_of).to_numpy(dtype=object),
            "group": risks["factor"].map(group_of).to_numpy(dtype=object),
        }
    ).dropna()
    sizes = told.drop_duplicates(["pupil_id", "group"]).groupby(["school", "group"]).size()
    counts = {str(school): dict.fromkeys(catalogue.groups, 0) for school in flags["school_id"].unique()}
    for school, group, n in sizes.reset_index(name="n").itertuples(index=False):
        counts[str(school)][str(group)] = int(n)
    return counts

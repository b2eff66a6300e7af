"""What needs a person, out of everything that was found; each with a code for its sentence and its next step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from typing import Any

import numpy as np
from scipy import stats

from pumpurs_risk.monitoring.decisions import LEAST_JUDGED
from pumpurs_risk.monitoring.drift import ALPHA
from pumpurs_risk.monitoring.followup import LEAST_LEAVERS
from pumpurs_risk.monitoring.result import (
    Attention,
    Compared,
    DecisionUse,
    FactorChange,
    GroupDifference,
    Missing,
    Outcomes,
    SchoolChange,
    ScoreChange,
    ScoreDistance,
)

LARGE_LEVEL = float(np.log(1.25))
"""Shift of the log-odds from which the level of the risks is called wrong: a quarter of the odds."""
LARGE_SLOPE = 0.2
LARGE_GAP = 1.25
"""Ratio of observed to expected, or its inverse, from which a group's risks are called wrong."""
DAYS_TO_DECIDE = 14
"""Days after a list by which its next steps are due."""
LARGE_MODEL = 0.2
"""Relative change of the mean risk by another model alone from which risks of two lists must not be compared."""
LARGE_ABOVE = 1.5
"""Ratio of the shares above the threshold, or its inverse, from which places are asked about."""
LARGE_MISSING = 0.15
"""Difference in unknown outcomes between listed and other pupils from which calibration may mislead."""


def from_lists(
    compared: Compared, factors: Sequence[FactorChange], changes: Sequence[SchoolChange], scores: Sequence[ScoreChange],
    distances: Sequence[ScoreDistance], missing: Sequence[Missing], scored: Container[str],
) -> list[Attention]:  # fmt: skip
    """What two lists say before anything is known of decisions and outcomes.

    A factor that is not among `scored`, those that can move a risk, asks for nobody's attention when it changes.
    """
    found = [_about("school_absent", 1, schools=list(compared.schools_left))] if compared.schools_left else []
    found += _supply(missing)
    if compared.redefined:
        found.append(_about("redefined", 2, factors=list(compared.redefined)))
    found += _drift([row for row in factors if row.factor in scored])
    found += _ways_of_counting([row for row in changes if row.factor in scored])
    found += _scores(compared, scores, distances)
    return found


def from_decisions(
    uses: Sequence[DecisionUse], differences: Sequence[GroupDifference], days: int, slow: Sequence[str]
) -> list[Attention]:
    """What the use of decisions says.

    Parameters
    ----------
    uses, differences
        As counted.
    days : int
        Between the two lists: with fewer than 14, nobody is reminded of a decision.
    slow : sequence of str
        Schools that left half of their listed pupils undecided.
    """
    everybody = next((row for row in uses if row.by == "all"), None)
    if everybody is None or not everybody.listed:
        return []
    if everybody.undecided == everybody.listed:
        return [_about("no_decisions", 2, n=everybody.listed)] if days >= DAYS_TO_DECIDE else []
    found = []
    if slow and days >= DAYS_TO_DECIDE:
        found.append(_about("undecided", 2, schools=list(slow)))
    for row in differences:
        if row.verdict == "changed" and row.by != "school_id":
            found.append(
                _about(
                    f"{row.share}_differs", 2, by=row.by, lowest=row.lowest, lowest_share=row.lowest_share,
                    highest=row.highest, highest_share=row.highest_share,
                )
            )  # fmt: skip
    if (
        everybody.added is not None
        and everybody.listed
        and everybody.added >= max(LEAST_JUDGED / 6, 0.1 * everybody.listed)
    ):
        found.append(_about("many_added", 3, n=everybody.added, listed=everybody.listed))
    return found


def from_outcomes(
    outcomes: Outcomes,
    gaps: Iterable[tuple[str, str, int, float, float]],
    local: bool,
    by_list: tuple[int, int, int, int],
) -> list[Attention]:
    """What happened, beside what was expected.

    Parameters
    ----------
    outcomes : Outcomes
        Judged, or not yet.
    gaps : iterable of (attribute, group, left, expected, q)
        Groups whose risks were compared with the level of all put right.
    local : bool
        Whether the model had learned from outcomes of this place.
    by_list : (left, hits, places, pupils)
        Pupils who left, those of them on the list, its pupils, and all pupils with a known outcome.
    """
    if outcomes.state != "judged":
        return []
    found = []
    if (outcomes.missing_listed or 0) - (outcomes.missing_others or 0) >= LARGE_MISSING and outcomes.pupils:
        found.append(
            _about("outcomes_missing", 1, listed=outcomes.missing_listed or 0.0, others=outcomes.missing_others or 0.0)
        )  # fmt: skip
    low, high = outcomes.intercept_lower, outcomes.intercept_upper
    wrong = (low is not None and low > 0) or (high is not None and high < 0)
    if (
        wrong
        and outcomes.left is not None
        and outcomes.left >= FEWEST_FOR_LEVEL
        and abs(outcomes.intercept or np.inf) >= LARGE_LEVEL
    ):
        found.append(
            _about(
                "level_low" if (outcomes.intercept or 0) > 0 else "level_high", 1, left=outcomes.left, known=outcomes.known,
                expected=outcomes.expected, share=outcomes.left / outcomes.known,
                prevalence=f"{outcomes.left / outcomes.known:.3g}", local=local,
            )
        )  # fmt: skip
    if outcomes.slope is not None and outcomes.slope_lower is not None and outcomes.slope_upper is not None:
        outside = outcomes.slope_upper < 1 or outcomes.slope_lower > 1
        if outside and abs(outcomes.slope - 1) >= LARGE_SLOPE:
            found.append(_about("slope_flat" if outcomes.slope < 1 else "slope_steep", 2, slope=outcomes.slope))
    found += _no_better_than_lots(outcomes, by_list)
    for by, group, left, expected, q in gaps:
        ratio = left / max(expected, 1e-9)
        if q <= ALPHA and max(ratio, 1 / ratio) >= LARGE_GAP:
            found.append(_about("group_level", 2, by=by, group=group, left=left, expected=expected))
    return found


FEWEST_FOR_LEVEL = 10
"""Leavers below which the level is not called wrong."""


def _no_better_than_lots(outcomes: Outcomes, by_list: tuple[int, int, int, int]) -> list[Attention]:
    left, hits, places, pupils = by_list
    if left < LEAST_LEAVERS or float(stats.hypergeom.sf(hits - 1, pupils, left, places)) <= ALPHA:
        return []
    everybody = next((row for row in outcomes.rows if row.by == "all"), None)
    shown = everybody is not None and everybody.leavers_listed is not None
    return [
        _about(
            "no_better_than_lots", 1, left=left, hits=hits if shown else None, by_lot=left * places / pupils,
        )
    ]  # fmt: skip


def _supply(missing: Sequence[Missing]) -> list[Attention]:
    found = []
    for verdict, weight in (("stopped", 1), ("more", 2)):
        by_school: dict[str, list[str]] = defaultdict(list)
        for row in missing:
            if row.verdict == verdict:
                by_school[row.school_id].append(row.factor)
        alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for school, factors in sorted(by_school.items()):
            alike[tuple(factors)].append(school)
        found += [
            _about(verdict, weight, schools=schools, factors=list(factors))
            for factors, schools in sorted(alike.items())
        ]
    return found


def _drift(factors: Sequence[FactorChange]) -> list[Attention]:
    changed = [row for row in factors if row.verdict == "changed" and row.scope == "same_schools"]
    seasonal = [row for row in changed if row.seasonal]
    found = [
        _about(
            "factor_changed", 2, factors=[row.factor], first=row.first_mean, second=row.second_mean,
            distance=row.distance, log_odds=row.log_odds,
        )
        for row in sorted(changed, key=lambda row: -abs(row.log_odds))
        if not row.seasonal
    ]  # fmt: skip
    if seasonal:
        found.append(
            _about("season_changed", 3, factors=[r.factor for r in sorted(seasonal, key=lambda r: -abs(r.log_odds))])
        )
    return found


def _ways_of_counting(changes: Sequence[SchoolChange]) -> list[Attention]:
    by_school: dict[str, list[SchoolChange]] = defaultdict(list)
    for row in changes:
        if row.verdict == "changed":
            by_school[row.school_id].append(row)
    return [
        _about(
            "school_changed",
            2,
            schools=[school],
            factors=[r.factor for r in sorted(rows, key=lambda r: -abs(r.beyond_others_sd))],
        )
        for school, rows in sorted(by_school.items())
    ]


def _scores(compared: Compared, scores: Sequence[ScoreChange], distances: Sequence[ScoreDistance]) -> list[Attention]:
    found = []
    mean = next((row for row in scores if row.measure == "mean_risk" and row.scope == "same_schools"), None)
    moved = next((row for row in distances if row.scope == "same_schools"), None)
    if (
        mean is not None
        and not compared.same_model
        and mean.first > 0
        and abs(mean.by_model) / mean.first >= LARGE_MODEL
    ):
        found.append(_about("model_changed", 2, first=mean.first, again=mean.first_by_second_model))
    above = next((row for row in scores if row.measure == "share_above" and row.scope == "same_schools"), None)
    if above is not None and above.p is not None and above.p <= ALPHA:
        ratio = (above.second + 1e-9) / (above.first_by_second_model + 1e-9)
        if max(ratio, 1 / ratio) >= LARGE_ABOVE:
            more = "more_above" if ratio > 1 else "fewer_above"
            found.append(_about(more, 2, first=above.first_by_second_model, second=above.second))
    if mean is not None and moved is not None and moved.verdict == "changed":
        weight = 3 if compared.season == "other" else 2
        found.append(_about("scores_changed", weight, first=mean.first_by_second_model, second=mean.second))
    return found


def _about(code: str, weight: int, **params: Any) -> Attention:
    return Attention(code=code, weight=weight, params=params)


def in_order(found: Iterable[Attention]) -> tuple[Attention, ...]:
    """The most pressing first; otherwise as they were found."""
    return tuple(sorted(found, key=lambda each: each.weight))

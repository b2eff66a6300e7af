"""The first line: whether a list is worth having, a rule is enough, support belongs to the school, or nobody can tell yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

FEWEST_LEAVERS = 10
"""Distinct leavers below which nothing is judged."""
MARGIN_AUROC = 0.02
"""A model that cannot be better by more than this (upper bound of the paired difference) is not better in any useful way."""
MARGIN_RECALL = 0.05
"""The same for recall at the places: one leaver of twenty."""
NEAR_CHANCE = 0.60
"""Inside a school: if the interval holds .5 and ends below this, the list hardly tells pupils of one school apart."""
TOO_FEW, SCHOOL, RULE, WORTH, CANNOT_TELL, SUSPICIOUS, NO_PLACES = (
    "too_few_leavers",
    "support_this_school",
    "rule_is_enough",
    "list_worth_having",
    "cannot_tell_yet",
    "suspicious",
    "no_places",
)
CODES = (SUSPICIOUS, NO_PLACES, WORTH, RULE, SCHOOL, CANNOT_TELL, TOO_FEW)


@dataclass(frozen=True)
class Verdict:
    """What the figures allow to say.

    Parameters
    ----------
    code : str
        One of `CODES`.
    best_rule : str
        The rule that finds most leavers at the places (then by AUROC), chosen after seeing, which favours it; empty for none.
    reasons : tuple of (code, params)
        What decided, or what stands in the way.
    """

    code: str
    best_rule: str
    reasons: tuple[tuple[str, dict[str, Any]], ...]


def judge(
    metrics: pd.DataFrame,
    comparisons: pd.DataFrame,
    *,
    model: str,
    leavers: int,
    schools: int,
    contexts: int,
    suspicious: Sequence[str] = (),
    places: float = 1,
) -> Verdict:
    """Decide what the first line is.

    Parameters
    ----------
    metrics, comparisons : pandas.DataFrame
        As in `Evaluation`.
    model : str
        The model's name in them.
    leavers : int
        Distinct leavers.
    schools, contexts : int
        Schools, and programmes and levels, of the test rows: with one of each there is nothing to compare inside of.
    suspicious : sequence of str
        Factors that know too much.
    places : float
        Of all lists.

    Returns
    -------
    Verdict

    Notes
    -----
    In this order. *Suspicious*: a factor knows too much. *No places*: the lists have none. *Too few*: below 10 leavers.
    *Support this school*: against school and programme alone, the interval of the difference in AUROC (over all rows) holds 0
    or less and ends at .02 at most; or the interval of the AUROC inside the lists holds .5 and ends at .60 at most (with
    equal scores inside every list only if the AUROC over all rows is above .5). *The rule is enough*: against the best simple
    rule, the intervals of the differences in recall at the places and in AUROC hold 0 or less and end at .05 and .02 at most.
    *Worth having*: the AUROC inside the lists is above .5, the model is better than school and programme in AUROC, and better
    than the best rule in recall at the places, or finds as many there and is better in AUROC inside the lists (where lists are
    cut; over all rows only with one school), all beyond their intervals. Else *cannot tell yet*.
    """
    best = best_rule(metrics)
    if len(suspicious):
        return Verdict(SUSPICIOUS, best, (("suspicious_factors", {"factors": list(suspicious)}),))
    if not places > 0:
        return Verdict(NO_PLACES, best, ())
    if leavers < FEWEST_LEAVERS:
        return Verdict(TOO_FEW, best, (("few_leavers", {"leavers": leavers}),))
    difference = _differences(comparisons)
    inside = _interval(metrics, model, "auroc", "within_school")
    open_questions: list[tuple[str, dict[str, Any]]] = []
    if schools > 1 or contexts > 1:
        if inside == (0.5, 0.5) and not _interval(metrics, model, "auroc", "all")[0] > 0.5:
            return Verdict(CANNOT_TELL, best, (("no_order", {}),))
        found = _against_school(difference.get(("school_and_programme", "auroc")), inside)
        if found[0] == SCHOOL:
            return Verdict(SCHOOL, best, (found[1],))
        if found[0] == CANNOT_TELL:
            open_questions.append(found[1])
    if best:
        recall, auroc = difference.get((best, "recall_at_places")), difference.get((best, "auroc"))
        inner = _differences(comparisons, "within_school").get((best, "auroc"), auroc if schools < 2 else None)
        found = _against_rule(best, recall, auroc, inner)
        if found[0] == RULE:
            return Verdict(RULE, best, (found[1],))
        if found[0] == CANNOT_TELL:
            open_questions.append(found[1])
    else:
        found = (CANNOT_TELL, ("no_rule", {}))
        open_questions.append(found[1])
    if open_questions:
        return Verdict(CANNOT_TELL, best, tuple(open_questions))
    if not inside[0] > 0.5:
        return Verdict(CANNOT_TELL, best, (("inside_not_shown", {"lower": inside[0], "upper": inside[1]}),))
    return Verdict(WORTH, best, (found[1],))


def best_rule(metrics: pd.DataFrame) -> str:
    """The simple rule with the highest recall at the places, then AUROC; empty where no rule could be computed."""
    rules = metrics[(metrics["kind"] == "rule") & (metrics["scope"] == "all")]
    if not len(rules):
        return ""
    wide = rules.pivot(index="model", columns="metric", values="value")
    wide = wide.reindex(columns=["recall_at_places", "auroc"]).dropna(how="all")
    if not len(wide):
        return ""
    return str(wide.sort_values(["recall_at_places", "auroc"], kind="stable").index[-1])


def _against_school(
    difference: tuple[float, float] | None, inside: tuple[float, float]
) -> tuple[str, tuple[str, dict[str, Any]]]:
    if inside[0] <= 0.5 and inside[1] <= NEAR_CHANCE:
        return SCHOOL, ("inside_is_chance", {"lower": inside[0], "upper": inside[1]})
    if difference is not None and difference[0] <= 0 and difference[1] <= MARGIN_AUROC:
        return SCHOOL, ("school_says_as_much", {"lower": difference[0], "upper": difference[1]})
    if difference is None:
        return "", ("", {})
    if not difference[0] > 0:
        return CANNOT_TELL, ("school_not_excluded", {"lower": difference[0], "upper": difference[1]})
    return "", ("", {})


def _against_rule(
    best: str,
    recall: tuple[float, float] | None,
    auroc: tuple[float, float] | None,
    inside: tuple[float, float] | None,
) -> tuple[str, tuple[str, dict[str, Any]]]:
    if recall is None or auroc is None:
        return CANNOT_TELL, ("rule_not_compared", {"rule": best})
    figures = {"rule": best, "lower": recall[0], "upper": recall[1]}
    if recall[0] > 0:
        return "", ("beats_at_places", figures)
    if inside is not None and inside[0] > 0 and recall[0] + recall[1] >= 0:
        return "", ("beats_in_order", figures)
    if recall[1] < 0 and auroc[1] <= MARGIN_AUROC:
        return RULE, ("rule_finds_more", {"rule": best, "lower": -recall[1], "upper": -recall[0]})
    if recall[1] <= MARGIN_RECALL and auroc[1] <= MARGIN_AUROC:
        return RULE, ("rule_finds_as_many", figures)
    return CANNOT_TELL, ("rule_not_excluded", figures)


def _differences(comparisons: pd.DataFrame, scope: str = "all") -> dict[tuple[str, str], tuple[float, float]]:
    """Intervals of one scope by (opponent, metric); those that could not be drawn are left out."""
    used = comparisons[(comparisons["scope"] == scope) & comparisons["lower"].notna()]
    keys = zip(used["against"], used["metric"], strict=True)
    return dict(zip(keys, zip(used["lower"], used["upper"], strict=True), strict=True))


def _interval(metrics: pd.DataFrame, model: str, metric: str, scope: str) -> tuple[float, float]:
    row = metrics[(metrics["model"] == model) & (metrics["metric"] == metric) & (metrics["scope"] == scope)]
    return (float(row["lower"].iloc[0]), float(row["upper"].iloc[0])) if len(row) else (np.nan, np.nan)

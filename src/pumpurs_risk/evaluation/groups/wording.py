"""Says in words what a list does to groups of pupils."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pumpurs_risk.evaluation.groups.audit import UNKNOWN
from pumpurs_risk.locale import has_text, number, percent, text


def group_label(attribute: str, group: str, lang: str = "lv") -> str:
    """Name a group.

    Examples
    --------
    >>> group_label("programme", "vocational", "en")
    'programme: vocational'
    """
    named = f"fairness.attribute.{attribute}"
    own = f"fairness.group.{attribute}.{group}"
    return text(
        "fairness.label",
        lang,
        attribute=text(named, lang) if has_text(named, lang) else attribute,
        group=text("fairness.unknown", lang) if group == UNKNOWN else text(own, lang) if has_text(own, lang) else group,
    )


def fairness_sentences(
    table: pd.DataFrame, lang: str = "lv", *, level: float = 0.95, smallest_leavers: int = 30
) -> list[str]:
    """Say which groups' leavers are missed more, who is listed in vain more, whose risks are too low, and who cannot be judged.

    Parameters
    ----------
    table : pandas.DataFrame
        From ``by_group``.
    lang : {"lv", "en"}
    level, smallest_leavers
        As ``by_group`` was given.

    Returns
    -------
    list of str
        Differences come only from groups with enough leavers on both sides, and only where the interval leaves out 0; what
        cannot be judged is always named.

    Examples
    --------
    >>> from pumpurs_risk.evaluation.groups.fairness import by_group
    >>> table = by_group([1, 0, 0, 0, 0], [0.5] * 5, [True] * 5, pd.DataFrame({"sex": ["male"] * 5}), resamples=10)
    >>> fairness_sentences(table, "en")[-1]
    'Too few to judge (fewer than 30 leavers): sex: male.'
    """
    if not len(table):
        return [text("fairness.found.no_attributes", lang)]
    comparable = table[(table["judged"] == "judged") & (table["leavers_rest"] >= smallest_leavers)]
    comparable = comparable[comparable["group"] != UNKNOWN]
    said: list[str] = []
    if len(comparable):
        said += _differences(comparable, "miss", lang) + _differences(comparable, "false_alarm", lang)
        low = comparable[comparable["observed_by_expected_ratio_lower"] > 1]
        said += [_too_low(row, lang) for row in low.to_dict("records")]
        pairs = comparable.groupby("attribute", sort=False)["group"].size()
        compared = int(3 * (pairs - (pairs == 2)).sum())  # of two groups each is the other's rest
        shown = percent(level, lang, 0)
        said.append(text("fairness.found.chance", lang, count=compared, n=number(compared, lang), level=shown))
    else:
        said.append(text("fairness.found.nothing", lang))
    for judged, key in (("too few to judge", "too_few"), ("not shown", "not_shown")):
        names = [
            group_label(row["attribute"], row["group"], lang)
            for row in table[table["judged"] == judged].to_dict("records")
        ]
        if names:
            said.append(text(f"fairness.found.{key}", lang, groups="; ".join(names), smallest=smallest_leavers))
    return said


def _differences(comparable: pd.DataFrame, what: str, lang: str) -> list[str]:
    rate = f"{what}_rate"
    worse = comparable[comparable[f"{rate}_difference_lower"] > 0]
    if worse.empty:
        return [text(f"fairness.found.no_{what}", lang)]
    return [_difference(row, what, lang) for row in worse.to_dict("records")]


def _difference(row: dict[Any, Any], what: str, lang: str) -> str:
    rate, away = row[f"{what}_rate"], row[f"{what}_rate_difference"]
    decimals = 0 if what == "miss" else 1
    points = round(100 * away, 1)
    return text(
        f"fairness.found.{what}",
        lang,
        count=points,
        group=group_label(row["attribute"], row["group"], lang),
        rate=percent(rate, lang, decimals),
        rest=percent(rate - away, lang, decimals),
        difference=number(points, lang, 1),
        lower=number(100 * row[f"{what}_rate_difference_lower"], lang, 1),
        upper=number(100 * row[f"{what}_rate_difference_upper"], lang, 1),
        leavers=number(row["leavers"], lang),
        leavers_rest=number(row["leavers_rest"], lang),
    )


def _too_low(row: dict[Any, Any], lang: str) -> str:
    times = round(row["observed_by_expected_ratio"], 1)
    return text(
        "fairness.found.too_low",
        lang,
        count=times,
        group=group_label(row["attribute"], row["group"], lang),
        ratio=number(times, lang, 1),
        lower=number(row["observed_by_expected_ratio_lower"], lang, 2),
        upper=number(row["observed_by_expected_ratio_upper"], lang, 2),
    )

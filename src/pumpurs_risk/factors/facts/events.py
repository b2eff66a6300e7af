"""Facts that stand in single records: incidents with their dates, and what somebody judged, who and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.factors.facts.rows import Asked, day_text, facts, printed, said
from pumpurs_risk.locale import has_text, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pumpurs_risk.catalogue import Catalogue, RiskFactor
    from pumpurs_risk.catalogue.entries import Computed

_KNOWN_BY = ("kind", "severity")  # columns that the window's incidents have


def incident_facts(asked: Asked) -> Iterator[pd.DataFrame]:
    """Give the dates and the severity of each kind of incident in its factor's time.

    Parameters
    ----------
    asked : Asked
        With a table of incidents.

    Yields
    ------
    pandas.DataFrame
        Rows of evidence in order of time; ``value`` is the severity, 1 to 3.
    """
    rows = asked.fetched(asked.known.incidents).sort_values(["date", "severity"], kind="stable", ignore_index=True)
    for factor, known in asked.known.catalogue.factors.items():
        rule = known.compute
        if rule is not None and _counts_incidents(rule):
            until = np.datetime64(asked.known.window.covers(rule.window)[1])
            chosen = [rows[name].isin(wanted).to_numpy() for name, wanted in rule.where.items()]
            mine = rows[np.logical_and.reduce([rows["date"].to_numpy().astype("datetime64[D]") < until, *chosen])]
            severity = mine["severity"].to_numpy(dtype=float, na_value=np.nan)
            yield facts(
                factor,
                mine["pupil_id"],
                said({"day": mine["date"].to_numpy(), "severity": severity}, lambda *one: _incident(asked, *one)),
                value=severity,
                date_from=mine["date"].to_numpy(),
                date_to=mine["date"].to_numpy(),
                rank=np.arange(len(mine)),
                source="incidents",
            )


def assessment_facts(asked: Asked) -> Iterator[pd.DataFrame]:
    """Give what was judged of each assessed factor: the value's word, the role, the date.

    Parameters
    ----------
    asked : Asked
        With a table of assessments.

    Yields
    ------
    pandas.DataFrame
        Rows of evidence, one per pupil and factor; ``value`` is the value.
    """
    rows = asked.fetched(asked.known.assessments)
    yield from stated_facts(rows, asked.known.catalogue, asked.lang, "assessments")


def stated_facts(rows: pd.DataFrame, catalogue: Catalogue, lang: str, source: str) -> Iterator[pd.DataFrame]:
    """Give what people stated, as evidence.

    Parameters
    ----------
    rows : pandas.DataFrame
        pupil_id, factor, value, date, role; one row per pupil and factor.
    catalogue : Catalogue
        Knows the words of a scale.
    lang : {"lv", "en"}
    source : {"assessments", "answers"}
    """
    factor = rows["factor"].to_numpy(dtype=object)
    for name in pd.unique(factor):
        known = catalogue.factors.get(name)
        if known is None or known.kind == "level":
            continue
        mine = rows[factor == name]
        value = mine["value"].to_numpy(dtype=float, na_value=np.nan)
        yield facts(
            name,
            mine["pupil_id"],
            said({"value": value}, lambda one, about=known: value_text(one, about, lang)),
            value=value,
            date_from=mine["date"].to_numpy(),
            date_to=mine["date"].to_numpy(),
            role=mine["role"].fillna("").to_numpy(dtype=object),
            rank=0,
            source=source,
        )


def value_text(value: float, factor: RiskFactor, lang: str) -> str:
    """Say a value of a factor: the word of its scale, yes or no, or the number.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> factors = Catalogue.load().factors
    >>> value_text(2.0, factors["motivation"], "lv"), value_text(14.0, factors["paid_work_hours"], "lv")
    ('zema', '14')
    """
    if factor.kind == "yes_no":
        return text("evidence.yes" if value else "evidence.no", lang)
    words = factor.scale.get(lang, ())
    if words and factor.range is not None:
        return words[min(max(round(value - factor.range[0]), 0), len(words) - 1)]
    return printed(value, lang)


def greater_of_the_two(counted: pd.DataFrame, stated: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep of a factor that is both counted and stated the facts of the greater number, as the factor table does.

    Parameters
    ----------
    counted : pandas.DataFrame
        Evidence with one row per event.
    stated : pandas.DataFrame
        Evidence of what was judged.
    """
    keys = ["pupil_id", "factor"]
    events = counted.groupby(keys, sort=False).size().rename("events").reset_index()
    both = stated.merge(events, on=keys, how="left")
    stronger = both["events"].isna() | (both["value"] > both["events"])
    kept = stated[stronger.to_numpy()]
    beaten = pd.MultiIndex.from_frame(kept[keys])
    return counted[~pd.MultiIndex.from_frame(counted[keys]).isin(beaten)], kept


def _counts_incidents(rule: Computed) -> bool:
    """Whether a factor's rule counts incidents since the review window began, by what is known of them."""
    counts = (rule.table, rule.aggregate) == ("incidents", "count") and rule.window in ("review_window", "semester")
    return counts and bool(rule.where) and set(rule.where) <= set(_KNOWN_BY) and not rule.per


def _incident(asked: Asked, day: Any, severity: float) -> str:
    written = day_text(day, asked.lang)
    key = "" if np.isnan(severity) else f"evidence.severity.{round(severity)}"
    if not key or not has_text(key, asked.lang):
        return written
    return text("evidence.incident", asked.lang, day=written, severity=text(key, asked.lang))

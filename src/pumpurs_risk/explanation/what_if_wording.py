"""Says changes in words: "if ..., the estimated risk would be below ..."; every distinct clause is built once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.explanation.applies import number_column, word_column
from pumpurs_risk.explanation.placeholders import LEARNER, capitalised, learner_words, placeholders
from pumpurs_risk.explanation.what_if_steps import step_size
from pumpurs_risk.locale import form, number, percent, text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue, RiskFactor


def write_what_if(
    told: pd.DataFrame,
    before: pd.DataFrame,
    after: pd.DataFrame,
    limit: NDArray[np.float64],
    catalogue: Catalogue,
    lang: str,
) -> NDArray[np.object_]:
    """Write one sentence per line of a what-if.

    Parameters
    ----------
    told : pandas.DataFrame of n lines
        ``factor``, ``factor_2``, ``reached``.
    before, after : pandas.DataFrame of n rows
        The line's pupil as recorded, and with the changes; raw counts included.
    limit : ndarray, shape (n,)
        The risk to come below.
    catalogue : Catalogue
    lang : {"lv", "en"}

    Returns
    -------
    ndarray of str (object), shape (n,)
    """
    one = _clauses(told["factor"].to_numpy(dtype=object), before, after, catalogue, lang)
    other = _clauses(told["factor_2"].to_numpy(dtype=object), before, after, catalogue, lang)
    reached = told["reached"].to_numpy(dtype=bool)
    key = pd.DataFrame({"one": one, "other": other, "limit": limit, "reached": reached})
    distinct = key.drop_duplicates()
    said = [_sentence(a, b, at, yes, lang) for a, b, at, yes in distinct.itertuples(index=False)]
    found: NDArray[np.object_] = key.merge(distinct.assign(said=said), how="left")["said"].to_numpy(dtype=object)
    return found


def _sentence(one: str, other: str, limit: float, reached: bool, lang: str) -> str:
    number_of = "none" if not one else "pair" if other else "single"
    key = f"what_if.{'reached' if reached else 'not_reached'}.{number_of}"
    return capitalised(text(key, lang, change=one, change_2=other, below=_percent(limit, lang)))


def _percent(share: float, lang: str) -> str:
    return percent(share, lang, 0 if abs(round(100 * share) - 100 * share) < 1e-9 else 1)


def _clauses(
    factors: NDArray[np.object_], before: pd.DataFrame, after: pd.DataFrame, catalogue: Catalogue, lang: str
) -> NDArray[np.object_]:
    """Give the condition of each line's factor; "" where it has none."""
    said = np.full(len(factors), "", dtype=object)
    programme = word_column(before, "programme")
    for factor_id in pd.unique(factors[factors != ""]):
        at = np.flatnonzero(factors == factor_id)
        factor = catalogue.factors[factor_id]
        raw = _raw(factor, before, after, at, lang)
        facts = pd.DataFrame(
            {
                "now": number_column(before, factor_id)[at],
                "then": number_column(after, factor_id)[at],
                "raw_now": raw[0],
                "raw_then": raw[1],
                "programme": programme[at],
            }
        )
        facts[["now", "then"]] = facts[["now", "then"]].round(10)
        distinct = facts.drop_duplicates()
        words = [_clause(factor, row, catalogue, lang) for row in distinct.itertuples(index=False)]
        said[at] = facts.merge(distinct.assign(said=words), how="left")["said"].to_numpy(dtype=object)
    return said


def _raw(
    factor: RiskFactor, before: pd.DataFrame, after: pd.DataFrame, at: NDArray[np.int64], lang: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Raw counts before and after, NaN where the change is not a whole number of them."""
    nothing = np.full(len(at), np.nan)
    if not factor.raw or factor.sentences[lang].what_if_raw is None:
        return nothing, nothing
    now, then = number_column(before, factor.raw)[at], number_column(after, factor.raw)[at]
    x, y = number_column(before, factor.id)[at], number_column(after, factor.id)[at]
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = (now == np.round(now)) & (np.abs(now * y / x - then) < 1e-6)
    return np.where(whole, now, np.nan), np.where(whole, then, np.nan)


def _clause(factor: RiskFactor, facts: Any, catalogue: Catalogue, lang: str) -> str:
    by_raw = not np.isnan(facts.raw_then)
    sentences = factor.sentences[lang]
    template = sentences.what_if_raw if by_raw else sentences.what_if
    if template is None:
        template = text(
            f"what_if.other.{_manner(factor)}", lang, name=factor.name[lang], value="{value}", word="{word}"
        )
    now, then = (facts.raw_now, facts.raw_then) if by_raw else (facts.now, facts.then)
    decimals = 0 if by_raw else _decimals(factor)
    words = {"value": _printed(factor, then, by_raw, decimals, lang)}
    shown_now = _printed(factor, now, by_raw, 0 if by_raw else factor.decimals, lang)
    if shown_now == words["value"] and now != then:  # never the same number twice: 5.06 today, at least 5.1
        shown_now = _printed(factor, now, by_raw, decimals + 1, lang)
    if factor.kind == "score" and factor.range is not None and not by_raw:
        words["word"] = _word(factor, then, lang)
        shown_now = _word(factor, now, lang) if float(now).is_integer() else shown_now
    if placeholders(template) & LEARNER:
        words |= learner_words(facts.programme, catalogue, lang)
    count = 100 * then if factor.kind == "share" and not by_raw else then
    chosen = form(template, lang, float(np.round(abs(count), 6)))
    said = chosen.format_map(words | {"now": shown_now})
    told = factor.kind == "yes_no" or "now" in placeholders(chosen)
    return said if told else said + text("what_if.now", lang, value=shown_now)


def _manner(factor: RiskFactor) -> str:
    if factor.kind == "yes_no":
        return "without"
    if factor.kind == "score":
        return "rated"
    return "at_most" if factor.direction > 0 else "at_least"


def _decimals(factor: RiskFactor) -> int:
    """Decimals that a target needs: those of its step."""
    step = step_size(factor) * (100 if factor.kind == "share" else 1)
    return max(0, int(np.ceil(-np.log10(step) - 1e-9)))


def _printed(factor: RiskFactor, value: float, by_raw: bool, decimals: int, lang: str) -> str:
    if factor.kind == "share" and not by_raw:
        return percent(value, lang, 0 if float(np.round(100 * value, 6)).is_integer() else decimals)
    shown = round(value, decimals)
    return number(shown, lang, 0 if float(shown).is_integer() else decimals)


def _word(factor: RiskFactor, value: float, lang: str) -> str:
    scale = factor.scale[lang]
    low = factor.range[0] if factor.range else 0.0
    return scale[min(max(round(value - low), 0), len(scale) - 1)]

"""What a family's page says: facts of the journal in plain words, what is offered, whom to ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pumpurs_risk.locale import has_text, number, text

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Audience, RiskFactor

SECTIONS = ("strengths", "seen", "means", "not", "offers", "ask", "correct", "rights")
MOST_OFFERS = 4


@cache
def page_words(reader: str, lang: str) -> dict[str, Any]:
    """Give the fixed texts of a page.

    Parameters
    ----------
    reader : {"pupil", "parent"}
        To whom the page speaks.
    lang : {"lv", "en"}
        Language.

    Returns
    -------
    dict
        ``title``, ``intro``, ``footer``; per section ``title``, ``lines`` and, where there are any, ``none`` and ``intro``;
        ``page``.
    """
    words: dict[str, Any] = {name: text(f"family.{reader}.{name}", lang) for name in ("title", "intro", "footer")}
    for section in SECTIONS:
        key, lines = f"family.{reader}.{section}", list[str]()
        while has_text(f"{key}.{len(lines) + 1}", lang):
            lines.append(text(f"{key}.{len(lines) + 1}", lang))
        extra = {name: text(f"{key}.{name}", lang) for name in ("none", "intro") if has_text(f"{key}.{name}", lang)}
        words[section] = {"title": text(f"{key}.title", lang), "lines": lines, **extra}
    words["page"] = {name: text(f"family.page.{name}", lang) for name in ("name", "phone")}
    return words


def plain_fact(factor: RiskFactor | None, code: str, params: Mapping[str, Any], sentence: str, lang: str) -> str:
    """Say one fact of the journal in plain words.

    Parameters
    ----------
    factor : RiskFactor or None
        How its number is printed.
    code : str
        Reason code, such as ``absence_share.risk``.
    params : mapping
        The reason's ``value``, and ``raw`` where a raw count is printed.
    sentence : str
        The catalogue's sentence, for factors that have no plain words of their own.
    lang : {"lv", "en"}
        Language.

    Returns
    -------
    str

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> plain_fact(Catalogue.load().factors["absence_share"], "absence_share.risk", {"value": 0.214}, "", "en")
    '21 lessons of 100 were missed.'
    """
    id, _, says = code.partition(".")
    raw = _number(params.get("raw"))
    keys = [f"family.facts.{id}.{says}_raw"] if raw is not None else []
    value = raw if raw is not None else _number(params.get("value"))
    for key in (*keys, f"family.facts.{id}.{says}"):
        if factor is None or value is None or not has_text(key, lang):
            continue
        decimals = 0
        if factor.kind == "share":
            value = 100 * value
        elif raw is None and factor.kind != "count":
            decimals = min(factor.decimals, 1)
        shown = round(value, decimals)
        whole = float(shown).is_integer()
        return text(key, lang, count=shown, n=number(shown, lang, 0 if whole else decimals))
    return _without_lead(sentence)


def offers(
    audience: Audience, factors: Iterable[str], reader: str, lang: str, age: float, offered: Iterable[str] | None
) -> list[str]:
    """Say what may help: the measures of the factors that the page names, the most fitting first.

    Measures with an age limit are left out where the age is not known, those for special needs always, and those that would
    tell of a hidden reason; with `offered`, those that the school does not offer.
    """
    catalogue, named = audience.catalogue, list(factors)
    asked = [catalogue.factors[f].measures for f in named if f in catalogue.factors]
    ranked = dict.fromkeys(m for place in range(3) for measures in asked for m in measures[place : place + 1])
    told = []
    for id in ranked:
        measure = catalogue.measures[id]
        too_young = measure.min_age is not None and not age >= measure.min_age
        if too_young or measure.special_needs_only or not audience.sees_measure(id, named):
            continue
        if offered is not None and id not in set(offered):
            continue
        key = f"family.{reader}.offer.{id}"
        said = text(key, lang) if has_text(key, lang) else _capital(measure.name[lang])
        if not audience.hides(said, lang):
            told.append(said)
    return told[:MOST_OFFERS] or [text(f"family.{reader}.offers.none", lang)]


def _number(value: Any) -> float | None:
    return None if value is None or isinstance(value, str) or value != value else float(value)


def _without_lead(sentence: str) -> str:
    """Leave out what a strength's sentence begins with ("Supporting circumstance: "): the page's heading says it."""
    _, colon, rest = sentence.partition(": ")
    return _capital(rest) if colon and rest[:1].islower() else sentence


def _capital(said: str) -> str:
    return said[:1].upper() + said[1:]

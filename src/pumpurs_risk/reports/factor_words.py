"""Factors as people read them on a model's papers: name, unit, values, levels, odds."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

from pumpurs_risk.locale import number, percent, text
from pumpurs_risk.locale.texts import has_text

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

_FRACTIONS = {0.5: "½", 0.25: "¼"}


def factor_name(factor: str, catalogue: Catalogue, lang: str) -> str:
    """Name of a factor; one that the catalogue does not know is called as its column is."""
    entry = catalogue.factors.get(factor)
    return factor if entry is None else entry.name[lang]


def factor_unit(factor: str, catalogue: Catalogue, lang: str) -> str:
    """Unit of a factor's values; empty where they need none."""
    entry = catalogue.factors.get(factor)
    if entry is None or entry.kind in ("yes_no", "level"):
        return ""
    return entry.unit.get(lang, "")


def factor_value(value: float, factor: str, catalogue: Catalogue, lang: str) -> str:
    """Write a value of a factor, a share as a percentage."""
    entry = catalogue.factors.get(factor)
    if entry is not None and entry.kind == "share":
        return percent(value, lang, 0)
    if entry is not None and entry.kind == "yes_no" and value in (0.0, 1.0):
        return text(f"explain_model.shapes.{'yes' if value else 'no'}", lang)
    decimals = 0 if float(value).is_integer() else (1 if abs(value) >= 1 or round(value, 1) == value else 2)
    return number(value, lang, decimals)


def level_name(level: str, lang: str) -> str:
    """Name of a level, such as ``general-9``; one that is not of this form is called as it is written.

    Examples
    --------
    >>> level_name("general-9", "lv"), level_name("vocational-1", "en"), level_name("evening", "en"), level_name("x-y", "lv")
    ('9. kl.', 'year 1', 'evening', 'x-y')
    """
    programme, _, year = level.partition("-")
    if year.isdigit() and has_text(f"explain_model.level.{programme}", lang):
        return text(f"explain_model.level.{programme}", lang, n=year)
    if not year and has_text(f"explain_model.programme.{programme}", lang):
        return text(f"explain_model.programme.{programme}", lang)
    return level


def odds_text(log_odds: float, lang: str) -> str:
    """Write what is added to the log-odds as what the odds are multiplied with.

    Examples
    --------
    >>> odds_text(0.0, "lv"), odds_text(0.6931, "en"), odds_text(-0.6931, "en"), odds_text(-0.1, "lv")
    ('×1', '×2', '×½', '×0,9')
    """
    times = exp(log_odds)
    for share, sign in _FRACTIONS.items():
        if abs(times - share) < 0.005:
            return f"×{sign}"
    decimals = 0 if times >= 9.95 or (abs(times - round(times)) < 0.005 and times > 0.5) else 1 if times >= 0.095 else 2
    return f"×{number(times, lang, decimals)}"

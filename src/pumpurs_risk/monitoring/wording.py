"""Says what monitoring found, Latvian and English; the words stand in ``locale/<lang>/monitoring.toml``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pumpurs_risk.locale import date_text, number, percent, sort_key, text
from pumpurs_risk.locale.texts import has_text

if TYPE_CHECKING:
    from pumpurs_risk.monitoring.result import Attention, FactorWords, Monitoring

MOST_NAMED = 6
"""Factors or schools that one sentence names; the others are counted."""


class Named(Protocol):
    """Whatever knows the names of schools and factors."""

    @property
    def titles(self) -> Mapping[str, str]: ...  # noqa: D102

    @property
    def factor_words(self) -> Mapping[str, FactorWords]: ...  # noqa: D102


def headline_text(attention: Sequence[Attention], named: Named, lang: str) -> str:
    """Say in one sentence what needs a person's attention now, or that nothing does."""
    pressing = [each for each in attention if each.weight < 3]
    if not attention:
        return text("monitoring.headline.nothing", lang)
    if not pressing:
        return text("monitoring.headline.aware", lang, first=_inside(attention[0], named, lang))
    first = _inside(pressing[0], named, lang)
    if len(pressing) == 1:
        return text("monitoring.headline.single", lang, first=first)
    return text("monitoring.headline.several", lang, count=len(pressing), n=len(pressing), first=first)


def sentence_text(attention: Attention, named: Named, lang: str) -> str:
    """Say what was found."""
    return _say("found", attention, named, lang)


def next_step_text(attention: Attention, named: Named, lang: str) -> str:
    """Say what to do about it."""
    return _say("next", attention, named, lang)


def note_text(note: Attention, named: Named, lang: str) -> str:
    """Say a note."""
    return _say("notes", note, named, lang)


def value_text(value: float | None, kind: str, lang: str) -> str:
    """Write a mean of a factor in its own unit; a dash where it is not shown.

    Examples
    --------
    >>> value_text(0.125, "share", "en"), value_text(6.514, "number", "lv")
    ('12.5%', '6,51')
    """
    if value is None:
        return text("monitoring.not_shown", lang)
    return percent(value, lang) if kind in ("share", "yes_no") else number(value, lang, 2)


def group_text(by: str, group: str, named: Named, lang: str) -> str:
    """Name a group of pupils."""
    if by == "school_id":
        return named.titles.get(group, group)
    if group == "":
        return text("monitoring.groups.all" if by == "all" else "monitoring.groups.unknown", lang)
    if by == "band":
        low, _, high = group.partition("-")
        return text("monitoring.groups.band", lang, low=number(float(low), lang), high=number(float(high), lang))
    key = f"monitoring.groups.{by}.{group}"
    return text(key, lang) if has_text(key, lang) else group


def attribute_text(by: str, lang: str) -> str:
    """Name an attribute."""
    key = f"monitoring.by.{by}"
    return text(key, lang) if has_text(key, lang) else by


def group_words(found: Monitoring, lang: str) -> dict[str, str]:
    """Words for the attributes (``"sex"``) and groups (``"sex/female"``) that stand in the tables."""
    pairs = {(use.by, use.group) for use in found.decisions} | {(row.by, row.group) for row in found.outcomes.rows}
    attributes = sorted({by for by, _ in pairs})
    words = {by: attribute_text(by, lang) for by in attributes}
    return words | {f"{by}/{group}": group_text(by, group, found, lang) for by, group in sorted(pairs)}


def _inside(attention: Attention, named: Named, lang: str) -> str:
    """What was found, as it stands after a colon: a small letter, unless a name or an attribute begins the sentence."""
    said = sentence_text(attention, named, lang)
    names = [named.titles.get(s, s) for s in attention.params.get("schools", ())]
    if said[0] in "„“" or "by" in attention.params or said.startswith(tuple(names) or "\0"):
        return said
    return said[0].lower() + said[1:]


def _say(kind: str, what: Attention, named: Named, lang: str) -> str:
    params = what.params
    said = {name: _shown(name, value, lang) for name, value in params.items()}
    factors, schools = params.get("factors", ()), params.get("schools", ())
    if factors:
        names = [named.factor_words[f].name.get(lang, f) if f in named.factor_words else f for f in factors]
        said["factors"] = _listed(names, lang)
    if schools:
        said["schools"] = _listed(sorted((named.titles.get(s, s) for s in schools), key=sort_key), lang)
    if "by" in params:
        for name in ("lowest", "highest", "group"):
            if name in params:
                said[name] = group_text(params["by"], params[name], named, lang)
        said["by"] = attribute_text(params["by"], lang)
    key = f"monitoring.{kind}.{what.code}"
    if what.code == "factor_changed":
        [factor] = factors
        of = named.factor_words[factor].kind if factor in named.factor_words else "number"
        said |= {name: value_text(params[name], of, lang) for name in ("first", "second")}
        key += "" if kind == "next" or params["first"] is not None else "_levels"
    few = what.code == "no_better_than_lots" and params.get("hits") is None
    unshown = what.code.endswith("_differs") and params.get("lowest_share") is None
    key += "_few" if kind == "found" and (few or unshown) else ""
    count = params.get("n") or len(schools) or len(factors) or params.get("left")
    return text(key, lang, count=count, **said)


def _shown(name: str, value: Any, lang: str) -> str:
    if isinstance(value, bool | None):
        return ""
    if isinstance(value, int):
        return number(value, lang)
    if name in ("expected", "by_lot"):
        return number(value, lang, 1 if value < 10 else 0)
    if name == "slope":
        return number(value, lang, 2)
    if name in ("first_on", "second_on", "until"):
        return date_text(dt.date.fromisoformat(value), lang)
    if isinstance(value, float):
        return percent(value, lang, 1)
    return str(value)


def _listed(names: Sequence[str], lang: str) -> str:
    shown = [text("monitoring.quoted", lang, name=name) for name in names[:MOST_NAMED]]
    more = len(names) - len(shown)
    if more > 0:
        return text("monitoring.and_more", lang, count=more, names=", ".join(shown), n=more)
    return ", ".join(shown)

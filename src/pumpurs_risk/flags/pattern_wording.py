"""Says a pattern: what is shared, what was to be expected, and the one step for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pumpurs_risk.explanation.placeholders import capitalised, role_name
from pumpurs_risk.locale import form, number, percent, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pumpurs_risk.catalogue import Catalogue, RiskFactor

_TRAINEES = "vocational"


class Wording(NamedTuple):
    """A pattern to be said."""

    row: Mapping[str, Any]
    """``scope``, ``group``, ``n``, ``observed``, ``expected``, ``factor``, ``construct``."""
    programme: str
    """Programme of most of the group."""


def say_patterns(told: list[Wording], catalogue: Catalogue, lang: str) -> dict[str, list[str]]:
    """Say patterns, one text per pattern and column.

    Parameters
    ----------
    told : list of Wording
    catalogue : Catalogue
    lang : {"lv", "en"}

    Returns
    -------
    dict of str to list of str
        ``sentence``, ``proposal``, ``measure``, ``role``, ``role_name``.
    """
    names = ("sentence", "proposal", "measure", "role", "role_name")
    rows = [_said(one.row, one.programme, catalogue, lang) for one in told]
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _said(row: Mapping[str, Any], programme: str, catalogue: Catalogue, lang: str) -> tuple[str, str, str, str, str]:
    together = catalogue.constructs[row["construct"]].together
    factor = catalogue.factors[row["factor"]]
    if together is None:
        raise ValueError(f"construct {row['construct']!r} has no step for a group")
    step: str = getattr(together, f"{row['scope']}_step")[lang]
    role: str = getattr(together, f"{row['scope']}_role")
    kind = "trainees" if programme == _TRAINEES else "pupils"
    words: dict[str, Any] = {
        name: text(f"patterns.group.{kind}.{name}", lang) for name in ("group", "group_acc", "group_gen", "group_loc")
    }
    expected = round(row["expected"])
    sentence = text(
        f"patterns.sentence.{row['scope']}",
        lang,
        name=row["group"],
        affected=text(f"patterns.affected.{kind}", lang, count=row["observed"], n=number(row["observed"], lang)),
        of_all=text(f"patterns.of_all.{kind}", lang, count=row["n"], n=number(row["n"], lang)),
        shared=_shared(factor, row["scope"], lang),
        expected=text(f"patterns.expected.{kind}", lang, count=expected, n=number(expected, lang)),
        **words,
    )
    named = role_name(role, programme, catalogue, lang)
    return capitalised(sentence), step.format_map(words), together.measure, role, named


def _shared(factor: RiskFactor, scope: str, lang: str) -> str:
    """Give what is shared, its limit filled in."""
    sentences = factor.sentences[lang]
    template = sentences.shared_in_subject if scope == "subject" else sentences.shared
    if template is None or factor.contrast is None:
        raise ValueError(f"factor {factor.id!r} has no words for what a group shares")
    high = factor.contrast.high
    words = {"value": _printed(factor, high, lang)}
    if factor.kind == "score" and factor.range is not None:
        scale = factor.scale[lang]
        words["word"] = scale[min(max(round(high - factor.range[0]), 0), len(scale) - 1)]
    count = 100 * high if factor.kind == "share" else high
    return form(template, lang, float(np.round(abs(count), 6))).format_map(words)


def _printed(factor: RiskFactor, value: float, lang: str) -> str:
    if factor.kind == "share":
        return percent(value, lang, 0 if float(np.round(100 * value, 6)).is_integer() else factor.decimals)
    return number(value, lang, 0 if float(value).is_integer() else factor.decimals)

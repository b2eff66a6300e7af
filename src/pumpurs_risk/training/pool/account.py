"""What is shared and what was pooled, in words: for a data protection officer, a head, the one who pools."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pumpurs_risk.locale import date_text, number, text
from pumpurs_risk.training.pool.withholding import FEWEST_PUPILS

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.model import AdditiveModel
    from pumpurs_risk.training.summary import ShapeSummary

FAR = 1.75
"""A municipality's distance from the pool that chance hardly explains (about 1 is what chance gives)."""


def summary_account(summary: ShapeSummary, lang: str = "lv", catalogue: Catalogue | None = None) -> list[str]:
    """Say what a summary shares and what it withholds.

    Parameters
    ----------
    summary : ShapeSummary
    lang : {"lv", "en"}
    catalogue : Catalogue, optional
        Names of factors; the shipped one by default.

    Returns
    -------
    list of str
        Sentences.
    """
    names = _names(lang, catalogue)
    counted: dict[str, Any] = {"pupils": number(summary.pupils, lang), "leavers": number(summary.leavers, lang)}
    k = len(summary.linear)
    period = "–".join(date_text(dt.date.fromisoformat(day), lang) for day in summary.period.split("/") if day)
    said = [
        text("pooling.summary.whose", lang, municipality=summary.municipality, period=period, **counted)
        if summary.municipality
        else text("pooling.summary.unnamed", lang, **counted),
        text(
            "pooling.summary.holds",
            lang,
            numbers=number(k * (k + 1) // 2 + k, lang),
            factors=number(len(summary.factors), lang),
        ),
    ]
    if summary.left_out:
        left_out = "; ".join(names.get(factor, factor) for factor in summary.left_out)
        said.append(text("pooling.summary.left_out", lang, factors=left_out))
    withheld = [
        f"{names.get(f.factor, f.factor)}: "
        + " / ".join(f.levels[i] if f.levels else number(f.knots[i], lang, _decimals(f.knots[i])) for i in f.withheld)
        for f in summary.factors
        if f.withheld
    ]
    if withheld:
        said.append(text("pooling.summary.withheld", lang, needed=FEWEST_PUPILS, levels="; ".join(withheld)))
    return [*said, text("pooling.summary.confidential", lang)]


def pooling_account(model: AdditiveModel, lang: str = "lv") -> list[str]:
    """Say what a pooled model was made from, and which municipality lies far from the others.

    Parameters
    ----------
    model : AdditiveModel
    lang : {"lv", "en"}

    Returns
    -------
    list of str
        Sentences; empty for a model that was not pooled.
    """
    pool = model.pooling
    if pool is None:
        return []
    members = "; ".join(
        text("pooling.pool.member", lang, municipality=name, leavers=number(leavers, lang))
        for name, leavers in zip(pool.members, pool.leavers, strict=True)
    )
    distances = [
        f"{name} {number(distance, lang, 1)}" for name, distance in zip(pool.members, pool.distances, strict=True)
    ]
    far = [name for name, distance in zip(pool.members, pool.distances, strict=True) if distance >= FAR]
    said = [
        text("pooling.pool.made_from", lang, count=len(pool.members), n=len(pool.members), members=members),
        text("pooling.pool.no_rows", lang),
        text("pooling.pool.between", lang, sd=number(pool.between_sd, lang, 2)),
    ]
    if len(pool.members) > 1:
        if far:
            said.append(text("pooling.pool.apart", lang, distances="; ".join(distances), far=", ".join(far)))
        else:
            said.append(text("pooling.pool.alike", lang, distances="; ".join(distances)))
    return said


def _names(lang: str, catalogue: Catalogue | None) -> dict[str, str]:
    if catalogue is None:
        from pumpurs_risk.catalogue import Catalogue

        catalogue = Catalogue.load()
    return {factor.id: factor.name[lang] for factor in catalogue.factors.values()}


def _decimals(value: float) -> int:
    digits = f"{value:g}".partition(".")[2]
    return 0 if "e" in digits else len(digits)

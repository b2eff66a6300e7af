"""Two printed pages that show a whole model: what it is, how to read it, every shape. No code, no pupil's data."""

from __future__ import annotations

from math import exp, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from pumpurs_risk.locale import number, percent, text
from pumpurs_risk.locale.texts import has_text
from pumpurs_risk.model.odds import expit
from pumpurs_risk.reports.factor_words import factor_name, odds_text
from pumpurs_risk.reports.page import Page
from pumpurs_risk.reports.shape_pictures import ShapePictures, importance, odds_reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.model.additive import AdditiveModel

_ROOM = "explain_model"
_STYLE = """
h1 { font-size: 15pt; }
h2 { margin: 3mm 0 1mm; font-size: 11pt; }
html { font-size: 9pt; line-height: 1.35; }
p, ul { margin-bottom: 1.2mm; }
li { margin-bottom: .3mm; }
.many { grid-template-columns: repeat(5, 1fr); gap: 1.2mm 2.5mm; }
.many figcaption { font-size: 6.8pt; line-height: 1.2; }
figure { margin: 1mm 0 2mm; }
figcaption { font-size: 7pt; }
footer { margin-top: 2mm; padding-top: 1mm; font-size: 7pt; }
@page { size: A4; margin: 10mm; }
@media print { html { font-size: 8.5pt; } }
"""


def explain_model_page(model: AdditiveModel, catalogue: Catalogue, lang: str = "lv", *, digest: str = "") -> Page:
    """Make the page.

    Parameters
    ----------
    model : AdditiveModel
        What to show.
    catalogue : Catalogue
        Names and units of its factors; a factor that it does not know is called as its column is.
    lang : {"lv", "en"}
        The reader's language.
    digest : str
        Of the model's file: which version this is.

    Returns
    -------
    Page
        ``.html()`` or ``.save(path)``; prints on two sheets of A4 with the catalogue's factors.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> from pumpurs_risk.model import load_model
    >>> page = explain_model_page(load_model("literature-prior"), Catalogue.load(), "en").html()
    >>> page.count("<svg"), "paid work" in page
    (44, True)
    """
    page = Page(_say("title", lang, name=model.name), lang, style=_STYLE)
    if is_made(model):
        page.warning(text("model_card.made", lang).strip("*"))
    page.heading(_say("what.heading", lang))
    page.text(" ".join(_what(model, lang)))
    page.heading(_say("uses.heading", lang))
    page.text(" ".join(_uses(model, lang)))
    page.heading(_say("read.heading", lang))
    page.bullets(_how_to_read(model, lang))
    page.heading(_say("shapes.heading", lang))
    pictures = ShapePictures(model, catalogue, lang)
    shapes = {shape.factor: shape for shape in model.shapes}
    ordered = [shapes[factor] for factor in importance(model)]
    page.pictures(("", pictures.picture(s), pictures.caption(s)) for s in ordered if not pictures.is_wide(s))
    for shape in ordered:
        if pictures.is_wide(shape):
            page.picture(pictures.picture(shape), pictures.caption(shape))
    if model.pairs:
        page.heading(_say("pairs.heading", lang))
        page.text(_say("pairs.note", lang))
        page.bullets(_pairs(model, catalogue, lang))
    page.footer(_footer(model, digest, lang))
    return page


def use_texts(uses: Sequence[str], lang: str) -> list[str]:
    """Uses as the reader's language says them; one's own wording stays as it was written."""
    return [_say(f"use.{use}", lang) if _is_known(use, lang) else use for use in uses]


def is_made(model: AdditiveModel) -> bool:
    """Whether the data that a model has learned from are known to be made up."""
    return any(note.startswith("made data") for note in model.provenance.notes)


def origin_sentences(model: AdditiveModel, lang: str) -> list[str]:
    """Say where a model comes from: pupils' records, published evidence, or several municipalities."""
    training, pooling = model.training, model.pooling
    if pooling is not None:
        leavers = number(sum(pooling.leavers), lang)
        said = [_say("what.pooled", lang, n=len(pooling.members), leavers=leavers)]
    elif training is None:
        said = [_say("what.published", lang)] if not model.has_local_outcomes else []
    else:
        prior = _say("prior.named", lang, name=training.prior) if training.prior else _say("prior.none", lang)
        pupils, leavers = number(training.pupils, lang), number(training.leavers, lang)
        learned = "what.learned_made" if is_made(model) else "what.learned"
        said = [_say(learned, lang, pupils=pupils, leavers=leavers, prior=prior)]
        if training.as_of:
            said.append(_say("what.learned_days", lang, days=", ".join(_day(day, lang) for day in training.as_of)))
    return said


def _what(model: AdditiveModel, lang: str) -> list[str]:
    horizon = _say(f"horizon.{model.horizon}", lang) if _known_horizon(model.horizon, lang) else model.horizon
    said = [_say("what.sum", lang, horizon=horizon), _say("what.base", lang, risk=_risk(model, lang))]
    if model.two_years is not None:
        said.append(_say("what.two_years", lang, risk=_risk(model.two_years, lang)))
    said += origin_sentences(model, lang)
    training = model.training
    if training is not None and training.rows_with_support:
        rows, whole = number(training.rows_with_support, lang), number(training.rows, lang)
        said.append(_say("what.support", lang, rows=rows, all=whole))
    if model.schools is not None and model.schools.levels:
        times = number(exp(model.schools.sd), lang, 1)
        said.append(_say("what.schools", lang, n=len(model.schools.levels), times=times))
    return said


def _how_to_read(model: AdditiveModel, lang: str) -> list[str]:
    said = [_say(f"read.{part}", lang) for part in ("times", "band", "order")]
    said.append(_say("read.level", lang, times=number(odds_reach(sqrt(model.base_variance)), lang, 1)))
    return [*said, _say("read.not_effect", lang)]


def _uses(model: AdditiveModel, lang: str) -> list[str]:
    uses = model.provenance
    said = [
        _say(f"uses.{kind}", lang, uses="; ".join(use_texts(listed, lang)))
        for kind, listed in (("intended", uses.intended_uses), ("forbidden", uses.forbidden_uses))
        if listed
    ]
    return [*said, _say("uses.person", lang)]


def _pairs(model: AdditiveModel, catalogue: Catalogue, lang: str) -> list[str]:
    lines = []
    for pair in model.pairs:
        left, right = (factor_name(factor, catalogue, lang) for factor in pair.factors)
        values = np.asarray(pair.values)
        low, high = odds_text(float(values.min()), lang), odds_text(float(values.max()), lang)
        lines.append(_say("pairs.line", lang, left=left, right=right, low=low, high=high))
    return lines


def _footer(model: AdditiveModel, digest: str, lang: str) -> str:
    from importlib.metadata import version

    return _say("footer", lang, name=model.name, digest=digest[:16] or "–", version=version("pumpurs-risk"))


def _risk(model: AdditiveModel, lang: str) -> str:
    """Risk of a pupil of whom nothing is known."""
    unknown = sum(shape.unknown for shape in model.shapes) + sum(pair.values[-1][-1] for pair in model.pairs)
    return percent(float(expit(np.array([model.base + unknown]))[0]), lang, 1)


def _day(day: str, lang: str) -> str:
    import datetime as dt

    from pumpurs_risk.locale import date_text

    try:
        return date_text(dt.date.fromisoformat(day), lang)
    except ValueError:
        return day


def _is_known(use: str, lang: str) -> bool:
    return has_text(f"{_ROOM}.use.{use}", lang) and "." not in use


def _known_horizon(horizon: str, lang: str) -> bool:
    return has_text(f"{_ROOM}.horizon.{horizon}", lang)


def _say(key: str, lang: str, /, **params: Any) -> str:
    return text(f"{_ROOM}.{key}", lang, **params)

"""The page that shows a whole model: every shape, what it is for, in words that need no code."""

import re
from html.parser import HTMLParser

import msgspec
import numpy as np
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.model import load_model
from pumpurs_risk.model.parts import SchoolLevels
from pumpurs_risk.model.shapes import PiecewiseLinear
from pumpurs_risk.reports.explain_model_page import explain_model_page
from pumpurs_risk.reports.page import Page
from pumpurs_risk.reports.shape_pictures import band_sd, importance


@pytest.fixture(scope="module")
def model():
    return load_model("literature-prior")


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


class Outline(HTMLParser):
    """Tags in order, and whether all that were opened are closed."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.attributes = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in ("meta", "line", "circle", "rect", "polyline", "polygon"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_every_factor_has_a_picture_that_can_be_read_aloud(model, catalogue, lang):
    page = explain_model_page(model, catalogue, lang).html()
    outline = Outline(page)
    pictures = [attrs for tag, attrs in outline.attributes if tag == "svg"]
    assert len(pictures) == len(model.features) and not outline.open
    labels = [attrs["aria-label"] for attrs in pictures]
    assert all(attrs["role"] == "img" for attrs in pictures)
    for factor in model.features:
        name = catalogue.factors[factor].name[lang]
        assert any(label.startswith(f"{name}. ") for label in labels), factor
    assert outline.attributes[0] == ("html", {"lang": lang}) and outline.tags.count("h1") == 1


def test_factors_that_tell_pupils_apart_most_come_first(model, catalogue):
    order = list(importance(model))
    spread = {shape.factor: shape.variance for shape in model.shapes}
    assert sorted(order, key=lambda f: -spread[f]) == order
    page = explain_model_page(model, catalogue, "en").html()
    first, last = (catalogue.factors[f].name["en"] for f in (order[1], order[-1]))
    assert page.index(f'aria-label="{first}') < page.index(f'aria-label="{last}')


def test_a_factor_that_the_catalogue_does_not_know_is_called_as_its_column_is(model, catalogue):
    own = PiecewiseLinear(factor="own <factor>", version=1, construct="own", direction=0, knots=(0.0, 1.0), values=(-0.1, 0.4),
                          unknown=0.1, mean_row=(0.2,), variance=9.0)  # fmt: skip
    changed = msgspec.structs.replace(
        model, features=(*model.features, own.factor), shapes=(*model.shapes, own), name="<b>&</b>"
    )
    page = explain_model_page(changed, catalogue, "en").html()
    assert "Own &lt;factor&gt;" in page and "<b>" not in page and not Outline(page).open


def test_school_levels_are_counted_and_no_school_is_named(model, catalogue):
    levels = SchoolLevels(sd=0.5, levels={"mezs-skola": 0.3, "b": -0.3}, variances={"mezs-skola": 0.1, "b": 0.1})
    page = explain_model_page(msgspec.structs.replace(model, schools=levels), catalogue, "en").html()
    assert "Each of 2 schools" in page and "mezs-skola" not in page


def test_the_band_is_the_posterior_sd_that_the_model_itself_states(model):
    shape = next(shape for shape in model.shapes if shape.factor == "absence_share")
    import pandas as pd

    value = np.array([0.2])
    only = model.contribution_sd(pd.DataFrame({"absence_share": value}), ["absence_share"])
    assert band_sd(model, shape, shape.basis(value)) == pytest.approx(only)


def test_the_risk_with_nothing_known_is_the_models_own(model, catalogue):
    import pandas as pd

    moved = msgspec.structs.replace(
        model, shapes=(msgspec.structs.replace(model.shapes[0], unknown=1.2), *model.shapes[1:])
    )
    risk = moved.predict_proba(pd.DataFrame({"absence_share": [np.nan]}))[0, 1]
    assert f"has an estimated risk of {100 * risk:.1f}%" in explain_model_page(moved, catalogue, "en").html()


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_uses_and_limits_stand_on_the_page(model, catalogue, lang):
    page = explain_model_page(model, catalogue, lang, digest="ab" * 32).html()
    said = {
        "lv": ("Nedrīkst izmantot", "nerāda atbalsta iedarbību"),
        "en": ("Not to be used for", "not the effect of support"),
    }
    assert all(words in page for words in said[lang]) and "abababab" in page


def test_a_page_needs_nothing_from_elsewhere(model, catalogue):
    page = explain_model_page(model, catalogue, "en").html()
    assert not re.search(r"https?://|<script|<link|<img|url\(|@import", page)


def test_what_is_handed_to_a_page_is_text_never_markup():
    page = Page("<i>", "en")
    page.verdict("<i>")
    page.heading("<i>")
    page.text("<i>")
    page.bullets(["<i>"])
    page.table(["<i>", "a"], [["<i>", "<i>"]], caption="<i>")
    page.picture("<svg></svg>", "<i>")
    page.footer("<i>")
    assert "<i>" not in page.html()


@pytest.mark.parametrize(("lang", "said"), [("lv", "Dati ir izdomāti"), ("en", "The data are made up")])
def test_made_data_are_called_made(model, catalogue, lang, said):
    notes = msgspec.structs.replace(model.provenance, notes=("made data: the pupils do not exist",))
    made = msgspec.structs.replace(model, provenance=notes)
    assert said in explain_model_page(made, catalogue, lang).html()
    assert said not in explain_model_page(model, catalogue, lang).html()

"""The model card and the technical documentation: what was measured is said, what only people can say is left to them."""

import re

import msgspec
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.model import load_model
from pumpurs_risk.model.parts import Pooling, Training
from pumpurs_risk.reports.model_card import model_card
from pumpurs_risk.reports.model_facts import ModelFacts, OwnerCard
from pumpurs_risk.reports.technical_documentation import technical_documentation

DIGEST = "0123456789abcdef" * 4


def facts(**changed):
    given = {
        "model": load_model("literature-prior"),
        "digest": DIGEST,
        "card": OwnerCard(),
        "catalogue": Catalogue.load(),
    }
    return ModelFacts(**given | changed)


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_the_documentation_has_the_nine_sections_of_annex_iv_in_order(lang):
    written = technical_documentation(facts(), lang)
    assert re.findall(r"^## (\d)\. ", written, re.MULTILINE) == list("123456789")


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_what_only_people_can_say_is_a_blank_with_who_fills_it(lang):
    written = technical_documentation(facts(), lang)
    blanks = [line for line in written.splitlines() if line.startswith("[ ] ")]
    assert len(blanks) >= 10 and all(re.match(r"\[ \] \*\*.+:\*\* .+ _{10,}$", line) for line in blanks)


def test_a_model_that_nobody_tested_is_called_so():
    card = model_card(facts(), "en")
    assert "**Not tested.**" in card and "No pupil's data were used" in card
    assert "| AUROC" not in card


def test_every_factor_stands_in_the_card_with_its_id():
    card = model_card(facts(), "lv")
    assert all(f"(`{factor}`)" in card for factor in load_model("literature-prior").features)


def test_an_approval_is_of_one_version_alone():
    ours = OwnerCard(approved_by="Head", approved_on="2027-02-01", approved_version=DIGEST[:12])
    other = OwnerCard(approved_by="Head", approved_version="ffffffffffff")
    assert "| approved | Head, 1 February 2027 |" in model_card(facts(card=ours), "en")
    assert "`ffffffffffff`" in model_card(facts(card=other), "en") and "**not this one**" in model_card(
        facts(card=other), "en"
    )
    assert "**not approved**" in model_card(facts(), "en")
    assert not OwnerCard(approved_by="Head", approved_version=DIGEST[:3]).approves(DIGEST)


def test_what_people_write_cannot_break_a_table_or_become_markup():
    card = model_card(facts(card=OwnerCard(owner="A | B <script>\n# C", intended_uses=("*x*",))), "en")
    row = next(line for line in card.splitlines() if line.startswith("| owner"))
    assert row == r"| owner | A \| B \<script\> \# C |"
    assert r"- \*x\*" in card


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_no_placeholder_is_left_open(lang):
    for written in (model_card(facts(), lang), technical_documentation(facts(), lang)):
        assert "{" not in written and "}" not in written


def learned(**changed):
    counts = {"rows": 900, "rows_without_outcome": 4, "pupils": 500, "leavers": 40, "weight": 450.0, "schools": 2}
    training = Training(**counts | {"left_out": ("school_id", "level", "programme", "shoe_size")} | changed)
    return msgspec.structs.replace(load_model("literature-prior"), training=training)


def test_columns_that_place_a_row_are_not_called_unused():
    row = next(line for line in model_card(facts(model=learned()), "en").splitlines() if "were not used |" in line)
    assert row.endswith("| shoe_size |")


def test_the_curves_for_two_years_are_counted_and_called_untested():
    model = learned()
    curves = msgspec.structs.replace(learned(rows=777, leavers=61), horizon="2y", covariance=())
    card = model_card(facts(model=msgspec.structs.replace(model, two_years=curves)), "en")
    assert "| rows for the two-year curves | 777 |" in card and "for the two-year curves | 61 |" in card
    assert "two-year curves were not tested" in card
    assert "two-year curves were not" not in model_card(facts(model=model), "en")


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_a_factor_that_knows_too_much_is_said_first(lang):
    sentence = model_card(facts(model=learned(suspicious=("absence_share",))), lang).splitlines()[2]
    told = {"lv": "Pagaidām to nelietojiet", "en": "Do not use it yet"}[lang]
    assert sentence.split("** ")[1].startswith(f"**{told}")


def test_what_a_pool_rounds_down_is_called_at_least():
    pooling = Pooling(members=("x", "y"), periods=("", ""), leavers=(20, 25), distances=(1.0, 0.9), between_sd=0.2)
    model = msgspec.structs.replace(load_model("literature-prior"), pooling=pooling)
    assert "| pupils who left | at least 45 |" in model_card(facts(model=model), "en")

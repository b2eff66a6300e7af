"""The shipped catalogue, and a user's own TOML to break in many ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import CatalogueError

OWN_FACTOR = """\
[factors.phone_use]
version = 1
construct = "motivation"
prior_share = 0
group = "learning_school"
kind = "score"
range = [0, 3]
knots = [0, 1, 2, 3]
direction = 1
look_back = "semester"
tables = ["assessments"]
changeable = "yes"
sensitivity = "ordinary"
ask = "class_teacher"
measures = ["parents_meeting"]
name = { lv = "telefona lietošana stundās", en = "phone use in lessons" }
heading = { lv = "Telefona lietošana stundās", en = "Phone use in lessons" }
meaning = { lv = "Cik bieži telefons traucē mācībām.", en = "How often the phone gets in the way of learning." }
unit = { lv = "0–3", en = "0-3" }
question = { lv = "Cik bieži telefons traucē mācībām?", en = "How often does the phone get in the way?" }
scale = { lv = ["nekad", "reti", "bieži", "vienmēr"], en = ["never", "seldom", "often", "always"] }
typical = { shares = [0.4, 0.3, 0.2, 0.1], source = "own default" }

[factors.phone_use.published]
contrast = "none"
sd = 0.5
source = "own default"

[factors.phone_use.sentences.lv]
risk = "Telefona lietošana stundās: {word}."
strength = "Telefons mācībām netraucē."
unknown = "Nav zināms, vai telefons traucē mācībām."

[factors.phone_use.sentences.en]
risk = "Phone use in lessons: {word}."
strength = "The phone does not get in the way."
unknown = "It is not known whether the phone gets in the way."
"""


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def refused(tmp_path: Path):
    """Write a TOML, expect a refusal, and give its sentences in English and Latvian."""

    def refuse(text: str | bytes) -> tuple[str, str]:
        path = tmp_path / "mine.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(CatalogueError) as caught:
            Catalogue.load(path)
        assert str(caught.value) == caught.value.message("en")
        return caught.value.message("en"), caught.value.message("lv")

    return refuse


@pytest.fixture
def own_factor() -> str:
    return OWN_FACTOR

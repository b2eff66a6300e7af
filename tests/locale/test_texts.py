import re
import string
import tomllib
from pathlib import Path

import pytest

import pumpurs_risk.locale
from pumpurs_risk.locale import LANGUAGES, form, has_text, text

FOLDER = Path(pumpurs_risk.locale.__file__).parent
ROOMS = sorted(path.stem for path in (FOLDER / "lv").glob("*.toml"))
FORMS = {"zero", "one", "two", "few", "many", "other", "none"}


def entries(lang, room):
    """Every text of a room by its dotted key; the forms of one text together."""
    with (FOLDER / lang / f"{room}.toml").open("rb") as handle:
        found = {}

        def walk(value, key):
            if isinstance(value, dict) and not (value and set(value) <= FORMS):
                for name, inner in value.items():
                    walk(inner, f"{key}.{name}")
            else:
                found[key] = value

        walk(tomllib.load(handle), room)
        return found


def placeholders(value):
    texts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return {name for each in texts if isinstance(each, str) for _, name, _, _ in string.Formatter().parse(each) if name}


def test_both_languages_have_the_same_rooms():
    assert sorted(path.stem for path in (FOLDER / "en").glob("*.toml")) == ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_both_languages_hold_the_same_keys(room):
    lv, en = entries("lv", room), entries("en", room)
    assert set(lv) == set(en)


@pytest.mark.parametrize("room", ROOMS)
def test_no_language_knows_a_placeholder_that_the_other_does_not(room):
    lv, en = entries("lv", room), entries("en", room)
    optional = {"reason"}  # an English library's own words, which Latvian readers are spared
    for key in lv:
        assert placeholders(lv[key]) - optional == placeholders(en[key]) - optional, key


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_counted_texts_have_the_forms_that_the_language_needs(room, lang):
    for key, value in entries(lang, room).items():
        if isinstance(value, dict):
            assert {"one", "other"} <= set(value), key


@pytest.mark.parametrize("room", ROOMS)
def test_latvian_typography(room):
    for key, value in entries("lv", room).items():
        for said in value.values() if isinstance(value, dict) else [value]:
            if isinstance(said, str) and key not in ("reading.labels",):
                assert not re.search(r"\d %", said), f"{key}: no-break space before %"
                assert not re.search(r'"\{\w+\}"', said), f"{key}: „...” are the quotes around what is quoted"


def test_a_missing_key_is_named():
    with pytest.raises(KeyError, match=r"words\.nothing"):
        text("words.nothing", "lv")
    assert not has_text("words.nothing", "lv")
    assert not has_text("nothing.at_all", "lv")


def test_a_language_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="lv, en"):
        text("words.pupils", "de")


def test_exactly_none_has_its_own_sentence():
    forms = {"none": "nav", "one": "viens", "other": "daudz"}
    assert [form(forms, "lv", n) for n in (0, 1, 10, 11, 21)] == ["nav", "viens", "daudz", "daudz", "viens"]

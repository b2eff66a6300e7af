from __future__ import annotations

from collections.abc import Callable

import pytest

from pumpurs_risk.catalogue import Catalogue

Refused = Callable[[str | bytes], tuple[str, str]]


@pytest.mark.parametrize(
    ("label", "attribute"),
    [
        ("sex", "sex"),
        ("Gender", "sex"),
        ("is_male", "sex"),
        ("Dzimums", "sex"),
        ("skolēna dzimums", "sex"),
        ("SKOLENA DZIMUMS", "sex"),
        ("Meitene", "sex"),
        ("nationality", "nationality"),
        ("ethnicity", "nationality"),
        ("ethnic_group", "nationality"),
        ("Tautība", "nationality"),
        ("tautibas kods", "nationality"),
        ("Nacionalitāte", "nationality"),
        ("migration background", "nationality"),
        ("citizenship", "citizenship"),
        ("Pilsonība", "citizenship"),
        ("nepilsonis", "citizenship"),
        ("language", "language"),
        ("homeLanguage", "language"),
        ("home_language", "language"),
        ("mother tongue", "language"),
        ("Valoda", "language"),
        ("Mācību valoda", "language"),
        ("dzimtā valoda", "language"),
        ("ģimenē lietotā valoda", "language"),
        ("name", "name"),
        ("Vārds", "name"),
        ("Vārds, uzvārds", "name"),
        ("Uzvārds", "name"),
        ("Personas kods", "name"),
        ("special_education_programme", "special_education"),
        ("special needs", "special_education"),
        ("speciālā izglītība", "special_education"),
        ("Speciālās izglītības programma", "special_education"),
        ("Īpašas vajadzības", "special_education"),
        ("religion", "religion"),
        ("Reliģija", "religion"),
    ],
)
def test_a_protected_attribute_is_recognised(catalogue: Catalogue, label: str, attribute: str) -> None:
    assert catalogue.protected_attribute(label) == attribute


@pytest.mark.parametrize(
    "label",
    [
        "Laulība",
        "Sekmes",
        "sekmes semestrī",
        "essex",
        "sexton",
        "Vārdu krājums",
        "teacher's remarks",
        "number of names learnt",
        "tautas dejas",
        "Vērtējums latviešu valodā",
        "Mark in English language",
        "language therapy",
        "ticība saviem spēkiem",
        "embrace",
        "trace",
        "boyfriend",
        "specialist",
        "speciālā pedagoga konsultācijas",
        "neattaisnoti kavētās stundas",
        "izcelts",
        "programming language",
    ],
)
def test_a_word_inside_another_word_is_no_trap(catalogue: Catalogue, label: str) -> None:
    assert catalogue.protected_attribute(label) is None


def test_no_shipped_factor_speaks_of_a_protected_attribute(catalogue: Catalogue) -> None:
    for factor in catalogue.factors.values():
        for label in (factor.id, *factor.name.values(), *factor.heading.values(), *factor.aliases):
            assert catalogue.protected_attribute(label) is None


@pytest.mark.parametrize(
    ("old", "new", "line", "place"),
    [
        ("factors.phone_use", "factors.gender", 1, "[factors.gender]"),
        ('en = "Phone use in lessons" }\nmeaning', 'en = "Nationality" }\nmeaning', 17, "heading.en"),
        ('lv = "telefona lietošana stundās"', 'lv = "dzimums"', 16, "name.lv"),
        ("version = 1\n", 'version = 1\naliases = ["kods", "pilsonība"]\n', 3, "aliases"),
    ],
)
def test_a_protected_attribute_is_refused_as_a_factor(
    refused: Refused, own_factor: str, old: str, new: str, line: int, place: str
) -> None:
    english, latvian = refused(own_factor.replace(old, new))
    assert english.startswith(f"mine.toml, line {line}, ")
    assert place in english
    assert "may serve only to audit whether the list errs more for one group and is never a risk factor" in english
    assert latvian.startswith(f"mine.toml, {line}. rinda, ")
    assert "drīkst izmantot tikai auditam" in latvian


def test_the_protection_cannot_be_switched_off(refused: Refused) -> None:
    english, latvian = refused("[protected.sex]\nwords = { lv = [], en = [] }\n")
    assert english.startswith("mine.toml, line 1, [protected.sex]: this entry is fixed")
    assert "šo ierakstu mainīt nevar" in latvian


def test_a_municipality_may_protect_more(catalogue: Catalogue) -> None:
    more = {
        "protected": {"address": {"name": {"lv": "adrese", "en": "address"}, "words": {"en": ["address", "street"]}}}
    }
    extended = catalogue.extend(more)
    assert extended.protected_attribute("Street") == "address"
    assert catalogue.protected_attribute("Street") is None

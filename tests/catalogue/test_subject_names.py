"""How subjects stand in a sentence."""

import pytest

from pumpurs_risk.catalogue.subject_names import subject_in_sentence


@pytest.mark.parametrize(
    ("written", "in_sentence"),
    [
        ("Matemātika", "matemātika"), ("Latviešu valoda", "latviešu valoda"), ("Ķīmija", "ķīmija"),
        ("Dizains un tehnoloģijas", "dizains un tehnoloģijas"), ("Angļu valoda II", "angļu valoda II"),
        ("MATEMĀTIKA", "matemātika"), ("LATVIJAS VĒSTURE", "Latvijas vēsture"), ("  Sports  un veselība ", "sports un veselība"),
    ],
)  # fmt: skip
def test_a_subject_has_no_capital_inside_a_sentence(written, in_sentence):
    assert subject_in_sentence(written) == in_sentence


@pytest.mark.parametrize(
    "name", ["DZM", "IT", "IKT pamati", "Latvijas un pasaules vēsture", "English", "Latvian language"]
)
def test_abbreviations_and_proper_nouns_keep_theirs(name):
    assert subject_in_sentence(name) == name


def test_a_subject_without_letters_is_left_as_it_is():
    assert [subject_in_sentence(name) for name in ("", "1", "3. modulis")] == ["", "1", "3. modulis"]

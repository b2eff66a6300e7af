import datetime as dt

import pytest
from babel.plural import PluralRule
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.locale import date_text, number, percent, plural_category, sort_key


@pytest.fixture(scope="module")
def rules():
    from babel import Locale

    return {lang: Locale(lang).plural_form for lang in ("lv", "en")}


def test_plural_categories_agree_with_an_independent_implementation(rules):
    assert isinstance(rules["lv"], PluralRule)
    for lang, rule in rules.items():
        for n in range(2000):
            assert plural_category(n, lang) == rule(n), (lang, n)


@given(st.integers(0, 9999), st.integers(1, 2))
def test_decimals_agree_too(n, places):
    from decimal import Decimal

    from babel import Locale

    value = Decimal(n).scaleb(-places).normalize()
    assert plural_category(float(value), "lv") == Locale("lv").plural_form(value)


def test_numbers_as_a_latvian_writes_them():
    assert number(1234567.5, "lv", 1) == "1\u00a0234\u00a0567,5"
    assert number(-0.04, "lv", 1) == "0,0"
    assert number(-2.5, "lv", 1) == "\u22122,5"
    assert percent(0.124, "lv") == "12,4\u00a0%"
    assert date_text(dt.date(2027, 1, 5), "lv") == "05.01.2027."


@given(st.floats(-1e6, 1e6), st.integers(0, 3))
def test_a_number_reads_back_as_it_was_rounded(x, decimals):
    shown = number(x, "lv", decimals).replace("\u00a0", "").replace(",", ".").replace("\u2212", "-")
    assert float(shown) == pytest.approx(round(x, decimals), abs=10.0**-decimals * 0.51)


def test_latvian_letters_sort_after_their_plain_ones_and_long_vowels_with_the_short():
    words = ["Žagars", "Zariņš", "Čakste", "Cīrulis", "Ābele", "Abele", "Ķirsis", "Kalns", "Yvonne", "Īle", "Ilze"]
    assert sorted(words, key=sort_key) == [
        "Abele", "Ābele", "Cīrulis", "Čakste", "Īle", "Ilze", "Yvonne", "Kalns", "Ķirsis", "Zariņš", "Žagars",
    ]  # fmt: skip

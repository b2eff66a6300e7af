"""The municipality's page and table: schools side by side, never ranked; no small group, nor what gives one away."""

import csv
import datetime as dt
import io
import random
import re

import msgspec
import pandas as pd
import pytest

from pumpurs_risk.batch.composition import Composition, core_cells, expected_above, risk_groups
from pumpurs_risk.batch.manifest import SchoolCounts
from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.reports.municipality import municipality_csv, municipality_page
from pumpurs_risk.reports.municipality_counts import municipality_counts, summarise_plans

CATALOGUE = Catalogue.load()
GROUPS = tuple(CATALOGUE.groups)
LANGUAGES = ("lv", "en")
FIXED = {"catalogue": CATALOGUE, "as_of": dt.date(2027, 1, 15), "expires": dt.date(2027, 5, 31)}


def school(title, scored, above, places, groups=(0, 0, 0, 0), **kwargs):
    counts = {
        "title": title, "pupils_in": scored, "scored": scored, "above": above, "places": places, "compared": scored,
        "compared_above": above, "expected": above + 2.0, "expected_variance": 9.0, "core_asked": 7 * scored,
        "core_missing": scored, "risk_groups": dict(zip(GROUPS, groups, strict=True)),
    }  # fmt: skip
    return counts | kwargs


SCHOOLS = [
    school("Zīļu pamatskola", 120, 14, 8, (14, 6, 8, 0), pupils_in=123),
    school("Ābeļu vidusskola", 410, 38, 20, (31, 9, 8, 14), pupils_in=430),
    school("Čakstes vidusskola", 260, 20, 10, (15, 0, 6, 7)),
    school("Mazā sākumskola", 31, 2, 2, (2, 0, 0, 0)),
    school(
        "Neklātienes vidusskola",
        160,
        41,
        5,
        (30, 13, 9, 11),
        compared=0,
        compared_above=0,
        expected=None,
        expected_variance=None,
    ),
]


def rows_of(said):
    assert said.startswith("\ufeff")
    return list(csv.reader(io.StringIO(said.removeprefix("\ufeff")), delimiter=";"))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lang", LANGUAGES)
def test_schools_stand_in_the_order_of_the_latvian_alphabet_whatever_their_numbers(seed, lang):
    shuffled = random.Random(seed).sample(SCHOOLS, len(SCHOOLS))
    wanted = ["Ābeļu vidusskola", "Čakstes vidusskola", "Kalnu pamatskola", "Mazā sākumskola", "Neklātienes vidusskola"]
    wanted.append("Zīļu pamatskola")
    table = rows_of(municipality_csv(shuffled, catalogue=CATALOGUE, lang=lang, not_received=["Kalnu pamatskola"]))
    assert [row[0] for row in table[1:]] == wanted
    page = municipality_page(shuffled, **FIXED, lang=lang, not_received=["Kalnu pamatskola"])
    found = re.findall(r'<th scope="row"><bdi>(.*?)</bdi>', page)
    assert found[: len(wanted)] == wanted
    assert page == municipality_page(SCHOOLS, **FIXED, lang=lang, not_received=["Kalnu pamatskola"])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_school_that_sent_nothing_is_named_without_numbers(lang):
    table = rows_of(municipality_csv(SCHOOLS, catalogue=CATALOGUE, lang=lang, not_received=["Kalnu pamatskola"]))
    (kalns,) = [row for row in table if row[0] == "Kalnu pamatskola"]
    assert set(kalns[2:]) == {""} and len(kalns) == len(table[0])


def test_a_small_number_is_hidden_and_another_with_it():
    counts = municipality_counts(SCHOOLS)
    hidden = [row.title for row in counts.schools if row.hidden]
    assert "Mazā sākumskola" in hidden and len(hidden) >= 2
    for row in counts.schools:
        if row.hidden:
            assert row.above is row.scored is row.lacking is row.expected is row.coverage is None
    assert counts.above == 115 and counts.lacking_least


def test_observed_stands_beside_expected_with_its_interval():
    page = municipality_page(SCHOOLS, **FIXED, lang="lv")
    assert "40 (35–45)" in page  # Ābeļu vidusskola: 40 ± 1.645 * 3
    assert "nav ar ko salīdzināt" in page


def test_a_part_that_would_tell_of_few_is_not_compared():
    part = school("Ozolu vidusskola", 200, 20, 5, compared=190, compared_above=18, expected=17.0, expected_variance=9.0)
    row = municipality_counts([part, *SCHOOLS[:3]]).schools[2]
    assert (row.title, row.expected) == ("Ozolu vidusskola", None)
    large = part | {"compared": 150, "compared_above": 10}
    row = municipality_counts([large, *SCHOOLS[:3]]).schools[2]
    assert row.expected and row.compared == (150, 10)


def test_a_coverage_that_tells_of_few_left_out_is_not_a_number():
    (zile,) = [row for row in municipality_counts(SCHOOLS[:3]).schools if row.title.startswith("Zīļu")]
    assert zile.nearly_all and zile.coverage is None


def test_nothing_but_one_small_school_shows_no_number():
    counts = municipality_counts([SCHOOLS[3]])
    assert counts.above is None and counts.scored is None
    assert "tik maz, ka skaitu nerāda" in municipality_page([SCHOOLS[3]], **FIXED, lang="lv")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_any_school_there_is_still_a_page(lang):
    page = municipality_page([], **FIXED, lang=lang, not_received=["Kalnu pamatskola"])
    assert "Kalnu pamatskola" in page


def test_the_table_opens_in_a_latvian_spreadsheet_and_holds_no_formula():
    hostile = [school(title, 200, 20, 5) for title in ("=1+1", "+cmd", "@x", "-2", "a;b", 'c"d', "\x00e")]
    table = rows_of(municipality_csv(hostile, catalogue=CATALOGUE, lang="lv"))
    assert all(len(row) == len(table[0]) for row in table)
    assert not [cell for row in table for cell in row if cell[:1] in ("=", "+", "-", "@")]
    assert {"a;b", 'c"d', "e", "'=1+1"} <= {row[0] for row in table}
    assert table[1][4] == "14,3"


def test_hostile_titles_come_through_as_text():
    titles = ["<script>alert(1)</script>", "{{ 7*7 }}", "\u202eabc", "😀", "x" * 10_000]
    page = municipality_page([school(title, 200, 20, 5) for title in titles], **FIXED, municipality="<b>", run="{{x}}")
    assert "<script>" not in page and "&lt;script&gt;" in page and "{{ 7*7 }}" in page and "{{x}}" in page
    assert all(title in page for title in titles[2:])


def plans():
    status = [one.id for one in CATALOGUE.programme.statuses]
    return pd.DataFrame(
        {
            "plan_id": [str(i) for i in range(60)],
            "status": [status[0]] * 40 + [status[1]] * 3 + [status[2]] * 17,
            "measures": ["mentor;subject_consultation", "social_pedagogue", ""] * 20,
            "uncovered": [0, 1, 0] * 20,
        }
    )


def test_plans_by_status_hide_few_and_say_them_together():
    support = pd.DataFrame({"pupil_id": list("abcdefg"), "measure": ["mentor"] * 6 + ["psychologist"]})
    counts = municipality_counts(SCHOOLS, summarise_plans(plans(), support))
    status = [one.id for one in CATALOGUE.programme.statuses]
    assert dict(counts.statuses) == {status[0]: 40, status[1]: None, status[2]: None}
    assert (counts.plans, counts.together, counts.uncovered) == (60, 20, 20)
    assert dict(counts.given) == {"mentor": 6, "psychologist": None}
    page = municipality_page(SCHOOLS, summarise_plans(plans(), support), **FIXED, lang="lv")
    assert "Mentora atbalsts" in page and "20 no 60" in page


def test_without_plans_the_page_says_so():
    assert "Plānu vēl nav." in municipality_page(SCHOOLS, summarise_plans(plans().iloc[:0]), **FIXED, lang="lv")


def test_counts_of_an_older_run_open():
    older = {
        "school_id": "a", "title": "A", "pupils_in": 50, "scored": 50, "out_of_scope": 0, "not_on_roll": 0, "rows_rejected": 0,
        "cells_set_aside": 0, "above": 8, "above_low": 5, "above_high": 12, "places": 3, "not_covered": 5, "listed": 3,
        "ask_first": 0, "uncertain": 0,
    }  # fmt: skip
    counts = msgspec.convert(older, SchoolCounts)
    assert counts.expected is None and counts.risk_groups == {}
    assert "nav ar ko salīdzināt" in municipality_page([counts], **FIXED, lang="lv")


def test_what_is_expected_of_a_school_comes_from_the_others_of_its_programme_and_level():
    def pupils(name, cell, n, k):
        ids = [f"{name}{cell}{i}" for i in range(n)]
        return pd.DataFrame(
            {"pupil_id": ids, "school_id": name, "programme_level": cell, "above": [i < k for i in range(n)]}
        )

    cells = [
        ("a", "general-9", 40, 20),
        ("b", "general-9", 100, 10),
        ("b", "general-5", 60, 0),
        ("c", "vocational-1", 30, 9),
    ]
    table = pd.concat([pupils(*cell) for cell in cells], ignore_index=True)
    found = expected_above(table.drop(columns="above"), table[["pupil_id", "above"]])
    assert found["a"].compared == 40 and found["a"].above == 20
    assert found["a"].expected == pytest.approx(40 * 10.5 / 101)
    assert found["b"].compared == 100 and found["b"].expected == pytest.approx(100 * 20.5 / 41)
    assert found["c"] == Composition(0, 0, 0.0, 0.0)


def test_missing_values_and_risk_groups_are_counted_by_school():
    core = [f for f in CATALOGUE.factors.values() if f.core and f.kind != "level" and not f.applies.min_level]
    X = pd.DataFrame(
        {"pupil_id": ["a", "b"], "school_id": ["s", "t"], "level": 9.0, "programme": "general", "age": 15.0}
    )
    X[core[0].id] = [1.0, None]
    cells = core_cells(X, CATALOGUE)
    assert cells["s"][0] == cells["t"][0] >= len(core) - 1
    assert cells["t"][1] - cells["s"][1] == 1
    flags = pd.DataFrame({"pupil_id": ["a", "b", "c"], "school_id": ["s", "s", "t"], "above": [True, False, True]})
    told = [("a", "absence_share"), ("a", "lateness"), ("a", "low_income"), ("b", "low_income")]
    reasons = pd.DataFrame(told, columns=["pupil_id", "factor"]).assign(kind="risk", line=0)
    groups = risk_groups(flags, reasons, CATALOGUE)
    assert groups["s"] == dict.fromkeys(GROUPS, 0) | {"learning_school": 1, "economic": 1}
    assert groups["t"] == dict.fromkeys(GROUPS, 0)

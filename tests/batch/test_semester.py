"""Which earlier lists are found beside the data, and which are only pointed out."""

import datetime as dt

import pytest
from tests.batch.conftest import AUTUMN, WINTER, hand_out

from pumpurs_risk.batch.semester import run_semester, unused_runs


@pytest.fixture
def place(tmp_path):
    """A data folder with earlier lists of other data beside it."""
    (tmp_path / "pavasaris").mkdir()
    hand_out(tmp_path, AUTUMN, schools=("liepas",), name="rudens_2026-09-15")
    hand_out(tmp_path, AUTUMN, schools=("ozoli",), name="citi_2026-09-15")
    hand_out(tmp_path, AUTUMN, schools=("liepas",), name="pavasaris_2026-09-15")
    hand_out(tmp_path, dt.date(2027, 9, 1), schools=("liepas",), name="velak_2027-09-01")
    return tmp_path


def found(place, named=()):
    return [path.name for path in unused_runs(place / "pavasaris", WINTER, ["liepas", "kalnu"], named)]


def test_earlier_lists_of_the_same_schools_from_other_data_are_found(place):
    assert found(place) == ["rudens_2026-09-15"]


def test_nothing_is_said_where_one_of_them_is_used_by_name(place):
    hand_out(place, dt.date(2026, 10, 1), schools=("kalnu",), name="oktobris_2026-10-01")
    assert found(place) == ["rudens_2026-09-15", "oktobris_2026-10-01"]
    assert found(place, [place / "rudens_2026-09-15"]) == []


def test_a_damaged_list_of_other_data_is_nobodys_business(place):
    (place / "rudens_2026-09-15" / "run.json").write_text("{", encoding="utf-8")
    assert found(place) == []


def test_the_new_list_says_which_earlier_ones_were_not_used(tmp_path):
    data = tmp_path / "pavasaris"
    data.mkdir()
    rows = [f"{number};9.a;480;{150 if number % 5 == 0 else 10}" for number in range(1, 21)]
    lines = ["Identifikators;Klase;Notikušās stundas;Kavētās stundas", *rows]
    (data / "skola.csv").write_text("\n".join(lines), encoding="utf-8")
    first = run_semester(data, as_of="2027-01-15", lists_only=True, lang="lv", no_previous=True)
    school = first.run.manifest.schools[0].school_id
    hand_out(tmp_path, AUTUMN, schools=(school,), name="rudens_2026-09-15")
    again = run_semester(data, as_of="2027-01-16", lists_only=True, lang="lv")
    [said] = [line for line in again.lines("lv") if "--previous" in line]
    assert "rudens_2026-09-15" in said and "pavasaris" not in said
    assert any("rudens_2026-09-15" in line and "were not used" in line for line in again.lines("en"))
    assert again.all_well == first.all_well
    silent = run_semester(data, as_of="2027-01-17", lists_only=True, lang="lv", no_previous=True)
    assert not [line for line in silent.lines("lv") if "--previous" in line]

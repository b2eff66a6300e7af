"""A OneRoster 1.1 bundle: the right pupils, marks and semesters come out; it holds no attendance, and that is said."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

import pumpurs_risk as pr

_spec = importlib.util.spec_from_file_location("oneroster_bundle", Path(__file__).with_name("oneroster_bundle.py"))
bundle = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(bundle)

AS_OF = "2027-01-15"


@pytest.fixture(scope="module", params=["folder", "zip"])
def records(request, tmp_path_factory):
    place = tmp_path_factory.mktemp("oneroster")
    data = bundle.write_folder(place / "gauja") if request.param == "folder" else bundle.write_zip(place / "gauja.zip")
    return pr.read_records(data, as_of=AS_OF)


@pytest.fixture(scope="module")
def factors(records):
    return pr.factor_table(records, as_of=AS_OF).set_index("pupil_id")


def test_pupils_are_the_students_and_nobody_else(factors):
    assert sorted(str(pupil).rpartition(":")[2] for pupil in factors.index) == sorted(bundle.STUDENTS)
    assert set(factors["level"]) == {9}
    assert set(factors["programme_level"]) == {"general-9"}


def test_marks_of_the_semester_come_out_right(factors):
    mean = {str(pupil).rpartition(":")[2]: value for pupil, value in factors["mean_mark"].items()}
    assert mean["s-1"] == 7  # 8 and 6
    assert mean["s-2"] == 4  # from 3, 3 and 4, 3; and 5
    assert mean["s-3"] == 5  # from 4, 5 and 6; the 85 of 100 is no mark
    assert pd.isna(mean["s-4"])
    failing = {str(pupil).rpartition(":")[2]: value for pupil, value in factors["failing_subjects"].items()}
    assert (failing["s-1"], failing["s-2"], failing["s-3"]) == (0, 1, 0)
    assert pd.isna(failing["s-4"])


def test_over_age_comes_from_the_birth_date(factors):
    over = {str(pupil).rpartition(":")[2]: value for pupil, value in factors["over_age"].items()}
    assert (over["s-1"], over["s-2"], over["s-3"]) == (0, 1, 0)
    assert pd.isna(over["s-4"])


def test_semesters_are_those_of_the_bundle(records, factors):
    assert set(factors["semester"]) == {"2026/2027-1"}
    semesters = pd.DataFrame(
        records.semesters.to_pylist() if hasattr(records.semesters, "to_pylist") else records.semesters
    )
    found = {row.semester: (str(row.date_from)[:10], str(row.date_to)[:10]) for row in semesters.itertuples()}
    assert found == {"2026/2027-1": ("2026-09-01", "2026-12-18"), "2026/2027-2": ("2027-01-04", "2027-05-31")}


def test_attendance_is_unknown_and_that_is_said(records, factors):
    assert factors[["absence_share", "unexcused_lessons", "absence_recent", "lateness"]].isna().all().all()
    assert (
        len([m for m in records.report.messages("en") if "attendance" in m.casefold() or "absence" in m.casefold()])
        == 1
    )
    assert (
        len([m for m in records.report.messages("lv") if "kavējum" in m.casefold() or "apmeklēj" in m.casefold()]) == 1
    )
    assert records.report.ok, records.report.messages("en")


def test_the_school_is_the_one_of_the_bundle_and_names_are_split_off(records):
    assert "Gaujas vidusskola" in records.schools["title"].tolist()
    assert "Vizbuļu novads" not in records.schools["title"].tolist()
    for name, table in records.tables.items():
        cells = table.to_pandas() if hasattr(table, "to_pandas") else table
        assert not cells.astype(str).isin([*bundle.STUDENTS.values(), "Paraugs", "Ilze"]).any().any(), name


def test_no_row_of_the_bundle_is_lost(records):
    counts = records.report.counts
    assert len(counts)
    assert (counts["rows_in"] == counts["used"] + counts["not_used"] + counts["rejected"]).all()


def test_a_list_comes_out_of_the_zip(run, tmp_path):
    said = run(bundle.write_zip(tmp_path / "gauja.zip"), "--as-of", AS_OF, "--out", tmp_path / "run")
    assert said.code in (0, 1), said
    assert len(pr.open_run(tmp_path / "run").flags) == len(bundle.STUDENTS)

"""What describe-data says of each table: dates, rows, what is missing, what was not used and why."""

import datetime as dt

import pandas as pd
import polars as pl
import pytest

from pumpurs_risk.records import SchoolRecords, describe_data, describe_text

ROLL = pd.DataFrame(
    {
        "pupil_id": ["1", "2", "3", "4"],
        "school_id": ["a", "a", "b", "b"],
        "semester": ["2026/2027-1"] * 4,
        "level": [9, 9, 9, 3],
        "class_id": ["9.a", None, "9.b", None],
    }
)
MISSED = pd.DataFrame(
    {
        "pupil_id": ["1", "1", "3", "4", "9", "9"],
        "date": ["2026-10-05", "2026-10-05", "2026-11-02", "2026-10-05", "2026-10-05", "2026-10-06"],
        "lesson": ["1", "1", None, "1", "1", "1"],
        "status": ["n", "n", "n", "n", "n", "n"],
        "recorded_on": ["2026-10-06", "2026-10-06", None, None, None, None],
    }
)


@pytest.fixture(scope="module")
def records():
    return SchoolRecords.from_tables(pupils=ROLL, absences=MISSED)


def test_each_table_and_school_has_dates_rows_and_reasons(records):
    told = describe_data(records, "en").set_index(["table", "school_id"])
    row = told.loc[("absences", "a")]
    assert (row["first"], row["last"]) == (dt.date(2026, 10, 5), dt.date(2026, 10, 5))
    assert row[["rows", "used", "not_used", "rejected", "without_recorded_on"]].tolist() == [2, 1, 1, 0, 0]
    assert row["why"] == "row repeated (1)"
    row = told.loc[("absences", "b")]
    assert row[["rows", "used", "not_used", "without_recorded_on"]].tolist() == [2, 1, 1, 1]
    assert row["why"] == "pupil not in this list's target group (1)"
    assert row["share_missing"] == {"date": 0.0, "lesson": 1.0, "status": 0.0, "recorded_on": 1.0}
    assert told.loc[("absences", ""), "why"] == "pupil on no roll (2)"
    assert told.loc[("pupils", "a"), "share_missing"]["class_id"] == 0.5
    assert told.loc[("pupils", "a"), "first"] is None


def test_the_text_says_the_same_in_latvian_and_english(records):
    said = describe_text(records, "lv").splitlines()
    assert said[0] == "Izglītojamie: rindas: 4, izmantotas: 3, nav izmantotas: 1, noraidītas: 0; skolas: 2"
    assert "Kavējumi: rindas: 6, izmantotas: 2, nav izmantotas: 4, noraidītas: 0; skolas: 2" in said
    assert "  no 05.10.2026. līdz 02.11.2026." in said
    assert any(line.startswith("  tukšas šūnas: ") and "50,0\u00a0%" in line for line in said)
    assert any("skolēna nav nevienā skolēnu sarakstā (2)" in line for line in said)
    assert len(describe_text(records, "en").splitlines()) == len(said)


def test_lazy_tables_are_described_as_a_whole():
    missed = pl.DataFrame(
        {"pupil_id": ["1", "3"], "date": [dt.date(2026, 10, 5), dt.date(2026, 10, 7)], "status": ["late", None]}
    )
    roll = pl.DataFrame(
        {"pupil_id": ["1", "3"], "school_id": ["a", "b"], "semester": ["2026/2027-1"] * 2, "level": [9.0, 9.0]}
    )
    records = SchoolRecords.from_tables(pupils=roll.lazy(), absences=missed.lazy())
    told = describe_data(records, "lv").set_index("table")
    assert told.loc["absences", ["school_id", "first", "last", "rows", "used"]].tolist() == [
        "",
        dt.date(2026, 10, 5),
        dt.date(2026, 10, 7),
        2,
        2,
    ]
    assert told.loc["absences", "share_missing"]["status"] == 0.5
    assert "skolas: 2" in describe_text(records, "lv")


def test_a_sheet_is_described_too_and_nothing_at_all_is_said():
    sheet = pd.DataFrame({"pupil_id": ["1", "2"], "class_id": ["9.a", "9.a"], "mean_mark": [7, None]})
    records = SchoolRecords.from_tables(sheet, as_of="2027-01-15")
    told = describe_data(records, "en").iloc[0]
    assert told[["table", "rows", "used"]].tolist() == ["sheet", 2, 2]
    assert told["share_missing"]["mean_mark"] == 0.5 and told["last"] == dt.date(2027, 1, 15)
    assert describe_text(SchoolRecords.of({}), "en") == "No table was read."


def test_records_whose_rows_nobody_counted_are_described_by_what_they_hold():
    told = describe_data(SchoolRecords.of(SchoolRecords.from_tables(pupils=ROLL).tables), "en")
    assert told[["table", "school_id", "rows", "used"]].to_numpy().tolist() == [
        ["pupils", "a", 2, 2],
        ["pupils", "b", 1, 1],
    ]


def test_a_row_of_three_marks_that_does_not_say_when_it_was_recorded_is_one_row():
    marks = pd.DataFrame(
        {
            "pupil_id": ["1", "1", "3"],
            "subject": ["Fizika"] * 3,
            "date": ["2026-10-05", "2026-10-06", "2026-10-05"],
            "mark": ["7 8 9", "7", "5 6"],
            "recorded_on": [None, "2026-10-06", None],
        }
    )
    told = describe_data(SchoolRecords.from_tables(pupils=ROLL, marks=marks)).set_index(["table", "school_id"])
    assert told.loc["marks", "without_recorded_on"].to_dict() == {"a": 1, "b": 1}
    without = SchoolRecords.from_tables(pupils=ROLL, marks=marks.drop(columns="recorded_on"))
    assert describe_data(without).set_index(["table", "school_id"]).loc[("marks", "a"), "without_recorded_on"] == 2
    assert describe_data(without).query("table == 'pupils'")["without_recorded_on"].tolist() == [0, 0]


def test_rows_that_say_nothing_are_told_with_their_number():
    missed = MISSED.assign(status=["n", "n", "", "", "", ""], lesson=["1", "2", "1", "1", "1", "1"])
    told = describe_data(SchoolRecords.from_tables(pupils=ROLL, absences=missed), "en")
    [row] = told[(told["table"] == "absences") & (told["school_id"] == "b")].to_dict("records")
    assert (row["used"], row["not_used"], row["rejected"]) == (0, 2, 0)
    assert "row says nothing (1)" in row["why"]

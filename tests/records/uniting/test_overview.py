"""Questions about event tables of any engine."""

import datetime as dt

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from pumpurs_risk.records.uniting.overview import known_pupils, last_event, schools_of_pupils, tables_without_dates
from pumpurs_risk.records.uniting.rows import no_sheet

TABLES = {
    "pupils": {"pupil_id": ["1", "1", "2"], "school_id": ["a", "b", "b"], "semester": ["2026/2027-1"] * 3},
    "absences": {
        "pupil_id": ["1", "2"],
        "date": [dt.date(2026, 10, 5), dt.date(2026, 10, 7)],
        "recorded_on": [dt.date(2026, 10, 5), None],
    },
    "marks": {"pupil_id": ["1"], "date": [dt.date(2026, 9, 5)], "recorded_on": [dt.date(2026, 9, 5)]},
}


@pytest.mark.parametrize("made", [pa.table, pl.DataFrame, pl.LazyFrame])
def test_every_engine_answers_alike(made):
    tables = {name: made(columns) for name, columns in TABLES.items()}
    assert known_pupils(no_sheet(), tables).to_numpy().tolist() == [["1", "a"], ["1", "b"], ["2", "b"]]
    assert last_event(tables) == dt.date(2026, 10, 7)
    assert last_event(tables, before=dt.date(2026, 10, 7)) == dt.date(2026, 10, 5)
    assert tables_without_dates(tables) == ("absences",)


def test_the_later_enrolment_decides_then_the_greater_school():
    roll = pa.table(TABLES["pupils"])
    assert schools_of_pupils(no_sheet(), {"pupils": roll})["school_id"].tolist() == ["b", "b"]
    enrolled = pa.array([dt.date(2026, 10, 1), dt.date(2026, 9, 1), None], pa.date32())
    first = schools_of_pupils(no_sheet(), {"pupils": roll.append_column("enrolled_from", enrolled)})
    assert first.set_index("pupil_id")["school_id"].to_dict() == {"1": "a", "2": "b"}


def test_a_sheet_alone_says_who_is_known():
    sheet = pd.DataFrame({"pupil_id": ["a:1"], "school_id": ["a"]})
    assert known_pupils(sheet, {}).to_numpy().tolist() == [["a:1", "a"]]
    assert last_event({}) is None and tables_without_dates({}) == () and known_pupils(no_sheet(), {}).empty

"""Subjects that differ in case and spaces only are one subject, spelt as most rows spell it."""

import pyarrow as pa
import pytest

from pumpurs_risk.records import SchoolRecords, read_records
from pumpurs_risk.records.tables.spelling import spell_alike


def spelt(*written):
    return spell_alike(pa.table({"subject": pa.array(written, pa.string())}), ["subject", "other"])[
        "subject"
    ].to_pylist()


def test_the_most_frequent_spelling_stands_and_of_equals_the_first():
    assert spelt("matemātika", "Matemātika", "Matemātika") == ["Matemātika"] * 3
    assert spelt("matemātika", "Matemātika") == spelt("Matemātika", "matemātika") == ["Matemātika"] * 2
    assert spelt("fizika ", "Fizika", " fizika", None) == ["fizika"] * 3 + [None]
    assert spelt() == [] and spelt(None) == [None]


def test_what_differs_in_more_than_case_stays_apart():
    assert spelt("Angļu valoda", "Angļu  valoda", "Angļu valoda II") == ["Angļu valoda"] * 2 + ["Angļu valoda II"]
    assert spelt("Kimija", "Ķīmija") == ["Kimija", "Ķīmija"]


ROLL = {"pupil_id": ["1"], "school_id": ["a"], "semester": ["2026/2027-1"], "level": [9]}
MARKS = {
    "pupil_id": ["1"] * 3,
    "subject": ["Matemātika", "matemātika", " Matemātika "],
    "date": ["2026-10-05", "2026-10-06", "2026-10-07"],
    "mark": ["7", "8", "9"],
}


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_frames_are_spelt_alike(kind):
    frames = pytest.importorskip(kind)
    made = SchoolRecords.from_tables(pupils=frames.DataFrame(ROLL), marks=frames.DataFrame(MARKS))
    column = made.marks["subject"]
    assert (column.to_pylist() if kind == "pandas" else column.to_list()) == ["Matemātika"] * 3


def test_files_of_a_reading_are_spelt_alike_whatever_their_order(tmp_path):
    for name, subjects in {"marks a": ["fizika", "Fizika"], "marks b": ["Fizika", "FIZIKA"]}.items():
        rows = [f"1,{subject},2026-10-0{day},semester,7" for day, subject in enumerate(subjects, start=len(name))]
        (tmp_path / f"{name}.csv").write_text("pupil_id,subject,date,kind,mark\n" + "\n".join(rows) + "\n", "utf-8")
    (tmp_path / "pupils.csv").write_text("pupil_id,school_id,semester,level\n1,a,2026/2027-1,9\n", "utf-8")
    records = read_records(tmp_path, as_of="2027-01-15")
    assert set(records.marks["subject"].to_pylist()) == {"Fizika"}

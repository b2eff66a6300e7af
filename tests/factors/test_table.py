"""The factor table from event tables, beside a sheet, written to Parquet, and with factors of one's own."""

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow.parquet as parquet
import pytest

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.factors import conflicts, factor_frame, factor_table, write_factor_table
from pumpurs_risk.records import SchoolRecords


def with_sheet(made, sheet, answers=None, **tables):
    """Tables and a sheet of the same pupils."""
    beside = SchoolRecords.from_tables(pd.DataFrame(sheet), as_of=made.day, id_scope="municipality", answers=answers)
    for name, rows in tables.items():
        beside.tables[name] = made.table(name, rows)
    return beside


def test_columns_and_types_are_those_of_a_sheets_table(made):
    X = factor_frame(made.records(absences=[made.absence()]), made.day)
    of_sheet = factor_frame(with_sheet(made, {"pupil_id": ["p"], "class_id": ["9.a"]}), made.day)
    assert X.dtypes.to_dict() == of_sheet.dtypes.to_dict() and list(X) == list(of_sheet)
    assert isinstance(X.index, pd.RangeIndex)


def test_without_pupils_and_sheet_nobody_knows_whom_a_table_is_about(made):
    some = made.records(absences=[made.absence()])
    del some.tables["pupils"]
    with pytest.raises(RecordsError) as refused:
        factor_table(some, made.day)
    assert refused.value.code == "no_pupils"


def test_tables_win_and_the_sheet_fills_what_they_leave_unknown(made):
    sheet = {
        "pupil_id": ["p", "x"],
        "school_id": "s",
        "class_id": ["9.a", "9.b"],
        "bullying": [7, 5],
        "motivation": [2, 1],
    }
    some = with_sheet(made, sheet, pupils=[made.pupil(), made.pupil("q")], incidents=[])
    X = factor_frame(some, made.day)
    assert X[["pupil_id", "bullying", "motivation"]].fillna(-1).to_numpy().tolist() == [
        ["p", 0, 2],
        ["q", 0, -1],
        ["x", 5, 1],
    ]
    assert X["class_id"].tolist() == ["9.a", "9.a", "9.b"]


def test_a_roll_of_a_later_semester_takes_nobody_off_a_sheet(made):
    sheet = {"pupil_id": ["p", "x"], "school_id": "s", "class_id": ["9.a", "9.b"]}
    later = made.pupil("x", semester="2027/2028-1", level=10.0)
    some = with_sheet(made, sheet, pupils=[made.pupil(), later])
    assert factor_frame(some, made.day)["pupil_id"].tolist() == ["p", "x"]


def test_answers_fill_what_tables_and_sheet_leave_unknown(made):
    answers = pd.DataFrame(
        {
            "pupil_id": ["p", "p"],
            "factor": ["motivation", "low_income"],
            "value": [3, 1],
            "as_of": made.day,
            "role": "nurse",
        }
    )
    some = with_sheet(made, {"pupil_id": ["p"], "class_id": ["9.a"], "motivation": [2]}, answers, pupils=[made.pupil()])
    assert made.values(some, "motivation", "low_income") == [2, 1]


def test_the_pupils_of_a_sheet_stand_in_for_a_table_of_them(made):
    sheet = {
        "pupil_id": ["p", "q"],
        "school_id": "s",
        "class_id": ["9.a", "9.a"],
        "enrolled_from": ["2025-12-08", None],
    }
    some = with_sheet(made, sheet, absences=[made.absence("2025-12-09")])
    X = factor_frame(some, made.day)
    np.testing.assert_allclose(X["absence_share"], [1 / (10 * 6.8), 0], rtol=0, atol=1e-12)


def test_a_sheet_brings_nobody_back_whom_the_tables_know_to_have_left(made):
    left = [{"pupil_id": "p", "date": "2025-11-03", "outcome": "transferred"}]
    some = with_sheet(made, {"pupil_id": ["p", "x"], "class_id": ["9.a"] * 2}, pupils=[made.pupil()], outcomes=left)
    assert factor_frame(some, made.day)["pupil_id"].tolist() == ["x"]


def test_peers_are_compared_by_what_both_sources_know(made):
    ids = [f"p{n}" for n in range(6)]
    marks = [made.mark(float(n + 4), pupil_id=name) for n, name in enumerate(ids[:3])]
    sheet = {"pupil_id": ids, "school_id": "s", "class_id": "9.a", "mean_mark": [1, 1, 1, 7, 8, 9]}
    some = with_sheet(made, sheet, pupils=[made.pupil(name) for name in ids], marks=marks)
    assert factor_frame(some, made.day)["mean_mark_vs_peers"].tolist() == [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]


def test_contradictions_between_tables_and_sheet_are_counted_per_factor(made):
    sheet = {
        "pupil_id": ["p", "q"],
        "school_id": "s",
        "class_id": ["9.a"] * 2,
        "bullying": [7, 0],
        "motivation": [2, 2],
    }
    some = with_sheet(made, sheet, pupils=[made.pupil(), made.pupil("q")], incidents=[])
    assert conflicts(some, made.day).to_numpy().tolist() == [["bullying", 1]]
    assert conflicts(made.records(), made.day).empty


def test_what_is_written_is_what_is_made_in_groups_and_order(made, tmp_path):
    some = made.records(pupils=[made.pupil(name) for name in "cab"], absences=[made.absence(pupil_id="b")])
    write_factor_table(some, tmp_path / "X.parquet", made.day, memory_limit="200MB")
    read = parquet.read_table(tmp_path / "X.parquet")
    X = factor_frame(some, made.day)
    assert read.column_names == list(X) and read["pupil_id"].to_pylist() == ["a", "b", "c"]
    np.testing.assert_array_equal(read["absence_share"].to_numpy(), X["absence_share"])
    sheet = with_sheet(made, {"pupil_id": ["z", "y"], "class_id": ["9.a"] * 2})
    write_factor_table(sheet, tmp_path / "sheet.parquet", made.day)
    assert parquet.read_table(tmp_path / "sheet.parquet")["pupil_id"].to_pylist() == ["y", "z"]


def test_a_large_table_is_written_in_groups_of_65536_rows(made, tmp_path):
    import pyarrow as pa

    n = 140_000
    ids = pa.array(np.char.zfill(np.arange(n)[::-1].astype(str), 6))
    pupils = pa.table({"pupil_id": ids, "school_id": pa.repeat("s", n), "semester": pa.repeat(made.autumn, n)})
    write_factor_table(SchoolRecords.of({"pupils": pupils}), tmp_path / "X.parquet", made.day)
    file = parquet.ParquetFile(tmp_path / "X.parquet")
    assert max(file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)) <= 65_536
    assert file.num_row_groups < 6
    assert file.read(["pupil_id"])["pupil_id"].combine_chunks().equals(ids.take(pa.array(np.arange(n)[::-1])))


def test_a_factor_of_ones_own_may_be_a_pandas_frame(made):
    some = made.records(pupils=[made.pupil(), made.pupil("q")])
    X = factor_frame(some, made.day, own={"clubs": lambda known: pd.DataFrame({"pupil_id": ["q"], "value": [2]})})
    assert X["clubs"].fillna(-1).tolist() == [-1, 2]
    with pytest.raises(ValueError, match="must give pupil_id and value"):
        factor_frame(some, made.day, own={"clubs": lambda known: known.incidents})


def test_a_function_makes_a_factor_of_ones_own(made):
    def fights(known):
        rows = known.rows("incidents").filter(nw.col("kind") == "violence")
        return rows.group_by("pupil_id").agg(value=nw.col("date").count())

    some = made.records(
        pupils=[made.pupil(), made.pupil("q")], incidents=[{"pupil_id": "p", "date": "2025-10-01", "kind": "violence"}]
    )
    X = factor_frame(some, made.day, own={"fights": fights})
    assert list(X)[-1] == "fights" and X["fights"].fillna(-1).tolist() == [1, -1]
    assert X["fights"].dtype == np.float64


def test_a_function_may_fill_a_factor_of_the_catalogue(made):
    def concern(known):
        return known.roll.select("pupil_id", value=nw.col("level") - 7)

    some = made.records(
        assessments=[{"pupil_id": "p", "date": "2025-10-01", "factor": "teacher_concern", "value": 0.0}]
    )
    assert made.values(some, "teacher_concern") == 0
    assert made.values(some, "teacher_concern", own={"teacher_concern": concern}) == 2


def test_the_same_factor_can_be_made_for_every_window(made):
    own = [{"school_id": "t", "semester": "2025/2026-1", "date_to": "2025-11-28"}]
    some = made.records(pupils=[made.pupil(), made.pupil("q", school_id="t")], semesters=own)
    labels = {
        "days": lambda known: known.roll.select("pupil_id", value=nw.lit((known.window.end - known.window.start).days))
    }
    assert factor_frame(some, made.day, own=labels)["days"].tolist() == [110, 89]


def test_the_day_may_be_left_out_where_a_sheet_says_it(made):
    some = with_sheet(made, {"pupil_id": ["p"], "class_id": ["9.a"]}, pupils=[made.pupil()])
    pd.testing.assert_frame_equal(factor_frame(some), factor_frame(some, made.day))

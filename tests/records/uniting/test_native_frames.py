"""Frames of every engine become records: held ones are checked cell by cell, lazy ones stay where they are."""

import datetime as dt

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records import SchoolRecords
from pumpurs_risk.records.uniting.native_frames import family_of

PUPILS = {
    "pupil_id": ["1", "2", "3", None],
    "school_id": ["a", "a", "b", "b"],
    "semester": ["2026/2027-1"] * 4,
    "programme": ["general", "general", "vocational", "general"],
    "level": [9.0, 3.0, 1.0, 9.0],
    "birth_year": [2011.0, 2017.0, 1812.0, 2011.0],
}
ABSENCES = {
    "pupil_id": ["1", "1", "3"],
    "date": [dt.date(2026, 10, 5), dt.date(2026, 10, 6), dt.date(2026, 10, 5)],
    "status": ["late", "what", "absent_open"],
    "lessons_missed": [1.0, float("nan"), -1.0],
    "lessons_held": [7.0, 7.0, float("nan")],
}


@pytest.fixture
def connection():
    opened = duckdb.connect()
    yield opened
    opened.close()


def as_kind(kind, columns, connection, tmp_path=None):
    table = pa.table(columns)
    if kind == "pandas":
        return table.to_pandas()
    if kind == "arrow":
        return table
    if kind == "polars":
        return pl.DataFrame(columns)
    if kind == "polars_lazy":
        return pl.DataFrame(columns).lazy()
    return connection.from_arrow(table)


def computed(frame):
    """A native frame as rows."""
    if isinstance(frame, pl.LazyFrame):
        return frame.collect().to_dicts()
    if isinstance(frame, pl.DataFrame):
        return frame.to_dicts()
    return (frame if isinstance(frame, pa.Table) else frame.to_arrow_table()).to_pylist()


@pytest.mark.parametrize(
    ("kind", "engine"),
    [("pandas", "pandas"), ("arrow", "arrow"), ("polars", "polars"), ("polars_lazy", "polars"), ("duckdb", "duckdb")],
)
def test_every_kind_of_frame_gives_the_same_rows(kind, engine, connection):
    pupils, absences = (as_kind(kind, each, connection) for each in (PUPILS, ABSENCES))
    records = SchoolRecords.from_tables(pupils=pupils, absences=absences, connection=connection)
    assert records.engine == engine
    told = sorted(computed(records.pupils), key=lambda row: row["pupil_id"])
    assert [(row["pupil_id"], row["school_id"], row["level"], row["birth_year"]) for row in told] == [
        ("1", "a", 9.0, 2011.0),
        ("3", "b", 1.0, None),
    ]
    missed = sorted(computed(records.absences), key=lambda row: (row["pupil_id"], row["date"]))
    assert [(row["pupil_id"], row["date"].day, row["status"], row["lessons_missed"]) for row in missed] == [
        ("1", 5, "late", 1.0),
        ("1", 6, None, None),
        ("3", 5, "absent_open", None),
    ]
    assert records.out_of_scope["pupil_id"].tolist() == ["2"]
    assert records.school_ids == ("a", "b")
    assert records.schools["school_id"].tolist() == ["a", "b"]
    assert records.schools["programme"].tolist()[1] == "vocational"
    assert sorted(records.pupils_known["pupil_id"]) == ["1", "3"]
    assert records.last_record == dt.date(2026, 10, 6) and records.without_dates == ("absences",)
    counts = records.report.counts.groupby("table")[["rows_in", "used", "not_used", "rejected"]].sum()
    assert counts.loc["pupils"].tolist() == [4, 2, 1, 1] and counts.loc["absences"].tolist() == [3, 3, 0, 0]
    assert not records.report.ok and all(records.report.messages("lv"))


def test_a_path_to_parquet_stays_where_it_is(tmp_path):
    pq.write_table(pa.table(PUPILS), tmp_path / "pupils.parquet")
    (tmp_path / "absences").mkdir()
    for part in range(2):
        pq.write_table(pa.table(ABSENCES), tmp_path / "absences" / f"{part}.parquet")
    records = SchoolRecords.from_tables(pupils=tmp_path / "pupils.parquet", absences=str(tmp_path / "absences"))
    try:
        assert records.engine == "duckdb" and records.connection is not None
        assert len(records.absences.to_arrow_table()) == 6
        assert records.school_ids == ("a", "b")
    finally:
        records.connection.close()


def test_nan_in_a_parquet_file_is_unknown_though_its_statistics_do_not_tell(tmp_path):
    marks = {"pupil_id": ["1", "1"], "date": [dt.date(2026, 10, 5)] * 2, "subject": ["a", "b"], "kind": ["daily"] * 2}
    pq.write_table(pa.table(PUPILS), tmp_path / "pupils.parquet")
    pq.write_table(pa.table(marks | {"mark": [7.0, float("nan")]}), tmp_path / "marks.parquet")
    records = SchoolRecords.from_tables(**{name: tmp_path / f"{name}.parquet" for name in ("pupils", "marks")})
    with records.connection:
        assert [row["mark"] for row in records.marks.to_arrow_table().to_pylist()] == [7.0, None]
        assert records.marks.filter("mark IS NULL").to_arrow_table().num_rows == 1
        assert "uniting.lazy_values_unfit" not in set(records.report.problems.query("file == 'marks'")["code"])


def test_values_outside_the_limits_of_a_parquet_file_are_counted_and_become_unknown(tmp_path):
    pupils = PUPILS | {"semester": ["2026/2027-1", "2026/2027-1", "autumn", "2026/2027-1"]}
    pq.write_table(pa.table(pupils), tmp_path / "pupils.parquet")
    pq.write_table(pa.table(ABSENCES), tmp_path / "absences.parquet")
    paths = {name: tmp_path / f"{name}.parquet" for name in ("pupils", "absences")}
    from_files = SchoolRecords.from_tables(**paths)
    lazy = SchoolRecords.from_tables(**{name: pl.scan_parquet(path) for name, path in paths.items()})
    with from_files.connection:
        for name in paths:
            one, other = computed(from_files.tables[name]), computed(lazy.tables[name])
            assert sorted(map(str, one)) == sorted(map(str, other))
        told = ["code", "file", "column", "value", "detail"]
        pd.testing.assert_frame_equal(from_files.report.problems[told], lazy.report.problems[told])
        unfit = lazy.report.problems.query("code == 'uniting.lazy_values_unfit'")
        assert set(unfit["column"]) == {"semester", "birth_year", "status", "lessons_missed"}
        pd.testing.assert_frame_equal(from_files.report.counts, lazy.report.counts)


def test_columns_without_a_bad_value_are_read_as_they_are(tmp_path):
    pq.write_table(pa.table(PUPILS).slice(0, 1), tmp_path / "pupils.parquet")
    records = SchoolRecords.from_tables(pupils=tmp_path / "pupils.parquet")
    with records.connection:
        assert "CASE" not in records.pupils.sql_query() and "WHERE" not in records.pupils.sql_query()


def test_a_personal_code_in_a_parquet_file_is_refused(tmp_path):
    pq.write_table(pa.table(PUPILS | {"pupil_id": ["150309-21234", "2", "3", "4"]}), tmp_path / "pupils.parquet")
    with pytest.raises(RecordsError) as caught:
        SchoolRecords.from_tables(pupils=tmp_path / "pupils.parquet")
    assert caught.value.code == "codes_in_lazy_frame"


def test_a_missing_parquet_is_told():
    with pytest.raises(RecordsError) as caught:
        SchoolRecords.from_tables(pupils="nowhere.parquet")
    assert caught.value.code == "folder_missing"


def test_lazy_columns_are_recognised_in_latvian_and_renamed(connection):
    renamed = {
        "Identifikators": PUPILS["pupil_id"],
        "Skola": PUPILS["school_id"],
        "Semestris": PUPILS["semester"],
        "Klases pakāpe": PUPILS["level"],
        "Zirgi": [1, 2, 3, 4],
    }
    records = SchoolRecords.from_tables(pupils=pl.DataFrame(renamed).lazy())
    assert records.pupils.collect_schema().names() == ["pupil_id", "school_id", "semester", "level"]
    assert {"unknown_column", "unknown_column_alone"} & set(records.report.problems["code"])


def test_a_lazy_column_of_the_wrong_type_is_a_teaching_error():
    pupils = pl.DataFrame(PUPILS | {"level": ["9.", "3.", "1.", "x"]}).lazy()
    with pytest.raises(RecordsError) as caught:
        SchoolRecords.from_tables(pupils=pupils)
    assert caught.value.code == "lazy_column_type"
    assert "level" in caught.value.message("lv") and "String" in caught.value.message("lv")


def test_a_lazy_frame_without_a_needed_column_names_it():
    with pytest.raises(RecordsError) as caught:
        SchoolRecords.from_tables(pupils=pl.DataFrame({"pupil_id": ["1"], "level": [9.0]}).lazy())
    assert caught.value.code == "table_column_missing" and "semester" in caught.value.message("en")


def test_personal_codes_in_a_lazy_frame_are_refused():
    pupils = pl.DataFrame(PUPILS | {"pupil_id": ["150309-21234", "2", "3", "4"]}).lazy()
    with pytest.raises(RecordsError) as caught:
        SchoolRecords.from_tables(pupils=pupils)
    assert caught.value.code == "codes_in_lazy_frame" and "150309" not in str(caught.value)


def test_frames_of_several_kinds_are_refused_and_pandas_beside_arrow_is_not(connection):
    with pytest.raises(RecordsError) as caught:
        SchoolRecords.from_tables(pupils=pl.DataFrame(PUPILS), absences=as_kind("duckdb", ABSENCES, connection))
    assert caught.value.code == "frames_of_several_kinds"
    assert "DuckDB" in caught.value.message("lv") and "Polars" in caught.value.message("lv")
    mixed = SchoolRecords.from_tables(pupils=pd.DataFrame(PUPILS), absences=pa.table(ABSENCES))
    assert mixed.engine == "pandas" and len(mixed.absences) == 3


def test_school_scope_and_no_frame_at_all_are_refused_for_what_they_are():
    with pytest.raises(RecordsError) as caught:
        SchoolRecords.from_tables(pupils=pl.DataFrame(PUPILS).lazy(), id_scope="school")
    assert caught.value.code == "lazy_id_scope"
    with pytest.raises(RecordsError) as caught:
        SchoolRecords.from_tables()
    assert caught.value.code == "no_frame"
    with pytest.raises(RecordsError) as caught:
        SchoolRecords.from_tables(absences=pl.DataFrame(ABSENCES).lazy())
    assert caught.value.code == "no_pupils"


def test_a_sheet_stands_beside_lazy_tables():
    sheet = pd.DataFrame({"pupil_id": ["1"], "school_id": ["a"], "class_id": ["9.a"], "mean_mark": [7.5]})
    records = SchoolRecords.from_tables(sheet, absences=pl.DataFrame(ABSENCES).lazy(), as_of="2027-01-15")
    assert records.sheet["pupil_id"].tolist() == ["1"]
    assert set(records.report.counts["table"]) == {"sheet", "absences"}
    assert records.school_ids == ("a",)


def test_canonical_tables_go_in_and_out_unchanged():
    pupils = pa.table(PUPILS).slice(0, 1)
    absences = pa.table(ABSENCES).slice(0, 1)
    once = SchoolRecords.from_tables(pupils=pupils, absences=absences)
    twice = SchoolRecords.from_tables(**once.tables)
    assert twice.tables == once.tables and twice.report.problems.empty


def test_families_are_told_without_importing_them():
    assert family_of({"a": [1]}) == "eager" and family_of(pl.LazyFrame()) == "polars_lazy"

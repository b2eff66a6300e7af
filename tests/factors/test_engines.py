"""Entering and leaving: what comes in as one kind of frame goes out as that kind, typed, and nothing is left behind."""

import datetime as dt
import subprocess
import sys
import textwrap
from pathlib import Path

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pumpurs_risk.factors import factor_frame, factor_table, write_factor_table
from pumpurs_risk.factors.engines import Engine
from pumpurs_risk.records import SchoolRecords

TYPES = {"pupil_id": nw.String, "date": nw.Date, "value": nw.Float64, "role": nw.String}
WANTED = [
    {"pupil_id": "007", "date": dt.date(2025, 10, 1), "value": 1.0, "role": None},
    {"pupil_id": "008", "date": None, "value": None, "role": None},
]
DATES = pd.to_datetime(["2025-10-01", None])


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"pupil_id": ["007", "008"], "date": DATES, "value": [1.0, np.nan]}),
        pd.DataFrame({"pupil_id": pd.Categorical(["007", "008"]), "date": DATES, "value": pd.array([1, None], "Int64")}),
        pd.DataFrame({"pupil_id": ["007", "008"], "date": [dt.date(2025, 10, 1), None], "value": [True, None]}, dtype=object),
        pa.table({"pupil_id": ["007", "008"], "date": pa.array(DATES.to_numpy()), "value": pa.array([1.0, np.nan])}),
        pa.table({"pupil_id": pa.array(["007", "008"]).dictionary_encode(), "date": pa.array([dt.date(2025, 10, 1), None]),
                  "value": pa.array([1, None], pa.int8())}),
    ],
    ids=["default", "nullable", "objects", "nan", "dictionary"],
)  # fmt: skip
def test_every_type_that_people_hold_becomes_the_contracts(frame):
    with Engine.of(SchoolRecords.of({}, engine="arrow")) as engine:
        rows = engine.leave(engine.enter(frame, TYPES)).to_pylist()
    assert sorted(rows, key=lambda row: row["pupil_id"]) == WANTED


@pytest.mark.parametrize("lazy", [True, False])
def test_polars_stays_polars_as_lazy_as_it_came(made, lazy):
    frame = pl.DataFrame({"pupil_id": ["007", "008"], "date": DATES.to_numpy(), "value": [1.0, float("nan")]})
    frame = frame.lazy() if lazy else frame
    with Engine.of(SchoolRecords.of({"assessments": frame}, engine="polars")) as engine:
        out = engine.leave(engine.enter(frame, TYPES))
    assert isinstance(out, pl.LazyFrame if lazy else pl.DataFrame)
    assert out.lazy().collect().to_dicts() == WANTED


def tables(made):
    pupils = [made.pupil(), made.pupil("q")]
    some = made.records(
        pupils=pupils, absences=[made.absence()], semesters=[{"semester": made.autumn, "lessons_held": 370.0}]
    )
    return some.tables


def test_pandas_arrow_polars_and_duckdb_come_out_as_they_came_in(made):
    whole = tables(made)
    wanted = factor_frame(SchoolRecords.of(whole), made.day)
    assert wanted["absence_share"].tolist() == [1 / 370, 0]
    arrow = factor_table(SchoolRecords.of(whole, engine="arrow"), made.day)
    assert isinstance(arrow, pa.Table) and arrow.column_names == list(wanted)
    eager = SchoolRecords.of({name: pl.from_arrow(table) for name, table in whole.items()}, engine="polars")
    assert isinstance(factor_table(eager, made.day), pl.DataFrame)
    lazy = SchoolRecords.of({name: pl.from_arrow(table).lazy() for name, table in whole.items()}, engine="polars")
    assert isinstance(factor_table(lazy, made.day), pl.LazyFrame)
    with duckdb.connect() as connection:
        relations = {name: connection.from_arrow(table) for name, table in whole.items()}
        for given in (connection, None):
            out = factor_table(SchoolRecords.of(relations, engine="duckdb", connection=given), made.day)
            assert type(out) is type(relations["pupils"])
            pd.testing.assert_frame_equal(
                out.df()[["pupil_id", "absence_share"]],
                wanted[["pupil_id", "absence_share"]].convert_dtypes(),
                check_dtype=False,
            )
        del out, relations
    X = factor_frame(eager, made.day)
    pd.testing.assert_frame_equal(X, wanted)


def test_a_relations_connection_is_left_as_it_was(made):
    with duckdb.connect() as connection:
        relations = {name: connection.from_arrow(table) for name, table in tables(made).items()}
        out = factor_table(SchoolRecords.of(relations, engine="duckdb"), made.day)
        assert len(out.fetchall()) == 2
        assert connection.sql("SHOW ALL TABLES").fetchall() == []
        del out, relations


def test_a_whole_run_says_nothing_on_stderr_and_leaves_no_files(tmp_path):
    script = textwrap.dedent(
        """
        import datetime as dt
        import pyarrow as pa
        from pumpurs_risk.factors import factor_frame, factor_table, write_factor_table
        from pumpurs_risk.records import SchoolRecords
        pupils = pa.table({"pupil_id": ["7"], "school_id": ["a"], "semester": ["2025/2026-1"], "level": [9.0]})
        absences = pa.table({"pupil_id": ["7"], "date": [dt.date(2025, 10, 1)], "status": ["late"]})
        records = SchoolRecords.of({"pupils": pupils, "absences": absences})
        kept = factor_table(records, "2026-01-15")
        write_factor_table(records, "X.parquet", "2026-01-15", memory_limit="200MB")
        try:
            factor_frame(records, "2026-01-15", own={"a": lambda known: 1 / 0})
        except ZeroDivisionError as error:
            held = error
        print(len(kept))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=None, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stdout.split(), done.stderr) == (["1"], "")
    assert [path.name for path in tmp_path.iterdir()] == ["X.parquet"]


def test_a_connection_lent_for_a_while_keeps_its_settings_and_gets_no_tables(made):
    with duckdb.connect() as connection:
        relations = {name: connection.from_arrow(table) for name, table in tables(made).items()}
        ours = SchoolRecords.of(relations, engine="duckdb", connection=connection)

        def state():
            settings = connection.execute(
                "SELECT current_setting('preserve_insertion_order'), current_setting('memory_limit')"
            ).fetchall()
            return settings, connection.sql("SHOW ALL TABLES").fetchall()

        before = state()
        wanted = factor_frame(SchoolRecords.of(tables(made)), made.day)
        pd.testing.assert_frame_equal(factor_frame(ours, made.day), wanted)
        with pytest.raises(ZeroDivisionError):
            factor_frame(ours, made.day, own={"a": lambda known: 1 / 0})
        assert state() == before
        del relations, ours


def settings(connection):
    names = ("memory_limit", "preserve_insertion_order", "temp_directory")
    return connection.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in names)).fetchall()[0]


def test_a_limit_holds_while_the_table_is_written_and_no_longer(made, tmp_path, monkeypatch):
    seen = []
    write = Engine.write

    def watched(engine, frame, path):
        seen.append(settings(engine.connection))
        write(engine, frame, path)

    monkeypatch.setattr(Engine, "write", watched)
    with duckdb.connect() as connection:
        relations = {name: connection.from_arrow(table) for name, table in tables(made).items()}
        theirs = SchoolRecords.of(relations, engine="duckdb", connection=connection)
        connection.execute("SET memory_limit = '600MiB'")
        before = settings(connection)
        write_factor_table(theirs, tmp_path / "X.parquet", made.day)
        write_factor_table(theirs, tmp_path / "limited.parquet", made.day, memory_limit="300MiB")
        assert seen == [before, ("300.0 MiB", False, before[2])]
        assert settings(connection) == before and connection.sql("SHOW ALL TABLES").fetchall() == []
        del relations, theirs
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "X.parquet"), pd.read_parquet(tmp_path / "limited.parquet")
    )


def test_parquet_paths_are_computed_within_the_limit_and_leave_nothing_beside_them(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = tables(made)
    del whole["semesters"]
    for name, table in whole.items():
        pq.write_table(table, f"{name}.parquet")
    records = SchoolRecords.from_tables(**{name: f"{name}.parquet" for name in whole})
    with records.connection:
        limit, ordered, folder = settings(records.connection)
        assert not ordered and tmp_path not in Path(folder).parents
        write_factor_table(records, "X.parquet", made.day, memory_limit="200MiB")
        assert settings(records.connection) == (limit, ordered, folder)
    assert {path.name for path in tmp_path.iterdir()} == {"X.parquet", *(f"{name}.parquet" for name in whole)}
    assert not Path(folder).exists()
    wanted = factor_frame(SchoolRecords.of(whole), made.day)
    assert pd.read_parquet("X.parquet")["absence_share"].tolist() == wanted["absence_share"].tolist()

"""Laws of the factors: the same on every engine, in any order of rows, and blind to what came to be known later."""

import datetime as dt
import os
import shutil
import warnings

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.factors import factor_frame
from pumpurs_risk.records import SchoolRecords
from pumpurs_risk.records.tables.contract import table_contracts

CATALOGUE = Catalogue.load()
SCHEMAS = {name: contract.arrow_schema for name, contract in table_contracts(CATALOGUE).items()}
AS_OF = dt.date(2026, 2, 3)  # 21 school days of spring: both semesters count
IN_JANUARY = dt.date(2026, 1, 15)  # autumn alone counts
PARITY = 1e-9
FEW = settings(max_examples=max(6, settings().max_examples // 4))
"""Every example makes whole factor tables, which takes as long as a hundred ordinary ones."""
IDS = [f"0{n}" for n in range(9)]
SEMESTERS = ("2024/2025-1", "2024/2025-2", "2025/2026-1", "2025/2026-2")
STATUSES = (
    "present",
    "absent_open",
    "absent_unexcused",
    "excused_illness",
    "excused_other",
    "excused_school_event",
    "late",
    "left_early",
)
SIGNS = ("nv", "exempt", "pass", "fail", "S", "T", "A", "P")
KINDS = ("daily", "test", "exam", "semester", "year")
INCIDENTS = ("peer_conflict", "teacher_conflict", "bullying", "violence", "rule_breach")
FACTORS = ("motivation", "bullying", "distance", "out_of_home_care", "paid_work_hours")
OUTCOMES = ("dropped_out", "graduated", "transferred", "still_enrolled", "unclear")


def days(first=dt.date(2025, 4, 1), last=dt.date(2026, 2, 20)):
    near = [AS_OF + dt.timedelta(n) for n in (-60, -31, -30, -8, -7, -6, -1, 0, 1)]
    return st.sampled_from(near) | st.dates(first, last)


def maybe(values):
    return st.none() | values


def rows_of(**columns):
    return st.fixed_dictionaries({"pupil_id": st.sampled_from(IDS)} | columns)


PUPILS = rows_of(
    school_id=st.sampled_from(["s", "t"]),
    semester=maybe(st.sampled_from(SEMESTERS)),
    programme=maybe(st.sampled_from(["general", "evening", "vocational"])),
    level=maybe(st.sampled_from([1.0, 2.0, 9.0, 10.0])),
    class_id=maybe(st.sampled_from(["9.a", "9.b"])),
    birth_date=maybe(st.dates(dt.date(2004, 1, 1), dt.date(2016, 12, 31))),
    birth_year=maybe(st.sampled_from([2009.0, 2010.0])),
    enrolled_from=maybe(days(dt.date(2023, 9, 1))),
    distance=maybe(st.sampled_from([0.0, 3.0])),
    recorded_on=maybe(days()),
)
EVENTS = {
    "absences": rows_of(
        date=days(),
        lesson=maybe(st.sampled_from("123")),
        subject=maybe(st.sampled_from("ab")),
        lessons_missed=maybe(st.sampled_from([0.0, 0.5, 1.0, 2.25])),
        lessons_held=maybe(st.sampled_from([0.0, 1.0, 6.0])),
        status=st.sampled_from(STATUSES),
        excused_on=maybe(days()),
    ),
    "marks": rows_of(
        subject=st.sampled_from("abc"),
        date=days(),
        kind=st.sampled_from(KINDS),
        semester=maybe(st.sampled_from(SEMESTERS)),
        mark=maybe(st.integers(2, 20).map(lambda n: n / 2)),
        sign=maybe(st.sampled_from(SIGNS)),
        corrected_mark=maybe(st.sampled_from([3.0, 9.5])),
        corrected_sign=maybe(st.sampled_from(SIGNS)),
        corrected_on=maybe(days()),
    ),
    "incidents": rows_of(date=days(), kind=st.sampled_from(INCIDENTS), severity=maybe(st.sampled_from([1.0, 3.0]))),
    "assessments": rows_of(
        date=days(),
        factor=st.sampled_from(FACTORS),
        value=maybe(st.sampled_from([0.0, 1.0, 2.5])),
        role=maybe(st.sampled_from(["nurse", "head"])),
    ),
    "outcomes": rows_of(date=days(), outcome=st.sampled_from(OUTCOMES)),
}


@st.composite
def tables(draw):
    """Event tables as journals hold them; each may be absent or empty, and versions share a record_id."""
    made = {"pupils": draw(st.lists(PUPILS, min_size=1, max_size=16))}
    for name, rows in EVENTS.items():
        if draw(st.integers(0, 9)):
            found = draw(st.lists(rows, max_size=14))
            for row in found:
                row["recorded_on"] = draw(maybe(days()))
                row["record_id"] = draw(maybe(st.sampled_from(["r1", "r2"])))
            made[name] = found
    return made


def records(made, engine="arrow", convert=lambda table: table):
    whole = {name: pa.Table.from_pylist(rows, schema=SCHEMAS[name]) for name, rows in made.items()}
    return SchoolRecords.of({name: convert(table) for name, table in whole.items()}, engine=engine)


def factors(made, as_of=AS_OF):
    return factor_frame(records(made), as_of, catalogue=CATALOGUE)


def assert_agree(one, other):
    """Same rows, same unknowns, same texts, numbers to 1e-9."""
    assert list(one) == list(other) and one["pupil_id"].tolist() == other["pupil_id"].tolist()
    for name in one:
        assert one[name].isna().tolist() == other[name].isna().tolist(), name
        if one[name].dtype == object:
            assert one[name].dropna().tolist() == other[name].dropna().tolist(), name
        else:
            np.testing.assert_allclose(one[name], other[name], rtol=0, atol=PARITY, err_msg=name)


@FEW
@given(tables(), st.sampled_from([AS_OF, IN_JANUARY]))
def test_duckdb_and_polars_agree(made, as_of):
    lazy = records(made, "polars", lambda table: pl.from_arrow(table).lazy())
    X = factors(made, as_of)
    assert_agree(X, factor_frame(lazy, as_of, catalogue=CATALOGUE))
    eager = records(made, "polars", pl.from_arrow)
    assert_agree(X, factor_frame(eager, as_of, catalogue=CATALOGUE))


@FEW
@given(tables())
def test_no_number_is_endless_and_every_share_is_within_its_limits(made):
    X = factors(made)
    assert X["pupil_id"].notna().all() and X["pupil_id"].is_unique and X["pupil_id"].is_monotonic_increasing
    for name, factor in CATALOGUE.factors.items():
        if factor.kind != "level":
            known = X[name].dropna()
            assert np.isfinite(known).all()
            if factor.kind in ("share", "yes_no"):
                assert known.between(*factor.range).all(), name


@FEW
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing_on_one_engine(made, random):
    mixed = {name: random.sample(rows, len(rows)) for name, rows in made.items()}
    pd.testing.assert_frame_equal(factors(made), factors(mixed), check_exact=True)


@FEW
@given(tables())
def test_a_table_in_several_parts_is_the_same_table(made):
    def in_parts(table):
        half = len(table) // 2
        return pa.concat_tables([table.slice(0, half), table.slice(half)])

    split = factor_frame(records(made, convert=in_parts), AS_OF, catalogue=CATALOGUE)
    pd.testing.assert_frame_equal(factors(made), split, check_exact=True)


LATER = st.dates(AS_OF, dt.date(2026, 12, 31))


def happened(row):
    return row.get("date") is None or row["date"] < AS_OF


@st.composite
def a_later_state(draw, made, decided=()):
    """The same journals as they stand later: rows added, deleted, excused and corrected on or after the day."""
    later = {}
    for name, rows in made.items():
        now = []
        for row in rows:
            known = happened(row) and (row.get("recorded_on") is None or row["recorded_on"] < AS_OF)
            if not known and draw(st.booleans()):
                continue  # what was dated or recorded later is deleted
            row = dict(row)
            if name == "absences" and known and draw(st.booleans()):
                row = excused_later(draw, row, decided)
            if name == "marks" and known and row["corrected_mark"] is None and row["corrected_sign"] is None:
                row |= draw(st.sampled_from([{}, {"corrected_mark": 1.0}, {"corrected_sign": "nv"}]))
                row["corrected_on"] = draw(LATER)
            now.append(row)
        for row in draw(st.lists(PUPILS if name == "pupils" else EVENTS[name], max_size=5)):
            dated = name != "pupils" and draw(st.booleans())
            row |= {"date": draw(LATER)} if dated else {"recorded_on": draw(LATER)}
            if name != "pupils":
                row["record_id"] = draw(maybe(st.sampled_from(["r1", "r2"])))
            now.append(row)  # added: dated later, or backdated and recorded later; some as corrections of known records
        later[name] = draw(st.permutations(now))
    return later


def excused_later(draw, row, decided):
    """An absence without an excuse on the day, for which one came later: the journal overwrites its status."""
    open_then = row["status"] in ("absent_open", *decided) and row["excused_on"] is None
    waited = row["excused_on"] is not None and row["excused_on"] >= AS_OF and row["status"] in STATUSES[1:6]
    recent = row["date"] >= AS_OF - dt.timedelta(7) and row["status"] in STATUSES[1:6] and row["excused_on"] is None
    if not (open_then or (waited and row["status"] != "absent_unexcused") or recent):
        return row
    return row | {"status": draw(st.sampled_from(STATUSES[3:6])), "excused_on": draw(LATER)}


def with_lessons(made):
    """Every absence is of some lessons, so that an excuse changes no number of them."""
    for row in made.get("absences", ()):
        row["lessons_missed"] = row["lessons_missed"] or 1.0
    return made


@FEW
@given(st.data())
def test_nothing_dated_or_recorded_on_the_day_or_later_changes_anything(data):
    made = with_lessons(data.draw(tables()))
    later = data.draw(a_later_state(made))
    pd.testing.assert_frame_equal(factors(made), factors(later), check_exact=True)


@FEW
@given(st.data())
def test_an_excuse_given_after_a_decision_changes_nothing_either(data):
    """The overwritten row no longer says that the absence had been decided: it looks open, and counts as unexcused still."""
    made = with_lessons(data.draw(tables()))
    later = data.draw(a_later_state(made, decided=("absent_unexcused",)))
    pd.testing.assert_frame_equal(factors(made), factors(later), check_exact=True)


def many(seed=7, n=20_000):
    """Journals of many pupils in many schools, with every trait of the small ones."""
    rng = np.random.default_rng(seed)
    ids = np.char.zfill(np.arange(n).astype(str), 7)

    def chosen(values, size, missing=0.0):
        found = np.array(values, dtype=object)[rng.integers(0, len(values), size)]
        found[rng.random(size) < missing] = None
        return found

    def dates(first, last, size, missing=0.0):
        span = (np.datetime64(last) - np.datetime64(first)).astype(int)
        found = (np.datetime64(first) + rng.integers(0, span, size)).astype(object)
        found[rng.random(size) < missing] = None
        return found

    def events(name, size, **columns):
        rows = {"pupil_id": ids[rng.integers(0, n, size) * rng.integers(0, 2, size)], "recorded_on": None} | columns
        rows["date"] = dates("2025-03-01", "2026-02-25", size)
        rows["recorded_on"] = dates("2025-03-01", "2026-03-05", size, 0.7)
        rows["record_id"] = chosen([f"r{i}" for i in range(3)], size, 0.98)
        schema = SCHEMAS[name]
        return pa.table({key: pa.array(value, schema.field(key).type, from_pandas=True) for key, value in rows.items()})

    twice = np.concatenate([ids, ids])
    size = 2 * n
    level = rng.integers(1, 13, n).astype(float)
    pupils = {
        "pupil_id": twice,
        "school_id": np.concatenate([np.char.add("s", (np.arange(n) // 250).astype(str))] * 2),
        "semester": np.repeat(["2024/2025-2", "2025/2026-2"], n),
        "programme": chosen(["general", "general", "evening", "vocational"], size),
        "level": np.concatenate([level - rng.integers(0, 2, n), level]),
        "class_id": chosen(["a", "b"], size),
        "birth_date": dates("2005-01-01", "2018-12-31", size, 0.1),
        "enrolled_from": dates("2022-09-01", "2026-02-20", size, 0.3),
    }
    schema = SCHEMAS["pupils"]
    return {
        "pupils": pa.table({k: pa.array(v, schema.field(k).type, from_pandas=True) for k, v in pupils.items()}),
        "absences": events(
            "absences", 20 * n, status=chosen(STATUSES[1:], 20 * n), excused_on=dates("2025-03-01", "2026-03-20", 20 * n, 0.6),
            lessons_missed=chosen([1.0, 1.5, 6.0], 20 * n, 0.5),
        ),
        "marks": events(
            "marks", 20 * n, subject=chosen(list("abcdefgh"), 20 * n), kind=chosen(KINDS, 20 * n),
            mark=chosen([n / 2 for n in range(2, 21)], 20 * n, 0.1), sign=chosen(SIGNS, 20 * n, 0.9),
            semester=chosen(SEMESTERS, 20 * n, 0.6), corrected_mark=chosen([3.0, 7.0], 20 * n, 0.9),
            corrected_on=dates("2025-03-01", "2026-03-20", 20 * n, 0.2),
        ),
        "incidents": events("incidents", n, kind=chosen(INCIDENTS, n)),
        "assessments": events("assessments", 3 * n, factor=chosen(FACTORS, 3 * n), value=chosen([0.0, 1.0, 2.0], 3 * n)),
        "outcomes": events("outcomes", n // 10, outcome=chosen(OUTCOMES, n // 10)),
    }  # fmt: skip


@pytest.fixture(scope="module")
def large():
    made = many()
    return made, factor_frame(SchoolRecords.of(made, engine="arrow"), AS_OF, catalogue=CATALOGUE)


def test_duckdb_and_polars_agree_on_twenty_thousand_pupils(large):
    made, X = large
    lazy = SchoolRecords.of({name: pl.from_arrow(table).lazy() for name, table in made.items()}, engine="polars")
    assert_agree(X, factor_frame(lazy, AS_OF, catalogue=CATALOGUE))
    assert len(X) > 10_000 and X["mean_mark_vs_peers"].notna().sum() > 1000 and X["absence_trend"].nunique() > 500


@pytest.fixture(scope="session")
def spark():
    """A session on this machine; skips where pyspark or Java is missing, fails where they are promised."""

    def missing(what):
        reason = f"{what} is not installed"
        if "spark" in os.environ.get("PUMPURS_NEEDS", "").split(","):
            pytest.fail(reason)
        pytest.skip(reason)

    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        missing("Java")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pyspark.sql import SparkSession
    except ImportError:
        missing("pyspark")
    builder = SparkSession.builder.master("local[2]").config("spark.sql.shuffle.partitions", "2")
    builder = builder.config("spark.ui.enabled", "false").config("spark.driver.bindAddress", "127.0.0.1")
    builder = builder.config("spark.log.level", "ERROR").config("spark.ui.showConsoleProgress", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = builder.getOrCreate()
        yield session
        session.stop()


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=1)
@given(tables())
def test_duckdb_and_spark_agree(spark, made):
    on_spark = records(made, "spark", spark.createDataFrame)
    X = factors(made)
    assert_agree(X, factor_frame(on_spark, AS_OF, catalogue=CATALOGUE))


@pytest.mark.filterwarnings("ignore")
def test_duckdb_and_spark_agree_on_many_pupils(spark):
    made = many(n=1_500)
    on_spark = SchoolRecords.of({name: spark.createDataFrame(table) for name, table in made.items()}, engine="spark")
    X = factor_frame(SchoolRecords.of(made, engine="arrow"), AS_OF, catalogue=CATALOGUE)
    assert_agree(X, factor_frame(on_spark, AS_OF, catalogue=CATALOGUE))
    assert nw.from_native(on_spark.pupils).implementation.is_spark_like()

"""Laws of the sheet: what is written is what is read, in any order, language and file; every row is accounted for."""

import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import assume, given
from hypothesis import strategies as st

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.factors import factor_table
from pumpurs_risk.factors.sheet import completed_years
from pumpurs_risk.records import SchoolRecords, SheetContract, read_records
from pumpurs_risk.records.identity.key_file import KeyFile

DAY = "2027-01-15"
CATALOGUE = Catalogue.load()
CONTRACT = SheetContract.load(CATALOGUE)
LEVELS = [f"{n}.{letter}" for n in range(5, 13) for letter in "ab"] + ["1. kurss", "III kurss", "DT-21", ""]
IDS = (
    st.text("0123456789abĀž.-/=@ ", min_size=1, max_size=5)
    .map(str.strip)
    .filter(lambda text: text.strip("-–. ") and text[0] != "'")
)


def values_of(field):
    if field.kind == "yes_no":
        return st.sampled_from([0.0, 1.0])
    low, high = field.minimum or 0.0, min(field.maximum or 100.0, 3000.0)
    if field.kind in ("whole", "rated"):
        return st.integers(int(np.ceil(low)), int(high)).map(float)
    return st.floats(low, high, allow_nan=False)


@st.composite
def sheets(draw, max_pupils=12):
    """A sheet as a program would hold it: typed, with unknowns, in one or two schools."""
    ids = draw(st.lists(IDS, min_size=1, max_size=max_pupils, unique_by=lambda text: " ".join(text.split())))
    n = len(ids)

    def column(strategy):
        return draw(st.lists(st.none() | strategy, min_size=n, max_size=n))

    frame = {
        "pupil_id": ids,
        "school_id": draw(st.lists(st.sampled_from(["kalvene", "S_2"]), min_size=n, max_size=n)),
        "class_id": column(st.sampled_from(LEVELS)),
        "programme": column(st.sampled_from(["general", "evening", "vocational"])),
        "birth_year": column(st.integers(2004, 2016).map(float)),
        "enrolled_from": column(st.dates(dt.date(2018, 9, 1), dt.date(2027, 1, 15))),
        "lessons_held": column(st.integers(400, 500).map(float)),
        "lessons_missed": column(st.integers(100, 400).map(float)),
        "unexcused_raw": column(st.integers(0, 100).map(float)),
        "semester": column(st.sampled_from(["2026/2027-1", "2025/2026-2"])),
    }
    factors = [
        name for name, factor in CATALOGUE.factors.items() if factor.kind != "level" and name not in CONTRACT.computed
    ]
    for name in draw(st.lists(st.sampled_from(factors), unique=True, max_size=8)):
        frame[name] = column(values_of(CONTRACT.fields[name]))
    return pd.DataFrame(frame)


def new_key():
    """A key that is never written: personal codes among the ids need one."""
    return KeyFile(Path("k.key.json"), bytes(range(32)))


def table_of(frame, **options):
    options = {"key": new_key()} | options
    records = SchoolRecords.from_tables(frame, as_of=DAY, lower_grades=True, catalogue=CATALOGUE, **options)
    return factor_table(records, DAY, catalogue=CATALOGUE)


def by_pupil(X):
    return X.sort_values("pupil_id", ignore_index=True)


def assert_same(found, wanted):
    pd.testing.assert_frame_equal(by_pupil(found), by_pupil(wanted), check_exact=True, check_dtype=False)


@given(sheets())
def test_a_factor_table_written_and_read_is_the_same_table(frame):
    X = table_of(frame)
    assume(len(X))  # a file without rows is refused
    with tempfile.TemporaryDirectory() as folder:
        for path in (Path(folder, "x.csv"), Path(folder, "x.parquet")):
            X.to_csv(path, index=False) if path.suffix == ".csv" else X.to_parquet(path)
            read = read_records(path, as_of=DAY, catalogue=CATALOGUE, lower_grades=True)
            assert read.report.ok, read.report.messages("en")
            assert_same(factor_table(read, DAY, catalogue=CATALOGUE), X)
    assert_same(table_of(X), X)


@given(sheets(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_changes_no_pupils_value(frame, random):
    rows = random.sample(range(len(frame)), len(frame))
    columns = random.sample(list(frame), len(frame.columns))
    assert_same(table_of(frame.iloc[rows][columns]), table_of(frame))


@given(sheets())
def test_latvian_english_and_id_headings_give_the_same_table(frame):
    wanted = table_of(frame)
    for lang in ("lv", "en"):
        titled = frame.rename(columns={name: CONTRACT.fields[name].titles[lang] for name in frame})
        assert set(titled) != set(frame)
        assert_same(table_of(titled), wanted)


@given(sheets(), st.sampled_from([",", "."]))
def test_typed_cells_and_their_text_mean_the_same(frame, decimal_mark):
    def written(cell):
        if cell is None or cell != cell:
            return ""
        return (
            repr(cell).replace(".", decimal_mark)
            if isinstance(cell, float)
            else cell.strftime("%d.%m.%Y.")
            if isinstance(cell, dt.date)
            else cell
        )

    as_text = frame.map(written)
    assert_same(table_of(as_text), table_of(frame))


CELLS = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.sampled_from(
        ["7", "7,5", "11", "12 %", "jā", "-", "nv", "#DIV/0!", "31.02.2027.", "Kopā", "9.a", "3.b", "=1+1"]
    ),
    st.integers(-5, 2030).map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
)
FIELDS = [name for name, field in CONTRACT.fields.items() if field.kind != "name"]


@st.composite
def messes(draw):
    """A sheet as a person might hand it in: any cell may hold anything."""
    columns = draw(
        st.lists(st.sampled_from(FIELDS), unique=True, max_size=6).map(
            lambda names: ["pupil_id", *(n for n in names if n != "pupil_id")]
        )
    )
    n = draw(st.integers(1, 12))
    cells = {name: draw(st.lists(CELLS, min_size=n, max_size=n)) for name in columns}
    cells["pupil_id"] = draw(
        st.lists(
            st.sampled_from(["1", "2", "3", "", "Kopā", "#REF!", "150309-21234", "=x", None]) | st.text(max_size=3),
            min_size=n,
            max_size=n,
        )
    )
    return pd.DataFrame(cells)


@given(messes(), st.sampled_from(["lv", "en"]))
def test_every_row_and_pupil_of_any_mess_is_accounted_for(frame, lang):
    records = SchoolRecords.from_tables(frame, as_of=DAY, lang=lang, catalogue=CATALOGUE, key=new_key())
    counts = records.report.counts
    assert counts["rows_in"].sum() == len(frame)
    assert (counts["rows_in"] == counts["used"] + counts["not_used"] + counts["rejected"]).all()
    assert (counts[["used", "not_used", "rejected"]] >= 0).all(axis=None)
    assert counts["used"].sum() == len(records.sheet)
    pupils = set(records.sheet["pupil_id"])
    assert not pupils & set(records.out_of_scope["pupil_id"])
    assert pupils | set(records.out_of_scope["pupil_id"]) == set(records.names["pupil_id"])
    assert not records.sheet.duplicated(["pupil_id", "as_of"]).any()
    assert set(records.schools["school_id"]) == set(records.sheet["school_id"]) | set(records.out_of_scope["school_id"])
    messages = records.report.messages(lang)
    assert len(messages) == len(records.report.problems) and all(messages)


@given(messes())
def test_whatever_is_handed_in_the_table_holds_only_plausible_values(frame):
    records = SchoolRecords.from_tables(frame, as_of=DAY, catalogue=CATALOGUE, key=new_key())
    X = factor_table(records, DAY, catalogue=CATALOGUE)
    for name, factor in CATALOGUE.factors.items():
        if factor.range is not None:
            known = X[name].dropna()
            assert known.between(*factor.range).all(), name
            assert np.isfinite(known).all()
    assert X["pupil_id"].is_unique


@given(messes())
def test_adding_a_row_of_a_later_day_changes_nothing(frame):
    frame = frame.drop(columns="as_of", errors="ignore")
    wanted = table_of(frame)
    later = pd.concat([frame.assign(as_of=None), frame.assign(as_of="2027-01-16")], ignore_index=True)
    later.loc[len(frame) :, [name for name in frame if name != "pupil_id"]] = "1"
    records = SchoolRecords.from_tables(later, as_of=DAY, lower_grades=True, catalogue=CATALOGUE, key=new_key())
    pd.testing.assert_frame_equal(factor_table(records, DAY, catalogue=CATALOGUE), wanted, check_dtype=False)


DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31))


@given(DAYS, st.integers(0, 40), st.integers(-400, 400))
def test_age_is_n_exactly_from_the_nth_birthday_on(born, n, shift):
    year = born.year + n
    try:
        birthday = born.replace(year=year)
    except ValueError:
        birthday = dt.date(year, 3, 1)
    day = birthday + dt.timedelta(days=shift)
    age = completed_years(np.array([born], "M8[D]"), np.datetime64(day))[0]
    assert (age >= n) == (day >= birthday)
    assert abs(age - (day - born).days / 365.25) < 0.01


@given(messes(), st.data())
def test_pupils_of_later_rows_only_are_accounted_for(frame, data):
    days = st.sampled_from([None, "2027-01-14", "2027-01-15", "2027-01-16", "2027-06-01"])
    frame = frame.assign(as_of=data.draw(st.lists(days, min_size=len(frame), max_size=len(frame))))
    records = SchoolRecords.from_tables(frame, as_of=DAY, catalogue=CATALOGUE, key=new_key())
    counts, outside = records.report.counts, records.out_of_scope
    assert counts["rows_in"].sum() == len(frame)
    assert (counts["rows_in"] == counts["used"] + counts["not_used"] + counts["rejected"]).all()
    X = factor_table(records, DAY, catalogue=CATALOGUE)
    assert counts["used"].sum() == len(records.sheet)
    assert len(X) + len(outside) == len(records.names) and outside["pupil_id"].is_unique
    assert set(X["pupil_id"]) | set(outside["pupil_id"]) == set(records.names["pupil_id"])
    assert not (records.sheet["as_of"] > pd.Timestamp(DAY)).any()

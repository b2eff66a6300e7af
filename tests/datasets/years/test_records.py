"""What make_cohort(form="tables") promises: whole records in the contract's form, nothing known too early, a known truth."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.datasets import make_cohort
from pumpurs_risk.datasets.world import made_world
from pumpurs_risk.datasets.years.parameters import years_world
from pumpurs_risk.records import SchoolRecords
from pumpurs_risk.records.tables.contract import table_contracts

AS_OF = dt.date(2027, 1, 15)
EVENTS = {"absences": "date", "marks": "date", "incidents": "date", "assessments": "date", "outcomes": "date"}


@pytest.fixture(scope="module")
def records() -> SchoolRecords:
    return make_cohort(1500, form="tables", random_state=2)


@pytest.fixture(scope="module")
def large() -> SchoolRecords:
    return make_cohort(12_000, form="tables", random_state=5, years=1)


def test_every_table_of_the_contract_is_there_in_its_columns_and_types(records: SchoolRecords) -> None:
    contracts = table_contracts(Catalogue.load())
    assert set(records.tables) == set(contracts)
    for name, contract in contracts.items():
        table = records.tables[name]
        types = {field.name: field.type for field in contract.arrow_schema}
        for field in table.schema:
            assert field.name in types, (name, field.name)
            if (name, field.name) != ("marks", "mark"):  # text in files, points once typed
                assert field.type == types[field.name], (name, field.name)
        assert len(table) > 0


def test_no_number_is_nan_and_no_key_is_empty(records: SchoolRecords) -> None:
    for name, table in records.tables.items():
        for column in table.column_names:
            values = table[column]
            if pa.types.is_floating(values.type):
                assert not pc.any(pc.fill_null(pc.is_nan(values), False)).as_py(), (name, column)
            if column in ("pupil_id", "school_id", "semester") and (name, column) != ("marks", "semester"):
                assert values.null_count == 0, (name, column)


def test_codes_are_those_of_the_contract(records: SchoolRecords) -> None:
    contracts = table_contracts(Catalogue.load())
    for name, table in records.tables.items():
        for column in table.column_names:
            field = contracts[name].fields[column]
            if field.kind == "code":
                assert set(table[column].unique().to_pylist()) - {None} <= set(field.words), (name, column)


def test_no_two_rows_have_one_key_unless_one_corrects_the_other(records: SchoolRecords) -> None:
    for name in ("absences", "marks", "pupils"):
        key = [*table_contracts(Catalogue.load())[name].key]
        table = records.tables[name]
        frame = table.select([*key, "record_id"]).to_pandas()
        alike = frame[frame.duplicated(key, keep=False)]
        if name == "pupils":
            assert alike.empty
        else:
            assert alike["record_id"].notna().all(), name
            assert len(alike) > 0
            assert (alike.groupby(key, dropna=False)["record_id"].nunique() == 1).all()


def test_every_event_lies_on_a_school_day_while_its_pupil_was_on_a_roll(records: SchoolRecords) -> None:
    calendar = Catalogue.load().calendar
    pupils = (
        records.pupils.select(["pupil_id", "semester", "enrolled_from"])
        .to_pandas()
        .drop_duplicates(["pupil_id", "semester"])
    )
    for name in ("absences", "marks", "incidents", "assessments"):
        events = records.tables[name].select(["pupil_id", "date"]).to_pandas().drop_duplicates()
        days = pd.Series(events["date"].unique())
        assert all(calendar.school_days(day, day + dt.timedelta(days=1)) == 1 for day in days)
        of_day = dict(zip(days, [calendar.semester_of(day) for day in days], strict=True))
        joined = events.assign(semester=events["date"].map(of_day)).merge(
            pupils, on=["pupil_id", "semester"], how="left"
        )
        assert joined["enrolled_from"].notna().all(), name
        assert (joined["date"] >= joined["enrolled_from"]).all(), name


def test_excuses_corrections_and_records_come_after_what_they_are_about(records: SchoolRecords) -> None:
    def never_before(table: pa.Table, later: str, earlier: str) -> None:
        both = pc.and_(pc.is_valid(table[later]), pc.is_valid(table[earlier]))
        assert pc.sum(both).as_py() > 0
        assert not pc.any(pc.fill_null(pc.less(table[later], table[earlier]), False)).as_py(), (later, earlier)

    never_before(records.absences, "excused_on", "date")
    never_before(records.marks, "corrected_on", "date")
    for name, date in EVENTS.items():
        never_before(records.tables[name], "recorded_on", date)


def test_what_was_known_on_the_day_does_not_depend_on_what_came_later() -> None:
    known = make_cohort(400, form="tables", random_state=3, years=1, follow_up=0)
    whole = make_cohort(400, form="tables", random_state=3, years=1, follow_up=1)
    limit = pa.scalar(AS_OF, pa.date32())
    pd.testing.assert_frame_equal(known.truth, whole.truth)
    for name, date in EVENTS.items():
        early, late = known.tables[name], whole.tables[name]
        late = late.filter(pc.and_(pc.less(late[date], limit), pc.fill_null(pc.less(late["recorded_on"], limit), True)))
        same = [
            column
            for column in early.column_names
            if column not in ("status", "excused_on", "corrected_mark", "corrected_on")
        ]
        assert early.select(same).equals(late.select(same)), name
        assert not pc.any(pc.fill_null(pc.greater_equal(early[date], limit), False)).as_py()
    for name in ("absences", "marks", "pupils"):
        for column, kind in zip(known.tables[name].column_names, known.tables[name].schema.types, strict=True):
            if pa.types.is_date(kind):
                assert pc.max(known.tables[name][column]).as_py() < AS_OF, (name, column)


def test_more_years_ahead_change_no_earlier_day() -> None:
    day = dt.date(2026, 1, 15)
    short, long = (
        make_cohort(300, form="tables", random_state=4, years=1, follow_up=years, as_of=day) for years in (1, 2)
    )
    early = short.absences.filter(pc.less(short.absences["date"], pa.scalar(day, pa.date32())))
    same = long.absences.filter(pc.less(long.absences["date"], pa.scalar(day, pa.date32())))
    assert early.equals(same)


def test_the_same_seed_gives_the_same_records_and_another_seed_others() -> None:
    first, again, other = (make_cohort(200, form="tables", random_state=seed, years=0) for seed in (4, 4, 5))
    for name, table in first.tables.items():
        assert table.equals(again.tables[name]), name
    pd.testing.assert_frame_equal(first.truth, again.truth)
    assert not first.marks.equals(other.marks)


def test_about_as_many_pupils_as_asked_for_are_on_the_rolls(records: SchoolRecords) -> None:
    sizes = records.truth.groupby("as_of").size()
    assert sizes.between(1400, 1620).all()
    assert list(sizes.index.strftime("%m-%d")) == ["09-15", "01-15"] * 3
    assert not records.truth.duplicated(["pupil_id", "as_of"]).any()


def test_truth_is_calibrated_and_tells_leavers_from_others(large: SchoolRecords) -> None:
    truth = large.truth
    assert list(truth.columns) == ["pupil_id", "as_of", "semester", "risk", "dropped_out", "log_odds"]
    np.testing.assert_allclose(1 / (1 + np.exp(-truth["log_odds"])), truth["risk"], rtol=1e-9)
    for _, day in truth.groupby("as_of"):
        sd = np.sqrt((day["risk"] * (1 - day["risk"])).sum())
        assert abs(day["dropped_out"].sum() - day["risk"].sum()) < 3.5 * sd
    for low, high in ((0.0, 0.8), (0.8, 0.95), (0.95, 1.0)):
        ranks = truth["risk"].rank(pct=True)
        part = truth[(ranks > low) & (ranks <= high)]
        assert 0.75 < part["dropped_out"].mean() / part["risk"].mean() < 1.3
    leaver = truth["dropped_out"] == 1
    ranks = truth["risk"].rank()
    auroc = (ranks[leaver].mean() - (leaver.sum() + 1) / 2) / (~leaver).sum()
    assert 0.75 < auroc < 0.95


def test_levels_lose_as_many_pupils_as_the_parameters_state(large: SchoolRecords) -> None:
    pupils = large.pupils.select(["pupil_id", "semester", "programme", "level"]).to_pandas()
    truth = large.truth.merge(pupils, on=["pupil_id", "semester"])
    risk = truth.groupby(["programme", "level"])["risk"].mean()
    stated = years_world().levels
    for name in ("general-7", "general-9", "general-11", "vocational-1", "vocational-3", "evening-10"):
        programme, _, level = name.partition("-")
        assert 0.5 < risk[programme, float(level)] / (2 * stated[name].leaving) < 1.6, name
    assert set(stated) == set(made_world().levels)


def test_leavers_stop_coming_and_some_come_back(large: SchoolRecords) -> None:
    left = large.outcomes.filter(pc.equal(large.outcomes["outcome"], "dropped_out")).to_pandas()
    last_day = left.groupby("pupil_id")["date"].max()
    missed = large.absences.select(["pupil_id", "date"]).to_pandas()
    missed = missed[missed["pupil_id"].isin(last_day.index)]
    after = missed["date"] > missed["pupil_id"].map(last_day)
    back = set(missed.loc[after, "pupil_id"])
    assert 0 < len(back) < 0.3 * len(last_day)
    evening = large.pupils.filter(pc.equal(large.pupils["programme"], "evening"))["pupil_id"].unique().to_pylist()
    assert back <= set(evening)


def test_outcomes_tell_how_it_ended_for_everyone(large: SchoolRecords) -> None:
    outcomes = large.outcomes.to_pandas()
    kinds = set(outcomes["outcome"])
    assert {"dropped_out", "graduated", "transferred", "emigrated", "repeating", "still_enrolled", "unclear"} <= kinds
    assert set(outcomes.loc[outcomes["outcome"] == "graduated", "stage"]) == {"basic", "secondary", "vocational"}
    assert outcomes.loc[outcomes["outcome"] != "graduated", "stage"].isna().all()
    everyone = set(large.pupils["pupil_id"].unique().to_pylist())
    assert len(everyone - set(outcomes["pupil_id"])) < 0.01 * len(everyone)


def test_municipalities_differ_by_as_much_as_is_asked_for() -> None:
    def spread(difference: float) -> float:
        records = make_cohort(
            12_000, form="tables", random_state=6, n_municipalities=12, difference=difference, years=0, follow_up=0
        )
        school = records.pupils.to_pandas().drop_duplicates("pupil_id").set_index("pupil_id")["school_id"]
        owner = records.schools.set_index("school_id")["municipality"]
        means = records.truth.groupby(records.truth["pupil_id"].map(school).map(owner))["log_odds"].mean()
        assert len(means) == 12
        return float(means.std())

    assert spread(0.0) < 0.4 < spread(0.8)


@pytest.mark.parametrize("wrong", [{"form": "other"}, {"years": -1}, {"follow_up": -1}, {"messy": True}])
def test_what_tables_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"form|below"):
        make_cohort(10, **({"form": "tables"} | wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize("n_pupils", [1, 7, 40])
def test_a_handful_of_pupils_has_records_too(n_pupils: int) -> None:
    assert len(make_cohort(n_pupils, form="tables", years=1).pupils) >= n_pupils

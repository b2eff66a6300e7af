"""What make_cohort(form="sheet") promises: a known truth, figures like published ones, the same cohort for the same seed."""

from __future__ import annotations

import datetime as dt
from functools import partial

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk import datasets
from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.datasets.cohort import MadePupils, draw_municipalities
from pumpurs_risk.datasets.world import made_world
from pumpurs_risk.records import SchoolRecords

AS_OF = dt.date(2027, 1, 15)
make_cohort = partial(datasets.make_cohort, form="sheet")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture(scope="module")
def made(catalogue: Catalogue) -> MadePupils:
    """200,000 pupils as they are, nothing left out."""
    return draw_municipalities(200_000, 0, 1, 0.0, AS_OF, catalogue)


def odds_ratio(risk: np.ndarray, flag: np.ndarray) -> float:
    yes, no = risk[flag].mean(), risk[~flag].mean()
    return float(yes / (1 - yes) / (no / (1 - no)))


def test_risks_by_level_are_those_that_the_made_world_states(made: MadePupils) -> None:
    level = made.sheet["programme"] + "-" + made.sheet["level"].astype(int).astype(str)
    rates = made.truth["risk"].groupby(level.to_numpy()).mean()
    stated = pd.Series({name: entry.leaving for name, entry in made_world().levels.items()})
    assert set(rates.index) == set(stated.index)
    assert (rates / stated - 1).abs().max() < 0.25


def test_one_in_a_hundred_leaves_general_education_and_three_or_four_the_others(made: MadePupils) -> None:
    rates = made.truth["risk"].groupby(made.sheet["programme"]).mean()
    assert 0.005 <= rates["general"] <= 0.012
    assert 0.028 <= rates["vocational"] <= 0.042
    assert 0.030 <= rates["evening"] <= 0.045


def test_who_leaves_is_drawn_from_the_true_risk(made: MadePupils) -> None:
    truth = made.truth
    assert truth["dropped_out"].isin([0, 1]).all()
    n_left, expected = truth["dropped_out"].sum(), truth["risk"].sum()
    assert abs(n_left - expected) < 4 * np.sqrt((truth["risk"] * (1 - truth["risk"])).sum())
    top = truth["risk"] >= truth["risk"].quantile(0.99)
    assert abs(truth.loc[top, "dropped_out"].mean() - truth.loc[top, "risk"].mean()) < 0.05
    np.testing.assert_allclose(1 / (1 + np.exp(-truth["log_odds"])), truth["risk"], rtol=1e-9)


@pytest.mark.parametrize(
    ("pupils", "low", "high"),
    [("basic", 0.007, 0.016), ("upper", 0.010, 0.035), ("vocational", 0.035, 0.070)],
)
def test_more_than_20_unexcused_lessons_are_as_rare_as_reported(
    made: MadePupils, pupils: str, low: float, high: float
) -> None:
    sheet = made.sheet
    general = sheet["programme"] == "general"
    group = {
        "basic": general & (sheet["level"] <= 9),
        "upper": general & (sheet["level"] >= 10),
        "vocational": sheet["programme"] == "vocational",
    }[pupils]
    assert low <= (sheet.loc[group, "unexcused_raw"] > 20).mean() <= high


def test_one_in_six_is_chronically_absent(made: MadePupils) -> None:
    assert 0.135 <= (made.sheet["lessons_missed"] / made.sheet["lessons_held"] >= 0.10).mean() <= 0.19


@pytest.mark.parametrize(
    ("flag", "low", "high"),
    [
        ("chronic absence", 3.5, 8.0),
        ("more than 20 unexcused lessons", 3.5, 25.0),
        ("a failing subject", 3.5, 7.0),
        ("over age", 2.2, 10.0),
        ("two rule breaches", 2.4, 5.9),
        ("a poor home", 2.3, 4.2),
        ("a boy", 1.5, 2.2),
    ],
)
def test_single_flags_have_odds_ratios_like_published_ones(
    made: MadePupils, flag: str, low: float, high: float
) -> None:
    sheet, values = made.sheet, made.values
    flags = {
        "chronic absence": sheet["lessons_missed"] / sheet["lessons_held"] >= 0.10,
        "more than 20 unexcused lessons": sheet["unexcused_raw"] > 20,
        "a failing subject": sheet["failing_subjects"] >= 1,
        "over age": sheet["over_age"] >= 1,
        "two rule breaches": sheet["rule_breaches"] >= 2,
        "a poor home": values["ses"] < -1,
        "a boy": values["male"] == 1,
    }
    assert low <= odds_ratio(made.truth["risk"].to_numpy(), np.asarray(flags[flag])) <= high


def test_factors_hang_together_as_in_schools(made: MadePupils) -> None:
    columns = [
        "mean_mark",
        "failing_subjects",
        "lessons_missed",
        "motivation",
        "teacher_concern",
        "rule_breaches",
        "low_income",
    ]
    together = made.sheet[columns].corr()
    assert together.loc["mean_mark", "failing_subjects"] < -0.3
    assert together.loc["mean_mark", "lessons_missed"] < -0.15
    assert together.loc["mean_mark", "motivation"] < -0.4  # motivation is rated by its lack
    assert (
        together.loc["teacher_concern", ["failing_subjects", "lessons_missed", "motivation", "rule_breaches"]] > 0.15
    ).all()
    assert together.loc["mean_mark", "low_income"] < -0.1
    assert together.abs().where(~np.eye(len(columns), dtype=bool)).max().max() < 0.9


def test_every_value_lies_within_the_catalogues_range(made: MadePupils, catalogue: Catalogue) -> None:
    known = [factor for factor in catalogue.factors.values() if factor.id in made.sheet and factor.range is not None]
    assert len(known) > 30
    for factor in known:
        low, high = factor.range or (0, 0)
        assert made.sheet[factor.id].between(low, high).all(), factor.id
        if factor.kind in ("count", "yes_no") or factor.scale:
            assert (made.sheet[factor.id] % 1 == 0).all(), factor.id
    assert (made.sheet["unexcused_raw"] <= made.sheet["lessons_missed"]).all()
    assert (made.sheet["lessons_missed"] <= made.sheet["lessons_held"]).all()


def test_every_cause_of_the_project_can_be_seen_in_the_made_world(catalogue: Catalogue) -> None:
    made_factors = set(made_world().pupil) | {"absence_share", "unexcused_lessons"}
    causes = {factor.cause for factor in catalogue.factors.values() if factor.cause}
    seen = {factor.cause for factor in catalogue.factors.values() if factor.cause and factor.id in made_factors}
    assert causes == seen
    assert len(causes) >= 10


def test_the_default_municipality_has_six_schools_and_a_vocational_one() -> None:
    records = make_cohort()
    sizes = records.sheet.groupby("school_id").size()
    assert len(records.sheet) == 1500
    assert len(sizes) == 7
    assert sizes.between(60, 500).all()
    programmes = records.sheet.groupby("school_id")["programme"].first().value_counts()
    assert programmes.to_dict() == {"general": 5, "evening": 1, "vocational": 1}


def test_truth_belongs_to_the_rows_of_the_sheet() -> None:
    records = make_cohort(400, random_state=3)
    assert records.truth["pupil_id"].tolist() == records.sheet["pupil_id"].tolist()
    assert records.sheet["pupil_id"].is_unique
    assert list(records.truth.columns) == ["pupil_id", "risk", "dropped_out", "log_odds"]


def test_no_name_stands_in_the_sheet() -> None:
    records = make_cohort(300, random_state=2)
    assert "name" not in records.sheet
    assert set(records.names["pupil_id"]) == set(records.sheet["pupil_id"])
    names = set(records.names["name"])
    assert len(names) > 250
    cells = {cell for column in records.sheet for cell in records.sheet[column] if isinstance(cell, str)}
    assert "9.a" in cells or "9." in cells
    assert not names & cells


def test_a_made_sheet_is_what_reading_it_would_give() -> None:
    made = make_cohort(700, random_state=8)
    handed_in = made.sheet.assign(pupil_id=made.names["own_id"].to_numpy(), name=made.names["name"].to_numpy())
    read = SchoolRecords.from_tables(handed_in, schools=made.schools)
    pd.testing.assert_frame_equal(made.sheet, read.sheet, check_dtype=False)
    pd.testing.assert_frame_equal(made.names, read.names, check_dtype=False)
    pd.testing.assert_frame_equal(made.schools, read.schools, check_dtype=False)
    assert made.sheet.select_dtypes("number").dtypes.equals(read.sheet.select_dtypes("number").dtypes)
    assert sorted(map(str, made.report.counts.to_numpy().tolist())) == sorted(
        map(str, read.report.counts.to_numpy().tolist())
    )


def test_the_same_seed_gives_the_same_cohort_and_another_seed_another() -> None:
    first, again, other = (make_cohort(500, random_state=seed) for seed in (4, 4, 5))
    pd.testing.assert_frame_equal(first.sheet, again.sheet)
    pd.testing.assert_frame_equal(first.truth, again.truth)
    pd.testing.assert_frame_equal(first.names, again.names)
    assert not np.allclose(first.truth["risk"], other.truth["risk"])
    assert first.names["name"].tolist() != other.names["name"].tolist()


def test_what_is_left_out_changes_nothing_of_the_truth(catalogue: Catalogue) -> None:
    known = make_cohort(500, random_state=1, share_unknown=0.0)
    some = make_cohort(
        500, random_state=1, share_unknown=0.4, catalogue=catalogue.subset(["mean_mark", "failing_subjects"])
    )
    pd.testing.assert_frame_equal(known.truth, some.truth)
    assert "motivation" in known.sheet
    assert "motivation" not in some.sheet
    assert known.sheet["mean_mark"].notna().all()
    assert 0.3 < some.sheet["mean_mark"].isna().mean() < 0.5
    both = some.sheet["mean_mark"].notna()
    assert (some.sheet.loc[both, "mean_mark"] == known.sheet.loc[both, "mean_mark"]).all()


def test_unknowns_are_as_schools_leave_them() -> None:
    sheet = make_cohort(60_000, random_state=0).sheet
    by_school = sheet.groupby("school_id")["rule_breaches"].apply(lambda cells: cells.notna().any())
    assert 0.6 < by_school.mean() < 0.9  # a quarter of the schools record no conduct
    teens = sheet[sheet["birth_year"] <= 2013]
    assert 0.3 < teens["paid_work_hours"].notna().mean() < 0.6
    assert sheet.loc[sheet["birth_year"] >= 2015, "paid_work_hours"].isna().all()  # nobody asks an eleven-year-old
    asked = sheet["motivation"].notna().groupby(sheet["teacher_concern"]).mean()
    assert asked[3.0] > asked[0.0] + 0.05
    assert sheet["lessons_missed"].isna().mean() < 0.05


def test_municipalities_differ_by_as_much_as_is_asked_for(catalogue: Catalogue) -> None:
    def spread(difference: float) -> tuple[float, set[str]]:
        made = draw_municipalities(60_000, 0, 20, difference, AS_OF, catalogue)
        owner = made.schools.set_index("school_id")["municipality"][made.sheet["school_id"]].to_numpy()
        basic = ((made.sheet["programme"] == "general") & (made.sheet["level"] <= 9)).to_numpy()
        means = made.truth["log_odds"][basic].groupby(owner[basic]).mean()
        return float(means.std()), set(owner)

    alike, titles = spread(0.0)
    different, _ = spread(0.8)
    assert len(titles) == 20
    assert alike < 0.35 < different


def test_large_cohorts_have_many_schools_of_unequal_size() -> None:
    made = draw_municipalities(30_000, 0, 2, 0.0, AS_OF, Catalogue.load())
    assert made.schools["pupils"].sum() == 30_000
    assert made.schools["school_id"].is_unique
    assert len(made.schools) == 2 * 10 * 7
    secondary = made.schools.loc[made.schools["kind"] == "secondary", "pupils"]
    assert secondary.max() > 2 * secondary.min()
    assert made.sheet.groupby(["school_id", "class_id"]).size().max() <= 26


@pytest.mark.parametrize("n_pupils", [1, 2, 7, 40])
def test_a_handful_of_pupils_is_a_cohort_too(n_pupils: int) -> None:
    assert len(make_cohort(n_pupils).sheet) == n_pupils


def test_messy_sheets_are_reported_and_scoreable() -> None:
    clean, messy = (make_cohort(2000, random_state=6, messy=messy) for messy in (False, True))
    assert clean.report.ok
    assert not messy.report.ok
    assert {"out_of_range"} <= set(messy.report.problems["code"])
    assert messy.sheet["pupil_id"].is_unique
    assert set(messy.sheet["pupil_id"]) <= set(clean.sheet["pupil_id"])
    assert messy.truth["pupil_id"].tolist() == messy.sheet["pupil_id"].tolist()
    assert messy.sheet["mean_mark"].max() <= 10


def test_another_day_gives_another_semester_and_other_birth_years() -> None:
    winter, autumn = make_cohort(200), make_cohort(200, as_of=dt.date(2025, 9, 10))
    assert set(winter.sheet["semester"]) == {"2026/2027-1"}
    assert set(autumn.sheet["semester"]) == {"2024/2025-2"}
    assert (winter.sheet["birth_year"].to_numpy() - autumn.sheet["birth_year"].to_numpy() == 2).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_pupils": 0},
        {"n_municipalities": 0},
        {"n_pupils": 3, "n_municipalities": 4},
        {"difference": -1.0},
        {"share_unknown": 1.5},
    ],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        make_cohort(**wrong)  # type: ignore[arg-type]

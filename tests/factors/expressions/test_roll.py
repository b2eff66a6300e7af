"""Who is on the roll, and what the table of pupils says of the way there."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.factors import factor_frame
from pumpurs_risk.records import SchoolRecords

SPRING_BEFORE, AUTUMN, SPRING = "2024/2025-2", "2025/2026-1", "2025/2026-2"


def on_roll(made, pupils, as_of="2026-01-15", **tables):
    X = factor_frame(made.records(pupils=pupils, **tables), as_of)
    return dict(zip(X["pupil_id"], X["school_id"], strict=True))


def test_the_roll_of_a_school_is_its_latest_semester_that_has_begun(made):
    pupils = [made.pupil("a"), made.pupil("b"), made.pupil("b", SPRING), made.pupil("c", SPRING, school_id="t")]
    assert on_roll(made, pupils) == {"b": "s", "c": "t"}
    assert on_roll(made, pupils, "2026-01-04") == {"a": "s", "b": "s"}


def test_a_row_recorded_later_is_not_known_yet(made):
    pupils = [made.pupil("a"), made.pupil("b", SPRING, recorded_on="2026-01-15")]
    assert on_roll(made, pupils) == {"a": "s"}
    assert on_roll(made, pupils, "2026-01-16") == {"b": "s"}


def test_the_version_recorded_last_counts(made):
    pupils = [made.pupil(level=8.0, recorded_on="2025-09-02"), made.pupil(level=9.0, recorded_on="2025-09-09")]
    pupils.append(made.pupil(level=7.0, recorded_on="2026-01-20"))
    assert made.values(made.records(pupils=pupils), "level") == 9


def test_who_enrols_on_the_day_or_later_is_not_there_yet(made):
    pupils = [made.pupil("a", enrolled_from="2026-01-14"), made.pupil("b", enrolled_from="2026-01-15")]
    assert on_roll(made, pupils) == {"a": "s"}


@pytest.mark.parametrize("outcome", ["dropped_out", "graduated", "transferred", "emigrated", "died"])
def test_who_has_left_since_the_semester_began_is_not_on_the_roll(made, outcome):
    left = [{"pupil_id": "p", "date": "2025-11-03", "outcome": outcome}]
    assert on_roll(made, [made.pupil()], outcomes=left) == {}
    assert on_roll(made, [made.pupil()], "2025-11-03", outcomes=left) == {"p": "s"}
    assert on_roll(made, [made.pupil(semester=SPRING)], outcomes=left) == {"p": "s"}


@pytest.mark.parametrize("outcome", ["still_enrolled", "repeating", "unclear"])
def test_other_outcomes_take_nobody_off_the_roll(made, outcome):
    rows = [{"pupil_id": "p", "date": "2025-11-03", "outcome": outcome}]
    assert on_roll(made, [made.pupil()], outcomes=rows) == {"p": "s"}


def test_the_latest_outcome_known_on_the_day_decides(made):
    rows = [
        {"pupil_id": "p", "date": "2025-10-01", "outcome": "dropped_out"},
        {"pupil_id": "p", "date": "2025-11-03", "outcome": "still_enrolled", "recorded_on": "2026-01-10"},
    ]
    assert on_roll(made, [made.pupil()], outcomes=rows) == {"p": "s"}
    rows[1]["recorded_on"] = "2026-01-15"
    assert on_roll(made, [made.pupil()], outcomes=rows) == {}


def test_who_enrols_anew_after_leaving_is_on_the_new_roll(made):
    pupils = [made.pupil(enrolled_from="2023-09-01"), made.pupil(school_id="t", enrolled_from="2025-11-03")]
    rows = [{"pupil_id": "p", "date": "2025-11-03", "outcome": "transferred"}]
    assert on_roll(made, pupils, outcomes=rows) == {"p": "t"}


def test_of_two_rolls_the_later_enrolment_counts_then_the_greater_id(made):
    early, late = {"enrolled_from": "2023-09-01"}, {"enrolled_from": "2025-10-01"}
    assert on_roll(made, [made.pupil(school_id="z", **early), made.pupil(school_id="a", **late)]) == {"p": "a"}
    assert on_roll(made, [made.pupil(school_id="z", **early), made.pupil(school_id="a", **early)]) == {"p": "z"}
    assert on_roll(made, [made.pupil(school_id="z"), made.pupil(school_id="a", **early)]) == {"p": "a"}


def test_a_level_is_repeated_if_it_was_that_of_the_school_year_before(made):
    def repeated(*rows, **more):
        return made.values(made.records(pupils=[*rows, made.pupil(**more)]), "repeated_level")

    assert repeated(made.pupil(semester=SPRING_BEFORE)) == 1
    assert repeated(made.pupil(semester=SPRING_BEFORE, level=8.0)) == 0
    assert repeated(made.pupil(semester="2024/2025-1", level=8.0), made.pupil(semester=SPRING_BEFORE)) == 1
    assert repeated(made.pupil(semester="2023/2024-2")) is None
    assert repeated(made.pupil(semester=SPRING_BEFORE, programme="vocational")) is None
    assert repeated() is None
    assert repeated(made.pupil(semester=SPRING_BEFORE), repeated_level=0.0) == 0


def test_in_spring_the_school_year_before_is_still_the_one_before(made):
    rows = [
        made.pupil(semester=name, level=level) for name, level in ((SPRING_BEFORE, 9.0), (AUTUMN, 9.0), (SPRING, 9.0))
    ]
    assert made.values(made.records(pupils=rows), "repeated_level") == 1
    rows[0]["level"] = 8.0
    assert made.values(made.records(pupils=rows), "repeated_level") == 0


def test_changes_of_school_are_counted_unless_a_new_stage_begins(made):
    def changes(*rows):
        return made.values(made.records(pupils=list(rows)), "school_changes")

    here, there = made.pupil(), made.pupil(semester=SPRING_BEFORE, level=8.0, school_id="t")
    assert changes(here) is None
    assert changes(there, here) == 1
    assert changes(made.pupil(semester=SPRING_BEFORE, level=8.0), here) == 0
    assert changes(made.pupil(semester="2024/2025-1", level=8.0), there, here) == 2
    assert changes(there | {"level": 9.0}, made.pupil(level=10.0)) == 0
    assert changes(there | {"level": 10.0}, made.pupil(level=10.0)) == 1
    assert changes(there | {"level": 9.0}, made.pupil(programme="vocational", level=1.0)) == 0
    assert changes(there, made.pupil(school_changes=4.0)) == 4


def test_who_a_pupil_is_gives_the_same_from_a_table_as_from_a_sheet(made):
    rng = np.random.default_rng(4)
    n = 60
    born = np.datetime64("2006-01-01") + rng.integers(0, 3000, n)
    born[:3] = np.array(["2008-02-29", "2010-01-15", "2010-01-16"], "M8[D]")
    days = np.datetime64("2022-09-01") + rng.integers(0, 1225, n)
    frame = pd.DataFrame(
        {
            "pupil_id": [f"{i:02}" for i in range(n)],
            "school_id": "s",
            "level": rng.choice([np.nan, 1, 2, 4, 9, 10, 12], n),
            "programme": rng.choice(["general", "evening", "vocational"], n),
            "birth_date": np.where(rng.random(n) < 0.3, np.datetime64("NaT"), born),
            "birth_year": np.where(rng.random(n) < 0.5, np.nan, 2010.0),
            "enrolled_from": np.where(rng.random(n) < 0.3, np.datetime64("NaT"), days),
        }
    )
    names = ["age", "first_year", "days_known", "over_age", "transition_year", "programme_level"]
    for day in ("2026-01-15", "2026-03-01", "2025-10-30"):
        sheet = SchoolRecords.from_tables(frame, as_of=day, id_scope="municipality", lower_grades=True)
        of_sheet = factor_frame(sheet, day)
        keys = of_sheet["pupil_id"].tolist()
        rows = frame[frame["pupil_id"].isin(keys)]
        rows = rows.assign(semester=AUTUMN, **{k: rows[k].dt.date for k in ("birth_date", "enrolled_from")})
        rows = rows.astype(object).where(rows.notna(), None).to_dict("records")
        rows = [{k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()} for row in rows]
        of_table = factor_frame(made.records(pupils=rows), day)
        here = of_sheet["pupil_id"].isin(of_table["pupil_id"]).to_numpy()
        pd.testing.assert_frame_equal(
            of_table[names], of_sheet.loc[here, names].reset_index(drop=True), rtol=0, atol=1e-12
        )


def test_who_lives_far_or_lodges_is_taken_from_the_table_then_from_judgements(made):
    judged = [
        {"pupil_id": "p", "date": "2025-10-01", "factor": name, "value": 1.0, "role": "nurse"}
        for name in ("distance", "lodging")
    ]
    some = made.records(pupils=[made.pupil(distance=3.0)], assessments=judged)
    assert made.values(some, "distance", "lodging") == [3, 1]


def test_a_roll_that_its_school_has_not_replaced_counts_before_one_that_it_has(made):
    pupils = [made.pupil("p", school_id="a"), made.pupil("p", school_id="b"), made.pupil("q", SPRING, school_id="b")]
    assert on_roll(made, pupils) == {"p": "a", "q": "b"}


def test_scope_is_decided_by_the_level_on_the_day_not_by_a_later_one(made):
    pupils = [made.pupil("p", "2023/2024-1", level=4.0), made.pupil("p", AUTUMN, level=6.0)]
    looked_at = dataclasses.replace(made.records(pupils=pupils), scope={"general": (5, 12)})
    assert factor_frame(looked_at, "2023-12-01").empty
    assert factor_frame(looked_at, "2026-01-15")["level"].tolist() == [6]


def test_a_school_that_handed_a_table_in_has_none_where_another_s_pupils_are_unknown(made):
    pupils = [made.pupil("p", school_id="a"), made.pupil("q", school_id="b"), made.pupil("r", school_id=None)]
    incidents = [{"pupil_id": "p", "date": "2025-10-06", "kind": "violence"}]
    some = dataclasses.replace(made.records(pupils=pupils, incidents=incidents), supplied={"incidents": ("a",)})
    X = factor_frame(some, "2026-01-15").set_index("pupil_id")
    assert X.loc["p", ["violence", "bullying"]].tolist() == [1, 0]
    assert X.loc[["q", "r"], ["violence", "bullying"]].isna().all(axis=None)

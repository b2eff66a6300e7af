"""The latest judgement, as far back as a factor looks."""

import pytest

from pumpurs_risk.factors import known_records


def judged(value, date="2025-10-01", factor="motivation", role="class_teacher", **more):
    return {"pupil_id": "p", "date": date, "factor": factor, "value": value, "role": role} | more


def test_the_latest_judgement_counts_and_of_one_day_the_greatest(made):
    some = [judged(3.0), judged(1.0, "2025-11-03"), judged(2.0, "2025-11-03", role="nurse")]
    assert made.values(made.records(assessments=some), "motivation") == 2
    assert made.values(made.records(assessments=some), "motivation", as_of="2025-11-03") == 3


def test_no_judgement_is_unknown_even_where_the_table_is_there(made):
    assert made.values(made.records(assessments=[judged(3.0)]), "low_income") is None
    assert made.values(made.records(assessments=[judged(None)]), "motivation") is None
    assert made.values(made.records(assessments=[]), "motivation") is None


@pytest.mark.parametrize(
    ("factor", "date", "counts"),
    [
        ("motivation", "2025-08-31", False),
        ("motivation", "2025-09-01", True),
        ("motivation", "2026-01-14", True),
        ("motivation", "2026-01-15", False),
        ("out_of_home_care", "2025-08-31", False),
        ("out_of_home_care", "2025-09-01", True),
    ],
)
def test_a_judgement_counts_within_the_look_back_and_before_the_day(made, factor, date, counts):
    found = made.values(made.records(assessments=[judged(1.0, date, factor)]), factor)
    assert found == (1 if counts else None)


def test_a_whole_school_year_is_looked_back_on_where_the_entry_says_so(made):
    spring = [made.pupil(semester="2025/2026-2")]
    some = made.records(
        pupils=spring, assessments=[judged(1.0, "2025-10-01", name) for name in ("out_of_home_care", "marriage")]
    )
    assert made.values(some, "out_of_home_care", "marriage", as_of="2026-06-15") == [1, None]


def test_a_judgement_recorded_later_is_not_known_yet(made):
    some = [judged(1.0), judged(3.0, "2025-11-03", recorded_on="2026-01-15")]
    assert made.values(made.records(assessments=some), "motivation") == 1


def test_who_judged_travels_with_the_judgement(made):
    some = [judged(2.0, role="nurse"), judged(2.0, role="psychologist")]
    with known_records(made.records(assessments=some, engine="arrow"), made.day, made.catalogue) as (known,):
        (row,) = known.engine.leave(known.assessments).to_pylist()
    assert (row["factor"], row["value"], str(row["date"]), row["role"]) == (
        "motivation",
        2,
        "2025-10-01",
        "psychologist",
    )

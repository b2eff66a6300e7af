"""The factor table of a sheet: what its rows and answers say of each pupil on a day."""

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import RecordsError
from pumpurs_risk.factors.sheet import completed_years
from pumpurs_risk.factors.table import factor_table
from pumpurs_risk.records import SchoolRecords

DAY = "2027-01-15"
CATALOGUE = Catalogue.load()


def table(rows, as_of=DAY, answers=None, **options):
    frame = pd.DataFrame(rows)
    if "pupil_id" not in frame:
        frame.insert(0, "pupil_id", [f"p{i}" for i in range(len(frame))])
    records = SchoolRecords.from_tables(frame, as_of=options.pop("sheet_as_of", as_of), answers=answers)
    return factor_table(records, as_of, catalogue=CATALOGUE)


def same(found, wanted):
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(wanted, float), rtol=0, atol=1e-12)


def test_the_columns_are_the_id_the_context_and_every_factor_in_catalogue_order():
    X = table({"class_id": ["9.a"]})
    assert list(X) == ["pupil_id", *CATALOGUE.context, *CATALOGUE.factors]
    numbers = [name for name, factor in CATALOGUE.factors.items() if factor.kind != "level"]
    assert (X[numbers].dtypes == np.float64).all()
    assert isinstance(X.index, pd.RangeIndex)


def test_what_nobody_said_is_unknown_and_never_zero():
    X = table({"pupil_id": ["a"]})
    known = X.loc[0].dropna()
    assert set(known.index) == {"pupil_id", "school_id", "programme", "semester", "days_known", "programme_level"}


def test_a_users_factor_is_taken_as_given():
    own = CATALOGUE.subset(["motivation", "programme_level"])
    records = SchoolRecords.from_tables(
        pd.DataFrame({"pupil_id": ["a"], "motivation": ["2"], "mean_mark": [7]}), as_of=DAY, catalogue=own
    )
    X = factor_table(records, DAY, catalogue=own)
    assert X["motivation"].tolist() == [2] and "mean_mark" not in X


def test_shares_are_computed_from_lessons_and_the_given_value_fills_where_they_are_not_known():
    X = table(
        {
            "lessons_missed": [60, 60, None, 0],
            "lessons_held": [480, None, 480, 0],
            "absence_share": ["30 %", "30 %", None, None],
            "unexcused_raw": [12, 12, 3, 0],
            "unexcused_lessons": [None, 7, None, None],
        }
    )
    same(X["absence_share"], [0.125, 0.3, np.nan, np.nan])
    same(X["unexcused_lessons"], [2.5, 7, 0.625, np.nan])
    same(X["unexcused_raw"], [12, 12, 3, 0])


def test_age_comes_from_the_date_else_the_year_else_as_given():
    X = table({"birth_date": ["2011-01-15", None, None], "birth_year": [2000, 2011, None], "age": [30, 30, 15.5]})
    same(X["age"], [16, 2027 + 14 / 365.25 - 2011.5, 15.5])


@pytest.mark.parametrize(
    ("class_id", "programme", "enrolled", "given", "first"),
    [
        ("10.a", "", None, None, 1),
        ("1. kurss", "", None, None, 1),
        ("9.a", "", None, None, 0),
        ("2. kurss", "", None, None, 0),
        ("9.a", "", "2026-09-01", None, 1),
        ("9.a", "", "2026-08-31", None, 0),
        ("9.a", "", "2027-01-10", None, 1),
        ("9.a", "", None, "jā", 1),
        ("9.a", "", "2020-09-01", "jā", 1),
        ("", "", None, None, np.nan),
        ("", "", None, "nē", 0),
        ("10.a", "vakara", "2024-09-01", None, 1),
    ],
)
def test_the_first_year_is_known_by_level_enrolment_or_word(class_id, programme, enrolled, given, first):
    X = table({"class_id": [class_id], "programme": [programme], "enrolled_from": [enrolled], "first_year": [given]})
    same(X["first_year"], [first])


def test_days_known_are_school_days_from_september_or_enrolment():
    X = table(
        {"enrolled_from": [None, "2019-09-01", "2027-01-11", "2027-01-15", None], "days_known": [None, 5, 5, 5, 12]}
    )
    calendar = CATALOGUE.calendar
    whole = calendar.school_days("2026-09-01", DAY)
    assert calendar.school_days("2027-01-11", DAY) == 4
    same(X["days_known"], [whole, whole, 4, 0, 12])


def test_a_year_that_the_calendar_does_not_know_leaves_days_unknown_and_scores_the_rest():
    X = table({"class_id": ["9.a"], "enrolled_from": ["2009-09-01"], "mean_mark": [5]}, as_of="2010-01-15")
    assert np.isnan(X["days_known"][0]) and X["mean_mark"][0] == 5 and X["first_year"][0] == 1


def test_programme_and_level_become_one_factor():
    X = table({"class_id": ["9.a", "2. kurss", "12", "?", "DT-1"], "programme": ["", "", "vakara", "", "profesionālā"]})
    assert X["programme_level"].fillna("").tolist() == [
        "general-9",
        "vocational-2",
        "evening-12",
        "general",
        "vocational",
    ]


def test_a_given_programme_and_level_counts_where_no_level_is_known():
    X = table({"programme_level": ["general-9", "vocational-2"], "class_id": ["?", "1. kurss"]})
    assert X["programme_level"].tolist() == ["general-9", "vocational-1"]


def test_the_transition_year_follows_from_the_level_unless_said():
    X = table({"class_id": ["10.a", "1. kurss", "9.a", "10.b", "?"], "transition_year": [None, None, None, "nē", None]})
    same(X["transition_year"], [1, 1, 0, 0, np.nan])


def test_years_over_age_are_counted_by_the_year_of_birth():
    X = table(
        {
            "class_id": ["9.a"] * 5 + ["1. kurss", "?"],
            "birth_year": [2011, 2010, 2008, 2012, None, 2010, 2010],
            "over_age": [None] * 4 + [2, None, None],
        }
    )
    same(X["over_age"], [0, 1, 3, 0, 2, 0, np.nan])
    by_date = table({"class_id": ["9.a"] * 2, "birth_date": ["2011-01-01", "2010-12-31"]})
    same(by_date["over_age"], [0, 1])


def test_rows_of_a_later_day_are_not_used_and_the_latest_earlier_one_counts():
    rows = {
        "pupil_id": ["a", "a", "a", "b"],
        "as_of": ["2026-09-15", "2027-01-15", "2027-02-01", "2027-02-01"],
        "mean_mark": [5, 6, 7, 8],
    }
    X = table(rows)
    assert X[["pupil_id", "mean_mark"]].to_numpy().tolist() == [["school:a", 6]]
    assert table(rows, as_of="2027-03-01")["mean_mark"].tolist() == [7, 8]
    assert table(rows, as_of="2026-12-01")["mean_mark"].tolist() == [5]


def test_the_latest_day_of_the_records_is_the_default():
    records = SchoolRecords.from_tables(
        pd.DataFrame({"pupil_id": ["a"], "as_of": ["2026-10-01"], "enrolled_from": ["2026-09-01"]})
    )
    same(factor_table(records)["days_known"], [CATALOGUE.calendar.school_days("2026-09-01", "2026-10-01")])


def test_a_day_may_be_written_as_people_do_and_is_refused_otherwise():
    records = SchoolRecords.from_tables(pd.DataFrame({"pupil_id": ["a"]}))
    pd.testing.assert_frame_equal(factor_table(records, "15.01.2027."), factor_table(records, DAY))
    with pytest.raises(RecordsError):
        factor_table(records, "drīz")


def answered(*rows):
    return pd.DataFrame(rows, columns=["pupil_id", "factor", "value", "as_of", "role"])


def test_answers_fill_unknown_factors_only():
    answers = answered(
        ("school:a", "motivation", 2, DAY, "class_teacher"), ("school:b", "motivation", 3, DAY, "class_teacher")
    )
    same(table({"pupil_id": ["a", "b"], "motivation": [None, 1]}, answers=answers)["motivation"], [2, 1])


def test_answers_of_a_later_day_change_nothing_and_the_latest_counts():
    answers = answered(
        ("school:a", "motivation", 3, "2027-01-16", "x"),
        ("school:a", "motivation", 1, "2026-10-01", "x"),
        ("school:a", "motivation", 2, "2026-12-01", "x"),
        ("school:q", "motivation", 2, DAY, "x"),
        ("school:a", "no_such_factor", 2, DAY, "x"),
        ("school:a", "low_income", np.nan, DAY, "x"),
    )
    X = table({"pupil_id": ["a"]}, answers=answers)
    same(X["motivation"], [2])
    assert np.isnan(X["low_income"][0]) and len(X) == 1


def test_of_two_answers_of_one_day_the_order_decides_nothing():
    rows = [("school:a", "motivation", 1, DAY, "x"), ("school:a", "motivation", 3, DAY, "y")]
    for order in (rows, rows[::-1]):
        same(table({"pupil_id": ["a"]}, answers=answered(*order))["motivation"], [3])


def test_peers_are_the_group_of_school_programme_and_level_oneself_included():
    marks = [4, 5, 6, 7, 8, 9]
    X = table({"class_id": ["9.a"] * 6 + ["10.a"] * 5, "mean_mark": [*marks, 3, 3, 3, 3, 3]})
    same(X["mean_mark_vs_peers"][:6], [mark - 6.5 for mark in marks])
    assert X["mean_mark_vs_peers"][6:].isna().all()


def test_peers_who_are_not_known_count_for_nobody():
    X = table({"class_id": ["9.a"] * 6, "mean_mark": [4, 5, 6, 7, 8, None]})
    assert X["mean_mark_vs_peers"].isna().all()


def test_a_given_value_against_peers_is_kept_so_that_a_class_alone_equals_the_school():
    school = table({"class_id": ["9.a"] * 3 + ["9.b"] * 5, "mean_mark": range(2, 10)})
    alone = factor_table(SchoolRecords.from_tables(school[school["class_id"] == "9.a"]), DAY)
    pd.testing.assert_series_equal(alone["mean_mark_vs_peers"], school["mean_mark_vs_peers"][:3])


def test_no_row_gives_an_empty_table_with_all_columns():
    X = table({"pupil_id": ["a"], "as_of": ["2027-02-01"]})
    assert len(X) == 0 and list(X) == ["pupil_id", *CATALOGUE.context, *CATALOGUE.factors]


def test_a_pupil_is_eighteen_on_the_eighteenth_birthday():
    ages = table({"birth_date": ["2009-01-15", "2009-01-16", "2009-01-14"]})["age"]
    assert ages[0] == 18 and ages[1] < 18 < ages[2]


def test_who_was_born_on_29_february_has_a_birthday_on_1_march_of_a_common_year():
    born = np.array(["2008-02-29"], "M8[D]")
    for day, age in (("2026-02-28", 17), ("2026-03-01", 18), ("2028-02-28", 19), ("2028-02-29", 20)):
        assert np.floor(completed_years(born, np.datetime64(day)))[0] == age

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.catalogue.calendar import SchoolCalendar
from pumpurs_risk.errors import CatalogueError


@pytest.fixture(scope="module")
def calendar(catalogue: Catalogue) -> SchoolCalendar:
    return catalogue.calendar


def test_the_semesters_of_2025_26_have_74_and_96_school_days(calendar: SchoolCalendar) -> None:
    assert calendar.school_days("2025-09-01", "2025-12-20") == 74
    assert calendar.school_days(dt.date(2026, 1, 5), dt.date(2026, 5, 30)) == 96
    assert calendar["2025/2026-1"].school_days == 74
    assert calendar["2025/2026-2"].school_days == 96


def test_nine_school_years_are_known_in_order_and_the_coming_ones_say_that_they_are_estimated(
    calendar: SchoolCalendar,
) -> None:
    expected = [f"{year}/{year + 1}-{half}" for year in range(2019, 2028) for half in (1, 2)]
    assert list(calendar) == expected
    assert all("estimated" in calendar[f"{year}/{year + 1}-1"].source for year in (2026, 2027))
    assert all("estimated" not in calendar[f"{year}/{year + 1}-1"].source for year in range(2019, 2026))


def test_a_semester_of_a_history_has_a_plausible_number_of_school_days(calendar: SchoolCalendar) -> None:
    assert all(70 <= (calendar[name].school_days or 0) <= 80 for name in calendar if name.endswith("-1"))
    assert all(90 <= (calendar[name].school_days or 0) <= 100 for name in calendar if name.endswith("-2"))
    assert calendar.bounds("2022/2023-2") == (dt.date(2023, 1, 9), dt.date(2023, 5, 31))


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2025-11-18", "Proclamation Day"),
        ("2026-04-03", "Good Friday"),
        ("2026-04-06", "Easter Monday"),
        ("2024-03-29", "Good Friday"),
        ("2025-04-21", "Easter Monday"),
        ("2027-03-26", "Good Friday"),
        ("2026-05-01", "Labour Day"),
        ("2026-05-04", "Restoration of Independence"),
        ("2023-11-20", "the Monday after a 18 November on a Saturday"),
        ("2024-05-06", "the Monday after a 4 May on a Saturday"),
        ("2025-05-05", "the Monday after a 4 May on a Sunday"),
        ("2025-10-22", "autumn break"),
        ("2026-03-11", "spring break"),
        ("2025-12-29", "winter break"),
        ("2026-07-01", "summer"),
        ("2025-09-06", "a Saturday"),
    ],
)
def test_there_is_no_school_on(calendar: SchoolCalendar, day: str, why: str) -> None:
    after = np.datetime64(day) + 1
    assert calendar.school_days(day, after) == 0, why


def test_there_is_school_on_an_ordinary_day(calendar: SchoolCalendar) -> None:
    for day in ("2025-09-01", "2025-12-19", "2026-01-05", "2026-05-29", "2025-11-17"):
        assert calendar.school_days(day, np.datetime64(day) + 1) == 1


def test_a_day_in_a_break_belongs_to_the_semester_before_it(calendar: SchoolCalendar) -> None:
    assert calendar.semester_of("2025-12-19") == "2025/2026-1"
    assert calendar.semester_of("2026-01-04") == "2025/2026-1"
    assert calendar.semester_of("2026-01-05") == "2025/2026-2"
    assert calendar.semester_of("2026-08-31") == "2025/2026-2"
    assert calendar.semester_of(pd.Timestamp("2026-09-01 08:30")) == "2026/2027-1"


def test_the_last_completed_semester_has_ended(calendar: SchoolCalendar) -> None:
    assert calendar.last_completed("2025-12-19") == "2024/2025-2"
    assert calendar.last_completed("2025-12-20") == "2025/2026-1"
    assert calendar.last_completed("2026-05-29") == "2025/2026-1"
    assert calendar.last_completed("2026-07-01") == "2025/2026-2"


def test_a_list_looks_at_the_running_semester_once_20_school_days_have_passed(calendar: SchoolCalendar) -> None:
    assert calendar.school_days("2026-01-05", "2026-01-30") == 19
    assert calendar.review_semester("2026-01-05") == "2025/2026-1"
    assert calendar.review_semester("2026-01-30") == "2025/2026-1"
    assert calendar.review_semester("2026-02-02") == "2025/2026-2"
    assert calendar.review_semester("2026-06-15") == "2025/2026-2"


def test_the_review_window_is_data(catalogue: Catalogue) -> None:
    patient = catalogue.extend({"calendar": {"review_after_school_days": 40}}).calendar
    assert patient.review_semester("2026-02-16") == "2025/2026-1"


def test_the_school_year_begins_with_its_first_semester(calendar: SchoolCalendar) -> None:
    assert calendar.school_year_start("2025-03-01") == dt.date(2024, 9, 2)
    assert calendar.school_year_start("2026-08-31") == dt.date(2025, 9, 1)


def test_a_list_expires_with_its_semester_or_the_coming_one(calendar: SchoolCalendar) -> None:
    assert calendar.expires("2026-01-15") == dt.date(2026, 5, 29)
    assert calendar.expires("2026-05-29") == dt.date(2026, 5, 29)
    assert calendar.expires("2026-06-10") == dt.date(2026, 12, 18)
    with pytest.raises(CatalogueError):
        calendar.expires("2028-06-10")


def test_a_period_is_said_in_the_locative(calendar: SchoolCalendar) -> None:
    assert calendar.period_text("2026/2027-1", "lv") == "2026./2027. m. g. 1. semestrī"
    assert calendar.period_text("2026/2027-1", "en") == "in semester 1 of 2026/2027"
    assert calendar.period_text("", "lv") == "pārskata semestrī"


@pytest.mark.parametrize(
    ("window", "lv", "en"),
    [
        (
            "2026/2027-1+2026/2027-2",
            "2026./2027. m. g. 1. un 2. semestrī",
            "in semesters 1 and 2 of 2026/2027",
        ),
        (
            "2025/2026-2+2026/2027-1",
            "2025./2026. m. g. 2. semestrī un 2026./2027. m. g. 1. semestrī",
            "in semester 2 of 2025/2026 and semester 1 of 2026/2027",
        ),
    ],
)
def test_a_period_of_two_semesters_names_both(calendar: SchoolCalendar, window: str, lv: str, en: str) -> None:
    assert calendar.period_text(window, "lv") == lv
    assert calendar.period_text(window, "en") == en


def test_school_days_are_counted_for_whole_columns(calendar: SchoolCalendar) -> None:
    enrolled = pd.Series(pd.to_datetime(["2025-09-01", "2025-12-15", None]))
    days = calendar.school_days(enrolled, np.datetime64("2025-12-20"))
    assert days[:2].tolist() == [74.0, 5.0]
    assert np.isnan(days[2])
    assert calendar.school_days([dt.date(2025, 9, 1), None], "2025-09-03")[0] == 2


def test_a_million_rows_are_counted_without_a_loop(calendar: SchoolCalendar) -> None:
    start = np.datetime64("2025-09-01") + np.arange(1_000_000) % 100
    days = calendar.school_days(start, np.datetime64("2026-01-15"))
    assert days.shape == (1_000_000,)
    assert days[0] == calendar.school_days("2025-09-01", "2026-01-15")


@pytest.mark.parametrize("day", ["2019-08-31", "2028-09-01", "1999-01-01"])
def test_a_day_outside_the_known_semesters_asks_for_a_semester(calendar: SchoolCalendar, day: str) -> None:
    for ask in (calendar.semester_of, calendar.last_completed, calendar.review_semester, calendar.school_year_start):
        with pytest.raises(CatalogueError) as caught:
            ask(day)
        assert f"The day {day} lies outside the semesters" in caught.value.message("en")
        assert 'add the semester, such as [semesters."2028/2029-1"]' in caught.value.message("en")
        assert f"Datums {day} ir ārpus semestriem" in caught.value.message("lv")


def test_a_column_with_a_day_outside_names_that_day(calendar: SchoolCalendar) -> None:
    with pytest.raises(CatalogueError, match="2015-09-02"):
        calendar.school_days(["2025-09-01", "2015-09-02"], "2026-01-15")


def test_before_the_first_known_semester_ended_nothing_is_completed(calendar: SchoolCalendar) -> None:
    with pytest.raises(CatalogueError):
        calendar.last_completed("2019-09-15")


def test_an_unknown_semester_is_named(calendar: SchoolCalendar) -> None:
    with pytest.raises(CatalogueError, match=r'no semester "2030/2031-1"'):
        calendar.bounds("2030/2031-1")


def test_a_school_may_move_its_semester(catalogue: Catalogue) -> None:
    moved = catalogue.extend({"semesters": {"2026/2027-1": {"to": "2026-12-22"}}}).calendar
    assert moved.bounds("2026/2027-1") == (dt.date(2026, 9, 1), dt.date(2026, 12, 22))
    assert moved["2026/2027-1"].school_days == catalogue.calendar["2026/2027-1"].school_days + 2


def test_a_school_may_state_its_own_number_of_school_days(catalogue: Catalogue) -> None:
    stated = catalogue.extend({"semesters": {"2025/2026-1": {"school_days": 73}}}).calendar
    assert stated["2025/2026-1"].school_days == 73


def test_a_semester_can_be_added_and_a_missing_year_between_stays_unknown(catalogue: Catalogue) -> None:
    later = catalogue.extend({"semesters": {"2029/2030-1": {"from": "2029-09-03", "to": "2029-12-21"}}}).calendar
    assert later.semester_of("2029-10-01") == "2029/2030-1"
    assert later.semester_of("2030-08-31") == "2029/2030-1"
    for ask in (later.semester_of, lambda day: later.school_days("2028-02-01", day)):
        with pytest.raises(CatalogueError, match="2028-10-02"):
            ask("2028-10-02")


def test_usual_age_follows_programme_and_level(calendar: SchoolCalendar) -> None:
    ages = calendar.usual_age(["general", "evening", "vocational", None, pd.NA], [1, 10, 1, 5, 5])
    assert ages[:3].tolist() == [7, 16, 16]
    assert np.isnan(ages[3:]).all()


def test_lessons_a_day_follow_programme_and_level_and_never_exceed_what_a_day_may_hold(
    catalogue: Catalogue, calendar: SchoolCalendar
) -> None:
    most = {1: 5, 2: 5, 3: 5, 4: 6, 5: 6, 6: 7, 7: 7, 8: 8, 9: 8, 10: 8, 11: 8, 12: 8}
    grades = calendar.lessons_per_day(["general"] * 12, list(most))
    assert (grades <= list(most.values())).all()
    assert (np.diff(grades) >= 0).all()
    assert (np.clip(5 * grades[4:], 30, 36) == 5 * grades[4:]).all()
    assert calendar.lessons_per_day(["vocational", "evening"], [4, 7]).tolist() == [7.2, 4.8]
    assert np.isnan(
        calendar.lessons_per_day(["general", "vocational", None, "general", "general"], [13, 5, 9, np.nan, 0])
    ).all()
    own = catalogue.extend({"calendar": {"lessons_per_day": {"vocational": [8, 8]}}}).calendar
    assert own.lessons_per_day(["vocational", "general"], [2, 9]).tolist() == [8, 6.8]

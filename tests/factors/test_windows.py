"""What a list of a day looks at."""

import datetime as dt

import numpy as np
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import CatalogueError
from pumpurs_risk.factors import Window

CATALOGUE = Catalogue.load()


def window(day, semesters=None):
    return Window.of(day, CATALOGUE, semesters)


def day(text):
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("as_of", "semesters", "start", "end"),
    [
        ("2025-12-19", ("2024/2025-2", "2025/2026-1"), "2025-01-06", "2025-12-19"),  # autumn ends on the day itself
        ("2025-12-20", ("2025/2026-1",), "2025-09-01", "2025-12-20"),
        ("2026-01-04", ("2025/2026-1",), "2025-09-01", "2025-12-20"),
        ("2026-01-30", ("2025/2026-1",), "2025-09-01", "2025-12-20"),
        ("2026-02-02", ("2025/2026-1", "2025/2026-2"), "2025-09-01", "2026-02-02"),
        ("2026-07-01", ("2025/2026-2",), "2026-01-05", "2026-05-30"),
        ("2026-09-10", ("2025/2026-2",), "2026-01-05", "2026-05-30"),
        ("2026-10-01", ("2025/2026-2", "2026/2027-1"), "2026-01-05", "2026-10-01"),
    ],
)
def test_the_completed_semester_counts_and_the_running_one_after_twenty_school_days(as_of, semesters, start, end):
    found = window(as_of)
    assert (found.semesters, found.start, found.end) == (semesters, day(start), day(end))


def test_a_day_outside_the_calendar_is_refused():
    with pytest.raises(CatalogueError):
        window("1999-01-15")


def test_recent_days_end_before_the_day():
    found = window("2026-01-15")
    assert (found.recent, found.before, found.settled) == (day("2025-12-16"), day("2025-11-16"), day("2026-01-08"))


def test_judgements_are_looked_back_on_as_their_factor_says():
    found = window("2026-06-15")
    look = {
        name: found.look_back(CATALOGUE.factors[name]) for name in ("motivation", "out_of_home_care", "school_changes")
    }
    assert look == {"motivation": day("2026-01-05"), "out_of_home_care": day("2025-09-01"), "school_changes": None}


def test_a_final_mark_belongs_to_its_semester_for_three_weeks():
    found = window("2026-01-15")
    assert found.final_marks_from("2025/2026-2") == day("2026-01-10")  # 19 December and 21 days, and the day after
    assert found.final_marks_from("2025/2026-1") == day("2025-09-01")  # the summer is longer than that


def test_a_schools_own_semester_takes_the_place_of_the_calendars():
    found = window("2026-01-15", [{"semester": "2025/2026-1", "date_from": None, "date_to": day("2026-01-23")}])
    assert found.semesters == ("2024/2025-2", "2025/2026-1") and found.end == day("2026-01-15")
    assert found.calendar.school_days("2025-12-20", "2026-01-05") == 0  # New Year stays a break
    assert window("2026-01-15", [{"semester": "2025/2026-1"}]).calendar is CATALOGUE.calendar


def test_a_semester_that_nobody_defined_is_named():
    with pytest.raises(CatalogueError, match="2031/2032-1"):
        window("2026-01-15", [{"semester": "2031/2032-1", "date_from": None, "date_to": None}])
    later = {"semester": "2031/2032-1", "date_from": day("2031-09-01"), "date_to": day("2031-12-19")}
    assert window("2031-12-20", [later]).semesters == ("2031/2032-1",)


def test_school_days_before_a_day_are_those_that_the_calendar_counts():
    found = window("2026-01-15")
    days = np.arange(np.datetime64("2025-09-01"), np.datetime64("2026-05-30"))
    counted = found.days_before(days)
    wanted = CATALOGUE.calendar.school_days(np.full(len(days), days[0]), days)
    assert (counted - counted[0] == wanted).all()

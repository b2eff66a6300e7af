"""School days add up: what one count leaves out, the next one holds."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.catalogue import Catalogue

CALENDAR = Catalogue.load().calendar
DAYS = st.dates(dt.date(2023, 9, 1), dt.date(2028, 8, 31))


@given(DAYS, DAYS, DAYS)
def test_adjoining_spans_add_up(one: dt.date, two: dt.date, three: dt.date) -> None:
    whole = CALENDAR.school_days(one, three)
    assert CALENDAR.school_days(one, two) + CALENDAR.school_days(two, three) == whole
    assert CALENDAR.school_days(three, one) == -whole


@given(DAYS)
def test_a_day_counts_once_or_not_at_all_and_never_at_the_weekend(day: dt.date) -> None:
    count = CALENDAR.school_days(day, day + dt.timedelta(days=1))
    assert count in (0, 1)
    if day.weekday() >= 5:
        assert count == 0


@given(st.lists(st.tuples(DAYS, DAYS), min_size=1))
def test_a_column_of_days_is_counted_like_single_days(spans: list[tuple[dt.date, dt.date]]) -> None:
    starts, ends = zip(*spans, strict=True)
    counted = CALENDAR.school_days(list(starts), list(ends))
    assert counted.tolist() == [CALENDAR.school_days(start, end) for start, end in spans]


@given(DAYS)
def test_a_list_never_looks_at_a_semester_that_has_not_begun(day: dt.date) -> None:
    if day > dt.date(2023, 12, 22):
        reviewed = CALENDAR.review_semester(day)
        assert CALENDAR.bounds(reviewed)[0] < day
        assert reviewed in (CALENDAR.semester_of(day), CALENDAR.last_completed(day))

"""Dates and periods as journals write them; the year comes from what stands around the table."""

import datetime as dt

import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.records.mapping.periods import heading_date, is_date, read_period, school_year_of

CALENDAR = Catalogue.load().calendar
YEAR = "2026/2027"


@pytest.mark.parametrize(
    ("heading", "day", "beside"),
    [
        ("05.10.2026.", "2026-10-05", ""),
        ("05.10.2026", "2026-10-05", ""),
        ("5.10.", "2026-10-05", ""),
        ("05.10", "2026-10-05", ""),
        ("05/10/2026", "2026-10-05", ""),
        ("2026-10-05", "2026-10-05", ""),
        ("2026-10-05 00:00:00", "2026-10-05", "00:00:00"),
        ("31.01.", "2027-01-31", ""),
        ("31.08.", "2026-08-31", ""),
        ("05.10. (2)", "2026-10-05", ""),
        ("05.10. p.d. (3)", "2026-10-05", "p.d."),
        ("P 05.10.", "2026-10-05", ""),
        ("Pirmdiena, 05.10.2026. 2. st.", "2026-10-05", "2. st."),
        ("29.02.2028.", "2028-02-29", ""),
    ],
)
def test_headings_that_are_days(heading, day, beside):
    read = heading_date(heading, YEAR)
    assert is_date(heading)
    assert (read.day.isoformat(), read.beside) == (day, beside)


@pytest.mark.parametrize(
    "heading", ["Klase", "9.a", "1.9", "1. sem.", "Vid.", "7,5", "2026", "2026./2027.", "1. 10. klase", ""]
)
def test_headings_that_are_no_days(heading):
    assert not is_date(heading)


def test_a_day_that_no_calendar_has_and_a_year_that_nobody_says_are_told_apart():
    assert (heading_date("31.02.", YEAR).day, heading_date("31.02.", YEAR).lacks_year) == (None, False)
    assert (heading_date("05.10.", "").day, heading_date("05.10.", "").lacks_year) == (None, True)


@pytest.mark.parametrize(
    ("written", "semester", "first", "last"),
    [
        ("1. sem.", "2026/2027-1", "2026-09-01", "2026-12-18"),
        ("2.sem.", "2026/2027-2", "2027-01-04", "2027-05-31"),
        ("II semestris", "2026/2027-2", "2027-01-04", "2027-05-31"),
        ("1. semestrī", "2026/2027-1", "2026-09-01", "2026-12-18"),
        ("Semester 2", "2026/2027-2", "2027-01-04", "2027-05-31"),
        ("2025/2026-2", "2025/2026-2", None, "2026-05-29"),
        ("2025./2026. m. g. 2. semestris", "2025/2026-2", None, "2026-05-29"),
        ("oktobris", "2026/2027-1", "2026-10-01", "2026-10-31"),
        ("Janvāris", "2026/2027-2", "2027-01-01", "2027-01-31"),
        ("decembris", "2026/2027-1", "2026-12-01", "2026-12-31"),
        ("2026. gada novembrī", "2026/2027-1", "2026-11-01", "2026-11-30"),
        ("02.2028", "2027/2028-2", "2028-02-01", "2028-02-29"),
        ("2026-09", "2026/2027-1", "2026-09-01", "2026-09-30"),
        ("October 2026", "2026/2027-1", "2026-10-01", "2026-10-31"),
        ("Gads", "", "2026-09-01", "2027-05-31"),
        ("2026./2027. mācību gads", "", "2026-09-01", "2027-05-31"),
        ("05.10.", "2026/2027-1", "2026-10-05", "2026-10-05"),
    ],
)
def test_periods_as_people_name_them(written, semester, first, last):
    read = read_period(written, YEAR, CALENDAR)
    assert (read.semester, read.last.isoformat()) == (semester, last)
    assert first is None or read.first == dt.date.fromisoformat(first)


@pytest.mark.parametrize("written", ["Vid.", "3. sem.", "kopā", "13.2026", "", "31.02.", "1. semestris 1990./1991."])
def test_what_is_no_period_is_none(written):
    assert read_period(written, YEAR, CALENDAR) is None


def test_a_period_without_a_year_is_none_if_nobody_says_the_year():
    assert read_period("oktobris", "", CALENDAR) is None
    assert read_period("1. sem.", "", CALENDAR) is None


@pytest.mark.parametrize(
    ("cover", "said", "year"),
    [
        ({"semester": "2025/2026-2"}, ["2026/2027"], "2025/2026"),
        ({}, ["Žurnāls", "2026./2027. m. g."], "2026/2027"),
        ({}, ["zurnals_2026-27"], "2026/2027"),
        ({}, ["zurnals_2026_2027"], "2026/2027"),
        ({}, ["2026-10-05", "2019/2027"], ""),
        ({"as_of": "15.01.2027."}, [], "2026/2027"),
        ({"as_of": "2026-09-10"}, [], "2026/2027"),
        ({"as_of": "rīt"}, [], ""),
    ],
)
def test_the_school_year_comes_from_the_cover_then_from_titles_and_names_then_from_the_day(cover, said, year):
    assert school_year_of(cover, said) == year

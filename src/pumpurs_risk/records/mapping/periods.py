"""Reads the dates and periods that stand in headings and cells: 05.10., oktobris, 1. sem., Gads.

Most of them lack the year. It comes from the school year, which the cover, a line above the table, the sheet's or the
file's name, or the mapping file says.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pumpurs_risk.errors import CatalogueError
from pumpurs_risk.locale import LANGUAGES, text

if TYPE_CHECKING:
    from pumpurs_risk.catalogue.calendar import SchoolCalendar

FIRST_MONTH = 8
"""A month from August on belongs to the first year of a school year such as 2026/2027."""
_YEARS = re.compile(r"(?<!\d)(20\d\d)\.?\s*[/_–-]\s*(?:20)?(\d\d)\.?(?!\d)")
_SEMESTER_ID = re.compile(r"^(20\d\d/20\d\d)-[12]$")
_WEEKDAY = r"^(?:[^\W\d]{1,12}\.?,?\s+)?"
_DATE_FORMS = (
    re.compile(_WEEKDAY + r"(?P<y>\d{4})[-./](?P<m>\d{1,2})[-./](?P<d>\d{1,2})\.?(?P<rest>(?:\D.*)?)$", re.DOTALL),
    re.compile(_WEEKDAY + r"(?P<d>\d{1,2})[./]\s?(?P<m>\d{1,2})[./]\s?(?P<y>\d{4})\.?(?P<rest>(?:\D.*)?)$", re.DOTALL),
    re.compile(_WEEKDAY + r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>)(?P<rest>(?:\s.*|\(.*)?)$", re.DOTALL),
    re.compile(_WEEKDAY + r"(?P<d>\d{1,2})\.\s(?P<m>\d{1,2})\.(?P<y>)(?P<rest>(?:\s*\(\d+\))?)$", re.DOTALL),
    re.compile(_WEEKDAY + r"(?P<d>\d{2})[./](?P<m>\d{2})(?P<y>)(?P<rest>(?:\s.*|\(.*)?)$", re.DOTALL),
)
_DOUBLED = re.compile(r"\s*\(\d+\)$")  # the reader's number on the second of equal headings
_MONTH_NUMBER = re.compile(r"^(?:(?P<y>20\d\d)[-./](?P<m>\d{1,2})|(?P<m2>\d{1,2})[./](?P<y2>20\d\d))\.?$")


@dataclass(frozen=True, slots=True)
class HeadingDate:
    """A heading that is a date.

    Parameters
    ----------
    heading : str
        As the file has it.
    day : date or None
        None if there is no such day (31.02.), or no year.
    beside : str
        What else stands in the heading: "p.d.", "2. st.".
    lacks_year : bool
        Whether nothing says which year it is.
    """

    heading: str
    day: dt.date | None
    beside: str
    lacks_year: bool = False


def is_date(heading: str) -> bool:
    """Whether a heading looks like a date.

    Examples
    --------
    >>> [is_date(each) for each in ("05.10.", "05.10.2026. p.d.", "2026-10-05", "1. sem.", "Klase 9.a", "31.02.")]
    [True, True, True, False, False, True]
    """
    return any(form.match(heading.strip()) for form in _DATE_FORMS)


def heading_date(heading: str, school_year: str) -> HeadingDate:
    """Read a heading that is a date.

    Parameters
    ----------
    heading : str
        One that `is_date`.
    school_year : str
        Such as ``"2026/2027"``; "" if nobody says.

    Returns
    -------
    HeadingDate

    Examples
    --------
    >>> heading_date("05.10. p.d. (2)", "2026/2027")
    HeadingDate(heading='05.10. p.d. (2)', day=datetime.date(2026, 10, 5), beside='p.d.', lacks_year=False)
    >>> heading_date("12.01.", "2026/2027").day, heading_date("31.02.", "2026/2027").day
    (datetime.date(2027, 1, 12), None)
    """
    found = next(each for form in _DATE_FORMS if (each := form.match(heading.strip())))
    month, beside = int(found["m"]), _DOUBLED.sub("", found["rest"]).strip(" ,;\n")
    year = int(found["y"]) if found["y"] else _year_of(month, school_year)
    if year is None:
        return HeadingDate(heading, None, beside, lacks_year=True)
    try:
        return HeadingDate(heading, dt.date(year, month, int(found["d"])), beside)
    except ValueError:
        return HeadingDate(heading, None, beside)


def school_year_of(cover: Mapping[str, str], said: Iterable[str]) -> str:
    """Find the school year that a table is about.

    Parameters
    ----------
    cover : mapping of str to str
        What the cover says: its semester comes first, its date last.
    said : iterable of str
        Lines above the table, names of sheet and file.

    Returns
    -------
    str
        Such as ``"2026/2027"``; "" if nothing says.

    Examples
    --------
    >>> school_year_of({}, ["9.a klase", "2026./2027. m. g."]), school_year_of({"as_of": "15.01.2027"}, [])
    ('2026/2027', '2026/2027')
    """
    for each in (cover.get("semester", ""), *said):
        for found in _YEARS.finditer(each):
            first, last = int(found[1]), int(found[2])
            if (first + 1) % 100 == last:
                return f"{first}/{first + 1}"
    day = cover_day(cover)
    if day is None:
        return ""
    first = day.year if day.month >= FIRST_MONTH else day.year - 1
    return f"{first}/{first + 1}"


def cover_day(cover: Mapping[str, str]) -> dt.date | None:
    """The day of the cover's data; None if it does not say."""
    written = cover.get("as_of", "").strip()
    if not written or not is_date(written):
        return None
    return heading_date(written, "").day


@dataclass(frozen=True, slots=True)
class Period:
    """A month, a semester or a school year: its semester ("" of a year) and its days."""

    semester: str
    first: dt.date
    last: dt.date


def read_period(written: str, school_year: str, calendar: SchoolCalendar) -> Period | None:
    """Read the name of a period.

    Parameters
    ----------
    written : str
        "1. sem.", "II semestris", "2026/2027-1", "oktobris", "10.2026", "Gads", a date.
    school_year : str
        The year it is in, where it does not say; "" if nobody says.
    calendar : SchoolCalendar
        When semesters begin and end.

    Returns
    -------
    Period or None
        None if it is no period, or nobody says of which year.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> calendar = Catalogue.load().calendar
    >>> read_period("1. sem.", "2026/2027", calendar).semester, str(read_period("oktobris", "2026/2027", calendar).last)
    ('2026/2027-1', '2026-10-31')
    >>> read_period("Vid.", "2026/2027", calendar) is None
    True
    """
    plain = " ".join(written.split()).casefold().strip(" .:")
    stated = school_year_of({}, [plain]) or school_year
    try:
        return (
            _semester(plain, stated, calendar) or _month(plain, stated, calendar) or _year(plain, stated, calendar)
        ) or _day(written, stated, calendar)
    except CatalogueError:  # a semester that the calendar does not know
        return None


def _semester(plain: str, school_year: str, calendar: SchoolCalendar) -> Period | None:
    exact = _SEMESTER_ID.match(plain)
    number = plain[-1] if exact else None
    if number is None:
        # With the years taken out, "2026./2027. m. g. 1. semestris" ends as "1. sem." does.
        rest = _YEARS.sub(" ", plain).strip()
        found = re.search(rf"(?:^|[\s.])(1|2|i|ii)\.?\s*(?:{_words('semester')})[^\W\d]*\.?$", rest)
        back = re.match(rf"^(?:{_words('semester')})[^\W\d]*\.?\s*(1|2|i|ii)$", rest)
        said = found or back
        number = None if said is None else {"i": "1", "ii": "2"}.get(said[1], said[1])
    if number is None or not school_year:
        return None
    semester = f"{school_year}-{number}"
    return Period(semester, *calendar.bounds(semester))


def _month(plain: str, school_year: str, calendar: SchoolCalendar) -> Period | None:
    found = _MONTH_NUMBER.match(plain)
    if found:
        month, year = int(found["m"] or found["m2"]), int(found["y"] or found["y2"])
    else:
        named = re.match(
            r"^(?:(?P<y>20\d\d)\.?\s*(?:gada\s+)?)?(?P<name>[^\W\d]{3,})\.?(?:\s+(?P<y2>20\d\d))?\.?$", plain
        )
        if named is None or named["name"] not in _months():
            return None
        month = _months()[named["name"]]
        given = named["y"] or named["y2"]
        guessed = int(given) if given else _year_of(month, school_year)
        if guessed is None:
            return None
        year = guessed
    if not 1 <= month <= 12:
        return None
    first = dt.date(year, month, 1)
    last = dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)
    return Period(calendar.semester_of(last), first, last)  # 1 January is still in the break of the semester before


def _year(plain: str, school_year: str, calendar: SchoolCalendar) -> Period | None:
    rest = _YEARS.sub(" ", plain).strip(" .")
    alone = not rest and _YEARS.search(plain)
    if not school_year or not (alone or re.fullmatch(rf"(?:{_words('year')})", rest)):
        return None
    return Period("", calendar.bounds(f"{school_year}-1")[0], calendar.bounds(f"{school_year}-2")[1])


def _day(written: str, school_year: str, calendar: SchoolCalendar) -> Period | None:
    if not is_date(written):
        return None
    day = heading_date(written, school_year).day
    return None if day is None else Period(calendar.semester_of(day), day, day)


def _year_of(month: int, school_year: str) -> int | None:
    if not school_year:
        return None
    first = int(school_year[:4])
    return first if month >= FIRST_MONTH else first + 1


@cache
def _words(name: str) -> str:
    said = {way for lang in LANGUAGES for way in text(f"mapping.periods.{name}", lang).split("|")}
    return "|".join(re.escape(way) for way in sorted(said, key=lambda way: (-len(way), way)))


@cache
def _months() -> dict[str, int]:
    ways = (text(f"mapping.periods.months.m{month:02}", lang) for month in range(1, 13) for lang in LANGUAGES)
    numbers = (month for month in range(1, 13) for _ in LANGUAGES)
    return {way: month for month, several in zip(numbers, ways, strict=True) for way in several.split("|")}

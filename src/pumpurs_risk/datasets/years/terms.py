"""The semesters that a made municipality lives through, as arrays of school days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pumpurs_risk.catalogue.calendar import SchoolCalendar

Array = np.ndarray[Any, Any]
_LIST_DAY = 15  # of September and January: lists are made when a semester has begun
_MONTH = {1: 9, 2: 1}


@dataclass(frozen=True)
class MadeTerm:
    """One semester.

    Parameters
    ----------
    semester : str
        Such as "2026/2027-1".
    begins : int
        Calendar year in which its school year begins.
    number : int
        1 or 2.
    days : numpy.ndarray of datetime64[D]
        Its school days.
    first, last : numpy.datetime64
        Its bounds.
    list_days : tuple of datetime.date
        Days of it on which the true risk is written down.
    """

    semester: str
    begins: int
    number: int
    days: Array
    first: np.datetime64
    last: np.datetime64
    list_days: tuple[dt.date, ...]

    def passed(self, day: dt.date) -> float:
        """Share of its school days before a day."""
        return float(np.searchsorted(self.days, np.datetime64(day)) / len(self.days))


def made_terms(calendar: SchoolCalendar, as_of: dt.date, years: int, until: dt.date) -> list[MadeTerm]:
    """The semesters from `years` school years before that of the list's day to a day.

    Parameters
    ----------
    calendar : SchoolCalendar
        Dates of semesters and holidays.
    as_of : datetime.date
        Day of the list.
    years : int
        Whole school years before the running one.
    until : datetime.date
        Last day that anything is made up of.

    Returns
    -------
    list of MadeTerm
        In order of time.

    Raises
    ------
    CatalogueError
        If the calendar does not reach as far.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> day = dt.date(2027, 1, 15)
    >>> [term.semester for term in made_terms(Catalogue.load().calendar, day, 1, day)]
    ['2025/2026-1', '2025/2026-2', '2026/2027-1', '2026/2027-2']
    """
    running = int(calendar.semester_of(as_of)[:4])
    last = calendar.semester_of(until)
    terms = []
    for begins in range(running - years, int(last[:4]) + 1):
        for number in (1, 2):
            semester = f"{begins}/{begins + 1}-{number}"
            first, end = (np.datetime64(day) for day in calendar.bounds(semester))
            every = np.arange(first, end + 1)
            days = every[np.asarray(calendar.school_days(every, every + 1)) == 1]
            usual = dt.date(begins + number - 1, _MONTH[number], _LIST_DAY)
            lists = {usual, as_of} if calendar.semester_of(as_of) == semester else {usual}
            terms.append(MadeTerm(semester, begins, number, days, first, end, tuple(sorted(lists))))
            if semester == last:
                break
    return terms

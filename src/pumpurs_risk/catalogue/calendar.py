"""The school year: to which semester a day belongs, how many school days lie between two, what a semester is called."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, overload

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from pumpurs_risk.catalogue.entries import CalendarRules, Semester
from pumpurs_risk.errors import CatalogueError

Day = dt.date | str | np.datetime64
"""A day: a date, a timestamp, or ISO text."""


class SchoolCalendar(Mapping[str, Semester]):
    """Semesters, breaks and public holidays; a mapping of semester ids to semesters in order of time.

    A semester reigns until the next one begins, at most until 31 August: a day in the winter break or in summer belongs to
    the semester before it. Outside that span every question raises: guessing would shift counts. Where a semester does not
    state its school days, they are counted.

    Parameters
    ----------
    semesters : mapping of str to Semester
        By id, such as ``"2026/2027-1"``.
    rules : CalendarRules
        Public holidays, the review window, usual ages.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> calendar = Catalogue.load().calendar
    >>> calendar.semester_of("2026-01-15"), calendar.review_semester("2026-01-15")
    ('2025/2026-2', '2025/2026-1')
    >>> calendar.school_days("2025-09-01", "2025-12-20")
    74
    """

    def __init__(self, semesters: Mapping[str, Semester], rules: CalendarRules) -> None:
        ordered = sorted(semesters.values(), key=lambda semester: semester.from_)
        self.rules = rules
        self._ids = [semester.id for semester in ordered]
        self._from = np.array([semester.from_ for semester in ordered], dtype="datetime64[D]")
        self._to = np.array([semester.to for semester in ordered], dtype="datetime64[D]")
        self._semesters = {semester.id: semester for semester in ordered}
        counted = self.school_days(self._from, self._to + np.timedelta64(1, "D"))
        for semester, days in zip(ordered, np.atleast_1d(counted), strict=True):
            if semester.school_days is None:
                self._semesters[semester.id] = msgspec.structs.replace(semester, school_days=int(days))

    def __repr__(self) -> str:
        return f"SchoolCalendar({self._ids[0]} to {self._ids[-1]})"

    def __getitem__(self, semester_id: str) -> Semester:
        return self._semesters[semester_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._semesters)

    def __len__(self) -> int:
        return len(self._semesters)

    def semester_of(self, day: Day) -> str:
        """Id of the semester that a day belongs to.

        Parameters
        ----------
        day : date, timestamp or ISO text
            The day.

        Returns
        -------
        str
            Such as ``"2026/2027-1"``. A day in a break belongs to the semester before it.

        Raises
        ------
        CatalogueError
            If the day lies outside the known semesters.
        """
        return self._ids[self._position(day)]

    def last_completed(self, as_of: Day) -> str:
        """Id of the last semester that ended before a day.

        Raises
        ------
        CatalogueError
            If no known semester had ended.
        """
        position = self._position(as_of)
        if not self._to[position] < _day(as_of):
            position -= 1
        if position < 0:
            raise self._unknown(_day(as_of))
        return self._ids[position]

    def review_semester(self, as_of: Day) -> str:
        """Id of the semester that a list of this day looks at.

        The last completed one until ``rules.review_after_school_days`` school days of the running one have passed, then
        the running one: lists are made when a semester has just begun, and a few days say little.

        Raises
        ------
        CatalogueError
            If the day lies outside the known semesters, or the semester before is not known.
        """
        position = self._position(as_of)
        passed = self.school_days(self._from[position], _day(as_of))
        if passed >= self.rules.review_after_school_days:
            return self._ids[position]
        return self.last_completed(as_of)

    def expires(self, as_of: Day) -> dt.date:
        """Last day of the semester in which a list is made, or of the coming one between two semesters.

        Raises
        ------
        CatalogueError
            If the day lies outside the known semesters, or after the last of them has ended.

        Examples
        --------
        >>> from pumpurs_risk.catalogue import Catalogue
        >>> Catalogue.load().calendar.expires("2025-12-22")
        datetime.date(2026, 5, 29)
        """
        position = self._position(as_of)
        if self._to[position] < _day(as_of):
            position += 1
        if position == len(self._ids):
            raise self._unknown(_day(as_of))
        return self.bounds(self._ids[position])[1]

    def school_year_start(self, as_of: Day) -> dt.date:
        """First school day of the school year that a day belongs to.

        Examples
        --------
        >>> from pumpurs_risk.catalogue import Catalogue
        >>> Catalogue.load().calendar.school_year_start("2025-03-03")
        datetime.date(2024, 9, 2)
        """
        year = self.semester_of(as_of).partition("-")[0]
        return min(self.bounds(semester)[0] for semester in self._ids if semester.startswith(year))

    def bounds(self, semester_id: str) -> tuple[dt.date, dt.date]:
        """First and last day of a semester, both inside it.

        Raises
        ------
        CatalogueError
            If the semester is not known.
        """
        try:
            semester = self._semesters[semester_id]
        except KeyError:
            raise CatalogueError(
                "catalogue_semester_unknown", semester=semester_id, first=self._ids[0], last=self._ids[-1]
            ) from None
        return dt.date.fromisoformat(semester.from_), dt.date.fromisoformat(semester.to)

    @overload
    def school_days(self, start: Day, end: Day) -> int: ...
    @overload
    def school_days(self, start: ArrayLike, end: ArrayLike) -> int | NDArray[np.float64]: ...

    def school_days(self, start: Any, end: Any) -> int | NDArray[np.float64]:
        """Count the school days from one day (counted) to another (not counted).

        Parameters
        ----------
        start, end : day, or array-like of days of shape (n,)
            ``start`` is counted, ``end`` is not, so that counts of adjoining spans add up. An ``end`` before ``start``
            gives a negative number.

        Returns
        -------
        int or ndarray of shape (n,)
            A whole number for two single days; for arrays, floats with NaN where a day is missing.

        Raises
        ------
        CatalogueError
            If a day lies outside the known semesters.
        """
        first, last = _as_days(start), _as_days(end)
        counts = self._days_before(last) - self._days_before(first)
        return int(counts) if counts.ndim == 0 and not np.isnan(counts) else counts

    def period_text(self, semester_id: str, lang: str = "lv") -> str:
        """Say a semester as a sentence needs it: "2026./2027. m. g. 1. semestrī", "in semester 1 of 2026/2027".

        Parameters
        ----------
        semester_id : str
            Such as ``"2026/2027-1"``, or two of them joined by ``"+"`` where counts cover both; an empty text gives
            "in the semester reported".
        lang : {"lv", "en"}
            The reader's language.

        Returns
        -------
        str
            Adverbial; begins in lower case where it begins with a word.

        Examples
        --------
        >>> from pumpurs_risk.catalogue import Catalogue
        >>> calendar = Catalogue.load().calendar
        >>> calendar.period_text("2026/2027-1+2026/2027-2"), calendar.period_text("2026/2027-1", "en")
        ('2026./2027. m. g. 1. un 2. semestrī', 'in semester 1 of 2026/2027')
        """
        from pumpurs_risk.locale import text

        one, _, other = semester_id.partition("+")
        first, second, number = _parts(one)
        if not number:
            return text("catalogue.period_unknown", lang)
        if not other:
            return text("catalogue.period", lang, first=first, second=second, number=number)
        third, fourth, last = _parts(other)
        key = "period_both" if (first, second) == (third, fourth) else "period_two"
        return text(
            f"catalogue.{key}", lang, first=first, second=second, number=number, third=third, fourth=fourth, last=last
        )

    def usual_age(self, programme: ArrayLike, level: ArrayLike) -> NDArray[np.float64]:
        """Age that a pupil of a level usually reaches in the calendar year in which the school year begins.

        Parameters
        ----------
        programme : array-like of str, shape (n,)
            ``general``, ``evening`` or ``vocational``.
        level : array-like of float, shape (n,)
            Grade or course year.

        Returns
        -------
        ndarray of shape (n,)
            Years; NaN where programme or level is unknown.

        Examples
        --------
        >>> from pumpurs_risk.catalogue import Catalogue
        >>> Catalogue.load().calendar.usual_age(["general", "vocational"], [9, 1]).tolist()
        [15.0, 16.0]
        """
        import pandas as pd

        offsets = pd.Series(programme, dtype=object).map(self.rules.usual_age).to_numpy(dtype=float)
        return np.asarray(offsets + np.asarray(level, dtype=float))

    def lessons_per_day(self, programme: ArrayLike, level: ArrayLike) -> NDArray[np.float64]:
        """Mean number of lessons a school day, for pupils whose lessons held nobody recorded.

        Parameters
        ----------
        programme : array-like of str, shape (n,)
            ``general``, ``evening`` or ``vocational``.
        level : array-like of float, shape (n,)
            Grade or course year.

        Returns
        -------
        ndarray of shape (n,)
            Lessons; NaN where programme or level is unknown, or the calendar's rules do not hold the level.

        Examples
        --------
        >>> from pumpurs_risk.catalogue import Catalogue
        >>> Catalogue.load().calendar.lessons_per_day(["general", "general", None], [1, 9, 9]).tolist()
        [4.4, 6.8, nan]
        """
        import pandas as pd

        names = pd.Series(programme, dtype=object).to_numpy()
        levels = np.asarray(level, dtype=float)
        found = np.full(levels.shape, np.nan)
        for name, by_level in self.rules.lessons_per_day.items():
            place = np.where(np.isnan(levels), -1, levels - 1).astype(int)
            there = (names == name) & (place >= 0) & (place < len(by_level)) & (levels == place + 1)
            found[there] = np.asarray(by_level)[place[there]]
        return found

    # --- inside

    def _position(self, day: Day) -> int:
        moment = _day(day)
        position = int(np.searchsorted(self._from, moment, side="right")) - 1
        if np.isnat(moment) or position < 0 or moment >= self._reign_end[position]:
            raise self._unknown(moment)
        return position

    @cached_property
    def _reign_end(self) -> NDArray[np.datetime64]:
        """First day that no longer belongs to each semester: the next one begins, or the 1 September after it."""
        autumn = self._to.astype("datetime64[Y]").astype("datetime64[M]") + np.timedelta64(8, "M")
        autumn = np.where(autumn.astype("datetime64[D]") <= self._to, autumn + np.timedelta64(12, "M"), autumn)
        following = np.append(self._from[1:], np.datetime64("9999-01-01"))
        return np.asarray(np.minimum(autumn.astype("datetime64[D]"), following))

    @cached_property
    def _days(self) -> NDArray[np.datetime64]:
        """Every day of the known span, and the day after it."""
        return np.arange(self._from[0], self._reign_end[-1] + np.timedelta64(1, "D"))

    @cached_property
    def _known(self) -> NDArray[np.bool_]:
        """Whether each day belongs to a semester, or is the day after one that does."""
        known = np.zeros(len(self._days), dtype=bool)
        for start, end in zip(self._from, self._reign_end, strict=True):
            known |= (self._days >= start) & (self._days <= end)
        return known

    @cached_property
    def _cumulative(self) -> NDArray[np.int64]:
        """School days before each day of the known span."""
        days = self._days
        within = np.zeros(len(days), dtype=bool)
        for start, end in zip(self._from, self._to, strict=True):
            within |= (days >= start) & (days <= end)
        for semester in self.values():
            for start, end in semester.breaks:
                within &= ~((days >= np.datetime64(start)) & (days <= np.datetime64(end)))
        open_days = within & np.is_busday(days, holidays=self._holidays())
        return np.concatenate([[0], np.cumsum(open_days)[:-1]])

    def _holidays(self) -> NDArray[np.datetime64]:
        years = range(self._days[0].astype(object).year, self._days[-1].astype(object).year + 1)
        days: list[dt.date] = []
        for year in years:
            for month_day in self.rules.public_holidays:
                day = dt.date.fromisoformat(f"{year}-{month_day}")
                days.append(day)
                if day.weekday() >= 5 and month_day in self.rules.moved_to_monday:
                    days.append(day + dt.timedelta(days=7 - day.weekday()))
            days += [_easter(year) + dt.timedelta(days=shift) for shift in self.rules.easter_holidays]
        return np.array(days, dtype="datetime64[D]")

    def _days_before(self, days: NDArray[np.datetime64]) -> NDArray[np.float64]:
        given = ~np.isnat(days)
        positions = np.where(given, (days - self._from[0]).astype("int64"), 0)
        within = np.clip(positions, 0, len(self._days) - 1)
        outside = given & ((positions != within) | ~self._known[within])
        if outside.any():
            raise self._unknown(np.atleast_1d(days)[np.atleast_1d(outside)].min())
        return np.where(given, self._cumulative[within], np.nan)

    def _unknown(self, day: np.datetime64) -> CatalogueError:
        return CatalogueError(
            "catalogue_date_outside_calendar",
            day=str(day),
            first=str(self._from[0]),
            last=str(self._reign_end[-1] - np.timedelta64(1, "D")),
        )


def _parts(semester_id: str) -> tuple[str, str, str]:
    """Split ``"2026/2027-1"`` into its two years and its number."""
    years, _, number = semester_id.partition("-")
    first, _, second = years.partition("/")
    return first, second, number


def _day(day: Any) -> np.datetime64:
    return np.datetime64(day, "D")


def _as_days(days: Any) -> NDArray[np.datetime64]:
    if isinstance(days, str | dt.date | np.datetime64):
        return np.asarray(_day(days))
    return np.asarray(days).astype("datetime64[D]")


def _easter(year: int) -> dt.date:
    """Easter Sunday, Gregorian (Meeus, Astronomical Algorithms, 1991, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * weekday) // 433
    month = (h + weekday - 7 * m + 90) // 25
    return dt.date(year, month, (h + weekday - 7 * m + 33 * month + 19) % 32)

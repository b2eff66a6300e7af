"""The time that a list looks at: which semesters its counts cover, what is recent, from where on nothing is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import structs

from pumpurs_risk.catalogue.calendar import SchoolCalendar
from pumpurs_risk.catalogue.entries import RiskFactor, Semester
from pumpurs_risk.errors import CatalogueError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue

OPEN_DAYS = 7
"""An absence of the last so many days may still be excused: until then it counts as open."""
RECENT_DAYS = 30
LATE_FINAL_DAYS = 21
"""A final mark dated up to so many days after its semester's end still belongs to it."""
FINAL_DAYS_INTO_NEXT = 20
"""... unless so many days of the next semester have begun."""
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """What a list of one day looks at, for schools with one calendar.

    Counts run over the last completed semester; once ``review_after_school_days`` school days of the running one have
    passed, over that one too. Nothing dated or recorded on the day itself or later ever counts.

    Parameters
    ----------
    as_of : datetime.date
        The list's day.
    semesters : tuple of str
        The semesters that counts cover: the completed one, and the running one where it counts already.
    start, end : datetime.date
        First day that counts, first day that no longer does.
    calendar : SchoolCalendar
        The school year of these schools.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> window = Window.of("2026-01-15", Catalogue.load())
    >>> window.semesters, window.start.isoformat(), window.end.isoformat()
    (('2025/2026-1',), '2025-09-01', '2025-12-20')
    >>> Window.of("2026-02-16", Catalogue.load()).label
    '2025/2026-1+2025/2026-2'
    """

    as_of: dt.date
    semesters: tuple[str, ...]
    start: dt.date
    end: dt.date
    calendar: SchoolCalendar

    @classmethod
    def of(
        cls, as_of: dt.date | str, catalogue: Catalogue, semesters: Iterable[Mapping[str, Any]] | None = None
    ) -> Window:
        """Make the window of a day.

        Parameters
        ----------
        as_of : date or ISO text
            The list's day.
        catalogue : Catalogue
            Its calendar and rules.
        semesters : iterable of mapping, optional
            A school's own semesters: semester, date_from, date_to, school_days. What is empty is taken from the calendar.

        Raises
        ------
        CatalogueError
            If the day lies outside the known semesters, or no known semester had ended.
        """
        day = dt.date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
        calendar = own_calendar(catalogue.calendar, semesters or ())
        completed, running = calendar.last_completed(day), calendar.semester_of(day)
        start, last = calendar.bounds(completed)
        passed = calendar.school_days(calendar.bounds(running)[0], day)
        if running != completed and passed >= calendar.rules.review_after_school_days:
            return cls(day, (completed, running), start, day, calendar)
        return cls(day, (completed,), start, last + _DAY, calendar)

    @property
    def completed(self) -> str:
        """The last completed semester."""
        return self.semesters[0]

    @property
    def latest(self) -> str:
        """The latest semester that counts cover."""
        return self.semesters[-1]

    @property
    def label(self) -> str:
        """The semesters as ``X["semester"]`` has them: two are joined by ``+``."""
        return "+".join(self.semesters)

    @cached_property
    def running(self) -> str:
        """The semester that the day belongs to: none later has begun."""
        return self.calendar.semester_of(self.as_of)

    @cached_property
    def previous(self) -> str | None:
        """The semester before the completed one; None if the calendar does not know it."""
        return self._before(self.completed)

    @property
    def split(self) -> dt.date:
        """First day of the running semester where counts cover it, else the window's end."""
        return self.calendar.bounds(self.latest)[0] if len(self.semesters) == 2 else self.end

    @property
    def settled(self) -> dt.date:
        """First day whose absences may still be excused."""
        return self.as_of - OPEN_DAYS * _DAY

    @property
    def recent(self) -> dt.date:
        """First of the last 30 days before the day."""
        return self.as_of - RECENT_DAYS * _DAY

    @property
    def before(self) -> dt.date:
        """First of the 30 days before those."""
        return self.as_of - 2 * RECENT_DAYS * _DAY

    @property
    def year_start(self) -> dt.date:
        """1 September of the school year that the day lies in."""
        year = self.as_of.year if self.as_of >= dt.date(self.as_of.year, 9, 1) else self.as_of.year - 1
        return dt.date(year, 9, 1)

    def look_back(self, factor: RiskFactor) -> dt.date | None:
        """First day from which a judgement of a factor still counts; None: it counts for ever."""
        return {
            "30_days": self.recent,
            "school_year": self.calendar.school_year_start(self.start),
            "ever": None,
        }.get(factor.look_back, self.start)

    def covers(self, window: str) -> tuple[dt.date | None, dt.date]:
        """First day, and first day no longer, of what a computed factor counts.

        Parameters
        ----------
        window : {"review_window", "30_days", "semester", "school_year", "ever"}
            As the factor's entry says.
        """
        if window == "review_window":
            return self.start, self.end
        year = self.calendar.school_year_start(self.start)
        return {"30_days": self.recent, "semester": self.start, "school_year": year}.get(window), self.as_of

    def final_marks_from(self, semester: str) -> dt.date:
        """First day on which an undated final mark belongs to a semester, not to the one before it."""
        start = self.calendar.bounds(semester)[0]
        earlier = self._before(semester)
        if earlier is None:
            return start
        end = self.calendar.bounds(earlier)[1]
        late = min(end + (LATE_FINAL_DAYS + 1) * _DAY, start + FINAL_DAYS_INTO_NEXT * _DAY)
        return max(start, late)

    def days_before(self, days: NDArray[np.datetime64]) -> NDArray[np.int64]:
        """School days before each of some days, counted from the calendar's first; gaps in the calendar hold none."""
        counted = np.zeros(days.shape, dtype=np.int64)
        for semester in self.calendar.values():
            first = np.datetime64(semester.from_, "D")
            until = np.datetime64(semester.to, "D") + np.timedelta64(1, "D")
            inside = np.clip(days, first, until)
            counted += np.asarray(self.calendar.school_days(np.full(days.shape, first), inside)).astype(np.int64)
        return counted

    def semesters_within(self, start: dt.date, end: dt.date) -> dict[str, tuple[dt.date, dt.date]]:
        """What of a time lies in which semester: first day, first day no longer."""
        found: dict[str, tuple[dt.date, dt.date]] = {}
        for name in self.calendar:
            first, last = self.calendar.bounds(name)
            span = max(first, start), min(last + _DAY, end)
            if span[0] < span[1]:
                found[name] = span
        return found

    def _before(self, semester: str) -> str | None:
        known = list(self.calendar)
        place = known.index(semester)
        return known[place - 1] if place else None


def own_calendar(calendar: SchoolCalendar, semesters: Iterable[Mapping[str, Any]]) -> SchoolCalendar:
    """Put a school's own semesters in the place of the calendar's.

    Parameters
    ----------
    calendar : SchoolCalendar
        The country's.
    semesters : iterable of mapping
        semester, date_from, date_to. Breaks stay those of the calendar's semester of that id; a time between two of the
        calendar's semesters that lies wholly inside one of the school's, such as New Year, is a break there too.

    Returns
    -------
    SchoolCalendar
        The same object where nothing differs.

    Raises
    ------
    CatalogueError
        If a semester that the calendar does not know has no dates.
    """
    changed: dict[str, Semester] = {}
    gaps = _gaps(calendar)
    for row in semesters:
        name, first, last = row["semester"], row.get("date_from"), row.get("date_to")
        known = calendar.get(name)
        if known is None and (first is None or last is None):
            raise CatalogueError(
                "catalogue_semester_unknown", semester=name, first=next(iter(calendar)), last=list(calendar)[-1]
            )
        start = first.isoformat() if first is not None else known.from_ if known else ""
        end = last.isoformat() if last is not None else known.to if known else ""
        if known is None or (start, end) != (known.from_, known.to):
            breaks = [*(known.breaks if known else ()), *(gap for gap in gaps if start < gap[0] and gap[1] < end)]
            changed[name] = Semester(from_=start, to=end, breaks=tuple(breaks), id=name)
    return SchoolCalendar(_apart({**calendar, **changed}, set(changed)), calendar.rules) if changed else calendar


def _apart(semesters: dict[str, Semester], own: set[str]) -> dict[str, Semester]:
    """Let the calendar's semesters give way to the school's own beside them."""
    for earlier, later in pairwise(sorted(semesters, key=lambda name: semesters[name].from_)):
        end, start = semesters[earlier].to, semesters[later].from_
        if end < start:
            continue
        if later not in own:
            first = (dt.date.fromisoformat(end) + _DAY).isoformat()
            semesters[later] = structs.replace(semesters[later], from_=first, school_days=None)
        elif earlier not in own:
            last = (dt.date.fromisoformat(start) - _DAY).isoformat()
            semesters[earlier] = structs.replace(semesters[earlier], to=last, school_days=None)
    return semesters


def _gaps(calendar: SchoolCalendar) -> list[tuple[str, str]]:
    """First and last day of every time between two semesters, as ISO texts."""
    bounds = [calendar.bounds(name) for name in calendar]
    return [((end + _DAY).isoformat(), (start - _DAY).isoformat()) for (_, end), (start, _) in pairwise(bounds)]

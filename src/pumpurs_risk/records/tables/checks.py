"""Cells that do not fit one another or the school year: dates, semesters, parts that exceed their whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.records.validation.parsing import BoolArray

if TYPE_CHECKING:
    from pumpurs_risk.catalogue.calendar import SchoolCalendar

Fault = tuple[BoolArray, Any]
"""Which rows, and the detail for all of them or per row."""


class SchoolYears:
    """The days and semesters that are known: the calendar's and those that schools define.

    Parameters
    ----------
    calendar : SchoolCalendar
        The catalogue's.
    more : mapping of str to (date, date), optional
        Semesters of the schools' own.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> years = SchoolYears(Catalogue.load().calendar)
    >>> before, after = years.outside(np.array(["2001-05-05", "2026-10-05", "2206-10-05", "NaT"], dtype="datetime64[D]"))
    >>> before.tolist(), after.tolist()
    ([True, False, False, False], [False, False, True, False])
    """

    def __init__(self, calendar: SchoolCalendar, more: Mapping[str, tuple[Any, Any]] | None = None) -> None:
        self.bounds = {each: calendar.bounds(each) for each in calendar} | dict(more or {})
        spans = sorted((np.datetime64(first, "D"), np.datetime64(last, "D")) for first, last in self.bounds.values())
        self._from = np.array([first for first, _ in spans], dtype="datetime64[D]")
        self._end = np.array([_summer_end(last) for _, last in spans], dtype="datetime64[D]")

    def outside(self, days: np.ndarray[Any, Any]) -> tuple[BoolArray, BoolArray]:
        """Which days belong to no known semester, and which lie beyond the last one.

        Parameters
        ----------
        days : numpy.ndarray of datetime64[D], shape (n,)
            NaT where unknown.

        Returns
        -------
        unknown, beyond : numpy.ndarray of bool, shape (n,)
            A day in a break or in summer belongs to the semester before it.
        """
        given = ~np.isnat(days)
        beyond = given & (days > self._end.max())
        at = np.searchsorted(self._from, days, side="right") - 1
        covered = (at >= 0) & (days <= np.maximum.accumulate(self._end)[np.maximum(at, 0)])
        return given & ~covered & ~beyond, beyond

    def known_as_text(self) -> str:
        """The known semesters, for a sentence."""
        known = sorted(self.bounds)
        return ", ".join(known) if len(known) < 5 else f"{known[0]} – {known[-1]}"

    def undefined(self, semesters: pa.Array[Any]) -> BoolArray:
        """Which rows name a semester that nobody has defined."""
        known = pc.is_in(semesters, value_set=pa.array(list(self.bounds), pa.string()))
        return _mask(pc.and_(pc.is_valid(semesters), pc.invert(known)))

    def last_days(self, semesters: pa.Array[Any]) -> pa.Array[Any]:
        """Last day of each row's semester; null where it is unknown."""
        last = pa.array([_date(bounds[1]) for bounds in self.bounds.values()], pa.date32())
        return last.take(pc.index_in(semesters, value_set=pa.array(list(self.bounds), pa.string())))


def days_of(values: pa.Array[Any]) -> np.ndarray[Any, Any]:
    """Dates as numpy has them; NaT where null."""
    return np.asarray(values.cast(pa.int32()).cast(pa.int64()).fill_null(_NAT).to_numpy()).astype("datetime64[D]")


def earlier_than(first: pa.Array[Any], second: pa.Array[Any], heading: str) -> Fault:
    """Where a date comes before another one that it cannot precede; the detail names that one."""
    bad = _mask(pc.less(first, second))
    detail = np.full(len(bad), "", dtype=object)
    others = second.filter(pa.array(bad)).dictionary_encode()
    said = np.array([f"{heading}: {day.isoformat()}" for day in others.dictionary.to_pylist()], dtype=object)
    detail[bad] = said[others.indices.to_numpy()] if bad.any() else ""
    return bad, detail


def more_than(part: pa.Array[Any], whole: pa.Array[Any], heading: str) -> Fault:
    """Where a part exceeds its whole; the detail names the whole."""
    bad = _mask(pc.greater(part, whole))
    detail = np.full(len(bad), "", dtype=object)
    others = whole.filter(pa.array(bad)).dictionary_encode()
    said = np.array([f"{heading}: {value:g}" for value in others.dictionary.to_pylist()], dtype=object)
    detail[bad] = said[others.indices.to_numpy()] if bad.any() else ""
    return bad, detail


def without(values: pa.Array[Any], bad: BoolArray) -> pa.Array[Any]:
    """A column with some of its cells unknown."""
    return pc.if_else(pa.array(bad), pa.scalar(None, values.type), values) if bad.any() else values


_NAT = int(np.iinfo(np.int64).min)


def _summer_end(last: np.datetime64) -> np.datetime64:
    """The 31 August that ends the school year of a semester's last day."""
    day = last.astype(dt.date)
    return np.datetime64(dt.date(day.year + (day.month > 8), 8, 31), "D")


def _date(day: Any) -> dt.date:
    made: dt.date = np.datetime64(day, "D").astype(dt.date)
    return made


def _mask(array: Any) -> BoolArray:
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), dtype=bool)

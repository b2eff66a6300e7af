"""What was known on a day: the rows of every table that had happened and had been written down, in the version of that day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa

from pumpurs_risk.factors.engines import Engine, Kind
from pumpurs_risk.factors.engines import Frame as Frame
from pumpurs_risk.factors.windows import Window

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords
    from pumpurs_risk.records.tables.contract import TableContract

EVENTS = ("pupils", "absences", "marks", "incidents", "assessments")
"""Tables that factors are made from."""
_WHEN = {"recorded_on", "record_id"}
_DECIDING = {
    "absences": ("date", "status", "lessons_missed", "lessons_held", "excused_on"),
    "marks": (
        "date",
        "subject",
        "kind",
        "semester",
        "mark",
        "sign",
        "corrected_mark",
        "corrected_sign",
        "corrected_on",
    ),
}
"""Columns that factors are made from: of two versions recorded on one day they decide before the others do."""


@dataclass(frozen=True)
class KnownRecords:
    """What was known on a day of the schools that share a window; every frame is lazy, on the records' own engine.

    Parameters
    ----------
    records : SchoolRecords
        With tables.
    window : Window
        The day, and what counts run over.
    catalogue : Catalogue
        Which factors there are.
    engine : Engine
        Where the tables are computed.
    schools, other_schools : frozenset of str
        The schools of this window; or, where there are none named, all but the others.
    not_supplied : frozenset of str
        Tables of the records that these schools did not hand in: unknown here, whatever other schools recorded.
    everywhere : tuple of KnownRecords
        Those of all windows of the day, this one included, where there are several.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> from pumpurs_risk.records import SchoolRecords
    >>> pupils = pa.table({"pupil_id": ["7", "8"], "school_id": ["a", "a"], "semester": ["2026/2027-1", "2026/2027-2"]})
    >>> records = SchoolRecords.of({"pupils": pupils}, engine="arrow")
    >>> with known_records(records, "2026-12-01", Catalogue.load()) as (known,):
    ...     known.engine.leave(known.roll)["pupil_id"].to_pylist()
    ['7']
    """

    records: SchoolRecords
    window: Window
    catalogue: Catalogue
    engine: Engine
    schools: frozenset[str] = frozenset()
    other_schools: frozenset[str] = frozenset()
    not_supplied: frozenset[str] = frozenset()
    everywhere: tuple[KnownRecords, ...] = field(default=(), repr=False, compare=False)

    def has(self, table: str) -> bool:
        """Whether these schools supplied a table: only then does "no row" mean "none"."""
        return table in self.records.tables and table not in self.not_supplied

    def rows(self, table: str, columns: Sequence[str] | None = None) -> Frame:
        """Rows of a table as they were known on the day; none if it was not supplied.

        Happened before the day, recorded before the day, and of the rows of one pupil with one ``record_id`` the version
        recorded last. Statuses, excuses and corrections are still as written: see ``absences`` and ``subject_marks``.

        Parameters
        ----------
        table : str
            Its name.
        columns : sequence of str, optional
            Those that are needed, without recorded_on and record_id; all of the contract by default.

        Returns
        -------
        LazyFrame
            In these columns, of the contract's types.
        """
        contract = self.contracts[table]
        types = column_types(contract)
        ordered = [*_DECIDING.get(table, ()), *(name for name in types if name not in _DECIDING.get(table, ()))]
        wanted = ordered if columns is None else [name for name in ordered if name in columns]
        native = self.records.tables.get(table)
        if native is None:
            native = contract.arrow_schema.empty_table()
        given = self.engine.columns(native)
        dated, day = "date" in types, nw.lit(self.window.as_of, nw.Date)
        needed = {"pupil_id", *wanted, *(["date"] if dated else []), *_WHEN.intersection(given)} & types.keys()
        rows = self.engine.enter(native, {name: kind for name, kind in types.items() if name in needed})
        if dated:
            rows = rows.filter(nw.col("date") < day)
        if "recorded_on" in given:
            rows = rows.filter(nw.col("recorded_on").is_null() | (nw.col("recorded_on") < day))
        if "record_id" in given:
            rows = newest_versions(rows, [name for name in ordered if name in needed])
        unknown = {name: nw.lit(None, types[name]) for name in types.keys() - needed}
        return rows.select(**{name: unknown.get(name, nw.col(name)) for name in columns or types})

    @cached_property
    def contracts(self) -> Mapping[str, TableContract]:
        """Contracts of the tables."""
        from pumpurs_risk.records.tables.contract import table_contracts

        return table_contracts(self.catalogue)

    @property
    def roll(self) -> Frame:
        """Pupils who are at these schools on the day: one row each, in the columns of the table of pupils."""
        from pumpurs_risk.factors.expressions.roll import ROLL_COLUMNS, roll

        return roll(self).select(*ROLL_COLUMNS)

    @property
    def absences(self) -> Frame:
        """Rows of the window: pupil_id, date, subject, missed, unexcused, open, late (lessons), semester."""
        from pumpurs_risk.factors.expressions.absences import absences_of_window

        return absences_of_window(self)

    @property
    def subject_marks(self) -> Frame:
        """One row per pupil and subject: tenths, previous_tenths (whole tenths of a point), sign, date, kind.

        The latest final mark of the window, else a provisional one (kind ``provisional``) of at least three marks.
        ``previous_tenths`` is the final mark of the semester before.
        """
        from pumpurs_risk.factors.expressions.marks import subject_marks

        return subject_marks(self)

    @property
    def incidents(self) -> Frame:
        """Rows from the first day of the window up to the day: pupil_id, date, kind, severity."""
        rows = self.rows("incidents")
        return rows.filter(nw.col("date") >= self.window.start).select("pupil_id", "date", "kind", "severity")

    @property
    def assessments(self) -> Frame:
        """The latest judgement of each pupil and factor within the factor's look-back: pupil_id, factor, value, date, role."""
        from pumpurs_risk.factors.expressions.assessments import latest_assessments

        return latest_assessments(self)

    def at_schools(self, frame: Frame, school: str = "school_id") -> Frame:
        """Keep the rows of the schools that have this window."""
        if self.schools:
            return frame.filter(nw.col(school).is_in(sorted(self.schools)))
        if self.other_schools:
            return frame.filter((~nw.col(school).is_in(sorted(self.other_schools))).fill_null(True))
        return frame


@contextmanager
def known_records(
    records: SchoolRecords,
    as_of: dt.date | str,
    catalogue: Catalogue,
    *,
    memory_limit: str | None = None,
    settles: bool = True,
) -> Iterator[tuple[KnownRecords, ...]]:
    """Open what was known on a day: one for each group of schools with the same semesters and tables, usually one.

    Parameters
    ----------
    records : SchoolRecords
        With tables.
    as_of : date or ISO text
        The day.
    catalogue : Catalogue
        Which factors there are.
    memory_limit : str, optional
        Of DuckDB, such as ``"300MB"``.
    settles : bool
        Whether all is computed before the context ends; not where a relation is handed out that is computed later.

    Yields
    ------
    tuple of KnownRecords
        Their frames can be computed until the context ends.
    """
    with Engine.of(records, memory_limit, settles=settles) as engine:
        yield windows_of(records, as_of, catalogue, engine)


def windows_of(
    records: SchoolRecords, as_of: dt.date | str, catalogue: Catalogue, engine: Engine
) -> tuple[KnownRecords, ...]:
    """Group the schools by window and by the tables that they handed in.

    Parameters
    ----------
    records : SchoolRecords
        With or without a table of semesters.
    as_of : date or ISO text
        The day.
    catalogue : Catalogue
        With the country's calendar.
    engine : Engine
        Where the tables are computed.

    Returns
    -------
    tuple of KnownRecords
        The schools that neither ``semesters`` nor ``records.supplied`` names, then the other groups.
    """
    stated = own_semesters(records, catalogue, engine)
    # Dates of one programme only are of no whole school: such rows say how many lessons were held, not when.
    for_all = [row for row in stated if row["school_id"] is None and row["programme"] is None]
    usual = Window.of(as_of, catalogue, _dated(for_all))
    supplied = {table: set(schools) for table, schools in records.supplied.items() if table in records.tables}
    no_table = frozenset(supplied)  # of a school that handed in none of the tables that only some did
    others: dict[tuple[Any, ...], tuple[Window, frozenset[str], set[str]]] = {}
    named = {row["school_id"] for row in stated if row["school_id"] is not None}
    for school in sorted(named.union(*supplied.values())):
        own = [row for row in stated if row["school_id"] == school]
        window = Window.of(as_of, catalogue, _dated([*for_all, *own])) if own else usual
        missing = frozenset(table for table, schools in supplied.items() if school not in schools)
        if (key := (_bounds(window), missing)) != (_bounds(usual), no_table):
            others.setdefault(key, (window, missing, set()))[2].add(school)
    elsewhere = frozenset(school for *_, schools in others.values() for school in schools)
    groups = [KnownRecords(records, usual, catalogue, engine, other_schools=elsewhere, not_supplied=no_table)]
    groups += [
        KnownRecords(records, window, catalogue, engine, frozenset(some), not_supplied=missing)
        for window, missing, some in others.values()
    ]
    everywhere = tuple(groups)
    for group in groups:
        object.__setattr__(group, "everywhere", everywhere)
    return everywhere


def own_semesters(records: SchoolRecords, catalogue: Catalogue, engine: Engine) -> list[dict[str, Any]]:
    """Read the rows of the table of semesters; a general one before one for a school, programme or class."""
    native = records.tables.get("semesters")
    if native is None:
        return []
    from pumpurs_risk.records.tables.contract import table_contracts

    types = column_types(table_contracts(catalogue)["semesters"])
    rows: list[dict[str, Any]] = engine.arrow(engine.enter(native, types)).to_pylist()
    for row in rows:
        for name in ("school_id", "programme", "class_id"):
            row[name] = row[name] or None
    return sorted(rows, key=lambda row: tuple((value is not None, str(value)) for value in row.values()))


def newest_versions(rows: Frame, columns: Sequence[str]) -> Frame:
    """Keep of the rows of one pupil with one record_id the one recorded last; rows without an id stand for themselves.

    Parameters
    ----------
    rows : LazyFrame
        Known on the day already.
    columns : sequence of str
        Its columns. Of two versions of one day the greatest counts, column by column; the order of rows decides nothing.
    """
    known = [nw.col(name) for name in ("recorded_on", "date") if name in columns]
    recorded = nw.coalesce(*known) if known else nw.lit(None, nw.Date)
    rest = [name for name in columns if name not in ("pupil_id", "record_id", "recorded_on")]
    numbered = rows.filter(~nw.col("record_id").is_null()).with_columns(_recorded=recorded)
    newest = numbered.unique(["pupil_id", "record_id"], keep="last", order_by=["_recorded", *rest])
    return nw.concat([rows.filter(nw.col("record_id").is_null()).select(*columns), newest.select(*columns)])


def column_types(contract: TableContract) -> dict[str, Kind]:
    """Types of a table's columns, as the engines know them."""
    kinds: dict[pa.DataType, Kind] = {pa.string(): nw.String, pa.date32(): nw.Date, pa.float64(): nw.Float64}
    return {column.name: kinds[column.type] for column in contract.arrow_schema}


def _dated(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep rows of whole schools where a semester has one, else of its classes from the first day to the last.

    The last row of a semester decides: one for a whole school comes after those for single programmes of it.
    """
    whole = [row for row in rows if row["class_id"] is None]
    whole.sort(key=lambda row: (row["school_id"] is not None, row["programme"] is None))
    named = {(row["school_id"], row["semester"]) for row in whole}
    spans: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["class_id"] is not None and (row["school_id"], row["semester"]) not in named:
            span = spans.setdefault(row["semester"], dict(row))
            span["date_from"] = min(filter(None, (span["date_from"], row["date_from"])), default=None)
            span["date_to"] = max(filter(None, (span["date_to"], row["date_to"])), default=None)
    return [*spans.values(), *whole]


def _bounds(window: Window) -> tuple[Any, ...]:
    return tuple((name, *window.calendar.bounds(name)) for name in window.calendar)

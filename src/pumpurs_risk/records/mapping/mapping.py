"""Turns any other system's export into the sheet or into event tables, as a mapping file (TOML) says.

The order is fixed, so that a mapping means one thing: keep rows (``[where]``), turn columns into rows (``[melt]``),
make intermediate columns (``[steps]``), bring the rows of a pupil together (``[group]``), make the table's columns
(``[columns]``). Within a column: taking a part, recoding, empty cells, combining columns, aggregating rows, scaling,
rounding. With ``[[tables]]`` this happens once for every section that is for the file.
"""

from __future__ import annotations

from collections.abc import Mapping as Lookup
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

from pumpurs_risk.errors import MappingError
from pumpurs_risk.records.mapping.cells import as_array
from pumpurs_risk.records.mapping.grammar import read_plan
from pumpurs_risk.records.mapping.periods import is_date
from pumpurs_risk.records.mapping.plan import DATES, Heading, Plan, Reading, folded
from pumpurs_risk.records.mapping.table import ForeignTable
from pumpurs_risk.records.raw_table import Notice, RawTable

if TYPE_CHECKING:
    from pumpurs_risk.records.contract import SheetContract
    from pumpurs_risk.records.tables.contract import TableContract
    from pumpurs_risk.records.validation.report import ProblemLog

Contracts: TypeAlias = "Lookup[str, TableContract]"
_SHIPPED = Path(__file__).parent / "shipped"


@dataclass(frozen=True)
class Mapping:
    """A mapping file, read and checked.

    Parameters
    ----------
    plan : Plan
        What the file asks for.

    See Also
    --------
    docs/mapping.md : the complete reference with worked examples.

    Examples
    --------
    >>> import numpy as np, pyarrow as pa
    >>> from pumpurs_risk.records.raw_table import RawTable
    >>> mapping = Mapping.from_text('''
    ... [columns]
    ... pupil_id = "Admission No"
    ... [columns.lessons_missed]
    ... from = "Half-days absent"
    ... multiply = 3
    ... ''')
    >>> cells = {"Admission no": pa.array(["007"]), "Half-days absent": pa.array(["5"])}
    >>> export = RawTable("y9.csv", "", "", cells, np.array([2]))
    >>> {heading: cells.to_pylist() for heading, cells in mapping.apply(export).columns.items()}
    {'pupil_id': ['007'], 'lessons_missed': [15.0]}
    """

    plan: Plan

    @classmethod
    def load(
        cls, path: str | Path, *, contract: SheetContract | None = None, tables: Contracts | None = None
    ) -> Mapping:
        """Read a mapping file.

        Parameters
        ----------
        path : str or Path
            The TOML, in UTF-8; or the name of a shipped one (see `shipped_mappings`), if no such file is there.
        contract : SheetContract, optional
            The columns a sheet can have; by default those of the shipped catalogue.
        tables : mapping of str to TableContract, optional
            The event tables that can be made; by default those of the shipped catalogue.

        Returns
        -------
        Mapping
            Never changed afterwards.

        Raises
        ------
        MappingError
            If it is not there, or cannot be followed; names the file, the line, the key and what was expected.
        """
        path = Path(path)
        shipped = _SHIPPED / f"{path}.toml"
        known = shipped_mappings()
        if str(path) in known and not path.is_file():
            content = shipped.read_bytes()
        else:
            try:
                content = path.read_bytes()
            except OSError:
                raise MappingError("mapping_missing", path=str(path), shipped=", ".join(known)) from None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise MappingError("mapping_not_utf8", path=str(path), line=line) from None
        return cls.from_text(text, path=str(path), contract=contract, tables=tables)

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        path: str = "mapping.toml",
        contract: SheetContract | None = None,
        tables: Contracts | None = None,
    ) -> Mapping:
        """Read the text of a mapping file; ``path`` names it in messages."""
        given = _shipped_tables if tables is None else lambda: tables
        return cls(read_plan(text, path, contract or _shipped_contract(), given))

    @property
    def reading(self) -> Reading:
        """How the foreign file is to be read: encoding, sheets, decimal mark, words for missing."""
        return self.plan.reading

    @property
    def sections(self) -> tuple[Plan, ...]:
        """What makes a table each: the sections of ``[[tables]]``, or the file itself."""
        return self.plan.sections or (self.plan,)

    @property
    def makes_tables(self) -> bool:
        """Whether the file has ``[[tables]]``, so that one export may make several tables."""
        return bool(self.plan.sections)

    def wants(self, sheet: str) -> bool:
        """Whether a worksheet of this name is mapped; a file without sheets has the name ""."""
        return not sheet or not self.reading.sheets or folded(sheet) in map(folded, self.reading.sheets)

    def headings(self) -> list[Heading]:
        """All headings of the foreign file that the mapping asks for, patterns with ``*`` included."""
        return [heading for section in self.sections for heading in _asked(section)]

    def asks_for(self, heading: str) -> bool:
        """Whether the mapping names this heading of the foreign file: how a reader finds the heading row."""
        if any(section.melt is not None and section.melt.dates for section in self.sections) and is_date(heading):
            return True
        return any(asked.matches(heading) for asked in self._headings)

    @cached_property
    def _headings(self) -> list[Heading]:
        return self.headings()

    def apply(self, raw: RawTable, log: ProblemLog | None = None) -> RawTable:
        """Turn a foreign table into the sheet.

        Parameters
        ----------
        raw : RawTable
            The export as it was read.
        log : ProblemLog, optional
            Takes the cells that could not be calculated, which become unknown: file, row, column, value. Without it
            they become unknown unreported.

        Returns
        -------
        RawTable
            Headed by the sheet's column ids. ``rows`` has the row in the file of each pupil's first row; notices say
            what was left out.

        Raises
        ------
        MappingError
            If the file lacks a heading, or has it twice; names the mapping's line and the nearest heading.
        """
        if self.makes_tables:
            raise ValueError("this mapping has [[tables]]; use apply_all, which gives all of them")
        made = _made(self.plan, raw, log)
        return replace(made, notices=(*made.notices, *_unused((self.plan,), raw)))

    def apply_all(self, raw: RawTable, log: ProblemLog | None = None) -> list[RawTable]:
        """Turn a foreign table into everything that the mapping makes of it.

        Parameters
        ----------
        raw : RawTable
            The export as it was read.
        log : ProblemLog, optional
            As in `apply`.

        Returns
        -------
        list of RawTable
            One per section of ``[[tables]]`` that is for this file, in the mapping's order, with ``table`` set to the
            event table's name; "" is a factor sheet. Each begins with the notices of ``raw``. A table that no section is for
            comes back as it is, with a notice, so that one of our own among the exports is still recognised.

        Raises
        ------
        MappingError
            As `apply`.

        Examples
        --------
        >>> import numpy as np, pyarrow as pa
        >>> from pumpurs_risk.records.raw_table import RawTable
        >>> mapping = Mapping.from_text('''
        ... [[tables]]
        ... table = "absences"
        ... melt = { columns = "dates", name = "Diena", value = "Ieraksts" }
        ... [tables.columns]
        ... pupil_id = "Nr."
        ... date = "Diena"
        ... [tables.columns.status]
        ... from = "Ieraksts"
        ... recode = { n = "absent_open", ns = "excused_illness" }
        ... ''')
        >>> journal = {"Nr.": pa.array(["1", "2"]), "05.10.2026.": pa.array(["n", ""]), "06.10.2026.": pa.array(["ns", "n"])}
        >>> [made] = mapping.apply_all(RawTable("9a.csv", "", "", journal, np.array([2, 3])))
        >>> made.table, made.columns["status"].to_pylist(), made.rows.tolist()
        ('absences', ['absent_open', 'excused_illness', 'absent_open'], [2, 2, 3])
        """
        if not self.makes_tables:
            return [self.apply(raw, log)]
        fitting = [section for section in self.plan.sections if _is_for(section, raw)]
        if not fitting:
            asked = dict.fromkeys(map(_what_it_is_for, self.plan.sections))
            notice = Notice("mapping.no_section", value=self.plan.path, detail="; ".join(asked))
            return [replace(raw, notices=(*raw.notices, notice))]
        made = [_made(section, raw, log) for section in fitting]
        said = dict.fromkeys(name for section in fitting for name in section.notices)
        notices = [Notice(f"mapping.{name}", value=self.plan.path) for name in said]
        made[0] = replace(made[0], notices=(*made[0].notices, *_unused(fitting, raw), *notices))
        return made


def shipped_mappings() -> tuple[str, ...]:
    """Names of the mapping files that come with the library.

    Returns
    -------
    tuple of str
        What `Mapping.load` takes instead of a path.

    Examples
    --------
    >>> shipped_mappings()
    ('e-klase', 'mykoob')
    """
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


def _made(plan: Plan, raw: RawTable, log: ProblemLog | None) -> RawTable:
    """Make one table."""
    table = ForeignTable(plan, raw, log)
    if plan.where:
        table.keep(plan.where)
    if plan.melt is not None:
        table.melt(plan.melt, _named_after_melting(plan))
    for step in plan.steps:
        table.step(step)
    groups = table.group(plan.group) if plan.group else None
    columns = {}
    for column in plan.columns:
        cells = as_array(table.column(column, groups))
        if not (plan.table and table.lacks(column)):  # a column that nobody supplied is not there, instead of empty
            columns[column.target] = cells
    first = slice(None) if groups is None else groups.first
    one = {c.target: c.sources[0].name for c in plan.columns if len(c.sources) == 1 and not c.sources[0].is_pattern}
    return replace(
        raw,
        columns=columns,
        rows=table.rows[first],
        cover=table.said.cover,
        notices=(*raw.notices, *table.notices),
        origins=one,
        table=plan.table,
    )


def _is_for(section: Plan, raw: RawTable) -> bool:
    """Whether a section is for a table: by the names of its file and sheet, and by the headings that it must have."""
    name = PurePosixPath(raw.file).name
    by_name = any(Heading(each, 0).matches(name) for each in section.files)
    by_sheet = any(Heading(each, 0).matches(raw.sheet) for each in section.sheets)
    named = by_name or by_sheet or not (section.files or section.sheets)
    return named and all(_has_one(group, raw) for group in section.headings)


def _what_it_is_for(section: Plan) -> str:
    """The names that a section asks for, or else the headings."""
    names = dict.fromkeys((*section.files, *section.sheets))
    return ", ".join(names) or " + ".join(group[0] for group in section.headings)


def _has_one(group: tuple[str, ...], raw: RawTable) -> bool:
    if DATES in group and any(map(is_date, raw.columns)):
        return True
    return any(Heading(asked, 0).matches(heading) for asked in group for heading in raw.columns)


def _asked(plan: Plan) -> list[Heading]:
    """Headings of the file that a plan asks for, but not the columns that it makes on the way."""
    own = {folded(step.target) for step in plan.steps}
    asked = [source for column in (*plan.steps, *plan.columns) for source in column.sources]
    asked += [condition.heading for column in plan.columns for condition in column.where]
    asked += [Heading(name, 0) for group in plan.headings for name in group if name != DATES]
    melt = plan.melt
    if melt is not None:
        own |= {folded(name) for name in (melt.name, melt.value, melt.number, melt.entries, melt.beside) if name}
        asked += [*(() if melt.dates else melt.columns), *melt.all_but]
        asked += [condition.heading for condition in melt.where]
    asked += [*plan.group, *(condition.heading for condition in plan.where)]
    return [heading for heading in asked if folded(heading.name) not in own]


def _named_after_melting(plan: Plan) -> list[Heading]:
    asked = [*plan.group, *(source for column in (*plan.steps, *plan.columns) for source in column.sources)]
    asked += [condition.heading for condition in (plan.melt.where if plan.melt else ())]
    return asked + [condition.heading for column in plan.columns for condition in column.where]


def _unused(plans: Sequence[Plan], raw: RawTable) -> list[Notice]:
    """Name the columns of the file that no plan asks for."""
    melts = [plan.melt for plan in plans if plan.melt is not None]
    if any(melt.all_but for melt in melts):
        return []
    asked = [heading for plan in plans for heading in _asked(plan)]
    dated = any(melt.dates for melt in melts)
    unused = [
        name
        for name in raw.columns
        if not any(heading.matches(name) for heading in asked) and not (dated and is_date(name))
    ]
    return [Notice("mapping.columns_unused", detail=", ".join(unused))] if unused else []


@cache
def _shipped_contract() -> SheetContract:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.contract import SheetContract

    return SheetContract.load(Catalogue.load())


@cache
def _shipped_tables() -> dict[str, TableContract]:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.tables.contract import table_contracts

    return table_contracts(Catalogue.load())

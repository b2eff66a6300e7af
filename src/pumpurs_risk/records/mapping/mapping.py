"""Turns any other system's export into the sheet, as a mapping file (TOML) says.

The order is fixed, so that a mapping means one thing: keep rows (``[where]``), turn columns into rows (``[melt]``),
make intermediate columns (``[steps]``), bring the rows of a pupil together (``[group]``), make the sheet's columns
(``[columns]``). Within a column: recoding, empty cells, combining columns, aggregating rows, scaling, rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pumpurs_risk.errors import MappingError
from pumpurs_risk.records.mapping.cells import as_array
from pumpurs_risk.records.mapping.grammar import read_plan
from pumpurs_risk.records.mapping.plan import Heading, Plan, Reading, folded
from pumpurs_risk.records.mapping.table import ForeignTable
from pumpurs_risk.records.raw_table import RawTable

if TYPE_CHECKING:
    from pumpurs_risk.records.contract import SheetContract
    from pumpurs_risk.records.validation.report import ProblemLog


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
    def load(cls, path: str | Path, *, contract: SheetContract | None = None) -> Mapping:
        """Read a mapping file.

        Parameters
        ----------
        path : str or Path
            The TOML, in UTF-8.
        contract : SheetContract, optional
            The columns a sheet can have; by default those of the shipped catalogue.

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
        try:
            content = path.read_bytes()
        except OSError:
            raise MappingError("mapping_missing", path=str(path)) from None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise MappingError("mapping_not_utf8", path=str(path), line=line) from None
        return cls.from_text(text, path=str(path), contract=contract)

    @classmethod
    def from_text(cls, text: str, *, path: str = "mapping.toml", contract: SheetContract | None = None) -> Mapping:
        """Read the text of a mapping file; ``path`` names it in messages."""
        return cls(read_plan(text, path, contract or _shipped_contract()))

    @property
    def reading(self) -> Reading:
        """How the foreign file is to be read: encoding, sheets, decimal mark, words for missing."""
        return self.plan.reading

    def wants(self, sheet: str) -> bool:
        """Whether a worksheet of this name is mapped; a file without sheets has the name ""."""
        return not sheet or not self.reading.sheets or folded(sheet) in map(folded, self.reading.sheets)

    def headings(self) -> list[Heading]:
        """All headings of the foreign file that the mapping asks for, patterns with ``*`` included."""
        plan = self.plan
        own = {folded(step.target) for step in plan.steps}
        asked = [source for column in (*plan.steps, *plan.columns) for source in column.sources]
        asked += [condition.heading for column in plan.columns for condition in column.where]
        if plan.melt is not None:
            own |= {folded(plan.melt.name), folded(plan.melt.value)}
            asked += [*plan.melt.columns, *plan.melt.all_but]
        asked += [*plan.group, *(condition.heading for condition in plan.where)]
        return [heading for heading in asked if folded(heading.name) not in own]

    def asks_for(self, heading: str) -> bool:
        """Whether the mapping names this heading of the foreign file: how a reader finds the heading row."""
        return any(asked.matches(heading) for asked in self.headings())

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
        table = ForeignTable(self.plan, raw, log)
        plan = self.plan
        if plan.where:
            table.keep(plan.where)
        if plan.melt is not None:
            table.melt(plan.melt, self._named_after_melting())
        for step in plan.steps:
            table.step(step)
        groups = table.group(plan.group) if plan.group else None
        columns = {column.target: as_array(table.column(column, groups)) for column in plan.columns}
        first = slice(None) if groups is None else groups.first
        cover = dict(plan.cover) | {key: value for key, value in raw.cover.items() if value.strip()}
        notices = (*raw.notices, *table.notices, *table.unused(self.headings()))
        one = {
            c.target: c.sources[0].name
            for c in self.plan.columns
            if len(c.sources) == 1 and not c.sources[0].is_pattern
        }
        return replace(raw, columns=columns, rows=table.rows[first], cover=cover, notices=notices, origins=one)

    def _named_after_melting(self) -> list[Heading]:
        plan = self.plan
        asked = [*plan.group, *(source for column in (*plan.steps, *plan.columns) for source in column.sources)]
        return asked + [condition.heading for column in plan.columns for condition in column.where]


@cache
def _shipped_contract() -> SheetContract:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.contract import SheetContract

    return SheetContract.load(Catalogue.load())

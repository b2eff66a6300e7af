"""Turns any other system's export into the sheet, as a mapping file (TOML) says.

The order is fixed, so that a mapping means one thing: keep rows (``[where]``), turn columns into rows (``[melt]``),
make intermediate columns (``[steps]``), bring the rows of a pupil together (``[group]``), make the sheet's columns
(``[columns]``). Within a column: empty cells, recoding, combining columns, aggregating rows, scaling.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pumpurs_risk.errors import MappingError
from pumpurs_risk.records.mapping_cells import (
    Bools,
    Cells,
    Whole,
    as_array,
    as_text,
    filled,
    known,
    numbers,
    recoded,
    scaled,
    take,
    texts,
)
from pumpurs_risk.records.mapping_file import nearest, read_plan
from pumpurs_risk.records.mapping_plan import (
    PAIR_OPERATIONS,
    UNKNOWN,
    Column,
    Condition,
    Heading,
    Melt,
    Plan,
    Reading,
    Reduction,
    folded,
)
from pumpurs_risk.records.mapping_reduce import Groups, aggregated, combined, differing
from pumpurs_risk.records.raw_table import Notice, RawTable

if TYPE_CHECKING:
    from pumpurs_risk.records.contract import SheetContract
    from pumpurs_risk.records.report import ProblemLog


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
        table = _Table(self.plan, raw, log)
        plan = self.plan
        if plan.where:
            table.keep(plan.where)
        if plan.melt is not None:
            table.melt(plan.melt, self._named_after_melting())
        for step in plan.steps:
            table.cells[step.target] = table.column(step, None)
            table.origin.pop(step.target, None)
        groups = table.group(plan.group) if plan.group else None
        columns = {column.target: as_array(table.column(column, groups)) for column in plan.columns}
        first = slice(None) if groups is None else groups.first
        cover = dict(plan.cover) | {key: value for key, value in raw.cover.items() if value.strip()}
        notices = (*raw.notices, *table.notices, *table.unused(self.headings()))
        return replace(raw, columns=columns, rows=table.rows[first], cover=cover, notices=notices)

    def _named_after_melting(self) -> list[Heading]:
        plan = self.plan
        asked = [*plan.group, *(source for column in (*plan.steps, *plan.columns) for source in column.sources)]
        return asked + [condition.heading for column in plan.columns for condition in column.where]


@dataclass
class _Table:
    """The foreign table on its way: columns by heading, and the row of the file that each row came from."""

    plan: Plan
    raw: RawTable
    log: ProblemLog | None
    cells: dict[str, Cells] = field(init=False)
    rows: Whole = field(init=False)
    origin: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    """Of a melted column: the heading that each cell stood under."""
    notices: list[Notice] = field(default_factory=list)
    reported: dict[tuple[str, str], Bools] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cells = dict(self.raw.columns)
        self.rows = np.asarray(self.raw.rows, dtype=np.int64)

    # Rows

    def keep(self, conditions: Iterable[Condition]) -> None:
        """Keep the rows that pass all conditions."""
        passed = np.flatnonzero(self.passes(conditions))
        left_out = self.rows.size - passed.size
        if left_out:
            self.notices.append(Notice("mapping.rows_left_out", value=str(left_out), detail=str(self.rows.size)))
        self.choose(passed)

    def choose(self, index: Whole) -> None:
        self.cells = {heading: take(cells, index) for heading, cells in self.cells.items()}
        self.rows = self.rows[index]
        self.reported = {}

    def passes(self, conditions: Iterable[Condition]) -> Bools:
        passed = np.ones(self.rows.size, dtype=bool)
        for condition in conditions:
            (heading,) = self.find([condition.heading], one_each=True)
            passed &= self.passes_one(condition, heading)
        return passed

    def passes_one(self, condition: Condition, heading: str) -> Bools:
        cells = self.read(heading)
        passed: Bools
        if condition.test == "filled":
            passed = known(cells) == bool(condition.values[0])
        elif condition.test in ("is", "not"):
            found, _ = recoded(cells, {as_text(value): 1.0 for value in condition.values}, UNKNOWN)
            passed = known(found) == (condition.test == "is")
        else:
            values, limit = self.as_numbers(cells, heading), float(condition.values[0])
            passed = values >= limit if condition.test == "at_least" else values < limit
        return passed

    def melt(self, melt: Melt, asked: Iterable[Heading]) -> None:
        """Make a row of every melted cell; the rows of one pupil stay together."""
        if melt.columns:
            melted = self.find(melt.columns)
        else:
            kept = set(self.find(melt.all_but))
            melted = [heading for heading in self.cells if heading not in kept]
        n, k = self.rows.size, len(melted)
        stacked = pa.concat_arrays([texts(self.cells[heading], self.plan.reading.missing) for heading in melted])
        names = np.array(melted, dtype=object)
        needed = [heading for heading in self.cells if any(each.matches(heading) for each in asked)]
        self.cells = {heading: self.cells[heading] for heading in needed if heading not in melted}
        self.choose(np.repeat(np.arange(n), k))
        self.cells[melt.name] = pa.DictionaryArray.from_arrays(
            np.tile(np.arange(k, dtype=np.int32), n), pa.array(melted)
        )
        self.cells[melt.value] = take(stacked, np.arange(n * k).reshape(k, n).T.ravel())
        self.origin[melt.value] = np.tile(names, n)

    def group(self, by: tuple[Heading, ...]) -> Groups:
        groups = Groups.by([self.read(heading) for heading in self.find(by, one_each=True)])
        if groups.first.size < self.rows.size:
            count = str(groups.first.size)
            self.notices.append(Notice("mapping.rows_grouped", value=count, detail=str(np.unique(self.rows).size)))
        return groups

    # Columns

    def column(self, column: Column, groups: Groups | None) -> Cells:
        """Make one column."""
        size = self.rows.size if groups is None else groups.first.size
        if column.constant is not None:
            constant = column.constant
            return pa.repeat(constant, size) if isinstance(constant, str) else np.full(size, constant)
        if column.row_number:
            return self.row_numbers(column, groups)
        headings = self.find(column.sources, optional=column.optional, one_each=column.combine is None)
        in_pairs = column.combine is not None and column.combine.name in PAIR_OPERATIONS
        if not headings or (in_pairs and len(headings) < len(set(column.sources))):
            self.notices.append(Notice("mapping.heading_absent", column=column.sources[0].name, detail=column.target))
            return pa.nulls(size, pa.string())
        if groups is not None and column.aggregate is None:
            self.name_differing(headings, groups)
        parts = [self.prepared(column, heading) for heading in headings]
        cells = parts[0]
        if column.combine is not None:
            cells, failed = combined(parts, column.combine, column.separator)
            self.report("mapping.division_by_zero", headings[-1], failed, self.read(headings[-1]))
        if groups is not None:
            matched = self.passes(column.where) if column.where else None
            cells = aggregated(cells, groups, column.aggregate or Reduction("first"), matched)
        return scaled(cells, column.multiply, column.add) if column.is_scaled else cells

    def prepared(self, column: Column, heading: str) -> Cells:
        """One source column, cell by cell: filled, recoded, as numbers where they are counted with."""
        source = self.read(heading)
        cells = filled(source, column.empty)
        if column.recode is not None:
            cells, uncoded = recoded(cells, column.recode, column.other)
            self.report("mapping.uncoded", heading, uncoded, source)
        return self.as_numbers(cells, heading) if column.needs_numbers else cells

    def read(self, heading: str) -> Cells:
        """Cells of a column; what the mapping calls missing, and an empty text, is unknown."""
        cells = self.cells[heading]
        if isinstance(cells, np.ndarray):
            return cells
        if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type):
            return texts(cells, self.plan.reading.missing)
        if not self.plan.reading.missing:
            return cells
        there = known(texts(cells, self.plan.reading.missing))
        return take(cells, np.where(there, np.arange(len(cells)), -1))

    def as_numbers(self, cells: Cells, heading: str) -> Any:
        values, bad = numbers(cells, self.plan.reading.decimal)
        if bad.any():
            admitted = texts(take(cells, np.flatnonzero(bad)), self.plan.unknown_words)
            bad[bad] = known(admitted)
        self.report("mapping.not_a_number", heading, bad, cells)
        return values

    def row_numbers(self, column: Column, groups: Groups | None) -> pa.Array[Any]:
        rows = self.rows if groups is None else self.rows[groups.first]
        prefix = column.prefix.replace("{file}", Path(self.raw.file).stem).replace("{sheet}", self.raw.sheet)
        return pa.array(np.char.add(prefix, rows.astype("U20")).astype(object), pa.string())

    def name_differing(self, headings: Iterable[str], groups: Groups) -> None:
        """Name the rows of a pupil that say something else than the first; the first counts."""
        for heading in headings:
            cells = self.read(heading)
            self.report("mapping.rows_differ", heading, differing(cells, groups), cells, action="ignored")

    # Headings

    def find(self, asked: Sequence[Heading], *, optional: bool = False, one_each: bool = False) -> list[str]:
        """Headings of the file that are asked for: as written, else without regard to case and spaces."""
        found: list[str] = []
        for heading in asked:
            fits = [heading.name] if heading.name in self.cells else self.fitting(heading)
            if not fits and not optional:
                near = nearest(heading.name, self.cells)
                raise self.refusal("mapping_heading_missing", heading, nearest=near)
            if len(fits) > 1 and (one_each or not heading.is_pattern):
                raise self.refusal("mapping_heading_ambiguous", heading, found=", ".join(fits))
            found += [fit for fit in fits if fit not in found]
        return found

    def fitting(self, heading: Heading) -> list[str]:
        return [name for name in self.cells if heading.matches(name)]

    def refusal(self, code: str, heading: Heading, **params: Any) -> MappingError:
        where = f"{self.raw.file} ({self.raw.sheet})" if self.raw.sheet else self.raw.file
        return MappingError(code, path=self.plan.path, line=heading.line, heading=heading.name, file=where, **params)

    def unused(self, asked: Sequence[Heading]) -> list[Notice]:
        melt = self.plan.melt
        if melt is not None and melt.all_but:
            return []
        unused = [name for name in self.raw.columns if not any(heading.matches(name) for heading in asked)]
        return [Notice("mapping.columns_unused", detail=", ".join(unused))] if unused else []

    # Problems

    def report(self, code: str, heading: str, where: Bools, cells: Cells, action: Any = "cell_unknown") -> None:
        """Name cells by file, row, column and value; each once, however many columns are made from it."""
        reported = self.reported.setdefault((code, heading), np.zeros(where.size, dtype=bool))
        index = np.flatnonzero(where & ~reported)
        reported |= where
        if self.log is None or not index.size:
            return
        values = np.array(texts(take(cells, index)).to_pylist(), dtype=object)
        origin = np.full(index.size, heading, object) if heading not in self.origin else self.origin[heading][index]
        for name in dict.fromkeys(origin):
            here = origin == name
            self.log.add(
                code,
                file=self.raw.file,
                sheet=self.raw.sheet,
                school_id=self.raw.school,
                column=name,
                rows=self.rows[index[here]],
                values=values[here],
                action=action,
            )


@cache
def _shipped_contract() -> SheetContract:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.contract import SheetContract

    return SheetContract.load(Catalogue.load())

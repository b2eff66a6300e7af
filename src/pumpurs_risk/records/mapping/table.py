"""A foreign table on its way to the sheet: rows kept and brought together, columns melted and made, problems named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pumpurs_risk.errors import MappingError
from pumpurs_risk.records.mapping.cells import (
    Bools,
    Cells,
    Whole,
    as_text,
    dates,
    filled,
    has_percent,
    known,
    numbers,
    recoded,
    rounded,
    scaled,
    take,
    texts,
)
from pumpurs_risk.records.mapping.grammar import nearest
from pumpurs_risk.records.mapping.plan import (
    PAIR_OPERATIONS,
    UNKNOWN,
    Column,
    Condition,
    Heading,
    Melt,
    Plan,
    Reduction,
)
from pumpurs_risk.records.mapping.reduction import Groups, aggregated, combined, differing
from pumpurs_risk.records.raw_table import Notice, RawTable

if TYPE_CHECKING:
    from pumpurs_risk.records.validation.report import ProblemLog


@dataclass
class ForeignTable:
    """The foreign table on its way: columns by heading, and the row of the file that each row came from."""

    plan: Plan
    raw: RawTable
    log: ProblemLog | None
    cells: dict[str, Cells] = field(init=False)
    rows: Whole = field(init=False)
    origin: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    """Of a melted or intermediate column: the heading of the file under which each cell stood."""
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
        """Go on with these rows, in this order."""
        self.cells = {heading: take(cells, index) for heading, cells in self.cells.items()}
        self.rows = self.rows[index]
        self.reported = {}

    def passes(self, conditions: Iterable[Condition]) -> Bools:
        """Say which rows pass all conditions."""
        passed = np.ones(self.rows.size, dtype=bool)
        for condition in conditions:
            (heading,) = self.find([condition.heading], one_each=True)
            passed &= self.passes_one(condition, heading)
        return passed

    def passes_one(self, condition: Condition, heading: str) -> Bools:
        """Say which rows pass one condition."""
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
        """Find the rows that belong to one pupil."""
        groups = Groups.by([self.read(heading) for heading in self.find(by, one_each=True)])
        if groups.first.size < self.rows.size:
            count = str(groups.first.size)
            self.notices.append(Notice("mapping.rows_grouped", value=count, detail=str(np.unique(self.rows).size)))
        return groups

    # Columns

    def step(self, step: Column) -> None:
        """Make an intermediate column; made from one column, its cells are reported under that column's heading."""
        cells = self.column(step, None)
        sources = [] if step.combine is not None else self.find(step.sources, optional=True)
        self.origin.pop(step.target, None)
        if len(sources) == 1:
            plain = np.full(self.rows.size, sources[0], dtype=object)
            self.origin[step.target] = self.origin.get(sources[0], plain)
        self.cells[step.target] = cells

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
            divisor = pa.compute.coalesce(texts(self.read(headings[-1])), texts(parts[-1]))  # what empty says
            self.report("mapping.division_by_zero", headings[-1], failed, divisor)
        if groups is not None:
            matched = self.passes(column.where) if column.where else None
            cells = aggregated(cells, groups, column.aggregate or Reduction("first"), matched)
        if column.is_scaled:
            cells = scaled(cells, column.multiply, column.add)
        return cells if column.round is None else rounded(cells, column.round)

    def prepared(self, column: Column, heading: str) -> Cells:
        """One source column, cell by cell: recoded, filled, as numbers where they are counted with."""
        cells = source = self.read(heading)
        if column.recode is not None:
            cells, uncoded = recoded(cells, column.recode, column.other)
            self.report("mapping.uncoded", heading, uncoded, source)
        if column.date_order:
            cells, bad = dates(cells, column.date_order)
            self.report("mapping.not_a_date", heading, bad, source)
        cells = filled(cells, column.empty, ~known(source))
        as_percent = column.percent and not column.counts_cells and has_percent(cells)
        return self.as_numbers(cells, heading) if column.needs_numbers or as_percent else cells

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
        """Read cells as numbers, and name those that are none."""
        values, bad = numbers(cells, self.plan.reading.decimal)
        if bad.any():
            admitted = texts(take(cells, np.flatnonzero(bad)), self.plan.unknown_words)
            bad[bad] = known(admitted)
        self.report("mapping.not_a_number", heading, bad, cells)
        return values

    def row_numbers(self, column: Column, groups: Groups | None) -> pa.Array[Any]:
        """Make ids of the numbers of the rows in the file."""
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
        """List the headings of the file that an asked one fits, case and spaces apart."""
        return [name for name in self.cells if heading.matches(name)]

    def refusal(self, code: str, heading: Heading, **params: Any) -> MappingError:
        """Make the error that names the mapping's line and this file."""
        where = f"{self.raw.file} ({self.raw.sheet})" if self.raw.sheet else self.raw.file
        return MappingError(code, path=self.plan.path, line=heading.line, heading=heading.name, file=where, **params)

    def unused(self, asked: Sequence[Heading]) -> list[Notice]:
        """Name the columns of the file that nothing asks for."""
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
        values = np.array(texts(take(cells, index)).fill_null("").to_pylist(), dtype=object)
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

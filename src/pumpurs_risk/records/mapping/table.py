"""A foreign table on its way to the sheet: rows kept and brought together, columns melted and made, problems named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
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
from pumpurs_risk.records.mapping.keys import nearest
from pumpurs_risk.records.mapping.melting import melt_cells, number_of_entry, read_headings
from pumpurs_risk.records.mapping.patterns import parts_of
from pumpurs_risk.records.mapping.periods import is_date, read_period
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
from pumpurs_risk.records.mapping.surroundings import Surroundings
from pumpurs_risk.records.raw_table import Notice, RawTable
from pumpurs_risk.records.tables.contract import OWNERS

if TYPE_CHECKING:
    from pumpurs_risk.catalogue.calendar import SchoolCalendar
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
    silent: set[str] = field(default_factory=set)
    """Intermediate columns of which the file says nothing."""
    said: Surroundings = field(init=False)
    """What the cover, the lines above, and the names of sheet and file say."""

    def __post_init__(self) -> None:
        self.said = Surroundings(self.raw, self.plan.cover)
        self.cells = dict(self.raw.columns)
        self.rows = np.asarray(self.raw.rows, dtype=np.int64)

    # Rows

    def keep(self, conditions: Iterable[Condition], code: str = "mapping.rows_left_out") -> None:
        """Keep the rows that pass all conditions; the report says how many do not."""
        passed = np.flatnonzero(self.passes(conditions))
        left_out = self.rows.size - passed.size
        if left_out:
            self.notices.append(Notice(code, value=str(left_out), detail=str(self.rows.size)))
        self.choose(passed)

    def choose(self, index: Whole) -> None:
        """Go on with these rows, in this order."""
        self.cells = {heading: take(cells, index) for heading, cells in self.cells.items()}
        self.rows = self.rows[index]
        self.origin = {heading: names[index] for heading, names in self.origin.items()}
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
        melted = self.melted_headings(melt)
        read = read_headings(melted, melt, self.school_year if melt.dates else "")
        if read.lacking_year:
            given = Heading(read.lacking_year[0], melt.line)
            raise self.refusal("mapping_year_missing", given)
        needed = [heading for heading in self.cells if any(each.matches(heading) for each in asked)]
        reading = self.plan.reading
        made = melt_cells([self.cells[each] for each in melted], melt, reading.missing, reading.decimal)
        self.cells = {heading: self.cells[heading] for heading in needed if heading not in melted}
        self.choose(made.row)
        self.cells[melt.name] = _by_heading(read.names, made.column)
        self.cells[melt.value] = made.values
        if melt.beside:
            self.cells[melt.beside] = _by_heading(read.beside, made.column)
        if melt.number:
            self.cells[melt.number] = pa.array(number_of_entry(made, read))
        if melt.entries:
            self.cells[melt.entries] = pa.array(made.entries)
        self.origin[melt.value] = self.origin[melt.name] = np.array(melted, dtype=object)[made.column]
        self.report("mapping.not_a_count", melt.value, made.bad, made.values)
        for place in read.impossible:
            self.report_once("mapping.heading_not_a_date", melted[place], melted[place])
        if melt.where:
            self.keep(melt.where, "mapping.cells_left_out")

    def melted_headings(self, melt: Melt) -> list[str]:
        """Headings of the file that are melted; all that are dates, unless one is called "dates"."""
        if melt.dates:
            found = [heading for heading in self.cells if is_date(heading)]
            if not found:
                raise self.refusal("mapping_no_dates", Heading(next(iter(self.cells), ""), melt.line))
            return found
        if melt.columns:
            found = self.find(melt.columns, optional=melt.optional)
            if not found:
                raise self.refusal(
                    "mapping_heading_missing", melt.columns[0], nearest=nearest(melt.columns[0].name, self.cells)
                )
            return found
        kept = set(self.find(melt.all_but, optional=melt.optional))
        return [heading for heading in self.cells if heading not in kept]

    def group(self, by: tuple[Heading, ...]) -> Groups:
        """Find the rows that belong to one pupil."""
        groups = Groups.by([self.read(heading) for heading in self.find(by, one_each=True)])
        if groups.first.size < self.rows.size:
            count = str(groups.first.size)
            self.notices.append(Notice("mapping.rows_grouped", value=count, detail=str(np.unique(self.rows).size)))
        return groups

    # Columns

    def lacks(self, column: Column) -> bool:
        """Whether nothing that a column could be made of is there: neither a heading, nor a text around the table."""
        if column.place:
            return column.optional and self.said.text_of(column) is None
        if not column.sources:
            return False
        found = self.find(column.sources, optional=column.optional)
        return all(heading in self.silent for heading in found)

    def step(self, step: Column) -> None:
        """Make an intermediate column; made from one column, its cells are reported under that column's heading."""
        cells = self.column(step, None)
        if self.lacks(step):
            self.silent.add(step.target)
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
        if column.place:
            return self.one_text(column, size)
        headings = self.find(column.sources, optional=column.optional, one_each=column.combine is None)
        in_pairs = column.combine is not None and column.combine.name in PAIR_OPERATIONS
        if not headings or (in_pairs and len(headings) < len(set(column.sources))):
            self.name_absent(column, column.sources[0].name)
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
        cells = self.understood(column, heading, self.read(heading))
        as_percent = column.percent and not column.counts_cells and has_percent(cells)
        return self.as_numbers(cells, heading) if column.needs_numbers or as_percent else cells

    def understood(self, column: Column, heading: str, source: Cells) -> Cells:
        """Cells as the column wants them: a part of the text, recoded, as dates or periods, empty ones filled."""
        cells = source
        if column.take and not column.place:
            cells, unfit = parts_of(cells, column.take)
            self.report("mapping.part_missing", heading, unfit & (not column.optional), source)
        if column.recode is not None:
            cells, uncoded = recoded(cells, column.recode, column.other)
            self.report("mapping.uncoded", heading, uncoded, source)
        if column.date_order:
            cells, bad = dates(cells, column.date_order)
            self.report("mapping.not_a_date", heading, bad, source)
        if column.period:
            cells, bad = self.periods(cells, column.period)
            self.report("mapping.not_a_period", heading, bad, source)
        return filled(cells, column.empty, ~known(source))

    def one_text(self, column: Column, size: int) -> Cells:
        """Make a column of the one text that stands on the cover, or names sheet or file."""
        found = self.said.text_of(column)
        label = ", ".join(column.labels or column.take)
        if found is None and not column.optional:
            raise self.refusal(f"mapping_{column.place}_silent", Heading(label, column.line))
        if found is None and any(each is column for each in self.plan.columns):
            self.name_absent(column, label)
        one = self.understood(column, label, pa.array([found], pa.string()))
        return take(one, np.zeros(size, dtype=np.int64))

    def name_absent(self, column: Column, asked: str) -> None:
        """Mention that an optional column is not there; of id and name one is enough to tell whose row it is."""
        if not (self.plan.table and column.target in OWNERS):
            self.notices.append(Notice("mapping.heading_absent", column=asked, detail=column.target))

    def periods(self, cells: Cells, wanted: str) -> tuple[Cells, Bools]:
        """Semester, first or last day of the periods that cells name; also which name none."""
        encoded = texts(cells).dictionary_encode()
        read = [read_period(word, self.school_year, _calendar()) for word in encoded.dictionary.to_pylist()]
        made = [None if each is None else self.said.of_period(each, wanted) for each in read]
        index = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        unread = np.array([each is None for each in read] + [False])
        return take(pa.array([*made, None], pa.string()), index), unread[index]

    @property
    def school_year(self) -> str:
        """The school year that the table is about; "" if nothing says."""
        return self.said.school_year

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

    # Problems

    def report(self, code: str, heading: str, where: Bools, cells: Cells, action: Any = "cell_unknown") -> None:
        """Name cells by file, row, column and value; each once, however many columns are made from it."""
        if where.size != self.rows.size:  # the one text of all rows
            if where.any():
                self.report_once(code, heading, texts(cells)[0].as_py())
            return
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

    def report_once(self, code: str, column: str, value: str) -> None:
        """Name something that is not of one row."""
        if self.log is not None:
            file, sheet, school = self.raw.file, self.raw.sheet, self.raw.school
            self.log.add(code, file=file, sheet=sheet, school_id=school, column=column, values=value)


def _by_heading(said: Sequence[str | None], column: Whole) -> Cells:
    """What the headings say, for the rows that come from them."""
    words = pa.array(said, pa.string())
    index = pa.array(column.astype(np.int32))
    return words.take(index) if words.null_count else pa.DictionaryArray.from_arrays(index, words)


@cache
def _calendar() -> SchoolCalendar:
    from pumpurs_risk.catalogue import Catalogue

    return Catalogue.load().calendar

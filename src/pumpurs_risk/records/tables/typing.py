"""Raw rows to typed rows: every cell as people write it, all problems at once, over the distinct values of each column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.records.cell_texts import cell_texts
from pumpurs_risk.records.contract import Field
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.tables.checks import SchoolYears, days_of, earlier_than, more_than, without
from pumpurs_risk.records.tables.codes import CodeWords
from pumpurs_risk.records.tables.columns import TypedColumn, as_arrow, kept_cells, split_remarks, spread, type_column
from pumpurs_risk.records.tables.contract import TableContract
from pumpurs_risk.records.tables.mark_rows import MarkRows, looks_like_mark
from pumpurs_risk.records.tables.typed_rows import TypedRows
from pumpurs_risk.records.validation.cells import Whereabouts, typed_column
from pumpurs_risk.records.validation.parsing import BoolArray, is_course, tidy
from pumpurs_risk.records.validation.report import Action, ProblemLog, Severity

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

__all__ = ["TypedRows", "type_rows"]
_ELSEWHERE = ("pupil_id", "school_id")  # whose row it is, is found before


def type_rows(
    raw: RawTable,
    contract: TableContract,
    headings: Mapping[str, str],
    kept: np.ndarray[Any, Any],
    school_id: np.ndarray[Any, Any],
    log: ProblemLog,
    *,
    lang: str = "lv",
    catalogue: Catalogue,
    semesters: Mapping[str, tuple[Any, Any]] | None = None,
    stated: Mapping[str, np.ndarray[Any, Any]] | None = None,
) -> TypedRows:
    """Type the rows of a table and name every bad cell.

    A bad cell becomes null and is named; a row is rejected, and named once, where a required cell is empty or unusable or
    nothing is left of it. Rows that say nothing at all are no mistake: they are not used, and told once for the table.

    Parameters
    ----------
    raw : RawTable
        The table.
    contract : TableContract
        Which table it is.
    headings : mapping of str to str
        Column id to heading as written, as ``find_columns(raw, contract, log)`` returns it.
    kept : numpy.ndarray of int64, shape (m,)
        Positions in ``raw`` of the rows to type.
    school_id : numpy.ndarray of object, shape (m,)
        School of each of these rows, for naming problems.
    log : ProblemLog
        Gets the problems.
    lang : {"lv", "en"}
        Language of a heading that the table itself does not have.
    catalogue : Catalogue
        Its calendar says which days and semesters there are, its factors how an assessment's value is read.
    semesters : mapping of str to (date, date), optional
        Semesters that the schools define beside the calendar's: first and last day by id.
    stated : mapping of str to numpy.ndarray of str, each of shape (m,), optional
        What a cover or the caller says of ``semester`` and ``programme``; "" where nothing. Taken where the row is silent.

    Returns
    -------
    TypedRows
    """
    where = Whereabouts(raw, kept, school_id, headings, log)
    years = SchoolYears(catalogue.calendar, semesters)
    rows = _Rows(where, contract, catalogue, lang, years)
    rows.type_cells()
    rows.complete(stated or {})
    rows.check()
    good, rejected = rows.reject()
    chosen = np.flatnonzero(good)
    if rows.marks is not None:
        return rows.marks.spread(rows.typed, chosen, np.flatnonzero(rejected))
    columns = {each: rows.typed[each] for each in contract.columns if each in rows.typed}
    if len(chosen) < len(good):
        columns = {each: values.take(pa.array(chosen)) for each, values in columns.items()}
    return TypedRows(columns, chosen, np.flatnonzero(rejected))


@dataclass
class _Rows:
    """The rows of one table while they are typed; all arrays have one length until rows are rejected."""

    where: Whereabouts
    contract: TableContract
    catalogue: Catalogue
    lang: str
    years: SchoolYears
    typed: dict[str, pa.Array[Any]] = field(default_factory=dict)
    marks: MarkRows | None = None
    _faults: dict[str, list[tuple[str, BoolArray, Any]]] = field(default_factory=dict)
    _mistaken: dict[str, BoolArray] = field(default_factory=dict)

    def type_cells(self) -> None:
        """Every column by its kind; of the marks' cells only what they say of kinds is looked at later."""
        there = [each for each in self.contract.columns if each in self.where.headings and each not in _ELSEWHERE]
        remarks: dict[str, pa.Array[Any]] = {}
        for each in there:
            column = self.contract.fields[each]
            if column.kind == "mark_cell" or each in self.contract.read_as:
                continue
            cells = kept_cells(self.where, each)
            if each in self.contract.followed_by:
                cells, remarks[self.contract.followed_by[each]] = split_remarks(cells, column)
            self._take(each, type_column(cells, column, self.contract.words))
        for each, said in remarks.items():
            self._fill(each, type_column(said, self.contract.fields[each], self.contract.words).values)
        for each, factor in self.contract.read_as.items():
            if each in there and factor in there:
                self._type_by_factor(each, factor)
        if any(self.contract.fields[each].kind == "mark_cell" for each in there):
            self.marks = MarkRows(self.where, self.contract, self.catalogue, self.note)

    def complete(self, stated: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """What other columns, the cover or the caller say where a cell says nothing."""
        for each in stated.keys() & set(self.contract.columns):
            said = pa.array(stated[each], pa.string(), from_pandas=True)
            self._fill(each, pc.if_else(pc.equal(said, ""), pa.scalar(None, pa.string()), said))
        for each, (source, words) in self.contract.implied.items():
            if source in self.where.headings:
                self._fill(each, _by_words(kept_cells(self.where, source), words))
        if "level" in self.contract.columns and "class_id" in self.typed:
            self._complete_by_class()
        if self.marks is not None:
            self._complete_marks()

    def check(self) -> None:
        """Dates and semesters that nobody knows, dates in the wrong order, parts that exceed their whole."""
        defines = self.contract.name == "semesters"
        for each in list(self.typed):
            column = self.contract.fields[each]
            if column.kind == "date" and not defines:
                outside, beyond = self.years.outside(days_of(self.typed[each]))
                self._refuse(each, "tables.date_beyond", beyond, self.years.known_as_text())
                if each in self.contract.dated:
                    self.note("tables.date_outside", column, outside)
            elif column.kind == "semester" and not defines:
                unknown = self.years.undefined(self.typed[each])
                self._refuse(each, "tables.semester_undefined", unknown, self.years.known_as_text())
        for late, early, then in self.contract.not_before:
            if late in self.typed and early in self.typed:
                heading = self.where.heading(self.contract.fields[early], self.lang)
                wrong, detail = earlier_than(self.typed[late], self.typed[early], heading)
                if then == "notice":
                    self.note("tables.recorded_before", self.contract.fields[late], wrong)
                else:
                    self._refuse(late, "tables.before_other", wrong, detail)
        for part, whole in self.contract.not_more_than:
            if part in self.typed and whole in self.typed:
                heading = self.where.heading(self.contract.fields[whole], self.lang)
                wrong, detail = more_than(self.typed[part], self.typed[whole], heading)
                self._refuse(part, "more_than_other", wrong, detail)
                self.typed[whole] = without(self.typed[whole], wrong)

    def reject(self) -> tuple[BoolArray, BoolArray]:
        """Name the rows whose key is unusable or of which nothing is left, each once; returns the good and the rejected."""
        n = len(self.where.kept)
        left, silent = np.ones(n, dtype=bool), np.zeros(n, dtype=bool)
        told: dict[str, list[BoolArray]] = {}

        def tell(each: str, rows: BoolArray) -> BoolArray:
            """Name the faults in a column that cost these rows; returns the rows that it does not account for."""
            named = told.setdefault(each, [np.zeros(n, dtype=bool) for _ in self._faults.get(each, ())])
            for place, (code, bad, detail) in enumerate(self._faults.get(each, ())):
                self._reject(each, f"tables.row_{code.rpartition('.')[2]}", bad & rows, detail)
                named[place] |= bad & rows
                rows = rows & ~bad
            return rows

        needed = self.contract.needed_in_row
        groups = self.contract.needs_any_in_row
        for group in (each for each in groups if set(each) & set(needed)):  # a day that follows from a semester
            rows = lost = self._lacking(group) & left
            for each in group:
                rows = tell(each, rows)
            left &= ~lost | rows
        for each in needed:
            lacks = self._lacking([each])
            self._reject(each, "tables.row_empty", tell(each, lacks & left), "")
            left &= ~lacks
        for group in (each for each in groups if not set(each) & set(needed)):
            rows = lost = self._lacking(group) & left
            for each in group:
                rows = tell(each, self._name_mistaken(each, rows))
            said_in = next((each for each in group if each in self.where.headings), group[0])
            self.note("tables.rows_that_say_nothing", self.contract.fields[said_in], rows)
            silent |= rows
            left &= ~lost
        for each, faults in self._faults.items():
            for place, (code, bad, detail) in enumerate(faults):
                done = told[each][place] if each in told else np.zeros(n, dtype=bool)
                self.where.name(code, self.contract.fields[each], bad & ~done, detail=detail)
        for each in list(self._mistaken):
            self._name_mistaken(each, None)
        return left, ~left & ~silent

    def note(
        self,
        code: str,
        column: Field,
        which: BoolArray,
        severity: Severity = "notice",
        detail: str = "",
        action: Action | None = None,
    ) -> None:
        """Say once for a column what is the matter with some of its cells: the first of them, and how many they are."""
        if not which.any():
            return
        first = np.flatnonzero(which)[:1]
        where = self.where
        where.log.add(
            code,
            file=where.raw.file,
            sheet=where.raw.sheet,
            school_id=where.school_id[first],
            column=where.heading(column, self.lang),
            rows=where.raw.rows[where.kept[first]],
            values=where.cells(column.id, first),
            detail=detail or str(int(which.sum())),
            severity=severity,
            action=action or ("cell_unknown" if severity == "set_aside" else "none"),
        )

    # --- inside

    def _take(self, each: str, typed: TypedColumn) -> None:
        column = self.contract.fields[each]
        self.typed[each] = typed.values
        faults = dict(typed.faults)
        if each in self.contract.mistaken_for:
            self._find_mistaken(each, faults)
        if typed.zoned is not None:
            self.note("tables.time_with_zone", column, typed.zoned)
        for code, bad in faults.items():
            detail = typed.details.get(code, "")
            if each in self.contract.read_as.values():
                code = code.replace("unknown_word", "unknown_factor")
            self._refuse(each, code, bad, detail)

    def _refuse(self, each: str, code: str, bad: BoolArray, detail: Any) -> None:
        """Make cells unknown; those that a row needs are named when it is known whether the row can do without."""
        if not bad.any():
            return
        if each in self.typed:
            self.typed[each] = without(self.typed[each], bad)
        if each in self.contract.needed_in_row or any(each in group for group in self.contract.needs_any_in_row):
            self._faults.setdefault(each, []).append((code, bad, detail))
        else:
            self.where.name(code, self.contract.fields[each], bad, detail=detail)

    def _reject(self, each: str, code: str, rows: BoolArray, detail: Any) -> None:
        at = np.flatnonzero(rows)
        if len(at):
            self.where.log.add(
                code,
                file=self.where.raw.file,
                sheet=self.where.raw.sheet,
                school_id=self.where.school_id[at],
                column=self.where.heading(self.contract.fields[each], self.lang),
                rows=self.where.raw.rows[self.where.kept[at]],
                values=self.where.cells(each, at),
                detail=detail if isinstance(detail, str) else np.asarray(detail, dtype=object)[at],
                action="row_rejected",
            )

    def _lacking(self, columns: Sequence[str]) -> BoolArray:
        """Rows in which none of these columns says anything."""
        lacks = np.ones(len(self.where.kept), dtype=bool)
        for each in columns:
            if each in self.typed:
                lacks &= _mask(pc.is_null(self.typed[each]))
        return lacks

    def _find_mistaken(self, each: str, faults: dict[str, BoolArray]) -> None:
        """Marks where absences should stand: told in one sentence for the column, not cell by cell."""
        encoded = cell_texts(kept_cells(self.where, each)).dictionary_encode()
        codes = CodeWords(self.contract.fields[each])
        texts = [text or "" for text in tidy(encoded.dictionary).to_pylist()]
        looks = np.array([looks_like_mark(text) and codes.code(text) is None for text in texts], dtype=bool)
        rows = spread(looks, encoded.indices)
        for code in list(faults):
            faults[code] = faults[code] & ~rows
        self._mistaken[each] = rows

    def _name_mistaken(self, each: str, lost: BoolArray | None) -> BoolArray:
        """Tell of them: of those that cost their row, or (None) of all others; returns the rows not accounted for."""
        rows = self._mistaken.get(each, np.zeros(len(self.where.kept), dtype=bool))
        name = f"{self.contract.mistaken_for.get(each, '')}_in_{self.contract.name}"
        if lost is None:
            self.note(f"tables.{name}", self.contract.fields[each], rows, "set_aside")
            return rows
        self.note(f"tables.row_{name}", self.contract.fields[each], rows & lost, "set_aside", action="row_rejected")
        self._mistaken[each] = rows & ~lost
        return lost & ~rows

    def _type_by_factor(self, each: str, factor: str) -> None:
        """An assessment's value, read as the factor that its row names demands."""
        column, named = self.contract.fields[each], self.typed[factor]
        cells = kept_cells(self.where, each)
        values = np.full(len(cells), np.nan)
        assert self.contract.sheet is not None
        for factor_id in pc.unique(named).drop_null().to_pylist():
            own = self.contract.sheet.fields[factor_id]
            at = np.flatnonzero(_mask(pc.equal(named, factor_id)))
            typed = type_column(cells.take(pa.array(at)), own, self.contract.words)
            values[at] = typed.values.to_numpy(zero_copy_only=False)
            for code, bad in typed.faults.items():
                whole = np.zeros(len(cells), dtype=bool)
                whole[at] = bad
                self._refuse(each, code, whole, typed.details.get(code, ""))
        self.typed[each] = as_arrow(values, column)

    def _complete_by_class(self) -> None:
        """Level from the class's name where no level is given; a course is a vocational programme's."""
        classes = self.typed["class_id"]
        by_class, unclear, _ = typed_column(classes, self.contract.fields["level"], self.contract.words)
        self._fill("level", as_arrow(by_class, self.contract.fields["level"]))
        unsaid = _mask(pc.is_null(self.typed["level"])) & _mask(pc.is_valid(classes))
        if unclear:
            named = self.contract.fields["class_id"]
            self.where.name("class_without_level", named, unsaid, severity="notice")
        encoded = classes.dictionary_encode()
        course = spread(is_course(encoded.dictionary, self.contract.words), encoded.indices)
        if course.any():
            self._fill("programme", pc.if_else(pa.array(course), "vocational", pa.scalar(None, pa.string())))

    def _complete_marks(self) -> None:
        """A final mark without a day is of its semester's last day; a mark without a kind is of daily work."""
        n = len(self.where.kept)
        day = self.typed.get("date", pa.nulls(n, pa.date32()))
        semester = self.typed.get("semester", pa.nulls(n, pa.string()))
        final = pc.and_(pc.is_null(day), pc.is_valid(semester))
        last = self.years.last_days(semester)
        self.typed["date"] = pc.coalesce(day, last)
        kind = self.typed.get("kind", pa.nulls(n, pa.string()))
        wrong = np.zeros(n, dtype=bool)
        for _, bad, _ in self._faults.get("kind", ()):
            wrong |= bad
        assumed = pc.if_else(final, "semester", "daily")
        self.typed["kind"] = without(pc.coalesce(kind, assumed), wrong)

    def _fill(self, each: str, values: pa.Array[Any]) -> None:
        own = self.typed.get(each)
        if own is None and values.null_count == len(values):
            return
        self.typed[each] = values if own is None else pc.coalesce(own, values)


def _by_words(cells: pa.Array[Any], words: Mapping[str, tuple[str, ...]]) -> pa.Array[Any]:
    encoded = cell_texts(cells).dictionary_encode()
    known = CodeWords(Field("", "code", {}, words=words))
    codes = [known.code(each) if each else None for each in tidy(encoded.dictionary).to_pylist()]
    return pa.array(codes, pa.string()).take(encoded.indices)


def _mask(array: Any) -> BoolArray:
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), dtype=bool)

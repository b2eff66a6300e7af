"""Checks a table against the contract: all problems at once, over the distinct values of each column.

A bad cell becomes unknown and is named; only a row that cannot be told whose it is, is rejected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.locale import date_text, number
from pumpurs_risk.records.cell_texts import cell_texts
from pumpurs_risk.records.contract import Field, SheetContract
from pumpurs_risk.records.identity.personal_codes import hide_codes
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.validation.details import in_languages
from pumpurs_risk.records.validation.parsing import BoolArray, FloatArray, check_range, is_course, parse, tidy
from pumpurs_risk.records.validation.report import ProblemLog, Severity, ValidationReport

__all__ = [
    "CheckedTable",
    "ProblemLog",
    "ValidationReport",
    "Whereabouts",
    "check_cells",
    "fault_detail",
    "find_columns",
    "typed_column",
]

_YOUNGEST_YEARS = 4  # below that a birth date is a slip, not a pupil
_YOUNGEST_DAYS = 1461
_BIRTH = ("birth_date", "birth_year")
NAT = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class Whereabouts:
    """Where the rows of a table come from, for naming their problems.

    Parameters
    ----------
    raw : RawTable
        The table.
    kept : numpy.ndarray of int64, shape (n,)
        Positions in ``raw`` of the rows that are looked at.
    school_id : numpy.ndarray of object, shape (n,)
        School of each of these rows.
    headings : mapping of str to str
        Field id, to its heading as written.
    log : ProblemLog
        Where problems go.
    """

    raw: RawTable
    kept: np.ndarray[Any, Any]
    school_id: np.ndarray[Any, Any]
    headings: Mapping[str, str]
    log: ProblemLog

    def heading(self, column: Field, lang: str = "lv") -> str:
        """A column's heading as written, or the sheet's own where the table has none."""
        found = self.headings.get(column.id, column.titles.get(lang, column.id))
        return self.raw.origins.get(found, found)

    def cells(self, field_id: str, where: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Cells of a column as written, as text, at positions among the kept rows; "" where it has no such column."""
        if field_id not in self.headings:
            return np.full(len(where), "", dtype=object)
        cells = self.raw.columns[self.headings[field_id]].take(pa.array(self.kept[where]))
        return np.asarray(pc.fill_null(cell_texts(cells), "").to_numpy(zero_copy_only=False), dtype=object)

    def name(
        self,
        code: str,
        column: Field,
        bad: BoolArray,
        *,
        detail: Any = "",
        severity: Severity = "set_aside",
        values: np.ndarray[Any, Any] | None = None,
    ) -> None:
        """Add the bad cells of a column to the log."""
        where = np.flatnonzero(bad)
        if len(where):
            self.log.add(
                code,
                file=self.raw.file,
                sheet=self.raw.sheet,
                school_id=self.school_id[where],
                column=self.heading(column),
                rows=self.raw.rows[self.kept[where]],
                values=self.cells(column.id, where) if values is None else values,
                detail=detail if isinstance(detail, str) else np.asarray(detail, dtype=object)[where],
                severity=severity,
                action="cell_unknown" if severity == "set_aside" else "none",
            )


@dataclass(frozen=True)
class CheckedTable:
    """Typed rows of one table.

    Parameters
    ----------
    where : Whereabouts
        Where the rows come from.
    columns : mapping of str to numpy.ndarray or pyarrow.Array, each of shape (n,)
        By field id: float64 with NaN, datetime64[D] with NaT, or text with null.
    facts : mapping
        What the cover says, typed.
    """

    where: Whereabouts
    columns: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)


def find_columns(raw: RawTable, contract: SheetContract, log: ProblemLog, school_id: str = "") -> dict[str, str]:
    """Recognise the headings of a table and name those that are not used.

    Parameters
    ----------
    raw : RawTable
        The table.
    contract : SheetContract
        Which columns there are.
    log : ProblemLog
        Gets a notice for an unknown or protected column, and for a second column with the same meaning.
    school_id : str
        Whose table it is, as far as known.

    Returns
    -------
    dict of str to str
        Field id to heading as written; of two headings with one meaning the first.
    """
    found: dict[str, str] = {}
    for heading in raw.columns:
        target = contract.recognise(heading)
        code, detail = "", ""
        if target is None and contract.is_protected(heading):
            code = "protected_column"
        elif target is None:
            detail = contract.nearest(heading) or ""
            code = "unknown_column" if detail else "unknown_column_alone"
        elif target in found:
            code, detail = "column_twice", found[target]
        else:
            found[target] = heading
        if code:
            log.add(
                code,
                file=raw.file,
                sheet=raw.sheet,
                school_id=school_id,
                column=heading,
                detail=detail,
                severity="notice",
                action="ignored",
            )
    return found


def typed_column(
    cells: pa.Array[Any], column: Field, words: Mapping[str, Any]
) -> tuple[Any, dict[str, BoolArray], Mapping[str, str]]:
    """Type a column's cells.

    Parameters
    ----------
    cells : pyarrow.Array, shape (n,)
        Text or a primitive type.
    column : Field
        What the cells should hold.
    words : mapping
        See ``parsing.parse``.

    Returns
    -------
    values : numpy.ndarray or pyarrow.Array, shape (n,)
        Typed; unknown where the cell is empty or bad.
    faults : dict of str to numpy.ndarray of bool, shape (n,)
        By code; codes without a fault are left out.
    details : mapping of str to str
        By code.

    Examples
    --------
    >>> import pyarrow as pa
    >>> mark = Field("mean_mark", "mark", {}, minimum=1, maximum=10)
    >>> values, faults, _ = typed_column(pa.array(["7,5", "11", None, "4|7"]), mark, {})
    >>> values.tolist(), {code: bad.tolist() for code, bad in faults.items()}
    ([7.5, nan, nan, 7.0], {'out_of_range': [False, True, False, False]})
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    primitive = _primitive(cells, column)
    if primitive is not None:
        return primitive
    if column.kind in ("text", "name"):
        texts = cell_texts(cells)
        if column.id in ("pupil_id", "name", "given_name", "surname"):  # as many values as rows: nothing to gain
            return tidy(texts), {}, {}
        cells = texts
    encoded = cell_texts(cells).dictionary_encode()
    parsed = parse(encoded.dictionary, column, words)
    size = len(encoded.dictionary)
    index = pc.fill_null(encoded.indices, size).to_numpy(zero_copy_only=False)
    faults = {code: np.append(bad, False)[index] for code, bad in parsed.faults.items() if bad.any()}
    if isinstance(parsed.values, np.ndarray):
        nothing = NAT if parsed.values.dtype.kind == "M" else np.nan
        return np.append(parsed.values, nothing)[index], faults, parsed.details
    return parsed.values.take(encoded.indices), faults, parsed.details


def check_cells(
    where: Whereabouts, contract: SheetContract, facts: Mapping[str, Any], as_of: np.datetime64 | None, lang: str = "lv"
) -> CheckedTable:
    """Type all columns of the kept rows and name every bad cell.

    Parameters
    ----------
    where : Whereabouts
        The table and its kept rows.
    contract : SheetContract
        What the cells should hold.
    facts : mapping
        What the cover says, as ``SchoolsRead.facts`` types it.
    as_of : numpy.datetime64 or None
        Day of the list where neither row nor cover gives one.
    lang : {"lv", "en"}
        Language of a heading that the table itself does not have.

    Returns
    -------
    CheckedTable
        With ``level``, ``programme``, ``semester``, ``as_of`` and ``lessons_held`` filled from class and cover.
    """
    columns: dict[str, Any] = {}
    take = pa.array(where.kept)
    for field_id, heading in where.headings.items():
        column = contract.fields[field_id]
        if column.kind == "name" or field_id in ("pupil_id", "school_id"):
            continue
        cells = where.raw.columns[heading].take(take)
        values, faults, details = typed_column(cells, column, contract.words)
        columns[field_id] = hide_codes(values) if column.kind == "text" else values
        for code, bad in faults.items():
            where.name(code, column, bad, detail=fault_detail(code, details, column))
    _fill(columns, where, contract, facts, as_of)
    _check_dates(columns, where, contract)
    _check_pairs(columns, where, contract, lang)
    _check_computed(columns, where, contract)
    return CheckedTable(where, columns, facts)


def _primitive(cells: pa.Array[Any], column: Field) -> tuple[Any, dict[str, BoolArray], Mapping[str, str]] | None:
    """Typed cells that need no reading: numbers in a column of numbers, dates in a column of dates."""
    kind = cells.type
    numeric = column.kind not in ("text", "name", "date", "programme", "semester")
    if numeric and (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        plain = pc.cast(cells, pa.uint8()) if pa.types.is_boolean(kind) else cells
        values = np.array(pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
        checked = check_range(values, column)
        return checked.values, {code: bad for code, bad in checked.faults.items() if bad.any()}, checked.details
    if column.kind == "date" and pa.types.is_temporal(kind) and not pa.types.is_time(kind):
        days = np.array(pc.cast(pc.cast(cells, pa.timestamp("s"), safe=False), pa.date32(), safe=False)).astype("M8[D]")
        early = days < np.datetime64(column.earliest) if column.earliest else np.zeros(len(days), bool)
        days[early] = NAT
        return days, {"out_of_range": early} if early.any() else {}, {"out_of_range": f"≥ {column.earliest}"}
    return None


def fault_detail(code: str, details: Mapping[str, str], column: Field) -> str:
    """What belongs to a fault of a column: its limits, or the words of its scale in every language."""
    if code == "not_on_scale":
        return in_languages(
            lambda lang: ", ".join(f"{value} – {word}" for value, word in enumerate(column.scale.get(lang, ())))
        )
    if column.kind == "date" and code == "out_of_range":
        return in_languages(lambda lang: f"≥ {date_text(np.datetime64(column.earliest).astype(object), lang)}")
    return details.get(code, "")


def _fill(
    columns: dict[str, Any],
    where: Whereabouts,
    contract: SheetContract,
    facts: Mapping[str, Any],
    as_of: np.datetime64 | None,
) -> None:
    """Complete level, programme, semester, date and lessons held from the class's name and the cover."""
    n = len(where.kept)
    nothing = pa.nulls(n, pa.string())
    classes = columns.setdefault("class_id", nothing)
    course = is_course(classes.dictionary_encode().dictionary, contract.words) if n else np.zeros(0, bool)
    course = np.append(course, False)[_codes(classes)]
    level = columns.get("level", np.full(n, np.nan))
    by_class, unclear, _ = typed_column(classes, contract.fields["level"], contract.words)
    unsaid = np.isnan(level)
    columns["level"] = np.where(unsaid, by_class, level)
    if "not_a_level" in unclear:
        named = contract.fields["class_id"]
        where.name("class_without_level", named, unclear["not_a_level"] & unsaid, severity="notice")
    stated = facts.get("programme", np.full(n, ""))
    assumed = np.where(stated != "", stated, np.where(course, "vocational", "general"))
    columns["programme"] = pc.coalesce(columns.get("programme", nothing), pa.array(assumed, pa.string()))
    semester = pa.array(facts.get("semester", np.full(n, "")), pa.string())
    columns["semester"] = pc.coalesce(columns.get("semester", nothing), semester)
    day = facts.get("as_of")
    day = as_of if day is None or np.isnat(day) else day
    days = columns.get("as_of", np.full(n, NAT))
    columns["as_of"] = days if day is None else np.where(np.isnat(days), day, days)
    held: Mapping[str, float] = facts.get("lessons_held", {})
    by_cover = np.full(n, held.get("", np.nan))
    for class_id, lessons in held.items():
        mine = pc.fill_null(pc.equal(pc.utf8_lower(classes), class_id.casefold()), False)
        by_cover[np.asarray(mine, dtype=bool) & bool(class_id)] = lessons
    by_cover = np.where(np.isnan(by_cover), facts.get("lessons_stated", by_cover), by_cover)
    if not np.isnan(by_cover).all():
        own = columns.get("lessons_held", by_cover)
        columns["lessons_held"] = np.where(np.isnan(own), by_cover, own)


def _codes(texts: pa.Array[Any]) -> np.ndarray[Any, Any]:
    """Index of each text among the distinct ones; the null has the last."""
    encoded = texts.dictionary_encode()
    codes: np.ndarray[Any, Any] = pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    return codes


def _check_dates(columns: dict[str, Any], where: Whereabouts, contract: SheetContract) -> None:
    """Nothing that has happened lies after the list's day (today where there is none)."""
    today = np.datetime64("today", "D")
    limit = np.where(np.isnat(columns["as_of"]), today, columns["as_of"])
    for field_id, column in contract.fields.items():
        if field_id not in columns or field_id == "as_of" or column.kind not in ("date", "year"):
            continue
        values = columns[field_id]
        if column.kind == "date":
            late, young = values > limit, values > limit - np.timedelta64(_YOUNGEST_DAYS, "D")
        else:
            this_year = limit.astype("datetime64[Y]").astype(int) + 1970
            late, young = values > this_year, values > this_year - _YOUNGEST_YEARS
        young &= ~late & (field_id in _BIRTH)
        columns[field_id] = np.where(late | young, NAT if column.kind == "date" else np.nan, values)
        shown = np.full(len(late), "", dtype=object)
        shown[late] = limit[late].astype(str)
        where.name("date_in_future", column, late, detail=shown)
        where.name("too_young", column, young)


def _check_pairs(columns: dict[str, Any], where: Whereabouts, contract: SheetContract, lang: str) -> None:
    """A part cannot be more than its whole; which of the two is wrong nobody knows, so both are unknown."""
    wrong: dict[str, BoolArray] = {}
    for part, whole in contract.not_more_than:
        if part not in columns or whole not in columns:
            continue
        more = columns[part] > columns[whole]
        if not more.any():
            continue
        heading = where.heading(contract.fields[whole], lang)
        detail = np.full(len(more), "", dtype=object)
        detail[more] = [f"{heading}: {value:g}" for value in columns[whole][more]]
        where.name("more_than_other", contract.fields[part], more, detail=detail)
        for each in (part, whole):
            wrong[each] = wrong.get(each, np.zeros(len(more), bool)) | more
    for field_id, bad in wrong.items():
        columns[field_id] = np.where(bad, np.nan, columns[field_id])


def _check_computed(columns: dict[str, Any], where: Whereabouts, contract: SheetContract) -> None:
    """Say where a given factor and the one computed from its two columns differ; the computed one will be used."""
    for field_id, ratio in contract.computed.items():
        if not {field_id, ratio.part, ratio.of} <= columns.keys():
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            computed: FloatArray = ratio.per * columns[ratio.part] / columns[ratio.of]
        given = columns[field_id]
        differs = np.isfinite(computed) & (np.abs(given - computed) > 0.006 * ratio.per)
        if differs.any():
            detail = np.full(len(differs), "", dtype=object)
            detail[differs] = [number(value, "en", 3).replace(",", "") for value in computed[differs]]
            where.name("given_and_computed", contract.fields[field_id], differs, detail=detail, severity="notice")

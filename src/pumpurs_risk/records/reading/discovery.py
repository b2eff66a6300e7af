"""Reads files and folders of school records as they are: the tables in them, and what the cover says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.raw_table import Notice, RawTable, readable
from pumpurs_risk.records.reading.cover import read_cover
from pumpurs_risk.records.reading.csv_reading import read_csv
from pumpurs_risk.records.reading.file_kind import KIND_OF_ENDING, kind_of
from pumpurs_risk.records.reading.headings import (
    ISO_DATE,
    SEARCHED_ROWS,
    class_from_date,
    column_letters,
    column_names,
    find_heading_row,
    labels,
    plain_label,
)
from pumpurs_risk.records.reading.parquet_reading import read_parquet
from pumpurs_risk.records.reading.raw_grid import RawGrid
from pumpurs_risk.records.workbook.reader import RawSheet, read_workbook

_COVER_ROWS = 400  # a cover lists at most the school's classes
_NO_TEXT = ("encoding_wrong", "csv_nul", "heading_row_missing", "csv_quote_open")
_OURS = (".toml", ".key.json")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file of a folder that could not be read; the others were.

    Parameters
    ----------
    file : str
        Path below the folder that was read.
    school : str
        Name of the sub-folder that stands for a school; empty if there is none.
    error : RecordsError
        What was wrong with it.
    notices : tuple of Notice
        What to mention besides.
    """

    file: str
    school: str
    error: RecordsError
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class _Source:
    path: Path
    file: str
    school: str


def read_raw(
    path: str | os.PathLike[str],
    *,
    encoding: str | None = None,
    heading_known: Callable[[str], bool] | None = None,
    sheets: Collection[str] | None = None,
    empty_counts: Callable[[RawTable], bool] | None = None,
) -> list[RawTable | Unreadable]:
    r"""Read every table in a file or folder, cells as they are written.

    Parameters
    ----------
    path : path
        A file (.csv .txt .tsv .xlsx .xlsm .xls .ods .parquet), or a folder of such files. A sub-folder stands for a
        school and is read one level deep. Hidden files, Excel's lock files and what this library itself writes are
        passed over; other files are named by a notice.
    encoding : str, optional
        Of text files, as Python names it; else found by rule (see :func:`pumpurs_risk.records.reading.csv_reading.read_csv`).
    heading_known : callable, optional
        Whether a heading is known: then the heading row is looked for in the first 20 rows, and sheets without one are
        passed over. Without it the first row that holds anything is the heading row.
    sheets : collection of str, optional
        Names of the worksheets to read; else all that a person sees, and hidden ones that hold pupils.
    empty_counts : callable, optional
        Whether a table without a row says something all the same, as a table of absences says that nobody was absent;
        otherwise it is passed over or, where there is nothing else, refused.

    Returns
    -------
    list of RawTable or Unreadable
        In a stable order: the folder's own files by name, then each school's. Rows in which every cell is empty are
        left out.

    Raises
    ------
    RecordsError
        If the path leads nowhere, if a single file cannot be read or holds no row, or if a folder holds nothing to
        read.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "9a.csv")
    >>> _ = file.write_text("Klase;Kavētās stundas\n9.a;007\n", encoding="utf-8")
    >>> [table] = read_raw(file)
    >>> table.columns["Kavētās stundas"].to_pylist(), table.rows.tolist()
    (['007'], [2])
    """
    path = Path(path)
    if path.is_file():
        return list(_read_file(_Source(path, readable(path.name), ""), encoding, heading_known, sheets, empty_counts))
    if not path.is_dir():
        raise RecordsError("folder_missing", path=readable(str(path)))
    sources, notices = _discover(path)
    if not sources:
        raise RecordsError("folder_without_tables", path=readable(str(path)))

    def read(source: _Source) -> list[RawTable | Unreadable]:
        try:
            return list(_read_file(source, encoding, heading_known, sheets, empty_counts))
        except RecordsError as error:
            return [Unreadable(source.file, source.school, error)]

    # Threads, because a workbook is read by another process while this one waits.
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        found = [table for tables in pool.map(read, sources) for table in tables]
    found[0] = replace(found[0], notices=(*notices, *found[0].notices))
    return found


def _discover(top: Path) -> tuple[list[_Source], list[Notice]]:
    sources: list[_Source] = []
    notices: list[Notice] = []
    for entry in _entries(top):
        if not entry.is_dir():
            _sort_out(entry, top, "", sources, notices)
        elif not _is_run(entry):
            before = len(sources)
            for inner in _entries(entry):
                if not inner.is_dir():
                    _sort_out(inner, top, entry.name, sources, notices)
                elif not _is_run(inner):
                    notices.append(Notice("folder_ignored", value=readable(inner.relative_to(top).as_posix())))
            if len(sources) == before:
                notices.append(Notice("school_folder_empty", value=readable(entry.name)))
    sources.sort(key=lambda source: (source.school.casefold(), source.school))  # stable: files stay in order
    return sources, notices


def _entries(folder: Path) -> list[Path]:
    try:
        entries = list(folder.iterdir())
    except OSError:
        raise RecordsError("folder_closed", path=readable(str(folder))) from None
    shown = [entry for entry in entries if not entry.name.startswith((".", "~$"))]
    return sorted(shown, key=lambda entry: (entry.name.casefold(), entry.name))


def _is_run(folder: Path) -> bool:
    return folder.name.endswith(".partial") or (folder / "run.json").exists()


def _sort_out(entry: Path, top: Path, school: str, sources: list[_Source], notices: list[Notice]) -> None:
    file = readable(entry.relative_to(top).as_posix())
    if entry.name.lower().endswith(_OURS) or entry.name.endswith(".partial"):
        return
    if entry.suffix.lower() in KIND_OF_ENDING and entry.is_file():
        sources.append(_Source(entry, file, school))
    else:
        notices.append(Notice("file_ignored", value=file))


def _read_file(
    source: _Source,
    encoding: str | None,
    heading_known: Callable[[str], bool] | None,
    sheets: Collection[str] | None,
    empty_counts: Callable[[RawTable], bool] | None,
) -> Iterator[RawTable]:
    """Tables of one file; at least one, or an error."""
    file = source.file
    try:
        with source.path.open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        kind = kind_of(source.path, file)
        notices: list[Notice] = []
        expected = KIND_OF_ENDING.get(source.path.suffix.lower())
        if expected != kind.kind:
            notices.append(Notice("ending_wrong", value=source.path.suffix, detail=kind.kind))
        if kind.macros:
            notices.append(Notice("macros_not_run"))
        if kind.kind == "workbook":
            tables = _workbook_tables(source, heading_known, sheets, empty_counts)
        elif kind.kind == "parquet":
            tables = [_table(read_parquet(source.path, file), source)]
        else:
            try:
                grid = read_csv(source.path.read_bytes(), file, encoding=encoding, heading_known=heading_known)
            except RecordsError as error:  # a CSV file that was called a workbook can be read, anything else is none
                if expected != "workbook" or error.code not in _NO_TEXT:
                    raise
                raise RecordsError("not_a_workbook", file=file) from None
            tables = [_table(grid, source, cover=_filled(read_cover(grid.above)))]
    except OSError:
        raise RecordsError("file_closed", file=file) from None
    if not any(_says_something(table, empty_counts) for table in tables):
        raise RecordsError("table_without_rows", file=file)
    for index, table in enumerate(tables):
        yield replace(table, sha256=sha256, notices=(*notices, *table.notices) if index == 0 else table.notices)


def _workbook_tables(
    source: _Source,
    heading_known: Callable[[str], bool] | None,
    wanted: Collection[str] | None,
    empty_counts: Callable[[RawTable], bool] | None,
) -> list[RawTable]:
    found = read_workbook(source.path, file=source.file)
    if wanted is not None and not any(sheet.name in wanted for sheet in found):
        present = ", ".join(sheet.name for sheet in found if not sheet.hidden)
        raise RecordsError("sheet_missing", file=source.file, sheets=", ".join(sorted(wanted)), present=present)
    headings = [find_heading_row(sheet.top(SEARCHED_ROWS), heading_known) for sheet in found]
    cover_index, cover = _find_cover(found, headings if heading_known else [None] * len(found))
    tables: list[RawTable] = []
    notices: list[Notice] = []
    for index, (sheet, heading) in enumerate(zip(found, headings, strict=True)):
        if index == cover_index or (wanted is not None and sheet.name not in wanted):
            continue
        if heading is not None and not (sheet.hidden and heading_known is None):
            tables.append(_sheet_table(sheet, heading, source))
        elif sheet.rows.size and not sheet.hidden:
            notices.append(Notice("sheet_without_pupils", value=sheet.name))
    if not tables:
        raise RecordsError("heading_row_missing" if any(s.rows.size for s in found) else "file_empty", file=source.file)
    says = [_says_something(table, empty_counts) for table in tables]
    notices += [
        Notice("sheet_without_rows", value=table.sheet)
        for table, something in zip(tables, says, strict=True)
        if not something
    ]
    tables = [table for table, something in zip(tables, says, strict=True) if something] or tables[:1]
    tables = [replace(table, cover={**cover, **table.cover}) for table in tables]
    return [replace(tables[0], notices=(*notices, *tables[0].notices)), *tables[1:]]


def _says_something(table: RawTable, empty_counts: Callable[[RawTable], bool] | None) -> bool:
    return bool(table.rows.size) or (empty_counts is not None and empty_counts(table))


def _find_cover(found: list[RawSheet], headings: Sequence[int | None]) -> tuple[int | None, dict[str, str]]:
    """Find the sheet that says most about the school: the first with one label at least, another with two."""
    best, said = None, dict[str, str]()
    for index, (sheet, heading) in enumerate(zip(found, headings, strict=True)):
        if not sheet.hidden and heading is None:
            labelled = read_cover(sheet.top(_COVER_ROWS))
            # A table read without known headings may begin with the one label "Skola".
            if len(labelled) > max(len(said), 0 if index == 0 and len(found) > 1 else 1):
                best, said = index, labelled
    return best, _filled(said)


def _sheet_table(sheet: RawSheet, heading: int, source: _Source) -> RawTable:
    top = sheet.top(heading + 1)
    notices = [Notice("hidden_sheet_read", value=sheet.name)] if sheet.hidden else []
    heading_row = int(sheet.rows[heading])
    for first_row, first, last_row, _ in sheet.merged:
        if last_row > max(first_row, heading_row):
            notices.append(Notice("cells_merged", detail=f"{column_letters(first)}{first_row}"))
    grid = RawGrid(
        top[-1],
        [pa.array(column[heading + 1 :], pa.string()) for column in sheet.columns],
        sheet.rows[heading + 1 :],
        top[:-1],
        sheet.first_column,
        notices,
    )
    return _table(grid, source, sheet=sheet.name, cover=_filled(read_cover(grid.above)), dates_as_classes=True)


def _table(
    grid: RawGrid,
    source: _Source,
    *,
    sheet: str = "",
    cover: dict[str, str] | None = None,
    dates_as_classes: bool = False,
) -> RawTable:
    """Tidy a grid: one name per column, no empty rows, classes that a spreadsheet took for dates written back."""
    names, doubled = column_names(grid.headings)
    notices = [*grid.notices, *doubled]
    filled = ~_empty_rows(grid.columns, len(grid.rows))
    columns: dict[str, pa.Array[Any]] = {}
    for index, (name, found) in enumerate(zip(names, grid.columns, strict=True)):
        column = found if filled.all() else found.filter(pa.array(filled))
        if not name:
            if not _blank(column).all():
                notices.append(Notice("column_without_heading", column=column_letters(grid.first_column + index)))
            continue
        if dates_as_classes and plain_label(name) in labels("headings.class_id"):
            column, changed = _classes_from_dates(column)
            if changed:
                notices.append(Notice("class_from_date", column=name, value=changed))
        columns[name] = column
    above = tuple(tuple(line) for line in grid.above)
    rows = grid.rows[filled]
    return RawTable(source.file, sheet, source.school, columns, rows, cover or {}, tuple(notices), above=above)


def _blank(column: pa.Array[Any]) -> np.ndarray[Any, Any]:
    empty: np.ndarray[Any, Any]
    if pa.types.is_string(column.type):
        written: Any = pc.utf8_trim_whitespace(column)
        empty = np.asarray(pc.binary_length(written.fill_null("")), int) == 0
    else:
        empty = np.asarray(column.is_null(), bool)
    return empty


def _empty_rows(columns: Sequence[pa.Array[Any]], count: int) -> np.ndarray[Any, Any]:
    """Rows in which every cell is empty; each column is looked at only where all before it were empty."""
    left = np.arange(count)
    for column in columns:
        if not left.size:
            break
        left = left[_blank(column if left.size == count else column.take(left))]
    empty = np.zeros(count, bool)
    empty[left] = True
    return empty


def _classes_from_dates(column: pa.Array[Any]) -> tuple[pa.Array[Any], str]:
    """Turn 2026-09-01 back into "1.9", which is what was typed; also the first such class, "" if there is none."""
    dates = pc.match_substring_regex(column, ISO_DATE)
    if not pc.any(dates).as_py():
        return column, ""
    written: Any = column.dictionary_encode()
    classes = [class_from_date(text) for text in written.dictionary.to_pylist()]
    back: Any = pa.array(classes, pa.string()).take(written.indices)
    return back, back[pc.index(dates, True).as_py()].as_py()


def _filled(cover: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in cover.items() if value}

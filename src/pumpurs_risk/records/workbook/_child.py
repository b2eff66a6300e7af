"""Reads one workbook in a process of its own, because a hostile one ends the process that reads it.

Run as a file (not with ``-m``), so that the package is not imported and the start costs some 50 ms. Writes one msgpack
message (:class:`Book`) to standard output, and to standard error the number of each sheet before it is opened: after an
abort the parent knows which sheet it was.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import sys
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from python_calamine import CalamineSheet, CalamineWorkbook

MEMORY_LIMIT_BYTES = 2 << 30  # of address space; 100 000 rows x 25 columns take about 0.3 GiB
_ERROR_MARKS = (b't="e"', b"t='e'")
_CHUNK = 1 << 20


class SheetCells(msgspec.Struct, frozen=True):
    """Cells of one worksheet as text, empty rows left out.

    Parameters
    ----------
    name : str
        Name on the sheet's tab.
    hidden : bool
        Whether a person opening the workbook does not see it.
    first_column : int
        Number of the first column (A is 0).
    rows : list of int
        Row numbers as Excel shows them, of the rows that hold anything.
    columns : list of list of str
        One list per column, as long as ``rows``.
    merged : list of tuple of int
        Merged ranges: first row, first column, last row, last column (rows as Excel shows them, A is 0).
    """

    name: str
    hidden: bool
    first_column: int
    rows: list[int]
    columns: list[list[str]]
    merged: list[tuple[int, int, int, int]] = []


class Book(msgspec.Struct, frozen=True):
    """What the child found: sheets, or the code of an error."""

    sheets: list[SheetCells] = []
    error: str = ""
    sheet_names: list[str] = []


def cell_text(value: Any) -> str:
    """Write a cell's value as a person would type it into a CSV file.

    Parameters
    ----------
    value : str, float, int, bool, date, datetime, time or timedelta
        What the reader gave.

    Returns
    -------
    str
        Whole numbers without a decimal point, dates as 2026-09-01, truth values as TRUE and FALSE.

    Examples
    --------
    >>> cell_text(123.0), cell_text(7.5), cell_text(True), cell_text(dt.datetime(2026, 9, 1))
    ('123', '7.5', 'TRUE', '2026-09-01')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "seconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        with contextlib.suppress(ValueError, OSError):  # macOS knows the limit but does not let it be set
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _open(path: str) -> CalamineWorkbook:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        return CalamineWorkbook.from_path(path)
    except PasswordError:
        raise
    except CalamineError as problem:
        with open(path, "rb") as handle:  # noqa: PTH123 - the ending may lie; a stream is judged by its content
            try:
                return CalamineWorkbook.from_filelike(handle)
            except CalamineError:
                raise problem from None


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _position(reference: str, row: int, column: int) -> tuple[int, int]:
    """Row and column (A is 0) of a reference such as "C7"; where it is missing, the place counted so far."""
    found = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", reference)
    if not found:
        return row, column
    number = 0
    for letter in found[1]:
        number = 26 * number + ord(letter) - 64
    return int(found[2]), number - 1


def _sheet_parts(book: ZipFile) -> dict[str, str]:
    """Sheet name -> path of its XML inside the file."""
    from xml.etree import ElementTree

    targets = {}
    for link in ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels")):
        target = link.get("Target", "")
        targets[link.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    parts = {}
    for element in ElementTree.fromstring(book.read("xl/workbook.xml")).iter():
        if _local(element.tag) == "sheet":
            link_id = next((value for key, value in element.items() if _local(key) == "id"), "")
            parts[element.get("name", "")] = targets.get(link_id, "")
    return parts


def _mentions(book: ZipFile, part: str, marks: tuple[bytes, ...]) -> bool:
    tail = b""
    with book.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            if any(mark in tail + chunk for mark in marks):
                return True
            tail = chunk[-64:]
    return False


def _formula_errors(book: ZipFile, part: str) -> Iterator[tuple[int, int, str]]:
    """Find the cells whose formula failed (row, column, text): the reader gives them as empty, that is "unknown"."""
    from xml.etree import ElementTree

    row = column = 0
    with book.open(part) as stream:
        for event, element in ElementTree.iterparse(stream, events=("start", "end")):
            name = _local(element.tag)
            if event == "start" and name == "row":
                row, column = int(element.get("r") or row + 1), -1
            elif event == "start" and name == "c":
                row, column = _position(element.get("r", ""), row, column + 1)
            elif event == "end" and name == "c" and element.get("t") == "e":
                yield row, column, next((child.text or "" for child in element if _local(child.tag) == "v"), "")
            elif event == "end" and name == "row":
                element.clear()


def _xlsx_errors(path: str) -> dict[str, dict[tuple[int, int], str]]:
    with ZipFile(path) as book:
        return {
            name: {(row, column): text for row, column, text in _formula_errors(book, part)}
            for name, part in _sheet_parts(book).items()
            if part in book.NameToInfo and _mentions(book, part, _ERROR_MARKS)
        }


def _ods_errors(path: str) -> dict[str, dict[tuple[int, int], str]]:
    from xml.etree import ElementTree

    found: dict[str, dict[tuple[int, int], str]] = {}
    with ZipFile(path) as book:
        if not _mentions(book, "content.xml", (b'value-type="error"',)):
            return {}
        sheet, row, column = "", 0, 0
        with book.open("content.xml") as stream:
            for event, element in ElementTree.iterparse(stream, events=("start", "end")):
                name, facts = _local(element.tag), {_local(key): value for key, value in element.items()}
                if event == "start" and name == "table":
                    sheet, row = facts.get("name", ""), 1
                elif event == "start" and name == "table-row":
                    column = 0
                elif event == "end" and name in ("table-cell", "covered-table-cell"):
                    if any(value == "error" and _local(key) == "value-type" for key, value in element.items()):
                        text = "".join(element.itertext()).strip()
                        found.setdefault(sheet, {})[row, column] = text
                    column += int(facts.get("number-columns-repeated", 1))
                elif event == "end" and name == "table-row":
                    row += int(facts.get("number-rows-repeated", 1))
                    element.clear()
    return found


def _errors(path: str) -> dict[str, dict[tuple[int, int], str]]:
    """Failed formulas by sheet and place; nothing for .xls, whose records hold them in a form only the reader knows."""
    for read in (_xlsx_errors, _ods_errors):
        with contextlib.suppress(Exception):  # a file that cannot be looked into here is judged by the reader itself
            if found := read(path):
                return found
    return {}


def _cells(sheet: CalamineSheet, hidden: bool, errors: dict[tuple[int, int], str]) -> SheetCells:
    numbers: list[int] = []
    kept: list[list[str]] = []
    count = 0
    first_column = sheet.start[1] if sheet.start else 0
    known: dict[float, str] = {}  # marks and counts repeat: one text each
    error_rows = {row for row, _ in errors}
    for count, row in enumerate(sheet.iter_rows(), start=1):
        if any(value != "" for value in row) or count in error_rows:
            numbers.append(count)
            kept.append(
                [
                    value
                    if type(value) is str
                    else (known.get(value) or known.setdefault(value, cell_text(value)))
                    if type(value) is float
                    else cell_text(value)
                    for value in row
                ]
            )
    if sheet.end is not None and count < sheet.end[0] + 1:  # a reader that leaves out the empty rows at the top
        numbers = [number + sheet.end[0] + 1 - count for number in numbers]
    _put_back(errors, numbers, kept, first_column)
    columns = [list(column) for column in zip(*kept, strict=True)]
    merged = [(a + 1, b, c + 1, d) for (a, b), (c, d) in sheet.merged_cell_ranges or ()]
    return SheetCells(sheet.name, hidden, first_column, numbers, columns, merged)


def _put_back(errors: dict[tuple[int, int], str], numbers: list[int], kept: list[list[str]], first_column: int) -> None:
    place = {number: index for index, number in enumerate(numbers)}
    for (row, column), text in errors.items():
        if row in place and 0 <= column - first_column < len(kept[place[row]]):
            kept[place[row]][column - first_column] = text


def read_book(path: str) -> Book:
    """Read all worksheets of a workbook; hidden ones whose name starts with an underscore are ours and are left out.

    Parameters
    ----------
    path : str
        A file of the kinds xlsx, xlsm, xlsb, xls or ods.

    Returns
    -------
    Book
        The sheets, or the code of the error that stopped the reading.
    """
    from python_calamine import CalamineError, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        book = _open(path)
        errors = _errors(path)
        sheets = []
        for index, about in enumerate(book.sheets_metadata):
            hidden = about.visible != SheetVisibleEnum.Visible
            if about.typ != SheetTypeEnum.WorkSheet or (hidden and about.name.startswith("_")):
                continue
            print("sheet", index + 1, file=sys.stderr, flush=True)
            sheets.append(_cells(book.get_sheet_by_index(index), hidden, errors.get(about.name, {})))
        return Book(sheets, sheet_names=book.sheet_names)
    except PasswordError:
        return Book(error="workbook_password")
    except MemoryError:
        return Book(error="workbook_too_many_cells")
    except (CalamineError, OSError, ValueError) as problem:
        too_many = "Cell limit exceeded" in str(problem)  # the reader's own limit, for open documents
        return Book(error="workbook_too_many_cells" if too_many else "workbook_damaged")
    except BaseException as problem:  # a panic of the Rust reader is no Exception
        if type(problem).__name__ != "PanicException":
            raise
        return Book(error="workbook_damaged")


if __name__ == "__main__":
    _limit_memory()
    sys.stdout.buffer.write(msgspec.msgpack.encode(read_book(sys.argv[1])))

"""Reads text files with columns: encoding, delimiter and heading row found by rule, every cell kept as text."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.raw_table import Notice
from pumpurs_risk.records.reading.headings import SEARCHED_ROWS, find_heading_row, known_headings
from pumpurs_risk.records.reading.raw_grid import RawGrid

DELIMITERS = ";\t,|"  # of equally frequent ones the earlier is taken
_HEAD_BYTES = 1 << 16
_WIDE = 6  # columns from which a line with as many delimiters inside a cell can only be a row
_END = "\x1fend\x1f"  # a record of our own after the last: if it does not come back, a quotation mark was never closed
_UTF8_LETTER = re.compile(
    rb"[\xc4\xc5][\x80-\xbf]"
)  # the Latvian letters in UTF-8; in windows-1257 a sign after a foreign letter


def read_csv(
    content: bytes, file: str, *, encoding: str | None = None, heading_known: Callable[[str], bool] | None = None
) -> RawGrid:
    r"""Read a CSV, TSV or TXT file.

    Parameters
    ----------
    content : bytes
        The file.
    file : str
        Its name as the owner knows it, for the errors.
    encoding : str, optional
        Python's name of the encoding; else a byte-order mark decides, else strict UTF-8, else windows-1257.
    heading_known : callable, optional
        Whether a heading is known; lines above the heading row are then allowed.

    Returns
    -------
    RawGrid
        Text columns. Row numbers count records, as Excel shows them: a cell that holds a line break is one row, Excel's
        line ``sep=;`` is none. Rows with a wrong number of cells are left out and named by notices
        ``row_rejected_cells`` (``detail`` the row, ``value`` its number of cells); surplus cells that are empty are no
        fault.

    Raises
    ------
    RecordsError
        If the bytes fit no encoding, no heading row is found, or a quotation mark is never closed.

    Examples
    --------
    >>> grid = read_csv("Klase;Vidējā atzīme\r\n9.a;7,5\r\n".encode("cp1257"), "9a.csv")
    >>> grid.headings, grid.columns[1].to_pylist(), grid.rows.tolist()
    (['Klase', 'Vidējā atzīme'], ['7,5'], [2])
    """
    text, notices = _as_utf8(content, file, encoding)
    text, delimiter = _excel_delimiter(text)
    head = _find_head(text, delimiter, heading_known)
    if head is None:
        raise RecordsError("file_empty" if not text.strip() else "heading_row_missing", file=file)
    body = text[head.end :].rstrip(b"\r\n")
    width = len(head.headings)
    columns, rows, odd = (
        _read_body(body, head.delimiter, width, file, head.row) if body else (_nothing(width), _no_rows(), [])
    )
    if odd and not rows.size:
        raise RecordsError("csv_no_row_fits", file=file, cells=width, row=odd[0][0], found=odd[0][1])
    notices += _swallowed_rows(columns, rows, head.delimiter, file)
    notices += [Notice("row_rejected_cells", value=str(cells), detail=str(row)) for row, cells in odd]
    return RawGrid(head.headings, columns, rows, head.above, notices=notices)


def _as_utf8(content: bytes, file: str, encoding: str | None) -> tuple[bytes, list[Notice]]:
    notices: list[Notice] = []
    try:
        if encoding is not None:
            content = content.decode(encoding).encode()
        elif content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            content = content.decode("utf-16").encode()
        else:
            try:
                content.decode()
            except UnicodeDecodeError:
                if _UTF8_LETTER.search(content):
                    notices.append(Notice("encoding_mixed"))
                content = content.decode("cp1257").encode()
    except LookupError:
        raise RecordsError("encoding_unknown", encoding=encoding) from None
    except UnicodeError as problem:
        start = getattr(problem, "start", 0)
        line = content.count(b"\n", 0, start) + 1
        name = encoding or getattr(problem, "encoding", "")
        name = "windows-1257" if name in ("charmap", "cp1257") else name
        raise RecordsError(
            "encoding_wrong", file=file, encoding=name, byte=f"0x{content[start]:02X}", offset=start + 1, line=line
        ) from None
    content = content.removeprefix(codecs.BOM_UTF8)
    if (place := content.find(b"\0")) >= 0:
        raise RecordsError("csv_nul", file=file, line=content.count(b"\n", 0, place) + 1)
    return content, notices


def _excel_delimiter(text: bytes) -> tuple[bytes, str | None]:
    """Take off Excel's first line ``sep=;``, which no row number counts."""
    found = re.match(rb'"?sep=(.)"?[;,\t]*(\r\n|\n|\r)', text, re.IGNORECASE)
    return (text[found.end() :], found[1].decode("ascii", "replace")) if found else (text, None)


@dataclass(frozen=True, slots=True)
class _Head:
    delimiter: str
    headings: list[str]
    row: int  # number of the heading row
    end: int  # bytes up to and with it
    above: list[list[str]]


def _find_head(text: bytes, delimiter: str | None, heading_known: Callable[[str], bool] | None) -> _Head | None:
    """Try each delimiter: the one that gives most known headings, then most cells in the heading row, is right."""
    start = text[:_HEAD_BYTES].decode(errors="ignore")
    best, best_rank = None, (-1, -1)
    for candidate in delimiter or DELIMITERS:
        records, ends = _first_records(start, candidate)
        index = find_heading_row(records, heading_known)
        if index is None:
            continue
        headings = records[index]
        rank = (known_headings(headings, heading_known) if heading_known else 0, len(headings))
        if rank > best_rank:
            end = len(start[: ends[index]].encode())
            best, best_rank = _Head(candidate, headings, index + 1, end, records[:index]), rank
    return best


def _first_records(start: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """Split the file's first lines into records; also the number of characters up to the end of each."""
    lines = io.StringIO(start, newline="").readlines()
    reader = csv.reader(lines, delimiter=delimiter)
    ends_of_lines = np.cumsum([len(line) for line in lines])
    records, ends = [], []
    for record in reader:
        records.append(record)
        ends.append(int(ends_of_lines[reader.line_num - 1]))
        if len(records) == SEARCHED_ROWS:
            break
    return records, ends


def _no_rows() -> np.ndarray[Any, Any]:
    return np.empty(0, "i8")


def _nothing(width: int) -> list[pa.Array[Any]]:
    return [pa.array([], pa.string()) for _ in range(width)]


def _read_body(
    body: bytes, delimiter: str, width: int, file: str, heading_row: int
) -> tuple[list[pa.Array[Any]], np.ndarray[Any, Any], list[tuple[int, int]]]:
    """Columns, row numbers, and (row, number of cells) of the rows that do not fit."""
    ended = b"".join((body, b"\n", delimiter.join([_END] * width).encode(), b"\n"))
    odd: list[tuple[int, int, str]] = []

    def leave_out(row: Any) -> Any:
        odd.append((row.number or 0, row.actual_columns, row.text))
        return "skip"

    def read(threads: bool) -> Any:
        source: Any = pa.BufferReader(ended)
        names = [str(index) for index in range(width)]
        return pyarrow.csv.read_csv(
            source,
            pyarrow.csv.ReadOptions(column_names=names, use_threads=threads, block_size=4 << 20),
            pyarrow.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=leave_out
            ),
            pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )

    try:
        table = read(threads=True)
        if odd:  # row numbers are told only to a reader without threads
            odd.clear()
            table = read(threads=False)
    except pa.ArrowInvalid:  # a record of more than 4 MB: a quotation mark that was not closed
        raise RecordsError("csv_quote_open", file=file, row=_row_of_open_quote(body, delimiter, heading_row)) from None
    rows = np.delete(np.arange(1, table.num_rows + len(odd) + 1), [number - 1 for number, _, _ in odd])
    if not table.num_rows or table.column(0)[-1].as_py() != _END:
        raise RecordsError("csv_quote_open", file=file, row=_row_of_open_quote(body, delimiter, heading_row))
    columns = [column.combine_chunks() if column.num_chunks != 1 else column.chunk(0) for column in table.columns]
    columns, rows, odd = _mend_surplus([column[:-1] for column in columns], rows[:-1], odd, delimiter, width)
    return columns, rows + heading_row, [(number + heading_row, cells) for number, cells, _ in odd]


def _mend_surplus(
    columns: list[pa.Array[Any]],
    rows: np.ndarray[Any, Any],
    odd: list[tuple[int, int, str]],
    delimiter: str,
    width: int,
) -> tuple[list[pa.Array[Any]], np.ndarray[Any, Any], list[tuple[int, int, str]]]:
    """Put back rows whose surplus cells are all empty (a delimiter at the end of the line); the others stay out."""
    mended: dict[int, list[str]] = {}
    for number, cells, line in odd:
        if cells > width:
            try:
                record = next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter), [])
            except csv.Error:  # a cell of more than 131 072 characters
                continue
            if len(record) > width and not any(cell.strip() for cell in record[width:]):
                mended[number] = record[:width]
    if not mended:
        return columns, rows, odd
    order = np.argsort(np.concatenate([rows, np.fromiter(mended, "i8")]), kind="stable")
    back = [pa.array(list(cells), pa.string()) for cells in zip(*mended.values(), strict=True)]
    columns = [pa.concat_arrays([column, more]).take(order) for column, more in zip(columns, back, strict=True)]
    rows = np.concatenate([rows, np.fromiter(mended, "i8")])[order]
    return columns, rows, [row for row in odd if row[0] not in mended]


def _row_of_open_quote(body: bytes, delimiter: str, heading_row: int) -> int:
    """Find the last record's row: the one that swallowed the rest of the file."""
    row = heading_row
    try:
        for _ in csv.reader(io.StringIO(body.decode(), newline=""), delimiter=delimiter):
            row += 1
    except csv.Error:  # a cell of more than 131 072 characters: this is it
        row += 1
    return row


def _swallowed_rows(
    columns: list[pa.Array[Any]], rows: np.ndarray[Any, Any], delimiter: str, file: str
) -> list[Notice]:
    """Look for cells that hold whole rows: two marks left open close each other, and the rows between vanish silently.

    In a narrow table a remark of several lines may look the same; there it is only mentioned.
    """
    if len(columns) < 3:
        return []
    a_row = rf"\n([^\n]*{re.escape(delimiter)}){{{min(len(columns) - 1, 200)}}}"
    for column in columns:
        if pc.any(pc.match_substring(column, "\n")).as_py():
            place = pc.index(pc.match_substring_regex(column, a_row), True).as_py()
            if place >= 0 and len(columns) >= _WIDE:
                raise RecordsError("csv_quote_open", file=file, row=int(rows[place]))
            if place >= 0:
                return [Notice("cell_holds_rows", detail=str(rows[place]))]
    return []

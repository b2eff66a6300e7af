"""Reads workbooks (xlsx, xlsm, xls, ods) safely: refuses bombs, and lets another process do the reading."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.reading.file_kind import kind_of
from pumpurs_risk.records.workbook import _child

TIME_LIMIT_SECONDS = 300.0  # 100 000 rows x 25 columns take about 5


@dataclass(frozen=True, slots=True)
class RawSheet:
    """One worksheet as text.

    Parameters
    ----------
    name : str
        Name on its tab.
    hidden : bool
        Whether a person opening the workbook does not see it.
    first_column : int
        Number of its first column (A is 0).
    rows : numpy.ndarray of int64, shape (n,)
        Row numbers as Excel shows them; rows that hold nothing are left out.
    columns : list of list of str
        Cells by column, each of length n.
    merged : list of tuple of int
        Merged ranges: first row, first column, last row, last column. Only the top left cell has the value.
    """

    name: str
    hidden: bool
    first_column: int
    rows: np.ndarray[tuple[int], np.dtype[np.int64]]
    columns: list[list[str]]
    merged: list[tuple[int, int, int, int]]

    def top(self, count: int) -> list[list[str]]:
        """Give the first rows, cell by cell.

        Parameters
        ----------
        count : int
            How many at most.

        Returns
        -------
        list of list of str
            Rows from the top.
        """
        return [list(row) for row in zip(*(column[:count] for column in self.columns), strict=True)]


def read_workbook(path: Path, *, file: str | None = None) -> list[RawSheet]:
    """Read the worksheets of a workbook as text.

    Parameters
    ----------
    path : pathlib.Path
        The workbook.
    file : str, optional
        Its name as the owner knows it, for the errors; else the name of the file.

    Returns
    -------
    list of RawSheet
        In the workbook's order, hidden ones marked. Whole numbers read "123", dates "2026-09-01", truth values "TRUE"
        and "FALSE", failed formulas "#DIV/0!" (in .xls these are empty). Hidden sheets whose name starts with "_" are
        left out.

    Raises
    ------
    RecordsError
        If the workbook is protected with a password, damaged, a bomb, claims more cells than memory holds, or takes too
        long.

    Notes
    -----
    A workbook of 5 kB with cells at A1 and XFD1048576 ends any process that reads it, and cannot be caught. The reading
    happens in a child with at most 2 GiB of address space (where the system can limit it), at a price of about 0.1 s.
    """
    path = Path(path)
    file = path.name if file is None else file
    kind_of(path, file)
    try:
        done = subprocess.run(
            [sys.executable, "-P", _child.__file__, str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT_SECONDS,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired:
        raise RecordsError("workbook_too_slow", file=file, minutes=round(TIME_LIMIT_SECONDS / 60)) from None
    book = _message(done, file)
    return [
        RawSheet(sheet.name, sheet.hidden, sheet.first_column, np.array(sheet.rows, "i8"), sheet.columns, sheet.merged)
        for sheet in book.sheets
    ]


def _message(done: subprocess.CompletedProcess[bytes], file: str) -> _child.Book:
    sheet = int([b"1", *re.findall(rb"^sheet ([0-9]+)\s*$", done.stderr, re.MULTILINE)][-1])
    try:
        book = msgspec.msgpack.decode(done.stdout, type=_child.Book)
    except msgspec.DecodeError:
        # An abort: signal 6 on POSIX, 9 from a system out of memory, 0xC0000409 and its like on Windows.
        killed = done.returncode < 0 or done.returncode >= 0xC0000000
        code = "workbook_too_many_cells" if killed else "workbook_reader_failed"
        raise RecordsError(code, file=file, sheet=sheet) from None
    if book.error:
        raise RecordsError(book.error, file=file, sheet=sheet)
    return book

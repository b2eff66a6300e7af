"""The top and foot that all sheets of the workbook share, and the hidden rows by which a sheet is read back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from pumpurs_risk.locale import date_text, number, text
from pumpurs_risk.records.workbook.writer import SheetWriter, WorkbookWriter
from pumpurs_risk.reports.paper import MARK, SchoolPaper

MAX_ROWS = 5_000
"""Rows of one sheet; nobody reads more, and a run's own files hold all."""


def open_sheet(
    book: WorkbookWriter, paper: SchoolPaper, key: str, widths: Sequence[float], *, hidden: int = 0
) -> SheetWriter:
    """Add a sheet with its footer.

    Parameters
    ----------
    book : WorkbookWriter
        The workbook.
    paper : SchoolPaper
        For the footer.
    key : str
        Which sheet, as in ``workbook.sheets``.
    widths : sequence of float
        Column widths, hidden ones included.
    hidden : int
        Number of hidden columns at the left.

    Returns
    -------
    SheetWriter
        An empty sheet.
    """
    sheet = book.sheet(text(f"workbook.sheets.{key}", paper.lang), widths, hidden_columns=hidden)
    expires, day = date_text(paper.expires, paper.lang), date_text(paper.as_of, paper.lang)
    sheet.footer(
        text("workbook.footer.left", paper.lang, school=paper.title, day=day, expires=expires),
        text("workbook.footer.centre", paper.lang, run=paper.run),
        text("workbook.footer.pages", paper.lang),
    )
    return sheet


def write_top(sheet: SheetWriter, paper: SchoolPaper, heading: str, lines: Sequence[str] = ()) -> int:
    """Write heading, school and date, the confidential line and further lines.

    Returns
    -------
    int
        The next free row.
    """
    lang = paper.lang
    about = [
        ", ".join(part for part in (paper.title, paper.municipality) if part),
        semester_text(paper.semester, lang),
        text("workbook.top.date", lang, day=date_text(paper.as_of, lang)),
        text("workbook.top.expires", lang, day=date_text(paper.expires, lang)),
    ]
    sheet.line(0, heading, "lead")
    sheet.line(1, " · ".join(part for part in about if part), "plain")
    sheet.line(2, text("workbook.top.only", lang), "section")
    row = 3
    for line in lines:
        sheet.line(row, line, "note")
        row += 1
    return row


def semester_text(semester: str, lang: str) -> str:
    """Say a semester such as ``2026/2027-2`` in words; anything else is returned as it is.

    Examples
    --------
    >>> semester_text("2026/2027-2", "lv")
    '2026./2027. mācību gada 2. semestris'
    """
    found = re.fullmatch(r"(\d{4})/(\d{4})-(\d)", semester)
    if not found:
        return semester
    return text("workbook.top.semester", lang, from_year=found[1], to_year=found[2], number=found[3])


def write_header(sheet: SheetWriter, row: int, mark: str, ids: Sequence[str], headings: Sequence[str]) -> int:
    """Write a table's hidden machine row and its heading row.

    Parameters
    ----------
    sheet : SheetWriter
        The sheet.
    row : int
        Row of the machine row; the headings stand below it.
    mark : str
        Name of the table for reading back; empty for a table that is not read back.
    ids : sequence of str
        Column ids, hidden columns first; the first one is implied by the mark.
    headings : sequence of str
        Headings of the visible columns.

    Returns
    -------
    int
        The heading row.
    """
    if mark:
        sheet.row(row, [MARK + mark, *ids[1:]], "text")
        sheet.hide_row(row)
        row += 1
    sheet.row(row, [*([""] * sheet.hidden_columns), *headings], "header")
    return row


def first_rows(frame: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """Check a frame's columns and keep the rows that a sheet can show.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(f"SchoolPaper.{name} lacks the columns {', '.join(missing)}")
    ordered = frame.sort_values("order", kind="stable") if "order" in columns else frame
    return ordered[list(columns)].head(MAX_ROWS)


def rows_of(frame: pd.DataFrame) -> Iterator[Any]:
    """Give the rows as named tuples, for a page that a person reads."""
    yield from frame.itertuples(index=False)


def cut_note(paper: SchoolPaper, rows: int) -> list[str]:
    """Say that a sheet shows only its first rows, where that is so."""
    if rows <= MAX_ROWS:
        return []
    shown, n = number(MAX_ROWS, paper.lang), number(rows, paper.lang)
    return [text("workbook.top.shown_of", paper.lang, shown=shown, n=n)]

"""The sheet that asks what became of pupils who stood on the last list's rosters and are on none now."""

from __future__ import annotations

import pandas as pd

from pumpurs_risk.locale import date_text, text
from pumpurs_risk.records.workbook.text_layout import is_blank
from pumpurs_risk.records.workbook.writer import SheetWriter, WorkbookWriter
from pumpurs_risk.reports.paper import GONE_COLUMNS, MISSING_COLUMNS, SchoolPaper
from pumpurs_risk.reports.pupil_sheets import pupil_headings
from pumpurs_risk.reports.returned_tables import iso_day
from pumpurs_risk.reports.returned_words import OUTCOMES
from pumpurs_risk.reports.sheet_top import cut_note, first_rows, open_sheet, rows_of, write_header, write_top

MISSING_IDS = ("pupil_id", "shown", "class_id", "last_seen", "outcome", "date", "note")


def write_missing(book: WorkbookWriter, paper: SchoolPaper) -> None:
    """Write who is missing from the rosters, with cells for what became of them; below, of whom it is known.

    Parameters
    ----------
    book : WorkbookWriter
        The workbook.
    paper : SchoolPaper
        ``missing``, with a column ``date`` (date or ISO text) where a day is known already, and ``gone``.
    """
    gone = _told_elsewhere(paper)
    if not len(paper.missing) and not len(gone):
        return
    lang = paper.lang
    sheet = open_sheet(book, paper, "missing", (8, 30, 10, 16, 38, 16, 66), hidden=1)
    lines = [text("workbook.intro.missing", lang), *cut_note(paper, len(paper.missing))] if len(paper.missing) else []
    row = write_top(sheet, paper, sheet.name, lines)
    if len(paper.missing):
        row = _write_asked(sheet, row, paper) + 1
    if len(gone):
        _write_gone(sheet, row, gone, paper)
    sheet.lock()


def _write_asked(sheet: SheetWriter, row: int, paper: SchoolPaper) -> int:
    """Write the table to fill in; returns the row after it."""
    lang = paper.lang
    headings = [
        text(f"workbook.columns.{name}", lang) for name in ("last_seen", "outcome", "outcome_date", "outcome_note")
    ]
    header = row = write_header(sheet, row, "missing", MISSING_IDS, [*pupil_headings(paper), *headings])
    frame = paper.missing if "date" in paper.missing else paper.missing.assign(date="")
    for pupil in rows_of(first_rows(frame, (*MISSING_COLUMNS, "date"), "missing")):
        row += 1
        seen, day = (_day_text(value, lang) for value in (pupil.last_seen, pupil.date))
        outcome = "" if is_blank(pupil.outcome) else text(f"workbook.outcome.{pupil.outcome}", lang)
        sheet.row(row, [pupil.pupil_id, pupil.shown, pupil.class_id, seen], "text")
        sheet.row(row, [outcome, day, pupil.note], "typed", start=4)
    words = [text(f"workbook.outcome.{kind}", lang) for kind in OUTCOMES]
    title = text("workbook.columns.outcome", lang)
    sheet.choose((header + 1, row), 4, words, (title, text("workbook.outcome.prompt", lang)))
    sheet.prompt(
        (header + 1, row), 5, (text("workbook.columns.outcome_date", lang), text("workbook.outcome.day", lang))
    )
    sheet.table(header, row, filters=not len(paper.gone))
    return row + 1


def _write_gone(sheet: SheetWriter, row: int, gone: pd.DataFrame, paper: SchoolPaper) -> None:
    sheet.line(row, text("workbook.intro.gone", paper.lang), "section")
    headings = [*pupil_headings(paper), text("workbook.columns.known", paper.lang)]
    row += 1
    sheet.row(row, headings[:2], "header", start=1)
    sheet.line(row, headings[2], "header", start=3)
    for person in rows_of(first_rows(gone, GONE_COLUMNS, "gone")):
        row += 1
        sheet.row(row, [person.shown, person.class_id], "text", start=1)
        sheet.line(row, "" if is_blank(person.text) else str(person.text), "body", start=3)


def _told_elsewhere(paper: SchoolPaper) -> pd.DataFrame:
    """Who is gone and not asked about in the table above."""
    asked = set(zip(paper.missing["shown"], paper.missing["class_id"], strict=True))
    here = [pair in asked for pair in zip(paper.gone["shown"], paper.gone["class_id"], strict=True)]
    return paper.gone[[not each for each in here]]


def _day_text(value: object, lang: str) -> str:
    """Write a date, or one in ISO text, as people write it."""
    if is_blank(value):
        return ""
    day = iso_day(value) if isinstance(value, str) else value
    return str(value) if day is None else date_text(day, lang)  # type: ignore[arg-type]

"""The sheets behind the list: questions to ask, the sum of each pupil's reasons, cells to mend, who is out of scope."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from pumpurs_risk.locale import number, text
from pumpurs_risk.records.workbook.text_layout import is_blank
from pumpurs_risk.records.workbook.writer import SheetWriter, WorkbookWriter
from pumpurs_risk.reports.paper import (
    DETAIL_COLUMNS,
    NOT_ASSESSED_COLUMNS,
    OUT_OF_SCOPE_COLUMNS,
    QUESTION_COLUMNS,
    SchoolPaper,
)
from pumpurs_risk.reports.pupil_sheets import pupil_headings
from pumpurs_risk.reports.sheet_top import cut_note, first_rows, open_sheet, rows_of, write_header, write_top

QUESTION_IDS = ("pupil_id", "factor", "as_of", "role", "shown", "class_id", "question", "role_name", "answer")
_SMALLEST_SHOWN = 0.005
"""Weights are shown to two decimals; less than this is nothing."""
_KINDS = ("base", "risk", "strength", "unknown", "other", "total")


def write_questions(book: WorkbookWriter, paper: SchoolPaper) -> None:
    """Write what to ask about whom, with a cell for the answer; pupil, factor and date stand in hidden columns."""
    if not len(paper.questions):
        return
    lang = paper.lang
    sheet = open_sheet(book, paper, "questions", (8, 8, 8, 8, 24, 10, 66, 28, 26), hidden=4)
    lines = [text("workbook.intro.questions", lang), *cut_note(paper, len(paper.questions))]
    row = write_top(sheet, paper, sheet.name, lines)
    headings = [text(f"workbook.columns.{name}", lang) for name in ("question", "role_name", "answer")]
    header = row = write_header(sheet, row, "questions", QUESTION_IDS, [*pupil_headings(paper), *headings])
    as_of = paper.as_of.isoformat()
    for asked in rows_of(first_rows(paper.questions, QUESTION_COLUMNS, "questions")):
        row += 1
        sheet.row(row, [asked.pupil_id, asked.factor, as_of, asked.role, asked.shown, asked.class_id], "text")
        sheet.row(row, [asked.question, asked.role_name, asked.answer], ["body", "body", "typed"], start=6)
        _offer_answers(sheet, row, 8, asked, lang)
    sheet.table(header, row)
    sheet.lock()


def _offer_answers(sheet: SheetWriter, row: int, column: int, asked: Any, lang: str) -> None:
    title = text("workbook.answer.prompt_title", lang)
    words = answer_words(asked.kind, asked.scale, lang)
    if words:
        sheet.choose((row, row), column, words, (title, text("workbook.answer.choose", lang)))
    elif asked.kind == "share":
        sheet.prompt((row, row), column, (title, text("workbook.answer.number_share", lang)))
    elif is_blank(asked.low) or is_blank(asked.high):
        sheet.prompt((row, row), column, (title, text("workbook.answer.number_plain", lang)))
    else:
        low, high = (number(limit, lang, 0 if float(limit).is_integer() else 1) for limit in (asked.low, asked.high))
        message = text("workbook.answer.number", lang, low=low, high=high, unit=asked.unit)
        sheet.prompt((row, row), column, (title, message))


def answer_words(kind: str, scale: Any, lang: str) -> list[str]:
    """Return the words that an answer can be chosen from: yes and no, or a rated factor's own; empty for numbers."""
    if kind == "yes_no":
        return [text("template.words.yes", lang), text("template.words.no", lang)]
    return [] if isinstance(scale, float) or scale is None else [str(word) for word in scale]


def write_details(book: WorkbookWriter, paper: SchoolPaper) -> None:
    """Write the sum behind each pupil's estimate: every line and its weight, strengths and unknowns included."""
    if not len(paper.details):
        return
    lang = paper.lang
    sheet = open_sheet(book, paper, "details", (24, 10, 20, 96, 9))
    lines = [text("workbook.intro.details", lang), *cut_note(paper, len(paper.details))]
    row = write_top(sheet, paper, sheet.name, lines)
    headings = [text(f"workbook.columns.{name}", lang) for name in ("kind", "line", "weight")]
    header = row = write_header(sheet, row, "", (), [*pupil_headings(paper), *headings])
    frame = first_rows(paper.details, DETAIL_COLUMNS, "details")
    whole = frame.loc[frame["kind"] == "total", "pupil_id"]  # the last pupil of a long sheet may be cut in the middle
    frame = frame[frame["pupil_id"].isin(whole)]
    names = {kind: text(f"workbook.kind.{kind}", lang) for kind in _KINDS}
    for _, of_one in groupby(rows_of(frame), key=lambda line: line.pupil_id):
        lines_of_one = list(of_one)
        shown, class_id = lines_of_one[0].shown, lines_of_one[0].class_id
        for kind, sentence, weight in sum_lines(lines_of_one, lang):
            row += 1
            look = kind if kind in ("total", "risk", "strength", "unknown") else "body"
            styles = ["text", "text", look, look, "total_weight" if kind == "total" else "weight"]
            sheet.row(row, [shown, class_id, names[kind], sentence, weight], styles)
    sheet.table(header, row)
    sheet.lock()


def sum_lines(lines: Sequence[Any], lang: str) -> list[tuple[str, str, float | None]]:
    """Turn one pupil's lines into lines that add up as printed.

    Parameters
    ----------
    lines : sequence of named tuples
        One pupil's rows of ``SchoolPaper.details``: kind, sentence, contribution.
    lang : {"lv", "en"}
        For the fixed sentences.

    Returns
    -------
    list of (kind, sentence, weight)
        Weights in log-odds, rounded to two decimals; the line ``other`` takes what the named lines and rounding leave,
        so that base and lines add up to the total exactly as shown. None where a line has no weight.
    """
    base, total = (next(float(line.contribution) for line in lines if line.kind == kind) for kind in ("base", "total"))
    shown: list[tuple[str, str, float | None]] = []
    for line in lines:
        if line.kind not in ("base", "total"):
            weight = None if is_blank(line.contribution) else round(float(line.contribution), 2)
            shown.append((line.kind, str(line.sentence), weight))
    named = sum(weight for _, _, weight in shown if weight is not None)
    other = round(round(total, 2) - round(base, 2) - named, 2)
    if abs(other) > _SMALLEST_SHOWN:
        shown.append(("other", text("workbook.details.other", lang), other))
    first = ("base", text("workbook.details.base", lang), round(base, 2))
    return [first, *shown, ("total", _total_text(total, lang), round(total, 2))]


def _total_text(log_odds: float, lang: str) -> str:
    """Say a probability as a natural frequency with one digit, so that nobody reads more into it than it holds."""
    of_100 = 100 / (1 + math.exp(-log_odds))
    if round(of_100) < 1:
        return text("workbook.details.total_low", lang)
    shown = round(of_100) if of_100 < 9.5 else 10 * round(of_100 / 10)
    return text("workbook.details.total", lang, n=number(shown, lang))


def write_not_assessed(book: WorkbookWriter, paper: SchoolPaper) -> None:
    """Write the cells to mend: where they are, what they say, what is wrong."""
    if not len(paper.not_assessed):
        return
    sheet = open_sheet(book, paper, "not_assessed", (28, 16, 8, 24, 22, 66))
    lines = [text("workbook.intro.not_assessed", paper.lang), *cut_note(paper, len(paper.not_assessed))]
    row = write_top(sheet, paper, sheet.name, lines)
    headings = [text(f"workbook.columns.{name}", paper.lang) for name in NOT_ASSESSED_COLUMNS]
    header = row = write_header(sheet, row, "", (), headings)
    for cell in rows_of(first_rows(paper.not_assessed, NOT_ASSESSED_COLUMNS, "not_assessed")):
        row += 1
        line = "" if is_blank(cell.row) else str(int(cell.row))
        sheet.row(row, [cell.file, cell.sheet, line, cell.column, cell.value, cell.message], "text")
    sheet.table(header, row)
    sheet.lock()


def write_out_of_scope(book: WorkbookWriter, paper: SchoolPaper) -> None:
    """Write whom the list is not about, and why."""
    if not len(paper.out_of_scope):
        return
    sheet = open_sheet(book, paper, "out_of_scope", (28, 10, 110))
    lines = [text("workbook.intro.out_of_scope", paper.lang), *cut_note(paper, len(paper.out_of_scope))]
    row = write_top(sheet, paper, sheet.name, lines)
    headings = [*pupil_headings(paper), text("workbook.columns.reason", paper.lang)]
    header = row = write_header(sheet, row, "", (), headings)
    for person in rows_of(first_rows(paper.out_of_scope, OUT_OF_SCOPE_COLUMNS, "out_of_scope")):
        row += 1
        sheet.row(row, [person.shown, person.class_id, person.reason], "text")
    sheet.table(header, row)
    sheet.lock()

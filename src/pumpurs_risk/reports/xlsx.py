"""The support staff's workbook of one school: the list, what to ask, why, what could not be used, how to use it.

For support staff only, and it says so at the top of every sheet and at the foot of every page. Sheets without rows are
left out, except the list and the guidance. Decisions, answers, added pupils and what became of those who left are read back by
``reports/returned.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from pumpurs_risk.locale import date_text, number, text
from pumpurs_risk.records.workbook.writer import WorkbookWriter
from pumpurs_risk.reports.guidance import write_guidance
from pumpurs_risk.reports.missing_sheet import write_missing
from pumpurs_risk.reports.paper import ABOUT_SHEET, FORMAT_VERSION, SchoolPaper, SchoolReport
from pumpurs_risk.reports.pupil_sheets import (
    DecisionPlaces,
    write_list,
    write_pupils,
    write_set_aside,
    write_signals,
    write_uncertain,
)
from pumpurs_risk.reports.support_sheets import write_details, write_not_assessed, write_out_of_scope, write_questions


def write_support_staff_workbook(target: Path | BinaryIO, paper: SchoolPaper) -> None:
    """Write the workbook for one school's support staff.

    Parameters
    ----------
    target : pathlib.Path or binary file
        Where to write the ``.xlsx``.
    paper : SchoolPaper
        What it says; see there for the columns of the frames.

    Raises
    ------
    ValueError
        If a frame lacks a column.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import datetime as dt, io
    >>> from pumpurs_risk.reports import SchoolPaper, write_support_staff_workbook
    >>> summary = {"above": 0, "places": 3, "not_covered": 0, "threshold": 0.1}
    >>> paper = SchoolPaper("liepas", "Liepas vidusskola", dt.date(2027, 1, 15), dt.date(2027, 5, 28), summary)
    >>> buffer = io.BytesIO()
    >>> write_support_staff_workbook(buffer, paper)
    >>> buffer.getvalue()[:2]
    b'PK'
    """
    day = date_text(paper.as_of, paper.lang)
    title = text("workbook.file.title", paper.lang, school=paper.title, day=day)
    comments = text("workbook.file.comments", paper.lang)
    with WorkbookWriter(target, created=paper.as_of, title=title, comments=comments) as book:
        places = DecisionPlaces()
        write_list(book, paper, places, [first_line(paper), *_about_lines(paper)])
        write_guidance(book, paper)
        for key in ("ask_first", "not_covered", "watch"):
            write_pupils(book, paper, key, getattr(paper, key), places)
        write_questions(book, paper)
        write_missing(book, paper)
        write_set_aside(book, paper, places)
        write_signals(book, paper, places)
        write_details(book, paper)
        write_uncertain(book, paper, places)
        write_not_assessed(book, paper)
        write_out_of_scope(book, paper)
        book.hidden_sheet(ABOUT_SHEET, _about_rows(paper))


def first_line(paper: SchoolPaper | SchoolReport) -> str:
    """Say how many are above the threshold, how many places there are, and how many are left without one.

    Parameters
    ----------
    paper : SchoolPaper or SchoolReport
        Whose ``summary`` to say.

    Returns
    -------
    str
        One line; while the model has no local outcomes with ranges and with the mark that says so.
    """
    summary, lang = paper.summary, paper.lang
    learner = f"workbook.learner.{paper.learner}"

    def said(key: str, name: str) -> str:
        count = int(summary[name])
        return text(key, lang, count=count, n=number(count, lang))

    def bounds(name: str) -> str:
        low, high = summary.get(f"{name}_low"), summary.get(f"{name}_high")
        if low is None or high is None or pd.isna(low) or pd.isna(high) or low == high == summary[name]:
            return ""
        return text("workbook.top.range", lang, low=number(int(low), lang), high=number(int(high), lang))

    published = not summary.get("has_local_outcomes", False)
    line = text(
        "workbook.top.first_line",
        lang,
        above=said(f"{learner}.above", "above"),
        above_range=bounds("above") if published else "",
        places=said("workbook.places", "places"),
        uncovered=said(f"{learner}.uncovered", "not_covered"),
        uncovered_range=bounds("not_covered") if published else "",
        mark=text("workbook.top.day_one", lang) if published else "",
    )
    return line[:1].upper() + line[1:]


def _about_lines(paper: SchoolPaper) -> list[str]:
    summary, lang = paper.summary, paper.lang
    threshold = text("workbook.top.threshold", lang, n=number(round(100 * float(summary["threshold"])), lang))
    length = " ".join(text(f"workbook.top.{key}", lang) for key in _length_keys(summary))
    return [f"{threshold} {length}", *paper.notes]


def _length_keys(summary: Mapping[str, Any]) -> list[str]:
    """What ended the list: the threshold, the places, or both."""
    cut_by = summary.get("cut_by", "places")
    if cut_by == "probability":
        return ["by_probability"]
    assumed = [] if summary.get("places_given", True) else ["places_default"]
    if cut_by == "both":
        return [*assumed, "by_both"]
    if summary.get("roll") is not None and int(summary["roll"]) < int(summary["places"]):
        return [*assumed, "places_for_all"]
    return assumed or ["places_given"]


def _about_rows(paper: SchoolPaper) -> list[Sequence[Any]]:
    """List what reading back needs: which list it is, and which row belongs to whom."""
    rows: list[Sequence[Any]] = [
        (ABOUT_SHEET, FORMAT_VERSION),
        ("school_id", paper.school_id),
        ("as_of", paper.as_of.isoformat()),
        ("run", paper.run),
        ("lang", paper.lang),
    ]
    frames = (
        paper.listed, paper.ask_first, paper.not_covered, paper.watch, paper.signals, paper.questions, paper.set_aside,
        paper.missing,
    )  # fmt: skip
    people = pd.concat([frame[["pupil_id", "shown", "class_id"]] for frame in frames if len(frame)] or [pd.DataFrame()])
    if len(people):
        rows += [("pupil", *person) for person in people.drop_duplicates("pupil_id").itertuples(index=False)]
    return rows

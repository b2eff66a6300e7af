"""The sheets that ask for decisions: the list, ask first, not covered, watch, dismissed before, always look, the cut."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from pumpurs_risk.locale import date_text, text
from pumpurs_risk.records.workbook.text_layout import is_blank
from pumpurs_risk.records.workbook.writer import SheetWriter, WorkbookWriter
from pumpurs_risk.reports.paper import ADDED_COLUMNS, DECISIONS, LIST_COLUMNS, SIGNAL_COLUMNS, SchoolPaper
from pumpurs_risk.reports.sheet_top import cut_note, first_rows, open_sheet, rows_of, write_header, write_top

LIST_IDS = ("pupil_id", "shown", "class_id", "tier", "reason_1", "reason_2", "certainty", "step", "decision")
CHANGED_IDS = ("pupil_id", "shown", "class_id", "tier", "change", "reason_1", "reason_2", "step", "decision")
"""With what changed since the last list; how sure it is then stands below the tier, so that eight columns stay in sight."""
SET_ASIDE_IDS = ("pupil_id", "shown", "class_id", "why", "reason_1", "reason_2", "step", "decision")
SIGNAL_IDS = ("pupil_id", "shown", "class_id", "sentence", "source", "step", "decision")
_LIST_WIDTHS = (8, 21, 10, 21, 33, 33, 13, 33, 17)
_CHANGED_WIDTHS = (8, 20, 8, 19, 24, 32, 32, 30, 16)
_ROOM_TO_ADD = 5
"""Empty rows below the list for pupils whom it missed."""


class DecisionPlaces:
    """Where each pupil's decision is asked: once in a workbook, on the first sheet that names the pupil."""

    def __init__(self) -> None:
        self._sheets: dict[str, str] = {}

    def asked_before(self, pupil_id: str, sheet: str) -> str | None:
        """Name of the sheet that asked for this pupil's decision already; None if this one is the first."""
        if pupil_id in self._sheets:
            return self._sheets[pupil_id]
        self._sheets[pupil_id] = sheet
        return None


def write_list(book: WorkbookWriter, paper: SchoolPaper, places: DecisionPlaces, lines: list[str]) -> None:
    """Write the list itself, with its first line and room for pupils whom it missed.

    Parameters
    ----------
    book : WorkbookWriter
        The workbook.
    paper : SchoolPaper
        What to write.
    places : DecisionPlaces
        Remembers where each decision is asked.
    lines : list of str
        First line, then the lines below the confidential line.
    """
    sheet = open_sheet(book, paper, "list", _widths(paper), hidden=1)
    empty = [] if len(paper.listed) else [text("workbook.top.empty", paper.lang)]
    row = write_top(sheet, paper, lines[0], [" ".join(lines[1:]), *empty, *cut_note(paper, len(paper.listed))])
    frame = first_rows(paper.listed, LIST_COLUMNS, "listed")
    row = _write_pupil_rows(sheet, row, paper, frame, places, untiered="added")
    _write_added(sheet, row + 1, paper)
    sheet.page.activate()
    sheet.lock()


def write_pupils(
    book: WorkbookWriter, paper: SchoolPaper, key: str, frame: pd.DataFrame, places: DecisionPlaces
) -> None:
    """Write a sheet of pupils in the list's columns; nothing if there are none.

    Parameters
    ----------
    book : WorkbookWriter
        The workbook.
    paper : SchoolPaper
        For language and footer.
    key : str
        Which sheet, as in ``workbook.sheets``.
    frame : pandas.DataFrame
        ``LIST_COLUMNS``.
    places : DecisionPlaces
        Remembers where each decision is asked.
    """
    if not len(frame):
        return
    sheet = open_sheet(book, paper, key, _widths(paper), hidden=1)
    lines = [text(f"workbook.intro.{key}", paper.lang), *cut_note(paper, len(frame))]
    row = write_top(sheet, paper, sheet.name, lines)
    _write_pupil_rows(sheet, row, paper, first_rows(frame, LIST_COLUMNS, key), places)
    sheet.lock()


def write_set_aside(book: WorkbookWriter, paper: SchoolPaper, places: DecisionPlaces) -> None:
    """Write whom staff dismissed earlier and why the list leaves them out; the decision can be made anew."""
    if not len(paper.set_aside):
        return
    lang = paper.lang
    sheet = open_sheet(book, paper, "set_aside", (8, 21, 10, 36, 36, 36, 33, 24), hidden=1)
    lines = [text("workbook.intro.set_aside", lang), *cut_note(paper, len(paper.set_aside))]
    row = write_top(sheet, paper, sheet.name, lines)
    headings = [text(f"workbook.columns.{name}", lang) for name in ("set_aside_why", *SET_ASIDE_IDS[4:])]
    header = row = write_header(sheet, row, "set_aside", SET_ASIDE_IDS, [*pupil_headings(paper), *headings])
    for pupil in rows_of(first_rows(paper.set_aside, (*LIST_COLUMNS, "why"), "set_aside")):
        row += 1
        sheet.row(row, [pupil.pupil_id, pupil.shown, pupil.class_id], "text")
        sheet.row(row, [pupil.why, pupil.reason_1, pupil.reason_2, step_text(pupil, lang)], start=3)
        _write_decision(sheet, row, 7, pupil, paper, places)
    _offer_decisions(sheet, header, row, 7, lang)
    sheet.table(header, row)
    sheet.lock()


def write_signals(book: WorkbookWriter, paper: SchoolPaper, places: DecisionPlaces) -> None:
    """Write the signs that a person always looks at, with their source and next step."""
    if not len(paper.signals):
        return
    lang = paper.lang
    sheet = open_sheet(book, paper, "signals", (8, 21, 10, 48, 34, 36, 22), hidden=1)
    lines = [text("workbook.intro.signals", lang), *cut_note(paper, len(paper.signals))]
    row = write_top(sheet, paper, sheet.name, lines)
    headings = [text(f"workbook.columns.{name}", lang) for name in ("sentence", "source", "step", "decision")]
    header = write_header(sheet, row, "signals", SIGNAL_IDS, [*pupil_headings(paper), *headings])
    row = header
    for pupil in rows_of(first_rows(paper.signals, SIGNAL_COLUMNS, "signals")):
        row += 1
        sheet.row(row, [pupil.pupil_id, pupil.shown, pupil.class_id], "text")
        sheet.row(row, [pupil.sentence, pupil.source, step_text(pupil, lang)], start=3)
        _write_decision(sheet, row, 6, pupil, paper, places)
    _offer_decisions(sheet, header, row, 6, lang)
    sheet.table(header, row)
    sheet.lock()


def write_uncertain(book: WorkbookWriter, paper: SchoolPaper, places: DecisionPlaces) -> None:
    """Write who could change places across the edge of the list; decisions are asked where the pupil stands otherwise."""
    if not len(paper.uncertain):
        return
    lang = paper.lang
    sheet = open_sheet(book, paper, "uncertain", (21, 10, 18, 36, 36, 13, 34))
    lines = [text("workbook.intro.uncertain", lang), *cut_note(paper, len(paper.uncertain))]
    row = write_top(sheet, paper, sheet.name, lines)
    names = ("side", "reason_1", "reason_2", "certainty", "step")
    headings = [text(f"workbook.columns.{name}", lang) for name in names]
    header = row = write_header(sheet, row, "", (), [*pupil_headings(paper), *headings])
    frame = first_rows(paper.uncertain, (*LIST_COLUMNS, "listed", "tie"), "uncertain")
    for pupil in rows_of(frame):
        row += 1
        side = text("workbook.side.inside" if pupil.listed else "workbook.side.outside", lang)
        if pupil.tie:
            side += "; " + text("workbook.side.tie", lang)
        sheet.row(row, [pupil.shown, pupil.class_id], "text")
        sheet.row(
            row,
            [side, pupil.reason_1, pupil.reason_2],
            ["act_now" if pupil.listed else "watch", "body", "body"],
            start=2,
        )
        sheet.row(row, [text(f"workbook.certainty.{pupil.certainty}", lang), step_text(pupil, lang)], start=5)
    sheet.table(header, row)
    sheet.lock()


def pupil_headings(paper: SchoolPaper) -> list[str]:
    """Headings of the two columns that say who it is."""
    learner = f"workbook.learner.{paper.learner}"
    return [text(f"{learner}.heading", paper.lang), text(f"{learner}.group", paper.lang)]


def step_text(pupil: Any, lang: str) -> str:
    """Say the next step, who takes it and by when, in one cell."""
    if is_blank(pupil.step) or is_blank(pupil.due):
        return "" if is_blank(pupil.step) else str(pupil.step)
    key = "workbook.list.step_without_role" if is_blank(pupil.role_name) else "workbook.list.step"
    return text(key, lang, step=pupil.step, role=pupil.role_name, due=date_text(pupil.due, lang))


def _write_pupil_rows(
    sheet: SheetWriter,
    row: int,
    paper: SchoolPaper,
    frame: pd.DataFrame,
    places: DecisionPlaces,
    untiered: str = "none",
) -> int:
    """Write the list's table; returns the row after it. Who stands on the list without a tier was added by staff."""
    lang, changed = paper.lang, has_changes(paper)
    ids = CHANGED_IDS if changed else LIST_IDS
    headings = [*pupil_headings(paper), *(text(f"workbook.columns.{name}", lang) for name in ids[3:])]
    header = row = write_header(sheet, row, "list", ids, headings)
    for pupil in rows_of(frame):
        row += 1
        tier = text(f"workbook.tier.{untiered if pupil.tier == 'none' else pupil.tier}", lang)
        certainty = text(f"workbook.certainty.{pupil.certainty}", lang)
        signs = _always_look(pupil, lang)
        cells = {"tier": f"{tier}\n{certainty}{signs}" if changed else tier + signs}
        cells |= {"certainty": certainty, "change": pupil.change}
        cells |= {"reason_1": pupil.reason_1, "reason_2": pupil.reason_2, "step": step_text(pupil, lang)}
        sheet.row(row, [pupil.pupil_id, pupil.shown, pupil.class_id], "text")
        looks = [pupil.tier if name == "tier" else "body" for name in ids[3:-1]]
        sheet.row(row, [cells[name] for name in ids[3:-1]], looks, start=3)
        _write_decision(sheet, row, 8, pupil, paper, places)
    _offer_decisions(sheet, header, row, 8, lang)
    sheet.table(header, row)
    return row + 1


def has_changes(paper: SchoolPaper) -> bool:
    """Whether an earlier list was compared with: if so, every sheet of the list says what changed."""
    frames = (paper.listed, paper.ask_first, paper.not_covered, paper.watch)
    return any("change" in frame and not frame["change"].map(is_blank).all() for frame in frames)


def _widths(paper: SchoolPaper) -> tuple[int, ...]:
    return _CHANGED_WIDTHS if has_changes(paper) else _LIST_WIDTHS


def _always_look(pupil: Any, lang: str) -> str:
    if is_blank(pupil.always_look):
        return ""
    return "\n" + text("workbook.list.always_look", lang, names=_within_sentence(pupil.always_look))


def _within_sentence(names: str) -> str:
    """Write names of signals as they stand within a sentence; for whom a limit holds (in brackets) stands on its sheet.

    >>> _within_sentence("Algots darbs virs likumā noteiktā (līdz 18 gadiem); PMP risks")
    'algots darbs virs likumā noteiktā; PMP risks'
    """
    words = [re.sub(r"\s*\([^()]*\)$", "", name) for name in names.split("; ")]
    return "; ".join(word if word[1:2].isupper() else word[:1].lower() + word[1:] for word in words)


def _write_decision(
    sheet: SheetWriter, row: int, column: int, pupil: Any, paper: SchoolPaper, places: DecisionPlaces
) -> None:
    """Write the decision so far into a cell to type in, or say on which sheet the decision is asked."""
    before = places.asked_before(pupil.pupil_id, sheet.name)
    if before is None:
        sheet.cell(row, column, decision_text(pupil.decision, pupil.note, paper.lang), "typed")
    else:  # a second sign of a pupil on the same sheet needs no pointer to the row above
        sheet.cell(row, column, "" if before == sheet.name else text("workbook.list.see", paper.lang, sheet=before))


def decision_text(decision: Any, note: Any, lang: str) -> str:
    """Say a decision with its note, as it is typed and read back.

    Examples
    --------
    >>> decision_text("dismissed", "mācās citur", "lv")
    'noraidīts – mācās citur'
    """
    word = "" if is_blank(decision) else text(f"workbook.decision.{decision}", lang)
    if is_blank(note):
        return word
    return text("workbook.list.noted", lang, decision=word, note=note) if word else str(note)


def _offer_decisions(sheet: SheetWriter, header: int, last: int, column: int, lang: str) -> None:
    if last > header:
        words = [text(f"workbook.decision.{name}", lang) for name in DECISIONS]
        prompt = (text("workbook.decision.prompt_title", lang), text("workbook.decision.prompt", lang))
        sheet.choose((header + 1, last), column, words, prompt)


def _write_added(sheet: SheetWriter, row: int, paper: SchoolPaper) -> None:
    """Write the rows in which staff add a pupil whom the list missed."""
    lang = paper.lang
    sheet.line(row, text("workbook.intro.added", lang), "section")
    mark_row = row + 1
    header = write_header(sheet, mark_row, "added", ("pupil_id", "shown", "class_id", "why"), pupil_headings(paper))
    sheet.line(header, text("workbook.columns.why", lang), "header", start=3)
    earlier = list(rows_of(first_rows(paper.added, ADDED_COLUMNS, "added")))
    for offset in range(len(earlier) + _ROOM_TO_ADD):
        person = earlier[offset] if offset < len(earlier) else None
        values = [person.shown, person.class_id] if person else ["", ""]
        sheet.row(header + 1 + offset, values, "typed", start=1)
        sheet.line(header + 1 + offset, str(person.why) if person else "", "typed", start=3)

"""Reads back what people wrote into a school's workbook: decisions, answers, pupils whom the list missed.

A table is found by its hidden row above the headings, a row by its hidden identifier, so that language, order of
sheets, rows and columns, filters, the file's name and the program that saved it do not matter. Nothing is dropped
silently: what cannot be used stands in ``problems``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.locale import LANGUAGES, text
from pumpurs_risk.reports.paper import ABOUT_SHEET, DECISIONS, MARK
from pumpurs_risk.reports.sheet_top import rows_of

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.contract import Field, SheetContract
    from pumpurs_risk.records.workbook.reader import RawSheet

ANSWER_COLUMNS = ("pupil_id", "factor", "value", "number", "as_of", "role", "file", "sheet", "row")
DECISION_COLUMNS = ("pupil_id", "decision", "note", "file", "sheet", "row")
ADDED_COLUMNS = ("pupil_id", "shown", "class_id", "why", "file", "sheet", "row")
PROBLEM_COLUMNS = ("code", "file", "sheet", "row", "column", "value", "detail")


@dataclass(frozen=True, eq=False)
class Returned:
    """What came back in one workbook.

    Parameters
    ----------
    school_id, run, lang : str
        Of the list that the workbook is; empty if its hidden sheet is gone.
    as_of : datetime.date or None
        Date of that list.
    answers : pandas.DataFrame
        ``pupil_id``, ``factor``, ``value`` (as typed), ``number`` (what it means; yes is 1, a rated word its place),
        ``as_of`` (date), ``role`` (id), ``file``, ``sheet``, ``row``. One row per pupil and factor; answers that are
        not understood are not here.
    decisions : pandas.DataFrame
        ``pupil_id``, ``decision`` (confirmed, dismissed, deferred, added; empty if not understood), ``note``,
        ``file``, ``sheet``, ``row``. One row per pupil.
    added : pandas.DataFrame
        ``pupil_id`` (empty if the workbook does not know the person), ``shown``, ``class_id``, ``why``, ``file``,
        ``sheet``, ``row``.
    problems : pandas.DataFrame
        ``code``, ``file``, ``sheet``, ``row``, ``column``, ``value``, ``detail``; see ``messages``.
    """

    school_id: str
    as_of: dt.date | None
    run: str
    lang: str
    answers: pd.DataFrame
    decisions: pd.DataFrame
    added: pd.DataFrame
    problems: pd.DataFrame

    def messages(self, lang: str = "lv") -> list[str]:
        """Say each problem.

        Parameters
        ----------
        lang : {"lv", "en"}
            The reader's language.

        Returns
        -------
        list of str
            Aligned with ``problems``; sheet, row, what it says, what is wrong.
        """
        said = []
        for problem in rows_of(self.problems):
            words = (
                {"words": _decision_words(lang)}
                if problem.code == "decision_not_understood"
                else {"words": problem.detail}
            )
            low, _, high = str(problem.detail).partition("–")
            what = text(f"workbook.returned.{problem.code}", lang, **words, low=low, high=high)
            where = text("workbook.returned.where", lang, sheet=problem.sheet, row=problem.row, value=problem.value)
            said.append(f"{where}: {what}")
        return said


def read_returned(path: Path, *, catalogue: Catalogue) -> Returned:
    """Read a workbook of the support staff that came back, filled in.

    Parameters
    ----------
    path : pathlib.Path
        The workbook, under any name, in any language, saved by any program (xlsx, xls, ods).
    catalogue : Catalogue
        For the kinds, words and limits of the answers.

    Returns
    -------
    Returned
        Decisions, answers, added pupils, and what could not be used.

    Raises
    ------
    RecordsError
        If the file cannot be read, or holds no sheet of ours.
    """
    from pumpurs_risk.records.contract import SheetContract
    from pumpurs_risk.records.workbook.reader import read_workbook

    path = Path(path)
    sheets = read_workbook(path)
    about = _read_about(sheets)
    reading = _Reading(path.name, about)
    tables = [table for sheet in sheets for table in _tables(sheet)]
    if not tables:
        raise RecordsError("returned_not_ours", file=path.name)
    for table in tables:
        reading.take(table)
    answers = _typed_answers(reading, SheetContract.load(catalogue))
    return Returned(
        school_id=about.facts.get("school_id", ""),
        as_of=about.as_of,
        run=about.facts.get("run", ""),
        lang=about.facts.get("lang", ""),
        answers=answers,
        decisions=pd.DataFrame(list(reading.decisions.values()), columns=list(DECISION_COLUMNS)),
        added=pd.DataFrame(reading.added, columns=list(ADDED_COLUMNS)),
        problems=pd.DataFrame(reading.problems, columns=list(PROBLEM_COLUMNS)),
    )


@dataclass(frozen=True)
class _About:
    """The hidden sheet: which list it is, and whose row is whose."""

    facts: Mapping[str, str]
    people: Mapping[str, tuple[str, str]]

    @property
    def as_of(self) -> dt.date | None:
        return _day(self.facts.get("as_of", ""))

    def pupil_of(self, pupil_id: str, shown: str, class_id: str) -> tuple[str, str]:
        """Tell whose row it is, and a problem code; the visible name counts more than an identifier apart from it."""
        seen = (_plain(shown), _plain(class_id))
        if not self.people or self.people.get(pupil_id) == seen:
            return pupil_id, ("" if pupil_id else "pupil_not_known")
        named = [known for known, person in self.people.items() if person == seen]
        if len(named) == 1:
            return named[0], ("pupil_moved" if pupil_id else "")
        return (pupil_id, "") if pupil_id in self.people and not named else ("", "pupil_not_known")


@dataclass(frozen=True)
class _Table:
    """One marked table: its rows as mappings from column id to text."""

    mark: str
    sheet: str
    rows: list[tuple[int, dict[str, str]]]


class _Reading:
    """Collects what the tables of one workbook say."""

    def __init__(self, file: str, about: _About) -> None:
        self.file, self.about = file, about
        self.decisions: dict[str, tuple[Any, ...]] = {}
        self.answers: dict[tuple[str, str], tuple[Any, ...]] = {}
        self.added: list[tuple[Any, ...]] = []
        self.problems: list[tuple[Any, ...]] = []

    def take(self, table: _Table) -> None:
        for row, cells in table.rows:
            if table.mark == "added":
                self._take_added(table.sheet, row, cells)
            elif table.mark == "questions":
                self._take_answer(table.sheet, row, cells)
            else:
                self._take_decision(table.sheet, row, cells)

    def problem(self, code: str, sheet: str, row: int, column: str, value: str, detail: str = "") -> None:
        self.problems.append((code, self.file, sheet, row, column, value, detail))

    def _pupil(self, sheet: str, row: int, cells: Mapping[str, str], column: str) -> str:
        pupil, code = self.about.pupil_of(cells["pupil_id"], cells.get("shown", ""), cells.get("class_id", ""))
        if code:
            self.problem(code, sheet, row, column, cells[column])
        return pupil

    def _take_decision(self, sheet: str, row: int, cells: Mapping[str, str]) -> None:
        typed = cells.get("decision", "")
        if not typed or _is_reference(typed):
            return
        pupil = self._pupil(sheet, row, cells, "decision")
        if not pupil:
            return
        decision, note = read_decision(typed)
        if not decision:
            self.problem("decision_not_understood", sheet, row, "decision", typed)
        earlier = self.decisions.get(pupil)
        if earlier is None:
            self.decisions[pupil] = (pupil, decision, note, self.file, sheet, row)
        elif earlier[1:3] != (decision, note):
            self.problem("decisions_contradict", sheet, row, "decision", typed)

    def _take_answer(self, sheet: str, row: int, cells: Mapping[str, str]) -> None:
        typed, factor = cells.get("answer", ""), cells.get("factor", "")
        if not typed:
            return
        pupil = self._pupil(sheet, row, cells, "answer")
        if not pupil:
            return
        if not factor:
            self.problem("factor_not_known", sheet, row, "answer", typed)
            return
        day = _day(cells.get("as_of", ""))
        if day is None:
            day = self.about.as_of
            self.problem("date_not_understood" if day else "date_not_known", sheet, row, "answer", typed)
        if day is None:
            return
        earlier = self.answers.get((pupil, factor))
        if earlier is None:
            self.answers[pupil, factor] = (
                pupil,
                factor,
                typed,
                np.nan,
                day,
                cells.get("role", ""),
                self.file,
                sheet,
                row,
            )
        elif _plain(earlier[2]) != _plain(typed):
            self.problem("answers_contradict", sheet, row, "answer", typed)

    def _take_added(self, sheet: str, row: int, cells: Mapping[str, str]) -> None:
        shown, class_id, why = (cells.get(column, "") for column in ("shown", "class_id", "why"))
        if shown or why:
            seen = (_plain(shown), _plain(class_id))
            known = [pupil for pupil, person in self.about.people.items() if person == seen]
            self.added.append((known[0] if len(known) == 1 else "", shown, class_id, why, self.file, sheet, row))


def read_decision(typed: str) -> tuple[str, str]:
    """Read a decision and its note as people type them.

    Parameters
    ----------
    typed : str
        What stands in the cell, in any of the languages.

    Returns
    -------
    decision : str
        confirmed, dismissed, deferred or added; empty if it is none of them.
    note : str
        What follows the word; the whole text if there is no such word.

    Examples
    --------
    >>> read_decision("Noraidīts – mācās citā skolā"), read_decision("jāpadomā")
    (('dismissed', 'mācās citā skolā'), ('', 'jāpadomā'))
    """
    tidy = " ".join(typed.split())
    folded = tidy.casefold()
    for word, decision, exact in _known_decisions():
        if not folded.startswith(word):
            continue
        rest = tidy[len(word) :]
        # a short everyday word ("no", "ja") is a decision only if nothing or a mark follows
        follows = r"\s*[–—:;,.(-]" if exact else r"[\W_]"
        if not rest or re.match(follows, rest):
            return decision, rest.strip(" –—:;,.-")
    return "", tidy


@cache
def _known_decisions() -> tuple[tuple[str, str, bool], ...]:
    words = []
    for lang in LANGUAGES:
        for decision in (*DECISIONS, "added"):
            words.append((text(f"workbook.decision.{decision}", lang).casefold(), decision, False))
            also = text(f"workbook.decision.also.{decision}", lang).split("|")
            words += [(word.casefold(), decision, len(word) < 5) for word in also]
    return tuple(sorted(words, key=lambda known: -len(known[0])))


def _decision_words(lang: str) -> str:
    return ", ".join(text(f"workbook.decision.{decision}", lang) for decision in DECISIONS)


def _is_reference(typed: str) -> bool:
    """Whether the cell only says on which other sheet the decision is asked."""
    for lang in LANGUAGES:
        start, _, end = text("workbook.list.see", lang, sheet="\0").partition("\0")
        if typed.startswith(start) and typed.endswith(end):
            return True
    return False


def _typed_answers(reading: _Reading, contract: SheetContract) -> pd.DataFrame:
    """Read the answers as their factors demand; what is not understood becomes a problem."""
    frame = pd.DataFrame(list(reading.answers.values()), columns=list(ANSWER_COLUMNS))
    understood = np.zeros(len(frame), bool)
    for factor, rows in frame.groupby("factor", sort=False):
        field = contract.fields.get(str(factor))
        if field is None or not field.factor:
            for answer in rows_of(rows):
                reading.problem("factor_not_known", answer.sheet, answer.row, "answer", answer.value)
            continue
        values, bad = _parse(rows["value"].to_list(), field, contract)
        frame.loc[rows.index, "number"] = values
        understood[rows.index] = ~np.isnan(values)
        for answer, code in zip(rows_of(rows), bad, strict=True):
            if code:
                detail = (
                    _limits(field)
                    if code == "answer_out_of_range"
                    else _expected(field, reading.about.facts.get("lang", "lv"))
                )
                reading.problem(code, answer.sheet, answer.row, "answer", answer.value, detail)
    return frame[understood].reset_index(drop=True)


def _parse(
    typed: list[str], field: Field, contract: SheetContract
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], list[str]]:
    import pyarrow as pa

    from pumpurs_risk.records.validation.parsing import parse

    parsed = parse(pa.array(typed, pa.string()), field, contract.words)
    values = np.asarray(parsed.values, np.float64)
    outside = parsed.faults.get("out_of_range", np.zeros(len(typed), bool))
    wrong = np.logical_or.reduce([np.zeros(len(typed), bool), *parsed.faults.values()])
    codes = np.where(outside, "answer_out_of_range", np.where(wrong, "answer_not_understood", ""))
    return values, codes.tolist()


def _limits(field: Field) -> str:
    return f"{field.minimum:g}–{field.maximum:g}" if field.minimum is not None and field.maximum is not None else "–"


def _expected(field: Field, lang: str) -> str:
    lang = lang if lang in LANGUAGES else "lv"
    if field.kind == "yes_no":
        return f"{text('template.words.yes', lang)}, {text('template.words.no', lang)}"
    if field.kind == "share":
        return text("workbook.returned.expected_share", lang)
    return ", ".join(field.scale.get(lang, ())) or text("workbook.returned.expected_number", lang)


def _read_about(sheets: list[RawSheet]) -> _About:
    facts: dict[str, str] = {}
    people: dict[str, tuple[str, str]] = {}
    for sheet in sheets:
        if sheet.hidden and sheet.name == ABOUT_SHEET:
            for row in sheet.top(len(sheet.rows)):
                key, first, shown, class_id = [*row, "", "", ""][:4]
                if key == "pupil":
                    people[first] = (_plain(shown), _plain(class_id))
                else:
                    facts[key] = first
    return _About(facts, people)


def _tables(sheet: RawSheet) -> Iterator[_Table]:
    """Find the marked tables of a sheet; each goes from its marked row to the next one."""
    grid = sheet.top(len(sheet.rows))
    marks = [
        (index, column) for index, row in enumerate(grid) for column, cell in enumerate(row) if cell.startswith(MARK)
    ]
    for number, (index, column) in enumerate(marks):
        end = marks[number + 1][0] if number + 1 < len(marks) else len(grid)
        ids = {place: cell for place, cell in enumerate(grid[index]) if cell}
        ids[column] = "pupil_id"
        rows = [
            (int(sheet.rows[line]), {name: grid[line][place].strip() for place, name in ids.items()})
            for line in range(index + 2, end)  # the heading row stands between
        ]
        yield _Table(grid[index][column].removeprefix(MARK), sheet.name, rows)


def _plain(shown: str) -> str:
    return " ".join(shown.split()).casefold()


def _day(iso: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(iso[:10])
    except ValueError:
        return None

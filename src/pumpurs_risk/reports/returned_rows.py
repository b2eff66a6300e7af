"""Collects what the marked tables of one workbook say, and what in them cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.reports.returned_tables import About, MarkedTable, iso_day
from pumpurs_risk.reports.returned_words import (
    answer_expected,
    answer_numbers,
    is_reference,
    outcome_words,
    plain,
    read_day,
    read_decision,
    read_outcome,
)
from pumpurs_risk.reports.sheet_top import rows_of

if TYPE_CHECKING:
    from pumpurs_risk.records.contract import SheetContract

ANSWER_COLUMNS = ("pupil_id", "factor", "value", "number", "as_of", "role", "file", "sheet", "row")
DECISION_COLUMNS = ("pupil_id", "decision", "note", "file", "sheet", "row")
ADDED_COLUMNS = ("pupil_id", "shown", "class_id", "why", "file", "sheet", "row")
OUTCOME_COLUMNS = ("pupil_id", "outcome", "date", "note", "file", "sheet", "row")
PROBLEM_COLUMNS = ("code", "file", "sheet", "row", "column", "value", "detail")
LEFT = ("dropped_out", "graduated", "transferred", "emigrated", "died")
"""Outcomes after which a pupil is no longer there."""


class ReturnedRows:
    """What the tables of one workbook say, row by row.

    Parameters
    ----------
    file : str
        Name of the workbook.
    about : About
        Which list it is, and whose row is whose.
    """

    def __init__(self, file: str, about: About) -> None:
        self.file, self.about = file, about
        self._decisions: dict[str, tuple[Any, ...]] = {}
        self._answers: dict[tuple[str, str], tuple[Any, ...]] = {}
        self._outcomes: dict[str, tuple[Any, ...]] = {}
        self._added: list[tuple[Any, ...]] = []
        self._problems: list[tuple[Any, ...]] = []

    def take(self, table: MarkedTable) -> None:
        """Take every row of a table."""
        takes = {"added": self._take_added, "questions": self._take_answer, "missing": self._take_outcome}
        take = takes.get(table.mark, self._take_decision)
        for row, cells in table.rows:
            take(table.sheet, row, cells)

    @property
    def decisions(self) -> pd.DataFrame:
        """One row per pupil."""
        return pd.DataFrame(list(self._decisions.values()), columns=list(DECISION_COLUMNS))

    @property
    def outcomes(self) -> pd.DataFrame:
        """One row per pupil."""
        return pd.DataFrame(list(self._outcomes.values()), columns=list(OUTCOME_COLUMNS))

    @property
    def added(self) -> pd.DataFrame:
        """One row per pupil whom staff named."""
        return pd.DataFrame(self._added, columns=list(ADDED_COLUMNS))

    def answers(self, contract: SheetContract) -> pd.DataFrame:
        """Read the answers as their factors demand; what is not understood becomes a problem."""
        frame = pd.DataFrame(list(self._answers.values()), columns=list(ANSWER_COLUMNS))
        understood = np.zeros(len(frame), bool)
        for factor, rows in frame.groupby("factor", sort=False):
            field = contract.fields.get(str(factor))
            if field is None or not field.factor:
                for answer in rows_of(rows):
                    self._problem("factor_not_known", answer.sheet, answer.row, "answer", answer.value)
                continue
            values, bad = answer_numbers(rows["value"].to_list(), field, contract)
            frame.loc[rows.index, "number"] = values
            understood[rows.index] = ~np.isnan(values)
            for answer, code in zip(rows_of(rows), bad, strict=True):
                if code:
                    detail = answer_expected(field, code, self.about.facts.get("lang", "lv"))
                    self._problem(code, answer.sheet, answer.row, "answer", answer.value, detail)
        return frame[understood].reset_index(drop=True)

    def name_decisions_about_gone(self) -> None:
        """Say of every decision about a pupil who is gone by the same workbook that both are kept."""
        for pupil, (_, outcome, _, _, _, sheet, row) in self._outcomes.items():
            if outcome in LEFT and pupil in self._decisions:
                _, decision, _, _, other, line = self._decisions[pupil]
                self._problem("decided_about_gone", sheet, row, "outcome", outcome, f"{other}\0{line}\0{decision}")

    @property
    def problems(self) -> pd.DataFrame:
        """What could not be used; read last."""
        return pd.DataFrame(self._problems, columns=list(PROBLEM_COLUMNS))

    def _problem(self, code: str, sheet: str, row: int, column: str, value: str, detail: str = "") -> None:
        self._problems.append((code, self.file, sheet, row, column, value, detail))

    def _pupil(self, sheet: str, row: int, cells: Mapping[str, str], column: str) -> str:
        pupil, code = self.about.pupil_of(cells["pupil_id"], cells.get("shown", ""), cells.get("class_id", ""))
        if code:
            self._problem(code, sheet, row, column, cells.get(column, ""))
        return pupil

    def _take_decision(self, sheet: str, row: int, cells: Mapping[str, str]) -> None:
        typed = cells.get("decision", "")
        if not typed or is_reference(typed):
            return
        pupil = self._pupil(sheet, row, cells, "decision")
        if not pupil:
            return
        decision, note = read_decision(typed)
        if not decision:
            self._problem("decision_not_understood", sheet, row, "decision", typed)
        earlier = self._decisions.get(pupil)
        if earlier is None:
            self._decisions[pupil] = (pupil, decision, note, self.file, sheet, row)
        elif earlier[1:3] != (decision, note):
            self._problem("decisions_contradict", sheet, row, "decision", typed)

    def _take_answer(self, sheet: str, row: int, cells: Mapping[str, str]) -> None:
        typed, factor = cells.get("answer", ""), cells.get("factor", "")
        if not typed:
            return
        pupil = self._pupil(sheet, row, cells, "answer")
        if not pupil:
            return
        if not factor:
            self._problem("factor_not_known", sheet, row, "answer", typed)
            return
        day = iso_day(cells.get("as_of", ""))
        if day is None:
            day = self.about.as_of
            self._problem("date_not_understood" if day else "date_not_known", sheet, row, "answer", typed)
        if day is None:
            return
        earlier = self._answers.get((pupil, factor))
        if earlier is None:
            role = cells.get("role", "")
            self._answers[pupil, factor] = (pupil, factor, typed, np.nan, day, role, self.file, sheet, row)
        elif plain(earlier[2]) != plain(typed):
            self._problem("answers_contradict", sheet, row, "answer", typed)

    def _take_outcome(self, sheet: str, row: int, cells: Mapping[str, str]) -> None:
        typed, day, note = (cells.get(column, "") for column in ("outcome", "date", "note"))
        if not (typed or day or note):
            return
        pupil = self._pupil(sheet, row, cells, "outcome")
        if not pupil:
            return
        outcome, remark = read_outcome(typed, outcome_words())
        if typed and not outcome:
            self._problem("outcome_not_understood", sheet, row, "outcome", typed)
        when = read_day(day) if day else None
        if day and when is None:
            self._problem("outcome_date_not_understood", sheet, row, "date", day)
        words = [part for part in (remark, note, day if when is None else "") if part]
        told = (pupil, outcome, when.isoformat() if when else "", "; ".join(words))
        earlier = self._outcomes.get(pupil)
        if earlier is None:
            self._outcomes[pupil] = (*told, self.file, sheet, row)
        elif earlier[:4] != told:
            self._problem("outcomes_contradict", sheet, row, "outcome", typed or note or day)

    def _take_added(self, sheet: str, row: int, cells: Mapping[str, str]) -> None:
        shown, class_id, why = (cells.get(column, "") for column in ("shown", "class_id", "why"))
        if shown or why:
            known = self.about.named(shown, class_id)
            self._added.append((known[0] if len(known) == 1 else "", shown, class_id, why, self.file, sheet, row))

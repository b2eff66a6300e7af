"""Reads back what people wrote into a school's workbook: decisions, answers, pupils whom the list missed, who left.

A table is found by its hidden row above the headings, a row by its hidden identifier, so that language, order of
sheets, rows and columns, filters, the file's name and the program that saved it do not matter. Nothing is dropped
silently: what cannot be used stands in ``problems``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.locale import text
from pumpurs_risk.reports.paper import FORMAT_VERSION
from pumpurs_risk.reports.returned_rows import OUTCOME_COLUMNS, ReturnedRows
from pumpurs_risk.reports.returned_tables import About, marked_tables
from pumpurs_risk.reports.returned_words import expected_words
from pumpurs_risk.reports.sheet_top import rows_of

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue


def _no_outcomes() -> pd.DataFrame:
    return pd.DataFrame(columns=list(OUTCOME_COLUMNS))


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
    outcomes : pandas.DataFrame
        ``pupil_id``, ``outcome`` (dropped_out, graduated, transferred, emigrated, still_enrolled, repeating, died, unclear;
        empty if not understood), ``date`` (ISO text; empty if nobody wrote one), ``note``, ``file``, ``sheet``, ``row``.
        One row per pupil.
    """

    school_id: str
    as_of: dt.date | None
    run: str
    lang: str
    answers: pd.DataFrame
    decisions: pd.DataFrame
    added: pd.DataFrame
    problems: pd.DataFrame
    outcomes: pd.DataFrame = field(default_factory=_no_outcomes)

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
            value, params = problem.value, {"words": problem.detail}
            if problem.code in ("decision_not_understood", "outcome_not_understood"):
                params = {"words": expected_words(problem.code, lang)}
            elif problem.code == "decided_about_gone":
                sheet, row, decision = str(problem.detail).split("\0")
                value = text(f"workbook.outcome.{value}", lang)
                decided = text(f"workbook.decision.{decision}", lang) if decision else "–"
                params = {"decision": decided, "other_sheet": sheet, "other_row": row}
            low, _, high = str(problem.detail).partition("–")
            what = text(f"workbook.returned.{problem.code}", lang, **params, low=low, high=high)
            where = text("workbook.returned.where", lang, sheet=problem.sheet, row=problem.row, value=value)
            said.append(f"{where}: {what}")
        return said


def read_returned(path: Path, *, catalogue: Catalogue) -> Returned:
    """Read a workbook of the support staff that came back, filled in.

    Parameters
    ----------
    path : pathlib.Path
        The workbook, under any name, in any language, saved by any program (xlsx, xls, ods); of this or an older version of
        the library.
    catalogue : Catalogue
        For the kinds, words and limits of the answers.

    Returns
    -------
    Returned
        Decisions, answers, added pupils, outcomes, and what could not be used.

    Raises
    ------
    RecordsError
        If the file cannot be read, holds no sheet of ours, or comes from a newer version.
    """
    from pumpurs_risk.records.contract import SheetContract
    from pumpurs_risk.records.workbook.reader import read_workbook

    path = Path(path)
    sheets = read_workbook(path)
    about = About.read(sheets)
    tables = [table for sheet in sheets for table in marked_tables(sheet)]
    if not tables:
        raise RecordsError("returned_not_ours", file=path.name)
    if about.version > FORMAT_VERSION:
        raise RecordsError("returned_newer", file=path.name)
    rows = ReturnedRows(path.name, about)
    for table in tables:
        rows.take(table)
    rows.name_decisions_about_gone()
    return Returned(
        school_id=about.facts.get("school_id", ""),
        as_of=about.as_of,
        run=about.facts.get("run", ""),
        lang=about.facts.get("lang", ""),
        answers=rows.answers(SheetContract.load(catalogue)),
        decisions=rows.decisions,
        added=rows.added,
        outcomes=rows.outcomes,
        problems=rows.problems,
    )

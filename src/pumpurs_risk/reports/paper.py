"""What a school's paper is made from: plain frames, so that this room needs no run and no model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

MARK = "pumpurs_risk:"
"""Starts the hidden row above each table that can be read back: ``pumpurs_risk:list``."""
ABOUT_SHEET = "pumpurs_risk"
"""Hidden sheet that says which list this is, and whose row is whose."""
FORMAT_VERSION = 1
DECISIONS = ("confirmed", "dismissed", "deferred")
"""What staff can decide about a pupil on the list; a pupil they add has ``added``."""

_PUPIL = ("pupil_id", "shown", "class_id")
LIST_COLUMNS = (
    *_PUPIL, "tier", "certainty", "reason_1", "reason_2", "step", "role_name", "due", "always_look", "decision", "note",
    "order",
)  # fmt: skip
QUESTION_COLUMNS = (
    *_PUPIL, "factor", "question", "role", "role_name", "kind", "scale", "unit", "low", "high", "answer", "order",
)  # fmt: skip
SIGNAL_COLUMNS = (*_PUPIL, "signal", "sentence", "source", "step", "role_name", "due", "decision", "note")
DETAIL_COLUMNS = (*_PUPIL, "kind", "sentence", "contribution")
NOT_ASSESSED_COLUMNS = ("file", "sheet", "row", "column", "value", "message")
OUT_OF_SCOPE_COLUMNS = ("shown", "class_id", "reason")
ADDED_COLUMNS = ("shown", "class_id", "why")


def _empty(*columns: str) -> Callable[[], pd.DataFrame]:
    return lambda: pd.DataFrame(columns=list(columns))


@dataclass(frozen=True, eq=False)
class SchoolPaper:
    """Everything that one school's workbook says. Texts are in the paper's language; the writer adds only fixed lines.

    Parameters
    ----------
    school_id, title, municipality : str
        The school; ``municipality`` may be empty.
    as_of, expires : datetime.date
        Date of the list, and the last day on which it may be used (the end of its semester).
    semester : str
        The semester the list is for, ``"2026/2027-2"``, or empty.
    run : str
        Short name of the run, for the footer.
    lang : {"lv", "en"}
        The reader's language.
    summary : mapping
        One row of ``flags.summarise`` and the policy: ``above``, ``above_low``, ``above_high``, ``places``,
        ``not_covered``, ``not_covered_low``, ``not_covered_high`` (whole numbers; the bounds may be missing),
        ``threshold`` (probability), ``places_given`` (bool), ``cut_by`` (``places``, ``probability`` or ``both``),
        ``has_local_outcomes`` (bool).
    listed, ask_first, not_covered, watch : pandas.DataFrame
        Columns ``pupil_id`` (str), ``shown`` (name or the school's own id), ``class_id``, ``tier`` (act_now, watch,
        ask_first, none), ``certainty`` (sure, unsure, not_enough_data), ``reason_1``, ``reason_2`` (sentences),
        ``step`` (what to do next), ``role_name`` (who), ``due`` (date), ``always_look`` (short names of signals joined
        by "; "), ``decision`` (confirmed, dismissed, deferred or empty), ``note`` (text), ``order`` (whole number;
        rows are sorted by it, it is never shown). ``listed``: inside the cut. ``ask_first``: tier ask_first.
        ``not_covered``: above the threshold, but no place. ``watch``: the remaining pupils of tier watch. A pupil
        stands in one of the four.
    uncertain : pandas.DataFrame
        Pupils who could change places across the cut: the same columns, and ``listed`` (bool) and ``tie`` (bool).
    questions : pandas.DataFrame
        ``pupil_id``, ``shown``, ``class_id``, ``factor`` (id), ``question``, ``role`` (id), ``role_name``, ``kind``
        (of the factor: yes_no, score, count, share, number), ``scale`` (tuple of words for 0, 1, 2, ..., or empty),
        ``unit``, ``low``, ``high`` (limits as a person writes them, NaN for none), ``answer`` (text given earlier, or
        empty), ``order``.
    signals : pandas.DataFrame
        Always-look signs: ``pupil_id``, ``shown``, ``class_id``, ``signal`` (id), ``sentence``, ``source``, ``step``,
        ``role_name``, ``due``, ``decision``, ``note``.
    details : pandas.DataFrame
        The whole sum of the pupils in it, line by line: ``pupil_id``, ``shown``, ``class_id``, ``kind`` (base, risk,
        strength, unknown, total), ``sentence`` (may be empty for base and total), ``contribution`` (log-odds; NaN
        where none). ``base`` and ``total`` once per pupil; what the lines leave out is added by the writer as one line.
    not_assessed : pandas.DataFrame
        Cells to mend: ``file``, ``sheet``, ``row``, ``column``, ``value``, ``message``.
    out_of_scope : pandas.DataFrame
        ``shown``, ``class_id``, ``reason`` (text).
    added : pandas.DataFrame
        Pupils whom staff added earlier: ``shown``, ``class_id``, ``why``.
    learner : {"pupil", "trainee"}
        How learners are called (vocational schools: trainee).
    notes : tuple of str
        Further lines below the first, for example which schools have not sent anything.
    """

    school_id: str
    title: str
    as_of: dt.date
    expires: dt.date
    summary: Mapping[str, Any]
    municipality: str = ""
    semester: str = ""
    run: str = ""
    lang: str = "lv"
    listed: pd.DataFrame = field(default_factory=_empty(*LIST_COLUMNS))
    ask_first: pd.DataFrame = field(default_factory=_empty(*LIST_COLUMNS))
    not_covered: pd.DataFrame = field(default_factory=_empty(*LIST_COLUMNS))
    watch: pd.DataFrame = field(default_factory=_empty(*LIST_COLUMNS))
    uncertain: pd.DataFrame = field(default_factory=_empty(*LIST_COLUMNS, "listed", "tie"))
    questions: pd.DataFrame = field(default_factory=_empty(*QUESTION_COLUMNS))
    signals: pd.DataFrame = field(default_factory=_empty(*SIGNAL_COLUMNS))
    details: pd.DataFrame = field(default_factory=_empty(*DETAIL_COLUMNS))
    not_assessed: pd.DataFrame = field(default_factory=_empty(*NOT_ASSESSED_COLUMNS))
    out_of_scope: pd.DataFrame = field(default_factory=_empty(*OUT_OF_SCOPE_COLUMNS))
    added: pd.DataFrame = field(default_factory=_empty(*ADDED_COLUMNS))
    learner: Literal["pupil", "trainee"] = "pupil"
    notes: tuple[str, ...] = ()

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
FORMAT_VERSION = 2
"""2: what became of pupils who are on no roster any more, dismissed pupils on a sheet of their own."""
DECISIONS = ("confirmed", "dismissed", "deferred")
"""What staff can decide about a pupil on the list; a pupil they add has ``added``."""

_PUPIL = ("pupil_id", "shown", "class_id")
LIST_COLUMNS = (
    *_PUPIL, "tier", "certainty", "reason_1", "reason_2", "step", "role_name", "due", "always_look", "decision", "note",
    "order", "change",
)  # fmt: skip
QUESTION_COLUMNS = (
    *_PUPIL, "factor", "question", "role", "role_name", "kind", "scale", "unit", "low", "high", "answer", "order",
)  # fmt: skip
SIGNAL_COLUMNS = (*_PUPIL, "signal", "sentence", "source", "step", "role_name", "due", "decision", "note")
DETAIL_COLUMNS = (*_PUPIL, "kind", "sentence", "contribution")
NOT_ASSESSED_COLUMNS = ("file", "sheet", "row", "column", "value", "message")
OUT_OF_SCOPE_COLUMNS = ("shown", "class_id", "reason")
ADDED_COLUMNS = ("shown", "class_id", "why")
REPORT_PUPIL_COLUMNS = (
    *_PUPIL, "programme", "section", "tier", "certainty", "risk", "risk_2y", "band", "per_100", "uncertain_cut", "tie",
    "always_look", "change", "change_text", "decision", "note", "step", "role_name", "due", "order", "plan",
)  # fmt: skip
REPORT_PATTERN_COLUMNS = (
    "scope", "group", "n", "observed", "share", "expected_share", "lower", "upper", "name", "sentence", "proposal",
    "role_name", "due",
)  # fmt: skip
MISSING_COLUMNS = (*_PUPIL, "last_seen", "outcome", "note")
GONE_COLUMNS = ("shown", "class_id", "text")


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
        rows are sorted by it, it is never shown), ``change`` (since the last list, text, may be empty). ``listed``: inside
        the cut. ``ask_first``: tier ask_first.
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
    set_aside : pandas.DataFrame
        Pupils whom staff dismissed earlier and of whom nothing material changed: as ``listed``, and ``why`` (text).
    missing : pandas.DataFrame
        Pupils of the last list who are not on the roster now: ``pupil_id``, ``shown``, ``class_id``, ``last_seen`` (date of
        the list that had them), ``outcome`` (id of an outcome already known, or empty), ``note``.
    gone : pandas.DataFrame
        Those known to have left or to have moved to another school: ``shown``, ``class_id``, ``text``.
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
    set_aside: pd.DataFrame = field(default_factory=_empty(*LIST_COLUMNS, "why"))
    missing: pd.DataFrame = field(default_factory=_empty(*MISSING_COLUMNS))
    gone: pd.DataFrame = field(default_factory=_empty(*GONE_COLUMNS))
    learner: Literal["pupil", "trainee"] = "pupil"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class SchoolReport:
    """Everything that one school's page says to one audience; filtered for that audience before it gets here.

    Parameters
    ----------
    audience : str
        ``support_staff``, ``class_teacher`` or ``head``.
    school_id, title, municipality, semester, run, lang, as_of, expires, summary, learner, notes
        As in `SchoolPaper`.
    group : str
        The class whose teacher it is for; empty for a whole school.
    numbers : {"full", "band", "none"}
        How exactly a risk may be told.
    pupils : pandas.DataFrame
        ``pupil_id``, ``shown``, ``class_id``, ``programme``, ``section`` (listed, ask_first, not_covered, watch, added,
        set_aside, signal), ``tier``, ``certainty``, ``risk``, ``risk_2y`` (NaN where numbers are not told), ``band``
        (text), ``per_100`` (pupils of 100 like this, NaN where not told), ``uncertain_cut``, ``tie`` (bool),
        ``always_look`` (names joined by "; "), ``change`` (code), ``change_text``, ``decision``, ``note``, ``step``,
        ``role_name``, ``due``, ``order``, ``plan`` (status in words, or empty).
    reasons : pandas.DataFrame
        ``pupil_id``, ``kind`` (base, risk, strength, unknown, rest, total, hidden), ``rank``, ``line``, ``name``,
        ``sentence``, ``contribution`` (log-odds; NaN where none or not told), ``factor``.
    what_if, questions, signals, trend, patterns, changes, missing : pandas.DataFrame
        ``what_if``: pupil_id, rank, sentence, risk_after, reached. ``questions`` and ``signals``: as in `SchoolPaper`.
        ``trend``: pupil_id, as_of (date), semester, risk. ``patterns``: scope, group, n, observed, share,
        expected_share, lower, upper, name, sentence, proposal, role_name, due. ``changes``: change, pupil_id, shown,
        class_id, text. ``missing``: pupil_id, shown, class_id, last_seen.
    """

    audience: str
    school_id: str
    title: str
    as_of: dt.date
    expires: dt.date
    summary: Mapping[str, Any]
    municipality: str = ""
    semester: str = ""
    run: str = ""
    lang: str = "lv"
    learner: Literal["pupil", "trainee"] = "pupil"
    notes: tuple[str, ...] = ()
    group: str = ""
    numbers: Literal["full", "band", "none"] = "full"
    pupils: pd.DataFrame = field(default_factory=_empty(*REPORT_PUPIL_COLUMNS))
    reasons: pd.DataFrame = field(
        default_factory=_empty("pupil_id", "kind", "rank", "line", "name", "sentence", "contribution", "factor")
    )
    what_if: pd.DataFrame = field(default_factory=_empty("pupil_id", "rank", "sentence", "risk_after", "reached"))
    questions: pd.DataFrame = field(default_factory=_empty(*QUESTION_COLUMNS))
    signals: pd.DataFrame = field(default_factory=_empty(*SIGNAL_COLUMNS))
    trend: pd.DataFrame = field(default_factory=_empty("pupil_id", "as_of", "semester", "risk"))
    patterns: pd.DataFrame = field(default_factory=_empty(*REPORT_PATTERN_COLUMNS))
    changes: pd.DataFrame = field(default_factory=_empty("change", "pupil_id", "shown", "class_id", "text"))
    missing: pd.DataFrame = field(default_factory=_empty("pupil_id", "shown", "class_id", "last_seen"))

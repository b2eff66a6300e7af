"""What to do next: everyone on a list has one step, a role and a date."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.explanation.applies import number_column, word_column
from pumpurs_risk.explanation.placeholders import role_name
from pumpurs_risk.locale import text
from pumpurs_risk.model.inputs import as_frame
from pumpurs_risk.records.validation.parsing import as_day

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue, Signal

DUE_AFTER = dt.timedelta(days=14)
"""When a next step should be done by, from the day of the list, unless a signal states its own term."""
_DEFAULT_ROLE = "class_teacher"  # the usual ladder starts there (domain: class teacher, social pedagogue, support team)


def next_steps(
    flags: pd.DataFrame,
    reasons: pd.DataFrame,
    questions: pd.DataFrame,
    catalogue: Catalogue,
    as_of: dt.date | str,
    lang: str = "lv",
    *,
    X: Any = None,
) -> pd.DataFrame:
    """Give every pupil on a list one next step.

    On a list are the tiers act_now, watch and ask_first, everyone with an always-look signal, and whom staff added. The
    step is, in this order: what the pupil's first signal asks for; for ask_first the first question; the first fitting
    measure of the leading factor of the first risk reason that has one; the first question; a talk with the class teacher.

    Parameters
    ----------
    flags, reasons, questions : pandas.DataFrame
        From `flag`, `reasons` and `questions`, of the same pupils; reasons and questions in `lang`.
    catalogue : Catalogue
        Signals, factors, measures, roles.
    as_of : datetime.date or str
        Day of the list, also as ISO text.
    lang : {"lv", "en"}
        Language of the steps.
    X : table with named columns, optional
        The factor table: ages for measures with an age limit, programmes for what a role is called. A measure with an
        age limit is passed over where the age is not known, and one for special needs always: nobody's special needs
        are known here.

    Returns
    -------
    pandas.DataFrame
        ``pupil_id``, ``step``, ``role`` (id), ``role_name``, ``due`` (date: two weeks after the list, or the signal's own
        term), ``code`` (such as ``"measure:mentor"``), one row per pupil on a list, in the order of `flags`.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> X = pr.factor_table(pr.make_cohort(n_pupils=60, random_state=0, form="sheet"), as_of="2027-01-15")
    >>> model, catalogue = pr.load_model("literature-prior"), pr.Catalogue.load()
    >>> flags = pr.flag(model, X)
    >>> told = pr.reasons(model, X, "en", catalogue=catalogue)
    >>> asked = pr.questions(model, X, flags, catalogue, lang="en")
    >>> steps = next_steps(flags, told, asked, catalogue, dt.date(2027, 1, 15), "en", X=X)
    >>> steps[["role_name", "due"]].iloc[0].tolist()
    ['class teacher', datetime.date(2027, 1, 29)]
    """
    on_list = flags[are_on_list(flags)]
    steps = _Steps(on_list, catalogue, lang, X)
    steps.from_signals()
    steps.from_questions(questions, steps.tier == "ask_first")
    steps.from_measures(reasons)
    steps.from_questions(questions, np.ones(len(on_list), dtype=bool))
    steps.from_default()
    return pd.DataFrame(
        {
            "pupil_id": on_list["pupil_id"].to_numpy(dtype=object),
            "step": steps.step,
            "role": steps.role,
            "role_name": steps.role_names(),
            "due": steps.due(as_day(as_of).astype(object)),
            "code": steps.code,
        }
    )


def are_on_list(flags: pd.DataFrame) -> NDArray[np.bool_]:
    """Say for every row of `flags` whether the pupil is on a list: by tier, by a signal, or added by staff.

    Examples
    --------
    >>> are_on_list(pd.DataFrame({"tier": ["watch", "none", "none"], "always_look": ["", "violence", ""]})).tolist()
    [True, True, False]
    """
    on: NDArray[np.bool_] = (flags["tier"] != "none").to_numpy(dtype=bool) | (
        flags["always_look"].fillna("") != ""
    ).to_numpy(dtype=bool)
    return on | flags["added"].to_numpy(dtype=bool) if "added" in flags else on


def due_of(signal: Signal, as_of: dt.date) -> dt.date:
    """Say by when a signal's step should be done: by its own term, else two weeks after the list."""
    return as_of + _term(signal)


def _term(signal: Signal) -> dt.timedelta:
    return DUE_AFTER if signal.due_days is None else dt.timedelta(days=signal.due_days)


class _Steps:
    """Steps being given out: each source serves the pupils that have none yet."""

    def __init__(self, on_list: pd.DataFrame, catalogue: Catalogue, lang: str, X: Any) -> None:
        self.catalogue, self.lang = catalogue, lang
        self.ids = pd.Index(on_list["pupil_id"].to_numpy(dtype=object))
        self.tier = on_list["tier"].to_numpy(dtype=object)
        self.signals = on_list["always_look"].to_numpy(dtype=object)
        n = len(on_list)
        self.step, self.role, self.code = (np.full(n, None, dtype=object) for _ in range(3))
        self.term = np.full(n, DUE_AFTER, dtype=object)
        self.age = np.full(n, np.nan)
        self.programme = np.full(n, "", dtype=object)
        if X is not None:
            frame = as_frame(X)
            at = pd.Index(frame["pupil_id"].to_numpy(dtype=object)).get_indexer(self.ids)
            self.age = np.where(at < 0, np.nan, number_column(frame, "age")[at])
            self.programme = np.where(at < 0, "", word_column(frame, "programme")[at])

    def _give(self, where: NDArray[np.bool_], step: Any, role: Any, code: Any) -> None:
        self.step[where], self.role[where], self.code[where] = step, role, code

    def from_signals(self) -> None:
        """Give the step of the first signal that has one."""
        combinations = pd.unique(self.signals)
        for signal_id, signal in self.catalogue.signals.items():
            if not signal.step.get(self.lang):
                continue
            named = [found for found in combinations if signal_id in found.split(";")]
            where = pd.Series(self.signals).isin(named).to_numpy() & pd.isna(self.step)
            self.term[where] = _term(signal)
            self._give(where, signal.step[self.lang], signal.role or _DEFAULT_ROLE, f"signal:{signal_id}")

    def from_measures(self, reasons: pd.DataFrame) -> None:
        """Give the first fitting measure of the leading factor, reason by reason."""
        risks = reasons[(reasons["kind"] == "risk") & (reasons["line"] == 0)]
        for rank in sorted(risks["rank"].unique()):
            told = risks[risks["rank"] == rank]
            lead = self._of_pupils(told, "factor")
            for factor_id in pd.unique(lead[lead != ""]):
                factor = self.catalogue.factors.get(factor_id)
                for measure_id in factor.measures if factor else ():
                    self._give_measure(measure_id, lead == factor_id)

    def _give_measure(self, measure_id: str, wanted: NDArray[np.bool_]) -> None:
        measure = self.catalogue.measures[measure_id]
        if measure.special_needs_only:
            return
        old_enough = np.full(len(wanted), True) if measure.min_age is None else self.age >= measure.min_age
        where = wanted & old_enough & pd.isna(self.step)
        self._give(where, measure.step[self.lang], measure.role, f"measure:{measure_id}")

    def from_questions(self, questions: pd.DataFrame, among: NDArray[np.bool_]) -> None:
        """Give the first question as a step."""
        first = questions[questions["order"] == 1]
        question, role, factor = (self._of_pupils(first, name) for name in ("question", "ask", "factor"))
        where = among & (question != "") & pd.isna(self.step)
        asked = {q: text("flags.find_out", self.lang, question=_inside(q)) for q in pd.unique(question[where])}
        self._give(where, [asked[q] for q in question[where]], role[where], "question:" + factor[where])

    def from_default(self) -> None:
        """Give those who are left the first rung of the ladder."""
        self._give(pd.isna(self.step), text("flags.default_step", self.lang), _DEFAULT_ROLE, "default")

    def due(self, as_of: dt.date) -> NDArray[np.object_]:
        """Give the day by which each step should be done."""
        due: NDArray[np.object_] = np.array([as_of], dtype=object) + self.term
        return due

    def role_names(self) -> NDArray[np.object_]:
        """Give what each step's role is called in the pupil's programme."""
        pairs = pd.DataFrame({"role": self.role, "programme": self.programme})
        distinct = pairs.drop_duplicates()
        named = [role_name(r, p, self.catalogue, self.lang) for r, p in distinct.itertuples(index=False)]
        return pairs.merge(distinct.assign(named=named), how="left")["named"].to_numpy(dtype=object)

    def _of_pupils(self, table: pd.DataFrame, column: str) -> NDArray[np.object_]:
        """Put a column of a table with one row per pupil in the order of the list; "" where a pupil is not in it."""
        at = pd.Index(table["pupil_id"].to_numpy(dtype=object)).get_indexer(self.ids)
        if not len(table):
            return np.full(len(self.ids), "", dtype=object)
        return np.where(at < 0, "", table[column].to_numpy(dtype=object)[at])


def _inside(question: str) -> str:
    """Give the question as it stands inside a sentence, after a colon."""
    return question[:1].lower() + question[1:]

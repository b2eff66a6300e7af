"""What earlier decisions of staff mean for today's list: who stays set aside, who comes back and why, who is kept in view."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.flags.change_words import LEVELS, ChangeWords
from pumpurs_risk.flags.changes import ChangePolicy, new_signals
from pumpurs_risk.locale import check_language, date_text, text
from pumpurs_risk.records.validation.parsing import as_day

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.catalogue.calendar import SchoolCalendar

JUDGED = [
    "pupil_id", "school_id", "decision", "note", "as_of", "verdict", "code", "why", "why_plain", "sensitivity",
]  # fmt: skip
GROUNDS = ("nothing_to_compare", "other_school", "expired", "signal", "risk", "construct", "sure")
"""Why a pupil dismissed with a reason comes back, in the order in which it is said."""
_HIDDEN = {"signal": "signal_hidden", "construct": "construct_hidden", "risk_named": "risk"}
_SEMESTER = 183  # days; counts where the calendar does not reach


def returning(
    decisions: pd.DataFrame,
    now: pd.DataFrame,
    then: pd.DataFrame,
    *,
    as_of: dt.date,
    moved: pd.DataFrame | None = None,
    told: pd.DataFrame | None = None,
    told_then: pd.DataFrame | None = None,
    catalogue: Catalogue | None = None,
    policy: ChangePolicy | None = None,
    lang: str = "lv",
) -> pd.DataFrame:
    """Judge every earlier decision against what is known today.

    A pupil dismissed *with a reason* stays set aside until something material changes: the risk rose by more than the
    hysteresis for reasons of the pupil's own (another model, grade or school does not count), a signal that was not
    there before, a construct among the told risks that was not told before and has itself risen, or a place inside the
    cut that is sure now and was not. After ``policy.dismissed_holds`` semesters the pupil comes back in any case, and so
    where another school decided, or there is no earlier list to compare with. A pupil dismissed *without a reason* comes
    back, and the reason is asked for. Deferred decisions come back. A confirmed pupil is ``kept`` in view for
    ``policy.confirmed_holds`` semesters.

    Parameters
    ----------
    decisions : pandas.DataFrame
        ``pupil_id``, ``school_id``, ``decision``, ``note``, ``as_of`` (ISO text: the list decided on); the last row of a pupil
        counts.
    now : pandas.DataFrame
        From `flag` with nobody set aside: what the list would be.
    then : pandas.DataFrame
        Flags of the lists decided on, one row per pupil.
    as_of : datetime.date
        Day of today's list.
    moved : pandas.DataFrame, optional
        From `moves` between the facts of both lists, under today's model; without it the whole difference of the
        log-odds counts as the pupil's.
    told, told_then : pandas.DataFrame, optional
        Reasons of today and of then, for the constructs among the told risks.
    catalogue : Catalogue, optional
        Calendar and names; the shipped one by default.
    policy : ChangePolicy, optional
        Hysteresis, and how long decisions hold.
    lang : {"lv", "en"}
        Language of ``why``.

    Returns
    -------
    pandas.DataFrame
        One row per pupil decided on who is scored today, in the order of `now`: ``pupil_id``, ``school_id`` (that decided),
        ``decision``, ``note``, ``as_of``, ``verdict`` (set_aside, comes_back, kept, none), ``code`` (held, no_reason, deferred,
        confirmed, or the grounds joined by ";"), ``why``, ``why_plain`` (naming nothing sensitive), ``sensitivity``. The note
        is carried on as it was written.

    Examples
    --------
    >>> from pumpurs_risk.flags import FlagPolicy, flag
    >>> from pumpurs_risk.model import load_model
    >>> X = pd.DataFrame({"pupil_id": ["a", "b"], "absence_share": [0.3, 0.3], "mean_mark": [5.0, 5.0]})
    >>> flags = flag(load_model("literature-prior"), X, FlagPolicy(places=2))
    >>> decided = pd.DataFrame({"pupil_id": ["a", "b"], "school_id": "", "decision": "dismissed", "as_of": "2026-09-15"})
    >>> decided["note"] = ["was ill, has caught up", ""]
    >>> found = returning(decided, flags, flags, as_of=dt.date(2027, 1, 15), lang="en")
    >>> found[["verdict", "code"]].values.tolist()
    [['set_aside', 'held'], ['comes_back', 'no_reason']]
    """
    from pumpurs_risk.catalogue import Catalogue

    check_language(lang)
    catalogue, policy = catalogue or Catalogue.load(), policy or ChangePolicy()
    judged = _Judged(decisions, now, then, moved, policy)
    judged.find_constructs(told, told_then)
    judged.find_age(as_of, catalogue.calendar)
    return judged.table(_Words(ChangeWords(catalogue, lang), lang, policy))


def semesters_since(day: dt.date | str, today: dt.date, calendar: SchoolCalendar) -> int:
    """Count the semesters that have begun after a day.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> calendar = Catalogue.load().calendar
    >>> [semesters_since("2026-09-15", dt.date(*day), calendar) for day in ((2026, 12, 1), (2027, 1, 15), (2027, 9, 15))]
    [0, 1, 2]
    """
    first: dt.date = as_day(day).astype(object)
    begun = sum(first.isoformat() < semester.from_ <= today.isoformat() for semester in calendar.values())
    return max(begun, (today - first).days // _SEMESTER)


def has_reason(note: Any) -> bool:
    """Whether a note says anything: a dash or a full stop is no reason.

    Examples
    --------
    >>> [has_reason(note) for note in ("mācās citā skolā", " - ", "", None, float("nan"))]
    [True, False, False, False, False]
    """
    return isinstance(note, str) and any(letter.isalnum() for letter in note)


class _Judged:
    """Decisions beside today's list and the one decided on; arrays have one entry per decision."""

    def __init__(
        self,
        decisions: pd.DataFrame,
        now: pd.DataFrame,
        then: pd.DataFrame,
        moved: pd.DataFrame | None,
        policy: ChangePolicy,
    ) -> None:
        last = decisions.assign(pupil_id=decisions["pupil_id"].astype(str)).drop_duplicates("pupil_id", keep="last")
        ids = now["pupil_id"].astype(str)
        self.rows = last.set_index("pupil_id").reindex(ids[ids.isin(last["pupil_id"])])
        self.ids = pd.Index(self.rows.index)
        self.policy = policy
        self.now, self.then = (_by_id(table, self.ids) for table in (now, then))
        if moved is None:
            difference = (self.now["log_odds"] - self.then["log_odds"]).to_numpy(dtype=float)
            moved = pd.DataFrame({"pupil_id": self.ids, "moved": difference})
        self.moved = _by_id(moved, self.ids)
        self.decision = self.rows["decision"].astype(object).fillna("").to_numpy(dtype=object)
        self.reasoned = np.array([has_reason(note) for note in self.rows["note"]], dtype=bool)
        self.age = np.zeros(len(self.ids), dtype=np.int64)
        self.constructs = self.factors = np.full(len(self.ids), "", dtype=object)
        self.signals = new_signals(*(_texts(table, "always_look") for table in (self.now, self.then)))

    def find_constructs(self, told: pd.DataFrame | None, told_then: pd.DataFrame | None) -> None:
        """Find constructs that are told as risks today, were not then, and have themselves risen."""
        if told is None or told_then is None:
            return
        risks, earlier = (_risks(table, self.ids) for table in (told, told_then))
        pairs = pd.MultiIndex.from_frame(risks[["pupil_id", "construct"]])
        rose = _texts(self.moved, "risen")
        has_risen = pd.Series([set(found.split(";")) for found in rose], index=self.ids, dtype=object)
        fresh = risks[~pairs.isin(pd.MultiIndex.from_frame(earlier[["pupil_id", "construct"]]))]
        risen_too = [c in has_risen[p] for p, c in zip(fresh["pupil_id"], fresh["construct"], strict=True)]
        fresh = fresh[np.array(risen_too, dtype=bool)]
        first = fresh.drop_duplicates("pupil_id").set_index("pupil_id")
        self.constructs = _texts(first.reindex(self.ids), "construct")
        self.factors = _texts(first.reindex(self.ids), "factor")

    def find_age(self, as_of: dt.date, calendar: SchoolCalendar) -> None:
        """Count the semesters since each decision."""
        days = self.rows["as_of"].astype(str)
        since = {day: semesters_since(day, as_of, calendar) for day in days.unique()}
        self.age = days.map(since).to_numpy(dtype=np.int64)

    def grounds(self) -> dict[str, NDArray[np.bool_]]:
        """What speaks for looking again, in the order of `GROUNDS`."""
        moved = {
            name: self.moved[name].fillna(0.0).to_numpy(dtype=float) if name in self.moved else np.zeros(len(self.ids))
            for name in ("moved", "sd", "level_moved", "school_moved", "lost")
        }
        own = moved["moved"] - moved["level_moved"] - moved["school_moved"] - moved["lost"]
        sure = [(table["tier"] == "act_now") & (table["certainty"] == "sure") for table in (self.now, self.then)]
        known = self.then["log_odds"].notna().to_numpy()
        school = _texts(self.rows, "school_id")
        found = {
            "nothing_to_compare": ~known,
            "other_school": (school != "") & (school != _texts(self.now, "school_id")),
            "expired": self.age > self.policy.dismissed_holds,
            "signal": known & (self.signals != ""),
            "risk": own > self.policy.band(moved["sd"]),
            "construct": self.constructs != "",
            "sure": known & sure[0].to_numpy(dtype=bool) & ~sure[1].to_numpy(dtype=bool),
        }
        return {name: found[name] for name in GROUNDS}

    def table(self, words: _Words) -> pd.DataFrame:
        """Put the verdicts together."""
        grounds = self.grounds()
        joined = np.full(len(self.ids), "", dtype=object)
        for name, holds in grounds.items():
            joined[holds] = [f"{said};{name}" if said else name for said in joined[holds]]
        dismissed = self.decision == "dismissed"
        confirmed = (self.decision == "confirmed") & (self.age <= self.policy.confirmed_holds)
        deferred = self.decision == "deferred"
        held = dismissed & self.reasoned & (joined == "")
        verdict = np.select([held, dismissed | deferred, confirmed], ["set_aside", "comes_back", "kept"], "none")
        code = np.select(
            [held, dismissed & ~self.reasoned, dismissed, deferred, confirmed],
            ["held", "no_reason", joined, "deferred", "confirmed"],
            "",
        ).astype(object)
        said = [words.say(self, i, str(code[i])) for i in range(len(code))]
        return pd.DataFrame(
            {
                "pupil_id": self.ids.to_numpy(dtype=object),
                "school_id": _texts(self.rows, "school_id"),
                "decision": self.decision,
                "note": _texts(self.rows, "note"),
                "as_of": _texts(self.rows, "as_of"),
                "verdict": verdict,
                "code": code,
                "why": [full for full, _, _ in said],
                "why_plain": [plain for _, plain, _ in said],
                "sensitivity": [LEVELS[level] for _, _, level in said],
            },
            columns=JUDGED,
        )


class _Words:
    """Says what follows from a decision; a loop over the pupils decided on, who are few."""

    def __init__(self, words: ChangeWords, lang: str, policy: ChangePolicy) -> None:
        self.words, self.lang, self.policy = words, lang, policy

    def say(self, judged: _Judged, i: int, code: str) -> tuple[str, str, int]:
        """Give the sentence for the support staff, the one that everyone may read, and the sensitivity of the first."""
        if not code:
            return "", "", 0
        day = date_text(as_day(judged.rows["as_of"].iloc[i]).astype(object), self.lang)
        if code in ("held", "no_reason", "deferred", "confirmed"):
            same = text(f"changes.decided.{code}", self.lang, day=day)
            return same, same, 0
        said = [self._ground(judged, i, name) for name in code.split(";")]
        full, plain = (
            text("changes.decided.comes_back", self.lang, day=day, grounds="; ".join(grounds))
            for grounds in ([one for one, _, _ in said], [one for _, one, _ in said])
        )
        return full, plain, max(level for _, _, level in said)

    def _ground(self, judged: _Judged, i: int, name: str) -> tuple[str, str, int]:
        if name == "signal":
            return self._named("signal", *self.words.signal_names(judged.signals[i]))
        if name == "construct":
            return self._named("construct", *self.words.construct_name(judged.constructs[i], judged.factors[i]))
        up = _texts(judged.moved, "up")[i]
        if name == "risk" and up:
            return self._named("risk_named", *self.words.construct_name(up, _texts(judged.moved, "up_factor")[i]))
        same = text(f"changes.decided.grounds.{name}", self.lang, n=self.policy.dismissed_holds)
        return same, same, 0

    def _named(self, key: str, named: tuple[str, str], shown: str) -> tuple[str, str, int]:
        """Say a ground with its name; where that is not for everyone, their sentence goes without."""
        name, sensitivity = named
        said = [
            text(f"changes.decided.grounds.{key}", self.lang, name=word)
            if word
            else text(f"changes.decided.grounds.{_HIDDEN[key]}", self.lang)
            for word in (name, shown)
        ]
        return said[0], said[1], LEVELS.index(sensitivity)


def _by_id(table: pd.DataFrame, ids: pd.Index[Any]) -> pd.DataFrame:
    """One row per id, all NaN where the table does not know it."""
    known = table.assign(pupil_id=table["pupil_id"].astype(str)).drop_duplicates("pupil_id", keep="last")
    return known.set_index("pupil_id").reindex(ids)


def _risks(told: pd.DataFrame, ids: pd.Index[Any]) -> pd.DataFrame:
    lines = told[(told["kind"] == "risk") & (told["line"] == 0)]
    return lines.assign(pupil_id=lines["pupil_id"].astype(str)).loc[lines["pupil_id"].astype(str).isin(ids)]


def _texts(table: pd.DataFrame, column: str) -> NDArray[np.object_]:
    if column not in table:
        return np.full(len(table), "", dtype=object)
    return table[column].astype(object).fillna("").to_numpy(dtype=object)

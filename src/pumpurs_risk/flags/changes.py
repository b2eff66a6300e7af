"""Since the last list: who is new, worse, better, no longer listed or gone, and whether the pupil or the model changed."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.errors import RunError
from pumpurs_risk.flags.change_words import ChangeWords
from pumpurs_risk.flags.next_step import are_on_list
from pumpurs_risk.locale import check_language

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.catalogue.calendar import SchoolCalendar

    Floats = NDArray[np.float64]
    Yes = NDArray[np.bool_]

CHANGES = ("new", "worse", "same", "better", "resolved", "left", "moved_school")
"""What may have become of a pupil; ``resolved`` says only that the pupil is on no list any more, ``code`` says why."""
CODES = (
    "left", "moved_school", "out_of_scope", "set_aside", "newcomer", "signal", "added", "too_little_known", "enough_known",
    "signal_gone", "passed", "pupil", "known", "unrecorded", "level", "school", "model", "cut", "steady",
)  # fmt: skip
"""Why a change is what it is: ``pupil`` (the pupil's situation), ``known`` (newly known facts), ``unrecorded`` (facts that are
missing now), ``cut`` (only the end of the list moved), ``passed`` (off the list although the risk rose), and so on."""
COLUMNS = [
    "pupil_id", "school_id", "class_id", "shown", "change", "previous_tier", "tier", "previous_risk", "risk", "pupil_moved",
    "model_moved", "why", "why_plain", "sensitivity", "code", "previous_school", "previous_id",
]  # fmt: skip
_RANK = {
    "none": 0,
    "watch": 1,
    "ask_first": 1,
    "act_now": 2,
}  # ask_first says how much is known, not how high the risk is


@dataclass(frozen=True)
class ChangePolicy:
    """When a change counts, and how long what people decided holds. All values are our own judgement, not tuned on data.

    Parameters
    ----------
    least_move : float, default=0.25
        Log-odds by which the risk must move for a change to count at all: a quarter of the odds.
    sure : float in [0.5, 1), default=0.8
        Posterior probability that the move has its sign, from which it counts.
    large_move : float, default=log(2)
        Log-odds from which a move counts without another tier: the odds have doubled or halved.
    dismissed_holds : int, default=2
        For how many semesters after its own a dismissal with a reason holds.
    confirmed_holds : int, default=1
        For how many semesters after its own a confirmed pupil stays at least watched: a support plan runs a semester.

    Raises
    ------
    RunError
        If a value is impossible.

    Examples
    --------
    >>> ChangePolicy().band(np.array([0.1, 0.5])).round(2).tolist()
    [0.25, 0.42]
    """

    least_move: float = 0.25
    sure: float = 0.8
    large_move: float = math.log(2)
    dismissed_holds: int = 2
    confirmed_holds: int = 1

    def __post_init__(self) -> None:
        limits = {"least_move": (0, math.inf), "sure": (0.5, 1), "large_move": (0, math.inf)}
        limits |= {"dismissed_holds": (0, math.inf), "confirmed_holds": (0, math.inf)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (number and math.isfinite(value) and low <= value < high):
                raise RunError("policy_number", name=name, value=repr(value), low=f"{low:g}", high=f"{high:g}")

    def band(self, sd: Floats) -> Floats:
        """Log-odds by which each pupil's risk must move, given the sd of the difference."""
        band: Floats = np.maximum(self.least_move, NormalDist().inv_cdf(self.sure) * sd)
        return band


def changes(
    now: pd.DataFrame,
    before: pd.DataFrame,
    *,
    moved: pd.DataFrame | None = None,
    roster: Collection[str] | None = None,
    judged: pd.DataFrame | None = None,
    catalogue: Catalogue | None = None,
    policy: ChangePolicy | None = None,
    lang: str = "lv",
) -> pd.DataFrame:
    """Say what became of everyone who is on a list now or was on the one before.

    What changed about the pupil and what changed about the model are told apart: ``pupil_moved`` is today's log-odds less
    those of the earlier facts under today's model, ``model_moved`` those less what the earlier list said. They add up to
    the whole move.

    Parameters
    ----------
    now, before : pandas.DataFrame
        From `flag`, of today's list and of the one before; the same pupil has the same ``pupil_id`` in both.
    moved : pandas.DataFrame, optional
        From `moves`. Without it both lists are taken to be of one model, and the words name no field.
    roster : collection of str, optional
        Ids of all pupils known to the schools today, those whom the list does not cover included; without it whoever is
        not in `now` has left.
    judged : pandas.DataFrame, optional
        From `returning`: what staff decided earlier and what follows from it; said in ``why``.
    catalogue : Catalogue, optional
        Names of constructs and signals; the shipped one by default.
    policy : ChangePolicy, optional
        Hysteresis.
    lang : {"lv", "en"}
        Language of ``why``.

    Returns
    -------
    pandas.DataFrame
        One row per pupil, by school, kind of change and order of risk: ``pupil_id``, ``school_id`` (today's; of who left, the
        earlier), ``class_id``, ``shown`` (empty: names come later), ``change``, ``previous_tier`` and ``tier`` ("" where there
        was none), ``previous_risk``, ``risk``, ``pupil_moved``, ``model_moved`` (log-odds; NaN where there is nothing to
        compare), ``why`` (sentences for the support staff), ``why_plain`` (the same without naming anything sensitive),
        ``sensitivity`` (the highest of what ``why`` names), ``code`` (what mattered most, one of `CODES`),
        ``previous_school`` and ``previous_id`` ("" unless they differ).

    Notes
    -----
    A pupil who crosses the cut by a hair is ``same``. ``worse`` and ``better`` speak of the pupil alone: another model, another
    grade or another school never makes a pupil worse or better, and a risk that is lower only because facts are no longer
    recorded is not better. A pupil of an earlier list who has a new signal that a person must look at is ``worse`` whatever the
    risk does; a signal that came with another grade or programme, because its rule is of that grade, is said and no more. Being
    on a list or not is a fact: who has a place now and was on no list is ``new``, with the reason
    said, and ``resolved`` claims no more than that the pupil is on no list.

    Examples
    --------
    >>> from pumpurs_risk.flags import FlagPolicy, flag
    >>> from pumpurs_risk.model import load_model
    >>> model = load_model("literature-prior")
    >>> before = pd.DataFrame({"pupil_id": ["a", "b", "c"], "absence_share": [0.02, 0.30, 0.2], "mean_mark": [8.0, 5.0, 7]})
    >>> now = pd.DataFrame({"pupil_id": ["a", "b"], "absence_share": [0.40, 0.30], "mean_mark": [4.0, 5.0]})
    >>> lists = [flag(model, X, FlagPolicy(places=2)) for X in (now, before)]
    >>> changes(*lists, lang="en")[["pupil_id", "change"]].values.tolist()
    [['a', 'worse'], ['b', 'same'], ['c', 'left']]
    """
    from pumpurs_risk.catalogue import Catalogue

    check_language(lang)
    catalogue = catalogue or Catalogue.load()
    compared = _Compared(now, before, moved, roster, catalogue, policy or ChangePolicy())
    words = ChangeWords(catalogue, lang)
    words.say_main(compared.code, compared.rose, compared.facts)
    words.say_signals(compared.new_signals)
    words.say_also(compared.code, compared.facts, compared.policy.least_move)
    if judged is not None:
        words.say_judged(judged, compared.ids)
    return compared.table(words)


def expired(list_day: dt.date, today: dt.date, calendar: SchoolCalendar) -> bool:
    """Say whether a list is over: it speaks of its semester, and ends with it.

    Parameters
    ----------
    list_day, today : datetime.date
        Day of the list, and the day on which it is looked at.
    calendar : SchoolCalendar
        When semesters end.

    Raises
    ------
    CatalogueError
        If the calendar does not reach to the list's day.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> calendar = Catalogue.load().calendar
    >>> [expired(dt.date(2027, 1, 15), day, calendar) for day in (dt.date(2027, 5, 31), dt.date(2027, 6, 1))]
    [False, True]
    """
    return today > calendar.expires(list_day)


class _Compared:
    """Two lists side by side; arrays have one entry per pupil on either of them."""

    def __init__(
        self,
        now: pd.DataFrame,
        before: pd.DataFrame,
        moved: pd.DataFrame | None,
        roster: Collection[str] | None,
        catalogue: Catalogue,
        policy: ChangePolicy,
    ) -> None:
        self.policy = policy
        now, before = (
            _ready(table).assign(pupil_id=table["pupil_id"].astype(str).astype(object)) for table in (now, before)
        )
        listed = (table.loc[are_on_any_list(table), "pupil_id"] for table in (now, before))
        self.ids = np.array(pd.unique(pd.concat(list(listed), ignore_index=True)), dtype=object)
        self.now, self.before = (table.set_index("pupil_id").reindex(self.ids) for table in (now, before))
        self.is_here, self.was_here = (t["log_odds"].notna().to_numpy() for t in (self.now, self.before))
        self.is_on, self.was_on = (are_on_any_list(table) for table in (self.now, self.before))
        self.facts = self._facts(moved)
        known = set(roster) if roster is not None else set()
        self.out_of_scope = ~self.is_here & pd.Series(self.ids, dtype=object).isin(known).to_numpy()
        self.new_signals = new_signals(self._words("always_look", self.now), self._words("always_look", self.before))
        self.warned = self._are_warned_of(catalogue)
        self.change, self.code, self.rose = self._judge()

    def _words(self, column: str, table: pd.DataFrame) -> NDArray[np.object_]:
        return table[column].astype(object).fillna("").to_numpy(dtype=object)

    def _facts(self, moved: pd.DataFrame | None) -> pd.DataFrame:
        """What moved every pupil; the whole is ``pupil_moved`` plus ``model_moved``."""
        now, before = (table["log_odds"].to_numpy(dtype=float) for table in (self.now, self.before))
        facts = pd.DataFrame({"total": now - before}, index=pd.Index(self.ids))
        if moved is None:
            moved = pd.DataFrame({"pupil_id": self.ids, "rescored": before})
        found = moved.set_index(moved["pupil_id"].astype(str)).reindex(self.ids)
        rescored = found["rescored"].to_numpy(dtype=float)
        facts["pupil_moved"], facts["model_moved"] = now - rescored, rescored - before
        for name in ("sd", "level_moved", "school_moved", "lost", "level"):
            facts[name] = found[name].to_numpy(dtype=float) if name in found else 0.0
        for name in ("up", "up_factor", "down", "down_factor", "programme"):
            facts[name] = self._words(name, found) if name in found else ""
        for name in ("up_new", "new_level"):
            facts[name] = found[name].eq(True).to_numpy() if name in found else False
        facts["situation"] = facts["pupil_moved"] - facts["level_moved"] - facts["school_moved"] - facts["lost"]
        return facts

    def _are_warned_of(self, catalogue: Catalogue) -> Yes:
        """Say of whom there is a new signal that another grade or programme does not explain."""
        bound = {
            name
            for name, signal in catalogue.signals.items()
            if signal.min_level is not None or signal.max_level is not None or signal.programmes
        }
        of_own = {
            said: any(name not in bound for name in said.split(";")) for said in pd.unique(self.new_signals) if said
        }
        any_new = self.new_signals != ""
        own = pd.Series(self.new_signals, dtype=object).map(of_own).eq(True).to_numpy()
        warned: Yes = any_new & (own | ~self.facts["new_level"].to_numpy(dtype=bool))
        return warned

    def _judge(self) -> tuple[NDArray[np.object_], NDArray[np.object_], Yes]:
        facts = {name: self.facts[name].fillna(0.0).to_numpy(dtype=float) for name in _PARTS}
        total, situation = facts["total"], facts["situation"]
        band = self.policy.band(facts["sd"])
        steps = self._rank(self.now) - self._rank(self.before)
        large = np.maximum(self.policy.large_move, band)
        # facts that are no longer recorded count where they raise the risk, never where they lower it: `situation` is without
        rose = (situation > band) & ((steps > 0) | (situation > large))
        fell = (situation < -band) & ((steps < 0) | (situation < -large))
        still = np.abs(total) <= band
        self.both = self.is_here & self.was_here
        elsewhere = self.both & (self._words("school_id", self.now) != self._words("school_id", self.before))
        tier, was = (self._words("tier", table) for table in (self.now, self.before))
        noticed = (tier != "watch") | (self.new_signals != "") | self.now["added"].eq(True).to_numpy()
        joined = self.is_on & ~self.was_on & (noticed | ~still | ~self.was_here)
        gone = self.was_on & self.is_here & ~self.is_on & (~still | (was == "ask_first") | (was == "none"))
        change = np.select(
            [
                ~self.is_here & ~self.out_of_scope,
                elsewhere,
                joined,
                self.out_of_scope,
                gone & ~rose,
                rose | self.warned,
                fell,
            ],
            ["left", "moved_school", "new", "resolved", "resolved", "worse", "better"],
            "same",
        ).astype(object)
        code, up = self._codes(change, facts, still)
        return change, self._plainer_codes(change, code, up, still, (change == "worse") & ~rose), up

    def _codes(
        self, change: NDArray[np.object_], facts: dict[str, Floats], still: Yes
    ) -> tuple[NDArray[np.object_], Yes]:
        """What mattered most: the part that moved furthest the way the risk went; and whether that was up."""
        told = np.isin(change, ("worse", "better"))
        up = np.where(told, change == "worse", facts["total"] > 0)
        way = np.where(up, 1.0, -1.0)
        parts = ("situation", "lost", "level_moved", "school_moved", "model_moved")
        which = np.argmax(np.column_stack([np.round(way * facts[name], 9) for name in parts]), axis=1)
        which[told] = 0
        code = np.array(["pupil", "unrecorded", "level", "school", "model"], dtype=object)[which]
        code[up & (code == "pupil") & self.facts["up_new"].to_numpy(dtype=bool)] = "known"
        crossed = (self.is_on != self.was_on) | (self._rank(self.now) != self._rank(self.before))
        quiet = still & ~told
        code[quiet] = np.where(crossed[quiet], "cut", "steady")
        code[(change == "same") & ~still & np.isin(code, ("pupil", "known"))] = "steady"
        return code, up

    def _plainer_codes(
        self, change: NDArray[np.object_], code: NDArray[np.object_], up: Yes, still: Yes, by_signal: Yes
    ) -> NDArray[np.object_]:
        """Put what explains a row better than the risk's move in its place: who left, a new signal, how much is known."""
        tier, was = (self._words("tier", table) for table in (self.now, self.before))
        aside, added = (self.now[name].eq(True).to_numpy() for name in ("set_aside", "added"))
        new, resolved, quiet = change == "new", change == "resolved", np.isin(code, ("cut", "steady"))
        cases = {
            "left": change == "left",
            "moved_school": change == "moved_school",
            "out_of_scope": self.out_of_scope,
            "set_aside": aside & ~by_signal,
            "newcomer": ~self.was_here,
            "signal": by_signal | (new & (tier == "none")) | (quiet & (self.new_signals != "")),
            "added": new & added & still,
            "too_little_known": (tier == "ask_first") & (was != "ask_first") & (new | quiet),
            "enough_known": (was == "ask_first") & (tier != "ask_first") & (resolved | quiet),
            "signal_gone": resolved & (was == "none"),
            "passed": resolved & up,
        }
        chosen = np.select(list(cases.values()), list(cases), "")
        return np.where(chosen == "", code, chosen).astype(object)

    def _rank(self, table: pd.DataFrame) -> NDArray[np.int64]:
        return np.array([_RANK.get(tier, 0) for tier in self._words("tier", table)], dtype=np.int64)

    def table(self, words: ChangeWords) -> pd.DataFrame:
        """Put the rows together, in the order in which people read them."""
        here = self.is_here
        school, earlier = (self._words("school_id", table) for table in (self.now, self.before))
        frame = pd.DataFrame(
            {
                "pupil_id": self.ids,
                "school_id": np.where(here, school, earlier),
                "class_id": self.now["class_id"]
                .astype(object)
                .where(here, self.before["class_id"].astype(object))
                .to_numpy(),
                "shown": "",
                "change": self.change,
                "previous_tier": self._words("tier", self.before),
                "tier": self._words("tier", self.now),
                "previous_risk": self.before["risk"].to_numpy(dtype=float),
                "risk": self.now["risk"].to_numpy(dtype=float),
                "pupil_moved": self.facts["pupil_moved"].to_numpy(),
                "model_moved": self.facts["model_moved"].to_numpy(),
                "why": words.full,
                "why_plain": words.plain,
                "sensitivity": words.sensitivity,
                "code": self.code,
                "previous_school": np.where(self.both & (school != earlier), earlier, ""),
                "previous_id": "",
            }
        )[COLUMNS]
        kind = pd.Series(self.change).map({name: place for place, name in enumerate(CHANGES)})
        order = self.now["order"].fillna(self.before["order"]).to_numpy(dtype=float)
        by = np.lexsort([self.ids.astype(str), order, kind.to_numpy(), frame["school_id"].to_numpy(dtype=str)])
        return frame.iloc[by].reset_index(drop=True)


_PARTS = ("total", "situation", "lost", "level_moved", "school_moved", "model_moved", "sd")


def _ready(flags: pd.DataFrame) -> pd.DataFrame:
    """Lists of earlier versions do not know who was set aside or added."""
    return flags.assign(**{name: False for name in ("set_aside", "added") if name not in flags})


def are_on_any_list(flags: pd.DataFrame) -> Yes:
    """Say for every row whether the pupil is on a list or in the section of those set aside; rows of nobody are on none.

    Examples
    --------
    >>> are_on_any_list(pd.DataFrame({"tier": ["none", "none"], "always_look": "", "set_aside": [True, False]})).tolist()
    [True, False]
    """
    flags = _ready(flags)
    filled = flags.assign(
        tier=flags["tier"].astype(object).fillna("none"), added=flags["added"].eq(True), set_aside=flags["set_aside"].eq(True)
    )  # fmt: skip
    on: Yes = are_on_list(filled) | filled["set_aside"].to_numpy(dtype=bool)
    return on


def new_signals(now: NDArray[np.object_], before: NDArray[np.object_]) -> NDArray[np.object_]:
    """Signals of today that were not there before, joined by ";"; each distinct pair once."""
    pairs = pd.DataFrame({"now": now, "before": before})
    distinct = pairs.drop_duplicates()
    fresh = [
        ";".join(name for name in today.split(";") if name and name not in earlier.split(";"))
        for today, earlier in distinct.itertuples(index=False)
    ]
    found: Any = pairs.merge(distinct.assign(fresh=fresh), how="left")["fresh"].to_numpy(dtype=object)
    return np.asarray(found, dtype=object)

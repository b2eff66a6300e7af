"""The list: where each school's cut is, who stands inside it, how sure that is, and how many are not covered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.explanation.applies import applies_to, number_column, word_column
from pumpurs_risk.flags.policy import FlagPolicy
from pumpurs_risk.flags.signals import signal_ids
from pumpurs_risk.model import AdditiveModel
from pumpurs_risk.model.additive import expit, logit
from pumpurs_risk.model.inputs import as_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

_EQUAL = 9  # decimals of the log-odds that count: the last bits depend on how a table was split


def flag(
    model: AdditiveModel,
    X: Any,
    policy: FlagPolicy | None = None,
    *,
    catalogue: Catalogue | None = None,
    as_of: dt.date | None = None,
    set_aside: Collection[str] = (),
    added: Collection[str] = (),
    kept: Collection[str] = (),
) -> pd.DataFrame:
    """Say of every pupil who needs a look first, and how sure that is.

    Parameters
    ----------
    model : AdditiveModel
        What scores the pupils; in a run it was adapted to it by `AdditiveModel.for_recorded`.
    X : table with named columns, n rows
        The factor table of whole schools: the cut is found school by school. Without ``school_id`` all rows are one
        school.
    policy : FlagPolicy, optional
        Places, threshold and so on; ``FlagPolicy()`` by default.
    catalogue : Catalogue, optional
        Core factors and signals; the shipped one by default.
    as_of : datetime.date, optional
        Day of the list, for signals that are in force for a time only.
    set_aside : collection of str, optional
        Ids of pupils whom staff dismissed with a reason and of whom nothing material changed (`returning` says who).
        They are not listed, their place goes to the next pupil, and they still count as above the threshold.
    added : collection of str, optional
        Ids of pupils whom staff added: watched at least. They take no place that is not theirs by risk. Who is both
        added and set aside is added: a person asked for them.
    kept : collection of str, optional
        Ids of pupils whom staff confirmed and whose support still runs: watched at least, so that they do not vanish
        the moment it helps.

    Returns
    -------
    pandas.DataFrame
        One row per pupil in the order of X: ``pupil_id``, ``school_id``, ``class_id``, ``risk`` (one year),
        ``risk_2y``, ``log_odds``, ``sd`` (of the log-odds), ``evidence_share``, ``tier`` (act_now, watch, ask_first,
        none), ``certainty`` (sure, unsure, not_enough_data), ``cut`` (risk; 0 where everyone has a place, 1 where no
        one has), ``above``, ``above_low``, ``above_high`` (risk at or above the threshold; with all base rates at low
        and at high), ``listed`` (inside the cut), ``uncertain_cut`` (could change places across it), ``tie`` (as
        risky as the last on the list, and not all of these fit), ``always_look`` (signal ids joined by ";"; those of
        pupils set aside too), ``order`` (1.. within the school by risk, everyone counted), ``set_aside`` (tier none)
        and ``added``.

    Raises
    ------
    ValueError
        If X has no column ``pupil_id``, or none of the model's factors.

    Notes
    -----
    Places are never overfilled: of equally risky pupils at the cut those whose ``pupil_id`` sorts first are listed,
    and all of them are marked ``tie``. What is not recorded never makes a pupil look safe: ``not_enough_data`` goes
    before ``sure``.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.model import load_model
    >>> X = pd.DataFrame({"pupil_id": ["a", "b"], "absence_share": [0.02, 0.30], "mean_mark": [8.0, 4.0]})
    >>> flag(load_model("literature-prior"), X, FlagPolicy(places=1))["listed"].tolist()
    [False, True]
    """
    from pumpurs_risk.catalogue import Catalogue

    frame = as_frame(X).reset_index(drop=True)
    if "pupil_id" not in frame:
        raise ValueError("flag() needs the column pupil_id: ties at the cut are broken by it. factor_table() gives it.")
    for name, ids in (("set_aside", set_aside), ("added", added), ("kept", kept)):
        if isinstance(ids, str):
            raise TypeError(f"{name} is a collection of pupil ids, such as [{ids!r}], not one text")
    policy = policy or FlagPolicy()
    catalogue = catalogue or Catalogue.load()
    eta, sd = model.log_odds(frame), model.sd(frame)
    risk, risk_2y = model.risk(frame, "1y"), model.risk(frame, "2y")
    low, high = model.rate_shift(frame)
    evidence = core_evidence(model, frame, catalogue)
    ids = frame["pupil_id"].astype(str)
    by_staff = ids.isin(list(added)).to_numpy()
    aside = ids.isin(list(set_aside)).to_numpy() & ~by_staff
    found = _Cuts(model, frame, policy, eta, sd, risk, aside)
    little = (evidence < policy.enough_evidence) | (model.missing_sd(frame) > policy.most_missing_sd)
    watched = found.uncertain | (risk_2y >= policy.threshold) | by_staff | ids.isin(list(kept)).to_numpy()
    asked = _newcomer(frame, policy) | little
    return pd.DataFrame(
        {
            "pupil_id": frame["pupil_id"],
            "school_id": found.school_of_pupil,
            "class_id": frame["class_id"] if "class_id" in frame else pd.Series([pd.NA] * len(frame), dtype="str"),
            "risk": risk,
            "risk_2y": risk_2y,
            "log_odds": eta,
            "sd": sd,
            "evidence_share": evidence,
            "tier": np.select([aside, found.listed, asked, watched], ["none", "act_now", "ask_first", "watch"], "none"),
            "certainty": np.select([little, found.sure], ["not_enough_data", "sure"], "unsure"),
            "cut": found.cut,
            "above": found.above,
            "above_low": expit(eta + low) >= policy.threshold,
            "above_high": expit(eta + high) >= policy.threshold,
            "listed": found.listed,
            "uncertain_cut": found.uncertain,
            "tie": found.tie,
            "always_look": signal_ids(frame, catalogue, as_of),
            "order": found.order,
            "set_aside": aside,
            "added": by_staff,
        }
    )


def summarise(flags: pd.DataFrame, policy: FlagPolicy | None = None) -> pd.DataFrame:
    """Count per school: how many are above the threshold, how many places there are, how many are not covered.

    Parameters
    ----------
    flags : pandas.DataFrame
        From `flag`.
    policy : FlagPolicy, optional
        The same that `flag` was given.

    Returns
    -------
    pandas.DataFrame
        ``school_id``, ``roll``, ``above`` (N), ``above_low``, ``above_high``, ``places`` (K), ``not_covered`` (U =
        max(0, N - K)), ``not_covered_low``, ``not_covered_high``, ``listed``, ``ask_first``, ``uncertain``,
        ``set_aside``, ``added``; one row per school, by id. N and U speak of the risk alone: pupils set aside are in
        both, whatever was decided about them.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.model import load_model
    >>> X = pd.DataFrame({"pupil_id": ["a", "b", "c"], "school_id": "kalvene", "absence_share": [0.3, 0.4, 0.01]})
    >>> policy = FlagPolicy(threshold=0.01, places=1)
    >>> found = summarise(flag(load_model("literature-prior"), X, policy), policy)
    >>> found[["school_id", "above", "places", "not_covered"]].values.tolist()
    [['kalvene', 2, 1, 1]]
    """
    policy = policy or FlagPolicy()
    marks = flags.assign(roll=1, ask_first=flags["tier"] == "ask_first", uncertain=flags["uncertain_cut"])
    counted = ["roll", "above", "above_low", "above_high", "listed", "ask_first", "uncertain", "set_aside", "added"]
    table = marks.groupby("school_id", sort=True)[counted].sum().astype("int64").reset_index()
    places = [policy.places_of(s, n) for s, n in zip(table["school_id"], table["roll"], strict=True)]
    table.insert(5, "places", np.array(places, dtype=np.int64))
    for position, which in enumerate(("", "_low", "_high"), start=6):
        uncovered = (table[f"above{which}"] - table["places"]).clip(lower=0)
        table.insert(position, f"not_covered{which}", uncovered)
    return table


def core_evidence(model: AdditiveModel, frame: pd.DataFrame, catalogue: Catalogue) -> Floats:
    """Share of what the standard sheet's factors could tell that is recorded, over those that are about the pupil.

    All of the model's factors count if it has none of the standard sheet's.
    """
    features = [str(f) for f in model.feature_names_in_]
    known = [f for f in features if f in catalogue.factors]
    factors = [f for f in known if catalogue.factors[f].core] or known
    about = [applies_to(catalogue.factors[f].applies, frame) for f in factors]
    return model.evidence_share(frame, factors, np.column_stack(about) if about else None)


class _Cuts:
    """Finds every school's cut and what follows from it; arrays have one entry per pupil."""

    def __init__(
        self,
        model: AdditiveModel,
        frame: pd.DataFrame,
        policy: FlagPolicy,
        eta: Floats,
        sd: Floats,
        risk: Floats,
        aside: Flags,
    ) -> None:
        self.model, self.frame, self.policy, self.aside = model, frame, policy, aside
        self.eta, self.sd, self.risk = np.round(eta, _EQUAL), sd, risk
        self.by = policy.cut_by_for(model)
        self.cross = NormalDist().inv_cdf(policy.change_places)  # 0 or less: how far behind one may be and still pass
        n = len(frame)
        self.above: Flags = risk >= policy.threshold
        self.listed, self.tie, self.uncertain = (np.zeros(n, dtype=bool) for _ in range(3))
        self.cut = np.ones(n)
        self.order = np.zeros(n, dtype=np.int64)
        self.school_of_pupil = _school_ids(frame)
        for school_id, rows in self._schools():
            self._cut_school(school_id, rows)
        self.sure = self._sure()

    def _schools(self) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Each school with its pupils from the most to the least at risk; equal ones by pupil_id."""
        if not len(self.frame):
            return
        codes, names = pd.factorize(self.school_of_pupil, sort=True)
        ids = pa.array(self.frame["pupil_id"].astype(str), type=pa.large_string())
        by_id = pc.rank(ids, sort_keys="ascending", tiebreaker="first").to_numpy()
        sorted_rows = np.lexsort([by_id, -self.eta, codes])
        ends = np.cumsum(np.bincount(codes, minlength=len(names)))
        for name, rows in zip(names, np.split(sorted_rows, ends[:-1]), strict=True):
            yield str(name), rows

    def _cut_school(self, school_id: str, everyone: NDArray[np.int64]) -> None:
        places = self.policy.places_of(school_id, len(everyone))
        self.order[everyone] = np.arange(1, len(everyone) + 1)
        rows = everyone[~self.aside[everyone]]  # the cut is found among the others
        roll = len(rows)
        places = min(places, roll)
        by_places = 1.0 if places == 0 else 0.0 if places == roll else float(self.risk[rows[places - 1]])
        threshold = self.policy.threshold
        places_bind = self.by == "places" or (self.by == "both" and by_places >= threshold)
        inside = places if places_bind else int(self.above[rows].sum())
        self.listed[rows[:inside]] = True
        self.cut[everyone] = by_places if places_bind else threshold
        if not places_bind:
            behind = np.where(self.listed[rows], -1.0, 1.0) * (self.eta[rows] - logit(threshold))
            self.uncertain[rows] = behind >= self.cross * self.sd[rows]
        elif 0 < inside < roll:
            last, next_one = rows[inside - 1], rows[inside]
            if self.eta[last] == self.eta[next_one]:
                self.tie[rows] = self.eta[rows] == self.eta[last]
            self.uncertain[self._could_pass(rows[inside:], last, 1.0)] = True
            self.uncertain[self._could_pass(rows[:inside], next_one, -1.0)] = True

    def _could_pass(self, rows: NDArray[np.int64], other: np.int64, way: float) -> NDArray[np.int64]:
        """Those of `rows` who may truly be above (way 1) or below (way -1) another pupil."""
        ahead = way * (self.eta[rows] - self.eta[other])
        # The sd of a difference is never more than the sum of both sds, so few pupils need the exact one.
        near = np.flatnonzero(ahead >= self.cross * (self.sd[rows] + self.sd[other]) - 1e-9)
        if not len(near):
            return rows[near]
        apart = self.model.difference_sd(self.frame.iloc[rows[near]], self.frame.iloc[[int(other)]])
        could: NDArray[np.int64] = rows[near[ahead[near] >= self.cross * apart]]
        return could

    def _sure(self) -> Flags:
        """Posterior probability of being on this side of the cut is at least ``policy.sure``."""
        with np.errstate(divide="ignore"):
            cut = np.log(self.cut) - np.log1p(-self.cut)  # -inf: everyone has a place; inf: no one has
        side = self.listed | (self.aside & (self.risk >= self.cut))  # of those set aside: where their risk is
        ahead = np.where(side, 1.0, -1.0) * (self.eta - cut)
        sure: Flags = ahead >= NormalDist().inv_cdf(self.policy.sure) * self.sd
        return sure


def _school_ids(frame: pd.DataFrame) -> NDArray[np.object_]:
    words = word_column(frame, "school_id")
    return np.array([str(name) for name in pd.unique(words)], dtype=object)[pd.factorize(words)[0]]


def _newcomer(frame: pd.DataFrame, policy: FlagPolicy) -> Flags:
    """First-year pupils who are not known for long; how long is not known counts as not long."""
    first_year = number_column(frame, "first_year") == 1
    newcomer: Flags = first_year & ~(number_column(frame, "days_known") >= policy.newcomer_days)
    return newcomer

"""From one run to the next: what changed, and what earlier decisions mean for today's list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import RunError
from pumpurs_risk.explanation import reasons as reasons_of
from pumpurs_risk.flags.changes import ChangePolicy, are_on_any_list, changes
from pumpurs_risk.flags.moves import moves
from pumpurs_risk.flags.returning import JUDGED, has_reason, returning

if TYPE_CHECKING:
    from pumpurs_risk.batch.run import Run
    from pumpurs_risk.model import AdditiveModel

_TOP = 3  # as many risks are compared as a list tells


@dataclass(frozen=True, eq=False)
class Standing:
    """What people decided earlier, as `flag` takes it.

    Parameters
    ----------
    set_aside, added, kept : tuple of str
        Ids for the parameters of these names of `flag`.
    judged : pandas.DataFrame
        From `returning`: every decision's verdict and why.
    """

    set_aside: tuple[str, ...]
    added: tuple[str, ...]
    kept: tuple[str, ...]
    judged: pd.DataFrame

    def __bool__(self) -> bool:
        """Whether the list must be made again."""
        return bool(self.set_aside or self.added or self.kept)


def standing_of(
    model: AdditiveModel,
    X: pd.DataFrame,
    flags: pd.DataFrame,
    decisions: pd.DataFrame,
    added: pd.DataFrame,
    earlier: Sequence[Run],
    *,
    as_of: dt.date,
    peers: Any = "peers",
    catalogue: Catalogue | None = None,
    policy: ChangePolicy | None = None,
    lang: str = "lv",
) -> Standing:
    """Judge earlier decisions before a list is made.

    The list is made in two steps: ``flags = flag(model, X, ...)`` with nobody set aside, ``standing = standing_of(...)`` with
    these flags, and, if there is any standing, ``flag`` again with its three collections. The second list is the one that
    people get.

    Parameters
    ----------
    model : AdditiveModel
        Today's, as it scores the run.
    X : pandas.DataFrame
        Today's factor table.
    flags : pandas.DataFrame
        From `flag` with nobody set aside, added or kept.
    decisions, added : pandas.DataFrame
        What people wrote, as a run's ``decisions`` and ``added`` hold it.
    earlier : sequence of Run
        Earlier runs. A decision is compared with the list that it was made on; where that is not among them with the last
        one before it, else with the first one after.
    as_of : datetime.date
        Day of today's list.
    peers : PeerReference, optional
        Today's, for the reasons of those decided on.
    catalogue, policy, lang
        As in `returning`.

    Returns
    -------
    Standing
        Pupils whom staff added stay added until they are dismissed with a reason.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> cohort = pr.make_cohort(n_pupils=120, random_state=0, form="sheet")
    >>> run = pr.score(cohort, as_of="2027-01-15", lang="en")
    >>> first = run.flags.loc[run.flags["listed"], ["pupil_id", "school_id"]].head(1)
    >>> decided = first.assign(decision="dismissed", note="moves abroad", as_of="2027-01-15")
    >>> found = standing_of(run.model, run.factors, run.flags, decided, run.added, [run], as_of=run.as_of, peers=run.peers)
    >>> found.set_aside == tuple(first["pupil_id"])
    True
    """
    catalogue, policy = catalogue or Catalogue.load(), policy or ChangePolicy()
    asked = decisions.assign(pupil_id=decisions["pupil_id"].astype(str))
    asked = asked[asked["pupil_id"].isin(flags["pupil_id"].astype(str))].reset_index(drop=True)
    judged = pd.DataFrame({name: pd.Series(dtype="str") for name in JUDGED})
    if len(asked):
        then, moved, told_then = _decided_on(model, X, asked, earlier, policy)
        some = X[X["pupil_id"].astype(str).isin(asked["pupil_id"])].reset_index(drop=True)
        told = reasons_of(model, some, lang, _TOP, reference=peers, catalogue=catalogue)
        judged = returning(
            asked, flags, then, as_of=as_of, moved=moved, told=told, told_then=told_then, catalogue=catalogue,
            policy=policy, lang=lang,
        )  # fmt: skip
    by_verdict = judged.groupby("verdict")["pupil_id"].agg(tuple).to_dict() if len(judged) else {}
    wanted = _added_ids(added, asked)
    return Standing(
        set_aside=tuple(i for i in by_verdict.get("set_aside", ()) if i not in wanted),
        added=tuple(sorted(wanted)),
        kept=by_verdict.get("kept", ()),
        judged=judged,
    )


def changes_of(
    run: Run,
    previous: Run | str | Path,
    *,
    judged: pd.DataFrame | None = None,
    catalogue: Catalogue | None = None,
    policy: ChangePolicy | None = None,
    match_own_id: bool = False,
    lang: str | None = None,
) -> pd.DataFrame:
    """Say what became of everyone who is on a list of this run or was on the one before.

    The earlier facts are read again with this run's model, so that "the pupil changed" and "the model changed" stay
    apart. Pupils of schools that sent nothing this time are left out: nothing is known of them.

    Parameters
    ----------
    run, previous : Run
        In memory or opened from disk; `previous` may also be its folder.
    judged : pandas.DataFrame, optional
        ``Standing.judged``, where the decisions were judged for this run; said in ``why``.
    catalogue, policy
        As in `changes`.
    match_own_id : bool, default=False
        Also find pupils who changed school where ids are a school's own ("school:id"): the same own id, gone from one
        school and new in exactly one other. Only where schools give their ids out together; else it takes two people for one.
    lang : {"lv", "en"}, optional
        By default the run's.

    Returns
    -------
    pandas.DataFrame
        As `changes` gives it.

    Raises
    ------
    RunError
        If `previous` is no run, or its list is of a later day.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> cohort = pr.make_cohort(n_pupils=120, random_state=0, form="sheet")
    >>> run = pr.score(cohort, as_of="2027-01-15", lang="en")
    >>> found = changes_of(run, run)
    >>> set(found["change"]), float(found["pupil_moved"].abs().max())
    ({'same'}, 0.0)
    """
    if isinstance(previous, str | Path):
        from pumpurs_risk.batch.opening import open_run

        previous = open_run(previous)
    if previous.as_of > run.as_of:
        name = previous.path.name if previous.path else ""
        raise RunError("previous_later", path=name, day=previous.as_of, as_of=run.as_of)
    before, facts = previous.flags, previous.factors
    own = _same_own_id(run.flags, before) if match_own_id else {}
    if own:
        before, facts = (table.assign(pupil_id=table["pupil_id"].astype(str).replace(own)) for table in (before, facts))
    asked = before["school_id"].isin(run.flags["school_id"].unique())  # a school that sent nothing has lost nobody
    before = before[asked | before["pupil_id"].isin(run.flags["pupil_id"])]
    on_list = pd.concat([table.loc[are_on_any_list(table), "pupil_id"] for table in (run.flags, before)])
    policy = policy or ChangePolicy()
    catalogue = catalogue or Catalogue.load()
    moved = moves(
        run.model,
        run.factors[run.factors["pupil_id"].isin(on_list)],
        facts,
        catalogue,
        redefined=redefined(run.model, previous.model),
        least=policy.least_move,
    )
    found = changes(
        run.flags,
        before,
        moved=moved,
        roster=_roster(run),
        judged=judged,
        catalogue=catalogue,
        policy=policy,
        lang=lang or run.lang,
    )
    back = {now: then for then, now in own.items()}
    return found.assign(previous_id=[back.get(pupil, "") for pupil in found["pupil_id"]])


def redefined(model: AdditiveModel, before: AdditiveModel) -> frozenset[str]:
    """Factors of both models whose definition has another version in each.

    Examples
    --------
    >>> from pumpurs_risk.model import load_model
    >>> model = load_model("literature-prior")
    >>> sorted(redefined(model, model))
    []
    """
    earlier = {shape.factor: shape.version for shape in before.shapes}
    return frozenset(s.factor for s in model.shapes if earlier.get(s.factor, s.version) != s.version)


def _decided_on(
    model: AdditiveModel, X: pd.DataFrame, decisions: pd.DataFrame, earlier: Sequence[Run], policy: ChangePolicy
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Flags, moves and reasons since the lists decided on, of those decided on."""
    flags: list[pd.DataFrame] = []
    moved: list[pd.DataFrame] = []
    told: list[pd.DataFrame] = []
    last = decisions.drop_duplicates("pupil_id", keep="last")
    runs = sorted(earlier, key=lambda run: run.as_of)
    chosen = last["as_of"].astype(str).map({day: _list_of(day, runs) for day in last["as_of"].astype(str).unique()})
    for at, ids in last.groupby(chosen)["pupil_id"] if runs else ():
        run = runs[int(at)]
        of = {name: table[table["pupil_id"].astype(str).isin(ids)] for name, table in _compared(run).items()}
        now = X[X["pupil_id"].astype(str).isin(ids)]
        changed = redefined(model, run.model)
        flags.append(of["flags"])
        moved.append(moves(model, now, of["factors"], redefined=changed, least=policy.least_move))
        told.append(of["reasons"])
    if not flags:
        nobody = pd.DataFrame({name: pd.Series(dtype=object) for name in ("pupil_id", "kind", "construct", "factor")})
        nothing = nobody.assign(line=0, tier="", certainty="", always_look="", school_id="", log_odds=np.nan)
        return nothing, nothing.assign(moved=np.nan), nothing
    joined = [pd.concat(parts, ignore_index=True) for parts in (flags, moved, told)]
    return joined[0], joined[1], joined[2]


def _compared(run: Run) -> dict[str, pd.DataFrame]:
    return {"flags": run.flags, "factors": run.factors, "reasons": run.reasons}


def _list_of(day: str, runs: Sequence[Run]) -> int:
    """Which run a decision of a day was made on: the last one up to it, else the first."""
    up_to = [i for i, run in enumerate(runs) if run.as_of.isoformat() <= day]
    return up_to[-1] if up_to else 0


def _added_ids(added: pd.DataFrame, decisions: pd.DataFrame) -> set[str]:
    """Ids of pupils whom staff added, less those dismissed with a reason since; without an id they are on paper only."""
    known = added[added["pupil_id"].fillna("").astype(str) != ""]
    days = dict(zip(known["pupil_id"].astype(str), known["as_of"].astype(str), strict=True))
    also = decisions[decisions["decision"] == "added"]
    days |= dict(zip(also["pupil_id"].astype(str), also["as_of"].astype(str), strict=True))
    dismissed = decisions[(decisions["decision"] == "dismissed") & decisions["note"].map(has_reason).astype(bool)]
    ended = dict(zip(dismissed["pupil_id"].astype(str), dismissed["as_of"].astype(str), strict=True))
    return {pupil for pupil, day in days.items() if ended.get(pupil, "") <= day}


def _same_own_id(now: pd.DataFrame, before: pd.DataFrame) -> dict[str, str]:
    """Earlier id to today's, of own ids that are gone from one school and new in exactly one other."""
    ids = [table["pupil_id"].astype(str) for table in (now, before)]
    fresh, gone = ids[0][~ids[0].isin(ids[1])], ids[1][~ids[1].isin(ids[0])]
    parts = []
    for found in (fresh, gone):
        own = found.str.partition(":")
        table = pd.DataFrame({"id": found, "school": own[0], "own": own[2]}) if len(found) else pd.DataFrame()
        parts.append(table[table["own"] != ""].drop_duplicates("own", keep=False) if len(table) else table)
    if not len(parts[0]) or not len(parts[1]):
        return {}
    both = parts[1].merge(parts[0], on="own", suffixes=("_then", "_now"))
    both = both[both["school_then"] != both["school_now"]]
    return dict(zip(both["id_then"], both["id_now"], strict=True))


def _roster(run: Run) -> set[str]:
    """Everybody on today's roll: the scored, and those whom the list does not cover."""
    outside = run.records.out_of_scope if run.records is not None else getattr(run, "out_of_scope", None)
    covered = set(run.flags["pupil_id"].astype(str))
    return covered if outside is None else covered | set(outside["pupil_id"].astype(str))

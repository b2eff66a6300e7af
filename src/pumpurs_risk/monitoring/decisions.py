"""What staff decided on the first list: confirmed, dismissed, deferred, nothing yet, and whom they added, by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import pandas as pd
from scipy import stats

from pumpurs_risk.catalogue.suppression import hidden_groups, merged_kinds
from pumpurs_risk.evaluation.figures.calibration import wilson
from pumpurs_risk.monitoring.drift import ALPHA
from pumpurs_risk.monitoring.groups import UNKNOWN
from pumpurs_risk.monitoring.lists import MadeList
from pumpurs_risk.monitoring.noise import adjusted
from pumpurs_risk.monitoring.result import DecisionUse, GroupDifference

LEAST_JUDGED = 30
"""Pupils below which no share is given and nothing is concluded."""
LARGE_DIFFERENCE = 0.15
"""Difference between two groups' shares from which it is asked about."""
MOST_UNDECIDED = 0.5
"""Share of the listed pupils without a decision from which a school is asked."""
_KINDS = ("confirmed", "dismissed", "deferred", "undecided")


def decision_use(made: MadeList, groupings: Mapping[str, Any]) -> tuple[DecisionUse, ...]:
    """Count what was decided on the pupils of a list, in all and by group.

    Parameters
    ----------
    made : MadeList
        The list, with the decisions and the added pupils known by now.
    groupings : mapping of str to ndarray
        Per attribute, the group of each pupil in the order of the factor table.

    Returns
    -------
    tuple of DecisionUse
        "all" first; groups in order, never by their shares. Small counts, and what would give them away, are not shown.
    """
    listed, kind, added = decided_kinds(made)
    groups = {"all": np.full(len(listed), "", dtype=object), **groupings}
    factored = {by: pd.factorize(group, sort=True) for by, group in groups.items()}
    codes = {by: code for by, (code, _) in factored.items()}
    number = np.select([kind == name for name in _KINDS], range(4), 3)
    merged = merged_kinds(np.bincount(number[listed], minlength=4))
    few = np.ones(4, dtype=bool) if merged is None else merged
    rolls = hidden_groups(codes, np.zeros(len(listed), dtype=np.int64))
    lists = hidden_groups(codes, np.where(listed, 0, -1))
    together = np.where(few, int(few.argmax()), np.arange(4))[number]  # what the listed less the shown kinds tell
    decided = hidden_groups(codes, np.where(listed, together, -1), lists)
    strangers = _strangers(made)
    with_them = {
        by: np.append(code, _codes_of(strangers, by, names)) for by, (code, names) in factored.items()
    }  # fmt: skip
    adding = hidden_groups(with_them, np.append(np.where(added, 0, -1), np.zeros(len(strangers), dtype=np.int64)))
    rows = []
    for by, (code, names) in factored.items():
        n = len(names)
        table = np.stack(
            [np.bincount(code[listed & (number == k)], minlength=n) for k in range(4)]
            + [np.bincount(code[added], minlength=n) + np.bincount(_placed(strangers, by, names), minlength=n)],
            axis=1,
        )
        in_all = np.bincount(code, minlength=n)
        for i, name in enumerate(names):
            apart = few & (table[i, :4][few].sum() > 0)
            secret = np.append(apart | decided[by][i], adding[by][i])
            rows.append(
                _row(by, str(name), int(in_all[i]), table[i], secret, bool(rolls[by][i]), bool(lists[by][i]))
            )  # fmt: skip
    return tuple(rows)


def slow_schools(made: MadeList, uses: Sequence[DecisionUse]) -> tuple[str, ...]:
    """Name the schools that left at least half of their listed pupils undecided, whether or not the counts are shown."""
    listed, kind, _ = decided_kinds(made)
    schools = made.factors["school_id"].astype(str).to_numpy(dtype=object)[listed]
    share = pd.Series(kind[listed] == "undecided").groupby(schools).mean()
    told = {row.group for row in uses if row.by == "school_id" and row.listed}
    return tuple(sorted(str(s) for s in share.index[share >= MOST_UNDECIDED] if s in told))


def without_hidden(differences: Sequence[GroupDifference], uses: Sequence[DecisionUse]) -> tuple[GroupDifference, ...]:
    """Take away shares, and the exact chance, from which a count that is not shown could be calculated."""
    shown = {(row.by, row.group): row for row in uses}
    found = []
    for row in differences:
        shares = [getattr(shown[row.by, group], f"{row.share}_share") for group in (row.lowest, row.highest)]
        if None in shares:
            row = msgspec.structs.replace(
                row, lowest_share=None, highest_share=None, p=round(row.p, 2), q=round(row.q, 2)
            )  # fmt: skip
        found.append(row)
    return tuple(found)


def differences_of_use(made: MadeList, groupings: Mapping[str, Any]) -> tuple[GroupDifference, ...]:
    """Ask of every attribute whether its groups are decided on alike.

    Only groups of at least 30 pupils count. Of the pupils decided, the share dismissed; of the listed, the share without a
    decision.

    Returns
    -------
    tuple of GroupDifference
        One per attribute and share that can be judged.
    """
    listed, kind, _ = decided_kinds(made)
    found: list[GroupDifference] = []
    shares: dict[Literal["dismissed", "undecided"], tuple[Any, str]] = {
        "dismissed": (listed & (kind != "undecided"), "dismissed"),
        "undecided": (listed, "undecided"),
    }
    for by, group in groupings.items():
        for share, (base, wanted) in shares.items():
            used = base & (group != UNKNOWN)
            codes, names = pd.factorize(group[used], sort=True)
            of = np.bincount(codes, minlength=len(names))
            hits = np.bincount(codes[kind[used] == wanted], minlength=len(names))
            enough = of >= LEAST_JUDGED
            if enough.sum() < 2:
                continue
            names, of, hits = np.asarray(names)[enough], of[enough], hits[enough]
            if not 0 < hits.sum() < of.sum():
                continue
            p = float(stats.chi2_contingency(np.stack([hits, of - hits]), correction=len(of) == 2).pvalue)
            low, high = int((hits / of).argmin()), int((hits / of).argmax())
            found.append(
                GroupDifference(
                    by=by, share=share, lowest=str(names[low]), lowest_share=float(hits[low] / of[low]),
                    highest=str(names[high]), highest_share=float(hits[high] / of[high]), p=p, q=1.0, verdict="chance",
                )
            )  # fmt: skip
    return tuple(
        msgspec.structs.replace(row, q=float(q), verdict=_judged(row, q))
        for row, q in zip(found, adjusted([row.p for row in found]), strict=True)
    )


def decided_kinds(made: MadeList) -> tuple[Any, Any, Any]:
    """Tell of each pupil, in the order of the factor table: listed, what was decided, added by staff."""
    ids = pd.Index(made.factors["pupil_id"].astype(str))
    flags = made.flags.set_index(made.flags["pupil_id"].astype(str))
    listed = flags["listed"].reindex(ids).fillna(False).to_numpy(dtype=bool)
    decided = made.decisions.drop_duplicates("pupil_id", keep="last")
    said = pd.Series(decided["decision"].to_numpy(dtype=object), index=decided["pupil_id"].astype(str)).reindex(ids)
    kind = said.where(said.isin(_KINDS[:3]), "undecided").to_numpy(dtype=object)
    added = (said == "added").to_numpy() | ids.isin(made.added["pupil_id"].dropna().astype(str))
    return listed, kind, np.asarray(added) & ~listed


def _strangers(made: MadeList) -> pd.DataFrame:
    """Added pupils whom the list does not know at all; only their school is known."""
    known = pd.Index(made.factors["pupil_id"].astype(str))
    return made.added[known.get_indexer(pd.Index(made.added["pupil_id"].astype(str))) < 0]


def _codes_of(strangers: pd.DataFrame, by: str, names: Any) -> Any:
    """Group of each stranger, -1 where nobody knows it."""
    if by == "all":
        return np.zeros(len(strangers), dtype=np.int64)
    if by != "school_id":
        return np.full(len(strangers), -1, dtype=np.int64)
    return pd.Index(names).get_indexer(pd.Index(strangers["school_id"].astype(str)))


def _placed(strangers: pd.DataFrame, by: str, names: Any) -> Any:
    codes = _codes_of(strangers, by, names)
    return codes[codes >= 0]


def _row(
    by: str, group: str, pupils: int, counts: Any, hidden: Any, roll_hidden: bool, list_hidden: bool
) -> DecisionUse:  # fmt: skip
    listed = int(counts[:4].sum())
    decided = listed - int(counts[3])
    shown = [None if h else int(c) for c, h in zip(counts, hidden, strict=True)]
    nothing = (None, None, None)
    dismissed = nothing if hidden[1] or hidden[3] else _share(int(counts[1]), decided)
    undecided = nothing if hidden[3] else _share(int(counts[3]), listed)
    return DecisionUse(
        by=by, group=group, pupils=None if roll_hidden else pupils, listed=None if list_hidden else listed,
        confirmed=shown[0], dismissed=shown[1], deferred=shown[2], undecided=shown[3], added=shown[4],
        dismissed_share=dismissed[0], dismissed_lower=dismissed[1], dismissed_upper=dismissed[2],
        undecided_share=undecided[0], undecided_lower=undecided[1], undecided_upper=undecided[2],
        judged=listed >= LEAST_JUDGED,
    )  # fmt: skip


def _share(count: int, of: int) -> tuple[float | None, float | None, float | None]:
    if of < LEAST_JUDGED:
        return None, None, None
    low, high = wilson(count / of, of)
    return count / of, float(low), float(high)


def _judged(row: GroupDifference, q: float) -> Literal["chance", "small", "changed"]:
    if not q <= ALPHA:
        return "chance"
    apart = (row.highest_share or 0.0) - (row.lowest_share or 0.0)
    return "changed" if apart >= LARGE_DIFFERENCE else "small"

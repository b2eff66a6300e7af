"""Which counts a municipality may see: none of 1 to 4 pupils, and none from which one of those could be worked out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from pumpurs_risk.catalogue.suppression import FEWEST, hidden_groups, merged_kinds
from pumpurs_risk.locale import sort_key

if TYPE_CHECKING:
    import pandas as pd

Z90 = 1.645
"""Standard normal quantile of a two-sided interval of 90 %."""
_COUNTS = (
    "pupils_in",
    "not_on_roll",
    "scored",
    "above",
    "places",
    "compared",
    "compared_above",
    "core_asked",
    "core_missing",
)


@dataclass(frozen=True)
class SchoolRow:
    """One school as the municipality sees it; None is a number that is not shown, or not there."""

    title: str
    received: bool = True
    scored: int | None = None
    coverage: float | None = None
    nearly_all: bool = False
    """All but a few are assessed: then the share is not told."""
    missing: float | None = None
    above: int | None = None
    expected: tuple[int, int, int] | None = None
    """Expected number above the threshold, and its 90 % limits."""
    compared: tuple[int, int] | None = None
    """Pupils compared and how many of them are above, where not all are compared."""
    places: int | None = None
    lacking: int | None = None
    groups: Mapping[str, int | None] = field(default_factory=dict)
    hidden: bool = False


@dataclass(frozen=True)
class MunicipalityCounts:
    """All that may stand on the municipality's page."""

    schools: tuple[SchoolRow, ...]
    expected: int
    scored: int | None
    above: int | None
    places: int
    lacking: int
    """Places lacking in the schools whose numbers are shown."""
    lacking_least: bool
    """Whether more may be lacking in schools whose numbers are hidden."""
    groups: Mapping[str, int | None]
    statuses: Mapping[str, int | None]
    """Plans by status; a status that is hidden is None."""
    plans: int | None
    together: int | None
    """Plans of the hidden statuses together."""
    planned: Mapping[str, int | None]
    given: Mapping[str, int | None]
    uncovered: int | None
    has_plans: bool = False

    @property
    def received(self) -> int:
        """Number of schools that sent data."""
        return sum(row.received for row in self.schools)


def municipality_counts(
    summaries: Iterable[Any], plans_summary: pd.DataFrame | None = None, *, not_received: Sequence[str] = ()
) -> MunicipalityCounts:
    """Count for the municipality, from the schools' summaries alone.

    Parameters
    ----------
    summaries : iterable of SchoolCounts or mapping
        One per school, as in run.json.
    plans_summary : pandas.DataFrame, optional
        From `summarise_plans`.
    not_received : sequence of str
        Titles of schools that were expected but sent nothing.

    Returns
    -------
    MunicipalityCounts
        Schools in the order of the Latvian alphabet.
    """
    rows = [_plain(summary) for summary in summaries]
    rows = [row for row in rows if row["pupils_in"] or row["scored"]]
    tallies = [[row["scored"] - row["above"], row["above"]] for row in rows]
    hidden, all_hidden = _hidden(tallies)
    groups = list(dict.fromkeys(group for row in rows for group in row["risk_groups"]))
    by_group, group_totals = {}, {}
    for group in groups:
        inside = [min(row["risk_groups"].get(group, 0), row["above"]) for row in rows]
        out, total_out = _hidden([[row["above"] - n, n] for row, n in zip(rows, inside, strict=True)], hidden)
        total_out |= all_hidden
        by_group[group] = [None if h else n for n, h in zip(inside, out, strict=True)]
        group_totals[group] = None if total_out else sum(inside)
    schools = [
        _school(row, bool(out), {group: by_group[group][at] for group in groups})
        for at, (row, out) in enumerate(zip(rows, hidden, strict=True))
    ]
    schools += [SchoolRow(title, received=False) for title in not_received]
    above, scored, places = (sum(row[name] for row in rows) for name in ("above", "scored", "places"))
    lacking = sum(max(row["above"] - row["places"], 0) for row, out in zip(rows, hidden, strict=True) if not out)
    return MunicipalityCounts(
        schools=tuple(sorted(schools, key=lambda row: sort_key(row.title))),
        expected=len(schools),
        scored=None if all_hidden else scored,
        above=None if all_hidden else above,
        places=places,
        lacking=lacking,
        lacking_least=bool(hidden.any()),
        groups=group_totals,
        **_plans(plans_summary),
    )


def summarise_plans(plans: pd.DataFrame, support: pd.DataFrame | None = None) -> pd.DataFrame:
    """Count plans and measures; the only thing about plans that reaches the municipality's page.

    Parameters
    ----------
    plans : pandas.DataFrame
        ``plan_id``, ``status``, ``measures`` (ids joined by ";"), ``uncovered`` (risks without a measure of this school).
    support : pandas.DataFrame, optional
        Support that was given: ``pupil_id``, ``measure``.

    Returns
    -------
    pandas.DataFrame
        ``what`` (status, planned, given, uncovered), ``id``, ``n``.

    Examples
    --------
    >>> import pandas as pd
    >>> plans = pd.DataFrame({"plan_id": ["1", "2"], "status": "draft", "measures": ["mentor", ""], "uncovered": [0, 2]})
    >>> summarise_plans(plans).values.tolist()
    [['status', 'draft', 2], ['planned', 'mentor', 1], ['uncovered', '', 1]]
    """
    import pandas as pd

    rows: list[tuple[str, str, int]] = [
        ("status", str(id), int(n)) for id, n in plans["status"].value_counts(sort=False).items()
    ]
    each = plans["measures"].fillna("").str.split(";").explode()
    each = each[each.notna() & each.ne("")].reset_index().drop_duplicates()["measures"] if len(plans) else each
    rows += [("planned", str(id), int(n)) for id, n in each.value_counts(sort=False).items() if id]
    if support is not None and len(support):
        pupils = support.drop_duplicates(["pupil_id", "measure"])["measure"].value_counts(sort=False)
        rows += [("given", str(id), int(n)) for id, n in pupils.items()]
    if len(plans):
        rows.append(("uncovered", "", int((plans["uncovered"].fillna(0) > 0).sum())))
    return pd.DataFrame(rows, columns=["what", "id", "n"])


def _plain(summary: Any) -> dict[str, Any]:
    given = dict(summary) if isinstance(summary, Mapping) else msgspec.to_builtins(summary)
    counts = {name: int(given.get(name) or 0) for name in _COUNTS}
    return {
        "title": str(given.get("title") or given.get("school_id") or ""),
        **counts,
        "expected": given.get("expected"),
        "variance": given.get("expected_variance"),
        "risk_groups": dict(given.get("risk_groups") or {}),
    }


def _hidden(tallies: Sequence[Sequence[int]], already: Any = None) -> tuple[np.ndarray[Any, Any], bool]:
    """Which schools' counts are hidden, and whether their total is: a school is shown with all its kinds or not at all."""
    counts = np.asarray(tallies, dtype=np.int64).reshape(-1, 2)
    school, kind = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), 2)
    tables = {"all": np.zeros(len(school), dtype=np.int64), "school_id": school}
    if not len(school):
        return np.zeros(len(counts), dtype=bool), True
    found = hidden_groups(tables, kind, None if already is None else {"school_id": already[: int(school.max()) + 1]})
    hidden = np.zeros(len(counts), dtype=bool)
    hidden[: len(found["school_id"])] = found["school_id"]
    if already is not None:
        hidden |= already
    return hidden, bool(found["all"].any())


def _school(row: Mapping[str, Any], hidden: bool, groups: Mapping[str, int | None]) -> SchoolRow:
    scored, above = row["scored"], row["above"]
    everybody = row["pupils_in"] - row["not_on_roll"]  # those who left before the day are nobody's to assess
    missing = row["core_missing"] / row["core_asked"] if row["core_asked"] else None
    if hidden:
        return SchoolRow(
            row["title"],
            missing=missing if scored >= FEWEST else None,
            places=row["places"],
            groups=groups,
            hidden=True,
        )
    rest = everybody - scored
    part = None if row["compared"] == scored else (row["compared"], row["compared_above"])
    return SchoolRow(
        row["title"],
        scored=scored,
        coverage=None if 0 < rest < FEWEST or not everybody else scored / everybody,
        nearly_all=0 < rest < FEWEST,
        missing=missing,
        above=above,
        expected=_expected(row) if part is None or _tells_nothing(row) else None,
        compared=part,
        places=row["places"],
        lacking=max(above - row["places"], 0),
        groups=groups,
    )


def _expected(row: Mapping[str, Any]) -> tuple[int, int, int] | None:
    if row["expected"] is None or row["variance"] is None or not row["compared"]:
        return None
    spread = Z90 * math.sqrt(row["variance"])
    low, high = max(0, math.floor(row["expected"] - spread)), min(row["compared"], math.ceil(row["expected"] + spread))
    return round(row["expected"]), low, high


def _tells_nothing(row: Mapping[str, Any]) -> bool:
    """Whether neither the compared pupils nor the others are few, above the threshold or below."""
    n, k = row["compared"], row["compared_above"]
    rest, over = row["scored"] - n, row["above"] - k
    return not any(0 < count < FEWEST for count in (k, n - k, over, rest - over))


def _plans(summary: pd.DataFrame | None) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "statuses": {},
        "plans": None,
        "together": None,
        "planned": {},
        "given": {},
        "uncovered": None,
    }
    if summary is None or not len(summary):
        return nothing
    counts: dict[str, dict[str, int]] = {}
    for what, id, n in summary[["what", "id", "n"]].itertuples(index=False):
        own = counts.setdefault(str(what), {})
        own[str(id)] = own.get(str(id), 0) + int(n)
    shown = {what: {id: _few(n) for id, n in counts.get(what, {}).items()} for what in ("planned", "given")}
    status = counts.get("status", {})
    total = sum(status.values())
    merged = merged_kinds(list(status.values())) if status else None
    if merged is None:
        return nothing | shown | {"statuses": dict.fromkeys(status), "has_plans": total > 0}
    told = {id: None if out else n for (id, n), out in zip(status.items(), merged, strict=True)}
    lacking = counts.get("uncovered", {}).get("", 0)
    return shown | {
        "statuses": told,
        "plans": total,
        "together": sum(n for n, out in zip(status.values(), merged, strict=True) if out) or None,
        "uncovered": None if _few(lacking) is None or _few(total - lacking) is None else lacking,
        "has_plans": total > 0,
    }


def _few(n: int) -> int | None:
    return None if 0 < n < FEWEST else n

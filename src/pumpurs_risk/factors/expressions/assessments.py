"""Judgements of staff: the latest of each pupil and factor, as far back as the factor looks."""

from __future__ import annotations

import datetime as dt
from functools import reduce
from typing import TYPE_CHECKING

import narwhals as nw

if TYPE_CHECKING:
    from pumpurs_risk.factors.engines import Frame
    from pumpurs_risk.factors.known import KnownRecords


def latest_assessments(known: KnownRecords) -> Frame:
    """The latest judgement of each pupil and factor; of one day the greatest value counts.

    Parameters
    ----------
    known : KnownRecords
        With or without assessments.

    Returns
    -------
    LazyFrame
        pupil_id, factor, value, date, role.
    """
    by_start: dict[dt.date | None, list[str]] = {}
    for name, factor in known.catalogue.factors.items():
        if factor.kind != "level":
            by_start.setdefault(known.window.look_back(factor), []).append(name)

    def counts(since: dt.date | None, names: list[str]) -> nw.Expr:
        mine = nw.col("factor").is_in(names)
        return mine if since is None else mine & (nw.col("date") >= nw.lit(since, nw.Date))

    wanted = reduce(lambda one, other: one | other, [counts(*each) for each in by_start.items()])
    rows = known.rows("assessments").filter(wanted & ~nw.col("value").is_null())
    rows = rows.select("pupil_id", "factor", "value", "date", "role")
    return rows.unique(["pupil_id", "factor"], keep="last", order_by=["date", "value", "role"])


def assessment_columns(known: KnownRecords, rows: Frame, names: list[str]) -> Frame:
    """Add ``_assessed_<factor>`` for some factors.

    Parameters
    ----------
    known : KnownRecords
        With or without assessments.
    rows : LazyFrame
        The roll.
    names : list of str
        Ids of factors.
    """
    latest = latest_assessments(known)
    wide = latest.select(
        "pupil_id",
        **{f"_assessed_{name}": nw.when(nw.col("factor") == name).then(nw.col("value")) for name in names},
    )
    found = wide.group_by("pupil_id").agg(*[nw.col(f"_assessed_{name}").max() for name in names])
    return rows.join(known.engine.settle(found), on="pupil_id", how="left")

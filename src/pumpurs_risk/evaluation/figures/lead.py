"""Lead time: how many semesters before leaving a leaver was first on the list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pumpurs_risk.evaluation.figures.ranking import Floats

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords

_SEMESTER = 365.25 / 2  # days


@dataclass(frozen=True)
class LeadTime:
    """How early leavers were on a list.

    Parameters
    ----------
    table : pandas.DataFrame
        semesters (whole ones before leaving, when first listed), leavers, share (of all leavers), share_at_least (listed that
        early or earlier).
    leavers, found : int
        Distinct leavers on the lists' rolls; those of them who were listed before they left.
    median : float
        Of the semesters, over those found; NaN for none, and where there is one list and no day of leaving is known.
    at_least : bool
        Whether the day of leaving is not known of some: the time is then counted to the last list on which they still were,
        and is too short rather than too long.
    lists : int
        Days that a pupil could be listed on; with one day nothing longer than the horizon can be seen.
    """

    table: pd.DataFrame
    leavers: int
    found: int
    median: float
    at_least: bool
    lists: int


def lead_time(
    y: Any, listed: Any, pupil: Any, day: Any, left_on: Mapping[str, dt.date] | pd.Series[Any] | None = None
) -> LeadTime:
    """Count the semesters between the first list that a leaver was on and their leaving.

    Parameters
    ----------
    y : array-like of float, shape (n,)
        1 left within the horizon of the row's day, 0 stayed, NaN not known.
    listed : array-like of bool, shape (n,)
        Whether the pupil was on that day's list.
    pupil, day : array-like, shape (n,)
        Whose row it is, and of which day.
    left_on : mapping or Series of pupil_id to date, optional
        When they left. Lists of later days do not count.

    Returns
    -------
    LeadTime

    Examples
    --------
    >>> days = pd.to_datetime(["2025-01-15", "2026-01-15", "2026-01-15"])
    >>> lead = lead_time([0, 1, 1], [True, True, False], ["a", "a", "b"], days, {"a": "2026-04-01", "b": "2026-05-01"})
    >>> lead.found, lead.leavers, lead.median
    (1, 2, 2.0)
    """
    frame = pd.DataFrame(
        {
            "pupil": np.asarray(pupil, dtype=object),
            "day": pd.to_datetime(np.asarray(day)),  # no days: one list, and no time to count
            "left": np.asarray(y, dtype=float) == 1,
            "listed": np.asarray(listed, dtype=bool),
        }
    )
    lists = int(frame["day"].nunique())
    frame["day"] = frame["day"].fillna(pd.Timestamp(0))
    last = frame[frame["left"]].groupby("pupil")["day"].max()
    end = pd.Series(pd.NaT, index=last.index, dtype="datetime64[ns]")
    if left_on is not None and len(last):
        end = pd.to_datetime(pd.Series(left_on)).reindex(last.index).astype("datetime64[ns]")
        end = end.where(end >= last)
    until = end.fillna(last.astype("datetime64[ns]")) if len(last) else end
    of_leavers = frame[frame["listed"] & frame["pupil"].isin(last.index)]
    of_leavers = of_leavers[of_leavers["day"].to_numpy() <= until.reindex(of_leavers["pupil"]).to_numpy()]
    first = of_leavers.groupby("pupil")["day"].min()
    told = lists > 1 or (
        lists == 1 and bool(end.notna().any())
    )  # of one list and no day of leaving nothing can be told
    semesters = np.floor((until.reindex(first.index) - first).dt.days.to_numpy() / _SEMESTER).astype(np.int64)
    return LeadTime(
        table=_table(semesters if told else semesters[:0], len(last)),
        leavers=len(last),
        found=len(first),
        median=float(np.median(semesters)) if told and len(semesters) else np.nan,
        at_least=bool(lists and end.isna().any()),
        lists=lists,
    )


def _table(semesters: NDArray[np.int64], leavers: int) -> pd.DataFrame:
    counts = np.bincount(semesters) if len(semesters) else np.zeros(0, dtype=np.int64)
    share: Floats = counts / max(leavers, 1)
    return pd.DataFrame(
        {
            "semesters": np.arange(len(counts)),
            "leavers": counts.astype(np.int64),
            "share": share,
            "share_at_least": share[::-1].cumsum()[::-1],
        }
    )


def leaving_days(
    records: SchoolRecords, pupils: Any, first: dt.date, *, catalogue: Catalogue, follow_up: Any = None
) -> pd.Series[Any]:
    """When pupils dropped out for the last time, as the records say.

    Parameters
    ----------
    records : SchoolRecords
        With a table of outcomes, of any engine.
    pupils : array-like
        pupil_id of those asked about.
    first : datetime.date
        Only from this day on.
    catalogue : Catalogue
        Its calendar says when semesters are.
    follow_up : date or ISO text, optional
        Nothing from that day on is looked at.

    Returns
    -------
    pandas.Series
        Day by pupil_id.
    """
    from pumpurs_risk.factors.seen import CODES, Seen

    ids = pd.Index(pd.unique(pd.Series(np.asarray(pupils, dtype=object))))
    events = Seen.of(records, ids, catalogue=catalogue, follow_up=follow_up).events
    day = pd.to_datetime(events["day"])
    used = (events["kind"] == CODES["dropped_out"]) & (day >= pd.Timestamp(first))
    last = day[used].groupby(events["pupil"][used]).max()
    return pd.Series(last.to_numpy(), index=ids[last.index.to_numpy()], name="left_on")

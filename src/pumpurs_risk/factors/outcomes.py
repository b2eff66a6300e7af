"""What became of each pupil within a horizon: left, stayed, or not known. Labels look ahead by design; factors never do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.factors.horizon import Horizon
from pumpurs_risk.factors.known import known_records
from pumpurs_risk.factors.seen import CODES, COMPLETE, LEAVING, NEXT_STAGE, Seen
from pumpurs_risk.records.validation.parsing import as_day

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
Days = np.ndarray[Any, np.dtype[np.datetime64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
STATUSES = (
    "dropped_out",
    "returned",
    "graduated",
    "still_enrolled",
    "graduated_basic",
    "transferred",
    "emigrated",
    "died",
    "unclear",
    "not_followed",
)
"""The first is 1, the next three are 0, the others are missing."""
_LABELS = dict.fromkeys(STATUSES, np.nan) | {
    "dropped_out": 1.0,
    "returned": 0.0,
    "graduated": 0.0,
    "still_enrolled": 0.0,
}
_RETURNED = ("stayed", "left")
_LONG_AGO = np.datetime64("1800-01-01", "D")
_RANKS = 16  # more than there are kinds of outcomes: day and kind in one whole number


def outcome(
    records: SchoolRecords,
    as_of: dt.date | str,
    horizon: str | Horizon = "1y",
    *,
    X: pd.DataFrame | None = None,
    follow_up: dt.date | str | None = None,
    returned: str = "stayed",
    catalogue: Catalogue | None = None,
) -> pd.Series[Any]:
    """Say of every pupil on a day's roll whether they left school early within the horizon.

    A pupil who dropped out on ``as_of`` or later, before the horizon's end, is 1, unless enrolled again before that end. A
    pupil is 0 if followed to the horizon's end: a table of pupils has them in a semester that ends on that day or later, or
    an outcome of that day or later says that they were there till then; or if they finished secondary or vocational
    education. Who finished basic education is 0 only if a next enrolment is known. Everybody else is missing: transferred to
    a school that the records do not hold, emigrated, died, unclear, or followed for too short a time. If the records end
    before the horizon does, everybody is missing, those who dropped out early too: otherwise only leavers would be known.

    Parameters
    ----------
    records : SchoolRecords
        With a table of outcomes; a table of pupils of later semesters (or sheets of later days) shows who was still there.
    as_of : date or ISO text
        The list's day.
    horizon : str or Horizon
        ``"1y"``, ``"2y"``, ``"18 months"``, ``"1 semester"`` (half a year). Its last day is the one before ``as_of`` plus it.
    X : pandas.DataFrame, optional
        Factor table whose pupils are asked about; by default those of ``factor_table(records, as_of)``.
    follow_up : date or ISO text, optional
        First day of which the records say nothing: nothing dated or recorded from then on is used. By default the records
        are taken to go as far as their last outcome, and to the end of the last semester that absences or marks reach.
    returned : {"stayed", "left"}
        What a pupil is who dropped out and was enrolled again before the horizon's end.
    catalogue : Catalogue, optional
        For the dates of semesters; the shipped one by default.

    Returns
    -------
    pandas.Series
        Named ``dropped_out``: 1, 0 or NaN; index pupil_id, in the order of X.

    Raises
    ------
    RecordsError
        If there is no table of outcomes, or the horizon cannot be read.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from pumpurs_risk.records import SchoolRecords
    >>> now, later = "2025/2026-1", "2026/2027-1"
    >>> pupils = {"pupil_id": ["1", "1", "2"], "school_id": ["a"] * 3, "semester": [now, later, now]}
    >>> left = {"pupil_id": ["2"], "date": [dt.date(2026, 3, 2)], "outcome": ["dropped_out"]}
    >>> records = SchoolRecords.of({"pupils": pa.table(pupils), "outcomes": pa.table(left)})
    >>> outcome(records, "2025-11-20", X=pd.DataFrame({"pupil_id": ["1", "2"]})).to_dict()
    {'1': 0.0, '2': 1.0}
    """
    return labels(_judged(records, as_of, horizon, X, follow_up, returned, catalogue))


def outcome_summary(
    records: SchoolRecords,
    as_of: Sequence[dt.date | str] | dt.date | str,
    horizon: str | Horizon = "1y",
    *,
    follow_up: dt.date | str | None = None,
    returned: str = "stayed",
    catalogue: Catalogue | None = None,
) -> pd.DataFrame:
    """Count what became of the pupils on one or several days' rolls, and say what share is missing.

    Parameters
    ----------
    records, horizon, follow_up, returned, catalogue
        As for ``outcome``.
    as_of : date, ISO text, or sequence of them
        The days.

    Returns
    -------
    pandas.DataFrame
        One row per day: as_of, horizon_end, followed_until, pupils, left, stayed, missing, share_missing, then the number
        of pupils by status. ``horizon_end`` and ``followed_until`` are the first days that no longer belong to the horizon and to
        what the records know. ``dropped_out`` counts as 1; ``returned``, ``graduated`` and ``still_enrolled`` as 0; the others
        are missing: ``graduated_basic`` without a known next enrolment, ``transferred``, ``emigrated``, ``died``,
        ``unclear``, ``not_followed``.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from pumpurs_risk.records import SchoolRecords
    >>> now, later = "2025/2026-1", "2026/2027-1"
    >>> pupils = {"pupil_id": ["1", "1", "2"], "school_id": ["a"] * 3, "semester": [now, later, now]}
    >>> left = {"pupil_id": ["2"], "date": [dt.date(2026, 3, 2)], "outcome": ["transferred"]}
    >>> records = SchoolRecords.of({"pupils": pa.table(pupils), "outcomes": pa.table(left)})
    >>> counted = outcome_summary(records, "2025-11-20")
    >>> counted[["pupils", "left", "stayed", "share_missing", "transferred"]].values.tolist()
    [[2.0, 0.0, 1.0, 0.5, 1.0]]
    """
    days = [as_of] if isinstance(as_of, str | dt.date) else list(as_of)
    judged = [_judged(records, day, horizon, None, follow_up, returned, catalogue) for day in days]
    return pd.DataFrame([_counted(each) for each in judged])


@dataclass(frozen=True)
class Judged:
    """Pupils of a day and what became of them."""

    as_of: dt.date
    end: dt.date
    reach: np.datetime64
    pupil_ids: pd.Index[Any]
    status: np.ndarray[Any, np.dtype[np.object_]]


def judge(seen: Seen, pupil_ids: pd.Index[Any], as_of: dt.date, end: dt.date, returned: str = "stayed") -> Judged:
    """Decide what became of each pupil from ``as_of`` on, before ``end``.

    Parameters
    ----------
    seen : Seen
        Of these pupils.
    pupil_ids : pandas.Index
        The pupils, each once.
    as_of, end : datetime.date
        First day of the horizon, and the first that no longer belongs to it.
    returned : {"stayed", "left"}
        What a pupil is who dropped out and was enrolled again before the end.

    Returns
    -------
    Judged
        With one of ``STATUSES`` per pupil.
    """
    if returned not in _RETURNED:
        raise RecordsError("returned_unknown", returned=returned)
    known = _Facts(seen, len(pupil_ids), as_day(as_of), as_day(end))
    status = known.status(returned == "stayed")
    if not seen.reach >= known.end:
        status = np.full(len(pupil_ids), "not_followed", dtype=object)
    return Judged(as_of, end, seen.reach, pupil_ids, status)


@dataclass(frozen=True)
class _Facts:
    """What is seen of n pupils, looked at from one day and one end of the horizon."""

    seen: Seen
    n: int
    as_of: np.datetime64
    end: np.datetime64

    def status(self, back_is_stayed: bool) -> np.ndarray[Any, np.dtype[np.object_]]:
        gone, last_kind = self._last_leaving()
        dropped = self._latest("dropped_out")
        out = dropped > _LONG_AGO
        back = out & self._enrolled_again(dropped)
        followed = self._followed(gone, last_kind)
        within = gone >= self.as_of
        complete = within & (last_kind == CODES[COMPLETE])
        next_known = within & (last_kind == CODES[NEXT_STAGE]) & self._seen_after(gone)
        status = np.full(self.n, "not_followed", dtype=object)
        for kind in ("transferred", "emigrated", "died", "unclear", NEXT_STAGE):
            status[within & (last_kind == CODES[kind])] = kind
        alive = last_kind != CODES["died"]
        status[(followed | next_known) & alive] = "still_enrolled"
        status[complete] = "graduated"
        status[back & np.isin(status, ("still_enrolled", "graduated"))] = "returned"
        status[out & (~back if back_is_stayed else True)] = "dropped_out"
        return status

    def _events(self, wanted: Iterable[str] | None = None) -> tuple[Ints, Days, Ints]:
        events = self.seen.events
        if wanted is not None:
            events = events[events["kind"].isin([CODES[kind] for kind in wanted])]
        day = events["day"].to_numpy().astype("datetime64[D]")
        return events["pupil"].to_numpy(), day, events["kind"].to_numpy()

    def _spans(self) -> tuple[Ints, Days, Days]:
        spans = self.seen.spans
        days = (spans[name].to_numpy().astype("datetime64[D]") for name in ("start", "end"))
        return spans["pupil"].to_numpy(), *days  # type: ignore[return-value]

    def _last_leaving(self) -> tuple[Days, Ints]:
        """Day and kind of each pupil's last outcome before the horizon's end that ended an enrolment."""
        pupil, day, kind = self._events()
        used = (day < self.end) & (kind < LEAVING)
        key = np.full(self.n, _LONG_AGO.astype(np.int64) * _RANKS)
        np.maximum.at(key, pupil[used], day[used].astype(np.int64) * _RANKS + kind[used])
        return (key // _RANKS).astype("datetime64[D]"), key % _RANKS

    def _latest(self, kind: str) -> Days:
        """Day of the last such outcome within the horizon."""
        pupil, day, _ = self._events([kind])
        used = (day >= self.as_of) & (day < self.end)
        latest = np.full(self.n, _LONG_AGO.astype(np.int64))
        np.maximum.at(latest, pupil[used], day[used].astype(np.int64))
        return latest.astype("datetime64[D]")

    def _any(self, pupil: Ints, holds: BoolArray) -> BoolArray:
        found = np.zeros(self.n, dtype=bool)
        found[pupil[holds]] = True
        return found

    def _enrolled_again(self, dropped: Days) -> BoolArray:
        """Whether something after a pupil dropped out, and before the horizon's end, shows them enrolled."""
        pupil, start, _ = self._spans()
        found = self._any(pupil, (start > dropped[pupil]) & (start < self.end))
        pupil, day, _ = self._events(["still_enrolled", "repeating", COMPLETE, NEXT_STAGE, "transferred"])
        return found | self._any(pupil, (day > dropped[pupil]) & (day < self.end))

    def _seen_after(self, gone: Days) -> BoolArray:
        """Whether a pupil was enrolled somewhere after finishing a stage."""
        pupil, start, _ = self._spans()
        found = self._any(pupil, start > gone[pupil])
        pupil, day, kind = self._events()
        return found | self._any(pupil, (day > gone[pupil]) & (kind != CODES["unclear"]))

    def _followed(self, gone: Days, last_kind: Ints) -> BoolArray:
        """Whether a pupil is seen enrolled at the horizon's end, by what began after the last leaving.

        A transfer often bears a later date than the new school's first day, so a row of another school counts from its own
        beginning, if that is not before the list's day.
        """
        pupil, start, end = self._spans()
        late = end >= self.end
        found = self._any(pupil, late & (start > gone[pupil]))
        moved = last_kind[pupil] == CODES["transferred"]
        found |= self._any(pupil, late & moved & (start > self.as_of) & self._other_school(pupil, start))
        pupil, day, kind = self._events()
        return found | self._any(pupil, (day >= self.end) & (kind != CODES["unclear"]))

    def _other_school(self, pupil: Ints, start: Days) -> BoolArray:
        """Whether a span is in another school than the one where the pupil was on the list's day."""
        codes, _ = pd.factorize(self.seen.spans["school_id"], sort=True)
        schools = np.asarray(codes, dtype=np.int64) + 1
        base = np.int64(schools.max() + 1) if len(schools) else np.int64(1)
        own = np.full(self.n, -1, dtype=np.int64)
        then = start <= self.as_of
        key = start.astype(np.int64) * base + schools
        np.maximum.at(own, pupil[then], key[then])
        elsewhere: BoolArray = (own[pupil] >= 0) & (own[pupil] % base != schools) & (schools > 0)
        return elsewhere


def _judged(
    records: SchoolRecords,
    as_of: dt.date | str,
    horizon: str | Horizon,
    X: pd.DataFrame | None,
    follow_up: dt.date | str | None,
    returned: str,
    catalogue: Catalogue | None,
) -> Judged:
    from pumpurs_risk.catalogue import Catalogue

    if records.tables.get("outcomes") is None:
        raise RecordsError("outcomes_needed")
    catalogue = catalogue or Catalogue.load()
    day = as_day(as_of).astype(object)
    end = Horizon.of(horizon).end(day)
    ids = pd.Index(_pupil_ids(records, day, X, catalogue))
    seen = Seen.of(records, ids, catalogue=catalogue, follow_up=follow_up)
    return judge(seen, ids, day, end, returned)


def _pupil_ids(records: SchoolRecords, day: dt.date, X: pd.DataFrame | None, catalogue: Catalogue) -> Any:
    if X is None and (len(records.sheet) or records.tables.get("pupils") is None):
        from pumpurs_risk.factors.table import factor_frame

        X = factor_frame(records, day, catalogue=catalogue)
    if X is not None:
        return X["pupil_id"].to_numpy()
    with known_records(records, day, catalogue) as groups:
        rolls = [group.engine.arrow(group.roll.select("pupil_id"))["pupil_id"].to_numpy() for group in groups]
    return np.sort(np.concatenate(rolls).astype(object))


def labels(judged: Judged) -> pd.Series[Any]:
    """Say of each pupil 1, 0 or missing."""
    values = pd.Series(judged.status).map(_LABELS).to_numpy(dtype=np.float64)
    return pd.Series(values, index=judged.pupil_ids.rename("pupil_id"), name="dropped_out")


def _counted(judged: Judged) -> dict[str, Any]:
    y = labels(judged)
    missing = int(y.isna().sum())
    reach = None if np.isnat(judged.reach) else judged.reach.astype(object)
    return {
        "as_of": judged.as_of,
        "horizon_end": judged.end,
        "followed_until": reach,
        "pupils": len(y),
        "left": int((y == 1).sum()),
        "stayed": int((y == 0).sum()),
        "missing": missing,
        "share_missing": missing / len(y) if len(y) else np.nan,
    } | {status: int((judged.status == status).sum()) for status in STATUSES}

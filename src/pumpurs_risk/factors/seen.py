"""What records tell of pupils over time: what happened to whom on which day, and from when to when somebody was enrolled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from pumpurs_risk.factors.engines import Engine
from pumpurs_risk.factors.known import own_semesters
from pumpurs_risk.records.validation.parsing import as_day

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords

Days = np.ndarray[Any, np.dtype[np.datetime64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

COMPLETE, NEXT_STAGE = "graduated", "graduated_basic"
STAGES_COMPLETE = ("secondary", "vocational")
KINDS = (
    "unclear",
    NEXT_STAGE,
    "transferred",
    "emigrated",
    "died",
    "dropped_out",
    COMPLETE,
    "still_enrolled",
    "repeating",
)
"""What can become of a pupil. Of several on one day the later in this order counts, among those that end an enrolment."""
CODES = {kind: code for code, kind in enumerate(KINDS)}
LEAVING = len(KINDS) - 2
"""Codes below this one end an enrolment."""
GAP_DAYS = 21
"""Journals that end so many days before a semester's end, or fewer, cover all of it: the last weeks bring few rows."""
STALE = np.timedelta64(21, "D")
"""A roll shows who is there; somebody who left so short a time before may be on it because nobody had written it down."""
_OUTCOME_COLUMNS = ("pupil_id", "date", "outcome", "stage", "recorded_on", "record_id")
_NARROW = ("school_id", "programme", "class_id")
_PUPIL_COLUMNS = ("pupil_id", *_NARROW, "semester", "enrolled_from", "recorded_on", "record_id")
_DATES = ("date", "enrolled_from", "recorded_on")
_JOURNALS = ("absences", "marks")
_NEVER = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class Seen:
    """Events and spans of enrolment of the pupils asked about.

    Parameters
    ----------
    events : pandas.DataFrame
        pupil (position among the pupils asked about), day, kind (code in ``KINDS``).
    spans : pandas.DataFrame
        pupil, start, end (both days inside the span), school_id.
    reach : numpy.datetime64
        First day of which the records say nothing any more; NaT if they say nothing at all.
    strangers, known : int
        Rows of outcomes that are of other pupils; rows of outcomes and pupils that are of those asked about.
    """

    events: pd.DataFrame
    spans: pd.DataFrame
    reach: np.datetime64
    strangers: int = 0
    known: int = 0

    @classmethod
    def of(
        cls,
        records: SchoolRecords,
        pupil_ids: pd.Index[Any],
        *,
        catalogue: Catalogue,
        follow_up: dt.date | str | None = None,
        rolls: Iterable[tuple[dt.date | str, pd.DataFrame]] = (),
    ) -> Seen:
        """Gather it from tables of outcomes and pupils, sheets of later days, and rolls of later days.

        Parameters
        ----------
        records : SchoolRecords
            With a table of outcomes or of pupils, of any engine.
        pupil_ids : pandas.Index
            The pupils asked about, each once.
        catalogue : Catalogue
            Its calendar says when semesters are; a school's own ``semesters`` are stronger.
        follow_up : date or ISO text, optional
            Nothing dated or recorded on that day or later is looked at. By default it is as far as the records go.
        rolls : iterable of (day, data frame with pupil_id)
            Who was there on other days, such as the factor tables of later runs.

        Returns
        -------
        Seen
            With the pupils of ``pupil_ids`` alone.
        """
        with Engine.of(records) as engine:
            outcomes = _known_versions(_fetched(engine, records.tables.get("outcomes"), _OUTCOME_COLUMNS), follow_up)
            pupils = _known_versions(_fetched(engine, records.tables.get("pupils"), _PUPIL_COLUMNS), follow_up)
            stated = own_semesters(records, catalogue, engine)
            last = None if follow_up is not None else _last_row(engine, records.tables)
        days = [_on_day(day, roll) for day, roll in rolls]
        if len(records.sheet):
            days.append(_sheet_spans(records.sheet))
        spans = pd.concat([_Semesters(pupils, stated, catalogue).spans, *days], ignore_index=True)
        events = pd.DataFrame({"pupil_id": outcomes["pupil_id"], "day": outcomes["date"], "kind": _kinds(outcomes)})
        if follow_up is not None:
            limit = as_day(follow_up)
            events = events[events["day"].to_numpy() < limit]
            spans = spans[spans["start"].to_numpy() < limit]
        reach = _reach(last, events, spans) if follow_up is None else as_day(follow_up)
        own = _placed(events, pupil_ids)
        known = len(own) + int(pupils["pupil_id"].isin(pupil_ids).sum())
        return cls(own, _placed(spans, pupil_ids), reach, len(events) - len(own), known)


def _placed(frame: pd.DataFrame, pupil_ids: pd.Index[Any]) -> pd.DataFrame:
    """Keep the rows of the pupils asked about, with their positions instead of their ids."""
    at = pupil_ids.get_indexer(pd.Index(frame["pupil_id"]))
    kept = frame.drop(columns="pupil_id").assign(pupil=at)
    return kept[at >= 0].reset_index(drop=True)


def _fetched(engine: Engine, native: Any, columns: Sequence[str]) -> pd.DataFrame:
    """Bring the columns that are needed to pandas; a column that is not there is empty."""
    if native is None:
        return pd.DataFrame({name: pd.Series(dtype=_kind(name)) for name in columns})
    types = {name: nw.Date if name in _DATES else nw.String for name in columns}
    table = engine.arrow(engine.enter(native, types))
    return pd.DataFrame({name: table[name].to_numpy().astype(_kind(name)) for name in columns})


def _kind(column: str) -> str:
    return "datetime64[s]" if column in _DATES else "object"


def _last_row(engine: Engine, tables: Mapping[str, Any]) -> np.datetime64 | None:
    """Find the last day of the journals: they have rows on every school day."""
    latest = [
        engine.arrow(engine.enter(tables[name], {"date": nw.Date}).select(nw.col("date").max()))["date"][0].as_py()
        for name in _JOURNALS
        if name in tables
    ]
    return max((as_day(day) for day in latest if day is not None), default=None)


def _days(cells: pd.Series[Any]) -> Days:
    return np.asarray(cells.to_numpy()).astype("datetime64[D]")


def _known_versions(frame: pd.DataFrame, follow_up: dt.date | str | None) -> pd.DataFrame:
    """Keep of a corrected record its last version, of those recorded before the end of follow-up."""
    if follow_up is not None:
        frame = frame[~(_days(frame["recorded_on"]) >= as_day(follow_up))]
    numbered = frame["record_id"].notna()
    if not numbered.any():
        return frame
    recorded = frame["recorded_on"].fillna(frame["date"]) if "date" in frame else frame["recorded_on"]
    rest = [str(name) for name in frame if name not in ("pupil_id", "record_id", "recorded_on")]
    ranked = frame.assign(_recorded=recorded)[numbered].sort_values(["_recorded", *rest], na_position="first")
    last = ranked.drop_duplicates(["pupil_id", "record_id"], keep="last").index
    return frame[~numbered | frame.index.isin(last)]


def _kinds(outcomes: pd.DataFrame) -> Ints:
    """Code of each outcome; who graduated without a word about the stage may have another stage to come."""
    kinds = outcomes["outcome"].astype(object).where(lambda each: each.isin(CODES), "unclear")
    done = outcomes["stage"].isin(STAGES_COMPLETE)
    kinds = kinds.where((kinds != COMPLETE) | done, NEXT_STAGE)
    return np.asarray(kinds.map(CODES), dtype=np.int64)


def _on_day(day: dt.date | str, roll: pd.DataFrame) -> pd.DataFrame:
    """Who was on a roll; since a while before, because who has just left may be on it still."""
    when = np.full(len(roll), as_day(day))
    school = roll["school_id"] if "school_id" in roll else pd.Series(None, index=roll.index, dtype=object)
    return pd.DataFrame(
        {"pupil_id": roll["pupil_id"], "school_id": school.astype(object), "start": when - STALE, "end": when}
    )


def _sheet_spans(sheet: pd.DataFrame) -> pd.DataFrame:
    when = _days(sheet["as_of"])
    spans = pd.DataFrame(
        {"pupil_id": sheet["pupil_id"], "school_id": sheet["school_id"], "start": when - STALE, "end": when}
    )
    return spans[~np.isnat(when)]


@dataclass(frozen=True)
class _Semesters:
    """Rows of the table of pupils, and when their semesters are."""

    pupils: pd.DataFrame
    stated: list[dict[str, Any]]
    catalogue: Catalogue

    @property
    def spans(self) -> pd.DataFrame:
        """One span per row: its semester, or what is left of it from the day of enrolment."""
        start, end = self._own(*self._usual())
        enrolled = _days(self.pupils["enrolled_from"])
        start = np.where((enrolled > start) & (enrolled <= end), enrolled, start)
        named = self.pupils[["pupil_id", "school_id"]]
        return named.assign(start=start, end=end)[~np.isnat(start)]

    def _usual(self) -> tuple[Days, Days]:
        """First and last day of each row's semester by the calendar; none for one before the calendar begins."""
        calendar = self.catalogue.calendar
        first = min(calendar)
        own = {row["semester"] for row in self.stated} - set(calendar)
        codes, names = pd.factorize(self.pupils["semester"])
        bounds = [
            (_NEVER, _NEVER) if name in own or name < first else tuple(map(as_day, calendar.bounds(name)))
            for name in names
        ]
        table = np.array([*bounds, (_NEVER, _NEVER)], dtype="datetime64[D]")  # the last one: no semester said
        return table[codes, 0], table[codes, 1]

    def _own(self, start: Days, end: Days) -> tuple[Days, Days]:
        """Put in the semesters that schools state: what is said for a class before programme, school and all."""
        columns = (*_NARROW, "semester", "date_from", "date_to")
        stated = pd.DataFrame(self.stated, columns=list(columns)).dropna(subset=["date_from", "date_to"])
        said = stated[list(_NARROW)].notna()
        for wanted in sorted({tuple(row) for row in said.to_numpy().tolist()}, key=lambda row: row[::-1]):
            keys = ["semester", *(name for name, used in zip(_NARROW, wanted, strict=True) if used)]
            rows = stated[(said == list(wanted)).all(axis=1)].drop_duplicates(keys, keep="last")
            dated = rows[[*keys, "date_from", "date_to"]].astype(
                {"date_from": "datetime64[s]", "date_to": "datetime64[s]"}
            )
            found = self.pupils[keys].merge(dated, on=keys, how="left")
            first, last = _days(found["date_from"]), _days(found["date_to"])
            start, end = np.where(np.isnat(first), start, first), np.where(np.isnat(last), end, last)
        return start, end


def _reach(last: np.datetime64 | None, events: pd.DataFrame, spans: pd.DataFrame) -> np.datetime64:
    """Find how far the records go: to the last outcome, and to the end of the last semester that journals cover.

    A semester that has rows of pupils and ends long after the last row of the journals is still running: it is known up to
    that row. Without journals nothing says so, and it counts as whole.
    """
    one = np.timedelta64(1, "D")
    start, end = (spans[name].to_numpy().astype("datetime64[D]") for name in ("start", "end"))
    known = end + one
    if last is not None:
        day = as_day(last)
        known = np.where(
            end > day + np.timedelta64(GAP_DAYS, "D"), np.minimum(known, np.maximum(start, day + one)), known
        )
    happened = events["day"].to_numpy().astype("datetime64[D]") + one
    both = np.concatenate([known, happened])
    both = both[~np.isnat(both)]
    return both.max() if len(both) else _NEVER

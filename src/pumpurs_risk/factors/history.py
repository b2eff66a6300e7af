"""Training tables: what was known on several days, one below the other, with what became of the pupils."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.factors.horizon import Horizon
from pumpurs_risk.factors.outcomes import judge, labels
from pumpurs_risk.factors.seen import Seen
from pumpurs_risk.factors.support import SUPPORT_GIVEN, support_given
from pumpurs_risk.records.validation.parsing import as_day

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords

Stacked = tuple[pd.DataFrame, "pd.Series[Any]", "pd.Series[Any]", "pd.Series[Any]"]
"""X, y, weight, groups."""
_SETTLED = 14
"""Days after which a semester's rolls are written down."""


def training_table_of(
    records: SchoolRecords,
    as_of: Sequence[dt.date | str],
    horizon: str | Horizon = "1y",
    *,
    outcomes: Any = None,
    follow_up: dt.date | str | None = None,
    returned: str = "stayed",
    drop_missing: bool = False,
    catalogue: Catalogue | None = None,
) -> Stacked:
    """Stack the factor tables of several days of one set of records, with what became of the pupils.

    Parameters
    ----------
    records : SchoolRecords
        Their tables hold both what was known and what came after; every factor table sees its own past alone.
    as_of : sequence of dates or ISO texts
        The days.
    horizon : str or Horizon
        How far ahead: ``"1y"``, ``"2y"``, ``"1 semester"``.
    outcomes : SchoolRecords or data frame, optional
        What became of the pupils, where the records themselves do not say, or later records do.
    follow_up, returned
        As for ``outcome``.
    drop_missing : bool
        Whether rows of which nobody knows what became are left out. A scorer drops and counts them by itself.
    catalogue : Catalogue, optional
        The shipped one by default.

    Returns
    -------
    X : pandas.DataFrame
        One row per day and pupil, in order of days; ``as_of`` after pupil_id, then, where the records have a table of
        support, ``support_given``: whether the pupil had been given any before that day. It is no factor.
    y : pandas.Series
        ``dropped_out``: 1, 0 or NaN.
    weight : pandas.Series
        1/H: H windows of one horizon overlap at most at one time within the row's own window, so that no leaver counts
        for more than one.
    groups : pandas.Series
        pupil_id: rows of one pupil belong together in any split.

    Raises
    ------
    RecordsError
        If there are no outcomes, no days, a day twice, a day on which nobody was there, or no day of which it is known what
        became of anybody. A day whose horizon ends after the records do keeps its rows, with y missing.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from pumpurs_risk.records import SchoolRecords
    >>> semesters = ["2025/2026-1", "2025/2026-2", "2026/2027-1", "2026/2027-2"]
    >>> pupils = pa.table({"pupil_id": ["7"] * 4, "school_id": ["a"] * 4, "semester": semesters})
    >>> nobody_left = pa.table({"pupil_id": ["7"], "date": [dt.date(2027, 2, 1)], "outcome": ["still_enrolled"]})
    >>> records = SchoolRecords.of({"pupils": pupils, "outcomes": nobody_left})
    >>> X, y, weight, groups = training_table_of(records, ["2026-01-15", "2026-09-15"], "1 semester")
    >>> y.tolist(), weight.tolist(), groups.tolist()
    ([0.0, 0.0], [1.0, 1.0], ['7', '7'])
    """
    from pumpurs_risk.factors.table import factor_frame

    days = _each_once(as_of)
    later = _with_outcomes(records, outcomes)
    tables = [(day, factor_frame(records, day, catalogue=catalogue)) for day in days]
    return _stacked(tables, later, records, horizon, (), follow_up, returned, drop_missing, catalogue)


def label_tables(
    records: SchoolRecords,
    tables: Sequence[tuple[dt.date, pd.DataFrame]],
    horizon: str | Horizon = "1y",
    *,
    outcomes: Any = None,
    catalogue: Catalogue | None = None,
) -> Stacked:
    """Do what ``training_table_of`` does with factor tables that were made of the records before, for another horizon, say.

    Parameters
    ----------
    records : SchoolRecords
        What the tables were made of.
    tables : sequence of (day, factor table)
        Each day once.
    horizon, outcomes, catalogue
        As for ``training_table_of``.

    Returns
    -------
    X, y, weight, groups
        As for ``training_table_of``.

    Raises
    ------
    RecordsError
        As for ``training_table_of``.
    """
    later = _with_outcomes(records, outcomes)
    return _stacked(
        sorted(tables, key=lambda each: each[0]), later, records, horizon, (), None, "stayed", False, catalogue
    )


def stack_tables(
    tables: Sequence[tuple[dt.date | str, pd.DataFrame]],
    outcomes: SchoolRecords | Any,
    horizon: str | Horizon = "1y",
    *,
    rolls: Sequence[tuple[dt.date | str, pd.DataFrame]] = (),
    follow_up: dt.date | str | None = None,
    returned: str = "stayed",
    drop_missing: bool = False,
    catalogue: Catalogue | None = None,
) -> Stacked:
    """Stack factor tables that were made on several days, such as those of earlier runs, with what became of the pupils.

    Who is in the table of a later day was still there on that day: so a school that keeps nothing but its lists, and
    writes down who left, has a history.

    Parameters
    ----------
    tables : sequence of (day, factor table)
        The days in any order.
    outcomes : SchoolRecords or data frame
        What became of the pupils, under the ids of the factor tables. Records with a table of pupils say more.
    rolls : sequence of (day, factor table)
        Further days on which it is known who was there, and that are not stacked themselves.
    horizon, follow_up, returned, drop_missing, catalogue
        As for ``training_table_of``.

    Returns
    -------
    X, y, weight, groups
        As for ``training_table_of``.

    Raises
    ------
    RecordsError
        As for ``training_table_of``; also if none of the outcomes is of a pupil of the tables.

    Examples
    --------
    >>> from pumpurs_risk.records import SchoolRecords
    >>> first, second = pd.DataFrame({"pupil_id": ["7", "8"]}), pd.DataFrame({"pupil_id": ["7"]})
    >>> left = pd.DataFrame({"pupil_id": ["8"], "date": [dt.date(2026, 3, 2)], "outcome": ["dropped_out"]})
    >>> later = SchoolRecords.of({"outcomes": left})
    >>> X, y, weight, groups = stack_tables([("2026-01-15", first), ("2026-09-15", second)], later, "1 semester",
    ...                                     follow_up="2027-06-01")
    >>> X["as_of"].dt.strftime("%Y-%m-%d").tolist(), y.tolist()
    (['2026-01-15', '2026-01-15', '2026-09-15'], [0.0, 1.0, nan])
    """
    by_day = dict(zip(_each_once([day for day, _ in tables], ordered=False), (X for _, X in tables), strict=True))
    ordered = sorted(by_day.items())
    there = [*ordered, *((as_day(day).astype(object), X) for day, X in rolls)]
    later = _with_outcomes(None, outcomes)
    return _stacked(ordered, later, later, horizon, there, follow_up, returned, drop_missing, catalogue)


def list_days(
    records: SchoolRecords, catalogue: Catalogue, horizon: str | Horizon = "1y", *, outcomes: Any = None
) -> list[dt.date]:
    """Days on which lists could have been made, of which it is known what came after: two weeks into every semester.

    The first semester of the table of pupils is left out, because nothing is known of what came before it, unless it is
    the only one. Records without that table have the days that their sheets bear.

    Parameters
    ----------
    records : SchoolRecords
        Of any engine.
    catalogue : Catalogue
        Its calendar says when semesters begin; those that it does not know are left out.
    horizon : str or Horizon
        Days whose horizon ends after the records do are left out, unless all of them are such.
    outcomes : SchoolRecords or data frame, optional
        As for ``training_table_of``.

    Returns
    -------
    list of datetime.date
        In order.

    Raises
    ------
    RecordsError
        If there are no outcomes.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> from pumpurs_risk.records import SchoolRecords
    >>> pupils = pa.table({"pupil_id": ["7"] * 2, "school_id": ["a"] * 2, "semester": ["2025/2026-1", "2025/2026-2"]})
    >>> nobody_left = pa.table({"pupil_id": ["7"], "date": [dt.date(2027, 2, 1)], "outcome": ["still_enrolled"]})
    >>> list_days(SchoolRecords.of({"pupils": pupils, "outcomes": nobody_left}), Catalogue.load())
    [datetime.date(2026, 1, 19)]
    """
    span = Horizon.of(horizon)
    reach = Seen.of(_with_outcomes(records, outcomes), pd.Index([], dtype=object), catalogue=catalogue).reach
    days = _begun(records, catalogue)
    return [day for day in days if as_day(span.end(day)) <= reach] or days


def _begun(records: SchoolRecords, catalogue: Catalogue) -> list[dt.date]:
    """Days of sheets, or two weeks into every semester that the table of pupils has."""
    import narwhals as nw

    from pumpurs_risk.factors.engines import Engine

    if "pupils" not in records.tables:
        return sorted({day.date() for day in pd.to_datetime(records.sheet["as_of"].dropna()).unique()})
    with Engine.of(records) as engine:
        rows = engine.enter(records.tables["pupils"], {"semester": nw.String}).select("semester").unique()
        found = engine.arrow(rows)["semester"].to_pylist()
    known = sorted(name for name in found if name in catalogue.calendar)
    begun = [catalogue.calendar.bounds(name)[0] for name in (known[1:] or known)]
    return [day + dt.timedelta(days=_SETTLED) for day in begun]


def window_weights(as_of: Sequence[dt.date], horizon: Horizon) -> list[float]:
    """Weigh the days so that no leaver counts for more than one: 1/H, H windows overlapping at most at one time.

    Parameters
    ----------
    as_of : sequence of datetime.date
        The days.
    horizon : Horizon
        Length of each window.

    Returns
    -------
    list of float
        One per day, above 0 and at most 1. At any time the weights of the windows that hold it sum to 1 or less.

    Examples
    --------
    >>> yearly = [dt.date(2025, 1, 15), dt.date(2026, 1, 15)]
    >>> window_weights(yearly, Horizon.of("1y")), window_weights(yearly, Horizon.of("2y"))
    ([1.0, 1.0], [0.5, 0.5])
    """
    start = np.array(as_of, dtype="datetime64[D]")
    end = np.array([horizon.end(day) for day in as_of], dtype="datetime64[D]")
    holds = (start[:, None] <= start[None, :]) & (start[None, :] < end[:, None])  # window i holds the beginning of j
    depth = holds.sum(axis=0)
    most = np.where(holds, depth[None, :], 1).max(axis=1, initial=1)
    return [float(1 / each) for each in most]


def _stacked(
    tables: Sequence[tuple[dt.date, pd.DataFrame]],
    later: SchoolRecords,
    helping: SchoolRecords,
    horizon: str | Horizon,
    rolls: Iterable[tuple[dt.date, pd.DataFrame]],
    follow_up: dt.date | str | None,
    returned: str,
    drop_missing: bool,
    catalogue: Catalogue | None,
) -> Stacked:
    from pumpurs_risk.catalogue import Catalogue

    known = catalogue or Catalogue.load()
    span = Horizon.of(horizon)
    for day, X in tables:
        if not len(X):
            raise RecordsError("as_of_nobody", day=day)
    ids = pd.Index(pd.concat([X["pupil_id"] for _, X in tables]).unique())
    seen = Seen.of(later, ids, catalogue=known, follow_up=follow_up, rolls=rolls)
    if seen.strangers and not seen.known:
        raise RecordsError("outcomes_of_others", rows=seen.strangers)
    weights = window_weights([day for day, _ in tables], span)
    parts = []
    for (day, X), weight in zip(tables, weights, strict=True):
        y = labels(judge(seen, ids, day, span.end(day), returned)).to_numpy()
        part = X.drop(columns="as_of", errors="ignore")
        part.insert(1, "as_of", pd.Series(pd.Timestamp(day).as_unit("s"), index=X.index))
        if (helped := support_given(helping, day, X, known)) is not None:
            part = part.drop(columns=SUPPORT_GIVEN, errors="ignore")
            part.insert(2, SUPPORT_GIVEN, helped)
        parts.append(part.assign(_y=y[ids.get_indexer(pd.Index(X["pupil_id"]))], _weight=weight))
    stacked = _below_each_other(parts)
    if stacked["_y"].isna().all():
        raise _nothing_known(seen, tables[0][0], span)
    if drop_missing:
        stacked = stacked[stacked["_y"].notna()].reset_index(drop=True)
    X = stacked.drop(columns=["_y", "_weight"])
    return X, stacked["_y"].rename("dropped_out"), stacked["_weight"].rename("weight"), X["pupil_id"].rename("groups")


def _nothing_known(seen: Seen, first: dt.date, span: Horizon) -> RecordsError:
    """Say why of no day it is known what became of anybody: the records end too early, or tell too little."""
    end = span.end(first)
    if seen.reach >= as_day(end):
        return RecordsError("outcomes_all_missing", day=first, end=end)
    reach = first if np.isnat(seen.reach) else (seen.reach - np.timedelta64(1, "D")).astype(object)
    return RecordsError("horizon_not_reached", day=first, end=end, reach=reach)


def _below_each_other(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Stack frames whose columns may differ: a factor that one of them does not have is unknown there."""
    found = dict.fromkeys(str(name) for part in parts for name in part)
    columns = [*(name for name in found if not name.startswith("_")), "_y", "_weight"]
    return pd.concat([part.reindex(columns=columns) for part in parts], ignore_index=True)


def _each_once(as_of: Sequence[dt.date | str], *, ordered: bool = True) -> list[dt.date]:
    days = [as_day(day).astype(object) for day in ([as_of] if isinstance(as_of, str | dt.date) else as_of)]
    if not days:
        raise RecordsError("as_of_needed")
    day, times = Counter(days).most_common(1)[0]
    if times > 1:
        raise RecordsError("as_of_twice", day=day)
    return sorted(days) if ordered else days


def _with_outcomes(records: SchoolRecords | None, outcomes: Any) -> SchoolRecords:
    """Records that say what became of the pupils: the later ones given, or these with a table of outcomes put in."""
    from pumpurs_risk.records.school_records import SchoolRecords

    later: SchoolRecords | None
    if isinstance(outcomes, SchoolRecords):
        later = outcomes
    elif outcomes is None:
        later = records
    else:
        later = SchoolRecords.of({"outcomes": _checked(outcomes)})
        if records is not None:
            later = replace(records, tables={**records.tables, "outcomes": later.outcomes})
    if later is None or later.outcomes is None:
        raise RecordsError("outcomes_needed")
    return later


def _checked(outcomes: Any) -> Any:
    """Read a frame of outcomes as a file would be read; of the pupils nothing matters here but their ids."""
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords
    from pumpurs_risk.records.tables.contract import table_contracts
    from pumpurs_risk.records.uniting.frames import as_columns

    catalogue = Catalogue.load()
    contract = table_contracts(catalogue)["outcomes"]
    columns = as_columns(outcomes)
    who = next((cells for heading, cells in columns.items() if contract.recognise(heading) == "pupil_id"), None)
    pupils = None
    if who is not None:
        ids = pd.unique(who.to_pandas().astype(object))
        pupils = pd.DataFrame({"pupil_id": ids, "semester": next(iter(catalogue.calendar)), "level": 9.0})
    read = SchoolRecords.from_tables(pupils=pupils, outcomes=outcomes, id_scope="municipality")
    if not read.report.ok:  # a label lost silently would look like "not known yet"
        aside = read.report.problems[read.report.problems["severity"] == "set_aside"]
        cells = [f"{row.row}: {row.column} = {row.value}" for row in aside.head(3).itertuples(index=False)]
        raise RecordsError("outcomes_not_usable", n=len(aside), cells="; ".join(cells))
    return read.outcomes

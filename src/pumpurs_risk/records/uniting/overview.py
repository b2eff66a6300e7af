"""Answers questions about event tables of any engine: whose they are, up to which day they go, what they do not say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import narwhals as nw

EVENT_DATES: Mapping[str, str] = {
    "absences": "date",
    "marks": "date",
    "incidents": "date",
    "assessments": "date",
    "outcomes": "date",
    "support": "date_from",
    "decisions": "date",
}
"""By table, the column that says when something happened."""
NO_FACTS = ("decisions",)
"""What staff decided: nothing is computed from it."""
_KNOWN = ("pupil_id", "school_id")
_LATEST = ("semester", "enrolled_from", "school_id")


def opened(native: Any) -> nw.DataFrame[Any] | nw.LazyFrame[Any]:
    """Open a frame of any engine with one set of words; nothing is read yet where it is lazy."""
    import narwhals as nw

    frame: nw.DataFrame[Any] | nw.LazyFrame[Any] = nw.from_native(native)
    return frame


def taken(frame: nw.DataFrame[Any] | nw.LazyFrame[Any]) -> pd.DataFrame:
    """Fetch a small result into pandas."""
    import narwhals as nw

    return (frame.collect() if isinstance(frame, nw.LazyFrame) else frame).to_pandas()


def columns_of(native: Any) -> list[str]:
    """Names of a frame's columns."""
    return list(opened(native).collect_schema().names())


def known_pupils(sheet: pd.DataFrame, tables: Mapping[str, Any]) -> pd.DataFrame:
    """List everybody of whom anything was handed in: those on a sheet, and those in the table of pupils.

    Parameters
    ----------
    sheet : pandas.DataFrame
        With pupil_id and school_id.
    tables : mapping of str to data frame
        Of any engine.

    Returns
    -------
    pandas.DataFrame
        pupil_id, school_id; each pair once, in order.

    Examples
    --------
    >>> import pyarrow as pa
    >>> sheet = pd.DataFrame({"pupil_id": ["a:2"], "school_id": ["a"]})
    >>> known_pupils(sheet, {"pupils": pa.table({"pupil_id": ["a:1", "a:1"], "school_id": ["a", "a"]})})["pupil_id"].tolist()
    ['a:1', 'a:2']
    """
    parts = [sheet[list(_KNOWN)]] if len(sheet) else []
    if "pupils" in tables:
        parts.append(taken(opened(tables["pupils"]).select(*_KNOWN).unique()))
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in _KNOWN})
    both = pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)
    return both.sort_values(list(_KNOWN), ignore_index=True)


def schools_of_pupils(sheet: pd.DataFrame, tables: Mapping[str, Any]) -> pd.DataFrame:
    """Find the one school of each pupil: that of the roll's latest semester, else the sheet's.

    Of two schools in one semester the one counts where the pupil enrolled later, then the one whose id is greater.

    Parameters
    ----------
    sheet : pandas.DataFrame
        With pupil_id and school_id.
    tables : mapping of str to data frame
        Of which the table of pupils is looked at; held in memory.

    Returns
    -------
    pandas.DataFrame
        pupil_id, school_id; one row per pupil.

    Examples
    --------
    >>> import pyarrow as pa
    >>> roll = {"pupil_id": ["1", "1"], "school_id": ["b", "a"], "semester": ["2025/2026-2", "2026/2027-1"]}
    >>> schools_of_pupils(pd.DataFrame(columns=["pupil_id", "school_id"]), {"pupils": pa.table(roll)})["school_id"].tolist()
    ['a']
    """
    parts = []
    if "pupils" in tables:
        named = [each for each in _LATEST if each in columns_of(tables["pupils"])]
        roll = taken(opened(tables["pupils"]).select("pupil_id", *named))
        parts.append(roll.sort_values(named, ascending=False, kind="stable", na_position="last")[list(_KNOWN)])
    parts.append(sheet[list(_KNOWN)])
    return pd.concat([each for each in parts if len(each)] or parts, ignore_index=True).drop_duplicates("pupil_id")


def last_event(tables: Mapping[str, Any], before: dt.date | None = None) -> dt.date | None:
    """Find the latest day on which anything happened; None where no table says.

    Parameters
    ----------
    tables : mapping of str to data frame
        Of any engine.
    before : datetime.date, optional
        Only days before this one are looked at: what is planned has not happened.

    Examples
    --------
    >>> import pyarrow as pa
    >>> last_event({"absences": pa.table({"date": [dt.date(2026, 9, 1), dt.date(2026, 9, 3)]})})
    datetime.date(2026, 9, 3)
    """
    import narwhals as nw

    latest: list[dt.date] = []
    for name, column in EVENT_DATES.items():
        if name in tables and column in columns_of(tables[name]):
            days = opened(tables[name]).select(day=nw.col(column).cast(nw.Date))
            days = days if before is None else days.filter(nw.col("day") < nw.lit(before, nw.Date))
            day = taken(days.select(nw.col("day").max()))["day"].iloc[0]
            if not pd.isna(day):
                latest.append(pd.Timestamp(day).date())
    return max(latest, default=None)


def tables_without_dates(tables: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the tables in which some rows do not say when they were recorded: for these the event's own date decides.

    Examples
    --------
    >>> import pyarrow as pa
    >>> tables_without_dates({"absences": pa.table({"date": [dt.date(2026, 9, 1)]}), "marks": pa.table({"date": []})})
    ('absences',)
    """
    import narwhals as nw

    found = []
    for name, column in EVENT_DATES.items():
        if name in NO_FACTS or name not in tables:
            continue
        frame = opened(tables[name])
        said = nw.col("recorded_on").count() if "recorded_on" in columns_of(tables[name]) else nw.lit(0)
        counted = taken(frame.select(rows=nw.len(), said=said)) if column in columns_of(tables[name]) else None
        if counted is not None and int(counted["rows"].iloc[0]) > int(counted["said"].iloc[0]):
            found.append(name)
    return tuple(found)

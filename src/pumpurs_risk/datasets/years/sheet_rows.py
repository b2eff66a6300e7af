"""The sheet that a school fills in on a day, from the made years: the roll of the day, the counts of the semester before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pumpurs_risk.datasets.years.term_roll import TermRoll

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

Array = np.ndarray[Any, Any]
_MISSED = ("absent_open", "absent_unexcused", "excused_illness", "excused_other", "left_early")
_UNEXCUSED = ("absent_open", "absent_unexcused")
_OF_THE_ROLL = ("repeated_level", "over_age", "school_changes", "distance", "lodging")  # known on the first day
_ROUNDED = 2


def sheet_rows(
    rolls: list[TermRoll], known: Mapping[str, pa.Table], day: dt.date, catalogue: Catalogue
) -> pd.DataFrame:
    """Fill in every school's sheet, everything known; pupils new to their school have no counts.

    Parameters
    ----------
    rolls : list of TermRoll
        Every semester's roll.
    known : mapping of str to pyarrow.Table
        Tables as they were known on the day.
    day : datetime.date
        Day of the list.
    catalogue : Catalogue
        Calendar, and the factors that a sheet has.

    Returns
    -------
    pandas.DataFrame
        One row per pupil on a roll that day; columns as in the sheet of `make_cohort`.
    """
    by_semester = {roll.term.semester: roll for roll in rolls}
    running = by_semester[catalogue.calendar.semester_of(day)]
    completed = by_semester[catalogue.calendar.last_completed(day)]
    there = np.flatnonzero(_on_roll(running, day))
    values, school = running.values, running.school[there]
    school_id = running.places.schools["school_id"].to_numpy()
    sheet = pd.DataFrame(
        {
            "pupil_id": running.pupil_ids(there).to_numpy(zero_copy_only=False),
            "school_id": school_id[school],
            "class_id": running.class_id[there],
            "level": values["level"][there].astype(float),
            "programme": running.places.schools["programme"].to_numpy()[school],
            "birth_year": values["birth_year"][there].astype(float),
            "enrolled_from": values["arrival"][there].astype("datetime64[s]"),
            "semester": completed.term.semester,
            "as_of": np.full(len(there), day, dtype="datetime64[s]"),
        }
    )
    counts = _counts(completed, known, catalogue)
    counts["school_id"] = school_id[completed.school]
    sheet = sheet.merge(counts, on=["pupil_id", "school_id"], how="left")
    for name in _OF_THE_ROLL:
        factor = catalogue.factors.get(name)
        if factor is not None and factor.range is not None:
            sheet[name] = np.clip(values[name][there], *factor.range)
    return sheet


def _on_roll(roll: TermRoll, day: dt.date) -> Array:
    last = roll.term.days[np.minimum(roll.end, len(roll.term.days) - 1)]
    now = np.datetime64(day)
    return np.asarray((roll.values["arrival"] < now) & ~(roll.leaves & (last < now)))


def _counts(roll: TermRoll, known: Mapping[str, pa.Table], catalogue: Catalogue) -> pd.DataFrame:
    """Lessons, marks and what people judge, of one semester's pupils."""
    every = np.arange(len(roll.rows))
    ids = roll.pupil_ids(every).to_numpy(zero_copy_only=False)
    held = _held(roll, known["semesters"])
    missed, unexcused = _missed(roll, known["absences"])
    marks = roll.facts.marks
    given = marks > 0
    with np.errstate(invalid="ignore"):
        mean = np.where(given.any(axis=1), (marks * given).sum(axis=1) / np.maximum(given.sum(axis=1), 1), np.nan)
    columns: dict[str, Any] = {
        "pupil_id": ids,
        "lessons_held": held,
        "lessons_missed": np.minimum(missed.reindex(ids).fillna(0).to_numpy(), held),
        "unexcused_raw": np.minimum(unexcused.reindex(ids).fillna(0).to_numpy(), held),
    }
    for name, factor in catalogue.factors.items():
        if name in roll.values and name not in _OF_THE_ROLL and factor.range is not None:
            high = min(factor.range[1], 1.0) if factor.kind == "yes_no" else factor.range[1]
            columns[name] = np.clip(roll.values[name], factor.range[0], high)
    columns["mean_mark"] = np.round(mean, _ROUNDED)
    return pd.DataFrame(columns)


def _held(roll: TermRoll, semesters: pa.Table) -> Array:
    classes = semesters.to_pandas()
    classes = classes[classes["semester"] == roll.term.semester].set_index(["school_id", "class_id"])["lessons_held"]
    school_id = roll.places.schools["school_id"].to_numpy()[roll.school]
    of_class = classes.reindex(pd.MultiIndex.from_arrays([school_id, roll.class_id])).to_numpy()
    share = np.maximum(roll.end - roll.first, 0) / len(roll.term.days)
    return np.asarray(np.maximum(np.rint(of_class * share), 1))


def _missed(roll: TermRoll, absences: pa.Table) -> tuple[pd.Series, pd.Series]:
    """Lessons missed and unexcused, of each pupil; of a corrected record the latest version counts."""
    rows = absences.select(
        ["pupil_id", "date", "lesson", "lessons_missed", "status", "recorded_on", "record_id"]
    ).to_pandas()
    date = pd.to_datetime(rows["date"]).to_numpy()
    rows = rows[(date >= roll.term.first) & (date <= roll.term.last)]
    versions = rows[rows["record_id"].notna()].sort_values("recorded_on").drop_duplicates("record_id", keep="last")
    rows = pd.concat([rows[rows["record_id"].isna()], versions])

    def lessons(statuses: tuple[str, ...]) -> pd.Series:
        counted: pd.Series = rows[rows["status"].isin(statuses)].groupby("pupil_id")["lessons_missed"].sum()
        return counted

    return lessons(_MISSED), lessons(_UNEXCUSED)

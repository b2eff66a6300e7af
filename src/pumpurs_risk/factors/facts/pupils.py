"""Facts of the way through school: since when a level is repeated, when the school was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pumpurs_risk.factors.facts.rows import Asked, distinctly, facts, said
from pumpurs_risk.factors.levels import NEW_STAGE_LEVELS
from pumpurs_risk.locale import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_SOURCE = "pupils"
_YEARS = len("2026/2027")


def pupil_facts(asked: Asked) -> Iterator[pd.DataFrame]:
    """Give since when a pupil repeats a level, and in which semesters the school was changed.

    Parameters
    ----------
    asked : Asked
        With a table of pupils.

    Yields
    ------
    pandas.DataFrame
        Rows of evidence. Where the table itself says the number of changes, only those that it shows are dated, and only
        if it shows as many.
    """
    known, calendar, now = asked.known, asked.known.window.calendar, asked.roll
    if asked.wants("repeated_level"):
        again = now[now["repeated_level"].to_numpy(dtype=float, na_value=np.nan) == 1]
        years = again["semester"].str.slice(0, _YEARS).to_numpy(dtype=object)
        yield facts(
            "repeated_level",
            again.index,
            said({"year": years}, lambda year: _year_text(year, asked.lang)),
            date_from=distinctly({"year": years}, lambda year: _first_day(year, asked)),
            rank=0,
            source=_SOURCE,
        )
    if asked.wants("school_changes"):
        rows = asked.fetched(known.rows("pupils"))
        changes = _changes(rows, asked)
        counted = changes["pupil_id"].map(changes["pupil_id"].value_counts()).to_numpy(dtype=float)
        stated = changes["pupil_id"].map(now["school_changes"]).to_numpy(dtype=float)
        changes = changes[counted == stated]
        semesters = changes["semester"].to_numpy(dtype=object)
        yield facts(
            "school_changes",
            changes["pupil_id"],
            said({"semester": semesters}, lambda semester: calendar.period_text(semester, asked.lang)),
            date_from=distinctly(
                {"semester": semesters}, lambda one: calendar.bounds(one)[0] if one in calendar else None
            ),
            rank=np.arange(len(changes)),
            source=_SOURCE,
        )


def _changes(rows: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    """Semesters in which a pupil was at another school than in the one before, new stages of education left out."""
    window = asked.known.window
    enrolled = rows["enrolled_from"].to_numpy()
    rows = rows.assign(semester=rows["semester"].fillna(window.running))
    begun = np.isnat(enrolled) | (enrolled < np.datetime64(window.as_of))
    rows = rows[begun & (rows["semester"] <= window.running).to_numpy()]
    rows = rows.sort_values(["recorded_on", "enrolled_from"], na_position="first", kind="stable")
    rows = rows.drop_duplicates(["pupil_id", "school_id", "semester"], keep="last")
    rows = rows.sort_values(["pupil_id", "semester", "enrolled_from", "school_id"], na_position="first", kind="stable")
    rows = rows.drop_duplicates(["pupil_id", "semester"], keep="last", ignore_index=True)
    before = rows.groupby("pupil_id", sort=False)[["school_id", "programme", "level"]].shift(1)
    moved = (before["school_id"].notna() & rows["school_id"].ne(before["school_id"])).to_numpy(dtype=bool)
    stayed = (rows["level"].eq(before["level"]) & rows["programme"].eq(before["programme"])).to_numpy(dtype=bool)
    return rows[moved & ~(_starts_stage(rows) & ~stayed)]


def _starts_stage(rows: pd.DataFrame) -> NDArray[np.bool_]:
    found = np.zeros(len(rows), dtype=bool)
    for programme, levels in NEW_STAGE_LEVELS.items():
        found |= (rows["programme"].eq(programme) & rows["level"].isin(levels)).to_numpy(dtype=bool)
    return found


def _year_text(year: str, lang: str) -> str:
    first, _, second = year.partition("/")
    return text("evidence.school_year", lang, first=first, second=second)


def _first_day(year: str, asked: Asked) -> object:
    """First day of a school year; None if the calendar does not know it."""
    calendar = asked.known.window.calendar
    return min((calendar.bounds(name)[0] for name in calendar if name.startswith(year)), default=None)

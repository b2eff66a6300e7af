"""A pupil's risk at earlier beginnings of semesters, all by today's model, so that only the pupil has changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from pumpurs_risk.batch.frames import empty, shaped
from pumpurs_risk.factors.table import factor_frame

if TYPE_CHECKING:
    from pumpurs_risk.batch.run import Run
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.model import AdditiveModel
    from pumpurs_risk.records.school_records import SchoolRecords

MOST_DAYS = 3
"""Earlier beginnings of semesters that are looked at: with today's, two school years."""
_AFTER = dt.timedelta(days=14)


def trend(
    records: SchoolRecords,
    X: pd.DataFrame,
    model: AdditiveModel,
    as_of: dt.date,
    pupils: Sequence[str],
    catalogue: Catalogue,
    earlier: Sequence[Run] = (),
) -> pd.DataFrame:
    """Recompute the risk of some pupils two weeks into each of the last semesters, and today.

    Parameters
    ----------
    records : SchoolRecords
        Event tables give every earlier day anew, from what was known then; sheets give their own day only.
    X : pandas.DataFrame
        Today's factor table.
    model : AdditiveModel
        Today's model.
    as_of : datetime.date
        Today's list.
    pupils : sequence of str
        Whom to look at.
    catalogue : Catalogue
        Factors and calendar.
    earlier : sequence of Run
        Earlier runs, the oldest first: what their sheets said.

    Returns
    -------
    pandas.DataFrame
        ``pupil_id``, ``as_of`` (ISO text), ``semester``, ``risk``, ``source`` (``records`` or ``run``), by pupil and day. A
        pupil of whom nothing is recorded on a day has no row for it.
    """
    tables = [(as_of, X, "records")]
    days = _days(records, as_of, catalogue)
    tables += [(day, factor_frame(records, day, catalogue=catalogue), "records") for day in days]
    for run in earlier:
        near = any(abs((run.as_of - day).days) < 45 for day in [*days, as_of])
        if not near and run.as_of < as_of:
            tables.append((run.as_of, run.factors, "run"))
    wanted = set(pupils)
    parts = []
    for day, table, source in sorted(tables, key=lambda each: each[0]):
        some = table[table["pupil_id"].isin(wanted)]
        known = [f for f in model.features if f in some and f != "programme_level"]
        some = some[some[known].notna().any(axis=1)]
        if len(some):
            parts.append(
                pd.DataFrame(
                    {
                        "pupil_id": some["pupil_id"].to_numpy(dtype=object),
                        "as_of": day.isoformat(),
                        "semester": catalogue.calendar.semester_of(day) or "",
                        "risk": model.risk(some),
                        "source": source,
                    }
                )
            )
    if not parts:
        return empty("trend")
    return shaped(pd.concat(parts).sort_values(["pupil_id", "as_of"], kind="stable"), "trend")


def _days(records: SchoolRecords, as_of: dt.date, catalogue: Catalogue) -> list[dt.date]:
    """Two weeks into each of the last semesters of which the tables hold pupils."""
    if "pupils" not in records.tables:
        return []
    held = set(records.pupils_known["semester"].dropna()) if "semester" in records.pupils_known else set()
    calendar = catalogue.calendar
    begun = [(calendar.bounds(semester)[0] + _AFTER) for semester in calendar if not held or semester in held]
    return sorted(day for day in begun if (as_of - day).days > 45)[-MOST_DAYS:]

"""Who had been given support by a day: it says nothing about risk, but changes what became of a pupil."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from pumpurs_risk.factors.known import known_records

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords

SUPPORT_GIVEN = "support_given"
"""Column of a training table; no factor, and never in a score."""


def support_given(
    records: SchoolRecords, as_of: dt.date | str, pupils: pd.DataFrame, catalogue: Catalogue
) -> pd.Series[Any] | None:
    """Say of every pupil whether support for them had begun, and had been written down, before a day.

    Support that begins later is not looked at, although it too changes what becomes of a pupil: who leaves early has no
    time left to be given any, so that it would seem to keep pupils at school.

    Parameters
    ----------
    records : SchoolRecords
        With or without a table of support.
    as_of : date or ISO text
        The day.
    pupils : pandas.DataFrame
        With pupil_id, and school_id where only some schools handed in a table of support.
    catalogue : Catalogue
        With the calendar.

    Returns
    -------
    pandas.Series or None
        1, 0, or NaN where a pupil's school handed in no table of support; aligned with `pupils`. None without a table.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> from pumpurs_risk.records import SchoolRecords
    >>> given = pa.table({"pupil_id": ["7"], "date_from": [dt.date(2026, 11, 2)], "measure": ["mentoring"]})
    >>> records = SchoolRecords.of({"support": given})
    >>> support_given(records, "2027-01-15", pd.DataFrame({"pupil_id": ["7", "8"]}), Catalogue.load()).tolist()
    [1.0, 0.0]
    """
    if "support" not in records.tables:
        return None
    with known_records(records, as_of, catalogue) as groups:
        known = groups[0]
        rows = known.rows("support", ["pupil_id", "date_from"])
        rows = rows.filter(nw.col("date_from") < nw.lit(known.window.as_of, nw.Date))
        helped = known.engine.arrow(rows.select("pupil_id").unique())["pupil_id"].to_pylist()
    given = pupils["pupil_id"].isin(helped).astype(float)
    if "support" in records.supplied and "school_id" in pupils:
        given = given.where(pupils["school_id"].isin(list(records.supplied["support"])), np.nan)
    return given.rename(SUPPORT_GIVEN)

"""Training tables from records over years, or from the runs that a school has made so far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumpurs_risk.batch.opening import open_run
from pumpurs_risk.batch.run import Run
from pumpurs_risk.errors import RecordsError

if TYPE_CHECKING:
    import pandas as pd

    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords


def training_table(
    records_or_runs: SchoolRecords | Run | str | Path | Sequence[Run | str | Path],
    as_of: Sequence[dt.date | str] | None = None,
    horizon: str = "1y",
    *,
    outcomes: Any = None,
    catalogue: Catalogue | None = None,
) -> tuple[pd.DataFrame, pd.Series[Any], pd.Series[Any], pd.Series[Any]]:
    """Stack what was known on several days with what happened afterwards.

    Parameters
    ----------
    records_or_runs : SchoolRecords, or Run or path, or sequence of these
        Records with a table of outcomes; or earlier runs, whose own factor tables are taken as they were that day.
    as_of : sequence of dates or ISO texts, optional
        The days, for records; runs bear theirs.
    horizon : str
        How far ahead: ``"1y"``, ``"2y"``, ``"1 semester"``.
    outcomes : data frame or SchoolRecords, optional
        What became of the pupils: pupil_id, date, outcome, and stage where somebody graduated. Needed for runs; records
        of a later day, whose rolls also show who was still there, say more than a frame.
    catalogue : Catalogue, optional
        The shipped one by default.

    Returns
    -------
    X : pandas.DataFrame
        Factor tables, one below the other, with an ``as_of`` column.
    y : pandas.Series
        1 left, 0 stayed, missing where it is not known; aligned with X.
    weight : pandas.Series
        1/H, where H windows of one horizon overlap: one leaver is not counted H times.
    groups : pandas.Series
        pupil_id: rows of one pupil belong together in any split.

    Raises
    ------
    RecordsError
        If there are no outcomes, or no day to look from.
    ValueError
        If days are given for runs.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> records = pr.make_cohort(300, form="tables", random_state=0)
    >>> X, y, weight, groups = training_table(records, as_of=["2026-01-15", "2027-01-15"])
    >>> X["as_of"].nunique(), len(X) == len(y) == len(weight) == len(groups)
    (2, True)
    """
    from pumpurs_risk.factors.history import stack_tables, training_table_of
    from pumpurs_risk.records.school_records import SchoolRecords

    if isinstance(records_or_runs, SchoolRecords):
        return training_table_of(records_or_runs, as_of or [], horizon, outcomes=outcomes, catalogue=catalogue)
    if as_of:
        raise ValueError("runs bear their own days: leave as_of out")
    if outcomes is None:
        raise RecordsError("outcomes_needed")
    given = [records_or_runs] if isinstance(records_or_runs, Run | str | Path) else records_or_runs
    runs = [each if isinstance(each, Run) else open_run(each) for each in given]
    return stack_tables([(run.as_of, run.factors) for run in runs], outcomes, horizon, catalogue=catalogue)

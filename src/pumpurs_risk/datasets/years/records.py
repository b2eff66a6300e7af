"""Made years as `SchoolRecords`: the tables that schools could hand in on a day, and the truth beside them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pumpurs_risk.datasets.years.happening import MadeYears, live_years
from pumpurs_risk.datasets.years.known import known_before

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records import SchoolRecords

_TO_ENTER = dt.timedelta(days=45)  # until the year's last leaving status is entered


def years_of_records(
    n_pupils: int,
    random_state: int,
    n_municipalities: int,
    difference: float,
    as_of: dt.date,
    years: int,
    follow_up: int,
    catalogue: Catalogue,
    share_unknown: float | None = None,
) -> tuple[SchoolRecords, MadeYears]:
    """Live through the years and hand in what was written; parameters as in `make_cohort`.

    Returns
    -------
    (SchoolRecords, MadeYears)
        The records, and everything that they were written from.
    """
    year_later = _years_later(as_of, max(1, follow_up))
    until = _years_later(as_of, follow_up) + _TO_ENTER if follow_up else as_of
    followed = until - dt.timedelta(days=1) if follow_up else None
    made = live_years(
        n_pupils,
        random_state,
        n_municipalities,
        difference,
        as_of,
        years,
        written_until=until,
        followed_until=followed,
        lived_until=max(year_later, until),
        catalogue=catalogue,
        share_unknown=share_unknown,
    )
    return _as_records(made, as_of, until, catalogue), made


def _as_records(made: MadeYears, as_of: dt.date, until: dt.date, catalogue: Catalogue) -> SchoolRecords:
    from pumpurs_risk.records import ProblemLog, SchoolRecords, ValidationReport

    tables = known_before(made.tables, until, catalogue.calendar.semester_of(until))
    columns = ["school_id", "title", "municipality", "programme", "places"]
    schools = made.schools[columns].assign(
        places=made.schools["places"].astype(float),
        expected=True,
        semester=catalogue.calendar.last_completed(as_of),
        as_of=np.full(len(made.schools), as_of, dtype="datetime64[s]"),
    )
    schools = schools.sort_values("school_id", ignore_index=True)
    names = made.names[made.names["pupil_id"].isin(_pupils_of(tables))].assign(own_id=lambda frame: frame["pupil_id"])
    counts = [("", "tables", "", name, table.num_rows, table.num_rows, 0, 0) for name, table in tables.items()]
    records = SchoolRecords.of(tables, schools=schools)
    return replace(
        records,
        names=names.reset_index(drop=True),
        report=ValidationReport.of(ProblemLog(), counts),
        truth=made.truth,
    )


def _pupils_of(tables: dict[str, pa.Table]) -> set[str]:
    return set(tables["pupils"]["pupil_id"].unique().to_pylist())


def _years_later(day: dt.date, years: int) -> dt.date:
    return day.replace(year=day.year + years, day=28 if (day.month, day.day) == (2, 29) else day.day)

"""Days as numbers, and an age in years, the same on every engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import narwhals as nw

_MONTHS = list(range(1, 13))


def day_number(name: str) -> nw.Expr:
    """Number of a day as ``date.toordinal()`` gives it.

    Parameters
    ----------
    name : str
        Column of dates.

    Returns
    -------
    narwhals.Expr
        Whole numbers.
    """
    years = nw.col(name).dt.year().cast(nw.Int64) - 1
    return 365 * years + years // 4 - years // 100 + years // 400 + nw.col(name).dt.ordinal_day().cast(nw.Int64)


def age_on(day: dt.date, born: str) -> nw.Expr:
    """Age in years: those completed on birthdays, and the share of the time from the last birthday to the next.

    Parameters
    ----------
    day : datetime.date
        The day.
    born : str
        Column of dates of birth. Who was born on 29 February has a birthday on 1 March of a common year.

    Returns
    -------
    narwhals.Expr
        Unknown where the date is.
    """
    column = nw.col(born)
    month, day_of_month = column.dt.month().cast(nw.Int64), column.dt.day().cast(nw.Int64)

    def birthday(year: int) -> nw.Expr:
        first_days = [dt.date(year, each, 1).toordinal() for each in _MONTHS]
        return month.replace_strict(_MONTHS, first_days, default=None, return_dtype=nw.Int64) + day_of_month - 1

    today = day.toordinal()
    this, last, following = birthday(day.year), birthday(day.year - 1), birthday(day.year + 1)
    had = this <= today
    since = nw.when(had).then(today - this).otherwise(today - last).cast(nw.Float64)
    whole = nw.when(had).then(following - this).otherwise(this - last).cast(nw.Float64)
    years = day.year - column.dt.year().cast(nw.Int64) - nw.when(had).then(nw.lit(0)).otherwise(nw.lit(1))
    return years.cast(nw.Float64) + since / whole


def coded(column: nw.Expr, codes: Mapping[Any, Any]) -> nw.Expr:
    """Replace values by others; unknown where a value has no code. For few values faster than a look-up in a map.

    Parameters
    ----------
    column : narwhals.Expr
        The values.
    codes : mapping
        New value by old value.
    """
    found: nw.Expr | None = None
    for old, new in reversed(list(codes.items())):
        same = nw.when(column == old).then(nw.lit(new))
        found = same if found is None else same.otherwise(found)
    return found if found is not None else column


def clipped(value: nw.Expr, low: float, high: float | None) -> nw.Expr:
    """Hold a number within limits; unknown stays unknown."""
    value = nw.when(value < low).then(nw.lit(float(low))).otherwise(value)
    return value if high is None else nw.when(value > high).then(nw.lit(float(high))).otherwise(value)

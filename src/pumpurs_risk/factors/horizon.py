"""How far ahead an outcome is looked for: "1y", "18 months", "2 semesters"."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.locale import text
from pumpurs_risk.locale.texts import LANGUAGES

_MONTHS = {"year": 12, "semester": 6, "month": 1}
_WRITTEN = re.compile(r"^\s*(\d{1,3})\s*([^\W\d_]+)\.?\s*$")
_LONGEST = 120  # months; nobody is at school for longer than that after a list


@dataclass(frozen=True)
class Horizon:
    """A span of time after a day.

    Parameters
    ----------
    months : int
        Its length; a semester is half a year.

    Examples
    --------
    >>> import datetime as dt
    >>> Horizon.of("2 semesters").end(dt.date(2026, 1, 15))
    datetime.date(2027, 1, 15)
    """

    months: int

    @classmethod
    def of(cls, horizon: str | Horizon) -> Horizon:
        """Read a horizon as people write it, in Latvian or English.

        Parameters
        ----------
        horizon : str or Horizon
            A whole number and a unit: ``"1y"``, ``"2 years"``, ``"18 months"``, ``"1 semester"``, ``"2 gadi"``.

        Returns
        -------
        Horizon
            Its length in months.

        Raises
        ------
        RecordsError
            If it cannot be read, is nothing, or is longer than ten years.

        Examples
        --------
        >>> Horizon.of("1y") == Horizon.of("12 months") == Horizon.of("1 gads")
        True
        """
        if isinstance(horizon, Horizon):
            return horizon
        found = _WRITTEN.match(str(horizon).casefold())
        months = int(found[1]) * _months_of(found[2]) if found else 0
        if not 0 < months <= _LONGEST:
            raise RecordsError("horizon_unknown", horizon=str(horizon))
        return cls(months)

    def end(self, as_of: dt.date) -> dt.date:
        """First day that no longer belongs to the span from ``as_of``; the last of its month where that day is missing.

        Examples
        --------
        >>> import datetime as dt
        >>> Horizon(12).end(dt.date(2028, 2, 29))
        datetime.date(2029, 2, 28)
        """
        years, month = divmod(as_of.month - 1 + self.months, 12)
        year = as_of.year + years
        return dt.date(year, month + 1, min(as_of.day, calendar.monthrange(year, month + 1)[1]))


def _months_of(word: str) -> int:
    for unit, months in _MONTHS.items():
        if any(word in text(f"outcomes.horizon.{unit}", lang).split() for lang in LANGUAGES):
            return months
    return 0

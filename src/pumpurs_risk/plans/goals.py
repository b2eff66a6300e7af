"""Goals of a semester that can be checked: which, how much, by when."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from pumpurs_risk.explanation.placeholders import capitalised, learner_words
from pumpurs_risk.locale import date_text, form, number, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pumpurs_risk.catalogue import Catalogue, Goal, RiskFactor

_DAY = dt.timedelta(days=1)
_SOONEST = dt.timedelta(days=14)
"""Nothing is to be reached sooner than this after the day of the list."""
_MONTH_DAYS = 30.4


@dataclass(frozen=True)
class Deadlines:
    """Days of a semester on which something can begin, be looked at, or be reached: school days all.

    Parameters
    ----------
    as_of : datetime.date
        Day of the list.
    expires : datetime.date
        Last day of the semester.
    catalogue : Catalogue
        Whose calendar knows the school days.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> days = Deadlines(dt.date(2027, 1, 15), dt.date(2027, 5, 31), Catalogue.load())
    >>> days.begin, days.before_end(4), days.after(8)
    (datetime.date(2027, 1, 22), datetime.date(2027, 5, 3), datetime.date(2027, 3, 5))
    """

    as_of: dt.date
    expires: dt.date
    catalogue: Catalogue

    @cached_property
    def begin(self) -> dt.date:
        """First school day a week after the list: when support can begin."""
        day = self.as_of + dt.timedelta(days=7)
        while not self._is_school_day(day) and day < self.end:
            day += _DAY
        return min(day, self.end)

    @cached_property
    def end(self) -> dt.date:
        """Last school day of the semester."""
        return self._at_latest(self.expires)

    def before_end(self, weeks: float) -> dt.date:
        """School day so many weeks before the end; the end itself where that would be too soon."""
        day = self.expires - dt.timedelta(weeks=weeks)
        if day >= self.as_of + _SOONEST:
            return self._at_latest(day)
        soonest = self._at_latest(self.as_of + 2 * _SOONEST)
        return min(soonest, self.end) if weeks else self.end

    def after(self, weeks: float) -> dt.date:
        """School day so many weeks after the list, at the latest the end."""
        return self._at_latest(min(self.as_of + dt.timedelta(weeks=weeks), self.expires))

    def _at_latest(self, day: dt.date) -> dt.date:
        found = day
        while not self._is_school_day(found) and found > self.as_of:
            found -= _DAY
        return found if found > self.as_of else day

    def _is_school_day(self, day: dt.date) -> bool:
        return self.catalogue.calendar.school_days(day, day + _DAY) == 1


def target_of(goal: Goal, value: float, raw: float, months: float) -> float | None:
    """How much a goal asks for.

    Parameters
    ----------
    goal : Goal
        From the catalogue.
    value, raw : float
        The factor's value, and its raw count in the semester; NaN where unknown.
    months : float
        Length of a semester in months.

    Returns
    -------
    float or None
        None where the goal has no number, or nothing is recorded to start from.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> target_of(Catalogue.load().goals["unexcused_lessons"], 8.8, 42.0, 4.5)
    4.0
    """
    if goal.fixed is not None:
        return goal.fixed
    if goal.share is None:
        return None
    now = raw if goal.per_month and not math.isnan(raw) else value
    if math.isnan(now):
        return goal.most
    if goal.per_month:
        now /= months
    wanted = max(float(goal.share * now), goal.least)
    bounded = wanted if goal.most is None else min(wanted, goal.most)
    is_share = goal.most is not None and goal.most < 1
    return round(bounded, 2) if is_share else float(math.floor(bounded))


def goal_text(
    goal: Goal,
    factor: RiskFactor | None,
    *,
    value: float,
    target: float | None,
    by: dt.date,
    subjects: Sequence[str],
    programme: str,
    catalogue: Catalogue,
    lang: str,
) -> str:
    """Say a goal.

    Parameters
    ----------
    goal : Goal
        From the catalogue.
    factor : RiskFactor or None
        How its numbers are printed.
    value : float
        What is recorded now; NaN where unknown.
    target : float or None
        From `target_of`.
    by : datetime.date
        When it is to be reached.
    subjects : sequence of str
        Those that the evidence names.
    programme, catalogue, lang
        How the learner is called, in which language.

    Returns
    -------
    str
        A whole sentence.
    """
    count: float | None = {"target": target, "subjects": float(len(subjects))}.get(goal.count)
    words = {
        "target": "" if target is None else _printed(factor, target, lang),
        "value": _printed(factor, value, lang),
        "by": date_text(by, lang),
        "subjects": ", ".join(subjects),
    }
    return capitalised(form(goal.text[lang], lang, count).format(**words, **learner_words(programme, catalogue, lang)))


def _printed(factor: RiskFactor | None, amount: float, lang: str) -> str:
    """Print an amount as the factor's sentences do; a dash where it is unknown."""
    if math.isnan(amount):
        return "–"
    if factor is not None and factor.kind == "share":
        return percent(amount, lang, 0 if (100 * amount) == round(100 * amount) else factor.decimals)
    return number(amount, lang, 0 if float(amount).is_integer() else max(1, 0 if factor is None else factor.decimals))


@cache
def _semester_months(first: dt.date, last: dt.date) -> float:
    return max((last - first).days / _MONTH_DAYS, 1.0)


def semester_months(catalogue: Catalogue, as_of: dt.date) -> float:
    """Length in months of the semester whose counts a list of this day holds."""
    calendar: Any = catalogue.calendar
    return _semester_months(*calendar.bounds(calendar.review_semester(as_of)))

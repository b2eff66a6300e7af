"""Which rows may be learned from, and which may judge: later cohorts only, unless somebody asks for less."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pumpurs_risk.errors import EvaluationError
from pumpurs_risk.factors.horizon import Horizon
from pumpurs_risk.records.validation.parsing import as_day

Days = Sequence[dt.date]


def as_days(days: Any) -> tuple[dt.date, ...]:
    """Read one day or several, each once, in order.

    Parameters
    ----------
    days : date, ISO text, sequence of them, or None

    Returns
    -------
    tuple of datetime.date
    """
    if days is None:
        return ()
    several = [days] if isinstance(days, str | dt.date | np.datetime64 | pd.Timestamp) else list(days)
    return tuple(sorted({as_day(_plain(day)).astype(object) for day in several}))


def _plain(day: Any) -> Any:
    return pd.Timestamp(day).date() if isinstance(day, np.datetime64 | pd.Timestamp) else day


def first_allowed_day(train: Days, horizon: str | Horizon) -> dt.date:
    """First day on which it is known what became of everybody in the training days' rows.

    Parameters
    ----------
    train : sequence of datetime.date
        Days that were learned from.
    horizon : str or Horizon
        How far ahead outcomes were looked for.

    Returns
    -------
    datetime.date

    Examples
    --------
    >>> first_allowed_day([dt.date(2024, 1, 15), dt.date(2025, 1, 15)], "1y")
    datetime.date(2026, 1, 15)
    """
    span = Horizon.of(horizon)
    return max(span.end(day) for day in train)


def check_days(train: Days, test: Days, horizon: str | Horizon) -> None:
    """Refuse test days on which the outcomes that were learned from were not known yet.

    Parameters
    ----------
    train, test : sequence of datetime.date
        Days that are learned from, and days that judge.
    horizon : str or Horizon
        Length of the training windows.

    Raises
    ------
    EvaluationError
        Naming the days that overlap, and the first day that is allowed.

    Examples
    --------
    >>> check_days([dt.date(2025, 1, 15)], [dt.date(2026, 1, 15)], "1y")
    >>> check_days([dt.date(2025, 1, 15)], [dt.date(2025, 9, 15)], "1y")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    pumpurs_risk.errors.EvaluationError: On 2025-09-15 ... Test from 2026-01-15 on, or learn from days up to 2024-09-15.
    """
    if not train or not test:
        return
    allowed = first_allowed_day(train, horizon)
    early = [day for day in test if day < allowed]
    if not early:
        return
    span = Horizon.of(horizon)
    learned = [day for day in train if span.end(day) > early[0]]
    raise EvaluationError(
        "days_overlap",
        test=", ".join(map(str, early)),
        train=", ".join(map(str, learned)),
        allowed=str(allowed),
        last_train=str(_last_train_day(early[0], span)),
    )


def _last_train_day(test: dt.date, span: Horizon) -> dt.date:
    """Last day whose window ends by the test day."""
    day = dt.date(test.year - 1 - span.months // 12, test.month, 1)
    while span.end(day + dt.timedelta(1)) <= test:
        day += dt.timedelta(1)
    return day


def grouped_folds(pupils: Any, folds: int = 5, random_state: int = 0) -> NDArray[np.int64]:
    """Divide pupils at random into folds; all rows of a pupil are in one.

    Parameters
    ----------
    pupils : array-like, shape (n,)
        Whose row it is.
    folds : int
        How many.
    random_state : int
        Seed.

    Returns
    -------
    ndarray of int, shape (n,)
        The fold of each row.

    Examples
    --------
    >>> folds = grouped_folds(["a", "b", "a"], 2)
    >>> bool(folds[0] == folds[2])
    True
    """
    codes, names = pd.factorize(pd.Series(np.asarray(pupils, dtype=object)), sort=True)
    of_pupil = np.random.default_rng(random_state).permutation(len(names)) % folds
    return np.asarray(of_pupil[codes], dtype=np.int64)


def check_pupils_apart(train: Any, test: Any) -> None:
    """Refuse a split in which a pupil is learned from and judged by.

    Parameters
    ----------
    train, test : array-like
        pupil_id of each row.

    Raises
    ------
    EvaluationError
        Saying how many pupils are on both sides; never who.
    """
    both = len(set(pd.unique(pd.Series(train))) & set(pd.unique(pd.Series(test))))
    if both:
        raise EvaluationError("pupils_on_both_sides", count=both, n=both)

"""Whom an entry of the catalogue is about, read from the factor table's context columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Applies, Signal, WorkLimit


_GRADES_BEFORE = 9  # grades of basic education, which vocational course years follow


def applies_to(
    entry: Applies | Signal | WorkLimit, X: pd.DataFrame, *, unknown_level: bool = True
) -> NDArray[np.bool_]:
    """Say for every pupil whether a factor, a signal or a work limit is about them.

    Parameters
    ----------
    entry : Applies, Signal or WorkLimit
        ``RiskFactor.applies``, or the signal or limit itself. Levels are inclusive; an age limit holds from ``min_age``
        (included) to ``max_age`` (excluded). Levels are grades, unless the entry names vocational programmes. An
        unknown age counts as within, unless the entry says ``unknown_age = false``.
    X : pandas.DataFrame of shape (n_pupils, ...)
        The factor table; its context columns ``programme``, ``level`` and ``age`` are used where they exist.
    unknown_level : bool, default=True
        Whether a pupil whose programme or level is not known counts as meant.

    Returns
    -------
    ndarray of bool, shape (n_pupils,)

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.catalogue import Applies
    >>> pupils = pd.DataFrame({"level": [4.0, 9.0, None], "age": [10.0, None, 20.0]})
    >>> applies_to(Applies(min_level=5, max_age=18), pupils).tolist()
    [False, True, False]
    """
    about = np.ones(len(X), dtype=bool)
    if entry.programmes:
        programme = pd.Series(word_column(X, "programme"))
        meant = [*entry.programmes, ""] if unknown_level else list(entry.programmes)
        about &= programme.isin(meant).to_numpy()
    level, age = number_column(X, "level"), number_column(X, "age")
    if "vocational" not in entry.programmes:  # its levels are grades, and course year 1 comes after grade 9
        level = level + _GRADES_BEFORE * (word_column(X, "programme") == "vocational")
    no_level = np.isnan(level) & unknown_level
    no_age = np.isnan(age) & getattr(entry, "unknown_age", True)
    if entry.min_level is not None:
        about &= (level >= entry.min_level) | no_level
    if entry.max_level is not None:
        about &= (level <= entry.max_level) | no_level
    if entry.min_age is not None:
        about &= (age >= entry.min_age) | no_age
    if entry.max_age is not None:
        about &= (age < entry.max_age) | no_age
    return about


def number_column(X: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Give a column of numbers; NaN where it is unknown or not there."""
    if column not in X:
        return np.full(len(X), np.nan)
    return X[column].to_numpy(dtype=float, na_value=np.nan)


def word_column(X: pd.DataFrame, column: str) -> NDArray[np.object_]:
    """Give a column of words; "" where it is unknown or not there."""
    if column not in X:
        return np.full(len(X), "", dtype=object)
    return X[column].astype(object).fillna("").to_numpy(dtype=object)

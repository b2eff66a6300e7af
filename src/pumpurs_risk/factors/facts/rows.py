"""What a fact is: a row of evidence, and its words, each distinct text made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.locale import date_text, number, text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.factors.known import Frame, KnownRecords

COLUMNS = ("pupil_id", "factor", "date_from", "date_to", "detail", "value", "source", "role")
"""Columns of the evidence."""


@dataclass(frozen=True)
class Asked:
    """Of whom facts are wanted, of which records, in which language.

    Parameters
    ----------
    known : KnownRecords
        What was known on the day of the schools of one window.
    pupils : LazyFrame
        ``pupil_id`` of those asked about who are at these schools.
    roll : pandas.DataFrame
        What the table of pupils says of them on the day, by pupil_id; a pupil of a sheet need not be in it.
    lang : {"lv", "en"}
        The reader's language.
    """

    known: KnownRecords
    pupils: Frame
    roll: pd.DataFrame
    lang: str

    def wants(self, factor: str) -> bool:
        """Whether the catalogue has a factor."""
        return factor in self.known.catalogue.factors

    def fetched(self, rows: Frame) -> pd.DataFrame:
        """Compute the rows of the pupils asked about."""
        return self.table(rows.join(self.pupils, on="pupil_id", how="semi"))

    def table(self, rows: Frame) -> pd.DataFrame:
        """Compute rows where the records are, and fetch them."""
        found: pd.DataFrame = self.known.engine.arrow(rows).to_pandas(date_as_object=False)
        return found

    def says(self, key: str, count: float, **params: Any) -> str:
        """Say a text of the evidence with a number in it."""
        return text(f"evidence.{key}", self.lang, count=count, n=printed(count, self.lang), **params)

    def span(self, first: Any, last: Any) -> str:
        """Say from which day to which."""
        return text("evidence.span", self.lang, first=day_text(first, self.lang), last=day_text(last, self.lang))


def facts(
    factor: str,
    pupil_id: Any,
    detail: Any,
    *,
    rank: Any,
    source: str,
    value: Any = np.nan,
    date_from: Any = None,
    date_to: Any = None,
    role: Any = "",
) -> pd.DataFrame:
    """Make rows of evidence.

    Parameters
    ----------
    factor : str
        Id of the factor they are behind.
    pupil_id, detail, value, date_from, date_to, role : scalar or array of shape (n,)
        The columns.
    rank : scalar or array of shape (n,)
        Order of the facts of one pupil and factor.
    source : str
        Name of the table that they stem from, or ``answers``.
    """
    n = len(pupil_id)
    return pd.DataFrame(
        {
            "pupil_id": np.asarray(pupil_id, dtype=object),
            "factor": np.full(n, factor, dtype=object),
            "date_from": days(date_from, n),
            "date_to": days(date_to, n),
            "detail": np.asarray(detail, dtype=object) if n else np.array([], dtype=object),
            "value": np.broadcast_to(np.asarray(value, dtype=float), (n,)),
            "source": np.full(n, source, dtype=object),
            "role": np.broadcast_to(np.asarray(role, dtype=object), (n,)),
            "rank": np.broadcast_to(np.asarray(rank), (n,)),
        }
    )


def no_facts() -> pd.DataFrame:
    """Give no rows, with the columns of evidence."""
    return facts("", [], [], rank=0, source="")


def days(column: Any, n: int) -> NDArray[np.datetime64]:
    """Give a column of days; None: not known."""
    if column is None:
        return np.full(n, np.datetime64("NaT", "s"))
    return np.broadcast_to(np.asarray(pd.to_datetime(np.asarray(column))).astype("datetime64[s]"), (n,))


def said(columns: dict[str, Any], how: Callable[..., str]) -> NDArray[np.object_]:
    """Say rows of facts: each distinct row once.

    Parameters
    ----------
    columns : dict of str to array of shape (n,)
        What a text depends on.
    how : callable
        Takes one value of each column.

    Returns
    -------
    ndarray of object, shape (n,)

    Examples
    --------
    >>> said({"n": np.array([1, 2, 1])}, lambda n: f"{n} times").tolist()
    ['1 times', '2 times', '1 times']
    """
    return distinctly(columns, how)


def distinctly(columns: dict[str, Any], how: Callable[..., Any]) -> NDArray[np.object_]:
    """Make something of rows, once of each distinct row; as `said`, for what is no text."""
    frame = pd.DataFrame(columns)
    if not len(frame):
        return np.array([], dtype=object)
    number_of = frame.groupby(list(columns), sort=False, dropna=False).ngroup().to_numpy()
    first = np.flatnonzero(~frame.duplicated().to_numpy())
    made = np.empty(len(first), dtype=object)
    made[:] = [how(*row) for row in frame.iloc[first].itertuples(index=False)]
    return np.asarray(made[number_of])


def printed(amount: float, lang: str) -> str:
    """Write a number without needless decimals."""
    whole = float(amount) == round(float(amount))
    return number(amount, lang, 0 if whole else 1)


def day_text(day: Any, lang: str) -> str:
    """Write a day; nothing where it is not known."""
    return "" if pd.isna(day) else date_text(pd.Timestamp(day).date(), lang)


def as_days(dates: Any) -> NDArray[np.datetime64]:
    """Give dates as days without a time."""
    return np.asarray(dates).astype("datetime64[D]")

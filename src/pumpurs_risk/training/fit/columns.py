"""Which columns of a table are factors, and in what form each is read: a curve's numbers or a level's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.factors.support import SUPPORT_GIVEN
from pumpurs_risk.model.inputs import word_column
from pumpurs_risk.model.shapes import Floats

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue

IDENTITY = ("pupil_id", "school_id", "class_id", "as_of", "semester", SUPPORT_GIVEN)
"""Columns that say who, when, and who was helped; never a factor."""
STEPS = 8
"""Steps of a curve for a factor that the catalogue does not know, at every number of rows."""
ENDS = 0.005
"""Share of rows beyond the first and the last knot: protects against typing errors."""
SMALLEST_LEVEL = 3.0
"""Summed weight that a level needs to have a number of its own; rarer ones count as unknown."""


@dataclass(frozen=True)
class Choice:
    """The columns of a table, sorted by what they are for.

    Parameters
    ----------
    factors : tuple of str
        To be learned from.
    left_out : tuple of str
        Context, and protected attributes in a table that holds factors of the catalogue.
    protected : tuple of str
        Protected attributes; among the factors only if the table holds no factor of the catalogue.
    of_catalogue : bool
        Whether the table holds any factor of the catalogue.
    """

    factors: tuple[str, ...]
    left_out: tuple[str, ...]
    protected: tuple[str, ...]
    of_catalogue: bool


def choose_columns(columns: Sequence[str], catalogue: Catalogue, apart: Sequence[str] = ()) -> Choice:
    """Tell factors from what only says who, when and where.

    In a table that holds any factor of the catalogue, context columns and protected attributes are no factors. A table of
    other columns is taken as it is, but for ids.

    Parameters
    ----------
    columns : sequence of str
        The table's.
    catalogue : Catalogue
        Knows factors, context and the words of protected attributes.
    apart : sequence of str
        Columns with another purpose.

    Returns
    -------
    Choice

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> cat = Catalogue.load()
    >>> choose_columns(["pupil_id", "age", "absence_share", "sex"], cat).factors
    ('absence_share',)
    >>> choose_columns(["age", "income"], cat).factors
    ('age', 'income')
    """
    own = [name for name in columns if name not in IDENTITY and name not in apart]
    of_catalogue = any(name in catalogue.factors for name in own)
    protected = tuple(n for n in own if n not in catalogue.factors and catalogue.protected_attribute(n) is not None)
    context = set(catalogue.context) if of_catalogue else set()
    barred = context | (set(protected) if of_catalogue else set())
    return Choice(
        factors=tuple(n for n in own if n not in barred),
        left_out=tuple(n for n in columns if n in barred),
        protected=protected,
        of_catalogue=of_catalogue,
    )


@dataclass(frozen=True)
class Numbers:
    """A column of numbers and where its curve may bend."""

    factor: str
    values: Floats
    knots: tuple[float, ...]

    @property
    def n_columns(self) -> int:
        """Steps of the curve."""
        return len(self.knots) - 1

    @property
    def unknown(self) -> Any:
        """Where the value is not recorded."""
        return np.isnan(self.values)

    def basis(self, part: slice, out: Floats | None = None) -> Floats:
        """How far each step is climbed, 0 to 1; NaN where unknown. Shape (rows, n_columns)."""
        knots = np.asarray(self.knots)
        rows: Floats = np.subtract(self.values[part, None], knots[:-1], out=out)
        rows /= np.diff(knots)
        return np.clip(rows, 0.0, 1.0, out=rows)

    def at(self, heights: Floats) -> Floats:
        """Height of the curve at each value, given those at the knots; shape (n,)."""
        found: Floats = np.interp(self.values, self.knots, heights)
        return found


@dataclass(frozen=True)
class Words:
    """A column of words as codes; -1 is unknown, or a level too rare to be learned."""

    factor: str
    codes: Any
    levels: tuple[str, ...]

    @property
    def as_step(self) -> bool:
        """Two levels are one column of zeros and ones."""
        return len(self.levels) == 2

    @property
    def n_columns(self) -> int:
        """One per level, one for two levels."""
        return 1 if self.as_step else len(self.levels)

    @property
    def unknown(self) -> Any:
        """Where the word is not recorded or too rare."""
        return self.codes < 0

    def basis(self, part: slice, out: Floats | None = None) -> Floats:
        """One column per level; NaN where unknown. Shape (rows, n_columns)."""
        table = np.vstack([np.eye(len(self.levels)), np.full(len(self.levels), np.nan)])
        rows: Floats = (table[:, 1:] if self.as_step else table)[self.codes[part]]
        if out is not None:
            out[...] = rows
        return rows

    def at(self, heights: Floats) -> Floats:
        """Height of each row's level; shape (n,)."""
        found: Floats = np.append(heights, np.nan)[self.codes]
        return found


Column = Numbers | Words


def is_words(column: pd.Series[Any]) -> bool:
    """Tell whether a column's values are names of levels rather than numbers."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(column.dtype):
        return False
    known = column.dropna()
    return len(known) > 0 and not known.map(lambda v: isinstance(v, int | float | np.number | np.bool_)).all()


def read_numbers(frame: pd.DataFrame, name: str, weight: Floats, knots: Sequence[float] | None) -> Numbers:
    """Read a column as numbers, with the knots given or found.

    Parameters
    ----------
    frame : pandas.DataFrame, n rows
    name : str
        The column.
    weight : ndarray of float, shape (n,)
        Of the rows.
    knots : sequence of float, optional
        Where the curve may bend; quantiles of the data if it is not given.

    Returns
    -------
    Numbers

    Raises
    ------
    ValueError
        If the column holds dates, or a number that is not finite; NaN is unknown.
    """
    from pumpurs_risk.model.inputs import numeric_column

    if pd.api.types.is_datetime64_any_dtype(frame[name].dtype):
        raise ValueError(
            f"Column {name!r} of X holds dates. Hand in a number instead, such as days until the list's day."
        )
    values = numeric_column(frame, name)
    if np.isinf(values).any():
        raise ValueError(f"Column {name!r} of X contains infinity. Use NaN for what is not known.")
    return Numbers(name, values, tuple(knots) if knots is not None else found_knots(values, weight))


def read_words(frame: pd.DataFrame, name: str, weight: Floats, levels: Sequence[str] | None) -> Words:
    """Read a column as levels, those given or all that are held by enough rows.

    Parameters
    ----------
    frame : pandas.DataFrame, n rows
    name : str
        The column.
    weight : ndarray of float, shape (n,)
        Of the rows.
    levels : sequence of str, optional
        The levels, in their order; otherwise those found, sorted.

    Returns
    -------
    Words
    """
    words = word_column(frame, name)
    codes, found = pd.factorize(words, sort=True)
    held = np.bincount(codes[codes >= 0], weights=weight[codes >= 0], minlength=len(found))
    kept = (
        tuple(map(str, levels)) if levels is not None else tuple(str(w) for w in found[held >= SMALLEST_LEVEL - 1e-9])
    )
    place = pd.Index(kept).get_indexer(pd.Index([str(w) for w in found], dtype=object))
    return Words(name, np.append(place, -1)[codes].astype(np.int32), kept)


def found_knots(values: Floats, weight: Floats) -> tuple[float, ...]:
    """Choose where a curve may bend: every distinct value if they are few, else weighted quantiles.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        NaN is unknown.
    weight : ndarray of float, shape (n,)
        Of the rows; rows without weight do not count.

    Returns
    -------
    tuple of float
        Increasing; at least two.

    Examples
    --------
    >>> found_knots(np.array([0.0, 1.0, 1.0, np.nan]), np.ones(4))
    (0.0, 1.0)
    """
    used = ~np.isnan(values) & (weight > 0)
    x, w = values[used], weight[used]
    distinct = np.unique(x)
    if not len(distinct):
        return (0.0, 1.0)
    if len(distinct) > STEPS + 1:
        shares = np.linspace(0, 1, STEPS + 1)
        shares[0], shares[-1] = ENDS, 1 - ENDS
        spread = np.unique(weighted_quantiles(x, w, shares))
        distinct = spread if len(spread) > 1 else distinct[[0, -1]]
    if len(distinct) == 1:
        return (float(distinct[0]), float(distinct[0]) + 1.0)
    return tuple(map(float, distinct))


def weighted_quantiles(x: Floats, weight: Floats, shares: Floats) -> Floats:
    """Inverse of the weighted distribution function: always a value of the data, never between two.

    Weights are summed per distinct value and compared with a little slack, so that a row repeated with half its weight, or
    rows in another order, give the same knots.
    """
    distinct, place = np.unique(x, return_inverse=True)
    below = np.cumsum(np.bincount(place, weights=weight))
    reached = np.searchsorted(below / below[-1], shares - 1e-12)
    return distinct[np.minimum(reached, len(distinct) - 1)]


def named(given: Mapping[str, Any] | Sequence[Any] | None, columns: Sequence[str], what: str) -> dict[str, Any]:
    """Give a parameter per column by name: from a mapping, or from an array of one entry per column.

    Raises
    ------
    ValueError
        If a name is none of the columns, or the array has another length.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        unknown = [name for name in given if name not in columns]
        if unknown:
            raise ValueError(
                f"{what} names {unknown[0]!r}, which is no factor of X. Factors: {', '.join(columns[:12])}."
            )
        return dict(given)
    entries = list(given)
    if len(entries) != len(columns):
        raise ValueError(f"{what} has {len(entries)} entries for {len(columns)} columns; a mapping by name is safer.")
    return dict(zip(columns, entries, strict=True))

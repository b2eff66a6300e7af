"""Terms: one factor each, with its column, its prior curve, and how wide the prior is around it.

The prior of a curve's increments is a straight line plus deviations, so that the sd of the total effect is the width times
`tau` however many knots there are.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pumpurs_risk.errors import DirectionWarning
from pumpurs_risk.model.shapes import Floats, Levels, PiecewiseLinear, Shape
from pumpurs_risk.training.fit.columns import Column, Numbers, Words, is_words, read_numbers, read_words

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue, RiskFactor
    from pumpurs_risk.model import AdditiveModel

LEVEL_TAU = 0.67
"""Prior sd per level of a factor of words, as a multiple of the width."""
LINE = 0.8
"""Share of a curve's prior variance that lies in its straight line."""


@dataclass(frozen=True)
class Term:
    """A factor as it is fitted.

    Parameters
    ----------
    column : Numbers or Words
        The data.
    version, construct : int, str
        From the catalogue or the prior; 1 and the factor's own name where neither knows it.
    direction : {-1, 0, 1}
        The increments' sign, 0 if free.
    mean : ndarray, shape (K,)
        Prior mean of the coefficients.
    spread : ndarray, shape (K, K)
        Prior covariance at width 1.
    unknown_mean : float
        Prior mean of what "unknown" adds to the mean row.
    """

    column: Column
    version: int
    construct: str
    direction: int
    mean: Floats
    spread: Floats
    unknown_mean: float

    @property
    def factor(self) -> str:
        """Id of the factor."""
        return self.column.factor

    @property
    def sign(self) -> int:
        """Columns are multiplied with this, so that a bound coefficient is never negative."""
        return -1 if self.direction < 0 else 1


def line_and_deviation(knots: Sequence[float]) -> Floats:
    """Prior covariance of a curve's increments, with a total effect of sd 1.

    Parameters
    ----------
    knots : sequence of float, length K + 1

    Returns
    -------
    ndarray, shape (K, K)

    Examples
    --------
    >>> total = line_and_deviation([0.0, 1.0, 4.0]).sum()
    >>> round(float(total), 12)
    1.0
    """
    v = np.diff(np.asarray(knots, float))
    v /= v.sum()
    k = len(v)
    return (1 - LINE) * np.eye(k) / k + LINE * np.outer(v, v)


def make_terms(
    frame: pd.DataFrame,
    factors: Sequence[str],
    weight: Floats,
    prior: AdditiveModel | None,
    catalogue: Catalogue,
    directions: Mapping[str, int],
    knots: Mapping[str, Sequence[float]],
) -> tuple[Term, ...]:
    """Make a term of every factor.

    Parameters
    ----------
    frame : pandas.DataFrame, n rows
    factors : sequence of str
        Its columns that are factors.
    weight : ndarray of float, shape (n,)
        Of the rows.
    prior : AdditiveModel, optional
        Where the curves start.
    catalogue : Catalogue
        Standard knots and known directions.
    directions, knots : mapping by factor
        What the user states; goes before the catalogue.

    Returns
    -------
    tuple of Term

    Raises
    ------
    ValueError
        If knots are not at least two numbers that increase, or a direction is none of -1, 0 and 1.
    """
    shapes = {shape.factor: shape for shape in prior.shapes} if prior else {}
    made = []
    for name in factors:
        entry, shape = catalogue.factors.get(name), shapes.get(name)
        direction = _direction(name, directions, entry, shape)
        column = _column(frame, name, weight, entry, shape, knots.get(name))
        mean, unknown = _prior_mean(column, shape)
        if direction and isinstance(column, Numbers):
            against = direction * mean < 0
            if against.any():
                warnings.warn(
                    f"The prior's curve of {name!r} goes against its direction; those steps start from 0.",
                    DirectionWarning,
                    stacklevel=4,
                )
                mean = np.where(against, 0.0, mean)
        made.append(
            Term(
                column=column,
                version=entry.version if entry else (shape.version if shape else 1),
                construct=entry.construct if entry else (shape.construct if shape else name),
                direction=direction if isinstance(column, Numbers) else 0,
                mean=mean,
                spread=_spread(column),
                unknown_mean=unknown,
            )
        )
    return tuple(made)


def whole_covariance(model: AdditiveModel) -> Floats:
    """Posterior covariance of a model's coefficients as one matrix: all shapes', then the cells of its pairs.

    Parameters
    ----------
    model : AdditiveModel

    Returns
    -------
    ndarray, shape (k, k)
    """
    k = sum(term.n_coefficients for term in (*model.shapes, *model.pairs))
    whole = np.zeros((k, k))
    for block in model.covariance:
        part = slice(block.start, block.start + len(block.matrix))
        whole[part, part] = np.asarray(block.matrix)
    return whole


def prior_covariance(terms: Sequence[Term], prior: AdditiveModel) -> Floats:
    """Prior covariance of all terms' coefficients as the prior model states it; terms it does not have keep width 0.5.

    Parameters
    ----------
    terms : sequence of Term
    prior : AdditiveModel
        With its covariance.

    Returns
    -------
    ndarray, shape (k, k)
        In the terms' order and signs as they are (not turned by direction).
    """
    ends = np.cumsum([shape.n_coefficients for shape in prior.shapes])
    whole = whole_covariance(prior)
    start = {s.factor: int(e) - s.n_coefficients for s, e in zip(prior.shapes, ends, strict=True)}
    by_factor = {s.factor: s for s in prior.shapes}
    pick = np.zeros((sum(t.column.n_columns for t in terms), len(whole)))
    own = np.zeros((len(pick), len(pick)))
    at = 0
    for term in terms:
        rows = slice(at, at + term.column.n_columns)
        shape = by_factor.get(term.factor)
        if shape is not None and _same_form(term.column, shape):
            pick[rows, start[term.factor] : start[term.factor] + shape.n_coefficients] = _from_shape(term.column)
        else:
            own[rows, rows] = 0.25 * term.spread
        at = rows.stop
    return pick @ whole @ pick.T + own


def _from_shape(column: Column) -> Floats:
    """Coefficients of a column from those of its shape: two levels are one step."""
    if isinstance(column, Words) and column.as_step:
        return np.array([[-1.0, 1.0]])
    return np.eye(column.n_columns)


def _same_form(column: Column, shape: Shape) -> bool:
    if isinstance(column, Words):
        return isinstance(shape, Levels) and shape.levels == column.levels
    return isinstance(shape, PiecewiseLinear) and shape.knots == column.knots


def _direction(name: str, directions: Mapping[str, int], entry: RiskFactor | None, shape: Shape | None) -> int:
    given = directions.get(name)
    if given is not None:
        if given not in (-1, 0, 1):
            raise ValueError(f"monotonic_cst of {name!r} must be -1, 0 or 1, got {given!r}")
        return int(given)
    return entry.direction if entry else (shape.direction if shape else 0)


def _column(
    frame: pd.DataFrame,
    name: str,
    weight: Floats,
    entry: RiskFactor | None,
    shape: Shape | None,
    knots: Sequence[float] | None,
) -> Column:
    if isinstance(shape, Levels) or (entry is not None and entry.kind == "level"):
        levels = shape.levels if isinstance(shape, Levels) else tuple(entry.levels) if entry else None
        return read_words(frame, name, weight, levels)
    if shape is None and entry is None and is_words(frame[name]):
        return read_words(frame, name, weight, None)
    if knots is not None:
        stated = [float(k) for k in knots]
        if len(stated) < 2 or not np.isfinite(stated).all() or (np.diff(stated) <= 0).any():
            raise ValueError(f"knots of {name!r} must be at least two numbers that increase, got {list(knots)!r}")
        return read_numbers(frame, name, weight, stated)
    standard = shape.knots if isinstance(shape, PiecewiseLinear) else entry.knots if entry else None
    return read_numbers(frame, name, weight, standard)


def _prior_mean(column: Column, shape: Shape | None) -> tuple[Floats, float]:
    """Prior mean of the coefficients, and of what "unknown" adds to the mean row."""
    if shape is None:
        return np.zeros(column.n_columns), 0.0
    if isinstance(column, Words):
        known = dict(zip(shape.levels, shape.values, strict=True)) if isinstance(shape, Levels) else {}
        values = np.array([known.get(level, 0.0) for level in column.levels])
        return (np.diff(values) if column.as_step else values), shape.unknown
    assert isinstance(shape, PiecewiseLinear)
    heights = np.interp(column.knots, shape.knots, shape.values)
    return np.diff(heights), shape.unknown


def _spread(column: Column) -> Floats:
    if isinstance(column, Numbers):
        return line_and_deviation(column.knots)
    return np.eye(1) if column.as_step else LEVEL_TAU**2 * np.eye(column.n_columns)


def step_values(term: Term, coefficients: Floats) -> Floats:
    """Heights at the knots or levels from a term's coefficients, the first knot at 0.

    Parameters
    ----------
    term : Term
    coefficients : ndarray, shape (K,)

    Returns
    -------
    ndarray
        One per knot, or one per level.
    """
    if isinstance(term.column, Words) and not term.column.as_step:
        return coefficients
    return np.append(0.0, np.cumsum(coefficients))

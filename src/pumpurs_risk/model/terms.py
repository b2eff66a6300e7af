"""The terms of the sum: what each factor and each school adds, a pair's part half and half."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.model.inputs import numeric_column, shape_column, word_column
from pumpurs_risk.model.pairs import PairAxis, PairShape
from pumpurs_risk.model.shapes import Floats, Shape

if TYPE_CHECKING:
    from pumpurs_risk.model.contents import ModelContents

SCHOOL = "school_id"
"""Column of X that says which school a pupil goes to."""


def term_columns(frame: pd.DataFrame, term: Shape | PairShape) -> tuple[Any, ...]:
    """Give the columns that a shape (one) or a pair (two) speaks about, as its ``basis`` and ``evaluate`` take them."""
    if isinstance(term, PairShape):
        return axis_column(frame, term.left), axis_column(frame, term.right)
    return (shape_column(frame, term),)


def axis_column(frame: pd.DataFrame, axis: PairAxis) -> Any:
    """Give the column of one side of a pair, in the type its kind needs."""
    return word_column(frame, axis.factor) if axis.levels else numeric_column(frame, axis.factor)


def pair_halves(model: ModelContents, frame: pd.DataFrame) -> dict[str, Floats]:
    """Half of what every pair adds, summed per factor that takes part in one."""
    halves: dict[str, Floats] = {}
    for pair in model.pairs:
        half = 0.5 * pair.evaluate(*term_columns(frame, pair))
        for factor in pair.factors:
            halves[factor] = halves[factor] + half if factor in halves else half
    return halves


def shape_values(model: ModelContents, frame: pd.DataFrame) -> Floats:
    """Log-odds that each factor gives, its halves of pairs included, shape (n, n_features)."""
    values = np.empty((len(frame), len(model.shapes)), order="F")
    halves = pair_halves(model, frame)
    for j, shape in enumerate(model.shapes):
        values[:, j] = shape.evaluate(shape_column(frame, shape))
        if shape.factor in halves:
            values[:, j] += halves[shape.factor]
    return values


def school_values(model: ModelContents, frame: pd.DataFrame) -> Floats:
    """Log-odds that each pupil's school adds, shape (n,); 0 for a school that is not known."""
    if model.schools is None:
        return np.zeros(len(frame))
    return model.schools.level_of(word_column(frame, SCHOOL))


def school_variance(model: ModelContents, frame: pd.DataFrame) -> Floats:
    """Variance of each school's level, shape (n,); that between schools for a school that is not known."""
    if model.schools is None:
        return np.zeros(len(frame))
    return model.schools.variance_of(word_column(frame, SCHOOL))

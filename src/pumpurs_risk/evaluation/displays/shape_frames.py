"""The numbers behind the picture of a shape: the curve with its band, "not recorded", and which values pupils have."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.locale import text
from pumpurs_risk.model.inputs import shape_column
from pumpurs_risk.model.shapes import Levels, PiecewiseLinear

if TYPE_CHECKING:
    from pumpurs_risk.model import AdditiveModel

_BINS = 30
_MOST_WHOLE = 15  # whole numbers over a longer stretch are drawn as a histogram


def shape_frames(model: AdditiveModel, factor: str, level: float = 0.9) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Values of one shape with its posterior band, and those of "not recorded".

    Parameters
    ----------
    model : AdditiveModel
    factor : str
    level : float, default=0.9

    Returns
    -------
    curve : pandas.DataFrame
        value, log_odds, lower, upper: at knots and between them, or per level.
    unknown : pandas.DataFrame
        log_odds, lower, upper.

    Raises
    ------
    ValueError
        If the model has no such factor.
    """
    shape = shape_of(model, factor)
    value: Any
    if isinstance(shape, PiecewiseLinear):
        value = np.unique(np.r_[shape.knots, np.linspace(shape.knots[0], shape.knots[-1], 101)])
        log_odds = shape.evaluate(value)
    else:
        value = np.array(shape.levels, dtype=object)
        log_odds = shape.evaluate(value)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    sd = model.contribution_sd(pd.DataFrame({factor: value}), [factor])
    curve = pd.DataFrame({"value": value, "log_odds": log_odds, "lower": log_odds - z * sd, "upper": log_odds + z * sd})
    reach = z * shape.unknown_variance**0.5
    unknown = {"log_odds": [shape.unknown], "lower": [shape.unknown - reach], "upper": [shape.unknown + reach]}
    return curve, pd.DataFrame(unknown)


def shape_of(model: AdditiveModel, factor: str) -> PiecewiseLinear | Levels:
    """Find a factor's shape.

    Raises
    ------
    ValueError
        If the model has no such factor.
    """
    for shape in model.shapes:
        if shape.factor == factor:
            return shape
    raise ValueError(text("displays.shape.none", "en", factor=factor, known=", ".join(model.features)))


def pupils_frame(shape: PiecewiseLinear | Levels, X: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """How many pupils have which values; those beyond the outer knots count at the ends."""
    column = shape_column(X, shape)
    known = ~shape.unknown_at(column)
    share = float(known.mean()) if len(known) else 0.0
    if isinstance(shape, Levels):
        counts = np.bincount(shape.codes(column)[known], minlength=len(shape.levels))
        return pd.DataFrame({"value": list(shape.levels), "rows": counts}), share
    values = np.clip(column[known], shape.knots[0], shape.knots[-1])
    whole = (
        len(values) > 0 and bool((values == np.rint(values)).all()) and shape.knots[-1] - shape.knots[0] <= _MOST_WHOLE
    )
    if whole:
        edges = np.arange(np.floor(shape.knots[0]) - 0.5, np.ceil(shape.knots[-1]) + 1)
        edges = np.stack([edges[:-1] + 0.1, edges[1:] - 0.1])
        counts = np.bincount(np.rint(values - np.floor(shape.knots[0])).astype(np.int64), minlength=edges.shape[1])
    else:
        grid = np.linspace(shape.knots[0], shape.knots[-1], _BINS + 1)
        edges, counts = np.stack([grid[:-1], grid[1:]]), np.histogram(values, grid)[0]
    return pd.DataFrame({"from": edges[0], "to": edges[1], "rows": counts}), share

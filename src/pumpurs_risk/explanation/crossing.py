"""How likely the answer to an unknown factor is to carry a pupil over the cut, from how the factor is usually spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pumpurs_risk.model.inputs import shape_column
from pumpurs_risk.model.shapes import PiecewiseLinear
from pumpurs_risk.model.terms import axis_column

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import RiskFactor
    from pumpurs_risk.model import AdditiveModel

    Floats = NDArray[np.float64]

_ROUNDING = 1e-9


class Crossing(NamedTuple):
    """What the answers to one factor may do, per pupil; arrays of shape (n,)."""

    probability: Floats
    """That the answer carries the pupil over, if they are spread as usual."""
    possible: NDArray[np.bool_]
    """Whether any answer does, the rarest included."""


def crossing(
    model: AdditiveModel, frame: pd.DataFrame, factor: RiskFactor, lacking: Floats, to_spare: Floats
) -> Crossing:
    """Say how likely the answer is to carry each pupil over the cut, pairs included as the model has them.

    Parameters
    ----------
    model : AdditiveModel
        With a curve for the factor.
    frame : pandas.DataFrame, n rows
        Pupils of whom the factor is not recorded.
    factor : RiskFactor
        Its ``typical`` is how answers are spread.
    lacking : ndarray, shape (n,)
        Log-odds that pupils below the cut lack to it; +inf for those above.
    to_spare : ndarray, shape (n,)
        Log-odds that pupils above have to spare before they are out; +inf for those below.

    Returns
    -------
    Crossing

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> from pumpurs_risk.model import load_model
    >>> X = pd.DataFrame({"pupil_id": ["a", "b"], "absence_share": [0.2, 0.0]})
    >>> concern = Catalogue.load().factors["teacher_concern"]
    >>> near_and_far = np.array([0.1, 3.0])
    >>> crossing(load_model("literature-prior"), X, concern, near_and_far, np.full(2, np.inf)).probability.round(2).tolist()
    [0.13, 0.0]
    """
    shape = next(s for s in model.shapes if s.factor == factor.id and isinstance(s, PiecewiseLinear))
    values, weights = _answers(factor, shape)
    if not any(factor.id in pair.factors for pair in model.pairs):
        adds = shape.evaluate(values) - shape.unknown
        order = np.argsort(adds)
        adds, below = adds[order], np.concatenate([[0.0], np.cumsum(weights[order])])
        over = below[-1] - below[np.searchsorted(adds, lacking - _ROUNDING)]
        under = below[np.searchsorted(adds, -to_spare + _ROUNDING)]
        possible = (adds[-1] >= lacking - _ROUNDING) | (adds[0] < -to_spare + _ROUNDING)
        return Crossing(np.clip(over + under, 0.0, 1.0), possible)
    probability = np.zeros(len(frame))
    possible = np.zeros(len(frame), dtype=bool)
    for value, weight in zip(values, weights, strict=True):
        moved = _adds(model, frame, shape, float(value))
        crosses = (moved >= lacking - _ROUNDING) | (moved < -to_spare + _ROUNDING)
        probability[crosses] += weight
        possible |= crosses
    return Crossing(np.clip(probability, 0.0, 1.0), possible)


def _answers(factor: RiskFactor, shape: Any) -> tuple[Floats, Floats]:
    """Possible answers with how common each is; rare ones at the knots of the curve have no weight of their own."""
    from pumpurs_risk.training.prior import typical_points

    knots = np.asarray(shape.knots, dtype=float)
    if factor.typical is None:
        return knots, np.zeros(len(knots))
    values, weights = typical_points(factor.typical)
    common, at = np.unique(values, return_inverse=True)
    counted = np.bincount(at, weights=weights)
    return np.concatenate([common, knots]), np.concatenate([counted, np.zeros(len(knots))])


def _adds(model: AdditiveModel, frame: pd.DataFrame, shape: PiecewiseLinear, value: float) -> Floats:
    """Log-odds that one answer adds to what the pupils have while it is unknown."""
    n = len(frame)
    then = np.full(n, value)
    total = shape.evaluate(then) - shape.evaluate(shape_column(frame, shape))
    for pair in model.pairs:
        if shape.factor in pair.factors:
            now = [axis_column(frame, axis) for axis in (pair.left, pair.right)]
            changed = [then if name == shape.factor else c for name, c in zip(pair.factors, now, strict=True)]
            total += pair.evaluate(*changed) - pair.evaluate(*now)
    return total

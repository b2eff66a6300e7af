"""Prior shares: the recorded factors of a construct carry its whole published effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd

from pumpurs_risk.model.inputs import shape_column
from pumpurs_risk.model.shapes import Shape

if TYPE_CHECKING:
    from pumpurs_risk.model.additive import AdditiveModel

_RECORDED_BY = 0.5  # a factor counts as recorded by a run if at least half of its pupils have it


def carried_by_recorded(shapes: tuple[Shape, ...], frame: pd.DataFrame) -> tuple[tuple[Shape, ...], set[str]]:
    """Renormalise prior shares over the factors that at least half of the pupils have; see `AdditiveModel.for_recorded`.

    Parameters
    ----------
    shapes : tuple of Shape
        The model's; those without a prior share stay as they are.
    frame : pandas.DataFrame
        The run's pupils; without any, nothing changes.

    Returns
    -------
    shapes : tuple of Shape
        In the same order.
    recorded : set of str
        Ids of the recorded factors that have a prior share.
    """
    if not len(frame):
        return shapes, set()
    recorded = {
        s.factor for s in shapes if s.prior_share and (~s.unknown_at(shape_column(frame, s))).mean() >= _RECORDED_BY
    }
    sums: dict[str, float] = {}
    for shape in shapes:
        if shape.factor in recorded:
            sums[shape.construct] = sums.get(shape.construct, 0.0) + (shape.prior_share or 0.0)
    wanted = {s.factor: 1 / sums[s.construct] if s.factor in recorded else 1.0 for s in shapes}
    scaled = tuple(
        s if s.prior_share is None or wanted[s.factor] == s.share_scale else s.at_share_scale(wanted[s.factor])
        for s in shapes
    )
    return scaled, recorded


def for_recorded(model: AdditiveModel, X: Any) -> AdditiveModel:
    """Renormalise a model's prior shares, those of its curves for two years too; see `AdditiveModel.for_recorded`."""
    shapes, recorded = carried_by_recorded(model.shapes, model._checked(X))
    two_years = model.two_years and for_recorded(model.two_years, X)
    if shapes == model.shapes and two_years is model.two_years:
        return model
    note = "prior shares renormalised over the recorded factors: " + (", ".join(sorted(recorded)) or "none")
    return msgspec.structs.replace(model, shapes=shapes, two_years=two_years, provenance=model._noted(note))

"""Which of a model's factors stand on a point card, and how precisely their values are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pumpurs_risk.errors import TrainingError
from pumpurs_risk.model.additive import AdditiveModel
from pumpurs_risk.model.inputs import shape_column
from pumpurs_risk.model.pairs import PairShape
from pumpurs_risk.model.shapes import Shape
from pumpurs_risk.training.card.lines import Decimals

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue


def chosen_terms(
    model: AdditiveModel, frame: pd.DataFrame | None, factors: int | Sequence[str] | None
) -> list[Shape | PairShape]:
    """Shapes and pairs for the card, in the model's order; see `PointScorecard.from_model`.

    Raises
    ------
    TrainingError
        If a factor is not one of the model's, or a number of factors is not positive.
    """
    spread = {shape.factor: shape.variance for shape in model.shapes}
    if frame is not None and len(frame):
        columns = {shape.factor: shape_column(frame, shape) for shape in model.shapes}
        spread = {
            s.factor: float(np.var(s.evaluate(columns[s.factor])))
            for s in model.shapes
            if not s.unknown_at(columns[s.factor]).all()
        }
    names = set(spread)
    if isinstance(factors, str):
        factors = [factors]
    if isinstance(factors, int | np.integer):
        if isinstance(factors, bool) or factors < 1:
            raise TrainingError("points_whole", name="factors", value=factors)
        names = set(sorted(spread, key=lambda f: -spread[f])[:factors])
    elif factors is not None:
        names = set(factors)
        for factor in names - set(model.features):
            raise TrainingError("points_factor", factor=factor, known=", ".join(model.features))
    shapes: list[Shape | PairShape] = [shape for shape in model.shapes if shape.factor in names]
    return [*shapes, *(pair for pair in model.pairs if set(pair.factors) <= names)]


def decimals_read(catalogue: Catalogue, frame: pd.DataFrame | None) -> Decimals:
    """How precisely values are read: as the catalogue prints them; in whole numbers where X holds nothing else."""

    def decimals(factor: str) -> int | None:
        known = catalogue.factors.get(factor)
        if known is not None:
            return known.decimals + 2 if known.kind == "share" else known.decimals
        if frame is None or factor not in frame:
            return None
        values = pd.to_numeric(frame[factor], errors="coerce").dropna()
        return 0 if len(values) and (values == values.round()).all() else None

    return decimals

"""What a model holds, and what scikit-learn's classifiers call it."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from pumpurs_risk.model.inputs import as_frame, check_known
from pumpurs_risk.model.pairs import PairShape
from pumpurs_risk.model.parts import CovarianceBlock, Pooling, Provenance, RateRange, SchoolLevels, Training
from pumpurs_risk.model.shapes import Shape


class ModelContents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The stored fields; `AdditiveModel` says what each one is."""

    name: str
    horizon: str
    base: float
    national_mean: float
    features: tuple[str, ...]
    shapes: tuple[Shape, ...]
    covariance: tuple[CovarianceBlock, ...]
    base_variance: float
    provenance: Provenance
    rate_range: RateRange | None = None
    pairs: tuple[PairShape, ...] = ()
    schools: SchoolLevels | None = None
    training: Training | None = None
    pooling: Pooling | None = None

    @property
    def classes_(self) -> npt.NDArray[np.int64]:
        """The two outcomes: 0 stays, 1 leaves."""
        return np.array([0, 1])

    @property
    def feature_names_in_(self) -> npt.NDArray[np.object_]:
        """Factor ids in order."""
        return np.array(self.features, dtype=object)

    @property
    def n_features_in_(self) -> int:
        """Number of factors."""
        return len(self.features)

    @property
    def has_local_outcomes(self) -> bool:
        """Whether the model has learned from leavers of this place; else its level is published evidence only."""
        return self.provenance.outcomes > 0

    @property
    def unknown_sd(self) -> dict[str, float]:
        """Per factor, the sd of its shape over typical pupils: how much asking about it could tell."""
        return {shape.factor: shape.variance**0.5 for shape in self.shapes}

    def _noted(self, note: str) -> Provenance:
        return msgspec.structs.replace(self.provenance, notes=(*self.provenance.notes, note))

    def _checked(self, X: Any) -> pd.DataFrame:
        frame = as_frame(X)
        check_known(frame, self.features)
        return frame

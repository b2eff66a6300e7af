"""Against whom contributions are measured: what is typical, the pupil's peers, or one given pupil."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from pumpurs_risk.model.inputs import check_known
from pumpurs_risk.model.peers import PeerReference
from pumpurs_risk.model.posterior import Rows, mean_rows, one_row
from pumpurs_risk.model.shapes import Floats
from pumpurs_risk.model.terms import shape_values

if TYPE_CHECKING:
    from pumpurs_risk.model.contents import ModelContents

    Reference: TypeAlias = PeerReference | Literal["population", "peers"] | pd.Series[Any] | pd.DataFrame


def reference_values(model: ModelContents, frame: pd.DataFrame, reference: Reference) -> Floats:
    """Log-odds that each factor gives the reference, shape (1, n_features), or (n, n_features) for peers."""
    found = _found(model, frame, reference)
    if found is None:
        return np.zeros((1, len(model.shapes)))
    if isinstance(found, PeerReference):
        return found.reference_values(model, frame)
    return shape_values(model, found)


def reference_rows(model: ModelContents, frame: pd.DataFrame, reference: Reference) -> Rows:
    """Basis rows of the reference."""
    found = _found(model, frame, reference)
    if found is None:
        return mean_rows
    return found.basis_rows(model, frame) if isinstance(found, PeerReference) else one_row(found)


def _found(model: ModelContents, frame: pd.DataFrame, reference: Reference) -> PeerReference | pd.DataFrame | None:
    """Peers, one row, or None for what is typical."""
    if isinstance(reference, PeerReference):
        return reference
    if isinstance(reference, str) and reference == "population":
        return None
    if isinstance(reference, str) and reference == "peers":
        return PeerReference.from_table(model, frame)
    if isinstance(reference, pd.Series):
        reference = reference.to_frame().T
    if isinstance(reference, pd.DataFrame) and len(reference) == 1:
        check_known(reference, model.features)
        return reference
    raise ValueError(
        f"reference must be 'population', 'peers', a PeerReference or one row of factor values, got {reference!r}"
    )

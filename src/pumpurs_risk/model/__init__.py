"""The model: one artefact, plain data, exact. ``log-odds = base + sum of one shape per factor``."""

from pumpurs_risk.model.additive import AdditiveModel
from pumpurs_risk.model.peers import PeerReference
from pumpurs_risk.model.shapes import Levels, PiecewiseLinear, Shape
from pumpurs_risk.model.store import load_model, model_schema

__all__ = ["AdditiveModel", "Levels", "PeerReference", "PiecewiseLinear", "Shape", "load_model", "model_schema"]

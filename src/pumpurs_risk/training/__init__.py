"""The ways to obtain a model: published evidence (`prior`), a place's own history, neighbours' summaries, points.

Names are imported when they are first used, so that ``python -m pumpurs_risk.training.prior`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOMES = {
    "DropoutScorer": "scorer",
    "PointScorecard": "points",
    "ShapeSummary": "summary",
    "load_summary": "summary",
    "pool_models": "pooling",
    "recalibrate": "recalibration",
}

__all__ = ["DropoutScorer", "PointScorecard", "ShapeSummary", "load_summary", "pool_models", "recalibrate"]

if TYPE_CHECKING:
    from pumpurs_risk.training.points import PointScorecard
    from pumpurs_risk.training.pooling import pool_models
    from pumpurs_risk.training.recalibration import recalibrate
    from pumpurs_risk.training.scorer import DropoutScorer
    from pumpurs_risk.training.summary import ShapeSummary, load_summary


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found

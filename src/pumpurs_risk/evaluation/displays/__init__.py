"""Pictures in scikit-learn's convention; the numbers behind each are plain data frames, and matplotlib loads when one is drawn.

A *display* holds frames, ``plot(ax=None, ...)`` draws them and sets ``ax_`` and ``figure_``; ``from_estimator`` and
``from_predictions`` make and draw at once, ``from_evaluation`` takes what ``evaluate`` found.
"""

from pumpurs_risk.evaluation.displays.decision_curve import DecisionCurveDisplay
from pumpurs_risk.evaluation.displays.lead_time import LeadTimeDisplay
from pumpurs_risk.evaluation.displays.lift import LiftDisplay
from pumpurs_risk.evaluation.displays.places import PlacesDisplay
from pumpurs_risk.evaluation.displays.reliability import ReliabilityDisplay
from pumpurs_risk.evaluation.displays.shape import ShapeDisplay

__all__ = [
    "DecisionCurveDisplay",
    "LeadTimeDisplay",
    "LiftDisplay",
    "PlacesDisplay",
    "ReliabilityDisplay",
    "ShapeDisplay",
]

"""Is it any good? What a list is worth, told from later cohorts, beside the simple rules that it has to beat.

A *list* is one school on one day: its *places* go to the pupils with the highest scores. A *leaver* is a pupil who left
within the horizon. A *row* is one pupil on one day; rows of a pupil belong together in every resample and in every split.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pumpurs_risk.evaluation.account.document import evaluation_schema
    from pumpurs_risk.evaluation.account.result import Evaluation
    from pumpurs_risk.evaluation.displays import (
        DecisionCurveDisplay,
        LeadTimeDisplay,
        LiftDisplay,
        PlacesDisplay,
        ReliabilityDisplay,
        ShapeDisplay,
    )
    from pumpurs_risk.evaluation.evaluating import evaluate
    from pumpurs_risk.evaluation.groups.audit import audit_attributes
    from pumpurs_risk.evaluation.groups.fairness import by_group
    from pumpurs_risk.evaluation.opponents.baselines import (
        RuleClassifier,
        SchoolProgrammeClassifier,
        baseline_classifiers,
    )
    from pumpurs_risk.evaluation.worth.cutoff import effect_at_cutoff
    from pumpurs_risk.evaluation.worth.data import value_of_data
    from pumpurs_risk.evaluation.worth.expected import expected_and_observed
    from pumpurs_risk.evaluation.worth.places import one_more_place

_HOMES = {
    "DecisionCurveDisplay": "displays",
    "Evaluation": "account.result",
    "LeadTimeDisplay": "displays",
    "LiftDisplay": "displays",
    "PlacesDisplay": "displays",
    "ReliabilityDisplay": "displays",
    "RuleClassifier": "opponents.baselines",
    "SchoolProgrammeClassifier": "opponents.baselines",
    "ShapeDisplay": "displays",
    "audit_attributes": "groups.audit",
    "baseline_classifiers": "opponents.baselines",
    "by_group": "groups.fairness",
    "effect_at_cutoff": "worth.cutoff",
    "evaluate": "evaluating",
    "evaluation_schema": "account.document",
    "expected_and_observed": "worth.expected",
    "one_more_place": "worth.places",
    "value_of_data": "worth.data",
}
__all__ = [
    "DecisionCurveDisplay",
    "Evaluation",
    "LeadTimeDisplay",
    "LiftDisplay",
    "PlacesDisplay",
    "ReliabilityDisplay",
    "RuleClassifier",
    "SchoolProgrammeClassifier",
    "ShapeDisplay",
    "audit_attributes",
    "baseline_classifiers",
    "by_group",
    "effect_at_cutoff",
    "evaluate",
    "evaluation_schema",
    "expected_and_observed",
    "one_more_place",
    "value_of_data",
]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: pandas, scikit-learn and plotting cost time that ``--help`` need not pay."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"pumpurs_risk.evaluation.{_HOMES[name]}"), name)
    globals()[name] = found
    return found

"""Early warning for school dropout: a short list with reasons and a next step, decided by people.

The public names below are imported when they are first used, so that ``import pumpurs_risk`` costs next to nothing.

Examples
--------
>>> import pumpurs_risk as pr
>>> records = pr.make_cohort(n_pupils=300, random_state=0)
>>> X = pr.factor_table(records, as_of="2027-01-15")
>>> model = pr.load_model("literature-prior").for_recorded(X)
>>> flags = pr.flag(model, X, policy=pr.FlagPolicy(places=12))
>>> int((flags["tier"] == "act_now").sum()) >= 12
True
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "AdditiveModel": "model",
    "Catalogue": "catalogue",
    "CatalogueError": "errors",
    "DropoutScorer": "training",
    "Evaluation": "evaluation",
    "EvaluationError": "errors",
    "FlagPolicy": "flags",
    "MappingError": "errors",
    "ModelFileError": "errors",
    "Monitoring": "monitoring",
    "PeerReference": "model",
    "PlanError": "errors",
    "PointScorecard": "training",
    "PumpursError": "errors",
    "RecordsError": "errors",
    "RiskFactor": "catalogue",
    "Run": "batch",
    "RunError": "errors",
    "SchoolRecords": "records",
    "ShapeSummary": "training",
    "SupportPlanDraft": "plans",
    "TrainingError": "errors",
    "ValidationReport": "records",
    "changes": "batch",
    "describe_data": "records",
    "draft_plans": "batch",
    "evaluate": "evaluation",
    "evidence": "factors",
    "explain": "explanation",
    "factor_table": "factors",
    "flag": "flags",
    "load_model": "model",
    "load_summary": "training",
    "make_cohort": "datasets",
    "monitor": "batch",
    "most_useful_unknown": "explanation",
    "next_steps": "flags",
    "open_run": "batch",
    "outcome": "factors",
    "patterns": "flags",
    "pool_models": "training",
    "questions": "flags",
    "read_records": "records",
    "reasons": "explanation",
    "recalibrate": "training",
    "score": "batch",
    "signals": "flags",
    "summarise": "flags",
    "training_table": "batch",
    "validate": "records",
    "what_if": "explanation",
    "write_factor_table": "factors",
    "write_reports": "batch",
    "write_template": "records",
}

__all__ = [
    "AdditiveModel",
    "Catalogue",
    "CatalogueError",
    "DropoutScorer",
    "Evaluation",
    "EvaluationError",
    "FlagPolicy",
    "MappingError",
    "ModelFileError",
    "Monitoring",
    "PeerReference",
    "PlanError",
    "PointScorecard",
    "PumpursError",
    "RecordsError",
    "RiskFactor",
    "Run",
    "RunError",
    "SchoolRecords",
    "ShapeSummary",
    "SupportPlanDraft",
    "TrainingError",
    "ValidationReport",
    "__version__",
    "changes",
    "describe_data",
    "draft_plans",
    "evaluate",
    "evidence",
    "explain",
    "factor_table",
    "flag",
    "load_model",
    "load_summary",
    "make_cohort",
    "monitor",
    "most_useful_unknown",
    "next_steps",
    "open_run",
    "outcome",
    "patterns",
    "pool_models",
    "questions",
    "read_records",
    "reasons",
    "recalibrate",
    "score",
    "signals",
    "summarise",
    "training_table",
    "validate",
    "what_if",
    "write_factor_table",
    "write_reports",
    "write_template",
]

if TYPE_CHECKING:
    from pumpurs_risk.batch import (
        Run,
        changes,
        draft_plans,
        monitor,
        open_run,
        score,
        training_table,
        write_reports,
    )
    from pumpurs_risk.catalogue import Catalogue, RiskFactor
    from pumpurs_risk.datasets import make_cohort
    from pumpurs_risk.errors import (
        CatalogueError,
        EvaluationError,
        MappingError,
        ModelFileError,
        PlanError,
        PumpursError,
        RecordsError,
        RunError,
        TrainingError,
    )
    from pumpurs_risk.evaluation import Evaluation, evaluate
    from pumpurs_risk.explanation import explain, most_useful_unknown, reasons, what_if
    from pumpurs_risk.factors import evidence, factor_table, outcome, write_factor_table
    from pumpurs_risk.flags import FlagPolicy, flag, next_steps, patterns, questions, signals, summarise
    from pumpurs_risk.model import AdditiveModel, PeerReference, load_model
    from pumpurs_risk.monitoring import Monitoring
    from pumpurs_risk.plans import SupportPlanDraft
    from pumpurs_risk.records import (
        SchoolRecords,
        ValidationReport,
        describe_data,
        read_records,
        validate,
        write_template,
    )
    from pumpurs_risk.training import (
        DropoutScorer,
        PointScorecard,
        ShapeSummary,
        load_summary,
        pool_models,
        recalibrate,
    )


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])

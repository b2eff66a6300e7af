"""A semester's run: reads, scores, writes one folder; carries on what people wrote.

Names are imported when they are first used, so that one job does not load what another needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOMES = {
    "Run": ("run", "Run"),
    "RunSettings": ("run", "RunSettings"),
    "changes": ("changing", "changes_of"),
    "draft_plans": ("planning", "draft_plans"),
    "monitor": ("monitoring", "monitor"),
    "open_run": ("opening", "open_run"),
    "score": ("scoring", "score"),
    "training_table": ("history", "training_table"),
    "write_reports": ("again", "write_reports"),
}

__all__ = [
    "Run",
    "RunSettings",
    "changes",
    "draft_plans",
    "monitor",
    "open_run",
    "score",
    "training_table",
    "write_reports",
]

if TYPE_CHECKING:
    from pumpurs_risk.batch.again import write_reports
    from pumpurs_risk.batch.changing import changes_of as changes
    from pumpurs_risk.batch.history import training_table
    from pumpurs_risk.batch.monitoring import monitor
    from pumpurs_risk.batch.opening import open_run
    from pumpurs_risk.batch.planning import draft_plans
    from pumpurs_risk.batch.run import Run, RunSettings
    from pumpurs_risk.batch.scoring import score


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, called = _HOMES[name]
    found = getattr(importlib.import_module(f"{__name__}.{module}"), called)
    globals()[name] = found
    return found

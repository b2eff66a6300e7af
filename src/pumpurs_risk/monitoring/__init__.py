"""Is it still any good? Two finished lists compared, what staff did with them, and what happened afterwards.

*Drift* is a change of a factor's or the scores' distribution from one list to the next that is more than chance and large
enough to matter. *Outcomes* are what became of the first list's pupils within the horizon. Nothing is trained anew.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pumpurs_risk.monitoring.comparing import compare_lists
    from pumpurs_risk.monitoring.lists import MadeList
    from pumpurs_risk.monitoring.result import Monitoring, monitor_schema

_HOMES = {"MadeList": "lists", "Monitoring": "result", "compare_lists": "comparing", "monitor_schema": "result"}
__all__ = ["MadeList", "Monitoring", "compare_lists", "monitor_schema"]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: the statistics cost time that a schema need not pay."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"pumpurs_risk.monitoring.{_HOMES[name]}"), name)
    globals()[name] = found
    return found

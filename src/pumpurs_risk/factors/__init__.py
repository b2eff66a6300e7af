"""Factors: what was known of each pupil on a day, as one table X, with the facts behind it and what came after."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pumpurs_risk.factors.evidence import evidence  # at once: the module of the same name must not take its place

if TYPE_CHECKING:
    from pumpurs_risk.factors.history import stack_tables, training_table_of
    from pumpurs_risk.factors.known import KnownRecords, known_records
    from pumpurs_risk.factors.outcomes import outcome
    from pumpurs_risk.factors.table import conflicts, factor_frame, factor_table, write_factor_table
    from pumpurs_risk.factors.windows import Window

_HOMES = {
    "KnownRecords": "known",
    "Window": "windows",
    "conflicts": "table",
    "factor_frame": "table",
    "factor_table": "table",
    "known_records": "known",
    "outcome": "outcomes",
    "stack_tables": "history",
    "training_table_of": "history",
    "write_factor_table": "table",
}
__all__ = [
    "KnownRecords",
    "Window",
    "conflicts",
    "evidence",
    "factor_frame",
    "factor_table",
    "known_records",
    "outcome",
    "stack_tables",
    "training_table_of",
    "write_factor_table",
]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used, because pandas and narwhals cost time that ``--help`` need not pay."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"pumpurs_risk.factors.{_HOMES[name]}"), name)

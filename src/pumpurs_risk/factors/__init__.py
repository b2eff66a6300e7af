"""Factors: what was known of each pupil on a day, as one table X."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pumpurs_risk.factors.table import factor_table

__all__ = ["factor_table"]


def __getattr__(name: str) -> Any:
    """Import the table's maker when it is first used, because pandas costs time that ``--help`` need not pay."""
    if name != "factor_table":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pumpurs_risk.factors.table import factor_table

    return factor_table

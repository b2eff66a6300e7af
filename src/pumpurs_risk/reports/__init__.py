"""What is handed to people: lists, pages and plans for each audience, and what comes back in them.

Names are imported when they are first used, so that a list does not load what a plan in Word needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOMES = {
    "PlanTemplate": "docx",
    "Returned": "returned",
    "SchoolPaper": "paper",
    "SchoolReport": "paper",
    "read_plan_docx": "docx_reading",
    "read_returned": "returned",
    "write_school_page": "school_page",
    "write_support_staff_workbook": "xlsx",
}

__all__ = [
    "PlanTemplate",
    "Returned",
    "SchoolPaper",
    "SchoolReport",
    "read_plan_docx",
    "read_returned",
    "write_school_page",
    "write_support_staff_workbook",
]

if TYPE_CHECKING:
    from pumpurs_risk.reports.docx import PlanTemplate
    from pumpurs_risk.reports.docx_reading import read_plan_docx
    from pumpurs_risk.reports.paper import SchoolPaper, SchoolReport
    from pumpurs_risk.reports.returned import Returned, read_returned
    from pumpurs_risk.reports.school_page import write_school_page
    from pumpurs_risk.reports.xlsx import write_support_staff_workbook


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found

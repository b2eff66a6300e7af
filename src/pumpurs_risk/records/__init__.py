"""School records: reads sheets, event tables and frames, checks every cell, keeps names apart. Nothing here judges a pupil."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pumpurs_risk.records.contract import SheetContract
    from pumpurs_risk.records.description import describe_data, describe_text
    from pumpurs_risk.records.from_files import read_records
    from pumpurs_risk.records.identity.key_file import KeyFile
    from pumpurs_risk.records.mapping.mapping import Mapping
    from pumpurs_risk.records.school_records import SchoolRecords, validate
    from pumpurs_risk.records.sheet_schema import sheet_schema
    from pumpurs_risk.records.template.template import write_template
    from pumpurs_risk.records.validation.report import ProblemLog, ValidationReport

_WHERE = {
    "KeyFile": "identity.key_file",
    "Mapping": "mapping.mapping",
    "ProblemLog": "validation.report",
    "SchoolRecords": "school_records",
    "SheetContract": "contract",
    "ValidationReport": "validation.report",
    "describe_data": "description",
    "describe_text": "description",
    "read_records": "from_files",
    "sheet_schema": "sheet_schema",
    "validate": "school_records",
    "write_template": "template.template",
}
__all__ = [
    "KeyFile",
    "Mapping",
    "ProblemLog",
    "SchoolRecords",
    "SheetContract",
    "ValidationReport",
    "describe_data",
    "describe_text",
    "read_records",
    "sheet_schema",
    "validate",
    "write_template",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: pandas and Arrow cost half a second that ``--help`` need not pay."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

"""Further records of a run that other tools read: their types are their JSON Schemas."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class ChangeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What became since the last list of one pupil who is on this one or was on that."""

    pupil_id: str
    school_id: str
    class_id: str | None
    change: Literal["new", "worse", "same", "better", "resolved", "left", "moved_school"]
    tier: str
    previous_tier: str
    previous_risk: float | None
    risk: float | None
    pupil_moved: float | None
    """Log-odds by which today's model reads today's facts higher than it reads those of the last list."""
    model_moved: float | None
    """Log-odds by which today's model reads the last list's facts higher than its own model did."""
    why: str
    why_plain: str
    """The same for readers who may not see what is sensitive."""
    sensitivity: Literal["ordinary", "sensitive", "special"]
    """Of what `why` names."""
    code: str
    previous_school: str
    previous_id: str
    """Where the pupil was before, and under which id, if that was another one."""


class PatternRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A risk that a class, a subject or a school has in common, and what the school could do for all of them."""

    school_id: str
    scope: Literal["class", "school", "subject"]
    group: str
    n: int
    construct: str
    factor: str
    observed: int
    expected: float
    share: float
    expected_share: float
    lower: float
    upper: float
    """Interval of the observed share."""
    p_value: float
    q_value: float
    """Corrected for having looked at everything that was looked at."""
    sentence: str
    proposal: str
    measure: str
    role: str
    role_name: str
    due: str
    """ISO date."""
    sensitivity: Literal["ordinary", "sensitive", "special"]


class WhatIfRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest change of one or two things after which the score would be below the cut."""

    pupil_id: str
    rank: int
    factor: str
    factor_2: str
    value: float | None
    to: float | None
    value_2: float | None
    to_2: float | None
    risk: float
    risk_after: float | None
    effort: float | None
    reached: bool
    """False: nothing that can be changed suffices."""
    sentence: str


class ChangesDocument(msgspec.Struct, frozen=True, kw_only=True):
    """changes.json."""

    schema_version: int
    changes: tuple[ChangeRecord, ...]


class PatternsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """patterns.json."""

    schema_version: int
    patterns: tuple[PatternRecord, ...]


class WhatIfDocument(msgspec.Struct, frozen=True, kw_only=True):
    """what_if.json."""

    schema_version: int
    what_if: tuple[WhatIfRecord, ...]


def further_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas of these documents, by file name."""
    return {
        "changes.json": msgspec.json.schema(ChangesDocument),
        "patterns.json": msgspec.json.schema(PatternsDocument),
        "what_if.json": msgspec.json.schema(WhatIfDocument),
    }

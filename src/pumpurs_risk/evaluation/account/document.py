"""evaluation.json: the account as other tools read it; its types are its JSON Schema."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import msgspec

SCHEMA_VERSION = 1


class MetricRow(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one model."""

    model: str
    kind: str
    metric: str
    scope: Literal["all", "within_school"]
    value: float | None
    lower: float | None
    upper: float | None
    n: int
    leavers: int


class ComparisonRow(msgspec.Struct, frozen=True, kw_only=True):
    """Model minus an opponent, on the same resamples."""

    model: str
    against: str
    kind: str
    metric: str
    scope: Literal["all", "within_school"]
    difference: float | None
    lower: float | None
    upper: float | None


class SchoolRow(msgspec.Struct, frozen=True, kw_only=True):
    """One school over all lists."""

    school_id: str
    rows: int
    leavers: int
    expected_leavers: float | None
    places: float
    found: float
    recall: float | None
    recall_by_lot: float | None


class CountsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How many there were of everything."""

    rows: int
    rows_known: int
    rows_missing: int
    share_missing: float | None
    pupils: int
    leavers: int
    schools: int
    lists: int
    places: int
    listed: int
    listed_known: int
    listed_left: int
    listed_stayed: int
    expected_staying: float | None
    expected_leavers: float | None
    rows_learned: int
    leavers_learned: int


class LeadRow(msgspec.Struct, frozen=True, kw_only=True):
    """Leavers first listed so many semesters before they left."""

    semesters: int
    leavers: int
    share: float
    share_at_least: float


class LeadRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How early leavers were listed."""

    table: tuple[LeadRow, ...]
    leavers: int
    found: int
    median: float | None
    at_least: bool
    lists: int


class SaidRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Something a reader must know, by its code."""

    code: str
    params: dict[str, Any]


class NotComputable(msgspec.Struct, frozen=True, kw_only=True):
    """An opponent that could not be scored, and why."""

    name: str
    kind: str
    code: str
    params: dict[str, Any]


class SuspiciousRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A factor that knows too much."""

    factor: str
    sign: Literal["outcome", "separates", "one_end", "recorded", "context"]
    auroc: float
    rows: int
    leavers: int
    level: str = ""


class EvaluationDocument(msgspec.Struct, frozen=True, kw_only=True):
    """evaluation.json."""

    schema_version: int
    model: str
    horizon: str
    as_of: tuple[dt.date, ...]
    train_as_of: tuple[dt.date, ...]
    split: Literal["temporal", "random"]
    verdict: Literal[
        "suspicious",
        "no_places",
        "list_worth_having",
        "rule_is_enough",
        "support_this_school",
        "cannot_tell_yet",
        "too_few_leavers",
    ]
    best_rule: str
    verdict_reasons: tuple[SaidRecord, ...]
    counts: CountsRecord
    metrics: tuple[MetricRow, ...]
    comparisons: tuple[ComparisonRow, ...]
    by_school: tuple[SchoolRow, ...]
    curves: dict[str, tuple[dict[str, Any], ...]]
    lead_time: LeadRecord
    groups: tuple[dict[str, Any], ...] | None
    not_computable: tuple[NotComputable, ...]
    partial: dict[str, tuple[str, ...]]
    suspicious: tuple[SuspiciousRecord, ...]
    notes: tuple[SaidRecord, ...]
    resamples: int
    level: float
    random_state: int
    sentences: dict[str, tuple[str, ...]]


def evaluation_schema() -> dict[str, Any]:
    """JSON Schema of `Evaluation.to_dict`, as ``data_schema/evaluation.json`` publishes it.

    Returns
    -------
    dict

    Examples
    --------
    >>> "EvaluationDocument" in evaluation_schema()["$ref"]
    True
    """
    return msgspec.json.schema(EvaluationDocument)

"""run.json, and the records that other tools read: their types are their JSON Schemas."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any, Literal

import msgspec

from pumpurs_risk.batch.inventory import DataItem
from pumpurs_risk.errors import RunError

SCHEMA_VERSION = 1


class _Header(msgspec.Struct):
    schema_version: int = 0


class InputFile(msgspec.Struct, frozen=True, kw_only=True):
    """One table that was read, by its name below the folder that was given; no path of the machine."""

    file: str
    sheet: str
    table: str
    """Which table of the records it is; ``sheet`` for a factor sheet."""
    school_id: str
    rows_in: int
    used: int
    not_used: int
    rejected: int
    sha256: str


class SchoolCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one school's pupils; also its summary.json. Counts only."""

    school_id: str
    title: str
    pupils_in: int
    scored: int
    out_of_scope: int
    not_on_roll: int
    """Pupils who left before the list's day, or of whom only later rows speak: pupils_in = scored + out_of_scope + this."""
    rows_rejected: int
    cells_set_aside: int
    above: int
    above_low: int
    above_high: int
    places: int
    not_covered: int
    listed: int
    ask_first: int
    uncertain: int
    compared: int = 0
    """Scored pupils for whom other schools have enough of the same programme and level."""
    expected: float | None = None
    """How many of the compared would be above the threshold if the school were as the others are; None: not counted."""
    expected_variance: float | None = None
    compared_above: int = 0
    """How many of the compared are above it."""
    core_asked: int = 0
    core_missing: int = 0
    """Values of the standard sheet's factors: asked for, and of these not known."""
    risk_groups: dict[str, int] = {}
    """Pupils above the threshold by risk group of the reasons told; a pupil may be in several."""


class ModelUsed(msgspec.Struct, frozen=True, kw_only=True):
    """Which model scored the run, as it is saved beside the results."""

    name: str
    digest: str
    has_local_outcomes: bool
    national_mean: float
    two_year_risk: str
    """How it was found: ``1-(1-p)^2``, or by the model's own curves for two years (never below the one-year risk)."""
    notes: tuple[str, ...]


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """One pupil's data were taken out of the run; never whose."""

    on: dt.date
    files: int
    """Files of the run that were made anew or removed."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """run.json: what was done, with what, for what purpose, and until when it may be kept."""

    schema_version: int
    tool: str
    made_at: str
    """The only field that differs between two runs over the same input."""
    as_of: dt.date
    semester: str
    expires: dt.date
    keep_until: dt.date
    municipality: str
    purpose: str
    intended_uses: tuple[str, ...]
    forbidden_uses: tuple[str, ...]
    lang: str
    settings: dict[str, Any]
    model: ModelUsed
    inputs: tuple[InputFile, ...]
    schools: tuple[SchoolCounts, ...]
    not_received: tuple[str, ...]
    key_fingerprint: str
    previous: tuple[str, ...]
    not_understood: int
    """Cells of earlier lists that could not be used; what they say stands on the terminal only."""
    problems: dict[str, int]
    """How often each kind of problem was found, by its code."""
    warnings: tuple[str, ...]
    data_inventory: tuple[DataItem, ...] = ()
    """What is kept about pupils, of what kind, from where, and who sees it."""
    erasures: tuple[Erasure, ...] = ()
    """Pupils taken out since; the counts above are of the day on which the run was made."""


class FlagRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One pupil on ``flags``."""

    pupil_id: str
    school_id: str
    class_id: str | None
    risk: float
    risk_2y: float
    log_odds: float
    sd: float
    evidence_share: float
    tier: Literal["act_now", "watch", "ask_first", "none"]
    certainty: Literal["sure", "unsure", "not_enough_data"]
    cut: float
    above: bool
    above_low: bool
    above_high: bool
    listed: bool
    uncertain_cut: bool
    tie: bool
    always_look: str
    order: int
    set_aside: bool = False
    """Dismissed by staff with a reason, and nothing material changed since: not listed, in a section of its own."""
    added: bool = False
    """Added by staff."""


class ReasonRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``reasons``."""

    pupil_id: str
    kind: Literal["risk", "strength", "unknown", "base", "rest"]
    rank: int
    line: int
    construct: str
    factor: str
    value: float | None
    contribution: float | None
    code: str
    params: dict[str, Any]
    sentence: str
    sensitivity: Literal["ordinary", "sensitive", "special"]


class FlagsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """flags.json."""

    schema_version: int
    flags: tuple[FlagRecord, ...]


class ReasonsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """reasons.json."""

    schema_version: int
    reasons: tuple[ReasonRecord, ...]


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas that ``data_schema/`` publishes for the run's documents, by file name."""
    from pumpurs_risk.batch.documents import further_schemas
    from pumpurs_risk.evaluation import evaluation_schema
    from pumpurs_risk.model.store import model_schema
    from pumpurs_risk.monitoring import monitor_schema
    from pumpurs_risk.plans import plan_schema
    from pumpurs_risk.training.summary import summary_schema

    return {
        "run.json": msgspec.json.schema(Manifest),
        "flags.json": msgspec.json.schema(FlagsDocument),
        "reasons.json": msgspec.json.schema(ReasonsDocument),
        "plan.json": plan_schema(),
        "model.json": model_schema(),
        "evaluation.json": evaluation_schema(),
        "monitor.json": monitor_schema(),
        "summary.json": summary_schema(),
        **further_schemas(),
    }


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write run.json, readable, keys in a fixed order."""
    path.write_text(json.dumps(msgspec.to_builtins(manifest), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def read_manifest(run: Path) -> Manifest:
    """Read a run's run.json.

    Raises
    ------
    RunError
        If `run` is no finished run (``run_missing``), its run.json is damaged (``run_damaged``), or a newer version of the
        program made it (``run_newer``).
    """
    path = run / "run.json"
    if not path.is_file():
        raise RunError("run_missing", path=str(run))
    try:
        written = path.read_bytes()
        version = msgspec.json.decode(written, type=_Header).schema_version
        if version > SCHEMA_VERSION:  # before the rest: a newer version may have other fields
            raise RunError("run_newer", path=str(run), found=version, known=SCHEMA_VERSION)
        return msgspec.json.decode(written, type=Manifest)
    except (msgspec.MsgspecError, RecursionError, OSError) as error:
        raise RunError("run_damaged", path=str(run), detail=str(error)) from None

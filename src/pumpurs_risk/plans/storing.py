"""A plan as JSON, and what evaluated plans say of support that was given."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pandas as pd

from pumpurs_risk.errors import PlanError
from pumpurs_risk.plans.plan import SCHEMA_VERSION, PlanMeasure, SupportPlanDraft

DONE = "done"
GIVEN = (DONE, "partly")
"""Results by which a measure counts as support that was given."""
MET, NOT_MET = ("prevented", "eased"), ("unchanged", "worse")
SUPPORT_COLUMNS = ("pupil_id", "date_from", "date_to", "measure", "goal_met", "recorded_on", "record_id")
PLAN_COLUMNS = (
    "plan_id", "pupil_id", "school_id", "status", "version", "ready", "n_measures", "uncovered", "measures", "groups", "file",
)  # fmt: skip
OWN_MEASURE = "own"  # id in the catalogue of a measure that a person added


def plan_to_json(plan: SupportPlanDraft) -> bytes:
    """Write a plan as readable JSON; it fits ``data_schema/plan.json``.

    Examples
    --------
    >>> import datetime as dt
    >>> day = dt.date(2027, 1, 15)
    >>> plan = SupportPlanDraft(plan_id="x", pupil_id="7", school_id="s", as_of=day, expires=day, review=day, status="draft")
    >>> plan_from_json(plan_to_json(plan)) == plan
    True
    """
    told = json.dumps(msgspec.to_builtins(plan), ensure_ascii=False, indent=1)
    return (told + "\n").encode("utf-8", "replace")


def plan_from_json(data: bytes, file: str = "plan.json") -> SupportPlanDraft:
    """Read a plan.

    Parameters
    ----------
    data : bytes
        JSON as `plan_to_json` writes it.
    file : str
        Name of the file, for errors.

    Returns
    -------
    SupportPlanDraft

    Raises
    ------
    PlanError
        If it is no plan, damaged, or of a newer version.
    """
    try:
        raw = msgspec.json.decode(data)
        version = raw.get("schema_version", SCHEMA_VERSION) if isinstance(raw, dict) else None
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise PlanError("plan_newer", file=file, version=version, known=SCHEMA_VERSION)
        return msgspec.convert(raw, SupportPlanDraft)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PlanError("plan_json_damaged", file=file, detail=" ".join(str(error).split())[:160]) from None


def plan_schema() -> dict[str, Any]:
    """JSON Schema of a plan, as ``data_schema/plan.json`` publishes it."""
    return msgspec.json.schema(SupportPlanDraft)


def plans_support(plans: Iterable[SupportPlanDraft]) -> pd.DataFrame:
    """Read the support that was given from plans whose measures people evaluated.

    Parameters
    ----------
    plans : iterable of SupportPlanDraft
        Plans of any semesters; a measure that nobody evaluated gives no row.

    Returns
    -------
    pandas.DataFrame
        Fit for ``data_schema/support.json``: ``pupil_id``, ``date_from``, ``date_to``, ``measure``, ``goal_met`` (1 if the
        measure is done and every evaluated risk that it answers was prevented or eased, else 0; unknown if none of its
        risks was evaluated), ``recorded_on``,
        ``record_id`` (plan and measure: an evaluation that is corrected repeats it).

    Examples
    --------
    >>> plans_support([]).columns.tolist()[:4]
    ['pupil_id', 'date_from', 'date_to', 'measure']
    """
    rows = []
    for plan in plans:
        for measure in plan.measures:
            tag = f"measure.{measure.id}"
            if plan.value(f"{tag}.result") not in GIVEN:
                continue
            drafted = plan.as_of.isoformat()
            first, last = _day(plan.value(f"{tag}.from")) or drafted, _day(plan.value(f"{tag}.to"))
            rows.append(
                (
                    plan.pupil_id, first, last, measure.measure or OWN_MEASURE, _goal_met(plan, measure),
                    max(last, first, drafted), f"{plan.plan_id}:{measure.id}",
                )
            )  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(SUPPORT_COLUMNS))
    for name in ("date_from", "date_to", "recorded_on"):
        frame[name] = pd.to_datetime(frame[name], errors="coerce").astype("datetime64[ns]")
    for name in ("pupil_id", "measure", "record_id"):
        frame[name] = frame[name].astype("str")
    frame["goal_met"] = frame["goal_met"].astype("float64")
    return frame


def _day(written: str) -> str:
    """ISO text of a day; "" where people wrote something else."""
    try:
        return dt.date.fromisoformat(written).isoformat()
    except ValueError:
        return ""


def _goal_met(plan: SupportPlanDraft, measure: PlanMeasure) -> float | None:
    """Whether a measure reached what it was for; support that was given in part only cannot say so."""
    results = {plan.value(f"risk.{risk}.result") for risk in measure.risks} & {*MET, *NOT_MET}
    if not results:
        return None
    done = plan.value(f"measure.{measure.id}.result") == DONE
    return float(done and results <= set(MET))


def plans_frame(plans: Iterable[tuple[SupportPlanDraft, str]]) -> pd.DataFrame:
    """Give an account of plans, one row each.

    Parameters
    ----------
    plans : iterable of (SupportPlanDraft, str)
        Plans and the names of their files.

    Returns
    -------
    pandas.DataFrame
        ``plan_id``, ``pupil_id``, ``school_id``, ``status``, ``version``, ``ready`` (every required field is filled in),
        ``n_measures``, ``uncovered`` (risks that no measure answers), ``measures`` and ``groups`` (ids joined by ";"),
        ``file``.

    Examples
    --------
    >>> plans_frame([]).columns.tolist()[:3]
    ['plan_id', 'pupil_id', 'school_id']
    """
    rows = [
        (
            plan.plan_id, plan.pupil_id, plan.school_id, plan.status, plan.version, is_ready(plan), len(plan.measures),
            len(uncovered(plan)), ";".join(m.measure or OWN_MEASURE for m in plan.measures),
            ";".join(dict.fromkeys(risk.group for risk in plan.risks if risk.group and risk.state != "eased")), file,
        )
        for plan, file in plans
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(PLAN_COLUMNS))
    kinds = {"version": "int64", "n_measures": "int64", "uncovered": "int64", "ready": "bool"}
    return frame.astype({name: kinds.get(name, "str") for name in PLAN_COLUMNS})


def is_ready(plan: SupportPlanDraft) -> bool:
    """Whether every required field is filled in."""
    return all(field.value.strip() for field in plan.fields.values() if field.required)


def uncovered(plan: SupportPlanDraft) -> list[str]:
    """Ids of the open risks that no measure of the plan answers, and about which measures exist at all."""
    return [r.id for r in plan.risks if not r.measures and r.construct and r.state != "eased"]

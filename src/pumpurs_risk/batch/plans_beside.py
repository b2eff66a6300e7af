"""What the support plans beside a run say to its papers: how far they have come, and what families may read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pumpurs_risk.batch.plan_files import FOLDER, read_plans
from pumpurs_risk.plans.drafting import plan_semester

if TYPE_CHECKING:
    from pumpurs_risk.batch.run import Run
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.plans import SupportPlanDraft

_TICKED = "yes"


def plans_beside(run: Run, catalogue: Catalogue) -> list[SupportPlanDraft]:
    """Read the plans of the run's semester that lie beside it, with what people changed in Word.

    Parameters
    ----------
    run : Run
        Written or opened.
    catalogue : Catalogue
        Its calendar.

    Returns
    -------
    list of SupportPlanDraft
        Of pupils of this run.
    """
    if run.path is None or not (run.path.parent / FOLDER).is_dir():
        return []
    semester, pupils = plan_semester(catalogue, run.as_of), set(run.factors["pupil_id"])
    plans = [plan for plan, _ in read_plans(run.path.parent / FOLDER)]
    return [plan for plan in plans if plan.semester == semester and plan.pupil_id in pupils]


def plan_words(plans: Iterable[SupportPlanDraft], catalogue: Catalogue, lang: str) -> dict[str, str]:
    """Say by pupil in which state the plan is, as the support programme calls it."""
    states = {status.id: status.name[lang] for status in catalogue.programme.statuses}
    return {plan.pupil_id: states.get(plan.value("status") or plan.status, plan.status) for plan in plans}


def ticked_for_families(plans: Iterable[SupportPlanDraft]) -> dict[str, tuple[str, ...]]:
    """Give by pupil the constructs that staff ticked in the plan for the family's page."""
    found = {}
    for plan in plans:
        ticked = tuple(risk.construct for risk in plan.risks if plan.value(f"risk.{risk.id}.tell_parents") == _TICKED)
        if ticked:
            found[plan.pupil_id] = ticked
    return found

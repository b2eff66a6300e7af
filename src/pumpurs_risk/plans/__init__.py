"""What to do: reasons and evidence become a draft plan with measures that the school really has.

A *plan* is one pupil's for one semester. A *field* is a text in it that a person may change; what a person changed is kept
whenever the plan is drafted again. A plan is a draft until a person says otherwise.
"""

from pumpurs_risk.plans.drafting import draft, plan_id
from pumpurs_risk.plans.frames import PlanFrames
from pumpurs_risk.plans.merging import merge
from pumpurs_risk.plans.plan import EditedPlan, PlanField, SupportPlanDraft
from pumpurs_risk.plans.status import advance
from pumpurs_risk.plans.storing import plan_from_json, plan_schema, plan_to_json, plans_frame, plans_support

__all__ = [
    "EditedPlan",
    "PlanField",
    "PlanFrames",
    "SupportPlanDraft",
    "advance",
    "draft",
    "merge",
    "plan_from_json",
    "plan_id",
    "plan_schema",
    "plan_to_json",
    "plans_frame",
    "plans_support",
]

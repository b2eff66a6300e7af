"""Where a plan stands: which states may follow, and what has to be filled in first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pumpurs_risk.errors import PlanError
from pumpurs_risk.plans.plan import PlanChange, SupportPlanDraft

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue, PlanStatus


def advance(plan: SupportPlanDraft, status: str, catalogue: Catalogue, reason: str = "") -> SupportPlanDraft:
    """Bring a plan into another state of the programme's chain.

    Parameters
    ----------
    plan : SupportPlanDraft
        The plan.
    status : str
        Id of the state to be.
    catalogue : Catalogue
        Whose programme says which states may follow and what they need.
    reason : str
        Why; a stop needs it.

    Returns
    -------
    SupportPlanDraft
        A version later.

    Raises
    ------
    PlanError
        If the programme has no such state, the chain does not lead there, a required field is empty, or the reason is
        missing.

    Examples
    --------
    >>> import datetime as dt
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> from pumpurs_risk.plans import PlanField
    >>> day = dt.date(2027, 1, 15)
    >>> plan = SupportPlanDraft(plan_id="x", pupil_id="7", school_id="s", as_of=day, expires=day, review=day, status="draft",
    ...     fields={"status": PlanField(drafted="draft", value="draft"), "application.on_file": PlanField(required=True)})
    >>> advance(plan, "in_approval", Catalogue.load())
    Traceback (most recent call last):
    pumpurs_risk.errors.PlanError: ...
    >>> advance(plan, "inactive", Catalogue.load()).status
    'inactive'
    """
    known = {one.id: one for one in catalogue.programme.statuses}
    if status not in known:
        raise PlanError("plan_status_unknown", status=status, known=", ".join(known))
    if status == plan.status:
        return plan
    said = " ".join(reason.split()) or plan.value("stop_reason")
    if plan.status in known and status not in following(plan.status, catalogue):
        names = [known[one].name[plan.lang] for one in following(plan.status, catalogue)]
        raise PlanError(
            "plan_status_order", now=known[plan.status].name[plan.lang], wanted=known[status].name[plan.lang],
            known=", ".join(names) or "–",
        )  # fmt: skip
    if missing := missing_for(plan, status, catalogue):
        raise PlanError("plan_status_needs", wanted=known[status].name[plan.lang], fields=", ".join(missing))
    if known[status].needs_reason and not said:
        raise PlanError("plan_status_reason", wanted=known[status].name[plan.lang])
    fields = dict(plan.fields)
    for tag, value in (("status", status), ("stop_reason", said if known[status].needs_reason else "")):
        if tag in fields and value:
            fields[tag] = msgspec.structs.replace(fields[tag], value=value)
    change = PlanChange(tag="status", kind="status", before=plan.status, after=status)
    return msgspec.structs.replace(plan, status=status, version=plan.version + 1, fields=fields, changes=(change,))


def following(status: str, catalogue: Catalogue) -> tuple[str, ...]:
    """States that may follow one: those that the programme names, else the one listed after it.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> following("in_approval", Catalogue.load())
    ('approved', 'draft', 'inactive')
    """
    states: tuple[PlanStatus, ...] = catalogue.programme.statuses
    for place, state in enumerate(states):
        if state.id == status:
            return state.next if state.next is not None else tuple(one.id for one in states[place + 1 : place + 2])
    return ()


def missing_for(plan: SupportPlanDraft, status: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Names of the required fields that are empty though a state needs them."""
    from pumpurs_risk.locale import has_text, text

    state = next((one for one in catalogue.programme.statuses if one.id == status), None)
    found = []
    for tag in () if state is None else state.needs:
        field = plan.fields.get(tag)
        if field is not None and field.required and not field.value.strip():
            key = f"plans.fields.{tag.replace('.', '_')}"
            found.append(text(key, plan.lang) if has_text(key, plan.lang) else tag)
    return tuple(found)

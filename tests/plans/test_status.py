"""A plan goes through the programme's states in order."""

from collections.abc import Callable

import msgspec
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import PlanError
from pumpurs_risk.plans import PlanField, SupportPlanDraft, advance

Maker = Callable[..., SupportPlanDraft]


def ready(plan: SupportPlanDraft, **values: str) -> SupportPlanDraft:
    required = {"application.on_file": "tick", "pupil_view": "text", "parents_view": "text"}
    fields = dict(plan.fields)
    for tag, kind in required.items():
        fields[tag] = PlanField(kind=kind, required=True, value=values.get(tag.replace(".", "_"), ""))  # type: ignore[arg-type]
    fields["stop_reason"] = PlanField()
    return msgspec.structs.replace(plan, fields=fields)


def test_the_application_is_on_file_before_the_plan_leaves_the_draft(small_plan: Maker, catalogue: Catalogue) -> None:
    with pytest.raises(PlanError) as refused:
        advance(ready(small_plan()), "in_approval", catalogue)
    assert refused.value.code == "plan_status_needs" and "iesniegums ir saņemts" in refused.value.message("lv")
    assert advance(ready(small_plan(), application_on_file="yes"), "in_approval", catalogue).status == "in_approval"


def test_views_are_there_before_approval_and_adults_need_no_parents(small_plan: Maker, catalogue: Catalogue) -> None:
    plan = advance(ready(small_plan(), application_on_file="yes", pupil_view="Gribu."), "in_approval", catalogue)
    with pytest.raises(PlanError):
        advance(plan, "approved", catalogue)
    adult = msgspec.structs.replace(plan, fields=plan.fields | {"parents_view": PlanField(required=False)})
    assert advance(adult, "approved", catalogue).value("status") == "approved"


def test_a_stop_needs_a_reason(small_plan: Maker, catalogue: Catalogue) -> None:
    plan = msgspec.structs.replace(ready(small_plan()), status="in_force")
    with pytest.raises(PlanError) as refused:
        advance(plan, "stopped", catalogue)
    assert refused.value.code == "plan_status_reason"
    stopped = advance(plan, "stopped", catalogue, reason="Mainīta skola")
    assert stopped.value("stop_reason") == "Mainīta skola" and stopped.changes[0].kind == "status"
    assert stopped.version == plan.version + 1


def test_no_state_is_skipped_and_unknown_ones_are_named(small_plan: Maker, catalogue: Catalogue) -> None:
    with pytest.raises(PlanError) as refused:
        advance(small_plan(), "approved", catalogue)
    assert refused.value.code == "plan_status_order"
    with pytest.raises(PlanError) as refused:
        advance(small_plan(), "king", catalogue)
    assert "in_approval" in refused.value.message("en")


def test_the_state_it_is_in_changes_nothing(small_plan: Maker, catalogue: Catalogue) -> None:
    plan = small_plan()
    assert advance(plan, "draft", catalogue) is plan


def test_without_named_successors_the_next_in_the_list_follows(small_plan: Maker, catalogue: Catalogue) -> None:
    names = [{"id": one, "name": {"lv": one, "en": one}} for one in ("draft", "signed", "closed")]
    own = catalogue.extend({"programme": {"statuses": names}})
    assert advance(small_plan(), "signed", own).status == "signed"
    with pytest.raises(PlanError):
        advance(small_plan(), "closed", own)


def test_a_programme_whose_states_lead_nowhere_known_is_refused(catalogue: Catalogue) -> None:
    from pumpurs_risk.errors import CatalogueError

    bad = [{"id": "draft", "name": {"lv": "x", "en": "x"}, "next": ["kings"]}]
    with pytest.raises(CatalogueError):
        catalogue.extend({"programme": {"statuses": bad}})

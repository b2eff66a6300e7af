"""What the files of a plan said when they were written."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pumpurs_risk.plans import SupportPlanDraft
from pumpurs_risk.plans.plan import PlanAddition
from pumpurs_risk.plans.printed import as_written, has_other_status, name_of, was_printed, with_status

Maker = Callable[..., SupportPlanDraft]


def test_a_written_plan_knows_its_words_rows_and_additions(small_plan: Maker) -> None:
    added = PlanAddition(place="measures", cells=("Peldēšana",))
    notes = msgspec.structs.replace(small_plan().fields["notes"], value="Mana.")
    plan = msgspec.structs.replace(small_plan(), additions=(added,))
    written = as_written(msgspec.structs.replace(plan, fields=plan.fields | {"notes": notes}))
    assert written.printed == {"notes": "Mana."} and written.printed_value("pupil_view") == ""
    assert was_printed(written, "measure.mentor") and was_printed(written, name_of(added))
    assert not was_printed(written, "measure.chess")
    assert was_printed(small_plan(), "measure.chess")  # never written: nothing is known


def test_two_additions_with_the_same_words_have_one_name() -> None:
    first, second = (PlanAddition(place="text", cells=(words,), by=by) for words, by in (("a ", "x"), ("a", "y")))
    assert name_of(first) == name_of(second) != name_of(PlanAddition(place="goals", cells=("a",)))


def test_a_status_at_the_top_goes_into_its_field_and_never_over_a_field_that_was_changed(small_plan: Maker) -> None:
    plan = as_written(small_plan())
    top = msgspec.structs.replace(plan, status="approved")
    assert has_other_status(top) and with_status(top).value("status") == "approved"
    field = msgspec.structs.replace(plan.fields["status"], value="agreed")
    both = msgspec.structs.replace(top, fields=plan.fields | {"status": field})
    assert not has_other_status(plan) and not has_other_status(both)

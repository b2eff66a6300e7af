"""What a drafted plan holds."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import msgspec
import pandas as pd
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import PlanError
from pumpurs_risk.plans import PlanFrames, SupportPlanDraft, draft, plan_from_json, plan_id, plan_to_json
from pumpurs_risk.plans.plan import LONGEST_TAG

AS_OF = dt.date(2027, 1, 15)
LATER = dt.date(2027, 9, 15)
ABSENCE = ("attendance", "absence_share", "risk", "Kavēto stundu īpatsvars ir 12,4 %.")
MOTIVATION = ("motivation", "motivation", "risk", "Mācību motivācija novērtēta kā zema.")
Maker = Callable[..., PlanFrames]


@pytest.fixture(scope="module")
def plans(frames: PlanFrames, catalogue: Catalogue) -> list[SupportPlanDraft]:
    return draft(frames, catalogue, as_of=AS_OF)


def test_everybody_on_the_list_and_with_a_signal_gets_a_plan_and_nobody_else(
    frames: PlanFrames, plans: list[SupportPlanDraft]
) -> None:
    flags = frames.flags
    expected = flags.loc[flags["tier"].eq("act_now") | flags["always_look"].ne(""), "pupil_id"]
    assert [plan.pupil_id for plan in plans] == expected.tolist()
    assert len(plans) > 20


def test_every_risk_has_a_justification_and_every_measure_a_risk(plans: list[SupportPlanDraft]) -> None:
    for plan in plans:
        risks = {risk.id for risk in plan.risks}
        assert risks
        for risk in plan.risks:
            assert plan.value(f"risk.{risk.id}.justification").endswith(".")
            assert set(risk.measures) <= {measure.id for measure in plan.measures}
        for measure in plan.measures:
            assert measure.risks and set(measure.risks) <= risks
            assert all(measure.id in risk.measures for risk in plan.risks if risk.id in measure.risks)


def test_every_measure_says_what_who_how_often_when_and_how_success_is_seen(plans: list[SupportPlanDraft]) -> None:
    for plan in plans:
        for measure in plan.measures:
            for name in ("what", "who", "frequency", "success"):
                assert plan.value(f"measure.{measure.id}.{name}"), (measure.id, name)
            first, last = (dt.date.fromisoformat(plan.value(f"measure.{measure.id}.{end}")) for end in ("from", "to"))
            assert AS_OF < first < last <= plan.expires


def test_every_open_risk_has_a_goal_with_a_day(plans: list[SupportPlanDraft]) -> None:
    for plan in plans:
        assert {goal.risk for goal in plan.goals} >= {risk.id for risk in plan.risks if risk.state != "eased"}
        for goal in plan.goals:
            assert AS_OF < dt.date.fromisoformat(plan.value(f"goal.{goal.id}.by")) <= plan.expires


def test_only_measures_that_the_school_offers_are_in_it(frames: PlanFrames, plans: list[SupportPlanDraft]) -> None:
    offered = set(zip(frames.offers["school_id"], frames.offers["measure"], strict=True))
    for plan in plans:
        assert all((plan.school_id, measure.measure) in offered for measure in plan.measures)


def test_without_stated_offers_the_plan_says_so(frames: PlanFrames, catalogue: Catalogue) -> None:
    unstated = dataclasses.replace(frames, offers=frames.offers.iloc[:0])
    for plan in draft(unstated, catalogue, as_of=AS_OF):
        assert "nav norādījusi, kādus atbalsta pasākumus tā var piedāvāt" in plan.value("notes")
        assert all(measure.offered is None for measure in plan.measures)


def test_a_risk_that_the_school_has_no_measure_for_is_an_uncovered_need(catalogue: Catalogue, one_pupil: Maker) -> None:
    offers = pd.DataFrame({"school_id": ["kalvene"], "measure": ["meals"], "role": [""], "places": [math.nan]})
    made = dataclasses.replace(one_pupil(ABSENCE), offers=offers)
    (plan,) = draft(made, catalogue, as_of=AS_OF)
    assert plan.risks[0].measures == () and plan.measures == ()
    assert plan.value("notes").startswith("Vajadzība bez atbalsta: izglītības iestādes piedāvājumā nav pasākuma riskam")


def test_fewer_places_than_proposals_are_said_and_nobody_is_left_out(frames: PlanFrames, catalogue: Catalogue) -> None:
    few = dataclasses.replace(frames, offers=frames.offers.assign(places=1.0))
    found = draft(few, catalogue, as_of=AS_OF)
    assert [len(p.measures) for p in found] == [len(p.measures) for p in draft(frames, catalogue, as_of=AS_OF)]
    assert sum("Vietu ir mazāk nekā ieteikumu" in plan.value("notes") for plan in found) > 5


def test_what_only_people_may_fill_in_is_empty_and_views_are_required(plans: list[SupportPlanDraft]) -> None:
    empty = (
        "application.on_file",
        "preparer",
        "readiness",
        "pupil_view",
        "parents_view",
        "review",
        "evaluation",
        "stop_reason",
    )
    for plan in plans:
        assert all(plan.value(tag) == "" for tag in empty)
        assert not any(field.value for tag, field in plan.fields.items() if tag.endswith((".result", ".result_text")))
        assert not any(field.value for tag, field in plan.fields.items() if tag.startswith("sign."))
        assert plan.fields["pupil_view"].required
        adult = plan.age is not None and plan.age >= 18
        assert plan.fields["parents_view"].required is not adult
        assert plan.is_draft and plan.value("draft_mark") == "Melnraksts"


def test_who_signs_depends_on_age_and_programme(catalogue: Catalogue, one_pupil: Maker) -> None:
    chains = {
        (15.0, "general"): "preparer support_staff parent pupil head coordinator",
        (12.0, "general"): "preparer support_staff parent head coordinator",
        (18.0, "general"): "preparer support_staff adult_pupil head coordinator",
        (19.0, "vocational"): "preparer support_staff adult_pupil head",
        (math.nan, "general"): "preparer support_staff parent pupil head coordinator",
    }
    for (age, programme), chain in chains.items():
        (plan,) = draft(one_pupil(ABSENCE, age=age, programme=programme), catalogue, as_of=AS_OF)
        assert [signer.id for signer in plan.signers] == chain.split()


def test_a_trainee_is_called_a_trainee(catalogue: Catalogue, one_pupil: Maker) -> None:
    (plan,) = draft(one_pupil(MOTIVATION, programme="vocational"), catalogue, as_of=AS_OF)
    assert "audzēknis izvirza divus savus mācību mērķus" in plan.value("goal.motivation.text")


def test_every_tag_fits_into_word_and_no_text_has_an_open_placeholder(plans: list[SupportPlanDraft]) -> None:
    for plan in plans:
        assert max(map(len, plan.fields)) <= LONGEST_TAG
        assert not any("{" in field.value or "nan" in field.value.split() for field in plan.fields.values())


def test_the_plan_names_nobody_and_survives_json(plans: list[SupportPlanDraft]) -> None:
    for plan in plans:
        assert plan_from_json(plan_to_json(plan)) == plan


def test_the_same_pupil_and_semester_have_the_same_id_in_any_language(
    frames: PlanFrames, frames_en: PlanFrames, catalogue: Catalogue
) -> None:
    lv, en = draft(frames, catalogue, as_of=AS_OF), draft(frames_en, catalogue, as_of=AS_OF, lang="en")
    assert [plan.plan_id for plan in lv] == [plan.plan_id for plan in en]
    assert [[m.id for m in plan.measures] for plan in lv] == [[m.id for m in plan.measures] for plan in en]
    assert plan_id("7", "a", "2026/2027-1") != plan_id("7", "a", "2026/2027-2") != plan_id("7", "b", "2026/2027-2")


def test_who_else_is_asked_for_changes_no_plan(
    frames: PlanFrames, catalogue: Catalogue, plans: list[SupportPlanDraft]
) -> None:
    for plan in plans[:5]:
        assert draft(frames, catalogue, as_of=AS_OF, only=[plan.pupil_id]) == [plan]


def test_a_pupil_who_is_unknown_unflagged_or_dismissed_gets_a_clear_sentence(
    frames: PlanFrames, catalogue: Catalogue, plans: list[SupportPlanDraft]
) -> None:
    flags = frames.flags
    nobody = flags.loc[flags["tier"].eq("none") & flags["always_look"].eq(""), "pupil_id"].iloc[0]
    for wanted, code in (("no such", "plan_pupil_unknown"), (nobody, "plan_pupil_not_listed")):
        with pytest.raises(PlanError) as refused:
            draft(frames, catalogue, as_of=AS_OF, only=[wanted])
        assert refused.value.code == code
        assert wanted not in refused.value.message("lv") + refused.value.message("en")
    decided = pd.DataFrame({"pupil_id": [plans[0].pupil_id], "decision": ["dismissed"]})
    with pytest.raises(PlanError) as refused:
        draft(dataclasses.replace(frames, decisions=decided), catalogue, as_of=AS_OF, only=[plans[0].pupil_id])
    assert refused.value.code == "plan_pupil_dismissed"


def test_dismissed_pupils_get_no_plan_confirmed_and_added_ones_do(frames: PlanFrames, catalogue: Catalogue) -> None:
    flags = frames.flags
    first = flags.loc[flags["tier"].eq("act_now"), "pupil_id"].iloc[0]
    quiet = flags.loc[flags["tier"].eq("none") & flags["always_look"].eq(""), "pupil_id"].iloc[:2].tolist()
    decided = pd.DataFrame({"pupil_id": [first, quiet[0]], "decision": ["dismissed", "confirmed"]})
    added = pd.DataFrame({"pupil_id": [quiet[1], ""], "why": ["Pārcēlās <b>nesen</b> {{ 7*7 }}", "cits"]})
    found = draft(dataclasses.replace(frames, decisions=decided, added=added), catalogue, as_of=AS_OF)
    ids = [plan.pupil_id for plan in found]
    assert first not in ids and set(quiet) <= set(ids)
    plan = found[ids.index(quiet[1])]
    assert "Pārcēlās <b>nesen</b> {{ 7*7 }}" in plan.value("notes") + plan.value("risk.added.justification")


def test_a_pupil_without_a_sure_reason_still_gets_a_plan_that_begins_with_a_talk(
    catalogue: Catalogue, one_pupil: Maker
) -> None:
    (plan,) = draft(one_pupil(), catalogue, as_of=AS_OF)
    assert [risk.id for risk in plan.risks] == ["listed"]
    assert "saruna" in plan.value("risk.listed.justification") and plan.goals


def test_a_signal_of_no_told_risk_stands_as_a_risk_of_its_own(catalogue: Catalogue, one_pupil: Maker) -> None:
    sign = {
        "pupil_id": "7",
        "signal": "violence",
        "value": 1.0,
        "sentence": "Ir ieraksts.",
        "role": "",
        "sensitivity": "sensitive",
    }
    made = dataclasses.replace(one_pupil(ABSENCE), signals=pd.DataFrame([sign]))
    (plan,) = draft(made, catalogue, as_of=AS_OF)
    assert [risk.id for risk in plan.risks] == ["attendance", "signal.violence"]
    assert plan.risks[1].group == "learning_school" and plan.risks[1].sensitivity == "sensitive"
    assert {partner.id for partner in plan.partners} == {"police", "orphans_court"}
    assert "tajā pašā dienā" in plan.value("partner.police.reason")


def test_the_next_plan_goes_on_from_the_last_one(catalogue: Catalogue, one_pupil: Maker) -> None:
    (first,) = draft(one_pupil(ABSENCE, MOTIVATION), catalogue, as_of=AS_OF)
    last = written(
        first,
        {
            "risk.attendance.result": "unchanged", "risk.attendance.result_text": "Vēl <kavē> pirmdienās",
            f"measure.{first.measures[0].id}.result": "partly", "evaluation": "Sarunas palīdzēja.",
        },
    )  # fmt: skip
    now = one_pupil(ABSENCE, ("grades", "failing_subjects", "risk", "Nepietiekams."), motivation=0.0)
    (plan,) = draft(now, catalogue, as_of=LATER, before={"7": last})
    states = {risk.id: (risk.state, risk.since) for risk in plan.risks}
    assert states == {
        "attendance": ("persisting", AS_OF), "grades": ("new", LATER), "motivation": ("eased", AS_OF),
    }  # fmt: skip
    assert plan.follows == last.plan_id != plan.plan_id
    told = plan.value("risk.attendance.justification")
    assert (
        "Iepriekšējā plāna izvērtējums (2026./2027. m. g. 2. semestrī): risks nav mainījies; „Vēl <kavē> pirmdienās”."
        in told
    )
    assert "Sarunas palīdzēja." in plan.value("notes")
    assert plan.measures[0].measure == first.measures[0].measure
    assert plan.value(f"measure.{first.measures[0].id}.what").endswith("turpinās no iepriekšējā semestra")


def test_what_is_not_recorded_any_more_is_not_called_eased(catalogue: Catalogue, one_pupil: Maker) -> None:
    (first,) = draft(one_pupil(ABSENCE, MOTIVATION), catalogue, as_of=AS_OF)
    (plan,) = draft(one_pupil(ABSENCE, motivation=math.nan), catalogue, as_of=LATER, before={"7": first})
    gone = next(risk for risk in plan.risks if risk.id == "motivation")
    assert gone.state == "not_known" and "nav zināms, vai tas mazinājies" in plan.value("risk.motivation.justification")


def test_an_earlier_list_tells_since_when_a_risk_is_known(catalogue: Catalogue, one_pupil: Maker) -> None:
    rows = [("7", "attendance", "2026-09-15"), ("7", "attendance", "2026-02-01"), ("7", "", "2026-09-15")]
    earlier = pd.DataFrame(rows, columns=["pupil_id", "construct", "as_of"])
    made = dataclasses.replace(one_pupil(ABSENCE, MOTIVATION), earlier_reasons=earlier)
    (plan,) = draft(made, catalogue, as_of=AS_OF)
    assert [(r.state, r.since) for r in plan.risks] == [("persisting", dt.date(2026, 2, 1)), ("new", AS_OF)]


def test_drafting_again_a_week_later_moves_no_day(catalogue: Catalogue, one_pupil: Maker) -> None:
    (first,) = draft(one_pupil(ABSENCE), catalogue, as_of=AS_OF)
    (again,) = draft(one_pupil(ABSENCE), catalogue, as_of=AS_OF + dt.timedelta(days=20), kept={"7": first})
    assert again.plan_id == first.plan_id
    days = {tag: field.value for tag, field in first.fields.items() if field.kind == "date"}
    assert {tag: field.value for tag, field in again.fields.items() if field.kind == "date"} == days


def test_a_municipality_can_say_everything_in_its_own_words(catalogue: Catalogue, one_pupil: Maker) -> None:
    own = catalogue.extend(
        {
            "measures": {
                "breakfast": {
                    "name": {"lv": "kopīgas brokastis", "en": "breakfast"},
                    "step": {"lv": "Aicināt", "en": "Invite"},
                    "role": "class_teacher",
                    "evidence": "practice",
                    "evidence_source": "own",
                    "answers": ["absence_share"],
                }
            },
            "goals": {"absence_share": {"text": {"lv": "Nākt uz brokastīm līdz {by}", "en": "Breakfast by {by}"}}},
            "programme": {"statuses": [{"id": "new", "name": {"lv": "Jauns", "en": "New"}}]},
        }
    )
    offers = pd.DataFrame({"school_id": ["kalvene"], "measure": ["breakfast"], "role": [""], "places": [2.0]})
    (plan,) = draft(dataclasses.replace(one_pupil(ABSENCE), offers=offers), own, as_of=AS_OF)
    assert plan.value("measure.breakfast.what") == "Kopīgas brokastis"
    assert plan.value("goal.absence_share.text") == "Nākt uz brokastīm līdz 31.05.2027."
    assert plan.status == plan.value("status") == "new"


def written(plan: SupportPlanDraft, words: dict[str, Any]) -> SupportPlanDraft:
    fields = plan.fields | {tag: msgspec.structs.replace(plan.fields[tag], value=text) for tag, text in words.items()}
    return msgspec.structs.replace(plan, fields=fields)

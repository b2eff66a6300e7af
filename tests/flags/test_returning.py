import datetime as dt

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.explanation import reasons
from pumpurs_risk.flags import ChangePolicy, FlagPolicy, flag, moves, returning
from pumpurs_risk.flags.returning import JUDGED
from pumpurs_risk.model import load_model
from pumpurs_risk.model.level import shifted

THEN, TODAY = "2026-09-15", dt.date(2027, 1, 15)
POLICY = FlagPolicy(places=2, enough_evidence=0, most_missing_sd=9)


def pupil(**changes):
    """The pupil decided on, p0, and two others of the school."""
    usual = {"absence_share": 0.20, "mean_mark": 6.0, "failing_subjects": 0.0, "motivation": 0.0, "violence": 0.0}
    table = pd.DataFrame([{**usual, **changes}, {**usual, "absence_share": 0.1}, {**usual, "absence_share": 0.02}])
    return table.assign(
        pupil_id=["p0", "p1", "p2"], school_id="a", programme="general", programme_level="general-9", level=9.0
    )  # fmt: skip


def judged(
    now=None, decision="dismissed", note="bija slims, tagad apmeklē", as_of=THEN, model=None, model_then=None, **options
):
    prior = load_model("literature-prior")
    model, model_then = model or prior, model_then or model or prior
    before, now = pupil(), pupil() if now is None else now
    decisions = pd.DataFrame(
        {"pupil_id": ["p0"], "school_id": "a", "decision": decision, "note": [note], "as_of": as_of}
    )  # fmt: skip
    settings = {"today": TODAY, "lang": "lv", "policy": None, "flag_policy": POLICY} | options
    found = returning(
        decisions, flag(model, now, settings["flag_policy"]), flag(model_then, before, settings["flag_policy"]),
        as_of=settings["today"], moved=moves(model, now, before), told=reasons(model, now, reference="population"),
        told_then=reasons(model_then, before, reference="population"), policy=settings["policy"], lang=settings["lang"],
    )  # fmt: skip
    return found.iloc[0]


def test_one_dismissed_with_a_reason_stays_set_aside_while_nothing_changes():
    found = judged()
    assert (found["verdict"], found["code"]) == ("set_aside", "held")
    assert (
        found["why"] == "Lēmums „noraidīts” (15.09.2026.) ar pamatojumu ir spēkā: kopš tā nekas būtisks nav mainījies."
    )


def test_the_note_is_carried_on_as_it_was_written():
    note = "=cmd|' /C calc'!A0 <script>{{ 7*7 }}</script> \u202e👩 " + "x" * 10_000
    assert judged(note=note)["note"] == note


@pytest.mark.parametrize("note", ["", " – ", "...", None, np.nan])
def test_one_dismissed_without_a_reason_comes_back_and_is_asked_for_it(note):
    found = judged(note=note)
    assert (found["verdict"], found["code"]) == ("comes_back", "no_reason")
    assert found["why"].endswith("lūdzu, norādiet iemeslu.")


def test_a_risk_that_rose_brings_back_and_says_where():
    found = judged(pupil(absence_share=0.60, unexcused_lessons=30.0))
    assert found["verdict"] == "comes_back"
    assert "risk" in found["code"].split(";")
    assert "riska pazīmes ir būtiski pastiprinājušās, visvairāk jomā „kavējumi”" in found["why"]


def test_a_small_rise_and_a_fall_bring_nobody_back():
    assert judged(pupil(absence_share=0.21))["verdict"] == "set_aside"
    assert judged(pupil(absence_share=0.02))["verdict"] == "set_aside"


def test_facts_that_are_no_longer_recorded_bring_nobody_back():
    assert judged(pupil(absence_share=np.nan))["verdict"] == "set_aside"


def test_a_higher_level_of_the_model_alone_brings_nobody_back():
    prior = load_model("literature-prior")
    assert judged(model=shifted(prior, 2.0, "for a test"), model_then=prior)["verdict"] == "set_aside"


def test_a_new_signal_brings_back_and_is_named_only_to_the_support_staff():
    found = judged(pupil(violence=1.0))
    assert "signal" in found["code"].split(";")
    assert "jauna pazīme, kas jāpārbauda (Vardarbība)" in found["why"]
    assert found["sensitivity"] == "sensitive"
    assert "ardarb" not in found["why_plain"]
    assert "jauna pazīme, kas zināma atbalsta personālam" in found["why_plain"]


def test_a_new_field_among_the_reasons_brings_back_though_the_risk_as_a_whole_did_not_rise():
    found = judged(pupil(absence_share=0.05, motivation=3.0, teacher_concern=3.0))
    assert (found["verdict"], found["code"]) == ("comes_back", "construct")
    assert "jauns riska iemesls jomā „motivācija”" in found["why"]


def test_a_place_that_is_sure_now_and_was_not_brings_back():
    prior = load_model("literature-prior")
    then = FlagPolicy(places=0, enough_evidence=0, most_missing_sd=9)
    flags_now = flag(prior, pupil(), FlagPolicy(places=3))  # everyone has a place: surely inside
    flags_now["certainty"] = "sure"
    decisions = pd.DataFrame(
        {"pupil_id": ["p0"], "school_id": "a", "decision": "dismissed", "note": "ok", "as_of": THEN}
    )
    found = returning(decisions, flags_now, flag(prior, pupil(), then), as_of=TODAY, lang="en").iloc[0]
    assert found["code"] == "sure"
    assert found["why"].endswith("the place inside the list is certain now.")
    assert returning(decisions, flags_now, flags_now, as_of=TODAY).iloc[0]["verdict"] == "set_aside"


@pytest.mark.parametrize(
    ("day", "verdict"),
    [((2026, 12, 1), "set_aside"), ((2027, 1, 15), "set_aside"), ((2027, 9, 15), "set_aside"), ((2028, 1, 15), "comes_back")],
)  # fmt: skip
def test_a_dismissal_holds_for_two_semesters_after_its_own(day, verdict):
    found = judged(today=dt.date(*day))
    assert found["verdict"] == verdict
    assert ("expired" in found["code"]) is (verdict == "comes_back")


def test_how_long_a_dismissal_holds_can_be_chosen():
    assert judged(policy=ChangePolicy(dismissed_holds=0))["code"] == "expired"


def test_another_schools_decision_does_not_bind():
    found = judged(pupil().assign(school_id="b"))
    assert found["verdict"] == "comes_back"
    assert "other_school" in found["code"].split(";")


def test_without_a_list_to_compare_with_nobody_is_hidden():
    prior = load_model("literature-prior")
    decisions = pd.DataFrame(
        {"pupil_id": ["p0"], "school_id": "a", "decision": "dismissed", "note": "ok", "as_of": THEN}
    )
    flags = flag(prior, pupil(), POLICY)
    found = returning(decisions, flags, flags.iloc[:0], as_of=TODAY).iloc[0]
    assert (found["verdict"], found["code"]) == ("comes_back", "nothing_to_compare")


def test_a_deferred_decision_comes_back():
    found = judged(decision="deferred")
    assert (found["verdict"], found["code"]) == ("comes_back", "deferred")
    assert found["why"] == "Lēmums bija atlikts (15.09.2026.); lūdzu, izlemiet tagad."


@pytest.mark.parametrize(("day", "verdict"), [((2027, 1, 15), "kept"), ((2027, 9, 15), "none")])
def test_a_confirmed_pupil_is_kept_in_view_for_a_semester(day, verdict):
    assert judged(decision="confirmed", today=dt.date(*day))["verdict"] == verdict


@pytest.mark.parametrize("decision", ["", "added", "maybe"])
def test_other_words_decide_nothing(decision):
    assert judged(decision=decision)[["verdict", "why"]].tolist() == ["none", ""]


def test_the_last_decision_on_a_pupil_counts():
    prior = load_model("literature-prior")
    flags = flag(prior, pupil(), POLICY)
    decisions = pd.DataFrame(
        {"pupil_id": ["p0", "p0"], "school_id": "a", "decision": ["dismissed", "confirmed"], "note": "ok", "as_of": THEN}
    )  # fmt: skip
    assert returning(decisions, flags, flags, as_of=TODAY)["verdict"].tolist() == ["kept"]


def test_a_decision_about_a_pupil_who_left_is_not_judged():
    prior = load_model("literature-prior")
    flags = flag(prior, pupil(), POLICY)
    decisions = pd.DataFrame(
        {"pupil_id": ["gone"], "school_id": "a", "decision": "dismissed", "note": "ok", "as_of": THEN}
    )
    found = returning(decisions, flags, flags, as_of=TODAY)
    assert len(found) == 0
    assert list(found.columns) == JUDGED


def test_every_ground_is_said_in_english_too():
    found = judged(
        pupil(absence_share=0.60, unexcused_lessons=30.0, violence=1.0), today=dt.date(2029, 1, 15), lang="en"
    )
    assert found["why"].startswith(
        "Dismissed earlier (15 September 2026), but on the list again: more than 2 semesters"
    )

"""Who may see what: by factor, and everything else from that."""

import datetime as dt

import pandas as pd
import pytest

from pumpurs_risk.catalogue import AUDIENCES, Audience, Catalogue
from pumpurs_risk.catalogue.audience_frames import USUAL_DAYS
from pumpurs_risk.errors import RunError
from pumpurs_risk.flags.next_step import DUE_AFTER

CATALOGUE = Catalogue.load()
LANGUAGES = ("lv", "en")
RESTRICTED = [name for name in AUDIENCES if name != "support_staff"]


def audience(name):
    return Audience.load(name, CATALOGUE)


def reason(pupil, factor, rank, kind="risk", sentence=None, lang="lv"):
    entry = CATALOGUE.factors[factor]
    return {
        "pupil_id": pupil, "kind": kind, "rank": rank, "line": 0, "construct": entry.construct, "factor": factor, "value": 1.0,
        "contribution": 1.5, "code": f"{factor}.{kind}", "params": {"value": 1.0}, "sentence": sentence or entry.name[lang],
        "sensitivity": entry.sensitivity,
    }  # fmt: skip


def step(pupil, code, due=dt.date(2027, 1, 29)):
    kind, _, id = code.partition(":")
    words = CATALOGUE.measures[id].step["lv"] if kind == "measure" else "Pārrunāt"
    role = CATALOGUE.measures[id].role if kind == "measure" else "class_teacher"
    return {
        "pupil_id": pupil,
        "step": words,
        "role": role,
        "role_name": CATALOGUE.roles[role].name["lv"],
        "due": due,
        "code": code,
    }


def test_the_six_audiences_are_there_and_another_is_refused_with_their_names():
    for name in AUDIENCES:
        assert audience(name).id == name
    with pytest.raises(RunError) as caught:
        audience("journalist")
    for lang in LANGUAGES:
        assert all(name in caught.value.message(lang) for name in AUDIENCES)


@pytest.mark.parametrize(
    ("name", "seen", "hidden"),
    [
        ("support_staff", ["pregnancy", "violence", "absence_share"], []),
        (
            "class_teacher",
            ["absence_share", "learning_difficulty", "bullying", "motivation"],
            ["violence", "pregnancy", "low_income"],
        ),
        ("head", ["violence", "low_income", "marriage"], ["pregnancy", "parental_addiction", "mental_health"]),
        (
            "family_pupil",
            ["absence_share", "mean_mark"],
            ["motivation", "paid_work_hours", "peer_conflicts", "pregnancy"],
        ),
        ("family_parent", ["unexcused_lessons"], ["family_conflict", "teacher_concern", "home_duties"]),
        ("municipality", [], ["absence_share", "pregnancy"]),
    ],
)
def test_who_sees_what(name, seen, hidden):
    assert all(audience(name).sees(factor) for factor in seen)
    assert not any(audience(name).sees(factor) for factor in hidden)


def test_a_factor_of_ones_own_is_seen_by_its_sensitivity(own_factor, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(own_factor, encoding="utf-8")
    assert Audience.load("class_teacher", Catalogue.load(path)).sees("phone_use")
    assert not Audience.load("family_pupil", Catalogue.load(path)).sees("phone_use")
    words = 'sensitivity = "special"\nrevealing_words = { lv = ["telefon"], en = ["phone"] }'
    path.write_text(own_factor.replace('sensitivity = "ordinary"', words), encoding="utf-8")
    own = Catalogue.load(path)
    assert not Audience.load("head", own).sees("phone_use")
    assert "telefon" in Audience.load("head", own).revealing_words("lv")


def test_an_ordinary_factor_without_words_is_known_by_its_name(own_factor, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(own_factor, encoding="utf-8")
    assert Audience.load("family_pupil", Catalogue.load(path)).hides("Telefona lietošana stundās: bieži.", "lv")


def test_a_signal_is_seen_with_what_it_is_read_from():
    signals = CATALOGUE.signals
    assert not audience("class_teacher").sees(signals["violence"])
    assert audience("head").sees(signals["violence"])
    assert audience("family_parent").sees(signals["unexcused_over_20"])
    assert not audience("family_parent").sees(signals["working_hours_secondary"])


@pytest.mark.parametrize("name", RESTRICTED)
def test_measures_that_only_hidden_factors_ask_for_are_never_named(name):
    who = audience(name)
    for id, measure in CATALOGUE.measures.items():
        if measure.answers and not any(who.sees(factor) for factor in measure.answers):
            assert not who.sees_measure(id)


@pytest.mark.parametrize("name", ["class_teacher", "head"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_guidance_and_neutral_lines_hold_no_revealing_word(name, lang):
    who = audience(name)
    said = [title for title, _ in who.guidance(lang, expires="31.05.2027.")]
    said += [line for _, lines in who.guidance(lang, expires="31.05.2027.") for line in lines]
    said += [who.neutral(what, lang) for what in ("reason", "signal", "step")]
    assert len(said) > 15 and not [line for line in said if who.hides(line, lang)]


@pytest.mark.parametrize("name", RESTRICTED)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_steps_of_measures_that_may_be_named_hold_no_revealing_word(name, lang):
    who = audience(name)
    for id, measure in CATALOGUE.measures.items():
        if who.sees_measure(id) and name not in ("municipality", "family_pupil", "family_parent"):
            assert not who.hides(measure.step[lang], lang), id
            assert not who.hides(measure.name[lang], lang), id


def test_a_hidden_reason_becomes_one_neutral_line_at_the_end_without_size():
    told = pd.DataFrame([reason("a", "pregnancy", 1), reason("a", "absence_share", 2), reason("a", "violence", 3)])
    seen = audience("class_teacher").filter_reasons(told, "lv")
    assert seen["kind"].tolist() == ["risk", "hidden"]
    assert seen["rank"].tolist() == [1, 1]
    last = seen.iloc[-1]
    assert last["sentence"] == "Zināms atbalsta personālam."
    assert last[["construct", "factor", "code"]].tolist() == ["", "", ""] and last["params"] == {}
    assert pd.isna(last["contribution"]) and pd.isna(last["value"])


def test_a_hidden_strength_and_a_hidden_unknown_leave_no_trace():
    told = pd.DataFrame(
        [reason("a", "pregnancy", 1, "strength"), reason("a", "violence", 1, "unknown"), reason("a", "mean_mark", 1)]
    )
    assert audience("class_teacher").filter_reasons(told, "lv")["kind"].tolist() == ["risk"]


def test_a_sentence_that_still_gives_something_away_is_told_by_its_name_alone():
    told = pd.DataFrame([reason("a", "failing_subjects", 1, sentence="Vērtējums zem 4 ballēm: veselības mācība.")])
    seen = audience("class_teacher").filter_reasons(told, "lv")
    assert seen["sentence"].tolist() == ["Sekmes."]


@pytest.mark.parametrize(
    ("reasons", "code", "neutral"),
    [
        (["pregnancy", "motivation"], "measure:psychologist", True),
        (["motivation", "pregnancy"], "measure:psychologist", False),
        (["health_problem"], "measure:nurse_referral", True),
        (["absence_share"], "measure:mentor", False),
        (["low_income"], "measure:meals", True),
        (["absence_share"], "signal:violence", True),
        (["absence_share"], "default", False),
    ],
)
def test_a_step_that_follows_from_a_hidden_reason_becomes_neutral(reasons, code, neutral):
    told = pd.DataFrame([reason("a", factor, rank) for rank, factor in enumerate(reasons, 1)])
    steps = audience("class_teacher").filter_steps(pd.DataFrame([step("a", code)]), told, "lv")
    assert (steps["step"].iloc[0] == "Sazināties ar atbalsta personālu") == neutral
    assert (steps["role"].iloc[0], steps["code"].iloc[0]) == ("social_pedagogue", "support_staff") or not neutral


def test_the_term_of_a_hidden_signal_does_not_tell_which_it_is():
    assert dt.timedelta(days=USUAL_DAYS) == DUE_AFTER
    steps = pd.DataFrame([step("a", "signal:violence", dt.date(2027, 1, 15)), step("b", "default")])
    told = pd.DataFrame([reason("a", "absence_share", 1)])
    assert audience("class_teacher").filter_steps(steps, told, "lv")["due"].nunique() == 1
    assert audience("head").filter_steps(steps, told, "lv")["due"].nunique() == 2


def test_hidden_signals_of_a_pupil_become_one_line():
    words = {"sentence": "Ir ieraksts par vardarbību.", "note": "ārsta zīme", "value": 2.0, "role": "social_pedagogue"}
    signals = pd.DataFrame(
        [{"pupil_id": "a", "signal": "violence", **words}, {"pupil_id": "a", "signal": "own", **words}]
    )
    seen = audience("class_teacher").filter_signals(signals, "lv")
    assert len(seen) == 1
    assert (seen["signal"].iloc[0], seen["note"].iloc[0]) == ("hidden", "")
    assert not audience("class_teacher").hides(seen["sentence"].iloc[0], "lv")


def test_notes_and_numbers_reach_support_staff_alone():
    flags = pd.DataFrame(
        {"pupil_id": ["a"], "risk": [0.2], "risk_2y": [0.3], "always_look": ["violence;unexcused_over_20"]}
    )
    decisions = pd.DataFrame({"pupil_id": ["a"], "decision": ["deferred"], "note": ["mamma slimo"]})
    for name in ("class_teacher", "head", "family_pupil"):
        who = audience(name)
        assert who.filter_flags(flags)["risk"].isna().all()
        assert who.filter_decisions(decisions)[["decision", "note"]].values.tolist() == [["deferred", ""]]
    assert audience("class_teacher").filter_flags(flags)["always_look"].tolist() == ["unexcused_over_20"]
    assert audience("support_staff").filter_decisions(decisions)["note"].tolist() == ["mamma slimo"]


def test_the_municipality_gets_no_frame_of_pupils():
    assert audience("municipality").filter_frames({"flags": pd.DataFrame({"pupil_id": ["a"]})}, "lv") == {}


def test_a_class_teacher_gets_the_own_class_alone():
    flags = pd.DataFrame({"pupil_id": ["a", "b"], "class_id": ["9.a", "9.b"], "always_look": ""})
    told = pd.DataFrame([reason("a", "absence_share", 1), reason("b", "absence_share", 1)])
    kept = audience("class_teacher").filter_frames({"flags": flags, "reasons": told}, "lv", classes=["9.a"])
    assert set(kept["reasons"]["pupil_id"]) == set(kept["flags"]["pupil_id"]) == {"a"}


@pytest.mark.parametrize("name", AUDIENCES)
def test_frames_without_rows_pass(name):
    empty = pd.DataFrame([reason("a", "absence_share", 1)]).iloc[:0]
    steps = pd.DataFrame([step("a", "default")]).iloc[:0]
    kept = audience(name).filter_frames({"reasons": empty, "next_steps": steps}, "lv")
    assert all(not len(frame) for frame in kept.values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_construct_whose_name_tells_of_a_hidden_factor_is_not_named(lang):
    told = pd.DataFrame([reason("a", "no_internet", 1, lang=lang)]).assign(
        name=CATALOGUE.constructs["poverty"].name[lang]
    )
    seen = audience("class_teacher").filter_reasons(told, lang)
    assert not audience("class_teacher").hides(seen["name"].iloc[0], lang)
    assert seen["construct"].tolist() == [""]


def test_a_file_of_ones_own_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("[audiences.board]\nnumbers = 3\n", encoding="utf-8")
    with pytest.raises(RunError) as caught:
        Audience.load("board", CATALOGUE, path=path)
    assert "own.toml" in str(caught.value)

import datetime as dt

import msgspec
import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.errors import RunError
from pumpurs_risk.flags import ChangePolicy, FlagPolicy, changes, expired, flag, moves
from pumpurs_risk.flags.change_words import ChangeWords
from pumpurs_risk.flags.changes import CHANGES, CODES, COLUMNS
from pumpurs_risk.locale import has_text, text
from pumpurs_risk.model import load_model
from pumpurs_risk.model.level import shifted


def both(dictated, then, now, places=2, **options):
    """Two lists of the dictated model; pupils are p00, p01 and so on in each."""
    model, before = dictated(then)
    _, today = dictated(now)
    lists = [flag(model, X, FlagPolicy(places=places)) for X in (today, before)]
    return changes(*lists, moved=moves(model, today, before), lang="en", **options).set_index("pupil_id")


def pupils(**columns):
    usual = {
        "absence_share": 0.05,
        "mean_mark": 7.0,
        "failing_subjects": 0.0,
        "programme_level": "general-9",
        "level": 9.0,
    }
    n = max((len(v) for v in columns.values() if isinstance(v, list)), default=1)
    return pd.DataFrame({"pupil_id": [f"p{i}" for i in range(n)], "programme": "general", **usual, **columns})


def from_to(before, now, model=None, model_then=None, lang="en", **options):
    model = model or load_model("literature-prior")
    policy = FlagPolicy(places=1, enough_evidence=0, most_missing_sd=9)
    lists = [flag(model, now, policy), flag(model_then or model, before, policy)]
    return changes(*lists, moved=moves(model, now, before), lang=lang, **options).set_index("pupil_id")


def test_new_worse_same_better_resolved_and_left(dictated):
    then = [-2.0, -1.0, -9.0, -8.0, -0.9, -1.5, -1.1]
    found = both(dictated, then, [-1.0, -9.0, -1.1, -8.0, -2.4, -1.6], places=3)
    assert found["change"].to_dict() == {
        "p00": "worse", "p01": "resolved", "p02": "new", "p04": "better", "p05": "same", "p06": "left",
    }  # fmt: skip
    assert found.loc["p00", ["previous_tier", "tier"]].tolist() == ["watch", "act_now"]
    assert "p03" not in found.index  # on neither list


def test_crossing_the_cut_by_a_hair_is_no_change(dictated):
    found = both(dictated, [-1.0, -1.1], [-1.1, -1.0], places=1)
    assert found["change"].tolist() == ["same", "same"]
    assert found["tier"].tolist() != found["previous_tier"].tolist()
    assert set(found["code"]) == {"cut"}
    assert (found["why"] == "The estimated risk has hardly changed; the end of the list has moved.").all()


def test_the_band_grows_with_the_uncertainty_of_the_move(dictated):
    # the sd of a move of 1 is sd_per_unit times the move of the basis, 1 / 20
    for sd, change in ((0.0, "worse"), (20.0, "worse"), (26.0, "same")):
        model, before = dictated([-2.5, -2.0], sd_per_unit=sd)
        _, today = dictated([-1.5, -2.0], sd_per_unit=sd)
        lists = [flag(model, X, FlagPolicy(places=1)) for X in (today, before)]
        found = changes(*lists, moved=moves(model, today, before)).set_index("pupil_id")
        assert found.loc["p00", "change"] == change


def test_a_large_move_counts_without_another_tier_and_a_small_one_does_not(dictated):
    found = both(dictated, [-1.0, -1.5, -3.0], [0.5, -1.1, -9.0], places=2)
    assert found.loc[["p00", "p01"], "change"].tolist() == ["worse", "same"]
    assert found.loc["p01", "code"] == "steady"


def test_the_pupil_and_the_model_add_up_and_stay_apart():
    model = load_model("literature-prior")
    other = shifted(model, 0.8, "for a test")
    before, now = pupils(absence_share=[0.05, 0.25]), pupils(absence_share=[0.30, 0.25])
    found = from_to(before, now, model, other)
    np.testing.assert_allclose(found["model_moved"], -0.8)
    assert found.loc["p0", "pupil_moved"] > 0.5
    assert found.loc["p1", "pupil_moved"] == pytest.approx(0)
    whole = model.log_odds(now) - other.log_odds(before)
    np.testing.assert_allclose(found["pupil_moved"] + found["model_moved"], whole, atol=1e-12)


def test_another_model_makes_nobody_better_or_worse():
    model = load_model("literature-prior")
    X = pupils(
        absence_share=[0.02, 0.50, 0.10], unexcused_lessons=[0.0, 30.0, 2.0], failing_subjects=[0.0, 5.0, 1.0],
        mean_mark=[8.0, 3.5, 6.5],
    )  # fmt: skip
    low, high = (shifted(model, by, "for a test") for by in (-1.0, 1.5))
    for now, then, change in ((low, high, "resolved"), (high, low, "new")):
        found = from_to(X, X, now, then)
        assert found["change"].to_dict() == {"p1": "same", "p2": change}
        assert set(found["code"]) == {"model"}
    said = from_to(X, X, high, low, lang="lv")
    assert set(said["why"]) == {"Mainīts aprēķina modelis, nevis skolēna situācija."}


def test_a_redefined_factor_moves_the_model_not_the_pupil():
    model = load_model("literature-prior")
    before, now = pupils(absence_share=[0.05]), pupils(absence_share=[0.40])
    found = moves(model, now, before, redefined=["absence_share"])
    assert found.loc[0, "moved"] == pytest.approx(0)
    assert moves(model, now, before).loc[0, "moved"] > 0.5


def test_another_grade_is_named_and_is_not_the_pupils_doing():
    before = pupils(programme_level=["general-9"])
    now = pupils(programme_level=["general-10"], level=10.0)
    model = load_model("literature-prior")
    level = next(s for s in model.shapes if s.factor == "programme_level")
    values = tuple(3.0 if name == "general-10" else 0.0 for name in level.levels)
    steeper = tuple(msgspec.structs.replace(s, values=values) if s is level else s for s in model.shapes)
    model = msgspec.structs.replace(model, shapes=steeper)
    lv = from_to(before, now, model, lang="lv")
    assert lv["code"].tolist() == ["level"]
    assert lv["change"].tolist() == ["same"]
    assert lv["why"].tolist() == ["Pāreja uz 10. klasi."]
    vocational = now.assign(programme="vocational", programme_level="vocational-2", level=2.0)
    told = from_to(before.assign(programme="vocational"), vocational, lang="lv")
    assert told["why"].iloc[0].endswith("Pāreja uz 2. kursu.")


def test_the_field_that_moved_most_is_named():
    before, now = pupils(absence_share=[0.03], mean_mark=8.0), pupils(absence_share=[0.40], mean_mark=7.8)
    found = from_to(before, now, lang="lv").iloc[0]
    assert found["why"] == "Riska pazīmes ir pastiprinājušās; lielākā pārmaiņa ir jomā „kavējumi”."
    assert (found["code"], found["change"], found["sensitivity"]) == ("pupil", "worse", "ordinary")
    back = from_to(now, before, lang="lv").iloc[0]
    assert back["why"] == "Riska pazīmes ir mazinājušās; lielākā pārmaiņa ir jomā „kavējumi”."
    assert back["change"] == "better"


def test_a_lower_risk_for_want_of_data_is_not_better():
    before = pupils(absence_share=[0.40], failing_subjects=4.0)
    found = from_to(before, pupils(absence_share=[np.nan], failing_subjects=np.nan)).iloc[0]
    assert found["pupil_moved"] < -1
    assert (found["change"], found["code"]) == ("same", "unrecorded")
    assert "does not mean that the situation improved" in found["why"]


def test_what_is_newly_known_is_told_as_newly_known():
    before = pupils(absence_share=[np.nan], unexcused_lessons=np.nan)
    now = pupils(absence_share=[0.5], unexcused_lessons=20.0)
    found = from_to(before, now).iloc[0]
    assert (found["change"], found["code"]) == ("worse", "known")
    assert found["why"] == "More is known now, and the signs of risk are stronger; the new facts are about: attendance."


def test_nothing_sensitive_is_named_in_the_plain_words():
    before = pupils(addiction=[0.0, 0.0], absence_share=[0.05, 0.06])
    found = from_to(before, before.assign(addiction=[1.0, 0.0])).loc["p0"]
    assert "addiction" in found["why"]
    assert found["sensitivity"] == "special"
    assert found["why_plain"] == "The signs of risk have grown; what changed is known to the support staff."


def test_a_construct_that_holds_sensitive_factors_is_named_by_its_ordinary_one(catalogue):
    words = ChangeWords(catalogue, "lv")
    (full, _), plain = words.construct_name("care", "home_duties")
    assert full == catalogue.constructs["care"].name["lv"]
    assert plain == catalogue.factors["home_duties"].name["lv"]


def test_a_new_signal_is_said_and_puts_one_on_the_list():
    quiet = pupils(unexcused_raw=[3.0], violence=0.0)
    loud = pupils(unexcused_raw=[25.0], violence=0.0)
    model = load_model("literature-prior")
    lists = [flag(model, X, FlagPolicy(places=0, enough_evidence=0, most_missing_sd=9)) for X in (loud, quiet)]
    found = changes(*lists, lang="en").iloc[0]
    assert (found["change"], found["code"]) == ("new", "signal")
    assert found["why"] == "New sign to check whatever the risk: More than 20 unexcused lessons in a semester."
    back = changes(*lists[::-1], lang="en").iloc[0]
    assert (back["change"], back["code"]) == ("resolved", "signal_gone")
    hidden = flag(model, pupils(violence=[1.0]), FlagPolicy(places=0, enough_evidence=0, most_missing_sd=9))
    told = changes(hidden, lists[1], lang="en").iloc[0]
    assert "Violence" in told["why"]
    assert "Violence" not in told["why_plain"]
    assert told["why_plain"].endswith("known to the support staff.")


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_a_new_signal_makes_worse_who_was_on_a_list_before_whatever_the_risk_does(dictated, lang):
    for then, now in ((-1.0, -1.0), (-1.0, -1.3), (-1.0, -2.5)):
        model, before = dictated([then, -3.0], violence=0.0)
        _, today = dictated([now, -3.0], violence=[1.0, 0.0])
        lists = [flag(model, X, FlagPolicy(places=1)) for X in (today, before)]
        found = changes(*lists, moved=moves(model, today, before), lang=lang).set_index("pupil_id").loc["p00"]
        assert (found["change"], found["code"], found["sensitivity"]) == ("worse", "signal", "sensitive")
        assert found["why"] == text("changes.why.signal", lang, names="Vardarbība" if lang == "lv" else "Violence")
        assert found["why_plain"] == text("changes.why.signal_hidden", lang)
        again = changes(lists[0], lists[0], lang=lang).set_index("pupil_id").loc["p00"]
        assert again["change"] == "same"  # it is new once


def test_who_was_set_aside_and_has_a_new_signal_is_worse(dictated):
    model, X = dictated([-1.0, -2.0], violence=0.0)
    before = flag(model, X, FlagPolicy(places=2))
    now = flag(model, X.assign(violence=[1.0, 0.0]), FlagPolicy(places=2), set_aside=["p00"])
    found = changes(now, before, lang="en").set_index("pupil_id").loc["p00"]
    assert (found["change"], found["code"]) == ("worse", "signal")
    assert "nothing material" not in found["why"]


def test_a_risk_that_rose_is_said_beside_the_new_signal():
    before = pupils(absence_share=[0.03], violence=0.0)
    found = from_to(before, pupils(absence_share=[0.40], violence=1.0)).iloc[0]
    assert (found["change"], found["code"]) == ("worse", "pupil")
    assert found["why"].startswith("The signs of risk have grown;")
    assert found["why"].endswith("New sign to check whatever the risk: Violence.")


def test_a_signal_that_comes_of_another_grade_is_said_and_makes_nobody_worse():
    before = pupils(failing_subjects=[1.0], violence=0.0)
    up = before.assign(level=10.0, programme_level="general-10")
    found = from_to(before, up).iloc[0]
    assert found["change"] == "same"
    assert "New sign to check" in found["why"]
    assert from_to(before, up.assign(violence=1.0)).iloc[0]["change"] == "worse"
    failing = pupils(failing_subjects=[0.0], level=8.0, programme_level="general-8", mean_mark=6.0)
    assert from_to(failing, failing.assign(failing_subjects=2.0)).iloc[0]["change"] == "worse"


def test_a_pupil_of_another_school_moved_and_did_not_leave(dictated):
    model, X = dictated([-1.0, -1.0, -5.0], school_id=["a", "a", "b"])
    lists = [flag(model, table, FlagPolicy(places=2)) for table in (X.assign(school_id=["b", "a", "b"]), X)]
    found = changes(*lists).set_index("pupil_id").loc["p00"]
    assert (found["change"], found["school_id"], found["previous_school"]) == ("moved_school", "b", "a")


def test_a_pupil_on_the_roster_whom_the_list_does_not_cover_did_not_leave(dictated):
    model, X = dictated([-1.0, -2.0])
    lists = [flag(model, table, FlagPolicy(places=2)) for table in (X.iloc[1:], X)]
    told = changes(*lists, roster={"p00", "p01"}, lang="en").set_index("pupil_id")
    assert (told.loc["p00", "change"], told.loc["p00", "code"]) == ("resolved", "out_of_scope")
    assert changes(*lists).set_index("pupil_id").loc["p00", "change"] == "left"


def test_too_little_known_and_enough_known_are_said(dictated):
    model, X = dictated([0.0, -6.0], first_year=1.0, days_known=60.0)
    asked = flag(model, X.assign(days_known=[60.0, 5.0]), FlagPolicy(places=1))
    known = flag(model, X, FlagPolicy(places=1))
    assert changes(asked, known).set_index("pupil_id").loc["p01", ["change", "code"]].tolist() == [
        "new",
        "too_little_known",
    ]
    back = changes(known, asked).set_index("pupil_id").loc["p01"]
    assert back[["change", "code"]].tolist() == ["resolved", "enough_known"]


def test_who_is_set_aside_is_neither_resolved_nor_gone(dictated):
    model, X = dictated([-1.0, -2.0, -2.5])
    before = flag(model, X, FlagPolicy(places=2))
    now = flag(model, X, FlagPolicy(places=2), set_aside=["p00"])
    found = changes(now, before).set_index("pupil_id")
    assert found.loc["p00", ["change", "code", "tier"]].tolist() == ["same", "set_aside", "none"]
    again = changes(before, now).set_index("pupil_id")
    assert again.loc["p00", "change"] == "same"  # was in its own section, and never off every list


def test_who_was_added_is_new_and_stays(dictated):
    model, X = dictated([-1.0, -9.0])
    before, now = flag(model, X, FlagPolicy(places=1)), flag(model, X, FlagPolicy(places=1), added=["p01"])
    assert changes(now, before).set_index("pupil_id").loc["p01", ["change", "code"]].tolist() == ["new", "added"]
    assert changes(now, now).set_index("pupil_id").loc["p01", "change"] == "same"


def test_lists_of_earlier_versions_are_understood(dictated):
    model, X = dictated([-1.0, -2.0])
    now = flag(model, X, FlagPolicy(places=1))
    old = now.drop(columns=["set_aside", "added"])
    pd.testing.assert_frame_equal(changes(now, old), changes(now, now))


def test_without_pupils_there_are_no_changes_and_all_columns(dictated):
    model, X = dictated([-1.0])
    flags = flag(model, X, FlagPolicy(places=1))
    nobody = changes(flags.iloc[:0], flags.iloc[:0], moved=moves(model, X.iloc[:0], X.iloc[:0]))
    assert list(nobody.columns) == COLUMNS
    assert len(nobody) == 0
    assert changes(flags, flags.iloc[:0])["code"].tolist() == ["newcomer"]


def test_every_change_and_code_has_words_in_both_languages():
    for lang in ("lv", "en"):
        assert all(text(f"changes.change.{name}", lang) for name in CHANGES)
        assert all(has_text(f"changes.why.{code}", lang) for code in CODES)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("least_move", -1), ("sure", 0.4), ("sure", 1), ("large_move", "1"), ("dismissed_holds", True), ("confirmed_holds", -1)],
)  # fmt: skip
def test_an_impossible_setting_is_refused_by_its_name(setting, value):
    with pytest.raises(RunError, match=setting):
        ChangePolicy(**{setting: value})


def test_a_list_is_over_when_its_semester_is(catalogue):
    made = dt.date(2026, 9, 15)
    assert not expired(made, dt.date(2026, 12, 18), catalogue.calendar)
    assert expired(made, dt.date(2026, 12, 19), catalogue.calendar)
    assert not expired(dt.date(2026, 12, 22), dt.date(2027, 5, 31), catalogue.calendar)  # made between two semesters

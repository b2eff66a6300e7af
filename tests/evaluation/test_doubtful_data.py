"""evaluate() on data that ought not to be trusted, or that say little: leaks, repeated rows, no places, wrong names."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from jsonschema import Draft202012Validator

import pumpurs_risk as pr
from pumpurs_risk.errors import EvaluationError
from pumpurs_risk.evaluation import evaluate, evaluation_schema
from pumpurs_risk.evaluation.leaks import suspicious_factors
from pumpurs_risk.locale import LANGUAGES

PRIOR = pr.load_model("literature-prior")
DAY = pd.Timestamp("2026-01-15")


def made_day(n=800, schools=4, seed=0):
    """One day of pupils; who misses lessons leaves more often."""
    rng = np.random.default_rng(seed)
    absent = rng.beta(1.2, 12, n)
    X = pd.DataFrame(
        {
            "pupil_id": [f"p{i}" for i in range(n)],
            "as_of": DAY,
            "school_id": [f"school {i}" for i in rng.integers(0, schools, n)],
            "class_id": [f"{i}.a" for i in rng.integers(7, 10, n)],
            "absence_share": absent,
        }
    )
    return X, pd.Series((rng.random(n) < 1 / (1 + np.exp(3.2 - 14 * (absent - 0.09)))).astype(float))


@pytest.fixture(scope="module")
def day():
    return made_day()


def judged(X, y, **given):
    return evaluate(PRIOR, (X, y, None, None), **({"bootstrap": 0, "baselines": False} | given))


def few(y, leavers):
    found = y * 0.0
    found.iloc[:leavers] = 1.0
    return found


# --- leaks -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("column", ["school_id", "class_id"])
def test_an_archive_of_leavers_is_named_and_never_praised(day, column):
    X, y = day
    found = judged(
        X.assign(**{column: np.where(y == 1, "gone", X[column])}), y, bootstrap=60, baselines=["absences_alone"]
    )
    assert found.suspicious[["factor", "sign", "level"]].values.tolist() == [[column, "context", "gone"]]
    assert found.verdict == "suspicious"
    for lang, first, word in (("en", "Do not trust", "Suspicious"), ("lv", "Neuzticieties", "Aizdomīgi")):
        said = found.sentences(lang)
        assert said[0].startswith(first) and said[1].startswith(word) and "gone" in said[1]
    Draft202012Validator(evaluation_schema()).validate(json.loads(json.dumps(found.to_dict(), allow_nan=False)))


def test_an_archive_class_in_each_school_is_found_too(day):
    X, y = day
    classes = np.where((y == 1) & (X["school_id"] == "school 1"), "9.a", X["class_id"].replace("9.a", "9.b"))
    X = X.assign(class_id=np.where(X["school_id"] == "school 1", classes, X["class_id"]))
    assert suspicious_factors(X, y, [])[["factor", "level"]].values.tolist() == [["class_id", "school 1, 9.a"]]


def test_a_school_recorded_only_of_those_who_stayed_is_suspicious(day):
    X, y = day
    found = suspicious_factors(X.assign(school_id=X["school_id"].where(y == 0)), y, [])
    assert found[["factor", "sign"]].values.tolist() == [["school_id", "recorded"]]


def test_hard_schools_and_tiny_classes_are_no_leak(day):
    X, y = day
    hard = y.where((X["school_id"] != "school 1") | (X.index % 3 > 0), 1.0)
    tiny = X.assign(class_id=X["pupil_id"])
    assert suspicious_factors(X, hard, []).empty and suspicious_factors(tiny, y, []).empty


def test_a_leaking_factor_comes_first(day):
    X, y = day
    found = judged(X.assign(motivation=y * 4), y)
    assert found.verdict == "suspicious"
    assert found.first_line("en").startswith("Do not trust this account")


# --- rows that repeat each other ---------------------------------------------------------------------------------------
def test_identical_rows_of_a_pupil_and_day_count_once_and_are_counted(day):
    X, y = day
    once, twice = judged(X, y), judged(pd.concat([X, X[:100]]), pd.concat([y, y[:100]]))
    assert twice.counts == once.counts
    pd.testing.assert_frame_equal(twice.by_school, once.by_school)
    assert dict(twice.notes)["repeated_rows"] == {"repeated": 100}
    assert any(said.startswith("100 rows said the same") for said in twice.sentences("en"))
    other = X.assign(as_of=DAY - pd.Timedelta(days=300))
    assert judged(pd.concat([X, other]), pd.concat([y, y])).counts.rows == 1600


@pytest.mark.parametrize("what", ["outcome", "school", "unknown outcome"])
def test_rows_that_contradict_each_other_are_refused_and_counted(day, what):
    X, y = day
    again, left = X[:7].copy(), y[:7].copy()
    if what == "school":
        again["school_id"] = "elsewhere"
    else:
        left = 1 - left if what == "outcome" else left * np.nan
    with pytest.raises(EvaluationError, match="7 pupils") as refused:
        judged(pd.concat([X, again]), pd.concat([y, left]))
    assert "7 skolēniem" in refused.value.message("lv")
    assert pickle.loads(pickle.dumps(refused.value)).message() == str(refused.value)


# --- everybody, nobody, and nothing in order ---------------------------------------------------------------------------
def test_where_everybody_left_there_are_no_stayers(day):
    X, y = day
    found = judged(X, y * 0 + 1, bootstrap=60)
    said = " ".join(found.sentences("en"))
    assert "nobody_stayed" in dict(found.notes) and "no stayers" in said
    assert "no leavers" not in said and "between 5% and 5%" not in said


def test_a_constant_score_is_said_plainly(day):
    X, y = day
    X = X.assign(absence_share=0.1)
    found = judged(X, y, bootstrap=60)
    assert found.verdict == "cannot_tell_yet"
    assert [code for code, _ in found.judgement.reasons] == ["no_order"]
    for said in found.sentences("en"):
        assert "between 5% and 5%" not in said and "50 and 50" not in said and "50 to 50" not in said


def test_no_places_are_no_verdict_and_more_than_the_roll_are_the_roll(day):
    X, y = day
    none = judged(X, y, places=0)
    assert none.verdict == "no_places"
    assert "nothing to judge" in none.first_line("en")
    assert not any("list finds" in said for said in none.sentences("en"))
    everybody = judged(X, y, places=10_000, bootstrap=60, baselines=["absences_alone"])
    assert everybody.counts.places == everybody.counts.listed == len(X)
    assert not any("between 0 and 0" in said or "between 100%" in said for said in everybody.sentences("en"))


# --- names and numbers -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"baselines": ["absence_alone"]}, "absence_alone.*nearest.*absences_alone"),
        ({"baselines": ["nope"]}, "nope"),
        ({"places": {"scool 1": 3}}, "scool 1.*nearest.*school 1"),
        ({"level": 95}, "between 0 and 1"),
        ({"level": 0}, "between 0 and 1"),
    ],
)
def test_what_nobody_knows_is_refused_with_what_is_known(day, given, message):
    with pytest.raises(EvaluationError, match=message) as refused:
        judged(*day, **given)
    assert refused.value.message("lv") != refused.value.message("en")


def test_one_baseline_may_be_named_alone(day):
    assert set(judged(*day, baselines="absences_alone").metrics["kind"]) == {"model", "rule"}


def test_one_of_something_is_said_as_one(day):
    X, y = day[0][:73], few(day[1][:73], 1)
    assert round(judged(X, y).counts.expected_leavers) == 1
    assert any("expected 1 leaver;" in said for said in judged(X, y).sentences("en"))
    left_on = dict.fromkeys(X["pupil_id"], DAY + pd.Timedelta(days=200))
    said = judged(X, y, left_on=left_on, places=99).sentences("lv")
    assert any("1 semestri iepriekš" in each for each in said)


def test_with_few_leavers_a_level_far_from_the_expected_one_is_still_said(day):
    X, y = day
    expected = judged(X, y).counts.expected_leavers
    for leavers in (0, 1, 3):
        found = judged(X, few(y, leavers))
        far = dict(found.notes)["level_far"]
        assert found.verdict == "too_few_leavers"
        assert far["left"] == leavers < far["lower"] < expected < far["upper"]
        for lang, word in (("en", "more than chance"), ("lv", "nejaušību")):
            assert any(word in said for said in found.sentences(lang))
    near = judged(X, few(y, 9))
    assert not {"level_far", "level_far_on_day"} & set(dict(near.notes))
    days = pd.concat([X, X.assign(as_of=DAY - pd.Timedelta(days=300))])
    found = judged(days, few(pd.concat([y, y], ignore_index=True), 1))
    assert dict(found.notes)["level_far_on_day"]["left"] == 0
    assert any("after 21 March 2025" in said for said in found.sentences("en"))


@pytest.mark.parametrize("column", ["as_of", "none"])
def test_no_time_before_leaving_is_told_where_no_day_of_leaving_is_known(day, column):
    X, y = day
    found = judged(X.drop(columns=column, errors="ignore"), y)
    assert np.isnan(found.lead_time.median) and found.lead_time.found > 0
    said = " ".join(found.sentences("en"))
    assert "before leaving" not in said and "none was on the list" not in said and "time before" not in said
    for lang in LANGUAGES:
        assert found.sentences(lang)

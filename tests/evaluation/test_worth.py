"""What data and places are worth: gains where there is something to gain, "do not collect" where there is not."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import EvaluationError
from pumpurs_risk.evaluation.figures.metrics import precision_recall_at_places
from pumpurs_risk.evaluation.worth.data import value_of_data
from pumpurs_risk.evaluation.worth.listed_share import recall_of, share_listed
from pumpurs_risk.evaluation.worth.places import one_more_place
from pumpurs_risk.evaluation.worth.wording import data_sentences, place_sentences
from pumpurs_risk.model import load_model


def made_table(n=3000, seed=0):
    """Made pupils: absence tells who leaves, mental_health is noise, pregnancy is never recorded."""
    rng = np.random.default_rng(seed)
    absence = rng.beta(1, 8, n)
    X = pd.DataFrame(
        {
            "pupil_id": np.arange(n).astype(str),
            "school_id": rng.integers(0, 6, n).astype(str),
            "absence_share": absence,
            "failing_subjects": rng.poisson(0.5, n).astype(float),
            "mental_health": rng.integers(0, 4, n).astype(float),
            "pregnancy": np.nan,
        }
    )
    y = (rng.random(n) < 1 / (1 + np.exp(4.2 - 9 * absence - 0.4 * X["failing_subjects"]))).astype(float)
    return X, y


def plain(table):
    X, y = table
    return X[["absence_share", "failing_subjects", "mental_health"]], y


def test_a_factor_that_tells_adds_and_noise_adds_nothing():
    found = value_of_data(
        LogisticRegression(C=100),
        plain(made_table(8000)),
        factors=["absence_share", "mental_health"],
        places=800,
        resamples=300,
    ).set_index("what")
    assert found.loc["absence_share", "verdict"] == "adds"
    assert found.loc["absence_share", "lower"] > 0
    assert found.loc["mental_health", "verdict"] == "adds_nothing"
    assert found.loc["mental_health", "sensitivity"] == "special"
    assert found["gain"].to_numpy() == pytest.approx((found["recall_with"] - found["recall_without"]).to_numpy())


def test_few_leavers_tell_nothing_even_if_both_lists_are_the_same():
    X, y = plain(made_table(300))
    y[np.flatnonzero(y)[8:]] = 0.0
    found = value_of_data(LogisticRegression(), (X, y), factors=["mental_health"], places=30, resamples=100)
    assert found["verdict"].tolist() == ["cannot_tell"]
    assert found["lower"].item() < -0.1 and found["upper"].item() > 0.1


def test_by_default_sensitive_factors_of_which_something_is_recorded_are_looked_at():
    X, y = made_table(1500)
    found = value_of_data(load_model("literature-prior"), (X, y), resamples=50)
    assert found["what"].tolist() == ["mental_health"]
    assert found["recorded"].item() == 1.0


def test_a_finished_model_is_scored_without_the_datum():
    model = load_model("literature-prior")
    X, y = made_table(1500)
    found = value_of_data(model, (X, y), factors=["absence_share"], places=20, resamples=20)
    without = X.drop(columns="absence_share")
    score = model.for_recorded(without).predict_proba(without)[:, 1]
    expected = precision_recall_at_places(y, score, X["school_id"], 20).recall
    assert found["recall_without"].item() == pytest.approx(expected)


def test_a_construct_is_left_out_whole_and_a_mapping_names_its_own_sets():
    X, y = made_table(1500)
    model = load_model("literature-prior")
    found = value_of_data(model, (X, y), factors=["health"], resamples=10)
    assert found["factors"].tolist() == ["mental_health"]
    own = value_of_data(model, (X, y), factors={"both": ["absence_share", "failing_subjects"]}, resamples=10)
    assert own["factors"].tolist() == ["absence_share;failing_subjects"]


def test_training_never_sees_the_rows_that_judge():
    class Memory(LogisticRegression):
        seen: list = []

        def fit(self, X, y, sample_weight=None):
            Memory.seen.append(set(X.index))
            return super().fit(X, y, sample_weight)

        def predict_proba(self, X):
            assert not Memory.seen[-1] & set(X.index)
            return super().predict_proba(X)

    X, y = plain(made_table(400))
    pupils = np.repeat(np.arange(200), 2)
    value_of_data(Memory(), (X, y, None, pupils), factors=["mental_health"], cv=3, places=20, resamples=10)
    assert len(Memory.seen) == 6


def test_days_are_judged_by_what_was_known_on_them():
    X, y = made_table(900)
    days = np.repeat(pd.to_datetime(["2024-01-15", "2024-09-15", "2025-01-15"]), 300)
    X = X.assign(as_of=days)
    learned = []

    class Spy(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            learned.append(set(X["as_of"]))
            return super().fit(X[["absence_share"]], y, sample_weight)

        def predict_proba(self, X):
            assert set(X["as_of"]) == {pd.Timestamp("2025-01-15")}
            return super().predict_proba(X[["absence_share"]])

    value_of_data(Spy(), (X, y, None, None), factors=["mental_health"], cv="days", resamples=10)
    assert learned == [{pd.Timestamp("2024-01-15")}] * 2


def test_a_trained_scorer_is_fitted_without_repeating_its_warnings():
    from pumpurs_risk.training import DropoutScorer

    X, y = made_table(900)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = value_of_data(DropoutScorer(), (X, y), factors=["mental_health"], cv=2, resamples=20)
    assert found["leavers"].item() == y.sum()


def test_what_cannot_be_asked_is_said():
    X, y = made_table(200)
    model = load_model("literature-prior")
    with pytest.raises(EvaluationError, match="no_such_thing"):
        value_of_data(model, (X, y), factors=["no_such_thing"])
    with pytest.raises(EvaluationError, match="Nobody is known to have left"):
        value_of_data(model, (X, np.zeros(200)), factors=["absence_share"])
    with pytest.raises(EvaluationError, match="judges twice"):
        once = (np.arange(100), np.arange(100, 200))
        value_of_data(LogisticRegression(), (X, y), factors=["absence_share"], cv=[once, once])
    with pytest.raises(EvaluationError, match="learned from"):
        value_of_data(LogisticRegression(), (X, y), factors=["absence_share"], cv="days")


def test_sentences_say_do_not_collect_and_never_overstate():
    table = pd.DataFrame(
        {
            "what": ["absence_share", "mental_health", "own column"],
            "verdict": ["adds", "adds_nothing", "cannot_tell"],
            "gain": [0.12, 0.0, 0.01],
            "lower": [0.05, -0.009, -0.1],
            "upper": [0.2, 0.009, 0.12],
            "recorded": [1.0, 0.28, 0.5],
            "leavers": [277, 277, 12],
        }
    )
    for lang, collected in (("lv", "nav jāvāc"), ("en", "need not be collected")):
        said = data_sentences(table, lang)
        assert collected in said[1] and "28" in said[1]
        assert collected not in said[0] + said[2]
        name = Catalogue.load().factors["mental_health"].name[lang]
        assert said[1].lower().startswith(name.lower())
    assert data_sentences(table.iloc[:0], "en") == ["Nothing sensitive is recorded whose worth could be measured."]


# ------------------------------------------------------------------ places
def test_shares_listed_give_the_recall_of_the_metrics():
    rng = np.random.default_rng(0)
    for _ in range(20):
        score, lists = rng.integers(0, 6, 200) / 6, rng.integers(0, 9, 200)
        places = rng.integers(0, 30, 9)[lists]
        y = (rng.random(200) < 0.2).astype(float)
        y[:20] = np.nan
        share = share_listed(score, lists, places)
        assert recall_of(y, np.ones(200), share) == pytest.approx(
            precision_recall_at_places(y, score, lists, places).recall
        )
        size = np.bincount(lists, minlength=9)
        assert np.bincount(lists, share, 9) == pytest.approx(
            np.minimum(size, np.bincount(lists, places, 9) / np.maximum(size, 1))
        )


def test_more_places_never_find_fewer_and_all_places_find_all():
    X, y = made_table(800)
    found = one_more_place(y, X["absence_share"], X["school_id"], 3, more=(1, 2, 5, 800), resamples=50)
    recall = found[found["what"].isin(["now", "more_places"])]["recall"].tolist()
    assert recall == sorted(recall) and recall[-1] == 1.0
    assert (
        (found["lower"] >= 0).all()
        and (found["lower"] <= found["gain"]).all()
        and (found["gain"] <= found["upper"]).all()
    )
    assert found.iloc[-2]["places"] == 800


def test_better_data_are_worth_so_many_places():
    X, y = made_table(3000)
    rng = np.random.default_rng(0)
    poor = X["absence_share"] + rng.normal(0, 0.2, len(X))
    found = one_more_place(y, poor, X["school_id"], 25, better=X["absence_share"], more=(1,), resamples=50).set_index(
        "what"
    )
    same = found.loc["better_model", "same_as_places"]
    reached = [
        recall_of(y, np.ones(3000), share_listed(poor, X["school_id"], 25 + k)) for k in (int(same), int(same) + 1)
    ]
    assert reached[0] <= found.loc["better_model", "recall"] <= reached[1]
    assert found.loc["better_model", "gain"] > found.loc["more_places", "gain"]
    assert found.loc["perfect", "recall"] >= found.loc["better_model", "recall"]


def test_a_model_that_is_no_better_is_worth_no_place():
    X, y = made_table(800)
    found = one_more_place(
        y, X["absence_share"], X["school_id"], 10, better=-X["absence_share"], resamples=20
    ).set_index("what")
    assert found.loc["better_model", "same_as_places"] == 0
    assert "not needed" in " ".join(place_sentences(found.reset_index(), "en"))


def test_perfect_is_bounded_by_places():
    y = np.r_[np.ones(10), np.zeros(90)]
    found = one_more_place(y, np.arange(100.0), np.zeros(100), 4, resamples=10)
    assert found[found["what"] == "perfect"]["recall"].item() == pytest.approx(0.4)


def test_places_are_told_in_both_languages():
    X, y = made_table(800)
    found = one_more_place(
        y, X["absence_share"], X["school_id"], 3, better=X["failing_subjects"], more=(1, 2), resamples=20
    )
    assert "Par 1 vietu vairāk" in place_sentences(found, "lv")[1]
    assert "Par 2 vietām vairāk" in place_sentences(found, "lv")[2]
    assert "1 more place on every list finds" in place_sentences(found, "en")[1]

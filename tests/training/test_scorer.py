import warnings

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import pumpurs_risk as pr
from pumpurs_risk.errors import (
    DirectionWarning,
    LeakWarning,
    PriorConflictWarning,
    ProtectedAttributeWarning,
    TrainingError,
    TrainingWarning,
)
from pumpurs_risk.training.fit.design import TermDesign

PRIOR = pr.load_model("literature-prior")


@parametrize_with_checks([pr.DropoutScorer(), pr.DropoutScorer(prior=None)])
def test_scikit_learn_finds_nothing_to_complain_about(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


# ---------------------------------------------------------------------- from the prior to the data
def test_fitting_on_nothing_gives_the_prior():
    scorer = pr.DropoutScorer().fit(pd.DataFrame({"absence_share": [], "mean_mark": []}), [])
    X = pd.DataFrame({"absence_share": [0.2, np.nan], "mean_mark": [5.0, 3.0]})
    assert scorer.model_ == PRIOR and (scorer.predict_proba(X) == PRIOR.predict_proba(X)).all()
    with pytest.raises(ValueError, match="0 sample"):
        pr.DropoutScorer().fit(np.zeros((0, 3)), [])


def test_with_no_width_the_data_move_the_level_only(history):
    X, y, weight, _ = history
    X = X.drop(columns=["school_id"]).assign(absence_share=X["absence_share"].fillna(0.03))[["absence_share"]]
    model = pr.DropoutScorer(width=1e-5).fit(X, y, weight).model_
    prior = PRIOR.for_recorded(X)
    shift = model.log_odds(X) - prior.log_odds(X)
    assert np.ptp(shift) < 1e-6 and abs(shift[0]) > 0.1


def test_on_much_data_the_prior_stops_mattering(make_table):
    X, y = make_table(40_000, missing=0)
    renamed = X[["stepwise"]].rename(columns={"stepwise": "peer_conflicts"})
    ours = pr.DropoutScorer().fit(renamed, y).predict_proba(renamed)[:, 1]
    rates = pd.Series(y).groupby(renamed["peer_conflicts"].to_numpy()).mean()
    assert np.abs(ours - renamed["peer_conflicts"].map(rates)).max() < 0.01


def test_unpenalised_it_is_logistic_regression_on_the_same_columns(table, monkeypatch):
    X, y = table
    X = X.drop(columns=["place"])
    monkeypatch.setattr("pumpurs_risk.training.fit.learning.UNKNOWN_SD", 1e4)
    monkeypatch.setattr("pumpurs_risk.training.fit.learning.LEVEL_SD", 1e4)
    seen: list[TermDesign] = []
    made = TermDesign._made
    monkeypatch.setattr(TermDesign, "_made", lambda self: seen.append(self) or made(self))
    scorer = pr.DropoutScorer(prior=None, width=1e4, relevance=False).fit(X, y)
    columns = np.vstack([block for _, block in seen[0].blocks()])
    free = LogisticRegression(C=1e12, max_iter=10_000, tol=1e-12, fit_intercept=False).fit(columns, y)
    assert np.abs(scorer.decision_function(X) - columns @ free.coef_[0]).max() < 1e-4


def test_the_model_says_what_was_fitted(table):
    X, y = table
    scorer = pr.DropoutScorer(prior=None).fit(X, y)
    model = scorer.model_
    added = model.base_values(X) + model.contributions(X).sum(axis=1)
    assert np.abs(added - scorer.decision_function(X)).max() < 1e-9
    assert scorer.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=1e-4)
    for shape in model.shapes:  # centred on the rows that know the value
        known = X[shape.factor].notna()
        assert model.contributions(X)[shape.factor][known].mean() == pytest.approx(0, abs=1e-9)
    assert model.training.leavers == y.sum() and model.provenance.outcomes == y.sum()


def test_few_leavers_leave_the_width_alone(make_table):
    X, y = make_table(300, seed=1)
    few = np.where(np.cumsum(y) <= 9, y, 0)
    assert pr.DropoutScorer(prior=None).fit(X, few).model_.training.width_by == "fixed"
    training = pr.DropoutScorer(prior=None).fit(X, np.where(np.cumsum(y) <= 20, y, 0)).model_.training
    assert training.width_by == "evidence" and training.relevance == {}
    assert pr.DropoutScorer(prior=None).fit(X, y).model_.training.relevance


# ---------------------------------------------------------------------- histories that are hard to learn from
def test_nobody_left_keeps_the_published_level_in_sight(history):
    X, y, _, _ = history
    model = pr.DropoutScorer().fit(X, y.where(y.isna(), 0.0)).model_
    risk = model.predict_proba(X)[:, 1]
    assert 1e-5 < risk.mean() < 0.01 and not model.has_local_outcomes and model.rate_range is not None


def test_one_leaver_is_enough_for_a_level_and_no_more(history):
    X, y, _, _ = history
    alone = pd.Series(0.0, index=y.index).where(np.arange(len(y)) != int(np.flatnonzero(y == 1)[0]), 1.0)
    model = pr.DropoutScorer().fit(X, alone).model_
    assert model.provenance.outcomes == 1 and model.training.width == 0.5
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(1 / len(y), rel=0.1)


def test_leavers_of_one_school_make_it_a_worse_school_not_every_pupil(make_table):
    X, y = make_table(2000, schools=8, seed=4)
    y = np.where(X["school_id"] == "s003", y, 0)
    model = pr.DropoutScorer(prior=None).fit(X, y).model_
    assert max(model.schools.levels, key=model.schools.levels.get) == "s003" and model.schools.sd > 0.3


def test_constant_and_empty_columns_change_nothing(table):
    X, y = table
    plain = pr.DropoutScorer(prior=None).fit(X, y)
    more = X.assign(constant=7.0, nothing=np.nan, one_word="a")
    assert (
        np.abs(pr.DropoutScorer(prior=None).fit(more, y).decision_function(more) - plain.decision_function(X)).max()
        < 1e-6
    )


def test_a_factor_that_nobody_recorded_keeps_its_prior_curve(history):
    X, y, weight, _ = history
    X = X.assign(pregnancy=np.nan)
    model = pr.DropoutScorer().fit(X, y, weight).model_
    shape = {s.factor: s for s in model.shapes}["pregnancy"]
    prior = {s.factor: s for s in PRIOR.shapes}["pregnancy"]
    assert np.diff(shape.values) == pytest.approx(np.diff(prior.values))


@pytest.mark.filterwarnings("ignore::pumpurs_risk.errors.PriorConflictWarning")
def test_what_is_not_recorded_of_a_learned_construct_never_carries_it_alone(history):
    X, y, weight, _ = history
    model = pr.DropoutScorer().fit(X[["pupil_id", "absence_share", "mean_mark"]], y, weight).model_
    later = pd.DataFrame({"lateness": [3.0] * 10})
    assert model.for_recorded(later).shapes == model.shapes


def test_rows_without_outcome_are_dropped_and_counted(table):
    X, y = table
    gaps = y.astype(float)
    gaps[::3] = np.nan
    model = pr.DropoutScorer(prior=None).fit(X, gaps).model_
    known = ~np.isnan(gaps)
    alone = pr.DropoutScorer(prior=None).fit(X[known], gaps[known]).model_
    assert model.training.rows_without_outcome == 400 and np.allclose(model.log_odds(X), alone.log_odds(X), atol=1e-9)


def test_two_rows_of_a_pupil_are_one_leaver(make_table):
    X, y = make_table(60, seed=2)
    X["pupil_id"] = np.arange(60) // 2
    both = np.repeat(y[::2], 2)
    scorer = pr.DropoutScorer(prior=None).fit(X, both, np.full(60, 0.5))
    assert scorer.n_leavers_ == both[::2].sum() and scorer.model_.training.pupils == 30


@pytest.mark.parametrize("change", ["order", "columns", "halves"])
def test_order_and_halved_duplicates_change_nothing(table, change):
    X, y = table
    plain = pr.DropoutScorer(prior=None).fit(X, y).model_
    turned = np.random.default_rng(0).permutation(len(X))
    if change == "order":
        other = pr.DropoutScorer(prior=None).fit(X.iloc[turned], y[turned]).model_
    elif change == "columns":
        other = pr.DropoutScorer(prior=None).fit(X[X.columns[::-1]], y).model_
    else:
        other = pr.DropoutScorer(prior=None).fit(pd.concat([X, X]), np.r_[y, y], np.full(2 * len(y), 0.5)).model_
    a, b = ({s.factor: s for s in m.shapes} for m in (plain, other))
    for factor, shape in a.items():
        assert np.abs(np.subtract(shape.values, b[factor].values)).max() < 1e-7
    assert abs(plain.base - other.base) < 1e-7


# ---------------------------------------------------------------------- monotone, warned, told apart
def test_declared_directions_hold_exactly(table):
    X, y = table
    model = pr.DropoutScorer(prior=None, monotonic_cst={"noise": 1, "rising": 1, "stepwise": 1}).fit(X, y).model_
    for shape in model.shapes[:2]:
        assert (np.diff(shape.values) >= 0).all()


def test_a_wrong_direction_is_warned_of_and_freed_and_a_right_one_is_not(make_table):
    X, y = make_table(4000, missing=0)
    with pytest.warns(DirectionWarning, match="'rising'"):
        model = pr.DropoutScorer(prior=None, monotonic_cst={"rising": -1, "stepwise": 1}).fit(X, y).model_
    assert model.training.freed == ("rising",) and {s.factor: s.direction for s in model.shapes}["rising"] == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pr.DropoutScorer(prior=None, monotonic_cst={"rising": 1, "noise": 1}).fit(X, y)


def test_a_prior_that_does_not_fit_is_said_in_words(make_table):
    X, y = make_table(3000, missing=0)
    right = pr.DropoutScorer(prior=None).fit(X, y).model_
    turned = msgspec.structs.replace(
        right,
        shapes=tuple(msgspec.structs.replace(s, values=tuple(-v for v in s.values)) for s in right.shapes),
        name="upside-down",
    )
    with pytest.warns(PriorConflictWarning, match=r"upside-down.*nats"):
        model = pr.DropoutScorer(prior=turned).fit(X, y).model_
    assert model.training.conflict_nats > 3
    assert roc_auc_score(y, model.log_odds(X)) > 0.7
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pr.DropoutScorer(prior=right).fit(X, y)


@pytest.mark.filterwarnings("ignore::pumpurs_risk.errors.PriorConflictWarning")
def test_an_outcome_copied_into_a_factor_is_named(history):
    X, y, weight, _ = history
    leak = X.assign(mean_mark=np.where(y == 1, 2.0, X["mean_mark"].clip(lower=4)))
    with pytest.warns(LeakWarning, match="'mean_mark'"):
        model = pr.DropoutScorer().fit(leak, y, weight).model_
    assert model.training.suspicious == ("mean_mark",)


@pytest.mark.filterwarnings("ignore::pumpurs_risk.errors.PriorConflictWarning")
def test_a_factor_recorded_of_leavers_alone_is_named(history):
    X, y, weight, _ = history
    leak = X.assign(motivation=np.where(y == 1, 2.0, np.nan))
    with pytest.warns(LeakWarning, match="'motivation'"):
        pr.DropoutScorer().fit(leak, y, weight)


def test_words_that_say_who_left_are_understood_and_others_are_warned_of(table):
    X, y = table
    numbers = pr.DropoutScorer(prior=None).fit(X, y).model_.log_odds(X)
    for left, stayed in (("left", "stayed"), ("Dropout", "Graduate"), ("pārtraucis mācības", "turpina")):
        words = pr.DropoutScorer(prior=None).fit(X, np.where(y == 1, left, stayed))
        assert np.allclose(words.model_.log_odds(X), numbers) and words.classes_[words.positive_] == left
    with pytest.warns(TrainingWarning, match="pos_label"):
        pr.DropoutScorer(prior=None).fit(X, np.where(y == 1, "b", "a"))


def test_outcomes_turned_round_end_in_warnings_and_not_in_a_crash(history):
    X, y, weight, _ = history
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model = pr.DropoutScorer().fit(X, 1 - y, weight).model_
    assert np.isfinite(model.log_odds(X)).all()
    assert {w.category for w in said} & {PriorConflictWarning, DirectionWarning}


@pytest.mark.parametrize("width", [-1, 0, float("nan"), float("inf"), "wide"])
def test_a_width_that_is_none_is_refused(table, width):
    with pytest.raises(ValueError, match="width"):
        pr.DropoutScorer(prior=None, width=width).fit(*table)


def test_protected_attributes_never_enter_a_factor_table(history):
    X, y, weight, _ = history
    with pytest.warns(ProtectedAttributeWarning, match="sex"):
        model = pr.DropoutScorer().fit(X.assign(sex=1.0), y, weight).model_
    assert "sex" not in model.features and "sex" in model.training.left_out
    with pytest.warns(ProtectedAttributeWarning, match="gender"):
        used = pr.DropoutScorer(prior=None).fit(
            pd.DataFrame({"gender": [0.0, 1] * 20, "a": range(40)}), [0, 1, 1, 0] * 10
        )
    assert used.model_.training.protected == ("gender",)


def test_schools_are_partly_pooled_and_kept_apart_from_reasons(make_table):
    X, y = make_table(4000, schools=12)
    model = pr.DropoutScorer(prior=None).fit(X, y).model_
    assert len(model.schools.levels) == 12 and "school_id" not in model.features
    alone = model.log_odds(X.drop(columns="school_id"))
    level = X["school_id"].map(model.schools.levels).to_numpy()
    assert np.allclose(model.log_odds(X) - alone, level, atol=1e-12)
    stranger = model.interval(X.assign(school_id="new"))
    assert ((stranger["upper"] - stranger["lower"]).mean()) > 0
    assert pr.DropoutScorer(prior=None, school_levels=False).fit(X, y).model_.schools is None


def test_support_is_fitted_beside_and_never_scored(make_table):
    X, y = make_table(3000, missing=0)
    rng = np.random.default_rng(0)
    helped = (X["rising"] + rng.normal(size=len(X)) > 1).astype(float)
    y = np.where((helped == 1) & (rng.random(len(X)) < 0.6), 0, y)  # those who were helped stayed more often
    X["support_given"] = helped
    plain = pr.DropoutScorer(prior=None).fit(X, y).model_
    beside = pr.DropoutScorer(prior=None, design=["support_given"]).fit(X, y).model_
    assert "support_given" not in plain.features + beside.features
    assert plain.training.rows_with_support == helped.sum() and 0.5 < beside.training.ranking_with_design < 1
    rise = [np.ptp({s.factor: s for s in m.shapes}["rising"].values) for m in (plain, beside)]
    assert rise[1] > rise[0]  # what support hid is seen again
    with pytest.raises(TrainingError, match="no column"):
        pr.DropoutScorer(prior=None, design=["help"]).fit(X, y)


# ---------------------------------------------------------------------- as scikit-learn and others use it
def test_pandas_polars_and_arrow_give_the_same(table):
    X, y = table
    expected = pr.DropoutScorer(prior=None).fit(X, y).decision_function(X)
    for other in (pl.from_pandas(X), pl.from_pandas(X).to_arrow()):
        assert np.array_equal(pr.DropoutScorer(prior=None).fit(other, y).decision_function(other), expected)


def test_arrays_have_numbered_columns(table):
    X, y = table
    values = X[["rising", "stepwise", "noise"]].to_numpy()
    scorer = pr.DropoutScorer(prior=None, monotonic_cst=[1, 1, 0]).fit(values, y)
    assert scorer.model_.features == ("x0", "x1", "x2") and [s.direction for s in scorer.model_.shapes] == [1, 1, 0]


def test_it_works_in_pipelines_searches_and_cross_validation(table):
    X, y = table
    search = GridSearchCV(
        make_pipeline(pr.DropoutScorer(prior=None)), {"dropoutscorer__width": [0.2, None]}, cv=3, scoring="roc_auc"
    )
    assert search.fit(X, y).best_score_ > 0.6
    p = cross_val_predict(pr.DropoutScorer(prior=None), X, y, cv=3, method="predict_proba")[:, 1]
    assert roc_auc_score(y, p) > 0.65


def test_labels_keep_their_order_and_the_direction_its_meaning(table):
    X, y = table
    words = np.where(y == 1, "dropped_out", "stayed")
    scorer = pr.DropoutScorer(prior=None, pos_label="dropped_out").fit(X, words)
    numbers = pr.DropoutScorer(prior=None).fit(X, y)
    assert scorer.classes_.tolist() == ["dropped_out", "stayed"]
    assert np.allclose(scorer.predict_proba(X)[:, 0], numbers.predict_proba(X)[:, 1])
    assert np.allclose(scorer.model_.log_odds(X), numbers.model_.log_odds(X))
    assert set(scorer.predict(X)) == {"dropped_out", "stayed"}


def test_parameters_that_cannot_be_are_refused(table):
    X, y = table
    for parameters, match in [
        ({"monotonic_cst": {"noise": 2}}, "-1, 0 or 1"),
        ({"monotonic_cst": {"nois": 1}}, "'nois'"),
        ({"monotonic_cst": [1, 1]}, "2 entries"),
        ({"knots": {"noise": [1.0, 1.0]}}, "increase"),
        ({"pairs": "all"}, "'auto'"),
        ({"pairs": [("noise", "rain")]}, "rain"),
        ({"pairs": "auto"}, "5000"),
    ]:
        with pytest.raises(ValueError, match=match):
            pr.DropoutScorer(prior=None, **parameters).fit(X, y)
    with pytest.raises(TrainingError, match="no column"):
        pr.DropoutScorer().fit(pd.DataFrame({"pupil_id": ["a", "b"]}), [0, 1])
    with pytest.raises(ValueError, match=r"negative|Negative"):
        pr.DropoutScorer(prior=None).fit(X, y, -np.ones(len(y)))


def test_the_model_survives_its_file(table, tmp_path):
    X, y = table
    model = pr.DropoutScorer(prior=None).fit(X, y).model_
    model.save(tmp_path / "model.json")
    again = pr.load_model(tmp_path / "model.json")
    assert again == model and np.array_equal(again.log_odds(X), model.log_odds(X))


# ---------------------------------------------------------------------- what the data alone say
def test_information_profiles_the_level_out(table):
    X, y = table
    X = X[["rising", "stepwise"]].dropna()
    y = y[X.index]
    info = pr.DropoutScorer(prior=None, width=0.5).fit(X, y).information_
    assert info.matrix.shape == (len(info.mode),) * 2 and np.allclose(info.matrix, info.matrix.T)
    assert np.linalg.eigvalsh(info.matrix)[0] > -1e-9
    assert sum(info.factors[1].pupils) == len(X) and info.leavers == y.sum()


def test_two_levels_have_the_information_of_one_step(make_table):
    X, y = make_table(800, missing=0)
    words = X.assign(yes_no=np.where(X["yes_no"] == 1, "b", "a"))[["yes_no", "rising"]]
    a = pr.DropoutScorer(prior=None, width=0.5).fit(X[["yes_no", "rising"]], y).information_
    b = pr.DropoutScorer(prior=None, width=0.5).fit(words, y).information_
    assert b.matrix[1, 1] == pytest.approx(a.matrix[0, 0]) and b.matrix[0, 1] == pytest.approx(-a.matrix[0, 0])
    assert b.score[0] == pytest.approx(-a.score[0]) and b.mode[1] - b.mode[0] == pytest.approx(a.mode[0])

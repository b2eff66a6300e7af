"""The opponents: rules that say what they look at, and school and programme alone, fairly shrunken."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.utils import estimator_checks

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import EvaluationError
from pumpurs_risk.evaluation.opponents.baselines import RuleClassifier, SchoolProgrammeClassifier, baseline_classifiers
from pumpurs_risk.evaluation.opponents.rules import Condition, Rule, not_recorded, shipped_rules
from pumpurs_risk.locale import LANGUAGES, has_text


def test_every_rule_looks_at_factors_of_the_catalogue_and_has_a_name_in_both_languages():
    catalogue = Catalogue.load()
    known = {*catalogue.factors, *catalogue.context}
    for rule in shipped_rules().values():
        assert set(rule.factors) <= known, rule.id
        assert all(has_text(f"evaluation.opponents.{rule.id}", lang) for lang in LANGUAGES), rule.id
        for condition in rule.conditions:
            factor = catalogue.factors.get(condition.factor)
            if factor is not None and condition.comparison != "value":
                assert factor.range[0] <= condition.threshold <= factor.range[1]
                assert (factor.direction > 0) == condition.comparison.startswith(">"), rule.id


def test_pooled_figures_are_cited_and_no_sensitivity_is_made_up():
    flags = [rule for rule in shipped_rules().values() if rule.family == "bowers"]
    assert len(flags) >= 8
    assert all("Bowers" in rule.source for rule in flags)
    assert not any({"sensitivity", "specificity"} & set(rule.published or {}) for rule in shipped_rules().values())


def test_a_count_adds_conditions_and_any_takes_one():
    X = pd.DataFrame({"repeated_level": [0, 1, 1], "over_age": [0, 0, 2]})
    both = (Condition("repeated_level", ">=", 1), Condition("over_age", ">=", 1))
    assert RuleClassifier(Rule(conditions=both)).fit(X).decision_function(X).tolist() == [0, 1, 2]
    assert RuleClassifier(Rule(conditions=both, combine="any")).fit(X).decision_function(X).tolist() == [0, 1, 1]


def test_what_is_not_known_counts_as_much_as_the_rule_holds_among_the_known():
    X = pd.DataFrame({"absence_share": [0.02, 0.15, 0.2, 0.01, np.nan]})
    assert RuleClassifier("chronic_absence").fit(X).decision_function(X).tolist() == [0, 1, 1, 0, 0.5]


def test_a_missing_factor_is_named_and_never_silently_dropped():
    X = pd.DataFrame({"absence_share": [0.02, 0.15], "failing_subjects": [np.nan, np.nan]})
    with pytest.raises(EvaluationError, match="rule_breaches, failing_subjects"):
        RuleClassifier("abc").fit(X)
    assert not_recorded(shipped_rules()["ac"], X) == ("failing_subjects",)
    partial = RuleClassifier("last_year").fit(X)
    assert "failing_subjects" in partial.missing_
    with pytest.raises(EvaluationError):
        RuleClassifier("last_year").fit(X.drop(columns="absence_share"))


def test_an_unknown_rule_is_refused_with_those_that_there_are():
    with pytest.raises(EvaluationError, match="chronic_absence"):
        RuleClassifier("astrology").fit(pd.DataFrame({"absence_share": [0.1]}))


def test_fitting_learns_the_rate_per_value_and_nothing_else():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"failing_subjects": rng.integers(0, 4, 4000).astype(float)})
    y = (rng.random(4000) < 0.02 + 0.1 * X["failing_subjects"]).astype(float)
    rule = RuleClassifier("failing_alone").fit(X, y)
    p = rule.predict_proba(X)[:, 1]
    for value in range(4):
        own = X["failing_subjects"] == value
        assert np.ptp(p[own]) == 0
        assert p[own].mean() == pytest.approx(y[own].mean(), abs=0.005)
    assert rule.calibrated_ and not RuleClassifier("failing_alone").fit(X).calibrated_


def test_weights_and_unknown_outcomes_reach_the_rates():
    X = pd.DataFrame({"absence_share": [0.2] * 400})
    y = np.r_[np.ones(100), np.zeros(100), np.full(200, np.nan)]
    weight = np.r_[np.full(100, 3.0), np.ones(300)]
    rule = RuleClassifier("chronic_absence").fit(X, y, weight)
    assert rule.predict_proba(X)[0, 1] == pytest.approx(0.75, abs=1e-9)


def test_a_rule_without_outcomes_gives_a_rank_from_0_to_1():
    X = pd.DataFrame({"absence_share": [0.0, 0.1, 0.4]})
    p = RuleClassifier("absences_alone").fit(X).predict_proba(X)
    assert p[:, 1].tolist() == pytest.approx([0.0, 0.25, 1.0])
    assert np.allclose(p.sum(axis=1), 1)


@pytest.mark.parametrize("classifier", [RuleClassifier("absences_alone"), SchoolProgrammeClassifier()])
def test_they_are_classifiers_as_scikit_learn_knows_them(classifier):
    """Its other checks hand over arrays without names, in which no rule finds its factor."""
    name = type(classifier).__name__
    for check in (
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_no_attributes_set_in_init,
    ):
        check(name, classifier)
    X = pd.DataFrame({"absence_share": np.linspace(0, 0.3, 40), "school_id": ["a"] * 20 + ["b"] * 20})
    y = np.r_[np.zeros(20), np.ones(20)].astype(int)
    assert is_classifier(classifier)
    assert cross_val_score(classifier, X, y, scoring="roc_auc", cv=StratifiedKFold(4)).min() == 1.0
    fitted = clone(classifier).fit(X, y)
    assert (pickle.loads(pickle.dumps(fitted)).predict_proba(X) == fitted.predict_proba(X)).all()


def test_every_shipped_rule_is_a_classifier_by_its_id():
    for name, classifier in baseline_classifiers().items():
        assert clone(classifier).get_params() == {"rule": name}
    X, y = pd.DataFrame({"failing_subjects": [0.0, 1, 2, 3] * 10}), np.tile([0, 0, 1, 1], 10)
    fitted = baseline_classifiers()["failing_alone"].fit(X, y)
    assert fitted.score(X, y) == 1.0
    assert fitted.classes_.tolist() == [0, 1]


def test_small_schools_are_pulled_towards_the_others_and_large_ones_keep_their_rate():
    rng = np.random.default_rng(2)
    rates = rng.beta(4, 36, 30)
    sizes = np.r_[np.full(15, 800), np.full(15, 8)]
    school = np.repeat(np.arange(30).astype(str), sizes)
    y = (rng.random(len(school)) < np.repeat(rates, sizes)).astype(float)
    X = pd.DataFrame({"school_id": school})
    p = pd.Series(SchoolProgrammeClassifier().fit(X, y).predict_proba(X)[:, 1]).groupby(school).first()
    raw = pd.Series(y).groupby(school).mean()
    large, small = [str(i) for i in range(15)], [str(i) for i in range(15, 30)]
    assert abs(p[large] - raw[large]).max() < 0.02
    assert p[small].std() < 0.5 * raw[small].std()


def test_schools_that_do_not_differ_are_hardly_told_apart():
    rng = np.random.default_rng(3)
    X = pd.DataFrame({"school_id": rng.choice(list("abcdefgh"), 2000)})
    y = (rng.random(2000) < 0.05).astype(float)
    p = SchoolProgrammeClassifier().fit(X, y).predict_proba(X)[:, 1]
    assert p.std() < 0.01
    assert p.mean() == pytest.approx(y.mean(), abs=0.003)


def test_programme_and_school_add_up_and_an_unseen_school_has_the_level_of_all():
    rng = np.random.default_rng(4)
    X = pd.DataFrame(
        {"school_id": rng.choice(["a", "b"], 4000), "programme_level": rng.choice(["general-9", "vocational-1"], 4000)}
    )
    eta = -3 + 1.0 * (X["programme_level"] == "vocational-1") + 0.8 * (X["school_id"] == "b")
    y = (rng.random(4000) < 1 / (1 + np.exp(-eta))).astype(float)
    fitted = SchoolProgrammeClassifier().fit(X, y)
    assert abs(roc_auc_score(y, fitted.decision_function(X)) - roc_auc_score(y, eta)) < 0.005
    new = pd.DataFrame({"school_id": ["new", None], "programme_level": ["vocational-1", "vocational-1"]})
    known = pd.DataFrame({"school_id": ["a", "b"], "programme_level": ["vocational-1"] * 2})
    low, high = sorted(fitted.decision_function(known))
    assert np.ptp(fitted.decision_function(new)) == 0
    assert low < fitted.decision_function(new)[0] < high


def test_it_needs_a_school_or_a_programme_and_an_outcome():
    with pytest.raises(EvaluationError, match="school_id"):
        SchoolProgrammeClassifier().fit(pd.DataFrame({"absence_share": [0.1]}), [1])
    with pytest.raises(EvaluationError):
        SchoolProgrammeClassifier().fit(pd.DataFrame({"school_id": ["a"]}), [np.nan])

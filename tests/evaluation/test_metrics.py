"""Figures agree with scikit-learn and statsmodels; ties, weights and unknown outcomes behave as they say."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from pumpurs_risk.evaluation.figures import metrics
from pumpurs_risk.evaluation.figures.bootstrap import bootstrap, resamples_for
from pumpurs_risk.evaluation.figures.calibration import CalibrationLine, calibration_bins
from pumpurs_risk.evaluation.figures.ranking import Lists, Ranking, first_in_each_list


@pytest.fixture(scope="module")
def made():
    """500 rows with ties in the score, unequal weights, and outcomes that follow the probability."""
    rng = np.random.default_rng(5)
    p = np.round(rng.beta(1, 6, 500), 2).clip(0.01, 0.99)
    y = (rng.random(500) < p).astype(float)
    return y, p, rng.uniform(0.2, 3.0, 500)


@pytest.mark.parametrize("weighted", [False, True])
def test_ranking_figures_are_scikit_learns(made, weighted):
    y, p, weight = made
    w = weight if weighted else None
    assert metrics.auroc(y, p, w) == pytest.approx(roc_auc_score(y, p, sample_weight=w), abs=1e-12)
    ours = metrics.average_precision(y, p, w)
    assert ours == pytest.approx(average_precision_score(y, p, sample_weight=w), abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_probability_figures_are_scikit_learns(made, weighted):
    y, p, weight = made
    w = weight if weighted else None
    assert metrics.brier(y, p, w) == pytest.approx(brier_score_loss(y, p, sample_weight=w), abs=1e-12)
    assert metrics.log_loss(y, p, w) == pytest.approx(log_loss(y, p, sample_weight=w), abs=1e-12)


def test_the_calibration_line_is_an_unpenalised_logistic_regression(made):
    y, p, weight = made
    eta = np.log(p / (1 - p))[:, None]
    fitted = LogisticRegression(C=1e12, tol=1e-10, max_iter=1000).fit(eta, y, sample_weight=weight)
    intercept, slope = metrics.calibration_line(y, p, weight)
    assert float(intercept) == pytest.approx(fitted.intercept_[0], abs=1e-4)
    assert float(slope) == pytest.approx(fitted.coef_[0, 0], abs=1e-4)


def test_the_calibration_line_is_statsmodels(made):
    api = pytest.importorskip("statsmodels.api")
    y, p, weight = made
    design = api.add_constant(np.log(p / (1 - p)))
    fitted = api.GLM(y, design, family=api.families.Binomial(), freq_weights=weight).fit()
    assert np.allclose(metrics.calibration_line(y, p, weight), fitted.params, atol=1e-6)


def test_a_line_that_does_not_exist_is_not_made_up(made):
    y, p, _ = made
    for outcomes, probabilities in ((np.zeros(500), p), (np.ones(500), p), (y, np.full(500, 0.1)), (p > 0.1, p)):
        assert np.isnan(metrics.calibration_line(outcomes, probabilities)).all()


def test_the_binned_line_of_a_resample_is_close_to_the_exact_one():
    rng = np.random.default_rng(1)
    p = rng.beta(1, 8, 20_000)
    y = (rng.random(20_000) < p).astype(float)
    exact, binned = CalibrationLine(y, p).fit(), CalibrationLine(y, p, most=500).fit()
    assert np.allclose(exact, binned, atol=5e-3)
    assert float(exact[1]) != float(binned[1])


def test_wilsons_interval_is_statsmodels():
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    for left, n in ((0, 10), (3, 40), (40, 40)):
        expected = proportion.proportion_confint(left, n, alpha=0.05, method="wilson")
        assert np.allclose(metrics.wilson(left / n, n), expected, atol=1e-12)


def test_rows_whose_outcome_is_not_known_count_nowhere(made):
    y, p, weight = made
    gaps = y.copy()
    gaps[::7] = np.nan
    known = ~np.isnan(gaps)
    for figure in (metrics.auroc, metrics.average_precision, metrics.brier, metrics.log_loss):
        assert figure(gaps, p, weight) == pytest.approx(figure(y[known], p[known], weight[known]), abs=1e-12)
    assert np.allclose(
        metrics.calibration_line(gaps, p, weight), metrics.calibration_line(y[known], p[known], weight[known])
    )


@pytest.mark.parametrize("y", [[0.0, 0.0], [1.0, 1.0], [np.nan, 1.0]])
def test_a_figure_that_cannot_be_worked_out_is_not_a_number(y):
    assert np.isnan(metrics.auroc(y, [0.1, 0.2]))


def test_auroc_within_schools_is_the_mean_over_schools_weighted_by_their_pairs(made):
    y, p, weight = made
    school = np.random.default_rng(0).choice(list("abc"), 500)
    total, pairs = 0.0, 0.0
    for name in "abc":
        own = school == name
        n = (weight * y)[own].sum() * (weight * (1 - y))[own].sum()
        total, pairs = total + n * roc_auc_score(y[own], p[own], sample_weight=weight[own]), pairs + n
    assert metrics.within_auroc(y, p, school, weight) == pytest.approx(total / pairs, abs=1e-12)


def test_auroc_within_schools_of_what_only_knows_the_school_is_one_half():
    school = np.repeat(["a", "b"], 50)
    score = np.where(school == "a", 0.9, 0.1)
    y = (np.random.default_rng(0).random(100) < score).astype(float)
    assert metrics.auroc(y, score) > 0.8
    assert metrics.within_auroc(y, score, school) == 0.5


def by_hand(y, score, places):
    """Recall and precision of every way to break ties, one list, all outcomes known."""
    recalls, precisions = [], []
    for order in permutations(range(len(y))):
        if all(score[a] >= score[b] for a, b in pairwise(order)):
            found = sum(y[i] for i in order[:places])
            recalls.append(found / sum(y))
            precisions.append(found / places)
    return recalls, precisions


@pytest.mark.parametrize("places", [1, 2, 3, 5])
def test_expected_best_and_worst_under_ties_are_those_of_all_orders(places):
    y, score = [1, 0, 1, 0, 0, 1], [0.9, 0.5, 0.5, 0.5, 0.5, 0.1]
    recalls, precisions = by_hand(y, score, places)
    found = metrics.precision_recall_at_places(y, score, ["a"] * 6, places)
    assert found.recall == pytest.approx(np.mean(recalls))
    assert (found.recall_worst, found.recall_best) == pytest.approx((min(recalls), max(recalls)))
    assert found.precision == pytest.approx(np.mean(precisions))
    assert (found.precision_worst, found.precision_best) == pytest.approx((min(precisions), max(precisions)))


def test_every_school_lists_as_many_as_it_has_places():
    y, score = [1, 0, 0, 1, 1, 0], [0.9, 0.8, 0.7, 0.3, 0.2, 0.1]
    found = metrics.precision_recall_at_places(y, score, list("aaabbb"), [1, 1, 1, 2, 2, 2])
    assert (found.recall, found.precision, found.places) == (1.0, 1.0, 3.0)
    assert found.recall_by_lot == pytest.approx((1 / 3 + 2 * 2 / 3) / 3)
    assert found.lift == pytest.approx(2.0)


def test_pupils_of_whom_nothing_is_known_take_places():
    found = metrics.precision_recall_at_places([np.nan, 1, 0], [0.9, 0.5, 0.1], ["a"] * 3, 1)
    assert found.recall == 0.0
    assert np.isnan(found.precision)


def test_more_places_than_pupils_list_everybody_and_no_places_nobody():
    y, score = [1, 0, 0], [0.3, 0.2, 0.1]
    everybody = metrics.precision_recall_at_places(y, score, ["a"] * 3, 99)
    assert (everybody.recall, everybody.lift, everybody.places) == (1.0, 1.0, 3.0)
    nobody = metrics.precision_recall_at_places(y, score, ["a"] * 3, 0)
    assert nobody.recall == 0.0 and np.isnan(nobody.precision)


def test_the_list_itself_is_never_longer_than_the_places_and_ties_fall_by_pupil_id():
    inside = first_in_each_list([0.5] * 4 + [0.9], list("aaaab"), [2, 2, 2, 2, 1], ["4", "1", "3", "2", "5"])
    assert inside.tolist() == [False, True, False, True, True]


def test_a_curve_over_lengths_meets_the_figure_at_that_length(made):
    y, p, weight = made
    curve = metrics.places_curve(y, p, ["a"] * 500, [0.1, 0.4], weight)
    at = metrics.precision_recall_at_places(y, p, ["a"] * 500, 50, weight)
    assert curve.loc[0, ["recall", "precision", "recall_worst", "lift"]].tolist() == pytest.approx(
        [at.recall, at.precision, at.recall_worst, at.lift]
    )
    assert curve["recall"].is_monotonic_increasing


def test_the_decision_curve_is_the_net_benefit_by_definition(made):
    y, p, weight = made
    curve = metrics.decision_curve(y, p, weight, [0.05, 0.1, 0.3]).set_index("threshold")
    for threshold, row in curve.iterrows():
        acted, odds = p >= threshold, threshold / (1 - threshold)
        benefit = (weight * acted * (y - odds * (1 - y))).sum() / weight.sum()
        assert row["model"] == pytest.approx(benefit, abs=1e-12)
        assert row["all"] == pytest.approx((weight * (y - odds * (1 - y))).sum() / weight.sum(), abs=1e-12)


def test_calibration_error_is_that_of_its_own_curve_and_a_perfect_model_has_noise(made):
    y, p, weight = made
    curve = metrics.calibration_curve(y, p, weight)
    by_curve = (abs(curve["observed"] - curve["expected"]) * curve["weight"]).sum() / curve["weight"].sum()
    assert float(metrics.expected_calibration_error(y, p, weight)) == pytest.approx(by_curve, abs=1e-12)
    assert 0.0 < metrics.noise_of_ece(p, weight) < 0.06


def test_equal_probabilities_stay_in_one_bin():
    p = np.r_[np.full(90, 0.1), np.linspace(0.2, 0.9, 10)]
    bins = calibration_bins(p)
    assert len(set(bins[:90])) == 1
    assert (np.diff(bins) >= 0).all()


def test_curve_intervals_widen_with_weights_that_stand_for_fewer_rows(made):
    y, p, _ = made
    full, half = metrics.calibration_curve(y, p), metrics.calibration_curve(y, p, np.full(500, 0.5))
    assert ((half["upper"] - half["lower"]) > (full["upper"] - full["lower"])).all()


def test_a_resample_is_the_table_with_its_rows_repeated(made):
    y, p, weight = made
    y = y.copy()
    y[::11] = np.nan
    school = np.random.default_rng(3).choice(list("ab"), 500)
    copies = np.random.default_rng(4).multinomial(500, np.full(500, 1 / 500)).astype(float)
    again = np.repeat(np.arange(500), copies.astype(int))
    ranking = Ranking(y, p, weight, school)
    repeated = Ranking(y[again], p[again], weight[again], school[again])
    assert float(ranking.auroc(copies)) == pytest.approx(float(repeated.auroc()), abs=1e-12)
    share = np.where(school == "a", 20 / (school == "a").sum(), 15 / (school == "b").sum())
    rolls = {name: (school[again] == name).sum() for name in "ab"}
    places = np.array([rolls[name] for name in school]) * share
    original = Lists(y, p, school, np.where(school == "a", 20, 15), weight).listed(copies)
    fresh = Lists(y[again], p[again], school[again], places[again], weight[again]).listed()
    for name in ("recall", "recall_best", "recall_worst", "precision", "precision_best", "precision_worst"):
        assert float(getattr(original, name)) == pytest.approx(float(getattr(fresh, name)), abs=1e-9), name


def test_the_bootstraps_interval_is_close_to_the_textbook_standard_error():
    rng = np.random.default_rng(0)
    values = rng.normal(size=400)
    drawn = bootstrap(lambda copies: {("m",): copies @ values / copies.sum(axis=1)}, np.arange(400), 2000)
    low, high = drawn.interval(("m",))
    assert (high - low) / 2 == pytest.approx(1.96 * values.std() / 20, rel=0.1)


def test_rows_of_one_pupil_are_drawn_together_and_widen_the_interval():
    values = np.random.default_rng(0).normal(size=200)
    twice, pupils = np.r_[values, values], np.r_[np.arange(200), np.arange(200)]

    def figures(copies):
        return {("m",): copies @ twice / copies.sum(axis=1)}

    together, apart = (bootstrap(figures, who, 500).interval(("m",)) for who in (pupils, np.arange(400)))
    assert together[1] - together[0] > 1.25 * (apart[1] - apart[0])


def test_resamples_depend_on_seed_and_pupils_alone_not_on_workers():
    y = (np.arange(300) % 5 == 0).astype(float)
    ranking = Ranking(y, np.random.default_rng(0).random(300))

    def figures(copies):
        return {("a",): ranking.auroc(copies)}

    one, two = (bootstrap(figures, np.arange(300), 120, n_jobs=n).values["a",] for n in (1, 2))
    assert (one == two).all()
    assert (one != bootstrap(figures, np.arange(300), 120, random_state=1).values["a",]).any()


def test_resamples_without_leavers_are_counted_and_left_out():
    y = np.r_[1.0, np.zeros(20)]
    ranking = Ranking(y, np.arange(21.0)[::-1])
    drawn = bootstrap(lambda copies: {("a",): ranking.auroc(copies)}, np.arange(21), 300)
    assert 60 < drawn.not_possible(("a",)) < 160  # a third, (20/21)^21
    assert drawn.interval(("a",)) == (1.0, 1.0)


def test_very_large_tables_get_fewer_resamples_but_never_under_a_hundred():
    assert resamples_for(10_000, 1000) == 1000
    assert resamples_for(100_000, 1000) == 500
    assert resamples_for(2_000_000, 1000) == 100
    assert resamples_for(2_000_000, 40) == 40

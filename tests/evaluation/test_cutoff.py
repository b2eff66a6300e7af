"""An effect of the list at its cut: found where it is, not found where it is not, refused where it could not be seen."""

import inspect

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import pumpurs_risk.evaluation as evaluation
from pumpurs_risk.errors import EvaluationError
from pumpurs_risk.evaluation.worth.cutoff import effect_at_cutoff
from pumpurs_risk.evaluation.worth.expected import expected_and_observed, poisson_binomial
from pumpurs_risk.evaluation.worth.jump import best_bandwidth, jump, local_fit


def expit(x):
    return 1 / (1 + np.exp(-x))


def made_lists(n, effect=0.0, seed=0, schools=10, share=0.2, mean=-1.0):
    """Made pupils: each school lists the share with the highest scores; being listed lowers the risk by `effect`."""
    rng = np.random.default_rng(seed)
    eta = rng.normal(mean, 1.2, n)
    rows = pd.DataFrame({"log_odds": eta, "school_id": rng.integers(0, schools, n).astype(str)})
    rows["listed"] = rows.groupby("school_id")["log_odds"].rank(pct=True) > 1 - share
    risk = np.clip(expit(eta) - effect * rows["listed"], 0, 1)
    return rows.assign(dropped_out=(rng.random(n) < risk).astype(float), pupil_id=np.arange(n).astype(str))


def against_rdrobust(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(-1, 1, 4000)
    return x, (rng.random(4000) < expit(x - 1)).astype(float)


@pytest.mark.parametrize(
    ("seed", "bandwidth", "line", "corrected", "errors"),
    [  # rdrobust 2.1.1, vce="hc3", masspoints="off", rho=1
        (0, 0.62330321, 0.0660489, 0.05378337, (0.05909737, 0.0887748)),
        (2, 0.55489707, 0.04970533, -0.04041045, (0.0621283, 0.09461912)),
        (3, 0.48750235, -0.0203698, -0.0300601, (0.0627513, 0.08968168)),
    ],
)
def test_bandwidth_jump_and_robust_error_are_those_of_rdrobust(seed, bandwidth, line, corrected, errors):
    x, y = against_rdrobust(seed)
    assert best_bandwidth(x, y) == pytest.approx(bandwidth, abs=1e-7)
    for order, size, error in ((1, line, errors[0]), (2, corrected, errors[1])):
        found = jump(x, y, order, bandwidth)
        assert (found.size, found.standard_error) == pytest.approx((size, error), abs=1e-6)
        assert found.pull @ y == pytest.approx(found.size, abs=1e-9)


def test_a_polynomial_of_the_fitted_order_is_found_exactly():
    x = np.linspace(0.01, 1, 60)
    fit = local_fit(x, 2 - 3 * x + 0.5 * x**2, 2, 0.8)
    assert fit.coefficients == pytest.approx([2, -3, 0.5])


def test_rows_of_one_pupil_count_as_dependent():
    x, y = against_rdrobust(0)
    alone = jump(x, y, 1, 0.7)
    twice = jump(np.tile(x, 2), np.tile(y, 2), 1, 0.7, clusters=np.tile(np.arange(4000), 2))
    assert twice.size == pytest.approx(alone.size)
    assert twice.standard_error == pytest.approx(alone.standard_error, rel=0.02)
    assert jump(np.tile(x, 2), np.tile(y, 2), 1, 0.7).standard_error < 0.75 * alone.standard_error


def test_without_an_effect_the_interval_holds_0_about_95_times_in_100():
    found = [effect_at_cutoff(made_lists(6000, seed=seed)) for seed in range(80)]
    assert all(each.code == "estimated" for each in found)
    assert 0.89 <= np.mean([each.lower <= 0 <= each.upper for each in found]) <= 1.0


def test_a_known_effect_is_found_where_there_are_enough_pupils():
    found = effect_at_cutoff(made_lists(200_000, effect=0.08))
    assert found.code == "estimated"
    assert found.lower < -0.08 < found.upper < 0
    assert found.smallest_detectable < 0.08
    assert "retāk" in found.sentences("lv")[0]
    assert "less often" in found.sentences("en")[0]


def test_one_municipality_is_told_that_no_effect_could_be_seen():
    found = effect_at_cutoff(made_lists(1500, mean=-3.0))
    assert found.code in ("cannot_be_seen", "too_few")
    assert (found.effect, found.lower, found.upper) == (None, None, None)
    assert "nevar redzēt" in found.sentences("lv")[0]


def test_a_refusal_names_the_smallest_effect_that_could_be_seen():
    found = effect_at_cutoff(made_lists(8000, mean=-3.0, share=0.1))
    assert found.code == "cannot_be_seen"
    assert found.smallest_detectable > found.base_rate > 0
    assert f"{100 * found.smallest_detectable:.1f} percentage points" in found.sentences("en")[0]


def test_few_leavers_near_the_cut_are_too_few_for_any_number():
    for mean in (-9.0, -6.0):
        found = effect_at_cutoff(made_lists(3000, mean=mean))
        assert found.code == "too_few"
        assert found.to_dict()["smallest_detectable"] is None
        assert found.effect is None
    assert effect_at_cutoff(made_lists(30)).code == "too_few"


def test_lists_that_do_not_follow_the_score_are_not_compared():
    rows = made_lists(20_000)
    rows["listed"] = np.random.default_rng(1).random(len(rows)) < 0.2
    assert effect_at_cutoff(rows).code == "no_cut"


def test_the_order_of_rows_changes_nothing():
    rows = made_lists(5000)
    assert effect_at_cutoff(rows.sample(frac=1, random_state=3)).effect == pytest.approx(
        effect_at_cutoff(rows).effect, abs=1e-10
    )


def test_schools_are_cut_each_at_their_own_places():
    rows = made_lists(20_000)
    shifted = rows.assign(log_odds=rows["log_odds"] + 3.0 * (rows["school_id"] == "1"))
    assert effect_at_cutoff(shifted).effect == pytest.approx(effect_at_cutoff(rows).effect, abs=1e-10)


def test_a_given_cut_is_used_and_rows_exactly_on_it_are_left_out():
    rows = made_lists(20_000).assign(cut=0.0)
    rows["listed"] = rows["log_odds"] > 0
    rows.loc[0, "log_odds"] = 0.0
    found = effect_at_cutoff(rows, cut="cut")
    assert found.rows == len(rows) - 1


def test_unknown_outcomes_do_not_count():
    rows = made_lists(20_000)
    missing = pd.concat([rows, rows.assign(dropped_out=np.nan, pupil_id="x" + rows["pupil_id"])], ignore_index=True)
    assert effect_at_cutoff(missing).effect == pytest.approx(effect_at_cutoff(rows).effect, abs=1e-10)


def test_a_missing_column_or_a_list_without_a_cut_is_an_error_in_both_languages():
    rows = made_lists(100)
    with pytest.raises(EvaluationError, match="log_odds") as missing:
        effect_at_cutoff(rows.drop(columns="log_odds"))
    assert "log_odds" in missing.value.message("lv")
    with pytest.raises(EvaluationError, match="no cut"):
        effect_at_cutoff(rows.assign(listed=True))


def test_nothing_in_the_room_counts_listed_pupils_who_stayed_as_saved():
    words = ("saved", "rescued", "prevented", "success")
    for name in evaluation.__all__:
        assert not any(word in name.lower() for word in words)
        for each in inspect.signature(getattr(evaluation, name)).parameters:
            assert not any(word in each for word in words)


# ------------------------------------------------------------------ expected beside observed
def test_the_poisson_binomial_is_the_binomial_where_all_risks_are_equal():
    assert poisson_binomial(np.full(37, 0.23)) == pytest.approx(stats.binom.pmf(np.arange(38), 37, 0.23), abs=1e-12)


def test_the_interval_holds_what_chance_gives():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.02, 0.4, 60)
    inside = [
        found.lower_staying <= found.observed_staying <= found.upper_staying
        for found in (expected_and_observed(p, rng.random(60) < p) for _ in range(300))
    ]
    assert 0.93 <= np.mean(inside) <= 0.995


def test_exact_and_normal_agree_where_they_meet():
    p = np.random.default_rng(0).uniform(0, 0.3, 3001)
    exact = expected_and_observed(p[:3000], np.zeros(3000))
    normal = expected_and_observed(p, np.zeros(3001))
    assert abs(exact.lower_staying - normal.lower_staying) <= 3
    assert abs(exact.upper_staying - normal.upper_staying) <= 3


def test_expected_staying_stands_beside_observed_and_claims_nothing():
    found = expected_and_observed([0.16] * 50, [0] * 50)
    assert (found.observed_staying, round(found.expected_staying)) == (50, 42)
    said = found.sentence("en")
    assert "42.0" in said and "cannot say which" in said
    assert "par augstu" in found.sentence("lv")
    assert "Ne par vienu" in expected_and_observed([0.5], [np.nan]).sentence("lv")
    assert "too low" in expected_and_observed([0.01] * 50, [1] * 10 + [0] * 40).sentence("en")


def test_probabilities_outside_0_and_1_are_refused():
    with pytest.raises(ValueError, match="from 0 to 1"):
        expected_and_observed([1.2], [0])
    with pytest.raises(ValueError, match="length"):
        expected_and_observed([0.2, 0.1], [0])

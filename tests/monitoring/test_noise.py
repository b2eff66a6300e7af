import numpy as np
import pytest
from scipy import stats

from pumpurs_risk.monitoring.noise import (
    Null,
    PairedCounts,
    adjusted,
    clustered_change,
    earth_moved,
    largest_step,
    share_change_p,
    stability_index,
    total_variation,
)


def two_semesters(rng, n, bins=10, keep=0.85, shift=0.0):
    """Bins of n pupils in two lists; some are known in one alone."""
    behind = rng.normal(size=n)
    edges = np.linspace(-2, 2, bins - 1)
    first = np.digitize(behind + 0.6 * rng.normal(size=n), edges)
    second = np.digitize(behind + 0.6 * rng.normal(size=n) + shift, edges)
    first[rng.random(n) > keep] = -1
    second[rng.random(n) > keep] = -1
    return PairedCounts.of(first, second, bins)


@pytest.mark.parametrize("statistic", [largest_step, total_variation, stability_index(1 / 1200)])
def test_without_drift_about_one_in_twenty_tests_says_so(statistic):
    rng = np.random.default_rng(0)
    p = np.array([Null.of(two_semesters(rng, 600), 299, rng).p_value(statistic) for _ in range(400)])
    assert 0.02 <= (p <= 0.05).mean() <= 0.08  # 400 repeats: 0.05 give or take three standard errors
    assert 0.45 <= p.mean() <= 0.56


def test_ignoring_that_the_pupils_are_the_same_would_see_less():
    rng = np.random.default_rng(1)
    paired, apart = [], []
    for _ in range(60):
        counts = two_semesters(rng, 500, keep=1.0, shift=0.12)
        paired.append(Null.of(counts, 299, rng).p_value(largest_step))
        strangers = PairedCounts(np.zeros_like(counts.both), counts.first, counts.second)
        apart.append(Null.of(strangers, 299, rng).p_value(largest_step))
    assert np.mean(np.array(paired) <= 0.05) > np.mean(np.array(apart) <= 0.05) + 0.15


def test_two_groups_of_different_pupils_are_judged_as_by_kolmogorov_and_smirnov():
    rng = np.random.default_rng(2)
    for shift in (0.0, 0.2, 0.35):
        x, y = rng.normal(size=300), rng.normal(shift, 1, size=340)
        edges = np.sort(np.concatenate([x, y]))[:-1:8]
        first = np.concatenate([np.searchsorted(edges, x), np.full(340, -1)])
        second = np.concatenate([np.full(300, -1), np.searchsorted(edges, y)])
        null = Null.of(PairedCounts.of(first, second, len(edges) + 1), 2000, rng)
        assert null.p_value(largest_step) == pytest.approx(stats.ks_2samp(x, y).pvalue, abs=0.12)


def test_distances_agree_with_scipy():
    rng = np.random.default_rng(3)
    places = np.array([0.0, 1.0, 2.5, 4.0, 9.0])
    p, q = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(5))
    moved = earth_moved(places)(p[None], q[None])[0]
    assert moved == pytest.approx(stats.wasserstein_distance(places, places, p, q))
    assert stability_index(1e-12)(p[None], q[None])[0] == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p))


def test_a_pupil_is_drawn_with_both_values():
    rng = np.random.default_rng(4)
    same = PairedCounts(np.diag([30, 20, 50]), np.zeros(3, dtype=int), np.zeros(3, dtype=int))
    first, second = same.drawn(50, rng)
    assert np.array_equal(first, second) and np.allclose(first.sum(axis=1), 1)


def test_draws_lie_around_no_difference_however_large_the_seen_one_is():
    rng = np.random.default_rng(8)
    null = Null.of(two_semesters(rng, 500, shift=1.0), 4000, rng)
    assert np.abs((null.drawn[1] - null.drawn[0]).mean(axis=0)).max() < 0.002
    assert null.p_value(largest_step) < 0.001


def test_a_million_pupils_cost_no_more_than_a_thousand_to_draw():
    rng = np.random.default_rng(5)
    counts = two_semesters(rng, 1000)
    large = PairedCounts(counts.both * 1000, counts.only_first * 1000, counts.only_second * 1000)
    assert large.drawn(200, rng)[0].shape == (200, 10)


def test_q_values_are_those_of_scipy_and_unasked_tests_do_not_count():
    p = [0.001, 0.04, 0.03, 0.6]
    expected = stats.false_discovery_control(p)
    assert adjusted([*p, np.nan])[:4] == pytest.approx(expected)
    assert np.isnan(adjusted([*p, np.nan])[4])
    assert np.isnan(adjusted([np.nan])[0])


def shares(known, here):
    """Arguments of `share_change_p` from who is known and who is there, both shape (2, n)."""
    both = here[0] & here[1]
    alone = [here[0] & ~here[1], here[1] & ~here[0]]
    return {
        "known_both": (both & known[0] & known[1]).sum(),
        "only_first": (both & known[0] & ~known[1]).sum(),
        "only_second": (both & ~known[0] & known[1]).sum(),
        "neither": (both & ~known[0] & ~known[1]).sum(),
        "alone_first": alone[0].sum(),
        "alone_first_known": (alone[0] & known[0]).sum(),
        "alone_second": alone[1].sum(),
        "alone_second_known": (alone[1] & known[1]).sum(),
    }


def test_the_test_of_a_share_is_never_too_eager_and_not_idle_either():
    rng = np.random.default_rng(6)
    p = []
    for _ in range(2000):
        here = rng.random((2, 200)) < 0.85
        usual = rng.random(200) < 0.7
        p.append(
            share_change_p(**shares(np.where(rng.random((2, 200)) < 0.6, usual, rng.random((2, 200)) < 0.7), here))
        )
    p = np.array(p)
    assert 0.02 <= (p <= 0.05).mean() <= 0.055
    here = np.ones((2, 200), dtype=bool)
    gone = np.array([np.ones(200, dtype=bool), rng.random(200) < 0.8])
    assert share_change_p(**shares(gone, here)) < 1e-6
    assert share_change_p(**shares(np.ones((2, 200), dtype=bool), here)) == 1.0


def test_a_pupil_in_both_lists_is_one_cluster():
    rng = np.random.default_rng(7)
    n = 400
    behind = rng.normal(size=n)
    value = np.concatenate([behind + 0.2 * rng.normal(size=n), behind + 0.2 * rng.normal(size=n) + 0.5])
    pupil, second = np.tile(np.arange(n), 2), np.repeat([False, True], n)
    change, variance = clustered_change(pupil, np.zeros(2 * n, dtype=int), value, second, 1)
    difference = value[n:] - value[:n]
    assert change[0] == pytest.approx(difference.mean())
    assert variance[0] == pytest.approx(difference.var() / n)  # of the pairs, not of two strangers

"""Laws of the figures: they do not depend on the order of rows, on copies, or on what is not known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.evaluation.figures.metrics import (
    auroc,
    average_precision,
    brier,
    decision_curve,
    log_loss,
    precision_recall_at_places,
    within_auroc,
)
from pumpurs_risk.evaluation.figures.ranking import first_in_each_list


@st.composite
def tables(draw):
    """Outcomes (some not known), scores with ties, weights, schools and their places."""
    n = draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    y = rng.choice([0.0, 1.0, np.nan], n, p=[0.6, 0.3, 0.1])
    score = np.round(rng.random(n), draw(st.integers(1, 3)))
    school = rng.integers(0, draw(st.integers(1, 5)), n)
    return y, score, rng.integers(1, 4, n).astype(float), school, rng.integers(0, 8, 5)[school].astype(float)


def same(one, other):
    assert one == pytest.approx(other, abs=1e-9, nan_ok=True)


FIGURES = (auroc, average_precision, brier, log_loss)


@given(table=tables(), seed=st.integers(0, 1000))
def test_the_order_of_rows_changes_nothing(table, seed):
    y, score, weight, school, places = table
    mixed = np.random.default_rng(seed).permutation(len(y))
    for figure in FIGURES:
        same(figure(y, score, weight), figure(y[mixed], score[mixed], weight[mixed]))
    same(within_auroc(y, score, school, weight), within_auroc(y[mixed], score[mixed], school[mixed], weight[mixed]))
    one = precision_recall_at_places(y, score, school, places, weight)
    other = precision_recall_at_places(y[mixed], score[mixed], school[mixed], places[mixed], weight[mixed])
    same(list(vars(one).values()), list(vars(other).values()))


@given(table=tables())
def test_a_weight_of_k_is_k_copies(table):
    y, score, weight, school, _ = table
    again = np.repeat(np.arange(len(y)), weight.astype(int))
    for figure in FIGURES:
        same(figure(y, score, weight), figure(y[again], score[again]))
    same(within_auroc(y, score, school, weight), within_auroc(y[again], score[again], school[again]))


@given(table=tables())
def test_only_the_order_of_scores_matters_to_a_ranking(table):
    y, score, weight, school, places = table
    other = 3 * score**3 - 7
    same(auroc(y, score, weight), auroc(y, other, weight))
    same(average_precision(y, score, weight), average_precision(y, other, weight))
    one, two = (precision_recall_at_places(y, each, school, places, weight) for each in (score, other))
    same(list(vars(one).values()), list(vars(two).values()))


@given(table=tables())
def test_turning_the_scores_around_turns_the_auroc_around(table):
    y, score, weight, *_ = table
    same(auroc(y, score, weight) + auroc(y, -score, weight), 1.0 if np.isfinite(auroc(y, score)) else np.nan)


@given(table=tables())
def test_worst_expected_and_best_stand_in_this_order_and_a_given_list_lies_between(table):
    y, score, _, school, places = table
    found = precision_recall_at_places(y, score, school, places)
    for metric in ("recall", "precision"):
        worst, expected, best = (getattr(found, f"{metric}{end}") for end in ("_worst", "", "_best"))
        if np.isfinite(worst) and np.isfinite(best):
            assert worst <= expected + 1e-9 and expected <= best + 1e-9
    if np.nansum(y) > 0:
        listed = first_in_each_list(score, school, places, np.arange(len(y)))
        recall = (listed & (y == 1)).sum() / (y == 1).sum()
        assert found.recall_worst - 1e-9 <= recall <= found.recall_best + 1e-9


@given(table=tables(), more=st.integers(0, 5))
def test_another_place_never_finds_fewer_leavers(table, more):
    y, score, weight, school, places = table
    few, many = (precision_recall_at_places(y, score, school, each, weight) for each in (places, places + more))
    if np.isfinite(few.recall):
        assert many.recall >= few.recall - 1e-9 and many.recall_worst >= few.recall_worst - 1e-9


@given(table=tables())
def test_no_list_is_longer_than_its_places(table):
    _, score, _, school, places = table
    listed = first_in_each_list(score, school, places, np.arange(len(score)))
    for one in np.unique(school):
        own = school == one
        assert listed[own].sum() == min(places[own][0], own.sum())
        assert not listed[own].any() or score[own][listed[own]].min() >= score[own][~listed[own]].max(initial=-1)


@given(table=tables())
def test_nobody_gains_more_than_the_share_of_leavers_by_acting(table):
    y, score, weight, *_ = table
    known = ~np.isnan(y)
    if known.any():
        curve = decision_curve(y, np.clip(score, 0.01, 0.99), weight)
        assert (curve["model"] <= np.average(y[known], weights=weight[known]) + 1e-9).all()

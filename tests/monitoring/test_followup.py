import datetime as dt
import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

_spec = importlib.util.spec_from_file_location("lists_by_hand", Path(__file__).with_name("lists_by_hand.py"))
by_hand = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(by_hand)
MODEL = by_hand.MODEL
compared, made, roll, semester_of = by_hand.compared, by_hand.made, by_hand.roll, by_hand.semester_of
NEXT_YEAR = dt.date(2028, 1, 15)
CODES = {
    "level_low", "level_high", "slope_flat", "slope_steep", "no_better_than_lots", "group_level", "outcomes_missing",
}  # fmt: skip


@pytest.fixture(scope="module")
def lists():
    pupils = roll(6000)
    local = MODEL.at_prevalence(0.06, semester_of(pupils, 1))
    return made(semester_of(pupils, 1), model=local), made(semester_of(pupils, 2), NEXT_YEAR, model=local)


def drawn(first, seed=0, odds=1.0, stretch=1.0):
    """Outcomes drawn from the list's own risks, their odds multiplied, their log-odds stretched."""
    eta = first.model.log_odds(first.factors)
    eta = eta.mean() + stretch * (eta - eta.mean()) + np.log(odds)
    return (np.random.default_rng(seed).random(len(eta)) < 1 / (1 + np.exp(-eta))).astype(float)


def about_outcomes(found):
    return {a.code for a in found.attention} & CODES


def row_of(found, by, group=""):
    [row] = [row for row in found.outcomes.rows if (row.by, row.group) == (by, group)]
    return row


def test_right_risks_raise_no_alarm(lists):
    raised = [about_outcomes(compared(*lists, y=drawn(lists[0], seed), repeats=19)) for seed in range(12)]
    assert sum(map(bool, raised)) <= 2
    found = compared(*lists, y=drawn(lists[0]))
    outcomes = found.outcomes
    assert outcomes.state == "judged"
    assert outcomes.intercept_lower < 0 < outcomes.intercept_upper
    assert outcomes.slope_lower < 1 < outcomes.slope_upper


@pytest.mark.parametrize(("odds", "code"), [(2.0, "level_low"), (0.5, "level_high")])
def test_a_wrong_level_is_found_with_the_prevalence_to_use(lists, odds, code):
    y = drawn(lists[0], odds=odds)
    found = compared(*lists, y=y)
    assert code in about_outcomes(found)
    assert found.outcomes.intercept == pytest.approx(np.log(odds), abs=0.2)
    steps = dict(found.sentences("en"))
    assert any(f"--prevalence {y.mean():.3g}" in step for step in steps.values())


def test_risks_that_are_too_far_apart_or_too_close_are_found(lists):
    flat = compared(*lists, y=drawn(lists[0], stretch=0.4))
    assert "slope_flat" in about_outcomes(flat)
    assert flat.outcomes.slope == pytest.approx(0.4, abs=0.2)
    assert "slope_steep" in about_outcomes(compared(*lists, y=drawn(lists[0], stretch=2.0, odds=0.6)))


def test_a_list_no_better_than_drawing_lots_is_told(lists):
    y = (np.random.default_rng(0).random(len(lists[0].factors)) < 0.06).astype(float)
    found = compared(*lists, y=y)
    assert "no_better_than_lots" in about_outcomes(found)


def test_observed_and_expected_add_up_over_tiers_bands_and_schools(lists):
    y = drawn(lists[0])
    y[::10] = np.nan
    found = compared(*lists, y=y)
    for by in ("tier", "band", "certainty", "school_id"):
        rows = [row for row in found.outcomes.rows if row.by == by]
        assert sum(row.left for row in rows) == np.nansum(y)
        assert sum(row.expected for row in rows) == pytest.approx(found.outcomes.expected)
        assert sum(row.pupils for row in rows) == found.outcomes.known == 5400
    everybody = row_of(found, "all")
    assert everybody.leavers_listed == row_of(found, "tier", "act_now").leavers_listed
    assert everybody.recall_lower < everybody.recall < everybody.recall_upper


def test_outcomes_that_are_missing_among_the_listed_are_told_first(lists):
    first = lists[0]
    y = drawn(first)
    listed = first.flags.set_index("pupil_id")["listed"].reindex(first.factors["pupil_id"]).to_numpy()
    y[listed & (np.arange(len(y)) % 2 == 0)] = np.nan
    found = compared(*lists, y=y)
    assert found.outcomes.missing_listed > 0.4 and found.outcomes.missing_others == 0
    assert found.attention[0].code == "outcomes_missing"


def test_a_group_with_fewer_than_thirty_leavers_is_shown_without_a_judgement(lists):
    first = lists[0]
    y = drawn(first)
    sex = np.where(np.arange(len(y)) < 300, "female", "male")
    attributes = pd.DataFrame({"pupil_id": first.factors["pupil_id"], "sex": sex})
    found = compared(*lists, y=y, attributes=attributes)
    few, many = row_of(found, "sex", "female"), row_of(found, "sex", "male")
    assert not few.judged and few.recall is None
    assert many.judged and many.recall is not None


def test_a_group_whose_risks_are_wrong_is_found_when_all_together_are_right(lists):
    first = lists[0]
    sex = np.where(np.arange(len(first.factors)) % 2 == 0, "female", "male")
    y = np.where(sex == "male", drawn(first, 1, odds=1.8), drawn(first, 2, odds=0.5))
    attributes = pd.DataFrame({"pupil_id": first.factors["pupil_id"], "sex": sex})
    found = compared(*lists, y=y, attributes=attributes)
    told = {a.params["group"] for a in found.attention if a.code == "group_level" and a.params["by"] == "sex"}
    assert told == {"female", "male"}


def test_with_few_leavers_nothing_is_concluded():
    pupils = roll(300)
    first, second = made(semester_of(pupils, 1)), made(semester_of(pupils, 2), NEXT_YEAR)
    y = np.zeros(300)
    found = compared(first, second, y=y)
    assert found.outcomes.slope is None and not about_outcomes(found)
    y[:4] = 1
    assert not about_outcomes(compared(first, second, y=y))
    assert found.outcomes.left == 0


def test_before_the_horizon_has_passed_the_day_is_told(lists):
    found = compared(*lists, outcomes_given=True)
    assert found.outcomes.state == "too_early"
    assert any("15 January 2028" in note for note in found.to_dict("en")["notes"])
    assert compared(*lists).outcomes.state == "not_given"

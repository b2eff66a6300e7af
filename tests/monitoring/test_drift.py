import datetime as dt
import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.monitoring.drift import factor_changes, spread_of_numbers
from pumpurs_risk.monitoring.lists import Aligned

_spec = importlib.util.spec_from_file_location("lists_by_hand", Path(__file__).with_name("lists_by_hand.py"))
by_hand = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(by_hand)
CATALOGUE, MODEL = by_hand.CATALOGUE, by_hand.MODEL
compared, made, roll, semester_of = by_hand.compared, by_hand.made, by_hand.roll, by_hand.semester_of
NEXT_YEAR = dt.date(2028, 1, 15)


@pytest.fixture
def lists():
    """Two semesters of the same pupils between which nothing but chance lies."""
    pupils = roll()
    return made(semester_of(pupils, 1)), made(semester_of(pupils, 2), NEXT_YEAR)


def verdicts(found, scope="same_schools"):
    return {row.factor: row.verdict for row in found.factors if row.scope == scope}


def test_nothing_but_chance_raises_no_alarm(lists):
    found = compared(*lists)
    assert set(verdicts(found).values()) == {"chance"}
    assert not [a for a in found.attention if a.code not in ("no_decisions",)]


def test_over_many_pairs_of_semesters_without_drift_hardly_any_raises_an_alarm():
    alarms, tests = 0, []
    for seed in range(120):
        pupils = roll(200, seed=seed)
        one, two = (semester_of(pupils, 1000 * k + seed) for k in (1, 2))
        first = made_cheaply(one)
        second = made_cheaply(two)
        rows = factor_changes(
            first, second, Aligned.of(first, second), ["absence_share", "mean_mark", "failing_subjects", "peer_conflicts"],
            [], scope="same_schools", seasonal=False, catalogue=CATALOGUE, repeats=199, rng=np.random.default_rng(seed),
        )  # fmt: skip
        tests += [row.p for row in rows]
        alarms += any(row.verdict in ("changed", "small") for row in rows)
    assert 0.02 <= np.mean(np.array(tests) <= 0.05) <= 0.07  # each test alone: the nominal share
    assert alarms / 120 <= 0.1  # after adjusting, of all four together: at most the nominal share, give or take


def made_cheaply(factors):
    """A list without its flags: they play no part in the factors' drift."""
    from pumpurs_risk.monitoring import MadeList

    return MadeList(as_of=NEXT_YEAR, factors=factors, flags=pd.DataFrame({"pupil_id": []}), model=MODEL)


def test_a_planted_drift_is_found_and_told_with_its_size():
    pupils = roll()
    found = compared(made(semester_of(pupils, 1)), made(semester_of(pupils, 2, shift=0.04), NEXT_YEAR))
    told = verdicts(found)
    assert told.pop("absence_share") == "changed"
    assert set(told.values()) == {"chance"}
    [row] = [row for row in found.factors if row.factor == "absence_share"]
    assert row.second_mean - row.first_mean == pytest.approx(0.04, abs=0.005)
    assert row.distance_sd == pytest.approx(0.04 / 0.04, abs=0.3)
    assert row.log_odds > 0
    [alarm] = [a for a in found.attention if a.code == "factor_changed"]
    assert alarm.params["factors"] == ["absence_share"]


def test_a_change_too_small_to_matter_raises_no_alarm_however_many_pupils_there_are():
    pupils = roll(20_000)
    found = compared(made(semester_of(pupils, 1)), made(semester_of(pupils, 2, shift=0.002), NEXT_YEAR))
    assert verdicts(found)["absence_share"] == "small"
    assert not [a for a in found.attention if a.code == "factor_changed"]


def test_a_halved_sample_is_no_drift():
    pupils = roll(800)
    half = pupils.sample(400, random_state=0).sort_values("pupil_id").reset_index(drop=True)
    found = compared(made(semester_of(pupils, 1)), made(semester_of(half, 2), NEXT_YEAR))
    assert set(verdicts(found).values()) == {"chance"}
    assert {row.verdict for row in found.missing} == {"chance"}


def test_thirty_known_values_are_needed():
    pupils = roll(60)
    one, two = semester_of(pupils, 1), semester_of(pupils, 2, shift=0.2)
    one.loc[29:, "absence_share"] = np.nan
    assert verdicts(compared(made(one), made(two, NEXT_YEAR)))["absence_share"] == "too_few"


def test_a_change_of_levels_is_found_without_an_order_among_them():
    pupils = roll()
    one, two = semester_of(pupils, 1), semester_of(pupils, 2)
    two.loc[:99, "programme_level"] = "evening-11"
    found = compared(made(one), made(two, NEXT_YEAR))
    [row] = [row for row in found.factors if row.factor == "programme_level"]
    assert (row.verdict, row.first_mean, row.distance_sd) == ("changed", None, None)
    assert row.distance == pytest.approx(0.25)


def test_a_school_that_joins_is_no_drift_of_the_schools_that_were_there():
    pupils = roll()
    newcomers = roll(200, schools=1, seed=9).assign(school_id="school-new")
    newcomers["pupil_id"] = "n" + newcomers["pupil_id"]
    later = pd.concat([pupils, newcomers.assign(latent=newcomers["latent"] + 2)], ignore_index=True)
    found = compared(made(semester_of(pupils, 1)), made(semester_of(later, 2), NEXT_YEAR))
    assert found.compared.schools_joined == ("school-new",)
    assert set(verdicts(found).values()) == {"chance"}
    assert verdicts(found, "all")["absence_share"] == "changed"
    assert not [a for a in found.attention if a.code == "factor_changed"]


def test_the_second_half_of_a_school_year_is_told_as_a_season():
    pupils = roll()
    two = semester_of(pupils, 2, semester="2026/2027-2", shift=0.04)
    found = compared(made(semester_of(pupils, 1)), made(two, NEXT_YEAR))
    assert found.compared.season == "other"
    assert "factor_changed" not in {a.code for a in found.attention}
    [alarm] = [a for a in found.attention if a.code == "season_changed"]
    assert alarm.weight == 3
    assert "season" in {n.code for n in found.notes}


def test_a_factor_that_is_defined_anew_is_not_compared():
    import msgspec

    shapes = [
        s if s.factor != "absence_share" else msgspec.structs.replace(s, version=s.version + 1) for s in MODEL.shapes
    ]
    other = msgspec.structs.replace(MODEL, shapes=tuple(shapes))
    pupils = roll()
    found = compared(
        made(semester_of(pupils, 1)), made(semester_of(pupils, 2, shift=0.04), NEXT_YEAR, model=other, digest="b")
    )
    assert found.compared.redefined == ("absence_share",)
    assert verdicts(found)["absence_share"] == "definition"
    assert "redefined" in {a.code for a in found.attention}


def test_another_model_is_told_apart_from_other_pupils():
    pupils = roll()
    table = semester_of(pupils, 1)
    higher = MODEL.at_prevalence(0.05)
    found = compared(made(table), made(table, NEXT_YEAR, model=higher))
    [mean] = [row for row in found.scores if row.measure == "mean_risk"]
    assert mean.by_model == pytest.approx(mean.second - mean.first) and mean.by_model > 0
    assert mean.by_pupils == pytest.approx(0)
    assert "model_changed" in {a.code for a in found.attention}
    worse = semester_of(pupils, 1, shift=0.1)
    found = compared(made(table), made(worse, NEXT_YEAR))
    [mean] = [row for row in found.scores if row.measure == "mean_risk"]
    assert mean.by_model == 0 and mean.by_pupils > 0
    assert found.score_distances[0].verdict == "changed"
    assert "scores_changed" in {a.code for a in found.attention}


def test_one_school_that_counts_differently_is_named():
    pupils = roll(600)
    two = semester_of(pupils, 2, shift=0.03)  # all schools change alike: a hard winter
    there = two["school_id"] == "school-2"
    two.loc[there, "absence_share"] += 0.06
    found = compared(made(semester_of(pupils, 1)), made(two, NEXT_YEAR))
    changed = {(row.school_id, row.factor) for row in found.school_changes if row.verdict == "changed"}
    assert changed == {("school-2", "absence_share")}
    [alarm] = [a for a in found.attention if a.code == "school_changed"]
    assert alarm.params == {"schools": ["school-2"], "factors": ["absence_share"]}


def test_a_sensitive_factor_is_never_compared_school_by_school():
    pupils = roll()
    one, two = (semester_of(pupils, k).assign(mental_health=float(k)) for k in (1, 2))
    found = compared(made(one), made(two, NEXT_YEAR))
    assert "mental_health" not in {row.factor for row in found.school_changes}


def test_a_mean_that_few_pupils_stand_behind_is_not_shown():
    pupils = roll()
    one, two = (semester_of(pupils, k).assign(pregnancy=0.0) for k in (1, 2))
    one.loc[:2, "pregnancy"] = 1.0
    two.loc[:5, "pregnancy"] = 1.0
    [row] = [row for row in compared(made(one), made(two, NEXT_YEAR)).factors if row.factor == "pregnancy"]
    assert row.first_mean is None and row.second_mean == pytest.approx(6 / 400)


def test_constant_and_empty_columns_are_no_drift():
    rng = np.random.default_rng(0)
    same = np.full(50, 3.0)
    assert spread_of_numbers(same, same, np.array([1.0, 3.0]), 99, rng).p == 1.0
    assert spread_of_numbers(np.full(50, np.nan), same, np.array([1.0]), 99, rng).first_known == 0


def test_the_same_seed_gives_the_same_account(lists):
    assert compared(*lists) == compared(*lists)

"""The laws of what-if, what to ask and patterns: exact, the smallest, one way only, whoever stands where."""

from functools import cache

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.datasets import make_cohort
from pumpurs_risk.explanation import as_if, most_useful_unknown, what_if
from pumpurs_risk.explanation.what_if_steps import step_size
from pumpurs_risk.factors import factor_table
from pumpurs_risk.flags import patterns
from pumpurs_risk.model import load_model

FEW = settings(max_examples=max(8, settings().max_examples // 4))
"""Each example scores some pupils several times."""


@cache
def made():
    X = factor_table(make_cohort(300, random_state=12, form="sheet"))
    return load_model("literature-prior"), X, Catalogue.load()


@st.composite
def tables(draw):
    """Some pupils of a made municipality, with some values rubbed out and some made worse."""
    _, X, catalogue = made()
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    table = X.iloc[rng.permutation(len(X))[: draw(st.integers(1, 40))]].reset_index(drop=True)
    factors = [f.id for f in catalogue.factors.values() if f.kind != "level"]
    worse = rng.random((len(table), len(factors))) < draw(st.sampled_from([0.0, 0.2, 0.6]))
    highs = [f.contrast.high if f.contrast else 0.0 for f in catalogue.factors.values() if f.kind != "level"]
    table[factors] = table[factors].mask(worse, pd.Series(highs, index=factors), axis=1)
    rubbed_out = rng.random((len(table), len(factors))) < draw(st.sampled_from([0.0, 0.3, 0.9]))
    table[factors] = table[factors].mask(rubbed_out)
    return table


fractions = st.floats(0.05, 0.99)
hostile_ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def asked(table, fraction, **how):
    model, _, catalogue = made()
    return what_if(model, table, fraction * model.risk(table), catalogue=catalogue, **how)


@FEW
@given(tables(), fractions)
def test_a_change_is_reached_exactly_when_the_changed_row_scores_below(table, fraction):
    model, _, catalogue = made()
    told = asked(table, fraction, top=4)
    after = model.risk(as_if(table, told, catalogue)) if len(told) else np.empty(0)
    limit = dict(zip(table["pupil_id"], fraction * model.risk(table), strict=True))
    np.testing.assert_array_equal(told["reached"], after < told["pupil_id"].map(limit).to_numpy(dtype=float))
    assert set(told["pupil_id"]) == set(table["pupil_id"])


@FEW
@given(tables(), fractions)
def test_one_step_less_does_not_suffice(table, fraction):
    model, _, catalogue = made()
    told = asked(table, fraction, top=4)
    told = told[told["reached"]].reset_index(drop=True)
    limit = dict(zip(table["pupil_id"], fraction * model.risk(table), strict=True))
    for to, factor, value in (("to", "factor", "value"), ("to_2", "factor_2", "value_2")):
        some = told[told[factor] != ""].copy()
        if not len(some):
            continue
        step = some[factor].map({f.id: f.direction * step_size(f) for f in catalogue.factors.values() if f.direction})
        raw = as_if(table, some, catalogue)["unexcused_raw"].to_numpy(dtype=float)
        by_raw = (some[factor] == "unexcused_lessons").to_numpy() & ~np.isnan(raw)
        before = as_if(table, some.assign(to=some["value"], to_2=some["value_2"]), catalogue)["unexcused_raw"].to_numpy(
            float
        )
        a_lesson = some[value].to_numpy(dtype=float) / np.where(before > 0, before, np.nan)
        step = np.where(by_raw & (before > 0), a_lesson, step.to_numpy(dtype=float))
        less = some[to].to_numpy(dtype=float) + step
        worse = np.where(step > 0, np.minimum(less, some[value]), np.maximum(less, some[value]))
        changed = as_if(table, some.assign(**{to: worse}), catalogue)
        suffices = model.risk(changed) < some["pupil_id"].map(limit).to_numpy(dtype=float) * (1 - 1e-8)
        # no failing mark and a mean below 4 cannot be together: such a smaller step is no step
        possible = ~((changed["failing_subjects"] == 0) & (changed["mean_mark"] < 4)).to_numpy()
        assert not (suffices & possible).any()


@FEW
@given(tables(), fractions)
def test_changes_go_in_the_known_direction_of_recorded_changeable_factors(table, fraction):
    _, _, catalogue = made()
    told = asked(table, fraction, top=5)
    for factor, to, value in (("factor", "to", "value"), ("factor_2", "to_2", "value_2")):
        some = told[told[factor] != ""]
        if not len(some):
            continue
        way = some[factor].map({f.id: f.direction for f in catalogue.factors.values()})
        assert (way * (some[value] - some[to]) > 0).all()
        assert some[factor].map(lambda f: catalogue.factors[f].changeable != "no").all()
        limits = some[factor].map(lambda f: catalogue.factors[f].range)
        assert all(low - 1e-9 <= v <= high + 1e-9 for (low, high), v in zip(limits, some[to], strict=True))
    assert (told["risk_after"] <= told["risk"]).all()


@FEW
@given(tables(), fractions, st.integers(0, 99))
def test_the_order_of_pupils_and_who_else_is_asked_change_nothing(table, fraction, seed):
    model, _, catalogue = made()
    limit = fraction * model.risk(table)
    order = np.random.default_rng(seed).permutation(len(table))[: max(len(table) // 2, 1)]
    whole = what_if(model, table, limit, catalogue=catalogue)
    part = what_if(model, table.iloc[order], limit[order], catalogue=catalogue)
    place = dict(zip(table["pupil_id"].iloc[order], range(len(order)), strict=True))
    expected = whole[whole["pupil_id"].isin(place)]
    expected = expected.iloc[np.lexsort([expected["rank"], expected["pupil_id"].map(place)])].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, expected)


@FEW
@given(tables(), fractions, st.lists(hostile_ids, min_size=40, max_size=40, unique=True))
def test_hostile_ids_come_through_unchanged(table, fraction, ids):
    model, _, catalogue = made()
    named = table.assign(pupil_id=np.array(ids[: len(table)], dtype=object))
    told = asked(named, fraction)
    plain = asked(table, fraction)
    back = dict(zip(named["pupil_id"], table["pupil_id"], strict=True))
    assert told["pupil_id"].map(back).tolist() == plain["pupil_id"].tolist()
    pd.testing.assert_frame_equal(told.drop(columns="pupil_id"), plain.drop(columns="pupil_id"))
    cut = np.clip(1.2 * model.risk(named), 1e-6, 0.99)
    questions = most_useful_unknown(model, named, cut, catalogue=catalogue)
    assert set(questions["pupil_id"]) <= set(ids)


@FEW
@given(tables(), st.floats(0.8, 1.4))
def test_a_question_is_about_an_unknown_fact_and_its_probability_is_one(table, fraction):
    model, _, catalogue = made()
    cut = np.clip(fraction * model.risk(table), 1e-6, 0.99)
    told = most_useful_unknown(model, table, cut, catalogue=catalogue, per_pupil=3)
    values = table.set_index("pupil_id")
    assert all(np.isnan(values.loc[p, f]) for p, f in zip(told["pupil_id"], told["factor"], strict=True))
    assert told["probability"].between(0, 1, inclusive="right").all()
    assert {catalogue.factors[f].sensitivity for f in told["factor"]} <= {"ordinary"}


@settings(max_examples=8)
@given(tables(), st.integers(0, 99))
def test_patterns_stay_within_their_group_and_do_not_depend_on_the_order(table, seed):
    model, _, catalogue = made()
    many = pd.concat([table] * 8, ignore_index=True)  # enough of each to find something
    told = patterns(model, many, catalogue=catalogue)
    again = patterns(model, many.sample(frac=1, random_state=seed), catalogue=catalogue)
    pd.testing.assert_frame_equal(told, again)
    assert (told["observed"] <= told["n"]).all() and (told["n"] >= 5).all()
    assert ((told["lower"] <= told["share"]) & (told["share"] <= told["upper"])).all()
    assert told["q_value"].between(told["p_value"], 0.1).all()
    assert not told.duplicated(["school_id", "scope", "group", "construct"]).any()

"""The laws of the list: order, places, sides of the cut, and a next step for everyone on it."""

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.datasets import make_cohort
from pumpurs_risk.explanation import reasons
from pumpurs_risk.factors import factor_table
from pumpurs_risk.flags import FlagPolicy, flag, next_steps, questions, summarise
from pumpurs_risk.model import load_model

AS_OF = dt.date(2027, 1, 15)


@cache
def made():
    X = factor_table(make_cohort(300, random_state=12, form="sheet"))
    return load_model("literature-prior"), X, Catalogue.load()


@st.composite
def tables(draw):
    """Some pupils of a made municipality, some values rubbed out, some pupils made alike (ties)."""
    _, X, catalogue = made()
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    table = X.iloc[rng.permutation(len(X))[: draw(st.integers(1, len(X)))]].reset_index(drop=True)
    factors = [f for f in catalogue.factors if catalogue.factors[f].kind != "level"]
    rubbed_out = rng.random((len(table), len(factors))) < draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))
    table[factors] = table[factors].mask(rubbed_out)
    alike = rng.random(len(table)) < draw(st.sampled_from([0.0, 0.5]))
    columns = [*factors, "programme_level"]
    table.loc[alike, columns] = table.loc[[0], columns].to_numpy()
    return table.astype(dict.fromkeys(factors, float))


policies = st.builds(
    FlagPolicy,
    threshold=st.sampled_from([0.01, 0.05, 0.1, 0.5]),
    places=st.one_of(st.none(), st.integers(0, 40)),
    cut_by=st.sampled_from([None, "places", "probability", "both"]),
)


@given(tables(), policies, st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_no_flag(table, policy, seed):
    model, _, catalogue = made()
    shuffled = table.sample(frac=1, random_state=np.random.default_rng(seed))
    one, other = (
        flag(model, X, policy, catalogue=catalogue).sort_values("pupil_id", ignore_index=True)
        for X in (table, shuffled)
    )
    pd.testing.assert_frame_equal(one, other, rtol=0, atol=1e-9)


@given(tables(), policies)
def test_one_school_alone_is_flagged_as_in_the_municipality(table, policy):
    model, _, catalogue = made()
    school = table[table["school_id"] == table["school_id"].iloc[0]]
    alone = flag(model, school, policy, catalogue=catalogue)
    together = flag(model, table, policy, catalogue=catalogue)
    together = together[together["school_id"] == school["school_id"].iloc[0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, together, rtol=0, atol=1e-9)


@given(tables(), policies)
def test_places_are_never_overfilled_and_never_hide_need(table, policy):
    model, _, catalogue = made()
    counts = summarise(flag(model, table, policy, catalogue=catalogue), policy)
    if policy.cut_by != "probability":
        assert (counts["listed"] <= counts["places"]).all()
    if policy.cut_by in (None, "places"):
        assert (counts["listed"] == counts[["places", "roll"]].min(axis=1)).all()
    assert (counts["not_covered"] == (counts["above"] - counts["places"]).clip(lower=0)).all()
    assert ((counts["above_low"] <= counts["above"]) & (counts["above"] <= counts["above_high"])).all()
    assert counts["roll"].sum() == len(table)


@given(tables(), policies)
def test_nobody_outside_the_list_is_riskier_than_anybody_on_it(table, policy):
    model, _, catalogue = made()
    flags = flag(model, table, policy, catalogue=catalogue)
    for _, school in flags.groupby("school_id"):
        inside, outside = (
            school.loc[school["tier"] == "act_now", "risk"],
            school.loc[school["tier"] != "act_now", "risk"],
        )
        assert inside.min() >= outside.max() - 1e-9 or inside.empty or outside.empty
        by_order = school.sort_values("order")
        assert by_order["order"].tolist() == list(range(1, len(school) + 1))
        assert (by_order["risk"].diff().dropna() <= 1e-9).all()


@given(tables(), policies)
def test_raising_one_pupil_s_absences_never_takes_them_off_the_list(table, policy):
    model, _, catalogue = made()
    flags = flag(model, table, policy, catalogue=catalogue)
    raised = table.copy()
    raised.loc[0, "absence_share"] = (
        1.0 if np.isnan(table.loc[0, "absence_share"]) else table.loc[0, "absence_share"] + 0.2
    )
    after = flag(model, raised, policy, catalogue=catalogue)
    assert after.loc[0, "risk"] >= flags.loc[0, "risk"] - 1e-12
    assert after.loc[0, "listed"] or not flags.loc[0, "listed"]


@given(tables(), policies)
def test_too_little_data_never_looks_safe(table, policy):
    model, _, catalogue = made()
    flags = flag(model, table, policy, catalogue=catalogue)
    little = flags[flags["certainty"] == "not_enough_data"]
    assert set(little["tier"]) <= {"act_now", "ask_first"}
    assert (flags.loc[flags["evidence_share"] < policy.enough_evidence, "certainty"] == "not_enough_data").all()


@st.composite
def decided(draw):
    """Some pupils of the first 60, whom staff set aside, added or keep in view; the three may overlap."""
    _, X, _ = made()
    ids = st.sets(st.sampled_from(sorted(X["pupil_id"])), max_size=60)
    return {name: draw(ids) for name in ("set_aside", "added", "kept")}


@given(tables(), policies, decided(), st.sampled_from(["lv", "en"]))
def test_everyone_on_a_list_has_one_step_a_role_and_a_date(table, policy, standing, lang):
    model, _, catalogue = made()
    flags = flag(model, table, policy, catalogue=catalogue, as_of=AS_OF, **standing)
    told = reasons(model, table, lang, catalogue=catalogue)
    asked = questions(model, table, flags, catalogue, lang)
    steps = next_steps(flags, told, asked, catalogue, AS_OF, lang, X=table)
    on_list = flags[(flags["tier"] != "none") | (flags["always_look"] != "") | flags["added"]]
    assert steps["pupil_id"].tolist() == on_list["pupil_id"].tolist()
    assert steps[["step", "role", "role_name"]].apply(lambda column: column.str.len().gt(3)).to_numpy().all()
    assert set(steps["role"]) <= set(catalogue.roles)
    at_once = steps["code"] == "signal:violence"
    assert set(steps.loc[~at_once, "due"]) <= {dt.date(2027, 1, 29)}
    assert set(steps.loc[at_once, "due"]) <= {AS_OF}


@given(tables(), policies, decided())
def test_what_staff_decided_changes_no_risk_and_no_need_and_overfills_no_place(table, policy, standing):
    model, _, catalogue = made()
    plain = flag(model, table, policy, catalogue=catalogue)
    flags = flag(model, table, policy, catalogue=catalogue, **standing)
    same = ["pupil_id", "risk", "log_odds", "sd", "above", "above_low", "above_high", "always_look", "order"]
    pd.testing.assert_frame_equal(flags[same], plain[same])
    before, counts = summarise(plain, policy), summarise(flags, policy)
    assert counts[["above", "places", "not_covered"]].equals(before[["above", "places", "not_covered"]])
    if policy.cut_by != "probability":
        assert (counts["listed"] <= counts["places"]).all()
    if policy.cut_by in (None, "places"):
        others = counts["roll"] - counts["set_aside"]
        assert (counts["listed"] == np.minimum(counts["places"], others)).all()
    assert not flags.loc[flags["set_aside"], "listed"].any()
    assert set(flags.loc[flags["set_aside"], "pupil_id"]) == (standing["set_aside"] - standing["added"]) & set(
        table["pupil_id"]
    )
    wanted = flags["pupil_id"].isin(standing["added"] | standing["kept"]) & ~flags["set_aside"]
    assert not (flags.loc[wanted, "tier"] == "none").any()


@given(tables(), policies, decided())
def test_a_place_left_free_goes_to_the_next_pupil(table, policy, standing):
    model, _, catalogue = made()
    flags = flag(model, table, policy, catalogue=catalogue, set_aside=standing["set_aside"])
    for _, school in flags[~flags["set_aside"]].groupby("school_id"):
        by_order = school.sort_values("order")
        assert by_order["listed"].tolist() == sorted(by_order["listed"].tolist(), reverse=True)

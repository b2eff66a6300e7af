"""The laws of what changed: nothing is lost, the parts add up, and the model's change is never the pupil's."""

from functools import cache

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.datasets import make_cohort
from pumpurs_risk.factors import factor_table
from pumpurs_risk.flags import FlagPolicy, changes, flag, moves
from pumpurs_risk.flags.changes import CHANGES, CODES, are_on_any_list
from pumpurs_risk.locale import text
from pumpurs_risk.model import load_model
from pumpurs_risk.model.level import shifted

FEW = settings(max_examples=max(8, settings().max_examples // 4))
"""Each example scores some pupils several times."""


@cache
def made():
    tables = [factor_table(make_cohort(200, random_state=seed, form="sheet")) for seed in (12, 13)]
    return load_model("literature-prior"), *tables, Catalogue.load()


@st.composite
def semesters(draw):
    """Today's and the earlier table: some pupils stay as they are, some get others' facts, some leave, come or change school."""
    _, first, second, catalogue = made()
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 120))
    before = first.iloc[rng.permutation(len(first))[:n]].reset_index(drop=True)
    now = before.copy()
    factors = [f for f in catalogue.factors if catalogue.factors[f].kind != "level"]
    other = rng.random(n) < draw(st.sampled_from([0.0, 0.3, 1.0]))
    now.loc[other, factors] = second[factors].iloc[: other.sum()].to_numpy()
    rubbed_out = rng.random((n, len(factors))) < draw(st.sampled_from([0.0, 0.3]))
    now[factors] = now[factors].mask(rubbed_out)
    moved = rng.random(n) < draw(st.sampled_from([0.0, 0.2]))
    now.loc[moved, "school_id"] = "elsewhere"
    gone, came = (rng.random(n) < draw(st.sampled_from([0.0, 0.2])) for _ in range(2))
    kinds = dict.fromkeys(factors, float)
    return now[~gone].reset_index(drop=True).astype(kinds), before[~came].reset_index(drop=True).astype(kinds)


shifts = st.sampled_from([0.0, -1.5, 1.5])
policies = st.builds(
    FlagPolicy, places=st.one_of(st.none(), st.integers(0, 20)), threshold=st.sampled_from([0.02, 0.1])
)


def compared(now, before, policy, shift, lang="lv"):
    model, *_, catalogue = made()
    earlier = shifted(model, shift, "for a test")
    lists = [flag(m, X, policy, catalogue=catalogue) for m, X in ((model, now), (earlier, before))]
    return *lists, changes(*lists, moved=moves(model, now, before, catalogue), catalogue=catalogue, lang=lang)


@FEW
@given(semesters(), policies, shifts, st.sampled_from(["lv", "en"]))
def test_everyone_of_either_list_has_one_row_a_kind_and_words(tables, policy, shift, lang):
    now, before, found = compared(*tables, policy, shift, lang)
    wanted = {pupil for flags in (now, before) for pupil in flags.loc[are_on_any_list(flags), "pupil_id"]}
    assert sorted(found["pupil_id"]) == sorted(wanted)
    assert set(found["change"]) <= set(CHANGES)
    assert set(found["code"]) <= set(CODES)
    assert found[["why", "why_plain"]].apply(lambda column: column.str.len().gt(5)).to_numpy().all()
    assert not found["why"].str.contains("[{}]").any()


@FEW
@given(semesters(), policies, shifts)
def test_pupil_and_model_add_up_to_the_whole_move(tables, policy, shift):
    now, before, found = compared(*tables, policy, shift)
    risks = [flags.set_index("pupil_id")["log_odds"].reindex(found["pupil_id"]).to_numpy() for flags in (now, before)]
    whole = risks[0] - risks[1]
    parts = (found["pupil_moved"] + found["model_moved"]).to_numpy()
    assert (np.isnan(whole) == np.isnan(parts)).all()
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found["model_moved"].dropna(), -shift, rtol=0, atol=1e-9)


@FEW
@given(semesters(), policies, shifts)
def test_here_or_gone_is_a_fact(tables, policy, shift):
    now, before, found = compared(*tables, policy, shift)
    here, there = set(now["pupil_id"]), set(before["pupil_id"])
    left = set(found.loc[found["change"] == "left", "pupil_id"])
    assert left == set(found["pupil_id"]) - here
    assert set(found.loc[found["code"] == "newcomer", "pupil_id"]) == set(found["pupil_id"]) - there
    elsewhere = now.set_index("pupil_id")["school_id"].eq("elsewhere")
    moved = {pupil for pupil in found["pupil_id"] if pupil in there and elsewhere.get(pupil, False)}
    assert set(found.loc[found["change"] == "moved_school", "pupil_id"]) == moved
    assert (found.loc[found["change"] == "resolved", "tier"] == "none").all()
    on_now = set(now.loc[are_on_any_list(now), "pupil_id"])
    assert set(found.loc[found["change"] == "new", "pupil_id"]) <= on_now


@FEW
@given(semesters(), policies, shifts)
def test_only_the_pupils_own_facts_make_worse_or_better(tables, policy, shift):
    model, *_, catalogue = made()
    *_, found = compared(*tables, policy, shift)
    facts = moves(model, *tables, catalogue).set_index("pupil_id").reindex(found["pupil_id"])
    own = (facts["moved"] - facts["level_moved"] - facts["school_moved"] - facts["lost"]).to_numpy()
    warned = found["why"].str.contains(text("changes.why.signal", "lv", names="|").split(":")[0]).to_numpy()
    assert ((own >= 0.25) | warned)[found["change"] == "worse"].all()
    assert warned[found["code"] == "signal"].all()
    assert (own[found["change"] == "better"] <= -0.25).all()
    assert not found.loc[found["change"].isin(["worse", "better"]), "code"].isin(["model", "level", "unrecorded"]).any()


@FEW
@given(semesters(), policies, shifts)
def test_with_a_new_signal_nobody_of_the_earlier_list_stays_the_same_or_gets_better(tables, policy, shift):
    now, before, found = compared(*tables, policy, shift)
    signals = [
        flags.set_index("pupil_id")["always_look"].reindex(found["pupil_id"]).fillna("") for flags in (now, before)
    ]
    more = [bool(set(a.split(";")) - set(b.split(";")) - {""}) for a, b in zip(*signals, strict=True)]
    levels = [table.set_index("pupil_id")["level"].reindex(found["pupil_id"]).to_numpy() for table in tables]
    as_before = (levels[0] == levels[1]) | np.isnan(levels[0]) | np.isnan(levels[1])
    assert found.loc[np.array(more, dtype=bool) & as_before, "change"].isin(["new", "worse", "moved_school"]).all()


@FEW
@given(semesters(), policies, st.sampled_from([-1.5, 1.5]))
def test_the_same_facts_under_another_model_are_never_worse_or_better(tables, policy, shift):
    *_, found = compared(tables[0], tables[0], policy, shift)
    assert set(found["change"]) <= {"new", "same", "resolved"}
    np.testing.assert_allclose(found["pupil_moved"], 0, atol=1e-9)


@FEW
@given(semesters(), policies)
def test_the_same_list_twice_has_no_changes(tables, policy):
    *_, found = compared(tables[0], tables[0], policy, 0.0)
    assert set(found["change"]) <= {"same"}
    assert set(found["code"]) <= {"steady"}


@FEW
@given(semesters(), policies, st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(tables, policy, seed):
    rng = np.random.default_rng(seed)
    shuffled = [table.sample(frac=1, random_state=rng) for table in tables]
    one, other = (
        compared(*pair, policy, 0.0)[2].sort_values("pupil_id", ignore_index=True) for pair in (tables, shuffled)
    )
    pd.testing.assert_frame_equal(one, other, rtol=0, atol=1e-9)

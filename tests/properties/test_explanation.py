"""The laws of reasons: they add up, and no pupil's reasons depend on the others' order."""

from functools import cache

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.datasets import make_cohort
from pumpurs_risk.explanation import contributions_by_construct, reasons
from pumpurs_risk.factors import factor_table
from pumpurs_risk.model import PeerReference, load_model


@cache
def made():
    X = factor_table(make_cohort(300, random_state=11, form="sheet"))
    return load_model("literature-prior"), X, Catalogue.load()


@st.composite
def tables(draw):
    """Some pupils of a made municipality, with some values rubbed out."""
    _, X, catalogue = made()
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    table = X.iloc[rng.permutation(len(X))[: draw(st.integers(1, len(X)))]].reset_index(drop=True)
    factors = [f for f in catalogue.factors if catalogue.factors[f].kind != "level"]
    rubbed_out = rng.random((len(table), len(factors))) < draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))
    table[factors] = table[factors].mask(rubbed_out)
    return table


references = st.sampled_from(["peers", "population", "run", "row"])


def against(reference, model, X):
    return {"run": lambda: PeerReference.from_table(model, X), "row": lambda: X.iloc[0]}.get(
        reference, lambda: reference
    )()


@given(tables(), references)
def test_constructs_and_base_add_up_to_the_log_odds(table, reference):
    model, X, _ = made()
    sums, base = contributions_by_construct(model, table, against(reference, model, X))
    np.testing.assert_allclose(base + sums.sum(axis=1), model.log_odds(table), atol=1e-9, rtol=0)


@given(tables(), references)
def test_the_lines_told_add_up_to_the_log_odds(table, reference):
    model, X, catalogue = made()
    told = reasons(model, table, reference=against(reference, model, X), catalogue=catalogue, details=True)
    counted = told[(told["line"] == 0) & (told["kind"] != "unknown")]
    total = counted.groupby("pupil_id")["contribution"].sum().loc[table["pupil_id"]]
    np.testing.assert_allclose(total, model.log_odds(table), atol=1e-9, rtol=0)
    assert not counted[counted["construct"] != ""].duplicated(["pupil_id", "construct"]).any()


@given(tables(), st.integers(0, 2**32 - 1), st.sampled_from(["peers", "population"]))
def test_the_order_of_rows_changes_no_reason(table, seed, reference):
    model, _, catalogue = made()
    shuffled = table.sample(frac=1, random_state=np.random.default_rng(seed))
    one, other = (
        reasons(model, X, reference=reference, catalogue=catalogue, details=True)
        .sort_values(["pupil_id", "kind", "rank", "line"], kind="stable")
        .reset_index(drop=True)
        for X in (table, shuffled)
    )
    pd.testing.assert_frame_equal(one, other, rtol=0, atol=1e-9)


@given(tables(), st.data())
def test_a_class_alone_with_the_run_s_peers_is_told_as_in_the_run(table, data):
    model, _, catalogue = made()
    peers = PeerReference.from_table(model, table)
    group = table[table["class_id"] == data.draw(st.sampled_from(sorted(set(table["class_id"]))))]
    alone = reasons(model, group, reference=peers, catalogue=catalogue)
    in_run = reasons(model, table, reference=peers, catalogue=catalogue)
    in_run = in_run[in_run["pupil_id"].isin(group["pupil_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, in_run, rtol=0, atol=1e-9)


@given(tables(), references)
def test_a_risk_is_about_a_recorded_value_and_never_about_the_programme(table, reference):
    model, X, catalogue = made()
    told = reasons(model, table, reference=against(reference, model, X), catalogue=catalogue, top=None, strengths=None)
    reasoned = told[told["kind"] != "unknown"]
    assert reasoned["value"].notna().all()
    assert not set(reasoned["factor"]) & {f for f in catalogue.factors if catalogue.factors[f].kind == "level"}
    assert not told["sentence"].str.contains("[{}]").any()

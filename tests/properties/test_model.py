"""The library's laws about scores: they hold for any pupil, known or not, whatever the reference."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.model import PeerReference, load_model
from pumpurs_risk.model.shapes import Levels
from pumpurs_risk.model.store import model_bytes, read_model

MODEL = load_model("literature-prior")
CURVES = [shape for shape in MODEL.shapes if not isinstance(shape, Levels)]
WORDS = next(shape for shape in MODEL.shapes if isinstance(shape, Levels))


def a_value(shape):
    if isinstance(shape, Levels):
        return st.sampled_from([*shape.levels, None, "other"])
    reach = shape.knots[-1] - shape.knots[0]
    inside = st.floats(shape.knots[0] - reach, shape.knots[-1] + reach, allow_nan=False)
    return st.one_of(st.none(), inside, st.sampled_from(shape.knots))


@st.composite
def pupils(draw, at_least=1, at_most=40):
    n = draw(st.integers(at_least, at_most))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    rows = draw(st.lists(st.fixed_dictionaries({s.factor: a_value(s) for s in draw(chosen())}), min_size=1, max_size=3))
    rows = [rows[i] for i in rng.integers(0, len(rows), n)]
    X = pd.DataFrame(rows)
    for shape in CURVES:
        if shape.factor in X and rng.random() < 0.3:
            X[shape.factor] = rng.uniform(shape.knots[0], shape.knots[-1], n)
    return X.astype({c: float for c in X if c != WORDS.factor})


def chosen():
    return st.lists(st.sampled_from(MODEL.shapes), min_size=1, max_size=6, unique_by=lambda s: s.factor)


@given(X=pupils(), reference=st.sampled_from(["population", "peers", "row"]))
def test_base_and_contributions_add_up_to_the_log_odds(X, reference):
    against = X.iloc[[0]] if reference == "row" else reference
    total = MODEL.base_values(X, against) + MODEL.contributions(X, against).sum(axis=1).to_numpy()
    assert np.abs(total - MODEL.log_odds(X)).max() < 1e-9


@given(X=pupils(), shape=st.sampled_from(CURVES), data=st.data())
def test_raising_a_factor_moves_the_risk_only_in_its_direction(X, shape, data):
    reach = st.floats(shape.knots[0] - 1, shape.knots[-1] + 1)
    a, b = sorted([data.draw(reach), data.draw(reach)])
    rise = MODEL.log_odds(X.assign(**{shape.factor: b})) - MODEL.log_odds(X.assign(**{shape.factor: a}))
    assert (shape.direction * rise >= -1e-12).all()


@given(X=pupils(at_least=2), seed=st.integers(0, 1000))
def test_the_order_of_rows_and_columns_changes_no_pupil(X, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    shuffled = X.iloc[order][list(reversed(X.columns))]
    assert (MODEL.log_odds(shuffled) == MODEL.log_odds(X)[order]).all()
    assert np.abs(MODEL.sd(shuffled) - MODEL.sd(X)[order]).max() < 1e-12


@given(X=pupils(at_least=25, at_most=60), size=st.integers(1, 10))
def test_a_class_scored_alone_with_the_schools_peers_equals_the_school(X, size):
    peers = PeerReference.from_table(MODEL, X)
    whole = MODEL.contributions(X, peers)
    alone = MODEL.contributions(X.iloc[:size], PeerReference.from_dict(peers.to_dict()))
    assert (alone == whole.iloc[:size]).all(axis=None)


@given(X=pupils())
def test_saved_loaded_scored_is_bit_identical(X):
    again = read_model(model_bytes(MODEL))
    assert (again.log_odds(X) == MODEL.log_odds(X)).all()
    assert (again.sd(X) == MODEL.sd(X)).all()


@given(X=pupils(), factor=st.sampled_from([s.factor for s in CURVES]))
def test_not_knowing_a_factor_never_makes_the_missing_part_smaller(X, factor):
    assert (MODEL.missing_sd(X.assign(**{factor: np.nan})) >= MODEL.missing_sd(X) - 1e-12).all()


@given(X=pupils())
def test_intervals_hold_the_probability_and_widen_with_the_level(X):
    p = MODEL.predict_proba(X)[:, 1]
    narrow, wide = MODEL.interval(X, 0.5), MODEL.interval(X, 0.95)
    assert (narrow["lower"] <= p).all()
    assert (p <= narrow["upper"]).all()
    assert (wide["lower"] <= narrow["lower"]).all()
    assert (narrow["upper"] <= wide["upper"]).all()


@given(X=pupils(), p=st.floats(0.001, 0.5))
def test_a_stated_prevalence_is_met_and_keeps_the_order(X, p):
    moved = MODEL.at_prevalence(p, X)
    assert moved.predict_proba(X)[:, 1].mean() == pytest.approx(p, abs=1e-9)
    shift = moved.log_odds(X) - MODEL.log_odds(X)
    assert np.ptp(shift) < 1e-12

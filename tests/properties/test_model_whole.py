"""The laws about scores hold as well for a model with pairs, school levels and curves for two years."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.errors import ModelFileError
from pumpurs_risk.model import PeerReference
from pumpurs_risk.model.shapes import Levels
from pumpurs_risk.model.store import model_bytes, read_model

_PLACE = Path(__file__).parents[1] / "model" / "conftest.py"
_SPEC = importlib.util.spec_from_file_location("small_models", _PLACE)
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
MODEL = _MODULE.whole_model()
WRITTEN = model_bytes(MODEL)


def a_value(shape):
    if isinstance(shape, Levels):
        return st.sampled_from([*shape.levels, None, "other"])
    reach = shape.knots[-1] - shape.knots[0]
    return st.one_of(
        st.none(), st.floats(shape.knots[0] - reach, shape.knots[-1] + reach), st.sampled_from(shape.knots)
    )


@st.composite
def pupils(draw, at_least=1, at_most=40):
    some = st.lists(st.sampled_from(MODEL.shapes), min_size=1, unique_by=lambda s: s.factor)
    row = {shape.factor: a_value(shape) for shape in draw(some)}
    row["school_id"] = st.sampled_from(["a", "o'b", "elsewhere", None])
    rows = draw(st.lists(st.fixed_dictionaries(row), min_size=1, max_size=6))
    n = draw(st.integers(at_least, at_most))
    X = pd.DataFrame([rows[i % len(rows)] for i in range(n)])
    return X.astype({c: float for c in X if c not in ("school_id", "programme_level")})


@given(X=pupils(), reference=st.sampled_from(["population", "peers", "row"]))
def test_base_and_contributions_add_up_to_the_log_odds(X, reference):
    against = X.iloc[[0]] if reference == "row" else reference
    total = MODEL.base_values(X, against) + MODEL.contributions(X, against).sum(axis=1).to_numpy()
    assert np.abs(total - MODEL.log_odds(X)).max() < 1e-9


@given(X=pupils(at_least=25, at_most=60), size=st.integers(1, 10))
def test_a_class_scored_alone_with_the_schools_peers_equals_the_school(X, size):
    peers = PeerReference.from_table(MODEL, X)
    written = PeerReference.from_dict(peers.to_dict())
    assert (MODEL.contributions(X.iloc[:size], written) == MODEL.contributions(X, peers).iloc[:size]).all(axis=None)
    alone = MODEL.contribution_sd(X.iloc[:size], ["absence", "mark"], written)
    assert alone == pytest.approx(MODEL.contribution_sd(X, ["absence", "mark"], peers)[:size], abs=1e-12)


@given(X=pupils(), factor=st.sampled_from(["absence", "mark"]), data=st.data())
def test_raising_a_factor_moves_the_risk_only_in_its_direction(X, factor, data):
    shape = MODEL.shapes[MODEL.features.index(factor)]
    reach = st.floats(shape.knots[0] - 1, shape.knots[-1] + 1)
    a, b = sorted([data.draw(reach), data.draw(reach)])
    for horizon in ("1y", "2y"):
        rise = MODEL.risk(X.assign(**{factor: b}), horizon) - MODEL.risk(X.assign(**{factor: a}), horizon)
        assert (shape.direction * rise >= -1e-12).all()


@given(X=pupils(at_least=2), seed=st.integers(0, 1000))
def test_the_order_of_rows_and_columns_changes_no_pupil(X, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    shuffled = X.iloc[order][list(reversed(X.columns))]
    assert (MODEL.log_odds(shuffled) == MODEL.log_odds(X)[order]).all()
    assert np.abs(MODEL.sd(shuffled) - MODEL.sd(X)[order]).max() < 1e-12


@given(X=pupils())
def test_saved_loaded_scored_is_bit_identical(X):
    again = read_model(WRITTEN)
    assert (again.log_odds(X) == MODEL.log_odds(X)).all()
    assert (again.risk(X, "2y") == MODEL.risk(X, "2y")).all()
    assert (again.sd(X) == MODEL.sd(X)).all()


@given(place=st.integers(0, len(WRITTEN) - 1), bit=st.integers(0, 7))
def test_one_flipped_bit_is_refused(place, bit):
    damaged = bytearray(WRITTEN)
    damaged[place] ^= 1 << bit
    with pytest.raises(ModelFileError):
        read_model(bytes(damaged))


@given(X=pupils())
def test_intervals_hold_the_probability(X):
    p, interval = MODEL.risk(X), MODEL.interval(X)
    assert (interval["lower"] <= p).all()
    assert (p <= interval["upper"]).all()

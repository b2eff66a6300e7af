import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.training.fit import design as module
from pumpurs_risk.training.fit.design import TermDesign
from pumpurs_risk.training.fit.pairs import _pair
from pumpurs_risk.training.fit.terms import make_terms


@pytest.fixture
def whole(monkeypatch):
    """A design with everything in it: curves, words, unknowns, a pair, a column beside, schools."""
    monkeypatch.setattr(module, "_BLOCK", 64)
    rng = np.random.default_rng(0)
    n = 300
    frame = pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "b": rng.integers(0, 3, n).astype(float),
            "c": rng.choice(["u", "v", "w"], n),
            "d": rng.choice(["x", "y"], n),
        }
    )
    for name in frame:
        frame[name] = frame[name].mask(rng.random(n) < 0.15)
    weight = rng.uniform(0.5, 2, n)
    terms = make_terms(frame, list(frame), weight, None, Catalogue.load(), {"a": -1, "b": 1}, {})
    pair = _pair(terms[0], terms[2], weight)
    beside = rng.normal(size=(n, 1))
    return TermDesign(terms, weight, rng.integers(-1, 4, n), 4, [pair], beside), weight


def test_curves_give_the_same_log_odds_as_their_columns(whole):
    design, _ = whole
    beta = np.random.default_rng(1).normal(size=design.n_coefficients)
    columns = np.vstack([block for _, block in design.blocks()])
    by_hand = columns @ beta[: design.n_columns] + np.append(beta[design.n_columns :], 0.0)[design.groups]
    assert columns.shape == (300, design.n_columns) and np.abs(design.predict(beta) - by_hand).max() < 1e-12


def test_columns_are_centred_on_the_rows_that_know_the_value(whole):
    design, weight = whole
    columns = np.vstack([block for _, block in design.blocks()])
    for part, missing in zip(design.parts, design.missing, strict=True):
        assert np.abs(weight @ columns[:, part]).max() < 1e-10 and (columns[missing, part] == 0).all()
    for part in design.pair_parts:
        assert np.abs(weight @ columns[:, part]).max() < 1e-10


def test_columns_made_again_are_the_columns_kept(whole, monkeypatch):
    design, weight = whole
    kept = np.vstack([block for _, block in design.blocks()])
    monkeypatch.setattr(module, "_KEPT_BYTES", 0)
    again = TermDesign(design.terms, weight, design.groups, design.n_groups, design.pairs, design.beside)
    assert again._kept is None and np.array_equal(np.vstack([block for _, block in again.blocks()]), kept)

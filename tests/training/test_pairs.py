import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

import pumpurs_risk as pr


def crossed(n, seed=0):
    """Two factors that count only together, a programme whose pupils differ in a third, and noise."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "b": rng.normal(size=n),
            "c": rng.choice(["u", "v", "w"], n),
            "d": rng.normal(size=n),
            "e": rng.integers(0, 2, n).astype(float),
        }
    )
    X.loc[rng.random(n) < 0.1, "a"] = np.nan
    eta = -2 + 0.5 * X["a"].fillna(0) + 1.2 * ((X["a"] > 0) & (X["b"] > 0.3)) + 0.8 * (X["c"] == "u") * X["d"]
    return X, (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int).to_numpy()


@pytest.fixture(scope="module")
def fitted():
    X, y = crossed(9000)
    return pr.DropoutScorer(prior=None, monotonic_cst={"a": 1, "b": 1}, pairs="auto").fit(X, y), X, y


def test_the_pairs_that_are_there_are_found_and_no_others(fitted):
    scorer, _, _ = fitted
    assert {frozenset(p.factors) for p in scorer.model_.pairs} == {frozenset("ab"), frozenset("cd")}


def test_they_help_on_other_pupils(fitted):
    scorer, X, y = fitted
    later, happened = crossed(6000, seed=1)
    plain = pr.DropoutScorer(prior=None, monotonic_cst={"a": 1, "b": 1}).fit(X, y)
    gain = log_loss(happened, plain.predict_proba(later)[:, 1]) - log_loss(happened, scorer.predict_proba(later)[:, 1])
    assert gain > 0.005


def test_sums_stay_exact_and_directions_hold(fitted):
    scorer, X, _ = fitted
    model = scorer.model_
    added = model.base_values(X) + model.contributions(X).sum(axis=1)
    assert np.abs(added - model.log_odds(X)).max() < 1e-9
    rng = np.random.default_rng(2)
    more = X.head(4000).copy()
    more["a"] += rng.exponential(size=4000)
    more["b"] += rng.exponential(size=4000)
    assert (model.log_odds(more) - model.log_odds(X.head(4000))).min() >= -1e-12


def test_a_pair_is_centred_and_its_cells_have_a_posterior(fitted):
    scorer, X, _ = fitted
    model = scorer.model_
    for pair in model.pairs:
        left, right = (X[f].to_numpy() for f in pair.factors)
        assert pair.evaluate(left, right).mean() == pytest.approx(0, abs=1e-9)
    size = sum(s.n_coefficients for s in model.shapes) + sum(p.n_coefficients for p in model.pairs)
    assert len(model.covariance[0].matrix) == size


def test_declared_pairs_are_fitted_at_any_size_and_keep_monotone_directions():
    X, y = crossed(600)
    model = pr.DropoutScorer(prior=None, monotonic_cst={"d": -1}, pairs=[("c", "d"), ("a", "e")]).fit(X, y).model_
    assert [p.factors for p in model.pairs] == [("c", "d"), ("a", "e")]
    lower = X.assign(d=X["d"] - 0.7)
    assert (model.log_odds(lower) - model.log_odds(X)).min() >= -1e-12


def test_noise_alone_shows_no_pairs():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(6000, 8)), columns=list("abcdefgh"))
    y = (rng.random(6000) < 0.2).astype(int)
    assert pr.DropoutScorer(prior=None, pairs="auto").fit(X, y).model_.pairs == ()


def test_a_priors_surfaces_go_on(fitted):
    scorer, X, y = fitted
    few = X.head(30)
    around = pr.DropoutScorer(prior=scorer.model_, width=1e-4).fit(few, y[:30]).model_
    assert {p.factors for p in around.pairs} == {p.factors for p in scorer.model_.pairs}
    away = around.log_odds(X) - scorer.model_.log_odds(X)
    known = X["a"].notna().to_numpy()  # "unknown" has a prior of its own
    assert np.ptp(away[known]) < 1e-3
    added = around.base_values(X) + around.contributions(X).sum(axis=1)
    assert np.abs(added - around.log_odds(X)).max() < 1e-9 and np.isfinite(around.sd(X)).all()
    anew = pr.DropoutScorer(prior=scorer.model_, pairs=[("a", "b")]).fit(X, y).model_
    assert len(anew.pairs) == 2

"""What holds for any table that a scorer may be handed."""

import warnings

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

import pumpurs_risk as pr
from pumpurs_risk.errors import TrainingWarning

KINDS = ("normal", "skewed", "count", "yes_no", "word", "constant", "nothing", "typing_error")


def any_table(kinds, n, seed):
    rng = np.random.default_rng(seed)
    columns = {}
    for k, kind in enumerate(kinds):
        values = {
            "normal": lambda: rng.normal(size=n),
            "skewed": lambda: np.where(rng.random(n) < 0.8, 0.0, rng.exponential(size=n)),
            "count": lambda: rng.poisson(1.5, n).astype(float),
            "yes_no": lambda: rng.integers(0, 2, n).astype(float),
            "word": lambda: rng.choice(["a", "b", "c", "d"], n).astype(object),
            "constant": lambda: np.full(n, 3.0),
            "nothing": lambda: np.full(n, np.nan),
            "typing_error": lambda: np.where(rng.random(n) < 0.01, 1e9, rng.normal(size=n)),
        }[kind]()
        column = pd.Series(values)
        columns[f"{kind}_{k}"] = column.mask(rng.random(n) < rng.choice([0, 0, 0.3]))
    X = pd.DataFrame(columns)
    y = (rng.random(n) < rng.choice([0.0, 0.03, 0.4])).astype(float)
    return X, np.where(rng.random(n) < 0.05, np.nan, y), rng


tables = st.builds(
    any_table, st.lists(st.sampled_from(KINDS), min_size=1, max_size=7), st.integers(5, 250), st.integers(0, 10**6)
)


@given(tables, st.booleans())
def test_any_table_gives_a_finite_exact_monotone_model(made, schools):
    X, y, rng = made
    if np.isnan(y).all():
        y[0] = 0.0
    if schools:
        X["school_id"] = rng.choice(["x", "y", "z"], len(X))
    directions = {f: int(rng.choice([-1, 0, 1])) for f in X if f != "school_id" and not f.startswith("word")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        scorer = pr.DropoutScorer(prior=None, monotonic_cst=directions).fit(X, y)
    model = scorer.model_
    eta = model.log_odds(X)
    assert np.isfinite(eta).all() and np.isfinite(model.sd(X)).all()
    for reference in ("population", X.iloc[[0]]):
        added = model.base_values(X, reference) + model.contributions(X, reference).sum(axis=1)
        assert np.abs(added - eta).max() < 1e-9
    for factor, direction in directions.items():
        if direction and factor not in model.training.freed:
            more = X.assign(**{factor: X[factor] + rng.exponential(scale=2.0, size=len(X))})  # missing stays missing
            assert (direction * (model.log_odds(more) - eta)).min() >= -1e-12


@given(tables)
def test_weights_are_repetitions(made):
    X, y, rng = made
    if np.isnan(y).all():
        y[0] = 0.0
    times = rng.integers(0, 3, len(X))
    times[np.flatnonzero(~np.isnan(y))[0]] = 1
    again = np.repeat(np.arange(len(X)), times)
    weighed = pr.DropoutScorer(prior=None).fit(X, y, times.astype(float))
    repeated = pr.DropoutScorer(prior=None).fit(X.iloc[again].reset_index(drop=True), y[again])
    assert np.abs(weighed.model_.log_odds(X) - repeated.model_.log_odds(X)).max() < 1e-6


@given(st.integers(0, 10**6))
def test_ten_thousand_random_pairs_never_go_against_a_direction(seed):
    rng = np.random.default_rng(seed)
    model = pr.load_model("literature-prior")
    directed = [s for s in model.shapes if s.direction]
    n = 10_000 // 50
    low, high = {}, {}
    for shape in directed:
        a, b = (rng.uniform(shape.knots[0] - 1, shape.knots[-1] + 1, n) for _ in range(2))
        unknown = rng.random(n) < 0.2
        worst = np.maximum(a, b) if shape.direction > 0 else np.minimum(a, b)
        low[shape.factor] = np.where(unknown, np.nan, a)
        high[shape.factor] = np.where(unknown, np.nan, worst)
    assert (model.log_odds(high) - model.log_odds(low)).min() >= -1e-12

"""Tables with outcomes whose truth is known."""

import numpy as np
import pandas as pd
import pytest


def additive_table(n, seed=0, missing=0.1, schools=0):
    """Factors of several kinds, and outcomes from an additive truth."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "rising": rng.normal(size=n),
            "stepwise": rng.integers(0, 4, n).astype(float),
            "yes_no": rng.integers(0, 2, n).astype(float),
            "place": rng.choice(["north", "south", "west"], n),
            "noise": rng.normal(size=n),
        }
    )
    eta = -1.5 + 0.8 * X["rising"] + 0.3 * X["stepwise"] + 0.6 * X["yes_no"] + 0.5 * (X["place"] == "west")
    if schools:
        X["school_id"] = [f"s{k:03d}" for k in rng.integers(0, schools, n)]
        level = dict(zip(sorted(X["school_id"].unique()), rng.normal(0, 0.5, schools), strict=False))
        eta = eta + X["school_id"].map(level)
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int).to_numpy()
    X.loc[rng.random(n) < missing, "rising"] = np.nan
    return X, y


@pytest.fixture(scope="session")
def make_table():
    return additive_table


@pytest.fixture(scope="session")
def table():
    return additive_table(1200)


@pytest.fixture(scope="session")
def history():
    """Two years of a made municipality, as a training table."""
    import pumpurs_risk as pr

    records = pr.make_cohort(2500, form="tables", random_state=3)
    return pr.training_table(records, as_of=["2026-01-15", "2027-01-15"])

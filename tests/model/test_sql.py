import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.model import load_model
from pumpurs_risk.model.shapes import Levels


def in_duckdb(model, X):
    import duckdb

    with duckdb.connect() as con:
        con.register("x", X)
        con.execute(f"SELECT {model.as_sql()} AS eta FROM x")
        return con.fetchnumpy()["eta"]


def random_pupils(model, n, seed):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(index=range(n))
    for shape in model.shapes:
        if isinstance(shape, Levels):
            X[shape.factor] = rng.choice(np.array([*shape.levels, None, "new"], dtype=object), n)
        else:
            low, high = shape.knots[0], shape.knots[-1]
            x = np.where(rng.random(n) < 0.3, rng.choice(shape.knots, n), rng.uniform(low - 1, high + 1, n))
            X[shape.factor] = np.where(rng.random(n) < 0.2, np.nan, x)
    return X


@pytest.mark.parametrize("seed", [1, 2])
def test_duckdb_gives_the_same_log_odds(model, whole, seed):
    for which in (model, whole, load_model("literature-prior")):
        X = random_pupils(which, 500, seed)
        X["school_id"] = np.random.default_rng(seed).choice(np.array(["a", "o'b", "new", None], dtype=object), 500)
        assert in_duckdb(which, X) == pytest.approx(which.log_odds(X), abs=1e-9)


def test_sql_takes_null_and_nan_as_unknown(model):
    import duckdb

    X = pd.DataFrame({f: [np.nan] for f in ("absence", "unexcused", "mark")} | {"programme_level": [None]})
    sql = model.as_sql()
    with duckdb.connect() as con:
        source = "SELECT 'nan'::DOUBLE absence, NULL unexcused, NULL mark, NULL programme_level"
        eta = con.execute(f"SELECT {sql} FROM ({source})").fetchone()[0]
    assert eta == pytest.approx(model.log_odds(X)[0])


def test_another_dialect_is_refused(model):
    with pytest.raises(ValueError, match="dialect"):
        model.as_sql("mysql")

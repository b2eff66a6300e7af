import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.explanation import contributions_by_construct, explain
from pumpurs_risk.model.additive import AdditiveModel, Provenance
from pumpurs_risk.model.shapes import PiecewiseLinear

matplotlib.use("Agg")


@pytest.fixture(params=["peers", "population", "one row", "peers of another table"])
def reference(request, X, peers):
    return {"one row": X.iloc[5], "peers of another table": peers}.get(request.param, request.param)


def test_base_and_values_add_up_to_the_log_odds(model, X, reference):
    found = explain(model, X, reference)
    np.testing.assert_allclose(found.base_values + found.values.sum(axis=1), model.log_odds(X), atol=1e-9, rtol=0)


def test_constructs_add_up_to_the_log_odds(model, X, reference):
    by_construct, base = contributions_by_construct(model, X, reference)
    np.testing.assert_allclose(base + by_construct.sum(axis=1), model.log_odds(X), atol=1e-9, rtol=0)


def test_each_construct_is_the_sum_of_its_own_factors(model, X, peers, catalogue):
    by_construct, _ = contributions_by_construct(model, X, peers)
    factors = model.contributions(X, peers)
    attendance = [f for f in factors if catalogue.factors[f].construct == "attendance"]
    np.testing.assert_allclose(by_construct["attendance"], factors[attendance].sum(axis=1), atol=1e-12)


def test_a_pupil_compared_with_itself_has_nothing_to_explain(model, X):
    found = explain(model, X.iloc[[7]], X.iloc[7])
    assert np.abs(found.values).max() == 0


def test_data_is_an_array_that_holds_the_recorded_values(model, X):
    found = explain(model, X, "population")
    assert isinstance(found.data, np.ndarray)
    assert found.data.shape == found.values.shape
    absence = found.feature_names.index("absence_share")
    np.testing.assert_array_equal(found.data[:, absence].astype(float), X["absence_share"])


def test_features_are_named_by_id_and_on_request_in_a_language(model, X):
    assert explain(model, X.iloc[:2], "population").feature_names == list(model.feature_names_in_)
    assert "kavēto stundu īpatsvars" in explain(model, X.iloc[:2], "population", lang="lv").feature_names


SHAP_IMPORT = pytest.mark.filterwarnings("ignore:The set_:PendingDeprecationWarning")  # shap's, of matplotlib's plans


@SHAP_IMPORT
@pytest.mark.parametrize("plot", ["waterfall", "beeswarm", "bar"])
def test_shap_draws_it(model, X, peers, plot):
    import matplotlib.pyplot as plt
    import shap

    found = explain(model, X.iloc[:40], peers)
    values = found.values.copy()
    try:
        getattr(shap.plots, plot)(found[0] if plot == "waterfall" else found, show=False)
    finally:
        plt.close("all")
    np.testing.assert_array_equal(found.values, values)


@SHAP_IMPORT
def test_it_agrees_with_shap_s_own_linear_explainer():
    import shap

    rng = np.random.default_rng(0)
    background = rng.uniform(0, 1, size=(500, 3))  # more than the 100 rows that shap samples by default
    slopes, intercept = np.array([2.0, -1.0, 0.5]), -3.0
    means = background.mean(axis=0)
    shapes = tuple(
        PiecewiseLinear(
            factor=f"f{j}", version=1, construct=f"c{j}", direction=0, knots=(0.0, 1.0),
            values=(slopes[j] * (0 - means[j]), slopes[j] * (1 - means[j])), unknown=0.0, mean_row=(means[j],), variance=0.1,
        )
        for j in range(3)
    )  # fmt: skip
    model = AdditiveModel(
        name="linear", horizon="1y", base=float(intercept + slopes @ means), national_mean=0.05,
        features=("f0", "f1", "f2"), shapes=shapes, covariance=(), base_variance=1.0,
        provenance=Provenance(made_by="a test", made_from="nothing", population="nobody"),
    )  # fmt: skip
    pupils = rng.uniform(0, 1, size=(50, 3))
    masker = shap.maskers.Independent(background, max_samples=len(background))
    theirs = shap.LinearExplainer((slopes, intercept), masker)(pupils)
    ours = explain(model, pd.DataFrame(pupils, columns=["f0", "f1", "f2"]), "population")
    np.testing.assert_allclose(ours.values, theirs.values, atol=1e-9)
    np.testing.assert_allclose(ours.base_values, theirs.base_values, atol=1e-9)


def test_reasons_and_flags_are_made_without_importing_shap():
    code = "import sys, pumpurs_risk.explanation, pumpurs_risk.flags; sys.exit('shap' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

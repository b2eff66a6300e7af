"""A model of one number, so that log-odds can be dictated; a made municipality with the shipped prior."""

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.datasets import make_cohort
from pumpurs_risk.factors import factor_table
from pumpurs_risk.model import load_model
from pumpurs_risk.model.additive import AdditiveModel, CovarianceBlock, Provenance, RateRange
from pumpurs_risk.model.shapes import Levels, PiecewiseLinear


@pytest.fixture(scope="session")
def catalogue():
    return Catalogue.load()


@pytest.fixture(scope="session")
def X():  # noqa: N802
    return factor_table(make_cohort(600, random_state=3, form="sheet"))


@pytest.fixture(scope="session")
def model(X):
    return load_model("literature-prior").for_recorded(X)


@pytest.fixture
def dictated():
    """A model whose log-odds are the absence share, times 20, minus 10; and a table of pupils with the log-odds wanted."""

    def make(log_odds, sd_per_unit=0.0, outcomes=0, rates=(-0.5, 0.5), **columns):
        absence = PiecewiseLinear(
            factor="absence_share", version=1, construct="attendance", direction=1, knots=(0.0, 1.0), values=(-10.0, 10.0),
            unknown=0.0, mean_row=(0.5,), variance=0.04,
        )  # fmt: skip
        level = Levels(
            factor="programme_level", version=1, construct="programme", levels=("general-9",), values=(0.0,), unknown=0.0,
            mean_row=(1.0,), variance=0.0,
        )  # fmt: skip
        model = AdditiveModel(
            name="dictated", horizon="1y", base=0.0, national_mean=0.02, features=("absence_share", "programme_level"),
            shapes=(absence, level), covariance=(CovarianceBlock(start=0, matrix=((sd_per_unit**2,),)),),
            base_variance=1.0, rate_range=RateRange(factor="programme_level", low={"general-9": rates[0]},
            high={"general-9": rates[1]}),
            provenance=Provenance(made_by="a test", made_from="nothing", population="nobody", outcomes=outcomes),
        )  # fmt: skip
        eta = np.asarray(log_odds, dtype=float)
        table = {
            "pupil_id": [f"p{i:02d}" for i in range(len(eta))],
            "absence_share": (eta + 10) / 20,
            "programme_level": "general-9",
            **columns,
        }
        return model, pd.DataFrame(table)

    return make

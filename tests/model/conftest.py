"""A small model with numbers that can be checked in the head."""

import pytest

from pumpurs_risk.model.additive import AdditiveModel, CovarianceBlock, Provenance, RateRange, logit
from pumpurs_risk.model.shapes import Levels, PiecewiseLinear


def small_model(**changes):
    absence = PiecewiseLinear(
        factor="absence",
        version=1,
        construct="attendance",
        direction=1,
        knots=(0.0, 0.1, 0.4),
        values=(-0.2, 0.4, 1.0),
        unknown=0.0,
        mean_row=(0.3, 0.05),
        variance=0.09,
        prior_share=0.5,
    )
    unexcused = PiecewiseLinear(
        factor="unexcused",
        version=1,
        construct="attendance",
        direction=1,
        knots=(0.0, 4.0),
        values=(-0.1, 0.5),
        unknown=0.0,
        mean_row=(0.2,),
        variance=0.04,
        prior_share=0.3,
    )
    mark = PiecewiseLinear(
        factor="mark",
        version=1,
        construct="grades",
        direction=-1,
        knots=(3.0, 5.0, 8.0),
        values=(1.2, 0.6, -0.3),
        unknown=0.0,
        mean_row=(0.95, 0.6),
        variance=0.2,
        prior_share=1.0,
    )
    level = Levels(
        factor="programme_level",
        version=1,
        construct="programme",
        levels=("general-9", "vocational-1"),
        values=(-0.5, 1.0),
        unknown=0.0,
        mean_row=(0.9, 0.1),
        variance=0.2,
    )
    fields = {
        "name": "small",
        "horizon": "1y",
        "base": logit(0.02),
        "national_mean": 0.02,
        "features": ("absence", "unexcused", "mark", "programme_level"),
        "shapes": (absence, unexcused, mark, level),
        "covariance": (
            CovarianceBlock(start=0, matrix=((0.10, 0.02), (0.02, 0.20))),
            CovarianceBlock(start=2, matrix=((0.05,),)),
            CovarianceBlock(start=3, matrix=((0.08, 0.01), (0.01, 0.06))),
            CovarianceBlock(start=5, matrix=((0.1, 0.0), (0.0, 0.1))),
        ),
        "base_variance": 1.0,
        "rate_range": RateRange(
            factor="programme_level",
            low={"general-9": -0.5, "vocational-1": -0.4},
            high={"general-9": 0.6, "vocational-1": 0.3},
        ),
        "provenance": Provenance(made_by="a test", made_from="nothing", population="nobody"),
    }
    return AdditiveModel(**(fields | changes))


@pytest.fixture
def make_model():
    return small_model


@pytest.fixture
def model():
    return small_model()

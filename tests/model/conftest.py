"""A small model with numbers that can be checked in the head."""

import numpy as np
import pytest

from pumpurs_risk.model.additive import AdditiveModel, CovarianceBlock, Provenance, RateRange, logit
from pumpurs_risk.model.pairs import PairAxis, PairShape
from pumpurs_risk.model.parts import Pooling, SchoolLevels, Training
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


def whole_model(**changes):
    """The small model with everything that a trained one may have besides."""
    grid = np.array([[-0.3, 0.0, 0.2, 0.1], [-0.1, 0.1, 0.5, 0.1], [0.0, 0.4, 0.9, 0.3], [0.0, 0.1, 0.2, 0.05]])
    absence_mark = PairShape(
        left=PairAxis(factor="absence", knots=(0.0, 0.1, 0.4)),
        right=PairAxis(factor="mark", knots=(3.0, 5.0, 8.0)),
        values=tuple(map(tuple, grid[:, [2, 1, 0, 3]].tolist())),  # falls with the mark
        mean_row=tuple(np.full(16, 1 / 16).tolist()),
    )
    unexcused_level = PairShape(
        left=PairAxis(factor="unexcused", knots=(0.0, 4.0)),
        right=PairAxis(factor="programme_level", levels=("general-9", "vocational-1")),
        values=((0.0, -0.1, 0.0), (0.1, 0.6, 0.2), (0.0, 0.05, 0.0)),
        mean_row=tuple(np.full(9, 1 / 9).tolist()),
    )
    root = np.random.default_rng(5).normal(0, 0.1, (32, 32))
    fields = {
        "name": "whole",
        "pairs": (absence_mark, unexcused_level),
        "covariance": (CovarianceBlock(start=0, matrix=tuple(map(tuple, (root @ root.T).tolist()))),),
        "schools": SchoolLevels(sd=0.3, levels={"a": 0.2, "o'b": -0.1}, variances={"a": 0.02, "o'b": 0.04}),
        "training": Training(rows=900, rows_without_outcome=4, pupils=500, leavers=40, weight=450.0, schools=2),
        "pooling": Pooling(
            members=("x", "y"), periods=("", "2026"), leavers=(20, 20), distances=(1.0, 0.9), between_sd=0.25
        ),
        "two_years": small_model(name="whole-2y", horizon="2y", base=logit(0.04), national_mean=0.04, covariance=()),
    }
    return small_model(**(fields | changes))


@pytest.fixture
def make_whole():
    return whole_model


@pytest.fixture
def whole():
    return whole_model()


@pytest.fixture
def make_model():
    return small_model


@pytest.fixture
def model():
    return small_model()

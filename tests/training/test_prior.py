import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.model import load_model
from pumpurs_risk.model.additive import expit, logit
from pumpurs_risk.model.shapes import PiecewiseLinear
from pumpurs_risk.model.store import model_bytes
from pumpurs_risk.resources import resource
from pumpurs_risk.training.prior import DAMPING, EXTREME, build_prior, typical_points
from pumpurs_risk.training.prior_card import prior_card


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture(scope="module")
def prior(catalogue):
    return build_prior(catalogue)


def test_the_shipped_files_are_what_the_catalogue_gives(prior, catalogue):
    folder = resource("models", "literature-prior")
    assert model_bytes(prior) == (folder / "model.json").read_bytes()
    assert prior_card(prior, catalogue) == (folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_with_every_factor_unknown_the_risk_is_the_base_rate(prior, catalogue):
    levels = list(catalogue.base_rates)
    X = pd.DataFrame({"programme_level": levels})
    rates = [catalogue.base_rates[level].central for level in levels]
    assert prior.log_odds(X) == pytest.approx([logit(r) for r in rates], abs=1e-9)
    nothing = pd.DataFrame({"programme_level": pd.Series([None], dtype=object)})
    assert expit(prior.log_odds(nothing)) == pytest.approx([catalogue.national_mean])


def test_every_curve_goes_through_the_points_worked_out_by_hand(prior, catalogue):
    checked = 0
    for shape in prior.shapes:
        factor = catalogue.factors[shape.factor]
        if not isinstance(shape, PiecewiseLinear):
            continue
        effect = factor.prior_share * DAMPING * np.log(catalogue.constructs[factor.construct].odds_ratio)
        contrast = factor.contrast
        at = shape.evaluate(np.array([contrast.low, contrast.high, contrast.extreme], dtype=float))
        top = EXTREME if contrast.extreme != contrast.high else 1.0
        assert at[1] - at[0] == pytest.approx(effect, abs=1e-9), factor.id
        assert at[2] - at[0] == pytest.approx(top * effect, abs=1e-9), factor.id
        checked += 1
    assert checked >= 40


def test_curves_are_centred_on_what_is_typical(prior, catalogue):
    for shape in prior.shapes:
        if isinstance(shape, PiecewiseLinear):
            values, weights = typical_points(catalogue.factors[shape.factor].typical)
            f = shape.evaluate(values)
            assert weights @ f == pytest.approx(0, abs=1e-9), shape.factor
            assert weights @ f**2 == pytest.approx(shape.variance, abs=1e-9), shape.factor
            assert weights @ shape.basis(values) == pytest.approx(np.array(shape.mean_row), abs=1e-9), shape.factor


def test_the_prior_sd_of_every_total_effect_is_one_half(prior):
    for shape, block in zip(prior.shapes, prior.covariance, strict=True):
        if isinstance(shape, PiecewiseLinear):
            total = np.sqrt(np.array(block.matrix).sum())
            assert total == pytest.approx(0.5, abs=1e-6), shape.factor


def test_a_construct_recorded_whole_has_its_published_effect_damped(prior, catalogue):
    attendance = [f for f in catalogue.factors.values() if f.construct == "attendance" and f.prior_share]
    low = pd.DataFrame({f.id: [f.contrast.low] for f in attendance})
    high = pd.DataFrame({f.id: [f.contrast.high] for f in attendance})
    difference = prior.log_odds(high) - prior.log_odds(low)
    assert difference == pytest.approx([DAMPING * np.log(catalogue.constructs["attendance"].odds_ratio)])


def test_a_construct_recorded_in_part_has_it_too_once_shares_are_renormalised(prior, catalogue):
    factor = catalogue.factors["absence_share"]
    X = pd.DataFrame({"absence_share": [factor.contrast.low, factor.contrast.high]})
    difference = np.diff(prior.for_recorded(X).log_odds(X))
    assert difference == pytest.approx([DAMPING * np.log(catalogue.constructs["attendance"].odds_ratio)])


def test_no_factor_without_a_prior_share_and_no_protected_attribute_is_in_it(prior, catalogue):
    assert all(catalogue.factors[f].prior_share > 0 for f in prior.features)
    assert not {"sex", "nationality", "language", "special_education"} & set(prior.features)


def test_it_says_that_it_has_seen_no_outcomes(prior):
    assert not prior.has_local_outcomes
    low, high = prior.rate_shift(pd.DataFrame({"programme_level": ["general-9"]}))
    assert low[0] < 0 < high[0]


def test_writing_it_again_gives_the_same_bytes(tmp_path, prior):
    from pumpurs_risk.training.prior import main

    main(str(tmp_path))
    assert load_model(tmp_path) == prior


def test_a_programme_without_a_level_has_its_own_rate_and_not_the_nations(prior, catalogue):
    X = pd.DataFrame({"programme_level": ["general", "evening", "vocational"]})
    risk = prior.risk(X)
    levels = {p: [r for n, r in catalogue.base_rates.items() if n.startswith(f"{p}-")] for p in X["programme_level"]}
    by_hand = [
        sum(r.central * r.share_of_pupils for r in ls) / sum(r.share_of_pupils for r in ls) for ls in levels.values()
    ]
    assert risk == pytest.approx(by_hand, abs=1e-9)
    assert risk[0] < catalogue.national_mean < risk[2]

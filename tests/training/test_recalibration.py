import msgspec
import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.errors import TrainingError
from pumpurs_risk.model import load_model
from pumpurs_risk.model.additive import CovarianceBlock
from pumpurs_risk.model.odds import expit
from pumpurs_risk.model.pairs import PairAxis, PairShape
from pumpurs_risk.model.parts import SchoolLevels
from pumpurs_risk.model.store import model_bytes, read_model
from pumpurs_risk.training.recalibration import SMALLEST_SLOPE, level_and_slope, recalibrate

PRIOR = load_model("literature-prior")


def pupils(n=400, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "pupil_id": [f"p{i}" for i in range(n)],
            "school_id": rng.choice(["a", "b", "c"], n),
            "absence_share": np.where(rng.random(n) < 0.1, np.nan, rng.gamma(1, 0.08, n)),
            "mean_mark": np.where(rng.random(n) < 0.1, np.nan, rng.uniform(3, 9, n)),
            "programme_level": rng.choice(["general-9", "vocational-1"], n),
        }
    )


def outcomes(X, level=1.0, slope=0.8, seed=1):
    eta = PRIOR.for_recorded(X).log_odds(X)
    p = expit(PRIOR.base + level + slope * (eta - PRIOR.base))
    return (np.random.default_rng(seed).random(len(X)) < p).astype(float)


@pytest.fixture
def whole():
    """The prior with a pair, school levels and curves for two years."""
    pair = PairShape(
        left=PairAxis(factor="absence_share", knots=(0.0, 0.3)),
        right=PairAxis(factor="mean_mark", knots=(3.0, 9.0)),
        values=((0.2, 0.0, 0.0), (0.8, 0.1, 0.0), (0.0, 0.0, 0.0)),
        mean_row=(0.1, 0.9) + (0.0,) * 7,
    )
    return msgspec.structs.replace(
        PRIOR,
        pairs=(pair,),
        covariance=(*PRIOR.covariance, a_block(PRIOR, 9)),
        schools=SchoolLevels(sd=0.3, levels={"a": 0.4, "b": -0.2}, variances={"a": 0.02, "b": 0.03}),
        two_years=msgspec.structs.replace(PRIOR, base=PRIOR.base + 0.7, covariance=()),
    )


def a_block(model, size):
    start = sum(shape.n_coefficients for shape in model.shapes)
    return CovarianceBlock(start=start, matrix=tuple(map(tuple, (0.1 * np.eye(size)).tolist())))


def test_level_and_slope_are_the_posterior_mode_that_scipy_finds():
    from scipy.optimize import minimize

    rng = np.random.default_rng(2)
    eta = rng.normal(-3, 1, 300)
    y = (rng.random(300) < expit(-2.5 + 0.7 * (eta + 3))).astype(float)
    w = rng.uniform(0.2, 1, 300)

    def loss(at):
        moved = -3 + at[0] + at[1] * (eta + 3)
        return w @ (np.logaddexp(0, moved) - y * moved) + (at[0] - 0.2) ** 2 / 2 + (at[1] - 1) ** 2 / (2 * 0.25**2)

    found = level_and_slope(eta, y, w, (0.2, 1.0), (1.0, 0.25), -3.0)
    expected = minimize(loss, [0, 1], method="BFGS", options={"gtol": 1e-9}).x
    assert [found.level, found.slope] == pytest.approx(expected, abs=1e-6)


def test_much_data_find_the_true_level_and_slope():
    X = pupils(60_000)
    here = recalibrate(PRIOR, X, outcomes(X))
    eta = PRIOR.for_recorded(X).log_odds(X)
    slope, level = np.polyfit(eta - PRIOR.base, here.log_odds(X) - PRIOR.base, 1)
    assert level == pytest.approx(1.0, abs=0.1)
    assert slope == pytest.approx(0.8, abs=0.05)


def test_it_is_baked_in_exactly_for_every_part(whole):
    X = pupils()
    y = outcomes(X)
    eta = whole.for_recorded(X).log_odds(X)
    line = level_and_slope(eta, y, np.ones(len(X)), (0.0, 1.0), (1.0, 0.25), whole.base)
    here = recalibrate(whole, X, y)
    assert np.abs(here.log_odds(X) - line.apply(eta)).max() < 1e-12
    assert here.sd(X) == pytest.approx(line.slope * whole.for_recorded(X).sd(X))
    assert here.schools.sd == pytest.approx(0.3 * line.slope)
    assert here.schools.variances["b"] == pytest.approx(0.03 * line.slope**2)
    assert here.base_variance == pytest.approx(line.covariance[0, 0])
    assert here.base_variance < 0.2
    total = here.base_values(X, "peers") + here.contributions(X, "peers").sum(axis=1).to_numpy()
    assert np.abs(total - here.log_odds(X)).max() < 1e-9
    assert read_model(model_bytes(here)) == here


def test_curves_for_two_years_get_the_level_alone(whole):
    X = pupils()
    here = recalibrate(whole, X, outcomes(X))
    before = whole.for_recorded(X).two_years.log_odds(X)
    moved = here.two_years.log_odds(X) - before
    assert np.ptp(moved) < 1e-12
    assert moved[0] == pytest.approx(here.base - whole.base)


def test_making_a_list_with_it_changes_no_share_again():
    X = pupils()
    here = recalibrate(PRIOR, X, outcomes(X))
    assert here.for_recorded(X) is here


def test_missing_outcomes_are_left_out_and_counted():
    X = pupils()
    y = outcomes(X)
    some = np.where(np.arange(400) < 30, np.nan, y)
    whole_table = recalibrate(PRIOR, X, some)
    nullable = pd.array([None if np.isnan(v) else bool(v) for v in some], dtype="boolean")
    assert whole_table.base == recalibrate(PRIOR, X, pd.Series(nullable)).base
    assert whole_table.base == pytest.approx(recalibrate(PRIOR.for_recorded(X), X.iloc[30:], y[30:]).base)
    assert "370 rows" in whole_table.provenance.notes[-1]
    assert "30 rows without outcome left out" in whole_table.provenance.notes[-1]


def test_a_weight_of_two_is_a_row_twice():
    X = pupils()
    y = outcomes(X)
    twice = recalibrate(PRIOR, pd.concat([X, X]), np.tile(y, 2))
    weighted = recalibrate(PRIOR, X, y, sample_weight=np.full(400, 2.0))
    assert weighted.base == pytest.approx(twice.base)
    assert weighted.provenance.outcomes == twice.provenance.outcomes == int(y.sum())


def test_the_leavers_it_used_make_the_level_a_local_one():
    X = pupils()
    y = outcomes(X)
    here = recalibrate(PRIOR, X, y)
    assert here.provenance.outcomes == int(y.sum()) > 0
    assert here.has_local_outcomes
    assert (here.rate_shift(X)[1] == 0).all()
    again = recalibrate(here, X.assign(pupil_id="one"), y)
    assert again.provenance.outcomes == int(y.sum()) + 1


def test_without_a_leaver_only_what_the_prior_allows():
    X = pupils()
    here = recalibrate(PRIOR, X, np.zeros(400))
    assert PRIOR.base - 3 < here.base < PRIOR.base
    assert not here.has_local_outcomes
    assert np.isfinite(here.log_odds(X)).all()
    tight = recalibrate(PRIOR, X, np.zeros(400), prior_intercept=(0.0, 1e-3), prior_slope=(1.0, 1e-3))
    assert tight.log_odds(X) == pytest.approx(PRIOR.for_recorded(X).log_odds(X), abs=0.01)


def test_an_sd_of_zero_keeps_what_was_given():
    X = pupils()
    here = recalibrate(PRIOR, X, outcomes(X), prior_slope=(1.0, 0.0))
    moved = here.log_odds(X) - PRIOR.for_recorded(X).log_odds(X)
    assert np.ptp(moved) < 1e-12
    assert moved[0] > 0.3


def test_a_slope_is_never_reversed():
    X = pupils(4000)
    y = 1 - (PRIOR.for_recorded(X).log_odds(X) > -4.5).astype(float)  # the lowest risks leave
    found = level_and_slope(PRIOR.log_odds(X), y, np.ones(4000), (0.0, 1.0), (1.0, 0.25), PRIOR.base)
    assert found.slope == SMALLEST_SLOPE
    assert found.covariance[1, 1] == 0


@pytest.mark.parametrize(
    ("y", "more", "why"),
    [
        (np.full(400, np.nan), {}, "known outcome"),
        (np.zeros(399), {}, "400 rows, but y has 399"),
        (np.zeros(400), {"sample_weight": np.zeros(400)}, "known outcome"),
        (np.zeros(400), {"sample_weight": np.full(400, -1.0)}, "none of them negative"),
        (np.zeros(400), {"sample_weight": np.ones(3)}, "one number for each"),
        (np.zeros(400), {"prior_slope": (0.0, 1.0)}, "at least"),
        (np.zeros(400), {"prior_intercept": (0.0, -1.0)}, "not negative"),
    ],
)
def test_what_cannot_be_used_is_named(y, more, why):
    with pytest.raises(TrainingError, match=why):
        recalibrate(PRIOR, pupils(), y, **more)


def test_a_table_without_rows_is_refused():
    with pytest.raises(TrainingError, match="None of the 0 rows"):
        recalibrate(PRIOR, pupils().iloc[:0], [])


def test_labels_that_are_none_are_refused():
    with pytest.raises(ValueError, match="binary"):
        recalibrate(PRIOR, pupils(), np.arange(400) % 3)

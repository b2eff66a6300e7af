import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.metrics import log_loss

from pumpurs_risk.training.fit.gaussian import GaussianPrior, Widths
from pumpurs_risk.training.fit.posterior import fit, newton
from pumpurs_risk.training.likelihood import Rows, information, log_likelihood, score


class Plain:
    """A design that is one matrix, cut in blocks, with groups."""

    def __init__(self, columns, groups=None, n_groups=0, block=97):
        self.columns, self.block = columns, block
        self.n_rows, self.n_columns = columns.shape
        self.groups = np.zeros(0, dtype=np.intp) if groups is None else groups
        self.n_groups = n_groups

    def predict(self, beta):
        eta = self.columns @ beta[: self.n_columns]
        return eta + np.append(beta[self.n_columns :], 0.0)[self.groups] if self.n_groups else eta

    def blocks(self):
        for start in range(0, self.n_rows, self.block):
            part = slice(start, min(start + self.block, self.n_rows))
            yield part, self.columns[part]


@pytest.fixture
def problem():
    rng = np.random.default_rng(5)
    columns = np.column_stack([np.ones(500), rng.normal(size=(500, 4))])
    y = (rng.random(500) < 1 / (1 + np.exp(-columns @ [-1, 0.5, -0.7, 0.2, 0.0]))).astype(float)
    return columns, Rows(y, rng.uniform(0.2, 2, 500))


def test_value_is_scikit_learns_log_loss(problem):
    columns, rows = problem
    eta = columns @ np.array([-0.5, 0.1, 0.2, 0.3, 0.4])
    expected = -log_loss(rows.y, 1 / (1 + np.exp(-eta)), sample_weight=rows.weight, normalize=False)
    assert log_likelihood(eta, rows) == pytest.approx(expected, rel=1e-12)


def test_score_and_information_are_statsmodels(problem):
    columns, rows = problem
    beta = np.array([-0.5, 0.1, 0.2, 0.3, 0.4])
    model = sm.GLM(rows.y, columns, family=sm.families.Binomial(), freq_weights=rows.weight)
    s, info = information(Plain(columns), columns @ beta, rows)
    assert np.allclose(s, model.score(beta), rtol=1e-9)
    assert np.allclose(info, -model.hessian(beta), rtol=1e-9)
    assert np.allclose(score(Plain(columns), columns @ beta, rows), s, rtol=1e-12)


def test_groups_equal_columns_of_zeros_and_ones(problem):
    columns, rows = problem
    groups = np.random.default_rng(0).integers(-1, 3, 500)
    dense = np.hstack([columns, np.eye(4)[groups][:, :3]])
    beta = np.linspace(-1, 1, 8)
    grouped, plain = Plain(columns, groups, 3), Plain(dense)
    assert np.allclose(grouped.predict(beta), dense @ beta, atol=1e-14)
    for a, b in zip(information(grouped, dense @ beta, rows), information(plain, dense @ beta, rows), strict=True):
        assert np.allclose(a, b, rtol=1e-10, atol=1e-12)


def test_blocks_add_up_exactly(problem):
    columns, rows = problem
    beta = np.array([-0.5, 0.1, 0.2, 0.3, 0.4])
    one, many = (information(Plain(columns, block=b), columns @ beta, rows)[1] for b in (10_000, 7))
    assert np.allclose(one, many, rtol=1e-12)


def wide_prior(k, lower=None):
    return GaussianPrior(
        np.zeros(k), [], np.full(k, 1e10), slice(k, k), np.full(k, -np.inf) if lower is None else lower
    )


def test_without_a_prior_it_is_the_maximum_likelihood_fit_of_statsmodels(problem):
    columns, rows = problem
    found = fit(Plain(columns), rows, wide_prior(5), leavers=100)
    expected = sm.GLM(rows.y, columns, family=sm.families.Binomial(), freq_weights=rows.weight).fit(tol=1e-12)
    assert np.abs(found.beta - expected.params).max() < 1e-6
    assert np.allclose(np.sqrt(np.diag(found.covariance())), expected.bse, rtol=1e-4)


def test_bounded_fit_meets_the_conditions_of_a_maximum(problem):
    columns, rows = problem
    lower = np.array([-np.inf, 0, 0, 0, 0])
    prior = wide_prior(5, lower)
    found = newton(Plain(columns), rows, prior, Widths(0.5, np.zeros(0)), np.zeros(5), tolerance=1e-10)
    assert (found.beta >= lower).all() and found.beta[2] == 0 and not found.free[2]
    assert np.abs(found.gradient[found.free]).max() < 1e-6 and (found.gradient[~found.free] <= 1e-9).all()


def test_separated_outcomes_still_have_a_top(problem):
    columns, _ = problem
    rows = Rows((columns[:, 1] > 0).astype(float), np.ones(500))
    prior = GaussianPrior(
        np.zeros(5), [(slice(1, 5), np.eye(4))], np.array([100.0, *[np.nan] * 4]), slice(5, 5), np.full(5, -np.inf)
    )
    found = fit(Plain(columns), rows, prior, leavers=250)
    assert np.isfinite(found.beta).all() and found.beta[1] > 2

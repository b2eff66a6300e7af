import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from pumpurs_risk.training.fit.quadratic import inverse_on_free, log_determinant, solve_box


@given(st.integers(0, 10_000), st.integers(1, 25))
def test_the_bounded_minimum_is_that_of_scipy(seed, k):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(k + 3, k))
    A = root.T @ root + 0.1 * np.eye(k)
    b = rng.normal(size=k) * 3
    lower = np.where(rng.random(k) < 0.6, rng.normal(size=k) * rng.integers(0, 2), -np.inf)
    x, free = solve_box(A, b, lower)
    upper = np.linalg.cholesky(A).T
    other = lsq_linear(upper, np.linalg.solve(upper.T, b), (lower, np.inf), method="bvls", tol=1e-14).x
    assert np.abs(x - other).max() < 1e-6
    assert (x >= lower).all() and np.abs((A @ x - b)[free]).max(initial=0) < 1e-8
    assert ((A @ x - b)[~free] >= -1e-8).all()


def test_a_guess_changes_nothing_but_the_way():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(30, 12))
    A, b, lower = root.T @ root, rng.normal(size=12) * 5, np.zeros(12)
    one, _ = solve_box(A, b, lower)
    other, _ = solve_box(A, b, lower, start=rng.random(12) < 0.5)
    assert np.abs(one - other).max() < 1e-12


def test_a_matrix_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="positive definite"):
        solve_box(np.array([[1.0, 2.0], [2.0, 1.0]]), np.zeros(2), np.full(2, -np.inf))


def test_inverse_and_determinant_leave_bound_coefficients_out():
    A = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 3.0]])
    free = np.array([True, False, True])
    V = inverse_on_free(A, free)
    assert (V[1] == 0).all() and np.allclose(V[np.ix_([0, 2], [0, 2])], np.linalg.inv(A[np.ix_([0, 2], [0, 2])]))
    assert log_determinant(A, free) == pytest.approx(np.log(6.0))
    assert log_determinant(A, np.zeros(3, bool)) == 0.0

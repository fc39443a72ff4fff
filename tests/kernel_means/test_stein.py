"""Stein thinning equals a greedy search by the matrix of Stein kernel values."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect.kernel_means import gaussian_scores, stein_path
from tests._kernels import reference_kernel_means as reference


def test_steps_on_a_line():
    """Standard normal score -x: worked out once by enumeration."""
    X = np.array([[-2.0], [-1.0], [0.0], [0.5], [3.0]])
    path = stein_path(X, -X, 4, 1.0)
    assert_array_equal(path.steps, [2, 1, 3, 2])
    wanted = [1, 0.484834957, 0.190404863, 0.241727883]
    assert_allclose(path.discrepancy**2, wanted, atol=1e-9)


def test_the_stein_kernel_is_the_derivative_that_defines_it():
    rng = np.random.default_rng(1)
    x, y, b, c = rng.normal(size=(4, 3))
    scale, step = 1.3, 1e-4

    def k(x, y):
        return (1 + ((x - y) ** 2).sum() / scale**2) ** -0.5

    total = b @ c * k(x, y)
    for unit in step * np.eye(3):
        over_x = (k(x + unit, y) - k(x - unit, y)) / (2 * step)
        over_y = (k(x, y + unit) - k(x, y - unit)) / (2 * step)
        mixed = k(x + unit, y + unit) - k(x + unit, y - unit)
        mixed -= k(x - unit, y + unit) - k(x - unit, y - unit)
        total += (c @ unit * over_x + b @ unit * over_y) / step
        total += mixed / (2 * step) ** 2
    assert_allclose(reference.stein_kernel(x, y, b, c, scale), total, atol=1e-6)


@pytest.mark.parametrize("seed", range(50))
def test_steps_are_those_of_the_matrix(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(1, 25)), int(rng.integers(1, 5))
    X = rng.normal(size=(n, d))
    if seed % 3 == 0:
        X = rng.integers(-2, 3, (n, d)).astype(float)  # ties, copies
    if seed % 3 == 1:
        X = X.astype(np.float32).astype(float)
    gradients = -X if seed % 2 else rng.normal(size=(n, d))
    scale = float(rng.choice([0.5, 1.0, 3.0]))
    path = stein_path(X, gradients, 30, scale**-2)
    K0 = reference.stein_matrix(X, gradients, scale)
    steps, squares = reference.stein_path(K0, 30)
    assert_array_equal(path.steps, steps)
    assert_allclose((path.discrepancy / scale) ** 2, squares, atol=1e-12 * K0.max())


def test_threads_and_parts_change_nothing(monkeypatch):
    from coreselect.kernel_means import stein

    X = np.random.default_rng(0).normal(size=(700, 3))
    wanted = stein_path(X, -X, 20, 1.0)
    monkeypatch.setattr(stein, "chunk_size", lambda width: 64)
    found = stein_path(X, -X, 20, 1.0)
    assert_array_equal(found.steps, wanted.steps)
    assert_array_equal(found.discrepancy, wanted.discrepancy)


def test_scores_of_a_gaussian_fit():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 3)) + 100
    weight = rng.integers(1, 4, 200).astype(float)
    mean, covariance = weight @ X / weight.sum(), np.cov(X.T, aweights=weight, ddof=0)
    wanted = -(X - mean) @ np.linalg.inv(covariance)
    assert_allclose(gaussian_scores(X, weight), wanted, atol=1e-9)


def test_scores_without_variance_in_some_directions():
    """Two columns that are one in other units, and a constant one."""
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(50, 2))
    X = np.column_stack([Z[:, 0], 1e-9 * Z[:, 1], 10 * Z[:, 0] + 7, np.full(50, 1e6)])
    X[:, 3] += 0.1
    two = gaussian_scores(Z, np.ones(50))
    scores = gaussian_scores(X, np.ones(50)) * [2, 1e-9, 20, 1]
    assert_allclose(scores[:, [0, 1, 2]], two[:, [0, 1, 0]], atol=1e-9)
    assert not scores[:, 3].any()
    assert not gaussian_scores(np.ones((5, 2)), np.ones(5)).any()
    assert not gaussian_scores(np.ones((1, 2)), np.ones(1)).any()


def test_gradients_that_overflow_are_named():
    X = np.array([[0.0], [1.0]])
    with pytest.raises(ValueError, match="gradients are too large"):
        stein_path(X, np.array([[1e200], [0.0]]), 3, 1.0)

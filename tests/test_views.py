"""Public functions see a view of rows as a population, and weights without a unit."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression

import coreselect
from coreselect import clustering, linalg, transport, vectorsum
from coreselect.rows import open as open_rows

rng = np.random.default_rng(0)
N = 60
X = rng.normal(size=(N, 3))
Y = X @ [1.0, 2.0, 3.0] + rng.normal(size=N)
WEIGHT = rng.choice([0.0, 1.0, 2.0], size=N)
LEFT = np.flatnonzero(WEIGHT)


def _selected(made):
    return made.indices, made.weights


def _auto(X):
    selector = coreselect.AutoCoreset(LinearRegression(), 8, random_state=0)
    return _selected(selector.fit(X).selection_)


FUNCTIONS = {
    "leverage_scores": lambda X: linalg.leverage_scores(X),
    "lewis_weights": lambda X: linalg.lewis_weights(X, p=1),
    "lp_sensitivities": lambda X: linalg.lp_sensitivities(X, p=2),
    "sensitivities": lambda X: clustering.sensitivities(X, X_CENTERS),
    "lightweight_scores": lambda X: clustering.lightweight_scores(X),
    "nearest": lambda X: transport.nearest(X, X_CENTERS, 3),
    "caratheodory": lambda X: vectorsum.caratheodory(X),
    "least_squares": lambda X: _selected(vectorsum.least_squares_coreset(X, Y[LEFT])),
    "AutoCoreset": _auto,
}
X_CENTERS = X[:4]


@pytest.mark.parametrize("call", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("block_rows", [None, 7])
def test_a_view_without_rows_of_weight_0_is_a_population(call, block_rows):
    whole = open_rows(X, Y, WEIGHT, block_rows=block_rows)
    left = open_rows(X[LEFT], Y[LEFT], WEIGHT[LEFT], block_rows=block_rows)
    got, wanted = call(whole.subset()), call(left)
    for a, b in zip(np.atleast_1d(got), np.atleast_1d(wanted), strict=True):
        assert_allclose(a, b, rtol=1e-7, atol=1e-12)


WEIGHED = {
    "lewis_weights": lambda w: linalg.lewis_weights(X, 1, sample_weight=w),
    "lp_sensitivities": lambda w: linalg.lp_sensitivities(X, 0.5, sample_weight=w),
    "max_sensitivity": lambda w: linalg.max_sensitivity(X, 1, sample_weight=w),
    "mu_complexity": lambda w: linalg.mu_complexity(X, Y > 0, sample_weight=w),
    "lightweight_scores": lambda w: clustering.lightweight_scores(X, sample_weight=w),
    "sensitivities": lambda w: clustering.sensitivities(X, X_CENTERS, sample_weight=w),
    "seed_centers": lambda w: clustering.seed_centers(
        X, 3, sample_weight=w, random_state=0
    ),
}


@pytest.mark.parametrize("call", WEIGHED.values(), ids=WEIGHED)
def test_weights_times_a_power_of_two_change_nothing(call):
    """Down to subnormal numbers, in which these weights are still exact."""
    wanted = call(WEIGHT)
    for exponent in (-1066, 7, 1000):
        assert_allclose(call(np.ldexp(WEIGHT, exponent)), wanted, rtol=1e-9)

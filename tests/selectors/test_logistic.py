"""Scores for classification, the complexity mu, and unbiased losses of every method."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect import (
    DESIGNS,
    LewisSelector,
    LogisticSelector,
    LpSensitivitySelector,
    SeparableWarning,
)
from coreselect.linalg import leverage_scores, lewis_weights, mu_complexity
from tests._kernels import reference_lewis as reference


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def data(rng):
    X = rng.standard_t(3, (150, 3))
    return X, (X[:, 0] + 2 * rng.standard_normal(150) > 0).astype(int)


# --- mu ---


def test_mu_of_three_numbers():
    """z = (1, 1, -1): |z+| / |z-| is 2 or 1/2."""
    assert mu_complexity([[1.0], [1.0], [1.0]], [1, 1, 0]) == pytest.approx(2)
    weighted = mu_complexity([[1.0], [1.0]], [1, 0], sample_weight=[2.0, 1.0])
    assert weighted == pytest.approx(2)


def test_mu_is_the_optimum_of_the_primal_program(data):
    X, y = data
    Z = X * (2 * y - 1)[:, None]
    assert_allclose(mu_complexity(X, y), reference.mu_by_program(Z), rtol=1e-7)
    ones = np.column_stack([X, np.ones(150)]) * (2 * y - 1)[:, None]
    wanted = reference.mu_by_program(ones)
    assert_allclose(mu_complexity(X, y, fit_intercept=True), wanted, rtol=1e-7)


def test_mu_is_at_least_every_ratio(data, rng):
    X, y = data
    Z = X * (2 * y - 1)[:, None]
    values = Z @ rng.standard_normal((3, 500))
    ratio = np.maximum(values, 0).sum(axis=0) / np.maximum(-values, 0).sum(axis=0)
    assert np.maximum(ratio, 1 / ratio).max() <= mu_complexity(X, y) * (1 + 1e-9)


def test_mu_of_separable_classes_is_infinite(data):
    X, _ = data
    assert mu_complexity(X, X[:, 0] > 0) == np.inf
    assert reference.mu_by_program(X * np.sign(X[:, :1])) == np.inf
    weakly = [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    assert mu_complexity(weakly, [0, 0, 1, 1]) == np.inf  # zero rows are on no side


def test_mu_is_at_least_one_and_zero_rows_balance_nothing():
    assert mu_complexity([[1.0], [1.0]], [1, 0]) == 1.0
    assert mu_complexity([[1.0], [1.0], [1.0], [0.0]], [1, 1, 0, 0]) == pytest.approx(2)


def test_mu_beyond_what_the_program_can_tell_is_infinite():
    """One part in 1e7 on the wrong side: mu is 2e9, nothing to size by."""
    z = np.append(np.ones(200), 1e-7)
    assert mu_complexity(z[:, None], z == 1) == np.inf
    z[-1] = 1e-2
    assert_allclose(mu_complexity(z[:, None], z == 1), 2e4, rtol=1e-3)


def test_mu_ignores_the_basis_the_scale_and_the_order_of_classes(data, rng):
    X, y = data
    wanted = mu_complexity(X, y)
    for other in (X @ rng.standard_normal((3, 3)), X * 1e-200, X * [1, 1e8, 1e-8]):
        assert_allclose(mu_complexity(other, 1 - y), wanted, rtol=1e-5)
    assert mu_complexity(np.zeros((4, 2)), [0, 1, 0, 1]) == 1.0


def test_mu_needs_two_classes(data):
    X, _ = data
    with pytest.raises(ValueError, match="y must hold two classes, got 3"):
        mu_complexity(X, np.arange(150) % 3)
    with pytest.raises(ValueError, match="y is missing"):
        mu_complexity(X, None)


# --- the selector ---


def test_scores_are_three_parts_and_do_not_look_at_the_classes(data):
    X, y = data
    selector = LogisticSelector(20, fit_intercept=True).fit(X, y)
    ones = np.column_stack([X, np.ones(150)])
    wanted = lewis_weights(ones, 1) + leverage_scores(ones) + 1 / 150
    assert_allclose(selector.scores_, wanted, rtol=1e-5)
    assert_allclose(selector.mu_, mu_complexity(X, y, fit_intercept=True))
    assert_array_equal(selector.fit(X, 1 - y).scores_, selector.fit(X).scores_)
    assert selector.fit(X).mu_ is None


def test_zero_rows_can_be_drawn():
    """T12: they cost ln 2 each, and leverage and Lewis weights are blind to them."""
    X = np.vstack(
        [np.zeros((50, 2)), np.random.default_rng(0).standard_normal((50, 2))]
    )
    assert LogisticSelector(20).fit(X).scores_[0] == pytest.approx(1 / 100)
    zeros = LogisticSelector(3, random_state=0).fit(np.zeros((9, 2)))
    assert_allclose(zeros.scores_, 1 / 9)


def test_separable_classes_warn_and_take_all_rows(data):
    X, _ = data
    with pytest.warns(SeparableWarning, match="separable .mu is infinite."):
        selector = LogisticSelector("auto", epsilon=0.5).fit(X, X[:, 0] > 0)
    assert selector.mu_ == np.inf
    assert len(selector.selection_) == 150
    with pytest.raises(ValueError, match="n_select='auto' needs y with two classes"):
        LogisticSelector("auto", epsilon=0.5).fit(X)


def test_mu_of_many_rows_is_that_of_a_pilot_sample(rng):
    X = rng.standard_normal((4000, 2))
    y = X[:, 0] + 2 * rng.standard_normal(4000) > 0
    selector = LogisticSelector(20, random_state=0).fit(X, y)
    assert_allclose(selector.mu_, mu_complexity(X, y), rtol=0.15)


@pytest.mark.parametrize("positives", [2, 100])
def test_a_rare_class_is_in_the_pilot_sample(rng, positives):
    """Drawn without regard to y, it would have no or few rows of the class."""
    X = rng.standard_normal((20_000, 3))
    y = np.zeros(20_000, dtype=int)
    y[rng.choice(20_000, positives, replace=False)] = 1
    found = [LogisticSelector(9, random_state=s).fit(X, y).mu_ for s in range(2)]
    assert np.isfinite(found).all() or positives == 2  # two are separable at times
    few, many = X[y == 1], X[y == 0]
    kept = many[rng.choice(len(many), 3000, replace=False)]
    if positives == 2:
        return
    wanted = mu_complexity(
        np.vstack([few, kept]),
        np.repeat([1, 0], [positives, 3000]),
        sample_weight=np.repeat([1.0, len(many) / 3000], [positives, 3000]),
    )
    assert_allclose(found, wanted, rtol=0.1)


def test_the_pilot_sample_counts_input_weights(rng):
    """Right rows count three times; wrong ones of weight 0 do not."""
    X = rng.standard_normal((4000, 2))
    y = X[:, 0] + 2 * rng.standard_normal(4000) > 0
    weight = np.where((X[:, 0] > 0) == y, 3.0, 1.0)
    wanted = mu_complexity(X, y, sample_weight=weight)
    assert abs(wanted / mu_complexity(X, y) - 1) > 0.3
    nothing = np.repeat([0.0, 1.0], [1000, 4000]) * np.append(np.ones(1000), weight)
    X, y = np.vstack([100 * X[:1000], X]), np.append(~y[:1000], y)
    found = LogisticSelector(20, random_state=0).fit(X, y, nothing)
    assert_allclose(found.mu_, wanted, rtol=0.15)


def test_mu_is_left_out_where_it_takes_long_and_decides_nothing(rng):
    X = rng.standard_normal((150, 51))
    y = np.arange(150) % 2
    assert LogisticSelector(20).fit(X, y).mu_ is None
    assert LogisticSelector(20).fit(X[:, :50], y).mu_ > 1
    assert LogisticSelector("auto", epsilon=0.5).fit(X, y).mu_ > 1


def test_auto_says_what_y_holds_instead_of_two_classes(data):
    X, y = data
    mixed = np.array(["a", 1] * 75, dtype=object)
    for wrong, message in (
        (None, "no y"),
        (y[:, None], r"y of shape \(150, 1\)"),
        (np.arange(150) % 3, "y with 3 values"),
        (mixed, "y of types that cannot be sorted"),
    ):
        with pytest.raises(ValueError, match=f"two classes, .* but got {message}"):
            LogisticSelector("auto", epsilon=0.5).fit(X, wrong)
    with pytest.raises(TypeError, match="y mixes types"):
        mu_complexity(X, mixed)


# --- every method, every design: losses are unbiased ---


def absolute(X, y):
    return np.abs(X @ [1.0, -1.0, 0.5] - y)


def logistic(X, y):
    return np.logaddexp(0, -(2 * y - 1) * (X @ [1.0, -1.0, 0.5]))


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(
    ("selector", "loss"),
    [
        (LewisSelector(30, p=1), absolute),
        (LpSensitivitySelector(30, p=1), absolute),
        (LpSensitivitySelector(30, p=1, method="root_leverage"), absolute),
        (LogisticSelector(30), logistic),
    ],
    ids=["lewis", "augmented", "root_leverage", "logistic"],
)
def test_weighted_losses_are_unbiased_and_equal_weights_are_not(
    data, selector, loss, design
):
    """2000 draws, |z| < 4.5; weights n/m, of uniform rows, fail the same test."""
    X, y = data
    fitted = selector.__class__(**{**selector.get_params(), "design": design}).fit(X)
    losses = loss(X, y)
    drawn = [fitted.select(random_state=s) for s in range(2000)]
    right = np.array([s.weights @ losses[s.indices] for s in drawn])
    wrong = np.array([150 * losses[s.indices].mean() for s in drawn])

    def z(estimates):
        return (estimates.mean() - losses.sum()) / (
            estimates.std(ddof=1) / np.sqrt(len(estimates))
        )

    assert abs(z(right)) < 4.5
    assert abs(z(wrong)) > 4.5

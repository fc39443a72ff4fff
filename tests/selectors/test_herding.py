"""The herding selector: weights, smaller sizes, copies, rules and odd input."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect import HerdingSelector
from coreselect.metrics import mean_discrepancy
from tests.kernel_means import reference
from tests.kernel_means.test_herding import cases
from tests.kernel_means.test_known_values import LINE


def test_the_known_values_on_a_line():
    """The best two and three rows are those that herding finds."""
    for size, square in ((2, 0.065867769), (3, 0.050841007)):
        fitted = HerdingSelector(size, gamma=0.1, weights="equal").fit(LINE)
        assert_array_equal(fitted.sample_indices_, [1, 3, 5][:size])
        assert_allclose(fitted.sample_weight_, 6 / size)
        assert_allclose(fitted.discrepancy_**2, square, rtol=1e-7)


@pytest.mark.parametrize("weights", ["optimal", "equal"])
@pytest.mark.parametrize("swap", [False, True])
def test_discrepancy_is_that_of_the_metric(weights, swap):
    for seed, X, weight in cases(12, 60):
        selector = HerdingSelector(9, weights=weights, swap=swap)
        selector.fit(X, sample_weight=weight)
        wanted = mean_discrepancy(
            selector.selection_, X, gamma=selector.gamma_, sample_weight=weight
        )
        assert_allclose(selector.discrepancy_, wanted, atol=1e-7, err_msg=f"{seed}")
        assert_allclose(selector.sample_weight_.sum(), weight.sum())
        assert len(np.unique(selector.sample_indices_)) == 9


def test_rows_equal_the_reference():
    for seed, X, weight in cases(50, 30):
        K = reference.kernel_matrix(X, 0.3)
        size = min(6, len(np.unique(X, axis=0)))
        wanted = reference.herding(K, weight, size)
        plain = HerdingSelector(size, gamma=0.3, swap=False)
        plain.fit(X, sample_weight=weight)
        assert_array_equal(plain.sample_indices_, wanted, err_msg=f"seed {seed}")
        shares = reference.best_weights(K, weight, wanted)
        assert_allclose(plain.sample_weight_, shares * weight.sum(), atol=1e-4)
        better = HerdingSelector(size, gamma=0.3, weights="equal")
        better.fit(X, sample_weight=weight)
        swapped = reference.swapped(K, weight, wanted)
        assert {*better.sample_indices_.tolist()} == {*swapped}, seed


def test_places_of_weight_zero_are_filled(monkeypatch):
    """On smooth means of two columns, the best weights leave a quarter of them at 0."""
    X = np.random.default_rng(0).normal(size=(1000, 2))
    groups = np.arange(1000) % 3
    fitted = HerdingSelector(50, quotas={0: 20}).fit(X, groups=groups, include=[8, 9])
    monkeypatch.setattr("coreselect.kernel_means.swaps._ROUNDS", 0)
    wasted = HerdingSelector(50, quotas={0: 20}).fit(X, groups=groups, include=[8, 9])
    assert (wasted.sample_weight_ == 0).sum() >= 12
    assert (fitted.sample_weight_ == 0).sum() <= 4
    assert fitted.discrepancy_ < wasted.discrepancy_ / 3
    assert {8, 9} <= {*fitted.sample_indices_.tolist()}
    assert (groups[fitted.sample_indices_] == 0).sum() == 20


def test_first_rows_come_nearer_with_their_number():
    X = np.random.default_rng(0).normal(size=(1000, 2))
    fitted = HerdingSelector(50).fit(X)
    found = [
        mean_discrepancy(fitted.select(size), X, gamma=fitted.gamma_)
        for size in (5, 10, 20, 30, 40, 50)
    ]
    assert (np.diff(found) < 0).all()


def test_smaller_sizes_are_the_first_rows_with_weights_of_their_own():
    X = np.random.default_rng(0).normal(size=(200, 2))
    for weights in ("optimal", "equal"):
        fitted = HerdingSelector(20, weights=weights).fit(X)
        smaller = fitted.select(8)
        assert_array_equal(smaller.indices, fitted.sample_indices_[:8])
        assert_allclose(smaller.weights.sum(), 200)
    found = mean_discrepancy(smaller, X, gamma=fitted.gamma_)
    fresh = HerdingSelector(8, weights="equal").fit(X)
    assert fresh.discrepancy_ < found < 2 * fresh.discrepancy_


@pytest.mark.parametrize("weights", ["optimal", "equal"])
def test_copies_come_last_with_weight_zero(weights):
    X = np.repeat([[0.0], [1.0], [5.0]], [4, 3, 2], axis=0)
    fitted = HerdingSelector(7, weights=weights).fit(X)
    first = {*X[fitted.sample_indices_[:3]].ravel().tolist()}
    assert first == {0.0, 1.0, 5.0}
    assert_array_equal(fitted.sample_weight_[3:], 0.0)
    assert (np.diff(fitted.sample_indices_[3:]) > 0).all()
    if weights == "optimal":  # the data are three points, which weights can match
        by_point = np.argsort(X[fitted.sample_indices_[:3]].ravel())
        assert_allclose(fitted.sample_weight_[by_point], [4, 3, 2], rtol=1e-6)
    same = HerdingSelector(3, weights=weights).fit(np.ones((10, 2)))
    assert_array_equal(same.sample_indices_, [0, 1, 2])
    assert_allclose(same.sample_weight_, [10, 0, 0])


def test_included_rows_stay_and_groups_get_their_places():
    X = np.random.default_rng(2).normal(size=(80, 3))
    groups = np.arange(80) % 4
    selector = HerdingSelector(10, quotas={0: 5, 3: (None, 1)})
    selector.fit(X, groups=groups, include=[4, 9], exclude=[0, 1, 2])
    rows = selector.sample_indices_
    assert {4, 9} == {*rows[:2].tolist()}
    assert not {0, 1, 2} & {*rows.tolist()}
    counts = np.bincount(groups[rows], minlength=4)
    assert counts[0] == 5
    assert counts[3] <= 1
    with pytest.raises(ValueError, match="HerdingSelector cannot take cost"):
        HerdingSelector(10).fit(X, cost=np.ones(80))


def test_an_included_copy_has_weight_zero():
    X = np.random.default_rng(3).normal(size=(30, 2))
    X[17] = X[4]
    fitted = HerdingSelector(5).fit(X, include=[4, 17])
    assert_array_equal(fitted.sample_indices_[:2], [4, 17])
    assert fitted.sample_weight_[1] == 0


@pytest.mark.parametrize("unit", [1e-200, 1e-30, 1e30, 1e150])
def test_the_unit_of_the_data_changes_nothing(unit):
    X = np.random.default_rng(4).normal(size=(70, 2))
    wanted, found = HerdingSelector(8).fit(X), HerdingSelector(8).fit(X * unit)
    assert_array_equal(found.sample_indices_, wanted.sample_indices_)
    assert_allclose(found.sample_weight_, wanted.sample_weight_, rtol=1e-5)


def test_kernels_of_the_user():
    X = np.random.default_rng(5).normal(size=(50, 2))

    def gaussian(A, B):
        return np.exp(-0.4 * ((A[:, None] - B[None]) ** 2).sum(axis=2))

    own, wanted = HerdingSelector(6, kernel=gaussian), HerdingSelector(6, gamma=0.4)
    own.fit(X)
    wanted.fit(X)
    assert_array_equal(own.sample_indices_, wanted.sample_indices_)
    assert_allclose(own.discrepancy_, wanted.discrepancy_, rtol=1e-6)
    assert own.gamma_ is None
    with pytest.raises(ValueError, match=r"kernel must return an array of shape"):
        HerdingSelector(6, kernel=lambda A, B: np.ones(3)).fit(X)
    with pytest.raises(ValueError, match="the result of kernel must hold numbers"):
        HerdingSelector(6, kernel=lambda A, B: np.full((len(A), len(B)), "x")).fit(X)
    with pytest.raises(ValueError, match="the result of kernel is complex"):
        HerdingSelector(6, kernel=lambda A, B: A @ B.T + 1j).fit(X)
    with pytest.raises(ValueError, match="negative eigenvalue"):
        HerdingSelector(6, kernel=lambda A, B: -(A @ B.T)).fit(X)
    with pytest.raises(ValueError, match=r"gamma=1000000000.0 is out of scale"):
        HerdingSelector(6, gamma=1e9).fit(X)


def test_all_rows_and_none():
    fitted = HerdingSelector(6).fit(LINE)
    assert_array_equal(fitted.sample_weight_, 1.0)
    assert fitted.discrepancy_ == 0.0
    assert fitted.select(2).weights.sum() == pytest.approx(6)
    assert HerdingSelector(0).fit(LINE).discrepancy_ == np.inf
    assert HerdingSelector(1).fit([[3.0]]).discrepancy_ == 0.0

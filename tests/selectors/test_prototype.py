"""Prototypes: one row for each cluster."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from coreselect import PrototypeSelector

LINE = np.array([[0.0], [1.0], [2.0], [7.0], [8.0], [9.0], [20.0]])


def test_one_row_for_each_cluster():
    fitted = PrototypeSelector(3, random_state=0).fit(LINE)
    assert fitted.sample_indices_.tolist() == [1, 4, 6]
    assert fitted.sample_weight_.tolist() == [3, 3, 1]
    two = fitted.select(2)  # the weight of 20 goes to the nearest row
    assert two.indices.tolist() == [1, 4]
    assert two.weights.tolist() == [3, 4]
    assert fitted.select(1).weights.tolist() == [7]


def test_without_smoothness_they_are_the_medoids_of_k_means():
    rng = np.random.default_rng(0)
    X = (
        rng.normal(size=(300, 4))
        + 30 * rng.normal(size=(8, 4))[rng.integers(8, size=300)]
    )
    fitted = PrototypeSelector(8, smoothness=0, random_state=0).fit(X)
    model = KMeans(8, n_init=10, random_state=0).fit(X)
    far = model.transform(X)
    assert sorted(fitted.sample_indices_) == sorted(far.argmin(axis=0))
    wanted = np.sort(np.bincount(model.labels_))[::-1]
    assert_array_equal(fitted.sample_weight_, wanted)


@pytest.mark.parametrize("smoothness", [0, 1.0])
def test_a_weight_of_two_is_a_row_twice(smoothness):
    X = np.random.default_rng(1).normal(size=(80, 3))
    weight = np.random.default_rng(2).integers(1, 4, 80)
    twice = np.concatenate([X, np.repeat(X, weight - 1, axis=0)])
    selector = PrototypeSelector(9, smoothness=smoothness, random_state=0)
    wanted = selector.fit_select(X, sample_weight=weight)
    got = selector.fit_select(twice)
    assert_array_equal(got.indices, wanted.indices)
    assert_array_equal(got.weights, wanted.weights)
    for unit in (2.0**-500, 2.0**500):
        again = selector.fit_select(X, sample_weight=weight * unit)
        assert_array_equal(again.indices, wanted.indices)


def test_copies_come_last_with_weight_0():
    X = np.repeat([[0.0, 1.0], [3.0, 1.0], [9.0, 9.0]], [2, 3, 1], axis=0)
    fitted = PrototypeSelector(5, random_state=0).fit(X)
    assert fitted.sample_indices_.tolist() == [2, 0, 5, 1, 3]
    assert fitted.sample_weight_.tolist() == [3, 2, 1, 0, 0]
    assert fitted.select(4).weights.tolist() == [3, 2, 1, 0]
    same = PrototypeSelector(2, random_state=0).fit(np.ones((5, 2)))
    assert same.sample_indices_.tolist() == [0, 1]
    assert same.sample_weight_.tolist() == [5, 0]


@pytest.mark.parametrize("size", [1, 2, 39])
def test_any_number_of_rows(size):
    X = np.random.default_rng(0).normal(size=(40, 2))
    for smoothness in (0, 1.0, 50.0):
        fitted = PrototypeSelector(
            size, smoothness=smoothness, n_neighbors=100, random_state=0
        ).fit(X)
        assert len(np.unique(fitted.sample_indices_)) == size
        assert_allclose(fitted.sample_weight_.sum(), 40)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_scales_change_no_row(scale):
    X = np.random.default_rng(0).normal(size=(100, 3))
    wanted = PrototypeSelector(10, random_state=0).fit_select(X)
    got = PrototypeSelector(10, random_state=0).fit_select(X * 2.0 ** np.log2(scale))
    assert_array_equal(got.indices, wanted.indices)


def test_rows_that_teach_the_nearest_neighbour():
    """As many labels as facility location needs; uniform rows reach .68 and .84."""
    X, y = load_digits(return_X_y=True)
    for size, least in ((20, 0.86), (50, 0.93)):
        scores = []
        for seed in range(5):
            rows = PrototypeSelector(size, random_state=seed).fit_select(X).indices
            scores.append(KNeighborsClassifier(1).fit(X[rows], y[rows]).score(X, y))
        assert np.mean(scores) > least


def test_rules_and_bad_arguments_are_named():
    with pytest.raises(ValueError, match="PrototypeSelector cannot take include"):
        PrototypeSelector(2).fit(LINE, include=[0])
    for name, bad in (("smoothness", -1.0), ("n_neighbors", 0), ("smoothness", None)):
        with pytest.raises((TypeError, ValueError), match=name):
            PrototypeSelector(2, **{name: bad}).fit(LINE)
    fitted = PrototypeSelector(3, random_state=0).fit(LINE, exclude=[6])
    assert 6 not in fitted.sample_indices_

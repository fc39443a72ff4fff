"""Prototypes: the energy only falls, weights count rows, shares do not collapse."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect.clustering import seed_centers
from coreselect.coverage import prototypes
from coreselect.coverage.prototypes import (
    Energy,
    k_means,
    links_of,
    shares_of,
    typical_rows,
    unit_of,
)
from coreselect.neighbors import sq_distances

SMOOTH = (0.3, 1.0, 3.0)


def problem(seed, n=60, k=7):
    """Return distinct rows, weights and the centres of k-means."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3)) + 3 * rng.integers(0, 3, (n, 1))
    weight = rng.integers(1, 4, n) * 0.5
    seeds = seed_centers(X, k, sample_weight=weight, random_state=seed)
    return X, weight, k_means(X, weight, seeds)[0]


def dense_value(X, weight, energy, shares, centers, smoothness):
    """Return E, written out for full matrices."""
    full = np.zeros((len(X), len(centers)))
    np.put_along_axis(full, energy.lists, shares, axis=1)
    a = ((X[:, None] - centers) ** 2).sum(axis=2) / energy._unit
    near = links_of(X, weight, 5).toarray() / weight  # W without its diagonal
    assert_allclose(near, near.T)
    W = near + np.diag(1 / weight)
    mass = weight[:, None] * full
    logs = np.log(np.where(full > 0, full, 1))
    total = (mass * (a + logs)).sum()
    return total - smoothness / 2 * np.trace(mass.T @ W @ mass)


@pytest.mark.parametrize("n_listed", [3, 16])
@pytest.mark.parametrize("smoothness", SMOOTH)
@pytest.mark.parametrize("seed", range(5))
def test_no_update_raises_the_energy(seed, smoothness, n_listed, monkeypatch):
    monkeypatch.setattr(prototypes, "_LISTED", n_listed)
    X, weight, centers = problem(seed)
    energy = Energy(X, weight, centers, smoothness, 5)
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(min(n_listed, 7)), len(X))
    costs = energy.costs(centers)
    values = [energy.value(costs, shares)]
    full = dense_value(X, weight, energy, shares, centers, smoothness)
    assert_allclose(values[0], full)
    for _ in range(10):
        shares = shares_of(energy.pull(shares) - costs)
        values.append(energy.value(costs, shares))
        centers = energy.means(shares, centers)
        costs = energy.costs(centers)
        values.append(energy.value(costs, shares))
    assert (np.diff(values) <= 1e-12 * abs(values[0])).all()
    assert values[-1] < values[0]


def test_updates_without_the_diagonal_raise_the_energy():
    """A wrong twin: links alone have negative eigenvalues."""
    X = np.array([[0.0], [1.0], [10.0], [11.0]])  # two pairs, and one centre in each
    centers = np.array([[0.2], [10.2]])
    energy = Energy(X, np.ones(4), centers, 30.0, 1)
    links = links_of(X, np.ones(4), 1)
    shares = np.array([[0.9, 0.1], [0.1, 0.9]] * 2)
    costs = energy.costs(np.array([[5.0], [5.5]]))

    def value(shares):
        logs = np.log(np.where(shares > 0, shares, 1.0))
        return (shares * (costs + logs - 15 * (links @ shares))).sum()

    updated = shares_of(30 * (links @ shares) - costs)
    assert value(updated) > value(shares)
    right = shares_of(energy.pull(shares) - costs)
    assert energy.value(costs, right) <= energy.value(costs, shares)


@pytest.mark.parametrize("smoothness", SMOOTH)
def test_sparse_rows_have_the_same_energy(smoothness):
    X, weight, centers = problem(0)
    dense = Energy(X, weight, centers, smoothness, 5).minimise(centers)
    A = sparse.csr_array(X)
    listed = Energy(A, weight, centers, smoothness, 5).minimise(centers)
    assert_allclose(listed[0], dense[0])
    assert_array_equal(listed[1], dense[1])


def test_k_means_is_that_of_scikit_learn():
    from sklearn.cluster import KMeans

    X, weight, _ = problem(3, n=300)
    seeds = seed_centers(X, 7, random_state=0)
    centers, labels = k_means(X, weight, seeds)
    model = KMeans(7, init=seeds, n_init=1, tol=0, max_iter=100)
    model.fit(X, sample_weight=weight)
    assert_allclose(centers, model.cluster_centers_)
    assert_array_equal(labels, model.labels_)


def test_centres_without_rows_stay():
    X = np.array([[0.0], [1.0], [5.0]])
    centers, labels = k_means(X, np.ones(3), np.array([[0.0], [5.0], [99.0]]))
    assert centers.ravel().tolist() == [0.5, 5.0, 99.0]
    assert labels.tolist() == [0, 0, 1]
    # Rows 0 and 1 are as near; cluster 2 gets the nearest row that is left.
    assert typical_rows(X, centers, labels).tolist() == [0, 2, 1]


def test_the_unit_is_a_quarter_of_the_median_gap():
    squares = np.array([[0.0, 8.0, 9.0], [5.0, 1.0, 90.0], [7.0, 7.0, 1e12]])
    assert unit_of(squares, np.ones(3)) == 1.0  # gaps 8, 4 and 0
    assert unit_of(squares, np.array([9.0, 1.0, 1.0])) == 2.0
    assert unit_of(np.ones((3, 2)), np.ones(3)) == 0.25


def test_the_mean_squared_distance_as_a_unit_collapses(monkeypatch):
    """A wrong twin: in many columns, all shares become equal, and so do centres."""
    rng = np.random.default_rng(0)
    X = (
        rng.normal(size=(300, 40))
        + 0.8 * rng.normal(size=(10, 40))[np.arange(300) % 10]
    )
    seeds = seed_centers(X, 10, random_state=0)
    start, _ = k_means(X, np.ones(300), seeds)

    def width(centers):
        return sq_distances(centers, centers.mean(axis=0)[None]).mean()

    kept, _ = Energy(X, np.ones(300), start, 0.5, 5).minimise(start)
    assert width(kept) > 0.5 * width(start)
    monkeypatch.setattr(prototypes, "unit_of", lambda s, w: s.min(axis=1).mean())
    lost, _ = Energy(X, np.ones(300), start, 0.5, 5).minimise(start)
    assert width(lost) < 0.1 * width(start)

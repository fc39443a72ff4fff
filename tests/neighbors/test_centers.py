"""Distances to centres for blocks of rows, and the nearest centre of every row."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.spatial.distance import cdist

from coreselect.neighbors import (
    NearestCenters,
    nearest_centers,
    sq_distances,
    sq_distances_to_one,
    sq_distances_to_own,
)


def data(n=300, k=9, d=6):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d)) * (rng.random((n, d)) < 0.5)
    return X, rng.standard_normal((k, d))


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
def test_distances_are_those_of_scipy(hold):
    X, centers = data()
    wanted = cdist(X, centers, "sqeuclidean")
    labels = np.arange(len(X)) % len(centers)
    own = wanted[np.arange(len(X)), labels]
    assert_allclose(sq_distances(hold(X), centers), wanted)
    assert_allclose(sq_distances_to_own(hold(X), centers, labels), own)
    assert_allclose(sq_distances_to_one(hold(X), centers[2]), wanted[:, 2])


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_the_nearest_centre_is_found_at_any_scale(hold, scale):
    X, centers = data()
    wanted = cdist(X, centers)
    labels, distances = nearest_centers(hold(X * scale), centers * scale)
    assert_array_equal(labels, wanted.argmin(axis=1))
    assert_allclose(distances / scale, wanted.min(axis=1))


def test_the_first_of_equally_near_centres_counts():
    X, centers = data()
    labels, _ = nearest_centers(X, np.vstack([centers, centers[::-1]]))
    assert labels.max() < len(centers)


def test_blocks_give_what_all_rows_give():
    X, centers = data(20_000, 40, 5)
    index = NearestCenters(centers)
    labels, squares = index.find(X)
    parts = [index.find(X[start : start + 777]) for start in range(0, len(X), 777)]
    assert_array_equal(labels, np.concatenate([part[0] for part in parts]))
    assert_allclose(squares, np.concatenate([part[1] for part in parts]), rtol=1e-14)


def test_centres_of_another_width_are_named():
    X, centers = data()
    with pytest.raises(ValueError, match=r"centers must have shape \(n_centers, 6\)"):
        nearest_centers(X, centers[:, :3])
    with pytest.raises(ValueError, match="centers contains NaN"):
        NearestCenters(np.full((2, 2), np.nan))

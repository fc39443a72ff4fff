"""Nearest rows without a matrix of distances, and condensed targets."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from coreselect.rows import open as open_rows
from coreselect.transport import nearest
from coreselect.transport.neighbours import weighted_means


def data(n=3000, m=40, d=8, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal((m, d)) + 0.3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 7, 3000])
def test_neighbours_are_those_of_scikit_learn(k, dtype):
    X, T = (values.astype(dtype) for values in data())
    indices, distances = nearest(X, T, k)
    X, T = X.astype(np.float64), T.astype(np.float64)
    wanted, order = (
        NearestNeighbors(n_neighbors=k, algorithm="brute").fit(X).kneighbors(T)
    )
    assert_allclose(distances, wanted, atol=1e-6)
    assert (indices == order).mean() > 0.999  # but for ties of a step of the grid


def test_chord_is_the_distance_of_rows_of_length_one():
    X, T = data()
    X[5] = 0
    indices, distances = nearest(X, T, 10, metric="chord")
    lengths = np.linalg.norm(X, axis=1)[:, None]
    U = X / np.where(lengths, lengths, 1)
    V = T / np.linalg.norm(T, axis=1)[:, None]
    assert_allclose(distances, np.sort(cdist(V, U), axis=1)[:, :10], atol=1e-8)
    assert_allclose(
        np.take_along_axis(cdist(V, U), indices, axis=1), distances, atol=1e-8
    )


def test_equally_near_rows_come_in_their_order_however_they_are_cut():
    X = np.repeat(np.random.default_rng(0).standard_normal((10, 3)), 30, axis=0)
    T = X[::30] + 0.01
    wanted = nearest(X, T, 45)
    within = wanted[0][:, :30]
    assert_array_equal(within, np.arange(300).reshape(10, 30))
    for block_rows in (1, 7, 100):
        got = nearest(open_rows(X, block_rows=block_rows), T, 45)
        assert_array_equal(got[0], wanted[0])
        assert_array_equal(got[1], wanted[1])


def test_near_copies_are_told_apart_where_float32_cannot():
    """1 - cos in float32 is off by 1e-7, which is 4e-4 in the chord."""
    rng = np.random.default_rng(0)
    t = rng.standard_normal(50)
    t /= np.linalg.norm(t)
    aside = rng.standard_normal((20, 50))
    aside /= np.linalg.norm(aside, axis=1)[:, None]
    steps = np.linspace(2e-5, 3e-4, 20)
    shuffled = rng.permutation(20)
    X = t + aside * steps[shuffled][:, None]
    indices, _ = nearest(X, t[None], 20)
    assert_array_equal(indices[0], np.argsort(shuffled))
    single = 1 - (X.astype(np.float32) @ t.astype(np.float32))
    assert not np.array_equal(np.argsort(single), np.argsort(shuffled))


@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1e9, 1e150])
def test_scale_and_origin_do_not_matter(scale):
    X, T = data()
    wanted, distances = nearest(X, T, 9)
    indices, scaled = nearest(scale * X, scale * T, 9)
    assert_array_equal(indices, wanted)
    assert_allclose(scaled, scale * distances, rtol=1e-9)
    X, T = np.round(X * 2**20) / 2**20, np.round(T * 2**20) / 2**20
    assert_array_equal(nearest(X + 2.0**20, T + 2.0**20, 9)[0], nearest(X, T, 9)[0])


def test_one_far_row_is_no_trouble():
    X, T = data(50)
    X[7] = 1e30
    indices, _ = nearest(X, T, 50)
    assert (indices[:, -1] == 7).all()


def test_sparse_rows_are_the_same():
    X, T = data()
    X[abs(X) < 1] = 0
    assert_array_equal(nearest(sparse.csr_array(X), T, 9)[0], nearest(X, T, 9)[0])


def test_bad_input_is_named():
    X, T = data(20)
    with pytest.raises(ValueError, match="k must be at least 1"):
        nearest(X, T, 0)
    with pytest.raises(TypeError, match="k must be an int"):
        nearest(X, T, 1.5)
    with pytest.raises(ValueError, match="metric must be one of"):
        nearest(X, T, 1, metric="cosine")
    with pytest.raises(ValueError, match="X_target has 2 features"):
        nearest(X, T[:, :2], 1)
    assert nearest(X, T, 100)[0].shape == (40, 20)


def embed(block):
    return np.asarray(block.X, dtype=np.float64)


def test_condensed_targets_keep_mass_and_mean():
    """Every centre is the mean of its members, so that the total mean is exact."""
    X, _ = data(2000, d=3)
    weight = np.random.default_rng(1).choice([1.0, 3.0], 2000)
    rows = open_rows(X, sample_weight=weight, block_rows=100)
    Z, share = weighted_means(rows, embed, 50, np.random.default_rng(0))
    assert Z.shape == (50, 3)
    assert_allclose(share.sum(), 1)
    assert_allclose(share @ Z, np.average(X, axis=0, weights=weight), atol=1e-12)
    nearest_center = cdist(X, Z).min(axis=1)
    drawn = X[np.random.default_rng(2).choice(2000, 50, replace=False)]
    assert np.mean(nearest_center**2) < 0.8 * np.mean(cdist(X, drawn).min(axis=1) ** 2)


def test_condensing_finds_separate_groups():
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((5, 4)) * 100
    X = np.repeat(centers, 100, axis=0) + rng.standard_normal((500, 4))
    Z, share = weighted_means(open_rows(X), embed, 40, np.random.default_rng(0))
    group = cdist(Z, centers).argmin(axis=1)
    assert_allclose(np.bincount(group, share), 0.2)


@pytest.mark.parametrize("unit", [1e-310, 1e-200, 1e200, 5e307])
def test_neighbours_at_scales_whose_squares_are_no_numbers(unit):
    rng = np.random.default_rng(0)
    X, T = rng.uniform(-1, 1, (60, 2)), rng.uniform(-1, 1, (5, 2))
    wanted, distances = nearest(X, T, 7)
    found, far = nearest(X * unit, T * unit, 7)
    assert_array_equal(found, wanted)
    assert_allclose(far / unit, distances, rtol=1e-3)  # subnormals hold 13 digits less


@pytest.mark.parametrize("far", [1e160, 1e300])
@pytest.mark.parametrize("scale", [1e-310, 1e-160, 1.0])
def test_rows_too_far_for_squares_in_the_scale_of_the_targets(far, scale):
    """Their squares once overflowed, and lists were left with numbers of no row."""
    X = np.array([[0.0], [1.0], [3.0], [7.0]]) * far
    found, distances = nearest(X, np.array([[0.0], [scale]]), 3)
    assert_array_equal(found, [[0, 1, 2]] * 2)
    assert_allclose(distances[:, 1:], [[far, 3 * far]] * 2)


def test_rows_beyond_float64_are_refused():
    with pytest.raises(ValueError, match="farther from the targets than squares"):
        nearest([[-1.5e308]], [[1.5e308]], 1)

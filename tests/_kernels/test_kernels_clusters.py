"""Kernels on centres against their slow twins; run with JIT on and off."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect._kernels import clusters, screening
from coreselect.clustering._search import _Tree
from coreselect.neighbors import NearestCenters
from tests._kernels import reference_clusters as reference


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def sparse_rows(rng, n=40, d=9):
    X = rng.standard_normal((n, d)) * (rng.random((n, d)) < 0.3)
    X[3] = 0
    return X, sparse.csr_array(X)


@pytest.mark.parametrize("d", [1, 3, 4, 7, 8])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_sq_distances(rng, d, dtype, order):
    X = np.asarray(rng.standard_normal((30, d)), dtype=dtype, order=order)
    X.flags.writeable = False
    columns = rng.standard_normal((d, 5))
    wanted = reference.sq_distances(X, columns)
    rtol = 1e-13 if dtype == np.float64 else 1e-6
    assert_allclose(clusters.sq_distances(X, columns), wanted, rtol=rtol)


@pytest.mark.parametrize("n", [1, 6, 7])
def test_distances_to_points_in_parts(rng, n):
    X, points = rng.standard_normal((2, 9)), rng.standard_normal((n, 9))
    parts = np.concatenate([points[c : c + 3].T.ravel() for c in range(0, n, 3)])
    wanted = reference.sq_distances(X, points.T)
    got = clusters.sq_distances_to_parts(X, parts, n, 3)
    assert_allclose(got, wanted, rtol=1e-13)
    assert_allclose(reference.sq_distances_to_parts(X, parts, n, 3), wanted)


def test_a_row_on_its_centre_is_at_distance_zero(rng):
    X = 1e8 + rng.standard_normal((20, 6))
    assert_array_equal(np.diag(clusters.sq_distances(X, X.T.copy())), np.zeros(20))
    A = sparse.csr_array(X)
    found = clusters.csr_sq_distances(A.data, A.indices, A.indptr, X.T.copy())
    assert_array_equal(np.diag(found), np.zeros(20))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_csr_distances(rng, dtype):
    X, A = sparse_rows(rng)
    A = A.astype(dtype)
    centers = np.vstack([X[:4], X[4] + 1e-9, rng.standard_normal((2, 9))])
    labels = rng.integers(7, size=40)
    parts = A.data, A.indices, A.indptr
    rtol = 1e-11 if dtype == np.float64 else 1e-5
    wanted = reference.csr_sq_distances(*parts, centers.T)
    got = clusters.csr_sq_distances(*parts, np.ascontiguousarray(centers.T))
    assert_allclose(got, wanted, rtol=rtol, atol=1e-30)
    wanted = reference.csr_own_sq_distances(*parts, centers, labels)
    got = clusters.csr_own_sq_distances(*parts, centers, labels)
    assert_allclose(got, wanted, rtol=rtol, atol=1e-30)


def test_csr_distances_do_not_cancel(rng):
    """A gap of 1e-6 at norm 1e3: expanding the square leaves no digit of 1e-12."""
    X = 1e3 * rng.standard_normal((1, 6))
    near = X.copy()
    near[0, 2] += 2.0**-20
    A = sparse.csr_array(X)
    parts = A.data, A.indices, A.indptr
    wanted = reference.sq_distances(X, near.T)
    got = clusters.csr_sq_distances(*parts, near.T.copy())
    assert_allclose(got, wanted, rtol=1e-9)
    own = clusters.csr_own_sq_distances(*parts, near, np.zeros(1, dtype=int))
    assert_allclose(own, wanted[0], rtol=1e-9)
    expanded = (X**2).sum() - 2 * X[0] @ near[0] + (near**2).sum()
    assert abs(expanded / wanted[0, 0] - 1) > 1e-9  # the same bound rejects it


def test_own_sq_distances(rng):
    X, centers = rng.standard_normal((30, 5)), rng.standard_normal((4, 5))
    labels = rng.integers(4, size=30)
    wanted = reference.own_sq_distances(X, centers, labels)
    assert_allclose(clusters.own_sq_distances(X, centers, labels), wanted, rtol=1e-13)


def test_nearest_of(rng):
    distances = rng.random((50, 7))
    labels, values = clusters.nearest_of(distances)
    wanted, least = reference.nearest_of(distances)
    assert_array_equal(labels, wanted)
    assert_array_equal(values, least)


def test_of_centres_at_the_same_distance_up_to_rounding_the_first_is_nearest():
    labels, _ = clusters.nearest_of(np.array([[2.0, 1 + 1e-15, 1.0], [0.0, 0.0, 1.0]]))
    assert_array_equal(labels, [1, 0])


def screened(X, centers, slack=None):
    """Labels of the kernel and of its twin, with the arguments of `NearestCenters`."""
    index = NearestCenters(centers)
    slack = index._slack if slack is None else slack
    arguments = X, index._shift, index._scale, *index._single, slack
    return screening.sure_nearest(*arguments), reference.sure_nearest(*arguments)


@pytest.mark.parametrize("k", [2, 3, 8])
@pytest.mark.parametrize("d", [1, 3, 4, 9])
def test_sure_nearest(rng, k, d):
    X, centers = rng.standard_normal((300, d)), rng.standard_normal((k, d))
    got, twin = screened(X, centers)
    assert_array_equal(got, twin)
    assert (got >= 0).mean() > 0.95
    exact = reference.sq_distances(X, centers.T).argmin(axis=1)
    assert_array_equal(got[got >= 0], exact[got >= 0])


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
def test_centres_that_32_bits_cannot_tell_apart_are_left_to_64(rng, offset):
    """Two centres that are nearly the same, beside a third."""
    centers = rng.standard_normal((3, 8))
    centers[1] = centers[0] + 1e-7 * rng.standard_normal(8)
    centers += offset
    X = offset + rng.standard_normal((1000, 8))
    squares = reference.sq_distances(X, centers.T)
    ties = squares <= squares.min(axis=1, keepdims=True) * (1 + 1e-9)
    exact = ties.argmax(axis=1)
    got, _ = screened(X, centers)
    assert (got == -1).any()
    assert_array_equal(got[got >= 0], exact[got >= 0])
    assert_array_equal(NearestCenters(centers).find(X)[0], exact)
    hasty, _ = screened(X, centers, slack=-1.0)
    assert (hasty != exact).sum() > 20  # 32 bits alone do not do


def test_after_a_few_rows_without_an_answer_the_rest_is_left_to_64(rng):
    X = rng.standard_normal((2000, 2))
    centers = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0 + 1e-12]])
    got, _ = screened(X, centers)
    assert_array_equal(got, np.full(2000, -1))
    assert_array_equal(NearestCenters(centers).find(X)[0], np.zeros(2000))


@pytest.mark.parametrize("scale", [1e-140, 1e-30, 1.0, 1e30, 1e140])
def test_nearest_at_any_scale_and_with_rows_far_out(rng, scale):
    X, centers = rng.standard_normal((60, 3)), rng.standard_normal((5, 3))
    X[:3] *= 1e4
    labels, distances = NearestCenters(scale * centers).find(scale * X)
    wanted = reference.sq_distances(X, centers.T)
    assert_array_equal(labels, wanted.argmin(axis=1))
    assert_allclose(distances / scale**2, wanted.min(axis=1), rtol=1e-12)


def test_costs_with(rng):
    trials, costs, weight = rng.random((4, 30)), rng.random(30), rng.random(30)
    wanted = reference.costs_with(trials, costs, weight)
    assert_allclose(clusters.costs_with(trials, costs, weight), wanted, rtol=1e-13)


@pytest.mark.parametrize("n_centers", [1, 5, 40, 1100])
@pytest.mark.parametrize("beam", [1, 3])
def test_search_tree(rng, n_centers, beam):
    """One, two and three levels."""
    X, centers = rng.standard_normal((12, 5)), rng.standard_normal((n_centers, 5))
    tree = _Tree(centers)
    parts = tree._blocks, tree._children, tree._numbers
    got = clusters.search_tree(X, *parts, beam)
    assert_array_equal(got, reference.search_tree(X, *parts, beam))


def test_search_tree_with_a_wide_beam_is_exact(rng):
    X, centers = rng.standard_normal((20, 3)), rng.standard_normal((60, 3))
    tree = _Tree(centers)
    found = clusters.search_tree(X, tree._blocks, tree._children, tree._numbers, 60)
    assert_array_equal(found, reference.sq_distances(X, centers.T).argmin(axis=1))


def test_search_tree_gives_ties_to_the_lowest_number():
    centers = np.repeat([[3.0, 0.0], [1.0, 1.0]], [20, 30], axis=0)
    tree = _Tree(centers)
    found = clusters.search_tree(
        np.array([[1.0, 1.0]]), tree._blocks, tree._children, tree._numbers, 50
    )
    assert_array_equal(found, [20])


@pytest.mark.parametrize("n_listed", [1, 4, 9])
def test_sums_of_listed_values_over_linked_rows(rng, n_listed):
    links = sparse.csr_array(np.where(rng.random((15, 15)) < 0.3, rng.random(15), 0))
    lists = np.sort([rng.permutation(9)[:n_listed] for _ in range(15)], axis=1)
    values = rng.random((15, n_listed))
    got, wanted = np.ones((2, 15, n_listed))
    given = links.indptr, links.indices, links.data, lists, values
    clusters.add_listed(*given, got)
    reference.add_listed(*given, wanted)
    assert_allclose(got, wanted, rtol=1e-13)

"""The nearest rows of every target, in one pass over blocks of rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.spatial.distance import cdist

from coreselect.neighbors import NearestLists
from coreselect.neighbors.targets import (
    _sampled_places,
    nearest_lists,
    nearest_row_of_each,
)
from coreselect.rows import open as open_rows


@pytest.mark.parametrize("order", ["forward", "backward"])
@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("hold_targets", [np.asarray, sparse.csr_array])
def test_running_lists_are_those_of_sorting_all_distances(order, hold, hold_targets):
    rng = np.random.default_rng(0)
    Z, T = rng.integers(0, 4, (90, 3)).astype(float), rng.standard_normal((7, 3))
    lists = NearestLists(hold_targets(T), 5)
    starts = range(0, 90, 20)
    for start in starts if order == "forward" else reversed(starts):
        lists.offer(hold(Z[start : start + 20]), start)
    indices, squares = lists.sorted()
    wanted = cdist(T, Z, "sqeuclidean")
    found = np.argsort(wanted.round(12), axis=1, kind="stable")[:, :5]
    assert_array_equal(indices, found)
    assert_allclose(squares, np.take_along_axis(wanted, found, axis=1))


def test_lists_that_are_not_full_say_so():
    lists = NearestLists(np.zeros((1, 2)), 3)
    lists.offer(np.ones((1, 2)), 4)
    indices, squares = lists.sorted()
    assert indices[0, 0] == 4
    assert_array_equal(squares[0], [2.0, np.inf, np.inf])


def test_the_first_of_equally_near_rows_is_found():
    rng = np.random.default_rng(0)
    X, T = rng.standard_normal((30, 8)), rng.standard_normal((40, 8)) + 0.3
    X[20:] = X[:10]
    wanted = cdist(T, X[:20]).argmin(axis=1)
    assert_array_equal(nearest_row_of_each(X, T), wanted)


def test_targets_that_are_not_finite_are_refused():
    rows, targets = open_rows([[1.0]]), np.array([[np.nan]])
    with pytest.raises(ValueError, match="farther from the targets than squares"):
        nearest_lists(rows, lambda block: block.X, targets, 1)


def embed(block):
    return block.X


def by_sorting(X, T, k):
    squares = np.rint(cdist(T, X, "sqeuclidean") * 2**20)  # rows are on a grid
    return np.argsort(squares, axis=1, kind="stable")[:, :k]


def on_a_grid(shape, rng):
    return np.round(rng.standard_normal(shape) * 64) / 64


@pytest.mark.parametrize("far", ["none", "sampled", "all but sampled"])
@pytest.mark.parametrize("block_rows", [None, 1000])
def test_long_lists_are_exact_whatever_a_sample_of_the_rows_says(far, block_rows):
    """If sampled rows are the nearest, lists are short of rows, and are made again."""
    rng = np.random.default_rng(0)
    X, T = on_a_grid((20_000, 2), rng), on_a_grid((5, 2), rng)
    T[0] = 1.0  # a longest one of length one to two, so that the unit is 1
    places = _sampled_places(len(X))
    assert 1000 < len(places) <= 1250
    away = np.zeros(len(X), dtype=bool)
    away[places] = far != "none"
    X[~away if far == "all but sampled" else away] += 64.0
    rows = open_rows(X, block_rows=block_rows)
    indices, distances = nearest_lists(rows, embed, T, 200)
    wanted = by_sorting(X, T, 200)
    assert_array_equal(indices, wanted)
    found = np.linalg.norm(X[wanted] - T[:, None], axis=2)
    assert_allclose(distances, found, atol=1e-8)


@pytest.mark.parametrize("period", [2, 7, 16])
def test_samples_agree_with_no_period_of_the_rows(period):
    counts = np.bincount(_sampled_places(200_000) % period)
    assert counts.min() > 0.97 * counts.max()


def test_rows_beyond_a_given_distance_enter_no_list():
    lists = NearestLists(np.zeros((2, 1)), 3, within=np.array([1.0, np.inf]))
    lists.offer(np.array([[2.0], [1.0], [0.5]]), 0)
    indices, squares = lists.sorted()
    assert_array_equal(indices[0, :2], [2, 1])
    assert_array_equal(squares, [[0.25, 1.0, np.inf], [0.25, 1.0, 4.0]])

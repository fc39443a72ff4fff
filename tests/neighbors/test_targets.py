"""The nearest rows of every target, in one pass over blocks of rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.spatial.distance import cdist

from coreselect.neighbors import NearestLists
from coreselect.neighbors.targets import nearest_lists, nearest_row_of_each
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

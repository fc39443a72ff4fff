"""Exact nearest rows: the same lists as by sorting all distances."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from coreselect.neighbors import nearest_neighbors
from tests import reference_neighbors as reference


def lattice(n, seed=0):
    """Rows with many copies and equal distances."""
    return np.random.default_rng(seed).integers(0, 4, (n, 3)).astype(float)


def scattered(n, seed=0, d=4):
    return np.random.default_rng(seed).standard_normal((n, d))


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array, sparse.csc_matrix])
@pytest.mark.parametrize("make", [lattice, scattered])
@pytest.mark.parametrize("k", [1, 5, 89])
def test_lists_are_those_of_sorting(make, k, hold):
    X = make(90)
    indices, distances = nearest_neighbors(hold(X), k)
    wanted, gaps = reference.nearest(X, X, k, np.arange(90))
    assert_array_equal(indices, wanted)
    assert_array_equal(distances, gaps)


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("make", [lattice, scattered])
def test_queries_leave_out_the_row_that_is_named(make, hold):
    X = make(90)
    queries, exclude = X[10:40], np.arange(10, 40)
    exclude[::2] = -1
    found = nearest_neighbors(hold(X), 7, queries=hold(queries), exclude=exclude)
    wanted = reference.nearest(X, queries, 7, exclude)
    for got, should in zip(found, wanted, strict=True):
        assert_array_equal(got, should)


def test_rows_find_copies_but_never_themselves():
    indices, distances = nearest_neighbors(np.zeros((3, 2)), 2)
    assert_array_equal(indices, [[1, 2], [0, 2], [0, 1]])
    assert_array_equal(distances, 0)


@pytest.mark.parametrize("n", [1000, 1024, 1025, 2500])
def test_tiles_do_not_show(n):
    """Whole tiles, a row more, and tiles that meet: as one query at a time."""
    X = lattice(n)
    some = np.unique([0, 1, 500, 999, n - 1])
    indices, _ = nearest_neighbors(X, 6)
    wanted, _ = reference.nearest(X, X[some], 6, some)
    assert_array_equal(indices[some], wanted)

"""Neighbour lists in one pass over blocks are those of all rows at once."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from coreselect.neighbors import nearest_neighbors, neighbors_in_blocks
from coreselect.rows import open as open_rows

RNG = np.random.default_rng(0)
QUERIES = np.array([0, 3, 17, 59])


@pytest.mark.parametrize("block_rows", [1, 7, 60])
@pytest.mark.parametrize("kind", [np.asarray, np.float32, sparse.csr_array])
@pytest.mark.parametrize(
    "X",
    [
        RNG.normal(size=(60, 3)),
        RNG.normal(size=(60, 9)),
        RNG.integers(3, size=(60, 2)).astype(float),
        np.ones((60, 8)),
    ],
    ids=["tree", "products", "ties", "equal"],
)
def test_lists_are_those_of_all_rows(X, kind, block_rows):
    X = kind(X)
    rows = open_rows(X, block_rows=block_rows)
    found = neighbors_in_blocks(rows, 5, X[QUERIES], QUERIES)
    wanted, _ = nearest_neighbors(X, 5, queries=X[QUERIES], exclude=QUERIES)
    assert_array_equal(found, wanted)


@pytest.mark.parametrize("n_features", [2, 9])
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e150])
def test_rows_far_beyond_the_queries_do_not_overflow(scale, n_features):
    """Rows of 1e150 times the size of the queries: only their order needs a square."""
    X = RNG.normal(size=(40, n_features)) * scale
    X[30:] *= 1e150
    queries = np.arange(4)
    found = neighbors_in_blocks(open_rows(X, block_rows=8), 35, X[queries], queries)
    wanted, _ = nearest_neighbors(X, 35, queries=X[queries], exclude=queries)
    assert_array_equal(found, wanted)


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1.0, 1e300])
def test_queries_of_zeros_meet_rows_of_any_size(scale):
    X = RNG.normal(size=(40, 9)) * scale
    queries = np.array([4, 20])
    X[queries] = 0.0
    found = neighbors_in_blocks(open_rows(X, block_rows=8), 7, X[queries], queries)
    wanted, _ = nearest_neighbors(X, 7, queries=X[queries], exclude=queries)
    assert_array_equal(found, wanted)

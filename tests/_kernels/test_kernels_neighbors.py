"""The kernels of nearest rows and of condensing; run with JIT on and off."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from coreselect._kernels import condensing, nearest
from coreselect.neighbors.lists import as_points, empty_lists, sorted_lists
from tests._kernels import reference_neighbors as reference


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def rows(rng, n, hold=np.asarray):
    """Rows with copies and equal distances, and some that are like no other."""
    X = rng.integers(0, 3, (n, 3)).astype(float)
    X[::3] += rng.standard_normal((len(X[::3]), 3))
    return X, as_points(hold(X))


def bounds_of(Z, T, slack=1e-5):
    squares = ((Z[:, None] - T[None]) ** 2).sum(axis=2)
    return (slack - squares).astype(np.float32)


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("k", [1, 5, 59])
@pytest.mark.parametrize("order", [(0, 25, 50), (50, 0, 25)])
def test_push_finds_the_nearest_rows(rng, k, order, hold):
    """In pieces that come in any order, with rows that targets may not find."""
    Z, _ = rows(rng, 60)
    T, targets = rows(rng, 70, hold)
    T[:20] = Z[:20]
    targets = as_points(hold(T))
    lists = empty_lists(70, k)
    lists.barred[:30] = np.arange(30)
    for start in order:
        part = Z[start : min(60, start + 25)]
        nearest.push(
            bounds_of(part, T), as_points(hold(part)), targets, lists, start, 0.0
        )
    wanted, distances = reference.nearest(Z, T, k, lists.barred)
    indices, squares = sorted_lists(lists)
    assert_array_equal(indices, wanted)
    assert_array_equal(np.sqrt(squares), distances)


def test_push_rounds_to_steps(rng):
    """Within half a step all are ties, of which the lowest numbers win."""
    Z, T = np.linspace(0, 0.2, 9)[::-1, None], np.zeros((1, 1))
    lists = empty_lists(1, 3)
    nearest.push(bounds_of(Z, T), as_points(Z), as_points(T), lists, 0, 1.0)
    assert_array_equal(sorted_lists(lists)[0], [[0, 1, 2]])


def test_push_believes_the_bound(rng):
    """A row whose bound is too low is never looked at: the bound must be one."""
    Z, matrix = rows(rng, 60)
    lists = empty_lists(60, 2)
    nearest.push(bounds_of(Z, Z, -3.0), matrix, matrix, lists, 0, 0.0)
    wanted, _ = reference.nearest(Z, Z, 2, np.full(60, -1))
    assert not np.array_equal(sorted_lists(lists)[0], wanted)


def test_push_looks_at_rows_whose_bound_is_not_a_number(rng):
    Z, matrix = rows(rng, 20)
    lists = empty_lists(20, 3)
    unknown = np.full((20, 20), np.nan, dtype=np.float32)
    nearest.push(unknown, matrix, matrix, lists, 0, 0.0)
    wanted, _ = reference.nearest(Z, Z, 3, np.full(20, -1))
    assert_array_equal(sorted_lists(lists)[0], wanted)


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("k", [1, 4])
def test_push_both_serves_both_pieces(rng, k, hold):
    """Every pair of pieces once, in an order that is not that of the rows."""
    Z, matrix = rows(rng, 90, hold)
    lists = empty_lists(90, k)
    for first, second in ((30, 60), (0, 0), (60, 60), (0, 60), (30, 30), (0, 30)):
        found = bounds_of(Z[first : first + 30], Z[second : second + 30])
        nearest.push_both(found, matrix, lists, first, second)
    wanted, distances = reference.nearest(Z, Z, k, np.arange(90))
    indices, squares = sorted_lists(lists)
    assert_array_equal(indices, wanted)
    assert_array_equal(np.sqrt(squares), distances)


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("k", [1, 4, 15, 16])
def test_cap_is_no_nearer_than_the_last_of_a_list(rng, k, hold):
    """A cap below it would hide rows; of more than 15 rows there is none."""
    Z, matrix = rows(rng, 200, hold)
    lists, found = empty_lists(200, k), bounds_of(Z[100:200], Z[100:200])
    found[3] = np.nan
    nearest.cap(found, matrix, lists, 100)
    _, distances = reference.nearest(Z[100:], Z[100:], k, np.arange(100))
    caps = lists.squares[100:]
    assert (caps >= distances[:, -1:] ** 2 * (1 - 1e-12)).all()
    assert np.isinf(lists.squares[:100]).all()
    assert np.isinf(caps[3]).all()
    assert np.isfinite(np.delete(caps, 3, axis=0)).all() == (k < 16)
    assert (lists.rows == nearest.NO_ROW).all()


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("k", [1, 4])
def test_lists_that_begin_at_a_cap_are_the_same(rng, k, hold):
    Z, matrix = rows(rng, 200, hold)
    lists = empty_lists(200, k)
    for first in (0, 100):
        found = bounds_of(Z[first : first + 100], Z[first : first + 100])
        nearest.cap(found, matrix, lists, first)
        nearest.push_both(found, matrix, lists, first, first)
    nearest.push_both(bounds_of(Z[:100], Z[100:]), matrix, lists, 0, 100)
    wanted, distances = reference.nearest(Z, Z, k, np.arange(200))
    indices, squares = sorted_lists(lists)
    assert_array_equal(indices, wanted)
    assert_array_equal(np.sqrt(squares), distances)


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
def test_listed_distances_are_those_of_the_lists(rng, hold):
    Z, matrix = rows(rng, 40, hold)
    wanted, distances = reference.nearest(Z, Z[:7], 6, np.full(7, -1))
    found = nearest.listed_sq_distances(matrix, as_points(hold(Z[:7])), wanted)
    assert_array_equal(np.sqrt(found), distances)


@pytest.mark.parametrize("wins_ties", [False, True])
@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_condense_matches_its_twin(seed, k, wins_ties):
    rng = np.random.default_rng(seed)
    own, other = rng.standard_normal((40, 2)), rng.standard_normal((12, 2)) + 0.5
    own[30:] = own[:10]
    to_others = ((own[:, None] - other[None]) ** 2).sum(axis=2)
    gaps = ((own[:, None] - own[None]) ** 2).sum(axis=2)
    seeds = rng.choice(40, 3, replace=False)
    for passed_over in (np.arange(40), rng.permutation(60)[:40]):
        squares = np.sort(to_others, axis=1)[:, :k]
        foreign = np.ones((40, k), dtype=bool)
        got = condensing.condense(
            as_points(own), squares, foreign, seeds, passed_over, wins_ties
        )
        wanted = reference.condense(to_others, gaps, seeds, k, passed_over, wins_ties)
        assert_array_equal(got, wanted)

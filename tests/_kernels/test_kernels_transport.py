"""The kernels of nearest rows and greedy selection; run with JIT on and off."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coreselect._kernels import greedy, nearest
from tests._kernels import reference_transport as reference


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_row_hashes_match_their_twin(rng):
    X = rng.standard_normal((20, 5)) * 10.0 ** rng.integers(-300, 300, (20, 5))
    X[3], X[4] = 0.0, -0.0
    X[5] = X[6]
    with np.errstate(over="ignore"):  # without the compiler, NumPy tells of wrapping
        hashes = nearest.row_hashes(X)
    assert [int(h) for h in hashes] == [reference.row_hash(row) for row in X]
    assert len(np.unique(hashes)) == 18  # of 20 rows, two pairs are equal


def test_row_hashes_tell_order_sign_and_scale_apart():
    X = np.array([[1.0, 2.0], [2.0, 1.0], [-1.0, 2.0], [2.0, 4.0], [1.0, 2.0 + 1e-15]])
    with np.errstate(over="ignore"):
        assert len(np.unique(nearest.row_hashes(X))) == 5
        single = X[:4].astype(np.float32)
        assert_array_equal(nearest.row_hashes(single), nearest.row_hashes(X[:4]))


@pytest.mark.parametrize("size", [1, 7, 30])
def test_take_turns_matches_its_twin(rng, size):
    lists = np.argsort(rng.random((4, 30)), axis=1)
    got = greedy.take_turns(lists, 30, size)
    assert_array_equal(got, reference.take_turns(lists, 30, size))


def test_take_turns_stops_where_a_list_ends():
    lists = np.array([[0, 1], [0, 1], [0, 1]])
    assert_array_equal(greedy.take_turns(lists, 5, 5), [0, 1])


@pytest.mark.parametrize("seed", range(5))
def test_facility_matches_greedy_without_laziness(seed):
    rng = np.random.default_rng(seed)
    cost = rng.random((40, 9))
    cost[20:25] = cost[:5]  # copies: ties, of which the lowest row goes first
    share = rng.dirichlet(np.ones(9))
    got = greedy.facility(cost, share, 40)
    assert_array_equal(got, reference.facility(cost, share, 40))
    assert_array_equal(np.sort(got), np.arange(40))


def test_facility_without_any_difference_takes_rows_in_order():
    for cost in (np.zeros((6, 3)), np.ones((6, 3))):
        got = greedy.facility(cost, np.full(3, 1 / 3), 6)
        assert_array_equal(got, np.arange(6))


@pytest.mark.parametrize("alike", [False, True])
def test_facility_goes_through_the_rows_a_few_times_a_step(rng, alike):
    """Lines of Python run: at the start, after a new start, and with all rows tied."""
    n = 300
    cost = np.ones((n, 2)) if alike else rng.random((n, 2))
    plain = getattr(greedy.facility, "py_func", greedy.facility)
    lines = 0

    def count(frame, event, _):
        nonlocal lines
        if frame.f_code is not plain.__code__:
            return None
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        got = plain(cost, np.full(2, 0.5), 5)
    finally:
        sys.settrace(before)
    assert_array_equal(got, reference.facility(cost, np.full(2, 0.5), 5))
    assert lines < 5 * 3 * 20 * n  # quadratic, it is at least n * n twice over

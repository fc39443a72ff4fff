"""Greedy search for set functions that only their values are known of."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect.coverage import RisingGainWarning, bidirectional_greedy, lazy_greedy


class Counted:
    """A set function that counts how many sets it was asked for."""

    def __init__(self, value):
        self.value, self.count = value, 0

    def __call__(self, sets):
        self.count += len(sets)
        return [self.value(rows) for rows in sets]


def coverage(seed, n=40, n_items=60):
    """The weight of the items that the rows hold together: submodular."""
    rng = np.random.default_rng(seed)
    holds = rng.random((n, n_items)) < 0.1
    worth = rng.integers(1, 5, n_items)
    return Counted(lambda rows: float(worth @ holds[rows].any(axis=0)))


def plain_greedy(value, n, size):
    order, gains, total = [], [], value([[]])[0]
    for _ in range(size):
        gain = np.array(value([[*order, row] for row in range(n)])) - total
        gain[order] = -np.inf
        best = gain.max()
        order.append(int(np.argmax(gain >= best - 1e-9 * abs(best))))
        gains.append(gain[order[-1]])
        total += gains[-1]
    return order, gains


@pytest.mark.parametrize("seed", range(10))
def test_lazy_greedy_is_greedy(seed):
    value = coverage(seed)
    order, gains = plain_greedy(value, 40, 15)
    eager, value.count = value.count, 0
    found = lazy_greedy(value, 40, 15)
    assert_array_equal(found[0], order)
    assert_allclose(found[1], gains)
    assert value.count < eager


def test_gains_may_be_negative():
    """A cut: rows across a line. The second end of an edge takes it out again."""
    value = Counted(lambda rows: float(len(set(rows) ^ {int(r) + 1 for r in rows})))
    order, gains = plain_greedy(value, 6, 6)
    found = lazy_greedy(value, 6, 6)
    assert_array_equal(found[0], order)
    assert_allclose(found[1], gains)
    assert min(gains) < 0


def test_a_rising_gain_is_named():
    value = Counted(lambda rows: float(len(rows) ** 2))
    with pytest.warns(RisingGainWarning, match=r"a gain rose from 1 to 3"):
        lazy_greedy(value, 5, 3)
    with pytest.warns(RisingGainWarning, match=r"a gain rose from 1 to 3"):
        bidirectional_greedy(value, 5)


def test_sums_are_ranked_in_their_order():
    worth = np.random.default_rng(0).normal(size=30)
    value = Counted(lambda rows: float(worth[rows].sum()))
    order, gains = bidirectional_greedy(value, 30)
    assert_array_equal(order, np.argsort(-worth))
    assert_allclose(gains, worth[order])
    assert value.count < 30 * 31 / 2  # that of greedy search
    assert_array_equal(bidirectional_greedy(value, 30, 7)[0], order[:7])


@pytest.mark.parametrize("seed", range(5))
def test_the_front_is_greedy_and_each_row_is_ranked_once(seed):
    value = coverage(seed, n=6, n_items=12)
    front = lazy_greedy(value, 6, 3)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        order, gains = bidirectional_greedy(value, 6, pending=1)
    # The back takes rows of little gain, so the first two are those of greedy search.
    assert_array_equal(order[:2], front[:2])
    assert_array_equal(np.sort(order), np.arange(6))
    assert gains.shape == (6,)


def test_sizes_at_the_ends():
    value = coverage(0)
    assert lazy_greedy(value, 40, 0)[0].size == 0
    assert bidirectional_greedy(value, 40, 0)[0].size == 0
    assert_array_equal(np.sort(lazy_greedy(value, 40, 40)[0]), np.arange(40))
    assert_array_equal(bidirectional_greedy(value, 1)[0], [0])


@pytest.mark.parametrize("search", [lazy_greedy, bidirectional_greedy])
def test_bad_arguments_are_named(search):
    with pytest.raises(ValueError, match="size must be at most 5"):
        search(coverage(0), 5, 6)
    with pytest.raises(ValueError, match=r"what value\(sets\) returns has 1 values"):
        search(lambda sets: [1.0], 5, 2)
    with pytest.raises(ValueError, match=r"what value\(sets\) returns contains NaN"):
        search(lambda sets: [np.nan] * len(sets), 5, 2)
    with pytest.raises(ValueError, match="pending"):
        bidirectional_greedy(coverage(0), 5, pending=0)

"""Sharing out whole numbers: sums, bounds, means, and the nearest of all choices."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect._quotas import (
    bounded_quotas,
    largest_remainder,
    pivotal,
    random_rounding,
)
from coreselect.sampling import draw


def by_pivot(rng):
    return lambda fractions, n: pivotal(fractions, rng.random(len(fractions)))


def by_start(rng):
    return lambda fractions, n: (
        draw(fractions, n, design="systematic", random_state=rng).indices
    )


def by_size(rng):
    """A wrong way to choose: the largest fractions always."""
    return lambda fractions, n: np.argsort(-fractions)[:n]


# --- largest remainders ---


def test_largest_remainders_worked_example():
    """10 of 3, 5, 7, 5: quotas 1.5, 2.5, 3.5, 2.5 with ties to the first, by hand."""
    for dtype in (int, float):
        counts = np.array([3, 5, 7, 5], dtype)
        assert_array_equal(largest_remainder(counts, 10), [2, 3, 3, 2])
    assert_array_equal(largest_remainder(np.array([990, 10]), 100), [99, 1])
    # Rounding each by itself would make 0 + 0 + 0 of 1.
    assert_array_equal(largest_remainder(np.array([33, 33, 34]), 1), [0, 0, 1])
    # Rounding errors decide nothing.
    shares = np.array([0.1 + 0.2, 0.3, 0.4])
    assert_array_equal(largest_remainder(shares, 5), [2, 1, 2])


def test_remainders_of_integers_are_exact():
    """Products of more than 63 bits."""
    counts = np.array([2**40, 2**41])
    assert_array_equal(largest_remainder(counts, 3 * 2**30), [2**30, 2**31])
    counts = np.array([2**61 + 1, 2**61, 2**61])
    assert_array_equal(largest_remainder(counts[::-1], 1), [0, 0, 1])


@pytest.mark.parametrize("shares", [[0, 0], [0.0, 0.0]])
def test_shares_that_are_all_zero_count_as_equal(shares):
    assert_array_equal(largest_remainder(np.array(shares), 5), [3, 2])
    assert_array_equal(largest_remainder(np.array(shares), 0), [0, 0])


def test_largest_remainders_are_nearest_to_the_quotas():
    """Of all whole numbers that add up, none is nearer (all of them are tried)."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        shares = rng.dirichlet([1.0, 1.0, 1.0])
        total = int(rng.integers(8))
        far = {
            counts: np.abs(np.array(counts) - total * shares).sum()
            for counts in itertools.product(range(total + 1), repeat=3)
            if sum(counts) == total
        }
        found = tuple(largest_remainder(shares, total).tolist())
        assert far[found] < min(far.values()) + 1e-12


# --- floors and caps ---


def bisected(shares, total, low, high):
    """Find c by halving: slow, and as plain as the definition."""
    below, above = 0.0, 1.0
    while np.clip(above * shares, low, high).sum() < total:
        above *= 2
    for _ in range(200):
        c = (below + above) / 2
        if np.clip(c * shares, low, high).sum() < total:
            below = c
        else:
            above = c
    return np.clip(above * shares, low, high)


def bounded_cases(n_cases):
    rng = np.random.default_rng(1)
    for _ in range(n_cases):
        n = int(rng.integers(1, 7))
        shares = rng.pareto(0.7, n) + 1e-3
        low = rng.integers(0, 6, n)
        high = low + rng.integers(0, 30, n)
        yield shares, int(rng.integers(low.sum(), high.sum() + 1)), low, high


def test_bounded_quotas_are_clipped_multiples_of_the_shares():
    for shares, total, low, high in bounded_cases(300):
        quotas = bounded_quotas(shares, total, low, high)
        assert_allclose(quotas.sum(), total, rtol=1e-12)
        wanted = bisected(shares, total, low, high)
        assert_allclose(quotas, wanted, rtol=1e-9, atol=1e-9)


def test_rounding_keeps_sums_and_bounds():
    rng = np.random.default_rng(2)
    for shares, total, low, high in bounded_cases(500):
        quotas = bounded_quotas(shares, total, low, high)
        for counts in (
            largest_remainder(shares, total, low, high),
            random_rounding(shares, total, by_pivot(rng), low, high),
            random_rounding(shares, total, by_start(rng), low, high),
        ):
            assert counts.sum() == total
            assert ((low <= counts) & (counts <= high)).all()
            assert (np.abs(counts - quotas) < 1).all()


@pytest.mark.parametrize(
    ("shares", "total", "low", "high", "wanted"),
    [
        ([1, 1], 10, 0, [3, 20], [3, 7]),
        ([1, 9], 10, 4, None, [4, 6]),
        ([8, 1, 1], 10, 2, 5, [5, 3, 2]),  # what is left is shared 1 : 1
        ([8, 2, 0], 10, 1, 10, [7, 2, 1]),  # 9 shared 8 : 2
        ([1, 0, 0], 10, 0, [4, 9, 9], [4, 3, 3]),  # zeros once others are full
        ([1e300, 1, 1e-300], 10, 0, 6, [6, 4, 0]),
        ([5, 5], 4, 2, 2, [2, 2]),
        ([], 0, None, None, []),
    ],
)
def test_bounds_by_hand(shares, total, low, high, wanted):
    counts = largest_remainder(np.array(shares, float), total, low, high)
    assert_array_equal(counts, wanted)


@pytest.mark.parametrize(
    ("total", "low", "high", "message"),
    [
        (5, 3, None, "low adds up to 6, more than the 5 rows"),
        (5, None, [1, 2], "high adds up to 3, less than the 5 rows"),
        (5, [0, 4], [5, 3], "low=4 and high=3 for group 1"),
    ],
)
def test_bounds_that_cannot_be_met_are_named(total, low, high, message):
    for share_out in (
        lambda *args: largest_remainder(*args, low, high),
        lambda *args: random_rounding(*args, by_size(None), low, high),
    ):
        with pytest.raises(ValueError, match=message):
            share_out(np.ones(2), total)


@pytest.mark.parametrize("share", [np.nan, np.inf, -1.0])
def test_shares_that_are_negative_or_not_finite_are_refused(share):
    with pytest.raises(ValueError, match="shares must be finite and at least 0"):
        largest_remainder(np.array([1.0, share]), 3)


# --- random rounding ---


@pytest.mark.parametrize(
    ("choose", "right"), [(by_pivot, True), (by_start, True), (by_size, False)]
)
@pytest.mark.parametrize("bounds", [(None, None), (1, [4, 20, 20, 20, 20])])
def test_random_rounding_is_unbiased(choose, right, bounds):
    """Mean counts of R = 2000 roundings against the quotas: |z| < 4.5 for each."""
    shares = np.array([9.0, 0.7, 1.3, 2.45, 5.55])
    quotas = bounded_quotas(shares, 17, *bounds)
    draw_one = choose(np.random.default_rng(3))
    counts = [random_rounding(shares, 17, draw_one, *bounds) for _ in range(2000)]
    chance = quotas % 1
    loose = chance > 0
    assert_array_equal(np.array(counts)[:, ~loose], np.tile(quotas[~loose], (2000, 1)))
    spread = np.sqrt(2000 * chance * (1 - chance))[loose]
    z = (np.sum(counts, axis=0) - 2000 * quotas)[loose] / spread
    assert (np.abs(z) < 4.5).all() == right


@pytest.mark.parametrize("n", [1, 3, 7, 49, 1000])
def test_whole_quotas_are_not_drawn(n):
    """Quotas that are whole but for rounding ask for no draw."""

    def refuse(fractions, left):
        raise AssertionError

    counts = random_rounding(np.full(n, 1 / 3), 10 * n, refuse)
    assert_array_equal(counts, np.full(n, 10))

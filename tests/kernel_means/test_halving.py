"""Halving keeps every row with probability one half, and keeps means."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coreselect import inclusion_probabilities
from coreselect.kernel_means import halving, order_of, thin
from coreselect.neighbors import KernelRows
from tests._kernels import reference_kernel_means as reference

X = np.random.default_rng(0).normal(size=(24, 2)) * [1.0, 2.0]
KERNEL = KernelRows(X, gamma=0.3)
R = 20_000


def kept_of(halve, n_draws, rng):
    """Count how often each row is kept, and average the squared discrepancy."""
    K = KERNEL.between(X, X)
    counts, square, rows = np.zeros(len(X)), 0.0, np.arange(len(X))
    for _ in range(n_draws):
        signs = np.full(len(X), -1.0)
        signs[halve(KERNEL, rows, rng)] = 1.0
        counts += signs > 0
        square += signs @ K @ signs / len(X) ** 2 / n_draws
    return counts, square


def z_of(counts, n_draws, chances):
    return (counts - n_draws * chances) / np.sqrt(n_draws * chances * (1 - chances))


def test_each_row_is_kept_with_probability_one_half():
    counts, _ = kept_of(halving.halve, R, np.random.default_rng(1))
    assert np.abs(z_of(counts, R, 0.5)).max() < 4.5


class Fixed:
    """Splits pairs in one way only; the coin may be fixed too."""

    def __init__(self, rng=None):
        self._rng = rng

    def random(self, size=None):
        if size is not None:
            return np.full(size, 0.3)
        return 0.3 if self._rng is None else self._rng.random()


def test_the_coin_alone_makes_it_unbiased():
    """Whatever the split is; without the coin, half of the rows are never kept."""
    counts, _ = kept_of(halving.halve, 2000, Fixed(np.random.default_rng(1)))
    assert np.abs(z_of(counts, 2000, 0.5)).max() < 4.5
    counts, _ = kept_of(halving.halve, 2000, Fixed())
    assert np.abs(z_of(counts, 2000, 0.5)).min() > 4.5


def test_halves_have_nearly_the_same_mean(monkeypatch):
    """Far less apart than by coins; a walk of the wrong sign is worse than coins."""

    def by_coins(kernel, rows, rng):
        second = rng.random(len(rows) // 2) < 0.5
        return rows.reshape(-1, 2)[np.arange(len(second)), second.astype(int)]

    rng = np.random.default_rng(1)
    coins = kept_of(by_coins, 500, rng)[1]
    ours = kept_of(halving.halve, 500, rng)[1]
    assert ours < coins / 3
    monkeypatch.setattr(halving, "_ROUNDS", 0)
    walk = kept_of(halving.halve, 500, rng)[1]
    assert ours < walk < coins

    def wrong(kernel, rows, rng):
        K = kernel.between(X, X)
        return rows[reference.sign_pairs(K, rng.random(len(X) // 2), -1.0) > 0]

    assert kept_of(wrong, 500, rng)[1] > 1.2 * coins


@pytest.mark.parametrize("size", [1, 8, 17])
def test_inclusion_probabilities_are_exact(size):
    """For any size, and for weights of which some are certain to be in."""
    rng, n_draws = np.random.default_rng(size), 2000
    for weight in (np.ones(24), rng.lognormal(0, 1.5, 24)):
        chances = inclusion_probabilities(weight, size)
        counts = np.zeros(24)
        order = order_of(KERNEL, None, rng)
        for _ in range(n_draws):
            rows = thin(KERNEL, order, chances, size, 2 * size, rng)
            assert len(np.unique(rows)) == size
            counts[rows] += 1
        certain = chances == 1
        assert_array_equal(counts[certain], n_draws)
        z = z_of(counts[~certain], n_draws, chances[~certain])
        assert np.abs(z).max() < 4.5


def test_blocks_of_kernel_values_need_not_fit_in_memory(monkeypatch):
    rows = np.arange(24)
    wanted = halving.halve(KERNEL, rows, np.random.default_rng(0))
    monkeypatch.setattr(halving, "_HELD", 1)
    monkeypatch.setattr(halving, "_STRIPE", 4)
    found = halving.halve(KERNEL, rows, np.random.default_rng(0))
    assert_array_equal(found, wanted)


def test_neighbours_in_the_order_are_alike():
    order = order_of(KERNEL, None, np.random.default_rng(0))
    assert_array_equal(np.sort(order), np.arange(24))
    gaps = np.linalg.norm(np.diff(X[order], axis=0), axis=1)
    assert gaps.mean() < 0.8 * np.linalg.norm(np.diff(X, axis=0), axis=1).mean()


@pytest.mark.parametrize("seed", range(50))
def test_a_split_is_that_of_the_twins(seed):
    rng = np.random.default_rng(seed)
    n, d = 2 * int(rng.integers(1, 20)), int(rng.integers(1, 4))
    rows = rng.normal(size=(n, d))
    if seed % 3 == 0:
        rows = rng.integers(0, 3, (n, d)).astype(float)  # ties, copies
    if seed % 3 == 1:
        rows = rows.astype(np.float32)
    kernel, uniforms = KernelRows(rows, gamma=float(rng.random())), rng.random(n // 2)
    K = kernel.between(rows, rows)
    wanted = reference.sign_pairs(K, uniforms)
    for _ in range(4):
        wanted, _ = reference.flip_pairs(K, wanted)
    assert_array_equal(halving._split(kernel, rows, uniforms), wanted)

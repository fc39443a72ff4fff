"""Herding, swaps and weights equal slow references; weights meet their conditions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.metrics.pairwise import laplacian_kernel

from coreselect import UniformSelector
from coreselect.kernel_means import (
    Matched,
    equal_squares,
    herd,
    mean_embedding,
    mean_of,
    refill,
    simplex_weights,
    swap,
    swap_weighted,
)
from coreselect.metrics import mean_discrepancy
from coreselect.rows import open as open_rows
from coreselect.sampling.turns import Turns
from coreselect.selection import Selection
from tests.kernel_means import reference

GAMMA = 0.3


def cases(n_cases, n):
    """Yield rows with ties and copies, or without, and weights."""
    for seed in range(n_cases):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n, 1 + seed % 3))
        if seed % 2:
            X = np.round(2 * X)  # a grid: many ties and copies
        if seed % 5 == 4:
            X = X.astype(np.float32)
        weight = rng.integers(1, 4, n).astype(float) if seed % 3 else np.ones(n)
        yield seed, X, weight


def mean_with(X, weight, **kwargs):
    return mean_of(open_rows(X, sample_weight=weight), **{"gamma": GAMMA} | kwargs)


def test_herding_and_swaps_equal_the_reference():
    for seed, X, weight in cases(50, 30):
        K = reference.kernel_matrix(X, GAMMA)
        given = sparse.csr_array(X) if seed % 7 == 3 else X
        mean = mean_with(given, weight)
        size = 4 + seed % 9
        found = herd(mean, size)
        wanted = reference.herding(K, weight, size)
        assert_array_equal(found.order, wanted, err_msg=f"seed {seed}")
        n_distinct = len(np.unique(X, axis=0))
        assert found.spare.sum() == max(0, size - n_distinct)
        if size <= n_distinct:
            better = swap(mean, found)
            wanted = reference.swapped(K, weight, wanted)
            assert_array_equal(better.order, wanted, err_msg=f"seed {seed}")
            shares = np.full(size, 1 / size)
            square = reference.squared_discrepancy(K, weight, wanted, shares)
            assert_allclose(equal_squares(mean, better)[-1], square, atol=1e-13)
            assert square <= equal_squares(mean, found)[-1] + 1e-9


def test_swaps_with_weights_equal_the_reference():
    n_better = 0
    for seed, X, weight in cases(50, 25):
        K = reference.kernel_matrix(X, GAMMA)
        mean = mean_with(sparse.csr_array(X) if seed % 7 == 3 else X, weight)
        first = herd(mean, min(6, len(np.unique(X, axis=0))))
        shares = reference.best_weights(K, weight, first.order)
        found = swap_weighted(mean, first, shares).order
        wanted = reference.swapped_with_weights(K, weight, first.order, shares)
        assert_array_equal(found, wanted, err_msg=f"seed {seed}")
        better = reference.best_weights(K, weight, found)
        before = reference.squared_discrepancy(K, weight, first.order, shares)
        after = reference.squared_discrepancy(K, weight, found, better)
        assert after <= before + 1e-9
        n_better += after < 0.9 * before
    assert n_better > 15


def least_gradient(K, weight, rows, shares):
    """Return how much less the slope is at some other row than at the rows in use."""
    slope = K[:, rows] @ shares - K @ weight / weight.sum()
    return (slope - shares @ slope[rows]).min()


def test_filled_places_equal_the_reference_and_none_is_wasted():
    """The first round equals it; after the last one no row would lower the value."""
    n_filled = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(60, 1 + seed % 2))
        if seed % 3 == 2:
            X = np.round(3 * X)
        weight = rng.integers(1, 4, 60).astype(float) if seed % 3 else np.ones(60)
        K = reference.kernel_matrix(X, 0.1)
        mean = mean_with(sparse.csr_array(X) if seed % 7 == 3 else X, weight, gamma=0.1)
        first = herd(mean, 7)
        shares = Matched(mean, first, True).shares(7)
        empty = shares < 1e-6 / 7
        before = reference.squared_discrepancy(K, weight, first.order, shares)
        found = refill(mean, first)
        best = Matched(mean, found, True).shares(7)
        after = reference.squared_discrepancy(K, weight, found.order, best)
        assert after <= before + 1e-15, seed
        kept = first.order[~empty]
        if not empty.any():
            assert_array_equal(found.order, first.order)
        elif least_gradient(K, weight, first.order, shares) < -1e-6:
            n_filled += 1
            once = reference.filled(K, weight, first.order, shares)
            assert_array_equal(one_round(mean, first).order, once, err_msg=f"{seed}")
            assert_array_equal(np.array(once)[~empty], kept)
            assert after < 0.9 * before, seed
    assert n_filled > 10


def one_round(mean, first):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("coreselect.kernel_means.swaps._ROUNDS", 1)
        return refill(mean, first)


def test_swaps_keep_what_is_fixed_and_groups():
    for seed, X, weight in cases(20, 40):
        mean = mean_with(X, weight)
        codes = np.arange(40) % 3
        musts = np.zeros(40, dtype=bool)
        musts[[7, 11]] = True
        need, room = np.array([2, 0, 1]), np.array([3, 9, 1])
        turns = Turns(musts, codes, need, room, 8 - 2 - 3)
        first = herd(mean, 8, turns)
        keep = {"fixed": musts, "groups": codes}
        for found in (
            refill(mean, first, **keep),
            swap(mean, first, **keep),
            swap_weighted(mean, first, np.full(8, 1 / 8), **keep),
        ):
            assert {7, 11} <= {*found.order.tolist()}, seed
            assert len(np.unique(found.order)) == 8
            assert_array_equal(codes[found.order], codes[first.order])


def test_weights_are_the_best_ones():
    """They equal the best over all supports, and meet the optimality conditions."""
    for seed, X, weight in cases(30, 25):
        K = reference.kernel_matrix(X, GAMMA)
        rows = np.unique(X, axis=0, return_index=True)[1][:5]
        mean = mean_with(X, weight)
        gram = mean.gram(rows)
        shares = simplex_weights(gram, mean.values[rows], mean.square)
        assert_allclose(shares, reference.best_weights(K, weight, rows), atol=1e-7)
        assert_allclose(shares.sum(), 1.0)
        # No share can move to another row with a gain; those in use are equally good.
        gradient = gram @ shares - mean.values[rows]
        level = shares @ gradient
        assert (gradient >= level - 1e-9).all(), seed
        assert_allclose(gradient[shares > 0], level, atol=1e-9)


def test_weights_of_rows_that_are_almost_alike():
    """The kernel matrix of 200 rows on a short line is singular in float64."""
    X = np.linspace(0, 1, 200)[:, None]
    mean = mean_with(X, None, gamma=0.1)
    gram = mean.gram(np.arange(200))
    assert np.linalg.cond(gram) > 1e15
    shares = simplex_weights(gram, mean.values, mean.square)
    gradient = gram @ shares - mean.values
    assert (gradient >= shares @ gradient - 1e-8).all()
    assert (shares >= 0).all()


def test_a_negative_eigenvalue_is_refused():
    with pytest.raises(ValueError, match="negative eigenvalue"):
        simplex_weights(np.array([[1.0, 2.0], [2.0, 1.0]]), np.zeros(2), 0.0)


def test_mean_embedding_is_the_mean_of_kernel_values():
    X = np.random.default_rng(0).normal(size=(2500, 3))
    weight = np.arange(2500.0) % 4
    K = reference.kernel_matrix(X, 0.5)
    for given in (X, sparse.csr_array(X), np.asfortranarray(X), X.tolist()):
        found = mean_embedding(given, gamma=0.5, sample_weight=weight)
        assert_allclose(found, K @ weight / weight.sum(), rtol=1e-11)
    found = mean_embedding(X, kernel=laplacian_kernel, sample_weight=weight)
    assert_allclose(found, laplacian_kernel(X) @ weight / weight.sum(), rtol=1e-11)


def test_the_default_width_counts_rows_of_positive_weight_only():
    X = np.random.default_rng(1).normal(size=(60, 2))
    weight = np.ones(60)
    X[:20], weight[:20] = 1e6, 0
    found = mean_embedding(X, sample_weight=weight)
    assert_allclose(found[20:], mean_embedding(X[20:]), rtol=1e-12)


@pytest.mark.parametrize("gamma", [1e9, 1e-25])
def test_a_width_out_of_scale_is_named(gamma):
    X = np.random.default_rng(0).normal(size=(30, 2))
    with pytest.raises(ValueError, match=rf"gamma={gamma!r} is out of scale"):
        mean_embedding(X, gamma=gamma)
    for one_point in (np.ones((30, 2)), sparse.csr_array((30, 2))):  # has no scale
        assert_array_equal(mean_embedding(one_point, gamma=gamma), 1.0)


def test_herding_beats_uniform_rows_and_weights_beat_equal_ones():
    rng = np.random.default_rng(0)
    for X in (rng.normal(size=(600, 4)), rng.standard_t(3, (600, 4))):
        mean = mean_with(X, None, gamma=None)
        rows = swap(mean, herd(mean, 24)).order

        def beside(selection, X=X, gamma=mean.gamma):
            return mean_discrepancy(selection, X, gamma=gamma)

        uniform = [
            beside(UniformSelector(24, random_state=seed).fit_select(X))
            for seed in range(20)
        ]
        equal = beside(Selection(rows, np.ones(24), 600))
        shares = simplex_weights(mean.gram(rows), mean.values[rows], mean.square)
        best = beside(Selection(rows, shares, 600))
        assert equal < 0.6 * min(uniform)
        assert best < 0.95 * equal

"""Kernels on nominal columns against their slow twins; run with JIT on and off."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect._kernels import nominal
from tests._kernels import reference_nominal as reference


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def lists_of(kernel, *data, n, k):
    distances, numbers = np.full((n, k), np.inf), np.zeros((n, k), dtype=np.int64)
    for start in (0, n // 3):  # in two runs of queries
        stop = n // 3 if start == 0 else n
        kernel(*data, start, distances[start:stop], numbers[start:stop])
    return numbers, distances


@pytest.mark.parametrize("n", [9, 300])  # less and more than a tile
@pytest.mark.parametrize("price", [0.0, 0.7])
@pytest.mark.parametrize("integers", [False, True])  # with ties and without
def test_mixed_neighbors(rng, n, price, integers):
    X = rng.standard_normal((n, 3))
    X = np.rint(X) if integers else X
    codes = rng.integers(3, size=(n, 2))
    columns, by_column = X.T.copy(), codes.T.astype(np.uint32)
    columns.flags.writeable = by_column.flags.writeable = False
    found, distances = lists_of(
        nominal.mixed_neighbors, columns, by_column, price, n=n, k=4
    )
    wanted = reference.mixed_sq_distances(X, codes, price)
    assert_array_equal(found, reference.nearest_others(wanted, 4))
    assert_allclose(distances, np.take_along_axis(wanted, found, axis=1), rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_vdm_neighbors(rng, n_classes):
    n, q = 40, 3
    codes = np.column_stack([rng.integers(c + 2, size=n) for c in range(q)])
    classes = rng.integers(n_classes, size=n)
    wanted = reference.vdm_distances(codes, classes)
    bounds = np.array([0, 2, 5, 9])
    shares = np.array(
        [
            [
                (classes[codes[:, c] == code] == label).mean()
                for label in range(n_classes)
            ]
            for c in range(q)
            for code in range(c + 2)
        ]
    )
    by_column = (codes + bounds[:-1]).T.astype(np.uint32)
    found, distances = lists_of(
        nominal.vdm_neighbors, by_column.copy(), bounds, shares, n=n, k=5
    )
    assert_allclose(
        distances, np.take_along_axis(wanted, found, axis=1), rtol=1e-12, atol=1e-15
    )
    rounded = np.round(wanted, 10)  # equal sums of other terms are ties there only
    assert_allclose(
        np.sort(distances, axis=1),
        np.take_along_axis(wanted, reference.nearest_others(rounded, 5), axis=1),
        atol=1e-9,
    )


def test_vdm_neighbors_of_more_rows_than_a_tile(rng):
    """The nearest row may come late, and copies end the search early."""
    n, bounds = 600, np.array([0, 50, 100])
    codes = rng.integers(50, size=(n, 2))
    codes[500:] = codes[:100]
    shares = rng.dirichlet(np.ones(3), 100)
    by_column = (codes + bounds[:-1]).T.astype(np.uint32)
    found, distances = lists_of(
        nominal.vdm_neighbors, by_column.copy(), bounds, shares, n=n, k=1
    )
    rows = shares[codes + bounds[:-1]]  # (n, 2, 3)
    wanted = (abs(rows[:, None] - rows[None]).sum(axis=-1) ** 2).sum(axis=-1)
    assert_allclose(distances[:, 0], wanted[np.arange(n), found[:, 0]], rtol=1e-12)
    np.fill_diagonal(wanted, np.inf)
    assert_allclose(distances[:, 0], wanted.min(axis=1), rtol=1e-12)
    assert (distances[:, 0] == 0).any()


def test_copies_are_neighbours_by_number():
    """Four equal rows: each finds the lowest others, never itself."""
    columns, codes = np.zeros((1, 4)), np.zeros((1, 4), dtype=np.uint32)
    wanted = [[1, 2], [0, 2], [0, 1], [0, 1]]
    found, _ = lists_of(nominal.mixed_neighbors, columns, codes, 1.0, n=4, k=2)
    assert_array_equal(found, wanted)
    shares, bounds = np.array([[0.5, 0.5]]), np.array([0, 1])
    found, _ = lists_of(nominal.vdm_neighbors, codes, bounds, shares, n=4, k=2)
    assert_array_equal(found, wanted)


@pytest.mark.parametrize("length", [1, 2, 5, 12])
def test_most_frequent(rng, length):
    codes = rng.integers(4, size=30)
    lists = rng.integers(30, size=(50, length))
    donors, counts = nominal.most_frequent(codes, lists)
    wanted, wanted_counts = reference.most_frequent(codes, lists)
    assert_array_equal(donors, wanted)
    assert_array_equal(counts, wanted_counts)


def test_most_frequent_has_no_use_for_the_size_of_codes():
    donors, counts = nominal.most_frequent(
        np.array([2**60, 3, 2**60]), np.array([[0, 1, 2]])
    )
    assert (donors.tolist(), counts.tolist()) == ([0], [1])

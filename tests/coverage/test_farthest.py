"""Farthest-first picks equal those of a loop, whatever holds the rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect._kernels.farthest import Room
from coreselect.coverage import farthest, farthest_first, space_of
from coreselect.rows import Rows
from coreselect.rows import open as open_rows
from tests._kernels import reference_farthest as reference


def data(seed):
    """Return rows of many kinds, with ties and copies, and weights."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(5, 400)), int(rng.integers(1, 12))
    kind = seed % 5
    X = rng.normal(size=(n, d))
    if kind == 1:
        X = rng.integers(0, 3, (n, d)).astype(float)
    elif kind == 2:  # clusters, far off the origin
        X = X * 0.01 + rng.normal(size=(4, d))[rng.integers(0, 4, n)] + 1e4
    elif kind == 3:
        X = X.astype(np.float32)
    elif kind == 4:  # copies, in another unit
        X = X[rng.integers(0, n, n)] * 2.0**-40
    return X, rng.integers(1, 5, n) * 0.25


def both_ways(monkeypatch, rows, *arguments):
    """Pick by cells and by pools of several sizes."""
    space = space_of(rows, "euclidean")
    monkeypatch.setattr(farthest, "_CELL_FEATURES", 99)
    yield space, farthest_first(rows, space, *arguments)
    monkeypatch.setattr(farthest, "_CELL_FEATURES", 0)
    for n_pool in (1, 8, 1024):
        monkeypatch.setattr(farthest, "_POOL", n_pool)
        yield space, farthest_first(rows, space, *arguments)


@pytest.mark.parametrize("seed", range(50))
def test_picks_are_those_of_a_loop_in_float64(monkeypatch, seed):
    X, weight = data(seed)
    size = min(len(X) - 1, 40)
    start = np.array([seed % len(X)])
    exact = X.astype(float)
    order, squares = reference.farthest_first(exact, start, size)
    # Blocks of 50 rows: the results of several are merged.
    rows = open_rows(X, sample_weight=weight, block_rows=50)
    for space, found in both_ways(monkeypatch, rows, start, size):
        assert_array_equal(found.order, order)
        assert_allclose(space.distances(found.squares), np.sqrt(squares), rtol=1e-12)
        for m in (1, size // 2, size):
            if m:
                wanted = reference.weights(exact, order[:m], weight)
                assert_allclose(found.weights(m), wanted)


@pytest.mark.parametrize("seed", range(10))
def test_sparse_rows_give_the_same_picks(monkeypatch, seed):
    X, weight = data(seed)
    X = np.where(np.random.default_rng(seed).random(X.shape) < 0.6, 0, X)
    size = min(len(X) - 1, 30)
    order, _ = reference.farthest_first(X.astype(float), [0], size)
    rows = open_rows(sparse.csr_array(X), sample_weight=weight, block_rows=50)
    for _, found in both_ways(monkeypatch, rows, np.array([0]), size):
        assert_array_equal(found.order, order)
        assert_allclose(found.weights(size), reference.weights(X, order, weight))


def test_the_example_of_gonzalez_on_a_line(monkeypatch):
    rows = open_rows([[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]])
    for space, found in both_ways(monkeypatch, rows, np.array([0]), 4):
        assert found.order.tolist() == [0, 5, 4, 2]
        assert space.distances(found.squares).tolist() == [20, 8, 2, 1]


def test_copies_come_last_lowest_row_first(monkeypatch):
    rows = open_rows([[3.0], [3.0], [1.0], [3.0], [1.0], [2.0]])
    for _, found in both_ways(monkeypatch, rows, np.array([3]), 6):
        assert found.order.tolist() == [3, 2, 5, 0, 1, 4]
        assert found.weights(6).tolist() == [3, 2, 1, 0, 0, 0]
        assert found.weights(2).tolist() == [4, 2]
        assert found.squares[2:].tolist() == [0, 0, 0, 0]


def test_all_rows_equal(monkeypatch):
    rows = open_rows(np.full((7, 3), 0.1))
    for _, found in both_ways(monkeypatch, rows, np.array([2]), 4):
        assert found.order.tolist() == [2, 0, 1, 3]
        assert found.weights(4).tolist() == [7, 0, 0, 0]


def test_few_passes_over_the_data(monkeypatch):
    """Not one for each pick: at most a tenth of them, and at most 20 for fewer."""
    passes = []
    blocks = Rows._blocks
    monkeypatch.setattr(Rows, "_blocks", lambda self: passes.append(1) or blocks(self))
    rng = np.random.default_rng(0)
    for X in (
        rng.normal(size=(20_000, 12)),
        rng.normal(size=(20_000, 12)) * 0.1 + 5 * rng.integers(0, 2, (20_000, 12)),
        rng.integers(0, 3, (20_000, 7)).astype(float),
    ):
        passes.clear()
        rows = open_rows(X)
        farthest_first(rows, space_of(rows, "euclidean"), np.array([0]), 200)
        assert len(passes) <= 20


def test_rows_that_sort_copies_together_need_few_passes(monkeypatch):
    """A pool holds copies of one row only, and has to grow."""
    passes = []
    blocks = Rows._blocks
    monkeypatch.setattr(Rows, "_blocks", lambda self: passes.append(1) or blocks(self))
    X = np.repeat(np.random.default_rng(0).normal(size=(200, 9)), 200, axis=0)
    rows = open_rows(X)
    found = farthest_first(rows, space_of(rows, "euclidean"), np.array([0]), 150)
    assert len(passes) <= 20
    assert (found.weights(150) >= 200).all()


def slow_quotas(X, start, size, codes, need, most):
    """Pick the farthest row whose group has room, one by one."""
    need, most = list(need), list(most)
    spare = size - sum(need)
    near, order, radii = np.full(len(X), np.inf), [], []
    for t in range(size):
        may = [n > 0 or (spare > 0 and m > 0) for n, m in zip(need, most, strict=True)]
        free = np.where(np.array(may)[codes], near, -1)
        row = start if t == 0 else int(np.argmax(free >= free.max() * (1 - 1e-9)))
        order.append(row)
        near = np.minimum(near, reference.sq_distances_from(X, row))
        radii.append(near.max())
        spare -= need[codes[row]] == 0
        need[codes[row]] = max(need[codes[row]] - 1, 0)
        most[codes[row]] -= 1
    return order, radii


@pytest.mark.parametrize("n_pool", [1, 8, 1024])
def test_the_farthest_row_whose_group_has_room(monkeypatch, n_pool):
    monkeypatch.setattr(farthest, "_POOL", n_pool)
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 4)) * [1, 1, 1, 3]
    codes = (X[:, 3] > 0).astype(int) + (X[:, 3] > 5)
    need, most = np.array([2, 5, 3]), np.array([30, 8, 3])
    rows = open_rows(X, block_rows=70)
    order, radii = slow_quotas(X, 4, 20, codes, need, most)
    room = Room(need * 1.0, most * 1.0, np.array([20.0 - need.sum()]))
    space = space_of(rows, "euclidean")
    found = farthest_first(rows, space, np.array([4]), 20, codes, room)
    assert_array_equal(found.order, order)
    assert_allclose(space.distances(found.squares) ** 2, radii)
    count = np.bincount(codes[found.order])
    assert (count >= need).all()
    assert (count <= most).all()

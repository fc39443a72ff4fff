"""Thinning equals a loop, whatever the cells, blocks and tiles."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from coreselect.coverage import Cells, thin, thinning
from coreselect.coverage.thinning import first_apart
from tests._kernels import reference_thinning as reference
from tests.coverage.test_farthest import data


@pytest.fixture
def small(monkeypatch):
    """Many cells, blocks and tiles also for few rows."""
    monkeypatch.setattr(thinning, "_PER_CELL", 8)
    monkeypatch.setattr(thinning, "_BLOCK", 50)
    monkeypatch.setattr(thinning, "_TILE", 16)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(50))
def test_kept_rows_are_those_of_a_loop(seed):
    X, weight = data(seed)
    X = X.astype(float)
    rng = np.random.default_rng(seed)
    far = ((X - X[0]) ** 2).sum(axis=1)
    square = float(np.quantile(far[far > 0], rng.random())) * 0.3
    cells = Cells(X, weight)
    order = [cells.order(), np.arange(len(X)), rng.permutation(len(X))][seed % 3]
    for most in (len(X), 5):
        kept, places = thin(X, order, square, cells, most)
        wanted, absorbed = reference.thin(X, order, square, most)
        assert_array_equal(kept, wanted)
        assert_array_equal(places, absorbed)
        assert_array_equal(first_apart(X, order, square, cells, most), wanted)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(10))
def test_sparse_rows_give_the_same_rows(seed):
    X, weight = data(seed)
    X = np.where(np.random.default_rng(seed).random(X.shape) < 0.6, 0, X).astype(float)
    A = sparse.csr_array(X)
    order = np.arange(len(X))
    square = float((X**2).sum(axis=1).mean())
    found = thin(A, order, square, Cells(A, weight), len(X))
    wanted = reference.thin(X, order, square, len(X))
    assert_array_equal(found[0], wanted[0])
    assert_array_equal(found[1], wanted[1])


@pytest.mark.usefixtures("small")
def test_cells_leave_out_no_row_that_is_near():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3)) + 5 * rng.integers(0, 2, (600, 3))
    cells = Cells(X, np.ones(600))
    rows = np.arange(600)
    left = thinning.bounding_rows(X - cells.origin)
    for radius in (0.01, 0.3, 1.5):
        reached = cells.reached(rows, left, radius)
        far = np.sqrt(((X[:, None] - X) ** 2).sum(axis=2))
        i, j = np.nonzero(far <= radius)
        assert reached[i, cells.labels[j]].all()
    assert cells.reached(rows, left, 0.01).mean() < 0.1  # it does leave rows out


def test_the_order_does_not_depend_on_the_unit():
    X = np.random.default_rng(0).normal(size=(700, 2))
    wanted = Cells(X, np.ones(700)).order()
    assert_array_equal(Cells(X * 2.0**70, np.full(700, 0.5)).order(), wanted)

"""Kernels of vector summation against their slow twins; run with JIT on and off."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect._kernels import vectorsum
from tests._kernels import reference_vectorsum as reference


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("size", "lead"), [(1, 0), (7, 0), (7, 4), (90, 0), (500, 3)])
def test_group_sums(rng, dtype, size, lead):
    V, weight = rng.standard_normal((200, 3)).astype(dtype), rng.random(200)
    V.flags.writeable = False
    got = vectorsum.group_sums(V, weight, size, lead)
    for found, wanted in zip(
        got, reference.group_sums(V, weight, size, lead), strict=True
    ):
        assert_allclose(found, wanted, rtol=1e-12, atol=1e-13)


def test_group_sums_of_nothing_are_totals(rng):
    totals, sums, magnitude = vectorsum.group_sums(np.empty((5, 0)), np.ones(5), 2, 1)
    assert_array_equal(totals, [1, 2, 2])
    assert sums.shape == (3, 0)
    assert magnitude.shape == (0,)


@pytest.mark.parametrize("seed", range(5))
def test_exchange(seed):
    rng = np.random.default_rng(seed)
    A = np.column_stack([np.ones(20), rng.standard_normal((20, 4))])
    weights = rng.random(20)
    owner, shares = vectorsum.exchange(A.copy(), weights)
    wanted, wanted_shares = reference.exchange(A, weights)
    assert_array_equal(owner, wanted)
    assert_allclose(shares, wanted_shares, rtol=1e-9)
    assert_allclose(shares @ A[owner], weights @ A, rtol=1e-12)


def test_exchange_leaves_out_dependent_columns(rng):
    A = rng.standard_normal((9, 2))
    A = np.column_stack([A[:, 0], 0.1 * A[:, 0] + 0.2 * A[:, 1], A[:, 1], np.zeros(9)])
    owner, shares = vectorsum.exchange(A.copy(), np.ones(9))
    assert_array_equal(owner >= 0, [True, True, False, False])
    assert_array_equal(shares[2:], [0, 0])
    assert_allclose(shares[:2] @ A[owner[:2]], A.sum(axis=0), atol=1e-13)


def test_exchange_ignores_coefficients_that_are_rounding():
    """The second row has no weight to give: at -1e-17 it must not be the pivot."""
    A = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, -1e-17]])
    owner, shares = vectorsum.exchange(A, np.array([1.0, 0.0, 2.0]))
    assert_array_equal(owner, [0, 1])
    assert_array_equal(shares, [2.0, 0.0])


def test_exchange_takes_the_first_of_equal_pivots():
    A = np.array([[1 - 1e-15], [1.0], [1 + 1e-15]])
    owner, shares = vectorsum.exchange(A, np.ones(3))
    assert_array_equal(owner, [0])
    assert_allclose(shares, 3)

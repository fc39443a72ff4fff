"""Powers of two and chunks: no digit is lost, nothing overflows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect._numbers import (
    chunks,
    exponent,
    largest_entry,
    orthonormal_in_order,
    power_of_two,
    to_dense,
)


@pytest.mark.parametrize("number", [5e-324, 1e-310, 0.3, 1.0, 7e11, 1.7e308])
def test_numbers_times_their_power_are_near_one(number):
    power = power_of_two(number)
    assert isinstance(power, float)
    assert np.log2(power) == round(np.log2(power))
    assert np.isfinite(1 / power)
    if 1e-300 < number < 1e300:
        assert 0.5 <= number * power < 1
        assert exponent(number) == -np.log2(power)


def test_zero_has_the_power_one_and_arrays_have_one_power_per_entry():
    assert power_of_two(0.0) == 1.0
    assert_array_equal(power_of_two(np.array([0.0, 3.0, 1e-9])), [1.0, 0.25, 2.0**29])
    assert power_of_two(1e-300, most=500) == 2.0**500


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
def test_chunks_together_are_the_rows(hold):
    X = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    X[X < 0.5] = 0.0
    for size in (7, 50, 64):
        found = list(chunks(hold(X), 4.0, size))
        assert [start for start, _ in found] == list(range(0, 50, size))
        assert {part.dtype for _, part in found} == {np.dtype(np.float64)}
        assert_array_equal(np.vstack([to_dense(part) for _, part in found]), 4.0 * X)
    assert largest_entry(hold(-X)) == X.max()
    assert largest_entry(hold(np.zeros((0, 3)))) == 0.0


def test_columns_become_orthonormal_in_their_order():
    A = np.random.default_rng(0).normal(size=(50, 4)) * [1.0, 1e-8, 1e8, 1.0]
    transform = orthonormal_in_order(np.linalg.qr(A, mode="r"), 1e-10)
    assert_allclose((A @ transform).T @ (A @ transform), np.eye(4), atol=1e-12)
    assert_allclose(np.tril(transform, -1), 0)
    assert (np.diag(transform) > 0).all()


def test_columns_that_depend_on_others_are_left_out():
    """Also if rounding is large beside a column: c is 1e6 times a difference."""
    a, c = np.random.default_rng(0).normal(size=(2, 5000))
    b = a + 1e-6 * c
    for columns in ([a, b, b - a], [a, b, c], [a, 0 * a, 3 * a, c]):
        factor = np.linalg.qr(np.column_stack(columns), mode="r")
        transform = orthonormal_in_order(factor, 1e-10)
        kept = np.flatnonzero(transform.any(axis=1))
        assert transform.shape[1] == len(kept) == 2
        assert kept[0] == 0

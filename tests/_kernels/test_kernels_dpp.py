"""The kernels of determinantal processes against their twins; with JIT on and off."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect._kernels import dpp
from tests._kernels import reference_dpp as reference


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def proposals(rng, n=200, m=6):
    rows = rng.standard_normal((n, m))
    rows[::9] = rows[0]  # proposed again
    numbers = np.arange(n)
    numbers[::9] = 0
    return rows, numbers, rng.random(n) * (rows**2).sum(axis=1)


def test_accept_matches_its_twin(rng):
    rows, numbers, levels = proposals(rng)
    chosen, wanted = np.full(5, -1), np.full(5, -1)
    basis, other = np.zeros((6, 6)), np.zeros((6, 6))
    first = dpp.accept(rows[:3], numbers[:3], levels[:3], chosen, basis)
    assert first == reference.accept(rows[:3], numbers[:3], levels[:3], wanted, other)
    assert dpp.accept(rows[3:], numbers[3:], levels[3:], chosen, basis) == 5
    assert reference.accept(rows[3:], numbers[3:], levels[3:], wanted, other) == 5
    assert_array_equal(chosen, wanted)
    assert_allclose(basis, other, atol=1e-12)
    assert_allclose(basis[:5] @ basis[:5].T, np.eye(5), atol=1e-14)


def test_accept_keeps_the_basis_orthonormal_for_nearly_equal_rows(rng):
    """Rows 1e-6 apart: one pass of Gram-Schmidt would leave 1e-10."""
    rows = rng.standard_normal(4) + 1e-6 * rng.standard_normal((4, 4))
    basis, chosen = np.zeros((4, 4)), np.full(3, -1)
    assert dpp.accept(rows, np.arange(4), np.zeros(4), chosen, basis) == 3
    assert_allclose(basis[:3] @ basis[:3].T, np.eye(3), atol=1e-14)


def test_take_out_matches_its_twin(rng):
    U = rng.standard_normal((50, 4))
    left = (U**2).sum(axis=1)
    left[:5] = 0  # rows already chosen stay out
    wanted = left.copy()
    directions = np.linalg.qr(rng.standard_normal((4, 2)))[0].T.copy()
    dpp.take_out(left, U, directions)
    reference.take_out(wanted, U, directions)
    assert_allclose(left, wanted, atol=1e-13)
    dpp.take_out(left, U, np.eye(4))  # every direction: nothing is left, nor less
    assert left.min() >= 0
    assert left.max() < 1e-13


def test_binomial_table_matches_its_twin(rng):
    chances = rng.random(7)
    assert_allclose(
        dpp.binomial_table(chances, 4),
        reference.binomial_table(chances, 4),
        atol=1e-15,
    )


def test_binomial_choice_matches_its_twin(rng):
    chances = rng.random(9)
    table = dpp.binomial_table(chances, 4)
    for _ in range(50):
        uniforms = rng.random(9)
        found = dpp.binomial_choice(chances, table, uniforms)
        assert_array_equal(found, reference.binomial_choice(chances, table, uniforms))
        assert len(found) == 4


@pytest.mark.parametrize("size", [1, 3, 7])
def test_binomial_marginals_match_exact_fractions(rng, size):
    """To relative accuracy, from chances of 1e-12 to 1 - 1e-12."""
    chances = np.append(rng.random(5), [1e-12, 1e-6, 0.5, 0.5, 1 - 1e-12])
    found = dpp.binomial_marginals(chances, size)
    assert_allclose(found, reference.binomial_marginals(chances, size), rtol=1e-10)
    assert_allclose(found.sum(), size, rtol=1e-12)

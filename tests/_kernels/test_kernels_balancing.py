"""Balanced draws and k-d order, beside slow twins in NumPy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect._kernels import balancing, ordering
from tests._kernels import reference_balancing


def problem(seed):
    """A small population; half of them with equal rows, whole numbers and zeros."""
    rng = np.random.default_rng(seed)
    n, p = rng.integers(1, 14), rng.integers(1, 5)
    chances = rng.uniform(0.02, 0.98, n)
    columns = rng.normal(size=(n, p))
    if seed % 2:
        chances = rng.choice([0.25, 0.5], n)
        columns = rng.integers(-1, 2, (n, p)).astype(float)
    columns[:, 0] = 1.0
    return chances, columns, rng.random(n), rng.random(p)


def draw(chances, columns, uniforms, landing):
    walk = balancing.start_walk(columns.shape[1])
    rows = np.arange(len(chances))
    flown = balancing.fly(columns, chances, uniforms, rows, walk)
    return np.sort(np.append(flown, balancing.land(landing, walk))), walk


@pytest.mark.parametrize("seed", range(60))
def test_steps_equal_those_of_the_slow_twin(seed):
    given = problem(seed)
    assert_array_equal(draw(*given)[0], reference_balancing.cube(*given))


@pytest.mark.parametrize("seed", range(20))
def test_the_flight_keeps_all_totals(seed):
    chances, columns, uniforms, _ = problem(seed)
    walk = balancing.start_walk(columns.shape[1])
    every = np.arange(len(chances))
    rows = balancing.fly(columns, chances, uniforms, every, walk)
    open_rows = walk.rows >= 0
    left = walk.chance[open_rows] @ columns[walk.rows[open_rows]]
    assert_allclose(columns[rows].sum(axis=0) + left, chances @ columns, atol=1e-12)


def test_consecutive_flights_are_one_flight():
    chances, columns, uniforms, landing = problem(0)
    whole, _ = draw(chances, columns, uniforms, landing)
    walk = balancing.start_walk(columns.shape[1])
    parts = [
        balancing.fly(columns[k], chances[k], uniforms[k], k, walk)
        for k in np.arange(len(chances))[:, None]
    ]
    parts.append(balancing.land(landing, walk))
    assert_array_equal(np.sort(np.concatenate(parts)), whole)


def test_a_basis_that_drifted_is_inverted_anew():
    """The walk goes on with the right inverse, however wrong the given one is."""
    chances, columns, uniforms, landing = problem(4)
    whole, _ = draw(chances, columns, uniforms, landing)
    walk = balancing.start_walk(columns.shape[1])
    a, b = np.array_split(np.arange(len(chances)), 2)
    first = balancing.fly(columns[a], chances[a], uniforms[a], a, walk)
    walk.inverse[:] += 0.01
    last = balancing.fly(columns[b], chances[b], uniforms[b], b, walk)
    rows = np.concatenate([first, last, balancing.land(landing, walk)])
    assert_array_equal(np.sort(rows), whole)


@pytest.mark.parametrize("seed", range(12))
def test_leaves_are_in_the_order_of_the_slow_twin(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rng.integers(0, 40), 3))
    if seed % 2:  # ties, and leaves of equal rows
        values = np.round(values)
    assert_array_equal(
        ordering.leaf_order(values), reference_balancing.leaf_order(values)
    )

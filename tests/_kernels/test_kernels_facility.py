"""Kernels of facility location against their twins."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect._kernels import facility as kernels
from coreselect._kernels.facility import Clients, Shape
from coreselect._kernels.nearest import Points
from tests._kernels import reference_facility as reference

N = 150  # more than two groups of lanes


@pytest.fixture(params=[(0, 0.5), (1, 1.0), (2, 0.3)], ids=["euclidean", "cos", "rbf"])
def setting(request):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, 3))
    if request.param[0] == 1:
        X /= np.sqrt((X**2).sum(axis=1))[:, None]
    squares = ((X[:, None] - X) ** 2).sum(axis=2)
    shape, served = Shape(*request.param), rng.random(N) * 0.6
    S = reference.similarities(*request.param, squares)
    needed = np.full(N, -np.inf, dtype=np.float32)
    needed[::2] = np.where((served < S).any(axis=0), -50, 0)[::2]
    bounds = (-squares * (1 - 1e-6)).astype(np.float32)
    bounds[3, 5] = np.nan  # not known
    clients = Clients(Points(X, None, None), rng.random(N), served, needed)
    return clients, shape, S, bounds


def test_gains_and_bounds_of_gains(setting):
    clients, shape, S, bounds = setting
    rows = np.array([3, 0, 149])
    wanted = reference.gains(S[rows], clients.weight, clients.served)
    part = bounds[rows], clients.points, rows, clients, shape
    assert_allclose(kernels.gains(*part, True), wanted, rtol=1e-12)
    above = kernels.gains(*part, False)
    assert (above >= wanted * (1 - 1e-12)).all()
    assert_allclose(above[1:], wanted[1:], rtol=1e-4)


def test_first_gains_are_near_the_gains(setting):
    clients, shape, S, bounds = setting
    weight, kind = clients.weight.astype(np.float32), shape.kind
    if kind == kernels.RBF:
        bounds, kind = np.exp(bounds * np.float32(shape.factor)), kernels.GIVEN
    found = kernels.first_gains(bounds, weight, kind, np.float32(shape.factor))
    wanted = reference.gains(S, clients.weight, 0.0)
    wanted[3] += clients.weight[5] * (1 - S[3, 5])  # the NaN counts as one
    assert_allclose(found, wanted, rtol=1e-5)


def test_pairs_that_matter_and_their_gains(setting):
    clients, shape, S, bounds = setting
    rows = np.arange(N)
    most = kernels.count_pairs(bounds, clients.needed)
    counts, numbers, values = reference.pairs(S, clients.served)
    assert (most >= counts).all()
    starts = np.concatenate([[0], np.cumsum(most)])
    found = np.empty(starts[-1], dtype=np.int32)
    similar = np.empty(starts[-1])
    part = bounds, clients.points, rows, clients, shape, starts[:-1], found, similar
    assert_array_equal(kernels.find_pairs(*part), counts)
    kept = np.concatenate(
        [np.arange(a, a + b) for a, b in zip(starts[:-1], counts, strict=True)]
    )
    assert_array_equal(found[kept], numbers)
    assert_allclose(similar[kept], values, rtol=1e-12)
    starts = np.concatenate([[0], np.cumsum(counts)])
    stored = starts, found[kept], similar[kept], rows
    more = clients.served + 0.05
    assert_allclose(
        kernels.stored_gains(*stored, clients.weight, more),
        reference.gains(S, clients.weight, more),
    )
    assert_array_equal(kernels.count_servers(*stored, more), (more < S).sum(axis=0))


def test_similarities(setting):
    clients, shape, S, _ = setting
    rows = np.array([7, 2])
    block = kernels.similarity_block(clients.points, rows, clients.points, shape, N)
    assert_allclose(block, S[rows], rtol=1e-12)
    squares = np.array([0.0, 0.25, 3.0])
    wanted = reference.similarities(*shape, squares)
    assert_allclose(kernels.similarities(shape, squares), wanted)

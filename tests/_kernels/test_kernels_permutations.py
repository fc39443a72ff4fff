"""The keyed permutation: its twin, bijection, inverse, and how random pairs look."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coreselect._kernels.permutations import locate_permuted, permute
from coreselect.samplers import rounds as rounds_module
from coreselect.samplers.rounds import Keyed
from tests._kernels import reference_permutations as reference

N = 50
KEYS = 6000


@pytest.fixture(autouse=True)
def _wrapping_integers():
    """Without JIT, NumPy scalars warn where 64-bit products wrap as they should."""
    with np.errstate(over="ignore"):
        yield


def keyed(n, seed=0):
    return Keyed(n, np.random.default_rng(seed))


@pytest.mark.parametrize("n", [1, 2, 3, 10, 99, 1000, 2**40 + 7])
def test_permute_matches_its_twin(n):
    key = keyed(n)._key
    positions = np.unique(np.linspace(0, n - 1, 40).astype(np.int64))
    assert_array_equal(permute(positions, *key), reference.permute(positions, *key))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10, 97, 100, 101, 1000])
def test_every_number_comes_once_and_the_inverse_finds_it(n):
    for seed in range(5):
        rows = keyed(n, seed).rows(0, n)
        assert_array_equal(np.sort(rows), np.arange(n))
        assert_array_equal(keyed(n, seed).positions(rows), np.arange(n))


def test_the_inverse_of_huge_numbers():
    n = 2**61 + 11
    positions = np.array([0, 1, 2**33, n - 1])
    rows = permute(positions, *keyed(n)._key)
    assert (rows >= 0).all()
    assert (rows < n).all()
    assert_array_equal(locate_permuted(rows, *keyed(n)._key), positions)


def pairs_z(places):
    """Chi-square of the pairs at `places`, over many keys, as a standard normal."""
    counts = np.zeros((N, N))
    rng = np.random.default_rng(3)
    for _ in range(KEYS):
        a, b = permute(np.array(places), *Keyed(N, rng)._key)
        counts[a, b] += 1
    assert not counts.diagonal().any()
    off = counts[~np.eye(N, dtype=bool)]
    cells = len(off)
    expected = KEYS / cells
    chi_square = ((off - expected) ** 2 / expected).sum()
    return (chi_square - (cells - 1)) / np.sqrt(2 * (cells - 1))


@pytest.mark.skipif(not hasattr(permute, "py_func"), reason="needs compiled kernels")
@pytest.mark.parametrize("places", [(0, 1), (0, N - 1), (7, 8), (20, 31)])
def test_pairs_are_uniform(places, monkeypatch):
    """R = 6,000 keys, 2,450 pairs, |z| < 4.5; two half-steps are found out."""
    assert abs(pairs_z(places)) < 4.5
    monkeypatch.setattr(rounds_module, "_N_STEPS", 1)
    assert pairs_z(places) > 4.5

"""The kernels of halving equal their twins."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect._kernels.halving import flip_pairs, sign_pairs
from tests._kernels import reference_kernel_means as reference


def kernel(seed, n):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2)) if seed % 2 else rng.integers(0, 3, (n, 2))
    return np.exp(-0.5 * ((X[:, None] - X) ** 2).sum(axis=2)), rng.random(n // 2)


@pytest.mark.parametrize("seed", range(10))
def test_signs_are_those_of_the_sums(seed):
    K, uniforms = kernel(seed, 26)
    signs, field, spread = np.zeros(26), np.zeros(26), 0.0
    for start in (0, 10, 20):  # in parts
        part = K[start : start + 10]
        spread = sign_pairs(part, start, uniforms, spread, signs, field)
    assert_array_equal(signs, reference.sign_pairs(K, uniforms))
    assert_allclose(field, K @ signs, atol=1e-12)
    wanted, count = reference.flip_pairs(K, signs)
    found = sum(flip_pairs(K[s : s + 10], s, signs, field) for s in (0, 10, 20))
    assert_array_equal(signs, wanted)
    assert found == count
    assert_allclose(field, K @ signs, atol=1e-12)


def test_copies_are_split_by_chance_alone():
    K = np.ones((4, 4))
    for uniforms, wanted in (
        ([0.2, 0.7], [-1, 1, 1, -1]),
        ([0.7, 0.2], [1, -1, -1, 1]),
    ):
        signs, field = np.zeros(4), np.zeros(4)
        assert sign_pairs(K, 0, np.array(uniforms), 0.0, signs, field) == 0.0
        assert_array_equal(signs, wanted)
        assert flip_pairs(K, 0, signs, field) == 0

"""The kernel of Stein thinning equals its twin."""

import numpy as np
from numpy.testing import assert_allclose

from coreselect._kernels.stein import add_stein_values
from tests._kernels.reference_kernel_means import stein_matrix


def test_values_of_one_row_are_added():
    rng = np.random.default_rng(0)
    X, gradients = rng.normal(size=(2, 9, 3))
    X[4], gradients[4] = X[2], gradients[2]
    wanted = stein_matrix(X, gradients, 1.7)[:, 2] * 1.7**2
    sums, sizes = np.ones(9), np.ones(9)
    row = np.stack([X[2], gradients[2]])
    add_stein_values(X, gradients, row, 1.7**-2, sums, sizes)
    assert_allclose(sums, 1 + wanted, rtol=1e-12)
    assert_allclose(sizes, 1 + np.abs(wanted), rtol=1e-12)
    assert sums[4] == sums[2]  # to the bit

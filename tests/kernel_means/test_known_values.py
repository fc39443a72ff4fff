"""Values on six points of a line, computed once by enumeration and by a linear system.

The kernel is ``exp(-0.1 (x - y)**2)`` on the points 0, 1, 2, 7, 8 and 20.
"""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from coreselect.kernel_means import herd, mean_of
from coreselect.rows import open as open_rows

LINE = np.array([[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]])


def squared_discrepancy(mean, rows, weights):
    within = weights @ mean.gram(rows) @ weights
    return within - 2 * weights @ mean.values[rows] + mean.square


def test_herding_on_a_line():
    mean = mean_of(open_rows(LINE), gamma=0.1)
    order = herd(mean, 6).order
    assert_array_equal(order[:3], [1, 3, 5])
    found = [squared_discrepancy(mean, order[:t], np.full(t, 1 / t)) for t in (1, 2, 3)]
    assert_allclose(found, [0.415080512, 0.065867769, 0.050841007], rtol=1e-8)


def test_weights_of_any_sign_and_sum_solve_a_linear_system():
    mean = mean_of(open_rows(LINE), gamma=0.1)
    rows = np.array([1, 3, 5])
    weights = np.linalg.solve(mean.gram(rows), mean.values[rows])
    assert_allclose(weights, [0.46521482, 0.32423739, 0.16666675], atol=1e-8)
    assert_allclose(squared_discrepancy(mean, rows, weights), 0.0056533493, rtol=1e-8)

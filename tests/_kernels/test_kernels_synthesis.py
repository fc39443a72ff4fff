"""The kernel that interpolates: its twin, bit for bit, and what overflows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect._kernels.synthesis import interpolate
from tests._kernels import reference_synthesis as reference


def made(X, base, neighbor, step, shrink=()):
    out = np.empty((len(base), X.shape[1]), dtype=X.dtype)
    base, neighbor = np.array(base), np.array(neighbor)
    with np.errstate(over="ignore"):
        interpolate(X, base, neighbor, np.array(step), np.array(shrink, float), out)
    return out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shrinks", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_interpolate_matches_its_twin(dtype, shrinks, order):
    rng = np.random.default_rng(0)
    X = np.asarray(rng.normal(size=(30, 5)) * 1e3, dtype=dtype, order=order)
    base, neighbor = rng.integers(30, size=(2, 200))
    step = rng.random(200)
    shrink = rng.random(200) if shrinks else np.empty(0)
    assert_array_equal(
        made(X, base, neighbor, step, shrink),
        reference.interpolate(X, base, neighbor, step, shrink),
    )


def test_no_new_rows():
    X = np.ones((2, 3))
    none = np.empty(0, dtype=np.int64)
    assert made(X, none, none, np.empty(0)).shape == (0, 3)


def test_a_difference_that_overflows_is_a_mean_instead():
    """From -1.5e308 to 1.5e308 is farther than the largest number."""
    X = np.array([[-1.5e308], [1.5e308]])
    assert_allclose(made(X, [0, 0], [1, 1], [0.5, 0.25]), [[0.0], [-0.75e308]])
    assert_allclose(made(X, [0], [1], [0.5], [0.5]), [[-0.75e308]])

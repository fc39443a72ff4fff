"""Rules that hold for every resampler, whatever holds the rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import coreselect
from coreselect.selection import Synthesis
from coreselect.testing._resamplers import _fitted, _seeded

EXAMPLES = [
    example
    for cls in coreselect.all_resamplers().values()
    for example in cls.examples()
]


def ids(resampler):
    return repr(resampler).replace("\n", "")[:60]


# --- sums over rows run in float64 ---


def singles(n=3000, offset=0.0):
    """Rows that float32 holds exactly; at an offset of 1e4 a sum of them does not."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [n - n // 5, n // 5])
    X = rng.standard_normal((n, 3)) + 0.8 * y[:, np.newaxis]
    X = np.rint(X * 512) / 512 + offset
    X[:, -1] = rng.integers(3, size=n)
    return X.astype(np.float32), y


def assert_same_recipes(one, other, unit=1.0):
    """Assert equality, with what is measured in units of the features up to 1e-6.

    Sums of 3000 float64 numbers of 1e4 are right to 3000 x 1e4 x 1e-16, that is 3e-9.
    """
    assert_array_equal(one.indices, other.indices)
    if not isinstance(one, Synthesis):
        return
    for part, wanted in zip(one.parts, other.parts, strict=True):
        for name, value in vars(wanted).items():
            got = getattr(part, name)
            if name in ("scale", "values") and value is not None:
                assert_allclose(got, value * unit, rtol=1e-6)
            elif isinstance(value, np.ndarray):
                assert_array_equal(got, value)


# The precision of an estimator that the user gives is up to that estimator.
OWN = [
    example
    for example in EXAMPLES
    if getattr(example, "estimator", None) is None
    and getattr(example, "protocol", "coreselect") == "coreselect"
]


# Combined methods clean rows as they are returned, rounded to float32.
@pytest.mark.parametrize(
    "resampler", [r for r in OWN if not hasattr(r, "smote")], ids=ids
)
def test_float32_decides_as_float64_does(resampler):
    X, y = singles(1200, offset=1e4)
    resampler = _seeded(resampler)
    found = _fitted(resampler, X, y).selection_
    assert_same_recipes(found, _fitted(resampler, X.astype(float), y).selection_)


@pytest.mark.parametrize("unit", [2.0**70, 2.0**-70])
@pytest.mark.parametrize("resampler", OWN, ids=ids)
def test_squares_of_float32_neither_overflow_nor_vanish(resampler, unit):
    X, y = singles(300)
    resampler = _seeded(resampler)
    wanted = _fitted(resampler, X, y).selection_
    found = _fitted(resampler, X * np.float32(unit), y).selection_
    assert_same_recipes(found, wanted, unit)

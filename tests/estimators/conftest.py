"""Data of the tests of estimators."""

import numpy as np
import pytest
import sklearn
from sklearn.datasets import make_classification, make_regression

from tests.estimators.recorders import numbered


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.fixture
def regression():
    return make_regression(200, 4, noise=5.0, random_state=0)


@pytest.fixture
def classification():
    return make_classification(300, 5, random_state=0)


@pytest.fixture
def rare():
    """100 rows, of which 60 and 80 alone are of class "c"; no seed 0 selects them."""
    y = np.array(["a", "b"] * 50, dtype=object)
    y[[60, 80]] = "c"
    return numbered(100), y

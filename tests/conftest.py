"""Settings of the whole suite."""

import numpy as np  # noqa: F401  (loaded before its threads are limited)
import pytest
import scipy.linalg  # noqa: F401
import sklearn.utils  # noqa: F401
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Small matrices gain nothing from more, and lose much on a busy machine."""
    with threadpool_limits(1):
        yield

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


@pytest.fixture
def views():
    """Skip where pyarrow has views of text but can do nothing with them (16)."""
    import pyarrow as pa

    try:
        pa.array(["a"], pa.string_view()).cast(pa.large_string())
    except pa.ArrowNotImplementedError:
        pytest.skip(f"pyarrow {pa.__version__} cannot cast views")

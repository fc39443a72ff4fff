"""Settings of the whole suite."""

import inspect
import os
import re
from functools import cache

import numpy as np  # loaded before its threads are limited
import pytest
import scipy.linalg  # noqa: F401
import sklearn.utils  # noqa: F401
from hypothesis import settings
from threadpoolctl import threadpool_limits

# The same cases in every run, however busy the machine is.
settings.register_profile(
    "coreselect", derandomize=True, deadline=None, database=None, max_examples=60
)
settings.load_profile("coreselect")

# How a test of counts and means states its threshold (test_dpp: RIGHT, a p-value).
THRESHOLD = re.compile(r"[<>] -?(4\.5|Z|RIGHT)\b|(within|as rare as) .*4\.5")


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Small matrices gain nothing from more, and lose much on a busy machine."""
    with threadpool_limits(1):
        yield


# --- Other seeds for statistical tests ------------------------------------------------


@cache
def _is_statistical(function):
    """Whether the test, or a helper in its module that it names, has the threshold."""
    source = inspect.getsource(function)
    named = map(function.__globals__.get, set(re.findall(r"\w+", source)))
    helpers = [
        inspect.getsource(helper)
        for helper in named
        if inspect.isfunction(helper) and helper.__module__ == function.__module__
    ]
    return any(map(THRESHOLD.search, [source, *helpers]))


def pytest_itemcollected(item):
    if isinstance(item, pytest.Function) and _is_statistical(item.function):
        item.add_marker(pytest.mark.statistical)


class OtherSeedSequence(np.random.SeedSequence):
    """Adds $CORESELECT_TEST_SEED to every key, so that every stream is another one."""

    def __init__(self, entropy=None, *, spawn_key=(), **options):
        spawn_key = *spawn_key, int(os.environ["CORESELECT_TEST_SEED"])
        super().__init__(entropy, spawn_key=spawn_key, **options)


def other_rng(seed=None, original=np.random.default_rng):
    """`default_rng` whose numbers for an int are others too."""
    if isinstance(seed, (int, np.integer, list, tuple)):
        seed = OtherSeedSequence(seed)
    return original(seed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """With $CORESELECT_TEST_SEED set, statistical tests run on other numbers.

    Fixtures stay: on the data that they make, a wrong twin must be found out.
    """
    with pytest.MonkeyPatch.context() as patch:
        marked = item.get_closest_marker("statistical")
        if marked and os.environ.get("CORESELECT_TEST_SEED"):
            patch.setattr(np.random, "SeedSequence", OtherSeedSequence)
            patch.setattr(np.random, "default_rng", other_rng)
        return (yield)

"""Checks of the promises of selectors and resamplers, for this package and for others.

Each function ``check_...(selector)`` holds an unfitted selector to one invariant and
raises an `AssertionError` that says what was broken. They read what a selector promises
from its tags and make no exception by name.
"""

from typing import Any

from sklearn.utils import get_tags

from coreselect.testing import _resamplers, _selectors, _shared, _streams
from coreselect.testing._resamplers import RESAMPLER_CHECKS as RESAMPLER_CHECKS
from coreselect.testing._selectors import CHECKS as CHECKS

__all__ = ["check_selector"]


def check_selector(selector: Any) -> None:
    """Hold a selector or a resampler to every invariant of the package.

    Parameters
    ----------
    selector : BaseSelector or BaseResampler
        Unfitted; any that can be fitted to 60 rows of 4 features. A selector whose tag
        `bounded` is set is checked at another size where these rows do not allow its
        own. The neighbours of a resampler should be few: the smallest class has 12.

    Raises
    ------
    AssertionError
        If an invariant is broken; the message names it.

    See Also
    --------
    sklearn.utils.estimator_checks.check_estimator : scikit-learn's own checks, which
        every selector and resampler passes too.

    Notes
    -----
    About a second for a cheap selector: a few hundred selections from 60 rows.

    Examples
    --------
    >>> from coreselect import SMOTE, UniformSelector
    >>> from coreselect.testing import check_selector
    >>> check_selector(UniformSelector(10))
    >>> check_selector(SMOTE(k_neighbors=3))
    """
    resamples = get_tags(selector).estimator_type == "sampler"
    for check in RESAMPLER_CHECKS if resamples else CHECKS:
        check(selector)


def __getattr__(name):
    """Find single checks, such as ``testing.check_sizes``."""
    if name.startswith("check_"):
        for module in (_shared, _selectors, _streams, _resamplers):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module 'coreselect.testing' has no attribute {name!r}")

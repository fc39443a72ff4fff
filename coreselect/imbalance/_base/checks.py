"""Errors about constructor parameters, in the words of scikit-learn."""

import numbers
import re

import numpy as np


class InvalidParameterError(ValueError, TypeError):
    """A constructor parameter cannot be what it is."""


def check_random_state_type(name, value, *, legacy):
    """Raise unless `value` is a random state; of imbalanced-learn's, no Generator."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    kinds = (np.random.RandomState, *(() if legacy else (np.random.Generator,)))
    fits = whole and value >= 0 and not (legacy and value >= 2**32)
    if value is None or isinstance(value, kinds) or fits:
        return
    number = "from 0 to 2**32 - 1" if legacy else "of at least 0"
    names = "a RandomState" if legacy else "a RandomState, a Generator"
    raise ValueError(f"{name} must be None, an int {number} or {names}, got {value!r}.")


def as_scikit_learn(message, owner):
    """Return a message in the words that users of imbalanced-learn may look for."""
    pattern = r"(\w+) must be (.*), got (.*)\."
    found = re.fullmatch(pattern, message, flags=re.DOTALL)
    if found is None:
        return message
    name, wanted, value = found.groups()
    return f"The '{name}' parameter of {owner} must be {wanted}. Got {value} instead."

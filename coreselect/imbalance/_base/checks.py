"""Errors about constructor parameters, in the words of scikit-learn."""

import re


class InvalidParameterError(ValueError, TypeError):
    """A constructor parameter cannot be what it is."""


def as_scikit_learn(message, owner):
    """Return a message in the words that users of imbalanced-learn may look for."""
    pattern = r"(\w+) must be (.*), got (.*)\."
    found = re.fullmatch(pattern, message, flags=re.DOTALL)
    if found is None:
        return message
    name, wanted, value = found.groups()
    return f"The '{name}' parameter of {owner} must be {wanted}. Got {value} instead."

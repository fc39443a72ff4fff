"""Checks of constructor parameters, and their errors in the words of scikit-learn."""

import numbers
import re
from dataclasses import dataclass

from coreselect._validation import Integer


class InvalidParameterError(ValueError, TypeError):
    """A constructor parameter has an invalid value."""


def as_scikit_learn(message, owner):
    """Return a message in the words that imbalanced-learn and its tests have."""
    pattern = r"(\w+) must be (.*), got (.*)\."
    found = re.fullmatch(pattern, message, flags=re.DOTALL)
    if found is None:
        return message
    name, wanted, value = found.groups()
    return f"The '{name}' parameter of {owner} must be {wanted}. Got {value} instead."


@dataclass(frozen=True)
class Neighbors(Integer):
    """A constructor parameter: an int, or an object with ``kneighbors``."""

    minimum: float = 1

    def __call__(self, name, value):
        if not hasattr(value, "kneighbors"):
            super().__call__(name, value)


@dataclass(frozen=True)
class Classifier(Integer):
    """A constructor parameter: an int, or a nearest-neighbour classifier."""

    minimum: float = 1

    def __call__(self, name, value):
        if hasattr(value, "predict"):
            return
        if hasattr(value, "kneighbors"):
            raise TypeError(
                f"{name} must be None, an int or a classifier such as "
                f"KNeighborsClassifier, got {value!r}, which cannot predict."
            )
        super().__call__(name, value)


@dataclass(frozen=True)
class Estimator:
    """A constructor parameter: None, or an object with certain methods."""

    methods: tuple = ("fit", "predict")

    def __call__(self, name, value):
        missing = [m for m in self.methods if not hasattr(value, m)]
        if value is not None and (missing or isinstance(value, type)):
            raise TypeError(
                f"{name} must be None or an estimator with {' and '.join(self.methods)}"
                f", got {value!r}."
            )


@dataclass(frozen=True)
class EstimatorOrCount(Estimator):
    """A constructor parameter: None, an int of at least 1, or an estimator."""

    def __call__(self, name, value):
        if isinstance(value, numbers.Real):
            Integer(1)(name, value)
        else:
            super().__call__(name, value)


@dataclass(frozen=True)
class InstanceOf:
    """A constructor parameter: a sampler of a class, such as an `example`."""

    kind: type
    example: str = ""

    def __call__(self, name, value):
        if not isinstance(value, self.kind):
            raise TypeError(
                f"{name} must be a sampler of coreselect such as "
                f"{self.example or self.kind.__name__}(), got {value!r}."
            )

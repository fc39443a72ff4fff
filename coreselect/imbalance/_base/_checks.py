"""Errors about constructor parameters, and the tags that resamplers carry."""

import numbers
import re
from dataclasses import dataclass, fields

import numpy as np
from sklearn.utils import InputTags, Tags, TargetTags

from coreselect.base import SamplerTags, SelectorTags


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


def as_scikit_learn(message, name, owner):
    """Return a message in the words that users of imbalanced-learn may look for."""
    found = re.fullmatch(f"{name} must be (.*), got (.*)\\.", message, flags=re.DOTALL)
    if found is None:
        return message
    wanted, value = found.groups()
    return f"The '{name}' parameter of {owner} must be {wanted}. Got {value} instead."


@dataclass(slots=True)
class _InputTags(InputTags):
    dataframe: bool = True


@dataclass(slots=True)
class _Tags(Tags):
    selector_tags: SelectorTags | None = None
    sampler_tags: SamplerTags | None = None


def resampler_tags(tags, selector_tags, sampler_tags, **input_tags):
    """Return tags of scikit-learn with what resamplers add to them."""
    inherited = {field.name: getattr(tags, field.name) for field in fields(tags)}
    given = {
        field.name: getattr(tags.input_tags, field.name)
        for field in fields(tags.input_tags)
    }
    return _Tags(
        **inherited
        | {
            "input_tags": _InputTags(**given | input_tags),
            "estimator_type": "sampler",
            "target_tags": TargetTags(required=True),
            "transformer_tags": None,
        },
        selector_tags=selector_tags,
        sampler_tags=sampler_tags,
    )

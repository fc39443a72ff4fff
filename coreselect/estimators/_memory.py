"""Fitted selectors in a cache, whose keys hold the source of functions.

joblib knows a function by its name alone: it would take an edited loss for the old one.
"""

import functools
import inspect
import types
from pickle import PicklingError

from sklearn.utils.validation import check_memory


def fit_cached(memory, selector, rows, key, params):
    """Return the selector fitted to rows that `key` stands for, maybe from the cache.

    Parameters
    ----------
    memory : str or joblib.Memory
    selector : selector
        Fitted in place where the cache does not have it.
    rows : Rows
    key : tuple
    params : dict
        Further keywords of its `fit`.
    """
    # joblib compares what the selector holds by value, but functions by name alone.
    sources = {
        name: _source(value, name)
        for name, value in selector.get_params(deep=True).items()
    }
    fit = check_memory(memory).cache(_fit, ignore=["rows"])
    try:
        return fit(selector, sources, key, params, rows)
    except PicklingError as error:
        raise ValueError(
            f"memory= cannot store this {type(selector).__name__}: {error}. Define its "
            "functions and classes at the top of a module, or leave memory= out."
        ) from error


def _fit(selector, sources, key, params, rows):
    return selector.fit(rows, **params)


def _source(value, name):
    """Return module, name and source of a function, and None for anything else."""
    if isinstance(value, functools.partial):  # its arguments are in the key already
        return _source(value.func, name)
    if not isinstance(value, types.FunctionType):
        return None
    if "<" in value.__qualname__:  # <lambda>, or a function inside another one
        raise ValueError(
            f"memory= cannot tell {name}={value.__qualname__} from other functions: "
            "define it with a name at the top of a module, or leave memory= out."
        )
    return value.__module__, value.__qualname__, inspect.getsource(value)

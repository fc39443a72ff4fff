"""Fitted selectors in a cache, whose keys tell functions apart by what they do.

joblib knows a function by its name: a loss that was edited would be taken for the old
one, and one without a name of its own (a lambda) could not be stored.
"""

import functools
import types
from pickle import PicklingError

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_memory

_NUMBERS = (int, float, complex, np.ndarray, np.generic)
_OTHERS = (str, bytes, tuple, list, dict, set, frozenset, type(None))
_SEEN = (*_NUMBERS, *_OTHERS, types.FunctionType)  # of what a module holds


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
    functions = {
        name: value
        for name, value in selector.get_params(deep=True).items()
        if isinstance(value, (types.FunctionType, functools.partial))
    }
    none = dict.fromkeys(functions)
    fit = check_memory(memory).cache(_fit, ignore=["selector", "rows", "none"])
    what_they_do = {name: meaning(value) for name, value in functions.items()}
    without = clone(selector).set_params(**none)
    try:
        found = fit(without, what_they_do, key, params, selector, rows, none)
    except PicklingError as error:
        raise ValueError(
            f"memory= cannot tell this {type(selector).__name__} from others, or store "
            "it, for a part of it has no name to be found by. Define functions and "
            f"classes at the top of a module, or leave memory= out. ({error})"
        ) from error
    return found.set_params(**functions)


def _fit(without, what_they_do, key, params, selector, rows, none):
    return selector.fit(rows, **params).set_params(**none)


def meaning(function):
    """Return what a function does: its code, and the values that it refers to.

    Those are its defaults, what it closes over, and the functions and plain values
    (numbers, text, arrays, and containers) that it uses of its module.
    """
    return _meaning(function, [])


def _meaning(value, seen):
    if isinstance(value, functools.partial):
        inner = (value.func, value.args, value.keywords)
        return "partial", [_meaning(part, seen) for part in inner]
    if isinstance(value, (tuple, list)):
        return type(value).__name__, [_meaning(part, seen) for part in value]
    if isinstance(value, dict):
        return {key: _meaning(part, seen) for key, part in value.items()}
    if not isinstance(value, types.FunctionType):
        return value
    if value in seen:  # a function that calls itself
        return "function", seen.index(value)
    seen.append(value)
    used = value.__globals__
    names = [name for name in _names(value.__code__) if name in used]
    return [
        value.__module__,
        value.__qualname__,
        _code(value.__code__),
        _meaning(value.__defaults__, seen),
        _meaning(value.__kwdefaults__, seen),
        [_cell(cell, seen) for cell in value.__closure__ or ()],
        {
            name: _meaning(used[name], seen)
            for name in names
            if isinstance(used[name], _SEEN)
        },
    ]


def _cell(cell, seen):
    try:
        return _meaning(cell.cell_contents, seen)
    except ValueError:  # not filled yet
        return None


def _code(code):
    constants = [
        _code(part) if isinstance(part, types.CodeType) else part
        for part in code.co_consts
    ]
    return code.co_code, code.co_names, code.co_varnames, constants


def _names(code):
    """Return the names that a function, and those inside it, look up."""
    names = set(code.co_names)
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            names |= set(_names(part))
    return sorted(names)

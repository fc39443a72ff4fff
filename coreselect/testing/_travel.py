"""Functions of blocks, run as on a cluster: pickled, and in any order of the blocks."""

import pickle
from contextlib import contextmanager
from functools import partial

import numpy as np
from joblib import wrap_non_picklable_objects

from coreselect.rows import Rows


def packed(function):
    """Return a function as bytes."""
    # Closures over small things travel too, as they do in Dask, hence not pickle alone.
    return pickle.dumps(wrap_non_picklable_objects(function))


def run(raw, blocks):
    """Return what a packed function returns for each block."""
    # Another process does not know that the caller ignores overflow.
    with np.errstate(divide="warn", over="warn", invalid="warn"):
        return list(map(pickle.loads(raw), blocks))


@contextmanager
def travelling(run=run):
    """Let every function that `Rows` apply to blocks or merge with be pickled first.

    Parameters
    ----------
    run : callable
        ``run(raw, blocks)`` does what `run` of this module does, maybe elsewhere. It
        gets the blocks from last to first: a function that learns from one block for
        the next gives other results.

    Yields
    ------
    dict of str to int
        The largest size in bytes of each function, by its name.

    Raises
    ------
    AssertionError
        If a function holds `Rows`.
    """
    given = {name: vars(Rows)[name] for name in ("results", "reduce", "map_reduce")}
    sizes = {}

    def noted(function):
        raw = packed(function)
        name = _name(function)
        sizes[name] = max(sizes.get(name, 0), len(raw))
        return raw

    def results(rows, fn):
        raw = noted(fn)
        found = list(given["results"](rows, lambda block: block))
        made = run(raw, [block for *_, block in reversed(found)])
        for (number, places, _), result in zip(found, reversed(made), strict=True):
            yield number, places, result

    def merging(name):
        def method(rows, fn, merge):
            return given[name](rows, fn, pickle.loads(noted(merge)))

        return method

    def refuse(rows):
        raise AssertionError(
            "a function given to Rows.map or Rows.reduce holds the rows themselves"
        )

    Rows.results, Rows.__reduce__ = results, refuse
    Rows.reduce, Rows.map_reduce = merging("reduce"), merging("map_reduce")
    try:
        yield sizes
    finally:
        for name, method in given.items():
            setattr(Rows, name, method)
        del Rows.__reduce__


def _name(function):
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "__qualname__", type(function).__qualname__)

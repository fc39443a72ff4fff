"""Functions of blocks, run as on a cluster: pickled, and in any order of the blocks."""

import pickle
from contextlib import contextmanager
from functools import partial
from itertools import groupby

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
    given = Rows.results
    sizes = {}

    def noted(function):
        raw = packed(function)
        name = _name(function)
        sizes[name] = max(sizes.get(name, 0), len(raw))
        return raw

    def results(rows, fn, fold):
        raw, fold = noted(fn), pickle.loads(noted(fold))
        found = [one for _, ones in given(rows, _itself, _listed) for one in ones]
        made = run(raw, [block for *_, block in reversed(found)])
        # Blocks are folded two by two, as by tasks that read two each.
        for _, pair in groupby(zip(found, reversed(made), strict=True), _pair_of):
            parts = [(*block[:2], part) for block, part in pair]
            (number, first, _), *_, (_, last, _) = parts * 2
            number -= number % 2
            yield slice(first.start, last.stop), fold(parts, number, number + 2)

    def refuse(rows):
        raise AssertionError(
            "a function given to Rows.map or Rows.reduce holds the rows themselves"
        )

    Rows.results, Rows.__reduce__ = results, refuse
    try:
        yield sizes
    finally:
        Rows.results = given
        del Rows.__reduce__


def _itself(block):
    return block


def _listed(found, first, stop):
    return list(found)


def _pair_of(found):
    (number, *_), _ = found
    return number // 2


def _name(function):
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "__qualname__", type(function).__qualname__)

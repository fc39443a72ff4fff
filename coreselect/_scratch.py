"""Where arrays with a value for every row live: in memory, or in a scratch file.

Under a memory budget, large ones live in files that have no name and vanish with the
array, whatever happens to the process. They are arrays of NumPy over a memory map, so
all code can use them. Only code that goes over them in parts keeps memory small:
`parts` lets go of the pages of each part before it goes on.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from coreselect._budget import current_budget
from coreselect._typing import Array, Floats, Integers

_PART = 2**17  # rows of a part: 1 MB of float64, which stays in the processor's cache
_SHARE = 64  # an array larger than this part of the budget goes to a scratch file


class _Pages(mmap.mmap):
    """The pages of a scratch file; a memory map of others is never let go of here."""


def empty(shape: int | tuple[int, ...], dtype: DTypeLike = np.float64) -> Array:
    """Return an array to be filled: in memory, or in a scratch file under a budget.

    Raises
    ------
    OSError
        If the scratch folder has no room for it.
    """
    budget, kind = current_budget(), np.dtype(dtype)
    size = int(np.prod(shape, dtype=object)) * kind.itemsize
    if budget is None or kind.hasobject or size <= budget.limit // _SHARE:
        return np.empty(shape, kind)
    with tempfile.TemporaryFile(prefix="coreselect-", dir=budget.scratch) as file:
        _reserve(file.fileno(), size, budget.scratch)
        return np.ndarray(shape, kind, _Pages(file.fileno(), size))


def _reserve(file, size, folder):
    """Give a file its size; raise now if there is no room for it."""
    # A write to a mapped page that the disk has no room for would end the process.
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file, 0, size)
        else:
            os.truncate(file, size)
    except OSError as error:
        raise OSError(
            error.errno,
            f"the scratch folder {folder or tempfile.gettempdir()!r} has no room for "
            f"{size:,} bytes ({error.strerror}); name another one in memory_budget, or "
            "allow more memory",
        ) from error


def release(*arrays: Any) -> None:
    """Let go of the pages of scratch files that are in memory now; they stay on disk.

    Other arrays, and None, are left alone.
    """
    for array in arrays:
        pages = array
        while isinstance(pages, np.ndarray):
            pages = pages.base
        if isinstance(pages, _Pages) and hasattr(mmap, "MADV_DONTNEED"):
            pages.madvise(mmap.MADV_DONTNEED)


def parts(*arrays: Any) -> Iterator[slice]:
    """Yield slices of consecutive rows of arrays of one length; None are left out.

    The pages of a part are let go of once the next one is asked for.
    """
    n_rows = next(len(array) for array in arrays if array is not None)
    for start in range(0, n_rows, _PART):
        yield slice(start, min(start + _PART, n_rows))
        release(*arrays)


def by_parts(
    fn: Callable[..., Any], *arrays: Any, dtype: DTypeLike = np.float64
) -> Array:
    """Return ``fn(*arrays)`` of the shape of the first array, part by part."""
    out = empty(arrays[0].shape, dtype)
    for rows in parts(out, *arrays):
        out[rows] = fn(*(None if array is None else array[rows] for array in arrays))
    return out


def taken(values: Array, numbers: Integers) -> Array:
    """Return ``values[numbers]``, part by part."""
    out = empty((len(numbers), *values.shape[1:]), values.dtype)
    for rows in parts(out, numbers):
        out[rows] = values[numbers[rows]]
        release(values)
    return out


def where(flags: Callable[[slice], Any], *arrays: Any) -> Integers:
    """Return the numbers of the rows for which ``flags(rows)`` of a part is true."""
    n_found = sum(int(np.count_nonzero(flags(rows))) for rows in parts(*arrays))
    out, filled = empty(n_found, np.int64), 0
    for rows in parts(*arrays):
        found = np.flatnonzero(flags(rows)) + rows.start
        out[filled : filled + len(found)] = found
        filled += len(found)
        release(out)
    return out


def total(values: Array) -> float:
    """Return the sum, whose rounding is the same wherever the array lives."""
    sums = [values[rows].sum() for rows in parts(values)]
    return float(np.sum(sums))


def largest(values: Array) -> float:
    """Return the largest of non-negative values; 0 if there are none."""
    if not len(values):
        return 0.0
    return float(max(values[rows].max() for rows in parts(values)))


def sums_by(numbers: Integers, n: int, fn: Callable[..., Any], *arrays: Any) -> Floats:
    """Return the sum of ``fn(*arrays)`` over the rows of each number below `n`.

    `fn` gets arrays part by part. If it returns None, rows are counted.
    """
    sums = np.zeros(n)
    for rows in parts(numbers, *arrays):
        values = fn(*(None if array is None else array[rows] for array in arrays))
        sums += np.bincount(numbers[rows], values, n)
    return sums

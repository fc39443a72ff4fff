"""Where arrays with a value for every row live: in memory, or in a scratch file.

Under a memory budget, large ones live in files that have no name and vanish with the
array, whatever happens to the process. So do tables with several values for each row of
a file, such as whitened rows, without a budget too: they may be larger than the file.

They are arrays of NumPy over a memory map, so all code can use them. Only code that
goes over them in parts keeps memory small: `parts` lets go of the pages of each part
before it goes on.
"""

from __future__ import annotations

import math
import mmap
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from coreselect._budget import current_budget
from coreselect._typing import Array, Floats, Integers

_PART = 2**17  # values of a part: 1 MB of float64, which stays in the processor's cache
_SHARE = 64  # an array larger than this part of the budget goes to a scratch file
LARGE_TABLE = 2**25  # bytes; larger tables of rows of a file go to a scratch file too


class _Pages(mmap.mmap):
    """The pages of a file; `release` frees only these, not other memory maps."""


def empty(
    shape: int | tuple[int, ...],
    dtype: DTypeLike = np.float64,
    *,
    of_file: bool = False,
) -> Array:
    """Return an array to be filled: in memory, or in a scratch file under a budget.

    Parameters
    ----------
    shape, dtype
        As for `numpy.empty`.
    of_file : bool
        Whether it is a table of several values for each row of a file. A large one goes
        to a scratch file without a budget too, if there is room.

    Raises
    ------
    OSError
        If there is a budget, but no room in the scratch folder.
    """
    budget, kind = current_budget(), np.dtype(dtype)
    size = int(np.prod(shape, dtype=object)) * kind.itemsize
    most = LARGE_TABLE if of_file else size
    if budget is not None:
        most = most_in_memory(budget.limit)
    if kind.hasobject or size <= most:
        return np.empty(shape, kind)
    try:
        return _in_file(shape, kind, size, budget and budget.scratch)
    except OSError:
        if budget is None:
            return np.empty(shape, kind)
        raise


def _in_file(shape, kind, size, folder):
    """Return an array in a scratch file, to be filled."""
    with tempfile.TemporaryFile(prefix="coreselect-", dir=folder) as file:
        _reserve(file.fileno(), size, folder)
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


def mapped(array: np.memmap) -> Array:
    """Return the values of a memory map that nobody writes to, so that `release` works.

    A map of others may hold changes that are only in memory.
    """
    with open(str(array.filename), "rb") as file:
        pages = _Pages(file.fileno(), 0, access=mmap.ACCESS_READ)
    order: Any = "C" if array.flags.c_contiguous else "F"
    return np.ndarray(array.shape, array.dtype, pages, array.offset, order=order)


def is_stored(array: Any) -> bool:
    """Return whether an array is in a file, of which `release` lets go."""
    return _pages(array) is not None


def most_in_memory(limit: int) -> int:
    """Return the size in bytes above which an array goes to a file under a budget."""
    return limit // _SHARE


def release(*arrays: Any) -> None:
    """Let go of the pages of files that are in memory now; they stay on disk.

    Other arrays, and None, are left alone.
    """
    for array in arrays:
        pages = _pages(array)
        if pages is not None and hasattr(mmap, "MADV_DONTNEED"):
            pages.madvise(mmap.MADV_DONTNEED)


def _pages(array):
    """Return the file of an array, or None."""
    while isinstance(array, np.ndarray):
        array = array.base
    return array if isinstance(array, _Pages) else None


def parts(*arrays: Any) -> Iterator[slice]:
    """Yield slices of consecutive rows of arrays of one length; None are left out.

    The pages of a part are let go of once the next one is asked for.
    """
    given = [array for array in arrays if array is not None]
    n_rows, size = len(given[0]), min(map(_rows_of_part, given))
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))
        release(*given)


def _rows_of_part(array):
    return max(1, _PART // max(1, math.prod(np.shape(array)[1:])))


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
        out[rows] = gathered(values, numbers[rows])
    return out


def gathered(values: Array, numbers: Integers) -> Array:
    """Return ``values[numbers]`` in memory, for numbers in any order."""
    if _pages(values) is None:
        return values[numbers]
    # A page that is read brings up to 2 MB around it. So rows of one part are read
    # together, and then let go of.
    order = np.argsort(numbers, kind="stable")
    part = numbers[order] // _rows_of_part(values)
    out = np.empty((len(numbers), *values.shape[1:]), values.dtype)
    for some in np.split(order, np.flatnonzero(np.diff(part)) + 1):
        out[some] = values[numbers[some]]
        release(values)
    return out


def located(sums: Array, goals: Array) -> Integers:
    """Return ``np.searchsorted(sums, goals, side="right")``."""
    if _pages(sums) is None:
        return np.searchsorted(sums, goals, side="right")
    order = np.argsort(goals)
    ascending, low = goals[order], 0
    out = np.full(len(goals), len(sums))
    for rows in parts(sums):
        high = int(np.searchsorted(ascending, sums[rows.stop - 1]))
        if high > low:
            places = np.searchsorted(sums[rows], ascending[low:high], side="right")
            out[order[low:high]] = rows.start + places
            low = high
    return out


def count(flags: Callable[[slice], Any], *arrays: Any) -> int:
    """Return for how many rows ``flags(rows)`` of a part is true."""
    return sum(int(np.count_nonzero(flags(rows))) for rows in parts(*arrays))


def where(flags: Callable[[slice], Any], *arrays: Any) -> Integers:
    """Return the numbers of the rows for which ``flags(rows)`` of a part is true."""
    out, filled = empty(count(flags, *arrays), np.int64), 0
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


def running(values: Array) -> Array:
    """Return the cumulative sums, as `numpy.cumsum` does."""
    out, last = empty(len(values)), 0.0
    for rows in parts(out, values):
        part = values[rows].copy()
        part[0] += last
        np.cumsum(part, out=out[rows])
        last = out[rows.stop - 1]
    return out


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

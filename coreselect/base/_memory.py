"""How much memory a fit takes, and what a memory budget makes of it."""

from __future__ import annotations

from math import ceil
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from coreselect._budget import current_budget, shown_bytes
from coreselect._scratch import LARGE_TABLE, most_in_memory
from coreselect._validation import check_size, is_number, naming
from coreselect.rows import Rows, default_block_rows
from coreselect.rows.arrays import block_dtype
from coreselect.rows.sizes import bytes_at_once, bytes_in_memory, bytes_per_row

# All constants are measured: see `python -m benchmarks.memory`.
_PROCESS = 350_000_000  # bytes of Python, its modules and compiled kernels
_READING = 80_000_000  # bytes of buffers while a file is read
_ANY_FIT = 8_000_000  # bytes that a fit to any data takes
_SMALLEST_BLOCK = 2**20  # bytes; smaller blocks save next to nothing
_ARRAYS = 6  # with a value for every row, just too small for a scratch file


class Holds(NamedTuple):
    """What a fit holds at most at one time, beside Python and the data.

    A method states this as its class attribute ``holds``, beside `passes` and `cost`.

    Attributes
    ----------
    per_row : float
        Bytes for each row. Under a memory budget, arrays of this kind move to scratch
        files.
    per_value : float
        The same, for each feature of each row, in a table. Large tables of rows in a
        file are in scratch files without a budget too.
    stays : float
        Bytes for each row that stay in memory under a budget.
    whole : bool
        All rows are read at once.
    copies : float
        Bytes for each feature of each row that stay in memory under a budget, beside
        the rows that are read at once.
    blocks : float
        Arrays of float64 with the shape of a block of rows. Under a memory budget,
        blocks have fewer rows.
    squares : float
        Arrays of float64 of shape (n_features, n_features).
    fixed : float
        Further bytes.
    per_small : float
        Bytes for each feature of the rows of all classes but the largest, for
        resamplers that read one class at a time.
    per_selected : float
        Bytes for each selected row.
    """

    per_row: float = 0.0
    per_value: float = 0.0
    stays: float = 0.0
    whole: bool = False
    copies: float = 0.0
    blocks: float = 0.0
    squares: float = 0.0
    fixed: float = 0.0
    per_small: float = 0.0
    per_selected: float = 80.0


class DataSize(NamedTuple):
    """The size of the data that a method is fitted to.

    Attributes
    ----------
    n_rows, n_features : int
    n_values : float
        Features that are stored for each row: all of them, or fewer in sparse data.
    value_bytes : float
        Bytes of each in blocks: float32 stays float32.
    in_file : bool
        Whether rows are read from a file, or are in memory before the fit.
    n_small : int
        Rows of all classes but the largest, for resamplers.
    """

    n_rows: int
    n_features: int
    n_values: float
    value_bytes: float
    in_file: bool
    n_small: int

    def n_selected(self, n_select: Any) -> int:
        """Return how many rows a size asks for; 0 if only the data will tell."""
        if not is_number(n_select):
            return 0
        return min(self.n_rows, check_size(n_select, self.n_rows))


def estimate_memory(
    selector: Any, n_rows: int, n_features: int, dtype: DTypeLike = np.float64
) -> int:
    """Return about how many bytes a fit takes, beside Python and data in memory.

    Parameters
    ----------
    selector : selector, resampler or CoresetEstimator
        Its parameters count, such as `n_select` or a kernel.
    n_rows, n_features : int
        The shape of X.
    dtype : dtype, default=float64
        That of X.

    Returns
    -------
    int
        Bytes of the fit to a Parquet file without a memory budget. They include the
        rows that are held at the same time (blocks, or all rows if the method needs
        them at once) and buffers, but not Python and its modules (about 350 MB).

    Raises
    ------
    TypeError, ValueError
        If `selector` is not a selector, or `n_rows` or `n_features` is not a positive
        int.

    See Also
    --------
    memory_budget : Bounds what a fit takes.

    Notes
    -----
    The estimate is about dense features of numbers, without weights, groups or costs,
    which take 8 to 24 bytes a row more. For data in memory, subtract about 80 MB, and
    the size of the data if the method needs all rows at once. If only the data tell how
    many rows are selected, as with ``n_select="auto"``, the 80 bytes or so for each of
    them are not counted.

    Examples
    --------
    >>> import coreselect
    >>> selector = coreselect.LeverageSelector(1000)
    >>> coreselect.estimate_memory(selector, 10_000_000, 20) < 400_000_000
    True
    """
    inner = getattr(selector, "selector", selector)
    if not hasattr(inner, "_holds") or isinstance(selector, type):
        raise TypeError(
            "selector must be an instance of a selector, a resampler or a "
            f"CoresetEstimator, got {selector!r}."
        )
    for name, value in {"n_rows": n_rows, "n_features": n_features}.items():
        if not is_number(value, Integral):
            raise TypeError(f"{name} must be an int, got {value!r}.")
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}.")
        if value > np.iinfo(np.int64).max:
            raise ValueError(f"{name} must be less than 2**63, got {value}.")
    with naming("dtype"):
        kind = np.dtype(dtype)
    if kind.kind not in "biuf":
        raise TypeError(f"dtype must be one of numbers, got {dtype!r}.")
    size = block_dtype(kind).itemsize
    n, d = int(n_rows), int(n_features)
    data = DataSize(
        n, d, d if inner._selector_tags().reads_features else 0, size, True, n // 10
    )
    return int(sum(_needed(_held(selector, data), data, default_block_rows(d))))


def _held(estimator, data):
    """Return what an estimator holds, with the selected rows."""
    holds, selector = estimator._holds(data), getattr(estimator, "selector", estimator)
    n_selected = data.n_selected(getattr(selector, "n_select", None))
    return holds._replace(fixed=holds.fixed + holds.per_selected * n_selected)


def _needed(holds, data, block_rows):
    """Return the bytes that a budget moves to scratch files, and all others."""
    n_rows = min(block_rows, data.n_rows)
    moves = data.n_rows * holds.per_row
    table = data.n_rows * holds.per_value * data.n_values
    if not data.in_file or table <= LARGE_TABLE:
        moves += table
    stays = holds.copies * data.n_rows + holds.per_small * data.n_small
    stays = holds.stays * data.n_rows + stays * data.n_values
    if data.in_file:
        own = data.n_values * data.value_bytes
        # The next block is filled while the last one is still held.
        stays += min(_READING, 4 * data.n_rows * own) + 2 * n_rows * own
        stays += data.n_rows * own if holds.whole else 0
    stays += 8 * holds.blocks * n_rows * data.n_values
    stays += 8 * holds.squares * data.n_features**2
    return moves, stays + holds.fixed + _ANY_FIT


def _least_budget(moves, stays):
    """Return the smallest budget under which a process takes no more."""
    # Arrays move to files from a share of the budget on, and a few stay just below it.
    share = _ARRAYS * most_in_memory(2**40) / 2**40
    return min(moves + stays, stays / (1 - share))


def within_budget(estimator: Any, rows: Rows, n_small: int = 0) -> Rows:
    """Return rows in blocks so small that a fit keeps to the memory budget.

    Without a budget, and where the usual blocks are small enough, these are `rows`.

    Parameters
    ----------
    estimator : selector or resampler
    rows : Rows
        As the method sees them.
    n_small : int
        See `DataSize`.

    Raises
    ------
    MemoryError
        If no blocks are small enough. It says what is needed.
    """
    budget = current_budget()
    if budget is None:
        return rows
    size = 8 if rows.dtype is None else rows.dtype.itemsize
    n_values = bytes_per_row(rows) / size
    shape = rows.n_rows, rows.n_features
    data = DataSize(*shape, n_values, size, rows.in_file, n_small)
    holds, held = _held(estimator, data), _PROCESS + bytes_in_memory(rows)
    # The next partitions are computed while the last ones are still held.
    partitions = max(0, 2 * bytes_at_once(rows) - _READING) if n_values else 0
    held += partitions
    block_rows = rows.block_rows
    while True:
        moves, stays = _needed(holds, data, block_rows)
        needed = _least_budget(moves, held + stays)
        if needed <= budget.limit:
            return rows if block_rows == rows.block_rows else rows.in_blocks(block_rows)
        if 8 * block_rows * n_values <= _SMALLEST_BLOCK:
            break
        block_rows //= 2
    shown = f"{data.n_rows:,} rows"
    if data.n_features:
        shown += f" of {data.n_features:,} features"
    if holds.whole:
        shown += ", as it holds all of them at once"
    ways = "select from fewer rows, or use another method."
    if partitions:
        ways = f"make the partitions of {rows.name} smaller, {ways}"
    raise MemoryError(
        f"{type(estimator).__name__} needs {shown_bytes(_rounded_up(needed))} for "
        f"{shown} (of this, Python and its modules take {shown_bytes(_PROCESS)}), but "
        f"the memory budget is {shown_bytes(budget.limit)}. Allow that much, {ways}"
    )


def _rounded_up(number):
    """Return a number of at least two digits with all others 0, and not less."""
    unit = 10 ** max(0, len(str(int(number))) - 2)
    return ceil(number / unit) * unit

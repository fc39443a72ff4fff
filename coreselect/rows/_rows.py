"""The class `Rows`: passes over blocks of rows of any container or file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import pairwise
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from coreselect._filling import scaled
from coreselect._typing import Array, Column, Floats
from coreselect.rows.take import check_indices, take_array

logger = logging.getLogger("coreselect.rows")

# The size of blocks depends on nothing but the width of the data, so that sums, which
# are merged block by block, are the same for every container and on every machine.
_BLOCK_BYTES = 2**25  # size of a dense float64 block: 32 MB
_MOST_BYTES = 2**27  # limit for blocks of wide data
_ADVICE = (
    "Remove these rows or columns, or impute them first (for example with "
    'sklearn.impute.SimpleImputer). Selectors do so with features="auto".'
)


class Block(NamedTuple):
    """Consecutive rows.

    Attributes
    ----------
    X : ndarray or sparse CSR of shape (n_rows, n_features), float32 or float64
        If the rows were opened with ``numeric=False``: the feature columns in the
        user's kind of container, of any content.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs), or None
    weight : ndarray of shape (n_rows,), float64
    start : int
        Number of the first row.
    """

    X: Any
    y: Array | None
    weight: Floats
    start: int


class Rows:
    """Rows with targets and weights, read block by block.

    Made by `coreselect.rows.open`.

    Attributes
    ----------
    n_rows, n_features : int
    columns : list or None
        Names of the feature columns of a frame or a table; None for arrays.
    feature_names : list of str or None
        `columns` if all of these are strings, else None.
    dtype : numpy dtype or None
        float32 or float64: the dtype of X in blocks; None if they are not numeric.
    numeric : bool
        Whether X in blocks is an array or CSR of floats.
    integral : bool
        Whether all features were integers before they became floats.
    y : ndarray or None
    weight : ndarray of shape (n_rows,) or None
        None means a weight of one for every row.
    per_row : dict of str to ndarray
        Further values, one per row, that a method was given.
    kept : ndarray of int64 or None
        Only in a view that `subset` returns: the row numbers of its rows in the
        original. If `coreselect.rows.open` opens a view, its rows are numbered anew,
        and `kept` is None.
    named : list of str
        Columns of a frame or a file that were named as `y` or ``sample_weight``.
    name : str
        The name of the data in error messages.
    """

    def __init__(self, holder, y=None, weight=None, *, block_rows=None, name="X"):
        self.name = name
        self.n_rows = holder.n_rows
        self.y = y
        self.weight = weight
        self.per_row = {}
        self.kept = None
        self.named = []
        self._places = None  # row numbers in the holder; None means all rows, in order
        self._block_rows = block_rows
        self._hold(holder)

    def _hold(self, holder):
        """Read the rows from a holder, in blocks cut by its width."""
        self._holder = holder
        self.n_features = holder.n_features
        self.columns = holder.columns
        self.feature_names = holder.feature_names
        self.dtype = holder.dtype
        self.numeric = holder.numeric
        self.integral = holder.integral
        size = self._block_rows or default_block_rows(self.n_features)
        self._bounds = cut(holder.n_rows, size)
        self._finite = [not holder.numeric] * len(self._bounds)

    @property
    def left_out(self) -> dict[Any, str]:
        """Columns that are not numbers and were left out: a dict of name to kind."""
        return getattr(self._holder, "left_out", {})

    @property
    def in_file(self) -> bool:
        """Whether the rows are read from a file."""
        return getattr(self._holder, "in_file", False)

    @property
    def is_sparse(self) -> bool:
        """Whether blocks of X are CSR."""
        return self._holder.is_sparse

    @property
    def total_weight(self) -> float:
        """The sum of the weights; without weights, the number of rows."""
        return self.n_rows if self.weight is None else self.weight.sum()

    def each_weight(self) -> Floats:
        """Return the weights as an array, which holds ones if there are none."""
        return np.ones(self.n_rows) if self.weight is None else self.weight

    def subset(self, numbers: Any = None) -> Rows:
        """Return a view of some rows, numbered from 0.

        Parameters
        ----------
        numbers : array-like of int, optional
            Row numbers, ascending; by default those of positive weight.

        Raises
        ------
        IndexError, TypeError, ValueError
            If these are not row numbers, or do not ascend.
        """
        if numbers is None:
            if self.weight is None or self.weight.all():
                return self
            numbers = np.flatnonzero(self.weight)
        else:
            numbers = check_indices(numbers, self.n_rows, "numbers", self.name)
            if not (numbers[1:] > numbers[:-1]).all():
                raise ValueError("numbers must ascend, without repeats.")
            if len(numbers) == self.n_rows:
                return self
        view = self.again()
        view.kept = numbers if self.kept is None else self.kept[numbers]
        view._places = self._original(numbers)
        view.n_rows = len(numbers)
        view.y = None if self.y is None else self.y[numbers]
        view.weight = None if self.weight is None else self.weight[numbers]
        view.per_row = {name: v[numbers] for name, v in self.per_row.items()}
        return view

    def near_one(self) -> tuple[Rows, int]:
        """Return the rows with weights near one, and the exponent of their unit.

        Weights are divided by two to the power of the exponent, which is even: roots
        are exact too. So no method sees the unit of the weights.
        """
        if self.weight is None:
            return self, 0
        weight, exponent = scaled(self.weight, even=True)
        if not exponent:
            return self, 0
        # Beside one of 1e308 a weight of 1e-20 still is one.
        smallest = np.where(self.weight > 0, np.finfo(np.float64).tiny, 0.0)
        return self.reweighted(np.maximum(weight, smallest)), exponent

    def reweighted(self, weight: Column) -> Rows:
        """Return the same rows with other weights, an array of shape (n_rows,)."""
        view = self.again()
        view.weight = weight
        return view

    def again(self) -> Rows:
        """Return a copy that shares the data; attributes set on one leave the other."""
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__)
        view.per_row = dict(self.per_row)
        return view

    def read_as(self, *, numeric: bool) -> None:
        """Let blocks hold the features as floats, or as they were given."""
        if numeric != self.numeric:
            self._hold(self._holder.again(numeric=numeric))

    def seen(self, see: Callable[..., Any]) -> Rows:
        """Return a view of the same rows whose blocks hold what a method sees.

        Parameters
        ----------
        see : callable
            ``see(holder)`` returns the holder of the view; `take` must give the rows as
            they are.
        """
        view = self.again()
        view._hold(see(self._holder))
        return view

    def reduce(
        self, fn: Callable[..., Any], merge: Callable[..., Any], *per_row: Array
    ) -> Any:
        """Apply `fn` to every block and merge the results from first to last.

        Parameters
        ----------
        fn : callable
            ``fn(block, *values)`` for a `Block` and its part of every `per_row`. It
            must change nothing, and must hold no array of n_rows values itself.
        merge : callable
            ``merge(a, b)`` merges the results of earlier rows and of later ones.
        *per_row : arrays of shape (n_rows,) or (n_rows, c)
            Further values of the rows, which travel with the blocks.
        """
        # From first to last, never pairwise: the order of a sum must not depend on how
        # many blocks there are, nor on which worker is done first.
        result = None
        for number, (block, values) in enumerate(self._with_values(per_row)):
            part = fn(block, *values)
            result = part if number == 0 else merge(result, part)
        return result

    def fold(self, fn: Callable[..., Any], state: Any) -> Any:
        """Walk the blocks from first to last, and return the state after the last one.

        Unlike `reduce`, this lets the work on a block depend on those before it, so it
        cannot be spread over workers.

        Parameters
        ----------
        fn : callable
            ``fn(state, block)`` returns the next state.
        state : object
            The state before the first block.
        """
        for block in self._blocks():
            state = fn(state, block)
        return state

    def map(self, fn: Callable[..., Any], *per_row: Array) -> Any:
        """Apply `fn` to every block and concatenate the results.

        Parameters
        ----------
        fn : callable
            ``fn(block, *values)`` for a `Block` of n rows and its part of every
            `per_row` returns an array of shape (n,) or (n, c). It must change nothing,
            and must hold no array of n_rows values itself.
        *per_row : arrays of shape (n_rows,) or (n_rows, c)
            Further values of the rows, which travel with the blocks.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, c)
        """
        out = None
        for block, values in self._with_values(per_row):
            part = np.asarray(fn(block, *values))
            if part.shape[:1] != block.X.shape[:1]:
                raise ValueError(
                    f"map: fn must return one value per row; it returned an array of "
                    f"shape {part.shape} for {block.X.shape[0]} rows."
                )
            if out is None:
                out = np.empty((self.n_rows, *part.shape[1:]), dtype=part.dtype)
            # A later block may need a wider dtype, such as floats after integers.
            elif part.dtype != out.dtype:
                out = out.astype(np.result_type(out, part), copy=False)
            out[block.start : block.start + len(part)] = part
        return out

    def take(self, indices: Any) -> Any:
        """Return rows in the user's kind of container, in the order of `indices`."""
        return self._holder.take(
            self._original(check_indices(indices, self.n_rows, of=self.name))
        )

    def gather(self, indices: Any) -> Block:
        """Return rows as one `Block`, in the order of `indices`; its start is 0."""
        indices = check_indices(indices, self.n_rows, of=self.name)
        X = self._holder.gather(self._original(indices))
        self._refuse_nonfinite(X)
        y = None if self.y is None else self.y[indices]
        weight = np.ones(len(indices)) if self.weight is None else self.weight[indices]
        return Block(X, y, weight, 0)

    def whole(self) -> Block:
        """Return all rows as one `Block`, for methods that compare all pairs of rows.

        No other method holds all rows at once. An array of floats in memory is not
        copied, so X must not be changed.
        """
        # Rows of weight 0 are read and checked too, as in a pass over blocks.
        (X,) = self._holder.blocks([(0, self._holder.n_rows)])
        self._refuse_nonfinite(X)
        self._finite = [True] * len(self._bounds)
        if self._places is not None:
            X = take_array(X, self._places)
        return self._block(X, 0)

    def check_finite(self) -> None:
        """Read every block that no pass has read yet; raise if X is not finite."""
        if not all(self._finite):
            for _ in self._blocks():
                pass

    def _original(self, indices):
        return indices if self._places is None else self._places[indices]

    def _blocks(self):
        """Yield the blocks in order, except empty ones (all rows have weight 0)."""
        start = 0
        n_blocks = len(self._bounds)
        tell = logger.isEnabledFor(logging.DEBUG)
        for number, X in enumerate(self._holder.blocks(self._bounds)):
            if not self._finite[number]:
                self._refuse_nonfinite(X)
                self._finite[number] = True
            # `_places` ascends, so the rows of a view in this block are a slice of it.
            if self._places is not None:
                low, high = np.searchsorted(self._places, self._bounds[number])
                X = take_array(X, self._places[low:high] - self._bounds[number][0])
            if X.shape[0]:
                yield self._block(X, start)
            start += X.shape[0]
            if tell:
                logger.debug(
                    "pass over the data: block %d of %d",
                    number + 1,
                    n_blocks,
                    extra={"done": number + 1, "total": n_blocks},
                )

    def _with_values(self, per_row):
        """Yield the blocks, each with its part of every array in `per_row`."""
        for values in per_row:
            if len(values) != self.n_rows:
                raise ValueError(
                    f"{self.name} has {self.n_rows} rows, but values of shape "
                    f"{np.shape(values)} were given for them."
                )
        for block in self._blocks():
            here = slice(block.start, block.start + block.X.shape[0])
            yield block, [values[here] for values in per_row]

    def _block(self, X, start):
        stop = start + X.shape[0]
        y = None if self.y is None else self.y[start:stop]
        if self.weight is None:
            # Takes no memory; its strides of 0 tell methods that there are no weights.
            weight = np.broadcast_to(1.0, stop - start)
        else:
            weight = self.weight[start:stop]
        return Block(X, y, weight, start)

    def _refuse_nonfinite(self, X):
        if not self.numeric:
            return
        values = X.data if sparse.issparse(X) else X
        # A sum is NaN or infinite if a term is, and takes no temporary array. Finite
        # values may overflow it too, so all values are tested only then.
        with np.errstate(over="ignore", invalid="ignore"):
            if isfinite(values.sum(dtype=np.float64)):
                return
        if not np.isfinite(values).all():
            raise ValueError(self._describe_nonfinite())

    def _describe_nonfinite(self):
        """Count NaN and infinities by column, over all rows."""
        # Only on the way to an error: another pass over all rows is worth an answer
        # that names every column at once.
        counts = np.zeros((2, self._holder.n_features), dtype=np.int64)
        for X in self._holder.blocks(self._bounds):
            if sparse.issparse(X):
                columns, values = X.indices, X.data
                np.add.at(counts[0], columns[np.isnan(values)], 1)
                np.add.at(counts[1], columns[np.isinf(values)], 1)
            else:
                counts[0] += np.isnan(X).sum(axis=0)
                counts[1] += np.isinf(X).sum(axis=0)
        found = []
        for column in np.flatnonzero(counts.any(axis=0))[:10]:
            name = self.feature_names[column] if self.feature_names else int(column)
            for count, what in zip(counts[:, column], ("NaN", "infinity"), strict=True):
                if count:
                    found.append(f"{count} x {what} in column {name!r}")
        kinds = " and ".join(
            kind
            for kind, n in zip(("NaN", "infinity"), counts.sum(axis=1), strict=True)
            if n
        )
        return (
            f"Input {self.name} contains {kinds}: {', '.join(found)}; {counts.sum()} "
            f"values in all. {getattr(self._holder, 'advice', _ADVICE)}"
        )


def default_block_rows(n_features):
    """Return the number of rows per block, a power of two.

    A block has about `_BLOCK_BYTES` of float64. For wide data it has 256 rows, as long
    as these are at most `_MOST_BYTES`.
    """
    row_bytes = 8 * max(1, n_features)
    wanted = max(_BLOCK_BYTES // row_bytes, min(256, _MOST_BYTES // row_bytes), 1)
    return 1 << (wanted.bit_length() - 1)


def cut(n_rows, block_rows):
    return list(pairwise([*range(0, n_rows, block_rows), n_rows]))

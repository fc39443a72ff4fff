"""The class `Rows`: passes over blocks of rows of any container or file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from coreselect._filling import scaled
from coreselect._scratch import parts, release, taken, total, where
from coreselect._typing import Array, Column, Floats
from coreselect.rows._results import PerRow, merge_in_pairs
from coreselect.rows.finite import all_finite, describe_nonfinite
from coreselect.rows.progress import tell
from coreselect.rows.take import check_indices, take_array

# The size of blocks depends on nothing but the width of the data, so that sums, which
# are merged block by block, are the same for every container and on every machine.
_BLOCK_BYTES = 2**25  # size of a dense float64 block: 32 MB
_MOST_BYTES = 2**27  # limit for blocks of wide data


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
    values : dict of str to ndarray of shape (n_rows,) or (n_rows, c)
        The block's part of what is kept for every row; see `Rows.keeping`.
    """

    X: Any
    y: Array | None
    weight: Floats
    start: int
    values: dict[str, Array] = {}

    @property
    def rows(self) -> slice:
        """The places of these rows among all rows."""
        return slice(self.start, self.start + self.X.shape[0])


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
        Further values of every row, which the user gave or `keeping` added.
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
        return self.n_rows if self.weight is None else total(self.weight)

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
            weight = self.weight
            if weight is None or all(weight[rows].all() for rows in parts(weight)):
                return self
            numbers = where(lambda rows: weight[rows] > 0, weight)
        else:
            numbers = check_indices(numbers, self.n_rows, "numbers", self.name)
            for rows in parts(numbers):
                if not (np.diff(numbers[max(0, rows.start - 1) : rows.stop]) > 0).all():
                    raise ValueError("numbers must ascend, without repeats.")
            if len(numbers) == self.n_rows:
                return self
        view = self.again()
        view.kept = numbers if self.kept is None else taken(self.kept, numbers)
        view._places = numbers if self._places is None else taken(self._places, numbers)
        view.n_rows = len(numbers)
        view.y = None if self.y is None else taken(self.y, numbers)
        view.weight = None if self.weight is None else taken(self.weight, numbers)
        view.per_row = {name: taken(v, numbers) for name, v in self.per_row.items()}
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
        tiny = np.finfo(np.float64).tiny
        for rows in parts(weight, self.weight):
            positive = self.weight[rows] > 0
            np.maximum(weight[rows], np.where(positive, tiny, 0.0), out=weight[rows])
        return self.reweighted(weight), exponent

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

    def keeping(self, **arrays: Array) -> Rows:
        """Return the same rows, whose blocks carry further values of their rows.

        Parameters
        ----------
        **arrays : arrays of shape (n_rows,) or (n_rows, c)
            A block has its part of each as ``block.values[name]``.

        Raises
        ------
        ValueError
            If an array has another number of rows.
        """
        for name, values in arrays.items():
            if len(values) != self.n_rows:
                raise ValueError(
                    f"{self.name} has {self.n_rows} rows, but {name} has the shape "
                    f"{np.shape(values)}."
                )
        view = self.again()
        view.per_row |= arrays
        return view

    def reduce(self, fn: Callable[..., Any], merge: Callable[..., Any]) -> Any:
        """Apply `fn` to every block and merge the results in a fixed order.

        Parameters
        ----------
        fn : callable
            ``fn(block)`` for a `Block`. It must change nothing, and must hold neither
            these rows nor an array with a value for each of them: see `keeping`. Like
            `merge`, it may run in another process, in any order of the blocks.
        merge : callable
            ``merge(a, b)`` merges the results of earlier rows and of later ones. See
            `coreselect.rows.merge_in_pairs` for the order.
        """
        parts = ((number, part) for number, _, part in self.results(fn))
        return merge_in_pairs(parts, merge)

    def map(self, fn: Callable[..., Any]) -> Any:
        """Apply `fn` to every block and concatenate the results.

        Parameters
        ----------
        fn : callable
            ``fn(block)`` for a `Block` of n rows returns an array of shape (n,) or
            (n, c). The rules of `reduce` hold for it.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, c)
        """
        column = PerRow(self.n_rows, in_file=self.in_file)
        for _, rows, values in self.results(fn):
            column.enter(rows, values)
        return column.values

    def map_reduce(
        self, fn: Callable[..., Any], merge: Callable[..., Any]
    ) -> tuple[Any, Any]:
        """Do what `map` and `reduce` do, in one pass.

        Parameters
        ----------
        fn : callable
            ``fn(block)`` returns a pair: the values of the rows, as for `map`, and a
            part to merge, as for `reduce`.
        merge : callable

        Returns
        -------
        values : ndarray of shape (n_rows,) or (n_rows, c)
        merged : object
        """
        column = PerRow(self.n_rows, in_file=self.in_file)

        def parts():
            for number, rows, (values, part) in self.results(fn):
                column.enter(rows, values)
                yield number, part

        merged = merge_in_pairs(parts(), merge)
        return column.values, merged

    def results(self, fn: Callable[..., Any]) -> Iterator[tuple[int, slice, Any]]:
        """Yield the number of every block, its rows, and what `fn` returns for it.

        In the order of the rows, without empty blocks. Every pass that applies a
        function to blocks goes through here.
        """
        for number, block in self._blocks():
            yield number, block.rows, fn(block)

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
        values = {name: v[indices] for name, v in self.per_row.items()}
        return Block(X, y, weight, 0, values)

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
        """Yield numbers and blocks in order, but no empty ones (all of weight 0)."""
        start = 0
        for number, X in enumerate(self._holder.blocks(self._bounds)):
            if not self._finite[number]:
                self._refuse_nonfinite(X)
                self._finite[number] = True
            # `_places` ascends, so the rows of a view in this block are a slice of it.
            if self._places is not None:
                low, high = np.searchsorted(self._places, self._bounds[number])
                X = take_array(X, self._places[low:high] - self._bounds[number][0])
            if X.shape[0]:
                yield number, self._block(X, start)
                release(self.y, self.weight, self._places, *self.per_row.values())
            start += X.shape[0]
            tell(number + 1, len(self._bounds))

    def _block(self, X, start):
        stop = start + X.shape[0]
        y = None if self.y is None else self.y[start:stop]
        if self.weight is None:
            # Takes no memory; its strides of 0 tell methods that there are no weights.
            weight = np.broadcast_to(1.0, stop - start)
        else:
            weight = self.weight[start:stop]
        values = {name: v[start:stop] for name, v in self.per_row.items()}
        return Block(X, y, weight, start, values)

    def _refuse_nonfinite(self, X):
        if self.numeric and not all_finite(X):
            raise ValueError(
                describe_nonfinite(
                    self._holder, self._bounds, self.name, self.feature_names
                )
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

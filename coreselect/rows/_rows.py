"""The class `Rows`: passes over blocks of rows of any container or file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from coreselect._filling import scaled
from coreselect._scratch import parts, taken, total, where
from coreselect._typing import Array, Column, Floats
from coreselect.rows._blocks import Block, Run, cut, default_block_rows
from coreselect.rows._engines import client_of
from coreselect.rows._results import PerRow, both, merge_in_pairs, merged, stacked
from coreselect.rows._workers import results_of
from coreselect.rows.dask import NotHere
from coreselect.rows.finite import (
    Notes,
    NotFinite,
    count_nonfinite,
    describe_nonfinite,
    seen_of,
)
from coreselect.rows.progress import tell
from coreselect.rows.take import check_indices, take_array


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

    def __init__(
        self, holder, y=None, weight=None, *, block_rows=None, name="X", engine="local"
    ):
        self.name = name
        self.n_rows = holder.n_rows
        self.y = y
        self.weight = weight
        self.per_row = {}
        self.kept = None
        self.named = []
        self._places = None  # row numbers in the holder; None means all rows, in order
        self._block_rows = block_rows
        self._engine = engine
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
        self._cut()

    def _cut(self):
        self._bounds = cut(self._holder.n_rows, self.block_rows)
        self._notes = Notes(self._holder, self._bounds, self.name)

    @property
    def block_rows(self) -> int:
        """Number of rows of a block, but for the last one."""
        return self._block_rows or default_block_rows(self.n_features)

    def in_blocks(self, block_rows: int) -> Rows:
        """Return the same rows, read in blocks of another number of rows."""
        view = self.again()
        view._block_rows = block_rows
        view._cut()
        return view

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
        found = self.results(fn, partial(merged, merge))
        return merge_in_pairs(chain.from_iterable(parts for _, parts in found), merge)

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
        return column.filled(self.results(fn, stacked))

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
            for rows, (values, found) in self.results(fn, partial(both, merge)):
                column.enter(rows, values)
                del values  # before the next block is read
                yield from found

        result = merge_in_pairs(parts(), merge)
        return column.values, result

    def results(
        self, fn: Callable[..., Any], fold: Callable[..., Any]
    ) -> Iterator[tuple[slice, Any]]:
        """Yield consecutive rows, and what `fold` makes of the results of their blocks.

        Every pass that applies a function to blocks goes through here.

        Parameters
        ----------
        fn : callable
        fold : callable
            ``fold(found, first, stop)`` gets the number of each of some consecutive
            blocks, its rows and what `fn` returns for it, and the numbers between which
            these blocks lie. There are no empty blocks.

        Yields
        ------
        rows : slice
            In order, and none of no rows.
        folded : object
        """
        client = client_of(self._engine, self._holder)
        if client is None:
            for number, block in self._blocks():
                # What is found must not be held while the next block is read.
                rows = block.rows
                yield rows, fold([(number, rows, fn(block))], number, number + 1)
            return
        given = self._holder, self._run(), fn, fold, self._notes.look, self.name
        try:
            for run, notes, folded in results_of(client, *given):
                for number, note in notes:
                    self._notes.note(number, note)
                if run.rows.start < run.rows.stop:
                    yield run.rows, folded
                tell(run.number + len(run.bounds), len(self._bounds))
        except NotFinite:
            self._refuse_nonfinite()
        except NotHere:
            for _ in self._holder.blocks(self._bounds):  # finds the same error
                pass
            raise

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks in this process, for what holds more than a function may."""
        return (block for _, block in self._blocks())

    def take(self, indices: Any) -> Any:
        """Return rows in the user's kind of container, in the order of `indices`."""
        return self._holder.take(
            self._original(check_indices(indices, self.n_rows, of=self.name))
        )

    def gather(self, indices: Any) -> Block:
        """Return rows as one `Block`, in the order of `indices`; its start is 0."""
        indices = check_indices(indices, self.n_rows, of=self.name)
        X = self._holder.gather(self._original(indices))
        if self.numeric:
            with self._counting_nonfinite():
                seen_of(X)
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
        with self._counting_nonfinite():
            self._notes.check_all(X)
        if self._places is not None:
            X = take_array(X, self._places)
        return self._run().block(X, 0, self.n_rows)

    def check_finite(self) -> None:
        """Read every block that no pass has read yet; raise if X is not finite."""
        if self._notes.missing:
            self.reduce(_nothing, _nothing)

    def _original(self, indices):
        return indices if self._places is None else self._places[indices]

    def _run(self):
        """Return all blocks and what is kept for their rows."""
        kept = self._places, self.y, self.weight, self.per_row
        return Run(0, self._bounds, slice(0, self.n_rows), *kept)

    def _blocks(self):
        """Yield numbers and blocks in order, but no empty ones (all of weight 0)."""
        for number, X, block in self._run().blocks(self._holder):
            with self._counting_nonfinite():
                self._notes.check(number, X)
            if block.X.shape[0]:
                yield number, block
            tell(number + 1, len(self._bounds))

    @contextmanager
    def _counting_nonfinite(self):
        try:
            yield
        except NotFinite:
            self._refuse_nonfinite()

    def _refuse_nonfinite(self):
        """Raise an error that counts what is not finite in each column."""
        # Only on the way to an error: another pass over all rows is worth an answer
        # that names every column at once.
        how = {"block_rows": self._block_rows, "name": self.name}
        rows = Rows(self._holder, engine=self._engine, **how)
        rows._notes.look = _nothing  # they are not finite, which is known
        counts = rows.reduce(count_nonfinite, np.add)
        raise ValueError(
            describe_nonfinite(counts, self._holder, self.name, self.feature_names)
        ) from None


def _nothing(*_):
    """Return None for anything."""

"""The class `Rows` and the functions that make one from the user's data."""

import logging
import os
from itertools import pairwise
from math import isfinite
from typing import Any, NamedTuple

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse

from coreselect._validation import Integer, check_target, check_weights
from coreselect.rows.arrays import ArrayHolder, FrameHolder, is_frame, take_array
from coreselect.rows.files import (
    count_file,
    is_path,
    open_file,
    parquet_columns,
    take_file,
)

logger = logging.getLogger("coreselect.rows")

_BLOCK_BYTES = 2**25  # of a dense float64 block: 32 MB, between 16 and 128 MB
_MOST_BYTES = 2**27


class Block(NamedTuple):
    """Consecutive rows.

    Attributes
    ----------
    X : ndarray or sparse CSR of shape (n_rows, n_features), float32 or float64
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs), or None
    weight : ndarray of shape (n_rows,), float64
    start : int
        Number of the first row.
    """

    X: Any
    y: np.ndarray | None
    weight: np.ndarray
    start: int


class Rows:
    """Rows with targets and weights, read block by block.

    Made by `coreselect.rows.open`.

    Attributes
    ----------
    n_rows, n_features : int
    feature_names : list of str or None
    dtype : numpy dtype
        float32 or float64: what blocks of X hold.
    y : ndarray or None
    weight : ndarray of shape (n_rows,) or None
        None stands for a weight of one on every row.
    per_row : dict of str to ndarray
        Further values a row that a method was given, each of length `n_rows`.
    kept : ndarray of int64 or None
        In a view without the rows of weight 0: their numbers in the whole data.
    """

    def __init__(self, holder, y=None, weight=None, *, block_rows=None):
        self._holder = holder
        self.n_rows = holder.n_rows
        self.n_features = holder.n_features
        self.feature_names = holder.feature_names
        self.dtype = holder.dtype
        self.y = y
        self.weight = weight
        self.per_row = {}
        self.kept = None
        self._bounds = _cut(self.n_rows, block_rows or _block_rows(self.n_features))
        self._finite = [False] * len(self._bounds)

    @property
    def is_sparse(self):
        """Whether blocks of X are CSR."""
        return self._holder.is_sparse

    def positive(self):
        """Return these rows without those of weight 0, numbered anew."""
        if self.weight is None or self.weight.all():
            return self
        view = object.__new__(Rows)
        view.__dict__.update(self.__dict__)
        view.kept = np.flatnonzero(self.weight)
        view.n_rows = len(view.kept)
        view.y = None if self.y is None else self.y[view.kept]
        view.weight = self.weight[view.kept]
        view.per_row = {name: v[view.kept] for name, v in self.per_row.items()}
        return view

    def reweighted(self, weight):
        """Return the same rows with other weights, an array of shape (n_rows,)."""
        view = object.__new__(Rows)
        view.__dict__.update(self.__dict__)
        view.weight = weight
        return view

    def reduce(self, fn, merge):
        """Return the results of `fn` on every block, merged from first to last.

        Parameters
        ----------
        fn : callable
            ``fn(block)`` for a `Block`.
        merge : callable
            ``merge(a, b)`` of the results of earlier and later rows.
        """
        result = None
        for number, block in enumerate(self._blocks()):
            part = fn(block)
            result = part if number == 0 else merge(result, part)
        return result

    def map(self, fn):
        """Return the values of `fn` on every block, one after another.

        Parameters
        ----------
        fn : callable
            ``fn(block)`` for a `Block`: an array of shape (n,) or (n, c) for n rows.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, c)
        """
        out = None
        for block in self._blocks():
            part = np.asarray(fn(block))
            if part.shape[:1] != block.X.shape[:1]:
                raise ValueError(
                    f"map needs a value a row, but the function returned an array of "
                    f"shape {part.shape} for {block.X.shape[0]} rows."
                )
            if out is None:
                out = np.empty((self.n_rows, *part.shape[1:]), dtype=part.dtype)
            elif part.dtype != out.dtype:
                out = out.astype(np.result_type(out, part), copy=False)
            out[block.start : block.start + len(part)] = part
        return out

    def take(self, indices):
        """Return rows in the container the user gave, in the order of `indices`."""
        return self._holder.take(self._original(np.asarray(indices, dtype=np.int64)))

    def gather(self, indices):
        """Return rows as one `Block`, in the order of `indices`; its start is 0."""
        indices = np.asarray(indices, dtype=np.int64)
        X = self._holder.gather(self._original(indices))
        self._refuse_nonfinite(X)
        y = None if self.y is None else self.y[indices]
        weight = np.ones(len(indices)) if self.weight is None else self.weight[indices]
        return Block(X, y, weight, 0)

    def whole(self):
        """Return all rows as one `Block`; an array of floats in memory is not copied.

        For methods that compare every row with every other, which no block serves.
        """
        (X,) = self._holder.blocks([(0, self._holder.n_rows)])
        self._refuse_nonfinite(X)
        self._finite = [True] * len(self._bounds)
        return self._block(X if self.kept is None else X[self.kept], 0)

    def check_finite(self):
        """Read every block that no pass has read yet; raise if X is not finite."""
        if not all(self._finite):
            for _ in self._blocks():
                pass

    def _original(self, indices):
        return indices if self.kept is None else self.kept[indices]

    def _blocks(self):
        """Yield every `Block` in order; empty ones (all weights 0) are left out."""
        start = 0
        n_blocks = len(self._bounds)
        tell = logger.isEnabledFor(logging.DEBUG)
        for number, X in enumerate(self._holder.blocks(self._bounds)):
            if not self._finite[number]:
                self._refuse_nonfinite(X)
                self._finite[number] = True
            if self.kept is not None:
                low, high = np.searchsorted(self.kept, self._bounds[number])
                X = X[self.kept[low:high] - self._bounds[number][0]]
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

    def _block(self, X, start):
        stop = start + X.shape[0]
        y = None if self.y is None else self.y[start:stop]
        if self.weight is None:
            weight = np.broadcast_to(1.0, stop - start)
        else:
            weight = self.weight[start:stop]
        return Block(X, y, weight, start)

    def _refuse_nonfinite(self, X):
        values = X.data if sparse.issparse(X) else X
        # A sum is NaN or infinite if a term is; overflow alone is looked at again.
        with np.errstate(over="ignore", invalid="ignore"):
            if isfinite(values.sum(dtype=np.float64)):
                return
        if not np.isfinite(values).all():
            raise ValueError(self._describe_nonfinite())

    def _describe_nonfinite(self):
        """Count NaN and infinities by column, over all rows."""
        counts = np.zeros((2, self.n_features), dtype=np.int64)
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
            f"Input X contains {kinds}: {', '.join(found)}; {counts.sum()} values in "
            "all. Remove these rows or columns, or impute them first (for example with "
            "sklearn.impute.SimpleImputer)."
        )


def _block_rows(n_features):
    """Rows of a block: a power of two, about `_BLOCK_BYTES` of float64.

    Wide data get 256 rows, while these are at most `_MOST_BYTES`.
    """
    row_bytes = 8 * max(1, n_features)
    wanted = max(_BLOCK_BYTES // row_bytes, min(256, _MOST_BYTES // row_bytes), 1)
    return 1 << (wanted.bit_length() - 1)


def _cut(n_rows, block_rows):
    return list(pairwise([*range(0, n_rows, block_rows), n_rows]))


def open(
    data, y=None, sample_weight=None, *, columns=None, exclude=None, block_rows=None
):
    """Open data of any kind as `Rows`.

    Parameters
    ----------
    data : array-like, sparse, data frame, path or Rows
        A 2-dimensional array (NumPy, memory map, list of lists), a SciPy sparse matrix
        or array, a pandas, polars or pyarrow table, or the path of a ``.parquet`` or
        ``.npy`` file. Files are read block by block and never loaded whole.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), str or None
        Targets; of a file or a frame, also the name of a column.
    sample_weight : array-like of shape (n_rows,), float, str or None
        Non-negative weights; of a file or a frame, also the name of a column.
    columns : list of str, optional
        The feature columns of a file or a frame. By default all columns of a frame
        but `y` and `sample_weight`, and all numeric ones of a file.
    exclude : list of str, optional
        Columns of a file or a frame that are no features.
    block_rows : int, optional
        Rows of a block. By default blocks hold about 32 MB.

    Returns
    -------
    Rows

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        For a path where no file is.
    TypeError, ValueError
        For data that are not numbers, have no rows or no columns, or do not fit.

    Examples
    --------
    >>> import coreselect.rows
    >>> rows = coreselect.rows.open([[1.0, 2.0], [3.0, 4.0]])
    >>> rows.reduce(lambda block: block.X.sum(axis=0), lambda a, b: a + b)
    array([4., 6.])
    """
    if block_rows is not None:
        Integer(1)("block_rows", block_rows)
    if isinstance(data, Rows):
        settled = {"columns": columns, "exclude": exclude, "block_rows": block_rows}
        return _reopen(data, y, sample_weight, settled)
    given = {"y": y, "sample_weight": sample_weight}
    roles = {role: name for role, name in given.items() if isinstance(name, str)}
    if is_path(data):
        holder = open_file(data, columns, exclude, roles)
    elif is_frame(data):
        holder = FrameHolder(data, columns, exclude, roles)
    else:
        for name, value in (("columns", columns), ("exclude", exclude)):
            if value is not None:
                raise ValueError(
                    f"{name}={value!r} names columns, but X is an array and has none; "
                    "pass a data frame or a file, or index the array."
                )
        holder = ArrayHolder(data)
    if isinstance(y, str):
        y = holder.column(y, "y")
    if isinstance(sample_weight, str):
        sample_weight = holder.column(sample_weight, "sample_weight")
    return Rows(
        holder,
        check_target(native_column(y), holder.n_rows),
        check_weights(native_column(sample_weight), holder.n_rows),
        block_rows=block_rows,
    )


def _reopen(rows, y, sample_weight, settled):
    for name, value in settled.items():
        if value is not None:
            raise ValueError(f"{name} was settled when these Rows were opened.")
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if isinstance(value, str):
            raise ValueError(
                f"{name}={value!r} names a column, but these Rows are open already; "
                f"name it in coreselect.rows.open."
            )
    again = object.__new__(Rows)
    again.__dict__.update(rows.__dict__)
    again.per_row = dict(rows.per_row)  # what a method adds stays out of the user's
    if y is not None:
        again.y = check_target(native_column(y), rows.n_rows)
    if sample_weight is not None:
        again.weight = check_weights(native_column(sample_weight), rows.n_rows)
    return again


def native_column(values):
    """Turn a column of any frame library into a NumPy array; leave the rest."""
    if values is None or isinstance(values, (np.ndarray, list, tuple)):
        return values
    if not hasattr(values, "to_numpy"):
        return values
    if not type(values).__module__.startswith("pyarrow"):
        return values.to_numpy()
    if hasattr(values.type, "index_type"):  # of a dictionary, else nulls become a value
        values = values.cast(values.type.value_type)
    if hasattr(values, "chunks"):
        return values.to_numpy()
    return values.to_numpy(zero_copy_only=False)


def take_rows(data, indices):
    """Return rows of an array, frame, column, sparse matrix, list or file.

    Parameters
    ----------
    data : array, frame, series, sparse matrix, list, tuple, path or Rows
    indices : array-like of int of shape (n,)
        Row numbers, in any order.

    Returns
    -------
    rows
        Of the kind that went in; of a path, a pyarrow table (Parquet) or an array
        (npy), with all columns.

    Examples
    --------
    >>> from coreselect.rows import take_rows
    >>> take_rows(["a", "b", "c"], [2, 0])
    ['c', 'a']
    """
    indices = np.asarray(indices, dtype=np.int64)
    if isinstance(data, Rows):
        return data.take(indices)
    if is_path(data):
        return take_file(data, indices)
    return take_array(data, indices)


def count_rows(data):
    """Return the number of rows of anything that `take_rows` takes.

    Parameters
    ----------
    data : array, frame, series, sparse matrix, list, tuple, path or Rows

    Returns
    -------
    int

    Examples
    --------
    >>> from coreselect.rows import count_rows
    >>> count_rows(["a", "b", "c"])
    3
    """
    if isinstance(data, Rows):
        return data.n_rows
    if is_path(data):
        return count_file(data)
    if len(getattr(data, "shape", ())):
        return int(data.shape[0])
    try:
        return len(data)
    except TypeError as error:
        raise TypeError(
            f"an object of type {type(data).__name__} has no rows; pass an array, a "
            "data frame or one of its columns, a sparse matrix, a list or a path."
        ) from error


def drop_columns(frame, names):
    """Return a frame without some of its columns, as far as they are there.

    Parameters
    ----------
    frame : data frame, or any object if there are no `names`
    names : list of str

    Returns
    -------
    data frame
        Of the kind that came in.

    Examples
    --------
    >>> import pandas as pd
    >>> from coreselect.rows import drop_columns
    >>> list(drop_columns(pd.DataFrame({"a": [1], "b": [2]}), ["b"]))
    ['a']
    """
    if not names:
        return frame
    return nw.from_native(frame, eager_only=True).drop(*names, strict=False).to_native()


def numeric_columns(data):
    """Return the names of the numeric columns of a frame or a Parquet file.

    Parameters
    ----------
    data : data frame or path

    Returns
    -------
    list of str
        Integer, floating, decimal and boolean columns, in their order.

    Examples
    --------
    >>> import pandas as pd
    >>> from coreselect.rows import numeric_columns
    >>> numeric_columns(pd.DataFrame({"size": [1.5], "name": ["a"]}))
    ['size']
    """
    if is_path(data):
        return parquet_columns(os.fspath(data))[0]
    return FrameHolder.numeric_columns(data)

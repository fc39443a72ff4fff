"""The holder of rows in memory: arrays and sparse matrices."""

from math import prod

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from coreselect._validation import as_array, naming
from coreselect.rows.columns import AUTO, holds_objects, listed, not_numbers
from coreselect.rows.matrices import check_sparse
from coreselect.rows.sizes import bytes_of
from coreselect.rows.take import as_table, take_array
from coreselect.rows.tensors import as_numpy


def block_dtype(dtype):
    """Return the dtype of blocks: float32 if the data are float32, else float64."""
    native = np.dtype(dtype).newbyteorder("=")
    return native if native in (np.float32, np.float64) else np.dtype(np.float64)


class ArrayHolder:
    """Rows of a NumPy array (memory maps included) or of a sparse matrix.

    If `numeric` is False, they keep their dtype, and may hold anything: also texts or
    other objects, one per row, or arrays of more dimensions, such as images.
    """

    columns = feature_names = None
    dtype = None

    def __init__(self, data, name="X", *, numeric=True):
        self._data = data
        self._name = name
        self.numeric = numeric
        if np.ma.is_masked(data):
            raise ValueError(
                f"{name} has {np.ma.count_masked(data)} masked values. Remove their "
                "rows or columns, or fill them first."
            )
        self._X = _numbers(data, name) if numeric else _table(data, name)
        self.n_rows = self._X.shape[0]
        self.n_features = prod(self._X.shape[1:])
        self.is_sparse = sparse.issparse(self._X)
        self.integral = self._X.dtype.kind in "iu"
        if not numeric:
            return
        self.dtype = block_dtype(self._X.dtype)
        if self.is_sparse and not self._X.has_canonical_format:
            self._X = self._X.copy()  # sum_duplicates would change the user's matrix
            self._X.sum_duplicates()

    @property
    def n_bytes(self):
        """Bytes of the features that are in memory."""
        return bytes_of(self._X)

    def again(self, *, numeric):
        """Return the same rows, as numbers or as they were given."""
        return type(self)(self._data, self._name, numeric=numeric)

    def blocks(self, bounds):
        for start, stop in bounds:
            yield self._part(slice(start, stop))

    def gather(self, indices):
        return self._part(indices)

    def _part(self, rows):
        if self.numeric:
            return self._X[rows].astype(self.dtype, copy=False)
        whole = isinstance(rows, slice) and rows == slice(0, self.n_rows)
        return self._X if whole else self._X[rows]

    def take(self, indices):
        return take_array(self._data, indices)

    def column(self, name, argument):
        raise ValueError(
            f"{argument}={name!r} names a column, but {self._name} is an array and has "
            f"none; pass the values, or pass {self._name} as a data frame or a file."
        )


def _table(data, name):
    """Return data as an array of any dtype or as a sparse matrix.

    It has two dimensions or more, or one if it holds objects that are not numbers.
    """
    if sparse.issparse(data):
        check_sparse(data, name)
    with naming(name):
        if isinstance(data, (list, tuple)):
            data = as_table(data)
        elif not sparse.issparse(data):
            data = as_array(as_numpy(data), name)
        if data.ndim == 1 and len(data) and holds_objects(data):
            return data
        return check_array(
            data,
            accept_sparse=["csr", "csc"],
            dtype=None,
            ensure_all_finite=False,
            allow_nd=True,
        )


def _numbers(data, name):
    """Return data as a checked array or CSR of numbers."""
    data = as_numpy(data)
    plain = type(data) is np.ndarray and data.ndim == 2 and data.size > 0
    if plain and data.dtype in (np.float32, np.float64):
        return data  # checks of other data would take longer than some batches
    if sparse.issparse(data):
        check_sparse(data, name)
    elif isinstance(data, (list, tuple)):
        data = as_array(data, name)
    # NumPy would turn text that reads like a number into one, and a single text column
    # makes all columns objects. So columns are tested before they are converted.
    others = {}
    if isinstance(data, np.ndarray) and data.ndim == 2 and data.dtype == object:
        others = not_numbers(data)
    shown = listed([f"{column} ({kind})" for column, kind in others.items()])
    try:
        X = check_array(
            data, accept_sparse="csr", dtype="numeric", ensure_all_finite=False
        )
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        where = f"columns that are not numbers: {shown}: " if others else ""
        raise kind(f"{name}: {where}{error}") from error
    if others:
        raise ValueError(
            f"{name} has columns that are not numbers: {shown}. Text counts as text, "
            f"even if it looks like numbers; convert it with {name}.astype(float). "
            f"{AUTO}"
        )
    if X.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got an array of dtype {X.dtype}.")
    return X

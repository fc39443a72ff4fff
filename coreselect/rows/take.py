"""Take rows of any container, in a container of the same kind."""

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse

from coreselect._validation import as_array
from coreselect.rows.columns import is_arrow
from coreselect.rows.matrices import check_sparse, check_taken
from coreselect.rows.tensors import as_numpy, is_tensor


def native_column(values):
    """Convert a column of any frame library, or a tensor, to a NumPy array."""
    if values is None or isinstance(values, (np.ndarray, list, tuple)):
        return values
    if is_tensor(values):
        return as_numpy(values)
    if not hasattr(values, "to_numpy"):
        return values
    if not is_arrow(values):
        return values.to_numpy()
    # Without the cast, nulls of a dictionary column would become one of its values.
    if hasattr(values.type, "index_type"):
        values = values.cast(values.type.value_type)
    if hasattr(values, "chunks"):
        return values.to_numpy()
    return values.to_numpy(zero_copy_only=False)


def check_indices(indices, n_rows, name="indices", of="the data"):
    """Return row numbers as int64; raise if one is not among `n_rows` rows."""
    numbers = as_array(native_column(indices), name)
    if numbers.ndim != 1:
        raise ValueError(
            f"{name} must be 1-dimensional, got an array of shape {numbers.shape}."
        )
    if not len(numbers):
        return np.empty(0, dtype=np.int64)
    if numbers.dtype.kind not in "iu":
        raise TypeError(
            f"{name} must hold row numbers (int), got {numbers.dtype}, "
            f"{numbers[:3].tolist()}, ...; for a mask, pass numpy.flatnonzero(mask)."
        )
    if numbers.min() < 0 or numbers.max() >= n_rows:
        wrong = numbers.min() if numbers.min() < 0 else numbers.max()
        raise IndexError(
            f"{name}: there is no row {wrong} of {of}: rows are 0 to {n_rows - 1}."
        )
    return numbers.astype(np.int64, copy=False)


def take_array(data, indices):
    """Return rows of an array, sparse matrix, frame, series, list or tuple."""
    if sparse.issparse(data):
        return _take_sparse(data, indices)
    if isinstance(data, list):
        return [data[i] for i in indices]
    if isinstance(data, tuple):
        return tuple(data[i] for i in indices)
    if isinstance(data, np.ma.MaskedArray):
        return data[indices]
    if isinstance(data, np.ndarray):
        return np.asarray(data)[indices]
    # pandas and pyarrow are handled here, since narwhals refuses repeated column names.
    if hasattr(data, "iloc"):
        return _take_pandas(data, indices)
    if is_arrow(data):
        return take_arrow(data, indices)
    if is_tensor(data):
        return data[np.array(indices)]  # a copy: torch warns of read-only arrays
    wrapped = nw.from_native(data, allow_series=True, pass_through=True)
    if isinstance(wrapped, (nw.DataFrame, nw.Series)):
        return nw.to_native(take_frame(wrapped, indices))
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return [data[int(i)] for i in indices]
    if not hasattr(data, "__array__"):
        raise TypeError(
            f"cannot take rows of type {type(data).__name__}; pass an array, a data "
            "frame or one of its columns, a sparse matrix, a list or a path."
        )
    return np.asarray(data)[indices]


def take_part(data, rows):
    """Return a slice of rows, or rows by number; `data` itself if the slice is all."""
    if not isinstance(rows, slice):
        return take_array(data, rows)
    if (rows.start, rows.stop) == (0, len(data)):
        return data
    if hasattr(data, "iloc"):
        return data.iloc[rows]
    if is_arrow(data):
        return data.slice(rows.start, rows.stop - rows.start)
    return nw.from_native(data, eager_only=True)[rows].to_native()


def as_table(X):
    """Return a list as an array; one of mixed rows as an array of its own objects."""
    table = np.asarray(X)
    return table if table.dtype.kind in "biuf" else np.array(X, dtype=object)


def _take_pandas(data, indices):
    try:
        return data.iloc[indices]
    except ValueError:  # pandas cannot take rows of columns in foreign byte order
        index = data.index[indices]
    if data.ndim == 1:
        return type(data)(data.to_numpy()[indices], index=index, name=data.name)
    columns = (_take_pandas(data.iloc[:, j], indices) for j in range(data.shape[1]))
    made = type(data)(dict(enumerate(columns)), index=index)
    made.columns = data.columns
    return made


def take_frame(frame, indices):
    """Return rows of a narwhals frame or series."""
    if not len(indices):
        return frame[:0]
    return frame[indices] if isinstance(frame, nw.Series) else frame[indices, :]


def _take_sparse(data, indices):
    if data.format == "csr":
        return check_taken(data, indices)
    check_sparse(data)
    rows = data if data.format in ("csc", "lil") else data.tocsr()
    return rows[indices].asformat(data.format)


def take_arrow(data, indices):
    """Return rows of a pyarrow table, record batch, array or chunked array.

    pyarrow cannot take rows of some types: views, run-end encoded arrays, and types
    that nest these. Views are cast to plain text or binary and back. For the other
    types, runs of neighbouring rows are sliced and concatenated.
    """
    import pyarrow as pa

    if not hasattr(data, "schema") and str(data.type) in ("string_view", "binary_view"):
        plain = f"large_{str(data.type).removesuffix('_view')}"
        return data.cast(plain).take(pa.array(indices)).cast(data.type)
    try:
        return data.take(pa.array(indices))
    except pa.ArrowNotImplementedError:
        if not hasattr(data, "schema"):
            return _joined(data, indices)
        columns = [take_arrow(column, indices) for column in data.columns]
        return type(data).from_arrays(columns, schema=data.schema)


def _joined(data, indices):
    """Return rows of a pyarrow array: slice runs of neighbouring rows and join them."""
    import pyarrow as pa

    # A slice of pyarrow copies nothing, so a selection of long runs is cheap.
    ends = np.append(np.flatnonzero(np.diff(indices) != 1) + 1, len(indices))
    starts = np.append(0, ends[:-1])
    runs = [
        data.slice(int(indices[start]), int(end - start))
        for start, end in zip(starts, ends, strict=True)
        if end > start
    ] or [data.slice(0, 0)]
    if not hasattr(data, "chunks"):
        return pa.concat_arrays(runs)
    chunks = [chunk for run in runs for chunk in run.chunks]
    return pa.chunked_array([pa.concat_arrays(chunks)] if chunks else [], data.type)

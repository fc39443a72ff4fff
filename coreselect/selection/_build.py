"""Apply recipes for new rows to whatever holds rows.

Dtypes are kept: what is computed for a column of integers is rounded to the nearest
one that its dtype holds (or cut off, as imbalanced-learn does). Columns that are not
numbers are copied.
"""

from contextlib import suppress

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse

from coreselect.rows import Rows, count_rows, take_rows
from coreselect.rows.files import is_path
from coreselect.rows.frames import is_frame
from coreselect.rows.matrices import check_sparse


def build(X, indices, parts, *, copied=(), truncate=False):
    """Return rows `indices` of `X` and below them the new rows of `parts`.

    Parameters
    ----------
    X : array, frame, sparse matrix, list of lists, path or Rows
    indices : ndarray of int64
    parts : list of parts
    copied : list of str
        Columns of a frame that are no features, such as the target: copied.
    truncate : bool
        As `Synthesis` has it.
    """
    if isinstance(X, Rows) or is_path(X):
        used = np.unique(np.concatenate([indices, *(part.used() for part in parts)]))
        place = np.zeros(count_rows(X), dtype=np.int64)
        place[used] = np.arange(len(used))
        parts = [part.renumber(place) for part in parts]
        X, indices = take_rows(X, used), place[indices]
    if sparse.issparse(X):
        return _build_sparse(X, indices, parts, truncate)
    if is_frame(X):
        if hasattr(X, "sparse") and _is_pandas_sparse(X):
            return _build_pandas_sparse(X, indices, parts, truncate)
        return _build_frame(X, indices, parts, copied, truncate)
    made = _build_array(np.asarray(X), indices, parts, truncate)
    return made.tolist() if isinstance(X, (list, tuple)) else made


def _is_pandas_sparse(X):
    return hasattr(X, "dtypes") and all(
        type(dtype).__name__ == "SparseDtype" for dtype in X.dtypes
    )


def cast(values, dtype, truncate):
    """Return computed numbers in the dtype of their column."""
    if dtype.kind in "iu":
        return _whole(values if truncate else np.rint(values), dtype)
    if dtype.kind == "b":
        values = values != 0 if truncate else values >= 0.5
    return values.astype(dtype)


def _whole(values, dtype):
    """Cut off fractions; what the dtype does not hold becomes its nearest number."""
    limits = np.iinfo(dtype)
    high = float(limits.max)  # of 64 bits this is one too many
    below = np.nextafter(high, 0) if int(high) > limits.max else high
    made = np.clip(values, float(limits.min), below).astype(dtype)
    made[values >= high] = limits.max
    return made


def _build_array(X, indices, parts, truncate):
    if X.ndim == 1:
        return _build_array(X[:, None], indices, parts, truncate)[:, 0]
    if X.ndim > 2:
        raise ValueError(
            f"X has shape {X.shape}: new rows are made of tables; reshape X to "
            f"({len(X)}, -1)."
        )
    if truncate and parts:
        X = X.astype(
            np.result_type(*(p.legacy_dtype(X.dtype) for p in parts)), copy=False
        )
    n_kept = len(indices)
    n_new = sum(map(len, parts))
    out = np.empty((n_kept + n_new, *X.shape[1:]), dtype=X.dtype)
    if n_kept == len(X) and _is_range(indices):
        out[:n_kept] = X
    elif n_kept:
        np.take(X, indices, axis=0, out=out[:n_kept])
    start = n_kept
    for part in parts:
        place = out[start : start + len(part)]
        start += len(part)
        part.check_width(X.shape[1])
        direct = X.dtype in (np.float32, np.float64) or part.kind == "copy"
        if direct or (part.kind == "vote" and X.dtype.kind not in "biuf"):
            part.write(X, place)
        elif X.dtype.kind in "biuf":
            made = np.empty(place.shape)
            part.write(X, made)
            place[:] = cast(made, X.dtype, truncate)
        else:
            numbers, is_number = _numbers_in(X)
            made = np.empty(place.shape)
            part.write(numbers, made)
            place[:, is_number] = made[:, is_number]
            place[:, ~is_number] = X[part.base][:, ~is_number]
    return out


def _numbers_in(X):
    """Return the columns of numbers, zeros in place of others, and which they are."""
    numbers, is_number = np.zeros(X.shape), np.zeros(X.shape[1], dtype=bool)
    if X.dtype == object:
        for j, column in enumerate(X.T):
            if not any(isinstance(value, (str, bytes)) for value in column):
                with suppress(TypeError, ValueError):
                    numbers[:, j] = column.astype(np.float64)
                    is_number[j] = True
    return numbers, is_number


def _is_range(indices):
    return (
        indices[0] == 0 and bool((np.diff(indices) == 1).all()) if len(indices) else 0
    )


def _build_sparse(X, indices, parts, truncate):
    check_sparse(X)
    rows = X.tocsr()
    floats = rows
    if X.dtype not in (np.float32, np.float64):
        floats = rows.astype(np.float64)
    blocks = [rows[indices]]
    for part in parts:
        made = part.sparse_rows(floats)
        if made.dtype != X.dtype:
            made.data = cast(made.data, X.dtype, truncate)
        blocks.append(made)
    return sparse.vstack(blocks, format=X.format, dtype=X.dtype)


def _build_pandas_sparse(X, indices, parts, truncate):
    stacked = _build_sparse(X.sparse.to_coo().tocsr(), indices, parts, truncate)
    made = type(X).sparse.from_spmatrix(stacked, columns=X.columns)
    made = made.astype(X.dtypes.to_dict())
    return number_rows(made, X, len(indices), _bases(indices, parts))


def _bases(indices, parts):
    return np.concatenate([indices, *(part.base for part in parts)])


def _build_frame(X, indices, parts, copied, truncate):
    pieces = [take_rows(X, indices)]
    pieces += [_frame_rows(X, part, copied, truncate) for part in parts if len(part)]
    if len(pieces) == 1:
        return pieces[0]
    wrapped = [nw.from_native(piece, eager_only=True) for piece in pieces]
    made = nw.concat(wrapped, how="vertical").to_native()
    return number_rows(made, X, len(indices), _bases(indices, parts))


def _frame_rows(X, part, copied, truncate):
    """Return the new rows of a part as a frame of the kind and dtypes of `X`."""
    new = take_rows(X, part.base)
    frame = nw.from_native(X, eager_only=True)
    features = [name for name in frame.columns if name not in copied]
    taken = part.copied_columns(len(features))
    as_is = {features[j] for j in np.flatnonzero(taken)}
    numeric = [
        name
        for name in features
        if name not in as_is and (taken.any() or _is_numeric(frame.schema[name]))
    ]
    values = dict(_columns(X, part, numeric, truncate))
    for column in np.flatnonzero(taken):
        rows = part.sources(column)
        if not np.array_equal(rows, part.base):
            name = features[column]
            values[name] = nw.from_native(
                take_rows(frame.get_column(name).to_native(), rows), series_only=True
            )
    if not values:
        return new
    return _with_columns(new, X, values)


def _is_numeric(dtype):
    return dtype.is_numeric() or dtype == nw.Boolean


def _columns(X, part, names, truncate):
    """Yield the computed columns of the new rows of a part."""
    if not names:
        return
    schema = nw.from_native(X, eager_only=True).schema
    rows = part.used()
    place = np.zeros(count_rows(X), dtype=np.int64)
    place[rows] = np.arange(len(rows))
    small = nw.from_native(take_rows(X, rows), eager_only=True)
    single = all(schema[name] == nw.Float32 for name in names)
    numbers = np.empty((len(rows), len(names)), np.float32 if single else np.float64)
    for j, name in enumerate(names):
        column = small.get_column(name)
        if column.null_count():
            raise ValueError(
                f"column {name!r} has missing values in rows that new rows are made "
                "from; impute them first."
            )
        numbers[:, j] = column.to_numpy()
    made = np.empty((len(part), len(names)), dtype=numbers.dtype)
    part.renumber(place).numbers_only().write(numbers, made)
    for j, name in enumerate(names):
        dtype = _numpy_dtype(schema[name])
        column = made[:, j]
        yield name, column if dtype is None else cast(column, dtype, truncate)


def _numpy_dtype(dtype):
    """Return the dtype of a column of integers or booleans; None: leave it floats."""
    if dtype == nw.Boolean:
        return np.dtype(bool)
    name = str(dtype).lower()
    return (
        np.dtype(name if hasattr(np, name) else "int64") if dtype.is_integer() else None
    )


def _with_columns(new, X, values):
    """Return frame `new` with columns replaced, in the dtypes of `X`."""
    frame = nw.from_native(new, eager_only=True)
    backend = frame.implementation
    if backend.is_pandas_like():
        new = new.copy()
        for name, column in values.items():
            native = column if isinstance(column, np.ndarray) else column.to_native()
            native = getattr(native, "array", native)
            new[name] = type(new[name])(native, index=new.index).astype(X.dtypes[name])
        return new
    series = []
    for name, column in values.items():
        if isinstance(column, np.ndarray):
            made = nw.new_series(name, column, backend=backend)
            column = made.cast(frame.schema[name])
        series.append(column.alias(name))
    return frame.with_columns(*series).to_native()


def number_rows(made, X, n_kept, source):
    """Give new rows of a pandas object labels: those of kept rows stay.

    Rows below a default index, or below one of unique integers with room for more, are
    numbered on; of other kinds, a new row carries the label of the row that it was made
    from.
    """
    index = getattr(X, "index", None)
    if index is None or not hasattr(made, "iloc"):
        return made
    labels = index[source]
    n_new = len(source) - n_kept
    dtype = _dtype_to_number_on(index, n_new)
    if dtype is not None:
        numpy_dtype = getattr(dtype, "numpy_dtype", dtype)
        numbers = np.arange(n_new, dtype=numpy_dtype)
        numbers += numpy_dtype.type(int(index.max()) + 1) if n_new else 0
        kept = np.asarray(labels[:n_kept], dtype=numpy_dtype)
        labels = np.concatenate([kept, numbers])
    made = made.reset_index(drop=True)  # a new object: the user's stays as it is
    plain = dtype is None or isinstance(dtype, np.dtype)
    if plain and np.array_equal(labels, np.arange(len(labels))):
        return made
    made.index = labels
    if not plain:
        made.index = made.index.astype(dtype)
    made.index.names = index.names
    return made


def _dtype_to_number_on(index, n_new):
    """Return the dtype of an index that is numbered on; None: it is not.

    It is if it holds unique integers, and its dtype or int64 has room for the new ones.
    """
    unfit = getattr(index, "nlevels", 1) > 1 or index.dtype.kind not in "iu"
    if unfit or not len(index) or index.hasnans or not index.is_unique:
        return None
    last = int(index.max()) + n_new
    for dtype in (index.dtype, np.dtype(np.int64)):
        if last <= np.iinfo(getattr(dtype, "numpy_dtype", dtype)).max:
            return dtype
    return None


def column_of(frame, name):
    """Return a column of any kind of frame."""
    return frame[name]

"""Apply recipes for new rows to whatever holds rows.

What is copied stays the very value that it was; what is computed runs in float64 (of
float32 alone, in float32) and comes back in the dtype of its column. In columns of
integers it is rounded to the nearest one that the dtype holds (or cut off, as
imbalanced-learn does). Columns that are not numbers are copied.
"""

from copy import copy
from itertools import chain

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse

from coreselect._files import is_path
from coreselect.rows import Rows, count_rows, take_rows
from coreselect.rows.columns import column_types, integer_dtype, not_numbers
from coreselect.rows.frames import (
    FrameHolder,
    as_frame,
    is_frame,
    is_thin,
    thin_matrix,
)
from coreselect.rows.matrices import check_sparse
from coreselect.rows.take import as_table
from coreselect.selection._parts import positions


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
    parts = [part for part in parts if len(part)]
    if isinstance(X, Rows) or is_path(X):
        used = np.unique(np.concatenate([indices, *(part.used() for part in parts)]))
        parts = [part.renumber(positions(used, count_rows(X))) for part in parts]
        indices, features = np.searchsorted(used, indices), getattr(X, "columns", None)
        X = take_rows(X, used)
        if features is not None:
            copied = {*column_types(X)} - {*features}
    if sparse.issparse(X):
        return _build_sparse(X, indices, parts, truncate)
    if as_frame(X) is not X:
        return _build_batch(X, indices, parts, copied, truncate)
    if is_frame(X):
        return _build_frame(X, indices, parts, copied, truncate)
    if isinstance(X, (list, tuple)):
        return _build_list(X, indices, parts, truncate)
    return _build_array(np.asarray(X), indices, parts, truncate)


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


# --- arrays, lists, sparse matrices ---


def _build_list(X, indices, parts, truncate):
    rows = [copy(X[i]) for i in indices]
    table = as_table(X) if parts else None
    for part in parts:
        if part.kind == "copy":
            rows += [copy(X[i]) for i in part.base]
        else:
            rows += _build_array(table, indices[:0], [part], truncate).tolist()
    return tuple(rows) if isinstance(X, tuple) else rows


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
        if X.dtype in (np.float32, np.float64) or part.kind == "copy":
            part.write(X, place)
        else:
            _write_columns(X, part, place, truncate)
    return out


def _write_columns(X, part, out, truncate):
    """Write new rows of an array of integers, objects, text, ...: column by column."""
    taken = part.copied_columns(X.shape[1])
    computed = ~taken
    if others := not_numbers(X, np.flatnonzero(computed)):
        computed[list(others)] = False
    if computed.any():
        rows, small = part.numbers_only().on_used(len(X))
        numbers = X[rows][:, computed].astype(np.float64)
        if X.dtype == object and np.isnan(numbers).any():
            column = np.flatnonzero(computed)[np.isnan(numbers).any(axis=0)][0]
            raise ValueError(_missing(column))
        made = np.empty((len(part), numbers.shape[1]))
        small.write(numbers, made)
        out[:, computed] = made if X.dtype == object else cast(made, X.dtype, truncate)
    for column in np.flatnonzero(~computed):
        rows = part.rows_of_column(column) if taken[column] else part.base
        out[:, column] = X[rows, column]


def _missing(column):
    return (
        f"X: column {column!r} has missing values in rows that new rows are made from; "
        "impute them first."
    )


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
        part.check_width(X.shape[1])
        made = part.numbers_only().sparse_rows(rows if part.kind == "copy" else floats)
        if made.dtype != X.dtype:
            made.data = cast(made.data, X.dtype, truncate)
        blocks.append(_with_donors(made, rows, part) if part.kind == "vote" else made)
    return sparse.vstack(blocks, format=X.format, dtype=X.dtype)


def _with_donors(made, rows, part):
    """Return new sparse rows with the values that rows nearby voted for."""
    made, by_column = made.tolil(), rows.tocsc()
    for column in part.columns:
        values = by_column[:, [column]].toarray().ravel()
        made[:, column] = values[part.rows_of_column(column), np.newaxis]
    return type(rows)(made.tocsr())


# --- data frames ---


def _build_frame(X, indices, parts, copied, truncate):
    """Return kept and new rows of a frame; columns are looked up once, by place."""
    kept = take_rows(X, indices)
    if not parts:
        return kept
    types, copied = column_types(X), set(copied)
    numpys = {name: t for name, t in types.items() if isinstance(t, np.dtype)}
    foreign = {name: dtype for name, dtype in numpys.items() if not dtype.isnative}
    if foreign:  # pandas neither joins nor takes columns in the other byte order
        X = X.astype({name: dtype.newbyteorder("=") for name, dtype in foreign.items()})
        return _build_frame(X, indices, parts, copied, truncate).astype(foreign)
    features = [j for j, name in enumerate(types) if name not in copied]
    others = not_numbers(X, [name for name in types if name not in copied])
    is_text = [name in others for name in types]
    pieces = [kept]
    for part in parts:
        taken = part.copied_columns(len(features))
        wanted = zip(features, taken, strict=True)
        computed = [j for j, own in wanted if not (own or is_text[j])]
        columns = _computed(X, part, computed, list(types.items()), truncate)
        for column in np.flatnonzero(taken):
            rows = part.rows_of_column(column)
            if not np.array_equal(rows, part.base):
                place = [features[column]]
                columns.append((place, _columns(X, place, rows)))
        pieces.append(_replaced(X, take_rows(X, part.base), columns))
    wrapped = [nw.from_native(piece, eager_only=True) for piece in pieces]
    made = nw.concat(wrapped, how="vertical").to_native()
    bases = np.concatenate([indices, *(part.base for part in parts)])
    return number_rows(made, X, len(indices), bases)


def _build_batch(X, indices, parts, copied, truncate):
    """Return kept and new rows of a record batch of pyarrow."""
    import pyarrow as pa

    table = _build_frame(as_frame(X), indices, parts, copied, truncate)
    columns = [column.combine_chunks() for column in table.columns]
    return pa.RecordBatch.from_arrays(columns, schema=X.schema)


def _columns(X, places, rows):
    """Return rows of some columns of a frame, as a frame."""
    if hasattr(X, "iloc"):
        return X.iloc[rows, places]
    frame = nw.from_native(X, eager_only=True)
    names = frame.columns  # by place, polars loses an empty one
    return take_rows(frame.select([names[j] for j in places]).to_native(), rows)


def _computed(X, part, places, types, truncate):
    """Return the computed columns of new rows: a frame for each dtype, with places."""
    if not places:
        return []
    rows, small = part.numbers_only().on_used(count_rows(X))
    small.check_width(len(places))
    numbers = _columns(X, places, rows)
    if is_thin(numbers):
        made = sparse.csc_array(small.sparse_rows(thin_matrix(numbers).tocsr()))
    else:
        holder = FrameHolder(numbers)
        (block,) = holder.blocks([(0, len(rows))])
        made = np.empty((len(part), len(places)), dtype=holder.dtype)
        small.write(block, made)
    groups = {}
    for at, place in enumerate(places):
        groups.setdefault(str(types[place][1]), []).append(at)
    found = []
    for group in groups.values():
        chosen = [places[at] for at in group]
        names, dtype = [types[place][0] for place in chosen], types[chosen[0]][1]
        found.append((chosen, _typed(X, made[:, group], names, dtype, truncate)))
    return found


def _typed(X, values, names, dtype, truncate):
    """Return computed columns of one dtype as a frame of the kind of `X`."""
    plain = integer_dtype(dtype)
    if sparse.issparse(values):
        if plain is not None:
            values.data = cast(values.data, plain, truncate)
        return type(X).sparse.from_spmatrix(values, columns=names).astype(dtype)
    if plain is not None:
        values = cast(values, plain, truncate)
    if hasattr(X, "iloc"):
        return type(X)(values, columns=names).astype(dtype)
    columns = dict(zip(names, np.asfortranarray(values).T, strict=True))
    if _is_arrow(X):
        import pyarrow as pa

        return pa.table({k: pa.array(v).cast(dtype) for k, v in columns.items()})
    backend = nw.from_native(X, eager_only=True).implementation
    made = [
        nw.new_series(name, column, backend=backend).cast(dtype).to_frame()
        for name, column in columns.items()
    ]
    return nw.concat(made, how="horizontal").to_native()


def _is_arrow(X):
    return type(X).__module__.startswith("pyarrow")


def _replaced(X, new, columns):
    """Return new rows with columns replaced, given as frames with their places."""
    if not columns:
        return new
    if hasattr(X, "iloc"):
        there = [place for places, _ in columns for place in places]
        rest = np.setdiff1d(np.arange(X.shape[1]), there)
        pieces = [new.iloc[:, rest], *(made for _, made in columns)]
        for piece in pieces[1:]:
            piece.index = new.index
        space = nw.get_native_namespace(X)
        made = space.concat(pieces, axis=1).iloc[:, np.argsort([*rest, *there])]
        made.columns = X.columns
        return made
    if not _is_arrow(X):
        made = [nw.from_native(m, eager_only=True).iter_columns() for _, m in columns]
        new = nw.from_native(new, eager_only=True)
        return new.with_columns(*chain.from_iterable(made)).to_native()
    values = list(new.columns)
    for places, made in columns:
        for place, column in zip(places, made.columns, strict=True):
            values[place] = column
    return type(X).from_arrays(values, schema=X.schema)


def number_rows(made, X, n_kept, source):
    """Give new rows of a pandas object labels: those of kept rows stay.

    Rows below a default index, or below one of unique integers with room for more, are
    numbered on; of other kinds, a new row carries the label of the row that it was made
    from.
    """
    index = getattr(X, "index", None)
    if index is None or not hasattr(made, "iloc"):
        return made
    numpys = isinstance(index.dtype, np.dtype)
    if numpys and not index.dtype.isnative:  # pandas does not count these
        index = index.astype(index.dtype.newbyteorder("="))
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
    if not plain or not np.array_equal(labels, np.arange(len(labels))):
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

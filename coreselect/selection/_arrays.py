"""Make new rows of arrays, lists and sparse matrices.

Copied values do not change. Computed ones are float64 (float32 for data in float32) and
come back in the dtype of their column: in columns of integers, rounded to the nearest
number that the dtype holds (or cut off, as imbalanced-learn does). Columns that are not
numbers are copied.
"""

from copy import copy

import numpy as np
from scipy import sparse

from coreselect.rows.columns import not_numbers
from coreselect.rows.matrices import check_sparse
from coreselect.rows.take import as_table


def cast(values, dtype, truncate):
    """Return computed numbers in the dtype of their column."""
    if dtype.kind in "iu":
        return _whole(values if truncate else np.rint(values), dtype)
    if dtype.kind == "b":
        values = values != 0 if truncate else values >= 0.5
    return values.astype(dtype)


def _whole(values, dtype):
    """Cut off fractions; numbers outside the range of the dtype become its limits."""
    # A float out of range becomes any integer when it is cast. The largest int64 is not
    # a float: floats are cut off below it, and those above set to it afterwards.
    limits = np.iinfo(dtype)
    high = float(limits.max)  # with 64 bits, this rounds up to one too many
    below = np.nextafter(high, 0) if int(high) > limits.max else high
    made = np.clip(values, float(limits.min), below).astype(dtype)
    made[values >= high] = limits.max
    return made


def build_list(X, indices, parts, truncate):
    rows = [copy(X[i]) for i in indices]
    table = as_table(X) if parts else None
    for part in parts:
        if part.kind == "copy":
            rows += [copy(X[i]) for i in part.base]
        else:
            rows += build_array(table, indices[:0], [part], truncate).tolist()
    return tuple(rows) if isinstance(X, tuple) else rows


def build_array(X, indices, parts, truncate):
    if X.ndim == 1:
        return build_array(X[:, None], indices, parts, truncate)[:, 0]
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
    if np.array_equal(indices, np.arange(len(X))):  # all rows: a plain copy is faster
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
    """Write new rows of an array of integers, objects or text, column by column."""
    # Only the rows that new rows are made from are converted to floats: the rest of a
    # large table of integers or objects stays as it is.
    taken = part.copied_columns(X.shape[1])
    computed = ~taken
    if others := not_numbers(X, np.flatnonzero(computed)):
        computed[list(others)] = False
    if computed.any():
        rows, small = part.numbers_only().on_used(len(X))
        numbers = X[rows][:, computed].astype(np.float64)
        if X.dtype == object and np.isnan(numbers).any():
            column = np.flatnonzero(computed)[np.isnan(numbers).any(axis=0)][0]
            raise ValueError(
                f"X: column {column!r} has missing values in rows that new rows are "
                "made from; impute them first."
            )
        made = np.empty((len(part), numbers.shape[1]))
        small.write(numbers, made)
        out[:, computed] = made if X.dtype == object else cast(made, X.dtype, truncate)
    for column in np.flatnonzero(~computed):
        rows = part.rows_of_column(column) if taken[column] else part.base
        out[:, column] = X[rows, column]


def build_sparse(X, indices, parts, truncate):
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
    """Return new sparse rows with the categories that nearby rows voted for."""
    made, by_column = made.tolil(), rows.tocsc()
    for column in part.columns:
        values = by_column[:, [column]].toarray().ravel()
        made[:, column] = values[part.rows_of_column(column), np.newaxis]
    return type(rows)(made.tocsr())

"""How many bytes rows take."""

from sys import getsizeof

import numpy as np
from scipy import sparse

from coreselect._scratch import is_stored

_SOME = 1000  # objects whose sizes stand for those of all


def bytes_of(X):
    """Return the bytes of an array or of a CSR matrix."""
    if sparse.issparse(X):
        return X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    return X.nbytes


def bytes_in_memory(rows):
    """Return the bytes of opened rows that are in memory: features and their values."""
    values = [rows.y, rows.weight, *rows.per_row.values()]
    values = [v for v in values if isinstance(v, np.ndarray) and not is_stored(v)]
    return sum(map(_bytes_with_objects, values)) + _bytes_held(rows._holder)


def _bytes_with_objects(values):
    """Return the bytes of an array, and about those of the objects in it."""
    if values.dtype != object:
        return values.nbytes
    some = values.ravel()[:_SOME].tolist()
    sizes = {id(value): getsizeof(value) for value in some}
    return values.nbytes + values.size * sum(sizes.values()) // max(1, len(some))


def bytes_per_row(rows):
    """Return the bytes of the features of one row in a block, on average."""
    if rows.is_sparse and (held := _bytes_held(rows._holder)):
        return held / max(1, rows.n_rows)
    return rows.n_features * (8 if rows.dtype is None else rows.dtype.itemsize)


def bytes_at_once(rows):
    """Return the bytes of partitions that this process reads together; 0 if none."""
    # Imported here, as that needs the holders, and these need this file.
    from coreselect.rows._engines import client_of

    if client_of(rows._engine, rows._holder) is not None:
        return 0
    return getattr(rows._holder, "bytes_at_once", 0)


def _bytes_held(holder):
    """Return the bytes of features that a holder keeps in memory; 0 if none known."""
    if hasattr(holder, "n_bytes"):
        return holder.n_bytes
    raw = getattr(holder, "_raw", None)  # of rows that are seen through a transformer
    return 0 if raw is None else _bytes_held(raw)

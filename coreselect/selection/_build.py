"""Apply recipes for new rows to any container of rows."""

import numpy as np
from scipy import sparse

from coreselect.rows import Rows, count_rows, take_rows
from coreselect.rows import open as open_rows
from coreselect.rows.columns import column_types
from coreselect.rows.datasets import as_arrow_table
from coreselect.rows.frames import as_frame, is_frame
from coreselect.rows.sources import has_columns, is_stored
from coreselect.selection._arrays import build_array, build_list, build_sparse
from coreselect.selection._frames import build_batch, build_frame
from coreselect.selection._parts import positions


def build(X, indices, parts, *, copied=(), truncate=False):
    """Return rows `indices` of `X` and below them the new rows of `parts`.

    The columns `copied` of a frame are not features, such as the target. For the other
    arguments see `Synthesis`.
    """
    parts = [part for part in parts if len(part)]
    if is_stored(X) and has_columns(X):  # whose index column is not a feature
        X = open_rows(X, numeric=False)
    if isinstance(X, Rows) or is_stored(X):  # read only the rows that are needed
        used = np.unique(np.concatenate([indices, *(part.used() for part in parts)]))
        parts = [part.renumber(positions(used, count_rows(X))) for part in parts]
        indices, features = np.searchsorted(used, indices), getattr(X, "columns", None)
        X = as_arrow_table(take_rows(X, used))
        if features is not None:
            copied = {*copied, *column_types(X)} - ({*features} - {*copied})
    if sparse.issparse(X):
        return build_sparse(X, indices, parts, truncate)
    if as_frame(X) is not X:
        return build_batch(X, indices, parts, copied, truncate)
    if is_frame(X):
        return build_frame(X, indices, parts, copied, truncate)
    if isinstance(X, (list, tuple)):
        return build_list(X, indices, parts, truncate)
    return build_array(np.asarray(X), indices, parts, truncate)

"""Data whose rows are read as they are needed: files, data sets, holders, queries.

Arrays and frames in memory are not among them. `is_stored` tells the two apart, and the
other functions here serve every kind of stored data.
"""

from coreselect._files import is_path, stamp_of
from coreselect._folders import is_list_of_files, located
from coreselect.rows.dask import (
    DaskFrameHolder,
    is_dask_array,
    is_dask_frame,
    open_dask_array,
)
from coreselect.rows.datasets import (
    ArrowDatasetHolder,
    HubDatasetHolder,
    is_arrow_dataset,
    is_hub_dataset,
    local_files,
)
from coreselect.rows.files import count_file, is_table, open_file, take_file
from coreselect.rows.foreign import ForeignHolder, is_holder
from coreselect.rows.frames import is_frame, is_lazy
from coreselect.rows.spooling import open_query, refuse_query
from coreselect.rows.tables import numeric_names
from coreselect.rows.take import check_indices

# Kinds of data that are no files, by what tells them and what opens them.
_KINDS = (
    (is_lazy, open_query),
    (is_arrow_dataset, ArrowDatasetHolder),
    (is_hub_dataset, HubDatasetHolder),
    (is_dask_array, open_dask_array),
    (is_dask_frame, DaskFrameHolder),
    (is_holder, ForeignHolder),
)


def are_files(data):
    """Return whether `data` is a path, or a list of paths."""
    return is_path(data) or is_list_of_files(data)


def is_stored(data):
    """Return whether rows of `data` are read as they are needed."""
    return are_files(data) or any(is_one(data) for is_one, _ in _KINDS)


def open_stored(data, columns=None, exclude=None, roles=None, **how):
    """Return the holder of the rows of stored data."""
    if are_files(data):
        return open_file(data, columns, exclude, roles, **how)
    opened = next(opened for is_one, opened in _KINDS if is_one(data))
    return opened(data, columns, exclude, roles, **how)


def has_columns(data, name="X"):
    """Return whether data are a frame, or stored with names of columns."""
    if are_files(data):
        return is_table(data)
    if is_holder(data):
        return data.feature_names is not None
    if is_dask_array(data):
        return False
    return is_stored(data) or is_frame(data, name)


def stamps_of(data):
    """Return what tells stored data apart from others, and from later versions."""
    if are_files(data):
        paths = located(data)
        return [(path, stamp_of(path)) for path in paths]
    if is_arrow_dataset(data):
        return data, [stamp_of(path) for path in local_files(data)]
    return data


def count_stored(data):
    """Return the number of rows of stored data."""
    refuse_query(data)
    if are_files(data):
        return count_file(data)
    return open_stored(data, numeric=False).n_rows


def take_stored(data, indices):
    """Return rows of stored data, in the order of `indices`."""
    refuse_query(data)
    if are_files(data):
        return take_file(data, indices)
    holder = open_stored(data, numeric=False)
    return holder.take(check_indices(indices, holder.n_rows))


def numeric_columns_of(data):
    """Return the names of the columns of stored data that hold numbers."""
    refuse_query(data)
    holder = open_stored(data, numeric=False)
    if isinstance(holder, ForeignHolder):
        return holder.feature_names or []
    return numeric_names(holder.schema)

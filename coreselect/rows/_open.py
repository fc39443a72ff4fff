"""Open data of any kind as `Rows`; take and count rows of any container."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from coreselect._folders import refuse_other_order
from coreselect._typing import Column, RowsLike
from coreselect._validation import Integer, check_target, check_weights, naming
from coreselect.rows._engines import absolute, engine_of, require_workers
from coreselect.rows._rows import Rows
from coreselect.rows.arrays import ArrayHolder
from coreselect.rows.columns import index_note, not_numbers, with_kinds
from coreselect.rows.dask import DaskColumn, is_dask_column
from coreselect.rows.files import (
    refuse_reading,
)
from coreselect.rows.foreign import refuse_delayed, refuse_part_of_holder
from coreselect.rows.frames import FrameHolder, as_frame, is_frame
from coreselect.rows.progress import logger
from coreselect.rows.sources import (
    are_files,
    count_stored,
    is_stored,
    numeric_columns_of,
    open_stored,
    take_stored,
)
from coreselect.rows.spooling import refuse_list_of_tables, refuse_one_pass
from coreselect.rows.take import check_indices, native_column, take_array


def open(
    data: RowsLike,
    y: Column = None,
    sample_weight: Column = None,
    *,
    columns: Sequence[Any] | None = None,
    exclude: Sequence[Any] | None = None,
    block_rows: int | None = None,
    engine: Literal["auto", "local", "dask"] = "auto",
    numeric: bool = True,
    keep_sparse: bool = False,
    delimiter: str | None = None,
    decimal: Literal[".", ","] | None = None,
    header: bool = True,
    encoding: str | None = None,
    name: str = "X",
    roles: tuple[str, ...] = ("y", "sample_weight"),
    per_row: dict[str, Column] | None = None,
) -> Rows:
    """Open data of any kind as `Rows`.

    Parameters
    ----------
    data : array-like, sparse, data frame, path, data set, Holder, lazy frame or Rows
        A 2-dimensional array (NumPy, memory map, list of lists), a SciPy sparse matrix
        or array, a pandas, polars or pyarrow table, or the path of a ``.csv``,
        ``.tsv``, ``.parquet``, ``.npy`` or ``.npz`` file; text may be compressed, as in
        ``.csv.gz`` or ``.tsv.zst``. Several Parquet files are one table: pass their
        directory, a glob such as ``"parts/*.parquet"`` or a list of paths. They are
        read in the order of their names, and need the same columns and types. Tables
        are read block by block and never loaded whole; every pass over a large CSV,
        and every `take`, parses its text anew. In a ``.npz`` file, the array ``X`` or
        the only 2-dimensional one holds the features, and `y` and `sample_weight` may
        name other arrays.
        Also a `pyarrow.dataset.Dataset`, a `datasets.Dataset` of Hugging Face, an array
        or data frame of Dask, or any object that meets the protocol `Holder`. A lazy
        frame of polars, DuckDB or Ibis is run once, into a scratch file that is removed
        with the rows; row numbers count the rows of that run, and a log record says so.
        Streams that can be read once only are refused: write them with `spool`.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), str or None
        Targets, or the name of the column of a file or frame that holds them.
    sample_weight : array-like of shape (n_rows,), float, str or None
        Non-negative weights, or the name of the column of a file or frame that holds
        them.
    columns : list of str, optional
        The feature columns of a file or frame. By default all numeric columns, except
        `y` and `sample_weight`; a log record names the columns that are left out as
        they are not numeric. The index of a pandas frame (in a CSV, a first column
        without a name) is not a feature.
    exclude : list of str, optional
        Columns of a file or frame that are not features.
    block_rows : int, optional
        Number of rows per block. By default blocks hold about 32 MB.
    engine : {"auto", "local", "dask"}
        Where rows are read. "local": in this process. "dask": by the workers of the
        current client of Dask, which must find files under the same paths. By default
        by workers for a collection of Dask if there is a client, else in this process.
        The same rows are selected.
    numeric : bool
        Whether the features must be numbers; blocks then hold them as floats. If False,
        features may be categories, text, dates or missing values, and all columns of a
        frame or a file are features by default. X in a block then is what the user
        gave: an array of the same dtype, a sparse matrix, or a frame of the feature
        columns (for CSV and Parquet files a pyarrow table). The data may also be a list
        or array of texts, or an array of more dimensions, such as images.
    keep_sparse : bool
        Whether a pandas frame whose feature columns are all sparse, with zeros left
        out, is read as CSR. By default its blocks are dense arrays.
    delimiter : str, optional
        The character between the cells of a text file. By default the first lines tell:
        a comma (a tab in TSV) if it cuts them into a table, else a semicolon, tab or
        bar. Unusual findings go to the logger ``coreselect.rows``.
    decimal : {".", ","}, optional
        The decimal mark of the numbers in a text file. By default a point; a comma if
        numbers such as ``1,5`` are found in a file that no commas separate.
    header : bool
        Whether the first line of a text file names the columns. If False, they are
        named c0, c1, ... Repeated names get a number: a, a.1.
    encoding : str, optional
        The encoding of a text file, such as ``"latin-1"``. By default UTF-8, or UTF-16
        if the first bytes show it. Cells that are not UTF-8 are read as bytes.
    name : str
        The name of the data in error messages.
    roles : tuple of two str
        The names of `y` and `sample_weight` in error messages.
    per_row : dict of str to array-like of shape (n_rows,), or str; optional
        Further values of the rows, or the columns that hold them, by the argument of
        `fit` that they stand for: ``{"groups": "region", "cost": "price"}``.

    Returns
    -------
    Rows

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If a path leads to no file, or a directory holds no Parquet file.
    TypeError, ValueError
        If named columns are not numbers, no column is, there are no rows or columns,
        or the data do not fit together, or can be read once only, or workers cannot
        read them.
    RuntimeError
        If ``engine="dask"`` and there is no client.

    Examples
    --------
    >>> import coreselect.rows
    >>> rows = coreselect.rows.open([[1.0, 2.0], [3.0, 4.0]])
    >>> rows.reduce(lambda block: block.X.sum(axis=0), lambda a, b: a + b)
    array([4., 6.])
    """
    if block_rows is not None:
        Integer(1)("block_rows", block_rows)
    given = dict(zip(roles, (y, sample_weight), strict=True))
    given |= per_row or {}
    reading: dict[str, Any] = {"delimiter": delimiter, "decimal": decimal}
    reading |= {"header": header, "encoding": encoding}
    if isinstance(data, Rows):
        settled: dict[str, Any] = {"columns": columns, "exclude": exclude}
        settled |= {"block_rows": block_rows, **reading}
        settled["engine"] = None if engine == "auto" else engine
        settled["header"] = None if header is True else header
        return _reopen(data, given, settled, name, numeric)
    if not are_files(data):
        refuse_reading(reading, f"text files, but {name} is not a path")
        reading = {}
    engine = engine_of(data, engine)
    if engine == "dask" and are_files(data):
        data = absolute(data)
    named = {role: column for role, column in given.items() if isinstance(column, str)}
    if is_stored(data):
        arrays = [r for r, v in given.items() if v is not None and r not in named]
        refuse_other_order(data, name, arrays)
        how = {"numeric": numeric, "name": name, **reading}
        holder = open_stored(data, columns, exclude, named, **how)
    else:
        _refuse_no_table(data, name, numeric)
        how = {"numeric": numeric, "keep_sparse": keep_sparse}
        holder = _open_memory(data, columns, exclude, named, name, **how)
    if engine == "dask":
        require_workers(holder, name)
    given |= {role: holder.column(column, role) for role, column in named.items()}
    rows = Rows(holder, block_rows=block_rows, name=name, engine=engine)
    rows.named = list(named.values())
    if columns is None and (note := index_note(getattr(holder, "names", ()))):
        logger.info("%s: %s", name, note)
    _tell_left_out(rows)
    return _with_roles(rows, given)


def _refuse_no_table(data, name, numeric):
    """Raise if data are meant for rows, but hold none in memory that can be read."""
    refuse_delayed(data, name)
    if isinstance(data, bytes) or hasattr(data, "read"):
        raise TypeError(
            f"{name} is of type {type(data).__name__}; pass the path of the file as a "
            "string: rows are read in several passes."
        )
    if isinstance(data, dict) and not sparse.issparse(data):  # SciPy's DOK is a dict
        raise TypeError(
            f"{name} is a {type(data).__name__}, which is not a table; pass a data "
            f"frame, for example pandas.DataFrame({name})."
        )
    refuse_one_pass(data, name)
    refuse_part_of_holder(data, name)
    refuse_list_of_tables(data, name, numeric=numeric)


def _open_memory(data, columns, exclude, named, name, *, numeric, keep_sparse):
    """Return the holder of the rows of a frame or an array."""
    if is_frame(data, name):
        how = {"numeric": numeric, "keep_sparse": keep_sparse}
        return FrameHolder(data, columns, exclude, named, name, **how)
    for argument, value in (("columns", columns), ("exclude", exclude)):
        if value is not None:
            raise ValueError(
                f"{argument}={value!r} names columns, but {name} is an array and has "
                "none; pass a data frame or a file, or index the array."
            )
    return ArrayHolder(data, name, numeric=numeric)


def _tell_left_out(rows):
    """Log which columns are not numbers and were left out."""
    if found := rows.left_out:
        logger.info(
            "%s: %d of %d columns are not numbers and are left out: %s",
            rows.name,
            len(found),
            len(found) + rows.n_features,
            with_kinds(found),
        )


def _with_roles(rows, given):
    """Give rows the values of `given`: their target, their weights, and others."""
    (role, y), (weight_role, weight), *others = given.items()
    if y is not None:
        rows.y = check_target(native_column(y), rows.n_rows, role, of=rows.name)
    if weight is not None:
        rows.weight = check_weights(native_column(weight), rows.n_rows, weight_role)
    for role, values in others:
        values = native_column(values)
        rows.per_row[role] = check_target(values, rows.n_rows, role, of=rows.name)
    return rows


def _reopen(rows, given, settled, name, numeric):
    for argument, value in settled.items():
        if value is not None:
            raise ValueError(f"{argument} was set when these Rows were opened.")
    for role, value in given.items():
        if isinstance(value, str):
            raise ValueError(
                f"{role}={value!r} names a column, but these Rows are open already; "
                f"name it in coreselect.rows.open."
            )
    again = rows.again()  # a copy: methods add attributes, the user's stays as it is
    again.kept = None  # its rows are numbered from 0, even if `rows` was a view
    again.name = rows.name if name == "X" else name
    if numeric != rows.numeric:
        again.read_as(numeric=numeric)
        _tell_left_out(again)
    return _with_roles(again, given)


def take_rows(data: Any, indices: ArrayLike) -> Any:
    """Return rows of an array, frame, column, sparse matrix, list or file.

    Parameters
    ----------
    data : array, frame, series, sparse matrix, list, tuple, path or Rows
        Or another source that `open` takes, but no lazy frame.
    indices : array-like of int of shape (n,)
        Row numbers of at least 0, in any order.

    Returns
    -------
    rows
        In a container of the same kind. For a path, with all columns: a pyarrow table
        (CSV, Parquet), or an array or sparse matrix (npy, npz).

    Examples
    --------
    >>> from coreselect.rows import take_rows
    >>> take_rows(["a", "b", "c"], [2, 0])
    ['c', 'a']
    """
    if isinstance(data, Rows):
        return data.take(indices)
    if is_stored(data):
        return take_stored(data, indices)
    if is_dask_column(data):
        column = DaskColumn(data)
        return column.take(check_indices(indices, column.n_rows))
    return take_array(data, check_indices(indices, count_rows(data)))


def count_rows(data: Any) -> int:
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
    if is_stored(data):
        return count_stored(data)
    if is_dask_column(data):
        return DaskColumn(data).n_rows
    refuse_delayed(data, "data")
    if len(getattr(data, "shape", ())):
        return int(data.shape[0])
    if hasattr(data, "__array__") and not hasattr(data, "__len__"):
        # Not np.ndim: objects that convert to arrays may refuse every NumPy function.
        array = np.asarray(data)
        if array.ndim:
            return len(array)
    try:
        return len(data)
    except TypeError as error:
        raise TypeError(
            f"an object of type {type(data).__name__} has no rows; pass an array, a "
            "data frame or one of its columns, a sparse matrix, a list or a path."
        ) from error


def drop_columns(frame: Any, names: Sequence[Any]) -> Any:
    """Return a frame without some columns; names that it does not have are ignored.

    Parameters
    ----------
    frame : data frame, or any object if there are no `names`
    names : list of str

    Returns
    -------
    data frame
        A frame of the same kind.

    Examples
    --------
    >>> import pandas as pd
    >>> from coreselect.rows import drop_columns
    >>> list(drop_columns(pd.DataFrame({"a": [1], "b": [2]}), ["b"]))
    ['a']
    """
    if not isinstance(names, (list, tuple, set, frozenset)):
        raise TypeError(f"names must be a list of columns, got {names!r}.")
    if not names:
        return frame
    with naming("frame"):
        table = nw.from_native(as_frame(frame), eager_only=True)
    table = table.drop(*names, strict=False)
    if as_frame(frame) is not frame:  # a record batch stays one
        return frame.select(table.columns)
    return table.to_native()


def numeric_columns(data: Any) -> list[str]:
    """Return the names of the numeric columns of a frame, a file or another table.

    Parameters
    ----------
    data : data frame, path or data set

    Returns
    -------
    list of str
        Integer, floating, decimal and boolean columns, in the order of the data.

    Examples
    --------
    >>> import pandas as pd
    >>> from coreselect.rows import numeric_columns
    >>> numeric_columns(pd.DataFrame({"size": [1.5], "name": ["a"]}))
    ['size']
    """
    if is_stored(data):
        return numeric_columns_of(data)
    data = as_frame(data)
    with naming("data"):
        schema = nw.from_native(data, eager_only=True).columns
    other = not_numbers(data)
    return [name for name in schema if name not in other]

"""Queries and streams, written to a file once so that their rows have numbers.

A query may give its rows in another order each time that it is run, and a stream can be
read once only. Methods read rows in several passes, so both are read from a file.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any
from weakref import finalize

import narwhals.stable.v2 as nw
import numpy as np

from coreselect._files import atomic_path, path_text, require, suffix_of
from coreselect._folders import PARQUET
from coreselect._validation import naming
from coreselect.rows.columns import is_arrow
from coreselect.rows.frames import is_lazy
from coreselect.rows.parquet import ParquetHolder, difference
from coreselect.rows.progress import logger
from coreselect.rows.writing import as_arrow, write_table


def spool(data: Any, path: str | os.PathLike[str]) -> Path:
    """Write the rows of a stream or a query to a Parquet file, in one pass.

    Methods read rows in several passes, and number them. Generators and readers of
    batches can be read once only, and a query may give its rows in another order each
    time. What is written by `spool` can be selected from: pass the path.

    Parameters
    ----------
    data : iterable of batches, Arrow stream or lazy frame
        Batches are data frames, 2-dimensional arrays (their columns are called x0, x1,
        ...), record batches or dicts of columns; all need the same columns and types.
        Or any object with ``__arrow_c_stream__``, such as a
        `pyarrow.RecordBatchReader`, or a `pyarrow.dataset.Scanner`. Or a lazy frame of
        polars, DuckDB, or another library that narwhals knows, which is run once.
    path : str or os.PathLike
        Where to write the rows; it ends in ``.parquet`` or ``.pq``. An existing file is
        replaced once all rows are written.

    Returns
    -------
    pathlib.Path
        The path of the file.

    Raises
    ------
    TypeError, ValueError
        If data are none of these, there is no batch, or a batch has other columns than
        the first; the error names the batch and the column. Nothing is written then.
    FileNotFoundError, IsADirectoryError, PermissionError
        If no file can be written at the path.

    See Also
    --------
    open : Reads the file, and runs lazy frames into a scratch file.
    write : Writes tables and arrays in memory.

    Notes
    -----
    Memory holds a batch, and up to 64 MB of rows to be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from coreselect import UniformSelector
    >>> from coreselect.rows import spool
    >>> batches = (np.full((100, 2), i) for i in range(10))
    >>> with TemporaryDirectory() as folder:
    ...     path = spool(batches, Path(folder, "rows.parquet"))
    ...     UniformSelector(5).fit_select(path).n_total
    1000
    """
    path = path_text(path)
    if suffix_of(path) not in PARQUET:
        raise ValueError(f"path={path!r} must end in {' or '.join(PARQUET)}.")
    require("pyarrow", "io")
    with atomic_path(path) as temporary:
        if is_lazy(data):
            run(data, temporary)
        else:
            write_table(temporary, *_schema_and_parts(data))
    return Path(path)


def run(query, path):
    """Run a lazy frame once, and write its rows to a Parquet file."""
    nw.from_native(query).sink_parquet(path)


def _schema_and_parts(data):
    """Return the schema of a stream or of batches, and their parts."""
    if is_scanner(data):
        data = data.to_reader()
    if hasattr(data, "__arrow_c_stream__"):
        with naming("data"):
            reader = require("pyarrow", "io").RecordBatchReader.from_stream(data)
        return reader.schema, reader
    table = len(getattr(data, "shape", ())) == 2
    if table or isinstance(data, (str, bytes, dict)) or not hasattr(data, "__iter__"):
        raise TypeError(
            f"data is a {type(data).__name__}, but must be batches of rows, an Arrow "
            "stream or a lazy frame. What rows.open takes can be passed to selectors "
            "as it is, and written with rows.write."
        )
    batches = _as_tables(data)
    first = next(batches, None)
    if first is None:
        raise ValueError("data has no batch.")
    return first.schema, _alike(first, batches)


def _as_tables(batches):
    for number, batch in enumerate(batches):
        if not (isinstance(batch, dict) or len(getattr(batch, "shape", ())) == 2):
            raise TypeError(
                f"batch {number} of data must be a data frame, a 2-dimensional array, "
                f"a record batch or a dict of columns, got {type(batch).__name__}."
            )
        with naming(f"batch {number} of data"):
            (table,) = as_arrow(batch)[1]
        yield table


def _alike(first, others):
    """Yield tables; raise if one has other columns than the first."""
    yield first
    for number, table in enumerate(others, 1):
        if why := difference(first.schema, table.schema):
            raise ValueError(
                f"batch {number} of data {why} in batch 0; all batches need the same "
                "columns, of the same types, in one order."
            )
        yield table


class QueryHolder(ParquetHolder):
    """Rows of a query, in a scratch file that is removed with the last holder."""

    scratch = None

    @property
    def _said(self):
        return self._name

    def __getstate__(self):
        return vars(self) | {"scratch": None}  # it is removed here, not by a copy

    def again(self, *, numeric, columns=None):
        made = super().again(numeric=numeric, columns=columns)
        made.scratch = self.scratch
        return made

    def take(self, indices):
        table = super().take(indices)
        if not self.scratch.is_polars:
            return table
        return nw.from_arrow(table, backend="polars").to_native()


class _Scratch:
    """A folder that is removed when nobody holds this object any more."""

    def __init__(self, is_polars):
        self.path, self.is_polars = tempfile.mkdtemp(prefix="coreselect-"), is_polars
        self.remove = finalize(self, _remove, self.path, os.getpid())


def _remove(folder, process):
    # Forked processes have a copy of the object, but the folder is not theirs.
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


def open_query(data, columns, exclude, roles, *, name="X", **how):
    """Run a lazy frame into a scratch file, and return the holder of its rows."""
    require("pyarrow", "io")
    scratch = _Scratch(nw.from_native(data).implementation.is_polars())
    path = os.path.join(scratch.path, "query.parquet")
    try:
        run(data, path)
        holder = QueryHolder(path, columns, exclude, roles, name, **how)
    except BaseException:
        scratch.remove()
        raise
    holder.scratch = scratch
    logger.info(
        "%s: this lazy %s was run once. Row numbers count the %d rows it gave; another "
        "run may order them in another way. To keep them, use coreselect.rows.spool.",
        name,
        type(data).__name__,
        holder.n_rows,
    )
    return holder


def refuse_query(data):
    """Raise if data are a lazy frame, of which no rows can be taken by number."""
    if is_lazy(data):
        raise TypeError(
            f"a lazy {type(data).__name__} may order its rows in another way each time "
            "it is run, so rows cannot be taken by number. Open it once with "
            "coreselect.rows.open, and take rows from that; or write it to a file with "
            "coreselect.rows.spool, and pass the path."
        )


def is_scanner(data):
    """Return whether `data` is a scanner of pyarrow, whose rows have no numbers."""
    return is_arrow(data) and type(data).__name__ == "Scanner"


def refuse_one_pass(data, name):
    """Raise if the rows of data can be read once only."""
    # Columns and frames in memory are Arrow streams as well.
    held = any(hasattr(data, what) for what in ("__len__", "__array__", "shape"))
    stream = any(hasattr(data, what) for what in ("__iter__", "__arrow_c_stream__"))
    if hasattr(data, "__next__") or is_scanner(data) or (stream and not held):
        raise TypeError(
            f"{name} is a {type(data).__name__}, whose rows can be read once only, but "
            "methods read them in several passes. Write them to a file with "
            f"coreselect.rows.spool({name}, 'rows.parquet'), and pass its path; or, "
            "where a selector has it, pass batches to partial_fit."
        )


def refuse_list_of_tables(data, name, *, numeric):
    """Raise if data are a list of frames or arrays, each of them a part of the rows."""
    if not isinstance(data, (list, tuple)) or not data:
        return
    if not all(len(getattr(part, "shape", ())) == 2 for part in data):
        return
    images = not numeric and all(isinstance(part, np.ndarray) for part in data)
    if not images:
        raise ValueError(
            f"{name} is a list of {len(data)} tables. If they are parts of the rows, "
            "concatenate them, or write them to one file with "
            f"coreselect.rows.spool({name}, 'rows.parquet') and pass its path. Only "
            "TAROT takes a list: of features at several checkpoints."
        )

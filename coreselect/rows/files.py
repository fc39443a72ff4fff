"""Open files of rows by their suffix.

There are two families: tables (CSV, TSV, Parquet), whose columns have names, and arrays
(npy, npz). Tables are read batch by batch and never loaded whole.
"""

import os

from coreselect._files import TEXT, existing, is_path
from coreselect._folders import PARQUET, format_of, located
from coreselect.rows.parquet import ParquetHolder
from coreselect.rows.stored import ARRAYS, StoredArrays, StoredHolder
from coreselect.rows.take import check_indices, take_array
from coreselect.rows.text import TextHolder

TABLES = (*TEXT, *PARQUET)

READING = {"delimiter": None, "decimal": None, "header": True, "encoding": None}
_WAYS_OUT = {
    (".xlsx", ".xls", ".ods"): "save it as CSV, or load it with pandas.read_excel",
    (".json", ".jsonl", ".ndjson"): "load it with pandas.read_json",
    (".feather", ".arrow", ".ipc"): "load it with pandas.read_feather",
    (".pkl", ".pickle"): "load it with pandas.read_pickle",
    (".txt", ".dat", ".data", ".tab", ".psv"): "rename it to .csv if it holds a table",
    (".gz", ".bz2", ".zst", ".lz4", ".zip", ".xz", ".tar"): (
        "unpack it first, or name it .csv.gz if it holds CSV"
    ),
}


def open_file(data, columns, exclude, roles, *, numeric=True, name="X", **reading):
    """Return the holder of the rows of a file, chosen by its suffix, or of several.

    `reading` are the options of `READING`, which say how text is read.
    """
    path = os.fspath(data) if is_path(data) else [os.fspath(path) for path in data]
    located(path, name)
    suffix = format_of(path)
    if suffix in TEXT:
        how = {"numeric": numeric, **reading}
        return TextHolder(path, columns, exclude, roles, name, **how)
    refuse_reading(reading, f"text, but {path!r} is a {suffix} file")
    if suffix in TABLES:
        return ParquetHolder(path, columns, exclude, roles, name, numeric=numeric)
    if suffix in ARRAYS:
        for argument, value in (("columns", columns), ("exclude", exclude)):
            if value is not None:
                raise ValueError(f"{argument}={value!r}: {path!r} has no column names.")
        return StoredHolder(path, name, numeric=numeric)
    raise ValueError(
        f"{name}={path!r}: cannot read files of type {suffix!r} row by row; use "
        f"{', '.join(TABLES + ARRAYS)}, or load it and pass the table.{way_out(suffix)}"
    )


def refuse_reading(reading, what):
    """Raise if an option for reading text differs from its default."""
    for option, value in reading.items():
        if value != READING[option]:
            raise ValueError(f"{option} is for {what}.")


def way_out(suffix):
    """Return a sentence on what to do with a file of another format, or nothing."""
    for suffixes, what in _WAYS_OUT.items():
        if suffix in suffixes:
            return f" {what[0].upper()}{what[1:]}."
    return ""


def is_table(data):
    """Return whether files have named columns, judged by their suffix."""
    return format_of(data) not in ARRAYS


def count_file(data):
    """Return the number of rows of a file, or of several."""
    if is_table(data):
        return open_file(data, None, None, {}, numeric=False).n_rows
    return StoredArrays(existing(data, "X"), "X").n_rows


def take_file(data, indices):
    """Return rows of a file with all its columns, in the order of `indices`."""
    if is_table(data):
        return open_file(data, None, None, {}, numeric=False).take(indices)
    stored = StoredArrays(existing(data, "X"), "X")
    return take_array(stored.X, check_indices(indices, stored.n_rows))

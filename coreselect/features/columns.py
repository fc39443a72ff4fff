"""Columns of any table: the kind of their values, and the values as numbers or text.

A column becomes float64 with NaN for what is missing (numbers, booleans, dates,
durations) or objects with None for what is missing (text). Kinds are found by the
values where a type says nothing, as in columns of Python objects.
"""

import datetime
import numbers
from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse

from coreselect.rows.columns import column_types, is_arrow, require_shape
from coreselect.rows.frames import is_frame
from coreselect.rows.take import as_table, native_column

# What a column that held one kind in `fit` may hold later, besides that kind.
_ALSO = {
    "number": {"boolean"},
    "boolean": {"number"},
    "date": set(),
    "duration": set(),
    "text": {"number", "boolean"},
}
_PLURALS = {
    "number": "numbers",
    "boolean": "booleans",
    "date": "dates",
    "duration": "durations",
    "text": "text",
    "nested": "nested values",
}
_PLAIN = {str, type(None)}  # of most columns of text: nothing to convert
_SINGLE = (str, bytes, bytearray, memoryview)  # one value, although they have parts
_MISSING_TYPES = ("NoneType", "NAType", "NaTType")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Column(NamedTuple):
    """One column of a table.

    Attributes
    ----------
    kind : {"number", "boolean", "date", "duration", "text", "missing", "nested"}
        ``"missing"``: there is no value; ``"nested"``: lists, dicts and the like.
    values : ndarray of shape (n_rows,)
        float64 with NaN, or objects (`str`, numbers, or None) if the kind is text.
        Dates are seconds since 1970, durations and times of day are seconds. Infinite
        numbers count as missing.
    """

    kind: str
    values: np.ndarray


def table_columns(X):
    """Return the names of the columns of a table, and a function from place to column.

    A record batch of pyarrow must be a table already.

    Raises
    ------
    TypeError
        If X is sparse.
    ValueError
        If X is not a table, has no rows or columns, or holds complex numbers.
    """
    if sparse.issparse(X):
        raise TypeError(
            "Sparse data was passed for X, but TableFeatures takes dense tables. "
            "Selectors read sparse numbers as they are, with features=None."
        )
    if is_frame(X):
        names, frame = list(column_types(X)), nw.from_native(X, eager_only=True)
        require_shape(len(frame), len(names))
        series = list(frame.iter_columns())
        return names, lambda place: _of_series(series[place])
    table = X if isinstance(X, np.ndarray) else np.asarray(X)
    if table.dtype.kind in "US" and table is not X:
        table = as_table(X)  # NumPy made text of all; keep the numbers of mixed rows
    if table.ndim == 0:
        raise TypeError(
            f"X must be a table in memory, got {X!r}. A selector with features='auto' "
            "also takes the path of a file."
        )
    if table.ndim != 2:
        raise ValueError(
            f"Expected 2D array, got {table.ndim}D array instead, of shape "
            f"{table.shape}. Reshape your data: X must have a row for each row and a "
            "column for each feature."
        )
    if table.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: X is {table.dtype}.")
    require_shape(*table.shape)
    if isinstance(X, np.ma.MaskedArray):
        table = np.where(np.ma.getmaskarray(X), None, X.astype(object).filled(None))
    return list(range(table.shape[1])), lambda place: _of_array(table[:, place])


def as_kind(column, kind, name):
    """Return the values of a column as the kind that it had in `fit`.

    Raises
    ------
    ValueError
        If the values are of another kind; the error names the column.
    """
    if column.kind in (kind, "missing"):
        if kind == "text" and column.kind == "missing":
            return np.full(len(column.values), None, dtype=object)
        return column.values
    if column.kind not in _ALSO[kind]:
        example = ""
        if column.kind == "text":
            known = next(v for v in column.values if v is not None)
            example = f" (for example {str(known)!r})"
        elif column.kind == "number":  # dates are known as seconds only
            known = column.values[~np.isnan(column.values)]
            example = f" (for example {known[0]})"
        raise ValueError(
            f"X: column {name!r} held {_PLURALS[kind]} in fit, but holds "
            f"{_PLURALS[column.kind]} now{example}. Convert it to what it was, or fit "
            "again."
        )
    if kind == "text":
        missing = np.isnan(column.values)
        if column.kind == "boolean":
            return np.where(missing, None, column.values.astype(bool).astype(object))
        return np.where(missing, None, column.values.astype(object))
    return column.values


def texts(values):
    """Return values of a text column as strings, with None for what is missing."""
    if set(map(type, values)) <= _PLAIN:
        return values
    return np.array([None if v is None else _text(v) for v in values], dtype=object)


def _text(value):
    if isinstance(value, str):
        return value
    # An integer that another block of rows holds as a float is the same category.
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value)


def _of_series(series):
    """Return a column of a frame."""
    native = series.to_native()
    if "[pyarrow]" in str(getattr(native, "dtype", "")):  # of pandas
        native = native.array.__arrow_array__()
        series = nw.from_native(native, series_only=True)
    dtype = series.dtype
    if dtype.is_numeric() or dtype == nw.Boolean:
        return _numeric("boolean" if dtype == nw.Boolean else "number", _floats(series))
    if dtype in (nw.Date, nw.Datetime):
        return _numeric("date", _floats(series.dt.timestamp("us")) / 1e6)
    if dtype == nw.Duration:
        return _numeric("duration", _floats(series.dt.total_microseconds()) / 1e6)
    if dtype in (nw.Categorical, nw.Enum):  # categories, even if they are numbers
        values = _objects(native_column(native))
        known = any(value is not None for value in values)
        return Column("text", values) if known else _nothing(len(values))
    if hasattr(native, "iloc"):
        if str(native.dtype).startswith("period"):
            native = native.dt.to_timestamp()
        return _of_array(np.asarray(native))
    return _of_objects(series.to_list())


def _floats(series):
    native = series.to_native()
    if is_arrow(native):  # without this, it refuses integers over 2**53
        return native_column(native.cast("float64", safe=False))
    return series.cast(nw.Float64).to_numpy()


def _of_array(values):
    """Return a column of an array."""
    kind = values.dtype.kind
    if kind in "biuf":
        return _numeric("boolean" if kind == "b" else "number", values)
    if kind in "mM":
        unit = values.astype(f"{kind}8[us]")
        seconds = np.where(np.isnat(unit), np.nan, unit.astype(np.int64) / 1e6)
        return _numeric("date" if kind == "M" else "duration", seconds)
    if kind in "US":
        return Column("text", values.astype(object))
    return _of_objects(values)


def _numeric(kind, values):
    values = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        values = np.where(finite, values, np.nan)
        if not finite.any():
            kind = "missing"
    return Column(kind, values)


def _of_objects(values):
    """Return a column of Python objects, whose types say what they are."""
    values = _objects(values)
    kinds = {_kind_of(kind) for kind in set(map(type, values)) - {type(None)}}
    if not kinds:
        return _nothing(len(values))
    if "nested" in kinds:
        return Column("nested", np.full(len(values), np.nan))
    if kinds <= {"number", "boolean"}:
        kind = "boolean" if kinds == {"boolean"} else "number"
        return _numeric(kind, [_number(value) for value in values])
    if kinds in ({"date"}, {"duration"}):
        seconds = [np.nan if v is None else _seconds(v) for v in values]
        return _numeric(kinds.pop(), seconds)
    return Column("text", values)


def _nothing(n_rows):
    return Column("missing", np.full(n_rows, np.nan))


def _objects(values):
    """Return values as an array of objects, with None for what is missing."""
    if not set(map(type, values)) <= _PLAIN:
        values = [v if type(v) is str or not _is_missing(v) else None for v in values]
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _is_missing(value):
    if type(value).__name__ in _MISSING_TYPES:
        return True
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    if isinstance(value, Decimal):  # a signalling NaN refuses comparison
        return value.is_nan()
    return isinstance(value, numbers.Real) and value != value


def _kind_of(kind):
    """Return the kind of values of a Python type."""
    if issubclass(kind, (bool, np.bool_)):
        return "boolean"
    if issubclass(kind, (datetime.timedelta, np.timedelta64, datetime.time)):
        return "duration"
    if issubclass(kind, (datetime.date, np.datetime64)):
        return "date"
    if issubclass(kind, (numbers.Real, Decimal)):
        return "number"
    nested = issubclass(kind, Collection) and not issubclass(kind, _SINGLE)
    return "nested" if nested else "text"


def _number(value):
    if value is None:
        return np.nan
    try:
        return float(value)
    except OverflowError:  # an int that no float can hold
        return np.inf


def _seconds(value):
    """Return a date as seconds since 1970, a time or a duration as seconds."""
    if isinstance(value, np.datetime64):
        return value.astype("M8[us]").astype(np.int64) / 1e6
    if isinstance(value, np.timedelta64):
        return value.astype("m8[us]").astype(np.int64) / 1e6
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, datetime.time):
        clock = 3600 * value.hour + 60 * value.minute + value.second
        return clock + value.microsecond / 1e6
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if value.tzinfo is None:
        value = value.replace(tzinfo=datetime.UTC)
    return (value - _EPOCH).total_seconds()

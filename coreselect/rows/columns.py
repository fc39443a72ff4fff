"""Columns of tables: which are features, which are numeric, which values are missing.

`not_numbers` alone decides which columns are numeric: by their type and, for columns of
Python objects, by the types of the values. Text that reads like a number is text.
"""

import numbers
import re
from collections import Counter
from decimal import Decimal
from itertools import takewhile

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse

from coreselect._words import suggestion

AUTO = 'Selectors read columns of any kind with features="auto".'


def is_arrow(data):
    """Return whether `data` is an object of pyarrow."""
    return type(data).__module__.startswith("pyarrow")


def is_number(dtype):
    """Return whether a type of any library is of integers, floats, decimals, bools."""
    dtype = getattr(dtype, "pyarrow_dtype", dtype)  # of pandas
    if hasattr(dtype, "kind"):
        return dtype.kind in "biuf"
    if hasattr(dtype, "is_numeric"):
        return bool(dtype.is_numeric()) or str(dtype) == "Boolean"
    import pyarrow.types as types

    checks = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    return any(check(dtype) for check in checks)


def is_single(dtype):
    """Return whether a type is float32."""
    if isinstance(dtype, np.dtype):
        return dtype.newbyteorder("=") == np.float32
    return str(dtype) in ("Float32", "float", "float[pyarrow]", "Sparse[float32, nan]")


def integer_dtype(dtype):
    """Return the NumPy dtype of a column of integers or booleans; None for others."""
    dtype = getattr(dtype, "pyarrow_dtype", dtype)
    for name in ("subtype", "numpy_dtype"):  # of sparse and nullable ones of pandas
        dtype = getattr(dtype, name, dtype)
    text = dtype.name if isinstance(dtype, np.dtype) else str(dtype).lower()
    if text.startswith("bool"):
        return np.dtype(bool)
    if not text.startswith(("int", "uint")):
        return None
    return np.dtype(text if hasattr(np, text) else "int64")


def are_integers(dtypes):
    """Return whether all columns of these types hold integers."""
    found = [integer_dtype(dtype) for dtype in dtypes]
    return all(dtype is not None and dtype.kind in "iu" for dtype in found)


def column_types(data):
    """Return the type of every column, by its name, or by its number in arrays."""
    if hasattr(data, "iloc"):
        return dict(zip(data.columns, data.dtypes, strict=True))
    if is_arrow(data):
        schema = getattr(data, "schema", data)
        return dict(zip(schema.names, schema.types, strict=True))
    if isinstance(data, np.ndarray) or sparse.issparse(data):
        return dict.fromkeys(range(data.shape[1]), data.dtype)
    return dict(nw.from_native(data, eager_only=True).schema)


def not_numbers(data, columns=None):
    """Return the columns that are not numeric, as a dict of name to what they hold.

    `data` is a 2-dimensional array or sparse matrix, a frame or a `pyarrow.Schema`;
    `columns` are names, or numbers in arrays, by default all.
    """
    types = column_types(data)
    columns = types if columns is None else columns
    found = {}
    for name in columns:
        if _holds_objects(types[name]):
            if kinds := _kinds_of(_objects(data, name)):
                found[name] = ", ".join(kinds)
        elif not is_number(types[name]):
            found[name] = str(types[name])
    return found


def require_numbers(data, name="X"):
    """Raise unless all columns are numeric; the error names those that are not."""
    refuse_columns(not_numbers(data), name)


def refuse_columns(found, name):
    """Raise unless `found`, a dict of column to what it holds, is empty."""
    if found:
        raise ValueError(
            f"{name} has columns that are not numbers: {with_kinds(found)}. Encode "
            "categories and text (for example with "
            "sklearn.preprocessing.OneHotEncoder), convert other types to float, or "
            f"leave them out; rows are taken with all columns either way. {AUTO}"
        )


def numbers_only(columns, found, named, name="X", hint=""):
    """Leave out the columns that are not numbers, unless the user named them.

    Parameters
    ----------
    columns : list
    found : dict
        What `not_numbers` found among them.
    named : list or None
        The columns that the user named.
    name : str
        The name of the data in errors.
    hint : str
        A sentence on why there may be no column of numbers.

    Returns
    -------
    columns : list
    left_out : dict of column to what it holds

    Raises
    ------
    ValueError
        If a named column is not numeric, or no column is.
    """
    if named:
        refuse_columns(found, name)
        return columns, {}
    kept = [column for column in columns if column not in found]
    if not kept:
        raise ValueError(
            f"{name} has no numeric column to use as a feature; it has "
            f"{with_kinds(found) or 'no other column'}.{hint} {AUTO}"
        )
    return kept, found


def with_kinds(found):
    """Return columns and what they hold as text."""
    return listed([f"{column!r} ({kind})" for column, kind in found.items()])


def _holds_objects(dtype):
    return getattr(dtype, "kind", None) == "O" and str(dtype) == "object"


def _objects(data, name):
    return data[:, name] if isinstance(data, np.ndarray) else data[name]


def holds_objects(array):
    """Return whether an array holds text, or objects that are not all numbers."""
    kind = array.dtype.kind
    return kind in "US" or (kind == "O" and bool(_kinds_of(array.ravel())))


def _kinds_of(values):
    """Return the names of the types of objects that are neither numbers nor missing."""
    kinds = set(map(type, values))
    return sorted(kind.__name__ for kind in kinds if not _is_number_type(kind))


def _is_number_type(kind):
    if kind is type(None) or kind.__name__ == "NAType":
        return True
    known = (numbers.Real, Decimal, np.bool_)
    return issubclass(kind, known) and not issubclass(kind, np.timedelta64)


def choose_columns(names, columns, exclude, roles, default=None, *, of="X"):
    """Return the feature columns among `names`; errors name columns that do not exist.

    `columns` and `exclude` are what the user named, and `roles` the columns of target
    and weights by argument, which are not features. If `columns` is None, features are
    `default`, or all. `of` names the data in errors.
    """
    columns = _as_names(columns, "columns", names, of)
    exclude = _as_names(exclude, "exclude", names, of)
    roles = roles or {}
    for argument, name in roles.items():
        require_column(name, names, argument, of)
    out = {*(exclude or ()), *roles.values()}
    if columns is not None:
        both = [name for name in columns if name in out]
        if both:
            raise ValueError(
                f"columns names {both}, which are excluded, the target or the weights "
                "at the same time."
            )
        return list(dict.fromkeys(columns))
    return [name for name in (names if default is None else default) if name not in out]


def _as_names(wanted, argument, names, of):
    if wanted is None:
        return None
    if isinstance(wanted, (str, bytes)):
        raise TypeError(f"{argument} must be a list of names, got {wanted!r}.")
    wanted, known = list(wanted), set(names)
    for name in wanted:
        if name not in known:
            require_column(name, names, argument, of)
    return wanted


def listed(items):
    """Join the first 20 items for a message."""
    return ", ".join(items[:20]) + (", ..." if len(items) > 20 else "")


def require_column(name, names, argument, of="X"):
    """Raise unless `name` is one of the columns `names`."""
    if name not in names:
        shown = listed([repr(name) for name in names])
        where = "" if of == "X" else f" in {of}"
        raise ValueError(
            f"{argument}: there is no column {name!r}{where}; there are {shown}."
            f"{suggestion(name, names)}"
        )


def index_names(names):
    """Return the columns at the left that pandas writes, or reads, for an index."""
    unnamed = re.compile(r"(Unnamed: 0(\.\d+)*)?")
    found = list(takewhile(lambda name: unnamed.fullmatch(str(name)), names))
    return found if len(found) < len(names) else []


def index_note(names):
    """Return a note on the columns that `index_names` finds, or nothing."""
    if not (found := index_names(names)):
        return ""
    shown = listed([repr(name) for name in found])
    return f"column {shown} numbers the rows: it is kept, but is not a feature"


def refuse_repeats(names, wanted=None, name="X"):
    """Raise if several columns have the same name; check only `wanted` if given."""
    counts = Counter(names)
    repeated = [column for column in counts if counts[column] > 1]
    if wanted is not None:
        repeated = [column for column in repeated if column in wanted]
    if repeated:
        named = listed([f"{column!r} ({counts[column]} times)" for column in repeated])
        raise ValueError(f"{name} has columns of the same name: {named}. Rename them.")


def require_shape(n_rows, n_features, name="X"):
    """Raise on data without rows or without feature columns."""
    if n_rows == 0:
        raise ValueError(
            f"{name}: Found array with 0 sample(s) (shape=(0, {n_features})) while a "
            "minimum of 1 is required."
        )
    if n_features == 0:
        raise ValueError(
            f"{name}: Found array with 0 feature(s) (shape=({n_rows}, 0)) while a "
            "minimum of 1 is required."
        )


def refuse_nulls(counts, name="X"):
    """Raise unless `counts`, a dict of column to number of nulls, is empty."""
    if counts:
        named = listed([f"{n} in column {c!r}" for c, n in counts.items()])
        raise ValueError(
            f"Input {name} contains {sum(counts.values())} missing values (null or "
            f"NaN): {named}. Remove these rows, impute them first, or leave the "
            'columns out. Selectors impute them with features="auto".'
        )


def describe_column(name, argument, n_missing, first=None):
    """Return the message about missing values in a column of targets or weights.

    `first` is the number of the first row that misses its value.
    """
    where = "" if first is None else f", the first in row {first}"
    return (
        f"{argument}={name!r}: this column has {n_missing} missing values (null or "
        f"NaN){where}. Remove these rows or impute them first."
    )

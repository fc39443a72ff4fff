"""Nominal columns of tables: which they are, and their values without NA."""

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse
from sklearn.base import clone

from coreselect.rows.frames import is_frame

_NOTHING = ("NAType", "NaTType")  # of pandas
_NOT_OF_NUMPY = (nw.Int128, nw.UInt128)


def is_pandas(X):
    """Tell whether X is a pandas data frame."""
    return hasattr(X, "iloc")


def nominal_columns(X):
    """Return the numbers of the categorical columns of a data frame."""
    if not is_frame(X):
        raise ValueError(
            "When `categorical_features='auto'`, the input data should be a "
            "pandas.DataFrame or another data frame with categorical columns. Got "
            f"{type(X)} instead; name the columns by their numbers."
        )
    dtypes = nw.from_native(X, eager_only=True).schema.dtypes()
    kinds = (nw.Categorical, nw.Enum)
    return np.flatnonzero([isinstance(dtype, kinds) for dtype in dtypes])


def column_numbers(chosen, names, n_features):
    """Return the numbers of columns given by number, name or mask.

    Parameters
    ----------
    chosen : array-like of int, str or bool
    names : list of str or None
    n_features : int
    """
    chosen = np.asarray(chosen)
    if chosen.ndim != 1:
        raise ValueError(
            f"categorical_features must be 1-dimensional, got shape {chosen.shape}."
        )
    if len(chosen) == 0:
        return np.empty(0, dtype=np.int64)
    if chosen.dtype == bool:
        if len(chosen) != n_features:
            raise ValueError(
                f"categorical_features is a mask of {len(chosen)} columns, but X has "
                f"{n_features}."
            )
        return np.flatnonzero(chosen)
    if chosen.dtype.kind in "iu":
        if chosen.min() < -n_features or chosen.max() >= n_features:
            raise ValueError(
                f"categorical_features: all features must be in [0, {n_features - 1}] "
                f"or [-{n_features}, 0], got {chosen.tolist()}."
            )
        found = chosen.astype(np.int64) % n_features
    else:
        found = np.array([_place(name, names) for name in chosen.tolist()])
    if len(np.unique(found)) < len(found):
        raise ValueError(
            f"categorical_features names a column twice: {chosen.tolist()}."
        )
    return found


def _place(name, names):
    if not isinstance(name, str):
        raise TypeError(
            f"categorical_features must hold column numbers, names or a mask, got "
            f"{name!r}."
        )
    if names is None:
        raise ValueError(
            f"categorical_features names a column, {name!r}, but X has no names; use "
            "column numbers, or pass X as a data frame."
        )
    if name not in names:
        raise ValueError(
            f"categorical_features names {name!r}, which is not a column of X: {names}."
        )
    return names.index(name)


def take_columns(X, columns):
    """Return some columns: of pandas a frame, of CSR a CSR, else an array."""
    if sparse.issparse(X):
        return X.tocsc()[:, columns].tocsr()
    if is_pandas(X):
        return X.iloc[:, columns]
    if not is_frame(X):
        return X[:, columns]
    frame = nw.from_native(X, eager_only=True)
    found = [frame[:, int(column)] for column in columns]
    if not any(s.null_count() or s.dtype in _NOT_OF_NUMPY for s in found) and all(
        series.dtype.is_numeric() for series in found
    ):
        return np.column_stack([series.to_numpy() for series in found])
    table = np.empty((len(frame), len(columns)), dtype=object)
    for j, series in enumerate(found):
        table[:, j] = series.to_list()
    return table


def nominal_table(X, columns):
    """Return nominal columns as an encoder takes them, with None for what is missing.

    Columns are given by number.
    """
    table = take_columns(X, columns)
    return without_na(table.toarray() if sparse.issparse(table) else table)


def first_rows(X, column):
    """Return a dict that holds the first row of each value of a nominal column."""
    values = np.asarray(nominal_table(X, [column]))[:, 0]
    if values.dtype != object:
        found, rows = np.unique(values, return_index=True)
        return dict(zip(found.tolist(), rows.tolist(), strict=True))
    # One and True are equal, but an error about values without an order names both
    # types. It also comes of values without a hash, of which one row is enough.
    kinds, backwards = list(map(type, values))[::-1], range(len(values) - 1, -1, -1)
    try:
        keys = zip(kinds, values[::-1], strict=True)
        return dict(zip(keys, backwards, strict=True))
    except TypeError:
        return dict(zip(kinds, backwards, strict=True))


def encode_columns(encoder, X, names):
    """Return what an encoder makes of nominal columns; errors call a column by name."""
    try:
        return encoder.fit_transform(X)
    except (TypeError, ValueError):
        # The encoder does not say which column it stopped at, so each is tried alone.
        for j, name in enumerate(names):
            try:
                clone(encoder).fit_transform(take_columns(X, [j]))
            except (TypeError, ValueError) as error:
                raise type(error)(
                    f"X: the nominal column {name!r} has values that cannot be put in "
                    f"order; make all of them text, or numbers. {error}"
                ) from error
        raise


def without_na(X):
    """Return nominal columns with None for NA, NaT and NaN among objects."""
    if not is_pandas(X):
        return _array_without_na(X)
    made = X.copy(deep=False)
    for name, dtype in X.dtypes.items():
        column, kind = X[name], type(getattr(dtype, "na_value", None)).__name__
        if str(dtype) == "object":
            values = _array_without_na(column.to_numpy())
        elif column.hasnans and (kind in _NOTHING or dtype.kind in "mM"):
            values = column.to_numpy(dtype=object, na_value=None)
        else:
            continue
        made[name] = type(column)(values, index=X.index, dtype=object)
    return made


def _array_without_na(X):
    if X.dtype.kind in "mM":
        return X.astype(object)  # of NaT, None
    if X.dtype != object:
        return X
    # Encoders refuse NA and NaT, and take None as a category of its own.
    missing = np.fromiter(map(_is_na, X.flat), dtype=bool, count=X.size)
    missing = missing.reshape(X.shape)
    if not missing.any():
        return X
    X = X.copy()
    X[missing] = None
    return X


def _is_na(value):
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    if isinstance(value, float):
        return value != value
    return type(value).__name__ in _NOTHING

"""Holders of rows in memory: arrays, CSR and data frames."""

from collections import Counter

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse
from sklearn.utils import check_array


def is_frame(data):
    """Return whether `data` is a table of pandas, polars, pyarrow or their like."""
    if isinstance(data, (np.ndarray, list, tuple)) or sparse.issparse(data):
        return False
    try:
        wrapped = nw.from_native(data, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        names = getattr(data, "column_names", None)  # of pyarrow; else of pandas
        refuse_repeats(list(data.columns) if names is None else names)
        raise ValueError(f"X: {error}") from error
    if isinstance(wrapped, nw.LazyFrame):
        raise TypeError(
            f"X is a lazy {type(data).__name__}; collect it first, or write it to a "
            "Parquet file and pass the path."
        )
    return isinstance(wrapped, nw.DataFrame)


def block_dtype(dtype):
    """Return the dtype of blocks: float32 and float64 stay, all else is float64."""
    return dtype if dtype in (np.float32, np.float64) else np.dtype(np.float64)


class ArrayHolder:
    """Rows of a NumPy array (memory maps included) or of a sparse matrix."""

    feature_names = None

    def __init__(self, data):
        self._data = data
        if np.ma.is_masked(data):
            raise ValueError(
                f"X has {np.ma.count_masked(data)} masked values. Remove their rows or "
                "columns, or fill them first."
            )
        try:
            self._X = check_array(
                data, accept_sparse="csr", dtype="numeric", ensure_all_finite=False
            )
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"X: {error}") from error
        if self._X.dtype.kind not in "biuf":
            raise ValueError(
                f"X must hold numbers, got an array of dtype {self._X.dtype}."
            )
        self.n_rows, self.n_features = self._X.shape
        self.dtype = block_dtype(self._X.dtype)
        self.is_sparse = sparse.issparse(self._X)
        if self.is_sparse and not self._X.has_canonical_format:
            self._X = self._X.copy()  # the user's stays as it is
            self._X.sum_duplicates()

    def blocks(self, bounds):
        for start, stop in bounds:
            yield self._X[start:stop].astype(self.dtype, copy=False)

    def gather(self, indices):
        return self._X[indices].astype(self.dtype, copy=False)

    def take(self, indices):
        return take_array(self._data, indices)

    def column(self, name, argument):
        raise ValueError(
            f"{argument}={name!r} names a column, but X is an array and has none; pass "
            f"the values, or pass X as a data frame or a file."
        )


class FrameHolder:
    """Rows of a data frame; columns become numbers block by block."""

    is_sparse = False

    def __init__(self, data, columns=None, exclude=None, roles=None):
        self._data = data
        self._frame = nw.from_native(data, eager_only=True)
        self.n_rows = len(self._frame)
        schema = self._frame.schema
        self._columns = choose_columns(list(schema), columns, exclude, roles)
        self.n_features = len(self._columns)
        require_shape(self.n_rows, self.n_features)
        self._refuse_nonnumeric(schema)
        self._refuse_nulls()
        self.feature_names = _string_names(self._columns)
        single = all(schema[name] == nw.Float32 for name in self._columns)
        self.dtype = np.dtype(np.float32 if single else np.float64)

    @staticmethod
    def numeric_columns(data):
        schema = nw.from_native(data, eager_only=True).schema
        return [name for name, dtype in schema.items() if _is_numeric(dtype)]

    def _refuse_nonnumeric(self, schema):
        dtypes = {name: schema[name] for name in self._columns}
        bad = [
            f"{c!r} ({dtype})" for c, dtype in dtypes.items() if not _is_numeric(dtype)
        ]
        if bad:
            raise ValueError(
                f"X has columns that are not numbers: {listed(bad)}. Encode "
                "categories and text (for example with "
                "sklearn.preprocessing.OneHotEncoder), convert other types to float "
                "(of sparse columns pass frame.sparse.to_coo()), or leave them out; "
                "rows are taken with all columns either way."
            )

    def _refuse_nulls(self):
        counts = {c: self._frame.get_column(c).null_count() for c in self._columns}
        refuse_nulls({c: n for c, n in counts.items() if n})

    def _numbers(self, frame):
        out = np.empty((len(frame), self.n_features), dtype=self.dtype)
        for j, name in enumerate(self._columns):
            column = frame.get_column(name)
            if column.dtype == nw.Decimal:
                column = column.cast(nw.Float64)
            out[:, j] = column.to_numpy()
        return out

    def blocks(self, bounds):
        for start, stop in bounds:
            yield self._numbers(self._frame[start:stop])

    def gather(self, indices):
        return self._numbers(take_frame(self._frame, indices))

    def take(self, indices):
        return take_array(self._data, indices)

    def column(self, name, argument):
        column = self._frame.get_column(name)
        if n_missing := column.null_count():
            raise ValueError(describe_column(name, argument, n_missing))
        if column.dtype == nw.Decimal:
            column = column.cast(nw.Float64)
        return column.to_numpy()


def _is_numeric(dtype):
    return dtype.is_numeric() or dtype == nw.Boolean


def _string_names(names):
    """Return `names` if all are strings, None if none is; a mixture is an error."""
    strings = [isinstance(name, str) for name in names]
    if all(strings):
        return list(names)
    if any(strings):
        kinds = sorted({type(name).__name__ for name in names})
        raise TypeError(
            "Feature names are only supported if all input features have string names, "
            f"but your input has {kinds} as feature name / column name types. Convert "
            "them with X.columns = X.columns.astype(str)."
        )
    return None


def choose_columns(names, columns, exclude, roles, default=None):
    """Return the feature columns among `names`; errors name what does not exist.

    Parameters
    ----------
    names : list
        All columns.
    columns, exclude : list or None
        What the user named.
    roles : dict of str to str, or None
        Argument to column: the target and the weights, which are no features.
    default : list, optional
        The features where `columns` is None; by default all of `names`.
    """
    columns = _as_names(columns, "columns", names)
    exclude = _as_names(exclude, "exclude", names)
    roles = roles or {}
    for argument, name in roles.items():
        require_column(name, names, argument)
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


def _as_names(wanted, argument, names):
    if wanted is None:
        return None
    if isinstance(wanted, (str, bytes)):
        raise TypeError(f"{argument} must be a list of names, got {wanted!r}.")
    wanted = list(wanted)
    for name in wanted:
        require_column(name, names, argument)
    return wanted


def listed(items):
    """Join items for a message, the first 20 of many."""
    return ", ".join(items[:20]) + (", ..." if len(items) > 20 else "")


def require_column(name, names, argument):
    """Raise unless `name` is one of the columns `names`."""
    if name not in names:
        shown = listed([repr(name) for name in names])
        raise ValueError(f"{argument}: there is no column {name!r}; there are {shown}.")


def refuse_repeats(names, wanted=None):
    """Raise if names, or those `wanted` among them, stand for several columns."""
    counts = Counter(names)
    repeated = [name for name in counts if counts[name] > 1]
    if wanted is not None:
        repeated = [name for name in repeated if name in wanted]
    if repeated:
        named = listed([f"{name!r} ({counts[name]} times)" for name in repeated])
        raise ValueError(f"X has columns of the same name: {named}. Rename them.")


def require_shape(n_rows, n_features):
    """Raise on data without rows or without feature columns."""
    if n_rows == 0:
        raise ValueError(
            f"Found array with 0 sample(s) (shape=(0, {n_features})) while a minimum "
            "of 1 is required."
        )
    if n_features == 0:
        raise ValueError(
            f"Found array with 0 feature(s) (shape=({n_rows}, 0)) while a minimum of 1 "
            "is required."
        )


def refuse_nulls(counts):
    """Raise if `counts`, a dict of column to number of nulls, is not empty."""
    if counts:
        named = listed([f"{n} in column {c!r}" for c, n in counts.items()])
        raise ValueError(
            f"Input X contains {sum(counts.values())} missing values (null or NaN): "
            f"{named}. Remove these rows, impute them first, or leave the columns out."
        )


def describe_column(name, argument, n_missing):
    """Return what is wrong with a target or weights that have missing values."""
    return (
        f"{argument}={name!r}: this column has {n_missing} missing values (null or "
        "NaN). Remove these rows or impute them first."
    )


def take_frame(frame, indices):
    """Return rows of a narwhals frame or series."""
    if not len(indices):
        return frame[:0]
    return frame[indices] if isinstance(frame, nw.Series) else frame[indices, :]


def take_array(data, indices):
    """Return rows of an array, sparse matrix, frame, series, list or tuple."""
    if sparse.issparse(data):
        rows = data if data.format in ("csr", "csc", "lil") else data.tocsr()
        return rows[indices].asformat(data.format)
    if isinstance(data, list):
        return [data[i] for i in indices]
    if isinstance(data, tuple):
        return tuple(data[i] for i in indices)
    if isinstance(data, np.ma.MaskedArray):
        return data[indices]
    if isinstance(data, np.ndarray):
        return np.asarray(data)[indices]
    # Without narwhals, which refuses frames in which column names repeat.
    if hasattr(data, "iloc"):
        return data.iloc[indices]
    if type(data).__module__.startswith("pyarrow."):
        return _take_pyarrow(data, indices)
    wrapped = nw.from_native(data, allow_series=True, pass_through=True)
    if isinstance(wrapped, (nw.DataFrame, nw.Series)):
        return nw.to_native(take_frame(wrapped, indices))
    if not hasattr(data, "__array__"):
        raise TypeError(
            f"cannot take rows of type {type(data).__name__}; pass an array, a data "
            "frame or one of its columns, a sparse matrix, a list or a path."
        )
    return np.asarray(data)[indices]


def _take_pyarrow(data, indices):
    """Return rows of a pyarrow table, array or chunked array."""
    if hasattr(data, "schema"):
        if not any(_is_view(kind) for kind in data.schema.types):
            return data.take(indices)
        columns = [_take_pyarrow(column, indices) for column in data.columns]
        return type(data).from_arrays(columns, schema=data.schema)
    if not _is_view(data.type):
        return data.take(indices)
    # pyarrow has no kernel that takes rows of views.
    plain = "large_string" if str(data.type).startswith("string") else "large_binary"
    return data.cast(plain).take(indices).cast(data.type)


def _is_view(kind):
    return str(kind) in ("string_view", "binary_view")

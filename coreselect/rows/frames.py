"""The holder of rows of a data frame."""

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse

from coreselect.rows.columns import (
    are_integers,
    choose_columns,
    column_types,
    describe_column,
    is_arrow,
    is_single,
    not_numbers,
    numbers_only,
    refuse_columns,
    refuse_nulls,
    refuse_repeats,
    require_shape,
)
from coreselect.rows.take import native_column, take_array, take_part

_NULL_VALUES = 2**22  # values searched for missing ones at a time


def is_frame(data, name="X"):
    """Return whether `data` is a table of pandas, polars, pyarrow or a similar one."""
    if isinstance(data, (np.ndarray, list, tuple)) or sparse.issparse(data):
        return False
    data = as_frame(data)
    try:
        wrapped = nw.from_native(data, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        names = getattr(data, "column_names", None)  # pyarrow has it, pandas does not
        refuse_repeats(list(data.columns) if names is None else names, name=name)
        raise ValueError(f"{name}: {error}") from error
    if isinstance(wrapped, nw.LazyFrame):
        raise TypeError(
            f"{name} is a lazy {type(data).__name__}; collect it first, or write it to "
            "Parquet files and pass their path."
        )
    return isinstance(wrapped, nw.DataFrame)


def is_lazy(data):
    """Return whether `data` is a lazy frame, a query that is run for its rows.

    Frames of Dask are not among them: their partitions are read.
    """
    if isinstance(data, (np.ndarray, list, tuple)) or sparse.issparse(data):
        return False
    if type(data).__module__.partition(".")[0] == "dask":
        return False
    try:
        wrapped = nw.from_native(data, pass_through=True)
    except nw.exceptions.DuplicateError:
        return False
    return isinstance(wrapped, nw.LazyFrame)


def as_frame(data):
    """Return a record batch of pyarrow as a table, and anything else unchanged."""
    if type(data).__name__ != "RecordBatch":
        return data
    return type(data.schema.empty_table()).from_batches([data])


def select_columns(frame, columns):
    """Return some columns of a frame, in a frame of the same kind."""
    names = list(column_types(frame))
    if columns == names:
        return frame
    if hasattr(frame, "iloc"):
        return frame.iloc[:, [names.index(column) for column in columns]]
    return nw.from_native(frame, eager_only=True).select(columns).to_native()


def numbers_of(frame, name):
    """Return all columns of a frame as an array of floats, with NaN for nulls.

    `name` is that of the frame in errors about columns that are not numbers.
    """
    frame = as_frame(frame)
    types = column_types(frame)
    refuse_columns(not_numbers(frame), name)
    reader = _reader(frame)
    dtype = np.float32 if all(map(is_single, types.values())) else np.float64
    return reader.numbers(slice(0, reader.n_rows), range(len(types)), np.dtype(dtype))


def count_nulls(frame, columns):
    """Return how many nulls some columns of a frame have, of those that have any."""
    frame = as_frame(frame)
    place = {column: j for j, column in enumerate(column_types(frame))}
    return _counted(_reader(frame), columns, [place[column] for column in columns])


def is_thin(frame):
    """Return whether all columns are Sparse columns of pandas that leave out zeros."""
    return hasattr(frame, "sparse") and all(
        type(dtype).__name__ == "SparseDtype" and dtype.fill_value == 0
        for dtype in frame.dtypes
    )


def thin_matrix(frame):
    """Return a frame that `is_thin` as CSC, of float32 if all columns are float32."""
    # The columns hold positions and values already. Put one after the other, they are
    # the arrays of a CSC matrix: nothing becomes dense on the way.
    columns = [column.array for _, column in frame.items()]
    single = all(column.sp_values.dtype == np.float32 for column in columns)
    dtype = np.float32 if single else np.float64
    values = [column.sp_values.astype(dtype) for column in columns]
    rows = [column.sp_index.to_int_index().indices for column in columns]
    starts = np.cumsum([0, *map(len, values)])
    if starts[-1] < 2**31:  # as scikit-learn wants them
        starts = starts.astype(np.int32)
    parts = np.concatenate(values), np.concatenate(rows), starts
    return sparse.csc_array(parts, shape=frame.shape)


class FrameHolder:
    """Rows of a data frame, whose columns become numbers block by block.

    Columns are looked up by name once; later they are addressed by position. If
    `numeric` is False, blocks are frames of the feature columns, of any content.
    """

    is_sparse = False
    dtype = None

    def __init__(
        self,
        data,
        columns=None,
        exclude=None,
        roles=None,
        name="X",
        *,
        numeric=True,
        keep_sparse=False,
    ):
        self._given, data = data, as_frame(data)
        self._data = data
        self._name = name
        self.numeric = numeric
        self._reader = _reader(data)
        self.n_rows = self._reader.n_rows
        types = column_types(data)
        self.columns = choose_columns(list(types), columns, exclude, roles, of=name)
        require_shape(self.n_rows, len(self.columns), name)
        named = None if columns is None else self.columns
        self._how = {"columns": named, "exclude": exclude, "roles": roles}
        self.left_out = {}
        if numeric:
            found = not_numbers(data, self.columns)
            self.columns, self.left_out = numbers_only(self.columns, found, named, name)
        self.n_features = len(self.columns)
        kinds = [types[column] for column in self.columns]
        self.integral = are_integers(kinds)
        if not numeric:
            strings = all(isinstance(column, str) for column in self.columns)
            self.feature_names = list(self.columns) if strings else None
            return
        place = {column: j for j, column in enumerate(types)}
        self._places = [place[column] for column in self.columns]
        self.dtype = np.dtype(np.float32 if all(map(is_single, kinds)) else np.float64)
        if keep_sparse and is_thin(features := select_columns(data, self.columns)):
            self._reader = _ThinReader(features)
            self.is_sparse, self.dtype = True, self._reader.dtype
        self._refuse_nulls()
        self.feature_names = _string_names(self.columns, name)

    @property
    def n_bytes(self):
        """About the bytes of the features that are in memory."""
        return 8 * self.n_rows * self.n_features

    def again(self, *, numeric, columns=None):
        """Return the same rows, with the features as numbers or as they were given.

        Other `columns` may be named as the features.
        """
        how = self._how if columns is None else self._how | {"columns": columns}
        return FrameHolder(self._given, name=self._name, numeric=numeric, **how)

    def _refuse_nulls(self):
        refuse_nulls(_counted(self._reader, self.columns, self._places), self._name)

    def blocks(self, bounds):
        for start, stop in bounds:
            yield self._part(slice(start, stop))

    def gather(self, indices):
        return self._part(indices)

    def _part(self, rows):
        if self.numeric:
            return self._reader.numbers(rows, self._places, self.dtype)
        return select_columns(take_part(self._data, rows), self.columns)

    def take(self, indices):
        return take_array(self._given, indices)

    def column(self, name, argument):
        column = nw.from_native(self._data, eager_only=True).get_column(name)
        if n_missing := column.null_count():
            raise ValueError(describe_column(name, argument, n_missing))
        if column.dtype == nw.Decimal:
            column = column.cast(nw.Float64)
        return column.to_numpy()


def _counted(reader, columns, places):
    counts = reader.nulls(places)
    return {c: int(n) for c, n in zip(columns, counts, strict=True) if n}


def _reader(data):
    if hasattr(data, "iloc"):
        return _PandasReader(data)
    if is_arrow(data):
        return _ArrowReader(data)
    return _OtherReader(data)


class _PandasReader:
    """Reads numbers from a pandas frame, from all columns together, by NumPy."""

    def __init__(self, data):
        self._data = data
        self.n_rows = len(data)

    def _part(self, rows, places):
        if isinstance(rows, slice):
            part = self._data.iloc[rows]
        else:
            part = take_array(self._data, rows)
        if list(places) == list(range(part.shape[1])):
            return part
        return part.iloc[:, places]

    def nulls(self, places):
        # Plain floats, usually most columns, are tested together in NumPy; extension
        # types and objects column by column. Integers and booleans have no nulls.
        dtypes = self._data.dtypes.tolist()
        plain = [isinstance(dtypes[j], np.dtype) for j in places]
        counts = np.zeros(len(places), dtype=np.int64)
        for at, (place, is_plain) in enumerate(zip(places, plain, strict=True)):
            if not is_plain or dtypes[place].kind == "O":
                counts[at] = np.sum(np.asarray(self._data.iloc[:, place].isna()))
        floats = [
            at for at, j in enumerate(places) if plain[at] and dtypes[j].kind == "f"
        ]
        step = max(1, _NULL_VALUES // max(1, len(floats)))
        wanted = [places[at] for at in floats]
        for start in range(0, self.n_rows if floats else 0, step):
            part = self._part(slice(start, start + step), wanted).to_numpy()
            counts[floats] += np.isnan(part).sum(axis=0)
        return counts

    def numbers(self, rows, places, dtype):
        # pandas stores columns one after another; methods want rows.
        return np.array(self._part(rows, places).to_numpy(dtype), order="C")


class _ThinReader:
    """Reads rows of a pandas frame whose columns are all sparse, as CSR."""

    def __init__(self, features):
        self._X = thin_matrix(features).tocsr()
        self.dtype = self._X.dtype

    def nulls(self, places):
        columns = self._X.indices[np.isnan(self._X.data)]
        return np.bincount(columns, minlength=self._X.shape[1])

    def numbers(self, rows, places, dtype):
        return self._X[rows]


class _ArrowReader:
    """Reads numbers from a pyarrow table or record batch, column by column."""

    def __init__(self, data):
        self._data = data
        self.n_rows = data.num_rows

    def nulls(self, places):
        return [self._data.column(place).null_count for place in places]

    def numbers(self, rows, places, dtype):
        data = self._data
        if isinstance(rows, slice):  # without copying, unlike `take`
            data = data.slice(rows.start, rows.stop - rows.start)
        else:
            data = take_array(data.select(places), rows)
            places = range(len(places))
        return arrow_numbers(data, places, dtype)


def arrow_numbers(data, places, dtype):
    """Return columns of a pyarrow table or record batch as one array."""
    out = np.empty((data.num_rows, len(places)), dtype=dtype)
    for j, place in enumerate(places):
        column = data.column(place)
        if str(column.type) not in ("float", "double"):
            column = column.cast("float64", safe=False)  # integers over 2**53 round
        out[:, j] = native_column(column)
    return out


class _OtherReader:
    """Reads numbers from polars and all other frames that narwhals knows."""

    def __init__(self, data):
        self._frame = nw.from_native(data, eager_only=True)
        self.n_rows = len(self._frame)

    def _chosen(self, frame, places):
        names = frame.columns
        return nw.col(*(names[place] for place in places))

    def nulls(self, places):
        counts = self._frame.select(self._chosen(self._frame, places).null_count())
        return counts.row(0)

    def numbers(self, rows, places, dtype):
        frame = self._frame[rows] if isinstance(rows, slice) else self._frame[rows, :]
        kind = nw.Float32 if dtype == np.float32 else nw.Float64
        chosen = frame.select(self._chosen(frame, places).cast(kind))
        return np.array(chosen.to_numpy(), dtype=dtype, order="C")


def _string_names(names, argument):
    """Return `names` if all are strings, None if none is; raise if some are."""
    strings = [isinstance(name, str) for name in names]
    if all(strings):
        return list(names)
    if any(strings):
        kinds = sorted({type(name).__name__ for name in names})
        raise TypeError(
            "Feature names are only supported if all input features have string names, "
            f"but your input has {kinds} as feature name / column name types. Convert "
            f"them with {argument}.columns = {argument}.columns.astype(str)."
        )
    return None

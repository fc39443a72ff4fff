"""Rows of tables of named columns, read batch by batch and never loaded whole."""

from abc import ABC, abstractmethod

import numpy as np

from coreselect._files import is_path, require, require_same, stamp_of
from coreselect.rows._results import PerRow
from coreselect.rows.columns import (
    are_integers,
    choose_columns,
    column_types,
    describe_column,
    is_number,
    is_single,
    not_numbers,
    numbers_only,
    refuse_nulls,
    refuse_repeats,
    require_shape,
)
from coreselect.rows.frames import arrow_numbers
from coreselect.rows.progress import tell
from coreselect.rows.take import check_indices, native_column, take_arrow

KEY = "coreselect"  # of the record of a selection in a file's metadata


def skip(batches, n_rows):
    """Yield record batches without the first `n_rows` rows."""
    for batch in batches:
        if n_rows < len(batch):
            yield batch.slice(n_rows)
        n_rows = max(0, n_rows - len(batch))


def numeric_names(schema):
    """Return the names of the columns of a pyarrow schema that hold numbers."""
    return [field.name for field in schema if is_number(field.type)]


def _values_of(column):
    """Return part of a column as an array; equal texts are one object, if they can."""
    arrow = require("pyarrow", "io")
    if arrow.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.null_count or not (
        arrow.types.is_string(column.type) or arrow.types.is_large_string(column.type)
    ):
        return native_column(column)
    found = column.dictionary_encode()
    return native_column(found.dictionary)[native_column(found.indices)]


class TableHolder(ABC):
    """Rows of files, or of another source, that pyarrow reads.

    Subclasses find the schema and the number of rows, and yield batches. If `numeric`
    is False, all columns are features, and blocks are pyarrow tables.
    """

    is_sparse = False
    in_file = True
    dtype = None
    notes = ()  # on unusual properties of the file
    edges = None  # where parts begin that are read from their start
    index = ()  # columns that number the rows; by default they are not features

    def __init__(
        self,
        source,
        columns=None,
        exclude=None,
        roles=None,
        name="X",
        *,
        numeric=True,
        **how,
    ):
        self._source, self._name, self.numeric, self._how = source, name, numeric, how
        self._stamps = {path: stamp_of(path) for path in self._paths()}
        self.schema, self.n_rows = self._examine(**how)
        self.names = names = self.schema.names
        default = [column for column in names if column not in self.index]
        self.columns = choose_columns(names, columns, exclude, roles, default, of=name)
        named = None if columns is None else self.columns
        self._chosen = {"columns": named, "exclude": exclude, "roles": roles}
        self.left_out = {}
        if numeric:
            found = not_numbers(self.schema, self.columns)
            self.columns, self.left_out = numbers_only(
                self.columns, found, named, self._said, self.hint()
            )
        self.n_features = len(self.columns)
        self.feature_names = self.columns
        types = column_types(self.schema)
        kinds = [types[column] for column in self.columns]
        self.integral = are_integers(kinds)
        if not numeric:
            return
        refuse_repeats(names, [*self.columns, *(roles or {}).values()], name)
        require_shape(self.n_rows, len(self.columns), name)
        self.dtype = np.dtype(np.float32 if all(map(is_single, kinds)) else np.float64)

    def where(self, start, stop):
        """Return what errors call the source of some rows."""
        return self._said

    @property
    def _said(self):
        """What errors call the table."""
        return repr(self._source) if is_path(self._source) else self._name

    def _paths(self):
        """Return the paths of the files whose changes are noticed."""
        return [self._source]

    @abstractmethod
    def _examine(self, **how):
        """Return the schema of the table and its number of rows."""

    @abstractmethod
    def _batches(self, columns, start=0):
        """Yield the record batches of all rows from number `start` on.

        They have some columns, or all if `columns` is None.
        """

    def _parts(self, columns, ascending):
        """Yield batches that hold these rows, with the number of their first row."""
        first = 0
        last = ascending[-1] if len(ascending) else -1
        for batch in self._batches(columns):
            if first > last:
                return
            yield first, batch
            first += len(batch)

    def hint(self):
        """Return a sentence on why a file may have no numeric columns, or nothing."""
        return ""

    def again(self, *, numeric, columns=None):
        """Return the same rows, with the features as numbers or as they were given.

        Other `columns` may be named as the features.
        """
        self._require_same()
        chosen = (
            self._chosen if columns is None else self._chosen | {"columns": columns}
        )
        how = {"name": self._name, "numeric": numeric, **chosen, **self._how}
        return type(self)(self._source, **how)

    def _require_same(self):
        """Raise if a file changed since these rows were opened."""
        for path, stamp in self._stamps.items():
            require_same(path, stamp)

    def _numbers(self, data):
        """Return the feature columns of a record batch or table as one array."""
        place = {name: j for j, name in enumerate(data.schema.names)}
        places = [place[name] for name in self.columns]
        if any(data.column(j).null_count for j in places):
            refuse_nulls(self._count_nulls(), self._name)
        return arrow_numbers(data, places, self.dtype)

    def _count_nulls(self):
        counts = dict.fromkeys(self.columns, 0)
        for batch in self._batches(self.columns):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                counts[name] += column.null_count
        return {name: n for name, n in counts.items() if n}

    def blocks(self, bounds):
        """Yield the blocks in order, cut and joined from batches of the table.

        `held` has the rows that were read and belong to later blocks.
        """
        batches, held = None, None
        for start, stop in bounds:
            size, filled, parts = stop - start, 0, []
            block = np.empty((size, self.n_features), self.dtype) if self.numeric else 0
            if batches is None:
                batches = self._batches(self.columns, start)
            while filled < size:
                held = self._next(batches, start + filled) if held is None else held
                part = held.slice(0, size - filled)
                held = held.slice(len(part)) if len(part) < len(held) else None
                if self.numeric:
                    block[filled : filled + len(part)] = self._numbers(part)
                else:
                    parts.append(part)
                filled += len(part)
            yield block if self.numeric else self._table(parts)

    def _next(self, batches, n_read):
        for batch in batches:
            return batch
        return self._require_rows(n_read)

    def _require_rows(self, n_read):
        """Raise unless all rows were read."""
        if n_read != self.n_rows:
            raise ValueError(
                f"{self._said} had {self.n_rows} rows when it was opened, and has "
                f"{n_read} now; open it again once nobody writes to it."
            )

    def _table(self, batches):
        """Return batches as a pyarrow table of the feature columns."""
        arrow = require("pyarrow", "io")
        refuse_repeats(self.schema.names, self.columns, self._name)
        fields = [self.schema.field(name) for name in self.columns]
        if not batches:
            return arrow.schema(fields).empty_table()
        return arrow.Table.from_batches(batches).select(self.columns)

    def _taken(self, columns, indices):
        """Return a pyarrow table of rows, in the order of `indices`.

        None means all columns.
        """
        arrow = require("pyarrow", "io")
        indices = check_indices(indices, self.n_rows, of=self._said)
        ascending = np.unique(indices)
        schema = self.schema
        if columns is not None:
            schema = arrow.schema([schema.field(name) for name in columns])
        # Rows are read once and in ascending order; then they are repeated and ordered.
        parts = list(self.stream(ascending, columns))
        table = arrow.Table.from_batches(parts, schema=schema)
        if len(ascending) == len(indices) and np.array_equal(ascending, indices):
            return table
        return take_arrow(table, np.searchsorted(ascending, indices))

    def stream(self, ascending=None, columns=None):
        """Yield record batches of rows, whose numbers ascend; None: all, likewise."""
        if ascending is None:
            yield from self._every(columns)
            return
        for first, batch in self._parts(columns, ascending):
            low, high = np.searchsorted(ascending, (first, first + len(batch)))
            if high > low:
                yield take_arrow(batch, ascending[low:high] - first)

    def _every(self, columns):
        """Yield the record batches of all rows."""
        n_read = 0
        for batch in self._batches(columns):
            yield batch
            n_read += len(batch)
            tell(n_read, self.n_rows, "row")
        self._require_rows(n_read)

    def take(self, indices):
        return self._taken(None, indices)

    def gather(self, indices):
        found = self._taken(self.columns, indices)
        return self._numbers(found) if self.numeric else found

    def column(self, name, argument):
        """Return the column of the target or of the weights as an array."""
        found, n_missing, first, start = PerRow(self.n_rows), 0, 0, 0
        for batch in self._batches([name]):
            column = batch.column(name)
            if column.null_count:
                if not n_missing:
                    first = start + column.is_null().index(True).as_py()
                n_missing += column.null_count
            stop = start + len(column)
            if not n_missing and stop <= self.n_rows:
                values = _values_of(self._plain(column, name, argument))
                found.enter(slice(start, stop), values)
            start = stop
        if n_missing:
            raise ValueError(describe_column(name, argument, n_missing, first))
        self._require_rows(start)
        return found.values

    def _plain(self, column, name, argument):
        """Return a part of a column whose values are numbers, text or times."""
        arrow = require("pyarrow", "io")
        if arrow.types.is_decimal(column.type):
            return column.cast(arrow.float64())
        if not (
            arrow.types.is_binary(column.type)
            or arrow.types.is_large_binary(column.type)
        ):
            return column
        # Classes must be text: nothing in scikit-learn takes bytes.
        try:
            return column.cast(arrow.string())
        except arrow.ArrowInvalid:
            raise ValueError(
                f"{argument}={name!r}: this column holds bytes that are not UTF-8. If "
                "the file is text, pass encoding='latin-1'; else convert it to UTF-8 "
                "first, for example with iconv."
            ) from None

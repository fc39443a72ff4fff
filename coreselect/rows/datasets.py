"""Rows of data sets: those of `pyarrow.dataset` and of the package `datasets`."""

import sys
from contextlib import contextmanager
from itertools import chain

import numpy as np

from coreselect._files import require
from coreselect.rows.parquet import batch_rows, index_of
from coreselect.rows.tables import TableHolder, skip
from coreselect.rows.take import check_indices, take_arrow

_STEP_ROWS = 65_536


def is_arrow_dataset(data):
    """Return whether `data` is a data set of pyarrow, which may lie in many files."""
    module = sys.modules.get("pyarrow.dataset")
    return module is not None and isinstance(data, module.Dataset)


def is_hub_dataset(data):
    """Return whether `data` is a `datasets.Dataset`, which is told by what it has."""
    names = ("num_rows", "_indices", "select", "data")
    return all(hasattr(data, name) for name in names)


def local_files(data):
    """Return the paths of the files of a data set that lie on this machine."""
    files = getattr(data, "files", [])
    local = require("pyarrow.fs", "io").LocalFileSystem
    return files if files and isinstance(data.filesystem, local) else []


class ArrowDatasetHolder(TableHolder):
    """Rows of a `pyarrow.dataset.Dataset`, in the order of its fragments."""

    def _paths(self):
        return local_files(self._source)

    def _examine(self):
        with self._readable():
            try:
                self._fragments = list(self._source.get_fragments())
            except ValueError:  # a data set with a filter does not tell them
                self._fragments = [self._source]
            heights = [fragment.count_rows() for fragment in self._fragments]
        self.edges = np.cumsum([0, *heights])
        self.index = index_of(self._source.schema)
        return self._source.schema, int(self.edges[-1])

    def _batches(self, columns, start=0):
        self._require_same()
        first = int(self._fragments_of(start))
        numbers = range(first, len(self._fragments))
        found = chain.from_iterable(self._read(number, columns) for number in numbers)
        return skip(found, start - self.edges[first])

    def _parts(self, columns, ascending):
        """Yield batches of the fragments that hold some of these rows."""
        self._require_same()
        for number in np.unique(self._fragments_of(ascending)).tolist():
            first = self.edges[number]
            for batch in self._read(number, columns):
                yield first, batch
                first += len(batch)

    def _fragments_of(self, rows):
        return np.searchsorted(self.edges, rows, "right") - 1

    def _read(self, number, columns):
        """Yield the batches of one fragment."""
        fragment = self._fragments[number]
        size = batch_rows(len(self.schema if columns is None else columns))
        how = {"columns": columns, "batch_size": size, "use_threads": False}
        how |= {"batch_readahead": 1, "fragment_readahead": 1}
        if fragment is not self._source:
            how["schema"] = self.schema  # with the columns that names of folders hold
        with self._readable():
            batches = fragment.to_batches(**how)
        while True:
            with self._readable():
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    @contextmanager
    def _readable(self):
        """Turn errors of pyarrow in this block into one that names the data."""
        arrow = require("pyarrow", "io")
        try:
            yield
        except (FileNotFoundError, PermissionError):
            raise
        except (arrow.ArrowException, OSError) as error:
            raise ValueError(f"{self._name} cannot be read: {error}") from error


def as_arrow_table(data):
    """Return a `datasets.Dataset` as a pyarrow table, and anything else unchanged."""
    if not is_hub_dataset(data):
        return data
    return HubDatasetHolder(data, numeric=False).whole()


class HubDatasetHolder(TableHolder):
    """Rows of a `datasets.Dataset`, from its Arrow table and its index of row numbers.

    Asking the data set itself for rows would decode every cell.
    """

    def _paths(self):
        return []

    def _examine(self):
        self._arrow = self._source.data.table
        order = self._source._indices
        self._order = None if order is None else order.column(0).to_numpy()
        return self._arrow.schema, self._source.num_rows

    def _batches(self, columns, start=0):
        for first in range(start, self.n_rows, _STEP_ROWS):
            stop = min(first + _STEP_ROWS, self.n_rows)
            yield from self._rows(slice(first, stop), columns).to_batches()

    def stream(self, ascending, columns=None):
        return iter(self._rows(ascending, columns).to_batches())

    def take(self, indices):
        return self._source.select(check_indices(indices, self.n_rows, of=self._said))

    def whole(self):
        """Return all rows as a pyarrow table."""
        return self._rows(slice(0, self.n_rows), None)

    def _rows(self, rows, columns):
        """Return rows, given as a slice or by number, as a pyarrow table."""
        table = self._arrow if columns is None else self._arrow.select(columns)
        if self._order is not None:
            return take_arrow(table, self._order[rows])
        if isinstance(rows, slice):
            return table.slice(rows.start, rows.stop - rows.start)
        return take_arrow(table, rows)

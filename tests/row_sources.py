"""The same rows in every kind of source, and stand-ins for packages not installed."""

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq


class ColumnStore:
    """A source of others: columns of a table, behind the protocol `Holder`."""

    feature_names = None
    is_sparse = False
    dtype = np.dtype(np.float64)

    def __init__(self, table, n_features):
        self.table, self.n_features = table, n_features
        self.n_rows = table.num_rows
        self.feature_names = table.column_names[:n_features]

    def _features(self, table):
        return np.column_stack([table[name] for name in self.feature_names])

    def blocks(self, bounds):
        for start, stop in bounds:
            yield self._features(self.table.slice(start, stop - start))

    def gather(self, indices):
        return self._features(self.take(indices))

    def take(self, indices):
        return self.table.take(pa.array(indices))

    def column(self, name, argument):
        return self.table[name].to_numpy()


class HubDataset:
    """A stand-in for `datasets.Dataset`: the attributes that are read, and no others.

    Beside the tests of this folder, tests_torch holds one with the package itself.
    """

    def __init__(self, table, order=None):
        self.data = _Wrapped(table)
        self._indices = None
        self.num_rows = table.num_rows
        if order is not None:
            self._indices = _Wrapped(pa.table({"indices": order}))
            self.num_rows = len(order)

    def __len__(self):
        return self.num_rows

    @property
    def shape(self):
        return self.num_rows, self.data.table.num_columns

    def __iter__(self):
        raise AssertionError("rows must not be read as dicts")

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.to_table()[key].to_pylist()
        raise AssertionError("rows must not be read as dicts")

    def select(self, indices):
        order = np.arange(self.num_rows)
        if self._indices is not None:
            order = self._indices.column(0).to_numpy()
        return HubDataset(self.data.table, order[indices])

    def to_table(self):
        order = self._indices and pa.array(self._indices.column(0))
        return self.data.table if order is None else self.data.table.take(order)


class _Wrapped:
    """As datasets wraps tables of pyarrow."""

    def __init__(self, table):
        self.table = table

    def column(self, number):
        return self.table.column(number).combine_chunks()


def write_parts(folder, table, cuts=(0.1, 0.1, 0.6), **how):
    """Write a table to four files in a new folder, the second without rows."""
    folder.mkdir()
    edges = [0, *(int(cut * len(table)) for cut in cuts), len(table)]
    for i, start in enumerate(edges[:-1]):
        part = table.slice(start, edges[i + 1] - start)
        pq.write_table(part, folder / f"part-{i}.parquet", **how)
    return folder


def every_source(table, n_features, folder):
    """Return the same rows in every kind of source, as a dict by its name."""
    parts = write_parts(folder / "parts", table, row_group_size=17)
    shuffle = np.random.default_rng(3).permutation(len(table))
    years = write_parts(folder / "years", table, row_group_size=50)
    found = {
        "directory": parts,
        "glob": str(parts / "*.parquet"),
        "list of paths": sorted(parts.iterdir()),
        "data set": ds.dataset(years),
        "data set with a filter": ds.dataset(years).filter(ds.field("number") >= 0),
        "data set in memory": ds.dataset(table),
        "hub data set": HubDataset(table),
        "hub data set with an index": HubDataset(
            table.take(pa.array(shuffle)), np.argsort(shuffle)
        ),
        "holder": ColumnStore(table, n_features),
    }
    for size in (10, 64, len(table)):
        found[f"row groups of {size}"] = folder / f"{size}.parquet"
        pq.write_table(table, found[f"row groups of {size}"], row_group_size=size)
    return found

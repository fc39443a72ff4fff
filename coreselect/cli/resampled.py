"""The kept and the new rows of a resampled table, and how both are written."""

import numpy as np

from coreselect import rows
from coreselect._files import require
from coreselect.rows.writing import write_table
from coreselect.selection import Selection


class ResampledTable:
    """A resampled table: its kept rows, its new rows and their origins.

    Parameters
    ----------
    source : Source
        The input, a table.
    features : list of str
        The columns that the resampler was given.
    target : str
        The column of classes.
    y : ndarray
        The class of every row of the input.
    result : Selection or Synthesis
        What the resampler returned.

    Attributes
    ----------
    kept : ndarray of int64, ascending
        Numbers of the kept rows.
    new : pyarrow.Table or None
        The new rows, with all columns of the file; None if the method makes none.
    kinds : list of str
        The kinds of new rows.
    labels : ndarray
        The class of every row.
    weights : ndarray
        The weight of every row.
    origin : dict of str to pyarrow.Array
        For every row: which row it is or was made from, and how.
    """

    def __init__(self, source, features, target, y, result):
        self.source = source
        table = source.read_all()
        # Kept rows are written in the order of the file, whatever the method did.
        order = np.argsort(result.indices, kind="stable")
        self.kept = result.indices[order]
        self.new, self.kinds, self.labels = None, [], y[self.kept]
        if not hasattr(result, "provenance"):
            self.weights = result.weights[order]
            self.origin = {"row": _array(self.kept)}
        else:
            at = np.append(order, np.arange(len(order), len(result)))
            how = {name: values[at] for name, values in result.provenance().items()}
            fresh = result.keep(np.arange(len(result)) >= len(order))
            self.new = _new_rows(table, features, target, fresh)
            self.labels = np.append(self.labels, y[fresh.base])
            self.kinds = list(dict.fromkeys(fresh.kinds.tolist()))
            self.weights = how["weight"]
            neighbor, step = how["neighbor"], how["step"]
            self.origin = {
                "row": _array(how["base"]),
                "kind": _array(how["kind"].tolist()),
                "neighbor": _array(neighbor, mask=neighbor < 0),
                "step": _array(step, mask=np.isnan(step)),
            }

    def __len__(self):
        return len(self.weights)

    @property
    def n_total(self):
        """Number of rows of the file."""
        return self.source.n_rows

    @property
    def n_new(self):
        """Number of new rows."""
        return 0 if self.new is None else self.new.num_rows

    @property
    def effective_sample_size(self):
        """Kish's effective size of the weights."""
        rows = Selection(np.arange(len(self)), self.weights, len(self))
        return rows.effective_sample_size

    def renumber(self, numbers):
        """Replace row numbers in `origin` by `numbers`, one per row of the file."""
        numbers = _array(numbers)
        for name in ("row", "neighbor"):
            if name in self.origin:
                self.origin[name] = numbers.take(self.origin[name])

    def write(self, path, columns, record):
        """Write kept rows, then new ones, with `columns` added.

        `record` is JSON text to keep in the file, where the format has a place for it.
        """
        source = self.source
        dropped = {*(source.earlier or ())}
        n = len(self.kept)
        if self.new is None or source.copies_text(path):
            first = {name: _objects(column[:n]) for name, column in columns.items()}
            source.write(path, self.kept, first, dropped, record)
            if self.n_new:
                rest = {name: _objects(column[n:]) for name, column in columns.items()}
                self._append(path, self.new.drop_columns(list(dropped)), rest)
            return
        parts = [rows.take_rows(source.read_all(), self.kept), self.new]
        write_table(path, self.new.schema, parts, columns, dropped, record)

    def _append(self, path, new, columns):
        """Append new rows to a text file that holds the kept ones."""
        parts = []
        for name in new.column_names:
            cells = new.column(name).to_pylist()
            # Written as the file writes them: true, True or TRUE.
            if self.source.types[name] == "bool":
                case = self.source.text.case_of(name)
                cells = [None if cell is None else case(str(cell)) for cell in cells]
            parts.append(cells)
        parts += [values.tolist() for values in columns.values()]
        self.source.text.append(path, parts)


def _array(values, **how):
    return require("pyarrow", "io").array(values, **how)


def _objects(column):
    """Return a column as an array of Python objects, with None for nulls."""
    values = np.empty(len(column), dtype=object)
    values[:] = column.to_pylist()
    return values


def _new_rows(table, features, target, fresh):
    """Return new rows as a table.

    Features are made, and the class is that of the base row. Copies keep all other
    columns of their row; for other new rows these are null, since nothing is known.
    """
    arrow = require("pyarrow", "io")
    made = fresh.take(table.select(features))
    known = {True: np.ones(len(fresh.base), bool), False: fresh.kinds == "copy"}
    columns, schema = [], table.schema
    for i, field in enumerate(schema):
        if field.name in features:
            columns.append(made.column(field.name).cast(field.type))
        else:
            there = known[field.name == target]
            columns.append(_take_known(table.column(field.name), fresh.base, there))
            schema = schema.set(i, field.with_nullable(True))
    return arrow.table(columns, schema=schema)


def _take_known(column, at, known):
    """Return rows of a column where `known`, and nulls elsewhere."""
    arrow = require("pyarrow", "io")
    # One null behind the last row, so that one `take` serves both.
    chunks = [*column.chunks, arrow.nulls(1, column.type)]
    longer = arrow.chunked_array(chunks, column.type)
    return rows.take_rows(longer, np.where(known, at, len(column)))

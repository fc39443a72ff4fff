"""The kept and the new rows of a resampled table, and how both are written."""

from itertools import chain

import numpy as np

from coreselect import rows
from coreselect._files import require
from coreselect.rows.writing import write_table

_PART_ROWS = 2**16  # rows that are made at a time


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
    result : Selection or Synthesis
        What the resampler returned.

    Attributes
    ----------
    kept : ndarray of int64, ascending
        Numbers of the kept rows.
    new : NewRows or None
        None if the method makes none.
    kinds : list of str
        The kinds of new rows.
    weights : ndarray
        The weight of every row.
    effective_sample_size : float
        Kish's effective size of the weights.
    origin : dict of str to pyarrow.Array or pyarrow.ChunkedArray
        For every row: which row it is or was made from, and how.
    """

    def __init__(self, source, features, target, result):
        self.source = source
        self.kept, self.weights = _ascending(result.indices, result.weights)
        self.effective_sample_size = result.effective_sample_size
        self.new, self.kinds, self.origin = None, [], {"row": _array(self.kept)}
        if hasattr(result, "provenance"):
            n = len(self.kept)
            fresh = result.keep(np.arange(len(result)) >= n)
            self.new = NewRows(source, features, target, fresh)
            self.kinds = list(dict.fromkeys(fresh.kinds.tolist()))
            neighbor, step = fresh.neighbor, fresh.step
            self.origin = {
                "row": _joined([self.origin["row"], _array(fresh.base)]),
                "kind": _below("kept", n, _array(fresh.kinds.tolist(), type="string")),
                "neighbor": _below(None, n, _array(neighbor, mask=neighbor < 0)),
                "step": _below(None, n, _array(step, mask=np.isnan(step))),
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
        return 0 if self.new is None else len(self.new)

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
            first = {name: column[:n] for name, column in columns.items()}
            source.write(path, self.kept, first, dropped, record)
            if self.n_new:
                self._append(path, columns, dropped)
            return
        parts = chain(source.stream(self.kept), self.new.parts())
        write_table(path, self.new.schema, parts, columns, dropped, record)

    def _append(self, path, columns, dropped):
        """Append new rows to a text file that holds the kept ones."""
        text, types = self.source.text, self.source.types
        names = [name for name in self.new.schema.names if name not in dropped]
        # Written as the file writes them: true, True or TRUE.
        case = {name: text.case_of(name) for name in names if types[name] == "bool"}
        start = len(self.kept)
        for part in self.new.parts():
            cells = [part.column(name).to_pylist() for name in names]
            for j, name in enumerate(names):
                if to_case := case.get(name):
                    cells[j] = [c if c is None else to_case(str(c)) for c in cells[j]]
            stop = start + part.num_rows
            cells += [values[start:stop].to_pylist() for values in columns.values()]
            text.append(path, cells)
            start = stop


class NewRows:
    """New rows of a table, made part by part.

    Features are made, and the class is that of the base row. Copies keep all other
    columns of their row; for other new rows these are null, since nothing is known.

    Parameters
    ----------
    source : Source
    features : list of str
    target : str
    fresh : Synthesis
        The new rows alone.

    Attributes
    ----------
    schema : pyarrow.Schema
        That of the file, with nulls allowed where new rows may have them.
    """

    def __init__(self, source, features, target, fresh):
        self._features, self._target = features, target
        # Only the rows that new ones are made from are held.
        read = [fresh.indices, *(part.used() for part in fresh.parts)]
        used = np.unique(np.concatenate(read))
        self._used = source.read(source.names, used)
        places = np.zeros(source.n_rows, dtype=np.int64)
        places[used] = np.arange(len(used))
        self._fresh = fresh.renumber(places, len(used))
        self.schema = source.schema
        for i, field in enumerate(source.schema):
            if field.name not in features:
                self.schema = self.schema.set(i, field.with_nullable(True))

    def __len__(self):
        return len(self._fresh)

    def parts(self):
        """Yield the new rows as tables with all columns of the file."""
        place = np.arange(len(self)) // _PART_ROWS
        for number in range(len(self) and place[-1] + 1):
            yield self._made(self._fresh.keep(place == number))

    def _made(self, fresh):
        made = fresh.take(self._used.select(self._features))
        known = {True: np.ones(len(fresh.base), bool), False: fresh.kinds == "copy"}
        columns = []
        for field in self.schema:
            if field.name in self._features:
                columns.append(made.column(field.name).cast(field.type))
            else:
                there = known[field.name == self._target]
                column = self._used.column(field.name)
                columns.append(_take_known(column, fresh.base, there))
        return require("pyarrow", "io").table(columns, schema=self.schema)


def _ascending(indices, weights):
    """Return kept rows in the order of the file, with the weights of all rows."""
    if (indices[1:] > indices[:-1]).all():
        return indices, weights
    order = np.argsort(indices, kind="stable")
    return indices[order], np.append(weights[order], weights[len(order) :])


def _array(values, **how):
    return require("pyarrow", "io").array(values, **how)


def _joined(chunks):
    return require("pyarrow", "io").chunked_array(chunks)


def _below(value, n, column):
    """Return a column of new rows below a value for each of the n kept ones."""
    arrow = require("pyarrow", "io")
    # One chunk serves many times, and takes no memory of its own.
    chunk = arrow.repeat(arrow.scalar(value, column.type), min(n, _PART_ROWS))
    lengths = (min(_PART_ROWS, n - start) for start in range(0, n, _PART_ROWS))
    return _joined([*(chunk.slice(0, length) for length in lengths), column])


def _take_known(column, at, known):
    """Return rows of a column where `known`, and nulls elsewhere."""
    arrow = require("pyarrow", "io")
    # One null behind the last row, so that one `take` serves both.
    chunks = [*column.chunks, arrow.nulls(1, column.type)]
    longer = arrow.chunked_array(chunks, column.type)
    return rows.take_rows(longer, np.where(known, at, len(column)))

"""Selections that files hold, and whether they were made from certain data."""

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import sparse

from coreselect._files import existing, suffix_of
from coreselect.features.columns import table_columns, texts
from coreselect.selection import Record, Selection

from . import tables
from .drawn import design_in
from .record import Added, fingerprint, loaded

_COMPARED = 500  # rows whose cells are compared with those of the data
_OTHER_DATA = "the selection was made from other data"


class Found(NamedTuple):
    """A selection that a file holds.

    Attributes
    ----------
    selection : Selection
    record : dict
        What `select` recorded; empty where the file has no place for it.
    path : str
        The file that holds the rows.
    """

    selection: Selection
    record: dict
    path: str


def load_selection(args, source):
    """Return what a file holds as `Found`; raise if it was made from other data.

    `source` is the `Source` of the data.
    """
    path = existing(args.selection, "SELECTION")
    record = {}
    if suffix_of(path) == ".json":
        record = loaded(Path(path).read_text(encoding="utf-8"))
        path = _output_of(record, path)
    elif _is_saved(path):
        selection = Selection.load(path)
        _require_rows(selection.n_total, source)
        return Found(selection, {}, path)
    part = tables.read(path)
    added = part.earlier or Added(
        args.row_column or Added().row, args.weights_column or Added().weights
    )
    for name, flag in zip(added, ("--row-column", "--weights-column"), strict=True):
        part.require(name, flag)
    record = part.record or record
    first = first_of(record)
    if "n_in" in first:
        _require_rows(first["n_in"], source)
    if first.get("schema", fingerprint(source)) != fingerprint(source):
        raise ValueError(
            f"{_OTHER_DATA}: {str(source.path)!r} has columns of other names, or "
            "numbers in other ones. If it is text, read it as `select` did."
        )
    indices, weights = (_numbers(part, name) for name in added)
    if indices.dtype.kind == "f" or (len(indices) and indices.min() < 0):
        raise ValueError(
            f"{added[0]!r} in {path!r} holds no row numbers, which are whole numbers "
            "of at least 0; --row-column names the column that does."
        )
    if len(indices) and indices.max() >= source.n_rows:
        raise ValueError(
            f"{_OTHER_DATA}: row {int(indices.max())} is not one of the "
            f"{source.n_rows} rows of {str(source.path)!r}."
        )
    made = _made(record)
    design = design_in(record, len(indices))
    selection = Selection(indices, weights, source.n_rows, record=made, design=design)
    _require_cells(part, source, selection, added)
    return Found(selection, record, path)


def _is_saved(path):
    """Return whether `Selection.save` wrote a file."""
    if suffix_of(path) != ".npz" or not zipfile.is_zipfile(path):
        return False
    with np.load(path) as file:
        return {"indices", "weights", "n_total"} <= set(file.files)


def _output_of(record, path):
    """Return the path of the rows that a JSON report describes."""
    output = record.get("output")
    if not isinstance(output, str):
        raise ValueError(
            f"{path!r} is not a report that `coreselect select --json` wrote: it names "
            "no output."
        )
    beside = Path(path).parent / Path(output).name
    for found in (Path(output), beside):
        if found.is_file():
            return str(found)
    raise FileNotFoundError(
        f"{path!r} names the file of rows {output!r}, but there is no such file, nor "
        f"{str(beside)!r}."
    )


def first_of(record):
    """Return the record of the selection from the first file."""
    while isinstance(record.get("earlier"), dict):
        record = record["earlier"]
    return record


def _made(record):
    """Return what `select` recorded as a `Record`, or None if a method is unknown."""
    earlier = record.get("earlier")
    try:
        made = Record(
            str(record["method"]),
            dict(record["parameters"]),
            None if record["seed"] is None else int(record["seed"]),
            bool(record.get("input_weights")),
            str(record["versions"]["coreselect"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
    if not isinstance(earlier, dict):
        return made
    first = _made(earlier)
    return first and first.then(made)


def _require_rows(n_total, source):
    if n_total != source.n_rows:
        raise ValueError(
            f"{_OTHER_DATA}: it was made from {n_total} rows, and {str(source.path)!r} "
            f"has {source.n_rows}."
        )


def _numbers(part, name):
    values = np.asarray(part.values(name, "SELECTION"))
    if values.dtype.kind not in "iuf":
        raise ValueError(
            f"{name!r} in {str(part.path)!r} must hold numbers, got {values.dtype}."
        )
    return values


def _require_cells(part, source, selection, added):
    """Raise unless the selected rows are rows of the data, by the columns of both."""
    shown = np.arange(min(len(selection), _COMPARED))
    if not len(shown):
        return
    rows, all_rows = part.contents(), source.contents()
    mine = _columns(rows.take(shown))
    theirs = _columns(all_rows.take(selection.indices[shown]))
    for name in mine.keys() & theirs.keys() - set(added):
        a, b = mine[name], theirs[name]
        if a.kind != b.kind:  # for example, a column of blanks has no kind
            continue
        if a.kind == "text":
            same = texts(a.values) == texts(b.values)
        else:
            # Text holds fewer digits of numbers, and fewer parts of a second.
            rtol, atol = (1e-6, 0) if a.kind == "number" else (0, 1e-3)
            same = np.isclose(a.values, b.values, rtol, atol, equal_nan=True)
        if not same.all():
            row = selection.indices[np.argmin(same)]
            raise ValueError(
                f"{_OTHER_DATA}: {name!r} differs between row {row} of "
                f"{str(source.path)!r} and {str(part.path)!r}."
            )


def _columns(rows):
    if sparse.issparse(rows):
        # There may be very many columns; two sums are enough to tell rows apart.
        rows = np.column_stack([rows.sum(axis=1), abs(rows).sum(axis=1)])
    if getattr(rows, "dtype", None) is not None and rows.dtype.names:
        rows = rows["X"]
    names, column_of = table_columns(rows)
    return {name: column_of(place) for place, name in enumerate(names)}

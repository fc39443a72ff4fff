"""How rows of a file were drawn, as its record keeps it for standard errors.

The record of a selection has under ``design`` the name of the sampling design. In files
that have a place for it (Parquet, .npz), ``arrays`` beside it is the whole design: an
.npz file in base64. Reports are for people and leave it out.
"""

import base64
import io
import zipfile

import numpy as np

from coreselect.selection import SamplingDesign, Selection

_MOST = 2**23  # characters of a design that a file keeps


def named(design):
    """Return what a report says of a design: its name, or None."""
    return None if design is None else {"name": design.name}


def kept(design):
    """Return what a file keeps of a design; very large ones by name only."""
    if design is None:
        return None
    target = io.BytesIO()
    np.savez_compressed(target, **design.to_arrays())
    text = base64.b64encode(target.getvalue()).decode("ascii")
    return named(design) | ({"arrays": text} if len(text) <= _MOST else {})


def design_in(record, n_rows):
    """Return the design in the record of a file of `n_rows` rows, or None."""
    try:
        raw = base64.b64decode(record["design"]["arrays"])
        with np.load(io.BytesIO(raw)) as file:
            design = SamplingDesign.from_arrays(dict(file))
    except (KeyError, TypeError, ValueError, OSError, zipfile.BadZipFile):
        return None
    # Rows may have been added or left out since.
    return design if design is not None and len(design) == n_rows else None


def with_earlier(selection, source, weights, at):
    """Return a selection from a selection with the designs of both.

    `weights` is the column of its input weights, and `at` are its rows in the file.
    """
    if not source.earlier:
        return selection
    design, before = selection.design, design_in(source.record, source.n_rows)
    if design is not None:
        chained = before is not None and weights == source.earlier.weights
        design = before.then(design, at) if chained else None
    return Selection(
        selection.indices,
        selection.weights,
        selection.n_total,
        record=selection.record,
        design=design,
    )

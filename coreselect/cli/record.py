"""The record that a selection leaves in its output, for later selections to read.

The record is a JSON object. A Parquet file has it in its schema metadata under the key
`coreselect`, an .npz file in the array `coreselect`. A .npy file records only the names
of the added columns (see `source`), and CSV nothing.
"""

import hashlib
import json
import math
import platform
from typing import NamedTuple


class Added(NamedTuple):
    """Names of the two columns that a selection adds: row numbers and weights."""

    row: str = "row"
    weights: str = "weight"


def recorded(found, names):
    """Return the `Added` names in a record, or None.

    A record is ignored if the file no longer has its columns.
    """
    added = found.get("row_column"), found.get("weights_column")
    names = list(names)
    return Added(*added) if all(name in names for name in added) else None


def recorded_origin(found, names):
    """Return the columns in `names` that a record calls the origin of the rows."""
    entries = found.get("provenance_columns")
    return [name for name in names if isinstance(entries, list) and name in entries]


def loaded(text):
    """Return a JSON object as a dict, or an empty dict for any other text."""
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def fingerprint(source):
    """Return a text that stays the same while a file has the same columns.

    It depends on their names, and on which hold numbers, in any order: so data are the
    same in another format.
    """
    added = source.earlier or ()
    columns = [(n, n in source.numeric) for n in source.names if n not in added]
    if source.matrix is not None:
        columns.append((source.matrix, int(source.values(None).shape[1])))
    text = json.dumps(sorted(columns, key=str), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def describe(record, selection, added, earlier, **facts):
    """Return the `Record` of a selection, and facts about it, as a dict for JSON.

    `earlier` is the record of the selection that wrote the input, or empty.
    """
    return {
        "method": record.method,
        "parameters": record.parameters,
        "seed": record.seed,
        "n_in": selection.n_total,
        "n_out": len(selection),
        "total_weight": float(selection.weights.sum()),
        "effective_sample_size": selection.effective_sample_size,
        "row_column": added.row,
        "weights_column": added.weights,
        **facts,
        **({"earlier": without_arrays(earlier)} if earlier else {}),
        "versions": versions(),
    }


def without_arrays(record):
    """Return a record without the arrays of its design."""
    design = record.get("design")
    if not isinstance(design, dict):
        return record
    return record | {"design": {k: v for k, v in design.items() if k != "arrays"}}


def versions():
    """Return the versions of the packages that decide which rows are selected."""
    import numpy
    import scipy
    import sklearn

    import coreselect

    return {
        "coreselect": coreselect.__version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
    }


def dumps(record, **kwargs):
    """Return a record as JSON text; values that JSON does not know become text."""
    kwargs |= {"default": str, "ensure_ascii": False, "allow_nan": False}
    return json.dumps(_strict(record), **kwargs)


def _strict(value):
    """Return a value with text in place of NaN and infinite numbers."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, dict):
        return {name: _strict(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    return value

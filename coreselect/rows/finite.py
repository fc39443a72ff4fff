"""NaN and infinities among the features: found block by block, counted by column."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from scipy import sparse

_ADVICE = (
    "Remove these rows or columns, or impute them first (for example with "
    'sklearn.impute.SimpleImputer). Selectors do so with features="auto".'
)


def all_finite(X: Any) -> bool:
    """Return whether all values of an array or CSR are finite."""
    values = X.data if sparse.issparse(X) else X
    # A sum is NaN or infinite if a term is, and takes no temporary array. Finite values
    # may overflow it too, so all values are tested only then.
    with np.errstate(over="ignore", invalid="ignore"):
        return isfinite(values.sum(dtype=np.float64)) or bool(np.isfinite(values).all())


def describe_nonfinite(holder: Any, bounds: Any, name: str, names: Any) -> str:
    """Count NaN and infinities by column, over all rows of a holder.

    `name` is that of the data, `names` are those of the features, or None.
    """
    # Only on the way to an error: another pass over all rows is worth an answer that
    # names every column at once.
    counts = np.zeros((2, holder.n_features), dtype=np.int64)
    for X in holder.blocks(bounds):
        if sparse.issparse(X):
            columns, values = X.indices, X.data
            np.add.at(counts[0], columns[np.isnan(values)], 1)
            np.add.at(counts[1], columns[np.isinf(values)], 1)
        else:
            counts[0] += np.isnan(X).sum(axis=0)
            counts[1] += np.isinf(X).sum(axis=0)
    found = []
    for column in np.flatnonzero(counts.any(axis=0))[:10]:
        called = names[column] if names else int(column)
        for count, what in zip(counts[:, column], ("NaN", "infinity"), strict=True):
            if count:
                found.append(f"{count} x {what} in column {called!r}")
    kinds = " and ".join(
        kind
        for kind, n in zip(("NaN", "infinity"), counts.sum(axis=1), strict=True)
        if n
    )
    return (
        f"Input {name} contains {kinds}: {', '.join(found)}; {counts.sum()} "
        f"values in all. {getattr(holder, 'advice', _ADVICE)}"
    )

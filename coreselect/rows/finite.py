"""NaN and infinities among the features, and features that change between passes."""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

_ADVICE = (
    "Remove these rows or columns, or impute them first (for example with "
    'sklearn.impute.SimpleImputer). Selectors do so with features="auto".'
)
_PART = 4096  # rows whose absolute values are taken at a time


class NotFinite(Exception):
    """Some features are NaN or infinite."""


class Seen(NamedTuple):
    """What a pass noted of a block of features: their sum, and how exact it is."""

    total: float
    tolerance: float


def seen_of(X: Any, *, first: bool = False) -> Seen:
    """Return what is noted of a block; raise `NotFinite` if a value is not finite.

    What later passes note can be compared with it if `first` is True.
    """
    values = X.data if sparse.issparse(X) else X
    # A sum is NaN or infinite if a term is, and takes no temporary array. Finite values
    # may overflow it too, so all values are tested only then.
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(values.sum(dtype=np.float64))
        if not isfinite(total) and not np.isfinite(values).all():
            raise NotFinite
        return Seen(total, _rounding(values) if first else 0.0)


def _rounding(values):
    """Return by how much a sum may differ if all values are rounded in other ways."""
    # Products in the tasks of a collection may round differently on other machines.
    parts = (values[i : i + _PART] for i in range(0, len(values), _PART))
    size = sum(float(np.abs(part).sum(dtype=np.float64)) for part in parts)
    return (1e-6 if values.dtype == np.float32 else 1e-10) * size


class Notes:
    """What passes saw of the blocks of numbers of a holder.

    Each block is tested once for values that are not finite. In every pass, the blocks
    of a holder that may change are compared with those of the first pass.
    """

    def __init__(self, holder: Any, bounds: Any, name: str):
        self._numeric, self._bounds, self._name = holder.numeric, bounds, name
        self._changing = getattr(holder, "may_change", False)
        self._seen: list[Seen | None] = [None] * len(bounds)

    @property
    def missing(self) -> bool:
        """Whether blocks of numbers were not read yet."""
        return self._numeric and None in self._seen

    def look(self, numbers: Any) -> Any:
        """Return `first` for `seen_of`, or None if blocks need no check."""
        first = any(self._seen[number] is None for number in numbers)
        if self._numeric and (first or self._changing):
            return first and self._changing
        return None

    def check(self, number: int, X: Any) -> None:
        """Read a block, and note what was seen."""
        first = self.look([number])
        if first is not None:
            self.note(number, seen_of(X, first=first))

    def check_all(self, X: Any) -> None:
        """Read all rows."""
        if self._numeric:
            for number, (start, stop) in enumerate(self._bounds):
                self.check(number, X[start:stop])

    def note(self, number: int, note: Seen) -> None:
        """Note what was seen of a block; raise if an earlier pass saw another."""
        known = self._seen[number]
        if known is None:
            self._seen[number] = note
        elif not _alike(known, note):
            start, stop = self._bounds[number]
            raise ValueError(
                f"{self._name}: rows {start} to {stop - 1} are not what they were in "
                "an earlier pass. A source must give the same rows each time; those of "
                f"a collection of Dask can be kept with {self._name}.persist()."
            )


def _alike(known, note):
    # A sum that overflows both ways is NaN, which tells nothing: it counts as alike.
    gap = abs(known.total - note.total)
    return known.total == note.total or not gap > known.tolerance


def count_nonfinite(block: Any) -> Any:
    """Return the numbers of NaN and of infinities in each column of a `Block`."""
    X = block.X
    counts = np.zeros((2, X.shape[1]), dtype=np.int64)
    if sparse.issparse(X):
        for found, is_one in zip(counts, (np.isnan, np.isinf), strict=True):
            np.add.at(found, X.indices[is_one(X.data)], 1)
        return counts
    return np.array([np.isnan(X).sum(axis=0), np.isinf(X).sum(axis=0)])


def describe_nonfinite(counts: Any, holder: Any, name: str, names: Any) -> str:
    """Return the error for the counts of NaN and infinities by column.

    `name` is that of the data, `names` are those of the features, or None.
    """
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

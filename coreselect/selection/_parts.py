"""Recipes for new rows; each makes a run of rows of one kind.

A part holds row numbers and random numbers, never data. Its `write` and `sparse_rows`
make the new rows from an array or CSR matrix of all features, as often as wanted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from coreselect._kernels.synthesis import interpolate
from coreselect._typing import Array
from coreselect._validation import as_array

CHUNK = 2**16  # new rows made at a time where temporary arrays are needed


def as_numbers(values: Any, name: str, *, whole: bool = True) -> Array:
    """Return whole numbers as int64, others as float64."""
    array = as_array(values, name)
    if array.size and array.dtype.kind not in ("iu" if whole else "biuf"):
        kind = "whole numbers" if whole else "numbers"
        raise TypeError(f"{name} must hold {kind}, got dtype {array.dtype}.")
    return np.ascontiguousarray(array, dtype=np.int64 if whole else np.float64)


def read_only(values: Any) -> Array:
    """Return a read-only copy of a writeable array, and anything else as it is."""
    if isinstance(values, np.ndarray) and values.flags.writeable:
        values = values.copy()
        values.flags.writeable = False
    return values


def positions(rows, n):
    """Return an array that maps ``rows[i]`` to i, for row numbers below n."""
    places = np.zeros(n, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    return places


@dataclass(frozen=True, eq=False)
class Part(ABC):
    """Base of the parts: read-only arrays with an entry for each new row."""

    kind: ClassVar[str] = ""
    per_row: ClassVar[tuple] = ("base",)  # fields with one entry per new row
    row_numbers: ClassVar[tuple] = ("base",)  # fields that hold row numbers
    integers: ClassVar[tuple] = ()  # further fields of integers
    floats: ClassVar[tuple] = ()

    base: np.ndarray

    def __post_init__(self):
        for name in (*self.row_numbers, *self.integers, *self.floats):
            value = getattr(self, name)
            if value is not None:
                value = as_numbers(value, name, whole=name not in self.floats)
                if name in self.floats and not np.isfinite(value).all():
                    raise ValueError(f"{name} must be finite, got NaN or infinity.")
                object.__setattr__(self, name, value)
        for name in {*self.row_numbers, *self.integers, *self.floats, *self.per_row}:
            object.__setattr__(self, name, read_only(getattr(self, name)))
        if self.base.ndim != 1:
            raise ValueError(f"base must be 1-dimensional, got {self.base.shape}.")
        for name in self.per_row:
            self._check_length(name, len(self.base), f"{len(self.base)} new rows")

    def _check_length(self, name, n, entries):
        value = getattr(self, name)
        length = 0 if np.ndim(value) == 0 else len(value)
        if value is not None and length != n:
            raise ValueError(
                f"{name} has {length} entries for {entries}; it needs one each."
            )

    def __len__(self):
        return len(self.base)

    def keep(self, chosen):
        """Return the part with some of its new rows, by a mask or positions."""
        kept = {
            name: getattr(self, name)[chosen]
            for name in self.per_row
            if getattr(self, name) is not None
        }
        return replace(self, **kept)

    def can_join(self, other):
        """Return whether one part can make the new rows of both."""
        return False

    def join(self, others):
        """Return one part with the new rows of this one and of others."""
        joined = {
            name: np.concatenate([getattr(part, name) for part in (self, *others)])
            for name in self.per_row
            if getattr(self, name) is not None
        }
        return replace(self, **joined)

    def renumber(self, rows):
        """Return the part with row number i replaced by ``rows[i]``."""
        return replace(
            self, **{name: rows[getattr(self, name)] for name in self.row_numbers}
        )

    def used(self):
        """Return the numbers of the rows that the part reads, sorted."""
        found = [getattr(self, name).ravel() for name in self.row_numbers]
        return np.unique(np.concatenate(found))

    def on_used(self, n_rows):
        """Return the rows that the part reads, and the part in their numbers."""
        rows = self.used()
        return rows, self.renumber(positions(rows, n_rows))

    def check_width(self, n_columns):
        """Raise unless the part can be applied to data of `n_columns` columns."""
        wanted = self._width()
        if wanted not in (None, n_columns):
            raise ValueError(
                f"X has {n_columns} columns, but new rows of kind {self.kind!r} were "
                f"made for {wanted}."
            )

    def _width(self):
        return None

    def legacy_dtype(self, dtype):
        """Return the dtype that imbalanced-learn gives an array with the new rows.

        It does not cast back what it jitters or averages.
        """
        return dtype

    @abstractmethod
    def write(self, X, out):
        """Write the new rows made from `X`, an array of numbers, into `out`."""

    @abstractmethod
    def sparse_rows(self, X):
        """Return the new rows made from `X`, a CSR matrix of floats."""

    def copied_columns(self, n_features):
        """Return for each feature whether its values are copied from rows."""
        return np.zeros(n_features, dtype=bool)

    def rows_of_column(self, column):
        """Return the number of the row that each value of a copied column is from."""
        return self.base

    def numbers_only(self):
        """Return the part that makes only the columns of numbers."""
        return self

    def direction(self):
        """Return (neighbor, step) of each new row; -1 and NaN where there is none."""
        return np.full(len(self), -1), np.full(len(self), np.nan)


class Copies(Part):
    """Copies of rows.

    Parameters
    ----------
    base : array-like of int of shape (n_new,)
    """

    kind = "copy"

    def can_join(self, other):
        return other.kind == self.kind

    def write(self, X, out):
        out[:] = X[self.base]

    def sparse_rows(self, X):
        return X[self.base]

    def copied_columns(self, n_features):
        return np.ones(n_features, dtype=bool)


@dataclass(frozen=True, eq=False)
class Interpolations(Part):
    """New rows on lines from a row to another: ``x + step (x_neighbor - x)``.

    Parameters
    ----------
    base, neighbor : array-like of int of shape (n_new,)
        Row numbers.
    step : array-like of float of shape (n_new,)
        Between 0 and 1 on the segment; negative beyond `base`.
    shrink : array-like of float of shape (n_new,), optional
        A second factor of the difference.
    """

    kind: ClassVar[str] = "interpolate"
    per_row: ClassVar[tuple] = ("base", "neighbor", "step", "shrink")
    row_numbers: ClassVar[tuple] = ("base", "neighbor")
    floats: ClassVar[tuple] = ("step", "shrink")

    neighbor: np.ndarray
    step: np.ndarray
    shrink: np.ndarray | None = None

    def can_join(self, other):
        alike = other.kind == self.kind
        return alike and (other.shrink is None) == (self.shrink is None)

    def _interpolate(self, X, out):
        shrink = np.empty(0) if self.shrink is None else self.shrink
        interpolate(X, self.base, self.neighbor, self.step, shrink, out)

    def write(self, X, out):
        # Other data are converted in chunks, and of these only the rows that are read.
        if X.dtype in (np.float32, np.float64) and out.dtype == X.dtype:
            self._interpolate(X, out)
            return
        for start in range(0, len(self), CHUNK):
            rows, part = self.keep(slice(start, start + CHUNK)).on_used(len(X))
            part._interpolate(X[rows].astype(np.float64), out[start : start + CHUNK])

    def sparse_rows(self, X):
        # The step multiplies the stored entries of the difference, so zeros that both
        # rows share are never touched.
        base = X[self.base]
        gap = X[self.neighbor] - base
        factors = np.repeat(self.step, np.diff(gap.indptr))
        if self.shrink is not None:
            gap.data *= np.repeat(self.shrink, np.diff(gap.indptr))
        gap = type(X)(
            (factors * gap.data, gap.indices, gap.indptr), shape=gap.shape
        )  # in float64 even if X is float32, as NumPy does
        return (base + gap).astype(X.dtype)

    def direction(self):
        shrink = 1.0 if self.shrink is None else self.shrink
        return self.neighbor, self.step * shrink


@dataclass(frozen=True, eq=False)
class Votes(Interpolations):
    """Interpolated numbers beside categories that nearby rows voted for.

    Parameters
    ----------
    base, neighbor : array-like of int of shape (n_new,)
        Row numbers for the columns of numbers.
    step : array-like of float of shape (n_new,)
    columns : array-like of int of shape (n_columns,)
        The columns of categories.
    donor : array-like of int of shape (n_new, n_columns)
        For each new row and column of categories, the number of a row that holds the
        category that won.
    """

    kind: ClassVar[str] = "vote"
    per_row: ClassVar[tuple] = ("base", "neighbor", "step", "shrink", "donor")
    row_numbers: ClassVar[tuple] = ("base", "neighbor", "donor")

    integers: ClassVar[tuple] = ("columns",)

    columns: Any = ()
    donor: Any = None

    def __post_init__(self):
        super().__post_init__()
        wanted = (len(self), len(self.columns))
        if np.shape(self.donor) != wanted:
            raise ValueError(
                f"donor must have shape {wanted}, one entry per new row and nominal "
                f"column, got {np.shape(self.donor)}."
            )

    def check_width(self, n_columns):
        if self.columns.max(initial=-1) >= n_columns:
            raise ValueError(
                f"X has {n_columns} columns, but votes were held for column "
                f"{self.columns.max()}."
            )

    def can_join(self, other):
        return super().can_join(other) and np.array_equal(other.columns, self.columns)

    def write(self, X, out):
        super().write(X, out)
        for j, column in enumerate(self.columns):
            out[:, column] = X[self.donor[:, j], column]

    def numbers_only(self):
        return Interpolations(self.base, self.neighbor, self.step, self.shrink)

    def copied_columns(self, n_features):
        self.check_width(n_features)
        copied = np.zeros(n_features, dtype=bool)
        copied[self.columns] = True
        return copied

    def rows_of_column(self, column):
        (place,) = np.flatnonzero(self.columns == column)
        return self.donor[:, place]


def merge_parts(parts):
    """Return as few parts as make the same new rows in the same order."""
    runs = []
    for part in parts:
        if runs and runs[-1][0].can_join(part):
            runs[-1].append(part)
        else:
            runs.append([part])
    return [first.join(rest) if rest else first for first, *rest in runs]


def check_parts(parts, n_total):
    """Return recipes as a tuple; raise unless they read rows of ``range(n_total)``."""
    parts = tuple(parts if np.iterable(parts) else [parts])
    for part in parts:
        if not isinstance(part, Part):
            raise TypeError(
                f"parts must hold recipes such as Interpolations, got {part!r}."
            )
        for name in part.row_numbers:
            numbers = getattr(part, name)
            low, high = numbers.min(initial=0), numbers.max(initial=-1)
            if low < 0 or high >= n_total:
                raise ValueError(
                    f"new rows must be made from rows of range(n_total={n_total}), got "
                    f"{low if low < 0 else high}."
                )
    return parts

"""Groups of rows, and rows named by numbers or by a mask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from coreselect._quotas import members
from coreselect._scratch import empty, parts, sums_by, taken
from coreselect._typing import Booleans, Integers
from coreselect._validation import as_array, check_target, naming
from coreselect.rows.take import check_indices


class TooManyColumns(ValueError):
    """More independent columns are to be balanced than there are rows to draw."""

    def __init__(self, n_columns: int, n_rows: int) -> None:
        lack = n_columns - n_rows
        super().__init__(
            f"balance and strata have {n_columns} independent columns (with the column "
            f"that fixes the size), more than the {n_rows} rows that are left to draw "
            f"can balance; draw at least {lack} rows more, or leave out {lack} columns."
        )
        self.n_columns, self.n_rows = n_columns, n_rows


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of rows, which may overlap.

    Attributes
    ----------
    labels : tuple
        What users call the groups.
    codes : ndarray of int of shape (n_rows,) or None
        The number of each row's group; None if groups overlap.
    matrix : ndarray of bool of shape (n_rows, n_groups) or None
        Which rows are in which group, if groups overlap.
    """

    labels: tuple[Any, ...]
    codes: Integers | Any = None
    matrix: Booleans | Any = None

    @classmethod
    def of(cls, given: Any, n_rows: int, name: str) -> Groups:
        """Return the groups of one label per row, or of one column of bools each."""
        array = as_array(given, name)
        if array.ndim == 2 and len(array) == n_rows and array.dtype == bool:
            columns = getattr(given, "columns", range(array.shape[1]))
            return cls(tuple(columns), matrix=array)
        if array.ndim == 2 and array.shape[1:] != (1,):
            raise ValueError(
                f"{name} must hold one group for each of the {n_rows} rows, or a "
                f"column of bools for each group; got shape {array.shape} and dtype "
                f"{array.dtype}."
            )
        labels, codes = _numbered_groups(given, n_rows, name)
        return cls(tuple(labels.tolist()), codes)

    @property
    def n(self) -> int:
        """Number of groups."""
        return len(self.labels)

    @property
    def overlap(self) -> bool:
        """Whether rows may be in several groups, or in none."""
        return self.codes is None

    def indicators(self, rows: Any) -> Booleans:
        """Return which of some rows are in which group, of shape (n, n_groups)."""
        if self.codes is None:
            return self.matrix[rows]
        return self.codes[rows, None] == np.arange(self.n)

    def __getitem__(self, rows: Any) -> Groups:
        """Return the same groups of some of the rows."""
        if self.codes is None:
            return replace(self, matrix=self.matrix[rows])
        if isinstance(rows, slice):
            return replace(self, codes=self.codes[rows])
        return replace(self, codes=taken(self.codes, rows))

    def totals(self, values: Any) -> Any:
        """Return the sum of values of rows, or of a number per row, in each group."""
        if self.codes is None:
            return np.broadcast_to(values, len(self.matrix)).astype(float) @ self.matrix
        values = np.broadcast_to(values, self.codes.shape)
        return sums_by(self.codes, self.n, lambda part: part, values)

    def in_any(self, flags: Booleans) -> Booleans:
        """Return which rows are in one of the groups that are flagged."""
        return self.matrix @ flags if self.codes is None else flags[self.codes]

    def members(self) -> Iterator[tuple[int, Integers]]:
        """Yield the number of each group that has rows, and the numbers of its rows."""
        if self.codes is None:
            found = [np.flatnonzero(column) for column in self.matrix.T]
        else:
            found = members(self.codes)
        return ((code, rows) for code, rows in enumerate(found) if len(rows))


def stratum_codes(strata, n_rows, name):
    """Number the groups of rows 0, 1, ... in sorted order."""
    return _numbered_groups(strata, n_rows, name)[1]


def _numbered_groups(strata, n_rows, name):
    """Return the labels of the groups in sorted order, and the number of each row."""
    strata = as_array(strata, name)
    if strata.shape != (n_rows,):
        raise ValueError(
            f"{name} must hold one group for each of the {n_rows} rows, got an array "
            f"of shape {strata.shape}."
        )
    check_target(strata, n_rows, name)
    try:
        return numbered(lambda rows: strata[rows], strata)
    except TypeError:
        raise TypeError(
            f"{name} mixes types that cannot be sorted; convert it to strings first."
        ) from None


def numbered(values: Callable[[slice], Any], *arrays: Any) -> tuple[Any, Integers]:
    """Return the different values of rows in sorted order, and the number of each row.

    Parameters
    ----------
    values : callable
        ``values(rows)`` returns one value for each row of a part.
    *arrays : ndarray of shape (n_rows,)
        What the values are made from.

    Returns
    -------
    labels : ndarray of shape (n_labels,)
    numbers : ndarray of int of shape (n_rows,)
        Their type is the smallest one of integers that holds ``n_labels``.
    """
    none = values(slice(0, 0))
    if none.dtype == object:
        # Text of a frame, say, takes ten times as long to sort as to hash.
        labels = _hashed(values, arrays)
        places = dict(zip(labels.tolist(), range(len(labels)), strict=True))

        def places_of(part):
            return [places[value] for value in part.tolist()]
    else:
        labels = _sorted(values, arrays, none)

        def places_of(part):
            return np.searchsorted(labels, part)

    kinds = (np.int8, np.int16, np.int32, np.int64)
    kind = next(kind for kind in kinds if len(labels) <= np.iinfo(kind).max)
    numbers = empty(len(arrays[0]), kind)
    for rows in parts(numbers, *arrays):
        numbers[rows] = places_of(values(rows))
    return labels, numbers


def _hashed(values, arrays):
    """Return the different values of rows in sorted order, for objects."""
    found = set()
    for rows in parts(*arrays):
        found.update(values(rows).tolist())
    labels = np.empty(len(found), dtype=object)
    labels[:] = sorted(found)
    return labels


def _sorted(values, arrays, found):
    """Return the different values of rows in sorted order."""
    waiting, n_waiting = [], 0
    for rows in parts(*arrays):
        waiting.append(np.unique(values(rows)))
        n_waiting += len(waiting[-1])
        if n_waiting > len(found):  # so each value is sorted a few times at most
            found = np.unique(np.concatenate([found, *waiting]))
            waiting, n_waiting = [], 0
    return np.unique(np.concatenate([found, *waiting])) if waiting else found


def is_continuous(y):
    """Return whether y holds numbers with fractions, which are no classes."""
    if y is None:
        return False
    y = np.asarray(y)
    if y.dtype == object:  # numbers in a column of objects are numbers
        try:
            y = y.astype(np.float64)
        except (TypeError, ValueError):
            return False
    if y.dtype.kind != "f":
        return False
    with np.errstate(invalid="ignore"):  # numbers too large for integers are no classes
        whole = (y[rows] == y[rows].astype(np.int64) for rows in parts(y))
        return not all(part.all() for part in whole)


def class_codes(y, n_rows):
    """Number the classes of y 0, 1, ... in sorted order, for ``stratify=True``."""
    if y is None:
        raise ValueError(
            "stratify=True needs y: pass the classes, or use stratify=False."
        )
    if is_continuous(y):
        raise ValueError(
            "stratify=True needs classes, but y holds numbers with fractions; cut "
            "them into classes (numpy.digitize), or use stratify=False."
        )
    return stratum_codes(y, n_rows, "y (with stratify=True)")


def row_mask(rows, n_rows, name, of="scores"):
    """Return rows that are given by numbers or by a mask as a mask; None means none."""
    mask = np.zeros(n_rows, dtype=bool)
    if rows is None:
        return mask
    rows = as_array(rows, name)
    if rows.dtype == bool:
        if rows.shape != (n_rows,):
            raise ValueError(
                f"{name} must hold one bool for each of the {n_rows} rows if it is a "
                f"mask, got an array of shape {rows.shape}."
            )
        return rows
    try:
        mask[check_indices(rows, n_rows, name, of)] = True
    except IndexError as error:  # these numbers are an argument, not an index
        raise ValueError(str(error)) from None
    return mask


def check_columns(values, n_rows, name):
    """Return finite numbers of rows as float64, of shape (n_rows, n_columns)."""
    if sparse.issparse(values):
        raise TypeError(f"{name} must not be sparse; pass {name}.toarray().")
    array = as_array(values, name)
    if array.ndim not in (1, 2) or len(array) != n_rows:
        raise ValueError(
            f"{name} must hold one row for each of the {n_rows} rows, in one or more "
            f"columns; got an array of shape {array.shape}."
        )
    with naming(name):
        array = array.astype(np.float64, copy=False)
    if array.ndim == 1:
        array = array[:, None]
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{name} must be finite, but {len(bad)} row(s) hold NaN or infinity, the "
            f"first is row {bad[0]}; impute or leave out these values."
        )
    return array

"""Rows as points: brought near one for Euclidean distances, of length one for cosine.

Between rows of length one, ``|x - y|**2 = 2 (1 - cos)``: so one search for Euclidean
distances serves both metrics.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from coreselect._kernels.norms import row_sq_norms
from coreselect._numbers import chunks, in_units, power_of_two, to_dense
from coreselect._typing import Floats, Matrix
from coreselect.clustering import spread_of
from coreselect.neighbors import sq_distances_to_one

METRICS: tuple[str, str] = ("euclidean", "cosine")
_TIE = 1e-9  # relative; of distances that differ by less, the lowest row wins
# Squared distances of unit rows that are equal up to the rounding of their entries.
_COPIES = 1e-28
_MOST = 2.0**1000  # the largest scale: products with it stay finite
TOO_LARGE = (
    "X holds numbers so large that distances between rows are infinite; divide X by a "
    "power of ten."
)


class Space(NamedTuple):
    """What makes points of rows.

    Attributes
    ----------
    scale : float or None
        Power of two by which rows are multiplied, so that their typical distance is
        near one; None under cosine, where each row is divided by its length.
    mean : ndarray of shape (n_features,)
        Weighted mean of the points.
    """

    scale: float | None
    mean: Floats

    @property
    def nothing(self) -> float:
        """Squared distances up to this count as zero."""
        return 0.0 if self.scale is not None else _COPIES

    def points(self, X: Matrix) -> Matrix:
        """Return dense or CSR rows as float64 points."""
        return unit_rows(X) if self.scale is None else in_units(X, self.scale)

    def distances(self, squares: Any) -> Any:
        """Return squared distances of points in the user's metric."""
        if self.scale is not None:
            with np.errstate(over="ignore"):
                found = np.sqrt(squares) / self.scale
            if np.isinf(found).any():
                raise ValueError(TOO_LARGE)
            return found
        return np.where(squares > _COPIES, squares / 2, 0.0)

    def squares(self, distance: float) -> float:
        """Return a distance in the user's metric as a squared distance of points."""
        if self.scale is not None:
            with np.errstate(over="ignore"):
                return float((np.float64(distance) * self.scale) ** 2)
        return 2.0 * distance

    def central(self, rows: Any, among: Any = True) -> int:
        """Return the row nearest to the mean; the lowest one among ties.

        `among` tells which rows count; all of them by default.
        """

        def squares(block):
            return np.concatenate(
                [
                    sq_distances_to_one(self.points(part), self.mean)
                    for _, part in chunks(block.X)
                ]
            )

        far = np.where(among, rows.map(squares), np.inf)
        return int(np.argmax(far <= far.min() * (1 + _TIE)))


def space_of(rows: Any, metric: str) -> Space:
    """Learn a `Space` from `Rows`: one pass, more if numbers are extreme.

    Raises
    ------
    ValueError
        Under cosine, if a row is zero; the message names it.
    """
    if metric == "euclidean":
        spread = spread_of(rows)
        near_one = power_of_two(np.sqrt(spread.unit), most=500)
        near_one = min(near_one, _MOST / spread.scale)
        return Space(spread.scale * near_one, spread.mean * near_one)

    def of_block(block):
        total, n_zero, first = 0.0, 0, -1
        for start, X in chunks(block.X):
            zero = np.flatnonzero(largest_of_each(X) == 0)
            if len(zero) and not n_zero:
                first = block.start + start + int(zero[0])
            n_zero += len(zero)
            weight = np.ascontiguousarray(block.weight[start : start + X.shape[0]])
            total = total + unit_rows(X).T @ weight
        return total, n_zero, first

    total, n_zero, first = rows.reduce(of_block, _merge)
    if n_zero:
        refuse_zero_rows(n_zero, first, rows.kept, "metric")
    return Space(None, total / rows.total_weight)


def refuse_zero_rows(n_zero: int, first: int, kept: Any, argument: str) -> None:
    """Say that rows of zeros have no cosine; `kept` has their numbers for the user."""
    first = first if kept is None else int(kept[first])
    raise ValueError(
        f"X has {n_zero} row(s) of zeros, the first is row {first}: they have no "
        f'direction, so {argument}="cosine" is not defined for them. Leave them out, '
        f'or give them weight 0, or use {argument}="euclidean".'
    )


def _merge(a, b):
    return a[0] + b[0], a[1] + b[1], a[2] if a[1] else b[2]


def largest_of_each(X: Matrix) -> Floats:
    """Return the largest absolute value of each row; 0 for a row of zeros."""
    if not sparse.issparse(X):
        return np.abs(X).max(axis=1, initial=0.0)
    return np.asarray(abs(X).max(axis=1).todense()).ravel()


def unit_rows(X):
    """Return dense or CSR rows divided by their lengths; rows of zeros stay."""
    # Powers of two first, so that squares neither overflow nor vanish.
    largest = largest_of_each(X).astype(np.float64)
    power = power_of_two(np.where(largest > 0, largest, 1.0))
    if not sparse.issparse(X):
        X = to_dense(X) * power[:, None]
        length = np.sqrt(row_sq_norms(X))
        return X / np.where(length > 0, length, 1.0)[:, None]
    X = sparse.csr_array(X, dtype=np.float64, copy=True)
    counts = np.diff(X.indptr)
    X.data *= np.repeat(power, counts)
    length = np.sqrt(np.asarray(X.multiply(X).sum(axis=1)).ravel())
    X.data /= np.repeat(np.where(length > 0, length, 1.0), counts)
    return X

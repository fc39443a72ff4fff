"""The width of an rbf kernel, by default from the distances between some rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coreselect._numbers import to_dense
from coreselect._typing import Integers, Matrix
from coreselect.neighbors.centers import sq_distances, sq_distances_to_one

_MEDIAN_OF = 1000  # rows whose squared distances have 1 / gamma as their median


def rbf_gamma(
    gamma: float | None,
    n_rows: int,
    gather: Callable[[Integers], Matrix],
    unit: float = 1.0,
) -> tuple[float, float]:
    """Return gamma for the rows of the user, and for the same rows times `unit`.

    Parameters
    ----------
    gamma : float or None
        None takes 1 / the median squared distance of at most 1,000 rows.
    n_rows : int
    gather : callable
        Returns the rows of some numbers, times `unit`: dense, or CSR.
    unit : float, default=1.0
        Power of two that brings squared distances near one.

    Raises
    ------
    ValueError
        If gamma times squared distances is 0 or infinite in float64.
    """
    if gamma is None:
        few = np.unique(np.linspace(0, n_rows - 1, _MEDIAN_OF).astype(np.int64))
        rows = gather(few)
        squares = sq_distances(rows, to_dense(rows))
        squares = np.concatenate([row[i + 1 :] for i, row in enumerate(squares)])
        squares = squares[squares > 0]  # copies say nothing about the scale
        factor = 1.0 / float(np.median(squares)) if len(squares) else 1.0
        with np.errstate(over="ignore", under="ignore"):
            return float(np.float64(factor) * unit * unit), factor
    with np.errstate(over="ignore", under="ignore"):
        factor = float(np.float64(gamma) / unit / unit)
    if not 0 < factor < np.inf:
        raise ValueError(
            f"gamma={gamma!r} is out of scale with X: gamma times a typical squared "
            "distance is 0 or infinite in float64, so that all similarities are equal; "
            "use gamma=None, which takes the scale from X, or scale X."
        )
    return float(gamma), factor


def refuse_width(X: Matrix, zero: bool, gamma: float | None) -> None:
    """Raise if rows differ, although no kernel value lies between 0 and 1."""
    if not zero and not sq_distances_to_one(X, to_dense(X[[0]])[0]).any():
        return
    level, change = (0, "smaller") if zero else (1, "larger")
    raise ValueError(
        f"gamma={gamma!r} is out of scale with X: all kernel values of different rows "
        f"are {level}; use a {change} one, or gamma=None, which takes the scale from X."
    )

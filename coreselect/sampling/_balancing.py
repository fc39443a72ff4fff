"""Balanced sampling: the "cube method" of Deville and Tillé, and orders for designs.

A sample is balanced on a column x if the sum of x / probability over its rows equals
the sum of x over all rows. The cube method keeps inclusion probabilities exact, and
balances up to what a whole number of rows allows.
"""

import logging

import numpy as np

from coreselect._filling import scaled
from coreselect._kernels.balancing import fly, land, start_walk
from coreselect._kernels.ordering import leaf_order
from coreselect._numbers import orthonormal_in_order
from coreselect._random import DRAW, STRATA, stream

logger = logging.getLogger("coreselect.sampling")

_CHUNK = 32_768  # rows whose columns and uniforms are made at a time
_DEPENDENT = 1e-10  # relative to a column: less than this beside others is rounding


def balancing_table(chances, columns, groups, cost=None):
    """Return a function that makes the balancing columns of some rows.

    Parameters
    ----------
    chances : ndarray of shape (n_rows,)
        Inclusion probabilities.
    columns : ndarray of float64 of shape (n_rows, n_columns)
        Finite.
    groups : Groups or None
        Their numbers of rows are balanced, too.
    cost : ndarray of shape (n_rows,), optional
        The cost of the sample is balanced, too.

    Returns
    -------
    function
        The columns of rows, the most important ones first: of the cost, of the number
        of rows, of the numbers in each group, and `columns`.
    """

    near_cost = None if cost is None else scaled(cost)[0]

    def table(rows):
        chance = chances[rows, None]
        parts = [chance, columns[rows]]
        if near_cost is not None:
            parts.insert(0, chance * near_cost[rows, None])
        if groups is not None:
            parts.insert(-1, chance * groups.indicators(rows))
        return np.hstack(parts)

    return table


def balanced(chances, table, seed):
    """Draw rows with given probabilities, balanced on columns.

    Parameters
    ----------
    chances : ndarray of shape (n_rows,)
        Inclusion probabilities.
    table : function
        What `balancing_table` returns.
    seed : int

    Returns
    -------
    ndarray of int64
        Row numbers.

    Raises
    ------
    ValueError
        If there are more independent columns than rows to draw.
    """
    # Rows of probability 0 or 1 are decided, and shift totals by a constant.
    open_rows = np.flatnonzero((chances > 0) & (chances < 1))
    certain = np.flatnonzero(chances == 1)
    if not len(open_rows):
        return certain
    transform = _independent(table, chances, open_rows)
    p, size = transform.shape[1], round(chances[open_rows].sum())
    n_given = transform.shape[0]
    if p < n_given:
        logger.info(
            "balance: %d of %d columns depend on the others (or on the size and the "
            "strata) and are left out",
            n_given - p,
            n_given - 1,
        )
    if p > size:
        raise ValueError(
            f"balance and strata have {p} independent columns (with the column that "
            f"fixes the size), more than the {size} rows that are left to draw can "
            f"balance; draw at least {p - size} rows more, or leave out {p - size} "
            "columns."
        )
    walk = start_walk(p)
    rng = stream(seed, DRAW)
    found = [certain]
    for start in range(0, len(open_rows), _CHUNK):
        rows = open_rows[start : start + _CHUNK]
        here = (table(rows) / chances[rows, None]) @ transform
        found.append(
            open_rows[fly(here, chances[rows], rng.random(len(rows)), start, walk)]
        )
    found.append(open_rows[land(stream(seed, STRATA).random(p), walk)])
    return np.concatenate(found)


def weighted_columns(columns, base_weight, n_rows):
    """Return balancing columns times input weights, each near one in size."""
    if columns is None:
        return np.empty((n_rows, 0))
    columns = _near_one(columns)
    if base_weight is None:
        return columns
    return _near_one(columns * scaled(base_weight)[0][:, None])


def _near_one(columns):
    """Divide every column by a power of two near its largest value."""
    exponents = [scaled(np.abs(column))[1] for column in columns.T]
    return np.ldexp(columns, -np.array(exponents, dtype=np.int64))


def _independent(table, chances, rows):
    """Return a matrix that makes the columns orthonormal, without dependent ones.

    It is triangular but for rows of zeros: the first k columns span what the first k
    independent ones did, so that the order of importance stays.
    """
    upper = None
    for start in range(0, len(rows), _CHUNK):
        here = rows[start : start + _CHUNK]
        # Divided by the root: the variance of a total of the sum of x**2 / chance.
        part = table(here) / np.sqrt(chances[here, None])
        stacked = part if upper is None else np.vstack([upper, part])
        upper = np.linalg.qr(stacked, mode="r")
    # LAPACK leaves signs open, and the sign of a column turns the last steps round.
    return orthonormal_in_order(upper, _DEPENDENT) * np.sqrt(len(rows))


def visiting_order(values):
    """Return the row numbers in the order of values, or of the leaves of a k-d tree.

    Parameters
    ----------
    values : ndarray of float64 of shape (n_rows, n_columns)
        Finite.

    Returns
    -------
    ndarray of int64 of shape (n_rows,)
        Equal rows stay in the order of their numbers.
    """
    if values.shape[1] == 1:
        return np.argsort(values[:, 0], kind="stable")
    # In units of the range of each column; these divisions round the same everywhere.
    values = _near_one(values)
    spread = values.max(axis=0, initial=-np.inf) - values.min(axis=0, initial=np.inf)
    spread = np.where(spread > 0, spread, 1.0)
    return leaf_order(values / spread)

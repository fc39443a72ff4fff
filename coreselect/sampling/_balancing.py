"""Balanced sampling: the "cube method" of Deville and Tillé, and orders for designs.

A sample is balanced on a column x if the sum of x / probability over its rows equals
the sum of x over all rows. The cube method keeps inclusion probabilities exact, and
balances up to what a whole number of rows allows.
"""

import logging

import numpy as np

from coreselect._filling import scaled
from coreselect._kernels.balancing import Walk, fly, land, start_walk
from coreselect._kernels.ordering import leaf_order
from coreselect._numbers import orthonormal_in_order
from coreselect._random import DRAW, LANDING, STRATA, stream
from coreselect.sampling.groups import TooManyColumns

logger = logging.getLogger("coreselect.sampling")

_CHUNK = 32_768  # rows whose columns and uniforms are made at a time
_LANDINGS = (10, 50)  # the least and the most that standard errors are computed from
_LANDING_WORK = 2**28  # they take n_columns**3 operations each
_DEPENDENT = 1e-10  # relative to a column: less than this beside others is rounding


def balancing_table(chances, columns, base_weight, groups, cost=None):
    """Return a function that makes the balancing columns of some rows.

    It makes them anew for every part of the rows, so that they take no memory.

    Parameters
    ----------
    chances : ndarray of shape (n_rows,)
        Inclusion probabilities.
    columns : ndarray of float64 of shape (n_rows, n_columns) or None
        Finite.
    base_weight : ndarray of shape (n_rows,) or None
        The columns are multiplied by it.
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
    weight = None if base_weight is None else scaled(base_weight)[0]
    near_cost = None if cost is None else scaled(cost)[0]
    unit = None if columns is None else _units(columns)

    def weighted(rows):
        near = np.ldexp(columns[rows], -unit)
        return near if weight is None else near * weight[rows, None]

    def table(rows):
        chance = chances[rows, None]
        parts = [chance]
        if near_cost is not None:
            parts.insert(0, chance * near_cost[rows, None])
        if groups is not None:
            parts.append(chance * groups.indicators(rows))
        if columns is not None:
            parts.append(weighted(rows))
        return np.hstack(parts)

    if columns is not None and weight is not None:
        # The largest weights and the largest values may be in different rows.
        parts = (slice(k, k + _CHUNK) for k in range(0, len(chances), _CHUNK))
        largest = [np.abs(weighted(rows)).max(axis=0) for rows in parts]
        unit += np.frexp(np.max(largest, axis=0, initial=0.0))[1]
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
    rows : ndarray of int64
        Row numbers.
    landings : ndarray of shape (n_landings, n_columns) or None
        By how much the totals of the columns would be off if the last rows, for which
        no exact balance is left, were decided again and again. None if all rows are
        decided from the start.

    Raises
    ------
    ValueError
        If there are more independent columns than rows to draw.
    """
    # Rows of probability 0 or 1 are decided, and shift totals by a constant.
    certain = np.flatnonzero(chances == 1)
    size = round(chances.sum()) - len(certain)
    transform = _independent(table, chances)
    if transform is None:
        return certain, None
    p = transform.shape[1]
    n_given = transform.shape[0]
    if p < n_given:
        logger.info(
            "balance: %d of %d columns depend on the others (or on the size and the "
            "strata) and are left out",
            n_given - p,
            n_given - 1,
        )
    if p > size:
        raise TooManyColumns(p, size)
    walk = start_walk(p)
    rng = stream(seed, DRAW)
    found = [certain]
    for rows in _undecided(chances):
        here = (table(rows) / chances[rows, None]) @ transform
        found.append(fly(here, chances[rows], rng.random(len(rows)), rows, walk))
    landings = _landings(table, chances, walk, stream(seed, LANDING))
    found.append(land(stream(seed, STRATA).random(p), walk))
    return np.concatenate(found), landings


def _landings(table, chances, walk, rng):
    """Return errors of the totals over repeated landings."""
    left = walk.rows[walk.rows >= 0]
    values = table(left) / chances[left, None]
    expected = walk.chance[walk.rows >= 0] @ values
    p = len(walk.rows)
    n_landings = int(np.clip(_LANDING_WORK // p**3, *_LANDINGS))
    errors = np.empty((n_landings, len(expected)))
    for error in errors:
        copy = Walk(*[array.copy() for array in walk])
        rows = land(rng.random(p), copy)
        error[:] = values[np.isin(left, rows)].sum(axis=0) - expected
    return errors


def _units(columns):
    """Return the exponents of powers of two near the largest value of each column."""
    largest = np.maximum(
        columns.max(axis=0, initial=0.0), -columns.min(axis=0, initial=0.0)
    )
    return np.frexp(largest)[1].astype(np.int64)


def _undecided(chances):
    """Yield the numbers of the rows that may or may not be drawn, in parts."""
    for start in range(0, len(chances), _CHUNK):
        here = chances[start : start + _CHUNK]
        rows = start + np.flatnonzero((here > 0) & (here < 1))
        if len(rows):
            yield rows


def _independent(table, chances):
    """Return a matrix that makes the columns orthonormal, without dependent ones.

    It is triangular but for rows of zeros: the first k columns span what the first k
    independent ones did, so that the order of importance stays. None if all rows are
    decided.
    """
    upper, n_rows = None, 0
    for rows in _undecided(chances):
        # Divided by the root: the variance of a total of the sum of x**2 / chance.
        part = table(rows) / np.sqrt(chances[rows, None])
        stacked = part if upper is None else np.vstack([upper, part])
        upper = np.linalg.qr(stacked, mode="r")
        n_rows += len(rows)
    if upper is None:
        return None
    # LAPACK leaves signs open, and the sign of a column turns the last steps round.
    return orthonormal_in_order(upper, _DEPENDENT) * np.sqrt(n_rows)


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
    values = np.ldexp(values, -_units(values))
    spread = values.max(axis=0, initial=-np.inf) - values.min(axis=0, initial=np.inf)
    spread = np.where(spread > 0, spread, 1.0)
    return leaf_order(values / spread)

"""Kernels of balanced sampling, the "cube method": flight and landing phase."""

from typing import NamedTuple

import numpy as np

from coreselect._kernels._jit import jit

# Coefficients of unit columns below this are rounding errors.
_TINY = 1e-9
# The inverse is computed anew when it is wrong by more than this.
_DRIFT = 1e-6


class Walk(NamedTuple):
    """The state of the flight phase: up to p undecided rows, with independent columns.

    Attributes
    ----------
    basis : ndarray of shape (p, p)
        Row k holds the balancing column of place k, divided by its largest entry.
    inverse : ndarray of shape (p, p)
        Inverse of ``basis.T``.
    rows : ndarray of int64 of shape (p,)
        The row at each place; ``-1 - c`` stands for unit vector c.
    chance, step : ndarray of shape (p,)
        The row's probability now, and its change for one unit of its basis vector.
    """

    basis: np.ndarray
    inverse: np.ndarray
    rows: np.ndarray
    chance: np.ndarray
    step: np.ndarray


def start_walk(p):
    """Return a `Walk` without rows, for p balancing columns."""
    unit = np.eye(p)
    return Walk(unit, unit.copy(), -1 - np.arange(p), np.zeros(p), np.zeros(p))


@jit
def fly(columns, chances, uniforms, rows, walk):
    """Walk over rows; decide rows until at most p are undecided.

    ``columns[k]`` holds x / probability for the balancing values x of row ``rows[k]``,
    whose probability ``chances[k]`` lies between 0 and 1. Changes `walk`; returns the
    selected rows. One uniform number decides each step.
    """
    # The vector of probabilities is a point in the unit cube. Each step moves it along
    # a line on which the sums of x * chance / probability stay the same, to one of the
    # two faces where a chance becomes 0 or 1. The faces are chosen such that the mean
    # of every chance stays what it was. To find such a line, it is enough to look at
    # p undecided rows with independent columns, and one more row: its column is a
    # combination of theirs (Chauvet and Tille). The p places start with unit vectors,
    # which must not move; a row whose column they need takes the place of one.
    p = walk.rows.shape[0]
    selected = np.empty(columns.shape[0] + p, dtype=np.int64)
    n_selected = 0
    column = np.empty(p)
    for k in range(columns.shape[0]):
        largest = 0.0
        for c in range(p):
            largest = max(largest, abs(columns[k, c]))
        if largest == 0.0:
            largest = 1.0
        for c in range(p):
            column[c] = columns[k, c] / largest
        entrant = (rows[k], chances[k], 1.0 / largest)
        found = (selected, n_selected)
        n_selected = _enter(column, entrant, uniforms[k], p, walk, found)
    return selected[:n_selected].copy()


@jit
def land(uniforms, walk):
    """Decide the rows that the flight left; drop the last balancing column first.

    Returns the selected rows. Needs p uniform numbers.
    """
    # Unit vector c moves freely once column c need not balance.
    p = walk.rows.shape[0]
    selected = np.empty(p, dtype=np.int64)
    n_selected = 0
    column = np.zeros(p)
    for c in range(p - 1, -1, -1):
        held = False
        for k in range(p):
            held |= walk.rows[k] == -1 - c
        if not held:
            column[c] = 1.0
            entrant = (-1 - c, 0.0, 0.0)
            found = (selected, n_selected)
            n_selected = _enter(column, entrant, uniforms[c], c, walk, found)
            column[c] = 0.0
    return selected[:n_selected].copy()


@jit
def _enter(column, entrant, uniform, n_balanced, walk, found):
    """Let a row, or a unit vector, into the walk; return how many rows are selected.

    Unit vectors with numbers of at least `n_balanced` may move; the others must not.
    """
    p = walk.rows.shape[0]
    row, chance, step = entrant
    selected, n_selected = found
    u = _solve(column, walk)
    # Other unit vectors must not move. If one would, the entrant takes its place.
    best, place = _TINY, -1
    for k in range(p):
        if -1 - n_balanced < walk.rows[k] < 0 and abs(u[k]) > best:
            best, place = abs(u[k]), k
    if place >= 0:
        _replace(place, column, u, walk)
        walk.rows[place], walk.chance[place], walk.step[place] = row, chance, step
        return n_selected
    # The entrant moves by t, and the row at place k by -u[k] t: how far, up and down?
    up, down = np.inf, np.inf
    if row >= 0:
        up, down = (1.0 - chance) / step, chance / step
    for k in range(p):
        if walk.rows[k] >= 0 and abs(u[k]) > _TINY:
            rate = walk.step[k] * abs(u[k])
            to_one, to_zero = (1.0 - walk.chance[k]) / rate, walk.chance[k] / rate
            if u[k] > 0:
                up, down = min(up, to_zero), min(down, to_one)
            else:
                up, down = min(up, to_one), min(down, to_zero)
    if np.isinf(up):
        return n_selected  # no row moves with this unit vector
    rises = uniform * (up + down) < down
    # Rows that arrive together, within rounding errors, are decided together.
    arrival = (up if rises else down) * (1.0 + 1e-9)
    move = up if rises else -down
    vacant = np.zeros(p, dtype=np.bool_)
    best, place = 0.0, -1
    for k in range(p):
        if walk.rows[k] >= 0 and abs(u[k]) > _TINY:
            this_rises = (u[k] < 0) == rises
            left = 1.0 - walk.chance[k] if this_rises else walk.chance[k]
            if left <= arrival * walk.step[k] * abs(u[k]):
                vacant[k] = True
                if this_rises:
                    selected[n_selected] = walk.rows[k]
                    n_selected += 1
                # The vacant place with the largest coefficient is the best pivot.
                if abs(u[k]) > best:
                    best, place = abs(u[k]), k
            else:
                walk.chance[k] -= move * u[k] * walk.step[k]
    if row >= 0 and (1.0 - chance if rises else chance) <= arrival * step:
        if rises:
            selected[n_selected] = row
            n_selected += 1
    else:
        _replace(place, column, u, walk)
        chance += move * step
        walk.rows[place], walk.chance[place], walk.step[place] = row, chance, step
        vacant[place] = False
    for k in range(p):
        if vacant[k]:
            _hold_unit_vector(k, walk)
    return n_selected


@jit
def _solve(column, walk):
    """Return the coefficients of a column in the basis."""
    # Refined once, since the inverse has gone through many replacements.
    p = column.shape[0]
    u = np.empty(p)
    rest = np.empty(p)
    for attempt in range(2):
        _times(walk.inverse, column, u)
        for c in range(p):
            rest[c] = column[c]
        largest = 0.0
        for k in range(p):
            largest = max(largest, abs(u[k]))
            if u[k] != 0.0:
                for c in range(p):
                    rest[c] -= u[k] * walk.basis[k, c]
        worst = 0.0
        for k in range(p):
            change = 0.0
            for c in range(p):
                change += walk.inverse[k, c] * rest[c]
            worst = max(worst, abs(change))
            u[k] += change
        if worst <= _DRIFT * (1.0 + largest) or attempt == 1:
            break
        _invert(walk)
    return u


@jit
def _times(matrix, vector, out):
    for k in range(matrix.shape[0]):
        total = 0.0
        for c in range(vector.shape[0]):
            total += matrix[k, c] * vector[c]
        out[k] = total


@jit
def _replace(place, column, u, walk):
    """Put a column into the basis, whose coefficients in the old basis are u."""
    p = u.shape[0]
    for c in range(p):
        walk.basis[place, c] = column[c]
        walk.inverse[place, c] /= u[place]
    for k in range(p):
        if k != place and u[k] != 0.0:
            for c in range(p):
                walk.inverse[k, c] -= u[k] * walk.inverse[place, c]


@jit
def _hold_unit_vector(place, walk):
    """Put the unit vector that fits best into a place whose row is decided."""
    p = walk.rows.shape[0]
    best = 0
    for c in range(p):
        if abs(walk.inverse[place, c]) > abs(walk.inverse[place, best]):
            best = c
    column = np.zeros(p)
    column[best] = 1.0
    u = np.empty(p)
    _times(walk.inverse, column, u)
    _replace(place, column, u, walk)
    walk.rows[place] = -1 - best
    walk.chance[place] = 0.0
    walk.step[place] = 0.0


@jit
def _invert(walk):
    """Compute the inverse of the basis anew, by elimination with pivots."""
    p = walk.rows.shape[0]
    left = np.empty((p, 2 * p))
    for r in range(p):
        for c in range(p):
            left[r, c] = walk.basis[c, r]
            left[r, p + c] = 1.0 if r == c else 0.0
    for c in range(p):
        pivot = c
        for r in range(c, p):
            if abs(left[r, c]) > abs(left[pivot, c]):
                pivot = r
        for j in range(2 * p):
            left[c, j], left[pivot, j] = left[pivot, j], left[c, j]
        divisor = left[c, c]
        for j in range(2 * p):
            left[c, j] /= divisor
        for r in range(p):
            factor = left[r, c]
            if r != c and factor != 0.0:
                for j in range(2 * p):
                    left[r, j] -= factor * left[c, j]
    for r in range(p):
        for c in range(p):
            walk.inverse[r, c] = left[r, p + c]


def warmup():
    """Compile the kernels of this file that other rooms call."""
    half = np.full(2, 0.5)
    walk = start_walk(1)
    fly(np.ones((2, 1)), half, half, np.arange(2), walk)
    land(half[:1], walk)

"""Variance estimators of sampling designs, as quadratic forms.

For values z, already times the weights, each estimator returns a table of terms with as
many columns, such that ``terms.T @ terms`` estimates the covariance matrix of the
column sums of z. So variances are never negative. With e the expected hits of a row and
c = 1 - e:

- Poisson and priority: the sum of c z**2 (Duffield, Lund, Thorup 2007 for priority).
- Fixed size in random order: k / (k - 1) times the sum of c (z - a)**2, with a the mean
  of z with weights c (Hajek; Deville 1999). Exact for equal probabilities. Draws with
  repeats: the same for the values of single draws, without c.
- Pivotal and systematic: k / (2 (k - 1)) times the sum of mean c times the squared
  difference of each two neighbours in the order of the draw, which holds on sorted
  data. Systematic: and a twelfth of the squared difference of the ends.
- Balanced: the same for residuals of z on the balancing columns (Deville and Tille
  2005), and a part for the last rows, which are not balanced: the draw decided them
  again and again, which shows how far totals of the columns are off.
- Projection DPP: Sen-Yates-Grundy, the sum over pairs of
  (e_i e_j - e_ij) / e_ij (z_i - z_j)**2.

k counts the rows that were not certain. Strata add up; one with a single such row is
joined with the next. Where their numbers of rows are rounded at random, as pivotal
sampling does, a part for that is added.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from coreselect._numbers import orthonormal_in_order
from coreselect._typing import Array, Floats
from coreselect.selection._design import SamplingDesign

_ROWS_PER_COLUMN = 20  # of regressions on parts of a balanced draw
_DEPENDENT = 1e-8  # relative to a column: less than this beside others is rounding


class Terms(NamedTuple):
    """Terms whose squares add up to a variance, and its degrees of freedom."""

    table: Array  # of shape (n_terms, n_values)
    freedom: float

    def beside(self, table: Array) -> Terms:
        """Return these terms with more of them, of as many degrees of freedom."""
        return Terms(np.vstack([self.table, table]), self.freedom)


def unit_columns(table: Floats) -> tuple[Floats, Array]:
    """Divide columns by powers of two near their largest entries; return both."""
    exponents = np.frexp(np.abs(table).max(axis=0, initial=0.0))[1]
    return np.ldexp(table, -exponents), exponents


def error_terms(
    design: SamplingDesign, weights: Floats, values: Floats
) -> tuple[Floats, Floats]:
    """Return terms of the covariance matrix of weighted totals.

    Parameters
    ----------
    design : SamplingDesign
    weights : ndarray of shape (n_selected,)
        Near one, or smaller.
    values : ndarray of shape (n_selected, n_values)
        Near one, or smaller.

    Returns
    -------
    table : ndarray of shape (n_terms, n_values)
        ``table.T @ table`` is the matrix.
    freedom : ndarray of shape (n_values,)
        Degrees of freedom of each variance; infinite if it is zero.
    """
    # A later phase sees the rows of an earlier one, each drawn `times` as often as it
    # was. Divided by it, the weights are those of the earlier phase, and sums over its
    # rows are estimated by `times` the terms of the rows that are left.
    final, times = weights, np.ones(len(weights))
    phases = []
    phase: SamplingDesign | None = design
    while phase is not None:
        left = values
        if phase.calibrated is not None:
            left = residuals(values, phase.calibrated, final)[0]
        phases.append(_ESTIMATORS[phase.name](phase, weights[:, None] * left, times))
        drawn = phase.times_drawn
        weights, times = weights / drawn, times * drawn
        phase = phase.earlier
    # Satterthwaite: the relative variances of the parts add up.
    parts = np.array([(terms.table**2).sum(axis=0) for terms in phases])
    spread = sum(
        part**2 / terms.freedom for part, terms in zip(parts, phases, strict=True)
    )
    freedom = np.full(values.shape[1], np.inf)
    np.divide(parts.sum(axis=0) ** 2, spread, out=freedom, where=spread > 0)
    return np.vstack([terms.table for terms in phases]), freedom


def residuals(values, columns, mass):
    """Return residuals of least squares with weights `mass`, and the rank."""
    scaled, _ = unit_columns(columns)
    root = np.sqrt(mass)[:, None]
    found, _, rank, _ = np.linalg.lstsq(root * scaled, root * values, rcond=1e-10)
    return values - scaled @ found, int(rank)


# --- Which rows belong together -------------------------------------------------------


def uncertain(design):
    """Return the positions of the rows that might have been missed."""
    return np.flatnonzero(design.expected < 1)


def grouped(design, rows, counts=None):
    """Put rows in the order of the draw, stratum by stratum.

    `counts` says how often each row counts; None means once. A stratum that counts less
    than two is joined with the next one, or the last with the one before.

    Returns
    -------
    rows : ndarray of int
    starts : ndarray of int
        Where each stratum begins.
    """
    codes = np.zeros(len(rows), dtype=int) if design.strata is None else design.strata
    codes = codes[rows] if design.strata is not None else codes
    place = rows if design.order is None else design.order[rows]
    order = np.lexsort((place, codes))
    rows, codes = rows[order], codes[order]
    upto = np.arange(len(rows) + 1)
    if counts is not None:
        upto = np.append(0, np.cumsum(counts[rows]))
    if upto[-1] < 2:
        raise TooFewRows(2, upto[-1])
    starts = [0]
    for start in np.flatnonzero(codes[1:] != codes[:-1]) + 1:
        if upto[start] - upto[starts[-1]] >= 2:
            starts.append(start)
    if len(starts) > 1 and upto[-1] - upto[starts[-1]] < 2:
        starts.pop()
    return rows, np.array(starts)


class TooFewRows(ValueError):
    """There are fewer rows than a variance estimator needs."""

    def __init__(self, needed, found):
        super().__init__(
            f"a standard error needs at least {needed} rows that were not certain to "
            f"be selected, and there are {found}; select more rows."
        )


# --- The estimators -------------------------------------------------------------------


def _none(z):
    return Terms(np.zeros((0, z.shape[1])), np.inf)


def _independent(design, z, times):
    chance = np.maximum(0.0, 1 - design.expected)
    n_rows = np.count_nonzero(chance)
    return Terms(np.sqrt(chance * times)[:, None] * z, max(1, n_rows - 1))


def _random(design, z, times):
    rows = uncertain(design)
    if not len(rows):
        return _none(z)
    rows, starts = grouped(design, rows)
    mass = (1 - design.expected[rows]) * times[rows]
    return _spread(z[rows], mass, np.ones(len(rows)), starts)


def _multinomial(design, z, times):
    hits = np.ones(len(z)) if design.hits is None else design.hits
    rows = np.arange(len(z))
    if design.strata is not None:  # expected hits do not tell which rows are certain
        rows = rows[design.strata >= 0]
    if not len(rows):
        return _none(z)
    rows, starts = grouped(design, rows, hits)
    hits = hits[rows].astype(float)
    z, mass = z[rows] / hits[:, None], hits * times[rows]
    terms = _spread(z, mass, hits, starts)
    return terms.beside(_rounded(design, rows, z, mass, starts))


def _spread(z, mass, counts, starts):
    """Deviations from the means of strata."""
    sizes = np.diff(np.append(starts, len(z)))
    n_units = np.add.reduceat(counts, starts)
    total = np.add.reduceat(mass, starts)[:, None]
    means = np.add.reduceat(mass[:, None] * z, starts) / total
    factor = np.repeat(n_units / (n_units - 1), sizes)
    table = np.sqrt(factor * mass)[:, None] * (z - np.repeat(means, sizes, axis=0))
    return Terms(table, float((n_units - 1).sum()))


def _successive(design, z, times):
    rows = uncertain(design)
    if not len(rows):
        return _none(z)
    rows, starts = grouped(design, rows)
    sizes = np.diff(np.append(starts, len(rows)))
    mass = (1 - design.expected[rows]) * times[rows]
    # The variance of a mean of squared differences of neighbours, which overlap.
    freedom = 2 * ((sizes - 1) ** 2 / (3 * sizes - 4)).sum()
    terms = Terms(_differences(z[rows], mass, starts), float(freedom))
    if design.name == "systematic":
        terms = terms.beside(_ends(z[rows], mass))
    return terms.beside(_rounded(design, rows, z[rows], times[rows], starts))


def _differences(z, mass, starts):
    """Differences of neighbours within strata; their squares estimate deviations."""
    sizes = np.diff(np.append(starts, len(z)))
    factor = np.repeat(sizes / (2 * (sizes - 1)), sizes)
    pairs = np.delete(np.arange(len(z)), np.append(starts[1:], len(z)) - 1)
    weight = factor[pairs] * (mass[pairs] + mass[pairs + 1]) / 2
    return np.sqrt(weight)[:, None] * (z[pairs] - z[pairs + 1])


def _ends(z, mass):
    """Part of the ends of the order: a smooth sum is off by a share of their gap."""
    # The first row lies anywhere in the first step. By the trapezoidal rule, the error
    # is the gap of z between the ends times a uniform number in (-1/2, 1/2).
    ends = [-1, 0]
    return np.sqrt(mass[ends].mean() / 12) * (z[ends[0]] - z[ends[1]])[None]


def _rounded(design, rows, z, mass, starts):
    """Part of strata whose numbers of rows were rounded up or down at random."""
    share = rounding(design, rows, starts)
    if not share.any():
        return np.zeros((0, z.shape[1]))
    if design.strata is None:
        return np.sqrt(share) * (mass @ z / mass.sum())[None]
    total = np.add.reduceat(mass, starts)[:, None]
    means = np.add.reduceat(mass[:, None] * z, starts) / total
    apart = means - share @ means / share.sum()
    n_rounded = np.count_nonzero(share)
    return np.sqrt(n_rounded / (n_rounded - 1) * share)[:, None] * apart


def rounding(design: SamplingDesign, rows: Array, starts: Array) -> Floats:
    """Return the variances of the numbers of rows of strata, rounded at random.

    Of the number of all rows if there are no strata. They are 0 for joined strata,
    which differ from each other: that is in the variance within already.
    """
    share = np.zeros(len(starts))
    if design.strata_sizes is None:
        return share
    fraction = np.modf(design.strata_sizes[rows[starts]])[0]
    if design.strata is not None:
        codes = design.strata[rows]
        fraction[codes[starts] != codes[np.append(starts[1:], len(rows)) - 1]] = 0
    share = fraction * (1 - fraction)
    share[share <= _DEPENDENT] = 0
    if design.strata is not None and np.count_nonzero(share) < 2:
        share[:] = 0
    return share


def _balanced(design, z, times):
    rows = uncertain(design)
    if not len(rows):
        return _none(z)
    rows, _ = grouped(replace(design, strata=None), rows)
    mass = (1 - design.expected[rows]) * times[rows]
    z = z[rows]
    columns, landings = _balanced_columns(design, rows)
    p, coefficients, left = _regressed(z, columns, mass)
    k = len(rows)
    if k <= p:
        raise TooFewRows(p + 1, k)
    # Repeated landings say how far the totals of columns are off.
    tables = [landings @ coefficients / np.sqrt(max(1, len(landings)))]
    # Neighbours balance each other, which regressions on parts of the order follow.
    for part in np.array_split(np.arange(k), max(1, k // (_ROWS_PER_COLUMN * p))):
        near = _regressed(z[part], columns[part], mass[part])[2]
        tables.append(_differences(near, mass[part], np.array([0])))
    # The residuals of the last rows, about p of them, keep only the size. Their part in
    # the variance is 1 + (p - 1)/5 squares, by simulation, with more weight on rows of
    # small probability, which stay undecided the longest.
    share = np.where(np.arange(k) < k - p - 1, 0.0, design.expected[rows] ** -2)
    share /= share.sum()
    last = 0.0 if p == 1 else 1 + (p - 1) / 5
    tables.append(np.sqrt(last * share)[:, None] * (left - share @ left))
    return Terms(np.vstack(tables), float(k - p))


def _regressed(z, columns, mass):
    """Regress z on columns with weights `mass`.

    Returns
    -------
    rank : int
        Number of independent columns.
    coefficients : ndarray of shape (n_columns, n_values)
        0 for columns that depend on those before them.
    left : ndarray of shape (k, n_values)
        Residuals, each divided by the root of one minus its leverage: it is then as
        large on average as the deviation that it is left of.
    """
    root = np.sqrt(mass)[:, None]
    factor = np.linalg.qr(root * columns, mode="r")
    transform = orthonormal_in_order(factor, _DEPENDENT)
    basis = root * (columns @ transform)
    explained = basis.T @ (root * z)
    left = z - basis @ explained / root
    free = 1 - (basis**2).sum(axis=1, keepdims=True)
    left = np.divide(left, np.sqrt(np.abs(free)), out=0 * left, where=free > _DEPENDENT)
    return basis.shape[1], transform @ explained, left


def _balanced_columns(design, rows):
    """Return balancing columns over probabilities, and errors of their totals."""
    columns, landings = np.ones((len(rows), 1)), np.zeros((0, 1))
    if design.columns is not None:
        more = design.columns[rows] / design.expected[rows, None]
        if design.landings is None:
            columns = np.hstack([columns, more])
            landings = np.zeros((0, columns.shape[1]))
        else:  # made by `draw`: the size is among the columns
            columns, landings = more, design.landings
    columns, exponents = unit_columns(columns)
    return columns, np.ldexp(landings, -exponents)


def _projection(design, z, times):
    lengths = np.linalg.norm(design.vectors, axis=1)
    drawn = lengths > 0  # rows that had to be in have no vector
    z, times, expected = z[drawn], times[drawn], design.expected[drawn]
    if (expected >= 1).all():
        return _none(z)
    if len(z) < 2:
        raise TooFewRows(2, len(z))
    # With directions u of the vectors, e_ij = e_i e_j (1 - cos**2). One minus the
    # square of a cosine near one is a product of two small numbers, which are exact.
    directions = design.vectors[drawn] / lengths[drawn, None]
    tables = []
    for i in range(len(z) - 1):
        others = directions[i + 1 :]
        cosine = others @ directions[i]
        apart = ((others - directions[i]) ** 2).sum(axis=1)
        opposite = ((others + directions[i]) ** 2).sum(axis=1)
        ratio = cosine**2 / (apart * opposite / 4)
        weight = ratio * times[i] * times[i + 1 :]
        tables.append(np.sqrt(weight)[:, None] * (z[i] - z[i + 1 :]))
    return Terms(np.vstack(tables), len(z) - 1)


_ESTIMATORS = {
    "poisson": _independent,
    "priority": _independent,
    "multinomial": _multinomial,
    "random": _random,
    "pivotal": _successive,
    "systematic": _successive,
    "balanced": _balanced,
    "projection": _projection,
}

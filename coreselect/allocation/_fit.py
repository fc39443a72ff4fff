"""Power laws fitted to measured losses, with intervals.

The loss with n rows of a group and N rows in all is ``floor + sigma n**-p + tau
N**-q``. For given powers it is linear in the three others, which are not negative. So
these are found by non-negative least squares for each pair of powers, and the powers
by a search: no fit depends on where it starts.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize, nnls
from scipy.stats import t as student

from coreselect._typing import Floats

MOST = 2.0  # largest power, as in Rolf et al.
_POWERS = np.geomspace(0.05, MOST, 40)
_DOUBT = 6.0  # of the information criterion: strong evidence
_USUAL, _SPREAD = 0.75, 0.25  # powers are expected to be 0.75, give or take 0.25


class PowerLaw(NamedTuple):
    """A fitted curve.

    Attributes
    ----------
    sigma, power, floor, pooled, pooled_power : float
    interval : ndarray of shape (3, 2)
        95 % intervals of sigma, power and floor.
    """

    sigma: float
    power: float
    floor: float
    pooled: float
    pooled_power: float
    interval: Floats

    def __call__(self, sizes, totals):
        """Return the losses for sizes of the group and of all groups together."""
        return (
            self.floor
            + self.sigma * np.power(sizes, -self.power)
            + self.pooled * np.power(totals, -self.pooled_power)
        )


class _Points(NamedTuple):
    """Measured losses with their standard errors; arrays of shape (n_points,)."""

    sizes: Floats
    totals: Floats
    losses: Floats
    errors: Floats

    def tell(self, parts):
        """Return whether there is a point to spare, in all and over sizes alone."""
        own = [part for part in parts if part != "pooled"]
        n_points = len(np.unique([self.sizes, self.totals], axis=1).T)
        n_sizes = len(np.unique(self.sizes))
        return n_points > _n_parameters(parts) and n_sizes > _n_parameters(own)

    def design(self, powers, parts):
        """Return the columns and the target of a linear fit, divided by the errors."""
        columns = {
            "floor": lambda: np.ones(len(self.sizes)),
            "own": lambda: np.power(self.sizes, -powers["own"]),
            "pooled": lambda: np.power(self.totals, -powers["pooled"]),
        }
        X = np.column_stack([columns[part]() for part in parts])
        return X / self.errors[:, None], self.losses / self.errors

    def fit(self, powers, parts):
        """Return the coefficients and the sum of squares for given powers."""
        coefficients, norm = nnls(*self.design(powers, parts))
        return coefficients, norm**2


def fit_power_law(sizes, totals, losses, errors):
    """Fit the loss of one group.

    Parameters
    ----------
    sizes : ndarray of shape (n_points,)
        Rows of the group, at least 1.
    totals : ndarray of shape (n_points,) or None
        Rows of all groups; None leaves out the part that all rows lower.
    losses : ndarray of shape (n_points,)
        Not negative.
    errors : ndarray of shape (n_points,)
        Their standard errors, above 0.

    Returns
    -------
    PowerLaw

    Notes
    -----
    A power far from 0.75 costs as much as a misfit of so many standard errors: a few
    points cannot tell a small power from a floor. The floor, the part of the group's
    own rows and that of all rows are each kept only if the Bayesian information
    criterion finds them worth their parameters. That a group's own rows do nothing
    needs strong evidence, since such a group would get no row.
    """
    points = _Points(sizes, sizes if totals is None else totals, losses, errors)
    kinds = [("own",)] if totals is None else [("own",), ("pooled",), ("own", "pooled")]
    candidates = [(*kind, *floor) for kind in kinds for floor in ((), ("floor",))]
    usable = [parts for parts in candidates if points.tell(parts)]
    fits = [_search(points, parts) for parts in usable or candidates[:1]]
    parts, powers, coefficients = min(fits, key=lambda fit: _criterion(points, *fit))
    found = dict(zip(parts, coefficients.tolist(), strict=True))
    full = tuple(dict.fromkeys(("own", *parts, "floor")))
    return PowerLaw(
        sigma=found.get("own", 0.0),
        power=powers.get("own", 1.0),
        floor=found.get("floor", 0.0),
        pooled=found.get("pooled", 0.0),
        pooled_power=powers.get("pooled", 1.0),
        interval=_intervals(points, full),
    )


def _n_parameters(parts):
    """Return the number of coefficients and powers."""
    return 2 * len(parts) - ("floor" in parts)


def _search(points, parts):
    """Return the parts with the best powers and coefficients."""
    names = [part for part in parts if part != "floor"]

    def cost(values):
        powers = dict(zip(names, values, strict=True))
        far = (np.asarray(values) - _USUAL) / _SPREAD
        return points.fit(powers, parts)[1] + far @ far

    grid = _POWERS[:: len(names)]
    start = min(product(grid, repeat=len(names)), key=cost)
    bounds = [(_POWERS[0], MOST)] * len(names)
    options = {"xatol": 1e-7, "fatol": 1e-10}
    best = minimize(cost, start, method="Nelder-Mead", bounds=bounds, options=options)
    powers = dict(zip(names, best.x.tolist(), strict=True))
    return parts, powers, points.fit(powers, parts)[0]


def _criterion(points, parts, powers, coefficients):
    """Return the Bayesian information criterion; the scale of the errors is unknown."""
    X, y = points.design(powers, parts)
    # Errors below a millionth of the losses are rounding.
    misfit = np.sum((y - X @ coefficients) ** 2) + 1e-12 * max(y @ y, 1e-12)
    doubt = 0.0 if "own" in parts else _DOUBT
    size = _n_parameters(parts) * np.log(len(y))
    return len(y) * np.log(misfit / len(y)) + size + doubt


def _intervals(points, parts):
    """Return the profile-likelihood intervals of sigma, power and floor.

    They hold every value with which some other parameters fit nearly as well. Without
    a point to spare, all values do.
    """
    spare = len(np.unique(points.sizes)) - 3
    if spare <= 0:
        most = points.losses.min(initial=np.inf)
        return np.array([[0.0, np.inf], [0.0, MOST], [0.0, most]])
    names = [part for part in parts if part != "floor"]
    grid = _POWERS[:: len(names)]
    _, best, _ = _search(points, parts)
    grids = [np.sort(np.append(grid, best[name])) for name in names]
    fits = []
    for values in product(*grids):
        powers = dict(zip(names, values, strict=True))
        fits.append((powers, *points.fit(powers, parts)))
    least = min(misfit for *_, misfit in fits)
    spare = len(points.sizes) - _n_parameters(parts)
    # The scale of the errors is estimated too, but is never below the given one.
    scale = max(least / spare, 1.0)
    limit = least + scale * student.ppf(0.975, spare) ** 2
    inside = [fit for fit in fits if fit[2] <= limit]
    own = [powers["own"] for powers, *_ in inside]
    low, high = np.searchsorted(grids[0], [min(own), max(own)])
    out = np.empty((3, 2))
    out[1] = grids[0][max(low - 1, 0)], grids[0][min(high + 1, len(grids[0]) - 1)]
    for row, part in ((0, "own"), (2, "floor")):
        ends = [_ends(points, parts, part, limit, *fit) for fit in inside]
        low, high = zip(*ends, strict=True)
        out[row] = max(min(low), 0.0), max(high)
    return out


def _ends(points, parts, part, limit, powers, coefficients, misfit):
    """Return the ends of the interval of a coefficient for given powers."""
    X, _ = points.design(powers, parts)
    variance = np.linalg.pinv(X.T @ X)
    at = parts.index(part)
    half = np.sqrt(max(variance[at, at], 0.0) * (limit - misfit))
    return coefficients[at] - half, coefficients[at] + half

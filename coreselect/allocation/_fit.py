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
_DIGITS = 6  # of powers
_DOUBT = 6.0  # of the information criterion: strong evidence
_USUAL, _SPREAD = 0.75, 0.25  # powers are expected to be 0.75, give or take 0.25


class PowerLaw(NamedTuple):
    """A fitted curve.

    Attributes
    ----------
    sigma, power, floor, pooled, pooled_power : float
    interval : ndarray of shape (3, 2) or None
        95 % intervals of sigma, power and floor.
    """

    sigma: float
    power: float
    floor: float
    pooled: float
    pooled_power: float
    interval: Floats | None

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


def fit_power_laws(sizes, totals, losses, errors, *, intervals=True):
    """Fit the losses of all groups.

    Parameters
    ----------
    sizes : ndarray of shape (n_points, n_groups)
        Rows of each group, at least 1.
    totals : ndarray of shape (n_points,) or None
        Rows of all groups; None leaves out the part that all rows lower.
    losses : ndarray of shape (n_points, n_groups)
        Not negative.
    errors : ndarray of shape (n_points, n_groups)
        Their standard errors, above 0.
    intervals : bool
        Whether to compute intervals, which takes most of the time.

    Returns
    -------
    list of PowerLaw

    Notes
    -----
    A power far from 0.75 costs as much as a misfit of so many standard errors: a few
    points cannot tell a small power from a floor. A floor is kept only if the Bayesian
    information criterion finds it worth its parameter. Added up over groups, it also
    decides whether own rows, all rows or both lower the losses. That own rows do
    nothing needs strong evidence, since all sizes are then as good.
    """
    kinds = [("own",)] if totals is None else [("own",), ("pooled",), ("own", "pooled")]
    columns = zip(sizes.T, losses.T, errors.T, strict=True)
    groups = [
        _Points(n, n if totals is None else totals, *more) for n, *more in columns
    ]
    fits = [[_best_fit(points, kind) for points in groups] for kind in kinds]
    doubts = [0.0 if "own" in kind else _DOUBT for kind in kinds]
    sums = [sum(c for c, *_ in of_kind) for of_kind in fits]
    best = int(np.argmin(np.add(sums, doubts)))
    laws = zip(groups, fits[best], strict=True)
    return [_law(points, intervals, *fit) for points, fit in laws]


def fit_power_law(sizes, totals, losses, errors, **options):
    """Fit the loss of one group; all arrays have shape (n_points,)."""
    columns = (array[:, np.newaxis] for array in (sizes, losses, errors))
    n, *more = columns
    return fit_power_laws(n, totals, *more, **options)[0]


def _best_fit(points, kind):
    """Return (criterion, parts, powers, coefficients), with a floor or without."""
    usable = [parts for parts in (kind, (*kind, "floor")) if points.tell(parts)]
    if not usable and kind != ("own",):
        return np.inf, kind, dict.fromkeys(kind, 1.0), np.zeros(len(kind))
    fits = [_search(points, parts) for parts in usable or [kind]]
    return min(((_criterion(points, *fit), *fit) for fit in fits), key=lambda f: f[0])


def _law(points, intervals, _, parts, powers, coefficients):
    """Return the curve of a fit."""
    found = dict(zip(parts, coefficients.tolist(), strict=True))
    full = tuple(dict.fromkeys(("own", *parts, "floor")))
    return PowerLaw(
        sigma=found.get("own", 0.0),
        power=powers.get("own", 1.0),
        floor=found.get("floor", 0.0),
        pooled=found.get("pooled", 0.0),
        pooled_power=powers.get("pooled", 1.0),
        interval=_intervals(points, full) if intervals else None,
    )


def _n_parameters(parts):
    """Return the number of coefficients and powers."""
    return 2 * len(parts) - ("floor" in parts)


def _grid(names):
    """Return the powers that are tried at first, fewer if there are pairs of them."""
    return _POWERS if len(names) == 1 else _POWERS[::3]


def _search(points, parts):
    """Return the parts with the best powers and coefficients."""
    names = [part for part in parts if part != "floor"]

    def cost(values):
        powers = dict(zip(names, values, strict=True))
        return points.fit(powers, parts)[1] + _surprise(powers)

    grid = _grid(names)
    start = min(product(grid, repeat=len(names)), key=cost)
    bounds = [(_POWERS[0], MOST)] * len(names)
    options = {"xatol": 1e-7, "fatol": 1e-10}
    best = minimize(cost, start, method="Nelder-Mead", bounds=bounds, options=options)
    # Rounded, so that the last bits of sums do not show in the sizes that follow.
    powers = dict(zip(names, np.round(best.x, _DIGITS).tolist(), strict=True))
    return parts, powers, points.fit(powers, parts)[0]


def _criterion(points, parts, powers, coefficients):
    """Return the Bayesian information criterion; the scale of the errors is unknown."""
    X, y = points.design(powers, parts)
    # Errors below a millionth of the losses are rounding.
    misfit = np.sum((y - X @ coefficients) ** 2) + 1e-12 * max(y @ y, 1e-12)
    size = _n_parameters(parts) * np.log(len(y))
    return len(y) * np.log(misfit / len(y)) + size + _surprise(powers)


def _surprise(powers):
    """Return minus twice the logarithm of the prior density of powers."""
    return sum(((power - _USUAL) / _SPREAD) ** 2 for power in powers.values())


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
    grid = _grid(names)
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
    ends = np.array([_ends(points, parts, limit, *fit) for fit in inside])
    for row, part in ((0, "own"), (2, "floor")):
        low, high = ends[:, :, parts.index(part)].T
        out[row] = max(low.min(), 0.0), high.max()
    return out


def _ends(points, parts, limit, powers, coefficients, misfit):
    """Return the ends of the intervals of the coefficients for given powers."""
    X, _ = points.design(powers, parts)
    variance = np.diag(np.linalg.pinv(X.T @ X, hermitian=True))
    half = np.sqrt(np.maximum(variance, 0.0) * (limit - misfit))
    return coefficients - half, coefficients + half

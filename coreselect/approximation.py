"""Approximation of functions by weighted least squares at few points.

A function on many candidate points, with a measure on them, is approximated by a linear
combination of features, given its values at a few of the points. `Basis`
orthonormalises the features with respect to the measure. The samplers of
`coreselect.dpp` choose the points. `Basis.fit` solves weighted least squares at these
points, and `Basis.error` returns the error of the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from coreselect._random import DRAW, draw_seed, stream
from coreselect._typing import Array, Column, Floats, Seed
from coreselect._validation import Integer, as_array, check_nonnegative, check_vector
from coreselect.dpp.projection import ProjectionDPP, whole
from coreselect.linalg import leverage_whitening, whiten_block
from coreselect.rows import Rows
from coreselect.rows import open as open_rows

__all__ = ["Basis", "average"]


class Basis:
    """Features orthonormalised with respect to a measure on candidate points.

    Parameters
    ----------
    features : transformer or callable
        A scikit-learn transformer such as ``PolynomialFeatures(9)`` or
        ``SplineTransformer()``, which is fitted to the candidates, or a function from
        points to an array of shape (n_points, n_features).
    candidates : array-like of shape (n_candidates, n_dimensions)
        A vector stands for points on a line.
    measure : array-like of shape (n_candidates,), optional
        Non-negative mass of each candidate, scaled to sum one; uniform by default.

    Attributes
    ----------
    U : ndarray of shape (n_candidates, m)
        Orthonormal columns: the basis functions at the candidates times the root of
        the measure. This is the input of the samplers in `coreselect.dpp`.
    measure : ndarray of shape (n_candidates,)
        Masses that add up to one.

    Notes
    -----
    Features that depend linearly on others, with respect to the measure, are dropped:
    m is the rank of the features. The whitening transform is that of leverage scores,
    which is more accurate than a single Gram matrix allows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import PolynomialFeatures
    >>> from coreselect.approximation import Basis
    >>> from coreselect.dpp import sample_volume_rescaled
    >>> x = np.linspace(-1, 1, 200)
    >>> basis = Basis(PolynomialFeatures(5), x)
    >>> rows = sample_volume_rescaled(basis.U, 12, random_state=0)
    >>> coefficients = basis.fit(rows, np.exp(x[rows]))
    >>> basis.error(coefficients, np.exp(x)) < 1e-3
    True
    """

    def __init__(
        self, features: Any, candidates: ArrayLike, *, measure: Column = None
    ) -> None:
        points = _points(candidates)
        if not hasattr(features, "fit") and not callable(features):
            raise TypeError(
                "features must be a transformer, or a function from points to an "
                f"array, got {features!r}."
            )
        if hasattr(features, "fit"):
            features = features.fit(points).transform
        self._features = features
        measure = np.ones(len(points)) if measure is None else measure
        measure = check_nonnegative(measure, len(points), "measure")
        if not measure.any():
            raise ValueError("measure is zero at every candidate.")
        self.measure = measure / measure.sum()
        rows = open_rows(
            self._values(points), sample_weight=self.measure, name="features"
        )
        self._whitening = leverage_whitening(rows)
        # The measure is the weight of the rows, so U has its root as a factor.
        self.U = self._whitened(rows)

    def _values(self, points: Any) -> Floats:
        values = self._features(points)
        return values.toarray() if hasattr(values, "toarray") else np.asarray(values)

    def _whitened(self, rows: Rows) -> Floats:
        whitening = self._whitening
        return rows.map(lambda block: whiten_block(block, whitening))

    def evaluate(self, points: ArrayLike) -> Floats:
        """Return the values of the basis functions: an array of shape (n_points, m)."""
        # Without weights, the whitened rows are the basis functions themselves.
        rows = open_rows(self._values(_points(points)))
        return self._whitened(rows)

    def project(self, values: ArrayLike) -> Floats:
        """Return the coefficients of the best approximation of a function.

        Parameters
        ----------
        values : array-like of shape (n_candidates,)
            Values of the function at every candidate.

        Returns
        -------
        ndarray of shape (m,)
        """
        values = check_vector(values, len(self.U), "values", of="candidates")
        # The basis is orthonormal in the measure, so coefficients are inner products,
        # and `U` has the root of the measure in it already.
        return self.U.T @ (np.sqrt(self.measure) * values)

    def fit(self, rows: ArrayLike, values: ArrayLike, weights: Column = None) -> Floats:
        """Return the coefficients of weighted least squares at some candidates.

        Parameters
        ----------
        rows : array-like of int of shape (n,)
            Numbers of candidates; may repeat.
        values : array-like of shape (n,)
            Values of the function at these candidates.
        weights : array-like of shape (n,), optional
            Weights of the squared residuals, relative to the measure. By default the
            inverse leverage scores, which are the weights of volume-rescaled and
            Christoffel draws. For a selection whose input weights are `measure`, pass
            its weights divided by the measure of its rows.

        Returns
        -------
        ndarray of shape (m,)
            Solution by an orthogonal factorisation; that of least norm if not unique.
        """
        rows = whole(rows, "rows")
        if rows.ndim != 1 or ((rows < 0) | (rows >= len(self.U))).any():
            raise ValueError(
                f"rows must be a vector of numbers from 0 to {len(self.U) - 1}."
            )
        values = check_vector(values, len(rows), "values", of="rows")
        design = self.U[rows]
        if weights is None:
            leverage = np.einsum("ij,ij->i", design, design)
            if len(leverage) and leverage.min() <= 0:
                raise ValueError(
                    f"rows holds candidate {rows[np.argmin(leverage)]}, where every "
                    "basis function (or the measure) is zero; no design draws it."
                )
            weights = 1.0 / leverage
        weights = check_nonnegative(weights, len(rows), "weights")
        # Both sides have the root of the measure as a factor, as `design` does, so that
        # the weights are relative to the measure.
        root = np.sqrt(weights)
        target = np.sqrt(self.measure[rows]) * values
        return np.linalg.lstsq(design * root[:, None], target * root, rcond=None)[0]

    def error(self, coefficients: ArrayLike, values: ArrayLike) -> float:
        """Return the error of an approximation in the L2 norm of the measure.

        Parameters
        ----------
        coefficients : array-like of shape (m,)
        values : array-like of shape (n_candidates,)
            Values of the function at every candidate.

        Returns
        -------
        float
        """
        values = check_vector(values, len(self.U), "values", of="candidates")
        m = self.U.shape[1]
        coefficients = check_vector(coefficients, m, "coefficients", of="functions")
        gap = np.sqrt(self.measure) * values - self.U @ coefficients
        return float(np.linalg.norm(gap))

    def ratio(self, coefficients: ArrayLike, values: ArrayLike) -> float:
        """Return the squared error relative to that of the best approximation."""
        best = self.error(self.project(values), values)
        return (self.error(coefficients, values) / best) ** 2 if best else np.inf


def average(
    basis: Basis,
    function: Callable[..., Any],
    n_repeats: int = 1,
    *,
    random_state: Seed = None,
) -> Floats:
    """Average the interpolants at repeated samples of a projection process.

    Parameters
    ----------
    basis : Basis
    function : callable
        Takes numbers of candidates, an array of int of shape (m,), and returns the
        values at these candidates.
    n_repeats : int, default=1
        Number of samples of m points, each giving one interpolant.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    ndarray of shape (m,)
        Coefficients.

    Notes
    -----
    The average is unbiased. In general position, its expected squared error is
    ``1 + m / n_repeats`` times the least possible; otherwise it is at most that. Least
    squares on all points together (`sample_volume_rescaled` with the same `n_repeats`)
    usually has a smaller error.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.approximation import Basis, average
    >>> x = np.linspace(-1, 1, 100)
    >>> basis = Basis(lambda points: np.hstack([points**0, points]), x)
    >>> found = average(basis, lambda rows: 2 * x[rows] - 1, 3, random_state=0)
    >>> bool(basis.error(found, 2 * x - 1) < 1e-9)
    True
    """
    if not isinstance(basis, Basis):
        raise TypeError(f"basis must be a Basis, got {basis!r}.")
    if not callable(function):
        raise TypeError(f"function must be a function of rows, got {function!r}.")
    Integer(1)("n_repeats", n_repeats)
    process = ProjectionDPP.from_basis(basis.U)
    rng = stream(draw_seed(random_state), DRAW)
    found = []
    for _ in range(n_repeats):
        rows = process.draw(rng)
        found.append(basis.fit(rows, function(rows)))
    return np.mean(found, axis=0)


def _points(candidates: Any) -> Array:
    points = as_array(candidates, "candidates")
    points = points[:, None] if points.ndim == 1 else points
    rows = open_rows(points, name="candidates")
    return rows.whole().X.astype(np.float64, copy=False)

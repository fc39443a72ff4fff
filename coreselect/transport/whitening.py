"""Whitening transforms: linear maps to uncorrelated features of variance one.

With covariance S = L L', rows become ``inverse(L) (x - mean)``. Every W with
``W'W = inverse(S)`` gives the same distances and cosines, so Cholesky, ZCA and PCA of
full rank are equivalent. They differ in how S is estimated from few rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from coreselect._kernels.norms import row_sq_norms
from coreselect._numbers import chunks, power_of_two, to_dense
from coreselect._typing import Floats, Matrix, RowsLike
from coreselect._validation import OneOf, OrNone, warn_user
from coreselect.rows import Rows
from coreselect.rows import open as open_rows

Method: TypeAlias = Literal["shrinkage", "cholesky", "pca"]
METHODS = get_args(Method)

_CHUNK = 4096  # rows converted to float64 at a time
_RIDGE = 1e-5  # relative to the variances, if there is no Cholesky factor
_ROWS_PER_COMPONENT = 10  # rows needed for each estimated direction, for "pca"
_START = 101  # columns are shifted by their medians over this many rows


@dataclass(frozen=True, eq=False)
class Whitening:
    """A fitted whitening transform, made by `whiten`; it can be used on other rows.

    Parameters
    ----------
    center : ndarray of shape (n_features,)
        Subtracted from the rows.
    scale : ndarray of shape (n_features,)
        One over the standard deviation of every feature; 0 for constant features.
    matrix : ndarray of shape (n_features, n_components), or None
        The matrix that standardised rows are multiplied by; None for the identity.
    method : {"shrinkage", "cholesky", "pca"} or None
    shrinkage : float
        Weight of the identity in the estimated correlation matrix (Ledoit and Wolf).
    ridge : float
        Added to the diagonal of the correlation matrix if it was singular, else 0.
    standardised : float
        Weight of plain standardised features in squared distances; the rest of the
        weight is on whitened features. For ``"shrinkage"`` it is the number of features
        over the number of rows, at most 1.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.transport import whiten
    >>> X = np.random.default_rng(0).normal(size=(100, 2)) @ [[3.0, 1.0], [0.0, 0.1]]
    >>> Z = whiten(X, method="cholesky").transform(X)
    >>> np.cov(Z.T, bias=True).round(6) + 0.0
    array([[1., 0.],
           [0., 1.]])
    """

    center: np.ndarray
    scale: np.ndarray
    matrix: np.ndarray | None
    method: str | None
    shrinkage: float = 0.0
    ridge: float = 0.0
    standardised: float = 0.0

    def __post_init__(self) -> None:
        for name in ("center", "scale", "matrix"):
            values = getattr(self, name)
            if values is not None and not np.isfinite(values).all():
                raise ValueError(
                    f"{name} must hold finite numbers; fit a whitening with "
                    "coreselect.transport.whiten."
                )

    @property
    def n_components(self) -> int:
        """Number of features after whitening."""
        return len(self.center) if self.matrix is None else self.matrix.shape[1]

    def transform(self, X: RowsLike) -> Floats:
        """Whiten rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)

        Returns
        -------
        ndarray of float64 of shape (n_rows, n_components)
        """
        rows = open_rows(X)
        self.check_features(rows.n_features)
        return rows.map(lambda block: self.apply(block.X))

    def check_features(self, n_features: int) -> None:
        """Raise unless the whitening was fitted to that many features."""
        if n_features != len(self.center):
            raise ValueError(
                f"X has {n_features} features, but this whitening was fitted to "
                f"{len(self.center)}."
            )

    def apply(
        self, X: Matrix, then: Callable[[Floats], Floats] | None = None
    ) -> Floats:
        """Whiten an array or CSR matrix that was checked before; see `transform`.

        A function `then` is applied to chunks of whitened rows while they are in cache.
        """
        # Chunks stay in cache from the subtraction to the product and to `then`.
        out = np.empty((X.shape[0], self.n_components))
        for start, chunk in _chunks(X):
            stop = start + len(chunk)
            if self.method is not None:
                with np.errstate(over="ignore", invalid="ignore"):
                    chunk = ((chunk - self.center) * self.scale) @ self.matrix
                if not np.isfinite(chunk).all():
                    raise ValueError(
                        "rows of X are not finite after whitening: their values are "
                        "too far from those that the whitening was fitted to, or from "
                        "each other. Scale the columns first."
                    )
            out[start:stop] = chunk if then is None else then(chunk)
        return out


def whiten(
    X: RowsLike,
    X_target: RowsLike | None = None,
    *,
    method: Method | None = "shrinkage",
) -> Whitening:
    """Fit a whitening transform to rows and targets together.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
        Anything that `coreselect.rows.open` takes, weights included.
    X_target : like X, of shape (n_targets, n_features), optional
        Further rows, each of which counts like a row of X.
    method : {"shrinkage", "cholesky", "pca"} or None
        - ``"shrinkage"``: the correlation matrix is shrunk towards the identity by
          Ledoit and Wolf's estimate [1]_. Then its inverse is mixed with the identity,
          which gets weight p / n for p features and n rows, at most 1 [2]_. So with no
          more rows than features, features are standardised only.
        - ``"cholesky"``: the correlation matrix is not shrunk; a ridge of 1e-5 is added
          if it has no Cholesky factor.
        - ``"pca"``: only the leading principal components, one for every ten rows.
        - None: features are not changed.

    Returns
    -------
    Whitening
        Its `transform` whitens these or other rows.

    Raises
    ------
    ValueError
        If X and X_target differ in their number of features, or are not finite.

    Warns
    -----
    UserWarning
        If ``"cholesky"`` is asked for with no more rows than features: all whitened
        rows are then equally far from each other, and neighbours are noise.

    Notes
    -----
    Two passes over X, one for ``"cholesky"`` and ``"pca"``; O(n d^2 + d^3) time and
    O(d^2) memory. Features are standardised first, so shrinkage and ridge do not depend
    on their units. Constant features are left out. Only ratios of weights count.

    References
    ----------
    .. [1] O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional
       covariance matrices", Journal of Multivariate Analysis 88, 2004,
       :doi:`10.1016/S0047-259X(03)00096-4`.
    .. [2] T. Bodnar, A. K. Gupta, N. Parolya, "Direct shrinkage estimation of large
       dimensional precision matrix", Journal of Multivariate Analysis 146, 2016,
       :doi:`10.1016/j.jmva.2015.09.010`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.transport import whiten
    >>> X = np.random.default_rng(0).normal(size=(1000, 5))
    >>> whitening = whiten(X)
    >>> whitening.transform(X[:3]).shape, whitening.shrinkage > 0.1
    ((3, 5), True)
    """
    OrNone(OneOf(*METHODS))("method", method)
    populations = [open_rows(X).subset()]
    if X_target is not None:
        populations.append(open_rows(X_target, name="X_target").subset())
        same_features(populations[0], populations[1])
    return fit_whitening(populations, method)


def same_features(rows, targets, name="X_target"):
    """Raise unless targets have as many features as rows."""
    if rows.n_features != targets.n_features:
        raise ValueError(
            f"{name} has {targets.n_features} features, but X has "
            f"{rows.n_features}; the columns of the two must be the same."
        )


def fit_whitening(populations: list[Rows], method: Method | None) -> Whitening:
    """Fit a whitening to the rows of positive weight of one or two `Rows`."""
    p = populations[0].n_features
    if method is None:
        return Whitening(np.zeros(p), np.ones(p), None, None)
    n_rows = sum(rows.n_rows for rows in populations)
    if method == "cholesky" and n_rows <= p:
        warn_user(
            f"whitening='cholesky' with {n_rows} rows for {p} features makes all rows "
            "equally far from each other, so that neighbours are noise; use "
            "'shrinkage' or 'pca'."
        )
    # Moments are taken about values near the middle of the columns, so that an offset
    # costs few digits.
    shift = np.median(_first(populations[0]), axis=0)
    moments = _pooled(populations, shift, np.ones(p))
    deviation = np.sqrt(np.diagonal(moments.scatter))
    # Squares of huge columns overflow and those of tiny ones vanish: rescale columns.
    if not np.isfinite(moments.scatter).all() or deviation.min() < 1e-100:
        unit = _column_units(populations, shift)
        moments = _pooled(populations, shift, unit)
        deviation = np.sqrt(np.diagonal(moments.scatter))
    else:
        unit = np.ones(p)
    # A constant column has a deviation of rounding error only; it is left out.
    used = deviation > 1e-13 * np.abs(moments.mean)
    inverse = np.divide(1.0, deviation, out=np.zeros(p), where=used)
    with np.errstate(over="ignore", invalid="ignore"):
        correlation = moments.scatter * np.outer(inverse, inverse)
        center, scale = shift + moments.mean / unit, unit * inverse
    good = np.isfinite(np.diagonal(correlation) + center + scale)
    if not good.all():
        raise ValueError(
            f"column {int(np.argmin(good))} of X cannot be whitened: its spread is "
            "too large or too small for float64. Scale it first, or leave it out."
        )
    fit = {"shrinkage": _shrunk, "cholesky": _plain, "pca": _components}[method]
    matrix, *shares = fit(correlation, populations, center, scale)
    return Whitening(center, scale, matrix, method, *shares)


def _shrunk(correlation, populations, center, scale):
    """Shrink the correlation matrix, then its inverse.

    Distances use the inverse. The first shrinkage is right for the matrix but leaves
    its inverse noisy: with p estimated directions and n rows, a share p / n is noise.
    """
    # The second step mixes inverse(S) with I by `share`; its Cholesky factor, in place
    # of `matrix`, gives distances by this mixture.
    used = scale > 0
    shrinkage, n_rows = _shrinkage(populations, center, scale, correlation)
    share = min(1.0, float(used.sum() / n_rows))
    if share == 1:
        return np.eye(len(used))[:, used], shrinkage, 0.0, share
    shrunk = (1 - shrinkage) * correlation
    shrunk[np.diag_indices(len(shrunk))] += shrinkage * used
    matrix, ridge = _inverse_factor(shrunk, used)
    if share > 0:
        kept = matrix[used]
        mixed = (1 - share) * kept @ kept.T + share * np.eye(len(kept))
        matrix[used] = cholesky(mixed, lower=True)
    return matrix, shrinkage, ridge, share


def _plain(correlation, populations, center, scale):
    matrix, ridge = _inverse_factor(correlation, scale > 0)
    return matrix, 0.0, ridge


def _inverse_factor(correlation, used):
    """Return M with M M' the inverse of the matrix, and the ridge that was added."""
    # With U'U the kept matrix, M = inverse(U) gives M M' = inverse(U'U). The ridge is
    # added only if a Cholesky factor would fail or lose all digits.
    used = np.flatnonzero(used)
    matrix = np.zeros((len(correlation), len(used)))
    ridge = 0.0
    if len(used):
        kept = correlation[np.ix_(used, used)]
        values = np.linalg.eigvalsh(kept)
        if values[0] <= 1e-13 * len(used) * values[-1]:
            ridge = _RIDGE
            kept = kept + ridge * np.eye(len(used))
        upper = cholesky(kept)
        matrix[used] = solve_triangular(upper, np.eye(len(used)))
    return matrix, ridge


def _components(correlation, populations, center, scale):
    """Keep the leading components, one for every ten rows."""
    values, vectors = np.linalg.eigh(correlation)
    n_rows = sum(rows.n_rows for rows in populations)
    most = max(1, min(len(values), n_rows // _ROWS_PER_COMPONENT))
    order = np.arange(len(values))[::-1][:most]
    order = order[values[order] > 1e-13 * len(values) * max(values[-1], 0.0)]
    # The sign of an eigenvector is arbitrary: its largest entry is made positive.
    kept = vectors[:, order]
    largest = np.abs(kept).argmax(axis=0)
    signs = np.sign(kept[largest, np.arange(kept.shape[1])])
    return kept * signs / np.sqrt(values[order]), 0.0, 0.0


# --- moments --------------------------------------------------------------------------


class _Moments(NamedTuple):
    """Mean and covariance of shifted rows; `mass` is their number."""

    mass: float
    mean: np.ndarray
    scatter: np.ndarray


def _chunks(X):
    """Yield rows as dense float64 chunks."""
    return ((start, to_dense(chunk)) for start, chunk in chunks(X, size=_CHUNK))


def _first(rows):
    """Return an odd number of first rows in float64, so medians are entries of X."""
    count = min(rows.n_rows, _START)
    X = rows.gather(np.arange(count - 1 + count % 2)).X
    return next(_chunks(X))[1]


def _mean_one(rows):
    """Return the factor that scales weights to mean one."""
    if rows.weight is None:
        return 1.0
    largest = rows.weight.max()  # sums of huge weights overflow
    return 1 / largest / (rows.weight / largest).mean()


def _column_units(populations, shift):
    """Return the power of two for each shifted column that brings it to about 1."""

    def largest(block):  # half of it, which does not overflow
        parts = [np.abs(c / 2 - shift / 2).max(axis=0) for _, c in _chunks(block.X)]
        return np.max(parts, axis=0)

    found = [rows.reduce(largest, np.maximum) for rows in populations]
    return power_of_two(np.max(found, axis=0)) / 2


def _pooled(populations, shift, unit):
    """Return the moments of all rows; each population counts as its number of rows."""
    # The rows are shifted to near their middle. So the square of their mean, which is
    # subtracted at the end, is small and cancels no digits: one pass is enough.

    def of_block(block, factor):
        total = product = 0.0
        for start, chunk in _chunks(block.X):
            weight = block.weight[start : start + len(chunk)]
            with np.errstate(over="ignore", invalid="ignore"):  # the caller looks
                chunk = (chunk - shift) * unit
                if weight.strides == (0,):  # a broadcast one: rows without weights
                    total += chunk.sum(axis=0)
                    product += chunk.T @ chunk
                else:
                    total += (weight * factor) @ chunk
                    product += (chunk.T * (weight * factor)) @ chunk
        return total, product

    mass, sums = 0, (0.0, 0.0)
    for rows in populations:
        factor = _mean_one(rows)
        sums = _add(sums, rows.reduce(lambda b, f=factor: of_block(b, f), _add))
        mass += rows.n_rows
    with np.errstate(over="ignore", invalid="ignore"):
        mean, product = (part / mass for part in sums)
        scatter = product - np.outer(mean, mean)
        return _Moments(mass, mean, (scatter + scatter.T) / 2)


@np.errstate(over="ignore", invalid="ignore")
def _add(a, b):
    return a[0] + b[0], a[1] + b[1]


def _shrinkage(populations, center, scale, correlation):
    """Return Ledoit and Wolf's weight of the identity, and the number of rows.

    The rows are standardised. With weights, their number is Kish's effective number.
    """

    def of_block(block, factor):
        fourth = 0.0
        for start, chunk in _chunks(block.X):
            weight = block.weight[start : start + len(chunk)] * factor
            fourth += weight @ row_sq_norms((chunk - center) * scale) ** 2
        return np.array([fourth, ((block.weight * factor) ** 2).sum()])

    fourth, mass, spread = 0.0, 0.0, 0.0
    for rows in populations:
        factor = _mean_one(rows)
        sums = rows.reduce(lambda b, f=factor: of_block(b, f), np.add)
        fourth += sums[0]
        spread += sums[1]
        mass += rows.n_rows
    # `noise` estimates the summed squared errors of the entries of the correlation
    # matrix: E|x|^4 less the squared norm of the matrix, over the number of rows.
    used = scale > 0
    distance = np.sum((correlation - np.diag(used.astype(float))) ** 2)
    n_rows = mass**2 / spread
    noise = (fourth / mass - np.sum(correlation**2)) / n_rows
    return float(np.clip(noise / distance, 0, 1)) if distance > 0 else 1.0, n_rows

"""Exact certificates of sums of squares: least squares, ridge, principal components.

With A the columns [X, y, 1] of all rows and T such that ``A T`` is orthonormal, the
weighted rows S of a selection have ``|S v|**2 / |A v|**2`` between the extreme
eigenvalues of ``(S T)'(S T)``, over all v. A ridge is part of both.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from coreselect.certificates._certificate import from_ratios
from coreselect.linalg import (
    Whitening,
    leverage_whitening,
    whitened_columns,
    whitened_rows,
)

UNIT = np.finfo(np.float64).eps / 2


class WithTargets:
    """A view of rows in which numeric targets are further columns of X."""

    def __init__(self, rows):
        self._rows = rows
        self.n_rows = rows.n_rows
        self.dtype = rows.dtype
        self.weight = rows.weight
        self.n_targets = 1 if rows.y.ndim == 1 else rows.y.shape[1]
        self.n_features = rows.n_features + self.n_targets

    def reduce(self, fn, merge):
        """Return the results of `fn` on every block, merged from first to last."""
        return self._rows.reduce(lambda block: fn(join_targets(block)), merge)

    def gather(self, indices):
        """Return rows as one `Block`."""
        return join_targets(self._rows.gather(indices))


def join_targets(block):
    """Return a block whose X has the targets as last columns."""
    targets = np.asarray(block.y, dtype=np.float64)
    targets = targets[:, None] if targets.ndim == 1 else targets
    if sparse.issparse(block.X):
        X = sparse.csr_array(
            sparse.hstack([block.X, sparse.csr_array(targets)], format="csr")
        )
    else:
        X = np.hstack([block.X, targets])
    return block._replace(X=X)


class Quadratic(NamedTuple):
    """What certificates need of all rows.

    Attributes
    ----------
    rows : Rows or WithTargets
        What rows of a selection are gathered from.
    whitening : Whitening
    ridge : ndarray of shape (r, r)
        What the penalty adds to a Gram matrix of whitened rows.
    columns : ndarray of shape (r, n_columns)
        The columns of A in the coordinates of ``A T``.
    n_targets : int
    objective : str
    scope : str
        Which models certificates are about.
    slack : float
        Norm that the rounding of the products ``A T`` can have.
    drift : float
        Distance from 1 that the singular values of ``A T`` can have.
    n_left_out : int
        Number of directions in which no row is longer than rounding.
    """

    rows: object
    whitening: Whitening
    ridge: np.ndarray
    columns: np.ndarray
    n_targets: int
    objective: str
    scope: str
    slack: float
    drift: float
    n_left_out: int


def learn(rows, *, objective, fit_intercept, alpha):
    """Read all rows and return a `Quadratic`.

    Parameters
    ----------
    rows : Rows
    objective : {"least_squares", "ridge", "pca"}
    fit_intercept : bool
    alpha : float
        Counts for ``"ridge"`` only; neither targets nor intercept are penalised.
    """
    n_features, n_targets, source = rows.n_features, 0, rows
    view = rows.positive()
    if objective != "pca":
        view, source = WithTargets(view), WithTargets(rows)
        n_targets = view.n_targets
    penalty = np.zeros(n_features + n_targets + fit_intercept)
    if objective == "ridge":
        penalty[:n_features] = alpha
    whitening = leverage_whitening(
        view,
        alpha=penalty,
        fit_intercept=fit_intercept,
        solver="auto",
        seed=0,
        corrected=True,
    )
    T, scale = whitening.transform, whitening.scale
    scaled = penalty
    if scale is not None:  # beside tiny data, 1e300 means infinite
        scaled = np.minimum(np.sqrt(penalty) * scale, 1e150) ** 2
    columns = whitened_columns(view, whitening) + T.T * scaled
    ridge = (T.T * scaled) @ T
    if objective == "pca":
        what = "centred features" if fit_intercept else "features"
        scope = f"every linear function of the {what}"
        objective = "pca, centred" if fit_intercept else "pca"
    else:
        scope = linear_models(fit_intercept)
        scope += f" and alpha={alpha:g}" if objective == "ridge" else ""
    # Each product is off by at most a unit of |row| |T| (see `linalg`), all of them by
    # that times the lengths of the columns; and T was made by their Gram matrix.
    lengths = np.linalg.norm(columns, axis=0)
    slack = unit_of_products(len(T)) * float(lengths @ np.linalg.norm(T, axis=1))
    return Quadratic(
        source,
        whitening,
        ridge,
        columns,
        n_targets,
        objective,
        scope,
        slack,
        slack + _of_sum(view.n_rows, T.shape[1]),
        _n_left_out(T, scaled, lengths, view.n_rows),
    )


def unit_of_products(n_columns):
    """Return by how much a product of a row is off, beside that of absolute values."""
    return (min(n_columns, 8 * np.sqrt(n_columns)) + 3) * UNIT


def _of_sum(n_terms, trace, n_columns=0):
    """Return the rounding of a Gram matrix: ``8 sqrt(n)`` units, by its trace."""
    return 8 * (np.sqrt(n_terms) + n_columns) * UNIT * trace


def _n_left_out(T, penalty, lengths, n_rows):
    """Return the number of directions of no length that T does not hold.

    Columns of zeros are none of them, nor is what only the penalty knows: there, the
    ratio is 1.
    """
    free = np.count_nonzero(lengths[penalty == 0])
    shrunk = np.count_nonzero(lengths[penalty > 0])
    return max(0, int(free + min(shrunk, n_rows)) - T.shape[1])


def linear_models(fit_intercept):
    """Say which models a certificate is about."""
    return f"every linear model {'with' if fit_intercept else 'without'} an intercept"


def certificate(quadratic, selection):
    """Return the `Certificate` of a selection: what holds whatever rounding did."""
    whitening, r = quadratic.whitening, quadratic.whitening.transform.shape[1]
    gram = quadratic.ridge.copy()
    if len(selection):
        block = quadratic.rows.gather(selection.indices)
        block = block._replace(weight=selection.weights)
        for product in whitened_rows(block, whitening):
            gram += product.T @ product
    lower, upper = 1.0, 1.0
    if r:
        lower, upper = _extremes(gram, quadratic, len(selection))
    known = bool(np.isfinite(upper))
    return from_ratios(
        quadratic.objective,
        lower,
        upper,
        "exact",
        quadratic.scope,
        excess=_excess(gram, quadratic) if quadratic.n_targets and known else None,
        n_left_out=quadratic.n_left_out,
    )


def _extremes(gram, quadratic, n_selected):
    """Return bounds of the smallest and the largest ratio.

    A ratio is a square: that of the length of ``S T z``, known up to `slack` times the
    square root of the largest ratio, over that of ``A T z``, known up to `drift`.
    """
    slack, drift = quadratic.slack, quadratic.drift
    if slack + drift > 0.5:
        return 0.0, np.inf
    noise = _of_sum(n_selected, np.trace(gram), len(gram))
    values = np.linalg.eigvalsh(gram)
    longest = np.sqrt(values[-1] + noise) / (1 - slack - drift)
    if quadratic.objective == "pca, centred":
        moved = 2 * slack * longest**2 + noise
        return _centred_extremes(gram, quadratic, moved)
    shortest = np.sqrt(max(0.0, values[0] - noise)) - slack * longest
    return max(0.0, shortest / (1 + drift)) ** 2, longest**2


def _centred_extremes(gram, quadratic, moved):
    """Return bounds of the ratios at the best intercepts; `gram` is off by `moved`."""
    drift = 2 * quadratic.drift
    gram, shift = _centred(gram, quadratic.columns[:, -1])
    if not len(gram):
        return 1.0, 1.0
    values = np.linalg.eigvalsh(gram)
    # The column of ones is off as well, by `drift`, and turns the coordinates.
    noise = (moved + 2 * drift * (values[-1] + moved)) * (1 + shift @ shift)
    return (
        max(0.0, (values[0] - noise) / (1 + drift)),
        max(0.0, values[-1] + noise) / (1 - drift),
    )


def _centred(gram, ones):
    """Return the Gram matrix that is left at the best intercept, and that intercept."""
    basis = np.linalg.qr(ones[:, None], mode="complete")[0]
    gram = basis.T @ gram @ basis
    inner, shift = gram[1:, 1:], np.zeros(len(gram) - 1)
    if gram[0, 0] > 0:
        shift = gram[1:, 0] / gram[0, 0]
        inner = inner - np.outer(gram[1:, 0], shift)
    return inner, shift


def _excess(gram, quadratic):
    """Return how far the fit to the selection is above the best fit, relatively.

    What the features leave of the targets are the columns of ``left``; the fit to the
    selection adds ``basis @ moved`` to these.
    """
    columns, n_targets = quadratic.columns, quadratic.n_targets
    last = columns.shape[1] - quadratic.whitening.fit_intercept
    at = np.arange(last - n_targets, last)
    T = quadratic.whitening.transform
    if T.shape[0] == T.shape[1]:
        # T C = I: rows of T for targets are orthogonal to the columns of features.
        basis, upper = np.linalg.qr(T[at].T, mode="complete")
        left = basis[:, :n_targets] @ np.linalg.inv(upper[:n_targets]).T
        basis = basis[:, n_targets:]
    else:
        features = np.delete(columns, at, axis=1)
        lengths = np.linalg.norm(features, axis=0)
        lengths[lengths == 0] = 1.0
        basis, singular, _ = np.linalg.svd(features / lengths, full_matrices=False)
        basis = basis[:, singular > 1e-10 * singular.max(initial=1e-300)]
        left = columns[:, at] - basis @ (basis.T @ columns[:, at])
    normal = basis.T @ gram @ basis
    moved, _, rank, _ = np.linalg.lstsq(normal, basis.T @ gram @ left, rcond=1e-12)
    if rank < len(normal):  # many fits: the one of least norm
        inside = basis.T @ columns[:, at]
        fitted = np.linalg.lstsq(normal, normal @ inside, rcond=1e-12)[0]
        moved = moved + fitted - inside
    best, gap = np.sum(left**2), np.sum(moved**2)
    # Targets that are a linear function of the features leave nothing to divide by.
    smallest = 1e-24 * np.sum(columns[:, at] ** 2)
    if best <= smallest:
        return 0.0 if gap <= smallest else float("inf")
    return float(gap / best)

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
    """

    rows: object
    whitening: Whitening
    ridge: np.ndarray
    columns: np.ndarray
    n_targets: int
    objective: str
    scope: str


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
        view, alpha=penalty, fit_intercept=fit_intercept, solver="auto", seed=0
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
    return Quadratic(source, whitening, ridge, columns, n_targets, objective, scope)


def linear_models(fit_intercept):
    """Say which models a certificate is about."""
    return f"every linear model {'with' if fit_intercept else 'without'} an intercept"


def certificate(quadratic, selection):
    """Return the `Certificate` of a selection."""
    whitening, r = quadratic.whitening, quadratic.whitening.transform.shape[1]
    gram = quadratic.ridge.copy()
    if len(selection):
        block = quadratic.rows.gather(selection.indices)
        block = block._replace(weight=selection.weights)
        for product in whitened_rows(block, whitening):
            gram += product.T @ product
    if quadratic.objective == "pca, centred":
        gram = _centred(gram, quadratic.columns[:, -1])
        r -= 1
    ratios = _spectrum(gram) if r else np.ones(1)
    excess = _excess(gram, quadratic) if quadratic.n_targets else None
    return from_ratios(
        quadratic.objective,
        ratios[0],
        ratios[-1],
        "exact",
        quadratic.scope,
        excess=excess,
    )


def _spectrum(gram):
    """Return the eigenvalues of a positive semidefinite matrix, noise cut to 0.

    Rounding in the sums of r terms that made the matrix, and in the solver, moves an
    eigenvalue by at most a small multiple of ``r eps`` times the trace.
    """
    eigenvalues = np.linalg.eigvalsh(gram)
    noise = 4 * len(gram) * np.finfo(np.float64).eps * np.trace(gram)
    return np.where(eigenvalues > noise, eigenvalues, 0.0)


def _centred(gram, ones):
    """Return the Gram matrix that is left at the best intercept."""
    basis = np.linalg.qr(ones[:, None], mode="complete")[0]
    gram = basis.T @ gram @ basis
    inner = gram[1:, 1:]
    if gram[0, 0] > 0:
        inner = inner - np.outer(gram[1:, 0], gram[1:, 0]) / gram[0, 0]
    return inner


def _excess(gram, quadratic):
    """Return how far the fit to the selection is above the best fit, relatively."""
    columns, n_targets = quadratic.columns, quadratic.n_targets
    last = columns.shape[1] - quadratic.whitening.fit_intercept
    targets = columns[:, last - n_targets : last]
    features = np.delete(columns, np.s_[last - n_targets : last], axis=1)
    lengths = np.linalg.norm(features, axis=0)
    lengths[lengths == 0] = 1.0
    basis, singular, _ = np.linalg.svd(features / lengths, full_matrices=False)
    basis = basis[:, singular > 1e-10 * singular.max(initial=1e-300)]
    inside = basis.T @ targets
    best = np.sum((targets - basis @ inside) ** 2)
    normal = basis.T @ gram @ basis
    moved = -np.linalg.lstsq(normal, basis.T @ gram @ targets, rcond=1e-12)[0]
    gap = np.sum((moved + inside) ** 2)
    # Targets that are a linear function of the features leave nothing to divide by.
    smallest = 1e-24 * np.sum(targets**2)
    if best <= smallest:
        return 0.0 if gap <= smallest else float("inf")
    return float(gap / best)

"""Exact certificates of sums of squares: least squares, ridge, principal components.

Let A have the columns [X, y, 1] of all rows, S hold the weighted rows of the selection,
and T be such that ``A T`` is orthonormal. Over all v, the extremes of
``|S v|**2 / |A v|**2`` are the extreme eigenvalues of ``(S T)'(S T)``. A ridge penalty
is added to both sums of squares.
"""

from typing import NamedTuple

import numpy as np

from coreselect._numbers import in_unit
from coreselect.certificates._certificate import from_ratios
from coreselect.linalg import (
    Orthonormalizer,
    leverage_whitening,
    ridge_of,
    whitened_columns,
    whitened_rows,
)
from coreselect.rows.targets import WithTargets

UNIT = np.finfo(np.float64).eps / 2


class Quadratic(NamedTuple):
    """Facts about all rows that certificates of sums of squares need."""

    # `Rows` or `WithTargets`, from which the rows of a selection are gathered.
    rows: object
    whitening: Orthonormalizer
    # The term that the penalty adds to a Gram matrix of whitened rows, (r, r).
    ridge: np.ndarray
    # The columns of A in the coordinates of A T, (r, n_columns).
    columns: np.ndarray
    n_targets: int
    objective: str
    # The models that certificates refer to, in words.
    scope: str
    # Bounds on the norm of the rounding errors of the products A T, and on the distance
    # of the singular values of A T from 1.
    slack: float
    drift: float
    # Number of directions in which no row is longer than rounding errors.
    n_left_out: int


def learn(rows, *, objective, fit_intercept, alpha, exponent=0):
    """Read all rows and return a `Quadratic` for least squares, ridge or pca.

    `alpha` is used for ``"ridge"`` only; neither targets nor intercept are penalised.
    It is in the unit of the weights before these were divided by ``2**exponent``.
    """
    n_features, n_targets, source = rows.n_features, 0, rows
    view = rows.subset()
    if objective != "pca":
        view, source = WithTargets(view), WithTargets(rows)
        n_targets = view.n_targets
    penalty = np.zeros(n_features + n_targets + fit_intercept)
    if objective == "ridge":
        penalty[:n_features] = in_unit(alpha, exponent)
    whitening = leverage_whitening(
        view,
        alpha=penalty,
        fit_intercept=fit_intercept,
        corrected=True,
    )
    T, scale = whitening.transform, whitening.scale
    scaled = ridge_of(penalty, len(penalty), scale)
    columns = whitened_columns(view, whitening) + T.T * scaled
    ridge = (T.T * scaled) @ T
    if objective == "pca":
        features = "centred features" if fit_intercept else "features"
        scope = f"every linear function of the {features}"
        objective = "pca, centred" if fit_intercept else "pca"
    else:
        scope = linear_models(fit_intercept)
        scope += f" and alpha={alpha:g}" if objective == "ridge" else ""
    # The error of a product is at most a unit of |row| |T| (see `linalg`), entry by
    # entry. Over all rows, the lengths of the columns take the place of the row. The
    # drift adds the rounding of the Gram matrix of the products, which T was made from.
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
    """Return the error of a product of a row, relative to that of absolute values."""
    # The smaller of the certain bound and the probabilistic one, plus three roundings.
    return (min(n_columns, 8 * np.sqrt(n_columns)) + 3) * UNIT


def _of_sum(n_terms, trace, n_columns=0):
    """Bound the rounding of a Gram matrix: ``8 sqrt(n)`` units of its trace."""
    return 8 * (np.sqrt(n_terms) + n_columns) * UNIT * trace


def _n_left_out(T, penalty, lengths, n_rows):
    """Return the number of directions that rounding hides, so that T lacks them."""
    # Columns of zeros do not count, nor do directions that only the penalty determines
    # (of more penalised columns than rows): their ratio is 1.
    free = np.count_nonzero(lengths[penalty == 0])
    shrunk = np.count_nonzero(lengths[penalty > 0])
    return max(0, int(free + min(shrunk, n_rows)) - T.shape[1])


def linear_models(fit_intercept):
    """Return a description of the models that a certificate refers to."""
    return f"every linear model {'with' if fit_intercept else 'without'} an intercept"


def certificate(quadratic, selection):
    """Return the `Certificate` of a selection, rounding errors included."""
    # The whitened Gram matrix of all rows (with the penalty) is the identity, so only
    # the selected rows are read.
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
    # T lacks columns of zeros that are penalised: there, both sums are the penalty.
    if quadratic.objective == "ridge" and r < len(whitening.transform):
        lower, upper = min(lower, 1.0), max(upper, 1.0)
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
    """Return bounds of the smallest and the largest ratio."""
    # The square root of a ratio is |S T z| / |A T z|. The numerator is known up to
    # `slack` times the root of the largest ratio, the denominator up to `drift`.
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
    """Return bounds of the ratios at the best intercepts; `gram` has error `moved`."""
    drift = 2 * quadratic.drift
    gram, shift = _centred(gram, quadratic.columns[:, -1])
    if not len(gram):
        return 1.0, 1.0
    values = np.linalg.eigvalsh(gram)
    # The column of ones has an error of `drift`, too, which rotates the coordinates.
    noise = (moved + 2 * drift * (values[-1] + moved)) * (1 + shift @ shift)
    return (
        max(0.0, (values[0] - noise) / (1 + drift)),
        max(0.0, values[-1] + noise) / (1 - drift),
    )


def _centred(gram, ones):
    """Return the Gram matrix at the best intercept, and that intercept."""
    # The first axis is that of the column of ones. Minimising over the intercept leaves
    # the Schur complement of its entry.
    basis = np.linalg.qr(ones[:, None], mode="complete")[0]
    gram = basis.T @ gram @ basis
    inner, shift = gram[1:, 1:], np.zeros(len(gram) - 1)
    if gram[0, 0] > 0:
        shift = gram[1:, 0] / gram[0, 0]
        inner = inner - np.outer(gram[1:, 0], shift)
    return inner, shift


def _excess(gram, quadratic):
    """Return the relative excess of the fit to the selection over the best fit."""
    # The residuals of the best fit are the columns of `left`. The fit to the selection
    # adds `basis @ moved` to them, which is orthogonal to `left`: squares add up.
    columns, n_targets = quadratic.columns, quadratic.n_targets
    last = columns.shape[1] - quadratic.whitening.fit_intercept
    at = np.arange(last - n_targets, last)
    T = quadratic.whitening.transform
    if T.shape[0] == T.shape[1]:
        # With C the columns, T C = I. So the rows of T for targets are orthogonal to
        # the columns of features.
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
    # If targets are a linear function of the features, the best fit has no residuals.
    smallest = 1e-24 * np.sum(columns[:, at] ** 2)
    if best <= smallest:
        return 0.0 if gap <= smallest else float("inf")
    return float(gap / best)

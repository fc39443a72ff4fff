"""Lower and upper bounds of the largest share of a row in ``|A x|_p**p``.

For weights omega > 0, let ``M = (A' diag(omega) A)^-1`` and ``x = M a``. Then x itself
gives the lower bound ``|a'x|**p / |A x|_p**p``. The vector ``u = diag(omega) A x``
satisfies ``A'u = a``, so that ``|a'z| <= |u|_q |A z|_p`` for every z (Hoelder's
inequality). This gives the upper bound ``|u|_q**p``. Iteratively reweighted least
squares makes the two bounds converge.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from coreselect._typing import Floats

_NUMBERS = 2**17  # residuals held at a time
_MOST_PRODUCTS = 2**23  # entries of products of two columns of A, if these are kept
_SMALLEST = 1e-12  # residuals are raised to this share of the largest


def share_bounds(
    A: Floats,
    targets: Floats,
    p: float,
    *,
    n_iter: int,
    tol: float,
    weights: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Return lower and upper bounds of the largest shares of rows, for p >= 1.

    `A`, of shape (n, r), has orthonormal columns, up to a common factor of at least
    one. The `targets`, of shape (m, r), need not be rows of A. Iterations stop after
    `n_iter`, or when the bounds are within a relative `tol`. `weights` are the initial
    omega.
    """
    # Shares scale with the length of the target to the power p. So targets of length
    # one are solved, and logarithms shifted. Batches are small enough for their
    # residuals to stay in cache.
    grams = _grams_of(A)
    lengths = np.linalg.norm(targets, axis=1)
    lower, upper = np.zeros(len(targets)), np.zeros(len(targets))
    nonzero = np.flatnonzero(lengths)
    step = min(256, _NUMBERS // len(A), _NUMBERS * 32 // A.shape[1] ** 2)
    for k in range(0, len(nonzero), max(1, step)):
        at = nonzero[k : k + max(1, step)]
        units = targets[at] / lengths[at, None]
        found = _batch(A, grams, units, p, n_iter, tol, weights)
        with np.errstate(over="ignore"):
            lower[at], upper[at] = np.exp(found + p * np.log(lengths[at]))
    return lower, upper


def _grams_of(A):
    """Return a function that maps columns omega to matrices ``A' diag(omega) A``."""
    # If the products of all pairs of columns fit in memory, one matrix product forms
    # the matrices of all targets.
    n, r = A.shape
    i, j = np.triu_indices(r)
    if n * len(i) > _MOST_PRODUCTS:
        return lambda omega: np.array([A.T @ (w[:, None] * A) for w in omega.T])
    products = (A[:, i] * A[:, j]).T

    def of(omega):
        found = np.empty((omega.shape[1], r, r))
        found[:, i, j] = found[:, j, i] = (products @ omega).T
        return found

    return of


def _batch(A, grams, targets, p, n_iter, tol, weights):
    """Return the logarithms of the bounds for a batch of targets of length one."""
    if p == 1:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.log(_interior(A, grams, targets, n_iter, tol))
    m = len(targets)
    omega = (
        np.ones((len(A), m)) if weights is None else np.repeat(weights[:, None], m, 1)
    )
    lower, upper, at = np.full(m, -np.inf), np.full(m, np.inf), np.arange(m)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(n_iter):
            x = _solve(grams(omega), targets)
            residuals = A @ x.T
            size = abs(residuals) / np.einsum("ij,ij->i", x, targets)
            lower[at] = np.fmax(lower[at], -p * _log_norm(size, p))
            upper[at] = np.fmin(upper[at], _log_dual(abs(omega * residuals), p))
            # Each target stops on its own, so results do not depend on the batch.
            left = upper[at] > np.log1p(tol) + lower[at]
            if not left.any():
                break
            at, targets = at[left], targets[left]
            omega = _reweighted(omega[:, left], size[:, left], p)
    return np.array([lower, upper])


def _solve(grams, targets):
    """Solve a symmetric system per target, by the pseudoinverse if one is singular."""
    try:
        return np.linalg.solve(grams, targets[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        inverses = np.linalg.pinv(grams, hermitian=True)
        return np.einsum("kij,kj->ki", inverses, targets)


def _log_norm(u, p):
    """Return the logarithm of ``|u|_p`` of every column."""
    largest = u.max(axis=0)
    return np.log(largest) + np.log(((u / largest) ** p).sum(axis=0)) / p


def _log_dual(u, p):
    """Return the logarithm of ``|u|_q**p`` of every column."""
    return p * _log_norm(u, p / (p - 1))


def _reweighted(omega, size, p):
    """Return the next weights, damped if plain reweighting would oscillate."""
    # omega = |residual|**(p - 2) is a fixed point at the solution. The plain step
    # contracts for p < 3; beyond, it overshoots and would oscillate.
    size = np.maximum(size, _SMALLEST * size.max(axis=0))
    if p < 3:
        omega = size ** (p - 2)
    else:
        omega = omega ** (1 - 1 / (p - 1)) * size ** ((p - 2) / (p - 1))
    return omega / omega.max(axis=0)


def _interior(A, grams, targets, n_iter, tol):
    """Return the bounds for p = 1 by a primal-dual interior point method.

    The linear programs ``min |A x|_1, a'x = 1`` and ``max c, A'u = c a, |u| <= 1`` are
    dual to each other. With ``A x = v - w``, Newton steps aim at ``v (1 - u) = w (1 +
    u) = mu`` (Mehrotra's predictor and corrector), for many targets at a time. Targets
    have length one, A has orthonormal columns.
    """
    n, m = len(A), len(targets)
    lower, upper, at = np.zeros(m), np.full(m, np.inf), np.arange(m)
    # The start x = a satisfies a'x = 1; v and w are kept off zero by the mean residual,
    # and u = 0 is in the middle of its bounds.
    x = targets.copy()
    residuals = A @ x.T
    slack = abs(residuals).mean(axis=0)
    u = np.zeros((n, m))
    v, w = np.maximum(residuals, 0) + slack, np.maximum(-residuals, 0) + slack
    for _ in range(n_iter):
        share = abs(np.einsum("ij,ij->i", x, targets)) / abs(A @ x.T).sum(axis=0)
        lower[at] = np.fmax(lower[at], share)
        pull = (A.T @ u).T
        c = np.einsum("ij,ij->i", targets, pull)
        # Since |z| <= |A z|_1, the residual of A'u = c a adds its length to the bound.
        off = np.linalg.norm(pull - c[:, None] * targets, axis=1)
        upper[at] = np.fmin(upper[at], np.where(c > 0, (1 + off) / c, np.inf))
        open_ = (upper[at] > (1 + tol) * lower[at]) & np.isfinite(x).all(axis=1)
        if not open_.any():
            break
        if not open_.all():
            at, x, targets = at[open_], x[open_], targets[open_]
            u, v, w = u[:, open_], v[:, open_], w[:, open_]
        x, u, v, w = _newton_step(A, grams, targets, x, u, v, w)
    return lower, upper


def _newton_step(A, grams, targets, x, u, v, w):
    """Take one predictor-corrector step, nearly as far as the bounds allow."""
    # The predictor aims at mu = 0; how far it gets sets the mu of the corrector.
    # Eliminating v, w and u leaves one r x r system per target, with weights theta.
    p, q = 1 - u, 1 + u
    by_v, by_w = v / p, w / q
    theta = 1 / (by_v + by_w)
    matrices = grams(theta)
    to_target = _solve(matrices, targets)
    at_target = np.einsum("ij,ij->i", to_target, targets)
    ahead = theta * (A @ (to_target / at_target[:, None]).T)
    dv, dw = by_v * ahead - v, -by_w * ahead - w
    long = np.minimum(_room(v, dv), _room(w, dw))
    short = np.minimum(_room(p, -ahead), _room(q, ahead))
    mu = (v * p + w * q).sum(axis=0) / (2 * len(A))
    left = (v + long * dv) * (p - short * ahead) + (w + long * dw) * (q + short * ahead)
    aim = mu * (left.sum(axis=0) / (2 * len(A) * mu)) ** 3
    up, down = (aim + dv * ahead) / p, (aim - dw * ahead) / q
    g = up - down
    x_new = _solve(matrices, (A.T @ (theta * g)).T)
    missing = 1 - np.einsum("ij,ij->i", x_new, targets)
    x_new += (missing / at_target)[:, None] * to_target
    du = theta * (A @ x_new.T - g)
    dv, dw = up - v + by_v * du, down - w - by_w * du
    long = 0.9995 * np.minimum(_room(v, dv), _room(w, dw))
    short = 0.9995 * np.minimum(_room(p, -du), _room(q, du))
    return x + long[:, None] * (x_new - x), u + short * du, v + long * dv, w + long * dw


def _room(v, dv):
    """Return the largest step along dv, at most 1, that keeps v non-negative."""
    ratio = np.where(dv < 0, -v / np.where(dv < 0, dv, -1.0), np.inf)
    return np.minimum(1.0, ratio.min(axis=0))


def by_vertices(A: Floats, p: float, weight: Floats) -> Floats:
    """Return the largest shares of weighted rows for p <= 1 and up to 3 columns.

    The share of a row is largest in a direction in which r - 1 independent residuals
    vanish, for r columns. All such directions are tried.
    """
    # With the residual of a row held at one, the sum of the others to the power p <= 1
    # is concave between the hyperplanes on which a residual vanishes. So it is least,
    # and the share largest, where such hyperplanes meet.
    n, r = A.shape
    if r == 1:
        size = weight * abs(A[:, 0]) ** p
        return size / size.sum()
    largest = np.zeros(n)
    rows = A[A.any(axis=1)]
    if r == 2:
        batches: Iterable[Floats] = [np.column_stack([-rows[:, 1], rows[:, 0]])]
    else:
        batches = (np.cross(rows[k], rows[k + 1 :]) for k in range(len(rows) - 1))
    for directions in batches:
        norms = np.linalg.norm(directions, axis=1)
        directions = directions[norms > 1e-12 * norms.max(initial=1e-300)]
        for start in range(0, len(directions), max(1, _NUMBERS // n)):
            part = directions[start : start + max(1, _NUMBERS // n)]
            size = abs(A @ part.T)
            size[size < 1e-13 * size.max(axis=0)] = 0.0
            size = weight[:, None] * size**p
            np.fmax(largest, (size / size.sum(axis=0)).max(axis=1), out=largest)
    return largest

"""Slow, obvious twins of Lewis weights, sensitivities and mu, each by another route."""

import itertools

import numpy as np
from scipy.optimize import linprog, minimize


def rescaled_leverage(A, w, p):
    """Leverage scores of the rows rescaled by weights, through a pseudo-inverse."""
    B = A * (w ** (0.5 - 1 / p))[:, None]
    return np.einsum("ij,jk,ik->i", B, np.linalg.pinv(B.T @ B), B)


def lewis_by_contraction(A, p, n_iter=300):
    """Cohen and Peng's map, which contracts for p < 4; full rank only."""
    w = np.full(len(A), A.shape[1] / len(A))
    for _ in range(n_iter):
        M = np.linalg.inv(A.T @ (A * (w ** (1 - 2 / p))[:, None]))
        w = np.einsum("ij,jk,ik->i", A, M, A) ** (p / 2)
    return w


def sensitivity_by_descent(A, i, p):
    """``1 / min |A x|_p**p`` over ``a_i'x = 1``, by BFGS in the null space; p > 1."""
    a = A[i]
    base = a / (a @ a)
    null = np.linalg.svd(a[None])[2][1:].T

    def loss(z):
        r = A @ (base + null @ z)
        grad = null.T @ (A.T @ (p * np.sign(r) * abs(r) ** (p - 1)))
        return (abs(r) ** p).sum(), grad

    start = -np.linalg.lstsq(A @ null, A @ base, rcond=None)[0]
    found = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-12})
    return 1 / found.fun


def sensitivity_by_program(A, i):
    """``max a_i'x`` subject to ``|A x|_1 <= 1``, the primal linear program."""
    n, d = A.shape
    identity = np.eye(n)
    found = linprog(
        np.append(-A[i], np.zeros(n)),
        A_ub=np.vstack(
            [
                np.hstack([A, -identity]),
                np.hstack([-A, -identity]),
                np.append(np.zeros(d), np.ones(n)),
            ]
        ),
        b_ub=np.append(np.zeros(2 * n), 1.0),
        bounds=[(None, None)] * d + [(0, None)] * n,
    )
    return -found.fun


def sensitivities_by_vertices(A, p):
    """The largest shares where d - 1 rows vanish; for p <= 1."""
    n, d = A.shape
    best = np.zeros(n)
    for rows in itertools.combinations(range(n), d - 1):
        x = np.linalg.svd(A[list(rows)])[2][-1]
        size = abs(A @ x)
        size[list(rows)] = 0
        best = np.maximum(best, size**p / (size**p).sum())
    return best


def mu_by_program(Z):
    """1 + max 1'Zb over ``t >= -Zb, t >= 0, sum t <= 1``; infinite if unbounded."""
    n, d = Z.shape
    found = linprog(
        np.append(-Z.sum(axis=0), np.zeros(n)),
        A_ub=np.vstack(
            [np.hstack([-Z, -np.eye(n)]), np.append(np.zeros(d), np.ones(n))]
        ),
        b_ub=np.append(np.zeros(n), 1.0),
        bounds=[(None, None)] * d + [(0, None)] * n,
    )
    return np.inf if found.status == 3 else 1 - found.fun


def absolute_ratio_extremes(A, w, s):
    """Extremes of ``sum s |A v| / sum w |A v|`` over all vertices."""
    ratios = []
    for rows in itertools.combinations(range(len(A)), A.shape[1] - 1):
        v = np.linalg.svd(A[list(rows)])[2][-1]
        size = abs(A @ v)
        ratios.append(s @ size / (w @ size))
    return min(ratios), max(ratios)

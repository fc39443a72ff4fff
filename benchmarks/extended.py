"""Leverage scores in extended precision, to measure errors of those in double.

A Householder QR in ``numpy.longdouble`` (64 bits of mantissa on x86) and a triangular
solve. Its relative error is about 1e-19 times the condition number: 1e-9 at condition
1e10, four digits below the errors that are measured.
"""

import numpy as np

# On some machines long double is no wider than double, so nothing can be measured.
AVAILABLE = np.finfo(np.longdouble).eps < 1e-18


def triangular_factor(X):
    """Return R of a Householder QR of `X`, in long double."""
    A = np.array(X, dtype=np.longdouble)
    d = A.shape[1]
    for j in range(d):
        v = A[j:, j].copy()
        v[0] += np.copysign(np.sqrt(v @ v), v[0])
        v /= np.sqrt(v @ v)
        A[j:, j:] -= 2 * np.outer(v, v @ A[j:, j:])
    return np.triu(A[:d])


def rank(X, tolerance=1e-12):
    """Return the rank of `X`, by Gram-Schmidt with pivots, each step done twice.

    Raises if a column is neither dependent on the others, up to 1e-14 of its length,
    nor more than a million times as far from them.
    """
    Q = np.array(X, dtype=np.longdouble)
    lengths = np.sqrt((Q**2).sum(axis=0))
    Q /= np.where(lengths > 0, lengths, 1)
    for k in range(Q.shape[1]):
        norms = np.sqrt((Q[:, k:] ** 2).sum(axis=0))
        pivot = k + int(norms.argmax())
        if norms.max() <= tolerance:
            assert norms.max() < 1e-14, f"a column is {norms.max()} from the others"
            return k
        assert norms.max() > 1e-8, f"a column is {norms.max()} from the others"
        Q[:, [k, pivot]] = Q[:, [pivot, k]]
        Q[:, k] /= norms.max()
        for _ in range(2):
            Q[:, k + 1 :] -= np.outer(Q[:, k], Q[:, k] @ Q[:, k + 1 :])
    return Q.shape[1]


def leverage_scores(X):
    """Return the leverage scores of `X` of full column rank, in long double.

    Each row is solved against R by forward substitution, which is accurate relative to
    the row's own score.
    """
    R = triangular_factor(X)
    X = np.asarray(X, dtype=np.longdouble)
    Z = np.empty_like(X)
    for j in range(X.shape[1]):
        Z[:, j] = (X[:, j] - Z[:, :j] @ R[:j, j]) / R[j, j]
    return (Z**2).sum(axis=1)


def matrix(n_rows, n_features, condition, rows):
    """Return a matrix of the given condition number and kind of rows.

    ``"normal"`` rows all matter alike; ``"heavy-tailed"`` ones differ by many orders of
    magnitude. Columns are mixed by a rotation, so that scaling them does not help.
    """
    rng = np.random.default_rng(0)
    B = rng.standard_normal((n_rows, n_features))
    if rows == "heavy-tailed":
        B *= np.exp(3 * rng.standard_normal(n_rows))[:, None]
    Q, _ = np.linalg.qr(B)
    V, _ = np.linalg.qr(rng.standard_normal((n_features, n_features)))
    return Q * np.geomspace(1, 1 / condition, n_features) @ V.T

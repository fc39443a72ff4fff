"""Exact extremes of a ratio of sums of absolute values, for at most three columns.

For rows ``a_i`` with weights w and s, ``sum s_i |a_i v| / sum w_i |a_i v|`` is a
quotient of linear functions between the directions v that some rows are orthogonal to,
so its extremes lie on directions orthogonal to as many independent rows as there
are columns, less one. In the plane these are sorted by angle; with three columns, each
row in turn leaves a plane.
"""

import numpy as np

MOST_COLUMNS = 3
ORTHOGONAL = 1e-12  # shorter than that beside the longest row: it does not turn
MOST_ROWS = 4000  # with three columns, for the cost is O(n**2 log n)


def extremes(A, w, s):
    """Return the smallest and the largest ratio over all v with a positive divisor.

    Parameters
    ----------
    A : ndarray of shape (n, r) of rank r, r <= 3
    w, s : ndarray of shape (n,)
        Weights in the divisor and in the dividend, ``s == 0`` where ``w == 0``.
    """
    if A.shape[1] == 0:
        return 1.0, 1.0
    if A.shape[1] == 1:
        ratio = s @ abs(A[:, 0]) / (w @ abs(A[:, 0]))
        return ratio, ratio
    if A.shape[1] == 2:
        return _in_plane(A, w, s)
    lowest, highest = np.inf, -np.inf
    for row in A[np.any(A != 0, axis=1)]:
        plane = np.linalg.qr(row[:, None], mode="complete")[0][:, 1:]
        low, high = _in_plane(A @ plane, w, s)
        lowest, highest = min(lowest, low), max(highest, high)
    return lowest, highest


def _in_plane(A, w, s):
    """Sweep the directions orthogonal to a row, with running sums of signed rows."""
    lengths = np.linalg.norm(A, axis=1)
    kept = lengths > ORTHOGONAL * lengths.max()
    A, w, s = A[kept], w[kept], s[kept]
    angle = np.arctan2(A[:, 1], A[:, 0])
    flip = angle < 0
    angle[flip] += np.pi
    A = np.where(flip[:, None], -A, A)  # every row in the upper half plane
    order = np.argsort(angle)
    A, w, s, angle = A[order], w[order], s[order], angle[order]
    # Just left of row k, orthogonal to it: rows before it have turned their sign.
    v = np.column_stack([-A[:, 1], A[:, 0]])
    sums = []
    for weight in (w, s):
        signed = np.cumsum(A * weight[:, None], axis=0)
        # Of v = J a_k: a_i v is positive for later angles, negative for earlier ones.
        sums.append(np.einsum("ij,ij->i", signed[-1] - 2 * signed, v))
    ratio = sums[1] / sums[0]
    return float(ratio.min()), float(ratio.max())

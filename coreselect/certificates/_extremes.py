"""Exact extremes of a ratio of sums of absolute values, for at most three columns.

For rows ``a_i`` with weights w and s, the ratio ``sum s_i |a_i v| / sum w_i |a_i v|``
is a quotient of linear functions of the direction v wherever no row is orthogonal to v.
So with r columns, its extremes lie at directions orthogonal to r - 1 independent rows.
In the plane, these are visited in the order of their angle. With three columns, the
plane orthogonal to each row is searched in turn.
"""

import numpy as np

MOST_COLUMNS = 3
ORTHOGONAL = 1e-12  # rows shorter than this share of the longest have no direction
MOST_ROWS = 4000  # limit with three columns, where the cost is O(n**2 log n)


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
    # With three columns, an extreme direction is orthogonal to two rows: to this one,
    # and to another one within the plane orthogonal to it.
    lowest, highest = np.inf, -np.inf
    for row in A[np.any(A != 0, axis=1)]:
        plane = np.linalg.qr(row[:, None], mode="complete")[0][:, 1:]
        low, high = _in_plane(A @ plane, w, s)
        lowest, highest = min(lowest, low), max(highest, high)
    return lowest, highest


def _in_plane(A, w, s):
    """Return the extreme ratios in the plane, over directions orthogonal to a row."""
    # The sum of |a_i v| is the product of v with the sum of signed rows. Sorted by
    # angle, the rows before row k and those after it have opposite signs at the v
    # orthogonal to row k, so cumulative sums give the signed sums for all k.
    lengths = np.linalg.norm(A, axis=1)
    kept = lengths > ORTHOGONAL * lengths.max()
    A, w, s = A[kept], w[kept], s[kept]
    angle = np.arctan2(A[:, 1], A[:, 0])
    flip = angle < 0
    angle[flip] += np.pi
    A = np.where(flip[:, None], -A, A)  # every row in the upper half plane
    order = np.argsort(angle)
    A, w, s, angle = A[order], w[order], s[order], angle[order]
    # Row k turned by a right angle.
    v = np.column_stack([-A[:, 1], A[:, 0]])
    sums = []
    for weight in (w, s):
        signed = np.cumsum(A * weight[:, None], axis=0)
        # The product a_i v is positive for later angles and negative for earlier ones.
        sums.append(np.einsum("ij,ij->i", signed[-1] - 2 * signed, v))
    ratio = sums[1] / sums[0]
    return float(ratio.min()), float(ratio.max())

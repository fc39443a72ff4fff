"""Greedy MAP inference for DPPs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from coreselect._numbers import power_of_two
from coreselect._typing import Column, Integers, RowsLike
from coreselect._validation import check_count, check_nonnegative
from coreselect.dpp.ensembles import check_kernel, rank_noise
from coreselect.neighbors import KernelRows

TIE = 1e-9  # relative; gains this close to the best are ties

_NOTHING = 1e-10  # residuals below this share of the diagonal mean dependent rows


class Dense:
    """A kernel matrix with the interface of `KernelRows` that `greedy` needs."""

    def __init__(self, L, quality, eps=0.0):
        # In a matrix that was rounded to float32, residuals of dependent rows are
        # larger.
        self.nothing = max(_NOTHING, rank_noise(len(L), eps) if eps > 1e-10 else 0.0)
        self.L = L if quality is None else quality[:, None] * L * quality
        self.n_rows = len(L)

    def row(self, number):
        return self.L[number].copy()

    def block(self, numbers, others):
        return self.L[np.ix_(numbers, others)]

    def diagonal(self):
        return np.diagonal(self.L).copy()


def source(L, features, quality):
    """Return the `KernelRows` or `Dense` of a kernel, a matrix or features."""
    if (L is None) == (features is None):
        raise ValueError("pass either L, a kernel, or features, not both.")
    if features is not None:
        return KernelRows(features, kernel="linear", quality=quality)
    if isinstance(L, (KernelRows, Dense)):
        if quality is not None:
            raise ValueError("quality: pass it to KernelRows, which makes the kernel.")
        return L
    L, eps = check_kernel(L, "L")
    if quality is not None:
        quality = check_nonnegative(quality, len(L), "quality")
    return Dense(L, quality, eps)


def map_dpp(
    L: ArrayLike | KernelRows | None = None,
    k: int | None = None,
    *,
    features: RowsLike | None = None,
    quality: Column = None,
) -> Integers:
    """Pick k rows greedily, each the one that increases ``det(L_S)`` most.

    Parameters
    ----------
    L : array-like of shape (n_rows, n_rows) or KernelRows, optional
        A kernel matrix, or data with a kernel whose rows are computed as they are
        picked.
    k : int
        At most the rank of L.
    features : {array-like, sparse matrix} of shape (n_rows, n_features), optional
        Alternative to L, for the kernel ``features @ features.T``.
    quality : array-like of shape (n_rows,), optional
        Non-negative; the kernel becomes ``quality_i L_ij quality_j``.

    Returns
    -------
    ndarray of int64 of shape (k,)
        Rows in the order of choice: the first m are the result for ``k=m``. Gains
        within a relative 1e-9 of the best are ties, and the lowest row is picked.

    Raises
    ------
    ValueError
        If the rank of L is less than k, L is not symmetric, or a negative eigenvalue of
        L shows up during the picks.

    See Also
    --------
    sample_kdpp : Draws rows at random.

    Notes
    -----
    A Cholesky factorisation with pivots [1]_: O(n k^2) time and O(n k) memory, in
    addition to k rows of the kernel. If no row can lower the determinant (all
    eigenvalues are at least 1), ``log det`` is at least ``1 - 1/e`` of the maximum;
    otherwise, there is no guarantee.

    References
    ----------
    .. [1] L. Chen, G. Zhang, E. Zhou, "Fast greedy MAP inference for determinantal
       point process", NeurIPS 2018, :arxiv:`1709.05135`.

    Examples
    --------
    >>> from coreselect.dpp import map_dpp
    >>> map_dpp(features=[[2.0, 0.0], [2.0, 0.1], [0.0, 1.0]], k=2)
    array([1, 2])
    """
    k = check_count(k, "k")
    found = greedy(source(L, features, quality), k)
    if len(found) < k:
        raise ValueError(
            f"k={k} is more than the rank {len(found)} of the kernel: all other rows "
            f"depend on that many rows; ask for at most {len(found)}."
        )
    return found


def greedy(kernel, k, turns=None):
    """Pick up to k rows, as many as are independent.

    Parameters
    ----------
    kernel : KernelRows or Dense
        Gives rows and a diagonal.
    k : int
    turns : Turns, optional
        Which rows may be picked next, and which must be, though they be dependent.
    """
    # left[i] is the squared distance of row i to the span of the rows chosen, in the
    # feature space of the kernel: the factor by which picking i multiplies the
    # determinant. Each pick adds a row to the Cholesky factor and updates `left`.
    left = kernel.diagonal()
    largest = left.max()
    if left.min() < 0:
        raise ValueError(
            f"the kernel must be positive semidefinite, but its diagonal holds "
            f"{left.min():.6g}."
        )
    # A power of two keeps squares from overflow without changing digits.
    scale = power_of_two(largest)
    left *= scale
    nothing = getattr(kernel, "nothing", _NOTHING) * left
    k = min(k, len(left))
    factor = np.zeros((k, len(left)))
    chosen = np.empty(k, dtype=np.int64)
    for t in range(k):
        allowed = None if turns is None else turns.open_rows()
        gains = np.where(left > nothing, left, -np.inf)
        if allowed is not None:
            gains[~allowed] = -np.inf
        best = gains.max()
        if best == -np.inf:
            if turns is None or turns.musts is None:
                return chosen[:t]
            # A row that must be in adds nothing to those before it.
            chosen[t] = pick = int(np.argmax(turns.musts))
            left[pick] = -np.inf
            turns.take(pick)
            continue
        pick = int(np.argmax(gains >= best * (1 - TIE)))
        if turns is not None:
            turns.take(pick)
        step = kernel.row(pick)
        step *= scale
        step -= factor[:t, pick] @ factor[:t]
        step /= np.sqrt(left[pick])
        factor[t] = step
        left -= step * step
        left[chosen[:t]] = left[pick] = -np.inf
        chosen[t] = pick
        least = left.min(where=left > -np.inf, initial=0.0) / scale
        if least < -1e-6 * largest:
            raise ValueError(
                "the kernel must be positive semidefinite, but beyond the rows picked "
                f"its diagonal becomes {least:.6g}, so an eigenvalue is negative."
            )
    return chosen

"""A Markov chain that converges to a k-DPP, for kernels given by their entries."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from coreselect._random import DRAW, draw_seed, stream
from coreselect._typing import Column, Integers, Seed
from coreselect._validation import check_count
from coreselect.dpp.greedy import map_dpp, source
from coreselect.dpp.projection import whole
from coreselect.neighbors import KernelRows

_REFRESH = 64  # accepted swaps after which the inverse is computed anew
_AHEAD = 1024  # proposed swaps whose random numbers are drawn at a time


def dpp_mcmc(
    L: ArrayLike | KernelRows,
    k: int,
    *,
    n_steps: int | None = None,
    start: ArrayLike | None = None,
    quality: Column = None,
    random_state: Seed = None,
) -> Integers:
    """Draw k rows from approximately a k-DPP by a Markov chain of swaps.

    Parameters
    ----------
    L : array-like of shape (n_rows, n_rows) or KernelRows
        A kernel matrix, or data with a kernel. The chain only needs single entries.
    k : int
        At most the rank of L.
    n_steps : int, optional
        Number of proposed swaps; ``10 n k`` by default.
    start : array-like of int of shape (k,), optional
        Initial rows of the chain; those of `map_dpp` by default.
    quality : array-like of shape (n_rows,), optional
        As in `sample_dpp`; not with KernelRows, which holds its own.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    ndarray of int64 of shape (k,), ascending

    Raises
    ------
    ValueError
        If `start` does not hold k rows of positive determinant.

    See Also
    --------
    sample_kdpp : Exact, and faster if there are features.

    Notes
    -----
    Each step proposes to swap one of the k rows, chosen uniformly, for another row, and
    accepts with the ratio of the determinants. The distribution is exact only in the
    limit: from a good start, its distance is at most epsilon after O(n k log(1 /
    epsilon)) steps [1]_. Use this for kernels that neither fit in memory nor have low
    rank, and `sample_kdpp` for all others. A step costs O(k^2) and k entries of L.

    References
    ----------
    .. [1] N. Anari, S. Oveis Gharan, A. Rezaei, "Monte Carlo Markov chain algorithms
       for sampling strongly Rayleigh distributions and determinantal point processes",
       COLT 2016, :arxiv:`1602.05242`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect.dpp import KernelRows, dpp_mcmc
    >>> X = np.random.default_rng(0).standard_normal((30, 2))
    >>> len(dpp_mcmc(KernelRows(X), 4, n_steps=200, random_state=0))
    4
    """
    k = check_count(k, "k")
    kernel = source(L, None, quality)
    n = kernel.n_rows
    steps = 10 * n * k if n_steps is None else check_count(n_steps, "n_steps")
    rows = map_dpp(kernel, k) if start is None else _start(start, k, n)
    if k in (0, n):
        return np.sort(rows)
    entries = _entries(kernel)
    rng = stream(draw_seed(random_state), DRAW)
    return np.sort(_swap(rows, entries, n, steps, rng))


def _start(start, k, n):
    rows = whole(start, "start")
    if rows.shape != (k,) or len(np.unique(rows)) < k or (rows < 0).any():
        raise ValueError(f"start must be {k} different row numbers, got {start!r}.")
    if k and rows.max() >= n:
        raise ValueError(f"start holds row {rows.max()}, but there are {n} rows.")
    return rows


def _entries(kernel):
    """Return a function of two sets of row numbers: the kernel between them."""
    if not isinstance(kernel, KernelRows):
        return kernel.block
    # The data are gathered once, because every step needs a few rows.
    data = kernel.whole()

    def block(numbers, others):
        out = kernel.between(data[numbers], data[others])
        if kernel.quality is not None:
            out *= np.outer(kernel.quality[numbers], kernel.quality[others])
        return out

    return block


def _swap(rows, entries, n, steps, rng):
    """Run the chain, with the inverse of the kernel matrix of its rows kept up."""
    # Random numbers are drawn for a fixed number of proposals at a time, so that the
    # chain does not depend on which of them were accepted.
    k = len(rows)
    inverse = _inverse(entries(rows, rows))
    member = np.zeros(n, dtype=bool)
    member[rows] = True
    accepted = 0
    for done in range(0, steps, _AHEAD):
        leaving = rng.integers(0, k, _AHEAD)
        coming = rng.integers(0, n, _AHEAD)
        levels = rng.random(_AHEAD)
        for t in range(min(_AHEAD, steps - done)):
            i, j = leaving[t], coming[t]
            if member[j]:  # such a proposal is one to stay: the chain is lazy
                continue
            # The ratio of determinants, by the Schur complements of both rows.
            b = entries(np.append(rows, j), [j]).ravel()
            w = inverse @ b[:-1]
            ratio = inverse[i, i] * (b[-1] - b[:-1] @ w) + w[i] ** 2
            if levels[t] >= ratio:
                continue
            member[rows[i]], member[j] = False, True
            rows[i] = j
            accepted += 1
            # Updates accumulate rounding errors, so the inverse is renewed at times.
            if accepted % _REFRESH == 0:
                inverse = _inverse(entries(rows, rows))
            else:
                inverse = _replace(inverse, i, b)
    return rows


def _inverse(block):
    try:
        np.linalg.cholesky(block)
    except np.linalg.LinAlgError:
        raise ValueError(
            "the chain needs rows with a positive determinant; start elsewhere, or "
            "with fewer rows."
        ) from None
    return np.linalg.inv(block)


def _replace(inverse, i, b):
    """Return the inverse after row and column i were replaced by those of a new row."""
    # Remove row i from the inverse, then border it with the new row.
    column = inverse[:, i].copy()
    kept = inverse - np.outer(column, column) / inverse[i, i]
    kept[i] = kept[:, i] = 0.0  # the inverse without i
    others = b[:-1].copy()
    others[i] = 0.0
    w = kept @ others
    schur = b[-1] - others @ w
    w[i] = -1.0
    return kept + np.outer(w, w) / schur

"""Volume sampling: subsets of a fixed size by the determinant of their Gram matrix.

``P(S)`` is proportional to ``det(X_S' X_S + alpha I)`` over the subsets of size s. By
the Cauchy-Binet formula, this is a mixture: a k-DPP of ``X X'`` together with s - k
uniform draws from the other rows. If ``alpha = 0``, k is the rank. Otherwise, k is
drawn with probability proportional to ``alpha^(d - k) e_k(lambda) C(n - k, s - k)``,
where e_k is the elementary symmetric polynomial of the eigenvalues lambda of ``X' X``.
"""

from __future__ import annotations

import numpy as np

from coreselect._random import DRAW, draw_seed, stream
from coreselect._scratch import by_parts
from coreselect._typing import Integers, RowsLike, Seed
from coreselect._validation import Real, check_count
from coreselect.dpp._mixture import Ensemble
from coreselect.dpp.bases import rows_whitened
from coreselect.dpp.ensembles import of_rows
from coreselect.dpp.projection import ProjectionDPP
from coreselect.rows import open as open_rows

ALPHA: Real = Real(0.0)


class Volume:
    """Volume sampling, prepared once to be sampled many times.

    Parameters
    ----------
    rows : Rows
    alpha : float
    fit_intercept : bool
    """

    def __init__(self, rows, alpha, *, fit_intercept=False):
        self.alpha = float(alpha)
        self.n_rows = rows.n_rows
        # Without a ridge, all rank eigenvectors are chosen, whatever their eigenvalues:
        # any orthonormal basis of the columns serves, and its inclusion probabilities
        # are leverage scores.
        if alpha > 0:
            self._ensemble = of_rows(rows, fit_intercept=fit_intercept)
        else:
            basis = rows_whitened(rows, fit_intercept=fit_intercept)
            self._ensemble = Ensemble(basis, np.zeros(basis.shape[1]))
        self.rank = self._ensemble.rank
        self._process = None if alpha > 0 else ProjectionDPP.from_basis(basis)

    def check_size(self, size, name):
        """Raise unless subsets of `size` can have a positive determinant."""
        if size > self.n_rows:
            raise ValueError(f"{name}={size} is more than the {self.n_rows} rows.")
        if 0 < size < self.rank and self.alpha == 0:
            raise ValueError(
                f"{name}={size} is less than the rank {self.rank} of X, so that every "
                f"subset has volume zero; ask for at least {self.rank} rows or use "
                "alpha > 0."
            )

    def sample(self, size, rng):
        """Draw `size` rows."""
        # The rows of the k-DPP span the directions; all others are drawn uniformly.
        if size == 0:
            return np.empty(0, dtype=np.int64)
        if self._process is not None:
            chosen = self._process.draw(rng)
        else:
            shares = self._shares(size)
            k = int(np.searchsorted(np.cumsum(shares), rng.random(), side="right"))
            chosen = self._ensemble.sample(min(k, len(shares) - 1), rng)
        others = _uniform_others(chosen, self.n_rows, size - len(chosen), rng)
        return np.concatenate([chosen, others])

    def _shares(self, size):
        """Return the probabilities that k = 0, 1, ... rows come from the k-DPP."""
        # Products of determinants and binomials leave the range of floats, so they are
        # added up as logarithms, less the largest.
        n, most = self.n_rows, min(size, self.rank)
        if self.alpha == 0:
            return np.append(np.zeros(self.rank), 1.0)
        k = np.arange(most + 1)
        # C(n - k, s - k) / C(n, s), as a cumulative product of ratios.
        ratios = (size - k[:-1]) / (n - k[:-1])
        log_shares = log_symmetric(self._ensemble.log_values, most)
        log_shares -= k * np.log(self.alpha)
        log_shares[1:] += np.cumsum(np.log(ratios))
        shares = np.exp(log_shares - log_shares.max())
        return shares / shares.sum()

    def inclusion(self, size, rows=slice(None)):
        """Return the inclusion probabilities of some rows in a subset of `size`."""
        if size == 0:
            return np.zeros(self.n_rows)[rows]
        along, uniform = np.zeros(self.rank), 0.0
        for k, share in enumerate(self._shares(size)):
            if share > 1e-17:
                # A row comes from the k-DPP, or else is among the uniform ones.
                free = (size - k) / (self.n_rows - k) if self.n_rows > k else 0.0
                along += share * (1 - free) * self._ensemble.marginals(k)
                uniform += share * free
        squares = self._ensemble.squares_times(along, rows)
        return by_parts(lambda part: np.minimum(1.0, part + uniform), squares)


def log_symmetric(log_values, most):
    """Return the logarithms of the elementary symmetric polynomials 0, ..., `most`.

    Examples
    --------
    >>> import numpy as np
    >>> np.exp(log_symmetric(np.log([2.0, 3.0, 4.0]), 3)).round(9)
    array([ 1.,  9., 26., 24.])
    """
    # e_k of the values so far is e_k of those before plus e_(k - 1) times the new one.
    # All terms are positive, so logarithms lose no digits.
    out = np.full(most + 1, -np.inf)
    out[0] = 0.0
    for value in log_values:
        out[1:] = np.logaddexp(out[1:], out[:-1] + value)
    return out


def _uniform_others(chosen, n_rows, size, rng):
    """Draw `size` of the rows that are not chosen, uniformly."""
    numbers = rng.choice(n_rows - len(chosen), size, replace=False, shuffle=False)
    # The number of the j-th other row is j plus the number of chosen rows before it.
    taken = np.sort(chosen)
    return numbers + np.searchsorted(taken - np.arange(len(taken)), numbers, "right")


def sample_volume(
    X: RowsLike, size: int, *, alpha: float = 0.0, random_state: Seed = None
) -> Integers:
    """Draw rows with probability proportional to ``det(X_S' X_S + alpha I)``.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_rows, n_features)
    size : int
        Number of rows: at least the rank of X if ``alpha = 0``, where dependent columns
        are reduced to independent ones first; any number if ``alpha > 0``.
    alpha : float, default=0.0
        Ridge.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    ndarray of int64 of shape (size,), ascending

    Raises
    ------
    ValueError
        If `size` is less than the rank and alpha is 0, or more than there are rows.

    See Also
    --------
    sample_volume_rescaled : Better for large `size` if some rows have high leverage.

    Notes
    -----
    Exact: a determinantal process together with uniform rows. *Unweighted* least
    squares on the sample is unbiased: ``E[pinv(X_S) y_S] = pinv(X) y``. If
    ``size = rank = d`` and rows are in general position, the expected loss over all
    rows is d + 1 times the least possible [1]_. For sizes far above the rank, most rows
    are uniform, and on data of high leverage the loss remains larger than the least
    possible by a constant factor [2]_. O(n d^2) once, then O(d^3 log d + size) per
    sample.

    References
    ----------
    .. [1] M. Derezinski, M. K. Warmuth, "Reverse iterative volume sampling for linear
       regression", JMLR 19, 2018, :arxiv:`1806.01969`.
    .. [2] M. Derezinski, M. K. Warmuth, D. Hsu, "Leveraged volume sampling for linear
       regression", NeurIPS 2018, :arxiv:`1802.06749`.

    Examples
    --------
    >>> from coreselect.dpp import sample_volume
    >>> sample_volume([[0.0], [0.0], [5.0]], 1, random_state=0)
    array([2])
    """
    size = check_count(size, "size")
    ALPHA("alpha", alpha)
    volume = Volume(open_rows(X), alpha)
    volume.check_size(size, "size")
    return np.sort(volume.sample(size, stream(draw_seed(random_state), DRAW)))

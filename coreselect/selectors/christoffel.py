"""Christoffel sampling: independent draws by leverage, conditioned on stability."""

from __future__ import annotations

from coreselect._typing import Features, Quotas, Seed, Size
from coreselect.base import Holds
from coreselect.selectors._draws import DrawsSelector


class ChristoffelSelector(DrawsSelector):
    """Draw rows independently by leverage until least squares on them is stable.

    Parameters
    ----------
    n_select : int or float, default=10
        Number of draws. Repeated rows merge, so fewer rows may be returned.
    min_eigenvalue : float in [0, 1], optional
        Draw again until every eigenvalue of the weighted Gram matrix is at least this;
        the mean of that matrix is the identity.
    max_draws : int, default=100
        Largest number of attempts to reach `min_eigenvalue`.
    fit_intercept : bool, default=False
        Whether to append a column of ones (without building it). Use True before an
        estimator with an intercept.
    quotas : dict, optional
        Refused by `fit`: the draw cannot fix how many rows come from a group.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    selection_ : Selection
        A row's weight is its number of draws over its expected number; use the weights
        for sums and for least squares.
    rank_ : int
        Numerical rank of X.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If none of `max_draws` samples reaches `min_eigenvalue`; the message states the
        largest value that was found.

    See Also
    --------
    VolumeRescaledSelector : Stable with far fewer draws.
    LeverageSelector : The same scores, with every sampling design.

    Notes
    -----
    Cost O(n d^2) and three passes to fit, then O(m d^2) a selection of m draws. A row
    of weight w counts as w copies. An orthonormal basis takes O(n d) memory. A large
    one of rows in a file, or under a memory budget, lives in a nameless scratch file.

    Rows are drawn with probability leverage / d. Leverage scores are the inverse of the
    Christoffel function: divided by them, the squared lengths of all rows of an
    orthonormal basis are 1. With ``m >= 6.52 d log(d / eta)`` draws, all eigenvalues
    are at least 1/2 with probability ``1 - eta`` [1]_. Least squares on independent
    draws is biased, and more so with fewer draws. Conditioning on `min_eigenvalue` adds
    a bias, to weighted sums too.

    References
    ----------
    .. [1] A. Cohen, G. Migliorati, "Optimal weighted least-squares methods", SMAI
       Journal of Computational Mathematics 3, 2017, :doi:`10.5802/smai-jcm.24`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import ChristoffelSelector
    >>> X = np.vander(np.linspace(-1, 1, 500), 4)
    >>> selector = ChristoffelSelector(60, min_eigenvalue=0.3, random_state=0).fit(X)
    >>> selector.rank_
    4
    """

    cli_name = "christoffel"
    passes = "3 (4 or 5 if ill-conditioned)"
    cost = "O(n d^2)"
    holds = Holds(per_row=16, per_value=8, squares=5)
    use_when = (
        "Weighted least squares from independent draws, many times d log d of them."
    )
    determinantal = False

    def __init__(
        self,
        n_select: Size = 10,
        *,
        min_eigenvalue: float | None = None,
        max_draws: int = 100,
        fit_intercept: bool = False,
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.min_eigenvalue = min_eigenvalue
        self.max_draws = max_draws
        self.fit_intercept = fit_intercept

    @classmethod
    def examples(cls):
        return [cls(n_select=10), cls(n_select=20, min_eigenvalue=0.05, max_draws=1000)]

"""Volume-rescaled sampling, for weighted least squares without bias."""

from __future__ import annotations

from coreselect._typing import Checks, Features, Quotas, Seed, Size
from coreselect.base import Holds
from coreselect.dpp.projection import CONDITION_CHECKS
from coreselect.selectors._draws import DrawsSelector


class VolumeRescaledSelector(DrawsSelector):
    """Draw rows so that weighted least squares on them is unbiased.

    The `n_select` draws have a joint density proportional to ``det(G)`` relative to
    independent draws by leverage, where G is the weighted Gram matrix of the draws.

    Parameters
    ----------
    n_select : int or float, default=10
        Total number of draws, split over the repetitions; each needs at least the rank
        of X. Repeated rows merge, so fewer rows may be returned.
    n_repeats : int, default=1
        Number of independent repetitions. With ``n_select = n_repeats * rank`` these
        are repeated projection DPPs, which have the smallest error.
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
        If `n_select` is less than ``n_repeats * rank``, or if none of `max_draws`
        samples reaches `min_eigenvalue`; the message states the largest value found.

    See Also
    --------
    ChristoffelSelector : Independent draws only; cheaper, but biased.
    LeverageSelector : Without repeats; in one dimension, pivotal draws are as even.

    Notes
    -----
    Cost O(n d^2) and three passes to fit, then O(d^3 log d + m) per selection of m
    draws, whatever n is. A row of weight w counts as w copies. An orthonormal basis
    takes O(n d) memory. A large one of rows in a file, or under a memory budget, lives
    in a nameless scratch file.

    With one repetition and no `min_eigenvalue`, weighted least squares is unbiased for
    every target. With as many draws as the rank d, its expected squared error is at
    most ``d + 1`` times the least possible [1]_. Several repetitions have a smaller
    error and a small bias. Conditioning on `min_eigenvalue` bounds the error of every
    single sample [2]_, and makes least squares and weighted sums slightly biased.

    References
    ----------
    .. [1] M. Derezinski, M. K. Warmuth, D. Hsu, "Unbiased estimators for random design
       regression", JMLR 23, 2022, :arxiv:`1907.03411`.
    .. [2] A. Nouy, B. Michel, "Weighted least-squares approximation with determinantal
       point processes and generalized volume sampling", :arxiv:`2312.14057`, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import VolumeRescaledSelector
    >>> X = np.vander(np.linspace(-1, 1, 500), 4)
    >>> selector = VolumeRescaledSelector(12, n_repeats=3, random_state=0).fit(X)
    >>> bool(selector.sample_weight_.sum() > 0), selector.rank_
    (True, 4)
    """

    cli_name = "volume-rescaled"
    passes = "3 (4 or 5 if ill-conditioned)"
    cost = "O(n d^2)"
    holds = Holds(per_row=16, per_value=8, squares=5)
    use_when = (
        "Weighted least squares from few rows, without bias or with a bound on the "
        "error of every sample."
    )
    parameter_checks: Checks = {
        "n_repeats": CONDITION_CHECKS["n_repeats"],
        **DrawsSelector.parameter_checks,
    }

    def __init__(
        self,
        n_select: Size = 10,
        *,
        n_repeats: int = 1,
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
        self.n_repeats = n_repeats
        self.min_eigenvalue = min_eigenvalue
        self.max_draws = max_draws
        self.fit_intercept = fit_intercept

    @classmethod
    def examples(cls):
        return [
            cls(n_select=10),
            cls(n_select=20, n_repeats=2),
            cls(n_select=20, fit_intercept=True),
            cls(n_select=20, min_eigenvalue=0.05, max_draws=1000),
        ]

"""Christoffel sampling: independent draws by leverage, conditioned on stability."""

from typing import ClassVar

from coreselect.selectors.volume_rescaled import _DrawsSelector


class ChristoffelSelector(_DrawsSelector):
    """Draw rows independently by leverage until least squares on them is stable.

    Parameters
    ----------
    n_select : int or float, default=10
        Number of draws. Repeats merge, so that fewer rows may come back.
    min_eigenvalue : float in [0, 1], optional
        Draw again until no eigenvalue of the weighted Gram matrix, whose mean is the
        identity, is below this.
    max_draws : int, default=100
        How often at most.
    fit_intercept : bool, default=False
        Whether to append a column of ones (without building it). Use True before an
        estimator with an intercept.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    selection_ : Selection
        Weights are hits / expected hits: the right ones for sums and for least squares.
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
        If no sample out of `max_draws` reaches `min_eigenvalue`; it names the best.

    See Also
    --------
    VolumeRescaledSelector : Stable with far fewer draws.
    LeverageSelector : The same scores under every design.

    Notes
    -----
    Cost O(n d^2) and three passes to fit, then O(m d^2) a selection of m draws; memory
    O(n d). A row of weight w counts as w copies.

    Leverage over d is the density whose inverse makes the weights of the rows of an
    orthonormal basis equal (the inverse Christoffel function). With
    ``m >= 6.52 d log(d / eta)`` draws, no eigenvalue is below 1/2 with probability
    ``1 - eta`` [1]_. Least squares on independent draws is biased, the more the fewer
    they are, and so is conditioning on `min_eigenvalue`, which gives up exact
    unbiasedness of weighted sums too.

    References
    ----------
    .. [1] A. Cohen, G. Migliorati, "Optimal weighted least-squares methods", SMAI
       Journal of Computational Mathematics 3, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import ChristoffelSelector
    >>> X = np.vander(np.linspace(-1, 1, 500), 4)
    >>> selector = ChristoffelSelector(60, min_eigenvalue=0.3, random_state=0).fit(X)
    >>> selector.rank_
    4
    """

    cli_name: ClassVar[str] = "christoffel"
    passes: ClassVar[str] = "3 (4 or 5 if ill-conditioned)"
    cost: ClassVar[str] = "O(n d^2)"
    use_when: ClassVar[str] = (
        "Weighted least squares from many times d log d independent draws."
    )
    _determinantal: ClassVar[bool] = False

    def __init__(
        self,
        n_select=10,
        *,
        min_eigenvalue=None,
        max_draws=100,
        fit_intercept=False,
        random_state=None,
    ):
        super().__init__(n_select, random_state=random_state)
        self.min_eigenvalue = min_eigenvalue
        self.max_draws = max_draws
        self.fit_intercept = fit_intercept

    @classmethod
    def examples(cls):
        return [cls(n_select=10), cls(n_select=20, min_eigenvalue=0.05, max_draws=1000)]

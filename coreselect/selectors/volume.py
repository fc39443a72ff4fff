"""Volume sampling: draw rows whose features span a large volume, for least squares."""

from __future__ import annotations

from typing import Any

from coreselect._typing import Checks, Features, Quotas, Seed, Size
from coreselect._validation import Boolean
from coreselect.base import (
    Holds,
    InclusionMixin,
    LawSelector,
    LearnedAttribute,
    SelectorTags,
)
from coreselect.dpp.volume import ALPHA, Volume


class VolumeSelector(InclusionMixin, LawSelector):
    """Select rows by the volume of their features, for unweighted least squares.

    A set S of `n_select` rows is drawn with probability proportional to
    ``det(X_S' X_S + alpha I)``.

    Parameters
    ----------
    n_select : int or float, default=10
        Number of rows, or a fraction in (0, 1] of them: at least the rank of X, if
        ``alpha = 0``.
    alpha : float, default=0.0
        Ridge parameter. With ``alpha > 0``, `n_select` may be less than the rank.
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
        Weights are 1 / inclusion probability, for estimating sums. Fit least squares
        *without* them, as ``CoresetEstimator(..., weights="ignore")`` does.
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
        If `n_select` is less than the rank and ``alpha = 0``.

    See Also
    --------
    VolumeRescaledSelector : Weighted least squares; better for many rows.
    coreselect.dpp.sample_volume : The same sampling as a function.

    Notes
    -----
    Cost O(n d^2) and three passes to fit, then O(d^3 log d + m) per selection of m rows
    (O(n d) with alpha > 0). An orthonormal basis takes O(n d) memory. A large one of
    rows in a file, or under a memory budget, lives in a nameless scratch file.

    Least squares fitted without the weights (input weights aside) is unbiased for any
    target: ``E[pinv(X_S) y_S] = pinv(X) y``. With as many rows as the rank d, its
    expected loss on all rows is ``d + 1`` times the least possible. Least squares
    fitted *with* the weights is biased; they are for sums. With many more rows than the
    rank, nearly all rows are drawn uniformly: on data with rows of high leverage the
    loss stays a constant factor above the least, and `VolumeRescaledSelector` is the
    better choice.

    References
    ----------
    .. [1] M. Derezinski, M. K. Warmuth, "Reverse iterative volume sampling for linear
       regression", JMLR 19, 2018, :arxiv:`1806.01969`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from coreselect import CoresetEstimator, VolumeSelector
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> model = CoresetEstimator(
    ...     LinearRegression(),
    ...     VolumeSelector(4, fit_intercept=True, random_state=0),
    ...     weights="ignore",
    ... ).fit(X, 2 * X.ravel() + 1)
    >>> model.predict([[2.0]]).round(9)
    array([5.])
    """

    cli_name = "volume"
    passes = "3 (4 or 5 if ill-conditioned)"
    cost = "O(n d^2)"
    holds = Holds(per_row=8, per_value=8, blocks=1, squares=5)
    use_when = (
        "Labels are expensive: least squares without bias from a few labelled rows."
    )
    parameter_checks: Checks = {"alpha": ALPHA, "fit_intercept": Boolean()}
    rank_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: Size = 10,
        *,
        alpha: float = 0.0,
        fit_intercept: bool = False,
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.alpha = alpha
        self.fit_intercept = fit_intercept

    @classmethod
    def examples(cls):
        return [cls(n_select=10), cls(n_select=3, alpha=1.0, fit_intercept=True)]

    def _inclusion(self, volume, size):
        volume.check_size(size, "n_select")
        return volume.inclusion(size)

    def _learn(self, rows, rng):
        alpha = self._near_one_too(self.alpha)
        volume = Volume(rows, alpha, fit_intercept=self.fit_intercept)
        self.rank_ = volume.rank
        return volume

    def _sample(self, volume, size, rng):
        volume.check_size(size, "n_select")
        indices = volume.sample(size, rng)
        return indices, 1.0, volume.inclusion(size, indices)

    def _inside(self, volume):
        size = self._fitted.size
        if self._fitted.is_settled(size):
            return None
        return volume.inclusion(size) > 0

    def _selector_tags(self):
        free = self.alpha == 0
        return SelectorTags(bounded=free, unit_free=free)

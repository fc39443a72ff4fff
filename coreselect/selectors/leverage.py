"""Leverage score sampling: draw rows in proportion to their pull on a linear fit."""

from __future__ import annotations

from typing import Any, Literal

from coreselect._scratch import total
from coreselect._typing import (
    AutoSize,
    BalanceOn,
    Checks,
    Design,
    Features,
    Quotas,
    Seed,
)
from coreselect.base import CertifiedSize, Holds, LearnedAttribute, ScoreSelector
from coreselect.linalg import LEVERAGE_CHECKS, block_leverage, leverage_whitening
from coreselect.streams import StreamMixin


class LeverageSelector(StreamMixin, CertifiedSize, ScoreSelector):
    """Select rows for linear models by their leverage scores.

    Rows are drawn with probabilities proportional to ``tau_i = a_i' (A'A + alpha I)^+
    a_i``, the largest share of ``|A x|**2`` that row i has for any x. Least squares,
    ridge and principal components on the weighted rows are then close to those on all
    rows, for any data [1]_.

    Parameters
    ----------
    n_select : int, float or "auto", default=100
        Number of rows, or a fraction in (0, 1] of them, or "auto" (with `epsilon`).
    alpha : float, default=0.0
        Ridge parameter, as in `sklearn.linear_model.Ridge`: directions whose squared
        length is below it get less weight, and fewer rows suffice.
    fit_intercept : bool, default=False
        Whether to count a column of ones among the features. Use True before an
        estimator that fits an intercept.
    solver : {"auto", "gram", "qr", "svd", "sketch"}
        See `coreselect.linalg.leverage_scores`; "auto" is exact.
    epsilon : float, optional
        For ``n_select="auto"``: the relative error to reach. Sizes grow by a factor of
        about 1.4 until `coreselect.certify` gives at most this error. If y holds
        numbers, the certificate is for all linear models (ridge if ``alpha > 0``, else
        least squares). Otherwise, and with ``stratify=True``, it is for all linear
        functions of the features (PCA, centred with ``fit_intercept=True``). It holds
        with certainty for the drawn rows, so no `delta` is needed.
    stratify : bool, default=False
        Whether to draw within the classes of y: each class gets its expected number of
        rows, rounded down or up at random. If y holds numbers with fractions,
        rows are drawn in the order of y instead, which spreads them over its values.
    design : {"pivotal", "systematic", "balanced", "poisson", "priority", \
              "multinomial"}
        How rows are drawn; see `coreselect.draw`.
    balance_on : {"auto", "linear", "quadratic"}
        For ``design="balanced"``: the columns whose totals are kept; see
        `ScoreSelector`.
    quotas : dict, optional
        How many rows of which of the `groups` of `fit`; see `BaseSelector`.
    budget : float, optional
        What the rows cost together, on average. `fit` takes the `cost` of each. This
        is in place of a size, so `n_select` must be None; see `coreselect.draw`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    selection_ : Selection
        The selected rows, weighted by input weight / inclusion probability.
    scores_ : ndarray of shape (n_rows,)
        Leverage scores of the rows multiplied by the square roots of their weights.
    rank_ : int
        Numerical rank of the rows, column of ones included. With ``alpha > 0``, it may
        leave out directions shorter than 3e-7 of the longest.
    effective_dimension_ : float
        Sum of the scores: the rank for ``alpha=0``, less for ``alpha > 0``.
    certificate_ : Certificate
        Only for ``n_select="auto"``: the certificate of the size that was found.
    balance_columns_ : list of str
        Only for ``design="balanced"``: the columns that `selection_` balances.
    coreset_ : Coreset
        Only after `partial_fit`: the selected rows themselves.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If every row is zero, or the chosen solver cannot handle the data.

    See Also
    --------
    UniformSelector : Equally good where leverage scores are nearly equal.

    Notes
    -----
    Cost O(n d^2); two passes over the data, three or four if ill-conditioned. With
    Poisson draws of expected size ``3 d log(2 d / delta) / epsilon**2``, the weighted
    Gram matrix is within a factor ``1 +- epsilon`` of that of all rows, with
    probability ``1 - delta`` (matrix Chernoff bound). Scores from arrays, sparse
    matrices and files differ by about ``eps * condition``; the drawn rows are the same
    unless that comes near ``1 / n_rows``. Where the largest score is only a few times
    ``d / n``, uniform sampling does as well at less cost.

    References
    ----------
    .. [1] P. Drineas, M. W. Mahoney, S. Muthukrishnan, "Sampling algorithms for l2
       regression and applications", SODA 2006, :doi:`10.1145/1109557.1109682`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import LeverageSelector
    >>> X = np.vstack([np.ones((99, 1)), [[100.0]]])  # the last row decides the fit
    >>> selector = LeverageSelector(10, random_state=0).fit(X)
    >>> int(selector.sample_indices_[-1]), float(selector.sample_weight_[-1])
    (99, 1.0)
    """

    cli_name = "leverage"
    passes = "2 (3 or 4 if ill-conditioned)"
    cost = "O(n d^2)"
    holds = Holds(per_row=8, squares=5)
    use_when = (
        "Before least squares, ridge or PCA, when a few rows pull harder than the rest."
    )
    parameter_checks: Checks = {
        **ScoreSelector.parameter_checks,
        **LEVERAGE_CHECKS,
        **CertifiedSize.parameter_checks,
    }
    rank_: Any = LearnedAttribute()
    effective_dimension_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: AutoSize = 100,
        *,
        alpha: float = 0.0,
        fit_intercept: bool = False,
        solver: Literal["auto", "gram", "qr", "svd", "sketch"] = "auto",
        epsilon: float | None = None,
        stratify: bool = False,
        design: Design = "pivotal",
        balance_on: BalanceOn = "auto",
        quotas: Quotas = None,
        budget: float | None = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select,
            stratify=stratify,
            design=design,
            balance_on=balance_on,
            quotas=quotas,
            budget=budget,
            features=features,
            random_state=random_state,
        )
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.epsilon = epsilon

    @classmethod
    def examples(cls):
        return [
            *super().examples(),
            cls(n_select=10, alpha=1.0, fit_intercept=True),
            cls(n_select=10, solver="svd"),
        ]

    def _learn(self, rows, rng):
        whitening = leverage_whitening(
            rows,
            alpha=self._near_one_too(self.alpha),
            fit_intercept=self.fit_intercept,
            solver=self.solver,
            seed=int(rng.integers(2**63)),
        )
        self.rank_ = whitening.rank
        if self.rank_ == 0:
            raise ValueError(
                "every row of X (of positive weight) is zero, so all leverage scores "
                "are zero; use UniformSelector."
            )
        return whitening

    def _certified_model(self):
        return self.alpha, self.fit_intercept

    def _scores(self, block, whitening):
        return block_leverage(block, whitening)

    def _selector_tags(self):
        tags = super()._selector_tags()
        tags.unit_free = self.alpha == 0
        return tags

    def _keep(self, rows, state):
        super()._keep(rows, state)
        self.effective_dimension_ = total(self.scores_)

"""Lewis weight sampling: rows for regressions in the p-norm, for any p > 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from coreselect._typing import (
    AutoSize,
    BalanceOn,
    Checks,
    Design,
    Features,
    Quotas,
    Seed,
)
from coreselect.base import Holds, Learned, LearnedAttribute, ScoreSelector, TheorySize
from coreselect.certificates import EPSILON_CHECKS, theory_size
from coreselect.linalg import LEWIS_CHECKS, learn_lewis, sensitivity_factor
from coreselect.streams import StreamMixin


class LewisSelector(StreamMixin, TheorySize, ScoreSelector):
    """Select rows for l_p regression by their Lewis weights.

    Rows are drawn with probabilities proportional to their l_p Lewis weights. Among all
    scores with a proved bound, these keep ``|A x|_p`` for all x at once with the fewest
    rows [1]_. Use ``p=1`` for least absolute deviations, quantile regression and hinge
    losses; ``p=2`` is `LeverageSelector`.

    Parameters
    ----------
    n_select : int, float or "auto", default=100
        Number of rows, or a fraction in (0, 1] of them, or "auto" (with `epsilon`).
    p : float, default=1.0
        The power of the residuals that the loss adds up, from 0.001 to 1000.
    fit_intercept : bool, default=False
        Whether to count a column of ones among the features. Use True before an
        estimator that fits an intercept.
    tol : float, default=1e-6
        The iteration stops at this relative error of the weights. For drawing rows, 0.1
        does nearly as well.
    max_iter : int, default=1000
        Largest number of iterations, each one pass over the data.
    epsilon : float, optional
        For ``n_select="auto"``: the relative error that theory aims at; see Notes.
    delta : float, default=0.1
        For ``n_select="auto"``: the probability that this error is exceeded.
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
        Lewis weights. A row of input weight w has that of its w copies together.
    n_iter_ : int
        Number of iterations.
    residual_ : float
        Largest ``|log(tau_i / w_i)|``: how far the weights are from satisfying the
        equation that defines them.
    rank_ : int
        Numerical rank of the rows; the weights add up to it.
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
        If every row is zero, or p is not between 0.001 and 1000.

    See Also
    --------
    coreselect.linalg.lewis_weights : The weights by themselves.
    LeverageSelector : The case p = 2, in two passes.
    LpSensitivitySelector : Needs fewer rows for p > 2, where few rows are special.

    Notes
    -----
    Cost O(n d^2) for each of ``log(1 / tol) / log((p + 2) / |p - 2|)`` passes, plus two
    or three passes. The weights of selected rows are ``1 / pi`` and multiply *losses*,
    as scikit-learn's `sample_weight` does. Papers scale rows by ``pi**(-1/p)`` instead,
    which is equivalent; never do both. To keep ``|A x|_p**p`` for all x within a
    relative error epsilon takes about ``d log(d) / epsilon**2`` rows for p <= 2, and
    ``d**(p/2)`` times logarithms for p > 2. ``n_select="auto"`` uses ``3 s log(2 d /
    delta) / epsilon**2`` rows with ``s = d`` or ``d**(p/2)``. These are the rates of
    theory, with the constant that is proved for p = 2; they are not a certificate.
    Where Lewis weights are nearly equal, uniform sampling does as well at less cost.

    References
    ----------
    .. [1] M. B. Cohen, R. Peng, "l_p row sampling by Lewis weights", STOC 2015,
       :arxiv:`1412.0588`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import LewisSelector
    >>> X = np.vstack([np.ones((99, 1)), [[100.0]]])  # half of the sum of |x|
    >>> selector = LewisSelector(10, p=1, random_state=0).fit(X)
    >>> selector.scores_[-1].round(3), int(selector.sample_indices_[-1])
    (np.float64(0.503), 99)
    """

    cli_name = "lewis"
    passes = "about 15 (p = 1), more with |log p|"
    cost = "O(n d^2) per pass"
    holds = Holds(per_row=16, squares=5)
    use_when = "Before least absolute deviations, quantile or other l_p regression."
    parameter_checks: Checks = {
        **ScoreSelector.parameter_checks,
        **LEWIS_CHECKS,
        **EPSILON_CHECKS,
    }
    rank_: Any = LearnedAttribute()
    n_iter_: Any = LearnedAttribute()
    residual_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: AutoSize = 100,
        *,
        p: float = 1.0,
        fit_intercept: bool = False,
        tol: float = 1e-6,
        max_iter: int = 1000,
        epsilon: float | None = None,
        delta: float = 0.1,
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
        self.p = p
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.epsilon = epsilon
        self.delta = delta

    @classmethod
    def examples(cls):
        return [
            *super().examples(),
            cls(n_select=10, p=0.5, fit_intercept=True),
            cls(n_select=20, p=3, fit_intercept=True),
        ]

    def _learn(self, rows, rng):
        state = learn_lewis(
            rows,
            p=self.p,
            fit_intercept=self.fit_intercept,
            tol=self.tol,
            max_iter=self.max_iter,
        )
        self.rank_ = state.whitening.rank
        if self.rank_ == 0:
            raise ValueError(
                "every row of X (of positive weight) is zero, so all Lewis weights "
                "are zero; use UniformSelector."
            )
        self.n_iter_, self.residual_ = state.n_iter, state.residual
        return Learned(state.level, logs=state.logs)

    def _scores(self, block, level):
        return np.exp(block.values["logs"] + level)

    def _balance_degree(self):
        return min(self.p, 4.0)  # products of a larger one are large for a few rows

    def _theory_size(self, rows):
        total = self.rank_ * sensitivity_factor(self.rank_, self.p)
        return theory_size(total, self.rank_, epsilon=self.epsilon, delta=self.delta)

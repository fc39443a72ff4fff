"""Sensitivity sampling for l_p regression, with or without leverage scores added."""

from __future__ import annotations

from math import ceil, log
from typing import Any, Literal, NamedTuple

from coreselect._scratch import parts, total
from coreselect._typing import (
    AutoSize,
    BalanceOn,
    Checks,
    Design,
    Features,
    Quotas,
    Seed,
)
from coreselect._validation import Boolean, OneOf
from coreselect.base import Holds, Learned, LearnedAttribute, ScoreSelector, TheorySize
from coreselect.certificates import EPSILON_CHECKS, theory_size
from coreselect.linalg import (
    POWER,
    block_leverage,
    block_sensitivities,
    learn_sensitivities,
    leverage_whitening,
    rounds,
)
from coreselect.streams import StreamMixin

METHODS = ("augmented", "plain", "root_leverage")


class _Learned(NamedTuple):
    """What the scores of a block are computed with; None if a method needs none."""

    problem: object
    whitening: object
    total_weight: float


class LpSensitivitySelector(StreamMixin, TheorySize, ScoreSelector):
    """Select rows for l_p regression by their sensitivities.

    The l_p sensitivity of a row is the largest share of ``|A x|_p**p`` that it has for
    any x. For p <= 2, drawing by the sum of sensitivity and leverage score needs no
    more rows, up to logarithms, than the best known scores [1]_. For p > 2 it needs
    fewer than Lewis weights do where the sum of the sensitivities is small [2]_.

    Parameters
    ----------
    n_select : int, float or "auto", default=100
        Number of rows, or a fraction in (0, 1] of them, or "auto" (with `epsilon`).
    p : float, default=1.0
        The power of the residuals that the loss adds up, from 0.001 to 1000.
    method : {"augmented", "plain", "root_leverage"}
        - ``"augmented"``: sensitivity + leverage score + 1/n.
        - ``"plain"``: the sensitivity alone.
        - ``"root_leverage"``: the leverage score to the power p/2, then refined in
          rounds towards the Lewis weights. For p = 1, each round halves the difference
          of the logarithms. Only for p < 2; rows are drawn by the scores of the last
          round.
    exact : bool, default=False
        Whether to compute exact sensitivities, by solving n problems of n rows each.
        Otherwise they are overestimates; see `coreselect.linalg.lp_sensitivities`.
    fit_intercept : bool, default=False
        Whether to count a column of ones among the features.
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
        Rows are drawn in proportion to these. A row of input weight w has the score of
        its w copies together.
    total_sensitivity_ : float
        Sum of the scores.
    rank_ : int
        Numerical rank of the rows.
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
        If every row is zero, if p is not between 0.001 and 1000, or for
        ``"root_leverage"`` with p >= 2.

    See Also
    --------
    coreselect.linalg.lp_sensitivities : The sensitivities by themselves.
    LewisSelector : Needs a few passes instead of a problem for each row.

    Notes
    -----
    Cost O(n m d^2) with m about ``2 d log(d)`` rows, at least 400; more for p > 2.
    Memory O(m d + d^2) for each of the problems solved at the same time, plus a block
    of rows.

    ``"root_leverage"`` makes enough passes for ``(1 - p/2)**rounds log(n) <= 1``. The
    scores are then within a constant factor of the Lewis weights; after a single round
    ``n**(1 - p/2) d**(p/2)`` rows would be needed.

    Weights of selected rows are ``1 / pi`` and multiply losses. ``n_select="auto"``
    uses ``3 S log(2 d / delta) / epsilon**2`` rows, with S the sum of the scores. It
    multiplies this by ``d**(1 - p/2)`` for ``"plain"`` and p < 2, and by ``S**(1 -
    2/p)`` for p > 2. These are the rates of theory, with the constant that is proved
    for p = 2; they are not a certificate. Where no row is special, uniform sampling
    does as well at far less cost.

    References
    ----------
    .. [1] A. Munteanu, S. Omlor, "Optimal bounds for l_p sensitivity sampling via l_2
       augmentation", ICML 2024, :arxiv:`2406.00328`.
    .. [2] D. P. Woodruff, T. Yasuda, "Sharper bounds for l_p sensitivity sampling",
       ICML 2023, :arxiv:`2306.00732`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import LpSensitivitySelector
    >>> X = np.vstack([np.ones((99, 1)), [[100.0]]])  # half of the sum of |x|
    >>> selector = LpSensitivitySelector(10, p=1, method="plain", exact=True).fit(X)
    >>> selector.scores_[-1].round(3)
    np.float64(0.503)
    """

    cli_name = "lp-sensitivity"
    passes = "about 12; with exact=True: all rows in memory"
    cost = "O(n m d^2), m = 2 d log d"
    holds = Holds(per_row=24, blocks=1, squares=5)
    use_when = "Before l_p regression, when the fewest rows matter more than time."
    parameter_checks: Checks = {
        **ScoreSelector.parameter_checks,
        "p": POWER,
        "method": OneOf(*METHODS),
        "exact": Boolean(),
        "fit_intercept": Boolean(),
        **EPSILON_CHECKS,
    }
    rank_: Any = LearnedAttribute()
    total_sensitivity_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: AutoSize = 100,
        *,
        p: float = 1.0,
        method: Literal["augmented", "plain", "root_leverage"] = "augmented",
        exact: bool = False,
        fit_intercept: bool = False,
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
        self.method = method
        self.exact = exact
        self.fit_intercept = fit_intercept
        self.epsilon = epsilon
        self.delta = delta

    @classmethod
    def examples(cls):
        return [
            cls(n_select=10),
            cls(n_select=10, p=1.5, method="plain", exact=True, fit_intercept=True),
            cls(n_select=10, p=0.7, method="root_leverage", design="poisson"),
            cls(n_select=30, design="balanced"),
        ]

    def _check_parameters(self):
        super()._check_parameters()
        if self.method == "root_leverage" and self.p >= 2:
            raise ValueError(
                f"method='root_leverage' needs p < 2, got p={self.p}; use "
                "method='augmented'."
            )

    def _holds(self, data):
        return super()._holds(data)._replace(whole=self.exact, copies=16 * self.exact)

    def _learn(self, rows, rng):
        total_weight = rows.total_weight
        fit_intercept, p = self.fit_intercept, self.p
        if self.method == "root_leverage":
            # Weights may have any unit, so the lightest row counts as one copy.
            lightest, weight = 1.0, rows.weight
            if weight is not None:
                lightest = min(weight[some].min() for some in parts(weight))
            distance = max(1.0, log(total_weight) - log(lightest))
            n_rounds = 1 + ceil(log(distance) / -log(1 - p / 2))
            state = rounds(rows, p=p, fit_intercept=fit_intercept, n_rounds=n_rounds)
            rank, bounds = state.whitening.rank, state.weights()
            learned = None
        else:
            problem, bounds = learn_sensitivities(
                rows,
                p=p,
                method="exact" if self.exact else "approximate",
                fit_intercept=fit_intercept,
                seed=int(rng.integers(2**63)),
            )
            rank, whitening = problem.rank, None
            if self.method == "augmented":
                whitening = leverage_whitening(rows, fit_intercept=fit_intercept)
            learned = _Learned(problem, whitening, total_weight)
        self.rank_ = rank
        if rank == 0:
            raise ValueError(
                "every row of X (of positive weight) is zero, so all sensitivities are "
                "zero; use UniformSelector."
            )
        return Learned(learned, bounds=bounds)

    def _scores(self, block, learned):
        if learned is None:
            return block.values["bounds"]
        scores = block_sensitivities(block, learned.problem)
        if learned.whitening is not None:
            scores = scores + block_leverage(block, learned.whitening)
            scores += block.weight / learned.total_weight
        return scores

    def _keep(self, rows, state):
        super()._keep(rows, state)
        self.total_sensitivity_ = total(self.scores_)

    def _balance_degree(self):
        return min(self.p, 4.0)  # products of a larger one are large for a few rows

    def _theory_size(self, rows):
        size = self.total_sensitivity_
        if self.p > 2:
            size = size ** (2 - 2 / self.p)
        elif self.method == "plain":
            size = size * self.rank_ ** (1 - self.p / 2)
        return theory_size(size, self.rank_, epsilon=self.epsilon, delta=self.delta)

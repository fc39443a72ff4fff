"""Select rows for logistic regression and other losses that are linear on one side."""

from __future__ import annotations

from typing import Any

import numpy as np

from coreselect._random import LEARN, stream
from coreselect._scratch import by_parts, parts, sums_by, total
from coreselect._typing import (
    AutoSize,
    BalanceOn,
    Checks,
    Design,
    Features,
    Quotas,
    Seed,
)
from coreselect._validation import Boolean, warn_user
from coreselect.base import Holds, Learned, LearnedAttribute, ScoreSelector, TheorySize
from coreselect.certificates import EPSILON_CHECKS, theory_size
from coreselect.linalg import (
    SeparableWarning,
    block_leverage,
    learn_lewis,
    leverage_whitening,
    mu_of_rows,
    two_classes,
)
from coreselect.rows import open as open_rows
from coreselect.sampling.designs import draw_with_seed
from coreselect.streams import StreamMixin

_MOST_ROWS = 2000  # for the linear program of mu
_MOST_COLUMNS = 50  # for it, unless the size depends on mu


class LogisticSelector(StreamMixin, TheorySize, ScoreSelector):
    """Select rows for logistic regression, linear SVMs and their like.

    The score of a row is its l_1 Lewis weight plus its leverage score plus its share of
    the total weight. The first two are for rows far from the decision boundary, where
    the loss is close to an absolute value. The last is for rows near it, each of which
    has a loss of about ``ln 2`` whatever its features. The scores do not use the
    classes, so they serve any labels.

    Parameters
    ----------
    n_select : int, float or "auto", default=100
        Number of rows, or a fraction in (0, 1] of them, or "auto" (with `epsilon`).
    fit_intercept : bool, default=False
        Whether to count a column of ones among the features. Use True before an
        estimator that fits an intercept.
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
    mu_ : float or None
        `coreselect.linalg.mu_complexity` if y holds two classes, else None. With more
        than 2000 rows it is that of 2000 rows drawn by their scores, half from each
        class. Infinite if these rows are separable, which is likely with more than 1000
        columns even if all rows together are not. It takes long with more than 50
        columns, so it is None there unless ``n_select="auto"``.
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
        If ``n_select="auto"`` and y does not hold two classes.

    Warns
    -----
    SeparableWarning
        If y holds two classes and the rows that `mu_` is computed from are separable.

    See Also
    --------
    LewisSelector : The first part of the scores by itself.

    Notes
    -----
    Cost O(n d^2) for each of about 15 passes. If y is given, a linear program on at
    most 2000 rows is solved too; it takes about one second for up to 50 columns, about
    ten for 200. Up to logarithms, ``mu d / epsilon**2`` rows keep the loss of all
    coefficients within a factor ``1 +- epsilon`` [1]_; [2]_ has the bound ``mu**2 d``
    for Lewis weights, also for the hinge loss. ``n_select="auto"`` uses ``3 mu (2 d +
    1) log(2 d / delta) / epsilon**2`` rows, or all rows if mu is infinite. This is the
    rate of theory with a constant that is not proved; it is not a certificate. Weights
    of selected rows are ``1 / pi``. Where neither leverage scores nor Lewis weights
    differ much, uniform sampling does as well at less cost.

    References
    ----------
    .. [1] A. Munteanu, S. Omlor, "Optimal bounds for l_p sensitivity sampling via l_2
       augmentation", ICML 2024, :arxiv:`2406.00328`.
    .. [2] T. Mai, C. Musco, A. Rao, "Coresets for classification - simplified and
       strengthened", NeurIPS 2021, :arxiv:`2106.04254`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import LogisticSelector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((1000, 3))
    >>> y = X[:, 0] + rng.standard_normal(1000) > 0
    >>> selector = LogisticSelector(100, random_state=0).fit(X, y)
    >>> len(selector.selection_), bool(2 < selector.mu_ < 20)
    (100, True)
    """

    cli_name = "logistic"
    passes = "about 17"
    cost = "O(n d^2) per pass"
    holds = Holds(per_row=24, squares=5)
    use_when = "Before logistic regression or a linear SVM."
    parameter_checks: Checks = {
        **ScoreSelector.parameter_checks,
        "fit_intercept": Boolean(),
        **EPSILON_CHECKS,
    }
    _y_holds_classes = True
    rank_: Any = LearnedAttribute()
    mu_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: AutoSize = 100,
        *,
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
        self.fit_intercept = fit_intercept
        self.epsilon = epsilon
        self.delta = delta

    @classmethod
    def examples(cls):
        return [
            cls(n_select=10),
            cls(n_select=10, fit_intercept=True, design="poisson"),
            cls(n_select=30, design="balanced"),
        ]

    def _learn(self, rows, rng):
        # The loss grows linearly on the wrong side of the margin (l_1 Lewis weights),
        # like a square near it (leverage), and is about constant at zero (weights): the
        # scores are a sum of bounds for the three.
        lewis = learn_lewis(
            rows, p=1.0, fit_intercept=self.fit_intercept, tol=1e-6, max_iter=1000
        )
        whitening = leverage_whitening(rows, fit_intercept=self.fit_intercept)
        self.rank_ = whitening.rank
        learned = whitening, lewis.level, rows.total_weight
        return Learned(learned, logs=lewis.logs)

    def _scores(self, block, learned):
        whitening, level, total_weight = learned
        lewis = np.exp(block.values["logs"] + level)
        return lewis + block_leverage(block, whitening) + block.weight / total_weight

    def _keep(self, rows, state):
        super()._keep(rows, state)
        self.mu_ = None
        wanted = self._is_named(self.n_select) or self.rank_ <= _MOST_COLUMNS
        if wanted and not self._in_stream:
            classes = _two_classes(rows.y)
            if classes is not None:
                self.mu_ = self._mu(rows, classes)

    def _mu(self, rows, classes):
        """Return how far two classes are from being separable, by some of the rows."""
        if rows.n_rows <= _MOST_ROWS:
            numbers, weights = np.arange(rows.n_rows), rows.weight
        else:
            scores = self._kept_scores()
            # Half of them from each class: a sample with only a few rows of a rare
            # class would be separable, whatever all rows are.
            codes = by_parts(
                lambda y: np.searchsorted(classes, y), rows.y, dtype=np.int8
            )
            totals = sums_by(codes, 2, lambda scores: scores, scores)
            shares = by_parts(
                lambda scores, codes: scores / totals[codes], scores, codes
            )
            seed = int(stream(self._seed, LEARN, 2).integers(2**63))
            drawn = draw_with_seed(
                shares, _MOST_ROWS, "pivotal", codes, rows.weight, seed
            )
            numbers, weights = drawn.indices, drawn.weights
        block = rows.gather(numbers)
        pilot = open_rows(block.X, block.y, weights)
        mu = mu_of_rows(pilot, two_classes(pilot.y), self.fit_intercept)
        if np.isinf(mu):
            warn_user(
                f"the classes of these {pilot.n_rows} rows are separable (mu is "
                "infinite): without a penalty no coefficients are best, and no number "
                "of rows keeps the loss of all coefficients. Use a penalty, or expect "
                "the sample to be separable too.",
                SeparableWarning,
            )
        return mu

    def _theory_size(self, rows):
        if self.mu_ is None:
            raise ValueError(
                "n_select='auto' needs y with two classes, one per row, to know how "
                "far they are from being separable, but got "
                f"{_described(rows.subset().y)}; pass them, or give n_select as a "
                "number."
            )
        scores = total(self.scores_)
        return theory_size(
            self.mu_ * scores, self.rank_, epsilon=self.epsilon, delta=self.delta
        )


def _two_classes(y):
    """Return the classes of y in sorted order, or None if these are not two."""
    if y is None or y.ndim != 1:
        return None
    found = y[:0]
    for rows in parts(y):
        try:
            found = np.unique(np.append(found, np.unique(y[rows])))
        except TypeError:  # of types that cannot be sorted
            return None
        if len(found) > 2:
            return None
    return found if len(found) == 2 else None


def _described(y):
    """Say why y does not hold two classes."""
    if y is None:
        return "no y"
    if y.ndim != 1:
        return f"y of shape {y.shape}"
    try:
        n_classes = len(np.unique(y))
    except TypeError:
        return "y of types that cannot be sorted"
    return f"y with {n_classes} values"

"""Uniform sampling: equal chances for all rows, the baseline for other methods."""

from __future__ import annotations

from coreselect._typing import (
    AutoSize,
    BalanceOn,
    Checks,
    Design,
    Features,
    Quotas,
    Seed,
)
from coreselect.base import CertifiedSize, Holds, ScoreSelector
from coreselect.streams import StreamMixin


class UniformSelector(StreamMixin, CertifiedSize, ScoreSelector):
    """Select rows uniformly, or in proportion to their weights.

    The score of a row is its weight. Where all rows contribute about equally to the
    estimate, no other method does better at equal size.

    Parameters
    ----------
    n_select : int, float or "auto", default=100
        Number of rows, or a fraction in (0, 1] of them, or "auto" (with `epsilon`).
    epsilon : float, optional
        For ``n_select="auto"``: the relative error to reach. Sizes grow by a factor of
        about 1.4 until `coreselect.certify` gives at most this error. If y holds
        numbers, the certificate is for the squared errors of all linear models (least
        squares). Otherwise, and with ``stratify=True``, it is for all linear functions
        of the features (PCA). It holds with certainty for the drawn rows, so no `delta`
        is needed.
    stratify : bool, default=False
        Whether to keep the shares of the classes of y: each class gets its expected
        number of rows, rounded down or up at random. If y holds numbers with fractions,
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
        What the certificate of ``n_select="auto"`` and ``design="balanced"`` see of the
        rows; see `BaseSelector`. Nothing else reads features.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    selection_ : Selection
        The selected rows. Without input weights, each has weight ``n_rows / n_select``.
        With input weights, all weights are equal too, except those of rows that are
        selected with certainty.
    scores_ : ndarray of shape (n_rows,)
        The weight of every row.
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

    See Also
    --------
    LeverageSelector : Finds the rows that a linear fit depends on.

    Notes
    -----
    Cost O(n). X is not read, except for ``n_select="auto"`` and ``design="balanced"``,
    so it may hold text, categories, dates and missing values. The relative standard
    error of an estimated sum is the coefficient of variation of its terms over
    ``sqrt(n_select)``. If a few terms make up most of a sum, most samples miss them.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import UniformSelector
    >>> selection = UniformSelector(2, random_state=0).fit_select(np.eye(6))
    >>> selection.weights
    array([3., 3.])
    """

    cli_name = "uniform"
    passes = "0"
    cost = "O(n)"
    holds = Holds(per_row=12)
    use_when = (
        "Rows contribute alike; also the baseline that every other method must beat."
    )

    parameter_checks: Checks = {
        **ScoreSelector.parameter_checks,
        **CertifiedSize.parameter_checks,
    }

    def __init__(
        self,
        n_select: AutoSize = 100,
        *,
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
        self.epsilon = epsilon

    def _selector_tags(self):
        tags = super()._selector_tags()
        # For the certificate, and to balance them.
        tags.reads_features = self._is_named(self.n_select) or self.design == "balanced"
        return tags

    def _scores(self, block, state):
        return self._in_own_unit(block.weight)

"""Feature coverage: rows that together have much of every feature."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import sparse

from coreselect._typing import Checks, Features, Floats, Quotas, Seed, Size
from coreselect._validation import OneOf
from coreselect.base import Holds
from coreselect.coverage import FeatureCoverage, FunctionSearch
from coreselect.selectors._picks import PickSelector

_CONCAVE = {"sqrt": np.sqrt, "log1p": np.log1p}


def _least(block):
    """Return the smallest entry of the rows of a block that count, at most 0."""
    X, counts = block.X, block.weight > 0
    X = X if counts.all() else X[counts]
    values = X.data if sparse.issparse(X) else X
    return float(values.min(initial=0.0))


class FeatureCoverageSelector(PickSelector):
    """Select rows that together have much of every feature, as counts of words.

    The value of a selection is ``sum_u g(sum_j x_ju)``, with u over features and j over
    selected rows [1]_. As g is concave, a feature that the rows have plenty of counts
    little more. Each pick raises the value the most.

    Parameters
    ----------
    n_select : int, float or None, default=100
        Number of rows, or a fraction in (0, 1] of them; None with a `budget`.
    concave : {"sqrt", "log1p"}, default="sqrt"
        The function g. ``"log1p"``, the logarithm of ``1 + x``, depends on the scale of
        X; picks by ``"sqrt"`` do not.
    quotas : dict, optional
        How many rows of which of the `groups` of `fit`; see `BaseSelector`.
    budget : float, optional
        What the rows may cost together. `fit` takes the `cost` of each. This is in
        place of a size, so `n_select` must be None. Not beside `quotas`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator
        Not used.

    Attributes
    ----------
    selection_ : Selection
        The rows in the order of their choice. All weights are equal and add up to the
        total weight; they estimate nothing. If all rows are selected, they keep their
        own weights, in row order.
    value_ : float
        The value of the selection.
    gains_ : ndarray of shape (n_selected,)
        By how much each pick raised the value.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If X has negative values, in rows that can be selected, or the sum of a column
        is infinite.

    See Also
    --------
    FacilityLocationSelector : Rows that all others resemble.

    Notes
    -----
    O(nnz) for the first gains and for each pick at most, for arrays and CSR alike; all
    rows are held in memory, and no pairs of rows are compared. The value is monotone
    and submodular, so it is at least ``1 - 1/e`` of the best of this size; with a
    `budget`, at least ``(1 - 1/e) / 2`` of the best that it pays for [2]_. Weights of
    rows change nothing, except that rows of weight 0 are left out. Gains within 1e-9 of
    the best are ties, and the lowest row comes first. Features in large units decide
    the picks; long rows come first.
    Copies of a row each add to the value, so copies of selected rows can be chosen
    before other rows.

    References
    ----------
    .. [1] J. Schreiber, J. Bilmes, W. S. Noble, "apricot: Submodular selection for data
       summarization in Python", JMLR 21, 2020, :arxiv:`1906.03543`.
    .. [2] J. Leskovec, A. Krause, C. Guestrin, C. Faloutsos, J. VanBriesen, N. Glance,
       "Cost-effective outbreak detection in networks", KDD 2007,
       :doi:`10.1145/1281192.1281239`.

    Examples
    --------
    >>> from coreselect import FeatureCoverageSelector
    >>> X = [[9.0, 9.0, 0.0], [4.0, 4.0, 0.0], [0.0, 0.0, 4.0]]
    >>> fitted = FeatureCoverageSelector(2).fit(X)
    >>> fitted.sample_indices_, fitted.gains_
    (array([0, 2]), array([6., 2.]))
    """

    cli_name = "feature-coverage"
    passes = "all rows in memory"
    cost = "O(nnz) for each selected row at most"
    holds = Holds(per_row=24, whole=True, copies=16)
    use_when = "Rows of counts, such as words: together they should have all features."
    parameter_checks: Checks = {
        **PickSelector.parameter_checks,
        "concave": OneOf(*_CONCAVE),
    }

    def __init__(
        self,
        n_select: Size | None = 100,
        *,
        concave: Literal["sqrt", "log1p"] = "sqrt",
        quotas: Quotas = None,
        budget: float | None = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select,
            quotas=quotas,
            budget=budget,
            features=features,
            random_state=random_state,
        )
        self.concave = concave

    @property
    def value_(self) -> float:
        return float(self._learned_for("value_").values[len(self.selection_)])

    @property
    def gains_(self) -> Floats:
        return self._learned_for("gains_").gains[: len(self.selection_)]

    def _see(self, *given):
        rows, seed = super()._see(*given)
        least = rows.reduce(_least, min)
        if least < 0:
            raise ValueError(
                f"Negative values in data: X holds {least:g}, but features must count "
                "how much a row has of something. Shift or clip the columns, or use "
                "another selector, such as FacilityLocationSelector."
            )
        return rows, seed

    def _learn(self, rows, size, rng):
        X = rows.whole().X
        with np.errstate(over="ignore"):
            totals = np.ravel(X.sum(axis=0, dtype=np.float64))
        if np.isinf(totals).any():
            raise ValueError(
                f"X holds numbers so large that column {int(np.argmax(totals))} sums "
                "to infinity; divide X by a power of ten."
            )
        function = FeatureCoverage(X, _CONCAVE[self.concave])
        search = FunctionSearch(function, rows.n_rows)
        return self._searched(search, size).chosen(rows.total_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags

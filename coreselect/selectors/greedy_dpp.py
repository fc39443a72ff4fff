"""Greedy picks by a kernel: rows that are as unlike each other as possible."""

from typing import NamedTuple

import numpy as np

from coreselect.base import Holds, RankSelector, SelectorTags
from coreselect.dpp.greedy import greedy
from coreselect.selectors._kernel import KernelSelector


class _Picks(NamedTuple):
    """Rows in the order of their picks, the total weight, and advice on the rank."""

    order: np.ndarray
    total: float
    advice: str


class GreedyDPPSelector(KernelSelector, RankSelector):
    """Pick diverse rows greedily: each one is as unlike the earlier ones as possible.

    Each pick enlarges the determinant of the kernel between the picked rows the most.
    This looks for the likeliest sample of `DPPSelector` (its MAP), step by step [1]_.

    Parameters
    ----------
    n_select : int or float, default=10
        Number of rows, or a fraction in (0, 1] of them: at most the rank of the kernel.
    kernel : {"rbf", "linear", "precomputed"} or callable, default="rbf"
        Similarity of rows. With ``"precomputed"``, X is the kernel matrix. A callable
        takes two arrays of n and m rows (CSR if X is sparse) and returns an n x m
        matrix.
    gamma : float, optional
        Parameter of the rbf kernel ``exp(-gamma |x - y|**2)``; None means ``1 /
        n_features``.
    n_components : int, optional
        Number of landmark rows of Nystroem features that approximate the kernel; they
        are drawn by leverage, and at least `n_select` are used. None computes rows of
        the exact kernel as they are needed. Like `gamma`, it has no effect for
        ``"precomputed"``.
    quotas : dict, optional
        How many rows of which of the `groups` of `fit`; see `BaseSelector`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator
        Used for the landmarks only.

    Attributes
    ----------
    selection_ : Selection
        The picked rows, best first. All weights are equal and add up to the total
        weight; they estimate nothing. If all rows are selected, they keep their own
        weights, in row order.
    kernel_error_ : float
        Share of the trace of the kernel that the Nystroem features miss; 0 is exact.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If `n_select` exceeds the rank, or a precomputed kernel is not symmetric or has
        a negative eigenvalue.

    See Also
    --------
    DPPSelector : Draws diverse rows, with weights for sums.
    coreselect.dpp.map_dpp : The same picks as a function.

    Notes
    -----
    Cost O(n m d + n m^2) for m picks; memory O(n m). One pass over the data per pick.
    Ties go to the lowest row number. Picks do not depend on their number: those of a
    smaller selection come first in a larger one (except with `n_components`, if more
    landmarks are needed). A row of weight w counts as if its kernel entries were
    multiplied by the root of w.

    Rows of `include` are picked first, so that the others are unlike them too. With
    `quotas`, each pick is the best row among the groups that have places left.

    References
    ----------
    .. [1] L. Chen, G. Zhang, E. Zhou, "Fast greedy MAP inference for determinantal
       point process to improve recommendation diversity", NeurIPS 2018,
       :arxiv:`1709.05135`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import GreedyDPPSelector
    >>> X = np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], [96, 2, 2], axis=0)
    >>> GreedyDPPSelector(3).fit_select(X).indices  # one of each kind
    array([ 0, 96, 98])
    """

    cli_name = "greedy-dpp"
    passes = "1 per selected row; precomputed: all rows in memory"
    cost = "O(n m d + n m^2), m selected rows"
    holds = Holds(per_row=16, blocks=1)
    use_when = "A few rows as unlike each other as possible, the same ones every time."

    row_rules = ("quotas", "include", "exclude")
    no_rules = "it picks a fixed number of rows, whatever they cost"

    @classmethod
    def examples(cls):
        return [cls(n_select=3), cls(n_select=3, n_components=12)]

    def _learn(self, rows, size, rng):
        wanted = self.n_components
        found = self._similarity(rows, wanted and max(wanted, size), rng)
        total = rows.total_weight
        turns = self._fitted.rules.turns(self._fitted.size)
        picked = greedy(found.kernel, size, turns)
        return _Picks(picked, float(total), found.advice)

    def _holds(self, data):
        if self.kernel == "precomputed":
            return self.holds._replace(whole=True, copies=16)
        n_columns = self.n_components or 0
        per_row = 56 + 8 * (n_columns + data.n_selected(self.n_select))
        return self.holds._replace(per_row=per_row, fixed=32 * n_columns**2)

    def _largest(self):
        return min(self._fitted.size, self._fitted.n_rows - 1)

    def _rank(self, picks, size, rng):
        order = self._first_of(picks.order, size)
        n_picks = len(order if self._fitted.rules.reorder else picks.order)
        if size > n_picks:
            raise ValueError(
                f"n_select={size} is more than the rank {n_picks} of the kernel of "
                f"X with {self.n_features_in_} feature(s): nothing is left of the "
                f"other rows; ask for at most {n_picks}, or {picks.advice}."
            )
        return order, np.full(size, picks.total / size)

    def _selector_tags(self):
        return SelectorTags(unbiased=False, bounded=True)

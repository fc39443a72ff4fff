"""Kernel herding: rows whose weighted mean is that of all rows, for many functions.

The maximum mean discrepancy (MMD) of rows S with weights v of sum one is the largest
error of their mean of f, over all functions f of norm one in the space of the kernel:
``v'K_SS v - 2 v'mu_S + c``, with ``mu_i`` the weighted mean of k(x_i, .) over all rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from sklearn.utils.validation import check_is_fitted

from coreselect._typing import Checks, Features, Quotas, Seed, Size
from coreselect._validation import Boolean, OneOf, OneOfOrCallable, OrNone, Real
from coreselect.base import Holds, LearnedAttribute
from coreselect.kernel_means import (
    Matched,
    herd,
    mean_of,
    refill,
    swap,
    swap_weighted,
)
from coreselect.selectors._picks import TurnSelector


class HerdingSelector(TurnSelector):
    """Select rows whose weighted mean is that of all rows, in the space of a kernel.

    The error of the mean of a function is at most its norm times the maximum mean
    discrepancy (MMD) of the rows. Kernel herding [1]_ adds the row that lowers it the
    most. A pass of swaps replaces each row by the best one in its place, as in kernel
    thinning [2]_. Then the rows get the best non-negative weights. A second pass lets
    each place have the row that is best with a weight, and places whose weight is 0 get
    other rows while that lowers the discrepancy.

    Parameters
    ----------
    n_select : int or float, default=100
        Number of rows, or a fraction in (0, 1] of them.
    kernel : "rbf" or callable, default="rbf"
        How alike two rows are: ``exp(-gamma |x - y|**2)``. A callable takes two arrays
        of n and m rows (CSR if X is sparse) and returns an n x m matrix, positive
        semi-definite.
    gamma : float, optional
        Parameter of ``"rbf"``; None means 1 / the median squared distance of at most
        1,000 rows.
    weights : {"optimal", "equal"}, default="optimal"
        The non-negative weights with the least discrepancy, of which some may be 0, or
        the same weight for all rows.
    swap : bool, default=True
        Whether to replace each row by the best one in its place: in one pass with equal
        weights, in two with optimal ones. The latter also fill places of weight 0 anew,
        in at most five rounds.
    quotas : dict, optional
        How many rows of which of the `groups` of `fit`; see `BaseSelector`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator
        Not used.

    Attributes
    ----------
    selection_ : Selection
        The rows, best first. Their weights add up to the total weight. They make the
        mean of the rows that of all rows as nearly as possible, for all functions that
        are smooth on the scale of the kernel; they are not unbiased. If all rows are
        selected, they keep their own weights, in row order.
    discrepancy_ : float
        The MMD of the selection at its weights; 0 is perfect, infinite without rows.
        `coreselect.metrics.mean_discrepancy` computes it for other rows, with
        ``gamma=gamma_``.
    gamma_ : float or None
        The gamma of ``"rbf"``.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If `gamma` is out of scale with X, so that all rows are equally alike, or a
        callable returns a wrong shape or has a negative eigenvalue.

    See Also
    --------
    FacilityLocationSelector : A few rows that all others resemble.
    coreselect.metrics.mean_discrepancy : The same for any selection.

    Notes
    -----
    O(n^2 d) time for the mean and O(n m d + m^3) for m rows; memory O(n d + m^2). With
    equal weights, these are without m^3 and m^2. All rows are held in memory, and no n
    x n matrix is made. The best weights are computed up to eight times; once takes half
    a second for 1,000 rows and seven seconds for 2,000. Use equal ones for more.
    Decisions are made in float64, and do not depend on threads or blocks.

    Values within 1e-9 of the best are ties, and the lowest row comes first. Rows that
    the kernel cannot tell from a selected one come last, lowest row first, with weight
    0.

    Swaps are made at the size of `fit`. The rows are then put in the order of herding
    among themselves, and a smaller `select` takes the first ones with weights of their
    own. A fit at the smaller size gives somewhat better rows.

    Rows of `include` are chosen first and stay. With `quotas`, each pick is the best
    row among the groups that have places left, and is replaced by rows of its own group
    only.

    The discrepancy is as meaningful as the kernel: the scales of columns decide, so
    standardise them first. Rows that are good at one width may be less so at another.

    *When not to use it.* Weights are not unbiased, and totals have no standard errors:
    draw rows where these matter. Shares of half-spaces and other functions with sharp
    borders gain little. For rows to label, use `FacilityLocationSelector`.

    References
    ----------
    .. [1] Y. Chen, M. Welling, A. Smola, "Super-samples from kernel herding", UAI 2010,
       :arxiv:`1203.3472`.
    .. [2] R. Dwivedi, L. Mackey, "Kernel thinning", JMLR 25, 2024, :arxiv:`2105.05842`.

    Examples
    --------
    >>> from coreselect import HerdingSelector
    >>> X = [[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]]
    >>> selector = HerdingSelector(3, gamma=0.1).fit(X)
    >>> selector.selection_.indices, selector.selection_.weights.round(2)
    (array([1, 3, 5]), array([2.88, 2.03, 1.09]))
    >>> round(selector.discrepancy_, 4)
    0.0794
    """

    cli_name = "herding"
    passes = "all rows in memory"
    cost = "O(n^2 d)"
    holds = Holds(per_row=40, whole=True, copies=8)
    use_when = "Few weighted rows with the means of all rows, for any smooth function."
    parameter_checks: Checks = {
        "kernel": OneOfOrCallable("rbf"),
        "gamma": OrNone(Real(0, strict=True)),
        "weights": OneOf("optimal", "equal"),
        "swap": Boolean(),
    }
    gamma_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: Size = 100,
        *,
        kernel: Literal["rbf"] | Callable[..., Any] = "rbf",
        gamma: float | None = None,
        weights: Literal["optimal", "equal"] = "optimal",
        swap: bool = True,
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.kernel = kernel
        self.gamma = gamma
        self.weights = weights
        self.swap = swap

    @classmethod
    def examples(cls):
        return [cls(n_select=10), cls(n_select=10, weights="equal", swap=False)]

    @property
    def discrepancy_(self) -> float:
        check_is_fitted(self, "selection_")
        size = self._fitted.size
        if size in (0, self._fitted.n_rows):
            return 0.0 if size else float("inf")
        return self._learned_for("discrepancy_").discrepancy(size)

    def _learn(self, rows, size, rng):
        mean, rules = mean_of(rows, self.kernel, self.gamma), self._fitted.rules
        self.gamma_ = mean.gamma
        chosen, optimal = herd(mean, size, self._turns()), self.weights == "optimal"
        if self.swap:
            codes = None if rules.quotas is None else rules.groups.codes
            keep = {"fixed": rules.musts, "groups": codes}
            chosen = swap(mean, chosen, **keep)
            if optimal:
                shares = Matched(mean, chosen, True).shares(size)
                chosen = swap_weighted(mean, chosen, shares, **keep)
                chosen = refill(mean, chosen, **keep)
            chosen = herd(mean, size, self._turns(), among=chosen.order)
        return Matched(mean, chosen, optimal)

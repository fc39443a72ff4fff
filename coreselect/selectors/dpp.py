"""Determinantal point processes: draw rows that are unlike each other."""

from typing import Any

from coreselect.base import (
    Holds,
    InclusionMixin,
    LawSelector,
    LearnedAttribute,
    SelectorTags,
)
from coreselect.selectors._kernel import KernelSelector

_LANDMARKS = 200  # least number by default; all rows where there are no more than that
_BEYOND = 900  # by default, at most this many landmarks more than rows to select


class DPPSelector(KernelSelector, InclusionMixin, LawSelector):
    """Select diverse rows: the more similar two rows, the less likely both are drawn.

    A set S of rows is drawn with probability proportional to ``det(L_S)``, where L is a
    kernel between rows. This is the squared volume that the features of the rows span.

    Parameters
    ----------
    n_select : int, float or None, default=10
        Number of rows, or a fraction in (0, 1] of them: at most the rank of the kernel.
        None draws from the DPP of L itself, whose size is random and is ``sum(lambda /
        (1 + lambda))`` on average.
    kernel : {"rbf", "linear", "precomputed"} or callable, default="rbf"
        Similarity of rows. With ``"precomputed"``, X is the kernel matrix. A callable
        takes two arrays of n and m rows (CSR if X is sparse) and returns an n x m
        matrix.
    gamma : float, optional
        Parameter of the rbf kernel ``exp(-gamma |x - y|**2)``; None means ``1 /
        n_features``.
    n_components : int, optional
        Number of landmark rows of the Nystroem features that approximate the kernel;
        they are drawn by leverage, and at least `n_select` are used. By default 4
        ``n_select``, but at least 200 and at most ``n_select + 900``, or all rows if
        there are no more; ``"linear"`` is exact by default. Like `gamma`, it has no
        effect for ``"precomputed"``, which is exact.
    quotas : dict, optional
        Refused by `fit`: the draw cannot fix how many rows come from a group.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    selection_ : Selection
        Weights are 1 / inclusion probability.
    kernel_error_ : float
        Share of the trace of the kernel that the Nystroem features miss; 0 is exact.
    rank_ : int
        Rank of the kernel that is used.
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
    GreedyDPPSelector : Picks rows by the same kernel, without chance.
    ProjectionDPPSelector : Selects as many rows as there are features.
    coreselect.dpp.sample_kdpp : The same sampling as a function.

    Notes
    -----
    Cost O(n r^2) to fit with r components or features, then O(r^2 k log k) per
    selection of k rows, whatever n is. Passes over the data: about ``log2(n / r) + 5``.
    Features take O(n r) memory. If they are large, those of rows in a file, or under a
    memory budget, live in a nameless scratch file.

    A row of weight w counts as w copies, of which at most one is drawn: the kernel
    becomes ``sqrt(w_i) L_ij sqrt(w_j)``. Weighted sums over a sample are unbiased. If
    rows are spread evenly and the function is as smooth as the kernel, the error is
    about half that of uniform rows. It is larger than that of uniform rows for
    functions unrelated to the kernel, and where most rows lie in one dense cluster,
    because rows of that cluster are rarely drawn and get large weights. A diverse
    sample shows what kinds of rows there are; for sums over clusters, use importance
    sampling.

    References
    ----------
    .. [1] A. Kulesza, B. Taskar, "Determinantal point processes for machine learning",
       Foundations and Trends in Machine Learning 5, 2012, :arxiv:`1207.6083`.
    .. [2] N. Tremblay, S. Barthelme, P.-O. Amblard, "Determinantal point processes for
       coresets", JMLR 20, 2019, :arxiv:`1803.08700`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import DPPSelector
    >>> X = np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], [96, 2, 2], axis=0)
    >>> selection = DPPSelector(3, random_state=0).fit_select(X)
    >>> np.unique(selection.take(X), axis=0)  # one of each kind
    array([[0., 0.],
           [0., 9.],
           [9., 0.]])
    """

    cli_name = "dpp"
    passes = "about 5 + log2(n / r); precomputed: all rows in memory"
    cost = "O(n r^2), r features of the kernel"
    holds = Holds(per_row=16, blocks=1, squares=5)
    use_when = (
        "Rows should be unlike each other: for a first look at the data, a small set "
        "to label, sums of smooth functions."
    )
    named_sizes = (None,)
    rank_: Any = LearnedAttribute()

    @classmethod
    def examples(cls):
        return [
            cls(n_select=3),
            cls(n_select=3, n_components=12),
            cls(n_select=2, kernel="linear"),
        ]

    def _learn(self, rows, rng):
        found = self._similarity(rows, self._n_landmarks(self._fitted.size or 0), rng)
        # A random size depends on the unit of weights and qualities: undo the scaling.
        state = found.ensemble().times(found.exponent + self._fitted.exponent / 2)
        state.advice = found.advice
        state.kernel_name = f"the kernel of X with {rows.n_features} feature(s)"
        self.rank_ = state.rank
        return state

    def _holds(self, data):
        if self.kernel == "precomputed":
            return self.holds._replace(whole=True, copies=16)
        n_landmarks = self._n_landmarks(data.n_selected(self.n_select))
        n_columns = data.n_features if n_landmarks is None else n_landmarks
        wider = n_columns / max(1, data.n_values)
        more = {"per_value": 8 * wider, "blocks": 1 + wider}
        # Gram matrices of landmarks, their eigenvectors, and what LAPACK works with.
        return self.holds._replace(**more, fixed=64 * (n_landmarks or 0) ** 2)

    def _n_landmarks(self, wanted):
        if self.n_components is not None:
            return max(self.n_components, wanted)
        if self.kernel == "linear":
            return None
        return max(_LANDMARKS, min(4 * wanted, wanted + _BEYOND))

    def _sample(self, ensemble, size, rng):
        if size is not None:
            ensemble.check_size(size, "n_select")
        indices = ensemble.sample(size, rng)
        return indices, 1.0, ensemble.inclusion(size, indices)

    def _inclusion(self, ensemble, size):
        if size is not None:
            ensemble.check_size(size, "n_select")
        return ensemble.inclusion(size)

    def _inside(self, ensemble):
        return ensemble.reachable()

    def _selector_tags(self):
        return SelectorTags(bounded=True, unit_free=self.n_select is not None)

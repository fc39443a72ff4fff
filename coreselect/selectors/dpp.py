"""Determinantal point processes: draw rows that are unlike each other."""

import numpy as np

from coreselect._filling import scaled
from coreselect._validation import (
    Integer,
    OneOf,
    OneOfOrCallable,
    OrNone,
    Real,
    check_nonnegative,
)
from coreselect._validation import check_size as size_of
from coreselect.base import InclusionMixin, LawSelector, RankSelector, SelectorTags
from coreselect.dpp.ensembles import check_kernel, of_features, of_kernel, of_rows
from coreselect.dpp.greedy import Dense, greedy
from coreselect.dpp.nystroem import features_of
from coreselect.neighbors import KernelRows

_LANDMARKS = 200  # least number by default; all rows where there are no more than that
_BEYOND = 900  # by default, at most this many landmarks more than rows to select


class DPPSelector(InclusionMixin, LawSelector, RankSelector):
    """Select diverse rows: the more similar two rows, the less likely both are drawn.

    A set S of rows is drawn with probability proportional to ``det(L_S)``, where L is a
    kernel between rows. This is the squared volume that the features of the rows span.

    Parameters
    ----------
    n_select : int, float or None, default=10
        Number of rows, or a fraction in (0, 1] of them: at most the rank of the kernel.
        None draws from the DPP of L itself, whose size is random and is ``sum(lambda /
        (1 + lambda))`` on average. Not for ``method="map"``.
    kernel : {"rbf", "linear", "precomputed"} or callable, default="rbf"
        Similarity of rows. With ``"precomputed"``, X is the kernel matrix. A callable
        takes two arrays of n and m rows and returns an n x m matrix.
    gamma : float, optional
        Parameter of the rbf kernel ``exp(-gamma |x - y|**2)``; None means ``1 /
        n_features``.
    method : {"sample", "map"}
        Whether to draw rows or to pick them greedily, best first: each pick enlarges
        the determinant the most.
    n_components : int, optional
        Number of landmark rows of the Nystroem features that approximate the kernel;
        they are drawn by leverage, and at least `n_select` are used. By default 4
        ``n_select``, but at least 200 and at most ``n_select + 900``, or all rows if
        there are no more. By default ``"linear"`` is exact, and ``"map"`` computes rows
        of the kernel as it needs them. Like `gamma`, it has no effect for
        ``"precomputed"``, which is exact.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    selection_ : Selection
        With ``"sample"``, weights are 1 / inclusion probability. With ``"map"``, all
        weights are equal and add up to the total weight; they estimate nothing.
    kernel_error_ : float
        Share of the trace of the kernel that the Nystroem features miss; 0 is exact.
    rank_ : int
        Rank of the kernel that is used (``"sample"`` only).
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
    ProjectionDPPSelector : Selects as many rows as there are features.
    coreselect.dpp.sample_kdpp : The same sampling as a function.

    Notes
    -----
    Cost O(n r^2) to fit with r components or features, then O(r^2 k log k) per
    selection of k rows, whatever n is. Passes over the data: about ``log2(n / r) + 5``
    (one per selected row for ``"map"``). Memory O(n r).

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
       Foundations and Trends in Machine Learning 5, 2012.
    .. [2] N. Tremblay, S. Barthelme, P.-O. Amblard, "Determinantal point processes for
       coresets", JMLR 20, 2019.

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
    use_when = (
        "Rows should be unlike each other: for a first look at the data, a small set "
        "to label, sums of smooth functions."
    )
    parameter_checks = {
        "kernel": OneOfOrCallable("rbf", "linear", "precomputed"),
        "gamma": OrNone(Real(0.0)),
        "method": OneOf("sample", "map"),
        "n_components": OrNone(Integer(1)),
    }
    own_sizes = (None,)

    def __init__(
        self,
        n_select=10,
        *,
        kernel="rbf",
        gamma=None,
        method="sample",
        n_components=None,
        random_state=None,
    ):
        super().__init__(n_select, random_state=random_state)
        self.kernel = kernel
        self.gamma = gamma
        self.method = method
        self.n_components = n_components

    @classmethod
    def examples(cls):
        return [
            cls(n_select=3),
            cls(n_select=3, method="map"),
            cls(n_select=3, n_components=12),
            cls(n_select=2, kernel="linear"),
        ]

    def fit(self, X, y=None, sample_weight=None, *, quality=None):
        """Learn the kernel's features from all rows and make a selection.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            Anything that `coreselect.rows.open` takes; the kernel matrix for
            ``kernel="precomputed"``.
        y : array-like of shape (n_rows,), str or None
            Not used.
        sample_weight : array-like of shape (n_rows,), str or None
            Non-negative weights of the rows, or the column that holds them; rows of
            weight 0 are never selected.
        quality : array-like of shape (n_rows,), optional
            Non-negative. The kernel becomes ``quality_i L_ij quality_j``, so rows of
            higher quality are drawn more often.

        Returns
        -------
        self
            With `selection_`.
        """
        return self._fit(X, y, sample_weight, per_row={"quality": quality})

    def _inclusion(self, ensemble, size):
        if self._method == "map":
            raise ValueError(
                "method='map' picks rows without chance; only method='sample' has "
                "inclusion probabilities."
            )
        if size is not None:
            ensemble.check_size(size, "n_select")
        return ensemble.inclusion(size)

    def _check_parameters(self):
        super()._check_parameters()
        if self.n_select is None and self.method == "map":
            raise ValueError(
                "n_select=None draws a random number of rows, but method='map' draws "
                "nothing; give the number of rows."
            )

    def _learn(self, rows, rng):
        self._method = self.method  # what was fitted, even if set_params changes it
        own, self._exponent = rows.per_row.get("quality"), 0
        if own is not None:
            own, self._exponent = scaled(check_nonnegative(own, rows.n_rows, "quality"))
        if rows.weight is not None:
            own = np.sqrt(rows.weight) * (1.0 if own is None else own)
        self.kernel_error_ = 0.0
        self._advice = "use a kernel of higher rank"
        if self.kernel == "precomputed":
            L, eps = self._matrix(rows)
            return self._rank_or(
                Dense(L, own, eps),
                rows,
                lambda: of_kernel(L, own, eps=eps, name="X"),
            )
        kernel = KernelRows(
            rows,
            kernel=self.kernel,
            gamma=self.gamma,
            quality=own,
        )
        if self.kernel == "rbf":
            self._advice = f"raise gamma (now {kernel.gamma:g}) or scale X"
        if self.kernel == "linear" and self.n_components is None:
            weight = np.ones(rows.n_rows) if own is None else own**2
            return self._rank_or(kernel, rows, lambda: of_rows(rows.reweighted(weight)))
        if self.method == "map" and self.n_components is None:
            return self._ranked(kernel, rows)
        seed = int(rng.integers(2**63))
        found = features_of(kernel, self._n_landmarks(rows.n_rows), seed)
        self.kernel_error_ = found.error
        features = _with_diagonal(found.features, kernel.diagonal())
        kernel = KernelRows(features, kernel="linear")
        return self._rank_or(kernel, rows, lambda: of_features(features))

    def _rank_or(self, kernel, rows, ensemble):
        """Return the order of the rows by a kernel, or an ensemble to draw from."""
        if self.method == "map":
            return self._ranked(kernel, rows)
        # Weights near one stand for those of the data.
        state = ensemble().times(self._exponent + self._weight_exponent / 2)
        state.advice = self._advice
        state.kernel_name = f"the kernel of X with {rows.n_features} feature(s)"
        self.rank_ = state.rank
        return state

    def _ranked(self, kernel, rows):
        total = rows.n_rows if rows.weight is None else rows.weight.sum()
        return greedy(kernel, size_of(self.n_select, rows.n_rows)), total

    def _matrix(self, rows):
        L = rows.whole().X
        if rows.kept is not None and rows.n_features == self._n_total:
            L = L[:, rows.kept]
        return check_kernel(L, "X")

    def _n_landmarks(self, n_rows):
        wanted = 0 if self.n_select is None else size_of(self.n_select, n_rows)
        if self.n_components is not None:
            return max(self.n_components, wanted)
        return max(_LANDMARKS, min(4 * wanted, wanted + _BEYOND))

    def _keep(self, rows, state):
        if self.method == "map":
            RankSelector._keep(self, rows, state)
        else:
            self._state = state

    def _choose(self, size, seed):
        seam = RankSelector if self._method == "map" else LawSelector
        return seam._choose(self, size, seed)

    def _sample(self, ensemble, size, rng):
        if size is not None:
            ensemble.check_size(size, "n_select")
        indices = ensemble.sample(size, rng)
        return indices, 1.0, ensemble.inclusion(size, indices)

    def _inside(self, state):
        return None if self._method == "map" else state.reachable()

    def _rank(self, state, size, rng):
        order, total = state
        if size > len(order):
            raise ValueError(
                f"n_select={size} is more than the rank {len(order)} of the kernel of "
                f"X with {self.n_features_in_} feature(s): nothing is left of the "
                f"other rows; ask for at most {len(order)}, or {self._advice}."
            )
        return order[:size], np.full(size, total / size)

    def _selector_tags(self):
        return SelectorTags(
            unbiased=self.method == "sample",
            bounded=True,
            unit_free=self.n_select is not None,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.kernel == "precomputed"
        return tags


def _with_diagonal(features, diagonal):
    """Scale features so that their squared lengths are the diagonal of the kernel.

    The Nystroem features of a row far from every landmark are nearly zero. Such a row
    would almost never be drawn, and then with a huge weight. Rows whose features are
    exactly zero share one additional feature.
    """
    lengths = np.sqrt(np.einsum("ij,ij->i", features, features))
    unseen = (lengths == 0) & (diagonal > 0)
    if unseen.any():
        features = np.column_stack([features, unseen])
        lengths[unseen] = 1.0
    lengths[lengths == 0] = 1.0
    features *= (np.sqrt(diagonal) / lengths)[:, None]
    return features

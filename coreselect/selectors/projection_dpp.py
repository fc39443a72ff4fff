"""Projection DPPs: draw as many rows as there are features, spanning their space."""

from __future__ import annotations

from typing import Any

import numpy as np

from coreselect._scratch import by_parts, gathered
from coreselect._typing import Features, Quotas, Seed, Size
from coreselect.base import (
    Holds,
    InclusionMixin,
    LawSelector,
    LearnedAttribute,
    SelectorTags,
)
from coreselect.dpp.bases import basis_of
from coreselect.dpp.ensembles import canonical, weighted
from coreselect.dpp.projection import ProjectionDPP
from coreselect.linalg import principal_whitening
from coreselect.selection import SamplingDesign
from coreselect.selectors._kernel import QualitySelector


class ProjectionDPPSelector(QualitySelector, InclusionMixin, LawSelector):
    """Select as many rows as there are features, spanning their whole space.

    A set S of rows is drawn with probability ``det(U_S)**2``, where U is an orthonormal
    basis of the columns of X.

    Parameters
    ----------
    n_select : int, float or None, default=None
        Number of rows, or a fraction in (0, 1] of them. None means the rank of X. With
        fewer rows, U holds only the leading left singular vectors of X.
    quotas : dict, optional
        Refused by `fit`: the draw cannot fix how many rows come from a group.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    selection_ : Selection
        Weights are 1 / inclusion probability.
    rank_ : int
        Numerical rank of X, which is the largest possible `n_select`.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If `n_select` exceeds the rank.

    See Also
    --------
    VolumeSelector : More rows than features, for unweighted least squares.
    VolumeRescaledSelector : More rows than features, for weighted least squares.

    Notes
    -----
    Cost O(n d^2) and four passes to fit, then O(k^3 log k) per selection (O(n k^2) if n
    is less than 10 k). A row of weight w counts as w copies, of which at most one is
    drawn. The basis takes O(n d) memory. A large one of rows in a file, or under a
    memory budget, lives in a nameless scratch file: memory is then 17 bytes a row.

    The inclusion probability of a row is its leverage score (with respect to U).
    *Unweighted* least squares on as many rows as the rank is interpolation; it is
    unbiased, and its expected loss is ``rank + 1`` times the least possible [1]_.
    If all rows are projected on the span of k drawn rows, the expected squared error is
    at most ``k + 1`` times that of the best k directions [2]_. Sums of functions that
    are not combinations of the features have large errors, since rows are few.

    References
    ----------
    .. [1] M. Derezinski, M. K. Warmuth, "Reverse iterative volume sampling for linear
       regression", JMLR 19, 2018, :arxiv:`1806.01969`.
    .. [2] A. Deshpande, L. Rademacher, S. Vempala, G. Wang, "Matrix approximation and
       projective clustering via volume sampling", Theory of Computing 2, 2006,
       :doi:`10.4086/toc.2006.v002a012`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import ProjectionDPPSelector
    >>> X = np.vander(np.linspace(-1, 1, 101), 4)  # polynomials of degree 3
    >>> selection = ProjectionDPPSelector(random_state=0).fit_select(X)
    >>> len(selection), int(np.linalg.matrix_rank(selection.take(X)))
    (4, 4)
    """

    cli_name = "projection-dpp"
    passes = "4 (5 or 6 if ill-conditioned)"
    cost = "O(n d^2)"
    holds = Holds(per_row=16, per_value=8, squares=5)
    use_when = (
        "As few rows as features must do: interpolation, or rows that span the others."
    )
    named_sizes = (None,)
    rank_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: Size | None = None,
        *,
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )

    @classmethod
    def examples(cls):
        return [cls(n_select=2)]

    def _inclusion(self, full, size):
        return np.minimum(1.0, self._process(full, size).leverage)

    def _learn(self, rows, rng):
        # The leading principal axes come first, so that a smaller size uses the first
        # columns of the basis. Tied axes are made canonical: rounding must not turn
        # them.
        rows, _ = weighted(rows, rows.per_row.get("quality"))
        whitening, singular = principal_whitening(rows)
        self.rank_ = whitening.transform.shape[1]
        basis = basis_of(rows, whitening)
        # Singular vectors are determined up to sign, or up to a rotation where singular
        # values tie. A canonical choice makes the same rows come from any layout of X.
        with np.errstate(divide="ignore", invalid="ignore"):
            log_values = 2 * np.log(singular)
        return ProjectionDPP.from_basis(canonical(basis, log_values))

    def _find_size(self, rows):
        return self.rank_

    def _process(self, full, size):
        """Return the process of the leading part of the basis."""
        if size > self.rank_:
            raise ValueError(
                f"n_select={size} is more than the rank {self.rank_} of X with "
                f"{self.n_features_in_} feature(s); ask for at most {self.rank_}, or "
                "use VolumeSelector or VolumeRescaledSelector for more rows."
            )
        if size == self.rank_:
            return full
        return ProjectionDPP.from_basis(full.basis[:, :size])

    def _sample(self, full, size, rng):
        process = self._process(full, size)
        indices = process.draw(rng)
        return indices, 1.0, np.minimum(1.0, gathered(process.leverage, indices))

    def _design(self, full, indices, hits, expected):
        vectors = full.rows(indices)[:, : len(indices)]
        return SamplingDesign("projection", expected, vectors=vectors)

    def _inside(self, state):
        return by_parts(lambda part: part > 0, state.leverage, dtype=bool)

    def _selector_tags(self):
        return SelectorTags(bounded=True)

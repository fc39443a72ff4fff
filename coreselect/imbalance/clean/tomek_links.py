"""Tomek links: pairs of rows of two classes that are nearest to each other.

Rows a and b form a link if their labels differ, and no row is nearer to a than b is, or
nearer to b than a is (Tomek 1976).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from coreselect._typing import CleaningStrategy
from coreselect.imbalance._base import CleaningSampler
from coreselect.imbalance.clean._cleaning import targeted
from coreselect.neighbors import nearest_neighbors


def linked(X, codes, n_jobs):
    """Return which rows are members of a Tomek link."""
    nearest = nearest_neighbors(X, 1, n_jobs=n_jobs)[0][:, 0]
    # Nearest rows of each other, in different classes; both ends are marked.
    mutual = nearest[nearest] == np.arange(len(codes))
    return mutual & (codes[nearest] != codes)


class TomekLinks(CleaningSampler):
    """Drop rows that are nearest to a row of another class, which is nearest to them.

    Such pairs are Tomek links [1]_.

    Parameters
    ----------
    sampling_strategy : str, list or callable
        Classes that lose their rows in links: "auto" (the same as "not minority"),
        "majority", "not majority", "all", or a list of classes.
    n_jobs : int, optional
        Number of threads of the search; None: as many as the linear algebra uses.
    weights : {"ones", "prior"}
        Weights of the kept rows: their own, or these times n_c / m_c, where a class had
        n_c rows and keeps m_c.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_weight_, n_features_in_, feature_names_in_
        As for `EditedNearestNeighbours`.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Row numbers in ascending order.

    See Also
    --------
    EditedNearestNeighbours : Drops more.
    OneSidedSelection : Tomek links after a selection of rows near the border.

    Notes
    -----
    The search costs O(n² d) in matrix products, less for a few features; memory is
    O(n). It is exact, and the first of equally near rows counts as nearest. A row and
    its copy in another class form a link.

    This removes overlap, not imbalance: mostly a few percent of the rows. Distances are
    Euclidean, so scale the features first.

    References
    ----------
    .. [1] I. Tomek. Two Modifications of CNN. IEEE Transactions on Systems, Man, and
       Cybernetics 6 (1976), 769-772, :doi:`10.1109/TSMC.1976.4309452`.

    Examples
    --------
    >>> from coreselect import TomekLinks
    >>> X, y = [[0.0], [1.0], [1.1], [3.0], [4.0]], [0, 0, 1, 0, 0]
    >>> TomekLinks().fit(X, y).sample_indices_
    array([0, 2, 3, 4])
    """

    cli_name = "tomek-links"
    cost = "O(n² d)"
    use_when = "Rows of two classes that lie on each other should go."

    def __init__(
        self,
        *,
        sampling_strategy: CleaningStrategy = "auto",
        n_jobs: int | None = None,
        weights: Literal["ones", "prior"] = "ones",
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy, weights=weights)
        self.n_jobs = n_jobs

    @classmethod
    def examples(cls):
        return [cls(), cls(sampling_strategy="all", weights="prior")]

    def _kept_rows(self, data, draws):
        classes = targeted(data, list(self.sampling_strategy_), data.codes)
        drop = linked(data.X, data.codes, self.n_jobs) & np.isin(data.codes, classes)
        return np.flatnonzero(~drop)

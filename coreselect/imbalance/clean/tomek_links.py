"""Tomek links: pairs of rows of two classes that are nearest to each other.

Rows a and b form a link if their labels differ and no row is nearer to either of them
than the other is (Tomek 1976).
"""

import numpy as np

from coreselect._validation import Integer, OrNone
from coreselect.imbalance._base import CleaningSampler
from coreselect.imbalance.clean._cleaning import targeted
from coreselect.neighbors import nearest_neighbors


def linked(X, codes, n_jobs=None):
    """Return which rows are members of a Tomek link."""
    nearest = nearest_neighbors(X, 1, n_jobs=n_jobs)[0][:, 0]
    mutual = nearest[nearest] == np.arange(len(codes))
    return mutual & (codes[nearest] != codes)


class TomekLinks(CleaningSampler):
    """Drop rows that are the nearest row of a row of another class, and vice versa.

    Such pairs are Tomek links [1]_.

    Parameters
    ----------
    sampling_strategy : str, list or callable
        Classes that lose their members of links: "auto" (as "not minority"),
        "majority", "not majority", "all", or a list of classes.
    n_jobs : int, optional
        Threads of the search; None: as many as the linear algebra uses.
    weights : {"ones", "prior"}
        Weights of the kept rows: their own, or times n_c / m_c, where n_c rows of their
        class were there and m_c are kept.

    Attributes
    ----------
    selection_ : Selection
    sampling_strategy_ : dict
        Its keys are the classes that rows are dropped from.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        In ascending order.
    sample_weight_ : ndarray of float64 of shape (n_kept,)
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    See Also
    --------
    EditedNearestNeighbours : Drops more.
    OneSidedSelection : Tomek links after a selection of rows near the border.

    Notes
    -----
    O(n² d) in matrix products for many features, less for a few of them; memory O(n).

    Nearest is exact; of equally near rows the first one is. A row and its copy in
    another class form a link.

    This removes overlap, not imbalance: mostly a few percent of the rows. Distances are
    Euclidean: scale the features first.

    References
    ----------
    .. [1] I. Tomek. Two Modifications of CNN. IEEE Transactions on Systems, Man, and
       Cybernetics 6 (1976), 769-772.

    Examples
    --------
    >>> from coreselect import TomekLinks
    >>> X, y = [[0.0], [1.0], [1.1], [3.0], [4.0]], [0, 0, 1, 0, 0]
    >>> TomekLinks().fit(X, y).sample_indices_
    array([0, 2, 3, 4])
    """

    cli_name = "tomek-links"
    cost = "O(n² d)"
    use_when = "Rows of two classes that sit on each other shall go."
    parameter_checks = {
        **CleaningSampler.parameter_checks,
        "n_jobs": OrNone(Integer()),
    }

    def __init__(self, *, sampling_strategy="auto", n_jobs=None, weights="ones"):
        super().__init__(sampling_strategy=sampling_strategy, weights=weights)
        self.n_jobs = n_jobs

    @classmethod
    def examples(cls):
        """Return instances that the checks run on; small data suffice for them."""
        return [cls(), cls(sampling_strategy="all", weights="prior")]

    def _kept_rows(self, data, draws):
        classes = targeted(data, list(self.sampling_strategy_), data.codes)
        drop = linked(data.X, data.codes, self.n_jobs) & np.isin(data.codes, classes)
        return np.flatnonzero(~drop)

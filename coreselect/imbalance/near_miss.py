"""NearMiss: keep rows by their distance to the smallest class (Mani and Zhang, 2003)."""

import warnings
from typing import ClassVar

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors

from coreselect._validation import Integer, OrNone
from coreselect.clustering import sq_distances
from coreselect.imbalance._base import PROTOCOL, UnderSampler
from coreselect.neighbors import nearest_neighbors

_BLOCK = 4096  # rows whose distances are found at a time
_TARGETS = 256


class NearMiss(UnderSampler):
    """Keep the rows of larger classes that are near the smallest class.

    Version 1 keeps the rows with the smallest mean distance to their `n_neighbors`
    nearest rows of the smallest class; version 2, to their `n_neighbors` farthest ones.
    Version 3 looks only at the `n_neighbors_ver3` nearest rows of every row of the
    smallest class, and keeps those with the *largest* mean distance to their
    `n_neighbors` nearest rows of it [1]_.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable, default="auto"
        Which classes, and how many rows they shall have; "auto" brings all classes to
        the size of the smallest.
    version : {1, 2, 3}, default=1
    n_neighbors : int or object with ``kneighbors``, default=3
    n_neighbors_ver3 : int or object with ``kneighbors``, default=3
        Only for version 3.
    n_jobs : int, optional
        Set on neighbours objects that are passed; the search for a number of neighbours
        takes the threads of the linear algebra.
    weights : {"ones", "prior"}, default="ones"
        Weights of the kept rows: their own, or times n_c / m_c, where n_c rows of their
        class were there and m_c are kept.
    protocol : {"coreselect", "imblearn"}, default="coreselect"
        What version 3 does when its candidates are too few: look at more neighbours of
        every row, until there are enough; or keep fewer rows and warn, as in
        imbalanced-learn, which of several smallest classes also takes the one that
        comes first in y, not the first in order.

    Attributes
    ----------
    selection_ : Selection
        The kept rows in ascending order.
    sampling_strategy_ : dict
        Rows to keep of each class that is sampled.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Class by class; sampled classes in the order of their distances.
    sample_weight_ : ndarray of float64 of shape (n_kept,)
    nn_, nn_ver3_ : object
        The neighbours objects, or a `NearestNeighbors` that says the number.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    See Also
    --------
    RandomUnderSampler : Cheaper, and often as good.
    TomekLinks : Drops rows that are too near, instead of keeping them.

    Notes
    -----
    O(n m d) with m rows in the smallest class; memory O(n n_neighbors). Deterministic;
    of rows at the same distance, the lowest is kept. Distances mix all columns as they
    are: scale them first.

    Versions 1 and 2 keep rows *because* they are near the other class: noise and outliers
    first. ``weights="prior"`` corrects the class shares, not this choice inside a class.

    References
    ----------
    .. [1] I. Mani, I. Zhang, "kNN approach to unbalanced data distributions: a case
       study involving information extraction", Workshop on Learning from Imbalanced
       Datasets, ICML, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import NearMiss
    >>> X, y = np.arange(8.0).reshape(-1, 1), np.array([0] * 6 + [1] * 2)
    >>> NearMiss(n_neighbors=2).fit(X, y).sample_indices_
    array([5, 4, 6, 7])
    """

    cli_name: ClassVar[str] = "near-miss"
    passes: ClassVar[str] = "1"
    cost: ClassVar[str] = "O(n m d)"
    use_when: ClassVar[str] = (
        "The rows that matter are those of the large class next to the small one."
    )
    _sorted = staticmethod(np.argsort)

    def __init__(
        self,
        *,
        sampling_strategy="auto",
        version=1,
        n_neighbors=3,
        n_neighbors_ver3=3,
        n_jobs=None,
        weights="ones",
        protocol="coreselect",
    ):
        super().__init__(sampling_strategy=sampling_strategy, weights=weights)
        self.version = version
        self.n_neighbors = n_neighbors
        self.n_neighbors_ver3 = n_neighbors_ver3
        self.n_jobs = n_jobs
        self.protocol = protocol

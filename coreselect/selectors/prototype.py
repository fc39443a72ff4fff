"""Prototypes: one row for each cluster."""

from __future__ import annotations

from coreselect._typing import Checks, Features, Quotas, Seed, Size
from coreselect._validation import Integer, Real
from coreselect.base import Holds, RankSelector
from coreselect.coverage import find_prototypes, space_of


class PrototypeSelector(RankSelector):
    """Select the rows nearest to the centres of clusters that follow their neighbours.

    Clusters start from k-means. Then each row gets shares in clusters: large where the
    centre is near, and where its nearest rows have large shares [1]_. Shares and
    centres are improved in turn. From each cluster, the row nearest to the centre is
    selected. Such rows are good ones to label.

    Parameters
    ----------
    n_select : int or float, default=100
        Number of rows and clusters, or a fraction in (0, 1] of the rows.
    smoothness : float, default=1.0
        How much neighbours pull a row into their clusters; not negative. 0 selects the
        rows nearest to the centres of k-means, without shares.
    n_neighbors : int, default=5
        How many nearest rows each row is linked with; copies count as one row.
    quotas : dict, optional
        Refused: see `BaseSelector`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator
        Used to seed k-means.

    Attributes
    ----------
    selection_ : Selection
        The rows, those of heavy clusters first. The weight of a row is the total input
        weight of the rows whose share in its cluster is largest, so all weights add up
        to the total. They make a quantisation of the data, not unbiased estimates of
        sums. It is 0 for a cluster that lost all rows. If all rows are selected, they
        keep their own weights, in row order.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    See Also
    --------
    FacilityLocationSelector : The same rows every time, ranked, and with a proof.
    KMeansSensitivitySelector : Draws rows for k-means, with unbiased weights.

    Notes
    -----
    *The energy* that shares and centres lower is the weighted sum of shares times
    squared distances, minus `smoothness` times the agreement of linked rows, minus the
    entropy of the shares. No update raises it, although all rows are updated at once. A
    row of weight w counts as w copies of it. The unit of squared distances is a quarter
    of the median gap between the nearest and the second nearest centre of k-means: in a
    much larger unit, all shares become equal and all centres move to the mean. A row
    has shares in the clusters of the 16 nearest of these centres.

    *Cost.* O(n k d) for each round of k-means and O(n^2 d) for the nearest rows, both
    in float32 products; O(n d) for each round of shares. All rows in memory, and some
    hundred numbers for each. For very many rows, select some first, and then among
    these with their weights.

    *When not to use it.* The rows miss rare kinds, and outliers take clusters of their
    own. For the largest distance to a selected row, use `KCenterSelector`; for
    unbiased sums, draw rows.

    *Guarantee.* There is none: the energy has local minima, and the seeds of k-means
    decide which is found. Distances are Euclidean, so bring the columns to one scale
    first.

    *Other sizes.* `select` with a smaller size returns the rows of the heaviest
    clusters. The weight of each other cluster goes to the nearest of these rows; a fit
    with that size finds better rows. If more rows are asked for than are distinct,
    copies of selected rows come last, lowest row first, with weight 0.

    References
    ----------
    .. [1] I. M. Ziko, J. Dolz, E. Granger, I. Ben Ayed, "Laplacian regularized few-shot
       learning", ICML 2020, :arxiv:`2006.15486`.

    Examples
    --------
    >>> from coreselect import PrototypeSelector
    >>> X = [[0.0], [1.0], [2.0], [7.0], [8.0], [9.0], [20.0]]
    >>> fitted = PrototypeSelector(3, random_state=0).fit(X)
    >>> fitted.selection_.indices, fitted.selection_.weights
    (array([1, 4, 6]), array([3., 3., 1.]))
    """

    cli_name = "prototype"
    passes = "3, and all rows in memory"
    cost = "O(n k d) per round of k-means, O(n^2 d) in float32"
    holds = Holds(per_row=40, whole=True, copies=40)
    use_when = "One typical row for each of many clusters, such as rows to label."
    parameter_checks: Checks = {"smoothness": Real(0), "n_neighbors": Integer(1)}
    no_rules = "centres of clusters decide which rows are in"

    def __init__(
        self,
        n_select: Size = 100,
        *,
        smoothness: float = 1.0,
        n_neighbors: int = 5,
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.smoothness = smoothness
        self.n_neighbors = n_neighbors

    @classmethod
    def examples(cls):
        return [cls(n_select=10), cls(n_select=5, smoothness=0)]

    def _learn(self, rows, size, rng):
        space = space_of(rows, "euclidean")
        return find_prototypes(
            rows, space, size, self.smoothness, self.n_neighbors, rng
        )

    def _rank(self, prototypes, size, rng):
        return prototypes.order[:size], prototypes.weights(size)

"""ADASYN: more new rows for bases with more neighbours of other classes.

Base i gets the share ``r_i / sum(r)`` of the new rows. r_i is the fraction of other
classes among its k nearest rows (He et al. 2008, equations 2 to 4).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from coreselect._typing import NeighborsLike, Seed, Strategy
from coreselect.base import Holds
from coreselect.imbalance._base import OverSampler
from coreselect.imbalance._base.neighbors import (
    class_neighbors,
    count_others,
    neighbors_object,
    with_searched,
)
from coreselect.selection import Interpolations


class ADASYN(OverSampler):
    """Make more new rows where there are more neighbours of other classes.

    New rows lie on the same segments as those of `SMOTE`. The number of new rows of a
    base is proportional to the fraction of other classes among its `n_neighbors`
    nearest rows [1]_.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        As for `SMOTE`.
    random_state : None, int, RandomState or Generator
        Under protocol "imblearn", no Generator.
    n_neighbors : int or object with ``kneighbors``
        Number of neighbours, first among all rows and then inside the class.
    protocol : {"coreselect", "imblearn"}
        "imblearn" gives the rows of imbalanced-learn 0.14 for the same `random_state`,
        except where neighbours are at equal distances. The numbers of its bases are
        rounded one by one, so that totals can differ from what was asked for; if no row
        has a neighbour of another class, it raises an error.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_weight_
        As for `SMOTE`.
    nn_ : object
        The neighbours object of imbalanced-learn, not fitted.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    ValueError
        If there are too few rows for `n_neighbors`; the message names a number that
        fits.

    See Also
    --------
    SMOTE : The same number of new rows for every base.
    BorderlineSMOTE : Bases are rows near the border, noise excluded.

    Notes
    -----
    The search costs n T d operations for a class of T rows among n in d columns. `fit`
    holds T (d + k) numbers and a block of rows at a time; an object in place of a
    number of neighbours is fitted to all rows at once.

    Totals are exact (largest remainders). If no row has a neighbour of another class,
    every row gets the same share, with a warning. ``sample_weight`` multiplies the
    shares and passes on to new rows as in `SMOTE`.

    Most new rows go to rows whose neighbours are all of other classes, which may be
    noise.

    References
    ----------
    .. [1] H. He, Y. Bai, E. A. Garcia and S. Li. ADASYN: Adaptive synthetic sampling
       approach for imbalanced learning. IJCNN 2008, 1322-1328,
       :doi:`10.1109/IJCNN.2008.4633969`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import ADASYN
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> y = np.repeat([1, 0], [20, 80])
    >>> X_new, y_new = ADASYN(random_state=0).fit_resample(X, y)
    >>> int((y_new == 1).sum())
    80
    """

    cli_name = "adasyn"
    passes = "1, and 2 for each class that gets new rows"
    cost = "O(n T d)"
    holds = Holds(per_row=48, blocks=2, per_small=24)
    use_when = "New rows should lie where classes overlap, and labels are clean."

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        n_neighbors: NeighborsLike = 5,
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(
            sampling_strategy=sampling_strategy,
            random_state=random_state,
            protocol=protocol,
        )
        self.n_neighbors = n_neighbors

    @classmethod
    def examples(cls):
        return [cls(n_neighbors=1)]

    def _holds(self, data):
        return with_searched(super()._holds(data), self.n_neighbors)

    def _begin(self, data, draws):
        self.nn_ = neighbors_object(self.n_neighbors)

    def _new_rows(self, data, label, rows, n_new, draws):
        X = data.X_of(rows)
        others, n_neighbors = count_others(
            "n_neighbors", self.n_neighbors, data, rows, X
        )
        # The fraction r_i of the paper, times the weight of the row.
        shares = others / n_neighbors * draws.base_weights(data.weights_of(rows))
        if not shares.any():
            draws.fall_back(
                label,
                rows,
                "no row has a neighbour of another class",
                error=RuntimeError(
                    "No row of the class has a neighbour of another class, so ADASYN "
                    "cannot tell where new rows are needed. Use SMOTE, or "
                    "protocol='coreselect', which then shares new rows out evenly."
                ),
            )
            shares = data.weights_of(rows)
        counts = draws.share_out(n_new, shares, np.rint)
        if not counts.any():
            raise ValueError(
                f"ADASYN would make no rows: its shares of the {n_new} rows asked for "
                "all round to 0. Ask for more with sampling_strategy, or use "
                "protocol='coreselect'."
            )
        lists = class_neighbors("n_neighbors", self.n_neighbors, X, label)
        places = np.repeat(np.arange(len(rows)), counts)
        columns, steps = draws.columns_and_steps(lists.shape[1], len(places))
        return [Interpolations(rows[places], rows[lists[places, columns]], steps)]

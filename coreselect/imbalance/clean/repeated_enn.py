"""Wilson's editing, repeated until no row is dropped (Tomek 1976)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from coreselect._typing import Checks, CleaningStrategy, NeighborsLike
from coreselect._validation import Integer
from coreselect.imbalance.clean._cleaning import (
    SPARE,
    class_by_class,
    edit_once,
    is_overdone,
    n_neighbors_of,
)
from coreselect.imbalance.clean.edited_nearest_neighbours import EditedNearestNeighbours


class RepeatedEditedNearestNeighbours(EditedNearestNeighbours):
    """Drop rows whose neighbours are of other classes, until there are none.

    `EditedNearestNeighbours` again and again [1]_.

    Parameters
    ----------
    sampling_strategy : str, list or callable
        Classes that rows are dropped from: "auto" (the same as "not minority"),
        "majority", "not majority", "all", or a list of classes. Names refer to the
        classes that remain, and are read anew in each pass.
    n_neighbors : int or object with ``kneighbors``
        Number of neighbours that judge a row. An object counts the row itself too.
    max_iter : int
        Largest number of passes.
    kind_sel : {"all", "mode"}
        As for `EditedNearestNeighbours`.
    n_jobs : int, optional
        Number of threads of the search; None: as many as the linear algebra uses.
    weights : {"ones", "prior"}
        Weights of the kept rows: their own, or these times n_c / m_c, where a class had
        n_c rows and keeps m_c.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_indices_, sample_weight_, nn_
        As for `EditedNearestNeighbours`; the strategy is that of the first pass.
    n_iter_ : int
        Number of passes made.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    See Also
    --------
    EditedNearestNeighbours : One pass.
    AllKNN : With more and more neighbours.

    Notes
    -----
    The passes end when one drops nothing, or when a class is gone or smaller than the
    smallest class was; the last pass counts.

    The cost is little more than that of one pass: neighbours are searched again only
    for rows that lost too many of them. Memory is O(n k).

    References
    ----------
    .. [1] I. Tomek. An Experiment with the Edited Nearest-Neighbor Rule. IEEE
       Transactions on Systems, Man, and Cybernetics 6 (1976), 448-452,
       :doi:`10.1109/TSMC.1976.4309523`.

    Examples
    --------
    >>> from coreselect import RepeatedEditedNearestNeighbours
    >>> X = [[0.0], [1.0], [2.0], [3.0], [4.5], [5.0], [6.0]]
    >>> y = [0, 0, 0, 0, 0, 1, 1]
    >>> cleaner = RepeatedEditedNearestNeighbours(n_neighbors=2).fit(X, y)
    >>> cleaner.sample_indices_, cleaner.n_iter_
    (array([0, 1, 2, 3, 5, 6]), 2)
    """

    cli_name = "repeated-edited-nearest-neighbours"
    cost = "O(n² d)"
    use_when = "One pass of editing leaves rows that it would drop."
    parameter_checks: Checks = {"max_iter": Integer(1)}

    def __init__(
        self,
        *,
        sampling_strategy: CleaningStrategy = "auto",
        n_neighbors: NeighborsLike = 3,
        max_iter: int = 100,
        kind_sel: Literal["all", "mode"] = "all",
        n_jobs: int | None = None,
        weights: Literal["ones", "prior"] = "ones",
    ) -> None:
        super().__init__(
            sampling_strategy=sampling_strategy,
            n_neighbors=n_neighbors,
            kind_sel=kind_sel,
            n_jobs=n_jobs,
            weights=weights,
        )
        self.max_iter = max_iter

    def _kept_rows(self, data, draws):
        remaining = self._remaining(data, SPARE)
        k, smallest = n_neighbors_of(self.n_neighbors), draws.smallest_class(data.codes)
        for done in range(1, self.max_iter + 1):
            self.n_iter_ = done
            dropped = edit_once(data, remaining, self._strategy_now(), k, self.kind_sel)
            if dropped == 0 or is_overdone(data, remaining, smallest):
                break
        return class_by_class(data, np.flatnonzero(remaining.alive))

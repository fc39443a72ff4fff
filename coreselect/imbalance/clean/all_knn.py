"""Wilson's editing with one neighbour, then two, and so on (Tomek 1976)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from coreselect._typing import Checks, CleaningStrategy, NeighborsLike
from coreselect._validation import Boolean
from coreselect.imbalance.clean._cleaning import (
    SPARE,
    class_by_class,
    edit_once,
    is_overdone,
    n_neighbors_of,
)
from coreselect.imbalance.clean.edited_nearest_neighbours import EditedNearestNeighbours


class AllKNN(EditedNearestNeighbours):
    """Drop rows whose 1, 2, ..., `n_neighbors` neighbours are of other classes.

    `EditedNearestNeighbours` with more neighbours in each pass [1]_.

    Parameters
    ----------
    sampling_strategy : str, list or callable
        Classes that rows are dropped from: "auto" (the same as "not minority"),
        "majority", "not majority", "all", or a list of classes. Names refer to the
        classes that remain, and are read anew in each pass.
    n_neighbors : int or object with ``kneighbors``
        Number of neighbours in the last pass. An object counts the row itself too.
    kind_sel : {"all", "mode"}
        As for `EditedNearestNeighbours`.
    allow_minority : bool
        Go on after a class has become smaller than the smallest class was.
    n_jobs : int, optional
        Number of threads of the search; None: as many as the linear algebra uses.
    weights : {"ones", "prior"}
        Weights of the kept rows: their own, or these times n_c / m_c, where a class had
        n_c rows and keeps m_c.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_indices_, sample_weight_, nn_
        As for `EditedNearestNeighbours`; the strategy is that of the first pass.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    See Also
    --------
    EditedNearestNeighbours : One pass with all neighbours.
    RepeatedEditedNearestNeighbours : Until nothing changes.

    Notes
    -----
    Every pass sees only the rows that the passes before it kept. The passes end when a
    class is gone, or smaller than the smallest class was; the last pass counts.

    One search serves all passes, except for rows that lost too many neighbours. Memory
    is O(n k).

    References
    ----------
    .. [1] I. Tomek. An Experiment with the Edited Nearest-Neighbor Rule. IEEE
       Transactions on Systems, Man, and Cybernetics 6 (1976), 448-452,
       :doi:`10.1109/TSMC.1976.4309523`.

    Examples
    --------
    >>> from coreselect import AllKNN
    >>> X = [[0.0], [1.0], [2.0], [3.0], [4.5], [5.0], [6.0]]
    >>> AllKNN(n_neighbors=2).fit(X, [0, 0, 0, 0, 0, 1, 1]).sample_indices_
    array([0, 1, 2, 3, 5, 6])
    """

    cli_name = "all-knn"
    cost = "O(n² d)"
    use_when = "Editing should judge rows by small and by larger neighbourhoods."
    parameter_checks: Checks = {"allow_minority": Boolean()}

    def __init__(
        self,
        *,
        sampling_strategy: CleaningStrategy = "auto",
        n_neighbors: NeighborsLike = 3,
        kind_sel: Literal["all", "mode"] = "all",
        allow_minority: bool = False,
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
        self.allow_minority = allow_minority

    def _kept_rows(self, data, draws):
        largest, smallest = (
            n_neighbors_of(self.n_neighbors),
            draws.smallest_class(data.codes),
        )
        # The first list is long enough for the last pass, and for some lost rows.
        remaining = self._remaining(data, largest - 1 + SPARE)
        for k in range(1, largest + 1):
            edit_once(data, remaining, self._strategy_now(), k, self.kind_sel)
            if is_overdone(
                data, remaining, smallest, allow_minority=self.allow_minority
            ):
                break
        return class_by_class(data, np.flatnonzero(remaining.alive))

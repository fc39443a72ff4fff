"""SMOTE: new rows of a class on the segments between its rows and their neighbours.

A new row is ``x + u (x_nn - x)``: u is uniform on [0, 1), x is a row of the class, and
x_nn is one of its k nearest rows inside the class (Chawla et al. 2002, section 4.2).
"""

from __future__ import annotations

from typing import Literal

from coreselect._typing import Checks, NeighborsLike, Seed, Strategy
from coreselect._validation import OneOf
from coreselect.base import Holds
from coreselect.imbalance._base import OverSampler
from coreselect.imbalance._base.neighbors import class_neighbors, neighbors_object


class SMOTE(OverSampler):
    """Make new rows of a class between its rows and their neighbours.

    Each new row lies on the segment from a row of the class, its base, to one of the
    `k_neighbors` nearest rows inside the class [1]_.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        Which classes get new rows, and how many. "auto" (the same as "not majority"),
        "minority", "not minority", "not majority" and "all" bring these classes to the
        size of the largest. A float brings the smaller of two classes to this share of
        the larger one. A dict gives the size of each class afterwards; a function of y
        returns such a dict.
    random_state : None, int, RandomState or Generator
        Under protocol "imblearn", no Generator.
    k_neighbors : int or object with ``kneighbors``
        Number of neighbours inside the class. An object, such as
        `sklearn.neighbors.NearestNeighbors`, must count the row itself as a neighbour.
    allocation : {"auto", "even", "pairs"}
        "even" (the paper) shares new rows out evenly over the rows of the class, and
        the remainder at random; "pairs" draws each base at random. "auto" is "even", or
        "pairs" under protocol "imblearn".
    protocol : {"coreselect", "imblearn"}
        "imblearn" gives the rows of imbalanced-learn 0.14 for the same `random_state`,
        except where neighbours are at equal distances.

    Attributes
    ----------
    selection_ : Synthesis
        All rows, and the recipes of the new ones.
    sampling_strategy_ : dict
        Number of new rows by class.
    sample_weight_ : ndarray of float64
        Weight of each row of `fit_resample`.
    nn_k_ : object
        The neighbours object of imbalanced-learn, not fitted.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Raises
    ------
    ValueError
        If a class has at most `k_neighbors` rows; the message names a number that fits.

    See Also
    --------
    RandomOverSampler : Copies instead of new rows; needs no distances.
    BorderlineSMOTE : Only rows near the border are bases.

    Notes
    -----
    For a class of T rows in d columns, the exact search for neighbours costs T squared
    times d operations; each new row costs d more. `fit` holds the rows of one class at
    a time, that is T (d + k) numbers; one pass before that looks for NaN, in blocks.

    Class sizes afterwards are exact. They count rows, not weights. With
    ``sample_weight``, rows become bases in proportion to their weights, and the weight
    of a new row is interpolated like its features.

    A class of one row has no segments: its new rows are copies, with a
    `SingleRowWarning`. A row is not its own neighbour, but a copy of it can be.

    Distances are Euclidean, so scale the features first. Integer columns stay integers
    (new values are rounded). Resample the training rows only, inside cross-validation.
    Compare with a moved threshold or with class weights first: the gains that the paper
    reports are below one point of AUC.

    References
    ----------
    .. [1] N. V. Chawla, K. W. Bowyer, L. O. Hall and W. P. Kegelmeyer. SMOTE: Synthetic
       Minority Over-sampling Technique. JAIR 16 (2002), 321-357,
       :doi:`10.1613/jair.953`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import SMOTE
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> y = np.repeat(["rare", "common"], [10, 90])
    >>> X_new, y_new = SMOTE(random_state=0).fit_resample(X, y)
    >>> X_new.shape, int((y_new == "rare").sum())
    ((180, 3), 90)
    >>> SMOTE(random_state=0).fit(X, y).select()
    Synthesis(100 of 100 rows kept, 80 new: interpolate)
    """

    cli_name = "smote"
    passes = "1, and 1 for each class that gets new rows"
    cost = "O(T² d)"
    holds = Holds(per_row=48, blocks=2, per_small=48)
    use_when = "A class has few rows, features are numbers, and the learner is weak."
    parameter_checks: Checks = {"allocation": OneOf("auto", "even", "pairs")}

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        k_neighbors: NeighborsLike = 5,
        allocation: Literal["auto", "even", "pairs"] = "auto",
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(
            sampling_strategy=sampling_strategy,
            random_state=random_state,
            protocol=protocol,
        )
        self.k_neighbors = k_neighbors
        self.allocation = allocation

    @classmethod
    def examples(cls):
        return [
            cls(k_neighbors=1),
            cls(k_neighbors=1, allocation="pairs"),
            cls(k_neighbors=1, protocol="imblearn"),
        ]

    def _check_parameters(self):
        super()._check_parameters()
        self._protocol().check_allocation(self.allocation)

    def _begin(self, data, draws):
        self.nn_k_ = neighbors_object(self.k_neighbors)

    def _new_rows(self, data, label, rows, n_new, draws):
        lists = class_neighbors("k_neighbors", self.k_neighbors, data.X_of(rows), label)
        return [self._segments(data, draws, rows, rows, lists, n_new)]

    def _segments(self, data, draws, bases, targets, lists, n_new, step=1.0):
        """Draw new rows; see `segments` of `draws`."""
        weights, pairs = data.weights_of(bases), self.allocation == "pairs"
        return draws.segments(
            bases, targets, lists, n_new, weights, pairs=pairs, step=step
        )

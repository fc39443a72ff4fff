"""Random under-sampling: every subset of the wanted size is equally likely."""

from __future__ import annotations

from typing import Literal

from coreselect._typing import Checks, Seed, Strategy
from coreselect._validation import Boolean
from coreselect.base import Holds
from coreselect.imbalance._base import UnderSampler


class RandomUnderSampler(UnderSampler):
    """Keep rows of the larger classes at random.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable, default="auto"
        Which classes lose rows, and how many rows they keep; "auto" brings all classes
        to the size of the smallest.
    random_state : None, int, RandomState or Generator
    replacement : bool, default=False
        Draw with replacement, so that rows may repeat.
    weights : {"ones", "prior"}, default="ones"
        Weights of the kept rows: their own, or these times n_c / m_c, where a class had
        n_c rows and keeps m_c.
    protocol : {"coreselect", "imblearn"}, default="coreselect"
        With "coreselect" each class has its own random numbers and keeps the order of
        its rows; "imblearn" gives the rows and the order of imbalanced-learn 0.14.

    Attributes
    ----------
    selection_ : Selection
        The kept rows in ascending order; the weights of repeated rows are added up.
    sampling_strategy_ : dict
        Number of rows to keep of each sampled class.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Row numbers in the order of `fit_resample`, class by class; with `replacement`
        they repeat.
    sample_weight_ : ndarray of float64 of shape (n_kept,)
        In the order of `sample_indices_`.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    See Also
    --------
    ClusterCentroids : Replaces rows by means of clusters.
    UniformSelector : Keeps a number of rows whatever their class.

    Notes
    -----
    The cost is O(n). The features are not looked at, so they may be of any kind and
    missing. Frames keep their index.

    With ``weights="prior"``, weighted sums over the kept rows are unbiased for sums
    over all rows, and a classifier that takes weights is fitted to the class shares of
    the data. Without it, a classifier learns the class shares of the sample, and its
    probabilities need `PriorShiftCalibrator`. Rows keep their input weights, which do
    not influence the draw; rows of weight 0 are never drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import RandomUnderSampler
    >>> X, y = np.arange(10).reshape(-1, 1), np.array([0] * 8 + [1] * 2)
    >>> sampler = RandomUnderSampler(random_state=0, weights="prior").fit(X, y)
    >>> np.bincount(y[sampler.sample_indices_])
    array([2, 2])
    >>> sampler.sample_weight_
    array([4., 4., 1., 1.])
    """

    cli_name = "random-under"
    passes = "0"
    cost = "O(n)"
    holds = Holds(per_row=64)
    use_when = (
        "Classes are uneven and there are rows to spare: the baseline of resampling."
    )
    parameter_checks: Checks = {"replacement": Boolean()}
    _numeric = False
    _strings = True
    _allow_nan = True
    _keeps_index = True
    _exact = ("coreselect", "imblearn")

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        replacement: bool = False,
        weights: Literal["ones", "prior"] = "ones",
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy, weights=weights)
        self.random_state = random_state
        self.replacement = replacement
        self.protocol = protocol

    def _reads_features(self):
        return False

    @classmethod
    def examples(cls):
        return [cls(), cls(weights="prior"), cls(protocol="imblearn", replacement=True)]

    def _kept_rows(self, data, draws):
        def keep(label, rows, draws):
            size = self.sampling_strategy_[label]
            return rows[draws.sample(len(rows), size, self.replacement)]

        return self._class_by_class(data, draws, keep)

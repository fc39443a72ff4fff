"""Random under-sampling: as many rows of a class as wanted, each subset alike."""

import numpy as np

from coreselect._validation import Boolean
from coreselect.imbalance._base import PROTOCOL, UnderSampler


class RandomUnderSampler(UnderSampler):
    """Keep rows of the larger classes at random.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable, default="auto"
        Which classes, and how many rows they shall have; "auto" brings all classes to
        the size of the smallest.
    random_state : None, int, RandomState or Generator
    replacement : bool, default=False
        Draw with replacement, so that rows may repeat.
    weights : {"ones", "prior"}, default="ones"
        Weights of the kept rows: their own, or times n_c / m_c, where n_c rows of their
        class were there and m_c were drawn.
    protocol : {"coreselect", "imblearn"}, default="coreselect"
        Whose random numbers and order: each class has a stream of its own and keeps the
        order of its rows, or all is as in imbalanced-learn.

    Attributes
    ----------
    selection_ : Selection
        The kept rows in ascending order; of a row drawn several times, the sum of the
        weights.
    sampling_strategy_ : dict
        Rows to keep of each class that is sampled.
    sample_indices_ : ndarray of int64 of shape (n_kept,)
        Rows in the order of `fit_resample`, class by class; they repeat with
        `replacement`.
    sample_weight_ : ndarray of float64 of shape (n_kept,)
        In the order of `sample_indices_`.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    See Also
    --------
    ClusterCentroids : Replaces rows by means of clusters.
    UniformSelector : Keeps a number of rows whatever their class.

    Notes
    -----
    O(n); the features are not looked at, so they may be of any kind and missing. Frames
    keep their index.

    With ``weights="prior"`` weighted sums over the kept rows are unbiased for sums over
    all rows, and a classifier that takes weights is fitted to the class shares of the
    data. Without, a classifier learns the class shares of the sample: its probabilities
    need `PriorShiftCalibrator`. Input weights ride along: a row is drawn whatever its
    weight, unless that is 0.

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
    passes = "1"
    cost = "O(n)"
    use_when = (
        "Classes are uneven and there are rows to spare: the baseline of resampling."
    )
    parameter_checks = {
        **UnderSampler.parameter_checks,
        "replacement": Boolean(),
        "protocol": PROTOCOL,
    }
    _numeric = False
    _strings = True
    _allow_nan = True
    _keeps_index = True
    _exact = ("coreselect", "imblearn")

    def __init__(
        self,
        *,
        sampling_strategy="auto",
        random_state=None,
        replacement=False,
        weights="ones",
        protocol="coreselect",
    ):
        super().__init__(sampling_strategy=sampling_strategy, weights=weights)
        self.random_state = random_state
        self.replacement = replacement
        self.protocol = protocol

    @classmethod
    def examples(cls):
        """Return instances that the checks run on; small data suffice for them."""
        return [cls(), cls(weights="prior"), cls(protocol="imblearn", replacement=True)]

    def _kept_rows(self, data, draws):
        kept = []
        for code, label in enumerate(data.classes):
            rows = data.rows_of(label)
            if label in self.sampling_strategy_:
                size, own = self.sampling_strategy_[label], draws.of_class(code)
                rows = rows[own.sample(len(rows), size, self.replacement)]
            kept.append(rows)
        return np.concatenate(kept)

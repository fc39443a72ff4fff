"""Lightweight coresets: half uniform, half by squared distance to the mean."""

from coreselect.base import Holds, ScoreSelector
from coreselect.clustering import block_lightweight, spread_of
from coreselect.streams import StreamMixin


class LightweightSelector(StreamMixin, ScoreSelector):
    """Select rows for k-means by their squared distance to the mean.

    A row of weight ``w`` at ``x`` gets the score ``w / (2 W) + w d(x, mean)**2 / (2
    S)``, with ``W`` the total weight and ``S`` the weighted scatter [1]_.

    Parameters
    ----------
    n_select : int or float, default=100
        Number of rows, or a fraction in (0, 1] of them.
    stratify : bool, default=False
        Whether to draw within the classes of y: each class gets its expected number of
        rows, rounded down or up at random. If y holds numbers with fractions,
        rows are drawn in the order of y instead, which spreads them over its values.
    design : {"pivotal", "systematic", "balanced", "poisson", "priority", \
              "multinomial"}
        How rows are drawn; see `coreselect.draw`.
    balance_on : {"auto", "linear", "quadratic"}
        For ``design="balanced"``: the columns whose totals are kept; see
        `ScoreSelector`.
    quotas : dict, optional
        How many rows of which of the `groups` of `fit`; see `BaseSelector`.
    budget : float, optional
        What the rows cost together, on average. `fit` takes the `cost` of each. This
        is in place of a size, so `n_select` must be None; see `coreselect.draw`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    selection_ : Selection
        The selected rows, weighted by input weight / inclusion probability.
    scores_ : ndarray of shape (n_rows,)
        Half the sensitivity of every row with one centre; they add up to one.
    balance_columns_ : list of str
        Only for ``design="balanced"``: the columns that `selection_` balances.
    coreset_ : Coreset
        Only after `partial_fit`: the selected rows themselves.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    See Also
    --------
    KMeansSensitivitySelector : Also finds small clusters near the mean.

    Notes
    -----
    Cost O(n d), two passes over the data. With ``(d k log(k) + log(1 / delta)) /
    epsilon**2`` rows, up to a constant, the error of the cost of any k centres is at
    most ``epsilon / 2`` times the sum of that cost and the scatter, with probability
    ``1 - delta`` [1]_. The error is thus relative to the *scatter*: where k good
    centres cost much less than one centre does, small clusters near the mean can be
    missed. If all rows are equal, sampling is uniform.

    References
    ----------
    .. [1] O. Bachem, M. Lucic, A. Krause, "Scalable k-means clustering via lightweight
       coresets", KDD 2018, :arxiv:`1702.08248`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import LightweightSelector
    >>> X = np.vstack([np.zeros((99, 2)), [[100.0, 100.0]]])  # one row far out
    >>> selection = LightweightSelector(10, random_state=0).fit_select(X)
    >>> int(selection.indices[-1]), float(selection.weights[-1])
    (99, 1.0)
    """

    cli_name = "lightweight"
    passes = "2"
    cost = "O(n d)"
    holds = Holds(per_row=8)
    use_when = "Before k-means on very many rows, when clusters are large or far apart."
    _balances_y = False

    def _learn(self, rows, rng):
        return spread_of(rows)

    def _scores(self, block, spread):
        return block_lightweight(block, spread)

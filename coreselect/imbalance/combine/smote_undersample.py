"""SMOTE and random under-sampling in one, as the SMOTE paper measured them.

For T rows of the smallest class, T N / 100 new rows are made, and 100 T / p rows of
every larger class are kept (Chawla et al. 2002, section 4.2); new rows do not count in
the second number.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from sklearn.base import clone

from coreselect._typing import Checks, Seed
from coreselect._validation import OrNone, Real, as_written, half_up
from coreselect.base import Holds
from coreselect.imbalance._base import UNDER, BaseResampler, OverSampler, Resampled
from coreselect.imbalance._base.parameters import InstanceOf
from coreselect.imbalance.over.smote import SMOTE
from coreselect.selection import Synthesis


class SmoteUndersample(BaseResampler):
    """Make new rows of the smallest class and drop rows of the others.

    The combination that the SMOTE paper recommends [1]_: with both amounts varied, it
    covers more of the ROC curve than either step alone.

    Parameters
    ----------
    over : float, default=200
        New rows, in per cent of the rows of the smallest class: 0 makes none, 200 two
        for every row.
    under : float, default=100
        Original size of the smallest class, in per cent of the size that each other
        class gets: 100 keeps as many rows of a class as the smallest class had, 50
        twice as many. A class that is no larger stays whole, and every class keeps a
        row.
    smote : over-sampler, default=None
        Makes the new rows: an over-sampler of this package, such as ``SMOTENC([0,
        3])``; None is ``SMOTE()``. Its `sampling_strategy`, `random_state` and
        `protocol` are set here.
    random_state : None, int, RandomState or Generator, default=None
        Under protocol "imblearn", no Generator.
    weights : {"ones", "prior"}, default="ones"
        Weights of the rows: their own, or these times n_c / m_c, where a class had n_c
        rows and now has m_c.
    protocol : {"coreselect", "imblearn"}, default="coreselect"
        "imblearn" gives the rows of imbalanced-learn's SMOTE followed by its
        RandomUnderSampler with the same `random_state`, except where neighbours are at
        equal distances.

    Attributes
    ----------
    selection_ : Synthesis
        The kept rows, and the recipes of the new ones.
    sampling_strategy_ : dict
        Size of each class afterwards.
    smote_ : over-sampler
        The fitted over-sampler.
    sample_weight_ : ndarray of float64
        Weight of each row of `fit_resample`.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    See Also
    --------
    SMOTE : The new rows alone.
    RandomUnderSampler : The dropping alone.
    coreselect.metrics.roc_convex_hull : Compares classifiers for several amounts.

    Notes
    -----
    Cost and memory are those of `smote`, and O(n) for the rest.

    With an integer `random_state`, a larger `under` keeps a subset of the rows that a
    smaller one keeps, and the new rows stay the same. So curves over `under` show its
    effect alone. SMOTE looks at the smallest class alone, so new rows do not depend on
    the rows that are dropped.

    If several classes are smallest, the first is over-sampled; all other classes lose
    rows.

    Do not use it for a strong learner with a threshold or class weights. The paper
    itself found plain under-sampling as good on nominal data.

    References
    ----------
    .. [1] N. V. Chawla, K. W. Bowyer, L. O. Hall and W. P. Kegelmeyer. SMOTE: Synthetic
       Minority Over-sampling Technique. JAIR 16 (2002), 321-357,
       :doi:`10.1613/jair.953`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import SmoteUndersample
    >>> X = np.random.default_rng(0).normal(size=(250, 3))
    >>> y = np.repeat(["rare", "common"], [50, 200])
    >>> SmoteUndersample(over=200, under=50, random_state=0).fit(X, y).select()
    Synthesis(150 of 250 rows kept, 100 new: interpolate)
    """

    cli_name = "smote-undersample"
    passes = "those of `smote`; by default 1, and 1 for the smallest class"
    cost = "T² d for T rows of the smallest class"
    use_when = "Points of a ROC curve are wanted, by making and dropping rows."
    parameter_checks: Checks = {
        "over": Real(0, 1e9),
        "under": Real(0, strict=True),
        "smote": OrNone(InstanceOf(OverSampler, "SMOTE")),
    }
    _sampling_type = UNDER
    # Not a parameter: the smallest class is over-sampled, the others lose rows.
    sampling_strategy = "not minority"

    def __init__(
        self,
        over: float = 200,
        under: float = 100,
        *,
        smote: Any = None,
        random_state: Seed = None,
        weights: Literal["ones", "prior"] = "ones",
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        self.over = over
        self.under = under
        self.smote = smote
        self.random_state = random_state
        self.weights = weights
        self.protocol = protocol

    @classmethod
    def examples(cls):
        return [
            cls(smote=SMOTE(k_neighbors=1)),
            cls(50, 200, smote=SMOTE(k_neighbors=1), weights="prior"),
            cls(smote=SMOTE(k_neighbors=1), protocol="imblearn"),
        ]

    def _resample(self, data, draws):
        self.smote_ = SMOTE() if self.smote is None else clone(self.smote)
        counts = np.bincount(data.codes, minlength=len(data.classes))
        label = data.classes[np.argmin(counts)]
        n_rare = int(counts.min())
        n_new = half_up(n_rare * as_written(self.over) / 100)
        n_keep = max(1, half_up(100 * n_rare / as_written(self.under)))
        self.sampling_strategy_ = {
            c: n_rare + n_new if c == label else min(int(n), n_keep)
            for c, n in zip(data.classes, counts, strict=True)
        }
        # New rows are made first, from all rows of the class, as in the paper.
        made = self._more(data, label, n_new, draws.anew())
        order = []
        for code, (c, size) in enumerate(self.sampling_strategy_.items()):
            rows = data.rows_of(c)
            if c == label:
                rows = np.concatenate([rows, np.arange(data.n_rows, len(made))])
            else:
                rows = draws.of_class(code).thinned(rows, size)
            order.append(rows)
        order = np.concatenate(order)
        mask = np.zeros(len(made), dtype=bool)
        mask[order] = True
        places = draws.order((np.cumsum(mask) - 1)[order])
        return Resampled(self._weighted(made, data).keep(mask), places)

    def _more(self, data, label, n_new, draws):
        """Return all rows, and the new ones of class `label`."""
        if n_new == 0:
            weights = data.weights_of(np.arange(data.n_rows))
            return Synthesis(
                np.arange(data.n_rows), [], data.classes[:0], data.n_rows, weights
            )
        # The over-sampler gets rows that are open already, and the random numbers of
        # this fit, so its own `fit` is not called.
        smote = self.smote_.set_params(
            sampling_strategy={label: self.sampling_strategy_[label]},
            random_state=self.random_state,
            protocol=self.protocol,
        )
        smote._check_parameters()
        smote.n_features_in_ = data.n_features
        smote.sampling_strategy_ = {label: n_new}
        return smote._resample(data, draws)

    def _weighted(self, made, data):
        """Return the same rows with the weights asked for."""
        if self.weights == "ones":
            return made
        # New rows count for the rows of their class, which there are more of now.
        before = np.bincount(data.codes, minlength=len(data.classes))
        factor = before / list(self.sampling_strategy_.values())
        n_new = len(made) - data.n_rows
        codes = np.concatenate([data.codes, np.repeat(np.argmin(before), n_new)])
        return replace(made, weights=made.weights * factor[codes])

    # The over-sampler decides what X may hold, how it is checked and how it is read.
    @property
    def holds(self) -> Holds:  # type: ignore[override]
        return (self.smote or SMOTE).holds

    def _holds(self, data):
        return (self.smote or SMOTE())._holds(data)

    @property
    def _numeric(self):
        return (self.smote or SMOTE)._numeric

    @property
    def _strings(self):
        return (self.smote or SMOTE)._strings

"""Bases of methods that only keep rows: under-samplers and cleaners."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from coreselect._typing import CleaningStrategy, Strategy
from coreselect.imbalance._base.resampler import BaseResampler, Resampled
from coreselect.imbalance._base.strategy import CLEAN, UNDER
from coreselect.selection import Selection


class UnderSampler(BaseResampler):
    """Base of methods that keep some rows of classes.

    Subclasses write ``_kept_rows(data, draws)``: the numbers of the kept rows of all
    classes, in imbalanced-learn's order; they may repeat.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        Which classes lose rows, and how many rows they keep.
    weights : {"ones", "prior"}
        Weights of the kept rows: their own, or these times n_c / m_c, where a class had
        n_c rows and keeps m_c; that undoes the change of class shares.
    """

    _sampling_type = UNDER
    _gives_indices = True

    def __init__(
        self,
        *,
        sampling_strategy: Strategy | CleaningStrategy = "auto",
        weights: Literal["ones", "prior"] = "ones",
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.weights = weights

    def _kept_rows(self, data: Any, draws: Any) -> Any:
        """Return the numbers of the kept rows in imbalanced-learn's order."""
        raise TypeError(f"{type(self).__name__} must define _kept_rows(data, draws).")

    def _class_by_class(self, data, draws, keep):
        """Return the rows that are kept of every class, in the order of the classes.

        ``keep(label, rows, draws)`` returns those of a sampled class; all rows of the
        other classes are kept.
        """
        kept = []
        for code, label in enumerate(data.classes):
            rows = np.flatnonzero(data.codes == code)
            if label in self.sampling_strategy_:
                rows = keep(label, rows, draws.of_class(code))
            kept.append(rows)
        return np.concatenate(kept)

    def _resample(self, data, draws):
        return self._selection(data, self._kept_rows(data, draws))

    def _selection(self, data, order):
        """Return the selection of rows `order`, with the weights asked for."""
        order = np.asarray(order, dtype=np.int64)
        indices, hits = np.unique(order, return_counts=True)
        # A row that is drawn several times counts several times.
        weights = data.weights_of(indices) * hits
        if self.weights == "prior":
            before = np.bincount(data.codes, minlength=len(data.classes))
            after = np.bincount(data.codes[order], minlength=len(data.classes))
            # A class without kept rows divides by zero; its quotient is not used.
            with np.errstate(divide="ignore"):
                weights = weights * (before / after)[data.codes[indices]]
        return Resampled(Selection(indices, weights, data.n_rows), order)


class CleaningSampler(UnderSampler):
    """Base of methods that find out themselves how many rows of a class to drop.

    Subclasses write ``_kept_rows(data, draws)``, as for `UnderSampler`; the keys of
    ``sampling_strategy_`` are the classes that rows are dropped from.

    Parameters
    ----------
    sampling_strategy : str, list or callable
        Which classes lose rows.
    weights : {"ones", "prior"}
        As for `UnderSampler`.
    """

    _sampling_type = CLEAN

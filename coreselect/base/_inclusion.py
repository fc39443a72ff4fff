"""Inclusion probabilities of joint laws."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from coreselect._typing import Floats, Size


class InclusionMixin:
    """Give a `LawSelector` the method `inclusion_probabilities`.

    Subclasses write ``_inclusion(state, size)``: the inclusion probabilities of the
    rows of positive weight. `size` is less than their number; None is a random size.
    """

    def inclusion_probabilities(self: Any, n_select: Size | None = None) -> Floats:
        """Return the probability that a selection holds each row.

        Parameters
        ----------
        n_select : int or float, optional
            Size of the selection; by default that of `fit`.

        Returns
        -------
        ndarray of float64 of shape (n_rows,)
        """
        check_is_fitted(self, "selection_")
        fitted, size = self._fitted, self._size(n_select)
        if fitted.is_settled(size):
            return fitted.chances(np.full(fitted.n_rows, float(size > 0)))
        with self._as_fitted():
            return fitted.chances(self._inclusion(self._learned(), size))

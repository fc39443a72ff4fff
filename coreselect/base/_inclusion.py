"""Inclusion probabilities of joint laws."""

import numpy as np
from sklearn.utils.validation import check_is_fitted


class InclusionMixin:
    """Give a `LawSelector` the method `inclusion_probabilities`.

    Subclasses write ``_inclusion(state, size)``: the inclusion probabilities of the
    rows of positive weight. `size` is less than their number; None is a random size.
    """

    def inclusion_probabilities(self, n_select=None):
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
        size = self._size(self._n_select if n_select is None else n_select)
        if size is not None and size >= self._n_rows:
            return self._of_all_rows(np.ones(self._n_rows))
        return self._of_all_rows(self._inclusion(self._state, size))

"""Base of the selectors for least squares that draw rows repeatedly."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from coreselect._scratch import by_parts
from coreselect._typing import Checks, Floats, Size
from coreselect._validation import Boolean, OrNone
from coreselect.base import LawSelector, LearnedAttribute, SelectorTags
from coreselect.dpp.bases import rows_whitened
from coreselect.dpp.projection import CONDITION_CHECKS, Draws, ProjectionDPP
from coreselect.selection import SamplingDesign


class DrawsSelector(LawSelector):
    """Draw rows by leverage, with repeats, until least squares on them is stable.

    A subclass says whether draws are independent (``determinantal = False``), and how
    many repetitions they are split over (`n_repeats`).
    """

    determinantal = True
    n_repeats = 1
    parameter_checks: Checks = {
        "min_eigenvalue": OrNone(CONDITION_CHECKS["min_eigenvalue"]),
        "max_draws": CONDITION_CHECKS["max_draws"],
        "fit_intercept": Boolean(),
    }
    rank_: Any = LearnedAttribute()

    def expected_hits(self, n_select: Size | None = None) -> Floats:
        """Return how often each row is drawn on average.

        Parameters
        ----------
        n_select : int or float, optional
            Number of draws; by default that of `fit`.

        Returns
        -------
        ndarray of float64 of shape (n_rows,)
            They add up to the number of draws. Conditioning on `min_eigenvalue` is not
            taken into account.
        """
        check_is_fitted(self, "selection_")
        hits = self._learned().expected_hits(self._size(n_select))
        return self._fitted.chances(hits)

    def _learn(self, rows, rng):
        basis = rows_whitened(rows, fit_intercept=self.fit_intercept)
        self.rank_ = basis.shape[1]
        if self.rank_ == 0:
            raise ValueError(
                "every row of X (of positive weight) is zero, so all leverage scores "
                "are zero; use UniformSelector."
            )
        return Draws(
            ProjectionDPP.from_basis(basis),
            self.n_repeats,
            determinantal=self.determinantal,
        )

    def _sample(self, draws, size, rng):
        # Fewer draws than columns span no more than that many directions.
        if self.min_eigenvalue and size < self.rank_:
            raise ValueError(
                f"n_select={size} draws are fewer than the rank {self.rank_} of X, "
                "so the smallest eigenvalue is always 0; ask for more, or leave "
                "min_eigenvalue out."
            )
        draws.check(size, "n_select")
        found, _ = draws.sample_stable(size, rng, self.min_eigenvalue, self.max_draws)
        indices, hits = np.unique(found, return_counts=True)
        return indices, hits, draws.expected_hits(size, indices)

    def _design(self, draws, indices, hits, expected):
        if self.determinantal or self.min_eigenvalue:
            return None
        return SamplingDesign("multinomial", expected, hits=hits)

    def _inside(self, draws):
        leverage = draws.process.leverage
        return by_parts(lambda part: part > 0, leverage, dtype=bool)

    def _selector_tags(self):
        return SelectorTags(
            repeats=True,
            exact_size=False,
            unbiased=not self.min_eigenvalue,
            bounded=self.determinantal or bool(self.min_eigenvalue),
        )

"""Bases of the selectors that compare rows by a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Self

import numpy as np

from coreselect._filling import scaled
from coreselect._scratch import by_parts, count, empty, parts
from coreselect._typing import Checks, Column, Features, Quotas, RowsLike, Seed, Size
from coreselect._validation import Integer, OneOfOrCallable, OrNone, Real
from coreselect.base import BaseSelector, GivenRules, LearnedAttribute
from coreselect.dpp.bases import sq_lengths
from coreselect.dpp.ensembles import check_kernel, of_features, of_kernel, of_rows
from coreselect.dpp.greedy import Dense
from coreselect.dpp.nystroem import features_of
from coreselect.neighbors import KernelRows


class Similarity(NamedTuple):
    """A kernel between rows, multiplied by their qualities and the roots of weights.

    Attributes
    ----------
    kernel : KernelRows or Dense
    ensemble : callable
        Returns the `Ensemble` to draw from.
    exponent : int
        Qualities were divided by two to the power of this.
    error : float
        Share of the trace of the kernel that Nystroem features miss.
    advice : str
        What to do if the rank of the kernel is too low.
    """

    kernel: Any
    ensemble: Callable
    exponent: int = 0
    error: float = 0.0
    advice: str = "use a kernel of higher rank"


class QualitySelector(BaseSelector):
    """Base of selectors that prefer rows of high quality."""

    row_values = ("quality",)

    def fit(
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        *,
        quality: Column = None,
        groups: Column = None,
        cost: Column = None,
        include: Column = None,
        exclude: Column = None,
    ) -> Self:
        """Learn from all rows and make a selection.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            Anything that `coreselect.rows.open` takes; the kernel matrix of shape
            (n_rows, n_rows) with ``kernel="precomputed"``.
        y : array-like of shape (n_rows,), str or None
            Not used.
        sample_weight : array-like of shape (n_rows,), str or None
            Non-negative weights of the rows, or the column that holds them; rows of
            weight 0 are never selected.
        quality : array-like of shape (n_rows,) or str, optional
            Non-negative, or the column that holds it. Rows are multiplied by their
            quality, so that rows of higher quality are preferred: a kernel becomes
            ``quality_i L_ij quality_j``.
        groups, cost, include, exclude : array-like, optional
            As for `ScoreSelector.fit`.

        Returns
        -------
        self
            With `selection_`.
        """
        rules = GivenRules(groups, cost, include, exclude)
        return self._fit(X, y, sample_weight, rules=rules, per_row={"quality": quality})


class KernelSelector(QualitySelector):
    """Base of selectors that compare rows by a kernel of the user's choice."""

    parameter_checks: Checks = {
        "kernel": OneOfOrCallable("rbf", "linear", "precomputed"),
        "gamma": OrNone(Real(0.0)),
        "n_components": OrNone(Integer(1)),
    }
    kernel_error_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: Size | None = 10,
        *,
        kernel: Literal["rbf", "linear", "precomputed"] | Callable[..., Any] = "rbf",
        gamma: float | None = None,
        n_components: int | None = None,
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.kernel = kernel
        self.gamma = gamma
        self.n_components = n_components

    def _check_parameters(self):
        super()._check_parameters()
        if self.kernel == "precomputed" and self.features is not None:
            raise ValueError(
                f"features={self.features!r} was given, but kernel='precomputed' reads "
                "X as the matrix of the kernel; use another kernel, or leave features "
                "out."
            )

    def _similarity(self, rows, n_landmarks, rng):
        """Return the kernel between the rows, exactly if `n_landmarks` is None."""
        own, exponent = rows.per_row.get("quality"), 0
        if own is not None:
            own, exponent = scaled(own)
        # A row of weight w counts as w copies of which at most one is drawn: in the
        # determinant, that multiplies its row and column by the root of w.
        if rows.weight is not None:
            own = by_parts(_rooted, rows.weight, own)
        self.kernel_error_ = 0.0
        if self.kernel == "precomputed":
            L, eps = self._matrix(rows)
            kernel = Dense(L, own, eps)
            return Similarity(
                kernel, lambda: of_kernel(L, own, eps=eps, name="X"), exponent
            )
        kernel = KernelRows(rows, kernel=self.kernel, gamma=self.gamma, quality=own)
        weight = None if own is None else by_parts(np.square, own)
        found = Similarity(kernel, lambda: of_rows(rows.reweighted(weight)), exponent)
        if self.kernel == "rbf":
            advice = f"raise gamma (now {kernel.gamma:g}) or scale X"
            found = found._replace(advice=advice)
        if n_landmarks is None:
            return found
        nystroem = features_of(kernel, n_landmarks, int(rng.integers(2**63)))
        self.kernel_error_ = nystroem.error
        features = _with_diagonal(nystroem.features, kernel.diagonal())
        return found._replace(
            kernel=KernelRows(features, kernel="linear"),
            ensemble=lambda: of_features(features),
        )

    def _matrix(self, rows):
        L = rows.whole().X
        if rows.kept is not None and rows.n_features == self._fitted.n_total:
            L = L[:, rows.kept]
        return check_kernel(L, "X")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.kernel == "precomputed"
        return tags


def _rooted(weight, quality):
    return np.sqrt(weight) * (1.0 if quality is None else quality)


def _with_diagonal(features, diagonal):
    """Scale features so that their squared lengths are the diagonal of the kernel.

    The Nystroem features of a row far from every landmark are nearly zero. Such a row
    would almost never be drawn, and then with a huge weight. Rows whose features are
    exactly zero share one additional feature.
    """
    lengths = sq_lengths(features)
    n_unseen = count(lambda rows: (lengths[rows] == 0) & (diagonal[rows] > 0), lengths)
    out = features
    if n_unseen:
        out = empty((len(features), features.shape[1] + 1))
    for rows in parts(out, features, lengths, diagonal):
        part, squares = features[rows], lengths[rows]
        if n_unseen:
            unseen = (squares == 0) & (diagonal[rows] > 0)
            part = np.column_stack([part, unseen])
            squares = squares + unseen
        factor = np.sqrt(diagonal[rows]) / np.sqrt(np.where(squares, squares, 1.0))
        out[rows] = part * factor[:, None]
    return out

"""Kernel features of all rows, computed from the few that a selector picks.

With K(x, S) the kernel values between a row and the landmarks, its features are
``K(x, S) K(S, S)**(-1/2)``. Their products are ``K(x, S) K(S, S)^-1 K(S, z)``, the
Nystroem approximation of ``k(x, z)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Self

import numpy as np
from scipy import sparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from coreselect._kernels.norms import row_sq_norms
from coreselect._numbers import to_dense
from coreselect._typing import Checks, Column, Floats, RowsLike
from coreselect._validation import OneOfOrCallable, OrNone, Real
from coreselect.base import set_features
from coreselect.dpp.nystroem import block_features, inverse_root
from coreselect.estimators._fit import (
    check_keywords,
    check_selector,
    check_selector_params,
    open_for,
)
from coreselect.neighbors import KernelRows, rbf_gamma
from coreselect.neighbors.kernels import symmetric
from coreselect.rows import Rows, drop_columns
from coreselect.rows import open as open_rows
from coreselect.rows.columns import column_types
from coreselect.rows.frames import is_frame
from coreselect.rows.sources import has_columns, is_stored
from coreselect.selection import Selection, check_selection

_JITTER = 1e-12  # added to the kernel of the landmarks, relative to its mean diagonal
_FAR = 1e12  # beyond this factor from the usual gamma, all kernel values are 0 or all 1


class Landmarks(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Map rows to kernel features, with the rows that a selector picks as landmarks.

    This is the Nystroem map [1]_. A linear model on the features is a kernel
    machine that looks at a few rows only. Scikit-learn's
    `~sklearn.kernel_approximation.Nystroem` takes random rows; here any selector
    chooses them.

    Parameters
    ----------
    selector : selector
        A clone of it picks the landmarks in `fit`. Their weights are not used.
    kernel : {"rbf", "linear"} or callable, default="rbf"
        A callable takes two arrays of n and m rows (CSR if X is sparse) and
        returns an n x m matrix. It must be symmetric and positive semidefinite.
    gamma : float, optional
        Parameter of the rbf kernel ``exp(-gamma |x - y|**2)``. None takes 1 / the
        median squared distance of at most 1,000 rows. Other kernels have none.

    Attributes
    ----------
    landmarks_ : {ndarray, CSR array} of float64 of shape (n_landmarks, n_features)
        The landmarks, in the order of the selection.
    landmark_indices_ : ndarray of int64 of shape (n_landmarks,)
        Their row numbers.
    selector_ : selector
        The fitted selector.
    selection_ : Selection
        What it selected.
    gamma_ : float or None
        The gamma of the rbf kernel; None for other kernels.
    normalization_ : ndarray of shape (n_landmarks, n_landmarks)
        The inverse of the symmetric root of the kernel between landmarks.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    See Also
    --------
    inducing_points : The landmarks by themselves, for Gaussian processes.
    coreselect.dpp.nystroem_features : Landmarks drawn by ridge leverage scores.

    Notes
    -----
    `fit` takes O(m^2 d + m^3) time for m landmarks, beside what the selector needs;
    `transform` takes O(n m (d + m)) time and one pass. Its result has m columns, one
    for each landmark, in the same order.

    The root is symmetric, so features do not depend on signs of eigenvectors. The
    diagonal of the kernel between landmarks is raised by 1e-12 of its mean. So
    landmarks that are copies of each other do no harm: they share the features that one
    of them would have. They add nothing either.

    Which selector: ``FacilityLocationSelector(similarity="rbf")`` misses the least of
    the kernel on average, and `GreedyDPPSelector`, with the same gamma, the least for
    the worst row. With few landmarks the latter picks outliers, and misses more on
    average than random rows. The guide has figures, and says when random rows do as
    well. `kernel_error` measures it on your data.

    *When not to use it.* If all rows fit into a kernel matrix, an exact kernel machine
    is simpler and misses nothing. With many columns, or a large `gamma`, rows are like
    no other rows, and most of the kernel is missed whatever the landmarks are.

    References
    ----------
    .. [1] A. Gittens, M. Mahoney, "Revisiting the Nystroem method for improved
       large-scale machine learning", JMLR 17, 2016, :arxiv:`1303.1849`.

    Examples
    --------
    >>> from coreselect import FacilityLocationSelector, Landmarks
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> X, y = load_diabetes(return_X_y=True)
    >>> landmarks = Landmarks(FacilityLocationSelector(50, similarity="rbf"))
    >>> model = make_pipeline(landmarks, Ridge(alpha=0.1)).fit(X, y)
    >>> round(model.score(X, y), 2)
    0.58
    >>> model[0].transform(X).shape
    (442, 50)
    """

    _checks: Checks = {
        "kernel": OneOfOrCallable("rbf", "linear"),
        "gamma": OrNone(Real(0.0, strict=True)),
    }

    def __init__(
        self,
        selector: Any,
        *,
        kernel: Literal["rbf", "linear"] | Callable[..., Any] = "rbf",
        gamma: float | None = None,
    ) -> None:
        self.selector = selector
        self.kernel = kernel
        self.gamma = gamma

    def fit(
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        *,
        selector_params: dict[str, Any] | None = None,
    ) -> Self:
        """Select landmarks and prepare the map.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            Anything that `coreselect.rows.open` takes. The kernel sees the columns of
            numbers.
        y : array-like of shape (n_rows,), str or None
            Targets, for the selector; for a file or a frame, also the name of a column.
        sample_weight : array-like of shape (n_rows,), str or None
            Input weights, for the selector. Rows of weight 0 count as left out.
        selector_params : dict, optional
            Keywords for the fit of the selector, such as ``groups`` or ``include``.

        Returns
        -------
        self : Landmarks

        Raises
        ------
        TypeError
            If `selector` is not a selector, or makes new rows.
        ValueError
            If it selects nothing, `gamma` or the linear kernel is out of scale with X,
            or `kernel` is not positive semidefinite.
        """
        for name, check in self._checks.items():
            check(name, getattr(self, name))
        check_selector(self.selector)
        own = "X", "y", "sample_weight"
        check_keywords("selector_params", selector_params, own)
        selector, given = clone(self.selector), dict(selector_params or {})
        check_selector_params(selector, given)
        data, _, params = open_for(selector, X, y, sample_weight, given)
        rows = open_rows(data.rows, numeric=True)
        set_features(self, rows.n_features, rows.feature_names)
        rows.check_finite()
        self.selector_ = selector.fit(data.rows, **params)
        self.selection_ = _selected(selector)
        self.landmark_indices_ = self.selection_.indices
        self.gamma_ = _gamma_for(rows, self.gamma) if self.kernel == "rbf" else None
        points = rows.gather(self.landmark_indices_).X.astype(np.float64)
        self.landmarks_ = points
        inner = _inner(self._kernel(points), points)
        self.normalization_ = inverse_root(symmetric(inner), _JITTER)
        return self

    def transform(self, X: RowsLike) -> Floats:
        """Compute the features of rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            A file is read block by block. A frame or a file may have further columns.

        Returns
        -------
        ndarray of float64 of shape (n_rows, n_landmarks)
        """
        rows = self._opened(X)
        features = self._features_for(rows)
        return rows.map(lambda block: features(block.X))

    def kernel_error(self, X: RowsLike) -> float:
        """Return the share of the trace of the kernel that the features miss.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)

        Returns
        -------
        float
            From 0, which is exact, to 1: the sum over the rows of ``k(x, x)`` less the
            squared length of their features, divided by the sum of ``k(x, x)``.

        Examples
        --------
        >>> from coreselect import Landmarks, UniformSelector
        >>> X = [[0.0], [0.1], [5.0], [5.1]]
        >>> landmarks = Landmarks(UniformSelector(4), gamma=1.0).fit(X)
        >>> round(landmarks.kernel_error(X), 6)
        0.0
        """
        rows = self._opened(X)
        features, own_values = self._features_for(rows), self._kernel().own

        def sums(block):
            own = own_values(block.X)
            missed = own - row_sq_norms(features(block.X))
            return np.array([np.maximum(missed, 0.0).sum(), own.sum()])

        missed, total = rows.reduce(sums, np.add)
        return float(missed / total) if total else 0.0

    @property
    def _n_features_out(self):
        return len(self.landmark_indices_)

    def _kernel(self, landmarks=None):
        """Return the kernel; it centres dense rows by the landmarks."""
        landmarks = self.landmarks_ if landmarks is None else landmarks
        return KernelRows(landmarks, kernel=self.kernel, gamma=self.gamma_).alone

    def _features_for(self, rows):
        """Return the function that computes the features of a block of rows."""
        # Blocks and landmarks must both be dense or both be CSR.
        if rows.is_sparse:
            landmarks = sparse.csr_array(self.landmarks_)
        else:
            landmarks = to_dense(self.landmarks_)
        kernel, root = self._kernel(landmarks), self.normalization_
        return lambda X: block_features(kernel, X, landmarks, root)

    def _opened(self, X):
        """Open other rows, with the features of `fit`."""
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        if isinstance(X, Rows) or is_stored(X):
            named = names is not None and not isinstance(X, Rows) and has_columns(X)
            rows = open_rows(X, columns=names.tolist() if named else None)
            if rows.n_features != self.n_features_in_:
                raise ValueError(
                    f"X has {rows.n_features} features, but Landmarks was fitted with "
                    f"{self.n_features_in_}."
                )
            return rows
        if names is not None and is_frame(X):
            given = list(column_types(X))
            if set(names) <= set(given):
                X = drop_columns(X, [name for name in given if name not in set(names)])
        rows = open_rows(X)
        validate_data(self, X, reset=False, skip_check_array=True)
        return rows

    def __sklearn_tags__(self):
        tags, selector = super().__sklearn_tags__(), get_tags(self.selector)
        tags.target_tags.required = selector.target_tags.required
        tags.non_deterministic = selector.non_deterministic
        tags.input_tags.sparse = selector.input_tags.sparse
        tags.input_tags.positive_only = selector.input_tags.positive_only
        return tags


def inducing_points(selection: Selection, X: RowsLike) -> Floats:
    """Return the distinct selected rows, as inducing points of a Gaussian process.

    Parameters
    ----------
    selection : Selection
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
        The same rows that the selection was made from, all of them. All columns of
        numbers are taken from a frame or a file, also weights and targets. To take some
        columns only, pass ``X[columns]`` or
        ``coreselect.rows.open(path, columns=columns)``.

    Returns
    -------
    ndarray of float64 of shape (n_points, n_features)
        A dense copy, in the order of the selection, for example for the
        ``inducing_points`` of gpytorch's ``VariationalStrategy`` or the
        ``inducing_variable`` of a model of GPflow.

    Raises
    ------
    TypeError, ValueError
        If `selection` is no `Selection` of these rows, or is empty.

    See Also
    --------
    Landmarks : The same rows as a map to kernel features.

    Notes
    -----
    Equal points make the kernel matrix between them singular, so copies are left out:
    there may be fewer points than selected rows. Points that nearly coincide are kept.
    They make the matrix nearly singular, for which libraries add a jitter to its
    diagonal; `coreselect.RadiusSelector` picks rows that are a distance apart.

    *When not to use it.* A library that moves its points while it fits needs only a
    start; random rows may do. An exact Gaussian process, if it is affordable, needs no
    points.

    Which rows: a sparse Gaussian process pays for the variance that the points leave to
    each row. `coreselect.GreedyDPPSelector` picks the row of largest variance given the
    earlier picks, so that no row keeps much of it. If there are enough points for the
    kernel, nothing is better. With few points it picks outliers, and leaves more
    variance on average than random rows; then take
    ``FacilityLocationSelector(similarity="rbf")``. Pass either
    ``gamma = 1 / (2 lengthscale**2)``; they do not know a length scale for each column,
    so divide the columns by it. The guide has figures.

    Examples
    --------
    >>> from coreselect import GreedyDPPSelector, inducing_points
    >>> X = [[0.0], [0.1], [2.0], [4.0]]
    >>> inducing_points(GreedyDPPSelector(3, gamma=0.5).fit_select(X), X)
    array([[0.],
           [4.],
           [2.]])
    """
    rows = open_rows(X)
    check_selection(selection, rows.n_rows)
    if not len(selection):
        raise ValueError("selection is empty: there are no rows to use as points.")
    # Adding zero makes a copy, and turns -0.0 into 0.0.
    points = to_dense(rows.gather(selection.indices).X) + 0.0
    _, first = np.unique(points, axis=0, return_index=True)
    return points[np.sort(first)]


def _selected(selector):
    """Return the selection of a fitted selector; raise if it is of no use here."""
    found = selector.selection_
    if not isinstance(found, Selection):
        raise TypeError(
            f"selector={selector!r} makes new rows, and landmarks are existing ones."
        )
    if not len(found):
        raise ValueError(
            f"selector={selector!r} selected none of {found.n_total} rows; Landmarks "
            "needs at least one."
        )
    return found


def _inner(kernel, points):
    """Return the kernel matrix of some rows; raise if its numbers are out of range."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        found = kernel.between(points, points)
        largest = float(abs(found).max())
    least = np.finfo(np.float64).tiny if abs(points).max() > 0 else 0.0
    if kernel.function == "linear" and not least <= largest < np.inf:
        raise ValueError(
            "X is out of scale with kernel='linear': products of rows are 0 or "
            "infinite in float64; divide X by a power of ten."
        )
    return found


def _gamma_for(rows, gamma):
    """Return gamma, or the usual one if it is None; raise if it is of no use for X."""
    rows = rows.subset()
    usual, _ = rbf_gamma(None, rows.n_rows, lambda few: rows.gather(few).X)
    if not 0 < usual < np.inf:
        raise ValueError(
            "squared distances between rows of X are 0 or infinite in float64; scale X."
        )
    if gamma is None:
        return usual
    if not usual / _FAR < gamma < usual * _FAR:
        raise ValueError(
            f"gamma={gamma!r} is out of scale with X: kernel values are all 0 or all 1 "
            f"in float64; gamma=None takes {usual:.3g}, from the distances."
        )
    return float(gamma)

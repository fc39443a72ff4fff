"""Stein thinning: rows that represent a distribution known by its score function."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Self

import numpy as np

from coreselect._numbers import to_dense
from coreselect._typing import (
    Checks,
    Column,
    Features,
    Floats,
    Quotas,
    RowsLike,
    Seed,
    Size,
)
from coreselect._validation import OrWord, Real
from coreselect.base import (
    GivenRules,
    Holds,
    LearnedAttribute,
    RankSelector,
    SelectorTags,
)
from coreselect.kernel_means import SteinPath, gaussian_scores, stein_path
from coreselect.neighbors import rbf_gamma
from coreselect.neighbors.lists import as_matrix, rescaled
from coreselect.rows import open as open_rows
from coreselect.rows.sources import has_columns


class _Thinned(NamedTuple):
    """The steps, and the total input weight that their rows share."""

    path: SteinPath
    total: float


class SteinThinningSelector(RankSelector):
    """Add the row that lowers the kernel Stein discrepancy most, again and again.

    The discrepancy measures how far weighted rows are from a distribution whose score
    function, the gradient of the log density, is known at every row [1]_. The rows may
    come from another distribution, such as a Markov chain that has not converged yet:
    those that are selected represent the known one.

    Parameters
    ----------
    n_select : int or float, default=100
        Number of steps, or a fraction in (0, 1] of the number of rows. Each step adds
        one row. A row may be added again, so at most `n_select` rows are returned.
    length_scale : float or "median", default="median"
        Distance over which the kernel falls off. ``"median"`` is the median distance of
        at most 1,000 rows.
    quotas : dict, optional
        Refused: see `BaseSelector`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator
        Not used: nothing is drawn.

    Attributes
    ----------
    selection_ : Selection
        The rows in the order of their first step. The weight of a row is the share of
        the steps that added it, times the total input weight.
    discrepancy_ : ndarray of float64 of shape (n_select,)
        Kernel Stein discrepancy after each step.
    length_scale_ : float
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If `gradients` has another shape than X, or is given although `features` makes
        other columns of X, or `length_scale` is out of scale with X.

    See Also
    --------
    HerdingSelector : Represents the rows themselves, without a score function.

    Notes
    -----
    *Cost.* O(n m d) time for m steps. X is read into memory as a dense array, with the
    gradients; beside them, memory is O(n).

    *Weights.* They estimate means under the distribution of the score function, times
    the total input weight; they are not unbiased for sums over the rows. Input weights
    do not change which row is added if `gradients` are given: the score function says
    already how much each row counts. Rows of weight 0 are left out.

    *Kernel.* The inverse multiquadric ``(1 + |x - y|**2 / length_scale**2) ** -0.5``.
    Columns should be on one scale: divide a column by its standard deviation, and
    multiply its gradients by it. Score functions do not tell how much weight each of
    several distant modes has, so such modes may get the wrong share of the rows.

    *Default.* Without `gradients`, the score function is that of a Gaussian with the
    weighted mean and covariance of the rows. This is an approximation, and the rows
    then represent that Gaussian. Give the gradients of your own log density.

    References
    ----------
    .. [1] M. Riabiz, W. Y. Chen, J. Cockayne, P. Swietach, S. A. Niederer, L. Mackey,
       C. J. Oates, "Optimal thinning of MCMC output", Journal of the Royal Statistical
       Society B 84(4), 2022, :doi:`10.1111/rssb.12503`.

    Examples
    --------
    Rows under a standard normal distribution, whose score function is ``-x``:

    >>> import numpy as np
    >>> from coreselect import SteinThinningSelector
    >>> X = np.array([[-2.0], [-1.0], [0.0], [0.5], [3.0]])
    >>> fitted = SteinThinningSelector(4, length_scale=1.0).fit(X, gradients=-X)
    >>> fitted.selection_.indices, fitted.selection_.weights
    (array([2, 1, 3]), array([2.5 , 1.25, 1.25]))
    >>> fitted.discrepancy_.round(3)
    array([1.   , 0.696, 0.436, 0.492])
    """

    cli_name = "stein-thinning"
    passes = "1, and all rows in memory"
    cost = "O(n m d), m steps"
    holds = Holds(per_row=24, whole=True, copies=16)
    use_when = (
        "Draws of a Markov chain: few rows that represent its target, whose log "
        "density has known gradients."
    )
    parameter_checks: Checks = {"length_scale": OrWord(Real(0, strict=True), "median")}
    row_arguments = {"gradients": "gradients"}
    without_rows = (
        "the target is taken to be Gaussian, with the mean and covariance of the rows"
    )
    no_rules = "the score function alone says which rows are added, and how often"
    length_scale_: Any = LearnedAttribute()

    def __init__(
        self,
        n_select: Size = 100,
        *,
        length_scale: float | Literal["median"] = "median",
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.length_scale = length_scale

    def fit(
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        *,
        gradients: RowsLike | None = None,
        groups: Column = None,
        cost: Column = None,
        include: Column = None,
        exclude: Column = None,
    ) -> Self:
        """Add rows one by one.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            Anything that `coreselect.rows.open` takes; read into memory.
        y : array-like of shape (n_rows,), str or None
            Not used.
        sample_weight : array-like of shape (n_rows,), str or None
            Non-negative weights of the rows, or the column that holds them; rows of
            weight 0 are never selected.
        gradients : like X, of shape (n_rows, n_features), optional
            The score function: the gradient of the log density at each row. By default
            that of a Gaussian fit. With a list as `features`, these columns are read;
            an array may also hold them alone, in the order of the list. They must be
            the gradients of the density of these columns alone. With a transformer or
            "auto" as `features`, gradients are refused.
        groups, cost, include, exclude : array-like, optional
            As for `ScoreSelector.fit`; only `exclude` is possible.

        Returns
        -------
        self
            With `selection_`.
        """
        self._check_parameters()
        rules = GivenRules(groups, cost, include, exclude)
        rows, seed = self._see(X, y, sample_weight, rules)
        if gradients is not None:
            rows.per_row["gradients"] = self._gradients(gradients, rows)
        return self._fit_seen(rows, seed)

    @property
    def discrepancy_(self) -> Floats:
        path = self._learned_for("discrepancy_").path
        with np.errstate(over="ignore"):
            return path.discrepancy / self.length_scale_

    def _gradients(self, given, rows):
        """Return gradients as an array with one row for each of `rows`."""
        # Columns are those of X, by name or number, unless they are the features alone.
        if self.features_ is not None:
            raise ValueError(
                "gradients are those of the columns of X, but "
                f"features={self.features!r} makes other columns of them. Leave "
                "features out, or transform X before: where a column is divided by a "
                "number, its gradients are multiplied by it."
            )
        alone = False
        if not has_columns(given, "gradients"):
            n_given = open_rows(given, name="gradients").n_features
            alone = n_given != self.n_features_in_
        if alone:
            found = open_rows(given, name="gradients")
        else:
            found = self._see_also(given, None, None, name="gradients")
        shape = rows.n_rows, rows.n_features
        if (found.n_rows, found.n_features) != shape:
            raise ValueError(
                f"gradients has shape {(found.n_rows, found.n_features)}, but the "
                f"method sees X with shape {shape}; give one row of gradients for each "
                "row of X, and one column for each feature."
            )
        return to_dense(found.whole().X)

    def _largest(self):
        return self._fitted.size  # steps, of which there may be more than rows

    def _learn(self, rows, size, rng):
        X, unit, _ = rescaled(to_dense(as_matrix(rows.whole().X, "X")))
        factor = self._factor(X, unit)
        gradients = rows.per_row.get("gradients")
        if gradients is None:
            gradients = gaussian_scores(X, rows.each_weight())
        else:
            with np.errstate(over="ignore", under="ignore"):
                gradients = gradients / unit
        return _Thinned(stein_path(X, gradients, size, factor), rows.total_weight)

    def _factor(self, X, unit):
        """Return 1 / length_scale**2 for rows times `unit`; keep the length scale."""
        given = self.length_scale
        with np.errstate(over="ignore", under="ignore", divide="ignore"):
            if given == "median":
                factor = rbf_gamma(None, len(X), X.__getitem__, unit)[1]
                self.length_scale_ = float(1.0 / np.sqrt(factor) / unit)
                return factor
            factor = float((np.float64(given) * unit) ** -2.0)
        if not 0 < factor < np.inf:
            raise ValueError(
                f"length_scale={given!r} is out of scale with X: its square is 0 or "
                "infinite in float64 beside squared distances; use 'median', which "
                "takes the scale from X, or scale X."
            )
        self.length_scale_ = float(given)
        return factor

    def _rank(self, thinned, size, rng):
        rows, first, counts = np.unique(
            thinned.path.steps[:size], return_index=True, return_counts=True
        )
        order = np.argsort(first)
        return rows[order], counts[order] * (thinned.total / size)

    def _selector_tags(self):
        return SelectorTags(unbiased=False, exact_size=False, repeats=True)

"""AutoCoreset: a coreset for any estimator, from its fits and its loss alone.

A query is one setting of the model's parameters. The losses of all rows at some queries
form a matrix with one row per data row and one column per query. A weighted subset of
its rows with the same sum has the cost of all rows at these queries, and wherever the
losses are a combination of its columns [Maalouf, Tukan, Braverman and Rus, ICML 2023].
Queries come from fits to random rows first, then from fits to the coreset itself.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any, Literal, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_classifier
from sklearn.cluster import KMeans
from sklearn.linear_model import ElasticNet, LinearRegression, Ridge
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from coreselect._misread import blind_steps, tell, with_class_factors
from coreselect._random import DRAW, stream
from coreselect._typing import Checks, Features, Quotas, Seed, Size
from coreselect._validation import Integer, OneOf, OrNone, Real
from coreselect.base import Holds, RankSelector, SelectorTags
from coreselect.losses import final_step
from coreselect.sampling.groups import class_codes
from coreselect.selectors.auto import _options
from coreselect.selectors.auto._queries import Queries
from coreselect.selectors.auto._report import Explanation, explain
from coreselect.selectors.auto._search import Search
from coreselect.selectors.auto._solve import SOLVERS, Losses, Solver, Strata, solve
from coreselect.selectors.auto._steps import refuse_names_of_columns
from coreselect.vectorsum import least_squares_coreset


class _State(NamedTuple):
    """What `select` needs: the loss matrix, and the coreset that was kept."""

    strata: Strata
    losses: Losses
    held_out: np.ndarray
    solver: str
    indices: np.ndarray
    weights: np.ndarray


class AutoCoreset(MetaEstimatorMixin, RankSelector):
    """Select rows for any estimator, by the losses of the rows at fitted models.

    The parameters that a fit to some rows finds are called a query. The losses of all
    rows at the queries are the columns of a matrix. A coreset is a weighted subset of
    the rows of this matrix with (nearly) the same sum [1]_. The estimator is fitted to
    the coreset, which makes the next query, and so on. The coreset whose fit has the
    lowest cost on all rows is kept.

    Parameters
    ----------
    estimator : estimator or str
        A scikit-learn estimator that takes ``sample_weight``, or a GaussianMixture or
        PCA, which are fitted to rows repeated in proportion to their weights. It may be
        the last step of a Pipeline; the other steps are fitted once, to all rows (to
        100,000 of them if there are more). It is given arrays, even if X is a data
        frame. A name stands for an estimator with default parameters: ``"logistic"``
        and ``"svm"`` (both on standardised features), ``"linear"``, ``"ridge"``,
        ``"lasso"``, ``"bayesian_ridge"``, ``"kmeans"``, ``"gaussian_mixture"``.
    n_select : int or float, default=100
        Largest number of rows, or a fraction in (0, 1] of them; there may be fewer.
    loss : callable, optional
        ``loss(fitted_estimator, X, y)`` returns the non-negative loss of every row, an
        array of shape (n_rows,), without a penalty. X is an array or a CSR matrix with
        some of the rows. None means `coreselect.losses.row_losses`.
    solver : {"auto", "caratheodory", "frank_wolfe", "norm", "median_of_means"}
        How rows of the matrix are chosen.

        - ``"caratheodory"``: exact at the queries, by Carathéodory's theorem within
          random groups of the rows. If there are more queries than the rows allow, it
          is exact at those of the lowest cost. With a single row per class there is no
          room to be exact, and rows are drawn by length.
        - ``"frank_wolfe"``: greedy, with least squares weights.
        - ``"norm"``: draws rows of the matrix by their length.
        - ``"median_of_means"``: the most central of some uniform draws.
        - ``"auto"``: before each fit, ``"caratheodory"`` or ``"norm"``, whichever has
          the smaller error at held-out queries.
    n_init : int, default=3
        Number of queries that come from fits to uniform draws of `n_select` rows.
    patience : int, default=5
        The search ends after this many fits to coresets that do not lower the cost and
        bring little that is new. A fit brings something new if more than a tenth of the
        change of the losses, compared with the query of the lowest cost, is not a
        combination of earlier columns.
    quota : "proportional", "equal" or dict, default="proportional"
        For classifiers, how many rows each class gets: in proportion to its weight,
        equally many, or in proportion to the values of a dict; at least one and at most
        all rows of the class. ``"caratheodory"`` keeps the total weight of every class.
        With ``"proportional"``, it takes as many rows of each as that needs.
    max_queries : int, optional
        Largest number of fits; each takes a pass over the data and a column of the
        matrix. The `n_init` uniform draws, the held-out ones and one coreset are always
        fitted. None means `n_select`, but at least 40 and at most 100.
    validation_fraction : float, default=0.4
        Share of the fits to uniform draws that is held out. These fits are made in
        addition to `n_init`, and their losses are not in the matrix.
    quotas : dict, optional
        Refused by `fit`: `quota` shares the rows among classes.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator
        Also given to the estimator if its own random_state is None.

    Attributes
    ----------
    selection_ : Selection
        In ascending order. The weights add up to those of all rows, so a penalty keeps
        its strength. (With weights u that have another sum, use ``C * W / sum(u)``.)
    queries_ : list of estimator
        The fitted estimators whose losses are in the matrix. This and the next four are
        not set by a fit that selects no rows or all rows, as it needs no query.
    n_queries_ : int
        Number of fits, held-out ones included.
    cost_path_ : ndarray
        The cost of all rows after each fit to a coreset: the sum of their losses, plus
        the penalty if the loss is a known one.
    query_error_ : float
        Root mean square of the relative error of the coreset's cost at held-out
        queries; NaN if there are none.
    solver_ : str
        The solver that made the coreset that was kept; ``"least_squares"`` for an exact
        one, see Notes.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If no loss is known for the estimator, a loss is not one finite non-negative
        number per row, the estimator takes no weights, `n_select` is less than the
        number of classes, or a fit fails (the message names the query).

    See Also
    --------
    CoresetEstimator : Selects and fits; with ``memory``, selects once for many fits.
    coreselect.vectorsum : The methods that choose the rows of the matrix.
    coreselect.losses : Losses of rows, and penalties.

    Notes
    -----
    With ``"caratheodory"``, the coreset is exact for every combination of the queries'
    losses. Nothing is guaranteed elsewhere; see `explain`. A query takes a fit to few
    rows and one pass over the data; choosing rows costs O(n q) for q queries. The loss
    matrix stays in memory, with 8 bytes per row and query. From it `select` makes
    coresets of other sizes, larger ones too, without the data. Fitting the estimator
    once to all rows is often faster: a coreset pays where it is used many times (see
    the user guide).

    LinearRegression, Ridge, Lasso and ElasticNet with one target and ``n_select >=
    (d + 2) (d + 3) / 2`` get `coreselect.vectorsum.least_squares_coreset`, which is
    exact at all parameters and needs no search.

    Estimators that may find several minima (KMeans, GaussianMixture, those with a
    user's loss; not if their ``random_state`` is given) are fitted up to three times to
    a coreset that seems best, and its highest cost counts. A small coreset has more
    local minima than all rows: give such estimators restarts.

    With a Pipeline, fit the steps before the last to all rows, transform with them, and
    fit the last step to the coreset. If all steps are fitted to the coreset, they learn
    the scale of the features from few rows, which loses most of what it gains.

    The queries, and so the coreset, come from one setting of the estimator's
    hyperparameters. The losses are the same for other settings, so settings with
    similar solutions are served too. Check those that change the solution much.

    References
    ----------
    .. [1] A. Maalouf, M. Tukan, V. Braverman, D. Rus, "AutoCoreset: an automatic
       practical coreset construction framework", ICML 2023, :arxiv:`2305.11980`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import AutoCoreset
    >>> from sklearn.linear_model import LogisticRegression
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((5000, 3))
    >>> y = X[:, 0] + rng.logistic(size=5000) > 0
    >>> selector = AutoCoreset(LogisticRegression(), 40, random_state=0).fit(X, y)
    >>> few = LogisticRegression().fit(*selector.selection_.take(X, y),
    ...                                selector.sample_weight_)
    >>> full = LogisticRegression().fit(X, y)
    >>> bool(np.abs(few.coef_ - full.coef_).max() < 0.05)
    True
    """

    cli_name = "auto"
    passes = "one per query, 20 to 100"
    cost = "O(n q) per query, q queries"
    holds = Holds(stays=80, per_row=16, blocks=1, squares=5)
    use_when = "The model is chosen, whatever its loss, and will be fitted many times."
    parameter_checks: Checks = {
        "estimator": _options.EstimatorOption(*_options.NAMED),
        "solver": OneOf("auto", *SOLVERS),
        "n_init": Integer(1),
        "patience": Integer(1),
        "quota": _options.QuotaOption("proportional", "equal"),
        "max_queries": OrNone(Integer(1)),
        "validation_fraction": Real(0, 0.9),
    }

    def __init__(
        self,
        estimator: Any,
        n_select: Size = 100,
        *,
        loss: Callable[..., Any] | None = None,
        solver: Solver | Literal["auto"] = "auto",
        n_init: int = 3,
        patience: int = 5,
        quota: str | dict[Any, float] = "proportional",
        max_queries: int | None = None,
        validation_fraction: float = 0.4,
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.estimator = estimator
        self.loss = loss
        self.solver = solver
        self.n_init = n_init
        self.patience = patience
        self.quota = quota
        self.max_queries = max_queries
        self.validation_fraction = validation_fraction

    @classmethod
    def examples(cls):
        few = {"n_select": 10, "n_init": 2, "patience": 1, "max_queries": 8}
        return [
            *(cls(Ridge(), solver=solver, **few) for solver in ("auto", *SOLVERS)),
            cls(KMeans(1, n_init=1), **few),
        ]

    def _holds(self, data):
        size = data.n_selected(self.n_select)
        most = max(_options.most_queries(self.max_queries, size), self.n_init + 1)
        return self.holds._replace(stays=self.holds.stays + 8 * most)

    def explain(self) -> Explanation:
        """Explain what `selection_` guarantees, and its errors at held-out queries.

        Returns
        -------
        Explanation
            With ``residual``, ``coefficients``, ``bound`` and ``error`` for each
            held-out query, and the number of queries at which costs are exact. Printed,
            it is a table.

        Raises
        ------
        ValueError
            If no query was held out (``validation_fraction=0``, or no rows to select).
        """
        check_is_fitted(self, "selection_")
        if len(self.selection_) == self._fitted.n_rows:
            return Explanation.of_all_rows()
        state = self._learned()
        guarantee = None  # then `explain` counts the exact queries
        if self.solver_ == "least_squares":
            guarantee = (
                "Squared errors are exact at all coefficients and intercepts, whatever "
                "the bounds below."
            )
        elif not state.held_out.shape[1]:
            raise ValueError(
                "no query was held out, so there is nothing to measure errors with; "
                "fit with validation_fraction above 0."
            )
        return explain(
            state.losses.matrix,
            state.held_out,
            state.strata.weight,
            state.indices,
            state.weights,
            guarantee,
        )

    # --- the hooks ---

    def _check_parameters(self):
        super()._check_parameters()
        if self.loss is not None and not callable(self.loss):
            raise TypeError(
                "loss must be a function (fitted_estimator, X, y) -> loss of every row,"
                f" or None for the known one; got {self.loss!r}."
            )
        refuse_names_of_columns(_options.resolved(self.estimator, False))

    def _strata(self, rows):
        """Return the class of every row for a classifier; check estimator and y."""
        estimator = _options.resolved(self.estimator, rows.is_sparse)
        # With class_weight="balanced", the loss is known only after that is replaced by
        # the class factors of all rows.
        counted = with_class_factors(estimator, rows.y, rows.weight)
        _options.keywords_of(counted, self.loss)  # raises if it takes no weights
        last = final_step(estimator)
        if get_tags(last).target_tags.required and rows.y is None:
            raise ValueError(
                f"AutoCoreset of {type(last).__name__} requires y to be passed, "
                "but the target y is None."
            )
        if not is_classifier(estimator) or rows.y is None or rows.y.ndim > 1:
            return None
        try:
            codes = class_codes(rows.y, rows.n_rows)
        except ValueError:
            raise ValueError(
                f"{type(last).__name__} is a classifier, but y holds numbers with "
                "fractions; cut them into classes (numpy.digitize)."
            ) from None
        _options.check_quota(self.quota, rows.y)
        return codes

    def _learn(self, rows, size, rng):
        estimator = _options.resolved(self.estimator, rows.is_sparse)
        estimator = with_class_factors(estimator, rows.y, rows.weight)
        tell(blind_steps(estimator, rows.weight), 4)
        keywords = _options.keywords_of(estimator, self.loss)
        strata = self._with_shares(rows)
        seed = int(rng.integers(2**31))
        exponent = self._fitted.exponent
        queries = Queries(rows, estimator, self.loss, keywords, seed, exponent)
        search = Search(queries, strata)
        strata.quotas(size)  # raises if there are more classes than rows
        best = self._best(search, rows, estimator, size, rng)
        self.queries_ = search.models
        self.n_queries_ = search.n_queries
        with np.errstate(over="ignore"):
            self.cost_path_ = np.ldexp(search.cost_path, queries.cost_exponent)
        self.query_error_ = best.error
        self.solver_ = best.solver
        return _State(
            strata,
            search.columns.losses,
            search.held_out,
            "caratheodory" if best.solver == "least_squares" else best.solver,
            best.indices,
            best.weights,
        )

    def _rank(self, state, size, rng):
        return solve(state.strata, state.losses, size, state.solver, rng)

    def _choose(self, size, seed):
        state = self._learned()
        exact = self.solver_ == "least_squares" and size >= len(state.indices)
        if exact or (size, seed) == (self._fitted.size, self._seed):
            found = state.indices, state.weights
        else:
            found = self._rank(state, size, stream(seed, DRAW))
        return self._ranked_selection(found)

    # --- steps of _learn ---

    def _with_shares(self, rows):
        """Return weights and classes of the rows, and the share of each class."""
        weight = rows.each_weight()
        codes = self._fitted.strata
        shares = _options.shares_of(self.quota, codes, rows.y)
        return Strata(weight, codes, shares)

    def _best(self, search, rows, estimator, size, rng):
        """Return the coreset to keep."""
        share = self.validation_fraction
        n_held_out = ceil(self.n_init * share / (1 - share) - 1e-9)
        search.ask_uniform(size, self.n_init, n_held_out, rng)
        exact = self._least_squares(rows, estimator, size)
        if exact is not None:
            return search.try_exact(exact.indices, exact.weights)
        solvers = ("caratheodory", "norm") if self.solver == "auto" else (self.solver,)
        most = _options.most_queries(self.max_queries, size)
        return search.run(size, solvers, self.patience, most, rng)

    def _least_squares(self, rows, estimator, size):
        """Return an exact coreset for squared errors, or None if it does not apply."""
        d = rows.n_features
        known = isinstance(estimator, (LinearRegression, Ridge, ElasticNet))
        asked = self.solver in ("auto", "caratheodory")
        if not (known and asked and self.loss is None and rows.y.ndim == 1):
            return None
        if size < (d + 2) * (d + 3) // 2:
            return None
        return least_squares_coreset(rows, rows.y, rows.weight)

    def _selector_tags(self):
        made = self.estimator
        if isinstance(made, str):
            made = _options.NAMED[made]() if made in _options.NAMED else None
        return SelectorTags(
            unbiased=False,
            exact_size=False,
            layout_stable=False,
            bounded=isinstance(made, BaseEstimator) and is_classifier(made),
            unit_free=False,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if isinstance(self.estimator, BaseEstimator):
            inner = get_tags(self.estimator)
            tags.target_tags.required = inner.target_tags.required
            tags.input_tags.sparse = inner.input_tags.sparse
        return tags

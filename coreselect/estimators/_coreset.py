"""`CoresetEstimator`: a selector and an estimator that act as one estimator."""

from __future__ import annotations

from typing import Any, Literal, Self

from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    clone,
    is_clusterer,
)
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.metaestimators import available_if

from coreselect._inner import inner_has
from coreselect._typing import Column, Features, RowsLike
from coreselect._validation import warn_user
from coreselect._weighting import fits_intercept, routing_enabled, weight_keywords
from coreselect.estimators._coefficients import CoefficientErrors, CoefficientsMixin
from coreselect.estimators._delegation import ROUTED, DelegationMixin
from coreselect.estimators._fit import (
    check_keywords,
    check_parameters,
    check_selector,
    check_selector_params,
    fit_selected,
    open_for,
)
from coreselect.estimators._memory import fit_cached
from coreselect.rows import Rows
from coreselect.rows.sources import is_stored, stamps_of
from coreselect.selection import Selection

_FOR_ESTIMATOR = (
    " Pass what is meant for the estimator as estimator_params={{{!r}: ...}}."
)


class InterceptWarning(UserWarning):
    """The estimator fits an intercept, but the selector does not count one."""


def _cache_key(X):
    """Return what identifies X in the cache; for files, their stamps."""
    return stamps_of(X) if is_stored(X) else X


class CoresetEstimator(
    CoefficientsMixin, DelegationMixin, MetaEstimatorMixin, BaseEstimator
):
    """Select rows, then fit an estimator on them with their weights.

    Scikit-learn sees an estimator of the kind of the inner one. Rows are selected
    inside `fit`, so inside every training fold, and never at prediction. It can be the
    last step of a `Pipeline`, and grids reach both parts: ``selector__n_select`` and
    ``estimator__C``.

    Parameters
    ----------
    estimator : scikit-learn estimator
        A clone of it is fitted on the selected rows: a classifier, a regressor, a
        clusterer, a transformer, a `Pipeline` or a search.
    selector : selector
        A clone of it selects the rows.
    features : None, list of columns, transformer or "auto", default=None
        What the selector sees of the rows; see `coreselect.BaseSelector`. The estimator
        gets the rows as they are, with text, categories and missing values. Leave it
        None if the selector has `features` of its own.
    weights : {"auto", "resample", "ignore"}, default="auto"
        - ``"auto"``: the weights of the selection are passed as ``sample_weight``; in a
          `Pipeline`, to every step that takes it. An estimator that takes none is an
          error. Weights are scaled to mean one for estimators whose step and penalty
          are per row (the SGD family and Perceptron). ``class_weight="balanced"``
          is replaced by the factors computed on all rows. A `MisreadWeightsWarning`
          names other parts that misread weights.
        - ``"resample"``: for estimators without weights. They are fitted on m =
          min(n_rows, 10 x selected rows) rows. A row of weight w is repeated
          ``m * w / W`` times, rounded down, with W the sum of the weights; a systematic
          draw on the remainders adds the missing rows.
        - ``"ignore"``: the weights of the selection are dropped, and the input weights
          of the rows are kept: for methods whose estimator is right without the weights
          of the selection.
    missing_classes : {"add", "raise"}, default="add"
        What to do for a classifier if no row of a class is selected: add the first row
        of positive weight of this class, with its own weight and a `ClassAddedWarning`,
        or raise an error. Targets with several outputs are not checked.
    memory : None, str or joblib.Memory, default=None
        Where fitted selectors are cached, so that a grid over ``estimator__*`` selects
        once per fold. With ``random_state=None``, the first draw is kept. Rows that
        `coreselect.rows.open` opened are not cached. A parameter that is a function
        counts by its module, name and source; it must be defined at the top of a
        module.

    Attributes
    ----------
    selector_ : selector
        The fitted selector; ``selector_.selection_`` is what it selected.
    estimator_ : estimator
        The inner estimator, fitted on the selected rows.
    classes_ : ndarray of shape (n_classes,)
        For classifiers: the classes of all rows of positive weight. Rows of weight 0
        count as left out, so a class with no other rows is unknown.
    labels_ : ndarray of shape (n_rows,)
        For clusterers with `predict`: the cluster of every row, selected or not.
    coef_std_, intercept_std_ : ndarray or float
        Standard errors of ``estimator_.coef_`` and ``estimator_.intercept_``, of the
        same shapes; see Notes.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if all are strings.

    See Also
    --------
    coreselect.estimators.fit_on_selection : Fit on a selection that exists already.

    Notes
    -----
    `predict`, `predict_proba`, `decision_function`, `transform`, `score` and every
    other public ``predict_*`` and ``score_*`` method are available if the inner
    estimator has them.

    X may be the path of a Parquet or npy file, with y the name of a column or an array.
    It is never loaded whole: the estimator gets the numeric features of the selected
    rows as an array, and predictions for a file are made block by block. With
    `features`, or if X is ``coreselect.rows.open(path, y, numeric=False)``, the
    estimator gets all columns, as a frame of pandas.

    Keywords for the fit of the estimator are passed as ``estimator_params``, with
    metadata routing also by request. This estimator requests ``sample_weight`` itself
    (``set_fit_request(sample_weight=True)``). Inside an inner `Pipeline` or search, the
    weights go to the estimators that request ``sample_weight``.

    A search as the inner estimator makes its folds from the selected rows and scores
    them without weights. To score on all rows, search over this estimator instead. With
    a clusterer that has no `predict`, there are only ``estimator_.labels_`` of the
    selected rows, and no `labels_`.

    `coef_std_` and `intercept_std_` estimate how far the coefficients are from those
    that the same estimator, with the same penalty, has when fitted to all rows [1]_.
    They say nothing about the error of that fit. They exist for `LinearRegression`,
    `Ridge` and `LogisticRegression` without an l1 penalty, if it is known how the rows
    were drawn, and take O(m q^2) time and O(m q) memory for q coefficients and m rows,
    when first used. They hold for many selected rows: for few of them beside q they are
    too small, and without a penalty, there are none for q rows or fewer. Pickles leave
    out the rows that they need.

    References
    ----------
    .. [1] D. Binder, "On the variances of asymptotically normal estimators from complex
       surveys", International Statistical Review 51(3), 1983, :doi:`10.2307/1402588`.

    Examples
    --------
    >>> from coreselect import CoresetEstimator, LeverageSelector
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import LinearRegression
    >>> X, y = load_diabetes(return_X_y=True)
    >>> selector = LeverageSelector(n_select=200, fit_intercept=True, random_state=0)
    >>> model = CoresetEstimator(LinearRegression(), selector).fit(X, y)
    >>> len(model.selector_.selection_)
    200
    >>> full = LinearRegression().fit(X, y).score(X, y)
    >>> bool(model.score(X, y) > 0.9 * full)
    True
    """

    def __init__(
        self,
        estimator: Any,
        selector: Any,
        *,
        features: Features = None,
        weights: Literal["auto", "resample", "ignore"] = "auto",
        missing_classes: Literal["add", "raise"] = "add",
        memory: Any = None,
    ) -> None:
        self.estimator = estimator
        self.selector = selector
        self.features = features
        self.weights = weights
        self.missing_classes = missing_classes
        self.memory = memory

    def _holds(self, data):
        holds = self.selector._holds(data)
        # The estimator gets the selected rows, mostly as a copy in float64.
        n_selected = data.n_selected(getattr(self.selector, "n_select", None))
        subset = n_selected * data.n_values * (data.value_bytes + 8)
        return holds._replace(fixed=holds.fixed + subset)

    def fit(
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        *,
        estimator_params: dict[str, Any] | None = None,
        selector_params: dict[str, Any] | None = None,
        **fit_params: Any,
    ) -> Self:
        """Select rows and fit the estimator on them.

        Parameters
        ----------
        X : array-like, sparse matrix, data frame or path of shape (n_rows, n_features)
            All rows; a ``.parquet`` or ``.npy`` file is read block by block.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), str or None
            Targets; for a file or a frame, also the name of a column.
        sample_weight : array-like of shape (n_rows,), str or None
            Input weights: a row of weight w counts as w rows. The weights of the
            selection contain them. For a file or a frame, also the name of a column.
        estimator_params : dict, optional
            Keywords for the fit of the estimator, such as ``eval_set``, ``callbacks``
            or ``verbose``. They are passed as they are, not cut to the selected rows.
        selector_params : dict, optional
            Keywords for the fit of the selector, such as ``X_target`` or ``groups``.
        **fit_params : dict
            Without metadata routing, the same as `selector_params`. With it, keywords
            go to the selector or the estimator by request; arrays with one value per
            row reach the estimator cut to the selected rows.

        Returns
        -------
        self : CoresetEstimator

        Raises
        ------
        TypeError
            If the selector's `fit` does not take one of the keywords.
        ValueError
            If `estimator` takes no weights and `weights` is ``"auto"``, nothing is
            selected, or a class is lost and `missing_classes` is ``"raise"``.

        Warns
        -----
        ClassAddedWarning
            If a class is lost and `missing_classes` is ``"add"``.
        MisreadWeightsWarning
            If weights are unequal and a step of `estimator` takes none (such as PCA),
            or a part of it does not read a weight of w as w rows.
        InterceptWarning
            If the estimator fits an intercept, and the selector has
            ``fit_intercept=False``.
        """
        self._check_parameters()
        check_keywords("estimator_params", estimator_params)
        for_selector, routed = self._split(fit_params, selector_params)
        selector = self._selector()
        data, columns, for_selector = open_for(
            selector, X, y, sample_weight, for_selector
        )
        # An estimator that takes no weights is known before the data are read.
        weight_keywords(self.estimator, self.weights, data.rows.weight is not None)
        if getattr(self.selector, "fit_intercept", True) is False:
            self._warn_of_intercept()
        given = sample_weight, columns
        selector = self._select(selector, data, given, for_selector)
        if not isinstance(selector.selection_, Selection):
            raise TypeError(
                f"{self.selector!r} makes new rows, and CoresetEstimator fits on "
                "existing rows only. Put it before the estimator in a Pipeline of "
                "imbalanced-learn, or call its fit_resample."
            )
        fit = fit_selected(
            self.estimator,
            selector.selection_,
            data,
            weights=self.weights,
            missing_classes=self.missing_classes,
            routed=routed,
            estimator_params=estimator_params,
            seed=getattr(getattr(selector, "_fitted", None), "seed", None),
        )
        self.estimator_, self.selector_ = fit.model, selector
        self._coefficient_errors = CoefficientErrors(
            fit, selector.selection_, self.weights
        )
        self._features = data.rows.n_features, data.rows.feature_names
        self._from_file, self._numeric = data.in_file, data.rows.numeric
        self._roles = data.rows.named
        self.__dict__.pop("labels_", None)
        if is_clusterer(self.estimator_) and hasattr(self.estimator_, "predict"):
            self.labels_ = data.predict(self.estimator_)
        return self

    @available_if(inner_has("transform"))
    def fit_transform(
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        **fit_params: Any,
    ) -> Any:
        """Fit, then transform all rows; parameters are those of `fit`."""
        return self.fit(X, y, sample_weight, **fit_params).transform(X)

    @available_if(inner_has("fit_predict", "predict"))
    def fit_predict(
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        **fit_params: Any,
    ) -> Any:
        """Fit, then predict all rows; parameters are those of `fit`."""
        self.fit(X, y, sample_weight, **fit_params)
        return self.labels_ if hasattr(self, "labels_") else self.predict(X)

    def get_metadata_routing(self) -> Any:
        """Return where scikit-learn's metadata routing sends keywords.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
        """
        to_selector = MethodMapping().add(caller="fit", callee="fit")
        to_estimator = MethodMapping().add(caller="fit", callee="fit")
        for method in ROUTED:
            to_estimator.add(caller=method, callee=method)
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        router.add(selector=self.selector, method_mapping=to_selector)
        return router.add(estimator=self.estimator, method_mapping=to_estimator)

    def _check_parameters(self):
        check_parameters(weights=self.weights, missing_classes=self.missing_classes)
        if not hasattr(self.estimator, "fit"):
            raise TypeError(
                f"estimator must have a fit method, got {self.estimator!r}."
            )
        check_selector(
            self.selector, "; the order is CoresetEstimator(estimator, selector)"
        )
        if self.features is None:
            return
        own = self.selector.get_params(deep=False)
        if "features" not in own:
            raise TypeError(
                f"{type(self.selector).__name__} has no parameter features; leave out "
                f"features={self.features!r}."
            )
        if own["features"] is not None:
            raise ValueError(
                f"features={self.features!r} was given, but the selector has "
                f"features={own['features']!r}; give one of the two."
            )

    def _selector(self):
        """Return a clone of the selector that sees what `features` says."""
        selector = clone(self.selector)
        if self.features is None:
            return selector
        return selector.set_params(features=clone(self.features, safe=False))

    def _warn_of_intercept(self):
        if fits_intercept(self.estimator):
            warn_user(
                f"{type(self.estimator).__name__} fits an intercept, but "
                f"{type(self.selector).__name__} has fit_intercept=False: it does not "
                "look for rows that the intercept depends on, and never draws rows of "
                "zeros. Use fit_intercept=True in the selector, or False in the "
                "estimator.",
                InterceptWarning,
            )

    def _split(self, fit_params, selector_params):
        """Return keywords for the selector, and routed ones for the estimator."""
        own = "X", "y", "sample_weight"
        check_keywords("selector_params", selector_params, own)
        given, routed = selector_params or {}, {}
        if twice := sorted(set(given) & set(fit_params)):
            raise TypeError(f"fit got {twice} by themselves and in selector_params.")
        if routing_enabled():
            by_part = process_routing(self, "fit", **fit_params)
            fit_params, routed = by_part["selector"]["fit"], by_part["estimator"]["fit"]
        for_selector = {**fit_params, **given}
        check_selector_params(self.selector, for_selector, _FOR_ESTIMATOR)
        return for_selector, routed

    def _select(self, selector, data, given, params):
        """Return the fitted selector, from the cache if possible."""
        if self.memory is None or isinstance(data.X, Rows):
            return selector.fit(data.rows, **params)
        key = _cache_key(data.X), data.y, given
        return fit_cached(self.memory, selector, data.rows, key, params)

    def __sklearn_tags__(self):
        tags, selector = super().__sklearn_tags__(), get_tags(self._selector())
        tags.target_tags.required |= selector.target_tags.required
        tags.non_deterministic |= selector.non_deterministic
        tags.input_tags.sparse &= selector.input_tags.sparse
        inner = get_tags(self.estimator).input_tags
        for name in ("allow_nan", "string", "categorical"):
            both = getattr(inner, name) and getattr(selector.input_tags, name)
            setattr(tags.input_tags, name, both)
        return tags

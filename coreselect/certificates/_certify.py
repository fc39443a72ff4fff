"""The public function `certify`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from coreselect._numbers import unit_scale
from coreselect._random import draw_seed, stream
from coreselect._threads import threads_for
from coreselect._typing import Checks, Column, RowsLike, Seed
from coreselect._validation import Boolean, Integer, OneOfOrCallable, Real
from coreselect.certificates import _empirical, _extremes, _quadratic
from coreselect.certificates._certificate import Certificate, from_ratios
from coreselect.linalg import leverage_whitening, unweighted_rows
from coreselect.metrics import check_population, near_one
from coreselect.rows import open as open_rows
from coreselect.rows.targets import WithTargets, join_targets
from coreselect.selection import Selection, check_selection

OBJECTIVES = ("least_squares", "ridge", "pca", "least_absolute", "kmeans")
_CHECKS: Checks = {
    "fit_intercept": Boolean(),
    "alpha": Real(0),
    "n_clusters": Integer(1),
    "power": Real(0, strict=True),
    "n_queries": Integer(1),
    "confidence": Real(0, 1, strict=True),
}


def certify(
    selection: Selection,
    X: RowsLike,
    y: Column = None,
    *,
    objective: str | Callable[..., Any] = "least_squares",
    sample_weight: Column = None,
    fit_intercept: bool = False,
    alpha: float = 1.0,
    n_clusters: int = 8,
    power: float = 2.0,
    queries: Sequence[Any] | Callable[..., Any] | None = None,
    n_queries: int = 100,
    confidence: float = 0.95,
    random_state: Seed = None,
) -> Certificate:
    """Certify how far sums over a selection are from the sums over all rows.

    Parameters
    ----------
    selection : Selection
        Made from the rows of X.
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
        All rows; anything that `coreselect.rows.open` takes.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), str or None
        Targets; needed by regressions.
    objective : str or callable, default="least_squares"
        - ``"least_squares"``: ``sum (x'b - y)**2`` over all coefficients b. Exact.
        - ``"ridge"``: the same plus ``alpha |b|**2``, intercept not penalised. Exact.
        - ``"pca"``: ``sum (x'b)**2``, hence the squared distances to any subspace.
          With `fit_intercept`, features are centred: the selection at its own weighted
          mean, all rows at theirs. Exact.
        - ``"least_absolute"``: ``sum |x'b - y|`` (``|x'b|`` without y). Exact for up
          to three columns, counting targets and intercept (with three, for up to 4000
          rows); otherwise empirical.
        - ``"kmeans"``: sum of distances to the nearest of `n_clusters` centres, to the
          power `power`. Empirical.
        - callable: ``objective(X, y, query)`` returns one loss per row of a block.
          Empirical. A query is a vector of coefficients by default; see `queries`.
    sample_weight : array-like of shape (n_rows,), str or None
        Weights of all rows; the weights of the selection include them.
    fit_intercept : bool, default=False
        Whether models have an intercept, the last coefficient.
    alpha : float, default=1.0
        Penalty of ``"ridge"``.
    n_clusters : int, default=8
        Centres of ``"kmeans"``.
    power : float, default=2.0
        Power of the distances of ``"kmeans"``: 2 for k-means, 1 for k-medians.
    queries : list, callable or None
        Models to try for empirical objectives: a list of queries, or a function
        ``queries(rng)`` that draws one. Not allowed for exact objectives, which cover
        all models. By default, coefficients are normal in coordinates in which the rows
        have a unit Gram matrix, times a random scale. Default centres are, with equal
        probability, rows drawn by weight or k-means++ seeds of the selection.
    n_queries : int, default=100
        Number of queries drawn.
    confidence : float, default=0.95
        Confidence level of the statement about further queries.
    random_state : None, int, RandomState or Generator
        Used by empirical objectives only.

    Returns
    -------
    Certificate
        Its text states the bounds and how they are known.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, targets are missing or not numbers, or the selection
        holds a row whose `sample_weight` is 0.

    Notes
    -----
    A certificate is about the columns of X that are numbers. For what a selector with
    `features` saw, pass ``selector.features_.transform(X)`` in place of X. The
    ``certificate_`` of ``n_select="auto"`` is about what the selector saw.

    Exact certificates take two to five passes over the data and O(n d^2). If
    ``epsilon < 1``, the minimiser of a sum of squares over the selection has a sum over
    all rows of at most ``(1 + epsilon) / (1 - epsilon)`` times the minimum; `excess` is
    its actual relative distance from the minimum, computed in float64. The bounds
    include rounding errors of float64, so they widen with the condition number, up to
    infinity; `excess` comes without a bound of these errors. Directions in which no row
    is longer than rounding errors are left out and counted (`n_left_out`).

    Empirical certificates take one pass for the queries, drawn or given, and 24 passes
    of local ascent from the worst drawn ones. Their epsilon is a lower bound of the
    maximum. Drawn queries also give a distribution-free statement about further ones.
    With 100 queries and confidence 95 %, at least 97 % of all queries have errors no
    larger than the largest that was found. This does not cover the model that will be
    fitted, which is not drawn at random.

    References
    ----------
    .. [1] S. S. Wilks, "Determination of sample sizes for setting tolerance limits",
       Annals of Mathematical Statistics 12(1), 1941, :doi:`10.1214/aoms/1177731788`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import LeverageSelector, certify
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_t(3, size=(5000, 4))
    >>> y = X.sum(axis=1) + rng.standard_normal(5000)
    >>> selection = LeverageSelector(500, random_state=0).fit_select(X)
    >>> certificate = certify(selection, X, y)
    >>> certificate.kind, bool(certificate.epsilon < 0.3)
    ('exact', True)
    """
    values: dict[str, Any] = {
        "fit_intercept": fit_intercept,
        "alpha": alpha,
        "n_clusters": n_clusters,
        "power": power,
        "n_queries": n_queries,
        "confidence": confidence,
    }
    for name, check in _CHECKS.items():
        check(name, values[name])
    rows = open_rows(X, y, sample_weight)
    _check(selection, rows, objective, queries)
    selection, rows, exponent = near_one(selection, rows)
    with threads_for(rows):
        if objective in ("least_squares", "ridge", "pca"):
            learned = _quadratic.learn(
                rows,
                objective=objective,
                fit_intercept=fit_intercept,
                alpha=alpha,
                exponent=exponent,
            )
            return _quadratic.certificate(learned, selection)
        if objective == "least_absolute" and queries is None:
            exact = _least_absolute(rows, selection, fit_intercept)
            if exact is not None:
                return exact
        rng = stream(draw_seed(random_state), 0)
        return _empirical_certificate(rows, selection, objective, queries, values, rng)


def _check(selection, rows, objective, queries):
    check_selection(selection, rows.n_rows)
    check_population(selection, rows.weight)
    OneOfOrCallable(*OBJECTIVES)("objective", objective)
    if objective in ("least_squares", "ridge") and rows.y is None:
        raise ValueError(
            f"objective={objective!r} needs y; pass it, or use objective='pca' for the "
            "features alone."
        )
    if objective in ("least_squares", "ridge", "least_absolute"):
        numeric_targets(rows, f"objective={objective!r}")
    if objective == "least_absolute" and rows.y is not None and rows.y.ndim > 1:
        raise ValueError(
            f"objective='least_absolute' needs one target per row, got y of shape "
            f"{rows.y.shape}."
        )
    if queries is not None:
        _check_queries(queries, objective)


def _check_queries(queries, objective):
    if objective in ("least_squares", "ridge", "pca"):
        raise ValueError(
            f"objective={objective!r} is certified for all models, so it takes no "
            "queries; leave them out, or pass a callable as objective."
        )
    if callable(queries):
        return
    if isinstance(queries, (str, dict)) or not hasattr(queries, "__len__"):
        raise TypeError(
            "queries must be a list of queries, or a function of a Generator that "
            f"draws one, got {queries!r}."
        )
    if len(queries) == 0:
        raise ValueError("queries must not be empty.")


def numeric_targets(rows, user):
    """Convert the targets of rows to float64; raise if they are not numbers."""
    if rows.y is None:
        return
    try:
        rows.y = np.asarray(rows.y).astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"{user} needs numbers in y, but it holds {rows.y.dtype} such as "
            f"{rows.y.flat[0]!r}; encode them, or use objective='pca'."
        ) from None


def _least_absolute(rows, selection, fit_intercept):
    """Return an exact certificate if there are few columns, else None."""
    # Targets are a column like the others, with its coefficient not fixed at -1: a sum
    # of absolute values scales with its coefficients, so no ratio is added.
    view = rows.subset()
    whole = view if view.y is None else WithTargets(view)
    n_columns = whole.n_features + fit_intercept
    if n_columns > _extremes.MOST_COLUMNS:
        return None
    if n_columns == 3 and view.n_rows > _extremes.MOST_ROWS:
        return None
    whitening = leverage_whitening(whole, fit_intercept=fit_intercept)
    block = view.whole()
    weight = np.array(block.weight)
    block = block if view.y is None else join_targets(block)
    A = unweighted_rows(block, whitening)
    chosen = np.zeros(rows.n_rows)
    chosen[selection.indices] = selection.weights
    chosen = chosen if view.kept is None else chosen[view.kept]
    lower, upper = _extremes.extremes(A, weight, chosen)
    lower, upper = _widened(lower, upper, A, block, whitening, weight, chosen)
    n_used = np.count_nonzero(abs(block.X).sum(axis=0))
    scope = _quadratic.linear_models(fit_intercept)
    if view.y is None:
        scope = scope.replace("model", "function")
    return from_ratios(
        "least_absolute",
        lower,
        upper,
        "exact",
        scope,
        n_left_out=max(0, int(n_used) + fit_intercept - A.shape[1]),
    )


def _widened(lower, upper, A, block, whitening, weight, chosen):
    """Widen bounds of ratios of sums of absolute values by all rounding errors."""
    # A sum over all rows is at least the sum of squares, which is 1 for a direction of
    # length 1, divided by the length of the longest row. So errors relative to it are
    # at most `longest` times the absolute ones: of the product of each row, of sums of
    # n terms, and of rows that count as orthogonal.
    apart = block._replace(X=abs(block.X))
    positive = whitening._replace(transform=abs(whitening.transform))
    spread = unweighted_rows(apart, positive)
    longest = np.linalg.norm(A, axis=1).max(initial=0.0)
    products = _quadratic.unit_of_products(len(whitening.transform))
    sums = 4 * len(A) * _quadratic.UNIT + _extremes.ORTHOGONAL
    off = longest * (products * np.linalg.norm(spread, axis=1) + sums * longest)
    more, less = chosen @ off, weight @ off
    if not less < 0.5:
        return 0.0, np.inf
    return max(0.0, (lower - more) / (1 + less)), (upper + more) / (1 - less)


def _empirical_certificate(rows, selection, objective, queries, values, rng):
    """Return an empirical certificate."""
    # Without a row of positive weight, every sum over the selection is 0, for certain.
    if not selection.weights.any():
        nothing = "any model: no row of positive weight was selected"
        return from_ratios(_name(objective), 0.0, 0.0, "exact", nothing)
    fit_intercept = values["fit_intercept"]
    move = None
    if objective == "kmeans":
        scale = unit_scale(rows)
        k, power = values["n_clusters"], values["power"]
        draw, move = _empirical.cluster_queries(rows, selection, k, scale)
        loss = _empirical.distance_to_centers(scale, power)
        scope = f"sets of {k} centres drawn alike"
        scope += "" if power == 2 else f" (distances to the power {power:g})"
    else:
        loss = _loss(objective, fit_intercept)
        with_or_without = "with" if fit_intercept else "without"
        scope = f"coefficients {with_or_without} an intercept drawn alike"
        if queries is None and objective == "least_absolute" and rows.y is not None:
            whole = WithTargets(rows.subset())
            draw, move = _empirical.residual_queries(
                whole, rows.n_features, fit_intercept
            )
        elif queries is None:
            draw, move = _empirical.linear_queries(rows.subset(), fit_intercept)
    given = None
    if queries is not None:
        scope, move = "queries drawn alike", None
        draw, given = (queries, None) if callable(queries) else (None, list(queries))
    lower, upper, n_tried = _empirical.worst(
        rows, selection, loss, draw, given, values["n_queries"], rng, move
    )
    share = None
    if given is None:
        share = _empirical.coverage(values["confidence"], values["n_queries"])
    return from_ratios(
        _name(objective),
        lower,
        upper,
        "empirical",
        scope,
        n_queries=n_tried,
        confidence=None if share is None else values["confidence"],
        coverage=share,
    )


def _name(objective):
    if callable(objective):
        return getattr(objective, "__name__", type(objective).__name__)
    return objective


def _loss(objective, fit_intercept):
    if callable(objective):
        return _empirical.user_loss(objective)

    def absolute(block, query):
        n_features = block.X.shape[1]
        query = np.asarray(query, dtype=np.float64)
        if query.shape != (n_features + fit_intercept,):
            raise ValueError(
                f"a query of objective='least_absolute' must hold {n_features} "
                f"coefficients{' and the intercept' if fit_intercept else ''}, got "
                f"shape {query.shape}."
            )
        values = block.X @ query[:n_features]
        if fit_intercept:
            values = values + query[n_features]
        return abs(values if block.y is None else values - block.y)

    return absolute

r"""Standard errors of the coefficients of linear models, by linearisation.

A weighted fit to selected rows minimises :math:`\sum_i w_i \ell_i(\theta)` plus a
penalty. Over draws, it differs from the fit to all rows by nearly the total of
:math:`-A^{-1} \nabla \ell_i(\theta)` over the selected rows, with A the weighted
Hessian, penalty included (Binder 1983). The sampling design gives the standard error of
this total: the "sandwich".
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit, softmax
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from coreselect._filling import scaled
from coreselect._numbers import power_of_two, to_dense
from coreselect._typing import Array
from coreselect.losses import class_factors, targets_of
from coreselect.rows.take import native_column

_NAMES = ("coef_std_", "intercept_std_")
_DEPENDENT = (
    "the selected rows do not determine all coefficients: columns depend on each "
    "other, or differ too much in scale. Leave some out, or add a penalty"
)


class CoefficientErrors:
    """The rows of a fit, until the standard errors of its coefficients are asked for.

    Pickles hold no rows; they hold the standard errors if these were computed before.
    """

    def __init__(self, fit, selection, weights):
        self._problem = _why_unknown(fit, selection, weights)
        self._rows = None if self._problem else (fit, selection)
        self.found = None

    def __getstate__(self):
        problem = self._problem or (
            "the rows of the fit, from which they are computed, are not pickled; read "
            "coef_std_ before pickling"
        )
        return {"_problem": problem, "_rows": None, "found": self.found}

    def get(self):
        """Return the standard errors of the coefficients and of the intercept."""
        if self.found is None:
            if self._rows is None:
                raise ValueError(self._problem)
            fit, selection = self._rows
            self.found = _standard_errors(fit.model, fit.X, fit.y, selection)
            self._rows = None
        return self.found


class CoefficientsMixin:
    """Standard errors of the coefficients of `estimator_`.

    `fit` sets `_coefficient_errors`, a `CoefficientErrors`.
    """

    _coefficient_errors: CoefficientErrors

    @property
    def coef_std_(self) -> Array:
        """Standard errors of ``estimator_.coef_``, of the same shape."""
        return self._standard_error("coef_std_")

    @property
    def intercept_std_(self) -> Any:
        """Standard errors of ``estimator_.intercept_``, of the same shape."""
        return self._standard_error("intercept_std_")

    def _standard_error(self, name):
        check_is_fitted(self)
        try:
            return self._coefficient_errors.get()[_NAMES.index(name)]
        except ValueError as error:
            raise AttributeError(
                f"{type(self).__name__} has no {name}: {error}"
            ) from error

    def __dir__(self):
        # The display of scikit-learn reads all that is listed, and must stay fast.
        errors = vars(self).get("_coefficient_errors")
        known = errors is not None and errors.found is not None
        return [name for name in super().__dir__() if known or name not in _NAMES]

    def __getattr__(self, name):
        # Called if a property raises an AttributeError too, and its message is lost.
        if name in _NAMES:
            return self._standard_error(name)
        return super().__getattr__(name)


def _why_unknown(fit, selection, weights):
    """Return why the coefficients have no standard errors, or an empty text."""
    model = fit.model
    name = type(model).__name__
    if type(model) not in (LinearRegression, Ridge, LogisticRegression):
        return (
            "they are known for LinearRegression, Ridge and LogisticRegression, and "
            f"the estimator is {name}"
        )
    if weights != "auto":
        return f"weights={weights!r} does not pass the weights of the selection on"
    if fit.n_added:
        return "rows were added for classes that were not selected"
    if getattr(model, "positive", False):
        return "coefficients that must be positive do not vary linearly"
    if isinstance(model, LogisticRegression):
        if _strength(model) is None:
            return "an l1 penalty is not smooth"
        if model.solver == "liblinear" and (
            model.fit_intercept or len(model.classes_) > 2
        ):
            return (
                "solver='liblinear' penalises the intercept and fits one class against "
                "the rest; use another solver"
            )
        if getattr(model, "multi_class", "auto") not in ("auto", "deprecated"):
            return f"multi_class={model.multi_class!r} is not the multinomial model"
    if selection.design is None:  # the selection says why
        try:
            selection.covariance(np.ones(len(selection)))
        except ValueError as error:
            return str(error)
    return ""


def _strength(model):
    """Return the factor of half the squared coefficients; None for an l1 penalty."""
    if model.penalty is None or np.isinf(model.C):
        return 0.0
    mixed = model.penalty in ("elasticnet", "deprecated") and model.l1_ratio
    return None if mixed or model.penalty == "l1" else 1 / model.C


def _standard_errors(model, X, y, selection):
    """Return those of `coef_` and `intercept_`, in their shapes."""
    targets = targets_of(model, np.asarray(native_column(y)))
    weights, exponent = scaled(selection.weights)
    solve = _logistic if isinstance(model, LogisticRegression) else _least_squares
    problems = list(solve(model, X, targets))
    X = to_dense(check_array(X, accept_sparse="csr", dtype=np.float64))
    n_rows, q = len(X), X.shape[1] + model.fit_intercept
    penalised = all(problem.strength for problem in problems)
    if n_rows <= q and not (penalised or _is_certain(selection.design)):
        raise ValueError(
            f"a fit of {q} coefficients to {n_rows} rows leaves no residuals, from "
            "which errors could be estimated; select more rows"
        )
    # Least squares leaves out directions of small singular values by itself.
    if getattr(model, "rank_", X.shape[1]) < X.shape[1]:
        raise ValueError(_DEPENDENT)
    found = []
    for problem in problems:
        strength = np.ldexp(float(problem.strength), -exponent)
        problem = problem._replace(strength=strength)
        found.append(_influence(X, weights, problem, model.fit_intercept))
    coef, intercept = (np.hstack(part) for part in zip(*found, strict=True))

    def std(influence, shape):
        # Influences are in the unit of `weights`, which is not that of the selection.
        _, std = selection.estimate(influence, return_std=True)
        return np.ldexp(std, -exponent).reshape(shape)[()]

    no_intercept = np.zeros(np.shape(model.intercept_))[()]
    return (
        std(coef, np.shape(model.coef_)),
        std(intercept, no_intercept.shape) if model.fit_intercept else no_intercept,
    )


def _is_certain(design):
    """Return whether no draw could have missed one of the rows."""
    if design is None:
        return True
    if design.name == "multinomial" or (design.expected < 1).any():
        return False
    return _is_certain(design.earlier)


class _Problem(NamedTuple):
    """Derivatives of the losses in the decisions of K outputs that are fitted together.

    The second derivatives are ``diag(own) - shared shared'`` for each row.
    """

    slopes: Array  # of shape (n_rows, K)
    own: Array
    shared: Array
    strength: float  # factor of half the squared coefficients


def _least_squares(model, X, targets):
    """Yield a problem for each output, of half the squared errors."""
    gaps = np.reshape(model.predict(X), targets.shape) - targets
    each, none = np.ones((len(gaps), 1)), np.zeros((len(gaps), 1))
    strengths = np.broadcast_to(getattr(model, "alpha", 0.0), gaps.shape[1])
    for gap, strength in zip(gaps.T, strengths, strict=True):
        yield _Problem(gap[:, None], each, none, strength)


def _logistic(model, X, codes):
    """Yield the problem of the log loss; two classes have one decision."""
    decision = model.decision_function(X)
    factors = np.reshape(class_factors(model, codes), (-1, 1))
    if decision.ndim == 1:
        chance = expit(decision)[:, None]
        own = factors * chance * expit(-decision)[:, None]
        slopes, shared = factors * (chance - codes[:, None]), np.zeros_like(chance)
    else:
        chance = softmax(decision, axis=1)
        own, shared = factors * chance, np.sqrt(factors) * chance
        slopes = factors * (chance - np.eye(chance.shape[1])[codes])
    yield _Problem(slopes, own, shared, _strength(model))


def _influence(X, weights, problem, fit_intercept):
    """Return what each row of weight one adds to coefficients and intercepts.

    Returns
    -------
    coef : ndarray of shape (n_rows, K * n_features)
    intercept : ndarray of shape (n_rows, K)
    """
    # Centred columns of size one: neither units nor an offset cost digits.
    n_rows, d = X.shape
    mean = weights @ X / weights.sum() if fit_intercept else np.zeros(d)
    inputs = X - mean
    scale = power_of_two(np.abs(inputs).max(axis=0))
    inputs = inputs * scale
    with np.errstate(over="ignore"):
        ridge = np.minimum(problem.strength * scale**2, 2.0**900)
    if fit_intercept:
        inputs, ridge = (
            np.column_stack([inputs, np.ones(n_rows)]),
            np.append(ridge, 0.0),
        )
    inverse = _inverse_hessian(inputs, weights, problem, ridge)
    gradients = problem.slopes[:, :, None] * inputs[:, None, :]
    change = gradients.reshape(n_rows, -1) @ inverse
    change = change.reshape(n_rows, -1, inputs.shape[1])
    coef = change[:, :, :d] * scale
    intercept = np.zeros(coef.shape[:2])
    if fit_intercept:
        intercept = change[:, :, d] - coef @ mean
    return coef.reshape(n_rows, -1), intercept


def _inverse_hessian(inputs, weights, problem, ridge):
    """Return the (pseudo)inverse of the Hessian in the parameters of all outputs."""
    k, q = problem.slopes.shape[1], inputs.shape[1]
    hessian = np.empty((k, q, k, q))
    for a in range(k):
        for b in range(a + 1):
            mass = -weights * problem.shared[:, a] * problem.shared[:, b]
            if a == b:
                mass += weights * problem.own[:, a]
            part = inputs.T @ (inputs * mass[:, None])
            hessian[a, :, b] = part + (a == b) * np.diag(ridge)
            hessian[b, :, a] = hessian[a, :, b].T
    # One unit for all outputs of an input: shifting all outputs stays orthogonal.
    lengths = np.sqrt(np.einsum("ajaj->ja", hessian).max(axis=1))
    unit = np.tile(1 / np.where(lengths > 0, lengths, 1.0), k)
    values, vectors = np.linalg.eigh(
        hessian.reshape(k * q, k * q) * np.outer(unit, unit)
    )
    kept = values > k * q * np.finfo(np.float64).eps * values[-1]
    # Adding the same to the decisions of all classes changes no probability.
    free = np.count_nonzero(ridge == 0) if k > 1 else 0
    if np.count_nonzero(~kept) > free:
        raise ValueError(_DEPENDENT)
    vectors = vectors[:, kept] * unit[:, None]
    return vectors / values[kept] @ vectors.T

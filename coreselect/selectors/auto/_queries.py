"""Queries: fits of an estimator to some rows, and the losses of all rows there.

The losses of all rows at one query are a column of the loss matrix. Columns are shifted
to start at 0 if losses may be negative, divided by a power of two near their mean, and
rounded to multiples of 2**-26. Digits beyond that depend on the BLAS and the processor,
and the choice of rows must not.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgWarning
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from coreselect._misread import readable
from coreselect._weighting import multiplicities
from coreselect.losses import (
    final_step,
    has_one_minimum,
    known_loss,
    takes_repeats,
)
from coreselect.selectors.auto._solve import DEPENDENT, Losses, residual_share
from coreselect.selectors.auto._steps import fit_steps, joined, transform

_GRID = 2.0**26
_FARTHEST = 200  # exponent of two: no penalty counts beside larger weights
_REPEATS = 10  # without sample_weight: repeated rows for each selected row, at most


class Query(NamedTuple):
    """One fit, and the losses of all rows there.

    Attributes
    ----------
    model : fitted estimator
    column : ndarray of shape (n_rows,)
        The losses as a column of the matrix, shifted and scaled.
    cost : float
        Weighted sum of the losses, and the penalty if it is known.
    """

    model: object
    column: np.ndarray
    cost: float


class _RowLoss(NamedTuple):
    """The loss of rows at a fitted model, small enough to send to where the rows are.

    Attributes
    ----------
    function : callable
        ``function(model, X, y)``
    is_known : bool
        Whether it is one of this package, which needs no checks.
    name : str
        For messages.
    """

    function: Callable
    is_known: bool
    name: str

    def of(self, block, model):
        """Return the losses of the rows of a block."""
        n = block.X.shape[0]
        if self.is_known:
            with np.errstate(over="ignore", invalid="ignore"):  # see `check`
                values = self.function(model, block.X, block.y)
            return np.asarray(values, dtype=np.float64)
        values = np.asarray(self.function(model, block.X, block.y))
        if values.dtype.kind not in "biuf":
            raise ValueError(
                f"{self.name} must return numbers, got dtype {values.dtype}."
            )
        if values.shape != (n,):
            raise ValueError(
                f"{self.name} must return one loss for each of the {n} rows it is "
                f"given, got an array of shape {values.shape}. A mean or a sum over "
                "rows is not enough."
            )
        return values.astype(np.float64)

    def check(self, values, number):
        """Check the losses of all rows at query `number`; name the first bad row."""
        if not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values)))
            raise ValueError(
                f"{self.name} returned {values[row]} for row {row} at query {number}; "
                "every row needs a finite loss."
            )
        if not self.is_known and (lowest := values.min()) < 0:
            raise ValueError(
                f"{self.name} must not be negative, got {lowest} for row "
                f"{int(np.argmin(values))} at query {number}; add a constant."
            )


class Queries:
    """Make queries on the rows.

    Parameters
    ----------
    rows : Rows
        The rows of positive weight.
    estimator : estimator
    loss : callable or None
        None means the known loss of the estimator.
    keywords : list of str
        The keywords of the last step's `fit` that take weights.
    seed : int
        The first seed of the estimator. Every query uses a seed of its own, so fits may
        find different local minima. The seed also decides how rows are repeated.
    exponent : int
        The weights are divided by two to this power. Estimators and penalties are given
        the user's weights, but none beyond ``2**200`` times those here or below
        ``2**-200`` times: with such weights, solvers overflow or do not end.

    Attributes
    ----------
    cost_exponent : int
        Costs are divided by two to this power; 0 except for extreme weights.
    weight : ndarray of shape (n_rows,)
    total : float
    n_made : int
    may_differ : bool
        Whether another fit to the same rows may find other parameters.
    """

    def __init__(self, rows, estimator, loss, keywords, seed, exponent):
        self.rows = rows
        self._exponent = int(np.clip(exponent, -_FARTHEST, _FARTHEST))
        self.cost_exponent = exponent - self._exponent
        self.weight = rows.each_weight()
        self.total = float(self.weight.sum())
        self.n_made = 0
        self._estimator = clone(estimator)
        self.may_differ = bool(_unseeded(estimator)) and not has_one_minimum(estimator)
        self._keywords = keywords
        self._seed = seed
        self._known = known_loss(estimator) if loss is None else None
        self._steps = fit_steps(_seeded(self._estimator, seed), rows, seed)
        if self._known is None:
            name = getattr(loss, "__name__", None) or repr(loss)
            self._loss = _RowLoss(loss, False, f"loss {name}")
        else:
            name = f"the loss of {type(estimator).__name__}"
            self._loss = _RowLoss(self._known.loss, True, name)

    def make(self, indices, weights, origin):
        """Fit to some rows; return the `Query`. Errors name the rows by `origin`."""
        self.n_made += 1
        block = self.rows.gather(indices)
        try:
            model = self._fit(block, np.ldexp(weights, self._exponent))
        except Exception as error:
            kind = type(error) if type(error) in (ValueError, TypeError) else None
            raise (kind or RuntimeError)(
                f"query {self.n_made}, the fit of {type(self._estimator).__name__} to "
                f"{origin} ({len(indices)} of {self.rows.n_rows} rows), failed: {error}"
            ) from error
        values = self.rows.map(partial(self._loss.of, model=model))
        self._loss.check(values, self.n_made)
        column, shift, scale = self._column(values)
        cost = scale * float((self.weight * column).sum()) + shift * self.total
        cost = float(np.ldexp(cost, self._exponent))
        if self._known is not None:
            total = float(np.ldexp(self.total, self._exponent))
            cost += float(self._known.penalty(model, total))
        return Query(model, column, cost)

    def _fit(self, block, weights):
        X, y = transform(self._steps, block.X), block.y
        keywords = dict.fromkeys(self._keywords, readable(self._estimator, weights))
        # Such an estimator reads no weights, so rows are repeated in proportion to
        # them.
        if takes_repeats(self._estimator):
            n_rows = min(self.rows.n_rows, _REPEATS * len(weights))
            times = multiplicities(weights, n_rows, self._seed)
            at = np.repeat(np.arange(len(weights)), times)
            X, y = X[at], None if y is None else y[at]
        with warnings.catch_warnings():
            # Any parameters make a query, so the fit need not have converged.
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", LinAlgWarning)  # of extreme weights
            model = _seeded(self._estimator, (self._seed + self.n_made) % 2**31)
            last = final_step(model).fit(X, y, **keywords)
        return joined(model, self._steps, last)

    def _column(self, values):
        """Return the column of the matrix, its shift and its scale.

        ``shift + scale * column`` are the values, up to rounding.
        """
        # Columns are rounded to a grid, in units of a power of two. Losses that differ
        # in their last bits from one machine to the next then give the same coreset.
        shift = 0.0
        if self._known is not None and self._known.signed:
            shift = float(values.min())
            values = values - shift
        with np.errstate(over="ignore"):
            mean = float((self.weight * values).sum()) / self.total
        if not np.isfinite(mean):
            raise ValueError(
                f"{self._loss.name} is too large: its sum overflows (largest "
                f"value {values.max():g}). Divide it by a constant."
            )
        # A power of two: its exponent does not depend on the last bits of the mean.
        scale = 2.0 ** np.round(np.log2(mean)) if mean > 0 else 1.0
        return np.round(values / scale * _GRID) / _GRID, shift, scale


class Columns:
    """The loss matrix, which grows by columns, and the products of its columns."""

    def __init__(self, weight):
        self._weight = weight / weight.sum()
        self._columns = np.empty((len(weight), 8))
        self._gram = np.ones((1, 1))  # of a column of ones, and the columns
        self._costs = []

    @property
    def losses(self):
        """The columns so far, with their costs and mean products."""
        q = len(self._costs)
        return Losses(self._columns[:, :q], self._costs[:], self._gram)

    def add(self, query):
        """Add a column; return its novelty, a number between 0 and 1.

        Take the part of the column that the column of the lowest cost and a constant do
        not explain. The novelty is the share of it that all columns together do not
        explain either.
        """
        with_others, own = self._products(query.column)
        q = len(self._costs)
        novelty = 1.0
        if q:
            unexplained = residual_share(self._gram, with_others, own)
            two = [0, 1 + int(np.argmin(self._costs))]
            change = residual_share(self._gram[np.ix_(two, two)], with_others[two], own)
            novelty = unexplained / change if change > DEPENDENT else 0.0
        gram = np.empty((q + 2, q + 2))
        gram[:-1, :-1] = self._gram
        gram[-1, :-1] = gram[:-1, -1] = with_others
        gram[-1, -1] = own
        self._gram = gram
        if q == self._columns.shape[1]:
            wider = np.empty((len(self._columns), 2 * q))
            wider[:, :q] = self._columns
            self._columns = wider
        self._columns[:, q] = query.column
        self._costs.append(query.cost)
        return novelty

    def _products(self, column):
        weighted = self._weight * column
        return np.append(
            weighted.sum(), weighted @ self.losses.matrix
        ), weighted @ column


def _unseeded(estimator):
    """Return the `random_state` parameters of an estimator that are None."""
    return [
        name
        for name, value in estimator.get_params(deep=True).items()
        if (name == "random_state" or name.endswith("__random_state")) and value is None
    ]


def _seeded(estimator, seed):
    """Clone an estimator and seed each of its parts that has no random_state."""
    estimator = clone(estimator)
    names = _unseeded(estimator)
    return estimator.set_params(**dict.fromkeys(names, seed)) if names else estimator

"""Estimates from a selection: totals, means, and how sure they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from coreselect._filling import scaled
from coreselect._random import DRAW, draw_seed, stream
from coreselect._typing import Floats, Integers, Seed
from coreselect._validation import Boolean, OneOf, Real, as_array, check_count
from coreselect.selection._design import SamplingDesign
from coreselect.selection._replicates import replicate_factors
from coreselect.selection._variances import error_terms, unit_columns

Kind: TypeAlias = Literal["total", "mean"]


class Estimates:
    """Give `Selection` the methods that estimate sums and means over all rows."""

    if TYPE_CHECKING:
        indices: Integers
        weights: Floats
        n_total: int
        record: Any
        design: SamplingDesign | Any

    def estimate(
        self, values: ArrayLike, *, kind: Kind = "total", return_std: bool = False
    ) -> Any:
        """Estimate a sum or mean over all rows from values of the selected rows.

        Parameters
        ----------
        values : array-like of shape (n_selected,) or (n_selected, n_values)
            One value, or one row of values, per selected row.
        kind : {"total", "mean"}
            Whether to estimate sums, or means: sums divided by the estimated total
            weight.
        return_std : bool
            Whether to return standard errors too.

        Returns
        -------
        estimate : float or ndarray of shape (n_values,)
        std : float or ndarray of shape (n_values,)
            Only with `return_std`: the estimated standard deviation of the estimate
            over repeated draws. That of a mean is by linearisation.

        Raises
        ------
        ValueError
            If values are not finite; for means, if the weights add up to zero. With
            `return_std`, if it is unknown how the rows were drawn, or fewer than two of
            them were not certain to be drawn.

        See Also
        --------
        interval : Confidence intervals.
        covariance : Of several estimates.

        Examples
        --------
        The mean of 1,000 numbers from 0 to 1, from 100 random ones:

        >>> import numpy as np
        >>> from coreselect import draw
        >>> x = np.random.default_rng(0).permutation(np.linspace(0, 1, 1000))
        >>> selection = draw(np.ones(1000), 100, random_state=0)
        >>> chosen = selection.take(x)
        >>> mean, std = selection.estimate(chosen, kind="mean", return_std=True)
        >>> bool(abs(mean - 0.5) < 2 * std), round(std, 3)
        (True, 0.027)
        """
        OneOf("total", "mean")("kind", kind)
        Boolean()("return_std", return_std)
        table, shape = _table(values, len(self.indices))
        estimate = self._estimate(table, kind).reshape(shape)[()]
        if not return_std:
            return _plain(estimate)
        terms, exponents, _ = self._terms(table, kind)
        std = _times_power(np.linalg.norm(terms, axis=0), exponents)
        return _plain(estimate), _plain(std.reshape(shape)[()])

    def covariance(self, values: ArrayLike, *, kind: Kind = "total") -> Any:
        """Estimate the covariance matrix of estimates, over repeated draws.

        Parameters
        ----------
        values : array-like of shape (n_selected,) or (n_selected, n_values)
            One value, or one row of values, per selected row.
        kind : {"total", "mean"}
            Of sums over all rows, or of means.

        Returns
        -------
        float or ndarray of shape (n_values, n_values)
            The variance, or the matrix; it is never negative.

        Raises
        ------
        ValueError
            As for `estimate` with ``return_std=True``.

        Notes
        -----
        For parameters theta that solve ``sum(w * psi(row, theta)) = 0``, with A the
        derivative of this sum, ``inv(A) @ covariance(psi) @ inv(A).T`` estimates the
        covariance matrix of theta (the "sandwich").

        Examples
        --------
        >>> from coreselect import SamplingDesign, Selection
        >>> design = SamplingDesign("poisson", expected=[0.5, 0.5])
        >>> selection = Selection([1, 2], [2.0, 2.0], 4, design=design)
        >>> selection.covariance([[1, 0], [1, 3]])
        array([[ 4.,  6.],
               [ 6., 18.]])
        """
        OneOf("total", "mean")("kind", kind)
        table, shape = _table(values, len(self.indices))
        terms, exponents, _ = self._terms(table, kind)
        matrix = terms.T @ terms
        matrix = _times_power(matrix, exponents[:, None] + exponents)
        return matrix if shape else float(matrix[0, 0])

    def interval(
        self, values: ArrayLike, confidence: float = 0.95, kind: Kind = "total"
    ) -> tuple[Any, Any]:
        """Return confidence intervals of sums or means over all rows.

        Parameters
        ----------
        values : array-like of shape (n_selected,) or (n_selected, n_values)
            One value, or one row of values, per selected row.
        confidence : float
            The share of draws whose interval holds the true value, between 0 and 1.
        kind : {"total", "mean"}
            Of sums over all rows, or of means.

        Returns
        -------
        low, high : float or ndarray of shape (n_values,)
            The estimate minus and plus a quantile of Student's t times its standard
            error.

        Raises
        ------
        ValueError
            As for `estimate` with ``return_std=True``.

        Examples
        --------
        >>> import numpy as np
        >>> from coreselect import draw
        >>> x = np.random.default_rng(0).permutation(np.linspace(0, 1, 1000))
        >>> selection = draw(np.ones(1000), 100, random_state=0)
        >>> low, high = selection.interval(selection.take(x), kind="mean")
        >>> low < 0.5 < high, round(high - low, 2)
        (True, 0.11)
        """
        Real(0, 1, strict=True)("confidence", confidence)
        OneOf("total", "mean")("kind", kind)
        table, shape = _table(values, len(self.indices))
        estimate = self._estimate(table, kind)
        terms, exponents, freedom = self._terms(table, kind)
        std = _times_power(np.linalg.norm(terms, axis=0), exponents)
        with np.errstate(over="ignore"):
            width = stdtrit(freedom, (1 + confidence) / 2) * std
            ends = estimate - width, estimate + width
        low, high = (_plain(end.reshape(shape)[()]) for end in ends)
        return low, high

    def replicate_weights(
        self, n_replicates: int = 100, random_state: Seed = None
    ) -> Floats:
        """Return weights of bootstrap replicates, for anything that takes weights.

        The spread of a statistic over the replicates estimates that over repeated
        draws: of a median, of a fitted model, of a share.

        Parameters
        ----------
        n_replicates : int
            Number of replicates.
        random_state : None, int, RandomState or Generator

        Returns
        -------
        ndarray of shape (n_replicates, n_selected)
            Positive or zero. Rows that were certain to be selected keep their weight.

        Raises
        ------
        ValueError
            If it is unknown how the rows were drawn, or fewer than two of them were not
            certain; for systematic and balanced draws, projection DPPs, two phases and
            calibrated weights, whose dependence replicates do not follow.

        Notes
        -----
        The rescaled bootstrap [1]_: one row less than there are is drawn with
        replacement from each stratum, and weights are rescaled so that the variance of
        totals is that of the design. Under ``"pivotal"`` each pair of neighbours in the
        order of the draw is a stratum, so that replicates are right for sorted data.
        Numbers of rows of strata that were rounded at random vary too.

        References
        ----------
        .. [1] J. N. K. Rao and C. F. J. Wu, "Resampling inference with complex survey
           data", Journal of the American Statistical Association 83(401), 1988,
           :doi:`10.1080/01621459.1988.10478591`.

        Examples
        --------
        The standard error of a weighted median:

        >>> import numpy as np
        >>> from coreselect import draw
        >>> x = np.random.default_rng(0).normal(size=10_000)
        >>> selection = draw(np.ones(10_000), 400, random_state=0)
        >>> chosen = np.sort(selection.take(x))
        >>> weights = selection.replicate_weights(200, random_state=0)
        >>> weights = weights[:, np.argsort(selection.take(x))]
        >>> half = np.cumsum(weights, axis=1) >= weights.sum(axis=1, keepdims=True) / 2
        >>> medians = chosen[half.argmax(axis=1)]
        >>> bool(0.04 < medians.std() < 0.09)  # in theory 0.061
        True
        """
        n_replicates = check_count(n_replicates, "n_replicates")
        rng = stream(draw_seed(random_state), DRAW)
        return self.weights * replicate_factors(self._known_design(), n_replicates, rng)

    def _estimate(self, table, kind):
        weights = self.weights
        if kind == "mean":
            weights, _ = scaled(weights)
            if not weights.any():
                raise ValueError("kind='mean' needs weights that do not add up to 0.")
            weights = weights / weights.sum()
        if table.shape[1] == 1:  # a product of vectors rounds in its own way
            return np.atleast_1d(weights @ table[:, 0])
        return weights @ table

    def _terms(self, table, kind):
        """Return terms of the covariance matrix, powers of two for them, and freedom.

        The matrix is ``terms.T @ terms``, times powers of two by row and column.
        """
        design = self._known_design()
        weights, exponent = scaled(self.weights)
        table, exponents = unit_columns(table)
        if kind == "mean":
            weights, exponent = weights / weights.sum(), 0
            table = table - weights @ table
        terms, freedom = error_terms(design, weights, table)
        terms, more = unit_columns(terms)
        return terms, exponents + exponent + more, freedom

    def _known_design(self):
        if not len(self.indices):
            raise ValueError(
                "a selection of no rows has no standard error; select at least 2."
            )
        if self.design is None:
            raise ValueError(_why_unknown(self.record, len(self.indices)))
        return self.design


def _table(values, n_rows):
    """Return values as a table of columns, and the shape of an estimate."""
    values = as_array(values, "values")
    if values.ndim not in (1, 2) or len(values) != n_rows:
        raise ValueError(
            f"values has shape {values.shape}; it needs one value (or one row of "
            f"values) per selected row, that is {n_rows}."
        )
    if values.dtype.kind not in "biufO":
        raise TypeError(f"values must be real numbers, got dtype {values.dtype}.")
    shape = values.shape[1:]
    table = values.astype(np.float64, copy=False).reshape(n_rows, *shape or (1,))
    bad = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if len(bad):
        raise ValueError(
            f"values must be finite, but {len(bad)} of {n_rows} rows hold NaN or "
            f"infinity, the first at position {bad[0]}."
        )
    return table, shape


def _times_power(numbers, exponents):
    with np.errstate(over="ignore"):
        return np.ldexp(numbers, exponents)


def _plain(estimate):
    return float(estimate) if np.ndim(estimate) == 0 else estimate


def _why_unknown(record, n_rows):
    """Return why a selection has no standard errors, and what to do."""
    lead = "standard errors need to know how the rows were drawn"
    if record is None:
        return (
            f"{lead}, and this selection does not say it. Selections of `draw` and of "
            "selectors that draw by scores do; one that is made by hand takes it as "
            "Selection(..., design=SamplingDesign(...))."
        )
    if record.parameters.get("n_select") == "auto":
        return (
            f"{lead}, but this selection found its size itself (n_select='auto'), so "
            f"that its size may depend on its rows; fit again with n_select={n_rows}."
        )
    return (
        f"{lead}, which is not known for this selection, made by {record}: its rows "
        "are ranked, or drawn by a law without known probabilities of pairs. Use "
        "`draw` or a selector that draws by scores; or repeat the selection with "
        "other seeds and compare the estimates."
    )

"""Learning curves of groups from data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from coreselect._random import draw_seed
from coreselect._typing import Column, Floats, RowsLike, Seed
from coreselect._validation import Integer, as_array, check_target, naming
from coreselect.allocation._fit import fit_power_laws
from coreselect.allocation._measure import loss_of, measure
from coreselect.rows import count_rows, take_rows
from coreselect.rows.take import native_column
from coreselect.sampling.groups import stratum_codes


@dataclass(frozen=True, eq=False)
class LearningCurves:
    """How the loss of each group falls with its rows and with all rows.

    With n rows of a group and N rows in all, its loss is ``floor + sigma n**-power +
    pooled N**-pooled_power``.

    Parameters
    ----------
    groups : list
        Names of the groups.
    sigma, power, floor : ndarray of float64 of shape (n_groups,)
        ``sigma`` is 0 where the group's own rows do no more than those of others.
    pooled, pooled_power : ndarray of float64 of shape (n_groups,)
        ``pooled`` is 0 where rows of other groups do nothing for the group.
    interval : ndarray of float64 of shape (n_groups, 3, 2)
        95 % intervals of sigma, power and floor. With three sizes, every power and
        every floor up to the least loss fits, and the intervals say so.
    sizes : ndarray of float64 of shape (n_points, n_groups)
        Rows of each group in the subsets that were trained on.
    losses, errors : ndarray of float64 of shape (n_points, n_groups)
        Measured losses of the groups, and their standard errors but for those that all
        points share, from the choice of the held-out rows.

    See Also
    --------
    learning_curves : Makes it.
    allocate : Takes it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from coreselect.allocation import learning_curves
    >>> rng = np.random.default_rng(0)
    >>> X, groups = rng.normal(size=(600, 3)), np.repeat(["a", "b"], 300)
    >>> y = X.sum(axis=1) + np.where(groups == "a", 0.1, 0.4) * rng.normal(size=600)
    >>> learning_curves(LinearRegression(), X, y, groups, random_state=0).floor.round(1)
    array([0. , 0.2])
    """

    groups: list
    sigma: Floats
    power: Floats
    floor: Floats
    pooled: Floats
    pooled_power: Floats
    interval: Floats
    sizes: Floats = field(repr=False)
    losses: Floats = field(repr=False)
    errors: Floats = field(repr=False)

    def predict(self, sizes: ArrayLike) -> Floats:
        """Return the losses of all groups for some sizes.

        Parameters
        ----------
        sizes : array-like of shape (..., n_groups)
            Rows of each group, above 0.

        Returns
        -------
        ndarray of float64 of shape (..., n_groups)

        Raises
        ------
        ValueError
            If there is not one size above 0 for each group.
        """
        sizes = np.asarray(sizes, dtype=np.float64)
        if sizes.shape[-1:] != (len(self.groups),) or not (sizes > 0).all():
            raise ValueError(
                f"sizes must hold a number above 0 for each of the {len(self.groups)} "
                f"groups, got {sizes!r}."
            )
        totals = sizes.sum(axis=-1, keepdims=True)
        own = self.sigma * np.power(sizes, -self.power)
        return self.floor + own + self.pooled * np.power(totals, -self.pooled_power)

    def __str__(self):
        names = [str(group) for group in self.groups]
        width = max(5, *map(len, names))
        lines = [
            f"{'group':{width}}  loss with n rows of N (95 % of the power, the floor)"
        ]
        for name, *curve, interval in zip(
            names,
            self.sigma,
            self.power,
            self.floor,
            self.pooled,
            self.pooled_power,
            self.interval,
            strict=True,
        ):
            sigma, power, floor, pooled, pooled_power = curve
            terms = [f"{floor:.3g}"]
            terms += [f"{sigma:.3g} n^-{power:.2f}"] if sigma else []
            terms += [f"{pooled:.3g} N^-{pooled_power:.2f}"] if pooled else []
            (low, high), (least, most) = interval[1:]
            spread = f"({low:.2f} to {high:.2f}, {least:.3g} to {most:.3g})"
            lines.append(f"{name:{width}}  {' + '.join(terms)}  {spread}")
        return "\n".join(lines)


def learning_curves(
    estimator: Any,
    X: RowsLike,
    y: Column,
    groups: Column,
    *,
    scoring: Any = None,
    sizes: ArrayLike | None = None,
    n_repeats: int = 3,
    random_state: Seed = None,
) -> LearningCurves:
    """Measure how the loss of each group falls with its rows, and fit power laws.

    Parameters
    ----------
    estimator : estimator
        Clones of it are trained.
    X : {array-like, sparse matrix, data frame} of shape (n_rows, n_features)
        Whatever the estimator takes.
    y : array-like of shape (n_rows,) or None
        Targets.
    groups : array-like of shape (n_rows,)
        Group of each row, at least 8 rows of each.
    scoring : None, str or callable
        None: the error rate of classifiers, and else the squared error. A name of
        scikit-learn: minus the score for names that begin with ``neg_``, else one minus
        the score. A function ``scoring(model, X, y)``: minus what it returns. Losses
        must not be negative.
    sizes : array-like of int or float, optional
        Rows of a group to train on, 1 or more, or shares of those that are not held
        out; at least three different ones. By default five, from 20 rows (more for
        large groups and many features) to all.
    n_repeats : int, default=3
        Number of random splits.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    LearningCurves

    Raises
    ------
    TypeError, ValueError
        If arguments do not fit together, a group is too small, the estimator cannot be
        trained on a subset, or a loss is negative.

    See Also
    --------
    allocate : What to do with the curves.

    Notes
    -----
    In each repeat, a fourth of the rows of each group is held out. The estimator is
    trained on subsets of the others: all groups at a size, and one group at a size with
    all rows of the others, so that the part of the group's own rows can be told from
    the part of all rows. That is up to ``n_repeats * n_sizes * (1 + n_groups)`` fits.

    For given powers the other parameters are found by non-negative least squares, and
    powers up to 2 are searched [1]_. Parts are kept if the Bayesian information
    criterion finds them worth it. Intervals are those of the profile likelihood.

    Curves extrapolate: sizes far beyond the measured ones are guesses. Losses that rise
    with the number of rows, as near the number of features, are not power laws; leave
    such sizes out. A group that is defined by the target has a loss that depends on the
    shares of the groups as well; its curve is not one of its size alone.

    References
    ----------
    .. [1] E. Rolf, T. Worledge, B. Recht, M. I. Jordan, "Representation matters:
       assessing the importance of subgroup allocations in training data", ICML 2021,
       :arxiv:`2103.03399`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from coreselect.allocation import allocate, learning_curves
    >>> rng = np.random.default_rng(0)
    >>> X, groups = rng.normal(size=(600, 3)), np.repeat(["a", "b"], 300)
    >>> y = X.sum(axis=1) + rng.normal(size=600)  # one model for both groups
    >>> curves = learning_curves(LinearRegression(), X, y, groups, random_state=0)
    >>> allocate(100, curves).notes[0][:8]
    'No gain:'
    """
    Integer(1)("n_repeats", n_repeats)
    for method in ("fit", "get_params"):
        if not hasattr(estimator, method) or isinstance(estimator, type):
            raise TypeError(
                f"estimator must be an estimator of scikit-learn, got {estimator!r}."
            )
    loss = loss_of(estimator, scoring)
    with naming("X"):
        n_rows = count_rows(as_array(X, "X") if np.ma.isMA(X) else X)
    y = check_target(native_column(y), n_rows)
    if y is None and scoring is None:
        raise ValueError("y is None, but scoring=None compares predictions with it.")
    groups = as_array(native_column(groups), "groups")
    codes = stratum_codes(groups, n_rows, "groups")
    names = np.unique(groups).tolist()
    if sizes is not None and (isinstance(sizes, str) or not np.iterable(sizes)):
        raise TypeError(f"sizes must be a list of numbers, got {sizes!r}.")

    def rows_of(indices):
        return take_rows(X, indices), None if y is None else y[indices]

    measured = measure(
        estimator,
        rows_of,
        codes,
        names,
        loss=loss,
        sizes=None if sizes is None else np.array(sizes, dtype=object).tolist(),
        n_repeats=n_repeats,
        seed=draw_seed(random_state),
        n_columns=(*getattr(X, "shape", ()), 1, 1)[1],
    )
    return fitted_curves(names, measured, n_repeats)


def fitted_curves(names, measured, n_repeats):
    """Return the curves through measured losses."""
    totals = measured.sizes.sum(axis=1) if len(names) > 1 else None
    sizes, losses, errors, levels = measured
    fits = fit_power_laws(sizes, totals, losses, errors)
    columns = [np.array(column) for column in zip(*fits, strict=True)]
    # The held-out rows shift the whole curve.
    shift = student.ppf(0.975, max(n_repeats - 1, 1)) * levels
    columns[-1][:, 2, 0] = np.maximum(columns[-1][:, 2, 0] - shift, 0.0)
    columns[-1][:, 2, 1] += shift
    return LearningCurves(names, *columns, sizes, losses, errors)

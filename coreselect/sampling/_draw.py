"""The public functions `draw` and `inclusion_probabilities`."""

from __future__ import annotations

from numpy.typing import ArrayLike

from coreselect._filling import probabilities, water_fill
from coreselect._random import draw_seed
from coreselect._scratch import by_parts
from coreselect._typing import Column, Design, Floats, Quotas, Seed, Size
from coreselect._validation import (
    OneOf,
    check_draws,
    check_nonnegative,
    check_size,
)
from coreselect.sampling._balancing import visiting_order
from coreselect.sampling.designs import DESIGNS, ORDERED, draw_with_seed
from coreselect.sampling.groups import Groups, check_columns
from coreselect.sampling.rules import Rules
from coreselect.selection import Selection, record_of_draw, recorded


def inclusion_probabilities(scores: ArrayLike, size: Size) -> Floats:
    """Turn scores into inclusion probabilities that add up to a size.

    Parameters
    ----------
    scores : array-like of shape (n_rows,)
        Non-negative; only their ratios matter.
    size : int or float
        Number of rows, or a fraction in (0, 1] of `n_rows`.

    Returns
    -------
    ndarray of float64 of shape (n_rows,)
        ``min(1, c * scores)``; they add up to `size`. Rows of score 0 have probability
        0. If no more than `size` scores are positive, their rows have probability 1.

    Raises
    ------
    TypeError, ValueError
        If scores are negative or not finite, or `size` is not a size.

    Notes
    -----
    O(n + size log size): only scores whose probability may be 1 are sorted.

    Examples
    --------
    >>> from coreselect import inclusion_probabilities
    >>> inclusion_probabilities([10, 1, 1, 1, 1], 3)
    array([1. , 0.5, 0.5, 0.5, 0.5])
    """
    scores = check_nonnegative(scores, None, "scores")
    scores, scale, _ = water_fill(scores, check_size(size, len(scores), "size"))
    return by_parts(lambda part: probabilities(part, scale), scores)


def draw(
    scores: ArrayLike,
    size: Size | None = None,
    *,
    design: Design | None = None,
    strata: Column = None,
    order: Column = None,
    balance: Column = None,
    quotas: Quotas = None,
    include: Column = None,
    exclude: Column = None,
    cost: Column = None,
    budget: float | None = None,
    base_weight: Column = None,
    random_state: Seed = None,
) -> Selection:
    """Draw rows in proportion to scores, and weigh them.

    Parameters
    ----------
    scores : array-like of shape (n_rows,)
        Non-negative; only their ratios matter. Rows of score 0 are never drawn.
    size : int or float, optional
        Number of rows, or a fraction in (0, 1] of `n_rows`, rounded half up; needed
        unless there is a `budget`. The designs ``"systematic"``, ``"pivotal"``,
        ``"balanced"`` and ``"priority"`` draw exactly that many rows, ``"poisson"``
        that many on average. ``"multinomial"`` makes that many draws; repeats merge
        into one row. The other designs draw every row of positive score if there are no
        more than that.
    design : {"pivotal", "systematic", "balanced", "poisson", "priority", \
              "multinomial"}, optional
        By default ``"pivotal"``, or ``"balanced"`` if `balance` is given.

        - ``"pivotal"``: ordered pivotal sampling [1]_. Neighbours in row order are
          rarely drawn together, so the sample is spread evenly over sorted data. Exact
          inclusion probabilities.
        - ``"systematic"``: one random start, then equal steps along the cumulative
          scores. Exact inclusion probabilities. The most even design, but it fails on
          periodic data.
        - ``"balanced"``: the cube method [3]_ [4]_. Weighted totals of the columns in
          `balance` are almost those of all rows. Exact inclusion probabilities.
        - ``"poisson"``: every row independently. Exact inclusion probabilities.
        - ``"priority"``: the rows with the largest ``score / uniform`` [2]_; weights
          are ``max(1, threshold / score)``. Even a row of inclusion probability 1 may
          be missed.
        - ``"multinomial"``: independent draws with replacement.
    strata : array-like of shape (n_rows,) or of bool of shape (n_rows, n_groups), \
            optional
        Group of each row. The number of rows (or draws) from a group is its expected
        number, rounded down or up at random without bias. Under ``"poisson"`` rows stay
        independent, so only the mean number is exact. Under ``"balanced"`` the groups
        are balanced before other columns: where these are many, the number may be off
        by more than one. Groups that overlap are given as a column of bools each, for
        ``"balanced"`` only.
    order : array-like of shape (n_rows,) or (n_rows, n_columns), optional
        Visit the rows in the order of these numbers, not in row order; equal ones in
        row order. Several columns: in the order of the leaves of a k-d tree, which
        splits rows at the median of the column with the widest range, relative to its
        range over all rows. Only for ``"pivotal"``, ``"systematic"`` and
        ``"balanced"``, which spread the sample over the order.
    balance : array-like of shape (n_rows,) or (n_rows, n_columns), optional
        Columns of finite numbers whose totals the selection keeps, the most important
        first. Needs at least as many rows to draw as columns that do not depend on
        others, and one more. The number of rows is kept without a column.
    quotas : dict, optional
        How many rows to draw from groups of `strata`: for each group a number of rows
        (int), a share of the size (float), or the least and the most of these in a
        tuple, where None is no bound. Other groups get their shares of the remaining
        rows. Inclusion probabilities are raised or lowered by a factor for each group
        until they add up to the quotas, so sums over the rows stay unbiased. Quotas
        that are whole numbers are met exactly, others rounded down or up at random, as
        for `strata`; under ``"poisson"`` they hold on average, and under
        ``"multinomial"`` they are numbers of draws. Groups that overlap get the nearest
        probabilities that meet their quotas, by relative entropy (raking). Their
        numbers are exact if they form two groupings of all rows and all numbers are
        whole; in other cases, and under ``"balanced"`` with a budget, they may be off
        by a row or two.
    include : array-like of int, or of bool of shape (n_rows,), optional
        Numbers or mask of rows that must be in, whatever their score. They count in the
        size, and keep their input weight.
    exclude : array-like of int, or of bool of shape (n_rows,), optional
        Numbers or mask of rows that must not be in. Totals are then those of the
        other rows.
    cost : array-like of shape (n_rows,), optional
        What each row costs, for `budget`; positive.
    budget : float, optional
        What the drawn rows cost together, on average; included rows are paid for first.
        Probabilities are ``min(1, c * score / sqrt(cost))``: among all that cost as
        much, these give the smallest variance to the total of values that are
        proportional to the scores, if rows are drawn independently [5]_. Under
        ``"balanced"`` the cost is a balancing column, so it is met but for a few rows;
        the other designs balance the number of rows only. Not for ``"priority"`` and
        ``"multinomial"``.
    base_weight : array-like of shape (n_rows,), optional
        Input weights. They multiply the weights of the selection and do not change the
        inclusion probabilities.
    random_state : None, int, RandomState or Generator

    Returns
    -------
    Selection
        With weights ``base_weight * hits / expected hits``. For designs with exact
        inclusion probabilities this is ``base_weight / inclusion probability``.

    Raises
    ------
    TypeError, ValueError
        If scores, size, design, strata or weights are not as described; if `order` or
        `balance` are given with a design that has no use for them; if more rows must be
        in than `size`, or a row must be in and must not be in; if no rows meet the
        quotas; if costs are not positive, or included rows cost more than `budget`.

    Notes
    -----
    O(n) time; with `order` O(n log(n)), or O(n log(n)**2) for several columns; with
    `balance` of p columns O(n p**2). Rounding of the cumulative sums does not change
    which rows are drawn.

    Scores are read in parts, so memory beside the arguments does not grow with n. The
    exceptions, in bytes for each row: `include` and `exclude` 12, `balance` 16,
    `order` 20 (several columns: 60), `quotas` and `cost` 50 (both: 90).

    Totals of a balancing column x are off by at most ``p * max|x / probability|``,
    from the last p rows, for which no exact balance is left [3]_. For these,
    the last columns are left out first.

    References
    ----------
    .. [1] G. Chauvet, "On a characterization of ordered pivotal sampling", Bernoulli
       18(4), 2012, :doi:`10.3150/11-BEJ380`; J.-C. Deville and Y. Tille, "Unequal
       probability sampling without replacement through a splitting method", Biometrika
       85(1), 1998, :doi:`10.1093/biomet/85.1.89`.
    .. [2] N. Duffield, C. Lund, M. Thorup, "Priority sampling for estimation of
       arbitrary subset sums", Journal of the ACM 54(6), 2007,
       :doi:`10.1145/1314690.1314696`.
    .. [3] J.-C. Deville and Y. Tille, "Efficient balanced sampling: the cube method",
       Biometrika 91(4), 2004, :doi:`10.1093/biomet/91.4.893`.
    .. [4] G. Chauvet and Y. Tille, "A fast algorithm for balanced sampling",
       Computational Statistics 21(1), 2006, :doi:`10.1007/s00180-006-0250-2`.
    .. [5] C.-E. Särndal, B. Swensson, J. Wretman, "Model Assisted Survey Sampling",
       Springer 1992, ISBN 978-0-387-40620-6, on costs and optimal allocation.

    Examples
    --------
    >>> from coreselect import draw
    >>> selection = draw([10, 1, 1, 1, 1], 3, random_state=0)
    >>> selection.weights
    array([1., 2., 2.])

    The mean of a column, from 500 of 10,000 rows, is that of all rows (0.5) up to 0.004
    if the draw is balanced on it; the standard deviation of a random sample is 0.013.

    >>> import numpy as np
    >>> x = np.random.default_rng(0).permutation(np.linspace(0, 1, 10_000))
    >>> chosen = draw(np.ones(10_000), 500, balance=x, random_state=0)
    >>> abs(float(chosen.estimate(x[chosen.indices])) / 10_000 - 0.5) < 0.004
    True

    A hundred rows of a rare group, and 400 of the others:

    >>> group = np.where(np.arange(10_000) < 300, "rare", "common")
    >>> chosen = draw(np.ones(10_000), 500, strata=group, quotas={"rare": 100})
    >>> int((group[chosen.indices] == "rare").sum())
    100
    """
    scores = check_nonnegative(scores, None, "scores")
    n_rows = len(scores)
    groups = None if strata is None else Groups.of(strata, n_rows, "strata")
    if design is None:
        overlap = groups is not None and groups.overlap
        design = "pivotal" if balance is None and not overlap else "balanced"
    OneOf(*DESIGNS, "balanced")("design", design)
    visits, columns = None, None
    if order is not None:
        _refuse_for(design, ORDERED, "order")
        visits = visiting_order(check_columns(order, n_rows, "order"))
    if balance is not None:
        _refuse_for(design, ("balanced",), "balance")
        columns = check_columns(balance, n_rows, "balance")
    if base_weight is not None:
        base_weight = check_nonnegative(base_weight, n_rows, "base_weight")
    rules = Rules.of(
        n_rows,
        groups=groups,
        quotas=quotas,
        include=include,
        exclude=exclude,
        cost=cost,
        budget=budget,
    )
    n_draws = _number_of_draws(size, n_rows, design, rules)
    rules.check_design(design)
    selection = draw_with_seed(
        scores,
        n_draws,
        design,
        None,
        base_weight,
        draw_seed(random_state),
        visits=visits,
        columns=columns,
        rules=rules,
    )
    record = record_of_draw(
        size,
        design,
        base_weight,
        random_state,
        strata=strata is not None,
        order=order is not None,
        balance=0 if columns is None else columns.shape[1],
        quotas=quotas,
        include=include is not None,
        exclude=exclude is not None,
        cost=cost is not None,
        budget=budget,
    )
    return recorded(selection, record)


def _number_of_draws(size, n_rows, design, rules):
    """Return how many rows to draw; None with a budget."""
    if rules.budget is not None:
        if size is not None:
            raise ValueError(
                f"size={size!r} and budget={rules.budget:g} are both given; a budget "
                "takes the place of a size: leave one out."
            )
        return None
    if size is None:
        raise TypeError(
            "size is missing: give a number of rows, or cost and budget in its place."
        )
    n_draws = check_size(size, n_rows, "size")
    if design == "multinomial":
        check_draws(n_draws, "size")
    rules.check_size(n_draws, size, "size")
    return n_draws


def _refuse_for(design, designs, name):
    """Raise unless a design is one of those that have a use for an argument."""
    if design not in designs:
        raise ValueError(
            f"{name} changes nothing under design={design!r}; leave it out, or use "
            f"design={' or '.join(map(repr, designs))}."
        )

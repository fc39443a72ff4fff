"""The invariants of selectors."""

import pickle
import warnings

import numpy as np
from sklearn.utils import get_tags

from coreselect.base import DroppedWeightsWarning, RankSelector, ScoreSelector
from coreselect.rows import count_rows
from coreselect.rows import open as open_rows
from coreselect.sampling import inclusion_probabilities
from coreselect.selection import Selection
from coreselect.testing._features import FEATURES
from coreselect.testing._instances import (
    at_an_allowed_size,
    containers,
    data_for,
    ensure,
    ensure_same,
    is_bound,
    least_squares,
    promises,
    seeded,
    size_of,
)
from coreselect.testing._rules import RULES
from coreselect.testing._shared import SHARED
from coreselect.testing._streams import STREAMS

_REPEATS = 400  # selections in a statistical check
_SCORINGS = 100  # fits, where scores are random
_BALANCED = 30  # rows of a balanced draw, which leave room for some columns
_OFTEN = 20  # draws of a row from which on the mean of its weights is near normal
_Z = 4.5  # |z| that a right sampler passes about once in 150,000 times


def check_attributes(selector):
    """After fit: selection_, its parts, and the number of features."""
    X, y, weight = data_for(selector)
    fitted = seeded(selector).fit(X, y, weight)
    selection = fitted.selection_
    ensure(isinstance(selection, Selection), "selection_ is not a Selection")
    ensure(selection.n_total == len(X), "n_total is not the number of rows")
    ensure(selection.indices.dtype == np.int64, "indices are not int64")
    ensure(
        fitted.sample_indices_.dtype == np.int64
        and np.array_equal(fitted.sample_indices_, selection.indices),
        "sample_indices_ differs from the selection",
    )
    ensure(
        fitted.sample_weight_.dtype == np.float64
        and np.array_equal(fitted.sample_weight_, selection.weights),
        "sample_weight_ differs from the selection",
    )
    ensure(fitted.n_features_in_ == X.shape[1], "n_features_in_ is wrong")
    ascending = bool((np.diff(selection.indices) > 0).all())
    if not isinstance(selector, RankSelector):
        ensure(ascending, "drawn rows are not in ascending order")
        ensure((selection.weights > 0).all(), "a drawn row has weight 0")


def check_sizes(selector):
    """n_select of 0, 1, some, all and more than all rows."""
    X, y, _ = data_for(selector)
    n, tags = len(X), promises(selector)
    for size in (0, 1, 7, n, n + 5, 0.2):
        try:
            selection = seeded(selector, n_select=size).fit_select(X, y)
        except ValueError as error:
            ensure(
                tags.bounded and is_bound(error),
                f"n_select={size} was refused: {error}",
            )
            continue
        wanted = min(size, n) if isinstance(size, int) else 12
        if size == 0 or (wanted == n and not tags.repeats):
            ensure(
                len(selection) == wanted,
                f"n_select={size} gave {len(selection)} of {n} rows",
            )
        elif tags.exact_size:
            ensure(
                len(selection) == wanted,
                f"n_select={size} gave {len(selection)} rows, promised exactly",
            )
        elif tags.repeats:
            ensure(len(selection) <= max(size, wanted), f"n_select={size}: too many")
        if wanted == n and not tags.repeats:
            ensure((selection.weights == 1).all(), "all rows, but not their weights")


def check_settled_sizes(selector):
    """A fit that selects no rows or all rows learns nothing; a later select learns."""
    X, y, weight = data_for(selector)
    n, repeats = len(X), promises(selector).repeats
    wanted = seeded(selector).fit(X, y, weight)
    smaller = size_of(wanted) or 1
    for size in (0,) if repeats else (0, n, n + 5):
        # An attribute of the instance hides the method of the class until it is
        # deleted.
        fitted = seeded(selector, n_select=size)
        fitted._learn = _refuse_to_learn
        fitted.fit(X, y, weight)
        del fitted._learn
        if isinstance(selector, RankSelector) and size == 0:  # none is larger
            continue
        restored = pickle.loads(pickle.dumps(fitted))
        later = restored.select(smaller)
        ensure_same(later, fitted.select(smaller), "pickling changed select", 0)
        if isinstance(selector, ScoreSelector):
            message = f"select({smaller}) after a fit with n_select={size} differs"
            ensure_same(later, wanted.select(smaller), message)


def _refuse_to_learn(*arguments, **data):
    raise AssertionError("_learn was called although no rows or all rows are selected")


def check_mean_size(selector):
    """A random size is n_select on average."""
    tags = promises(selector)
    if tags.exact_size or tags.repeats or not tags.unbiased:
        return
    X, y, _ = data_for(selector)
    fitted = seeded(selector).fit(X, y)
    # The standard error is estimated from the same sizes: |z| is then a little larger
    # than for a known one, which 400 repeats make negligible.
    sizes = [len(fitted.select(7, random_state=r)) for r in range(_REPEATS)]
    error = np.std(sizes, ddof=1) / np.sqrt(_REPEATS)
    z = (np.mean(sizes) - 7) / error
    ensure(abs(z) < _Z, f"the mean size is {np.mean(sizes)} where 7 was asked, z={z}")


def _rare(fitted):
    """Return which rows are drawn too rarely for a mean of weights to be normal.

    They are drawn less often than the mean of all rows, with large weights that come a
    few times in all selections. A row that is never drawn at all is not rare.
    """
    if hasattr(fitted, "inclusion_probabilities"):
        share = fitted.inclusion_probabilities()
    elif hasattr(fitted, "scores_") and not getattr(fitted, "stratify", False):
        size = min(size_of(fitted), np.count_nonzero(fitted.scores_))
        share = inclusion_probabilities(fitted.scores_, size)
    else:
        return np.zeros(fitted.selection_.n_total, dtype=bool)
    return (share > 0) & (share < min(_OFTEN / _REPEATS, 0.75 * share.mean()))


def check_unbiased(selector):
    """Weights of every group add up to its input weights, on average."""
    if not promises(selector).unbiased:
        return
    X, y, weight = data_for(selector)
    # Groups of ten rows: a bias of single rows shows in the groups that they are in,
    # and six tests instead of sixty leave more power to each.
    group = np.random.default_rng(3).permutation(len(X)) % 6
    fitted = seeded(selector).fit(X, y, weight)
    if size_of(fitted) == 0:
        return
    group[_rare(fitted)] = 6  # not tested
    totals = np.zeros((_REPEATS, 7))
    for r in range(_REPEATS):
        selection = fitted.select(random_state=r)
        totals[r] = np.bincount(group[selection.indices], selection.weights, 7)
    totals, aimed = totals[:, :6], np.bincount(group, weight, 7)[:6]
    error = totals.std(axis=0, ddof=1) / np.sqrt(_REPEATS)
    gap = totals.mean(axis=0) - aimed
    # A design may get every group right each time; its error is then rounding alone.
    z = gap / np.maximum(error, 1e-9 * weight.max())
    ensure(
        (abs(z) < _Z).all(),
        f"weights are biased: groups weigh {aimed}, their estimates average "
        f"{totals.mean(axis=0)}, z={z}",
    )


def check_input_not_kept(selector):
    """What happens to the input after fit does not reach a later select."""
    given = data_for(selector)
    fitted = seeded(selector).fit(*given)
    size = max(1, size_of(fitted) - 1)
    before = fitted.select(size)
    for array in given:
        array += 1
    ensure_same(before, fitted.select(size), "select depends on the input arrays", 0)


def check_repeatable(selector):
    """The same seed gives the same rows: int, Generator, clone, pickle, later calls."""
    X, y, weight = data_for(selector)
    first = seeded(selector, 5).fit(X, y, weight)
    again = seeded(selector, np.random.default_rng(5)).fit(X, y, weight)
    ensure_same(first.selection_, again.selection_, "5 and default_rng(5) differ", 0)
    size = first.n_select
    ensure_same(
        first.selection_, first.select(size), "select(n_select) is not selection_", 0
    )
    restored = pickle.loads(pickle.dumps(first))
    smaller = max(1, size_of(first) // 2)
    ensure_same(
        first.select(smaller), restored.select(smaller), "pickling changed select", 0
    )
    ensure(first.selection_ is first.select(), "select() is not selection_")
    other = first.select(random_state=11)
    ensure_same(other, first.select(random_state=11), "random_state is not obeyed", 0)


def check_containers(selector):
    """Whatever holds the rows, alone or before an estimator, the same are selected."""
    if not promises(selector).layout_stable:
        return
    X, y, weight = data_for(selector)
    wanted = seeded(selector).fit_select(X, y, weight)
    for name, rows in containers(X, get_tags(selector).input_tags.sparse):
        got = seeded(selector).fit_select(rows, y, weight)
        ensure_same(wanted, got, f"{name} input gave other rows", 1e-6)
        ensure(count_rows(got.take(rows)) == len(got), f"{name}: take")
        if wanted.weights.any():
            got = least_squares(seeded(selector), rows, y, weight)
            ensure_same(wanted, got, f"{name} in CoresetEstimator: other rows", 1e-6)


def check_all_rows(selector):
    """All rows of positive weight keep their own weights."""
    if promises(selector).repeats:
        return
    X, y, weight = data_for(selector)
    weight[[0, 5, 17, 59]] = 0
    chosen = seeded(selector, n_select=len(X)).fit_select(X, y, weight)
    rows = np.sort(chosen.indices)
    ensure(np.array_equal(rows, np.flatnonzero(weight)), "rows of weight 0 are taken")
    alike = np.array_equal(chosen.weights, weight[chosen.indices])
    ensure(alike, "all rows do not keep their own weights")


def check_unit_of_weights(selector):
    """Weights times a power of two give the same rows, with weights times that."""
    X, y, weight = data_for(selector)
    wanted = seeded(selector).fit_select(X, y, weight)
    free = promises(selector).unit_free
    for exponent in (-3, 1, -1030, 990):  # the last two: about 1e-310 and 1e300
        unit = np.ldexp(weight, exponent)
        try:
            got = seeded(selector).fit_select(X, y, unit)
        except ValueError as error:
            ensure(
                not free,
                f"weights of about 2**{exponent} are refused: {error}",
            )
            continue
        if free:
            ensure(
                np.array_equal(got.indices, wanted.indices)
                and np.allclose(np.ldexp(got.weights, -exponent), wanted.weights),
                f"weights times 2**{exponent} give other rows or weights: "
                f"{got.indices} and {wanted.indices}",
            )


def check_scores(selector):
    """Scores move with their rows, and copies share the score of a weighted row."""
    if not isinstance(selector, ScoreSelector):
        return
    X, y, weight = data_for(selector)
    scores = seeded(selector).fit(X, y, weight).scores_
    ensure(scores.shape == (len(X),), "scores_ does not hold one score per row")
    ensure((scores >= 0).all(), "a score is negative")
    n_seeds = _SCORINGS if promises(selector).random_scores else 1

    def fits(first, *data):
        seeds = range(first, first + n_seeds)
        return np.array([seeded(selector, s).fit(*data).scores_ for s in seeds])

    # Scores that are random themselves agree on average only. Both sides then use other
    # seeds, so that the two means are independent.
    scores = fits(0, X, y, weight)
    order = np.random.default_rng(0).permutation(len(X))
    moved = fits(n_seeds - 1, X[order], y[order], weight[order])
    _assert_same_scores(moved, scores[:, order], "scores depend on row order")
    copies = np.where(np.arange(len(X)) < 5, 3, 1)
    weighted = fits(0, X, y, copies)
    row = np.repeat(np.arange(len(X)), copies)
    copied = fits(n_seeds - 1, X[row], y[row])
    _assert_same_scores(
        np.array([np.bincount(row, scores) for scores in copied]),
        weighted,
        "copies of a row do not share the score of the row with that weight",
    )


def _assert_same_scores(a, b, message):
    """Scores of one seed must be equal; those of many seeds, equal on average."""
    if len(a) == 1:
        ensure(np.allclose(a, b, rtol=1e-8), message)
        return
    gap = a.mean(axis=0) - b.mean(axis=0)
    error = np.sqrt((a.var(axis=0, ddof=1) + b.var(axis=0, ddof=1)) / len(a))
    z = gap / np.maximum(error, 1e-8 * b.mean(axis=0))
    ensure((abs(z) < _Z).all(), f"{message}, on average over seeds: z={z}")


def check_nonfinite_refused(selector):
    """NaN and infinity are refused, and the message names X."""
    if get_tags(selector).input_tags.allow_nan:
        return
    X, y, weight = data_for(selector)
    for value, name in ((np.nan, "NaN"), (np.inf, "inf")):
        bad = X.copy()
        bad[3, 1] = value
        _assert_raises(selector, (bad, y, weight), (name, "X"))
    for value, name in ((np.nan, "NaN"), (-1.0, "-1")):
        bad = weight.copy()
        bad[3] = value
        _assert_raises(selector, (X, y, bad), (name, "sample_weight"))


def _assert_raises(selector, arguments, words):
    try:
        seeded(selector).fit(*arguments)
    except ValueError as error:
        for word in words:
            ensure(word in str(error), f"the error does not name {word}: {error}")
    else:
        raise AssertionError(f"{words[0]} in {words[1]} was accepted")


def check_bad_sizes_refused(selector):
    """Invalid sizes raise errors that name `n_select`, in fit and in select."""
    X, y, _ = data_for(selector)
    fitted = seeded(selector).fit(X, y)
    for size in (-1, 0.0, 1.5, True, "ten", float("nan")):
        for attempt in (
            lambda size=size: seeded(selector, n_select=size).fit(X, y),
            lambda size=size: fitted.select(size),
        ):
            try:
                attempt()
            except (TypeError, ValueError) as error:
                ensure("n_select" in str(error), f"does not name n_select: {error}")
            else:
                raise AssertionError(f"n_select={size!r} was accepted")


def check_balanced(selector):
    """design="balanced" works, whatever blocks the rows come in."""
    parameters = selector.get_params(deep=False)
    if not isinstance(selector, ScoreSelector) or "design" not in parameters:
        return
    given = {"n_select": _BALANCED, "balance_on": "auto", "budget": None}
    given = {name: value for name, value in given.items() if name in parameters}
    X, y, weight = data_for(selector)
    fitted = seeded(selector, design="balanced", **given).fit(X, y, weight)
    size = len(fitted.selection_)
    ensure(size == _BALANCED, f"a balanced draw of {_BALANCED} rows has {size} rows")
    ensure(fitted.balance_columns_[:1] == ["1"], "the total weight is not balanced")
    in_blocks = seeded(selector, design="balanced", **given)
    got = in_blocks.fit_select(open_rows(X, y, weight, block_rows=7))
    ensure_same(fitted.selection_, got, "balanced draws depend on blocks of rows")


def check_design(selector):
    """A selection knows how its rows were drawn, or does not pretend to."""
    X, y, weight = data_for(selector)
    made = seeded(selector).fit_select(X, y, weight)
    if made.design is None or len(made) == len(X):
        return
    ensure(promises(selector).unbiased, "a biased selection has a sampling design")
    told = weight[made.indices] * made.design.times_drawn
    ensure(
        np.allclose(told, made.weights, rtol=1e-9),
        "weights are not the input weights times hits over expected hits of the design",
    )


def check_resample(selector):
    """fit_resample returns two things: the selected rows of X and y."""
    X, y, _ = data_for(selector)
    fitted = seeded(selector)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DroppedWeightsWarning)
        got = fitted.fit_resample(X, y)
    ensure(isinstance(got, tuple) and len(got) == 2, "not exactly two outputs")
    ensure(np.array_equal(got[0], X[fitted.sample_indices_]), "X is not the rows")
    ensure(np.array_equal(got[1], y[fitted.sample_indices_]), "y is not the rows")
    ensure(not hasattr(fitted, "transform"), "a selector must have no transform")
    ensure(not hasattr(fitted, "predict"), "a selector must have no predict")


for _name, _check in list(globals().items()):
    if _name.startswith("check_"):
        globals()[_name] = at_an_allowed_size(_check)

_OWN = [check for name, check in list(globals().items()) if name.startswith("check_")]
CHECKS = (*_OWN, *FEATURES, *RULES, *STREAMS, *SHARED)

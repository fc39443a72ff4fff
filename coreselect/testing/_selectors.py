"""The invariants of selectors."""

import pickle
import warnings
from copy import deepcopy

import numpy as np
from scipy import sparse
from sklearn.utils import get_tags
from threadpoolctl import threadpool_limits

from coreselect.base import DroppedWeightsWarning, RankSelector, ScoreSelector
from coreselect.rows import count_rows
from coreselect.rows import open as open_rows
from coreselect.selection import Selection
from coreselect.testing._instances import (
    _assert,
    _assert_same,
    _at_an_allowed_size,
    _data,
    _is_bound,
    _promises,
    _seeded,
    _size_of,
    containers,
    in_parts,
    least_squares,
    other_global_state,
)

_REPEATS = 400  # selections in a statistical check
_SCORINGS = 100  # fits, where scores are random
_Z = 4.5  # |z| that a right sampler passes about once in 150,000 times


def check_attributes(selector):
    """After fit: selection_, its parts, and the number of features."""
    X, y, weight = _data()
    fitted = _seeded(selector).fit(X, y, weight)
    selection = fitted.selection_
    _assert(isinstance(selection, Selection), "selection_ is not a Selection")
    _assert(selection.n_total == len(X), "n_total is not the number of rows")
    _assert(selection.indices.dtype == np.int64, "indices are not int64")
    _assert(
        fitted.sample_indices_.dtype == np.int64
        and np.array_equal(fitted.sample_indices_, selection.indices),
        "sample_indices_ differs from the selection",
    )
    _assert(
        fitted.sample_weight_.dtype == np.float64
        and np.array_equal(fitted.sample_weight_, selection.weights),
        "sample_weight_ differs from the selection",
    )
    _assert(fitted.n_features_in_ == X.shape[1], "n_features_in_ is wrong")
    ascending = bool((np.diff(selection.indices) > 0).all())
    if not isinstance(selector, RankSelector):
        _assert(ascending, "drawn rows are not in ascending order")
        _assert((selection.weights > 0).all(), "a drawn row has weight 0")


def check_sizes(selector):
    """n_select of 0, 1, some, all and more than all rows."""
    X, y, _ = _data()
    n, promises = len(X), _promises(selector)
    for size in (0, 1, 7, n, n + 5, 0.2):
        try:
            selection = _seeded(selector, n_select=size).fit_select(X, y)
        except ValueError as error:
            _assert(
                promises.bounded and _is_bound(error),
                f"n_select={size} was refused: {error}",
            )
            continue
        wanted = min(size, n) if isinstance(size, int) else 12
        if size == 0 or (wanted == n and not promises.repeats):
            _assert(
                len(selection) == wanted,
                f"n_select={size} gave {len(selection)} of {n} rows",
            )
        elif promises.exact_size:
            _assert(
                len(selection) == wanted,
                f"n_select={size} gave {len(selection)} rows, promised exactly",
            )
        elif promises.repeats:
            _assert(len(selection) <= max(size, wanted), f"n_select={size}: too many")
        if wanted == n and not promises.repeats:
            _assert((selection.weights == 1).all(), "all rows, but not their weights")


def check_settled_sizes(selector):
    """To select no row or all rows, nothing is learned; a later select learns then."""
    X, y, weight = _data()
    n, repeats = len(X), _promises(selector).repeats
    wanted = _seeded(selector).fit(X, y, weight)
    smaller = _size_of(wanted) or 1
    for size in (0,) if repeats else (0, n, n + 5):
        fitted = _seeded(selector, n_select=size)
        fitted._learn = _refuse_to_learn
        fitted.fit(X, y, weight)
        del fitted._learn
        if isinstance(selector, RankSelector) and size == 0:  # none is larger
            continue
        restored = pickle.loads(pickle.dumps(fitted))
        later = restored.select(smaller)
        _assert_same(later, fitted.select(smaller), "pickling changed select", 0)
        if isinstance(selector, ScoreSelector):
            message = f"select({smaller}) after a fit with n_select={size} differs"
            _assert_same(later, wanted.select(smaller), message)


def _refuse_to_learn(*arguments, **data):
    raise AssertionError("_learn was called although no row or all rows are selected")


def check_mean_size(selector):
    """A random size is n_select on average."""
    promises = _promises(selector)
    if promises.exact_size or promises.repeats or not promises.unbiased:
        return
    X, y, _ = _data()
    fitted = _seeded(selector).fit(X, y)
    sizes = [len(fitted.select(7, random_state=r)) for r in range(_REPEATS)]
    error = np.std(sizes, ddof=1) / np.sqrt(_REPEATS)
    z = (np.mean(sizes) - 7) / error
    _assert(abs(z) < _Z, f"the mean size is {np.mean(sizes)} where 7 was asked, z={z}")


def check_unbiased(selector):
    """Weights of every group add up to its input weights, on average."""
    if not _promises(selector).unbiased:
        return
    X, y, weight = _data()
    group = np.random.default_rng(3).permutation(len(X)) % 6
    fitted = _seeded(selector).fit(X, y, weight)
    if _size_of(fitted) == 0:
        return
    totals = np.zeros((_REPEATS, 6))
    for r in range(_REPEATS):
        selection = fitted.select(random_state=r)
        totals[r] = np.bincount(group[selection.indices], selection.weights, 6)
    aimed = np.bincount(group, weight, 6)
    error = totals.std(axis=0, ddof=1) / np.sqrt(_REPEATS)
    gap = totals.mean(axis=0) - aimed
    z = gap / np.maximum(error, 1e-9 * aimed)
    _assert(
        (abs(z) < _Z).all(),
        f"weights are biased: groups weigh {aimed}, their estimates average "
        f"{totals.mean(axis=0)}, z={z}",
    )


def check_input_unchanged(selector):
    """Nothing that was passed in is modified; read-only arrays are fine."""
    given = _data()
    before = deepcopy(given)
    for array in given:
        array.flags.writeable = False
    _seeded(selector).fit(*given)
    for a, b in zip(given, before, strict=True):
        _assert(np.array_equal(a, b), "an input array was modified")


def check_input_not_kept(selector):
    """What happens to the input after fit does not reach a later select."""
    given = _data()
    fitted = _seeded(selector).fit(*given)
    size = max(1, _size_of(fitted) - 1)
    before = fitted.select(size)
    for array in given:
        array += 1
    _assert_same(before, fitted.select(size), "select depends on the input arrays", 0)


def check_repeatable(selector):
    """The same seed gives the same rows: int, Generator, clone, pickle, later calls."""
    X, y, weight = _data()
    first = _seeded(selector, 5).fit(X, y, weight)
    again = _seeded(selector, np.random.default_rng(5)).fit(X, y, weight)
    _assert_same(first.selection_, again.selection_, "7 and default_rng(7) differ", 0)
    size = first.n_select
    _assert_same(
        first.selection_, first.select(size), "select(n_select) is not selection_", 0
    )
    restored = pickle.loads(pickle.dumps(first))
    smaller = max(1, _size_of(first) // 2)
    _assert_same(
        first.select(smaller), restored.select(smaller), "pickling changed select", 0
    )
    _assert(first.selection_ is first.select(), "select() is not selection_")
    other = first.select(random_state=11)
    _assert_same(other, first.select(random_state=11), "random_state is not obeyed", 0)


def check_global_state(selector):
    """The global random state is neither read nor moved."""
    X, y, _ = _data()
    with other_global_state(1) as before:
        a = _seeded(selector).fit_select(X, y)
        _assert(
            np.array_equal(before, np.random.get_state()[1]),  # noqa: NPY002
            "the global random state was moved",
        )
    with other_global_state(2):
        _assert_same(
            a, _seeded(selector).fit_select(X, y), "global random state used", 0
        )


def check_layouts(selector):
    """C, Fortran and CSR input, and float32 of the same values, give the same rows."""
    if not _promises(selector).layout_stable:
        return
    X, y, weight = _data()
    X = X.astype(np.float32).astype(np.float64)  # so that float32 holds the same values
    X[::3, 1] = 0
    wanted = _seeded(selector).fit_select(X, y, weight)
    layouts = {"Fortran": np.asfortranarray(X), "list": X.tolist()}
    if get_tags(selector).input_tags.sparse:
        layouts |= {"CSR": sparse.csr_matrix(X), "csr_array": sparse.csr_array(X)}
    for name, layout in layouts.items():
        got = _seeded(selector).fit_select(layout, y, weight)
        _assert_same(wanted, got, f"{name} input gave other rows", 1e-6)
    single = _seeded(selector).fit(X.astype(np.float32), y, weight)
    _assert_same(wanted, single.selection_, "float32 input gave other rows", 1e-3)


def check_containers(selector):
    """Whatever holds the rows, alone or before an estimator, the same are selected."""
    if not _promises(selector).layout_stable:
        return
    X, y, weight = _data()
    wanted = _seeded(selector).fit_select(X, y, weight)
    for name, rows in containers(X, get_tags(selector).input_tags.sparse):
        got = _seeded(selector).fit_select(rows, y, weight)
        _assert_same(wanted, got, f"{name} input gave other rows", 1e-6)
        _assert(count_rows(got.take(rows)) == len(got), f"{name}: take")
        if wanted.weights.any():
            got = least_squares(_seeded(selector), rows, y, weight)
            _assert_same(wanted, got, f"{name} in CoresetEstimator: other rows", 1e-6)


def check_blocks_and_threads(selector):
    """How rows are cut into blocks, and the number of threads, change no row."""
    X, y, weight = _data()
    with threadpool_limits(1):
        wanted = _seeded(selector).fit_select(X, y, weight)
    with threadpool_limits(2):
        got = _seeded(selector).fit_select(X, y, weight)
    _assert_same(wanted, got, "two threads gave other rows than one")
    for block_rows in (1, 7):
        rows = open_rows(X, y, weight, block_rows=block_rows)
        got = _seeded(selector).fit_select(rows)
        _assert_same(wanted, got, f"blocks of {block_rows} rows gave other rows")


def check_memory(selector):
    """Only a class whose `passes` says "in memory" holds all rows at once."""
    if "in memory" not in getattr(selector, "passes", ""):
        _seeded(selector).fit(in_parts(*_data()))


def check_zero_weights(selector):
    """Rows of weight 0 are as if they were not there."""
    X, y, weight = _data()
    weight[[0, 5, 17, 59]] = 0
    kept = np.flatnonzero(weight)
    zeros = _seeded(selector).fit_select(X, y, weight)
    without = _seeded(selector).fit_select(X[kept], y[kept], weight[kept])
    _assert(
        np.array_equal(zeros.indices, kept[without.indices])
        and np.allclose(zeros.weights, without.weights, rtol=1e-9),
        "rows of weight 0 changed the selection",
    )
    everything = _seeded(selector, n_select=len(X)).fit(X, y, weight)
    if not _promises(selector).repeats:
        chosen = everything.selection_
        _assert(np.array_equal(np.sort(chosen.indices), kept), "rows of weight 0 taken")
        _assert(
            np.array_equal(chosen.weights, weight[chosen.indices]),
            "all rows do not keep their own weights",
        )


def check_views(selector):
    """A view without the rows of weight 0 is as if these rows were not there."""
    X, y, weight = _data()
    weight[[0, 5, 17, 59]] = 0
    kept = np.flatnonzero(weight)
    without = _seeded(selector).fit_select(X[kept], y[kept], weight[kept])
    for block_rows in (None, 7):
        view = open_rows(X, y, weight, block_rows=block_rows).subset()
        got = _seeded(selector).fit_select(view)
        _assert_same(without, got, "a view is not a population of its own")
        _assert(
            np.array_equal(view.take(got.indices), X[kept][got.indices]),
            "rows taken from a view are not the selected ones",
        )


def check_unit_of_weights(selector):
    """Weights times a power of two give the same rows, with weights times that."""
    X, y, weight = _data()
    wanted = _seeded(selector).fit_select(X, y, weight)
    free = _promises(selector).unit_free
    for exponent in (-3, 1, -1030, 990):  # the last two: about 1e-310 and 1e300
        unit = np.ldexp(weight, exponent)
        try:
            got = _seeded(selector).fit_select(X, y, unit)
        except ValueError as error:
            _assert(
                not free,
                f"weights of about 2**{exponent} are refused: {error}",
            )
            continue
        if free:
            _assert(
                np.array_equal(got.indices, wanted.indices)
                and np.allclose(np.ldexp(got.weights, -exponent), wanted.weights),
                f"weights times 2**{exponent} give other rows or weights: "
                f"{got.indices} and {wanted.indices}",
            )


def check_scores(selector):
    """Scores move with their rows, and copies share the score of a weighted row."""
    if not isinstance(selector, ScoreSelector):
        return
    X, y, weight = _data()
    scores = _seeded(selector).fit(X, y, weight).scores_
    _assert(scores.shape == (len(X),), "scores_ does not hold one score a row")
    _assert((scores >= 0).all(), "a score is negative")
    n_seeds = _SCORINGS if _promises(selector).random_scores else 1

    def fits(first, *data):
        seeds = range(first, first + n_seeds)
        return np.array([_seeded(selector, s).fit(*data).scores_ for s in seeds])

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
    """Scores of one seed are the same; of many seeds, they are so on average."""
    if len(a) == 1:
        _assert(np.allclose(a, b, rtol=1e-8), message)
        return
    gap = a.mean(axis=0) - b.mean(axis=0)
    error = np.sqrt((a.var(axis=0, ddof=1) + b.var(axis=0, ddof=1)) / len(a))
    z = gap / np.maximum(error, 1e-8 * b.mean(axis=0))
    _assert((abs(z) < _Z).all(), f"{message}, on average over seeds: z={z}")


def check_nonfinite_refused(selector):
    """NaN and infinity are refused, and the message names X."""
    if get_tags(selector).input_tags.allow_nan:
        return
    X, y, weight = _data()
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
        _seeded(selector).fit(*arguments)
    except ValueError as error:
        for word in words:
            _assert(word in str(error), f"the error does not name {word}: {error}")
    else:
        raise AssertionError(f"{words[0]} in {words[1]} was accepted")


def check_bad_sizes_refused(selector):
    """Sizes that are none are refused by name, in fit and in select."""
    X, y, _ = _data()
    fitted = _seeded(selector).fit(X, y)
    for size in (-1, 0.0, 1.5, True, "ten", float("nan")):
        for attempt in (
            lambda size=size: _seeded(selector, n_select=size).fit(X, y),
            lambda size=size: fitted.select(size),
        ):
            try:
                attempt()
            except (TypeError, ValueError) as error:
                _assert("n_select" in str(error), f"does not name n_select: {error}")
            else:
                raise AssertionError(f"n_select={size!r} was accepted")


def check_resample(selector):
    """fit_resample returns two things: the selected rows of X and y."""
    X, y, _ = _data()
    fitted = _seeded(selector)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DroppedWeightsWarning)
        got = fitted.fit_resample(X, y)
    _assert(isinstance(got, tuple) and len(got) == 2, "not exactly two outputs")
    _assert(np.array_equal(got[0], X[fitted.sample_indices_]), "X is not the rows")
    _assert(np.array_equal(got[1], y[fitted.sample_indices_]), "y is not the rows")
    _assert(not hasattr(fitted, "transform"), "a selector must have no transform")
    _assert(not hasattr(fitted, "predict"), "a selector must have no predict")


for _name, _check in list(globals().items()):
    if _name.startswith("check_"):
        globals()[_name] = _at_an_allowed_size(_check)

CHECKS = tuple(
    function for name, function in list(globals().items()) if name.startswith("check_")
)

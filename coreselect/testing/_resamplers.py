"""The invariants of resamplers."""

import pickle
import warnings
from copy import deepcopy

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.naive_bayes import BernoulliNB
from sklearn.utils import get_tags
from threadpoolctl import threadpool_limits

from coreselect._files import is_path
from coreselect.base import DroppedWeightsWarning
from coreselect.calibration import PriorShiftCalibrator
from coreselect.rows import count_rows
from coreselect.rows import open as open_rows
from coreselect.selection import Selection, Synthesis
from coreselect.testing._instances import (
    _assert,
    _promises,
    containers,
    in_parts,
    least_squares,
    other_global_state,
)

_SIZES = (12, 20, 28)  # rows of the three classes


def _data(d=4):
    """Rows of three overlapping classes, the last column of small integers; weights."""
    rng = np.random.default_rng(7)
    y = rng.permutation(np.repeat(np.arange(3), _SIZES))
    X = rng.standard_normal((len(y), d)) + 0.8 * y[:, np.newaxis]
    X[:, -1] = rng.integers(3, size=len(y))
    return X, y, rng.choice([0.5, 1.0, 3.0], size=len(y))


def _seeded(resampler, seed=0, **params):
    resampler = clone(resampler).set_params(**params)
    return resampler.set_params(**dict.fromkeys(_random_states(resampler), seed))


def _random_states(resampler):
    """Return the names of its random states, and of those of what is inside it."""
    return [
        name
        for name in resampler.get_params()
        if name == "random_state" or name.endswith("__random_state")
    ]


def _rows(resampler, *data):
    """Return what fit_resample returns, whatever the weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return resampler.fit_resample(*data)


def _fitted(resampler, *data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return resampler.fit(*data)


def _same(a, b, message, rtol=1e-9):
    """Assert that two results keep the same rows and make new ones alike."""
    _assert(type(a) is type(b), f"{message}: {a} and {b}")
    _assert(np.array_equal(a.indices, b.indices), f"{message}: other rows are kept")
    if isinstance(a, Synthesis):
        alike = (
            np.array_equal(a.labels, b.labels)
            and np.array_equal(a.base, b.base)
            and np.array_equal(a.neighbor, b.neighbor)
            and np.allclose(a.step, b.step, rtol=rtol, equal_nan=True)
        )
        _assert(alike, f"{message}: other rows are made")
    _assert(np.allclose(a.weights, b.weights, rtol=rtol), f"{message}: other weights")


def check_resampler_attributes(resampler):
    """After fit: the result, its weights, the strategy, the number of features."""
    X, y, weight = _data()
    fitted = _fitted(_seeded(resampler), X, y, weight)
    result = fitted.selection_
    _assert(isinstance(result, (Selection, Synthesis)), "selection_ is no selection")
    _assert(result is fitted.select(), "select() is not selection_")
    _assert(result.n_total == len(X), "n_total is not the number of rows")
    _assert(result.indices.dtype == np.int64, "indices are not int64")
    if isinstance(result, Selection):
        _assert((np.diff(result.indices) > 0).all(), "kept rows are not in order")
    _assert(isinstance(fitted.sampling_strategy_, dict), "no sampling_strategy_")
    _assert(fitted.n_features_in_ == X.shape[1], "n_features_in_ is wrong")
    promised = get_tags(resampler).sampler_tags.sample_indices
    _assert(
        hasattr(fitted, "sample_indices_") is promised,
        f"sample_indices_ does not go with its tag, {promised}",
    )
    for name in ("transform", "predict"):
        _assert(not hasattr(fitted, name), f"a resampler must have no {name}")


def check_resampled_rows(resampler):
    """fit_resample returns two things: the rows that the result stands for."""
    X, y, _ = _data()
    fitted = _seeded(resampler)
    got = _rows(fitted, X, y)
    _assert(isinstance(got, tuple) and len(got) == 2, "not exactly two outputs")
    _assert(len(got[0]) == len(got[1]), "X and y have different lengths")
    _assert(len(fitted.sample_weight_) == len(got[0]), "no weight for every row")
    result = fitted.selection_
    if isinstance(result, Synthesis):
        made = np.column_stack(result.take(X, y))
    elif not hasattr(fitted, "sample_indices_"):
        made = np.unique(np.column_stack([X, y])[result.indices], axis=0)
        found = np.unique(np.column_stack(got), axis=0)
        _assert(np.array_equal(made, found), "rows are not the kept ones")
        return
    else:
        _assert(
            np.array_equal(got[0], X[fitted.sample_indices_])
            and np.array_equal(got[1], y[fitted.sample_indices_]),
            "rows are not those of sample_indices_",
        )
        made = np.column_stack([X, y])[np.sort(fitted.sample_indices_)]
        _assert(
            np.array_equal(np.unique(fitted.sample_indices_), result.indices),
            "sample_indices_ and selection_ differ",
        )
    given = np.column_stack(got)
    if len(given):
        order, other = np.lexsort(made.T), np.lexsort(given.T)
        _assert(np.array_equal(made[order], given[other]), "rows differ from take")


def check_class_totals(resampler):
    """Classes that are not asked for stay whole; totals are as promised."""
    X, y, _ = _data()
    fitted = _seeded(resampler)
    _, labels = _rows(fitted, X, y)
    after = np.bincount(labels, minlength=3)
    made = getattr(fitted.selection_, "labels", y[:0])
    kept = np.bincount(y[fitted.selection_.indices], minlength=3)
    if not _promises(resampler).exact_size:
        return
    if kept.sum() == len(y):  # rows are added
        wanted = np.array(_SIZES)
        for label, n in fitted.sampling_strategy_.items():
            wanted[label] += n
        _assert(len(made) == after.sum() - len(y), "rows were lost")
    else:
        wanted = np.array(_SIZES)
        for label, n in fitted.sampling_strategy_.items():
            wanted[label] = n
    _assert(
        np.array_equal(after, wanted),
        f"class sizes are {after}, promised were exactly {wanted}",
    )


def check_on_segments(resampler):
    """Interpolated rows lie on the line through base and neighbour."""
    X, y, _ = _data()
    result = _fitted(_seeded(resampler), X, y).selection_
    if not isinstance(result, Synthesis):
        return
    new = result.take(X)[result.n_kept :]
    on_line = result.kinds == "interpolate"
    a, b = X[result.base[on_line]], X[result.neighbor[on_line]]
    gap = new[on_line] - (a + result.step[on_line, np.newaxis] * (b - a))
    _assert(
        np.abs(gap).max(initial=0.0) <= 1e-12 * np.abs(X).max(),
        "a new row is not on the line through its base and its neighbour",
    )


def check_blocks(resampler):
    """A synthesis can be applied block by block, and in parts."""
    X, y, _ = _data()
    result = _fitted(_seeded(resampler), X, y).selection_
    if not isinstance(result, Synthesis):
        return
    whole, labels = result.take(X, y)
    blocks = list(result.blocks(X, y, block_rows=7))
    _assert(
        np.array_equal(np.vstack([block[0] for block in blocks]), whole)
        and np.array_equal(np.concatenate([block[1] for block in blocks]), labels),
        "blocks give other rows than take",
    )
    mask = np.random.default_rng(0).random(len(result)) < 0.5
    _assert(np.array_equal(result.keep(mask).take(X), whole[mask]), "keep is wrong")


def check_prior_weights(resampler):
    """With weights="prior" the weights of each class add up to its size."""
    if "weights" not in resampler.get_params(deep=False):
        return
    X, y, _ = _data()
    fitted = _seeded(resampler, weights="prior")
    _, labels = _rows(fitted, X, y)
    totals = np.bincount(labels, fitted.sample_weight_, minlength=3)
    left = np.unique(labels)
    _assert(
        np.allclose(totals[left], np.array(_SIZES)[left]),
        f"weights of the classes add up to {totals}, their sizes are {_SIZES}",
    )
    plain = _seeded(resampler, weights="ones")
    _rows(plain, X, y)
    counts = np.bincount(labels, plain.sample_weight_, minlength=3)
    _assert(np.array_equal(counts, np.bincount(labels, minlength=3)), "not ones")


def check_resampler_input_unchanged(resampler):
    """Nothing that was passed in is modified; read-only arrays are fine."""
    given = _data()
    before = deepcopy(given)
    for array in given:
        array.flags.writeable = False
    _rows(_seeded(resampler), *given)
    for a, b in zip(given, before, strict=True):
        _assert(np.array_equal(a, b), "an input array was modified")


def check_resampler_repeatable(resampler):
    """The same seed gives the same rows: again, by a clone, from a pickle."""
    X, y, weight = _data()
    first = _fitted(_seeded(resampler, 5), X, y, weight)
    again = _fitted(_seeded(resampler, 5), X, y, weight)
    _same(first.selection_, again.selection_, "the same seed", 0)
    restored = pickle.loads(pickle.dumps(first))
    _same(first.select(), restored.select(), "pickling", 0)
    protocol = resampler.get_params().get("protocol", "coreselect")
    if _random_states(resampler) == ["random_state"] and protocol == "coreselect":
        generator = np.random.default_rng(5)
        drawn = _fitted(_seeded(resampler, generator), X, y, weight)
        _same(first.selection_, drawn.selection_, "5 and default_rng(5)", 0)


def check_resampler_global_state(resampler):
    """The global random state is neither read nor moved."""
    X, y, _ = _data()
    with other_global_state(1) as before:
        a = _fitted(_seeded(resampler), X, y).selection_
        _assert(
            np.array_equal(before, np.random.get_state()[1]),  # noqa: NPY002
            "the global random state was moved",
        )
        _fitted(clone(resampler), X, y)
        _assert(
            np.array_equal(before, np.random.get_state()[1]),  # noqa: NPY002
            "the global random state was moved, without a random_state",
        )
    with other_global_state(2):
        again = _fitted(_seeded(resampler), X, y).selection_
    _same(a, again, "global random state", 0)


def check_resampler_layouts(resampler):
    """C, Fortran and CSR input, and float32 of the same values, give the same rows."""
    if not _promises(resampler).layout_stable:
        return
    X, y, weight = _data()
    X = X.astype(np.float32).astype(np.float64)  # so that float32 holds the same values
    X[::3, 1] = 0
    wanted = _fitted(_seeded(resampler), X, y, weight).selection_
    layouts = {"Fortran": np.asfortranarray(X), "list": X.tolist()}
    if get_tags(resampler).input_tags.sparse:
        layouts |= {"CSR": sparse.csr_matrix(X), "csr_array": sparse.csr_array(X)}
    layouts["float32"] = X.astype(np.float32)
    for name, layout in layouts.items():
        got = _fitted(_seeded(resampler), layout, y, weight).selection_
        _same(wanted, got, f"{name} input", 1e-4)


def check_resampler_containers(resampler):
    """Whatever holds the rows, alone or with an estimator, the result is the same."""
    if not _promises(resampler).layout_stable:
        return
    X, y, weight = _data()
    fitted = _seeded(resampler)
    size = len(_rows(fitted, X, y, weight)[1])
    wanted = fitted.selection_
    calibrator = PriorShiftCalibrator(BernoulliNB(), _seeded(resampler))
    shares = _fitted(clone(calibrator), X, y, weight).predict_proba(X)
    for name, rows in containers(X, get_tags(resampler).input_tags.sparse):
        fitted = _seeded(resampler)
        made, labels = _rows(fitted, rows, y, weight)
        _same(wanted, fitted.selection_, f"{name} of rows", 1e-6)
        _assert(len(labels) == size == count_rows(made), f"{name}: other rows")
        if isinstance(wanted, Selection):
            got = least_squares(_seeded(resampler), rows, y, weight)
            _same(wanted, got, f"{name} in CoresetEstimator", 1e-6)
        if not is_path(rows):
            got = _fitted(clone(calibrator), rows, y, weight).predict_proba(rows)
            _assert(np.allclose(got, shares, rtol=1e-6), f"{name} in the calibrator")
    held = _rows(_seeded(resampler), open_rows(X, y, weight), None)
    _assert(len(held[1]) == size, "Rows that hold y: other rows")


def check_resampler_labels(resampler):
    """Other names of the classes, in the same order, change nothing."""
    X, y, _ = _data()
    a = _fitted(_seeded(resampler), X, y).selection_
    b = _fitted(_seeded(resampler), X, np.array(["a", "b", "c"])[y]).selection_
    one_hot = np.eye(3, dtype=np.int64)[y]
    c = _fitted(_seeded(resampler), X, one_hot).selection_
    _assert(
        np.array_equal(a.indices, b.indices) and np.array_equal(a.indices, c.indices),
        "names of classes changed which rows are kept",
    )
    if isinstance(a, Synthesis):
        _assert(np.array_equal(a.base, b.base), "names of classes changed new rows")
        _assert(np.array_equal(np.array(["a", "b", "c"])[a.labels], b.labels), "labels")
        _same(a, c, "one-hot labels")


def check_resampler_blocks_and_threads(resampler):
    """How rows are cut into blocks, and the number of threads, change no row."""
    X, y, weight = _data()
    with threadpool_limits(1):
        wanted = _fitted(_seeded(resampler), X, y, weight).selection_
    with threadpool_limits(2):
        got = _fitted(_seeded(resampler), X, y, weight).selection_
    _same(wanted, got, "two threads")
    rows = open_rows(X, y, weight, block_rows=7)
    got = _fitted(_seeded(resampler), rows, y, weight).selection_
    _same(wanted, got, "blocks of 7 rows")


def check_resampler_memory(resampler):
    """Only a class whose `passes` says "in memory" holds all rows at once."""
    if "in memory" not in getattr(resampler, "passes", ""):
        _fitted(_seeded(resampler), in_parts(*_data()))


def check_resampler_zero_weights(resampler):
    """Rows of weight 0 are as if they were not there."""
    X, y, weight = _data()
    weight[[0, 5, 17, 59]] = 0
    kept = np.flatnonzero(weight)
    zeros = _fitted(_seeded(resampler), X, y, weight).selection_
    without = _fitted(_seeded(resampler), X[kept], y[kept], weight[kept]).selection_
    view = open_rows(X, y, weight, block_rows=7).subset()
    viewed = _fitted(_seeded(resampler), view, y[kept]).selection_
    _same(viewed, without, "a view without rows of weight 0")
    if isinstance(without, Synthesis):
        without = without.renumber(kept, len(X))
    else:
        without = Selection(kept[without.indices], without.weights, len(X))
    _same(zeros, without, "rows of weight 0")


def check_resampler_weights_matter(resampler):
    """Kept rows have their own weights, new ones weights between those of others."""
    X, y, weight = _data()
    params = resampler.get_params(deep=False)
    ones = {"weights": "ones"} if "weights" in params else {}
    fitted = _fitted(_seeded(resampler, **ones), X, y, weight)
    result = fitted.selection_
    if isinstance(result, Synthesis):
        kept = result.weights[: result.n_kept]
        _assert(np.array_equal(kept, weight[result.indices]), "kept rows' weights")
        made = ~np.isin(result.kinds, ["centroid"])
        new = result.weights[result.n_kept :][made]
        _assert(
            ((new >= 0.5 - 1e-12) & (new <= 3.0 + 1e-12)).all(), "new rows' weights"
        )
    elif len(result) == len(fitted.sample_weight_):  # no row is there twice
        _assert(np.array_equal(result.weights, weight[result.indices]), "own weights")


def check_resampler_bad_input(resampler):
    """What cannot be is refused by name."""
    X, y, weight = _data()
    bad_weight = np.where(np.arange(len(y)) == 3, -1.0, weight)
    cases = [
        ((X, np.zeros(len(y), dtype=int)), "class"),
        ((X, np.linspace(0, 1, len(y))), "Unknown label type"),
        ((X, None), "y"),
        ((X, y[:-1]), str(len(y))),
        ((X, y, bad_weight), "sample_weight"),
        ((X, y, np.full(len(y), np.nan)), "sample_weight"),
    ]
    if not get_tags(resampler).input_tags.allow_nan:
        for value, name in ((np.nan, "NaN"), (np.inf, "inf")):
            bad = X.copy()
            bad[3, 1] = value
            cases.append(((bad, y), name))
    for arguments, word in cases:
        _refused(_seeded(resampler), arguments, word)
    if "sampling_strategy" not in resampler.get_params(deep=False):
        return
    for strategy, word in (
        ("most", "sampling_strategy"),
        (1.5, "in the range"),
        (0.5, "binary|float|ratio"),
        (True, "sampling_strategy"),
        ({7: 100}, "not present in y|must not be a dict"),
        ([7], "not present in y|must not be a list"),
    ):
        changed = _seeded(resampler, sampling_strategy=strategy)
        _refused(changed, (X, y), word)


def _refused(resampler, arguments, words):
    try:
        _fitted(resampler, *arguments)
    except (TypeError, ValueError) as error:
        _assert(
            any(word in str(error) for word in words.split("|")),
            f"the error does not name {words}: {error}",
        )
    else:
        raise AssertionError(f"{words}: bad input was accepted by {resampler!r}")


def check_dropped_weights_warning(resampler):
    """fit_resample says so when unequal weights are lost by it."""
    X, y, weight = _data()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = _seeded(resampler)
        fitted.fit_resample(X, y, weight)
    told = any(issubclass(w.category, DroppedWeightsWarning) for w in caught)
    _assert(told == (np.ptp(fitted.sample_weight_) > 0), "no DroppedWeightsWarning")


RESAMPLER_CHECKS = tuple(
    function for name, function in list(globals().items()) if name.startswith("check_")
)

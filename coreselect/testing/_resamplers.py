"""The invariants of resamplers."""

import pickle
import warnings

import numpy as np
from sklearn.base import clone
from sklearn.naive_bayes import BernoulliNB
from sklearn.utils import get_tags

from coreselect.base import DroppedWeightsWarning
from coreselect.calibration import PriorShiftCalibrator
from coreselect.rows import count_rows
from coreselect.rows import open as open_rows
from coreselect.rows.sources import is_stored
from coreselect.selection import Selection, Synthesis
from coreselect.testing._instances import (
    CLASS_SIZES,
    class_data,
    containers,
    ensure,
    ensure_same,
    least_squares,
    promises,
    quietly,
    random_states,
    seeded,
)
from coreselect.testing._shared import SHARED


def fitted_on(resampler, *arguments):
    """Fit a resampler, whatever it warns of."""
    return quietly(resampler.fit, *arguments)


def check_resampler_attributes(resampler):
    """After fit: the result, its weights, the strategy, the number of features."""
    X, y, weight = class_data()
    fitted = fitted_on(seeded(resampler), X, y, weight)
    result = fitted.selection_
    known = isinstance(result, (Selection, Synthesis))
    ensure(known, "selection_ is neither a Selection nor a Synthesis")
    ensure(result is fitted.select(), "select() is not selection_")
    ensure(result.n_total == len(X), "n_total is not the number of rows")
    ensure(result.indices.dtype == np.int64, "indices are not int64")
    if isinstance(result, Selection):
        ensure((np.diff(result.indices) > 0).all(), "kept rows are not in order")
    ensure(isinstance(fitted.sampling_strategy_, dict), "no sampling_strategy_")
    ensure(fitted.n_features_in_ == X.shape[1], "n_features_in_ is wrong")
    promised = get_tags(resampler).sampler_tags.sample_indices
    ensure(
        hasattr(fitted, "sample_indices_") is promised,
        f"sample_indices_ does not go with its tag, {promised}",
    )
    for name in ("transform", "predict"):
        ensure(not hasattr(fitted, name), f"a resampler must have no {name}")


def check_resampled_rows(resampler):
    """fit_resample returns two things: the rows that the result stands for."""
    X, y, _ = class_data()
    fitted = seeded(resampler)
    got = quietly(fitted.fit_resample, X, y)
    ensure(isinstance(got, tuple) and len(got) == 2, "not exactly two outputs")
    ensure(len(got[0]) == len(got[1]), "X and y have different lengths")
    ensure(len(fitted.sample_weight_) == len(got[0]), "not one weight per row")
    result = fitted.selection_
    if isinstance(result, Synthesis):
        made = np.column_stack(result.take(X, y))
    elif not hasattr(fitted, "sample_indices_"):
        # Without row numbers in their order, only the sets of rows can be compared.
        made = np.unique(np.column_stack([X, y])[result.indices], axis=0)
        found = np.unique(np.column_stack(got), axis=0)
        ensure(np.array_equal(made, found), "rows are not the kept ones")
        return
    else:
        ensure(
            np.array_equal(got[0], X[fitted.sample_indices_])
            and np.array_equal(got[1], y[fitted.sample_indices_]),
            "rows are not those of sample_indices_",
        )
        made = np.column_stack([X, y])[np.sort(fitted.sample_indices_)]
        ensure(
            np.array_equal(np.unique(fitted.sample_indices_), result.indices),
            "sample_indices_ and selection_ differ",
        )
    # imbalanced-learn's order of rows may differ from that of the result: both are
    # sorted.
    given = np.column_stack(got)
    if len(given):
        order, other = np.lexsort(made.T), np.lexsort(given.T)
        ensure(np.array_equal(made[order], given[other]), "rows differ from take")


def check_class_totals(resampler):
    """Classes that are not asked for stay whole; totals are as promised."""
    X, y, _ = class_data()
    fitted = seeded(resampler)
    _, labels = quietly(fitted.fit_resample, X, y)
    after = np.bincount(labels, minlength=3)
    made = getattr(fitted.selection_, "labels", y[:0])
    kept = np.bincount(y[fitted.selection_.indices], minlength=3)
    if not promises(resampler).exact_size:
        return
    adds = kept.sum() == len(y)
    if adds:
        ensure(len(made) == after.sum() - len(y), "rows were lost")
    wanted = np.array(CLASS_SIZES)
    for label, n in fitted.sampling_strategy_.items():
        wanted[label] = wanted[label] + n if adds else n
    ensure(
        np.array_equal(after, wanted),
        f"class sizes are {after}, promised were exactly {wanted}",
    )


def check_on_segments(resampler):
    """Interpolated rows lie on the line through base and neighbour."""
    X, y, _ = class_data()
    result = fitted_on(seeded(resampler), X, y).selection_
    if not isinstance(result, Synthesis):
        return
    new = result.take(X)[result.n_kept :]
    on_line = result.kinds == "interpolate"
    a, b = X[result.base[on_line]], X[result.neighbor[on_line]]
    gap = new[on_line] - (a + result.step[on_line, np.newaxis] * (b - a))
    ensure(
        np.abs(gap).max(initial=0.0) <= 1e-12 * np.abs(X).max(),
        "a new row is not on the line through its base and its neighbour",
    )


def check_blocks(resampler):
    """A synthesis can be applied block by block, and in parts."""
    X, y, _ = class_data()
    result = fitted_on(seeded(resampler), X, y).selection_
    if not isinstance(result, Synthesis):
        return
    whole, labels = result.take(X, y)
    blocks = list(result.blocks(X, y, block_rows=7))
    ensure(
        np.array_equal(np.vstack([block[0] for block in blocks]), whole)
        and np.array_equal(np.concatenate([block[1] for block in blocks]), labels),
        "blocks give other rows than take",
    )
    mask = np.random.default_rng(0).random(len(result)) < 0.5
    ensure(np.array_equal(result.keep(mask).take(X), whole[mask]), "keep is wrong")


def check_prior_weights(resampler):
    """With weights="prior" the weights of each class add up to its size."""
    if "weights" not in resampler.get_params(deep=False):
        return
    X, y, _ = class_data()
    fitted = seeded(resampler, weights="prior")
    _, labels = quietly(fitted.fit_resample, X, y)
    totals = np.bincount(labels, fitted.sample_weight_, minlength=3)
    left = np.unique(labels)
    ensure(
        np.allclose(totals[left], np.array(CLASS_SIZES)[left]),
        f"weights of the classes add up to {totals}, their sizes are {CLASS_SIZES}",
    )
    plain = seeded(resampler, weights="ones")
    quietly(plain.fit_resample, X, y)
    counts = np.bincount(labels, plain.sample_weight_, minlength=3)
    ensure(np.array_equal(counts, np.bincount(labels, minlength=3)), "not ones")


def check_resampler_repeatable(resampler):
    """The same seed gives the same rows: again, by a clone, from a pickle."""
    X, y, weight = class_data()
    first = fitted_on(seeded(resampler, 5), X, y, weight)
    again = fitted_on(seeded(resampler, 5), X, y, weight)
    ensure_same(first.selection_, again.selection_, "the same seed", 0)
    restored = pickle.loads(pickle.dumps(first))
    ensure_same(first.select(), restored.select(), "pickling", 0)
    protocol = resampler.get_params().get("protocol", "coreselect")
    if random_states(resampler) == ["random_state"] and protocol == "coreselect":
        generator = np.random.default_rng(5)
        drawn = fitted_on(seeded(resampler, generator), X, y, weight)
        ensure_same(first.selection_, drawn.selection_, "5 and default_rng(5)", 0)


def check_resampler_containers(resampler):
    """Whatever holds the rows, alone or with an estimator, the result is the same."""
    if not promises(resampler).layout_stable:
        return
    X, y, weight = class_data()
    fitted = seeded(resampler)
    size = len(quietly(fitted.fit_resample, X, y, weight)[1])
    wanted = fitted.selection_
    calibrator = PriorShiftCalibrator(BernoulliNB(), seeded(resampler))
    shares = fitted_on(clone(calibrator), X, y, weight).predict_proba(X)
    for name, rows in containers(X, get_tags(resampler).input_tags.sparse):
        fitted = seeded(resampler)
        made, labels = quietly(fitted.fit_resample, rows, y, weight)
        ensure_same(wanted, fitted.selection_, f"{name} of rows", 1e-6)
        ensure(len(labels) == size == count_rows(made), f"{name}: other rows")
        if isinstance(wanted, Selection):
            got = least_squares(seeded(resampler), rows, y, weight)
            ensure_same(wanted, got, f"{name} in CoresetEstimator", 1e-6)
        if not is_stored(rows):
            got = fitted_on(clone(calibrator), rows, y, weight).predict_proba(rows)
            ensure(np.allclose(got, shares, rtol=1e-6), f"{name} in the calibrator")
    held = quietly(seeded(resampler).fit_resample, open_rows(X, y, weight), None)
    ensure(len(held[1]) == size, "Rows that hold y: other rows")


def check_resampler_labels(resampler):
    """Other names of the classes, in the same order, change nothing."""
    X, y, _ = class_data()
    a = fitted_on(seeded(resampler), X, y).selection_
    b = fitted_on(seeded(resampler), X, np.array(["a", "b", "c"])[y]).selection_
    one_hot = np.eye(3, dtype=np.int64)[y]
    c = fitted_on(seeded(resampler), X, one_hot).selection_
    ensure(
        np.array_equal(a.indices, b.indices) and np.array_equal(a.indices, c.indices),
        "names of classes changed which rows are kept",
    )
    if isinstance(a, Synthesis):
        ensure(np.array_equal(a.base, b.base), "names of classes changed new rows")
        ensure(np.array_equal(np.array(["a", "b", "c"])[a.labels], b.labels), "labels")
        ensure_same(a, c, "one-hot labels")


def check_resampler_weights_matter(resampler):
    """Kept rows have their own weights; new rows, weights between those of others."""
    X, y, weight = class_data()
    params = resampler.get_params(deep=False)
    ones = {"weights": "ones"} if "weights" in params else {}
    fitted = fitted_on(seeded(resampler, **ones), X, y, weight)
    result = fitted.selection_
    if isinstance(result, Synthesis):
        kept = result.weights[: result.n_kept]
        ensure(np.array_equal(kept, weight[result.indices]), "kept rows' weights")
        made = ~np.isin(result.kinds, ["centroid"])
        new = result.weights[result.n_kept :][made]
        ensure(((new >= 0.5 - 1e-12) & (new <= 3.0 + 1e-12)).all(), "new rows' weights")
    elif len(result) == len(fitted.sample_weight_):  # no row is there twice
        ensure(np.array_equal(result.weights, weight[result.indices]), "own weights")


def check_resampler_bad_input(resampler):
    """Invalid data and strategies raise errors that name the argument."""
    X, y, weight = class_data()
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
        _refused(seeded(resampler), arguments, word)
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
        changed = seeded(resampler, sampling_strategy=strategy)
        _refused(changed, (X, y), word)


def _refused(resampler, arguments, words):
    try:
        fitted_on(resampler, *arguments)
    except (TypeError, ValueError) as error:
        ensure(
            any(word in str(error) for word in words.split("|")),
            f"the error does not name {words}: {error}",
        )
    else:
        raise AssertionError(f"{words}: bad input was accepted by {resampler!r}")


def check_dropped_weights_warning(resampler):
    """fit_resample says so when unequal weights are lost by it."""
    X, y, weight = class_data()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = seeded(resampler)
        fitted.fit_resample(X, y, weight)
    told = any(issubclass(w.category, DroppedWeightsWarning) for w in caught)
    ensure(told == (np.ptp(fitted.sample_weight_) > 0), "no DroppedWeightsWarning")


_OWN = [check for name, check in list(globals().items()) if name.startswith("check_")]
RESAMPLER_CHECKS = (*_OWN, *SHARED)

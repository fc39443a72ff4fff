"""Streams of TAROT: the rows of `fit`, however the rows come."""

import copy
import io
import json
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect import TAROT, TargetInPoolWarning
from coreselect.streams import Stream, _engine
from coreselect.transport import whiten
from tests.streams.test_streams import fed

N = 300


@pytest.fixture(autouse=True)
def small_leaves(monkeypatch):
    monkeypatch.setattr(_engine, "LEAF", 16)
    monkeypatch.setattr(_engine, "_ROOM", 1)


def data(seed=0, n_targets=6):
    """Rows with copies, of which some are near several targets."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, 3)) * [1.0, 3.0, 0.1] + rng.integers(0, 2, (N, 1))
    X[50:90] = X[200:240]
    return X, rng.standard_normal((n_targets, 3)) + 0.4


X, T = data()
WHITENING = whiten(X, T)
WEIGHT = np.random.default_rng(1).choice([0.0, 0.3, 2.0], N)


def tarot(size=9, strategy="rounds", **params):
    given = {"whitening": WHITENING, "random_state": 0} | params
    return TAROT(size, strategy=strategy, **given)


def streamed(selector, arrays, step, **first):
    start = [array[:step] for array in arrays]
    selector.partial_fit(*start, **first)
    return fed(selector, [array[step:] for array in arrays], step)


# --- the rows of fit ---


@pytest.mark.parametrize("strategy", ["rounds", "round_robin"])
@pytest.mark.parametrize("metric", ["chord", "euclidean"])
@pytest.mark.parametrize("size", [1, 5, 40, 150])
def test_the_rows_of_fit_bit_for_bit(strategy, metric, size):
    y = np.arange(N)
    for weight in (None, WEIGHT):
        arrays = (X, y) if weight is None else (X, y, weight)
        selector = tarot(size, strategy, metric=metric)
        wanted = selector.fit(*arrays, X_target=T).selection_
        for step in (7, 100, N):
            got = streamed(
                tarot(size, strategy, metric=metric), arrays, step, X_target=T
            )
            assert_array_equal(got.selection_.indices, wanted.indices)
            if weight is None:
                assert_array_equal(got.selection_.weights, wanted.weights)
            assert_allclose(got.selection_.weights, wanted.weights, rtol=1e-12)
            assert got.selection_.record == wanted.record
        few = got.coreset_
        assert_array_equal(few.X, X[wanted.indices])
        assert_array_equal(few.y, wanted.indices)


@pytest.mark.parametrize("strategy", ["rounds", "round_robin"])
def test_late_rows_near_all_targets_bring_up_deep_ones_of_one_target(strategy):
    """They take the first places of two targets, and the third goes deep at last."""
    targets = np.array([[0.0], [0.1], [100.0]])
    near_third = 100.0 + np.arange(1, 80) / 64
    near_others = np.arange(1, 80) / 64 + 1
    late = np.linspace(0.03, 0.07, 30)
    rows = np.concatenate([near_third, near_others, late])[:, None]
    params = {"whitening": None, "metric": "euclidean"}
    for size in (20, 29, 38):
        wanted = tarot(size, strategy, **params).fit(rows, X_target=targets).selection_
        got = streamed(tarot(size, strategy, **params), [rows], 5, X_target=targets)
        assert_array_equal(got.selection_.indices, wanted.indices)
        held = sum(part.n_rows for part in got._stream.state.holding())
        assert held < len(rows)


def test_a_stream_of_fewer_rows_than_wanted_keeps_all_of_them():
    for n_rows in (8, 9, 10):
        part = X[:n_rows], None, WEIGHT[:n_rows] + 1
        wanted = tarot(9).fit(*part, X_target=T).selection_
        assert tarot(9).partial_fit(*part, X_target=T).selection_ == wanted
    assert len(tarot(0).partial_fit(X, X_target=T).selection_) == 0


def test_many_targets_are_replaced_by_the_same_means(monkeypatch):
    from coreselect.streams import _nearest

    monkeypatch.setattr(_nearest, "MOST_TARGETS", 5)
    monkeypatch.setattr("coreselect.selectors.tarot.MOST_TARGETS", 5)
    _, targets = data(n_targets=40)
    weight = np.arange(40.0)
    given = {"X_target": targets, "target_weight": weight}
    wanted = tarot(20).fit(X, **given).selection_
    got = streamed(tarot(20), [X], 50, **given)
    assert len(got._stream.aim.targets.Z) == 5
    assert_array_equal(got.selection_.indices, wanted.indices)
    assert_array_equal(got.selection_.weights, wanted.weights)
    other = tarot(20, random_state=1).partial_fit(X, **given)
    with pytest.raises(ValueError, match="targets are replaced by means"):
        got.merge(other)


@pytest.mark.parametrize("hold", ["CSR", "float32", "frame"])
def test_containers(hold):
    pd = pytest.importorskip("pandas")
    make = {
        "CSR": sparse.csr_array,
        "float32": np.float32,
        "frame": lambda A: pd.DataFrame(A, columns=list("abc")).assign(t="text"),
    }[hold]
    params = {"features": ["c", "a", "b"]} if hold == "frame" else {}
    if params:
        order = [2, 0, 1]
        params["whitening"] = whiten(X[:, order], T[:, order])
    wanted = tarot(**params).fit(make(X), X_target=make(T)).selection_
    got = tarot(**params).partial_fit(make(X[:99]), X_target=make(T))
    got.partial_fit(make(X[99:]))
    assert_array_equal(got.selection_.indices, wanted.indices)
    assert type(got.coreset_.X) is type(make(X))
    again = TAROT.from_bytes(got.to_bytes())
    assert again.selection_ == got.selection_


def test_copies_of_targets():
    targets = np.vstack([T, X[[3, 250]]])
    params = {"exclude_duplicates": True}
    wanted = tarot(**params).fit(X, X_target=targets).selection_
    got = streamed(tarot(**params), [X], 40, X_target=targets)
    assert_array_equal(got.selection_.indices, wanted.indices)
    assert_allclose(got.selection_.weights, wanted.weights, rtol=1e-12)
    with pytest.warns(TargetInPoolWarning, match="1 of 40 rows of X are copies"):
        tarot().partial_fit(X[:40], X_target=targets)


# --- verbs ---


def test_the_target_may_be_a_parameter_also_in_a_stream_beside():
    wanted = tarot().fit(X, X_target=T).selection_
    assert streamed(tarot(target=T), [X], 90).selection_ == wanted
    beside = fed(Stream(tarot(target=T)), [X], 90)
    assert beside.selection_ == wanted
    assert Stream.from_bytes(beside.to_bytes()).selection_ == wanted


def test_merged_streams_select_what_fit_selects():
    arrays = X, np.arange(N), WEIGHT
    wanted = tarot(20).fit(*arrays, X_target=T).selection_
    parts = [
        streamed(tarot(20), [a[start:stop] for a in arrays], 30, X_target=T)
        for start, stop in ((0, 100), (100, 110), (110, N))
    ]
    merged = parts[0].merge(parts[1]).merge(parts[2])
    assert_array_equal(merged.selection_.indices, wanted.indices)
    assert_allclose(merged.selection_.weights, wanted.weights, rtol=1e-12)


@pytest.mark.parametrize("whitening", [WHITENING, None])
def test_bytes_pickles_and_copies_go_on(whitening):
    one = tarot(20, whitening=whitening)
    one.partial_fit(X[:90], X_target=T, target_weight=np.arange(6.0))
    others = [
        TAROT.from_bytes(one.to_bytes()),
        pickle.loads(pickle.dumps(one)),
        copy.copy(one),
    ]
    one.partial_fit(X[90:])
    for other in others:
        assert other.selection_.n_total == 90
        assert other.partial_fit(X[90:]).selection_ == one.selection_
        other.merge(one)


def test_selections_of_other_sizes():
    got = streamed(tarot(20), [X], 30, X_target=T)
    fitted = tarot(20).fit(X, X_target=T)
    assert got.select(7) == fitted.select(7)
    with pytest.raises(ValueError, match="n_select=21 is more than the 20 rows"):
        got.select(21)
    for name in ("ot_distance_", "path_", "plan_", "whitening_"):
        assert not hasattr(got, name)


@pytest.mark.parametrize("step", [1, 40])
def test_weights_add_up_alike_however_they_are_cut(step):
    weight = np.random.default_rng(0).uniform(size=N) * 10.0 ** np.arange(N).clip(0, 30)
    wanted = tarot(20).partial_fit(X, None, weight, X_target=T).selection_
    selector = tarot(20).partial_fit(X[:step], None, weight[:step], X_target=T)
    for start in range(step, N, step):
        stop = start + step
        selector.partial_fit(X[start:stop], None, weight[start:stop])
    assert_array_equal(selector.selection_.weights, wanted.weights)


# --- bad input ---


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"strategy": "facility"}, "got strategy='facility'"),
        ({"strategy": "ot"}, "got strategy='ot'"),
        ({"strategy": "mean_score"}, "got strategy='mean_score'"),
        ({"whitening": "shrinkage"}, "whitening='shrinkage'"),
        ({"whitening": "pca"}, "a whitening that is fitted"),
    ],
)
def test_there_is_no_partial_fit_where_lists_are_not_enough(params, words):
    selector = tarot(**params)
    assert not hasattr(selector, "partial_fit")
    with pytest.raises(AttributeError) as caught:
        selector.partial_fit(X, X_target=T)
    assert words in str(caught.value.__cause__ or caught.value)
    with pytest.raises(TypeError, match="selector must be one with partial_fit"):
        Stream(selector)


def begun(**params):
    return tarot(**params).partial_fit(X, X_target=T)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tarot().partial_fit(X), "X_target is missing: .*; pass X_target in"),
        (lambda: begun().partial_fit(X, X_target=T), "X_target was fixed by the first"),
        (
            lambda: begun().partial_fit(X, target_weight=np.ones(6)),
            "target_weight was fixed by the first",
        ),
        (lambda: begun().partial_fit(X[:, :2]), "X has 2 features, but TAROT is"),
        (lambda: begun(whitening=whiten(X[:, :2])), "X has 3 features, but this whit"),
        (lambda: tarot().partial_fit(X, X_target=T[:, :2]), "X_target has 2 features"),
        (lambda: tarot().partial_fit(X, X_target=T * np.nan), "X_target contains NaN"),
        (lambda: tarot("auto").partial_fit(X, X_target=T), "n_select='auto' .* as an"),
        (lambda: tarot(0.5).partial_fit(X, X_target=T), "n_select=0.5 .* as an int"),
        (lambda: tarot(10**8).partial_fit(X, X_target=T), "n_select=100000000 is too"),
        (lambda: begun(quotas={"a": 3}), "partial_fit of TAROT cannot take quotas"),
        (lambda: begun(checkpoints=[1.0]), "partial_fit of TAROT takes one array"),
        (lambda: begun().drop([3]), "drop: a stream of TAROT cannot forget rows"),
        (
            lambda: Stream(tarot(target=T), window=50),
            "window=50: TAROT cannot take windows",
        ),
        (
            lambda: begun().merge(tarot().partial_fit(X, X_target=T + 1)),
            "other has different targets or a different whitening",
        ),
        (
            lambda: begun().merge(begun(whitening=whiten(X))),
            "other has different targets or a different whitening",
        ),
        (lambda: begun().merge(begun(metric="euclidean")), "other has metric='euclid"),
        (
            lambda: tarot(metric="euclidean").partial_fit(X, X_target=T[[0, 0]]),
            "all rows of X_target are equal",
        ),
        (
            lambda: begun(metric="euclidean").partial_fit(X * 1e160),
            "farther from the targets than squares",
        ),
        (
            lambda: begun().partial_fit(X, None, np.full(N, 1e308)),
            "sample_weight of all rows so far adds up to more",
        ),
        (lambda: TAROT.from_bytes(begun().to_bytes()[:-9]), "raw does not hold"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("total", [float("nan")]),
        ("total", "x"),
        ("whitening", 3),
        ("whitening", {}),
        ("center", np.zeros(2)),
        ("targets", np.zeros((2, 5))),
        ("targets", np.full((2, 3), np.nan)),
        ("target_weight", np.zeros(6)),
    ],
)
def test_damaged_bytes_are_refused(name, value):
    with np.load(io.BytesIO(begun().to_bytes())) as file:
        arrays = dict(file)
    if isinstance(value, np.ndarray):
        arrays[name] = value
    else:
        header = json.loads(str(arrays["header"])) | {name: value}
        arrays["header"] = np.array(json.dumps(header))
    changed = io.BytesIO()
    np.savez(changed, **arrays)
    with pytest.raises(ValueError, match="raw is damaged"):
        TAROT.from_bytes(changed.getvalue())


def test_a_fit_that_fails_leaves_the_stream_as_it_was():
    selector = begun()
    before = selector.selection_
    with pytest.raises(ValueError, match="X_target"):
        selector.fit(X, X_target=T[:, :2])
    assert selector.selection_ is before
    assert selector.fit(X[:50], X_target=T).selection_.n_total == 50
    assert not hasattr(selector, "coreset_")


def test_a_bad_batch_changes_nothing():
    selector = begun()
    before = selector.to_bytes()
    for bad in (X * np.nan, X[:, :1]):
        with pytest.raises(ValueError, match="X"):
            selector.partial_fit(bad)
    assert selector.to_bytes() == before

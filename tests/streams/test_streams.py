"""Streams: the same rows for all batches, unbiased weights, merges and windows."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from threadpoolctl import threadpool_limits

import coreselect
from coreselect import (
    DPPSelector,
    KMeansSensitivitySelector,
    LeverageSelector,
    LewisSelector,
    LogisticSelector,
    OutsidePopulationWarning,
    UniformSelector,
)
from coreselect._threads import count_threads
from coreselect.selectors import logistic
from coreselect.streams import Stream, StreamMixin, StreamRestartedWarning, _engine
from tests.testing import methods

STREAMING = [
    cls
    for cls in coreselect.all_selectors().values()
    if issubclass(cls, StreamMixin) and hasattr(cls(), "partial_fit")
]
LEAF = 16  # in place of 8192


@pytest.fixture
def small_leaves(monkeypatch):
    monkeypatch.setattr(_engine, "LEAF", LEAF)
    monkeypatch.setattr(_engine, "_ROOM", 4)


def data(n_rows, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, 3)) * rng.choice([1.0, 4.0], size=(n_rows, 1))
    y = X[:, 0] + 4 * rng.standard_normal(n_rows) > 0
    return X, y.astype(int), rng.choice([0.0, 0.5, 1.0, 3.0], size=n_rows)


def fed(stream, arrays, step):
    for start in range(0, len(arrays[0]), step):
        stream.partial_fit(*(array[start : start + step] for array in arrays))
    return stream


def made(cls, size=2, seed=0, **params):
    if "n_clusters" in cls._get_param_names():
        params["n_clusters"] = 2
    return cls(size, random_state=seed, **params)


def nodes(stream):
    return stream._stream.state.nodes


def test_who_takes_streams():
    """Laws of whole subsets and methods without a seam for weights do not."""
    names = "Uniform Leverage Lewis LpSensitivity Logistic KMeansSensitivity "
    names += "Lightweight GroupSampling"
    wanted = {f"{name}Selector" for name in names.split()} | {"TAROT"}
    every = coreselect.all_selectors() | coreselect.all_resamplers()
    assert {n for n, cls in every.items() if hasattr(cls, "partial_fit")} == wanted


# --- the same rows ---


@pytest.mark.parametrize("cls", STREAMING)
def test_a_short_stream_selects_what_fit_selects(cls):
    arrays = data(300)
    wanted = made(cls, 20).fit_select(*arrays)
    got = fed(made(cls, 20), arrays, 70)
    assert got.selection_ == wanted
    assert np.array_equal(got.sample_indices_, wanted.indices)
    assert np.array_equal(got.sample_weight_, wanted.weights)
    assert got.selection_.record == wanted.record
    assert got.n_features_in_ == 3
    for row, x in zip(got.coreset_.indices, got.coreset_.X, strict=True):
        assert np.array_equal(arrays[0][row], x)


@pytest.mark.parametrize("cls", STREAMING)
def test_the_cut_into_batches_changes_nothing(cls, small_leaves):
    arrays = data(150)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutsidePopulationWarning)
        wanted = fed(made(cls), arrays, 150)
        assert [node.level for node in nodes(wanted)] == [3, 0]
        for step in (1, 16, 100):
            got = fed(made(cls), arrays, step)
            assert got.selection_ == wanted.selection_
            assert len(nodes(got)) == 2


def test_real_leaves():
    """A leaf of 8,192 rows is scored as it is until the next row comes."""
    X, _, _ = data(8193)
    one = LeverageSelector(30, random_state=0).partial_fit(X[:8192])
    assert one.selection_ == LeverageSelector(30, random_state=0).fit_select(X[:8192])
    assert one.selection_.design is not None
    one.partial_fit(X[8192:])
    assert [node.held.n_rows for node in nodes(one)] == [60]
    assert one.selection_.design is None
    assert one.selection_.n_total == 8193
    many = fed(LeverageSelector(30, random_state=0), (X,), 100)
    assert many.selection_ == one.selection_


def test_batches_may_be_read_into_the_same_arrays():
    arrays = data(100)
    wanted = fed(made(LeverageSelector, 10), arrays, 20).coreset_
    stream, buffers = made(LeverageSelector, 10), [a[:20].copy() for a in arrays]
    for start in range(0, 100, 20):
        for buffer, array in zip(buffers, arrays, strict=True):
            buffer[:] = array[start : start + 20]
        stream.partial_fit(*buffers)
    for a, b in zip(stream.coreset_, wanted, strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("design", [*coreselect.DESIGNS, "balanced"])
def test_designs_and_classes(design, small_leaves):
    X, y, weight = data(200)
    stratify = design != "balanced"
    stream = UniformSelector(8, design=design, stratify=stratify, random_state=0)
    selection = stream.partial_fit(X, y, weight).selection_
    assert 0 < len(selection) < 20
    assert (weight[selection.indices] > 0).all()
    if design in ("pivotal", "systematic", "priority"):
        assert len(selection) == 8


def test_layouts_and_units(small_leaves):
    X, _, weight = data(200)
    wanted = made(LeverageSelector).partial_fit(X, None, weight).selection_
    for rows, unit in (
        (np.asfortranarray(X), 1.0),
        (sparse.csr_array(X), 1.0),
        (X.tolist(), 1.0),
        (X, 2.0**500),
        (X, 2.0**-500),
    ):
        got = made(LeverageSelector).partial_fit(rows, None, weight * unit).selection_
        assert np.array_equal(got.indices, wanted.indices)
        np.testing.assert_allclose(got.weights / unit, wanted.weights, rtol=1e-9)


def test_levels_are_those_of_a_binary_counter(small_leaves):
    stream = made(UniformSelector)
    for n_leaves in range(1, 20):
        stream.partial_fit(np.zeros((LEAF, 1)))
        levels = [node.level for node in nodes(stream)]
        digits = bin(n_leaves - 1)[2:]  # the last leaf is not closed yet
        ones = [len(digits) - 1 - i for i, d in enumerate(digits) if d == "1"]
        assert levels == ones
        held = sum(part.n_rows for part in stream._stream.state.holding())
        assert held <= LEAF + 4 * (3 + np.log2(n_leaves))


def test_many_single_rows_of_frames_are_joined_in_time(small_leaves):
    pd = pytest.importorskip("pandas")
    stream = Stream(UniformSelector(100, random_state=0))
    for k in range(200):
        stream.partial_fit(pd.DataFrame({"a": [k]}))
    assert len(stream._stream.state.pieces) <= 64
    assert stream.coreset_.X["a"].tolist() == stream.selection_.indices.tolist()


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_batches_of_frames_may_hold_other_types_of_numbers(library, small_leaves):
    """As batches of arrays may: CSV files have whole numbers here, fractions there."""
    module = pytest.importorskip(library)
    make = getattr(module, {"polars": "DataFrame", "pyarrow": "table"}[library])
    X = np.column_stack([np.arange(1, 61) / 4, np.arange(1, 61)])
    X[20:40] = np.ceil(X[20:40])
    wanted = made(LeverageSelector).partial_fit(X).coreset_
    stream = made(LeverageSelector)
    for part, kind in zip(np.split(X, 3), (float, int, np.float32), strict=True):
        a, b = part.T
        stream.partial_fit(make({"a": a.astype(kind), "b": b.astype(int)}))
    got = stream.coreset_
    assert np.array_equal(got.indices, wanted.indices)
    assert np.array_equal(np.stack([got.X["a"], got.X["b"]], axis=1), wanted.X)
    uniform = made(UniformSelector).partial_fit(make({"a": [1]}))
    with pytest.raises(TypeError, match=r"column 'a' of X is .* but was .* cast it"):
        uniform.partial_fit(make({"a": ["x"]}))


@pytest.mark.parametrize(("n_features", "threads"), [(20, 1), (100, 2)])
def test_small_parts_run_on_one_thread_of_linear_algebra(n_features, threads):
    """A second one would mostly wait: it tripled the time of streams of 20 columns."""
    seen = []

    class Watching(LeverageSelector):
        def _learn(self, rows, rng):
            seen.append(count_threads())
            return super()._learn(rows, rng)

    with threadpool_limits(2, "blas"):
        most = count_threads()
        Watching(5).partial_fit(np.ones((8193, n_features)))
    assert seen == [min(threads, most)]


# --- weights ---


def z_of_totals(make, n_rows, dropped=(), n_streams=60):
    """Return z of the weights of eight groups of rows, and of all, over streams."""
    X = np.ones((n_rows, 1))
    weight = np.where(np.arange(n_rows) % 3 == 0, 2.0, 1.0)
    group = np.arange(n_rows) * 8 // n_rows
    left = np.setdiff1d(np.arange(n_rows), dropped)
    aimed = np.bincount(group[left], weight[left], 8)
    totals = np.empty((n_streams, 8))
    for seed in range(n_streams):
        stream = make(seed).partial_fit(X[:70], None, weight[:70])
        if len(dropped):
            stream.drop(dropped[dropped < 70])
        stream.partial_fit(X[70:], None, weight[70:])
        selection = stream.drop(dropped).selection_
        totals[seed] = np.bincount(group[selection.indices], selection.weights, 8)
    totals = np.column_stack([totals, totals.sum(axis=1)])
    error = totals.std(axis=0, ddof=1) / np.sqrt(n_streams)
    gap = totals.mean(axis=0) - np.append(aimed, aimed.sum())
    return gap / np.maximum(error, 1e-9 * aimed.sum())


def test_weights_are_unbiased_through_all_levels(small_leaves):
    assert np.abs(z_of_totals(lambda s: made(UniformSelector, 4, s), 133)).max() < 4.5


def test_weights_stay_unbiased_after_drop(small_leaves):
    dropped = np.arange(0, 133, 5)
    z = z_of_totals(lambda s: made(UniformSelector, 4, s), 133, dropped)
    assert np.abs(z).max() < 4.5


def test_wrong_streams_are_found(small_leaves):
    z = z_of_totals(lambda s: made(methods.Forgetful, 4, s), 133)
    assert np.abs(z).max() > 4.5
    dropped = np.arange(0, 133, 5)
    z = z_of_totals(lambda s: made(methods.Redistributing, 4, s), 133, dropped)
    assert np.abs(z).max() > 4.5


def test_dropped_rows_never_come_back():
    X, y, _ = data(100)
    stream = made(LeverageSelector, 10).partial_fit(X, y)
    first = stream.selection_.indices
    again = stream.drop(first).selection_
    assert len(again) == 10
    assert np.intersect1d(first, again.indices).size == 0
    stream.drop(np.arange(100))
    with pytest.raises(ValueError, match="none of the 100 rows"):
        stream.selection_  # noqa: B018
    stream.partial_fit(X[:5], y[:5])
    assert stream.selection_.indices.tolist() == [100, 101, 102, 103, 104]


# --- merging ---


def test_a_short_stream_merges_as_if_its_rows_had_come_here(small_leaves):
    arrays = data(60)
    wanted = fed(made(UniformSelector), arrays, 60)
    parts = [[a[:47] for a in arrays], [a[47:] for a in arrays]]
    one, two = (fed(made(UniformSelector, seed=s), p, 9) for s, p in enumerate(parts))
    assert one.merge(two).selection_ == wanted.selection_
    assert two.selection_.n_total == 13


def test_long_streams_merge(small_leaves):
    parts = [data(n, seed=n) for n in (133, 200, 90)]
    one, two, three = (
        fed(made(UniformSelector, seed=s), part, 50) for s, part in enumerate(parts)
    )
    before = pickle.dumps(two.selection_)
    one.merge(two).merge(three)
    assert pickle.dumps(two.selection_) == before
    levels = [node.level for node in nodes(one)]
    assert levels == sorted(levels, reverse=True)
    assert max(levels) <= 6  # 423 rows are 27 leaves, which alone make 4
    ends = [node.stop for node in nodes(one)]
    starts = [node.start for node in nodes(one)]
    assert starts == [0, *ends[:-1]]
    X = np.concatenate([part[0] for part in parts])
    coreset = one.coreset_
    assert np.array_equal(coreset.X, X[coreset.indices])
    assert one.selection_.n_total == 423


def test_merged_weights_are_unbiased(small_leaves):
    totals = np.empty((60, 2))
    for seed in range(60):
        one, two = (
            made(UniformSelector, 4, 2 * seed + k).partial_fit(np.ones((n, 1)))
            for k, n in enumerate((90, 133))
        )
        selection = one.merge(two).selection_
        late = (selection.indices >= 90).astype(int)
        totals[seed] = np.bincount(late, selection.weights, 2)
    error = totals.std(axis=0, ddof=1) / np.sqrt(60)
    assert np.abs((totals.mean(axis=0) - [90, 133]) / error).max() < 4.5


# --- windows ---


@pytest.mark.parametrize("window", [1, 5, 30, 64, 200])
def test_a_window_holds_the_last_rows(window, small_leaves):
    X = np.arange(500.0)[:, None] + 1
    stream = Stream(UniformSelector(3, random_state=0), window=window)
    seen = 0
    for step in [1, 7, 30, 90] * 3:
        stream.partial_fit(X[seen : seen + step])
        seen += step
        selection = stream.selection_
        assert len(selection) == min(3, seen, window)
        assert selection.indices.min() >= seen - window
        spans = [node.stop - node.start for node in nodes(stream)]
        assert max(spans, default=0) <= max(1, window // 4)
        assert len(spans) <= 8 or window == 5
    assert Stream.from_bytes(stream.to_bytes()).selection_ == selection


def test_weights_in_a_window_are_unbiased(small_leaves):
    totals = []
    for seed in range(60):
        stream = Stream(UniformSelector(4, random_state=seed), window=100)
        totals.append(stream.partial_fit(np.ones((333, 1))).selection_.weights.sum())
    z = (np.mean(totals) - 100) / (np.std(totals, ddof=1) / np.sqrt(60))
    assert abs(z) < 4.5


# --- life of a selector ---


def test_fit_starts_anew_and_partial_fit_says_that_fit_keeps_no_rows():
    X, y, _ = data(100)
    selector = made(LeverageSelector, 5).partial_fit(X, y)
    fitted = selector.fit(X[:50])
    assert fitted.selection_.n_total == 50
    assert not hasattr(fitted, "coreset_")
    with pytest.warns(StreamRestartedWarning, match="fit keeps no rows"):
        selector.partial_fit(X[:30])
    assert selector.selection_.n_total == 30
    assert not hasattr(selector, "scores_")


@pytest.mark.parametrize(
    ("X", "params"),
    [
        (np.full((9, 2), np.nan), {}),
        (np.zeros((9, 2)), {}),  # fails after it has seen X: all scores are 0
        (np.ones((9, 2)), {"features": [7]}),
    ],
)
def test_a_fit_that_fails_leaves_the_stream_as_it_was(X, params):
    rows, y, _ = data(100)
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(rows, columns=list("abc"))
    selector = made(LeverageSelector, 5, fit_intercept=False).partial_fit(frame, y)
    before = selector.selection_
    with pytest.raises((ValueError, IndexError)):
        selector.set_params(**params).fit(X)
    assert selector.selection_ is before
    assert selector.n_features_in_ == 3
    assert selector.feature_names_in_.tolist() == list("abc")
    assert not hasattr(selector, "scores_")
    # It goes on, without a warning that it begins.
    selector.set_params(features=None).partial_fit(frame, y)
    assert selector.selection_.n_total == 200
    assert len(selector.coreset_.X) == 5


@pytest.mark.parametrize(
    "copied",
    [lambda s: s, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))],
    ids=["itself", "copy", "pickle"],
)
def test_parameters_may_not_change_while_a_stream_goes_on(copied):
    X, _, _ = data(100)
    selector = copied(made(LeverageSelector, 5).partial_fit(X[:50]))
    other = made(LeverageSelector, 5).partial_fit(X[50:])
    before = selector.selection_
    selector.set_params(n_select=50)
    for verb in (
        lambda: selector.partial_fit(X[50:]),
        lambda: selector.merge(other),
        lambda: other.merge(selector),
        lambda: selector.drop([0]),
        selector.to_bytes,
    ):
        with pytest.raises(ValueError, match="n_select=50, but n_select was 5 when"):
            verb()
    assert selector.selection_ == before
    selector.set_params(n_select=5, random_state=7).partial_fit(X[50:])
    assert selector.selection_.n_total == 100
    assert not hasattr(clone(selector), "selection_")


def test_select_makes_other_selections(small_leaves):
    X, _, _ = data(100)
    selector = made(UniformSelector, 5).partial_fit(X[:16])
    assert selector.select() is selector.selection_
    assert len(selector.select(9)) == 9  # all rows are there
    selector.partial_fit(X)
    assert selector.select(5) == selector.selection_
    assert len(selector.select(3)) == 3
    other = selector.select(random_state=1)
    assert other == selector.select(random_state=1)
    assert other.n_total == 116
    with pytest.raises(ValueError, match="n_select=6 is more than the 5 rows"):
        selector.select(6)
    with pytest.raises(ValueError, match=r"n_select=0.5 is no number of rows"):
        selector.select(0.5)


def test_no_row_at_all():
    stream = UniformSelector(0, random_state=0).partial_fit(np.ones((20, 1)))
    assert len(stream.selection_) == 0
    assert stream.coreset_.X.shape == (0, 1)


def test_only_scores_and_draws(monkeypatch):
    """No linear program is solved for `mu_`."""
    monkeypatch.setattr(logistic, "mu_of_rows", None)
    X, y, _ = data(100)
    stream = made(LogisticSelector, 5).partial_fit(X, y)
    assert len(stream.selection_) == 5


@pytest.mark.parametrize("cls", [LeverageSelector, LewisSelector])
def test_a_leaf_of_zeros_waits_for_others(cls, small_leaves):
    X, _, _ = data(100)
    stream = made(cls, fit_intercept=False).partial_fit(np.zeros((50, 3)))
    with pytest.raises(ValueError, match="every row"):
        stream.selection_  # noqa: B018
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutsidePopulationWarning)
        assert (stream.partial_fit(X).selection_.indices >= 50).all()


def test_clusters_that_come_late_are_found():
    """Each of ten clusters comes in a thousand rows of its own."""
    rng = np.random.default_rng(0)
    centers = 100 * np.arange(10)
    X = np.repeat(centers, 1000)[:, None] + rng.standard_normal((10_000, 2))
    stream = KMeansSensitivitySelector(60, n_clusters=10, random_state=0)
    found = fed(stream, (X,), 1000).coreset_
    totals = np.bincount(np.round(found.X[:, 0] / 100).astype(int), found.weights, 10)
    np.testing.assert_allclose(totals, 1000, rtol=0.6)


# --- bad input ---


def after(X, y=None, **params):
    return LeverageSelector(5, **params).partial_fit(X, y)


def bad_calls():
    X, y, _ = data(40)
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abc"))
    return [
        (
            lambda: after(X).partial_fit(X[:, :2]),
            "X has 2 features, but LeverageSelector is expecting 3 features as input",
        ),
        (
            lambda: after(frame).partial_fit(frame.rename(columns={"a": "z"})),
            "feature names should match .*unseen at fit time:\n- z\n.*missing:\n- a\n",
        ),
        (
            lambda: after(frame).partial_fit(frame[["c", "b", "a"]]),
            "must be in the same order as they were in fit",
        ),
        (lambda: after(frame).partial_fit(X), "X is held by array, .* by pandas"),
        (lambda: after(X).partial_fit(sparse.csr_array(X)), "held by CSR"),
        (lambda: after(X, y).partial_fit(X), "y is missing, but the first batch has y"),
        (lambda: after(X).partial_fit(X, y), "y is given, but the first .* has none"),
        (lambda: after(X, y).partial_fit(X, X), "y holds numbers in rows of shape"),
        (lambda: after(X, y).partial_fit(X, ["a"] * 40), "y holds other values"),
        (
            lambda: after(X, y.astype("M8[D]")).partial_fit(X, np.full(40, "a")),
            "y holds values of dtype <U1, .* beside the datetime64",
        ),
        (
            lambda: (
                UniformSelector(5)
                .partial_fit(np.zeros((9, 1), dtype="M8[D]"))
                .partial_fit(np.full((9, 1), "a"))
            ),
            "X holds values of dtype <U1, .* beside the datetime64",
        ),
        (lambda: after(X).partial_fit(X * np.nan), "Input X contains NaN"),
        (lambda: LeverageSelector(0.1).partial_fit(X), "n_select=0.1 .* as an int"),
        (
            lambda: LeverageSelector("auto", epsilon=0.1).partial_fit(X),
            "n_select='auto' .* as an int",
        ),
        (
            lambda: LeverageSelector(None, budget=5.0).partial_fit(X),
            "n_select=None .* as an int",
        ),
        (
            lambda: LeverageSelector(5, quotas={"a": 2}).partial_fit(X),
            "partial_fit of LeverageSelector cannot take quotas",
        ),
        (lambda: after(X, features="auto"), "cannot fit a transformer"),
        (lambda: after(X).merge(5), "other must be a LeverageSelector"),
        (
            lambda: after(X).merge(LewisSelector(5).partial_fit(X)),
            "other must be a LeverageSelector",
        ),
        (
            lambda: after(X).merge(after(X, alpha=1.0)),
            "other has alpha=1.0, but this stream has alpha=0.0",
        ),
        (lambda: after(X).merge(after(X[:, :2])), "other has 2 features"),
        (lambda: after(X).merge(after(X, y)), "y of other is given"),
        (lambda: after(frame).merge(after(X)), "X of other is held by array"),
        (
            lambda: (
                Stream(LeverageSelector(5))
                .partial_fit(X)
                .merge(Stream(LewisSelector(5)).partial_fit(X))
            ),
            "other is a stream of LewisSelector",
        ),
        (
            lambda: (
                Stream(LeverageSelector(5))
                .partial_fit(X)
                .merge(Stream(LeverageSelector(5), window=9).partial_fit(X))
            ),
            "other has window=9",
        ),
        (lambda: after(X).drop([40]), "indices: there is no row 40 of the stream"),
        (lambda: after(X).drop([0.5]), "indices must hold row numbers"),
        (lambda: Stream(DPPSelector(5)), "selector must be one with partial_fit"),
        (lambda: Stream(LeverageSelector(5), window=0), "window must be at least 1"),
    ]


@pytest.mark.parametrize("number", range(len(bad_calls())))
def test_bad_input_is_named(number):
    call, words = bad_calls()[number]
    with pytest.raises((TypeError, ValueError, IndexError), match=f"(?s){words}"):
        call()


@pytest.mark.parametrize("verb", ["merge", "drop", "to_bytes"])
def test_a_stream_must_have_begun(verb):
    given = {"merge": [UniformSelector()], "drop": [[0]], "to_bytes": []}[verb]
    with pytest.raises(NotFittedError, match=f"call partial_fit before {verb}"):
        getattr(UniformSelector(), verb)(*given)
    with pytest.raises(NotFittedError):
        UniformSelector().select()
    with pytest.raises(AttributeError, match="partial_fit sets it"):
        UniformSelector().coreset_  # noqa: B018


def test_copies_go_on_by_themselves():
    X, _, _ = data(100)
    one = made(UniformSelector, 5).partial_fit(X)
    two = copy.copy(one)
    before = one.selection_
    two.partial_fit(X).drop([0, 1]).merge(one)
    assert one.selection_ is before
    assert two.selection_.n_total == 300


@pytest.mark.parametrize("zeros", [0, 0.0, np.zeros(40)])
def test_a_batch_of_weight_0_only_counts_positions(zeros):
    X, _, _ = data(80)
    stream = made(UniformSelector, 5).partial_fit(X[:40], sample_weight=zeros)
    selection = stream.partial_fit(X[40:]).selection_
    assert selection.indices.min() >= 40
    assert selection.weights.sum() == pytest.approx(40)


def test_a_bad_batch_changes_nothing(small_leaves):
    X, _, _ = data(100)
    stream = made(UniformSelector, design="balanced", balance_on="linear")
    with pytest.raises(ValueError, match="NaN"):
        stream.partial_fit(np.full((5, 3), np.nan))
    assert not hasattr(stream, "n_features_in_")
    stream.set_params(n_select=30).partial_fit(X)
    before = stream.selection_
    for bad in (np.vstack([X, X[:1] * np.inf]), X[:, :2]):
        with pytest.raises(ValueError, match="X"):
            stream.partial_fit(bad)
    assert stream.selection_ is before

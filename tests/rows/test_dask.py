"""Rows of Dask collections."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

import coreselect
import coreselect.rows
from coreselect import CoresetEstimator, LeverageSelector, UniformSelector
from coreselect.rows import count_rows, numeric_columns, take_rows

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

N = 240
RNG = np.random.default_rng(0)
X = RNG.standard_t(3, size=(N, 6))
FRAME = pd.DataFrame(X, columns=list("abcdef"))
FRAME["text"] = [f"row {i}" for i in range(N)]
FRAME["label"] = np.arange(N) % 2
FRAME.index = np.arange(N) * 10


@pytest.fixture(autouse=True)
def _synchronous():
    with dask.config.set(scheduler="synchronous"):
        yield


def _of_delayed(make):
    parts = [dask.delayed(make)(part) for part in np.array_split(X, 7)]
    sizes = [len(part) for part in np.array_split(X, 7)]
    return da.concatenate(
        [
            da.from_delayed(part, (size, 6), X.dtype)
            for part, size in zip(parts, sizes, strict=True)
        ]
    )


ARRAYS = {
    "1 chunk": da.from_array(X, chunks=(N, -1)),
    "7 chunks": da.from_array(X, chunks=(35, -1)),
    "20 chunks": da.from_array(X, chunks=(12, -1)),
    "columns cut in three": da.from_array(X, chunks=(50, 2)),
    "unknown lengths": dd.from_pandas(FRAME[list("abcdef")], 5).to_dask_array(),
    "empty chunks": da.from_array(X, chunks=((0, 100, 0, 140, 0), (6,))),
    "delayed": _of_delayed(np.asarray),
    "CSR": da.from_array(X, chunks=(50, -1)).map_blocks(sparse.csr_array),
    "CSR in columns": da.from_array(X, chunks=(50, 4)).map_blocks(sparse.csr_matrix),
    "delayed CSR": _of_delayed(sparse.csr_array),
}
FRAMES = {"frame": dd.from_pandas(FRAME, npartitions=5)}
each_array = pytest.mark.parametrize("data", ARRAYS.values(), ids=ARRAYS)


@each_array
def test_arrays_give_the_rows_of_memory_bit_by_bit(data):
    is_sparse = coreselect.rows.open(data).is_sparse
    memory = sparse.csr_array(X) if is_sparse else X
    for block_rows in (32, None):
        wanted = coreselect.rows.open(memory, block_rows=block_rows)
        rows = coreselect.rows.open(data, block_rows=block_rows)
        selector = LeverageSelector(20, random_state=0)
        assert selector.fit_select(rows) == selector.fit_select(wanted)
    selection = selector.fit_select(data)
    taken, wanted = selection.take(data), X[selection.indices]
    assert_array_equal(taken.toarray() if is_sparse else taken, wanted)


@each_array
def test_blocks_of_arrays_begin_at_any_row(data):
    holder = coreselect.rows.open(data)._holder
    for start in range(0, N, 7):
        bounds = [(start, start + 1), (start + 1, N)]
        found = sparse.vstack([sparse.csr_array(b) for b in holder.blocks(bounds)])
        assert_array_equal(found.toarray(), X[start:])
    wanted = [3, 239, 3, 0, 100]
    found = sparse.csr_array(holder.gather(np.array(wanted))).toarray()
    assert_array_equal(found, X[wanted])
    assert holder.gather(np.arange(0)).shape == (0, 6)


@pytest.mark.parametrize(
    "selector",
    [selector.examples()[0] for selector in coreselect.all_selectors().values()],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore")
def test_every_selector_takes_dask_arrays(selector):
    positive = np.abs(X)
    data = da.from_array(positive, chunks=(35, 4))
    y = FRAME["label"].to_numpy()
    selector.set_params(random_state=0)
    assert selector.fit_select(data, y) == selector.fit_select(positive, y)


def test_targets_of_dask_are_taken_from():
    y = da.from_array(FRAME["label"].to_numpy(), chunks=50)
    selection = UniformSelector(9, random_state=0, stratify=True).fit_select(X, y)
    assert_array_equal(selection.take(y), FRAME["label"].iloc[selection.indices])


@pytest.mark.parametrize("many", [1, 10**6])
def test_columns_of_dask_are_taken_from(monkeypatch, many):
    monkeypatch.setattr("coreselect.rows.dask._MANY_ROWS", many)
    frame = FRAMES["frame"]
    selection = UniformSelector(9, random_state=0).fit_select(X)
    for name in ("label", "text"):
        assert count_rows(frame[name]) == N
        taken = selection.take(frame[name])
        assert isinstance(taken, dd.Series if many == 1 else pd.Series)
        taken = dask.compute(taken)[0]
        assert taken.name == name
        assert taken.to_dict() == FRAME[name].iloc[selection.indices].to_dict()
    assert list(dask.compute(selection.take(frame.index))[0]) == list(taken.index)
    with pytest.raises(ValueError, match="argument 0 of take has 240 rows"):
        UniformSelector(9).fit_select(X[:50]).take(frame["label"])


def test_delayed_objects_are_refused_by_name():
    delayed = dask.delayed(np.asarray)(X)
    for given in (delayed, delayed.T):
        with pytest.raises(TypeError, match=r"X is a delayed object .*from_delayed"):
            UniformSelector(5).fit(given)
        with pytest.raises(TypeError, match="data is a delayed object"):
            UniformSelector(5).fit_select(X).take(given)


def test_frames_give_the_rows_of_memory():
    data = FRAMES["frame"]
    rows = coreselect.rows.open(data, "label", block_rows=32)
    assert rows.feature_names == list("abcdef")
    assert_array_equal(rows.map(lambda block: block.X), X)
    assert_array_equal(rows.y, FRAME["label"])
    selector = LeverageSelector(20, random_state=0)
    selection = selector.fit_select(data, "label")
    assert selection == selector.fit_select(X)
    wanted = FRAME.iloc[selection.indices]
    taken = selection.take(data)
    assert list(taken.index) == list(wanted.index)
    assert_array_equal(taken[list("abcdef")], X[selection.indices])
    assert list(taken["text"]) == list(wanted["text"])
    assert len(rows.take([])) == 0
    assert count_rows(data) == N
    assert numeric_columns(data) == [*"abcdef", "label"]


def test_many_rows_are_taken_as_a_collection(monkeypatch):
    """In the order that is asked for, with repeats, and part by part."""
    monkeypatch.setattr(coreselect.rows.dask, "_MANY_ROWS", 100)
    monkeypatch.setattr(coreselect.rows.dask, "_CHUNK_ROWS", 40)
    wanted = np.random.default_rng(0).integers(0, N, size=130)
    for name in ("7 chunks", "CSR", "unknown lengths"):
        taken = take_rows(ARRAYS[name], wanted)
        assert taken.chunks[0] == (40, 40, 40, 10)
        found = taken.compute()
        assert_array_equal(found.toarray() if name == "CSR" else found, X[wanted])
    taken = take_rows(FRAMES["frame"], wanted)
    assert isinstance(taken, dd.DataFrame)
    pd.testing.assert_frame_equal(
        taken.compute(), FRAME.iloc[wanted], check_dtype=False
    )
    assert isinstance(take_rows(ARRAYS["7 chunks"], wanted[:99]), np.ndarray)


def test_estimators_take_dask_collections():
    from sklearn.tree import DecisionTreeClassifier

    y = FRAME["label"].to_numpy()
    model = CoresetEstimator(DecisionTreeClassifier(), UniformSelector(60))
    assert model.fit(ARRAYS["7 chunks"], y).predict(ARRAYS["CSR"]).shape == (N,)
    assert model.fit(FRAMES["frame"], "label").predict(FRAMES["frame"]).shape == (N,)


@each_array
def test_few_partitions_are_computed_at_a_time(data, monkeypatch):
    """As many as fit in the limit, and only the wanted rows where rows are gathered."""
    rows, sizes = coreselect.rows.open(data), []
    compute = dask.compute

    def counted(*delayed):
        found = compute(*delayed)
        sizes.append([part.shape[0] for part in found])
        return found

    monkeypatch.setattr(dask, "compute", counted)
    rows._holder._source._parts._most = 60
    rows.check_finite()
    assert sum(map(sum, sizes)) == N
    assert all(len(size) == 1 or sum(size) <= 60 for size in sizes)
    sizes.clear()
    rows.gather([7, 3, 7, 200])
    assert sum(map(sum, sizes)) == 3


def test_a_collection_that_changes_is_named():
    sizes = iter([5, 5, 4, 4, 4, 4])
    part = dask.delayed(lambda: np.ones((next(sizes), 2)), pure=False)()
    data = da.from_delayed(part, (np.nan, 2), float)
    with pytest.raises(ValueError, match=r"X: partition 0 had 5 rows, and has 4 now"):
        coreselect.rows.open(data).check_finite()


@pytest.mark.parametrize(
    ("data", "how", "message"),
    [
        (da.ones(5), {}, "X: Expected 2D array, got 1D array"),
        (da.ones((0, 2)), {}, r"X: Found array with 0 sample"),
        (da.ones((4, 2)), {"y": "a"}, "y='a' names a column, but X is an array"),
        (da.ones((4, 2)), {"columns": ["a"]}, "columns=.* names columns, but X"),
        (da.ones((4, 2)), {"y": [1, 2]}, "y has 2"),
        (
            dd.from_pandas(pd.DataFrame({"a": [1.0, None]}), npartitions=1),
            {},
            "1 in column 'a'",
        ),
    ],
)
def test_what_does_not_fit_is_named(data, how, message):
    with pytest.raises(ValueError, match=message):
        coreselect.rows.open(data, **how).check_finite()


def test_columns_of_objects_are_named():
    with dask.config.set({"dataframe.convert-string": False}):
        frame = pd.DataFrame({"a": [1.0], "b": pd.Series(["x"], dtype=object)})
        data = dd.from_pandas(frame, npartitions=1)
        with pytest.raises(ValueError, match="X has columns of Python objects: 'b'"):
            coreselect.rows.open(data)


@pytest.mark.parametrize("kind", ["array", "frame"])
def test_partitions_count_in_a_budget(kind):
    def made(n_rows):
        data = da.zeros((2_400_000, 5), chunks=(n_rows, 5))
        return data if kind == "array" else dd.from_dask_array(data, list("abcde"))

    large, small = made(1_200_000), made(100_000)
    selector = coreselect.LightweightSelector(5)
    with coreselect.memory_budget("470MB"):
        with pytest.raises(MemoryError, match="make the partitions of X smaller"):
            selector.fit(large)
        assert len(UniformSelector(5).fit(large).selection_) == 5  # reads no features
        assert len(selector.fit(small).selection_) == 5

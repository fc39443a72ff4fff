"""Streams as bytes: whole or refused, and never run."""

import io
import json
import pickle
import zipfile
from contextlib import suppress
from importlib import import_module

import numpy as np
import pytest
from scipy import sparse

from coreselect import LeverageSelector, LewisSelector, UniformSelector
from coreselect.streams import Stream, _engine

ROWS = np.random.default_rng(0).standard_normal((100, 3))


@pytest.fixture(autouse=True)
def small_leaves(monkeypatch):
    monkeypatch.setattr(_engine, "LEAF", 16)


def stream_of(X=ROWS, y=None, cls=LeverageSelector, **params):
    return cls(2, random_state=0, **params).partial_fit(X, y)


def tables():
    columns = dict(zip("abc", ROWS.T, strict=True))
    text = np.array(["some", "text"] * 50)
    yield "array", ROWS, LeverageSelector
    yield "float32", ROWS.astype(np.float32), LeverageSelector
    yield "CSR", sparse.csr_array(ROWS), LeverageSelector
    yield "text", np.stack([text, text], axis=1), UniformSelector
    yield "objects", text.astype(object).tolist(), UniformSelector
    for library, frame in (
        ("pandas", "DataFrame"),
        ("polars", "DataFrame"),
        ("pyarrow", "table"),
    ):
        module = pytest.importorskip(library)
        yield library, getattr(module, frame)(columns | {"t": text}), LeverageSelector


@pytest.mark.parametrize(
    "name",
    ["array", "float32", "CSR", "text", "objects", "pandas", "polars", "pyarrow"],
)
def test_a_restored_stream_goes_on(name):
    X, cls = {kind: (X, cls) for kind, X, cls in tables()}[name]
    y = np.array(["yes", "no"] * 50)
    one = stream_of(X, y, cls)
    raw = one.to_bytes()
    two = cls.from_bytes(raw)
    assert two.get_params() == one.get_params()
    assert two.n_features_in_ == one.n_features_in_
    assert hasattr(two, "feature_names_in_") == hasattr(one, "feature_names_in_")
    assert two.to_bytes() == raw
    for stream in (one, two):
        stream.partial_fit(X, y)
    assert two.selection_ == one.selection_
    a, b = one.coreset_, two.coreset_
    assert type(a.X) is type(b.X)
    assert np.array_equal(a.y, b.y)


def test_dates_and_categories_of_frames_are_kept():
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(
        {
            "day": pd.date_range("2026-01-01", periods=30),
            "kind": pd.Categorical(["a", "b", None] * 10),
            "x": np.arange(30.0),
        }
    )
    one = UniformSelector(4, random_state=0).partial_fit(frame)
    two = UniformSelector.from_bytes(one.to_bytes())
    pd.testing.assert_frame_equal(one.coreset_.X, two.coreset_.X)


def test_a_stream_with_a_window_is_restored_by_its_class():
    one = Stream(UniformSelector(2, random_state=0), window=50).partial_fit(ROWS)
    raw = one.to_bytes()
    two = Stream.from_bytes(raw)
    assert (two.window, two.selection_) == (50, one.selection_)
    with pytest.raises(ValueError, match=r"window=50; use .*Stream.from_bytes"):
        UniformSelector.from_bytes(raw)
    assert Stream.from_bytes(stream_of().to_bytes()).window is None


def test_random_states_that_are_no_int():
    """The seed is kept, the object is not."""
    stream = LeverageSelector(2, random_state=np.random.default_rng(3))
    stream.partial_fit(ROWS)
    again = LeverageSelector.from_bytes(stream.to_bytes())
    assert again.random_state is None
    assert again.selection_ == stream.selection_


def test_matrices_stay_matrices():
    """`*` means another product for sparse matrices than for sparse arrays."""
    one = stream_of(sparse.csr_matrix(ROWS)).partial_fit(sparse.csr_array(ROWS))
    two = LeverageSelector.from_bytes(one.to_bytes())
    for stream in (one, two.partial_fit(sparse.csr_array(ROWS))):
        assert isinstance(stream.coreset_.X, sparse.csr_matrix)


def test_integers_as_names_of_columns_are_kept():
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(ROWS)
    two = LeverageSelector.from_bytes(stream_of(frame).to_bytes()).partial_fit(frame)
    assert two.coreset_.X.columns.tolist() == [0, 1, 2]


@pytest.mark.parametrize("names", [[0, "b", "c"], [("a", 1), ("a", 2), ("b", 1)]])
def test_names_of_columns_that_bytes_would_change_are_refused(names):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(ROWS, columns=names)
    with pytest.raises(TypeError, match=r"the column names .* cannot be kept"):
        stream_of(frame, cls=UniformSelector).to_bytes()


def test_what_cannot_be_kept():
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    for values in ([object()] * 40, [1.5, "a"] * 20):
        stream = stream_of(pd.DataFrame({"a": values}), cls=UniformSelector)
        with pytest.raises(TypeError, match="X holds Python objects"):
            stream.to_bytes()
    with pytest.raises(TypeError, match="X holds Python objects"):
        stream_of(np.array([[object()]] * 9), cls=UniformSelector).to_bytes()
    y = np.array([1, "a"] * 50, dtype=object)
    with pytest.raises(TypeError, match="y holds Python objects"):
        stream_of(y=y).to_bytes()


# --- what is no stream ---


def parts_of(raw):
    with np.load(io.BytesIO(raw)) as file:
        arrays = dict(file)
    return json.loads(str(arrays.pop("header"))), arrays


def raw_of(header, arrays, save=np.savez):
    file = io.BytesIO()
    save(file, **arrays, header=np.array(json.dumps(header)))
    return file.getvalue()


def test_bytes_that_are_cut():
    raw = stream_of().to_bytes()
    for size in [0, 1, 100, *range(200, len(raw), 501), len(raw) - 1]:
        with pytest.raises(ValueError, match="is cut"):
            LeverageSelector.from_bytes(raw[:size])


def test_flipped_bytes_never_pass_for_another_stream():
    stream = stream_of()
    raw = stream.to_bytes()
    rng = np.random.default_rng(0)
    for at in rng.integers(len(raw), size=200):
        broken = bytearray(raw)
        broken[at] ^= 1 << int(rng.integers(8))
        with suppress(ValueError):  # of a byte that something reads
            made = LeverageSelector.from_bytes(bytes(broken))
            assert made.selection_ == stream.selection_


def test_foreign_bytes():
    for raw in (b"nonsense", pickle.dumps(stream_of()), raw_of({}, {"a": ROWS})):
        with pytest.raises(ValueError, match="raw does not hold a stream"):
            LeverageSelector.from_bytes(raw)
    with pytest.raises(TypeError, match="raw must be bytes"):
        LeverageSelector.from_bytes("text")


def test_pickles_are_not_run():
    class Run:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was run",))

    header, arrays = parts_of(stream_of().to_bytes())
    file = io.BytesIO()
    bad = np.empty(1, dtype=object)
    bad[0] = Run()
    np.savez(file, **arrays | {"y": bad}, header=np.array(json.dumps(header)))
    with pytest.raises(ValueError, match="raw does not hold a stream"):
        LeverageSelector.from_bytes(file.getvalue())


def test_other_classes_and_newer_versions():
    raw = stream_of().to_bytes()
    with pytest.raises(ValueError, match="a stream of 'LeverageSelector'"):
        LewisSelector.from_bytes(raw)
    header, arrays = parts_of(raw)
    with pytest.raises(ValueError, match=r"format 2, .* update coreselect"):
        LeverageSelector.from_bytes(raw_of(header | {"version": 2}, arrays))
    with pytest.raises(ValueError, match="'Other', which is no selector"):
        Stream.from_bytes(raw_of(header | {"selector": "Other"}, arrays))


def test_arrays_larger_than_the_bytes_are_refused():
    header, arrays = parts_of(stream_of().to_bytes())
    zeros = arrays | {"X": np.zeros((1_000_000, 3))}
    with pytest.raises(ValueError, match="compressed"):
        LeverageSelector.from_bytes(raw_of(header, zeros, np.savez_compressed))
    raw = raw_of(header, arrays)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        header_of_x = archive.read("X.npy")[:128]
    grown = header_of_x.replace(b"(20, 3)", b"(99999999999, 3)")
    grown = grown.replace(b" " * 9 + b"\n", b"\n")
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, grown + content[128:] if name == "X.npy" else content)
    with pytest.raises(ValueError, match="raw does not hold a stream"):
        LeverageSelector.from_bytes(file.getvalue())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_seen", 5),
        ("n_seen", 10**6),
        ("n_seen", -1),
        ("n_seen", 100.0),
        ("start", 90),
        ("n_features", 4),
        ("n_features", "3"),
        ("nodes", [[0, 0, 16, 4]]),
        ("nodes", [[0, 0, 96, 10**9]]),
        ("nodes", [[0, 5, 96, 4]]),
        ("nodes", [[0, 0, 96, -4]]),
        ("nodes", None),
        ("names", "abc"),
        ("names", ["a", "b"]),
        ("names", ["a", "b", 3]),
        ("names", 3),
        ("kind", "CSR"),
        ("kind", "nonsense"),
        ("seed", "x"),
        ("seed", "-1"),
        ("n_seen", 2**70),
        ("window", 0),
        ("params", {"n_select": -1}),
        ("params", {"nonsense": 1}),
        ("params", {"n_select": 0.5}),
        ("params", None),
    ],
)
def test_impossible_headers(name, value):
    header, arrays = parts_of(stream_of().to_bytes())
    with pytest.raises(ValueError, match="raw"):
        LeverageSelector.from_bytes(raw_of(header | {name: value}, arrays))


@pytest.mark.parametrize("name", ["X", "weight", "index", "y"])
def test_impossible_arrays(name):
    header, arrays = parts_of(stream_of(y=np.arange(100)).to_bytes())
    for bad in (
        arrays[name][:-1],
        arrays[name][::-1].copy() if name == "index" else arrays[name][:0],
        np.full(len(arrays[name]), np.nan),
        arrays[name].astype("U5"),
    ):
        if name == "y" and len(bad) == len(arrays["y"]) and bad.dtype.kind == "U":
            continue  # classes may be text
        with pytest.raises(ValueError, match="raw"):
            LeverageSelector.from_bytes(raw_of(header, arrays | {name: bad}))
    del arrays[name]
    if name != "y":
        with pytest.raises(ValueError, match="raw"):
            LeverageSelector.from_bytes(raw_of(header, arrays))


def test_frames_need_pyarrow(monkeypatch):
    pd = pytest.importorskip("pandas")
    monkeypatch.setitem(import_module("sys").modules, "pyarrow", None)
    stream = stream_of(pd.DataFrame(ROWS, columns=list("abc")))
    with pytest.raises(ImportError, match=r"install pyarrow"):
        stream.to_bytes()

"""What a Selection holds, refuses and gives back."""

import copy
import os
import pickle
from dataclasses import FrozenInstanceError
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal
from scipy import sparse

import coreselect.rows
from coreselect import Selection

INDICES, WEIGHTS, N = [4, 0, 7], [0.5, 3.0, 2.0], 9


@pytest.fixture
def selection():
    return Selection(INDICES, WEIGHTS, N)


@pytest.fixture
def empty():
    return Selection([], [], N)


# --- construction ---


@pytest.mark.parametrize(
    "indices",
    [INDICES, tuple(INDICES), np.array(INDICES, np.uint8), pd.Series(INDICES)],
    ids=["list", "tuple", "uint8", "series"],
)
def test_arrays_are_int64_and_float64_in_the_order_given(indices):
    selection = Selection(indices, np.array(WEIGHTS, np.float32), np.int32(N))
    assert selection.indices.dtype == np.int64
    assert selection.weights.dtype == np.float64
    assert_array_equal(selection.indices, INDICES)
    assert_array_equal(selection.weights, WEIGHTS)
    assert type(selection.n_total) is int
    assert selection.n_total == N


def test_length_and_iteration(selection, empty):
    assert len(selection) == 3
    assert len(empty) == 0
    indices, weights = selection
    assert indices is selection.indices
    assert weights is selection.weights


def test_a_selection_of_nothing_from_nothing():
    selection = Selection([], [], 0)
    assert len(selection) == len(selection.mask()) == 0
    assert selection.indices.dtype == np.int64


def test_a_weight_of_0_is_allowed():
    assert_array_equal(Selection([1, 0], [0.0, 1.0], 2).weights, [0, 1])


@pytest.mark.parametrize(
    ("indices", "weights", "n_total", "error", "message"),
    [
        ([9], [1.0], 9, ValueError, r"range\(n_total=9\), got 9"),
        ([0, -1], [1.0, 1.0], 9, ValueError, r"range\(n_total=9\), got -1"),
        ([2**63], [1.0], 9, ValueError, f"got {2**63}"),
        ([0], [1.0], 0, ValueError, r"range\(n_total=0\), got 0"),
        ([3, 3], [1.0, 1.0], 9, ValueError, "indices must not repeat"),
        ([0.0], [1.0], 9, ValueError, "indices must be .* dtype float64"),
        ([True], [1.0], 9, ValueError, "indices must be .* dtype bool"),
        (["a"], [1.0], 9, ValueError, "indices must be .* dtype <U1"),
        ([[0]], [1.0], 9, ValueError, r"indices must be .* shape \(1, 1\)"),
        (0, [1.0], 9, ValueError, r"indices must be .* shape \(\)"),
        (None, [1.0], 9, ValueError, r"indices must be .* shape \(\)"),
        ([[0], [1, 2]], [1.0], 9, ValueError, "indices must be one array"),
        ([0], [1.0, 2.0], 9, ValueError, "weights has 2 values for 1 indices"),
        ([0], [], 9, ValueError, "weights has 0 values for 1 indices"),
        ([0], 1.0, 9, ValueError, "weights must be 1-dimensional"),
        ([0], [[1.0]], 9, ValueError, "weights must be 1-dimensional"),
        ([0], [-0.5], 9, ValueError, "weights must not be negative, got -0.5"),
        ([0], [np.nan], 9, ValueError, "weights contains NaN"),
        ([0], [np.inf], 9, ValueError, "weights contains infinity"),
        ([0], ["a"], 9, ValueError, "weights must hold numbers"),
        ([0], [1j], 9, ValueError, "weights is complex"),
        ([0], None, 9, ValueError, "weights must be 1-dimensional|must hold numbers"),
        ([], [], -1, ValueError, "n_total must not be negative, got -1"),
        ([0], [1.0], 4.5, TypeError, "n_total must be an int, got 4.5"),
        ([0], [1.0], "5", TypeError, "n_total must be an int, got '5'"),
        ([0], [1.0], True, TypeError, "n_total must be an int, got True"),
        ([0], [1.0], None, TypeError, "n_total must be an int, got None"),
    ],
    ids=str,
)
def test_what_is_no_selection(indices, weights, n_total, error, message):
    with pytest.raises(error, match=message):
        Selection(indices, weights, n_total)


# --- nothing changes it ---


@pytest.mark.parametrize("name", ["indices", "weights", "n_total", "other"])
def test_it_is_frozen(selection, name):
    with pytest.raises(FrozenInstanceError):
        setattr(selection, name, 1)
    with pytest.raises(FrozenInstanceError):
        del selection.indices


@pytest.mark.parametrize("name", ["indices", "weights"])
def test_its_arrays_are_read_only(selection, name):
    with pytest.raises(ValueError, match="read-only"):
        getattr(selection, name)[0] = 1


def test_it_does_not_share_memory_with_what_it_was_made_from():
    indices, weights = np.array(INDICES), np.array(WEIGHTS)
    selection = Selection(indices, weights, N)
    indices[0], weights[0] = 1, 1  # still writeable
    assert_array_equal(selection.indices, INDICES)
    assert_array_equal(selection.weights, WEIGHTS)


def test_equality(selection):
    assert selection == Selection(INDICES, WEIGHTS, N)
    assert selection != Selection(INDICES[::-1], WEIGHTS[::-1], N)
    assert selection != Selection([4, 0, 8], WEIGHTS, N)
    assert selection != Selection(INDICES, [0.5, 3.0, 2.5], N)
    assert selection != Selection(INDICES, WEIGHTS, N + 1)
    assert selection != Selection(INDICES[:2], WEIGHTS[:2], N)
    assert selection != (INDICES, WEIGHTS)


def test_it_is_not_hashable(selection):
    with pytest.raises(TypeError, match="unhashable"):
        hash(selection)


@pytest.mark.parametrize(
    "again",
    [
        copy.copy,
        copy.deepcopy,
        lambda selection: pickle.loads(pickle.dumps(selection, 0)),
        lambda selection: pickle.loads(pickle.dumps(selection)),
    ],
)
def test_copies_are_equal_and_read_only(selection, empty, again):
    for original in (selection, empty):
        copied = again(original)
        assert type(copied) is Selection
        assert copied == original
        assert not copied.indices.flags.writeable
        assert not copied.weights.flags.writeable


# --- take ---


def _dense(taken):
    return taken.toarray() if sparse.issparse(taken) else np.asarray(taken)


X = np.arange(N * 2, dtype=np.float64).reshape(N, 2)


@pytest.mark.parametrize(
    "data",
    [
        X,
        X.tolist(),
        sparse.csr_array(X),
        sparse.csc_matrix(X),
        pd.DataFrame(X),
        pl.DataFrame(X),
        pa.table({"a": X[:, 0], "b": X[:, 1]}),
    ],
    ids=lambda data: type(data).__name__,
)
def test_take_gives_rows_in_the_container_that_came_in(selection, empty, data):
    taken = selection.take(data)
    assert type(taken) is type(data)
    assert_array_equal(_dense(taken), X[INDICES])
    none = empty.take(data)
    assert type(none) is type(data)
    assert _dense(none).size == 0


def test_take_keeps_the_index_of_pandas(selection):
    frame = pd.DataFrame({"a": list("abcdefghi")}, index=list("jklmnopqr"))
    assert_frame_equal(selection.take(frame), frame.loc[["n", "j", "q"]])


def test_take_of_files(selection, tmp_path):
    pq.write_table(
        pa.table({"a": X[:, 0], "s": list("abcdefghi")}), tmp_path / "x.parquet"
    )
    np.save(tmp_path / "y.npy", np.arange(N))
    table, y = selection.take(str(tmp_path / "x.parquet"), tmp_path / "y.npy")
    assert table.to_pydict() == {"a": [8.0, 0.0, 14.0], "s": ["e", "a", "h"]}
    assert y.tolist() == INDICES


def test_take_of_opened_rows(selection):
    rows = coreselect.rows.open(pd.DataFrame(X))
    assert_frame_equal(selection.take(rows), pd.DataFrame(X).iloc[INDICES])


def test_one_argument_comes_back_by_itself_and_several_as_a_tuple(selection):
    letters = list("abcdefghi")
    assert selection.take(letters) == ["e", "a", "h"]
    taken = selection.take(letters, None, tuple(letters))
    assert taken == (["e", "a", "h"], None, ("e", "a", "h"))
    assert selection.take(None) is None
    assert selection.take() == ()


@pytest.mark.parametrize("data", [X[:-1], X[:-1].tolist(), pd.DataFrame(X[1:]), [], ()])
def test_take_refuses_data_of_another_length(selection, data):
    message = f"argument 1 of take has {len(data)} rows, but .* made from 9"
    with pytest.raises(ValueError, match=message):
        selection.take(X, data)


@pytest.mark.parametrize("data", [5, object(), (i for i in range(9)), np.float64(3)])
def test_take_refuses_what_has_no_rows(selection, data):
    with pytest.raises(TypeError, match=f"of type {type(data).__name__} has no rows"):
        selection.take(data)


def test_take_of_a_missing_file(selection):
    with pytest.raises(
        FileNotFoundError, match=r"'nowhere.parquet': there is no such file"
    ):
        selection.take("nowhere.parquet")


# --- estimate, effective sample size, mask ---


def test_estimate_is_the_weighted_sum(selection, empty):
    estimate = selection.estimate([10, 20, 30])
    assert type(estimate) is float
    assert estimate == 0.5 * 10 + 3 * 20 + 2 * 30
    assert empty.estimate([]) == 0.0


@pytest.mark.parametrize(
    "make", [np.asarray, np.ndarray.tolist, pd.DataFrame, np.asfortranarray]
)
def test_estimate_of_several_values_a_row(selection, make):
    values = np.array([[10.0, 1], [20, 1], [30, 1]])
    assert_array_equal(selection.estimate(make(values)), [125, 5.5])


def test_estimate_adds_up_in_float64(selection):
    values = np.array([2e38, 2e38, 2e38], dtype=np.float32)
    assert_allclose(selection.estimate(values), 5.5 * 2e38)
    assert selection.estimate(np.array([100, 100, 100], np.int8)) == 550
    assert selection.estimate([True, False, True]) == 2.5


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([1.0, 2.0], ValueError, r"shape \(2,\); .* that is 3"),
        (np.ones(9), ValueError, r"shape \(9,\); .* that is 3"),
        (1.0, ValueError, r"shape \(\); .* that is 3"),
        (None, ValueError, r"shape \(\); .* that is 3"),
        (np.ones((3, 3, 3)), ValueError, r"shape \(3, 3, 3\)"),
        ([1j, 1, 1], TypeError, "values must be real numbers"),
        (["1", "2", "3"], TypeError, "values must be real numbers"),
        ([[1], [2], [3, 4]], ValueError, "values must be one array"),
        (sparse.csr_array(np.eye(3)), TypeError, "values must not be sparse"),
    ],
    ids=lambda value: str(value)[:12].replace("\n", ""),
)
def test_what_cannot_be_estimated(selection, values, error, message):
    with pytest.raises(error, match=message):
        selection.estimate(values)


@pytest.mark.parametrize(
    ("weights", "size"),
    [
        ([], 0.0),
        ([0.0, 0.0], 0.0),
        ([5.0], 1.0),
        ([2.0, 2.0, 2.0, 2.0], 4.0),
        ([3.0, 1.0], 1.6),  # (3 + 1)**2 / (9 + 1)
        ([1.0, 0.0], 1.0),
        ([1e308, 1e308, 1e308], 3.0),
        ([3e-300, 1e-300], 1.6),
        ([5e-324, 5e-324], 2.0),
        ([1e308, 1e-308], 1.0),
    ],
    ids=str,
)
def test_effective_sample_size(weights, size):
    selection = Selection(np.arange(len(weights)), weights, 10)
    assert type(selection.effective_sample_size) is float
    assert_allclose(selection.effective_sample_size, size, rtol=1e-15)


def test_mask_is_true_at_the_selected_rows(selection, empty):
    mask = selection.mask()
    assert mask.dtype == bool
    assert mask.shape == (N,)
    assert_array_equal(np.flatnonzero(mask), [0, 4, 7])
    mask[:] = False  # the caller's own
    assert selection.mask().sum() == 3
    assert not empty.mask().any()


# --- then ---


def test_then_is_in_the_row_numbers_of_the_first(selection):
    later = Selection([2, 0], [4.0, 5.0], 3)
    assert selection.then(later) == Selection([7, 4], [4.0, 5.0], N)


def test_then_takes_the_same_rows_as_one_after_the_other(selection):
    later = Selection([1, 2], [1.0, 1.0], 3)
    assert_array_equal(selection.then(later).take(X), later.take(selection.take(X)))


def test_then_can_be_repeated_in_any_grouping():
    a = Selection([8, 3, 5, 1], [1.0] * 4, 9)
    b = Selection([3, 0, 2], [2.0] * 3, 4)
    c = Selection([1, 2], [3.0] * 2, 3)
    assert a.then(b).then(c) == a.then(b.then(c)) == Selection([8, 5], [3.0, 3.0], 9)


def test_then_with_nothing_and_with_everything(selection):
    assert selection.then(Selection([], [], 3)) == Selection([], [], N)
    assert selection.then(Selection([0, 1, 2], WEIGHTS, 3)) == selection


def test_then_keeps_estimates(selection):
    """Everything selected again, with the first weights passed in."""
    later = Selection([0, 2], [3.5, 2.0], 3)
    values = np.arange(N) ** 2.0
    both = selection.then(later)
    assert both.estimate(both.take(values)) == 3.5 * 16 + 2 * 49


@pytest.mark.parametrize("n_total", [2, 4, N])
def test_then_refuses_a_selection_made_from_other_rows(selection, n_total):
    later = Selection([0], [1.0], n_total)
    message = f"made from {n_total} rows, but this one has 3"
    with pytest.raises(ValueError, match=message):
        selection.then(later)


@pytest.mark.parametrize("later", [[0, 1], None, 3], ids=repr)
def test_then_refuses_what_is_no_selection(selection, later):
    with pytest.raises(TypeError, match="later must be a Selection"):
        selection.then(later)


# --- save and load ---


@pytest.mark.parametrize("as_path", [str, lambda path: path])
def test_what_is_saved_can_be_loaded(selection, empty, tmp_path, as_path):
    for number, original in enumerate((selection, empty)):
        path = as_path(tmp_path / f"{number}.npz")
        original.save(path)
        loaded = Selection.load(path)
        assert loaded == original
        assert not loaded.indices.flags.writeable
    assert sorted(os.listdir(tmp_path)) == ["0.npz", "1.npz"]


def test_saving_replaces_a_file_whole(selection, empty, tmp_path):
    empty.save(tmp_path / "s.npz")
    selection.save(tmp_path / "s.npz")
    assert Selection.load(tmp_path / "s.npz") == selection


def test_saving_that_fails_leaves_the_old_file(selection, empty, tmp_path, monkeypatch):
    selection.save(tmp_path / "s.npz")

    def fail(path, **arrays):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(KeyboardInterrupt):
        empty.save(tmp_path / "s.npz")
    assert Selection.load(tmp_path / "s.npz") == selection
    assert os.listdir(tmp_path) == ["s.npz"]


@pytest.mark.parametrize("name", ["s", "s.npy", "s.npz.gz"])
def test_saving_needs_an_npz_path(selection, tmp_path, name):
    with pytest.raises(ValueError, match=f"path must end in .npz, got .*{name}'"):
        selection.save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_saving_into_a_missing_folder(selection, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot write .*there is no folder"):
        selection.save(tmp_path / "missing" / "s.npz")


def test_loading_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"s\.npz"):
        Selection.load(tmp_path / "s.npz")


def test_loading_any_damaged_file_names_it(selection, tmp_path):
    """Cut at any place, or with a byte changed: an error, or the same selection."""
    path = tmp_path / "s.npz"
    selection.save(path)
    content = path.read_bytes()
    damaged = [content[:length] for length in range(0, len(content), 7)]
    for at in range(0, len(content), 7):
        damaged.append(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
    n_errors = 0
    for variant in damaged:
        path.write_bytes(variant)
        try:
            assert Selection.load(path) == selection
        except ValueError as error:
            assert "s.npz' does not hold a Selection" in str(error)  # noqa: PT017
            n_errors += 1
    assert n_errors > len(content) / 7


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"indices": [0], "weights": [1.0]},
        {"indices": [0], "weights": [1.0], "n_total": [5, 6]},
        {"indices": [0], "weights": [1.0], "n_total": "5"},
        {"indices": [5], "weights": [1.0], "n_total": 5},
        {"indices": [0], "weights": [np.nan], "n_total": 5},
        {"indices": np.array([{}]), "weights": [1.0], "n_total": 5},
    ],
    ids=str,
)
def test_loading_an_archive_of_other_things(tmp_path, arrays):
    np.savez(tmp_path / "s.npz", **arrays)
    with pytest.raises(ValueError, match=r"s\.npz' does not hold a Selection"):
        Selection.load(tmp_path / "s.npz")


def test_loading_runs_no_code(tmp_path):
    """A pickle is refused, not opened."""
    path = tmp_path / "s.npz"
    path.write_bytes(pickle.dumps(Selection([0], [1.0], 2)))
    with pytest.raises(ValueError, match="does not hold a Selection"):
        Selection.load(path)


def test_loading_an_array(tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(ValueError, match=r"x\.npy' does not hold a Selection"):
        Selection.load(tmp_path / "x.npy")


# --- what people see ---


def test_repr_gives_the_numbers_that_matter(selection, empty):
    assert repr(selection).startswith(
        "Selection(3 of 9 rows, total weight 5.5, effective "
    )
    assert f"{selection.effective_sample_size:.4g}" in repr(selection)
    assert repr(empty).startswith("Selection(0 of 9 rows, total weight 0, effective ")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("weights", [[1e308, 1e308], [5e-324, 0.0]], ids=str)
def test_repr_of_extreme_weights(weights):
    selection = Selection([0, 1], weights, 2)
    assert "2 of 2 rows" in repr(selection)
    assert "2 of 2" in selection._repr_html_()


class _Balance(HTMLParser):
    """Collect the text, and check that every tag is closed in its turn."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_html_repr_is_a_table_of_the_numbers_that_matter(selection, empty):
    for shown, wanted in (
        (selection, ["Selection", "3 of 9", "5.5", "0.5 to 3"]),
        (empty, ["Selection", "0 of 9"]),
    ):
        parser = _Balance()
        parser.feed(shown._repr_html_())
        assert parser.open == []
        assert set(wanted) <= set(parser.text)


def test_html_repr_draws_the_weights_heaviest_first():
    """Steps are as wide as their rows and as high as their share of the heaviest."""
    shown = Selection([0, 1, 2, 3], [1.0, 4.0, 2.0, 1.0], 9)._repr_html_()
    assert "M0,48L0,0H60L60,24H120L120,36H180L180,36H240V48Z" in shown
    assert 'd="M0,24H240" stroke-dasharray' in shown  # the mean is half the heaviest
    many = Selection(np.arange(10_000), np.ones(10_000), 10_000)._repr_html_()
    assert len(many) < 5000
    assert "svg" not in Selection([1], [0.0], 3)._repr_html_()

"""Rows of arrays and sparse matrices: the same blocks whatever holds the rows."""

import logging
from decimal import Decimal
from fractions import Fraction
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

import coreselect.neighbors
import coreselect.rows
import coreselect.transport
from coreselect.rows import count_rows, merge_in_pairs, take_rows
from coreselect.rows.targets import WithTargets
from tests import shown

# Small whole numbers: exact in every dtype, so that results must be equal to the bit.
VALUES = np.random.default_rng(0).integers(-3, 4, size=(23, 4)).astype(np.float64)
ORDERS = [[], [7], [22, 0, 7], [3, 3, 0, 3], list(range(23)), list(range(22, -1, -1))]


def _read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def _csr_int64(X):
    out = sparse.csr_matrix(X)
    out.indices = out.indices.astype(np.int64)
    out.indptr = out.indptr.astype(np.int64)
    return out


CONTAINERS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
    "reversed": lambda X: X[::-1].copy()[::-1],
    "read-only": _read_only,
    "big endian": lambda X: X.astype(">f8"),
    "float32": lambda X: X.astype(np.float32),
    "float16": lambda X: X.astype(np.float16),
    "int64": lambda X: X.astype(np.int64),
    "int8": lambda X: X.astype(np.int8),
    "objects": lambda X: X.astype(object),
    "lists": lambda X: X.tolist(),
    "tuples": lambda X: tuple(map(tuple, X.tolist())),
    "csr_matrix": sparse.csr_matrix,
    "csr_array": sparse.csr_array,
    "csr_matrix, int64 indices": _csr_int64,
    "csr_array, float32": lambda X: sparse.csr_array(X.astype(np.float32)),
    "csr_array, int": lambda X: sparse.csr_array(X.astype(np.int32)),
    "csc_matrix": sparse.csc_matrix,
    "coo_array": sparse.coo_array,
}
each_container = pytest.mark.parametrize("make", CONTAINERS.values(), ids=CONTAINERS)


def _dense(X):
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


def _gram(rows):
    return rows.reduce(lambda b: _dense(b.X.T @ b.X), np.add)


# --- what a pass sees ---


@pytest.mark.parametrize("block_rows", [1, 4, 7, 22, 23, 100])
@each_container
def test_blocks_are_the_rows_cut_at_multiples(make, block_rows):
    rows = coreselect.rows.open(make(VALUES), block_rows=block_rows)
    sizes = rows.reduce(lambda b: [(b.start, b.X.shape[0])], lambda a, b: a + b)
    starts = range(0, 23, block_rows)
    assert sizes == [(start, min(block_rows, 23 - start)) for start in starts]
    assert_array_equal(rows.map(lambda b: _dense(b.X)), VALUES)
    assert_array_equal(_gram(rows), VALUES.T @ VALUES)


@each_container
def test_float32_and_float64_stay_and_all_else_becomes_float64(make):
    data = make(VALUES)
    kept = getattr(data, "dtype", None)
    wanted = np.float32 if kept == np.float32 else np.float64
    rows = coreselect.rows.open(data, block_rows=9)
    assert rows.dtype == wanted
    assert rows.reduce(lambda b: {b.X.dtype}, set.union) == {np.dtype(wanted)}
    assert rows.gather([0, 3]).X.dtype == wanted


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_bool_becomes_numbers(make):
    rows = coreselect.rows.open(make(VALUES > 0))
    assert_array_equal(_gram(rows), (VALUES > 0).T.astype(float) @ (VALUES > 0))


@each_container
def test_sparse_data_stay_csr_and_dense_data_stay_arrays(make):
    data = make(VALUES)
    rows = coreselect.rows.open(data, block_rows=9)
    blocks = rows.reduce(lambda b: [b.X], lambda a, b: a + b)
    blocks.append(rows.gather([2, 0]).X)
    assert rows.is_sparse == sparse.issparse(data)
    if rows.is_sparse:
        assert all(sparse.issparse(X) and X.format == "csr" for X in blocks)
    else:
        assert all(type(X) is np.ndarray for X in blocks)


@pytest.mark.parametrize(
    "make", [CONTAINERS[name] for name in ("C", "Fortran", "strided", "float32")]
)
def test_float_arrays_are_not_copied(make):
    X = make(VALUES)
    rows = coreselect.rows.open(X, block_rows=9)
    assert rows.reduce(lambda b: np.shares_memory(b.X, X), lambda a, b: a and b)


@each_container
def test_the_data_are_not_modified(make):
    data, twin = make(VALUES), make(VALUES)
    rows = coreselect.rows.open(data, block_rows=5)
    _gram(rows), rows.gather([4, 4]), rows.take([1, 0])
    if not sparse.issparse(data):
        assert_array_equal(data, twin)
        return
    for name in ("data", "indices", "indptr") if data.format != "coo" else ("data",):
        assert_array_equal(getattr(data, name), getattr(twin, name))
        assert getattr(data, name).dtype == getattr(twin, name).dtype


def _csr_with_duplicates():
    """[[3, 0], [0, 4], [0, 0]], 3 stored as 1 + 2 and a zero stored in the last row."""
    data, columns, ends = [1.0, 2.0, 4.0, 0.0], [0, 0, 1, 1], [0, 2, 3, 4]
    return sparse.csr_matrix((data, columns, ends), shape=(3, 2))


def test_duplicates_of_csr_are_summed_in_blocks_but_not_in_the_users_matrix():
    X = _csr_with_duplicates()
    rows = coreselect.rows.open(X, block_rows=2)
    squares = rows.map(lambda b: np.asarray(b.X.multiply(b.X).sum(axis=1)).ravel())
    assert_array_equal(squares, [9, 16, 0])
    stored = rows.reduce(lambda b: (b.X.data**2).sum(), lambda a, b: a + b)
    assert stored == 25  # 1 + 4 + 16 if 3 were still two numbers
    assert (rows.gather([0]).X.data ** 2).sum() == 9
    assert X.nnz == 4


def test_unsorted_columns_of_csr_are_sorted_in_blocks():
    """So that sums run in the order of the columns, as they do in arrays."""
    X = sparse.csr_matrix(([1.0, 2.0], [1, 0], [0, 2]), shape=(1, 2))
    block = coreselect.rows.open(X).gather([0])
    assert_array_equal(block.X.indices, [0, 1])
    assert_array_equal(X.indices, [1, 0])


def test_explicit_zeros_are_zeros():
    rows = coreselect.rows.open(_csr_with_duplicates())
    assert_array_equal(rows.map(lambda b: b.X.toarray())[2], [0, 0])


@pytest.mark.parametrize("n_features", [1, 3, 50, 1000, 20_000, 100_000, 3_000_000])
def test_a_block_has_at_most_128_mb(n_features):
    n_rows = 40_000_000 // n_features + 1
    X = np.broadcast_to(np.float64(1), (n_rows, n_features))  # one number in memory
    rows = coreselect.rows.open(X)
    heights = [stop - start for start, stop in rows._bounds]
    assert sum(heights) == n_rows
    assert max(heights) * n_features * 8 <= 2**27
    if n_rows > heights[0]:  # and not so small that the calls would cost more
        assert heights[0] >= 256 or heights[0] * n_features * 8 >= 2**25


# --- reduce and map ---


def test_reduce_merges_as_a_binary_counter():
    """A merge that neither commutes nor ... associates shows the order."""
    rows = coreselect.rows.open(VALUES, block_rows=4)
    parts = (lambda b: str(b.start)), (lambda a, b: f"({a} {b})")
    assert rows.reduce(*parts) == "(((0 4) (8 12)) (16 20))"
    assert rows.map_reduce(lambda b: (b.X, str(b.start)), parts[1])[1] == (
        "(((0 4) (8 12)) (16 20))"
    )


def test_blocks_without_rows_leave_the_order_of_merging():
    """It follows the numbers of blocks, also where all rows of some have weight 0."""
    X = np.arange(16.0)[:, None]
    for out, wanted in (
        ([], "(((0 2) (4 6)) ((8 10) (12 14)))"),
        ([1], "((0 (4 6)) ((8 10) (12 14)))"),
        ([3, 4], "(((0 2) 4) (10 (12 14)))"),
        ([0, 1, 2, 7], "(6 ((8 10) 12))"),
    ):
        weight = np.ones(16)
        for number in out:
            weight[2 * number : 2 * number + 2] = 0
        view = coreselect.rows.open(X, None, weight, block_rows=2).subset()
        found = view.reduce(lambda b: f"{b.X[0, 0]:.0f}", lambda a, b: f"({a} {b})")
        assert found == wanted
    assert view.subset([]).reduce(lambda b: b.X, np.add) is None


def test_runs_of_blocks_merge_to_the_same():
    """Who has the results of 2**k aligned blocks may merge these first."""

    def join(a, b):
        return f"({a}{b})"

    parts = list(enumerate("abcdefghijklm"))
    runs = [parts[start : start + 4] for start in range(0, len(parts), 4)]
    merged = [(run[-1][0], merge_in_pairs(run, join)) for run in runs]
    assert merge_in_pairs(merged, join) == merge_in_pairs(parts, join)


def test_a_counter_holds_few_results():
    alive, most = 0, 0

    class Part:
        def __init__(self):
            nonlocal alive, most
            alive += 1
            most = max(most, alive)

        def __del__(self):
            nonlocal alive
            alive -= 1

    rows = coreselect.rows.open(np.zeros((1000, 1)), block_rows=1)
    rows.reduce(lambda block: Part(), lambda a, b: Part())
    assert most <= 13  # log2 of 1000, and those at work


def test_reduce_of_one_block_does_not_merge():
    def fail(a, b):
        raise AssertionError

    assert coreselect.rows.open(VALUES).reduce(lambda b: b.start, fail) == 0


@pytest.mark.parametrize("block_rows", [5, 23])
@pytest.mark.parametrize("shape", [(), (1,), (3,)])
def test_map_puts_values_in_row_order(block_rows, shape):
    def fn(block):
        number = np.arange(block.start, block.start + len(block.X), dtype=np.float64)
        return np.broadcast_to(
            number.reshape(-1, *[1] * len(shape)), (len(number), *shape)
        )

    out = coreselect.rows.open(VALUES, block_rows=block_rows).map(fn)
    assert out.shape == (23, *shape)
    assert_array_equal(out.reshape(23, -1)[:, 0], np.arange(23))


def test_map_keeps_fractions_of_later_blocks():
    rows = coreselect.rows.open(VALUES, block_rows=10)
    out = rows.map(lambda b: np.full(len(b.X), 1 if b.start == 0 else 0.5))
    assert_array_equal(out, [1.0] * 10 + [0.5] * 13)


@pytest.mark.parametrize("block_rows", [1, 3, 100])
def test_a_view_that_is_opened_again_is_a_population_of_its_own(block_rows):
    """Its rows are numbered from 0, and rows of weight 0 leave it like any other."""
    X = np.arange(20.0).reshape(10, 2)
    weight = np.array([0.0, 1, 1, 0, 1, 1, 1, 0, 1, 1])
    left = np.flatnonzero(weight)
    view = coreselect.rows.open(
        X, X[:, 0], sample_weight=weight, block_rows=block_rows
    ).subset()
    assert_array_equal(view.kept, left)
    for again in (coreselect.rows.open(view), coreselect.rows.open(view).subset()):
        assert again.kept is None
        assert_array_equal(again.map(lambda b: b.X), X[left])
        assert_array_equal(again.gather([0, 6]).X, X[left[[0, 6]]])
        assert_array_equal(again.take([6]), X[left[[6]]])
    second = np.array([1.0, 0, 1, 1, 0, 1, 1])
    inner = coreselect.rows.open(view, sample_weight=second).subset()
    kept = np.flatnonzero(second)
    assert_array_equal(inner.kept, kept)
    assert_array_equal(inner.map(lambda b: b.X), X[left[kept]])
    assert_array_equal(inner.map(lambda b: b.y), X[left[kept], 0])
    assert_array_equal(inner.gather([0, 4]).X, X[left[kept[[0, 4]]]])
    assert_array_equal(inner.whole().X, X[left[kept]])
    # Of a view itself, numbers are those among the rows it was made from.
    assert_array_equal(view.reweighted(second).subset().kept, left[kept])


def test_what_is_set_on_rows_opened_again_stays_there():
    rows = coreselect.rows.open(np.ones((3, 2)), sample_weight=[1, 0, 1])
    for other in (coreselect.rows.open(rows), rows.subset(), rows.reweighted(None)):
        other.per_row["cost"] = np.ones(other.n_rows)
    assert rows.per_row == {}


@pytest.mark.parametrize(
    ("data", "keywords", "error", "message"),
    [
        ([["a"]], {}, ValueError, "X_target: "),
        ([[1.0, np.nan]], {}, ValueError, "Input X_target contains NaN"),
        (np.empty((0, 2)), {}, ValueError, "X_target: Found array with 0 sample"),
        (np.ma.masked_equal([[1, 2]], 2), {}, ValueError, "X_target has 1 masked"),
        ([[1.0]], {"columns": ["a"]}, ValueError, "X_target is an array"),
        ([[1.0]], {"y": [1, 2]}, ValueError, "y_target has 2 values for 1 rows of X_t"),
        ([[1.0]], {"sample_weight": [-1.0]}, ValueError, "target_weight must not be"),
        ([[1.0]], {"y": "a"}, ValueError, "y_target='a' names a column, but X_target"),
        ("gone.npy", {}, FileNotFoundError, "X_target='gone.npy'"),
        ("gone.csv", {}, FileNotFoundError, "X_target='gone.csv'"),
        (pd.DataFrame({"a": ["x"]}), {}, ValueError, "X_target has no numeric col"),
        (pd.DataFrame({"a": [None, 1.0]}), {}, ValueError, "Input X_target contains 1"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), {}, ValueError, "X_target has co"),
        (pd.DataFrame(), {}, ValueError, "X_target: Found array"),
        (pd.DataFrame({"a": [1]}), {"y": "b"}, ValueError, "y_target: there is no"),
        (pa.table({"a": [1, None]}), {}, ValueError, "Input X_target contains 1"),
    ],
    ids=str,
)  # fmt: skip
def test_errors_call_data_and_roles_as_the_caller_does(data, keywords, error, message):
    names = {"name": "X_target", "roles": ("y_target", "target_weight")}
    with pytest.raises(error, match=message):
        coreselect.rows.open(data, **keywords, **names).check_finite()


@pytest.mark.parametrize(
    "fn", [lambda b: 1.0, lambda b: b.X[1:, 0], lambda b: b.X.T, lambda b: [1.0]]
)
def test_map_refuses_anything_but_a_value_a_row(fn):
    with pytest.raises(ValueError, match="one value per row"):
        coreselect.rows.open(VALUES, block_rows=10).map(fn)


def test_a_pass_reports_its_progress(caplog):
    rows = coreselect.rows.open(VALUES, block_rows=10)
    with caplog.at_level(logging.DEBUG, logger="coreselect.rows"):
        _gram(rows)
    assert [(r.done, r.total) for r in caplog.records] == [(1, 3), (2, 3), (3, 3)]
    assert caplog.messages[1] == "pass over the data: block 2 of 3"
    assert {r.name for r in caplog.records} == {"coreselect.rows"}


def test_a_pass_is_silent_by_default(capfd):
    _gram(coreselect.rows.open(VALUES, block_rows=10))
    assert capfd.readouterr() == ("", "")


# --- take and gather ---


@pytest.mark.parametrize("order", ORDERS, ids=str)
@each_container
def test_take_gives_back_what_came_in(make, order):
    data = make(VALUES)
    for taken in (take_rows(data, order), coreselect.rows.open(data).take(order)):
        assert type(taken) is type(data)
        assert getattr(taken, "dtype", None) == getattr(data, "dtype", None)
        dense = _dense(taken).astype(float).reshape(len(order), 4)
        assert_array_equal(dense, VALUES[np.array(order, dtype=int)])
    assert count_rows(data) == 23


@pytest.mark.parametrize("format", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
@pytest.mark.parametrize("kind", ["array", "matrix"])
def test_take_keeps_the_sparse_format(format, kind):
    X = getattr(sparse, f"{format}_{kind}")(VALUES)
    taken = take_rows(X, [5, 0, 5])
    assert type(taken) is type(X)
    assert_array_equal(taken.toarray(), VALUES[[5, 0, 5]])


def test_take_keeps_explicit_zeros():
    assert take_rows(_csr_with_duplicates(), [2]).nnz == 1


@pytest.mark.parametrize("n_dims", [1, 2, 3, 4])
def test_take_of_arrays_of_any_shape(n_dims):
    """Images or sequences beside X, for instance."""
    array = np.arange(5 * 2 ** (n_dims - 1)).reshape(5, *[2] * (n_dims - 1))
    assert_array_equal(take_rows(array, [4, 1]), array[[4, 1]])


def test_take_of_masked_arrays_keeps_the_mask():
    taken = take_rows(np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False]), [1, 0])
    assert_array_equal(taken.mask, [True, False])


def test_what_take_returns_can_be_written_to():
    taken = take_rows(_read_only(VALUES), [0, 1])
    taken[:] = 0
    assert VALUES[0].any()


@pytest.mark.parametrize("data", [5, None, iter([1]), object()], ids=shown)
def test_rows_of_what_has_none(data):
    with pytest.raises(TypeError, match=f"of type {type(data).__name__}"):
        count_rows(data)
    with pytest.raises(TypeError, match=f"of type {type(data).__name__}"):
        take_rows(data, [0])


@pytest.mark.parametrize("order", [o for o in ORDERS if o], ids=str)
@each_container
def test_gather_is_one_block_in_the_order_asked(make, order):
    y, weight = np.arange(23), np.arange(1, 24) / 2
    block = coreselect.rows.open(make(VALUES), y, weight, block_rows=4).gather(order)
    assert_array_equal(_dense(block.X), VALUES[order])
    assert_array_equal(block.y, y[order])
    assert_array_equal(block.weight, weight[order])
    assert block.start == 0


def test_gather_of_no_rows():
    block = coreselect.rows.open(VALUES).gather([])
    assert block.X.shape == (0, 4)
    assert block.weight.shape == (0,)


# --- targets and weights ---


def test_blocks_carry_their_targets_and_weights():
    y, weight = np.arange(23), np.arange(1.0, 24)
    rows = coreselect.rows.open(VALUES, y, weight, block_rows=5)
    assert_array_equal(rows.map(lambda b: b.y), y)
    assert_array_equal(rows.map(lambda b: b.weight), weight)


def test_weights_are_ones_where_none_are_given():
    rows = coreselect.rows.open(VALUES, block_rows=5)
    assert rows.weight is None
    assert rows.y is None
    ones = rows.map(lambda b: b.weight)
    assert_array_equal(ones, np.ones(23))
    assert ones.dtype == np.float64


def test_one_number_is_the_weight_of_every_row():
    assert_array_equal(coreselect.rows.open(VALUES, None, 2).weight, np.full(23, 2.0))


def test_rows_are_reopened_with_other_targets_and_weights():
    first = coreselect.rows.open(VALUES, np.zeros(23), block_rows=5)
    again = coreselect.rows.open(first, np.ones(23), np.full(23, 3.0))
    assert_array_equal(again.map(lambda b: b.y + b.weight), np.full(23, 4.0))
    assert_array_equal(first.map(lambda b: b.y + b.weight), np.ones(23))
    assert_array_equal(coreselect.rows.open(first).y, np.zeros(23))


def test_what_a_method_notes_by_row_stays_out_of_the_users_rows():
    first = coreselect.rows.open(VALUES)
    coreselect.rows.open(first).per_row["quality"] = np.ones(23)
    assert first.per_row == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": np.ones(22)}, "y has 22 values for 23 rows"),
        ({"y": "label"}, "y='label' names a column"),
        ({"sample_weight": np.ones(24)}, "sample_weight has 24 values for 23 rows"),
        ({"sample_weight": "w"}, "sample_weight='w' names a column"),
        ({"sample_weight": -np.ones(23)}, "sample_weight must not be negative"),
        ({"sample_weight": np.zeros(23)}, "sample_weight is zero for every row"),
        ({"columns": ["a"]}, r"columns=\['a'\] names columns"),
        ({"exclude": ["a"]}, r"exclude=\['a'\] names columns"),
        ({"block_rows": 0}, "block_rows must be at least 1, got 0"),
        ({"block_rows": -5}, "block_rows must be at least 1, got -5"),
    ],
    ids=str,
)
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_arguments_that_do_not_fit_an_array(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        coreselect.rows.open(make(VALUES), **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": np.ones(22)}, "y has 22 values"),
        ({"y": "label"}, "y='label' names a column"),
        ({"sample_weight": np.ones(24)}, "sample_weight has 24 values"),
        ({"columns": ["a"]}, "columns was set when"),
        ({"exclude": ["a"]}, "exclude was set when"),
        ({"block_rows": 5}, "block_rows was set when"),
    ],
    ids=str,
)
def test_arguments_that_do_not_fit_open_rows(arguments, message):
    with pytest.raises(ValueError, match=message):
        coreselect.rows.open(coreselect.rows.open(VALUES), **arguments)


# --- rows of weight 0 ---


def _weights_with_gaps():
    """Zero over whole blocks of 5 (first, middle and last) and here and there."""
    weight = np.arange(1.0, 24)
    weight[[0, 1, 2, 3, 4, 7, 10, 11, 12, 13, 14, 16, 20, 21, 22]] = 0
    return weight


@pytest.mark.parametrize("block_rows", [1, 5, 23])
@each_container
def test_a_view_without_rows_of_weight_0(make, block_rows):
    weight, y = _weights_with_gaps(), np.arange(23)
    kept = np.flatnonzero(weight)
    rows = coreselect.rows.open(make(VALUES), y, weight, block_rows=block_rows)
    view = rows.subset()
    assert view.n_rows == len(kept) == 8
    assert_array_equal(view.kept, kept)
    assert_array_equal(view.map(lambda b: _dense(b.X)), VALUES[kept])
    assert_array_equal(view.map(lambda b: b.y), y[kept])
    assert_array_equal(view.map(lambda b: b.weight), weight[kept])
    starts = view.map(lambda b: np.arange(b.start, b.start + b.X.shape[0]))
    assert_array_equal(starts, np.arange(8))
    assert_array_equal(_gram(view), VALUES[kept].T @ VALUES[kept])
    block = view.gather([7, 0, 0])
    assert_array_equal(_dense(block.X), VALUES[kept[[7, 0, 0]]])
    assert_array_equal(block.y, kept[[7, 0, 0]])
    assert_array_equal(_dense(view.take([7, 0])), VALUES[kept[[7, 0]]])
    assert rows.n_rows == 23
    assert rows.kept is None


@pytest.mark.parametrize("block_rows", [1, 5, 23])
@each_container
def test_a_subset_of_a_subset_has_the_rows_that_were_named(make, block_rows):
    """Rows 1, 4, 9 of the even numbers are 2, 8, 18, whatever their weights."""
    y, weight = np.arange(23), np.arange(23.0)
    rows = coreselect.rows.open(make(VALUES), y, weight, block_rows=block_rows)
    rows.per_row["cost"] = 10.0 * y
    inner = rows.subset(np.arange(0, 23, 2)).subset([1, 4, 9])
    wanted = [2, 8, 18]
    assert inner.kept.tolist() == inner.y.tolist() == inner.weight.tolist() == wanted
    assert inner.per_row["cost"].tolist() == [20, 80, 180]
    assert_array_equal(inner.map(lambda b: _dense(b.X)), VALUES[wanted])
    assert_array_equal(_dense(inner.whole().X), VALUES[wanted])
    assert rows.subset([0]).kept.tolist() == [0]
    assert rows.subset().kept.tolist() == list(range(1, 23))


def test_a_subset_of_all_rows_is_the_rows_themselves():
    rows = coreselect.rows.open(VALUES)
    assert rows.subset(np.arange(23)) is rows
    assert rows.subset([]).n_rows == 0


@pytest.mark.parametrize(
    ("numbers", "error", "message"),
    [
        ([3, 1], ValueError, "numbers must ascend"),
        ([1, 1], ValueError, "numbers must ascend"),
        ([1, 23], IndexError, "numbers: there is no row 23"),
        ([True, False], TypeError, "numpy.flatnonzero"),
    ],
)
def test_a_subset_refuses_what_is_not_ascending_row_numbers(numbers, error, message):
    with pytest.raises(error, match=message):
        coreselect.rows.open(VALUES).subset(numbers)


def test_a_view_keeps_what_a_method_noted_by_row():
    rows = coreselect.rows.open(VALUES, None, _weights_with_gaps())
    rows.per_row["quality"] = np.arange(23)
    assert_array_equal(rows.subset().per_row["quality"], rows.subset().kept)


def test_no_block_of_a_view_is_empty():
    rows = coreselect.rows.open(VALUES, None, _weights_with_gaps(), block_rows=5)
    view = rows.subset()
    assert view.reduce(lambda b: len(b.X), min) > 0


@pytest.mark.parametrize("weight", [None, np.arange(1.0, 24)])
def test_rows_are_their_own_view_where_no_weight_is_0(weight):
    rows = coreselect.rows.open(VALUES, None, weight)
    assert rows.subset() is rows


def test_the_progress_of_a_view_counts_all_blocks(caplog):
    rows = coreselect.rows.open(VALUES, None, _weights_with_gaps(), block_rows=5)
    view = rows.subset()
    with caplog.at_level(logging.DEBUG, logger="coreselect.rows"):
        _gram(view)
    assert [(r.done, r.total) for r in caplog.records] == [(k, 5) for k in range(1, 6)]


# --- values that are not finite ---


def _damaged(make):
    X = VALUES.copy()
    X[3, 1] = X[20, 1] = np.nan
    X[9, 2] = np.inf
    X[12, 2] = -np.inf
    return make(X)


each_layout = pytest.mark.parametrize(
    "make",
    [np.asarray, np.asfortranarray, sparse.csr_array, partial(np.asarray, dtype="f4")],
    ids=["C", "Fortran", "CSR", "float32"],
)


@pytest.mark.parametrize("block_rows", [1, 5, 23])
@each_layout
def test_nonfinite_values_are_named_and_counted_over_all_rows(make, block_rows):
    rows = coreselect.rows.open(_damaged(make), block_rows=block_rows)
    message = (
        "Input X contains NaN and infinity: 2 x NaN in column 1, "
        "2 x infinity in column 2; 4 values in all"
    )
    for attempt in (
        _gram,
        lambda r: r.map(lambda b: b.weight),
        lambda r: r.gather([3]),
    ):
        with pytest.raises(ValueError, match=message):
            attempt(rows)


@each_layout
def test_every_pass_refuses_them_anew(make):
    rows = coreselect.rows.open(_damaged(make), block_rows=5)
    for _ in range(2):
        with pytest.raises(ValueError, match="contains NaN"):
            rows.check_finite()


@each_layout
def test_finite_rows_can_be_gathered_from_damaged_data(make):
    block = coreselect.rows.open(_damaged(make)).gather([0, 5])
    assert_array_equal(_dense(block.X), VALUES[[0, 5]])


@each_layout
def test_nonfinite_values_in_rows_of_weight_0_are_refused_too(make):
    weight = np.ones(23)
    weight[[3, 9, 12, 20]] = 0
    view = coreselect.rows.open(_damaged(make), None, weight, block_rows=5).subset()
    with pytest.raises(
        ValueError, match="2 x NaN in column 1, 2 x infinity in column 2"
    ):
        _gram(view)
    with pytest.raises(ValueError, match="contains NaN and infinity"):
        view.check_finite()


def test_a_long_list_of_damaged_columns_is_cut_short():
    X = np.full((5, 40), np.nan)
    with pytest.raises(ValueError, match="200 values in all") as caught:
        coreselect.rows.open(X).check_finite()
    assert len(str(caught.value)) < 700


def test_a_sum_that_overflows_is_no_infinity():
    X = np.full((10, 2), 1e308)
    assert_array_equal(coreselect.rows.open(X).map(lambda b: b.X), X)


def test_values_beyond_float32_in_the_sum_are_fine():
    X = np.full((10, 2), 3e38, dtype=np.float32)
    assert_array_equal(coreselect.rows.open(X).map(lambda b: b.X), X)


def test_check_finite_reads_only_what_no_pass_has_read(monkeypatch):
    rows = coreselect.rows.open(VALUES, block_rows=5)
    _gram(rows)
    monkeypatch.setattr(rows._holder, "blocks", None)
    rows.check_finite()


# --- what is no table of numbers ---


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (np.ones(3), ValueError, "X: Expected 2D array, got 1D array"),
        (np.ones((2, 2, 2)), ValueError, "X: Found array with dim 3"),
        (5.0, ValueError, "X: Expected 2D array, got scalar"),
        (None, ValueError, "X: Expected 2D array, got scalar"),
        ({"a": [1, 2]}, TypeError, r"X is a dict.*pandas.DataFrame\(X\)"),
        (np.ones((0, 2)), ValueError, "0 sample"),
        (np.ones((2, 0)), ValueError, "0 feature"),
        ([], ValueError, "X: Expected 2D array, got 1D array"),
        ([[1.0], [2.0, 3.0]], ValueError, "X must be one array.*inhomogeneous"),
        (np.ones((2, 2)) * 1j, ValueError, "X: Complex data not supported"),
        ([["a", "b"]], ValueError, "X: .*strings"),
        ([["1", "2"]], ValueError, "X: .*strings"),
        (np.array([["a", 1.0]], dtype=object), ValueError, "X: .*'a'"),
        (np.array([[{}, 1.0]], dtype=object), (TypeError, ValueError), "X: .*dict"),
        (np.array([["2020-01-01"]], "M8[D]"), ValueError, "X must hold numbers"),
        (np.zeros(3, dtype=[("a", float)]), ValueError, "X: Expected 2D"),
        (sparse.csr_array((0, 3)), ValueError, "0 sample"),
        (sparse.csr_array(np.ones((2, 2)) * 1j), ValueError, "X: Complex data"),
        (sparse.coo_array(np.ones(3)), ValueError, "X: (Expected 2D|.* 1d sparse)"),
    ],
    ids=lambda value: str(value)[:20].replace("\n", " "),
)
def test_data_that_are_no_table_of_numbers(data, error, message):
    with pytest.raises(error, match=message):
        coreselect.rows.open(data)


def test_masked_values_are_missing_values():
    X = np.ma.masked_array(VALUES, mask=VALUES == 2)
    with pytest.raises(ValueError, match="masked"):
        coreselect.rows.open(X)
    whole = np.ma.masked_array(VALUES, mask=False)
    assert_allclose(_gram(coreselect.rows.open(whole)), VALUES.T @ VALUES)


def test_missing_objects_are_missing_values():
    X = VALUES.astype(object)
    X[3, 2] = None
    with pytest.raises(ValueError, match="1 x NaN in column 2"):
        coreselect.rows.open(X).check_finite()


# --- sparse matrices are checked before compiled code trusts them ---


def _corrupt(kind, **parts):
    """Return a sparse matrix of 4 x 3 that SciPy did not check again."""
    X = sparse.random(4, 3, 0.5, format=kind, random_state=0)
    for name, values in parts.items():
        setattr(X, name, np.asarray(values, dtype=np.int32))
    return X


def _corrupt_lists(column):
    X = sparse.lil_matrix(np.eye(4, 3))
    X.rows[2] = [column]
    return X


def _corrupt_keys():
    X = sparse.dok_matrix(np.eye(4, 3))
    X._dict[10**8, 0] = 1.0
    return X


CORRUPT = {
    "lists of columns beyond": _corrupt_lists(10**8),
    "lists of negative columns": _corrupt_lists(-7),
    "keys beyond": _corrupt_keys(),
    "columns beyond": _corrupt("csr", indices=[0, 1, 2, 0, 10**8, 0]),
    "a negative column": _corrupt("csr", indices=[0, 1, 2, 0, -(10**8), 0]),
    "pointers that fall": _corrupt("csr", indptr=[0, 10**8, 2, 4, 6]),
    "pointers that fall to 0": _corrupt("csr", indptr=[0, 10**8, 0, 0, 0]),
    "a negative pointer": _corrupt("csr", indptr=[0, -5, 2, 4, 6]),
    "pointers not from 0": _corrupt("csr", indptr=[1, 2, 3, 4, 6]),
    "pointers beyond": _corrupt("csr", indptr=[0, 2, 3, 4, 10**8]),
    "too few pointers": _corrupt("csr", indptr=[0, 6]),
    "rows beyond": _corrupt("csc", indices=[0, 1, 2, 0, 10**8, 0]),
    "column pointers": _corrupt("csc", indptr=[0, 10**8, 2, 6]),
    "coordinates": _corrupt("coo", row=[0, 1, 2, 3, 10**8, 0]),
    "negative coordinates": _corrupt("coo", col=[0, 1, 2, 0, -7, 0]),
}  # fmt: skip
each_damage = pytest.mark.parametrize("X", CORRUPT.values(), ids=CORRUPT)


@each_damage
def test_damaged_sparse_matrices_are_refused_before_they_are_used(X):
    before = {
        name: np.copy(value) for name, value in vars(X).items() if name != "coords"
    }
    for attempt in (
        lambda: coreselect.rows.open(X, name="candidates"),
        lambda: coreselect.transport.nearest(np.ones((2, 3)), X, 1),
        lambda: coreselect.neighbors.nearest_neighbors(X, 1),
        lambda: coreselect.RandomUnderSampler().fit_resample(X, [0, 0, 0, 1]),
        lambda: coreselect.RandomOverSampler().fit_resample(X, [0, 0, 0, 1]),
    ):
        with pytest.raises(ValueError, match="damaged sparse matrix"):
            attempt()
    with pytest.raises(ValueError, match="damaged sparse matrix"):
        take_rows(X, np.arange(4))
    for name, value in before.items():
        assert_array_equal(vars(X)[name], value)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "lil", "dok", "dia"])
def test_sound_sparse_matrices_of_every_kind_pass(kind):
    X = sparse.random(6, 4, 0.4, format="csr", random_state=0)
    given = X.asformat(kind)
    assert_array_equal(
        coreselect.rows.open(given).map(lambda b: b.X.toarray()), X.toarray()
    )
    taken = take_rows(given, [5, 0])
    assert taken.format == kind
    assert_array_equal(taken.toarray(), X.toarray()[[5, 0]])


# --- row numbers ---


@pytest.mark.parametrize(
    ("indices", "error", "message"),
    [
        ([0.5, 2.5], TypeError, r"indices must hold row num.*float64, \[0.5, 2.5\]"),
        ([1.0, 2.0], TypeError, "indices must hold row numbers"),
        ([True, False, True], TypeError, "bool.*flatnonzero"),
        (["a"], TypeError, "indices must hold row numbers"),
        ([-1], IndexError, "no row -1 of .*: rows are 0 to 22"),
        ([23, 4], IndexError, "no row 23 of .*: rows are 0 to 22"),
        ([2**64 - 1], IndexError, "no row 18446744073709551615"),
        ([[0]], ValueError, "indices must be 1-dimensional"),
        (3, ValueError, "indices must be 1-dimensional"),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize(
    "make",
    [np.array, sparse.csr_matrix, pd.DataFrame, np.ndarray.tolist, coreselect.rows.open,
     lambda X: pa.table({"a": X[:, 0]}), lambda X: pl.DataFrame(X)],
)  # fmt: skip
def test_row_numbers_that_are_none_are_named(make, indices, error, message):
    with pytest.raises(error, match=message):
        take_rows(make(VALUES), indices)


# --- what is a number ---


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.array([["1", 2.0]], dtype=object), r"not numbers: 0 \(str\)"),
        (np.array([[1.0, "2"], [1, b"3"]], dtype=object), r"1 \(bytes, str\)"),
        ([["1", None]], r"0 \(str\)"),
        (np.array([[1, np.datetime64(3, "s")]], dtype=object), r"1 \(datetime64\)"),
        (np.array([[1, np.timedelta64(3, "s")]], dtype=object), r"1 \(timedelta64\)"),
        (np.array([["1", "2"]]), "X: "),
        (np.array([[np.datetime64(3, "s")]]), "X must hold numbers"),
    ],
    ids=str,
)
def test_columns_of_arrays_that_are_not_numbers_are_named(X, message):
    """By type: text that reads like a number is text."""
    with pytest.raises((TypeError, ValueError), match=message):
        coreselect.rows.open(X)


def test_objects_that_are_numbers_are_numbers():
    X = np.array(
        [[1, Decimal("2.5")], [True, Fraction(1, 2)], [np.float32(3), 4]], object
    )
    assert_array_equal(
        coreselect.rows.open(X).map(lambda b: b.X), [[1, 2.5], [1, 0.5], [3, 4]]
    )


@pytest.mark.parametrize("dtype", [">f4", "<f4", ">f8", ">i4", "<u8", "?", "f2", "g"])
def test_bytes_in_either_order_are_numbers(dtype):
    X = np.array([[1, 0], [1, 1]], dtype=dtype)
    rows = coreselect.rows.open(X)
    assert rows.dtype == (np.float32 if dtype[1:] == "f4" else np.float64)
    assert rows.map(lambda b: b.X).dtype.isnative
    assert_array_equal(rows.map(lambda b: b.X), [[1, 0], [1, 1]])


def test_rows_without_weights_weigh_one_each():
    X = np.zeros((3, 1))
    plain = coreselect.rows.open(X)
    weighted = coreselect.rows.open(X, sample_weight=[0.5, 0.0, 4.0])
    assert_array_equal(plain.each_weight(), np.ones(3))
    assert plain.total_weight == 3
    assert_array_equal(weighted.each_weight(), [0.5, 0.0, 4.0])
    assert weighted.total_weight == 4.5


def test_rows_with_targets_are_rows():
    """Every operation sees the targets as last columns, also in views of views."""
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(7, 2)), rng.normal(size=7), np.arange(7.0)
    rows = WithTargets(coreselect.rows.open(X, y, weight, block_rows=3))
    wanted = np.column_stack([X, y])
    assert rows.n_features == 3
    assert rows.total_weight == 21
    for view, numbers in ((rows, slice(None)), (rows.subset(), slice(1, None))):
        assert_array_equal(view.each_weight(), weight[numbers])
        assert_array_equal(view.whole().X, wanted[numbers])
        assert_array_equal(view.map(lambda block: block.X), wanted[numbers])
        assert_array_equal(view.gather([2, 0]).X, wanted[numbers][[2, 0]])
        assert view.reduce(lambda block: block.X.shape[1], min) == 3

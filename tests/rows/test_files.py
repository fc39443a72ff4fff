"""Rows of Parquet and npy files, and files that are written whole or not at all."""

import decimal
import os
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

import coreselect.rows
from coreselect.rows import count_rows, numeric_columns, parquet, take_rows

N = 23
FEATURES = np.random.default_rng(0).integers(-9, 9, size=(N, 3)).astype(np.float64)
ORDERS = [[], [7], [22, 0, 7], [3, 3, 0, 3], list(range(N)), list(range(N - 1, -1, -1))]
# Sizes of row groups: none fits the blocks below; some are empty.
GROUPS = {
    "one group": [23],
    "odd groups": [1, 7, 2, 10, 3],
    "empty groups": [0, 9, 0, 0, 14, 0],
    "a row each": [1] * 23,
}
each_cut = pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS)


def _table():
    return pa.table(
        {
            "word": pa.array([f"w{i % 3}" for i in range(N)]).dictionary_encode(),
            "a": FEATURES[:, 0],
            "b": FEATURES[:, 1].astype(np.int16),
            "c": FEATURES[:, 2].astype(np.float32),
            "name": [f"row {i}" for i in range(N)],
            "nested": [{"a": i, "b": [i]} for i in range(N)],
            "list": [[i] * (i % 3) for i in range(N)],
            "time": pa.array(range(N), pa.timestamp("us", "UTC")),
            "weight": np.arange(N) * 0.5,
        }
    ).replace_schema_metadata({"origin": "here"})


def _write(path, table, groups):
    with pq.ParquetWriter(path, table.schema) as writer:
        first = 0
        for size in groups:
            writer.write_table(table.slice(first, size))
            first += size
    return str(path)


@pytest.fixture
def path(tmp_path):
    return _write(tmp_path / "data.parquet", _table(), GROUPS["odd groups"])


def _write_columns(folder, **columns):
    path = str(folder / "columns.parquet")
    pq.write_table(pa.table(columns), path)
    return path


def _heights(rows):
    return rows.reduce(lambda b: [(b.start, len(b.X))], lambda a, b: a + b)


# --- Parquet: passes ---


@pytest.mark.parametrize("block_rows", [1, 4, 9, 22, 23, 100])
@each_cut
def test_blocks_do_not_depend_on_row_groups(tmp_path, groups, block_rows):
    path = _write(tmp_path / "data.parquet", _table(), groups)
    assert pq.ParquetFile(path).metadata.num_row_groups == len(groups)
    rows = coreselect.rows.open(
        path, "name", "weight", columns=["a", "b", "c"], block_rows=block_rows
    )
    starts = range(0, N, block_rows)
    assert _heights(rows) == [(start, min(block_rows, N - start)) for start in starts]
    assert_array_equal(rows.map(lambda b: b.X), FEATURES)
    assert rows.map(lambda b: b.y).tolist() == [f"row {i}" for i in range(N)]
    assert_array_equal(rows.map(lambda b: b.weight), np.arange(N) * 0.5)


@pytest.mark.parametrize("batch_rows", [1, 3, 10])
def test_blocks_do_not_depend_on_how_much_is_read_at_a_time(
    path, monkeypatch, batch_rows
):
    monkeypatch.setattr(coreselect.rows.parquet, "_BATCH_ROWS", batch_rows)
    rows = coreselect.rows.open(path, columns=["a", "b", "c"], block_rows=4)
    assert_array_equal(rows.map(lambda b: b.X), FEATURES)
    assert_array_equal(rows.gather([22, 0, 22]).X, FEATURES[[22, 0, 22]])
    assert rows.take([22, 0]).column("name").to_pylist() == ["row 22", "row 0"]


def test_numeric_columns_are_the_features(path):
    rows = coreselect.rows.open(path)
    assert rows.feature_names == ["a", "b", "c", "weight"] == numeric_columns(path)
    assert (rows.n_rows, rows.n_features, rows.dtype) == (N, 4, np.float64)
    assert rows.is_sparse is False
    assert count_rows(path) == N


def test_targets_weights_and_excluded_columns_are_no_features(path):
    rows = coreselect.rows.open(path, "a", "weight", exclude=["b", "name"])
    assert rows.feature_names == ["c"]
    assert rows.dtype == np.float32
    assert_array_equal(rows.map(lambda b: b.X)[:, 0], FEATURES[:, 2])
    assert_array_equal(rows.y, FEATURES[:, 0])
    assert_array_equal(rows.weight, np.arange(N) * 0.5)


def test_features_come_in_the_order_named(path):
    rows = coreselect.rows.open(path, columns=["c", "a"], block_rows=5)
    assert rows.feature_names == ["c", "a"]
    assert_array_equal(rows.map(lambda b: b.X), FEATURES[:, [2, 0]])
    assert_array_equal(rows.gather([9, 1, 9]).X, FEATURES[[9, 1, 9]][:, [2, 0]])


def test_a_path_may_be_a_path_object_and_end_in_pq(path, tmp_path):
    other = tmp_path / "data.PQ"
    os.rename(path, other)
    assert count_rows(other) == N
    assert coreselect.rows.open(other).n_rows == N
    assert numeric_columns(other) == ["a", "b", "c", "weight"]
    assert take_rows(other, [3]).num_rows == 1


NUMBERS = {
    "bool": pa.array([True, False]),
    "int64 beyond 2**53": pa.array([2**53 + 1, -(2**53) - 1]),
    "uint64": pa.array([2**64 - 1, 0], pa.uint64()),
    "int8": pa.array([-128, 127], pa.int8()),
    "float16": pa.array(np.array([0.5, 1], np.float16)),
    "decimal": pa.array([decimal.Decimal("1.25"), decimal.Decimal(-3)]),
}


@pytest.mark.parametrize("column", NUMBERS.values(), ids=NUMBERS)
def test_numbers_of_every_type_become_float64(tmp_path, column):
    path = _write_columns(tmp_path, x=column)
    rows = coreselect.rows.open(path)
    expected = [[float(value)] for value in column.to_pylist()]
    assert rows.map(lambda b: b.X).tolist() == expected
    assert rows.gather([1]).X.tolist() == expected[1:]
    assert rows.gather([1]).X.dtype == rows.dtype == np.float64


def test_other_columns_with_a_dot_in_their_name_do_not_interfere(tmp_path):
    path = _write_columns(
        tmp_path, **{"a": [1.0, 2.0], "a.b": [3.0, 4.0], "b": [{"c": 1}] * 2}
    )
    rows = coreselect.rows.open(path, columns=["a"])
    assert_array_equal(rows.map(lambda b: b.X), [[1], [2]])
    assert_array_equal(rows.gather([1]).X, [[2]])
    assert_array_equal(coreselect.rows.open(path, columns=["a.b"]).gather([1]).X, [[4]])
    assert_array_equal(coreselect.rows.open(path, "a.b").y, [3, 4])


@pytest.mark.parametrize(
    ("column", "expected", "kind"),
    [
        (pa.array(["u", "v", "u"]).dictionary_encode(), ["u", "v", "u"], "O"),
        (pa.array(["u", "v", "w"]), ["u", "v", "w"], "O"),
        (pa.array([decimal.Decimal(1), decimal.Decimal("0.5"), 2]), [1, 0.5, 2], "f"),
        (pa.array([True, False, True]), [True, False, True], "b"),
        (pa.array([3, 4, 5], pa.int8()), [3, 4, 5], "i"),
    ],
    ids=["dictionary", "string", "decimal", "bool", "int"],
)
def test_targets_of_every_type(tmp_path, column, expected, kind):
    path = str(tmp_path / "data.parquet")
    _write(path, pa.table({"x": [1.0, 2.0, 3.0], "t": column}), [1, 2])
    y = coreselect.rows.open(path, y="t").y
    assert y.tolist() == expected
    assert y.dtype.kind == kind


def test_a_view_without_rows_of_weight_0(path):
    weight = np.ones(N)
    weight[[0, 1, 2, 3, 9, 20, 21, 22]] = 0
    kept = np.flatnonzero(weight)
    rows = coreselect.rows.open(
        path, None, weight, columns=["a", "b", "c"], block_rows=4
    )
    view = rows.subset()
    assert_array_equal(view.map(lambda b: b.X), FEATURES[kept])
    assert_array_equal(view.gather([14, 0, 0]).X, FEATURES[kept[[14, 0, 0]]])
    assert view.take([14, 0]).column("name").to_pylist() == ["row 19", "row 4"]


# --- Parquet: take and gather ---


@pytest.mark.parametrize("order", ORDERS, ids=str)
@each_cut
def test_take_has_all_columns_in_the_order_asked(tmp_path, groups, order):
    table = _table()
    path = _write(tmp_path / "data.parquet", table, groups)
    for taken in (take_rows(path, order), coreselect.rows.open(path).take(order)):
        assert taken.schema.equals(pq.read_schema(path), check_metadata=True)
        assert taken.to_pylist() == [table.slice(i, 1).to_pylist()[0] for i in order]


@pytest.mark.parametrize("order", ORDERS, ids=str)
@each_cut
def test_gather_is_one_block_in_the_order_asked(tmp_path, groups, order):
    path = _write(tmp_path / "data.parquet", _table(), groups)
    rows = coreselect.rows.open(path, "name", "weight", columns=["a", "b", "c"])
    block = rows.gather(order)
    assert_array_equal(block.X, FEATURES[np.array(order, dtype=int)])
    assert list(block.y) == [f"row {i}" for i in order]
    assert_array_equal(block.weight, np.array(order) * 0.5)


@pytest.mark.parametrize("order", [[23], [0, 100], [-1], [-24, 3]], ids=str)
def test_rows_that_a_file_does_not_have(path, order):
    wrong = order[0] if order[0] < 0 else order[-1]
    for attempt in (
        lambda: take_rows(path, order),
        lambda: coreselect.rows.open(path).gather(order),
    ):
        with pytest.raises(IndexError, match=f"no row {wrong} of (.*data.parquet|X)"):
            attempt()


def test_take_reads_only_row_groups_that_hold_rows(path, monkeypatch):
    read = []
    iter_batches = pq.ParquetFile.iter_batches

    def recorded(self, batch_size, row_groups, *args, **keywords):
        read.extend(row_groups)
        return iter_batches(self, batch_size, row_groups, *args, **keywords)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", recorded)
    take_rows(path, [21, 2, 3, 20])  # groups of 1, 7, 2, 10 and 3 rows
    assert read == [1, 4]


def test_take_opens_the_file_a_fixed_number_of_times(tmp_path, monkeypatch):
    """The footer is long where there are many row groups."""
    path = _write(tmp_path / "data.parquet", _table(), GROUPS["a row each"])
    opened = []
    init = pq.ParquetFile.__init__
    monkeypatch.setattr(
        pq.ParquetFile,
        "__init__",
        lambda self, *a, **k: (opened.append(1), init(self, *a, **k))[0],
    )
    take_rows(path, range(N))
    assert len(opened) == 2


def test_repeated_names_matter_only_where_they_are_asked_for(tmp_path):
    path = str(tmp_path / "data.parquet")
    table = pa.table([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], names=["a", "a", "b"])
    pq.write_table(table, path)
    for arguments in ({}, {"columns": ["a"]}, {"columns": ["b"], "y": "a"}):
        with pytest.raises(ValueError, match=r"same name: 'a' \(2 times\)"):
            coreselect.rows.open(path, **arguments)
    rows = coreselect.rows.open(path, columns=["b"])
    assert_array_equal(rows.map(lambda b: b.X), [[5], [6]])
    assert_array_equal(rows.gather([1]).X, [[6]])
    assert take_rows(path, [1]).equals(table.slice(1))


# --- Parquet: never loaded whole ---


@pytest.fixture
def no_whole_reads(monkeypatch):
    """Break every way to read a Parquet file, or a whole row group, at once."""

    def fail(*args, **keywords):
        raise AssertionError("read whole")

    for owner, name in (
        (pq, "read_table"),
        (pq, "ParquetDataset"),
        (pq.ParquetFile, "read"),
        (pq.ParquetFile, "read_row_group"),
        (pq.ParquetFile, "read_row_groups"),
    ):
        monkeypatch.setattr(owner, name, fail)


@pytest.mark.usefixtures("no_whole_reads")
def test_no_file_or_row_group_is_read_whole(path):
    with pytest.raises(AssertionError, match="read whole"):
        pq.read_table(path)
    rows = coreselect.rows.open(path, "word", "weight", block_rows=5)
    n = count_rows(path)
    assert len(rows.map(lambda b: b.X)) == n
    assert rows.reduce(lambda b: len(b.X), lambda a, b: a + b) == n
    assert_array_equal(rows.gather([3]).X, rows.map(lambda b: b.X)[[3]])
    assert len(rows.take([3])) == 1


def test_memory_stays_far_below_the_size_of_a_row_group(tmp_path):
    """pyarrow by itself reads a row group ahead: 48 MB here."""
    path = str(tmp_path / "giant.parquet")
    n = 1_500_000
    columns = {f"c{j}": np.random.default_rng(j).random(n) for j in range(4)}
    pq.write_table(
        pa.table(columns),
        path,
        row_group_size=n,
        compression="none",
        use_dictionary=False,
    )
    columns.clear()
    assert pq.ParquetFile(path).metadata.num_row_groups == 1
    assert os.path.getsize(path) > 47e6
    before = pa.total_allocated_bytes()
    rows = coreselect.rows.open(path, block_rows=100_000)
    held = rows.map(lambda b: np.full(len(b.X), pa.total_allocated_bytes() - before))
    assert 0 < held.max() < 16e6
    assert take_rows(path, [n - 1, 0]).num_rows == 2


def test_wide_files_are_read_in_fewer_rows_at_a_time(tmp_path):
    """65,536 rows of 2,000 columns would be 1 GB."""
    path = str(tmp_path / "wide.parquet")
    n = 3000
    table = pa.table({f"c{j}": np.zeros(n, dtype=np.float32) for j in range(2000)})
    pq.write_table(table, path)
    read = []
    original = pq.ParquetFile.iter_batches

    def recorded(self, *args, **keywords):
        for batch in original(self, *args, **keywords):
            read.append(batch.num_rows * batch.num_columns * 4)
            yield batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pq.ParquetFile, "iter_batches", recorded)
        coreselect.rows.open(path).check_finite()
        take_rows(path, [5])
    assert len(read) > 2
    assert max(read) <= 2**24


# --- Parquet: what is wrong is named ---


def test_nulls_are_named_and_counted_over_the_whole_file(tmp_path):
    table = pa.table(
        {"a": [1.0, None, 3.0, None], "b": [1, 2, 3, 4], "c": [1, 2, 3, None]}
    )
    path = _write(tmp_path / "data.parquet", table, [2, 2])
    rows = coreselect.rows.open(path, block_rows=2)
    for attempt in (rows.check_finite, lambda: rows.gather([1]), lambda: rows.map(len)):
        with pytest.raises(ValueError, match="2 in column 'a', 1 in column 'c'"):
            attempt()
    coreselect.rows.open(path, columns=["b"]).check_finite()
    assert take_rows(path, [1]).to_pylist() == [{"a": None, "b": 2, "c": 2}]


def test_nan_and_infinity_are_named_and_counted(tmp_path):
    table = pa.table({"a": [1.0, np.nan, 3.0, np.nan], "b": [1.0, 2.0, 3.0, -np.inf]})
    path = _write(tmp_path / "data.parquet", table, [1, 3])
    rows = coreselect.rows.open(path, block_rows=2)
    message = "2 x NaN in column 'a', 1 x infinity in column 'b'; 3 values in all"
    for attempt in (rows.check_finite, lambda: rows.gather([1])):
        with pytest.raises(ValueError, match=message):
            attempt()


@pytest.mark.parametrize("argument", ["y", "sample_weight"])
def test_missing_targets_and_weights_are_counted(tmp_path, argument):
    path = _write_columns(tmp_path, x=[1.0, 2.0, 3.0], t=[1, None, None])
    with pytest.raises(ValueError, match=f"{argument}='t'.* 2 missing values"):
        coreselect.rows.open(path, **{argument: "t"})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"columns": ["a", "z"]}, ValueError, "no column 'z'; there are 'word', 'a'"),
        ({"exclude": ["z"]}, ValueError, "exclude: there is no column 'z'"),
        ({"y": "z"}, ValueError, "y: there is no column 'z'"),
        ({"sample_weight": "z"}, ValueError, "sample_weight: there is no column 'z'"),
        ({"columns": "a"}, TypeError, "columns must be a list of names, got 'a'"),
        ({"columns": ["a"], "exclude": ["a"]}, ValueError, r"columns names \['a'\]"),
        ({"columns": ["a"], "y": "a"}, ValueError, r"columns names \['a'\]"),
        ({"columns": ["a", "name"]}, ValueError, r"not numbers: 'name' \(string\)"),
        ({"columns": ["list", "nested", "word"]}, ValueError, "'list' .*'nested' .*'w"),
        ({"columns": ["nested.a"]}, ValueError, "no column 'nested.a'"),
        ({"columns": []}, ValueError, "no numeric column"),
        ({"exclude": ["a", "b", "c", "weight"]}, ValueError, "no numeric column"),
        ({"sample_weight": "name"}, ValueError, "sample_weight must hold numbers"),
        ({"sample_weight": "a"}, ValueError, "sample_weight must not be negative"),
        ({"y": np.ones(3)}, ValueError, "y has 3 values for 23 rows"),
    ],
    ids=str,
)  # fmt: skip
def test_arguments_that_do_not_fit_the_file(path, arguments, error, message):
    with pytest.raises(error, match=message):
        coreselect.rows.open(path, **arguments)


def test_a_file_without_numeric_columns_says_what_it_has(tmp_path):
    path = _write_columns(tmp_path, s=["x"], l=[[1]])
    with pytest.raises(ValueError, match=r"no numeric column .*'s' \(string\), 'l'"):
        coreselect.rows.open(path)
    assert numeric_columns(path) == []
    assert take_rows(path, [0]).to_pylist() == [{"s": "x", "l": [1]}]


@pytest.mark.parametrize("groups", [[], [0], [0, 0]], ids=str)
def test_a_file_without_rows(tmp_path, groups):
    path = _write(tmp_path / "data.parquet", _table()[:0], groups)
    with pytest.raises(ValueError, match="0 sample"):
        coreselect.rows.open(path)
    assert count_rows(path) == 0
    assert take_rows(path, []).schema.equals(_table().schema)


def _damage(path, how):
    with open(path, "rb") as file:
        content = file.read()
    content = {
        "cut in half": content[: len(content) // 2],
        "cut by a byte": content[:-1],
        "garbage": b"garbage " * 100,
        "text": b"a,b\n1,2\n",
        "empty": b"",
        "damaged footer": content[:-40] + b"\xff" * 32 + content[-8:],
    }[how]
    with open(path, "wb") as file:
        file.write(content)


@pytest.mark.parametrize(
    "how",
    ["cut in half", "cut by a byte", "garbage", "text", "empty", "damaged footer"],
)
@pytest.mark.parametrize(
    "use",
    [coreselect.rows.open, count_rows, numeric_columns, lambda p: take_rows(p, [0])],
)
def test_a_damaged_file_is_named(path, how, use):
    _damage(path, how)
    with pytest.raises(ValueError, match=r"data.parquet' cannot be read as"):
        use(path)


def test_a_file_damaged_inside_is_named(path):
    rows = coreselect.rows.open(path, columns=["a"])
    status = os.stat(path)
    with open(path, "r+b") as file:
        file.seek(4)
        file.write(b"\xff" * 600)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    for attempt in (
        rows.check_finite,
        lambda: rows.gather([0]),
        lambda: rows.take([0]),
    ):
        with pytest.raises(ValueError, match=r"data.parquet' cannot be read as"):
            attempt()


@pytest.mark.parametrize("name", ["data.parquet", "data.npy", "data.csv", "data"])
@pytest.mark.parametrize(
    "use",
    [coreselect.rows.open, count_rows, numeric_columns, lambda p: take_rows(p, [0])],
)
def test_a_path_where_no_file_is(tmp_path, name, use):
    with pytest.raises(FileNotFoundError, match=f"{name}': there is no such file"):
        use(tmp_path / name)
    (tmp_path / name).mkdir()
    with pytest.raises(IsADirectoryError, match=f"{name}' is a directory"):
        use(tmp_path / name)


@pytest.mark.parametrize("name", ["data", "data.xlsx", "data.parquet.gz"])
def test_files_of_other_types(tmp_path, name):
    (tmp_path / name).write_text("1,2")
    with pytest.raises(ValueError, match=r"use .csv, .tsv, .parquet"):
        coreselect.rows.open(tmp_path / name)


def test_a_file_that_changes_between_passes(path):
    rows = coreselect.rows.open(path, columns=["a"])
    rows.check_finite()
    _write(path, _table().slice(0, N - 1), [N - 1])
    for attempt in (
        lambda: rows.map(lambda b: b.X),
        lambda: rows.gather([0]),
        lambda: rows.take([0]),
    ):
        with pytest.raises(ValueError, match=r"data.parquet' changed while"):
            attempt()


def test_a_file_that_changes_within_a_pass(path, monkeypatch):
    """The layout stays, so that old and new rows could be mixed."""
    monkeypatch.setattr(parquet, "_BATCH_ROWS", 5)
    pq.write_table(_table(), path, row_group_size=5)
    rows = coreselect.rows.open(path, columns=["a"], block_rows=5)

    def rewrite(block):
        pq.write_table(_table(), path, row_group_size=5)
        os.utime(path, ns=(0, 0))

    with pytest.raises(ValueError, match=r"data.parquet' changed while"):
        rows.reduce(rewrite, lambda a, b: None)


def test_a_file_that_is_written_anew_is_changed_whatever_its_size(path):
    rows = coreselect.rows.open(path, columns=["a"])
    with open(path, "r+b") as file:  # as long as before, and still a Parquet file
        file.write(b"PAR1")
    os.utime(path, ns=(1, 1))
    with pytest.raises(ValueError, match="changed while it was read"):
        rows.map(lambda b: b.X)


def test_a_file_that_vanishes_between_passes(path):
    rows = coreselect.rows.open(path, columns=["a"])
    os.unlink(path)
    with pytest.raises(FileNotFoundError, match=r"data.parquet': there is no"):
        rows.check_finite()


@pytest.mark.parametrize(
    ("name", "opener"),
    [
        ("data.parquet", "pyarrow.parquet.ParquetFile"),
        ("data.npy", "numpy.lib.format.open_memmap"),
    ],
)
def test_a_file_that_may_not_be_read_is_not_called_damaged(
    tmp_path, monkeypatch, name, opener
):
    def refuse(path, **keywords):
        raise PermissionError(f"Permission denied: {path}")

    (tmp_path / name).write_bytes(b"")
    monkeypatch.setattr(opener, refuse)
    with pytest.raises(PermissionError, match=name):
        coreselect.rows.open(tmp_path / name)


def test_no_file_stays_open(path):
    """Even of a pass that ends half-way."""

    def stop(block):
        raise ZeroDivisionError

    descriptors = "/proc/self/fd"
    if not os.path.isdir(descriptors):
        pytest.skip("needs /proc")
    before = len(os.listdir(descriptors))
    rows = coreselect.rows.open(path, block_rows=2)
    with pytest.raises(ZeroDivisionError):
        rows.map(stop)
    rows.map(lambda b: b.X)
    rows.gather([0])
    assert len(os.listdir(descriptors)) == before


# --- npy ---


@pytest.fixture
def npy(tmp_path):
    path = tmp_path / "data.npy"
    np.save(path, FEATURES)
    return str(path)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i2", ">f8", "f2"])
@pytest.mark.parametrize("order", "CF")
def test_npy_files_are_rows_of_arrays(tmp_path, dtype, order):
    path = tmp_path / "data.npy"
    np.save(path, np.asarray(FEATURES, dtype=dtype, order=order))
    rows = coreselect.rows.open(path, np.arange(N), block_rows=5)
    assert rows.dtype == (np.float32 if dtype == "f4" else np.float64)
    assert_array_equal(rows.map(lambda b: b.X), FEATURES)
    assert_array_equal(rows.gather([22, 0, 22]).X, FEATURES[[22, 0, 22]])
    for taken in (rows.take([22, 0]), take_rows(path, [22, 0])):
        assert type(taken) is np.ndarray
        assert taken.dtype == np.dtype(dtype)
        assert_array_equal(taken, FEATURES[[22, 0]])
    assert count_rows(path) == N


def test_npy_files_are_memory_maps(npy):
    rows = coreselect.rows.open(npy, block_rows=5)
    assert rows.reduce(lambda b: not b.X.flags.owndata, lambda a, b: a and b)


def test_a_npy_file_that_changes_while_it_is_open_is_refused(npy):
    """Its memory map would show zeros, or end the process where the file is shorter."""
    rows = coreselect.rows.open(npy, block_rows=5)
    np.save(npy, np.zeros((2, 3)))
    for attempt in (
        lambda: rows.map(lambda b: b.X),
        lambda: rows.gather([7]),
        lambda: rows.take([7]),
        rows.whole,
    ):
        with pytest.raises(ValueError, match=r"data.npy' changed while it was read"):
            attempt()


def test_a_npy_file_that_changes_within_a_pass_is_refused(npy):
    rows = coreselect.rows.open(npy, block_rows=5)

    def rewrite(block):
        np.save(npy, np.ones((N, 3)))
        os.utime(npy, ns=(0, 0))

    with pytest.raises(ValueError, match="changed while it was read"):
        rows.reduce(rewrite, lambda a, b: None)


def test_memory_maps_are_not_copied(npy):
    X = np.load(npy, mmap_mode="r")
    rows = coreselect.rows.open(X, block_rows=5)
    assert rows.reduce(lambda b: np.shares_memory(b.X, X), lambda a, b: a and b)
    taken = rows.take([3, 1])
    assert type(taken) is np.ndarray
    assert taken.flags.writeable


def test_take_of_npy_files_of_any_shape_and_type(tmp_path):
    """Labels or images beside the features."""
    labels = np.array(["x", "yy", "z"])
    np.save(tmp_path / "labels.npy", labels)
    assert count_rows(tmp_path / "labels.npy") == 3
    assert take_rows(tmp_path / "labels.npy", [2, 0]).tolist() == ["z", "x"]
    np.save(tmp_path / "images.npy", np.zeros((3, 4, 5), dtype=np.uint8))
    assert take_rows(tmp_path / "images.npy", [2, 0]).shape == (2, 4, 5)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones(3), "Expected 2D"),
        (np.ones((2, 2, 2)), "dim 3"),
        (np.ones((0, 3)), "0 sample"),
        (np.array([["x"]]), "strings"),
        (np.ones((2, 2)) * 1j, "Complex"),
        (np.array([[1, "x"]], dtype=object), "data.npy' cannot be read as a npy file"),
    ],
)
def test_npy_files_that_hold_no_table_of_numbers(tmp_path, array, message):
    np.save(tmp_path / "data.npy", array)
    with pytest.raises(ValueError, match=message):
        coreselect.rows.open(tmp_path / "data.npy")


@pytest.mark.parametrize(
    "how", ["cut in half", "cut by a byte", "garbage", "text", "empty"]
)
@pytest.mark.parametrize(
    "use", [coreselect.rows.open, count_rows, lambda p: take_rows(p, [0])]
)
def test_a_damaged_npy_file_is_named(npy, how, use):
    _damage(npy, how)
    with pytest.raises(ValueError, match=r"data.npy' cannot be read as a npy file"):
        use(npy)


def test_an_archive_is_no_npy_file(npy):
    with open(npy, "wb") as file:
        np.savez(file, X=FEATURES)
    with pytest.raises(ValueError, match=r"data.npy' cannot be read as a npy file"):
        coreselect.rows.open(npy)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"columns": ["a"]}, r"columns=\['a'\]: .*data.npy' has no column names"),
        ({"exclude": ["a"]}, r"exclude=\['a'\]: .*data.npy' has no column names"),
        ({"y": "a"}, "y='a' names a column"),
        ({"sample_weight": "a"}, "sample_weight='a' names a column"),
    ],
    ids=str,
)
def test_npy_files_have_no_column_names(npy, arguments, message):
    with pytest.raises(ValueError, match=message):
        coreselect.rows.open(npy, **arguments)


# --- extras ---


@pytest.mark.parametrize(
    "use",
    [coreselect.rows.open, count_rows, numeric_columns, lambda p: take_rows(p, [0])],
)
def test_a_missing_pyarrow_names_the_extra(path, monkeypatch, use):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ImportError, match=r"needs pyarrow.*pip install '\.\[io\]'"):
        use(path)


def test_arrays_and_npy_files_need_no_pyarrow(npy, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    coreselect.rows.open(npy).check_finite()
    coreselect.rows.open(FEATURES).check_finite()


def test_an_error_while_a_batch_is_used_is_not_called_damage(path, monkeypatch):
    """Only reading tells whether a file is damaged."""

    def fail(*_):
        raise pa.ArrowNotImplementedError("no kernel")

    rows = coreselect.rows.open(path, columns=["a", "b", "c"])
    for name, attempt in (
        ("take_arrow", lambda: rows.take([3])),
        ("arrow_numbers", rows.check_finite),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(coreselect.rows.tables, name, fail)
            with pytest.raises(pa.ArrowNotImplementedError, match=r"^no kernel$"):
                attempt()


@pytest.mark.parametrize("name", [None, "id"])
def test_the_index_of_a_pandas_frame_is_not_a_feature(tmp_path, name):
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]}, index=[7, 5])
    path = tmp_path / "frame.parquet"
    frame.rename_axis(name).to_parquet(path)
    rows = coreselect.rows.open(path)
    assert rows.feature_names == ["a", "b"]
    stored = name or "__index_level_0__"
    assert rows.take([1]).column_names == ["a", "b", stored]
    assert coreselect.rows.open(path, columns=[stored]).n_features == 1

"""Rows of data frames: pandas, polars and pyarrow tables."""

import datetime
import decimal

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal

import coreselect.rows
from coreselect.rows import count_rows, numeric_columns, take_rows

N = 11
COLUMNS = {
    "a": np.arange(N) * 0.5,
    "b": np.arange(N)[::-1].copy(),
    "flag": np.arange(N) % 3 == 0,
    "name": np.array([f"row {i}" for i in range(N)], dtype=object),
}
NUMBERS = np.column_stack([COLUMNS["a"], COLUMNS["b"], COLUMNS["flag"]])
ORDERS = [[], [7], [10, 0, 7], [3, 3, 0, 3], list(range(N)), list(range(N - 1, -1, -1))]


def _chunked(columns):
    table = pa.table(columns)
    return pa.concat_tables([table[:4], table[4:4], table[4:5], table[5:]])


FRAMES = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
    "pyarrow, chunked": _chunked,
    "pyarrow record batch": lambda c: pa.RecordBatch.from_pydict(c),
    "pandas, arrow types": lambda c: pa.table(c).to_pandas(types_mapper=pd.ArrowDtype),
    "pandas, nullable types": lambda c: pd.DataFrame(c).convert_dtypes(),
}
each_frame = pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
each_library = pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])


def _columns_of(frame):
    """Return a dict of lists, whatever the library."""
    if isinstance(frame, pd.DataFrame):
        return {name: frame[name].tolist() for name in frame.columns}
    return (
        frame.to_pydict()
        if isinstance(frame, (pa.Table, pa.RecordBatch))
        else frame.to_dict(as_series=False)
    )


# --- features ---


@pytest.mark.parametrize("block_rows", [1, 3, 4, 11, 50])
@each_frame
def test_columns_become_numbers_block_by_block(make, block_rows):
    rows = coreselect.rows.open(make(COLUMNS), exclude=["name"], block_rows=block_rows)
    assert rows.feature_names == ["a", "b", "flag"]
    assert rows.dtype == np.float64
    assert_array_equal(rows.map(lambda b: b.X), NUMBERS)
    starts = rows.reduce(lambda b: [b.start], lambda a, b: a + b)
    assert starts == list(range(0, N, block_rows))


@each_frame
def test_columns_come_in_the_order_named(make):
    rows = coreselect.rows.open(make(COLUMNS), columns=["flag", "a"])
    assert rows.feature_names == ["flag", "a"]
    assert_array_equal(rows.gather([9, 9, 1]).X, NUMBERS[[9, 9, 1]][:, [2, 0]])
    assert_array_equal(rows.map(lambda b: b.X), NUMBERS[:, [2, 0]])


@pytest.mark.parametrize(
    "names", [("a", "b"), np.array(["a", "b"]), pd.Index(["a", "b"])]
)
def test_names_come_in_any_sequence(names):
    rows = coreselect.rows.open(pd.DataFrame(COLUMNS), columns=names)
    assert rows.feature_names == ["a", "b"]
    rows = coreselect.rows.open(pd.DataFrame(COLUMNS), exclude=[*names, "name"])
    assert rows.feature_names == ["flag"]


@each_library
def test_float32_stays_where_all_columns_have_it(make):
    columns = {"a": np.arange(3, dtype=np.float32), "b": np.ones(3, dtype=np.float32)}
    rows = coreselect.rows.open(make(columns))
    assert rows.gather([1]).X.dtype == rows.dtype == np.float32
    columns["c"] = np.ones(3, dtype=np.int8)
    rows = coreselect.rows.open(make(columns))
    assert rows.gather([1]).X.dtype == rows.dtype == np.float64


@pytest.mark.parametrize("dtype", "i1 i2 i4 i8 u1 u2 u4 u8 f4 f8 ?".split())
@each_library
def test_numbers_of_every_type(make, dtype):
    column = np.array([0, 1, 1], dtype=dtype)
    rows = coreselect.rows.open(make({"a": column}))
    assert_array_equal(rows.map(lambda b: b.X).ravel(), [0, 1, 1])
    assert numeric_columns(make({"a": column, "s": ["x", "y", "z"]})) == ["a"]


@each_library
def test_integers_beyond_2_to_53_are_rounded(make):
    rows = coreselect.rows.open(make({"a": np.array([2**53 + 1, 3])}))
    assert_array_equal(rows.map(lambda b: b.X).ravel(), [2.0**53, 3])


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table])
def test_decimals_are_numbers(make):
    rows = coreselect.rows.open(
        make({"a": [decimal.Decimal("1.5"), decimal.Decimal("2.0")]})
    )
    assert_array_equal(rows.map(lambda b: b.X).ravel(), [1.5, 2])


def test_nullable_numbers_of_pandas():
    frame = pd.DataFrame(
        {
            "i": pd.array([1, 2], dtype="Int8"),
            "f": pd.array([0.5, 1], dtype="Float32"),
            "b": pd.array([True, False], dtype="boolean"),
        }
    )
    rows = coreselect.rows.open(frame)
    assert_array_equal(rows.map(lambda b: b.X), [[1, 0.5, 1], [2, 1, 0]])


def test_integer_column_names_are_no_feature_names():
    frame = pd.DataFrame(NUMBERS)
    rows = coreselect.rows.open(frame, columns=[2, 0])
    assert rows.feature_names is None
    assert_array_equal(rows.map(lambda b: b.X), NUMBERS[:, [2, 0]])
    assert_frame_equal(rows.take([3, 1]), frame.iloc[[3, 1]])


def test_strings_and_integers_as_column_names_do_not_mix():
    with pytest.raises(TypeError, match=r"columns.astype"):
        coreselect.rows.open(pd.DataFrame(np.eye(2), columns=["a", 1]))


# --- take ---


@pytest.mark.parametrize("order", ORDERS, ids=str)
@each_frame
def test_take_keeps_the_kind_of_frame_and_all_columns(make, order):
    frame = make(COLUMNS)
    rows = coreselect.rows.open(frame, columns=["a"])
    for taken in (take_rows(frame, order), rows.take(order)):
        assert type(taken) is type(frame)
        expected = {
            name: column[np.array(order, dtype=int)] for name, column in COLUMNS.items()
        }
        assert _columns_of(taken) == {name: c.tolist() for name, c in expected.items()}
    assert count_rows(frame) == N


def test_take_keeps_the_index_and_types_of_pandas():
    frame = pd.DataFrame(
        {
            "nullable": pd.array([1, None, 3], dtype="Int64"),
            "category": pd.Categorical(["x", "y", "x"], categories=["x", "y", "z"]),
            "time": pd.date_range("2020-01-01", periods=3, tz="Europe/Berlin"),
            "period": pd.period_range("2020-01", periods=3, freq="M"),
            "small": np.arange(3, dtype=np.int8),
            "object": [{}, [1], None],
            "sparse": pd.arrays.SparseArray([0.0, 0.0, 1.0]),
        },
        index=pd.MultiIndex.from_tuples(
            [("p", 1), ("p", 2), ("q", 1)], names=["u", "v"]
        ),
    )
    frame.columns.name = "columns"
    taken = take_rows(frame, [2, 0, 2])
    assert_frame_equal(taken, frame.iloc[[2, 0, 2]])
    assert (taken.dtypes == frame.dtypes).all()


def test_take_keeps_repeated_column_names():
    frame = pd.DataFrame(np.arange(6).reshape(3, 2), columns=["a", "a"])
    assert_frame_equal(take_rows(frame, [2, 0]), frame.iloc[[2, 0]])
    table = pa.table([[1, 2, 3], [4, 5, 6]], names=["a", "a"])
    assert take_rows(table, [2, 0]).equals(table.take([2, 0]))


def test_take_keeps_the_types_of_polars():
    frame = pl.DataFrame(
        {
            "small": pl.Series([1, None, 3], dtype=pl.Int8),
            "category": pl.Series(["x", "y", "x"], dtype=pl.Categorical),
            "list": [[1], [], [2, 3]],
            "struct": [{"u": 1}, {"u": 2}, {"u": 3}],
            "time": [datetime.datetime(2020, 1, day) for day in (1, 2, 3)],
        }
    )
    taken = take_rows(frame, [2, 0, 2])
    assert taken.schema == frame.schema
    assert taken.equals(frame[[2, 0, 2]])


def test_take_keeps_the_types_and_metadata_of_pyarrow():
    table = pa.table(
        {
            "word": pa.array(["x", "y", "x"]).dictionary_encode(),
            "nested": [{"u": 1}, {"u": 2}, None],
            "list": [[1], [], [2, 3]],
            "time": pa.array([1, 2, 3], pa.timestamp("ns", "UTC")),
            "number": pa.array([1, None, 3], pa.int8()),
        }
    ).replace_schema_metadata({"origin": "here"})
    taken = take_rows(pa.concat_tables([table, table]), [5, 0, 0])
    assert taken.schema.equals(table.schema, check_metadata=True)
    assert taken.to_pylist() == table.take([2, 0, 0]).to_pylist()


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(range(5), index=list("vwxyz"), name="c", dtype="Int16"),
        pl.Series("c", range(5), dtype=pl.Int16),
        pa.chunked_array([[0, 1], [2, 3, 4]], pa.int16()),
        pa.array(range(5), pa.int16()),
    ],
    ids=lambda column: type(column).__name__,
)
@pytest.mark.parametrize("order", [[], [4, 0, 4]], ids=str)
def test_take_of_a_column(column, order):
    taken = take_rows(column, order)
    assert type(taken) is type(column)
    as_list = taken.to_pylist() if hasattr(taken, "to_pylist") else taken.to_list()
    assert as_list == order
    assert getattr(taken, "dtype", None) == getattr(column, "dtype", None)
    if isinstance(column, pd.Series):
        assert list(taken.index) == ["vwxyz"[i] for i in order]


def test_take_of_a_record_batch():
    batch = pa.record_batch({"a": [1.0, 2.0], "s": ["x", "y"]})
    assert take_rows(batch, [1]).equals(batch.slice(1))


@each_frame
def test_the_frame_is_not_modified(make):
    frame, twin = make(COLUMNS), make(COLUMNS)
    rows = coreselect.rows.open(frame, y="b", exclude=["name"], block_rows=3)
    rows.map(lambda b: b.X)
    rows.take([1, 1])
    assert _columns_of(frame) == _columns_of(twin)


# --- targets and weights by name ---


@each_frame
def test_targets_and_weights_named_by_column_are_no_features(make):
    rows = coreselect.rows.open(
        make(COLUMNS), y="name", sample_weight="b", block_rows=4
    )
    assert rows.feature_names == ["a", "flag"]
    assert rows.y.tolist() == COLUMNS["name"].tolist()
    assert rows.weight.dtype == np.float64
    assert_array_equal(rows.map(lambda b: b.weight), COLUMNS["b"])
    view = rows.subset()  # the last row has b = 0
    assert view.n_rows == N - 1
    assert_array_equal(view.map(lambda b: b.X), NUMBERS[:-1, [0, 2]])
    assert _columns_of(view.take([1]))["name"] == ["row 1"]


@each_frame
def test_targets_given_as_a_column_of_any_library(make):
    frame = make(COLUMNS)
    for name in ("a", "b", "name"):
        y = coreselect.rows.open(np.eye(N), frame[name]).y
        assert isinstance(y, np.ndarray)
        assert y.tolist() == COLUMNS[name].tolist()
    weight = coreselect.rows.open(np.eye(N), None, frame["b"]).weight
    assert_array_equal(weight, COLUMNS["b"])


def test_categories_and_decimals_as_targets():
    frame = pd.DataFrame({"x": [1.0, 2.0], "c": pd.Categorical(["u", "v"])})
    assert coreselect.rows.open(frame, "c").y.tolist() == ["u", "v"]
    table = pa.table({"x": [1.0, 2.0], "c": pa.array(["u", "v"]).dictionary_encode()})
    assert coreselect.rows.open(table, "c").y.tolist() == ["u", "v"]
    frame = pl.DataFrame({"x": [1.0], "c": [decimal.Decimal("1.5")]})
    y = coreselect.rows.open(frame, "c").y
    assert y.dtype == np.float64
    assert y.tolist() == [1.5]


# --- errors ---


@each_frame
def test_columns_that_are_not_numbers_are_refused_where_they_are_named(make):
    with pytest.raises(ValueError, match=r"not numbers: 'name' \((String|string|str)"):
        coreselect.rows.open(make(COLUMNS), columns=list(COLUMNS))


@each_frame
def test_columns_that_are_not_numbers_are_left_out_and_told(make, caplog):
    caplog.set_level("INFO", logger="coreselect")
    rows = coreselect.rows.open(make(COLUMNS))
    numbers = [name for name in COLUMNS if name != "name"]
    assert rows.feature_names == numbers
    assert list(rows.left_out) == ["name"]
    (message,) = caplog.messages
    assert message.startswith(f"X: 1 of {len(COLUMNS)} columns are not numbers and are")
    assert "'name' (" in message
    # Opened again, the rows have all columns where these may hold anything.
    anything = coreselect.rows.open(rows, numeric=False)
    assert anything.feature_names == list(COLUMNS)
    assert coreselect.rows.open(anything).feature_names == numbers
    assert len(caplog.messages) == 2


def test_every_column_that_is_not_numbers_is_named():
    frame = pd.DataFrame(
        {
            "x": [1.0],
            "category": pd.Categorical([1]),
            "time": pd.to_datetime(["2020"]),
            "gap": pd.to_timedelta([1]),
            "complex": [1j],
            "object": [[1]],
        }
    )
    with pytest.raises(ValueError, match="not numbers") as caught:
        coreselect.rows.open(frame, columns=list(frame))
    for name in frame.columns[1:]:
        assert repr(name) in str(caught.value)
    assert "'x'" not in str(caught.value)


@each_library
def test_nulls_are_named_and_counted(make):
    columns = {"a": [1.0, None, None], "b": [1, 2, 3], "c": [None, 2, 3]}
    frame = make(columns)
    with pytest.raises(ValueError, match="2 in column 'a', 1 in column 'c'"):
        coreselect.rows.open(frame)
    coreselect.rows.open(frame, columns=["b"])


def test_missing_numbers_of_nullable_types_are_named_and_counted():
    frame = pd.DataFrame(
        {"a": pd.array([1, None], "Int64"), "b": pd.array([None, True])}
    )
    with pytest.raises(ValueError, match="1 in column 'a', 1 in column 'b'"):
        coreselect.rows.open(frame)


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table])
def test_nan_and_infinity_are_named_by_column(make):
    columns = {"a": [1.0, 2.0], "b": [float("nan"), float("inf")]}
    with pytest.raises(
        ValueError, match="1 x NaN in column 'b', 1 x infinity in column 'b'"
    ):
        coreselect.rows.open(make(columns)).check_finite()


def test_infinity_in_pandas_is_named_by_column():
    with pytest.raises(ValueError, match="1 x infinity in column 'b'"):
        coreselect.rows.open(pd.DataFrame({"b": [1.0, -np.inf]})).check_finite()


@pytest.mark.parametrize("argument", ["y", "sample_weight"])
@each_library
def test_missing_targets_and_weights_are_counted(make, argument):
    frame = make({"x": [1.0, 2.0, 3.0], "t": [1, None, None]})
    with pytest.raises(ValueError, match=f"{argument}='t'.* 2 missing values"):
        coreselect.rows.open(frame, **{argument: "t"})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"columns": ["a", "z"]}, ValueError, "no column 'z'; there are 'a'"),
        ({"exclude": ["z"]}, ValueError, "exclude: there is no column 'z'"),
        ({"y": "z"}, ValueError, "y: there is no column 'z'"),
        ({"sample_weight": "z"}, ValueError, "sample_weight: there is no column 'z'"),
        ({"columns": "a"}, TypeError, "columns must be a list of names, got 'a'"),
        ({"exclude": "a"}, TypeError, "exclude must be a list of names, got 'a'"),
        ({"columns": ["a"], "exclude": ["a"]}, ValueError, r"columns names \['a'\]"),
        ({"columns": ["a"], "y": "a"}, ValueError, r"columns names \['a'\]"),
        ({"columns": ["a", "name"]}, ValueError, "not numbers: 'name'"),
        ({"columns": []}, ValueError, "0 feature"),
        ({"exclude": list(COLUMNS)}, ValueError, "0 feature"),
        ({"exclude": ["name"], "sample_weight": "name"}, ValueError, "weight must "),
        ({"columns": ["a"], "y": np.ones(3)}, ValueError, "y has 3 values for 11 rows"),
    ],
    ids=str,
)  # fmt: skip
@each_library
def test_arguments_that_do_not_fit_the_frame(make, arguments, error, message):
    with pytest.raises(error, match=message):
        coreselect.rows.open(make(COLUMNS), **arguments)


@pytest.mark.parametrize("value", [None, "text"])
def test_a_long_list_of_bad_columns_is_cut_short(value):
    frame = pl.DataFrame(
        {f"c{j}": [1.0 if value is None else "x", value] for j in range(500)}
    )
    with pytest.raises(ValueError, match=r"'c18'.*'c19'.*, \.\.\.") as caught:
        coreselect.rows.open(frame)
    assert len(str(caught.value)) < 700
    if value is None:
        assert "contains 500 missing values" in str(caught.value)


def test_a_long_list_of_columns_is_cut_short():
    frame = pd.DataFrame(np.ones((1, 500))).rename(columns=lambda c: f"c{c}")
    with pytest.raises(ValueError, match=r"'c18', 'c19', \.\.\.") as caught:
        coreselect.rows.open(frame, columns=["z"])
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_without_rows(make):
    with pytest.raises(ValueError, match="0 sample"):
        coreselect.rows.open(make({"a": np.array([], dtype=float)}))


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(np.eye(2), columns=["a", "a"]),
        pa.table([[1.0], [2.0]], names=["a", "a"]),
    ],
    ids=["pandas", "pyarrow"],
)
def test_repeated_column_names_are_refused(frame):
    with pytest.raises(ValueError, match=r"same name: 'a' \(2 times\)"):
        coreselect.rows.open(frame)


def test_a_lazy_frame_is_no_frame():
    with pytest.raises(TypeError, match="collect it first"):
        coreselect.rows.frames.is_frame(pl.LazyFrame({"a": [1.0]}))


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    "column",
    [
        pa.array(["n", "y", "n"]),
        pa.array(["n", "y", "n"], pa.large_string()),
        pa.array(["n", "y", "n"]).dictionary_encode(),
        pa.array([False, True, False]),
        pa.array([1, 2, 1], pa.int8()),
    ],
    ids=lambda column: str(column.type),
)
def test_targets_are_columns_of_pyarrow(column, chunked):
    wanted = column.to_pylist()
    column = pa.chunked_array([column]) if chunked else column
    y = coreselect.rows.open(np.eye(3), column).y
    assert y.tolist() == wanted
    y = coreselect.rows.open(coreselect.rows.open(np.eye(3)), column).y
    assert y.tolist() == wanted


def test_rows_of_views_are_taken():
    views = [
        pa.array(["n", None, "y"]).cast(pa.string_view()),
        pa.array([b"n", b"yy", None]).cast(pa.binary_view()),
    ]
    table = pa.table({"s": views[0], "b": views[1], "x": [1, 2, 3]})
    taken = take_rows(table, [2, 0, 2])
    assert taken.schema == table.schema
    assert taken.to_pylist() == [table.to_pylist()[i] for i in (2, 0, 2)]
    for view in views:
        for column in (view, pa.chunked_array([view])):
            taken = take_rows(column, [2, 0])
            assert (type(taken), taken.type) == (type(column), column.type)
            assert taken.to_pylist() == [view[2].as_py(), view[0].as_py()]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_null_of_a_dictionary_is_no_value(chunked):
    column = pa.array(["a", None, "b"]).dictionary_encode()
    column = pa.chunked_array([column]) if chunked else column
    with pytest.raises(ValueError, match=r"NaN|None|missing"):
        coreselect.rows.open(np.eye(3), column)


@pytest.mark.parametrize(
    "column", [pd.Series([1.0]), pl.Series([1.0]), pa.array([1.0])]
)
def test_a_column_is_no_table(column):
    with pytest.raises(ValueError, match=r"X: .*(2D|2-dimensional)"):
        coreselect.rows.open(column)


@each_library
def test_columns_are_read_in_the_order_in_which_they_are_named(make):
    frame = make({"c": [2.0, 5.0], "b": [1.0, 4.0], "a": [0.0, 3.0]})
    rows = coreselect.rows.open(frame, columns=["a", "b", "c"])
    assert rows.gather([0, 1]).X.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert rows.map(lambda block: block.X).tolist() == [[0, 1, 2], [3, 4, 5]]


# --- what is a number: one rule, by type ---

OF_NUMBERS = {
    "sparse": pd.arrays.SparseArray([0.0, 1.5, 0.0]),
    "sparse integers": pd.arrays.SparseArray([0, 1, 0]),
    "sparse with NaN left out": pd.arrays.SparseArray([2.0, 1.5, 0.0]),
    "big-endian": np.array([0, 1, 2], dtype=">f4"),
    "big-endian integers": np.array([0, 1, 2], dtype=">i2"),
    "nullable": pd.array([1, 2, 3], dtype="UInt8"),
    "nullable bools": pd.array([True, False, True], dtype="boolean"),
    "arrow": pd.array([1, 2, 3], dtype=pd.ArrowDtype(pa.int16())),
    "arrow decimals": pd.array(
        [decimal.Decimal(1)] * 3, dtype=pd.ArrowDtype(pa.decimal128(5, 2))
    ),
    "objects": np.array([1, decimal.Decimal("2.5"), True], dtype=object),
}
OF_NO_NUMBERS = {
    "digits in text": np.array(["1", "2", "3"], dtype=object),
    "digits in strings": pd.array(["1", "2", "3"], dtype="string"),
    "numbers and text": np.array([1, "2", 3.0], dtype=object),
    "categories of numbers": pd.Categorical([1, 2, 1]),
    "dates": pd.date_range("2020-01-01", periods=3),
    "durations": pd.to_timedelta([1, 2, 3], unit="s"),
    "periods": pd.period_range("2020-01", periods=3, freq="M"),
    "complex": np.array([1j, 2, 3]),
    "arrow dates": pd.array([0, 1, 2], dtype=pd.ArrowDtype(pa.date32())),
}


@pytest.mark.parametrize("column", OF_NUMBERS.values(), ids=OF_NUMBERS)
def test_columns_of_pandas_that_are_numbers(column):
    frame = pd.DataFrame({"first": [1.0, 2.0, 3.0], "other": column})
    assert numeric_columns(frame) == ["first", "other"]
    rows = coreselect.rows.open(frame, block_rows=2)
    wanted = np.column_stack([[1, 2, 3], [float(value) for value in column]])
    assert_array_equal(rows.map(lambda b: b.X), wanted)
    assert_array_equal(rows.gather([2]).X, wanted[2:])
    assert rows.take([1]).dtypes.equals(frame.dtypes)


@pytest.mark.parametrize("column", OF_NO_NUMBERS.values(), ids=OF_NO_NUMBERS)
def test_columns_of_pandas_that_are_not_numbers(column):
    frame = pd.DataFrame({"first": [1.0, 2.0, 3.0], "other": column})
    assert numeric_columns(frame) == ["first"]
    assert coreselect.rows.open(frame).feature_names == ["first"]
    with pytest.raises(ValueError, match="columns that are not numbers: 'other'"):
        coreselect.rows.open(frame, columns=["first", "other"])


@pytest.mark.parametrize("dtype", [pl.Int128, pl.UInt8, pl.Decimal(10, 2), pl.Boolean])
def test_columns_of_polars_that_are_numbers(dtype):
    frame = pl.DataFrame({"a": pl.Series([1, 0, 1]).cast(dtype), "b": [0.5, 1.5, 2.5]})
    assert numeric_columns(frame) == ["a", "b"]
    rows = coreselect.rows.open(frame, block_rows=2)
    assert_array_equal(rows.map(lambda b: b.X), [[1, 0.5], [0, 1.5], [1, 2.5]])


def test_frames_of_dummies_beside_dense_columns():
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "city": ["x", "y", "x"]})
    dummies = pd.get_dummies(frame, sparse=True)
    rows = coreselect.rows.open(dummies)
    assert_array_equal(rows.map(lambda b: b.X), [[1, 1, 0], [2, 0, 1], [3, 1, 0]])


def test_missing_values_are_counted_whatever_the_dtype():
    frame = pd.DataFrame(
        {
            "plain": [1.0, None, np.nan],
            "nullable": pd.array([None, 1, None], dtype="Int64"),
            "sparse": pd.arrays.SparseArray([np.nan, 1.0, 2.0]),
            "objects": np.array([1, None, 2], dtype=object),
            "none": [1, 2, 3],
        }
    )
    message = "2 in column 'plain', 2 in column 'nullable', 1 in column 'sparse', 1 in"
    with pytest.raises(ValueError, match=message):
        coreselect.rows.open(frame)


@each_library
def test_look_ups_on_a_frame_do_not_grow_with_its_columns(make, monkeypatch):
    """Else time grows with the square of the columns."""
    counts = []
    schema = nw.DataFrame.schema.fget
    counted = property(lambda frame: (counts.append(1), schema(frame))[1])
    monkeypatch.setattr(nw.DataFrame, "schema", counted)
    found = []
    for n_columns in (3, 30):
        data = make({f"c{j}": np.arange(12.0) % 5 for j in range(n_columns)})
        coreselect.rows.open(data, block_rows=5).check_finite()
        smote = coreselect.SMOTE(k_neighbors=2, random_state=0)
        smote.fit_resample(data, [0] * 8 + [1] * 4)
        found.append(len(counts))
        counts.clear()
    assert found[0] == found[1]

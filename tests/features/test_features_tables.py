"""`TableFeatures`: every kind of column of every kind of table, as finite numbers."""

import datetime
import logging
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from coreselect.features import TableFeatures

N = 120
_DATES = "dates stored as text: convert them"
_TIMES = "times of day stored as text: convert them"


def diamonds(n=N, seed=0):
    """A table with a column of every kind."""
    rng = np.random.default_rng(seed)
    carat = rng.normal(size=n)
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 99, n), "D")
    return pd.DataFrame(
        {
            "key": [f"u{i}" for i in range(n)],
            "row_id": np.arange(n),
            "carat": np.where(rng.random(n) < 0.2, np.nan, carat),
            "count": rng.integers(0, 9, n),
            "cut": pd.Categorical(rng.choice(["Fair", "Good", "Ideal"], n)),
            "color": pd.Series(rng.choice(["D", "E", None], n), dtype=object),
            "sold": rng.random(n) < 0.5,
            "day": day,
            "lead": pd.to_timedelta(rng.integers(0, 99, n), "s"),
            "one": 1.0,
            "none": np.nan,
        }
    )


def became(features):
    return {line.column: line.became for line in features.report_}


def test_every_kind_of_column_becomes_what_the_report_says():
    features = TableFeatures().fit(diamonds())
    assert became(features) == {
        "key": "left out",
        "row_id": "left out",
        "carat": "number",
        "count": "number",
        "cut": "one-hot",
        "color": "one-hot",
        "sold": "boolean",
        "day": "date",
        "lead": "duration",
        "one": "left out",
        "none": "left out",
    }
    assert [line.n_columns for line in features.report_] == [
        *[0, 0, 2, 1, 3, 3, 1, 1, 1, 0, 0]
    ]
    assert repr(features.report_).splitlines() == [
        "2 numbers (1 with missing values): carat, count",
        "cut, color: one-hot (3, 3 columns)",
        "1 boolean: sold",
        "1 date: day",
        "1 duration: lead",
        "key: left out (every value differs)",
        "row_id: left out (row numbers)",
        "one: left out (every value is the same)",
        "none: left out (no values)",
    ]
    names = features.get_feature_names_out().tolist()
    assert names == [
        *["carat", "count", "day", "lead", "sold", "missingindicator_carat"],
        *["cut_Fair", "cut_Good", "cut_Ideal", "color_D", "color_E", "color_None"],
    ]
    assert features.transform(diamonds(7, 1)).shape == (7, len(names))


def test_numbers_are_those_of_scikit_learn():
    """Median, indicator and mean 0, standard deviation 1, by its own pipeline."""
    table = diamonds()
    Z = TableFeatures().fit_transform(table)
    X = table[["carat", "count"]].to_numpy()
    by_hand = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    assert_allclose(Z[:, :2], by_hand.fit_transform(X), atol=1e-12)
    assert_array_equal(Z[:, 5], np.isnan(X[:, 0]))
    seconds = (table["day"] - pd.Timestamp("1970-01-01")).dt.total_seconds().to_numpy()
    standard = (seconds - seconds.mean()) / seconds.std()
    assert_allclose(Z[:, 2], standard, atol=1e-9)
    assert_array_equal(Z[:, 4], table["sold"])


@pytest.mark.parametrize(
    "convert",
    [
        pl.from_pandas,
        lambda table: pa.Table.from_pandas(table, preserve_index=False),
        lambda table: pa.Table.from_pandas(table, preserve_index=False).to_batches()[0],
        lambda table: table.convert_dtypes(),
        lambda table: table.convert_dtypes(dtype_backend="pyarrow"),
        lambda table: table.astype(object),
    ],
    ids=["polars", "arrow", "batch", "nullable", "arrow in pandas", "objects"],
)
def test_the_same_numbers_from_every_kind_of_table(convert):
    """Fitted to one kind and applied to another, too: blocks may differ in type."""
    table = diamonds()
    plain = TableFeatures().fit(table)
    other = TableFeatures().fit(convert(table))
    assert repr(other.report_) == repr(plain.report_)
    for features in (plain, other):
        for rows in (table, convert(table)):
            assert_array_equal(features.transform(rows), plain.transform(table))


def test_arrays_of_objects_and_lists_are_tables_too():
    table = diamonds()[["carat", "cut", "sold"]]
    features = TableFeatures().fit(table.to_numpy(dtype=object))
    wanted = TableFeatures().fit_transform(table)
    assert_array_equal(features.transform(table.to_numpy(dtype=object)), wanted)
    assert_array_equal(TableFeatures().fit_transform(table.values.tolist()), wanted)
    assert features.get_feature_names_out()[:2].tolist() == ["x0", "x2"]
    assert features.get_feature_names_out(["a", "b", "c"])[3] == "b_Fair"
    days = np.arange(6).reshape(3, 2).astype("M8[D]")
    assert_allclose(
        TableFeatures().fit_transform(days)[:, 0], [-(1.5**0.5), 0, 1.5**0.5]
    )


def test_objects_are_what_their_values_are():
    time, day = datetime.time(0, 1), datetime.date(1970, 1, 2)
    columns = {
        "decimal": [Decimal("1.5"), 2, None, 1e300],
        "signalling": [Decimal("sNaN"), Decimal("NaN"), 1, 2],
        "time": [time, None, datetime.time(0, 2), time],
        "date": [day, day, datetime.datetime(1970, 1, 1, 1), None],
        "bool": [True, None, False, True],
        "big": [10**400, 1, 2, 3],  # no float holds it: missing
        "mixed": ["a", 1, 1.0, "a"],
        "bytes": [b"a", b"b", b"a", b"b"],
        "dict": [{}, {}, {}, {}],
        "set": [frozenset("a"), frozenset("b")] * 2,
        "series": [pd.Series([1]), None] * 2,
    }
    table = pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in columns.items()})
    features = TableFeatures().fit(table)
    assert list(became(features).values()) == [
        *["number", "number", "duration", "date", "boolean", "number"],
        *["one-hot", "one-hot", "left out", "left out", "left out"],
    ]
    names = features.get_feature_names_out().tolist()
    assert {"missingindicator_big", "mixed_1", "mixed_a", "bytes_a"} <= set(names)
    assert np.isfinite(features.transform(table)).all()


def test_integers_and_dates_that_no_float_holds_exactly():
    """Hashes and the day 9999-12-31, from every kind of table."""
    days = [datetime.date(9999, 12, 31), datetime.date(2020, 1, 1), None] * 4
    hashes = [10**18 * i for i in range(1, 7)] * 2
    lasts = [datetime.timedelta(days=99_999), datetime.timedelta(0), None] * 4
    table = pa.table({"day": days, "hash": hashes, "last": lasts})
    tables = [table, pl.from_arrow(table), table.to_pandas()]
    tables.append(table.to_pandas(types_mapper=pd.ArrowDtype))
    wanted = TableFeatures().fit_transform(table)
    assert_allclose(abs(wanted[:, [0, 2]]).max(axis=0), 2**0.5, rtol=0.2)
    for other in tables[1:]:
        assert_array_equal(TableFeatures().fit_transform(other), wanted)


def test_categories_may_be_numbers_and_periods_are_dates():
    kinds = pd.Categorical([3, 1, None, 1])
    months = pd.period_range("2020-01", periods=4, freq="M")
    table = pd.DataFrame({"kind": kinds, "month": months})
    features = TableFeatures().fit(table)
    assert became(features) == {"kind": "one-hot", "month": "date"}
    table["kind"] = [1.0, 1.0, 3.0, np.nan]  # as another block of rows may hold them
    names = features.get_feature_names_out().tolist()
    ones = features.transform(table)[:2, names.index("kind_1")]
    assert_array_equal(ones, [1, 1])


def test_rare_values_share_a_column():
    """1 % of 400 rows are 4: B is frequent; C and D share a column with new values."""
    values = ["A"] * 391 + ["B"] * 4 + ["C"] * 3 + ["D"] * 2
    features = TableFeatures().fit(pd.DataFrame({"v": values}))
    names = features.get_feature_names_out().tolist()
    assert names == ["v_A", "v_B", "v_infrequent_sklearn"]
    fewer = TableFeatures(max_categories=2).fit(pd.DataFrame({"v": values}))
    assert fewer.get_feature_names_out().tolist() == ["v_A", "v_infrequent_sklearn"]
    rows = pd.DataFrame({"v": ["A", "C", "new", None]})
    assert_array_equal(features.transform(rows)[:, [0, 2]], [[1, 0]] + [[0, 1]] * 3)
    all_frequent = TableFeatures().fit(pd.DataFrame({"v": ["A", "B"] * 9}))
    assert_array_equal(all_frequent.transform(rows), [[1, 0], [0, 0], [0, 0], [0, 0]])


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([f"u{i}" for i in range(99)], "every value differs"),
        ([f"u{i}" for i in range(98)] + ["u0"], "nearly every value differs"),
        ([f"u{i % 300}" for i in range(1200)], "hardly any value is frequent"),
        ([f"{i},5" for i in range(99)], "numbers stored as text: convert them"),
        ([str(i % 300) for i in range(1200)], "numbers stored as text: convert them"),
        ([f"2024-01-{i % 28 + 1:02} 0{i % 9}:00" for i in range(252)], _DATES),
        ([f"{i % 24:02}:{i % 60:02}" for i in range(99)], _TIMES),
        (["a"] * 99, "every value is the same"),
        ([float("inf"), None, np.nan] * 33, "no values"),
        (pd.Categorical([None] * 99, categories=["a"]), "no values"),
        ([[1], [2], None] * 33, "nested values"),
    ],
)
def test_columns_that_say_nothing_are_left_out(values, why, caplog):
    keep = isinstance(values, pd.Categorical)
    table = pd.DataFrame({"v": pd.Series(values, dtype=None if keep else object)})
    table["x"] = np.arange(len(table)) % 5
    with caplog.at_level(logging.INFO, "coreselect"):
        features = TableFeatures().fit(table)
    said = f"TableFeatures leaves out 1 of 2 columns: 'v' ({why})"
    assert caplog.messages == [said]
    assert features.report_.left_out() == {"v": why}
    assert features.transform(table).shape == (len(table), 1)


def test_a_table_of_such_columns_alone_is_refused():
    table = pd.DataFrame({"id": range(9), "name": list("abcdefghi")})
    said = r"'id' \(row numbers\), 'name' \(every value differs\)\. Encode those"
    with pytest.raises(ValueError, match=said):
        TableFeatures().fit(table)


@pytest.mark.parametrize("name", ["id", "ID", "user_id", "userId", "", "Unnamed: 0"])
def test_row_numbers_are_no_feature(name):
    table = pd.DataFrame({name: np.arange(9)[::-1], "x": np.arange(9.0)})
    assert TableFeatures().fit(table).report_.left_out() == {name: "row numbers"}
    table[name] = table[name] // 2  # several rows each: a group, so a feature
    assert TableFeatures().fit(table).report_.left_out() == {}


@pytest.mark.parametrize("name", ["year", "grid", "paid", "humidity"])
def test_numbers_that_ascend_by_one_are_a_feature_under_other_names(name):
    table = pd.DataFrame({name: np.arange(1950, 1980)})
    assert became(TableFeatures().fit(table)) == {name: "number"}


def test_whether_a_constant_is_missing_is_a_feature():
    table = pd.DataFrame({"v": [5.0, np.nan, 5.0], "x": [1.0, 2.0, 3.0]})
    features = TableFeatures().fit(table)
    assert became(features)["v"] == "missing or not"
    assert_array_equal(features.transform(table)[:, 1], [0, 1, 0])


def test_results_are_finite_whatever_the_numbers():
    rng = np.random.default_rng(0)
    magnitudes = np.array([1e300, 1e-310, 1.0, 1e15])
    X = rng.normal(size=(50, 4)) * magnitudes
    features = TableFeatures().fit(X)
    Z = features.transform(X)
    assert_allclose(Z.mean(axis=0), 0, atol=1e-9)
    assert_allclose(Z.std(axis=0), 1)
    far = features.transform([[1.7e308] * 4, [-np.inf] * 4, [np.nan] * 4, [5e-324] * 4])
    assert np.isfinite(far @ far.T).all()
    assert_allclose(
        features.transform([[np.nan] * 4])[0], np.median(Z, axis=0), atol=1e-9
    )


def test_dates_seconds_apart_differ_although_1970_is_far():
    start = pd.Timestamp("2030-01-01")
    when = start + pd.to_timedelta(np.arange(20_000) % 4, "ms")
    Z = TableFeatures().fit_transform(pd.DataFrame({"when": when}))
    assert_allclose(Z.std(), 1)
    assert_allclose(np.unique(Z.round(3)), np.array([-3, -1, 1, 3]) / 5**0.5, atol=1e-3)


def test_constants_stay_if_there_is_nothing_else():
    assert_array_equal(
        TableFeatures().fit_transform(np.full((5, 2), 3.0)), np.zeros((5, 2))
    )
    one = TableFeatures().fit_transform(pd.DataFrame({"a": [1e300], "b": ["x"]}))
    assert_array_equal(one, [[0, 1]])


def test_wide_tables_of_text_stay_narrow():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.choice(list("abcdefgh"), (40, 200))).add_prefix("t")
    assert TableFeatures().fit_transform(table).shape == (40, 1000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="cut"), "now missing:\n- cut"),
        (lambda t: t.assign(other=1), "unseen at fit time:\n- other"),
        (
            lambda t: t.assign(carat="big"),
            r"'carat' held numbers .* holds text .*'big'",
        ),
        (
            lambda t: t.assign(day=2.5),
            r"'day' held dates in fit, but holds numbers .*2.5",
        ),
        (
            lambda t: t.assign(carat=pd.Categorical([7] * len(t))),
            r"'carat' held numbers in fit, but holds text now \(for example '7'\)",
        ),
        (
            lambda t: t.assign(cut=t["day"]),
            r"'cut' held text in fit, but holds dates now\.",
        ),
        (lambda t: t.iloc[:0], r"0 sample\(s\)"),
    ],
)
def test_other_columns_than_in_fit_are_named(change, message):
    features = TableFeatures().fit(diamonds())
    with pytest.raises(ValueError, match=message):
        features.transform(change(diamonds()))


def test_types_may_change_where_the_values_mean_the_same():
    table = pd.DataFrame({"n": [1, 2, 3, 2], "code": ["1", "2", "1", "2"]})
    features = TableFeatures().fit(table)
    wanted = features.transform(table)
    for types in ({"n": float}, {"n": object}, {"code": int}, {"code": float}):
        assert_array_equal(features.transform(table.astype(types)), wanted)
    unknown = features.transform(table.assign(n=None, code=np.nan))
    assert_array_equal(unknown, [[0, 0, 0]] * 4)  # the median of n is its mean


def test_bad_calls_are_named():
    with pytest.raises(
        TypeError, match=r"a table in memory, got 'a\.csv'\. A selector"
    ):
        TableFeatures().fit("a.csv")
    with pytest.raises(ValueError, match="X has 3 features"):
        TableFeatures().fit(np.eye(4)).transform(np.eye(3))
    with pytest.raises(TypeError, match="Sparse data was passed for X"):
        TableFeatures().fit(sparse.eye_array(3))
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        TableFeatures().fit([1.0, 2.0])
    with pytest.raises(ValueError, match=r"max_categories must be .* 2, got 1"):
        TableFeatures(max_categories=1).fit(diamonds())
    with pytest.raises(TypeError, match="min_frequency must be a number, got '1'"):
        TableFeatures(min_frequency="1").fit(diamonds())
    with pytest.raises(ValueError, match="columns of the same name: 'a' \\(2 times\\)"):
        TableFeatures().fit(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_pickles_and_reports_as_a_frame():
    features = pickle.loads(pickle.dumps(TableFeatures().fit(diamonds())))
    frame = pd.DataFrame(features.report_)
    assert frame.columns.tolist() == ["column", "became", "n_columns", "why"]
    assert len(frame) == 11
    frame = features.set_output(transform="pandas").transform(diamonds())
    assert frame.columns[0] == "carat"


def test_passes_the_checks_of_scikit_learn():
    check_estimator(TableFeatures(), on_skip=None)

"""What selectors see (`features=`), and the rows that come out as they are."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    OneHotEncoder,
    StandardScaler,
)
from sklearn.utils import get_tags

import coreselect
from coreselect import LeverageSelector, LightweightSelector, UniformSelector
from coreselect.base import _features
from coreselect.features import TableFeatures
from coreselect.rows import seen
from coreselect.transport.inputs import TargetInPoolWarning
from tests import shown

N = 120
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "size": RNG.standard_normal(N),
        "price": RNG.lognormal(size=N),
        "count": RNG.integers(0, 9, N),
        "colour": RNG.choice(["red", "green", "blue"], N),
        "kind": pd.Categorical(RNG.choice(["u", "v"], N)),
        "day": pd.date_range("2024-01-01", periods=N).astype("datetime64[us]"),
    }
)
FRAME.loc[::7, "price"] = np.nan
Y = RNG.integers(0, 2, N)
TRANSFORMER = make_column_transformer(
    (make_pipeline(SimpleImputer(), StandardScaler()), ["size", "price", "count"]),
    (OneHotEncoder(), ["colour"]),
)
SELECTORS = [
    example
    for cls in coreselect.all_selectors().values()
    for example in cls.examples()[:1]
    if not get_tags(example).input_tags.positive_only  # standardised columns are not
]
each_selector = pytest.mark.parametrize("selector", SELECTORS, ids=repr)


def selected(selector, *data, **params):
    return clone(selector).set_params(random_state=0, **params).fit(*data).selection_


def assert_same(a, b):
    assert_array_equal(a.indices, b.indices)
    assert_allclose(a.weights, b.weights, rtol=1e-9)


pytestmark = pytest.mark.filterwarnings("ignore::coreselect.base.DroppedWeightsWarning")

# --- the rule, over all selectors ---


@each_selector
@pytest.mark.parametrize(
    "features", ["auto", TRANSFORMER, ["count", "size"]], ids=["auto", "any", "columns"]
)
def test_rows_are_those_of_what_is_seen(selector, features):
    if isinstance(features, list):
        array = FRAME[features].to_numpy(float)
    else:
        chosen = TableFeatures() if features == "auto" else features
        array = clone(chosen).fit(FRAME, Y).transform(FRAME)
    got = selected(selector, FRAME, Y, features=features)
    assert_same(got, selected(selector, array, Y))
    assert_array_equal(got.take(FRAME).index, got.indices)


@each_selector
def test_without_features_the_columns_of_numbers_are_seen(selector):
    frame = FRAME.drop(columns="price")
    numbers = frame[["size", "count"]].to_numpy(float)
    got = selected(selector, frame, Y)
    assert_same(got, selected(selector, numbers, Y))


def test_selectors_that_read_no_features_take_anything():
    reads_none = [
        s for s in SELECTORS if not s.__sklearn_tags__().selector_tags.reads_features
    ]
    assert {type(s).__name__ for s in reads_none} >= {"UniformSelector", "RS2"}
    texts = FRAME["colour"].tolist()
    tables = [FRAME, pl.from_pandas(FRAME), pa.table(FRAME), FRAME.to_numpy(object)]
    for selector in reads_none:
        wanted = selected(selector, np.zeros((N, 2)), Y)
        others = FRAME["colour"], [{"a": 1}] * N, np.zeros((N, 2, 2))
        for X in [*tables, texts, *others]:
            got = selected(selector, X, Y)
            assert_same(got, wanted)
            assert len(got.take(X)) == len(got)


# --- containers and files ---


def stored(folder, kind):
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    table = table.append_column("y", pa.array(Y))
    if kind == "polars":
        return pl.from_arrow(table)
    if kind == "pyarrow":
        return table
    path = folder / f"rows.{kind}"
    if kind == "csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pq.write_table(table, path, row_group_size=50)
    return path


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "csv", "parquet"])
@pytest.mark.parametrize(
    "features", [None, "auto", TRANSFORMER, ["size"]], ids=["no", "auto", "any", "one"]
)
def test_every_container_gives_the_rows_of_the_frame(tmp_path, kind, features):
    data = stored(tmp_path, kind)
    frame = FRAME
    if features is None:
        frame = FRAME.drop(columns="price")
        data = coreselect.rows.open(data, "y", exclude=["price"])
    selector = LightweightSelector(20, features=features)
    wanted = selected(selector, frame, Y)
    rows = (data,) if features is None else (data, "y")
    got = selected(selector, *rows)
    assert_same(got, wanted)
    fitted = clone(selector).set_params(random_state=0).fit(*rows)
    names = fitted.feature_names_in_.tolist()
    assert names == (["size", "count"] if features is None else FRAME.columns.tolist())
    X, y = fitted.fit_resample(*rows) if features else (data.take(got.indices), None)
    if features:
        taken = got.take(data)
        assert X.equals(taken.drop("y") if kind == "polars" else taken.drop(["y"]))
        assert_array_equal(y, Y[got.indices])


def test_tables_in_files_are_seen_without_pandas(tmp_path, monkeypatch):
    wanted = selected(LightweightSelector(20, features="auto"), FRAME, Y)
    monkeypatch.setattr(seen, "find_spec", lambda name: None)
    path = stored(tmp_path, "parquet")
    got = selected(LightweightSelector(20, features="auto"), path, "y")
    assert_same(got, wanted)


class Counting(TransformerMixin, BaseEstimator):
    """Counts rows: fitted to, transformed in all, and transformed at most at once."""

    def fit(self, X, y=None):
        self.n_rows_, self.n_transformed_, self.most_ = len(X), 0, 0
        self.total_ = float(X["size"].sum())
        return self

    def transform(self, X):
        self.n_transformed_ += len(X)
        self.most_ = max(self.most_, len(X))
        return X[["size", "count"]]


def test_large_files_are_sampled_to_fit_and_transformed_in_blocks(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(_features, "MOST_ROWS", 60)
    monkeypatch.setattr(seen, "_KEPT_BYTES", 100)
    path = stored(tmp_path, "parquet")
    selector = LightweightSelector(20, features=Counting(), random_state=0)
    fits = [
        selector.fit(coreselect.rows.open(path, block_rows=size)).features_
        for size in (7, 120)
    ]
    assert [fit.n_rows_ for fit in fits] == [60, 60]
    assert fits[0].total_ == fits[1].total_ != FRAME["size"].sum()
    assert [fit.most_ for fit in fits] == [7, 120]
    numbers = FRAME[["size", "count"]].to_numpy(float)
    assert_same(selector.selection_, selected(LightweightSelector(20), numbers))
    assert clone(selector).fit(FRAME).features_.n_rows_ == N  # in memory: all rows


def test_what_is_small_is_transformed_once():
    selector = LightweightSelector(20, features=Counting())  # two passes
    assert selector.fit(FRAME).features_.n_transformed_ == 1 + N


def test_rows_of_weight_0_are_not_learned_from():
    weight = np.ones(N)
    weight[: N // 2] = 0
    fitted = LightweightSelector(9, features=Counting()).fit(FRAME, None, weight)
    assert fitted.features_.n_rows_ == N - N // 2
    assert fitted.features_.total_ == pytest.approx(FRAME["size"][N // 2 :].sum())


def test_sparse_results_stay_sparse_and_single_precision_stays():
    texts = [f"{colour} {kind}" for colour, kind in FRAME[["colour", "kind"]].values]
    rows = coreselect.rows.open(texts, numeric=False)
    words = seen.see_through(rows, TfidfVectorizer(dtype=np.float32).fit(texts))
    (block,) = words.reduce(lambda block: [block.X], lambda a, b: a + b)
    assert sparse.issparse(block)
    assert (block.format, block.dtype, words.is_sparse) == ("csr", np.float32, True)
    assert words.gather([]).X.shape == (0, words.n_features)
    assert words.take([1, 0]) == [texts[1], texts[0]]
    selector = LeverageSelector(5, features=TfidfVectorizer())
    matrix = TfidfVectorizer().fit_transform(texts)
    assert_same(selected(selector, texts), selected(LeverageSelector(5), matrix))


# --- the transformer ---


def test_the_transformer_is_cloned_and_learns_from_y():
    given = make_pipeline(SimpleImputer(), SelectKBest(k=1))
    numbers = FRAME[["size", "price"]]
    y = (numbers["price"].fillna(0) > 1).to_numpy()
    fitted = LightweightSelector(9, features=given, random_state=0).fit(numbers, y)
    assert not hasattr(given[-1], "scores_")
    assert fitted.features_[-1].get_support().tolist() == [False, True]
    assert LightweightSelector(9).fit(numbers[["size"]]).features_ is None
    copy = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(copy.select(5).indices, fitted.select(5).indices)


class Choosing(TransformerMixin, BaseEstimator):
    """A transformer whose `fit` takes no y and returns nothing."""

    def fit(self, X):
        self.names_ = list(X)

    def transform(self, X):
        return X[["size", "count"]]


class Wrapped(SelectKBest):
    """A transformer whose decorator of `fit` hides the names of its arguments."""

    def fit(self, *args, **kwargs):
        return super().fit(*args, **kwargs)


def test_any_signature_of_fit_will_do():
    numbers, selector = FRAME[["size", "count"]], LeverageSelector(9)
    frozen = FrozenEstimator(StandardScaler().fit(numbers))  # its fit needs a y
    scaled = frozen.transform(numbers)
    for y in (None, Y):
        got = selected(selector, FRAME, y, features=Choosing())
        assert_same(got, selected(selector, numbers, y))
        got = selected(selector, numbers, y, features=frozen)
        assert_same(got, selected(selector, scaled, y))
    got = selected(selector, numbers, Y, features=Wrapped(k=1))
    assert_same(got, selected(selector, numbers, Y, features=SelectKBest(k=1)))


def test_a_series_of_names_is_a_list():
    names = ["size", "count"]
    got = selected(LightweightSelector(9), FRAME, features=pd.Series(names))
    assert_same(got, selected(LightweightSelector(9), FRAME, features=names))


def test_what_a_sample_of_a_file_lacks_is_explained(tmp_path, monkeypatch):
    monkeypatch.setattr(_features, "MOST_ROWS", 60)
    path = tmp_path / "rows.csv"
    FRAME.assign(colour=np.arange(N).astype(str) + "x").to_csv(path, index=False)
    one_hot = make_column_transformer((OneHotEncoder(), ["colour"]))
    said = r"ColumnTransformer \(fitted to 60 rows of it\): Found unknown categories"
    with pytest.raises(ValueError, match=said):
        LightweightSelector(9, features=one_hot).fit(path)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, pd.DataFrame])
def test_transformers_in_place_do_not_reach_the_rows(kind):
    numbers = np.ascontiguousarray(FRAME[["size", "count"]].to_numpy(float))
    X = kind(numbers.copy())
    fitted = LightweightSelector(9, features=MaxAbsScaler(copy=False)).fit(X)
    fitted.select(7)
    assert_array_equal(X.toarray() if kind is sparse.csr_array else X, numbers)
    scaled = MaxAbsScaler().fit_transform(numbers)
    assert_allclose(fitted.scores_, LightweightSelector(9).fit(scaled).scores_)


def test_a_fit_of_all_rows_learns_later_from_what_is_seen():
    fitted = LightweightSelector(N, features="auto", random_state=0).fit(FRAME)
    again = pickle.loads(pickle.dumps(fitted))
    wanted = selected(LightweightSelector(9, features="auto"), FRAME)
    assert_same(again.select(9), wanted)


def test_parameters_of_the_transformer_are_reached():
    selector = LeverageSelector(features=TableFeatures())
    selector.set_params(features__max_categories=3)
    assert selector.features.max_categories == 3


def test_targets_are_seen_as_the_rows_are():
    other = FRAME[:9].sample(frac=1, random_state=0)
    selector = coreselect.TAROT(20, random_state=0)
    for features in ("auto", ["size", "count"], [2, 0]):
        selector.set_params(features=features)
        few = other if features == "auto" else other[["count", "size"]]
        with pytest.warns(TargetInPoolWarning):
            fitted = selector.fit(FRAME, X_target=few)
        assert fitted.n_duplicates_ == 9
        assert set(range(9)) <= set(fitted.sample_indices_)


def test_certificates_are_about_what_is_seen():
    selector = UniformSelector("auto", epsilon=0.5, features="auto", random_state=0)
    fitted = selector.fit(FRAME, Y)
    seen_rows = fitted.features_.transform(FRAME)
    again = coreselect.certify(fitted.selection_, seen_rows, Y)
    assert again.epsilon == pytest.approx(fitted.certificate_.epsilon)
    assert again.epsilon <= 0.5


@pytest.mark.parametrize("X", [FRAME, FRAME[["size", "count"]].to_numpy(float)])
def test_a_column_that_is_named_twice_counts_once(X):
    a, b = (0, 1) if isinstance(X, np.ndarray) else ("size", "count")
    selector = LightweightSelector(9)
    got = selected(selector, X, features=[a, a, b])
    assert_same(got, selected(selector, X, features=[a, b]))


# --- what is told and what is refused ---


def test_columns_left_out_are_told_once(caplog):
    caplog.set_level("INFO", logger="coreselect")
    LightweightSelector(9).fit_resample(FRAME.drop(columns="price"), Y)
    told = "X: 3 of 5 columns are not numbers and are left out: 'colour' (str), 'kind'"
    assert [m for m in caplog.messages if "left out" in m] == [
        f"{told} (category), 'day' (datetime64[us])"
    ]
    caplog.clear()
    LightweightSelector(9, features="auto").fit_resample(FRAME, Y)
    UniformSelector(9).fit_resample(FRAME, Y)
    assert caplog.messages == []


def shorter(X):
    return X[1:]


class Bare:
    fit = transform = None


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        (["size", "colour"], ValueError, r"not numbers: 'colour' .*features=\"auto\""),
        (["size", "hue"], ValueError, "features: there is no column 'hue'"),
        ([-1], ValueError, "features: there is no column -1"),
        ([], ValueError, "features is empty"),
        ({"size"}, TypeError, "features must be None, a list of columns"),
        ("size", TypeError, r"for one column: \['size'\]"),
        (7, TypeError, "features must be None, a list of columns"),
        (StandardScaler, TypeError, r"not its class: StandardScaler\(\)"),
        (LogisticRegression(), TypeError, "has no transform"),
        (Bare(), TypeError, "has no get_params"),
        (StandardScaler(), ValueError, "features=StandardScaler cannot be fitted"),
        (FunctionTransformer(shorter), ValueError, "has 0 rows for 1 rows"),
        (FunctionTransformer(), ValueError, "not numbers: 'colour'"),
        (
            make_column_transformer(("passthrough", ["price"])),
            ValueError,
            "seen through features=ColumnTransformer contains .* in column",
        ),
    ],
    ids=shown,
)
def test_what_cannot_be_seen_is_refused(features, error, message):
    with pytest.raises(error, match=message):
        LeverageSelector(9, features=features).fit(FRAME, Y)


def test_a_method_without_numbers_names_the_way_out():
    with pytest.raises(ValueError, match=r"no numeric column.*features=\"auto\""):
        LeverageSelector(9).fit(FRAME[["colour", "day"]])
    with pytest.raises(ValueError, match=r"missing values.*features=\"auto\""):
        LeverageSelector(9).fit(FRAME)
    with pytest.raises(ValueError, match=r"contains NaN.*features=\"auto\""):
        LeverageSelector(9).fit(FRAME[["price"]].to_numpy())


def test_a_matrix_of_a_kernel_has_no_features():
    selector = coreselect.DPPSelector(2, kernel="precomputed", features="auto")
    with pytest.raises(ValueError, match="kernel='precomputed' reads X as the matrix"):
        selector.fit(np.eye(9))
    with pytest.raises(ValueError, match=r"must be square.*use another kernel"):
        selector.set_params(features=None).fit(FRAME[["size", "count"]])

"""Sources that others write, behind the protocol `Holder`."""

import numpy as np
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

import coreselect.rows
from coreselect import LeverageSelector, RandomOverSampler, UniformSelector
from coreselect.rows import Holder

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3))


class Source:
    """An array or CSR matrix as a source; parts of it can be replaced."""

    feature_names = None

    def __init__(self, X, **changed):
        self.X, self.dtype = X, X.dtype
        self.n_rows, self.n_features = X.shape
        self.is_sparse = sparse.issparse(X)
        vars(self).update(changed)

    def blocks(self, bounds):
        return (self.X[start:stop] for start, stop in bounds)

    def gather(self, indices):
        return self.X[indices]

    def take(self, indices):
        return [f"row {i}" for i in indices]

    def column(self, name, argument):
        if name != "y":
            raise ValueError(f"{argument}: there is no column {name!r}.")
        return self.X @ np.ones(self.n_features)


class Bare:
    """Has an attribute too few."""

    n_rows, n_features = X.shape
    blocks = gather = take = None


def test_a_source_meets_the_protocol():
    assert isinstance(Source(X), Holder)
    assert not isinstance(X, Holder)
    assert not isinstance(coreselect.rows.open(X), Holder)


@pytest.mark.parametrize(
    "data",
    [
        X,
        X.astype(np.float32),
        np.arange(60).reshape(20, 3) ** 2 % 7,
        sparse.csr_array(np.arange(120).reshape(40, 3) ** 2 % 7 * 0.5),
    ],
    ids=["float64", "float32", "int64", "CSR"],
)
def test_blocks_are_those_of_the_array(data):
    wanted = coreselect.rows.open(data, block_rows=7)
    found = coreselect.rows.open(Source(data), block_rows=7)
    for name in ("n_rows", "n_features", "dtype", "is_sparse", "integral"):
        assert getattr(found, name) == getattr(wanted, name)
    for rows in (found, wanted):
        rows.made = rows.reduce(lambda b: [b.X], lambda a, b: a + b)
    for a, b in zip(found.made, wanted.made, strict=True):
        assert a.dtype == b.dtype
        assert_array_equal(*(x.toarray() if sparse.issparse(x) else x for x in (a, b)))
    selector = LeverageSelector(9, random_state=0)
    assert selector.fit_select(Source(data)) == selector.fit_select(data)


def test_take_and_columns_are_those_of_the_source():
    selection = UniformSelector(5, random_state=0).fit(Source(X), y="y").selection_
    assert selection.take(Source(X)) == [f"row {i}" for i in selection.indices]
    rows = coreselect.rows.open(Source(X), "y")
    assert_array_equal(rows.y, X @ np.ones(3))
    with pytest.raises(ValueError, match="y: there is no column 'z'"):
        coreselect.rows.open(Source(X), "z")


def test_features_are_chosen_by_name():
    source = Source(X, feature_names=["a", "y", "c"])
    for how in ({"columns": ["c", "a"]}, {"exclude": ["y"]}, {"y": "y"}):
        rows = coreselect.rows.open(source, **how)
        wanted = [2, 0] if "columns" in how else [0, 2]
        assert rows.feature_names == [["a", "y", "c"][j] for j in wanted]
        assert_array_equal(rows.whole().X, X[:, wanted])
        assert_array_equal(rows.gather([4]).X, X[[4]][:, wanted])
    selector = LeverageSelector(9, random_state=0, features=["c"])
    assert selector.fit_select(source) == selector.set_params(features=[2]).fit_select(
        X
    )


def test_sums_of_repeated_entries_are_formed_in_a_copy():
    repeated = sparse.csr_array(([1.0, 2.0], [0, 0], [0, 2, 2]), shape=(2, 2))
    (block,) = coreselect.rows.open(Source(repeated))._holder.blocks([(0, 2)])
    assert block.toarray().tolist() == [[3.0, 0.0], [0.0, 0.0]]
    assert repeated.nnz == 2


def test_rows_of_frames_are_resampled_and_others_are_copied():
    table = pa.table({"a": X[:, 0], "b": X[:, 1], "y": np.arange(50) % 5 == 0})

    class Frame(Source):
        def take(self, indices):
            return table.take(pa.array(indices))

        def column(self, name, argument):
            return table[name].to_numpy()

    source = Frame(X[:, :2], feature_names=["a", "b"])
    made, y = RandomOverSampler(random_state=0).fit_resample(source, "y")
    assert made.num_rows == len(y) == 80
    assert sum(y.to_pylist()) == 40


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"n_rows": 50.0}, TypeError, "X.n_rows must be an int, got 50.0"),
        ({"n_rows": 0}, ValueError, r"X: Found array with 0 sample\(s\)"),
        ({"n_features": 0}, ValueError, r"X: Found array with 0 feature\(s\)"),
        ({"dtype": "U3"}, TypeError, "X.dtype must be one of numbers, got <U3"),
        ({"feature_names": ["a"]}, ValueError, "X has 3 features, but 1 feature_names"),
    ],
)
def test_what_a_source_says_of_itself_is_checked(changed, error, message):
    with pytest.raises(error, match=message):
        coreselect.rows.open(Source(X, **changed))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_features": 4}, r"blocks\(\) gave an array of shape \(50, 3\) where"),
        ({"n_rows": 51}, r"blocks\(\) gave an array of shape \(50, 3\) where"),
        ({"blocks": lambda bounds: iter(())}, r"ended before the rows 0 to 49"),
        (
            {"blocks": lambda bounds: [X, X]},
            r"blocks\(\) gave more blocks than the 1 p",
        ),
        ({"is_sparse": True}, r"gave an array of shape \(50, 3\) where CSR of shape"),
    ],
)
def test_blocks_that_are_not_what_was_asked_for(changed, message):
    rows = coreselect.rows.open(Source(X, **changed))
    with pytest.raises(ValueError, match=message):
        rows.check_finite()


def test_no_blocks_are_named():
    rows = coreselect.rows.open(Source(X, blocks=lambda bounds: None))
    with pytest.raises(
        TypeError, match=r"blocks\(\) must yield blocks, but returned N"
    ):
        rows.check_finite()


@pytest.mark.parametrize("made", [np.array, sparse.csr_array])
@pytest.mark.parametrize("told", [np.float32, np.int64])
def test_blocks_of_another_dtype_are_refused(made, told):
    """They would be rounded, and other rows selected than from the numbers."""
    source = Source(made(X), dtype=np.dtype(told))
    message = "gave numbers of type float64, but X.dtype is"
    with pytest.raises(TypeError, match=message):
        LeverageSelector(5).fit(source)
    with pytest.raises(TypeError, match=message):
        coreselect.rows.open(source).gather([1])


def test_rows_by_number_that_are_not_what_was_asked_for():
    rows = coreselect.rows.open(Source(X, gather=lambda indices: X))
    with pytest.raises(ValueError, match=r"gather\(\) gave an array of shape"):
        rows.gather([1])


def test_nan_is_named_by_column():
    changed = X.copy()
    changed[40, 1] = np.nan
    source = Source(changed, feature_names=["a", "b", "c"])
    with pytest.raises(ValueError, match="1 x NaN in column 'b'"):
        LeverageSelector(5).fit(source)


def test_columns_cannot_be_named_without_names():
    with pytest.raises(ValueError, match=r"columns=\['a'\] names columns, but X"):
        coreselect.rows.open(Source(X), columns=["a"])


def test_an_object_with_some_of_the_methods_is_told_which_are_missing():
    with pytest.raises(TypeError, match="no feature_names, dtype, is_sparse, column;"):
        coreselect.rows.open(Bare())

"""SMOTENC and SMOTEN: laws, formulas, containers, bad input, the original's numbers."""

import tracemalloc
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from imblearn import over_sampling as original
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from coreselect import SMOTEN, SMOTENC, SmoteUndersample
from coreselect.imbalance._base import imblearn_draws, nominal
from coreselect.imbalance._base.deviations import deviations
from coreselect.imbalance._base.neighbors import SingleRowWarning
from coreselect.rows import open as open_rows
from tests._kernels import reference_nominal as reference


def mixed(seed=0, n=150, dtype=float):
    """Three columns of numbers, two of small integers; three classes."""
    rng = np.random.RandomState(seed)
    y = rng.choice([0, 1, 2], n, p=[0.15, 0.25, 0.6])
    numbers = rng.standard_normal((n, 3)) * 2 + y[:, None]
    codes = rng.randint(0, 4, (n, 2)) + (y[:, None] == 0)
    if dtype is object:
        X = np.empty((n, 5), dtype=object)
        X[:, :3], X[:, 3:] = numbers, np.array(list("abcde"))[codes]
        return X, y
    return np.hstack([numbers * (50 if dtype is int else 1), codes]).astype(dtype), y


# --- the formulas ---


def test_distances_of_the_paper():
    """m is the median of 1, 3 and 8; one nominal difference costs m squared, 9."""
    X = np.array([[-1.0, -3.0, -8.0, 0], [1.0, 3.0, 8.0, 1]])
    X = np.vstack([X, [[-1.0, -3.0, -8.0, 1], [1.0, 3.0, 8.0, 0]], np.zeros((9, 4))])
    y = np.repeat([1, 0], [4, 9])
    sampler = SMOTENC([3], k_neighbors=1, random_state=0).fit(X, y)
    assert sampler.median_std_ == {1: 3.0}
    # Rows 0 and 2 differ in the nominal column only: 9 < 4 + 36 + 256.
    pairs = {0: 2, 2: 0, 1: 3, 3: 1}
    synthesis = sampler.selection_
    assert [pairs[i] for i in synthesis.base] == synthesis.neighbor.tolist()


@pytest.mark.parametrize("scale", [1e-170, 1.0, 1e170])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_neighbours_at_any_scale(scale, offset):
    X, y = mixed()
    rows = np.flatnonzero(y == 0)
    numbers, codes = X[rows, :3] + offset, X[rows, 3:].astype(int)
    m = np.median(numbers.std(axis=0))
    wanted = reference.nearest_others(
        reference.mixed_sq_distances(numbers, codes, m**2), 4
    )
    m = np.median(deviations(numbers * scale))
    found = nominal.mixed_neighbors(numbers * scale, codes, m, 4)
    assert_array_equal(found, wanted)


def test_deviations():
    X = np.random.default_rng(0).standard_normal((50, 4)) * [1e-200, 1, 1e5, 1e200]
    wanted = (X / [1e-200, 1, 1e5, 1e200]).std(axis=0) * [1e-200, 1, 1e5, 1e200]
    assert_allclose(deviations(X), wanted, rtol=1e-12)
    assert_array_equal(deviations(np.ones((5, 2))), [0.0, 0.0])


def test_new_rows_lie_on_segments_and_carry_the_vote():
    X, y = mixed()
    sampler = SMOTENC([3, 4], k_neighbors=5, random_state=0).fit(X, y)
    synthesis = sampler.selection_
    made = synthesis.take(X)[len(X) :]
    base, neighbor = X[synthesis.base, :3], X[synthesis.neighbor, :3]
    line = base + synthesis.step[:, None] * (neighbor - base)
    assert_allclose(made[:, :3], line, rtol=1e-12, atol=1e-12)
    for label in (0, 1):
        rows = np.flatnonzero(y == label)
        distances = reference.mixed_sq_distances(
            X[rows, :3], X[rows, 3:], sampler.median_std_[label] ** 2
        )
        lists = rows[reference.nearest_others(distances, 5)]
        for i in np.flatnonzero(synthesis.labels == label):
            voters = lists[np.searchsorted(rows, synthesis.base[i])]
            for column in (3, 4):
                values, counts = np.unique(X[voters, column], return_counts=True)
                assert made[i, column] in values[counts == counts.max()]


def test_totals_are_exact_and_bases_shared_out():
    X, y = mixed()
    for sampler in (SMOTENC([3, 4], random_state=0), SMOTEN(random_state=0)):
        _, labels = sampler.fit_resample(X, y)
        assert len(set(np.bincount(labels))) == 1
        times = np.bincount(sampler.selection_.base, minlength=len(y))
        for label in (0, 1):
            assert np.ptp(times[y == label]) <= 1


def _ties(choose):
    """Times that each of two tied values is chosen, in 2000 votes."""
    codes, lists = np.array([0, 0, 1, 1]), np.array([[0, 1, 2, 3]])
    chosen = choose(codes, lists, np.zeros(2000, dtype=int))
    return np.bincount(codes[chosen], minlength=2)


def test_ties_of_a_vote_are_broken_evenly():
    """|z| < 4.5 for a fair coin of 2000; always the lowest code fails it."""
    rng, legacy = np.random.default_rng(0), np.random.RandomState(0)

    def z(counts):
        return (counts[0] - 1000) / np.sqrt(500)

    assert abs(z(_ties(lambda *a: nominal.vote(*a, rng.random(2000))))) < 4.5
    assert abs(z(_ties(lambda *a: imblearn_draws.vote(*a, legacy)))) < 4.5
    assert z(_ties(lambda *a: nominal.vote(*a, 0.0))) > 4.5


def test_value_difference_metric():
    """Shares of the classes by hand: a has (2/3, 1/3), b has (0, 1), c has (1, 0)."""
    codes = np.array([[0], [0], [0], [1], [1], [2]])
    classes = np.array([0, 0, 1, 1, 1, 0])
    bounds = np.array([0, 3])
    shares = nominal.class_shares(codes, bounds, classes, 2)
    assert_allclose(shares, [[2 / 3, 1 / 3], [0, 1], [1, 0]])
    distances = nominal.ValueDifferences(codes, bounds, shares).distances(0, 6)
    assert_allclose(distances[0, 3:], [(4 / 3) ** 2, (4 / 3) ** 2, (2 / 3) ** 2])
    assert_allclose(distances, reference.vdm_distances(codes, classes), atol=1e-15)
    weighted = nominal.class_shares(
        codes, bounds, classes, 2, np.array([1, 1, 2, 1, 1, 1])
    )
    assert_allclose(weighted[0], [0.5, 0.5])


def test_codes_that_no_row_has():
    shares = nominal.class_shares(np.array([[2]]), np.array([0, 3]), np.array([0]), 2)
    assert_array_equal(shares, [[0, 0], [0, 0], [1, 0]])


def test_smoten_votes_with_the_base_row_lowest_category_first():
    """Three copies outvote nobody else; of a, b and c with a vote each, a wins."""
    X = np.array([["a", "x"]] * 3 + [["b", "y"]] * 3 + [["c", "z"]] * 9, dtype=object)
    y = np.array([1] * 6 + [0] * 9)
    made, _ = SMOTEN(k_neighbors=2, random_state=0).fit_resample(X, y)
    assert {tuple(row) for row in made[15:]} <= {("a", "x"), ("b", "y")}
    X = np.array([["c"], ["a"], ["b"]] + [["d"]] * 9, dtype=object)
    y = np.array([1] * 3 + [0] * 9)
    made, _ = SMOTEN(k_neighbors=2, random_state=0).fit_resample(X, y)
    assert_array_equal(made[12:], [["a"]] * 6)  # "c" and "b" alone would elect "b"


# --- imbalanced-learn's numbers ---


def assert_same(ours, theirs, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataConversionWarning)
        got, wanted = ours.fit_resample(X, y), theirs.fit_resample(X, y)
    for a, b in zip(got, wanted, strict=True):
        if sparse.issparse(b):
            assert a.format == b.format
            a, b = a.toarray(), b.toarray()
        assert type(a) is type(b)
        assert_array_equal(np.asarray(a), np.asarray(b))


def _states(seed):
    return [(seed, seed), (np.random.RandomState(seed), np.random.RandomState(seed))]


@pytest.mark.parametrize("dtype", [float, np.float32, object, int])
@pytest.mark.parametrize("seed", [0, 1])
def test_smotenc_is_the_original_under_its_protocol(dtype, seed):
    X, y = mixed(seed, dtype=dtype)
    for mine, other in _states(seed):
        assert_same(
            SMOTENC([4, 3], random_state=mine, protocol="imblearn"),
            original.SMOTENC([4, 3], random_state=other),
            X,
            y,
        )
    search = NearestNeighbors(n_neighbors=4)
    assert_same(
        SMOTENC([3, 4], random_state=2, k_neighbors=search, protocol="imblearn"),
        original.SMOTENC([3, 4], random_state=2, k_neighbors=search),
        X,
        y,
    )
    if dtype is not object:
        assert_same(
            SMOTENC([3, 4], random_state=2, protocol="imblearn"),
            original.SMOTENC([3, 4], random_state=2),
            sparse.csr_matrix(X),
            y,
        )


def test_integers_of_small_spread_get_random_categories_in_the_original():
    """Its m / sqrt(2) is cut off to zero there, so that no neighbour has a vote."""
    X, y = mixed()
    X = np.rint(np.hstack([X[:, :3] * 0.4, X[:, 3:]])).astype(int)
    X[:, 0] = np.arange(len(X)) * 17 % 151  # no ties between distances
    X[y == 0, 3:] = 7
    search = NearestNeighbors(n_neighbors=4)  # the same search: ties are not at issue
    ours = SMOTENC([3, 4], k_neighbors=search, random_state=0, protocol="imblearn")
    theirs = original.SMOTENC([3, 4], k_neighbors=search, random_state=0)
    assert_same(ours, theirs, X, y)
    wrong, labels = ours.fit_resample(X, y)
    assert (wrong[len(X) :][labels[len(X) :] == 0, 3:] != 7).any()
    right, labels = SMOTENC([3, 4], random_state=0).fit_resample(X, y)
    assert (right[len(X) :][labels[len(X) :] == 0, 3:] == 7).all()


@pytest.mark.parametrize("dtype", [float, object, int])
@pytest.mark.parametrize("n_classes", [3, 9])  # NumPy sums nine numbers pairwise
def test_smoten_is_the_original_under_its_protocol(dtype, n_classes):
    X, y = mixed(n=300, dtype=dtype)
    X = X[:, 3:]
    if n_classes == 9:
        y = 3 * y + np.arange(300) % 3
    for mine, other in _states(0):
        assert_same(
            SMOTEN(random_state=mine, protocol="imblearn"),
            original.SMOTEN(random_state=other),
            X,
            y,
        )


# --- parameters ---


@pytest.mark.parametrize(
    "columns", [[3, 4], [-2, -1], np.array([0, 0, 0, 1, 1], dtype=bool), (3, 4)]
)
def test_ways_to_name_columns(columns):
    X, y = mixed()
    sampler = SMOTENC(columns, random_state=0).fit(X, y)
    assert_array_equal(sampler.categorical_features_, [3, 4])
    assert_array_equal(sampler.continuous_features_, [0, 1, 2])
    frame = pd.DataFrame(X, columns=list("abcde"))
    by_name = SMOTENC(["d", "e"], random_state=0).fit(frame, y)
    assert_array_equal(by_name.selection_.step, sampler.selection_.step)


def test_neighbours_objects_agree_with_numbers():
    X, y = mixed()
    for cls, data in ((SMOTENC, X), (SMOTEN, X[:, 3:])):
        given = {"categorical_features": [3, 4]} if cls is SMOTENC else {}
        number = cls(**given, k_neighbors=4, random_state=0).fit(data, y)
        search = NearestNeighbors(n_neighbors=5)
        found = cls(**given, k_neighbors=search, random_state=0).fit(data, y)
        assert number.nn_k_.n_neighbors == found.nn_k_.n_neighbors == 5
        assert not hasattr(search, "n_features_in_")  # a clone was fitted
        if cls is SMOTENC:  # of SMOTEN, distances tie
            assert_array_equal(number.selection_.neighbor, found.selection_.neighbor)


def test_weights_choose_bases():
    """A row of weight 3 is a base three times as often; one of weight 0 never."""
    X, y = mixed()
    weight = np.where(np.arange(len(y)) % 3 == 0, 3.0, 1.0)
    weight[y == 0] *= np.r_[0.0, np.ones((y == 0).sum() - 1)]
    for sampler, data in ((SMOTENC([3, 4], k_neighbors=3), X), (SMOTEN(), X[:, 3:])):
        sampler.set_params(random_state=0, sampling_strategy={0: 2000})
        base = sampler.fit(data, y, weight).selection_.base
        times = np.bincount(base, minlength=len(y))[y == 0]
        shares = weight[y == 0] / weight[y == 0].sum()
        assert times[0] == 0
        assert_allclose(times, shares * times.sum(), atol=1)


# --- containers ---


def _frames(table):
    frame = pd.DataFrame(table)
    yield frame, lambda f: f
    yield frame.astype({"c": "category"}), lambda f: f
    yield pl.DataFrame(table), lambda f: f.to_pandas()
    yield (
        pl.DataFrame(table).with_columns(pl.col("c").cast(pl.Categorical)),
        lambda f: f.to_pandas(),
    )
    yield pa.table(table), lambda f: f.to_pandas()


def test_containers():
    rng = np.random.default_rng(0)
    table = {
        "a": rng.standard_normal(60),
        "c": rng.choice(["x", "y", "z"], 60).tolist(),
        "b": rng.integers(100, size=60),
    }
    y = np.repeat([0, 1], [45, 15])
    wanted = None
    for frame, to_pandas in _frames(table):
        sampler = SMOTENC(["c"], random_state=0)
        X_new, y_new = sampler.fit_resample(frame, y)
        assert type(X_new) is type(frame)
        assert sampler.feature_names_in_.tolist() == ["a", "c", "b"]
        got = to_pandas(X_new).astype({"c": str})
        assert got["b"].dtype.kind == "i"
        wanted = got if wanted is None else wanted
        pd.testing.assert_frame_equal(got, wanted, check_dtype=False)
        nominal, _ = SMOTEN(random_state=0).fit_resample(frame, y)
        assert type(nominal) is type(frame)
        assert len(nominal) == len(y_new) == 90


def test_auto_finds_categorical_columns():
    X, y = mixed()
    frame = pd.DataFrame(X, columns=list("abcde")).astype({"d": "category"})
    sampler = SMOTENC(random_state=0).fit(frame, y)
    assert_array_equal(sampler.categorical_features_, [3])
    frame = pl.DataFrame({"a": X[:, 0], "d": X[:, 3].astype(str)})
    frame = frame.with_columns(
        pl.col("d").cast(pl.Enum(["0.0", "1.0", "2.0", "3.0", "4.0"]))
    )
    assert_array_equal(SMOTENC().fit(frame, y).categorical_features_, [1])


def test_files(tmp_path):
    """Text columns of a Parquet file are features; the target is named."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": rng.standard_normal(60),
            "c": pd.Categorical(rng.choice(list("xyz"), 60)),
            "s": rng.choice(list("uvw"), 60),
            "target": np.repeat(["p", "q"], [45, 15]),
        }
    )
    path = tmp_path / "rows.parquet"
    frame.to_parquet(path)
    for sampler in (SMOTENC(["c", "s"], random_state=0), SMOTEN(random_state=0)):
        wanted, labels = sampler.fit_resample(frame, "target")
        got, found = sampler.fit_resample(str(path), "target")
        assert sampler.feature_names_in_.tolist() == ["a", "c", "s"]
        assert found.to_pylist() == labels.tolist()
        pd.testing.assert_frame_equal(
            got.to_pandas().astype(str), wanted.astype(str).reset_index(drop=True)
        )
    frame.drop(columns="s").to_parquet(path)
    found = SMOTENC(random_state=0).fit(str(path), "target").categorical_features_
    assert found.tolist() == [1]


def test_missing_categories_are_a_category():
    X, y = mixed(dtype=object)
    X[::4, 3] = None
    X_new, _ = SMOTENC([3, 4], random_state=0).fit_resample(X, y)
    assert any(value is None for value in X_new[len(X) :, 3])


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT], ids=repr)
def test_missing_objects_are_a_category(missing):
    """All rows of the small class miss theirs, in an array of objects."""
    y = np.repeat([0, 1], [30, 10])
    values = np.array(["u", "v"] * 15 + [missing] * 10, dtype=object)[:, None]
    made, _ = SMOTEN(random_state=0).fit_resample(values, y)
    assert pd.isna(made[:, 0]).sum() == 30
    values = np.hstack([values, np.arange(40.0)[:, None].astype(object)])
    made, _ = SMOTENC([0], random_state=0).fit_resample(values, y)
    assert pd.isna(made[:, 0]).sum() == 30


def with_gaps(dtype):
    """Return labels, and a column whose gaps are all in the large class."""
    y = np.arange(60) % 4 == 0
    values = pd.Series(np.arange(60) // 4 % 5, dtype=object)
    if dtype == "datetime64[ns]":
        values *= 10**15
    elif dtype != "category":  # pandas itself rounds categories beside gaps
        values += 2**60
    values[~y & (np.arange(60) % 3 == 0)] = None
    values = values.map(str, na_action="ignore") if dtype == "string" else values
    return values.astype(dtype), y


@pytest.mark.parametrize(
    "dtype", [object, "string", "category", "Int64", "datetime64[ns]"]
)
@pytest.mark.parametrize(
    "as_container",
    [lambda f: f, pl.from_pandas, pa.Table.from_pandas],
    ids=["pandas", "polars", "pyarrow"],
)
def test_a_class_without_gaps_has_the_categories_of_all_rows(dtype, as_container):
    """Its columns have another type then, in which large integers may be rounded."""
    column, y = with_gaps(dtype)
    frame = as_container(pd.DataFrame({"x": np.arange(60.0), "c": column, "h": 0.5}))
    sampler = SMOTENC(["c", "h"], k_neighbors=2, random_state=0)
    rows = open_rows(frame, numeric=False, block_rows=7)
    found = sampler.fit(rows, y).selection_
    assert [len(values) for values in sampler.categorical_encoder_.categories_] == [
        6,
        1,
    ]
    encoder = OneHotEncoder(handle_unknown="ignore")
    sampler.set_params(categorical_encoder=encoder)  # fitted to all rows
    assert found == sampler.fit(frame, y).selection_
    made = column[found.parts[0].donor[:, 0]]
    assert made.notna().all()
    assert made.nunique() > 1


@pytest.mark.parametrize("block_rows", [7, 60])
def test_faults_of_all_blocks_are_named(block_rows):
    """Columns that are no numbers come first, then missing values, then infinity."""
    y = np.arange(60) % 4 == 0
    frame = pd.DataFrame({"a": np.arange(60.0), "b": 1.0, "c": 0})
    frame.loc[[20, 50], "b"], frame.loc[[5, 30], "a"] = np.inf, -np.inf

    def refused(X, message):
        rows = open_rows(X, numeric=False, block_rows=block_rows)
        with pytest.raises(ValueError, match=message):
            SMOTENC([2]).fit(rows, y)

    refused(frame, r"NaN or infinity in columns .*: 'a', 'b'\. Remove")
    refused(sparse.csc_array(frame.to_numpy()), r"NaN or infinity .*: 0, 1\. Remove")
    frame.loc[[1, 40, 41], "b"], frame.loc[50, "a"] = np.nan, np.nan
    refused(frame, "4 missing values .*: 1 in column 'a', 3 in column 'b'")
    objects = frame.to_numpy(dtype=object)
    objects[3, 1], objects[59, 1], objects[30, 0] = "u", b"v", "w"
    refused(objects, r"not numbers: 0 \(str\), 1 \(bytes, str\)")


def same(column, value):
    """Say which entries are a value, or missing if it is None."""
    return column.isna() if value is None else column == value


@pytest.mark.parametrize("others", [False, True], ids=["alone", "beside text"])
@pytest.mark.parametrize(
    "dtype",
    [object, "str", "string", "category", "string[pyarrow]", "boolean", "Int64"],
)
def test_missing_values_of_any_dtype_are_a_category(dtype, others):
    """All rows of the small class miss theirs: so do the new rows."""
    y = np.repeat([0, 1], [30, 10])
    values = [bool(i % 2) for i in range(30)]
    if dtype not in ("boolean", "Int64"):
        values = ["v" if value else "u" for value in values]
    column = pd.Series([*values, *[None] * 10], dtype=object).astype(dtype)
    frame = pd.DataFrame({"c": column, **({"d": ["x"] * 40} if others else {})})
    before = frame.copy()
    made, _ = SMOTEN(random_state=0).fit_resample(frame, y)
    # Before pandas 3 a column of "str" holds the text "None" for what is missing.
    missing = column.iloc[-1] if isinstance(column.iloc[-1], str) else None
    assert same(made["c"], missing).sum() == 30
    mixed_frame = frame.assign(x=np.arange(40.0))
    made_mixed, _ = SMOTENC(["c"], random_state=0).fit_resample(
        mixed_frame[["c", "x"]], y
    )
    assert same(made_mixed["c"], missing).sum() == 30
    assert made["c"].dtype == made_mixed["c"].dtype == column.dtype
    pd.testing.assert_frame_equal(frame, before)


def test_data_are_not_kept():
    X, y = mixed(n=3000)
    for sampler, data in ((SMOTENC([3, 4]), X), (SMOTEN(), X[:, 3:])):
        fitted = sampler.fit(data, y)
        mine = {k: v for k, v in vars(fitted).items() if k != "selection_"}
        sizes = [v.size for v in mine.values() if isinstance(v, np.ndarray)]
        assert max(sizes) <= len(fitted.selection_)  # the weights


def test_string_labels():
    X, y = mixed()
    named = np.array(["rare", "some", "many"])[y]
    _, labels = SMOTENC([3, 4], random_state=0).fit_resample(X, named)
    assert set(np.unique(labels, return_counts=True)[1]) == {(y == 2).sum()}


def test_memory_does_not_grow_with_the_categories():
    """One-hot columns of 20,000 categories for 300 x 5 voters would take 240 MB."""
    rng = np.random.default_rng(0)
    n = 20_000
    X = np.column_stack([rng.standard_normal((n, 2)), rng.permutation(n)])
    y = (np.arange(n) < 300).astype(int)
    sampler = SMOTENC([2], random_state=0)
    sampler.fit(X[:1000], y[:1000])  # imports and compiles
    tracemalloc.start()
    sampler.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6


# --- bad input ---


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"categorical_features": [0, 1, 2, 3, 4]}, "only with categorical features"),
        ({"categorical_features": []}, "only with numerical features"),
        ({"categorical_features": [5]}, "all features must be in"),
        ({"categorical_features": [-6]}, "all features must be in"),
        ({"categorical_features": [3, 3]}, "twice"),
        ({"categorical_features": [True, False]}, "mask of 2 columns"),
        ({"categorical_features": ["d"]}, "has no names"),
        ({"categorical_features": "auto"}, "should be a pandas.DataFrame"),
        (
            {"categorical_features": [3]},
            "not in categorical_features and not numbers: 4 .str.",
        ),
        ({"categorical_features": [[3]]}, "1-dimensional"),
        ({"k_neighbors": 200}, "at most"),
        (
            {"categorical_encoder": OneHotEncoder(drop="first")},
            "one column per category",
        ),
        (
            {"categorical_encoder": OneHotEncoder(min_frequency=40)},
            "one column per category",
        ),
    ],
)
def test_smotenc_refuses(given, message):
    X, y = mixed(dtype=object)
    with pytest.raises(ValueError, match=message):
        SMOTENC(**{"categorical_features": [3, 4], **given}).fit(X, y)


def test_smotenc_refuses_names_that_are_not_there():
    X, y = mixed()
    with pytest.raises(ValueError, match="'z', which is not a column"):
        SMOTENC(["z"]).fit(pd.DataFrame(X, columns=list("abcde")), y)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_must_be_finite(value):
    X, y = mixed()
    X[3, 0] = value
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        SMOTENC([3, 4]).fit(X, y)
    if value != value:
        with pytest.raises(ValueError, match="NaN"):
            SMOTEN().fit(X, y)


@pytest.mark.parametrize("sampler", [SMOTENC([3, 4]), SMOTEN()], ids=repr)
@pytest.mark.parametrize(
    ("y", "strategy", "message"),
    [
        (np.zeros(150), "auto", "more than 1 class"),
        (np.linspace(0, 1, 150), "auto", "Unknown label type"),
        (np.arange(150) % 2, {7: 100}, "not present in y"),
        (np.arange(150) % 2, {1: 10}, "need at least that many"),
        (np.arange(150) % 3, 0.5, "a binary target; y has 3 classes"),
    ],
)
def test_targets_and_strategies_that_are_none(sampler, y, strategy, message):
    sampler = clone(sampler).set_params(sampling_strategy=strategy)
    with pytest.raises(ValueError, match=message):
        sampler.fit(mixed()[0], y)


def test_one_row_is_copied():
    X, y = mixed(dtype=object)
    y[y == 0] = 1
    y[0] = 0
    for sampler, data in ((SMOTENC([3, 4]), X), (SMOTEN(), X[:, 3:])):
        with pytest.warns(SingleRowWarning, match="one row"):
            made, labels = sampler.fit_resample(data, y)
        assert_array_equal(made[labels == 0], [data[0]] * (y == 2).sum())


def test_equal_rows():
    """Three equal rows are each other's neighbours: new ones are equal to them."""
    X, y = mixed()
    X[:3], y[y == 0] = X[0], 1
    y[:3] = 0
    for sampler, data in ((SMOTENC([3, 4]), X), (SMOTEN(), X[:, 3:])):
        made, labels = sampler.set_params(k_neighbors=2).fit_resample(data, y)
        assert_array_equal(made[labels == 0], [data[0]] * (y == 2).sum())


def test_too_few_rows_name_the_number_that_works():
    X, y = mixed()
    y[y == 0] = 1
    y[:3] = 0
    for sampler in (SMOTENC([3, 4]), SMOTEN()):
        with pytest.raises(ValueError, match="k_neighbors=2 at most"):
            sampler.fit(X, y)


def test_smoten_takes_another_ordinal_encoder_and_says_what_sparse_costs():
    X, y = mixed()
    encoder = OrdinalEncoder(dtype=np.int64)
    sampler = SMOTEN(encoder, random_state=0)
    plain = SMOTEN(random_state=0).fit(X, y)
    assert sampler.fit(X, y).selection_ == plain.selection_
    with pytest.warns(DataConversionWarning, match="is not really efficient"):
        rows, _ = SMOTEN(random_state=0).fit_resample(sparse.csc_array(X), y)
    assert rows.format == "csc"
    assert_array_equal(rows.toarray(), plain.selection_.take(X))


# --- what is a number, and what is missing ---


def typed():
    """A continuous column, and columns that are none by their type."""
    dates = pd.Series(pd.date_range("2020-01-01", periods=40).to_numpy().copy())
    dates[::4] = pd.NaT
    objects = np.array(["u", pd.NA, "v", pd.NaT], dtype=object)[np.arange(40) % 4]
    return pd.DataFrame(
        {
            "x": np.arange(40.0),
            "digits": pd.Series([str(i % 3) for i in range(40)], dtype=object),
            "date": dates,
            "gap": pd.Series(objects, dtype=object),
            "thin": pd.arrays.SparseArray(np.arange(40) % 3 == 0),
        }
    )


@pytest.mark.parametrize("name", ["digits", "date", "gap"])
def test_continuous_columns_are_numbers_by_type(name):
    """Nothing is cast to see whether it may pass for a number."""
    frame, y = typed()[["x", name, "thin"]], np.repeat([0, 1], [28, 12])
    with pytest.raises(ValueError, match=f"not in categorical_features.*'{name}'"):
        SMOTENC(["thin"], k_neighbors=2).fit(frame, y)
    with pytest.raises(ValueError, match=r"not in categorical_features.*: 1 "):
        SMOTENC([2], k_neighbors=2).fit(frame.to_numpy(dtype=object), y)


def test_missing_continuous_values_are_called_by_column():
    frame, y = typed()[["x", "thin"]], np.repeat([0, 1], [28, 12])
    frame["n"] = pd.array([None, *range(39)], dtype="Int64")
    with pytest.raises(ValueError, match=r"missing values.*'n'"):
        SMOTENC(["thin"]).fit(frame, y)
    frame["n"] = np.where(np.arange(40) == 5, np.inf, 1.0)
    with pytest.raises(ValueError, match=r"NaN or infinity in columns.*'n'"):
        SMOTENC(["thin"]).fit(frame, y)


@pytest.mark.parametrize("container", ["frame", "objects"])
def test_dates_and_objects_that_are_missing_are_a_category(container):
    frame, y = typed(), np.repeat([0, 1], [28, 12])
    frame.loc[28:, ["date"]] = pd.NaT
    frame.loc[28:, ["gap"]] = pd.NA
    X = frame if container == "frame" else frame.to_numpy(dtype=object)
    for sampler in (SMOTENC([1, 2, 3, 4], k_neighbors=2), SMOTEN(k_neighbors=2)):
        rows, _ = sampler.set_params(random_state=0).fit_resample(X, y)
        made = pd.DataFrame(rows).iloc[40:]
        assert made.iloc[:, [2, 3]].isna().all(axis=None)
        if container == "frame":
            assert (rows.dtypes == frame.dtypes).all()


def test_errors_about_columns_are_true():
    frame = typed()[["x", "digits"]]
    with pytest.raises(ValueError, match=r"No column of X is categorical.*object"):
        SMOTENC().fit(frame, np.repeat([0, 1], [28, 12]))


def test_what_is_as_large_as_the_data_is_not_kept():
    """After a fit of its own, or inside another resampler."""
    X, y = mixed()
    alone = [SMOTENC([3, 4]).fit(X, y), SMOTEN().fit(X, y)]
    inside = [SmoteUndersample(smote=s).fit(X, y).smote_ for s in alone]
    for sampler in alone + inside:
        assert not {"_first", "_codes", "_table"} & vars(sampler).keys()

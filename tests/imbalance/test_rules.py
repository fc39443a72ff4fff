"""Rules that hold for every resampler, whatever holds the rows."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

import coreselect
from coreselect.rows.columns import column_types
from coreselect.selection import Selection, Synthesis
from coreselect.testing._instances import seeded
from coreselect.testing._resamplers import fitted_on

EXAMPLES = [
    example
    for cls in coreselect.all_resamplers().values()
    for example in cls.examples()
]


def ids(resampler):
    return repr(resampler).replace("\n", "")[:60]


# --- sums over rows run in float64 ---


def singles(n=3000, offset=0.0):
    """Rows that float32 holds exactly; at an offset of 1e4 a sum of them does not."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [n - n // 5, n // 5])
    X = rng.standard_normal((n, 3)) + 0.8 * y[:, np.newaxis]
    X = np.rint(X * 512) / 512 + offset
    X[:, -1] = rng.integers(3, size=n)
    return X.astype(np.float32), y


def assert_same_recipes(one, other, unit=1.0):
    """Assert equality, with what is measured in units of the features up to 1e-6.

    Sums of 3000 float64 numbers of 1e4 are right to 3000 x 1e4 x 1e-16, that is 3e-9.
    """
    assert_array_equal(one.indices, other.indices)
    if not isinstance(one, Synthesis):
        return
    for part, wanted in zip(one.parts, other.parts, strict=True):
        for name, value in vars(wanted).items():
            got = getattr(part, name)
            if name in ("scale", "values") and value is not None:
                assert_allclose(got, value * unit, rtol=1e-6)
            elif isinstance(value, np.ndarray):
                assert_array_equal(got, value)


# The precision of an estimator that the user gives is up to that estimator.
OWN = [
    example
    for example in EXAMPLES
    if getattr(example, "estimator", None) is None
    and getattr(example, "protocol", "coreselect") == "coreselect"
]


# Combined methods clean rows as they are returned, rounded to float32.
@pytest.mark.parametrize(
    "resampler", [r for r in OWN if not hasattr(r, "smote")], ids=ids
)
def test_float32_decides_as_float64_does(resampler):
    X, y = singles(1200, offset=1e4)
    resampler = seeded(resampler)
    found = fitted_on(resampler, X, y).selection_
    assert_same_recipes(found, fitted_on(resampler, X.astype(float), y).selection_)


@pytest.mark.parametrize("unit", [2.0**70, 2.0**-70])
@pytest.mark.parametrize("resampler", OWN, ids=ids)
def test_squares_of_float32_neither_overflow_nor_vanish(resampler, unit):
    X, y = singles(300)
    resampler = seeded(resampler)
    wanted = fitted_on(resampler, X, y).selection_
    found = fitted_on(resampler, X * np.float32(unit), y).selection_
    assert_same_recipes(found, wanted, unit)


# --- copied means copied ---

# Rows of two columns of numbers, and of whatever else a container can hold.
N = 40
Y = np.repeat([0, 1], [28, 12])
BIG = 2**53 + 1  # no float64
TEXT = np.array(["007", "8", "", "1e3"], dtype=object)[np.arange(N) % 4]
DATES = np.datetime64("2020-01-01", "D") + np.arange(N) % 5
NUMBERS = np.random.default_rng(0).normal(size=N)


def table():
    """Columns of every kind, missing values among those that are copied."""
    number = np.arange(N)
    return pd.DataFrame(
        {
            "x": NUMBERS,
            "i": (number % 7).astype(np.int32),
            "single": NUMBERS.astype(np.float32),
            "flag": number % 3 == 0,
            "nullable": pd.array(number % 5, dtype="Int64"),
            "text": TEXT,
            "label": pd.Categorical(TEXT, categories=["1e3", "", "8", "007", "never"]),
            "date": DATES.astype("M8[s]"),
            "gap": pd.Series(np.where(number % 4, TEXT, None), dtype=object),
            "late": pd.Series(DATES.astype("M8[s]")).where(number % 4 > 0),
            "id": pd.Series(BIG + number % 2, dtype=object),
        },
        index=pd.RangeIndex(N, name="row"),
    )


COPIED = ["text", "label", "date", "gap", "late"]


def thin():
    """Several sparse dtypes of pandas, one beside the other."""
    dummies = pd.get_dummies(pd.Series(TEXT, name="t"), sparse=True)
    dummies.columns = [f"t{c}" for c in dummies.columns]
    made = pd.DataFrame(
        {
            "big": pd.arrays.SparseArray(np.arange(N) % 3 + 200, dtype="int64"),
            "one": pd.arrays.SparseArray(
                np.where(NUMBERS > 0, NUMBERS, 0.0), fill_value=0.0
            ),
            "nan": pd.arrays.SparseArray(NUMBERS, fill_value=np.nan),
        }
    )
    return pd.concat([made, dummies], axis=1)


FRAMES = {
    "pandas": lambda: table(),
    "polars": lambda: pl.from_pandas(table().drop(columns="id")),
    "pyarrow": lambda: pa.Table.from_pandas(
        table().drop(columns="id"), preserve_index=False
    ),
    "other byte order": lambda: table().astype({"x": ">f8", "i": ">i4"}),
    "wide integers": lambda: pl.from_pandas(table().drop(columns="id")).with_columns(
        pl.col("i", "flag").cast(pl.Int128)
    ),
    "sparse and dense": lambda: pd.concat([thin(), table().drop(columns="id")], axis=1),
    "sparse": thin,
    "sparse zeros": lambda: thin().drop(columns="nan"),
}


def columns_of(frame):
    return {name: frame[name] for name in column_types(frame)}


def values_of(column):
    """Return the values themselves, with None for all that is missing."""
    values = column.to_pylist() if hasattr(column, "to_pylist") else column.to_list()
    return [None if v is None or v is pd.NA or v != v else v for v in values]


def makers():
    yield coreselect.RandomOverSampler(random_state=0)
    yield coreselect.SMOTE(k_neighbors=2, random_state=0)
    yield coreselect.BorderlineSMOTE(k_neighbors=2, random_state=0)
    yield coreselect.RandomOverSampler(random_state=0, shrinkage=1.0)
    yield coreselect.SMOTENC(COPIED, k_neighbors=2, random_state=0)
    yield coreselect.SMOTEN(k_neighbors=2, random_state=0)
    yield coreselect.ClusterCentroids(random_state=0, voting="soft")
    yield coreselect.RandomUnderSampler(random_state=0)
    yield coreselect.TomekLinks()


def numbers_only(frame):
    """Return the columns that methods can compute with."""
    chosen = [name for name in column_types(frame) if name not in COPIED]
    return frame[chosen] if hasattr(frame, "iloc") else frame.select(chosen)


@pytest.mark.filterwarnings("ignore:class .* New rows")
@pytest.mark.parametrize("container", FRAMES)
@pytest.mark.parametrize("sampler", list(makers()), ids=ids)
def test_what_is_copied_from_a_frame_is_the_same_value(sampler, container):
    """Own dtype, own text, own object; kept rows, copies and votes alike."""
    frame = FRAMES[container]()
    if isinstance(sampler, coreselect.SMOTENC) and "text" not in columns_of(frame):
        names = [name for name in columns_of(frame) if name.startswith("t")]
        sampler = coreselect.SMOTENC(names, k_neighbors=2, random_state=0)
    if sampler._numeric or getattr(sampler, "shrinkage", None):
        frame = numbers_only(frame)
    before = frame.copy() if hasattr(frame, "copy") else frame
    rows, _ = sampler.fit_resample(frame, Y)
    result = sampler.selection_
    assert type(rows) is type(frame)
    assert column_types(rows) == column_types(frame)
    if hasattr(frame, "index"):
        assert rows.index.names == frame.index.names
        pd.testing.assert_frame_equal(frame, before)
    n_kept = len(result.indices)
    source = np.array(result.indices)
    if isinstance(result, Selection):
        source = sampler.sample_indices_
        n_kept = len(source)
    elif isinstance(sampler, coreselect.ClusterCentroids):
        return
    for place, (name, column) in enumerate(columns_of(frame).items()):
        given, got = values_of(column), values_of(rows[name])
        assert got[:n_kept] == [given[i] for i in source], name
        at = n_kept
        for part in getattr(result, "parts", ()):
            new = got[at : at + len(part)]
            at += len(part)
            if part.copied_columns(frame.shape[1])[place]:
                assert new == [given[i] for i in part.rows_of_column(place)], name
            else:
                assert all(value is not None for value in new), name


ARRAYS = {
    "objects": lambda: np.column_stack(
        [NUMBERS.astype(object), np.where(np.arange(N) % 4, TEXT, None), DATES]
    ),
    "list": lambda: [[x, t, BIG] for x, t in zip(NUMBERS.tolist(), TEXT, strict=True)],
    "tuples": lambda: tuple(zip(NUMBERS.tolist(), TEXT.tolist(), TEXT, strict=True)),
    "text": lambda: np.column_stack([TEXT, TEXT]).astype(str),
    "dates": lambda: np.column_stack([DATES, DATES]),
    "integers": lambda: np.column_stack([np.arange(N), np.arange(N) % 3 + BIG]),
    "CSR": lambda: sparse.csr_array(
        np.column_stack([np.arange(N), np.arange(N) % 3 + BIG])
    ),
    "CSC": lambda: sparse.csc_matrix(
        np.column_stack([np.arange(N), np.arange(N) % 3 + BIG])
    ),
}


def as_lists(rows):
    rows = rows.toarray() if sparse.issparse(rows) else rows
    return [list(row) for row in rows]


@pytest.mark.filterwarnings("ignore:Passing a sparse matrix")
@pytest.mark.parametrize("container", ARRAYS)
def test_what_is_copied_from_an_array_is_the_same_value(container):
    X = ARRAYS[container]()
    given = as_lists(X)
    d = len(given[0])
    samplers = [
        coreselect.RandomOverSampler(random_state=0),
        coreselect.SMOTEN(k_neighbors=2, random_state=0),
        coreselect.RandomUnderSampler(random_state=0),
    ]
    if container not in ("text", "dates"):
        nominal = list(range(1, d))
        samplers.append(coreselect.SMOTENC(nominal, k_neighbors=2, random_state=0))
    for sampler in samplers:
        rows, _ = sampler.fit_resample(X, Y)
        assert type(rows) is type(X)
        assert getattr(rows, "dtype", 0) == getattr(X, "dtype", 0)
        got, result = as_lists(rows), sampler.selection_
        made = isinstance(result, Synthesis)
        kept = result.indices if made else sampler.sample_indices_
        assert got[: len(kept)] == [given[i] for i in kept]
        at = len(kept)
        for part in getattr(result, "parts", ()):
            new = got[at : at + len(part)]
            at += len(part)
            for j in np.flatnonzero(part.copied_columns(d)):
                wanted = [given[i][j] for i in part.rows_of_column(j)]
                assert [row[j] for row in new] == wanted
                assert [type(row[j]) for row in new] == [type(v) for v in wanted]


@pytest.mark.parametrize("convert", [pd.DataFrame, np.asarray, np.ndarray.tolist])
@pytest.mark.parametrize("sampler", [coreselect.SMOTENC([1]), coreselect.SMOTEN()])
def test_values_without_an_order_are_named_by_their_column(sampler, convert):
    X = np.array([[x, 1 if x < 0 else "a"] for x in NUMBERS], dtype=object)
    with pytest.raises(TypeError, match=r"nominal column 1 .* make all of them text"):
        sampler.fit(convert(X), Y)


def test_nominal_integers_wider_than_those_of_numpy():
    big = [2**100 + number % 2 for number in range(N)]
    frame = pl.DataFrame({"x": NUMBERS, "big": pl.Series(big, dtype=pl.Int128)})
    sampler = coreselect.SMOTENC(["big"], k_neighbors=2, random_state=0)
    rows, _ = sampler.fit_resample(frame, Y)
    assert rows.schema == frame.schema
    assert set(rows["big"].to_list()) == set(big)


@pytest.mark.parametrize("dtype", [">f4", ">i4", "f2", "bool"])
@pytest.mark.parametrize("convert", [np.asarray, pd.DataFrame])
def test_numbers_of_any_dtype_of_numpy(dtype, convert):
    """Those that SciPy does not know, too; they come back in their own dtype."""
    X = np.column_stack([NUMBERS * 8, np.arange(N) % 3, Y]).astype(dtype)
    sampler = coreselect.SMOTENC([1], k_neighbors=2, random_state=0)
    rows, _ = sampler.fit_resample(convert(X), Y)
    assert np.asarray(rows).dtype.newbyteorder("=") == X.dtype.newbyteorder("=")
    native = X.astype(X.dtype.newbyteorder("="))
    assert_array_equal(rows, sampler.fit_resample(native, Y)[0])


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"": NUMBERS, "n": pl.Series([None, 1, 2, 2] * (N // 4))}),
        pl.DataFrame({"x": NUMBERS, "": pl.Series([None, "a", "b", "b"] * (N // 4))}),
        pa.record_batch(
            {"x": NUMBERS, "n": pa.array([None, "a", "b", "b"] * (N // 4))}
        ),
        pa.record_batch({"x": NUMBERS, "n": pa.array([None, 1, 2, 2] * (N // 4))}),
        pd.DataFrame({"x": NUMBERS, "n": TEXT}, index=np.arange(N).astype(">i8")),
    ],
    ids=["no first name", "no last name", "batch", "numbers in a batch", "index"],
)
@pytest.mark.parametrize(
    "sampler",
    [
        coreselect.SMOTENC([1], k_neighbors=2, random_state=0),
        coreselect.SMOTEN(k_neighbors=2, random_state=0),
        coreselect.RandomOverSampler(random_state=0),
    ],
    ids=ids,
)
def test_frames_of_odd_names_and_kinds(sampler, frame):
    rows, _ = sampler.fit_resample(frame, Y)
    assert type(rows) is type(frame)
    assert column_types(rows) == column_types(frame)
    new = values_of(rows["n" if "n" in column_types(frame) else ""])[N:]
    assert set(new) <= set(values_of(frame["n" if "n" in column_types(frame) else ""]))


@pytest.mark.parametrize("values", [pl.Series(NUMBERS), pa.array(NUMBERS)])
def test_one_column_is_no_table(values):
    with pytest.raises(ValueError, match="X: Expected"):
        coreselect.SMOTE().fit(values, Y)


def test_lists_share_no_row():
    X = [[1.0, "a"], [2.0, "b"], [3.0, "b"]]
    rows, _ = coreselect.RandomOverSampler(random_state=0).fit_resample(X, [0, 1, 1])
    assert rows == [*X, [1.0, "a"]]
    rows[0][0] = rows[3][0] = 9.0
    assert X[0] == [1.0, "a"]


@pytest.mark.parametrize("sampler", [coreselect.SMOTE(), coreselect.TomekLinks()])
def test_text_that_reads_like_numbers_is_not_measured(sampler):
    digits = np.array([["1", 2.0]] * N, dtype=object)
    for X in (digits, digits.astype(str), digits.tolist()):
        with pytest.raises(ValueError, match=r"\b0\b|numbers|strings"):
            sampler.fit(X, Y)


def test_text_in_frames_is_left_out_unless_rows_are_made():
    frame = pd.DataFrame({"text": ["1"] * N, "x": np.arange(N) % 5.0})
    with pytest.raises(ValueError, match="not numbers: 'text'"):
        coreselect.SMOTE().fit(frame, Y)
    fitted = coreselect.TomekLinks().fit(frame, Y)
    assert fitted.feature_names_in_.tolist() == ["x"]


# --- Rows ---


@pytest.mark.parametrize("convert", [lambda f: f, pl.from_pandas, pa.Table.from_pandas])
@pytest.mark.parametrize(
    "sampler", [m for m in makers() if "categorical" not in repr(m)], ids=ids
)
@pytest.mark.filterwarnings("ignore:class .* New rows", "ignore:fit_resample returns")
def test_rows_that_hold_y(sampler, convert):
    """Columns named when rows were opened are no features, and not returned."""
    frame = table()[["x", "i", "single"]].reset_index(drop=True)
    frame["y"], frame["w"] = Y, 1.0 + np.arange(N) % 2
    named = coreselect.rows.open(convert(frame), "y", "w")
    wanted, labels = sampler.fit_resample(convert(frame), "y", "w")
    rows, found = sampler.fit_resample(named, None)
    assert list(column_types(rows)) == ["x", "i", "single"]
    assert np.asarray(rows).tolist() == np.asarray(wanted).tolist()
    assert_array_equal(found, np.asarray(labels))


@pytest.mark.parametrize("resampler", EXAMPLES, ids=ids)
def test_rows_of_weight_0_are_as_if_they_were_not_there(resampler):
    """Also in a view without them, whoever opens it again."""
    X, y = singles(200)
    X, weight = X.astype(float), np.where(np.arange(200) % 9 == 3, 0.0, 1.0)
    resampler, kept = seeded(resampler), np.flatnonzero(weight)
    wanted = fitted_on(resampler, X[kept], y[kept]).selection_
    view = coreselect.rows.open(X, y, weight).subset()
    for rows in (view, coreselect.rows.open(view)):
        found = fitted_on(resampler, rows).selection_
        assert_same_recipes(found, wanted)
        if isinstance(found, Synthesis):
            assert_array_equal(found.take(rows), wanted.take(X[kept]))

"""Synthesis: recipes give the rows they say, in every container, whole or in parts."""

import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect import SMOTE, RandomOverSampler, Synthesis
from coreselect.selection import (
    Centroids,
    Copies,
    Interpolations,
    Jitters,
    Votes,
    merge_parts,
)

X = np.array([[0.0, 0.0], [4.0, 8.0], [1.0, 3.0], [9.0, 5.0]])
PARTS = [
    Copies([3]),
    Interpolations([0, 1], [1, 2], [0.25, 0.5]),
    Interpolations([0], [1], [0.5], shrink=[0.5]),
    Centroids([0, 3], members=[0, 1, 3], sizes=[2, 1]),
    Centroids([1], members=[0, 1], sizes=[2], member_weight=[1.0, 3.0]),
    Centroids([2], members=[0, 2], sizes=[2], values=np.array([[7.0, 7.5]])),
    Votes([0, 0], [1, 1], [0.5, 0.5], columns=[1], donor=[[2], [3]]),
]
NEW = [
    [9, 5], [1, 2], [2.5, 5.5], [1, 2], [2, 4], [9, 5], [3, 6], [7, 7.5], [2, 3],
    [2, 5],
]  # fmt: skip
LABELS = np.repeat(["a", "b"], 5)


@pytest.fixture
def synthesis():
    return Synthesis([0, 2, 3], PARTS, LABELS, 4)


def test_rows_are_the_kept_ones_and_then_the_new_ones(synthesis):
    assert_array_equal(synthesis.take(X), [*X[[0, 2, 3]], *NEW])
    assert (len(synthesis), synthesis.n_kept, synthesis.n_new) == (13, 3, 10)
    assert list(synthesis.kinds) == (
        ["copy"] + 3 * ["interpolate"] + 4 * ["centroid"] + 2 * ["vote"]
    )
    assert_array_equal(synthesis.base, [3, 0, 1, 0, 0, 3, 1, 2, 0, 0])
    assert_array_equal(synthesis.neighbor, [-1, 1, 2, 1, -1, -1, -1, -1, 1, 1])
    none = np.nan
    assert_array_equal(
        synthesis.step, [none, 0.25, 0.5, 0.25, none, none, none, none, 0.5, 0.5]
    )


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "csr_array", "coo_array"])
def test_sparse_rows_stay_sparse(synthesis, kind):
    given = getattr(sparse, kind)(X)
    rows = synthesis.take(given)
    assert type(rows) is type(given)
    assert_allclose(rows.toarray(), synthesis.take(X), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.int16, np.uint8])
def test_dtype_stays_and_integers_are_rounded(synthesis, dtype):
    for given in (X.astype(dtype), sparse.csr_array(X.astype(dtype))):
        rows = synthesis.take(given)
        assert rows.dtype == dtype
        rows = rows.toarray() if sparse.issparse(rows) else rows
        wanted = np.array(NEW) if dtype == np.float32 else np.rint(NEW)
        assert_array_equal(rows[3:], wanted)


def test_cut_off_as_imbalanced_learn_does(synthesis):
    whole = X.astype(np.int64)
    cut = Synthesis([0], PARTS, LABELS, 4, truncate=True)
    for rows in (cut.take(pd.DataFrame(whole)), cut.take(sparse.csr_array(whole))):
        made = rows.toarray() if sparse.issparse(rows) else rows.to_numpy()
        assert made.dtype == np.int64
        assert_array_equal(made[1:], np.trunc(NEW))
    cut = cut.keep(cut.provenance()["kind"] != "centroid")
    assert_array_equal(cut.take(whole)[1:], np.trunc(NEW)[[0, 1, 2, 3, 8, 9]])
    placed = Synthesis([0], [PARTS[5]], ["a"], 4, truncate=True)
    assert placed.take(whole).tolist() == [[0.0, 0.0], [7.0, 7.5]]
    assert placed.take(whole.astype(np.float32)).dtype == np.float64


@pytest.mark.parametrize("truncate", [False, True])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64])
def test_integers_do_not_wrap_round(dtype, truncate):
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    ends = np.array([[low], [high]], dtype=dtype)
    part = Interpolations([0, 1, 0, 1], [1, 0, 1, 0], [-0.2, -0.2, 0.0, 0.0])
    made = Synthesis([], [part], [0] * 4, 2, truncate=truncate)
    wanted = [[low], [high], [low], [high]]
    assert made.take(ends).tolist() == wanted
    assert made.take(sparse.csr_array(ends)).toarray().tolist() == wanted
    for library, convert in FRAMES.items():
        rows = made.take(convert(pd.DataFrame({"x": ends[:, 0]})))
        rows = rows if library == "pandas" else rows.to_pandas()
        assert (rows["x"].dtype, rows["x"].tolist()) == (dtype, [w[0] for w in wanted])
    nullable = pd.DataFrame({"x": ends[:, 0]}).convert_dtypes()
    rows = made.take(nullable)
    assert (rows.dtypes == nullable.dtypes).all()
    assert rows["x"].tolist() == [w[0] for w in wanted]


FRAMES = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "pyarrow": pa.Table.from_pandas,
}


@pytest.mark.parametrize("library", FRAMES)
def test_frames_keep_kind_names_and_dtypes(synthesis, library):
    given = FRAMES[library](pd.DataFrame({"u": X[:, 0], "v": X[:, 1].astype("int32")}))
    rows = synthesis.take(given)
    assert type(rows) is type(given)
    if library == "pyarrow":
        assert rows.schema.types == given.schema.types
        rows = rows.to_pandas()
    elif library == "polars":
        assert rows.schema == given.schema
        rows = rows.to_pandas()
    else:
        assert (rows.dtypes == given.dtypes).all()
    assert list(rows.columns) == ["u", "v"]
    assert_array_equal(rows["u"][3:], np.array(NEW)[:, 0])
    assert_array_equal(rows["v"][3:], np.rint(np.array(NEW)[:, 1]))


def test_columns_that_are_no_numbers_are_copied_from_the_base():
    frame = pd.DataFrame({"x": X[:, 0], "name": list("pqrs")})
    frame["name"] = frame["name"].astype("category")
    made = Synthesis([0], [Interpolations([1], [3], [0.5])], ["a"], 4).take(frame)
    assert made["name"].dtype == frame["name"].dtype
    assert made.iloc[1].tolist() == [6.5, "q"]


@pytest.mark.parametrize("library", FRAMES)
def test_votes_take_categories_from_their_donors(library):
    frame = pd.DataFrame({"x": X[:, 0], "c": pd.Categorical(list("pqrp"))})
    part = Votes([0, 0], [1, 1], [0.25, 0.5], columns=[1], donor=[[2], [1]])
    made = Synthesis([3], [part], ["a", "a"], 4).take(FRAMES[library](frame))
    made = made if library == "pandas" else made.to_pandas()
    assert made["c"].tolist() == ["p", "r", "q"]
    assert made["x"].tolist() == [9.0, 1.0, 2.0]
    if library == "pandas":
        assert made["c"].dtype == frame["c"].dtype


def test_votes_of_objects():
    given = np.array([[1.0, "a"], [3.0, "b"], [7.0, "c"]], dtype=object)
    part = Votes([0], [2], [0.5], columns=[1], donor=[[1]])
    assert Synthesis([], [part], [0], 3).take(given).tolist() == [[4.0, "b"]]


def test_arrays_of_one_dimension_and_of_no_numbers():
    part = [Interpolations([0, 2], [1, 3], [0.25, 0.5])]
    made = Synthesis([3], part, [0, 0], 4)
    assert made.take(np.array([0.0, 4.0, 5.0, 7.0])).tolist() == [7.0, 1.0, 6.0]
    assert made.take(np.array([0, 8, 5, 9])).tolist() == [9, 2, 7]
    assert made.take([0.0, 4.0, 5.0, 7.0]) == [7.0, 1.0, 6.0]
    dates = np.array(["2020-01-01", "2021-01-01", "2022-01-01", "2023-01-01"])
    for given in (dates, dates.astype("M8[D]"), dates.astype(object)):
        assert_array_equal(made.take(given), given[[3, 0, 2]])
        assert_array_equal(made.take(given[:, None]), given[[3, 0, 2], None])
    mixed = np.array([[0.0, "007"], [4.0, "8"], [5.0, "9"], [7.0, "x"]], dtype=object)
    assert made.take(mixed).tolist() == [[7.0, "x"], [1.0, "007"], [6.0, "9"]]


@pytest.mark.parametrize(
    ("part", "given", "words"),
    [
        (Interpolations([0], [1], [0.5]), np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
        (Jitters([0], [1.0, 2.0]), np.zeros((2, 3)), "X has 3 columns.*made for 2"),
        (Jitters([0], [1.0, 2.0]), np.zeros(2), "X has 1 columns.*made for 2"),
        (Centroids([0], [0], [1], values=np.ones((1, 2))), np.zeros((2, 4)), "for 2"),
    ],
)
def test_arrays_that_recipes_do_not_fit(part, given, words):
    with pytest.raises(ValueError, match=words):
        Synthesis([], [part], [0], 2).take(given)


def test_index_of_kept_rows_stays():
    part = [Interpolations([0, 1], [1, 0], [0.5, 0.5])]
    made = Synthesis([1, 0], part, [0, 0], 2)
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    assert list(made.take(frame).index) == [1, 0, 2, 3]
    frame.index = pd.Index([7, 5], name="id")
    rows = made.take(frame)
    assert list(rows.index) == [5, 7, 8, 9]
    assert rows.index.name == "id"
    frame.index = ["p", "q"]
    rows, labels = made.take(frame, frame["x"])
    assert list(rows.index) == list(labels.index) == ["q", "p", "p", "q"]
    assert list(frame.index) == ["p", "q"]


@pytest.mark.parametrize(
    ("values", "dtype", "wanted", "kept"),
    [
        ([2**63 + 7, 5], "uint64", [5, 2**63 + 7, 2**63 + 8, 2**63 + 9], "uint64"),
        ([2**64 - 2, 5], "uint64", [5, 2**64 - 2, 2**64 - 2, 5], "uint64"),
        ([2**63 - 1, 5], "int64", [5, 2**63 - 1, 2**63 - 1, 5], "int64"),
        ([2**63 - 3, 5], "int64", [5, 2**63 - 3, 2**63 - 2, 2**63 - 1], "int64"),
        ([126, 5], "int8", [5, 126, 127, 128], "int64"),
        ([125, 5], "int8", [5, 125, 126, 127], "int8"),
        ([-9, -8], "int32", [-8, -9, -7, -6], "int32"),
        ([7, 5], "Int64", [5, 7, 8, 9], "Int64"),
        ([1, 0], "UInt8", [0, 1, 2, 3], "UInt8"),
        ([7, 7], "int64", [7, 7, 7, 7], "int64"),
        ([0.5, 5.0], "float64", [5.0, 0.5, 0.5, 5.0], "float64"),
    ],
)
def test_integers_of_an_index_are_numbered_on_while_there_is_room(
    values, dtype, wanted, kept
):
    index = pd.Index(values, dtype=dtype, name="id")
    part = [Interpolations([0, 1], [1, 0], [0.5, 0.5])]
    series = pd.Series([1.0, 2.0], index=index)
    rows, labels = Synthesis([1, 0], part, [0, 0], 2).take(series.to_frame(), series)
    for made in (rows, labels):
        assert made.index.tolist() == wanted
        assert (made.index.dtype, made.index.name) == (kept, "id")


@pytest.mark.parametrize("library", FRAMES)
def test_a_named_column_of_labels_is_no_feature(library):
    frame = FRAMES[library](pd.DataFrame({"x": X[:, 0], "y": [5, 5, 6, 6]}))
    part = [Interpolations([0], [3], [0.5])]
    rows, labels = Synthesis([0, 3], part, [5], 4).take(frame, "y")
    assert np.asarray(labels).tolist() == [5, 6, 5]
    assert np.asarray(rows).ravel().tolist() == [0.0, 9.0, 4.5]


def test_from_a_file(tmp_path, synthesis):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"u": X[:, 0], "v": X[:, 1]}), path)
    rows = synthesis.take(path)
    assert isinstance(rows, pa.Table)
    assert_array_equal(np.column_stack([rows["u"], rows["v"]]), synthesis.take(X))


def test_lists_and_labels(synthesis):
    rows, labels = synthesis.take(X.tolist(), ["p", "q", "r", "s"])
    assert rows == synthesis.take(X).tolist()
    assert labels == list("prs") + [list("pqrs")[i] for i in synthesis.base]


def test_wrong_number_of_rows(synthesis):
    with pytest.raises(ValueError, match=r"X has 3 rows, but .* made from 4"):
        synthesis.take(X[:3])
    with pytest.raises(ValueError, match="y has 5 rows"):
        synthesis.take(X, np.zeros(5))


# --- jitter ---


def test_noise_of_a_row_depends_on_its_number_alone():
    n = 1000
    part = Jitters(np.zeros(n, int), scale=[1.0, 3.0], seed=5, key=(0, 1))
    whole = Synthesis([], [part], np.zeros(n), 4)
    rows = whole.take(X)
    numbers = np.arange(n)
    for mask in (numbers == 700, numbers % 97 == 3, numbers > 900, numbers % 2 == 1):
        assert_array_equal(whole.keep(mask).take(X), rows[mask])
    other = Jitters(np.zeros(n, int), scale=[1.0, 3.0], seed=5, key=(0, 2))
    assert not np.array_equal(Synthesis([], [other], np.zeros(n), 4).take(X), rows)


def test_noise_is_normal_of_the_scale_asked_for():
    """Counts in ten equally likely intervals, R = 80,000 numbers; |z| < 4.5."""
    from scipy.stats import norm

    n = 40_000
    part = Jitters(np.zeros(n, int), scale=[0.5, 3.0], seed=5, key=(0, 1))
    noise = Synthesis([], [part], np.zeros(n), 4).take(X)

    def worst(scale):
        places = (norm.cdf(noise / scale) * 10).astype(int).ravel()
        counts = np.bincount(np.minimum(places, 9), minlength=10)
        return np.abs(counts - 2 * n / 10).max() / np.sqrt(2 * n * 0.1 * 0.9)

    assert worst([0.5, 3.0]) < 4.5
    assert worst([0.55, 3.0]) > 4.5
    z = np.corrcoef(noise.T)[0, 1] * np.sqrt(n)
    assert abs(z) < 4.5


def test_given_noise():
    noise = np.array([[1.0, -1.0]])
    part = Jitters([1], scale=[2.0, 3.0], noise=noise)
    for given in (X, sparse.csr_array(X)):
        rows = Synthesis([], [part], [0], 4).take(given)
        rows = rows.toarray() if sparse.issparse(rows) else rows
        assert_array_equal(rows, [[6.0, 5.0]])


# --- parts of it, and what is not in it ---


def test_keep_and_blocks(synthesis):
    rows = synthesis.take(X)
    mask = np.random.default_rng(0).random(13) < 0.5
    some = synthesis.keep(mask)
    assert_array_equal(some.take(X), rows[mask])
    assert_array_equal(some.labels, LABELS[mask[3:]])
    for size in (1, 4, 100):
        blocks = list(synthesis.blocks(X, block_rows=size))
        assert_array_equal(np.vstack(blocks), rows)
        assert max(map(len, blocks)) <= size
    with pytest.raises(ValueError, match="block_rows must be at least 1"):
        next(synthesis.blocks(X, block_rows=0))
    for wrong in (np.ones(12, bool), np.ones(13)):
        with pytest.raises(ValueError, match="mask must hold a bool for each of"):
            synthesis.keep(wrong)


def test_renumber(synthesis):
    rows = np.array([6, 1, 9, 2])
    wide = np.zeros((10, 2))
    wide[rows] = X
    assert_array_equal(synthesis.renumber(rows, 10).take(wide), synthesis.take(X))


def test_provenance(synthesis):
    found = synthesis.provenance()
    assert list(found) == ["kind", "base", "neighbor", "step", "weight"]
    assert {len(column) for column in found.values()} == {13}
    assert_array_equal(found["kind"][:4], ["kept", "kept", "kept", "copy"])
    assert_array_equal(found["base"][:3], [0, 2, 3])


@pytest.mark.parametrize("labels", [LABELS, LABELS.astype(object), np.arange(10)])
def test_save_and_load(tmp_path, labels):
    jitter = Jitters([1, 2], scale=[2.0, 3.0], seed=2**100 + 7, key=(0, 3))
    parts, labels = [*PARTS, jitter], np.append(labels, labels[:2])
    weights = np.arange(15.0)
    saved = Synthesis([0, 2, 3], parts, labels, 4, weights, truncate=True)
    saved.save(tmp_path / "it.npz")
    loaded = Synthesis.load(tmp_path / "it.npz")
    assert_array_equal(loaded.take(X), saved.take(X))
    assert loaded.truncate
    assert_array_equal(loaded.weights, weights)
    assert_array_equal(loaded.labels, labels)
    if labels.dtype != object:
        assert loaded == saved
    with pytest.raises(ValueError, match=r"must end in \.npz"):
        saved.save(tmp_path / "it.csv")
    (tmp_path / "no.npz").write_bytes(b"no")
    with pytest.raises(ValueError, match="does not hold a Synthesis"):
        Synthesis.load(tmp_path / "no.npz")


def test_equality_copies_and_pickles(synthesis):
    assert synthesis == Synthesis([0, 2, 3], PARTS, LABELS, 4)
    assert synthesis != Synthesis([0, 3, 2], PARTS, LABELS, 4)
    assert synthesis != Synthesis([0, 2, 3], [*PARTS[1:], Copies([3])], LABELS, 4)
    assert synthesis != "synthesis"
    for again in (pickle.loads(pickle.dumps(synthesis)), copy.deepcopy(synthesis)):
        assert again == synthesis
    with pytest.raises(TypeError):
        hash(synthesis)


def test_arrays_are_read_only_and_nobody_elses(synthesis):
    base, step, labels = np.array([0, 1]), np.array([0.5, 0.5]), np.array([3, 4])
    values = np.ones((2, 2))
    parts = [
        Interpolations(base, base, step),
        Jitters(base, [1.0, 2.0], noise=values),
        Centroids(base, base, [1, 1], values=values),
        Votes(base, base, step, columns=[0], donor=base[:, None]),
    ]
    made = Synthesis([0], parts, np.tile(labels, 4), 2)
    before = made.take(X[:2])
    base[:], step[:], labels[:], values[:] = 1, 0, 0, 9
    assert_array_equal(made.take(X[:2]), before)
    assert made.labels.tolist() == [3, 4] * 4
    for part in (*made.parts, *made.keep(np.arange(9) > 1).parts, *synthesis.parts):
        arrays = [v for v in vars(part).values() if isinstance(v, np.ndarray)]
        assert arrays
        for array in (*arrays, made.labels):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


def test_parts_of_one_kind_merge_and_nothing_changes(synthesis):
    pieces = [
        piece for part in PARTS for piece in (part.keep([i]) for i in range(len(part)))
    ]
    merged = merge_parts(pieces)
    assert [(p.kind, len(p)) for p in merged] == [
        ("copy", 1), ("interpolate", 2), ("interpolate", 1), *[("centroid", 1)] * 4,
        ("vote", 2),
    ]  # fmt: skip
    again = Synthesis([0, 2, 3], merged, LABELS, 4)
    assert_array_equal(again.take(X), synthesis.take(X))
    other = Votes([0], [1], [0.5], columns=[0], donor=[[2]])
    assert len(merge_parts([PARTS[-1], other])) == 2
    jitters = [Jitters([0], [1.0, 2.0]), Jitters([0], [2.0, 1.0])]
    assert merge_parts(jitters) == jitters
    assert merge_parts([]) == []


@pytest.mark.parametrize("sampler", [SMOTE(k_neighbors=1), RandomOverSampler()])
def test_many_classes_make_one_part(sampler, tmp_path):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(900, 2)), columns=["a", "b"])
    y = np.repeat(np.arange(300), 3)
    y[-60:] = 299
    made = sampler.set_params(random_state=0).fit_select(rows, y)
    assert len(made.parts) == 1
    taken, labels = made.take(rows, y)
    assert len(set(np.unique(labels, return_counts=True)[1])) == 1
    assert_array_equal(taken.to_numpy(), made.take(rows.to_numpy()))
    path = tmp_path / "made.npz"
    made.save(path)
    assert Synthesis.load(path) == made


def test_weights(synthesis):
    assert_array_equal(synthesis.weights, np.ones(13))
    assert not synthesis.weights.flags.writeable
    assert synthesis.effective_sample_size == pytest.approx(13)
    weighted = Synthesis([0], [Copies([1])], ["a"], 2, [1.0, 3.0])
    assert_array_equal(weighted.keep(np.array([False, True])).weights, [3.0])
    assert weighted.effective_sample_size == pytest.approx(16 / 10)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0, 0], [], [], 4), "must not repeat"),
        (([4], [], [], 4), "must lie in range"),
        (([0], [Copies([4])], ["a"], 4), r"rows of range\(n_total=4\), got 4"),
        (([0], [Interpolations([0], [-1], [0.5])], ["a"], 4), "got -1"),
        (([0], [Copies([1, 2])], ["a"], 4), r"labels has shape \(1,\) for 2 new rows"),
        (([0], [], [], 4, [1.0, 2.0]), "weights has 2 values for 1"),
        (([0], [], [], 4, [-1.0]), "weights must not be negative"),
    ],
)
def test_what_is_no_synthesis(arguments, words):
    with pytest.raises(ValueError, match=words):
        Synthesis(*arguments)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Interpolations([0, 1, 2], [2], [0.1] * 3), "neighbor has 1 entries"),
        (lambda: Interpolations([0, 1], [2, 1], [0.1]), "step has 1 entries for 2"),
        (lambda: Interpolations([0], [2], [0.1], [1, 1]), "shrink has 2 entries for 1"),
        (lambda: Interpolations([0], [2], [np.nan]), "step must be finite"),
        (lambda: Votes([0], [1], [0.5], columns=[1], donor=[[2], [2]]), "donor"),
        (lambda: Votes([0], [1], [0.5], columns=[1, 0], donor=[[2]]), r"\(1, 2\)"),
        (lambda: Votes([0], [1], [0.5], columns=[1]), "donor must have shape"),
        (lambda: Jitters([0, 1], [1.0], number=[3]), "number has 1 entries"),
        (lambda: Jitters([0, 1], [1.0], noise=[[0.5]]), "noise has 1 entries"),
        (lambda: Jitters([0], [np.inf]), "scale must be finite"),
        (lambda: Centroids([0, 1], [0, 1], [2]), "sizes has 1 entries"),
        (lambda: Centroids([0, 1], [0, 1], [2, 1]), "add up to 2, got the sum 3"),
        (lambda: Centroids([0, 1], [0, 1], [3, -1]), "least number -1"),
        (lambda: Centroids([0], [0, 1], [2], [1.0]), "member_weight has 1 entries"),
        (lambda: Centroids([0], [0], [1], values=np.eye(2)), "values has 2 entries"),
    ],
)
def test_what_is_no_recipe(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_damaged_file_of_unequal_lengths_is_refused(tmp_path):
    path = str(tmp_path / "made.npz")
    part = Interpolations([0, 1], [1, 0], [0.5, 0.5])
    Synthesis([0], [part], [1, 1], 2).save(path)
    arrays = dict(np.load(path))
    arrays["0.step"] = arrays["0.step"][:1]
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="step has 1 entries"):
        Synthesis.load(path)


def test_missing_values_are_not_interpolated():
    frame = pl.DataFrame({"x": [1.0, None, 3.0]})
    part = [Interpolations([0], [1], [0.5])]
    with pytest.raises(ValueError, match=r"missing values .* in column 'x'"):
        Synthesis([0], part, ["a"], 3).take(frame)


def test_what_it_says_of_itself(synthesis):
    assert repr(synthesis) == (
        "Synthesis(3 of 4 rows kept, 10 new: copy, interpolate, centroid, vote)"
    )
    assert "new of class a" in synthesis._repr_html_()
    heavy = Synthesis([0, 1], [], [], 2, [1e308, 1e308])
    assert "<td>inf</td>" in heavy._repr_html_()
    assert repr(Synthesis([0], [], [], 4)) == "Synthesis(1 of 4 rows kept, 0 new)"


SOME = Synthesis([0], [Interpolations([0], [1], [0.5])], ["a"], 2)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Copies([0.5]), "base"),
        (lambda: Copies(["a"]), "base"),
        (lambda: Copies([[0]]), "base"),
        (lambda: Copies([[0], [1, 2]]), "base"),
        (lambda: Interpolations([0], [1.7], [0.5]), "neighbor"),
        (lambda: Interpolations([0], [1], ["half"]), "step"),
        (lambda: Interpolations([0, 1], [1, 0], 0.5), "step"),
        (lambda: Interpolations([0], [1], [0.5j]), "step"),
        (lambda: Votes([0], [1], [0.5], columns=[0.5], donor=[[1]]), "columns"),
        (lambda: Jitters([0], [1.0], noise=[[1.0, 2.0]]), "noise"),
        (lambda: Jitters([0], [1.0], seed="x"), "seed"),
        (lambda: Jitters([0], [1.0], key=("x",)), "key"),
        (lambda: Centroids([0], [0], [1], values=[1.0]), "values"),
        (lambda: Centroids([0], [0], [1], values=[["a"]]), "values"),
        (lambda: Synthesis([0], ["part"], [], 2), "parts"),
        (lambda: Synthesis([0], 7, [], 2), "parts"),
        (lambda: Synthesis([0.5], [], [], 2), "indices"),
        (lambda: Synthesis([0], [], [], "2"), "n_total"),
        (lambda: SOME.renumber([0.5, 1.5], 4), "rows"),
        (lambda: SOME.renumber([0], 4), "rows"),
        (lambda: SOME.take(None), "X"),
        (lambda: SOME.save(7), "path"),
        (lambda: Synthesis.load(None), "path"),
        (lambda: SOME.keep([1, 0]), "mask"),
        (lambda: next(SOME.blocks(X[:2], block_rows=1.5)), "block_rows"),
    ],
)
def test_bad_arguments_are_called_by_name(make, name):
    with pytest.raises((TypeError, ValueError), match=rf"\b{name}\b"):
        make()


def test_votes_for_columns_that_are_not_there():
    part = Votes([0], [1], [0.5], columns=[5], donor=[[1]])
    for rows in (X, X.astype(int), pd.DataFrame(X), sparse.csr_array(X.astype(int))):
        with pytest.raises(ValueError, match=r"X has 2 columns, but votes .* column 5"):
            Synthesis([0], [part], [0], 4).take(rows)


def test_labels_of_a_file_of_arrays_are_named(tmp_path):
    X, y = np.arange(8.0).reshape(4, 2), np.array(["u", "v", "u", "v"])
    np.savez(tmp_path / "data.npz", X=X, label=y)
    made = Synthesis([0, 2], [Copies([1])], ["v"], n_total=4)
    rows, labels = made.take(tmp_path / "data.npz", "label")
    assert_array_equal(rows, X[[0, 2, 1]])
    assert_array_equal(labels, y[[0, 2, 1]])
    ((rows, _),) = made.blocks(tmp_path / "data.npz", "label")
    assert_array_equal(rows, X[[0, 2, 1]])
    with pytest.raises(ValueError, match="names a column, but X is an array"):
        made.take(X, "label")

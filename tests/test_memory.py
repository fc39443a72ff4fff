"""What fits take: estimates, smaller blocks, and refusals before rows are read."""

import re
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import NearestNeighbors

import coreselect
from coreselect import estimate_memory, memory_budget
from coreselect._budget import bytes_of
from coreselect.base import DataSize, Holds, within_budget
from coreselect.rows import open as open_rows
from coreselect.rows import write
from coreselect.rows.sizes import bytes_in_memory
from tests.test_common import EXAMPLES, RESAMPLERS

MB = 10**6


class Unread:
    """A source of many rows that nobody may read."""

    feature_names = None
    dtype = np.float64
    is_sparse = False

    def __init__(self, n_rows, n_features):
        self.n_rows, self.n_features = n_rows, n_features

    def refuse(self, *arguments):
        raise AssertionError("rows were read")

    blocks = gather = take = column = refuse


@pytest.mark.parametrize("estimator", [*EXAMPLES, *RESAMPLERS], ids=repr)
def test_every_method_says_what_it_holds(estimator):
    small, large = (estimate_memory(estimator, n, 20) for n in (10**5, 10**7))
    assert isinstance(small, int)
    assert 0 < small <= large
    if estimator.holds.whole:
        assert large > 8 * 20 * 10**7
    narrow = estimate_memory(estimator, 10**7, 20, dtype=np.float32)
    assert narrow <= large


def test_every_selector_states_more_than_its_seam_does():
    seams = {"ScoreSelector", "LawSelector", "RankSelector", "RowEstimator"}
    for name, cls in coreselect.all_selectors().items():
        owner = next(base for base in cls.__mro__ if "holds" in vars(base))
        assert owner.__name__ not in seams, f"{name} must state holds"


def test_estimates_count_parameters():
    def of(selector, n_features=20):
        return estimate_memory(selector, 10**6, n_features)

    pivotal = coreselect.LeverageSelector(100)
    balanced = coreselect.LeverageSelector(100, design="balanced", balance_on="linear")
    assert of(balanced) - of(pivotal) == 10**6 * 8 * 22
    few, many = (coreselect.DPPSelector(5, n_components=r) for r in (50, 150))
    block_rows = 2**17  # their features go to a scratch file block by block
    squares = 64 * (150**2 - 50**2)
    assert of(many) - of(few) == pytest.approx(block_rows * 8 * 100 + squares)
    subset = of(coreselect.CoresetEstimator(LinearRegression(), pivotal)) - of(pivotal)
    assert subset == 100 * 20 * 16
    assert of(coreselect.UniformSelector(100), 1000) == of(
        coreselect.UniformSelector(100)
    )


def test_estimates_count_queries():
    few, many = (
        estimate_memory(coreselect.AutoCoreset("logistic", max_queries=q), 10**5, 5)
        for q in (10, 400)
    )
    assert many - few == 10**5 * 8 * 390
    usual = estimate_memory(coreselect.AutoCoreset("logistic"), 10**5, 5)
    assert few < usual < many


def test_estimates_count_selected_rows():
    n_rows = 10**6

    def of(selector):
        return estimate_memory(selector, n_rows, 1)

    for cls in (coreselect.UniformSelector, coreselect.RS2):
        few, many = of(cls(0.1)), of(cls(0.6))
        assert many - few == cls.holds.per_selected * n_rows / 2
        assert of(cls(10**9)) == of(cls(1.0))  # there are no more rows
    many = coreselect.LeverageSelector(0.6)
    assert of(coreselect.CoresetEstimator(LinearRegression(), many)) > of(many)
    unknown = coreselect.LeverageSelector("auto", epsilon=0.1)
    assert of(unknown) < of(coreselect.LeverageSelector(0.1))
    # No landmarks for rows of whose number nothing is known.
    assert of(coreselect.DPPSelector(None)) == of(coreselect.DPPSelector(0))


def test_a_large_selection_is_refused_before_rows_are_read():
    X = Unread(12 * 10**6, 1)
    with memory_budget("600MB"), pytest.raises(MemoryError, match="UniformSelector"):
        coreselect.UniformSelector(0.9).fit(X)
    with memory_budget("600MB"):
        few = coreselect.UniformSelector(0.01).fit(X)  # reads no features
    assert len(few.selection_) == 120_000


@pytest.mark.parametrize(
    ("cls", "parameters"),
    [
        (coreselect.ADASYN, ["n_neighbors"]),
        (coreselect.BorderlineSMOTE, ["m_neighbors"]),
        (partial(coreselect.BorderlineSMOTE, kind="borderline-2"), ["k_neighbors"]),
    ],
)
def test_objects_that_find_neighbours_hold_all_rows(cls, parameters):
    given = dict.fromkeys(parameters, NearestNeighbors(n_neighbors=5))
    made = cls(), cls(**given)
    of_number, of_object = (estimate_memory(one, 10**6, 20) for one in made)
    assert of_object - of_number == 10**6 * 8 * 20
    y = np.arange(10**6) % 10 == 0
    with (
        memory_budget("450MB"),
        pytest.raises(MemoryError, match="all of them at once"),
    ):
        cls(**given).fit(Unread(10**6, 20), y)


class Plain(coreselect.RankSelector):
    """A method of others that does not say what it holds."""


def test_methods_that_say_nothing_are_taken_to_hold_what_their_seam_does():
    assert estimate_memory(Plain(5), 10**6, 20) > 8 * 20 * 10**6  # all rows at once
    assert coreselect.ScoreSelector.holds.whole is False


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ((coreselect.LeverageSelector, 10, 2), TypeError, "selector must be an"),
        (("leverage", 10, 2), TypeError, "got 'leverage'"),
        ((coreselect.CoresetEstimator(None, None), 10, 2), TypeError, "CoresetEst"),
        ((coreselect.LeverageSelector(), 10, 2, "text"), TypeError, "dtype: "),
        ((coreselect.LeverageSelector(), 10, 2, object), TypeError, "dtype must be"),
        ((coreselect.LeverageSelector(), 10, 2, complex), TypeError, "dtype must be"),
        ((coreselect.LeverageSelector(), 0, 2), ValueError, "n_rows must be at least"),
        ((coreselect.LeverageSelector(), 1e6, 2), TypeError, "n_rows must be an int"),
        ((coreselect.LeverageSelector(), 10, -1), ValueError, "n_features must be"),
        ((coreselect.LeverageSelector(), 10, True), TypeError, "n_features must be"),
    ],
)
def test_bad_arguments_are_named(arguments, error, says):
    with pytest.raises(error, match=says):
        estimate_memory(*arguments)


METHODS = [
    coreselect.FacilityLocationSelector(10),
    coreselect.LeverageSelector(10),
    coreselect.SMOTEENN(),
    coreselect.SMOTE(),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_too_small_a_budget_is_refused_before_rows_are_read(method):
    X = Unread(10**6, 100)
    y = np.arange(10**6) % 10 == 0
    with memory_budget("390MB"), pytest.raises(MemoryError) as refused:
        method.fit(X, y)
    said = str(refused.value)
    assert said.startswith(f"{type(method).__name__} needs ")
    assert "the memory budget is 390 MB" in said
    needed = bytes_of(re.search(r"needs ([0-9.]+ [GM]B)", said)[1], "needed")
    with memory_budget(needed), pytest.raises(AssertionError, match="were read"):
        method.fit(X, y)


def test_blocks_are_smaller_only_if_the_budget_asks_for_it(tmp_path):
    X = np.random.default_rng(0).normal(size=(40_000, 50))
    write(tmp_path / "X.parquet", X)
    free = coreselect.LeverageSelector(50, random_state=0)
    rows = open_rows(tmp_path / "X.parquet")
    whole = free.fit(rows).selection_
    with memory_budget("1GB"):
        assert within_budget(free, rows) is rows
    with memory_budget("425MB"):
        cut = within_budget(free, rows)
        tight = free.fit(rows).selection_
    assert cut.block_rows in (2**k for k in range(16))
    assert cut.block_rows < rows.block_rows
    assert_array_equal(tight.indices, whole.indices)
    np.testing.assert_allclose(tight.weights, whole.weights, rtol=1e-12)


def test_data_in_memory_count_in_a_budget():
    X = np.zeros((2_000_000, 5))  # 80 MB, which are not touched here
    y = np.arange(len(X)) % 2
    with memory_budget("400MB"), pytest.raises(MemoryError, match=r"needs \d+ MB"):
        coreselect.LightweightSelector(10).fit(X, y)


@pytest.mark.parametrize("n_texts", [5, 2000])
def test_texts_count_once_for_each_object(tmp_path, n_texts):
    table = pa.table(
        {"x": np.zeros(4000), "y": [str(i % n_texts) for i in range(4000)]}
    )
    for column in (table["y"], table["y"].dictionary_encode()):
        pq.write_table(table.set_column(1, "y", column), tmp_path / "t.parquet")
        rows = open_rows(tmp_path / "t.parquet", "y")
        assert rows.y.tolist() == table["y"].to_pylist()
        assert len(set(map(id, rows.y))) <= n_texts
        held = bytes_in_memory(rows) - 8 * 4000
        assert held < 2000 if n_texts == 5 else held > 50 * 4000
    assert bytes_in_memory(open_rows(np.zeros((3, 1)), np.ones(3))) == 3 * 8 + 3 * 8


def test_holds_are_added_up_by_rows_features_and_blocks():
    class Stated(Plain):
        holds = Holds(per_row=3, per_value=5, squares=7, fixed=11)

    class Whole(Plain):
        holds = Holds(whole=True, copies=2)

    class Nothing(Plain):
        holds = Holds()

    # The larger table of rows in a file is in a scratch file.
    for n, in_memory in (10**5, True), (10**6, False):
        d = 10
        none = estimate_memory(Nothing(5), n, d)
        stated = estimate_memory(Stated(5), n, d) - none
        assert stated == n * 3 + n * d * 5 * in_memory + 8 * d * d * 7 + 11
        assert estimate_memory(Whole(5), n, d) - none == n * d * (8 + 2)


def test_sizes_that_are_no_numbers_count_as_no_rows():
    data = DataSize(1000, 5, 5.0, 8, in_file=True, n_small=0)
    assert [data.n_selected(n) for n in (7, 0.5, 2000, None, "auto")] == [
        7, 500, 1000, 0, 0,
    ]  # fmt: skip

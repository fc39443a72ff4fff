"""Every source of rows gives the rows, and so the selections, of the array of them."""

import os
import warnings

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal
from sklearn.tree import DecisionTreeClassifier

import coreselect
import coreselect.rows
from coreselect import SMOTE, CoresetEstimator, LeverageSelector, UniformSelector
from coreselect.rows import count_rows, numeric_columns, take_rows
from tests.row_sources import ColumnStore, HubDataset, every_source, write_parts

N, D = 120, 4
RNG = np.random.default_rng(0)
FEATURES = np.abs(RNG.standard_t(3, size=(N, D)))
LABELS = np.arange(N) % 3
NAMES = [f"x{j}" for j in range(D)]
TABLE = pa.table(
    {
        **dict(zip(NAMES, FEATURES.T, strict=True)),
        "number": np.arange(N),
        "label": LABELS,
        "weight": RNG.uniform(0.5, 2, N),
        "text": [f"row {i}" for i in range(N)],
    }
)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    found = every_source(TABLE, D, tmp_path_factory.mktemp("sources"))
    return found | {"query": pl.from_arrow(TABLE).lazy().filter(pl.col("number") >= 0)}


FIRST = [selector.examples()[0] for selector in coreselect.all_selectors().values()]


@pytest.mark.parametrize("selector", FIRST, ids=repr)
def test_every_selector_gives_the_rows_of_memory_bit_by_bit(selector, sources):
    how = {"block_rows": 32}
    memory = coreselect.rows.open(FEATURES, LABELS, TABLE["weight"], **how)
    selector.set_params(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of some methods, on purpose
        wanted = selector.fit_select(memory)
        for name, data in sources.items():
            rows = coreselect.rows.open(data, "label", "weight", columns=NAMES, **how)
            found = selector.fit_select(rows)
            assert_array_equal(found.indices, wanted.indices, err_msg=name)
            assert_array_equal(found.weights, wanted.weights, err_msg=name)


def test_every_source_gives_rows_by_number_and_from_any_row_on(sources):
    wanted = [119, 0, 7, 7, 72, 11, 12]
    for name, data in sources.items():
        rows = coreselect.rows.open(data, "label", "weight", columns=NAMES)
        assert_array_equal(rows.gather(wanted).X, FEATURES[wanted], err_msg=name)
        assert_array_equal(rows.y, LABELS)
        assert_array_equal(rows.weight, TABLE["weight"])
        assert list(map(str, rows.take(wanted)["text"])) == [f"row {i}" for i in wanted]
        for start in range(0, N, 5):
            blocks = rows._holder.blocks([(start, start + 1), (start + 1, N)])
            assert_array_equal(np.concatenate(list(blocks)), FEATURES[start:])


def test_functions_that_take_arrays_take_every_source(sources):
    selection = UniformSelector(9, random_state=0).fit_select(FEATURES)
    for name, data in sources.items():
        if name == "query":
            continue
        assert count_rows(data) == N
        assert set(numeric_columns(data)) >= set(NAMES)
        assert len(take_rows(data, [3, 1])["text"]) == 2
        assert UniformSelector(9, random_state=0).fit_select(data) == selection
        taken = selection.take(data)["text"]
        assert list(map(str, taken)) == [f"row {i}" for i in selection.indices], name


def test_methods_see_some_columns_of_every_source(sources):
    how = {"random_state": 0, "features": NAMES[:2]}
    wanted = LeverageSelector(9, random_state=0).fit_select(FEATURES[:, :2])
    for data in sources.values():
        assert LeverageSelector(9, **how).fit_select(data) == wanted
        LeverageSelector(9, random_state=0, features="auto").fit(data)


def test_estimators_and_resamplers_take_every_source(sources):
    for data in sources.values():
        rows = coreselect.rows.open(data, "label", columns=NAMES)
        model = CoresetEstimator(DecisionTreeClassifier(), UniformSelector(60))
        model.set_params(selector__random_state=0)
        assert model.fit(data, "label").predict(data).shape == (N,)
        X, y = SMOTE(random_state=0).fit_resample(rows, None)
        assert len(y) == N
        assert count_rows(X) == N


# --- data sets of pyarrow ---


def test_a_data_set_has_columns_of_the_names_of_folders(tmp_path):
    for year in (2024, 2025):
        write_parts(tmp_path / f"year={year}", TABLE.select(NAMES), row_group_size=9)
    data = ds.dataset(tmp_path, partitioning="hive")
    rows = coreselect.rows.open(data, "year")
    assert_array_equal(rows.y, np.repeat([2024, 2025], N))
    assert_array_equal(rows.map(lambda b: b.X), np.tile(FEATURES, (2, 1)))
    taken = rows.take([N, 0])
    assert taken.schema == data.schema
    assert taken["year"].to_pylist() == [2025, 2024]


def test_only_fragments_that_hold_wanted_rows_are_read(tmp_path):
    folder = write_parts(tmp_path / "parts", TABLE)
    rows = coreselect.rows.open(ds.dataset(folder), columns=NAMES)
    path = folder / "part-3.parquet"
    status = path.stat()
    content = path.read_bytes()
    path.write_bytes(b"\0" * len(content))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert_array_equal(rows.gather([0, 40]).X, FEATURES[[0, 40]])
    with pytest.raises(ValueError, match="X cannot be read"):
        rows.gather([119])


def test_a_data_set_whose_files_change(tmp_path):
    folder = write_parts(tmp_path / "parts", TABLE)
    rows = coreselect.rows.open(ds.dataset(folder), columns=NAMES)
    pq.write_table(TABLE, folder / "part-2.parquet")
    for attempt in (rows.check_finite, lambda: rows.gather([0])):
        with pytest.raises(ValueError, match=r"part-2.parquet' changed while"):
            attempt()


def test_files_of_a_data_set_that_do_not_fit_are_an_error(tmp_path):
    folder = write_parts(tmp_path / "parts", TABLE.select(NAMES))
    texts = pa.table({name: ["a"] for name in NAMES})
    pq.write_table(texts, folder / "part-9.parquet")
    with pytest.raises(ValueError, match="X cannot be read"):
        coreselect.rows.open(ds.dataset(folder)).check_finite()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"y": "none"}, "y: there is no column 'none'"),
        ({"columns": ["text"]}, r"X has columns that are not numbers: 'text'"),
        ({"delimiter": ";"}, "delimiter is for text files, but X is not a path"),
    ],
)
def test_arguments_that_do_not_fit(how, message):
    for data in (ds.dataset(TABLE), HubDataset(TABLE), ColumnStore(TABLE, D)):
        if isinstance(data, ColumnStore) and "delimiter" not in how:
            continue
        with pytest.raises(ValueError, match=message):
            coreselect.rows.open(data, **how)


@pytest.mark.parametrize("make", [ds.dataset, HubDataset])
def test_data_sets_without_rows(make):
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        coreselect.rows.open(make(TABLE[:0]))


@pytest.mark.parametrize("make", [ds.dataset, HubDataset])
def test_missing_values_of_data_sets_are_counted(make):
    table = pa.table({"a": [1.0, None, 2.0, None]})
    with pytest.raises(ValueError, match="2 in column 'a'"):
        coreselect.rows.open(make(table)).check_finite()

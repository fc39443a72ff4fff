"""Parquet files that are one table: directories, globs and lists of paths."""

import os
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

import coreselect.rows
from coreselect import (
    CoresetEstimator,
    LeverageSelector,
    RandomOverSampler,
    UniformSelector,
)
from coreselect.rows import count_rows, numeric_columns, take_rows

N = 50
FEATURES = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
CUTS = [0, 0, 7, 8, 30, 50]  # the first file has no rows


def _table():
    return pa.table(
        {
            "word": pa.array([f"w{i % 3}" for i in range(N)]).dictionary_encode(),
            "a": FEATURES[:, 0],
            "b": FEATURES[:, 1],
            "c": FEATURES[:, 2],
            "name": [f"row {i}" for i in range(N)],
            "target": np.arange(N) % 2,
        }
    )


def _write(folder, table=None, cuts=CUTS, **how):
    folder.mkdir(exist_ok=True)
    table = _table() if table is None else table
    for i, (start, stop) in enumerate(pairwise(cuts)):
        part = table.slice(start, stop - start)
        # As pandas does, each file has metadata of its own.
        part = part.replace_schema_metadata({"rows": str(len(part))})
        pq.write_table(part, folder / f"part-{i}.parquet", **how)
    return folder


@pytest.fixture
def folder(tmp_path):
    return _write(tmp_path / "parts", row_group_size=4)


SOURCES = {
    "directory": lambda folder: folder,
    "directory as text": str,
    "glob": lambda folder: str(folder / "part-*.parquet"),
    "glob over folders": lambda folder: str(folder.parent / "**" / "*.parquet"),
    "list": lambda folder: sorted(folder.iterdir()),
    "list in other order": lambda folder: sorted(folder.iterdir(), reverse=True),
    "tuple of texts": lambda folder: tuple(map(str, sorted(folder.iterdir()))),
}
each_source = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)


@each_source
@pytest.mark.parametrize("block_rows", [1, 4, 9, None])
def test_the_rows_are_numbered_on_from_file_to_file(folder, source, block_rows):
    data = source(folder)
    rows = coreselect.rows.open(data, "target", block_rows=block_rows)
    assert rows.feature_names == ["a", "b", "c"]
    assert rows.dtype == np.float32
    assert_array_equal(rows.map(lambda b: b.X), FEATURES)
    assert_array_equal(rows.y, np.arange(N) % 2)
    wanted = [49, 0, 7, 7, 29, 30]
    assert rows.take(wanted) == _table().take(wanted)
    assert_array_equal(rows.gather(wanted).X, FEATURES[wanted])


@each_source
def test_functions_that_take_a_path_take_several_files(folder, source):
    data = source(folder)
    assert count_rows(data) == N
    assert numeric_columns(data) == ["a", "b", "c", "target"]
    assert take_rows(data, [30, 2])["name"].to_pylist() == ["row 30", "row 2"]


@each_source
def test_a_selection_is_that_of_one_file(folder, source, tmp_path):
    data = source(folder)
    pq.write_table(_table(), tmp_path / "all.pq")
    wanted = LeverageSelector(9, random_state=0).fit_select(
        tmp_path / "all.pq", "target"
    )
    found = LeverageSelector(9, random_state=0).fit_select(data, "target")
    assert found == wanted
    assert found.take(data) == found.take(tmp_path / "all.pq")


@each_source
def test_blocks_may_begin_at_any_row(folder, source):
    holder = coreselect.rows.open(source(folder))._holder
    for start in range(N):
        blocks = holder.blocks([(start, min(start + 3, N)), (min(start + 3, N), N)])
        assert_array_equal(np.concatenate(list(blocks))[:, :3], FEATURES[start:])


def test_an_estimator_is_fitted_on_a_directory_and_predicts_for_it(folder, tmp_path):
    from sklearn.tree import DecisionTreeClassifier

    for data in (folder, sorted(folder.iterdir())):
        model = CoresetEstimator(
            DecisionTreeClassifier(), UniformSelector(30, random_state=0)
        ).set_params(memory=str(tmp_path / "cache"))
        model.fit(data, "target")
        assert model.predict(data).shape == (N,)
    # Other rows are not taken for those in the cache.
    pq.write_table(_table().slice(0, 9), folder / "part-4.parquet")
    assert model.fit(folder, "target").selector_.selection_.n_total == 39


def test_a_resampler_takes_a_directory(folder):
    X, y = RandomOverSampler(random_state=0).fit_resample(folder, "target")
    assert len(y) == N
    assert X["name"].to_pylist()[:2] == ["row 0", "row 1"]


def test_several_files_are_written_as_one(folder, tmp_path):
    coreselect.rows.write(tmp_path / "one.pq", coreselect.rows.open(folder))
    assert pq.read_table(tmp_path / "one.pq") == _table()


def test_a_file_named_like_a_glob_is_that_file(tmp_path):
    path = tmp_path / "rows[1].parquet"
    pq.write_table(_table(), path)
    pq.write_table(_table(), tmp_path / "rows1.parquet")
    assert count_rows(path) == N
    with pytest.raises(ValueError, match=r"X has the file .*rows\[1\].parquet' twice"):
        coreselect.rows.open([path, path])


def test_only_parquet_files_of_a_directory_are_read(folder):
    (folder / "_SUCCESS").write_text("")
    (folder / ".part-9.parquet").write_text("")
    (folder / "read_me.txt").write_text("")
    (folder / "notes").mkdir()
    assert count_rows(folder) == N


def test_texts_that_name_no_parquet_files_are_texts():
    assert take_rows(["a.csv", "b.parquet", "c"], [1]) == ["b.parquet"]


def test_a_column_may_or_may_not_have_nulls(tmp_path):
    for i, null in enumerate([True, False]):
        schema = pa.schema([pa.field("a", pa.float64(), nullable=null)])
        table = pa.table([[1.0, 2.0]], schema=schema)
        pq.write_table(table, tmp_path / f"{i}.parquet")
    rows = coreselect.rows.open(tmp_path, numeric=False)
    assert rows.take([0, 3])["a"].to_pylist() == [1.0, 2.0]
    assert len(rows.whole().X) == 4


def test_each_file_is_opened_once_a_pass_and_only_if_it_has_wanted_rows(
    folder, monkeypatch
):
    rows = coreselect.rows.open(folder)
    opened = []

    class Opened(pq.ParquetFile):
        def __init__(self, path, **how):
            opened.append(Path(path).name)
            super().__init__(path, **how)

    monkeypatch.setattr(pq, "ParquetFile", Opened)
    rows.check_finite()
    assert opened == [f"part-{i}.parquet" for i in (1, 2, 3, 4)]
    opened.clear()
    rows.take([8, 29, 30])
    assert opened == ["part-3.parquet", "part-4.parquet"]


# --- what is wrong is named ---


OTHERS = {
    "type": (
        lambda t: t.set_column(2, "b", t["b"].cast("double")),
        "has the column 'b' of type double, which is float in",
    ),
    "missing": (lambda t: t.drop_columns(["b"]), "has no column 'b', which is in"),
    "more": (
        lambda t: t.append_column("d", t["a"]),
        "has the column 'd', which is not in",
    ),
    "order": (
        lambda t: t.select(t.column_names[::-1]),
        "has its columns in other order than in",
    ),
}


@each_source
@pytest.mark.parametrize(("change", "message"), OTHERS.values(), ids=OTHERS)
def test_files_of_other_columns_are_named(folder, source, change, message):
    data = source(folder)
    pq.write_table(change(_table()), folder / "part-3.parquet")
    for use in (coreselect.rows.open, count_rows):
        with pytest.raises(ValueError, match=f"part-3.parquet' {message}.*part-0"):
            use(data)


def test_nothing_is_there(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a directory without Parquet"):
        coreselect.rows.open(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"\*.parquet': there is no such file"):
        coreselect.rows.open(tmp_path / "*.parquet")
    with pytest.raises(FileNotFoundError, match=r"no.parquet': there is no such file"):
        coreselect.rows.open([tmp_path / "no.parquet"])


def test_a_directory_without_rows_is_refused(tmp_path):
    folder = _write(tmp_path / "parts", cuts=[0, 0, 0])
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        coreselect.rows.open(folder)


def test_files_of_other_kinds_are_named(folder):
    (folder / "more.csv").write_text("a,b\n1,2\n")
    listed = [folder / "part-1.parquet", folder / "more.csv"]
    for data in (folder / "*", listed, list(map(str, listed))):
        for read in (coreselect.rows.open, UniformSelector(1).fit):
            with pytest.raises(ValueError, match=r"more.csv' is not a Parquet file"):
                read(data)


def test_folders_in_a_directory_are_named(folder):
    (folder / "year=2024").mkdir()
    shutil.move(folder / "part-4.parquet", folder / "year=2024")
    with pytest.raises(ValueError, match=r"in the folder 'year=2024'; give the glob"):
        coreselect.rows.open(folder)
    assert count_rows(folder / "**" / "*.parquet") == N


def test_columns_of_arrays_do_not_fit_files_that_are_listed_in_other_order(folder):
    paths = sorted(folder.iterdir(), reverse=True)
    for given in ({"y": np.zeros(N)}, {"sample_weight": np.ones(N)}):
        with pytest.raises(ValueError, match=f"sort it, and {next(iter(given))}"):
            coreselect.rows.open(paths, **given)
        coreselect.rows.open(sorted(paths), **given)


def test_the_order_of_files_is_that_of_their_names_as_text(tmp_path):
    """As texts, 'a-b/...' comes before 'a/...'; as paths, after it."""
    for folder in ("a", "a-b"):
        _write(tmp_path / folder, cuts=[0, N])
    paths = sorted(tmp_path.glob("*/part-0.parquet"))
    assert [path.parent.name for path in paths] == ["a", "a-b"]
    with pytest.raises(ValueError, match="sort it, and y"):
        coreselect.rows.open(paths, np.zeros(2 * N))
    mixed = [str(paths[1]), paths[0]]
    assert coreselect.rows.open(mixed, np.zeros(2 * N)).n_rows == 2 * N


def test_options_of_text_are_refused(folder):
    with pytest.raises(ValueError, match="delimiter is for text"):
        coreselect.rows.open(folder, delimiter=";")


def test_a_file_that_changes_is_named(folder):
    rows = coreselect.rows.open(folder)
    pq.write_table(_table(), folder / "part-3.parquet")
    for attempt in (rows.check_finite, lambda: rows.gather([9]), rows.whole):
        with pytest.raises(ValueError, match=r"part-3.parquet' changed while"):
            attempt()


def test_files_that_come_or_go_are_noticed_when_the_data_are_read_anew(folder):
    rows = coreselect.rows.open(folder)
    shutil.copy(folder / "part-3.parquet", folder / "part-9.parquet")
    with pytest.raises(ValueError, match="other files are there now"):
        rows.read_as(numeric=False)
    os.unlink(folder / "part-9.parquet")
    rows.read_as(numeric=False)
    os.unlink(folder / "part-3.parquet")
    with pytest.raises(FileNotFoundError, match=r"part-3.parquet': there is no such"):
        rows.whole()


def test_a_damaged_file_is_named(folder):
    (folder / "part-2.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"part-2.parquet' cannot be read as Parquet"):
        coreselect.rows.open(folder)


def test_missing_values_are_counted_over_all_files(tmp_path):
    table = pa.table({"a": [1.0, None, 3.0, None], "b": [1.0, np.nan, 1.0, 1.0]})
    folder = _write(tmp_path / "parts", table, cuts=[0, 2, 4])
    with pytest.raises(ValueError, match="2 in column 'a'"):
        coreselect.rows.open(folder).check_finite()
    with pytest.raises(ValueError, match="1 x NaN in column 'b'"):
        coreselect.rows.open(folder, columns=["b"]).check_finite()

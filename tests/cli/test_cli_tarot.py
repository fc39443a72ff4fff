"""TAROT on the command line: rows for a target file, with a size that it finds."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coreselect import TAROT, SteinThinningSelector


@pytest.fixture
def files(tmp_path):
    """A pool of three groups and targets like the second one, with columns to spare."""
    rng = np.random.default_rng(0)
    X = np.repeat(9.0 * np.eye(3)[:, :2], 100, axis=0) + rng.standard_normal((300, 2))
    T = np.array([0, 9]) + rng.standard_normal((30, 2))
    pool, target = tmp_path / "pool.parquet", tmp_path / "target.parquet"
    pq.write_table(pa.table({"a": X[:, 0], "name": ["x"] * 300, "b": X[:, 1]}), pool)
    pq.write_table(pa.table({"b": T[:, 1], "z": T[:, 0], "a": T[:, 0]}), target)
    return pool, target, X, T


@pytest.mark.parametrize("n_select", ["auto", "12"])
def test_rows_for_a_target_file(cli, files, tmp_path, n_select):
    pool, target, X, T = files
    out = tmp_path / "out.parquet"
    words = ["--method", "tarot", "--target-file", target, "-n", n_select]
    words += ["--exclude", "name"]
    done = cli("select", pool, "-o", out, *words)
    assert done.code == 0, done.err
    table = pq.read_table(out)
    size = "auto" if n_select == "auto" else 12
    wanted = TAROT(size, random_state=0).fit_select(X, X_target=T)
    order = np.argsort(wanted.indices)
    np.testing.assert_array_equal(table["row"], wanted.indices[order])
    np.testing.assert_allclose(table["weight"], wanted.weights[order])


def test_targets_of_other_formats(cli, files, tmp_path):
    pool, target, X, T = files
    csv, npy = tmp_path / "target.csv", tmp_path / "X.npy"
    pq.read_table(target).to_pandas().to_csv(csv, index=False)
    np.save(npy, X)
    np.save(tmp_path / "T.npy", T)
    words = ["--method", "tarot", "-n", 12, "--target-file"]
    named = ["--columns", "a,b"]
    done = cli("select", pool, "-o", tmp_path / "a.parquet", *words, csv, *named)
    assert done.code == 0, done.err
    done = cli("select", npy, "-o", tmp_path / "b.npy", *words, tmp_path / "T.npy")
    assert done.code == 0, done.err
    rows = np.sort(TAROT(12).fit_select(X, X_target=T).indices)
    np.testing.assert_array_equal(pq.read_table(tmp_path / "a.parquet")["row"], rows)
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy")["row"], rows)


def test_a_target_file_without_a_feature_is_named(cli, files, tmp_path):
    pool, target, _, _ = files
    pq.write_table(pq.read_table(target).drop_columns(["a"]), target)
    out = tmp_path / "out.parquet"
    words = ["--method", "tarot", "-n", 12, "--target-file", target]
    words += ["--features", "numeric"]
    done = cli("select", pool, "-o", out, *words)
    assert done.code == 1
    assert "--target-file needs the features of IN" in done.err
    assert "no column 'a'" in done.err
    assert not out.exists()


def test_auto_is_refused_where_a_method_finds_no_size(cli, files, tmp_path):
    pool, *_ = files
    words = ["--method", "uniform", "-n", "auto"]
    done = cli("select", pool, "-o", tmp_path / "out.parquet", *words)
    assert done.code == 2
    assert "-n auto: the method uniform does not find a size" in done.err
    done = cli("compare", pool, "--target", "a", "-n", "auto")
    assert done.code == 2


def test_stein_thinning_says_which_target_it_takes(cli, text, tmp_path):
    words = ("--method", "stein-thinning", "-n", 5, "--columns", "a,b,c")
    done = cli("select", text, "-o", tmp_path / "out.csv", *words)
    assert done.code == 0, done.err
    assert "stein-thinning without --gradients-file: the target is taken" in done.err


def test_gradients_are_those_of_numbers_as_they_are(cli, tmp_path):
    """A column of text beside them must not make standardised columns of them."""
    X = np.random.default_rng(0).normal(size=(60, 2)) * [1.0, 30.0]
    paths = [tmp_path / name for name in ("rows.csv", "gradients.csv", "out.csv")]
    frame = pd.DataFrame(X, columns=["a", "b"])
    frame.assign(text=["x", "y"] * 30).to_csv(paths[0], index=False)
    gradients = -X / [1.0, 900.0]
    pd.DataFrame(gradients, columns=["a", "b"]).to_csv(paths[1], index=False)
    words = ("--method", "stein-thinning", "-n", 15, "--gradients-file", paths[1])
    done = cli("select", paths[0], "-o", paths[2], *words)
    assert done.code == 0, done.err
    assert "not seen: text" in done.err
    wanted = SteinThinningSelector(15).fit(X, gradients=gradients)
    written = pd.read_csv(paths[2])["row"]
    np.testing.assert_array_equal(written, np.sort(wanted.sample_indices_))
    done = cli("select", paths[0], "-o", "-", *words, "--features", "auto")
    assert done.code == 2
    assert "--gradients-file holds gradients of the columns of IN" in done.err


def test_files_of_rows_miss_no_values(cli, text, tmp_path):
    """The message is about that file, and not about IN."""
    (tmp_path / "gaps.csv").write_text("a,b\n1,\n2,3\n")
    for method, option in (("tarot", "target"), ("stein-thinning", "gradients")):
        words = ("--method", method, "-n", 5, "--columns", "a,b")
        file = (f"--{option}-file", tmp_path / "gaps.csv")
        done = cli("select", text, "-o", tmp_path / "out.csv", *words, *file)
        assert done.code == 1
        assert f"--{option}-file" in done.err
        assert "gaps.csv': 1 of 2 rows miss a value in a feature" in done.err


def test_words_are_values_of_options_that_take_them(cli, text, tmp_path):
    words = ("--method", "stein-thinning", "-n", 5, "--columns", "a,b,c")
    paths = [tmp_path / "out.csv", tmp_path / "same.csv"]
    for path, more in zip(paths, [(), ("--length-scale", "median")], strict=True):
        assert cli("select", text, "-o", path, *words, *more).code == 0
    assert paths[0].read_text() == paths[1].read_text()
    done = cli("select", text, "-o", "x.csv", *words, "--length-scale", "mean")
    assert done.code == 2
    assert "'mean' is not a number" in done.err

"""AutoCoreset on the command line: an estimator by its name."""

import numpy as np
import pyarrow.parquet as pq

from coreselect import AutoCoreset


def test_rows_for_a_named_estimator(cli, parquet, table, tmp_path):
    out = tmp_path / "out.parquet"
    words = ["--method", "auto", "--estimator", "logistic", "--columns", "a,b,c"]
    words += ["--target", "label", "-n", 30, "--max-queries", 8]
    done = cli("select", parquet, "-o", out, *words)
    assert done.code == 0, done.err
    X = np.column_stack([table[name] for name in "abc"])
    y = np.array(table["label"].to_pylist())
    wanted = AutoCoreset("logistic", 30, max_queries=8, random_state=0).fit_select(X, y)
    written = pq.read_table(out)
    np.testing.assert_array_equal(written["row"], wanted.indices)
    np.testing.assert_allclose(written["weight"], wanted.weights)
    np.testing.assert_allclose(np.sum(written["weight"]), len(y))


def test_an_estimator_has_to_be_named(cli, parquet, tmp_path):
    words = ["--method", "auto", "-n", 30, "--target", "label"]
    done = cli("select", parquet, "-o", tmp_path / "out.parquet", *words)
    assert done.code == 2
    assert "missing: --estimator NAME (one of logistic" in done.err
    words += ["--estimator", "forest"]
    done = cli("select", parquet, "-o", tmp_path / "out.parquet", *words)
    assert done.code == 2
    assert "forest" in done.err


def test_a_target_has_to_be_named_where_the_estimator_needs_one(cli, parquet, tmp_path):
    words = ["--method", "auto", "--estimator", "ridge", "-n", 30, "--columns", "a,b"]
    done = cli("select", parquet, "-o", tmp_path / "out.parquet", *words)
    assert done.code == 1
    assert "needs --target" in done.err


def test_compare_gives_it_the_estimator(cli, parquet):
    words = ["--target", "label", "-n", 30, "--columns", "a,b,c", "--seeds", 1]
    done = cli("compare", parquet, *words, "--methods", "auto")
    assert done.code == 0, done.err
    assert "auto" in done.out

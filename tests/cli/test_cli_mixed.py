"""Resampling of ordinary tables: categories, identifiers, dates and missing values."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from coreselect import SMOTENC, RandomUnderSampler

N, RARE = 120, 24


@pytest.fixture
def frame():
    """120 rows, 24 of the class yes: an id, numbers, a category and a day."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": [f"u{i:03d}" for i in range(N)],
            "a": rng.standard_normal(N),
            "b": rng.integers(0, 9, N),
            "shop": rng.choice(["u", "v", "w"], N),
            "day": pd.date_range("2024-01-01", periods=N),
            "y": rng.permutation(np.repeat(["yes", "no"], [RARE, N - RARE])),
        }
    )


@pytest.fixture
def gaps(frame):
    """The same with missing numbers, categories and classes."""
    frame.loc[::10, "a"] = np.nan
    frame.loc[5, "shop"] = None
    return frame


@pytest.fixture
def resample(cli, tmp_path):
    """Resample a frame; return the outcome and what was written, or None."""

    def run(frame, *words, suffix="parquet"):
        path, out = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
        if suffix == "csv":
            frame.to_csv(path, index=False)
        else:
            frame.to_parquet(path, index=False)
        words = ("resample", path, "-o", out, "--target", "y", "--force", *words)
        done = cli(*words)
        return done, pq.read_table(out).to_pandas() if suffix == "parquet" and (
            out.exists()
        ) else None

    return run


def test_smotenc_runs_in_place_of_smote_where_there_are_categories(resample, frame):
    done, made = resample(frame, "--method", "smote", "--k-neighbors", "3")
    assert done.code == 0, done.err
    first, second, last = done.err.splitlines()
    assert "smotenc runs in place of smote, since shop holds categories" in first
    assert "features: a, b; categories: shop; not seen: id (nearly every v" in second
    assert "day (" in second
    assert "120 of 120 rows and 72 new" in last
    X = frame[["a", "b", "shop"]]
    wanted = SMOTENC(["shop"], k_neighbors=3, random_state=0).fit_select(X, frame["y"])
    new = wanted.take(X)[N:]
    assert_array_equal(made["shop"][N:], new["shop"])
    np.testing.assert_allclose(made["a"][N:], new["a"])
    assert made["id"][N:].isna().all()
    assert made["day"][N:].isna().all()


def test_numbers_alone_are_left_to_smote(resample, frame):
    done, _ = resample(frame, "--method", "smote", "--columns", "a,b")
    assert "in place of" not in done.err
    assert "(interpolate)" in done.err


def test_smoten_runs_where_there_are_no_numbers(resample, frame):
    done, _ = resample(frame, "--method", "SMOTE", "--columns", "shop")
    assert done.code == 0, done.err
    assert "smoten runs in place of smote" in done.err


def test_numbers_can_be_categories_for_smote(resample, frame):
    done, made = resample(frame, "--method", "smote", "--categorical", "b")
    assert done.code == 0, done.err
    assert "features: a; categories: b, shop" in done.err
    assert set(made["b"]) <= set(frame["b"])


def test_named_columns_are_never_left_out(resample, frame):
    done, made = resample(frame, "--method", "smote", "--columns", "a,day,shop")
    assert (done.code, made) == (1, None)
    assert "'day'" in done.err


def test_an_option_that_the_other_method_lacks_is_refused(resample, frame):
    words = ("--method", "smote", "--allocation", "even")
    done, made = resample(frame, *words)
    assert (done.code, made) == (2, None)
    assert "has no --allocation; name the columns of numbers with --columns" in done.err
    assert resample(frame, *words, "--columns", "a,b")[0].code == 0


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("method", ["random-over", "random-under"])
def test_random_methods_take_anything(resample, gaps, method, suffix):
    done, made = resample(gaps, "--method", method, suffix=suffix)
    assert done.code == 0, done.err
    if suffix == "parquet":
        assert made["y"].value_counts().nunique() == 1
        pd.testing.assert_frame_equal(
            made[gaps.columns], gaps.iloc[made["row"]].reset_index(drop=True)
        )


@pytest.mark.parametrize("method", ["smote", "smotenc", "near-miss", "adasyn"])
def test_missing_values_are_refused_with_the_way_out(resample, gaps, method):
    done, made = resample(gaps, "--method", method)
    assert (done.code, made) == (1, None)
    assert "--drop-missing" in done.err.splitlines()[-1]
    assert "--features" not in done.err, "resample has no such option"
    done, made = resample(gaps, "--method", method, "--drop-missing")
    assert done.code == 0, done.err


def test_rows_with_gaps_can_be_dropped(resample, gaps):
    """The others are resampled alone, and keep their row numbers."""
    gaps.loc[7, "y"] = None
    done, made = resample(gaps, "--method", "smote", "--drop-missing")
    assert "--drop-missing leaves out 14 of 120 rows" in done.err
    X = gaps[["a", "b", "shop"]]
    kept = np.flatnonzero(X.notna().all(axis=1) & gaps["y"].notna())
    wanted = SMOTENC(["shop"], random_state=0).fit_select(X.iloc[kept], gaps["y"][kept])
    new = wanted.take(X.iloc[kept])[len(kept) :]
    assert_array_equal(made["row"][: len(kept)], kept)
    assert_array_equal(made["row"][len(kept) :], kept[wanted.base])
    np.testing.assert_allclose(made["a"][len(kept) :], new["a"])
    assert_array_equal(made["shop"][len(kept) :], new["shop"])
    assert made["y"].value_counts().nunique() == 1


def test_classes_keep_their_whole_names(resample, gaps):
    """The first row's class is the shortest, and two classes begin with it."""
    gaps["y"] = np.where(np.arange(N) % 3, "live", "lives")
    gaps.loc[1::6, "y"] = "lively"
    gaps.loc[gaps.notna().all(axis=1).idxmax(), "y"] = "live"
    done, made = resample(gaps, "--method", "random-over", "--drop-missing")
    assert set(made["y"]) == {"live", "lively", "lives"}
    assert {"lively", "lives"} <= set(done.err.replace(",", "").split()), done.err


def test_rows_with_gaps_can_be_dropped_before_rows_are_dropped(resample, gaps):
    gaps["w"] = np.arange(N) % 5 + 1.0
    words = ("--method", "random-under", "--drop-missing", "--input-weights", "w")
    done, made = resample(gaps, *words)
    assert done.code == 0, done.err
    kept = np.flatnonzero(gaps.notna().all(axis=1))
    given = (gaps["y"].to_numpy()[kept], gaps["w"].to_numpy()[kept])
    wanted = RandomUnderSampler(random_state=0).fit_select(kept[:, np.newaxis], *given)
    assert_array_equal(made["row"], kept[wanted.indices])
    np.testing.assert_allclose(made["weight"], wanted.weights)


def test_a_plan_names_the_method_that_runs(resample, gaps):
    done, _ = resample(gaps, "--method", "smote", "--drop-missing", "--dry-run")
    assert "dropped      13 of 120 rows" in done.out
    assert "method       smotenc (" in done.out
    assert "features     3: a, b, shop" in done.out

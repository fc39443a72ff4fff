"""What a method sees of a table: numbers as they are, or numbers made of columns."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect import TAROT, FeatureCoverageSelector, LeverageSelector, certify
from coreselect.features import TableFeatures

N = 200
LEVERAGE = ("--method", "leverage", "-n", 30)


@pytest.fixture
def frame():
    """Two numbers, one of which misses values, a category, an id and a target."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "name": [f"n{i:03d}" for i in range(N)],
            "a": rng.standard_t(3, N),
            "b": rng.gamma(1.0, size=N),
            "shop": rng.choice(["u", "v", "w"], N),
            "y": rng.standard_normal(N),
        }
    )
    frame.loc[::20, "b"] = np.nan
    return frame


@pytest.fixture
def select(cli, frame, tmp_path):
    """Select from `frame`, as Parquet; return the outcome and the table written."""
    path, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    frame.to_parquet(path, index=False)

    def run(*words):
        done = cli("select", path, "-o", out, "--force", *words)
        assert done.code == 0, done.err
        written = pq.read_table(out).to_pandas() if out.exists() else None
        return done, written

    return run


def test_numbers_without_gaps_are_seen_as_python_sees_them(select, frame):
    done, written = select(*LEVERAGE, "--columns", "a,y")
    wanted = LeverageSelector(30, random_state=0).fit_select(frame[["a", "y"]])
    assert_array_equal(written["row"], wanted.indices)
    assert_allclose(written["weight"], wanted.weights)
    assert (
        "features: a, y (2, numbers as they are); not seen: name (large_str" in done.err
    )


def test_methods_without_negative_numbers_see_numbers_as_they_are(cli, tmp_path):
    """Standardised columns have negative numbers, which such methods refuse."""
    counts = np.random.default_rng(0).poisson(2.0, (50, 3))
    frame = pd.DataFrame(counts, columns=list("abc")).assign(word="x")
    frame.to_csv(tmp_path / "in.csv", index=False)
    words = ("--method", "feature-coverage", "-n", 5)
    done = cli("select", tmp_path / "in.csv", "-o", tmp_path / "out.csv", *words)
    assert done.code == 0, done.err
    assert "a, b, c (3, numbers as they are); not seen: word" in done.err
    wanted = FeatureCoverageSelector(5).fit_select(counts)
    written = pd.read_csv(tmp_path / "out.csv")
    assert written["row"].tolist() == sorted(wanted.indices)


def test_other_tables_are_seen_through_table_features(select, frame):
    done, written = select(*LEVERAGE, "--target", "y", "--json", "-")
    X = frame.drop(columns="y")
    selector = LeverageSelector(30, features="auto", random_state=0).fit(X, frame["y"])
    assert_array_equal(written["row"], selector.selection_.indices)
    assert_allclose(written["weight"], selector.selection_.weights)
    raw = frame.iloc[written["row"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(written[frame.columns], raw)
    (line,) = (x for x in done.err.splitlines() if "features: " in x)
    for column in frame.columns:
        assert column in line
    assert "name: left out" in line
    assert "y (target)" in line
    assert json.loads(done.out)["features"] == "auto"


@pytest.mark.parametrize("column", ["shop", "b"])
def test_one_column_of_text_or_one_gap_is_enough(select, column):
    done, _ = select(*LEVERAGE, "--columns", f"a,{column}")
    assert "features: auto: " in done.err
    done, _ = select(*LEVERAGE, "--columns", "a")
    assert "features: a (1, numbers" in done.err


def test_numbers_can_be_seen_through_table_features_too(select, frame):
    _, written = select(*LEVERAGE, "--columns", "a,y", "--features", "auto")
    selector = LeverageSelector(30, features=TableFeatures(), random_state=0)
    wanted = selector.fit_select(frame[["a", "y"]])
    assert_array_equal(written["row"], wanted.indices)


def test_rows_with_gaps_can_be_dropped(select, frame):
    """The others are selected from alone, and keep their row numbers."""
    done, written = select(*LEVERAGE, "--columns", "a,b", "--drop-missing")
    complete = np.flatnonzero(frame["b"].notna())
    X = frame.loc[complete, ["a", "b"]].to_numpy()
    wanted = LeverageSelector(30, random_state=0).fit_select(X)
    assert_array_equal(written["row"], complete[wanted.indices])
    assert_allclose(written["weight"], wanted.weights)
    assert "--drop-missing leaves out 10 of 200 rows" in done.err
    assert "features: a, b (2, numbers as they are)" in done.err


def test_gaps_elsewhere_are_no_reason_to_drop_a_row(select):
    done, _ = select(*LEVERAGE, "--columns", "a,y", "--drop-missing")
    assert "leaves out" not in done.err
    done, _ = select(*LEVERAGE, "--columns", "a", "--target", "b", "--drop-missing")
    assert "leaves out 10 of 200 rows" in done.err


@pytest.mark.parametrize("suffix", ["csv", "npz"])
def test_rows_of_other_files_can_be_dropped(cli, frame, tmp_path, suffix):
    path, out = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    if suffix == "csv":
        frame[["a", "b"]].to_csv(path, index=False)
    else:
        np.savez(path, X=frame[["a", "b"]].to_numpy(), y=frame["y"].to_numpy())
    done = cli("select", path, "-o", out, *LEVERAGE, "--drop-missing")
    assert done.code == 0, done.err
    rows = pd.read_csv(out)["row"] if suffix == "csv" else np.load(out)["row"]
    assert len(rows) == 30
    assert frame["b"].iloc[rows].notna().all()
    done = cli("select", path, "-o", out, *LEVERAGE, "--force")  # or made numbers of
    assert done.code == 0, done.err
    assert "features: auto" in done.err


def test_a_plan_says_how_columns_are_seen(select, tmp_path):
    done, _ = select(*LEVERAGE, "--dry-run")
    assert "seen         made numbers of (auto)\n" in done.out
    done, _ = select(*LEVERAGE, "--columns", "a,b", "--drop-missing", "--dry-run")
    assert "seen         numbers as they are\n" in done.out
    assert "dropped      10 of 200 rows" in done.out


def test_methods_that_look_at_nothing_take_anything(select):
    done, written = select("--method", "uniform", "-n", 30)
    assert "features: none; uniform looks at no column" in done.err
    assert len(written) == 30


@pytest.mark.parametrize("method", ["leverage", "uniform"])
def test_certificates_are_about_what_is_seen(select, frame, method):
    words = ("--method", method, "-n", 30, "--target", "y", "--json", "-")
    done, _ = select(*words, "--certify", "least_squares")
    X = frame.drop(columns="y")
    seen = TableFeatures().fit(X).transform(X)
    selector = LeverageSelector(30, features="auto", random_state=0).fit(X, frame["y"])
    told = json.loads(done.out)["certificate"]
    if method == "leverage":
        wanted = certify(selector.selection_, seen, frame["y"], random_state=0)
        assert_allclose(told["epsilon"], wanted.epsilon)
    assert told["epsilon"] > 0


def test_targets_are_seen_as_the_rows_are(select, frame, tmp_path):
    target = tmp_path / "target.parquet"
    others = frame.tail(40).assign(a=lambda found: found["a"] + 1)
    others.to_parquet(target, index=False)
    words = ("--method", "tarot", "-n", 12, "--target-file", target)
    _, written = select(*words)
    selector = TAROT(12, features="auto", random_state=0)
    wanted = selector.fit_select(frame, X_target=others)
    assert_array_equal(written["row"], np.sort(wanted.indices))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--features", "numeric"), "Use --drop-missing"),
        (("--features", "numeric"), "--features auto"),
        (("--features", "numeric", "--columns", "a,shop"), "'shop' ("),
        (("--columns", "a,Shop"), "Did you mean 'shop'?"),
        (("--columns", "void", "--drop-missing"), "would drop every row"),
    ],
)
def test_the_way_out_is_named(cli, frame, tmp_path, words, message):
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    frame.assign(void=np.nan).to_csv(path, index=False)
    done = cli("select", path, "-o", out, *LEVERAGE, *words)
    assert (done.code, done.out) == (1, "")
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert not out.exists()

"""Estimates with standard errors, quotas, certain rows, exclusion and costs."""

import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from coreselect import LeverageSelector, UniformSelector

N = 300
LEVERAGE = ("--method", "leverage", "-n", 60, "--columns", "a,b")
UNIFORM = ("--method", "uniform", "-n", 60)


@pytest.fixture
def frame():
    """Two features, regions in text and as numbers, a price, a cost and a gap."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": rng.standard_t(3, N),
            "b": rng.gamma(1.0, size=N),
            "region": rng.choice(["north", "south", "east"], N, p=[0.2, 0.5, 0.3]),
            "code": rng.integers(1, 4, N),
            "price": rng.gamma(2.0, size=N),
            "cost": rng.uniform(1, 3, N),
            "sold": rng.random(N) < 0.3,
            "gap": rng.gamma(1.0, size=N),
        }
    )
    frame.loc[::30, "gap"] = np.nan
    return frame


@pytest.fixture
def files(frame, tmp_path, monkeypatch):
    """The rows as CSV, Parquet and NPZ; the program runs beside them."""
    monkeypatch.chdir(tmp_path)
    frame.to_csv("in.csv", index=False)
    frame.to_parquet("in.parquet", index=False)
    others = {name: frame[name].to_numpy() for name in ("price", "cost", "code")}
    others["region"] = frame["region"].to_numpy().astype(str)
    others["pair"] = np.ones((N, 2))
    np.savez("in.npz", X=frame[["a", "b"]].to_numpy(), **others)
    return tmp_path


@pytest.fixture
def select(cli, files):
    """Select from a file; return the report and what was said."""

    def run(*words, source="in.csv", out=None):
        out = out or f"out{source[source.index('.') :]}"
        how = ("-o", out, "--force", "--json", "-")
        done = cli("select", source, *how, *words)
        assert done.code == 0, done.err
        return json.loads(done.out), done.err

    return run


@pytest.fixture
def refused(cli, files):
    """Select in vain; return the message, after checks on how it was refused."""

    def run(*words, code=1, source="in.csv"):
        out = f"out{source[source.index('.') :]}"
        before = sorted(files.rglob("*"))
        done = cli("select", source, "-o", out, *words)
        assert (done.code, done.out) == (code, ""), done.err
        assert sorted(files.rglob("*")) == before, "something was written"
        (line,) = (x for x in done.err.splitlines() if "error: " in x)
        return line

    return run


@pytest.mark.parametrize("source", ["in.csv", "in.parquet", "in.npz"])
def test_totals_are_estimated_as_python_estimates_them(select, frame, source):
    words = LEVERAGE[:4] if source == "in.npz" else LEVERAGE
    told, said = select(*words, "--estimate", "price,code", source=source)
    selection = LeverageSelector(60, random_state=0).fit_select(frame[["a", "b"]])
    for name in ("price", "code"):
        values = frame[name].to_numpy()[selection.indices]
        total, std = selection.estimate(values, return_std=True)
        entry = told["estimates"][name]
        assert_allclose([entry["total"], entry["std"]], [total, std])
        assert_allclose(entry["interval"], selection.interval(values))
        assert f"estimate of {name}: total {total:,.6g}, standard error " in said


def test_any_column_of_numbers_is_estimated(select, frame):
    """Features, booleans, the target, and columns with gaps, in the rows without."""
    words = ("--target", "price", "--estimate", "b,sold,price,gap", "--drop-missing")
    told, _ = select(*UNIFORM, "-n", N, *words)
    whole = frame[frame["gap"].notna()]
    assert list(told["estimates"]) == ["b", "sold", "price", "gap"]
    for name, entry in told["estimates"].items():
        assert_allclose(entry["total"], whole[name].sum())
        assert_allclose([entry["std"], np.ptp(entry["interval"])], 0)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--method", "tarot", "-n", 9), "made by tarot (seed 0)"),
        (("--method", "dpp", "-n", 9), "without known probabilities of pairs"),
        (("--method", "uniform", "-n", 1), "needs at least 2 rows"),
    ],
)
def test_what_has_no_standard_error_says_why(select, words, reason):
    told, said = select(*words, "--columns", "a,b", "--estimate", "price")
    entry = told["estimates"]["price"]
    assert entry["total"] > 0
    assert (entry["std"], entry["interval"]) == (None, None)
    assert reason in entry["reason"]
    assert reason in said
    for word in ("n_select", "`draw`", "fit again with n"):
        assert word not in entry["reason"]


@pytest.mark.parametrize("kind", ["parquet", "npz"])
def test_selections_of_selections_know_both_draws(select, frame, kind):
    told, _ = select(*UNIFORM, source=f"in.{kind}", out=f"out.{kind}")
    assert told["design"] == {"name": "pivotal"}
    words = "-n", 20, "--estimate", "price"
    told, _ = select(*UNIFORM, *words, source=f"out.{kind}", out=f"o.{kind}")
    assert told["design"] == told["earlier"]["design"] == {"name": "pivotal"}
    first = UniformSelector(60, random_state=0).fit_select(frame[["price"]])
    part = first.take(frame[["price"]])
    second = UniformSelector(20, random_state=0).fit_select(part, None, first.weights)
    both = first.then(second)
    entry, values = told["estimates"]["price"], both.take(frame["price"])
    estimate = both.estimate(values, return_std=True)
    assert_allclose([entry["total"], entry["std"]], estimate)
    assert entry["std"] > second.estimate(values, return_std=True)[1]


def test_where_the_first_draw_is_unknown_there_is_no_standard_error(select):
    """That of the second draw alone would be too small."""
    for source, out, words in (
        ("in.csv", "o.csv", ["--from-selection"]),  # has no place for the design
        ("in.parquet", "o.parquet", ["--input-weights", "cost"]),
    ):
        select(*UNIFORM, source=source, out=out)
        words += ["-n", 20, "--estimate", "price"]
        told, _ = select(*UNIFORM, *words, source=out, out="p.csv")
        entry = told["estimates"]["price"]
        assert (told["design"], entry["std"]) == (None, None)
        assert "IN is a selection itself" in entry["reason"]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("region", "--estimate names 'region', which does not hold one number per row"),
        ("prize", "--estimate, in 'in.csv': there is no column 'prize'"),
        ("prize", "Did you mean 'price'?"),
        ("price,gap", "--estimate price,gap: 10 of 300 rows miss a value; --drop-m"),
    ],
)
def test_columns_that_cannot_be_estimated_are_named(refused, column, message):
    assert message in refused(*UNIFORM, "--estimate", column)


def test_arrays_that_cannot_be_estimated_are_named(refused):
    for name in ("region", "pair"):
        message = refused(*UNIFORM, "--estimate", name, source="in.npz")
        assert f"--estimate names {name!r}, which does not hold one number" in message


def test_infinite_values_are_named(cli, files, frame):
    frame.assign(price=np.inf).to_parquet("odd.parquet")
    done = cli(
        *("select", "odd.parquet", "-o", "out.csv", *UNIFORM), "--estimate", "price"
    )
    assert done.code == 1
    assert "--estimate price: values must be finite" in done.err

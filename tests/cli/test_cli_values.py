"""Values of rows, such as utilities, in a column or in a file of their own."""

import inspect
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import coreselect
from coreselect import DiversitySelector, GreedyDPPSelector
from coreselect.cli.catalogue import all_methods

N = 60
DIVERSITY = ("--method", "diversity", "-n", 9, "--columns", "a,b")


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(N, 2)), columns=["a", "b"])
    frame["use"] = rng.gamma(1.0, size=N)
    frame["loss"] = np.where(np.arange(N) == 50, -1.0, 1.0)
    frame["gap"] = frame["use"].where(np.arange(N) != 4)
    frame["text"] = "t"
    return frame


@pytest.fixture
def select(cli, frame, tmp_path, monkeypatch):
    """Select from a file; return what was said and the numbers of the rows."""
    monkeypatch.chdir(tmp_path)
    frame.to_csv("in.csv", index=False)

    def run(*words, code=0):
        done = cli("select", "in.csv", "-o", "out.csv", "--force", *words)
        assert done.code == code, done.err
        return done.err, [] if code else pd.read_csv("out.csv")["row"].tolist()

    return run


def test_values_of_rows_are_arguments_of_fit():
    named = {}
    for selector in coreselect.all_selectors().values():
        assert set(selector.row_values) <= set(
            inspect.signature(selector.fit).parameters
        )
        for name in selector.row_values:
            named.setdefault(name, []).append(selector.cli_name)
    assert set(named) == {"quality", "scores", "utility"}
    flags = {name: method.options for name, method in all_methods().items()}
    for name, methods in named.items():
        have = [m for m, o in flags.items() if f"{name}_column" in str(o)]
        assert sorted(have) == sorted(methods)


def test_a_column_is_what_fit_is_given(select, frame):
    X = frame[["a", "b"]]
    said, rows = select(*DIVERSITY, "--utility-column", "use")
    fitted = DiversitySelector(9).fit(X, utility=frame["use"])
    assert_array_equal(rows, np.sort(fitted.sample_indices_))
    assert rows != select(*DIVERSITY)[1]
    assert "not seen: use (utility)" in said
    words = ("--method", "greedy-dpp", "-n", 9, "--columns", "a,b")
    fitted = GreedyDPPSelector(9).fit(X, quality=frame["use"])
    rows = select(*words, "--quality-column", "use")[1]
    assert_array_equal(rows, np.sort(fitted.sample_indices_))


def test_values_of_rows_that_are_left_out_are_not_looked_at(select, frame):
    """The others keep their values, from a column or from a file of one per row."""
    np.save("use.npy", frame["use"])
    words = ("--method", "diversity", "-n", 9, "--columns", "a,gap", "--drop-missing")
    kept = frame.dropna()
    fitted = DiversitySelector(9).fit(kept[["a", "gap"]], utility=kept["use"])
    wanted = np.sort(kept.index[fitted.sample_indices_])
    for values in (("--utility-column", "use"), ("--utility-file", "use.npy")):
        assert_array_equal(select(*words, *values)[1], wanted)
    assert 4 not in select(*DIVERSITY, "--drop-missing", "--utility-column", "gap")[1]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--utility-column text", 1, "names 'text', which does not hold one number"),
        ("--utility-column gap", 1, "--utility-column gap: 1 of 60 rows miss a value"),
        ("--utility-column loss", 1, "--utility-column loss must not be negative, got"),
        ("--utility-column used", 1, "there is no column 'used'"),
        ("--utility-column a", 2, "--columns names 'a', which is the utility"),
        ("--utility-column use --utility-file x.npy", 2, "give one of them"),
        ("--quality-column use", 2, "belongs to --method dpp, greedy-dpp"),
    ],
)
def test_what_cannot_be_is_named(select, words, code, message):
    assert message in select(*DIVERSITY, *words.split(), code=code)[0]


def test_json_is_strict(cli, frame, tmp_path, monkeypatch):
    """Nothing is proven about infinite values; their share is text, not NaN."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    monkeypatch.chdir(tmp_path)
    frame.assign(use=1e308).to_csv("in.csv", index=False)
    words = (*DIVERSITY, "--utility-column", "use", "--json", "out.json")
    cli("select", "in.csv", "-o", "out.csv", *words)
    text = Path("out.json").read_text(encoding="utf-8")
    found = json.loads(text, parse_constant=refuse)["certificate"]
    assert (found["value"], found["share"]) == ("inf", "nan")

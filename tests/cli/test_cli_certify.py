"""Sizes by an error, and certificates, from the command line."""

import csv
import json
import re

import numpy as np
import pytest

from coreselect.cli import main


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.standard_t(3, (600, 2))
    y = X.sum(axis=1) + rng.standard_normal(600)
    path = tmp_path / "rows.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "y", "kind"])
        writer.writerows([*x, t, int(t > 0)] for x, t in zip(X, y, strict=True))
    return path


@pytest.fixture
def select(table, tmp_path):
    def run(*words):
        out, told = tmp_path / "out.csv", tmp_path / "told.json"
        fixed = ["select", str(table), "-o", str(out), "--force", "--json", str(told)]
        assert main([*fixed, "--columns", "a,b", *words]) == 0
        return json.loads(told.read_text())

    return run


def test_epsilon_takes_the_place_of_a_size(select):
    told = select("--method", "leverage", "--target", "y", "--epsilon", "0.3")
    assert told["parameters"]["n_select"] == "auto"
    assert told["certificate"]["epsilon"] <= 0.3
    assert told["certificate"]["objective"] == "least_squares"
    assert told["n_out"] < 600
    again = select("--method", "leverage", "-n", "auto", "--epsilon", "0.3")
    assert again["certificate"]["objective"] == "pca"


def test_certify_reports_in_json_and_in_words(select, capsys):
    told = select(
        *["--method", "lewis", "--p", "1", "-n", "50", "--target", "y"],
        *["--certify", "least_absolute"],
    )
    assert told["certificate"]["kind"] == "exact"
    assert told["certificate"]["text"] in capsys.readouterr().err
    assert "certificate" not in select("--method", "lewis", "-n", "50")


def test_what_is_certified_is_what_the_method_was_told(select):
    told = select(
        *["--method", "kmeans", "--n-clusters", "20", "--power", "1", "-n", "60"],
        *["--certify", "kmeans"],
    )["certificate"]
    assert told["scope"] == "sets of 20 centres drawn alike (distances to the power 1)"
    ridge = ["-n", "60", "--target", "y", "--certify", "ridge"]
    told = select("--method", "leverage", "--alpha", "3", "--fit-intercept", *ridge)
    wanted = "every linear model with an intercept and alpha=3"
    assert told["certificate"]["scope"] == wanted
    told = select("--method", "uniform", *ridge)["certificate"]
    assert told["scope"] == "every linear model without an intercept and alpha=1"
    told = select("--method", "uniform", *ridge, "--certify-intercept")["certificate"]
    assert told["scope"] == "every linear model with an intercept and alpha=1"


def test_the_report_is_json_whatever_the_certificate(select, tmp_path):
    """Two rows for two columns of an exact target: the excess is infinite."""
    path = tmp_path / "exact.csv"
    a = np.random.default_rng(0).standard_normal((50, 2))
    table = np.column_stack([a, a @ [1, 2]])
    np.savetxt(path, table, delimiter=",", header="a,b,y", comments="")
    out, told = tmp_path / "o.csv", tmp_path / "t.json"
    words = ["select", str(path), "-o", str(out), "--json", str(told), "-n", "1"]
    words += ["--method", "lewis", "--target", "y", "--certify", "least_squares"]
    assert main(words) == 0
    report = json.loads(told.read_text(), parse_constant=pytest.fail)
    assert report["certificate"]["excess"] is None


def test_methods_of_this_family_run(select):
    for method in ("lewis", "lp-sensitivity", "logistic"):
        told = select("--method", method, "-n", "40", "--target", "kind")
        assert told["n_out"] == 40


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "leverage", "-n", "9", "--epsilon", "0.1"], "not both"),
        (
            ["--method", "leverage", "-n", "auto"],
            "does not find a size; give --epsilon",
        ),
        (["--method", "leverage"], "missing: -n N or --epsilon X, the error to reach"),
        (
            ["--method", "leverage", "--epsilon", "2"],
            "--epsilon: must be above 0",
        ),
        (["--method", "lewis", "--p", "0", "-n", "9"], "--p: must be between 0.001"),
        (
            ["--method", "lewis", "--p", "nan", "-n", "9"],
            "--p: must be between 0.001",
        ),
        (
            ["--method", "lewis", "-n", "9", "--certify", "ridge"],
            "--certify ridge needs --target",
        ),
        (
            "--method leverage -n 9 --target y --certify ridge".split(),
            "--certify ridge needs --alpha above 0",
        ),
        (
            ["--method", "lewis", "-n", "9", "--certify-intercept"],
            "--certify-intercept needs --certify",
        ),
    ],
)
def test_bad_input_is_named(table, tmp_path, capsys, words, message):
    out = tmp_path / "o.csv"
    assert main(["select", str(table), "-o", str(out), *words]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not out.exists()


def test_compare_takes_no_auto(table, capsys):
    assert main(["compare", str(table), "--target", "y", "-n", "auto"]) == 2
    assert "'auto' is not a number of rows" in capsys.readouterr().err

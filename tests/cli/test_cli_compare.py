"""`coreselect compare`: the figures, the formats, and what it refuses."""

import csv
import io
import json
import warnings

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from coreselect import LeverageSelector, UniformSelector
from coreselect.cli import options
from coreselect.comparison import _compare, _trial
from coreselect.estimators import fit_on_selection

SMALL = ("-n", "20,40", "--seeds", 2, "--methods", "leverage")


@pytest.fixture
def data(tmp_path):
    """400 rows, three features, a number to predict, classes in three kinds."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)) * [1.0, 10.0, 0.1] + [5.0, 0.0, 1.0]
    number = 3.0 + X @ [1.0, -0.2, 3.0] + rng.normal(size=400)
    code = (number > number.mean()).astype(int) + (number > number.mean() + 2)
    table = pa.table(
        {
            **{name: X[:, j] for j, name in enumerate("abc")},
            "number": number,
            "code": code,
            "word": [["low", "mid", "high"][i] for i in code],
            "flag": code > 0,
        }
    )
    path = tmp_path / "data.parquet"
    pq.write_table(table, path)
    return path, X, number, code


def _report(cli, *words):
    done = cli("compare", *words, "--json", "-")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_figures_are_those_of_the_library(cli, data):
    """Classes: a stratified split, a weighted pipeline, seeds from --seed on."""
    path, X, _, code = data
    words = ("--target", "code", "--columns", "a,b,c", *SMALL, "--seed", 3)
    report = _report(cli, path, *words)
    train, test = train_test_split(
        np.arange(400), test_size=0.25, random_state=3, stratify=code
    )
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    full = model.fit(X[train], code[train]).score(X[test], code[test])
    assert report["full"]["score"] == pytest.approx(full)
    assert len(report["results"]) == 4
    assert (report["n_train"], report["n_test"], report["n_classes"]) == (300, 100, 3)
    for entry in report["results"]:
        selector = {
            "leverage": LeverageSelector(fit_intercept=True),
            "uniform": UniformSelector(),
        }[entry["method"]]
        scores = []
        for seed in (3, 4):
            selector.set_params(n_select=entry["size"], random_state=seed)
            selection = selector.fit(X[train], code[train]).selection_
            fitted = fit_on_selection(model, selection, X[train], code[train])
            scores.append(fitted.score(X[test], code[test]))
        assert entry["scores"] == pytest.approx(scores)
        assert entry["score_mean"] == pytest.approx(np.mean(scores))
        assert entry["score_sd"] == pytest.approx(np.std(scores, ddof=1))
        assert entry["difference"] == pytest.approx(np.mean(scores) - full)


def test_numbers_are_regressed(cli, data):
    path, X, number, _ = data
    words = ("--target", "number", "--columns", "a,b,c", *SMALL)
    report = _report(cli, path, *words)
    assert (report["task"], report["score"]) == ("regression", "R2")
    train, test = train_test_split(np.arange(400), test_size=0.25, random_state=0)
    model = make_pipeline(StandardScaler(), Ridge()).fit(X[train], number[train])
    full = model.score(X[test], number[test])
    assert report["full"]["score"] == pytest.approx(full)


@pytest.mark.parametrize(
    ("target", "words", "task"),
    [
        ("code", (), "classification"),
        ("word", (), "classification"),
        ("flag", (), "classification"),
        ("number", (), "regression"),
        ("code", ("--regression",), "regression"),
        ("code", ("--estimator", "sklearn.linear_model.Ridge"), "regression"),
        ("code", ("--estimator", "sklearn.naive_bayes.GaussianNB"), "classification"),
    ],
)
def test_what_the_target_holds(cli, data, target, words, task):
    words = ("--target", target, "--columns", "a,b,c", *SMALL, *words)
    assert _report(cli, data[0], *words)["task"] == task


def test_whole_numbers_of_many_values_are_amounts():
    most = _trial.MOST_CLASSES
    assert _trial._task(np.arange(most)) == "classification"
    assert _trial._task(np.arange(most + 1)) == "regression"
    assert _trial._task(np.arange(most) / 1.0) == "regression"


def test_uniform_always_joins(cli, data):
    words = ("--target", "code", "-n", "20", "--seeds", 1, "--columns", "a,b,c")
    report = _report(cli, data[0], *words, "--methods", "leverage")
    assert [e["method"] for e in report["results"]] == ["uniform", "leverage"]
    assert [e["score_sd"] for e in report["results"]] == [None, None]
    report = _report(cli, data[0], *words)
    # Left out: methods that the rank of these data does not allow 20 rows.
    found = {e["method"] for e in report["results"]}
    assert found <= set(options.all_methods())
    assert found >= {
        name
        for name, cls in options.all_methods().items()
        if not cls.examples()[0].__sklearn_tags__().selector_tags.bounded
    }


def test_table_and_files(cli, data, tmp_path):
    """The table on stdout, the same figures in both files; columns are aligned."""
    files = ("--json", tmp_path / "r.json", "--csv", tmp_path / "r.csv")
    words = ("--target", "word", *SMALL, "--exclude", "code,number,flag")
    done = cli("compare", data[0], *words, *files)
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "r.json").read_text())
    rows = list(csv.DictReader(io.StringIO((tmp_path / "r.csv").read_text())))
    assert [row["method"] for row in rows] == [
        "full",
        *(e["method"] for e in report["results"]),
    ]
    for row, entry in zip(rows[1:], report["results"], strict=True):
        assert float(row["score_mean"]) == entry["score_mean"]
        assert int(row["size"]) == entry["size"]
    heading, _, table = done.out.partition("\n\n")
    assert "300 training rows, 100 held out, 3 features" in heading
    assert "target word (3 classes)" in heading
    lines = table.splitlines()
    assert len(lines) == 2 + len(report["results"])
    first = report["results"][0]
    expected = f"{first['score_mean']:.4f} ± {first['score_sd']:.4f}"
    assert expected in lines[2]
    assert f"{first['difference']:+.4f}" in lines[2]
    assert {line.find("0.") for line in lines[1:]} != {-1}
    assert len({len(line) for line in lines[2:]}) == 1


def test_files_are_not_overwritten(cli, data, tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("mine")
    words = ("--target", "code", *SMALL, "--csv", path)
    assert cli("compare", data[0], *words).code == 1
    assert path.read_text() == "mine"
    assert cli("compare", data[0], *words, "--force").code == 0


def test_csv_alone_on_standard_output(cli, data):
    done = cli("compare", data[0], "--target", "code", *SMALL, "--csv", "-")
    assert done.out.startswith("method,size,n_rows,")


def test_every_format_gives_the_same(cli, data, tmp_path):
    path, X, _, code = data
    np.savez(tmp_path / "data.npz", X=X, code=code)
    table = pq.read_table(path).select(["a", "b", "c", "code"])
    pa.csv.write_csv(table, tmp_path / "data.csv")
    words = ("--target", "code", *SMALL)
    scores = [
        [e["scores"] for e in _report(cli, p, *words, *more)["results"]]
        for p, more in (
            (path, ("--columns", "a,b,c")),
            (tmp_path / "data.npz", ()),
            (tmp_path / "data.csv", ()),
        )
    ]
    assert scores[0] == scores[1] == scores[2]


def test_sparse_features(cli, data, tmp_path):
    from scipy import sparse

    _, X, _, code = data
    path = tmp_path / "data.npz"
    matrix = sparse.csr_matrix(X * (X > 0))
    parts = {name: getattr(matrix, name) for name in ("data", "indices", "indptr")}
    np.savez(path, format=b"csr", shape=matrix.shape, y=code, **parts)
    report = _report(cli, path, "--target", "y", *SMALL)
    assert report["n_features"] == 3


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("-n", "301"), 1, "-n 301: there are only 300 training rows"),
        (("-n", "20,1000"), 1, "-n 1000"),
        (("-n", "0"), 1, "-n 0"),
        (("-n", "ten"), 2, "'ten'"),
        (("--target", "zz"), 1, "'zz'"),
        (("--target", "a", "--columns", "a,b"), 2, "'a' cannot be"),
        (("--methods", "leverage,best"), 2, "no method 'best'"),
        (("--estimator", "sklearn.Nothing"), 2, "sklearn.Nothing"),
        (("--estimator", "nothing"), 2, "dotted path"),
        (("--estimator", "math.sqrt"), 2, "no fit and score"),
        (("--target", "word", "--regression"), 1, "text ('"),
        (("--regression", "--classification"), 2, "not allowed"),
        (("--seeds", "0"), 2, "'0'"),
        (
            ("--estimator", "sklearn.neighbors.KNeighborsClassifier"),
            1,
            "takes no sample_weight",
        ),
    ],
)
def test_refused(cli, data, words, code, message):
    given = ("--target", "code", "-n", "20", "--seeds", 1)
    done = cli("compare", data[0], *given, *words)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert done.err.startswith("coreselect: error: ")


def test_missing_targets_are_counted(cli, tmp_path):
    path = tmp_path / "in.parquet"
    for target in (["a", None, "b", None] * 5, [1, None, 2, None] * 5):
        pq.write_table(pa.table({"x": np.arange(20.0), "y": target}), path)
        done = cli("compare", path, "--target", "y", "-n", "5")
        assert done.code == 1
        assert "10 missing values (null or NaN), the first in row 1" in done.err


def test_target_of_the_wrong_length(cli, tmp_path):
    np.savez(tmp_path / "in.npz", X=np.eye(8), y=np.arange(5))
    done = cli("compare", tmp_path / "in.npz", "--target", "y", "-n", "5")
    assert done.code == 1
    assert "shape (5,)" in done.err


def test_a_rare_class_does_not_stop_the_split(cli, tmp_path):
    path = tmp_path / "in.parquet"
    rng = np.random.default_rng(0)
    table = pa.table({"x": rng.normal(size=100), "y": ["a"] * 50 + ["b"] * 49 + ["c"]})
    pq.write_table(table, path)
    done = cli("compare", path, "--target", "y", "-n", "5", "--methods", "uniform")
    assert done.code == 0, done.err
    assert "classes with few rows" in done.err


def test_warnings_of_many_fits_are_one_note(cli, data, monkeypatch):
    """Five fits with a class missing: one line, with how often and an example."""

    class Warning_(UserWarning):
        pass

    fit = _compare.fit_on_selection

    def warning(*args):
        warnings.warn("class lost", Warning_, stacklevel=1)
        return fit(*args)

    monkeypatch.setattr(_compare, "fit_on_selection", warning)
    words = ("--target", "code", "-n", "20", "--seeds", 3, "--methods", "uniform")
    done = cli("compare", data[0], *words)
    assert (
        done.err == "coreselect: warning: uniform, 20 rows: 3 x Warning_: class lost\n"
    )


def test_a_method_that_cannot_is_left_out_unless_named(cli, data, monkeypatch):
    class Fails(UniformSelector):
        cli_name = "fails"

        def _learn(self, rows, rng):
            raise ValueError("cannot do this")

    known = {"uniform": UniformSelector, "fails": Fails}
    monkeypatch.setattr("coreselect.cli.compare.method", known.__getitem__)
    monkeypatch.setattr("coreselect.cli.compare.all_methods", lambda: known)
    words = ("--target", "code", "-n", "20", "--seeds", 1)
    done = cli("compare", data[0], *words)
    assert done.code == 0
    assert "fails is left out: cannot do this" in done.err
    assert "fails" not in done.out
    done = cli("compare", data[0], *words, "--methods", "fails")
    assert done.code == 1
    assert "fails: cannot do this" in done.err


def test_the_output_of_select_is_no_trap(cli, data, tmp_path):
    """Row numbers and weights of an earlier selection are no features, or are told."""
    once = tmp_path / "once.parquet"
    words = ("--method", "uniform", "-n", 200, "--target", "code")
    assert cli("select", data[0], "-o", once, *words).code == 0
    words = ("--target", "code", *SMALL, "--exclude", "number,flag")
    done = cli("compare", once, *words)
    assert "3 features" in done.out
    assert "are not used here" in done.err
    text = tmp_path / "once.csv"
    words = ("--method", "uniform", "-n", 200, "--target", "code")
    assert cli("select", data[0], "-o", text, *words).code == 0
    done = cli("compare", text, "--target", "code", *SMALL)
    assert "columns called row and weight" in done.err


def test_intercepts_follow_the_estimator(data):
    _, X, number, _ = data
    for model in (None, Ridge(), DecisionTreeRegressor()):
        assert _trial.prepare(X, number, model, None, 0).fit_intercept is True
    model = _trial.prepare(X, number, None, None, 0).estimator
    model.set_params(ridge__fit_intercept=False)
    parts = (X, X, number, number)
    trial = _trial.Trial(*parts, model, "name", "regression", stratified=False)
    assert trial.fit_intercept is False

"""`coreselect compare`: the figures, the formats, and what it refuses."""

import csv
import io
import json
import sys
import warnings
from html import escape

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
from coreselect.cli.catalogue import names_of_methods
from coreselect.comparison import _fits, _trial
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
    words = (*words, "--features", "numeric")
    report = _report(cli, path, *words)
    train, test = train_test_split(
        np.arange(400), test_size=0.25, random_state=3, stratify=code
    )
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    full = model.fit(X[train], code[train]).score(X[test], code[test])
    assert report["full"]["score"] == pytest.approx(full)
    assert len(report["results"]) == 4
    assert (report["n_train"], report["n_test"], report["n_classes"]) == (300, 100, 3)
    means = {}
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
        assert entry["score"] == pytest.approx(np.mean(scores))
        assert entry["sd"] == pytest.approx(np.std(scores, ddof=1))
        means[entry["method"], entry["size"]] = np.mean(scores)
    for entry in report["results"]:
        gap = entry["score"] - means["uniform", entry["size"]]
        assert entry["difference"] == pytest.approx(gap)


def test_numbers_are_regressed(cli, data):
    path, X, number, _ = data
    words = ("--target", "number", "--columns", "a,b,c", *SMALL)
    words = (*words, "--features", "numeric")
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
    assert [e["sd"] for e in report["results"]] == [None, None]
    report = _report(cli, data[0], *words)
    assert {e["method"] for e in report["results"]} == {"uniform", "logistic", "kmeans"}
    report = _report(cli, data[0], *words, "--methods", "all")
    # Without a radius, near-duplicates cannot be told. The other refuses negative ones.
    every = {*names_of_methods(selects=True)} - {"radius", "feature-coverage"}
    assert {e["method"] for e in report["results"]} == every
    done = cli("compare", data[0], *words, "--methods", "radius")
    assert done.code == 1
    assert "--methods: 'radius' has no default for radius, so it" in done.err


def test_table_and_files(cli, data, tmp_path):
    """The table on stdout, the same figures in both files; columns are aligned."""
    files = ("--json", tmp_path / "r.json", "--csv", tmp_path / "r.csv")
    words = ("--target", "word", *SMALL, "--exclude", "code,number,flag")
    done = cli("compare", data[0], *words, *files)
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "r.json").read_text())
    rows = list(csv.DictReader(io.StringIO((tmp_path / "r.csv").read_text())))
    assert [row["method"] for row in rows] == [
        "all rows",
        *(e["method"] for e in report["results"]),
    ]
    for row, entry in zip(rows[1:], report["results"], strict=True):
        assert float(row["score"]) == entry["score"]
        assert int(row["size"]) == entry["size"]
    heading, came, ranked, verdict = done.out.rstrip().split("\n\n")
    assert "300 training rows, 100 held out, 3 features" in heading
    assert "target word (3 classes)" in heading
    assert verdict.splitlines() == report["summary"]
    names = [line.split()[0] for line in came.splitlines()]
    assert names == ["method", "all", *["uniform"] * 2, *["leverage"] * 2]
    first = report["results"][2]
    expected = f"{first['score']:.4f} ± {first['sd']:.4f}"
    assert expected in came.splitlines()[4]
    assert f"{first['difference']:+.4f}" in came.splitlines()[4]
    # The same lines once more, by size and the best first.
    ranked = ranked.splitlines()
    assert ranked[0] == "Ranked:"
    assert sorted(ranked[1:]) == sorted(came.splitlines())
    sizes = [int(line.split("rows")[-1].split()[0]) for line in ranked[2:3]]
    assert sizes == [300]
    assert [line.split()[1] for line in ranked[3:]] == ["20", "20", "40", "40"]


def test_rows_are_printed_as_they_come(cli, data, monkeypatch):
    """When the second method begins, the rows of the first are printed already."""
    seen = []

    class Looks(UniformSelector):
        cli_name = "looks"

        def _learn(self, rows, rng):
            seen.append(sys.stdout.getvalue())
            return super()._learn(rows, rng)

    monkeypatch.setattr("coreselect.cli.compare.method", lambda name: Looks)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    words = ("--target", "code", *SMALL)
    assert cli("compare", data[0], *words).code == 0
    assert [line.split()[0] for line in seen[0].splitlines()[-3:]] == [
        "all",
        "uniform",
        "uniform",
    ]


def test_ctrl_c_prints_and_writes_what_there_is(cli, data, tmp_path, monkeypatch):
    class Stops(UniformSelector):
        cli_name = "stops"

        def _learn(self, rows, rng):
            raise KeyboardInterrupt

    monkeypatch.setattr("coreselect.cli.compare.method", lambda name: Stops)
    path = tmp_path / "r.json"
    done = cli("compare", data[0], "--target", "code", *SMALL, "--json", path)
    assert done.code == 130
    assert "interrupted; the results so far" in done.err
    assert done.out.rstrip().endswith("interrupted: results are missing.")
    report = json.loads(path.read_text())
    assert not report["complete"]
    assert [e["method"] for e in report["results"]] == ["uniform", "uniform"]


def test_the_picture(cli, data, tmp_path):
    words = ("--target", "code", *SMALL)
    for name, start in (("r.png", b"\x89PNG"), ("r.svg", b"<?xml")):
        done = cli("compare", data[0], *words, "--plot", tmp_path / name)
        assert done.code == 0, done.err
        assert (tmp_path / name).read_bytes().startswith(start)
    done = cli("compare", data[0], *words, "--plot", tmp_path / "r.doc")
    assert (done.code, done.out) == (2, "")
    assert "one of .png, .svg, .pdf" in done.err


def test_the_page(cli, data, tmp_path):
    words = ("--target", "code", *SMALL, "--seeds", 5, "--html", tmp_path / "r.html")
    done = cli("compare", data[0], *words)
    assert done.code == 0, done.err
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    verdict = done.out.rstrip().splitlines()[-1]
    assert escape(verdict) in page
    assert "<svg" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_text_dates_and_gaps_are_seen(cli, tmp_path):
    """One line per kind says what became of the columns."""
    rng = np.random.default_rng(0)
    x, word = rng.normal(size=200), rng.choice(["a", "b"], 200)
    table = pa.table(
        {
            "id": np.arange(200),
            "x": pa.array(np.where(x > 1, None, x), from_pandas=True),
            "word": word,
            "y": np.where(word == "a", x, -x),
        }
    )
    pa.csv.write_csv(table, tmp_path / "in.csv")
    done = cli("compare", tmp_path / "in.csv", "--target", "y", *SMALL)
    assert done.code == 0, done.err
    assert "word: one-hot (2 columns)" in done.out
    assert "id: left out" in done.out
    done = cli(
        "compare", tmp_path / "in.csv", "--target", "y", *SMALL, "--exclude", "word"
    )
    assert "word" not in done.out


def test_files_are_not_overwritten(cli, data, tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("mine")
    words = ("--target", "code", *SMALL, "--csv", path)
    assert cli("compare", data[0], *words).code == 1
    assert path.read_text() == "mine"
    assert cli("compare", data[0], *words, "--force").code == 0


def test_csv_alone_on_standard_output(cli, data):
    done = cli("compare", data[0], "--target", "code", *SMALL, "--csv", "-")
    assert done.out.startswith("method,size,score,sd,difference,")


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
        (("--target", "a", "--columns", "a,b"), 2, "'a', which is the target"),
        (("--methods", "leverage,best"), 2, "no method 'best'"),
        (("--estimator", "sklearn.Nothing"), 2, "sklearn.Nothing"),
        (("--estimator", "nothing"), 2, "dotted path"),
        (("--estimator", "math.sqrt"), 2, "no fit and score"),
        (("--target", "word", "--regression"), 1, "text ('"),
        (("--regression", "--classification"), 2, "not allowed"),
        (("--seeds", "0"), 2, "'0'"),
        (("--csv", "-", "--html", "-"), 2, "--csv and --html cannot both be printed"),
        (("--cv", "1"), 2, "'1' is not a whole number of at least 2"),
        (("--test-size", "1.5"), 2, "'1.5' is not between 0 and 1"),
        (("--target", "word", "--scoring", "r2"), 1, "scoring: r2 of Logistic"),
        (("--scoring", "roc_uac"), 2, "Did you mean 'roc_auc'?"),
        (
            ("--estimator", "sklearn.neighbors.KNeighborsClassifier"),
            1,
            "takes no weights of rows",
        ),
    ],
)
def test_refused(cli, data, words, code, message):
    given = ("--target", "code", "-n", "20", "--seeds", 1)
    done = cli("compare", data[0], *given, *words)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert done.err.startswith("coreselect: error: ")


def test_an_infinite_target_is_named(cli, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("a,y\n" + "".join(f"{i},{i}.5\n" for i in range(20)) + "7,-inf\n")
    done = cli("compare", path, "--target", "y")
    assert (done.code, done.out) == (1, "")
    assert "--target: 1 values are infinite, the first in row 20" in done.err


def test_rows_with_gaps_can_be_dropped(cli, tmp_path):
    """Those without a target too; the others are compared as they are."""
    rng = np.random.default_rng(0)
    x, word = rng.normal(size=300), rng.choice(["a", None], 300)
    y = np.where(np.arange(300) % 10, x, np.nan)
    table = pa.table({"x": x, "word": word, "y": pa.array(y, from_pandas=True)})
    pq.write_table(table, tmp_path / "in.parquet")
    words = (tmp_path / "in.parquet", "--target", "y", "-n", 20, "--seeds", 1)
    assert cli("compare", *words).code == 1
    done = cli("compare", *words, "--drop-missing")
    assert done.code == 0, done.err
    left = np.sum((word == "a") & ~np.isnan(y))
    assert f"leaves out {300 - left} rows" in done.err
    report = _report(cli, *words, "--drop-missing")
    assert report["n_train"] + report["n_test"] == left


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

    fit = _fits.fit_on_selection

    def warning(*args):
        warnings.warn("class lost", Warning_, stacklevel=1)
        return fit(*args)

    monkeypatch.setattr(_fits, "fit_on_selection", warning)
    words = ("--target", "code", "-n", "20", "--seeds", 3, "--methods", "uniform")
    done = cli("compare", data[0], *words)
    assert (
        done.err == "coreselect: warning: uniform, 20 rows: 3 x Warning_: class lost\n"
    )


def test_a_method_that_fails_is_a_row(cli, data, monkeypatch):
    class Fails(UniformSelector):
        cli_name = "fails"

        def _learn(self, rows, rng):
            raise ValueError("cannot do this")

    monkeypatch.setattr("coreselect.cli.compare.method", lambda name: Fails)
    words = ("--target", "code", "-n", "20", "--seeds", 1, "--methods", "fails")
    done = cli("compare", data[0], *words)
    assert (done.code, done.err) == (0, "")
    assert "failed: cannot do this" in done.out
    assert "fails failed: cannot do this." in done.out.splitlines()
    done = cli("compare", data[0], *words, "--json", "-")
    entry = json.loads(done.out)["results"][1]
    assert (entry["method"], entry["score"]) == ("fails", None)


def test_the_output_of_select_is_no_trap(cli, data, tmp_path):
    """Row numbers and weights of an earlier selection are no features, or are told."""
    once = tmp_path / "once.parquet"
    words = ("--method", "uniform", "-n", 200, "--target", "code")
    assert cli("select", data[0], "-o", once, *words).code == 0
    words = ("--target", "code", *SMALL, "--exclude", "number,flag,word")
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
    trial = _trial.Trial([], model, "name", "regression", stratified=False)
    assert trial.fit_intercept is False

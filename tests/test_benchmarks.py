"""The yardsticks of the benchmarks are right themselves."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import multivariate_normal

from benchmarks import (
    allocation,
    autocoreset,
    columns,
    contexts,
    data,
    dpp,
    extended,
    landmarks,
    memory,
    must_reach,
    nominal,
    quality,
    regression,
    tables,
    tarot,
    vectorsum,
)
from coreselect import Landmarks, Selection, UniformSelector


@pytest.mark.skipif(not extended.AVAILABLE, reason="long double is double here")
def test_extended_precision_scores_are_leverage_scores():
    """Against the diagonal of the hat matrix, where double is accurate enough."""
    X = extended.matrix(200, 5, condition=10.0, rows="heavy-tailed")
    hat = X @ np.linalg.inv(X.T @ X) @ X.T
    assert_allclose(extended.leverage_scores(X).astype(float), np.diag(hat), rtol=1e-12)


def test_matrix_has_the_condition_number_asked_for():
    X = extended.matrix(500, 8, condition=1e6, rows="normal")
    assert_allclose(np.linalg.cond(X), 1e6, rtol=1e-6)


def test_gram_error():
    """All rows: 0. A lost direction: 1. A direction counted three times: 2."""
    X = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    white = quality.whitening(X)

    def error(indices, weights):
        return quality.gram_error(X, Selection(indices, weights, 3), white)

    assert_allclose(error([0, 1, 2], [1.0, 1.0, 1.0]), 0, atol=1e-15)
    assert_allclose(error([0, 1], [1.0, 1.0]), 1)
    assert_allclose(error([0, 2], [1.0, 3.0]), 2)


def test_whitening_drops_what_is_no_direction():
    X = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])
    assert quality.whitening(X).shape == (2, 1)


def test_variational_bound():
    """The log likelihood if all rows are inducing points; below it otherwise."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    every = Landmarks(UniformSelector(1.0), gamma=0.5).fit_transform(X)
    z = (y - y.mean()) / y.std()
    wanted = multivariate_normal(cov=every @ every.T + 0.1 * np.eye(30)).logpdf(z) / 30
    assert_allclose(landmarks.bound(every, y, 0.0), wanted, rtol=1e-9)
    few = Landmarks(UniformSelector(9, random_state=0), gamma=0.5).fit_transform(X)
    missed = (1 - (few**2).sum(axis=1)).sum()
    assert landmarks.bound(few, y, missed) < wanted


def test_answers_of_a_context():
    """At distance zero the class of that row; far from all rows, a mixture."""
    squares = np.array([[0.0, 100.0, 100.0], [5.0, 5.0, 5.0]])
    found = np.exp(contexts.answers(squares, np.array([0, 1, 1]), 2, 1.0))
    assert_allclose(found, [[0.9995, 0.0005], [0.3335, 0.6665]], atol=1e-3)
    assert_allclose(found.sum(axis=1), 1)


def test_limits():
    most = must_reach.Figure("", "", 1.5, at_most=1.5)
    least = must_reach.Figure("", "", 11.9, at_least=12)
    assert (most.reached, least.reached) == (True, False)
    assert must_reach.Figure("", "", 1.0).reached is None


def test_peaks_are_those_of_the_process_itself():
    """Whatever its parent held before: here more than the child will."""
    more = b"x" * 300_000_000
    assert memory.peak() > len(more)
    del more
    idle, busy = memory.peak_of(memory.hold, 0), memory.peak_of(memory.hold, 10**8)
    assert idle < 10**8
    assert_allclose(busy - idle, 10**8, rtol=0.1)


def test_a_process_that_fails_has_no_peak():
    with pytest.raises(RuntimeError, match=r"memory.hold failed[^!]*TypeError"):
        memory.peak_of(memory.hold, "many")


def _parquet(options):
    """The figures of a file, but what is held to a limit of memory alone."""
    return [f for f in must_reach.parquet(options) if "peak" in f.name]


@pytest.mark.parametrize(
    "measure",
    [
        nominal.memory,
        dpp.memory,
        lambda options: tarot.memory("", "X.npy"),
        _parquet,
    ],
)
def test_every_limit_of_memory_can_be_missed(measure, monkeypatch):
    """A process that holds little more than its imports reaches them, no other does."""

    def verdicts(size):
        def peak_of(function, *arguments):
            return 0 if function in (nominal.nothing, dpp.million) else size

        for module in (nominal, dpp, tarot):
            monkeypatch.setattr(module, "peak_of", peak_of)
        chosen = {"indices": np.arange(2), "weights": np.ones(2)}
        report = {"seconds": 1.0, "peak": size}
        monkeypatch.setattr(must_reach, "_write", lambda path, n: path.touch())
        monkeypatch.setattr(must_reach, "_select", lambda *_: (report, chosen))
        figures = measure(SimpleNamespace(rows=0))
        return {figure.reached for figure in figures} - {None}

    assert verdicts(10**8) == {True}
    assert verdicts(10**11) == {False}


def test_memory_is_read_in_one_place():
    """What others offer for it begins with the memory of the parent."""
    root = Path(memory.__file__).parent
    for path in [*root.glob("*.py"), *root.parent.glob("tests/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        if path.name not in ("memory.py", Path(__file__).name):
            assert "maxrss" not in text, path
            assert "def peakmem_" not in text, path


def test_keel_text():
    X, y = data.keel(b"@relation r\n@attribute a real\n1, 2.5, yes\n3,4,no\n")
    assert_allclose(X, [[1, 2.5], [3, 4]])
    assert list(y) == ["yes", "no"]


def test_a_changed_archive_is_not_opened(tmp_path, monkeypatch):
    """What lies in the cache with another sha256 is fetched anew, never parsed."""
    monkeypatch.setenv("CORESELECT_DATA", str(tmp_path))
    archive = tmp_path / data.KEEL.archive
    archive.write_bytes(b"changed")

    def wrong_again(package, folder):
        (folder / package.archive).write_bytes(b"changed again")

    monkeypatch.setattr(data, "_download", wrong_again)
    with pytest.raises(data.DataUnavailable, match="not the file recorded"):
        data.load("pima")
    assert not archive.exists()


def test_every_source_is_one_archive_with_a_checksum():
    for source in data.SOURCES.values():
        assert len(source.package.sha256) == 64
        assert source.package.version in source.package.archive


def test_least_absolute_deviations_of_the_benchmark():
    """Against the exact linear program of scikit-learn."""
    from sklearn.linear_model import QuantileRegressor

    rng = np.random.default_rng(0)
    X, weight = rng.standard_normal((150, 3)), rng.random(150)
    y = X.sum(axis=1) + rng.standard_t(2, 150)
    exact = QuantileRegressor(quantile=0.5, alpha=0, fit_intercept=False)
    exact.fit(X, y, sample_weight=weight)
    b = regression.least_absolute(X, y, weight)
    got, best = (weight @ np.abs(y - X @ c) for c in (b, exact.coef_))
    assert_allclose(got, best, rtol=1e-3)


def test_fits_by_the_gram_matrix_are_fits(monkeypatch):
    """Also with dependent columns, where predictions are what counts."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 4))
    X = np.column_stack([X, X[:, 0] - X[:, 1]])
    y, weight = rng.standard_normal(300), rng.random(300)
    wanted = X @ regression.least_squares(X, y, weight)
    monkeypatch.setattr(regression, "MANY", 100)
    assert_allclose(X @ regression.least_squares(X, y, weight), wanted, atol=1e-9)


def test_first_order_best_scores():
    """For one column, x'H^-1 x is in proportion to x**2."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_t(3, (2, 50))
    b = regression.least_squares(x[:, None], y, np.ones(50))
    r = np.abs(y - x * b)
    got = regression.first_order_best(x[:, None], y, b, 2)
    assert_allclose(got * np.linalg.norm(x), (r + 0.3 * r.mean()) * np.abs(x))
    got = regression.first_order_best(x[:, None], y, b, 1)
    density = np.exp(-0.5 * (r / np.median(r)) ** 2)
    assert_allclose(got * np.sqrt(density @ x**2), np.abs(x))


def test_ratio_and_its_error():
    rng = np.random.default_rng(0)
    pairs = rng.normal([2.0, 4.0], [0.2, 0.4], size=(500, 20, 2))
    found = np.array([regression.ratio(*pair.T) for pair in pairs])
    assert_allclose(found[:, 0].mean(), 0.5, rtol=0.01)
    assert_allclose(found[:, 1].mean(), found[:, 0].std(), rtol=0.15)


def test_errors_of_sums():
    """All vectors: 0. The first alone, for both: its column is off by half."""
    V = np.array([[1.0, 2.0], [3.0, 2.0]])
    assert vectorsum.error_of_sums(V, np.array([0, 1]), np.ones(2)) == 0
    assert vectorsum.error_of_sums(V, np.array([0]), np.array([2.0])) == 0.5
    assert_allclose(vectorsum.distance(V, np.array([0]), np.array([2.0])), 1)


def test_a_run_that_measures_nothing_fails(capsys):
    """A word that no problem has would otherwise miss no limit."""
    with pytest.raises(SystemExit) as stopped:
        autocoreset.main(["adlut"])
    assert stopped.value.code
    assert "no problem has 'adlut' in its name" in capsys.readouterr().err


def test_excess_of_a_problem(monkeypatch):
    """All rows: 0. Two rows of a line with another slope: a known one."""
    from sklearn.linear_model import LinearRegression

    X, y = np.arange(4.0)[:, None], np.array([1.0, 0.0, 0.0, 1.0])
    problem = autocoreset.Problem(lambda: (X, y), LinearRegression(), at_most=1.0)
    monkeypatch.setitem(autocoreset.PROBLEMS, "line", problem)
    task = autocoreset.Task("line")
    assert_allclose(task.least, 1)
    assert_allclose(task.excess(Selection([0, 1, 2, 3], np.ones(4), 4)), 0, atol=1e-12)
    # Through the first two points: 1, 0, -1, -2, so that the squares add up to 10.
    assert_allclose(task.excess(Selection([0, 1], [2.0, 2.0], 4)), 9)
    assert task.reach == 6
    result = autocoreset.Result(6, 4, auto=0.5, uniform=2, best=1, fits=3, seconds=0)
    (figure,) = autocoreset.figures("line", problem, result)
    assert (figure.value, figure.reached) == (0.5, True)


def test_the_sweep_over_tables_goes_on_to_the_end(tmp_path, monkeypatch, capsys):
    """Files without rows, numbers or anything are passed; a crash is a failure."""
    (tmp_path / "a.csv").write_text("a,b,y\n" + "1,2,0\n3,4,1\n" * 9)
    (tmp_path / "b.csv").write_text("text,y\n" + "x,0\n" * 9)
    (tmp_path / "c.csv").write_text("")

    def crashes():
        raise KeyError("a")

    def attempts(X, y):
        yield "uniform", lambda: UniformSelector(4).fit(X).sample_weight_
        yield "crashes", crashes
        yield "not finite", lambda: np.array([np.nan])

    monkeypatch.setattr(tables, "attempts", attempts)
    failures = tables.sweep(tables.in_folder(tmp_path), 10)
    assert [(Path(f[0]).name, f[1]) for f in failures] == [
        (name, method)
        for name in ("a.csv", "b.csv")
        for method in ("crashes", "not finite")
    ]
    out = capsys.readouterr().out
    assert "1 done,  0 refused" in out
    assert "0 done,  1 refused" in out
    assert "c.csv is left out" in out


def test_every_bundled_table_is_a_frame():
    for _, X, y in tables.bundled():
        assert len(X.iloc[:5]) == 5
        assert y.ndim == 1


@pytest.mark.parametrize(("growth", "status"), [(5.9, 0), (6.1, 1)])
def test_missed_growth_over_columns_is_the_exit_status(growth, status, monkeypatch):
    monkeypatch.setattr(columns, "COLUMNS", (2, 4))
    monkeypatch.setattr(
        columns,
        "seconds",
        lambda work, data: (
            9.0 if work is columns.make_imblearn else growth ** (data.shape[1] > 2)
        ),
    )
    assert columns.main() == status


def test_the_oracle_of_allocations_is_the_best():
    """No small transfer of money between groups improves it; a pilot comes near."""
    best = {
        "mean": lambda n: allocation.SHARE @ allocation.excess(n),
        "worst": lambda n: allocation.excess(n).max(),
    }
    for objective, value in best.items():
        sizes = allocation.oracle(objective)
        assert_allclose(allocation.COST @ sizes, allocation.BUDGET)
        for source, target in ((0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)):
            moved = sizes.copy()
            moved[source] -= 1 / allocation.COST[source]
            moved[target] += 1 / allocation.COST[target]
            assert value(moved) > value(sizes)
    for sizes in (allocation.by_share(), allocation.equal()):
        assert_allclose(allocation.COST @ sizes, allocation.BUDGET)
    near = best["mean"](allocation.by_pilot(allocation.excess))
    assert 1 < near / best["mean"](allocation.oracle("mean")) < 1.02

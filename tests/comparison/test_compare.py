"""`coreselect.compare`: the same figures as fits by hand, and what it refuses."""

import logging

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from coreselect import (
    DPPSelector,
    LeverageSelector,
    LogisticSelector,
    UniformSelector,
    compare,
)
from coreselect.estimators import fit_on_selection
from coreselect.features import TableFeatures

COLUMNS = "method size score sd difference select_seconds fit_seconds note".split()


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_t(2.5, size=(600, 4))
    return X, X @ [1.0, 2.0, 0.0, -1.0] + rng.normal(size=600)


@pytest.fixture(scope="module")
def table(data):
    """Numbers with a gap, text, dates and a row number; y in a column."""
    X, y = data
    frame = pd.DataFrame(X, columns=list("abcd")).assign(
        word=np.where(X[:, 0] > 0, "up", "down"),
        day=pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(600) % 90, "D"),
        id=np.arange(600),
        y=y,
    )
    frame.loc[::7, "b"] = np.nan
    return frame


def by_hand(make, size, seed, X, y, train, test, model):
    selection = make.set_params(n_select=size, random_state=seed).fit_select(
        X[train], y[train]
    )
    return fit_on_selection(model, selection, X[train], y[train]).score(
        X[test], y[test]
    )


def test_scores_are_those_of_fits_by_hand(data):
    """One split by the first seed; selections of seeds 5 and 6; weights passed on."""
    X, y = data
    found = compare(
        X,
        y,
        LinearRegression(),
        methods={"mine": LeverageSelector(alpha=1.0)},
        sizes=[30, 0.1],
        n_seeds=2,
        features=None,
        random_state=5,
    )
    split = train_test_split(np.arange(600), test_size=0.25, random_state=5)
    assert [(r.method, r.size) for r in found.results] == [
        ("uniform", 30),
        ("uniform", 45),
        ("mine", 30),
        ("mine", 45),
    ]
    for result in found.results:
        mine = result.method == "mine"
        method = LeverageSelector(alpha=1.0) if mine else UniformSelector()
        scores = [
            by_hand(method, result.size, seed, X, y, *split, LinearRegression())
            for seed in (5, 6)
        ]
        assert result.scores == pytest.approx(scores)
        assert result.n_rows == result.size
    train, test = split
    full = LinearRegression().fit(X[train], y[train]).score(X[test], y[test])
    assert found.full.mean == pytest.approx(full)
    assert found.full.method == "all rows"


def test_folds_give_means(data):
    """With cv, every seed selects in every fold, and its score is the mean."""
    X, y = data
    for cv in (3, KFold(3, shuffle=True, random_state=0)):
        found = compare(
            X, y, Ridge(), methods=[], sizes=[30], n_seeds=2, cv=cv, features=None
        )
        folds = list(KFold(3, shuffle=True, random_state=0).split(X))
        expected = [
            np.mean(
                [
                    by_hand(UniformSelector(), 30, seed, X, y, *fold, Ridge())
                    for fold in folds
                ]
            )
            for seed in (0, 1)
        ]
        assert found.results[0].scores == pytest.approx(expected)
        assert (found.n_train, found.n_test) == (400, 200)


def test_methods_and_estimator_see_the_features_of_the_training_rows(table):
    """Made by a transformer that knows no held-out row, and the same for both."""
    X, y = table.drop(columns="y"), table["y"].to_numpy()
    found = compare(table, "y", methods=["leverage"], sizes=[40], n_seeds=1)
    train, test = train_test_split(np.arange(600), test_size=0.25, random_state=0)
    seen = TableFeatures().fit(X.iloc[train])
    Z = np.empty((600, len(seen.get_feature_names_out())))
    Z[train], Z[test] = seen.transform(X.iloc[train]), seen.transform(X.iloc[test])
    method = LeverageSelector(fit_intercept=True)
    assert found.results[1].scores[0] == pytest.approx(
        by_hand(method, 40, 0, Z, y, train, test, Ridge())
    )
    assert found.estimator == "Ridge"
    assert found.n_features == Z.shape[1]
    assert "word: one-hot" in found.features
    assert "id: left out" in found.features


def test_features_can_be_columns_none_or_a_transformer(table, data):
    X, y = data
    options = {"methods": [], "sizes": [50], "n_seeds": 1}
    some = compare(table, "y", features=["a", "d"], **options)
    same = compare(X[:, [0, 3]], y, features=None, **options)
    by_number = compare(X, y, features=[0, 3], **options)
    assert some.full.scores == same.full.scores == by_number.full.scores
    assert some.n_features == 2
    raw = compare(table.drop(columns="b"), "y", features=None, **options)
    assert raw.n_features == 4  # a, c, d and id; text and dates are left out
    words = compare(table[["word", "y"]], "y", features=OneHotEncoder(), **options)
    assert words.n_features == 2
    with pytest.raises(ValueError, match=r"(?s)features.*NaN"):
        compare(table[["b", "y"]], "y", features=StandardScaler(), **options)


def test_a_sparse_matrix_is_taken_as_it_is(data):
    X, y = data
    options = {"methods": ["leverage"], "sizes": [50], "n_seeds": 1}
    some = compare(sparse.csr_matrix(X), y, **options)
    assert some.estimator == "StandardScaler, Ridge"
    assert some.features == ""
    assert not any(result.failure for result in some.results)


def test_files_and_frames_agree(table, tmp_path):
    table.to_parquet(tmp_path / "t.parquet")
    options = {"sizes": [50], "n_seeds": 1}
    of_file = compare(tmp_path / "t.parquet", "y", **options)
    of_frame = compare(table, "y", **options)
    for one, other in zip(of_file.results, of_frame.results, strict=True):
        assert one.scores == pytest.approx(other.scores)


def test_the_default_methods_follow_the_task(data):
    X, y = data
    options = {"sizes": [50], "n_seeds": 1}
    assert compare(X, y, **options).methods == ["uniform", "leverage", "kmeans"]
    found = compare(X, np.where(y > 0, "high", "low"), **options)
    assert found.methods == ["uniform", "logistic", "kmeans"]
    assert (found.task, found.n_classes, found.score) == (
        "classification",
        2,
        "accuracy",
    )


def test_a_name_gets_the_intercept_of_the_estimator_and_an_instance_does_not(data):
    X, y = data
    options = {"sizes": [30], "n_seeds": 1, "features": None}
    methods = {
        "named": "leverage",
        "class": LeverageSelector,
        "plain": LeverageSelector(),
        "same": LeverageSelector(fit_intercept=True),
    }
    found = compare(X + 10, y, LinearRegression(), methods=methods, **options)
    scores = {r.method: r.scores for r in found.results}
    assert scores["named"] == scores["class"] == scores["same"] != scores["plain"]


def test_selectors_of_one_class_are_told_apart(data):
    methods = [LeverageSelector(), LeverageSelector(alpha=9.0), UniformSelector()]
    found = compare(*data, methods=methods, sizes=[30], n_seeds=1)
    assert found.methods == ["uniform", "leverage", "leverage 2"]
    scores = {r.method: r.scores for r in found.results}
    assert scores["leverage"] != scores["leverage 2"]


def test_frame_summary_and_best(data):
    X, y = data
    found = compare(X, y, methods=["leverage"], sizes=[20, 40], n_seeds=4)
    frame = found.to_frame()
    assert frame.columns.tolist() == COLUMNS
    assert frame["method"].tolist() == ["all rows", *["uniform"] * 2, *["leverage"] * 2]
    score = frame.set_index(["method", "size"])["score"]
    gap = frame.set_index(["method", "size"])["difference"]
    for size in (20, 40):
        best = max(("uniform", "leverage"), key=lambda name: score[name, size])
        assert found.best(size) == best
        expected = score["leverage", size] - score["uniform", size]
        assert gap["leverage", size] == pytest.approx(expected)
        assert gap["uniform", size] == 0
    lines = found.summary().splitlines()
    assert lines[0] == f"All 450 training rows reach R2 {found.full.mean:.3g}."
    with pytest.raises(ValueError, match=r"size=7 was not compared; .* \[20, 40\]"):
        found.best(7)


def test_equal_methods_are_level(data):
    """Uniform rows by another name: whatever is ahead is so by chance."""
    X, y = data
    found = compare(
        X, y, methods={"other": LeverageSelector(alpha=1e12)}, sizes=[50], n_seeds=20
    )
    assert "other is not better than uniform here" in found.summary()


def test_a_method_that_fails_is_a_result_that_says_why(data):
    """The rank allows 4 rows; the other sizes and methods go on."""
    X, y = data
    methods = {"dpp": DPPSelector(kernel="linear"), "leverage": "leverage"}
    found = compare(X, y, methods=methods, sizes=[3, 50], n_seeds=1, features=None)
    notes = found.to_frame().set_index(["method", "size"])["note"]
    assert notes["dpp", 3] == ""
    assert notes["dpp", 50].startswith("failed: ")
    assert "rank" in notes["dpp", 50]
    frame = found.to_frame().set_index(["method", "size"])
    assert np.isnan(frame.loc[("dpp", 50), "score"])
    assert frame.loc[("leverage", 50), "score"] > 0
    assert found.best(50) in ("uniform", "leverage")


def test_whatever_a_method_raises_does_not_stop_the_others(data):
    class Broken(LeverageSelector):
        def _learn(self, rows, rng):
            raise RuntimeError("no such luck")

    found = compare(*data, methods=[Broken()], sizes=[20], n_seeds=2)
    assert "leverage failed: RuntimeError: no such luck." in found.summary()


def test_without_uniform_there_is_no_comparison(data):
    class Wants(LinearRegression):
        def fit(self, X, y, sample_weight=None):
            if len(X) < 100:
                raise ValueError(f"{len(X)} rows are too few")
            return super().fit(X, y, sample_weight)

    with pytest.raises(ValueError, match="uniform: 20 rows are too few"):
        compare(*data, Wants(), sizes=[20, 30])
    found = compare(*data, Wants(), sizes=[20, 120], n_seeds=1)
    assert [bool(r.failure) for r in found.results[:2]] == [True, False]


def test_an_estimator_without_weights_is_refused(data):
    class Unweighted(LinearRegression):
        def fit(self, X, y):
            return super().fit(X, y)

    with pytest.raises(ValueError, match=r"estimator: Unweighted takes no weights"):
        compare(*data, Unweighted(), sizes=[20])


def test_an_estimator_that_cannot_be_fitted_is_named(table):
    own = make_pipeline(OneHotEncoder(handle_unknown="ignore"), Ridge())
    own.set_params(onehotencoder__categories=[["up", "down"]])
    frame = table[["word", "a", "y"]]
    with pytest.raises(ValueError, match=r"pass features=estimator\[:-1\]"):
        compare(frame, "y", own, sizes=[20])
    found = compare(
        frame[["word", "y"]],
        "y",
        own[-1],
        features=own[:-1],
        methods=[],
        sizes=[20],
        n_seeds=1,
    )
    assert found.n_features == 2


def test_ctrl_c_keeps_what_there_is(data):
    class Stops(LeverageSelector):
        def _learn(self, rows, rng):
            raise KeyboardInterrupt

    options = {"sizes": [20, 30], "n_seeds": 1}
    methods = {"stops": Stops(), "leverage": "leverage"}
    with pytest.warns(UserWarning, match="interrupted: results are missing"):
        found = compare(*data, methods=methods, **options)
    assert found.methods == ["uniform"]
    assert not found.complete
    assert found.summary().endswith("interrupted: results are missing.")
    with pytest.raises(KeyboardInterrupt):
        compare(*data, Interrupted(), **options)


def test_ctrl_c_keeps_the_seeds_that_are_done(data):
    """They are compared with uniform rows of the same seeds."""
    learned = []

    class Stops(LeverageSelector):
        def _learn(self, rows, rng):
            learned.append(1)
            if len(learned) == 3:
                raise KeyboardInterrupt
            return super()._learn(rows, rng)

    with pytest.warns(UserWarning, match="interrupted"):
        found = compare(*data, methods=[Stops()], sizes=[20, 30], n_seeds=4)
    assert not found.complete
    (row,) = (r for r in found.rows() if (r["method"], r["size"]) == ("leverage", 30))
    assert row["note"].startswith("2 of 4 seeds")
    uniform = found.results[1].scores[:2]
    assert len(row["scores"]) == 2
    assert row["difference"] == pytest.approx(row["score"] - np.mean(uniform))


class Interrupted(LinearRegression):
    """As if Ctrl-C was pressed while all rows are fitted."""

    def fit(self, X, y, sample_weight=None):
        raise KeyboardInterrupt


def test_learning_once_chooses_the_rows_of_learning_anew(data):
    """A score selector learns once per seed and draws every size from that."""
    calls = []

    class Counts(LogisticSelector):
        def _learn(self, rows, rng):
            calls.append(rows.n_rows)
            return super()._learn(rows, rng)

    X, y = data
    options = {"sizes": [20, 60], "n_seeds": 2, "features": None}
    found = compare(X, y > 0, LogisticRegression(), methods=[Counts()], **options)
    assert len(calls) == 2
    alone = compare(
        X,
        y > 0,
        LogisticRegression(),
        methods=[LogisticSelector()],
        **{**options, "sizes": [60]},
    )
    assert found.results[-1].scores == alone.results[-1].scores
    assert found.results[-1].select_seconds > 0


def test_results_go_to_the_logger_as_they_come(data, caplog):
    with caplog.at_level(logging.INFO, logger="coreselect.comparison"):
        compare(*data, methods=["leverage"], sizes=[30], n_seeds=1)
    texts = [record.getMessage() for record in caplog.records]
    found = [text for text in texts if " rows: 0." in text]
    assert [text.split(",")[0] for text in found] == ["all rows", "uniform", "leverage"]


def test_scoring_and_columns_of_a_frame(data):
    X, y = data
    frame = pd.DataFrame(X, columns=list("abcd")).assign(y=y)
    options = {"methods": ["uniform"], "sizes": [50], "n_seeds": 1}
    by_name = compare(frame, "y", scoring="neg_mean_absolute_error", **options)
    by_array = compare(X, y, scoring="neg_mean_absolute_error", **options)
    assert by_name.full.scores == by_array.full.scores
    assert by_name.full.mean < 0
    assert by_name.score == "neg_mean_absolute_error"


def test_default_sizes_fit_the_data(data):
    X, y = data
    assert compare(X, y, methods=[], n_seeds=1).sizes == [100]
    with pytest.raises(ValueError, match=r"only 75 training rows; .* 0\.1"):
        compare(X[:100], y[:100])


def test_trees_are_compared_too(table):
    trees = HistGradientBoostingRegressor(max_iter=5)
    found = compare(table, "y", trees, methods=[], sizes=[100], n_seeds=1)
    assert found.estimator == "HistGradientBoostingRegressor"
    assert not found.results[0].failure


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"methods": ["levrage"]}, r"no method 'levrage'; .* Did you mean 'leverage'"),
        ({"methods": [3]}, r"methods must hold .* got 3"),
        ({"methods": 3}, r"methods must be a list or a dict"),
        ({"methods": {"uniform": LeverageSelector()}}, "'uniform' is taken"),
        ({"methods": {"all rows": "leverage"}}, "'all rows' is taken"),
        ({"sizes": [1000]}, r"sizes 1000: there are only 450 training rows"),
        ({"sizes": [0]}, r"sizes 0: there must be rows"),
        ({"sizes": []}, r"sizes is empty"),
        ({"sizes": ["many"]}, r"sizes must be a number, got 'many'"),
        ({"n_seeds": 0}, r"n_seeds must be at least 1"),
        ({"test_size": 1.0}, r"test_size must be above 0 and below 1"),
        ({"random_state": -1}, r"random_state must not be negative"),
        ({"cv": 1}, "cv"),
        ({"scoring": "best"}, "scoring"),
        ({"features": "raw"}, "features must be"),
        ({"features": ["a"]}, "features"),
        ({"features": TableFeatures}, "features must be"),
        ({"estimator": Ridge}, "estimator must be a scikit-learn estimator"),
    ],
)
def test_wrong_arguments(data, arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        compare(*data, **arguments)


def test_a_wrong_target():
    X = np.random.default_rng(0).normal(size=(10, 2))
    with pytest.raises(ValueError, match="y"):
        compare(X, None)
    with pytest.raises(ValueError, match="y holds text"):
        compare(X, ["a", "b"] * 5, LinearRegression())
    with pytest.raises(ValueError, match="y is 'a' in every row"):
        compare(X, ["a"] * 10)
    with pytest.raises(ValueError, match="y has 10 different values in 10 rows"):
        compare(X, list("abcdefghij"))
    with pytest.raises(ValueError, match=r"y has 3 rows; .* at least 4"):
        compare(X[:3], [0.5, 1.5, 2.5])

"""Which estimators count a row of weight w as w rows: measured, not remembered.

Integer weights and repeated rows are the same data. An estimator that finds something
else with the one than with the other misreads weights.
"""

import logging
import warnings

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose
from sklearn.base import clone, is_classifier
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    HistGradientBoostingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import (
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDRegressor,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils import all_estimators, get_tags
from sklearn.utils.fixes import parse_version
from sklearn.utils.validation import has_fit_parameter

from coreselect import AutoCoreset, Selection
from coreselect._misread import COUNT_ROWS, INDIFFERENT, PER_STEP, settle
from coreselect.estimators import MisreadWeightsWarning, fit_on_selection

# Of the largest output: solvers end within 2e-5 of each other (the MLP, the rest below
# 1e-7), and the estimators that misread weights are 9e-3 and more apart.
_DIFFERS = 1e-3

# Read weights since that version of scikit-learn.
_SINCE = {"BayesianRidge": "1.7", "KBinsDiscretizer": "1.7"}

# Settings under which a fit depends on its rows alone, solved to the end.
_EXACT = {"tol": 1e-8, "max_iter": 100_000}
_MLP = {"solver": "lbfgs", "hidden_layer_sizes": (3,), "tol": 1e-9}
_TREES = [
    f"{kind}{what}"
    for kind in ("DecisionTree", "ExtraTree", "ExtraTrees")
    for what in ("Classifier", "Regressor")
]
_SETTINGS = {
    "KMeans": {"n_clusters": 1},
    "BisectingKMeans": {"n_clusters": 2, "n_init": 10},
    "IsolationForest": {"max_samples": 32},
    **dict.fromkeys(("HuberRegressor", "LinearSVC", "LinearSVR", "SVC", "SVR"), _EXACT),
    **dict.fromkeys(("NuSVC", "NuSVR", "OneClassSVM", "LogisticRegression"), _EXACT),
    **dict.fromkeys(("MLPClassifier", "MLPRegressor"), _MLP),
    "HistGradientBoostingClassifier": {"max_iter": 10},
    "HistGradientBoostingRegressor": {"max_iter": 10},
    "SGDRegressor": {"alpha": 1.0},
    **{key: {"max_depth": 2} for key in _TREES},  # below, splits tie
}


def _data():
    rng = np.random.default_rng(0)
    X = np.abs(rng.standard_normal((60, 3)))
    noise = rng.standard_normal(60)
    y = np.exp((X @ [1.0, 2.0, -1.0] + noise / 2) / 3)
    classes = np.where(X[:, 0] + noise / 2 > 1, "yes", "no")
    # Weights that go with the target: who misreads them finds something else.
    return X, y, classes, np.where(X[:, 0] + noise > 1, 4, 1)


def _instances(kind=None):
    """Yield an instance of every estimator that can be made and takes weights."""
    for name, cls in all_estimators(type_filter=kind):
        parameters = {"estimator": LogisticRegression()}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about classes that will be removed
                made = cls(**_SETTINGS.get(name, {}))
        except TypeError:
            if "Output" in name or name in ("FrozenEstimator", "SparseCoder"):
                continue
            try:
                made = cls(**parameters)
            except TypeError:
                continue
        if "random_state" in made.get_params(deep=False):
            made.set_params(random_state=0)
        yield name, made


def _answer(model, X):
    for name in ("decision_function", "predict_proba", "score_samples", "transform"):
        if hasattr(model, name):
            answer = getattr(model, name)(X)
            break
    else:
        if not hasattr(model, "predict"):
            return model.labels_
        answer = model.predict(X)
    answer = answer.toarray() if hasattr(answer, "toarray") else answer
    return np.asarray(answer, dtype=np.float64)


def _differ(weighted, repeated):
    if weighted.shape != repeated.shape:
        return True
    gap = np.abs(weighted - repeated).max(initial=0.0)
    return bool(gap > _DIFFERS * np.abs(repeated).max(initial=0.0))


def _quiet_fit(model, *data, **keywords):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(*data, **keywords)


def _reads(model, misread=lambda model, w: (model, w)):
    """Whether integer weights and repeated rows give the same answers."""
    X, numbers, classes, w = _data()
    y = classes if is_classifier(model) else numbers
    if type(model).__name__ == "IsotonicRegression":
        X = X[:, :1]
    repeated = _quiet_fit(clone(model), np.repeat(X, w, axis=0), np.repeat(y, w))
    weighted, weights = misread(clone(model), w.astype(float))
    _quiet_fit(weighted, X, y, sample_weight=weights)
    return not _differ(_answer(weighted, X), _answer(repeated, X))


@pytest.mark.slow
def test_the_tables_are_what_scikit_learn_does():
    """Every estimator that takes weights reads them, or is in a table; and no other."""
    found, weighed = set(), set()
    for name, model in _instances():
        by_folds = "cv" in model.get_params(deep=False)  # folds are of rows
        if by_folds or not has_fit_parameter(model, "sample_weight"):
            continue
        if name in ("DBSCAN", "MultiTaskElasticNet", "MultiTaskLasso"):
            continue  # labels of rows; several targets
        if parse_version(sklearn.__version__) < parse_version(_SINCE.get(name, "0")):
            continue
        weighed.add(name)
        if not _reads(model):
            found.add(name)
    assert found == (PER_STEP | set(COUNT_ROWS)) & weighed


def test_the_table_of_transformers_is_what_scikit_learn_does():
    """A warning for the transformers without weights that copies of rows change."""
    X, _, _, w = _data()
    X[::7] = 0.5  # some values come twice
    changed, unchanged = set(), set()
    for name, model in _instances("transformer"):
        tags = get_tags(model)
        if not tags.requires_fit or tags.target_tags.required:
            continue
        if has_fit_parameter(model, "sample_weight"):
            continue
        try:
            few = _answer(_quiet_fit(clone(model), X), X)
            many = _answer(_quiet_fit(clone(model), np.repeat(X, w, axis=0)), X)
        except (AttributeError, TypeError, ValueError):  # for other data
            continue
        (changed if _differ(few, many) else unchanged).add(name)
    # That change with weights on other data: missing values, zeros, ties of columns.
    others = {"FeatureAgglomeration", "KNNImputer", "SimpleImputer", "TfidfTransformer"}
    assert not changed & INDIFFERENT
    assert unchanged - others - {"VarianceThreshold"} <= INDIFFERENT
    assert {"PCA", "RobustScaler", "QuantileTransformer"} <= changed


def _one_target(model):
    return TransformedTargetRegressor(model)


def _last(model):
    while not hasattr(model, "coef_"):
        model = model[-1] if hasattr(model, "steps") else model.regressor_
    return model


def _balanced():
    for name, model in _instances("classifier"):
        by_folds = "cv" in model.get_params(deep=False)
        takes = has_fit_parameter(model, "sample_weight") and not by_folds
        if takes and hasattr(model, "class_weight") and name not in PER_STEP:
            yield name, model.set_params(class_weight="balanced")


def test_balanced_classes_count_weights():
    """With the factors of all rows, integer weights are repeated rows again."""
    _, _, classes, w = _data()
    misread = set()
    for name, model in _balanced():
        settled, _ = settle(model, ["sample_weight"], w * 1.0, classes, w, stacklevel=2)
        factors = settled.class_weight
        totals = {label: w[classes == label].sum() for label in factors}
        assert_allclose([factors[c] * totals[c] for c in ("no", "yes")], w.sum() / 2)
        if name in COUNT_ROWS:
            continue
        if not _reads(model):
            misread.add(name)
        assert _reads(model, lambda m, w, f=factors: (m.set_params(class_weight=f), w))
    assert "RidgeClassifier" in misread  # that there is something to mend


def test_balanced_classes_inside_a_pipeline_and_a_search():
    X, _, classes, w = _data()
    inner = RidgeClassifier(class_weight="balanced")
    wholes = np.repeat(X, w, axis=0), np.repeat(classes, w)
    wanted = make_pipeline(StandardScaler(), inner).fit(*wholes).decision_function(X)
    selection = Selection(np.arange(60), w, 60)
    searched = GridSearchCV(inner, {"alpha": [1.0]}, cv=2)
    for last in (inner, searched):
        model = make_pipeline(StandardScaler(), last)
        got = fit_on_selection(model, selection, X, classes, w)
        assert_allclose(got.decision_function(X), wanted)
    assert inner.class_weight == "balanced"  # of the user's, nothing is changed


def test_balanced_classes_inside_a_vote_are_warned_about():
    X, _, classes, w = _data()
    selection = Selection(np.arange(60), w, 60)
    vote = VotingClassifier([("a", LogisticRegression(class_weight="balanced"))])
    with pytest.warns(MisreadWeightsWarning, match="a__class_weight.*resample"):
        fit_on_selection(vote, selection, X, classes)


def test_ignored_weights_leave_balanced_classes_to_the_estimator():
    X, _, classes, w = _data()
    model = RidgeClassifier(class_weight="balanced")
    selection = Selection(np.arange(60), w, 60)
    got = fit_on_selection(model, selection, X, classes, weights="ignore")
    assert_allclose(got.coef_, model.fit(X, classes).coef_)


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: make_pipeline(m), _one_target])
def test_a_step_per_row_gets_weights_of_mean_one(wrap):
    """Its minimum is that of ridge on all rows, as with the copies (the twin is not).

    SGD minimises ``sum(w (y - xb)^2) / (2 n) + alpha b^2 / 2``, ridge with a penalty
    ``alpha n`` the same with the copies; averaged steps end within some percent of it,
    and raw weights (mean 2.4 here) shrink 2.4 times less.
    """
    X, y, _, w = _data()
    sgd = SGDRegressor(
        alpha=0.5, fit_intercept=False, average=True, max_iter=3000, tol=None,
        eta0=0.003, learning_rate="constant", random_state=0,
    )  # fmt: skip
    wanted = Ridge(0.5 * w.sum(), fit_intercept=False).fit(X, y, w).coef_
    got = fit_on_selection(wrap(sgd), Selection(np.arange(60), w, 60), X, y)
    raw = clone(sgd).fit(X, y, sample_weight=w)
    assert_allclose(_last(got).coef_, wanted, rtol=0.02)
    assert np.abs(raw.coef_ / wanted - 1).max() > 0.1


def test_a_vote_of_both_kinds_is_warned_about():
    X, y, _, w = _data()
    vote = VotingRegressor([("sgd", SGDRegressor(random_state=0)), ("ridge", Ridge())])
    with pytest.warns(MisreadWeightsWarning, match="SGDRegressor in VotingRegressor"):
        fit_on_selection(vote, Selection(np.arange(60), w, 60), X, y)


def _steps():
    columns = ColumnTransformer(
        [("few", RobustScaler(), [0]), ("as", "passthrough", [1])]
    )
    return make_pipeline(
        MinMaxScaler(),
        FunctionTransformer(),
        StandardScaler(),
        columns,
        PCA(1),
        Ridge(),
    )


def test_steps_without_weights_are_named_once():
    X, y, _, w = _data()
    with pytest.warns(MisreadWeightsWarning) as caught:
        fit_on_selection(_steps(), Selection(np.arange(60), w, 60), X, y)
    (message,) = [str(warning.message) for warning in caught]
    assert "RobustScaler" in message
    assert "PCA" in message
    assert "weights='resample'" in message
    assert "MinMax" not in message
    assert "Function" not in message
    assert "Standard" not in message
    assert caught[0].filename == __file__


@pytest.mark.parametrize("weights", ["auto", "resample"])
def test_equal_weights_and_copies_are_read_by_every_step(weights):
    X, y, _, w = _data()
    w = np.full(60, 2) if weights == "auto" else w
    selection = Selection(np.arange(60), w, 60)
    model = fit_on_selection(_steps(), selection, X, y, weights=weights)
    scaled = model["standardscaler"]
    if weights == "auto":
        wanted = _steps().fit(np.repeat(X, 2, axis=0), np.repeat(y, 2))
        np.testing.assert_allclose(model.predict(X), wanted.predict(X), rtol=1e-9)
    else:  # copies, which count as rows: as many as there are rows
        assert scaled.n_samples_seen_ == 60
        assert not np.allclose(scaled.mean_, _steps().fit(X, y)["standardscaler"].mean_)


def test_auto_coreset_reads_the_same_tables():
    """Balanced classes get factors, steps are named, weights of SGD have mean one."""
    X, y, classes, w = _data()
    few = {"n_select": 20, "n_init": 2, "max_queries": 4, "random_state": 0}
    balanced = LogisticRegression(class_weight="balanced")
    counted = LogisticRegression(
        class_weight=settle(
            balanced, ["sample_weight"], w * 1.0, classes, w * 1.0, stacklevel=2
        )[0].class_weight
    )
    a, b = (AutoCoreset(m, **few).fit(X, classes, w) for m in (balanced, counted))
    assert a.selection_ == b.selection_
    with pytest.warns(MisreadWeightsWarning, match="PCA"):
        AutoCoreset(make_pipeline(PCA(2), Ridge()), **few).fit(X, y, w)
    seen = []

    class Spy(SGDRegressor):
        def fit(self, X, y, sample_weight=None):
            seen.append(np.mean(sample_weight))
            return super().fit(X, y, sample_weight=sample_weight)

    loss = lambda model, X, y: (model.predict(X) - y) ** 2  # noqa: E731
    AutoCoreset(Spy(), loss=loss, **few).fit(X, y, w)
    assert_allclose(seen, 1.0)


def test_what_counts_rows_is_logged(caplog):
    X, y, _, w = _data()
    with caplog.at_level(logging.INFO, logger="coreselect"):
        model = HistGradientBoostingRegressor(max_iter=2)
        fit_on_selection(model, Selection(np.arange(60), w, 60), X, y)
    assert "HistGradientBoostingRegressor counts the bins" in caplog.text

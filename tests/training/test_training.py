"""Training in rounds: what the estimator sees, history, resuming, bad input."""

import pickle
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, SGDClassifier, SGDRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.utils.estimator_checks import check_estimator

from coreselect import RS2, RepeatedSubsetTrainer, schedule_length

X, Y = load_digits(return_X_y=True)
X = X / 16.0


class Recorder(BaseEstimator):
    """Keep the first column of every batch; the score is what it is told."""

    def __init__(self, scores=(), fail_at=None):
        self.scores = scores
        self.fail_at = fail_at

    def fit(self, X, y=None):
        return self

    def partial_fit(self, X, y=None):
        if not hasattr(self, "batches_"):
            self.batches_ = []
        if len(self.batches_) == self.fail_at:
            self.fail_at = None
            raise KeyboardInterrupt
        self.batches_.append(np.asarray(X)[:, 0].astype(int).tolist())
        return self

    def score(self, X, y=None):
        self.scored_ = np.asarray(X)[:, 0].astype(int).tolist()
        self.n_scored_ = getattr(self, "n_scored_", 0) + 1
        return self.scores[self.n_scored_ - 1]


NUMBERS = np.arange(50.0)[:, None]


def trainer(estimator, n_select=0.2, *, n_rounds=5, batch_size=4, **parameters):
    sampler = RS2(n_select, random_state=0)
    return RepeatedSubsetTrainer(
        estimator, sampler, n_rounds=n_rounds, batch_size=batch_size, **parameters
    )


# --- What is seen ---------------------------------------------------------------------


def test_the_estimator_sees_the_rounds_batch_by_batch():
    fitted = trainer(Recorder()).fit(NUMBERS)
    sizes = [len(batch) for batch in fitted.estimator_.batches_]
    assert sizes == [4, 4, 2] * 5
    rounds = RS2(0.2, random_state=0).fit(NUMBERS).rounds(5)
    seen = np.concatenate(fitted.estimator_.batches_)
    assert_array_equal(seen, np.concatenate(list(rounds)))
    assert_array_equal(np.sort(seen), np.arange(50))


def test_a_batch_larger_than_the_round_is_the_round():
    fitted = trainer(Recorder(), batch_size=1000).fit(NUMBERS)
    assert [len(batch) for batch in fitted.estimator_.batches_] == [10] * 5


def test_history():
    fitted = trainer(
        Recorder(scores=[0.1, 0.2, 0.3]), n_rounds=3, validation_fraction=0.2
    ).fit(NUMBERS)
    history = fitted.history_
    assert [set(entry) for entry in history] == [
        {"round", "n_seen", "seconds", "score"}
    ] * 3
    assert [entry["round"] for entry in history] == [0, 1, 2]
    assert [entry["n_seen"] for entry in history] == [8, 16, 24]
    assert [entry["score"] for entry in history] == [0.1, 0.2, 0.3]
    seconds = [entry["seconds"] for entry in history]
    assert 0 < seconds[0] < seconds[1] < seconds[2]
    assert trainer(Recorder()).fit(NUMBERS).history_[0]["score"] is None


def test_seconds_include_the_rounds():
    class Slow(RS2):
        def round(self, t):
            time.sleep(0.02)
            return super().round(t)

    fitted = RepeatedSubsetTrainer(Recorder(), Slow(10), n_rounds=3, batch_size=4)
    seconds = [entry["seconds"] for entry in fitted.fit(NUMBERS).history_]
    assert (np.diff(seconds) >= 0.02).all()


def test_rows_held_out_are_never_trained_on():
    fitted = trainer(
        Recorder(scores=[0] * 10), n_rounds=10, validation_fraction=0.3
    ).fit(NUMBERS)
    seen = set(np.concatenate(fitted.estimator_.batches_).tolist())
    held_out = set(fitted.estimator_.scored_)
    assert (len(seen), len(held_out)) == (35, 15)
    assert not seen & held_out


def test_rows_held_out_keep_the_shares_of_the_classes():
    y = np.repeat([0, 1], [160, 40])
    fitted = trainer(GaussianNB(), validation_fraction=0.1).fit(
        np.random.default_rng(0).normal(size=(200, 2)), y
    )
    held_out = fitted._split(y, fitted._n_rows, fitted._split_seed)[1]
    assert_array_equal(np.bincount(y[held_out]), [16, 4])


def test_rows_held_out_follow_from_the_seed_of_the_sampler():
    def held_out(seed):
        model = trainer(Recorder(scores=[0]), n_rounds=1, validation_fraction=0.3)
        return model.set_params(sampler__random_state=seed).fit(NUMBERS).estimator_

    assert held_out(1).scored_ == held_out(1).scored_ != held_out(2).scored_


def test_training_stops_at_the_target():
    scores = [0.1, 0.5, 0.9, 0.95]
    stopping = trainer(
        Recorder(scores=scores), validation_fraction=0.2, target_score=0.5
    ).fit(NUMBERS)
    assert [entry["score"] for entry in stopping.history_] == [0.1, 0.5]
    again = stopping.fit(NUMBERS, resume=True)
    assert len(again.history_) == 2
    assert (
        len(again.set_params(target_score=0.9).fit(NUMBERS, resume=True).history_) == 3
    )


@pytest.mark.parametrize(
    ("estimator", "least"),
    [
        (SGDClassifier(random_state=0), 0.85),
        (MLPClassifier((32,), learning_rate_init=0.01, random_state=0), 0.8),
        (MultinomialNB(), 0.85),
    ],
    ids=lambda v: type(v).__name__,
)
def test_classifiers_learn(estimator, least):
    fitted = trainer(estimator, 0.1, n_rounds=20, batch_size=32).fit(X, Y)
    assert fitted.score(X, Y) > least
    assert_array_equal(fitted.classes_, np.arange(10))
    assert_array_equal(fitted.predict(X[:5]), fitted.estimator_.predict(X[:5]))


def test_a_clusterer_and_a_regressor_learn():
    clusters = trainer(MiniBatchKMeans(3, random_state=0), batch_size=20).fit(X)
    assert set(clusters.predict(X)) == {0, 1, 2}
    assert clusters.transform(X[:2]).shape == (2, 3)
    y = X @ np.linspace(-1, 1, X.shape[1])
    line = trainer(SGDRegressor(random_state=0), 0.1, n_rounds=30, batch_size=32)
    assert line.fit(X, y).score(X, y) > 0.8


def test_classes_that_the_first_batch_lacks_are_known():
    y = np.repeat(["a", "b"], [49, 1])
    fitted = trainer(GaussianNB(), 5, n_rounds=10, batch_size=5)
    assert list(fitted.fit(NUMBERS, y).classes_) == ["a", "b"]


@pytest.mark.parametrize("held_out", [0.0, 0.25])
@pytest.mark.parametrize(
    ("estimator", "names"),
    [
        (MultiOutputClassifier(GaussianNB()), None),
        (MultiOutputClassifier(GaussianNB()), (list("ab"), list("xy"))),
        (MLPClassifier((8,), learning_rate_init=0.05, random_state=0), None),
    ],
)
def test_several_outputs_have_classes_of_their_own(estimator, names, held_out):
    X = np.random.default_rng(0).standard_normal((200, 3))
    y = (X[:, :2] > 0).astype(int)
    if names is not None:
        y = np.column_stack([np.array(c)[y[:, j]] for j, c in enumerate(names)])
    trainer = RepeatedSubsetTrainer(
        estimator,
        RS2(0.25, random_state=0),
        n_rounds=12,
        batch_size=25,
        validation_fraction=held_out,
    )
    for targets in (y, pd.DataFrame(y)):
        trainer.fit(X, targets)
        assert trainer.score(X, y) > 0.8
    if names is not None:
        for j, classes in enumerate(names):
            assert trainer.estimator_.estimators_[j].classes_.tolist() == classes


def test_one_column_is_one_output():
    y = np.repeat([["a"], ["b"]], 25, axis=0)
    fitted = trainer(MultiOutputClassifier(GaussianNB()), 5, n_rounds=3, batch_size=5)
    assert fitted.fit(NUMBERS, y).predict(NUMBERS).shape == (50, 1)


def test_one_against_rest_takes_classes_but_not_several_outputs():
    X = np.random.default_rng(0).standard_normal((200, 3))
    labels = np.array(list("abc"))[(X[:, :2] > 0).sum(axis=1)]
    inner = OneVsRestClassifier(SGDClassifier(random_state=0))
    options = {"n_rounds": 8, "batch_size": 25}
    trainer = RepeatedSubsetTrainer(inner, RS2(0.25, random_state=0), **options)
    assert trainer.fit(X, labels).score(X, labels) > 0.6
    with pytest.raises(ValueError, match=r"several outputs.*MultiOutputClassifier"):
        trainer.fit(X, (X > 0).astype(int))


@pytest.mark.parametrize(
    ("estimator", "y", "words"),
    [
        (SGDClassifier(), np.zeros(40, dtype=int), "all values of y are .*0"),
        (SGDClassifier(), np.ones((40, 2), dtype=int), "y has 2 columns; MultiOutput"),
        (SGDRegressor(), np.ones((40, 3)), "y has 3 columns; MultiOutput"),
        (GaussianNB(), np.eye(40)[:, :2], "y has 2 columns; MultiOutput"),
    ],
)
def test_targets_that_the_estimator_refuses_are_described(estimator, y, words):
    X = np.random.default_rng(0).standard_normal((40, 3))
    trainer = RepeatedSubsetTrainer(estimator, RS2(20), n_rounds=1, batch_size=10)
    with pytest.raises(ValueError, match=rf"{type(estimator).__name__}: .*\({words}"):
        trainer.fit(X, y)


def test_one_class_is_learned_where_the_estimator_takes_it():
    X = np.random.default_rng(0).standard_normal((40, 3))
    trainer = RepeatedSubsetTrainer(GaussianNB(), RS2(20), n_rounds=1, batch_size=10)
    assert set(trainer.fit(X, np.full(40, 7)).predict(X)) == {7}


@pytest.mark.parametrize("X", [None, 5])
def test_rows_that_are_none(X):
    trainer = RepeatedSubsetTrainer(GaussianNB(), RS2(5), n_rounds=1, batch_size=5)
    with pytest.raises(ValueError, match="X must hold rows"):
        trainer.fit(X, [0, 1])


def test_classes_in_place_of_objects():
    for parts, name in (
        ((GaussianNB, RS2(5)), "estimator"),
        ((GaussianNB(), RS2), "sa"),
    ):
        trainer = RepeatedSubsetTrainer(*parts, n_rounds=1, batch_size=5)
        with pytest.raises(TypeError, match=f"^{name}.*must be an object"):
            trainer.fit(np.eye(9), np.arange(9) % 2)


def test_frames_sparse_rows_and_lists():
    wanted = trainer(MultinomialNB(), batch_size=64).fit(X, Y)
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    from_frame = clone(wanted).fit(frame, pd.Series(Y))
    assert list(from_frame.feature_names_in_) == list(frame.columns)
    assert_allclose(from_frame.predict_proba(frame), wanted.predict_proba(X))
    for data in (sparse.csr_array(X), X.tolist()):
        other = clone(wanted).fit(data, Y.tolist())
        assert_allclose(other.predict_proba(X), wanted.predict_proba(X))
    assert wanted.n_features_in_ == 64


def test_a_grid_search():
    model = trainer(SGDClassifier(random_state=0), batch_size=64, n_rounds=2)
    grid = {"sampler__n_select": [0.02, 0.5], "estimator__alpha": [1e-4]}
    search = GridSearchCV(model, grid, cv=3).fit(X, Y)
    assert search.best_params_["sampler__n_select"] == 0.5


# --- Going on -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    [
        SGDClassifier(random_state=0),
        MLPClassifier((8,), random_state=0),
    ],
    ids=lambda v: type(v).__name__,
)
@pytest.mark.parametrize("through_pickle", [False, True])
def test_more_rounds_later_are_as_good_as_at_once(estimator, through_pickle):
    parameters = {"batch_size": 32, "validation_fraction": 0.2}
    whole = trainer(estimator, n_rounds=6, **parameters).fit(X, Y)
    part = trainer(estimator, n_rounds=2, **parameters).fit(X, Y)
    if through_pickle:
        part = pickle.loads(pickle.dumps(part))
    part.set_params(n_rounds=6).fit(X, Y, resume=True)
    weights = "coefs_" if hasattr(whole.estimator_, "coefs_") else "coef_"
    ours, theirs = (getattr(m.estimator_, weights) for m in (part, whole))
    for one, other in zip(ours, theirs, strict=True):
        assert_array_equal(one, other)
    assert [e["score"] for e in part.history_] == [e["score"] for e in whole.history_]
    assert [e["n_seen"] for e in part.history_] == [e["n_seen"] for e in whole.history_]


@pytest.mark.parametrize("fail_at", [0, 1, 4, 14])
def test_an_interrupted_round_goes_on_at_the_batch(fail_at):
    whole = trainer(Recorder()).fit(NUMBERS)
    broken = trainer(Recorder(fail_at=fail_at))
    with pytest.raises(KeyboardInterrupt):
        broken.fit(NUMBERS)
    assert len(broken.history_) == fail_at // 3
    broken = pickle.loads(pickle.dumps(broken)).fit(NUMBERS, resume=True)
    assert broken.estimator_.batches_ == whole.estimator_.batches_
    assert [e["n_seen"] for e in broken.history_] == [10, 20, 30, 40, 50]


def test_without_resume_training_begins_anew():
    fitted = trainer(Recorder()).fit(NUMBERS)
    first = fitted.estimator_.batches_
    assert fitted.fit(NUMBERS).estimator_.batches_ == first
    assert len(fitted.history_) == 5
    assert trainer(Recorder()).fit(NUMBERS, resume=True).estimator_.batches_ == first


def test_resuming_with_other_data():
    fitted = trainer(Recorder()).fit(NUMBERS)
    with pytest.raises(ValueError, match="X has 49 rows, but training began with 50"):
        fitted.fit(NUMBERS[1:], resume=True)
    with pytest.raises(ValueError, match="y has 60 rows, but training began with 50"):
        fitted.set_params(n_rounds=6).fit(NUMBERS, np.zeros(60), resume=True)


def test_resuming_with_other_rows_held_out():
    fitted = trainer(Recorder(), n_rounds=2).fit(NUMBERS)
    fitted.set_params(n_rounds=3, validation_fraction=0.2)
    message = "validation_fraction is 0.2, but training began with 0.0.*resume=False"
    with pytest.raises(ValueError, match=message):
        fitted.fit(NUMBERS, resume=True)
    fitted.set_params(validation_fraction=0).fit(NUMBERS, resume=True)
    assert len(fitted.history_) == 3


def test_resuming_keeps_estimator_and_sampler_as_they_were():
    whole = trainer(Recorder(), n_rounds=4).fit(NUMBERS)
    fitted = trainer(Recorder(), n_rounds=2).fit(NUMBERS)
    fitted.set_params(n_rounds=4, sampler__n_select=0.5, estimator__fail_at=7)
    fitted.fit(NUMBERS, resume=True)
    assert fitted.estimator_.batches_ == whole.estimator_.batches_


def test_a_beginning_that_fails_leaves_the_last_training():
    whole = trainer(Recorder(), n_rounds=6).fit(NUMBERS)
    fitted = trainer(Recorder(), n_rounds=3).fit(NUMBERS)
    with pytest.raises(ValueError, match="y has 7 values for 50 rows"):
        fitted.fit(NUMBERS, np.zeros(7))
    with pytest.raises(ValueError, match="makes empty rounds"):
        fitted.set_params(sampler__n_select=0).fit(NUMBERS[:30])
    fitted.set_params(n_rounds=6).fit(NUMBERS, resume=True)
    assert fitted.estimator_.batches_ == whole.estimator_.batches_
    assert [e["n_seen"] for e in fitted.history_] == [10, 20, 30, 40, 50, 60]


# --- Callbacks ------------------------------------------------------------------------


def test_callbacks_hear_of_every_round_and_may_stop():
    pytest.importorskip("sklearn.callback")

    class Stop:
        """Count rounds; stop at the third."""

        def __init__(self):
            self.ends = 0

        def setup(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "round":
                self.ends += 1
                fitted_estimator.predict(X[:1])
            return self.ends == 3

        def teardown(self, estimator, context):
            pass

    model = trainer(MultinomialNB(), n_rounds=9)
    stop = Stop()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.set_callbacks(stop).fit(X, Y)
    assert len(model.history_) == stop.ends == 3


# --- scikit-learn ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator",
    [
        SGDClassifier(random_state=0),
        SGDRegressor(random_state=0),
        GaussianNB(),
        MiniBatchKMeans(3, n_init=1, random_state=0),
    ],
    ids=lambda v: type(v).__name__,
)
def test_scikit_learn_checks(estimator):
    model = trainer(estimator, 0.9, n_rounds=20, batch_size=20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # raised inside the checks, about themselves
        results = check_estimator(model, on_skip=None, on_fail=None)
    failed = {
        r["check_name"]: r["exception"] for r in results if r["status"] == "failed"
    }
    assert failed == {}
    assert sum(r["status"] == "passed" for r in results) >= 40


# --- Schedules ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "steps"),
    [
        ((50_000, 0.1, 200, 128), 200 * 40),  # 39.06 batches
        ((50_000, 0.1, 200, 128, True), 200 * 39),
        ((50_000, 1.0, 200, 128), 200 * 391),
        ((100, 32, 3, 32), 3),
        ((100, 32, 3, 33), 3),  # one batch that is not full
        ((100, 500, 1, 10), 10),
    ],
)
def test_schedule_length(arguments, steps):
    assert schedule_length(*arguments) == steps


def test_schedule_length_counts_the_batches_of_the_trainer():
    fitted = trainer(Recorder(), 0.3, n_rounds=7, batch_size=4).fit(NUMBERS)
    assert len(fitted.estimator_.batches_) == schedule_length(50, 0.3, 7, 4)


def test_drop_last_that_leaves_nothing():
    message = "drop_last=True leaves nothing: a round has 10 rows.*batch_size=32"
    with pytest.raises(ValueError, match=message):
        schedule_length(100, 0.1, 5, 32, drop_last=True)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((0, 0.1, 5, 32), "n must"),
        ((100, 0.0, 5, 32), "n_select must"),
        ((100, 1.1, 5, 32), "n_select must"),
        ((100, 0.001, 5, 32), "n_select=0.001 of n=100"),
        ((100, 0.1, 0, 32), "rounds must"),
        ((100, 0.1, 5, 0), "batch_size must"),
        ((100, 0.1, 5, 8, "no"), "drop_last must"),
    ],
)
def test_schedules_of_nothing(arguments, name):
    with pytest.raises((TypeError, ValueError), match=name):
        schedule_length(*arguments)


# --- Bad input ------------------------------------------------------------------------


def test_an_estimator_without_partial_fit_is_named():
    with pytest.raises(TypeError, match="LogisticRegression has no partial_fit"):
        trainer(LogisticRegression()).fit(X, Y)


def test_a_sampler_without_rounds():
    model = RepeatedSubsetTrainer(GaussianNB(), GaussianNB(), n_rounds=1, batch_size=1)
    with pytest.raises(TypeError, match="sampler must have fit and round"):
        model.fit(X, Y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_rounds": 0}, "n_rounds must be at least 1"),
        ({"n_rounds": 2.5}, "n_rounds must be an int"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"validation_fraction": -0.1}, "validation_fraction must be at least 0"),
        ({"validation_fraction": 1.0}, "validation_fraction must be below 1"),
        ({"target_score": 0.9}, "target_score=0.9 needs rows to score"),
        ({"target_score": "high", "validation_fraction": 0.1}, "target_score must be"),
    ],
)
def test_parameters_out_of_range(parameters, message):
    model = trainer(GaussianNB()).set_params(**parameters)
    with pytest.raises((TypeError, ValueError), match=message):
        model.fit(X, Y)


def test_rounds_without_a_row():
    with pytest.raises(ValueError, match="makes empty rounds"):
        trainer(GaussianNB(), 0.0001).fit(X, Y)


def test_missing_targets():
    with pytest.raises(ValueError, match="GaussianNB requires y to be passed"):
        trainer(GaussianNB()).fit(X)


def test_before_fit():
    with pytest.raises(ValueError, match="not fitted yet"):
        trainer(GaussianNB()).predict(X)
    assert not hasattr(trainer(GaussianNB()), "decision_function")

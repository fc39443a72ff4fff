"""The paper's combination: totals, rows, weights, and imbalanced-learn's two steps."""

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE as TheirSMOTE
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler as TheirUnderSampler
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

import coreselect
from coreselect import SMOTE, SMOTENC, SmoteUndersample
from coreselect.imbalance import OverSampler


@pytest.fixture
def rows():
    """The paper's example: 50 minority rows, 200 majority rows, in mixed order."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat(["rare", "usual"], [50, 200]))
    return rng.standard_normal((250, 3)), y


def totals(over, under, rows):
    y = SmoteUndersample(over, under, random_state=0).fit_resample(*rows)[1]
    return (y == "rare").sum(), (y == "usual").sum()


def test_the_example_of_the_paper(rows):
    """Under-sampled at 200 %, 25 majority rows are left for 50 minority rows."""
    assert totals(0, 200, rows) == (50, 25)


@pytest.mark.parametrize(
    ("over", "under", "wanted"),
    [
        (200, 100, (150, 50)),
        (500, 50, (300, 100)),
        (50, 10, (75, 200)),  # 500 wanted: all are kept
        (1, 300, (51, 17)),  # half a row rounds up; 16.7 rows
        (0, 25, (50, 200)),
        (0, 20_000, (50, 1)),  # a quarter of a row: no class goes
    ],
)
def test_totals(rows, over, under, wanted):
    assert totals(over, under, rows) == wanted


def test_amounts_of_new_rows_are_allotted_evenly(rows):
    """200 %: two for every row; 50 %: one for half of them."""
    made = SmoteUndersample(200, 100, random_state=0).fit_select(*rows)
    assert_array_equal(np.unique(made.base, return_counts=True)[1], np.full(50, 2))
    made = SmoteUndersample(50, 100, random_state=0).fit_select(*rows)
    assert len(np.unique(made.base)) == made.n_new == 25


def test_new_rows_are_those_of_smote_alone(rows):
    X, y = rows
    X_both, y_both = SmoteUndersample(200, 400, random_state=7).fit_resample(X, y)
    smote = SMOTE(sampling_strategy={"rare": 150}, random_state=7)
    assert_array_equal(X_both[-100:], smote.fit_resample(X, y)[0][-100:])
    assert (y_both[-100:] == "rare").all()


def test_degrees_are_nested_and_every_amount_keeps_the_same_rows(rows):
    def kept(over, under):
        sampler = SmoteUndersample(over, under, random_state=3)
        return set(sampler.fit_select(*rows).indices.tolist())

    degrees = [kept(100, under) for under in (30, 50, 100, 400)]
    assert degrees[0] > degrees[1] > degrees[2] > degrees[3]
    assert kept(500, 100) == degrees[2]
    assert kept(0, 100) == degrees[2]


def test_kept_rows_are_uniform():
    """Counts over 500 seeds; the first rows of the class fail the same test."""
    X, y = np.arange(60.0)[:, None] ** 1.5, np.arange(60) % 6 == 0
    sampler = SmoteUndersample(100, 50)
    counts, repeats = np.zeros(60), 500
    for seed in range(repeats):
        sampler.random_state = seed
        counts[sampler.fit_select(X, y).indices] += 1
    assert (counts[y] == repeats).all()
    p = 20 / 50
    error = np.sqrt(repeats * p * (1 - p))
    assert (abs(counts[~y] - repeats * p) < 4.5 * error).all()
    first = np.where(np.cumsum(~y) <= 20, repeats, 0)[~y]
    assert not (abs(first - repeats * p) < 4.5 * error).all()


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize("amounts", [(100, 50), (200, 100), (0, 200), (300, 10)])
def test_protocol_imblearn_is_smote_then_under_sampling(rows, seed, amounts):
    X, y = rows
    over, under = amounts
    given = X, y
    if over:
        wanted = {"rare": 50 + over // 2}
        given = TheirSMOTE(sampling_strategy=wanted, random_state=seed).fit_resample(
            *given
        )
    wanted = {"usual": min(200, 5000 // under)}
    given = TheirUnderSampler(sampling_strategy=wanted, random_state=seed).fit_resample(
        *given
    )
    ours = SmoteUndersample(over, under, protocol="imblearn", random_state=seed)
    for a, b in zip(ours.fit_resample(X, y), given, strict=True):
        assert_array_equal(a, b)


def test_a_random_state_instance_goes_on_from_one_step_to_the_next(rows):
    X, y = rows
    theirs = np.random.RandomState(0)
    given = TheirSMOTE(sampling_strategy={"rare": 150}, random_state=theirs)
    given = given.fit_resample(X, y)
    under = TheirUnderSampler(sampling_strategy={"usual": 50}, random_state=theirs)
    wanted = under.fit_resample(*given)
    ours = SmoteUndersample(protocol="imblearn", random_state=np.random.RandomState(0))
    for a, b in zip(ours.fit_resample(X, y), wanted, strict=True):
        assert_array_equal(a, b)


def test_prior_weights_undo_the_change_of_shares(rows):
    X, y = rows
    weight = np.arange(250) % 4 + 0.5
    sampler = SmoteUndersample(200, 100, weights="prior", random_state=0)
    sampler.fit(X, y)
    labels = sampler.selection_.take_labels(y)
    assert_allclose(sampler.sample_weight_[labels == "rare"], 50 / 150)
    assert_allclose(sampler.sample_weight_[labels == "usual"], 200 / 50)
    own = SmoteUndersample(200, 100, random_state=0).fit(X, y, weight).sample_weight_
    both = sampler.fit(X, y, weight).sample_weight_
    assert_allclose(both, own * np.where(labels == "rare", 1 / 3, 4))


def test_the_last_row_of_a_class_weighs_for_all_of_it(rows):
    sampler = SmoteUndersample(0, 1e9, weights="prior").fit(*rows)
    assert_allclose(np.sort(sampler.sample_weight_), [*np.ones(50), 200])


def test_rows_of_weight_zero_are_not_there(rows):
    X, y = rows
    weight = (np.arange(250) % 3 > 0).astype(float)
    sampler = SmoteUndersample(200, 100, random_state=0).fit(X, y, weight)
    there = weight > 0
    alone = SmoteUndersample(200, 100, random_state=0).fit_resample(X[there], y[there])
    assert_array_equal(sampler.selection_.take(X), alone[0])
    assert sampler.selection_.n_total == 250


def test_more_than_two_classes():
    y = np.repeat(["a", "b", "c"], [30, 10, 100])
    X = np.random.default_rng(0).standard_normal((140, 2))
    sampler = SmoteUndersample(100, 50, random_state=0).fit(X, y)
    assert sampler.sampling_strategy_ == {"a": 20, "b": 20, "c": 20}


def test_containers(rows):
    X, y = rows
    sampler = SmoteUndersample(random_state=0)
    wanted = sampler.fit_resample(X, y)[0]
    frame = pd.DataFrame(X, columns=list("abc"))
    made, labels = sampler.fit_resample(frame, pd.Series(y, name="class"))
    assert_array_equal(made.to_numpy(), wanted)
    assert labels.name == "class"
    made = sampler.fit_resample(sparse.csr_array(X), y)[0]
    assert_allclose(made.toarray(), wanted)


def test_another_over_sampler(rows):
    X, y = rows
    sampler = SmoteUndersample(smote=SMOTE(k_neighbors=1), random_state=0).fit(X, y)
    assert sampler.smote_.k_neighbors == 1
    assert sampler.smote is not sampler.smote_
    pairs = set(zip(sampler.selection_.base, sampler.selection_.neighbor, strict=True))
    assert len(pairs) == 50  # one neighbour each


OVER_SAMPLERS = [
    cls
    for cls in coreselect.all_resamplers().values()
    if issubclass(cls, OverSampler) and cls.cli_name not in ("smoten", "kmeans-smote")
]


@pytest.mark.parametrize("cls", OVER_SAMPLERS)
def test_every_over_sampler_of_numbers(cls):
    """Overlapping classes; one column of few values, for the method that needs it."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 5 == 0
    X = np.column_stack([rng.integers(3, size=200), rng.standard_normal((200, 2))])
    X[:, 1] += y
    smote = cls([0]) if cls.cli_name == "smotenc" else cls()
    labels = SmoteUndersample(smote=smote, random_state=0).fit_resample(X, y)[1]
    assert (labels.sum(), (~labels).sum()) == (120, 40)


def test_in_a_pipeline_of_imbalanced_learn(rows):
    X, y = rows
    model = make_pipeline(SmoteUndersample(random_state=0), DecisionTreeClassifier())
    assert model.fit(X, y).predict(X).shape == (250,)
    grid = GridSearchCV(model, {"smoteundersample__over": [0, 200]}, cv=3).fit(X, y)
    assert len(grid.cv_results_["params"]) == 2


def test_rows_with_categories():
    """SMOTENC inside: frames stay frames, new rows have categories of the class."""
    frame = pd.DataFrame(
        {"a": np.arange(60.0), "b": pd.Categorical(list("uvw") * 20), "c": ["x"] * 60}
    )
    y = np.arange(60) % 6 == 0  # b is "u" in all rare rows
    sampler = SmoteUndersample(smote=SMOTENC(["b", "c"]), random_state=0)
    made, labels = sampler.fit_resample(frame, y)
    assert made.dtypes.equals(frame.dtypes)
    assert (made["b"][labels] == "u").all()
    assert (labels.sum(), (~labels).sum()) == (30, 10)


def test_no_new_rows_need_no_neighbours():
    X, y = np.arange(10.0)[:, None], np.arange(10) < 1
    made = SmoteUndersample(0, 50).fit_select(X, y)
    assert (made.n_kept, made.n_new) == (3, 0)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        (
            {"over": -1},
            ValueError,
            "'over' parameter of SmoteUndersample must be between 0",
        ),
        ({"under": 0}, ValueError, "'under' parameter .* above 0. Got 0 instead"),
        ({"over": "200"}, TypeError, "'over' parameter .* must be a number"),
        ({"smote": 5}, TypeError, "'smote' parameter .* must be a sampler"),
        ({"weights": "priors"}, ValueError, "'weights' parameter .* must be one of"),
    ],
)
def test_bad_parameters(rows, parameters, error, message):
    with pytest.raises(error, match=message):
        SmoteUndersample(**parameters).fit(*rows)


def test_one_class(rows):
    with pytest.raises(ValueError, match="needs to have more than 1 class"):
        SmoteUndersample().fit(rows[0], np.zeros(250))

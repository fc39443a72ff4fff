"""The record of a selection: what it says, what keeps it, and what ignores it."""

import copy
import json
import pickle

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import coreselect
from coreselect import (
    RS2,
    SMOTE,
    AutoCoreset,
    CoresetEstimator,
    LeverageSelector,
    RandomUnderSampler,
    Selection,
    Synthesis,
    UniformSelector,
    draw,
)
from coreselect.selection import Record

X = np.random.default_rng(0).normal(size=(40, 3))
Y = np.repeat([0, 1], [30, 10])
FIRST = Record("leverage", {"n_select": 20}, 7)
SECOND = Record("uniform", {"n_select": 0.5, "design": "pivotal"}, None, True)


def test_draw_says_how_it_was_called():
    record = draw([1.0, 2.0, 3.0], np.int64(2), random_state=5).record
    wanted = {"size": 2, "design": "pivotal", "strata": False}
    assert record == Record("draw", wanted, 5, False, coreselect.__version__)
    given = draw(
        [1.0, 2.0], 0.5, design="poisson", strata=["a", "b"], base_weight=[1, 2],
        random_state=np.random.default_rng(5),
    ).record  # fmt: skip
    assert given.parameters == {"size": 0.5, "design": "poisson", "strata": True}
    assert (given.seed, given.input_weights) == (None, True)


def test_selectors_say_what_they_were_fitted_with():
    selector = LeverageSelector(9, alpha=0.5, random_state=3).fit(X, None, np.ones(40))
    selector.set_params(alpha=2.0, random_state=4)
    record = selector.selection_.record
    assert (record.method, record.seed, record.input_weights) == ("leverage", 3, True)
    parameters = record.parameters
    assert (parameters["n_select"], parameters["alpha"]) == (9, 0.5)
    assert "random_state" not in parameters
    assert selector.select().record is record
    other = selector.select(5, random_state=8).record
    assert (other.parameters["n_select"], other.seed) == (5, 8)
    assert selector.select(5).record.seed == 3
    assert selector.select(5, random_state=np.random.RandomState(0)).record.seed is None
    assert not UniformSelector(3).fit_select(X).record.input_weights


def test_a_round_is_a_parameter():
    record = RS2(4, random_state=0).fit(X).select(round=2).record
    assert record.parameters["round"] == 2


def test_parameters_are_values_that_json_holds():
    with np.errstate(all="ignore"):
        selector = AutoCoreset(Ridge(alpha=2), np.int32(9), max_queries=7)
    record = selector.fit(X, X[:, 0]).selection_.record
    assert record.parameters["estimator"] == "Ridge(alpha=2)"
    assert record.parameters["n_select"] == 9
    strange = LeverageSelector(5)
    strange.get_params = lambda deep: {
        "a": np.array([1.0, np.nan]), "b": {3: (None, True)}, "c": np.linalg.norm,
        "d": float("inf"), "random_state": None,
    }  # fmt: skip
    found = Record.of(strange, False)
    assert found.parameters == {
        "a": [1.0, "nan"], "b": {"3": [None, True]}, "c": "norm", "d": "inf"
    }  # fmt: skip
    assert json.loads(found.to_json(), parse_constant=pytest.fail)
    assert Record.from_json(found.to_json()) == found


@pytest.mark.parametrize("cls", [SMOTE, RandomUnderSampler], ids=lambda c: c.__name__)
def test_resamplers_say_what_they_were_fitted_with(cls):
    made = cls(random_state=1).fit_select(X, Y)
    assert (made.record.method, made.record.seed) == (cls.cli_name, 1)
    assert made.record.parameters["sampling_strategy"] == "auto"


def test_methods_of_others_have_the_name_of_their_class():
    class Mine(coreselect.ScoreSelector):
        def _scores(self, block, state):
            return np.ones(len(block.weight))

    assert Mine(3).fit_select(X).record.method == "Mine"


def test_records_are_no_part_of_what_is_equal():
    pairs = [
        (Selection([1], [2.0], 3, record=FIRST), Selection([1], [2.0], 3)),
        (Synthesis([1], [], [], 3, record=FIRST), Synthesis([1], [], [], 3)),
    ]
    for one, other in pairs:
        assert one == other
        assert (one.record, other.record) == (FIRST, None)


def test_then_notes_the_later_record_in_the_first():
    a = Selection([8, 3, 5], [1.0] * 3, 9, record=FIRST)
    b = Selection([2, 0], [2.0] * 2, 3, record=SECOND)
    c = Selection([1], [3.0], 2)
    both = a.then(b).record
    assert (both.method, both.seed, both.later) == ("leverage", 7, (SECOND,))
    assert a.then(b).then(c).record.later == (SECOND, None)
    assert a.then(b.then(c)).record == a.then(b).then(c).record
    assert c.then(Selection([0], [1.0], 1, record=FIRST)).record is None
    assert a.record.later == ()


@pytest.mark.parametrize("record", [None, FIRST, FIRST.then(SECOND).then(None)])
@pytest.mark.parametrize("kind", [Selection, Synthesis])
def test_files_copies_and_pickles_keep_the_record(kind, record, tmp_path):
    rest = ([2.0], 3) if kind is Selection else ([], [], 3)
    made = kind([1], *rest, record=record)
    made.save(tmp_path / "it.npz")
    for again in (
        kind.load(tmp_path / "it.npz"),
        pickle.loads(pickle.dumps(made)),
        copy.deepcopy(made),
    ):
        assert again == made
        assert again.record == record


@pytest.mark.parametrize("text", ["{}", "[]", "not JSON", '{"method": "x"}'])
def test_a_damaged_record_is_named(text, tmp_path):
    path = tmp_path / "it.npz"
    np.savez(path, indices=[0], weights=[1.0], n_total=2, record=text)
    with pytest.raises(ValueError, match=r"it\.npz' does not hold a Selection"):
        Selection.load(path)


def test_fields_of_a_later_version_are_passed_over():
    found = json.loads(FIRST.then(SECOND).to_json()) | {"design": "cube"}
    found["later"][0]["design"] = "cube"
    assert Record.from_json(json.dumps(found)) == FIRST.then(SECOND)


def test_people_see_the_method_and_the_seed():
    shown = Selection([1], [2.0], 3, record=FIRST.then(SECOND).then(None))
    text = "leverage (seed 7), then uniform, then an unknown method"
    assert text in shown._repr_html_()
    assert "made by" not in Selection([1], [2.0], 3)._repr_html_()


def test_records_survive_the_memory_of_an_estimator(tmp_path):
    for _ in range(2):
        model = CoresetEstimator(
            Ridge(fit_intercept=False),
            LeverageSelector(9, random_state=2),
            memory=str(tmp_path),
        ).fit(X, X[:, 0])
        assert model.selector_.selection_.record.seed == 2


METHODS = coreselect.all_selectors() | coreselect.all_resamplers()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cls", METHODS.values(), ids=METHODS)
def test_every_method_leaves_a_record_that_files_keep(cls, tmp_path):
    model = cls.examples()[0]
    made = model.fit(np.abs(X), Y).select()
    assert made.record.method == cls.cli_name
    names = set(model.get_params(deep=False)) - {"random_state"}
    assert set(made.record.parameters) == names
    made.save(tmp_path / "it.npz")
    assert type(made).load(tmp_path / "it.npz").record == made.record

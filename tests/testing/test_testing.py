"""The checks: good methods pass every one, and each broken promise is caught."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from coreselect import (
    RS2,
    AutoCoreset,
    DPPSelector,
    LeverageSelector,
    LewisSelector,
    LpSensitivitySelector,
    ProjectionDPPSelector,
    RandomUnderSampler,
    UniformSelector,
    VolumeSelector,
    testing,
)
from coreselect.testing._features import check_anything
from coreselect.testing._rules import check_quotas
from coreselect.testing._selectors import check_unbiased
from tests.testing import methods

GOOD = [
    methods.NormSelector(10),
    methods.NormSelector(10, design="poisson"),
    methods.WindowSelector(10),
    methods.FarthestSelector(10),
    methods.QualitySelector(10),
    methods.SeededSelector(10),
    methods.StreamedNorms(10),
]


@pytest.mark.parametrize("selector", GOOD, ids=repr)
@pytest.mark.parametrize("check", testing.CHECKS, ids=lambda check: check.__name__)
def test_good_methods_pass(selector, check):
    check(selector)


def test_reading_x_in_secret_is_caught():
    with pytest.raises(AssertionError, match="reads_features is False, but X changes"):
        check_anything(methods.Peeking(10))


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        (methods.NaiveWeights(10), "weights are biased"),
        (methods.Boastful(10), "hits over expected hits of the design"),
        (methods.OneMore(10), "promised exactly"),
        (methods.Forgetful(10), "weights of a stream are biased"),
        (methods.Redistributing(10), "weights of a stream are biased"),
        (methods.BatchBound(10), "batches of 1 rows gave other rows"),
        (methods.Shrinking(10), "promised exactly"),
        (methods.BlockBound(10), "copies of a row do not share"),
        (methods.AllAtOnce(10), "does not say 'in memory'"),
        (methods.Eager(10), "_learn was called although no rows or all rows"),
        (methods.BlockBalanced(10), "balanced draws depend on blocks"),
        (methods.RowBound(10), "scores depend on row order"),
        (methods.WeightBlind(10), "copies of a row do not share"),
        (methods.SeedOfLateRows(10), "scores depend on row order, on average"),
        (methods.SeedWithoutWeights(10), "copies .* weight, on average over seeds"),
        (methods.SeenRows(10), "not the rows of X"),
        (methods.Deaf(10), "rows of exclude changed the result"),
        (methods.Bold(10), "a row of include is missing"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_broken_promises_are_caught(selector, words):
    with pytest.raises(AssertionError, match=words):
        testing.check_selector(selector)


@pytest.mark.parametrize(
    "selector",
    [
        LewisSelector(5, p=4.0),
        LewisSelector(3, p=10.0),
        LeverageSelector(1),
        ProjectionDPPSelector(1),
        UniformSelector(1),
        LpSensitivitySelector(2, p=4.0),
    ],
    ids=repr,
)
def test_rows_that_are_hardly_ever_drawn_are_no_bias(selector):
    check_unbiased(selector)


def test_a_method_that_uses_global_random_state_is_caught():
    with pytest.raises(AssertionError, match="global random state was moved"):
        testing.check_global_state(methods.Careless(10))


def test_a_method_that_sees_how_rows_are_cut_is_caught():
    with pytest.raises(AssertionError, match="blocks of 7 rows gave other rows"):
        testing.check_blocks_and_threads(methods.BlockBound(10))


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        (methods.Hoarder(10), "hold values of rows; keep these with the blocks"),
        (methods.Scribbler(10), "another order of the blocks gave other rows"),
        (methods.Clinging(10), "holds the rows themselves"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_functions_that_cannot_travel_are_caught(selector, words):
    with pytest.raises(AssertionError, match=words):
        testing.check_functions_travel(selector)


def test_a_ranking_that_passes_over_no_rows_is_caught():
    with pytest.raises(AssertionError, match=r"group a got . rows, not 5"):
        check_quotas(methods.Bold(10))


class HardRidge(methods.NormSelector):
    """Adds a number to scores that are in the unit of the weights."""

    def _scores(self, block, state):
        return super()._scores(block, state) * 2.0**self._fitted.exponent + 1.0


def test_a_method_that_sees_the_unit_of_weights_is_caught():
    with pytest.raises(AssertionError, match="weights times 2"):
        testing.check_unit_of_weights(HardRidge(10))


@pytest.mark.parametrize(
    "selector",
    [
        DPPSelector(kernel="linear"),
        DPPSelector(None),
        VolumeSelector(2),
        RS2(0.3, stratify=True),
        UniformSelector(0),
        UniformSelector("auto", epsilon=0.5),
    ],
    ids=repr,
)
def test_any_instance_passes(selector):
    """Whatever its size: one that the rank of our data does not allow is replaced."""
    testing.check_selector(selector)


@pytest.mark.parametrize("n_select", [1, 10])
def test_auto_coresets_of_classifiers_are_bounded_by_the_classes(n_select):
    few = {"max_queries": 4, "n_init": 2, "patience": 1}
    selector = AutoCoreset(LogisticRegression(), n_select, **few)
    for check in (testing.check_sizes, testing.check_repeatable):
        check(selector)


class Keeping(methods.QualitySelector):
    """Reads its input arrays again when it selects."""

    def fit(self, X, y=None, sample_weight=None):
        self._X = X
        return super().fit(X, y, sample_weight)

    def _choose(self, size, seed):
        self.scores_ = self._X[:, 0] ** 2
        return super()._choose(size, seed)


def test_a_method_that_keeps_its_input_is_caught():
    with pytest.raises(AssertionError, match="select depends on the input"):
        testing.check_input_not_kept(Keeping(10))


def test_a_method_that_writes_to_its_input_is_caught():
    with pytest.raises((AssertionError, ValueError)):
        testing.check_input_unchanged(methods.Vandal(10))


def test_checks_leave_the_global_random_state_to_the_user():
    np.random.seed(9)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    testing.check_global_state(UniformSelector(5))
    testing.check_global_state(RandomUnderSampler())
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002

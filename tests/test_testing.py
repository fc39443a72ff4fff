"""The checks: good methods pass every one, and each broken promise is caught."""

import pytest

from coreselect import testing
from tests import methods

GOOD = [
    methods.NormSelector(10),
    methods.NormSelector(10, design="poisson"),
    methods.WindowSelector(10),
    methods.FarthestSelector(10),
    methods.QualitySelector(10),
    methods.SeededSelector(10),
]


@pytest.mark.parametrize("selector", GOOD, ids=repr)
@pytest.mark.parametrize("check", testing.CHECKS, ids=lambda check: check.__name__)
def test_good_methods_pass(selector, check):
    check(selector)


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        (methods.NaiveWeights(10), "weights are biased"),
        (methods.OneMore(10), "promised exactly"),
        (methods.Shrinking(10), "promised exactly"),
        (methods.BlockBound(10), "blocks of 7 rows gave other rows"),
        (methods.RowBound(10), "scores depend on row order"),
        (methods.WeightBlind(10), "copies of a row do not share"),
        (methods.SeedOfLateRows(10), "scores depend on row order, on average"),
        (methods.SeedWithoutWeights(10), "copies .* weight, on average over seeds"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_broken_promises_are_caught(selector, words):
    with pytest.raises(AssertionError, match=words):
        testing.check_selector(selector)


def test_a_method_that_uses_global_random_state_is_caught():
    with pytest.raises(AssertionError, match="global random state was moved"):
        testing.check_global_state(methods.Careless(10))


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

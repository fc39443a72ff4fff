"""The mixins that let a score selector find its size, on methods of a user's own."""

import numpy as np
import pytest
from sklearn.utils import get_tags

from coreselect import ScoreSelector, certify
from coreselect.base import CertifiedSize, TheorySize


class _Weights(ScoreSelector):
    """Scores are the weights."""

    def __init__(
        self,
        n_select=100,
        *,
        epsilon=None,
        stratify=False,
        design="pivotal",
        random_state=None,
    ):
        super().__init__(
            n_select, stratify=stratify, design=design, random_state=random_state
        )
        self.epsilon = epsilon

    def _scores(self, block, state):
        return block.weight


class Certified(CertifiedSize, _Weights):
    """Rows until a certificate holds."""


class ByTheory(TheorySize, _Weights):
    """As many rows as a formula says."""

    def _theory_size(self, rows):
        return int(10 / self.epsilon)


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((3000, 3))


def test_a_certified_size_is_the_first_whose_certificate_holds(X):
    fitted = Certified("auto", epsilon=0.3, random_state=0).fit(X)
    size = len(fitted.selection_)
    assert fitted.certificate_.epsilon <= 0.3
    assert fitted.select("auto") == fitted.select(size) == fitted.selection_
    smaller = fitted.select(round(size / 2**0.5))
    assert certify(smaller, X, objective="pca").epsilon > 0.3
    assert not hasattr(
        fitted.set_params(n_select=5, epsilon=None).fit(X), "certificate_"
    )


def test_a_size_by_theory_is_at_most_all_rows(X):
    assert len(ByTheory("auto", epsilon=0.1).fit_select(X)) == 100
    assert len(ByTheory("auto", epsilon=1e-9).fit_select(X)) == 3000


@pytest.mark.parametrize("cls", [Certified, ByTheory])
def test_epsilon_and_auto_come_together(X, cls):
    with pytest.raises(ValueError, match="n_select='auto' needs epsilon"):
        cls("auto").fit(X)
    with pytest.raises(ValueError, match=r"epsilon=0.1 sets the size .* give one of"):
        cls(5, epsilon=0.1).fit(X)
    with pytest.raises(ValueError, match="this was fitted with n_select=5; fit again"):
        cls(5).fit(X).select("auto")
    assert not get_tags(cls("auto", epsilon=0.1)).selector_tags.unbiased
    assert get_tags(cls(5)).selector_tags.unbiased

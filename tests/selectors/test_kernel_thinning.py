"""KernelThinningSelector: means, weights, swaps, kernels and sizes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.metrics.pairwise import rbf_kernel

from coreselect import KernelThinningSelector, UniformSelector
from coreselect.metrics import mean_discrepancy

RNG = np.random.default_rng(0)
X = RNG.normal(size=(900, 3))
WEIGHT = RNG.lognormal(0, 1.5, 900)


def discrepancies(selector, weight=None, n_draws=10):
    """The discrepancies of some selections, at the width of kernel thinning."""
    gamma = KernelThinningSelector(30).fit(X).gamma_
    fitted = selector.fit(X, None, weight)
    made = [fitted.select(random_state=r) for r in range(n_draws)]
    return np.array(
        [mean_discrepancy(s, X, gamma=gamma, sample_weight=weight) for s in made]
    )


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("size", [25, 41, 600])
def test_means_are_nearer_than_those_of_random_rows(weight, size):
    ours = discrepancies(KernelThinningSelector(size), weight)
    uniform = discrepancies(UniformSelector(size), weight)
    swapped = discrepancies(KernelThinningSelector(size, swap=True), weight, 2)
    assert ours.mean() < uniform.mean() / 2
    assert swapped.max() < ours.min()


def test_larger_blocks_are_better():
    few = discrepancies(KernelThinningSelector(64, oversample=1), n_draws=60)
    more = discrepancies(KernelThinningSelector(64, oversample=4), n_draws=60)
    assert more.mean() < few.mean()


def test_weights_are_inverse_probabilities():
    chosen = KernelThinningSelector(50, random_state=0).fit_select(X, None, WEIGHT)
    light = WEIGHT[chosen.indices] < chosen.weights
    assert_allclose(chosen.weights[light], chosen.weights[light][0])
    assert_array_equal(chosen.weights[~light], WEIGHT[chosen.indices][~light])
    assert 0 < np.count_nonzero(~light) < 50
    assert set(np.argsort(WEIGHT)[-5:]) <= set(chosen.indices)


def test_a_swap_keeps_rows_that_are_certain():
    fitted = KernelThinningSelector(50, random_state=0).fit(X, None, WEIGHT)
    swapped = KernelThinningSelector(50, swap=True, random_state=0).fit(X, None, WEIGHT)
    certain = WEIGHT[fitted.sample_indices_] == fitted.sample_weight_
    assert np.isin(fitted.sample_indices_[certain], swapped.sample_indices_).all()
    assert_allclose(np.sort(swapped.sample_weight_), np.sort(fitted.sample_weight_))
    assert len(swapped.selection_) == 50
    assert not np.isin(swapped.sample_indices_, fitted.sample_indices_).all()


def test_a_swap_beside_rows_of_all_the_weight():
    weight = np.full(900, 1e-12)
    weight[:3] = 1.0
    swapped = KernelThinningSelector(5, swap=True, random_state=0)
    chosen = swapped.fit_select(X, None, weight)
    assert_array_equal(chosen.indices[:3], [0, 1, 2])
    assert len(chosen) == 5


def test_kernels_of_all_kinds():
    def gaussian(A, B):
        return np.exp(-0.2 * ((A[:, None] - B) ** 2).sum(axis=2))

    wanted = KernelThinningSelector(30, gamma=0.2, random_state=0).fit_select(X)
    given = KernelThinningSelector(30, kernel=gaussian, random_state=0).fit(X)
    assert given.selection_ == wanted
    assert given.gamma_ is None
    scaled = KernelThinningSelector(30, random_state=0).fit(X * 2.0**400)
    plain = KernelThinningSelector(30, random_state=0).fit(X)
    assert scaled.selection_ == plain.selection_
    assert_allclose(scaled.gamma_ * 2.0**800, plain.gamma_)


@pytest.mark.parametrize("swap", [False, True])
def test_kernels_of_any_scale_draw_the_same_rows(swap):
    def fitted(exponent):
        def kernel(A, B):
            return np.ldexp(rbf_kernel(A, B, gamma=0.3), exponent)

        return KernelThinningSelector(30, kernel=kernel, swap=swap, random_state=0)

    wanted = fitted(0).fit_select(X)
    for exponent in (-700, 700):
        assert fitted(exponent).fit_select(X) == wanted


def test_sparse_and_wide_rows():
    wide = np.where(RNG.random((200, 90)) < 0.1, RNG.normal(size=(200, 90)), 0.0)
    dense = KernelThinningSelector(30, random_state=0).fit_select(wide)
    chosen = KernelThinningSelector(30, random_state=0)
    assert chosen.fit_select(sparse.csr_array(wide)) == dense


@pytest.mark.parametrize(("gamma", "wrong"), [(1e6, "are 0"), (1e-20, "are 1")])
def test_a_width_out_of_scale_is_named(gamma, wrong):
    with pytest.raises(ValueError, match=f"gamma=.*{wrong}"):
        KernelThinningSelector(5, gamma=gamma).fit(X)


def test_few_rows_and_copies():
    for swap in (False, True):
        selector = KernelThinningSelector(1, swap=swap, random_state=0)
        assert len(selector.fit_select([[0.0], [1.0]])) == 1
        assert len(selector.set_params(n_select=7).fit_select(np.ones((12, 2)))) == 7
        copies = np.repeat([[0.0], [1.0], [5.0]], 6, axis=0)
        chosen = selector.set_params(n_select=9).fit_select(copies)
        assert_array_equal(np.bincount(chosen.indices // 6), [3, 3, 3])


def test_later_changes_of_the_data_do_not_matter():
    own = X.copy()
    for kernel in ("rbf", lambda A, B: np.exp(-((A[:, None] - B) ** 2).sum(axis=2))):
        fitted = KernelThinningSelector(30, kernel=kernel, random_state=0).fit(own)
        wanted = fitted.select(20)
        own += 1
        own[::2] *= 3
        assert fitted.select(20) == wanted

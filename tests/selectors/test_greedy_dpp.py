"""Greedy picks by a kernel."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect import GreedyDPPSelector
from coreselect.dpp import KernelRows, map_dpp


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((400, 3))


def test_picks_are_greedy_on_the_kernel_itself(X):
    selector = GreedyDPPSelector(20).fit(X)
    assert_array_equal(selector.sample_indices_, map_dpp(KernelRows(X), 20))
    assert_allclose(selector.sample_weight_, 400 / 20)
    assert selector.kernel_error_ == 0
    close = GreedyDPPSelector(20, n_components=390).fit(X)
    assert_array_equal(close.sample_indices_[:5], selector.sample_indices_[:5])


def test_a_smaller_selection_is_the_first_part_of_a_larger_one(X):
    selector = GreedyDPPSelector(20).fit(X)
    assert_array_equal(selector.select(7).indices, selector.sample_indices_[:7])
    with pytest.raises(ValueError, match="fit again with n_select=21"):
        selector.select(21)


def test_later_parameters_do_not_change_what_was_picked(X):
    selector = GreedyDPPSelector(20).fit(X)
    before = selector.select(7)
    assert selector.set_params(n_select=3, kernel="linear").select(7) == before


def test_all_rows_are_selected_without_computing_a_kernel(X):
    """A kernel function that fails shows that nobody calls it."""

    def kernel(A, B):
        raise AssertionError("the kernel was computed")

    selector = GreedyDPPSelector(400, kernel=kernel).fit(X)
    assert_array_equal(selector.sample_weight_, np.ones(400))
    with pytest.raises(AssertionError, match="the kernel was computed"):
        selector.select(3)


def test_bad_sizes_are_named(X):
    with pytest.raises(TypeError, match="n_select must be a number, got None"):
        GreedyDPPSelector(None).fit(X)

"""Facility location for some of the clients or pairs only."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect import FacilityLocationSelector
from coreselect.testing import check_selector
from tests.coverage import reference_facility as reference
from tests.coverage.test_facility import LINE


def test_listed_neighbours_are_greedy_on_the_sparse_matrix():
    X = np.random.default_rng(7).normal(size=(60, 2))
    S = reference.similarities(X)
    listed = np.zeros_like(S)
    near = np.argsort(-S, axis=1, kind="stable")[:, :6]  # each row and five others
    np.put_along_axis(listed, near, np.take_along_axis(S, near, axis=1), axis=1)
    order, gains = reference.greedy(listed, np.ones(60), 12)
    selector = FacilityLocationSelector(12, n_neighbors=5).fit(X)
    assert_array_equal(selector.sample_indices_, order)
    assert selector.value_ == pytest.approx(gains.sum())
    assert selector.full_value_ == pytest.approx(S[:, order].max(axis=1).sum())
    weights = reference.cluster_weights(S, np.ones(60), order)
    assert_allclose(selector.sample_weight_, weights)


def test_clients_judge_by_their_weights():
    rng = np.random.default_rng(8)
    X, weight = rng.normal(size=(300, 3)), rng.uniform(0.5, 2.0, 300)
    selector = FacilityLocationSelector(15, n_clients=80, random_state=0)
    selector.fit(X, sample_weight=weight)
    S = reference.similarities(X)
    found = S[:, selector.sample_indices_].max(axis=1) @ weight
    assert selector.full_value_ == pytest.approx(found)
    assert selector.value_ > selector.full_value_  # optimistic: the clients chose it
    assert selector.sample_weight_.sum() == pytest.approx(weight.sum())
    best = FacilityLocationSelector(15).fit(X, sample_weight=weight).value_
    assert 0.9 * best < selector.full_value_ <= best * (1 + 1e-9)


def test_fresh_clients_judge_without_bias():
    """Their 95 % intervals hold the value in 95 of 100 fits; old clients' never do."""
    rng = np.random.default_rng(8)
    X, weight = rng.normal(size=(200, 3)), rng.uniform(0.5, 2.0, 200)
    missed, fooled, runs = 0, 0, 200
    for seed in range(runs):
        selector = FacilityLocationSelector(6, n_clients=50, random_state=seed)
        selector.fit(X, sample_weight=weight)
        half = 1.96 * selector.fresh_value_std_
        missed += abs(selector.fresh_value_ - selector.full_value_) > half
        fooled += abs(selector.value_ - selector.full_value_) > half
    spread = np.sqrt(runs * 0.05 * 0.95)
    assert abs(missed - 0.05 * runs) < 4.5 * spread
    assert fooled - 0.05 * runs > 4.5 * spread


def test_fresh_clients_may_be_few_or_all():
    def fitted(n_clients):
        selector = FacilityLocationSelector(3, n_clients=n_clients, random_state=0)
        return selector.fit(LINE, sample_weight=np.ldexp(np.ones(6), 400))

    everyone = fitted(6)
    assert everyone.fresh_value_ == pytest.approx(everyone.full_value_)
    assert everyone.fresh_value_std_ == 0
    assert fitted(2).fresh_value_std_ > 2.0**380
    assert pickle.loads(pickle.dumps(fitted(2))).fresh_value_ == fitted(2).fresh_value_
    with pytest.raises(AttributeError, match="at least 2 clients, got n_clients=1"):
        fitted(1).fresh_value_std_  # noqa: B018
    with pytest.raises(AttributeError, match="fitted without n_clients"):
        fitted(None).fresh_value_  # noqa: B018


def test_selectors_with_clients_hold_the_contract():
    check_selector(FacilityLocationSelector(8, n_clients=20))

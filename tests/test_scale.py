"""Where the values of rows live changes no selection and no new row."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect import (
    GroupSamplingSelector,
    KMeansSensitivitySelector,
    LogisticSelector,
    LpSensitivitySelector,
)
from coreselect.clustering import _search as search
from coreselect.clustering import lightweight_scores, seed_centers, sensitivities
from coreselect.linalg import lewis_weights, lp_sensitivities
from coreselect.rows import open as open_rows
from coreselect.testing._instances import chosen, data_for
from coreselect.testing._shared import ensure_same
from tests.sampling.test_parts import everywhere
from tests.test_common import EXAMPLES, RESAMPLERS, marked


@pytest.mark.parametrize(
    "estimator",
    [
        pytest.param(example, id=repr(example), marks=marks)
        for example, marks in marked([*EXAMPLES, *RESAMPLERS])
    ],
)
def test_scratch_files_change_nothing(estimator, monkeypatch):
    X, y, weight = data_for(estimator)
    weight[::11] = 0
    rows = open_rows(X, y, weight, block_rows=16)
    found = everywhere(lambda: chosen(estimator, rows), monkeypatch)
    whole, in_parts, in_files = found
    ensure_same(whole, in_parts, "parts gave other rows", 1e-12)
    ensure_same(in_parts, in_files, "scratch files gave other rows", 0)


def fitted(selector, n):
    """Return what a fit to more rows than a sample holds learns and selects."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 2)) + 9 * rng.integers(3, size=(n, 1))
    y = np.where(X[:, 0] + rng.standard_normal(n) > 9, "b", "a")
    weight = rng.choice([0.0, 1.0, 1.0, 3.0], n)
    made = selector.fit(open_rows(X, y, weight, block_rows=300)).selection_
    mu = getattr(selector, "mu_", 0.0)
    return made.indices, made.weights, mu


@pytest.mark.parametrize(
    ("selector", "n"),
    [
        (KMeansSensitivitySelector(20, n_clusters=5, random_state=0), 700),
        (KMeansSensitivitySelector(20, n_clusters=5, power=1, random_state=0), 700),
        (GroupSamplingSelector(20, n_clusters=5, random_state=0), 700),
        (LogisticSelector(20, random_state=0), 2800),
        (LpSensitivitySelector(20, method="plain", random_state=0), 700),
    ],
    ids=repr,
)
def test_samples_are_drawn_alike(selector, n, monkeypatch):
    """Also where a method draws rows to learn from: seeds, mu, an embedding."""
    monkeypatch.setattr(search, "_SAMPLE_ROWS", 200)
    whole, in_parts, in_files = everywhere(lambda: fitted(selector, n), monkeypatch)
    assert_array_equal(in_parts[0], whole[0])
    assert_allclose(in_parts[1], whole[1], rtol=1e-12)
    assert_allclose(in_parts[2], whole[2], rtol=1e-9)
    for got, wanted in zip(in_files, in_parts, strict=True):
        assert_array_equal(got, wanted)


CENTERS = [[0.0, 0.0], [3.0, 1.0], [-1.0, 2.0]]


@pytest.mark.parametrize(
    "score",
    [
        lightweight_scores,
        lambda X, **given: sensitivities(X, CENTERS, power=1, **given),
        lambda X, **given: seed_centers(X, 3, random_state=0, **given),
        lambda X, **given: lewis_weights(X, 1, **given),
        lambda X, **given: lp_sensitivities(X, 1, method="approximate", **given),
    ],
    ids=["lightweight", "sensitivities", "seeds", "Lewis", "l_p"],
)
@pytest.mark.parametrize("weights", [[1.0], [0.0, 1.0, 3.0]], ids=["equal", "weighted"])
def test_scores_are_alike(score, weights, monkeypatch):
    rng = np.random.default_rng(0)
    X, weight = rng.standard_normal((60, 2)), rng.choice(weights, 60)
    given = {} if len(weights) == 1 else {"sample_weight": weight}
    whole, in_parts, in_files = everywhere(lambda: score(X, **given), monkeypatch)
    assert_allclose(in_parts, whole, rtol=1e-12)
    assert_array_equal(in_files, in_parts)

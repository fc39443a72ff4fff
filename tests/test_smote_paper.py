"""The benchmark of SMOTE's paper measures what it says."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from benchmarks import smote_paper
from benchmarks.smote_paper import Problem


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    y = np.arange(300) % 10 == 0
    return Problem(rng.standard_normal((300, 3)) + y[:, None], y)


def test_area_of_a_curve_and_of_its_hull():
    """(0, 0), (0.2, 0.6), (0.5, 0.5), (1, 1); the third point lies below the hull."""
    area, hull = smote_paper.areas(np.array([[0.5, 0.5], [0.2, 0.6]]))
    assert_allclose(area, 0.06 + 0.3 * 0.55 + 0.5 * 0.75)
    assert_allclose(hull, 0.06 + 0.8 * 0.8)


def test_rows_kept_at_a_degree():
    """The paper's example, and no more rows than there are."""
    y = np.repeat([True, False], [50, 200])
    assert [smote_paper.kept(y, degree) for degree in (200, 100, 10)] == [25, 50, 200]


@pytest.mark.parametrize("amount", [0, 100, 300])
@pytest.mark.parametrize("degree", [10, 50, 400])
def test_both_packages_resample_to_the_same_totals(problem, amount, degree):
    for resample in (smote_paper.ours, smote_paper.theirs):
        y = resample(problem, amount, degree, seed=0)[1]
        assert y.sum() == 30 * (1 + amount / 100)
        assert (~y).sum() == smote_paper.kept(problem.y, degree)


def test_threshold_and_weights_move_the_prior_of_naive_bayes_alike(problem):
    """The prior is a factor of naive Bayes: both lines are one."""
    lines = (smote_paper.threshold_curve, smote_paper.weight_curve)
    curves = [
        smote_paper.curve(problem, line(smote_paper.bayes, (25, 100, 400)), 3, seed=0)
        for line in lines
    ]
    assert_allclose(curves[0], curves[1], atol=0.02)
    assert (np.diff(curves[0], axis=0) >= 0).all()  # more said to be rare


def test_owners_of_the_hull():
    good, bad = np.array([[0.1, 0.9], [0.2, 0.95]]), np.array([[0.5, 0.5]])
    assert smote_paper.on_the_hull(["good", "bad"], [good, bad]) == {"good": 2}

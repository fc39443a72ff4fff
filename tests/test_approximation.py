"""Bases for a measure, least squares at a few points, averages of interpolants."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.preprocessing import PolynomialFeatures, SplineTransformer

from coreselect import VolumeRescaledSelector, approximation
from coreselect.approximation import Basis, average
from coreselect.dpp import sample_volume_rescaled
from tests._kernels import reference_dpp as reference

X = np.linspace(-1, 1, 400)


@pytest.mark.parametrize(
    "features", [PolynomialFeatures(9), SplineTransformer(n_knots=6)], ids=repr
)
def test_a_basis_is_orthonormal_for_its_measure(features):
    measure = np.exp(-(X**2))
    basis = Basis(features, X, measure=measure)
    assert_allclose(basis.U.T @ basis.U, np.eye(basis.U.shape[1]), atol=1e-10)
    values = basis.evaluate(X)
    gram = values.T @ (basis.measure[:, None] * values)
    assert_allclose(gram, np.eye(len(gram)), atol=1e-10)


def test_splines_add_up_to_one_and_lose_no_rank_but_with_a_constant():
    splines = SplineTransformer(n_knots=6)
    size = Basis(splines, X).U.shape[1]
    both = Basis(
        lambda p: np.column_stack([np.ones(len(p)), splines.fit(p).transform(p)]), X
    )
    assert both.U.shape[1] == size


def test_polynomials_are_those_of_legendre():
    """Uniform midpoints: the basis spans what Legendre polynomials span."""
    x = (np.arange(2000) + 0.5) / 1000 - 1
    basis = Basis(PolynomialFeatures(9), x)
    legendre = np.polynomial.legendre.legvander(x, 9)
    Q = np.linalg.qr(legendre)[0]
    assert_allclose(basis.U @ (basis.U.T @ Q), Q, atol=1e-9)
    runge = 1 / (1 + 25 * x**2)
    best = basis.error(basis.project(runge), runge)
    assert_allclose(best, 5.870742e-2, rtol=1e-5)


def test_functions_of_the_span_are_reproduced():
    basis = Basis(PolynomialFeatures(4), X)
    f = X**4 - X
    for seed in range(5):
        rows = sample_volume_rescaled(basis.U, 7, random_state=seed)
        assert basis.error(basis.fit(rows, f[rows]), f) < 1e-8
    assert basis.error(average(basis, lambda rows: f[rows], 3), f) < 1e-8


def test_weights_of_a_selection_are_those_of_the_draws():
    basis = Basis(PolynomialFeatures(3), X)
    f = np.abs(X)
    selection = VolumeRescaledSelector(9, random_state=0).fit_select(basis.U)
    rows, weights = selection
    hits = weights * (basis.U[rows] ** 2).sum(axis=1) * 9 / 4
    draws = np.repeat(rows, np.round(hits).astype(int))
    assert_allclose(basis.fit(rows, f[rows], weights), basis.fit(draws, f[draws]))


def test_errors_of_interpolants_and_averages_are_exact():
    """E error / best = 1 + m / r for one and for the mean of two (enumerated)."""
    t = np.arange(-2.0, 3)
    basis = Basis(PolynomialFeatures(1), t)
    f = t**2
    best = basis.project(f)
    law = reference.dpp_law(basis.U @ basis.U.T, [2])
    fits = {s: basis.fit(list(s), f[list(s)]) for s in law}
    one = sum(p * ((fits[s] - best) ** 2).sum() for s, p in law.items())
    e2 = basis.error(best, f) ** 2
    assert_allclose(e2, 2.8)
    assert_allclose(1 + one / e2, 3)
    two = sum(
        law[a] * law[b] * (((fits[a] + fits[b]) / 2 - best) ** 2).sum()
        for a, b in itertools.product(law, law)
    )
    assert_allclose(1 + two / e2, 2)


def test_averages_are_unbiased_and_independent_draws_are_not():
    """Means of 3000 within |z| < 4.5; least squares on 3 i.i.d. rows fails that."""
    t = np.arange(-2.0, 3)
    basis = Basis(PolynomialFeatures(1), t)
    f, best = t**2, Basis(PolynomialFeatures(1), t).project(t**2)
    rng = np.random.default_rng(0)
    p = (basis.U**2).sum(axis=1) / 2

    def z(draw):
        found = np.array([draw() for _ in range(3000)])
        error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
        return abs((found.mean(axis=0) - best) / error).max()

    def independent():
        rows = rng.choice(5, 3, p=p)
        while len(np.unique(rows)) < 2:
            rows = rng.choice(5, 3, p=p)
        return basis.fit(rows, f[rows])

    assert z(lambda: average(basis, lambda r: f[r], 2, random_state=rng)) < 4.5
    assert z(independent) > 10


def test_bad_input():
    with pytest.raises(ValueError, match="measure"):
        Basis(PolynomialFeatures(1), X, measure=np.zeros(400))
    with pytest.raises(ValueError, match="measure has 3 values"):
        Basis(PolynomialFeatures(1), X, measure=np.ones(3))
    basis = Basis(lambda p: p, [0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="candidate 0"):
        basis.fit([0, 1], [1.0, 1.0])
    with pytest.raises(ValueError, match="n_repeats"):
        average(basis, lambda rows: rows, 0)
    with pytest.raises(ValueError, match="values has 2"):
        basis.project([1.0, 2.0])
    assert approximation.__all__ == ["Basis", "average"]


def test_numbers_and_shapes_are_checked():
    x = np.linspace(-1, 1, 20)
    basis = Basis(lambda points: np.hstack([points**0, points]), x)
    for rows in ([0.5, 3.0], [-1, 3], [0, 20]):
        with pytest.raises(ValueError, match="rows must"):
            basis.fit(rows, [1.0, 2.0])
    with pytest.raises(ValueError, match="coefficients"):
        basis.error(np.ones(3), x)
    with pytest.raises(ValueError, match="values"):
        basis.error(np.ones(2), x[:, None])

"""Intervals of 95 % hold the truth as often as they say, on any order of the rows."""

from dataclasses import replace

import numpy as np
import pytest

from coreselect import Selection, draw

M, N_DRAWS = 40, 1500
DESIGNS = "pivotal systematic balanced poisson priority multinomial".split()


def population(rng, n):
    """Scores, a balancing column and three columns of values, sorted by the column."""
    x = np.sort(rng.normal(size=n))
    noise = rng.normal(size=(3, n))
    scores = np.exp(0.3 * x + 0.3 * noise[0])
    curved = scores * (3 + np.sin(2 * x) + noise[1])
    return scores, x, np.column_stack([3 + x + noise[1], curved, x + noise[2] > 0])


def z_of_coverage(draws, change=lambda design: design):
    """How far counts of intervals that hold the totals are from 95 %."""
    held = []
    for made, values in draws:
        made = Selection(
            made.indices, made.weights, made.n_total, design=change(made.design)
        )
        low, high = made.interval(values[made.indices])
        total = values.sum(axis=0)
        held.append((low <= total) & (total <= high))
    held = np.array(held)
    return (held.sum(axis=0) - 0.95 * len(held)) / np.sqrt(0.0475 * len(held))


@pytest.mark.parametrize("order", ["shuffled", "sorted"])
@pytest.mark.parametrize("design", DESIGNS)
def test_intervals_cover(design, order):
    """Over draws from as many populations: few systematic draws of one differ much."""
    rng = np.random.default_rng(0)

    def draws():
        for seed in range(N_DRAWS):
            scores, x, values = population(rng, 100 * M)
            if order == "shuffled":
                mixed = rng.permutation(len(x))
                scores, x, values = scores[mixed], x[mixed], values[mixed]
            how = {"balance": x} if design == "balanced" else {}
            yield draw(scores, M, design=design, random_state=seed, **how), values

    assert np.abs(z_of_coverage(draws())).max() < 4.5


def test_wrong_standard_errors_do_not_cover():
    """1 / pi in place of (1 - pi) / pi, order or strata forgotten: far from 95 %."""
    rng = np.random.default_rng(1)
    _, x, values = population(rng, 400)
    values = values + 4 * x[:, None]
    groups = np.arange(400) // 100

    def taken(**how):
        for seed in range(800):
            yield draw(np.ones(400), 200, random_state=seed, **how), values

    def far(design):  # as if from a population without end
        return replace(design, expected=design.expected * 1e-9)

    assert (z_of_coverage(taken(design="poisson"), far) > 4.5).all()
    assert np.abs(z_of_coverage(taken(design="poisson"))).max() < 4.5

    def unordered(design):
        return replace(design, name="random")

    assert (z_of_coverage(taken(design="pivotal"), unordered) > 4.5).all()

    def forgotten(design):
        return replace(design, strata=None)

    how = {"design": "multinomial", "strata": groups}
    assert (z_of_coverage(taken(**how), forgotten) > 4.5).all()
    assert np.abs(z_of_coverage(taken(**how))).max() < 4.5


def test_intervals_of_two_draws_cover():
    rng = np.random.default_rng(2)

    def draws():
        for seed in range(800):
            scores, _, values = population(rng, 2000)
            first = draw(scores, 80, random_state=seed)
            weights = first.weights
            again = scores[first.indices] * weights
            second = draw(again, 60, base_weight=weights, random_state=seed + 10_000)
            yield first.then(second), values

    assert np.abs(z_of_coverage(draws())).max() < 4.5

    def last(design):
        return replace(design, earlier=None)

    assert (z_of_coverage(draws(), last) < -4.5).all()

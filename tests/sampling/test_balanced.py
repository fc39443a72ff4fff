"""Balanced and ordered draws, and rows that must or must not be in."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect import draw, inclusion_probabilities
from coreselect.sampling import _balancing
from coreselect.sampling.designs import ORDERED
from tests._kernels import reference_balancing

R = 2000  # draws in a test of counts; all hold |z| < 4.5
SCORES = np.array([3.0, 1.0, 0.0, 0.5, 2.0, 0.25, 1.25, 8.0, 1.0, 2.5])
X = np.random.default_rng(5).normal(size=(10, 2))
GROUPS = np.arange(10) % 2


def largest_z(draws, pi):
    """Of the counts of rows in R draws; certain and impossible rows must be exact."""
    counts = np.zeros(len(pi))
    for r in range(R):
        counts[draws(r)] += 1
    certain = np.isin(pi, (0.0, 1.0))
    assert_array_equal(counts[certain], R * pi[certain])
    pi, counts = pi[~certain], counts[~certain]
    return np.abs((counts - R * pi) / np.sqrt(R * pi * (1 - pi))).max()


@pytest.mark.parametrize(
    "given",
    [
        {"balance": X},
        {"balance": X[:, 0], "strata": GROUPS},
        {"design": "balanced"},
        {"balance": X, "order": X[:, 1], "base_weight": np.arange(10.0)},
    ],
    ids=["columns", "strata", "size", "order"],
)
def test_balanced_draws_keep_inclusion_probabilities(given):
    pi = inclusion_probabilities(SCORES, 4)

    def rows(r):
        selection = draw(SCORES, 4, random_state=r, **given)
        assert len(selection) == 4
        return selection.indices

    assert largest_z(rows, pi) < 4.5


def test_a_fair_coin_fails_the_test_of_inclusion_probabilities():
    """Each step must go each way with the share that keeps the means, not with half."""
    pi = np.array([0.9, 0.2, 0.35, 0.7, 0.25, 0.6])
    columns = np.column_stack([np.ones(6), X[:6, :1]])

    def rows(r, fair):
        uniforms = np.random.default_rng(r).random((2, 6))
        return reference_balancing.cube(pi, columns, *uniforms, fair=fair)

    assert largest_z(lambda r: rows(r, True), pi) > 4.5
    assert largest_z(lambda r: rows(r, False), pi) < 4.5


@pytest.mark.parametrize("weighted", [False, True])
def test_totals_are_those_of_all_rows(weighted):
    """Off by at most p max|x / pi|; draws that are not balanced are further off."""
    rng = np.random.default_rng(1)
    columns = rng.normal([0, 5, 0], 1, size=(2000, 3))
    scores = rng.uniform(0.5, 1.5, 2000)
    weight = rng.uniform(0.5, 2, 2000) if weighted else np.ones(2000)
    pi = inclusion_probabilities(scores, 200)
    worst = 4 * np.abs(columns * (weight / pi)[:, None]).max(axis=0)
    truth = weight @ columns
    errors = {"balanced": [], "pivotal": []}
    for seed in range(30):
        for design, found in errors.items():
            balance = columns if design == "balanced" else None
            chosen = draw(
                scores, 200, balance=balance, base_weight=weight, random_state=seed
            )
            found.append(chosen.weights @ columns[chosen.indices] - truth)
    spread = {name: np.square(e).mean(axis=0) ** 0.5 for name, e in errors.items()}
    assert (np.abs(errors["balanced"]) <= worst).all()
    assert (spread["balanced"] < 0.2 * spread["pivotal"]).all()


def test_crossing_groups_of_whole_sizes_are_met_exactly():
    """Rows and columns of a table, where all ends of the flight are whole numbers."""
    row, column = np.divmod(np.arange(24), 6)
    balance = np.column_stack(
        [row[:, None] == np.arange(4), column[:, None] == np.arange(6)]
    )
    for seed in range(20):
        chosen = draw(np.ones(24), 12, balance=balance * 0.5, random_state=seed).indices
        assert_array_equal(np.bincount(row[chosen]), [3, 3, 3, 3])
        assert_array_equal(np.bincount(column[chosen]), [2, 2, 2, 2, 2, 2])


def test_units_copies_and_chunks_change_no_row(monkeypatch, caplog):
    rng = np.random.default_rng(3)
    balance, scores = rng.normal(size=(500, 3)), rng.random(500)
    wanted = draw(scores, 40, balance=balance, random_state=0).indices
    again = np.column_stack([balance, balance @ [1, -2, 3], np.zeros(500)])
    with caplog.at_level(logging.INFO, "coreselect"):
        assert_array_equal(
            draw(scores, 40, balance=again, random_state=0).indices, wanted
        )
    assert "2 of 5 columns depend on the others" in caplog.text
    for unit in (1e-300, 3e250):
        scaled = balance * [unit, 1, 1 / unit]
        assert_array_equal(
            draw(scores, 40, balance=scaled, random_state=0).indices, wanted
        )
    monkeypatch.setattr(_balancing, "_CHUNK", 37)
    assert_array_equal(
        draw(scores, 40, balance=balance, random_state=0).indices, wanted
    )


@pytest.mark.parametrize("design", ORDERED)
def test_rows_are_visited_in_the_given_order(design):
    rng = np.random.default_rng(2)
    order = rng.permutation(50)
    scores, strata = rng.random(50), np.arange(50) % 3
    sorted_rows = np.argsort(order)
    call = {"design": design, "random_state": 1}
    got = draw(scores, 9, order=order, strata=strata, **call)
    as_sorted = draw(scores[sorted_rows], 9, strata=strata[sorted_rows], **call)
    assert_array_equal(np.sort(sorted_rows[as_sorted.indices]), got.indices)
    assert_allclose(got.weights, 1 / inclusion_probabilities(scores, 9)[got.indices])


def test_an_order_of_two_columns_spreads_the_sample():
    """A linear total has a quarter of uniform's standard deviation, or less."""
    points = np.random.default_rng(0).random((4096, 2))
    values = points @ [1.0, 2.0]
    errors = {"plain": [], "ordered": []}
    for seed in range(100):
        for name, found in errors.items():
            order = points if name == "ordered" else None
            chosen = draw(np.ones(4096), 128, order=order, random_state=seed)
            found.append(chosen.estimate(values[chosen.indices]) - values.sum())
    assert np.std(errors["ordered"]) < 0.25 * np.std(errors["plain"])


def test_rows_that_must_or_must_not_be_in():
    pi = np.zeros(10)
    pi[[2, 3]] = 1
    others = np.array([0, 1, 4, 5, 6, 7])
    pi[others] = inclusion_probabilities(SCORES[others], 2)
    banned = np.isin(np.arange(10), (8, 9))

    def rows(r):
        chosen = draw(SCORES, 4, include=[3, 2], exclude=banned, random_state=r)
        assert_allclose(chosen.weights, 1 / pi[chosen.indices])
        return chosen.indices

    assert largest_z(rows, pi) < 4.5


@pytest.mark.parametrize(
    "design",
    ["pivotal", "systematic", "balanced", "poisson", "priority", "multinomial"],
)
def test_included_rows_keep_their_input_weight_in_every_design(design):
    weight = np.arange(1.0, 11.0)
    chosen = draw(
        SCORES,
        5,
        design=design,
        include=GROUPS == 1,
        base_weight=weight,
        random_state=0,
    )
    assert_array_equal(chosen.indices, [1, 3, 5, 7, 9])
    assert_array_equal(chosen.weights, weight[GROUPS == 1])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"balance": X[:5]}, r"balance must hold one row for each of the 10 rows"),
        ({"balance": X * [1, np.nan]}, "balance must be finite, but 10 row"),
        ({"order": np.append(np.zeros(9), np.inf)}, "order must be finite, .* row 9"),
        (
            {"balance": X, "design": "pivotal"},
            "balance changes nothing under design='piv",
        ),
        (
            {"order": X, "design": "poisson"},
            "order changes nothing under design='poiss",
        ),
        (
            {"balance": np.eye(10)},
            "10 independent columns .* more than the 4 rows .* 6",
        ),
        ({"include": range(5)}, r"include names 5 rows, more than size=4 \(4 rows\)"),
        ({"include": [1, 2], "exclude": [2]}, "both name 1 row.*, the first is row 2"),
        ({"include": [True]}, "one bool for each of the 10 rows"),
    ],
)
def test_bad_arguments_are_named(given, words):
    with pytest.raises(ValueError, match=words):
        draw(np.ones(10), 4, **given)


def test_row_numbers_out_of_range_are_named():
    with pytest.raises(ValueError, match="exclude: there is no row 10"):
        draw(SCORES, 4, exclude=[10])
    with pytest.raises(ValueError, match="balance"):
        draw(SCORES, 4, balance=["a"] * 10)


def test_standard_errors_know_how_far_balanced_totals_are_off():
    """Without the landings of the draw, they would be far too small."""
    rng = np.random.default_rng(7)
    columns = rng.standard_t(4, size=(1000, 4))
    scores = 0.2 + np.abs(columns[:, 0])
    values = columns @ [1.0, 0.5, -1, 2]
    off, known, without = [], [], []
    for seed in range(200):
        chosen = draw(scores, 60, balance=columns, random_state=seed)
        mine = values[chosen.indices]
        off.append(chosen.estimate(mine) - values.sum())
        known.append(chosen.covariance(mine))
        blind = replace(chosen, design=replace(chosen.design, landings=None))
        without.append(blind.covariance(mine))
    variance = np.square(off).mean()
    assert 0.6 < np.mean(known) / variance < 1.6
    assert np.mean(without) / variance < 0.2

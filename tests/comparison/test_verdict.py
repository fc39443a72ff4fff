"""The verdict on constructed scores: known factors, ties, worse methods, few seeds."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.isotonic import isotonic_regression

from coreselect.comparison import Comparison, Result, _verdict
from coreselect.comparison._sentences import sentences

SIZES = (100, 200, 500, 1000)
# One number per seed, the same at every size: a factor can then be found exactly.
NOISE = np.random.default_rng(0).normal(scale=0.01, size=(8, 1))


def curve(factor=1.0, noise=NOISE, sizes=SIZES):
    """Scores that rise by log size; a method of this factor needs so many rows."""
    return 0.1 * np.log(np.asarray(sizes) / factor) + noise


def judged(scores, uniform=None, sizes=SIZES):
    uniform = curve() if uniform is None else uniform
    return _verdict.judge("it", list(sizes), scores, uniform)


def compared(seeds=8, failed=(), **methods):
    """Return a `Comparison` with these scores; `failed` methods have none."""
    methods = {"uniform": curve(), **methods}
    results = [
        Result(name, size, size, 0.1, 0.1, scores[:seeds, j].tolist())
        for name, scores in methods.items()
        for j, size in enumerate(SIZES)
    ]
    results += [Result(name, 100, 100, 0.1, 0.1, [], "no luck") for name in failed]
    full = Result("all rows", 9000, 9000, float("nan"), 0.5, [0.91])
    return Comparison(
        full, results, "regression", "Ridge", "R2", 9000, 3000, 4, None, seeds
    )


@pytest.mark.parametrize("factor", [0.25, 0.4, 0.5, 0.9])
def test_a_factor_is_found_and_inverted_where_the_two_are_swapped(factor):
    """Without noise between the two, the interval is the factor itself."""
    found = judged(curve(factor))
    assert_allclose([found.factor, found.low, found.high], factor, rtol=1e-6)
    assert found.kind == "better"
    assert_allclose(found.rows, factor * found.uniform_rows)
    swapped = judged(curve(), curve(factor))
    assert_allclose([swapped.factor, swapped.low, swapped.high], 1 / factor, rtol=1e-6)
    assert swapped.kind == "worse"


def test_a_factor_below_what_was_tried_is_a_bound():
    found = judged(curve(0.01))
    assert (found.at_most, found.at_least) == (True, False)
    assert_allclose(found.factor, 100 / 1000)
    swapped = judged(curve(), curve(0.01))
    assert (swapped.at_most, swapped.at_least) == (False, True)
    assert_allclose(swapped.factor, 1000 / 100)


def test_the_interval_holds_the_factor():
    """Independent noise, 60 times: 95 % intervals miss at most 9 times (p < .003)."""
    missed = 0
    for run in range(60):
        rng = np.random.default_rng(run)
        ours, uniform = rng.normal(scale=0.03, size=(2, 5, len(SIZES)))
        found = judged(curve(0.5, ours), curve(1.0, uniform))
        missed += not found.low <= 0.5 <= found.high
    assert missed <= 9


def test_ties_by_chance_are_rarely_called_better():
    """Independent noise, 120 times at 5 seeds: at most 5 % each way, or 15 in all."""
    kinds = []
    for run in range(120):
        rng = np.random.default_rng(run)
        ours, uniform = rng.normal(scale=0.03, size=(2, 5, len(SIZES)))
        kinds.append(judged(curve(1.0, ours), curve(1.0, uniform)).kind)
    assert kinds.count("level") >= 105


def test_an_exact_tie_is_level_also_on_a_plateau():
    flat = np.full((5, 4), 0.5)
    for scores in (curve(), flat, flat - np.array([0.1, 0, 0, 0])):
        found = judged(scores, scores.copy())
        assert (found.kind, found.factor) == ("level", 1.0)
        # Sums that differ in the last bits are a tie too.
        found = judged(scores * (1 + 1e-15), scores)
        assert (found.kind, found.better_at, found.worse_at) == ("level", (), ())
        assert_allclose(found.factor, 1)


def test_better_at_some_sizes_only():
    """The curves meet at the end, so the factor says nothing; the small sizes do."""
    lead = np.array([0.2, 0.05, 0.0, 0.0]) + 0.001 * NOISE[::-1]
    found = judged(curve() + lead)
    assert found.kind == "better"
    assert found.better_at == (100, 200)
    found = judged(curve() + lead * [1, 1, 1, 1] - np.array([0, 0, 0, 0.2]))
    assert found.kind == "partly"
    assert found.worse_at == (1000,)


def test_the_factor_is_that_of_the_sizes_that_differ():
    """One needs half the rows on the way; at the end there is nothing but noise."""
    lead = 0.1 * np.log(2) * np.array([1, 1, 0, 0])
    noise = np.random.default_rng(1).normal(scale=0.1, size=(2, 8, 4)) * [0, 0, 1, 1]
    found = judged(curve() + lead + noise[0], curve() + noise[1])
    assert (found.kind, found.size, found.level_beyond) == ("better", 200, True)
    assert_allclose([found.factor, found.low, found.high], 0.5, rtol=1e-6)
    (said,) = sentences([found], "R2")
    assert said.endswith("; beyond 200 rows the difference is within the noise.")


def test_a_uniform_sample_that_fails_once_does_not_hide_the_difference():
    """Ahead in each of twelve seeds, in one by far: the mean alone is all noise."""
    uniform = curve(noise=0.01 * np.random.default_rng(2).normal(size=(12, 4)))
    lead = np.full((12, 4), 0.02)
    lead[3] = 5.0
    assert judged(uniform + lead, uniform).better_at == SIZES
    assert judged(uniform, uniform + lead).worse_at == SIZES
    few = judged(uniform[:5] + lead[:5], uniform[:5])
    assert few.better_at == ()  # five seeds agree by chance once in sixteen times
    lead[::2] *= -1
    assert judged(uniform + lead, uniform).better_at == ()


def test_one_size_is_judged_by_its_scores():
    uniform = curve()[:, :1]
    found = judged(uniform + 0.1, uniform, SIZES[:1])
    assert (found.kind, found.better_at) == ("better", (100,))
    assert np.isnan(found.factor)
    assert judged(uniform, uniform, SIZES[:1]).kind == "level"


def test_monotone_curves_are_isotonic_regressions():
    curves = np.random.default_rng(0).normal(size=(50, 6))
    expected = [isotonic_regression(curve) for curve in curves]
    assert_allclose(_verdict._monotone(curves), expected)


def test_a_failing_score_is_told_and_leaves_the_others():
    found = compared(good=curve(0.5), failed=["bad"])
    assert [v.kind for v in found.verdicts()] == ["better", "failed"]
    *_, good, bad = found.summary().splitlines()
    assert good.startswith("good needs 0.5")
    assert bad == "bad failed: no luck."
    assert found.best(100) == "good"


def test_words():
    """Factor, interval and rows of a better method; a worse one; ties together."""
    found = compared(good=curve(0.5), far=curve(0.01), even=curve(), poor=curve(2.0))
    first, good, far, poor, even = found.summary().splitlines()
    assert first == "All 9,000 training rows reach R2 0.91."
    assert good == (
        "good needs 0.5 of uniform's rows for R2 0.694 (95 % interval 0.5 to 0.5): 500 "
        "of its rows do what 1,000 uniform rows do."
    )
    assert far == (
        "far needs at most 0.1 of uniform's rows for R2 0.694 (95 % interval: up to "
        "0.1): 100 of its rows do what 1,000 uniform rows do."
    )
    assert poor == (
        "poor needs 2 times uniform's rows for R2 0.625 (95 % interval 2 to 2): it is "
        "worse than uniform here."
    )
    assert even == (
        "even is not better than uniform here: the difference is within the noise of "
        "the seeds."
    )


def test_few_seeds_have_no_interval_and_say_so():
    for seeds in (1, 4):
        found = compared(seeds, good=curve(0.5))
        assert [v.kind for v in found.verdicts()] == ["unknown"]
        *_, said, warned = found.summary().splitlines()
        assert said.startswith("good seems to need 0.5 of uniform's rows for R2 0.69")
        assert warned.startswith("With fewer than 5 seeds there is no interval")
    lone = replace(found, results=[r for r in found.results if r.size == 100])
    assert "good needs more seeds for a verdict." in lone.summary().splitlines()


def test_noise_is_marked_row_by_row():
    other = curve(1.0, NOISE[::-1])
    found = compared(seeds=8, other=other, good=curve(0.5))
    notes = {(r["method"], r["size"]): r["note"] for r in found.rows()}
    assert notes["good", 100] == notes["uniform", 100] == ""
    assert notes["other", 100] == "within noise"
    assert not any(row["note"] for row in compared(1, other=other).rows())


def test_the_table_is_ranked_and_escaped():
    found = compared(**{"<script>": curve(0.5)}, failed=["bad"])
    ranked = [(r["method"], r["size"]) for r in found.rows(ranked=True)][:4]
    assert ranked == [
        ("all rows", 9000),
        ("<script>", 100),
        ("uniform", 100),
        ("bad", 100),
    ]
    text, html = repr(found), found._repr_html_()
    assert "failed: no luck" in text
    assert "<script>" not in html
    assert "&lt;script&gt; needs 0.5" in html
    lines = text.splitlines()[3:7]
    assert len({line.index("R2") for line in lines[:1]}) == 1
    assert lines[1].startswith("all rows      9,000")

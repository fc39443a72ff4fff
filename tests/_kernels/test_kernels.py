"""Every kernel against its slow twin; run with JIT on and off."""

import ast
import importlib
import itertools
import re
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import coreselect
from coreselect._kernels import draws, norms, warmup
from tests._kernels import reference


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def scores_of_all_sizes(rng, n=200):
    scores = rng.pareto(1.0, n)
    scores[::7] = 0
    return scores


def test_split_large_matches_its_twin(rng):
    scores = scores_of_all_sizes(rng)
    large, rest = draws.split_large(scores, 1.5, len(scores))
    wanted, wanted_rest = reference.split_large(scores, 1.5, len(scores))
    assert_array_equal(large, wanted)
    assert_allclose(rest, wanted_rest, rtol=1e-13)


def codes_of(n_groups, rng):
    """Return groups of 200 rows, the last of which has none; None for one group."""
    return None if n_groups == 1 else rng.integers(n_groups - 1, size=200)


@pytest.mark.parametrize("n_groups", [1, 5])
@pytest.mark.parametrize("scale", [0.01, 0.1, 1.0])
def test_pivot_matches_its_twin(rng, scale, n_groups):
    scores, uniforms = scores_of_all_sizes(rng), rng.random(200)
    codes, states = codes_of(n_groups, rng), []
    for pivot in (draws.pivot, reference.pivot):
        carried = draws.Carried(np.full(n_groups, 7), np.full(n_groups, 0.25))
        selected = pivot(scores, scale, uniforms, codes, 1000, carried)
        states.append((selected, *carried))
    got, wanted = states
    assert_array_equal(got[0], wanted[0])
    assert_array_equal(got[1], wanted[1])
    assert_allclose(got[2], wanted[2], rtol=1e-12)


@pytest.mark.parametrize("n_groups", [1, 5])
def test_pivot_in_parts_is_pivot_in_one_go(rng, n_groups):
    scores, uniforms = scores_of_all_sizes(rng), rng.random(200)
    codes, states = codes_of(n_groups, rng), []
    for cuts in ([0, 200], [0, 77, 78, 200]):
        selected, carried = [], draws.start_pivot(n_groups)
        for start, stop in itertools.pairwise(cuts):
            rows = slice(start, stop)
            group = None if codes is None else codes[rows]
            given = scores[rows], 0.05, uniforms[rows], group, start, carried
            selected.extend(draws.pivot(*given))
        states.append([selected, carried.rows.tolist(), carried.chances.tolist()])
    assert states[0] == states[1]


def test_pivot_takes_certain_rows_and_never_rows_of_score_zero(rng):
    scores = np.array([0.0, 5.0, 0.5, 0.0, 0.5, 9.0])
    for _ in range(50):
        last = draws.start_pivot(1)
        selected = draws.pivot(scores, 1.0, rng.random(6), None, 0, last)
        rows = {*selected.tolist(), *last.rows[last.chances > 0.5].tolist()}
        assert {1, 5} <= rows <= {1, 2, 4, 5}
        assert len(rows) == 3


@pytest.mark.parametrize("n_groups", [1, 5])
@pytest.mark.parametrize("cuts", [[0, 200], [0, 77, 78, 200]])
@pytest.mark.parametrize("scale", [0.0, 0.2])
def test_locate_matches_its_twin(rng, n_groups, cuts, scale):
    scores, codes = scores_of_all_sizes(rng), codes_of(n_groups, rng)
    terms = np.where(scale * scores < 1, scale * scores, 0) if scale else scores
    thresholds = np.sort(rng.random(40)) * terms.sum()
    totals = None if codes is None else np.bincount(codes, terms, minlength=n_groups)
    search = draws.start_search(thresholds, totals)
    for start, stop in itertools.pairwise(cuts):
        group = None if codes is None else codes[start:stop]
        draws.locate(scores[start:stop], scale, group, start, thresholds, search)
    wanted = reference.locate(scores, scale, codes, thresholds)
    assert_array_equal(draws.rows_found(search), wanted)


@pytest.mark.parametrize(
    ("codes", "totals", "wanted"),
    [(None, None, [0, 1, 1]), ([0, 1, 1], [0.5, 0.5, 0.0], [0, 1, 1])],
)
def test_thresholds_beyond_the_end_go_to_the_last_positive_row(codes, totals, wanted):
    terms, thresholds = np.array([0.5, 0.5, 0.0]), np.array([0.2, 1.0, 1.1])
    codes = None if codes is None else np.array(codes)
    search = draws.start_search(thresholds, totals)
    draws.locate(terms, 0.0, codes, 0, thresholds, search)
    assert_array_equal(draws.rows_found(search), wanted)


def test_thresholds_beyond_the_end_of_a_group_stay_in_it():
    """The sum of the first group, rounded down, is below what it was said to be."""
    terms, thresholds = np.array([0.5, 0.5]), np.array([0.1, 0.5, 0.9])
    search = draws.start_search(thresholds, np.array([0.6, 0.5]))
    draws.locate(terms, 0.0, np.array([0, 1]), 0, thresholds, search)
    assert_array_equal(draws.rows_found(search), [0, 0, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_row_sq_norms_match_their_twin_for_every_layout(rng, dtype, order):
    X = np.asarray(rng.standard_normal((50, 7)), dtype=dtype, order=order)
    X.flags.writeable = False
    assert_allclose(norms.row_sq_norms(X), reference.row_sq_norms(X), rtol=1e-14)


def test_row_sq_norms_of_nan_are_nan():
    assert np.isnan(norms.row_sq_norms(np.array([[1.0, np.nan]])))[0]


def called_outside():
    """Return the kernels that modules outside `_kernels` call, as module and name."""
    package = Path(coreselect.__file__).parent
    found = set()
    for path in package.rglob("*.py"):
        if path.parent.name == "_kernels":
            continue
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            if node.module == "coreselect._kernels":  # modules, such as `kernels`
                for alias in node.names:
                    used = re.findall(rf"\b{alias.asname or alias.name}\.(\w+)", text)
                    found |= {(alias.name, name) for name in used}
            elif node.module.startswith("coreselect._kernels."):
                module = node.module.split(".")[-1]
                found |= {(module, alias.name) for alias in node.names}
    return {
        (module, name)
        for module, name in found
        if hasattr(kernel(module, name), "signatures")
    }


def kernel(module, name):
    return getattr(importlib.import_module(f"coreselect._kernels.{module}"), name)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_warmup_compiles_every_kernel_that_is_called():
    """In a new process, since the kernels of this one may be compiled already."""
    wanted = sorted(f"{module}.{name}" for module, name in called_outside())
    assert len(wanted) > 30
    code = """
import importlib, sys
import coreselect
def compiled():
    found = []
    for place in sys.argv[1:]:
        module, name = place.split(".")
        module = importlib.import_module(f"coreselect._kernels.{module}")
        found += [place] if getattr(module, name).signatures else []
    return found
before = compiled()
coreselect.warmup()
print(len(before), *compiled())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *wanted],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["0", *wanted]


def test_warmup_runs_without_the_compiler():
    assert warmup() is None

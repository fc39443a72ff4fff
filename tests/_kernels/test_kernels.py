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


@pytest.mark.parametrize("scale", [0.01, 0.1, 1.0])
def test_pivot_matches_its_twin(rng, scale):
    scores, uniforms = scores_of_all_sizes(rng), rng.random(200)
    got = draws.pivot(scores, scale, uniforms, 1000, 7, 0.25)
    wanted = reference.pivot(scores, scale, uniforms, 1000, 7, 0.25)
    assert_array_equal(got[0], wanted[0])
    assert got[1] == wanted[1]
    assert_allclose(got[2], wanted[2], rtol=1e-12)


def test_pivot_in_chunks_is_pivot_in_one_go(rng):
    scores, uniforms = scores_of_all_sizes(rng), rng.random(200)
    whole = draws.pivot(scores, 0.05, uniforms, 0, -1, 0.0)
    first = draws.pivot(scores[:77], 0.05, uniforms[:77], 0, -1, 0.0)
    second = draws.pivot(scores[77:], 0.05, uniforms[77:], 77, *first[1:])
    assert_array_equal(whole[0], np.concatenate([first[0], second[0]]))
    assert whole[1:] == second[1:]


def test_pivot_takes_certain_rows_and_never_rows_of_score_zero(rng):
    scores = np.array([0.0, 5.0, 0.5, 0.0, 0.5, 9.0])
    for _ in range(50):
        selected, last, carry = draws.pivot(scores, 1.0, rng.random(6), 0, -1, 0.0)
        rows = {*selected.tolist(), last} if carry > 0.5 else set(selected.tolist())
        assert {1, 5} <= rows <= {1, 2, 4, 5}
        assert len(rows) == 3


def test_pivot_groups_is_pivot_of_each_group(rng):
    scores, uniforms = scores_of_all_sizes(rng), rng.random(200)
    starts = np.array([0, 3, 3, 60, 61, 200])
    chosen, left, carries = draws.pivot_groups(scores, 0.05, uniforms, starts)
    parts = [
        reference.pivot(scores[a:b], 0.05, uniforms[a:b], a, -1, 0.0)
        for a, b in itertools.pairwise(starts)
    ]
    assert_array_equal(chosen, np.concatenate([part[0] for part in parts]))
    kept = [part for part in parts if part[1] >= 0]
    assert_array_equal(left, [part[1] for part in kept])
    assert_allclose(carries, [part[2] for part in kept], rtol=1e-12)


def test_locate_matches_its_twin(rng):
    scores = scores_of_all_sizes(rng)
    thresholds = np.sort(rng.random(40)) * scores.sum()
    wanted = reference.locate(scores, 0.0, thresholds)
    assert_array_equal(draws.locate(scores, 0.0, thresholds), wanted)
    steps = 0.3 + np.arange(5)
    wanted = reference.locate(scores, 0.2, steps)
    assert_array_equal(draws.locate(scores, 0.2, steps), wanted)


def test_locate_gives_thresholds_beyond_the_end_to_the_last_positive_row():
    found = draws.locate(np.array([0.5, 0.5, 0.0]), 0.0, np.array([0.2, 1.0]))
    assert_array_equal(found, [0, 1])


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

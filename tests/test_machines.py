"""The same rows on every machine: another BLAS, no SIMD, kernels compiled anew."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.selected_rows import DATA
from tools.other_kernel import settings

ROOT = Path(__file__).parent.parent
# Weights are sums and solutions of small systems: what rounding does to them is far
# below 1e-6. Fits of other libraries on float32 round to 1e-7 before they are weighed.
CLOSE, CLOSE_SINGLE = 1e-6, 1e-3


def output(*arguments, **extra):
    """Return what a Python process prints under some settings of the environment."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **extra},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def chosen():
    """What this machine chooses, and what another would."""
    run = "-m", "tests.selected_rows"
    return json.loads(output(*run)), json.loads(output(*run, **settings()))


def test_the_other_kernel_is_another():
    code = """
import numpy, scipy.linalg, threadpoolctl
print({i.get("architecture") for i in threadpoolctl.threadpool_info()})
print(numpy.show_config(mode="dicts")["SIMD Extensions"].get("found"))
"""
    changed = settings()
    here, there = (output("-c", code, **e).splitlines() for e in ({}, changed))
    assert (here[0] != there[0]) == ("OPENBLAS_CORETYPE" in changed)
    assert (here[1] != there[1]) == ("NPY_DISABLE_CPU_FEATURES" in changed)


@pytest.mark.slow
@pytest.mark.parametrize("data", DATA)
def test_rows_are_the_same_on_another_machine(data, chosen):
    here, there = (found[data] for found in chosen)
    assert here.keys() == there.keys()
    tolerance = CLOSE_SINGLE if data == "float32" else CLOSE
    for name, found in here.items():
        assert found["rows"] == there[name]["rows"], name
        np.testing.assert_allclose(
            there[name]["numbers"], found["numbers"], rtol=tolerance, err_msg=name
        )


EXCHANGE = """
import numpy as np
from coreselect._kernels.vectorsum import exchange
rng = np.random.default_rng(0)
A = rng.standard_normal((60, 28))
print([values.tobytes().hex() for values in exchange(A, rng.random(60))])
"""


@pytest.mark.slow
def test_a_process_that_compiles_sums_as_one_that_loads(tmp_path):
    """To the last bit, and as any other processor."""
    first, second = (
        output("-c", EXCHANGE, NUMBA_CACHE_DIR=str(tmp_path)) for _ in "12"
    )
    assert first == second
    assert first == output("-c", EXCHANGE, NUMBA_CPU_NAME="generic")

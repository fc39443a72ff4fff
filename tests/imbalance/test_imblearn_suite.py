"""imbalanced-learn's own tests, unmodified, with our classes in place of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import imblearn
import pytest

from tests.imbalance.imblearn_plugin import EXPECTED_FAILURES

ROOT = Path(__file__).parents[2]
MODULES = (
    "imblearn.over_sampling",
    "imblearn.under_sampling",
    "imblearn.combine",
    "imblearn.tests.test_pipeline",
)
# Its checks of every sampler. Left out are scikit-learn's checks, which our own
# test_common runs: they fit tiny data, of which the original's `fit` looks at y only,
# while ours does the work, so that k_neighbors=5 is too many.
COMMON = (
    "test_estimators_imblearn or test_check_param_validation or test_strategy or "
    "test_pandas_column_name_consistency or test_all_estimator_no_base_class"
)
SAMPLERS = "not Bagging and not Forest and not Ensemble and not Boost and not Pipeline"

pytestmark = pytest.mark.skipif(
    tuple(map(int, imblearn.__version__.split(".")[:3])) < (0, 14, 2),
    reason="the protocol is that of imbalanced-learn 0.14.2",
)


def run(tmp_path, *arguments, **environment):
    """Run pytest with the plugin; return its output and counts by outcome."""
    (tmp_path / "empty.ini").write_text("[pytest]\n")  # none of our own settings
    plugins = ["-p", "tests.imbalance.imblearn_plugin", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-c", "empty.ini", "--rootdir", "."]
    command += [*plugins, "-q", "-W", "ignore", "--tb", "line", "--pyargs", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    environment.pop("NUMBA_DISABLE_JIT", None)
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    summary = done.stdout.strip().splitlines()[-1]
    counts = {
        outcome: int(number)
        for number, outcome in re.findall(r"(\d+) (passed|failed|xfailed)", summary)
    }
    return done.stdout, counts


@pytest.mark.slow
def test_its_tests_pass_on_our_classes(tmp_path):
    output, counts = run(tmp_path, *MODULES)
    assert "failed" not in counts, output
    assert "xfailed" not in counts, output
    assert counts["passed"] >= 246, output


def test_few_tests_are_excluded_each_with_a_reason():
    assert len(EXPECTED_FAILURES) <= 5
    assert all(len(reason) > 20 for reason in EXPECTED_FAILURES.values())


@pytest.mark.slow
def test_they_fail_if_our_classes_are_wrong(tmp_path):
    """No rows at all, and every test module of a sampler notices."""
    output, _ = run(tmp_path, *MODULES, CORESELECT_WRONG="1")
    failed = set(re.findall(r"FAILED \S*?(\w+)\.py::", output))
    tested = {
        path.stem
        for package in ("over_sampling", "under_sampling", "combine")
        for path in (Path(imblearn.__file__).parent / package).rglob("test_*.py")
    }
    # These two compare what ours return with each other, and look at attributes.
    assert tested - failed <= {"test_svm_smote", "test_neighbourhood_cleaning_rule"}


@pytest.mark.slow
def test_its_checks_of_samplers_pass_on_our_classes(tmp_path):
    output, counts = run(
        tmp_path, "imblearn.tests.test_common", "-k", f"({COMMON}) and {SAMPLERS}"
    )
    assert "failed" not in counts, output
    assert counts["passed"] >= 300, output

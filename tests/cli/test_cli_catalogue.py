"""The command line knows every method without importing it, and helps with names."""

import subprocess
import sys

import pytest

import coreselect
from coreselect.cli.catalogue import PATH, all_methods, find
from tools.methods import text

HEAVY = ("numpy", "scipy", "sklearn", "numba", "pyarrow")


def test_the_descriptions_fit_the_classes():
    assert PATH.read_text(encoding="utf-8") == text(), "run: make tables"


def test_every_exported_method_is_known():
    known = {**coreselect.all_selectors(), **coreselect.all_resamplers()}
    assert [method.load() for method in all_methods().values()] == list(known.values())


@pytest.mark.parametrize(
    "words",
    [
        ["methods"],
        ["methods", "--json"],
        *(["select", "--method", m, "--help"] for m in ("leverage", "lewis", "tarot")),
        ["resample", "--method", "SMOTE", "--help"],
        ["select", "--method", "levrage"],
        ["select", "in.csv", "--method", "kmeans", "--n-cluster", "3"],
    ],
)
def test_descriptions_and_help_import_nothing_heavy(words):
    code = (
        "import sys; from coreselect.cli import main; main(sys.argv[1:])\n"
        f"print('imported:', *({set(HEAVY)} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "imported:", done.stderr


@pytest.mark.parametrize(
    ("name", "class_name"),
    [
        ("leverage", "LeverageSelector"),
        ("Leverage", "LeverageSelector"),
        ("LeverageSelector", "LeverageSelector"),
        ("leverage_selector", "LeverageSelector"),
        ("GREEDY_DPP", "GreedyDPPSelector"),
        ("KMeansSensitivitySelector", "KMeansSensitivitySelector"),
        ("AutoCoreset", "AutoCoreset"),
        ("tarot", "TAROT"),
    ],
)
def test_methods_are_found_by_any_of_their_names(name, class_name):
    assert find(name, selects=True).class_name == class_name


def test_no_two_methods_share_a_name():
    for method in all_methods().values():
        for name in (method.name, method.class_name, method.name.upper()):
            assert find(name, selects=method.selects) == method


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["slect"], "Did you mean 'select'?"),
        (["select", "--method", "leverge"], "Did you mean 'leverage'?"),
        (["select", "--method", "SMOTE"], "use `coreselect resample`"),
        (["select", "--sed", "3"], "no option --sed. Did you mean '--seed'?"),
        (["select", "--n_select", "3"], "Did you mean '--n-select'?"),
        (["select", "--n-clusters", "3"], "belongs to --method kmeans, group."),
        (
            ["select", "a", "--method", "uniform", "--design", "pivtal"],
            "systematic, pivotal, priority, balanced. Did you mean 'pivotal'?",
        ),
        (["select"], "missing: IN, -o OUT, --method NAME (one of uniform, leverage, "),
        (["select", "a.csv", "--method", "rs2"], "missing: -o OUT, -n N\n"),
        (["select", "a.csv", "-o", "b", "--method", "auto"], "--estimator NAME (one"),
        (["resample", "a.csv", "--method", "smote"], "missing: -o OUT, --target COL\n"),
        (["select", "a", "b", "-o", "c", "-n", "3", "--method", "rs2"], "arguments: b"),
    ],
)
def test_what_is_wrong_is_said_with_the_way_out(cli, words, message):
    done = cli(*words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.splitlines()[-1].startswith("Try: coreselect")


@pytest.fixture
def command(tmp_path):
    """The words of a command that imports all that a command may need."""
    (tmp_path / "in.csv").write_text("a\n" + "1\n2\n" * 20)
    return ["select", "in.csv", "-o", "out.csv", "--method", "lewis", "-n", "9"]


INTERRUPTED = """
import os, signal, sys
from coreselect.cli import main

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    "module",
    [
        "coreselect.cli.running",
        "argparse",
        "coreselect.cli.arguments.select",
        "coreselect.cli.select",
        "numpy.linalg",
        "sklearn.base",
        "numba.core",
        "pyarrow.csv",
    ],
)
def test_an_interrupt_during_any_import_is_one_line(module, command, tmp_path):
    words = [sys.executable, "-c", INTERRUPTED, module, *command]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == "coreselect: interrupted; nothing was written\n"
    assert (done.returncode, done.stdout) == (130, "")
    assert not (tmp_path / "out.csv").exists()

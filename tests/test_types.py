"""What editors and type checkers see: names, signatures and types."""

import inspect
import re

import jedi
import pytest
from mypy import api

import coreselect
from tests.test_repository import ROOT, public_objects, resolve
from tools.check_types import code_of
from tools.stub import STUB, stub

CONFIG = str(ROOT / "pyproject.toml")


def test_the_stub_fits_the_exports():
    """A new export is in the stub after `make tables`."""
    assert STUB.read_text(encoding="utf-8") == stub()


@pytest.mark.parametrize(
    ("written", "completed"),
    [
        ("coreselect.Lev", "LeverageSelector"),
        ("coreselect.SMOTET", "SMOTETomek"),
        ("coreselect.lin", "linalg"),
        ("coreselect.linalg.lev", "leverage_scores"),
        ("coreselect.LeverageSelector().sele", "select"),
        ("coreselect.LeverageSelector().fit([[1.0]]).select().wei", "weights"),
    ],
)
def test_editors_complete(written, completed):
    script = jedi.Script(f"import coreselect\n{written}")
    assert completed in [found.name for found in script.complete()]


def test_editors_complete_every_name():
    found = jedi.Script("import coreselect\ncoreselect.").complete()
    # `dir` also lists the classes that other tests have registered.
    names = {*coreselect.__all__, *coreselect._SUBMODULES} - {"__version__"}
    assert {name.name for name in found} >= names


# --- Annotations ----------------------------------------------------------------------

# `coreselect.rows.open` makes these, not a user.
NOT_MADE = {"coreselect.rows.Rows"}


def signatures():
    """Public functions, constructors, methods and properties, by name."""
    for path in public_objects():
        thing = resolve(path)
        if inspect.isfunction(thing):
            yield path, thing, 0
        if not inspect.isclass(thing):
            continue
        for name, member in vars(thing).items():
            function = getattr(member, "__func__", getattr(member, "fget", member))
            private = name.startswith("_") and name != "__init__"
            private |= getattr(member, "__module__", "") == "typing"  # of a protocol
            if private or name == "examples" or path in NOT_MADE:
                continue
            if inspect.isfunction(function):
                skipped = not isinstance(member, staticmethod)
                yield f"{path}.{name}", function, int(skipped)


def test_everything_public_is_annotated():
    """`examples`, for the checks, are left out."""
    missing = []
    for path, function, skipped in signatures():
        named = [*inspect.signature(function).parameters][skipped:]
        given = function.__annotations__
        missing += [f"{path}: {n}" for n in [*named, "return"] if n not in given]
    assert missing == []


def test_signatures_are_short():
    """A notebook shows `X: 'RowsLike'`, not the dozen types that this stands for.

    That takes ``from __future__ import annotations`` at the top of a file.
    """
    for path, function, _ in signatures():
        assert "numpy._typing" not in str(inspect.signature(function)), path


REVEALED = """
import numpy as np
import coreselect
from coreselect import CoresetEstimator, LeverageSelector, SMOTE, Selection, draw
from coreselect.linalg import leverage_scores, lewis_weights

X = np.ones((9, 2))
selector = LeverageSelector(3, random_state=0).fit(X)
reveal_type(selector)  # LeverageSelector
reveal_type(selector.select())  # Selection
reveal_type(selector.selection_)  # Selection
reveal_type(selector.sample_weight_)  # array of float64
reveal_type(LeverageSelector().fit_select(X, y=None))  # Selection
reveal_type(draw([1.0, 2.0], 1))  # Selection
reveal_type(Selection([0], [1.0], 3).weights)  # array of float64
reveal_type(Selection([0], [1.0], 3).then(selector.select()))  # Selection
reveal_type(Selection.load("few.npz"))  # Selection
reveal_type(leverage_scores(X))  # array of float64
reveal_type(lewis_weights(X, 1))  # array of float64
reveal_type(lewis_weights(X, 1, full_output=True).n_iter)  # int
reveal_type(coreselect.certify(selector.select(), X))  # Certificate
reveal_type(coreselect.certify(selector.select(), X).epsilon)  # float
reveal_type(coreselect.compare(X, X[:, 0]))  # Comparison
reveal_type(coreselect.compare(X, X[:, 0]).best(3))  # str
reveal_type(coreselect.rows.open("a.csv"))  # Rows
reveal_type(coreselect.vectorsum.caratheodory(X)[1])  # array of float64
reveal_type(SMOTE(k_neighbors=3).fit(X, [0] * 9))  # SMOTE
reveal_type(coreselect.all_selectors())  # dict[str, type[BaseSelector]]
reveal_type(CoresetEstimator(None, selector).fit(X))  # CoresetEstimator
"""

WRONG = """
from coreselect import LeverageSelector, RandomUnderSampler, draw
from coreselect.linalg import leverage_scores

LeverageSelector(design="pivotl")
LeverageSelector(alpha="1")
LeverageSelector(n_selected=3)
RandomUnderSampler(weights="priors")
draw([1.0], "two")
leverage_scores([[1.0]], solver="cholesky")
"""


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """Return a function that checks code: (line, message) of all that mypy says."""
    folder = tmp_path_factory.mktemp("mypy")

    def check(code):
        path = folder / "snippet.py"
        path.write_text(code, encoding="utf-8")
        cache = f"--cache-dir={ROOT / '.mypy_cache'}"
        out, err, _ = api.run([cache, "--config-file", CONFIG, str(path)])
        assert not err
        found = re.findall(r"snippet\.py:(\d+): (?:error|note): (.*)", out)
        return [(int(line), text) for line, text in found]

    return check


def test_types_are_revealed(mypy):
    """Each comment is what mypy says of the line, without the paths of modules."""
    said = {}
    for line, text in mypy(REVEALED):
        short = re.sub(r"[\w.]+\.", "", text)
        said[line] = re.sub(r"ndarray\[.*dtype\[(\w+)\]\]", r"array of \1", short)
    for number, line in enumerate(REVEALED.splitlines(), 1):
        if line.startswith("reveal_type"):
            expected = line.rpartition("  # ")[2]
            assert said[number] == f'Revealed type is "{expected}"', line


def test_wrong_calls_are_found(mypy):
    lines = {line for line, _ in mypy(WRONG)}
    calls = [n for n, line in enumerate(WRONG.splitlines(), 1) if "(" in line]
    assert lines == set(calls)


def test_the_code_of_a_page_keeps_its_lines():
    page = "Text\n```pycon\n>>> for i in x:\n...     i\n1\n```\n```sh\nls\n```\n"
    code = ["", "", "for i in x:", "    i", "", "", "", "", ""]
    assert code_of(page).splitlines() == code

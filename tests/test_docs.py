"""The documentation: its references, its lists and its figures."""

import ast
import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "coreselect").rglob("*.py"))
SECTION = re.compile(r"^References\n-+\n(.*?)(?:^\w|\Z)", re.S | re.M)
IDENTIFIER = re.compile(r":doi:`10\.\d{4,5}/\S+`|:arxiv:`\d{4}\.\d{4,5}`|ISBN [\d-]+\d")


def references(path):
    """Every entry below a heading References in the docstrings of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            text = ast.get_docstring(node) or ""
            for section in re.findall(
                r"^References\n-+\n(.*?)(?:^\w|\Z)", text, re.S | re.M
            ):
                yield from re.split(r"^\.\. \[\d+\]", section, flags=re.M)[1:]


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if any(references(path))], ids=lambda p: p.stem
)
def test_every_reference_can_be_looked_up(path):
    """It names a DOI, a number on arXiv or an ISBN."""
    missing = [
        " ".join(e.split()) for e in references(path) if not IDENTIFIER.search(e)
    ]
    assert not missing


def test_references_without_identifier_are_found(tmp_path):
    source = tmp_path / "module.py"
    source.write_text(
        '"""Do.\n\nReferences\n----------\n.. [1] A. Author, "Title", 2001.\n"""\n'
    )
    (entry,) = references(source)
    assert "Title" in entry
    assert not IDENTIFIER.search(entry)


def test_install_page_names_every_extra():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    extras = config["options.extras_require"]
    assert [extra for extra in extras if f"`{extra}`" not in page] == []

"""The documentation in a browser, if `make docs` has built it."""

from pathlib import Path

import pytest

BUILT = Path(__file__).parent.parent / "docs" / "_build" / "html"
PAGES = ("index.html", "which_selector.html", "generated/api.html")


@pytest.mark.parametrize("width", [1440, 1100, 390])
@pytest.mark.parametrize("page", PAGES)
def test_pages_are_whole(page, width, browse):
    path = BUILT / page
    if not path.is_file():
        pytest.skip(f"there is no {path}; run make docs first")
    opened = browse(path, width)
    opened.shoot(f"docs-{path.stem}-{width}")
    assert opened.complaints() == []
    assert opened.broken_images() == []
    assert opened.overflow() <= 0
    cut = opened.run(
        "const header = document.querySelector('header, .bd-header');"
        "return [...header.querySelectorAll('a, button')].filter(e => e.offsetParent)"
        ".filter(e => e.getBoundingClientRect().right > window.innerWidth + 1)"
        ".map(e => e.textContent.trim())"
    )
    assert cut == []
    tops = opened.run(
        "return [...document.querySelectorAll('.bd-header .navbar-nav > li > a')]"
        ".filter(e => e.offsetParent).map(e => e.getBoundingClientRect().top)"
    )
    assert not tops or max(tops) - min(tops) < 10, "the header has two lines"


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("install", "install.html"),
        ("reduce dataset size", "index.html"),
        ("citation", "citing.html"),
    ],
)
def test_search_finds_the_page_first(words, page, browse):
    """A stranger types the words that a stranger has."""
    path = BUILT / "search.html"
    if not path.is_file():
        pytest.skip(f"there is no {path}; run make docs first")
    opened = browse(path, query="?q=" + words.replace(" ", "+"))
    found = opened.wait("return document.querySelector('#search-results li a')?.href")
    assert page in found

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

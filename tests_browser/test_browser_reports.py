"""Reports in a browser: wide and narrow, light and dark."""

import numpy as np
import pandas as pd
import pytest

from coreselect import LeverageSelector, Selection, compare, report
from coreselect.reports import comparison_page

N = 4000


@pytest.fixture(scope="session")
def table():
    """Rows of many kinds of columns, with names that want to be tags."""
    rng = np.random.default_rng(0)
    days = pd.to_timedelta(rng.integers(0, 900, N), unit="D")
    frame = pd.DataFrame(
        {
            "carat": np.exp(rng.standard_normal(N) / 2),
            "depth": rng.normal(61, 1.5, N),
            "cut": rng.choice(["ideal", "good", "fair <b>"], N, p=[0.5, 0.3, 0.2]),
            "sold": pd.Timestamp("2023-01-01") + days,
            "certified": rng.random(N) < 0.3,
            "<script>alert('a name')</script>": rng.standard_t(3, N),
            "a name that is much longer than any column of a table has": rng.random(N),
            "id": [f"stone {i}" for i in range(N)],
        }
    )
    frame.loc[::9, "depth"] = np.nan
    frame["price"] = 4000 * frame["carat"] ** 1.5 * np.exp(rng.normal(0, 0.2, N))
    return frame


@pytest.fixture(scope="session")
def pages(table, tmp_path_factory):
    """Paths of pages, by name."""
    folder = tmp_path_factory.mktemp("pages")
    X = table[["carat", "a name that is much longer than any column of a table has"]]
    selector = LeverageSelector(100, fit_intercept=True, random_state=0).fit(X)
    found = compare(table, "price", methods=["leverage"], sizes=[50, 200], n_seeds=3)
    made = {
        "full": report(table, selector.selection_, "price", comparison=found),
        "empty": report(table, Selection([], [], N)),
        "comparison": comparison_page(found),
    }
    for name, page in made.items():
        page.save(folder / f"{name}.html")
    return {name: folder / f"{name}.html" for name in made}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", ["full", "empty", "comparison"])
def test_the_page_can_be_read(name, width, scheme, pages, browse):
    page = browse(pages[name], width, scheme)
    page.shoot(f"report-{name}-{width}-{scheme}")
    assert page.complaints() == []
    assert page.overflow() <= 0
    assert page.requests() == []
    assert page.broken_images() == []
    assert page.pale() == []
    pictures = page.run(
        "return [...document.querySelectorAll('[role=img]')].map(e => ["
        "e.getAttribute('aria-label'), e.querySelector('svg').getBBox().width,"
        "e.getBoundingClientRect().width])"
    )
    assert len(pictures) == {"full": 3, "empty": 1, "comparison": 1}[name]
    for label, drawn, shown in pictures:
        assert label
        assert drawn > 100
        assert 250 < shown <= width
    # Text in pictures stays legible when they shrink.
    sizes = page.run(
        "return [...document.querySelectorAll('svg text')]"
        ".map(e => e.getBoundingClientRect().height)"
    )
    assert min(sizes) > 7


def test_dark_pages_are_dark(pages, browse):
    script = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g)"
    for scheme, dark in (("light", False), ("dark", True)):
        colour = browse(pages["full"], scheme=scheme).run(script)
        assert (sum(map(int, colour)) < 200) == dark


def test_names_of_columns_run_nothing(pages, browse):
    page = browse(pages["full"])
    assert page.run("return document.scripts.length") == 0
    text = page.run("return document.body.innerText")
    assert "<script>alert('a name')</script>" in text


def test_wide_tables_scroll_by_keyboard(pages, browse):
    page = browse(pages["full"], 390)
    script = (
        "return [...document.querySelectorAll('.scroll')]"
        ".map(e => [e.scrollWidth > e.clientWidth, e.tabIndex, e.ariaLabel])"
    )
    found = page.run(script)
    assert any(scrolls for scrolls, _, _ in found)
    assert all(index == 0 and label for _, index, label in found)

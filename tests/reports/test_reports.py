"""The page on a selection: what it says is true, whatever holds the rows."""

import re
import sys
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

import coreselect
from coreselect import LeverageSelector, Selection, UniformSelector, certify, report
from coreselect.plot.view import sample_of, view_of
from coreselect.reports import Report, comparison_page
from coreselect.reports._alike import alike, shown
from coreselect.reports._near import copies_of, coverage_of
from coreselect.rows import open as open_rows

matplotlib = pytest.importorskip("matplotlib")

N = 400
EVIL = "<script>alert(1)</script>"
_VOID = {"meta", "link", "path", "use", "image", "rect", "br"}


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "price": np.exp(rng.standard_normal(N)),
            EVIL: rng.standard_normal(N),
            "cut": rng.choice(["good", "fair", f"{EVIL} & co"], N, p=[0.5, 0.3, 0.2]),
            "when": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(np.arange(N), unit="D"),
            "sold": rng.random(N) < 0.3,
            "name": [f"row {i}" for i in range(N)],
        }
    )
    frame.loc[::4, "price"] = np.nan
    return frame


@pytest.fixture
def selection(table):
    X = table[[EVIL]].to_numpy()
    return LeverageSelector(40, random_state=3, fit_intercept=True).fit_select(X)


def compared(X, selection, y=None, weight=None, block_rows=None):
    rows = open_rows(X, y, weight, numeric=False, block_rows=block_rows)
    return alike(rows, selection, sample_of(rows, selection.indices), "y")


class _Page(HTMLParser):
    """Collect tags, texts and ids; every tag must be closed in its turn."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.text = (
            [],
            Counter(),
            [],
            [],
            "",
        )
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [
            attributes[k] for k in ("href", "src", "xlink:href") if k in attributes
        ]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_means_and_differences_are_those_of_the_rows(table, selection):
    """A difference is that of the weighted mean, in standard deviations of all rows."""
    found = compared(table, selection)
    x = table[EVIL].to_numpy()
    at, w = selection.indices, selection.weights
    line = next(line for line in found.means if line.column == EVIL)
    assert_allclose(line.difference, (w @ x[at] / w.sum() - x.mean()) / x.std())
    assert (line.all_rows, line.spread) == (shown(x.mean()), shown(x.std()))
    assert (line.weighted, line.raw) == (
        shown(w @ x[at] / w.sum()),
        shown(x[at].mean()),
    )
    price = next(line for line in found.means if line.column == "price")
    known = table["price"].notna().to_numpy()[at]
    p = table["price"].to_numpy()
    mean = w[known] @ p[at[known]] / w[known].sum()
    assert_allclose(price.difference, (mean - np.nanmean(p)) / np.nanstd(p))
    when = next(line for line in found.means if line.column == "when")
    assert (when.all_rows, when.spread) == ("2020-07-18", "115.5 days")


def test_shares_are_those_of_the_rows(table, selection):
    found = compared(table, selection)
    shares = {(line.column, line.value): line for line in found.shares}
    at, w = selection.indices, selection.weights / selection.weights.sum()
    for column, value, held in (
        ("cut", "good", table["cut"] == "good"),
        ("sold", "True", table["sold"]),
        ("price", "missing", table["price"].isna()),
    ):
        held = held.to_numpy()
        p, line = held.mean(), shares[column, value]
        assert_allclose(line.difference, (w @ held[at] - p) / np.sqrt(p * (1 - p)))
        assert line.all_rows == f"{100 * p:.3g} %"
        assert line.raw == f"{100 * held[at].mean():.3g} %"
    assert found.not_compared == [("name", "too many different values")]


def test_uniform_samples_differ_as_much_as_the_page_says():
    """The mean square over 2,000 samples is the stated variance, as |z| < 4.5 says."""
    x = np.random.default_rng(1).exponential(size=(60, 1))
    seen = []
    for seed in range(2000):
        selection = UniformSelector(15, random_state=seed).fit_select(x)
        mean = selection.weights @ x[selection.indices, 0] / 60
        seen.append((mean - x.mean()) / x.std())
    uniform = compared(x, selection).uniform
    z = (np.mean(np.square(seen)) / uniform**2 - 1) / np.sqrt(2 / 2000)
    assert abs(z) < 4.5
    wrong = np.sqrt(1 / 15)  # with replacement
    assert abs((np.mean(np.square(seen)) / wrong**2 - 1) / np.sqrt(2 / 2000)) > 4.5


def test_a_stray_text_far_down_makes_a_column_text():
    """It is not in the sample, whose size is cut here."""
    values = np.arange(3000.0).astype(object)
    values[2999] = "many"
    X = np.column_stack([values, np.arange(3000) % 2])
    rows = open_rows(X, numeric=False)
    selection = Selection([5], [3000.0], 3000)
    sample = sample_of(rows, selection.indices, most=50)
    assert 2999 not in sample.numbers
    found = alike(rows, selection, sample, "y")
    assert found.not_compared == [("0", "too many different values")]


def test_the_verdict_needs_more_than_noise(table):
    """Of two columns, a root mean square varies by half; of fifty, by a tenth."""
    columns = np.random.default_rng(4).standard_normal((N, 50))
    selection = UniformSelector(40, random_state=0).fit_select(columns)
    assert compared(columns, selection).verdict == "about as close"
    every_tenth = Selection(np.arange(0, N, 10), np.full(40, 10.0), N)
    ordered = np.arange(N)[:, None] * np.ones(50)  # no mean is far from that of all
    assert compared(ordered, every_tenth).verdict == "closer"
    words = "about as close, as far as so few columns can tell"
    assert compared(ordered[:, :2], every_tenth).verdict == words
    first = Selection(np.arange(40), np.full(40, 10.0), N)
    assert compared(ordered[:, :2], first).verdict == "farther"


def test_weights_of_the_rows_count():
    """A row of weight 3 is three rows."""
    x = np.array([[1.0], [2.0], [4.0]])
    w = np.array([3.0, 1.0, 2.0])
    heavy = compared(x, Selection([0, 2], [3.0, 3.0], 3), weight=w)
    copies = np.repeat(x, w.astype(int), axis=0)
    plain = compared(copies, Selection([0, 5], [3.0, 3.0], 6))
    assert heavy.means[0][:8] == plain.means[0][:8]
    assert heavy.means[0].quantiles == plain.means[0].quantiles


def test_the_page_is_given_the_weights_of_the_rows():
    x = np.array([[1.0], [2.0], [4.0]])
    chosen = Selection([0, 2], [3.0, 3.0], 3)
    page = report(x, chosen, sample_weight=[3.0, 1.0, 2.0]).html
    assert "all rows weigh 6<" in page
    assert "all rows count 3<" in report(x, chosen).html


@pytest.mark.parametrize("block_rows", [7, 100])
def test_blocks_are_merged_exactly(table, selection, block_rows):
    weight = np.random.default_rng(2).uniform(0, 2, N) * (np.arange(N) % 9 > 0)
    kept = selection.indices[weight[selection.indices] > 0]
    selection = Selection(kept, np.ones(len(kept)), N)
    y = np.arange(N) % 3
    whole = compared(table, selection, y, weight)
    found = compared(table, selection, y, weight, block_rows)
    assert_allclose(found.differences, whole.differences, atol=1e-12)
    assert [line.column for line in found.means] == [
        line.column for line in whole.means
    ]


def test_every_container_gives_the_same_page(table, selection, tmp_path):
    plain = table.drop(columns="when")
    path = tmp_path / "rows.parquet"
    plain.to_parquet(path)
    wanted = report(plain, selection).html
    for X in (pl.from_pandas(plain), str(path)):
        html = report(X, selection).html.replace("– rows.parquet", "")
        sections = re.findall(r"<tbody>.*?</tbody>", html, flags=re.S)
        assert sections == re.findall(r"<tbody>.*?</tbody>", wanted, flags=re.S)
    objects = plain[["price", EVIL, "cut"]].to_numpy(dtype=object)
    assert [line.column for line in compared(objects, selection).means] == ["0", "1"]


def test_sparse_rows_are_described_as_dense_ones_are(selection):
    X = sparse.random_array((N, 6), density=0.2, format="csr", rng=0)
    y = np.arange(N) / N
    dense, found = (compared(part, selection, y) for part in (X.toarray(), X))
    assert_allclose(found.differences, dense.differences, atol=1e-9)
    assert [line[:7] for line in found.means] == [line[:7] for line in dense.means]
    assert found.means[0].column == "y"
    assert found.means[0].quantiles == dense.means[0].quantiles
    assert "50" in report(X, selection, y).html


def test_the_page_needs_nothing_and_takes_names_as_text(table, selection):
    page = _Page(report(table, selection, "cut").html)
    assert page.tags["script"] == 0
    assert page.text.count(EVIL) >= 3  # a name and a value
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert max(Counter(page.ids).values()) == 1
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    for landmark in ("header", "nav", "main", "footer", "h1"):
        assert page.tags[landmark] == 1
    assert page.tags["svg"] == 2
    assert "40 of 400 rows" in page.text
    assert "target" in page.text


def test_the_certificate_is_that_of_the_numeric_columns(table, selection):
    """The target has missing values nowhere; a column that has some is left out."""
    y = np.random.default_rng(3).standard_normal(N)
    text = _Page(report(table, selection, y).html).text
    X = np.column_stack([table[EVIL], table["sold"]])
    assert str(certify(selection, X, y, fit_intercept=True)) in " ".join(text.split())
    assert "all linear models of 'y' on the 2 numeric columns" in text
    series = pd.Series(y, name="fare")
    assert (
        "linear models of 'fare'" in _Page(report(table, selection, series).html).text
    )
    classes = _Page(report(X, selection, np.arange(N) % 2).html).text
    found = certify(selection, X, objective="pca", fit_intercept=True)
    assert str(found) in " ".join(classes.split())
    objects = np.array([[0.5, "a"], [1.5, "b"], [3.0, "c"]], dtype=object)
    few = Selection([0, 2], [1.0, 2.0], 3)
    assert "1 other column is left out" in _Page(report(objects, few).html).text
    words = _Page(report(table[["cut"]], selection).html).text
    assert "No feature is numeric without missing values" in words


def test_the_code_makes_the_selection_again(table):
    X = table[[EVIL]].to_numpy()
    first = LeverageSelector(60, random_state=5, alpha=0.5).fit(X).selection_
    part, w = first.take(X), first.weights
    later = UniformSelector(20, random_state=6).fit(part, sample_weight=w).selection_
    selection = first.then(later)
    page = _Page(report(X, selection).html)
    code = page.text[page.text.index("import coreselect") :]
    names = {"X": X}
    exec(code[: code.index("selection.then(later)") + 21], names)
    assert names["selection"] == selection
    nothing = _Page(report(X, Selection([1], [2.0], N)).html).text
    assert "carries no record" in nothing
    assert "Do it again" not in nothing


def test_what_no_code_can_say_is_a_comment():
    from sklearn.linear_model import Ridge

    from coreselect import AutoCoreset

    X = np.random.default_rng(0).normal(size=(N, 2))
    with np.errstate(all="ignore"):
        made = AutoCoreset(Ridge(alpha=2), 9, max_queries=7).fit(X, X[:, 0])
    text = _Page(report(X, made.selection_, X[:, 0]).html).text
    assert "# estimator was Ridge(alpha=2)" in text
    assert "AutoCoreset(max_queries=7, n_select=9)" in text.replace("', '", "")
    drawn = coreselect.draw(np.ones(N), 5, random_state=0)
    assert "# selection: by draw" in _Page(report(X, drawn).html).text


def test_coverage_and_copies_are_distances():
    """Rows 0 to 9 on a line; typical distance of two rows is the unit."""
    X = np.arange(10.0)[:, None]
    rows = open_rows(X, numeric=False)
    selection = Selection([0, 4], [5.0, 5.0], 10)
    view = view_of(sample_of(rows, selection.indices))
    step = view.rows[1, 0] - view.rows[0, 0]
    found = coverage_of(view, step)
    far = np.abs(X - [0.0, 4.0]).min(axis=1)
    assert_allclose(found.selected, np.quantile(far, [0.5, 0.9, 0.99, 1.0]))
    assert len(found.uniform) == 4
    copies = copies_of(
        view._replace(chosen=view.rows[[0, 1, 1]]), np.array([2, 7, 5]), step
    )
    assert (copies.n_near, copies.n_equal, copies.n_rows) == (2, 2, 3)
    assert copies.pairs == [(5, 7, 0.0)]


@pytest.mark.parametrize(
    ("X", "selection"),
    [
        (np.ones((5, 2)), Selection([1, 2], [2.0, 3.0], 5)),
        (np.arange(5.0)[:, None], Selection([], [], 5)),
        (np.ones((1, 1)), Selection([0], [1.0], 1)),
        (np.arange(6.0).reshape(3, 2), Selection([0, 1, 2], [1, 1, 1], 3)),
        (np.arange(6.0).reshape(3, 2), Selection([2, 0], [0.0, 0.0], 3)),
        (np.array([[1e300, 1.0], [-1e300, 2.0], [0.0, 3.0]]), Selection([0], [3.0], 3)),
        (np.array([[1e-300, 1.0], [3e-300, 2.0]]), Selection([0], [2.0], 2)),
        (np.array([[1.0], [2.0]]), Selection([0, 1], [1e300, 1e307], 2)),
        (
            np.array([["\ud800", 1.0], ["b", 2.0]], dtype=object),
            Selection([0], [2.0], 2),
        ),
        (pd.DataFrame({"a": ["x", "y", "z"]}), Selection([0], [3.0], 3)),
        (pd.DataFrame({"a": [[1], [2]], "b": [None, None]}), Selection([0], [2.0], 2)),
    ],
    ids=(
        "constant empty one-row all-rows no-weight huge tiny heavy half-characters ids "
        "nested"
    ).split(),
)
@pytest.mark.filterwarnings("error")
def test_pages_of_hardly_anything(X, selection):
    page = _Page(report(X, selection).html)
    assert f"{len(selection)} of {len(X)} rows" in page.text
    assert "nan" not in page.text.lower().replace("unannotated", "")


def test_wrong_selections_are_refused(table, selection):
    with pytest.raises(ValueError, match="X has 399 rows, but the selection was made"):
        report(table.iloc[1:], selection)
    with pytest.raises(TypeError, match="a fitted selector has it as selection_"):
        report(table, UniformSelector(3))


def test_a_page_is_saved_whole_and_shown_in_a_frame(table, selection, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    page = report(table, selection, path=path)
    assert path.read_text(encoding="utf-8") == page.html
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
    assert EVIL not in page._repr_html_()
    assert page._repr_html_().startswith("<iframe")
    assert "characters of HTML" in repr(page)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        Report("x").save(tmp_path / "no" / "page.html")


def test_the_page_is_the_same_every_time_and_leaves_pyplot_alone(
    table, selection, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    before = matplotlib.rcParams.copy()  # a dict of them would look for a backend
    assert report(table, selection).html == report(table, selection).html
    assert matplotlib.rcParams.copy() == before


def test_a_missing_package_is_named(table, selection, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"needs jinja2.*\[report\]"):
        report(table, selection)


def test_a_comparison_can_be_part_of_the_page_and_a_page(table, selection):
    X = np.random.default_rng(0).normal(size=(200, 2))
    found = coreselect.compare(
        X, X.sum(axis=1), methods=["leverage"], sizes=[20, 40], n_seeds=2
    )
    for page in (
        report(table, selection, comparison=found),
        comparison_page(found),
    ):
        shown = _Page(page.html)
        for sentence in found.summary().splitlines():
            assert sentence in shown.text
        assert shown.text.count("leverage") >= 3  # a sentence and both sizes
        assert max(Counter(shown.ids).values()) == 1

"""The function `report`, and the page that it returns."""

from __future__ import annotations

import math
import os
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from coreselect._files import atomic_path, is_path, path_text, require
from coreselect._typing import RowsLike
from coreselect.comparison import Comparison
from coreselect.plot import ComparisonDisplay, SelectionDisplay, WeightDisplay
from coreselect.plot.view import sample_of, view_of
from coreselect.reports._again import python_code
from coreselect.reports._alike import QUANTILES, alike
from coreselect.reports._certified import certified
from coreselect.reports._figures import svg
from coreselect.reports._near import COVERED, copies_of, coverage_of, typical_distance
from coreselect.rows import open as open_rows
from coreselect.selection import Selection, check_selection

_MOST_ROWS = 20_000  # of the sample


class Report:
    """A page about a selection or a comparison, in one file that needs no other.

    Parameters
    ----------
    html : str
        The page.

    See Also
    --------
    coreselect.report : Makes the page of a selection.

    Examples
    --------
    >>> from coreselect.reports import Report
    >>> Report("<!doctype html><title>few rows</title>").html
    '<!doctype html><title>few rows</title>'
    """

    def __init__(self, html: str) -> None:
        self.html = html

    def __repr__(self) -> str:
        return f"Report({len(self.html):,} characters of HTML; save(path) writes them)"

    def _repr_html_(self):
        # Its styles must not reach the notebook around it.
        return (
            '<iframe title="Report" style="width:100%;height:40em;border:0" '
            f'srcdoc="{escape(self.html)}"></iframe>'
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            An existing file is replaced.
        """
        with atomic_path(path_text(path)) as temporary:
            temporary.write_text(self.html, encoding="utf-8")


def report(
    X: RowsLike,
    selection: Selection,
    y: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    comparison: Comparison | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Report:
    """Make a page that says what was selected, and how alike it is to all rows.

    The page is one HTML file: no network and no script is needed to read it.

    Parameters
    ----------
    X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
        All rows, of any content; anything that `coreselect.rows.open` takes. Files are
        read block by block.
    selection : Selection
        Made from the rows of X.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), str or None
        Targets, or the column of X that holds them.
    sample_weight : array-like of shape (n_rows,), str or None
        Weights of all rows, if the selection was made with them.
    comparison : Comparison, optional
        What `coreselect.compare` returned.
    path : str or Path, optional
        Where to write the page; an existing file is replaced.

    Returns
    -------
    Report
        Also if it was written. It has the page as `html`, shows it in notebooks, and
        ``save(path)`` writes it.

    Raises
    ------
    ImportError
        If jinja2 or matplotlib is not installed; extra ``report``.
    TypeError, ValueError
        If `selection` is not a `Selection`, or was made from another number of rows; if
        `comparison` is not what `coreselect.compare` returned.

    Notes
    -----
    Means and shares are those of all rows, in one pass. Quantiles, distances and the
    picture are those of at most 20,000 rows, drawn at random; the page says so. The
    certificate takes two to five more passes. It needs numeric columns without missing
    values.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import LeverageSelector, report
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> selection = LeverageSelector(50, random_state=0).fit_select(X)
    >>> page = report(X, selection)
    >>> "50 of 500 rows" in page.html
    True
    """
    named = y if isinstance(y, str) else getattr(y, "name", None)
    target = named if isinstance(named, str) else "y"
    rows = open_rows(X, y, sample_weight, numeric=False)
    name = Path(X).name if is_path(X) else ""
    page = selection_page(rows, selection, name, target=target, comparison=comparison)
    if path is not None:
        page.save(path)
    return page


def selection_page(
    rows,
    selection,
    name="",
    *,
    target="y",
    comparison=None,
    numbers=None,
    certificate=None,
    commands=(),
    opened=None,
    further=None,
    notes=(),
):
    """Return the `Report` of a selection from rows that are open.

    Parameters
    ----------
    rows : Rows
        Opened with ``numeric=False``.
    selection : Selection
    name : str
        The name of the data.
    target : str
        Name of ``rows.y``.
    comparison : Comparison, optional
    numbers : ndarray of int of shape (n_rows,), optional
        What to call the rows, if they are some of a file.
    certificate : str, optional
        What was certified when the rows were selected.
    commands : sequence of (str, str)
        Titles and texts of commands that make the selection and the page again.
    opened : str, optional
        Code that opens the rows, for the code that makes the selection again.
    further : dict of str to str, optional
        What further arguments of `fit` held, for that code.
    notes : sequence of str
        Further sentences on how the rows were selected.

    Returns
    -------
    Report
    """
    check_selection(selection, rows.n_rows)
    sample = sample_of(rows, selection.indices, most=_MOST_ROWS)
    found = alike(rows, selection, sample, target)
    commands = list(commands)
    if record := selection.record:
        how = {"has_target": rows.y is not None, "input_weights": record.input_weights}
        how |= {"opened": opened, "further": further}
        commands.append(("In Python", python_code(record, **how)))
    shown = {
        "title": f"{len(selection):,} of {rows.n_rows:,} rows",
        "name": name,
        "selection": selection,
        "record": record,
        "steps": [record, *record.later] if record else [],
        "total_weight": _sum(selection.weights),
        "population": _sum(rows.each_weight()),
        "weighted": rows.weight is not None,
        "sample": sample,
        "alike": found,
        "quantiles": QUANTILES,
        "weights": _weights(selection),
        "certificate": certified(rows, selection, found, target),
        "earlier_certificate": certificate,
        "notes": list(notes),
        "commands": commands,
        **_distances(sample, selection, numbers),
        **_compared(comparison),
    }
    return _page("selection.html", shown)


def comparison_page(comparison: Comparison) -> Report:
    """Return a `Report` of a comparison alone.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    Report

    Raises
    ------
    TypeError
        If `comparison` is not what `coreselect.compare` returned.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import compare
    >>> from coreselect.reports import comparison_page
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> found = compare(X, X.sum(axis=1), methods=["leverage"], sizes=[20])
    >>> "leverage" in comparison_page(found).html
    True
    """
    if comparison is None:
        raise TypeError(
            "comparison must be what coreselect.compare returned, got None."
        )
    return _page(
        "comparison.html", {"title": "Selections compared", **_compared(comparison)}
    )


def _sum(weights):
    with np.errstate(over="ignore"):
        return float(weights.sum())


def _weights(selection):
    """Return figures and a picture of the weights; None if all are zero."""
    weights = selection.weights
    if not weights.any():
        return None
    heaviest = np.sort(weights / weights.max())[::-1]
    tenth = -(-len(heaviest) // 10)
    return {
        "quantiles": np.quantile(weights, [0, 0.25, 0.5, 0.75, 1]).tolist(),
        "tenth": tenth,
        "share": float(heaviest[:tenth].sum() / heaviest.sum()),
        "picture": svg("weights", lambda ax: WeightDisplay(weights).plot(ax=ax)),
    }


def _distances(sample, selection, numbers):
    """Return the picture of the rows, the coverage and the copies, or why not."""
    try:
        view = view_of(sample)
    except ValueError as error:
        return {"view": None, "no_view": str(error), "coverage": None}
    display = SelectionDisplay.from_view(view, selection)
    found = {
        "view": view,
        "covered": COVERED,
        "coverage": None,
        "copies": None,
        "picture_of_rows": svg("rows", lambda ax: display.plot(ax=ax)),
    }
    unit = typical_distance(view) if len(view.rows) > 1 else 0.0
    if unit > 0 and len(selection):
        found["coverage"] = coverage_of(view, unit)
        if len(selection) > 1:
            called = (
                selection.indices if numbers is None else numbers[selection.indices]
            )
            found["copies"] = copies_of(view, called, unit)
    return found


def _compared(comparison):
    if comparison is None:
        return {"comparison": None}
    if not isinstance(comparison, Comparison):
        raise TypeError(
            "comparison must be what coreselect.compare returned, got "
            f"{type(comparison).__name__}."
        )
    return {
        "comparison": comparison,
        "results": comparison.rows(ranked=True),
        "curves": svg(
            "comparison",
            lambda ax: ComparisonDisplay.from_results(comparison, ax=ax),
        ),
    }


def _page(template, shown):
    """Return a `Report`: everything that the template does not mark as safe is text."""
    jinja2 = require("jinja2", "report")
    folder = Path(__file__).parent / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    html = environment.get_template(template).render(shown)
    # Half characters, in the text of a damaged table, cannot be written.
    return Report(html.encode("utf-8", "replace").decode("utf-8"))


def _number(value, digits=4):
    """Return a number as short text."""
    if value is None or value != value:
        return "–"
    if abs(value) >= 1000 and math.isfinite(value):
        return f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.{digits}g}"
    return f"{value:.{digits}g}"

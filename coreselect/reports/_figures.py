"""Pictures as SVG inside a page, which follow its light or dark colours."""

import io
import re

from coreselect._files import require

_INK = "#1b1f24"
# Colours of the displays, and the variables of the page that stand for them.
_VARIABLES = {
    _INK: "--ink",
    "#404040": "--ink",
    "#595959": "--ink",
    "#0072b2": "--blue",
    "#d55e00": "--red",
    "#009e73": "--green",
}
_STYLE = {
    "svg.fonttype": "none",  # text stays text and takes the font of the page
    "svg.hashsalt": "coreselect",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.size": 9,
    **dict.fromkeys(
        (
            "text.color",
            "axes.labelcolor",
            "axes.edgecolor",
            "xtick.color",
            "ytick.color",
        ),
        _INK,
    ),
}


def svg(name, draw):
    """Return a picture as SVG text.

    Parameters
    ----------
    name : str
        Unique in the page: it sets the ids of the picture apart from those of others.
    draw : callable
        ``draw(ax)`` draws into axes.

    Returns
    -------
    str
    """
    style = require("matplotlib.style", "report")
    from matplotlib.figure import Figure

    with style.context(["default", _STYLE]):
        figure = Figure(figsize=(4.4, 3.2), layout="constrained")
        draw(figure.subplots())
        text = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(text, format="svg", metadata=nothing, dpi=160)
    return _for_page(text.getvalue(), name)


def _for_page(text, name):
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    # The page sets the size. Screen readers skip the picture: text beside it says the
    # same.
    opening = re.compile(r'<svg\b[^>]*?viewBox="([^"]*)"[^>]*>', re.S)
    return opening.sub(
        r'<svg viewBox="\1" aria-hidden="true" focusable="false">', text, 1
    )

"""Sphinx configuration. API pages and the which-selector tables are generated."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import _generate
from docutils import nodes
from latex2mathml.converter import convert

import coreselect

project = "coreselect"
author = "The coreselect developers"
copyright = "2026, " + author
version = release = coreselect.__version__

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples", "generated/which_*_table.md"]
# The gallery's options hold functions, which Sphinx cannot cache: known and harmless.
suppress_warnings = ["config.cache"]

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_theme_options = {"show_prev_next": False, "navigation_with_keys": False}
html_sidebars = {"changelog": [], "which_selector": []}
html_title = f"coreselect {version}"
html_show_sourcelink = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autodoc_typehints = "none"  # numpydoc sections hold the types
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "abort_on_example_error": True,
    "write_computation_times": False,
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "plot_gallery": True,
}


def _mathml(display):
    """Formulas as MathML: every browser shows it, without a script or a network."""

    def visit(translator, node):
        formula = convert(node.astext(), display=display)
        if display == "block":
            formula = f'<div style="margin: 1em 0">{formula}</div>'
        translator.body.append(formula)
        raise nodes.SkipNode

    return visit, None


def setup(app):
    """Write the generated pages before Sphinx looks for sources."""
    app.add_html_math_renderer("mathml", _mathml("inline"), _mathml("block"))
    _generate.write_all(Path(__file__).parent / "generated")

"""Sphinx configuration. API pages and the which-selector tables are generated."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[1]))  # benchmarks.data, for examples

import _generate
import _inventories
from docutils import nodes
from latex2mathml.converter import convert

import coreselect

HERE = Path(__file__).parent
project = "coreselect"
author = "The coreselect developers"
copyright = "2026, " + author
version = release = coreselect.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.extlinks",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = [
    "_build",
    "_static",
    "examples",
    "inventories",
    "generated/which_*_table.md",
    "generated/citation.md",
    "generated/demo.md",
]
# A name in single backticks is a link where it is documented, and code where it is not.
default_role = "py:obj"
intersphinx_mapping = _inventories.write_all(HERE / "inventories", HERE / "generated")
extlinks = {
    "doi": ("https://doi.org/%s", "doi:%s"),
    "arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s"),
}
# The gallery's options hold functions, which Sphinx cannot cache: known and harmless.
suppress_warnings = ["config.cache"]

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
    "navbar_persistent": ["search-button"],  # a field would not fit at 1100 pixels
    "logo": {
        "image_light": "_static/logo.svg",
        "image_dark": "_static/logo.svg",
        "text": "coreselect",
    },
}
html_context = {"default_mode": "auto"}  # without it the theme logs an error
html_sidebars = {
    name: []
    for name in (
        "index",
        "install",
        "citing",
        "changelog",
        "which_selector",
        "getting_started",
    )
}
html_title = f"coreselect {version}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_favicon = "_static/logo.svg"
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
    "doc_module": ("coreselect",),
    "backreferences_dir": "generated/backreferences",
    "ignore_pattern": _generate.examples_without_data(HERE / "examples"),
}


def _mathml(display):
    """Formulas as MathML: every browser shows it, without a script or a network."""

    def visit(translator, node):
        formula = convert(node.astext(), display=display)
        if display == "block":
            formula = f'<div class="formula">{formula}</div>'
        translator.body.append(formula)
        raise nodes.SkipNode

    return visit, None


def setup(app):
    """Write the generated pages before Sphinx looks for sources."""
    app.add_html_math_renderer("mathml", _mathml("inline"), _mathml("block"))
    _generate.write_all(HERE / "generated")

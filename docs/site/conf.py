"""The settings of the site, for Sphinx: one theme, numpydoc's docstrings, formulas as MathML."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "boltzmann"
author = "The boltzmann developers"
copyright = "2026, the boltzmann developers; texts and figures CC BY 4.0, code MIT"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "mathml"]
needs_sphinx = "8.1"
exclude_patterns = ["experiments/notebooks/**"]

default_role = "code"  # what stands between single backticks is a name or a value

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

autodoc_typehints = "none"  # types and shapes are said under Parameters
autodoc_member_order = "bysource"
autosummary_generate = False
numpydoc_show_class_members = False
python_maximum_signature_line_length = 90
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "boltzmann"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["_extra"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # summaries are fetched, which a page read from disk may not do
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}

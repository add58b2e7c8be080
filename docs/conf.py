"""How Sphinx builds the manual: pages in Markdown, a reference out of docstrings, no request to any other place."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_extensions")]
gc.disable()  # hardly anything is garbage before the end, and to look for it took a quarter of the time

project = "Pothole lab"
copyright = "the authors of Pothole lab"  # noqa: A001 - Sphinx asks for this name
language = "en_GB"
extensions = ["myst_parser", "sphinx.ext.autodoc", "docstrings", "figures", "mathml", "tables"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath", "smartquotes"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_type_aliases = {"Array": "Array"}
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
nitpicky = True
# Types of other packages, whose manuals could only be asked over the network.
nitpick_ignore_regex = [("py:class", r"Array|(numpy|torch|collections|pathlib|threading)\..*")]

highlight_language = "none"

html_theme = "furo"
html_title = "Pothole lab"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0b6b55",
        "color-brand-content": "#0b6b55",
    },
    "dark_css_variables": {
        "color-brand-primary": "#4cc9a4",
        "color-brand-content": "#4cc9a4",
    },
}

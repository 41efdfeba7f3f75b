"""The manual: Markdown pages, the engines' docstrings, and examples that are executed."""

import os
import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tirek.site.settings")

project = "Tirek"
author = "The Tirek contributors"
copyright = "The Tirek contributors, Apache-2.0"
release = version = installed("tirek")
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.doctest"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
doctest_test_doctest_blocks = "default"
suppress_warnings = ["myst.xref_missing"]

html_theme = "furo"
html_title = "Tirek"
html_static_path: list[str] = []
# nothing is fetched from other hosts when a page is read
html_theme_options = {"source_repository": "", "top_of_page_buttons": []}

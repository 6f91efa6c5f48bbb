"""Sphinx's settings for the documentation site. ``make docs`` builds it: scripts/site.py gathers the pages first."""

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "src"))

from imageauth import __version__  # noqa: E402

project = "imageauth"
author = "The imageauth authors"
copyright = "The imageauth authors, Apache-2.0"
version = release = __version__
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nitpicky = True
# What the standard library, NumPy and Pillow call things is not looked up: that would need the network.
nitpick_ignore_regex = [
    ("py:.*", r"(?!imageauth\.).*"),
    # Named in docstrings, and not part of the public interface.
    ("py:.*", r"imageauth\.(perceptual_hash|pixels|provenance|evaluation\.(figures|scoring|protocol)|verdict$).*"),
]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"imageauth {__version__}"
html_static_path = [str(ROOT / "docs" / "theme")]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sphinx = False
html_use_index = False
html_domain_indices = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_theme_options = {
    "navigation_with_keys": False,
    "light_css_variables": {"color-brand-primary": "#0b5394", "color-brand-content": "#0b5394"},
    "dark_css_variables": {"color-brand-primary": "#8ab8f0", "color-brand-content": "#8ab8f0"},
}


def tell_levels(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Headings of the navigation get the level that ARIA asks for; Sphinx leaves it out."""
    if navigation := context.get("furo_navigation_tree"):
        context["furo_navigation_tree"] = navigation.replace('role="heading"', 'role="heading" aria-level="2"')


def setup(app: Any) -> None:
    # After the theme has drawn its navigation.
    app.connect("html-page-context", tell_levels, priority=900)

"""Where the page's files lie in the installed package."""

from pathlib import Path

STATIC = Path(__file__).parent / "static"
API_PAGE = Path(__file__).parent / "api_page"

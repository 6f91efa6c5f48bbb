"""The review page itself: template, styles, scripts and columns in one HTML file."""

import json
import re
from collections.abc import Collection
from datetime import UTC, datetime
from html import escape
from importlib.resources import files

from imageauth import __version__
from imageauth.escaping import policy_hash, printable
from imageauth.scan.review.sheet import CHUNK, OUTCOMES, Sheet

# One scope, in this order: a page from the disk may not load modules.
_SCRIPTS = ("data.js", "marks.js", "selection.js", "grid.js", "detail.js", "main.js")
# What turns the direction of text or cannot be seen; names of files are shown as they are otherwise.
_UNSEEN = re.compile("[\0-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]")


def render_page(sheet: Sheet, thumbnails: Collection[int], *, title: str, files: str, base: str) -> str:
    """The page.

    Args:
        sheet: what it shows.
        thumbnails: rows that there is a small picture of.
        title: what it is about.
        files: name of the folder beside it.
        base: path from the page to the folder that relative names of files begin in.
    """
    columns = {
        "title": title,
        "fingerprint": sheet.fingerprint,
        "files": files,
        "base": base,
        "chunk": CHUNK,
        "outcomes": OUTCOMES,
        "counts": sheet.counts,
        "leftOut": sheet.left_out,
        "names": [_UNSEEN.sub(_shown, name) for name in sheet.names],
        "plain": [index for index, name in enumerate(sheet.names) if _UNSEEN.search(name) is None and _linkable(name)],
        "outcome": sheet.outcomes,
        "probability": sheet.probabilities,
        "width": [width for width, _ in sheet.sizes],
        "height": [height for _, height in sheet.sizes],
        "copyOf": sheet.copies,
        "group": sheet.groups,
        "thumbnails": sorted(thumbnails),
    }
    # Inside an element of HTML nothing but the end of the element ends it.
    data = json.dumps(columns, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    script = '"use strict";\n(() => {\n' + "\n".join(_text(name) for name in _SCRIPTS) + "})();\n"
    style = _text("style.css")
    shown = printable(title)
    about = f"Made by imageauth {__version__} on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC."
    values = {
        "policy": (
            # The page's own script and style by their hashes; details by name, whether from a disk or a server.
            f"default-src 'none'; script-src '{policy_hash(script)}' 'self' file:; style-src '{policy_hash(style)}'; "
            "img-src 'self' file: data:; base-uri 'none'; form-action 'none'"
        ),
        "title": escape(shown),
        "about": escape(about),
        "style": style,
        "data": data,
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], _text("index.html"))


def _shown(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def _linkable(name: str) -> bool:
    """Whether a name can be a file on this machine that a browser can be led to."""
    return "://" not in name and "!/" not in name and "…" not in name and "\\x" not in name


def _text(name: str) -> str:
    return files("imageauth.scan.review").joinpath("page", name).read_text(encoding="utf-8")

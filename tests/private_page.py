"""A page with the modules of private mode and nothing else, asked from Python."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tests.private_site import Site, serve

# Pictures cross the border as base64 of RGB, everything else as JSON.
_HELPERS = """() => {
window.bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
window.text = (bytes) => {
  let result = "";
  for (let at = 0; at < bytes.length; at += 8192) result += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(result);
};
window.raster = ({ rgb, width, height }) => ({ data: bytes(rgb), width, height });
window.plain = ({ data, width, height }) => ({ rgb: text(data), width, height });
window.digest = async ({ data }) => (await import("./js/private/sha256.js")).sha256(data);
window.load = (name) => import(`./js/private/${name}.js`);
}"""


class ModulePage:
    """The page.

    Attributes:
        complaints: all that the browser said on its console.
    """

    def __init__(self, browser: Any, site: Site) -> None:
        self.site = site
        self.context = browser.new_context()
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(site.address)
        self.page.evaluate(_HELPERS)

    def run(self, code: str, *arguments: Any) -> Any:
        """What an async function of these arguments gives; the helpers above are at hand."""
        return self.page.evaluate(f"async (args) => (await ({code})(...args))", list(arguments))


@contextmanager
def module_page(browser: Any, **how: Any) -> Iterator[ModulePage]:
    """The page at a site of its own; ``how`` is as for :func:`tests.private_site.serve`."""
    with serve(**how) as site:
        page = ModulePage(browser, site)
        yield page
        page.context.close()


def sent(pixels: np.ndarray) -> dict[str, Any]:
    """A picture on its way to the page, uint8 [H, W, 3]."""
    height, width = pixels.shape[:2]
    return {"rgb": base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode(), "width": width, "height": height}


def received(picture: dict[str, Any]) -> np.ndarray:
    """A picture that the page gave."""
    data = np.frombuffer(base64.b64decode(picture["rgb"]), np.uint8)
    return data.reshape(picture["height"], picture["width"], 3)


def digest(pixels: np.ndarray) -> str:
    """What ``digest`` gives of a picture in the page."""
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def as_json(value: Any) -> Any:
    """Plain data as JSON has it: no tuples."""
    return json.loads(json.dumps(value))

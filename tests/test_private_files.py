"""What a file says, read in Chromium by our own Python modules, equals what Python says on this machine."""

import base64
import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from imageauth.errors import ImageError
from imageauth.imagefile import ImageFile
from imageauth.images import examine
from imageauth.provenance import metadata, sources
from imageauth.provenance.credentials import CredentialSource
from imageauth.provenance.trust import TrustLists, update
from imageauth.server.python_bundle import _closure, python_bundle
from tests.conftest import drawn
from tests.metadata_files import A1111, CAMERA, hidden, png, saved
from tests.private_site import Site, serve
from tests.signing import authority, created, picture, sign

pytestmark = pytest.mark.browser
ROOT = authority()

READ = """async ([data, size, options]) => {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const started = performance.now();
  const evidence = await reader.read(bytes, "file", size, options);
  return { evidence, seconds: (performance.now() - started) / 1000 };
}"""


class Page:
    """A page with the reader of files, and nothing else."""

    def __init__(self, browser: Any, site: Site) -> None:
        self.site = site
        self.context = browser.new_context()
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(site.address)
        self.page.evaluate("async () => { window.reader = await import('./js/private/provenance.js'); }")

    def read(self, data: bytes, image: ImageFile | None = None, **options: Any) -> list[dict[str, Any]]:
        """The evidence that the browser finds."""
        size = {"width": image.width, "height": image.height} if image else None
        said = self.page.evaluate(READ, [base64.b64encode(data).decode(), size, options])
        self.seconds = said["seconds"]
        return said["evidence"]


def of_this_machine(image: ImageFile, trust: TrustLists) -> list[dict[str, Any]]:
    """The same from Python, as JSON has it."""
    known = {"credentials": CredentialSource(trust), "metadata": metadata.ask}
    return json.loads(json.dumps([item.to_json() for item in sources.ask(image, known)]))


def comparable(evidence: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what two builds of the C2PA library word or order differently: why a store is unreadable, and failures."""
    for item in evidence:
        if item["source"] == "credentials":
            reason, failures = item["detail"].pop("reason"), item["detail"].pop("failures")
            item["finding"] = item["finding"].replace(str(reason), "…") if reason else item["finding"]
            item["failures"] = sorted(failures)
    return evidence


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Page]:
    with serve(files=True, credentials=True) as site:
        page = Page(browser, site)
        yield page
        page.context.close()


@pytest.fixture(scope="module")
def lists(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> TrustLists:
    """The official lists and the interim one, as they were published."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMAGEAUTH_DATA", str(tmp_path_factory.mktemp("trust")))
        return update(sorted((shared / "samples" / "trust").glob("c2pa-org_conformance-public__trust-list__*.json")))


def samples(shared: Path, *groups: str) -> Iterator[tuple[str, bytes, ImageFile]]:
    for file in sorted(file for group in groups for file in (shared / "samples" / group).rglob("*") if file.is_file()):
        data = file.read_bytes()
        try:
            yield file.name, data, examine(data)
        except ImageError:
            continue  # no image at all, or one too large to be read anywhere


@pytest.mark.shared
def test_every_sample_says_the_same_in_the_browser(page: Page, shared: Path) -> None:
    differing, read, slowest = {}, 0, 0.0
    for name, data, image in samples(shared, "genparams", "iptc", "exif", "c2pa", "hostile"):
        here, there = comparable(of_this_machine(image, TrustLists())), comparable(page.read(data, image))
        read, slowest = read + 1, max(slowest, page.seconds)
        if here != there:
            differing[name] = (here, there)
    print(f"{read} files, the slowest {slowest:.2f} s, Pyodide's start included")
    assert read > 250
    assert differing == {}
    assert page.complaints == []

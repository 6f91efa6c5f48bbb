"""What a file says, read in Chromium by our own Python modules, equals what Python says on this machine."""

import base64
import dataclasses
import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imageauth.errors import ImageError
from imageauth.formats import format_of
from imageauth.imagefile import ImageFile
from imageauth.images import examine
from imageauth.provenance import metadata, sources
from imageauth.provenance.credentials import CredentialSource
from imageauth.provenance.trust import TrustLists, kinds
from imageauth.provenance.trust.parsing import parse
from imageauth.server.python_bundle import python_bundle
from tests.conftest import drawn
from tests.marks import with_star
from tests.metadata_files import A1111, hidden, png, saved
from tests.private_page import ModulePage
from tests.private_site import Site, serve
from tests.signing import authority, created, picture, sign
from tests.test_metadata_hostile import SEEDS, mutated

pytestmark = pytest.mark.browser
ROOT = authority()

READ = """async ([file, size, options]) => {
  if (size.data) size.data = bytes(size.data);
  const data = bytes(file);
  const started = performance.now();
  const evidence = await reader.read(data, size, options);
  return { evidence, seconds: (performance.now() - started) / 1000 };
}"""

WORTH = """async (files) => {
  const { isWorthReading } = await import("./js/private/worth_reading.js");
  return Promise.all(files.map((data) => isWorthReading(bytes(data))));
}"""


class Page(ModulePage):
    """A page with the reader of files."""

    def __init__(self, browser: Any, site: Site) -> None:
        super().__init__(browser, site)
        self.page.evaluate("async () => { window.reader = await import('./js/private/provenance.js'); }")

    def read(
        self, data: bytes, image: ImageFile | None = None, *, pixels: np.ndarray | None = None, **options: Any
    ) -> list[dict[str, Any]]:
        """The evidence that the browser finds."""
        size: dict[str, Any] = {"width": image.width, "height": image.height} if image else {}
        if pixels is not None:
            size = {"width": pixels.shape[1], "height": pixels.shape[0], "data": base64.b64encode(pixels).decode()}
        said = self.page.evaluate(READ, [base64.b64encode(data).decode(), size, options])
        self.seconds = said["seconds"]
        return said["evidence"]


def of_this_machine(image: ImageFile, trust: TrustLists) -> list[dict[str, Any]]:
    """The same from Python, as JSON has it."""
    known = {"credentials": CredentialSource(trust), "metadata": metadata.ask}
    return json.loads(json.dumps([item.to_json() for item in sources.ask(image, known)]))


def comparable(evidence: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what two builds of the C2PA library word or order differently: why a store is unreadable; failures."""
    for item in evidence:
        if item["source"] == "credentials":
            reason, failures = item["detail"].pop("reason"), item["detail"].pop("failures")
            item["finding"] = item["finding"].replace(str(reason), "…") if reason else item["finding"]
            item["failures"] = sorted(failures)
    return evidence


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Page]:
    with serve() as site:
        page = Page(browser, site)
        yield page
        page.context.close()


@pytest.fixture(scope="module")
def lists(shared: Path) -> TrustLists:
    """The official lists and the interim ones, as they were published."""
    folder, names = shared / "samples" / "trust", {
        kinds.SIGNERS: "c2pa-org_conformance-public__trust-list__C2PA-TRUST-LIST.json",
        kinds.TIME_STAMPS: "c2pa-org_conformance-public__trust-list__C2PA-TSA-TRUST-LIST.json",
        kinds.INTERIM: "contentauth_verify-site__static__trust__anchors.pem",
        kinds.INTERIM_SIGNERS: "contentauth_verify-site__static__trust__allowed.pem",
        kinds.PURPOSES: "contentauth_verify-site__static__trust__store.cfg",
    }  # fmt: skip
    return TrustLists(tuple(parse(kind, (folder / name).read_bytes(), name) for kind, name in names.items()))


def samples(shared: Path, *groups: str) -> Iterator[tuple[str, bytes, ImageFile]]:
    for file in sorted(file for group in groups for file in (shared / "samples" / group).rglob("*") if file.is_file()):
        data = file.read_bytes()
        try:
            yield file.name, data, examine(data)
        except ImageError:
            continue  # no image at all, or one too large to be read anywhere


@contextmanager
def opened(browser: Any, **private: Any) -> Iterator[Page]:
    """A page whose settings say ``private`` of private mode."""
    with serve(**private) as site:
        page = Page(browser, site)
        yield page
        page.context.close()


@pytest.mark.shared
def test_every_sample_says_the_same_in_the_browser(page: Page, shared: Path) -> None:
    differing, read, seconds = {}, 0, []
    for name, data, image in samples(shared, "genparams", "iptc", "exif", "c2pa", "hostile"):
        here, there = comparable(of_this_machine(image, TrustLists())), comparable(page.read(data, image))
        read += 1
        seconds.append(page.seconds)
        if here != there:
            differing[name] = (here, there)
    assert read > 250
    assert differing == {}
    assert sorted(seconds)[-3] < 5  # but for those that load something
    assert page.complaints == []


@pytest.mark.shared
def test_with_the_official_lists_every_credential_is_judged_the_same(
    browser: Any, shared: Path, lists: TrustLists
) -> None:
    with opened(browser, trust=lists.to_json()) as page:
        differing, trusted = {}, set()
        for name, data, image in samples(shared, "c2pa"):
            here, there = comparable(of_this_machine(image, lists)), comparable(page.read(data, image))
            trusted |= {item["detail"]["trust_list"] for item in here if item["source"] == "credentials"}
            if here != there:
                differing[name] = (here, there)
        assert differing == {}
        assert trusted >= {"c2pa", "interim"}
        assert page.complaints == []


@pytest.mark.parametrize("name", ["own", "c2pa-time-stamps"])
def test_a_signer_counts_by_the_list_that_has_it(browser: Any, name: str) -> None:
    [of_test] = ROOT.trust.lists
    trust = TrustLists((dataclasses.replace(of_test, name=name),))
    data = sign(picture(), [created("trainedAlgorithmicMedia")], root=ROOT)[0]
    with opened(browser, trust=trust.to_json()) as page:
        [found] = page.read(data, examine(data))
    assert found == of_this_machine(examine(data), trust)[0]
    assert found["strength"] == ("declared" if name == "c2pa-time-stamps" else "proof")


HIDDEN = [
    hidden(A1111), hidden(A1111, magic=b"stealth_pnginfo"), hidden(A1111, format="WEBP"),
    hidden(A1111, magic=b"stealth_rgbcomp", colours=True), hidden("x" * 20, magic=b"stealth_pngcomp"),
]  # fmt: skip


@pytest.mark.parametrize("data", HIDDEN, ids=["alpha", "alpha, plain", "WebP", "colours", "short"])
def test_parameters_hidden_in_pixels_are_found(page: Page, data: bytes) -> None:
    here = of_this_machine(examine(data), TrustLists())
    assert page.read(data, examine(data)) == here
    assert [item["code"] for item in here if item["points_to"] == "ai"] == ["generator-parameters"] * (
        data != HIDDEN[4]
    )


def test_marks_in_the_pixels_come_behind_what_the_file_says(page: Page) -> None:
    pixels = with_star(drawn(800, 800, 7), 48)
    data = png(image=Image.fromarray(pixels), parameters=A1111)
    found = page.read(data, pixels=pixels)
    assert [item["code"] for item in found] == ["generator-parameters", "watermark-visible-gemini"]
    assert [item["source"] for item in found] == ["metadata", "watermark"]


def test_nothing_is_loaded_for_a_file_that_holds_but_a_picture(browser: Any) -> None:
    image = Image.fromarray(drawn(64, 64))
    plain = [saved(form, image=image) for form in ("JPEG", "PNG", "WEBP", "BMP")]
    plain.append(saved("JPEG", image=image, progressive=True, dpi=(72, 72), icc_profile=b"x" * 400))
    plain.append(saved("PNG", image=image.convert("RGBA"), dpi=(72, 72), icc_profile=b"x" * 400))
    with opened(browser) as page:
        assert [page.read(data) for data in plain] == [[]] * len(plain)
        assert not [path for path in page.site.asked if path.startswith("private/")]
        assert page.read(png(parameters=A1111))[0]["code"] == "generator-parameters"
        loaded = [path for path in page.site.asked if path.startswith("private/")]
        assert loaded
        assert not [path for path in loaded if path.startswith("private/credentials/")]


def test_no_file_that_says_something_is_taken_for_a_plain_one(page: Page) -> None:
    """However it is damaged: what Python would find, the look at its structure must not miss."""
    chance, files = random.Random(0), []
    for _ in range(600):
        data = mutated(chance.choice([*SEEDS, *HIDDEN]), chance)
        if form := format_of(data):
            image = ImageFile(data=data, format=form, width=0, height=0)
            files.append((data, bool(metadata.ask(image))))
    worth = page.page.evaluate(WORTH, [base64.b64encode(data).decode() for data, _ in files])
    missed = [data[:200] for (data, says), looked in zip(files, worth, strict=True) if says and not looked]
    assert len([says for _, says in files if says]) > 100
    assert missed == []


def test_a_reader_that_takes_too_long_is_ended_and_the_next_file_is_read(page: Page) -> None:
    data = png(parameters=A1111)
    assert page.read(data)[0]["code"] == "generator-parameters"
    [late] = page.read(png(parameters="\n" * 4_000_000), seconds=0.001)
    assert (late["code"], late["points_to"]) == ("metadata-unreadable", "none")
    assert "took longer than 0.001 seconds" in late["finding"]
    assert page.read(data)[0]["code"] == "generator-parameters"


def test_a_check_that_is_given_up_ends_the_reader(page: Page) -> None:
    given_up = page.page.evaluate(
        """async (data) => {
          const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
          const control = new AbortController();
          const answer = reader.read(bytes, undefined, { signal: control.signal });
          setTimeout(() => control.abort(), 0);
          return answer.then(() => "answered", (error) => error.name);
        }""",
        base64.b64encode(png(parameters="\n" * 1_000_000)).decode(),
    )
    assert given_up == "AbortError"
    assert page.read(png(parameters=A1111))[0]["code"] == "generator-parameters"


def test_what_is_not_installed_is_named_and_points_nowhere(browser: Any) -> None:
    signed = sign(picture(), [created("trainedAlgorithmicMedia")], root=ROOT)[0]
    with opened(browser, credentials=False) as page:
        assert page.page.evaluate("reader.available()")
        [unread] = page.read(signed)
        assert (unread["source"], unread["code"]) == ("credentials", "credentials-not-read")
        assert (unread["points_to"], unread["strength"]) == ("none", "none")
    with opened(browser, files=False) as page:
        assert not page.page.evaluate("reader.available()")
        [unread] = page.read(png(parameters=A1111))
        assert (unread["source"], unread["code"], unread["points_to"]) == ("metadata", "metadata-not-read", "none")
        assert page.complaints == []


def test_readers_that_cannot_be_loaded_are_named(browser: Any) -> None:
    with opened(browser) as page:
        page.site.extra["private/python/imageauth.zip"] = b"no zip"
        [unread] = page.read(png(parameters=A1111))
        assert unread["code"] == "metadata-not-read"
        del page.site.extra["private/python/imageauth.zip"]
        assert page.read(png(parameters=A1111))[0]["code"] == "generator-parameters"


def test_the_bundle_is_the_same_each_time_and_needs_nothing_else(tmp_path: Path) -> None:
    bundle = python_bundle()
    python_bundle.cache_clear()
    assert python_bundle() == bundle
    (tmp_path / "imageauth.zip").write_bytes(bundle)
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        names = archive.namelist()
        assert "defusedxml/LICENSE" in names
        assert not [name for name in names if "pixels" in name or "server" in name]
    (tmp_path / "picture.png").write_bytes(png(parameters=A1111))
    code = """
import sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path]
sys.path.insert(0, sys.argv[1])
from imageauth.provenance.browser import FileReader
data = open(sys.argv[2], "rb").read()
print(FileReader().read(data, 64, 48))
"""
    argv = [sys.executable, "-I", "-S", "-c", code, str(tmp_path / "imageauth.zip"), str(tmp_path / "picture.png")]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)[0]["code"] == "generator-parameters"

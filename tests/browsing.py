"""A real browser for tests, and pages in it that keep what they complain of."""

import base64
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-component-update",
]  # fmt: skip
SCREENSHOTS = Path(__file__).parent.parent / "build" / "screenshots"

_DROP = """async ({files, type}) => {
  const transfer = new DataTransfer();
  for (const {name, data, bytes} of files) {
    const body = data === null ? new Uint8Array(bytes) : Uint8Array.from(atob(data), c => c.charCodeAt(0));
    transfer.items.add(new File([body], name));
  }
  if (type === "paste") {
    const event = new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true});
    document.body.dispatchEvent(event);
    return;
  }
  for (const kind of ["dragenter", "dragover", "drop"]) {
    const event = new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true});
    document.querySelector("main").dispatchEvent(event);
  }
}"""


@contextmanager
def chromium() -> Iterator[Any]:
    """Chromium, on the path or named by IMAGEAUTH_CHROMIUM; skips where there is none, and fails in CI."""
    executable = os.environ.get("IMAGEAUTH_CHROMIUM") or shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        executable = None
    if not executable:
        reason = "needs playwright, and Chromium on the path or named by IMAGEAUTH_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """One page in a fresh context.

    Attributes:
        page: Playwright's.
        complaints: all that the console was told, errors, dialogues and what the content policy blocked.
        asked: method and URL of every request.
    """

    def __init__(self, browser: Any, url: str, **context: Any) -> None:
        context.setdefault("viewport", {"width": 1280, "height": 900})
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.url = url
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        # Choosers are only told of from some time after somebody began to listen.
        self.page.on("filechooser", lambda _: None)
        self.page.on("request", lambda request: self.asked.append((request.method, request.url)))

    def open(self) -> "Visit":
        """Load the page, and wait until it can take pictures."""
        self.page.goto(self.url)
        self.page.wait_for_selector(".zone button")
        return self

    def drop(self, files: Mapping[str, bytes | int], *, how: str = "drop") -> None:
        """Drop files on the page, or paste them.

        Args:
            files: name → content, or how many zero bytes.
            how: ``drop`` or ``paste``.
        """
        given = [
            {"name": name, "data": None, "bytes": data}
            if isinstance(data, int)
            else {"name": name, "data": base64.b64encode(data).decode(), "bytes": 0}
            for name, data in files.items()
        ]
        self.page.evaluate(_DROP, {"files": given, "type": how})

    def settled(self, count: int, *, state: str = "", seconds: float = 60) -> None:
        """Wait until so many pictures have their answer, have failed or were cancelled; or are in one such state."""
        states = [state] if state else ["done", "failed", "cancelled"]
        css = ", ".join(f".card[data-state={each}]" for each in states)
        script = "([css, count]) => document.querySelectorAll(css).length === count"
        self.page.wait_for_function(script, arg=[css, count], timeout=seconds * 1000)

    def posts(self) -> list[str]:
        """Addresses that pictures were sent to."""
        return [url for method, url in self.asked if method == "POST"]

    def shoot(self, name: str) -> None:
        """A screenshot of the whole page, for a person to look at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        size = self.page.viewport_size
        # What lies outside of the window is not drawn, so the window is made as large as the page.
        self.page.set_viewport_size(
            {"width": size["width"], "height": self.page.evaluate("document.documentElement.scrollHeight")}
        )
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")
        self.page.set_viewport_size(size)


def axe(page: Any, *impacts: str) -> list[str]:
    """What axe-core finds against a page, each with where.

    Args:
        page: Playwright's.
        impacts: that count; all of them if none is given.
    """
    from axe_playwright_python.sync_playwright import Axe

    # It must be in the page; the page's own policy does not let a script in, so that it is put in from outside of it.
    found = Axe().run(page).response["violations"]
    return [
        f"{each['impact']} {each['id']}: {[node['target'] for node in each['nodes']][:3]}"
        for each in found
        if not impacts or each["impact"] in impacts
    ]

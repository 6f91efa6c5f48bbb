"""The page as a static site: private mode without a server of ours, from any host of files, also below a path."""

import base64
import hashlib
import json
import re
import shutil
import tempfile
from pathlib import Path

from imageauth.errors import ImageAuthError
from imageauth.images import MAX_BYTES, MAX_PIXELS
from imageauth.provenance.trust import TrustLists
from imageauth.server.folders import STATIC
from imageauth.server.headers import CSP, SECURITY_HEADERS
from imageauth.server.page_config import SCHEMA, page_config
from imageauth.server.private import Private

CONFIG = "config.json"
_WORKER, _HEADERS_FILE = "sw.js", "_headers"
# Read by some hosts of static sites (Netlify, Cloudflare Pages and others); harmless elsewhere.
_HEADERS = "\n  ".join(["/*", *(f"{name}: {value}" for name, value in SECURITY_HEADERS.items())]) + "\n"
_ASSETS = re.compile(r'^const ASSETS = \{ digest: "", files: \{\} \};$', re.MULTILINE)
_LISTED = re.compile(r"^const ASSETS = (\{.*?^\});$", re.MULTILINE | re.DOTALL)
_HEAD = '<meta charset="utf-8">'


def build(out: Path, *, trust: TrustLists | None = None, readers: bool = True) -> dict[str, int]:
    """Write the site, in one step.

    Args:
        out: a folder: new, empty, or an older site, which is replaced.
        trust: lists of signers that credentials are checked against.
        readers: include what reads metadata and credentials.

    Returns:
        ``files`` and ``bytes`` written.

    Raises:
        ImageAuthError: the files of private mode are not installed, or the folder holds something else, or
            anything beside an older site.
    """
    private = Private(trust, readers=readers)
    if private.reason:
        raise ImageAuthError(private.reason)
    _check_replaceable(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".imageauth-site-", dir=out.parent) as name:
        made = Path(name) / "new"
        shutil.copytree(STATIC, made, ignore=_ignored)
        for address, file in private.files.items():
            target = made / address
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        for address, content in private.made.items():
            target = made / address
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.data)
        config = page_config(private.describe(), server=False, max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS)
        _write(made / CONFIG, json.dumps(config, indent=1) + "\n")
        _protect(made / "index.html")
        _list_assets(made)
        _write(made / _HEADERS_FILE, _HEADERS)
        if out.exists():
            out.rename(Path(name) / "old")
        made.rename(out)
    written = [file.stat().st_size for file in out.rglob("*") if file.is_file()]
    return {"files": len(written), "bytes": sum(written)}


def _check_replaceable(out: Path) -> None:
    """Whether a folder may be replaced: nothing is lost that was not written here."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        ours = json.loads((out / CONFIG).read_text(encoding="utf-8"))["schema"] == SCHEMA
        listed = _LISTED.search((out / _WORKER).read_text(encoding="utf-8"))
        written = {*json.loads(listed[1])["files"], _WORKER, _HEADERS_FILE} if ours and listed else set()
    except (OSError, ValueError, KeyError, TypeError):
        written = set()
    if not written:
        raise ImageAuthError(f"{out} holds something else than an older site; choose an empty folder or a new one")
    there = (path for path in sorted(out.rglob("*")) if path.is_symlink() or not path.is_dir())
    if foreign := [name for path in there if (name := path.relative_to(out).as_posix()) not in written]:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise ImageAuthError(f"{out} holds {foreign[0]}{more} beside an older site; move that, or choose a new folder")


def _ignored(folder: str, names: list[str]) -> set[str]:
    """Of the page's folder: files brought for the server, which :class:`Private` gives, and hidden ones."""
    top = Path(folder) == STATIC
    return {name for name in names if name.startswith(".") or (top and name == "private")}


def _protect(page: Path) -> None:
    """Give a page its policy, for hosts that cannot send it as a header."""
    text = page.read_text(encoding="utf-8")
    if text.count(_HEAD) != 1:
        raise ImageAuthError("the page has no place for its policy; this is a mistake of ours")
    _write(page, text.replace(_HEAD, f'{_HEAD}\n<meta http-equiv="Content-Security-Policy" content="{CSP}">'))


def _list_assets(site: Path) -> None:
    """Tell the service worker which files there are, and their hashes; with any of them it changes itself."""
    worker = site / _WORKER
    digests = {
        file.relative_to(site).as_posix(): base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode()
        for file in sorted(site.rglob("*"))
        if file.is_file() and file != worker
    }
    digest = hashlib.sha256(json.dumps(digests).encode()).hexdigest()
    content = json.dumps({"digest": digest, "files": digests}, indent=1)
    text, count = _ASSETS.subn(lambda _: f"const ASSETS = {content};", worker.read_text(encoding="utf-8"))
    if count != 1:
        raise ImageAuthError("the service worker has no place for its list; this is a mistake of ours")
    _write(worker, text)


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="\n")

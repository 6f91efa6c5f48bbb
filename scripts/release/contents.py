"""What must not be in a package: pictures, hosts that packages come from, paths of a machine, lock files, secrets."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from imageauth.formats import is_heic, signature
from imageauth.images import EXTENSIONS
from release.archives import members
from release.checks import Check

ROOT = Path(__file__).resolve().parent.parent.parent

_PICTURE_SUFFIXES = EXTENSIONS | {".ico", ".jp2", ".jxl", ".psd", ".svg"}
# Drawn by hand for the page, and text.
_DRAWINGS = PurePosixPath("imageauth/server/static/icons")
# Private mode's files, which a release may carry (pyproject.toml, `artifacts`): of others, fetched at pinned hashes.
BROUGHT = "imageauth/server/static/private/"
_INLINE = re.compile(rb"data:image/(?!svg)[\w.+-]+;base64,[A-Za-z0-9+/]{64}")

_INDEXES = re.compile(
    rb"--(?:extra-)?index-url|--find-links|--trusted-host|\[\[?tool\.uv\.index|\bregistry\s*=\s*[\"\']?https?:|//registry\.|"
    rb"pypi\.org/simple|files\.pythonhosted\.org|test\.pypi\.org|(?:artifactory|jfrog|devpi|nexus)[\w.-]*\.\w+/",
    re.MULTILINE | re.IGNORECASE,
)
_PRIVATE_HOSTS = re.compile(
    rb"https?://(?:10\.\d|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|[\w.-]+\.(?:internal|intranet|corp|lan|local)\b)",
    re.IGNORECASE,
)
_PATHS = re.compile(
    rb"/root/|/home/[a-z_][\w.-]*/|/Users/[A-Za-z][\w.-]*/|[A-Z]:\\\\?Users\\|/(?:private/)?var/folders/|/tmp/pip-"
)

_LOCKS = {
    *("uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "pylock.toml", "constraints.txt", "package-lock.json"),
    *("npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lockb", "conda-lock.yml"),
}
_PRIVATE_FILES = re.compile(
    r"(^|/)(\.env[\w.]*|\.git|\.netrc|\.npmrc|\.pypirc|pip\.conf|id_\w+)(/|$)|\.(pem|key|p12|pfx)$"
)
_LEFTOVERS = re.compile(
    r"(^|/)(__pycache__|\.DS_Store|Thumbs\.db|\.ipynb_checkpoints|\.\w+_cache)(/|$)|\.(pyc|orig|rej|part)$"
)
_SECRETS = {
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}"),
    "a key of AWS": re.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a token of GitHub": re.compile(rb"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50})"),
    "a token of a package registry": re.compile(
        rb"\b(?:pypi-AgE[A-Za-z0-9_-]{30}|npm_[A-Za-z0-9]{36}|hf_[A-Za-z]{34})"
    ),
    "a password in an address": re.compile(rb"https?://[^\s/:@<>\"'{}]+:[^\s/:@<>\"'{}]+@[\w.-]+\.\w"),
}


@dataclass(frozen=True, slots=True)
class Machine:
    """What would give away the machine that built a package.

    Attributes:
        words: what to look for → what it is. A failure names what it is, and never the word.
    """

    words: Mapping[bytes, str]

    @staticmethod
    def this() -> "Machine":
        """Its name, the folders of the project and of the user, and where its package manager gets packages from."""
        words = {str(ROOT): "the folder that it was built in", str(Path.home()) + os.sep: "the home folder"}
        if not (name := socket.gethostname()).isalpha():  # "server" and "laptop" are words like any other
            words[name] = "the name of the machine"
        for address in _configured():
            parts = urlsplit(address)
            words[parts.hostname or parts.path] = "where the machine's package manager gets packages from"
        # Everybody's; no file here names a registry, so their names are put together.
        public = {f"{name}.org" for name in ("pypi", "registry.npmjs")} | {"localhost", "127.0.0.1", "/root/"}
        return Machine({w.encode(): what for w, what in words.items() if len(w) > 5 and w not in public})


def _configured() -> Iterator[str]:
    """Addresses of package indexes in the settings of this machine."""
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    settings = [line.partition("=")[::2] for line in done.stdout.splitlines()]
    settings += [item for item in os.environ.items() if re.match(r"(PIP|UV|NPM_CONFIG)_", item[0], re.IGNORECASE)]
    for name, value in settings:
        if re.search(r"index|registry|links", name, re.IGNORECASE):
            yield from re.findall(r"(?:https?|file)://[^\s'\",]+", value)


def unwanted(name: str, data: bytes, machine: Machine) -> Iterator[str]:
    """What is wrong with one file of a package, a line each.

    Args:
        name: in the package, with ``/``.
        data: its content.
        machine: that built it.
    """
    path = PurePosixPath(name)
    drawing = path.suffix == ".svg" and path.parent.is_relative_to(_DRAWINGS)
    if (path.suffix.lower() in _PICTURE_SUFFIXES or signature(data) or is_heic(data)) and not drawing:
        yield f"{name} is a picture"
    if _INLINE.search(data):
        yield f"{name} holds a picture"
    if path.name in _LOCKS:
        yield f"{name} is a lock file"
    if _PRIVATE_FILES.search(name):
        yield f"{name} is a file that belongs to nobody else"
    if _LEFTOVERS.search(name):
        yield f"{name} was left behind by a tool"
    for word, what in machine.words.items():
        if word in data:
            yield f"{name} holds {what}"
    if name.startswith(BROUGHT):
        return  # programs of others name paths and hosts of their own machines
    if found := _PATHS.search(data):
        yield f"{name} holds a path of a machine ({found[0].decode(errors='replace')}…)"
    if b"\0" in data[:8192]:
        return  # what follows is written by people, not in weights
    if _INDEXES.search(data):
        yield f"{name} names a host that packages come from"
    if _PRIVATE_HOSTS.search(data):
        yield f"{name} names a host of a private network"
    for what, pattern in _SECRETS.items():
        if pattern.search(data):
            yield f"{name} holds {what}"


def check_contents(archive: Path, machine: Machine) -> Check:
    """Look into every file of a wheel or source archive."""
    count, wrong = 0, []
    for name, data in members(archive):
        count += 1
        # In a source archive the package stands below src/.
        wrong += unwanted(name.removeprefix("src/"), data, machine)
    kind = "wheel" if archive.suffix == ".whl" else "source archive"
    found = f"{count} files, no picture, host, path, lock file or secret" if not wrong else f"{len(wrong)} unwanted"
    return Check(f"nothing unwanted in the {kind}", found, tuple(wrong))

"""What private mode loads: which file lies behind which address below the page's ``private/``."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from imageauth.models import find_model, shipped_models
from imageauth.pixels.card import FILE_NAME, Card
from imageauth.provenance.trust import TrustLists
from imageauth.server.packages import C2PA, LITERT, PYODIDE, Package
from imageauth.server.python_bundle import python_bundle
from imageauth.server.runtime import HOW_TO_GET, find

PREFIX = "private/"


class Private:
    """The files of private mode, as far as this machine has them."""

    def __init__(self, trust: TrustLists | None = None, *, readers: bool = True) -> None:
        """Look for the files.

        Args:
            trust: lists of signers that the page checks credentials against.
            readers: offer what reads metadata and credentials too.
        """
        self._runtime = find((LITERT,))
        self._packages = find((LITERT, PYODIDE)) if readers else None
        self._credentials = find((LITERT, PYODIDE, C2PA)) if readers else None
        self._trust = trust

    @property
    def reason(self) -> str | None:
        """Why private mode is not available, as a sentence; None if it is."""
        if self._runtime:
            return None
        return f"Private mode needs files that are not installed on this server; `{HOW_TO_GET}` brings them."

    def describe(self) -> dict[str, Any]:
        """What ``config.json`` says of it."""
        if self.reason:
            return {"available": False, "reason": self.reason}
        return {
            "available": True,
            "models": shipped_models(),
            "files": self._packages is not None,
            "credentials": self._credentials is not None,
            "trust": f"{PREFIX}trust/lists.json" in self.files,
        }

    def find(self, path: str) -> Path | None:
        """The file at an address relative to the page; None where there is none."""
        return self.files.get(path) if path.startswith(PREFIX) else None

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """Address → file, of all that there is."""
        return {f"{PREFIX}{name}": file for name, file in self._all()}

    def _all(self) -> Iterator[tuple[str, Path]]:
        if not self._runtime:
            return
        for name in shipped_models():
            folder = find_model(name)
            for file in (FILE_NAME, Card.load(folder).file):
                yield f"models/{name}/{file}", folder / file
        yield from _of(LITERT, self._runtime)
        if self._packages:
            yield from _of(PYODIDE, self._packages)
            yield "python/imageauth.zip", self._made("imageauth.zip", python_bundle().data)
        if self._credentials:
            yield from _of(C2PA, self._credentials)
            if self._trust and self._trust.lists:
                yield "trust/lists.json", self._made("lists.json", json.dumps(self._trust.to_json()).encode())

    def _made(self, name: str, data: bytes) -> Path:
        """A file that lies nowhere yet."""
        file = Path(self._folder.name) / name
        file.write_bytes(data)
        return file

    @cached_property
    def _folder(self) -> "tempfile.TemporaryDirectory[str]":
        """Gone with this object."""
        return tempfile.TemporaryDirectory(prefix="imageauth-page-")


def _of(package: Package, folder: Path) -> Iterator[tuple[str, Path]]:
    for name in package.files.values():
        yield name, folder / name

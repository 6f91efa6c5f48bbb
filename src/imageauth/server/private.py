"""What private mode loads: which file lies behind which address below the page's ``private/``."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from imageauth.detector import Detector
from imageauth.models import find_model, shipped_models
from imageauth.pixels.card import FILE_NAME, Card
from imageauth.provenance.trust import TrustLists
from imageauth.server.packages import C2PA, LITERT, PYODIDE, Package
from imageauth.server.python_bundle import python_bundle
from imageauth.server.runtime import HOW_TO_GET, find
from imageauth.verdict import STANDARD

PREFIX = "private/"


class Made:
    """A file that lies nowhere: made when it is first needed, and kept in memory. Thread-safe."""

    def __init__(self, kind: str, make: Callable[[], bytes]) -> None:
        """Know how.

        Args:
            kind: its media type.
            make: gives its bytes.
        """
        self.kind = kind
        self._make, self._lock = make, threading.Lock()
        self._data: bytes | None = None

    @property
    def data(self) -> bytes:
        """Its bytes."""
        with self._lock:
            if self._data is None:
                self._data = self._make()
            return self._data

    @cached_property
    def etag(self) -> str:
        """Of HTTP; another one for other bytes."""
        return f'"{hashlib.sha256(self.data).hexdigest()[:32]}"'


class Private:
    """The files of private mode, as far as this machine has them.

    Attributes:
        reason: why private mode is not available, as a sentence; None if it is.
        files: address → file, of those that lie here.
        made: address → file, of the others.
    """

    def __init__(
        self,
        trust: TrustLists | None = None,
        *,
        readers: bool = True,
        models: Sequence[str] | None = None,
        otherwise: str | None = None,
    ) -> None:
        """Look for the files.

        Args:
            trust: lists of signers that the page checks credentials against.
            readers: offer what reads metadata and credentials too.
            models: names of shipped ones that the page may use; default: all.
            otherwise: why it may not be offered, even if the files are here.
        """
        self._runtime = find((LITERT,))
        self._packages = find((LITERT, PYODIDE)) if readers else None
        self._credentials = find((LITERT, PYODIDE, C2PA)) if readers else None
        self._trust = trust
        self._models = shipped_models() if models is None else list(models)
        missing = f"Private mode needs files that are not installed on this server; {HOW_TO_GET} brings them."
        self.reason = otherwise or (None if self._runtime else missing)
        self.files: Mapping[str, Path] = {f"{PREFIX}{name}": file for name, file in self._here()}
        self.made: Mapping[str, Made] = {f"{PREFIX}{name}": file for name, file in self._to_make()}

    def describe(self) -> dict[str, Any]:
        """What ``config.json`` says of it."""
        if self.reason:
            return {"available": False, "reason": self.reason}
        return {
            "available": True,
            "models": self._models,
            "files": self._packages is not None,
            "credentials": self._credentials is not None,
            "trust": f"{PREFIX}trust/lists.json" in self.made,
        }

    def find(self, path: str) -> Path | None:
        """The file at an address relative to the page; None where none lies here."""
        return self.files.get(path)

    def _here(self) -> Iterator[tuple[str, Path]]:
        if self.reason or not self._runtime:
            return
        for name in self._models:
            folder = find_model(name)
            for file in (FILE_NAME, Card.load(folder).file):
                yield f"models/{name}/{file}", folder / file
        yield from _of(LITERT, self._runtime)
        if self._packages:
            yield from _of(PYODIDE, self._packages)
        if self._credentials:
            yield from _of(C2PA, self._credentials)

    def _to_make(self) -> Iterator[tuple[str, Made]]:
        if self.reason:
            return
        if self._packages:
            yield "python/imageauth.zip", Made("application/zip", python_bundle)
        if self._credentials and (trust := self._trust) and trust.lists:
            yield "trust/lists.json", Made("application/json", lambda: json.dumps(trust.to_json()).encode())


def private_of(detector: Detector) -> Private:
    """Private mode beside a server: with the models and lists of signers by which the server answers. Where the page
    cannot follow the server it is not offered, since one picture would get two verdicts on one page.
    """
    cards = [model.card for model in detector.models]
    otherwise = None
    if not cards:
        otherwise = "Private mode is about the pixels, which this server leaves alone."
    elif detector.policy != STANDARD:
        otherwise = "This server decides by a policy of its own, which private mode does not know."
    elif detector.plugins:
        otherwise = "This server asks evidence sources of other packages too, which private mode does not have."
    elif not all(_is_shipped(card) for card in cards):
        otherwise = "This server looks at pictures with a model of its own, which private mode does not have."
    return Private(detector.trust, models=[card.name for card in cards], otherwise=otherwise)


def _is_shipped(card: Card) -> bool:
    return card.name in shipped_models() and Card.of(card.name).to_json() == card.to_json()


def _of(package: Package, folder: Path) -> Iterator[tuple[str, Path]]:
    for name in package.files.values():
        yield name, folder / name

"""Reports as documents: files checked, and what was found as one HTML page or one PDF to print, keep and hand on.

>>> from imageauth import make_document
>>> document = make_document(["picture.jpg", "another.png"])
>>> document.save("report.pdf")
"""

import hashlib
import io
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from imageauth.detector import Detector, FileBytes, Input, Prepared, failure_of, file_bytes, name_of
from imageauth.errors import ImageAuthError, ImageError
from imageauth.files import write_bytes
from imageauth.imagefile import ImageFile
from imageauth.perceptual_hash import perceptual_hash
from imageauth.pixels.measured import read_measured
from imageauth.pixels.network import usable_cores
from imageauth.rendering.document import MOST_PICTURES, Contents, Entry, Heat, Identity, Looked, Picture
from imageauth.rendering.heatmap import marked_overlay
from imageauth.report import Failure, Report

Floats = npt.NDArray[np.float64]

# Of previews, pixels along the longer side: of a few pictures, and of many, so that a document stays fit to be mailed.
_FEW, _SIDE, _SIDE_OF_MANY = 20, 1024, 512
_HEAT_SIDE = 720
# Pictures below that are shown as squares.
_SMALL = 256
_QUALITY, _FEW_COLOURS = 85, 4096


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """Reports, ready to be written in any form.

    Attributes:
        contents: all that it says.
    """

    contents: Contents

    @property
    def answers(self) -> list[Report | Failure]:
        """In the order of the files."""
        return [entry.answer for entry in self.contents.entries]

    def to_json(self) -> dict[str, Any]:
        """The object of schema ``imageauth/document/1``, which the other forms carry."""
        return self.contents.to_json()

    def to_html(self) -> str:
        """One self-contained page. The same contents give the same characters.

        Raises:
            ImageAuthError: the files say more of themselves than one document may hold.
        """
        from imageauth.rendering.document.compose import compose
        from imageauth.rendering.document.html import to_html

        return to_html(compose(self.contents))

    def to_pdf(self) -> bytes:
        """A tagged PDF with the JSON attached. The same contents give the same bytes, with the same fonts.

        Raises:
            MissingExtraError: the extra ``[report]`` is not installed.
            ImageAuthError: as for :meth:`to_html`.
        """
        from imageauth.rendering.document.compose import compose
        from imageauth.rendering.document.pdf import to_pdf

        return to_pdf(compose(self.contents))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it in the form that the name ends in: ``.html``, ``.pdf`` or ``.json``, whole or not at all.

        Raises:
            MissingExtraError, ImageAuthError: as above, or it cannot be written, or the name ends otherwise.
        """
        path = Path(path)
        kind = path.suffix.lower()
        if kind in (".html", ".htm"):
            data = self.to_html().encode()
        elif kind == ".pdf":
            data = self.to_pdf()
        elif kind == ".json":
            data = (self.contents.to_text() + "\n").encode()
        else:
            raise ImageAuthError(f"{path}: a report ends in .html, .pdf or .json")
        write_bytes(path, data)


def make_document(
    sources: Iterable[Input],
    *,
    names: Iterable[str] | None = None,
    detector: Detector | None = None,
    made: datetime | None = None,
    command: Sequence[str] | None = None,
) -> Document:
    """Check files and gather what a document says of them; one that cannot be checked is in it with its reason.

    Args:
        sources: paths, bytes or binary streams, at most :data:`~imageauth.rendering.document.MOST_PICTURES`.
        names: what to call them, in the same order; default: the paths.
        detector: that checks; default: with the shipped models.
        made: when; default: now. The same time gives the same document.
        command: the command line that led here, if there is one to show.

    Raises:
        ImageAuthError: there are none, or too many.
        ModelError: a model cannot be used.
    """
    given = list(sources)
    check_count(len(given))
    detector = detector or Detector()
    called = list(names) if names is not None else [name_of(source) for source in given]
    entries = list(look(detector, given, called))
    return Document(contents_of(detector, entries, made=made, command=command))


def check_count(count: int) -> None:
    """See that a document can hold so many files.

    Raises:
        ImageAuthError: it cannot.
    """
    if not count:
        raise ImageAuthError("a report needs at least one image")
    if count > MOST_PICTURES:
        many = f"a report holds at most {MOST_PICTURES} images, and {count:,} were named"
        raise ImageAuthError(f"{many}; imageauth scan and imageauth review are for archives")


def contents_of(
    detector: Detector, entries: Sequence[Entry], *, made: datetime | None = None, command: Sequence[str] | None = None
) -> Contents:
    """What a document says, of entries that a detector gave.

    Args:
        detector: that checked them.
        entries: of the files.
        made, command: as for :func:`make_document`.

    Raises:
        ModelError: the figures of a model are damaged.
    """
    answers = [entry.answer for entry in entries]
    used = {answer.produced_by.get("model_sha256") for answer in answers if isinstance(answer, Report)}
    models = {
        model.card.sha256: Looked(model.card, read_measured(model.folder) if model.folder else None)
        for model in detector.models
        if model.card.sha256 in used
    }
    return Contents(
        entries=entries,
        made=made or datetime.now(UTC),
        policy=detector.policy,
        trust=detector.trust.summary(),
        models=models,
        command=command,
    )


class Sight:
    """What a document keeps of one file while it is checked."""

    def __init__(self, data: bytes, side: int = _SIDE) -> None:
        """Note the file's identity.

        Args:
            data: its bytes.
            side: of the preview, pixels along the longer side at most.
        """
        self._sha256, self._bytes, self._side = hashlib.sha256(data).hexdigest(), len(data), side
        self._small: PIL.Image.Image | None = None
        self._hash: str | None = None

    def see(self, image: ImageFile) -> None:
        """Keep of a decoded image what will be shown; of one that was not decoded nothing."""
        if image.pixels is not None:
            self.look_at(image.pixels)

    def look_at(self, pixels: npt.NDArray[np.uint8]) -> None:
        """The same of pixels, uint8 [H, W, 3]."""
        self._hash = perceptual_hash(pixels) or None
        small = PIL.Image.fromarray(pixels)
        if max(small.size) < _SMALL:
            times = max(1, 2 * _SMALL // max(small.size))
            self._small = small.resize((times * small.width, times * small.height), PIL.Image.Resampling.NEAREST)
        else:
            small.thumbnail((self._side, self._side), PIL.Image.Resampling.LANCZOS, reducing_gap=2.0)
            self._small = small

    def entry(self, answer: Report | Failure, heatmap: Floats | None = None) -> Entry:
        """The file's part of a document.

        Args:
            answer: about it.
            heatmap: as :attr:`imageauth.detector.Explanation.heatmap`.
        """
        identity = Identity(self._sha256, self._bytes, self._hash)
        if self._small is None or isinstance(answer, Failure):
            return Entry(answer, identity)
        heat = None
        if heatmap is not None and (strongest := float(np.abs(np.nan_to_num(heatmap)).max())) > 0:
            over = self._small.copy()
            over.thumbnail((_HEAT_SIDE, _HEAT_SIDE), PIL.Image.Resampling.BOX)
            heat = Heat(_encoded(marked_overlay(over, heatmap)), strongest)
        return Entry(answer, identity, _encoded(self._small), heat)


def look(detector: Detector, sources: Sequence[Input | Failure], names: Sequence[str]) -> Iterator[Entry]:
    """Check files lazily and yield what a document says of each, in their order. The next ones are decoded meanwhile.

    Args:
        detector: that checks.
        sources: at most as many as a document holds; a :class:`Failure` is passed through in its place.
        names: what to call them.
    """
    side = side_for(len(sources))
    threads = usable_cores()
    waiting: deque[Future[tuple[Sight | None, Prepared | Failure]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="imageauth-document")
    pairs = iter(zip(sources, names, strict=True))
    try:
        while True:
            while len(waiting) < 2 * threads and (pair := next(pairs, None)):
                waiting.append(pool.submit(_prepare, detector, *pair, side, alone=len(sources) == 1))
            if not waiting:
                return
            sight, prepared = waiting.popleft().result()
            if isinstance(prepared, Failure):
                yield sight.entry(prepared) if sight else Entry(prepared)
            else:
                (answer,) = detector.answer([prepared])
                assert sight
                yield sight.entry(answer.report, answer.heatmap())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def side_for(count: int) -> int:
    """Pixels along the longer side of previews in a document of so many pictures."""
    return _SIDE if count <= _FEW else _SIDE_OF_MANY


def _prepare(
    detector: Detector, source: Input | Failure, name: str, side: int, *, alone: bool
) -> tuple[Sight | None, Prepared | Failure]:
    sight = None
    try:
        if isinstance(source, Failure):
            return None, source
        file: FileBytes = file_bytes(source)
        sight = Sight(file.data, side)
        return sight, detector.prepare(file, name=name, seen=sight.see, alone=alone)
    except (ImageError, MemoryError) as error:
        return sight, failure_of(name, error)


def _encoded(picture: PIL.Image.Image) -> Picture:
    """As JPEG; drawings, screens and squares of single pixels, which that would blur, as PNG."""
    out = io.BytesIO()
    if picture.getcolors(_FEW_COLOURS):
        picture.save(out, "PNG", optimize=True)
        return Picture(out.getvalue(), "image/png", picture.width, picture.height)
    picture.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return Picture(out.getvalue(), "image/jpeg", picture.width, picture.height)

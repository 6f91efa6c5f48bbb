"""A document as a PDF: tagged (PDF/UA-1), for archives (PDF/A-3a), with the JSON attached. Typst sets it.

Strings reach Typst as data, in a JSON file that the template reads, and never as its markup; the template and the
pictures lie in a folder of their own, and Typst reads nothing outside of it.
"""

import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from imageauth.errors import ImageAuthError, MissingExtraError
from imageauth.escaping import one_line
from imageauth.rendering.document import drawings
from imageauth.rendering.document.blocks import Chance, Composed
from imageauth.rendering.document.contents import ATTACHMENT, Picture
from imageauth.rendering.document.text import shortened

STANDARDS = ("ua-1", "a-3a")
_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png"}
# What Typst says of a character that no font has; the text is quoted as Rust does.
_NO_GLYPH = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
_CODE_POINT = re.compile(r"\\u\{([0-9a-f]+)\}")
_MOST_TRIES = 8
# Characters. PDF/A ends at 32,767 bytes of one string; four a character are the most that UTF-8 takes.
_MOST_TEXT = 8_000
# Words longer than that may be broken anywhere, at marks that the template takes out; a SHA-256 is not.
_UNBROKEN, _PIECE = re.compile(r"[^\s\u200b]{25,}"), 8
_SHA256 = re.compile("[0-9a-f]{64}")


def require_library() -> None:
    """Before the long work: make sure that :func:`to_pdf` can be asked.

    Raises:
        MissingExtraError: Typst is not installed.
    """
    _library()


def to_pdf(composed: Composed) -> bytes:
    """The file. Same contents, same bytes, with the same fonts on the machine.

    Typst's own fonts come first; scripts that they lack are set in the system's. Characters that no font has are
    written as their numbers.

    Raises:
        MissingExtraError: Typst is not installed.
        ImageAuthError: it cannot be set.
    """
    typst = _library()
    template = files("imageauth.rendering.document").joinpath("template.typ").read_bytes()
    with tempfile.TemporaryDirectory(prefix="imageauth-report-") as name:
        folder = Path(name)
        data = _Laid(folder).out(composed)
        (folder / ATTACHMENT).write_text(composed.data, encoding="ascii")
        for shape in drawings.SHAPES:
            (folder / f"shape-{shape}.svg").write_text(drawings.with_style(drawings.shape(shape)), encoding="utf-8")
        (folder / "scale.svg").write_text(drawings.with_style(drawings.scale()), encoding="utf-8")
        missing: frozenset[str] = frozenset()
        for attempt in range(_MOST_TRIES):
            # Whatever is still wrong at last, plain letters have glyphs.
            change = _for_typst(missing if attempt + 1 < _MOST_TRIES else None)
            (folder / "document.json").write_text(json.dumps(_mapped(data, change)), encoding="ascii")
            try:
                seconds = int(datetime.fromisoformat(composed.made).timestamp())
                return bytes(typst.compile(template, root=name, pdf_standards=list(STANDARDS), timestamp=seconds))
            except typst.TypstError as error:
                found = _without_glyph(str(error.diagnostic or error.message)) - missing
                problem = error
                if not found:
                    break
                missing |= found
        raise ImageAuthError(f"the PDF cannot be set: {one_line(problem, 300)}") from problem


def _library() -> Any:
    try:
        import typst
    except ImportError:
        raise MissingExtraError("a PDF report", "report") from None
    return typst


class _Laid:
    """Blocks as plain data, their pictures as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0

    def out(self, value: Any) -> Any:
        if isinstance(value, Picture):
            name = self._file(_SUFFIXES[value.media_type], value.data)
            return {"file": name, "width": value.width, "height": value.height}
        if isinstance(value, Chance):
            drawing = drawings.with_style(drawings.strokes(value.probability, value.real, value.ai))
            return {"kind": "chance", "file": self._file(".svg", drawing.encode()), "alt": value.alt}
        if is_dataclass(value) and not isinstance(value, type):
            named = {each.name: self.out(getattr(value, each.name)) for each in fields(value) if each.name != "data"}
            return {"kind": type(value).__name__.lower(), **named}
        if isinstance(value, Mapping):
            return {key: self.out(each) for key, each in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [self.out(each) for each in value]
        return value

    def _file(self, suffix: str, data: bytes) -> str:
        self.count += 1
        name = f"picture-{self.count}{suffix}"
        (self.folder / name).write_bytes(data)
        return name


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _mapped(each, change) for key, each in value.items()}
    return [_mapped(each, change) for each in value] if isinstance(value, list) else value


def _for_typst(missing: frozenset[str] | None) -> Callable[[str], str]:
    """Characters without a glyph escaped (None: all but ASCII), and long words made breakable."""

    def change(text: str) -> str:
        if not text.isascii():
            text = "".join(
                character.encode("unicode_escape").decode()
                if (character in missing if missing is not None else character > "\x7e")
                else character
                for character in text
            )
        text = shortened(text, _MOST_TEXT)
        return text if _SHA256.fullmatch(text) else _UNBROKEN.sub(_breakable, text)

    return change


def _breakable(match: re.Match[str]) -> str:
    word = match[0]
    if _SHA256.fullmatch(word):
        return word
    return "\u200b".join(word[at : at + _PIECE] for at in range(0, len(word), _PIECE))


def _without_glyph(message: str) -> frozenset[str]:
    """The characters that Typst names, but for those that every font has."""
    found = "".join(_NO_GLYPH.findall(message))
    characters = {chr(int(code, 16)) for code in _CODE_POINT.findall(found)}
    characters |= {character for character in found if character > "\x7e"}
    return frozenset(characters)

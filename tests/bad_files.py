"""Files that cannot be checked, and the error code that each must give."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image


def _encoded(kind: str, size: tuple[int, int] = (64, 64), **options: object) -> bytes:
    out = io.BytesIO()
    image = Image.effect_noise(size, 60).convert("RGB")
    image.save(out, kind, **options)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds one row's worth of compressed zeros."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def _scan_bomb() -> bytes:
    """A progressive JPEG whose last scan is repeated a thousand times over a large picture."""
    data = _encoded("JPEG", (4000, 4000), progressive=True, quality=1)
    at = data.rindex(b"\xff\xda")
    return data[:-2] + data[at:-2] * 200 + data[-2:]


def _tile_bomb() -> bytes:
    """A TIFF of 64×64 that keeps its pixels in one deflated tile of 40,000×40,000."""
    pixels = zlib.compress(bytes(64 * 64))
    fields = {256: 64, 257: 64, 258: 8, 259: 8, 262: 1, 277: 1, 322: 40_000, 323: 40_000, 324: 8, 325: len(pixels)}
    directory = struct.pack("<H", len(fields))
    for tag, value in fields.items():
        directory += struct.pack("<HHII", tag, 4, 1, value)
    return struct.pack("<2sHI", b"II", 42, 8 + len(pixels)) + pixels + directory + bytes(4)


BAD: dict[str, tuple[str, Callable[[], bytes]]] = {
    "empty.jpg": ("empty", lambda: b""),
    "text.jpg": ("unsupported-format", lambda: b"Dear reader, this is not a picture.\n" * 20),
    "page.png": ("unsupported-format", lambda: b"<!doctype html><title>404</title>"),
    "truncated.jpg": ("corrupt", lambda: _encoded("JPEG")[:700]),
    "header-only.jpg": ("corrupt", lambda: _encoded("JPEG")[:20]),
    "truncated.png": ("corrupt", lambda: _encoded("PNG")[:3000]),
    "truncated.webp": ("corrupt", lambda: _encoded("WEBP")[:300]),
    "truncated.gif": ("corrupt", lambda: _encoded("GIF")[:300]),
    "truncated.tif": ("corrupt", lambda: _encoded("TIFF")[:300]),
    "zero.png": ("corrupt", lambda: png_header(0, 0)),
    "one.png": ("too-small", lambda: _encoded("PNG", (1, 1))),
    "thin.png": ("too-small", lambda: _encoded("PNG", (900, 3))),
    "bomb.png": ("too-large", lambda: png_header(60_000, 60_000)),
    "just-too-large.png": ("too-large", lambda: png_header(10_001, 10_000)),
    "tiles.tif": ("too-large", _tile_bomb),
    "scans.jpg": ("too-large", _scan_bomb),
}

"""Parameters hidden in the lowest bits of pixels, as NovelAI and an extension of AUTOMATIC1111's web UI write them.

A magic word, a length of 32 bits and the text (packed or not), one bit a pixel of the alpha channel, or three of the
colours, down each column, columns from the left ("stealth pnginfo").
"""

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from imageauth.provenance.metadata.blocks import Text, decode
from imageauth.provenance.metadata.limits import MAX_CHUNKS, MAX_VALUE

_ALPHA = {b"stealth_pngcomp": True, b"stealth_pnginfo": False}
_COLOURS = {b"stealth_rgbcomp": True, b"stealth_rgbinfo": False}
_MAGIC_BYTES = 15
_MAX_PIXELS = 8_000_000
# A value → the digit of its lowest bit.
_LOWEST = bytes(b"01"[value & 1] for value in range(256))


@dataclass(frozen=True, slots=True)
class Raster:
    """Decoded pixels.

    Attributes:
        width, height: pixels.
        channels: 3 (red, green, blue) or 4 (and alpha).
        data: 8 bits a channel, row by row, alpha not multiplied in.
    """

    width: int
    height: int
    channels: int
    data: bytes = field(repr=False)


Decoder = Callable[[bytes], Raster | None]
"""A file's bytes → its pixels; None where they have no such channels. It may raise anything on damaged files."""


def hidden_text(data: bytes, format: str, decoder: Decoder | None = None) -> tuple[Text | None, str | None]:
    """The hidden text, and a sentence where there is one that cannot be read.

    Args:
        data: the file.
        format: of it.
        decoder: what decodes it; default: Pillow.
    """
    magic = magic_word(data, format)
    if magic is None:
        return None, None
    try:
        return _decode(data, decoder or _by_pillow), None
    except Exception as error:  # decoders raise anything on hostile input
        return None, f"Parameters hidden in the pixels are damaged ({type(error).__name__})" if magic else None


def magic_word(data: bytes, format: str) -> bytes | None:
    """The magic word that stands before a hidden text; empty where only the decoded pixels tell; None where none does.

    Pixels are only decoded where the first column begins with a magic word, which for a PNG is seen without decoding
    it: every PNG filter predicts the first pixel of a row from the one above alone.
    """
    if format == "png":
        return _first_column(data)
    return b"" if format == "webp" and _lossless_alpha(data) else None


def _first_column(data: bytes) -> bytes | None:
    """The magic word, if the first column of a PNG spells one; None if not, or where it cannot be told this way.

    Only 8-bit, not interlaced pictures with colour are looked at. Pictures too low to hold the word in one column
    answer an empty word where they are small, so that they are decoded.
    """
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    depth, colour, interlace = data[24:25], data[25:26], data[28:29]
    channels = {b"\x02": 3, b"\x06": 4}.get(colour)
    if channels is None or depth != b"\x08" or interlace != b"\0" or not 0 < width * height <= _MAX_PIXELS:
        return None
    rows = min(height, _MAGIC_BYTES * 8)
    pixels = _leading_pixels(data, rows, 1 + width * channels, channels)
    if channels == 4:
        bits = [pixel[3] & 1 for pixel in pixels]
        if (word := _word(bits)) in _ALPHA:
            return word
        if height < _MAGIC_BYTES * 8 and len(bits) == height and any(bits) and width * height < 250_000:
            start = _bits(next(iter(_ALPHA)))
            return b"" if bits == start[: len(bits)] else None
    bits = [pixel[channel] & 1 for pixel in pixels for channel in range(3)]
    return word if (word := _word(bits)) in _COLOURS else None


def _leading_pixels(data: bytes, rows: int, stride: int, channels: int) -> list[bytes]:
    """The first pixel of each of the first rows, unfiltered (PNG specification, 9.2)."""
    unpacker, raw, at = zlib.decompressobj(), bytearray(), 8
    wanted = rows * stride
    for _ in range(MAX_CHUNKS):  # where these run out, the container's reader says so
        if at + 8 > len(data) or len(raw) >= wanted:
            break
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind == b"IDAT":
            try:
                raw += unpacker.decompress(data[at + 8 : at + 8 + size], wanted - len(raw))
            except zlib.error:
                break
            # What did not fit in the answer belongs to rows that nobody asks for.
        elif kind == b"IEND":
            break
        at += 12 + size
    above, pixels = bytes(channels), []
    for start in range(0, len(raw) - channels, stride):
        filtered, values = raw[start], bytes(raw[start + 1 : start + 1 + channels])
        if filtered in (2, 4):  # Up; Paeth, which is Up where nothing is to the left
            values = bytes((value + up) & 255 for value, up in zip(values, above, strict=True))
        elif filtered == 3:  # Average
            values = bytes((value + up // 2) & 255 for value, up in zip(values, above, strict=True))
        above = values
        pixels.append(above)
    return pixels


def _bits(word: bytes) -> list[int]:
    return [byte >> shift & 1 for byte in word for shift in range(7, -1, -1)]


def _word(bits: list[int]) -> bytes:
    bits = bits[: _MAGIC_BYTES * 8]
    return bytes(int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits) - 7, 8))


def _lossless_alpha(data: bytes) -> bool:
    """Whether a WebP is lossless with alpha in use: lossy ones cannot carry bits (RFC 9649, 2.6 and 3.4)."""
    at = data.find(b"VP8L", 12, 4096)
    if at < 0 or len(data) < at + 13 or data[at + 8] != 0x2F:
        return False
    header = int.from_bytes(data[at + 9 : at + 13], "little")
    width, height, alpha = (header & 0x3FFF) + 1, (header >> 14 & 0x3FFF) + 1, header >> 28 & 1
    return bool(alpha) and width * height <= _MAX_PIXELS


def _by_pillow(data: bytes) -> Raster | None:
    import PIL.Image

    with PIL.Image.open(io.BytesIO(data), formats=["PNG", "WEBP"]) as picture:
        if picture.size[0] * picture.size[1] > _MAX_PIXELS or picture.mode not in ("RGB", "RGBA"):
            return None
        return Raster(picture.width, picture.height, len(picture.mode), picture.tobytes())


def _decode(data: bytes, decoder: Decoder) -> Text | None:
    """Read it from the decoded pixels; None where there is no magic word."""
    raster = decoder(data)
    if raster is None:
        return None
    for name, words, channels in (("hidden alpha", _ALPHA, [3]), ("hidden colours", _COLOURS, [0, 1, 2])):
        if channels[-1] >= raster.channels:
            continue
        word = _lowest_bits(raster, channels, 0, _MAGIC_BYTES)
        if word in words:
            size = int.from_bytes(_lowest_bits(raster, channels, _MAGIC_BYTES, 4), "big") // 8
            if size > MAX_VALUE:
                raise ValueError("impossible length")
            body = _lowest_bits(raster, channels, _MAGIC_BYTES + 4, size)
            return Text(name, "parameters", decode(_unpack(body) if words[word] else body))
    return None


def _lowest_bits(raster: Raster, channels: list[int], start: int, size: int) -> bytes:
    """``size`` bytes from the ``start``-th on, fewer where the pixels end, one bit of each of a pixel's channels."""
    each = len(channels)
    first, last = start * 8 // each, -(-(start + size) * 8 // each)  # pixels, counted down the columns
    stride = raster.width * raster.channels
    left, right = first // raster.height, min(-(-last // raster.height), raster.width)
    bits = bytearray(max(0, right - left) * raster.height * each)
    for column in range(left, right):
        at = (column - left) * raster.height * each
        for place, channel in enumerate(channels):
            values = raster.data[column * raster.channels + channel :: stride]
            bits[at + place : at + raster.height * each : each] = values.translate(_LOWEST)
    skipped = start * 8 - left * raster.height * each
    digits = bytes(bits[skipped : skipped + size * 8])
    digits = digits[: len(digits) // 8 * 8]
    return int(digits, 2).to_bytes(len(digits) // 8, "big") if digits else b""


def _unpack(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(31)  # gzip
    text = unpacker.decompress(body, MAX_VALUE)
    if unpacker.unconsumed_tail:
        raise ValueError("larger than is read")
    return text

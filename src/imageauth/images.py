"""Bytes → :class:`Image`, safely. The only place that decodes.

Files are untrusted. Size in bytes is bounded before reading, pixels and scans before decoding; only known decoders are
tried; everything a picture can be (palette, CMYK, 16 bit, grey, alpha, wide gamut, rotated by EXIF) ends as 8-bit sRGB.
"""

import hashlib
import io
import os
import stat
import struct
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageOps
from PIL import (  # noqa: F401  (each registers its decoder; Pillow's own list would load some forty more)
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from imageauth.errors import ImageError

MAX_BYTES = 64 * 2**20
MAX_PIXELS = 100_000_000
MIN_SIDE = 16
# A progressive JPEG is decoded once for each of its scans; a hostile one repeats scans to burn hours.
MAX_SCANNED_PIXELS = 3_000_000_000

# Pillow's names of what we decode → ours. HEIC is decoded by pillow-heif when it is installed.
FORMATS = {
    "JPEG": "jpeg",
    "MPO": "jpeg",  # a JPEG with further pictures behind the first
    "PNG": "png",
    "WEBP": "webp",
    "GIF": "gif",
    "BMP": "bmp",
    "TIFF": "tiff",
    "AVIF": "avif",
    "HEIF": "heic",
}
EXTENSIONS = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".apng",
        ".webp",
        ".gif",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".avif",
        ".heic",
        ".heif",
    ]
)
"""How names of image files end, in lower case."""

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

# Our own limit comes first and is an error, so Pillow's warning about the same thing would only be noise.
warnings.filterwarnings("ignore", category=PIL.Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A decoded picture and the file it came from.

    Attributes:
        pixels: uint8 [height, width, 3], sRGB, upright.
        data: the file's bytes.
        format: ``jpeg``, ``png``, ``webp``, ``gif``, ``bmp``, ``tiff``, ``avif`` or ``heic``.
        notes: sentences about what was done to reach ``pixels`` that a reader should know.
    """

    pixels: npt.NDArray[np.uint8]
    data: bytes = field(repr=False)
    format: str
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Pixels, after EXIF orientation."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels, after EXIF orientation."""
        return int(self.pixels.shape[0])

    @property
    def sha256(self) -> str:
        """Of the file's bytes, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


def read_image(path: str | os.PathLike[str]) -> Image:
    """Read and decode one file.

    Raises:
        ImageError: it cannot be read or decoded, or exceeds a limit; ``code`` says which.
    """
    return decode(read_bytes(path))


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a regular file, at most :data:`MAX_BYTES`.

    Raises:
        ImageError: ``unreadable`` (missing, a folder, a device, no permission), ``too-large`` or ``empty``.
    """
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise ImageError("unreadable", "is a folder")
        if not stat.S_ISREG(mode):
            raise ImageError("unreadable", "is not a regular file")
        with Path(path).open("rb") as stream:
            return read_stream(stream)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ImageError("unreadable", f"cannot be read: {reason}") from error


def read_stream(stream: BinaryIO) -> bytes:
    """Everything in a stream, refusing to hold more than :data:`MAX_BYTES`.

    Raises:
        ImageError: ``too-large`` or ``empty``.
    """
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ImageError("too-large", f"is larger than the limit of {MAX_BYTES // 2**20} MiB")
    if not data:
        raise ImageError("empty", "is empty (0 bytes)")
    return data


def decode(data: bytes) -> Image:
    """Decode a file's bytes.

    Raises:
        ImageError: ``empty``, ``too-large``, ``too-small``, ``unsupported-format`` or ``corrupt``.
    """
    if not data:
        raise ImageError("empty", "is empty (0 bytes)")
    if len(data) > MAX_BYTES:
        raise ImageError("too-large", f"is larger than the limit of {MAX_BYTES // 2**20} MiB")
    picture = _open(data)
    with picture:
        _check_size(picture.size, data, picture.format or "")
        notes: list[str] = []
        try:
            if getattr(picture, "is_animated", False):
                what = "page" if picture.format == "TIFF" else "frame"
                notes.append(f"Only the first {what} of this file was checked.")
            picture.load()
            upright = PIL.ImageOps.exif_transpose(picture)
            pixels = np.asarray(_to_srgb(upright, notes), np.uint8)
        except MemoryError as error:
            raise ImageError("too-large", "needs more memory than there is") from error
        except Exception as error:  # decoders raise anything on hostile input
            raise ImageError("corrupt", f"is damaged or cut short ({_reason(error)})") from error
    return Image(pixels, data, FORMATS[picture.format or ""], tuple(notes))


def _open(data: bytes) -> PIL.Image.Image:
    """Read the header only, by the decoders we trust."""
    allowed = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]
    if _is_heic(data):
        try:
            import pillow_heif
        except ImportError:
            raise ImageError("unsupported-format", 'is HEIC, which needs: pip install "imageauth[heic]"') from None
        pillow_heif.register_heif_opener()
        allowed = ["HEIF"]
    try:
        return PIL.Image.open(io.BytesIO(data), formats=allowed)
    except PIL.Image.DecompressionBombError:
        raise ImageError("too-large", f"has more than the limit of {MAX_PIXELS // 10**6} megapixels") from None
    except PIL.UnidentifiedImageError as error:
        if known := _signature(data):
            raise ImageError("corrupt", f"begins like a {known} file but its header cannot be read") from error
        names = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC"
        raise ImageError("unsupported-format", f"is not a {names} image") from error
    except Exception as error:
        raise ImageError("corrupt", f"has a damaged header ({_reason(error)})") from error


def _check_size(size: tuple[int, int], data: bytes, kind: str) -> None:
    width, height = size
    if not width or not height:
        raise ImageError("corrupt", f"claims a size of {width}×{height} pixels")
    if width * height > MAX_PIXELS:
        raise ImageError("too-large", f"has {width}×{height} pixels; the limit is {MAX_PIXELS // 10**6} megapixels")
    if min(width, height) < MIN_SIDE:
        raise ImageError("too-small", f"has {width}×{height} pixels; at least {MIN_SIDE}×{MIN_SIDE} are needed")
    if kind in ("JPEG", "MPO") and data.count(b"\xff\xda") * width * height > MAX_SCANNED_PIXELS:
        raise ImageError("too-large", "is a progressive JPEG with more scans than an honest one has")


def _to_srgb(picture: PIL.Image.Image, notes: list[str]) -> PIL.Image.Image:
    """Any Pillow mode → RGB, with the embedded colour profile applied and transparency laid on white."""
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith(("I", "F")):
        picture = _to_8_bit(picture, notes)
    if picture.mode == "1":
        picture = picture.convert("L")
    if picture.mode in ("P", "PA", "La", "RGBa") or (picture.mode in ("L", "RGB") and "transparency" in picture.info):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    alpha = picture.getchannel("A") if picture.mode in ("RGBA", "LA") else None
    if alpha is not None:
        picture = picture.convert("RGB" if picture.mode == "RGBA" else "L")
    picture = _apply_profile(picture, profile, notes)
    if alpha is not None and alpha.getextrema() != (255, 255):
        notes.append("Transparent parts were laid on white.")
        white = PIL.Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=alpha)
        picture = white
    return picture


def _to_8_bit(picture: PIL.Image.Image, notes: list[str]) -> PIL.Image.Image:
    """16-bit integers by their high byte; 32-bit integers and floats by their range."""
    values = np.asarray(picture).astype(np.float64)
    if picture.mode.startswith("I;16"):
        scaled = values / 257
    else:
        values = np.nan_to_num(values)
        most = float(values.max(initial=0.0))
        top = (
            next((top for top in (1.0, 255.0, 65535.0) if most <= top), most)
            if picture.mode == "F"
            else (65535.0 if most <= 65535 else 2.0**32 - 1)
        )
        scaled = values / top * 255
    notes.append("More than 8 bits a channel were reduced to 8.")
    return PIL.Image.fromarray(np.clip(np.rint(scaled), 0, 255).astype(np.uint8), "L")


def _apply_profile(picture: PIL.Image.Image, profile: Any, notes: list[str]) -> PIL.Image.Image:
    """Convert to sRGB by the ICC profile; without one, by Pillow's own formula for the mode."""
    if profile and picture.mode in ("RGB", "L", "CMYK", "LAB"):
        from PIL import ImageCms

        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            if "srgb" in ImageCms.getProfileDescription(source).lower() and picture.mode == "RGB":
                return picture
            converted = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            notes.append("The colour profile is damaged or does not fit, and was ignored.")
    if picture.mode == "LAB":
        from PIL import ImageCms

        converted = ImageCms.profileToProfile(
            picture, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        if converted is not None:
            return converted
    return picture.convert("RGB")


def _is_heic(data: bytes) -> bool:
    """Whether the ISO-BMFF brands say HEIC and do not say AVIF (ISO/IEC 23008-12)."""
    if data[4:8] != b"ftyp" or len(data) < 16:
        return False
    size = min(struct.unpack(">I", data[:4])[0], 256)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, size - 3, 4))}
    return bool(brands & _HEIC_BRANDS) and not brands & {b"avif", b"avis"}


def _signature(data: bytes) -> str | None:
    """The format that the first bytes claim."""
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return "AVIF"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    signatures = {
        b"\xff\xd8\xff": "JPEG",
        b"\x89PNG": "PNG",
        b"GIF8": "GIF",
        b"BM": "BMP",
        b"II*\x00": "TIFF",
        b"MM\x00*": "TIFF",
    }
    return next((name for start, name in signatures.items() if data.startswith(start)), None)


def _reason(error: Exception) -> str:
    """One short line of a decoder's complaint."""
    text = " ".join(str(error).split())
    return text[:120] or type(error).__name__

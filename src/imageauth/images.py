"""Bytes → :class:`Image`, safely. The only place that decodes.

Files are untrusted. Size in bytes is bounded before reading, pixels and scans before decoding; only known decoders are
tried; everything a picture can be (palette, CMYK, 16 bit, grey, alpha, wide gamut, rotated by EXIF) ends as 8-bit sRGB.
"""

import io
import os
import re
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
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

from imageauth import jpeg, svg
from imageauth.errors import ImageError
from imageauth.escaping import one_line
from imageauth.formats import is_heic, signature
from imageauth.imagefile import ImageFile
from imageauth.png import without_text

MAX_BYTES = 64 * 2**20
MAX_PIXELS = 100_000_000
MIN_SIDE = 16
# A progressive JPEG is decoded once for each of its scans; a hostile one repeats scans to burn hours.
MAX_SCANNED_PIXELS = 3_000_000_000
# A TIFF's tiles may overhang the picture by their own size, but no honest writer makes them much larger than that.
MAX_TILE_OVERHANG = 1024
# Pictures above this many pixels are decoded one at a time, however many threads there are.
LARGE_PIXELS = 16_000_000

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
# TIFF's Compression: JPEG (old and new), JPEG XR, JPEG 2000, WebP, lossy DNG.
_LOSSY_TIFF = frozenset([6, 7, 22610, 34712, 34892, 34934, 50001])
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


def has_image_suffix(name: str) -> bool:
    """Whether a name ends as image files do."""
    return os.path.splitext(name)[1].lower() in EXTENSIONS


# Any JPEG marker but stuffed zeros, restarts and fill bytes, which stand inside a scan's data.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_LARGE = threading.Lock()

# Our own limit comes first and is an error, so Pillow's warning about the same thing would only be noise.
warnings.filterwarnings("ignore", category=PIL.Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Image(ImageFile):
    """An image file whose pixels are decoded.

    Attributes:
        pixels: as above.
        lossless: the file's format keeps every pixel as it was given, so that it may never have been compressed.
        quality: of a JPEG, as :func:`imageauth.jpeg.quality` tells it.
    """

    pixels: npt.NDArray[np.uint8]
    lossless: bool = False
    quality: int | None = None


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
        ImageError: ``unreadable``, ``too-large`` or ``empty``.
    """
    try:
        data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImageError("unreadable", f"cannot be read: {error.strerror or error}") from error
    check_length(len(data))
    return data


def read_sidecar(path: str | os.PathLike[str]) -> bytes | None:
    """The Content Credentials beside an image file: ``picture.c2pa``, or ``picture.jpg.c2pa``, as C2PA tools name them.

    Args:
        path: of the image.

    Returns:
        Their bytes; None where there is no such file, nothing (``b""``) where it cannot be read within
        :data:`MAX_BYTES`.
    """
    name = os.fspath(path)
    for candidate in (f"{os.path.splitext(name)[0]}.c2pa", f"{name}.c2pa"):
        if candidate != name and os.path.isfile(candidate):
            try:
                return read_bytes(candidate)
            except ImageError:
                return b""
    return None


def decode(data: bytes, *, sidecar: bytes | None = None) -> Image:
    """Decode a file's bytes.

    Args:
        data: of the file.
        sidecar: of the Content Credentials beside it, kept with the image.

    Raises:
        ImageError: ``empty``, ``too-large``, ``too-small``, ``unsupported-format`` or ``corrupt``.
    """
    check_length(len(data))
    picture = _open(data)
    with picture:
        _check_size(picture, data)
        notes: list[str] = []
        form = _format(picture)
        lossless, coarse = _is_lossless(picture, data), jpeg.quality(getattr(picture, "quantization", {}))
        with _decoding(picture):
            if form == "dng":
                notes.append("Of this camera raw file only the first picture that lies in it was checked.")
            elif getattr(picture, "is_animated", False):
                what = "page" if picture.format == "TIFF" else "frame"
                notes.append(f"Only the first {what} of this file was checked.")
            pixels = np.asarray(_upright(picture, notes), np.uint8)
    height, width = pixels.shape[:2]
    return Image(
        data=data,
        format=form,
        width=width,
        height=height,
        notes=tuple(notes),
        sidecar=sidecar,
        pixels=pixels,
        lossless=lossless,
        quality=coarse,
    )


def shrink(data: bytes, side: int) -> PIL.Image.Image:
    """A small RGB picture of a file's, upright, for a person to recognise it by; never larger than it is.

    A JPEG is decoded at a fraction of its size, which takes a fraction of the time; nothing is measured on the result.

    Args:
        data: of the file.
        side: of a square that it fits into, pixels.

    Raises:
        ImageError: as :func:`decode`.
    """
    check_length(len(data))
    with _open(data) as picture:
        _check_size(picture, data)
        with _decoding(picture):
            picture.draft("RGB", (2 * side, 2 * side))
            small = _upright(picture, [])
            small.thumbnail((side, side), PIL.Image.Resampling.LANCZOS, reducing_gap=2.0)
    return small


@contextmanager
def _decoding(picture: PIL.Image.Image) -> Iterator[None]:
    """Large pictures one at a time; whatever a decoder raises becomes an :class:`ImageError`."""
    large = picture.size[0] * picture.size[1] > LARGE_PIXELS
    try:
        with _LARGE if large else nullcontext():
            yield
    except MemoryError as error:
        raise ImageError("too-large", "needs more memory than there is") from error
    except Exception as error:  # decoders raise anything on hostile input
        raise ImageError("corrupt", f"is damaged or cut short ({one_line(error, 120)})") from error


def _upright(picture: PIL.Image.Image, notes: list[str]) -> PIL.Image.Image:
    """The decoded picture as 8-bit sRGB, turned as its EXIF orientation says."""
    picture.load()
    upright: PIL.Image.Image = picture
    PIL.ImageOps.exif_transpose(upright, in_place=True)  # a copy of a large picture would cost time
    if picture.mode.startswith("I;16") and _white_is_zero(picture):
        upright = PIL.Image.fromarray(65535 - np.asarray(upright))
    return _to_srgb(upright, notes)


def examine(data: bytes, *, sidecar: bytes | None = None) -> ImageFile:
    """Read a file's header alone. Unlike :func:`decode` it takes SVG, pictures too small or too large to decode, and
    those whose header is damaged (as 0 × 0), because what stands beside the picture may be sound.

    Args:
        data: of the file.
        sidecar: of the Content Credentials beside it, kept with the image.

    Raises:
        ImageError: ``empty``, ``too-large`` (in bytes) or ``unsupported-format``.
    """
    check_length(len(data))
    if drawing := svg.size(data):
        return ImageFile(data=data, format="svg", width=drawing[0], height=drawing[1], sidecar=sidecar)
    try:
        with _open(data) as picture:
            form, (width, height) = _format(picture), picture.size
            if _turned(picture):
                width, height = height, width
    except ImageError as error:
        known = "heic" if is_heic(data) else (signature(data) or "").lower()
        if not known:
            raise
        notes = (f"Of the picture itself nothing can be said: it {error}.",)
        return ImageFile(data=data, format=known, width=0, height=0, notes=notes, sidecar=sidecar)
    return ImageFile(data=data, format=form, width=width, height=height, sidecar=sidecar)


def _format(picture: PIL.Image.Image) -> str:
    if isinstance(picture, TiffImagePlugin.TiffImageFile) and 50706 in picture.tag_v2:  # DNGVersion
        return "dng"
    return FORMATS[picture.format or ""]


def _is_lossless(picture: PIL.Image.Image, data: bytes) -> bool:
    """Whether nothing was lost when this file was written, as far as its header says."""
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        return picture.tag_v2.get(259, 1) not in _LOSSY_TIFF
    if picture.format == "WEBP":
        # The first chunk says it, or in an extended file the chunk of the picture, which lies after others.
        return b"VP8L" in data[12:16] or (data[12:16] == b"VP8X" and b"VP8 " not in data)
    return picture.format in ("PNG", "GIF", "BMP")


def _turned(picture: PIL.Image.Image) -> bool:
    """Whether the EXIF orientation exchanges width and height, from what the header has given already."""
    try:
        if isinstance(picture, TiffImagePlugin.TiffImageFile):
            return picture.tag_v2.get(274) in (5, 6, 7, 8)
        if not (raw := picture.info.get("exif")):
            return False
        exif = PIL.Image.Exif()
        exif.load(raw)
        return exif.get(274) in (5, 6, 7, 8)
    except Exception:  # a damaged EXIF block turns nothing
        return False


def too_many_bytes(limit: int) -> ImageError:
    """The error of a file beyond a limit in bytes."""
    return ImageError("too-large", f"is larger than the limit of {limit / 2**20:g} MiB")


def too_many_pixels(width: int, height: int, limit: int) -> ImageError:
    """The error of a picture beyond a limit in pixels."""
    return ImageError("too-large", f"has {width}×{height} pixels; the limit is {limit / 10**6:g} megapixels")


def check_length(length: int) -> None:
    """Refuse a file for its length, bytes.

    Raises:
        ImageError: ``empty`` or ``too-large``.
    """
    if not length:
        raise ImageError("empty", "is empty (0 bytes)")
    if length > MAX_BYTES:
        raise too_many_bytes(MAX_BYTES)


def _open(data: bytes) -> PIL.Image.Image:
    """Read the header only, by the decoders we trust."""
    allowed = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]
    if is_heic(data):
        try:
            import pillow_heif
        except ImportError:
            raise ImageError("unsupported-format", 'is HEIC, which needs: pip install "imageauth[heic]"') from None
        pillow_heif.register_heif_opener()
        allowed = ["HEIF"]
    try:
        return PIL.Image.open(io.BytesIO(without_text(data)), formats=allowed)
    except ImageError:
        raise
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning):
        raise ImageError("too-large", f"has more than the limit of {MAX_PIXELS // 10**6} megapixels") from None
    except PIL.UnidentifiedImageError as error:
        if svg.size(data):
            reason = "is SVG, a drawing without pixels to check; --no-pixels and inspect read what it says"
            raise ImageError("unsupported-format", reason) from error
        if known := signature(data):
            raise ImageError("corrupt", f"begins like a {known} file but its header cannot be read") from error
        names = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC"
        raise ImageError("unsupported-format", f"is not a {names} image") from error
    except Exception as error:
        raise ImageError("corrupt", f"has a damaged header ({one_line(error, 120)})") from error


def _check_size(picture: PIL.Image.Image, data: bytes) -> None:
    width, height = picture.size
    if not width or not height:
        raise ImageError("corrupt", f"claims a size of {width}×{height} pixels")
    if width * height > MAX_PIXELS:
        raise too_many_pixels(width, height, MAX_PIXELS)
    if min(width, height) < MIN_SIDE:
        raise ImageError("too-small", f"has {width}×{height} pixels; at least {MIN_SIDE}×{MIN_SIDE} are needed")
    if picture.info.get("progressive") and _scans(data) * width * height > MAX_SCANNED_PIXELS:
        raise ImageError("too-large", "is a progressive JPEG with more scans than an honest one has")
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        for tag, side in ((322, width), (323, height)):  # TileWidth, TileLength
            tile = picture.tag_v2.get(tag, 0)
            if not isinstance(tile, int) or tile > side + MAX_TILE_OVERHANG:
                raise ImageError("too-large", "stores its pixels in tiles far larger than the picture")


def _white_is_zero(picture: PIL.Image.Image) -> bool:
    """Whether a TIFF says so (PhotometricInterpretation 0). Pillow inverts 8-bit greys itself, 16-bit ones not."""
    return isinstance(picture, TiffImagePlugin.TiffImageFile) and picture.tag_v2.get(262) == 0


def _scans(data: bytes) -> int:
    """Scans of the first picture in a JPEG file (ITU-T T.81): start-of-scan markers up to its end-of-image."""
    scans, at = 0, 2
    while match := _MARKER.search(data, at):
        marker, at = data[match.start() + 1], match.end()
        if marker == 0xD9:
            break
        scans += marker == 0xDA
        at += int.from_bytes(data[at : at + 2], "big")
    return scans


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
    """16-bit integers by their high byte; 32-bit integers and floats by their range.

    Done in strips of rows, since a copy of a large picture in a wider type would fill the memory.
    """
    values = np.asarray(picture)
    top = 65535.0 if picture.mode.startswith("I;16") else _top(values)
    result = np.empty(values.shape, np.uint8)
    for at in range(0, len(values), 256):
        strip = np.nan_to_num(values[at : at + 256].astype(np.float32), posinf=top)
        result[at : at + 256] = np.clip(np.rint(strip * (255 / top)), 0, 255)
    notes.append("More than 8 bits a channel were reduced to 8.")
    return PIL.Image.fromarray(result)


def _top(values: npt.NDArray[Any]) -> float:
    """What counts as white: files of 32-bit integers and floats do not say it, so the nearest usual range does."""
    known = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not known.size:
        return 1.0
    most = float(known.max())
    if values.dtype.kind == "f":
        # High dynamic range has highlights above 1, which are clipped; a few of them do not make it another range.
        if float(np.percentile(known, 99)) <= 1.0:
            return 1.0
        if most <= 16:
            return most
    return next((top for top in (255.0, 65535.0) if most <= top), most)


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
    return picture if picture.mode == "RGB" else picture.convert("RGB")

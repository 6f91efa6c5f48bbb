"""Pictures are decoded in the browser as :mod:`imageauth.images` decodes them."""

import base64
import io
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from imageauth.errors import ImageError
from imageauth.images import decode
from tests.conftest import drawn
from tests.private_page import ModulePage, digest, module_page, received

pytestmark = pytest.mark.browser
BY_BROWSER = "The browser converted its colours, and may have rounded them otherwise than imageauth on a computer does."
# Levels of 0..255 that the browser's colour management and ours may differ by.
ROUNDING = 1

DECODE = """async (data, whole) => {
  const { decode } = await load("decode");
  try {
    const { picture, ...rest } = await decode(bytes(data));
    const { width, height } = picture;
    return { ...rest, width, height, digest: await digest(picture), picture: whole ? plain(picture) : null };
  } catch (error) {
    return { code: error.code ?? error.stack, message: error.message };
  }
}"""


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[ModulePage]:
    with module_page(browser) as opened:
        yield opened
        assert opened.complaints == []


def noise(mode: str, size: tuple[int, int] = (61, 47), seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    bands = len(Image.new(mode, (1, 1)).getbands())
    values = rng.integers(0, 256, (size[1], size[0], bands), np.uint8)
    if mode == "1":
        return Image.fromarray(values[..., 0] > 127)
    return Image.fromarray(values.squeeze(), mode)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = orientation
    return exif


def other_colours() -> bytes:
    """A profile of other colours than sRGB: its red is sRGB's green."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for old, new in (("sRGB".encode("utf-16-be"), "ours".encode("utf-16-be")), (b"rXYZ", b"....")):
        assert old in profile
        profile = profile.replace(old, new)
    return profile.replace(b"gXYZ", b"rXYZ").replace(b"....", b"gXYZ")


def grey_16() -> Image.Image:
    return Image.fromarray(np.random.default_rng(3).integers(0, 65536, (40, 52), np.uint16))


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def colour_16(kind: int) -> bytes:
    """A PNG of 16 bits a channel: kind 2 colours, 4 grey with alpha, 6 colours with alpha."""
    channels = {2: 3, 4: 2, 6: 4}[kind]
    values = np.random.default_rng(kind).integers(0, 65536, (20, 30, channels)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    head = struct.pack(">IIBBBBB", 30, 20, 16, kind, 0, 0, 0)
    parts = (png_chunk(b"IHDR", head), png_chunk(b"IDAT", zlib.compress(rows)), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def titled(key: str, text: str) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_itxt(key, text)
    return info


def exact() -> dict[str, bytes]:
    """Files whose pixels must be the same to the last bit."""
    smooth = Image.fromarray(drawn(150, 90, seed=4))
    palette = noise("RGB").quantize(40)
    few = noise("L").point(lambda value: value // 80 * 80).quantize(4)
    frames = [noise("RGB", seed=seed) for seed in range(3)]
    files = {
        f"jpeg-{name}": saved(picture, "JPEG", quality=quality, **options)
        for name, picture, quality, options in (
            ("420", smooth, 90, {}),
            ("444", noise("RGB"), 95, {"subsampling": 0}),
            ("422", noise("RGB"), 60, {"subsampling": 1}),
            ("progressive", noise("RGB", (130, 131)), 75, {"progressive": True}),
            ("grey", noise("L"), 80, {}),
            ("restarts", noise("RGB"), 70, {"restart_marker_blocks": 2}),
        )
    }
    files |= {f"jpeg-turned-{n}": saved(smooth, "JPEG", exif=turned(n)) for n in range(1, 9)}
    files |= {
        "png": saved(noise("RGB"), "PNG"),
        "png-grey": saved(noise("L"), "PNG"),
        "png-bits": saved(noise("1"), "PNG"),
        "png-alpha": saved(noise("RGBA"), "PNG"),
        "png-grey-alpha": saved(noise("LA"), "PNG"),
        "png-palette": saved(palette, "PNG"),
        "png-palette-4": saved(few, "PNG", bits=4),
        "png-palette-2": saved(few, "PNG", bits=2),
        "png-palette-clear": saved(palette, "PNG", transparency=bytes(range(0, 240, 6))),
        "png-clear-colour": saved(smooth, "PNG", transparency=smooth.getpixel((3, 3))),
        "png-grey-16": saved(grey_16(), "PNG"),
        "png-colour-16": colour_16(2),
        "png-grey-alpha-16": colour_16(4),
        "png-alpha-16": colour_16(6),
        "png-turned": saved(noise("RGB"), "PNG", exif=turned(6)),
        "png-turned-xmp": saved(noise("RGB"), "PNG", pnginfo=titled("XML:com.adobe.xmp", '<x tiff:Orientation="3"/>')),
        "png-animated": saved(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        "png-srgb": saved(
            smooth, "PNG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        ),
        "png-gamma": with_gamma(saved(smooth, "PNG")),
        "webp": saved(smooth, "WEBP", quality=70),
        "webp-lossless": saved(noise("RGB"), "WEBP", lossless=True),
        "webp-turned": saved(noise("RGB"), "WEBP", lossless=True, exif=turned(5)),
        "webp-animated": saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True),
        "gif": saved(palette, "GIF"),
        "gif-animated": saved(frames[0].quantize(30), "GIF", save_all=True, append_images=frames[1:]),
        "bmp": saved(noise("RGB"), "BMP"),
        "bmp-palette": saved(palette, "BMP"),
        "avif": saved(smooth, "AVIF", quality=80),
    }
    return files


def with_gamma(png: bytes) -> bytes:
    """A PNG that asks for another brightness, which we leave alone."""
    return png[:33] + png_chunk(b"gAMA", struct.pack(">I", 100000)) + png[33:]


@pytest.mark.parametrize("name", exact())
def test_pixels_and_what_is_said_of_them(page: ModulePage, name: str) -> None:
    data = exact()[name]
    expected = decode(data)
    got = page.run(DECODE, base64.b64encode(data).decode(), False)
    assert got.get("message") is None
    said = (got["format"], got["width"], got["height"], got["notes"], got["lossless"], got["quality"])
    assert said == (
        expected.format, expected.width, expected.height, list(expected.notes), expected.lossless, expected.quality,
    )  # fmt: skip
    assert got["digest"] == digest(expected.pixels)


def converted() -> dict[str, bytes]:
    """Files whose colours the browser converts."""
    smooth, profile = Image.fromarray(drawn(150, 90, seed=4)), other_colours()
    return {
        "cmyk": saved(noise("CMYK"), "JPEG", quality=95),
        "jpeg-profile": saved(smooth, "JPEG", quality=95, icc_profile=profile),
        "png-profile": saved(smooth, "PNG", icc_profile=profile),
        "webp-profile": saved(smooth, "WEBP", lossless=True, icc_profile=profile),
    }


@pytest.mark.parametrize("name", converted())
def test_colours_that_the_browser_converts_are_close_and_said_to_be(page: ModulePage, name: str) -> None:
    data = converted()[name]
    expected = decode(data)
    got = page.run(DECODE, base64.b64encode(data).decode(), True)
    assert BY_BROWSER in got["notes"]
    difference = np.abs(received(got["picture"]).astype(int) - expected.pixels)
    assert difference.max() <= ROUNDING


def test_a_profile_that_does_not_fit_is_ignored(page: ModulePage) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for data in (saved(noise("L"), "JPEG", icc_profile=profile), saved(noise("RGB"), "PNG", icc_profile=b"nonsense")):
        expected = decode(data)
        got = page.run(DECODE, base64.b64encode(data).decode(), False)
        assert got["notes"] == list(expected.notes) != []
        assert got["digest"] == digest(expected.pixels)


def bad() -> dict[str, bytes]:
    jpeg, png = saved(noise("RGB"), "JPEG"), saved(noise("RGB"), "PNG")
    huge = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 40000, 40000, 8, 2, 0, 0, 0))
    return {
        "empty": b"",
        "text": b"not a picture at all" * 20,
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        "cut-jpeg": jpeg[: len(jpeg) // 2],
        "cut-png": png[: len(png) // 2],
        "no-header": png[:8] + b"\0" * 40,
        "small": saved(noise("RGB", (15, 80)), "PNG"),
        "huge": b"\x89PNG\r\n\x1a\n" + huge + png_chunk(b"IDAT", zlib.compress(b"\0" * 99)) + png_chunk(b"IEND", b""),
        "large": jpeg + b"\0" * (64 * 2**20),
    }


@pytest.mark.parametrize("name", bad())
def test_what_cannot_be_checked_fails_with_the_same_code(page: ModulePage, name: str) -> None:
    data = bad()[name]
    with pytest.raises(ImageError) as caught:
        decode(data)
    # A large file is made in the page: it would take long to get there.
    code = (
        DECODE.replace("bytes(data)", "bytes(data.small)")
        if name != "large"
        else DECODE.replace("bytes(data)", "new Uint8Array(data.length).fill(255)")
    )
    got = page.run(code, {"small": base64.b64encode(data[:10_000]).decode(), "length": len(data)}, False)
    assert got["code"] == caught.value.code
    assert got["message"]


def test_formats_that_browsers_lack_say_so(page: ModulePage) -> None:
    for data, name in (
        (saved(noise("RGB"), "TIFF"), "TIFF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 99, "HEIC"),
    ):
        got = page.run(DECODE, base64.b64encode(data).decode(), False)
        assert got["code"] == "unsupported-format"
        assert f"is {name}, which cannot be checked inside a browser" in got["message"]


def test_damaged_files_end_in_a_picture_or_a_sentence(page: ModulePage) -> None:
    random.seed(9)
    files = exact()
    for name in ("jpeg-420", "jpeg-progressive", "png-alpha", "webp-animated", "gif", "bmp", "avif", "png-turned-xmp"):
        for _ in range(12):
            data = bytearray(files[name])
            for _ in range(random.randint(1, 6)):
                data[random.randrange(len(data))] = random.randrange(256)
            data = data[: random.choice([len(data), random.randrange(20, len(data))])]
            got = page.run(DECODE, base64.b64encode(data).decode(), False)
            codes = ("corrupt", "too-large", "too-small", "unsupported-format", None)
            assert got.get("code") in codes, (name, got)


@pytest.mark.shared
def test_pictures_from_elsewhere(page: ModulePage, shared: Path) -> None:
    """Every tenth of the sample files: the same pixels wherever both decode it, and mostly the same answer."""
    endings = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".avif")
    files = sorted(path for path in (shared / "samples").rglob("*.*") if path.suffix.lower() in endings)[::10]
    same = other = 0
    for path in files:
        data = path.read_bytes()
        try:
            expected, code = decode(data), None
        except ImageError as error:
            expected, code = None, error.code
        if len(data) > 2_000_000 or (expected and expected.width * expected.height > 4_000_000):
            continue
        got = page.run(DECODE, base64.b64encode(data).decode(), True)
        if expected is None or got.get("code"):
            same += got.get("code") == code
            other += got.get("code") != code
            continue
        difference = np.abs(received(got["picture"]).astype(int) - expected.pixels).max()
        assert difference <= (ROUNDING if BY_BROWSER in got["notes"] else 0), path.name
        same += 1
    assert same > 25
    # Broken on purpose: decoders differ in what they forgive.
    assert other <= 0.1 * same

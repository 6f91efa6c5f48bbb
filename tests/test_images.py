"""Every kind of file ends as the right sRGB pixels, or as an error with a code."""

import io
import os
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image, ImageCms

from imageauth.errors import ErrorCode, ImageError
from imageauth.images import MAX_BYTES, decode, examine, read_image, read_sidecar
from tests.bad_files import BAD
from tests.conftest import drawn


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "JPEG", "WEBP", "AVIF"])
def test_formats(kind: str) -> None:
    pixels = drawn(40, 36)
    image = decode(encoded(Image.fromarray(pixels), kind, quality=95))
    assert (image.width, image.height) == (40, 36)
    assert image.format == kind.lower()
    lossy = {"JPEG": 4, "WEBP": 5, "AVIF": 5, "GIF": 12}.get(kind, 0)
    assert np.abs(image.pixels.astype(int) - pixels).mean() <= lossy


def test_heic() -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    image = decode(encoded(Image.fromarray(drawn(64, 64)), "HEIF"))
    assert image.format == "heic"
    assert image.pixels.shape == (64, 64, 3)


def test_heic_without_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    with pytest.raises(ImageError, match=r"imageauth\[heic\]") as caught:
        decode(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 50)
    assert caught.value.code == "unsupported-format"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation: int) -> None:
    upright = drawn(48, 32)
    # How a camera stores it: the inverse of what the tag asks for.
    inverse = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    stored = Image.fromarray(upright)
    if inverse is not None:
        stored = stored.transpose(Image.Transpose(inverse))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encoded(stored, "PNG", exif=exif))
    np.testing.assert_array_equal(image.pixels, upright)


def test_palette_grey_and_one_bit() -> None:
    picture = Image.fromarray(drawn())
    palette = picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=256)
    np.testing.assert_array_equal(decode(encoded(palette, "PNG")).pixels, np.asarray(palette.convert("RGB")))
    grey = picture.convert("L")
    np.testing.assert_array_equal(decode(encoded(grey, "PNG")).pixels, np.asarray(grey.convert("RGB")))
    bits = picture.convert("1")
    np.testing.assert_array_equal(decode(encoded(bits, "PNG")).pixels, np.asarray(bits.convert("RGB")))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    picture = Image.fromarray(drawn()).convert("RGBA")
    picture.putalpha(Image.fromarray(np.repeat(np.uint8([[0], [255]]), 16, axis=0).repeat(32, axis=1)))
    kind = "TIFF" if mode == "PA" else "PNG"
    image = decode(encoded(picture.convert("RGBA" if mode == "PA" else mode), kind))
    assert (image.pixels[:16] == 255).all()
    assert not (image.pixels[16:] == 255).all()
    assert any("white" in note for note in image.notes)


def test_palette_transparency() -> None:
    picture = Image.fromarray(drawn()).convert("P", palette=Image.Palette.ADAPTIVE)
    index = picture.getpixel((0, 0))
    image = decode(encoded(picture, "PNG", transparency=index))
    assert tuple(image.pixels[0, 0]) == (255, 255, 255)


def test_sixteen_bit_grey_keeps_its_brightness() -> None:
    values = np.linspace(0, 65535, 32 * 32).reshape(32, 32).astype(np.uint16)
    for kind in ("PNG", "TIFF"):
        image = decode(encoded(Image.fromarray(values), kind))
        np.testing.assert_allclose(image.pixels[..., 0], values / 257, atol=1)
        assert any("8 bits" in note for note in image.notes)


def test_float_tiff() -> None:
    values = np.linspace(0, 1, 32 * 32).reshape(32, 32).astype(np.float32)
    image = decode(encoded(Image.fromarray(values), "TIFF"))
    np.testing.assert_allclose(image.pixels[..., 0], values * 255, atol=1)


@pytest.mark.parametrize("most", [1.2, 4.0, 255.0, 60000.0])
def test_brightness_of_float_and_32_bit_files_is_kept(most: float) -> None:
    values = np.linspace(0, most, 32 * 32).reshape(32, 32)
    image = decode(encoded(Image.fromarray(values.astype(np.float32)), "TIFF"))
    assert 90 < image.pixels.mean() < 160
    if most > 100:
        image = decode(encoded(Image.fromarray(values.astype(np.int32)), "TIFF"))
        assert 90 < image.pixels.mean() < 160


def test_sixteen_bit_tiff_whose_white_is_zero() -> None:
    values = np.linspace(0, 65535, 32 * 32).reshape(32, 32).astype(np.uint16)
    image = decode(encoded(Image.fromarray(values), "TIFF", tiffinfo={262: 0}))
    np.testing.assert_allclose(image.pixels[..., 0], 255 - values / 257, atol=1)


def test_a_large_honest_jpeg_with_a_film_behind_it() -> None:
    """Phones append a video to a photograph; its bytes are not scans."""
    film = np.random.default_rng(1).integers(0, 256, 20_000_000, np.uint8).tobytes()
    for progressive in (False, True):
        photograph = encoded(Image.fromarray(drawn(4000, 3000)), "JPEG", progressive=progressive)
        assert decode(photograph + film).width == 4000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_sixteen_bits_do_not_multiply_memory(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.fromarray(np.zeros((9000, 9000), np.uint16)).save(path)
    # Not ru_maxrss, which a child inherits from a large parent.
    code = (
        "import re, sys\nfrom imageauth.images import read_image\nread_image(sys.argv[1])\n"
        "print(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) / 1024 < 1400  # MiB; whole-picture floats took 3.5 GiB


def test_cmyk_jpeg() -> None:
    picture = Image.fromarray(drawn(64, 64))
    image = decode(encoded(picture.convert("CMYK"), "JPEG", quality=95))
    assert np.abs(image.pixels.astype(int) - np.asarray(picture)).mean() < 6


def test_colour_profile_is_applied() -> None:
    picture = Image.new("RGB", (32, 32), (120, 60, 200))
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    as_lab = ImageCms.profileToProfile(picture, srgb, lab, outputMode="LAB")
    profile = ImageCms.ImageCmsProfile(lab).tobytes()
    image = decode(encoded(as_lab, "TIFF", icc_profile=profile))
    assert np.abs(image.pixels.astype(int) - np.asarray(picture)).max() <= 3


def test_broken_colour_profile_is_ignored_and_said() -> None:
    image = decode(encoded(Image.fromarray(drawn()), "PNG", icc_profile=b"nonsense" * 20))
    np.testing.assert_array_equal(image.pixels, drawn())
    assert any("profile" in note for note in image.notes)


def test_animation_says_that_one_frame_was_checked() -> None:
    frames = [Image.fromarray(drawn(seed=seed)) for seed in range(3)]
    for kind in ("GIF", "WEBP", "PNG"):
        image = decode(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
        assert image.notes == ("Only the first frame of this file was checked.",)


def test_hash_is_of_the_file() -> None:
    data = encoded(Image.fromarray(drawn()), "PNG")
    assert decode(data).sha256 == __import__("hashlib").sha256(data).hexdigest()


@pytest.mark.parametrize("name", BAD)
def test_bad_files(name: str) -> None:
    code, make = BAD[name]
    with pytest.raises(ImageError) as caught:
        decode(make())
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.jpg", tmp_path, "null\0byte.jpg"):
        with pytest.raises(ImageError) as caught:
            read_image(path)
        assert caught.value.code == "unreadable"
    fifo = tmp_path / "fifo.jpg"
    os.mkfifo(fifo)
    with pytest.raises(ImageError, match="regular") as caught:
        read_image(fifo)
    assert caught.value.code == "unreadable"


def test_too_many_bytes(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert caught.value.code == "too-large"


@pytest.mark.shared
def test_hostile_samples(shared: Path) -> None:
    """Whatever a hostile file holds, it is decoded or refused with a code, never anything else."""
    files = sorted(path for path in (shared / "samples").rglob("*") if path.is_file())
    assert len(files) > 100
    refused = set()
    for path in files:
        try:
            image = read_image(path)
        except ImageError as error:
            refused.add(error.code)
        else:
            assert image.pixels.dtype == np.uint8
            assert image.pixels.ndim == 3
    assert refused <= set(get_args(ErrorCode))


def chunk(kind: bytes, body: bytes, checksum: int | None = None) -> bytes:
    crc = zlib.crc32(kind + body) if checksum is None else checksum
    return len(body).to_bytes(4, "big") + kind + body + crc.to_bytes(4, "big")


@pytest.mark.parametrize(
    "text",
    [
        chunk(b"tEXt", b"parameters\0a cat", checksum=1),
        chunk(b"zTXt", b"workflow\0\0" + zlib.compress(b"0" * 50_000_000)),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"0" * 50_000_000)),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + b"no deflate stream"),
        chunk(b"iTXt", b"x\0\1\0\0\0" + zlib.compress(b"0" * 5_000_000)),
    ],
    ids=["wrong checksum", "bomb", "bomb in a profile", "not compressed", "long"],
)
def test_text_in_a_png_does_not_damage_the_picture(text: bytes) -> None:
    pixels = drawn(40, 30)
    data = encoded(Image.fromarray(pixels), "PNG")
    end = data.rindex(b"IEND") - 4
    for at in (33, end):
        with_text = data[:at] + text + data[at:]
        np.testing.assert_array_equal(decode(with_text).pixels, pixels)
        assert decode(with_text).data == with_text
        assert (examine(with_text).width, examine(with_text).height) == (40, 30)


@pytest.mark.parametrize(
    "piece",
    [
        chunk(b"IDAT", b""),
        chunk(b"teSt", b""),
        chunk(b"tEXt", b""),
        chunk(b"tEXt", b"a\0b"),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0"),
    ],
    ids=["pixels", "unknown", "text", "short text", "xmp"],
)
def test_tiny_chunks_do_not_hold_a_png(piece: bytes) -> None:
    data = encoded(Image.fromarray(drawn(40, 30)), "PNG")
    for at in (33, data.rindex(b"IEND") - 4):
        many = data[:at] + piece * (60 * 2**20 // len(piece)) + data[at:]
        start = time.process_time()
        with pytest.raises(ImageError, match="more than 50,000 chunks") as caught:
            decode(many)
        assert caught.value.code == "too-large"
        assert (examine(many).format, examine(many).width) == ("png", 0)
        assert time.process_time() - start < 4
        some = data[:at] + piece * 30_000 + data[at:]
        np.testing.assert_array_equal(decode(some).pixels, drawn(40, 30))


def test_small_bombs_in_profiles_do_not_hold_a_png() -> None:
    data = encoded(Image.fromarray(drawn(40, 30)), "PNG")
    bomb = chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(bytes(2**20 - 1), 9))
    start = time.process_time()
    np.testing.assert_array_equal(decode(data[:33] + bomb * 45_000 + data[33:]).pixels, drawn(40, 30))
    assert time.process_time() - start < 4


def test_examine_reads_the_header_alone() -> None:
    exif = Image.Exif()
    exif[274] = 6
    data = encoded(Image.fromarray(drawn(40, 30)), "JPEG", exif=exif)
    header = examine(data[:-10], sidecar=b"beside")
    assert (header.format, header.width, header.height, header.pixels) == ("jpeg", 30, 40, None)
    assert header.sidecar == b"beside"
    assert examine(encoded(Image.fromarray(drawn(8, 8)), "PNG")).width == 8
    damaged = examine(data[:40])
    assert (damaged.format, damaged.width) == ("jpeg", 0)
    assert "nothing can be said" in damaged.notes[0]
    with pytest.raises(ImageError) as caught:
        examine(b"nothing known")
    assert caught.value.code == "unsupported-format"


@pytest.mark.parametrize(
    ("drawing", "size"),
    [
        (b"<svg width=\"30px\" height='20'/>", (30, 20)),
        (b'\xef\xbb\xbf<?xml version="1.0"?><!-- c --><svg xmlns="x" viewBox="0 0 40,50"><g/></svg>', (40, 50)),
        (b"<svg:svg width='100%' height='50%'>", (0, 0)),
        (b"<svg width='1e9'/>", (0, 0)),
    ],
)
def test_svg_is_examined_and_not_decoded(drawing: bytes, size: tuple[int, int]) -> None:
    file = examine(drawing)
    assert (file.format, file.width, file.height) == ("svg", *size)
    with pytest.raises(ImageError, match="drawing without pixels") as caught:
        decode(drawing)
    assert caught.value.code == "unsupported-format"


def test_credentials_beside_an_image_are_found(tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"x")
    assert read_sidecar(picture) is None
    (tmp_path / "a.jpg.c2pa").write_bytes(b"second")
    assert read_sidecar(picture) == b"second"
    (tmp_path / "a.c2pa").write_bytes(b"first")
    assert read_sidecar(str(picture)) == b"first"
    (tmp_path / "a.c2pa").write_bytes(b"")
    assert read_sidecar(picture) == b""
    assert read_sidecar("") is None

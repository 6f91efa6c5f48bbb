"""Degradations: deterministic, of the promised shape, and actually degrading."""

import numpy as np
import PIL.Image
import pytest

from imageauth.pixels import degradations
from imageauth.pixels.degradations import DEGRADATIONS, degrade

SIZES = [(32, 32), (16, 16), (17, 33), (31, 200), (300, 400)]


def _picture(height, width, seed=0):
    """Fine colourful structure on a smooth ground: something for every degradation to take away."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    ground = np.stack([120 + 80 * np.sin(x / 5), 120 + 80 * np.cos(y / 7), 128 + 60 * np.sin((x + y) / 3)], -1)
    return np.clip(ground + random.normal(0, 20, ground.shape), 0, 255).astype(np.uint8)


def test_the_protocol_is_complete():
    assert list(DEGRADATIONS) == [
        "jpeg-90", "jpeg-75", "jpeg-50", "jpeg-30", "blur-0.5", "blur-1", "blur-2",
        "resize-0.75", "resize-0.5", "resize-0.25", "noise-0.02", "noise-0.05", "noise-0.1",
        "crop-0.8", "webp-80",
        "shared-messenger", "shared-repost", "shared-worn",
    ]  # fmt: skip
    with pytest.raises(TypeError):
        DEGRADATIONS["other"] = DEGRADATIONS["crop-0.8"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", DEGRADATIONS)
def test_shape_type_and_input(name, size):
    pixels = _picture(*size)
    before = pixels.copy()
    result = degrade(name, pixels)
    assert result.dtype == np.uint8
    if name in ("crop-0.8", "shared-repost"):
        assert result.shape == (round(size[0] * 0.8), round(size[1] * 0.8), 3)
    else:
        assert result.shape == pixels.shape
        assert np.abs(result.astype(int) - pixels).mean() > 0.3
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_deterministic_and_alike_for_any_memory_layout(name):
    pixels = _picture(40, 50)
    once = degrade(name, pixels)
    np.testing.assert_array_equal(once, degrade(name, pixels))
    np.testing.assert_array_equal(once, degrade(name, np.asfortranarray(pixels)))
    read_only = pixels.copy()
    read_only.flags.writeable = False
    np.testing.assert_array_equal(once, degrade(name, read_only))


@pytest.mark.parametrize("name", [name for name in DEGRADATIONS if "noise" in name or name == "shared-worn"])
def test_noise_follows_the_seed(name):
    pixels = _picture(40, 50)
    np.testing.assert_array_equal(degrade(name, pixels, 1), degrade(name, pixels, 1))
    assert (degrade(name, pixels, 1) != degrade(name, pixels, 2)).any()
    assert degradations.seed_of(pixels) != degradations.seed_of(_picture(40, 50, seed=1))


@pytest.mark.parametrize(
    "names",
    [
        ["jpeg-90", "jpeg-75", "jpeg-50", "jpeg-30"],
        ["blur-0.5", "blur-1", "blur-2"],
        ["resize-0.75", "resize-0.5", "resize-0.25"],
        ["noise-0.02", "noise-0.05", "noise-0.1"],
    ],
)
@pytest.mark.parametrize("size", [(32, 32), (300, 400)])
def test_stronger_means_further_from_the_original(names, size):
    pixels = _picture(*size).astype(float)
    errors = [np.square(degrade(name, pixels.astype(np.uint8)) - pixels).mean() for name in names]
    assert errors == sorted(errors)
    assert errors[0] < errors[-1]


def test_noise_has_the_promised_spread():
    grey = np.full((300, 300, 3), 128, np.uint8)
    noise = degradations.add_noise(grey, 0.05, seed=0).astype(float) - 128
    assert noise.std() == pytest.approx(0.05 * 255, rel=0.01)
    assert abs(noise.mean()) < 0.1
    # The rows beyond the first block get noise of their own.
    assert (noise[:44] != noise[256:300]).any()


def test_blur_grows_with_the_picture_and_never_vanishes():
    def spread(side):
        dot = np.zeros((side, side, 3), np.uint8)
        dot[side // 2, side // 2] = 255
        dot[side // 2 - 8 : side // 2 + 8, side // 2] = 255
        row = degradations.blur(dot, 2)[side // 2, :, 0].astype(float)
        at = np.arange(side) - side // 2
        return np.sqrt((row * at**2).sum() / row.sum())

    assert spread(64) == pytest.approx(2, rel=0.15)
    assert spread(256) == pytest.approx(2, rel=0.15)
    assert spread(1024) == pytest.approx(8, rel=0.15)


def test_crop_is_the_native_centre():
    pixels = _picture(100, 50)
    np.testing.assert_array_equal(degradations.crop(pixels, 0.8), pixels[10:90, 5:45])


def test_flat_grey_survives_everything_but_noise():
    grey = np.full((64, 64, 3), 128, np.uint8)
    for name in DEGRADATIONS:
        result = degrade(name, grey).astype(int)
        assert np.abs(result - 128).max() <= (110 if "noise" in name or name == "shared-worn" else 2), name


@pytest.mark.parametrize("kind", ["WEBP", "JPEG"])
def test_pictures_longer_than_the_codec_allows(kind):
    longest = degradations._LONGEST[kind]
    for shape in ((16, longest + 40, 3), (longest + 40, 16, 3)):
        pixels = np.full(shape, 90, np.uint8)
        result = degradations.recompress(pixels, kind, 80)
        assert result.shape == shape
        assert np.abs(result.astype(int) - 90).max() <= 3


def test_jpeg_is_what_pillow_writes(tmp_path):
    pixels = _picture(48, 48)
    PIL.Image.fromarray(pixels).save(tmp_path / "a.jpg", quality=50)
    np.testing.assert_array_equal(degrade("jpeg-50", pixels), np.asarray(PIL.Image.open(tmp_path / "a.jpg")))

"""Near-copies: the hash, and exact grouping by it."""

import io
import time

import numpy as np
import pytest
from PIL import Image, ImageFilter

from imageauth.perceptual_hash import distance, perceptual_hash
from imageauth.scan.limits import DISTANCE, MOST_DISTANCE
from imageauth.scan.near_duplicates import group_near_duplicates
from tests.conftest import drawn


def scene(seed: int, width: int = 400, height: int = 300) -> Image.Image:
    """A picture with coarse and fine detail."""
    rng = np.random.default_rng(seed)
    layers = [
        np.asarray(Image.fromarray(rng.integers(0, 256, (n, n, 3), np.uint8)).resize((width, height)), np.float32)
        for n in (3, 7, 15)
    ]
    return Image.fromarray(np.average(layers, 0, weights=[4, 2, 1]).astype(np.uint8))


def hash_of(picture: Image.Image) -> str:
    return perceptual_hash(np.asarray(picture.convert("RGB")))


def saved(picture: Image.Image, kind: str, quality: int) -> Image.Image:
    stream = io.BytesIO()
    picture.save(stream, kind, quality=quality)
    return Image.open(stream)


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: saved(picture, "JPEG", 40),
        lambda picture: saved(picture, "WEBP", 50),
        lambda picture: picture.resize((200, 150)),
        lambda picture: picture.resize((1600, 1200)),
        lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
        lambda picture: picture.convert("L"),
    ],
)
def test_a_picture_saved_or_scaled_again_is_a_near_copy(change) -> None:
    for seed in range(5):
        assert distance(hash_of(scene(seed)), hash_of(change(scene(seed)))) <= DISTANCE


def test_others_are_not() -> None:
    hashes = [hash_of(scene(seed)) for seed in range(60)]
    assert min(distance(one, two) for index, one in enumerate(hashes) for two in hashes[:index]) > MOST_DISTANCE
    assert len(hashes[0]) == 64


@pytest.mark.parametrize("pixels", [np.full((64, 64, 3), 255, np.uint8), np.full((300, 40, 3), 7, np.uint8)])
def test_a_plain_picture_has_none(pixels: np.ndarray) -> None:
    assert perceptual_hash(pixels) == ""


def test_thumbnails_have_one() -> None:
    assert len(perceptual_hash(drawn(32, 32, 1))) == 64


def texts(hashes: np.ndarray) -> list[str]:
    return [row.tobytes().hex() for row in hashes]


def compared(hashes: np.ndarray, most: int) -> list[int]:
    """Groups by comparing each with each."""
    group = list(range(len(hashes)))

    def root(at: int) -> int:
        while group[at] != at:
            at = group[at]
        return at

    for one in range(len(hashes)):
        distances = np.bitwise_count(hashes[one] ^ hashes[one + 1 :]).sum(1)
        for two in np.flatnonzero(distances <= most) + one + 1:
            low, high = sorted((root(one), root(int(two))))
            group[high] = low
    return [root(at) for at in range(len(hashes))]


@pytest.mark.parametrize("most", [0, 7, 15, 16, DISTANCE, MOST_DISTANCE])
@pytest.mark.parametrize("crowded", [False, True])
def test_groups_are_those_of_comparing_each_with_each(most: int, crowded: bool) -> None:
    rng = np.random.default_rng(most)
    centres = rng.integers(0, 256, (3 if crowded else 150, 32), np.uint8)
    flips = np.packbits(rng.random((1500, 256)) < rng.random((1500, 1)) * 0.09, axis=1)
    hashes = centres[rng.integers(0, len(centres), 1500)] ^ flips
    assert group_near_duplicates(texts(hashes), most).tolist() == compared(hashes, most)


def test_what_has_no_hash_stands_alone() -> None:
    one = "ab" * 32
    found = group_near_duplicates([None, one, "", "nonsense", one, one.upper(), "ab"], 0)
    assert found.tolist() == [0, 1, 2, 3, 1, 1, 6]
    assert group_near_duplicates([]).tolist() == []
    with pytest.raises(ValueError, match="31"):
        group_near_duplicates([one], 32)


@pytest.mark.parametrize("spread", [0.03, 0.5])
def test_a_hundred_thousand_take_seconds(spread: float) -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 256, 32, np.uint8) ^ np.packbits(rng.random((100_000, 256)) < spread, axis=1)
    begun = time.process_time()
    found = group_near_duplicates(texts(hashes))
    assert time.process_time() - begun < 20
    assert len(set(found.tolist())) == (1 if spread < 0.1 else 100_000)

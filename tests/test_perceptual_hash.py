"""The perceptual hash: what it is, and that another program gives the same."""

from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image

from imageauth.images import read_image
from imageauth.perceptual_hash import distance, perceptual_hash
from tests.conftest import drawn


def test_it_is_that_of_imagehash(shared: Path) -> None:
    pictures = [drawn(256, 192, seed) for seed in range(20)]
    files = sorted((shared / "samples").rglob("*.jpg"))[:12]
    # Larger ones are reduced first, which this makes undone.
    pictures += [np.asarray(Image.fromarray(read_image(file).pixels).resize((255, 255))) for file in files]
    for pixels in pictures:
        theirs = imagehash.phash(Image.fromarray(pixels).convert("L"), hash_size=16, highfreq_factor=4)
        assert distance(perceptual_hash(pixels), str(theirs)) == 0


def test_a_symmetric_picture_has_a_steady_one() -> None:
    half = drawn(64, 128, 3)
    whole = np.concatenate([half, half[:, ::-1]], axis=1)
    shifted = np.clip(whole.astype(int) + 1, 0, 255).astype(np.uint8)
    assert distance(perceptual_hash(whole), perceptual_hash(shifted)) < 8


def test_a_distance_is_of_hashes_only() -> None:
    assert distance("f" * 64, "0" * 64) == 256
    for one in ("", "ff", "x" * 64):
        with pytest.raises(ValueError, match=r"hexadecimal|invalid literal"):
            distance(one, "0" * 64)

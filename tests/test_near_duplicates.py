"""Near-copies are found, like pictures are not, and none stands in two splits."""

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from imageauth.evaluation.near_duplicates import THRESHOLD, coarse_features, find_copies, likeness
from imageauth.manifest import Entry
from imageauth.training.splits import without_repeats


def photo(seed: int, detail: int = 14) -> np.ndarray:
    """A picture with detail at several scales, uint8 [32, 32, 3]."""
    rng = np.random.default_rng(seed)
    layers = [
        np.asarray(Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8)).resize((32, 32), 3), np.float32)
        for side in (4, detail)
    ]
    return (0.6 * layers[0] + 0.4 * layers[1]).astype(np.uint8)


def sky(seed: int) -> np.ndarray:
    """Blue above blue, the horizon always at one height, and something small somewhere."""
    rng = np.random.default_rng(seed)
    rows = np.where(np.arange(32) < 16, 200 - np.arange(32), 90)[:, None, None] * np.array([0.5, 0.8, 1.0])
    picture = rows + rng.normal(0, 3, (32, 32, 3))
    y, x = rng.integers(2, 24, 2)
    picture[y : y + 6, x : x + 6] += rng.normal(0, 40, (6, 6, 1))
    return np.clip(picture, 0, 255).astype(np.uint8)


def encoded(picture: np.ndarray, quality: int) -> np.ndarray:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out))


def relit(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture * 0.7 + 50, 0, 255).astype(np.uint8)


COPIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "the same": lambda picture: picture,
    "encoded again": lambda picture: encoded(picture, 75),
    "shifted right": lambda picture: np.roll(picture, 1, axis=1),
    "shifted up": lambda picture: np.roll(picture, -1, axis=0),
    "mirrored": lambda picture: picture[:, ::-1],
    "darker and flatter": relit,
    "warmer": lambda picture: np.clip(picture * [1.1, 1.0, 0.8], 0, 255).astype(np.uint8),
    "all of it": lambda picture: encoded(relit(np.roll(picture[:, ::-1], (1, 1), (0, 1))), 85),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_are_found(name: str) -> None:
    originals = np.stack([photo(seed) for seed in range(20)])
    copies = np.stack([COPIES[name](picture) for picture in originals])
    told: list[tuple[int, int]] = []
    found, likenesses = find_copies(copies, originals, lambda done, total: told.append((done, total)))
    assert found.tolist() == list(range(20))
    assert (likenesses >= THRESHOLD).all()
    assert told[-1] == (20, 20)


def test_other_pictures_are_not() -> None:
    pictures = np.stack([photo(seed) for seed in range(200)])
    assert (find_copies(pictures[:100], pictures[100:])[0] == -1).all()
    # The same coarse colours, other fine detail.
    twins = np.stack([photo(1, detail=3) // 2 + photo(seed, detail=20) // 6 for seed in range(30)])
    features = coarse_features(twins)
    assert (features[:15] @ features[15:].T).min() > 0.82
    assert (find_copies(twins[:15], twins[15:])[0] == -1).all()
    flat = [np.full((32, 32, 3), level, np.uint8) for level in range(0, 250, 10)]
    rng = np.random.default_rng(0)
    noisy = [(picture + rng.integers(0, 2, picture.shape)).astype(np.uint8) for picture in flat]
    assert (find_copies(np.stack(flat), np.stack(noisy))[0] == -1).all()


def test_horizons_alone_make_no_copies() -> None:
    skies = np.stack([sky(seed) for seed in range(40)])
    features = coarse_features(skies)
    assert (features[:20] @ features[20:].T).min() > 0.82
    assert (find_copies(skies[:20], skies[20:])[0] == -1).all()
    assert (find_copies(skies[:20, :, ::-1], skies)[0] == np.arange(20)).all()


def test_likeness_of_a_picture_with_itself_and_its_negative() -> None:
    pictures = np.stack([photo(0), photo(1)])
    assert likeness(pictures, pictures) == pytest.approx(1, abs=1e-5)
    assert (likeness(pictures, 255 - pictures) < 0.5).all()


def test_nothing_to_compare_with() -> None:
    none = np.empty((0, 32, 32, 3), np.uint8)
    assert find_copies(np.stack([photo(0)]), none)[0].tolist() == [-1]
    assert find_copies(none, np.stack([photo(0)]))[0].tolist() == []


def test_no_near_copy_stands_in_two_splits() -> None:
    def near(seed: int, how: str = "encoded again") -> np.ndarray:
        return COPIES[how](photo(seed))

    wanted = {  # path → (picture, split before, split after, whose copy)
        "test/REAL/a": (photo(0), "test", "test", ""),
        "test/REAL/a2": (near(0), "test", "test", ""),
        "train/REAL/a3": (near(0, "mirrored"), "train", "excluded", "test/REAL/a"),
        "train/FAKE/a4": (near(0, "shifted up"), "validation", "excluded", "test/REAL/a"),
        "train/REAL/b": (photo(1), "train", "train", ""),
        "train/REAL/b2": (near(1), "train", "train", ""),
        "train/FAKE/b3": (near(1, "warmer"), "validation", "excluded", "train/REAL/b"),
        "train/REAL/c": (photo(2), "validation", "validation", ""),
        "train/REAL/c2": (near(2), "validation", "validation", ""),
        "train/REAL/d": (photo(3), "validation", "validation", ""),
    }
    entries = [
        Entry(path, f"{index:064x}", "real" if "REAL" in path else "fake", before)
        for index, (path, (_, before, _, _)) in enumerate(wanted.items())
    ]
    pictures = np.stack([picture for picture, *_ in wanted.values()])
    told: list[tuple[int, int]] = []
    kept = without_repeats(entries, pictures, lambda done, total: told.append((done, total)))
    expected = [
        replace(entry, split=after, duplicate_of=of)
        for entry, (_, _, after, of) in zip(entries, wanted.values(), strict=True)
    ]
    assert kept == expected
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]

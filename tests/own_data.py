"""Folders of pictures as a user may have them."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def pixels(seed: int, *, red: bool = False, side: int = 90) -> np.ndarray:
    """Unlike that of any other seed, coarse and fine; uint8 [side, side, 3]."""
    rng = np.random.default_rng(seed)
    coarse, fine = (
        np.asarray(Image.fromarray(rng.integers(0, 256, (n, n, 3), np.uint8)).resize((side, side), 3), np.float32)
        for n in (4, 14)
    )
    return ((0.6 * coarse + 0.4 * fine) * ([1.0, 0.5, 0.5] if red else [1.0, 1.0, 1.0])).astype(np.uint8)


def save(path: Path, seed: int, form: str = "JPEG", *, red: bool = False, side: int = 90, **options: int) -> Path:
    """One picture; AI-made ones are red here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    Image.fromarray(pixels(seed, red=red, side=side)).save(buffer, form, **options)
    path.write_bytes(buffer.getvalue())
    return path


def folder(root: Path, count: int = 24, sources: int = 3, first: int = 0, form: str = "JPEG") -> Path:
    """``count`` real and ``count`` red pictures, each class of so many sources."""
    for index in range(count):
        at = f"site{index % sources}" if sources else "."
        save(root / "REAL" / at / f"{index:03}.jpg", first + index)
        save(root / "FAKE" / (at.replace("site", "made")) / f"{index:03}.jpg", first + 1000 + index, form, red=True)
    return root

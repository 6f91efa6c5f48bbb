"""Prepared data that changed since: one clear line, and no array of it is kept."""

import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imageauth.errors import DataError
from imageauth.images import read_image
from imageauth.manifest import Entry, Manifest
from imageauth.training.arrays import load_arrays
from tests.conftest import drawn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    entries = []
    for index, side in enumerate((32, 32, 40)):
        name = f"train/{'FAKE' if index % 2 else 'REAL'}/{index}.png"
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn(side, side, index)).save(tmp_path / name)
        label, split = ("fake" if index % 2 else "real"), ("train" if side == 32 else "validation")
        entries.append(Entry(name, read_image(tmp_path / name).sha256, label, split))
    Manifest(entries).save(tmp_path)
    return tmp_path


def load(folder: Path, split: str = "train") -> tuple[np.ndarray, np.ndarray]:
    return load_arrays(folder, Manifest.load(folder), split)


def test_pictures_and_labels(folder: Path) -> None:
    for _ in range(2):  # decoded, then from the cache
        pictures, labels = load(folder)
        assert pictures[1].tolist() == drawn(seed=1).tolist()
        assert labels.tolist() == [0, 1]


def missing(folder: Path) -> None:
    (folder / "train/REAL/0.png").unlink()


def cut(folder: Path) -> None:
    file = folder / "train/REAL/0.png"
    file.write_bytes(file.read_bytes()[:100])


def replaced(folder: Path) -> None:
    Image.fromarray(drawn(seed=9)).save(folder / "train/REAL/0.png")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (missing, "cannot be read: No such file or directory; prepare the data again"),
        (cut, "damaged or cut short"),
        (replaced, "changed since the manifest was made; prepare the data again"),
    ],
)
def test_a_changed_picture_is_named(harm, reason: str, folder: Path) -> None:
    harm(folder)
    with pytest.raises(DataError, match=reason) as caught:
        load(folder)
    assert str(caught.value).startswith(str(folder / "train/REAL/0.png"))
    assert "\n" not in str(caught.value)
    assert not (folder / ".cache").exists()


def test_a_picture_of_another_size_is_named(folder: Path) -> None:
    with pytest.raises(DataError, match=r"2\.png: 40×40, not 32×32"):
        load(folder, "validation")


def test_a_full_disk_leaves_nothing_half_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, array: np.ndarray) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(np, "save", full)
        with pytest.raises(DataError, match="cannot be written: No space left on device"):
            load(folder)
    assert not list((folder / ".cache").iterdir())
    assert len(load(folder)[1]) == 2

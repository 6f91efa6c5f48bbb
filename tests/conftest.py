"""Fixtures: the shared data where there is some, drawn pictures everywhere."""

import errno
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imageauth import Detector
from imageauth.files import write_atomically
from tests.browsing import chromium

IN_CI = bool(os.environ.get("CI"))
# Seconds that each reader is fed with damaged files.
FUZZ_SECONDS = float(os.environ.get("IMAGEAUTH_FUZZ_SECONDS", "6"))


# Files that take longest, longest first: one that is begun last keeps a single process busy while the others idle.
LONG = (
    "training",
    "cifake_data",
    "private_files",
    "private_golden",
    "scan",
    "private_mode",
    "docs_blocks",
    "photo_training",
    "train_folder",
    "container",
    "tune",
    "photo_runs",
    "rebuild",
    "scan_cluster",
    "site",
    "contributing",
    "page",
    "scan_inputs",
    "server_connections",
    "photos_data",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; all others stay as they are."""
    places = {f"test_{name}": place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


class Disk:
    """Stands in for ``write_atomically`` on a disk that has room for so many files more."""

    def __init__(self, room: int) -> None:
        self.room = room

    def __call__(self, path: Path, data: bytes, *, flush: bool = True) -> None:
        self.room -= 1
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write_atomically(path, data, flush=flush)


@pytest.fixture(scope="session", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An empty folder for trust lists, so that no test reads the developer's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMAGEAUTH_DATA", str(tmp_path_factory.mktemp("imageauth-data")))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data folder named by IMAGEAUTH_SHARED."""
    folder = os.environ.get("IMAGEAUTH_SHARED")
    if folder and Path(folder).is_dir():
        return Path(folder)
    if IN_CI:
        pytest.fail("CI must set IMAGEAUTH_SHARED")
    pytest.skip("IMAGEAUTH_SHARED names no folder")


@pytest.fixture(scope="session")
def cifake_sample(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder train/{REAL,FAKE} with every 120th file of the local CIFAKE archive: some 750 files."""
    folder = tmp_path_factory.mktemp("cifake")
    with tarfile.open(shared / "cifake" / "train.tar.xz") as tar:
        seen = 0
        for member in tar:
            if not member.isfile():
                continue
            seen += 1
            if seen % 120 == 0 and (stream := tar.extractfile(member)):
                path = folder.joinpath(*Path(member.name).parts[-3:])
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(stream.read())
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for one module: while Playwright runs, no other event loop can in this thread."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def detector() -> Detector:
    """The shipped model, loaded once."""
    return Detector()


def drawn(width: int = 32, height: int = 32, seed: int = 0) -> np.ndarray:
    """A smooth coloured picture, uint8 [height, width, 3], different for each seed."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (4, 4, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def toy(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pictures whose class shows in a fine checker pattern that lies on the AI-made ones."""
    rng = np.random.default_rng(seed)
    pictures = np.stack([drawn(seed=seed + index) for index in range(count)])
    labels = rng.integers(0, 2, count).astype(np.uint8)
    pattern = ((np.indices((32, 32)).sum(0) % 2) * 24 - 12)[None, :, :, None] * labels[:, None, None, None]
    return np.clip(pictures + pattern, 0, 255).astype(np.uint8), labels


@pytest.fixture(scope="session")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared data folder of 320 :func:`toy` pictures, about a tenth of them for validation."""
    from imageauth.training.cifake import prepare

    source, data = tmp_path_factory.mktemp("toy-source"), tmp_path_factory.mktemp("toy")
    for index, (pixels, label) in enumerate(zip(*toy(320), strict=True)):
        path = source / "train" / ("FAKE" if label else "REAL") / f"{index:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, quality=95, subsampling=0)
    prepare(data, source)
    return data


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A 32×32 PNG."""
    path = tmp_path / "picture.png"
    Image.fromarray(drawn()).save(path)
    return path

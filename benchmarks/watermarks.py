"""False alarms, recall and speed of the watermark readers.

    python benchmarks/watermarks.py alarms recall marked speed --native DIR --marked DIR --out FILE.md

``--native`` holds real pictures at their own size (any depth of folders), ``--marked`` one folder a source of AI-made
ones. False alarms are counted on these real pictures and on the whole-picture views of the photo packs. With
``--original`` the invisible messages are embedded by the package ``invisible-watermark`` itself (its dwtDct needs
OpenCV and PyWavelets; it imports PyTorch without using it), otherwise by our own encoder of ``tests/marks.py``.
"""

import argparse
import io
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.marks import embed, jpeg

from imageauth.provenance.watermarks.blocks import read_blocks
from imageauth.provenance.watermarks.invisible import MIN_CLEARNESS, match, read_invisible
from imageauth.provenance.watermarks.messages import MESSAGES, Message, Plane
from imageauth.provenance.watermarks.visible import read_visible
from packs import pictures

Pixels = np.ndarray


def rate(hits: int, trials: int) -> str:
    """Hits of trials, with the upper 95 % bound: exact for none (rule of three), else normal and rough."""
    bound = 3 / trials if not hits else (hits + 2 * hits**0.5 + 2) / trials
    return f"{hits} of {trials:,} (at most {bound:.1e})"


def opened(folder: Path, step: int = 1) -> Iterator[tuple[str, Pixels]]:
    """Every ``step``-th picture that opens, with the name of its folder."""
    for file in sorted(folder.rglob("*"))[::step]:
        if file.is_file():
            try:
                with Image.open(file) as picture:
                    yield file.parent.name, np.asarray(picture.convert("RGB"))
            except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
                continue


def corners(pixels: Pixels, quarters: bool) -> Iterator[Pixels]:
    """Each corner, turned to the bottom right by flips; with ``quarters`` also those of the picture's four quarters."""
    height, width = pixels.shape[:2]
    parts = [pixels]
    if quarters and min(height, width) >= 500:
        rows, columns = (
            (slice(0, height // 2), slice(height // 2, None)),
            (slice(0, width // 2), slice(width // 2, None)),
        )
        parts += [pixels[row, column] for row in rows for column in columns]
    for part in parts:
        for down in (1, -1):
            for across in (1, -1):
                yield part[::down, ::across]


def moved(index: np.ndarray, phases: np.ndarray, message: Message) -> tuple[np.ndarray, np.ndarray]:
    """What ``match`` says of a message moved by 0, 1, 2, … bits: each is another one with the same ups and downs."""
    agreement, clearness, _ = match(index, phases, message.signs, message.period)
    if not clearness:
        return np.zeros(1), np.zeros(1)
    size, period = len(message.signs), message.period
    averages = sum_by_bit(index, phases, size) / np.bincount(index % size, minlength=size)
    table = averages.reshape(-1, period)
    centred = (table - table.mean(axis=0)).ravel()
    shifts = np.stack([np.roll(message.signs, shift).reshape(-1, period) for shift in range(size)])
    expected = (shifts - shifts.mean(axis=1, keepdims=True)).reshape(size, size)
    together = np.abs(expected @ centred)
    lengths = np.linalg.norm(expected, axis=1)
    agreements = together / (np.linalg.norm(centred) * lengths + 1e-12)
    relative = together / lengths
    assert abs(agreements[0] - agreement) < 1e-6
    return agreements, relative * (clearness / max(relative[0], 1e-12))


def sum_by_bit(index: np.ndarray, phases: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(index % size, phases.real, size) + 1j * np.bincount(index % size, phases.imag, size)


class FalseAlarms:
    """Counts over real pictures."""

    def __init__(self) -> None:
        self.pictures = self.large_enough = self.invisible = self.corners = 0
        self.visible: Counter[str] = Counter()
        self.own: Counter[tuple[str, Plane]] = Counter()
        self.most: dict[tuple[str, Plane], float] = {}
        self.shifted: Counter[tuple[str, Plane]] = Counter()

    def add(self, pixels: Pixels, quarters: bool) -> None:
        self.pictures += 1
        self.invisible += bool(read_invisible(pixels))
        for corner in corners(pixels, quarters):
            self.corners += 1
            self.visible.update(mark.name for mark in read_visible(corner))
        blocks = read_blocks(pixels)
        if blocks is None:
            return
        self.large_enough += 1
        for message in MESSAGES:
            for plane in message.planes:
                key = (message.text, plane)
                agreement, clearness = moved(blocks.index, blocks.phases[plane], message)
                hits = (agreement >= message.threshold) & (clearness >= MIN_CLEARNESS)
                self.shifted[key] += int(hits.sum())
                self.most[key] = max(self.most.get(key, 0.0), float(agreement.max()))

    def lines(self) -> list[str]:
        lines = [
            f"Real pictures: {self.pictures:,}; large enough for an invisible mark: {self.large_enough:,}. "
            f"Corners: {self.corners:,}.",
            "",
            f"- any invisible message: {rate(self.invisible, self.large_enough)}",
            *(
                f"- {name}: {rate(self.visible[name], self.corners)}"
                for name in ("DALL·E 2 colour bar", "Gemini sparkle")
            ),
            "",
            "Each message moved by 0, 1, 2, … bits, which makes other messages of the same build:",
            "",
            "| message | plane | false alarms | highest agreement | threshold |",
            "|---|---|---:|---:|---:|",
        ]
        for message in MESSAGES:
            for plane in message.planes:
                key = (message.text, plane)
                trials = rate(self.shifted[key], self.large_enough * len(message.signs))
                lines.append(
                    f"| {message.text} | {plane.name} | {trials} | {self.most[key]:.3f} | {message.threshold:.2f} |"
                )
        bound = sum(3 / (self.large_enough * len(message.signs)) for message in MESSAGES for _ in message.planes)
        return [*lines, "", f"Summed over messages, with no alarm in any row: at most {bound:.1e} a picture.", ""]


def original(pixels: Pixels, message: Message, plane: Plane) -> Pixels:
    """Embedded by invisible-watermark, called as the programs call it."""
    from imwatermark import WatermarkEncoder

    encoder = WatermarkEncoder()
    encoder.set_watermark("bits", [int(bit) for bit in message.binary])
    exchanged, _ = plane.value
    given = pixels if plane is Plane.BYTES else pixels.astype(np.float32)
    order = 1 if exchanged else -1
    marked = encoder.encode(np.ascontiguousarray(given[..., ::order]), "dwtDct")[..., ::order]
    return np.ascontiguousarray(np.clip(np.rint(marked), 0, 255).astype(np.uint8))


def own(pixels: Pixels, message: Message, plane: Plane) -> Pixels:
    """Embedded by our own encoder."""
    return embed(pixels, message.binary, plane)


def webp(pixels: Pixels) -> Pixels:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", quality=90)
    return np.asarray(Image.open(stream).convert("RGB"))


def resized(pixels: Pixels, factor: float) -> Pixels:
    height, width = pixels.shape[:2]
    return np.asarray(Image.fromarray(pixels).resize((round(width * factor), round(height * factor))))


CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "PNG": lambda pixels: pixels,
    "JPEG 95": lambda pixels: jpeg(pixels, 95),
    "JPEG 90": lambda pixels: jpeg(pixels, 90),
    "JPEG 75": lambda pixels: jpeg(pixels, 75),
    "JPEG 90, full chroma": lambda pixels: jpeg(pixels, 90, 0),
    "WebP 90": webp,
    "brighter by a tenth": lambda pixels: np.clip(pixels * 1.1, 0, 255).astype(np.uint8),
    "lower half cut off": lambda pixels: pixels[: len(pixels) // 2],
    "4 columns cut off at the left": lambda pixels: pixels[:, 4:],
    "scaled to 90 %": lambda pixels: resized(pixels, 0.9),
}


def recall(photos: Iterable[Pixels], encoder: Callable[[Pixels, Message, Plane], Pixels], limit: int) -> list[str]:
    """A table of how often each message is found and named after each change; each photograph carries two in turn."""
    rng = np.random.default_rng(7)
    rows = [(message, plane) for message in MESSAGES for plane in message.planes]
    found: Counter[tuple[int, str]] = Counter()
    trials: Counter[int] = Counter()
    wrong = used = 0
    for photo in photos:
        side = int(rng.choice([512, 768, 1024]))
        if min(photo.shape[:2]) < side:
            continue
        pixels = resized(photo, side / min(photo.shape[:2]))
        for row in (2 * used % len(rows), (2 * used + 1) % len(rows)):
            message, plane = rows[row]
            marked = encoder(pixels, message, plane)
            trials[row] += 1
            for name, change in CHANGES.items():
                said = [mark.measured["message"] for mark in read_invisible(change(marked))]
                found[row, name] += message.text in said
                wrong += any(text != message.text for text in said)
        used += 1
        if used >= limit:
            break
    lines = [
        f"{used} photographs, short side 512, 768 or 1024, each with two of the messages in turn: {trials.total()} "
        f"marked pictures. Another message than the one embedded was named {wrong} times.",
        "",
        "| change | all | " + " | ".join(f"{message.text} {plane.name}" for message, plane in rows) + " |",
        "|---|---:|" + "---:|" * len(rows),
        f"| pictures | {trials.total()} | " + " | ".join(str(trials[row]) for row in range(len(rows))) + " |",
    ]
    for name in CHANGES:
        every = sum(found[row, name] for row in range(len(rows))) / max(trials.total(), 1)
        cells = (f"{found[row, name] / max(trials[row], 1):.0%}" for row in range(len(rows)))
        lines.append(f"| {name} | {every:.1%} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def sources(folder: Path) -> list[str]:
    """What is found in AI-made pictures as they were published, by source; sources without any mark are summed."""
    total: Counter[str] = Counter()
    marks: dict[str, Counter[str]] = {}
    for source, pixels in opened(folder):
        total[source] += 1
        names = [mark.name for mark in (*read_invisible(pixels), *read_visible(pixels))]
        marks.setdefault(source, Counter()).update(names)
    lines = ["| source | pictures | marks found |", "|---|---:|---|"]
    for source, counted in marks.items():
        if counted:
            what = ", ".join(f"{name}: {count}" for name, count in counted.most_common())
            lines.append(f"| {source} | {total[source]} | {what} |")
    without = [source for source, counted in marks.items() if not counted]
    lines.append(f"| {len(without)} others | {sum(total[source] for source in without):,} | none |")
    return [*lines, ""]


def speed() -> list[str]:
    """Milliseconds of processor time, the best of ten, on one core."""
    lines = ["| picture | invisible | visible |", "|---|---:|---:|"]
    for width, height in ((512, 512), (1024, 1024), (4000, 3000)):
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        cells = []
        for reader in (read_invisible, read_visible):
            times = []
            for _ in range(10):
                begun = time.process_time()
                reader(pixels)
                times.append(time.process_time() - begun)
            cells.append(f"{min(times) * 1000:.1f} ms")
        lines.append(f"| {width}×{height} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def alarms(shared: Path, native: Path) -> list[str]:
    """False alarms on real pictures, and what is found in the reduced views of AI-made ones."""
    counted, generated = FalseAlarms(), Counter[str]()
    for picture in pictures(shared):
        pixels = np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGB"))
        if picture.label:
            generated["pictures"] += 1
            generated.update(mark.name for mark in (*read_invisible(pixels), *read_visible(pixels)))
        else:
            counted.add(pixels, quarters=False)
    views = counted.pictures
    for _, pixels in opened(native):
        counted.add(pixels, quarters=True)
    said = ", ".join(f"{name}: {count}" for name, count in generated.most_common() if name != "pictures") or "none"
    return [
        f"{views:,} views of 256×256 of the photo packs and {counted.pictures - views:,} pictures at their own size; "
        "of the latter also the corners of each quarter.",
        "",
        *counted.lines(),
        f"Marks in {generated['pictures']:,} views of 256×256 of AI-made pictures (scaled down, so invisible marks are "
        f"gone): {said}.",
        "",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="+", choices=("alarms", "recall", "marked", "speed"))
    parser.add_argument("--native", type=Path)
    parser.add_argument("--marked", type=Path)
    parser.add_argument("--original", action="store_true")
    parser.add_argument("--photos", type=int, default=200, help="photographs that get every message")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    by = "invisible-watermark itself" if arguments.original else "our own encoder"
    lines = []
    if "alarms" in arguments.sections:
        lines += ["## False alarms", "", *alarms(Path(os.environ["IMAGEAUTH_SHARED"]), arguments.native)]
    if "recall" in arguments.sections:
        photos = (pixels for _, pixels in opened(arguments.native, step=4))
        table = recall(photos, original if arguments.original else own, arguments.photos)
        lines += [f"## Recall of invisible messages, embedded by {by}", "", *table]
    if "marked" in arguments.sections:
        lines += ["## AI-made pictures as published", "", *sources(arguments.marked)]
    if "speed" in arguments.sections:
        lines += ["## Speed", "", *speed()]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

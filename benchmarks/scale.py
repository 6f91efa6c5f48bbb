"""What a scan of a billion images would take: measured costs, and a simulation of the machines that bear them.

    python benchmarks/scale.py [--sizes TABLE] [--out benchmarks/results/scale.md]

Measured here, on one thread: a check of pictures of many sizes, and how many rows a second one writer takes. A table
of the sizes of an archive's pictures (tab-separated, with columns w and h), such as the one of ``../shared/photos``,
is named by ``--sizes``; otherwise they are spread as web pictures are (log-normal about one megapixel).

The simulation deals batches of 64 images to workers as Ray does, each to the next one that is free. Costs are drawn
from what was measured; workers die and come back (their batch is done again), and some machines are slower than others.
"""

import argparse
import csv
import heapq
import io
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imageauth import Detector
from imageauth.scan.items import BytesSource, Item
from imageauth.scan.ledger import Ledger
from imageauth.scan.results import open_results
from imageauth.scan.rows import row_of
from imageauth.scan.state import State
from photo_speed import picture
from speed import write_page

Floats = npt.NDArray[np.float64]

IMAGES, BATCH, CORES = 10**9, 64, 16
# Deaths of a machine an hour (spot machines are taken back about that often), minutes until another stands in for it,
# and the spread of machines' speed: assumptions, not measurements.
DEATHS, ABSENCE, SPREAD = 0.05, 5.0, 0.08
_SIDES = (256, 512, 768, 1024, 1536, 2048, 3000, 4000)


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one image, on one thread.

    Attributes:
        megapixels, seconds, megabytes: float64 [K], of pictures of rising size.
    """

    megapixels: Floats
    seconds: Floats
    megabytes: Floats

    def of(self, megapixels: Floats) -> tuple[Floats, Floats]:
        """Seconds and megabytes of pictures of these sizes, between those that were measured."""
        return (
            np.interp(megapixels, self.megapixels, self.seconds),
            np.interp(megapixels, self.megapixels, self.megabytes),
        )


def measured(turns: int = 5) -> Costs:
    detector = Detector(threads=1)
    rows = []
    for side in _SIDES:
        file = io.BytesIO()
        picture(side, side * 3 // 4).save(file, "JPEG", quality=90)
        data = file.getvalue()
        detector.check(data)
        took = []
        for _ in range(turns):
            begun = time.perf_counter()
            detector.check(data)
            took.append(time.perf_counter() - begun)
        rows.append((side * side * 0.75e-6, statistics.median(took), len(data) / 1e6))
    return Costs(*np.array(rows).T)


def sizes(table: Path | None) -> Floats:
    """Megapixels of an archive's pictures."""
    if table is None:
        return np.random.default_rng(1).lognormal(0, 1, 10_000)
    with table.open(encoding="utf-8", newline="") as stream:
        return np.array([int(row["w"]) * int(row["h"]) / 1e6 for row in csv.DictReader(stream, delimiter="\t")])


def writing(form: str, count: int = 20_000) -> tuple[float, float, float]:
    """Rows a second of one writer, and bytes a row of the results and of their index."""
    file = io.BytesIO()
    picture(300, 200).save(file, "JPEG")
    row = row_of(Item("x.jpg", BytesSource(b""), 1, 1), Detector().check(file.getvalue()))
    with tempfile.TemporaryDirectory() as folder:
        out, index = Path(folder) / f"results.{form}", Path(folder) / "index"
        results = open_results(out)
        state = State(index, results)
        ledger = Ledger(results, state, made=())
        begun = time.perf_counter()
        for number in range(count):
            ledger.add([row | {"file": f"s3://archive/{number:09}.jpg", "sha256": f"{number:064x}"}])
            ledger.commit(due=True)
        ledger.commit()
        rate = count / (time.perf_counter() - begun)
        results.close()
        state.close()
        files = [out] if out.is_file() else list(out.iterdir())
        return rate, sum(each.stat().st_size for each in files) / count, index.stat().st_size / count


def simulate(seconds: Floats, machines: int, batches: int, rng: np.random.Generator) -> float:
    """The share of the workers' time, until all batches are done, in which they did what counted.

    Args:
        seconds: what images cost, to draw from.
        machines: of 16 cores, one worker a core.
        batches: to be done.
        rng: chance.
    """
    workers = machines * CORES
    slow = np.repeat(np.exp(rng.normal(0, SPREAD, machines)), CORES)
    costs = rng.choice(seconds, (batches, BATCH)).sum(axis=1)
    # Deaths come to machines, so to all their workers at once: times of death, for each machine in turn.
    hours = 3 * costs.sum() / workers / 3600 + 1
    deaths = [np.sort(rng.uniform(0, hours * 3600, rng.poisson(DEATHS * hours))) for _ in range(machines)]
    free = [(0.0, worker) for worker in range(workers)]
    heapq.heapify(free)
    end = useful = 0.0
    for cost in costs:
        at, worker = heapq.heappop(free)
        took = float(cost * slow[worker])
        done = at + took
        for death in deaths[worker // CORES]:
            if at <= death < done:  # begun anew when the machine is back
                at = death + 60 * ABSENCE
                done = at + took
        useful += took
        end = max(end, done)
        heapq.heappush(free, (done, worker))
    return useful / (end * workers)


def rows_of(
    costs: Costs, archive: Floats, writers: Sequence[tuple[str, tuple[float, float, float]]]
) -> list[tuple[str, str, str]]:
    seconds, megabytes = costs.of(archive)
    mean = float(seconds.mean())
    rows = [
        (
            "pictures of the archive, megapixels: median, mean, 99th of 100",
            f"{np.median(archive):.2f}, {archive.mean():.2f}, {np.quantile(archive, 0.99):.1f}",
            "",
        ),
        (
            "one image on one thread: mean, 99th of 100",
            f"{mean * 1000:.0f} ms, {np.quantile(seconds, 0.99) * 1000:.0f} ms",
            "",
        ),
        ("core-hours for a billion images", f"{IMAGES * mean / 3600:,.0f}", ""),
        ("bytes read", f"{IMAGES * megabytes.mean() / 1e6:,.0f} TB", ""),
    ]
    for form, (rate, size, index) in writers:
        rows.append((f"one writer, {form}", f"{rate:,.0f} rows/s", ""))
        rows.append(
            (
                f"… results and index of a billion rows, {form}",
                f"{IMAGES * size / 1e12:.2f} TB and {IMAGES * index / 1e9:.0f} GB",
                "",
            )
        )
    rng = np.random.default_rng(7)
    for machines in (1, 10, 100, 1000):
        # A hundredth of the work for each worker is enough to see how it spreads; the tail is counted in full.
        batches = min(400_000, max(2_000, machines * CORES * 120))
        busy = simulate(seconds, machines, batches, rng)
        whole = IMAGES * mean / 3600 / (machines * CORES * busy)
        rate = IMAGES / whole / 3600
        rows.append(
            (f"{machines:,} machines of {CORES} cores", f"{whole:,.0f} h ({whole / 24:,.1f} days), {busy:.0%} busy", "")
        )
        rows.append(("… rows and bytes a second", f"{rate:,.0f}/s, {rate * megabytes.mean() / 1000:.1f} GB/s", ""))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=Path)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/scale.md"))
    arguments = parser.parse_args()
    writers = [(form, writing(form)) for form in ("jsonl", "parquet")]
    rows = rows_of(measured(), sizes(arguments.sizes), writers)
    write_page(arguments.out, "A billion images", rows, 5, "scale.py")


if __name__ == "__main__":
    main()

"""How the service bears load: beside ``Detector.check_many`` in the same run, at twice its rate, and killed under load.

    python benchmarks/serve_load.py --out benchmarks/results/serve.md [--seconds 60]

Everything is on the loopback of one machine: the service, and a client of one thread that sends pictures at fixed
times, whether or not earlier ones were answered (open loop). Both share the processor, so what the client cost is
measured too. Pictures are drawn; with ``IMAGEAUTH_SHARED`` set, as many of the photo packs join them. In-process rates
are measured before and after the load, in processes of their own, and the client is idle then. Where other work runs on
the machine, rates drift; the processor time that a picture costs does not, so it is given as well.
"""

import argparse
import asyncio
import itertools
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import numpy as np

from photo_speed import picture
from speed import write_page

# Rates that check_many reaches on a folder's pictures, over and over for so many seconds.
IN_PROCESS = """
import itertools, sys, time
from pathlib import Path
from imageauth import Detector, Failure
pictures = [path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())]
detector = Detector()
list(detector.check_many(pictures))
count, begun, spent, least = 0, time.perf_counter(), time.process_time(), float(sys.argv[2])
while time.perf_counter() - begun < least:
    answers = list(detector.check_many(pictures))
    assert not any(isinstance(answer, Failure) for answer in answers)
    count += len(answers)
print(count / (time.perf_counter() - begun), (time.process_time() - spent) / count)
"""
REFUSED = {429, 503}


def draw_pictures(folder: Path) -> None:
    """Pictures of usual sizes and of both models, half PNG and half JPEG; and some of the photo packs."""
    sizes = [(1024, 1024), (1600, 1200), (512, 512), (800, 600), (32, 32), (640, 960)]
    for index, (width, height) in enumerate(sizes):
        drawn = picture(width, height)
        drawn.save(folder / f"drawn-{index}.jpg", quality=88)
        drawn.transpose(0).save(folder / f"drawn-{index}.png")
    if shared := os.environ.get("IMAGEAUTH_SHARED"):
        from packs import pictures

        for taken in itertools.islice(pictures(Path(shared)), 0, 12 * 40, 40):
            (folder / f"pack-{taken.name.replace('/', '-')}").write_bytes(taken.data)


def in_process(folder: Path, seconds: float) -> tuple[float, float]:
    """Pictures a second through ``Detector.check_many`` in a process of its own, and processor seconds a picture."""
    done = subprocess.run(
        [sys.executable, "-c", IN_PROCESS, str(folder), str(seconds)], check=True, capture_output=True, text=True
    )
    rate, cost = map(float, done.stdout.split())
    return rate, cost


@dataclass
class Service:
    """A running ``imageauth serve``."""

    process: subprocess.Popen
    address: str
    printed: float
    ready: float

    @property
    def megabytes(self) -> float:
        """Resident memory."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1e3
        return 0.0

    @property
    def processor_seconds(self) -> float:
        """That it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(port: int, options: list[str]) -> Service:
    """Start the service and wait until it is ready; seconds are since the start."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "imageauth", "serve", "--port", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    line = process.stdout.readline()
    printed = time.perf_counter() - begun
    address = next((word.rstrip("/.,") for word in line.split() if word.startswith("http://")), "")
    if not address:
        raise SystemExit(f"the service did not start: {line!r}")
    while time.perf_counter() - begun < 60:
        try:
            if httpx2.get(f"{address}/readyz", timeout=1).status_code == 200:
                return Service(process, address, printed, time.perf_counter() - begun)
        except httpx2.TransportError:
            pass
        time.sleep(0.02)
    raise SystemExit("the service was not ready within a minute")


@contextmanager
def service(options: list[str], port: int = 0) -> Iterator[Service]:
    running = start(port, options)
    try:
        yield running
    finally:
        running.process.send_signal(signal.SIGTERM)
        try:
            running.process.wait(30)
        except subprocess.TimeoutExpired:
            running.process.kill()


@dataclass
class Outcome:
    """What clients saw."""

    statuses: Counter = field(default_factory=Counter)
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    without_advice: int = 0
    megabytes: list[float] = field(default_factory=list)
    client_seconds: float = 0.0
    seconds: float = 0.0


async def post(client: httpx2.AsyncClient, name: str, data: bytes, outcome: Outcome) -> None:
    """Send one picture and note what came of it."""
    begun = time.perf_counter()
    try:
        answer = await client.post("/v1/checks", files={"files": (name, data)})
        if answer.status_code == 200 and "verdict" not in answer.json()["results"][0]:
            outcome.statuses["200 without a verdict"] += 1
            return
    except httpx2.TransportError as error:
        outcome.statuses[type(error).__name__] += 1
        return
    except (ValueError, KeyError, IndexError):
        outcome.statuses["200 that is not whole"] += 1
        return
    outcome.statuses[str(answer.status_code)] += 1
    took = time.perf_counter() - begun
    if answer.status_code == 200:
        outcome.accepted.append(took)
    elif answer.status_code in REFUSED:
        outcome.refused.append(took)
        outcome.without_advice += "retry-after" not in answer.headers


async def open_loop(
    address: str, pictures: list[tuple[str, bytes]], rate: float, seconds: float, watched: Service | None = None
) -> Outcome:
    """Send pictures at a steady rate for so long, and wait for the last answers."""
    outcome, tasks = Outcome(), set()
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64)
    async with httpx2.AsyncClient(base_url=address, timeout=60, limits=limits) as client:
        begun, spent = time.perf_counter(), time.process_time()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            task = asyncio.create_task(post(client, *pictures[number % len(pictures)], outcome))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            if watched:
                outcome.megabytes.append(watched.megabytes)
        await asyncio.gather(*tasks)
        outcome.seconds = time.perf_counter() - begun
        outcome.client_seconds = time.process_time() - spent
    return outcome


async def one_by_one(address: str, pictures: list[tuple[str, bytes]], rounds: int) -> Outcome:
    """Each picture when the one before was answered: what it takes without load."""
    outcome = Outcome()
    async with httpx2.AsyncClient(base_url=address, timeout=60) as client:
        for name, data in pictures * rounds:
            await post(client, name, data, outcome)
    return outcome


async def killed(
    options: list[str], pictures: list[tuple[str, bytes]], rate: float, port: int
) -> tuple[Outcome, Service, float]:
    """Kill -9 under load and start again at once, at the same port.

    Returns:
        What clients saw, the new service, and the seconds from the kill to its being ready.
    """
    first = start(port, options)
    load = asyncio.create_task(open_loop(first.address, pictures, rate, 20))
    await asyncio.sleep(6)
    at = time.perf_counter()
    first.process.kill()
    first.process.wait()
    again = await asyncio.to_thread(start, port, options)
    back = time.perf_counter() - at
    return await load, again, back


def percentile(values: list[float], share: float) -> float:
    return float(np.percentile(values, share)) if values else float("nan")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def queue_places(address: str) -> int:
    """How many pictures may wait or be worked on, as the service says."""
    (line,) = (
        line
        for line in httpx2.get(f"{address}/metrics").text.splitlines()
        if line.startswith("imageauth_queue_capacity ")
    )
    return int(float(line.split()[1]))


def counted(outcome: Outcome) -> str:
    return ", ".join(f"{count} × {status}" for status, count in sorted(outcome.statuses.items()))


def measure(folder: Path, options: list[str], seconds: float) -> list[tuple[str, str, str]]:
    """The rows of the page."""
    pictures = [(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]
    busy = os.getloadavg()[0]
    starts = []
    for _ in range(5):
        with service(options) as running:
            starts.append((running.printed, running.ready))
    before, cost_before = in_process(folder, seconds / 3)
    with service(options) as running:
        bound = queue_places(running.address)
        asyncio.run(one_by_one(running.address, pictures, 1))
        unloaded = asyncio.run(one_by_one(running.address, pictures, 3))
        warm = asyncio.run(open_loop(running.address, pictures, 2 * before, seconds / 2, running))
        # Twice what it can do, even if the machine was busier when that was measured.
        offered = 2 * max(before, len(warm.accepted) / warm.seconds)
        spent = running.processor_seconds
        loaded = asyncio.run(open_loop(running.address, pictures, offered, seconds, running))
        cost, end = (running.processor_seconds - spent) / max(1, len(loaded.accepted)), running.megabytes
    after, cost_after = in_process(folder, seconds / 3)
    rate, cost_inside = statistics.mean((before, after)), statistics.mean((cost_before, cost_after))
    goodput = len(loaded.accepted) / loaded.seconds
    crash, again, back = asyncio.run(killed(options, pictures, offered, free_port()))
    again.process.terminate()
    again.process.wait(30)
    p50, p99 = percentile(unloaded.accepted, 50), percentile(loaded.accepted, 99)
    alone = percentile(unloaded.accepted, 99)
    bad = sum(count for status, count in (warm.statuses + loaded.statuses).items() if status not in ("200", "429"))
    wrong = sum(count for status, count in crash.statuses.items() if status.startswith("200 ") or status == "500")
    printed, ready = (statistics.median(times) for times in zip(*starts, strict=True))
    warmed, most = max(warm.megabytes), max(*loaded.megabytes, end)
    refused = "none"
    if loaded.refused:
        refused = f"{percentile(loaded.refused, 50) * 1e3:.0f} / {percentile(loaded.refused, 99) * 1e3:.0f} ms"
    return [
        ("`imageauth serve` to its address printed, median of 5", f"{printed:.2f} s", "≤ 2 s"),
        ("… to ready, both models loaded", f"{ready:.2f} s", ""),
        ("load average of the machine before the run: 0 is a quiet one", f"{busy:.1f}", ""),
        ("pictures in the set", f"{len(pictures)}", ""),
        ("`Detector.check_many` in-process, before / after", f"{before:.2f} / {after:.2f} a second", ""),
        ("one request at a time: p50 / p99", f"{p50 * 1e3:.0f} / {alone * 1e3:.0f} ms", ""),
        (f"load for {seconds:.0f} s", f"{offered:.2f} requests a second", "2× capacity"),
        ("… answers", counted(loaded), "no 5xx"),
        ("… neither 200 nor 429, warm-up included", f"{bad}", "0"),
        ("… 429 without Retry-After", f"{loaded.without_advice}", "0"),
        ("… goodput", f"{goodput:.2f} a second", ""),
        ("… over the in-process rate", f"{goodput / rate:.0%}", "≥ 90 %"),
        ("… processor seconds a picture, service / in-process", f"{cost:.2f} / {cost_inside:.2f}", ""),
        ("… accepted: p50 / p99", f"{percentile(loaded.accepted, 50):.2f} / {p99:.2f} s", ""),
        (f"… p99 over 3 × unloaded p50 × queue bound ({bound})", f"{p99 / (3 * p50 * bound):.2f}×", "≤ 1×"),
        ("… refused: p50 / p99", refused, ""),
        (f"memory, most: in {seconds / 2:.0f} s of such load before", f"{warmed:.0f} MB", ""),
        (f"… in the {seconds:.0f} s / when all was answered", f"{most:.0f} / {end:.0f} MB", ""),
        ("… growth", f"{most - warmed:.0f} MB", "≤ 50 MB"),
        ("processor time of the client, of one core", f"{loaded.client_seconds / loaded.seconds:.1%}", ""),
        ("kill -9 under the same load: clients saw", counted(crash), "connection errors only"),
        ("… answers that were not whole, or 500", f"{wrong}", "0"),
        ("… from the kill to ready again", f"{back:.2f} s", "≤ 2 s"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--queue", type=int, default=0, help="the service's bound; default: the service's own")
    arguments = parser.parse_args()
    options = ["--queue", str(arguments.queue)] if arguments.queue else []
    with tempfile.TemporaryDirectory() as name:
        draw_pictures(Path(name))
        rows = measure(Path(name), options, arguments.seconds)
    how = (
        "One run, on the loopback; service and client share the cores. In-process rates are taken before and after the "
        "load, with the client idle. The queue bound is the service's default (`--queue`)."
    )
    write_page(arguments.out, "Load: `imageauth serve`", rows, 1, "serve_load.py", how)


if __name__ == "__main__":
    main()

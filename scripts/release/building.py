"""The packages, built as they will be published: the source archive, and the wheel from that."""

import hashlib
import subprocess
import sys
from pathlib import Path

from release.archives import members
from release.checks import Check
from release.contents import ROOT

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE", "CHANGELOG.md", "CITATION.cff", "PKG-INFO")


def build_source(to: Path) -> Path:
    """The source archive."""
    _run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(to), cwd=ROOT)
    (archive,) = to.glob("*.tar.gz")
    return archive


def build_wheel(source: Path, to: Path) -> tuple[Path, bool]:
    """A wheel from a source archive or the project's folder, and whether an isolated environment could be had.

    pip fetches hatchling for an isolated build; where that fails the installed one builds.
    """
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(to), str(source)]
    isolated = not subprocess.run(command, cwd=to, capture_output=True, check=False).returncode
    if not isolated:
        _run(*command[:-1], "--no-build-isolation", command[-1], cwd=to)
    (wheel,) = to.glob("*.whl")
    return wheel, isolated


def check_source(archive: Path, wheel: Path) -> Check:
    """Whether the source archive holds the package that the wheel has, and the papers."""
    names = {name for name, _ in members(archive)}
    wrong = [f"{name} is missing in the source archive" for name in SOURCES if name not in names]
    package = {name for name, _ in members(wheel) if name.startswith("imageauth/")}
    wrong += [f"src/{name} is missing in the source archive" for name in sorted(package) if f"src/{name}" not in names]
    foreign = (name for name in sorted(names) if not name.startswith("src/") and name not in (*SOURCES, ".gitignore"))
    wrong += [f"{name} should not be in the source archive" for name in foreign]
    return Check(
        "parts of the source archive", f"{len(names)} files, {archive.stat().st_size / 1e6:.1f} MB", tuple(wrong)
    )


def check_twice(first: Path, second: Path, what: str) -> Check:
    """Whether two builds are the same, byte for byte."""
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, second)]
    wrong = () if digests[0] == digests[1] else (f"{what} is another file when it is built again",)
    return Check(f"{what} built twice", f"SHA-256 {digests[0][:12]}… both times" if not wrong else "differs", wrong)


def _run(*command: str, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.strip()}")

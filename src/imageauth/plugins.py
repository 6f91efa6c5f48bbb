"""What other packages add, found by their entry points: evidence sources, models and renderers.

A plug-in is code of another package and runs with all rights of whoever runs imageauth. ``IMAGEAUTH_NO_PLUGINS=1``
leaves all of them out. ``docs/plugins.md`` is the contract.
"""

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from imageauth.errors import PluginError
from imageauth.escaping import one_line, printable

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Kind = Literal["source", "model", "renderer"]

GROUPS: dict[Kind, str] = {
    "source": "imageauth.sources",
    "model": "imageauth.models",
    "renderer": "imageauth.renderers",
}
"""Kind of plug-in → its group of entry points."""

OFF = "IMAGEAUTH_NO_PLUGINS"
"""Environment variable: set to anything but 0, no plug-in is found."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plug-in of an installed package.

    Attributes:
        kind: what it adds.
        name: as its package calls it.
        package, version: of that package.
        refused: why it is not used, to follow its name; None if nothing speaks against loading it.
    """

    kind: Kind
    name: str
    package: str
    version: str
    refused: str | None
    _entry: "EntryPoint"

    def __str__(self) -> str:
        return f"the plug-in {self.name} of {self.label}"

    @property
    def label(self) -> str:
        """Its package and that one's version, as reports name it."""
        return f"{self.package} {self.version}"

    def load(self) -> Any:
        """What its entry point names; the package is imported by the first call.

        Raises:
            PluginError: it is refused, or cannot be imported.
        """
        if self.refused:
            raise self.error(self.refused)
        try:
            return self._entry.load()
        except (Exception, SystemExit) as error:  # a package may do anything while it is imported
            raise self.error(f"cannot be loaded: {told(error)}") from error

    def function(self) -> Any:
        """The same where it must be a function.

        Raises:
            PluginError: it cannot be loaded, or is none.
        """
        found = self.load()
        if not callable(found):
            raise self.error(f"is of type {type(found).__name__}, not a function")
        return found

    def error(self, reason: str) -> PluginError:
        """One line that names the plug-in and its package.

        Args:
            reason: to follow the name.
        """
        return PluginError(f"{self} {reason}")


def plugins(kind: Kind, *, taken: Collection[str] = ()) -> tuple[Plugin, ...]:
    """The plug-ins of a kind, by name. Nothing of their packages is imported.

    Args:
        kind: of plug-in.
        taken: names that are imageauth's own; a plug-in of such a name is refused, as are two of the same name.
    """
    if is_off():
        return ()
    found = [(entry, *_package(entry)) for entry in _entries() if entry.group == GROUPS[kind]]
    found.sort(key=lambda one: (one[0].name, one[1]))
    packages: dict[str, list[str]] = {}
    for entry, package, _ in found:
        packages.setdefault(entry.name, []).append(package)
    return tuple(
        Plugin(
            kind,
            printable(entry.name)[:80],
            package,
            version,
            _refused(entry.name, kind, taken, packages[entry.name]),
            entry,
        )
        for entry, package, version in found
    )


def is_off() -> bool:
    """Whether plug-ins are to be left out."""
    return os.environ.get(OFF, "") not in ("", "0")


def labels(found: Iterable[Plugin]) -> str | None:
    """Packages and their versions, each once, as ``produced_by`` names them; None where there are none."""
    return ", ".join(sorted({plugin.label for plugin in found})) or None


def told(error: BaseException) -> str:
    """An error of a plug-in in one safe line, without the paths that errors of the system name: a report may go to
    strangers.
    """
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) and one_line(error)
    return printable(f"{type(error).__name__}: {reason}" if reason else type(error).__name__)


def _refused(name: str, kind: Kind, taken: Collection[str], packages: list[str]) -> str | None:
    if not _NAME.fullmatch(name):
        return "is not used: a name is 1 to 64 of a–z, 0–9, dot, hyphen and underscore"
    if name in taken:
        return f"is not used: imageauth has a {kind} of that name itself"
    if len(packages) > 1:
        return f"is not used: {' and '.join(packages)} both bring a {kind} of that name"
    return None


@cache
def _entries() -> "tuple[EntryPoint, ...]":
    """Entry points of all groups; packages are looked through once in a process."""
    from importlib.metadata import entry_points  # only here: it costs more than the rest of this module

    found = entry_points()
    return tuple(entry for group in GROUPS.values() for entry in found.select(group=group))


def _package(entry: "EntryPoint") -> tuple[str, str]:
    """Name and version of an entry point's package."""
    try:
        about = entry.dist.metadata  # type: ignore[union-attr]
        return printable(about["Name"])[:80], printable(about["Version"])[:40]
    except Exception:  # what stands there was written by no tool that we know
        return "a package without metadata", "?"

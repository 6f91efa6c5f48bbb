"""Renderers of other packages: entry points of group ``imageauth.renderers``.

Each is a function that takes a sequence of :class:`~imageauth.report.Report` and :class:`~imageauth.report.Failure`, in
the order of the files, and returns a file's content: bytes, or text that is written as UTF-8.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imageauth.errors import ImageAuthError, PluginError
from imageauth.escaping import printable
from imageauth.files import check_writable, write_bytes
from imageauth.plugins import Plugin, plugins, told
from imageauth.report import Failure, Report

Renderer = Callable[[Sequence[Report | Failure]], bytes | str]

OURS = ("html", "json", "pdf", "text")
"""What imageauth renders itself; no plug-in may go by these names."""

MOST = 10_000
"""Reports that a renderer is given: they are held in memory. A scan writes tables of more."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """A file that a renderer is to write.

    Attributes:
        plugin: that renders.
        path: of the file.
    """

    plugin: Plugin
    path: Path

    @staticmethod
    def of(wanted: str) -> "Rendering":
        """Get ready for it: what can go wrong is said before the long work.

        Args:
            wanted: ``NAME:F``, a renderer's name and a path.

        Raises:
            ImageAuthError: it is nothing of the kind, there is no such renderer, it cannot be used (then a
                :class:`~imageauth.errors.PluginError`), or the file cannot be written.
        """
        name, separator, path = wanted.partition(":")
        if not (separator and name and path):
            raise ImageAuthError(f"--render is a renderer's name, a colon and a file, not {wanted!r}")
        found = plugin_renderers()
        plugin = next((plugin for plugin in found if plugin.name == name), None)
        if plugin is None:
            known = ", ".join(plugin.name for plugin in found if not plugin.refused)
            brought = f"plug-ins bring {known}" if known else "none is installed; see docs/plugins.md"
            raise ImageAuthError(f"there is no renderer {name!r}: {brought}")
        plugin.function()
        check_writable(Path(path))
        return Rendering(plugin, Path(path))

    def write(self, answers: Sequence[Report | Failure]) -> None:
        """Render and write.

        Args:
            answers: in the order of the files.

        Raises:
            PluginError: the renderer failed, or returned nothing that can be written.
            ImageAuthError: the file cannot be written.
        """
        render: Renderer = self.plugin.function()
        try:
            content = render(answers)
            data = content.encode() if isinstance(content, str) else content
        except (Exception, SystemExit) as error:  # its code is not ours, and may want to end the program
            raise self.plugin.error(f"failed: {told(error)}") from error
        if not isinstance(data, bytes):
            raise self.plugin.error(f"returned {type(data).__name__} instead of bytes or text")
        write_bytes(self.path, data)


def check_count(count: int) -> None:
    """See that so many reports can be rendered.

    Raises:
        ImageAuthError: they are too many.
    """
    if count > MOST:
        raise ImageAuthError(f"--render holds {MOST:,} reports at most, and {count:,} files were named; see scan")


def write_all(renderings: Sequence[Rendering], answers: Sequence[Report | Failure]) -> Iterator[PluginError]:
    """Have each written, and yield why one was not; the others are written all the same.

    Args:
        renderings: to write.
        answers: in the order of the files.

    Raises:
        ImageAuthError: a file cannot be written.
    """
    for rendering in renderings:
        try:
            rendering.write(answers)
        except PluginError as error:
            yield PluginError(f"{error}; nothing is written to {printable(str(rendering.path))}")


def plugin_renderers() -> tuple[Plugin, ...]:
    """Those that are installed, by name; refused ones too."""
    return plugins("renderer", taken=OURS)

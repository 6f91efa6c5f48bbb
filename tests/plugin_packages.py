"""Packages with plug-ins, as an installer leaves them: a module and its metadata."""

from collections.abc import Mapping
from pathlib import Path


def package(folder: Path, name: str, entries: Mapping[str, Mapping[str, str]], code: str = "") -> None:
    """Put version 1.0 of a package into a folder of Python's path.

    Args:
        folder: it.
        name: of the package; its module has underscores instead of hyphens.
        entries: group → name → what it refers to, ``.`` standing for the module.
        code: of the module.
    """
    module = name.replace("-", "_")
    folder.mkdir(exist_ok=True)
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    about = folder / f"{module}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    lines = []
    for group, named in entries.items():
        lines += [f"[{group}]", *(f"{key} = {value.replace('.', module, 1)}" for key, value in named.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")

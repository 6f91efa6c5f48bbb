"""The Python modules that private mode runs in the browser, as one zip made from the installed package."""

import ast
import io
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import distribution
from importlib.resources import files
from importlib.resources.abc import Traversable

ENTRY = "imageauth.provenance.browser"
# Pure Python, and needed to read XMP safely; whole, since it loads parts of itself late.
_OTHERS = ("defusedxml",)
_EPOCH = (1980, 1, 1, 0, 0, 0)


@lru_cache(maxsize=1)
def python_bundle() -> bytes:
    """A zip for Python's ``sys.path``, the same bytes for the same modules: :data:`ENTRY`, all that it imports of this
    package when it is loaded, and defusedxml with its licence.
    """
    parts = dict(_closure(ENTRY))
    for package in _OTHERS:
        for source in files(package).iterdir():
            if source.name.endswith(".py"):
                parts[f"{package}/{source.name}"] = source.read_bytes()
        for file in distribution(package).files or ():
            if file.name.upper().startswith("LICEN"):
                parts[f"{package}/{file.name}"] = file.read_binary()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(parts):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # else it would differ by the machine that makes it
            archive.writestr(info, parts[name])
    return stream.getvalue()


def _closure(entry: str) -> Iterator[tuple[str, bytes]]:
    """Modules of this package that importing ``entry`` loads: their places in the zip and their text; each once."""
    waiting, seen = [entry], set()
    while waiting:
        name = waiting.pop()
        if name in seen or (source := _source(name)) is None:
            continue
        seen.add(name)
        text = source.read_bytes()
        yield _path(name, source), text
        waiting.append(name.rpartition(".")[0])  # the package around it is loaded first
        # Only statements of the module itself: what stands in functions is loaded later, if at all.
        for node in ast.parse(text).body:
            if isinstance(node, ast.Import):
                waiting.extend(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting.append(node.module)
                waiting.extend(f"{node.module}.{alias.name}" for alias in node.names)


def _source(module: str) -> Traversable | None:
    """The file of a module of this package; None of anything else."""
    first, *rest = module.split(".")
    if first != "imageauth":
        return None
    folder = files("imageauth").joinpath(*rest)
    for source in (
        folder.joinpath("__init__.py"),
        files("imageauth").joinpath(*rest[:-1], f"{rest[-1]}.py") if rest else folder,
    ):
        if source.is_file():
            return source
    return None


def _path(module: str, source: Traversable) -> str:
    inside = module.replace(".", "/")
    return f"{inside}/__init__.py" if source.name == "__init__.py" else f"{inside}.py"

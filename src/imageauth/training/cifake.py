"""Obtain and prepare CIFAKE (Bird & Lotfi 2023, arXiv:2303.14126).

The result is a folder with ``train/`` and ``test/``, each with ``REAL/`` and ``FAKE/``, a ``manifest.tsv`` and a
``SUMMARY.md``. The manifest is written last: without it the folder is unfinished, and the same command goes on.
"""

import hashlib
import lzma
import re
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Literal

from imageauth.errors import DataError, ImageError, MissingExtraError
from imageauth.files import write_atomically
from imageauth.images import decode
from imageauth.manifest import FILE_NAME, Entry, Manifest, Split

KAGGLE_HANDLE = "birdy654/cifake-real-and-ai-generated-synthetic-images"
OFFICIAL = {("train", "REAL"): 50_000, ("train", "FAKE"): 50_000, ("test", "REAL"): 10_000, ("test", "FAKE"): 10_000}
SIDE = 32
SUMMARY = "SUMMARY.md"

_MEMBER = re.compile(r"(?:^|/)(train|test)/(REAL|FAKE)/([^/]+\.jpe?g)$", re.IGNORECASE)
_MAX_FILE_BYTES = 2**20
# What the archive readers raise on damaged, encrypted or unknown contents.
_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error),
    *(EOFError, NotImplementedError, OSError, RuntimeError),
)

Progress = Callable[[str, int, int | None], None]


def is_validation(label: str, name: str) -> bool:
    """The fixed rule of the validation split: one training file in ten, by the SHA-256 of ``LABEL/name``."""
    digest = hashlib.sha256(f"{label.upper()}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 10 == 0


def prepare(to: Path, source: Path | None = None, *, progress: Progress | None = None) -> tuple[Manifest, list[str]]:
    """Copy CIFAKE into ``to``, check it and write its manifest and summary.

    Safe to repeat and to interrupt: each file is written whole or not at all, files that are there are kept, and the
    manifest that makes the folder usable comes last.

    Args:
        to: the folder to prepare.
        source: a folder, ``.zip`` or ``.tar*`` that holds ``train/`` (and ``test/``); None downloads it through Kaggle.
        progress: told (what, done, total or None).

    Returns:
        The manifest, and one line for each file that was left out because it is damaged.

    Raises:
        DataError: the source holds no CIFAKE files, or cannot be read.
        MissingExtraError: kagglehub is needed and not installed.
    """
    origin = source or _download()
    tell = progress or (lambda what, done, total: None)
    copied = 0
    to.mkdir(parents=True, exist_ok=True)
    for split, label, name, data in _members(origin):
        if not copied:  # from here on the folder is unfinished; a source that cannot be read leaves it as it was
            (to / FILE_NAME).unlink(missing_ok=True)
        _store(to / split / label / name, data)
        copied += 1
        if copied % 500 == 0:
            tell("copying", copied, None)
    if not copied:
        raise DataError(f"{origin} holds no train/REAL, train/FAKE, test/REAL or test/FAKE with JPEG files")
    tell("copying", copied, copied)
    manifest, damaged = _inspect(to, tell)
    write_atomically(to / SUMMARY, summarise(manifest, damaged).encode())
    manifest.save(to)
    return manifest, damaged


def summarise(manifest: Manifest, damaged: list[str]) -> str:
    """What is there, for a person, as Markdown."""
    found = Counter((entry.path.split("/")[0], entry.path.split("/")[1]) for entry in manifest)
    lines = ["# CIFAKE, prepared", "", "| folder | files | official |", "|---|---:|---:|"]
    for (split, label), official in OFFICIAL.items():
        lines.append(f"| {split}/{label} | {found[split, label]:,} | {official:,} |")
    used = Counter((entry.split, entry.label) for entry in manifest)
    lines += ["", "| split in use | real | fake |", "|---|---:|---:|"]
    for name in ("train", "validation", "test", "excluded"):
        lines.append(f"| {name} | {used[name, 'real']:,} | {used[name, 'fake']:,} |")
    twins = [entry for entry in manifest if entry.duplicate_of]
    labels = {entry.path: entry.label for entry in manifest}
    crossing = sum(labels[entry.duplicate_of] != entry.label for entry in twins)
    lines += [
        "",
        f"Exact duplicates: {len(twins):,} files repeat the bytes of another ({crossing:,} of them with the other "
        "label). They are left out, so that no picture stands in two splits; the official test "
        "split stays whole, and of a picture with both labels no training copy is used.",
        f"Damaged files: {len(damaged):,}.",
        *(f"- {line}" for line in damaged[:50]),
        "",
        "Validation is one training file in ten, by the SHA-256 of its name "
        "(`imageauth.training.cifake.is_validation`).",
        f"Manifest digest: `{manifest.digest}`",
        "",
    ]
    if sum(found.values()) < sum(OFFICIAL.values()):
        missing = sum(OFFICIAL.values()) - sum(found.values())
        lines.insert(2, f"**Incomplete:** {missing:,} of the official {sum(OFFICIAL.values()):,} files are not here.\n")
    return "\n".join(lines)


def _download() -> Path:
    try:
        import kagglehub
    except ImportError:
        raise MissingExtraError("downloading CIFAKE", "train") from None
    try:
        return Path(kagglehub.dataset_download(KAGGLE_HANDLE))
    except Exception as error:  # kagglehub passes on whatever its network layer raises
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"Kaggle could not deliver {KAGGLE_HANDLE}: {reason}. Use --from with a copy of it.") from error


def _members(source: Path) -> Iterator[tuple[str, str, str, bytes]]:
    """(split, label, name, content) of each CIFAKE file in a folder, zip or tar. Only names that fit are touched."""
    if source.is_dir():
        for file in sorted(source.rglob("*")):
            if (match := _MEMBER.search(file.absolute().as_posix())) and file.is_file():
                with file.open("rb") as stream:
                    yield *_place(match), _content(stream, match[0])
        return
    if not source.is_file():
        raise DataError(f"{source} does not exist")
    try:
        if zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                for item in archive.infolist():
                    if match := _MEMBER.search(item.filename):
                        with archive.open(item) as packed:
                            yield *_place(match), _content(packed, match[0])
        elif tarfile.is_tarfile(source):
            with tarfile.open(source) as tar:
                for member in tar:
                    match = _MEMBER.search(member.name)
                    if match and member.isfile() and (inner := tar.extractfile(member)):
                        yield *_place(match), _content(inner, match[0])
        else:
            raise DataError(f"{source} is not a folder, a zip or a tar archive")
    except _BROKEN as error:
        raise DataError(f"{source} is damaged or cut short: {error}") from error


def _place(match: re.Match[str]) -> tuple[str, str, str]:
    split, label, name = match.groups()
    return split.lower(), label.upper(), name


def _content(stream: IO[bytes], name: str) -> bytes:
    data = stream.read(_MAX_FILE_BYTES + 1)
    if len(data) > _MAX_FILE_BYTES:
        raise DataError(f"{name} is larger than any CIFAKE file")
    return data


def _store(path: Path, data: bytes) -> None:
    """Write one file whole, unless it is there already with the same content."""
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


def _inspect(folder: Path, tell: Progress) -> tuple[Manifest, list[str]]:
    """Decode and hash every file, then give each its split."""
    # Test before train, so that a picture in both stays in the official test split.
    files = [
        file
        for split in ("test", "train")
        for label in ("REAL", "FAKE")
        for file in sorted((folder / split / label).glob("*"))
        if file.suffix != ".part"
    ]
    seen: list[tuple[str, str, Literal["real", "fake"], Split]] = []
    damaged = []
    for done, file in enumerate(files, 1):
        path = file.relative_to(folder).as_posix()
        part, label, name = path.split("/")
        try:
            image = decode(file.read_bytes())
            if image.pixels.shape != (SIDE, SIDE, 3):
                raise ImageError("corrupt", f"is {image.width}×{image.height}, not {SIDE}×{SIDE}")
        except ImageError as error:
            damaged.append(f"{path} {error}")
            continue
        split: Split = "test" if part == "test" else "validation" if is_validation(label, name) else "train"
        seen.append((path, image.sha256, "fake" if label == "FAKE" else "real", split))
        if done % 500 == 0 or done == len(files):
            tell("checking", done, len(files))
    return Manifest(sorted(_without_duplicates(seen), key=lambda entry: entry.path)), damaged


def _without_duplicates(seen: Sequence[tuple[str, str, Literal["real", "fake"], Split]]) -> Iterator[Entry]:
    """Entries in which no picture stands in two splits or, outside the official test split, stands twice.

    The test split stays whole, so that figures on it compare with published ones. Elsewhere the first copy stays, and
    none of a picture that is there with both labels.
    """
    labels: dict[str, set[str]] = {}
    first: dict[str, str] = {}
    for path, sha256, label, _ in seen:
        labels.setdefault(sha256, set()).add(label)
        first.setdefault(sha256, path)
    for path, sha256, label, split in seen:
        repeated = first[sha256] != path or len(labels[sha256]) > 1
        if split == "test" or not repeated:
            yield Entry(path, sha256, label, split)
        else:
            other = (
                first[sha256] if first[sha256] != path else next(p for p, s, _, _ in seen if s == sha256 and p != path)
            )
            yield Entry(path, sha256, label, "excluded", other)

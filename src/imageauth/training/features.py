"""What an encoder says of each view of many pictures, extracted once by several processes and kept in a folder.

The work takes hours, so it goes on where it was stopped: each chunk of pictures is one file, whole or not there. A
folder belongs to one encoder and one way of looking; pictures may be added to the table at any time.
"""

import contextlib
import hashlib
import io
import json
import multiprocessing
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError, ImageError
from imageauth.files import write_atomically
from imageauth.images import read_image
from imageauth.pixels.network import Network
from imageauth.training.photo_views import Slots

Progress = Callable[[int, int], None]

KEY_FILE = "features.json"
# Pictures in a chunk: about a minute of work on one core, which is what a stop costs at most.
CHUNK = 48
_LARGEST = float(np.finfo(np.float16).max)


class Look(Protocol):
    """A way of looking, such as :class:`imageauth.training.photo_views.TrainingLook`; it travels to other processes."""

    @property
    def side(self) -> int:
        """Height and width of the views, pixels."""

    def __call__(self, pixels: npt.NDArray[np.uint8], *, lossless: bool, sha256: str) -> Slots:
        """The views of one picture."""

    def to_json(self) -> dict[str, Any]:
        """Plain data that tells it from any other."""


class Picture(NamedTuple):
    """One picture.

    Attributes:
        path: of its file.
        sha256: that names it in the table, hexadecimal.
        native: the file is the one with that SHA-256; else it is a small view of it that went through a JPEG already.
    """

    path: Path
    sha256: str
    native: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Features of pictures, in the order that was asked for.

    Attributes:
        rows: which of the pictures asked for each is, int64 [N]: those that could not be read are not there.
        values: float16 [N, V, F], of V views; zeros where a picture has no such view.
        present: bool [N, V].
        shorts: short side of each copy, pixels, int32 [N, C].
    """

    rows: npt.NDArray[np.int64]
    values: npt.NDArray[np.float16]
    present: npt.NDArray[np.bool_]
    shorts: npt.NDArray[np.int32]


def extract(
    pictures: Sequence[Picture],
    encoder: Path,
    look: Look,
    out: Path,
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, str]:
    """Extract what ``out`` does not have yet.

    Args:
        pictures: to extract; a SHA-256 stands once.
        encoder: a LiteRT file, float32 [N, side, side, 3] → features, float32 [N, F].
        look: gives the views of a picture, of the encoder's side.
        out: the folder; made where it is missing.
        workers: processes, each with one thread.
        progress: called with (done, total) pictures.

    Returns:
        SHA-256 → why, in one line, of the pictures that could not be read; left out, and tried again next time.

    Raises:
        DataError: the encoder cannot be read or is of another side, ``out`` belongs to another one or to another look,
            is damaged, or cannot be written; or a process died.
        ModelError: the encoder is no such file.
    """
    try:
        data = encoder.read_bytes()
    except OSError as error:
        raise DataError(f"{encoder} cannot be read: {error.strerror or error}") from error
    side = Network(data, threads=1, name=encoder.name).side  # a wrong file shows itself before any process starts
    if side != look.side:
        raise DataError(f"{encoder} takes views of side {side}, not {look.side}")
    _claim(out, {"encoder_sha256": hashlib.sha256(data).hexdigest(), **look.to_json()})
    known = {key for chunk in _chunks(out) for key in _keys(chunk)}
    todo = [picture for picture in pictures if _key(picture.sha256, picture.native) not in known]
    damaged: dict[str, str] = {}
    done = len(pictures) - len(todo)
    if progress:
        progress(done, len(pictures))
    if not todo:
        return damaged
    # Spawned, not forked: TensorFlow's and LiteRT's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(str(encoder), look, out)) as pool:
        parts = [todo[at : at + CHUNK] for at in range(0, len(todo), CHUNK)]
        running: dict[Future[dict[str, str]], int] = {pool.submit(_extract, part): len(part) for part in parts}
        try:
            for future in as_completed(running):
                damaged |= future.result()
                done += running[future]
                if progress:
                    progress(done, len(pictures))
        except BrokenProcessPool as error:
            raise DataError(
                "a process that extracted features died, perhaps for want of memory; run it again"
            ) from error
        except OSError as error:
            raise DataError(f"{out} cannot be written: {error.strerror or error}") from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return damaged


def load(pictures: Sequence[Picture], out: Path) -> Features:
    """The features of pictures that :func:`extract` left in a folder.

    Raises:
        DataError: there are none of these pictures, or a chunk is damaged.
    """
    places = {_key(picture.sha256, picture.native): row for row, picture in enumerate(pictures)}
    found: list[tuple[npt.NDArray[np.int64], dict[str, npt.NDArray[Any]]]] = []
    for path in _chunks(out):
        chunk = _read(path)
        keys = [
            _key(str(sha256), bool(native)) for sha256, native in zip(chunk["sha256"], chunk["native"], strict=True)
        ]
        wanted = np.array([key in places for key in keys])
        rows = np.array([places.pop(key) for key, take in zip(keys, wanted, strict=True) if take], np.int64)
        found.append((rows, {name: chunk[name][wanted] for name in ("values", "present", "shorts")}))
    rows = np.concatenate([rows for rows, _ in found]) if found else np.empty(0, np.int64)
    if not len(rows):
        raise DataError(f"{out} has no features of these pictures")
    order = np.argsort(rows)
    values, present, shorts = (
        np.concatenate([part[name] for _, part in found])[order] for name in ("values", "present", "shorts")
    )
    return Features(rows[order], values, present, shorts)


_worker: tuple[Network, Look, Path] | None = None


def _start(encoder: str, look: Look, out: Path) -> None:
    global _worker
    _worker = Network(Path(encoder).read_bytes(), threads=1, name=encoder), look, out


def _extract(pictures: Sequence[Picture]) -> dict[str, str]:
    """In a worker: one chunk; SHA-256 → why of the pictures that could not be read."""
    if _worker is None:
        raise RuntimeError("the worker was not started")
    network, look, out = _worker
    damaged: dict[str, str] = {}
    done: list[tuple[Picture, Slots, npt.NDArray[np.float16]]] = []
    for picture in pictures:
        try:
            image = read_image(picture.path)
        except ImageError as error:
            damaged[picture.sha256] = f"{picture.path}: {error}"
            continue
        except MemoryError:
            damaged[picture.sha256] = f"{picture.path}: there is not memory enough for it"
            continue
        if picture.native and image.sha256 != picture.sha256:
            damaged[picture.sha256] = f"{picture.path}: changed since the table was made"
            continue
        slots = look(image.pixels, lossless=image.lossless and picture.native, sha256=picture.sha256)
        values = np.zeros((len(slots.pixels), network.columns), np.float16)
        for view in np.nonzero(slots.present)[0]:
            said = network(slots.pixels[view][None].astype(np.float32))[0]
            values[view] = np.clip(said, -_LARGEST, _LARGEST)
        done.append((picture, slots, values))
    if done:
        names = "\n".join(_key(picture.sha256, picture.native) for picture, _, _ in done)
        buffer = io.BytesIO()
        np.savez(
            buffer,
            sha256=np.array([picture.sha256 for picture, _, _ in done]),
            native=np.array([picture.native for picture, _, _ in done]),
            values=np.stack([values for _, _, values in done]),
            present=np.stack([slots.present for _, slots, _ in done]),
            shorts=np.stack([slots.shorts for _, slots, _ in done]),
        )
        write_atomically(out / f"{hashlib.sha256(names.encode()).hexdigest()[:16]}.npz", buffer.getvalue())
    return damaged


def _key(sha256: str, native: bool) -> str:
    return f"{sha256} {'native' if native else 'view'}"


def _claim(out: Path, key: dict[str, Any]) -> None:
    """Make the folder ours, or see that it is."""
    path = out / KEY_FILE
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            if _chunks(out):
                raise DataError(
                    f"{out} has features, but no {KEY_FILE} that says of what: delete it, or use another folder"
                )
            write_atomically(path, json.dumps(key, indent=1).encode())
            return
        known = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{out} cannot be used: {error.strerror or error}") from error
    except ValueError as error:
        raise DataError(f"{path} is damaged: delete {out}, or use another folder") from error
    if known != json.loads(json.dumps(key)):
        other = isinstance(known, dict) and known.get("encoder_sha256") != key["encoder_sha256"]
        what = "another encoder" if other else "other views"
        raise DataError(f"{out} has features of {what}: delete it, or use another folder")


def _chunks(out: Path) -> list[Path]:
    return sorted(out.glob("*.npz"))


def _keys(path: Path) -> Iterator[str]:
    with _opened(path) as chunk:
        for sha256, native in zip(chunk["sha256"], chunk["native"], strict=True):
            yield _key(str(sha256), bool(native))


def _read(path: Path) -> dict[str, npt.NDArray[Any]]:
    with _opened(path) as chunk:
        return {name: chunk[name] for name in ("sha256", "native", "values", "present", "shorts")}


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with np.load(path, allow_pickle=False) as chunk:
            yield chunk
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is damaged: delete it, and extract again") from error

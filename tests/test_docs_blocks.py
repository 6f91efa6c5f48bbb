"""Every code block of the documentation runs here, or says why it cannot and has a command with options that exist."""

import os
import shutil
import tarfile
import webbrowser
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, chdir
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from imageauth import Detector
from imageauth.pixels.model import PixelModel
from imageauth.server.app import create_app
from tests.conftest import drawn
from tests.docs_pages import PAGES, ROOT, Shell, blocks, compare
from tests.live import serving
from tests.scan_rows import row, write
from tests.signing import authority

WITH_CODE = [page for page in PAGES if any(block.kind != "text" for block in blocks(page))]


@pytest.fixture(scope="module")
def belongings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages take for granted that a reader has."""
    folder = tmp_path_factory.mktemp("belongings")
    small = ("another.png", "picture.png", "one.jpg", "upload.jpg", "photos/cover.jpg", "photos/2024/a/cover.png",
             "more/b.png", "uploads/c.jpg")  # fmt: skip
    for index, name in enumerate(small):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn(seed=index)).save(folder / name)
    Image.fromarray(drawn(96, 96)).save(folder / "picture.jpg")
    (folder / "notes.txt").write_text("no picture\n")
    (folder / "addresses.txt").write_text("photos/cover.jpg\nmore/b.png\n")
    (folder / "last.txt").touch()
    os.utime(folder / "last.txt", (0, 0))
    shutil.copy(ROOT / "examples" / "newsroom.toml", folder / "rules.toml")
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "FILE").write_bytes(authority().pem)
    with zipfile.ZipFile(folder / "album.zip", "w") as album:
        album.write(folder / "one.jpg", "inside.jpg")
    (folder / "shards").mkdir()
    for index in range(13):
        with tarfile.open(folder / f"shards/shard-{index:06}.tar", "w") as shard:
            shard.add(folder / "another.png", f"{index:06}.png")
    faces = pyarrow.table({"face": [(folder / "one.jpg").read_bytes()]})
    pyarrow.parquet.write_table(faces, folder / "faces.parquet")
    for form in ("jsonl", "csv", "parquet"):
        write(folder / f"results.{form}", [row("photos/cover.jpg")])
    return folder


@pytest.fixture(scope="module")
def service() -> Iterator[Callable[[], str]]:
    """Gives the address of a service, which starts when it is first asked for."""
    with ExitStack() as stack:
        addresses: list[str] = []

        def address() -> str:
            if not addresses:
                addresses.append(stack.enter_context(serving(create_app(Detector()))))
            return addresses[0]

        yield address


@pytest.fixture(scope="module")
def loaded_once() -> Iterator[None]:
    """Each model is read from the disk once for all commands, which a user's shell could not do."""
    kept: dict[object, PixelModel] = {}
    lazy = PixelModel.lazy

    def once(name: str | Path, *, threads: int | None = None) -> PixelModel:
        key = (str(name), threads)
        if key not in kept:
            kept[key] = lazy(name, threads=threads)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PixelModel, "lazy", staticmethod(once))
        yield


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_code_of_a_page_runs(
    page: Path,
    belongings: Path,
    service: Callable[[], str],
    loaded_once: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEY", "ia_example")
    monkeypatch.setenv("IMAGEAUTH_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(webbrowser, "open", lambda *_: True)
    folder = shutil.copytree(belongings, tmp_path / "reader")
    with chdir(folder):
        shell = Shell(folder, service, {"__name__": "__main__"})
        for block in blocks(page):
            try:
                shell.run(block)
            except Exception as error:
                raise AssertionError(f"{page.relative_to(ROOT)}, line {block.line}: {error}") from error


def test_what_is_not_run_says_why() -> None:
    notes = [block.note for page in PAGES for block in blocks(page) if block.note]
    assert all(note == "output" or note.startswith("not run: ") for note in notes), notes
    assert sum(note != "output" for note in notes) <= 16


def test_output_that_is_not_printed_is_noticed() -> None:
    compare("a 12 %\n… end", "before\na 7 %\nthe end\n")
    with pytest.raises(AssertionError, match="not printed: other"):
        compare("other", "one\n")

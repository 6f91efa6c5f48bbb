"""What a scan finds in files, folders, globs and lists."""

import argparse
import io
import os
import pickle
import re
import shlex
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from imageauth.errors import ImageAuthError
from imageauth.patterns import Pattern
from imageauth.scan.inputs import Options, items_of
from imageauth.scan.inputs.braces import expand_braces
from imageauth.scan.items import Item
from tests.scan_files import names, png, split, tarred
from tests.test_imports import modules_after


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A few files, in the current folder."""
    monkeypatch.chdir(tmp_path)
    shown = ("b.png", "a.JPG", "notes.txt", "sub/c.webp", "sub/deep/e.png", "x.dat")
    for name in (*shown, ".secret.png", "sub/.git/d.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png())
    return tmp_path


def listing(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_a_folder_gives_its_visible_images_in_a_stable_order(folder: Path) -> None:
    assert names(".") == ["./a.JPG", "./b.png", "./sub/c.webp", "./sub/deep/e.png"]
    assert names("sub/", "b.png") == ["sub/c.webp", "sub/deep/e.png", "b.png"]


def test_size_and_time_are_those_of_the_file(folder: Path) -> None:
    (item,) = items_of(["b.png"])
    assert isinstance(item, Item)
    status = os.stat("b.png")
    assert (item.size, item.modified) == (status.st_size, status.st_mtime_ns)
    assert pickle.loads(pickle.dumps(item)) == item


def test_a_file_that_is_named_is_always_taken(folder: Path) -> None:
    assert names("notes.txt", "sub/.git/d.png", "missing.png") == ["notes.txt", "sub/.git/d.png", "missing.png"]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (["*.png"], [], ["./b.png", "./sub/deep/e.png"]),
        ([".*.png"], [], ["./.secret.png"]),
        (["*.dat"], [], ["./x.dat"]),
        (["sub/*"], [], ["./sub/c.webp", "./sub/deep/e.png"]),
        (["sub/**"], [], ["./sub/c.webp", "./sub/deep/e.png"]),
        (["deep"], [], ["./sub/deep/e.png"]),
        ([".git"], [], ["./sub/.git/d.png"]),
        (["**/[a-b].*"], [], ["./a.JPG", "./b.png"]),
        ([], ["deep"], ["./a.JPG", "./b.png", "./sub/c.webp"]),
        ([], ["sub/**", "*.JPG"], ["./b.png"]),
        (["*.png"], ["b.*"], ["./sub/deep/e.png"]),
    ],
)
def test_patterns_choose(folder: Path, include: list[str], exclude: list[str], expected: list[str]) -> None:
    assert names(".", include=tuple(include), exclude=tuple(exclude)) == expected


def test_excluded_folders_are_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: read.append(path) or scandir(path))
    names(".", exclude=("deep",))
    names("s*/c.*")
    assert not [path for path in read if "deep" in path or ".git" in path]


def test_globs(folder: Path) -> None:
    assert names("*.png") == ["b.png"]
    assert names("*.txt") == ["notes.txt"]
    assert names("**/*.png") == ["b.png", "sub/deep/e.png"]
    assert names("s?b") == ["sub/c.webp", "sub/deep/e.png"]
    assert names(str(folder / "*" / "[c]*")) == [str(folder / "sub" / "c.webp")]
    assert names("*.xyz", "nowhere/*.png") == ["*.xyz", "nowhere/*.png"]
    assert names("**/*.png", exclude=("sub",)) == ["b.png"]
    (folder / "odd[1].png").write_bytes(png())
    assert names("odd[1].png") == ["odd[1].png"]


def test_braces(folder: Path) -> None:
    assert list(expand_braces("s-{008..011}.tar")) == ["s-008.tar", "s-009.tar", "s-010.tar", "s-011.tar"]
    assert list(expand_braces("{9..11}{a,b}")) == ["9a", "9b", "10a", "10b", "11a", "11b"]
    assert list(expand_braces("{2..1}{x}{y}")) == ["2{x}{y}", "1{x}{y}"]
    assert names("{b,none}.png", "{a,b}.[Jp]*") == ["b.png", "none.png", "a.JPG", "b.png"]
    (folder / "{1,2}.png").write_bytes(png())
    assert names("{1,2}.png") == ["{1,2}.png"]


def test_a_list_on_standard_input(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing(monkeypatch, b"b.png\r\n\nsub\n*.png\n-\n\xff.png")
    assert names("a.JPG", "-") == ["a.JPG", "b.png", "sub/c.webp", "sub/deep/e.png", "*.png", "-", "\udcff.png"]
    listing(monkeypatch, b"b.png\0with\nnewline.png\0")
    assert names("-", null_separated=True) == ["b.png", "with\nnewline.png"]
    listing(monkeypatch, b"")
    assert split(items_of(["-"])) == ({}, {"-": "empty"})
    listing(monkeypatch, b"\x89PNG" * 100_000)
    assert split(items_of(["-"])) == ({}, {"-": "unreadable"})
    monkeypatch.setattr(sys, "stdin", None)
    assert split(items_of(["-"])) == ({}, {"-": "unreadable"})
    with pytest.raises(ImageAuthError, match="only once"):
        items_of(["-", "-"])


def test_a_list_is_read_as_it_comes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb", buffering=0) as pipe, os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        pipe.write(b"b.png\na")
        found = items_of(["-"])
        assert next(found).name == "b.png"  # type: ignore[union-attr]
        pipe.write(b".JPG\n")
        assert next(found).name == "a.JPG"  # type: ignore[union-attr]


def test_loops_of_links_end_and_links_to_files_are_followed(folder: Path) -> None:
    (folder / "sub" / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "linked.png").symlink_to("b.png")
    (folder / "broken.png").symlink_to("nowhere")
    items, failures = split(items_of(["."]))
    assert not failures
    assert sorted(items) == ["./a.JPG", "./b.png", "./broken.png", "./linked.png", "./sub/c.webp", "./sub/deep/e.png"]
    assert items["./broken.png"] == "unreadable"
    assert items["./linked.png"] == png()
    assert len(names("sub/loop")) == 6  # a link that is named is followed


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no such permissions")
def test_an_unreadable_folder_is_said_and_the_rest_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("deep"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may read everything
    items, failures = split(items_of(["."]))
    assert len(items) == 3
    assert failures == {"./sub/deep": "unreadable"}


def test_nothing_in_a_folder_is_said(tmp_path: Path) -> None:
    assert split(items_of([str(tmp_path)])) == ({}, {str(tmp_path): "empty"})


def test_very_deep_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    depth = 1500
    monkeypatch.chdir(tmp_path)
    for _ in range(depth):
        os.mkdir("d")
        os.chdir("d")
    Path("x.png").write_bytes(png())
    try:
        items, _ = split(items_of([str(tmp_path)]))
        assert items == {f"{tmp_path}/{'d/' * depth}x.png": png()}
    finally:  # nothing else can remove such folders
        os.unlink("x.png")
        for _ in range(depth):
            os.chdir("..")
            os.rmdir("d")


def test_100_000_files_in_one_folder(tmp_path: Path) -> None:
    for index in range(100_000):
        path = f"{tmp_path}/{index:06}.jpg"
        if index % 10_000:  # a link costs less than a file
            os.link(f"{tmp_path}/{index // 10_000 * 10_000:06}.jpg", path)
        else:
            Path(path).touch()
    tracemalloc.start()
    found = items_of([str(tmp_path)])
    seen = [item.name if index % 50_000 == 0 else None for index, item in enumerate(found) if isinstance(item, Item)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(seen) == 100_000
    assert seen[50_000] == str(tmp_path / "050000.jpg")
    assert peak < 60 * 2**20


def test_memory_does_not_grow_with_the_number_of_folders(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        root = tmp_path / str(count)
        for index in range(count):
            (root / f"{index // 100}" / f"{index % 100}").mkdir(parents=True)
            for number in range(5):
                (root / f"{index // 100}" / f"{index % 100}" / f"{number}.png").touch()
        tracemalloc.start()
        assert sum(1 for _ in items_of([str(root)])) == 5 * count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(2000) < 1.5 * peak(200) + 2**16


def test_patterns_know_where_they_lead() -> None:
    pattern = Pattern("a/**/b/*.png")
    assert pattern.matches(("a", "b", "x.png"))
    assert pattern.matches(("a", "x", "y", "b", "x.png"))
    assert not pattern.matches(("a", "x.png"))
    assert pattern.leads_to(("a", "x"))
    assert not pattern.leads_to(("b",))
    assert not pattern.matches(("a", ".b", "b", "x.png"))
    assert Pattern("a/**/b", hidden=True).matches(("a", ".x", "b"))


def test_storage_that_nobody_reads() -> None:
    with pytest.raises(ImageAuthError, match=r"ftp:// is not storage .* s3://"):
        items_of(["ftp://host/x.png"])


def test_the_commands_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each finds what it says, on a folder that is as the page has it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    monkeypatch.chdir(tmp_path)
    for name in ("one.jpg", "photos/a.gif", "photos/2024/cover.png", "photos/2024/may/b.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(png())
    with zipfile.ZipFile("album.zip", "w") as archive:
        archive.writestr("c.png", png())
    Path("shards").mkdir()
    for number in range(13):
        Path(f"shards/shard-{number:06}.tar").write_bytes(tarred({"d.png": png()}))
    pq.write_table(pa.table({"face": pa.array([png()] * 2, pa.binary()), "x": [b"", b""]}), "faces.parquet")
    listing(monkeypatch, b"one.jpg\0photos/a.gif\0")
    page = (Path(__file__).parent.parent / "docs" / "scan-inputs.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    counts = []
    for line in block.splitlines():
        words = shlex.split(line.split("|")[-1])
        assert words[:2] == ["imageauth", "scan"]
        parser = argparse.ArgumentParser()
        parser.add_argument("paths", nargs="+")
        parser.add_argument("--out", required=True)
        parser.add_argument("--column")
        parser.add_argument("--null", action="store_true")
        for option in ("--include", "--exclude"):
            parser.add_argument(option, action="append", default=[])
        told = parser.parse_intermixed_args(words[2:])
        if "://" not in line:
            options = Options(tuple(told.include), tuple(told.exclude), told.column, told.null)
            items, failures = split(items_of(told.paths, options))
            assert not failures
            counts.append(len(items))
    assert counts == [5, 2, 1, 13, 2, 2]


def test_nothing_heavy_is_loaded_before_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    loaded = modules_after(f"from imageauth.scan.inputs import items_of; assert list(items_of([{str(tmp_path)!r}]))")
    assert not loaded & {"pyarrow", "fsspec", "aiohttp", "s3fs", "zstandard", "tensorflow", "ray"}

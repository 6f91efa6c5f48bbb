"""What a scan finds in archives, whole and hostile ones."""

import bz2
import contextlib
import gzip
import io
import lzma
import pickle
import random
import struct
import tarfile
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from imageauth.errors import ImageError
from imageauth.images import MAX_BYTES
from imageauth.report import Failure
from imageauth.scan.inputs import Options, items_of
from imageauth.scan.inputs.members import SLACK
from imageauth.scan.inputs.tars import TarMember
from imageauth.scan.inputs.zips import ZipMember
from imageauth.scan.items import BytesSource, Item
from tests.conftest import FUZZ_SECONDS
from tests.scan_files import png, split, tarred, zipped

FILES = {"a.png": png(1), "sub/b.PNG": png(2), "sub/notes.txt": b"text", "__MACOSX/._a.png": b"junk", "c.json": b"{}"}
PACK: dict[str, Callable[[bytes], bytes]] = {
    ".tar": bytes,
    ".tar.gz": gzip.compress,
    ".tgz": gzip.compress,
    ".tar.bz2": bz2.compress,
    ".tar.xz": lzma.compress,
    ".tar.zst": zstandard.compress,
}


def zip_at(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    path.write_bytes(zipped(files, method))
    return path


def found(path: Path, **options: object) -> tuple[dict[str, bytes | str], dict[str, str]]:
    """As :func:`split`, with the archive's path as A."""
    items, failures = split(items_of([str(path)], Options(**options)))  # type: ignore[arg-type]
    short = str(path)
    return {k.replace(short, "A"): v for k, v in items.items()}, {k.replace(short, "A"): v for k, v in failures.items()}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip(tmp_path: Path, method: int) -> None:
    path = zip_at(tmp_path / "x.zip", FILES, method)
    assert found(path) == ({"A!/a.png": png(1), "A!/sub/b.PNG": png(2)}, {})
    item = next(items_of([str(path)]))
    assert isinstance(item, Item)
    assert isinstance(item.source, ZipMember)
    assert pickle.loads(pickle.dumps(item)).source.read() == png(1)
    assert item.modified == path.stat().st_mtime_ns


@pytest.mark.parametrize("ending", PACK)
def test_tar(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    path.write_bytes(PACK[ending](tarred(FILES)))
    assert found(path) == ({"A!/a.png": png(1), "A!/sub/b.PNG": png(2)}, {})
    item = next(items_of([str(path)]))
    assert isinstance(item, Item)
    assert isinstance(item.source, TarMember if ending == ".tar" else BytesSource)
    assert pickle.loads(pickle.dumps(item)).source.read() == png(1)


def test_shards_of_a_web_dataset(tmp_path: Path) -> None:
    for number in range(3):
        files = {f"{number}{key}.{end}": png(key) for key in range(2) for end in ("png", "cls", "json")}
        (tmp_path / f"shard-{number:06}.tar").write_bytes(tarred(files))
    items, failures = split(items_of([str(tmp_path / "shard-{000000..000003}.tar")]))
    assert len(items) == 6
    assert failures == {str(tmp_path / "shard-000003.tar"): "unreadable"}


def test_archives_in_a_folder_count_as_folders(tmp_path: Path) -> None:
    zip_at(tmp_path / "pictures.zip", FILES)
    zip_at(tmp_path / "code.zip", {"main.py": b"x"})
    (tmp_path / "a.tar").write_bytes(tarred(FILES))
    (tmp_path / "broken.tar.gz").write_bytes(b"no")
    root = str(tmp_path)
    items, failures = split(items_of([root]))
    inside = ("a.png", "sub/b.PNG")
    assert list(items) == [f"{root}/{archive}!/{name}" for archive in ("a.tar", "pictures.zip") for name in inside]
    assert failures == {f"{root}/broken.tar.gz": "corrupt"}  # and nothing of code.zip, which is no archive of images
    for options, count in (
        (Options(include=("*.png",)), 2),
        (Options(include=("pictures.zip/sub/*",)), 1),
        (Options(exclude=("*.zip", "sub")), 1),
        (Options(include=("a.tar",)), 2),
    ):
        assert len(split(items_of([root], options))[0]) == count, options
    assert list(split(items_of([f"{root}/*.zip"]))[1].values()) == ["empty"]  # one that is named is


def test_patterns_within_an_archive_that_is_named(tmp_path: Path) -> None:
    path = zip_at(tmp_path / "x.zip", FILES)
    assert list(found(path, include=("sub/*",))[0]) == ["A!/sub/b.PNG"]
    assert list(found(path, exclude=("sub",))[0]) == ["A!/a.png"]
    assert list(found(path, include=("*.json",))[0]) == ["A!/c.json"]
    assert found(path, include=("*.gif",)) == ({}, {"A": "empty"})


def test_archives_in_archives_are_not_opened_which_is_said_once(tmp_path: Path) -> None:
    files = {"in.zip": b"1", "a.png": png(), "b.tar.gz": b"2", "t.parquet": b"3"}
    path = zip_at(tmp_path / "x.zip", files)
    (failure,) = [item for item in items_of([str(path)]) if isinstance(item, Failure)]
    assert failure.file == f"{path}!/in.zip"
    assert failure.message.startswith("is an archive in an archive, which is not opened, nor are 2 more in ")
    tar = tmp_path / "x.tar"
    tar.write_bytes(tarred(files))
    assert found(tar) == ({"A!/a.png": png()}, {"A!/in.zip": "unsupported-format"})


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz"])
def test_names_that_lead_elsewhere_are_only_names(tmp_path: Path, ending: str) -> None:
    files = {name: png(at) for at, name in enumerate(("../../out.png", "/etc/x.png", "C:\\win.png", "a\n\x1b[31m.png"))}
    path = tmp_path / "in" / f"x{ending}"
    path.parent.mkdir()
    if ending == ".zip":
        zip_at(path, files)
    else:
        path.write_bytes(PACK[ending](tarred(files)))
    before = sorted(tmp_path.rglob("*"))
    items, failures = found(path)
    assert list(items.values()) == list(files.values())
    assert "A!/../../out.png" in items
    assert not failures
    assert sorted(tmp_path.rglob("*")) == before


def test_encrypted_members_are_named_and_the_others_read(tmp_path: Path) -> None:
    path = zip_at(tmp_path / "x.zip", {"a.png": png(1), "b.png": png(2)})
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\1\2")
    data[at + 8] |= 1  # the general purpose bit
    path.write_bytes(data)
    assert found(path) == ({"A!/a.png": "unreadable", "A!/b.png": png(2)}, {})


def test_a_zip_that_was_cut_short_keeps_its_good_members(tmp_path: Path) -> None:
    files = {f"{at}.png": png(at) for at in range(20)}
    path = zip_at(tmp_path / "x.zip", files, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    items, failures = found(path)
    assert failures == {"A": "corrupt"}
    good = {name: data for name, data in items.items() if isinstance(data, bytes)}
    assert 8 <= len(good) <= 10
    assert all(data == files[name[3:]] for name, data in good.items())
    assert list(items.values())[len(good) :] == ["corrupt"]  # the one that was cut through


@pytest.mark.parametrize("ending", PACK)
def test_a_tar_that_was_cut_short_keeps_its_good_members(tmp_path: Path, ending: str) -> None:
    files = {f"{at}.png": png(at) for at in range(60)}
    path = tmp_path / f"x{ending}"
    whole = PACK[ending](tarred(files))
    path.write_bytes(whole[: len(whole) // 2])
    items, failures = found(path)
    assert failures == {"A": "corrupt"}
    good = {name: data for name, data in items.items() if isinstance(data, bytes)}
    # bzip2 and xz blocks are larger than this archive
    assert len(good) > 5 or ending in (".tar.bz2", ".tar.xz", ".tar.zst")
    assert all(data == files[name[3:]] for name, data in good.items())


def test_a_tar_that_ends_between_members_may_lack_some(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    data = tarred({"a.png": png(), "b.png": png()})
    path.write_bytes(data[: data.index(b"b.png")])
    assert found(path) == ({"A!/a.png": png()}, {"A": "corrupt"})
    path.write_bytes(data.replace(b"b.png", b"c.png"))  # its checksum is wrong now
    assert found(path) == ({"A!/a.png": png()}, {"A": "corrupt"})


@pytest.mark.parametrize("name", ["x.zip", *(f"x{ending}" for ending in PACK)])
@pytest.mark.parametrize("data", [b"", b"nothing of the kind", b"PK\5\6" + b"\xff" * 18, b"\0" * 5000, b"\x1f\x8b\x08"])
def test_what_is_no_archive_is_said(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    items, failures = found(path)
    assert not items
    assert failures == {"A": "empty" if data == b"\0" * 5000 and name == "x.tar" else "corrupt"}


def test_a_damaged_member_is_said_and_the_others_read(tmp_path: Path) -> None:
    files = {f"{at}.png": png(at) for at in range(3)}
    path = zip_at(tmp_path / "x.zip", files)
    data = bytearray(path.read_bytes())
    data[data.find(b"1.png") + 60] ^= 0xFF
    path.write_bytes(data)
    assert found(path) == ({"A!/0.png": png(0), "A!/1.png": "corrupt", "A!/2.png": png(2)}, {})


def test_bombs_are_not_unpacked(tmp_path: Path) -> None:
    zeros = bytes(MAX_BYTES - 10)
    bomb = zip_at(tmp_path / "x.zip", {f"{at}.bmp": zeros for at in range(2)})
    items, failures = found(bomb)
    assert len(items) < 2
    assert failures == {"A": "too-large"}
    large = zip_at(tmp_path / "y.zip", {"large.bmp": bytes(MAX_BYTES + 1), "a.png": png()})
    assert found(large) == ({"A!/large.bmp": "too-large", "A!/a.png": png()}, {})
    for ending in (".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"):
        packed = tmp_path / f"x{ending}"
        packed.write_bytes(PACK[ending](tarred({"a.png": png(), "zeros.txt": bytes(SLACK + 2**25), "b.png": png()})))
        assert found(packed) == ({"A!/a.png": png()}, {"A": "too-large"}), ending


def test_overlapping_members_are_a_bomb(tmp_path: Path) -> None:
    """As in D. Fifield, A better zip bomb (WOOT 2019): many entries lead to the same packed bytes."""
    path = zip_at(tmp_path / "x.zip", {"a.bmp": bytes(2 * 2**20)})
    data = path.read_bytes()
    at, end = data.find(b"PK\1\2"), data.find(b"PK\5\6")
    count, entry = 500, data[at:end]
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, count * len(entry), at, 0)
    path.write_bytes(data[:at] + entry * count + tail)
    taken = list(items_of([str(path)]))
    assert len(taken) < 200
    assert isinstance(taken[-1], Failure)
    assert taken[-1].code == "too-large"


def test_a_member_that_lies_about_its_size(tmp_path: Path) -> None:
    path = zip_at(tmp_path / "x.zip", {"a.bmp": bytes(20 * 2**20)})
    data = path.read_bytes().replace(struct.pack("<I", 20 * 2**20), struct.pack("<I", 1000))
    path.write_bytes(data)
    tracemalloc.start()
    assert found(path) == ({"A!/a.bmp": "corrupt"}, {})
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_hostile_headers_of_tars(tmp_path: Path) -> None:
    def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
        member = tarfile.TarInfo(name)
        member.size, member.type = size, kind
        return member.tobuf(tarfile.GNU_FORMAT)

    good = tarred({"a.png": png()}).rstrip(b"\0")
    good += b"\0" * (-len(good) % 512)
    chain = b"".join(header("x", 0, tarfile.XHDTYPE) for _ in range(5000))
    for case, data in {
        "a name of 8 GB": header("x", 8 * 2**30, tarfile.GNUTYPE_LONGNAME) + b"\0" * 4096,
        "a member that goes back": header("x.png", -(2**20)),
        "a chain": chain,
        "a huge attribute": header("x", 2**40, tarfile.XHDTYPE),
    }.items():
        for ending in (".tar", ".tar.gz"):
            path = tmp_path / f"x{ending}"
            path.write_bytes(PACK[ending](good + data))
            assert found(path) == ({"A!/a.png": png()}, {"A": "corrupt"}), (case, ending)
    huge = tmp_path / "huge.tar"
    huge.write_bytes(header("x.png", 2**40))
    assert found(huge) == ({"A!/x.png": "too-large"}, {"A": "corrupt"})


def test_links_and_devices_in_tars_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        for name, kind, target in (("l.png", tarfile.SYMTYPE, "/etc/passwd"), ("h.png", tarfile.LNKTYPE, "a.png")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            tar.addfile(member)
        member = tarfile.TarInfo("a.png")
        member.size = len(png())
        tar.addfile(member, io.BytesIO(png()))
    assert found(path) == ({"A!/a.png": png()}, {})


def test_xz_that_wants_much_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.tar.xz"
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 2**29}]
    packer = lzma.LZMACompressor(filters=[{**filters[0], "mf": lzma.MF_HC3, "dict_size": 2**20}])
    data = bytearray(packer.compress(tarred(FILES)) + packer.flush())
    path.write_bytes(data)
    assert len(found(path)[0]) == 2
    at = data.index(bytes([0x21, 1]), 12)  # LZMA2's properties: one byte, which is the size of its dictionary
    data[at + 2] = 36  # 1 GiB
    length = (data[12] + 1) * 4
    data[12 + length - 4 : 12 + length] = struct.pack("<I", zlib.crc32(data[12 : 12 + length - 4]))
    path.write_bytes(data)
    items, failures = found(path)
    assert not items
    assert failures == {"A": "corrupt"}


def test_several_streams_of_xz_one_after_the_other(tmp_path: Path) -> None:
    path, data = tmp_path / "x.tar.xz", tarred(FILES)
    path.write_bytes(lzma.compress(data[:700]) + b"\0" * 8 + lzma.compress(data[700:]))
    assert len(found(path)[0]) == 2


def test_zip64_a_comment_and_something_before_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("big.png", "w", force_zip64=True) as member:
            member.write(png(3))
        for at in range(70_000):
            archive.writestr(f"{at}.txt", b"")
        archive.writestr("z.png", png(4))
        archive.comment = b"PK\5\6 in a comment"
    assert found(path) == ({"A!/big.png": png(3), "A!/z.png": png(4)}, {})
    small = zip_at(tmp_path / "y.zip", FILES)
    small.write_bytes(b"#!/bin/sh\n" * 100 + small.read_bytes())
    assert len(found(small)[0]) == 2


def test_memory_does_not_grow_with_the_number_of_members(tmp_path: Path) -> None:
    def peak(path: Path) -> int:
        tracemalloc.start()
        assert sum(isinstance(item, Item) for item in items_of([str(path)])) > 900
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few, many = ({f"{at:05}.png": b"12345678" for at in range(count)} for count in (1000, 10_000))
    for ending in (".zip", ".tar", ".tar.gz"):
        paths = [tmp_path / f"{name}{ending}" for name in ("few", "many")]
        for path, files in zip(paths, (few, many), strict=True):
            if ending == ".zip":
                zip_at(path, files)
            else:
                path.write_bytes(PACK[ending](tarred(files)))
        # Of the whole process, other tests' threads included: 29 bytes a member, fewer than any object takes.
        assert peak(paths[1]) < 1.2 * peak(paths[0]) + 2**18, ending


@pytest.mark.parametrize("ending", [".zip", *PACK])
def test_damaged_archives_never_raise(tmp_path: Path, ending: str) -> None:
    rng = random.Random(ending)
    path = tmp_path / f"x{ending}"
    files = {"a.png": png(1), "b" * 150 + ".png": png(2), "c.png": png(3)}
    whole = zipped(files) if ending == ".zip" else PACK[ending](tarred(files))
    until = time.monotonic() + min(FUZZ_SECONDS, 10) / len(PACK)
    while time.monotonic() < until:
        data = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            at = rng.choice((rng.randrange(len(data)), rng.randrange(max(0, len(data) - 200), len(data))))
            data[at : at + rng.choice((1, 1, 2, 4))] = rng.randbytes(rng.choice((0, 1, 2, 4)))
        path.write_bytes(data[: rng.randrange(len(data))] if rng.random() < 0.2 else data)
        for item in items_of([str(path)]):
            if isinstance(item, Item):
                with contextlib.suppress(ImageError):
                    item.source.read()

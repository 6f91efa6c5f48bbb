"""``imageauth data cifake``: whole or not at all, no picture in two splits."""

import errno
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import types
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from imageauth.cli import app
from imageauth.errors import DataError
from imageauth.files import write_atomically
from imageauth.manifest import FILE_NAME, Manifest
from imageauth.training import cifake, storing
from imageauth.training.cifake import OBJECTS, object_class, prepare
from imageauth.training.splits import is_validation
from tests.conftest import Disk, drawn


def jpeg(seed: int, size: int = 32) -> bytes:
    out = io.BytesIO()
    Image.fromarray(drawn(size, size, seed)).save(out, "JPEG")
    return out.getvalue()


def place(source: Path, name: str, data: bytes) -> None:
    path = source / "CIFAKE" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """40 + 40 training, 8 + 8 test files; one picture three times, one in training and test, one with both labels."""
    files = {}
    for split, count in (("train", 40), ("test", 8)):
        for label in ("REAL", "FAKE"):
            for index in range(count):
                files[f"{split}/{label}/{index:04d}.jpg"] = jpeg(len(files))
    files["train/FAKE/0001.jpg"] = files["train/FAKE/0002.jpg"] = files["train/FAKE/0000.jpg"]
    files["train/REAL/0005.jpg"] = files["test/REAL/0003.jpg"]
    files["train/REAL/0006.jpg"] = files["train/FAKE/0007.jpg"]
    root = tmp_path / "source"
    for name, data in files.items():
        place(root, name, data)
    place(root, "readme.txt", b"hello")
    return root


def packed(source: Path, kind: str, to: Path) -> Path:
    if kind == "folder":
        return source
    return Path(shutil.make_archive(str(to / "archive"), kind, source))


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "gztar", "xztar"])
def test_every_kind_of_source_gives_the_same_data(kind: str, source: Path, tmp_path: Path) -> None:
    manifest, damaged = prepare(tmp_path / "out", packed(source, kind, tmp_path))
    reference, _ = prepare(tmp_path / "reference", source)
    assert manifest.to_tsv() == reference.to_tsv()
    assert manifest.digest == Manifest.load(tmp_path / "out").digest
    assert not damaged
    assert len(manifest) == 96


def test_a_duplicate_never_stands_in_two_splits(source: Path, tmp_path: Path) -> None:
    manifest, _ = prepare(tmp_path / "out", source)
    used = [entry for entry in manifest if entry.split != "excluded"]
    assert max(Counter(entry.sha256 for entry in used).values()) == 1
    labels = {entry.sha256: entry.label for entry in used}
    assert all(labels.get(entry.sha256, entry.label) == entry.label for entry in manifest if entry.split != "test")
    by_path = {entry.path: entry for entry in manifest}
    assert by_path["test/REAL/0003.jpg"].split == "test"
    assert by_path["train/REAL/0005.jpg"].duplicate_of == "test/REAL/0003.jpg"
    twins = ["train/FAKE/0000.jpg", "train/FAKE/0001.jpg", "train/FAKE/0002.jpg"]
    assert sorted(by_path[path].split == "excluded" for path in twins) == [False, True, True]
    summary = (tmp_path / "out" / "SUMMARY.md").read_text()
    # Both labels: the picture teaches nothing.
    assert by_path["train/REAL/0006.jpg"].split == by_path["train/FAKE/0007.jpg"].split == "excluded"
    assert "5 files repeat the bytes of another (2 of them with the other label)" in summary
    assert "Incomplete" in summary


def test_a_near_copy_never_stands_in_two_splits(source: Path, tmp_path: Path) -> None:
    # 0004 (3) is a validation file in FAKE and a training file in REAL.
    photo = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    for name, quality in (("train/REAL/0004 (3).jpg", 95), ("train/FAKE/0004 (3).jpg", 85)):
        out = io.BytesIO()
        Image.fromarray(photo).resize((32, 32)).save(out, "JPEG", quality=quality)
        place(source, name, out.getvalue())
    by_path = {entry.path: entry for entry in prepare(tmp_path / "out", source)[0]}
    assert by_path["train/REAL/0004 (3).jpg"].split == "train"
    assert by_path["train/FAKE/0004 (3).jpg"].split == "excluded"
    assert by_path["train/FAKE/0004 (3).jpg"].duplicate_of == "train/REAL/0004 (3).jpg"
    summary = (tmp_path / "out" / "SUMMARY.md").read_text()
    assert "Near-copies: 1 pictures are nearly one of another split (1 of them with the other label)" in summary
    assert "0 real and 1 fake validation pictures" in summary


def test_the_class_of_object_is_in_the_name(source: Path, tmp_path: Path) -> None:
    assert [object_class(f"0001 ({n}).jpg") for n in range(2, 11)] == list(OBJECTS[1:])
    assert object_class("4321.JPEG") == "airplane"
    for other in ("0001 (11).jpg", "0001 (1).jpg", "0001 (0).jpg", "cat.jpg", "1 (2) (3).jpg", "0001(2).jpg"):
        assert object_class(other) == ""
    place(source, "train/FAKE/0000 (9).jpg", jpeg(1000))
    prepare(tmp_path / "out", source)
    groups = {entry.path: entry.group for entry in Manifest.load(tmp_path / "out")}
    assert groups["train/FAKE/0000 (9).jpg"] == "ship"
    assert groups["test/REAL/0003.jpg"] == "airplane"


def test_the_validation_rule_is_fixed_for_good() -> None:
    names = [f"{index:04d} ({kind}).jpg" for index in range(1000) for kind in range(2, 11)]
    chosen = [name for name in names if is_validation("REAL", name)]
    assert 0.09 < len(chosen) / len(names) < 0.11
    assert is_validation("real", chosen[0])
    # Any change of the rule would let old validation images into training.
    assert [name for name in names[:60] if is_validation("FAKE", name)] == [
        f"{name}.jpg"
        for name in (
            *("0000 (6)", "0001 (7)", "0001 (8)", "0004 (3)", "0004 (4)"),
            *("0005 (9)", "0006 (2)", "0006 (3)", "0006 (5)", "0006 (6)"),
        )
    ]


def test_damaged_files_are_left_out_and_said(source: Path, tmp_path: Path) -> None:
    (source / "CIFAKE/train/REAL/0010.jpg").write_bytes(jpeg(5)[:200])
    (source / "CIFAKE/train/REAL/0011.jpg").write_bytes(jpeg(5, size=40))
    manifest, damaged = prepare(tmp_path / "out", source)
    assert len(manifest) == 94
    assert [line.split()[0] for line in damaged] == ["train/REAL/0010.jpg", "train/REAL/0011.jpg"]
    assert "40×40" in damaged[1]


def test_what_is_no_cifake_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no archive")
    for path, reason in (
        ("empty", "holds no"),
        ("text.zip", "not a folder, a zip or a tar"),
        ("none", "does not exist"),
    ):
        with pytest.raises(DataError, match=reason):
            prepare(tmp_path / "out", tmp_path / path)
        assert not (tmp_path / "out" / FILE_NAME).exists()


@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_a_source_of_one_class_is_refused_and_harms_nothing(kind: str, source: Path, tmp_path: Path) -> None:
    prepare(tmp_path / "out", source)
    for split in ("train", "test"):
        shutil.rmtree(source / "CIFAKE" / split / "FAKE")
    one = packed(source, kind, tmp_path)
    for out in ("out", "other"):
        with pytest.raises(DataError, match="holds no FAKE images"):
            prepare(tmp_path / out, one)
    assert len(Manifest.load(tmp_path / "out")) == 96
    assert not (tmp_path / "other" / FILE_NAME).exists()


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_images_elsewhere_in_the_source_are_counted(kind: str, source: Path, tmp_path: Path) -> None:
    strays = ("train/OTHER/x.jpg", "train/x.jpg", "train/REAL/x.png")
    for name in strays:
        place(source, name, jpeg(77))
    manifest, damaged = prepare(tmp_path / "out", packed(source, kind, tmp_path))
    assert (len(manifest), damaged) == (96, [])
    summary = (tmp_path / "out" / "SUMMARY.md").read_text()
    assert "around them: 3.\n" in summary
    assert all(f"CIFAKE/{name}" in summary for name in strays)
    assert str(tmp_path) not in summary
    assert "readme.txt" not in summary


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills up after 50 files, then again when the manifest is written."""
    whole, _ = prepare(tmp_path / "whole", source)
    out = tmp_path / "out"
    disk = Disk(50)
    for module in (cifake, storing):
        monkeypatch.setattr(module, "write_atomically", disk)
    for more in (46, 0):  # the first time, room for the other files as well, but not for the summary
        arguments = ["data", "cifake", "--to", str(out), "--from", str(source)]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"imageauth: {out} cannot be written: No space left on device.")
        assert result.stderr.count("\n") == 1
        assert not (out / FILE_NAME).exists()
        disk.room = more
    assert sum(path.suffix == ".jpg" for path in out.rglob("*")) == 96
    monkeypatch.undo()
    assert prepare(out, source)[0].digest == whole.digest
    assert not list(out.rglob("*.part"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_file_that_does_not_fit_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "a.jpg", b"data")
    assert not list(tmp_path.iterdir())


def test_a_cut_archive_leaves_no_data_set_and_a_whole_one_finishes_it(source: Path, tmp_path: Path) -> None:
    archive = packed(source, "gztar", tmp_path)
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(DataError, match="damaged or cut short"):
        prepare(tmp_path / "out", cut)
    with pytest.raises(DataError, match="prepare the data first"):
        Manifest.load(tmp_path / "out")
    manifest, _ = prepare(tmp_path / "out", archive)
    assert len(manifest) == 96


def test_damaged_archives_and_a_typo_leave_what_was_there(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    prepare(out, source)
    for kind in ("zip", "xztar"):
        archive = packed(source, kind, tmp_path)
        data = bytearray(archive.read_bytes())
        for at in range(100, len(data) - 400, 97):
            data[at] ^= 0x55
        bad = tmp_path / f"bad{archive.suffix}"
        bad.write_bytes(data)
        with pytest.raises(DataError):
            prepare(tmp_path / "other", bad)
    with pytest.raises(DataError, match="does not exist"):
        prepare(out, tmp_path / "typo.zip")
    assert len(Manifest.load(out)) == 96


def test_a_damaged_copy_is_mended_by_a_good_source(source: Path, tmp_path: Path) -> None:
    manifest, _ = prepare(tmp_path / "out", source)
    (tmp_path / "out/train/REAL/0010.jpg").write_bytes(b"damaged")
    again, damaged = prepare(tmp_path / "out", source)
    assert not damaged
    assert again.digest == manifest.digest


def test_members_cannot_escape_the_folder(tmp_path: Path) -> None:
    archive = tmp_path / "evil.tar"
    with tarfile.open(archive, "w") as tar:
        for name in ("../../train/REAL/a.jpg", "/train/FAKE/b.jpg", "train/REAL/../../../c.jpg"):
            data = jpeg(1)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    prepare(tmp_path / "deep" / "out", archive)
    assert {path.name for path in tmp_path.rglob("*.jpg")} == {"a.jpg", "b.jpg"}
    assert all((tmp_path / "deep" / "out") in path.parents for path in tmp_path.rglob("*.jpg"))


def test_a_giant_member_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/REAL/0000.jpg", bytes(50_000_000))
    with pytest.raises(DataError, match="larger than any CIFAKE file"):
        prepare(tmp_path / "out", tmp_path / "bomb.zip")


def test_kagglehub_is_asked_for_the_right_data_set(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A local stand-in for Kaggle: the hub cannot be reached from a test."""
    asked = []

    def dataset_download(handle: str) -> str:
        asked.append(handle)
        return str(source)

    monkeypatch.setitem(sys.modules, "kagglehub", types.SimpleNamespace(dataset_download=dataset_download))
    manifest, _ = prepare(tmp_path / "out")
    assert asked == ["birdy654/cifake-real-and-ai-generated-synthetic-images"]
    assert len(manifest) == 96

    def fails(handle: str) -> str:
        raise ConnectionError("no network\nat all")

    monkeypatch.setitem(sys.modules, "kagglehub", types.SimpleNamespace(dataset_download=fails))
    with pytest.raises(DataError, match=r"no network at all\. Use --from"):
        prepare(tmp_path / "other")


def cli(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "imageauth", "data", "cifake", *map(str, arguments)]


def test_command(source: Path, tmp_path: Path) -> None:
    done = subprocess.run(cli("--to", tmp_path / "out", "--from", source), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "96 files are ready" in done.stdout
    again = subprocess.run(cli("--to", tmp_path / "out", "--from", source), capture_output=True, text=True, check=False)
    assert again.stdout == done.stdout
    wrong = subprocess.run(
        cli("--to", tmp_path / "x", "--from", tmp_path / "no"), capture_output=True, text=True, check=False
    )
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


@pytest.mark.shared
def test_killed_and_repeated(cifake_sample: Path, tmp_path: Path) -> None:
    """Killed half-way there is no manifest; the same command finishes."""
    archive, out = tmp_path / "train.tar", tmp_path / "out"
    with tarfile.open(archive, "w") as tar:
        tar.add(cifake_sample / "train", "train")
    command = cli("--to", out, "--from", archive)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ)
    while not (out / "train").is_dir():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with pytest.raises(DataError):
        Manifest.load(out)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(Manifest.load(out)) == sum(1 for _ in cifake_sample.rglob("*.jpg"))
    assert not list(out.rglob("*.part"))


@pytest.mark.shared
def test_the_real_archive(shared: Path, tmp_path: Path) -> None:
    """Every sixth of the archive's pictures: what stands in which split, and which are near-copies, stays as it is."""
    sixth, out = tmp_path / "train.tar", tmp_path / "out"
    with tarfile.open(shared / "cifake" / "train.tar.xz") as archive, tarfile.open(sixth, "w") as part:
        for index, member in enumerate(member for member in archive if member.isfile()):
            if index % 6 == 0:
                part.addfile(member, archive.extractfile(member))
    assert index + 1 == 89_815
    done = subprocess.run(cli("--to", out, "--from", sixth), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    manifest = Manifest.load(out)
    assert Counter(entry.label for entry in manifest) == {"real": 7_508, "fake": 7_462}
    assert Counter(entry.split for entry in manifest) == {"train": 13_435, "validation": 1_502, "excluded": 33}
    near = [entry for entry in manifest if entry.duplicate_of and entry.path.startswith("train/REAL")]
    assert len(near) == 5
    assert set(Counter(entry.group for entry in manifest)) == set(OBJECTS)
    names = "\n".join(f"{entry.path} {entry.sha256}" for entry in manifest.select("train"))
    assert (
        hashlib.sha256(names.encode()).hexdigest() == "8c8bebb303a0dadf4ed83a18953e9141c40fbd5b3111cae4dbeff36d5e866489"
    )
    assert not list(out.rglob("*.part"))

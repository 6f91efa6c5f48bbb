"""Finding labelled images in folders."""

import os
import sys

import pytest

from imageauth.errors import DataError
from imageauth.evaluation.dataset import find_images, groups_of
from imageauth.manifest import Entry, Manifest


def _files(folder, *names):
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")


def _found(folder, split=None):
    return [(item.name, item.label, item.group) for item in find_images(folder, split).items]


@pytest.mark.parametrize(("real", "fake"), [("REAL", "FAKE"), ("real", "fake"), ("Real", "fAkE"), ("0_real", "1_fake")])
def test_class_folders_of_any_case(tmp_path, real, fake):
    _files(tmp_path, f"{real}/b.jpg", f"{real}/a.PNG", f"{fake}/c.webp", "loose.jpg")
    expected = [(f"{real}/a.PNG", 0, ""), (f"{real}/b.jpg", 0, ""), (f"{fake}/c.webp", 1, "")]
    assert _found(tmp_path) == sorted(expected)
    assert groups_of(find_images(tmp_path).items) == []


def test_groups_above_and_below_the_class(tmp_path):
    _files(tmp_path, "gen1/0_real/a.png", "gen1/1_fake/b.png", "gen2/x/1_fake/c.png", "REAL/camera/d.jpg", "REAL/e.jpg")
    assert _found(tmp_path) == [
        ("REAL/camera/d.jpg", 0, "camera"),
        ("REAL/e.jpg", 0, ""),
        ("gen1/0_real/a.png", 0, "gen1"),
        ("gen1/1_fake/b.png", 1, "gen1"),
        ("gen2/x/1_fake/c.png", 1, "gen2/x"),
    ]
    assert groups_of(find_images(tmp_path).items) == ["", "camera", "gen1", "gen2/x"]


def test_the_outer_class_counts(tmp_path):
    _files(tmp_path, "REAL/fake/a.png", "FAKE/real/b.png")
    assert _found(tmp_path) == [("FAKE/real/b.png", 1, "real"), ("REAL/fake/a.png", 0, "fake")]


def test_hidden_and_other_files(tmp_path):
    _files(tmp_path, "REAL/a.jpg", "REAL/.b.jpg", "REAL/.cache/c.jpg", "REAL/notes.txt", "FAKE/d.jpg", "FAKE/e", "x")
    found = find_images(tmp_path)
    assert [item.name for item in found.items] == ["FAKE/d.jpg", "REAL/a.jpg"]
    assert found.skipped == 2


def test_training_images_are_noticed_below_a_prepared_folder(tmp_path):
    _files(tmp_path, "train/REAL/a.jpg", "train/REAL/b.jpg", "train/FAKE/c.jpg")
    entries = [
        Entry("train/REAL/a.jpg", "0", "real", "train"),
        Entry("train/REAL/b.jpg", "1", "real", "validation"),
        Entry("train/FAKE/c.jpg", "2", "fake", "train"),
    ]
    Manifest(entries).save(tmp_path)
    assert find_images(tmp_path / "train").trained_on() == 2
    assert find_images(tmp_path, "train").trained_on() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_links_are_followed_and_loops_end(tmp_path):
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    _files(data, "REAL/a.jpg", "FAKE/b.jpg")
    _files(elsewhere, "c.jpg")
    (data / "REAL" / "loop").symlink_to(data, target_is_directory=True)
    (data / "FAKE" / "self").symlink_to(".", target_is_directory=True)
    (data / "FAKE" / "more").symlink_to(elsewhere, target_is_directory=True)
    (data / "0_other_way").symlink_to(data / "FAKE", target_is_directory=True)
    (data / "0_real").mkdir()
    (data / "0_real" / "wrong").symlink_to(data / "FAKE", target_is_directory=True)
    (data / "FAKE" / "dangling.jpg").symlink_to(tmp_path / "nothing.jpg")
    names = [item.name for item in find_images(data).items]
    # The dangling link stays listed: reading it fails later, and is then reported.
    assert names == ["FAKE/b.jpg", "FAKE/dangling.jpg", "FAKE/more/c.jpg", "REAL/a.jpg"]


def test_clear_errors(tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        find_images(tmp_path / "missing")
    with pytest.raises(DataError, match="has no REAL/ and FAKE/"):
        find_images(tmp_path)
    _files(tmp_path, "REAL/a.jpg")
    with pytest.raises(DataError, match="has no FAKE/"):
        find_images(tmp_path)
    _files(tmp_path, "FAKE/readme.txt")
    with pytest.raises(DataError, match="FAKE class is a folder without pictures"):
        find_images(tmp_path)
    with pytest.raises(DataError, match="has no splits"):
        find_images(tmp_path, "validation")


def test_manifest_splits(tmp_path):
    _files(tmp_path, "train/REAL/a.jpg", "train/FAKE/b.jpg", "train/REAL/c.jpg", "train/FAKE/d.jpg")
    split = {"a": "train", "b": "train", "c": "validation", "d": "validation"}
    entries = [
        Entry(f"train/{label}/{name}.jpg", "0" * 64, label.lower(), split[name])
        for label, name in (("REAL", "a"), ("FAKE", "b"), ("REAL", "c"), ("FAKE", "d"))
    ]
    Manifest(entries).save(tmp_path)
    assert _found(tmp_path, "validation") == [("train/FAKE/d.jpg", 1, "train"), ("train/REAL/c.jpg", 0, "train")]
    assert find_images(tmp_path, "validation").split == "validation"
    with pytest.raises(DataError, match="choose one with --split: train, validation"):
        find_images(tmp_path)
    # A part of the folder is taken as it stands.
    assert len(find_images(tmp_path / "train").items) == 4


def test_the_manifests_groups_come_first(tmp_path):
    entries = [
        Entry("train/REAL/a.jpg", "0", "real", "validation", group="cat"),
        Entry("train/FAKE/b.jpg", "1", "fake", "validation", group="dog"),
        Entry("train/FAKE/c.jpg", "2", "fake", "validation"),
    ]
    Manifest(entries).save(tmp_path)
    assert [item.group for item in find_images(tmp_path, "validation").items] == ["dog", "train", "cat"]


def test_a_limit_takes_the_same_images_of_each_class(tmp_path):
    _files(tmp_path, *(f"REAL/{n}.jpg" for n in range(30)), *(f"FAKE/{n}.jpg" for n in range(5)))
    found = find_images(tmp_path)
    limited = found.limited(10)
    assert [item.label for item in limited.items].count(0) == 10
    assert [item.label for item in limited.items].count(1) == 5
    assert limited == found.limited(10)
    assert limited.items != found.limited(10, seed=1).items


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such names")
def test_odd_names_become_printable(tmp_path):
    _files(tmp_path, "REAL/a.jpg")
    (tmp_path / "FAKE").mkdir()
    with open(os.fsencode(tmp_path) + b"/FAKE/\xff.jpg", "wb") as file:
        file.write(b"x")
    item = find_images(tmp_path).items[0]
    assert item.name == "FAKE/\\udcff.jpg"
    assert item.path.read_bytes() == b"x"

"""What is found in a user's folder before anything is learned from it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("keras")

from imageauth.errors import DataError
from imageauth.evaluation.dataset import find_images
from imageauth.evaluation.own_pictures import LEAST, choose, labelled
from imageauth.evaluation.own_splits import split
from imageauth.evaluation.shortcut import HEADERS, HEADERS_AND_SIZE, PARTS
from imageauth.pixels.card import Domain
from imageauth.training.own import check
from tests.own_data import folder, pixels, save

NOTHING = check.Probes({"auroc": {HEADERS: 0.5, HEADERS_AND_SIZE: 0.5, **dict.fromkeys(PARTS, 0.5)}}, {})
DOMAIN = Domain((65, 16384), 6.0, 9.0, "pictures")


def chosen(root: Path):
    return choose(find_images(root).items, DOMAIN)


def test_what_cannot_teach_is_left_out_and_told(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "REAL/site0/text.jpg").write_text("no picture")
    (root / "REAL/site0/empty.jpg").write_bytes(b"")
    save(root / "REAL/site1/tiny.png", 7, "PNG", side=40)
    save(root / "FAKE/made0/long.png", 8, "PNG", side=20).write_bytes(b"")
    shutil.copy(root / "REAL/site0/000.jpg", root / "REAL/site2/again.jpg")
    shutil.copy(root / "REAL/site0/003.jpg", root / "FAKE/made1/stolen.jpg")
    mirrored = Image.fromarray(pixels(1)[:, ::-1])
    mirrored.save(root / "REAL/site1/mirrored.jpg", quality=60)
    Image.fromarray(pixels(1002, red=True)).save(root / "REAL/site2/mistaken.jpg", quality=70)
    found = chosen(root)
    why = {out.name: out.why for out in found.left_out}
    assert why == {
        "REAL/site0/text.jpg": "unreadable",
        "REAL/site0/empty.jpg": "unreadable",
        "FAKE/made0/long.png": "unreadable",
        "REAL/site1/tiny.png": "outside",
        "REAL/site2/again.jpg": "copy",
        "REAL/site0/003.jpg": "both classes",
        "FAKE/made1/stolen.jpg": "both classes",
        "REAL/site1/mirrored.jpg": "near-copy",
        "REAL/site2/mistaken.jpg": "both classes",
        "FAKE/made2/002.jpg": "both classes",
    }
    assert (found.count(0), found.count(1)) == (23, 23)
    parts = split(found.pictures)
    told = "\n".join(check.lines(found, parts, NOTHING))
    assert "REAL: 23 pictures: site1 8" in told
    assert "3 that cannot be read, 1 of a size" in told
    assert "warning: 4 pictures stand in REAL/ and in FAKE/" in told
    assert "held out by source, of 3 sub-folders" in told


def test_too_few_pictures_are_refused_with_the_reason(tmp_path: Path) -> None:
    root = folder(tmp_path, LEAST)
    for index in range(3):
        (root / f"FAKE/made0/{index * 3:03}.jpg").write_text("no picture")
    with pytest.raises(DataError, match=r"FAKE/ has 17 pictures .* 20 .*left out: 3 unreadable; e\.g\. FAKE/made0/000"):
        chosen(root)


def test_folds_go_by_source_and_hold_both_classes(tmp_path: Path) -> None:
    found = chosen(folder(tmp_path, 28, 7))
    parts = split(found.pictures)
    assert parts.by_source == (True, True)
    for source in set(parts.sources):
        assert len(set(parts.folds[parts.sources == source])) == 1
    labels = np.array([own.item.label for own in found.pictures])
    assert sorted(set(parts.folds)) == [0, 1, 2, 3, 4]
    for fold in range(5):
        assert set(labels[parts.folds == fold]) == {0, 1}


def test_without_sources_pictures_are_dealt_out_and_it_is_said(tmp_path: Path) -> None:
    found = chosen(folder(tmp_path, 25, 0))
    first, second = split(found.pictures), split(found.pictures, seed=1)
    assert first.by_source == (False, False)
    assert (np.bincount(first.folds) == 10).all()
    assert (first.folds != second.folds).any()
    assert "optimistic" in first.lines[0]


def test_a_subject_in_both_classes_stays_together(tmp_path: Path) -> None:
    for index in range(24):
        save(tmp_path / f"animal{index % 4}/0_real/{index}.jpg", index)
        save(tmp_path / f"animal{index % 4}/1_fake/{index}.jpg", 500 + index, red=True)
    found = chosen(tmp_path)
    parts = split(found.pictures)
    groups = np.array([own.item.group for own in found.pictures])
    for group in set(groups):
        assert len(set(parts.folds[groups == group])) == 1


def test_the_probe_names_what_gives_the_classes_away(tmp_path: Path) -> None:
    found = chosen(folder(tmp_path, 24, form="PNG"))  # called .jpg all the same
    parts = split(found.pictures)
    probes = check.probe(found.pictures, parts, 32)
    assert probes.telling["file format"] == 1.0
    told = "\n".join(check.lines(found, parts, probes))
    assert "warning: the files alone tell your classes apart" in told
    assert "file format 1.00" in told
    assert set(probes.left) == {"whole", "crops", "crops, degraded"}


def test_pictures_that_taught_are_not_judged_on(tmp_path: Path) -> None:
    found = chosen(folder(tmp_path / "data"))
    other = tmp_path / "other"
    for own in found.pictures[:2]:
        path = other / "FAKE" / own.item.path.name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(own.item.path, path)
    with Image.open(found.pictures[2].item.path) as picture:
        picture.convert("RGB").save(other / "FAKE/again.jpg", quality=92)
    save(other / "FAKE/new.jpg", 77, red=True)
    save(other / "REAL/new.jpg", 78)
    said: list[str] = []
    usable = labelled(other, DOMAIN, found.pictures, said.append)
    assert [own.item.name for own in usable] == ["FAKE/new.jpg", "REAL/new.jpg"]
    assert "3 pictures are left out" in said[0]
    (other / "FAKE/new.jpg").unlink()
    with pytest.raises(DataError, match="FAKE/ has no picture to judge on"):
        labelled(other, DOMAIN, found.pictures, said.append)

"""The manifest: written and read whole, also in its older form, and never half understood."""

from pathlib import Path

import pytest

from imageauth.errors import DataError
from imageauth.manifest import FILE_NAME, Entry, Manifest

OLDER = "path\tsha256\tlabel\tsplit\tduplicate_of\ntrain/REAL/a.jpg\t00\treal\ttrain\t\n"


def test_saved_and_loaded(tmp_path: Path) -> None:
    manifest = Manifest([Entry("a", "0", "real", "train", group="cat"), Entry("b", "1", "fake", "excluded", "a")])
    manifest.save(tmp_path)
    loaded = Manifest.load(tmp_path)
    assert list(loaded) == list(manifest)
    assert loaded.digest == manifest.digest


def test_the_older_form_without_groups_keeps_its_text_and_digest(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(OLDER)
    manifest = Manifest.load(tmp_path)
    assert list(manifest) == [Entry("train/REAL/a.jpg", "00", "real", "train")]
    assert manifest.to_tsv() == OLDER


@pytest.mark.parametrize(
    "text",
    [
        "",
        "path\tlabel\n",
        OLDER.replace("\treal\t", "\tperhaps\t"),
        OLDER.replace("\ttrain\t\n", "\tholdout\t\n"),
        OLDER.replace("\ttrain\t\n", "\n"),
        OLDER.replace("\ttrain\t\n", "\ttrain\t\t\t\n"),
        "path\tsha256\xff\n",
    ],
)
def test_anything_else_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match="is not a manifest that this version can read") as caught:
        Manifest.load(tmp_path)
    assert "\n" not in str(caught.value)

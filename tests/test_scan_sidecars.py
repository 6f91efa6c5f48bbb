"""Sidecars: what they say, and whose they never overwrite."""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imageauth import check
from imageauth.files import write_bytes
from imageauth.provenance.metadata.xmp import read_xmp
from imageauth.scan.sidecars import NAMESPACE, SOURCE_TYPES, is_ours, sidecar, sidecar_of, source_type, write_sidecar
from tests.scan_rows import HOSTILE, failed, finding, row

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SOURCE_TYPE = "Iptc4xmpExt:DigitalSourceType"


def table(data: bytes) -> dict[str, list[str]]:
    found, problem = read_xmp(data)
    assert problem is None
    return found


def declared(term: str, **more: Any) -> dict[str, Any]:
    return finding("…", "metadata", "declared", code="source-type", detail={"term": term}, **more)


def signed(*terms: str, strength: str = "proof", stated: bool = True, active: bool = True) -> dict[str, Any]:
    sources = [{"term": term, "active": active, "stated": stated, "manifest_state": "trusted"} for term in terms]
    return finding("…", "credentials", strength, code="credentials-ai", detail={"source_types": sources})


def test_it_says_what_the_row_says(picture: Path) -> None:
    before = picture.read_bytes()
    assert write_sidecar(picture, row("a & <b>.jpg"), now=NOW) is None
    assert picture.read_bytes() == before
    assert sorted(path.name for path in picture.parent.iterdir()) == ["picture.png", "picture.png.xmp"]
    found = table(sidecar_of(picture).read_bytes())
    assert found["imageauth:Verdict"] == ["likely-ai"]
    assert found["imageauth:Probability"] == ["0.97"]
    assert found["imageauth:File"] == ["a & <b>.jpg"]
    assert found["imageauth:Model"] == ["photo 1"]
    assert found["imageauth:CheckedAt"] == found["xmp:MetadataDate"] == ["2026-01-02T03:04:05Z"]
    assert found["imageauth:Evidence/imageauth:Finding"] == ["The pixels look AI-made."]
    assert found["imageauth:Limits"] == ["A missing mark says nothing."]


def test_a_measurement_is_never_written_where_others_read_a_fact() -> None:
    said = row("a.jpg", probability=0.9999)
    said["evidence"].append(finding("…", "watermark", "statistical", detail={"term": "trainedAlgorithmicMedia"}))
    assert SOURCE_TYPE not in table(sidecar(said))


@pytest.mark.parametrize(
    ("verdict", "evidence", "expected"),
    [
        ("likely-ai", [declared("trainedAlgorithmicMedia")], "trainedAlgorithmicMedia"),
        ("ai-generated", [signed("trainedAlgorithmicMedia")], "trainedAlgorithmicMedia"),
        ("camera-verified", [signed("digitalCapture")], "digitalCapture"),
        ("likely-ai", [signed("trainedAlgorithmicMedia", strength="declared")], "trainedAlgorithmicMedia"),
        ("ai-generated", [signed("digitalCapture", "compositeWithTrainedAlgorithmicMedia")], None),
        ("ai-generated", [signed("trainedAlgorithmicMedia"), declared("digitalCapture")], None),
        ("inconclusive", [declared("trainedAlgorithmicMedia")], None),
        ("ai-generated", [signed("trainedAlgorithmicMedia", active=False)], None),
        ("ai-generated", [signed("trainedAlgorithmicMedia", stated=False)], None),
        ("likely-ai", [declared("trainedAlgorithmicData")], None),  # C2PA's own
        ("likely-ai", [declared("http://example.com/<x>")], None),
        ("likely-ai", [declared("trainedAlgorithmicMedia") | {"strength": "none"}], None),
    ],
)
def test_the_source_type_is_only_repeated(verdict: str, evidence: list[dict[str, Any]], expected: str | None) -> None:
    said = row("a.jpg", verdict, evidence=evidence)
    assert source_type(said) == expected
    assert table(sidecar(said)).get(SOURCE_TYPE) == ([SOURCE_TYPES + expected] if expected else None)


def test_of_a_real_file_that_declares_it(shared: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    shutil.copy(shared / "samples" / "iptc" / "image-rs_image__tests__images__png__iptc.png", picture)
    assert write_sidecar(picture, check(picture, model=None).to_json()) is None
    assert table(sidecar_of(picture).read_bytes())[SOURCE_TYPE] == [SOURCE_TYPES + "compositeSynthetic"]


def test_hostile_text_stays_text() -> None:
    said = row(HOSTILE + "\0\x1b]0;\ud800]]>", summary="<?xpacket end='w'?><!-- &lt; " + "x" * 10_000)
    found = table(sidecar(said))
    assert "</script>" in found["imageauth:File"][0]
    assert not set(found["imageauth:File"][0]) & set("\0\x1b\u202e\ud800")
    assert found["imageauth:Summary"][0].startswith("<?xpacket end='w'?><!-- &lt;")
    assert len(found["imageauth:Summary"][0]) <= 4000


def test_ours_is_replaced(picture: Path) -> None:
    for verdict in ("likely-ai", "likely-real"):
        assert write_sidecar(picture, row("a.jpg", verdict)) is None
        assert table(sidecar_of(picture).read_bytes())["imageauth:Verdict"] == [verdict]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"likely-ai", b"likely-me"),
        lambda data: data.replace(b'x:xmptk="imageauth"', b'x:xmptk="Adobe XMP Core 9"'),
        lambda data: data + b" ",
        lambda data: b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
        lambda data: b"\0" * (3 * 2**20),
    ],
)
def test_what_others_wrote_or_changed_is_left_alone(change, picture: Path) -> None:
    write_sidecar(picture, row("a.jpg"))
    place = sidecar_of(picture)
    assert is_ours(place.read_bytes())
    place.write_bytes(theirs := change(place.read_bytes()))
    assert "another program's" in str(write_sidecar(picture, row("a.jpg")))
    assert place.read_bytes() == theirs


def test_an_empty_one_is_nobodys(picture: Path) -> None:
    sidecar_of(picture).touch()
    assert write_sidecar(picture, row("a.jpg")) is None


def test_links_are_not_written_through(picture: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    place = sidecar_of(picture)
    place.symlink_to(precious)
    assert write_sidecar(picture, row("a.jpg"))
    place.unlink()
    place.with_name(place.name + ".part").symlink_to(precious)
    assert write_sidecar(picture, row("a.jpg")) is None
    assert precious.read_text() == "mine"
    (tmp_path / "b.part").symlink_to(precious)
    write_bytes(tmp_path / "b", b"data")
    assert precious.read_text() == "mine"


def test_why_there_is_none(picture: Path, tmp_path: Path) -> None:
    assert "could not be checked" in str(write_sidecar(picture, failed("a.jpg")))
    assert "on this machine" in str(write_sidecar("s3://bucket/a.jpg", row("a.jpg")))
    assert "on this machine" in str(write_sidecar("archive.zip!/a.jpg", row("a.jpg")))
    assert write_sidecar("a\0.jpg", row("a.jpg"))
    if os.geteuid():
        tmp_path.chmod(0o500)
        assert "ermission" in str(write_sidecar(picture, row("a.jpg")))
        tmp_path.chmod(0o700)


def test_exiftool_reads_it(picture: Path) -> None:
    """A second opinion, where it is installed."""
    if not shutil.which("exiftool"):
        return
    write_sidecar(picture, row("a.jpg", "ai-generated", evidence=[signed("trainedAlgorithmicMedia")]))
    command = ["exiftool", "-s3", "-XMP-iptcExt:DigitalSourceType", "-XMP-imageauth:Verdict", str(sidecar_of(picture))]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Trained Algorithmic Media" in said or SOURCE_TYPES in said
    assert "ai-generated" in said
    assert NAMESPACE.startswith("urn:")

"""Standard marks: digital source types, China's AIGC label, credit lines, rights to mine."""

import json

import pytest

from imageauth.provenance.metadata.evidence import evidence_of
from tests.metadata_files import claims, comment, evidence, exif, iptc, jpeg_with, png, reading, saved, segment, xmp
from tests.metadata_files import xmp_segment as packet

AIGC = {
    "Label": "1", "ContentProducer": "001191110102MACQD9K64010000", "ProduceID": "42", "ReservedCode1": "",
    "ContentPropagator": "", "PropagateID": "", "ReservedCode2": "",
}  # fmt: skip


def source(term: str) -> bytes:
    return jpeg_with([packet(xmp(f"<Iptc4xmpExt:DigitalSourceType>{term}</Iptc4xmpExt:DigitalSourceType>"))])


@pytest.mark.parametrize(
    ("term", "points_to"),
    [
        ("trainedAlgorithmicMedia", "ai"),
        ("compositeWithTrainedAlgorithmicMedia", "ai"),
        ("compositeSynthetic", "ai"),
        ("digitalCapture", "real"),
        ("computationalCapture", "real"),
        ("negativeFilm", "none"),
        ("print", "none"),
        ("humanEdits", "none"),
        ("minorHumanEdits", "none"),
        ("digitalCreation", "none"),
        ("digitalArt", "none"),
        ("algorithmicMedia", "none"),
        ("algorithmicallyEnhanced", "none"),
        ("dataDrivenMedia", "none"),
        ("screenCapture", "none"),
        ("virtualRecording", "none"),
        ("composite", "none"),
        ("compositeCapture", "none"),
        ("softwareImage", "none"),
        ("somethingNew", "none"),
    ],
)
def test_source_types(term: str, points_to: str) -> None:
    for form in (f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}", f"digsrctype:{term}", term):
        part = term.startswith("composite") and points_to == "ai"
        found = evidence(source(form))["source-type-composite" if part else "source-type"]
        assert found.points_to == points_to
        assert found.strength == ("none" if points_to == "none" else "declared")
        assert term in found.finding
        assert found.detail["composite"] == term.startswith("composite")


def test_a_source_type_in_words() -> None:
    assert evidence(source("Trained Algorithmic Media"))["source-type"].points_to == "ai"
    assert evidence(source("CompositeIncludingSyntheticElements"))["source-type-composite"].points_to == "ai"


@pytest.mark.parametrize(
    "data",
    [
        jpeg_with([packet(xmp("<TC260:AIGC>" + json.dumps(AIGC).replace('"', "&quot;") + "</TC260:AIGC>"))]),
        jpeg_with([packet(xmp("").replace(b'about=""', b"about='' TC260:AIGC='" + json.dumps(AIGC).encode() + b"'"))]),
        png(AIGC=json.dumps(AIGC)),
        saved("JPEG", exif=comment(json.dumps({"AIGC": AIGC}))),
        saved("JPEG", exif=exif({0x010E: json.dumps({"AIGC": AIGC})})),
        saved("JPEG", exif=exif({0x010E: json.dumps({"ServiceProvider": "cloud", "Label": "1"})})),
        jpeg_with([segment(0xE9, b"AIGC" + json.dumps(AIGC).encode())]),
    ],
)
def test_aigc_labels(data: bytes) -> None:
    found = evidence(data)["aigc-label"]
    assert (found.points_to, found.strength, found.detail["label"]) == ("ai", "declared", "1")
    assert "generated" in found.finding


@pytest.mark.parametrize(("value", "word"), [("2", "possibly"), ("3", "suspected")])
def test_weaker_aigc_labels_say_so(value: str, word: str) -> None:
    found = evidence(png(AIGC=json.dumps(AIGC | {"Label": value})))["aigc-label"]
    assert (found.points_to, found.strength) == ("ai", "declared")
    assert word in found.finding
    assert "weaker" in found.finding


def test_aigc_labels_of_no_meaning_point_nowhere() -> None:
    assert claims(png(AIGC=json.dumps(AIGC | {"Label": "0"}))) == []
    assert evidence(png(AIGC=json.dumps({"Title": "my art"}))) == {}
    assert evidence(png(AIGC="Artificial Intelligence Graphics Club")) == {}
    assert evidence(png(Comment=json.dumps({"AIGC": "club"}))) == {}


@pytest.mark.parametrize("line", ["Made with Google AI", "Edited with Google AI", "Made with Meta AI", "AI generated"])
def test_credit_lines(line: str) -> None:
    for data in (
        jpeg_with([iptc(Credit=line)]),
        jpeg_with([packet(xmp(f"<photoshop:Credit>{line}</photoshop:Credit>"))]),
    ):
        found = evidence(data)["credit-line-edited" if line.startswith("Edited") else "credit-line"]
        assert (found.points_to, found.strength) == ("ai", "declared")


@pytest.mark.parametrize("line", ["Getty Images", "A. I. Generated", "Photo made with Google AI Studio's help", "AI"])
def test_other_credit_lines_are_none(line: str) -> None:
    assert claims(jpeg_with([iptc(Credit=line)])) == []


def test_mining_marks_point_nowhere() -> None:
    body = "<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING</plus:DataMining>"
    found = evidence(jpeg_with([packet(xmp(body))]))["mining-mark"]
    assert (found.points_to, found.strength) == ("none", "none")
    assert found.detail["marks"][0]["value"] == "DMI-PROHIBITED-AIMLTRAINING"
    reserved = xmp("<tdm:reservation>1</tdm:reservation>", tdm="http://www.w3.org/ns/tdmrep/")
    assert "mining-mark" in evidence(jpeg_with([packet(reserved)]))


def test_plain_data_for_json() -> None:
    data = jpeg_with(
        [packet(xmp("<photoshop:Credit>Made with Google AI</photoshop:Credit>")), iptc(Caption="a\x1b[31m")]
    )
    told = json.loads(json.dumps(reading(data).to_json()))
    assert told["credits"][0]["value"] == "Made with Google AI"
    assert all(json.dumps(item.to_json()) for item in evidence_of(reading(data)))

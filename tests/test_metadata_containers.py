"""Metadata blocks are found wherever formats keep them, whole or damaged."""

import struct
import zlib

import pytest

from tests.metadata_files import (
    A1111,
    chunk,
    claims,
    comment,
    evidence,
    exif,
    iptc,
    jpeg_with,
    picture,
    png,
    png_with,
    reading,
    saved,
    segment,
    xmp,
    xmp_segment,
)

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
MARK = xmp(f"<Iptc4xmpExt:DigitalSourceType>{SOURCE}</Iptc4xmpExt:DigitalSourceType>")
SOFTWARE = exif({0x0131: "GIMP 2.10"})


@pytest.mark.parametrize(
    "data",
    [
        saved("JPEG", xmp=MARK),
        saved("WEBP", xmp=MARK),
        saved("AVIF", xmp=MARK),
        saved("TIFF", tiffinfo={700: MARK}),
        png_with([chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + MARK)]),
        png_with([chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(MARK))], late=True),
        png_with(
            [chunk(b"tEXt", b"Raw profile type xmp\0\nxmp\n" + str(len(MARK)).encode() + b"\n" + MARK.hex().encode())]
        ),
        b"GIF89a"
        + struct.pack("<HHBBB", 1, 1, 0, 0, 0)
        + b"\x21\xff\x0bXMP DataXMP"
        + MARK
        + b"\x01"
        + bytes(range(255, -1, -1))
        + b"\0;",
        b'<svg xmlns="http://www.w3.org/2000/svg"><metadata>' + MARK + b"</metadata></svg>",
    ],
    ids=["jpeg", "webp", "avif", "tiff", "png", "png-late-packed", "png-profile", "gif", "svg"],
)
def test_xmp_is_found(data: bytes) -> None:
    found = evidence(data)["source-type"]
    assert (found.points_to, found.strength) == ("ai", "declared")
    assert found.detail["term"] == "trainedAlgorithmicMedia"


@pytest.mark.parametrize(
    "data",
    [
        saved("JPEG", exif=SOFTWARE),
        saved("WEBP", exif=SOFTWARE),
        saved("AVIF", exif=SOFTWARE),
        saved("PNG", exif=SOFTWARE),
        saved("TIFF", tiffinfo={0x0131: "GIMP 2.10"}),
        png(Software="GIMP 2.10"),
        png_with(
            [chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n1\n" + SOFTWARE.hex().encode()))]
        ),
        jpeg_with([iptc(Program="GIMP 2.10")]),
    ],
)
def test_software_is_found(data: bytes) -> None:
    found = evidence(data)["software"]
    assert (found.points_to, found.strength) == ("none", "none")
    assert "GIMP 2.10" in found.finding


def test_heic() -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    data = saved("HEIF", exif=SOFTWARE, xmp=MARK)
    assert evidence(data).keys() >= {"software", "source-type"}


def test_extended_xmp_is_put_together() -> None:
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32
    half = len(MARK) // 2
    pieces = [(half, MARK[half:]), (0, MARK[:half])]  # in the wrong order, as allowed
    segments = [segment(0xE1, head + struct.pack(">II", len(MARK), offset) + piece) for offset, piece in pieces]
    assert claims(jpeg_with(segments)) == ["source-type"]


def test_comments() -> None:
    assert claims(jpeg_with([segment(0xFE, A1111.encode())])) == ["generator-parameters"]
    assert claims(saved("GIF", comment=A1111.encode())) == ["generator-parameters"]


def test_wrong_checksums_and_late_text_are_read() -> None:
    text = chunk(b"tEXt", b"parameters\0" + A1111.encode(), checksum=1)
    assert claims(png_with([text])) == claims(png_with([text], late=True)) == ["generator-parameters"]


def test_junk_between_segments_is_skipped() -> None:
    data = jpeg_with([b"\0\0junk", segment(0xE1, b"Exif\0\0" + comment(A1111)[6:])])
    assert claims(data) == ["generator-parameters"]


def test_a_cut_file_says_what_it_still_holds() -> None:
    data = png(parameters=A1111)
    assert claims(data[: data.index(b"IDAT") + 20]) == ["generator-parameters"]
    whole = saved("JPEG", exif=comment(A1111))
    assert claims(whole[: len(whole) // 2]) == ["generator-parameters"]


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("utf-16-be", b"UNICODE\0"),
        ("utf-16-le", b"UNICODE\0"),
        ("utf-16", b"UNICODE\0"),
        ("utf-8", b"UNICODE\0"),
        ("utf-8", b"ASCII\0\0\0"),
        ("utf-8", b"\0" * 8),
        ("utf-16-le", b"\0" * 8),
        ("utf-8", b""),
    ],
)
def test_user_comments_in_every_encoding(encoding: str, head: bytes) -> None:
    data = saved("JPEG", exif=exif({"exif": {0x9286: head + A1111.encode(encoding)}}))
    assert reading(data).generations[0].prompt == "a red fox, <lora:detail:0.5>, masterpiece"


def test_user_comment_in_chinese() -> None:
    text = A1111.replace("a red fox", "一只红色的狐狸")
    for encoding in ("utf-16-be", "utf-16-le"):
        assert "狐狸" in (reading(saved("JPEG", exif=comment(text, encoding))).generations[0].prompt or "")


def test_prefixes_other_than_the_usual_and_undeclared_ones() -> None:
    renamed = MARK.replace(b"Iptc4xmpExt:", b"ext:").replace(b"xmlns:Iptc4xmpExt", b"xmlns:ext")
    undeclared = MARK.replace(b'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"', b"")
    assert claims(jpeg_with([xmp_segment(renamed)])) == claims(jpeg_with([xmp_segment(undeclared)])) == ["source-type"]


def test_properties_as_attributes() -> None:
    packet = xmp("").replace(b'rdf:about=""', b'rdf:about="" Iptc4xmpExt:DigitalSourceType="' + SOURCE.encode() + b'"')
    assert claims(jpeg_with([xmp_segment(packet)])) == ["source-type"]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "BMP"])
def test_a_plain_file_says_nothing(format: str) -> None:
    assert evidence(saved(format, image=picture())) == {}

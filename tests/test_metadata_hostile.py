"""Hostile files: bombs, cuts, nesting, random damage. Nothing raises, nothing hangs, nothing fills the memory."""

import json
import random
import struct
import subprocess
import sys
import textwrap
import time
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageauth.imagefile import ImageFile
from imageauth.provenance.metadata.evidence import ask, evidence_of
from imageauth.provenance.metadata.limits import MAX_CHUNKS
from tests.conftest import FUZZ_SECONDS
from tests.metadata_files import (
    A1111,
    CAMERA,
    GRAPH,
    chunk,
    claims,
    comment,
    evidence,
    exif,
    hidden,
    iptc,
    jpeg_with,
    kind,
    png,
    png_with,
    reading,
    saved,
    segment,
    xmp,
    xmp_segment,
)


def test_a_compressed_bomb_is_a_finding_and_the_rest_is_read() -> None:
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(300 * 2**20), 9))
    data = png_with([bomb, bomb, chunk(b"tEXt", b"parameters\0" + A1111.encode())])
    assert claims(data) == ["generator-parameters"]
    found = evidence(data)["metadata-unreadable"]
    assert (found.points_to, found.strength) == ("none", "none")
    assert "larger than" in found.finding


def test_a_huge_plain_text_is_a_finding() -> None:
    data = png_with([chunk(b"tEXt", b"Comment\0" + b"a" * 5_000_000), chunk(b"tEXt", b"parameters\0" + A1111.encode())])
    assert evidence(data).keys() == {"generator-parameters", "metadata-unreadable"}


def test_thousands_of_texts_are_bounded() -> None:
    data = png_with([chunk(b"tEXt", b"parameters\0" + A1111.encode())] + [chunk(b"tEXt", b"a\0b")] * 5000)
    assert evidence(data).keys() == {"generator-parameters", "metadata-unreadable"}


def test_a_fault_of_ours_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("imageauth.provenance.metadata.reading.collect", fail)
    found = ask(ImageFile(data=png(parameters=A1111), format="png", width=64, height=48))
    assert [(item.code, item.points_to, item.strength) for item in found] == [("metadata-unreadable", "none", "none")]


def test_document_types_and_entities_are_refused() -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&b;</x:xmpmeta>'
    assert "document type" in evidence(jpeg_with([xmp_segment(laughs)]))["metadata-unreadable"].finding
    outside = b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'
    assert "metadata-unreadable" in evidence(jpeg_with([xmp_segment(outside)]))


def test_what_stands_before_a_fault_is_kept() -> None:
    packet = xmp("<photoshop:Credit>Made with Google AI</photoshop:Credit><dc:title>&nosuch;</dc:title>")
    assert evidence(jpeg_with([xmp_segment(packet)])).keys() == {"credit-line", "metadata-unreadable"}


DEEP = 20_000
DENSE = {
    str(i): {"class_type": "KSampler", "inputs": {f"positive{j}": [str((i + j) % 900), 0] for j in range(40)}}
    for i in range(900)
} | {"x": {"class_type": "KSampler", "inputs": {"positive": ["1", 0], "negative": ["2", 0], "seed": 1}}}
PREFIXES = b"<a " + b"".join(b'xmlns:x%d="1" ' % i for i in range(49000)) + b">" + b'<b xmlns:q="r"/>' * 40000
TALL = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2000, 2000, 8, 6, 0, 0, 0))
AVIF = b"\0\0\0\x18ftypavif\0\0\0\0avifmif1"


@pytest.mark.parametrize(
    "data",
    [
        png(prompt="{" + '"a":{' * DEEP + "}" * DEEP + "}"),
        png(parameters='{"a":' + "[" * DEEP),
        png(parameters="{" * DEEP),
        png(prompt=json.dumps(GRAPH)[:-200]),
        png(invokeai_metadata="[" * DEEP),
        png(Comment="Hashes:{" * 8000 + "Steps: 1, " * 8000),
        png(Dream='"a"' + " " * 65536),
        png(Dream='"' + "[" * 65536),
        png(parameters="\n" * 200_000 + "Steps:" * 1000),
        png(parameters="Steps: 1\n" * 200_000),
        png(Description="--" * 200_000 + " Job ID: " * 20_000),
        png(parameters="9" * 10_000 + "{" + '"seed":' + "9" * 10_000 + "}"),
        png(prompt=json.dumps(DENSE)),
        png_with([chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(8 * 2**20)))] * 200),
        png_with([chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(PREFIXES))] * 4),
        jpeg_with([segment(0xFE, b"Steps: 1, Seed: 2\n" * 3000)] * 300),
        jpeg_with([xmp_segment(b"<a>" * DEEP)]),
        jpeg_with([xmp_segment(b"<a>" + b"<b/>" * 10_000)] * 20),
        jpeg_with([xmp_segment(b"<a " + b" ".join(b'x%d="1"' % i for i in range(5000)) + b"/>")]),
        jpeg_with([xmp_segment(b"\xff\xfe" + xmp("").decode().encode("utf-16-le"))]),
        jpeg_with([segment(0xE1, b"Exif\0\0")]),
        jpeg_with([segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + b"\xff" * 4000)]),
        jpeg_with([segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\x08")]),
        jpeg_with([segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + b"\xff" * 8 + b"x")]),
        jpeg_with([segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0")]),
        jpeg_with([segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04" + b"\xff" * 60000)]),
        jpeg_with([segment(0xED, b"Photoshop 3.0\0" + b"8BIM" * 15000)]),
        b"\xff\xd8" + b"\xff\xe1\0\x02" * 500_000,
        b"\xff\xd8" + b"\xff" * 500_000,
        b"\x89PNG\r\n\x1a\n" + chunk(b"tEXt", b"") * 300_000,
        pytest.param(TALL + chunk(b"IDAT", b"") * 5_000_000, id="chunks of pixels"),
        pytest.param(TALL + chunk(b"teSt", b"") * 5_000_000, id="chunks of unknown"),
        pytest.param(TALL + chunk(b"eXIf", b"") * 5_000_000, id="chunks of exif"),
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 2**31 - 1) + b"tEXta\0b",
        b"RIFF\0\0\0\0WEBP" + b"EXIF\xff\xff\xff\xff" * 10,
        b"RIFF\0\0\0\0WEBP" + b"EXIF\0\0\0\0" * 100_000,
        b"GIF89a\1\0\1\0\0\0\0" + b"\x21\xfe\1a\0" * 100_000,
        b"GIF89a\1\0\1\0\0\0\0" + b"\x21\xff\x0bXMP DataXMP" * 10_000,
        AVIF + struct.pack(">I", 12) + b"meta\0\0\0\0",
        AVIF + struct.pack(">I", 64) + b"meta\0\0\0\0" + b"\0\0\0\1iinf" + b"\xff" * 44,
        b"II*\0\x08\0\0\0" + b"\xff\xff" * 5000,
        b"<svg>" + b"<!--" * 100_000,
        b"<svg><rdf:RDF " + b"<desc" * 100_000,
    ],
)
def test_hostile_structures_neither_raise_nor_hang(data: bytes) -> None:
    start = time.process_time()
    assert json.dumps(reading(data).to_json())
    assert all(item.to_json() for item in evidence_of(reading(data)))
    assert time.process_time() - start < 4  # two readings, two seconds each


def test_more_chunks_than_are_read_are_said() -> None:
    many = [chunk(b"teSt", b"")] * (MAX_CHUNKS + 1)
    late = [chunk(b"tEXt", b"parameters\0" + A1111.encode())]
    found = evidence(png_with(many + late))
    assert found.keys() == {"metadata-unreadable"}
    assert "more chunks than are read" in found["metadata-unreadable"].finding
    assert claims(png_with(many[: MAX_CHUNKS // 2] + late)) == ["generator-parameters"]
    # Pixels in so many pieces are not asked for what they hide, and that is said, too.
    pieces = [chunk(b"IDAT", b"")] * (MAX_CHUNKS - 1)
    assert "more chunks" in evidence(TALL + b"".join(pieces) * 2)["metadata-unreadable"].finding


def test_tags_that_share_their_bytes_do_not_multiply() -> None:
    text = b"a" * 3_000_000
    tags = [*range(0x0100, 0x0112), 0x0131, 0x013B, 0x013C, 0x8298]
    directory = struct.pack(">H", len(tags)) + b"".join(
        struct.pack(">HHII", tag, 2, len(text), 8 + 2 + 12 * len(tags) + 4) for tag in tags
    )
    data = b"MM\0*\0\0\0\x08" + directory + b"\0\0\0\0" + text
    assert "more text than is read" in evidence(data)["metadata-unreadable"].finding


def test_memory_stays_bounded() -> None:
    """The most expensive files we know, each in a fresh process."""
    code = textwrap.dedent("""
        import json, resource, sys, zlib
        from tests.metadata_files import chunk, png_with, reading, saved
        big = 2_900_000
        texts = {
            "bomb": [chunk(b"zTXt", b"Comment\\0\\0" + zlib.compress(bytes(300 * 2**20), 9))] * 8,
            "lists": [chunk(b"zTXt", b"a\\0\\0" + zlib.compress(b'{"a":[' + b"[]," * (big // 3)))] * 8,
            "objects": [chunk(b"zTXt", b"a\\0\\0" + zlib.compress(b'{"a":[' + b'{"":0},' * (big // 7) + b"0]}"))] * 8,
            "lines": [chunk(b"zTXt", b"a\\0\\0" + zlib.compress(b"Steps: 1\\n" * 450_000))] * 4,
            "wide": [chunk(b"iTXt", b"a\\0\\1\\0\\0\\0" + zlib.compress("🦊".encode() * 1_000_000))] * 4,
        }[sys.argv[1]]
        data = png_with(texts)
        reading(saved("PNG"))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        reading(data)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """)
    for name in ("bomb", "lists", "objects", "lines", "wide"):
        done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, check=True)
        assert int(done.stdout) < 300 * 1024, name


SEEDS = [
    png(parameters=A1111),
    png(prompt=json.dumps(GRAPH), workflow="{}"),
    png_with([chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp("<dc:title>x</dc:title>")))]),
    hidden(A1111),
    saved("JPEG", exif=comment(A1111), xmp=xmp("<photoshop:Credit>Made with Google AI</photoshop:Credit>")),
    jpeg_with([segment(0xE1, exif(CAMERA)), iptc(Credit="x", Caption="y"), segment(0xFE, b"comment")]),
    saved("WEBP", exif=exif(CAMERA), xmp=xmp("<dc:title>x</dc:title>")),
    saved("AVIF", exif=exif(CAMERA), xmp=xmp("<dc:title>x</dc:title>")),
    saved("TIFF", tiffinfo={0x0131: "GIMP", 700: xmp("<dc:title>x</dc:title>")}),
    saved("GIF", comment=A1111.encode()),
    b"<svg><metadata>" + xmp("<dc:title>x</dc:title>") + b"</metadata></svg>",
]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A few changes: bytes, lengths, cuts, repetitions; mostly near the start, where the structure is."""
    result = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(min(len(result), chance.choice((64, 512, 4096, len(result)))) or 1)
        match chance.randrange(6):
            case 0:
                result[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                result[at : at + 4] = chance.choice(
                    (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\0\1")
                )
            case 2:
                del result[at : at + chance.randint(1, 64)]
            case 3:
                result[at:at] = result[at : at + chance.randint(1, 256)] * chance.randint(1, 20)
            case 4:
                del result[at + 16 :]
            case _:
                result[at:at] = chance.randbytes(chance.randint(1, 32))
    return bytes(result)


@pytest.mark.parametrize("index", range(len(SEEDS)))
def test_random_damage(index: int) -> None:
    seed, chance = SEEDS[index], random.Random(index if FUZZ_SECONDS < 100 else None)
    end = time.monotonic() + FUZZ_SECONDS / len(SEEDS)
    while time.monotonic() < end:
        data = mutated(seed, chance)
        start = time.process_time()
        found = reading(data if kind(data) == kind(seed) else seed[:12] + data[12:])
        assert all(item.to_json() for item in evidence_of(found))
        assert time.process_time() - start < 2


KEYS = """
prompt workflow nodes links inputs class_type 1 2 text positive seed model image Comment uc c steps baseModel type Seed
sui_image_params AIGC Label extraMetadata widgets_values ModelName PositivePrompt parameters mflux_version resolution
use_stable_diffusion_model base_model sharpness
"""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=6),
    max_leaves=30,
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["parameters", "prompt", "Comment", "AIGC", "generation_data", "Dream"]), JSON)
def test_any_json(key: str, value: object) -> None:
    data = png_with([chunk(b"tEXt", key.encode() + b"\0" + json.dumps(value).encode())])
    assert json.dumps(reading(data).to_json())
    assert all(item.strength != "proof" for item in evidence_of(reading(data)))

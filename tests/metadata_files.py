"""Files with metadata, made as generators, cameras and attackers make them."""

import gzip
import io
import struct
import zlib
from collections.abc import Iterable, Mapping

import numpy as np
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from imageauth.provenance.metadata.evidence import evidence_of
from imageauth.provenance.metadata.reading import Metadata, read_bytes
from imageauth.report import Evidence

A1111 = (
    "a red fox, <lora:detail:0.5>, masterpiece\nNegative prompt: blurry, lowres\n"
    "Steps: 25, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 1234567890, Size: 512x768, Model hash: 6ce0161689, "
    'Model: v1-5-pruned, Lora hashes: "detail: 1a2b3c", Version: v1.9.4'
)

GRAPH = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 156680208700286, "steps": 20, "cfg": 8, "sampler_name": "euler", "denoise": 1,
            "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd_xl_base_1.0.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 1024, "height": 768, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a lighthouse", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "fog", "clip": ["4", 1]}},
}  # fmt: skip
WORKFLOW = {
    "last_node_id": 7,
    "nodes": [
        {"id": 4, "type": "CheckpointLoaderSimple", "widgets_values": ["sd_xl_base_1.0.safetensors"]},
        {"id": 6, "type": "CLIPTextEncode", "widgets_values": ["a lighthouse"]},
        {"id": 3, "type": "KSampler", "widgets_values": [42, "fixed", 20, 8, "euler", "normal", 1]},
    ],
    "links": [[1, 4, 0, 3, 0, "MODEL"]],
}

CAMERA = {
    0x010F: "NIKON CORPORATION", 0x0110: "NIKON D90", 0x0131: "Ver.1.00", 0x0132: "2019:05:04 10:20:30",
    "exif": {
        0x829A: 0.004, 0x829D: 5.6, 0x8827: 200, 0x9000: b"0221", 0x9003: "2019:05:04 10:20:30", 0x920A: 35.0,
        0xA434: "AF-S DX 35mm", 0xA002: 64, 0xA003: 48, 0x927C: b"Nikon\0\x02\x10\0\0II*\0",
    },
    "gps": {1: "S", 2: (33.0, 51.0, 21.6), 3: "E", 4: (151.0, 12.0, 36.0)},
}  # fmt: skip


def picture(width: int = 64, height: int = 48, mode: str = "RGB", seed: int = 0) -> Image.Image:
    """Smooth noise."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (6, 8, 4), np.uint8), "RGBA")
    return small.resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def exif(tags: Mapping[int | str, object]) -> bytes:
    """An EXIF block as Pillow writes it: a TIFF structure behind ``Exif\\0\\0``."""
    block = Image.Exif()
    for tag, value in tags.items():
        if isinstance(tag, int):
            block[tag] = value
    for name, ifd in (("exif", ExifTags.IFD.Exif), ("gps", ExifTags.IFD.GPSInfo)):
        for tag, value in dict(tags.get(name, {})).items():  # type: ignore[call-overload]
            block.get_ifd(ifd)[tag] = TiffImagePlugin.IFDRational(value) if isinstance(value, float) else value
    return block.tobytes()


def comment(text: str, encoding: str = "utf-16-be") -> bytes:
    """An EXIF block whose UserComment is ``text``, marked as Unicode."""
    return exif({"exif": {0x9286: b"UNICODE\0" + text.encode(encoding)}})


def saved(format: str, *, image: Image.Image | None = None, **options: object) -> bytes:
    """A file as Pillow writes it."""
    stream = io.BytesIO()
    (image or picture()).save(stream, format, **options)
    return stream.getvalue()


def png(*, image: Image.Image | None = None, international: bool = False, **texts: str) -> bytes:
    """A PNG with text chunks; in names ``_`` stands for a space where the key has one."""
    info = PngImagePlugin.PngInfo()
    for key, value in texts.items():
        (info.add_itxt if international else info.add_text)(key, value)
    return saved("PNG", image=image, pnginfo=info)


def chunk(kind: bytes, body: bytes, *, checksum: int | None = None) -> bytes:
    """A PNG chunk, with a wrong checksum if one is given."""
    right = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", right if checksum is None else checksum)


def png_with(chunks: Iterable[bytes], *, late: bool = False) -> bytes:
    """A PNG with further chunks before its pixels, or after them."""
    data = saved("PNG")
    at = data.index(b"IEND") - 4 if late else data.index(b"IDAT") - 4
    return data[:at] + b"".join(chunks) + data[at:]


def segment(marker: int, body: bytes) -> bytes:
    """A JPEG segment."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg_with(segments: Iterable[bytes]) -> bytes:
    """A JPEG with further segments at its start."""
    data = saved("JPEG")
    return data[:2] + b"".join(segments) + data[2:]


def xmp(body: str, **namespaces: str) -> bytes:
    """An XMP packet whose description holds ``body``; attributes of the description stand before ``>`` in it."""
    spaces = {
        "dc": "http://purl.org/dc/elements/1.1/",
        "xmp": "http://ns.adobe.com/xap/1.0/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
        "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
        "exif": "http://ns.adobe.com/exif/1.0/",
        "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
    } | namespaces
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in spaces.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {declared}>{body}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def xmp_segment(packet: bytes) -> bytes:
    """An XMP packet as JPEG's APP1."""
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)


def iptc(**values: str) -> bytes:
    """IPTC records in a Photoshop resource, as JPEG's APP13."""
    numbers = {"Credit": 110, "Caption": 120, "Program": 65, "Byline": 80, "Keywords": 25, "Source": 115}
    records = b"".join(
        bytes([0x1C, 2, numbers[name]]) + struct.pack(">H", len(value.encode())) + value.encode()
        for name, value in values.items()
    )
    resource = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(records)) + records + b"\0" * (len(records) & 1)
    return segment(0xED, b"Photoshop 3.0\0" + resource)


def hidden(text: str, *, magic: bytes = b"stealth_pngcomp", format: str = "PNG", colours: bool = False) -> bytes:
    """A picture whose lowest bits hold ``text``, down the columns."""
    image = np.array(picture(128, 160, "RGB" if colours else "RGBA"))
    body = gzip.compress(text.encode()) if magic.endswith(b"comp") else text.encode()
    message = magic + struct.pack(">I", len(body) * 8) + body
    bits = np.unpackbits(np.frombuffer(message, np.uint8))
    if colours:
        columns = image.transpose(1, 0, 2).reshape(-1)
        columns[: bits.size] = columns[: bits.size] & 0xFE | bits
        image = columns.reshape(128, 160, 3).transpose(1, 0, 2)
    else:
        image[:, :, 3] = 255
        alpha = image[:, :, 3].T.reshape(-1).copy()
        alpha[: bits.size] = alpha[: bits.size] & 0xFE | bits
        image[:, :, 3] = alpha.reshape(128, 160).T
    return saved(
        format, image=Image.fromarray(image), **({"lossless": True, "exact": True} if format == "WEBP" else {})
    )


def kind(data: bytes) -> str:
    """The format that the first bytes claim."""
    if data[:4] == b"RIFF":
        return "webp"
    if data[4:8] == b"ftyp":
        return "avif" if data[8:12] in (b"avif", b"avis") else "heic"
    starts = {b"\xff\xd8": "jpeg", b"\x89P": "png", b"GI": "gif", b"II": "tiff", b"MM": "tiff"}
    return starts.get(data[:2], "svg")


def reading(data: bytes, width: int = 64, height: int = 48) -> Metadata:
    """What stands in a file."""
    return read_bytes(data, kind(data), width, height)


def evidence(data: bytes) -> dict[str, Evidence]:
    """The evidence in a file, by code; a code that comes more than once gives its first."""
    found: dict[str, Evidence] = {}
    for item in evidence_of(reading(data)):
        found.setdefault(item.code, item)
    return found


def claims(data: bytes) -> list[str]:
    """Codes of evidence that points to AI."""
    return [item.code for item in evidence_of(reading(data)) if item.points_to == "ai"]

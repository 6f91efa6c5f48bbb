"""All that a file's metadata say, as plain data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from imageauth.imagefile import ImageFile
from imageauth.provenance.metadata.camera import Camera, exif_table, read_camera
from imageauth.provenance.metadata.containers import collect
from imageauth.provenance.metadata.fields import Fields, fields_of
from imageauth.provenance.metadata.generation import Generation
from imageauth.provenance.metadata.generators import find_generations
from imageauth.provenance.metadata.generators.hidden import Decoder, hidden_text
from imageauth.provenance.metadata.ifd import Tiff
from imageauth.provenance.metadata.limits import MAX_SHOWN, clip
from imageauth.provenance.metadata.marks import (
    AigcLabel,
    Note,
    SourceType,
    find_aigc,
    find_credits,
    find_mining,
    find_source_types,
)
from imageauth.provenance.metadata.software import editors, find_software
from imageauth.provenance.metadata.traces import Trace, find_traces


@dataclass(frozen=True, slots=True)
class Metadata:
    """What stands in a file's metadata. Anyone can write any of it.

    Attributes:
        generations: parameters that generators wrote, one record a tool.
        traces: weaker marks of generators.
        source_types: IPTC digital source types.
        aigc: China's label of AI-made content.
        credits: credit lines that state AI.
        mining: reservations of the right to mine.
        camera: what EXIF says of a camera.
        software, editors: names that software left; those of editing programs among them.
        tiff: the first EXIF structure.
        xmp, iptc, texts: everything else that was read, for a person to look at, bounded.
        problems: sentences on what could not be read.
    """

    generations: tuple[Generation, ...]
    traces: tuple[Trace, ...]
    source_types: tuple[SourceType, ...]
    aigc: AigcLabel | None
    credits: tuple[Note, ...]
    mining: tuple[Note, ...]
    camera: Camera | None
    software: tuple[str, ...]
    editors: tuple[str, ...]
    tiff: Tiff | None
    xmp: Mapping[str, list[str]]
    iptc: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, str, str], ...]
    problems: tuple[str, ...]

    @property
    def exif(self) -> dict[str, str]:
        """The first EXIF structure's tags for a person to look at, bounded. No evidence rests on them."""
        return {} if self.tiff is None else exif_table(self.tiff)

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "generations": [one.to_json() for one in self.generations],
            "traces": [asdict(one) for one in self.traces],
            "source_types": [asdict(one) for one in self.source_types],
            "aigc": None if self.aigc is None else asdict(self.aigc),
            "credits": [asdict(one) for one in self.credits],
            "mining": [asdict(one) for one in self.mining],
            "camera": None if self.camera is None else self.camera.to_json(position=True),
            "software": list(self.software),
            "exif": self.exif,
            "xmp": {name: list(values) for name, values in self.xmp.items()},
            "iptc": [list(pair) for pair in self.iptc],
            "texts": [list(entry) for entry in self.texts],
            "problems": list(self.problems),
        }


def read(image: ImageFile, *, decoder: Decoder | None = None) -> Metadata:
    """Read a file's metadata. It executes and fetches nothing, and never raises: faults stand in ``problems``.

    Args:
        image: the file.
        decoder: what decodes it where parameters may hide in its pixels; default: Pillow.
    """
    try:
        return read_bytes(image.data, image.format, image.width, image.height, decoder=decoder)
    except Exception as error:  # a reader's fault must not cost the rest of the check
        fields = Fields([], problems=[f"The metadata could not be read ({type(error).__name__})"])
        return _told(fields, image.width, image.height)


def read_bytes(data: bytes, format: str, width: int, height: int, *, decoder: Decoder | None = None) -> Metadata:
    """As :func:`read`, for a file's bytes.

    Args:
        data: the file.
        format: as :class:`imageauth.imagefile.ImageFile` names it.
        width, height: of the picture, upright; 0 where nobody knows.
        decoder: as for :func:`read`.
    """
    blocks = collect(data, format)
    text, problem = hidden_text(data, format, decoder)
    if text is not None:
        blocks.texts.append(text)
    if problem:
        blocks.problem(problem)
    return _told(fields_of(blocks), width, height)


def _told(fields: Fields, width: int, height: int) -> Metadata:
    software = find_software(fields)
    return Metadata(
        generations=find_generations(fields),
        traces=find_traces(fields),
        source_types=find_source_types(fields),
        aigc=find_aigc(fields),
        credits=find_credits(fields),
        mining=find_mining(fields),
        camera=read_camera(fields, width, height),
        software=software,
        editors=editors(software),
        tiff=next(iter(fields.tiff), None),
        xmp=_shown_xmp(fields),
        iptc=tuple((name, clip(value, MAX_SHOWN)) for name, value in fields.iptc[:256]),
        texts=tuple(
            (text.where, clip(text.key), clip(text.value, MAX_SHOWN))
            for text in fields.texts
            if text.where not in ("EXIF", "XMP", "IPTC")
        ),
        problems=tuple(fields.problems),
    )


def _shown_xmp(fields: Fields) -> dict[str, list[str]]:
    """The first 200 properties, 20 values each."""
    names = list(fields.xmp)[:200]
    return {clip(name): [clip(value, MAX_SHOWN) for value in fields.xmp[name][:20]] for name in names}

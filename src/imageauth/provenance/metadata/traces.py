"""Weaker marks of a generator: its name where software signs, and patterns that only one service writes.

A name in a caption, a title or a list of keywords is never a claim: people write about generators.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imageauth.provenance.metadata.fields import MAKER_NOTE, Fields
from imageauth.provenance.metadata.limits import MAX_SHORT, clip

# Fields in which software, not a person, puts its name.
SIGNED = (
    "Software", "ProcessingSoftware", "Make", "Model", "HostComputer", "xmp:CreatorTool", "OriginatingProgram",
    "Source", "Generator", "tiff:Software", "tiff:Make", "tiff:Model", "Iptc4xmpExt:AISystemUsed", "photoshop:Source",
    "Creator Tool", "xmpMM:History/stEvt:softwareAgent",
)  # fmt: skip

# Generator and the beginning of its name as it signs; words that are also a camera's or an editor's are not here.
_NAMES: tuple[tuple[str, str], ...] = (
    ("Midjourney", r"midjourney"),
    ("DALL·E", r"dall[-·• ]?e\b|openai dall"),
    ("OpenAI", r"openai|chatgpt|gpt-image|gpt-4o image"),
    ("Adobe Firefly", r"adobe firefly|firefly image|adobe_firefly"),
    ("Grok", r"grok( imagine| image|$)|xai grok|x\.ai aurora"),
    ("Google AI", r"google ai\b|google gemini|google imagen|gemini \d|nano banana|imagen [2-9]"),
    ("Ideogram", r"ideogram( ai|\.ai|$)"),
    ("Leonardo.Ai", r"leonardo\.?\s?ai"),
    ("Stability AI", r"stability\.?\s?ai|dreamstudio|stable image (core|ultra)"),
    ("Stable Diffusion", r"stable[- _]?diffusion"),
    ("FLUX", r"ai generated;[a-z0-9]+;flux|black forest labs|flux\.[12]|flux-(dev|pro|schnell)"),
    ("HiDream", r"hidream"),
    ("ComfyUI", r"comfyui"),
    ("AUTOMATIC1111", r"automatic1111"),
    ("InvokeAI", r"invoke ?ai"),
    ("NovelAI", r"novel ?ai"),
    ("Fooocus", r"(ruined)?fooocus"),
    ("SwarmUI", r"(stable)?swarmui"),
    ("Draw Things", r"draw things"),
    ("DiffusionBee", r"diffusion ?bee"),
    ("Mochi Diffusion", r"mochi diffusion"),
    ("Easy Diffusion", r"easy diffusion"),
    ("mflux", r"mflux"),
    ("Bing Image Creator", r"bing image creator|image creator from (microsoft|designer)|microsoft bing image"),
    ("Apple Image Playground", r"(apple )?image playground"),
    ("Meta AI", r"meta ai\b|imagine with meta"),
    ("NightCafe", r"nightcafe"),
    ("Playground AI", r"playground ?ai|playgroundai\.com"),
    ("Craiyon", r"craiyon"),
    ("Recraft", r"recraft( ai|\.ai|$)"),
    ("Krea", r"krea ?\.?ai"),
    ("Reve", r"reve\.com|reve image"),
    ("Luma AI", r"luma ai|lumalabs"),
    ("Aphrodite AI", r"aphrodite ai"),
    ("fal", r"fal[-.]ai"),
    ("Runway", r"runwayml|runway gen"),
    ("Kling AI", r"kling ?ai"),
    ("Seedream", r"seedream|jimeng|doubao|dreamina"),
    ("Qwen-Image", r"qwen[- ]image"),
    ("Hunyuan", r"hunyuan"),
    ("TensorArt", r"tensor\.?art\b"),
    ("SeaArt", r"seaart"),
    ("PixAI", r"pixai(\.art)?\b"),
    ("Civitai", r"civitai"),
    ("starryai", r"starry ?ai"),
    ("Wombo Dream", r"(wombo )?dream by wombo|wombo"),
    ("AI generator", r"ai[- ]generated;"),
)  # fmt: skip
_NAMED = re.compile(
    r"\s*(?:made (?:with|by) |created (?:with|by) |generated (?:with|by) )?(?:"
    + "|".join(f"(?P<n{index}>{pattern})" for index, (_, pattern) in enumerate(_NAMES))
    + ")",
    re.IGNORECASE,
)

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_JOB = re.compile(rf"\bJob ID: ?({_UUID})", re.IGNORECASE)
_MJ_VERSION = re.compile(r"(?:^|\s)--(?:v|version|niji) ?\d(?:\.\d)?\b")
_MJ_OTHER = re.compile(
    r"(?:^|\s)--(?:ar|aspect|stylize|s|chaos|c|q|quality|style|seed|no|profile|p|raw|sref|sw|cref|cw|iw|weird|w|tile|"
    r"video|hd|uplight|upbeta|creative|test|testp|stop|oref|ow|exp)\b"
)
_CAPTIONS = (
    "Description", "ImageDescription", "UserComment", "dc:description", "Caption-Abstract", "XPComment", "Comment",
    "Title", "dc:title", "XPTitle", "",
)  # fmt: skip
_SIGNATURE = re.compile(r"Signature: ?[A-Za-z0-9+/=_-]{64,}\s*")
_PAIRS = (
    ("ImageDescription", "Artist"), ("UserComment", "Artist"), ("dc:description", "dc:creator"),
    ("Description", "Author"), ("Caption-Abstract", "By-line"),
)  # fmt: skip
_LABS = re.compile(r"\s*made with openai", re.IGNORECASE)
_AI_FIELDS = ("Iptc4xmpExt:AISystemUsed", "Iptc4xmpExt:AISystemVersionUsed", "Iptc4xmpExt:AIPromptInformation")


@dataclass(frozen=True, slots=True)
class Trace:
    """A mark of a generator.

    Attributes:
        tool: its name.
        where: the field.
        value: what stands there, bounded.
    """

    tool: str
    where: str
    value: str


def find_traces(fields: Fields) -> tuple[Trace, ...]:
    """All traces, one a tool, at most 8."""
    best: dict[str, Trace] = {}
    for trace in _all(fields):
        best.setdefault(trace.tool, trace)
        if len(best) >= 8:
            break
    return tuple(best.values())


def signing_generator(value: str) -> str | None:
    """The generator whose name a signing field begins with."""
    found = _NAMED.match(value[:MAX_SHORT])
    if found is None or found.lastgroup is None:
        return None
    return _NAMES[int(found.lastgroup[1:])][0]


def _all(fields: Fields) -> Iterator[Trace]:
    yield from _midjourney(fields)
    yield from _grok(fields)
    yield from _openai(fields)
    for text in fields.named(*SIGNED):
        if tool := signing_generator(text.value):
            yield Trace(tool, f"{text.where} {text.key}", clip(text.value))
    for text in fields.named(*_AI_FIELDS):
        # IPTC Photo Metadata 2025.1 has these only for pictures that an AI system made or changed.
        name = clip(text.value, 60) if text.key.endswith("AISystemUsed") else "AI system"
        yield Trace(name, f"XMP {text.key}", clip(text.value))


def _midjourney(fields: Fields) -> Iterator[Trace]:
    """``… --ar 3:2 --v 6.0 Job ID: <UUID>``: the job, or a version switch beside another of its switches."""
    for text in fields.named(*_CAPTIONS):
        value = text.value[:16384]
        if "--" not in value and "Job ID" not in value:
            continue
        if _JOB.search(value) or (_MJ_VERSION.search(value) and _MJ_OTHER.search(value)):
            yield Trace("Midjourney", f"{text.where} {text.key}".strip(), clip(text.value))


def _grok(fields: Fields) -> Iterator[Trace]:
    """A long signature as the description, and a UUID as the author: both, in fields that belong together."""
    for description, author in _PAIRS:
        named = fields.first(author)
        if re.fullmatch(_UUID, named, re.IGNORECASE) and _SIGNATURE.fullmatch(fields.first(description)):
            yield Trace("Grok", f"{description} and {author}", clip(fields.first(description), 60))


def _openai(fields: Fields) -> Iterator[Trace]:
    """DALL·E 2 as OpenAI's site saved it: a user comment and a maker note."""
    for text in fields.named("UserComment", "ImageDescription", "Comment"):
        if _LABS.match(text.value[:64]):
            yield Trace("DALL·E", f"{text.where} {text.key}", clip(text.value))
    for tiff in fields.tiff:
        note = tiff.bytes_of(tiff.exif, MAKER_NOTE, 80)
        if note.startswith(b"OpenAI--ImageGeneration"):
            yield Trace("DALL·E", "EXIF MakerNote", clip(note.decode("latin-1")))

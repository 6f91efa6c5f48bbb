"""Weaker marks of a generator: its name where software signs, and patterns that only one service writes.

A name in a caption, a title or a list of keywords is never a claim: people write about generators.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imageauth.provenance.metadata.fields import MAKER_NOTE, Fields
from imageauth.provenance.metadata.limits import MAX_SHORT, clip

# Fields in which software, not a person, puts its name. HostComputer is not one: people name their computers.
SIGNED = (
    "Software", "ProcessingSoftware", "Make", "Model", "xmp:CreatorTool", "OriginatingProgram", "Generator",
    "tiff:Software", "tiff:Make", "tiff:Model", "Creator Tool",
)  # fmt: skip
# One step of several: the picture may have been a photograph before it.
_STEPS = ("xmpMM:History/stEvt:softwareAgent",)
# NovelAI signs here, but people write here too where a picture comes from.
_ORIGINS = ("Source", "photoshop:Source")

# Generator and the beginning of its name as it signs, to the end of a word. Words that are also a camera's, an
# editor's, a firm's or a place's are here only in a form that those do not have: Meta's glasses take photographs whose
# Make is "Meta AI", Gemini 4G is a telephone, Grok a JPEG 2000 codec, Leonardo a maker of aircraft.
_NAMES: tuple[tuple[str, str], ...] = (
    ("Midjourney", r"midjourney"),
    ("DALL·E", r"dall[-·•]e|dall[-·• ]?e[- ]?[23]|openai dall[-·• ]?e"),
    ("OpenAI", r"openai|chatgpt|gpt-image|gpt-4o image"),
    ("Adobe Firefly", r"adobe firefly|firefly image \d|adobe_firefly"),
    ("Grok", r"grok[- ]imagine|xai grok|x\.ai aurora"),
    (
        "Google AI",
        r"google ai|google gemini|google imagen|gemini[- ][\d.]+[- ](flash|pro)([- ]preview)?[- ]image|nano banana|"
        r"imagen-[2-9][-.\w]*generate",
    ),
    ("Ideogram", r"ideogram( ai|\.ai)"),
    ("Leonardo.Ai", r"leonardo\.ai|leonardo ai$"),
    ("Stability AI", r"stability\.?\s?ai|dreamstudio$|stable image (core|ultra)$"),
    ("Stable Diffusion", r"stable[- _]?diffusion(xl|pipeline|xlpipeline)?"),
    (
        "FLUX",
        r"ai generated;[a-z0-9]+;flux|black forest labs|flux\.[12](?!\d)|flux-(dev|schnell)|flux-pro(-[\d.]+)?$",
    ),
    ("HiDream", r"hidream"),
    ("ComfyUI", r"comfyui"),
    ("AUTOMATIC1111", r"automatic1111"),
    ("InvokeAI", r"invoke ?ai"),
    ("NovelAI", r"novel ?ai"),
    ("Fooocus", r"(ruined)?fooocus"),
    ("SwarmUI", r"(stable)?swarmui"),
    ("Draw Things", r"draw things(?=$|[ /]v?\d)"),
    ("DiffusionBee", r"diffusion ?bee"),
    ("Mochi Diffusion", r"mochi diffusion(?=$|[ /]v?\d)"),
    ("Easy Diffusion", r"easy diffusion(?=$|[ /]v?\d)"),
    ("mflux", r"mflux"),
    ("Bing Image Creator", r"(microsoft )?bing image creator|image creator from (microsoft|designer)"),
    ("Apple Image Playground", r"apple image playground|image playground$"),
    ("Meta AI", r"imagined? with meta"),
    ("NightCafe", r"nightcafe(?=$| creator| studio|\.studio)"),
    ("Playground AI", r"playground ?ai|playgroundai\.com"),
    ("Craiyon", r"craiyon"),
    ("Recraft", r"recraft( ai|\.ai|$)"),
    ("Krea", r"krea ?\.?ai"),
    ("Reve", r"reve\.com|reve image(?=$| \d)"),
    ("Luma AI", r"luma ai|lumalabs"),
    ("Aphrodite AI", r"aphrodite ai"),
    ("fal", r"fal[-.]ai"),
    ("Runway", r"runwayml|runway gen[- ]?\d"),
    ("Kling AI", r"kling ?ai"),
    ("Seedream", r"seedream|jimeng( ?ai)?|doubao|dreamina"),
    ("Qwen-Image", r"qwen[- ]image"),
    ("Hunyuan", r"hunyuan(image|dit)?"),
    ("TensorArt", r"tensor\.?art"),
    ("SeaArt", r"seaart( ai|\.ai|$)"),
    ("PixAI", r"pixai(\.art)?"),
    ("Civitai", r"civitai"),
    ("starryai", r"starry ?ai"),
    ("Wombo Dream", r"dream by wombo|wombo( dream|\.art|\.ai|$)"),
    ("AI generator", r"ai[- ]generated;[a-z0-9]{3,16};"),
)  # fmt: skip
_NAMED = re.compile(
    r"(?:made (?:with|by) |created (?:with|by) |generated (?:with|by) )?(?:"
    + "|".join(f"(?P<n{index}>{pattern})" for index, (_, pattern) in enumerate(_NAMES))
    + r")(?![^\W\d_])",
    re.IGNORECASE,
)
# Programs and models whose name means nothing else; that of a firm may well be the source of a photograph.
_UNMISTAKABLE = frozenset(
    ("Midjourney", "DALL·E", "Adobe Firefly", "Stable Diffusion", "ComfyUI", "AUTOMATIC1111", "InvokeAI", "NovelAI")
)
_VERSION = re.compile(r"(?: diffusion)?(?: xl)?(?: (?:v ?)?\d[\d.]{0,8})?(?: [0-9a-f]{8})?", re.IGNORECASE)

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_JOB = re.compile(rf"\bJob ID: ?({_UUID})", re.IGNORECASE)
_MJ_VERSION = re.compile(r"(?:^|\s)--(?:v|version|niji) ?\d(?:\.\d)?\b")
# Switches with values as only Midjourney has them; beside a job's number its other ones do too.
_MJ_OTHER = re.compile(
    r"(?:^|\s)--(?:(?:ar|aspect) ?\d+:\d+|(?:s|stylize) ?\d{2,4}|(?:c|chaos|weird) ?\d+|style (?:raw|expressive|cute|"
    r"scenic|original|4[abc])|iw ?[\d.]+|(?:sref|cref|oref) \S+|(?:sw|cw|ow) ?\d+|uplight|upbeta|raw)\b"
)
_MJ_ANY = re.compile(
    r"(?:^|\s)--(?:v|version|niji|ar|aspect|stylize|s|chaos|c|q|quality|style|seed|no|profile|p|raw|sref|sw|cref|cw|iw|"
    r"weird|w|tile|video|hd|uplight|upbeta|creative|test|testp|stop|oref|ow|exp)\b"
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
_LABS = re.compile(r"made with openai(?: labs| dall[-·]e(?: ?\d)?)?\.?", re.IGNORECASE)
_AI_SYSTEM = "Iptc4xmpExt:AISystemUsed"
_AI_FIELDS = (_AI_SYSTEM, "Iptc4xmpExt:AISystemVersionUsed", "Iptc4xmpExt:AIPromptInformation")
# What people and forms write into a field that must not stay empty.
_NOTHING = re.compile(
    r"\W*|(?:none|no|not|without|nil|null|false|0|n\W{0,2}a|unknown|undefined|unspecified|keine?s?|nein|aucune?|non|"
    r"ninguno?|nessuno?|nenhum|geen|ingen|нет|无|無|なし)(?:\W.*)?",
    re.IGNORECASE | re.DOTALL,
)
_YES = ("yes", "true", "1", "ai")


@dataclass(frozen=True, slots=True)
class Trace:
    """A mark of a generator.

    Attributes:
        tool: its name.
        where: the field.
        value: what stands there, bounded.
        edited: it says no more than that the generator made or changed the picture.
    """

    tool: str
    where: str
    value: str
    edited: bool = False


def find_traces(fields: Fields) -> tuple[Trace, ...]:
    """All traces, one a tool, at most 8; those that say most first."""
    best: dict[str, Trace] = {}
    for trace in _all(fields):
        best.setdefault(signing_generator(trace.tool) or trace.tool, trace)
        if len(best) >= 8:
            break
    return tuple(best.values())


def signing_generator(value: str) -> str | None:
    """The generator whose name a signing field begins with."""
    found = _NAMED.match(value.strip()[:MAX_SHORT])
    return None if found is None else _tool(found)


def _tool(found: re.Match[str]) -> str:
    return _NAMES[int(str(found.lastgroup)[1:])][0]  # the outermost group closes last


def _all(fields: Fields) -> Iterator[Trace]:
    yield from _midjourney(fields)
    yield from _grok(fields)
    yield from _openai(fields)
    for text in fields.named(*SIGNED):
        if tool := signing_generator(text.value):
            yield Trace(tool, f"{text.where} {text.key}", clip(text.value))
    for text in fields.named(*_ORIGINS):
        if tool := _origin(text.value.strip()):
            yield Trace(tool, f"{text.where} {text.key}", clip(text.value))
    for text in fields.named(*_STEPS):
        if tool := signing_generator(text.value):
            yield Trace(tool, f"{text.where} {text.key}", clip(text.value), edited=True)
    yield from _ai_fields(fields)


def _origin(value: str) -> str | None:
    """The generator that a source is, where it is nothing else."""
    found = _NAMED.match(value[:MAX_SHORT])
    if found is None or (tool := _tool(found)) not in _UNMISTAKABLE:
        return None
    return tool if _VERSION.fullmatch(value[found.end() : MAX_SHORT]) else None


def _ai_fields(fields: Fields) -> Iterator[Trace]:
    """IPTC Photo Metadata 2025.1 has these only for pictures that an AI system made or changed.

    Where the system's name says that there was none, the other fields have nothing to tell of either.
    """
    systems = [text.value.strip() for text in fields.named(_AI_SYSTEM)]
    if systems and all(_NOTHING.fullmatch(system[:MAX_SHORT]) for system in systems):
        return
    for text in fields.named(*_AI_FIELDS):
        value = text.value.strip()
        if _NOTHING.fullmatch(value[:MAX_SHORT]):
            continue
        named = text.key == _AI_SYSTEM and value.lower() not in _YES
        yield Trace(clip(value, 60) if named else "AI system", f"XMP {text.key}", clip(value), edited=True)


def _midjourney(fields: Fields) -> Iterator[Trace]:
    """``… --ar 3:2 --v 6.0 Job ID: <UUID>``: a job beside a switch, or a version beside another switch.

    A prompt without switches ends with the job, which then is also the picture's IPTC identifier, and a PNG names its
    author: surveys and printers have jobs with such numbers, too.
    """
    for text in fields.named(*_CAPTIONS):
        value = text.value[:16384]
        if "--" not in value and "Job ID" not in value:
            continue
        job = _JOB.search(value)
        if (job and (_MJ_ANY.search(value) or _identified(fields, value, job))) or (
            _MJ_VERSION.search(value) and _MJ_OTHER.search(value)
        ):
            yield Trace("Midjourney", f"{text.where} {text.key}".strip(), clip(text.value))


def _identified(fields: Fields, value: str, job: re.Match[str]) -> bool:
    """Whether a job's number, at the end of a text, stands as well where Midjourney repeats it."""
    same = any(text.value.strip().lower() == job[1].lower() for text in fields.named("Iptc4xmpExt:DigImageGUID"))
    return same and not value[job.end() :].strip() and bool(fields.first("Author"))


def _grok(fields: Fields) -> Iterator[Trace]:
    """A long signature as the description, and a UUID as the author: both, in fields that belong together."""
    for description, author in _PAIRS:
        named = fields.first(author)
        if re.fullmatch(_UUID, named, re.IGNORECASE) and _SIGNATURE.fullmatch(fields.first(description)):
            yield Trace("Grok", f"{description} and {author}", clip(fields.first(description), 60))


def _openai(fields: Fields) -> Iterator[Trace]:
    """DALL·E 2 as OpenAI's site saved it: a user comment and a maker note."""
    for text in fields.named("UserComment", "ImageDescription", "Comment"):
        if _LABS.fullmatch(text.value[:64].strip("\0 \t\r\n")):
            yield Trace("DALL·E", f"{text.where} {text.key}", clip(text.value))
    for tiff in fields.tiff:
        note = tiff.bytes_of(tiff.exif, MAKER_NOTE, 80)
        if note.startswith(b"OpenAI--ImageGeneration"):
            yield Trace("DALL·E", "EXIF MakerNote", clip(note.decode("latin-1")))

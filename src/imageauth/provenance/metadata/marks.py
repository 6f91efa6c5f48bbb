"""Standard marks: where a picture comes from (IPTC), China's AIGC label, credit lines, rights to mine."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from imageauth.provenance.credentials.vocabulary import TERMS, Term, look_up
from imageauth.provenance.metadata.fields import Fields, parse_json
from imageauth.provenance.metadata.limits import MAX_SHORT, clip
from imageauth.report import PointsTo

# Terms as some writers spell them.
_ALIASES = {"compositeincludingsyntheticelements": "compositeSynthetic"}
_POINTS: dict[str, PointsTo] = {"ai": "ai", "capture": "real"}
_SOURCE_FIELDS = ("DigitalSourceType", "DigitalSourcefileType", "Digital Source Type")

_BY = (
    r"google ai|google gemini|gemini|meta ai|ai|adobe firefly|firefly|bing image creator|image creator(?: from "
    r"(?:microsoft )?designer)?|microsoft copilot|openai(?:'s)? dall[-·]?e(?: ?\d)?|dall[-·]?e(?: ?\d)?|openai|chatgpt|"
    r"midjourney|grok|stable diffusion|apple image playground|image playground|canva ai|magic media"
)
_CREDIT = re.compile(
    rf"(?P<verb>made|edited|created|generated|imagined|produced) (?:with|by|using|in) (?:{_BY})\.?"
    r"|(?:apple )?image playground|ai[- ]generated(?: image)?|midjourney|dall[-·]?e ?\d?|adobe firefly",
    re.IGNORECASE,
)
_CREDIT_FIELDS = ("photoshop:Credit", "Credit", "Credit Line", "plus:CreditLine", "Iptc4xmpExt:CreditLine")

_AIGC_FIELDS = {
    "label", "contentproducer", "produceid", "contentpropagator", "propagateid", "reservedcode1", "reservedcode2",
    "serviceprovider", "serviceuser",
}  # fmt: skip
LABELS = {"1": "generated", "2": "possibly generated", "3": "suspected to be generated"}


@dataclass(frozen=True, slots=True)
class SourceType:
    """An IPTC digital source type: its term, the field, which way it points and what it means."""

    term: str
    where: str
    points_to: PointsTo
    meaning: str


@dataclass(frozen=True, slots=True)
class AigcLabel:
    """A label after GB 45438-2025: its value (``1`` to ``3``, or empty), its producer, all of its fields."""

    label: str
    producer: str
    where: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Note:
    """A credit line or a right: the field and the value."""

    where: str
    value: str


def find_source_types(fields: Fields) -> tuple[SourceType, ...]:
    """Every digital source type, once; unknown terms point nowhere."""
    found: dict[str, SourceType] = {}
    for text in fields.texts:
        if text.key.rpartition(":")[2] not in _SOURCE_FIELDS or len(found) >= 8:
            continue
        term = _term(text.value[:MAX_SHORT])
        found.setdefault(
            term.name,
            SourceType(clip(term.name), f"{text.where} {text.key}", _POINTS.get(term.meaning, "none"), term.words),
        )
    return tuple(found.values())


def _term(value: str) -> Term:
    """The vocabulary's term: by its address, or by its name, which some write in words."""
    term = look_up(value)
    if term.name.lower() in TERMS:
        return term
    name = re.sub(r"[\s_-]", "", value.strip().rstrip("/").rpartition("/")[2]).lower()
    return TERMS.get(_ALIASES.get(name, name).lower(), term)


def find_aigc(fields: Fields) -> AigcLabel | None:
    """China's label of AI-made content (GB 45438-2025, annex E): ``{"Label": "1", "ContentProducer": …}``.

    In XMP it is ``AIGC`` of TC260's namespace; other writers use a PNG text ``AIGC``, an object ``{"AIGC": {…}}`` in
    EXIF texts, or a JPEG segment. Outside TC260's namespace one of the standard's own fields must be in it.
    """
    for text in fields.texts:
        own = text.key.rpartition(":")[2] == "AIGC" or text.key.endswith("/AIGC")
        if len(text.value) > 65536:
            continue
        if own:
            data: Any = parse_json(text.value[text.value.find("{") :]) if "{" in text.value else None
        elif '"AIGC"' in text.value[:256] or '"ServiceProvider"' in text.value[:256]:
            data = fields.json(text)
        else:
            continue
        if isinstance(data, dict) and isinstance(data.get("AIGC"), (dict, str)):
            inner = data["AIGC"]
            data = parse_json(inner) if isinstance(inner, str) else inner
        if isinstance(data, dict) and (label := _label(data, f"{text.where} {text.key}".strip())):
            return label
    return None


def _label(data: dict[Any, Any], where: str) -> AigcLabel | None:
    known = {
        clip(str(key), 40): clip(str(value), 200)
        for key, value in data.items()
        if str(key).lower() in _AIGC_FIELDS and isinstance(value, (str, int))
    }
    lowered = {key.lower(): value for key, value in known.items()}
    if not known or not {"label", "contentproducer", "serviceprovider"} & lowered.keys():
        return None
    producer = lowered.get("contentproducer") or lowered.get("serviceprovider") or ""
    return AigcLabel(lowered.get("label", "").strip(), producer, where, known)


def find_credits(fields: Fields) -> tuple[Note, ...]:
    """Credit lines that are nothing but a statement of AI, such as ``Made with Google AI``."""
    found = {
        text.value.strip(): Note(f"{text.where} {text.key}", clip(text.value.strip()))
        for text in fields.named(*_CREDIT_FIELDS)
        if _CREDIT.fullmatch(text.value.strip()[:200])
    }
    return tuple(found.values())[:4]


def find_mining(fields: Fields) -> tuple[Note, ...]:
    """Reservations of the right to mine: PLUS ``DataMining`` and W3C's TDM reservation protocol, as they stand."""
    return tuple(_mining(fields))[:8]


def _mining(fields: Fields) -> Iterator[Note]:
    for name, values in fields.xmp.items():
        leaf = name.rpartition("/")[2]
        if leaf in ("plus:DataMining", "plus:OtherConstraints") or leaf.startswith("tdm:"):
            if leaf == "plus:OtherConstraints" and not any("mining" in value.lower() for value in values):
                continue
            for value in values[:4]:
                yield Note(f"XMP {leaf}", clip(value.removeprefix("http://ns.useplus.org/ldf/vocab/")))

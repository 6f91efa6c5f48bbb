"""What a file's metadata say, as evidence. All of it could have been written by anyone, so none of it is proof."""

from collections.abc import Iterator
from typing import Any

from imageauth.imagefile import ImageFile
from imageauth.provenance.metadata.generators.hidden import Decoder
from imageauth.provenance.metadata.limits import MAX_SHOWN, clip
from imageauth.provenance.metadata.marks import LABELS
from imageauth.provenance.metadata.reading import Metadata, read
from imageauth.report import Evidence, PointsTo

_ANYONE = "anyone can write this"


def ask(image: ImageFile, *, decoder: Decoder | None = None) -> list[Evidence]:
    """Everything that a file's metadata say about how it was made; empty where they say nothing.

    Args as for :func:`imageauth.provenance.metadata.read`.
    """
    return list(evidence_of(read(image, decoder=decoder)))


def evidence_of(metadata: Metadata) -> Iterator[Evidence]:
    """The evidence in what was read, strongest claims first."""
    yield from _generators(metadata)
    yield from _source_types(metadata)
    yield from _aigc(metadata)
    for credit in metadata.credits:
        code = "credit-line-edited" if credit.value.lower().startswith("edited") else "credit-line"
        finding = f"The credit line says {credit.value!r} ({_ANYONE})."
        yield _declared(code, finding, "ai", {"where": credit.where, "value": credit.value})
    yield from _camera(metadata)
    if metadata.mining:
        yield Evidence(
            "metadata",
            "mining-mark",
            "The file reserves rights on mining or training with it, which says nothing about how it was made.",
            detail={"marks": [{"where": note.where, "value": note.value} for note in metadata.mining]},
        )
    if metadata.editors:
        yield Evidence(
            "metadata",
            "software",
            f"Edited or saved by {clip(metadata.editors[0], 80)}, the file says.",
            detail={"software": list(metadata.software)},
        )
    if metadata.problems:
        yield Evidence(
            "metadata",
            "metadata-unreadable",
            f"Part of the metadata could not be read: {metadata.problems[0]}.",
            detail={"problems": list(metadata.problems)},
        )


def _declared(code: str, finding: str, points_to: PointsTo, detail: dict[str, Any]) -> Evidence:
    return Evidence("metadata", code, finding, points_to, "declared", detail)


def _generators(metadata: Metadata) -> Iterator[Evidence]:
    """Parameters of each tool; traces only of tools that did not write parameters."""
    tools = set()
    for one in metadata.generations[:4]:
        tools.add(one.tool)
        model = f", model {clip(one.model, 80)!r}" if one.model else ""
        finding = f"The file holds an image generator's parameters: {one.tool}{model} ({_ANYONE})."
        detail = one.to_json()
        for name in ("prompt", "negative_prompt"):
            if name in detail:
                detail[name] = clip(detail[name], MAX_SHOWN)
        yield _declared("generator-parameters", finding, "ai", detail)
    for trace in metadata.traces[:4]:
        # The model family that a tool with parameters names is no second tool.
        if trace.tool not in tools and not (tools and trace.tool == "Stable Diffusion"):
            code = "generator-trace-edited" if trace.edited else "generator-trace"
            made = ", which made or changed it," if trace.edited else ""
            finding = f"A mark of {trace.tool}{made} stands in the file's {trace.where} ({_ANYONE})."
            yield _declared(code, finding, "ai", {"tool": trace.tool, "where": trace.where, "value": trace.value})


def _source_types(metadata: Metadata) -> Iterator[Evidence]:
    for one in metadata.source_types:
        detail = {"term": one.term, "where": one.where, "composite": one.term.startswith("composite")}
        finding = f"The file's digital source type is {one.term}, {one.meaning} ({_ANYONE})."
        if one.points_to == "none":
            yield Evidence("metadata", "source-type", finding, detail=detail)
        else:
            code = "source-type-composite" if detail["composite"] else "source-type"
            yield _declared(code, finding, one.points_to, detail)


def _aigc(metadata: Metadata) -> Iterator[Evidence]:
    label = metadata.aigc
    if label is None:
        return
    detail = {"label": label.label, "producer": label.producer, "where": label.where, "fields": dict(label.fields)}
    by = f" by {clip(label.producer, 60)!r}" if label.producer else ""
    if label.label in LABELS or not label.label:
        meaning = LABELS.get(label.label, "generated")
        weaker = "" if meaning == "generated" else ", which is weaker than “generated”"
        finding = f"China's AIGC label (GB 45438-2025){by} says: {meaning}{weaker} ({_ANYONE})."
        yield _declared("aigc-label", finding, "ai", detail)
    else:
        finding = (
            f"China's AIGC label (GB 45438-2025){by} has the value {clip(label.label, 20)!r}, which means nothing."
        )
        yield Evidence("metadata", "aigc-label", finding, detail=detail)


def _camera(metadata: Metadata) -> Iterator[Evidence]:
    """A whole and consistent description points to a photo; part of one is only told."""
    camera = metadata.camera
    if camera is None or not (camera.maker or camera.model):
        return
    maker, model = camera.maker or "", camera.model or ""
    name = model if model.lower().startswith(maker.lower()) else f"{maker} {model}".strip()
    name = name or maker
    detail = camera.to_json()
    if not camera.whole:
        finding = f"EXIF names {clip(name, 80)}, but holds too little of what a camera writes to say more."
        yield Evidence("metadata", "camera-exif", finding, detail=detail)
    elif camera.contradictions:
        found = camera.contradictions[0]
        finding = f"EXIF describes a photo by {clip(name, 80)}, but contradicts itself: {found.name} {found.detail}."
        yield Evidence("metadata", "camera-exif", finding, detail=detail)
    else:
        finding = f"EXIF describes a photo by {clip(name, 80)}; anyone can write EXIF."
        yield _declared("camera-exif", finding, "real", detail)

"""Generators' own parameters, found in the texts of a file."""

from imageauth.provenance.metadata.blocks import Text
from imageauth.provenance.metadata.fields import Fields
from imageauth.provenance.metadata.generation import Generation, generation
from imageauth.provenance.metadata.generators.a1111 import read_a1111
from imageauth.provenance.metadata.generators.lines import read_dream, read_mochi
from imageauth.provenance.metadata.generators.objects import novelai, read_object

MAX_GENERATIONS = 8

# Tools whose record is fuller than that of the tool they build upon and write as well.
_ABOVE = {"ComfyUI": ("SwarmUI", "TensorArt", "Civitai", "Stability Matrix")}


def find_generations(fields: Fields) -> tuple[Generation, ...]:
    """Every generator that describes its work in the file, one record for each, the fullest first.

    Safe readers of our own: sd-parsers, the nearest library, takes seconds on 64 KiB of hostile text (its expressions
    and its walk of graphs are quadratic), and recognises fewer forms. Tests hold the two against each other.
    """
    found: list[Generation] = []
    for text in _candidates(fields):
        where = f"{text.where} {text.key!r}" if text.key else text.where
        one = _read(fields, text, where)
        if one is not None:
            found.append(one)
        if len(found) >= MAX_GENERATIONS:
            break
    if one := _keyed(fields):
        found.append(one)
    best: dict[str, Generation] = {}
    for one in found:
        if one.tool not in best or len(one.to_json()) > len(best[one.tool].to_json()):
            best[one.tool] = one
    for below, above in _ABOVE.items():
        if any(tool in best for tool in above):
            best.pop(below, None)
    return tuple(sorted(best.values(), key=lambda one: -len(one.to_json())))


def _candidates(fields: Fields) -> list[Text]:
    """Texts long enough to hold parameters; XMP tables can have thousands of short ones."""
    return [text for text in fields.texts if len(text.value) >= 12]


def _read(fields: Fields, text: Text, where: str) -> Generation | None:
    if text.key == "Dream":
        return read_dream(text.value, where)
    if "{" in text.value[:64] and (found := read_object(fields.json(text), text.key, where)):
        return found
    if text.key == "invokeai_metadata":
        return generation("InvokeAI", where)
    if _is_graph(text):
        return generation("ComfyUI", where)
    return read_a1111(text.value, where) or read_mochi(text.value, where)


def _is_graph(text: Text) -> bool:
    """A graph that cannot be parsed (cut, or larger than is parsed) is still told by how its nodes are written."""
    start = text.value[:200_000]
    return start.lstrip()[:32].count("{") > 0 and '"class_type"' in start and '"inputs"' in start


def _keyed(fields: Fields) -> Generation | None:
    """Tools that give each parameter a PNG text of its own, or spread their record over several."""
    texts = {text.key: text.value for text in fields.texts if text.where in ("PNG text", "hidden alpha")}
    if texts.get("Software") == "NovelAI" or texts.get("Source", "").startswith("NovelAI"):
        comment = next((fields.json(text) for text in fields.named("Comment")), None)
        return novelai(
            comment if isinstance(comment, dict) else {}, "PNG text 'Comment'",
            prompt=texts.get("Description"), model=texts.get("Source"),
        )  # fmt: skip
    lowered = {key.lower().replace(" ", "_"): value for key, value in texts.items()}
    model = lowered.get("use_stable_diffusion_model") or lowered.get("stable_diffusion_model")
    if model and "prompt" in lowered and "seed" in lowered:
        return generation(
            "Easy Diffusion", "PNG texts", prompt=lowered["prompt"], negative_prompt=lowered.get("negative_prompt"),
            model=model, sampler=lowered.get("sampler_name") or lowered.get("sampler"), seed=lowered["seed"],
            steps=lowered.get("num_inference_steps") or lowered.get("steps"), cfg=lowered.get("guidance_scale"),
            width=lowered.get("width"), height=lowered.get("height"),
        )  # fmt: skip
    return None

"""Generators that write one JSON object: each is told by keys that only it uses."""

from collections.abc import Mapping
from typing import Any

from imageauth.provenance.metadata.fields import parse_json
from imageauth.provenance.metadata.generation import Generation, generation, pick
from imageauth.provenance.metadata.generators.a1111 import read_a1111
from imageauth.provenance.metadata.generators.comfyui import is_workflow, prompt_graph, read_prompt_graph, read_workflow

Object = Mapping[str, Any]


def read_object(data: Any, key: str, where: str) -> Generation | None:
    """Parameters in an object.

    Args:
        data: parsed JSON.
        key: the name of the text that it stood in, for forms that are told by it.
        where: for :class:`Generation`.
    """
    if not isinstance(data, dict):
        return None
    for reader in _READERS:
        if found := reader(data, key, where):
            return found
    return None


def _swarm(data: Object, key: str, where: str) -> Generation | None:
    """SwarmUI, and StableSwarmUI before it: ``sui_image_params`` (SwarmUI docs, Image Metadata Format)."""
    values = data.get("sui_image_params")
    if not isinstance(values, dict):
        return None
    return generation(
        "SwarmUI", where, prompt=values.get("prompt"), negative_prompt=values.get("negativeprompt"),
        model=values.get("model"), sampler=values.get("sampler"), seed=values.get("seed"), steps=values.get("steps"),
        cfg=pick(values, "cfgscale", "fluxguidancescale"), width=values.get("width"), height=values.get("height"),
        version=values.get("swarm_version"),
    )  # fmt: skip


def _mflux(data: Object, key: str, where: str) -> Generation | None:
    if "mflux_version" not in data:
        return None
    return generation(
        "mflux", where, prompt=data.get("prompt"), negative_prompt=data.get("negative_prompt"),
        model=pick(data, "base_model", "model"), seed=data.get("seed"), steps=data.get("steps"),
        cfg=data.get("guidance"), width=data.get("width"), height=data.get("height"),
        version=data.get("mflux_version"),
    )  # fmt: skip


def _fooocus(data: Object, key: str, where: str) -> Generation | None:
    """Fooocus's own scheme, and RuinedFooocus's."""
    software = str(data.get("software") or data.get("version") or "")
    ruined = software.startswith("RuinedFooocus")
    if not ruined and not software.startswith("Fooocus") and not {"base_model", "sharpness", "prompt"} <= data.keys():
        return None
    size = data.get("resolution")
    width, height = _resolution(size) if isinstance(size, str) else (data.get("width"), data.get("height"))
    return generation(
        "RuinedFooocus" if ruined else "Fooocus", where,
        prompt=pick(data, "prompt", "Prompt"), negative_prompt=pick(data, "negative_prompt", "Negative"),
        model=pick(data, "base_model", "base_model_name"), sampler=pick(data, "sampler", "sampler_name"),
        seed=data.get("seed"), steps=data.get("steps"), cfg=pick(data, "guidance_scale", "cfg"),
        width=width, height=height, version=software,
    )  # fmt: skip


def _resolution(text: str) -> tuple[str, str]:
    """``(1152, 896)`` and ``1152x896``."""
    first, _, second = text.strip("() ").replace("x", ",").replace("×", ",").partition(",")
    return first.strip(), second.strip()


def _draw_things(data: Object, key: str, where: str) -> Generation | None:
    """Draw Things: one-letter keys, ``c`` for the prompt and ``uc`` for what is unwanted."""
    if not {"c", "uc", "seed", "steps"} <= data.keys():
        return None
    size = data.get("size")
    width, height = _resolution(size) if isinstance(size, str) else (None, None)
    return generation(
        "Draw Things", where, prompt=data.get("c"), negative_prompt=data.get("uc"), model=data.get("model"),
        sampler=data.get("sampler"), seed=data.get("seed"), steps=data.get("steps"), cfg=data.get("scale"),
        width=width, height=height,
    )  # fmt: skip


def _easy_diffusion(data: Object, key: str, where: str) -> Generation | None:
    if "use_stable_diffusion_model" not in data and "Stable Diffusion model" not in data:
        return None
    return generation(
        "Easy Diffusion", where, prompt=pick(data, "prompt", "Prompt", "original_prompt"),
        negative_prompt=pick(data, "negative_prompt", "Negative Prompt"),
        model=pick(data, "use_stable_diffusion_model", "Stable Diffusion model"),
        sampler=pick(data, "sampler_name", "Sampler"), seed=pick(data, "seed", "Seed"),
        steps=pick(data, "num_inference_steps", "Steps"), cfg=pick(data, "guidance_scale", "Guidance Scale"),
        width=pick(data, "width", "Width"), height=pick(data, "height", "Height"),
    )  # fmt: skip


def _invoke(data: Object, key: str, where: str) -> Generation | None:
    """InvokeAI, second and third generation (``sd-metadata``, ``invokeai_metadata``)."""
    image = data.get("image")
    if isinstance(image, dict) and ("model_weights" in data or data.get("model") == "stable diffusion"):
        prompts = image.get("prompt")
        first = prompts[0] if isinstance(prompts, list) and prompts and isinstance(prompts[0], dict) else {}
        return generation(
            "InvokeAI", where, prompt=first.get("prompt") or prompts, model=pick(data, "model_weights", "model_hash"),
            sampler=image.get("sampler"), seed=image.get("seed"), steps=image.get("steps"),
            cfg=image.get("cfg_scale"), width=image.get("width"), height=image.get("height"),
            version=data.get("app_version"),
        )  # fmt: skip
    known = "generation_mode" in data or "positive_prompt" in data or "app_version" in data
    if key != "invokeai_metadata" and not {"app_version", "positive_prompt"} <= data.keys():
        return None
    if not known and key != "invokeai_metadata":
        return None
    model = data.get("model")
    name = pick(model, "model_name", "name", "key") if isinstance(model, dict) else model
    return generation(
        "InvokeAI", where, prompt=data.get("positive_prompt"), negative_prompt=data.get("negative_prompt"), model=name,
        sampler=data.get("scheduler"), seed=data.get("seed"), steps=data.get("steps"),
        cfg=pick(data, "cfg_scale", "guidance"), width=data.get("width"), height=data.get("height"),
        version=data.get("app_version"),
    )  # fmt: skip


def _novelai(data: Object, key: str, where: str) -> Generation | None:
    """NovelAI: its whole record (WebP, hidden form), or the ``Comment`` of its PNG texts."""
    comment = data.get("Comment")
    if isinstance(comment, str):
        inner = parse_json(comment)
        if isinstance(inner, dict) and (data.get("Software") == "NovelAI" or _is_novelai(inner)):
            return novelai(inner, where, prompt=data.get("Description"), model=data.get("Source"))
    return novelai(data, where) if _is_novelai(data) else None


def _is_novelai(data: Object) -> bool:
    return {"uc", "sampler", "seed", "scale"} <= data.keys() and bool(
        {"request_type", "signed_hash", "v4_prompt", "n_samples", "cfg_rescale", "legacy_v3_extend"} & data.keys()
    )


def novelai(data: Object, where: str, *, prompt: Any = None, model: Any = None) -> Generation:
    """Parameters in a NovelAI comment."""
    return generation(
        "NovelAI", where, prompt=data.get("prompt") or prompt, negative_prompt=data.get("uc"), model=model,
        sampler=data.get("sampler"), seed=data.get("seed"), steps=data.get("steps"), cfg=data.get("scale"),
        width=data.get("width"), height=data.get("height"),
    )  # fmt: skip


def _tensorart(data: Object, key: str, where: str) -> Generation | None:
    base = data.get("baseModel")
    if not isinstance(base, dict) or not ({"prompt", "cfgScale", "samplerName", "seed"} & data.keys()):
        return None
    return generation(
        "TensorArt", where, prompt=data.get("prompt"), negative_prompt=data.get("negativePrompt"),
        model=pick(base, "modelFileName", "label", "hash"), sampler=pick(data, "samplerName", "sampler"),
        seed=data.get("seed"), steps=data.get("steps"), cfg=data.get("cfgScale"), width=data.get("width"),
        height=data.get("height"),
    )  # fmt: skip


def _stability_matrix(data: Object, key: str, where: str) -> Generation | None:
    if not {"PositivePrompt", "ModelName", "Seed"} <= data.keys():
        return None
    return generation(
        "Stability Matrix", where, prompt=data.get("PositivePrompt"), negative_prompt=data.get("NegativePrompt"),
        model=data.get("ModelName"), sampler=data.get("Sampler"), seed=data.get("Seed"), steps=data.get("Steps"),
        cfg=data.get("CfgScale"), width=data.get("Width"), height=data.get("Height"),
    )  # fmt: skip


def _nmkd(data: Object, key: str, where: str) -> Generation | None:
    if key != "NMKDiffusion":
        return None
    return generation(
        "NMKD Stable Diffusion GUI", where, prompt=data.get("prompt"), negative_prompt=data.get("promptNeg"),
        model=data.get("model"), sampler=data.get("sampler"), seed=data.get("seed"), steps=data.get("steps"),
        cfg=data.get("scale"), width=data.get("w"), height=data.get("h"),
    )  # fmt: skip


def _dreamina(data: Object, key: str, where: str) -> Generation | None:
    """ByteDance's apps note the product and the kind of export; only a generated one is a claim."""
    if str(data.get("product")).lower() == "dreamina" and data.get("exportType") == "generation":
        return generation("Dreamina", where)
    return None


def _comfyui(data: Object, key: str, where: str) -> Generation | None:
    """A graph, a workflow, or an object of both; Civitai's generator puts its own record beside the graph."""
    if isinstance(extra := data.get("extraMetadata"), (str, dict)):
        record = parse_json(extra) if isinstance(extra, str) else extra
        if isinstance(record, dict) and ("prompt" in record or "resources" in record):
            return generation(
                "Civitai", where, prompt=record.get("prompt"), negative_prompt=record.get("negativePrompt"),
                seed=record.get("seed"), steps=record.get("steps"), cfg=record.get("cfgScale"),
                sampler=record.get("sampler"), width=record.get("width"), height=record.get("height"),
            )  # fmt: skip
    if nodes := prompt_graph(data):
        return read_prompt_graph(nodes, where)
    if is_workflow(data):
        return read_workflow(data, where)
    for name in ("prompt", "workflow", "comfyui", "comfy_prompt"):
        inner = data.get(name)
        inner = parse_json(inner) if isinstance(inner, str) and inner.lstrip().startswith("{") else inner
        if nodes := prompt_graph(inner):
            return read_prompt_graph(nodes, where)
        if is_workflow(inner):
            return read_workflow(inner, where)
    return None


def _wrapped(data: Object, key: str, where: str) -> Generation | None:
    """An object whose ``parameters`` is a text in AUTOMATIC1111's format."""
    inner = data.get("parameters")
    return read_a1111(inner, where) if isinstance(inner, str) else None


_READERS = (
    _swarm, _mflux, _draw_things, _easy_diffusion, _invoke, _novelai, _tensorart, _stability_matrix, _nmkd, _dreamina,
    _comfyui, _fooocus, _wrapped,
)  # fmt: skip

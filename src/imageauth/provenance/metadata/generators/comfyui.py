"""ComfyUI: its prompt graph (what ran) and its workflow (what the editor shows)."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeGuard

from imageauth.provenance.metadata.generation import Generation, generation, whole
from imageauth.provenance.metadata.limits import MAX_NODES, MAX_PROMPT

_PROMPT_INPUTS = (
    "text", "text_g", "text_l", "t5xxl", "clip_l", "prompt", "string", "value", "positive", "negative", "text_positive",
    "text_negative", "wildcard_text", "populated_text", "positive_prompt", "negative_prompt",
)  # fmt: skip
_MODEL_INPUTS = (
    "ckpt_name", "unet_name", "model_name", "gguf_name", "base_ckpt_name", "checkpoint", "model_path", "unet",
)  # fmt: skip
_MODEL_SUFFIXES = (".safetensors", ".ckpt", ".gguf", ".sft", ".pt", ".pth", ".bin")
_POSITIVE = ("positive", "conditioning", "guider", "text_embeds", "cond1", "pos")
_NEGATIVE = ("negative", "cond2", "neg")
_MAX_VISITS = 2_000

Graph = dict[str, dict[str, Any]]


def prompt_graph(value: Any) -> Graph | None:
    """The nodes of a prompt graph: objects that have a ``class_type`` and ``inputs``; None where it is none."""
    if not isinstance(value, dict):
        return None
    nodes = {
        str(key): node
        for key, node in islice(value.items(), MAX_NODES)
        if isinstance(node, dict) and isinstance(node.get("class_type"), str) and isinstance(node.get("inputs"), dict)
    }
    return nodes or None


def is_workflow(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether it is an editor's workflow: typed nodes, and links or the editor's counters."""
    if not isinstance(value, dict) or not isinstance(value.get("nodes"), list) or not value["nodes"]:
        return False
    typed = isinstance(value["nodes"][0], dict) and isinstance(value["nodes"][0].get("type"), str)
    return typed and (isinstance(value.get("links"), list) or "last_node_id" in value)


def read_prompt_graph(nodes: Graph, where: str) -> Generation:
    """Parameters of a prompt graph, found by the names of inputs, since nodes of any kind may hold them."""
    sampler = _sampler(nodes)
    inputs = nodes[sampler]["inputs"] if sampler else {}
    width, height = _size(nodes)
    return generation(
        "ComfyUI",
        where,
        prompt=_prompt(nodes, inputs, _POSITIVE),
        negative_prompt=_prompt(nodes, inputs, _NEGATIVE),
        model=_model(nodes),
        sampler=_scalar(nodes, inputs, ("sampler_name", "sampler")),
        seed=_scalar(nodes, inputs, ("seed", "noise_seed")),
        steps=_scalar(nodes, inputs, ("steps",)),
        cfg=_scalar(nodes, inputs, ("cfg", "guidance", "cfg_scale")),
        width=width,
        height=height,
    )


def read_workflow(value: Mapping[str, Any], where: str) -> Generation:
    """What a workflow without its prompt graph shows: the texts and model files in its nodes' fields."""
    texts: list[str] = []
    model = None
    sampler: list[Any] = []
    for node in islice(value["nodes"], MAX_NODES):
        if not isinstance(node, dict) or not isinstance(node.get("widgets_values"), list):
            continue
        strings = [item for item in node["widgets_values"][:16] if isinstance(item, str)]
        kind = str(node.get("type"))
        if "TextEncode" in kind and strings:
            texts.append(strings[0])
        elif kind == "KSampler" and not sampler:
            sampler = node["widgets_values"][:7]
        elif "Loader" in kind and "Lora" not in kind and model is None:
            model = next((item for item in strings if item.endswith(_MODEL_SUFFIXES)), None)
    # Which text is the negative one only the links tell; the first encoder is the positive one by the editor's habit.
    # KSampler's fields stand in this order: seed, what becomes of it, steps, cfg, sampler, scheduler, denoise.
    seed, _, steps, cfg, name, *_ = sampler if len(sampler) == 7 else [None] * 7
    return generation(
        "ComfyUI", where, prompt=texts[0] if texts else None, model=model, seed=seed, steps=steps, cfg=cfg, sampler=name
    )


def _sampler(nodes: Graph) -> str | None:
    """The node that samples: one with a positive input and steps or noise, else any that has a seed."""
    ranked: tuple[Callable[[dict[str, Any]], bool], ...] = (
        lambda inputs: "positive" in inputs and ("steps" in inputs or "seed" in inputs or "noise_seed" in inputs),
        lambda inputs: "guider" in inputs or "text_embeds" in inputs,
        lambda inputs: "positive" in inputs or "conditioning" in inputs,
        lambda inputs: "seed" in inputs or "noise_seed" in inputs,
    )
    for fits in ranked:
        for key, node in nodes.items():
            if fits(node["inputs"]):
                return key
    return None


def _scalar(nodes: Graph, inputs: dict[str, Any], names: tuple[str, ...]) -> Any:
    """The first plain value under one of ``names``: in the sampler, in what it links to, then anywhere."""
    for name in names:
        value = inputs.get(name)
        if isinstance(value, (int, float, str)):
            return value
        if (node := _linked(nodes, value)) is not None:
            found = next((item for item in node["inputs"].values() if isinstance(item, (int, float, str))), None)
            if found is not None:
                return found
    return next(
        (node["inputs"][name] for node in nodes.values() for name in names
         if isinstance(node["inputs"].get(name), (int, float, str))), None
    )  # fmt: skip


def _linked(nodes: Graph, value: Any) -> dict[str, Any] | None:
    """The node that an input comes from: links are pairs of a node's name and the number of its output."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], (str, int)):
        return nodes.get(str(value[0]))
    return None


def _prompt(nodes: Graph, inputs: dict[str, Any], names: tuple[str, ...]) -> str | None:
    """Texts that reach one of the sampler's inputs, nearest first, joined."""
    for name in names:
        if isinstance(inputs.get(name), str):
            return str(inputs[name])
        if texts := list(islice(_texts(nodes, inputs.get(name), name), 8)):
            return "\n".join(dict.fromkeys(texts))
    return None


def _texts(nodes: Graph, link: Any, side: str) -> Iterator[str]:
    """Texts upstream of a link; beyond a node that has some nothing further is looked for."""
    waiting: deque[Any] = deque([link])
    seen: set[str] = set()
    kept = 0
    opposite = "negative" if side in _POSITIVE else "positive"
    while waiting and len(seen) < _MAX_VISITS and kept < MAX_PROMPT:
        link = waiting.popleft()
        node = _linked(nodes, link)
        if node is None or str(link[0]) in seen:
            continue
        seen.add(str(link[0]))
        found = [
            value.strip() for name in _PROMPT_INPUTS
            if name != opposite and isinstance(value := node["inputs"].get(name), str) and value.strip()
        ]  # fmt: skip
        if found:
            kept += sum(map(len, found))
            yield from found
            continue
        waiting.extend(
            value
            for name, value in islice(node["inputs"].items(), 64)
            if isinstance(value, list) and not name.startswith(("clip", "vae", "model", opposite, "image", "latent"))
        )


def _model(nodes: Graph) -> str | None:
    for name in _MODEL_INPUTS:
        for node in nodes.values():
            value = node["inputs"].get(name)
            kind = node["class_type"].lower()
            if isinstance(value, str) and not any(word in kind for word in ("upscale", "controlnet", "lora", "vision")):
                return value
    return None


def _size(nodes: Graph) -> tuple[Any, Any]:
    """Width and height of the empty latent that the generation began with."""
    for node in nodes.values():
        inputs = node["inputs"]
        if "latent" in node["class_type"].lower() and whole(inputs.get("width")) and whole(inputs.get("height")):
            return inputs["width"], inputs["height"]
    return None, None

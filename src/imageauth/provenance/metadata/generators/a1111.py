"""The parameter line that AUTOMATIC1111's web UI began and many tools write now.

``prompt``, a line ``Negative prompt: …``, then ``Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, …``.
"""

import re

from imageauth.provenance.metadata.generation import Generation, generation
from imageauth.provenance.metadata.limits import MAX_PARAMETER_LINE

_KEYS = {
    "Steps", "Sampler", "CFG scale", "Distilled CFG Scale", "Guidance", "Seed", "Size", "Model", "Model hash",
    "Version", "App", "Schedule type", "Scheduler", "Clip skip", "VAE", "Denoising strength", "Parser", "Pipeline",
    "Operations", "Unet", "Hashes", "Civitai resources", "Created Date", "Size-1", "Size-2", "Fooocus V2 Expansion",
}  # fmt: skip
# Main keys, with what their values look like: prose has such words, but not with such values.
_CORE = {
    "Sampler": re.compile(r"\S"),
    "CFG scale": re.compile(r"\d+(\.\d+)?$"),
    "Distilled CFG Scale": re.compile(r"\d+(\.\d+)?$"),
    "Seed": re.compile(r"-?\d+$"),
    "Size": re.compile(r"\d+x\d+$"),
    "Model": re.compile(r"\S"),
    "Model hash": re.compile(r"[0-9a-fA-F]{6,64}$"),
}
_NUMBERED = {"Seed", "CFG scale", "Distilled CFG Scale", "Size", "Model hash"}
_NEGATIVE = "Negative prompt:"
_MAX_LINES = 400
_MAX_TRIES = 8

# What a tool writes under Version, App or as a key of its own.
_REFORGE = re.compile(r"f[\d.]+v2-|reforge", re.IGNORECASE)
_FORGE = re.compile(r"f\d|v?\d[\w.-]*-forge|forge|neo|classic", re.IGNORECASE)
_VERSIONS = (
    ("ComfyUI", "ComfyUI"),
    ("Fooocus", "Fooocus"),
    ("RuinedFooocus", "RuinedFooocus"),
    ("stable-diffusion.cpp", "stable-diffusion.cpp"),
    ("sd.cpp", "stable-diffusion.cpp"),
    ("KoboldCpp", "KoboldCpp"),
    ("Krita", "Krita AI Diffusion"),
    ("InvokeAI", "InvokeAI"),
    ("EasyDiffusion", "Easy Diffusion"),
    ("Draw Things", "Draw Things"),
    ("SwarmUI", "SwarmUI"),
)


def read_a1111(value: str, where: str) -> Generation | None:
    """Parameters in a text, if it holds a line of them: ``Steps`` and two more main keys, with values like theirs."""
    if "Steps:" not in value:
        return None
    if len(value) > 8 * MAX_PARAMETER_LINE:  # the prompt begins it, the line of parameters ends it
        value = value[: 4 * MAX_PARAMETER_LINE] + value[-4 * MAX_PARAMETER_LINE :]
    lines = value.replace("\r\n", "\n").split("\n")
    tries = 0
    for index in range(len(lines) - 1, max(-1, len(lines) - 1 - _MAX_LINES), -1):
        line = lines[index]
        if "Steps:" not in line:
            continue
        tries += 1
        if tries > _MAX_TRIES:
            break
        start = line.rfind("Steps:") if not line.lstrip().startswith(tuple(_KEYS)) else 0
        # Some tools break the line of parameters; what follows belongs to it.
        pairs = _pairs("\n".join([line[start:], *lines[index + 1 : index + 64]])[:MAX_PARAMETER_LINE])
        fitting = {key for key, value in pairs.items() if key in _CORE and _CORE[key].match(value)}
        if pairs.get("Steps", "").isdecimal() and len(fitting) >= 2 and fitting & _NUMBERED:
            return _generation([*lines[:index], line[:start]], pairs, where)
    return None


def _pairs(line: str) -> dict[str, str]:
    """Known keys and their values. Commas inside quoted values only make pieces that have no known key."""
    pairs: dict[str, str] = {}
    for piece in line.replace("\n", ",").replace("| ", ",").split(","):
        key, colon, value = piece.partition(":")
        if colon and (key := key.strip()) in _KEYS:
            pairs.setdefault(key, value.strip().strip('"'))
    return pairs


def _generation(before: list[str], pairs: dict[str, str], where: str) -> Generation:
    prompt, _, negative = "\n".join(before).partition(_NEGATIVE)
    width, _, height = pairs.get("Size", "").partition("x")
    return generation(
        _tool(pairs),
        where,
        prompt=prompt,
        negative_prompt=negative,
        model=pairs.get("Model") or pairs.get("Unet") or pairs.get("Model hash"),
        sampler=pairs.get("Sampler"),
        seed=pairs.get("Seed"),
        steps=pairs.get("Steps"),
        cfg=pairs.get("CFG scale") or pairs.get("Distilled CFG Scale"),
        width=width,
        height=height,
        version=pairs.get("Version"),
    )


def _tool(pairs: dict[str, str]) -> str:
    """Which of the tools that share the format: by its version string, else by keys that only one of them writes."""
    version = pairs.get("Version", "")
    if pairs.get("App", "").startswith("SD.Next") or {"Parser", "Operations", "Pipeline"} & pairs.keys():
        return "SD.Next"
    for mark, tool in _VERSIONS:
        if version.lower().startswith(mark.lower()):
            return tool
    if "Civitai resources" in pairs:
        return "Civitai"
    if "Fooocus V2 Expansion" in pairs:
        return "Fooocus"
    if _REFORGE.match(version):
        return "Stable Diffusion WebUI reForge"
    if _FORGE.match(version):
        return "Stable Diffusion WebUI Forge"
    # Without its own version it may be an old one, or any of the tools that copied the format.
    return "AUTOMATIC1111 web UI" if re.match(r"v?1\.\d", version) else "AUTOMATIC1111-compatible"

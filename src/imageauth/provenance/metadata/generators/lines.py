"""Generators whose parameters are lines of text other than AUTOMATIC1111's: InvokeAI's first form, Mochi Diffusion."""

import re

from imageauth.provenance.metadata.generation import Generation, generation
from imageauth.provenance.metadata.limits import MAX_PARAMETER_LINE

_DREAM = re.compile(r'"(?P<prompt>[^"]*)"(?P<rest>(?: -{1,2}[\w-]+ ?[^ ]*)+)')
_SWITCH = re.compile(r"(?:^| )-([A-Za-z]) ?([^ ]+)")
_MOCHI_END = re.compile(r"Generator: Mochi Diffusion ?([\w.]{0,20})")


def read_dream(value: str, where: str) -> Generation | None:
    """InvokeAI's command line, under the key ``Dream``: ``"a cat [ugly]" -s 50 -S 123 -W 512 -H 512 -A k_lms``."""
    found = _DREAM.match(value[:MAX_PARAMETER_LINE])
    if not found:
        return None
    switches = dict(_SWITCH.findall(found["rest"]))
    if not {"s", "S"} <= switches.keys():
        return None
    return generation(
        "InvokeAI", where, prompt=found["prompt"], sampler=switches.get("A"), seed=switches.get("S"),
        steps=switches.get("s"), cfg=switches.get("C"), width=switches.get("W"), height=switches.get("H"),
    )  # fmt: skip


def read_mochi(value: str, where: str) -> Generation | None:
    """Mochi Diffusion: ``Include in Image: …; Seed: …; Generator: Mochi Diffusion 5``, or the same in lines."""
    value = value[:MAX_PARAMETER_LINE]
    end = _MOCHI_END.search(value)
    if end is None or "Include in Image:" not in value:
        return None
    pairs: dict[str, str] = {}
    for piece in value.split("\n" if "Metadata Version:" in value else "; "):
        key, _, rest = piece.partition(":")
        pairs.setdefault(key.strip(), rest.strip())
    width, _, height = pairs.get("Size", "").partition("x")
    return generation(
        "Mochi Diffusion", where, prompt=pairs.get("Include in Image"), negative_prompt=pairs.get("Exclude from Image"),
        model=pairs.get("Model"), sampler=pairs.get("Scheduler"), seed=pairs.get("Seed"), steps=pairs.get("Steps"),
        cfg=pairs.get("Guidance Scale"), width=width, height=height, version=end[1],
    )  # fmt: skip

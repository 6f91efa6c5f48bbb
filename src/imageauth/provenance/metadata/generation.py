"""What a generator wrote about one generation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from imageauth.provenance.metadata.limits import MAX_PROMPT, clip


@dataclass(frozen=True, slots=True)
class Generation:
    """Parameters of one generation, as far as they were written.

    Attributes:
        tool: the generator, e.g. ``ComfyUI``.
        where: where it stands, e.g. ``PNG text 'parameters'``.
        prompt, negative_prompt, model, sampler: bounded texts.
        seed, steps, cfg, width, height: numbers as they are written; seeds exceed 53 bits, so they stay texts.
        version: of the tool.
    """

    tool: str
    where: str
    prompt: str | None = None
    negative_prompt: str | None = None
    model: str | None = None
    sampler: str | None = None
    seed: str | None = None
    steps: int | None = None
    cfg: float | None = None
    width: int | None = None
    height: int | None = None
    version: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data, without what is not known."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def text(value: Any, limit: int = MAX_PROMPT) -> str | None:
    """A bounded text, where ``value`` is one that says something."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)[:40]
    return clip(stripped, limit) if isinstance(value, str) and (stripped := value.strip()) else None


def number(value: Any) -> float | None:
    """A finite number, where ``value`` is one or spells one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value[:40] if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < 1e9 else None


def whole(value: Any) -> int | None:
    """A whole number of sensible size."""
    found = number(value)
    return None if found is None else int(found)


def pick(source: Mapping[str, Any], *keys: str) -> Any:
    """The first value that is there and not empty."""
    return next((source[key] for key in keys if source.get(key) not in (None, "", [], {})), None)


def generation(tool: str, where: str, **values: Any) -> Generation:
    """A :class:`Generation` from unchecked values: each is bounded and of its type, or left out."""
    return Generation(
        tool=clip(tool),
        where=where,
        prompt=text(values.get("prompt")),
        negative_prompt=text(values.get("negative_prompt")),
        model=text(values.get("model"), 200),
        sampler=text(values.get("sampler"), 100),
        seed=text(values.get("seed"), 40),
        steps=whole(values.get("steps")),
        cfg=number(values.get("cfg")),
        width=whole(values.get("width")),
        height=whole(values.get("height")),
        version=text(values.get("version"), 100),
    )

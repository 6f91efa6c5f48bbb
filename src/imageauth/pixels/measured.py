"""``figures.json``: what was measured of a model, by kind of picture and by condition, kept beside its weights."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imageauth.errors import ModelError
from imageauth.pixels.kinds import KIND_OF

FILE_NAME = "figures.json"
_MOST_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Rates:
    """How often verdicts were given to pictures of one kind.

    Attributes:
        n: pictures.
        likely_ai, likely_real: share of them that got this verdict, 0..1.
    """

    n: int
    likely_ai: float
    likely_real: float


@dataclass(frozen=True, slots=True)
class Condition:
    """How well a model did under one condition.

    Attributes:
        name: as the protocol calls it, ``jpeg-75`` say; empty: the pictures as they are.
        n: pictures.
        ai_found: share of AI pictures on the right side of the decision threshold, 0..1.
        accused: share of real pictures that were called ``likely-ai``.
        decided: share that got a verdict.
        wrong: share of those that were wrong.
    """

    name: str
    n: int
    ai_found: float
    accused: float
    decided: float
    wrong: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a model.

    Attributes:
        real, ai: by kind as the network tells them apart (:data:`imageauth.pixels.kinds.KINDS`), of pictures by people
            and by cameras, and of AI-made ones; only kinds that there are figures of.
        conditions: of the same pictures: as they are first, then degraded.
    """

    real: Mapping[str, Rates]
    ai: Mapping[str, Rates]
    conditions: tuple[Condition, ...]


def read_measured(folder: Path) -> Measured | None:
    """Read a model folder's figures; None where it has none, or others than the protocol's.

    Raises:
        ModelError: they are there and damaged.
    """
    file = folder / FILE_NAME
    try:
        with file.open("rb") as stream:
            data = json.loads(stream.read(_MOST_BYTES))
        if isinstance(data, dict) and "all" not in data:
            return None  # figures of another kind, by whoever made the model
        everything = data["all"]
        return Measured(
            real=_by_kind(everything["real_kinds"]),
            ai=_by_kind(everything["fake_kinds"]),
            conditions=tuple(_conditions(data)),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{file} is damaged: {type(error).__name__}: {error}") from error


def _by_kind(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Rates]:
    """Kinds of the tables taken together as a network tells them apart, each picture counting the same."""
    counts: dict[str, int] = {}
    ai: dict[str, float] = {}
    real: dict[str, float] = {}
    for name, part in tables.items():
        if (kind := KIND_OF.get(name)) is None:
            continue
        n = int(part["n"])
        counts[kind] = counts.get(kind, 0) + n
        ai[kind] = ai.get(kind, 0) + n * float(part["likely_ai"])
        real[kind] = real.get(kind, 0) + n * float(part["likely_real"])
    return {kind: Rates(n, ai[kind] / n, real[kind] / n) for kind, n in counts.items() if n}


def _conditions(data: Mapping[str, Any]) -> list[Condition]:
    """Of the pictures that were degraded as the protocol says, and of those alone: other parts are not comparable."""
    found = []
    for part in data["conditions"].values():
        parts = {"": part, **part["conditions"]}
        found += [_condition(name, int(part["n"]), each) for name, each in parts.items()]
    return found


def _condition(name: str, n: int, values: Mapping[str, Any]) -> Condition:
    return Condition(
        name,
        n,
        ai_found=float(values["fake_accuracy"]),
        accused=1 - float(values["real_left_alone"]),
        decided=float(values["share_decided"]),
        wrong=float(values["error_decided"]),
    )

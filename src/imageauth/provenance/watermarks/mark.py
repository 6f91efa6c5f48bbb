"""One mark that was found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MEASURED_RATE = 1e-4
"""No mark is looked for whose measured rate of false alarms, at 95 % confidence, is above this: docs/watermarks.md."""


@dataclass(frozen=True, slots=True)
class Watermark:
    """A mark in the pixels of one image.

    Attributes:
        code: stable and machine-readable, e.g. ``watermark-stable-diffusion``.
        name: the mark's, for a table.
        finding: what it says, as one sentence for a person.
        measured: how clear it is; plain numbers and text, by mark.
    """

    code: str
    name: str
    finding: str
    measured: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON; ``false_alarms_at_most`` is a measured bound per image."""
        return {"name": self.name, **self.measured, "false_alarms_at_most": MEASURED_RATE}

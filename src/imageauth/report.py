"""Report, Verdict, Evidence: plain frozen data, JSON in and out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

SCHEMA = "imageauth/report/1"
NO_PIXELS = "The pixels were not looked at: neither a network nor a search for watermarks was run on them."
"""Among the limits of a report for which the pixels were left alone."""

Source = Literal["pixels", "credentials", "metadata", "watermark", "plugin"]
PointsTo = Literal["ai", "real", "none"]
Strength = Literal["proof", "declared", "statistical", "none"]


class Verdict(StrEnum):
    """What the policy decided. ``AI_GENERATED`` and ``CAMERA_VERIFIED`` are reserved for checkable proof."""

    AI_GENERATED = "ai-generated"
    LIKELY_AI = "likely-ai"
    INCONCLUSIVE = "inconclusive"
    LIKELY_REAL = "likely-real"
    CAMERA_VERIFIED = "camera-verified"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One source's finding about one image.

    Attributes:
        source: who says it.
        code: the kind of finding, stable and machine-readable, e.g. ``pixels-undecided``.
        finding: the same as a sentence for a person.
        points_to: ``ai``, ``real`` or ``none``.
        strength: ``proof`` (checked cryptographically), ``declared`` (said by the file or a plug-in, could be forged),
            ``statistical`` (measured, with known error rates) or ``none``.
        detail: further plain data, by source.
    """

    source: Source
    code: str
    finding: str
    points_to: PointsTo = "none"
    strength: Strength = "none"
    detail: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "source": self.source,
            "code": self.code,
            "finding": self.finding,
            "points_to": self.points_to,
            "strength": self.strength,
            "detail": dict(self.detail),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The answer about one image, and what it rests on.

    Attributes:
        file: its name as given.
        sha256: of its bytes, hexadecimal.
        format: ``jpeg``, ``png``, …
        width, height: pixels, upright.
        verdict: the policy's decision.
        reason: the rule of the policy that decided; see :mod:`imageauth.verdict`.
        probability: the calibrated chance that the image is AI-made, 0..1; None where no calibrated answer exists.
        summary: one plain sentence.
        evidence: all findings.
        limits: sentences on what this answer cannot tell.
        produced_by: versions and hashes; ``plugins``, packages whose sources were asked, only where there are some.
    """

    file: str
    sha256: str
    format: str
    width: int
    height: int
    verdict: Verdict
    reason: str
    probability: float | None
    summary: str
    evidence: tuple[Evidence, ...]
    limits: tuple[str, ...]
    produced_by: Mapping[str, str | None]

    def to_json(self) -> dict[str, Any]:
        """The object of schema ``imageauth/report/1``."""
        return {
            "schema": SCHEMA,
            "file": self.file,
            "sha256": self.sha256,
            "format": self.format,
            "width": self.width,
            "height": self.height,
            "verdict": str(self.verdict),
            "reason": self.reason,
            "probability": self.probability,
            "summary": self.summary,
            "evidence": [item.to_json() for item in self.evidence],
            "limits": list(self.limits),
            "produced_by": dict(self.produced_by),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Report":
        """Read back what :meth:`to_json` gave.

        Raises:
            ValueError: it is of another schema, or something is missing.
        """
        if data.get("schema") != SCHEMA:
            raise ValueError(f"not a report of schema {SCHEMA}")
        fields = {key: value for key, value in data.items() if key != "schema"}
        try:
            fields["verdict"] = Verdict(fields["verdict"])
            fields["evidence"] = tuple(Evidence(**item) for item in fields["evidence"])
            fields["limits"] = tuple(fields["limits"])
            return Report(**fields)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a whole report: {error}") from error


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be checked.

    Attributes:
        file: its name as given.
        code: see :class:`imageauth.errors.ImageError`.
        message: one line, without the name.
    """

    file: str
    code: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """The error object of schema ``imageauth/report/1``."""
        return {"schema": SCHEMA, "file": self.file, "error": {"code": self.code, "message": self.message}}

"""What a document holds, and the same as JSON of schema ``imageauth/document/1``, which every document carries."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from imageauth import __version__
from imageauth.errors import ReportTooLargeError
from imageauth.perceptual_hash import NAME
from imageauth.pixels.card import Card
from imageauth.pixels.measured import Measured
from imageauth.report import Failure, Report
from imageauth.verdict import Policy

SCHEMA = "imageauth/document/1"
ATTACHMENT = "report.json"
"""Name of the JSON in a PDF."""
ELEMENT = "imageauth-document"
"""``id`` of the ``script`` element that holds the JSON in HTML; nothing runs it."""
MOST_PICTURES = 200
MOST_JSON_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells a file from all others.

    Attributes:
        sha256: of its bytes, hexadecimal.
        bytes: how many.
        perceptual_hash: see :mod:`imageauth.perceptual_hash`; None where the picture was not decoded or has nothing to
            see in it.
    """

    sha256: str
    bytes: int
    perceptual_hash: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        seen = {"name": NAME, "value": self.perceptual_hash} if self.perceptual_hash else None
        return {"sha256": self.sha256, "bytes": self.bytes, "perceptual_hash": seen}


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture as the document shows it, encoded anew by us.

    Attributes:
        data: of the file, JPEG or PNG.
        media_type: ``image/jpeg`` or ``image/png``.
        width, height: pixels.
    """

    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """Where the evidence of the pixels sits.

    Attributes:
        over: the picture in grey under the heatmap's colours and marks.
        strongest: of all places, in logits; above 0.
    """

    over: Picture
    strongest: float


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One file in a document.

    Attributes:
        answer: what was found, or why nothing could be.
        identity: of the file; None where it could not even be read.
        preview: None where the picture was not decoded.
        heat: None where the pixels gave no calibrated answer.
    """

    answer: Report | Failure
    identity: Identity | None = None
    preview: Picture | None = None
    heat: Heat | None = None

    def to_json(self) -> dict[str, Any]:
        """As ``check --json`` gives it, and the file's identity."""
        return self.answer.to_json() | {"identity": self.identity.to_json() if self.identity else None}


@dataclass(frozen=True, slots=True)
class Looked:
    """A model that looked at pictures of the document.

    Attributes:
        card: of it, with the thresholds that held.
        measured: what was measured of it by kind and condition; None where its folder does not say.
    """

    card: Card
    measured: Measured | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        at = self.card.thresholds
        return {
            "name": self.card.name,
            "version": self.card.version,
            "sha256": self.card.sha256,
            "thresholds": {"real": at.real, "decision": at.decision, "ai": at.ai},
        }


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """A document's contents.

    Attributes:
        entries: the files, in order.
        made: when, with a time zone; shown in UTC, to the second.
        policy: that decided.
        trust: the lists of signers, as :meth:`imageauth.provenance.trust.TrustLists.summary` gives them.
        models: that looked, by the SHA-256 of their weights.
        command: the command line, if there was one.
    """

    entries: Sequence[Entry]
    made: datetime
    policy: Policy
    trust: Sequence[Mapping[str, Any]] = ()
    models: Mapping[str, Looked] = field(default_factory=dict)
    command: Sequence[str] | None = None

    @property
    def time(self) -> str:
        """When it was made, ISO 8601 in UTC."""
        return self.made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def shown_time(self) -> str:
        """The same for a person."""
        return self.time.replace("T", " ").replace("Z", " UTC")

    def to_json(self) -> dict[str, Any]:
        """The object of schema ``imageauth/document/1``."""
        return {
            "schema": SCHEMA,
            "made": self.time,
            "command": list(self.command) if self.command is not None else None,
            "imageauth": __version__,
            "policy": {
                "name": self.policy.name,
                "sha256": self.policy.sha256,
                "decides": sorted(self.policy.deciding),
                "likely_ai": self.policy.likely_ai,
                "likely_real": self.policy.likely_real,
            },
            "trust": [dict(item) for item in self.trust],
            "models": [looked.to_json() for looked in self.models.values()],
            "reports": [entry.to_json() for entry in self.entries],
        }

    def to_text(self) -> str:
        """The same as one line of ASCII: names and texts in files may be anything, unpaired surrogates too.

        Raises:
            ReportTooLargeError: it is larger than a document may be.
        """
        text = json.dumps(self.to_json())
        if len(text) > MOST_JSON_BYTES:
            most = MOST_JSON_BYTES // 2**20
            said = f"what these files say of themselves takes more than {most} MiB"
            raise ReportTooLargeError(f"{said}; name fewer at a time")
        return text

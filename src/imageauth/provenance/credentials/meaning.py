"""What checked credentials mean for the question. One function, no I/O, no sentences."""

from dataclasses import dataclass
from typing import Literal

from imageauth.provenance.credentials.model import Action, Credentials, Manifest, SourceType
from imageauth.provenance.credentials.vocabulary import Meaning, look_up
from imageauth.report import PointsTo, Strength

Kind = Literal["ai", "ai-ingredient", "ai-input", "capture", "capture-edited", "nothing"]
Doubt = Literal["gathered", "signers", "omitted", "unread", "edits"]
"""Why a statement is no proof: its signer does not say it himself; not all signers are known and bound; a signer says
that more was done than is listed; more is said than was read; what was done may change what the picture shows."""

# Actions of the C2PA specification 2.2, section 18.15.4, that add nothing to what a picture shows.
HARMLESS_ACTIONS = frozenset(
    f"c2pa.{name}"
    for name in (
        *("opened", "published", "converted", "transcoded", "repackaged", "redacted", "edited.metadata"),
        *("cropped", "resized", "resized.proportional", "orientation", "trimmed"),
        *("color_adjustments", "adjustedColor", "enhanced"),
        *("watermarked", "watermarked.bound", "watermarked.unbound"),
    )
)
_HARMLESS_SOURCES = frozenset(
    {"algorithmicallyEnhanced", "humanEdits", "minorHumanEdits", "digitalCapture", "computationalCapture", "empty"}
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the credentials come to.

    Attributes:
        kind: what they say.
        points_to, strength: as in :class:`~imageauth.report.Evidence`.
        source: the source type that decided; None for ``nothing``.
        discounted: source types that say AI, then those that say capture, in or above manifests that do not hold.
        edits: after a capture, actions in order.
        doubt: why it is no proof; None where it is, or where nothing was said.
        capture: for ``ai-input``, what says beside it that a camera took the picture.
    """

    kind: Kind
    points_to: PointsTo = "none"
    strength: Strength = "none"
    source: SourceType | None = None
    edits: tuple[str, ...] = ()
    discounted: tuple[SourceType, ...] = ()
    doubt: Doubt | None = None
    capture: SourceType | None = None

    @property
    def part(self) -> bool:
        """Whether no more is said than that AI made part of the picture."""
        return self.source is not None and _is_part(self.source)

    @property
    def fill(self) -> bool:
        """Whether a model's work was put into a picture that was there before, by an edit."""
        return self.source is not None and _is_fill(self.source)


def weigh(credentials: Credentials) -> Reading:
    """What the credentials come to.

    A statement is proof only where the whole store is trusted, and so is the manifest that makes it: its signer on a
    list, its signature good, its hash in the trusted manifest above, and its signer says it rather than passing on what
    others say. Otherwise anyone could have written it. Credentials that do not hold mean nothing.
    """
    if credentials.state not in ("trusted", "valid", "expired"):
        return Reading("nothing")
    standing: list[SourceType] = []
    broken: list[SourceType] = []
    for source in credentials.source_types:
        (standing if _holds(credentials, source) else broken).append(source)
    ai = _of("ai", standing)
    # What was only input to a process need not show in the picture.
    if shown := [source for source in ai if "inputTo" not in source.entered]:
        proven = [source for source in shown if _doubt(credentials, source) is None]
        source = min(proven or shown, key=lambda item: (_is_part(item), len(item.entered)))
        kind: Kind = "ai-ingredient" if source.entered else "ai"
        return Reading(kind, "ai", "proof" if proven else "declared", source=source, doubt=_doubt(credentials, source))
    discounted = _of("ai", broken)
    capture = None if discounted else _capture(standing)
    if ai:
        return Reading("ai-input", source=min(ai, key=lambda item: len(item.entered)), capture=capture)
    if capture is None:
        return Reading("nothing", discounted=(*discounted, *_of("capture", broken)))
    path = list(credentials.upwards(capture.manifest))
    edits = [
        action
        for manifest in reversed(path)
        for action in manifest.actions
        if not (action.name == "c2pa.created" and manifest.label == capture.manifest)
    ]
    doubt = _doubt(credentials, capture)
    if doubt is None:
        if any(manifest.omits_actions for manifest in path):
            doubt = "omitted"
        elif not (all(map(_is_harmless, edits)) and all(_adds_nothing(manifest, path) for manifest in path)):
            doubt = "edits"
        elif not credentials.whole:
            doubt = "unread"
    return Reading(
        "capture-edited" if edits or len(path) > 1 else "capture",
        "real",
        "declared" if doubt else "proof",
        capture,
        tuple(action.name for action in edits),
        doubt=doubt,
    )


def _of(meaning: Meaning, sources: list[SourceType]) -> list[SourceType]:
    return [source for source in sources if look_up(source.address).meaning == meaning]


def _holds(credentials: Credentials, source: SourceType) -> bool:
    """Whether neither the manifest that makes a statement nor any above it was tampered with."""
    return all(manifest.state != "invalid" for manifest in credentials.upwards(source.manifest))


def _doubt(credentials: Credentials, source: SourceType) -> Doubt | None:
    """Why a statement is not signed by trusted hands all the way; None where it is."""
    if not source.stated:
        return "gathered"
    trusted = credentials.state == "trusted" and all(
        manifest.state == "trusted" and manifest.bound for manifest in credentials.upwards(source.manifest)
    )
    return None if trusted else "signers"


def _is_part(source: SourceType) -> bool:
    """Whether a statement says of no more than part of the picture that AI made it.

    A composite, a picture that holds AI pictures, or one that was there before a model's work was put into it.
    """
    composite = source.term.lower().startswith("composite")
    return composite or not set(source.entered) <= {"parentOf"} or _is_fill(source)


def _is_fill(source: SourceType) -> bool:
    return source.action not in (None, "c2pa.created") and not source.term.lower().startswith("composite")


def _capture(sources: list[SourceType]) -> SourceType | None:
    """The statement that a camera took this picture: of the picture itself or of what it was opened from."""
    found = [
        source
        for source in _of("capture", sources)
        if source.action == "c2pa.created"
        and source.assertion.startswith("c2pa.actions")
        and set(source.entered) <= {"parentOf"}
    ]
    return min(found, key=lambda source: not source.stated, default=None)


def _is_harmless(action: Action) -> bool:
    """Whether an action leaves alone what a picture shows; one that names another source puts something into it."""
    return action.name in HARMLESS_ACTIONS and (
        action.source_type is None or look_up(action.source_type).name in _HARMLESS_SOURCES
    )


def _adds_nothing(manifest: Manifest, path: list[Manifest]) -> bool:
    """Whether a manifest on the way from the capture has no other ingredient that could show in the picture."""
    labels = {item.label for item in path}
    return all(item.manifest in labels or item.relationship == "inputTo" for item in manifest.ingredients)

"""What checked credentials mean for the question. One function, no I/O, no sentences."""

from dataclasses import dataclass
from typing import Literal

from imageauth.provenance.credentials.model import Credentials, Manifest, SourceType
from imageauth.provenance.credentials.vocabulary import look_up
from imageauth.report import PointsTo, Strength

Kind = Literal["ai", "ai-ingredient", "capture", "capture-edited", "nothing"]

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


@dataclass(frozen=True, slots=True)
class Reading:
    """What the credentials come to.

    Attributes:
        kind: what they say.
        points_to, strength: as in :class:`~imageauth.report.Evidence`.
        source: the source type that decided; None for ``nothing``.
        discounted: source types that say AI in manifests that do not hold.
        edits: after a capture, actions in order.
    """

    kind: Kind
    points_to: PointsTo = "none"
    strength: Strength = "none"
    source: SourceType | None = None
    edits: tuple[str, ...] = ()
    discounted: tuple[SourceType, ...] = ()


def weigh(credentials: Credentials) -> Reading:
    """What the credentials come to.

    A statement is proof only where the whole store is trusted, and so is the manifest that makes it: its signer on a
    list, its signature good, its hash in the trusted manifest above. Otherwise anyone could have written it.
    Credentials that do not hold mean nothing.
    """
    if credentials.state not in ("trusted", "valid", "expired"):
        return Reading("nothing")
    ai = [source for source in credentials.source_types if look_up(source.address).meaning == "ai"]
    standing = [source for source in ai if credentials.manifest(source.manifest).state != "invalid"]
    if standing:
        proven = [source for source in standing if _proves(credentials, source)]
        source = min(proven or standing, key=lambda item: len(item.entered))
        return Reading(
            "ai-ingredient" if source.entered else "ai", "ai", "proof" if proven else "declared", source=source
        )
    capture = None if ai else _capture(credentials)
    if capture is None:
        return Reading("nothing", discounted=tuple(ai))
    path = list(credentials.upwards(capture.manifest))
    edits = tuple(
        action.name for manifest in reversed(path) for action in manifest.actions if action.name != "c2pa.created"
    )
    proven_capture = (
        credentials.whole
        and _proves(credentials, capture)
        and HARMLESS_ACTIONS.issuperset(edits)
        and all(_adds_nothing(manifest, path) for manifest in path)
    )
    return Reading(
        "capture-edited" if edits or len(path) > 1 else "capture",
        "real",
        "proof" if proven_capture else "declared",
        capture,
        edits,
    )


def _proves(credentials: Credentials, source: SourceType) -> bool:
    """Whether a statement is signed by trusted hands all the way, and is about the picture itself.

    An ingredient that only served as input to a process need not show in the picture.
    """
    return (
        credentials.state == "trusted"
        and "inputTo" not in source.entered
        and all(manifest.state == "trusted" and manifest.bound for manifest in credentials.upwards(source.manifest))
    )


def _capture(credentials: Credentials) -> SourceType | None:
    """The statement that a camera took this picture: of the picture itself or of what it was opened from."""
    for source in credentials.source_types:
        if (
            source.action == "c2pa.created"
            and look_up(source.address).meaning == "capture"
            and set(source.entered) <= {"parentOf"}
        ):
            return source
    return None


def _adds_nothing(manifest: Manifest, path: list[Manifest]) -> bool:
    """Whether a manifest on the way from the capture has no other ingredient that could show in the picture."""
    labels = {item.label for item in path}
    return all(item.manifest in labels or item.relationship == "inputTo" for item in manifest.ingredients)

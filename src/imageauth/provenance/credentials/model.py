"""What Content Credentials say, as plain frozen data. All text in it comes from the file, bounded in length."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["trusted", "valid", "expired", "invalid", "unreadable", "remote"]
"""Of a file's credentials, in the words of the C2PA specification.

``trusted``: everything holds and the signer is on a trust list. ``valid``: everything holds, the signer is on none that
is here. ``expired``: everything holds, but the certificate is out of date and no trusted time stamp shows that it was
used in time. ``invalid``: something does not hold. ``unreadable``: no manifest could be made out. ``remote``: the file
only names the address of its manifest, and it was not fetched.
"""
ManifestState = Literal["trusted", "valid", "expired", "invalid", "unchecked"]
TimeStamp = Literal["trusted", "untrusted", "none"]
Origin = Literal["embedded", "sidecar", "remote"]


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a manifest, as its certificate says, and when."""

    name: str | None
    organisation: str | None
    algorithm: str | None
    serial: str | None
    time: str | None
    time_stamp: TimeStamp

    @property
    def title(self) -> str:
        """For a sentence."""
        return self.organisation or self.name or "an unnamed signer"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that was done to the image, as a manifest says."""

    name: str
    when: str | None = None
    software: str | None = None
    description: str | None = None
    source_type: str | None = None


@dataclass(frozen=True, slots=True)
class Ingredient:
    """Something that the image was made from; ``manifest`` is the label of its own manifest, if it has one."""

    title: str | None
    format: str | None
    relationship: str | None
    manifest: str | None
    state: ManifestState | None = None


@dataclass(frozen=True, slots=True)
class SourceType:
    """A ``digitalSourceType`` and where it stands.

    Attributes:
        term: the last part of its address, e.g. ``trainedAlgorithmicMedia``.
        address: all of it, as it stands.
        assertion: label of the assertion.
        action: the action that has it; None where it stands elsewhere.
        manifest: label of the manifest.
        entered: how that manifest's image came into this one: the relationships of the ingredients from the active
            manifest down. Empty for the active manifest itself.
        stated: whether the signer says it; for what a claim of version 2 only gathered, no signer vouches.
    """

    term: str
    address: str
    assertion: str
    action: str | None
    manifest: str
    entered: tuple[str, ...]
    stated: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """One signed statement about the image or about an ingredient.

    Attributes:
        label: its name within the file.
        entered: as in :class:`SourceType`.
        bound: whether the manifest above holds its hash, and it fits; true for the active manifest.
        state: checked by itself.
        failures: codes of the C2PA specification.
        omits_actions: whether it says of its actions that they are not all (``allActionsIncluded`` is false).
        parent: label of the manifest above; None for the active one.
    """

    label: str
    entered: tuple[str, ...]
    parent: str | None
    bound: bool
    state: ManifestState
    failures: tuple[str, ...]
    claim_generator: str | None
    title: str | None
    format: str | None
    signer: Signer | None
    actions: tuple[Action, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    source_types: tuple[SourceType, ...] = ()
    assertions: tuple[str, ...] = ()
    omits_actions: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """All that a file's Content Credentials say, and whether they hold.

    Attributes:
        state: see :data:`State`.
        origin: where they were found.
        failures: codes of the C2PA specification for what does not hold, of any manifest.
        manifests: the active one first, then those of ingredients, nearest first, mere input to processes last.
        anchored: which trust list has the active manifest's signer, e.g. ``c2pa``; None where none has.
        lists: the trust lists that were used, see :meth:`imageauth.provenance.trust.TrustLists.summary`.
        can_trust: whether there was any list of signers to check against.
        address: of a manifest elsewhere, where the file names one.
        reason: why they are unreadable, or were not fetched, one line.
        whole: whether all that they say was read; what exceeds the limits was not.
        notes: sentences about limits that were met in reading.
    """

    state: State
    origin: Origin
    failures: tuple[str, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    anchored: str | None = None
    lists: tuple[Mapping[str, Any], ...] = ()
    can_trust: bool = False
    address: str | None = None
    reason: str | None = None
    whole: bool = True
    notes: tuple[str, ...] = ()
    _by_label: Mapping[str, Manifest] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_label", {item.label: item for item in self.manifests})

    @property
    def active(self) -> Manifest | None:
        """The manifest that speaks for the image as it is; None where nothing could be read."""
        return self.manifests[0] if self.manifests else None

    @property
    def source_types(self) -> Iterator[SourceType]:
        """Every ``digitalSourceType``, the active manifest's first."""
        return (source for manifest in self.manifests for source in manifest.source_types)

    def manifest(self, label: str) -> Manifest:
        """The manifest with this label.

        Raises:
            KeyError: there is none.
        """
        return self._by_label[label]

    def upwards(self, label: str) -> Iterator[Manifest]:
        """A manifest, the one that it is an ingredient of, and so on up to the active one."""
        at: str | None = label
        while at is not None:
            manifest = self._by_label[at]
            yield manifest
            at = manifest.parent

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        from dataclasses import asdict

        return {
            "state": self.state,
            "origin": self.origin,
            "failures": list(self.failures),
            "anchored": self.anchored,
            "address": self.address,
            "reason": self.reason,
            "notes": list(self.notes),
            "signers_could_be_checked": self.can_trust,
            "trust_lists": [dict(item) for item in self.lists],
            "manifests": [_plain(asdict(item)) for item in self.manifests],
        }


def _plain(value: Any) -> Any:
    """Tuples as lists, as JSON gives them back."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value

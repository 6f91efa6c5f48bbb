"""Who found what in which manifest: the library's validation results, sorted by manifest."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from imageauth.provenance.credentials import states

_MARK = "jumbf=/c2pa/"
_KINDS = ("success", "informational", "failure")


@dataclass(slots=True)
class Codes:
    """Codes about one manifest, in order and each once, and the explanation of each."""

    success: dict[str, str] = field(default_factory=dict)
    informational: dict[str, str] = field(default_factory=dict)
    failure: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, item: Mapping[str, Any]) -> None:
        """Take in one status."""
        explanation = item.get("explanation")
        getattr(self, kind).setdefault(item["code"][:100], explanation[:200] if isinstance(explanation, str) else "")


class Checks:
    """What this check found, and what the manifests above recorded when they took an ingredient in.

    A later manifest records how its ingredients fared when it was made, and the library leaves out of its own findings
    what is recorded already. The record is only as good as its signer, so successes in it count only where that
    manifest is trusted; failures count wherever they stand.
    """

    def __init__(self, report: Mapping[str, Any], active: str, lists: Collection[str]) -> None:
        """Sort the library's findings.

        Args:
            report: the library's.
            active: label of the active manifest.
            lists: names of the trust lists in use.
        """
        self._lists = lists
        self._found: defaultdict[str, Codes] = defaultdict(Codes)
        self._recorded: defaultdict[str, Codes] = defaultdict(Codes)
        for kind, item, label in statuses(report.get("validation_results"), active):
            self._found[label].add(kind, item)

    def misplaced(self) -> tuple[str, ...]:
        """Labels of manifests whose signer was found on a list that is not for signers."""
        return tuple(
            label
            for label, codes in self._found.items()
            if states.TRUSTED in codes.success and not states.anchored_in(codes.success[states.TRUSTED], self._lists)
        )

    def put_right(self, other: "Checks") -> None:
        """Believe misplaced signers only as far as a check without the misplaced list does."""
        for label in self.misplaced():
            codes = self._found[label]
            if states.TRUSTED in other._found[label].success:
                codes.success[states.TRUSTED] = other._found[label].success[states.TRUSTED]
            else:
                del codes.success[states.TRUSTED]
                codes.failure.setdefault(states.UNTRUSTED, "")

    def record(self, ingredient: Mapping[str, Any], label: str, *, trusted: bool) -> None:
        """Take in what a manifest recorded of one of its ingredients.

        Args:
            ingredient: as the library reports it.
            label: of the ingredient's manifest.
            trusted: whether the manifest that says so is.
        """
        said = list(statuses(ingredient.get("validation_results"), label))
        for item in states.as_codes(ingredient.get("validation_status")):
            success = bool(item.get("success"))
            said.append(("success" if success else "failure", item, _label(item.get("url")) or label))
        for kind, item, about in said:
            if kind == "failure" or trusted:
                self._recorded[about].add(kind, item)

    def codes(self, label: str) -> Codes:
        """All codes about a manifest. The lists here decide whether its signer is trusted."""
        found, recorded = self._found[label], self._recorded[label]
        both = Codes(*({**getattr(recorded, kind), **getattr(found, kind)} for kind in _KINDS))
        if states.TRUSTED in found.success:
            both.failure.pop(states.UNTRUSTED, None)
        if states.UNTRUSTED in found.failure:
            both.success.pop(states.TRUSTED, None)
        return both

    def failures(self) -> tuple[str, ...]:
        """Every code of failure that this check found, each once."""
        return tuple(dict.fromkeys(code for codes in self._found.values() for code in codes.failure))[:50]


def statuses(results: Any, label: str) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Kind, status and label of the manifest that it is about, from one ``validation_results``."""
    if not isinstance(results, dict):
        return
    groups = [(results.get("activeManifest"), label)]
    deltas = results.get("ingredientDeltas")
    groups.extend(
        (delta.get("validationDeltas"), _label(delta.get("ingredientAssertionURI")) or label)
        for delta in (deltas[:1_000] if isinstance(deltas, list) else ())
        if isinstance(delta, dict)
    )
    for group, default in groups:
        if isinstance(group, dict):
            for kind in _KINDS:
                for item in states.as_codes(group.get(kind)):
                    yield kind, item, _label(item.get("url")) or default


def _label(url: Any) -> str | None:
    """The label of the manifest in an address like ``self#jumbf=/c2pa/LABEL/c2pa.signature``."""
    if not isinstance(url, str) or _MARK not in url:
        return None
    return url.partition(_MARK)[2].partition("/")[0][:300] or None

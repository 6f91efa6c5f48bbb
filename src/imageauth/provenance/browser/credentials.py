"""The C2PA library's WebAssembly build, in the place of the one that Python calls.

It is of an older version (0.90), which takes the trust lists in one piece and does not say in which of them it found a
signer. So it is asked several times, each time with other lists, and the answers are put together here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from imageauth.provenance.credentials import checks, library, states
from imageauth.provenance.trust import TrustLists, kinds
from imageauth.provenance.trust.lists import ADDRESS

ALL, SIGNERS = "all", "signers"
_TIME_STAMPS = kinds.TIME_STAMPS.name
# In this order, as :meth:`TrustLists.settings` has it: who stands on several lists counts for the first.
_LISTS = (kinds.SIGNERS.name, kinds.INTERIM.name, kinds.OWN.name)
_QUOTED = re.compile(r'\("((?:[^"\\]|\\.)*)"\)')
_NAME = re.compile(r"(?:^|\()([A-Z]\w+)")


class Answers:
    """What the library said of one file. Stands in for :func:`imageauth.provenance.credentials.library.read_store`."""

    def __init__(self, said: Mapping[str, Mapping[str, str]], trust: TrustLists) -> None:
        """Take in the answers.

        Args:
            said: to each of :func:`questions` that was asked, ``report``: the library's JSON, or ``error``: its
                complaint.
            trust: the lists that the questions were made of.
        """
        self._said = said
        self._trust = trust
        self._labels: dict[str, frozenset[str]] = {}  # of manifests whose signer is trusted, by question

    def __call__(self, data: bytes, media_type: str, manifest: bytes | None, trust: TrustLists) -> dict[str, Any]:
        """The library's report, as it would be with these lists: all, or all but the one for time stamps.

        Raises:
            NoManifestError, RemoteError, UnreadableError: as ``read_store`` does.
        """
        whole = trust == self._trust
        report = self._report(ALL if whole else SIGNERS)
        for label, item in _trusted(report):
            misplaced = whole and self._trusts(_TIME_STAMPS, label)
            found = ADDRESS + _TIME_STAMPS if misplaced else self._list_of(label)
            item["explanation"] = f"signing certificate trusted, found in [{found}]"
        return report

    def _report(self, question: str) -> dict[str, Any]:
        said = self._said.get(question, {})
        if "report" in said:
            return library.report_of(said["report"])
        raise failure_of(said.get("error", "JumbfNotFound"))

    def _list_of(self, label: str) -> str:
        """The list that has the signer of a manifest: the first with which it is trusted. Single signers have none."""
        name = next((name for name in _LISTS if self._trusts(name, label)), None)
        return "" if name is None else ADDRESS + name

    def _trusts(self, question: str, label: str) -> bool:
        if question not in self._said:
            return False
        if question not in self._labels:
            self._labels[question] = frozenset(found for found, _ in _trusted(self._report(question)))
        return label in self._labels[question]


def questions(trust: TrustLists) -> dict[str, str]:
    """Settings of the library for each time that it is asked about a file, as JSON; the first question decides whether
    the others need be asked: only where it finds a signer that it trusts.
    """
    lists = {ALL: trust, SIGNERS: trust.without(_TIME_STAMPS)}
    for name in (*_LISTS, _TIME_STAMPS):
        if trust.text(name):
            # Time stamps tell when a certificate had to be valid, and purposes what it must be for, whoever has signed.
            kept = (name, _TIME_STAMPS, kinds.PURPOSES.name)
            lists[name] = TrustLists(tuple(item for item in trust.lists if item.name in kept))
    return {name: json.dumps(_settings(some)) for name, some in lists.items()}


def failure_of(complaint: str) -> Exception:
    """What a complaint of the library comes to. This build gives the names that errors have in its Rust code, as
    ``C2pa(JumbfParseError(InvalidCborBox))`` or ``C2pa(RemoteManifestUrl("https://…"))``.
    """
    if "JumbfNotFound" in complaint:
        return library.NoManifestError()
    text = _QUOTED.search(complaint)
    quoted = text[1].replace('\\"', '"') if text else ""
    if "RemoteManifestUrl(" in complaint:
        return library.RemoteError(quoted[:2_000])
    names = _NAME.findall(complaint)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", names[-1]).lower() if names else complaint
    return library.failure_of(quoted or words)


def _settings(trust: TrustLists) -> dict[str, Any]:
    """The library's settings, with the lists in the form that it had before version 0.91."""
    settings = library.settings(trust)
    section: dict[str, Any] = settings["trust"]
    names = ("trust_anchors", "allowed_list")
    lists = {name: "".join(item.get(name, "") for item in section["anchors"]) for name in names}
    # The library takes no empty list.
    settings["trust"] = {"trust_config": section["trust_config"]} | {name: text for name, text in lists.items() if text}
    return settings


def _trusted(report: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Labels of manifests whose signer is trusted, and the status that says so."""
    active = report.get("active_manifest")
    if isinstance(active, str):
        for kind, item, label in checks.statuses(report.get("validation_results"), active):
            if kind == "success" and item["code"] == states.TRUSTED and isinstance(item, dict):
                yield label, item

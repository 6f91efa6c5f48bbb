"""The library's JSON → :class:`~imageauth.provenance.credentials.model.Manifest`. Nothing in it is taken on trust."""

import heapq
from collections.abc import Iterator, Mapping
from typing import Any

from imageauth.provenance.credentials import states
from imageauth.provenance.credentials.checks import Checks
from imageauth.provenance.credentials.model import Action, Ingredient, Manifest, Signer, SourceType

MAX_MANIFESTS = 200
MAX_ITEMS = 500
MAX_TEXT = 200
BEYOND = "(more than is read)"
"""Stands for what lies too deep in an assertion, or is too much."""

_MAX_LABEL = 300
_MAX_NODES = 50_000
_MAX_DEPTH = 40
# How much of an ingredient shows in the picture: the order in which its relationships count where it has several.
_RANKS = {"parentOf": 0, "componentOf": 1, "inputTo": 3}


def manifests(report: Mapping[str, Any], checks: Checks, active: str) -> tuple[list[Manifest], bool]:
    """The active manifest and those of its ingredients, nearest first, those that were only input last.

    A manifest may be named more than once; the way on which most of it shows is taken.

    Args:
        report: the library's.
        checks: of its validation results; takes in what the manifests record of each other.
        active: label of the active manifest.

    Returns:
        At most :data:`MAX_MANIFESTS`, and whether that is all and all of each.
    """
    known = report.get("manifests")
    known = known if isinstance(known, dict) else {}
    found: list[Manifest] = []
    # Only input?, steps, rank of the last step, turn; then what it is.
    waiting: list[tuple[bool, int, int, int, str, tuple[str, ...], str | None]] = [(False, 0, 0, 0, active, (), None)]
    seen: set[str] = set()
    turn = 0
    whole = True
    while waiting:
        *_, label, entered, parent = heapq.heappop(waiting)
        data = known.get(label)
        if label in seen or not isinstance(data, dict):
            continue
        seen.add(label)
        if len(found) == MAX_MANIFESTS:
            return found, False
        codes = checks.codes(label)
        state = states.manifest_state(codes.success, codes.failure)
        whole = whole and not _is_long(data)
        below = [item for item in _list(data.get("ingredients")) if isinstance(item, dict)]
        for item in below:
            own = _text(item.get("active_manifest"), _MAX_LABEL)
            if own:
                checks.record(item, own, trusted=state == "trusted")
                step = _text(item.get("relationship")) or "unknown"
                way = (*entered, step)
                turn += 1
                heapq.heappush(waiting, ("inputTo" in way, len(way), _RANKS.get(step, 2), turn, own, way, label))
        found.append(
            Manifest(
                label=label,
                entered=entered,
                parent=parent,
                bound=parent is None or not states.BOUND.isdisjoint(codes.success),
                state=state,
                failures=tuple(codes.failure)[:50],
                claim_generator=_generator(data),
                title=_text(data.get("title")),
                format=_text(data.get("format")),
                signer=_signer(data.get("signature_info"), {**codes.success, **codes.informational}),
                actions=tuple(_actions(data)),
                ingredients=tuple(_ingredient(item) for item in below),
                source_types=tuple(_source_types(data, label, entered)),
                assertions=tuple(_text(item.get("label")) or "?" for item in _assertions(data)),
                omits_actions=any(
                    _is_actions(item) and _dict(item.get("data")).get("allActionsIncluded") is False
                    for item in _assertions(data)
                ),
            )
        )
    return found, whole and all(source.address != BEYOND for item in found for source in item.source_types)


def _actions(manifest: Mapping[str, Any]) -> Iterator[Action]:
    for assertion in _assertions(manifest):
        if _is_actions(assertion):
            for item in _list(_dict(assertion.get("data")).get("actions")):
                if isinstance(item, dict):
                    yield Action(
                        name=_text(item.get("action")) or "unknown",
                        when=_text(item.get("when")),
                        software=_software(item.get("softwareAgent")),
                        description=_text(item.get("description")),
                        source_type=_term(item.get("digitalSourceType")),
                    )


def _source_types(manifest: Mapping[str, Any], label: str, entered: tuple[str, ...]) -> Iterator[SourceType]:
    """Every ``digitalSourceType`` in the assertions, however deep, under any prefix (``Iptc4xmpExt:``…)."""
    count = 0
    for assertion in _assertions(manifest):
        name = _text(assertion.get("label")) or "?"
        # Claims of version 1 know no assertions that are only gathered.
        stated = manifest.get("claim_version") == 1 or assertion.get("created") is True
        for action, address in _found(assertion.get("data")):
            if count == MAX_ITEMS:
                yield SourceType(BEYOND, BEYOND, name, None, label, entered, stated=False)
                return
            count += 1
            yield SourceType(_term(address) or "?", address, name, action, label, entered, stated)


def _found(data: Any) -> Iterator[tuple[str | None, str]]:
    """The outermost action around it, if any, and the address, of every source type in an assertion's data."""
    waiting: list[tuple[Any, str | None, int]] = [(data, None, 0)]
    budget = _MAX_NODES
    while waiting and budget:
        budget -= 1
        node, action, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            yield action, BEYOND
            continue
        if isinstance(node, dict):
            action = action or _text(node.get("action"))
            for key, value in node.items():
                if key.rpartition(":")[2].lower() == "digitalsourcetype" and (address := _address(value)):
                    yield action, address
                elif isinstance(value, dict | list):
                    waiting.append((value, action, depth + 1))
        elif isinstance(node, list):
            waiting.extend((item, action, depth + 1) for item in reversed(node) if isinstance(item, dict | list))
    if waiting:
        yield None, BEYOND


def _address(value: Any) -> str | None:
    """A source type's address, also from JSON-LD's ``{"@id": …}`` and lists of one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("@id") or value.get("@value")
    return _text(value)


def _term(address: Any) -> str | None:
    """The last part of a source type's address."""
    text = _text(address)
    return text.rstrip("/").replace("#", "/").replace(":", "/").rpartition("/")[2] if text else None


def _ingredient(item: Mapping[str, Any]) -> Ingredient:
    return Ingredient(
        title=_text(item.get("title")),
        format=_text(item.get("format")),
        relationship=_text(item.get("relationship")),
        manifest=_text(item.get("active_manifest"), _MAX_LABEL),
    )


def _signer(info: Any, codes: Mapping[str, str]) -> Signer | None:
    if not isinstance(info, dict):
        return None
    return Signer(
        name=_text(info.get("common_name")),
        organisation=_text(info.get("issuer")),
        algorithm=_text(info.get("alg")),
        serial=_text(info.get("cert_serial_number")),
        time=_text(info.get("time")),
        time_stamp=states.time_stamp(codes),
    )


def _generator(manifest: Mapping[str, Any]) -> str | None:
    """The program that made the claim: version 2 says it in parts, version 1 in one string."""
    parts = [_software(item) for item in _list(manifest.get("claim_generator_info"))]
    named = ", ".join(part for part in parts if part)
    return named[:MAX_TEXT] or _text(manifest.get("claim_generator"))


def _software(agent: Any) -> str | None:
    if isinstance(agent, dict):
        parts = (_text(agent.get("name")), _text(agent.get("version")))
        return " ".join(part for part in parts if part)[:MAX_TEXT] or None
    return _text(agent)


def _assertions(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item for item in _list(manifest.get("assertions")) if isinstance(item, dict)]


def _is_actions(assertion: Mapping[str, Any]) -> bool:
    return (_text(assertion.get("label")) or "").startswith("c2pa.actions")


def _is_long(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest says more than is read of it."""
    lists = [manifest.get("ingredients"), manifest.get("assertions")]
    lists += [_dict(item.get("data")).get("actions") for item in _assertions(manifest)]
    return any(isinstance(item, list) and len(item) > MAX_ITEMS for item in lists)


def _text(value: Any, limit: int = MAX_TEXT) -> str | None:
    return value[:limit] if isinstance(value, str) and value else None


def _list(value: Any) -> list[Any]:
    return value[:MAX_ITEMS] if isinstance(value, list) else []


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

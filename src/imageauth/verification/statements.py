"""A report file of any kind → what it says of which pictures. Hostile input: bounded, and of the right types."""

import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from imageauth.errors import ImageAuthError, MissingExtraError
from imageauth.perceptual_hash import DIGITS, NAME
from imageauth.rendering.document import MOST_JSON_BYTES
from imageauth.rendering.document import SCHEMA as DOCUMENT
from imageauth.rendering.document.reading import checked_document, form_of, parse_document, read_report_bytes
from imageauth.report import SCHEMA as REPORT
from imageauth.report import Evidence, Failure, Report

CHECKS = "imageauth/checks/1"
ROW = "imageauth/scan/1"
MOST_REPORTS = 10_000
_MOST_EVIDENCE = 1_000


class UnreadableError(ImageAuthError):
    """A report or a signature cannot be read; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a report file says of one picture.

    Attributes:
        answer: the report, or why there was none.
        bytes: of the file; None where it is not said.
        perceptual_hash: its name and value; None where it is not said.
        identity_sha256: of the file's bytes, as it is said beside the answer; None where it is not.
    """

    answer: Report | Failure
    bytes: int | None = None
    perceptual_hash: tuple[str, str] | None = None
    identity_sha256: str | None = None

    @property
    def looks(self) -> str | None:
        """The perceptual hash, where it is of the kind that is known here."""
        if self.perceptual_hash is None or self.perceptual_hash[0] not in ("", NAME):
            return None
        return self.perceptual_hash[1]

    @property
    def sha256(self) -> str | None:
        """Of the file's bytes; None where it is not said."""
        return self.answer.sha256 if isinstance(self.answer, Report) else self.identity_sha256


@dataclass(frozen=True, slots=True)
class Statements:
    """What a report file says.

    Attributes:
        file: its name.
        kind: ``html``, ``pdf`` or ``json``.
        data: its bytes.
        schema: of what was read.
        made: when, as it says; None where it does not.
        version: of imageauth, as its head says; None where it has no head.
        policy: as a document states it; None where there is none.
        trust: SHA-256 of each list of signers that was in use, by name; None where it is not said.
        pictures: what it says of each.
    """

    file: str
    kind: str
    data: bytes = field(repr=False)
    schema: str
    made: str | None
    version: str | None
    policy: Mapping[str, Any] | None
    trust: Mapping[str, str] | None
    pictures: tuple[Stated, ...]


def read_statements(path: str | os.PathLike[str]) -> Statements:
    """Read a report: HTML or PDF of ``check --html``/``--pdf``, lines of ``check --json``, the answer of the service's
    ``/v1/checks``, or rows of a scan in JSON lines.

    Args:
        path: of the file; what it is, its content tells.

    Raises:
        MissingExtraError: of a PDF, if pypdf is not installed.
        UnreadableError: it cannot be read, is too large, is no report, or a report in it is damaged.
    """
    name = os.fspath(path)
    try:
        data = read_report_bytes(path)
    except ImageAuthError as error:
        raise UnreadableError(str(error)) from error
    try:
        return _statements(name, data)
    except MissingExtraError:
        raise
    except ImageAuthError as error:
        raise UnreadableError(f"{name} {error}") from error


def _statements(name: str, data: bytes) -> Statements:
    """What the bytes say; an error's text follows the file's name."""
    if not data.strip():
        raise ImageAuthError("is empty")
    kind = form_of(data)
    objects = [parse_document(data)] if kind != "json" else list(_objects(data))
    schemas = {str(item.get("schema")) for item in objects}
    if len(schemas) != 1 or (schema := schemas.pop()) not in (DOCUMENT, CHECKS, REPORT, ROW):
        raise ImageAuthError(f"is no report: it is of none of the schemas {DOCUMENT}, {REPORT}, {CHECKS}, {ROW}")
    head: Mapping[str, Any] = {}
    if schema in (DOCUMENT, CHECKS):
        if len(objects) != 1:
            raise ImageAuthError(f"holds {len(objects)} objects of schema {schema}, and one is expected")
        head = objects[0]
        if schema == DOCUMENT and kind == "json":
            checked_document(head)
        objects = _list_of_objects(head.get("reports" if schema == DOCUMENT else "results"))
    if not objects:
        raise ImageAuthError("holds no report of any picture")
    policy, trust = head.get("policy"), head.get("trust")
    return Statements(
        file=name,
        kind=kind,
        data=data,
        schema=schema,
        made=_optional(head, "made", str),
        version=_optional(head, "imageauth", str),
        policy=policy if isinstance(policy, dict) else None,
        trust=_trust(trust) if trust is not None else None,
        pictures=tuple(_stated(number, item) for number, item in enumerate(objects, 1)),
    )


def _objects(data: bytes) -> Iterator[dict[str, Any]]:
    """The one object of a JSON file, or one a line. Parsed, JSON takes many times its size in memory."""
    if len(data) > MOST_JSON_BYTES:
        most = MOST_JSON_BYTES // 2**20
        raise ImageAuthError(f"holds more than {most} MiB of JSON; of lines cut out those that you need")
    try:
        try:
            yield _object(json.loads(data))
            return
        except json.JSONDecodeError:
            pass
        for number, line in enumerate(io.BytesIO(data), 1):
            if number > MOST_REPORTS:
                raise ImageAuthError(f"holds more than {MOST_REPORTS:,} reports; cut out the lines that you need")
            if line.strip():
                yield _object(json.loads(line))
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, nested too deeply
        raise ImageAuthError("is no report: neither HTML nor PDF of ours nor JSON") from error


def _object(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ImageAuthError("is no report: its JSON is no object")
    return found


def _list_of_objects(found: Any) -> list[dict[str, Any]]:
    if not isinstance(found, list) or len(found) > MOST_REPORTS:
        raise ImageAuthError(f"is no whole report: it lists no reports, or more than {MOST_REPORTS:,}")
    return [_object(item) for item in found]


def _stated(number: int, item: Mapping[str, Any]) -> Stated:
    """What is said of one picture, every part of the right type."""
    try:
        identity = item.get("identity")
        told: Mapping[str, Any] = identity if isinstance(identity, dict) else {}
        size = _optional(told, "bytes", int)
        if size is None:
            size = _optional(item, "size", int)  # of a scan's row
        if "error" in item and "verdict" not in item:
            error = item["error"]
            if not isinstance(error, dict):
                raise ValueError("its error is no object")
            failure = Failure(_need(item, "file", str), _need(error, "code", str), _need(error, "message", str))
            return Stated(failure, size, _hash(told, item), _optional(told, "sha256", str))
        report = _report(item)
        if told.get("sha256", report.sha256) != report.sha256:
            raise ValueError("it names two SHA-256 of the same file")
        return Stated(report, size, _hash(told, item))
    except ValueError as error:
        raise ImageAuthError(f"is damaged: report {number}: {error}") from error


def _report(item: Mapping[str, Any]) -> Report:
    texts = ("file", "sha256", "format", "reason", "summary")
    plain = {name: _need(item, name, str) for name in texts}
    plain |= {name: _need(item, name, int) for name in ("width", "height")}
    probability = item.get("probability")
    if probability is not None and (not isinstance(probability, int | float) or not 0 <= probability <= 1):
        raise ValueError("its probability is none")
    limits, made, evidence = (item.get(name) for name in ("limits", "produced_by", "evidence"))
    if not isinstance(limits, list) or not all(isinstance(each, str) for each in limits):
        raise ValueError("its limits are no sentences")
    if not isinstance(made, dict) or not all(isinstance(each, str | None) for each in made.values()):
        raise ValueError("it does not say what produced it")
    if not isinstance(evidence, list) or len(evidence) > _MOST_EVIDENCE:
        raise ValueError("its evidence is no list, or longer than any of ours")
    checked = [_evidence(each) for each in evidence]
    rest = {"verdict": _need(item, "verdict", str), "probability": probability, "produced_by": made, "limits": limits}
    return Report.from_json({"schema": REPORT, "evidence": checked, **plain, **rest})


def _evidence(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise ValueError("a piece of its evidence is no object")
    detail = item.get("detail")
    if not isinstance(detail, dict):
        raise ValueError("a piece of its evidence has no detail")
    names = [each.name for each in fields(Evidence) if each.name != "detail"]
    return {name: _need(item, name, str) for name in names} | {"detail": detail}


def _hash(identity: Mapping[str, Any], item: Mapping[str, Any]) -> tuple[str, str] | None:
    """The perceptual hash: a document gives its name, a scan's row only its value."""
    said = identity.get("perceptual_hash") or item.get("perceptual_hash")
    name, value = (said.get("name"), said.get("value")) if isinstance(said, dict) else (None, said)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) != DIGITS or not set(value) <= set("0123456789abcdef"):
        raise ValueError("its perceptual hash is none")
    return str(name or ""), value


def _trust(found: Any) -> dict[str, str]:
    lists = _list_of_objects(found)
    try:
        return {_need(each, "name", str): _need(each, "sha256", str) for each in lists}
    except ValueError as error:
        raise ImageAuthError(f"is damaged: its lists of signers: {error}") from error


def _need(item: Mapping[str, Any], name: str, kind: type) -> Any:
    value = item.get(name)
    if type(value) is not kind:
        raise ValueError(f"its {name.replace('_', ' ')} is missing or of another kind")
    return value


def _optional(item: Mapping[str, Any], name: str, kind: type) -> Any:
    return value if type(value := item.get(name)) is kind else None

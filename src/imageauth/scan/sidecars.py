"""A picture's verdict in a file beside it, ``picture.jpg.xmp``, for programs that manage pictures.

XMP (ISO 16684-1) with properties of our own namespace, and one of the IPTC Photo Metadata Standard 2025.1:
``Iptc4xmpExt:DigitalSourceType``, only where a signature or the file itself names it. A verdict from pixels is a
measurement, and is never written where other programs read a fact.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from imageauth.files import write_atomically
from imageauth.provenance.credentials.vocabulary import C2PA_TERMS, TERMS
from imageauth.report import Verdict

NAMESPACE = "urn:imageauth:xmp:1/"
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"

# Sidecars are small; whatever is larger is not ours, and is not read.
_MAX_BYTES = 2**20
_MOST = 32  # findings and limits that are written
_LONGEST = 4000  # characters of one value
_HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_SEAL = re.compile(rb"<!-- Written by imageauth, and replaced by it while unchanged: sha256 ([0-9a-f]{64}) -->\n")
# What XML 1.0 cannot hold, whatever is done to it; and what turns the direction of text.
_UNWRITABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")

_PLAIN = {
    "File": "file",
    "SHA256": "sha256",
    "Verdict": "verdict",
    "Probability": "probability",
    "Reason": "reason",
    "Summary": "summary",
}
_FINDING = {
    "Source": "source",
    "Code": "code",
    "Finding": "finding",
    "PointsTo": "points_to",
    "Strength": "strength",
}
_PRODUCED_BY = {
    "Version": "imageauth",
    "Model": "model",
    "ModelSHA256": "model_sha256",
    "Policy": "policy",
    "PolicySHA256": "policy_sha256",
    "Plugins": "plugins",
}


def sidecar_of(path: str | os.PathLike[str]) -> Path:
    """Where the sidecar of a picture lies: beside it, under its whole name with ``.xmp`` after it."""
    return Path(f"{os.fspath(path)}.xmp")


def write_sidecar(path: str | os.PathLike[str], row: Mapping[str, Any], *, now: datetime | None = None) -> str | None:
    """Write what a row says beside the picture that it is about. The picture is not touched.

    A sidecar that another program wrote or changed is left as it is; ours is replaced. It appears whole or not at all.

    Args:
        path: of the picture, a file on this machine.
        row: of schema ``imageauth/scan/1`` or ``imageauth/report/1``.
        now: time of the check; default: the present.

    Returns:
        None, or a sentence on why nothing was written.
    """
    target = sidecar_of(path)
    if "error" in row:
        return "no sidecar was written: the picture could not be checked"
    try:
        if not Path(path).is_file():
            return "no sidecar was written: only beside files on this machine"
        if not _may_write(target):
            return f"no sidecar was written: {target.name} is another program's, or was changed since"
        write_atomically(target, sidecar(row, now=now), flush=False)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        return f"no sidecar was written: {getattr(error, 'strerror', None) or error}"
    return None


def sidecar(row: Mapping[str, Any], *, now: datetime | None = None) -> bytes:
    """The XMP packet that says what a row says, UTF-8.

    Args:
        row, now: as for :func:`write_sidecar`.
    """
    about = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="imageauth">\n'
        ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '  <rdf:Description rdf:about=""\n'
        f'    xmlns:imageauth="{NAMESPACE}"\n'
        '    xmlns:xmp="http://ns.adobe.com/xap/1.0/"\n'
        '    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">\n'
        + "".join(f"   {line}\n" for line in _properties(row, now or datetime.now(UTC)))
        + "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n"
        '<?xpacket end="w"?>\n'
    ).encode()
    digest = hashlib.sha256(about).hexdigest()
    seal = f"<!-- Written by imageauth, and replaced by it while unchanged: sha256 {digest} -->\n"
    return _HEAD.encode() + seal.encode() + about


def is_ours(data: bytes) -> bool:
    """Whether a sidecar is as we wrote it: nobody changed it since, so nothing of anybody's is lost by replacing it."""
    head = _HEAD.encode()
    if not data.startswith(head) or not (seal := _SEAL.match(data, len(head))):
        return False
    return hashlib.sha256(data[seal.end() :]).hexdigest() == seal[1].decode()


def source_type(row: Mapping[str, Any]) -> str | None:
    """The digital source type that a picture's credentials or its own metadata name, a term of IPTC's vocabulary.

    Only findings that are proof or declared count. Where they name different ones, or something else in the row stands
    against them so that the verdict is open, none does.

    Args:
        row: as for :func:`write_sidecar`.
    """
    if row.get("verdict") == Verdict.INCONCLUSIVE:
        return None
    heeded = [item for item in row.get("evidence") or [] if item.get("strength") in ("proof", "declared")]
    found = {term for item in heeded for term in _terms(item)}
    return found.pop() if len(found) == 1 else None


def _terms(item: Mapping[str, Any]) -> Iterator[str]:
    """Source types that a finding names of this picture itself, not of what went into it."""
    detail = item.get("detail") or {}
    named = []
    if item.get("source") == "credentials":
        sources = detail.get("source_types") or []
        named = [source.get("term") for source in sources if source.get("active") and source.get("stated")]
    elif item.get("source") == "metadata" and str(item.get("code")).startswith("source-type"):
        named = [detail.get("term")]
    for name in named:
        if (term := TERMS.get(str(name).lower())) and term.name not in C2PA_TERMS:
            yield term.name


def _may_write(target: Path) -> bool:
    """Whether there is nothing at a place that anybody would miss."""
    if not os.path.lexists(target):
        return True
    if target.is_symlink() or not target.is_file():
        return False
    with target.open("rb") as stream:
        data = stream.read(_MAX_BYTES + 1)
    return not data or is_ours(data)


def _properties(row: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Elements of the description, one a line."""
    time = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    yield _element("xmp:MetadataDate", time)
    yield _element("imageauth:Schema", row.get("schema"))
    yield _element("imageauth:CheckedAt", time)
    made = row.get("produced_by") or {}
    values = [*((name, row.get(key)) for name, key in _PLAIN.items())]
    values += [(name, made.get(key)) for name, key in _PRODUCED_BY.items()]
    for name, value in values:
        if value is not None:
            yield _element(f"imageauth:{name}", value)
    evidence = [item for item in row.get("evidence") or [] if isinstance(item, Mapping)]
    if evidence:
        yield "<imageauth:Evidence><rdf:Seq>"
        for item in evidence[:_MOST]:
            inner = "".join(_element(f"imageauth:{name}", item.get(key)) for name, key in _FINDING.items())
            yield f' <rdf:li rdf:parseType="Resource">{inner}</rdf:li>'
        yield "</rdf:Seq></imageauth:Evidence>"
    if limits := row.get("limits"):
        yield "<imageauth:Limits><rdf:Seq>"
        yield from (f" {_element('rdf:li', limit)}" for limit in limits[:_MOST])
        yield "</rdf:Seq></imageauth:Limits>"
    if term := source_type(row):
        yield _element("Iptc4xmpExt:DigitalSourceType", SOURCE_TYPES + term)


def _element(name: str, value: Any) -> str:
    text = _UNWRITABLE.sub("\ufffd", str(value))
    return f"<{name}>{escape(text[:_LONGEST])}</{name}>"

"""Content Credentials for tests: certificates made on the spot, pictures signed with them."""

import functools
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from imageauth.imagefile import ImageFile
from imageauth.provenance.credentials.carriers import MEDIA_TYPES
from imageauth.provenance.trust import TrustLists
from imageauth.provenance.trust.kinds import SIGNERS
from imageauth.provenance.trust.parsing import parse
from tests.conftest import drawn

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@dataclass(frozen=True)
class Authority:
    """A root certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def trust(self) -> TrustLists:
        """Lists that trust it and nobody else."""
        return TrustLists((parse(SIGNERS, self.pem, "test"),))


def _name(common: str, organisation: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, common), x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)]
    )


@functools.cache
def authority(name: str = "Test Root") -> Authority:
    """An authority of this name, made once."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(name, "Tests"))
        .issuer_name(_name(name, "Tests"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3650))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(key_cert_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def _usage(**used: bool) -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    names += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: used.get(name, False) for name in names})


@functools.cache
def signer_parts(root: Authority, organisation: str, valid: timedelta) -> tuple[bytes, bytes]:
    """Certificate chain and key, PEM; a negative ``valid`` makes the certificate out of date."""
    key = ec.generate_private_key(ec.SECP256R1())
    end = datetime.now(UTC) + valid
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(f"{organisation} signing", organisation))
        .issuer_name(root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=400))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key()), critical=False)
        .sign(root.key, hashes.SHA256())
    )
    chain = certificate.public_bytes(Encoding.PEM) + root.pem
    return chain, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def signer(root: Authority, organisation: str = "Test Camera", valid: timedelta = timedelta(days=30)) -> c2pa.Signer:
    """Someone who signs in the name of an organisation; a negative ``valid`` makes the certificate out of date."""
    chain, key = signer_parts(root, organisation, valid)
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, chain, key, None))


def created(term: str, **more: Any) -> dict[str, Any]:
    """The action that a picture came into being, from this source."""
    return {"action": "c2pa.created", "digitalSourceType": term if ":" in term else IPTC + term, **more}


def picture(form: str = "jpeg", seed: int = 0, side: int = 64) -> bytes:
    """A drawn picture as a file."""
    if form == "svg":
        head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}">'
        return f'{head}<circle r="{seed + 9}" cx="20" cy="20"/></svg>'.encode()
    out = io.BytesIO()
    Image.fromarray(drawn(side, side, seed)).save(out, form)
    return out.getvalue()


def sign(
    data: bytes,
    actions: Sequence[Mapping[str, Any]],
    *,
    root: Authority,
    form: str = "jpeg",
    ingredients: Sequence[tuple[str, bytes]] = (),
    organisation: str = "Test Camera",
    valid: timedelta = timedelta(days=30),
    assertions: Sequence[Mapping[str, Any]] = (),
    remote: str | None = None,
    embed: bool = True,
    stated: bool = True,
    facts: Mapping[str, Any] | None = None,
) -> tuple[bytes, bytes]:
    """A file with Content Credentials, and its manifest store.

    Args:
        assertions: further ones; with ``"created": True`` the signer's own words, otherwise gathered elsewhere.
        stated: whether the actions are the signer's own words.
        facts: what the assertion with the actions has beside them.
        ingredients: relationship and file of each.
        remote: address to write into the file.
        embed: False leaves the manifest store out of the file.
    """
    definition: dict[str, Any] = {
        "claim_generator_info": [{"name": "imageauth tests", "version": "1"}],
        "title": "test",
        "assertions": [
            {"label": "c2pa.actions", "created": stated, "data": {"actions": list(actions), **(facts or {})}},
            *assertions,
        ],
    }
    settings = {"verify": {"verify_after_sign": False}, "builder": {"thumbnail": {"enabled": False}}}
    builder = c2pa.Builder(json.dumps(definition), c2pa.Context.from_dict(settings))
    if any(relationship == "parentOf" for relationship, _ in ingredients):
        builder.set_intent(c2pa.C2paBuilderIntent.EDIT)  # adds the action c2pa.opened that the specification wants
    if remote:
        builder.set_remote_url(remote)
    if not embed:
        builder.set_no_embed()
    for relationship, ingredient in ingredients:
        described = {"title": f"{relationship} of test", "relationship": relationship}
        builder.add_ingredient(json.dumps(described), "image/jpeg", io.BytesIO(ingredient))
    out = io.BytesIO()
    store = builder.sign(signer(root, organisation, valid), MEDIA_TYPES[form], io.BytesIO(data), out)
    return out.getvalue(), bytes(store)


def as_file(data: bytes, form: str = "jpeg", sidecar: bytes | None = None) -> ImageFile:
    """As the detector hands it to its sources."""
    return ImageFile(data=data, format=form, width=64, height=64, sidecar=sidecar)

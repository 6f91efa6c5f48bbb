"""Detached CMS signatures: made, read, and checked against whom a reader trusts; OpenSSL is a second opinion."""

import random
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from imageauth.errors import ImageAuthError
from imageauth.signing import Signer, check_signature, load_signer, read_certificates, sidecar_of, sign
from tests.signing import authority, signer_parts

CONTENT = b"<!doctype html>\r\n<title>A report</title>\n\x00 to its last byte"
NOW = datetime.now(UTC)


def certificate_of(key: Any, *, usage: x509.ObjectIdentifier | None = None) -> x509.Certificate:
    """Self-signed, valid for a year."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Desk")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(NOW - timedelta(days=1))
    builder = builder.not_valid_after(NOW + timedelta(days=365))
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def pem(key: Any, password: bytes | None = None) -> bytes:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def desk(folder: Path, valid: timedelta = timedelta(days=30)) -> Signer:
    """Someone whose certificate the test authority issued."""
    chain, key = signer_parts(authority(), "Test Desk", valid)
    (folder / "both.pem").write_bytes(key + chain)
    return load_signer(folder / "both.pem", None, lambda: b"")


def never() -> bytes:
    raise AssertionError("nobody may be asked for a passphrase")


def openssl(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)


def openssl_verifies(folder: Path, signature: bytes, root: x509.Certificate) -> bool:
    """What OpenSSL says; True where there is none, since it is a second opinion only."""
    if not shutil.which("openssl"):
        return True
    (folder / "F").write_bytes(CONTENT)
    (folder / "F.p7s").write_bytes(signature)
    (folder / "CA.pem").write_bytes(root.public_bytes(Encoding.PEM))
    files = ("-in", folder / "F.p7s", "-content", folder / "F", "-CAfile", folder / "CA.pem", "-out", folder / "copy")
    done = openssl("cms", "-verify", "-binary", "-inform", "DER", *files)
    return done.returncode == 0 and (folder / "copy").read_bytes() == CONTENT


def test_a_signature_holds_and_names_its_signer(tmp_path: Path) -> None:
    signature = sign(CONTENT, desk(tmp_path))
    found = check_signature(signature, CONTENT, [authority().certificate], NOW + timedelta(minutes=1))
    (signer,) = found.signers
    assert (found.state, signer.standing) == ("intact", "trusted")
    assert signer.signer == "Test Desk signing, Test Desk"
    assert signer.chain == ("Test Desk signing, Test Desk", "Test Root, Tests")
    assert signer.signed_at is not None
    assert timedelta() <= datetime.now(UTC) - datetime.fromisoformat(signer.signed_at) < timedelta(minutes=5)
    assert openssl_verifies(tmp_path, signature, authority().certificate)


@pytest.mark.parametrize(
    "make",
    [
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: ec.generate_private_key(ec.SECP256R1()),
        lambda: ec.generate_private_key(ec.SECP384R1()),
    ],
    ids=["rsa", "p-256", "p-384"],
)
def test_a_certificate_of_ones_own_is_trusted_if_it_is_named(make: Any, tmp_path: Path) -> None:
    key = make()
    certificate = certificate_of(key)
    signature = sign(CONTENT, Signer(key, certificate))
    for named, standing in (
        ([certificate], "trusted"),
        ([authority().certificate], "untrusted"),
        (None, "not-checked"),
    ):
        found = check_signature(signature, CONTENT, named, NOW + timedelta(minutes=1))
        assert (found.state, found.signers[0].standing) == ("intact", standing)
        assert found.signers[0].standing_reason.endswith(".")
    assert openssl_verifies(tmp_path, signature, certificate)


def test_any_change_shows(tmp_path: Path) -> None:
    signature = sign(CONTENT, desk(tmp_path))
    for other in (CONTENT + b" ", CONTENT[:-1], CONTENT.replace(b"A", b"a"), CONTENT.replace(b"\r\n", b"\n"), b""):
        assert check_signature(signature, other, None, NOW).state == "changed"
    another = sign(b"another file", desk(tmp_path))
    assert check_signature(another, CONTENT, None, NOW).state == "changed"
    # The signature proper is what a CMS file ends with here.
    broken = signature[:-3] + bytes([signature[-3] ^ 1]) + signature[-2:]
    assert check_signature(broken, CONTENT, None, NOW).state == "broken"


@pytest.mark.parametrize("cut", [0, 1, 20, 300, -1])
def test_what_is_no_signature_is_said_in_one_line(cut: int, tmp_path: Path) -> None:
    found = check_signature(sign(CONTENT, desk(tmp_path))[:cut], CONTENT, None, NOW)
    assert (found.state, found.signers) == ("unreadable", ())
    assert "\n" not in found.reason
    for junk in (b"\x30\x80" * 50_000, b"-----BEGIN CMS-----\nAA\n-----END CMS-----", bytes(2**20 + 1), b"PK\3\4" * 9):
        assert check_signature(junk, CONTENT, None, NOW).state == "unreadable"


def test_damaged_signatures_never_raise_and_never_vouch_for_other_bytes(tmp_path: Path) -> None:
    random_ = random.Random(7)
    whole = sign(CONTENT, desk(tmp_path))
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(random_.choice((1, 1, 3))):
            damaged[random_.randrange(len(damaged))] = random_.randrange(256)
        assert check_signature(bytes(damaged), CONTENT + b"!", [authority().certificate], NOW).state != "intact"
        check_signature(bytes(damaged), CONTENT, [authority().certificate], NOW)


def test_a_certificate_that_ran_out_since_is_told_from_one_that_never_counted(tmp_path: Path) -> None:
    signature = sign(CONTENT, desk(tmp_path))
    later = check_signature(signature, CONTENT, [authority().certificate], NOW + timedelta(days=60))
    assert (later.state, later.signers[0].standing) == ("intact", "expired")
    assert "time stamp" in later.signers[0].standing_reason
    stranger = check_signature(signature, CONTENT, [authority("Somebody Else").certificate], NOW + timedelta(minutes=1))
    assert stranger.signers[0].standing == "untrusted"


def test_a_chain_leads_over_what_came_along(tmp_path: Path) -> None:
    middle, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = authority()
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Middle", "Desk")]
    issued = []
    for name, holder, issuer, signing, is_ca in (
        (names[0], middle, root.certificate.subject, root.key, True),
        (names[1], key, names[0], middle, False),
    ):
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(holder.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(NOW - timedelta(days=1))
        builder = builder.not_valid_after(NOW + timedelta(days=9))
        builder = builder.add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        issued.append(builder.sign(signing, hashes.SHA256()))
    signature = sign(CONTENT, Signer(key, issued[1], (issued[0],)))
    found = check_signature(signature, CONTENT, [root.certificate], NOW + timedelta(minutes=1))
    assert found.signers[0].chain == ("Desk", "Middle", "Test Root, Tests")
    assert openssl_verifies(tmp_path, signature, root.certificate)
    without = check_signature(sign(CONTENT, Signer(key, issued[1])), CONTENT, [root.certificate], NOW)
    assert without.signers[0].standing == "untrusted"


def test_what_openssl_signs_is_read(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        return
    key = rsa.generate_private_key(65537, 2048)
    (tmp_path / "F").write_bytes(CONTENT)
    (tmp_path / "signer.pem").write_bytes(pem(key) + certificate_of(key).public_bytes(Encoding.PEM))
    wanted = {
        (): "intact",
        ("-stream",): "intact",  # BER of indefinite lengths
        ("-keyid", "-md", "sha512"): "intact",
        ("-keyopt", "rsa_padding_mode:pss"): "intact",
        ("-nocerts",): "broken",
        ("-md", "sha1"): "broken",
        ("-noattr",): "unreadable",
    }
    for options, state in wanted.items():
        words = ("cms", "-sign", "-binary", "-outform", "DER", "-signer", tmp_path / "signer.pem", *options)
        done = openssl(*words, "-in", tmp_path / "F", "-out", tmp_path / "F.p7s")
        assert done.returncode == 0, done.stderr
        assert check_signature((tmp_path / "F.p7s").read_bytes(), CONTENT, None, NOW).state == state, options


@pytest.mark.parametrize("salt", [-1, 2**31, 10**30])
def test_a_salt_of_any_length_is_only_a_signature_that_does_not_hold(salt: int) -> None:
    from asn1crypto import algos, cms

    key = rsa.generate_private_key(65537, 2048)
    file = cms.ContentInfo.load(sign(CONTENT, Signer(key, certificate_of(key))))
    parameters = algos.RSASSAPSSParams({"hash_algorithm": {"algorithm": "sha256"}, "salt_length": salt})
    scheme = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})
    file["content"]["signer_infos"][0]["signature_algorithm"] = scheme
    assert check_signature(file.dump(force=True), CONTENT, None, NOW).state == "broken"


def test_an_encrypted_key_asks_once(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "key.pem").write_bytes(pem(key, b"open sesame"))
    (tmp_path / "certificate.pem").write_bytes(certificate_of(key).public_bytes(Encoding.PEM))
    signer = load_signer(tmp_path / "key.pem", tmp_path / "certificate.pem", lambda: b"open sesame")
    assert check_signature(sign(CONTENT, signer), CONTENT, None, NOW).state == "intact"
    for secret, said in ((b"wrong", "does not open"), (b"", "empty")):
        with pytest.raises(ImageAuthError, match=said):
            load_signer(tmp_path / "key.pem", tmp_path / "certificate.pem", lambda secret=secret: secret)


def test_a_useless_signer_is_refused_before_the_work(tmp_path: Path) -> None:
    good, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    edwards, small = ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 1024)
    expired, key_of_expired = signer_parts(authority(), "Late Desk", timedelta(days=-3))
    own = certificate_of(good).public_bytes(Encoding.PEM)
    web = certificate_of(good, usage=ExtendedKeyUsageOID.SERVER_AUTH).public_bytes(Encoding.PEM)
    damaged = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    cases = {
        "no private key": own,
        "no certificate beside the key": pem(good),
        "belongs to the key": pem(good) + certificate_of(other).public_bytes(Encoding.PEM),
        "expired on": key_of_expired + expired,
        "neither RSA nor ECDSA": pem(edwards) + certificate_of(edwards).public_bytes(Encoding.PEM),
        "RSA of 1024 bits": pem(small),
        "extended key usage": pem(good) + web,
        "certificate that cannot be read": pem(good) + damaged,
        "cannot be read": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + own,
        "larger than": bytes(2**20 + 1),
    }
    for said, data in cases.items():
        (tmp_path / "key.pem").write_bytes(data)
        with pytest.raises(ImageAuthError, match=said) as raised:
            load_signer(tmp_path / "key.pem", None, never)
        assert "\n" not in str(raised.value)
    for missing in (tmp_path / "nothing.pem", tmp_path):
        with pytest.raises(ImageAuthError, match="cannot be read"):
            load_signer(missing, None, never)
        with pytest.raises(ImageAuthError, match="cannot be read"):
            read_certificates(missing)


def test_a_signature_lies_beside_its_file() -> None:
    assert sidecar_of(Path("cases/report.final.pdf")) == Path("cases/report.final.pdf.p7s")

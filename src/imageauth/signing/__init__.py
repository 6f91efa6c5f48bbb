"""Signed reports: a detached CMS signature (RFC 5652) over a report file's exact bytes, kept beside it.

Signing asks for nothing but ``cryptography``, which the base install has; checking a signature reads CMS with
``asn1crypto``, which comes with ``imageauth[report]``. Nothing here goes to the network: neither revocation (CRL, OCSP)
is looked up nor a time stamp (RFC 3161) fetched. ``docs/verify.md`` says what that means.
"""

from imageauth.signing.checking import SignatureCheck, SignerCheck, check_signature
from imageauth.signing.cms import sidecar_of, sign
from imageauth.signing.keys import Signer, load_signer
from imageauth.signing.pem import read_certificates

__all__ = [
    "SignatureCheck",
    "Signer",
    "SignerCheck",
    "check_signature",
    "load_signer",
    "read_certificates",
    "sidecar_of",
    "sign",
]

"""Content Credentials (C2PA): read, checked against the trust lists, and put into words."""

from imageauth.provenance.credentials.evidence import CredentialSource, evidence
from imageauth.provenance.credentials.model import Credentials
from imageauth.provenance.credentials.reading import read

__all__ = ["CredentialSource", "Credentials", "evidence", "read"]
